// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Real requests: each length runs once on the engine in this process and once at the endpoint, in
 * random order, after a probe of the round trip.
 *
 * Life cycle: live_open (engine and connection), live_run once, live_close. One thread; blocks.
 */
#ifndef EVALUATOR_LIVE_H
#define EVALUATOR_LIVE_H

#include "evaluator/ledger.h"
#include "evaluator/setting.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct live;

/* One request, run once at each place. */
struct live_request {
    uint32_t n, place; /* its length, and that length's place in the histogram */
    bool cloud_failed;
    int64_t rtt_ns;   /* of a tiny request just before; -1: it failed */
    int64_t edge_ns;  /* elapsed on the device */
    int64_t cloud_ns; /* elapsed at the endpoint; where it failed, until it did */
};

/* STATUS_IO, STATUS_PROTOCOL: the endpoint (the message names its URL). Others: the engine. */
enum status live_open(const struct setting *setting, uint64_t seed, struct live **live,
                      struct error *error);

/* The name and version the endpoint gives itself; "" when it does not say. Until live_close. */
const char *live_server(const struct live *live);

/*
 * Runs requests[n], whose lengths are set, in their order, after one untimed run per distinct
 * length at both places. A signal ends it; a request in hand that it cuts off does not count.
 * *n_done counts the requests filled in. `progress` may be NULL. STATUS_OK: all, or as many as were
 * done before a signal.  STATUS_EXTERNAL and others: the engine failed.  STATUS_PROTOCOL: the
 * endpoint refuses a length.  STATUS_IO: it cannot be reached when warming up.
 */
enum status live_run(struct live *live, struct live_request *requests, size_t n, size_t *n_done,
                     FILE *progress, struct error *error);

void live_close(struct live *live);

/*
 * Enters requests[n] into a ledger with room for n, whose lengths are known. What was to be
 * expected is read from the requests themselves: lines through the device's times and through the
 * endpoint's less their round trips.
 * STATUS_INVALID: no request was made.  STATUS_NO_MEMORY.
 */
enum status live_ledger(const struct live_request *requests, size_t n, struct ledger *ledger,
                        struct error *error);

#endif
