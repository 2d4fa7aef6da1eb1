// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The parts of separating an endpoint from its link, against arithmetic and brute force: which
 * samples take part, states of the link, runs of lengths, and small campaigns without noise.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/campaign_fit.h"
#include "fitter/link_states.h"
#include "fitter/runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- states */

static void states_are_parted_by_gaps(void **state)
{
    (void)state;
    enum { N = 63 };
    struct link_sample samples[N];
    double instruments[N], sum = 0;
    struct link_states states;
    for (int i = 0; i < 60; i++) /* 30 around 5 ms, 30 around 40 ms, in turns */
        samples[i] = (struct link_sample){(i % 2 ? 40e-3 : 5e-3) + 1e-5 * (i / 2 % 5), -1, -1};
    samples[60] = (struct link_sample){20e-3, -1, -1}; /* disturbed probes */
    samples[61] = (struct link_sample){400e-3, -1, -1};
    samples[62] = (struct link_sample){0, -1, -1};
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_int_equal(states.n_states, 2);
    assert_close(states.least_s, (30 * 5.02e-3 + 0) / 31, 1e-9, 0); /* 0 is near enough to 5 ms */
    assert_close(states.most_s, 40.02e-3, 1e-9, 0);
    assert_true(states.f > 1e3);
    assert_true(isnan(instruments[60]) && isnan(instruments[61]));
    for (int i = 3; i < 60; i += 2)
        sum += samples[i].rtt_s;
    assert_close(instruments[1], sum / 29, 1e-12, 0); /* the others' mean */
}

static void settings_are_the_states(void **state)
{
    (void)state;
    enum { N = 40 };
    struct link_sample samples[N];
    double instruments[N];
    struct link_states states;
    for (int i = 0; i < N;
         i++) /* settings that no gap parts: 10 and 11 ms, probes up to 3 ms late */
        samples[i] = (struct link_sample){1e-3 * (10 + i % 2) + 1e-4 * (i / 2 * 7 % 20 + 10), i,
                                          10000000 + i % 2 * 1000000};
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_int_equal(states.n_states, 2);
    assert_close(states.least_s, 11.95e-3, 1e-9, 0);
    assert_close(states.most_s, 12.95e-3, 1e-9, 0);
    assert_close(instruments[0], (20 * 11.95e-3 - samples[0].rtt_s) / 19, 1e-12, 0);
    samples[7].set_ns = -1; /* one does not say: as if none did */
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_int_equal(states.n_states, 0);
}

static void a_wandering_link_has_a_state_a_round(void **state)
{
    (void)state;
    enum { N = 200 };
    struct link_sample samples[N];
    double instruments[N];
    struct link_states states;
    struct random random = {9};
    for (int i = 0; i < N; i++)
        samples[i] =
            (struct link_sample){(10 + 0.5 * (i / 10) + 0.02 * (i % 10)) * 1e-3, i / 10, -1};
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_int_equal(states.n_states, N / 10);
    assert_true(states.f > 1000);
    assert_close(instruments[0], (10 + 0.02 * 5) * 1e-3, 1e-9, 0);

    for (int i = 0; i < N; i++) /* one state, whatever the round */
        samples[i].rtt_s = 10e-3 + 1e-3 * random_uniform(&random);
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_true(states.f < 10);
    for (int i = 0; i < N; i++)
        samples[i].round = -1;
    assert_int_equal(link_states_find(samples, N, instruments, &states, NULL), STATUS_OK);
    assert_int_equal(states.n_states, 0);
    assert_true(isnan(instruments[0]));
}

/* ---- runs */

/* The least BIC over every set of cuts: bit i of `cuts` starts a run at i+1. */
static double brute_force(const struct run_estimate *e, size_t n, size_t most, double n_samples)
{
    double best = INFINITY;
    for (unsigned cuts = 0; cuts < 1u << (n - 1); cuts++) {
        double misfit = 0;
        size_t n_runs = 0;
        for (size_t first = 0, end; first < n; first = end, n_runs++) {
            double w = 0, wx = 0;
            for (end = first; end == first || (end < n && !(cuts >> (end - 1) & 1)); end++) {
                w += 1 / e[end].variance;
                wx += e[end].value / e[end].variance;
            }
            for (size_t i = first; i < end; i++)
                misfit += pow(e[i].value - wx / w, 2) / e[i].variance;
        }
        if (n_runs <= most)
            best = fmin(best, misfit + (2 * (double)n_runs - 1) * log(n_samples));
    }
    return best;
}

