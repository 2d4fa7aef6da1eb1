// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/congestion.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void congestion_init(struct congestion *congestion)
{
    *congestion = (struct congestion){.window = CONGESTION_INITIAL_BYTES, .sent_ns = INT64_MIN};
}

static void acknowledge(struct congestion *c, size_t n_bytes)
{
    size_t most = 2 * c->most > c->window ? 2 * c->most : c->window;
    c->flight -= n_bytes;
    c->window = c->window + n_bytes < most ? c->window + n_bytes : most;
}

size_t congestion_room(struct congestion *c, int64_t now_ns, int64_t round_trip_ns)
{
    for (; c->n_coming > 0 && c->coming[c->first].at_ns <= now_ns; c->n_coming--)
        acknowledge(c, c->coming[c->first++].n_bytes);
    if (c->n_coming == 0)
        c->first = 0;
    bool idled =
        c->sent_ns > INT64_MIN && now_ns - c->sent_ns > round_trip_ns + CONGESTION_LEAST_RTO_NS;
    if (idled && c->window > CONGESTION_INITIAL_BYTES)
        c->window = CONGESTION_INITIAL_BYTES;
    return c->window > c->flight ? c->window - c->flight : 0;
}

void congestion_send(struct congestion *c, int64_t entered_ns, size_t n_bytes)
{
    if (c->flight == 0)
        c->most = 0;
    c->flight += n_bytes;
    if (c->most < c->flight)
        c->most = c->flight;
    if (c->sent_ns < entered_ns)
        c->sent_ns = entered_ns;
}

enum status congestion_left(struct congestion *c, int64_t back_ns, size_t n_bytes,
                            struct error *error)
{
    size_t end = c->first + c->n_coming;
    if (c->n_coming > 0 && c->coming[end - 1].at_ns >= back_ns) {
        c->coming[end - 1].n_bytes += n_bytes; /* a link that got shorter does not reorder */
        return STATUS_OK;
    }
    if (end == c->capacity && c->first > c->capacity / 2) { /* so that n of them cost O(n) */
        memmove(c->coming, c->coming + c->first, c->n_coming * sizeof *c->coming);
        c->first = 0;
        end = c->n_coming;
    }
    enum status status = array_reserve(&c->coming, end, &c->capacity, sizeof *c->coming, error);
    if (status)
        return status;
    c->coming[end] = (struct acknowledgement){.at_ns = back_ns, .n_bytes = n_bytes};
    c->n_coming++;
    return STATUS_OK;
}

int64_t congestion_next_ns(const struct congestion *c)
{
    return c->n_coming > 0 ? c->coming[c->first].at_ns : INT64_MAX;
}

void congestion_free(struct congestion *c)
{
    free(c->coming);
    congestion_init(c);
}
