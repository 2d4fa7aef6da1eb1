// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/relay.h"

#include "base/clock.h"
#include "testbed/relay_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPTS_A_ROUND = 16,
    ACCEPT_PAUSE_NS = 100000000, /* after the system had no descriptor left */
    OTHER_DESCRIPTORS = 32       /* those that are not a connection's */
};

void relay_timer(struct event *timer, int64_t at_ns)
{
    int64_t in = at_ns - clock_ns();
    struct timeval t = {0};
    if (in > 0) {
        t.tv_sec = (time_t)(in / 1000000000);
        t.tv_usec = (suseconds_t)(in % 1000000000 / 1000);
    }
    event_add(timer, &t);
}

void relay_remark(const struct relay *relay, const char *format, ...)
{
    char line[256];
    va_list args;
    if (!relay->options.remark)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    relay->options.remark(relay->options.context, line);
}

/* Closing a socket that was just accepted would be an end of stream to the client; this is not. */
static void refuse(struct relay *relay, int client)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    relay_remark(relay, "a connection is refused: there are %llu already; see --connections",
                 (unsigned long long)relay->options.max_connections);
    relay->statistics.n_refused++;
    (void)setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(client);
}

static void acceptable(int fd, short what, void *arg)
{
    struct relay *relay = arg;
    (void)what;
    for (int i = 0; i < ACCEPTS_A_ROUND; i++) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
            return;
        if (client < 0) {
            relay_remark(relay, "connections have to wait: %s", strerror(errno));
            event_del(relay->acceptable);
            relay_timer(relay->accept_again, clock_ns() + ACCEPT_PAUSE_NS);
            return;
        }
        if (relay->statistics.n_open >= relay->options.max_connections)
            refuse(relay, client);
        else
            connection_start(relay, client, clock_ns());
    }
}

static void accept_again(int fd, short what, void *arg)
{
    struct relay *relay = arg;
    (void)fd;
    (void)what;
    event_add(relay->acceptable, NULL);
}

static void stop(int number, short what, void *arg)
{
    (void)number;
    (void)what;
    relay_stop(arg);
}

static enum status listen_on(struct relay *relay, struct error *error)
{
    const int yes = 1;
    struct address *address = &relay->listens_on;
    relay->listener =
        socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (relay->listener < 0)
        return error_set_errno(error, STATUS_IO, errno, "no socket to listen on");
    (void)setsockopt(relay->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    connection_prepare_source(relay, relay->listener, LINK_UP);
    if (bind(relay->listener, (struct sockaddr *)&address->storage, address->length) != 0 ||
        listen(relay->listener, BACKLOG) != 0)
        return error_set_errno(error, STATUS_IO, errno,
                               "cannot listen on %s (port 0 picks a free one)",
                               relay->options.listen);
    address->length = sizeof address->storage;
    if (getsockname(relay->listener, (struct sockaddr *)&address->storage, &address->length) != 0)
        return error_set_errno(error, STATUS_IO, errno, "the address of the listening socket");
    address_print(address, relay->address);
    return STATUS_OK;
}

/* Two descriptors a connection: as many as the system gives without being asked by root. */
static void raise_descriptors(const struct relay *relay)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    rlim_t wanted = 2 * (rlim_t)relay->options.max_connections + OTHER_DESCRIPTORS;
    if (limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;
    /* without the first, timers are milliseconds late; with cached times, they are set from a
     * moment that is past */
    if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
                                                    EVENT_BASE_FLAG_NO_CACHE_TIME) == 0)
        base = event_base_new_with_config(config);
    if (config)
        event_config_free(config);
    return base;
}

static enum status make_events(struct relay *relay, struct error *error)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    relay->base = new_base();
    if (!relay->base)
        return error_set(error, STATUS_EXTERNAL, "libevent has no precise timers here");
    relay->acceptable =
        event_new(relay->base, relay->listener, EV_READ | EV_PERSIST, acceptable, relay);
    relay->accept_again = evtimer_new(relay->base, accept_again, relay);
    if (!relay->acceptable || !relay->accept_again || event_add(relay->acceptable, NULL) != 0)
        return error_set(error, STATUS_EXTERNAL, "libevent cannot watch %s", relay->address);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        relay->signals[i] = evsignal_new(relay->base, numbers[i], stop, relay);
        if (!relay->signals[i] || event_add(relay->signals[i], NULL) != 0)
            return error_set(error, STATUS_EXTERNAL, "libevent cannot watch signals");
    }
    for (int d = 0; d < N_LINK_DIRECTIONS; d++) {
        struct turns *turns = &relay->turns[d];
        *turns = (struct turns){.relay = relay, .direction = (enum link_direction)d};
        turns->timer = evtimer_new(relay->base, turns_serve, turns);
        if (!turns->timer)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for a timer");
    }
    return STATUS_OK;
}

enum status relay_open(const struct relay_options *options, struct relay **relay,
                       struct error *error)
{
    struct relay *made = calloc(1, sizeof *made);
    enum status status;
    *relay = NULL;
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a relay");
    made->options = *options;
    made->listener = -1;
    arrival_open(&made->arrival);
    state_start(made);
    if ((status = address_parse(options->listen, true, &made->listens_on, error)))
        goto fail;
    if ((status = address_parse(options->to, false, &made->server, error)))
        goto fail;
    address_print(&made->server, made->server_text);
    raise_descriptors(made);
    if ((status = listen_on(made, error)))
        goto fail;
    if ((status = make_events(made, error)))
        goto fail;
    if ((status = state_run(made, error)))
        goto fail;
    *relay = made;
    return STATUS_OK;

fail:
    relay_close(made);
    return status;
}

const char *relay_address(const struct relay *relay)
{
    return relay->address;
}

enum status relay_run(struct relay *relay, struct error *error)
{
    while (!relay->stopped) {
        if (event_base_loop(relay->base, EVLOOP_ONCE) < 0)
            return error_set(error, STATUS_EXTERNAL, "libevent's event loop failed");
        connection_sweep(relay);
    }
    state_catch_up(relay);
    played_end(&relay->played, clock_ns() - relay->started_ns);
    return STATUS_OK;
}

void relay_stop(struct relay *relay)
{
    relay->stopped = true;
}

struct event_base *relay_events(struct relay *relay)
{
    return relay->base;
}

const struct relay_statistics *relay_statistics(const struct relay *relay)
{
    return &relay->statistics;
}

void relay_close(struct relay *relay)
{
    if (!relay)
        return;
    while (relay->connections)
        connection_close(relay->connections, true);
    connection_sweep(relay);
    struct event *const events[] = {
        relay->acceptable, relay->accept_again,         relay->signals[0],
        relay->signals[1], relay->turns[LINK_UP].timer, relay->turns[LINK_DOWN].timer,
        relay->changes};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (events[i])
            event_free(events[i]);
    }
    if (relay->base)
        event_base_free(relay->base);
    if (relay->listener >= 0)
        close(relay->listener);
    arrival_close(&relay->arrival);
    free(relay);
}
