// SPDX-License-Identifier: GPL-3.0-or-later
/* Failed samples by kind, for people and programs. No state. */
#ifndef PROFILER_FAILURES_H
#define PROFILER_FAILURES_H

#include "records/store.h"

#include <jansson.h>
#include <stdint.h>

/* {"timeout": 5, "http": 2}, of the kinds that came; to be released. */
json_t *failures_json(const uint64_t n_failures[N_FAILURES]);

/* " (5 timeout, 2 http)" into `text` of FAILURES_TEXT bytes, or ""; returned. */
enum { FAILURES_TEXT = 256 };
const char *failures_text(const uint64_t n_failures[N_FAILURES], char *text);

#endif
