#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One campaign over two models of one server: every target gets samples of its own, and the server
# counts for each model what was sent to it.
set -u
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/two_models.XXXXXX")
network=hidden=32,input=16,vocabulary=50,seed=3
failed=0

check() { # WHAT CONDITION..
    local what=$1
    shift
    test "$@" || { echo "FAILED: $what: test $*"; failed=1; }
}

"$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model "small=dnnl:cell=gru,$network" \
    --model "large=dnnl:cell=lstm,layers=3,$network" >"$folder/url" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for _ in {1..100}; do
    grep -qs listening "$folder/url" && break
    sleep 0.1
done
url=$(sed 's/listening on //' "$folder/url")

ask() { # PATH: what the server answers
    exec 3<>"/dev/tcp/127.0.0.1/${url##*:}"
    printf 'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' "$1" >&3
    cat <&3
    exec 3>&-
}

counted() { # MODEL: how many inferences the server says it made
    ask "/v2/models/$1/stats" | grep -o '"inference_count": *[0-9]*' | grep -o '[0-9]*$'
}

campaign() { # NAME MODEL: a campaign over "small" and MODEL
    cat >"$folder/$1.ini" <<END
[campaign]
name = $1
lengths = 4,32
[edge]
engine = dnnl
cell = gru
hidden = 32
input = 16
vocabulary = 50
[near]
url = $url
model = small
[far]
url = $url/
model = $2
[stop]
ci = 0
max_samples = 12
END
}

campaign both large
check 'nothing counted before' "$(counted small)" = 0
"$BUILD/bin/rnnprof" run "$folder/both.ini" --db "$folder/both.db" -q
check 'exit status of run' $? = 0
"$BUILD/bin/rnnprof" export --db "$folder/both.db" >"$folder/both.csv"
for target in edge near far; do
    check "samples of $target" "$(grep -c ",$target," "$folder/both.csv")" = 24
done
for model in small large; do # warm-ups come on top
    check "inferences of $model" "$(counted "$model")" -ge 24
done
check 'two rows of statistics' "$(ask /v2/models/stats | grep -o '"inference_count"' | wc -l)" = 2

campaign typo lrage
"$BUILD/bin/rnnprof" run "$folder/typo.ini" --db "$folder/typo.db" -q 2>"$folder/typo"
check 'exit status with a model that is not there' $? = 1
grep -q "no model 'lrage' here, only 'small', 'large'" "$folder/typo" ||
    { echo "FAILED: a wrong name: $(cat "$folder/typo")"; failed=1; }

kill "$server"
wait "$server"
check 'exit status of the server' $? = 0
trap - EXIT
exit $failed
