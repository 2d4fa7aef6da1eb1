#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The governor of a prepared tree while a campaign runs: changed only when asked to, and given back
# after its end, after a signal and after SIGKILL.
set -u
: "${BUILD:=build}"
work=$BUILD/scratch/governor
rm -rf "$work"
mkdir -p "$work"
cpus=$work/root/sys/devices/system/cpu
fail() {
    echo "FAILED: $*" >&2
    exit 1
}

mkdir -p "$cpus/cpu0/cpufreq" "$cpus/cpu1/cpufreq" "$cpus/cpu2"
echo 0-2 >"$cpus/online"
restore() {
    echo powersave >"$cpus/cpu0/cpufreq/scaling_governor"
    echo schedutil >"$cpus/cpu1/cpufreq/scaling_governor"
    echo 2000000 >"$cpus/cpu0/cpufreq/scaling_cur_freq"
}
governors() { cat "$cpus"/cpu?/cpufreq/scaling_governor | tr '\n' ' '; }
old='powersave schedutil '
new='performance performance '

campaign() { # name, [stop]
    printf '[campaign]\nname = %s\nlengths = 2,4\n[edge]\nengine = dnnl\nhidden = 8\ninput = 8\n' "$1"
    printf '[stop]\nci = 0\n%s\n' "$2"
}
campaign short 'max_samples = 20' >"$work/short.ini"
campaign long 'max_samples = 100000000' >"$work/long.ini"
run() { "$BUILD/bin/rnnprof" run --sysroot "$work/root" "$@"; }
wait_for() { # what the governors are to be, within 20 s
    for _ in $(seq 400); do
        # a file that is being written may be seen empty
        [ "$(governors)" = "$1" ] && return 0
        sleep 0.05
    done
    fail "the governors are '$(governors)', not '$1' ($2)"
}

restore
run "$work/short.ini" --db "$work/a.db" 2>"$work/err" >/dev/null || fail "a plain campaign: $(cat "$work/err")"
[ "$(governors)" = "$old" ] || fail "changed without being asked"
grep -q "governor of CPU 0-1 is 'powersave'.*--set-governor" "$work/err" || fail "no warning: $(cat "$work/err")"
grep -q "rounds are flagged" "$work/err" && fail "flagged rounds of a steady clock"

run "$work/short.ini" --db "$work/b.db" --set-governor 2>"$work/err" >/dev/null || fail "$(cat "$work/err")"
[ "$(governors)" = "$old" ] || fail "not given back at the end: $(governors)"
grep -q "governor of CPU" "$work/err" && fail "warns of a governor that is not at work"
# the fingerprint is of the governor that was at work
run "$work/short.ini" --db "$work/b.db" --resume 2>"$work/err" >/dev/null && fail "resumed under another governor"
grep -q "governor 'performance', now 'powersave'" "$work/err" || fail "says: $(cat "$work/err")"

for signal in INT TERM KILL GROUP; do
    restore
    # GROUP: as an impatient Ctrl-C does, twice to all processes of the terminal
    leader=
    [ $signal != GROUP ] || leader=setsid
    $leader "$BUILD/bin/rnnprof" run "$work/long.ini" --sysroot "$work/root" --db "$work/$signal.db" --set-governor >/dev/null 2>"$work/err" &
    pid=$!
    wait_for "$new" "while it runs: $(cat "$work/err")"
    if [ $signal = INT ]; then # and the clock changes meanwhile
        for _ in $(seq 600); do
            [ -s "$work/INT.db" ] && break
            sleep 0.05
        done
        sleep 0.5
        echo 1500000 >"$cpus/cpu0/cpufreq/scaling_cur_freq"
        sleep 0.5
        kill -TERM $pid # bash ignores SIGINT in what it starts in the background
    elif [ $signal = GROUP ]; then
        kill -TERM -- -$pid
        sleep 0.01
        kill -TERM -- -$pid 2>/dev/null
    else
        kill -$signal $pid
    fi
    wait $pid 2>/dev/null
    rc=$?
    case $signal in
    GROUP) [ $rc = 3 ] || [ $rc = 143 ] || fail "exit $rc after two signals" ;;
    KILL) [ $rc = 137 ] || fail "exit $rc after SIGKILL" ;;
    *) [ $rc = 3 ] || fail "exit $rc after a signal: $(cat "$work/err")" ;;
    esac
    wait_for "$old" "after $signal"
    [ $signal != INT ] || grep -q "the clock changed, by up to 25 % .* 2000 to 1500 MHz" "$work/err" ||
        fail "a change of the clock is not told: $(cat "$work/err")"
done
# the next campaign waits for the guard of one that was killed, and a second one is refused
restore
for i in $(seq 10); do
    "$BUILD/bin/rnnprof" run "$work/long.ini" --sysroot "$work/root" --db "$work/k$i.db" --set-governor >/dev/null 2>&1 &
    pid=$!
    wait_for "$new" "in turn $i"
    [ "$i" != 1 ] || { run "$work/short.ini" --db "$work/second.db" --set-governor 2>"$work/err" >/dev/null &&
        fail "two campaigns set the governor"; }
    kill -KILL $pid
    run "$work/short.ini" --db "$work/s$i.db" --set-governor >/dev/null 2>"$work/err2" || fail "$(cat "$work/err2")"
    [ "$(governors)" = "$old" ] || fail "turn $i: left behind: $(governors)"
    wait $pid 2>/dev/null
done
grep -q 'another campaign has set it' "$work/err" || fail "says: $(cat "$work/err")"
# what is refused changes nothing
mkdir -p "$work/none/sys/devices/system/cpu/cpu0"
"$BUILD/bin/rnnprof" run "$work/short.ini" --db "$work/c.db" --set-governor --sysroot "$work/none" \
    2>"$work/err" >/dev/null && fail "a governor where there is none"
grep -q "scaling_governor: there is no such file" "$work/err" || fail "says: $(cat "$work/err")"
[ -e "$work/c.db" ] && fail "a database of a campaign that did not start"
echo "governors are given back"
