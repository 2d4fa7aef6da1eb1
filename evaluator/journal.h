// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The journal of an evaluation: what each policy did with each request, as CSV.
 */
#ifndef EVALUATOR_JOURNAL_H
#define EVALUATOR_JOURNAL_H

#include "evaluator/outcome.h"

/*
 * Writes `path`, whole or not at all: a row a request with at_s (when it is made), length, rtt_ms,
 * up_mbps, down_mbps (the link then; empty: unknown or unlimited, 0: an outage), and for each
 * policy of the evaluation POLICY_offloaded (0 or 1), POLICY_ms and, where energies are known,
 * POLICY_mj. STATUS_IO, STATUS_NO_MEMORY.
 */
enum status journal_write(const char *path, const struct ledger *ledger,
                          const struct evaluation *evaluation, uint64_t seed, struct error *error);

#endif
