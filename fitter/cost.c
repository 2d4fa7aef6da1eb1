// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/cost.h"

#include <math.h>

double cost_s_per_byte(double bit_s)
{
    return bit_s > 0 ? 8 / bit_s : INFINITY;
}

enum status cost_pair_find(const struct model_set *set, const char *edge, const char *cloud,
                           struct cost_pair *pair, struct error *error)
{
    *pair = (struct cost_pair){
        .time_s = model_set_find(set, edge, QUANTITY_TIME_S),
        .remote_s = model_set_find(set, cloud, QUANTITY_REMOTE_S),
        .bytes_up = model_set_find(set, cloud, QUANTITY_BYTES_UP),
        .bytes_down = model_set_find(set, cloud, QUANTITY_BYTES_DOWN),
        .round_trips = model_set_find(set, cloud, QUANTITY_ROUND_TRIPS),
    };
    pair->charges_up = pair->bytes_up && !isnan(set->up_s_per_byte);
    pair->charges_down = pair->bytes_down && !isnan(set->down_s_per_byte);
    if (!pair->time_s || !pair->remote_s)
        return error_set(error, STATUS_NOT_FOUND,
                         "target \"%s\" has no %s model: measure it and run rnnfit",
                         pair->time_s ? cloud : edge, pair->time_s ? "remote_s" : "time_s");
    return STATUS_OK;
}

static double known(double s_per_byte)
{
    return isnan(s_per_byte) ? 0 : s_per_byte;
}

struct cost_link cost_link_measured(const struct model_set *set)
{
    return (struct cost_link){set->rtt_s, known(set->up_s_per_byte), known(set->down_s_per_byte)};
}

double cost_edge_s(const struct cost_pair *pair, double n)
{
    return cost_model_value(pair->time_s, n);
}

double cost_round_trips(const struct cost_pair *pair, double n)
{
    return pair->round_trips ? cost_model_value(pair->round_trips, n) : 1;
}

/* No bytes take no time, whatever a byte takes: 0 times INFINITY is not NaN here. */
static double transfer_s(const struct cost_model *bytes, bool charges, double n, double s_per_byte)
{
    if (!charges || s_per_byte <= 0)
        return 0;
    double count = cost_model_value(bytes, n);
    return count > 0 ? count * s_per_byte : 0;
}

static double transfers_s(const struct cost_pair *pair, double n, const struct cost_link *link)
{
    return transfer_s(pair->bytes_up, pair->charges_up, n, link->up_s_per_byte) +
           transfer_s(pair->bytes_down, pair->charges_down, n, link->down_s_per_byte);
}

double cost_link_s(const struct cost_pair *pair, double n, const struct cost_link *link)
{
    return cost_round_trips(pair, n) * link->rtt_s + transfers_s(pair, n, link);
}

double cost_cloud_s(const struct cost_pair *pair, double n, const struct cost_link *link)
{
    return cost_link_s(pair, n, link) + cost_model_value(pair->remote_s, n);
}

double cost_break_even_rtt_s(const struct cost_pair *pair, double n, const struct cost_link *link)
{
    double margin =
        cost_edge_s(pair, n) - transfers_s(pair, n, link) - cost_model_value(pair->remote_s, n);
    return margin / cost_round_trips(pair, n);
}
