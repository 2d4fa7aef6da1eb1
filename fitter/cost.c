// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/cost.h"

#include "base/units.h"
#include "records/link_source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

enum status cost_link_parse(const char *text, struct cost_link *link, struct error *error)
{
    double values[N_LINK_COLUMNS];
    enum status status = link_fixed_parse(text, values, error);
    if (status) {
        error_prefix(error, "--link");
        return status;
    }
    *link = (struct cost_link){values[COLUMN_RTT], NAN, NAN};
    if (!isnan(values[COLUMN_UP]))
        link->up_s_per_byte = cost_s_per_byte(values[COLUMN_UP]);
    if (!isnan(values[COLUMN_DOWN]))
        link->down_s_per_byte = cost_s_per_byte(values[COLUMN_DOWN]);
    return STATUS_OK;
}

void cost_link_complete(struct cost_link *link, const struct model_set *set)
{
    struct cost_link measured = cost_link_measured(set);
    if (isnan(link->rtt_s))
        link->rtt_s = measured.rtt_s;
    if (isnan(link->up_s_per_byte))
        link->up_s_per_byte = measured.up_s_per_byte;
    if (isnan(link->down_s_per_byte))
        link->down_s_per_byte = measured.down_s_per_byte;
}

static size_t put_rate(double s_per_byte, const char *direction, char *text, size_t size)
{
    int n = s_per_byte > 0 ? snprintf(text, size, ", %.4g Mbit/s %s", 8e-6 / s_per_byte, direction)
                           : snprintf(text, size, ", unlimited %s", direction);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

const char *cost_link_text(const struct cost_link *link, bool up, bool down, char *text)
{
    format_time(link->rtt_s, text);
    size_t used = strlen(text);
    if (up)
        used += put_rate(link->up_s_per_byte, "up", text + used, COST_LINK_TEXT_SIZE - used);
    if (down)
        put_rate(link->down_s_per_byte, "down", text + used, COST_LINK_TEXT_SIZE - used);
    return text;
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
