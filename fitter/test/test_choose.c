// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The form that is chosen: with a tolerance of 0 the right number of knots in 95 % of simulations
 * where each knot changes the slope by 8 standard errors, and none where there is none. Inputs that
 * are padded to buckets: each of them, however many there are.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/choose.h"
#include "fitter/gather.h"
#include "fitter/normal.h"

#include <math.h>
#include <stdio.h>

enum { N_LENGTHS = 40, STEP = 25, MAX_KNOTS = 2 };

static const struct truth {
    const char *name;
    int per_length; /* samples */
    size_t n_knots;
    double knots[MAX_KNOTS], signs[MAX_KNOTS];
    double proportional; /* else equal noise */
} truths[] = {
    {"a line, N = 40", 1, 0, {0}, {0}, 0},
    {"a line, N = 200", 5, 0, {0}, {0}, 0},
    {"a line, N = 2000", 50, 0, {0}, {0}, 0},
    {"a line, N = 200, proportional", 5, 0, {0}, {0}, 0.05},
    {"a knot in the middle, N = 2000", 50, 1, {510}, {1}, 0},
    {"a knot at a third, N = 2000", 50, 1, {340}, {-1}, 0},
    {"a knot at a fifth, N = 400", 10, 1, {210}, {1}, 0},
    {"two knots, N = 2000", 50, 2, {340, 680}, {1, -1}, 0},
    {"two knots the same way, N = 2000", 50, 2, {340, 680}, {1, 1}, 0},
    {"two knots, N = 400", 10, 2, {300, 700}, {-1, 1}, 0},
};

/* The standard errors of the hinges at noise 1, where the knots are not known. */
static void find_errors(const struct truth *truth, double *errors)
{
    struct normal normal = {.p = 2 + 2 * truth->n_knots};
    double inverse[NORMAL_MAX * NORMAL_MAX];
    for (int i = 1; i <= N_LENGTHS; i++) {
        double n = STEP * i, x[2 + 2 * MAX_KNOTS] = {1, n / 1000};
        for (size_t k = 0; k < truth->n_knots; k++) {
            x[2 + k] = fmax(n - truth->knots[k], 0) / 1000;
            x[2 + truth->n_knots + k] = n > truth->knots[k];
        }
        normal_add(&normal, x, truth->per_length, 0);
    }
    assert_true(normal_invert(&normal, inverse));
    for (size_t k = 0; k < truth->n_knots; k++)
        errors[k] = sqrt(inverse[(2 + k) * (normal.p + 1)]) / 1000;
}

static size_t count_knots(const struct truth *truth, const double *errors, const double *slopes,
                          bool automatic, struct random *random)
{
    struct gather gather = {0};
    struct series series;
    struct fit fit;
    struct choice_note note;
    const struct choice choice = {.automatic = automatic,
                                  .form = FORM_PIECEWISE,
                                  .lenient = true,
                                  .max_knots = CHOICE_MAX_KNOTS};
    for (int i = 1; i <= N_LENGTHS; i++) {
        double n = STEP * i, value = 100 + slopes[0] * n;
        for (size_t k = 0; k < truth->n_knots; k++)
            value += 8 * errors[k] * truth->signs[k] * fmax(n - truth->knots[k], 0);
        double sd = truth->proportional > 0 ? truth->proportional * value : 1;
        for (int s = 0; s < truth->per_length; s++)
            gather_add(&gather, (uint32_t)n, -1, value + sd * random_normal(random), NULL);
    }
    gather_finish(&gather, NULL);
    gather_series(&gather, &series, NULL);
    series_weigh(&series);
    assert_int_equal(choose_fit(&series, &choice, &fit, &note, NULL), STATUS_OK);
    size_t n = fit.shape.n_knots;
    fit_free(&fit);
    series_free(&series);
    gather_free(&gather);
    return n;
}

static void the_number_of_knots(void **state)
{
    (void)state;
    int n = test_long() ? 2000 : 200;
    uint64_t seed = 5;
    bool enough = true;
    const double slopes[] = {0.1};
    printf("seed %llu, %d each: auto, piecewise\n", (unsigned long long)seed, n);
    for (size_t t = 0; t < sizeof truths / sizeof *truths; t++) {
        double errors[MAX_KNOTS], share[2];
        find_errors(&truths[t], errors);
        for (int forced = 0; forced < 2; forced++) {
            struct random random = {seed};
            int right = 0;
            for (int i = 0; i < n; i++)
                right +=
                    count_knots(&truths[t], errors, slopes, !forced, &random) == truths[t].n_knots;
            share[forced] = (double)right / n;
            enough = enough && share[forced] >= (test_long() ? 0.95 : 0.93);
        }
        printf("  %-34s %5.1f %5.1f %%\n", truths[t].name, 100 * share[0], 100 * share[1]);
    }
    assert_true(enough);
}

/* 4 ms and 0.05 ms for each step of the padded length, with 0.5 % of noise, in rounds. */
static void pad(struct gather *gather, uint32_t bucket, uint32_t every, struct random *random)
{
    for (int round = 0; round < 20; round++) {
        for (uint32_t n = 8; n <= 512; n += every) {
            double padded = (double)((n + bucket - 1) / bucket * bucket), ms = 4 + 0.05 * padded;
            gather_add(gather, n, round, ms * (1 + 0.005 * random_normal(random)), NULL);
        }
    }
    gather_finish(gather, NULL);
}

static void buckets_are_found(void **state)
{
    static const struct {
        uint32_t bucket, every;
        enum model_form form;
    } cases[] = {{8, 1, FORM_STEP},   {16, 1, FORM_STEP},      {16, 8, FORM_STEP},
                 {100, 3, FORM_STEP}, {512, 1, FORM_CONSTANT}, {1, 8, FORM_LINEAR}};
    uint64_t seed = 7;
    struct random random = {seed};
    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct gather gather = {0};
        struct series series;
        struct fit fit;
        struct choice_note note;
        const struct choice choice = {
            .automatic = true, .max_knots = CHOICE_MAX_KNOTS, .tolerance = 0.005};
        pad(&gather, cases[c].bucket, cases[c].every, &random);
        gather_series(&gather, &series, NULL);
        series_weigh(&series);
        assert_int_equal(choose_fit(&series, &choice, &fit, &note, NULL), STATUS_OK);
        assert_int_equal(fit.form, cases[c].form);
        size_t first = (8 + cases[c].bucket - 1) / cases[c].bucket;
        size_t last = (512 + cases[c].bucket - 1) / cases[c].bucket;
        if (fit.form == FORM_STEP)
            assert_int_equal(fit.n_coefficients, last - first + 1);
        for (size_t i = 0; fit.form == FORM_STEP && i < fit.n_coefficients; i++) {
            double edge = (double)((first + i) * cases[c].bucket);
            if (i + 1 < fit.n_coefficients) /* known to the gap between two lengths */
                assert_true(fit.shape.knots[i] > edge - cases[c].every &&
                            fit.shape.knots[i] < edge + cases[c].every);
            assert_close(fit.coefficients[i], 4 + 0.05 * edge, 0.03, 0);
        }
        fit_free(&fit);
        series_free(&series);
        gather_free(&gather);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_number_of_knots),
                                       cmocka_unit_test(buckets_are_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
