#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a campaign on a meter of a data sheet to models of energy: rnnfit says "modelled" in each line
# that rests on it, knows what the watts make of the times, stores the models, and rnngen and rnneval go on
# working on them. Energies of an import are fitted as they came.
set -u
command -v jq >/dev/null || { echo "no jq here: scripts/setup --with check installs it"; exit 77; }
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/energy_models.XXXXXX")
db=$folder/a.db
failed=0

bad() {
    echo "FAILED: $*"
    failed=1
}

"$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model m=dnnl:hidden=64,input=32,vocabulary=50 >"$folder/url" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for _ in {1..100}; do
    grep -qs listening "$folder/url" && break
    sleep 0.1
done

cat >"$folder/a.ini" <<END
[campaign]
name = known
lengths = 16,64,256
[edge]
engine = dnnl
hidden = 64
input = 32
vocabulary = 50
[cloud]
url = $(sed 's/listening on //' "$folder/url")
model = m
[stop]
ci = 0
max_samples = 5
[energy]
meter = constant:active=4W,wait=2W,idle=1.5W,radio=0.75W
windows = 4
max_window = 200ms
END
"$BUILD/bin/rnnprof" run "$folder/a.ini" --db "$db" -q 2>"$folder/errors" || bad "the campaign: $(<"$folder/errors")"
"$BUILD/bin/rnnfit" --db "$db" >"$folder/text" 2>"$folder/errors" || bad "rnnfit: $(<"$folder/errors")"
"$BUILD/bin/rnnfit" --db "$db" --baseline none --json >"$folder/gross.json" || bad "gross"
"$BUILD/bin/rnnfit" --db "$db" --report "$folder/fit.html" --json >"$folder/fit.json" || bad "json"

# every line with joules or watts in it says what they are
grep -E 'energy_j|e0_j|p_wait_w|the same energy|less energy' "$folder/text" >"$folder/lines"
[ "$(wc -l <"$folder/lines")" -ge 4 ] || bad "lines of energy: $(<"$folder/text")"
grep -vq 'modelled, board' "$folder/lines" && bad "a line does not say modelled: $(<"$folder/lines")"
grep -q 'not measured' "$folder/text" || bad "no word on the data sheet"
grep -q 'modelled, board' "$folder/fit.html" || bad "the page does not say modelled"

ask() { # WHAT FILE FILTER: the filter holds
    jq -e "$3" "$folder/$2" >/dev/null || bad "$1: $(jq -c '[.energy,.break_even]' "$folder/$2")"
}
ask "provenance" fit.json '[.models[]|select(.quantity|test("_j$|_w$"))|.provenance=="modelled" and .scope=="board"]|length>=3 and all'
ask "times are measured" fit.json '[.models[]|select(.quantity|test("_s$"))|.provenance=="measured"]|all'
ask "basis" fit.json '.energy|.scope=="board" and .baseline=="idle" and .refused==[]'
ask "break-even" fit.json '[.break_even[]|select(.objective=="energy" and .provenance=="modelled")]|length==1'
# at 4 W active over 1.5 W at rest, gross energy is 1.6 times the net one
slope='.models[]|select(.quantity=="energy_j")|.segments[-1]|.intercept+.slope*256'
jq -n --argjson net "$(jq "$slope" "$folder/fit.json")" --argjson gross "$(jq "$slope" "$folder/gross.json")" \
    -e '($gross/$net-1.6)|fabs<0.01' >/dev/null || bad "gross over net"

"$BUILD/bin/rnngen" --db "$db" --name known -o "$folder/known.h" 2>"$folder/errors" || bad "rnngen: $(<"$folder/errors")"
printf 'length,count\n16,5\n200,5\n' >"$folder/lengths.csv"
gen() { "$BUILD/bin/rnngen" --db "$folder/$1.db" --name g -o "$folder/g.h" "${@:2}" 2>"$folder/errors"; }
for objective in energy weighted:0.4 edp energy@deadline:2ms time@energy:2mJ; do
    gen a --link rtt --objective "$objective" --lengths "$folder/lengths.csv" || bad "$objective: $(<"$folder/errors")"
    grep -q "^ \*   objective      $objective.*modelled\|objective .*@.*(modelled)" "$folder/g.h" || bad "$objective: not in the head"
    grep -q 'choose_rtt: worst regret .*(modelled)$' "$folder/g.h" || bad "$objective: regret does not say modelled"
    "$BUILD/bin/rnngen" --check "$folder/g.h" --db "$db" --lengths "$folder/lengths.csv" >/dev/null || bad "check of $objective"
    "$BUILD/bin/rnngen" --check "$folder/g.h" --db "$db" >/dev/null 2>"$folder/errors" && bad "$objective: checked without lengths"
    grep -q 'made with --lengths' "$folder/errors" || bad "no word on lengths: $(<"$folder/errors")"
done
"$BUILD/bin/rnngen" --check "$folder/g.h" --db "$db" --lengths "$folder/known.h" >/dev/null 2>&1 && bad "a header is no file of lengths"
gen a --objective energy --baseline none && bad "another baseline than the stored one"
grep -q 'rnnfit .*--baseline' "$folder/errors" || bad "no remedy for the baseline: $(<"$folder/errors")"
"$BUILD/bin/rnneval" --db "$db" --lengths "$folder/lengths.csv" --link fixed:20ms >/dev/null 2>"$folder/errors" ||
    bad "rnneval: $(<"$folder/errors")"

# an import: 0.01 J + 2 mJ a step here, 0.25 J there: the same at 120
{
    echo length,time_s,target,energy_j,round
    for round in 0 1 2 3; do
        for n in 10 50 100 200 300; do
            echo "$n,0.0$((100 + n)),edge,$(awk "BEGIN {print 0.01 + 0.002 * $n + ($round - 1.5) * 1e-5}"),$round"
            echo "$n,0.0200,cloud,$(awk "BEGIN {print 0.25 + ($round - 1.5) * 1e-5}"),$round"
        done
    done
} >"$folder/s.csv"
"$BUILD/bin/rnnprof" import "$folder/s.csv" --db "$folder/b.db" --campaign b -q || bad "import"
"$BUILD/bin/rnnfit" --db "$folder/b.db" --json >"$folder/b.json" 2>"$folder/errors" || bad "rnnfit: $(<"$folder/errors")"
ask "import" b.json '.break_even[]|select(.objective=="energy")|.length>119.99 and .length<120.01 and .ci95[0]<=120 and .scope==null'
gen b --objective energy || bad "energies of an import: $(<"$folder/errors")"
grep -q 'n - 120u\|n < 12[01]u\|n >= 12[01]u' "$folder/g.h" || bad "the import changes at 120: $(grep 'return n' "$folder/g.h")"
gen b --objective energy --link rtt && bad "energies of an import hold for one round trip"
grep -q 'hold over the link of then' "$folder/errors" || bad "no reason: $(<"$folder/errors")"
"$BUILD/bin/rnnfit" --db "$folder/b.db" --link fixed:50 --json -q >"$folder/c.json" || bad "another link"
ask "another link" c.json '([.break_even[]|.objective]==["time"]) and (.energy.refused[0].reason|test("--link"))'

exit "$failed"
