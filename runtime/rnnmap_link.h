/* SPDX-License-Identifier: 0BSD */
/*
 * rnnmap_link: what a product knows of its link, from the answers it gets anyway.
 *
 * It gives the generated header the round trip to decide with. It never sends anything itself: when
 * a link was bad, its figure falls again with time and with work done on the device, until the
 * header's choose_rtt() says "cloud" for a request that would gain; that request is the probe.
 *
 *     #include "imdb.h"                  from rnngen --name imdb --link rtt
 *     #include "rnnmap_link.h"
 *
 *     static struct rnnmap_link cloud;   rnnmap_link_init(&cloud, design_rtt_us, now_ms());
 *
 *     static void serve(const struct input *input, uint32_t n)
 *     {
 *         uint32_t start_us = now_us(), local_us = LOCAL_US_PER_STEP * n;
 *         enum outcome outcome = NOT_SENT;
 *         if (imdb_choose_rtt(n, rnnmap_link_rtt_us(&cloud, now_ms())) == IMDB_CLOUD)
 *             outcome = offload(input, rnnmap_link_patience_us(local_us));
 *         if (outcome != ANSWERED)
 *             infer_here(input);
 *         uint32_t took_us = now_us() - start_us;
 *         switch (outcome) {
 *         case FAILED:   rnnmap_link_fail(&cloud, now_ms(), took_us); break;
 *         case NOT_SENT: rnnmap_link_keep(&cloud, took_us); break;
 *         default:       rnnmap_link_observe(&cloud, now_ms(), took_us, imdb_remote_us(n));
 *         }                                    ANSWERED, or GIVEN_UP: that took long
 *     }
 *
 * What it believes, with d the age of the last answer:
 *
 *     rtt = mean + (recent - mean) * 2^(-d / half-life) - kept / 64, at least 0
 *
 * `recent` takes good news at once and bad news by half of the difference, `mean` follows either by
 * a 64th (shifts in the manner of RFC 6298): just after an answer the link is as it was then, long
 * after one it is as it is on average. `kept` is the time spent on the device since that answer. So
 *
 * - a request goes out against better knowledge (a probe) only when it may lose, at most, a 64th of
 *   what was spent on the device since the last answer: probing a link that stays as bad as it was
 *   believed to be costs at most 1.6 % of the time spent on the device;
 * - one bad answer, or a failed request, moves requests to the device at once; what brings them
 *   back is age, work or an answer, never a change of mind, so that the choice does not flap.
 *
 * A product whose header looks at bandwidth (choose_link) keeps a state for each direction, too,
 * whose microseconds are picoseconds a byte.
 *
 * docs/tracker.md has the regret of this rule on real links, beside others, and how the numbers
 * below were chosen.
 *
 * State 16 bytes, no heap, integers only, no division, C99 and C++, freestanding. All functions are
 * defined for every argument and saturate. Not for several threads at once without a lock. The
 * clock counts milliseconds from any start and may wrap; an age of 2^31 ms (24 days) and more reads
 * as 0, as does one of a clock that was set back.
 */
#ifndef RNNMAP_LINK_H
#define RNNMAP_LINK_H

#include <stdint.h>

/* ---- what may be set before including this file */

#ifndef RNNMAP_LINK_HALF_LIFE_SHIFT
#define RNNMAP_LINK_HALF_LIFE_SHIFT 14U /* what was seen counts half after 2^14 ms; 8..20 */
#endif
#ifndef RNNMAP_LINK_RECENT_SHIFT
#define RNNMAP_LINK_RECENT_SHIFT 1U /* bad news moves `recent` by 1/2 of the difference; 0..8 */
#endif
#ifndef RNNMAP_LINK_MEAN_SHIFT
#define RNNMAP_LINK_MEAN_SHIFT 6U /* `mean` by 1/64; 0..16 */
#endif
#ifndef RNNMAP_LINK_PATIENCE_SHIFT
#define RNNMAP_LINK_PATIENCE_SHIFT 1U /* answers are waited for twice as long as here; 0..8 */
#endif
#ifndef RNNMAP_LINK_PROBE_SHIFT
#define RNNMAP_LINK_PROBE_SHIFT 6U /* probing may cost 1/64 of the time on the device; 0..16 */
#endif

/* ---- nothing below needs changing */

