// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/arrival.h"

#include "base/clock.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    COMPARE_EVERY_NS = 100000000, /* slewed by 500 ppm, a clock is 50 us off by then */
    ATTEMPTS = 3,
    OLDEST_NS = 1000000000 /* who has waited longer in the kernel did not wait for this process */
};

/* The kernel's stamp on a message in ns of the wall clock; INT64_MIN: none. */
static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        struct timespec t;
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&t, CMSG_DATA(c), sizeof t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
    }
    return INT64_MIN;
}

/* Stamps a datagram between two readings of our clock. Returns how far apart they were; INT64_MAX
 * when there was no stamp. */
static int64_t compare_once(const struct arrival_clock *arrival, int64_t *offset)
{
    _Alignas(struct cmsghdr) char control[ARRIVAL_CONTROL_SIZE];
    char byte = 0;
    struct iovec space = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &space,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    int64_t before = clock_ns();
    if (send(arrival->sockets[0], &byte, 1, MSG_NOSIGNAL) != 1)
        return INT64_MAX;
    int64_t after = clock_ns();
    if (recvmsg(arrival->sockets[1], &message, 0) != 1)
        return INT64_MAX;
    int64_t stamp = stamp_of(&message);
    *offset = stamp - (before + (after - before) / 2);
    return stamp == INT64_MIN ? INT64_MAX : after - before;
}

static void compare(struct arrival_clock *arrival)
{
    int64_t best = INT64_MAX;
    for (int i = 0; i < ATTEMPTS; i++) {
        int64_t offset, apart = compare_once(arrival, &offset);
        if (apart < best) { /* one that was interrupted is further apart */
            best = apart;
            arrival->offset_ns = offset;
        }
    }
    arrival->compared_ns = clock_ns();
    if (best == INT64_MAX)
        arrival_close(arrival);
}

void arrival_open(struct arrival_clock *arrival)
{
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, arrival->sockets) != 0) {
        arrival->sockets[0] = arrival->sockets[1] = -1;
        return;
    }
    arrival_watch(arrival->sockets[1]);
    compare(arrival);
}

void arrival_watch(int fd)
{
    const int yes = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
}

int64_t arrival_ns(struct arrival_clock *arrival, struct msghdr *message, int64_t now_ns)
{
    int64_t stamp = stamp_of(message);
    if (stamp == INT64_MIN || arrival->sockets[0] < 0)
        return INT64_MIN;
    if (now_ns - arrival->compared_ns > COMPARE_EVERY_NS)
        compare(arrival);
    int64_t arrived = stamp - arrival->offset_ns;
    if (arrived > now_ns)
        arrived = now_ns;
    return now_ns - arrived > OLDEST_NS ? INT64_MIN : arrived;
}

void arrival_close(struct arrival_clock *arrival)
{
    for (int i = 0; i < 2; i++) {
        if (arrival->sockets[i] >= 0)
            close(arrival->sockets[i]);
        arrival->sockets[i] = -1;
    }
}
