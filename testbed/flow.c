// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "testbed/relay_private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static struct link *link_of(const struct flow *flow)
{
    return &flow->connection->relay->link;
}

static struct flow *opposite(struct flow *flow)
{
    return &flow->connection->flows[flow->direction == LINK_UP ? LINK_DOWN : LINK_UP];
}

/* The time at which what is handed on now reaches the receiver. */
static int64_t reaches_ns(const struct flow *flow)
{
    return clock_ns() + punctual_hand_ns(&flow->connection->relay->punctual);
}

/* Whether what leaves the link can be handed on now. */
static bool deliverable(const struct flow *flow)
{
    return !flow->blocked && (flow->to == SOCKET_CLIENT || flow->connection->connected);
}

static bool slow_start(const struct flow *flow)
{
    return flow->connection->relay->options.slow_start;
}

/* What lies in the kernel already enters the link at `since_ns`. */
static void start_reading(struct flow *flow, int64_t since_ns)
{
    bool there = flow->from == SOCKET_CLIENT || flow->connection->connected;
    if (flow->open && there && !flow->source_done && !flow->full && !flow->waits) {
        flow->reads_ns = since_ns;
        event_add(flow->readable, NULL);
    }
}

static void stop_reading(struct flow *flow)
{
    flow->source_done = true;
    event_del(flow->readable);
    turns_leave(flow);
}

/* Sets the timer to whatever this flow must do next. */
static void arm(struct flow *flow)
{
    struct relay *relay = flow->connection->relay;
    const struct piece *head = delayline_head(&flow->line);
    int64_t at = flow->open ? INT64_MAX : flow->opens_ns;
    if (head && !deliverable(flow)) /* only a reset does not wait for the receiver */
        head = flow->cut ? delayline_piece(&flow->line, flow->line.n_pieces - 1) : NULL;
    if (head && head->leave_ns < at)
        at = head->leave_ns;
    if (flow->held_ns && congestion_next_ns(&flow->congestion) < at)
        at = congestion_next_ns(&flow->congestion);
    if (at == INT64_MAX) {
        event_del(flow->timer);
        return;
    }
    /* Early by as much as timers are late; the rest is waited out by ringing again and again. */
    int64_t early = at - punctual_timer_ns(&relay->punctual) - punctual_hand_ns(&relay->punctual);
    flow->rings_ns = early > clock_ns() ? early : 0;
    relay_timer(flow->timer, early);
}

/* Tells the statistics of the pieces of the first `n` bytes, which are handed on now: once each. */
static void count_pieces(struct flow *flow, size_t n, int64_t now)
{
    struct relay_flow_statistics *statistics =
        &flow->connection->relay->statistics.flows[flow->direction];
    for (size_t i = 0; n > 0; i++) {
        struct piece *piece = delayline_piece(&flow->line, i);
        n -= piece->n_bytes;
        if (piece->seen)
            continue;
        piece->seen = true;
        tally_add(&statistics->asked, piece->leave_ns - piece->entered_ns);
        tally_add(&statistics->imposed, now - piece->entered_ns);
        tally_add(&statistics->late, now - piece->leave_ns);
    }
}

/* The first `n` bytes have left the link: their acknowledgements are on their way back. */
static enum status expect_acknowledgements(struct flow *flow, size_t n, int64_t now,
                                           struct error *error)
{
    enum { OLDEST_NS = 50000000 }; /* a receiver that was later than that made them wait */
    int64_t half = link_of(flow)->now.round_trip_ns / 2;
    for (size_t i = 0; n > 0; i++) {
        const struct piece *piece = delayline_piece(&flow->line, i);
        size_t part = n < piece->n_bytes ? n : piece->n_bytes;
        int64_t left = piece->leave_ns > now - OLDEST_NS ? piece->leave_ns : now;
        enum status status = congestion_left(&flow->congestion, left + half, part, error);
        if (status)
            return status;
        n -= part;
    }
    return STATUS_OK;
}

/* Appends a piece that enters at its entered_ns, behind all others. */
static enum status put(struct flow *flow, struct piece *piece, struct error *error)
{
    const struct delayline *line = &flow->line;
    struct link_times times =
        link_send(link_of(flow), flow->direction, piece->entered_ns, piece->n_bytes);
    piece->done_ns = times.done_ns;
    piece->leave_ns = times.leave_ns;
    if (line->n_pieces > 0 && piece->leave_ns < delayline_piece(line, line->n_pieces - 1)->leave_ns)
        piece->leave_ns = delayline_piece(line, line->n_pieces - 1)->leave_ns;
    return delayline_add(&flow->line, piece, error);
}