#if RNNMAP_LINK_HALF_LIFE_SHIFT < 8 || RNNMAP_LINK_HALF_LIFE_SHIFT > 20
#error "RNNMAP_LINK_HALF_LIFE_SHIFT is not in 8..20"
#endif
#if RNNMAP_LINK_RECENT_SHIFT < 0 || RNNMAP_LINK_RECENT_SHIFT > 8
#error "RNNMAP_LINK_RECENT_SHIFT is not in 0..8"
#endif
#if RNNMAP_LINK_MEAN_SHIFT < 0 || RNNMAP_LINK_MEAN_SHIFT > 16
#error "RNNMAP_LINK_MEAN_SHIFT is not in 0..16"
#endif
#if RNNMAP_LINK_PATIENCE_SHIFT < 0 || RNNMAP_LINK_PATIENCE_SHIFT > 8
#error "RNNMAP_LINK_PATIENCE_SHIFT is not in 0..8"
#endif
#if RNNMAP_LINK_PROBE_SHIFT < 0 || RNNMAP_LINK_PROBE_SHIFT > 16
#error "RNNMAP_LINK_PROBE_SHIFT is not in 0..16"
#endif

/* A link that does not answer: no break-even is above it. */
#define RNNMAP_LINK_DOWN_US UINT32_MAX

/* The members are for reading only. */
struct rnnmap_link {
    uint32_t recent_us; /* round trip by the last answers; RNNMAP_LINK_DOWN_US: the last failed */
    uint32_t mean_us;   /* in the long run, failures included */
    uint32_t seen_ms;   /* when an answer, or a failure, was last seen */
    uint32_t kept_us;   /* spent on the device since */
};

#if defined(__cplusplus) && __cplusplus >= 201103L
static_assert(sizeof(struct rnnmap_link) <= 16U, "the state is 16 bytes");
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(struct rnnmap_link) <= 16U, "the state is 16 bytes");
#endif

/* a - b, at least 0. */
static inline uint32_t rnnmap_link_less(uint32_t a, uint32_t b)
{
    uint32_t result = 0U;
    if (a > b) {
        result = a - b;
    }
    return result;
}

/* Moves a value towards another by 1/2^shift of the difference, rounded up: it arrives. */
static inline uint32_t rnnmap_link_towards(uint32_t from, uint32_t to, uint32_t shift)
{
    uint32_t result = from;
    if (to > from) {
        result = from + ((((to - from) - 1U) >> shift) + 1U);
    } else if (to < from) {
        result = from - ((((from - to) - 1U) >> shift) + 1U);
    } else {
        /* there */
    }
    return result;
}

/* A difference, halved for every half-life that passed; linear in between, in 256 steps. */
static inline uint32_t rnnmap_link_faded(uint32_t difference_us, uint32_t age_ms)
{
    uint32_t halvings = age_ms >> RNNMAP_LINK_HALF_LIFE_SHIFT;
    uint32_t part = (age_ms >> (RNNMAP_LINK_HALF_LIFE_SHIFT - 8U)) & 255U; /* 256ths of the next */
    uint32_t result = 0U;
    if (halvings < 32U) {
        result = difference_us >> halvings;
        result -= (result >> 9) * part;
    }
    return result;
}

/* What the round trip is believed to be, whatever there is to be gained by finding out. */
static inline uint32_t rnnmap_link_believed_us(const struct rnnmap_link *link, uint32_t now_ms)
{
    uint32_t age_ms = now_ms - link->seen_ms;
    uint32_t result;
    if (age_ms > (UINT32_MAX >> 1)) {
        age_ms = 0U;
    }
    if (link->recent_us == RNNMAP_LINK_DOWN_US) {
        result =
            ((age_ms >> RNNMAP_LINK_HALF_LIFE_SHIFT) == 0U) ? RNNMAP_LINK_DOWN_US : link->mean_us;
    } else if (link->recent_us > link->mean_us) {
        result = link->mean_us + rnnmap_link_faded(link->recent_us - link->mean_us, age_ms);
    } else {
        result = link->mean_us - rnnmap_link_faded(link->mean_us - link->recent_us, age_ms);
    }
    return result;
}

/* Starts: rtt_us is the round trip to begin with, as the design link's. 0 is fine as well: the
 * first request that could gain goes out. A figure too high is corrected only by probing. */
