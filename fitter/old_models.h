// SPDX-License-Identifier: GPL-3.0-or-later
/* The stored models that a new campaign is compared with. */
#ifndef FITTER_OLD_MODELS_H
#define FITTER_OLD_MODELS_H

#include "base/status.h"
#include "records/model.h"

struct old_models {
    struct model_set set;
    char *name; /* "campaign" or "campaign of FILE", for people; owned */
};

/*
 * Loads the models of a statistic from `source`, "FILE" or "FILE:CAMPAIGN" (a file of the whole
 * name is preferred). `db` and `campaign` name the new campaign (db NULL: it is in no database):
 * comparing it with itself is refused, as the two fits would share samples.
 * STATUS_NOT_FOUND: no such file, campaign or models.  STATUS_MISUSE: the new campaign itself, or
 * a file with several campaigns.  Else as store_open.
 */
enum status old_models_load(const char *source, enum statistic statistic, const char *db,
                            const char *campaign, struct old_models *old, struct error *error);

void old_models_free(struct old_models *old);

#endif
