// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Whose bytes enter the link next. A flow whose bytes find the link's queue full stops reading and
 * waits its turn; turns go round, a piece of at most the queue's room each, so that the connections
 * of a direction share its rate evenly.
 */
#include "base/clock.h"
#include "testbed/relay_private.h"

/* What the relay itself was late by is made up for, but not a machine that stood still. */
enum { CATCH_UP_NS = 50000000 };

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

void turns_serve(int fd, short what, void *arg)
{
    struct turns *turns = arg;
    struct link *link = &turns->relay->link;
    (void)fd;
    (void)what;
    while (turns->first) {
        int64_t now = clock_ns(), room_at = link_room_ns(link, turns->direction);
        if (room_at > now) {
            if (room_at < INT64_MAX)
                relay_timer(turns->timer, room_at);
            return;
        }
        /* These bytes were there before the timer rang: that it rang late is the relay's fault
         * and must not leave the line idle. */
        int64_t entered = now;
        if (room_at > INT64_MIN)
            entered = room_at > now - CATCH_UP_NS ? room_at : now - CATCH_UP_NS;
        const struct entry entry = {.earliest_ns = entered, .unknown_ns = entered};
        struct flow *flow = pop(turns);
        switch (flow_take(flow, link_room(link, turns->direction, entered), &entry)) {
        case FLOW_MORE:
            push(turns, flow);
            break;
        case FLOW_EMPTY:
            flow->reads_ns = now;
            event_add(flow->readable, NULL);
            break;
        case FLOW_SHUT:
            break;
        }
    }
}

void turns_take(struct flow *flow, const struct entry *entry)
{
    struct relay *relay = flow->connection->relay;
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
