# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034 # who sources this uses what it sets
# The stage of the demo and the replay, sourced by both: a network that runs on this machine twice, once
# slowed down to play a small device and once behind a real HTTP endpoint.

bin=${BUILD:-build}/bin
network=cell=lstm,hidden=256,layers=2,bidirectional=true,input=128,vocabulary=10000,seed=7
network_name="A bidirectional LSTM, two layers of 256 units over 10,000 embedded words,"

# The endpoint is faster by its instructions: one thread needs no second core to itself. The cap of the
# device's exists on x86 only; elsewhere the endpoint takes all cores instead.
isa=${EDGE_ISA-sse41}
case $(uname -m) in x86_64 | i?86) ;; *) isa= ;; esac
threads=$([ -n "$isa" ] && echo 1 || echo 0)
# OpenMP workers that share the cores with other processes lose least when they spin for about a
# millisecond before they sleep (by trial on two virtual cores).
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-100000}

server=
link=
finish() {
    [ -z "$link" ] || kill "$link" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait "$server" "$link" 2>/dev/null || true
}
trap finish EXIT

step() { printf '\n== %s\n\n' "$*"; }

# Starts a program in the background and waits for its line "listening on ADDRESS".
start() { # VARIABLE LOG COMMAND...
    local variable=$1 log=$2
    shift 2
    "$@" >"$log" 2>"$log.err" &
    printf -v "$variable" %s $!
    for _ in $(seq 1200); do # PyTorch takes its time
        address=$(sed -n 's/^listening on //p' "$log")
        [ -n "$address" ] && return
        kill -0 "${!variable}" 2>/dev/null || break
        sleep 0.05
    done
    cat "$log.err" >&2
    echo "${0##*/}: $1 did not start" >&2
    exit 1
}

start_server() { # FOLDER
    start server "$1/rnnserve.log" "$bin/rnnserve" --listen 127.0.0.1:0 \
        --model "sentiment=dnnl:$network,threads=$threads"
    server_at=${address#http://}
}

# A campaign over this device and an endpoint: thirty rounds of every length, or what fits.
write_campaign() { # NAME LENGTHS URL MAX_TIME
    echo "# Written by scripts/${0##*/}."
    echo "[campaign]"
    echo "name = $1"
    echo "lengths = $2"
    echo "[edge]"
    echo "engine = dnnl"
    tr ',' '\n' <<<"$network"
    echo "threads = 1"
    [ -z "$isa" ] || echo "isa = $isa"
    echo "[cloud]"
    echo "url = $3"
    echo "model = sentiment"
    echo "[stop]"
    echo "# ci = 2% would go on until each mean is known to 2 %."
    echo "ci = 0"
    echo "max_samples = 30"
    echo "max_time = $4"
}

# rnnprof exits with 3 when the time ends before the rounds do; that is enough here.
measure() { # CAMPAIGN.ini DB
    "$bin/rnnprof" run "$1" --db "$2" || [ $? = 3 ]
}
