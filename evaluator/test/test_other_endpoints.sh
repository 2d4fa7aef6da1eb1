#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A campaign with two endpoints, one of the protocol and one described by a request template: each is
# measured, fitted and judged by its name; what decides between two places only says so.
set -u
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/endpoints.XXXXXX")
failed=0

bad() {
    echo "FAILED: $*"
    failed=1
}

says() { # STATUS WORDS COMMAND..: the command exits so and says them on either stream
    local status=$1 words=$2
    shift 2
    "$BUILD/bin/$1" "${@:2}" >"$folder/out" 2>&1
    local got=$?
    [ $got = "$status" ] || bad "$*: exit $got: $(cat "$folder/out")"
    grep -q -- "$words" "$folder/out" || bad "$*: '$words' is not in: $(cat "$folder/out")"
}

"$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model m=dnnl:hidden=16,input=8,vocabulary=50 >"$folder/url" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for _ in {1..100}; do
    grep -qs listening "$folder/url" && break
    sleep 0.1
done
url=$(sed 's/listening on //' "$folder/url")
cat >"$folder/campaign.ini" <<END
[campaign]
name = two
lengths = 8,16,32,64
[edge]
engine = dnnl
hidden = 64
input = 16
vocabulary = 50
[near]
url = $url
model = m
[gateway]
url = $url
path = /v2/models/m/infer
body = {"inputs":[{"name":"input","shape":[1,{n}],"datatype":"INT64","data":[{tokens}]}]}
probe = /v2/health/ready
[stop]
ci = 0
max_samples = 12
max_time = 30s
design = grid
END
db=$folder/two.db
says 0 ' 0 failed' rnnprof run "$folder/campaign.ini" --db "$db"
says 0 '^near ' rnnprof show --db "$db"
says 0 '^gateway ' rnnprof show --db "$db"
"$BUILD/bin/rnnprof" export --db "$db" >"$folder/two.csv"
least() { # TARGET: the least bytes up of 64 steps
    awk -F, -v target="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["target"] == target && $at["length"] == 64 { print $at["bytes_up"] }' "$folder/two.csv" | sort -n |
        head -n 1
}
# the template's body is what the client writes itself: the same tokens of the same seed
[ "$(least near)" = "$(least gateway)" ] || bad "bytes: $(least near), $(least gateway)"

says 0 'round trip.*\(edge.*near\|near.*edge\)' rnnfit --db "$db"
says 0 'round trip.*\(edge.*gateway\|gateway.*edge\)' rnnfit --db "$db"
says 0 'two_choose' rnngen --db "$db" --name two --link rtt -o "$folder/two.h"
for place in NEAR GATEWAY; do
    grep -q "best = TWO_$place;" "$folder/two.h" || bad "the header does not know $place"
done
printf 'length,count\n8,1\n64,1\n' >"$folder/lengths.csv"
says 0 "2 endpoints, this is about 'near': --target" rnneval --db "$db" --lengths "$folder/lengths.csv" -n 500
says 0 "POST /v2/models/m/infer" rnneval --db "$db" --lengths "$folder/lengths.csv" --live -n 5 --target gateway
says 0 "rnnserve" rnneval --db "$db" --lengths "$folder/lengths.csv" --live -n 5 --target near
says 1 "no endpoint 'moon'" rnneval --db "$db" --lengths "$folder/lengths.csv" --target moon
says 0 'two' rnnprof run "$folder/campaign.ini" --db "$db" --resume
sed -i 's/{tokens}/{n}/' "$folder/campaign.ini"
says 1 "was measured with 'body" rnnprof run "$folder/campaign.ini" --db "$db" --resume
exit $failed
