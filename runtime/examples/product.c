// SPDX-License-Identifier: 0BSD
/*
 * A product with the generated header inside: each request runs where the header says.
 *
 *     product SPEC URL MODEL [LENGTH...]      lengths from standard input when none are given
 *
 * A real product has its own network and its own client; these two come from rnnmap's engines and
 * endpoint. The decision is one call of rnn_map_choose_rtt.
 */
#include "base/clock.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "rnn_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROBE_EVERY = 8 }; /* requests between looks at the link */

struct product {
    struct engine *engine;
    struct client *client;
    int64_t rtt_ns; /* smoothed; < 0: the link is down */
};

/* A link that fails counts as infinitely slow, so that the header keeps the requests here. */
static uint32_t round_trip_us(struct product *product, long i)
{
    int64_t seen_ns;
    if (i % PROBE_EVERY == 0) {
        if (client_probe(product->client, &seen_ns, NULL))
            product->rtt_ns = -1;
        else if (product->rtt_ns < 0)
            product->rtt_ns = seen_ns;
        else
            product->rtt_ns += (seen_ns - product->rtt_ns) / 8;
    }
    int64_t rtt_us = product->rtt_ns / 1000;
    return product->rtt_ns < 0 || rtt_us > UINT32_MAX ? UINT32_MAX : (uint32_t)rtt_us;
}

/* Both add the time of the inference to *time_ns; making the input and building what a new length
 * needs is not part of it, as it is not in a campaign. */
static enum status at_endpoint(struct product *product, uint32_t n, int64_t *time_ns,
                               struct error *error)
{
    struct client_timing timing;
    enum status status = client_prepare(product->client, n, error);
    int64_t start = clock_ns();
    if (!status)
        status = client_infer(product->client, &timing, error);
    *time_ns += clock_ns() - start;
    return status;
}

static enum status here(struct product *product, uint32_t n, int64_t *time_ns, struct error *error)
{
    enum status status = engine_prepare(product->engine, n, error);
    int64_t start = clock_ns();
    if (!status)
        status = engine_run(product->engine, error);
    *time_ns += clock_ns() - start;
    return status;
}

static enum status serve(struct product *product, long i, uint32_t n, struct error *error)
{
    uint32_t rtt_us = round_trip_us(product, i);
    bool cloud = rnn_map_choose_rtt(n, rtt_us) == RNN_MAP_CLOUD, failed = false;
    int64_t time_ns = 0;
    enum status status = STATUS_OK;
    if (cloud)
        failed = at_endpoint(product, n, &time_ns, NULL) != STATUS_OK;
    if (failed)
        product->rtt_ns = -1;
    if (!cloud || failed) /* an endpoint that fails costs time, never the answer */
        status = here(product, n, &time_ns, error);
    if (!status)
        printf("n = %4u  round trip %8.3f ms  %-5s  %8.3f ms%s\n", n, rtt_us * 1e-3,
               cloud ? "cloud" : "edge", (double)time_ns * 1e-6,
               failed ? " (failed, then here)" : "");
    return status;
}

static long next_length(int argc, char **argv, long i)
{
    char line[32];
    if (argc > 4)
        return i + 4 < argc ? strtol(argv[i + 4], NULL, 10) : -1;
    return fgets(line, sizeof line, stdin) ? strtol(line, NULL, 10) : -1;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct product product = {.rtt_ns = -1};
    struct engine_config config = {0};
    if (argc < 4) {
        fprintf(stderr, "usage: product SPEC URL MODEL [LENGTH...]\n");
        return 2;
    }
    struct client_config client = {.url = argv[2], .model = argv[3]};
    enum status status = engine_config_defaults(&config, &error);
    if (!status)
        status = engine_config_parse(&config, argv[1], &error);
    if (!status)
        status = engine_open(&config, &product.engine, &error);
    if (!status)
        status = client_open(&client, &product.client, &error);
    long n;
    int64_t warm_up_ns = 0;
    if (!status)
        status = here(&product, 1, &warm_up_ns, &error);
    for (long i = 0; !status && (n = next_length(argc, argv, i)) > 0; i++)
        status = serve(&product, i, (uint32_t)n, &error);
    if (status)
        fprintf(stderr, "product: %s\n", error.text);
    client_close(product.client);
    engine_close(product.engine);
    engine_config_free(&config);
    return status ? 1 : 0;
}
