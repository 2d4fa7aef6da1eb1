// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnprof show costs for a million samples: reading them into statistics beside a mere scan of
 * the same rows, over few and over many lengths.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "profiler/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_ROWS = 1000000, BATCH_MAX = 10000, REPEATS = 3 };

static enum status fill(struct store *store, uint32_t n_lengths, struct error *error)
{
    struct random random = {7};
    struct sample *batch = malloc(BATCH_MAX * sizeof *batch);
    struct campaign campaign = {.name = "bench"};
    struct target target = {.name = "edge"};
    enum status status = store_campaign_add(store, &campaign, error);
    if (!status)
        status = store_target_add(store, campaign.id, &target, error);
    for (int64_t row = 0; batch && !status && row < N_ROWS; row += BATCH_MAX) {
        for (int64_t i = 0; i < BATCH_MAX; i++) {
            batch[i] = sample_unknown();
            batch[i].target_id = target.id;
            batch[i].length = 1 + (uint32_t)((row + i) % n_lengths);
            batch[i].round = (row + i) / n_lengths;
            batch[i].time_ns = (int64_t)(1e6 * (1 + random_uniform(&random)));
        }
        status = store_samples_append(store, batch, BATCH_MAX, error);
    }
    free(batch);
    return status;
}

static enum status count(void *user, const struct sample *sample, struct error *error)
{
    (void)sample;
    (void)error;
    ++*(uint64_t *)user;
    return STATUS_OK;
}

/* The quickest of several. */
static enum status measure(struct store *store, double *scan_s, double *summary_s,
                           struct error *error)
{
    const struct summary_filter all = {.target = NULL};
    enum status status = STATUS_OK;
    *scan_s = *summary_s = 1e9;
    for (int i = 0; !status && i < REPEATS; i++) {
        struct summary summary = {0};
        uint64_t n = 0;
        int64_t start = clock_ns();
        status = store_samples_each(store, 1, count, &n, error);
        int64_t scanned = clock_ns();
        if (!status)
            status = summary_read(store, NULL, &all, &summary, error);
        double took_s = (double)(clock_ns() - scanned) * 1e-9;
        *scan_s =
            (double)(scanned - start) * 1e-9 < *scan_s ? (double)(scanned - start) * 1e-9 : *scan_s;
        *summary_s = took_s < *summary_s ? took_s : *summary_s;
        summary_free(&summary);
    }
    return status;
}

int main(void)
{
    static const uint32_t lengths[] = {20, 2000, 200000};
    const char *build = getenv("BUILD");
    struct error error = {0};
    enum status status = STATUS_OK;
    char *folder = text_format("%s/bench_show.XXXXXX", build ? build : "build");
    if (!folder || !mkdtemp(folder))
        return 1;
    for (size_t i = 0; !status && i < sizeof lengths / sizeof *lengths; i++) {
        char *path = text_format("%s/%zu.db", folder, i);
        struct store *store = NULL;
        double scan_s = 0, summary_s = 0;
        status = store_open(path, STORE_CREATE, &store, &error);
        if (!status)
            status = fill(store, lengths[i], &error);
        if (!status)
            status = measure(store, &scan_s, &summary_s, &error);
        store_close(store);
        if (!status)
            printf("%d samples of %6u lengths: show/scan %.2f  (%.0f ms, %.0f ms)\n", N_ROWS,
                   lengths[i], summary_s / scan_s, 1e3 * summary_s, 1e3 * scan_s);
        unlink(path);
        free(path);
    }
    if (status)
        fprintf(stderr, "bench_show: %s\n", error.text);
    rmdir(folder);
    free(folder);
    return status ? 1 : 0;
}
