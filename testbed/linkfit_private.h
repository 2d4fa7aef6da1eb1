// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A link model beside its trace: what both are like in the long run.
 *
 * Life cycle: goodness_measure, then any of the reports; nothing to free.
 */
#ifndef TESTBED_LINKFIT_PRIVATE_H
#define TESTBED_LINKFIT_PRIVATE_H

#include "records/link_model.h"

#include <stdbool.h>

enum { GOODNESS_SHARES = 8, GOODNESS_LAGS = 6 };

extern const double goodness_shares[GOODNESS_SHARES]; /* 0, 0.05, ... 1 */
extern const unsigned goodness_lags[GOODNESS_LAGS];   /* in steps of the chain */

/* One of the trace (weighted by time) and one of the model (closed forms). */
enum goodness_side { SIDE_TRACE, SIDE_MODEL, N_SIDES };

struct goodness {
    size_t n_values, n_steps; /* of the trace's column; 0: it is not there */
    bool fitted;              /* else it has too few values */
    double quantiles[N_SIDES][GOODNESS_SHARES];
    double means[N_SIDES];
    double autocorrelations[N_SIDES][GOODNESS_LAGS]; /* NAN: the trace is too short for the lag */
};

enum status goodness_measure(const struct link_trace *trace, const struct link_model *model,
                             struct goodness goodness[N_LINK_COLUMNS], struct error *error);

/* The autocorrelation of n values at a lag of k, about their common mean; NAN unless 2 k <= n, 0
 * when they do not vary. */
double autocorrelation(const double *values, size_t n, size_t k);

/* A line each about where a column's model differs from its trace by more than a twentieth of a
 * quantile or the mean, or a tenth in correlation, after `indent` spaces. */
void goodness_shortfalls(const struct goodness *goodness, enum link_column column, FILE *out,
                         int indent);

void goodness_text(const struct link_trace *trace, const struct link_model *model,
                   const struct goodness *goodness, FILE *out);
void goodness_json(const struct link_trace *trace, const struct link_model *model,
                   const struct goodness *goodness, FILE *out);

/* Draws link_model.png and .svg into `folder` (made where missing): distribution and
 * autocorrelation of every column. As gnuplot_run. */
enum status goodness_plot(const struct link_trace *trace, const struct link_model *model,
                          const char *folder, struct error *error);

#endif
