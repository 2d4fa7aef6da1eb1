// SPDX-License-Identifier: GPL-3.0-or-later
/* Policies over synthetic requests whose best decisions are known. */
#include "base/test/support.h"

#include "base/random.h"
#include "evaluator/outcome.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000000, MAX = 400 };

/* The device takes 1 ms a step; the endpoint 100 ms and 0.1 ms a step beside the round trip. */
static struct request exact(uint32_t n, int64_t rtt_ns)
{
    return (struct request){.n = n,
                            .rtt_ns = rtt_ns,
                            .edge_ns = (int64_t)n * MS,
                            .cloud_ns = rtt_ns + 100 * MS + (int64_t)n * MS / 10};
}

/* The break-even of the above: 0.9 n - 100 ms. */
static bool exact_rule(const void *user, uint32_t n, uint32_t rtt_us)
{
    (void)user;
    return (double)rtt_us < 900.0 * n - 100000.0;
}

static const struct header_rule exact_header = {exact_rule, NULL, 0.02};

static void make(struct ledger *ledger, const struct request *requests, size_t n)
{
    struct error error = {0};
    if (ledger_init(ledger, requests, n, &error))
        fail_msg("%s", error.text);
}

static void decide(const char *policy, const struct ledger *ledger, bool *offload)
{
    int i = policy_find(policy);
    assert_true(i >= 0);
    assert_int_equal(policies[i].decide(ledger, &exact_header, offload, NULL), STATUS_OK);
}

static double total(const struct ledger *ledger, const bool *offload)
{
    double sum = 0;
    for (size_t i = 0; i < ledger->n; i++)
        sum += ledger_cost_s(ledger, i, offload[i]);
    return sum;
}

static void lines_are_recovered(void **state)
{
    (void)state;
    struct request requests[50];
    struct ledger ledger;
    for (uint32_t i = 0; i < 50; i++)
        requests[i] = exact(3 * i + 1, (int64_t)(1 + i % 7) * 5 * MS);
    make(&ledger, requests, 50);
    assert_close(ledger.edge_line.slope, 1e-3, 1e-9, 0);
    assert_close(ledger.edge_line.intercept, 0, 0, 1e-12);
    assert_close(ledger.cloud_line.slope, 1e-4, 1e-9, 0);
    assert_close(ledger.cloud_line.intercept, 0.1, 1e-9, 0);
    assert_close(ledger.expected_cloud_s[9], 0.1 + 0.0028 + 0.015, 1e-9, 0);
    ledger_free(&ledger);
}

/* Without noise the oracle, the clairvoyant and the header agree with the break-even. */
static void exact_requests_are_decided_by_the_break_even(void **state)
{
    (void)state;
    struct request requests[MAX];
    bool offload[MAX];
    struct ledger ledger;
    size_t n_offloaded = 0;
    for (uint32_t i = 0; i < MAX; i++)
        requests[i] = exact(i + 1, 20 * MS); /* break-even at n = 133.3 */
    make(&ledger, requests, MAX);
    static const char *const agreeing[] = {"fixed", "rnnmap", "oracle", "clairvoyant"};
    for (int p = 0; p < 4; p++) {
        decide(agreeing[p], &ledger, offload);
        for (size_t i = 0; i < MAX; i++) {
            if (offload[i] != (requests[i].n >= 134))
                fail_msg("%s: length %u", agreeing[p], requests[i].n);
            n_offloaded += offload[i];
        }
    }
    assert_int_equal(n_offloaded, 4 * (MAX - 133));
    ledger_free(&ledger);
}

static void ties_stay_on_the_device(void **state)
{
    (void)state;
    struct request requests[3] = {{.n = 5, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS},
                                  {.n = 5, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS},
                                  {.n = 9, .rtt_ns = 0, .edge_ns = 7 * MS, .cloud_ns = 7 * MS}};
    bool offload[3];
    struct ledger ledger;
    make(&ledger, requests, 3);
    static const char *const choosing[] = {"fixed", "oracle", "clairvoyant"};
    for (int p = 0; p < 3; p++) {
        decide(choosing[p], &ledger, offload);
        assert_false(offload[0] || offload[1] || offload[2]);
    }
    ledger_free(&ledger);
}

static void noisy(struct random *random, struct request *requests, size_t n)
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
    for (uint32_t t = 0; t <= 400; t++) {
        for (int above = 0; above < 2; above++) {
            double sum = 0;
            for (size_t i = 0; i < ledger->n; i++)
                sum += ledger_cost_s(ledger, i, (ledger->requests[i].n >= t) == above);
            best = sum < best ? sum : best;
        }
    }
    return best;
}

static double expected_s(const struct ledger *ledger, const bool *offload)
{
    double sum = 0;
    for (size_t i = 0; i < ledger->n; i++) {
        if (ledger->requests[i].rtt_ns >= 0)
            sum += ledger_expected_s(ledger, i, offload[i]);
    }
    return sum;
}

