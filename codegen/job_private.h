// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One header to be made: what was asked for, what the database holds, and what comes of it.
 *
 * Life cycle: job_load, job_decide, any number of job_write and job_json, job_free.
 */
#ifndef CODEGEN_JOB_PRIVATE_H
#define CODEGEN_JOB_PRIVATE_H

#include "codegen/blob.h"
#include "codegen/generate.h"
#include "codegen/header_private.h"
#include "fitter/energy_data.h"
#include "records/output_length.h"

#include <stdio.h>

struct job {
    const char *name; /* not owned */
    struct store *store;
    struct campaign campaign;
    struct target *targets;
    size_t n_targets;
    enum statistic statistic;
    struct model_set set;   /* of the statistic */
    struct model_set means; /* where that is a tail; else empty */
    bool current;           /* whether the models were fitted to the samples that are there now */
    struct output_length output; /* of a sequence-to-sequence network; {0}: none */
    bool has_output;
    struct objective objective;
    struct baseline baseline; /* of the energies, where the objective needs them */
    struct histogram lengths; /* that the product sees; n 0: not given */
    char lengths_digest[DIGEST_TEXT_SIZE];
    struct cost_link link; /* the design link */
    /* UP and DOWN as --link gave them, bit/s; NAN: the campaign's medians */
    double up_bit_s, down_bit_s;
    bool by_links; /* `links` decides: by bandwidth, or between several endpoints */
    struct {
        struct target_names names;
        struct link_table table;
        struct link_certificate certificate;
    } links;
    struct decision_table table;
    struct certificate certificate;
    struct break_even break_even;
    bool has_break_even;
};

/* Opens the database and loads the campaign's models of a statistic (< 0: mean). `job` may be freed
 * whatever comes back. */
enum status job_load(struct job *job, const char *db, const char *campaign, int statistic,
                     struct error *error);

/* The models of means, which energies and NAME_remote_us come from. */
const struct model_set *job_means(const struct job *job);

/* Those that --lengths gave; NULL: none. */
const struct histogram *job_lengths(const struct job *job);

/* Builds the table from the settings' name, objective, baseline, lengths, link and accepted regret.
 */
enum status job_decide(struct job *job, const struct rnngen_settings *settings,
                       struct error *error);

/* The same where the link's bandwidth is an argument, or there are several endpoints (link_job.c).
 */
enum status job_decide_links(struct job *job, enum link_kind link, double max_regret,
                             struct error *error);
struct link_facts job_link_facts(const struct job *job);
void job_warn_links(FILE *out, const struct job *job);
/* A line for each function of the length that the header has, with what it takes. */
void job_explain_links(FILE *out, const struct job *job);

void job_summarise_links(FILE *out, const struct job *job, const char *output);

void job_write(FILE *out, const struct job *job);

/* The table as a blob, as blob_make. */
enum status job_blob(const struct job *job, char **bytes, size_t *n, struct error *error);

/* The document rnnmap.gen/1. `output` is the header's path and `binary` the blob's, or NULL.
 * STATUS_NO_MEMORY. */
enum status job_json(FILE *out, const struct job *job, const char *output, const char *binary,
                     struct error *error);

void job_free(struct job *job);

/* Whether the header `path` is what the database's models make today (check.c). */
enum status header_check(const struct invocation *call, const struct rnngen_settings *settings,
                         struct error *error);

#endif
