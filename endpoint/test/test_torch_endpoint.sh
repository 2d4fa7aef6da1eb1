#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/endpoints/torch-endpoint beside rnnserve: the same LSTMs give the same outputs, both forms of
# tensors the same to the bit, errors are the protocol's, a campaign measures it and its Server-Timing, and
# Prism, where it is installed, finds no fault with it.
set -u
export LC_ALL=C
: "${BUILD:=build}"
python=
for found in python3 /usr/bin/python3; do
    if "$found" -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("torch"))' 2>/dev/null; then
        python=$found
        break
    fi
done
if [ -z "$python" ]; then
    echo "no PyTorch here; scripts/setup --with torch brings it"
    exit 77
fi
mkdir -p "$BUILD/scratch"
work=$(mktemp -d "$BUILD/scratch/torch.XXXXXX")
running=()
# shellcheck disable=SC2317 # called by trap
finish() {
    for pid in "${running[@]}"; do kill "$pid" 2>/dev/null; done
    wait
}
trap finish EXIT
fail() {
    echo "$*"
    exit 1
}
start() { # NAME COMMAND..: sets url
    local name=$1
    shift
    "$@" >"$work/$name.out" 2>"$work/$name.err" &
    running+=($!)
    for _ in $(seq 600); do
        url=$(sed -n 's/^listening on //p' "$work/$name.out")
        [ -z "$url" ] || return
        kill -0 "${running[-1]}" 2>/dev/null || break
        sleep 0.1
    done
    fail "$name does not start: $(cat "$work/$name.err")"
}
same='cell=lstm,hidden=24,input=12,layers=2,bidirectional=yes,seed=7,vocabulary=50'
features='cell=lstm,hidden=16,input=5,seed=18446744073709551615'
gru='cell=gru,hidden=6,input=3,layers=2,bidirectional=yes,vocabulary=9'
start torch "$python" scripts/endpoints/torch-endpoint --listen 127.0.0.1:0 --threads 1 --max-length 1000 \
    --model "t=$same" --model "f=$features" --model "g=$gru"
torch=$url
start rnnserve "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model "t=dnnl:$same" \
    --model "f=dnnl:$features" --model "g=dnnl:$gru"
rnnserve=$url

ask() { # URL MODEL REQUEST
    curl -sS --max-time 20 "$1/v2/models/$2/infer" -H 'Content-Type: application/json' -d "$3"
}
request() { # DATATYPE SHAPE DATA
    echo "{\"id\":\"a\",\"inputs\":[{\"name\":\"input\",\"datatype\":\"$1\",\"shape\":$2,\"data\":$3}]}"
}
# Metadata and outputs of both, for tokens and features, short and long.
for model in t f g; do
    for server in "$torch" "$rnnserve"; do
        curl -sS "$server/v2/models/$model" | jq -cS 'del(.platform)'
    done | uniq | wc -l | grep -qx 1 || fail "the metadata of $model differ"
done
apart() { # MODEL REQUEST: the largest difference of the outputs, relative to 1e-5
    { ask "$torch" "$1" "$2" && ask "$rnnserve" "$1" "$2"; } | jq -s '
        if (.[0] | [.id, .outputs[0].name, .outputs[0].shape]) != (.[1] | [.id, .outputs[0].name, .outputs[0].shape])
        then error("they answer differently") else . end |
        [.[0].outputs[0].data, .[1].outputs[0].data] | transpose | map((.[0] - .[1]) | fabs) | max / 1e-5'
}
for n in 1 2 37; do
    tokens=$(request INT64 "[1,$n]" "[$(seq -s, 1 "$n" | sed 's/[0-9]*/&/g')]")
    floats=$(request FP32 "[1,$n,5]" "[$(awk -v n="$n" 'BEGIN {srand(n); for (i = 0; i < 5 * n; i++) printf "%s%.6f", i ? "," : "", 2 * rand() - 1}')]")
    for one in t f; do
        if [ $one = t ]; then body=$tokens; else body=$floats; fi
        d=$(apart $one "$body") || fail "$one at length $n"
        awk -v d="$d" 'BEGIN {exit !(d < 1)}' || fail "$one at length $n: outputs differ by $d times 1e-5"
    done
