// SPDX-License-Identifier: GPL-3.0-or-later
/* Threads, connections and slots. */
#include "endpoint/server_private.h"

#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPT_AT_ONCE = 16,
    SPARE_PLACES = 64, /* for connections that get no more than the word that they are too many */
    SWEEP_AT_ONCE = 32,
    SWEEP_MS = 100,
    STOP_POLL_NS = 1000000,
    STOP_LINGER_NS = 100000000,
};

/* Names of what is waited for, beside connections (serial << 32 | index, serials from 1). */
enum { EVENT_LISTEN = 1, EVENT_END = 2 };

/* ---- connections ---- */

/* The owner of a connection that has something to do; NULL: it belongs to somebody already, or is
 * gone. */
static struct server_connection *claim(struct server *server, uint64_t name)
{
    struct server_connection *connection = &server->connections[(uint32_t)name];
    pthread_mutex_lock(&server->lock);
    bool mine = connection->used && connection->armed && connection->serial == name >> 32;
    if (mine)
        connection->armed = false;
    pthread_mutex_unlock(&server->lock);
    return mine ? connection : NULL;
}

void server_pool_wait(struct server_connection *connection, enum server_next next)
{
    struct server *server = connection->server;
    struct epoll_event event = {
        .events = EPOLLONESHOT | (next == NEXT_WRITE ? EPOLLOUT : EPOLLIN | EPOLLRDHUP),
        .data.u64 = (uint64_t)connection->serial << 32 | connection->index,
    };
    /* under the lock: from here on it may be another's, who may close it */
    pthread_mutex_lock(&server->lock);
    connection->armed = true;
    epoll_ctl(server->events, connection->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->fd,
              &event);
    connection->added = true;
    pthread_mutex_unlock(&server->lock);
}

/* Whether one more connection could at least be told that it is one too many; the lock is held. */
static bool has_room(const struct server *server)
{
    return server->n_used - server->n_surplus < server->config.max_connections ||
           server->n_surplus < SPARE_PLACES;
}

/* Waits for connections again, unless it does; the lock is held. */
static void listen_again(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = EVENT_LISTEN};
    if (server->listening || server->socket < 0 || !has_room(server))
        return;
    server->listening = epoll_ctl(server->events, EPOLL_CTL_MOD, server->socket, &event) == 0;
}

void server_pool_free(struct server_connection *connection)
{
    struct server *server = connection->server;
    pthread_mutex_lock(&server->lock);
    server->n_surplus -= connection->surplus;
    connection->used = connection->armed = connection->surplus = false;
    server->free_places[server->n_free++] = connection->index;
    server->n_used--;
    listen_again(server);
    pthread_mutex_unlock(&server->lock);
}

static void name_address(const struct sockaddr_storage *from, char text[SERVER_ADDRESS_TEXT])
{
    const void *address = from->ss_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)from)->sin_addr;
    if (!inet_ntop(from->ss_family, address, text, SERVER_ADDRESS_TEXT))
        snprintf(text, SERVER_ADDRESS_TEXT, "?");
}

/* Why a connection from that address is one too many, or NULL; the lock is held. */
static const char *too_many(const struct server *server, const char *address)
{
    uint32_t n = 0;
    if (server->n_used - server->n_surplus >= server->config.max_connections)
        return "too many connections; try again";
    for (size_t i = 0; server->config.max_per_address > 0 && i < server->n_places; i++)
        n += server->connections[i].used && !server->connections[i].surplus &&
             strcmp(server->connections[i].address, address) == 0;
    return server->config.max_per_address > 0 && n >= server->config.max_per_address
               ? "too many connections from this address; try again"
               : NULL;
}

/* A place for a connection; NULL: it is too many, and so are those that are told so. */
static struct server_connection *take_place(struct server *server,
                                            const struct sockaddr_storage *from)
{
    char address[SERVER_ADDRESS_TEXT];
    struct server_connection *connection = NULL;
    name_address(from, address);
    pthread_mutex_lock(&server->lock);
    const char *unwelcome = too_many(server, address);
    if (!unwelcome || server->n_surplus < SPARE_PLACES) {
        uint32_t index = server->free_places[--server->n_free];
        connection = &server->connections[index];
        uint32_t serial = connection->serial == UINT32_MAX ? 0 : connection->serial;
        *connection = (struct server_connection){
            .server = server,
            .used = true,
            .surplus = unwelcome != NULL,
            .index = index,
            .serial = serial + 1,
            .unwelcome = unwelcome,
            .unwelcome_status = HTTP_UNAVAILABLE,
            .tls = server->tls,
        };
        memcpy(connection->address, address, sizeof address);
        if (server->tls)
            server->tls->n_users++;
        server->n_used++;
        server->metrics.n_connections++;
        server->n_surplus += connection->surplus;
    }
    pthread_mutex_unlock(&server->lock);
    return connection;
}

