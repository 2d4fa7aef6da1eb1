// SPDX-License-Identifier: GPL-3.0-or-later
/* One policy's way through requests that queue: who is served when, and who hears what when. */
#include "evaluator/test/fixture.h"

#include "evaluator/course.h"

#include <math.h>

enum { N = 200 };

/* A ledger of requests that queue, all of length 1 and zero; the header offloads below 100 ms. */
static void open_ledger(struct ledger *ledger, size_t n, double timeout_s)
{
    struct error error = {0};
    struct histogram histogram;
    histogram_to(&histogram, 2);
    check(ledger_init(ledger, n, &histogram, &error), &error);
    histogram_free(&histogram);
    for (int l = 0; l < 2; l++) {
        ledger->lengths[l].break_even_us = 100000;
        ledger->lengths[l].round_trips = 1;
        ledger->lengths[l].remote_s = 0.010;
    }
    ledger->design = (struct cost_link){0.020, 0, 0};
    ledger->timeout_s = timeout_s;
    ledger->open = ledger->by_table = true;
}

static struct fare run(struct ledger *ledger, const char *policy, double *cost_s)
{
    for (size_t i = 0; i < ledger->n; i++)
        ledger->requests[i].clock_s = ledger->requests[i].at_s;
    struct error error = {0};
    struct course *course;
    struct fare fare;
    const struct hindsight from_2 = {2, true};
    check(course_open(ledger, &course, &error), &error);
    struct expected_cost costs[N];
    course_run(course, &policies[policy_find(policy)], &from_2, 1, ledger->n, costs, &fare);
    for (size_t i = 0; i < ledger->n; i++)
        cost_s[i] = costs[i].time_s;
    course_close(course);
    return fare;
}

/* Length 1 stays, length 2 goes away (the rule of `run`). */
static void one_that_is_given_up_takes_its_turn(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[3];
    open_ledger(&ledger, 3, 2);
    ledger.requests[0] = (struct request){
        .place = 1, .at_s = 0, .edge_s = 1, .cloud_s = 2, .reach_s = INFINITY, .failed = true};
    ledger.requests[1] = (struct request){.place = 0, .at_s = 1.5, .edge_s = 1};
    ledger.requests[2] = (struct request){.place = 0, .at_s = 2.25, .edge_s = 1};
    struct fare fare = run(&ledger, "fixed", cost_s);
    assert_close(cost_s[1], 1, 1e-12, 0);            /* until 2.5 */
    assert_close(cost_s[0], 3.5, 1e-12, 0);          /* there since 2, until 3.5 */
    assert_close(cost_s[2], 4.5 - 2.25, 1e-12, 0);   /* came after it */
    assert_close(fare.wait_s, 0.5 + 1.25, 1e-12, 0); /* the time-out is no waiting */
    assert_int_equal(fare.n_failed, 1);
    ledger_free(&ledger);
}

static void the_endpoint_works_on_what_was_given_up(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[4];
    open_ledger(&ledger, 4, 2);
    ledger.requests[0] = (struct request){
        .place = 1, .edge_s = 0.5, .cloud_s = 2, .reach_s = 0.1, .busy_s = 5, .failed = true};
    ledger.requests[1] = (struct request){/* waits until 5.1: from 4.1 on that is 1 s */
                                          .place = 1,     .at_s = 4,      .edge_s = 0.5,
                                          .cloud_s = 0.5, .reach_s = 0.1, .busy_s = 0.3};
    ledger.requests[2] =
        (struct request){/* never gets there, and is in nobody's way */
                         .place = 1,          .at_s = 4,   .edge_s = 0.5, .cloud_s = 2,
                         .reach_s = INFINITY, .busy_s = 9, .failed = true};
    ledger.requests[3] = (struct request){/* until 5.4, and then it takes too long */
                                          .place = 1,     .at_s = 4.1,    .edge_s = 0.5,
                                          .cloud_s = 0.9, .reach_s = 0.1, .busy_s = 0.7};
    run(&ledger, "cloud", cost_s);
    assert_close(cost_s[0], 2.5, 1e-12, 0);
    assert_close(cost_s[1], 1.5, 1e-12, 0);
    assert_close(cost_s[2], 2.5, 1e-12, 0);     /* the device has it at 6 */
    assert_close(cost_s[3], 7 - 4.1, 1e-12, 0); /* given up at 6.1; the device is free at 6.5 */
    ledger_free(&ledger);
}

/* Nobody hears of a failure before it is one: those that were made meanwhile fail too. A minute
 * after the last, it is tried again. */