/* The reset is the last piece on the way: nothing follows it. */
static void cut_source(struct flow *flow, enum status added)
{
    stop_reading(flow);
    flow->cut = true;
    if (added)
        connection_close(flow->connection, true);
    else
        arm(flow); /* never at once: the callers still hold the connection */
}

/* A reset enters the link at `entered_ns`. */
static void reset_in_line(struct flow *flow, int64_t entered_ns)
{
    struct piece reset = {.kind = PIECE_RESET, .entered_ns = entered_ns};
    cut_source(flow, put(flow, &reset, NULL));
}

/* The receiver is gone and what is on the way to it with it. What it sent before may still be read
 * (an error page sent before all of a request was taken); then the sender learns of it. */
static void receiver_lost(struct flow *flow)
{
    struct flow *back = opposite(flow);
    stop_reading(flow);
    delayline_free(&flow->line);
    flow->finished = flow->lost = true;
    flow->cut = false;
    if (back->lost)
        connection_close(flow->connection, true);
    else if (back->finished)
        reset_in_line(back, clock_ns());
}

/* Hands on the bytes that have left the link. Returns whether the next piece can be looked at. */
static bool deliver_bytes(struct flow *flow, int64_t now)
{
    struct iovec spaces[2];
    int n_spaces;
    size_t n = delayline_ready(&flow->line, now, spaces, &n_spaces);
    struct msghdr message = {.msg_iov = spaces, .msg_iovlen = (size_t)n_spaces};
    int64_t before = clock_ns();
    ssize_t sent = sendmsg(flow->connection->sockets[flow->to], &message, MSG_NOSIGNAL);
    int64_t after = clock_ns();
    bool blocks = sent < 0 && (errno == EAGAIN || errno == EINTR);
    if (sent < 0 && !blocks) {
        receiver_lost(flow);
        return false;
    }
    if (n <= LINK_SEGMENT_BYTES)
        punctual_handed(&flow->connection->relay->punctual, after - before);
    count_pieces(flow, n, before + (after - before) / 2);
    if (sent > 0 && slow_start(flow) && expect_acknowledgements(flow, (size_t)sent, now, NULL)) {
        connection_close(flow->connection, true);
        return false;
    }
    if (sent > 0) {
        delayline_drop(&flow->line, (size_t)sent);
        flow->connection->relay->statistics.flows[flow->direction].n_bytes += (uint64_t)sent;
        if (flow->direction == LINK_DOWN)
            flow->connection->answered = true;
    }
    if (blocks || (size_t)sent < n) {
        flow->blocked = true;
        event_add(flow->writable, NULL);
        return false;
    }
    return true;
}

/* Hands on the head piece and its like. Returns whether there may be more. */
static bool deliver_head(struct flow *flow, int64_t now)
{
    struct connection *connection = flow->connection;
    switch (delayline_head(&flow->line)->kind) {
    case PIECE_BYTES:
        return deliver_bytes(flow, now);
    case PIECE_END:
        delayline_drop_mark(&flow->line);
        flow->finished = true;
        shutdown(connection->sockets[flow->to], SHUT_WR);
        if (opposite(flow)->finished)
            connection_close(connection, false);
        return !connection->closed;
    case PIECE_RESET:
        connection_close(connection, true);
        return false;
    }
    return false;
}

/* Reads on when the connection may have more on the way: since the acknowledgement that made room,
 * however late this runs. */
static void make_room(struct flow *flow)
{
    struct relay_statistics *statistics = &flow->connection->relay->statistics;
    int64_t now = clock_ns(), since = now;
    if (flow->line.n_bytes >= link_window(link_of(flow), flow->direction))
        return;
    if (flow->held_ns) {
        since = congestion_next_ns(&flow->congestion);
        if (since > now ||
            congestion_room(&flow->congestion, since, link_of(flow)->now.round_trip_ns) == 0)
            return;
        statistics->window_waits_ns += since - flow->held_ns;
    }
    flow->full = false;
    flow->held_ns = 0;
    start_reading(flow, since);
}

void flow_deliver(struct flow *flow)
{
    struct connection *connection = flow->connection;
    const struct piece *head;
    bool more = true;
    if (flow->cut && !deliverable(flow) &&
        delayline_piece(&flow->line, flow->line.n_pieces - 1)->leave_ns <= clock_ns()) {
        connection_close(connection, true);
        return;
    }
    while (more && deliverable(flow) && (head = delayline_head(&flow->line))) {
        int64_t now = reaches_ns(flow);
        more = head->leave_ns <= now && deliver_head(flow, now);
    }
    if (connection->closed)
        return;
    if (flow->full)
        make_room(flow);
    arm(flow);
}

