// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/place.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/client.h"

#include <stdlib.h>

static const int64_t warm_up_limit_ns = 2000000000;
static const double warm_up_settled = 0.02;

/* What the client reports, as the store has it. */
static const enum failure failures[] = {
    [CLIENT_NO_FAILURE] = FAILURE_NONE, [CLIENT_CONNECT] = FAILURE_CONNECT,
    [CLIENT_TLS] = FAILURE_TLS,         [CLIENT_TIMED_OUT] = FAILURE_TIMEOUT,
    [CLIENT_HTTP] = FAILURE_HTTP,       [CLIENT_PROTOCOL] = FAILURE_PROTOCOL,
};
_Static_assert(sizeof failures / sizeof *failures == N_CLIENT_FAILURES, "one each");

enum status place_open_edge(const struct campaign_config *config, struct place *place,
                            struct error *error)
{
    *place = (struct place){0};
    place->target.name = text_copy("edge");
    enum status status = engine_open(&config->edge, &place->engine, error);
    if (status)
        place_close(place);
    else
        place->target.engine = engine_describe(place->engine);
    return status;
}

enum status place_open_endpoint(const struct campaign_config *config,
                                const struct endpoint_section *endpoint, struct place *place,
                                struct error *error)
{
    struct client_config client = endpoint->client;
    client.seed = config->seed;
    if (client.vocabulary == 0)
        client.vocabulary = config->edge.vocabulary;
    *place = (struct place){0};
    enum status status = client_open(&client, &place->client, error);
    if (!status) {
        place->target.name = text_copy(endpoint->name);
        place->target.engine = text_copy(client_server(place->client));
        place->target.url = text_copy(endpoint->client.url);
    }
    return status;
}

/* Notes what an engine's outcome counts as; what is left is no failure of the engine's. */
static enum status note_outcome(struct sample *sample, enum status status)
{
    switch (status) {
    case STATUS_OK:
        return STATUS_OK;
    case STATUS_NO_MEMORY:
    case STATUS_INTERRUPTED:
        return status;
    case STATUS_TIMEOUT: /* of a program */
        sample->failure = FAILURE_TIMEOUT;
        return STATUS_OK;
    case STATUS_PROTOCOL:
        sample->failure = FAILURE_PROTOCOL;
        return STATUS_OK;
    default:
        sample->failure = FAILURE_ENGINE;
        return STATUS_OK;
    }
}

/* How long a sequence the engine wrote, where that is known only now. */
static int64_t output_length(const struct engine *engine)
{
    size_t n;
    return engine_shape(engine).output == 0 && engine_output(engine, &n) ? (int64_t)n : -1;
}

/* Counters work outside of the time: started before it, stopped and read behind it. */
static enum status run_engine(struct place *place, struct counters *counters, struct sample *sample,
                              struct error *why)
{
    counters_start(counters);
    int64_t start = clock_ns();
    enum status status = engine_run(place->engine, why);
    sample->time_ns = clock_ns() - start;
    sample->n_counters = counters_stop(counters, place->readings);
    sample->counters = place->readings;
    int64_t device_ns = status ? -1 : engine_device_ns(place->engine);
    if (device_ns >= 0)
        sample->time_ns = sample->server_ns = device_ns;
    if (!status)
        sample->output_length = output_length(place->engine);
    return note_outcome(sample, status);
}

static enum status ask_endpoint(struct place *place, struct sample *sample, struct error *why)
{
    struct client_timing timing = {0};
    enum status status = client_infer(place->client, &timing, why);
    if (status && timing.failure == CLIENT_NO_FAILURE) /* not the endpoint's doing */
        return status;
    sample->time_ns = timing.total_ns;
    sample->failure = failures[timing.failure];
    sample->connect_ns = timing.connect_ns;
    sample->tls_ns = timing.tls_ns;
    sample->send_ns = timing.send_ns;
    sample->wait_ns = timing.wait_ns;
    sample->receive_ns = timing.receive_ns;
    sample->server_ns = timing.server_ns;
    sample->bytes_up = (int64_t)timing.bytes_up;
    sample->bytes_down = (int64_t)timing.bytes_down;
    if (!status)
        sample->output_length = client_output_length(place->client);
    return STATUS_OK;
}

static struct sample fresh(uint32_t length)
{
    struct sample sample = sample_unknown();
    sample.length = length;
    sample.time_ns = 0;
    return sample;
}

