// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The Statistical Reference Datasets of NIST (public domain) through campaigns of equal weights:
 * certified coefficients and standard errors of Norris to 9 digits and of Pontius to 7, and means
 * and deviations of the univariate sets to as many as their differences hold.
 */
#include "base/test/support.h"

#include "fitter/campaign_fit.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_ROWS = 100, MAX_NUMBERS = 3 };

struct reference {
    const char *name;
    enum model_form form;
    double scale; /* lengths are whole: this many for one unit of the data set's x */
    double digits;
    struct {
        double value, error;
    } certified[MAX_NUMBERS];
    double residual_sd, r2;
    size_t n;
    struct {
        double x, y;
    } rows[MAX_ROWS];
};

static const struct reference norris = {
    "Norris",
    FORM_LINEAR,
    10,
    1e-9,
    {{-0.262323073774029, 0.232818234301152}, {1.00211681802045, 0.429796848199937e-3}},
    0.884796396144373,
    0.999993745883712,
    36,
    {{0.2, 0.1},     {337.4, 338.8}, {118.2, 118.1}, {884.6, 888.0}, {10.1, 9.2},    {226.5, 228.1},
     {666.3, 668.5}, {996.3, 998.5}, {448.6, 449.1}, {777.0, 778.9}, {558.2, 559.2}, {0.4, 0.3},
     {0.6, 0.1},     {775.5, 778.1}, {666.9, 668.8}, {338.0, 339.3}, {447.5, 448.9}, {11.6, 10.8},
     {556.0, 557.7}, {228.1, 228.3}, {995.8, 998.0}, {887.6, 888.8}, {120.2, 119.6}, {0.3, 0.3},
     {0.3, 0.6},     {556.8, 557.6}, {339.1, 339.3}, {887.2, 888.0}, {999.0, 998.5}, {779.0, 778.9},
     {11.1, 10.2},   {118.3, 117.6}, {229.2, 228.9}, {669.1, 668.4}, {448.9, 449.2}, {0.5, 0.2}},
};

static const struct reference pontius = {
    "Pontius",
    FORM_QUADRATIC,
    1,
    1e-7,
    {{0.673565789473684e-3, 0.107938612033077e-3},
     {0.732059160401003e-6, 0.157817399981659e-9},
     {-0.316081871345029e-14, 0.486652849992036e-16}},
    0.205177424076185e-3,
    0.999999900178537,
    40,
    {{150000, .11019},   {300000, .21956},   {450000, .32949},   {600000, .43899},
     {750000, .54803},   {900000, .65694},   {1050000, .76562},  {1200000, .87487},
     {1350000, .98292},  {1500000, 1.09146}, {1650000, 1.20001}, {1800000, 1.30822},
     {1950000, 1.41599}, {2100000, 1.52399}, {2250000, 1.63194}, {2400000, 1.73947},
     {2550000, 1.84646}, {2700000, 1.95392}, {2850000, 2.06128}, {3000000, 2.16844},
     {150000, .11052},   {300000, .22018},   {450000, .32939},   {600000, .43886},
     {750000, .54798},   {900000, .65739},   {1050000, .76596},  {1200000, .87474},
     {1350000, .98300},  {1500000, 1.09150}, {1650000, 1.20004}, {1800000, 1.30818},
     {1950000, 1.41613}, {2100000, 1.52408}, {2250000, 1.63159}, {2400000, 1.73965},
     {2550000, 1.84696}, {2700000, 1.95445}, {2850000, 2.06177}, {3000000, 2.16829}},
};

static void fit(const struct reference *reference, struct model_set *set)
{
    struct observation observations[MAX_ROWS];
    for (size_t i = 0; i < reference->n; i++)
        observations[i] =
            (struct observation){(uint32_t)lround(reference->rows[i].x * reference->scale),
                                 -1,
                                 (int64_t)llround(reference->rows[i].y * 1e9),
                                 -1,
                                 -1,
                                 -1,
                                 -1,
                                 -1,
                                 -1,
                                 -1,
                                 -1};
    struct dataset_target target = {
        .name = (char *)"edge", .observations = observations, .n = reference->n};
    struct dataset dataset = {.campaign = (char *)"nist", .targets = &target, .n_targets = 1};
    const struct fit_options options = {.form = reference->form, .equal_weights = true};
    struct error error = {0};
    if (campaign_fit(&dataset, &options, set, &error))
        fail_msg("%s: %s", reference->name, error.text);
}

static void check(const struct reference *reference)
{
    struct model_set set;
    fit(reference, &set);
    const struct cost_model *model = &set.models[0];
    double unit = 1;
    for (size_t i = 0; i < model->n_coefficients; i++, unit *= reference->scale) {
        double error = sqrt(model_set_covariance(&set, model, i, model, i)) * unit;
        double value = model->coefficients[i] * unit;
        print_message("%s B%zu: %.15g off by %.1e, error off by %.1e\n", reference->name, i, value,
                      value / reference->certified[i].value - 1,
                      error / reference->certified[i].error - 1);
        assert_close(value, reference->certified[i].value, reference->digits, 0);
        assert_close(error, reference->certified[i].error, reference->digits, 0);
    }
    assert_close(model->residual_sd, reference->residual_sd, reference->digits, 0);
    assert_close(model->r2, reference->r2, reference->digits, 0);
    model_set_free(&set);
}

static void norris_to_nine_digits(void **state)
{
    (void)state;
    check(&norris);
}

static void pontius_to_seven_digits(void **state)
{
    (void)state;
    check(&pontius);
}

/* NumAcc2: 1.2, then 1.1 and 1.3 by turns; NumAcc3 in the same way about 1000000.2. */
static void means_of_many_equal_digits(void **state)
{
    (void)state;
    static const double bases[] = {1.2, 1000000.2};
    enum { N = 1001 };
    struct observation *observations = calloc(N, sizeof *observations);
    for (int b = 0; b < 2; b++) {
        for (int i = 0; i < N; i++) {
            double off = i == 0 ? 0 : i % 2 ? -0.1 : 0.1;
            observations[i] = (struct observation){
                7, -1, (int64_t)llround((bases[b] + off) * 1e9), -1, -1, -1, -1, -1, -1, -1, -1};
        }
        struct dataset_target target = {
            .name = (char *)"edge", .observations = observations, .n = N};
        struct dataset dataset = {.campaign = (char *)"nist", .targets = &target, .n_targets = 1};
        const struct fit_options options = {.automatic = true, .curved = true};
        struct model_set set;
        assert_int_equal(campaign_fit(&dataset, &options, &set, NULL), STATUS_OK);
        assert_close(set.models[0].coefficients[0], bases[b], 1e-14, 0);
        assert_close(set.models[0].residual_sd, 0.1, 1e-9, 0);
        assert_close(sqrt(set.covariance[0]), 0.1 / sqrt(N), 1e-9, 0);
        model_set_free(&set);
    }
    free(observations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(norris_to_nine_digits),
        cmocka_unit_test(pontius_to_seven_digits),
        cmocka_unit_test(means_of_many_equal_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
