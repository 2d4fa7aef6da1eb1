// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/punctual.h"

#include <math.h>

static double bounded(int64_t ns, double most)
{
    return fmin(fmax((double)ns, 0), most);
}

void punctual_rang(struct punctual *punctual, int64_t late_ns)
{
    /* one stall of the whole machine says nothing about the next timer */
    double late = bounded(late_ns, 2.0 * PUNCTUAL_TIMER_MAX_NS);
    double off = fabs(late - punctual->late_ns);
    punctual->late_deviation_ns += (off - punctual->late_deviation_ns) / 4;
    punctual->late_ns += (late - punctual->late_ns) / 8;
}

void punctual_handed(struct punctual *punctual, int64_t took_ns)
{
    double half = bounded(took_ns / 2, PUNCTUAL_HAND_MAX_NS);
    punctual->hand_ns += (half - punctual->hand_ns) / 8;
}

int64_t punctual_timer_ns(const struct punctual *punctual)
{
    return (int64_t)fmin(punctual->late_ns + 2 * punctual->late_deviation_ns,
                         PUNCTUAL_TIMER_MAX_NS);
}

int64_t punctual_hand_ns(const struct punctual *punctual)
{
    return (int64_t)punctual->hand_ns;
}
