// SPDX-License-Identifier: GPL-3.0-or-later
/* Policies over live requests whose best decisions are known. */
#include "evaluator/test/fixture.h"

#include "base/random.h"
#include "evaluator/course.h"
#include "evaluator/live.h"

#include <math.h>
#include <stdio.h>

enum { MS = 1000000, MAX = 400 };

/* The device takes 1 ms a step; the endpoint 100 ms and 0.1 ms a step beside the round trip: the
 * break-even is at 0.9 n - 100 ms. */
static struct live_request exact(uint32_t steps, int64_t rtt_ns)
{
    struct live_request request = {.n = steps, .rtt_ns = rtt_ns, .edge_ns = (int64_t)steps * MS};
    request.cloud_ns = rtt_ns + 100 * MS + (int64_t)steps * MS / 10;
    return request;
}

static bool exact_rule(uint32_t n, double rtt_us)
{
    return rtt_us < 900.0 * n - 100000.0;
}

/* A ledger of requests of lengths 1 .. MAX, and a product of exactly these costs. */
static void make(struct ledger *ledger, struct live_request *requests, size_t n)
{
    struct error error = {0};
    struct histogram histogram;
    struct product product;
    histogram_to(&histogram, MAX);
    product_make(&product, (double[]){0, 1e-3}, (double[]){0.1, 1e-4}, 0.02);
    for (size_t i = 0; i < n; i++)
        requests[i].place = requests[i].n - 1;
    check(ledger_init(ledger, n, &histogram, &error), &error);
    struct cost_link design = cost_link_measured(&product.models);
    ledger_know(ledger, &product.pair, NULL, &product.table, &design);
    check(live_ledger(requests, n, ledger, &error), &error);
    product_free(&product);
    histogram_free(&histogram);
}

static struct fare fare_of(const char *policy, const struct ledger *ledger, double *cost_s)
{
    struct error error = {0};
    struct course *course;
    struct hindsight hindsight;
    struct fare fare;
    int i = policy_find(policy);
    assert_true(i >= 0);
    check(hindsight_find(ledger, &hindsight, &error), &error);
    check(course_open(ledger, &course, &error), &error);
    struct expected_cost costs[MAX];
    course_run(course, &policies[i], &hindsight, 7, ledger->n, costs, &fare);
    for (size_t k = 0; k < ledger->n; k++)
        cost_s[k] = costs[k].time_s;
    course_close(course);
    return fare;
}

static double total(const char *policy, const struct ledger *ledger)
{
    double cost_s[MAX], sum = 0;
    fare_of(policy, ledger, cost_s);
    for (size_t i = 0; i < ledger->n; i++)
        sum += cost_s[i];
    return sum;
}

/* Whether each request was offloaded, told by what it cost: the two must differ. */
static void decisions(const char *policy, const struct ledger *ledger, bool *offload)
{
    double cost_s[MAX];
    fare_of(policy, ledger, cost_s);
    for (size_t i = 0; i < ledger->n; i++)
        offload[i] = cost_s[i] != ledger->requests[i].edge_s;
}

static void lines_are_recovered(void **state)
{
    (void)state;
    struct live_request requests[50];
    struct ledger ledger;
    for (uint32_t i = 0; i < 50; i++)
        requests[i] = exact(3 * i + 1, (int64_t)(1 + i % 7) * 5 * MS);
    make(&ledger, requests, 50);
    for (size_t i = 0; i < 50; i++) {
        assert_close(ledger.requests[i].expected_edge_s, 1e-3 * requests[i].n, 1e-9, 1e-12);
        assert_close(ledger.requests[i].expected_cloud_s, 1e-9 * (double)requests[i].cloud_ns, 1e-9,
                     0);
    }
    assert_close(ledger.mean.rtt_s, (7 * 140 + 5) / 50.0 * 1e-3, 1e-9, 0);
    ledger_free(&ledger);
}

/* Without noise all that know the link agree with the break-even. */
static void exact_requests_are_decided_by_the_break_even(void **state)
{
    (void)state;
    static const char *const agreeing[] = {"fixed", "naive",  "design",     "rnnmap",
                                           "known", "oracle", "clairvoyant"};
    struct live_request requests[MAX];
    bool offload[MAX];
    struct ledger ledger;
    for (uint32_t i = 0; i < MAX; i++)
        requests[i] = exact(1 + i * 7919 % MAX, 20 * MS); /* break-even at n = 133.3 */
    make(&ledger, requests, MAX);
    for (size_t p = 0; p < sizeof agreeing / sizeof *agreeing; p++) {
        decisions(agreeing[p], &ledger, offload);
        for (size_t i = 0; i < MAX; i++) {
            if (offload[i] != (requests[i].n >= 134))
                fail_msg("%s: length %u", agreeing[p], requests[i].n);
        }
    }
    ledger_free(&ledger);
}

