#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A campaign over a server that shares no code with us and checks every value that it is sent: several inputs
# and outputs, other datatypes, JSON and bytes, HTTP/1.0 (a connection for each request) and HTTP/1.1.
set -u
if ! python3 -c 'import http.server' 2>/dev/null; then
    echo "no python3 here, in which the other server is written"
    exit 77
fi
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/foreign.XXXXXX")
failed=0
running=()
trap 'kill "${running[@]}" 2>/dev/null' EXIT

run() { # NAME PORT LINES: a campaign over that server; its exit status
    cat >"$folder/$1.ini" <<END
[campaign]
name = $1
lengths = 3,9
[edge]
engine = dnnl
hidden = 8
input = 4
[cloud]
url = http://127.0.0.1:$2
model = net
version = 3
vocabulary = 30
$3
[stop]
ci = 0
max_samples = 6
max_failures = 2
design = grid
END
    "$BUILD/bin/rnnprof" run "$folder/$1.ini" --db "$folder/$1.db" >"$folder/$1.out" 2>&1
}

for version in 1.0 1.1; do
    python3 profiler/test/foreign_server.py HTTP/$version >"$folder/port$version" &
    running+=($!)
    for _ in {1..100}; do
        [ -s "$folder/port$version" ] && break
        sleep 0.1
    done
    port=$(cat "$folder/port$version")
    for tensors in json binary; do
        name=$tensors-$version
        if ! run "$name" "$port" "tensors = $tensors" || ! grep -q ' 0 failed' "$folder/$name.out"; then
            echo "FAILED: $name: $(cat "$folder/$name.out")"
            failed=1
        fi
        "$BUILD/bin/rnnprof" export --db "$folder/$name.db" >"$folder/$name.csv"
        opened=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
            $at["target"] == "cloud" && $at["connect_s"] > 0' "$folder/$name.csv" | wc -l)
        [ "$opened" = "$([ $version = 1.0 ] && echo 12 || echo 0)" ] ||
            { echo "FAILED: $name: $opened samples opened a connection"; failed=1; }
    done
done
# and it does look at what it is sent
run zeros "$port" "input = attention_mask zeros" && { echo "FAILED: a wrong mask was taken"; failed=1; }
grep -q "mask" "$folder/zeros.out" || { echo "FAILED: $(cat "$folder/zeros.out")"; failed=1; }
exit $failed
