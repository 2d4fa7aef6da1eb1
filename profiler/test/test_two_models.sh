#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One campaign over two models of one server, one in JSON over a warm connection, one in bytes over new
# ones: every target gets samples of its own, and the server counts for each model what was sent to it.
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
tensors = binary
connection = new
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

growth() { # TARGET: by how many bytes a request of 32 steps is longer than one of 4
    awk -F, -v target="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["target"] == target { bytes[$at["length"]] = $at["bytes_up"] }
        END { print bytes[32] - bytes[4] }' "$folder/both.csv"
}
check 'JSON, up to three bytes a token' "$(growth near)" -lt 100
check 'eight bytes a token' "$(growth far)" -ge 224 -a "$(growth far)" -le 240
opened() { # TARGET: how many of its samples opened a connection
    awk -F, -v target="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["target"] == target && $at["connect_s"] > 0' "$folder/both.csv" | wc -l
}
check 'one warm connection' "$(opened near)" = 0
check 'a connection for each request' "$(opened far)" = 24

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
