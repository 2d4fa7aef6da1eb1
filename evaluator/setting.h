// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Where a stored campaign ran: its engine's configuration and its endpoint, from the effective
 * configuration that came into the database with the samples.
 *
 * Life cycle: setting_read, setting_free.
 */
#ifndef EVALUATOR_SETTING_H
#define EVALUATOR_SETTING_H

#include "base/status.h"
#include "endpoint/client_config.h"
#include "engines/engine.h"
#include "records/store.h"

#include <stdbool.h>

struct setting {
    struct engine_config edge;
    char *endpoint; /* the section's name, which is its target's; owned, as all strings */
    struct client_config client; /* where it is; the client's defaults where it does not say */
};

/*
 * The device and the endpoint of that name, or "cloud", or else the first. `url` and `model`
 * replace the stored ones (NULL: keep them).
 * STATUS_NOT_FOUND: the campaign has no configuration (imported samples), no endpoint, no such one.
 * STATUS_INVALID: what is stored is malformed.
 */
enum status setting_read(const struct campaign *campaign, const char *endpoint, const char *url,
                         const char *model, struct setting *setting, struct error *error);

/* The time-out of requests to that endpoint; 0 where the campaign does not set one (imported
 * samples). STATUS_INVALID: what is stored is malformed. */
enum status setting_timeout(const struct campaign *campaign, const char *endpoint,
                            double *timeout_s, struct error *error);

void setting_free(struct setting *setting);

#endif
