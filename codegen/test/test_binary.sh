#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# rnngen --binary and --check of what it wrote: beside a header and alone, damaged, signed, of other
# samples, and where it cannot be written.
set -u
mkdir -p "${BUILD:=build}/scratch"
folder=$(mktemp -d "$BUILD/scratch/binary.XXXXXX")
failed=0

check() { # WHAT CONDITION..
    local what=$1
    shift
    test "$@" || { echo "FAILED: $what: test $*"; failed=1; }
}

run() { # STATUS PART RNNGEN-ARGUMENTS..: runs it and looks at its exit status and message
    local status=$1 part=$2 got message
    shift 2
    message=$("$BUILD/bin/rnngen" "$@" 2>&1 >"$folder/out")
    got=$?
    [ $got = "$status" ] || { echo "FAILED: rnngen $*: exit $got, not $status: $message"; failed=1; }
    case $message in
    *"$part"*) ;;
    *) echo "FAILED: rnngen $*: no '$part' in: $message"; failed=1 ;;
    esac
}

database() { # NAME EDGE_US_PER_STEP: samples on two lines, fitted
    awk -v slope="$2" 'BEGIN {
        print "target,length,time_s,rtt_s"
        for (round = 0; round < 6; round++)
            for (n = 1; n <= 500; n += 27) {
                noise = (n * 7919 + round * 104729) % 2003 * 1e-9
                printf "edge,%d,%.9f,\ncloud,%d,%.9f,0.02\n", n, 1.2e-4 + slope * 1e-6 * n + noise,
                    n, 0.0209 + 12e-6 * n + noise
            }
    }' >"$folder/$1.csv"
    "$BUILD/bin/rnnprof" import "$folder/$1.csv" --db "$folder/$1.db" --campaign 'a campaign' -q &&
        "$BUILD/bin/rnnfit" -q --db "$folder/$1.db" >/dev/null || failed=1
}

database a 65
database b 66
a=$folder/a.db
run 0 'worst regret' --db "$a" --name m --link rtt -o "$folder/m.h" --binary "$folder/m.rmt"
run 0 '' -q --db "$a" --name m --link rtt --binary "$folder/again.rmt"
check 'equal bytes' "$(cksum <"$folder/m.rmt")" = "$(cksum <"$folder/again.rmt")"
run 0 '' -q --db "$a" --name m --link rtt --binary - -o "$folder/again.h"
check 'printed' "$(cksum <"$folder/out")" = "$(cksum <"$folder/m.rmt")"
check 'the same header beside it' "$(cksum <"$folder/m.h")" = "$(cksum <"$folder/again.h")"
run 0 '' --db "$a" --name m --json --binary "$folder/again.rmt"
check 'json' "$(jq -r .binary "$folder/out")" = "$folder/again.rmt"

# header and table give the same answers
cat >"$folder/same.c" <<'END'
#include "m.h"
#include "runtime/rnnmap_table.h"
#include <stdio.h>
int main(void)
{
    static unsigned char bytes[4096];
    struct rnnmap_table table;
    size_t n = fread(bytes, 1, sizeof bytes, stdin);
    if (rnnmap_table_open(bytes, n, &table) != RNNMAP_TABLE_OK || table.n_max != M_N_MAX)
        return 2;
    for (uint32_t i = 0; i < 1200; i++) {
        for (uint32_t rtt_us = 0; rtt_us < 70000; rtt_us += 13) {
            if (rnnmap_table_choose_rtt(&table, i, rtt_us) != m_choose_rtt(i, rtt_us))
                return 3;
        }
        if (rnnmap_table_choose(&table, i) != m_choose(i) ||
            rnnmap_table_remote_us(&table, i) != m_remote_us(i))
            return 4;
    }
    return 0;
}
END
gcc -std=c99 -O2 -I. -I"$folder" -o "$folder/same" "$folder/same.c" && "$folder/same" <"$folder/m.rmt"
check 'the answers of header and table' $? = 0

for link in rtt fixed:7.125ms; do
    run 0 '' -q --db "$a" --name m --link $link --binary "$folder/c.rmt" --max-regret 1%
    run 0 '' --check "$folder/c.rmt" --db "$a"
    check 'says so' "$(grep -c 'equal to what rnngen makes' "$folder/out")" = 1
done
# over bandwidth, and between two endpoints
endpoints() { # NAME ENDPOINT..: samples over two round trips at 1 us per byte, fitted
    local name=$1
    shift
    awk -v places="$*" 'BEGIN {
        print "target,length,time_s,rtt_s,bytes_up,bytes_down,up_ps_per_byte,down_ps_per_byte"
        n_places = split(places, place, " ")
        for (round = 0; round < 6; round++)
            for (n = 1; n <= 500; n += 27) {
                noise = (n * 7919 + round * 104729) % 2003 * 1e-9
                printf "edge,%d,%.9f,,,,,\n", n, 1.2e-4 + 65e-6 * n + noise
                for (i = 1; i <= n_places; i++) {
                    rtt = (round % 2 ? 0.02 : 0.005) * i
                    bytes = 100 + 10 * n
                    printf "%s,%d,%.9f,%.6f,%d,300,1000000,0\n", place[i], n,
                        1e-3 + 20e-6 / i * n + rtt + bytes * 1e-6 + noise, rtt, bytes
                }
            }
    }' >"$folder/$name.csv"
    "$BUILD/bin/rnnprof" import "$folder/$name.csv" --db "$folder/$name.db" --campaign c -q >"$folder/log" &&
        "$BUILD/bin/rnnfit" -q --db "$folder/$name.db" >"$folder/log" || failed=1
}