static void runs_against_brute_force(void **state)
{
    (void)state;
    struct random random = {17};
    printf("seed %llu\n", (unsigned long long)random.state);
    for (int trial = 0; trial < 300; trial++) {
        struct run_estimate e[10];
        size_t n = 1 + random_below(&random, 10), most = 1 + random_below(&random, 5);
        double level = 2;
        struct runs runs;
        for (size_t i = 0; i < n; i++) {
            level += random_below(&random, 4) == 0;
            e[i].variance = 0.001 + 0.2 * random_uniform(&random);
            e[i].value = level + sqrt(e[i].variance) * random_normal(&random);
        }
        assert_int_equal(runs_find(e, n, most, 50, &runs, NULL), STATUS_OK);
        assert_close(runs.bic, brute_force(e, n, most, 50), 1e-9, 1e-9);
        assert_true(runs.n >= 1 && runs.n <= most && runs.first[0] == 0);
    }
}

static void runs_by_hand(void **state)
{
    (void)state;
    struct run_estimate e[] = {{1, 1e-4}, {1.01, 1e-4}, {2, 1e-4}, {2.02, 1e-4}, {3, 1e-4}};
    struct runs runs;
    assert_int_equal(runs_find(e, 5, 8, 100, &runs, NULL), STATUS_OK);
    assert_int_equal(runs.n, 3);
    assert_int_equal(runs.first[1], 2);
    assert_int_equal(runs.first[2], 4);
    assert_close(runs.level[0], 1.005, 1e-12, 0);
    assert_close(runs.level[1], 2.01, 1e-12, 0);
    assert_close(runs.level[2], 3, 1e-12, 0);
    /* chi^2 = (0.005^2 + 0.005^2 + 0.01^2 + 0.01^2) / 1e-4 */
    assert_close(runs.bic, 2.5 + 5 * log(100), 1e-9, 0);
}

/* ---- small campaigns without noise */

enum { LENGTHS = 6, MAX_SAMPLES = 4000 };

struct lines {
    char text[512];
    int n;
};

static void note(void *user, const char *line)
{
    struct lines *lines = user;
    size_t used = strlen(lines->text);
    snprintf(lines->text + used, sizeof lines->text - used, "%s\n", line);
    lines->n++;
}

struct campaign_case {
    struct observation observations[MAX_SAMPLES];
    struct dataset_target target;
    struct dataset dataset;
    struct lines lines;
    struct model_set set;
};

static struct campaign_case *begin(void)
{
    struct campaign_case *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->target = (struct dataset_target){
        .name = (char *)"cloud", .remote = true, .observations = c->observations};
    c->dataset = (struct dataset){.campaign = (char *)"x",
                                  .targets = &c->target,
                                  .n_targets = 1,
                                  .up_s_per_byte = NAN,
                                  .down_s_per_byte = NAN};
    return c;
}

/* A request over r ms that takes 2 + 0.05 n ms there, `trips` round trips, 1000 + 40 n bytes up. */
static struct observation request(uint32_t n, double r_ms, double trips, int64_t up_ps)
{
    struct observation o = {.length = n,
                            .round = -1,
                            .rtt_ns = llround(r_ms * 1e6),
                            .bytes_up = 1000 + 40 * (int64_t)n,
                            .bytes_down = 500,
                            .connect_ns = -1,
                            .link_rtt_ns = -1,
                            .up_ps_per_byte = up_ps,
                            .down_ps_per_byte = up_ps};
    double bytes_ns = up_ps > 0 ? 1e-3 * (double)(up_ps * (o.bytes_up + o.bytes_down)) : 0;
    o.time_ns = llround((2 + 0.05 * n + trips * r_ms) * 1e6 + bytes_ns);
    return o;
}

static void put(struct campaign_case *c, struct observation o)
{
    assert_true(c->target.n < MAX_SAMPLES);
    c->observations[c->target.n++] = o;
}

static void run(struct campaign_case *c)
{
    struct fit_options options = {.automatic = true, .remark = note, .user = &c->lines};
    struct error error = {0};
    link_terms_find(&c->target);
    c->dataset.up_s_per_byte = c->target.link.up ? 1e-6 : NAN;
    if (campaign_fit(&c->dataset, &options, &c->set, &error))
        fail_msg("%s", error.text);
}

