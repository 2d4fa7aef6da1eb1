// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Link models: about a kilobyte of figures that stands in for a trace which cannot ship. Per column
 * a Markov chain over quantile bins of its values: how often one bin followed another from one
 * sampling interval to the next, and the quantiles inside each bin.
 *
 * The chain takes one step each `step_s` (the median interval of the column); a longer gap counts
 * as so many steps in which the value held. The series is closed to a loop (the last value is
 * followed by the first), so every bin is left as often as it is entered and the chain's long-run
 * shares are exactly those of the trace's steps. Within a bin a value is drawn from the piecewise
 * linear distribution through the bin's quantiles. Values of 0 (outages) have a bin of their own.
 * The others are cut at their tenths and finer at the end where a link is bad: a round trip at
 * 0.95, 0.99 and 0.999, a bandwidth at 0.01, 0.05 and 0.99. Of n < 100 values the floor(sqrt(n))-
 * ths take the tenths' place; a cut of the ends is left out where fewer than five values lie beyond
 * it or it is no finer. Equal values are never parted.
 *
 * The file is INI text (base/ini.h), values in the units of traces (ms, Mbit/s):
 *
 *   [link]
 *   format = 1
 *   name = lte_driving          letters that survive CSV and JSON (base/name.h)
 *   source = WHERE FROM         optional, as is licence
 *   licence = WHICH
 *   row_s = 1                   median time between the trace's rows
 *   duration_s = 845            of the trace
 *   [rtt]                       any of [rtt], [up], [down], each once
 *   values = 61                 of the trace's column
 *   step_s = 14
 *   bin = 66 67 68 69 70        values at 0, 1/4, 1/2, 3/4 and 1 of the bin's share; bins ascend
 *   next = 3 0 1                how often each bin, the first to the last, followed this one
 *   bin = ...
 *
 * Every bin must be left as often as it is entered, and be reached from every other.
 *
 * Life cycle: link_model_fit or link_model_read, link_model_free. A model that is only read may be
 * shared between threads.
 */
#ifndef RECORDS_LINK_MODEL_H
#define RECORDS_LINK_MODEL_H

#include "base/random.h"
#include "base/status.h"
#include "records/link_trace.h"

#include <stdint.h>
#include <stdio.h>

enum { LINK_MODEL_MAX_BINS = 14, LINK_MODEL_QUANTILES = 5, LINK_MODEL_MIN_VALUES = 20 };

/* Lengths of the name, source and licence in bytes. */
enum { LINK_MODEL_TEXT_MAX = 160 };

struct link_chain {
    size_t n_bins; /* 0: the column is not there */
    double step_s;
    /* Of each bin: values at 0, 1/4, 1/2, 3/4 and 1 of its share, ascending. */
    double quantiles[LINK_MODEL_MAX_BINS][LINK_MODEL_QUANTILES];
    uint32_t transitions[LINK_MODEL_MAX_BINS][LINK_MODEL_MAX_BINS]; /* [from][to], counts */
    uint64_t n_values;                                              /* of the trace's column */
};

struct link_model {
    char *name, *source, *licence; /* owned; source and licence may be NULL */
    double row_s;                  /* as the trace's, for the rule of LINK_SLOW_ROW_S */
    double duration_s;             /* of the trace */
    struct link_chain chains[N_LINK_COLUMNS];
};

/* A chain may take at most so many steps while a row goes by. */
enum { LINK_STEPS_PER_ROW = 1000000 };

/* What is wrong with how often a chain steps, or NULL: a player takes each step, so a step must
 * last LINK_STEP_MIN_S, and where requests move it on, a row may not hold a flood of them. */
const char *link_step_trouble(double step_s, double row_s);

/* A model without a name. A column with fewer than LINK_MODEL_MIN_VALUES values is left out.
 * STATUS_INVALID: no column has enough, one's gaps are over millions of its steps long, or
 * link_step_trouble. */
enum status link_model_fit(const struct link_trace *trace, struct link_model *model,
                           struct error *error);

/* Names it; `source` and `licence` may be NULL. STATUS_INVALID: a text is empty, longer than
 * LINK_MODEL_TEXT_MAX or holds what the file cannot carry (says which and what). */
enum status link_model_describe(struct link_model *model, const char *name, const char *source,
                                const char *licence, struct error *error);

/* A column's series as the chain sees it: one value a step of *step_s, *n of them, freed by the
 * caller. The series has two values or more. STATUS_INVALID: its gaps are too long for that. */
enum status link_series_steps(const struct trace_series *series, double *step_s, double **steps,
                              size_t *n, struct error *error);

/* STATUS_IO.  STATUS_INVALID: file:line and what is wrong there. *model is empty then. */
enum status link_model_read(const char *path, struct link_model *model, struct error *error);

/* Writes a named model so that link_model_read gives the same one back. The caller checks `out`. */
void link_model_write(const struct link_model *model, FILE *out);

/* The long-run share of each bin: shares[n_bins]. */
void link_chain_shares(const struct link_chain *chain, double *shares);

/* The value that a share p (0..1) of the long run does not exceed. */
double link_chain_quantile(const struct link_chain *chain, double p);

/* The long-run mean of what the chain generates. */
double link_chain_mean(const struct link_chain *chain);

/* The long-run autocorrelation at a lag of `k` steps (k = 0: 1), in closed form from the transition
 * matrix; 0 for a chain that does not vary. */
double link_chain_autocorrelation(const struct link_chain *chain, unsigned k);

/* A bin drawn by its long-run share, the bin that follows `bin`, and a value drawn from a bin. */
size_t link_chain_start(const struct link_chain *chain, struct random *random);
size_t link_chain_next(const struct link_chain *chain, size_t bin, struct random *random);
double link_chain_draw(const struct link_chain *chain, size_t bin, struct random *random);

void link_model_free(struct link_model *model);

#endif
