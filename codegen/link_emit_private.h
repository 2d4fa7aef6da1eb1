// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The functions of a header that decides by a link's bandwidth or between several endpoints, as C
 * text, and the names in it.
 */
#ifndef CODEGEN_LINK_EMIT_PRIVATE_H
#define CODEGEN_LINK_EMIT_PRIVATE_H

#include "codegen/link_table.h"

#include <stdio.h>

/* What targets are called in C: NAME_CLOUD, name_cloud_time. */
enum { TARGET_NAME_MAX = 48 };
struct target_names {
    char of[TARGETS_MAX][TARGET_NAME_MAX + 1]; /* lower case: letters, digits and single _ */
};

/* The device is "edge", the only endpoint of two targets "cloud", others by their names with
 * everything else than letters and digits made _. STATUS_MISUSE: nothing is left of a name, two
 * come out the same, or one as what the header calls something else. */
enum status target_names_make(const char *const *names, size_t n_targets,
                              struct target_names *result, struct error *error);

/* From the include guard to the last line. `name` is a C identifier. */
void emit_link_functions(FILE *out, const char *name, const struct link_table *table,
                         const struct target_names *targets);

#endif
