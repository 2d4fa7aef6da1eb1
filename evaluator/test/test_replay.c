// SPDX-License-Identifier: GPL-3.0-or-later
/* Replays whose every figure is known in closed form. */
#include "evaluator/test/fixture.h"

#include "evaluator/outcome.h"
#include "evaluator/replay.h"

#include <math.h>
#include <stdio.h>

static struct link_source *link_of(const char *text, double up_bit_s, double down_bit_s)
{
    struct link_source *link;
    struct error error = {0};
    struct link_rest rest = {(double)NAN, up_bit_s, down_bit_s};
    check(link_source_open(text, &rest, &link, &error), &error);
    return link;
}

/* What a replay is made of; freed by replay_free. */
struct scene {
    struct product product;
    struct draws draws;
    struct histogram histogram;
    struct link_source *link;
    struct ledger ledger;
};

static void scene_make(struct scene *scene, const char *samples, const char *histogram)
{
    draws_of(&scene->draws, &scene->product, samples);
    histogram_of(&scene->histogram, histogram);
}

static void scene_replay(struct scene *scene, const struct replay_options *options)
{
    struct error error = {0};
    struct cost_link design = cost_link_measured(&scene->product.models);
    check(ledger_init(&scene->ledger, options->n_requests, &scene->histogram, &error), &error);
    ledger_know(&scene->ledger, &scene->product.pair, NULL, &scene->product.table, &design);
    check(replay_ledger(options, &scene->histogram, &scene->draws, &scene->product.pair,
                        scene->link, &scene->ledger, &error),
          &error);
}

static void scene_evaluate(struct scene *scene, uint64_t seed, struct evaluation *evaluation)
{
    struct error error = {0};
    bool all[MAX_POLICIES];
    memset(all, 1, sizeof all);
    check(evaluation_make(&scene->ledger, all, seed, evaluation, &error), &error);
}

static void scene_free(struct scene *scene)
{
    ledger_free(&scene->ledger);
    link_source_free(scene->link);
    histogram_free(&scene->histogram);
    draws_free(&scene->draws);
    product_free(&scene->product);
}

/* ---- every policy, by hand */

/* A hundred rows, one a second: `first` up to a time, then `second`; to be freed. */
static char *two_state_trace(const char *heads, int until_s, const char *first, const char *second)
{
    char *folder = test_scratch("trace"), *path = text_format("%s/two.csv", folder);
    FILE *file = fopen(path, "w");
    fprintf(file, "t_s,%s\n", heads);
    for (int t = 0; t < 100; t++)
        fprintf(file, "%d,%s\n", t, t < until_s ? first : second);
    fclose(file);
    free(folder);
    return path;
}

/* Probes of length 100 lose 30 ms each, or find a link that has become good. */
static void check_probes(const struct outcome *rnnmap, double best_ms, double n_cycles)
{
    double lost_s = rnnmap->probe_loss, n_bad = lost_s / 0.030;
    printf("rnnmap       %8.3f ms, %zu probes lost %.3f s\n", 1e3 * rnnmap->mean_s,
           rnnmap->n_probes, lost_s);
    assert_close(n_bad, round(n_bad), 1e-6, 0);
    assert_close((double)rnnmap->n_probes, n_bad + n_cycles, 0, 2);
    assert_true(1e3 * rnnmap->mean_s > best_ms - 0.5 && 1e3 * rnnmap->mean_s < 1.05 * best_ms);
    /* the probes, about four bad answers and a dozen of good requests kept here, each cycle */
    assert_close(rnnmap->expected_regret * 200000, lost_s + n_cycles * (4 * 0.08 + 12 * 0.0515),
                 0.5, 0);
}

