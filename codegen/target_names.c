// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/link_emit_private.h"

#include <ctype.h>
#include <string.h>

/* What NAME_... is already. */
static const char *const taken[] = {"edge", "n_max", "n_targets", "map_format", "map_h"};

static bool is_plain(char c)
{
    return isalnum((unsigned char)c) && !(c & 0x80);
}

static void make(const char *name, char made[TARGET_NAME_MAX + 1])
{
    size_t n = 0;
    bool gap = false;
    for (; *name && n < TARGET_NAME_MAX; name++) {
        if (is_plain(*name) && gap && n > 0 && n < TARGET_NAME_MAX - 1)
            made[n++] = '_';
        gap = !is_plain(*name);
        if (!gap)
            made[n++] = (char)tolower((unsigned char)*name);
    }
    made[n] = '\0';
}

static enum status check(const char *const *names, const struct target_names *made, size_t k,
                         struct error *error)
{
    const char *mine = made->of[k];
    if (!*mine)
        return error_set(error, STATUS_MISUSE,
                         "endpoint \"%s\" has no letter or digit to name a constant after: give it "
                         "another name in the campaign",
                         names[k]);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (strcmp(mine, taken[i]) == 0)
            return error_set(error, STATUS_MISUSE,
                             "endpoint \"%s\" would be called %s in C, as something else of the "
                             "header is: give it another name in the campaign",
                             names[k], mine);
    }
    for (size_t i = 1; i < k; i++) {
        if (strcmp(mine, made->of[i]) == 0)
            return error_set(error, STATUS_MISUSE,
                             "endpoints \"%s\" and \"%s\" would both be called %s in C: give one "
                             "another name in the campaign",
                             names[i], names[k], mine);
    }
    return STATUS_OK;
}

enum status target_names_make(const char *const *names, size_t n_targets,
                              struct target_names *result, struct error *error)
{
    enum status status = STATUS_OK;
    make("edge", result->of[0]);
    for (size_t k = 1; !status && k < n_targets; k++) {
        make(n_targets == 2 ? "cloud" : names[k], result->of[k]);
        status = check(names, result, k, error);
    }
    return status;
}
