// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A device with a meter whose truth is known: a tree of sensor files, advanced by a thread. The
 * device draws `rest_w`, and `load_w` more for as long as the watched thread or process is on a
 * CPU, whose clock the system keeps to the nanosecond. What the files said and when they said it is
 * logged: where the writer is late the device drew what it said all the same, so lateness is truth,
 * not error.
 *
 * Included by the test programs that need it. Life cycle: rig_start, ..., rig_stop.
 */
#ifndef PROFILER_TEST_RIG_H
#define PROFILER_TEST_RIG_H

#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RIG_FILES = 4, RIG_LOG = 1 << 20 };
static const int64_t rig_other_clock_ns = 86400000000000; /* a program's clock is ahead by a day */

/* A file that the writer advances. */
struct rig_file {
    const char *path; /* below the root */
    double share;     /* of the device's power */
    double unit;      /* of the file's figure, in uJ or uW */
    double range_uj;  /* at which it wraps; 0: never */
    bool counts;
    bool lines; /* a program's "t_ns power_uw" are appended, in a clock of its own */
    char *whole, *beside;
};

struct rig {
    char *root;
    double rest_w, load_w;
    double tail_w; /* more, for tail_ns after each burst of activity of another process: a radio */
    int64_t tail_ns;
    clockid_t far; /* its CPU clock */
    int64_t update_ns;
    _Atomic clockid_t activity; /* the CPU clock of what is watched */
    struct rig_file files[RIG_FILES];
    size_t n_files;
    pthread_t thread;
    atomic_bool stop, frozen;
    struct rig_entry {
        int64_t t_ns, within_ns; /* the moment, and how well it is known */
        double energy_uj;
    } * log; /* n */
    _Atomic size_t n;
};

/* A folder in memory where there is one: a device's files are no disk's. Freed by the caller. */
static inline char *rig_folder(void)
{
    char in_memory[] = "/dev/shm/rnnmap-rig.XXXXXX";
    return mkdtemp(in_memory) ? text_copy(in_memory) : test_scratch("rig");
}

static inline void rig_remove(char *folder)
{
    char *command = text_format("rm -rf '%s'", folder);
    assert_int_equal(test_shell(command, NULL, NULL), 0);
    free(command);
    free(folder);
}

/* Writes a file that never changes. */
static inline void rig_put(const struct rig *rig, const char *path, const char *text)
{
    char *whole = text_format("%s%s", rig->root, path);
    for (char *slash = whole + strlen(rig->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(whole, 0777);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    free(whole);
}

/* Two steps, so that a reader sees the old file or the new one, and the moment is known. */
static inline void rig_prepare(const struct rig_file *file, double figure)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%.0f\n", floor(figure / file->unit));
    int fd = open(file->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, text, (size_t)length) != length || close(fd))
        abort();
}

static inline void rig_append(const struct rig_file *file, int64_t t_ns, double power_uw)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%lld %.0f\n", (long long)(t_ns + rig_other_clock_ns),
                          power_uw);
    int fd = open(file->whole, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0 || write(fd, text, (size_t)length) != length || close(fd))
        abort();
}

/* What the files say from here on. */
static inline void rig_publish(struct rig *rig, double energy_uj, double power_uw,
                               struct rig_entry *entry)
{
    bool frozen = atomic_load(&rig->frozen);
    for (size_t i = 0; i < rig->n_files && !frozen; i++) {
        const struct rig_file *file = &rig->files[i];
        double mine_uj = file->share * energy_uj;
        if (file->lines) {
            rig_append(file, clock_ns(), file->share * power_uw);
            continue;
        }
        rig_prepare(file, !file->counts        ? file->share * power_uw
                          : file->range_uj > 0 ? fmod(mine_uj, file->range_uj)
                                               : mine_uj);
    }
    int64_t before_ns = clock_ns();
    for (size_t i = 0; i < rig->n_files && !frozen; i++) {
        if (!rig->files[i].lines && rename(rig->files[i].beside, rig->files[i].whole))
            abort();
    }
    int64_t after_ns = clock_ns();
    *entry = (struct rig_entry){before_ns + (after_ns - before_ns) / 2, (after_ns - before_ns) / 2,
                                energy_uj};
}

