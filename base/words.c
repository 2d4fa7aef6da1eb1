// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/words.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t";

/* Copies one word from *text to `to`, which has room for all of it, and moves *text behind it. */
static enum status take_word(const char **text, char *to, struct error *error)
{
    const char *at = *text;
    char quote = '\0';
    for (; *at && (quote || !strchr(blanks, *at)); at++) {
        if (quote ? *at == quote : *at == '\'' || *at == '"') {
            quote = quote ? '\0' : *at;
            continue;
        }
        bool escapes = *at == '\\' && (quote == '\0' || (quote == '"' && strchr("\"\\", at[1])));
        if (escapes && !*++at)
            return error_set(error, STATUS_INVALID, "a backslash at the end of '%s'", *text);
        *to++ = *at;
    }
    *to = '\0';
    if (quote)
        return error_set(error, STATUS_INVALID, "a %c that is not closed in '%s'", quote, *text);
    *text = at;
    return STATUS_OK;
}

enum status words_split(const char *text, char ***words, size_t *n, struct error *error)
{
    char **made = NULL, *word = malloc(strlen(text) + 1);
    size_t n_made = 0, capacity = 0;
    enum status status = word ? STATUS_OK : STATUS_NO_MEMORY;
    while (!status && *(text += strspn(text, blanks))) {
        status = take_word(&text, word, error);
        if (!status) /* and room for the NULL behind them */
            status = array_reserve(&made, n_made + 1, &capacity, sizeof *made, error);
        if (status)
            break;
        made[n_made] = text_copy(word);
        if (!made[n_made++])
            status = STATUS_NO_MEMORY;
        else
            made[n_made] = NULL;
    }
    free(word);
    if (!status && n_made == 0)
        status = error_set(error, STATUS_INVALID, "no program named");
    if (status == STATUS_NO_MEMORY)
        error_set(error, status, "out of memory for a command");
    if (status) {
        words_free(made);
        return status;
    }
    *words = made;
    *n = n_made;
    return STATUS_OK;
}

void words_free(char **words)
{
    for (char **word = words; word && *word; word++)
        free(*word);
    free(words);
}
