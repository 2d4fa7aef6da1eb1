// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/link.h"

#include <math.h>

/* Long enough that a feeder which is 2 ms late finds the line still busy; short enough that a
 * sender's last byte is on the line 4 ms after it was taken from it. */
static const double queue_s = 4e-3, piece_s = 1e-3;

void link_init(struct link *link, const struct link_state *state)
{
    *link = (struct link){.now = *state};
    for (int d = 0; d < N_LINK_DIRECTIONS; d++)
        link->queues[d] = (struct link_queue){.done_ns = INT64_MIN, .leave_ns = INT64_MIN};
}

/* How the times of a queue that moved at `old_rate` from `from_ns` on map to those from `to_ns` on
 * at `new_rate`. */
static struct link_stretch stretch(int64_t from_ns, double old_rate, int64_t to_ns, double new_rate)
{
    double factor = isinf(new_rate) ? 0 : old_rate / new_rate;
    if (isinf(old_rate)) /* nothing queues at an unlimited rate */
        factor = 1;
    return (struct link_stretch){.from_ns = from_ns, .to_ns = to_ns, .factor = factor};
}

static int64_t stretched(const struct link_stretch *s, int64_t done_ns)
{
    static const double longest_ns = 1e18; /* thirty years */
    return s->to_ns + (int64_t)fmin((double)(done_ns - s->from_ns) * s->factor, longest_ns);
}

/* Half a round trip; an odd nanosecond belongs to the way down. */
static int64_t half_ns(const struct link *link, enum link_direction direction)
{
    int64_t half = link->now.round_trip_ns / 2;
    return direction == LINK_UP ? half : link->now.round_trip_ns - half;
}

static void change_queue(struct link_queue *queue, int64_t at_ns, double old_rate, double new_rate)
{
    queue->stretch = (struct link_stretch){.from_ns = at_ns, .to_ns = at_ns, .factor = 1};
    if (new_rate == 0 && old_rate != 0) {
        queue->stood_ns = at_ns;
        queue->stood_rate = old_rate;
    } else if (new_rate != 0 && old_rate == 0) {
        queue->stretch = stretch(queue->stood_ns, queue->stood_rate, at_ns, new_rate);
        /* a queue that stood still must not be credited with the time in which nothing could
         * enter */
        if (queue->done_ns < queue->stood_ns)
            queue->done_ns = queue->stood_ns;
        queue->done_ns = stretched(&queue->stretch, queue->done_ns);
    } else if (new_rate != 0) {
        queue->stretch = stretch(at_ns, old_rate, at_ns, new_rate);
        if (queue->done_ns > at_ns)
            queue->done_ns = stretched(&queue->stretch, queue->done_ns);
    }
}

void link_change(struct link *link, int64_t at_ns, const struct link_state *state)
{
    const struct link_state before = link->now;
    link->now = *state;
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        struct link_queue *queue = &link->queues[d];
        change_queue(queue, at_ns, before.rate_bit_s[d], state->rate_bit_s[d]);
        /* the end of the queue has a new time, which may be an earlier one */
        if (queue->done_ns >= at_ns)
            queue->leave_ns = queue->done_ns + half_ns(link, (enum link_direction)d);
    }
}

bool link_retime(const struct link *link, enum link_direction direction, struct link_times *times)
{
    const struct link_queue *queue = &link->queues[direction];
    bool stood = times->leave_ns == INT64_MAX;
    if (!stood && times->done_ns <= queue->stretch.from_ns)
        return false;
    if (link->now.rate_bit_s[direction] == 0) {
        times->leave_ns = INT64_MAX;
        return !stood;
    }
    times->done_ns = stretched(&queue->stretch, times->done_ns);
    times->leave_ns = times->done_ns + half_ns(link, direction);
    return true;
}

int64_t link_open_ns(const struct link *link, enum link_direction direction, int64_t asked_ns)
{
    int64_t round_trip = link->now.round_trip_ns;
    if (link->now.rate_bit_s[LINK_UP] == 0 || link->now.rate_bit_s[LINK_DOWN] == 0)
        return INT64_MAX;
    return asked_ns + round_trip + (direction == LINK_DOWN ? round_trip / 2 : 0);
}

static double clamp(double x, double low, double high)
{
    return fmin(fmax(x, low), high);
}

static double queue_bytes(double rate)
{
    return fmax(rate / 8 * queue_s, 2.0 * LINK_SEGMENT_BYTES);
}

static int64_t half_queue_ns(double rate)
{
    return isinf(rate) ? 0 : (int64_t)(queue_bytes(rate) / 2 * 8e9 / rate);
}

size_t link_room(const struct link *link, enum link_direction direction, int64_t at_ns)
{
    double rate = link->now.rate_bit_s[direction];
    if (at_ns < link_room_ns(link, direction))
        return 0;
    if (isinf(rate))
        return SIZE_MAX;
    int64_t done = link->queues[direction].done_ns;
    double queued = done > at_ns ? (double)(done - at_ns) * rate / 8e9 : 0;
    double room = queue_bytes(rate) - queued;
    return room < 0x1p52 ? (size_t)room : SIZE_MAX;
}

int64_t link_room_ns(const struct link *link, enum link_direction direction)
{
    double rate = link->now.rate_bit_s[direction];
    int64_t done = link->queues[direction].done_ns;
    if (rate == 0)
        return INT64_MAX;
    return isinf(rate) || done == INT64_MIN ? INT64_MIN : done - half_queue_ns(rate);
}

int64_t link_idle_ns(const struct link *link, enum link_direction direction)
{
    return link->queues[direction].done_ns;
}

/* A mark at rate 0: it has its place in the queue and no time to leave. */
static struct link_times stand(struct link_queue *queue)
{
    if (queue->done_ns < queue->stood_ns) {
        queue->done_ns = queue->stood_ns;
        queue->carry_ns = 0;
    }
    return (struct link_times){.done_ns = queue->done_ns, .leave_ns = INT64_MAX};
}

struct link_times link_send(struct link *link, enum link_direction direction, int64_t entered_ns,
                            size_t n_bytes)
{
    struct link_queue *queue = &link->queues[direction];
    double rate = link->now.rate_bit_s[direction];
    if (rate == 0)
        return stand(queue);
    if (queue->done_ns < entered_ns) {
        queue->done_ns = entered_ns;
        queue->carry_ns = 0;
    }
    if (n_bytes > 0) {
        double took = (double)n_bytes * 8e9 / rate + queue->carry_ns;
        queue->done_ns += (int64_t)took;
        queue->carry_ns = took - floor(took);
    }
    int64_t leave = queue->done_ns + half_ns(link, direction);
    if (queue->leave_ns < leave)
        queue->leave_ns = leave;
    return (struct link_times){.done_ns = queue->done_ns, .leave_ns = queue->leave_ns};
}

size_t link_piece(const struct link *link, enum link_direction direction)
{
    double bytes = link->now.rate_bit_s[direction] / 8 * piece_s;
    return (size_t)clamp(bytes, LINK_SEGMENT_BYTES, LINK_PIECE_BYTES);
}

size_t link_window(const struct link *link, enum link_direction direction)
{
    double rate = link->now.rate_bit_s[direction];
    double bytes = rate / 8e9 * (double)link->now.round_trip_ns + queue_bytes(rate);
    if (isinf(rate))
        bytes = LINK_WINDOW_BYTES;
    return (size_t)clamp(bytes, LINK_PIECE_BYTES, LINK_WINDOW_BYTES);
}