static void accept_some(struct server_thread *thread)
{
    struct server *server = thread->server;
    struct server_connection *accepted[ACCEPT_AT_ONCE];
    size_t n = 0;
    bool more = true, lacks = false;
    while (n < ACCEPT_AT_ONCE && more && !atomic_load(&server->closing)) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int one = 1, fd = accept4(server->socket, (struct sockaddr *)&from, &size,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) { /* without descriptors the next sweep tries again */
            lacks = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
            break;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        accepted[n] = take_place(server, &from);
        if (accepted[n])
            server_connection_open(accepted[n++], fd);
        else
            close(fd);
        pthread_mutex_lock(&server->lock);
        more = has_room(server);
        pthread_mutex_unlock(&server->lock);
    }
    pthread_mutex_lock(&server->lock);
    server->listening = false;
    if (!lacks)
        listen_again(server);
    pthread_mutex_unlock(&server->lock);
    for (size_t i = 0; i < n; i++) { /* only one here: what it asks for may take long */
        if (i + 1 < n)
            server_pool_wait(accepted[i], NEXT_READ);
        else
            server_connection_step(thread, accepted[i]);
    }
}

/* Whether bytes have come that nobody has read yet. */
static bool has_unread(const struct server_connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Claims connections for which nothing happened until their deadline; with `idle`, also those that
 * have no request. */
static size_t claim_late(struct server *server, bool idle, struct server_connection **late)
{
    size_t n = 0;
    int64_t now_ns = clock_ns();
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->n_places && n < SWEEP_AT_ONCE; i++) {
        struct server_connection *at = &server->connections[i];
        if (!at->used || !at->armed)
            continue;
        bool asks = at->in_request || at->phase == PHASE_LINGER;
        if (now_ns < at->deadline_ns && (!idle || asks || has_unread(at)))
            continue;
        at->armed = false;
        late[n++] = at;
    }
    pthread_mutex_unlock(&server->lock);
    return n;
}

static void sweep(struct server_thread *thread)
{
    struct server *server = thread->server;
    struct server_connection *late[SWEEP_AT_ONCE];
    int64_t now_ns = clock_ns();
    pthread_mutex_lock(&server->lock);
    bool due = now_ns >= server->next_sweep_ns;
    if (due) {
        server->next_sweep_ns = now_ns + INT64_C(1000000) * SWEEP_MS;
        listen_again(server); /* after a lack of descriptors */
    }
    pthread_mutex_unlock(&server->lock);
    for (size_t n = SWEEP_AT_ONCE; due && n == SWEEP_AT_ONCE;) {
        n = claim_late(server, false, late);
        for (size_t i = 0; i < n; i++)
            server_connection_expire(thread, late[i]);
    }
}

/* ---- inferences ---- */

static void infer(struct server_thread *thread, struct server_job *job)
{
    struct server *server = thread->server;
    job->answer.queue_ns = clock_ns() - job->queued_ns;
    server_model_infer(job->model, thread->slot->index, &job->body, &job->answer);
    /* before the answer can arrive: who has it finds it counted */
    server_statistics_count(server, job->model, &job->answer, clock_ns() - job->queued_ns);
}

enum server_next server_pool_infer(struct server_thread *thread, struct server_job *job)
{
    struct server *server = thread->server;
    bool runs = false, waits = false;
    job->queued_ns = clock_ns();
    pthread_mutex_lock(&server->lock);
    if (!server->first && !thread->slot && server->free_slots) {
        thread->slot = server->free_slots;
        server->free_slots = thread->slot->next;
    }
    if (atomic_load(&server->refusing)) {
        /* too late */
    } else if (!server->first && thread->slot) {
        runs = true;
    } else if (server->n_queued < server->config.max_queue) {
        waits = true;
        job->next = NULL;
        *server->last = job;
        server->last = &job->next;
        server->n_queued++;
        /* while it is queued nobody else may touch it; after the lock whoever takes it may */
        job->connection->phase = PHASE_QUEUED;
    }
    pthread_mutex_unlock(&server->lock);
    if (waits)
        return NEXT_NOTHING;
    if (runs)
        infer(thread, job);
    else if (atomic_load(&server->refusing))
        server_refuse(job, HTTP_UNAVAILABLE, "the server is ending");
    else
        server_refuse(job, HTTP_UNAVAILABLE, "the server is busy: %u requests wait; try again",
                      server->config.max_queue);
    if (!runs && !atomic_load(&server->refusing))
        job->failure = FAILURE_QUEUE;
    return NEXT_PHASE;
}

