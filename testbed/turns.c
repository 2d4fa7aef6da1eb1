// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whose bytes enter the link next. A flow whose bytes find the link's queue full stops reading and
 * waits its turn; turns go round, a piece of at most the queue's room each, so that the connections
 * of a direction share its rate evenly.
 */
#include "base/clock.h"
#include "testbed/relay_private.h"

enum {
    CATCH_UP_NS = 50000000, /* more is not the relay's lateness but a machine that stood still */
    OWED_NS = 5000000       /* what a sender may take to go on once its kernel has room again */
};

/* When bytes enter that would have entered at `on_time_ns` had the relay not been late. */
static int64_t caught_up(int64_t on_time_ns, int64_t now)
{
    return on_time_ns > now - CATCH_UP_NS ? on_time_ns : now - CATCH_UP_NS;
}

static void push(struct turns *turns, struct flow *flow)
{
    flow->next = NULL;
    flow->waits = true;
    if (turns->last)
        turns->last->next = flow;
    else
        turns->first = flow;
    turns->last = flow;
}

static struct flow *pop(struct turns *turns)
{
    struct flow *flow = turns->first;
    turns->first = flow->next;
    if (!turns->first)
        turns->last = NULL;
    flow->next = NULL;
    flow->waits = false;
    return flow;
}

void turns_leave(struct flow *flow)
{
    if (!flow->waits)
        return;
    struct turns *turns = &flow->connection->relay->turns[flow->direction];
    for (struct flow *f = turns->first, *before = NULL; f; before = f, f = f->next) {
        if (f != flow)
            continue;
        if (before)
            before->next = f->next;
        else
            turns->first = f->next;
        if (turns->last == f)
            turns->last = before;
        break;
    }
    flow->waits = false;
}

/* The turn of a flow that waited. */
static void serve(struct turns *turns, struct flow *flow, int64_t room_at, int64_t now)
{
    struct link *link = &turns->relay->link;
    /* These bytes were there before the timer rang: that it rang late is the relay's fault and must
     * not leave the line idle. */
    int64_t at = room_at > INT64_MIN ? caught_up(room_at, now) : now;
    const struct entry entry = {.earliest_ns = at, .latest_ns = now, .unknown_ns = at};
    enum flow_read took = flow_take(flow, link_room(link, turns->direction, at), &entry);
    if (took == FLOW_SHUT)
        return;
    /* Nor must it that the sender stood still meanwhile because its kernel had no room. */
    if (link_idle_ns(link, turns->direction) < now)
        flow->owed_until_ns = now + OWED_NS;
    if (took == FLOW_MORE) {
        push(turns, flow);
    } else {
        flow->reads_ns = now;
        event_add(flow->readable, NULL);
    }
}

void turns_serve(int fd, short what, void *arg)
{
    struct turns *turns = arg;
    (void)fd;
    (void)what;
    while (turns->first) {
        int64_t now = clock_ns(), room_at = link_room_ns(&turns->relay->link, turns->direction);
        if (room_at > now) {
            if (room_at < INT64_MAX)
                relay_timer(turns->timer, room_at);
            return;
        }
        serve(turns, pop(turns), room_at, now);
    }
}

void turns_again(struct turns *turns)
{
    if (turns->first)
        event_active(turns->timer, EV_TIMEOUT, 0);
}

/* Bytes, not the end of the stream, go up after an answer. */
static bool is_request(const struct flow *flow)
{
    const struct connection *connection = flow->connection;
    char byte;
    return flow->direction == LINK_UP && connection->answered &&
           recv(connection->sockets[flow->from], &byte, 1, MSG_PEEK) == 1;
}

static void take(struct flow *flow, const struct entry *entry)
{
    struct relay *relay = flow->connection->relay;
    if (is_request(flow)) {
        flow->connection->answered = false;
        state_request(relay); /* before its room is asked for */
    }
    struct turns *turns = &relay->turns[flow->direction];
    size_t room = turns->first ? 0 : link_room(&relay->link, flow->direction, clock_ns());
    if (room == 0) {
        bool was_empty = !turns->first;
        event_del(flow->readable);
        push(turns, flow);
        if (was_empty)
            turns_serve(-1, 0, turns);
    } else if (flow_take(flow, room, entry) == FLOW_SHUT && flow->readable) {
        event_del(flow->readable);
    }
}

void turns_arrived(struct flow *flow)
{
    int64_t now = clock_ns();
    int64_t idle = link_idle_ns(&flow->connection->relay->link, flow->direction);
    struct entry entry = {.earliest_ns = flow->reads_ns, .latest_ns = now, .unknown_ns = now};
    if (now < flow->owed_until_ns && idle < now) {
        int64_t at = caught_up(idle, now);
        entry = (struct entry){at, at, at};
    }
    take(flow, &entry);
}

void turns_opened(struct flow *flow)
{
    flow->reads_ns = flow->opens_ns;
    const struct entry entry = {
        .earliest_ns = flow->opens_ns, .latest_ns = clock_ns(), .unknown_ns = flow->opens_ns};
    take(flow, &entry);
}
