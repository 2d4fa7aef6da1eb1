// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How much too early to begin so that something happens on time. Two costs are followed, as TCP
 * follows its round trip (mean and mean deviation; gains as in RFC 6298, section 2):
 * - Timers ring late. They are set early by the mean lateness plus twice its deviation; what that
 *   gains too much is waited out in the event loop, so it is bounded.
 * - Handing bytes to the kernel takes time, 15 to 50 us after a pause; by trial they reach the
 *   receiver's socket (the kernel's stamp on arrival) in the middle of it.
 *
 * Life cycle: zero-initialised leads by 0 until it has seen something.
 */
#ifndef TESTBED_PUNCTUAL_H
#define TESTBED_PUNCTUAL_H

#include <stdint.h>

enum { PUNCTUAL_TIMER_MAX_NS = 250000, PUNCTUAL_HAND_MAX_NS = 50000 };

struct punctual {
    double late_ns, late_deviation_ns; /* of timers */
    double hand_ns;                    /* half of what handing on takes */
};

/* A timer rang `late_ns` after the time it was set to. */
void punctual_rang(struct punctual *punctual, int64_t late_ns);

/* Handing on a few bytes took `took_ns`. */
void punctual_handed(struct punctual *punctual, int64_t took_ns);

/* How much earlier to set the next timer, 0 .. PUNCTUAL_TIMER_MAX_NS. */
int64_t punctual_timer_ns(const struct punctual *punctual);

/* How much earlier to begin to hand on, 0 .. PUNCTUAL_HAND_MAX_NS. */
int64_t punctual_hand_ns(const struct punctual *punctual);

#endif
