// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The functions of the generated header as C text.
 */
#ifndef CODEGEN_EMIT_PRIVATE_H
#define CODEGEN_EMIT_PRIVATE_H

#include "codegen/table.h"

#include <stdio.h>

enum { NUMBER_TEXT_SIZE = 32 };

/* The shortest decimal that reads back as the same double. `text` is returned. */
const char *number_text(double value, char text[NUMBER_TEXT_SIZE]);

void emit_upper(FILE *out, const char *name);

/* What a function does with the value: return it, or compare the round trip with it. */
enum map_use { USE_VALUE, USE_COMPARE };

/* The body of a function of `uint32_t n` (and `uint32_t rtt_us` to compare). */
void emit_map(FILE *out, enum map_use use, const struct integer_map *map);

/* From the include guard to N_MAX: what all headers begin with. */
void emit_start(FILE *out, const char *name, uint32_t n_max);

/* From the include guard to the last line. `name` is a C identifier. */
void emit_functions(FILE *out, const char *name, const struct decision_table *table);

#endif