static void random_tosses_a_fair_coin_of_its_own(void **state)
{
    (void)state;
    struct live_request requests[MAX];
    double cost_s[MAX], again_s[MAX];
    struct ledger ledger;
    for (uint32_t i = 0; i < MAX; i++)
        requests[i] = exact(i + 1, 20 * MS);
    make(&ledger, requests, MAX);
    struct fare fare = fare_of("random", &ledger, cost_s);
    assert_true(fabs((double)fare.n_offloaded - MAX / 2.0) < 4 * sqrt(MAX) / 2);
    fare_of("random", &ledger, again_s);
    assert_memory_equal(cost_s, again_s, sizeof cost_s);
    ledger_free(&ledger);
}

static void ties_stay_on_the_device(void **state)
{
    (void)state;
    struct live_request requests[3] = {
        {.n = 5, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS},
        {.n = 5, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS},
        {.n = 9, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS}};
    static const char *const choosing[] = {"fixed", "oracle", "clairvoyant"};
    double cost_s[3];
    struct ledger ledger;
    make(&ledger, requests, 3);
    for (int p = 0; p < 3; p++)
        assert_int_equal(fare_of(choosing[p], &ledger, cost_s).n_offloaded, 0);
    ledger_free(&ledger);
}

static void noisy(struct random *random, struct live_request *requests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        requests[i] = exact((uint32_t)(1 + random_below(random, 40) * 8),
                            (int64_t)(1 + random_below(random, 150)) * MS);
        requests[i].edge_ns += (int64_t)(40 * MS * random_uniform(random));
        requests[i].cloud_ns += (int64_t)(40 * MS * random_uniform(random));
        requests[i].cloud_failed = random_below(random, 20) == 0;
        if (random_below(random, 30) == 0)
            requests[i].rtt_ns = -1;
    }
}

/* Every threshold tried out, in both directions. */
static double best_threshold_s(const struct ledger *ledger)
{
    double best = INFINITY;
    for (uint32_t t = 0; t <= MAX; t++) {
        for (int above = 0; above < 2; above++) {
            double sum = 0;
            for (size_t i = 0; i < ledger->n; i++) {
                const struct request *r = &ledger->requests[i];
                bool offload = (ledger->lengths[r->place].n >= t) == above;
                sum += !offload ? r->edge_s : r->cloud_s + (r->failed ? r->edge_s : 0);
            }
            best = sum < best ? sum : best;
        }
    }
    return best;
}

static void noisy_requests_keep_the_order_of_policies(void **state)
{
    (void)state;
    const uint64_t seed = 20240611;
    printf("seed %llu\n", (unsigned long long)seed);
    struct random random = {seed};
    int rounds = test_long() ? 400 : 30;
    for (int r = 0; r < rounds; r++) {
        struct live_request requests[MAX];
        double cost_s[MAX];
        struct ledger ledger;
        size_t n = 2 + (size_t)random_below(&random, MAX - 1);
        noisy(&random, requests, n);
        if (r % 3 == 0) { /* the endpoint better below a length: the other direction */
            for (size_t i = 0; i < n; i++)
                requests[i].n = MAX - requests[i].n;
        }
        make(&ledger, requests, n);
        double clairvoyant = total("clairvoyant", &ledger);
        assert_close(total("fixed", &ledger), best_threshold_s(&ledger), 1e-12, 0);
        for (size_t p = 0; p < n_policies; p++) {
            assert_true(clairvoyant <= total(policies[p].name, &ledger) * (1 + 1e-12));
            struct fare fare = fare_of(policies[p].name, &ledger, cost_s);
            assert_true(fare.expected_regret >= 0);
            assert_true(fare.n_wrong > 0 || fare.expected_regret == 0);
        }
        assert_int_equal(fare_of("oracle", &ledger, cost_s).n_wrong, 0);
        ledger_free(&ledger);
    }
}

