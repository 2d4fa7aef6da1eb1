// SPDX-License-Identifier: GPL-3.0-or-later
/* Energy of requests, and policies that look at it: all figures worked out by hand. */
#include "evaluator/test/fixture.h"

#include "evaluator/advice.h"
#include "evaluator/course.h"
#include "evaluator/outcome.h"
#include "evaluator/replay.h"

#include <math.h>
#include <string.h>

enum { N = 4 };

/* The device takes 1 s and 2 J a step; a request 0.5 J, 2 W up, 3 W down, 1 W waiting. */
struct scene {
    struct product product;
    struct energy_pair energy;
    struct histogram histogram;
    struct ledger ledger;
};

static void add_constant(struct model_set *set, enum quantity quantity, double value)
{
    add_line(set, "cloud", quantity, 1000, value, 0);
}

static void scene_make(struct scene *scene, const char *objective)
{
    struct error error = {0};
    struct objective wanted;
    check(objective_parse(objective, &wanted, &error), &error);
    product_make(&scene->product, (double[]){0, 1}, (double[]){1, 0}, 0.5);
    decision_table_free(&scene->product.table);
    struct model_set *models = &scene->product.models;
    add_line(models, "edge", QUANTITY_ENERGY_J, 1000, 0, 2);
    add_constant(models, QUANTITY_E0_J, 0.5);
    add_constant(models, QUANTITY_P_TX_W, 2);
    add_constant(models, QUANTITY_P_RX_W, 3);
    add_constant(models, QUANTITY_P_WAIT_W, 1);
    models->up_s_per_byte = models->down_s_per_byte = 0.1;
    add_line(models, "cloud", QUANTITY_BYTES_UP, 1000, 2, 0);
    add_line(models, "cloud", QUANTITY_BYTES_DOWN, 1000, 1, 0);
    struct cost_link link = cost_link_measured(models);
    check(cost_pair_find(models, "edge", "cloud", &scene->product.pair, &error), &error);
    check(energy_pair_find(models, "edge", "cloud", &link, &scene->energy, &error), &error);
    struct table_options options = {.edge = "edge",
                                    .cloud = "cloud",
                                    .link = LINK_RTT,
                                    .rtt_s = 0.5,
                                    .max_regret = -1,
                                    .objective = &wanted};
    check(decision_table_build(models, &options, &scene->product.table, &error), &error);
    histogram_to(&scene->histogram, N);
    check(ledger_init(&scene->ledger, N, &scene->histogram, &error), &error);
    ledger_know(&scene->ledger, &scene->product.pair, &scene->energy, &scene->product.table, &link);
}

/* Requests of 1 .. N steps that cost what is expected of them: here n s and 2n J; there 1.8 s, of
 * which 0.2 go up and 0.1 come down: 0.5 + 0.4 + 0.3 + 1.5 = 2.7 J. */
static void fill(struct scene *scene)
{
    for (uint32_t i = 0; i < N; i++) {
        const struct known_length *length = &scene->ledger.lengths[i];
        struct request *request = &scene->ledger.requests[i];
        *request = (struct request){.place = i,
                                    .at_s = 10 * i,
                                    .clock_s = 10 * i,
                                    .edge_s = i + 1,
                                    .edge_j = known_edge_j(length, i + 1),
                                    .cloud_s = 1.8,
                                    .transfer_s = 0.3,
                                    .up_s = 0.2,
                                    .sending_s = 0.2,
                                    .receiving_s = 0.1,
                                    .answered_s = 1.7,
                                    .expected_edge_s = i + 1,
                                    .expected_edge_j = known_edge_j(length, i + 1),
                                    .expected_cloud_s = 1.8,
                                    .rtt_s = 0.5,
                                    .up_s_per_byte = 0.1,
                                    .down_s_per_byte = 0.1};
        request->expected_cloud_j = request_cloud_j(&scene->ledger, request, 1.8);
    }
    scene->ledger.timeout_s = 100;
    ledger_finish(&scene->ledger);
}

static void scene_free(struct scene *scene)
{
    ledger_free(&scene->ledger);
    histogram_free(&scene->histogram);
    product_free(&scene->product);
}

static void run(struct scene *scene, const char *policy, struct expected_cost costs[N])
{
    struct error error = {0};
    struct course *course;
    struct hindsight hindsight;
    struct fare fare;
    check(hindsight_find(&scene->ledger, &hindsight, &error), &error);
    check(course_open(&scene->ledger, &course, &error), &error);
    course_run(course, &policies[policy_find(policy)], &hindsight, 1, N, costs, &fare);
    course_close(course);
}

