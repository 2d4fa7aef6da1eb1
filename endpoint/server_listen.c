// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/server_private.h"

#include "base/memory.h"
#include "base/units.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

/* Splits "HOST:PORT" or "[HOST]:PORT"; both to be freed. */
static enum status split_address(const char *address, char **host, char **port, struct error *error)
{
    const char *colon = address ? strrchr(address, ':') : NULL;
    uint64_t number;
    bool bracketed = colon && address[0] == '[' && colon > address + 1 && colon[-1] == ']';
    bool whole =
        colon && colon > address && (bracketed || !memchr(address, ':', (size_t)(colon - address)));
    if (!whole || parse_u64(colon + 1, 0, 65535, &number, NULL))
        return error_set(error, STATUS_INVALID,
                         "'%s' is not an address to listen on; give ADDR:PORT like 127.0.0.1:8000 "
                         "or [::1]:8000",
                         address ? address : "");
    *host = bracketed ? text_format("%.*s", (int)(colon - address) - 2, address + 1)
                      : text_format("%.*s", (int)(colon - address), address);
    *port = text_copy(colon + 1);
    return *host && *port ? STATUS_OK
                          : error_set(error, STATUS_NO_MEMORY, "out of memory for an address");
}

static enum status bind_one(const struct addrinfo *info, int *made)
{
    int one = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    info->ai_protocol);
    if (fd < 0)
        return STATUS_IO;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return STATUS_IO;
    }
    *made = fd;
    return STATUS_OK;
}

static enum status name_socket(int fd, bool tls, char **url, struct error *error)
{
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&name, &size) != 0 ||
        getnameinfo((struct sockaddr *)&name, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return error_set_errno(error, STATUS_IO, errno, "the listening socket has no name");
    *url = text_format(name.ss_family == AF_INET6 ? "http%s://[%s]:%s" : "http%s://%s:%s",
                       tls ? "s" : "", host, port);
    return *url ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for an address");
}

enum status server_listen(const char *address, bool tls, int *socket, char **url,
                          struct error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    char *host = NULL, *port = NULL;
    int fd = -1;
    enum status status = split_address(address, &host, &port, error);
    if (status)
        goto done;
    int code = getaddrinfo(host, port, &hints, &found);
    if (code) {
        status = error_set(error, STATUS_INVALID, "%s: %s; check the address to listen on", address,
                           gai_strerror(code));
        goto done;
    }
    status = STATUS_IO;
    for (const struct addrinfo *at = found; at && status; at = at->ai_next)
        status = bind_one(at, &fd);
    if (status)
        error_set_errno(error, status, errno,
                        "cannot listen on %s (give another port, or 0 for a free one)", address);
    else
        status = name_socket(fd, tls, url, error);
done:
    if (found)
        freeaddrinfo(found);
    free(host);
    free(port);
    if (status && fd >= 0)
        close(fd);
    else
        *socket = fd;
    return status;
}