/* The first of the queue, or NULL. With none, the thread's slot is given back. */
static struct server_job *next_job(struct server_thread *thread)
{
    struct server *server = thread->server;
    pthread_mutex_lock(&server->lock);
    struct server_job *job = server->first;
    if (job) {
        server->first = job->next;
        server->n_queued--;
        if (!server->first)
            server->last = &server->first;
    } else if (thread->slot) {
        thread->slot->next = server->free_slots;
        server->free_slots = thread->slot;
        thread->slot = NULL;
    }
    pthread_mutex_unlock(&server->lock);
    return job;
}

/* Whoever holds a slot works the queue off. */
static void work(struct server_thread *thread)
{
    for (struct server_job *job; thread->slot && (job = next_job(thread));) {
        infer(thread, job);
        job->connection->phase = PHASE_ANSWER;
        server_connection_step(thread, job->connection);
    }
}

/* ---- threads ---- */

static void *serve(void *user)
{
    struct server_thread *thread = user;
    struct server *server = thread->server;
    while (!atomic_load(&server->ending)) {
        struct epoll_event event;
        int n = epoll_wait(server->events, &event, 1, SWEEP_MS);
        if (n > 0 && event.data.u64 == EVENT_LISTEN) {
            accept_some(thread);
        } else if (n > 0 && event.data.u64 != EVENT_END) {
            struct server_connection *connection = claim(server, event.data.u64);
            if (connection)
                server_connection_step(thread, connection);
        }
        work(thread);
        sweep(thread);
    }
    return NULL;
}

static enum status open_models(struct server *server, struct error *error)
{
    for (size_t i = 0; i < server->config.n_models; i++) {
        struct server_model *model = &server->models[i];
        server->n_models = i + 1;
        enum status status =
            server_model_open(model, server->config.models[i], server->config.max_length,
                              server->config.n_workers, error);
        if (status)
            return status;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(server->models[k].name, model->name) == 0)
                return error_set(error, STATUS_INVALID, "model '%s' is given twice", model->name);
        }
    }
    return STATUS_OK;
}

/* The pool's first thread: opens the models, starts the others (which inherit what opening bound
 * it to), is one of them, and closes the models. */
static void *lead(void *user)
{
    struct server_thread *thread = user;
    struct server *server = thread->server;
    struct error error = {0};
    enum status status = open_models(server, &error);
    size_t n = 1;
    for (; n < server->n_threads && !status; n++) {
        server->threads[n] = (struct server_thread){.server = server};
        int code = pthread_create(&server->threads[n].thread, NULL, serve, &server->threads[n]);
        if (code)
            status = error_set_errno(&error, STATUS_IO, code, "no thread %zu for requests", n + 1);
        n -= code != 0;
    }
    pthread_mutex_lock(&server->lock);
    server->started = true;
    server->start_status = status;
    server->start_error = error;
    if (status)
        atomic_store(&server->ending, true);
    else
        listen_again(server);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    serve(thread);
    for (size_t i = 1; i < n; i++)
        pthread_join(server->threads[i].thread, NULL);
    for (size_t i = 0; i < server->n_models; i++)
        server_model_close(&server->models[i]);
    return NULL;
}

static enum status make_places(struct server *server, struct error *error)
{
    const struct server_config *config = &server->config;
    server->n_places = (size_t)config->max_connections + SPARE_PLACES;
    server->connections = calloc(server->n_places, sizeof *server->connections);
    server->free_places = calloc(server->n_places, sizeof *server->free_places);
    server->models = calloc(config->n_models, sizeof *server->models);
    server->slots = calloc(config->n_workers, sizeof *server->slots);
    server->threads = calloc((size_t)config->n_workers + 1, sizeof *server->threads);
    if (!server->connections || !server->free_places || !server->models || !server->slots ||
        !server->threads)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu connections",
                         server->n_places);
    for (size_t i = server->n_places; i-- > 0;)
        server->free_places[server->n_free++] = (uint32_t)i;
    for (size_t i = config->n_workers; i-- > 0;) {
        server->slots[i] = (struct server_slot){.next = server->free_slots, .index = i};
        server->free_slots = &server->slots[i];
    }
    return STATUS_OK;
}

