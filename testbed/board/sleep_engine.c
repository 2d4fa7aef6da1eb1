// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A plug-in engine for the board's endpoint, on the host: whatever the length, it sleeps. With
 * `options` PORT:MS, MS milliseconds by the board's clock (boardtimer, at UDP port PORT of the
 * host's loopback): under emulation the host's own clock tells nothing of how long the board waits.
 */
#include "rnnmap_engine.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;

struct sleeper {
    int file;
    uint64_t sleep_ms, n_asked;
};

int rnnmap_engine_open(const struct rnnmap_engine_config *config, void **self,
                       struct rnnmap_engine_shape *shape, char *error)
{
    char *end;
    struct sockaddr_in timer = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)strtoul(config->options, &end, 10))};
    struct timeval patience = {.tv_sec = 20};
    struct sleeper *sleeper = malloc(sizeof *sleeper);
    if (!sleeper)
        return 1;
    sleeper->n_asked = 0;
    sleeper->sleep_ms = *end == ':' ? strtoull(end + 1, &end, 10) : 0;
    sleeper->file = socket(AF_INET, SOCK_DGRAM, 0);
    if (*end || sleeper->file < 0 ||
        setsockopt(sleeper->file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) ||
        connect(sleeper->file, (struct sockaddr *)&timer, sizeof timer)) {
        snprintf(error, RNNMAP_ENGINE_ERROR_SIZE, "options = '%s': want PORT:MS", config->options);
        free(sleeper);
        return 1;
    }
    shape->vocabulary = 10000; /* a token a step */
    shape->output = 1;
    *self = sleeper;
    return 0;
}

int rnnmap_engine_prepare(void *self, uint32_t n, char *error)
{
    (void)self;
    (void)n;
    (void)error;
    return 0;
}

int rnnmap_engine_run(void *self, struct rnnmap_engine_run *run, char *error)
{
    struct sleeper *sleeper = self;
    char text[64], answer[64];
    ssize_t length =
        snprintf(text, sizeof text, "%llu000000 %llu", (unsigned long long)sleeper->sleep_ms,
                 (unsigned long long)sleeper->n_asked++);
    run->output[0] = (float)sleeper->sleep_ms;
    ssize_t got = send(sleeper->file, text, (size_t)length, 0);
    while (got >= 0) { /* an answer may be a late one to an earlier question */
        got = recv(sleeper->file, answer, sizeof answer, 0);
        if (got == length && memcmp(answer, text, (size_t)length) == 0)
            return 0;
    }
    snprintf(error, RNNMAP_ENGINE_ERROR_SIZE, "boardtimer does not answer");
    return 1;
}

void rnnmap_engine_close(void *self)
{
    struct sleeper *sleeper = self;
    close(sleeper->file);
    free(sleeper);
}
