// SPDX-License-Identifier: GPL-3.0-or-later
/* The measured curves behind an evaluation, as parts of its page. Life cycle: page_curves_load,
 * page_curves_put, page_curves_free; the subject must outlive it. */
#ifndef EVALUATOR_PAGE_CURVES_H
#define EVALUATOR_PAGE_CURVES_H

#include "evaluator/subject.h"

#include <stdio.h>

struct page_curves;

/*
 * Reads the samples that the models were fitted to from `db`, to be shown over a round trip of
 * `rtt_s` (< 0: the campaign's) and the campaign's bandwidth. *curves stays NULL where the campaign
 * has no samples. Others: the store's.
 */
enum status page_curves_load(const char *db, const struct subject *subject, double rtt_s,
                             struct page_curves **curves, struct error *error);

/* The break-even in words, time against length, and a section on energy where any was fitted, with
 * where it comes from. */
void page_curves_put(const struct page_curves *curves, FILE *out);

void page_curves_free(struct page_curves *curves);

#endif
