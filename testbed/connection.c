// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "testbed/relay_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_option(int fd, int level, int option, int value)
{
    /* each of these makes a link more honest; none is needed for it to work */
    (void)setsockopt(fd, level, option, &value, sizeof value);
}

/* How many bytes the kernel may hold of a source at the present rate; 0: as many as it likes. */
static int source_buffer(const struct relay *relay, enum link_direction direction)
{
    enum { LEAST = 3000, MOST = 128 * 1024 };
    struct link empty;
    link_init(&empty, &relay->link.now);
    size_t queue = link_room(&empty, direction, 0);
    if (queue == SIZE_MAX)
        return 0;
    /* The peer's kernel sizes its send buffer by the segment size (2.6 MB at once with that of a
     * loopback) and lets it grow with what is under way, which this buffer bounds. By trial, a
     * sixth of the queue is the least that costs no throughput and little time. */
    size_t buffer = queue / 6 < LEAST ? LEAST : queue / 6;
    return (int)(buffer < MOST ? buffer : MOST);
}

/* The window that is offered follows the rate. The buffer of a link that may change does not: a
 * peer may still send what it was offered before, and what a smaller one could not take would be
 * thrown away, to be sent again after a time-out. */
enum { ANY_RATE = 1024 * 1024 };

void connection_prepare_source(const struct relay *relay, int fd, enum link_direction direction)
{
    const struct play_options *play = &relay->options.play;
    int buffer = source_buffer(relay, direction);
    bool may_change =
        relay->options.settable || play->outage_for_s > 0 || !link_source_constant(play->source);
    if (buffer > 0 || may_change) /* the segment size cannot be changed later */
        set_option(fd, IPPROTO_TCP, TCP_MAXSEG, LINK_SEGMENT_BYTES);
    if (may_change)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, ANY_RATE);
    else if (buffer > 0)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, buffer);
    if (may_change && buffer > 0)
        set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, buffer);
}

void connection_fit_source(const struct relay *relay, int fd, enum link_direction direction)
{
    int buffer = source_buffer(relay, direction);
    set_option(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, buffer > 0 ? buffer : ANY_RATE);
}

static void list_remove(struct connection *connection)
{
    struct relay *relay = connection->relay;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        relay->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
}

static void list_add(struct connection *connection)
{
    struct relay *relay = connection->relay;
    connection->next = relay->connections;
    if (connection->next)
        connection->next->previous = connection;
    relay->connections = connection;
}

void connection_close(struct connection *connection, bool reset)
{
    struct relay *relay = connection->relay;
    if (connection->closed)
        return;
    connection->closed = true;
    for (int d = 0; d < N_LINK_DIRECTIONS; d++)
        flow_stop(&connection->flows[d]);
    for (int s = 0; s < N_SOCKETS; s++) {
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        if (connection->sockets[s] < 0)
            continue;
        if (reset)
            (void)setsockopt(connection->sockets[s], SOL_SOCKET, SO_LINGER, &at_once,
                             sizeof at_once);
        close(connection->sockets[s]);
    }
    list_remove(connection);
    connection->next = relay->closed;
    relay->closed = connection;
    relay->statistics.n_open--;
}

void connection_sweep(struct relay *relay)
{
    while (relay->closed) {
        struct connection *connection = relay->closed;
        relay->closed = connection->next;
        free(connection);
    }
}

/* Nothing listens at the server: as on a real link, the client learns of it one round trip after
 * it asked. */
static void unreachable(struct connection *connection, int errnum)
{
    struct relay *relay = connection->relay;
    struct flow *up = &connection->flows[LINK_UP];
    relay->statistics.n_unreachable++;
    relay_remark(relay, "no connection to %s: %s; the client is reset", relay->server_text,
                 strerror(errnum));
    event_del(up->writable);
    up->source_done = up->finished = true;
    flow_reset(&connection->flows[LINK_DOWN], connection->asked_ns + relay->link.now.round_trip_ns);
}

void connection_answered(struct connection *connection)
{
    int errnum = 0;
    socklen_t size = sizeof errnum;
    if (getsockopt(connection->sockets[SOCKET_SERVER], SOL_SOCKET, SO_ERROR, &errnum, &size) != 0)
        errnum = errno;
    if (errnum) {
        unreachable(connection, errnum);
        return;
    }
    connection->connected = true;
    event_del(connection->flows[LINK_UP].writable);
    flow_connected(&connection->flows[LINK_DOWN]);
    if (!connection->closed)
        flow_connected(&connection->flows[LINK_UP]);
}

/* Starts the connect at once, not half a round trip later: what it takes is no part of the link. */
static void connect_server(struct connection *connection)
{
    const struct relay *relay = connection->relay;
    const struct sockaddr *server = (const struct sockaddr *)&relay->server.storage;
    if (connect(connection->sockets[SOCKET_SERVER], server, relay->server.length) == 0)
        connection_answered(connection);
    else if (errno == EINPROGRESS)
        event_add(connection->flows[LINK_UP].writable, NULL);
    else
        unreachable(connection, errno);
}

static enum status open_sockets(struct connection *connection, struct error *error)
{
    const struct relay *relay = connection->relay;
    int server = socket(relay->server.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                        IPPROTO_TCP);
    if (server < 0)
        return error_set_errno(error, STATUS_IO, errno, "no socket towards the server");
    connection->sockets[SOCKET_SERVER] = server;
    connection_prepare_source(relay, server, LINK_DOWN);
    for (int s = 0; s < N_SOCKETS; s++) {
        set_option(connection->sockets[s], IPPROTO_TCP, TCP_NODELAY, 1);
        arrival_watch(connection->sockets[s]);
    }
    return STATUS_OK;
}

void connection_start(struct relay *relay, int client, int64_t asked_ns)
{
    struct relay_statistics *statistics = &relay->statistics;
    struct error error = {0};
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) {
        relay_remark(relay, "a connection is refused: out of memory");
        close(client);
        return;
    }
    state_request(relay); /* before the connection is one of those that a change is told */
    connection->relay = relay;
    connection->asked_ns = asked_ns;
    connection->sockets[SOCKET_CLIENT] = client;
    connection->sockets[SOCKET_SERVER] = -1;
    list_add(connection);
    statistics->n_open++;
    if (open_sockets(connection, &error))
        goto fail;
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        if (flow_start(&connection->flows[d], connection, (enum link_direction)d, &error))
            goto fail;
    }
    statistics->n_connections++;
    if (statistics->most_open < statistics->n_open)
        statistics->most_open = statistics->n_open;
    connect_server(connection);
    for (int d = 0; d < N_LINK_DIRECTIONS && !connection->closed; d++)
        flow_deliver(&connection->flows[d]);
    return;

fail:
    relay_remark(relay, "a connection is refused: %s", error.text);
    statistics->n_refused++;
    connection_close(connection, true);
}
