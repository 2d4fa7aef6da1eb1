// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Real requests: each length runs once on the engine in this process and once at the endpoint, in
 * random order, after a probe of the round trip.
 *
 * Life cycle: live_open (engine and connection), live_run once, live_close. One thread; blocks.
 */
#ifndef EVALUATOR_LIVE_H
#define EVALUATOR_LIVE_H

#include "evaluator/request.h"
#include "evaluator/setting.h"

#include <stddef.h>
#include <stdio.h>

struct live;

/* STATUS_IO, STATUS_PROTOCOL: the endpoint (the message names its URL). Others: the engine. */
enum status live_open(const struct setting *setting, uint64_t seed, struct live **live,
                      struct error *error);

/* The name and version the endpoint gives itself; "" when it does not say. Until live_close. */
const char *live_server(const struct live *live);

/*
 * Runs requests[n], whose lengths are set, in their order, after one untimed run per distinct
 * length at both places. A signal ends it after the request in hand. *n_done counts the requests
 * filled in. `progress` may be NULL.
 * STATUS_OK: all, or as many as were done before a signal.  STATUS_EXTERNAL and others: the engine
 * failed.  STATUS_PROTOCOL: the endpoint refuses a length.  STATUS_IO: it cannot be reached when
 * warming up.
 */
enum status live_run(struct live *live, struct request *requests, size_t n, size_t *n_done,
                     FILE *progress, struct error *error);

void live_close(struct live *live);

#endif
