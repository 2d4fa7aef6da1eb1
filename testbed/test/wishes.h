// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A server that takes or gives as many bytes as it is asked to, and what a client measures with it.
 */
#ifndef TESTBED_TEST_WISHES_H
#define TESTBED_TEST_WISHES_H

#include "testbed/test/relayed.h"

/* Asks for and gets: "take N": receives N bytes and answers one; "give N": sends N. */
struct wish {
    char verb; /* 't' or 'g' */
    uint32_t n;
};

/* The server: peer_serve(fulfil, ..). */
static inline void fulfil(int fd)
{
    struct wish wish;
    while (peer_receive(fd, &wish, sizeof wish) == sizeof wish) {
        char *bytes = calloc(1, wish.n);
        if (wish.verb == 't' && peer_receive(fd, bytes, wish.n) == wish.n)
            peer_send(fd, "k", 1);
        if (wish.verb == 'g')
            peer_send(fd, bytes, wish.n);
        free(bytes);
    }
}

/* How long n bytes take in a direction, in s; *send_s, unless NULL, what the sending took. */
static inline double transfer(int fd, char verb, size_t n, double *send_s)
{
    struct wish wish;
    memset(&wish, 0, sizeof wish);
    wish.verb = verb;
    wish.n = (uint32_t)n;
    char *bytes = calloc(1, n);
    int64_t start = clock_ns();
    assert_true(peer_send(fd, &wish, sizeof wish));
    if (verb == 't')
        assert_true(peer_send(fd, bytes, n));
    if (send_s)
        *send_s = peer_seconds(start);
    assert_int_equal(peer_receive(fd, bytes, verb == 't' ? 1 : n), verb == 't' ? 1 : n);
    double took = peer_seconds(start);
    free(bytes);
    return took;
}

#endif
