// SPDX-License-Identifier: GPL-3.0-or-later
/* What the thread of a watch works on: shared by the files that make it up. */
#ifndef PROFILER_WATCH_PRIVATE_H
#define PROFILER_WATCH_PRIVATE_H

#include "profiler/watch.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum task { TASK_NONE, TASK_UPDATES, TASK_WINDOW, TASK_TAIL, TASK_STOP };

struct watch {
    struct meter *meter;
    const struct meter_info *info;
    pthread_t thread;
    pthread_mutex_t mutex; /* of task */
    pthread_cond_t changed;
    enum task task;
    atomic_bool pending, abandoned, released;
    _Atomic int64_t begun_ns, ended_ns; /* of the task's window; 0: not yet */
    struct watch_goal goal;
    cpu_set_t measured;
    int cpu;
    bool shared;
    /* the thread's own until the task has ended */
    int64_t found_ns; /* update period; -1: none */
    struct meter_reading before;
    int64_t before_ns; /* when the reading before was asked for; 0: none yet */
    int64_t change_ns; /* of a counter, the last seen; 0: none */
    double total_uj;
    struct trail trail;
    int64_t since_ns, doubt_ns;        /* of the trail */
    struct meter_reading trail_before; /* of a dated counter: the reading before; t_ns 0: none */
    struct stretch stretch;
    enum status status;
    struct error error;
    _Atomic int64_t cpu_ns, n_readings;
    int64_t started_ns;
};

/* Reads the meter and adds the energy up. */
enum status watch_read(struct watch *w, struct meter_reading *reading, struct error *error);

/* What the thread does when asked (watch_tasks.c); each returns when it is done or given up. */
typedef enum status watch_task(struct watch *w, struct error *error);
extern watch_task *const watch_tasks[TASK_STOP];

#endif
