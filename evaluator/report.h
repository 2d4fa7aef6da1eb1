// SPDX-License-Identifier: GPL-3.0-or-later
/* Evaluations for people and as JSON (schemas rnnmap.eval/1 and rnnmap.evals/1). */
#ifndef EVALUATOR_REPORT_H
#define EVALUATOR_REPORT_H

#include "evaluator/arrivals.h"
#include "evaluator/draws.h"
#include "evaluator/outcome.h"
#include "records/link_source.h"

#include "base/texttable.h"

#include <stdio.h>

/* How requests were replayed; the strings belong to the caller. */
struct replay_context {
    const char *link;        /* its name */
    const char *given;       /* as --link named it, for tables; NULL: it did not */
    enum link_origin origin; /* of that link's figures */
    const char *in_sample;   /* NULL: held-out rounds only; else why not */
    struct arrivals arrivals;
    double timeout_s;
    const struct draws *draws;
    bool charges_up, charges_down; /* the link's bandwidth is charged for */
    bool by_table;  /* rnnmap asks the header for the design link's bandwidth; else that for any, */
    bool by_models; /* or, where there is none, the models */
    bool by_request; /* the link advances by the request */
    bool has_rtt;    /* the campaign's round trips are known */
};

/* What was evaluated; the strings belong to the caller. */
struct report_context {
    const char *campaign, *network, *engine;
    const char *url, *server; /* may be NULL */
    const char *lengths;      /* as --lengths names them */
    double mean_length;       /* of the lengths drawn */
    uint64_t n_empty;         /* sequences of length 0, which are in no histogram */
    double left_out;          /* share of the histogram beyond the longest length allowed */
    uint32_t max_length;      /* which is this */
    size_t n_wanted;          /* requests asked for; fewer were made where a signal came */
    uint64_t seed;
    const struct energy_basis *energy;   /* what energies are of, where there are any */
    const char *why_no_energy;           /* else; NULL: nobody watched */
    const struct replay_context *replay; /* NULL: live requests */
};

/* One of several. */
struct cell {
    struct evaluation evaluation;
    struct report_context context;
    struct replay_context replay;
};

/* ---- JSON (evaluation_json.c) */

/* STATUS_NO_MEMORY, STATUS_IO: it cannot be written. */
enum status evaluation_json(const struct evaluation *evaluation,
                            const struct report_context *context, FILE *out, struct error *error);
enum status report_cells_json(const struct cell *cells, size_t n, FILE *out, struct error *error);

/* ---- text */

/* A table and a verdict. */
void evaluation_text(const struct evaluation *evaluation, const struct report_context *context,
                     FILE *out);

/* One table with a line a cell, and in which cells `known` is worse than it need be (summary.c). */
void report_cells_text(const struct cell *cells, size_t n, FILE *out);

/* ---- parts of both, for a page as well; tables are the caller's to free */

/* A line for each policy. */
struct text_table *evaluation_table(const struct evaluation *evaluation);

/* What rnnmap is worth, in one line; nothing where it was not evaluated. */
void evaluation_verdict(const struct evaluation *evaluation, FILE *out);

/* The objective where it is not time, and what is known of energy; a line each. */
void evaluation_energy_text(const struct evaluation *evaluation,
                            const struct report_context *context, int indent, FILE *out);

/* "modelled, " or "partial, ", to stand in front of a unit, where the objective's figures rest on
 * energies that were not measured; else "". */
const char *evaluation_energy_word(const struct evaluation *evaluation);

/* What is compared, in a sentence: "time", "energy", "modelled energy". Returned. */
enum { EVALUATION_NOUN_SIZE = 48 };
const char *evaluation_noun(const struct evaluation *evaluation, char noun[EVALUATION_NOUN_SIZE]);

/* A sentence on the deadline or the budget, and how often `outcome` misses it; nothing without. */
void evaluation_misses_text(const struct evaluation *evaluation, const struct outcome *outcome,
                            FILE *out);

/* Places that could not keep up alone, a line each, after `indent` spaces. */
void evaluation_loads_text(const struct evaluation *evaluation, int indent, FILE *out);

/* "all-edge" or "all-cloud": the better single device. */
const char *evaluation_single_name(const struct evaluation *evaluation);

/* What several cells have in common; a line for each; what its heads mean, and in which cells
 * `known` is worse than it need be (summary.c). */
void cells_head(const struct cell *cells, size_t n, FILE *out);
struct text_table *cells_table(const struct cell *cells, size_t n);
void cells_notes(const struct cell *cells, size_t n, FILE *out);

/* From which samples, and whether these flatter. */
void replay_costs_text(const struct replay_context *replay, FILE *out);

/* What of a replay's link is not as it seems; a line each, after `indent` spaces (report.c). */
void report_cautions(const struct replay_context *replay, int indent, FILE *out);

/* Whether the policy `known`, who knows the link, is slower than the better single device beyond
 * the paired interval although the single devices differ by more than the noise: never to happen.
 * False where `known` was not evaluated. */
bool cell_is_astray(const struct evaluation *evaluation);

/* The last part of a path, which is what a table has room for. */
const char *report_file_name(const char *path);

/* The link as --link gave it, a file without its folder; else its name. */
const char *report_link_name(const struct replay_context *replay);

#endif
