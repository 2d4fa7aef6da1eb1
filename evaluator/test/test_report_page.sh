#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The page of rnneval --report on campaigns whose truth is known: it says what to ship (and its command
# does make a header), names what kind of link it was and whether energy was measured, agrees with the
# JSON document, and looks as it should in headless Chromium, on a phone and on a desk.
set -euo pipefail
export LC_ALL=C
: "${BUILD:=build}"
# shellcheck source=base/test/look_at.bash
. base/test/look_at.bash
mkdir -p "$BUILD/scratch"
work=$(realpath "$(mktemp -d "$BUILD/scratch/report page.XXXXXX")")
bin=$(realpath "$BUILD/bin")
links=$(realpath datasets/links)
lengths=$(realpath datasets/imdb.csv)
fail() {
    echo "$*" >&2
    exit 1
}
says() { # PAGE TEXT..
    local page=$1 text
    shift
    for text; do grep -qF -- "$text" "$page" || fail "$page does not say '$text'"; done
}

# 1 ms a step here, 0.1 a step there; with joules, as a meter that leaves nothing out would have them.
awk 'BEGIN {
    srand(1)
    print "target,length,time_s,rtt_s,energy_j,round"
    for (round = 0; round < 20; round++)
        for (n = 20; n <= 640; n *= 2) {
            edge = 0.001 * n * (1 + 0.1 * (rand() - 0.5))
            printf "edge,%d,%.9f,,%.9f,%d\n", n, edge, 3 * edge, round
            printf "cloud,%d,%.9f,0.02,,%d\n", n, 0.025 + 0.0001 * n * (1 + 0.1 * (rand() - 0.5)), round
        }
}' >"$work/samples.csv"
name="R&D <b>'s"
"$bin/rnnprof" import "$work/samples.csv" --db "$work/c.db" --campaign "$name" -q
"$bin/rnnfit" --db "$work/c.db" --hold-out 40% -q >/dev/null

evaluate() { # PAGE OPTION..
    local page=$1
    shift
    "$bin/rnneval" --db "$work/c.db" --lengths "$lengths" --requests 20000 --report "$page" "$@" \
        -q --json >"$page.json"
}

# A link over which deciding pays.
evaluate "$work/model.html" --link "$links/lte_driving_ucc.link"
says "$work/model.html" 'Where should the inputs of R&amp;D &lt;b&gt;' 'a model of a real link' \
    'Ship the generated header. It saves' 'no energy: ' 'SHA-256 of the samples' '<dt>oracle</dt>' '<h2>Energy</h2>'
[ "$(jq -r .link_origin "$work/model.html.json")" = model ] || fail "the JSON names another origin"
mean=$(jq -r '.policies[] | select(.policy == "rnnmap") | 1e3 * .mean_s' "$work/model.html.json")
says "$work/model.html" "<td class=\"r\">$(printf %.3f "$mean")</td>"
if grep -qE 'https?:|src=|href=|url\(|<script' <(sed 's|xmlns="http://www.w3.org/2000/svg"||g' "$work/model.html"); then
    fail "it fetches something"
fi

# Its command makes the header.
command=$(sed -n 's|<pre>\(.*\)</pre>|\1|p' "$work/model.html" | sed 's/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g')
(cd "$work" && PATH=$bin:$PATH bash -c "$command" >/dev/null && test -s R_D__b__s_map.h) ||
    fail "'$command' makes no header"

# A link so fast that everything is sent; a constant is not called measured.
evaluate "$work/fast.html" --link fixed:0.01ms
says "$work/fast.html" 'Run everything at the endpoint' 'not measured'
if grep -q '<pre>' "$work/fast.html"; then fail "a header is recommended that saves nothing"; fi

# Several links, one of them composed; modelled energy is called so.
sqlite3 "$work/c.db" "update model set provenance = 'modelled' where quantity = 'energy_j'" 2>/dev/null || true
evaluate "$work/cells.html" --link "$links/lte_driving_ucc.link" --link fixed:0.01ms \
    --link "rtt=$links/lte_driving_ucc.link,up=$links/lte_uplink_driving_mtu.link,down=unlimited"
says "$work/cells.html" 'of 3 pairs of lengths and a link' '(composed)' '(constant)' '(model)'

# What cannot be written leaves nothing behind.
if evaluate "$work/no/page.html" 2>"$work/err"; then fail "a missing folder is accepted"; fi

find_browser
mkdir "$work/look"
look_at "$work/model.html" "$work/look" "3 pictures, 1 tables"
sed -i 's/<details>/<details open>/' "$work/cells.html"
look_at "$work/cells.html" "$work/look" "5 pictures, 4 tables"
