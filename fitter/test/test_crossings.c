// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Break-evens of costs that are no straight lines: all of them, where arithmetic says; their
 * intervals end where the difference is as large as its error; and the tool's words and JSON.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "fitter/break_even.h"
#include "fitter/cost_line.h"

#include <gsl/gsl_cdf.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_MAX = 400, MAX_LEVELS = 4 };

/* A cost in ms: powers of n, then bends at knots; or levels up to them. */
struct curve {
    enum model_form form;
    double powers[3];
    size_t n_knots;
    double knots[MAX_LEVELS], values[MAX_LEVELS];
};

static void add(struct model_set *set, const char *target, enum quantity quantity,
                const struct curve *curve)
{
    static const size_t powers[N_FORMS] = {1, 2, 3, 2, 0};
    bool step = curve->form == FORM_STEP, bent = curve->form == FORM_PIECEWISE;
    size_t k = curve->n_knots, p = powers[curve->form] + (step ? k + 1 : bent ? 2 * k : 0), n = 0;
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = curve->form,
                               .segments = calloc(k + 1, sizeof *model.segments),
                               .knots = calloc(k + 1, sizeof *model.knots),
                               .n_knots = k,
                               .coefficients = calloc(p, sizeof *model.coefficients),
                               .n_coefficients = p,
                               .n_min = 1,
                               .n_max = N_MAX,
                               .dof = 100};
    for (size_t i = 0; i < powers[curve->form]; i++)
        model.coefficients[n++] = curve->powers[i] * 1e-3;
    for (size_t i = 0; i < k + step; i++)
        model.coefficients[n++] = curve->values[i] * 1e-3;
    for (size_t i = 0; bent && i < k; i++)
        model.coefficients[n++] = curve->knots[i];
    for (size_t i = 0; i <= k; i++) {
        struct segment *s = &model.segments[i];
        *s = (struct segment){i ? model.segments[i - 1].to + 1 : 1, N_MAX, model.coefficients[0], 0,
                              0};
        if (i < k) {
            model.knots[i] = curve->knots[i];
            s->to = (uint32_t)floor(curve->knots[i]);
        }
        if (step)
            s->intercept = model.coefficients[i];
    }
    model.n_segments = k + 1;
    assert_int_equal(model_set_add(set, &model, NULL), STATUS_OK);
}

static const struct curve cloud = {FORM_LINEAR, {50, 0.1}, 0, {0}, {0}};

static const struct {
    struct curve edge;
    enum verdict verdict;
    bool cloud_above;
    size_t n;
    double lengths[MAX_LEVELS];
} cases[] = {
    /* 0.001 n^2 = 50 */
    {{FORM_QUADRATIC, {0, 0.1, 1e-3}, 0, {0}, {0}},
     VERDICT_CROSSING,
     true,
     1,
     {223.60679774997896}},
    /* (n - 100)(n - 300) = 0, downwards: the cloud in between */
    {{FORM_QUADRATIC, {20, 0.5, -1e-3}, 0, {0}, {0}}, VERDICT_CROSSING, false, 2, {100, 300}},
    /* n = 50 at 50; from 60 on falling by 0.4 a step: 10 - 0.4 (n - 60) = 0 at 85; rising at 200 */
    {{FORM_PIECEWISE, {0, 1.1}, 2, {60, 200}, {-1.4, 1.4}},
     VERDICT_CROSSING,
     true,
     3,
     {50, 85, 246}},
    /* levels: over the cloud's 60 from 101 on, under its 76.1 from 261 on */
    {{FORM_STEP, {0}, 2, {100, 260}, {40, 80, 75}}, VERDICT_CROSSING, false, 2, {101, 261}},
    {{FORM_PIECEWISE, {10, 0.1}, 1, {100}, {0.02}}, VERDICT_ALWAYS_EDGE, false, 0, {0}},
    {{FORM_PIECEWISE, {10, 0.1}, 1, {100}, {0.1}}, VERDICT_NONE_IN_RANGE, true, 0, {0}},
    {{FORM_QUADRATIC, {100, 0.1, 1e-5}, 0, {0}, {0}}, VERDICT_ALWAYS_CLOUD, true, 0, {0}},
};

static struct break_even find(struct model_set *set, const struct curve *edge)
{
    struct break_even found;
    const struct cost_link link = {0, 0, 0};
    model_set_init(set);
    add(set, "edge", QUANTITY_TIME_S, edge);
    add(set, "cloud", QUANTITY_REMOTE_S, &cloud);
    assert_int_equal(break_even_time(set, "edge", "cloud", &link, &found, NULL), STATUS_OK);
    return found;
}

static void all_crossings(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct model_set set;
        struct break_even found = find(&set, &cases[c].edge);
        print_message("case %zu: %s, %zu crossings, last %.6f\n", c, verdict_name(found.verdict),
                      found.n_crossings, found.length);
        assert_int_equal(found.verdict, cases[c].verdict);
        assert_int_equal(found.cloud_above, cases[c].cloud_above);
        assert_int_equal(found.n_crossings, cases[c].n);
        for (size_t i = 0; i < cases[c].n; i++)
            assert_close(found.crossings[i].length, cases[c].lengths[i], 1e-9, 0);
        model_set_free(&set);
    }
}

/* Where they are closest: 10 + 0.1 n + 0.02 (n - 100) against 50 + 0.1 n: 34 ms at the end. */
static void verdicts_have_evidence(void **state)
{
    (void)state;
    struct model_set set;
    struct break_even found = find(&set, &cases[4].edge);
    assert_close(found.evidence.length, N_MAX, 1e-9, 0);
    assert_close(found.evidence.margin_s, -34e-3, 1e-9, 0);
    model_set_free(&set);
}

