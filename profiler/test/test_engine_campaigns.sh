#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Campaigns whose edge is a program or a plug-in, against rnnserve with the same plug-in: measured,
# resumed, failures by kind, a signal in the middle of an inference; and that nothing stays behind.
set -u
[ -x "${BUILD:=build}/bin/rnnprof" ] || { echo "FAILED: $BUILD/bin/rnnprof is missing: make all"; exit 1; }
mkdir -p "$BUILD/scratch"
folder=$(mktemp -d "$BUILD/scratch/engine_campaigns.XXXXXX")
plugin=$BUILD/examples/engine_plugin.so
program=$BUILD/examples/engine_command
failed=0

check() { # WHAT CONDITION..
    local what=$1
    shift
    test "$@" || { echo "FAILED: $what: test $*"; failed=1; }
}

says() { # WHAT FILE PATTERN
    grep -q -- "$3" "$2" || { echo "FAILED: $1: no '$3' in:"; cat "$2"; failed=1; }
}

campaign() { # NAME STOP LINES.. of [edge]
    {
        echo "[campaign]"
        echo "name = $1"
        echo "lengths = 4,16,48"
        echo "[stop]"
        printf '%s\n' "$2"
        shift 2
        echo "[edge]"
        printf '%s\n' "$@"
    } >"$folder/lab.ini"
}

run() { # OPTIONS..: the exit status
    "$BUILD/bin/rnnprof" run "$folder/lab.ini" --db "$folder/lab.db" "$@" >"$folder/out" \
        2>"$folder/err"
}

# Answers with one and the same time, so that warming up is 10 runs of one length; with the opening's,
# the first of each length and what the sweep runs before it counts, the 18th is the first sample. The
# body may have its own mind, with $n and $i.
program_script() { # BODY
    # shellcheck disable=SC2016 # it is the script that expands them
    printf 'echo $$ >%s/pid; i=0; while read -r word n; do i=$((i + 1)); %s\n%s; done\n' \
        "$folder" "$1" "sleep 0.002; echo OK 1500000" >"$folder/program.sh"
}

stop='ci = 0
max_samples = 6'

# a program that says what its device took
campaign told "$stop" "engine = command" "argv = $program 64"
run
check "a program is measured" $? = 0
says "the program is named" "$folder/err" "edge: command $program 64, LSTM of 64 units in plain C"
"$BUILD/bin/rnnprof" export --db "$folder/lab.db" --campaign told >"$folder/told.csv"
check "every sample" "$(grep -c ,edge, "$folder/told.csv")" = 18
check "the device's own time is the sample's" \
    "$(awk -F, 'NR > 1 && $2 == $8' "$folder/told.csv" | wc -l)" = 18
run --resume
check "it goes on" $? = 0
campaign told "$stop" "engine = command" "argv = $program 32"
run --resume
check "not with another program" $? = 1
says "it says which" "$folder/err" "was measured with 'argv = $program 64', now it is"

# the same words, another program behind them
campaign renamed "$stop" "engine = command" "argv = sh $folder/program.sh"
program_script "[ \$i = 1 ] && echo READY one"
run
program_script "[ \$i = 1 ] && echo READY two"
run --resume
check "not with what calls itself otherwise" $? = 1
says "it says how" "$folder/err" "edge was 'command sh $folder/program.sh, one' and is 'command"
run --resume --force
check "unless told to" $? = 0

# one that does not say: our clock
program_script "sleep 0.02; echo OK; continue"
campaign untold "$stop" "engine = command" "argv = sh $folder/program.sh"
run
check "a program without a clock" $? = 0
"$BUILD/bin/rnnprof" export --db "$folder/lab.db" --campaign untold >"$folder/untold.csv"
check "is timed from outside" \
    "$(awk -F, 'NR > 1 && $2 >= 0.02 && $8 == ""' "$folder/untold.csv" | wc -l)" = 18