/*
 * Lengths 10, 50 and 100 in shares of 0.5, 0.3 and 0.2 take 10, 100 and 200 ms on the device and
 * 20, 25 and 30 ms at the endpoint beside the round trip. The models know exactly that (they are
 * asked at these lengths only), and the product was designed for a round trip of 10 ms.
 *
 *   round trip    share   on the device    at the endpoint
 *    10 ms         0.6    10, 100, 200     30,  35,  40      best: 10, 35, 40
 *   200 ms         0.4    10, 100, 200     220, 225, 230     best: 10, 100, 200
 *
 * fixed:  100 gains 200 - (0.6*40 + 0.4*230) = 84 ms, 50 loses 11: offload from 100 on
 * naive:  the mean is 86 ms: 50 would take 111 ms, 100 takes 116: offload 100
 * design: 10 ms: offload 50 and 100
 * smoothed: when the link turns bad it takes four requests until the smoothed round trip is over
 * the 75 ms of length 50, ten more of length 100 until it is over 170 ms. These were offloaded
 *         after 0.6 s and 3.75 s more (one in two, one in five requests of 75 ms), cost 4*87 +
 * 10*30 ms too much, and then nothing is seen any more. A minute later, 24.35 s into the good link,
 * it is forgotten and all is well. Until then each request costs 51.5 ms too much.
 * last-value: offloads the first 60 s; one bad answer ends that for good.
 * rnnmap: the first bad answer is over the 75 ms of length 50, the third over the 170 ms of length
 *         100. As that fades, a request of length 100 probes, again and again, and loses 30 ms, or
 *         finds the link good, once in each round of the link.
 */
static void every_policy_costs_what_it_must(void **state)
{
    (void)state;
    static const char samples[] =
        "target,length,time_s,rtt_s,round\n"
        "edge,10,0.010,,0\nedge,50,0.100,,0\nedge,100,0.200,,0\n"
        "cloud,10,0.045,0.025,0\ncloud,50,0.050,0.025,0\ncloud,100,0.055,0.025,0\n";
    const double good = 23.5, bad = 75; /* ms, of the best decisions */
    const double best = 0.6 * good + 0.4 * bad;
    const double cycle = 100e3 / 75; /* requests in one round of the link */
    const struct {
        const char *policy;
        double mean_ms, wrong, offloaded;
    } truth[] = {
        {"edge", 75, 0.6 * 0.5, 0},
        {"cloud", 0.6 * 33.5 + 0.4 * 223.5, 0.6 * 0.5 + 0.4, 1},
        {"random", 75 / 2.0 + (0.6 * 33.5 + 0.4 * 223.5) / 2, 0.5, 0.5},
        {"fixed", 5 + 30 + 0.2 * 116, 0.6 * 0.3 + 0.4 * 0.2, 0.2},
        {"naive", 5 + 30 + 0.2 * 116, 0.6 * 0.3 + 0.4 * 0.2, 0.2},
        {"design", 5 + 0.3 * 111 + 0.2 * 116, 0.4 * 0.5, 0.5},
        {"smoothed", best + (4 * 87 + 10 * 30 + 24.35e3 / 75 * 51.5) / cycle,
         (14 + 24.35e3 / 75 * 0.5) / cycle, (14 + (60 - 24.35) * 1e3 / 75 * 0.5) / cycle},
        {"last-value", 75 - 800 * 51.5 / 200e3, 0.6 * 0.5 - 400 / 200e3, 400 / 200e3},
        {"known", best, 0, 0.6 * 0.5},
        {"oracle", best, 0, 0.6 * 0.5},
        {"clairvoyant", best, 0, 0.6 * 0.5},
    };
    struct scene scene;
    char *trace = two_state_trace("rtt_ms", 60, "10", "200");
    /* lines that decide as the figures above do at the three lengths */
    product_make(&scene.product, (double[]){-0.010, 2.1e-3}, (double[]){0.019, 0.11e-3}, 0.010);
    scene_make(&scene, samples, "length,count\n10,5\n50,3\n100,2\n");
    scene.link = link_of(trace, INFINITY, INFINITY);
    const struct replay_options options = {.n_requests = 200000, .seed = 3, .timeout_s = 30};
    struct evaluation e;
    scene_replay(&scene, &options);
    scene_evaluate(&scene, 3, &e);
    assert_int_equal(e.n_outcomes, n_policies);
    assert_false(e.better_is_cloud);
    assert_close(e.rtt_p50_s, 0.010, 1e-9, 0);
    assert_close(e.rtt_p95_s, 0.200, 1e-9, 0);
    assert_int_equal(e.n_failed, 0);
    for (size_t p = 0; p < sizeof truth / sizeof *truth; p++) {
        const struct outcome *o = evaluation_find(&e, truth[p].policy);
        double half = (o->mean_ci95.high - o->mean_ci95.low) / 2;
        printf("%-12s %8.3f ms, by hand %8.3f +- %.3f\n", truth[p].policy, 1e3 * o->mean_s,
               truth[p].mean_ms, 1e3 * half);
        /* sampling: 80 ms/sqrt(200000), thrice, and a part of a cycle in the end */
        assert_close(1e3 * o->mean_s, truth[p].mean_ms, 0, 0.8);
        assert_true(o->mean_ci95.low * 1e3 < truth[p].mean_ms + 0.1 &&
                    truth[p].mean_ms < o->mean_ci95.high * 1e3 + 0.1);
        assert_close(o->total_s, o->mean_s * 200000, 1e-9, 0);
        assert_close(o->wrong, truth[p].wrong, 0, 0.01);
        assert_close(o->offloaded, truth[p].offloaded, 0, 0.01);
        assert_close(1e3 * o->expected_regret, truth[p].mean_ms - best, 0, 0.8);
        assert_close(1e3 * o->vs_better_single, truth[p].mean_ms - 75, 0, 0.8);
    }
    check_probes(evaluation_find(&e, "rnnmap"), best, 200000 / cycle);
    assert_close(evaluation_find(&e, "edge")->p95_s, 0.200, 1e-9, 0);
    assert_close(evaluation_find(&e, "design")->p99_s, 0.230, 1e-9, 0);
    assert_true(evaluation_find(&e, "known")->ci95.high < 0);
    evaluation_free(&e);
    scene_free(&scene);
    free(trace);
}