static void failures_are_heard_when_they_happen(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[N];
    open_ledger(&ledger, N, 10);
    for (int i = 0; i < N; i++)
        ledger.requests[i] = (struct request){
            .at_s = i, .edge_s = 0.25, .cloud_s = 10, .reach_s = INFINITY, .failed = true};
    struct fare fare = run(&ledger, "smoothed", cost_s);
    for (int i = 0; i < N; i++) {
        /* made at 0..9, heard of until 19, tried from 80 on, heard of until 99, from 160 on */
        bool tried = i < 10 || (i >= 80 && i < 90) || (i >= 160 && i < 170);
        if ((cost_s[i] >= 10) != tried)
            fail_msg("request %d: %g s", i, cost_s[i]);
    }
    assert_int_equal(fare.n_offloaded, 30);
    ledger_free(&ledger);
}

/* What is over the expected time counts as link, whatever it was: an eighth of it each time. */
static void elapsed_times_tell_the_link(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[N], believed_s = 0.020;
    size_t n = 0;
    open_ledger(&ledger, N, 10);
    ledger.lengths[0].bytes_up = 200; /* in an outage as long as by the design link */
    ledger.design.up_s_per_byte = 1e-3;
    for (int i = 0; i < N; i++)
        ledger.requests[i] = (struct request){.at_s = i,
                                              .edge_s = 0.25,
                                              .cloud_s = 0.510,
                                              .up_s = i ? 0.2 : INFINITY,
                                              .transfer_s = i ? 0.2 : INFINITY};
    struct fare fare = run(&ledger, "smoothed", cost_s);
    for (; believed_s < 0.1; n++) /* 0.510 s, 0.2 for the bytes, 0.01 at the endpoint */
        believed_s += (0.3 - believed_s) / 8;
    assert_int_equal(n, 3);
    /* the last answer comes at 2.51 s; a minute later, at 63 s, it is forgotten; and so on */
    assert_int_equal(fare.n_offloaded, n * (1 + N / 63));
    for (size_t i = 0; i < n; i++)
        assert_close(cost_s[i], 0.510, 1e-12, 0);
    assert_close(cost_s[n], 0.25, 1e-12, 0);
    ledger_free(&ledger);
}

/* rnnmap waits twice as long as the device takes, and no longer: late ones are given up in the
 * order of their own patience, and show a link that takes as long as it all took. */
static void late_answers_are_given_up(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[4];
    open_ledger(&ledger, 4, 30);
    ledger.lengths[0].break_even_us = 990000; /* 1 s with the endpoint's; given up after 2 s */
    ledger.lengths[1].break_even_us = 240000;
    ledger.requests[0] = (struct request){
        .place = 0, .at_s = 0, .edge_s = 1, .cloud_s = 9, .reach_s = 9, .expected_cloud_s = 9};
    ledger.requests[1] =
        (struct request){.place = 1, .at_s = 0.125, .edge_s = 0.25, .cloud_s = 9, .reach_s = 9};
    /* heard of both by then: 0.740 s, then 2.990 s of link; the header offloads below 0.990 s */
    ledger.requests[2] = (struct request){.place = 0, .at_s = 4, .edge_s = 1, .cloud_s = 0.03};
    ledger.requests[3] = (struct request){/* many half-lives later it is tried again */
                                          .place = 1,
                                          .at_s = 400,
                                          .edge_s = 0.25,
                                          .cloud_s = 0.04};
    for (int i = 0; i < 4; i++)
        ledger.requests[i].expected_edge_s = ledger.requests[i].edge_s;
    struct fare fare = run(&ledger, "rnnmap", cost_s);
    assert_close(cost_s[0], 2 + 1, 1e-12, 0);
    assert_close(cost_s[1], 0.5 + 0.25, 1e-12, 0); /* before the one that was made before it */
    assert_close(cost_s[2], 1, 1e-12, 0);
    assert_close(cost_s[3], 0.04, 1e-12, 0);
    assert_int_equal(fare.n_failed, 2);
    assert_int_equal(fare.n_probes, 1);
    assert_close(fare.expected_regret, 2 + 1, 1e-9, 0); /* of 0, and of 2, which stayed */
    ledger_free(&ledger);
}

/* A product that tracks bandwidth knows that its bytes had not gone: what has none is sent as
 * before, and what has some when staying was worth enough. */
