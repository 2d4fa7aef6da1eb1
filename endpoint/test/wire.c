// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/test/wire.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/test/support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { POLL_MS = 20, MAX_REQUEST = 1 << 20, MAX_CONNECTIONS = 1024 };

struct wire_connection {
    struct wire_server *server;
    int fd;
    pthread_t thread;
};

struct wire_server {
    struct wire_script script;
    int fd, upstream_port; /* 0: no relay */
    const char *hidden;
    size_t n_statistics; /* asked for so far; by one connection */
    atomic_uint n_posts;
    pthread_mutex_t lock;
    char *last_request; /* under `lock` */
    char *url;
    pthread_t thread;
    atomic_bool ending;
    struct wire_connection connections[MAX_CONNECTIONS];
    atomic_size_t n_connections;
    atomic_uint_least64_t up, down;
};

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 64) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        fail_msg("cannot listen");
    *port = ntohs(address.sin_port);
    return fd;
}

int wire_connect(int port)
{
    struct sockaddr_in address = loopback(port);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail_msg("cannot connect to port %d", port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

int wire_dead_port(void)
{
    int port, fd = listen_somewhere(&port);
    close(fd);
    return port;
}

int wire_port_of(const char *url)
{
    return atoi(strrchr(url, ':') + 1);
}

bool wire_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The value of Content-Length in the head of `text`, or 0. */
static size_t content_length(const char *text)
{
    const char *at = strcasestr(text, "\nContent-Length:");
    return at ? (size_t)atoll(at + 16) : 0;
}

/* Whether `text` is a whole message: a head and the body that it announces. */
static bool is_whole(const char *text, size_t n)
{
    const char *end = strstr(text, "\r\n\r\n");
    return end && n - (size_t)(end + 4 - text) >= content_length(text);
}

char *wire_read_answer(int fd, double seconds)
{
    size_t n = 0, capacity = 65536;
    char *text = calloc(1, capacity);
    int64_t deadline = clock_ns() + (int64_t)(seconds * 1e9);
    while (!is_whole(text, n) && clock_ns() < deadline) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, POLL_MS) <= 0)
            continue;
        if (capacity - n < 4096) {
            text = realloc(text, capacity *= 2);
            memset(text + n, 0, capacity - n);
        }
        ssize_t got = recv(fd, text + n, capacity - n - 1, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return text;
}

char *wire_ask(int port, const char *request)
{
    int fd = wire_connect(port);
    wire_send(fd, request, strlen(request));
    char *answer = wire_read_answer(fd, 10);
    close(fd);
    return answer;
}

char *wire_ask_body(int port, const char *head, const char *body, size_t n)
{
    char *whole = text_format("%sContent-Length: %zu\r\n\r\n", head, n);
    int fd = wire_connect(port);
    if (wire_send(fd, whole, strlen(whole)))
        wire_send(fd, body, n);
    char *answer = wire_read_answer(fd, 10);
    close(fd);
    free(whole);
    return answer;
}

/* Reads one request into `text`; false when the client leaves or the test ends. */
static bool read_request(struct wire_server *server, int fd, char *text)
{
    size_t n = 0;
    memset(text, 0, MAX_REQUEST);
    while (!atomic_load(&server->ending)) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, POLL_MS) <= 0)
            continue;
        ssize_t got = recv(fd, text + n, MAX_REQUEST - n - 1, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        if (is_whole(text, n))
            return true;
    }
    return false;
}

#define GOOD(body) \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: @\r\n\r\n" body

static const char *choose_answer(struct wire_server *server, const char *request)
{
    const struct wire_script *script = &server->script;
    if (strncmp(request, "GET /v2/models/m/stats ", 23) == 0 && script->statistics &&
        script->statistics[server->n_statistics])
        return script->statistics[server->n_statistics++];
    if (strncmp(request, "POST ", 5) == 0) {
        unsigned n = atomic_fetch_add(&server->n_posts, 1) + 1;
        return script->other && n % script->n_other == 0 ? script->other : script->infer;
    }
    if (strncmp(request, "GET /v2 ", 8) == 0)
        return script->server ? script->server
                              : GOOD("{\"name\":\"x\",\"version\":\"1\",\"extensions\":[]}");
    if (strncmp(request, "GET /v2/health/live ", 20) == 0)
        return script->live ? script->live : GOOD("");
    return script->model ? script->model
                         : GOOD("{\"name\":\"m\",\"platform\":\"p\",\"inputs\":[{\"name\":"
                                "\"input\",\"datatype\":\"INT64\",\"shape\":[1,-1]}],"
                                "\"outputs\":[],\"parameters\":{}}");
}

/* Sends an answer with the body's length in place of '@'. */
static bool send_answer(int fd, const char *answer)
{
    const char *at = strstr(answer, "Content-Length: @"), *end = strstr(answer, "\r\n\r\n");
    if (!at || !end)
        return wire_send(fd, answer, strlen(answer));
    int before = (int)(strchr(at, '@') - answer);
    char *whole = text_format("%.*s%zu%s", before, answer, strlen(end + 4), answer + before + 1);
    bool sent = wire_send(fd, whole, strlen(whole));
    free(whole);
    return sent;
}

static bool send_flood(int fd, size_t n)
{
    char block[4096];
    memset(block, '7', sizeof block);
    for (; n > 0; n -= n < sizeof block ? n : sizeof block) {
        if (!wire_send(fd, block, n < sizeof block ? n : sizeof block))
            return false;
    }
    return true;
}

