#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/replay on a campaign whose truth is known: every cell of the table is there, and who knows the
# link is nowhere worse than the better single device. (The figures of a cell are test_replay.c's matter.)
set -euo pipefail
scratch=${BUILD:-build}/scratch/replay-table
bin=${BUILD:-build}/bin
rm -rf "$scratch"
mkdir -p "$scratch"
fail() {
    echo "$*" >&2
    exit 1
}

# 0.16 ms a step here, 0.6 + 0.05 ms a step there, each round up to 5 % off; 0.8 us a byte both ways.
awk 'BEGIN {
    srand(1)
    print "target,length,time_s,rtt_s,bytes_up,bytes_down,up_ps_per_byte,down_ps_per_byte,round"
    for (round = 0; round < 20; round++)
        for (n = 25; n <= 1600; n *= 2) {
            edge = 0.00016 * n * (1 + 0.1 * (rand() - 0.5))
            remote = (0.0006 + 0.00005 * n) * (1 + 0.1 * (rand() - 0.5))
            up = 220 + 5 * n; down = 7300
            printf "edge,%d,%.9f,,,,,,%d\n", n, edge, round
            printf "cloud,%d,%.9f,0.002,%d,%d,800000,800000,%d\n", n,
                remote + 0.002 + 8e-7 * (up + down), up, down, round
        }
}' >"$scratch/samples.csv"
"$bin/rnnprof" import "$scratch/samples.csv" --db "$scratch/campaign.db" --campaign known -q
"$bin/rnnfit" --db "$scratch/campaign.db" --hold-out 40% -q >/dev/null

OUT=$scratch DB=$scratch/campaign.db REQUESTS=4000 scripts/replay >"$scratch/table.txt"
cells=$(grep -cE '^[a-z0-9_]+\.csv ' "$scratch/table.txt") || true
data_sets=$(sed -nE 's/^([a-z0-9_]+\.csv) .*/\1/p' "$scratch/table.txt" | sort -u | wc -l)
composed=$(grep -cE '^[a-z0-9_]+\.csv +link [0-9]+ ' "$scratch/table.txt") || true
legend=$(grep -cE '^link [0-9]+: rtt=.*\.link,up=.*\.link,down=.*\.link$' "$scratch/table.txt") || true
[ "$data_sets" -ge 6 ] || fail "$data_sets data sets"
[ "$cells" -ge $((6 * data_sets)) ] || fail "$cells cells of $data_sets data sets"
[ "$composed" -ge "$data_sets" ] || fail "$composed cells are composed"
[ "$composed" = $((legend * data_sets)) ] || fail "$composed cells of $legend composed links"
[ "$composed" -lt "$cells" ] || fail "no link has all its columns"
tr '\n' ' ' <"$scratch/table.txt" | grep -q 'In 0 of these is known,' || fail "known is astray"
python=$(command -v python3 || true)
[ -z "$python" ] || "$python" -m json.tool "$scratch/replay.json" >/dev/null

# What was measured here earlier is fitted by the tools of now, not measured again.
mkdir "$scratch/measured"
"$bin/rnnprof" import "$scratch/samples.csv" --db "$scratch/measured/campaign.db" --campaign earlier -q
OUT=$scratch REQUESTS=200 scripts/replay >"$scratch/earlier.txt"
grep -q "^campaign earlier, $cells cells" "$scratch/earlier.txt" || fail "an earlier campaign is not taken"
grep -q ' held-out rounds ' "$scratch/earlier.txt" || fail "an earlier campaign is fitted without holding out"

# Lengths may come from a text, and its empty lines are accounted for.
printf 'a b c\n\nd e f\n \n' | "$bin/rnneval" --db "$scratch/campaign.db" --lengths text:- \
    --link fixed:20ms,10,50 --requests 1000 >"$scratch/text.txt"
grep -q 'lengths from text:- (mean 3.0)' "$scratch/text.txt" || fail "a text is not counted"
grep -q '2 sequences of length 0 were left out' "$scratch/text.txt" || fail "empty lines go unmentioned"

# A campaign that is not there is an error that names it, and measures nothing.
if OUT=$scratch DB=$scratch/none.db scripts/replay >"$scratch/none.txt" 2>&1; then fail "a missing database is accepted"; fi
grep -q none.db "$scratch/none.txt" || fail "the missing database is not named"