/* ---- queues */

/* Poisson arrivals and a service that always takes 10 ms: the mean wait of M/D/1 is
 * rho/(2*mu*(1-rho)) (Pollaczek 1930, Khinchine 1932). */
static void queues_wait_as_md1(void **state)
{
    (void)state;
    static const struct {
        double rate, wait_ms;
    } cases[] = {{20, 1.25}, {50, 5}, {80, 20}};
    int runs = test_long() ? 40 : 12;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double sum_ms[2] = {0};
        int covered[2] = {0};
        for (int run = 0; run < runs; run++) {
            struct scene scene;
            struct evaluation e;
            product_make(&scene.product, (double[]){0.010, 0}, (double[]){0.010, 0}, 0.040);
            scene_make(&scene, "target,length,time_s,rtt_s\nedge,5,0.010,\ncloud,5,0.050,0.040\n",
                       "length,count\n5,1\n");
            scene.link = link_of("fixed:40ms", INFINITY, INFINITY);
            const struct replay_options options = {
                .n_requests = 60000,
                .seed = 100 + (uint64_t)run,
                .arrivals = {.kind = ARRIVALS_POISSON, .rate = cases[c].rate},
                .timeout_s = 30};
            scene_replay(&scene, &options);
            scene_evaluate(&scene, options.seed, &e);
            for (int place = 0; place < 2; place++) {
                const struct outcome *o = evaluation_find(&e, place ? "cloud" : "edge");
                double served_s = place ? 0.050 : 0.010, wait_s = cases[c].wait_ms * 1e-3;
                assert_close(o->mean_s - served_s, o->mean_wait_s, 1e-6, 1e-9);
                covered[place] +=
                    o->mean_ci95.low - served_s <= wait_s && wait_s <= o->mean_ci95.high - served_s;
                sum_ms[place] += 1e3 * o->mean_wait_s / runs;
            }
            evaluation_free(&e);
            scene_free(&scene);
        }
        for (int place = 0; place < 2; place++) {
            printf("rho %.1f: mean wait %.3f ms, M/D/1 %.3f; %d of %d intervals have it\n",
                   cases[c].rate / 100, sum_ms[place], cases[c].wait_ms, covered[place], runs);
            assert_close(sum_ms[place], cases[c].wait_ms, 0.06, 0);
            assert_true(covered[place] * 4 >= runs * 3);
        }
    }
}

