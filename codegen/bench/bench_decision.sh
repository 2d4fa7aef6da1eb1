#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a decision costs: headers are generated for three pairs of models (linear, where the break-even
# is never negative and where it begins so; four segments) and their functions are weighed for five
# processors, counted, and timed beside the ways in which products decide without a header.
#
# Instructions: on x86-64 as callgrind counts them; on Cortex-M and RISC-V as QEMU's trace shows them,
# one line per instruction executed; of an AVR the cycles that its timer counts in simavr. Return and
# helper functions included, means over random arguments.
# Times are ratios to a comparison written by hand, the medians of ratios taken in one repeat each.
# Fails where a budget of docs/design.md, section 8, or a target is missed. Run from the root.
set -euo pipefail
BUILD=$(realpath "${BUILD:-build}")
root=$PWD
work=$BUILD/bench/decision
rm -rf "$work"
mkdir -p "$work"
missed=0

# pair | edge and cloud as C: lines {to, intercept us, slope us per step} | form | budgets of
# choose_rtt: instructions on x86-64, bytes on Cortex-M0+, bytes of table
pairs='positive|{{1024,9000,65}}|{{1024,900,12}}|linear|10|36|0
negative|{{1024,120,65}}|{{1024,900,12}}|linear|13|44|0
segments|{{96,120,65},{256,-7560,145},{400,23160,25},{1024,3160,75}}|{{1024,900,12}}|piecewise|-|-|64'

miss() {
    echo "MISSED: $*"
    missed=1
}

at_most() { # WHAT VALUE LIMIT
    awk -v v="$2" -v l="$3" 'BEGIN { exit !(v != "" && v <= l) }' || miss "$1: $2, not at most $3"
}

# Samples on the lines, up to half of the last length: beyond it the header extrapolates.
campaign() { # EDGE CLOUD
    awk -v edge="$1" -v cloud="$2" '
        function at(lines, n,    i, count, part, line) {
            gsub(/[{}]+/, " ", lines)
            count = split(lines, part, " ")
            for (i = 1; i <= count; i++) {
                split(part[i], line, ",")
                if (part[i] != "," && n <= line[1])
                    return line[2] + line[3] * n
            }
        }
        BEGIN {
            print "target,length,time_s,rtt_s"
            for (n = 16; n <= 512; n += 16)
                printf "edge,%d,%.9f,\ncloud,%d,%.9f,0.02\n", n, at(edge, n) * 1e-6, n, at(cloud, n) * 1e-6 + 0.02
        }'
}

generate() { # EDGE CLOUD FORM: imdb.h and models.h
    campaign "$1" "$2" >campaign.csv
    "$BUILD/bin/rnnprof" import campaign.csv --db campaign.db --campaign bench -q >import.log
    "$BUILD/bin/rnnfit" --db campaign.db --form "$3" -q >fit.log
    "$BUILD/bin/rnngen" --db campaign.db --name imdb --link rtt -o imdb.h -q
    {
        echo "#define EDGE $1"
        echo "#define CLOUD $2"
        [ "$3" = linear ] || echo '#define SEGMENTS'
        sed -n 's/^    return n >= \([0-9]*\)u;/#define BY_HAND (\1 - 1)/p' imdb.h
        printf '#ifndef REAL\n#define REAL double\n#endif\n'
    } >models.h
}

weigh() { # PAIR X86_INSTRUCTIONS M0_BYTES TABLE_BYTES
    sh "$root/codegen/bench/count_instructions.sh" imdb.h imdb >sizes
    awk -F'|' 'BEGIN { printf "%-11s %-16s %10s %11s %13s\n", "function", "compiled for", "code bytes", "table bytes", "instructions" }
        { printf "%-11s %-16s %10d %11d %13s\n", $1, $2, $3, $4, $5 }' sizes
    size_of() { awk -F'|' -v f="$1" -v p="$2" -v c="$3" '$1 == f && $2 ~ p { print $c }' sizes; }
    if grep -q x86-64 sizes; then
        at_most "$1: instructions of choose on x86-64" "$(size_of choose x86-64 5)" 4
        [ "$2" = - ] || at_most "$1: instructions of choose_rtt on x86-64" "$(size_of choose_rtt x86-64 5)" "$2"
        at_most "$1: table bytes" "$(size_of choose_rtt x86-64 4)" "$4"
    fi
    if grep -q Cortex-M0+ sizes; then
        at_most "$1: bytes of choose on Cortex-M0+" "$(size_of choose Cortex-M0+ 3)" 16
        [ "$3" = - ] || at_most "$1: bytes of choose_rtt on Cortex-M0+" "$(size_of choose_rtt Cortex-M0+ 3)" "$3"
        at_most "$1: table bytes" "$(size_of choose_rtt Cortex-M0+ 4)" "$4"
    fi
}

# processor | how it is compiled | how it is run
boards='Cortex-M0+ -Os|arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb -T cortex_m.ld cortex_m.c|qemu-system-arm -M microbit -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel
Cortex-M4 -Os|arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -T cortex_m.ld cortex_m.c|qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none -semihosting-config enable=on,target=native -kernel
RV32IMAC -Os|riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 riscv.c|qemu-riscv32'

# The option that gives each instruction a line of the trace; older releases call it -singlestep.
one_by_one() { # QEMU
    if "$1" -help | grep -q -e '-singlestep'; then
        echo -singlestep
    elif case $1 in *-system-*) true ;; *) false ;; esac then
        echo '-accel tcg,one-insn-per-tb=on'
    else
        echo -one-insn-per-tb
    fi
}

