// SPDX-License-Identifier: 0BSD
/*
 * The header on a bare Cortex-M: no libc, no operating system, start-up code below, memory in
 * cortex_m.ld. Text leaves by semihosting: a debugger or an emulator prints it.
 *
 * Cortex-M0+, in QEMU on the M0 of a BBC micro:bit:
 *     $ arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m0plus -mthumb -ffreestanding -nostdlib \
 *           -T cortex_m.ld cortex_m.c -lgcc -o m0.elf
 *     $ qemu-system-arm -M microbit -nographic -monitor none -serial none \
 *           -semihosting-config enable=on,target=native -kernel m0.elf
 * Cortex-M4:
 *     $ arm-none-eabi-gcc -std=c99 -Os -mcpu=cortex-m4 -mthumb -ffreestanding -nostdlib \
 *           -T cortex_m.ld cortex_m.c -lgcc -o m4.elf
 *     $ qemu-system-arm -M mps2-an386 -nographic -monitor none -serial none \
 *           -semihosting-config enable=on,target=native -kernel m4.elf
 *
 * -lgcc: products of 64 bits, which some headers have, are a function of the compiler's.
 */
#include "choices.h"

enum { SYS_WRITE0 = 0x04, SYS_EXIT_EXTENDED = 0x20 };

static void semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

static void finish(uint32_t status)
{
    const uint32_t reason[2] = {0x20026, status}; /* the application's own exit */
    semihosting(SYS_EXIT_EXTENDED, reason);
    for (;;) {
    }
}

int main(void)
{
    static char text[CHOICES_TEXT_SIZE];
    choices_make(text);
    semihosting(SYS_WRITE0, text);
    return 0;
}

/* ---- start-up; the names are cortex_m.ld's */

extern uint32_t data_in_flash[], data_start[], data_end[], bss_start[], bss_end[], stack_top[];

static void reset(void)
{
    const uint32_t *from = data_in_flash;
    uint32_t *to;
    for (to = data_start; to != data_end; to++)
        *to = *from++;
    for (to = bss_start; to != bss_end; to++)
        *to = 0;
    finish((uint32_t)main());
}

static void fault(void)
{
    finish(1);
}

__attribute__((section(".vectors"), used)) static const void *const vectors[] = {
    stack_top, (const void *)reset, (const void *)fault, (const void *)fault};

/* The compiler may ask for these two, libc or not. */
void *memcpy(void *to, const void *from, unsigned size);
void *memcpy(void *to, const void *from, unsigned size)
{
    unsigned i;
    for (i = 0; i < size; i++)
        ((volatile char *)to)[i] = ((const char *)from)[i];
    return to;
}
