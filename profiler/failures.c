// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/failures.h"

#include <stdio.h>
#include <string.h>

json_t *failures_json(const uint64_t n_failures[N_FAILURES])
{
    json_t *kinds = json_object();
    for (int i = FAILURE_NONE + 1; i < N_FAILURES; i++) {
        if (n_failures[i] > 0)
            json_object_set_new(kinds, failure_name((enum failure)i),
                                json_integer((json_int_t)n_failures[i]));
    }
    return kinds;
}

const char *failures_text(const uint64_t n_failures[N_FAILURES], char *text)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = FAILURE_NONE + 1; i < N_FAILURES; i++) {
        if (n_failures[i] > 0)
            used +=
                (size_t)snprintf(text + used, FAILURES_TEXT - used, "%s%llu %s", used ? ", " : " (",
                                 (unsigned long long)n_failures[i], failure_name((enum failure)i));
    }
    if (used)
        snprintf(text + used, FAILURES_TEXT - used, ")");
    return text;
}
