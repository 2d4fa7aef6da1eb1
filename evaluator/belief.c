// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/belief.h"

#include <math.h>

static const double share = 1.0 / 8, forgotten_after_s = 60;

static bool forgotten(const struct belief *belief, double clock_s)
{
    return clock_s - belief->seen_s > forgotten_after_s;
}

static void smooth(double *believed, double seen)
{
    if (isfinite(seen))
        *believed += (seen - *believed) * share;
}

/* The round trip that an answer shows; one that failed shows that it took that long in vain. */
static double shown_s(const struct sight *sight)
{
    return sight->failed ? sight->elapsed_s : sight->link.rtt_s;
}

/* ---- the tracker that products compile */

static uint32_t microseconds(double s)
{
    return s <= 0 ? 0 : s * 1e6 >= UINT32_MAX ? UINT32_MAX : (uint32_t)llround(s * 1e6);
}

/* A clock that wraps after 49 days. */
static uint32_t milliseconds(double s)
{
    return (uint32_t)(uint64_t)floor(s * 1e3);
}

static uint32_t picoseconds(double s)
{
    return s <= 0 ? 0 : s * 1e12 >= UINT32_MAX ? UINT32_MAX : (uint32_t)llround(s * 1e12);
}

/* Each figure has a tracker of its own; those of times per byte count picoseconds a byte. */
static void tracker_see(struct belief *belief, const struct sight *sight)
{
    uint32_t now_ms = milliseconds(sight->clock_s);
    const struct cost_link *link = &sight->link;
    if (sight->failed)
        rnnmap_link_fail(&belief->tracker, now_ms, microseconds(sight->elapsed_s));
    else if (isfinite(link->rtt_s))
        rnnmap_link_observe(&belief->tracker, now_ms, microseconds(link->rtt_s), 0);
    if (isfinite(link->up_s_per_byte))
        rnnmap_link_observe(&belief->up_tracker, now_ms, picoseconds(link->up_s_per_byte), 0);
    if (isfinite(link->down_s_per_byte))
        rnnmap_link_observe(&belief->down_tracker, now_ms, picoseconds(link->down_s_per_byte), 0);
}

static double seconds(uint32_t us)
{
    return us == RNNMAP_LINK_DOWN_US ? INFINITY : us * 1e-6;
}

static void tracker_view(const struct belief *belief, double clock_s, struct belief_view *view)
{
    const struct rnnmap_link *rtt = &belief->tracker, *up = &belief->up_tracker,
                             *down = &belief->down_tracker;
    uint32_t now_ms = milliseconds(clock_s);
    view->decide = (struct cost_link){seconds(rnnmap_link_rtt_us(rtt, now_ms)),
                                      rnnmap_link_rtt_us(up, now_ms) * 1e-12,
                                      rnnmap_link_rtt_us(down, now_ms) * 1e-12};
    view->believed = (struct cost_link){seconds(rnnmap_link_believed_us(rtt, now_ms)),
                                        rnnmap_link_believed_us(up, now_ms) * 1e-12,
                                        rnnmap_link_believed_us(down, now_ms) * 1e-12};
    view->seen =
        (struct cost_link){seconds(rtt->recent_us), up->recent_us * 1e-12, down->recent_us * 1e-12};
}

const struct belief_rule belief_tracker = {tracker_see, tracker_view};

/* ---- rules that do not age: what was bad stays bad */

static void as_it_is(const struct belief *belief, double clock_s, struct belief_view *view)
{
    (void)clock_s;
    view->decide.rtt_s = view->believed.rtt_s = view->seen.rtt_s = belief->link.rtt_s;
}

static void last_see(struct belief *belief, const struct sight *sight)
{
    if (isfinite(shown_s(sight)))
        belief->link.rtt_s = shown_s(sight);
}

static void mean_see(struct belief *belief, const struct sight *sight)
{
    if (isfinite(shown_s(sight)))
        belief->link.rtt_s += (shown_s(sight) - belief->link.rtt_s) / ++belief->n_seen;
}

static void rfc6298_see(struct belief *belief, const struct sight *sight)
{
    if (belief->n_seen == 0)
        last_see(belief, sight);
    else
        smooth(&belief->link.rtt_s, shown_s(sight));
    belief->n_seen++;
}

const struct belief_rule belief_last = {last_see, as_it_is};
const struct belief_rule belief_mean = {mean_see, as_it_is};
const struct belief_rule belief_rfc6298 = {rfc6298_see, as_it_is};

/* ---- plain smoothing: a failure is the device until something works; a minute forgets all */

static void smoothed_see(struct belief *belief, const struct sight *sight)
{
    if (forgotten(belief, sight->clock_s))
        belief->link.rtt_s = belief->design.rtt_s;
    belief->down = sight->failed;
    if (!sight->failed)
        smooth(&belief->link.rtt_s, sight->link.rtt_s);
}

static void smoothed_view(const struct belief *belief, double clock_s, struct belief_view *view)
{
    view->seen.rtt_s = belief->down ? INFINITY : belief->link.rtt_s;
    view->decide.rtt_s = forgotten(belief, clock_s) ? belief->design.rtt_s : view->seen.rtt_s;
    view->believed.rtt_s = view->decide.rtt_s;
}

const struct belief_rule belief_smoothed = {smoothed_see, smoothed_view};

/* ---- all rules */

void belief_start(struct belief *belief, const struct belief_rule *rule,
                  const struct cost_link *design)
{
    *belief =
        (struct belief){.rule = rule, .link = *design, .design = *design, .seen_s = -INFINITY};
    rnnmap_link_init(&belief->tracker, microseconds(design->rtt_s), 0);
    rnnmap_link_init(&belief->up_tracker, picoseconds(design->up_s_per_byte), 0);
    rnnmap_link_init(&belief->down_tracker, picoseconds(design->down_s_per_byte), 0);
}

void belief_see(struct belief *belief, const struct sight *sight)
{
    if (forgotten(belief, sight->clock_s)) {
        belief->link.up_s_per_byte = belief->design.up_s_per_byte;
        belief->link.down_s_per_byte = belief->design.down_s_per_byte;
    }
    belief->rule->see(belief, sight);
    if (!sight->failed) {
        smooth(&belief->link.up_s_per_byte, sight->link.up_s_per_byte);
        smooth(&belief->link.down_s_per_byte, sight->link.down_s_per_byte);
    }
    belief->seen_s = sight->clock_s;
}

void belief_keep(struct belief *belief, const struct cost_link *worth)
{
    if (isfinite(worth->rtt_s))
        rnnmap_link_keep(&belief->tracker, microseconds(worth->rtt_s));
    if (isfinite(worth->up_s_per_byte))
        rnnmap_link_keep(&belief->up_tracker, picoseconds(worth->up_s_per_byte));
    if (isfinite(worth->down_s_per_byte))
        rnnmap_link_keep(&belief->down_tracker, picoseconds(worth->down_s_per_byte));
}

struct belief_view belief_view(const struct belief *belief, double clock_s)
{
    struct cost_link link = forgotten(belief, clock_s) ? belief->design : belief->link;
    struct belief_view view = {link, link, link};
    belief->rule->view(belief, clock_s, &view);
    return view;
}
