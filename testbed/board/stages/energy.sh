# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: the LSTM's energy by a sensor of power and by a counter of energy, beside the truth.

measure() { # CHIP METER
    sensor "$1" || exit
    cat >"$1.ini" <<TEXT
[campaign]
name = $1
lengths = 16,64,160,256
[edge]
engine = dnnl
$NETWORK
threads = 1
[energy]
meter = $2
windows = 2
[counters]
papi = PAPI_TOT_INS, PAPI_TOT_CYC
[stop]
ci = 0
max_samples = 3
max_time = 3min
TEXT
    rnnprof run "$1.ini" --db energy.db 2>"/host/out/$1.err"
    echo "$1 $?" >>/host/out/exits
    rnnprof show --db energy.db --campaign "$1" --json >"/host/out/$1.json" || exit
    sensor off
    cp /tmp/truth.csv "/host/out/$1.truth.csv"
}

measure ina226 hwmon
measure powercap powercap
