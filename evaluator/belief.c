// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/belief.h"

#include <math.h>

static const double share = 1.0 / 8, forgotten_after_s = 60;

void belief_start(struct belief *belief, const struct cost_link *design)
{
    *belief = (struct belief){.link = *design, .design = *design, .seen_s = -INFINITY};
}

static void smooth(double *believed, double seen)
{
    if (isfinite(seen))
        *believed += (seen - *believed) * share;
}

void belief_see(struct belief *belief, const struct cost_link *link, double at_s)
{
    smooth(&belief->link.rtt_s, link->rtt_s);
    smooth(&belief->link.up_s_per_byte, link->up_s_per_byte);
    smooth(&belief->link.down_s_per_byte, link->down_s_per_byte);
    belief->seen_s = at_s;
    belief->down = false;
}

void belief_fail(struct belief *belief, double at_s)
{
    belief->seen_s = at_s;
    belief->down = true;
}

void belief_age(struct belief *belief, double now_s)
{
    if (now_s - belief->seen_s > forgotten_after_s)
        belief_start(belief, &belief->design);
}
