// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/generate.h"

#include "base/outfile.h"
#include "codegen/candidates.h"
#include "codegen/job_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_stdout(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static enum status check_outputs(const struct invocation *call, const struct rnngen_settings *s,
                                 struct error *error)
{
    if (is_stdout(s->output) + is_stdout(s->binary) + call->json > 1)
        return error_set(error, STATUS_MISUSE,
                         "of --json, -o - and --binary - one can have standard output: write the "
                         "others to files");
    if (s->output && s->binary && !is_stdout(s->output) && strcmp(s->output, s->binary) == 0)
        return error_set(error, STATUS_MISUSE, "-o and --binary name the same file, %s", s->output);
    return STATUS_OK;
}

static enum status check_settings(const struct invocation *call, const struct rnngen_settings *s,
                                  struct error *error)
{
    if (!s->db)
        return error_set(error, STATUS_MISUSE, "say which database: --db FILE");
    if (s->check && (s->name || s->output || s->binary || s->link || s->objective ||
                     s->max_regret >= 0 || s->statistic >= 0 || s->baseline))
        return error_set(error, STATUS_MISUSE,
                         "--check takes its options from the file: leave out --name, -o, --binary, "
                         "--link, --objective, --statistic, --baseline and --max-regret");
    if (s->check)
        return STATUS_OK;
    enum status status = header_name_check(s->name, error);
    if (status)
        return status;
    if (!s->output && !s->binary && !call->json && !s->explain)
        return error_set(error, STATUS_MISUSE,
                         "say where to write: -o FILE.h (-o - to print it) or --binary FILE.rmt");
    return check_outputs(call, s, error);
}

/* What the header cannot know better, whatever becomes of it. */
static void warn(const struct invocation *call, const struct job *job)
{
    const struct decision_table *table = &job->table;
    const struct cost_pair *pair = &table->threshold.pair;
    if (call->verbosity < 0)
        return;
    if (!job->current)
        fprintf(
            call->diagnostics,
            "rnngen: campaign %s holds other samples than its models were fitted to: run rnnfit "
            "again first\n",
            job->campaign.name);
    if (job->by_links) {
        job_warn_links(call->diagnostics, job);
        return;
    }
    if (table->link == LINK_RTT && !job->set.has_rtt)
        fprintf(call->diagnostics,
                "rnngen: no round trips were measured: the remote times hold the link they were "
                "measured over, and %s_choose_rtt counts it twice\n",
                job->name);
    if (!isnan(job->up_bit_s) && !(pair->charges_up && pair->charges_down))
        fprintf(call->diagnostics,
                "rnngen: the samples do not know their bytes or the bandwidth%s that these passed "
                "at: their time is in the remote times, and --link's is ignored\n",
                pair->charges_up     ? " down"
                : pair->charges_down ? " up"
                                     : "");
    if (table->link == LINK_FIXED && table->rtt_s <= 0)
        fprintf(call->diagnostics,
                "rnngen: no round trip measured or given: decided for 0 s (see --link)\n");
}

static void summarise(const struct invocation *call, const struct job *job, const char *output)
{
    const struct decision_table *table = &job->table;
    if (call->verbosity < 0)
        return;
    if (job->by_links) {
        job_summarise_links(call->diagnostics, job, output);
        return;
    }
    fprintf(call->diagnostics, "rnngen: %s: %s_choose is a %s, worst regret %.3g %%", output,
            job->name, representation_name(table->choose),
            100 * job->certificate.choose.worst_relative);
    if (table->link == LINK_RTT)
        fprintf(call->diagnostics, "; %s_choose_rtt is %s, worst regret %.3g %%", job->name,
                representation_name(table->choose_rtt),
                100 * job->certificate.choose_rtt.worst_relative);
    fputc('\n', call->diagnostics);
}

/* On standard output unless that is taken. */
static void explain(const struct invocation *call, const struct rnngen_settings *s,
                    const struct job *job)
{
    struct candidate list[CANDIDATES_MAX];
    bool taken =
        call->json || (s->output && is_stdout(s->output)) || (s->binary && is_stdout(s->binary));
    if (job->by_links) {
        job_explain_links(taken ? call->diagnostics : call->out, job);
        return;
    }
    size_t n = candidates_list(&job->table, job->lengths.n > 0 ? &job->lengths : NULL, list);
    candidates_print(list, n, taken ? call->diagnostics : call->out);
}

static enum status write_blob(FILE *out, const struct job *job, struct error *error)
{
    char *bytes = NULL;
    size_t n = 0;
    enum status status = job_blob(job, &bytes, &n, error);
    if (!status)
        fwrite(bytes, 1, n, out);
    free(bytes);
    return status;
}

/* The header, the blob or both; neither appears before both are written. */
static enum status write_files(const struct job *job, const struct rnngen_settings *s,
                               struct error *error)
{
    struct outfile header = {0}, blob = {0};
    enum status status = s->output ? outfile_open(&header, s->output, error) : STATUS_OK;
    if (!status && s->binary)
        status = outfile_open(&blob, s->binary, error);
    if (!status && s->output)
        job_write(header.stream, job);
    if (!status && s->binary)
        status = write_blob(blob.stream, job, error);
    if (!status && s->output)
        status = outfile_commit(&header, error);
    if (!status && s->binary)
        status = outfile_commit(&blob, error);
    outfile_abandon(&header);
    outfile_abandon(&blob);
    return status;
}

enum status rnngen_run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnngen_settings *s = settings;
    struct job job = {0};
    enum status status = check_settings(call, s, error);
    if (status)
        return status;
    if (s->check)
        return header_check(call, s, error);
    status = job_load(&job, s->db, s->campaign, s->statistic, error);
    if (!status)
        status = job_decide(&job, s, error);
    if (!status)
        status = write_files(&job, s, error);
    if (!status && call->json)
        status = job_json(call->out, &job, s->output, s->binary, error);
    if (!status && s->explain)
        explain(call, s, &job);
    if (!status)
        warn(call, &job);
    const char *output = s->output ? s->output : s->binary;
    if (!status && output && !is_stdout(output))
        summarise(call, &job, output);
    job_free(&job);
    return status;
}
