// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the store costs: samples appended per second, and a scan of all samples beside one SQL
 * aggregate over the same rows in the same run.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "records/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_ROWS = 1000000, N_LENGTHS = 512, BATCH_MAX = 1000, REPEATS = 3 };

struct bench {
    char *folder, *path;
    struct store *store;
    sqlite3 *db; /* a second connection, for the aggregate */
    int64_t campaign_id, target_id;
    struct random random;
    struct sample batch[BATCH_MAX];
};

static enum status open_store(struct bench *bench, struct error *error)
{
    const char *build = getenv("BUILD");
    bench->folder = text_format("%s/bench_store.XXXXXX", build ? build : "build");
    if (!bench->folder || !mkdtemp(bench->folder))
        return error_set(error, STATUS_IO, "no scratch folder %s", bench->folder);
    bench->path = text_format("%s/bench.db", bench->folder);
    enum status status = store_open(bench->path, STORE_CREATE, &bench->store, error);
    struct campaign campaign = {.name = "bench"};
    struct target target = {.name = "edge"};
    if (!status)
        status = store_campaign_add(bench->store, &campaign, error);
    if (!status)
        status = store_target_add(bench->store, campaign.id, &target, error);
    if (!status && sqlite3_open(bench->path, &bench->db) != SQLITE_OK)
        status = error_set(error, STATUS_IO, "%s: no second connection", bench->path);
    bench->campaign_id = campaign.id;
    bench->target_id = target.id;
    return status;
}

static void fill(struct bench *bench, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sample *sample = &bench->batch[i];
        *sample = sample_unknown();
        sample->target_id = bench->target_id;
        sample->length = 1 + (uint32_t)(random_u64(&bench->random) % N_LENGTHS);
        sample->time_ns = (int64_t)(1e6 * (1 + random_uniform(&bench->random)));
        sample->round = (int64_t)(i % 20);
    }
}

/* Appends `n_rows` in batches; prints the rate of the appends alone. */
static enum status append(struct bench *bench, size_t n_rows, size_t batch, struct error *error)
{
    int64_t spent_ns = 0;
    for (size_t done = 0; done < n_rows; done += batch) {
        fill(bench, batch);
        int64_t started_ns = clock_ns();
        enum status status = store_samples_append(bench->store, bench->batch, batch, error);
        if (status)
            return status;
        spent_ns += clock_ns() - started_ns;
    }
    printf("store: append in batches of %zu: %.0f samples/s (%zu samples)\n", batch,
           (double)n_rows / ((double)spent_ns * 1e-9), n_rows);
    return STATUS_OK;
}

struct sums {
    double time_ns[N_LENGTHS + 1];
    uint64_t n[N_LENGTHS + 1];
};

static enum status add_up(void *user, const struct sample *sample, struct error *error)
{
    struct sums *sums = user;
    (void)error;
    sums->time_ns[sample->length] += (double)sample->time_ns;
    sums->n[sample->length]++;
    return STATUS_OK;
}

/* The means by SQL; *off is the greatest relative distance from those the scan yielded. */
static enum status aggregate(struct bench *bench, const struct sums *sums, double *off,
                             struct error *error)
{
    sqlite3_stmt *row = NULL;
    int n_lengths = 0, rc;
    sqlite3_prepare_v2(bench->db, "SELECT length, avg(time_ns) FROM sample GROUP BY length", -1,
                       &row, NULL);
    while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
        int length = sqlite3_column_int(row, 0);
        double mean = sqlite3_column_double(row, 1);
        double ours = sums->time_ns[length] / (double)sums->n[length];
        double distance = ours > mean ? ours / mean - 1 : 1 - ours / mean;
        *off = distance > *off ? distance : *off;
        n_lengths++;
    }
    sqlite3_finalize(row);
    if (rc != SQLITE_DONE || n_lengths == 0)
        return error_set(error, STATUS_EXTERNAL, "%s: %s", bench->path, sqlite3_errmsg(bench->db));
    return STATUS_OK;
}

static enum status scan(struct bench *bench, struct error *error)
{
    double best_scan = 1e99, best_aggregate = 1e99, off = 0;
    for (int i = 0; i < REPEATS; i++) {
        struct sums sums = {0};
        int64_t started_ns = clock_ns();
        enum status status =
            store_samples_each(bench->store, bench->campaign_id, add_up, &sums, error);
        int64_t scanned_ns = clock_ns();
        if (!status)
            status = aggregate(bench, &sums, &off, error);
        if (status)
            return status;
        double scan_s = (double)(scanned_ns - started_ns) * 1e-9;
        double aggregate_s = (double)(clock_ns() - scanned_ns) * 1e-9;
        best_scan = scan_s < best_scan ? scan_s : best_scan;
        best_aggregate = aggregate_s < best_aggregate ? aggregate_s : best_aggregate;
    }
    printf("store: scan of %d samples: %.3f s; SQL mean per length over the same rows: %.3f s; "
           "ratio %.2f; means agree to %.1g\n",
           N_ROWS, best_scan, best_aggregate, best_scan / best_aggregate, off);
    return STATUS_OK;
}

static void clean_up(struct bench *bench)
{
    sqlite3_close(bench->db);
    store_close(bench->store);
    if (bench->path)
        unlink(bench->path);
    if (bench->folder)
        rmdir(bench->folder);
    free(bench->path);
    free(bench->folder);
}

int main(void)
{
    static struct bench bench = {.random = {1}};
    struct error error = {0};
    enum status status = open_store(&bench, &error);
    if (!status)
        status = append(&bench, N_ROWS / 10, 100, &error);
    if (!status)
        status = append(&bench, N_ROWS - N_ROWS / 10, BATCH_MAX, &error);
    if (!status)
        status = scan(&bench, &error);
    clean_up(&bench);
    if (status)
        fprintf(stderr, "bench_store: %s\n", error.text);
    return status_exit(status);
}