static void energies_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    struct scene scene;
    struct expected_cost costs[N];
    scene_make(&scene, "time");
    fill(&scene);
    run(&scene, "edge", costs);
    assert_close(costs[2].energy_j, 6, 1e-12, 0);
    run(&scene, "cloud", costs);
    assert_close(costs[2].energy_j, 2.7, 1e-12, 0);
    /* a device that took 1.5 times as long took 1.5 times as much */
    assert_close(known_edge_j(&scene.ledger.lengths[1], 3), 6, 1e-12, 0);
    /* given up while its bytes go up: 0.5 + 2*0.1; before any come down; 0.05 s after they set out
     */
    const struct request *first = &scene.ledger.requests[0];
    assert_close(request_cloud_j(&scene.ledger, first, 0.1), 0.7, 1e-12, 0);
    assert_close(request_cloud_j(&scene.ledger, first, 0.25), 0.9 + 0.05, 1e-12, 0);
    assert_close(request_cloud_j(&scene.ledger, first, 1.75), 0.9 + 1.5 + 3 * 0.05, 1e-12, 0);
    /* what fails costs the wait and a local inference */
    scene.ledger.requests[1].failed = true;
    scene.ledger.requests[1].cloud_s = 5;
    run(&scene, "cloud", costs);
    assert_close(costs[1].time_s, 5 + 2, 1e-12, 0);
    assert_close(costs[1].energy_j, 0.5 + 0.4 + 0.3 + 4.7 + 4, 1e-12, 0);
    scene_free(&scene);
}

/* While a link is out nothing is sent: the device waits for it. Its 2 bytes take 0.2 s to go up,
 * the one that comes down 0.1 s; 0.5 s of round trip and 1 s there. */
/* Of one round trip, 2 bytes up and 1 down, at 1, 2 and 3 W. */
static void figures_of_the_link_are_worth_what_they_cost(void **state)
{
    (void)state;
    static const struct {
        const char *objective;
        struct cost_link worth;
    } truth[] = {{"time", {1, 0.5, 1}}, {"energy", {1, 0.25, 1.0 / 3}}};
    for (int t = 0; t < 2; t++) {
        struct scene scene;
        scene_make(&scene, truth[t].objective);
        const struct cost_link *worth = &scene.ledger.lengths[2].worth;
        assert_close(worth->rtt_s, truth[t].worth.rtt_s, 1e-6, 0);
        assert_close(worth->up_s_per_byte, truth[t].worth.up_s_per_byte, 1e-6, 0);
        assert_close(worth->down_s_per_byte, truth[t].worth.down_s_per_byte, 1e-6, 0);
        scene_free(&scene);
    }
}

