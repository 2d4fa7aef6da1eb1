// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the link is like now: changes that the play has in store come at their time, by a timer;
 * however late that rings, what is on the way is told the times that it would have had.
 */
#include "base/clock.h"
#include "base/units.h"
#include "testbed/relay_private.h"

#include <math.h>

static int64_t since_start(const struct relay *relay, int64_t at_ns)
{
    return at_ns - relay->started_ns;
}

/* When the next change is due; INT64_MAX: never. */
static int64_t due_ns(const struct relay *relay)
{
    double next_s = play_next_s(&relay->play);
    return next_s < 1e9 ? relay->started_ns + (int64_t)ceil(next_s * 1e9) : INT64_MAX;
}

static bool same(const struct link_state *a, const struct link_state *b)
{
    return a->round_trip_ns == b->round_trip_ns &&
           a->rate_bit_s[LINK_UP] == b->rate_bit_s[LINK_UP] &&
           a->rate_bit_s[LINK_DOWN] == b->rate_bit_s[LINK_DOWN];
}

/* The kernels' buffers follow the rate. */
static void fit_sources(struct relay *relay, enum link_direction direction)
{
    enum socket_role from = direction == LINK_UP ? SOCKET_CLIENT : SOCKET_SERVER;
    if (direction == LINK_UP) /* whose buffer accepted connections inherit */
        connection_fit_source(relay, relay->listener, direction);
    for (struct connection *c = relay->connections; c; c = c->next)
        connection_fit_source(relay, c->sockets[from], direction);
}

static void enter(struct relay *relay, int64_t at_ns, const struct link_state *state)
{
    const struct link_state before = relay->link.now;
    if (same(state, &before))
        return;
    link_change(&relay->link, at_ns, state);
    played_change(&relay->played, since_start(relay, at_ns), state);
    for (struct connection *c = relay->connections; c; c = c->next) {
        for (int d = 0; d < N_LINK_DIRECTIONS; d++)
            flow_retime(&c->flows[d], at_ns);
    }
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        if (before.rate_bit_s[d] == state->rate_bit_s[d])
            continue;
        fit_sources(relay, (enum link_direction)d);
        turns_again(&relay->turns[d]);
    }
}

/* What the play says for now, without delay. */
static void enter_now(struct relay *relay)
{
    int64_t now = clock_ns();
    const struct link_state state =
        play_at(&relay->play, fmax((double)since_start(relay, now) * 1e-9, relay->play.now_s));
    enter(relay, now, &state);
}

static void tell_end(struct relay *relay)
{
    char text[UNITS_TEXT_SIZE];
    if (relay->ended || !play_ended(&relay->play))
        return;
    relay->ended = true;
    relay_remark(relay, "the trace ended after %s; its last state stays",
                 relay->play.now_s < 60 ? format_time(relay->play.now_s, text)
                                        : format_duration(relay->play.now_s, text));
}

void state_catch_up(struct relay *relay)
{
    int64_t now = clock_ns(), due;
    while ((due = due_ns(relay)) <= now) {
        const struct link_state state = play_at(&relay->play, play_next_s(&relay->play));
        enter(relay, due, &state);
    }
    tell_end(relay);
    if (due < INT64_MAX)
        relay_timer(relay->changes, due);
}

void state_request(struct relay *relay)
{
    state_catch_up(relay);
    play_request(&relay->play);
    relay->statistics.n_requests++;
    enter_now(relay);
    tell_end(relay);
}

static void changes_are_due(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    state_catch_up(arg);
}

void state_start(struct relay *relay)
{
    play_start(&relay->play, &relay->options.play);
    const struct link_state first = play_at(&relay->play, 0);
    link_init(&relay->link, &first);
}

enum status state_run(struct relay *relay, struct error *error)
{
    relay->changes = evtimer_new(relay->base, changes_are_due, relay);
    if (!relay->changes)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a timer");
    relay->started_ns = clock_ns();
    played_start(&relay->played, &relay->link.now, relay->options.log);
    state_catch_up(relay);
    return STATUS_OK;
}

const struct link_state *relay_state(const struct relay *relay)
{
    return &relay->link.now;
}

void relay_set(struct relay *relay, const double values[N_LINK_COLUMNS])
{
    state_catch_up(relay);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (!isnan(values[c]))
            play_set(&relay->play, (enum link_column)c, values[c]);
    }
    enter_now(relay);
}

void relay_release(struct relay *relay)
{
    state_catch_up(relay);
    play_release(&relay->play);
    enter_now(relay);
}

const struct played *relay_played(const struct relay *relay)
{
    return &relay->played;
}
