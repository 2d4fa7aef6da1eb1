// SPDX-License-Identifier: GPL-3.0-or-later
/* The link tracker: figures worked out by hand, and properties of random lives of a link. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/random.h"
#include "runtime/rnnmap_link.h"

#include <math.h>

enum { HALF_LIFE_MS = 1 << RNNMAP_LINK_HALF_LIFE_SHIFT };

/* ---- by hand */

static void follows_answers(void **state)
{
    (void)state;
    struct rnnmap_link link;
    rnnmap_link_init(&link, 20000, 7);
    assert_int_equal(rnnmap_link_rtt_us(&link, 7), 20000);
    assert_int_equal(rnnmap_link_rtt_us(&link, 7 + 100 * HALF_LIFE_MS), 20000);
    rnnmap_link_observe(&link, 1000, 104000, 4000); /* 100 ms of link */
    assert_int_equal(link.recent_us, 60000);
    assert_int_equal(link.mean_us, 20000 + 80000 / 64);
    assert_int_equal(rnnmap_link_rtt_us(&link, 1000), 60000);
    /* half of what parts it from the mean is left after a half-life, nothing after many */
    assert_in_range(rnnmap_link_rtt_us(&link, 1000 + HALF_LIFE_MS), 40600, 40650);
    assert_in_range(rnnmap_link_rtt_us(&link, 1000 + HALF_LIFE_MS / 2), 50250, 50400);
    assert_int_equal(rnnmap_link_rtt_us(&link, 1000 + 40 * HALF_LIFE_MS), 21250);
    rnnmap_link_observe(&link, 1001, 3000, 4000); /* faster than expected: no link at all */
    assert_int_equal(link.recent_us, 0);
    assert_in_range(link.mean_us, 20900, 21000);
}

static void grows_hopeful_by_what_is_kept(void **state)
{
    (void)state;
    struct rnnmap_link link;
    rnnmap_link_init(&link, 100000, 0);
    rnnmap_link_keep(&link, 640000);
    assert_int_equal(rnnmap_link_rtt_us(&link, 5), 90000);
    assert_int_equal(rnnmap_link_believed_us(&link, 5), 100000);
    for (int i = 0; i < 5000; i++) /* little by little is not lost */
        rnnmap_link_keep(&link, 64);
    assert_int_equal(rnnmap_link_rtt_us(&link, 5), 85000);
    rnnmap_link_keep(&link, UINT32_MAX);
    assert_int_equal(link.kept_us, UINT32_MAX);
    assert_int_equal(rnnmap_link_rtt_us(&link, 5), 0);
    rnnmap_link_observe(&link, 6, 100000, 0);
    assert_int_equal(rnnmap_link_rtt_us(&link, 6), 100000);
}

static void waits_twice_as_long(void **state)
{
    (void)state;
    assert_int_equal(rnnmap_link_patience_us(0), 0);
    assert_int_equal(rnnmap_link_patience_us(50000), 100000);
    assert_int_equal(rnnmap_link_patience_us(UINT32_MAX / 2), UINT32_MAX - 1);
    assert_int_equal(rnnmap_link_patience_us(UINT32_MAX / 2 + 1), UINT32_MAX);
    assert_int_equal(rnnmap_link_patience_us(UINT32_MAX), UINT32_MAX);
}

static void stays_here_after_a_failure(void **state)
{
    (void)state;
    struct rnnmap_link link;
    rnnmap_link_init(&link, 20000, 0);
    rnnmap_link_fail(&link, 500, 2000);
    rnnmap_link_keep(&link, UINT32_MAX); /* no hope is high enough */
    assert_int_equal(rnnmap_link_rtt_us(&link, 500), RNNMAP_LINK_DOWN_US);
    assert_int_equal(rnnmap_link_rtt_us(&link, 500 + HALF_LIFE_MS - 1), RNNMAP_LINK_DOWN_US);
    assert_int_equal(rnnmap_link_rtt_us(&link, 500 + HALF_LIFE_MS), 0);
    rnnmap_link_observe(&link, 600, 30000, 0); /* the answer to another request */
    assert_int_equal(rnnmap_link_rtt_us(&link, 600), (19718 + 30000) / 2);
}

/* ---- random lives */