/* Four at once over a steady link: served one by one, first come, first served, at both places. */
static void bursts_are_served_in_turn(void **state)
{
    (void)state;
    struct scene scene;
    struct evaluation e;
    product_make(&scene.product, (double[]){0.010, 0}, (double[]){0.004, 0}, 0.002);
    /* the endpoint works 3 of its 4 ms: what is left is the client's and in nobody's way */
    scene_make(&scene,
               "target,length,time_s,rtt_s,server_s\nedge,5,0.010,,\ncloud,5,0.006,0.002,0.003\n",
               "length,count\n5,1\n");
    scene.link = link_of("fixed:2ms", INFINITY, INFINITY);
    const struct replay_options options = {
        .n_requests = 40,
        .seed = 1,
        .arrivals = {.kind = ARRIVALS_BURSTS, .size = 4, .every_s = 1},
        .timeout_s = 30};
    scene_replay(&scene, &options);
    scene_evaluate(&scene, 1, &e);
    const struct outcome *edge = evaluation_find(&e, "edge"), *cloud = evaluation_find(&e, "cloud");
    assert_close(edge->mean_wait_s, 0.010 * 1.5, 1e-9, 0); /* 0, 10, 20, 30 ms */
    assert_close(edge->mean_s, 0.025, 1e-9, 0);
    assert_close(cloud->mean_wait_s, 0.003 * 1.5, 1e-9, 0); /* 0, 3, 6, 9 ms */
    assert_close(cloud->mean_s, 0.006 + 0.0045, 1e-9, 0);
    assert_close(cloud->p99_s, 0.015, 1e-9, 0);
    /* greedy and exact: the endpoint in 6, 9 and 12 ms, then the device is free in 10: 6 9 10 12 */
    assert_close(evaluation_find(&e, "oracle")->mean_s, (6 + 9 + 10 + 12) / 4e3, 1e-9, 0);
    evaluation_free(&e);
    scene_free(&scene);
}

/* ---- links */

/* What cannot be answered in time costs the time-out and a local inference. */
static void outages_cost_the_timeout_and_a_local_run(void **state)
{
    (void)state;
    char *trace = two_state_trace("rtt_ms,up_mbps", 50, "20,10", "20,0");
    struct scene scene;
    struct evaluation e;
    product_make(&scene.product, (double[]){0.100, 0}, (double[]){0.010, 0}, 0.020);
    scene_make(&scene, "target,length,time_s,rtt_s\nedge,5,0.1,\ncloud,5,0.030,0.020\n",
               "length,count\n5,1\n");
    scene.link = link_of(trace, NAN, INFINITY);
    struct replay_options options = {.n_requests = 1000, .seed = 1, .timeout_s = 2};
    scene_replay(&scene, &options);
    scene_evaluate(&scene, 1, &e);
    const struct outcome *cloud = evaluation_find(&e, "cloud");
    size_t n_out = 0, n_late = 0;
    for (size_t i = 0; i < 1000; i++) {
        const struct request *r = &scene.ledger.requests[i];
        n_out += r->failed;
        if (r->failed) {
            assert_true(isinf(r->up_s_per_byte));
            assert_close(r->cloud_s, 2, 0, 0);
            assert_close(r->expected_cloud_s, 2.1, 1e-12, 0);
        } else if (isinf(r->up_s_per_byte)) { /* within 2 s of the outage's end: it waits */
            assert_true(r->cloud_s > 0.030 && r->cloud_s <= 2);
            n_late++;
        } else {
            assert_close(r->cloud_s, 0.030, 1e-4, 0); /* a byte takes 0.8 us */
        }
    }
    assert_true(n_out > 300 && n_late >= 15 && n_late <= 20);
    assert_int_equal(e.n_failed, n_out);
    assert_close(cloud->failed, (double)n_out / 1000, 1e-9, 0);
    /* who knows the link stays at home; who learns fails once, and forgets it after a minute */
    assert_close(evaluation_find(&e, "known")->failed, 0, 0, 0);
    double once = evaluation_find(&e, "smoothed")->failed;
    assert_true(once >= 1e-3 && once <= 2e-3);
    evaluation_free(&e);
    scene_free(&scene);
    free(trace);
}

/* Bytes are charged for where the campaign knew its bandwidth: T = r + 8*bytes/bandwidth + remote,
 * whatever the bandwidth was then. */
