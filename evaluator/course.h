// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How one policy fares over a ledger, request by request, with what it saw on the way.
 *
 * Where requests do not wait for others to be answered, the device and the endpoint each serve one
 * at a time, first come, first served, and the endpoint serves nobody else. The queue is part of
 * what the policy does, so each policy has one of its own. Requests reach the endpoint in the order
 * they were made. One that is given up is run on the device from then on; the endpoint, which
 * nobody tells, still works on it if it has it.
 *
 * Life cycle: course_open for a ledger, course_run as often as wanted, course_close.
 */
#ifndef EVALUATOR_COURSE_H
#define EVALUATOR_COURSE_H

#include "evaluator/policy.h"

struct course;

/* STATUS_NO_MEMORY. */
enum status course_open(const struct ledger *ledger, struct course **course, struct error *error);

/* Sums over the requests. */
struct fare {
    size_t n_offloaded;
    size_t n_failed;        /* offloaded and given up */
    size_t n_wrong;         /* decided otherwise than the oracle would have there and then */
    double wait_s;          /* for others to be served, here or there */
    double expected_regret; /* expected cost less that of what the oracle would have decided, in the
                               objective's measure */
    size_t n_probes;        /* offloaded though what was last seen of the link spoke against it */
    double kept_loss;       /* of that regret: of requests that stayed */
    double probe_loss;      /* of that regret: of probes that found the link as bad as it was */
};

/* Fills costs[n of the ledger]: times from when the request was made, energies, NAN where they are
 * not known. The same seed tosses the same coins. Only the first `n` requests (at most all). */
void course_run(struct course *course, const struct policy *policy,
                const struct hindsight *hindsight, uint64_t seed, size_t n,
                struct expected_cost *costs, struct fare *fare);

/* What the last run decided, a flag a request: whether it was sent to the endpoint. Valid until the
 * next run. */
const bool *course_offloads(const struct course *course);

void course_close(struct course *course);

#endif