/* Hostile figures often, and those of real links. */
static uint32_t figure(struct random *random)
{
    static const uint32_t edges[] = {0, 1, 63, 64, 65, 1U << 31, UINT32_MAX - 1, UINT32_MAX};
    switch (random_below(random, 4)) {
    case 0:
        return edges[random_below(random, sizeof edges / sizeof *edges)];
    case 1:
        return (uint32_t)random_u64(random) >> random_below(random, 32);
    default:
        return 1000 + (uint32_t)random_below(random, 200000);
    }
}

static uint32_t pause_ms(struct random *random)
{
    return random_below(random, 3) ? (uint32_t)random_below(random, 2000)
                                   : (uint32_t)random_u64(random) >> (1 + random_below(random, 31));
}

/* The formula at the head of the header, linear between half-lives. */
static double expected_us(const struct rnnmap_link *link, uint32_t age_ms)
{
    double halvings = floor((double)age_ms / HALF_LIFE_MS);
    double part = fmod((double)age_ms / HALF_LIFE_MS, 1);
    double share = exp2(-halvings) * (1 - part / 2);
    return link->mean_us + ((double)link->recent_us - link->mean_us) * share;
}

static void check_belief(const struct rnnmap_link *link, uint32_t now_ms)
{
    uint32_t age_ms = now_ms - link->seen_ms, believed_us = rnnmap_link_believed_us(link, now_ms);
    uint32_t rtt_us = rnnmap_link_rtt_us(link, now_ms);
    if (age_ms > INT32_MAX)
        age_ms = 0;
    if (link->recent_us == RNNMAP_LINK_DOWN_US) {
        assert_int_equal(believed_us, age_ms < HALF_LIFE_MS ? RNNMAP_LINK_DOWN_US : link->mean_us);
    } else {
        double apart_us = fabs((double)link->recent_us - link->mean_us);
        assert_close(believed_us, expected_us(link, age_ms), 0, apart_us / 256 + 256);
        assert_true(believed_us >= fmin(link->recent_us, link->mean_us) &&
                    believed_us <= fmax(link->recent_us, link->mean_us));
    }
    assert_true(link->mean_us < RNNMAP_LINK_DOWN_US);
    assert_true(rtt_us <= believed_us);
    if (believed_us != RNNMAP_LINK_DOWN_US)
        assert_int_equal(believed_us - rtt_us,
                         link->kept_us / 64 < believed_us ? link->kept_us / 64 : believed_us);
}

static void check_answer(struct rnnmap_link *link, uint32_t now_ms, struct random *random)
{
    uint32_t elapsed_us = figure(random), expected = figure(random), mean_us = link->mean_us;
    uint32_t before_us = rnnmap_link_believed_us(link, now_ms);
    uint32_t seen_us = elapsed_us > expected ? elapsed_us - expected : 0;
    if (seen_us == RNNMAP_LINK_DOWN_US) /* an answer is none of a link that is down */
        seen_us = RNNMAP_LINK_DOWN_US - 1;
    if (before_us == RNNMAP_LINK_DOWN_US)
        before_us = mean_us;
    rnnmap_link_observe(link, now_ms, elapsed_us, expected);
    uint32_t after_us = rnnmap_link_rtt_us(link, now_ms);
    assert_true(after_us != RNNMAP_LINK_DOWN_US);
    assert_true(after_us >= fmin(before_us, seen_us) && after_us <= fmax(before_us, seen_us));
    assert_true(seen_us >= before_us || after_us == seen_us);
    assert_true(seen_us < before_us ||
                fabs((double)after_us - ((double)before_us + seen_us) / 2) <= 1);
    assert_true(link->mean_us >= fmin(mean_us, seen_us) && link->mean_us <= fmax(mean_us, seen_us));
    assert_true(mean_us == seen_us || link->mean_us != mean_us); /* never stuck on the way */
}

