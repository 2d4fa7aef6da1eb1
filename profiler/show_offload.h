// SPDX-License-Identifier: GPL-3.0-or-later
/* What rnnprof show says of the energy of offloading: the watts and joules behind the windows of
 * each endpoint (fitter/offload_energy.h), with the campaign's modelled radio where it has one. */
#ifndef PROFILER_SHOW_OFFLOAD_H
#define PROFILER_SHOW_OFFLOAD_H

#include "profiler/summary.h"

#include <jansson.h>
#include <stdio.h>

/* A table; nothing where no endpoint has windows. */
void show_offload(const struct summary *summary, FILE *out);

/* An array with one object for each meter and endpoint that has windows; a new reference. */
json_t *show_offload_json(const struct summary *summary);

#endif
