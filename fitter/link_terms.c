// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/link_terms.h"

#include "fitter/dataset.h"

static const char *const reasons[] = {
    [LINK_TAKES_PART] = "that take part",
    [LINK_NO_RTT] = "without a round trip",
    [LINK_NO_BANDWIDTH] = "without the link's bandwidth, which others know,",
    [LINK_NO_BYTES] = "without a count of their bytes",
    [LINK_OTHER_CONNECTION] = "whose connection was not as that of most (new or open)",
};
_Static_assert(sizeof reasons / sizeof *reasons == N_LINK_REASONS, "a text each");

const char *link_reason_text(enum link_reason reason)
{
    return reasons[reason];
}

enum link_reason link_terms_reason(const struct link_terms *terms, const struct observation *o)
{
    if (terms->rtt && o->rtt_ns < 0)
        return LINK_NO_RTT;
    if ((terms->up && o->up_ps_per_byte < 0) || (terms->down && o->down_ps_per_byte < 0))
        return LINK_NO_BANDWIDTH;
    if ((o->up_ps_per_byte > 0 && o->bytes_up < 0) ||
        (o->down_ps_per_byte > 0 && o->bytes_down < 0))
        return LINK_NO_BYTES;
    if ((o->connect_ns > 0) != terms->cold)
        return LINK_OTHER_CONNECTION;
    return LINK_TAKES_PART;
}

void link_terms_find(struct dataset_target *target)
{
    struct link_terms *terms = &target->link;
    size_t n_cold = 0;
    *terms = (struct link_terms){0};
    if (!target->remote)
        return;
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        terms->rtt = terms->rtt || o->rtt_ns >= 0;
        terms->up = terms->up || o->up_ps_per_byte >= 0;
        terms->down = terms->down || o->down_ps_per_byte >= 0;
        n_cold += o->connect_ns > 0;
    }
    terms->cold = 2 * n_cold > target->n;
    for (size_t i = 0; i < target->n; i++)
        terms->n[link_terms_reason(terms, &target->observations[i])]++;
}

double link_terms_bytes_s(const struct link_terms *terms, const struct observation *o)
{
    double seconds = 0;
    if (terms->up && o->up_ps_per_byte > 0)
        seconds += (double)o->up_ps_per_byte * (double)o->bytes_up;
    if (terms->down && o->down_ps_per_byte > 0)
        seconds += (double)o->down_ps_per_byte * (double)o->bytes_down;
    return seconds * 1e-12;
}

double link_terms_rtt_s(const struct link_terms *terms, const struct observation *o)
{
    return terms->rtt ? (double)o->rtt_ns * 1e-9 : 0;
}
