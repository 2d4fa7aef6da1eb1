// SPDX-License-Identifier: 0BSD
/*
 * A product with the generated header inside: each request runs where the header says, over the
 * link as its tracker believes it to be.
 *
 *     product SPEC URL MODEL LENGTH...
 *
 * A real product has its own network and its own client; these two come from rnnmap's engines and
 * endpoint. What it adds is serve(): one call decides, one tells the tracker what came of it.
 */
#include "base/clock.h"
#include "endpoint/client.h"
#include "engines/engine.h"
#include "rnn_map.h"
#include "runtime/rnnmap_link.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t now_ms(void)
{
    return (uint32_t)(clock_ns() / 1000000);
}

static uint32_t now_us(void)
{
    return (uint32_t)(clock_ns() / 1000);
}

/* An endpoint that fails costs time, never the answer. */
static enum status serve(struct rnnmap_link *link, struct engine *engine, struct client *client,
                         uint32_t n, struct error *error)
{
    struct client_timing timing;
    enum status status = engine_prepare(engine, n, error);
    if (!status)
        status = client_prepare(client, n, error);
    if (status)
        return status;

    uint32_t rtt_us = rnnmap_link_rtt_us(link, now_ms()), start_us = now_us();
    int sent = rnn_map_choose_rtt(n, rtt_us) == RNN_MAP_CLOUD;
    int answered = sent && !client_infer(client, &timing, NULL);
    if (!answered)
        status = engine_run(engine, error);
    uint32_t took_us = now_us() - start_us;
    if (answered)
        rnnmap_link_observe(link, now_ms(), took_us, rnn_map_remote_us(n));
    else if (sent)
        rnnmap_link_fail(link, now_ms(), took_us);
    else
        rnnmap_link_keep(link, took_us);
    printf("n = %4u  round trip believed %8.3f ms  %-5s %8.3f ms\n", n, rtt_us * 1e-3,
           answered ? "cloud" : "edge", took_us * 1e-3);
    return status;
}

int main(int argc, char **argv)
{
    struct error error = {0};
    struct engine *engine = NULL;
    struct client *client = NULL;
    struct engine_config config;
    struct rnnmap_link link;
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
    /* Opens the connection as well. Without an answer: the first request that could gain finds out.
     */
    int64_t rtt_ns = 0;
    if (!status && client_probe(client, &rtt_ns, NULL))
        rtt_ns = 0;
    rnnmap_link_init(&link, (uint32_t)(rtt_ns / 1000), now_ms());
    for (int i = 4; !status && i < argc; i++)
        status = serve(&link, engine, client, (uint32_t)strtoul(argv[i], NULL, 10), &error);
    if (status)
        fprintf(stderr, "product: %s\n", error.text);
    client_close(client);
    engine_close(engine);
    engine_config_free(&config);
    return status ? 1 : 0;
}
