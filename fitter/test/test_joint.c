// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The joint fit of round trips and remote time: against GSL's weighted least squares, which it is
 * where the instrument is the round trip itself, and its rounds left out against fits without them.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "fitter/joint.h"

#include <gsl/gsl_multifit.h>
#include <math.h>
#include <string.h>

enum { N = 240, ROUNDS = 12, LEVELS = 2, Q = LEVELS + 2 };

/* Two runs of lengths, three round trips and then four, and a third whose c1 is known. */
static void make(struct joint_sample *samples, bool exact)
{
    struct random random = {6};
    for (int i = 0; i < N; i++) {
        struct joint_sample *s = &samples[i];
        double state_s = (1 + i % 3) * 0.01, r = state_s + 1e-3 * random_normal(&random);
        *s = (struct joint_sample){.length = 10 + 10 * (uint32_t)(i % 20),
                                   .round = (i * 7) % ROUNDS,
                                   .run = i % 20 < 8    ? 0
                                          : i % 20 < 15 ? 1
                                                        : JOINT_LEVELS_MAX,
                                   .rtt_s = r,
                                   .instrument_s = exact ? r : state_s,
                                   .weight = 1 + i % 20};
        double trips = s->run == 0 ? 3 : s->run == 1 ? 4 : 0;
        s->y_s = trips * state_s + 2e-3 + 1e-4 * s->length + 1e-4 * random_normal(&random);
    }
}

static void with_exact_round_trips_it_is_least_squares(void **state)
{
    (void)state;
    struct joint_sample samples[N];
    struct joint joint;
    make(samples, true);
    assert_int_equal(joint_fit(samples, N, LEVELS, 2, &joint, NULL), STATUS_OK);
    gsl_matrix *x = gsl_matrix_calloc(N, Q), *covariance = gsl_matrix_alloc(Q, Q);
    gsl_vector *y = gsl_vector_alloc(N), *w = gsl_vector_alloc(N), *c = gsl_vector_alloc(Q);
    gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(N, Q);
    double chisq;
    for (size_t i = 0; i < N; i++) {
        if (samples[i].run < LEVELS)
            gsl_matrix_set(x, i, samples[i].run, samples[i].rtt_s);
        gsl_matrix_set(x, i, LEVELS, 1);
        gsl_matrix_set(x, i, LEVELS + 1, samples[i].length);
        gsl_vector_set(y, i, samples[i].y_s);
        gsl_vector_set(w, i, samples[i].weight);
    }
    gsl_multifit_wlinear(x, w, y, c, covariance, &chisq, work);
    for (size_t i = 0; i < Q; i++) {
        assert_close(joint.coefficients[i], gsl_vector_get(c, i), 1e-9, 0);
        for (size_t j = 0; j < Q; j++)
            assert_close(joint.classical[i][j], gsl_matrix_get(covariance, i, j) * chisq / (N - Q),
                         1e-7, 1e-20);
    }
    gsl_multifit_linear_free(work);
    gsl_matrix_free(x);
    gsl_matrix_free(covariance);
    gsl_vector_free(y);
    gsl_vector_free(w);
    gsl_vector_free(c);
    joint_free(&joint);
}

static void rounds_left_out_are_fits_without_them(void **state)
{
    (void)state;
    struct joint_sample samples[N], rest[N];
    struct joint all, one;
    make(samples, false);
    assert_int_equal(joint_fit(samples, N, LEVELS, 2, &all, NULL), STATUS_OK);
    assert_close(all.coefficients[0], 3, 0.02, 0);
    assert_close(all.coefficients[1], 4, 0.02, 0);
    assert_int_equal(all.n_rounds, ROUNDS);
    assert_close(joint_dof(&all), ROUNDS - 1, 0, 0);
    double mean = 0, sum = 0;
    for (size_t g = 0; g < all.n_rounds; g++) {
        size_t n = 0;
        for (size_t i = 0; i < N; i++) {
            if (samples[i].round != all.rounds[g])
                rest[n++] = samples[i];
        }
        assert_int_equal(joint_fit(rest, n, LEVELS, 2, &one, NULL), STATUS_OK);
        for (size_t i = 0; i < Q; i++)
            assert_close(all.leave_out[g * Q + i], one.coefficients[i], 1e-9, 0);
        mean += one.coefficients[0] / ROUNDS;
        joint_free(&one);
    }
    for (size_t g = 0; g < all.n_rounds; g++)
        sum += pow(all.leave_out[g * Q] - mean, 2);
    assert_close(joint_standard_error(&all, 0), sqrt(sum * (ROUNDS - 1) / ROUNDS), 1e-9, 0);
    joint_free(&all);
}

/* One round trip only: its slope and the intercept are the same column. */
static void one_round_trip_tells_nothing(void **state)
{
    (void)state;
    struct joint_sample samples[N];
    struct joint joint;
    struct error error = {0};
    make(samples, false);
    for (int i = 0; i < N; i++) {
        samples[i].run = 0;
        samples[i].rtt_s = samples[i].instrument_s = 0.01;
    }
    assert_int_equal(joint_fit(samples, N, 1, 2, &joint, &error), STATUS_INVALID);
    assert_int_equal(joint_fit(samples, 3, 1, 2, &joint, NULL), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_exact_round_trips_it_is_least_squares),
        cmocka_unit_test(rounds_left_out_are_fits_without_them),
        cmocka_unit_test(one_round_trip_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
