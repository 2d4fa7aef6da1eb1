// SPDX-License-Identifier: 0BSD
/*
 * The header on RISC-V without libc, start-up code below. Text and exit status leave by system
 * calls, which QEMU answers; on a board of your own put its serial port there.
 *
 * 32 bits, with compressed instructions, as microcontrollers have them:
 *     $ riscv64-unknown-elf-gcc -std=c99 -Os -march=rv32imac -mabi=ilp32 -ffreestanding -nostdlib \
 *           riscv.c -lgcc -o rv32.elf
 *     $ qemu-riscv32 rv32.elf
 * 64 bits:
 *     $ riscv64-unknown-elf-gcc -std=c99 -Os -march=rv64gc -mabi=lp64d -ffreestanding -nostdlib \
 *           riscv.c -lgcc -o rv64.elf
 *     $ qemu-riscv64 rv64.elf
 */
#include "choices.h"

enum { STANDARD_OUTPUT = 1, SYS_WRITE = 64, SYS_EXIT = 93 };

static void system_call(long number, long a, const void *b, long c)
{
    register long a0 __asm__("a0") = a;
    register const void *a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
}

int main(void)
{
    static char text[CHOICES_TEXT_SIZE];
    long length = 0;
    choices_make(text);
    while (text[length] != '\0')
        length++;
    system_call(SYS_WRITE, STANDARD_OUTPUT, text, length);
    return 0;
}

/* ---- start-up: the global pointer, main, the end. QEMU has set the stack. */

__attribute__((used)) static void run(void)
{
    system_call(SYS_EXIT, main(), 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n"
        ".option push\n"
        ".option norelax\n"
        "    la gp, __global_pointer$\n"
        ".option pop\n"
        "    call run\n");

/* The compiler may ask for this one, libc or not. */
void *memcpy(void *to, const void *from, unsigned long size);
void *memcpy(void *to, const void *from, unsigned long size)
{
    unsigned long i;
    for (i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
