#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The link tracker compiles wherever a product does: every C and C++ since C99 and C++98, with all
# warnings, freestanding, in several translation units; for boards where their compilers are
# installed. Its state has 16 bytes, it calls nothing but itself, and nonsense settings are refused.
set -u
mkdir -p "${BUILD:=build}/scratch"
scratch=$(realpath "$(mktemp -d "$BUILD/scratch/link_header.XXXXXX")")
header=$PWD/runtime/rnnmap_link.h
failed=0
warnings='-Wall -Wextra -Wconversion -Wshadow -pedantic -Werror'

fail() {
    echo "FAILED: $*"
    failed=1
}

cat >"$scratch/one.c" <<C
#include "$header"
#include "$header"
extern char size[(sizeof(struct rnnmap_link) == 16) ? 1 : -1];
extern struct rnnmap_link cloud_link;
uint32_t life(uint32_t now_ms, uint32_t us);
uint32_t life(uint32_t now_ms, uint32_t us)
{
    rnnmap_link_init(&cloud_link, us, now_ms);
    rnnmap_link_observe(&cloud_link, now_ms, us, now_ms);
    rnnmap_link_fail(&cloud_link, now_ms, us);
    rnnmap_link_keep(&cloud_link, us);
    return rnnmap_link_rtt_us(&cloud_link, now_ms) + rnnmap_link_patience_us(us);
}
C
sed 's/life/other_life/; s/extern struct/struct/' "$scratch/one.c" >"$scratch/two.c"

check() { # LANGUAGE COMMAND..: compiles, and only cloud_link is wanted from elsewhere
    local language=$1 nm=nm
    shift
    case $1 in *-gcc) nm=${1%gcc}nm ;; esac
    # shellcheck disable=SC2086 # a list of options
    "$@" $warnings -x "$language" -c "$scratch/one.c" -o "$scratch/one.o" || fail "$*"
    wanted=$("$nm" -u "$scratch/one.o" | grep -v ' cloud_link$\| __mul') # AVR multiplies by a call
    [ -z "$wanted" ] || fail "$*: calls $wanted"
}

for standard in c99 c11 c2x; do
    for level in -O0 -O2 -Os; do
        check c gcc -std=$standard -ffreestanding $level
    done
done
for standard in c++98 c++11 c++17; do
    check c++ g++ -std=$standard -O2 -Wold-style-cast -Wuseless-cast
done
for compiler in 'arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb' 'arm-none-eabi-gcc -mcpu=cortex-m4' \
    'riscv64-unknown-elf-gcc' 'avr-gcc -mmcu=atmega328p'; do
    if command -v "${compiler%% *}" >/dev/null; then
        # shellcheck disable=SC2086 # a command and its options
        check c $compiler -std=c99 -ffreestanding -Os
    else
        echo "not compiled for it: ${compiler%% *} is not installed"
    fi
done

gcc -std=c99 -c "$scratch/one.c" -o "$scratch/1.o"
gcc -std=c99 -c "$scratch/two.c" -o "$scratch/2.o"
echo 'int main(void) { return 0; }' | gcc -x c - -x none "$scratch/1.o" "$scratch/2.o" -o "$scratch/both" ||
    fail 'two translation units'

for setting in HALF_LIFE_SHIFT=7 HALF_LIFE_SHIFT=21 RECENT_SHIFT=9 MEAN_SHIFT=17 PATIENCE_SHIFT=9 PROBE_SHIFT=-1; do
    if gcc -fsyntax-only "-DRNNMAP_LINK_$setting" "$scratch/one.c" 2>"$scratch/said"; then
        fail "$setting is accepted"
    fi
    grep -q "RNNMAP_LINK_${setting%%=*} is not in" "$scratch/said" || fail "$setting: $(cat "$scratch/said")"
done

runtime/bench/count_link.sh
[ $failed = 0 ] && echo passed
exit $failed
