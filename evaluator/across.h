// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What many evaluations say together: those of several campaigns, data sets and links, read back
 * from the documents that rnneval wrote.
 *
 * - Is a policy nowhere worse than the better single device by more than a margin? Said of so many
 *   cells that in at most 5 % of cases it is wrong of any (Holm 1979, "A simple sequentially
 *   rejective multiple test procedure", Scandinavian Journal of Statistics 6): of m cells that are
 *   left the surest is taken when its one-sided test is significant at 0.05/m, then the next. Each
 *   by Student's t, the standard error from the cell's 95 % interval, the degrees of freedom those
 *   of the measured rounds that it is charged from. Beside it the upper ends of differences that
 *   hold together in 95 % of cases (Bonferroni).
 * - What does it save where there is a choice, that is where the single devices are within a factor
 * of two? The mean over these cells; in its interval the cells of one campaign, which are charged
 * from the same samples, count as fully dependent, and campaigns as independent.
 * - How far from the oracle is it over each link, and what do its probes lose?
 *
 * Life cycle: starts as {0}; across_read for each document, across_judge, reports, across_free.
 */
#ifndef EVALUATOR_ACROSS_H
#define EVALUATOR_ACROSS_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One evaluation. Shares of the better single device's mean. */
struct across_cell {
    char *campaign, *lengths, *link; /* owned */
    bool better_is_cloud;
    double ratio;          /* the worse single device's mean over the better one's */
    double difference;     /* of the policy to the better single device; < 0: better */
    double standard_error; /* of that */
    double dof;            /* behind it; INFINITY: not of rounds */
    double upper;          /* of it, of those that hold together */
    bool within;           /* the margin, together with the others that are */
    bool within_unprobed;  /* likewise, without what probes are expected to lose */
    double probe_loss;     /* expected of its probes; 0 of a policy that sends none */
    double over_oracle;    /* the policy's mean over the oracle's, less 1 */
};

struct across_link {
    const char *link;
    size_t n_cells;
    double mean_over_oracle, most_over_oracle, mean_probe_loss;
};

struct across {
    char *policy, *objective; /* owned */
    bool measured;            /* all that the objective looks at */
    double margin;
    struct across_cell *cells; /* n_cells; owned */
    size_t n_cells, capacity;
    uint64_t n_within, n_within_unprobed; /* cells that are */
    size_t n_choice; /* cells whose single devices are within a factor of two */
    double saving, saving_low, saving_high; /* over those; NAN without any */
    struct across_link *links;              /* n_links, in the order they came; owned */
    size_t n_links;
};

/* Adds the evaluations of one document (rnnmap.eval/1 or rnnmap.evals/1). `policy` is whose; NULL
 * in *across: set by the first call. STATUS_IO, STATUS_NOT_FOUND: it cannot be read.
 * STATUS_INVALID: not such a document, one without the policy or the oracle, of another objective
 * than those before, or a cell that was there before; the message names the file.
 * STATUS_UNSUPPORTED: an objective with a deadline or a budget, of which means do not tell. */
enum status across_read(struct across *across, const char *path, const char *policy,
                        struct error *error);

/* May be asked again, of another margin. STATUS_INVALID: no cells. */
enum status across_judge(struct across *across, double margin, struct error *error);

void across_text(const struct across *across, FILE *out);
enum status across_json(const struct across *across, FILE *out, struct error *error);

void across_free(struct across *across);

#endif
