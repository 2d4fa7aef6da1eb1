// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a person should know of a fit: lines that are said on standard error while it goes on, and
 * kept for its report.
 *
 * Life cycle: {.call = ...}, remarks_say and the others, remarks_free.
 */
#ifndef FITTER_REMARKS_H
#define FITTER_REMARKS_H

#include "base/tool.h"
#include "fitter/cost.h"
#include "fitter/dataset.h"

#include <stddef.h>

struct remarks {
    const struct invocation *call;
    char **lines; /* n, each owned */
    size_t n, capacity;
};

/* Takes one line; a fit_remark (campaign_fit.h) with `remarks` as its user. */
void remarks_say(void *remarks, const char *line);

/* What there is to say of the samples, and of a link that was asked for (NAN: not). */
void remarks_on_fit(struct remarks *remarks, const struct dataset *dataset,
                    const struct model_set *set, const struct cost_link *asked);

void remarks_free(struct remarks *remarks);

#endif
