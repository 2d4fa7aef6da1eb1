// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_source_private.h"

#include <math.h>

static double period(const struct link_column_source *from, const struct link_cursor *cursor)
{
    return cursor->by_request ? from->period_rows : from->period_s;
}

/* ---- traces */

/* Where the values of a series begin, along what the cursor moves along. */
static const double *places(const struct trace_series *series, const struct link_cursor *cursor)
{
    return cursor->by_request ? series->rows : series->t_s;
}

/* The last place from `from` on that begins at `x` or before: steps that double, then halve. */
static size_t place_at(const double *begins, size_t n, size_t from, double base, double x)
{
    size_t step = 1;
    for (; from + step < n && base + begins[from + step] <= x; step *= 2)
        from += step;
    for (; step > 0; step /= 2) {
        if (from + step < n && base + begins[from + step] <= x)
            from += step;
    }
    return from;
}

static void go_on_in_trace(const struct link_column_source *from, struct link_cursor *cursor,
                           double x, bool loop)
{
    const struct trace_series *series = from->series;
    const double *begins = places(series, cursor);
    double length = period(from, cursor);
    if (loop && x >= (double)(cursor->cycle + 1) * length) {
        uint64_t cycle = (uint64_t)(x / length);
        cursor->cycle = cycle > cursor->cycle ? cycle : cursor->cycle + 1;
        cursor->place = 0;
    }
    double base = (double)cursor->cycle * length;
    cursor->place = place_at(begins, series->n, cursor->place, base, x);
    cursor->value = series->values[cursor->place];
    if (cursor->place + 1 < series->n)
        cursor->until = base + begins[cursor->place + 1];
    else if (loop)
        cursor->until = (double)(cursor->cycle + 1) * length;
    else
        cursor->until = x < length ? length : INFINITY;
}

/* ---- models */

/* The value of the present step is a function of the generator's state there, so that steps that
 * nobody looks at cost one draw and leave the future as it is. */
static void draw_value(const struct link_chain *chain, struct link_cursor *cursor)
{
    struct random beside = {~cursor->random.state};
    cursor->value = link_chain_draw(chain, cursor->place, &beside);
}

static void go_on_in_model(const struct link_column_source *from, struct link_cursor *cursor,
                           double x)
{
    double step = period(from, cursor);
    while (x >= cursor->until) {
        cursor->place = link_chain_next(from->chain, cursor->place, &cursor->random);
        cursor->until += step;
    }
    draw_value(from->chain, cursor);
}

/* ---- a column, a player */

static void cursor_start(const struct link_column_source *from, struct link_cursor *cursor,
                         bool by_request, bool loop, uint64_t seed)
{
    *cursor = (struct link_cursor){
        .random = {seed}, .by_request = by_request, .value = from->constant, .until = INFINITY};
    if (from->series) {
        go_on_in_trace(from, cursor, 0, loop);
    } else if (from->chain) {
        cursor->place = link_chain_start(from->chain, &cursor->random);
        cursor->until = period(from, cursor);
        draw_value(from->chain, cursor);
    }
}

/* Only while x >= cursor->until: constants have INFINITY there. */
static void cursor_go_on(const struct link_column_source *from, struct link_cursor *cursor,
                         double x, bool loop)
{
    if (from->series)
        go_on_in_trace(from, cursor, x, loop);
    else
        go_on_in_model(from, cursor, x);
}

void link_player_start(struct link_player *player, const struct link_source *source, uint64_t seed,
                       enum link_pace pace, bool loop)
{
    struct random random = {seed};
    *player = (struct link_player){.source = source, .loop = loop};
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        const struct link_column_source *from = &source->columns[c];
        bool varies = from->series || from->chain;
        bool by_request = varies && (pace == PACE_REQUEST || (pace == PACE_NATURAL && from->slow));
        cursor_start(from, &player->cursors[c], by_request, loop, random_u64(&random));
    }
}

struct link_conditions link_player_at(struct link_player *player, double t_s)
{
    struct link_conditions now;
    player->now_s = fmax(t_s, player->now_s);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        struct link_cursor *cursor = &player->cursors[c];
        if (!cursor->by_request && player->now_s >= cursor->until)
            cursor_go_on(&player->source->columns[c], cursor, player->now_s, player->loop);
        now.values[c] = cursor->value;
    }
    return now;
}

void link_player_request(struct link_player *player)
{
    player->n_requests++;
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        struct link_cursor *cursor = &player->cursors[c];
        if (cursor->by_request && player->n_requests >= cursor->until)
            cursor_go_on(&player->source->columns[c], cursor, player->n_requests, player->loop);
    }
}

double link_player_next_s(const struct link_player *player)
{
    double next_s = INFINITY;
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (!player->cursors[c].by_request)
            next_s = fmin(next_s, player->cursors[c].until);
    }
    return next_s;
}

bool link_player_ended(const struct link_player *player)
{
    bool any = false;
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        const struct link_column_source *from = &player->source->columns[c];
        if (from->chain || (from->series && !isinf(player->cursors[c].until)))
            return false;
        any = any || from->series;
    }
    return any;
}

struct link_transfer link_player_transfer(const struct link_player *player,
                                          enum link_column direction, double bytes, double limit_s)
{
    const struct link_column_source *from = &player->source->columns[direction];
    struct link_cursor cursor = player->cursors[direction];
    /* counted from now on: late in a trace the grain of doubles is coarse */
    double bits = 8 * bytes, gone_s = 0, moving_s = 0;
    while (bits > 0) {
        double left_s = cursor.by_request ? INFINITY : (cursor.until - player->now_s) - gone_s;
        double sent = cursor.value > 0 ? cursor.value * left_s : 0;
        double step_s = sent >= bits ? bits / cursor.value : left_s;
        if (cursor.value > 0)
            moving_s += fmin(step_s, limit_s - gone_s);
        gone_s += step_s;
        if (gone_s > limit_s)
            return (struct link_transfer){INFINITY, moving_s};
        if (sent >= bits)
            break;
        bits -= sent;
        cursor_go_on(from, &cursor, cursor.until, player->loop);
    }
    return (struct link_transfer){gone_s, moving_s};
}
