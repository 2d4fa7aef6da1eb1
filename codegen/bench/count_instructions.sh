#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the functions of a generated header compile to: instructions on x86-64 at -O2 (return
# included) and bytes on a Cortex-M0+ at -Os (constants included), one line per function.
#   count_instructions.sh HEADER.h NAME
set -eu
header=$1 name=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    echo "#include \"$header\""
    echo "int choose(uint32_t n) { return ${name}_choose(n); }"
    grep -q "${name}_choose_rtt(" "$header" &&
        echo "int choose_rtt(uint32_t n, uint32_t rtt_us) { return ${name}_choose_rtt(n, rtt_us); }"
    echo "uint32_t remote_us(uint32_t n) { return ${name}_remote_us(n); }"
} >"$work/functions.c"
case $(uname -m) in
x86_64)
    gcc -std=c99 -O2 -ffreestanding -fcf-protection=none -I. -c "$work/functions.c" -o "$work/x86.o"
    objdump -d --no-show-raw-insn "$work/x86.o" | awk '
        />:$/ { gsub(/[<>:]/, "", $2); f = $2; n[f] = last[f] = 0; order[++k] = f }
        /^ / { n[f]++; if ($2 ~ /^(ret|jmp|call)/) last[f] = n[f] }
        END { for (i = 1; i <= k; i++) print order[i], "x86-64 -O2", last[order[i]], "instructions" }'
    ;;
*) echo "x86-64: not this machine" ;;
esac
if command -v arm-none-eabi-gcc >/dev/null; then
    arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding -I. \
        -c "$work/functions.c" -o "$work/arm.o"
    arm-none-eabi-nm -S "$work/arm.o" | while read -r _ size kind symbol; do
        [ "${kind:-}" != T ] || echo "$symbol Cortex-M0+ -Os $((0x$size)) bytes"
    done
else
    echo "Cortex-M0+: arm-none-eabi-gcc is not installed"
fi
