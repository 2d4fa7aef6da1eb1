#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of rnnfit --report in headless Chromium, on a phone (360 points wide) and on a desk (1200):
# nothing is wider than the screen but tables in their own scroll box, no word leaves its place, the
# pictures are there and legible, and nothing is fetched.
set -u
export LC_ALL=C
: "${BUILD:=build}"
# shellcheck source=base/test/look_at.bash
. base/test/look_at.bash
find_browser
mkdir -p "$BUILD/scratch"
work=$(realpath "$(mktemp -d "$BUILD/scratch/page_browser.XXXXXX")")

# A device with a knot, an endpoint with a long name, a warning, a comparison.
awk 'function noise() { return rand() + rand() + rand() - 1.5 }
BEGIN {
    srand(5)
    print "length,time_s,target,rtt_s,round"
    for (r = 0; r < 20; r++) for (n = 10; n <= 600; n += 10) {
        edge = 0.003 + 0.0012 * n + (n > 300 ? 0.001 * (n - 300) : 0)
        printf "%d,%.9f,edge,,%d\n", n, edge * (1 + 0.03 * noise()) * (rand() < 0.005 ? 2 : 1), r
        printf "%d,%.9f,an endpoint with a long name & <tags>,0.02,%d\n", n,
            0.223 + 0.0005 * n + 0.006 * noise(), r
    }
}' >"$work/times.csv"
"$BUILD/bin/rnnprof" import "$work/times.csv" --db "$work/old.db" --campaign old >/dev/null
"$BUILD/bin/rnnfit" -q --db "$work/old.db" >/dev/null
"$BUILD/bin/rnnfit" -q --csv "$work/times.csv" --compare "$work/old.db" \
    --pairs datasets/squad_sentence_question.csv --report "$work/fit.html" >/dev/null || exit 1

look_at "$work/fit.html" "$work" "6 pictures, 2 tables"
