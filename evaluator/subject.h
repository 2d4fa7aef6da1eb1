// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The campaign that is judged: its models, the header made from them, its targets, and the measured
 * times that replayed requests are charged with.
 *
 * Replays must not be charged with what the models were fitted to, or they would flatter them: only
 * rounds that rnnfit left out (--hold-out) count. Where there is none, all samples stand in, and
 * `in_sample` says why, for every report to repeat.
 *
 * Life cycle: subject_load, subject_draws before a replay, subject_free.
 */
#ifndef EVALUATOR_SUBJECT_H
#define EVALUATOR_SUBJECT_H

#include "codegen/link_table.h"
#include "codegen/table.h"
#include "evaluator/draws.h"
#include "fitter/cost.h"
#include "fitter/energy_cost.h"
#include "records/store.h"

#include <stdbool.h>

struct subject {
    struct campaign campaign;
    struct model_set models;
    struct decision_table table;
    struct cost_pair pair;     /* into models */
    struct link_table links;   /* the header for products that know their bandwidth */
    bool has_links;            /* false: no bandwidth is charged for, or there is no such header */
    struct energy_pair energy; /* into models; where has_energy */
    bool has_energy;
    struct error why_no_energy; /* else; "" where nobody watched */
    struct draws draws;
    const char *in_sample; /* NULL: held-out rounds only; else why not */
    char *edge, *cloud;    /* names of the targets; owned */
    char *engine, *url;    /* how the device runs, where the endpoint is; owned, may be NULL */
    size_t n_endpoints;    /* of the campaign; this is one of them */
    double timeout_s;      /* of a request, as the campaign set it; 0: it did not */
    bool current;          /* whether the models are of the samples that are there now */
};

/*
 * The header is made for the objective (`weighted` divides by the device's means over 1 .. N_MAX).
 * `campaign` NULL: the only one. `target` NULL: the endpoint named "cloud", else the first target
 * that is not the device.
 * STATUS_NOT_FOUND: no such campaign, models or target, or energies that the objective needs.
 * Others: the store's.
 */
enum status subject_load(const char *db, const char *campaign, const char *target,
                         const struct objective *objective, struct subject *subject,
                         struct error *error);

/* The times for a replay. STATUS_NOT_FOUND: no length has samples of both places. */
enum status subject_draws(const char *db, struct subject *subject, struct error *error);

void subject_free(struct subject *subject);

#endif
