// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/played.h"

#include "testbed/play.h"

#include <math.h>

/* The value of a column as a whole number: ns or bit/s. */
static int64_t whole(const struct link_state *state, enum link_column column)
{
    if (column == COLUMN_RTT)
        return state->round_trip_ns;
    double rate = state->rate_bit_s[column == COLUMN_UP ? LINK_UP : LINK_DOWN];
    return isinf(rate) ? INT64_MAX : llround(rate);
}

static void log_rate(FILE *log, double rate_bit_s)
{
    fprintf(log, ",%.9g", fmin(rate_bit_s, PLAY_UNLIMITED_BIT_S) * 1e-6);
}

static void log_state(const struct played *played, int64_t t_ns)
{
    if (!played->log)
        return;
    fprintf(played->log, "%.9f,%.9g", (double)t_ns * 1e-9,
            (double)played->state.round_trip_ns * 1e-6);
    log_rate(played->log, played->state.rate_bit_s[LINK_UP]);
    log_rate(played->log, played->state.rate_bit_s[LINK_DOWN]);
    fputc('\n', played->log);
}

void played_start(struct played *played, const struct link_state *state, FILE *log)
{
    *played = (struct played){.state = *state, .log = log};
    if (log)
        fputs("t_s,rtt_ms,up_mbps,down_mbps\n", log);
    log_state(played, 0);
}

/* Accounts for the time since the state began. */
static void account(struct played *played, int64_t t_ns)
{
    const struct link_state *state = &played->state;
    int64_t held_ns = t_ns > played->since_ns ? t_ns - played->since_ns : 0;
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        tally_add_weighted(&played->columns[c], whole(state, (enum link_column)c),
                           (uint64_t)held_ns);
    if (state->rate_bit_s[LINK_UP] == 0 || state->rate_bit_s[LINK_DOWN] == 0)
        played->outage_ns += held_ns;
    played->since_ns += held_ns;
    played->duration_ns = played->since_ns;
}

void played_change(struct played *played, int64_t t_ns, const struct link_state *state)
{
    account(played, t_ns);
    played->n_changes++;
    played->state = *state;
    log_state(played, played->since_ns);
}

void played_end(struct played *played, int64_t t_ns)
{
    account(played, t_ns);
    log_state(played, played->since_ns); /* says how long the last one held */
}

double played_quantile(const struct played *played, enum link_column column, double p)
{
    double value = (double)tally_quantile_ns(&played->columns[column], p);
    if (column == COLUMN_RTT)
        return value * 1e-9;
    return value > PLAY_UNLIMITED_BIT_S ? INFINITY : value;
}
