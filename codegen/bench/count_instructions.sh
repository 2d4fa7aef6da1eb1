#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What the functions of a generated header compile to: bytes of code (constants included) and of
# tables on every processor whose compiler is there, and on x86-64 the instructions (return
# included). One line per function and processor: FUNCTION|PROCESSOR|CODE|TABLE|INSTRUCTIONS.
#   count_instructions.sh HEADER.h NAME
set -eu
header=$(realpath "$1") name=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

processors() { # name | compiler and options
    [ "$(uname -m)" != x86_64 ] || echo 'x86-64 -O2|gcc -O2 -fcf-protection=none -fno-asynchronous-unwind-tables'
    cat <<'TABLE'
Cortex-M0+ -Os|arm-none-eabi-gcc -Os -mcpu=cortex-m0plus -mthumb
Cortex-M4 -Os|arm-none-eabi-gcc -Os -mcpu=cortex-m4 -mthumb
RV32IMAC -Os|riscv64-unknown-elf-gcc -Os -march=rv32imac -mabi=ilp32
ATmega328P -Os|avr-gcc -Os -mmcu=atmega328p
TABLE
}

# A function that only hands its arguments to the one of the header, which is inlined.
sed -n "s/^static inline \([a-z0-9_]*\) ${name}_\([a-z_]*\)(\(.*\))\$/\1|\2|\3/p" "$header" |
    while IFS='|' read -r type function parameters; do
        arguments=$(echo "$parameters" | sed 's/[a-z0-9_ ]* \**\([a-z0-9_]*\)/\1/g; s/,/, /g')
        {
            echo "#include \"$header\""
            echo "$type $function($parameters);"
            echo "$type $function($parameters) { return ${name}_$function($arguments); }"
        } >"$function.c"
    done

processors | while IFS='|' read -r processor compile; do
    tools=${compile%%gcc*}
    command -v "${compile%% *}" >/dev/null || continue
    for source in *.c; do
        function=${source%.c}
        $compile -std=c99 -ffreestanding -c "$source" -o object.o
        instructions=
        case $processor in x86*)
            instructions=$(objdump -d --no-show-raw-insn object.o | awk '
                /^ / { n++; if ($2 ~ /^(ret|jmp|call)/) last = n } END { print last }') ;;
        esac
        "${tools}size" -A object.o | awk -v line="$function|$processor" -v instructions="$instructions" '
            $1 ~ /^\.text/ { code += $2 }
            $1 ~ /^\.(rodata|data)/ { table += $2 }
            END { printf "%s|%d|%d|%s\n", line, code, table, instructions }'
    done
done
