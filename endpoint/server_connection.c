// SPDX-License-Identifier: GPL-3.0-or-later
/* One connection: its requests, one after the other. */
#include "endpoint/server_private.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IN_SIZE = 16 << 10,  /* of the buffer at first, and room for at least a piece of a body */
    OUT_SIZE = 16 << 10, /* sent at once: a record of TLS */
    REQUESTS_AT_ONCE = 16,
    PIECES_AT_ONCE = 64,
};
#define LINGER_S 1.0

static void set_deadline(struct server_connection *connection, double seconds)
{
    connection->deadline_ns = clock_ns() + (int64_t)(seconds * 1e9);
}

static void begin_request(struct server_connection *connection)
{
    connection->in_request = true;
    connection->job = (struct server_job){
        .server = connection->server,
        .connection = connection,
        .start_ns = clock_ns(),
        .answer =
            {.queue_ns = -1, .infer_ns = -1, .prepare_ns = -1, .input_ns = -1, .output_ns = -1},
    };
    connection->deadline_ns =
        connection->job.start_ns + (int64_t)(connection->server->config.head_timeout_s * 1e9);
    atomic_fetch_add(&connection->server->n_requests, 1);
}

static void end_request(struct server_connection *connection)
{
    if (!connection->in_request)
        return;
    connection->in_request = false;
    server_job_end(&connection->job);
    atomic_fetch_sub(&connection->server->n_requests, 1);
}

void server_connection_open(struct server_connection *connection, int fd)
{
    connection->fd = fd;
    connection->phase = PHASE_HANDSHAKE;
    set_deadline(connection, connection->server->config.head_timeout_s);
}

void server_connection_close(struct server_connection *connection)
{
    struct server *server = connection->server;
    if (connection->in_request)
        server_metrics_loss(connection, FAILURE_ABORTED);
    end_request(connection);
    if (connection->session)
        gnutls_deinit(connection->session);
    free(connection->in);
    connection->in = NULL;
    close(connection->fd);
    if (connection->tls) {
        pthread_mutex_lock(&server->lock);
        server_tls_release(connection->tls);
        pthread_mutex_unlock(&server->lock);
    }
    server_pool_free(connection);
}

/* The request is answered before it is understood, or whole, and the connection ends with it. */
static enum server_next give_up(struct server_connection *connection, unsigned status,
                                const char *why)
{
    if (!connection->job.refused)
        server_refuse(&connection->job, status, "%s", why);
    connection->job.closes = true;
    connection->phase = PHASE_ANSWER;
    return NEXT_PHASE;
}

/* Room for IN_SIZE more bytes received; none is made once the head is cut into strings. */
static bool make_room(struct server_connection *connection)
{
    if (connection->in_capacity - connection->n_in >= IN_SIZE)
        return true;
    size_t wanted = connection->n_in + 2 * IN_SIZE;
    char *grown = realloc(connection->in, wanted);
    if (grown) {
        connection->in = grown;
        connection->in_capacity = wanted;
    }
    return grown;
}

/* Receives behind what is there. */
static bool receive(struct server_connection *connection, enum server_next *next)
{
    if (connection->n_head == 0 && !make_room(connection)) {
        *next = NEXT_CLOSE;
        return false;
    }
    size_t got = server_receive(connection, connection->in + connection->n_in,
                                connection->in_capacity - connection->n_in, next);
    connection->n_in += got;
    connection->n_received += got;
    if (got > 0 && !connection->in_request)
        begin_request(connection);
    return got > 0;
}

static enum server_next do_handshake(struct server_connection *connection)
{
    enum server_next next = server_handshake(connection);
    if (next == NEXT_CLOSE && connection->session)
        server_metrics_loss(connection, FAILURE_TLS);
    if (next != NEXT_PHASE)
        return next;
    connection->phase = PHASE_HEAD;
    set_deadline(connection,
                 connection->unwelcome ? LINGER_S : connection->server->config.timeout_s);
    return NEXT_PHASE;
}

/* The head is whole: what it asks for, and whether a body follows. */
static enum server_next read_head(struct server_connection *connection, size_t n)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct server_job *job = &connection->job;
    enum server_next next = NEXT_PHASE;
    if (!make_room(connection))
        return NEXT_CLOSE;
    connection->n_head = n;
    server_job_begin(job, connection->in, n);
    if (job->closes && job->refused) {
        connection->phase = PHASE_ANSWER;
        return NEXT_PHASE;
    }
    if (job->head.expects && job->refused)
        return give_up(connection, 0, "");
    if (job->head.expects && !server_send(connection, go_on, sizeof go_on - 1, &next))
        return NEXT_CLOSE;
    connection->phase = PHASE_BODY;
    set_deadline(connection, connection->server->config.timeout_s);
    return NEXT_PHASE;
}

static enum server_next do_head(struct server_connection *connection)
{
    struct error error = {0};
    enum server_next next = NEXT_PHASE;
    for (;;) {
        size_t end = 0;
        unsigned status =
            http_find_end(connection->in, connection->n_in, &connection->n_scanned, &end, &error);
        if (status != HTTP_OK)
            return give_up(connection, status, error.text);
        if (end > 0)
            return read_head(connection, end);
        if (receive(connection, &next))
            continue;
        if (next == NEXT_NOTHING && connection->in_request)
            return give_up(connection, HTTP_BAD_REQUEST, "the request ends within its head");
        return next == NEXT_NOTHING ? NEXT_CLOSE : next;
    }
}

