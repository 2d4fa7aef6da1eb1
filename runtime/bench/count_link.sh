#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the link tracker compiles to: instructions on x86-64 at -O2 (return included) and bytes on a
# Cortex-M0+ at -Os (constants included), one line per function, and the bytes of all of them where
# a program uses each.
set -eu
header=$(realpath "$(dirname "$0")/../rnnmap_link.h")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/functions.c" <<C
#include "$header"
void init(struct rnnmap_link *l, uint32_t rtt_us, uint32_t now_ms) { rnnmap_link_init(l, rtt_us, now_ms); }
uint32_t rtt_us(const struct rnnmap_link *l, uint32_t now_ms) { return rnnmap_link_rtt_us(l, now_ms); }
void observe(struct rnnmap_link *l, uint32_t now_ms, uint32_t elapsed_us, uint32_t expected_us)
{
    rnnmap_link_observe(l, now_ms, elapsed_us, expected_us);
}
void fail(struct rnnmap_link *l, uint32_t now_ms, uint32_t elapsed_us) { rnnmap_link_fail(l, now_ms, elapsed_us); }
void keep(struct rnnmap_link *l, uint32_t local_us) { rnnmap_link_keep(l, local_us); }
C
case $(uname -m) in
x86_64)
    gcc -std=c99 -O2 -ffreestanding -fcf-protection=none -c "$work/functions.c" -o "$work/x86.o"
    objdump -d --no-show-raw-insn "$work/x86.o" | awk '
        />:$/ { gsub(/[<>:]/, "", $2); f = $2; n[f] = last[f] = 0; order[++k] = f }
        /^ / { n[f]++; if ($2 ~ /^(ret|jmp|call)/) last[f] = n[f] }
        END { for (i = 1; i <= k; i++) print order[i], "x86-64 -O2", last[order[i]], "instructions" }'
    ;;
*) echo "x86-64: not this machine" ;;
esac
if command -v arm-none-eabi-gcc >/dev/null; then
    arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding \
        -c "$work/functions.c" -o "$work/arm.o"
    arm-none-eabi-nm -S "$work/arm.o" | while read -r _ size kind symbol; do
        case ${kind:-} in [Tt]) echo "$symbol Cortex-M0+ -Os $((0x$size)) bytes" ;; esac
    done
    arm-none-eabi-size "$work/arm.o" | awk 'NR == 2 { print "all of them Cortex-M0+ -Os", $1, "bytes" }'
else
    echo "Cortex-M0+: arm-none-eabi-gcc is not installed"
fi
