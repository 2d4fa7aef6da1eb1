// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * TCP addresses as people write them: "127.0.0.1:8000", "localhost:8000", "[::1]:8000".
 */
#ifndef TESTBED_ADDRESS_H
#define TESTBED_ADDRESS_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/socket.h>

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

enum { ADDRESS_TEXT_SIZE = 64 };

/*
 * `to_listen`: port 0 is allowed and lets the system pick one.
 * STATUS_OK: *address is the first one that the name stands for.
 * STATUS_MISUSE: the text is not ADDR:PORT.  STATUS_NOT_FOUND: the name cannot be resolved.
 */
enum status address_parse(const char *text, bool to_listen, struct address *address,
                          struct error *error);

/* "127.0.0.1:8000"; `text` has room for ADDRESS_TEXT_SIZE; returned. */
const char *address_print(const struct address *address, char *text);

#endif
