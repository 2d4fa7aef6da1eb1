// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/journal.h"

#include "base/outfile.h"
#include "evaluator/course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One policy's column. */
struct column {
    bool *offloads;
    struct expected_cost *costs;
};

static void free_columns(struct column *columns, size_t n)
{
    for (size_t i = 0; columns && i < n; i++) {
        free(columns[i].offloads);
        free(columns[i].costs);
    }
    free(columns);
}

static enum status run_columns(const struct ledger *ledger, const struct evaluation *e,
                               uint64_t seed, struct column *columns, struct error *error)
{
    struct course *course;
    enum status status = course_open(ledger, &course, error);
    if (status)
        return status;
    for (size_t p = 0; !status && p < e->n_outcomes; p++) {
        struct column *column = &columns[p];
        struct fare fare;
        column->offloads = malloc(ledger->n * sizeof *column->offloads);
        column->costs = malloc(ledger->n * sizeof *column->costs);
        if (!column->offloads || !column->costs) {
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for a journal");
            break;
        }
        course_run(course, e->outcomes[p].policy, &e->hindsight, seed, ledger->n, column->costs,
                   &fare);
        memcpy(column->offloads, course_offloads(course), ledger->n * sizeof *column->offloads);
    }
    course_close(course);
    return status;
}

static void put_rate(FILE *out, double s_per_byte)
{
    if (s_per_byte > 0) /* 0: unlimited; INFINITY, an outage, prints as 0 */
        fprintf(out, ",%.6g", 8e-6 / s_per_byte);
    else
        fputc(',', out);
}

static void put_head(FILE *out, const struct evaluation *e)
{
    fputs("at_s,length,rtt_ms,up_mbps,down_mbps", out);
    for (size_t p = 0; p < e->n_outcomes; p++) {
        const char *name = e->outcomes[p].policy->name;
        fprintf(out, ",%s_offloaded,%s_ms", name, name);
        if (e->has_energy)
            fprintf(out, ",%s_mj", name);
    }
    fputc('\n', out);
}

static void put_request(FILE *out, const struct ledger *ledger, size_t i,
                        const struct evaluation *e, const struct column *columns)
{
    const struct request *request = &ledger->requests[i];
    fprintf(out, "%.9g,%u,", request->at_s, ledger->lengths[request->place].n);
    if (!isnan(request->rtt_s))
        fprintf(out, "%.6g", 1e3 * request->rtt_s);
    put_rate(out, request->up_s_per_byte);
    put_rate(out, request->down_s_per_byte);
    for (size_t p = 0; p < e->n_outcomes; p++) {
        fprintf(out, ",%d,%.6g", columns[p].offloads[i], 1e3 * columns[p].costs[i].time_s);
        if (e->has_energy)
            fprintf(out, ",%.6g", 1e3 * columns[p].costs[i].energy_j);
    }
    fputc('\n', out);
}

enum status journal_write(const char *path, const struct ledger *ledger,
                          const struct evaluation *evaluation, uint64_t seed, struct error *error)
{
    struct column *columns = calloc(evaluation->n_outcomes + 1, sizeof *columns);
    struct outfile file;
    if (!columns)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a journal");
    enum status status = run_columns(ledger, evaluation, seed, columns, error);
    if (!status)
        status = outfile_open(&file, path, error);
    if (!status) {
        put_head(file.stream, evaluation);
        for (size_t i = 0; i < ledger->n; i++)
            put_request(file.stream, ledger, i, evaluation, columns);
        status = outfile_commit(&file, error);
    }
    free_columns(columns, evaluation->n_outcomes);
    return status;
}
