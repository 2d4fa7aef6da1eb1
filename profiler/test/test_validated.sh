#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# An independent judge between rnnprof and rnnserve: Prism as a proxy that holds every request and every
# answer against the protocol's public description. It finds nothing in what both send as JSON, and it finds
# what is planted on either side.
set -u
: "${BUILD:=build}"
prism=
for place in "$BUILD/prism/node_modules/.bin/prism" build/prism/node_modules/.bin/prism "$(command -v prism)"; do
    [ -x "$place" ] && prism=$place && break
done
if [ -z "$prism" ] || ! command -v node >/dev/null; then
    echo "no Prism here: scripts/setup --with validate fetches it"
    exit 77
fi
mkdir -p "$BUILD/scratch"
folder=$(mktemp -d "$BUILD/scratch/validated.XXXXXX")
failed=0
running=()
trap 'kill "${running[@]}" 2>/dev/null' EXIT

bad() {
    echo "FAILED: $*"
    failed=1
}

wait_for() { # WORDS FILE
    for _ in {1..300}; do
        grep -qs -- "$1" "$2" && return 0
        sleep 0.1
    done
    return 1
}

judge() { # NAME URL: starts Prism before that server; its own URL is in $judged, its words in NAME.log
    for _ in {1..10}; do
        local port=$((20000 + RANDOM % 30000))
        node "$prism" proxy endpoint/test/openapi.json "$2" -h 127.0.0.1 -p "$port" >"$folder/$1.log" 2>&1 &
        local pid=$!
        if wait_for 'Prism is listening\|EADDRINUSE' "$folder/$1.log" && grep -q listening "$folder/$1.log"; then
            running+=("$pid")
            judged=http://127.0.0.1:$port
            return
        fi
        kill "$pid"
    done
    echo "Prism does not start: $(cat "$folder/$1.log")"
    exit 1
}

campaign() { # NAME SECTIONS: $folder/NAME.ini
    cat >"$folder/$1.ini" <<END
[campaign]
name = $1
lengths = 3,17
[edge]
engine = dnnl
hidden = 16
input = 8
vocabulary = 50
$2
[stop]
ci = 0
max_samples = 4
max_failures = 3
max_time = 60s
design = grid
END
}

# What both really send.
"$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model tokens=dnnl:hidden=16,input=8,vocabulary=50 \
    --model features=dnnl:cell=gru,hidden=16,input=8 >"$folder/url" &
running+=($!)
wait_for listening "$folder/url"
url=$(sed 's/listening on //' "$folder/url")
judge good "$url"
campaign good "[words]
url = $judged
model = tokens
version = 1
[sounds]
url = $judged
model = features
connection = new
input = input [1,n,8] uniform"
"$BUILD/bin/rnnprof" run "$folder/good.ini" --db "$folder/good.db" --json >"$folder/good.out" 2>"$folder/good.err" ||
    bad "the campaign: $(cat "$folder/good.err")"
grep -q '"failed": 0' "$folder/good.out" || bad "the campaign: $(cat "$folder/good.out")"
for path in v2 v2/health/live v2/models/tokens/versions/1 v2/models/tokens/versions/1/infer v2/models/features/infer; do
    grep -q "The upstream call to /$path has returned 200" "$folder/good.log" || bad "/$path was not judged"
done
judged_inferences=$(grep -c 'infer has returned 200' "$folder/good.log")
[ "$judged_inferences" -ge 16 ] || bad "only $judged_inferences inferences were judged"
grep Violation "$folder/good.log" && bad "violations"

# A request without a shape, which rnnserve refuses, too.
campaign request "[cloud]
url = $judged
path = /v2/models/tokens/infer
body = {\"inputs\":[{\"name\":\"input\",\"datatype\":\"INT64\",\"data\":[{tokens}]}]}
probe = /v2/health/live"
"$BUILD/bin/rnnprof" run "$folder/request.ini" --db "$folder/request.db" >"$folder/request.out" 2>&1
[ $? = 1 ] || bad "a bad request: $(cat "$folder/request.out")"
wait_for "Violation: request.body.inputs.0 .*required property 'shape'" "$folder/good.log" ||
    bad "the planted request was not found: $(grep Violation "$folder/good.log")"

# A server whose answers are not the protocol's.
cat >"$folder/server.js" <<'END'
const answers = {
    '/v2': {name: 'odd', version: '1', extensions: []},
    '/v2/health/live': {},
    '/v2/models/m': {name: 'm', platform: 'p', inputs: [{name: 'x', datatype: 'INT64', shape: [1, -1]}]},
    '/v2/models/m/infer': {model_name: 7, outputs: [{name: 'y', shape: [1], datatype: 'FP32', data: [1]}]},
};
const server = require('http').createServer((request, answer) => {
    request.resume();
    request.on('end', () => {
        answer.setHeader('Content-Type', 'application/json');
        answer.end(JSON.stringify(answers[request.url] || {}));
    });
});
server.listen(0, '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
END
node "$folder/server.js" >"$folder/odd" &
running+=($!)
wait_for listening "$folder/odd"
judge odd "$(sed 's/listening on //' "$folder/odd")"
campaign answer "[cloud]
url = $judged
model = m"
"$BUILD/bin/rnnprof" run "$folder/answer.ini" --db "$folder/answer.db" >"$folder/answer.out" 2>&1
[ $? = 1 ] || bad "a bad answer: $(cat "$folder/answer.out")"
grep -q '3 failures in a row, the last (protocol).*model_name' "$folder/answer.out" ||
    bad "a bad answer: $(cat "$folder/answer.out")"
wait_for 'Violation: response.body.model_name .*must be string' "$folder/odd.log" ||
    bad "the planted answer was not found: $(grep Violation "$folder/odd.log")"
exit $failed
