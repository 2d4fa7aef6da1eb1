// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/board/power.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char schedstat[] = "/proc/schedstat"; /* Linux, Documentation/scheduler/sched-stats */
static const char netdev[] = "/proc/net/dev";

enum status activity_open(struct activity_files *files, struct error *error)
{
    files->scheduler = open(schedstat, O_RDONLY | O_CLOEXEC);
    files->network = open(netdev, O_RDONLY | O_CLOEXEC);
    if (files->scheduler >= 0 && files->network >= 0)
        return STATUS_OK;
    return error_set_errno(error, STATUS_NOT_FOUND, errno, "%s",
                           files->scheduler < 0 ? schedstat : netdev);
}

void activity_close(struct activity_files *files)
{
    close(files->scheduler);
    close(files->network);
}

static enum status read_all(int file, const char *path, char *text, size_t size,
                            struct error *error)
{
    ssize_t length = pread(file, text, size - 1, 0);
    if (length < 0)
        return error_set_errno(error, STATUS_IO, errno, "%s", path);
    text[length] = '\0';
    return STATUS_OK;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end && end[1] ? end + 1 : NULL;
}

/* The seventh number of a cpu's line is the ns that programs ran on it, up to the last switch: the
 * one to this process. */
static enum status read_scheduler(int file, struct activity *now, struct error *error)
{
    char text[4096];
    enum status status = read_all(file, schedstat, text, sizeof text, error);
    now->ran_ns = now->n_cpus = 0;
    for (const char *line = text; !status && line; line = next_line(line)) {
        long long ran_ns;
        if (sscanf(line, "cpu%*d %*d %*d %*d %*d %*d %*d %lld", &ran_ns) == 1) {
            now->ran_ns += ran_ns;
            now->n_cpus++;
        }
    }
    if (!status && now->n_cpus == 0)
        status = error_set(error, STATUS_INVALID, "%s: no line of a cpu", schedstat);
    return status;
}

static enum status read_network(int file, struct activity *now, struct error *error)
{
    char text[4096];
    enum status status = read_all(file, netdev, text, sizeof text, error);
    now->packets = 0;
    for (const char *line = text; !status && line; line = next_line(line)) {
        unsigned long long received, sent;
        char name[32];
        if (sscanf(line, " %31[^:]: %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received,
                   &sent) == 3 &&
            strcmp(name, "lo") != 0)
            now->packets += received + sent;
    }
    return status;
}

enum status activity_read(const struct activity_files *files, struct activity *now,
                          struct error *error)
{
    enum status status = read_scheduler(files->scheduler, now, error);
    now->own_ns = clock_thread_cpu_ns();
    if (!status)
        status = read_network(files->network, now, error);
    now->at_ns = clock_ns();
    return status;
}

static double clamp(double share)
{
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

double power_mean_w(const struct power_model *model, const struct activity *before,
                    const struct activity *now, int64_t *radio_until_ns)
{
    double lasted_ns = (double)(now->at_ns - before->at_ns);
    double ran_ns = (double)(now->ran_ns - before->ran_ns - (now->own_ns - before->own_ns));
    double radio_ns = (double)(*radio_until_ns - before->at_ns);
    if (now->packets != before->packets) {
        *radio_until_ns = now->at_ns + model->tail_ns;
        radio_ns = lasted_ns;
    }
    return model->idle_w +
           (model->busy_w - model->idle_w) * clamp(ran_ns / lasted_ns / (double)now->n_cpus) +
           model->radio_w * clamp(radio_ns / lasted_ns);
}
