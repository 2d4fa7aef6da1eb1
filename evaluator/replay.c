// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/replay.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>

struct replay {
    const struct replay_options *options;
    const struct cost_pair *pair;
    struct ledger *ledger;
    struct length_sampler sampler;
    struct draw_source *sources; /* by length, as are the next two */
    double *bytes_up, *bytes_down;
    struct link_player player;
    double row_s; /* that the round trip goes on by with each request; 0: it goes by the clock */
    struct random lengths, times, arrivals; /* streams of their own: one does not shift another */
};

/* Outages stall what is not charged by the byte as well. */
static double bytes_charged(const struct cost_model *model, bool charges, uint32_t n)
{
    return charges ? fmax(cost_model_value(model, n), 1) : 1;
}

static enum status prepare(struct replay *r, const struct histogram *histogram,
                           const struct draws *draws, struct error *error)
{
    size_t n = histogram->n;
    r->sources = calloc(n + 1, sizeof *r->sources);
    r->bytes_up = calloc(n + 1, sizeof *r->bytes_up);
    r->bytes_down = calloc(n + 1, sizeof *r->bytes_down);
    if (!r->sources || !r->bytes_up || !r->bytes_down)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu lengths", n);
    for (size_t i = 0; i < n; i++) {
        uint32_t length = histogram->lengths[i];
        r->sources[i] = draws_at(draws, r->pair, length);
        r->bytes_up[i] = bytes_charged(r->pair->bytes_up, r->pair->charges_up, length);
        r->bytes_down[i] = bytes_charged(r->pair->bytes_down, r->pair->charges_down, length);
    }
    return length_sampler_make(histogram, &r->sampler, error);
}

/* Columns that advance by the request hold during one. */
static bool holds_until(const struct link_player *player, enum link_column direction, double at_s)
{
    const struct link_cursor *cursor = &player->cursors[direction];
    return cursor->by_request || at_s <= cursor->until;
}

/* Of bytes that set out at at_s; most bandwidths never change, or not so soon. */
static struct link_transfer transfer(const struct replay *r, enum link_column direction,
                                     double bytes, double at_s)
{
    double s = bytes * 8 / r->player.cursors[direction].value;
    if (holds_until(&r->player, direction, at_s + s))
        return (struct link_transfer){s, isfinite(s) ? fmin(s, r->options->timeout_s) : 0};
    struct link_player later = r->player;
    link_player_at(&later, at_s);
    return link_player_transfer(&later, direction, bytes, r->options->timeout_s);
}

/* What was to be expected before the times were drawn. */
static void expect(const struct replay *r, struct request *request, double link_s)
{
    const struct draw_source *source = &r->sources[request->place];
    const struct known_length *length = &r->ledger->lengths[request->place];
    struct cloud_mean cloud = draw_cloud_mean(source, link_s, r->options->timeout_s);
    request->expected_edge_s = draw_edge_mean_s(source);
    request->expected_edge_j = known_edge_j(length, request->expected_edge_s);
    request->expected_cloud_s = cloud.waited_s + cloud.local_s;
    double sending_s = fmin(request->sending_s, cloud.waited_s);
    double receiving_s = fmin(request->receiving_s, cloud.waited_s - sending_s);
    request->expected_cloud_j =
        energy_cloud_used_j(&r->ledger->energy, cloud.waited_s, sending_s, receiving_s);
    if (cloud.local_s > 0)
        request->expected_cloud_j += known_edge_j(length, cloud.local_s);
}

static void charge(struct replay *r, struct request *request, const struct draw *draw)
{
    double timeout_s = r->options->timeout_s;
    double round_trips = r->ledger->lengths[request->place].round_trips;
    double rtts_s = round_trips * request->rtt_s;
    struct link_transfer down = {0};
    struct link_transfer up = transfer(r, COLUMN_UP, r->bytes_up[request->place], request->at_s);
    request->reach_s = rtts_s - request->rtt_s / 2 + up.s;
    request->answered_s = fmax(request->reach_s + draw->remote_s, 0);
    if (request->answered_s < timeout_s)
        down = transfer(r, COLUMN_DOWN, r->bytes_down[request->place],
                        request->at_s + request->answered_s);
    request->transfer_s = up.s + down.s;
    request->up_s = up.s;
    request->sending_s = r->pair->charges_up ? up.moving_s : 0;
    request->receiving_s = r->pair->charges_down ? down.moving_s : 0;
    request->cloud_s = fmax(rtts_s + request->transfer_s + draw->remote_s, 0);
    request->busy_s = draw->busy_s;
    request->failed = !(request->cloud_s <= timeout_s);
    if (request->failed)
        request->cloud_s = timeout_s;
    expect(r, request, rtts_s + request->transfer_s);
}

static double make(struct replay *r, size_t i, double at_s)
{
    struct request *request = &r->ledger->requests[i];
    struct link_conditions now = link_player_at(&r->player, at_s);
    request->place = (uint32_t)alias_table_draw(&r->sampler.table, &r->lengths);
    struct draw draw = draw_pick(&r->sources[request->place], &r->times);
    request->at_s = at_s;
    request->clock_s = r->row_s > 0 ? r->row_s * (double)i : at_s;
    request->rtt_s = now.values[COLUMN_RTT];
    request->up_s_per_byte = cost_s_per_byte(now.values[COLUMN_UP]);
    request->down_s_per_byte = cost_s_per_byte(now.values[COLUMN_DOWN]);
    request->edge_s = draw.edge_s;
    request->edge_j = known_edge_j(&r->ledger->lengths[request->place], draw.edge_s);
    request->group = draw.group;
    charge(r, request, &draw);
    link_player_request(&r->player);
    return draw.edge_s;
}

static struct random stream(uint64_t seed, uint64_t which)
{
    struct random random = {seed + which};
    return (struct random){random_u64(&random)};
}

enum status replay_ledger(const struct replay_options *options, const struct histogram *histogram,
                          const struct draws *draws, const struct cost_pair *pair,
                          const struct link_source *link, struct ledger *ledger,
                          struct error *error)
{
    struct replay r = {.options = options,
                       .pair = pair,
                       .ledger = ledger,
                       .row_s = link_source_row_s(link, COLUMN_RTT),
                       .lengths = stream(options->seed, 1),
                       .times = stream(options->seed, 2),
                       .arrivals = stream(options->seed, 3)};
    double at_s = 0, edge_s = 0;
    enum status status = prepare(&r, histogram, draws, error);
    if (status)
        goto done;
    ledger->timeout_s = options->timeout_s;
    ledger->open = arrivals_open(&options->arrivals);
    link_player_start(&r.player, link, options->seed, PACE_NATURAL, true);
    for (size_t i = 0; i < ledger->n; i++) {
        edge_s = make(&r, i, at_s);
        at_s = arrivals_next(&options->arrivals, i, at_s, edge_s, &r.arrivals);
    }
    ledger_finish(ledger);
done:
    free(r.sources);
    free(r.bytes_up);
    free(r.bytes_down);
    length_sampler_free(&r.sampler);
    return status;
}