static void end(struct campaign_case *c)
{
    model_set_free(&c->set);
    free(c);
}

static void expect_remote(const struct campaign_case *c, size_t n_samples)
{
    const struct cost_model *remote = model_set_find(&c->set, "cloud", QUANTITY_REMOTE_S);
    assert_close(remote->coefficients[0], 2e-3, 1e-6, 0);
    assert_close(remote->coefficients[1], 0.05e-3, 1e-6, 0);
    assert_int_equal(remote->n_samples, n_samples);
}

/* 24 requests of each of six lengths over 4 and 40 ms. */
static void put_states(struct campaign_case *c, double trips, int64_t connect_ns, int64_t up_ps)
{
    for (int i = 0; i < LENGTHS * 24; i++) {
        struct observation o =
            request(20 + 100 * (uint32_t)(i % LENGTHS), i / LENGTHS % 2 ? 40 : 4, trips, up_ps);
        o.connect_ns = connect_ns;
        put(c, o);
    }
}

static void new_connections_take_two(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    put_states(c, 2, 4000000, 700000);
    run(c);
    const struct cost_model *trips = model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS);
    assert_non_null(trips);
    assert_int_equal(trips->form, FORM_CONSTANT);
    assert_close(trips->coefficients[0], 2, 1e-6, 0);
    expect_remote(c, LENGTHS * 24);
    assert_int_equal(c->lines.n, 0);
    end(c);
}

/* Imported times know nothing of their connection: exactly one round trip, no model. */
static void unknown_connections_take_one(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    put_states(c, 1, -1, 700000); /* bytes over the window at the longer lengths */
    run(c);
    assert_null(model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS));
    expect_remote(c, LENGTHS * 24);
    assert_int_equal(c->lines.n, 0);
    end(c);
}

/* Over one round trip the second one cannot be told from the rest: it stays there, and is said. */
static void one_state_is_not_enough(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    for (int i = 0; i < LENGTHS * 24; i++) {
        struct observation o = request(20 + 100 * (uint32_t)(i % LENGTHS), 10, 2, -1);
        o.connect_ns = 10000000;
        put(c, o);
    }
    run(c);
    assert_null(model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS));
    const struct cost_model *remote = model_set_find(&c->set, "cloud", QUANTITY_REMOTE_S);
    assert_close(remote->coefficients[0], 12e-3, 1e-6, 0);
    assert_int_equal(c->lines.n, 1);
    assert_non_null(strstr(c->lines.text, "cloud: requests open a connection, but all were "
                                          "measured at one round trip; one round trip"));
    end(c);
}

/* An answer faster than the round trip measured before it says that the states are not what they
 * seem; so does a slope lost in noise. */
static void impossible_estimates_are_refused(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    put_states(c, 0.5, 4000000, -1);
    for (size_t i = 0; i < c->target.n; i++)
        c->observations[i].time_ns += 1000 * (int64_t)(i * 7919 % 13);
    run(c);
    assert_null(model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS));
    assert_non_null(strstr(c->lines.text, "is below one"));
    end(c);

    c = begin();
    put_states(c, 2, 4000000, -1);
    for (size_t i = 0; i < c->target.n; i++)
        c->observations[i].time_ns += 10000000 * (int64_t)(i * 7919 % 131);
    run(c);
    assert_null(model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS));
    assert_non_null(strstr(c->lines.text, "are no estimate"));
    end(c);
}

/* What some samples know, all must know: the rest is left out by its reason, and counted. */
static void left_out_by_reason(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    put_states(c, 1, 0, 700000);
    size_t good = 0;
    for (size_t i = 0; i < c->target.n; i++) { /* bytes that fit the window */
        c->observations[i].time_ns -= 700 * (c->observations[i].bytes_up - 900);
        c->observations[i].bytes_up = 900;
        good++;
    }
    struct observation odd = c->observations[0];
    odd.time_ns *= 9;
    odd.rtt_ns = -1;
    put(c, odd);
    odd.rtt_ns = 4000000;
    odd.up_ps_per_byte = -1;
    for (int i = 0; i < 2; i++)
        put(c, odd);
    odd.up_ps_per_byte = 700000;
    odd.bytes_up = -1;
    for (int i = 0; i < 3; i++)
        put(c, odd);
    odd.bytes_up = 900;
    odd.connect_ns = 4000000;
    for (int i = 0; i < 4; i++)
        put(c, odd);
    run(c);
    expect_remote(c, good);
    const uint64_t *n = c->target.link.n;
    assert_int_equal(n[LINK_TAKES_PART], good);
    assert_int_equal(n[LINK_NO_RTT], 1);
    assert_int_equal(n[LINK_NO_BANDWIDTH], 2);
    assert_int_equal(n[LINK_NO_BYTES], 3);
    assert_int_equal(n[LINK_OTHER_CONNECTION], 4);
    end(c);
}

