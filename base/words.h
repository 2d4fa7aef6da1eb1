// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A command as people write it in a settings file, taken apart into the words that a program is
 * started with. Quotes work as in a shell, and nothing else does: no variables, no patterns, no
 * pipes. So a word means what it says, and signals reach the program itself.
 */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include "base/status.h"

#include <stddef.h>

/*
 * Splits `text` at blanks. '...' holds everything as it is; in "..." a backslash holds '"' and '\';
 * outside quotes it holds any character. *words is an array of *n strings with a NULL behind them,
 * to be freed with words_free.
 * STATUS_INVALID: an open quote, a backslash at the end, or no word at all.  STATUS_NO_MEMORY.
 */
enum status words_split(const char *text, char ***words, size_t *n, struct error *error);

/* NULL is allowed. */
void words_free(char **words);

#endif
