# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=dash
# On the board: a campaign against an endpoint that sleeps, its fit, the header.

echo 1 >/proc/sys/kernel/perf_event_paranoid # the kernel's cycles count, too
boardtimer &

# What a request takes besides the sleep: of an endpoint that sleeps for another time, before and
# after the campaign, for it is the host's; after runs on the board as there, for a host that was
# idle takes longer.
cat >way.ini <<TEXT
[campaign]
name = way
lengths = 128,576,1024
[edge]
engine = dnnl
$NETWORK
threads = 1
[nap]
url = $URL
model = nap
[stop]
ci = 0
max_samples = 18
max_time = 1min
TEXT
way() { # NAME
    rnnprof run way.ini --db "$1.db" 2>"/host/out/$1.err"
    rnnprof show --db "$1.db" --json >"/host/out/$1.json"
}

sensor ina226 || exit
way before || exit
cat >campaign.ini <<TEXT
[campaign]
name = board
lengths = 128:1024:224
[edge]
engine = dnnl
$NETWORK
threads = 1
[cloud]
url = $URL
model = sleeper
[energy]
meter = scope=board radio=yes hwmon
windows = 1
[counters]
papi = PAPI_TOT_INS, PAPI_TOT_CYC, CPU_CYCLES:u=1:k=1
[stop]
ci = 1%
max_samples = 30
max_time = 2min
TEXT
rnnprof run campaign.ini --db board.db 2>/host/out/run.err
echo "run $?" >>/host/out/exits
way after || exit
sensor off
rnnprof show --db board.db >/host/out/show.txt
rnnprof show --db board.db --json >/host/out/show.json || exit
rnnfit --db board.db --json -q >/host/out/fit.json || exit
rnnfit --db board.db >/host/out/fit.txt || exit
rnngen --db board.db --name rnn_map --link rtt -o /host/out/rnn_map.h || exit
rnngen --db board.db --name rnn_map --objective energy --link rtt -o /host/out/energy_map.h || exit
cp /tmp/truth.csv board.db /host/out