static void failed_requests_cost_both(void **state)
{
    (void)state;
    struct live_request requests[4] = {exact(200, 10 * MS), exact(300, 10 * MS),
                                       exact(400, 10 * MS), exact(400, -1)};
    struct ledger ledger;
    double cost_s[4];
    requests[2].cloud_failed = true;
    requests[2].cloud_ns = 3 * MS;
    requests[3].cloud_ns = 5 * MS;
    make(&ledger, requests, 4);
    assert_int_equal(ledger.n_failed, 1);
    struct fare fare = fare_of("cloud", &ledger, cost_s);
    assert_int_equal(fare.n_failed, 1);
    assert_close(cost_s[2], 0.403, 1e-12, 0);
    /* the line is from the two that say something */
    assert_close(ledger.requests[2].expected_cloud_s, 0.15, 1e-9, 0);
    fare_of("clairvoyant", &ledger, cost_s);
    assert_close(cost_s[2], 0.4, 1e-12, 0);
    assert_close(cost_s[3], 0.005, 1e-12, 0);
    fare_of("oracle", &ledger, cost_s); /* cannot know that request 2 fails */
    assert_close(cost_s[2], 0.403, 1e-12, 0);
    assert_close(cost_s[3], 0.4, 1e-12, 0);
    ledger_free(&ledger);
    for (int i = 0; i < 4; i++)
        requests[i].cloud_failed = true;
    make(&ledger, requests, 4);
    assert_int_equal(fare_of("oracle", &ledger, cost_s).n_offloaded, 0);
    ledger_free(&ledger);
}

/* In live requests the product hears of every round trip, but only after the request that saw it:
 * each decision is that of the header at the smoothed round trip of those before. */
static void learners_do_not_peek(void **state)
{
    (void)state;
    const uint64_t seed = 8;
    struct random random = {seed};
    struct live_request requests[MAX];
    bool offload[MAX], down = false;
    double believed_us = 20000;
    size_t n_down = 0, n_offloaded = 0;
    struct ledger ledger;
    printf("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < MAX; i++) {
        int64_t rtt_ms =
            random_below(&random, 10) == 0 ? -1 : (int64_t)(random_below(&random, 300));
        requests[i] =
            exact(100 + (uint32_t)random_below(&random, 300), rtt_ms < 0 ? -1 : rtt_ms * MS);
    }
    make(&ledger, requests, MAX);
    decisions("smoothed", &ledger, offload);
    for (size_t i = 0; i < MAX; i++) {
        bool wanted = !down && exact_rule(requests[i].n, round(believed_us));
        /* the header's integers may differ from the rule by one microsecond */
        if (offload[i] != wanted && fabs(believed_us - 900.0 * requests[i].n + 100000.0) > 1.5)
            fail_msg("request %zu, length %u, %.1f us", i, requests[i].n, believed_us);
        down = requests[i].rtt_ns < 0;
        n_down += down;
        n_offloaded += offload[i];
        if (!down)
            believed_us = 0.875 * believed_us + 0.125 * (double)requests[i].rtt_ns * 1e-3;
    }
    assert_true(n_down > 10 && n_offloaded > 50 && n_offloaded < MAX - n_down);
    ledger_free(&ledger);
}

static void the_naive_and_the_design_link_are_what_they_say(void **state)
{
    (void)state;
    struct live_request requests[4] = {exact(150, 10 * MS), exact(150, 90 * MS),
                                       exact(170, 10 * MS), exact(170, 90 * MS)};
    struct ledger ledger; /* R(150) = 35 ms, R(170) = 53 ms; the mean is 50, the design 20 ms */
    double cost_s[4];
    make(&ledger, requests, 4);
    assert_int_equal(fare_of("naive", &ledger, cost_s).n_offloaded, 2);
    assert_close(cost_s[0], 0.15, 1e-9, 0);
    assert_int_equal(fare_of("design", &ledger, cost_s).n_offloaded, 4);
    assert_int_equal(fare_of("known", &ledger, cost_s).n_offloaded, 2);
    assert_close(cost_s[0], 0.125, 1e-9, 0);
    assert_close(cost_s[3], 0.17, 1e-9, 0);
    ledger_free(&ledger);
}

static void no_requests_are_an_error(void **state)
{
    (void)state;
    struct ledger ledger = {0};
    struct error error = {0};
    assert_int_equal(live_ledger(NULL, 0, &ledger, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no request"));
    assert_int_equal(policy_find("none"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_recovered),
        cmocka_unit_test(exact_requests_are_decided_by_the_break_even),
        cmocka_unit_test(random_tosses_a_fair_coin_of_its_own),
        cmocka_unit_test(ties_stay_on_the_device),
        cmocka_unit_test(noisy_requests_keep_the_order_of_policies),
        cmocka_unit_test(failed_requests_cost_both),
        cmocka_unit_test(learners_do_not_peek),
        cmocka_unit_test(the_naive_and_the_design_link_are_what_they_say),
        cmocka_unit_test(no_requests_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
