// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/control.h"

#include "base/memory.h"
#include "testbed/controlline.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Somebody who sends lines. */
struct client {
    struct control *control;
    int fd;
    FILE *out; /* NULL: answers go to fd */
    struct event *readable;
    char line[512];
    size_t n;
    bool overlong; /* the rest of the line is passed over */
    struct client *next;
};

struct control {
    struct relay *relay;
    char *path; /* NULL: standard input */
    int listener;
    struct event *acceptable;
    struct client *clients;
};

static void client_free(struct client *client)
{
    struct client **at = &client->control->clients;
    while (*at && *at != client)
        at = &(*at)->next;
    if (*at)
        *at = client->next;
    if (client->readable)
        event_free(client->readable);
    if (!client->out)
        close(client->fd);
    free(client);
}

static void carry_out(struct relay *relay, const struct control_order *order)
{
    switch (order->verb) {
    case CONTROL_SET:
        relay_set(relay, order->values);
        break;
    case CONTROL_PLAY:
        relay_release(relay);
        break;
    case CONTROL_STATE:
        break;
    }
}

/* Does what the line says and answers. Returns whether the answer went out. */
static bool take_line(struct client *client)
{
    struct relay *relay = client->control->relay;
    struct control_order order;
    struct error error = {0};
    char answer[ERROR_TEXT_SIZE + 16], ok[CONTROL_ANSWER_SIZE];
    if (client->overlong || memchr(client->line, '\0', client->n))
        error_set(&error, STATUS_INVALID, "%s",
                  client->overlong ? "the line is too long" : "the line holds a zero byte");
    client->line[client->n] = '\0';
    if (!error.code && !controlline_parse(client->line, &order, &error)) {
        carry_out(relay, &order);
        snprintf(answer, sizeof answer, "%s\n", controlline_answer(relay_state(relay), ok));
    } else {
        snprintf(answer, sizeof answer, "error: %s\n", error.text);
    }
    client->n = 0;
    client->overlong = false;
    if (client->out)
        return fputs(answer, client->out) >= 0 && fflush(client->out) == 0;
    size_t size = strlen(answer); /* who does not read its answers gets no more of them */
    return send(client->fd, answer, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

/* Takes the lines that are whole. Returns false when the client is not to be served any more. */
static bool take_bytes(struct client *client, const char *bytes, size_t n)
{
    bool goes_on = true;
    for (size_t i = 0; i < n && goes_on; i++) {
        if (bytes[i] == '\n')
            goes_on = take_line(client);
        else if (client->n + 1 < sizeof client->line)
            client->line[client->n++] = bytes[i];
        else
            client->overlong = true;
    }
    return goes_on;
}

static void client_readable(int fd, short what, void *arg)
{
    struct client *client = arg;
    char bytes[1024];
    (void)what;
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && take_bytes(client, bytes, (size_t)n))
        return;
    if (n == 0 && client->n > 0)
        (void)take_line(client); /* a last line without an end */
    if (client->out)
        relay_stop(client->control->relay);
    client_free(client);
}

/* Owns `fd` unless `out` is given. */
static enum status client_add(struct control *control, int fd, FILE *out, struct error *error)
{
    struct client *client = calloc(1, sizeof *client);
    if (!client) {
        if (!out)
            close(fd);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a control client");
    }
    *client = (struct client){.control = control, .fd = fd, .out = out, .next = control->clients};
    control->clients = client;
    client->readable =
        event_new(relay_events(control->relay), fd, EV_READ | EV_PERSIST, client_readable, client);
    if (client->readable && event_add(client->readable, NULL) == 0)
        return STATUS_OK;
    client_free(client);
    return error_set(error, STATUS_IO, "libevent cannot wait for a control client");
}

static void acceptable(int fd, short what, void *arg)
{
    (void)what;
    int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0)
        (void)client_add(arg, client, NULL, NULL);
}

/* Makes way for a socket: removes one that nobody listens on. */
static enum status make_way(const char *path, const struct sockaddr_un *address,
                            struct error *error)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return STATUS_OK;
    if (!S_ISSOCK(info.st_mode))
        return error_set(error, STATUS_MISUSE, "--control: %s is there and is no socket", path);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens =
        probe >= 0 && connect(probe, (const struct sockaddr *)address, sizeof *address) == 0;
    if (probe >= 0)
        close(probe);
    if (listens)
        return error_set(error, STATUS_IO, "--control: somebody listens on %s already", path);
    if (unlink(path) != 0)
        return error_set_errno(error, STATUS_IO, errno, "--control: %s cannot be replaced", path);
    return STATUS_OK;
}

static enum status open_socket(struct control *control, const char *path, struct error *error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return error_set(error, STATUS_MISUSE,
                         "--control: the path of a socket has at most %zu bytes: %s",
                         sizeof address.sun_path - 1, path);
    strcpy(address.sun_path, path);
    enum status status = make_way(path, &address, error);
    if (status)
        return status;
    control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (control->listener < 0 ||
        bind(control->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        !(control->path = text_copy(path)) || listen(control->listener, 16) != 0)
        return error_set_errno(error, STATUS_IO, errno, "--control: no socket at %s", path);
    control->acceptable = event_new(relay_events(control->relay), control->listener,
                                    EV_READ | EV_PERSIST, acceptable, control);
    if (!control->acceptable || event_add(control->acceptable, NULL) != 0)
        return error_set(error, STATUS_EXTERNAL, "libevent cannot watch %s", path);
    return STATUS_OK;
}

static enum status open_input(struct control *control, FILE *out, struct error *error)
{
    struct stat info;
    signal(SIGPIPE, SIG_IGN); /* a parent that died must not keep the end from being a clean one */
    if (fstat(STDIN_FILENO, &info) != 0)
        return error_set_errno(error, STATUS_IO, errno, "--control -: standard input");
    if (S_ISREG(info.st_mode) || (S_ISCHR(info.st_mode) && !isatty(STDIN_FILENO)))
        return error_set(error, STATUS_IO,
                         "--control -: standard input is a file or nothing; give it a pipe that "
                         "stays open as long as the link is wanted");
    return client_add(control, STDIN_FILENO, out, error);
}

enum status control_open(struct relay *relay, const char *path, FILE *out, struct control **control,
                         struct error *error)
{
    struct control *made = calloc(1, sizeof *made);
    *control = NULL;
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the control socket");
    made->relay = relay;
    made->listener = -1;
    enum status status =
        strcmp(path, "-") == 0 ? open_input(made, out, error) : open_socket(made, path, error);
    if (status)
        control_close(made);
    else
        *control = made;
    return status;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    while (control->clients)
        client_free(control->clients);
    if (control->acceptable)
        event_free(control->acceptable);
    if (control->listener >= 0)
        close(control->listener);
    if (control->path)
        unlink(control->path);
    free(control->path);
    free(control);
}
