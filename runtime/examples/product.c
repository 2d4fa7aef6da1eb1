// SPDX-License-Identifier: 0BSD
/*
 * A product with the generated header inside: each request runs where the header says.
 *
 *     product SPEC URL MODEL LENGTH...
 *
 * A real product has its own network and its own client; these two come from rnnmap's engines and
 * endpoint. The decision is one call of rnn_map_choose_rtt.
 */
#include "base/clock.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "rnn_map.h"

#include <stdio.h>
#include <stdlib.h>

static enum status serve(struct engine *engine, struct client *client, uint32_t n,
                         struct error *error)
{
    /* A link that does not answer is infinitely slow, and the header keeps the request here. */
    int64_t rtt_ns;
    uint32_t rtt_us = client_probe(client, &rtt_ns, NULL) ? UINT32_MAX : (uint32_t)(rtt_ns / 1000);
    int cloud = rnn_map_choose_rtt(n, rtt_us) == RNN_MAP_CLOUD;
    struct client_timing timing;
    enum status status = engine_prepare(engine, n, error);
    if (!status)
        status = client_prepare(client, n, error);
    if (status)
        return status;

    int64_t start = clock_ns();
    if (cloud && client_infer(client, &timing, NULL))
        cloud = 0; /* an endpoint that fails costs time, never the answer */
    if (!cloud)
        status = engine_run(engine, error);
    double ms = (double)(clock_ns() - start) * 1e-6;
    printf("n = %4u  round trip %8.3f ms  %-5s %8.3f ms\n", n, rtt_us * 1e-3,
           cloud ? "cloud" : "edge", ms);
    return status;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct engine *engine = NULL;
    struct client *client = NULL;
    struct engine_config config;
    if (argc < 5) {
        fprintf(stderr, "usage: product SPEC URL MODEL LENGTH...\n");
        return 2;
    }
    struct client_config server = {.url = argv[2], .model = argv[3]};
    enum status status = engine_config_defaults(&config, &error);
    if (!status)
        status = engine_config_parse(&config, argv[1], &error);
    if (!status)
        status = engine_open(&config, &engine, &error);
    if (!status)
        status = client_open(&server, &client, &error);
    for (int i = 4; !status && i < argc; i++)
        status = serve(engine, client, (uint32_t)strtoul(argv[i], NULL, 10), &error);
    if (status)
        fprintf(stderr, "product: %s\n", error.text);
    client_close(client);
    engine_close(engine);
    engine_config_free(&config);
    return status ? 1 : 0;
}
