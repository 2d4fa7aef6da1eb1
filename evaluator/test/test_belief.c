// SPDX-License-Identifier: GPL-3.0-or-later
/* What each rule makes of the answers it sees: recurrences worked out beside it. */
#include "evaluator/test/fixture.h"

#include "base/clock.h"
#include "base/random.h"
#include "evaluator/belief.h"

static const struct cost_link design = {0.020, 1e-6, 2e-6};

static struct sight answer(double clock_s, double rtt_s)
{
    return (struct sight){
        .clock_s = clock_s, .elapsed_s = 0.5 + rtt_s, .link = {rtt_s, 1e-6, 2e-6}};
}

static struct sight failure(double clock_s, double elapsed_s)
{
    return (struct sight){.clock_s = clock_s,
                          .elapsed_s = elapsed_s,
                          .link = {(double)NAN, INFINITY, INFINITY},
                          .failed = true};
}

static double rtt_s(const struct belief *belief, double clock_s)
{
    return belief_view(belief, clock_s).decide.rtt_s;
}

static void see(struct belief *belief, const struct sight *sights, size_t n)
{
    for (size_t i = 0; i < n; i++)
        belief_see(belief, &sights[i]);
}

static void rules_that_do_not_age(void **state)
{
    (void)state;
    const struct sight sights[] = {answer(1, 0.1), answer(2, 0.3), failure(3, 2), answer(4, 0.2)};
    const struct {
        const struct belief_rule *rule;
        double first_s, last_s;
    } truth[] = {
        {&belief_last, 0.1, 0.2},
        {&belief_mean, 0.1, (0.1 + 0.3 + 2 + 0.2) / 4},
        {&belief_rfc6298, 0.1, ((0.1 * 7 / 8 + 0.3 / 8) * 7 / 8 + 2.0 / 8) * 7 / 8 + 0.2 / 8},
    };
    for (size_t t = 0; t < sizeof truth / sizeof *truth; t++) {
        struct belief belief;
        belief_start(&belief, truth[t].rule, &design);
        assert_close(rtt_s(&belief, 0), 0.020, 0, 0);
        see(&belief, sights, 1);
        assert_close(rtt_s(&belief, 1), truth[t].first_s, 1e-12, 0);
        see(&belief, sights + 1, 3);
        assert_close(rtt_s(&belief, 1e6), truth[t].last_s, 1e-12, 0);
        assert_close(belief_view(&belief, 1e6).seen.rtt_s, truth[t].last_s, 1e-12, 0);
    }
}

static void the_plain_one_forgets_after_a_minute(void **state)
{
    (void)state;
    struct belief belief;
    const struct sight bad = answer(10, 0.1), none = failure(20, 2), good = answer(100, 0.028);
    belief_start(&belief, &belief_smoothed, &design);
    see(&belief, &bad, 1);
    assert_close(rtt_s(&belief, 70), 0.030, 1e-12, 0);
    assert_close(rtt_s(&belief, 70.1), 0.020, 1e-12, 0);
    see(&belief, &none, 1);
    assert_true(isinf(rtt_s(&belief, 80)));
    assert_close(rtt_s(&belief, 80.1), 0.020, 1e-12, 0);
    see(&belief, &good, 1); /* starts from the design link again */
    assert_close(rtt_s(&belief, 100), 0.021, 1e-12, 0);
}

static void bandwidths_are_smoothed_by_the_others(void **state)
{
    (void)state;
    const struct belief_rule *const rules[] = {&belief_last, &belief_smoothed};
    for (int r = 0; r < 2; r++) {
        struct belief belief;
        struct sight sight = answer(5, 0.020), out = answer(6, 0.020);
        sight.link.up_s_per_byte = 9e-6;
        out.link.down_s_per_byte = INFINITY;
        belief_start(&belief, rules[r], &design);
        see(&belief, &sight, 1);
        see(&belief, &out, 1);
        assert_close(belief_view(&belief, 6).decide.up_s_per_byte, 1e-6 * (1 + 8.0 / 8 * 7 / 8),
                     1e-12, 0);
        assert_close(belief_view(&belief, 6).decide.down_s_per_byte, 2e-6, 1e-12, 0);
        assert_close(belief_view(&belief, 66.1).decide.up_s_per_byte, 1e-6, 1e-12, 0);
    }
}

