// SPDX-License-Identifier: GPL-3.0-or-later
/* The figures, documents and plots made of decisions. */
#include "evaluator/test/fixture.h"

#include "evaluator/live.h"
#include "evaluator/plot.h"
#include "evaluator/report.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MS = 1000000 };

/* Twenty requests: ten of 100 steps (edge 100 ms, cloud 130 ms), ten of 200 (200 ms, 140 ms); the
 * last one fails at the endpoint after 50 ms. */
static void twenty(struct live_request *requests)
{
    for (int i = 0; i < 20; i++) {
        bool is_long = i % 2 == 1;
        requests[i] = (struct live_request){.n = is_long ? 200 : 100,
                                            .place = is_long ? 199 : 99,
                                            .rtt_ns = (20 + i / 2) * MS,
                                            .edge_ns = (is_long ? 200 : 100) * MS,
                                            .cloud_ns = (is_long ? 140 : 130) * MS};
    }
    requests[19].cloud_failed = true;
    requests[19].cloud_ns = 50 * MS;
}

/* The product's models keep 100 steps on the device and offload 200. */
static void evaluate_first(size_t n, const bool *wanted, struct evaluation *evaluation)
{
    bool all[MAX_POLICIES];
    struct error error = {0};
    struct live_request requests[20];
    struct product product;
    struct histogram histogram;
    struct ledger ledger;
    memset(all, 1, sizeof all);
    twenty(requests);
    histogram_to(&histogram, 200);
    product_make(&product, (double[]){0, 1e-3}, (double[]){0.110, 0}, 0.02);
    check(ledger_init(&ledger, n, &histogram, &error), &error);
    struct cost_link design = cost_link_measured(&product.models);
    ledger_know(&ledger, &product.pair, NULL, &product.table, &design);
    check(live_ledger(requests, n, &ledger, &error), &error);
    check(evaluation_make(&ledger, wanted ? wanted : all, 5, evaluation, &error), &error);
    ledger_free(&ledger);
    product_free(&product);
    histogram_free(&histogram);
}

static void evaluate(const bool *wanted, struct evaluation *evaluation)
{
    evaluate_first(20, wanted, evaluation);
}

static void figures_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    struct evaluation e;
    evaluate(NULL, &e);
    assert_int_equal(e.n_outcomes, n_policies);
    assert_int_equal(e.n_failed, 1);
    assert_int_equal(e.n_unprobed, 0);
    /* all-cloud: 10*130 + 9*140 + 250 = 2810; all-edge: 3000 */
    assert_true(e.better_is_cloud);
    assert_close(e.better_single, 0.1405, 1e-12, 0);
    assert_close(e.rtt_p50_s, 0.024, 1e-12, 0);
    assert_close(e.rtt_p95_s, 0.029, 1e-12, 0);
    const struct outcome *edge = evaluation_find(&e, "edge");
    assert_close(edge->mean_s, 0.150, 1e-12, 0);
    assert_close(edge->p95_s, 0.200, 1e-12, 0);
    assert_close(edge->total_s, 3, 1e-12, 0);
    assert_close(evaluation_find(&e, "cloud")->p95_s, 0.140, 1e-12, 0);
    assert_close(evaluation_find(&e, "cloud")->p99_s, 0.250, 1e-12, 0);
    assert_close(evaluation_find(&e, "cloud")->failed, 0.05, 1e-12, 0);
    assert_close(e.other_single, 0.150, 1e-12, 0);
    assert_close((e.singles_ci95.low + e.singles_ci95.high) / 2, 0.0095, 0.3, 0);
    assert_close(edge->vs_better_single, 0.0095, 1e-9, 0);
    assert_close(edge->offloaded, 0, 0, 0);
    assert_close(edge->wrong, 0.5, 1e-12, 0);
    const struct outcome *cloud = evaluation_find(&e, "cloud");
    assert_close(cloud->vs_better_single, 0, 0, 1e-15);
    assert_true(cloud->ci95.low == 0 && cloud->ci95.high == 0);
    /* the header: 10*100 + 9*140 + 250 = 2510 */
    const struct outcome *rnnmap = evaluation_find(&e, "rnnmap");
    assert_close(rnnmap->mean_s, 0.1255, 1e-12, 0);
    assert_close(rnnmap->offloaded, 0.5, 0, 1e-12);
    assert_close(rnnmap->vs_better_single, -0.015, 1e-9, 0);
    assert_true(rnnmap->ci95.low < -0.015 && rnnmap->ci95.high > -0.015 && rnnmap->ci95.high < 0);
    assert_true(rnnmap->mean_ci95.low < 0.1255 && rnnmap->mean_ci95.high > 0.1255);
    assert_close(rnnmap->oracle_ratio, 1, 1e-12, 0);
    assert_close(rnnmap->wrong, 0, 0, 0);
    /* the clairvoyant keeps the one that fails: 10*100 + 9*140 + 200 = 2460 */
    const struct outcome *clairvoyant = evaluation_find(&e, "clairvoyant");
    assert_close(clairvoyant->mean_s, 0.123, 1e-12, 0);
    assert_close(clairvoyant->regret, -0.0025, 1e-9, 0);
    assert_true(clairvoyant->expected_regret > 0);
    assert_close(clairvoyant->wrong, 0.05, 1e-12, 0);
    evaluation_free(&e);
    evaluate_first(19, NULL, &e); /* ranks that are not whole go up */
    assert_close(e.rtt_p95_s, 0.029, 1e-12, 0);
    assert_int_equal(e.n_failed, 0);
    evaluation_free(&e);
}

