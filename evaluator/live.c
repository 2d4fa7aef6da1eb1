// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/live.h"

#include "base/clock.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/stop.h"
#include "endpoint/client.h"
#include "engines/engine.h"

#include <stdlib.h>
#include <string.h>

/* Worker threads, the engine's here and a server's on the same machine, spin for a while after a
 * run; the next run must not pay for it. */
static const int64_t settle_ns = 5000000;

struct live {
    struct engine *engine;
    struct client *client;
    struct random random;
};

enum status live_open(const struct setting *setting, uint64_t seed, struct live **live,
                      struct error *error)
{
    struct live *l = calloc(1, sizeof *l);
    if (!l)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for requests");
    struct client_config config = setting->client;
    config.seed = setting->edge.seed;
    if (config.vocabulary == 0)
        config.vocabulary = setting->edge.vocabulary;
    /* not the numbers that the lengths were drawn with: order and length must not go together */
    l->random.state = random_u64(&(struct random){seed});
    enum status status = client_open(&config, &l->client, error);
    if (!status)
        status = engine_open(&setting->edge, &l->engine, error);
    if (status)
        live_close(l);
    else
        *live = l;
    return status;
}

const char *live_server(const struct live *live)
{
    return client_server(live->client);
}

static enum status run_edge(struct live *live, uint32_t n, int64_t *time_ns, struct error *error)
{
    enum status status = engine_prepare(live->engine, n, error);
    if (status)
        return status;
    int64_t start = clock_ns();
    status = engine_run(live->engine, error);
    *time_ns = clock_ns() - start;
    if (engine_device_ns(live->engine) >= 0)
        *time_ns = engine_device_ns(live->engine);
    return status;
}

/* A request that fails is a result; what failed before it was sent is an error. */
static enum status run_cloud(struct live *live, struct live_request *request,
                             enum client_failure *failure, struct error *why)
{
    struct client_timing timing;
    error_clear(why);
    enum status status = client_prepare(live->client, request->n, why);
    if (status)
        return status;
    status = client_infer(live->client, &timing, why);
    if (status && timing.failure == CLIENT_NO_FAILURE)
        return status;
    request->cloud_ns = timing.total_ns;
    request->cloud_failed = status != STATUS_OK;
    *failure = timing.failure;
    return STATUS_OK;
}

/* Without a warm-up the first request of a length would pay for what is built once. */
static enum status warm_up(struct live *live, uint32_t n, struct error *error)
{
    struct live_request request = {.n = n};
    enum client_failure failure = CLIENT_NO_FAILURE;
    struct error why = {0};
    enum status status = run_edge(live, n, &request.edge_ns, error);
    if (status)
        return status;
    status = run_cloud(live, &request, &failure, &why);
    if (!status && failure != CLIENT_NO_FAILURE)
        status = failure == CLIENT_HTTP || failure == CLIENT_PROTOCOL ? STATUS_PROTOCOL : STATUS_IO;
    if (status)
        return error_set(error, status, "warming up at length %u: %s", n, why.text);
    return STATUS_OK;
}

static int by_length(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static enum status warm_up_all(struct live *live, const struct live_request *requests, size_t n,
                               struct progress *progress, struct error *error)
{
    enum status status = STATUS_OK;
    uint32_t *lengths = malloc((n ? n : 1) * sizeof *lengths);
    if (!lengths)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for lengths");
    for (size_t i = 0; i < n; i++)
        lengths[i] = requests[i].n;
    qsort(lengths, n, sizeof *lengths, by_length);
    for (size_t i = 0; !status && i < n && !stop_asked(); i++) {
        if (i == 0 || lengths[i] != lengths[i - 1])
            status = warm_up(live, lengths[i], error);
        progress_update(progress, (double)(i + 1) / (double)n, NULL);
    }
    free(lengths);
    return status;
}

static enum status run_request(struct live *live, struct live_request *request, struct error *error)
{
    enum client_failure failure;
    struct error why = {0};
    enum status status = STATUS_OK;
    if (client_probe(live->client, &request->rtt_ns, NULL))
        request->rtt_ns = -1;
    bool edge_first = random_below(&live->random, 2) == 0;
    for (int turn = 0; !status && turn < 2; turn++) {
        if ((turn == 0) == edge_first) {
            status = run_edge(live, request->n, &request->edge_ns, error);
        } else {
            status = run_cloud(live, request, &failure, &why);
            if (status)
                error_set(error, status, "%s", why.text);
        }
        clock_sleep_ns(settle_ns);
    }
    if (status)
        error_prefix(error, "request of length %u", request->n);
    return status;
}

enum status live_run(struct live *live, struct live_request *requests, size_t n, size_t *n_done,
                     FILE *progress, struct error *error)
{
    struct progress bar;
    struct error why = {0};
    *n_done = 0;
    progress_start(&bar, progress, "warming up");
    enum status status = warm_up_all(live, requests, n, &bar, &why);
    progress_hide(&bar);
    progress_start(&bar, progress, "live requests");
    while (!status && *n_done < n && !stop_asked()) {
        status = run_request(live, &requests[*n_done], &why);
        *n_done += !status;
        progress_update(&bar, (double)*n_done / (double)n, NULL);
    }
    progress_hide(&bar);
    if (status == STATUS_INTERRUPTED) /* what was done counts */
        return STATUS_OK;
    return status ? error_set(error, status, "%s", why.text) : STATUS_OK;
}

void live_close(struct live *live)
{
    if (!live)
        return;
    engine_close(live->engine);
    client_close(live->client);
    free(live);
}