done
ask "$torch" g "$(request INT64 '[1,2]' '[1,8]')" | jq -e '.outputs[0].shape == [1,12]' >/dev/null || fail "the GRU's shape"

# Bytes: the same values as JSON, to the bit.
"$python" - "$torch" <<'PYTHON' || fail "binary tensors"
import json, struct, sys, urllib.request
url = sys.argv[1] + "/v2/models/t/infer"
tokens = [3, 1, 4, 1, 5]
def ask(body, headers):
    answer = urllib.request.urlopen(urllib.request.Request(url, body, headers))
    assert "queue;dur=" in answer.headers["Server-Timing"] and "infer;dur=" in answer.headers["Server-Timing"]
    return answer.headers, answer.read()
plain = {"name": "input", "datatype": "INT64", "shape": [1, 5]}
_, text = ask(json.dumps({"inputs": [dict(plain, data=tokens)]}).encode(), {})
data = struct.pack("<5q", *tokens)
head = json.dumps({"inputs": [dict(plain, parameters={"binary_data_size": len(data)})],
                   "parameters": {"binary_data_output": True}}).encode()
wanted = struct.pack("<48f", *json.loads(text)["outputs"][0]["data"])
for body, length in (head + data, len(head)), (data, 0):
    headers, answer = ask(body, {"Inference-Header-Content-Length": str(length)})
    at = int(headers["Inference-Header-Content-Length"])
    assert json.loads(answer[:at])["outputs"][0]["parameters"] == {"binary_data_size": 192}
    assert answer[at:] == wanted
PYTHON

# What is refused, with which status; the connection and the server live on.
refused() { # STATUS PATH CURL-OPTION..
    local status=$1 path=$2 got
    shift 2
    got=$(curl -sS --max-time 20 -o "$work/answer" -w '%{http_code}' "$torch$path" "$@")
    [ "$got" = "$status" ] || fail "$path $*: $got, not $status: $(cat "$work/answer")"
    jq -e '.error | type == "string" and length > 3' "$work/answer" >/dev/null || fail "$path: $(cat "$work/answer")"
}
post=/v2/models/t/infer
refused 404 /
refused 404 /v2/models/none
refused 404 /v2/models/t/versions/2
refused 404 /v2/models/t/stats
refused 400 $post -d '{'
refused 400 $post -d '[]'
refused 400 $post -d "$(request INT64 '[1,2]' '[1,50]')"
refused 400 $post -d "$(request INT64 '[1,2]' '[1,-1]')"
refused 400 $post -d "$(request INT64 '[1,2]' '[1,1.5]')"
refused 400 $post -d "$(request INT64 '[1,2]' '[true,false]')"
refused 400 $post -d "$(request INT64 '[1,2]' '[1]')"
refused 400 $post -d "$(request INT64 '[1,2]' '[[1],[2]]')"
refused 400 $post -d "$(request INT64 '[1,0]' '[]')"
refused 400 $post -d "$(request INT64 '[1,1e3]' '[]')"
refused 400 $post -d "$(request FP32 '[1,2]' '[1,2]')"
refused 400 $post -d "$(request INT64 '[1,1001]' "[$(seq -s, 1001 | sed 's/[0-9]\+/1/g')]")"
refused 400 $post -d "$(printf '[%.0s' $(seq 3000))"
refused 400 $post -H 'Inference-Header-Content-Length: 0' --data-binary 1234567
refused 400 $post -H 'Inference-Header-Content-Length: 99' --data-binary 1234567
refused 400 $post -H $'Inference-Header-Content-Length: \xb2' --data-binary 1234567
refused 400 $post -d "$(request INT64 '[1,1]' '[1]' | jq -c '.outputs = null')"
refused 411 $post -H 'Transfer-Encoding: chunked' -d 1
refused 411 $post -H $'Content-Length: \xb2' -d 1
refused 501 /v2 -X PUT
ask "$torch" t "$(request INT64 '[1,1]' '[1]')" | jq -e '.outputs' >/dev/null || fail "it does not live on"