static void bytes_are_charged_by_the_links_bandwidth(void **state)
{
    (void)state;
    struct scene scene;
    struct evaluation e;
    struct error error = {0};
    model_set_init(&scene.product.models);
    struct model_set *set = &scene.product.models;
    set->rtt_s = 0.020;
    set->has_rtt = true;
    set->up_s_per_byte = 1e-6; /* 8 Mbit/s */
    set->down_s_per_byte = 0;
    add_line(set, "edge", QUANTITY_TIME_S, 1000, 0.1, 0);
    add_line(set, "cloud", QUANTITY_REMOTE_S, 1000, 0.010, 0);
    add_line(set, "cloud", QUANTITY_BYTES_UP, 1000, 0, 200);
    add_line(set, "cloud", QUANTITY_BYTES_DOWN, 1000, 500, 0);
    check(cost_pair_find(set, "edge", "cloud", &scene.product.pair, &error), &error);
    struct table_options options = {
        .edge = "edge", .cloud = "cloud", .link = LINK_RTT, .rtt_s = 0.020, .max_regret = -1};
    check(decision_table_build(set, &options, &scene.product.table, &error), &error);
    /* 20 ms + 20000 bytes at 1 us + 10 ms */
    scene_make(&scene,
               "target,length,time_s,rtt_s,bytes_up,bytes_down,up_ps_per_byte,down_ps_per_byte\n"
               "edge,100,0.1,,,,,\ncloud,100,0.050,0.020,20000,500,1000000,0\n",
               "length,count\n100,1\n");
    scene.link = link_of("fixed:30ms,4,1", NAN, NAN);
    const struct replay_options replay = {.n_requests = 10, .seed = 1, .timeout_s = 30};
    scene_replay(&scene, &replay);
    scene_evaluate(&scene, 1, &e);
    double up_s = 20000 * 8 / 4e6, down_s = 500 * 8 / 1e6;
    assert_close(evaluation_find(&e, "cloud")->mean_s, 0.030 + up_s + down_s + 0.010, 1e-9, 0);
    assert_false(scene.ledger.by_table); /* the header was made for 8 Mbit/s */
    assert_close(scene.ledger.requests[0].reach_s, 0.015 + up_s, 1e-9, 0);
    assert_close(
        known_cloud_cost(&scene.ledger, &scene.ledger.lengths[0], &scene.ledger.mean).time_s,
        0.030 + up_s + down_s + 0.010, 1e-9, 0);
    evaluation_free(&e);
    scene_free(&scene);
}

static void the_seed_decides_everything(void **state)
{
    (void)state;
    char *trace = two_state_trace("rtt_ms", 60, "10", "200");
    struct evaluation e[3];
    for (int i = 0; i < 3; i++) {
        struct scene scene;
        product_make(&scene.product, (double[]){0, 1e-3}, (double[]){0.02, 1e-4}, 0.01);
        scene_make(&scene,
                   "target,length,time_s,rtt_s\nedge,10,0.010,\nedge,10,0.012,\nedge,100,0.1,\n"
                   "cloud,10,0.03,0.01\ncloud,100,0.04,0.01\ncloud,100,0.05,0.01\n",
                   "length,count\n5,1\n10,2\n30,3\n130,1\n");
        scene.link = link_of(trace, INFINITY, INFINITY);
        const struct replay_options options = {.n_requests = 3000,
                                               .seed = i < 2 ? 5 : 6,
                                               .arrivals = {.kind = ARRIVALS_POISSON, .rate = 10},
                                               .timeout_s = 30};
        scene_replay(&scene, &options);
        scene_evaluate(&scene, options.seed, &e[i]);
        scene_free(&scene);
    }
    assert_memory_equal(e[0].outcomes, e[1].outcomes, e[0].n_outcomes * sizeof *e[0].outcomes);
    for (size_t p = 0; p < e[0].n_outcomes; p++)
        assert_true(e[0].outcomes[p].mean_s != e[2].outcomes[p].mean_s);
    for (int i = 0; i < 3; i++)
        evaluation_free(&e[i]);
    free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_policy_costs_what_it_must),
        cmocka_unit_test(queues_wait_as_md1),
        cmocka_unit_test(bursts_are_served_in_turn),
        cmocka_unit_test(outages_cost_the_timeout_and_a_local_run),
        cmocka_unit_test(bytes_are_charged_by_the_links_bandwidth),
        cmocka_unit_test(the_seed_decides_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
