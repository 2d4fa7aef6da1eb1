// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Growing arrays. Owned by the caller, freed with free().
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include "base/status.h"

#include <stddef.h>

/*
 * Makes room for one more element in an array of `n` elements of `size` bytes with room for
 * `*capacity`; `array` is the address of the pointer to it. Grows by half, so that n appends cost
 * O(n).
 * STATUS_OK: there is room for element n.  STATUS_NO_MEMORY: nothing changed.
 */
enum status array_reserve(void *array, size_t n, size_t *capacity, size_t size,
                          struct error *error);

/* A copy of `text` in memory of its own; NULL when `text` is NULL or memory ran out. */
char *text_copy(const char *text);

/* Replaces the string at `*to` (freed) by a copy of `text` (NULL: by NULL). */
enum status text_replace(char **to, const char *text, struct error *error);

/* A formatted string in memory of its own; NULL when memory ran out. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
