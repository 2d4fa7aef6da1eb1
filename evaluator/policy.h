// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Policies: rules that say for each request where it runs. They decide over requests that were run
 * at both targets, so each is charged the run that it chose and all see the same noise.
 *
 * Life cycle: ledger_init from requests, decide with any policy of the table, ledger_free. The
 * requests are not copied and must outlive the ledger. Pure: no clock, no engine, no network.
 */
#ifndef EVALUATOR_POLICY_H
#define EVALUATOR_POLICY_H

#include "base/status.h"
#include "evaluator/request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the generated header answers: whether a request of length n is offloaded at that round trip
 * in microseconds. */
typedef bool offload_rule(const void *user, uint32_t n, uint32_t rtt_us);

struct line {
    double intercept, slope;
};

/* The requests with what each place costs, in seconds; all arrays of n. */
struct ledger {
    const struct request *requests; /* in the order they were made */
    size_t n, n_failed;             /* n_failed: at the endpoint */
    double *edge_s;
    double *cloud_s; /* of a failed request: the time until it failed, and local inference */
    double *expected_edge_s;  /* the line through the edge's times */
    double *expected_cloud_s; /* the line through the endpoint's times less their round trips, and
                                 the request's own round trip; INFINITY where that is unknown */
    struct line edge_line, cloud_line;
    bool has_cloud_line; /* false: no request got through */
};

/* STATUS_INVALID: no requests.  STATUS_NO_MEMORY. */
enum status ledger_init(struct ledger *ledger, const struct request *requests, size_t n,
                        struct error *error);
void ledger_free(struct ledger *ledger);

/* What only the policy of the generated header needs. */
struct header_rule {
    offload_rule *choose;
    const void *user;
    double start_rtt_s; /* what it believes before the first round trip is known */
};

struct policy {
    const char *name;
    const char *meaning; /* a line for people */
    /* Fills offload[ledger->n]. Ties stay on the device. STATUS_NO_MEMORY. */
    enum status (*decide)(const struct ledger *ledger, const struct header_rule *rule,
                          bool *offload, struct error *error);
};

enum { MAX_POLICIES = 16 };

/* In the order of reports. */
extern const struct policy policies[];
extern const size_t n_policies;

/* The place of a policy in the table, or -1. */
int policy_find(const char *name);

/* What request i costs where it is sent. */
double ledger_cost_s(const struct ledger *ledger, size_t i, bool offload);
double ledger_expected_s(const struct ledger *ledger, size_t i, bool offload);

#endif
