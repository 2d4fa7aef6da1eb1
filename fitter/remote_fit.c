// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/remote_fit.h"

#include "fitter/chosen.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(2 * (JOINT_LEVELS_MAX + 1) <= FIT_MAX_SHARED, "a line and the levels");

/* The samples of the joint equations, those with an instrument; *n of them. */
static enum status gather(const struct remote_fit *fit, const struct dataset_target *target,
                          struct joint_sample **samples, size_t *n, struct error *error)
{
    const struct round_trips *trips = &fit->trips;
    size_t known = trips->first_is_one ? 1 : 0;
    *n = 0;
    *samples = malloc((target->n + 1) * sizeof **samples);
    if (!*samples)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (isnan(trips->instruments[i]))
            continue;
        size_t run = round_trips_run(trips, o->length);
        double r = link_terms_rtt_s(&target->link, o);
        bool estimated = run >= known;
        (*samples)[(*n)++] = (struct joint_sample){
            .length = o->length,
            .round = o->round,
            .run = estimated ? run - known : JOINT_LEVELS_MAX,
            .rtt_s = r,
            .instrument_s = trips->instruments[i],
            .y_s = (double)o->time_ns * 1e-9 - link_terms_bytes_s(&target->link, o) -
                   (estimated ? 0 : r),
            .weight = series_weight(&fit->series, o->length),
        };
    }
    return STATUS_OK;
}

/* Whether every level is known well enough and is possible. */
static bool judge(const struct joint *joint, struct error *why)
{
    double t = gsl_cdf_tdist_Pinv(0.975, joint_dof(joint));
    error_clear(why);
    for (size_t i = 0; i < joint->n_levels && !why->code; i++) {
        double level = joint->coefficients[i], off = joint_standard_error(joint, i);
        if (!(off <= round_trips_error_max))
            error_set(why, STATUS_INVALID,
                      "%.2f round trips with a standard error of %.2f, more than %.2f, are no "
                      "estimate: measure longer, or over round trips further apart",
                      level, off, round_trips_error_max);
        else if (level + t * off < 1)
            error_set(why, STATUS_INVALID,
                      "the estimate of %.2f +- %.2f round trips is below one: requests did not "
                      "meet the round trips measured before them",
                      level, t * off);
    }
    return !why->code;
}

/* With the joint fit's numbers in place of those of the remote times alone, which have the same
 * coefficients, but take the round trips as known. */
static enum status take_joint(struct remote_fit *fit, const struct joint *joint,
                              struct error *error)
{
    size_t known = fit->trips.first_is_one ? 1 : 0, levels = joint->n_levels + known;
    struct fit *trips = &fit->round_trips, *remote = &fit->remote;
    *trips = (struct fit){.form = levels > 1 ? FORM_STEP : FORM_CONSTANT,
                          .n_coefficients = levels,
                          .residual_sd = NAN,
                          .r2 = NAN,
                          .bic = fit->trips.bic,
                          .dof = joint->dof};
    for (size_t i = 0; i < levels; i++)
        trips->coefficients[i] = fit->trips.level[i];
    for (size_t i = 0; i < joint->p; i++) {
        remote->coefficients[i] = joint->coefficients[joint->n_levels + i];
        for (size_t j = 0; j < joint->p; j++)
            remote->classical[i * joint->p + j] =
                joint->classical[joint->n_levels + i][joint->n_levels + j];
        for (size_t j = 0; j < joint->n_levels; j++)
            remote->classical_next[i * levels + known + j] =
                joint->classical[joint->n_levels + i][j];
    }
    for (size_t i = 0; i < joint->n_levels; i++) {
        for (size_t j = 0; j < joint->n_levels; j++)
            trips->classical[(known + i) * levels + known + j] = joint->classical[i][j];
    }
    remote->n_next = levels;
    remote->dof = joint->dof;
    fit_forget_rounds(remote);
    if (!joint->leave_out)
        return STATUS_OK;
    size_t n = joint->n_rounds;
    for (int f = 0; f < 2; f++) {
        struct fit *to = f ? trips : remote;
        to->leave_out = malloc(n * to->n_coefficients * sizeof *to->leave_out);
        to->rounds = malloc(n * sizeof *to->rounds);
        if (!to->leave_out || !to->rounds)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu rounds", n);
        to->n_rounds = n;
        memcpy(to->rounds, joint->rounds, n * sizeof *to->rounds);
    }
    for (size_t r = 0; r < n; r++) {
        const double *from = joint->leave_out + r * joint->q;
        for (size_t i = 0; i < joint->p; i++)
            remote->leave_out[r * joint->p + i] = from[joint->n_levels + i];
        for (size_t i = 0; i < levels; i++)
            trips->leave_out[r * levels + i] = i < known ? 1 : from[i - known];
    }
    return STATUS_OK;
}