/* Two trackers live the same life, one with its clock ahead by any figure: wraps change nothing. */
static void live(struct random *random)
{
    uint32_t ahead_ms = (uint32_t)random_u64(random), now_ms = 0, start_us = figure(random);
    struct rnnmap_link link, other;
    rnnmap_link_init(&link, start_us, now_ms);
    rnnmap_link_init(&other, start_us, now_ms + ahead_ms);
    for (int i = 0; i < 200; i++) {
        struct random same = {random->state};
        uint32_t us;
        now_ms += pause_ms(random);
        switch (random_below(random, 5)) {
        case 0:
            us = figure(random);
            rnnmap_link_fail(&link, now_ms, us);
            rnnmap_link_fail(&other, now_ms + ahead_ms, us);
            assert_int_equal(rnnmap_link_rtt_us(&link, now_ms), RNNMAP_LINK_DOWN_US);
            break;
        case 1:
        case 2:
            us = figure(random);
            rnnmap_link_keep(&link, us);
            rnnmap_link_keep(&other, us);
            break;
        default:
            same = *random;
            check_answer(&link, now_ms, random);
            check_answer(&other, now_ms + ahead_ms, &same);
        }
        check_belief(&link, now_ms);
        now_ms += pause_ms(random);
        check_belief(&link, now_ms);
        assert_int_equal(rnnmap_link_rtt_us(&link, now_ms),
                         rnnmap_link_rtt_us(&other, now_ms + ahead_ms));
        assert_int_equal(link.kept_us, other.kept_us);
    }
}

static void lives_of_all_kinds(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 100000 : 3000); i++)
        live(&random);
}

/* ---- what probing costs, and what it finds */

struct account {
    double kept_us, lost_us;
    int n_probes;
};

/* A request that gains below break_even_us and takes local_us here, over a link of rtt_us. */
static bool request(struct rnnmap_link *link, uint32_t now_ms, uint32_t break_even_us,
                    uint32_t local_us, uint32_t rtt_us, struct account *account)
{
    bool cloud = rnnmap_link_rtt_us(link, now_ms) < break_even_us;
    if (cloud) {
        rnnmap_link_observe(link, now_ms, rtt_us + 5000, 5000);
        account->lost_us += (double)rtt_us - break_even_us;
        account->n_probes++;
    } else {
        rnnmap_link_keep(link, local_us);
        account->kept_us += local_us;
    }
    return cloud;
}

/* A link that stays bad: every probe is paid for before by a 64th of the time on the device. */
static void probing_has_a_budget(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int trial = 0; trial < 200; trial++) {
        uint32_t rtt_us = 50000 + (uint32_t)random_below(&random, 2000000), now_ms = 0;
        struct rnnmap_link link;
        struct account account = {0};
        rnnmap_link_init(&link, rtt_us, 0);
        for (int i = 0; i < 20000; i++) {
            uint32_t break_even_us = (uint32_t)random_below(&random, 50000);
            uint32_t local_us = break_even_us + (uint32_t)random_below(&random, 20000);
            now_ms += (uint32_t)random_below(&random, 3000);
            request(&link, now_ms, break_even_us, local_us, rtt_us, &account);
        }
        assert_true(account.lost_us <= account.kept_us / 64 + 1);
    }
}

/* A link that was bad long ago is tried again, and kept once it is good; requests are few or many.
 */
static void what_was_bad_is_tried_again(void **state)
{
    (void)state;
    static const uint32_t spacings_ms[] = {10, 1000, 60000, 3600000};
    for (size_t s = 0; s < sizeof spacings_ms / sizeof *spacings_ms; s++) {
        uint32_t now_ms = UINT32_MAX - 12345;
        int tries = 0;
        struct rnnmap_link link;
        struct account account = {0};
        rnnmap_link_init(&link, 20000, now_ms);
        for (int i = 0; i < 300; i++) {
            rnnmap_link_fail(&link, now_ms, 100000);
            now_ms += spacings_ms[s];
        }
        while (!request(&link, now_ms, 40000, 50000, 20000, &account) && tries < 100000) {
            now_ms += spacings_ms[s];
            tries++;
        }
        /* its mean is 100 ms by now: 60 ms above the break-even, 64 times that is worth a try */
        assert_in_range(tries, 1, spacings_ms[s] < 1000 ? HALF_LIFE_MS / 10 + 1 : 80);
        for (int i = 0; i < 100; i++) {
            now_ms += 100;
            request(&link, now_ms, 40000, 50000, 20000, &account);
        }
        assert_true(account.n_probes > 95);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_answers),
        cmocka_unit_test(grows_hopeful_by_what_is_kept),
        cmocka_unit_test(waits_twice_as_long),
        cmocka_unit_test(stays_here_after_a_failure),
        cmocka_unit_test(lives_of_all_kinds),
        cmocka_unit_test(probing_has_a_budget),
        cmocka_unit_test(what_was_bad_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