static inline void rnnmap_link_init(struct rnnmap_link *link, uint32_t rtt_us, uint32_t now_ms)
{
    link->recent_us = rtt_us;
    if (rtt_us == RNNMAP_LINK_DOWN_US) {
        link->recent_us = RNNMAP_LINK_DOWN_US - 1U;
    }
    link->mean_us = link->recent_us;
    link->seen_ms = now_ms;
    link->kept_us = 0U;
}

/* The round trip to give to choose_rtt(), us; RNNMAP_LINK_DOWN_US just after a failure. */
static inline uint32_t rnnmap_link_rtt_us(const struct rnnmap_link *link, uint32_t now_ms)
{
    uint32_t believed_us = rnnmap_link_believed_us(link, now_ms);
    uint32_t hope_us = link->kept_us >> RNNMAP_LINK_PROBE_SHIFT;
    uint32_t result = RNNMAP_LINK_DOWN_US;
    if (believed_us != RNNMAP_LINK_DOWN_US) {
        result = rnnmap_link_less(believed_us, hope_us);
    }
    return result;
}

/* How long to wait for an answer before the request is given up and runs here. The device would
 * take local_us for it: measured, or estimated; where not only time counts, half the time in which
 * the request would cost twice as much as staying (by energy: it wakes the radio up, sends, then
 * waits), or with a limit to keep, the time at which an answer is worth as much: NAME_remote_us(n)
 * and the break-even round trip. So no request takes longer (costs more, but for waking up) than
 * three times that, whatever the link does; waiting for every answer would lose most of what
 * deciding gains where a link stalls now and then. */
static inline uint32_t rnnmap_link_patience_us(uint32_t local_us)
{
    uint32_t result = UINT32_MAX;
    if (local_us <= (UINT32_MAX >> RNNMAP_LINK_PATIENCE_SHIFT)) {
        result = local_us << RNNMAP_LINK_PATIENCE_SHIFT;
    }
    return result;
}

/* A request was answered now, elapsed_us after it was made, of which expected_us were to be
 * expected without the link's round trip: NAME_remote_us(n), and the transfer where bytes matter
 * and it does not hold them. What remains counts as link: congestion and queues at the server as
 * well. */
static inline void rnnmap_link_observe(struct rnnmap_link *link, uint32_t now_ms,
                                       uint32_t elapsed_us, uint32_t expected_us)
{
    uint32_t believed_us = rnnmap_link_believed_us(link, now_ms);
    uint32_t seen_us = rnnmap_link_less(elapsed_us, expected_us);
    if (believed_us == RNNMAP_LINK_DOWN_US) {
        believed_us = link->mean_us;
    }
    if (seen_us == RNNMAP_LINK_DOWN_US) {
        seen_us = RNNMAP_LINK_DOWN_US - 1U;
    }
    if (seen_us < believed_us) {
        link->recent_us = seen_us;
    } else {
        link->recent_us = rnnmap_link_towards(believed_us, seen_us, RNNMAP_LINK_RECENT_SHIFT);
    }
    link->mean_us = rnnmap_link_towards(link->mean_us, seen_us, RNNMAP_LINK_MEAN_SHIFT);
    link->seen_ms = now_ms;
    link->kept_us = 0U;
}

/* A request failed: there was no answer, or an error. Now, elapsed_us after it was made, it was
 * done here or will be. Everything stays on the device for a half-life. */
static inline void rnnmap_link_fail(struct rnnmap_link *link, uint32_t now_ms, uint32_t elapsed_us)
{
    rnnmap_link_observe(link, now_ms, elapsed_us, 0U);
    link->recent_us = RNNMAP_LINK_DOWN_US;
}

/* A request that was not sent ran on the device, which took local_us: measured, or estimated; over
 * the round trips of a request where it takes several. Where not only time counts, the round trip
 * that would cost as much; to the state of a time per byte, the ps a byte that would, for the bytes
 * of that request. With several states a probe may lose the sum of what each lets it lose. */
static inline void rnnmap_link_keep(struct rnnmap_link *link, uint32_t local_us)
{
    uint32_t room_us = UINT32_MAX - link->kept_us;
    if (local_us < room_us) {
        link->kept_us += local_us;
    } else {
        link->kept_us = UINT32_MAX;
    }
}

#endif