# failures, by kind: each program does one wrong thing once per start
for row in "timeout:exec sleep 60" "engine:exit 3" "protocol:echo nonsense" \
    "engine:echo ERROR no; continue"; do
    body=${row#*:}
    program_script "[ \$i = 20 ] && { $body; }"
    rm -f "$folder/lab.db"
    campaign wrong "$stop" "engine = command" "argv = sh $folder/program.sh" "timeout = 1s"
    run
    check "a campaign goes on after '$body'" $? = 0
    says "and counts it by kind" "$folder/out" "; 1 failed (1 ${row%%:*}),"
done

# one that crashes while it warms up is started again, too: the opening's RUN is the first
program_script "[ -e $folder/once ] || { [ \$i = 3 ] && touch $folder/once && exit 3; }"
rm -f "$folder/lab.db" "$folder/once"
campaign early "$stop" "engine = command" "argv = sh $folder/program.sh"
run
check "a campaign outlives a crash before its first sample" $? = 0
says "which is no sample" "$folder/out" "; 0 failed,"
program_script "[ \$i = 2 ] && exit 3"
rm -f "$folder/lab.db"
run
check "but not crashes without end" $? = 1
says "which say how" "$folder/err" "given up after 10 restarts (ended 11 times)"

# a program that always fails ends the campaign, with what it did
program_script "[ -e $folder/again ] && exit 1; [ \$i = 20 ] && touch $folder/again && exit 1"
rm -f "$folder/again"
rm -f "$folder/lab.db"
campaign hopeless "$stop" "engine = command" "argv = sh $folder/program.sh" "restarts = 2"
run
check "a hopeless program" $? = 1
says "is given up" "$folder/err" "is given up after 2 restarts (ended 3 times)"
campaign broken "$stop" "engine = command" "argv = /no/such/program"
run
check "a program that is not there" $? = 1
says "is named" "$folder/err" "engine command: '/no/such/program' cannot be started"

# Ctrl-C while a program hangs: what was measured is there, and the program is gone
program_script "[ \$i = 20 ] && { touch $folder/hangs; exec sleep 300; }"
rm -f "$folder/lab.db" "$folder/hangs"
campaign hung "$stop" "engine = command" "argv = sh $folder/program.sh"
"$BUILD/bin/rnnprof" run "$folder/lab.ini" --db "$folder/lab.db" >"$folder/out" 2>"$folder/err" &
rnnprof=$!
for _ in {1..200}; do [ -e "$folder/hangs" ] && break; sleep 0.05; done
sleep 0.2
kill -INT "$rnnprof"
wait "$rnnprof"
check "a signal ends a hanging campaign" $? = 3
check "with its program" ! -d "/proc/$(cat "$folder/pid")"
"$BUILD/bin/rnnprof" export --db "$folder/lab.db" >"$folder/hung.csv"
check "and keeps its samples" "$(grep -c ,edge, "$folder/hung.csv")" -gt 1

# a plug-in here and the same at an endpoint
# shellcheck disable=SC2016 # it is the script that expands them
echo 'i=0; while read -r word n; do i=$((i + 1)); [ $i = 3 ] && exit 5; echo OK; done' >"$folder/frail.sh"
"$BUILD/bin/rnnserve" --listen 127.0.0.1:0 --model "net=plugin:library=$plugin,seed=4,options=24" \
    --model "far=command:timeout=9s,argv=$program 16" \
    --model "frail=command:restarts=1,argv=sh $folder/frail.sh" >"$folder/url" 2>"$folder/server.err" &
server=$!
trap 'kill "$server" 2>/dev/null' EXIT
for _ in {1..100}; do
    grep -qs listening "$folder/url" && break
    sleep 0.1
done
url=$(sed 's/listening on //' "$folder/url")
campaign plug "$stop" "engine = plugin" "library = $plugin" "seed = 4" "options = 24" \
    "[cloud]" "url = $url" "model = net" "[program]" "url = $url" "model = far"
run
check "a plug-in and two endpoints" $? = 0
says "nothing failed" "$folder/out" "; 0 failed,"
says "named" "$folder/err" "edge: plugin engine_plugin.so, options 24, 1 thread"
campaign unplugged "$stop" "engine = plugin" "library = ./no_such.so"
run
says "a plug-in that is not there" "$folder/err" "library = ./no_such.so cannot be loaded"

# a program that ends behind the server: the answer says so, the next request starts it again, once
infer() { # the status of the answer, which is in $folder/answer
    local body='{"inputs":[{"name":"input","shape":[1,2,1],"datatype":"FP32","data":[0,0]}]}'
    exec 3<>"/dev/tcp/127.0.0.1/${url##*:}"
    printf 'POST /v2/models/frail/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s' \
        "${#body}" "$body" >&3
    cat <&3 >"$folder/answer"
    exec 3>&-
    awk 'NR == 1 {print $2}' "$folder/answer"
}
check "a program that ends" "$(infer)" = 500 # the third RUN: after the opening's and the warming up
says "is no secret" "$folder/answer" "ended with exit status 5"
check "the next start" "$(infer)" = 200 # its second RUN
check "ends, too" "$(infer)" = 500
check "and is the last" "$(infer)" = 500
says "as it says" "$folder/answer" "is given up after 1 restarts"
kill "$server"
wait "$server"
check "the server ends" $? = 0

# one model of ONNX Runtime's in both places: its shape is its own affair
library=
for place in "$BUILD" build; do
    [ ! -e "$place/onnxruntime/libonnxruntime.so" ] || library=$place/onnxruntime/libonnxruntime.so
done
if [ -n "$library" ] && /usr/bin/python3 -c 'import onnx' 2>"$folder/err"; then
    scripts/onnx-model --vocabulary 321 --hidden 32 --classes 4 -o "$folder/net.onnx"
    scripts/onnx-model --kind seq2seq --vocabulary 99 --hidden 16 --output-length 2,3,0 \
        -o "$folder/pair.onnx"
    "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 \
        --model "net=onnx:model=$folder/net.onnx,library=$library" \
        --model "pair=onnx:model=$folder/pair.onnx,library=$library" >"$folder/url" &
    server=$!
    for _ in {1..100}; do
        grep -qs listening "$folder/url" && break
        sleep 0.1
    done
    url=$(sed 's/listening on //' "$folder/url")
    campaign pair "$stop" "engine = onnx" "model = $folder/pair.onnx" "library = $library" \
        "[cloud]" "url = $url" "model = pair"
    run
    check "one that writes sequences" $? = 0
    "$BUILD/bin/rnnprof" export --db "$folder/lab.db" --campaign pair >"$folder/pair.csv"
    check "how long they are, here and there" \
        "$(awk -F, 'NR > 1 && $14 == 2 * $1 + 3' "$folder/pair.csv" | wc -l)" = 36
    campaign onnx "$stop" "engine = onnx" "model = $folder/net.onnx" "library = $library" \
        "[cloud]" "url = $url" "model = net"
    run
    check "a model here and there" $? = 0
    says "nothing failed" "$folder/out" "; 0 failed,"
    says "named with its library" "$folder/err" "edge: onnx net.onnx, 1 thread, ONNX Runtime 1."
    run --resume
    check "it goes on" $? = 0
    "$BUILD/bin/rnnprof" export --db "$folder/lab.db" --campaign onnx >"$folder/onnx.csv"
    check "samples of both" "$(grep -c ,cloud, "$folder/onnx.csv")" = 18
    check "whose answers are all of one size" "$(awk -F, 'NR > 1 && $14 != ""' "$folder/onnx.csv")" = ""
    exec 3<>"/dev/tcp/127.0.0.1/${url##*:}"
    printf 'GET /v2/models/net HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
    tr -d ' ' <&3 >"$folder/metadata"
    says "the server tells the vocabulary" "$folder/metadata" '"vocabulary":321'
    says "and the answer's size" "$folder/metadata" '"shape":\[1,4\]'
    kill "$server"
    wait "$server"
    check "the server ends" $? = 0
    scripts/onnx-model --vocabulary 322 --hidden 32 --classes 4 -o "$folder/net.onnx"
    run --resume --only edge
    check "not with another model of that name" $? = 1
    says "told by its digest" "$folder/err" "was measured with the network 'onnx net.onnx sha256:"
else
    echo "skipped: onnx: no ONNX Runtime or python3-onnx; scripts/setup --with onnx"
fi
exit "$failed"