enum status place_prepare(struct place *place, uint32_t length, struct error *error)
{
    return place->engine ? engine_prepare(place->engine, length, error)
                         : client_prepare(place->client, length, error);
}

int64_t place_probe(struct place *place)
{
    int64_t rtt_ns;
    struct error ignored = {0}; /* the request itself tells what is wrong */
    return place->client && client_probe(place->client, &rtt_ns, &ignored) == STATUS_OK ? rtt_ns
                                                                                        : -1;
}

enum status place_repeat(struct place *place, uint32_t length, struct sample *sample,
                         struct error *why)
{
    *sample = fresh(length);
    return place->engine ? run_engine(place, NULL, sample, why) : ask_endpoint(place, sample, why);
}

enum status place_sample(struct place *place, uint32_t length, struct sample *sample,
                         struct error *why)
{
    *sample = fresh(length);
    if (place->simulate)
        return place->simulate(place->simulation, length, sample, why);
    enum status status = place_prepare(place, length, why);
    if (status)
        return place->engine ? note_outcome(sample, status) : status;
    int64_t rtt_ns = place_probe(place);
    status = place->engine ? run_engine(place, place->counters, sample, why)
                           : ask_endpoint(place, sample, why);
    sample->rtt_ns = rtt_ns;
    return status;
}

void place_note_link(const struct place *place, const struct link_state *link,
                     struct sample *sample)
{
    uint64_t up = 0, down = 0;
    link_state_put(link, sample);
    client_probe_bytes(place->client, &up, &down);
    int64_t bytes_ns =
        ((int64_t)up * sample->up_ps_per_byte + (int64_t)down * sample->down_ps_per_byte) / 1000;
    if (sample->rtt_ns >= 0)
        sample->rtt_ns = sample->rtt_ns > bytes_ns ? sample->rtt_ns - bytes_ns : 0;
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

enum status place_warm_up(struct place *place, uint32_t length, struct error *error)
{
    enum { BLOCK = 5, MAX_FAILURES = 3 };
    int64_t start = clock_ns(), before = 0;
    int n_failed = 0;
    while (clock_ns() - start < warm_up_limit_ns) {
        int64_t times[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            struct sample sample;
            struct error why = {0};
            enum status status = place_sample(place, length, &sample, &why);
            if (status == STATUS_INTERRUPTED)
                return STATUS_OK; /* the sweep sees that by itself */
            if (!status && sample.failure != FAILURE_NONE) {
                if (++n_failed == MAX_FAILURES || clock_ns() - start > warm_up_limit_ns)
                    return STATUS_OK; /* its samples tell, and are counted */
                i--;
                continue;
            }
            if (status)
                return error_set(error, status, "warming up %s at length %u: %s",
                                 place->target.name, length, why.text);
            times[i] = sample.time_ns;
        }
        qsort(times, BLOCK, sizeof *times, by_value);
        int64_t median = times[BLOCK / 2], change = llabs(median - before);
        if ((double)change < warm_up_settled * (double)median)
            break;
        before = median;
    }
    return STATUS_OK;
}

void place_settle(struct place *place)
{
    enum { MAX_PROBES = 5 };
    const int64_t alike_ns = 1000000;
    int64_t before_ns = -1, rtt_ns;
    for (int i = 0; i < MAX_PROBES && place->client; i++) {
        struct error ignored = {0}; /* the samples that follow tell what is wrong */
        if (client_probe(place->client, &rtt_ns, &ignored))
            break;
        if (before_ns >= 0 && llabs(rtt_ns - before_ns) <= before_ns / 5 + alike_ns)
            break;
        before_ns = rtt_ns;
    }
}

void place_close(struct place *place)
{
    engine_close(place->engine);
    client_close(place->client);
    target_free(&place->target);
    *place = (struct place){0};
}

static enum status nothing(void)
{
    return STATUS_OK;
}

double harness_overhead_ns(int n, struct counters *counters)
{
    enum status (*volatile run)(void) = nothing; /* a call that the compiler cannot see through */
    int64_t *times = malloc((size_t)n * sizeof *times);
    if (!times)
        return -1;
    for (int i = 0; i < n; i++) {
        struct counter_reading readings[COUNTERS_MAX];
        counters_start(counters);
        int64_t start = clock_ns();
        run();
        times[i] = clock_ns() - start;
        counters_stop(counters, readings);
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    double median = (double)times[n / 2];
    free(times);
    return median;
}