static enum status make_events(struct server *server, struct error *error)
{
    struct epoll_event listen = {.events = EPOLLONESHOT, .data.u64 = EVENT_LISTEN};
    struct epoll_event end = {.events = EPOLLIN, .data.u64 = EVENT_END};
    server->events = epoll_create1(EPOLL_CLOEXEC);
    server->waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (server->events < 0 || server->waker < 0 ||
        epoll_ctl(server->events, EPOLL_CTL_ADD, server->socket, &listen) != 0 ||
        epoll_ctl(server->events, EPOLL_CTL_ADD, server->waker, &end) != 0)
        return error_set_errno(error, STATUS_IO, errno, "the system has no events for a server");
    return STATUS_OK;
}

enum status server_pool_start(struct server *server, struct error *error)
{
    enum status status = make_places(server, error);
    if (!status)
        status = make_events(server, error);
    if (status)
        return status;
    server->threads[0] = (struct server_thread){.server = server};
    server->n_threads = (size_t)server->config.n_workers + 1; /* the first one counts on it */
    int code = pthread_create(&server->threads[0].thread, NULL, lead, &server->threads[0]);
    if (code) {
        server->n_threads = 0;
        return error_set_errno(error, STATUS_IO, code, "no thread for inference");
    }
    pthread_mutex_lock(&server->lock);
    while (!server->started)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
    if (server->start_status)
        return error_set(error, server->start_status, "%s", server->start_error.text);
    return STATUS_OK;
}

/* Closes the connections on which nothing is asked. */
static void close_idle(struct server *server)
{
    struct server_connection *idle[SWEEP_AT_ONCE];
    for (size_t n = SWEEP_AT_ONCE; n == SWEEP_AT_ONCE;) {
        n = claim_late(server, true, idle);
        for (size_t i = 0; i < n; i++)
            server_connection_close(idle[i]);
    }
}

/* Whether something is asked that does not count as a request yet: a thread reads it, or will. */
static bool any_asked(struct server *server)
{
    bool any = false;
    pthread_mutex_lock(&server->lock);
    for (size_t i = 0; i < server->n_places && !any; i++) {
        const struct server_connection *at = &server->connections[i];
        any = at->used && at->phase != PHASE_LINGER && (!at->armed || has_unread(at));
    }
    pthread_mutex_unlock(&server->lock);
    return any;
}

/* What still waits for its turn is told that there will be none. */
static void refuse_queue(struct server *server)
{
    struct server_thread self = {.server = server};
    atomic_store(&server->refusing, true);
    for (struct server_job *job; (job = next_job(&self));) {
        server_refuse(job, HTTP_UNAVAILABLE, "the server is ending");
        job->connection->phase = PHASE_ANSWER;
        server_connection_step(&self, job->connection);
    }
}

void server_pool_stop(struct server *server, double grace_s)
{
    if (server->n_threads == 0)
        return;
    int64_t end_ns = clock_ns() + (int64_t)(grace_s * 1e9);
    atomic_store(&server->closing, true);
    pthread_mutex_lock(&server->lock);
    epoll_ctl(server->events, EPOLL_CTL_DEL, server->socket, NULL);
    close(server->socket);
    server->socket = -1;
    pthread_mutex_unlock(&server->lock);
    do {
        close_idle(server);
        clock_sleep_ns(STOP_POLL_NS);
    } while ((atomic_load(&server->n_requests) > 0 || any_asked(server)) && clock_ns() < end_ns);
    refuse_queue(server);
    /* who was told something and still sends has a moment to see it */
    for (int64_t until_ns = clock_ns() + STOP_LINGER_NS; clock_ns() < until_ns;) {
        pthread_mutex_lock(&server->lock);
        bool any = server->n_used > 0;
        pthread_mutex_unlock(&server->lock);
        if (!any)
            break;
        close_idle(server);
        clock_sleep_ns(STOP_POLL_NS);
    }
    atomic_store(&server->ending, true);
    eventfd_write(server->waker, 1);
    pthread_join(server->threads[0].thread, NULL); /* it joins the others */
    for (size_t i = 0; i < server->n_places; i++) {
        if (server->connections[i].used)
            server_connection_close(&server->connections[i]);
    }
}