static void bytes_are_blamed_that_had_not_gone(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[4];
    open_ledger(&ledger, 4, 30);
    ledger.open = ledger.by_table = false; /* no header of bandwidths: the models decide */
    ledger.design = (struct cost_link){0.020, 1e-8, 0};
    for (int l = 0; l < 2; l++) {
        ledger.lengths[l].edge_s = 1;
        ledger.lengths[l].break_even_us = 970000;
    }
    ledger.lengths[0].bytes_up = 1e6;
    ledger.lengths[0].worth = (struct cost_link){INFINITY, 1e-4, INFINITY};
    for (int i = 0; i < 4; i++)
        ledger.requests[i] = (struct request){.place = i == 2,
                                              .at_s = i * 0.5,
                                              .edge_s = 1,
                                              .cloud_s = i ? 0.04 : 9.1,
                                              .up_s = i ? 0.01 : 9,
                                              .transfer_s = i ? 0.01 : 9,
                                              .up_s_per_byte = i == 2 ? INFINITY : 1e-8};
    struct fare fare = run(&ledger, "rnnmap", cost_s);
    assert_close(cost_s[0], 2 * 0.99 + 1, 1e-9, 0);
    assert_close(cost_s[1], 1, 1e-9, 0);    /* (2.98 - 0.01) / 1e6 s a byte, half believed */
    assert_close(cost_s[2], 0.04, 1e-9, 0); /* over the round trip that it was */
    assert_close(cost_s[3], 0.04, 1e-9, 0); /* 1e-4 / 64 s a byte less */
    assert_int_equal(fare.n_probes, 1);
    ledger_free(&ledger);
}

/* By energy it waits until the request has cost twice what the device would: sending is dear,
 * waiting is not. */
static void patience_is_of_what_counts(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[3];
    open_ledger(&ledger, 3, 30);
    ledger.objective.kind = OBJECTIVE_ENERGY;
    ledger.energy = (struct energy_rates){.known = true,
                                          .p_tx_w = 2,
                                          .p_rx_w = 1,
                                          .p_wait_w = 0.1,
                                          .provenance = PROVENANCE_MODELLED};
    ledger.lengths[0].break_even_us = UINT32_MAX;
    ledger.lengths[0].edge_j = 1;
    for (int i = 0; i < 3; i++)
        ledger.requests[i] = (struct request){
            .at_s = 50 * i, .edge_s = 0.25, .edge_j = 1, .cloud_s = 9, .answered_s = 9};
    ledger.requests[0].sending_s = 9;    /* 2 J after 1 s */
    ledger.requests[1].sending_s = 0.5;  /* 1 J, and 0.85 J while it waits */
    ledger.requests[2].sending_s = 0.75; /* 1.5 J, and 0.5 J in 5 s */
    struct fare fare = run(&ledger, "rnnmap", cost_s);
    assert_close(cost_s[0], 1 + 0.25, 1e-9, 0);
    assert_close(cost_s[1], 9, 1e-12, 0);
    assert_close(cost_s[2], 0.75 + 5 + 0.25, 1e-9, 0);
    assert_int_equal(fare.n_failed, 2);
    ledger_free(&ledger);
}

/* Over a round trip that alone is tracked, a request that was given up shows the waiting that would
 * have cost as much: 3 J at 0.1 W, not the second and a quarter that it took. */
static void what_was_given_up_shows_its_joules(void **state)
{
    (void)state;
    struct ledger ledger;
    double cost_s[2];
    open_ledger(&ledger, 2, 30);
    ledger.objective.kind = OBJECTIVE_ENERGY;
    ledger.energy = (struct energy_rates){
        .known = true, .p_tx_w = 2, .p_wait_w = 0.1, .provenance = PROVENANCE_MODELLED};
    ledger.lengths[0].break_even_us = 12000000;
    ledger.lengths[0].edge_j = 1;
    ledger.lengths[0].worth = (struct cost_link){10, INFINITY, INFINITY};
    for (int i = 0; i < 2; i++)
        ledger.requests[i] = (struct request){
            .at_s = 2 * i, .edge_s = 0.25, .edge_j = 1, .cloud_s = 9, .sending_s = 9};
    struct fare fare = run(&ledger, "rnnmap", cost_s);
    assert_close(cost_s[0], 1 + 0.25, 1e-9, 0);
    assert_close(cost_s[1], 0.25, 1e-9, 0); /* 14 s are believed by then */
    assert_int_equal(fare.n_offloaded, 1);
    ledger_free(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_given_up_takes_its_turn),
        cmocka_unit_test(the_endpoint_works_on_what_was_given_up),
        cmocka_unit_test(failures_are_heard_when_they_happen),
        cmocka_unit_test(elapsed_times_tell_the_link),
        cmocka_unit_test(late_answers_are_given_up),
        cmocka_unit_test(bytes_are_blamed_that_had_not_gone),
        cmocka_unit_test(patience_is_of_what_counts),
        cmocka_unit_test(what_was_given_up_shows_its_joules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