endpoints one cloud
endpoints two near far
run 0 '' -q --db "$folder/one.db" --name l --link rtt+bandwidth -o "$folder/l.h" --binary "$folder/one.rmt"
run 0 '' --check "$folder/one.rmt" --db "$folder/one.db"
run 0 '' -q --db "$folder/two.db" --name t --link rtt -o "$folder/t.h" --binary "$folder/two.rmt"
run 0 '' --check "$folder/two.rmt" --db "$folder/two.db"
cat >"$folder/links.c" <<'END'
#include "l.h"
#include "t.h"
#include "runtime/rnnmap_table_links.h"
#include <stdio.h>
static unsigned char bytes[2][8192];
static struct rnnmap_table tables[2];
static uint32_t draw(void)
{
    static uint64_t state = 9;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32) >> (state >> 20 & 31);
}
int main(int argc, char **argv)
{
    long counts[2][3] = {{0}};
    for (int i = 0; i < 2; i++) {
        FILE *file = argc == 3 ? fopen(argv[1 + i], "rb") : NULL;
        size_t n = file ? fread(bytes[i], 1, sizeof bytes[i], file) : 0;
        if (rnnmap_table_open(bytes[i], n, &tables[i]) != RNNMAP_TABLE_OK)
            return 2;
    }
    for (int i = 0; i < 300000; i++) {
        uint32_t n = draw() >> (i % 3 ? 16 : 0), up = draw(), down = draw();
        struct t_link two[2] = {{draw()}, {draw()}};
        struct rnnmap_table_link links[2] = {{two[0].rtt_us, 0, 0}, {two[1].rtt_us, 0, 0}};
        int by_link = l_choose_link(n, two[0].rtt_us, up, down), by_links = t_choose_links(n, two);
        counts[0][by_link]++;
        counts[1][by_links]++;
        if (rnnmap_table_choose_link(&tables[0], n, two[0].rtt_us, up, down) != by_link ||
            rnnmap_table_choose_links(&tables[1], n, links) != by_links ||
            rnnmap_table_choose(&tables[1], n) != t_choose(n) ||
            rnnmap_table_target_remote_us(&tables[1], 2, n) != t_far_remote_us(n))
            return 3;
    }
    return counts[0][0] && counts[0][1] && counts[1][0] && counts[1][1] && counts[1][2] ? 0 : 4;
}
END
gcc -std=c99 -O2 -Wno-missing-field-initializers -I. -I"$folder" -o "$folder/links" "$folder/links.c" &&
    "$folder/links" "$folder/one.rmt" "$folder/two.rmt"
check 'the answers of headers and tables over links' $? = 0

printf 'length,count\n5,3\n400,9\n' >"$folder/lengths.csv"
run 0 '' -q --db "$a" --name m --lengths "$folder/lengths.csv" --binary "$folder/l.rmt"
run 0 '' --check "$folder/l.rmt" --db "$a" --lengths "$folder/lengths.csv"
run 1 'lengths' --check "$folder/l.rmt" --db "$a"
run 0 '' --check "$folder/m.h" --db "$a"
run 0 '' --check "$folder/m.rmt" --db "$a" --json
check 'json of a check' "$(jq -r .binary "$folder/out")" = "$folder/m.rmt"
run 1 'other samples' --check "$folder/m.rmt" --db "$folder/b.db"
{ cat "$folder/m.rmt"; echo signature; } >"$folder/signed.rmt"
run 0 '' --check "$folder/signed.rmt" --db "$a"
head -c 10 "$folder/m.rmt" >"$folder/short.rmt"
run 1 'truncated' --check "$folder/short.rmt" --db "$a"
head -c 100 "$folder/m.rmt" >"$folder/cut.rmt"
run 1 'truncated' --check "$folder/cut.rmt" --db "$a"
sed 's/max-regret 0/max-regret 1/' "$folder/m.rmt" >"$folder/edited.rmt"
run 1 'checksum' --check "$folder/edited.rmt" --db "$a"
# edited by somebody who knows about checksums: the version, then the decision
python3 - "$folder" <<'END'
import struct, sys, zlib
folder = sys.argv[1]
table = open(folder + "/m.rmt", "rb").read()[:-4]
def write(name, changed):
    open(f"{folder}/{name}.rmt", "wb").write(changed + struct.pack("<I", zlib.crc32(changed)))
write("version", table.replace(b"rnngen 0.", b"rnngen 9."))
write("decision", table[:34] + bytes([table[34] ^ 1]) + table[35:])
write("empty", table[:8] + struct.pack("<I", 16))
write("newer", table[:4] + b"\2" + table[5:])
END
run 1 'another version of rnngen (9.' --check "$folder/version.rmt" --db "$a"
run 1 'byte 34 differs' --check "$folder/decision.rmt" --db "$a"
run 1 'not a table made by rnngen' --check "$folder/empty.rmt" --db "$a"
run 1 'newer version' --check "$folder/newer.rmt" --db "$a"

run 2 'leave out' --check "$folder/m.rmt" --db "$a" --binary "$folder/x.rmt"
run 2 'same file' --db "$a" --name m -o "$folder/x" --binary "$folder/x"
run 2 'standard output' --db "$a" --name m -o - --binary -
run 2 'standard output' --db "$a" --name m --json --binary -
run 2 '--binary FILE.rmt' --db "$a" --name m
run 1 'cannot be written' --db "$a" --name m -o "$folder/never.h" --binary "$folder/no/such.rmt"
check 'no half of a pair' ! -e "$folder/never.h"
check 'nothing left beside' -z "$(find "$folder" -name '*.part')"
[ $failed = 0 ] && rm -rf "$folder" && echo 'tables as data: written, checked, refused'
exit $failed