static void drip(struct wire_server *server, int fd)
{
    while (!atomic_load(&server->ending) && wire_send(fd, "7", 1))
        clock_sleep_ns(10000000);
}

/* A server that tells everyone what it was sent. */
static bool send_request_back(int fd, const char *request)
{
    char head[2048] = "", *to = head;
    for (const char *at = request; strncmp(at, "\r\n\r\n", 4) != 0 && to < head + 2000; at++)
        *to++ = *at == '\r' || *at == '\n' || *at == '"' ? ' ' : *at;
    char *answer =
        text_format("HTTP/1.1 401 No\r\nContent-Length: @\r\n\r\n{\"error\":\"%s\"}", head);
    bool sent = send_answer(fd, answer);
    free(answer);
    return sent;
}

static void serve_connection(struct wire_server *server, int fd)
{
    char *request = malloc(MAX_REQUEST);
    for (int n = 0; read_request(server, fd, request); n++) {
        if (server->script.drops_second && n > 0)
            break;
        if (server->script.wants && !strstr(request, server->script.wants)) {
            if (!send_request_back(fd, request))
                break;
            continue;
        }
        pthread_mutex_lock(&server->lock);
        free(server->last_request);
        server->last_request = strdup(request);
        pthread_mutex_unlock(&server->lock);
        const char *answer = choose_answer(server, request);
        bool post = strncmp(request, "POST ", 5) == 0;
        if (answer && !send_answer(fd, answer))
            break;
        if (post && !send_flood(fd, server->script.n_flood))
            break;
        if (post && server->script.drips)
            drip(server, fd);
        if ((post && server->script.closes) || server->script.closes_later)
            break;
    }
    free(request);
}

/* Copies what is there to read; false at the end. */
static bool pass(int from, int to, const char *hidden, atomic_uint_least64_t *count)
{
    char block[65536];
    ssize_t got = recv(from, block, sizeof block, 0);
    if (got <= 0)
        return false;
    char *found = hidden ? memmem(block, (size_t)got, hidden, strlen(hidden)) : NULL;
    if (found)
        memset(found, 'X', strlen(hidden));
    atomic_fetch_add(count, (uint64_t)got);
    return wire_send(to, block, (size_t)got);
}

static void relay_connection(struct wire_server *server, int fd)
{
    int upstream = wire_connect(server->upstream_port);
    bool open = true;
    while (open && !atomic_load(&server->ending)) {
        struct pollfd ready[2] = {{.fd = fd, .events = POLLIN}, {.fd = upstream, .events = POLLIN}};
        if (poll(ready, 2, POLL_MS) <= 0)
            continue;
        if (ready[0].revents)
            open = pass(fd, upstream, NULL, &server->up);
        if (open && ready[1].revents)
            open = pass(upstream, fd, server->hidden, &server->down);
    }
    close(upstream);
}

static void *serve_one(void *user)
{
    struct wire_connection *connection = user;
    if (connection->server->upstream_port)
        relay_connection(connection->server, connection->fd);
    else
        serve_connection(connection->server, connection->fd);
    close(connection->fd);
    return NULL;
}

static void *serve(void *user)
{
    struct wire_server *server = user;
    size_t n = 0;
    while (!atomic_load(&server->ending) && n < MAX_CONNECTIONS) {
        struct pollfd ready = {.fd = server->fd, .events = POLLIN};
        if (poll(&ready, 1, POLL_MS) <= 0)
            continue;
        struct wire_connection *connection = &server->connections[n++];
        int one = 1;
        *connection =
            (struct wire_connection){.server = server, .fd = accept(server->fd, NULL, NULL)};
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        atomic_fetch_add(&server->n_connections, 1);
        pthread_create(&connection->thread, NULL, serve_one, connection);
    }
    while (n > 0)
        pthread_join(server->connections[--n].thread, NULL);
    return NULL;
}

static struct wire_server *start(const struct wire_script *script, int upstream_port,
                                 const char *hidden)
{
    struct wire_server *server = calloc(1, sizeof *server);
    int port;
    server->fd = listen_somewhere(&port);
    server->url = text_format("http://127.0.0.1:%d", port);
    server->upstream_port = upstream_port;
    pthread_mutex_init(&server->lock, NULL);
    server->hidden = hidden;
    if (script)
        server->script = *script;
    pthread_create(&server->thread, NULL, serve, server);
    return server;
}

struct wire_server *wire_serve(const struct wire_script *script)
{
    return start(script, 0, NULL);
}

struct wire_server *wire_relay(int port)
{
    return start(NULL, port, NULL);
}

struct wire_server *wire_relay_hiding(int port, const char *hidden)
{
    return start(NULL, port, hidden);
}

const char *wire_url(const struct wire_server *server)
{
    return server->url;
}

char *wire_last_request(struct wire_server *server)
{
    pthread_mutex_lock(&server->lock);
    char *copy = text_copy(server->last_request ? server->last_request : "");
    pthread_mutex_unlock(&server->lock);
    return copy;
}

size_t wire_n_connections(const struct wire_server *server)
{
    return atomic_load(&server->n_connections);
}

uint64_t wire_bytes_up(const struct wire_server *server)
{
    return atomic_load(&server->up);
}

uint64_t wire_bytes_down(const struct wire_server *server)
{
    return atomic_load(&server->down);
}

void wire_end(struct wire_server *server)
{
    atomic_store(&server->ending, true);
    pthread_join(server->thread, NULL);
    close(server->fd);
    pthread_mutex_destroy(&server->lock);
    free(server->last_request);
    free(server->url);
    free(server);
}
