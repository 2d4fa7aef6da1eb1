// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Cycles of an AVR per decision of decisions.h, return included: simavr traces no instructions, but
 * the processor has a timer that counts its clock. Prints NAME|CYCLES for each, means over random
 * arguments.
 */
#include "decisions.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <stdlib.h>

enum { CALLS = 256, NOTHING_CYCLES = 6 /* two registers set to 0, and the return */ };

static volatile int sink;

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        while (!(UCSR0A & (1 << UDRE0))) {
        }
        UDR0 = (uint8_t)*text;
    }
}

/* Of CALLS calls, what calling and reading the timer takes included; no call takes 65536. */
static uint32_t cycles_of(decision *function)
{
    uint32_t state = 1, sum = 0;
    for (int i = 0; i < CALLS; i++) {
        uint32_t n = draw_length(&state), rtt_us = draw_round_trip(&state);
        __asm__ volatile("" : "+r"(n), "+r"(rtt_us)); /* drawn before the clock is read */
        uint16_t before = TCNT1;
        sink = function(n, rtt_us);
        sum += (uint16_t)(TCNT1 - before);
    }
    return sum;
}

int main(void)
{
    static const struct {
        const char *name;
        decision *function;
    } all[] = {{"nothing", nothing},     {"by_hand", by_hand},
               {"choose", choose},       {"choose_rtt", choose_rtt},
               {"rule_list", rule_list}, {"floating_point", floating_point}};
    char number[12];
    UCSR0B = 1 << TXEN0;
    TCCR1B = 1 << CS10; /* the clock itself */
    rules_make();
    uint32_t around = cycles_of(nothing) / CALLS - NOTHING_CYCLES;
    for (unsigned k = 0; k < sizeof all / sizeof *all; k++) {
        put(all[k].name);
        put("|");
        put(ultoa(cycles_of(all[k].function) / CALLS - around, number, 10));
        put("\n");
    }
    cli();
    sleep_mode(); /* for ever: the emulator ends here */
    return 0;
}