static void outages_are_waited_for(void **state)
{
    (void)state;
    static const struct {
        const char *trace;
        double timeout_s, time_s, energy_j;
    } rows[] = {
        {"t_s,up_mbps,down_mbps\n0,8e-5,8e-5\n9,8e-5,8e-5\n", 100, 1.8, 0.5 + 0.4 + 0.3 + 1.5},
        {"t_s,up_mbps,down_mbps\n0,0,8e-5\n3,8e-5,8e-5\n9,8e-5,8e-5\n", 100, 4.8,
         0.5 + 0.4 + 0.3 + 4.5},
        {"t_s,up_mbps,down_mbps\n0,8e-5,0\n3,8e-5,8e-5\n9,8e-5,8e-5\n", 100, 3.1 + 0.25,
         0.5 + 0.4 + 0.3 + 3.05},
        /* given up after 2 s, then 1 s and 2 J here */
        {"t_s,up_mbps,down_mbps\n0,0,8e-5\n3,8e-5,8e-5\n9,8e-5,8e-5\n", 2, 3, 0.5 + 2 + 2},
        {"t_s,up_mbps,down_mbps\n0,8e-5,0\n5,8e-5,8e-5\n9,8e-5,8e-5\n", 2, 3, 0.5 + 0.4 + 1.8 + 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene scene;
        struct draws draws;
        struct error error = {0};
        struct link_rest rest = {0.5, NAN, NAN};
        struct link_source *link;
        const struct replay_options options = {
            .n_requests = N, .arrivals = {.think_s = 1000}, .timeout_s = rows[i].timeout_s};
        struct expected_cost costs[N];
        char *folder = test_scratch("outage");
        char *path = test_write(folder, "trace.csv", rows[i].trace);
        scene_make(&scene, "energy");
        draws_of(&draws, &scene.product,
                 "target,length,time_s,rtt_s\nedge,1,1,\ncloud,1,1.5,0.5\n");
        histogram_free(&scene.histogram);
        histogram_of(&scene.histogram, "length,count\n1,1\n");
        check(link_source_open(path, &rest, &link, &error), &error);
        check(replay_ledger(&options, &scene.histogram, &draws, &scene.product.pair, link,
                            &scene.ledger, &error),
              &error);
        run(&scene, "cloud", costs);
        assert_close(costs[0].time_s, rows[i].time_s, 1e-9, 0);
        assert_close(costs[0].energy_j, rows[i].energy_j, 1e-9, 0);
        link_source_free(link);
        draws_free(&draws);
        scene_free(&scene);
        free(path);
        free(folder);
    }
}

/* Which of the four lengths each policy that knows the link offloads. */
static void each_objective_decides(void **state)
{
    (void)state;
    static const struct {
        const char *objective;
        bool offload[N];
    } rows[] = {
        {"time", {false, true, true, true}},   /* n against 1.8 s */
        {"energy", {false, true, true, true}}, /* 2n against 2.7 J */
        {"weighted:0.5", {false, true, true, true}},
        {"edp", {false, true, true, true}},                /* 2n^2 against 4.86 */
        {"energy@deadline:1s", {false, true, true, true}}, /* none meets it but 1: fastest */
        {"energy@deadline:1.7s", {false, true, true, true}},
        {"time@energy:2.5J", {false, true, true, true}}, /* none is within it but 1 */
        {"time@energy:4.5J", {false, true, true, true}},
        {"energy@deadline:3s", {false, true, true, true}},
    };
    static const char *const knowing[] = {"known", "oracle", "clairvoyant", "design", "fixed"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        for (size_t p = 0; p < sizeof knowing / sizeof *knowing; p++) {
            struct scene scene;
            struct expected_cost costs[N];
            scene_make(&scene, rows[r].objective);
            fill(&scene);
            run(&scene, knowing[p], costs);
            for (int i = 0; i < N; i++) {
                bool offloaded = fabs(costs[i].time_s - 1.8) < 1e-9;
                if (offloaded != rows[r].offload[i])
                    fail_msg("%s, %s: length %d", rows[r].objective, knowing[p], i + 1);
            }
            scene_free(&scene);
        }
    }
}

/* Slow and thrifty there: the objectives part. */
static void objectives_part(void **state)
{
    (void)state;
    static const struct {
        const char *objective;
        bool offload[N];
        double missed;
    } rows[] = {
        {"time", {false, false, false, true}, 0},
        {"energy", {true, true, true, true}, 0},
        {"weighted:1", {false, false, false, true}, 0},
        {"weighted:0", {true, true, true, true}, 0},
        {"energy@deadline:3s", {false, false, false, true}, 0.25}, /* 3.2 s there: only 4 misses */
        {"energy@deadline:3.5s", {true, true, true, true}, 0},
        {"time@energy:1J", {true, true, true, true}, 1},   /* none: the least energy */
        {"time@energy:5J", {false, false, true, true}, 0}, /* 2n J here, 1.1 J there */
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct scene scene;
        struct evaluation e;
        struct error error = {0};
        bool wanted[MAX_POLICIES] = {false};
        scene_make(&scene, rows[r].objective);
        scene.ledger.energy.p_wait_w = 0.01; /* 0.5 + 0.4 + 0.3 + 0.029 = 1.229 J */
        fill(&scene);
        for (int i = 0; i < N; i++) {
            struct request *request = &scene.ledger.requests[i];
            request->cloud_s = request->expected_cloud_s = 3.2;
            request->expected_cloud_j = request_cloud_j(&scene.ledger, request, 3.2);
        }
        ledger_finish(&scene.ledger);
        wanted[policy_find("oracle")] = wanted[policy_find("edge")] = true;
        check(evaluation_make(&scene.ledger, wanted, 1, &e, &error), &error);
        const struct outcome *oracle = evaluation_find(&e, "oracle");
        double time_s = 0, energy_j = 0, offloaded = 0;
        for (int i = 0; i < N; i++) {
            time_s += rows[r].offload[i] ? 3.2 : i + 1;
            energy_j += rows[r].offload[i] ? 1.229 : 2 * (i + 1);
            offloaded += rows[r].offload[i];
        }
        assert_close(oracle->offloaded, offloaded / N, 1e-12, 0);
        assert_close(oracle->mean_s, time_s / N, 1e-12, 0);
        assert_close(oracle->mean_j, energy_j / N, 1e-12, 0);
        assert_close(oracle->missed, rows[r].missed, 1e-12, 0);
        assert_close(oracle->regret, 0, 0, 1e-12);
        assert_true(e.has_energy);
        evaluation_free(&e);
        scene_free(&scene);
    }
}

/* With a deadline the better single device is the one that misses fewer, whatever it takes. */
static void misses_come_first(void **state)
{
    (void)state;
    struct scene scene;
    struct evaluation e;
    struct error error = {0};
    bool wanted[MAX_POLICIES] = {false};
    scene_make(&scene, "energy@deadline:1.9s");
    scene.ledger.energy.e0_j = 1000;
    fill(&scene);
    wanted[policy_find("edge")] = wanted[policy_find("cloud")] = true;
    check(evaluation_make(&scene.ledger, wanted, 1, &e, &error), &error);
    assert_true(e.better_is_cloud); /* 1.8 s always; the device is late from 2 steps on */
    assert_close(evaluation_find(&e, "edge")->missed, 0.75, 1e-12, 0);
    assert_close(evaluation_find(&e, "cloud")->missed, 0, 0, 0);
    assert_close(e.better_single, 1000 + 2.2, 1e-9, 0);
    assert_close(e.better_single_s, 1.8, 1e-12, 0);
    evaluation_free(&e);
    scene_free(&scene);
}

/* With a deadline, who is late less often is what to ship, whatever it takes. */
static void misses_decide_what_to_ship(void **state)
{
    (void)state;
    static const struct {
        struct interval by_energy, by_misses;
        enum advice advice;
        const char *says;
    } rows[] = {
        {{-2, -1}, {0, 0}, ADVICE_HEADER, "It saves 15.0 % of the mean modelled energy"},
        {{-2, -1}, {-0.1, 0.1}, ADVICE_HEADER, "It misses the deadline in 3.00 % of requests, all"},
        {{-2, -1},
         {0.01, 0.1},
         ADVICE_SINGLE,
         "is late more often. It misses the deadline in 3.00"},
        {{1, 2}, {-0.1, -0.01}, ADVICE_HEADER, "Ship the generated header, which is late less"},
        {{1, 2}, {0, 0}, ADVICE_SINGLE, "of the mean modelled energy"},
        {{-1, 1}, {-1, 1}, ADVICE_EITHER, "takes as much"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cell cell = {0};
        struct error error = {0};
        struct outcome rnnmap = {.policy = &policies[policy_find("rnnmap")],
                                 .vs_better_single = -1.5,
                                 .missed = 0.03,
                                 .ci95 = rows[i].by_energy,
                                 .missed_ci95 = rows[i].by_misses};
        char text[1000] = "";
        FILE *out = fmemopen(text, sizeof text, "w");
        cell.evaluation = (struct evaluation){.outcomes = &rnnmap,
                                              .n_outcomes = 1,
                                              .better_single = 10,
                                              .other_single = 20,
                                              .has_energy = true,
                                              .energy_provenance = PROVENANCE_MODELLED};
        check(objective_parse("energy@deadline:50ms", &cell.evaluation.objective, &error), &error);
        assert_int_equal(advice_of(&cell.evaluation), rows[i].advice);
        advice_text(&cell, 1, out);
        fclose(out);
        if (!strstr(text, rows[i].says))
            fail_msg("'%s' does not say '%s'", text, rows[i].says);
    }
}

/* The command makes the header that was judged: one that knows the bandwidth where rnnmap did. */
static void the_command_makes_the_header_that_was_judged(void **state)
{
    (void)state;
    static const struct {
        bool by_table, by_models, wins;
        const char *says;
    } rows[] = {
        {false, false, true, " --campaign 'a b' --name a_b --link rtt+bandwidth -o a_b_map.h"},
        {true, false, true, " --link rtt -o"},
        {false, true, true, " --link rtt -o"},
        {false, false, false, " --link rtt -o"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double difference = rows[i].wins ? -1 : 1;
        struct outcome rnnmap = {.policy = &policies[policy_find("rnnmap")],
                                 .ci95 = {difference, difference}};
        struct cell cell = {
            .evaluation = {.outcomes = &rnnmap, .n_outcomes = 1},
            .replay = {.by_table = rows[i].by_table, .by_models = rows[i].by_models}};
        cell.context = (struct report_context){.campaign = "a b", .replay = &cell.replay};
        char *command = advice_command("x.db", &cell, 1);
        if (!strstr(command, rows[i].says))
            fail_msg("'%s' does not say '%s'", command, rows[i].says);
        free(command);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energies_are_those_worked_out_by_hand),
        cmocka_unit_test(figures_of_the_link_are_worth_what_they_cost),
        cmocka_unit_test(outages_are_waited_for),
        cmocka_unit_test(each_objective_decides),
        cmocka_unit_test(objectives_part),
        cmocka_unit_test(misses_come_first),
        cmocka_unit_test(misses_decide_what_to_ship),
        cmocka_unit_test(the_command_makes_the_header_that_was_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