static enum server_next do_body(struct server_connection *connection, struct server_thread *thread)
{
    struct server_job *job = &connection->job;
    enum server_next next = NEXT_PHASE;
    for (int pieces = 0;; pieces++) {
        size_t used = 0, n = connection->n_in - connection->n_head;
        bool done = false;
        char *from = connection->in + connection->n_head;
        server_job_take(job, from, n, &used, &done);
        memmove(from, from + used, n - used);
        connection->n_in -= used;
        if (job->closes && job->refused) {
            connection->phase = PHASE_ANSWER;
            return NEXT_PHASE;
        }
        if (done) {
            connection->phase = PHASE_ANSWER;
            return server_job_arrived(job) ? server_pool_infer(thread, job) : NEXT_PHASE;
        }
        if (pieces == PIECES_AT_ONCE)
            return NEXT_WRITE; /* others' turn: a connection can be written to at once */
        if (!receive(connection, &next)) {
            if (next == NEXT_NOTHING)
                return give_up(connection, HTTP_BAD_REQUEST, "the request ends within its body");
            return next;
        }
    }
}

/* The answer is out: the next request, or the end. */
static enum server_next after_answer(struct server_connection *connection)
{
    struct server_job *job = &connection->job;
    bool closes = job->closes;
    /* what the client still sends would make the system withdraw the answer */
    bool early = closes && job->refused;
    end_request(connection);
    if (early) {
        server_send_end(connection);
        connection->phase = PHASE_LINGER;
        set_deadline(connection, LINGER_S);
        return NEXT_PHASE;
    }
    if (closes) {
        server_send_end(connection);
        return NEXT_CLOSE;
    }
    size_t left = connection->n_in - connection->n_head;
    memmove(connection->in, connection->in + connection->n_head, left);
    connection->n_in = left;
    connection->n_scanned = connection->n_head = 0;
    connection->phase = PHASE_HEAD;
    set_deadline(connection, connection->server->config.timeout_s);
    if (left > 0)
        begin_request(connection);
    if (left > 0 || (connection->session && gnutls_record_check_pending(connection->session) > 0))
        return NEXT_PHASE;
    return NEXT_READ;
}

static enum server_next do_answer(struct server_connection *connection)
{
    enum server_next next = NEXT_PHASE;
    if (connection->n_out == 0)
        server_answer_begin(connection);
    while (connection->n_sent < connection->n_out) {
        char bytes[OUT_SIZE];
        size_t n = server_answer_compose(connection, bytes, sizeof bytes);
        size_t sent = server_send(connection, bytes, n, &next);
        connection->n_sent += sent;
        if (sent == 0) {
            set_deadline(connection, connection->server->config.timeout_s);
            return next;
        }
    }
    server_log_request(connection);
    server_metrics_answer(connection);
    connection->n_out = connection->n_sent = 0;
    return after_answer(connection);
}

static enum server_next do_linger(struct server_connection *connection)
{
    char bytes[OUT_SIZE];
    for (int i = 0; i < PIECES_AT_ONCE; i++) {
        ssize_t n = recv(connection->fd, bytes, sizeof bytes, 0);
        if (n == 0)
            return NEXT_CLOSE;
        if (n < 0)
            break;
    }
    return clock_ns() < connection->deadline_ns ? NEXT_READ : NEXT_CLOSE;
}

static enum server_next do_phase(struct server_thread *thread, struct server_connection *connection)
{
    switch (connection->phase) {
    case PHASE_HANDSHAKE:
        return do_handshake(connection);
    case PHASE_HEAD:
        return do_head(connection);
    case PHASE_BODY:
        return do_body(connection, thread);
    case PHASE_ANSWER:
        return do_answer(connection);
    case PHASE_LINGER:
        return do_linger(connection);
    case PHASE_QUEUED:
    case N_PHASES:
        break;
    }
    return NEXT_CLOSE;
}

void server_connection_step(struct server_thread *thread, struct server_connection *connection)
{
    enum server_next next = NEXT_PHASE;
    int n_requests = 0;
    while (next == NEXT_PHASE) {
        bool answers = connection->phase == PHASE_ANSWER;
        next = do_phase(thread, connection);
        if (next == NEXT_PHASE && answers && ++n_requests == REQUESTS_AT_ONCE)
            next = NEXT_WRITE;
    }
    if (next == NEXT_CLOSE)
        server_connection_close(connection);
    else if (next != NEXT_NOTHING)
        server_pool_wait(connection, next);
}

void server_connection_expire(struct server_thread *thread, struct server_connection *connection)
{
    static const char *const late[N_PHASES] = {
        [PHASE_HEAD] = "the request's head has not arrived in time",
        [PHASE_BODY] = "the request's body has not arrived in time",
    };
    if (!connection->in_request || !late[connection->phase]) {
        server_connection_close(connection);
        return;
    }
    give_up(connection, HTTP_TIMEOUT, late[connection->phase]);
    server_connection_step(thread, connection);
}
