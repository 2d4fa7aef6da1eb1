// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/watch_private.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static const int64_t background_ns = 100000000; /* 10 Hz */

/* Off the measured CPUs where that is possible. */
static void choose_cpu(struct watch *w)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    bool bound = CPU_COUNT(&w->measured) < n;
    w->cpu = -1;
    for (long cpu = n - 1; cpu >= 0 && w->cpu < 0; cpu--) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)cpu, &one);
        if (bound && CPU_ISSET((size_t)cpu, &w->measured))
            continue;
        if (pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0)
            w->cpu = (int)cpu;
    }
    w->shared = w->cpu < 0 || !bound;
    struct sched_param least = {.sched_priority = sched_get_priority_min(SCHED_RR)};
    pthread_setschedparam(pthread_self(), SCHED_RR, &least); /* refused to most users: then not */
    prctl(PR_SET_TIMERSLACK, 1000UL);                        /* ns; the default is 50000 */
}

/* The next task; between two the meter is read in the background. */
static enum task next_task(struct watch *w)
{
    struct meter_reading reading;
    struct error ignored = {0}; /* the next task tells */
    pthread_mutex_lock(&w->mutex);
    while (w->task == TASK_NONE) {
        struct timespec until = clock_deadline(background_ns);
        pthread_cond_timedwait(&w->changed, &w->mutex, &until);
        if (w->task == TASK_NONE) {
            watch_read(w, &reading, &ignored);
            atomic_store(&w->cpu_ns, clock_thread_cpu_ns());
        }
    }
    enum task task = w->task;
    pthread_mutex_unlock(&w->mutex);
    return task;
}

static void *work(void *user)
{
    struct watch *w = user;
    choose_cpu(w);
    atomic_store(&w->pending, false);
    for (enum task task; (task = next_task(w)) != TASK_STOP;) {
        struct error error = {0};
        enum status status = watch_tasks[task](w, &error);
        atomic_store(&w->ended_ns, clock_ns());
        atomic_store(&w->cpu_ns, clock_thread_cpu_ns());
        pthread_mutex_lock(&w->mutex);
        w->status = status;
        w->error = error;
        w->task = TASK_NONE;
        atomic_store(&w->pending, false);
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->mutex);
    }
    return NULL;
}

enum status watch_start(struct meter *meter, struct watch **watch, struct error *error)
{
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    w->meter = meter;
    w->info = meter_info(meter);
    w->found_ns = -1;
    w->started_ns = clock_ns();
    if (sched_getaffinity(0, sizeof w->measured, &w->measured))
        CPU_ZERO(&w->measured);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&w->mutex, NULL);
    atomic_store(&w->pending, true);
    int errnum = pthread_create(&w->thread, NULL, work, w);
    if (errnum) {
        pthread_mutex_destroy(&w->mutex);
        pthread_cond_destroy(&w->changed);
        free(w);
        return error_set_errno(error, STATUS_IO, errnum, "no thread to watch the meter");
    }
    while (atomic_load(&w->pending)) /* until it is bound */
        sched_yield();
    *watch = w;
    return STATUS_OK;
}

static void begin(struct watch *w, enum task task, const struct watch_goal *goal)
{
    pthread_mutex_lock(&w->mutex);
    if (goal)
        w->goal = *goal;
    if (isnan(w->goal.baseline_uw))
        w->goal.baseline_uw = w->goal.baseline_error_uw = 0;
    w->stretch = (struct stretch){0};
    w->task = task;
    atomic_store(&w->begun_ns, 0);
    atomic_store(&w->ended_ns, 0);
    atomic_store(&w->abandoned, false);
    atomic_store(&w->released, false);
    atomic_store(&w->pending, true);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
}

void watch_updates(struct watch *watch)
{
    begin(watch, TASK_UPDATES, NULL);
}

void watch_window(struct watch *watch, const struct watch_goal *goal)
{
    begin(watch, TASK_WINDOW, goal);
}

void watch_tail(struct watch *watch, const struct watch_goal *goal)
{
    begin(watch, TASK_TAIL, goal);
}

void watch_release(struct watch *watch)
{
    atomic_store(&watch->released, true);
}

bool watch_begun(const struct watch *watch)
{
    return atomic_load(&watch->begun_ns) != 0;
}

double watch_share(const struct watch *watch, int64_t from_ns, int64_t to_ns)
{
    int64_t begun_ns = atomic_load(&watch->begun_ns), ended_ns = atomic_load(&watch->ended_ns);
    int64_t first = from_ns > begun_ns ? from_ns : begun_ns;
    int64_t last = ended_ns && ended_ns < to_ns ? ended_ns : to_ns;
    return begun_ns && last > first ? (double)(last - first) / (double)(to_ns - from_ns) : 0;
}

bool watch_pending(const struct watch *watch)
{
    return atomic_load(&watch->pending);
}

bool watch_wait(struct watch *watch, int64_t ns)
{
    struct timespec until = clock_deadline(ns);
    pthread_mutex_lock(&watch->mutex);
    if (watch->task != TASK_NONE)
        pthread_cond_timedwait(&watch->changed, &watch->mutex, &until);
    bool pending = watch->task != TASK_NONE;
    pthread_mutex_unlock(&watch->mutex);
    return pending;
}

enum status watch_end(struct watch *watch, bool abandon, struct stretch *stretch,
                      struct error *error)
{
    if (abandon)
        atomic_store(&watch->abandoned, true);
    pthread_mutex_lock(&watch->mutex);
    while (watch->task != TASK_NONE)
        pthread_cond_wait(&watch->changed, &watch->mutex);
    enum status status = watch->status;
    if (stretch)
        *stretch = watch->stretch;
    pthread_mutex_unlock(&watch->mutex);
    return status ? error_set(error, status, "%s", watch->error.text) : STATUS_OK;
}

int64_t watch_update_ns(const struct watch *watch)
{
    return watch->found_ns;
}

double watch_total_uj(struct watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    double total_uj = watch->total_uj;
    pthread_mutex_unlock(&watch->mutex);
    return total_uj;
}

struct watch_cost watch_cost(struct watch *watch)
{
    double cpu_ns = (double)atomic_load(&watch->cpu_ns);
    double n = (double)atomic_load(&watch->n_readings);
    return (struct watch_cost){
        .cpu = watch->cpu,
        .shared = watch->shared,
        .cpu_share = cpu_ns / (double)(clock_ns() - watch->started_ns),
        .share_at_100hz = n > 0 ? cpu_ns / n * 100e-9 : 0,
    };
}

void watch_stop(struct watch *watch)
{
    if (!watch)
        return;
    atomic_store(&watch->abandoned, true);
    pthread_mutex_lock(&watch->mutex);
    while (watch->task != TASK_NONE)
        pthread_cond_wait(&watch->changed, &watch->mutex);
    watch->task = TASK_STOP;
    pthread_cond_broadcast(&watch->changed);
    pthread_mutex_unlock(&watch->mutex);
    pthread_join(watch->thread, NULL);
    pthread_mutex_destroy(&watch->mutex);
    pthread_cond_destroy(&watch->changed);
    trail_free(&watch->trail);
    free(watch);
}