static inline void *rig_work(void *user)
{
    struct rig *rig = user;
    struct sched_param real_time = {.sched_priority = 10}; /* hardware is never late */
    pthread_setschedparam(pthread_self(), SCHED_FIFO, &real_time);
    prctl(PR_SET_TIMERSLACK, 1000UL);
    clockid_t watched = atomic_load(&rig->activity);
    int64_t due_ns = clock_ns(), before_ns = due_ns, cpu_before = clock_cpu_ns(watched);
    const int64_t burst_ns = 250000; /* on a CPU, from one update to the next: no housekeeping */
    int64_t tail_until_ns = 0, far_before = rig->tail_w > 0 ? clock_cpu_ns(rig->far) : 0;
    double energy_uj = 0;
    while (!atomic_load(&rig->stop)) {
        due_ns += rig->update_ns;
        clock_sleep_ns(due_ns - clock_ns());
        if (clock_ns() - due_ns > rig->update_ns)
            due_ns = clock_ns();
        if (atomic_load(&rig->activity) != watched) {
            watched = atomic_load(&rig->activity);
            cpu_before = clock_cpu_ns(watched);
        }
        int64_t cpu = clock_cpu_ns(watched), now_ns = clock_ns();
        double more_uj = rig->rest_w * 1e-3 * (double)(now_ns - before_ns);
        if (cpu > cpu_before) /* else it has ended */
            more_uj += rig->load_w * 1e-3 * (double)(cpu - cpu_before);
        int64_t far = rig->tail_w > 0 ? clock_cpu_ns(rig->far) : 0;
        if (far - far_before > burst_ns)
            tail_until_ns = now_ns + rig->tail_ns;
        far_before = far;
        if (now_ns < tail_until_ns)
            more_uj += rig->tail_w * 1e-3 * (double)(now_ns - before_ns);
        energy_uj += more_uj;
        size_t n = atomic_load(&rig->n);
        if (n == RIG_LOG)
            abort();
        rig_publish(rig, energy_uj, more_uj / ((double)(now_ns - before_ns) * 1e-9), &rig->log[n]);
        atomic_store(&rig->n, n + 1);
        before_ns = now_ns;
        cpu_before = cpu;
    }
    return NULL;
}

/* `rig` has root, levels, update_ns, activity and files. */
static inline void rig_start(struct rig *rig)
{
    rig->log = malloc(RIG_LOG * sizeof *rig->log);
    atomic_store(&rig->n, 0);
    atomic_store(&rig->stop, false);
    for (size_t i = 0; i < rig->n_files; i++) {
        struct rig_file *file = &rig->files[i];
        rig_put(rig, file->path, file->lines ? "" : "0\n");
        file->whole = text_format("%s%s", rig->root, file->path);
        file->beside = text_format("%s.next", file->whole);
    }
    assert_int_equal(pthread_create(&rig->thread, NULL, rig_work, rig), 0);
}

static inline void rig_stop(struct rig *rig)
{
    atomic_store(&rig->stop, true);
    pthread_join(rig->thread, NULL);
    for (size_t i = 0; i < rig->n_files; i++) {
        free(rig->files[i].whole);
        free(rig->files[i].beside);
    }
    free(rig->log);
    rig->log = NULL;
}

/* The last entry of the log not after the moment. */
static inline const struct rig_entry *rig_entry_at(const struct rig *rig, int64_t t_ns)
{
    size_t low = 0, high = atomic_load(&rig->n) - 1;
    assert_true(rig->log[low].t_ns <= t_ns && t_ns <= rig->log[high].t_ns);
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (rig->log[middle].t_ns <= t_ns)
            low = middle;
        else
            high = middle;
    }
    return &rig->log[low];
}

/* The energy drawn until a moment, uJ, on straight lines between what was said. */
static inline double rig_energy_uj(const struct rig *rig, int64_t t_ns)
{
    const struct rig_entry *e = rig_entry_at(rig, t_ns);
    double share = (double)(t_ns - e->t_ns) / (double)(e[1].t_ns - e->t_ns);
    return e->energy_uj + share * (e[1].energy_uj - e->energy_uj);
}

#endif