/* Bad news by half, good news at once, and in the long run the mean, which moves by a 64th. */
static void bandwidths_are_tracked_like_round_trips(void **state)
{
    (void)state;
    struct belief belief;
    struct sight sight = answer(5, 0.020), out = answer(6, 0.020);
    sight.link.up_s_per_byte = 9e-6;
    out.link.down_s_per_byte = INFINITY;
    belief_start(&belief, &belief_tracker, &design);
    see(&belief, &sight, 1);
    assert_close(belief_view(&belief, 5).decide.up_s_per_byte, 5e-6, 1e-12, 0);
    see(&belief, &out, 1);
    assert_close(belief_view(&belief, 6).decide.up_s_per_byte, 1e-6, 1e-12, 0);
    assert_close(belief_view(&belief, 6).decide.down_s_per_byte, 2e-6, 1e-12, 0);
    assert_close(belief_view(&belief, 600).decide.up_s_per_byte, 1e-6 * (1 + 8.0 / 64 * 63 / 64),
                 1e-5, 0);
}

/* A failure speaks against the round trip for a while; of bytes it tells what it shows. */
static void a_failure_may_tell_of_bytes(void **state)
{
    (void)state;
    struct belief belief;
    struct sight sight = failure(1, 0.09);
    sight.link.up_s_per_byte = 9e-6;
    belief_start(&belief, &belief_tracker, &design);
    belief_keep(&belief, &(struct cost_link){1, 32e-6, 32e-6});
    see(&belief, &sight, 1);
    struct belief_view view = belief_view(&belief, 1);
    assert_true(isinf(view.decide.rtt_s));
    assert_close(view.decide.up_s_per_byte, 5e-6, 1e-4, 0);
    assert_close(view.decide.down_s_per_byte, 1.5e-6, 1e-4, 0);
}

/* Each figure falls by a 64th of what staying was worth in it, but for what costs nothing. */
static void staying_gives_hope_of_all_figures(void **state)
{
    (void)state;
    struct belief belief;
    belief_start(&belief, &belief_tracker, &design);
    belief_keep(&belief, &(struct cost_link){0.64, 32e-6, INFINITY});
    struct belief_view view = belief_view(&belief, 0);
    assert_close(view.decide.rtt_s, 0.010, 1e-4, 0);
    assert_close(view.decide.up_s_per_byte, 0.5e-6, 1e-4, 0);
    assert_close(view.decide.down_s_per_byte, 2e-6, 1e-9, 0);
    assert_close(view.believed.rtt_s, 0.020, 1e-9, 0);
    assert_close(view.seen.up_s_per_byte, 1e-6, 1e-9, 0);
}

/* The evaluator's tracker is the header's, to the microsecond, over any life. */
static void the_tracker_is_the_headers(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    struct rnnmap_link link;
    struct belief belief;
    double now_s = 0;
    print_message("seed %llu\n", (unsigned long long)random.state);
    rnnmap_link_init(&link, 20000, 0);
    belief_start(&belief, &belief_tracker, &design);
    for (int i = 0; i < 20000; i++) {
        uint32_t ms, us = (uint32_t)random_below(&random, 300000);
        now_s += 0.001 * (double)random_below(&random, 60000) * (i % 100 ? 0.01 : 100);
        now_s = round(now_s * 1e3) * 1e-3 + 1e-6;
        ms = (uint32_t)(uint64_t)(now_s * 1e3);
        struct sight good = answer(now_s, us * 1e-6), bad = failure(now_s, us * 1e-6);
        switch (random_below(&random, 8)) {
        case 0:
            rnnmap_link_fail(&link, ms, us);
            see(&belief, &bad, 1);
            assert_true(isinf(rtt_s(&belief, now_s)));
            break;
        case 1:
        case 2:
            rnnmap_link_observe(&link, ms, us, 0);
            see(&belief, &good, 1);
            break;
        default:
            rnnmap_link_keep(&link, us);
            belief_keep(&belief, &(struct cost_link){us * 1e-6, INFINITY, INFINITY});
        }
        uint32_t rtt_us = rnnmap_link_rtt_us(&link, ms);
        if (rtt_us == RNNMAP_LINK_DOWN_US)
            assert_true(isinf(rtt_s(&belief, now_s)));
        else
            assert_close(rtt_s(&belief, now_s), rtt_us * 1e-6, 1e-12, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_that_do_not_age),
        cmocka_unit_test(the_plain_one_forgets_after_a_minute),
        cmocka_unit_test(bandwidths_are_smoothed_by_the_others),
        cmocka_unit_test(bandwidths_are_tracked_like_round_trips),
        cmocka_unit_test(a_failure_may_tell_of_bytes),
        cmocka_unit_test(staying_gives_hope_of_all_figures),
        cmocka_unit_test(the_tracker_is_the_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