/* The series again with the levels just found, weighted as before. */
static enum status gather_again(struct remote_fit *fit, const struct dataset_target *target,
                                struct error *error)
{
    struct series again;
    enum status status = series_gather(target, QUANTITY_REMOTE_S, &fit->trips, &again, error);
    if (status)
        return status;
    for (size_t i = 0; i < again.n_lengths; i++)
        again.lengths[i].weight = fit->series.lengths[i].weight;
    series_free(&fit->series);
    fit->series = again;
    return STATUS_OK;
}

static enum status start(struct remote_fit *fit, const struct dataset_target *target,
                         const struct fit_options *options, struct error *error)
{
    series_free(&fit->series);
    fit_free(&fit->remote);
    enum status status = series_gather(target, QUANTITY_REMOTE_S, &fit->trips, &fit->series, error);
    if (!status && !options->equal_weights)
        series_weigh(&fit->series);
    return status ? status
                  : fit_chosen(&fit->series, options, fit->trips.n_runs > 0, target->name,
                               QUANTITY_REMOTE_S, &fit->remote, error);
}

/* One attempt at the joint fit of the runs there are; `why` says why they were given up. */
static enum status fit_jointly(struct remote_fit *fit, const struct dataset_target *target,
                               struct error *why, struct error *error)
{
    struct joint_sample *samples = NULL;
    struct joint joint = {0};
    size_t n, known = fit->trips.first_is_one ? 1 : 0;
    enum status status = gather(fit, target, &samples, &n, error);
    error_clear(why);
    if (!status)
        status = joint_fit(samples, n, fit->trips.n_runs - known, fit->remote.n_coefficients,
                           &joint, why);
    free(samples);
    if (status == STATUS_NO_MEMORY)
        return error_set(error, status, "%s", why->text);
    if (status || !judge(&joint, why)) {
        joint_free(&joint);
        return STATUS_OK;
    }
    enum model_form form = fit->remote.form;
    memcpy(fit->trips.level + known, joint.coefficients, joint.n_levels * sizeof(double));
    fit_free(&fit->remote);
    status = gather_again(fit, target, error);
    if (!status)
        status = fit_series(&fit->series, form, &fit->remote, error);
    if (!status)
        status = take_joint(fit, &joint, error);
    joint_free(&joint);
    return status;
}

__attribute__((format(printf, 3, 4))) static void remark(const struct fit_options *options,
                                                         const struct dataset_target *target,
                                                         const char *format, ...)
{
    struct error line = {0};
    va_list args;
    char text[ERROR_TEXT_SIZE];
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&line, STATUS_FAILED, "%s: %s", target->name, text);
    if (options->remark)
        options->remark(options->user, line.text);
}

static void remark_one(const struct dataset_target *target, const struct fit_options *options,
                       const struct error *why)
{
    char what[80] = "open a connection";
    if (!target->link.cold)
        snprintf(what, sizeof what, "overflow the initial congestion window (%d bytes)",
                 INITIAL_WINDOW_BYTES);
    remark(options, target,
           "requests %s, but %s; one round trip each is assumed, and the rest of the link is in "
           "remote_s",
           what, why->text);
}

enum status remote_fit(const struct dataset_target *target, const struct fit_options *options,
                       struct remote_fit *fit, struct error *error)
{
    struct error why;
    *fit = (struct remote_fit){0};
    enum status status = round_trips_find(target, &fit->trips, &why, error);
    if (!status)
        status = start(fit, target, options, error);
    while (!status && fit->trips.n_runs > 0) {
        status = fit_jointly(fit, target, &why, error);
        if (status || !why.code)
            break;
        if (!round_trips_merge(&fit->trips))
            round_trips_free(&fit->trips);
        status = start(fit, target, options, error);
    }
    if (!status && why.code)
        remark_one(target, options, &why);
    if (!status && fit->trips.n_strays > 0)
        remark(options, target,
               "%zu samples left out of remote_s: their round trip is that of none of the link's "
               "states",
               fit->trips.n_strays);
    if (status)
        remote_fit_free(fit);
    return status;
}

void remote_fit_free(struct remote_fit *fit)
{
    series_free(&fit->series);
    fit_free(&fit->remote);
    fit_free(&fit->round_trips);
    round_trips_free(&fit->trips);
}