void flow_reset(struct flow *flow, int64_t leave_ns)
{
    const struct piece reset = {.kind = PIECE_RESET,
                                .entered_ns = leave_ns,
                                .done_ns = INT64_MIN, /* no part of the queue */
                                .leave_ns = leave_ns};
    cut_source(flow, delayline_add(&flow->line, &reset, NULL));
}

void flow_retime(struct flow *flow, int64_t at_ns)
{
    const struct link *link = link_of(flow);
    size_t n = flow->line.n_pieces, from = n;
    /* what is on the line is at the head */
    while (from > 0 && (delayline_piece(&flow->line, from - 1)->done_ns > at_ns ||
                        delayline_piece(&flow->line, from - 1)->leave_ns == INT64_MAX))
        from--;
    int64_t before = from > 0 ? delayline_piece(&flow->line, from - 1)->leave_ns : INT64_MIN;
    for (size_t i = from; i < n; i++) {
        struct piece *piece = delayline_piece(&flow->line, i);
        struct link_times times = {piece->done_ns, piece->leave_ns};
        if (link_retime(link, flow->direction, &times)) {
            piece->done_ns = times.done_ns;
            piece->leave_ns = times.leave_ns > before ? times.leave_ns : before;
        }
        before = piece->leave_ns;
    }
    if (flow->opens_ns == INT64_MAX)
        flow->opens_ns = link_open_ns(link, flow->direction, at_ns);
    arm(flow);
}

/* Puts the `n` bytes that were read on their way, a piece at a time. */
static enum status enter(struct flow *flow, size_t n, int64_t entered_ns, struct error *error)
{
    size_t most = link_piece(link_of(flow), flow->direction);
    if (slow_start(flow))
        congestion_send(&flow->congestion, entered_ns, n);
    while (n > 0) {
        size_t part = n < most ? n : most;
        struct piece piece = {.kind = PIECE_BYTES, .n_bytes = part, .entered_ns = entered_ns};
        enum status status = put(flow, &piece, error);
        if (status)
            return status;
        n -= part;
    }
    return STATUS_OK;
}

static enum status end_of_stream(struct flow *flow, int64_t entered_ns, struct error *error)
{
    struct piece end = {.kind = PIECE_END, .entered_ns = entered_ns};
    if (opposite(flow)->lost) {
        reset_in_line(flow, entered_ns);
        return STATUS_OK;
    }
    stop_reading(flow);
    return put(flow, &end, error);
}

/* How much to ask the kernel for; 0: the connection has its share on the way already. */
static size_t wanted(const struct flow *flow, size_t room)
{
    size_t window = link_window(link_of(flow), flow->direction);
    size_t left = flow->line.n_bytes < window ? window - flow->line.n_bytes : 0;
    size_t most = room < LINK_PIECE_BYTES ? room : LINK_PIECE_BYTES;
    return most < left ? most : left;
}

/* Reads, with recvmsg's `flags`; *entered_ns is when what was read enters the link. Returns as
 * recvmsg. */