static const struct report_context context = {.campaign = "it's one",
                                              .network = NULL,
                                              .engine = "dnnl",
                                              .url = "http://host:1",
                                              .server = "",
                                              .lengths = "some/where/l.csv",
                                              .mean_length = 150,
                                              .max_length = 400,
                                              .n_wanted = 20,
                                              .seed = 5};

static json_t *as_json(const struct evaluation *e)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(evaluation_json(e, &context, out, NULL), STATUS_OK);
    fclose(out);
    json_error_t why;
    json_t *json = json_loads(text, 0, &why);
    if (!json)
        fail_msg("%s:\n%s", why.text, text);
    free(text);
    return json;
}

static void the_document_has_the_schema(void **state)
{
    (void)state;
    bool wanted[MAX_POLICIES] = {0};
    struct evaluation e;
    wanted[policy_find("rnnmap")] = wanted[policy_find("edge")] = true;
    evaluate(wanted, &e);
    json_t *json = as_json(&e);
    assert_string_equal(json_string_value(json_object_get(json, "schema")), "rnnmap.eval/1");
    assert_int_equal(json_integer_value(json_object_get(json, "requests")), 20);
    assert_string_equal(json_string_value(json_object_get(json, "objective")), "time");
    assert_true(json_is_string(json_object_get(json, "link")));
    assert_int_equal(json_integer_value(json_object_get(json, "failed_requests")), 1);
    assert_true(json_is_null(json_object_get(json, "network")));
    json_t *list = json_object_get(json, "policies");
    assert_int_equal(json_array_size(list), 2);
    for (size_t i = 0; i < 2; i++) {
        static const char *const reals[] = {"mean_s",  "p95_s",     "p99_s",
                                            "total_s", "offloaded", "vs_better_single_s"};
        json_t *policy = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(policy, "policy")),
                            i ? "rnnmap" : "edge");
        for (int f = 0; f < 6; f++)
            assert_true(json_is_real(json_object_get(policy, reals[f])));
        assert_true(json_is_null(json_object_get(policy, "energy_j")));
        assert_int_equal(json_array_size(json_object_get(policy, "ci95")), 2);
    }
    assert_close(json_real_value(json_object_get(json_array_get(list, 1), "mean_s")), 0.1255, 1e-12,
                 0);
    json_decref(json);
    evaluation_free(&e);
}

static char *as_text(const struct evaluation *e)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    evaluation_text(e, &context, out);
    fclose(out);
    return text;
}

static void the_verdict_is_in_plain_words(void **state)
{
    (void)state;
    struct evaluation e;
    evaluate(NULL, &e);
    char *text = as_text(&e);
    /* 15 of 140.5 ms */
    if (!strstr(text, "rnnmap is 10.7 % faster than the better single device (all-cloud), 95 % "
                      "interval ") ||
        !strstr(text, "; 0.0 % above the oracle") || !strstr(text, "failed at the endpoint: 1 "))
        fail_msg("%s", text);
    free(text);
    evaluation_free(&e);
}

static void totals_are_drawn(void **state)
{
    (void)state;
    struct evaluation e;
    struct error error = {0};
    evaluate(NULL, &e);
    char *folder = test_scratch("totals"), *deep = text_format("%s/a b", folder);
    if (plot_totals(&e, &context, deep, &error))
        fail_msg("%s", error.text);
    char *path = text_format("%s/totals.png", deep), *png = test_read(path);
    assert_non_null(png);
    assert_memory_equal(png, "\x89PNG", 4);
    free(path);
    free(png);
    path = text_format("%s/totals.svg", deep);
    char *svg = test_read(path);
    assert_non_null(svg);
    static const char *const shown[] = {"clairvoyant",   "126",    "(ms)",
                                        "Live requests", "n = 20", "l.csv"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (!strstr(svg, shown[i]))
            fail_msg("'%s' is not in %s", shown[i], path);
    }
    assert_null(strstr(svg, "some/where"));
    free(path);
    free(svg);
    path = text_format("%s/file", folder);
    fclose(fopen(path, "w"));
    error_clear(&error);
    assert_int_not_equal(plot_totals(&e, &context, path, &error), STATUS_OK);
    assert_non_null(strstr(error.text, path));
    free(path);
    free(deep);
    free(folder);
    evaluation_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_worked_out_by_hand),
        cmocka_unit_test(the_document_has_the_schema),
        cmocka_unit_test(the_verdict_is_in_plain_words),
        cmocka_unit_test(totals_are_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
