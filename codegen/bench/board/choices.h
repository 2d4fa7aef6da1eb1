// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The start-up code of runtime/examples with other work to do: every decision of decisions.h on the
 * same arguments, for an emulator's trace to count.
 */
#include "decisions.h"

enum { CHOICES_TEXT_SIZE = 2, BOARD_CALLS = 256 };

static volatile int sink;

/* What the trace shows below this function belongs to the decision called. */
__attribute__((noinline, noclone)) static void call_all(void)
{
    static decision *const all[] = {nothing,    by_hand,   choose,
                                    choose_rtt, rule_list, floating_point};
    uint32_t state = 1;
    for (int i = 0; i < BOARD_CALLS; i++) {
        uint32_t n = draw_length(&state), rtt_us = draw_round_trip(&state);
        for (unsigned k = 0; k < sizeof all / sizeof *all; k++)
            sink = all[k](n, rtt_us);
    }
}

static void choices_make(char text[CHOICES_TEXT_SIZE])
{
    rules_make();
    call_all();
    text[0] = '\n';
}