/* A probe that belongs to no state would move the slope: its sample is left out, and said. */
static void strays_are_said(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    put_states(c, 2, 4000000, -1);
    size_t n = c->target.n;
    struct observation odd = request(120, 4, 2, -1);
    odd.connect_ns = 4000000;
    odd.rtt_ns = 21000000;
    put(c, odd);
    run(c);
    expect_remote(c, n);
    assert_non_null(strstr(c->lines.text, "1 samples left out of remote_s: their round trip"));
    end(c);
}

/* Above 13,600 / 40 = 340 steps requests overflow the window: one round trip more from there. */
static void slow_start_is_a_step(void **state)
{
    (void)state;
    struct campaign_case *c = begin();
    for (int i = 0; i < LENGTHS * 24; i++) {
        uint32_t n = 20 + 100 * (uint32_t)(i % LENGTHS);
        struct observation o = request(n, i / LENGTHS % 2 ? 40 : 4, n > 340 ? 2 : 1, 700000);
        o.connect_ns = 0;
        put(c, o);
    }
    run(c);
    const struct cost_model *trips = model_set_find(&c->set, "cloud", QUANTITY_ROUND_TRIPS);
    assert_non_null(trips);
    assert_int_equal(trips->form, FORM_STEP);
    assert_int_equal(trips->n_segments, 2);
    assert_int_equal(trips->segments[0].to, 370); /* between 320 and 420 */
    assert_int_equal(trips->segments[1].from, 371);
    assert_close(cost_model_value(trips, 320), 1, 0, 0);
    assert_close(cost_model_value(trips, 420), 2, 1e-6, 0);
    assert_close(model_set_covariance(&c->set, trips, 0, trips, 0), 0, 0, 0);
    expect_remote(c, LENGTHS * 24);
    end(c);
}

/* Of two endpoints one knows its bandwidth: the other's bytes must not be charged again. */
static void bytes_stay_where_the_bandwidth_is_unknown(void **state)
{
    (void)state;
    struct campaign_case *c = begin(), *other = begin();
    put_states(c, 1, -1, 700000);
    put_states(other, 1, -1, -1);
    link_terms_find(&c->target);
    link_terms_find(&other->target);
    struct dataset_target targets[] = {c->target, other->target};
    targets[1].name = (char *)"fog";
    struct dataset dataset = {.campaign = (char *)"x",
                              .targets = targets,
                              .n_targets = 2,
                              .up_s_per_byte = 7e-7,
                              .down_s_per_byte = 7e-7};
    struct fit_options options = {.automatic = true};
    assert_int_equal(campaign_fit(&dataset, &options, &c->set, NULL), STATUS_OK);
    assert_non_null(model_set_find(&c->set, "cloud", QUANTITY_BYTES_UP));
    assert_null(model_set_find(&c->set, "fog", QUANTITY_BYTES_UP));
    assert_null(model_set_find(&c->set, "fog", QUANTITY_BYTES_DOWN));
    assert_close(c->set.up_s_per_byte, 7e-7, 0, 0);
    end(other);
    end(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_parted_by_gaps),
        cmocka_unit_test(settings_are_the_states),
        cmocka_unit_test(a_wandering_link_has_a_state_a_round),
        cmocka_unit_test(runs_against_brute_force),
        cmocka_unit_test(runs_by_hand),
        cmocka_unit_test(new_connections_take_two),
        cmocka_unit_test(unknown_connections_take_one),
        cmocka_unit_test(one_state_is_not_enough),
        cmocka_unit_test(impossible_estimates_are_refused),
        cmocka_unit_test(left_out_by_reason),
        cmocka_unit_test(strays_are_said),
        cmocka_unit_test(slow_start_is_a_step),
        cmocka_unit_test(bytes_stay_where_the_bandwidth_is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
