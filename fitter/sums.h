// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a fit needs of one target's samples where they are not kept: each quantity condensed while
 * the samples are read (gather.h). Which samples take part in an endpoint's fit is known only when
 * all are read: each kind of them (link_terms.h) is condensed by itself.
 *
 * Life cycle: sums_new, sums_add for each sample, sums_finish, sums_free.
 */
#ifndef FITTER_SUMS_H
#define FITTER_SUMS_H

#include "base/status.h"
#include "fitter/dataset.h"
#include "fitter/gather.h"
#include "records/model.h"

#include <stdbool.h>

struct target_sums;

/* local: of the device itself: times are taken whole. NULL: out of memory. */
struct target_sums *sums_new(bool local);

enum status sums_add(struct target_sums *sums, const struct observation *o, struct error *error);

/*
 * Fills target->link and sorts the sums. *enough is false where a fit needs the samples themselves:
 * requests that may take more than one round trip, or a device that its samples took for an
 * endpoint.
 */
enum status sums_finish(struct target_sums *sums, struct dataset_target *target, bool *enough,
                        struct error *error);

/* NULL: no sample has the quantity. */
const struct gather *sums_of(const struct target_sums *sums, const struct dataset_target *target,
                             enum quantity quantity);

/* What is known of the link of the samples that take part: n values, in s or s per byte. */
enum sums_link { SUMS_RTT, SUMS_UP, SUMS_DOWN, N_SUMS_LINKS };
const double *sums_link(const struct target_sums *sums, const struct dataset_target *target,
                        enum sums_link which, size_t *n);

/* Whether some sample had a round. */
bool sums_rounds(const struct target_sums *sums);

void sums_free(struct target_sums *sums);

#endif