static ssize_t receive(struct flow *flow, struct iovec *spaces, int n_spaces, int flags,
                       const struct entry *entry, int64_t *entered_ns)
{
    struct connection *connection = flow->connection;
    _Alignas(struct cmsghdr) char control[ARRIVAL_CONTROL_SIZE];
    struct msghdr message = {.msg_iov = spaces,
                             .msg_iovlen = (size_t)n_spaces,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(connection->sockets[flow->from], &message, flags);
    int64_t at = INT64_MIN;
    if (n > 0)
        at = arrival_ns(&connection->relay->arrival, &message, clock_ns());
    if (at == INT64_MIN)
        at = entry->unknown_ns;
    if (at > entry->latest_ns)
        at = entry->latest_ns;
    *entered_ns = at < entry->earliest_ns ? entry->earliest_ns : at;
    return n;
}

/* How many bytes the congestion window lets in at the time at which the next byte enters: of the
 * acknowledgements those count that were back by then, however late this runs. What is no byte
 * needs no window. */
static size_t sendable(struct flow *flow, const struct entry *entry)
{
    char byte;
    struct iovec space = {&byte, 1};
    int64_t enters;
    if (receive(flow, &space, 1, MSG_PEEK, entry, &enters) != 1)
        return SIZE_MAX;
    int64_t round_trip = link_of(flow)->now.round_trip_ns;
    size_t room = congestion_room(&flow->congestion, enters, round_trip);
    if (room == 0) {
        flow->held_ns = enters;
        flow->owed_until_ns = 0; /* the line is idle with good reason */
        flow->connection->relay->statistics.n_window_waits++;
    }
    return room;
}

enum flow_read flow_take(struct flow *flow, size_t room, const struct entry *entry)
{
    struct connection *connection = flow->connection;
    struct error error = {0};
    struct iovec spaces[2];
    int n_spaces;
    int64_t entered;
    size_t want = wanted(flow, room), allowed = SIZE_MAX;
    ssize_t n = 0;
    if (want > 0 && slow_start(flow))
        allowed = sendable(flow, entry);
    want = want < allowed ? want : allowed;
    if (want == 0) {
        flow->full = true;
        arm(flow);
        return FLOW_SHUT;
    }
    if (delayline_space(&flow->line, want, spaces, &n_spaces, &error))
        goto fail;
    n = receive(flow, spaces, n_spaces, 0, entry, &entered);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return FLOW_EMPTY;
    if (n < 0) {
        reset_in_line(flow, entered);
        return FLOW_SHUT;
    }
    if (n == 0 ? end_of_stream(flow, entered, &error) : enter(flow, (size_t)n, entered, &error))
        goto fail;
    if (!connection->closed)
        flow_deliver(flow);
    if (connection->closed || flow->source_done)
        return FLOW_SHUT;
    return (size_t)n == want ? FLOW_MORE : FLOW_EMPTY;

fail:
    relay_remark(connection->relay, "a connection is cut: %s", error.text);
    connection_close(connection, true);
    return FLOW_SHUT;
}

static void flow_readable(int fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    turns_arrived(arg);
}

static void flow_writable(int fd, short what, void *arg)
{
    struct flow *flow = arg;
    (void)fd;
    (void)what;
    if (!flow->connection->connected && flow->to == SOCKET_SERVER) {
        connection_answered(flow->connection);
        return;
    }
    event_del(flow->writable);
    flow->blocked = false;
    flow_deliver(flow);
}

static void open_flow(struct flow *flow)
{
    struct connection *connection = flow->connection;
    flow->open = true;
    start_reading(flow, clock_ns());
    if (!event_pending(flow->readable, EV_READ, NULL))
        return;
    if (flow->direction == LINK_UP && flow->opens_ns > connection->asked_ns) {
        connection->relay->statistics.n_handshakes++;
        connection->relay->statistics.handshakes_ns += flow->opens_ns - connection->asked_ns;
    }
    /* what was sent during the handshake enters at its end, however late this runs */
    turns_opened(flow);
}

static void flow_rings(int fd, short what, void *arg)
{
    struct flow *flow = arg;
    int64_t now = clock_ns();
    (void)fd;
    (void)what;
    if (flow->rings_ns)
        punctual_rang(&flow->connection->relay->punctual, now - flow->rings_ns);
    flow->rings_ns = 0;
    if (!flow->open && now >= flow->opens_ns)
        open_flow(flow);
    if (!flow->connection->closed)
        flow_deliver(flow);
}

void flow_connected(struct flow *flow)
{
    start_reading(flow, clock_ns());
    flow_deliver(flow);
}

enum status flow_start(struct flow *flow, struct connection *connection,
                       enum link_direction direction, struct error *error)
{
    struct relay *relay = connection->relay;
    bool up = direction == LINK_UP;
    *flow = (struct flow){.connection = connection,
                          .direction = direction,
                          .from = up ? SOCKET_CLIENT : SOCKET_SERVER,
                          .to = up ? SOCKET_SERVER : SOCKET_CLIENT,
                          .opens_ns = link_open_ns(&relay->link, direction, connection->asked_ns)};
    congestion_init(&flow->congestion);
    flow->readable = event_new(relay->base, connection->sockets[flow->from], EV_READ | EV_PERSIST,
                               flow_readable, flow);
    flow->writable = event_new(relay->base, connection->sockets[flow->to], EV_WRITE | EV_PERSIST,
                               flow_writable, flow);
    flow->timer = evtimer_new(relay->base, flow_rings, flow);
    if (!flow->readable || !flow->writable || !flow->timer)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a connection");
    return STATUS_OK;
}

void flow_stop(struct flow *flow)
{
    struct event *const events[] = {flow->readable, flow->writable, flow->timer};
    turns_leave(flow);
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i])
            event_free(events[i]);
    }
    flow->readable = flow->writable = flow->timer = NULL;
    delayline_free(&flow->line);
    congestion_free(&flow->congestion);
}
