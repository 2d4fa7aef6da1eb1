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

/* From the include guard to the last line. `name` is a C identifier. */
void emit_functions(FILE *out, const char *name, const struct decision_table *table);

#endif
