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

/* The bits of a kind. */
enum { KNOWS_RTT = 1, KNOWS_UP = 2, KNOWS_DOWN = 4, LACKS_BYTES = 8, OPENED = 16 };

unsigned link_kind(const struct observation *o)
{
    unsigned kind = 0;
    kind |= o->rtt_ns >= 0 ? KNOWS_RTT : 0;
    kind |= o->up_ps_per_byte >= 0 ? KNOWS_UP : 0;
    kind |= o->down_ps_per_byte >= 0 ? KNOWS_DOWN : 0;
    if ((o->up_ps_per_byte > 0 && o->bytes_up < 0) ||
        (o->down_ps_per_byte > 0 && o->bytes_down < 0))
        kind |= LACKS_BYTES;
    return kind | (o->connect_ns > 0 ? OPENED : 0);
}

enum link_reason link_terms_reason_of_kind(const struct link_terms *terms, unsigned kind)
{
    if (terms->rtt && !(kind & KNOWS_RTT))
        return LINK_NO_RTT;
    if ((terms->up && !(kind & KNOWS_UP)) || (terms->down && !(kind & KNOWS_DOWN)))
        return LINK_NO_BANDWIDTH;
    if (kind & LACKS_BYTES)
        return LINK_NO_BYTES;
    if (((kind & OPENED) != 0) != terms->cold)
        return LINK_OTHER_CONNECTION;
    return LINK_TAKES_PART;
}

enum link_reason link_terms_reason(const struct link_terms *terms, const struct observation *o)
{
    return link_terms_reason_of_kind(terms, link_kind(o));
}

void link_terms_count(struct dataset_target *target, const uint64_t n_of_kind[LINK_KINDS])
{
    struct link_terms *terms = &target->link;
    uint64_t n = 0, n_cold = 0;
    *terms = (struct link_terms){0};
    if (!target->remote)
        return;
    for (unsigned kind = 0; kind < LINK_KINDS; kind++) {
        terms->rtt = terms->rtt || (n_of_kind[kind] && kind & KNOWS_RTT);
        terms->up = terms->up || (n_of_kind[kind] && kind & KNOWS_UP);
        terms->down = terms->down || (n_of_kind[kind] && kind & KNOWS_DOWN);
        n_cold += kind & OPENED ? n_of_kind[kind] : 0;
        n += n_of_kind[kind];
    }
    terms->cold = 2 * n_cold > n;
    for (unsigned kind = 0; kind < LINK_KINDS; kind++)
        terms->n[link_terms_reason_of_kind(terms, kind)] += n_of_kind[kind];
}

void link_terms_find(struct dataset_target *target)
{
    uint64_t n_of_kind[LINK_KINDS] = {0};
    for (size_t i = 0; i < target->n; i++)
        n_of_kind[link_kind(&target->observations[i])]++;
    link_terms_count(target, n_of_kind);
}

double link_free_s(const struct observation *o)
{
    double bytes_ps = 0;
    if (o->up_ps_per_byte > 0)
        bytes_ps += (double)o->up_ps_per_byte * (double)o->bytes_up;
    if (o->down_ps_per_byte > 0)
        bytes_ps += (double)o->down_ps_per_byte * (double)o->bytes_down;
    return (double)(o->time_ns - (o->rtt_ns > 0 ? o->rtt_ns : 0)) * 1e-9 - bytes_ps * 1e-12;
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
