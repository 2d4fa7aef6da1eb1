// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What there is to look at in a fit: the time of one inference at each target over one link, as a
 * curve with its interval, the samples as they would have been over that link, their residuals and
 * outliers.
 *
 * Life cycle: view_make, view_free. The data set (with its observations kept) and the models must
 * outlive it. Thread rule: no state.
 */
#ifndef FITTER_VIEW_H
#define FITTER_VIEW_H

#include "base/status.h"
#include "fitter/cost_line.h"
#include "fitter/dataset.h"
#include "records/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view_curve {
    const struct cost_model *main; /* time_s or remote_s */
    struct cost_line line;         /* over the view's link */
};

double view_curve_value(const struct view_curve *curve, double n);

/* Half the 95 % interval of the expected value. */
double view_curve_half_width(const struct view_curve *curve, double n);

struct view_sample {
    uint32_t length;
    double time_s;     /* over the view's link */
    double residual_s; /* less the curve */
    double scaled;     /* the residual less their mean over its standard deviation, which goes with
                          mean^power */
    bool outlier;      /* by the rule of series.h */
};

struct view_target {
    const char *name;
    struct view_curve curve;
    struct view_sample *samples; /* those that take part in the fit, by length */
    size_t n, n_outliers;
    double power; /* of the spread's growth with the mean */
};

struct view {
    struct cost_link link;
    struct view_target *targets; /* those with a model of their time */
    size_t n_targets;
    double n_max; /* the longest length measured */
};

/* STATUS_NO_MEMORY. */
enum status view_make(const struct dataset *dataset, const struct model_set *set,
                      const struct cost_link *link, struct view *view, struct error *error);

void view_free(struct view *view);

#endif