/* Any covariance: the interval's ends are where |d| = t sd(d), by derivatives taken by hand. */
static void intervals_end_where_the_error_does(void **state)
{
    (void)state;
    struct model_set set;
    const struct cost_link link = {0, 0, 0};
    struct break_even found = find(&set, &cases[2].edge);
    size_t p = set.n_coefficients;
    for (size_t i = 0; i < p; i++) {
        for (size_t j = 0; j < p; j++) {
            static const double sd[] = {2e-4, 3e-6, 3e-6, 3e-6, 0.1, 1, 2e-4, 3e-6};
            set.covariance[i * p + j] = sd[i] * sd[j] * (i == j ? 1 : 0.6);
        }
    }
    assert_int_equal(break_even_time(&set, "edge", "cloud", &link, &found, NULL), STATUS_OK);
    const double ends[] = {found.low, found.high};
    assert_true(found.has_interval && found.low < 246 && found.high > 246);
    for (int e = 0; e < 2; e++) {
        double n = ends[e], variance = 0;
        const double g[] = {1, n, n - 60, n - 200, 1.4e-3, -1.4e-3, -1, -n};
        for (size_t i = 0; i < p; i++) {
            for (size_t j = 0; j < p; j++)
                variance += g[i] * g[j] * set.covariance[i * p + j];
        }
        double d = 1e-3 * (1.1 * n - 1.4 * (n - 60) + 1.4 * (n - 200) - 50 - 0.1 * n);
        double errors = fabs(d) / sqrt(variance); /* Student's t between 100 and 200 */
        assert_true(errors > gsl_cdf_tdist_Pinv(0.975, 201) &&
                    errors < gsl_cdf_tdist_Pinv(0.975, 99));
    }
    model_set_free(&set);
}

/* Through the tool and the database: what is fitted is what rnngen decides by. */
static void the_tools_take_bent_models(void **state)
{
    (void)state;
    char *folder = test_scratch("bent"), *text = NULL, *out, *err;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("target,length,time_s,round\n", memory);
    for (int i = 0; i < 20 * 40; i++) {
        int n = 10 * (i % 40 + 1), round = i / 40;
        double noise = 1 + 1e-3 * (i * 7919 % 13 - 6);
        double edge = 1.1 * n - 1.4 * fmax(n - 60, 0) + 1.4 * fmax(n - 200, 0);
        fprintf(memory, "edge,%d,%.9f,%d\ncloud,%d,%.9f,%d\n", n, 1e-3 * edge * noise, round, n,
                1e-3 * (50 + 0.1 * n) * noise, round);
    }
    fclose(memory);
    char *path = test_write(folder, "bent.csv", text);
    char *command =
        text_format("%1$s/bin/rnnprof import %2$s --db %3$s/b.db --campaign b >%3$s/log && "
                    "%1$s/bin/rnnfit --db %3$s/b.db --json && "
                    "%1$s/bin/rnngen --db %3$s/b.db --name bent -o %3$s/bent.h -q >%3$s/log && "
                    "%1$s/bin/rnngen --db %3$s/b.db --check %3$s/bent.h -q >%3$s/log",
                    test_build(), path, folder);
    if (test_shell(command, &out, &err) != 0)
        fail_msg("%s", err);
    json_error_t why;
    json_t *document = json_loads(out, JSON_DISABLE_EOF_CHECK, &why);
    json_t *model = json_array_get(json_object_get(document, "models"), 0);
    json_t *even = json_array_get(json_object_get(document, "break_even"), 0);
    assert_string_equal(json_string_value(json_object_get(model, "form")), "piecewise");
    assert_int_equal(json_array_size(json_object_get(model, "knots")), 2);
    assert_int_equal(json_array_size(json_object_get(model, "knots_ci95")), 2);
    assert_int_equal(json_array_size(json_object_get(model, "coefficients")), 4);
    assert_int_equal(json_array_size(json_object_get(model, "stderr")), 4);
    assert_int_equal(json_array_size(json_object_get(model, "covariance")), 4);
    assert_int_equal(json_integer_value(json_object_get(even, "crossings")), 3);
    json_t *first = json_array_get(json_object_get(even, "all"), 0);
    assert_close(json_number_value(json_object_get(first, "length")), 50, 0.02, 0);
    assert_string_equal(json_string_value(json_object_get(first, "cheaper_above")), "cloud");
    json_decref(document);
    free(command);
    free(path);
    free(text);
    free(out);
    free(err);
    free(folder);
}

/* Coefficients that nothing determines have infinite errors, and what rests on them no interval. */
static void what_nothing_determines_has_no_interval(void **state)
{
    (void)state;
    struct model_set set;
    const struct cost_link link = {0, 0, 0};
    struct break_even found = find(&set, &cases[2].edge);
    assert_true(found.has_interval);
    for (size_t i = 0; i < set.models[0].n_coefficients; i++)
        set.covariance[i * set.n_coefficients + i] = INFINITY;
    assert_int_equal(break_even_time(&set, "edge", "cloud", &link, &found, NULL), STATUS_OK);
    assert_int_equal(found.n_crossings, 3);
    for (size_t i = 0; i < 3; i++)
        assert_false(found.crossings[i].has_interval);
    assert_true(isinf(found.evidence.half_s) != 0);
    model_set_free(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_crossings),
        cmocka_unit_test(verdicts_have_evidence),
        cmocka_unit_test(intervals_end_where_the_error_does),
        cmocka_unit_test(the_tools_take_bent_models),
        cmocka_unit_test(what_nothing_determines_has_no_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
