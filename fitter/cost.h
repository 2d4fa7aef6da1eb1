// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What one inference costs on the device and at an endpoint, from fitted models, for a length n and
 * a state of the link:
 *
 *   T_edge(n)                = time_s(n)
 *   T_cloud(n; r, u, d)      = c1(n)*r + u*bytes_up(n) + d*bytes_down(n) + remote_s(n)
 *   R(n; u, d)               = (T_edge(n) - u*bytes_up(n) - d*bytes_down(n) - remote_s(n)) / c1(n)
 *
 * with the round trip r, the times per byte u and d, and c1(n) round trips per request: 1 where the
 * fit has no round_trips model. Offloading is cheaper exactly when r < R (c1 > 0).
 *
 * A direction is charged by the byte only where the fit knew what the link's bandwidth was: then
 * remote_s is free of it. Where it did not, the bytes' time of then is inside remote_s already, and
 * charging it again would count it twice: u or d is ignored, charges_up or charges_down is false,
 * and whoever reports a cost at a link says so.
 *
 * Life cycle: cost_pair_find; nothing is owned, the model set must outlive the pair. A pair that is
 * only read may be shared between threads.
 */
#ifndef FITTER_COST_H
#define FITTER_COST_H

#include "base/status.h"
#include "records/model.h"

#include <stdbool.h>

/* The link at one moment. A time per byte is 0 where the bandwidth is unlimited, INFINITY in an
 * outage. */
struct cost_link {
    double rtt_s, up_s_per_byte, down_s_per_byte;
};

/* Seconds per byte of a bandwidth in bit/s: 0 of INFINITY (unlimited), INFINITY of 0 (outage). */
double cost_s_per_byte(double bit_s);

/* The models of one edge target and one endpoint. */
struct cost_pair {
    const struct cost_model *time_s, *remote_s;
    const struct cost_model *bytes_up, *bytes_down; /* NULL: not measured */
    const struct cost_model *round_trips;           /* NULL: exactly 1 */
    bool charges_up, charges_down;                  /* u and d of a link count */
};

/* STATUS_NOT_FOUND: no time_s model of `edge` or no remote_s model of `cloud`; the message says
 * which, and the pair holds what there is. */
enum status cost_pair_find(const struct model_set *set, const char *edge, const char *cloud,
                           struct cost_pair *pair, struct error *error);

/* The link that the campaign was measured over: the median round trip (0 where none was measured)
 * and the median times per byte (0 where they are not known: nothing is charged for them). */
struct cost_link cost_link_measured(const struct model_set *set);

/* "fixed:RTT[,UP,DOWN]", the option --link of every tool (records/link_source.h), as a link; NAN
 * where UP and DOWN are left out. STATUS_MISUSE: it is not that; the message begins with --link. */
enum status cost_link_parse(const char *text, struct cost_link *link, struct error *error);

/* Takes what is NAN in the link from the one that the campaign was measured over. */
void cost_link_complete(struct cost_link *link, const struct model_set *set);

/* Says the link for people, "20 ms" or "20 ms, 10 Mbit/s up, 50 Mbit/s down": the directions that
 * the pair charges. `text` has room for COST_LINK_TEXT_SIZE; returned. */
enum { COST_LINK_TEXT_SIZE = 160 };
const char *cost_link_text(const struct cost_link *link, bool up, bool down, char *text);

/* T_edge(n), s. */
double cost_edge_s(const struct cost_pair *pair, double n);

/* T_cloud(n; r, u, d), s. INFINITY over a link whose direction is out and is charged. */
double cost_cloud_s(const struct cost_pair *pair, double n, const struct cost_link *link);

/* The part of it that is the link's: c1(n)*r + u*bytes_up(n) + d*bytes_down(n), s. */
double cost_link_s(const struct cost_pair *pair, double n, const struct cost_link *link);

/* c1(n). */
double cost_round_trips(const struct cost_pair *pair, double n);

/* R(n; u, d), s: negative where offloading does not pay over any link with these times per byte,
 * -INFINITY in an outage. The link's rtt_s is not looked at. */
double cost_break_even_rtt_s(const struct cost_pair *pair, double n, const struct cost_link *link);

#endif