# A campaign, in both forms; what the server says of its time is in the samples.
for tensors in json binary; do
    cat >"$work/$tensors.ini" <<END
[campaign]
name = torch
lengths = 4,32
[edge]
engine = dnnl
hidden = 24
input = 12
layers = 2
bidirectional = yes
vocabulary = 50
[cloud]
url = $torch
model = t
tensors = $tensors
[stop]
ci = 0
max_samples = 6
END
    "$BUILD/bin/rnnprof" run "$work/$tensors.ini" --db "$work/$tensors.db" --json >"$work/$tensors.json" 2>"$work/err" ||
        fail "rnnprof: $(cat "$work/err")"
    "$BUILD/bin/rnnprof" export --db "$work/$tensors.db" >"$work/$tensors.csv"
    timed=$(awk -F, 'NR == 1 {for (i = 1; i <= NF; i++) at[$i] = i}
        $at["target"] == "cloud" && $at["server_s"] > 0 && $at["server_s"] < $at["time_s"]' "$work/$tensors.csv" | wc -l)
    [ "$timed" = 12 ] || fail "$timed of 12 samples know the server's own time ($tensors)"
done
"$BUILD/bin/rnnfit" -q --db "$work/binary.db" >/dev/null || fail "rnnfit"
"$BUILD/bin/rnneval" -q --db "$work/binary.db" --lengths datasets/trec.csv --live --url "$torch" --requests 20 --json |
    jq -e '.failed_requests == 0' >/dev/null || fail "rnneval --live"

# The campaign for a machine with a GPU, tried on the CPU.
scripts/endpoints/gpu-campaign --device cpu --out "$work/on a gpu" --python "$python" --lengths 4,16,64 \
    --network cell=lstm,hidden=24,input=12,vocabulary=50 --max-time 10s --max-samples 9 --requests 200 \
    >"$work/gpu.out" 2>&1 || fail "gpu-campaign: $(tail -n 5 "$work/gpu.out")"
grep -q 'no accelerator' "$work/on a gpu/device.txt" || fail "a trial on the CPU does not say so"
jq -e '.evaluations | length == 9' "$work/on a gpu/eval.json" >/dev/null || fail "gpu-campaign's cells"
for file in map.h eval.html fit.html; do
    [ -s "$work/on a gpu/$file" ] || fail "gpu-campaign leaves no $file"
done
if scripts/endpoints/gpu-campaign --device cuda:99 --out "$work/none" --python "$python" >"$work/none.out" 2>&1; then
    fail "a GPU that is not there is accepted"
fi
grep -q 'torch-endpoint: ' "$work/none.out" || fail "without a GPU: $(cat "$work/none.out")"

prism=$BUILD/prism/node_modules/.bin/prism
if [ ! -x "$prism" ]; then
    echo "no Prism here (scripts/setup --with validate): not checked against the protocol's description"
    exit 0
fi
port=$((20000 + RANDOM % 20000))
"$prism" proxy -p $port endpoint/test/openapi.json "$torch" >"$work/prism.log" 2>&1 &
running+=($!)
for _ in $(seq 300); do
    if curl -sS "http://127.0.0.1:$port/v2" >/dev/null 2>&1; then break; fi
    sleep 0.1
done
valid() { # STATUS CURL-OPTION..
    local status=$1
    shift
    curl -sS -D "$work/head" -o "$work/answer" -H 'Content-Type: application/json' "$@" || fail "Prism: $*"
    grep -q "^HTTP/1.1 $status" "$work/head" || fail "through Prism $*: $(head -n 1 "$work/head")"
    if grep -i '^sl-violations' "$work/head"; then fail "Prism objects to $*"; fi
}
through=http://127.0.0.1:$port
valid 200 "$through/v2"
valid 200 "$through/v2/models/t"
valid 200 "$through/v2/models/t/infer" -d "$(request INT64 '[1,2]' '[1,2]')"
valid 200 "$through/v2/models/f/infer" -d "$(request FP32 '[1,1,5]' '[0,0.5,1,0,0]')"
valid 400 "$through/v2/models/t/infer" -d "$(request INT64 '[1,2]' '[1]')"
echo "Prism finds nothing"