static void noisy_requests_keep_the_order_of_policies(void **state)
{
    (void)state;
    const uint64_t seed = 20240611;
    printf("seed %llu\n", (unsigned long long)seed);
    struct random random = {seed};
    int rounds = test_long() ? 400 : 30;
    for (int r = 0; r < rounds; r++) {
        struct request requests[MAX];
        bool offload[MAX];
        struct ledger ledger;
        size_t n = 2 + (size_t)random_below(&random, MAX - 1);
        noisy(&random, requests, n);
        if (r % 3 == 0) { /* the endpoint better below a length: the other direction */
            for (size_t i = 0; i < n; i++)
                requests[i].n = 400 - requests[i].n;
        }
        make(&ledger, requests, n);
        decide("clairvoyant", &ledger, offload);
        double clairvoyant = total(&ledger, offload);
        decide("oracle", &ledger, offload);
        double oracle = expected_s(&ledger, offload);
        decide("fixed", &ledger, offload);
        assert_close(total(&ledger, offload), best_threshold_s(&ledger), 1e-12, 0);
        for (size_t p = 0; p < n_policies; p++) {
            decide(policies[p].name, &ledger, offload);
            assert_true(clairvoyant <= total(&ledger, offload) * (1 + 1e-12));
            assert_true(oracle <= expected_s(&ledger, offload) * (1 + 1e-12));
        }
        ledger_free(&ledger);
    }
}

static void failed_requests_cost_both(void **state)
{
    (void)state;
    struct request requests[4] = {exact(200, 10 * MS), exact(300, 10 * MS), exact(400, 10 * MS),
                                  exact(400, -1)};
    struct ledger ledger;
    bool offload[4];
    requests[2].cloud_failed = true;
    requests[2].cloud_ns = 3 * MS;
    requests[3].cloud_ns = 5 * MS;
    make(&ledger, requests, 4);
    assert_int_equal(ledger.n_failed, 1);
    assert_close(ledger.cloud_s[2], 0.403, 1e-12, 0);
    assert_close(ledger.cloud_line.slope, 1e-4, 1e-9, 0); /* from the two that say something */
    decide("clairvoyant", &ledger, offload);
    assert_true(offload[0] && offload[1] && !offload[2] && offload[3]);
    decide("oracle", &ledger, offload); /* cannot know that request 2 fails */
    assert_true(offload[0] && offload[1] && offload[2] && !offload[3]);
    ledger_free(&ledger);
    for (int i = 0; i < 4; i++)
        requests[i].cloud_failed = true;
    make(&ledger, requests, 4);
    assert_false(ledger.has_cloud_line);
    decide("oracle", &ledger, offload);
    assert_false(offload[0] || offload[1] || offload[2] || offload[3]);
    ledger_free(&ledger);
}

struct heard {
    uint32_t rtt_us[64];
    size_t n;
};

static bool listen(const void *user, uint32_t n, uint32_t rtt_us)
{
    struct heard *heard = (struct heard *)(uintptr_t)user;
    (void)n;
    heard->rtt_us[heard->n++] = rtt_us;
    return true;
}

/* The header hears of round trips only after the request that saw them. */
static void rnnmap_does_not_peek(void **state)
{
    (void)state;
    static const int64_t rtt_ms[] = {10, 10, 90, 90, -1, 90, 10, 10};
    struct request requests[8];
    struct heard heard = {.n = 0};
    struct header_rule rule = {listen, &heard, 0.020};
    bool offload[8];
    struct ledger ledger;
    for (size_t i = 0; i < 8; i++)
        requests[i] = exact(50, rtt_ms[i] < 0 ? -1 : rtt_ms[i] * MS);
    make(&ledger, requests, 8);
    assert_int_equal(policies[policy_find("rnnmap")].decide(&ledger, &rule, offload, NULL),
                     STATUS_OK);
    double believed = 20000;
    size_t asked = 0;
    for (size_t i = 0; i < 8; i++) {
        if (i == 5) { /* the round trip before this request failed */
            assert_false(offload[i]);
        } else {
            assert_true(offload[i]);
            assert_close(heard.rtt_us[asked++], believed, 0, 0.5);
        }
        if (rtt_ms[i] >= 0)
            believed = 0.875 * believed + 0.125 * (double)rtt_ms[i] * 1000;
    }
    assert_int_equal(heard.n, asked);
    ledger_free(&ledger);
}

static void rnnmap_follows_the_table_at_steady_round_trips(void **state)
{
    (void)state;
    struct request requests[MAX];
    bool offload[MAX];
    struct ledger ledger;
    for (uint32_t i = 0; i < MAX; i++)
        requests[i] = exact(1 + i * 7919 % MAX, 20 * MS);
    make(&ledger, requests, MAX);
    decide("rnnmap", &ledger, offload);
    for (size_t i = 0; i < MAX; i++)
        assert_int_equal(offload[i], exact_rule(NULL, requests[i].n, 20000));
    ledger_free(&ledger);
}

static void no_requests_are_an_error(void **state)
{
    (void)state;
    struct ledger ledger;
    struct error error = {0};
    assert_int_equal(ledger_init(&ledger, NULL, 0, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no request"));
    assert_int_equal(policy_find("none"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_recovered),
        cmocka_unit_test(exact_requests_are_decided_by_the_break_even),
        cmocka_unit_test(ties_stay_on_the_device),
        cmocka_unit_test(noisy_requests_keep_the_order_of_policies),
        cmocka_unit_test(failed_requests_cost_both),
        cmocka_unit_test(rnnmap_does_not_peek),
        cmocka_unit_test(rnnmap_follows_the_table_at_steady_round_trips),
        cmocka_unit_test(no_requests_are_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
