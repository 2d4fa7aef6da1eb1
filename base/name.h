// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Names that people give and files carry: they must survive CSV fields, JSON strings and terminals.
 */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include <stdbool.h>

/* Whether a text is UTF-8 throughout, as JSON wants it. */
bool name_is_utf8(const char *text);

/* Why `name` cannot serve ("is empty", "is not UTF-8 text", "holds a control character", ...), a
 * constant string that reads on after the name; NULL when it can. */
const char *name_trouble(const char *name);

/* The name of a file without its folder and without the part from its last dot on; freed by the
 * caller, NULL when memory ran out. */
char *name_of_file(const char *path);

#endif
