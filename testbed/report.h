// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a relay really imposed, for people and for programs.
 */
#ifndef TESTBED_REPORT_H
#define TESTBED_REPORT_H

#include "testbed/relay.h"

#include <stdio.h>

/* Lines and a table. */
void report_text(const struct relay *relay, FILE *out);

/* One JSON document, schema "rnnmap.link/1"; times in seconds, rates in bit/s (null: unlimited).
 * "link" is the last state, "played" what there was in all: quantiles by time. */
void report_json(const struct relay *relay, FILE *out);

#endif
