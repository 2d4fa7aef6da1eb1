#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The examples, built and run by the very lines of their head comments, for each of two headers: one
# of straight lines, one of segments, and for the table of the latter as data. On every processor the
# choices are the host's.
# The compilers for boards are optional: `scripts/setup --with boards`.
set -u
BUILD=$(realpath "${BUILD:-build}")
mkdir -p "$BUILD/scratch"
scratch=$(mktemp -d "$BUILD/scratch/boards.XXXXXX")
examples=$PWD/runtime/examples
failed=0
left_out=

fail() {
    echo "FAILED: $*"
    failed=1
}

# example | processors that its head comment's lines run it on | what they need
table='host.c|1|gcc
cortex_m.c|2|arm-none-eabi-gcc qemu-system-arm
riscv.c|2|riscv64-unknown-elf-gcc qemu-riscv64
avr.c|1|avr-gcc simavr
product.cpp|1|g++
product.py|1|gcc python3'

campaign() { # straight lines; or, on the device, a cache that overflows twice
    if [ "$1" = lines ]; then
        cat "$examples/campaign.csv"
    else
        awk -F, -v OFS=, 'NR > 1 && $1 == "edge" {
            $3 += ($2 > 96 ? ($2 - 96) * 8e-5 : 0) - ($2 > 256 ? ($2 - 256) * 1.2e-4 : 0) } { print }' \
            "$examples/campaign.csv"
    fi
}

generate() { # SHAPE FORM: imdb.h
    campaign "$1" >"$1.csv"
    "$BUILD/bin/rnnprof" import "$1.csv" --db "$1.db" --campaign example -q &&
        "$BUILD/bin/rnnfit" --db "$1.db" --form "$2" -q >/dev/null &&
        "$BUILD/bin/rnngen" --db "$1.db" --name imdb --link rtt -o imdb.h --binary imdb.rmt -q &&
        "$BUILD/bin/rnngen" --check imdb.h --db "$1.db" -q
}

as_data() { # imdb.h becomes one whose functions ask the table in imdb.rmt
    {
        echo '#include "rnnmap_table.h"'
        grep '^#define IMDB_N_MAX\|^enum { IMDB_' imdb.h
        echo 'static const uint8_t imdb_bytes[] = {'
        od -An -v -tu1 imdb.rmt | sed 's/[0-9][0-9]*/&,/g'
        cat <<'END'
};
static inline const struct rnnmap_table *imdb_table(void)
{
    static struct rnnmap_table table;
    if (table.n_targets == 0)
        (void)rnnmap_table_open(imdb_bytes, sizeof imdb_bytes, &table);
    return &table;
}
static inline int imdb_choose(uint32_t n) { return rnnmap_table_choose(imdb_table(), n); }
static inline int imdb_choose_rtt(uint32_t n, uint32_t rtt_us)
{
    return rnnmap_table_choose_rtt(imdb_table(), n, rtt_us);
}
static inline uint32_t imdb_remote_us(uint32_t n) { return rnnmap_table_remote_us(imdb_table(), n); }
END
    } >data.h
    mv data.h imdb.h
}

try() { # EXAMPLE: runs the lines; EXAMPLE.out gets what is printed, by emulators on standard error
    awk '{ line = $0; sub(/^[ *]*/, "", line) }
        line ~ /^\$ / || more { sub(/^\$ /, "", line); print line; more = line ~ /\\$/ }' "$1" >"$1.sh"
    [ -s "$1.sh" ] || fail "$1 does not say how it is built"
    sh -eu "$1.sh" >"$1.out" 2>&1 </dev/null || fail "$1: $(tail -n 5 "$1.out")"
}

choose() { # SHAPE
    local name runs tools tool want got
    while IFS='|' read -r name runs tools; do
        # the emulated AVR takes its time over products of 64 bits
        [ "$1 $name" = 'data avr.c' ] && [ -z "${RNNMAP_LONG-}" ] && continue
        for tool in $tools; do
            command -v "$tool" >/dev/null && continue
            left_out="$left_out$name: $tool is not installed"$'\n'
            continue 2
        done
        try "$name"
        # simavr colours what its serial port says
        got=$(grep -ao 'cloud [0-9a-f]* hash [0-9a-f]*' "$name.out" | sort | uniq -c | sed 's/^ *//')
        : "${want=${got#* }}" # the first is the host
        [ "${want:+$got}" = "$runs $want" ] ||
            fail "$name with a header of $1: $got times; the host: $want"
    done <<<"$table"
    echo "$1: $want" | tee -a choices
}

# The product that uses libcurl, against a server, and against none.
serve() {
    "$BUILD/bin/rnnserve" --listen 127.0.0.1:0 \
        --model net=dnnl:cell=gru,hidden=16,input=16,vocabulary=50 >url 2>/dev/null &
    server=$!
    trap 'kill "$server" 2>/dev/null' EXIT
    for _ in {1..100}; do
        grep -qs listening url && break
        sleep 0.1
    done
    try product_curl.c
    ./product_curl "$(sed 's/listening on //' url)/v2/models/net/infer" 5 400 500 5 >live || fail "$(cat live)"
    grep -q 'n   400.*cloud.*"outputs"\|n   400.*cloud.*model_name' live || fail "400 steps are offloaded: $(cat live)"
    grep -q 'n     5.* edge .*state' live || fail "5 steps stay here: $(cat live)"
    ./product_curl http://127.0.0.1:9/v2/models/net/infer 400 400 >dead || fail "$(cat dead)"
    [ "$(grep -c FAILED dead), $(grep -c ': edge' dead)" = '1, 1' ] ||
        fail "no endpoint: tried once, then left alone: $(cat dead)"
}

cd "$scratch" || exit 1
cp "$examples"/* "$examples"/../rnnmap_*.h .
for shape in 'lines linear' 'segments piecewise'; do
    # shellcheck disable=SC2086 # a shape and a form
    generate $shape || { fail "no header of $shape"; continue; }
    choose "${shape% *}"
done
grep -q 'rows\[\]' imdb.h || fail "the second header is not one of segments"
serve
as_data
choose data
[ "$(sed -n 's/^segments: //p' choices)" = "$(sed -n 's/^data: //p' choices)" ] ||
    fail "the table as data does not choose as its header"
[ -n "$left_out" ] && echo "$left_out" | sort -u | sed -n 's/^\(.*not installed\)$/[  SKIPPED ] \1/p'
[ $failed = 0 ] && echo passed
exit $failed
