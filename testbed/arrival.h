// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * When bytes arrived at a socket, on clock_ns: not when this process woke up and read them. The
 * kernel stamps what arrives (SO_TIMESTAMPNS), but with the wall clock, which may be stepped and
 * slewed; so its stamps are compared with clock_ns again and again, by stamping a datagram of our
 * own.
 *
 * Life cycle: arrival_open; arrival_watch each socket; arrival_ns after each recvmsg;
 * arrival_close. Thread rule: one thread.
 */
#ifndef TESTBED_ARRIVAL_H
#define TESTBED_ARRIVAL_H

#include <stdint.h>
#include <sys/socket.h>

struct arrival_clock {
    int sockets[2];      /* -1: the kernel does not stamp */
    int64_t offset_ns;   /* of the kernel's stamps against clock_ns */
    int64_t compared_ns; /* when they were last compared */
};

/* Room that the control part of a message needs, aligned as struct cmsghdr. */
enum { ARRIVAL_CONTROL_SIZE = 64 };

/* Never fails: where the kernel does not stamp, arrival_ns knows nothing. */
void arrival_open(struct arrival_clock *arrival);

/* Asks for stamps on the bytes that arrive at `fd`. */
void arrival_watch(int fd);

/* When the last bytes of a message arrived, at most `now_ns`; INT64_MIN when that is not known or
 * not to be believed (the wall clock was stepped). */
int64_t arrival_ns(struct arrival_clock *arrival, struct msghdr *message, int64_t now_ns);

void arrival_close(struct arrival_clock *arrival);

#endif
