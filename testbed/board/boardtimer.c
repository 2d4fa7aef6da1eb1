// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * boardtimer: answers a datagram "NS .." with the same that many nanoseconds later by the board's
 * clock, which under emulation is not the host's. One at a time; ends by a signal.
 */
#include "base/clock.h"

#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { PORT = 7777 };

int main(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sched_param first = {.sched_priority = 1}; /* such sleep without the timers' slack */
    sched_setscheduler(0, SCHED_FIFO, &first);
    int file = socket(AF_INET, SOCK_DGRAM, 0);
    if (file < 0 || bind(file, (struct sockaddr *)&here, sizeof here)) {
        perror("boardtimer");
        return 1;
    }
    for (;;) {
        char text[64];
        struct sockaddr_in peer;
        socklen_t size = sizeof peer;
        ssize_t n = recvfrom(file, text, sizeof text - 1, 0, (struct sockaddr *)&peer, &size);
        int64_t got_ns = clock_ns();
        if (n <= 0)
            continue;
        text[n] = '\0';
        int64_t left_ns = got_ns + strtoll(text, NULL, 10) - clock_ns();
        if (left_ns > 0)
            clock_sleep_ns(left_ns);
        sendto(file, text, (size_t)n, 0, (struct sockaddr *)&peer, size);
    }
}
