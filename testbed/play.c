// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/play.h"

#include <math.h>

/* Apart from each other and from the source's own streams, which are seeded by the seed itself. */
static const uint64_t jitter_salt = 0x6a6974746572, outage_salt = 0x6f7574616765;

static struct random stream(uint64_t seed, uint64_t salt)
{
    struct random random = {seed ^ salt};
    random.state = random_u64(&random);
    return random;
}

static double exponential(struct random *random, double mean)
{
    return -mean * log1p(-random_uniform(random));
}

void play_start(struct play *play, const struct play_options *options)
{
    *play = (struct play){.options = *options,
                          .jitter = stream(options->seed, jitter_salt),
                          .outages = stream(options->seed, outage_salt),
                          .turns_s = INFINITY};
    link_player_start(&play->player, options->source, options->seed, options->pace, !options->once);
    if (options->outage_for_s > 0)
        play->turns_s = exponential(&play->outages, options->outage_every_s);
    play->deviate = random_normal(&play->jitter);
    play_release(play);
}

static double rate(const struct play *play, enum link_column column, double source_bit_s)
{
    double bit_s = source_bit_s;
    if (play->out)
        bit_s = 0;
    if (!isnan(play->set[column]))
        bit_s = play->set[column];
    if (bit_s >= PLAY_UNLIMITED_BIT_S)
        return INFINITY;
    return bit_s < PLAY_LEAST_BIT_S ? 0 : bit_s;
}

static double round_trip_s(const struct play *play, double source_s)
{
    if (!isnan(play->set[COLUMN_RTT]))
        return play->set[COLUMN_RTT];
    return fmax(0, source_s + play->options.jitter_s * play->deviate);
}

struct link_state play_at(struct play *play, double t_s)
{
    while (play->turns_s <= t_s) {
        play->out = !play->out;
        play->turns_s += exponential(&play->outages, play->out ? play->options.outage_for_s
                                                               : play->options.outage_every_s);
    }
    play->now_s = t_s;
    const struct link_conditions source = link_player_at(&play->player, t_s);
    return (struct link_state){
        .round_trip_ns = llround(round_trip_s(play, source.values[COLUMN_RTT]) * 1e9),
        .rate_bit_s = {[LINK_UP] = rate(play, COLUMN_UP, source.values[COLUMN_UP]),
                       [LINK_DOWN] = rate(play, COLUMN_DOWN, source.values[COLUMN_DOWN])}};
}

void play_request(struct play *play)
{
    if (play->n_requests++ == 0)
        return; /* it finds the first state */
    link_player_request(&play->player);
    play->deviate = random_normal(&play->jitter);
}

double play_next_s(const struct play *play)
{
    return fmin(play->turns_s, link_player_next_s(&play->player));
}

void play_set(struct play *play, enum link_column column, double value)
{
    play->set[column] = value;
}

void play_release(struct play *play)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        play->set[c] = NAN;
}

bool play_ended(const struct play *play)
{
    return link_player_ended(&play->player);
}
