// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/address.h"

#include "base/units.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Cuts "HOST:PORT" or "[HOST]:PORT" into its parts. */
static bool split(const char *text, char *host, size_t size, const char **port)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text)
        return false;
    const char *from = text, *to = colon;
    if (*from == '[' && to[-1] == ']') {
        from++;
        to--;
    } else if (memchr(from, ':', (size_t)(to - from))) {
        return false; /* an IPv6 address without brackets: which colon starts the port? */
    }
    size_t length = (size_t)(to - from);
    if (length == 0 || length >= size)
        return false;
    memcpy(host, from, length);
    host[length] = '\0';
    *port = colon + 1;
    return true;
}

enum status address_parse(const char *text, bool to_listen, struct address *address,
                          struct error *error)
{
    char host[256];
    const char *port;
    uint64_t number;
    struct error why = {0};
    if (!split(text, host, sizeof host, &port))
        return error_set(error, STATUS_MISUSE,
                         "'%s' is not ADDR:PORT such as 127.0.0.1:8000 or [::1]:8000", text);
    if (parse_u64(port, to_listen ? 0 : 1, UINT16_MAX, &number, &why))
        return error_set(error, STATUS_MISUSE, "the port of '%s': %s", text, why.text);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (to_listen ? AI_PASSIVE : 0)};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(host, port, &hints, &found);
    if (failed)
        return error_set(error, STATUS_NOT_FOUND, "'%s' cannot be resolved: %s", host,
                         gai_strerror(failed));
    memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
    address->length = found->ai_addrlen;
    freeaddrinfo(found);
    return STATUS_OK;
}

const char *address_print(const struct address *address, char *text)
{
    char host[INET6_ADDRSTRLEN + 8], port[8];
    if (getnameinfo((const struct sockaddr *)&address->storage, address->length, host, sizeof host,
                    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(text, ADDRESS_TEXT_SIZE, "an unknown address");
    else
        snprintf(text, ADDRESS_TEXT_SIZE, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
    return text;
}
