// SPDX-License-Identifier: GPL-3.0-or-later
/* The header Server-Timing, in which a server says how long it took. */
#include "endpoint/client_private.h"

#include "base/units.h"

#include <string.h>
#include <strings.h>

/* The text between `from` and `to` without blanks around it. */
static void trim(const char **from, const char **to)
{
    while (*from < *to && strchr(" \t\r\n", **from))
        (*from)++;
    while (*to > *from && strchr(" \t\r\n", (*to)[-1]))
        (*to)--;
}

static bool is_word(const char *from, const char *to, const char *word)
{
    return (size_t)(to - from) == strlen(word) && strncasecmp(from, word, strlen(word)) == 0;
}

/* The first of `stops` in from..end outside quotes, or `end`. */
static const char *find_stop(const char *from, const char *end, const char *stops)
{
    bool quoted = false;
    for (; from < end && *from; from++) {
        if (*from == '"')
            quoted = !quoted;
        else if (quoted && *from == '\\' && from + 1 < end)
            from++;
        else if (!quoted && strchr(stops, *from))
            break;
    }
    return from;
}

/* "dur=12.5" in ms as ns, -1 for anything else. */
static int64_t duration_ns(const char *from, const char *to)
{
    const char *equals = find_stop(from, to, "="), *name_end = equals;
    char text[32];
    double ms;
    trim(&from, &name_end);
    if (equals >= to || !is_word(from, name_end, "dur"))
        return -1;
    from = equals + 1;
    trim(&from, &to);
    if (to - from >= 2 && *from == '"' && to[-1] == '"') {
        from++;
        to--;
    }
    if (to <= from || (size_t)(to - from) >= sizeof text)
        return -1;
    memcpy(text, from, (size_t)(to - from));
    text[to - from] = '\0';
    if (parse_real(text, &ms, NULL) || !(ms >= 0 && ms < 1e9))
        return -1;
    return (int64_t)(ms * 1e6 + 0.5);
}

/* Of one metric, "infer;dur=1.5"; -1 unless it is one that counts. */
static int64_t metric_ns(const char *from, const char *to)
{
    const char *name = from, *stop = find_stop(from, to, ";"), *name_end = stop;
    trim(&name, &name_end);
    if (!is_word(name, name_end, "queue") && !is_word(name, name_end, "infer"))
        return -1;
    while (stop < to) {
        from = stop + 1;
        stop = find_stop(from, to, ";");
        int64_t ns = duration_ns(from, stop);
        if (ns >= 0)
            return ns;
    }
    return -1;
}

int64_t http_server_timing_ns(const char *value, size_t n)
{
    const char *end = value + n, *stop;
    int64_t sum = -1;
    for (const char *from = value; from < end; from = stop + 1) {
        stop = find_stop(from, end, ",");
        int64_t ns = metric_ns(from, stop);
        if (ns >= 0)
            sum = (sum < 0 ? 0 : sum) + ns;
    }
    return sum;
}