# FUNCTION|PROCESSOR|INSTRUCTIONS per call.
count_board() { # PROCESSOR COMPILE RUN
    local compile=$2 run=$3
    if ! command -v "${compile%% *}" "${run%% *}" >/dev/null; then
        echo "not counted for $1: needs ${compile%% *} and ${run%% *}" >&2
        return
    fi
    # shellcheck disable=SC2086 # lists of options
    $compile -std=c99 -Os -ffreestanding -nostdlib -DREAL=float -I. -lgcc -o board.elf
    # shellcheck disable=SC2046,SC2086
    ${run%% *} $(one_by_one "${run%% *}") -d exec,nochain -D trace ${run#"${run%% *}"} board.elf >/dev/null 2>&1 </dev/null
    awk -v processor="$1" '
        BEGIN { n_names = split("nothing by_hand choose choose_rtt rule_list floating_point", names, " ")
                for (i in names) is_one[names[i]] = 1 }
        /^Trace/ && $NF == "call_all" { current = "" }
        /^Trace/ && $NF != "call_all" { if (current == "" && $NF in is_one) current = $NF
                                        if (current != "") n[current]++ }
        END { for (i = 1; i <= n_names; i++) printf "%s|%s|%.1f\n", names[i], processor, n[names[i]] / 256 }' trace
    rm -f trace
}

# The AVR counts its own clock's cycles.
count_avr() {
    if ! command -v avr-gcc simavr >/dev/null; then
        echo "not counted for the ATmega328P: needs avr-gcc and simavr" >&2
        return
    fi
    avr-gcc -std=c99 -Os -mmcu=atmega328p -DREAL=float -I. "$root/codegen/bench/board/avr.c" -o avr.elf
    simavr -m atmega328p -f 16000000 avr.elf 2>&1 </dev/null |
        sed -n 's/\x1b\[[0-9]*m//g; s/^\([a-z_]*\)|\([0-9]*\)\.*$/\1|AVR, cycles|\2/p'
}

count_host() {
    if ! command -v valgrind >/dev/null || [ "$(uname -m)" != x86_64 ]; then
        echo "not counted on this machine: needs valgrind and x86-64" >&2
        return
    fi
    valgrind --tool=callgrind --callgrind-out-file=callgrind.out ./loop once >valgrind.log 2>&1
    callgrind_annotate --inclusive=yes --threshold=100 callgrind.out |
        sed -n 's/^ *\([0-9,]*\) .*[ /][a-z_]*\.[ch]:\([a-z_]*\) .*/\2|\1/p' |
        tr -d , | awk -F'|' '/^(nothing|by_hand|choose|choose_rtt|rule_list|floating_point|json_lookup)\|/ && !seen[$1]++ {
            printf "%s|x86-64 -O2|%.1f\n", $1, $2 / 4096 }'
}

count() {
    count_host
    cp "$root"/runtime/examples/{cortex_m.c,cortex_m.ld,riscv.c} .
    cp "$root"/codegen/bench/board/choices.h "$root"/codegen/bench/decisions.h .
    while IFS='|' read -r processor compile run; do
        count_board "$processor" "$compile" "$run"
    done <<<"$boards"
    count_avr
}

show() {
    awk -F'|' '
        FILENAME == "counts" { counted[$1 "|" $2] = $3; if (!known[$2]++) processors[++n] = $2; next }
        FNR == 1 {
            printf "%-15s %12s %12s %12s %10s", "decision", "ns per call", "to by_hand", "to floating", "otherwise"
            for (i = 1; i <= n; i++) printf " %14s", processors[i]
            printf "\n"
        }
        {
            printf "%-15s %12s %12s %12s %8s %%", $1, $2, $3, $4, $5
            for (i = 1; i <= n; i++) {
                key = $1 "|" processors[i]
                printf " %14s", key in counted ? counted[key] : "-"
            }
            printf "\n"
        }' counts timed
}

value() { # FILE FUNCTION COLUMN [PROCESSOR]
    awk -F'|' -v f="$2" -v c="$3" -v p="${4-}" '$1 == f && (p == "" || $2 == p) { print $c }' "$1"
}

while IFS='|' read -r pair edge cloud form x86 m0 table; do
    mkdir -p "$work/$pair"
    cd "$work/$pair"
    echo "-- $pair: edge $edge, cloud $cloud"
    generate "$edge" "$cloud" "$form"
    weigh "$pair" "$x86" "$m0" "$table"
    gcc -std=c11 -D_GNU_SOURCE -O2 -g -I. -I"$root" -I"$root/codegen/bench" "$root/codegen/bench/decision_loop.c" \
        "$root/base/clock.c" -ljansson -o loop
    ./loop >timed
    count >counts
    echo
    show
    echo
    at_most "$pair: time of choose to that of a comparison by hand" "$(value timed choose 3)" 1.3
    [ "$(uname -m)" != x86_64 ] || at_most "$pair: time of choose_rtt to that of floating point" "$(value timed choose_rtt 4)" 1
    at_most "$pair: choose_rtt decides otherwise than the models, %" "$(value timed choose_rtt 5)" 0.1
    if grep -q 'Cortex-M0+' counts; then
        at_most "$pair: 3 x instructions of choose_rtt on Cortex-M0+, to floating point's" \
            "$(awk -v v="$(value counts choose_rtt 3 'Cortex-M0+ -Os')" 'BEGIN { print 3 * v }')" \
            "$(value counts floating_point 3 'Cortex-M0+ -Os')"
    fi
done <<<"$pairs"
cat <<'TEXT'
otherwise: decisions that differ from the models', in a hundred; by_hand and choose know only the design link.
Instructions are executed ones (of the AVR: cycles); floating_point is of type double on x86-64 and float elsewhere.
TEXT
exit $missed
