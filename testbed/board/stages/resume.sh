# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: the sensor's driver is taken away in mid-campaign and given back.

sensor ina226 || exit
cat >resume.ini <<TEXT
[campaign]
name = resume
lengths = 16,64,128
[edge]
engine = dnnl
$NETWORK
threads = 1
[energy]
meter = hwmon
windows = 4
[stop]
ci = 0
max_samples = 6
max_time = 3min
TEXT
run() { # NAME OPTION...
    name=$1
    shift
    rnnprof run resume.ini --db resume.db "$@" 2>"/host/out/$name.err"
    echo "$name $?" >>/host/out/exits
    rnnprof show --db resume.db --json >"/host/out/$name.json"
}

(
    # once the first windows are stored
    while [ "$(rnnprof show --db resume.db --json 2>/dev/null | grep -c '"busy"')" -lt 4 ]; do
        sleep 1
    done
    sensor unbind
    touch unbound
) &
run cut
wait
[ -e unbound ] || echo "the campaign ended before the driver was taken away" >>/host/out/cut.err
run without --resume
sensor bind || exit
run resumed --resume
