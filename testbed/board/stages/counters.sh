# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: loops whose instructions are known, and an LSTM, counted by the profiler.

loop() { # NAME THREADS MULTIPLEX EVENTS
    cat >"$1.ini" <<TEXT
[campaign]
name = $1
lengths = 1,1000,10000,50000
[edge]
engine = plugin
library = /bin/loop_engine.so
options = 2000
threads = $2
[counters]
papi = $4
multiplex = $3
[stop]
ci = 0
max_samples = 5
TEXT
    rnnprof run "$1.ini" --db counters.db 2>"/host/out/$1.err"
    echo "$1 $?" >>/host/out/exits
}

both='PAPI_TOT_INS, PAPI_TOT_CYC'
more="PAPI_BR_INS, PAPI_BR_MSP, PAPI_TOT_IIS, PAPI_LD_INS, PAPI_SR_INS, PAPI_L1_ICA, PAPI_L1_ICM"
loop exact 1 false "$both"
loop workers 2 false "$both"
loop crowded 1 false "$both, $more"
loop absent 1 false "$both, PAPI_BR_INS"
loop turns 1 true "$both, $more"

cat >lstm.ini <<TEXT
[campaign]
name = lstm
lengths = 16:256:16
[edge]
engine = dnnl
$NETWORK
threads = 1
[host]
url = $URL
model = lstm
[counters]
papi = $both
[stop]
ci = 0
max_samples = 5
TEXT
rnnprof run lstm.ini --db counters.db 2>/host/out/lstm.err
echo "lstm $?" >>/host/out/exits

for name in exact workers turns lstm; do
    rnnprof show --db counters.db --campaign $name --json >/host/out/$name.json || exit
done
