// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/clockwatch.h"

#include "base/clock.h"
#include "profiler/cpufreq.h"
#include "records/round_store.h"

#include <stdlib.h>

static const double clock_changed = 0.05;
static const int64_t flush_ns = 1000000000;

enum { KEPT = 4096 }; /* rounds until they are stored in any case */

/* At one moment; < 0: unknown. */
struct reading {
    int64_t khz, throttle_events;
    int throttled;
};

struct clockwatch {
    const char *sysroot;
    const int *cpus; /* n_cpus */
    size_t n_cpus;
    size_t n_readable; /* CPUs whose clock was told at the start */
    struct store *store;
    int64_t campaign_id;
    struct reading begin;
    int64_t khz_before; /* the last one known */
    struct round_state kept[KEPT];
    size_t n_kept;
    int64_t flushed_ns;
    struct clockwatch_summary summary;
};

/* Without one of the CPUs it is not known which is the fastest. */
static struct reading look(const struct clockwatch *watch, size_t *n_readable)
{
    *n_readable = 0;
    struct reading reading = {.khz = -1,
                              .throttle_events =
                                  throttle_events(watch->sysroot, watch->cpus, watch->n_cpus),
                              .throttled = throttled_now(watch->sysroot, NULL)};
    for (size_t i = 0; i < watch->n_cpus; i++) {
        int64_t khz = cpufreq_now_khz(watch->sysroot, watch->cpus[i]);
        reading.khz = khz > reading.khz ? khz : reading.khz;
        *n_readable += khz >= 0;
    }
    if (*n_readable < watch->n_readable)
        reading.khz = -1;
    return reading;
}

enum status clockwatch_start(const char *sysroot, const int *cpus, size_t n, struct store *store,
                             int64_t campaign_id, struct clockwatch **watch, struct error *error)
{
    struct clockwatch *made = calloc(1, sizeof *made);
    *watch = NULL;
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for watching the clock");
    *made = (struct clockwatch){.sysroot = sysroot,
                                .cpus = cpus,
                                .n_cpus = n,
                                .store = store,
                                .campaign_id = campaign_id,
                                .khz_before = -1,
                                .flushed_ns = clock_ns(),
                                .summary = {.widest_round = -1}};
    struct reading now = look(made, &made->n_readable);
    if (now.khz < 0 && now.throttle_events < 0 && now.throttled < 0)
        free(made);
    else
        *watch = made;
    return STATUS_OK;
}

static enum status flush(struct clockwatch *watch, struct error *error)
{
    enum status status =
        store_rounds_put(watch->store, watch->campaign_id, watch->kept, watch->n_kept, error);
    watch->n_kept = 0;
    watch->flushed_ns = clock_ns();
    return status;
}

static enum status round_begin(void *self, int64_t round, struct error *error)
{
    struct clockwatch *watch = self;
    (void)round;
    (void)error;
    size_t n_readable;
    watch->begin = look(watch, &n_readable);
    return STATUS_OK;
}

/* The share by which the slower clock is below the faster one; 0 where one is unknown. */
static double change(int64_t a_khz, int64_t b_khz)
{
    int64_t most = a_khz > b_khz ? a_khz : b_khz, least = a_khz > b_khz ? b_khz : a_khz;
    return least > 0 ? (double)(most - least) / (double)most : 0;
}

static void note_change(struct clockwatch *watch, int64_t round, int64_t from_khz, int64_t to_khz)
{
    struct clockwatch_summary *summary = &watch->summary;
    if (change(from_khz, to_khz) <= summary->widest)
        return;
    summary->widest = change(from_khz, to_khz);
    summary->widest_round = round;
    summary->widest_khz[0] = from_khz;
    summary->widest_khz[1] = to_khz;
}

/* Counted events, or at least one where the device is held down at one of the round's ends. */
static int64_t throttles(const struct reading *begin, const struct reading *end)
{
    int64_t n = -1;
    if (begin->throttle_events >= 0 && end->throttle_events >= begin->throttle_events)
        n = end->throttle_events - begin->throttle_events;
    if (begin->throttled == 1 || end->throttled == 1)
        return n > 0 ? n : 1;
    return n < 0 && end->throttled == 0 ? 0 : n;
}

static enum status round_end(void *self, int64_t round, struct error *error)
{
    struct clockwatch *watch = self;
    size_t n_readable;
    struct reading begin = watch->begin, end = look(watch, &n_readable);
    if (begin.khz < 0) /* not every reading succeeds */
        begin.khz = end.khz;
    if (end.khz < 0)
        end.khz = begin.khz;
    double within = change(begin.khz, end.khz), since = change(watch->khz_before, begin.khz);
    struct round_state state = {.round = round,
                                .least_khz = begin.khz < end.khz ? begin.khz : end.khz,
                                .most_khz = begin.khz > end.khz ? begin.khz : end.khz,
                                .n_throttles = throttles(&begin, &end)};
    bool changed = within > clock_changed || since > clock_changed;
    state.flagged = changed || state.n_throttles > 0;
    note_change(watch, round, begin.khz, end.khz);
    note_change(watch, round, watch->khz_before, begin.khz);
    watch->khz_before = end.khz < 0 ? watch->khz_before : end.khz;
    watch->summary.n_rounds++;
    watch->summary.n_flagged += state.flagged;
    watch->summary.n_changed += changed;
    watch->summary.n_throttled += state.n_throttles > 0;
    watch->kept[watch->n_kept++] = state;
    return watch->n_kept == KEPT || clock_ns() - watch->flushed_ns > flush_ns ? flush(watch, error)
                                                                              : STATUS_OK;
}

struct sweep_companion clockwatch_companion(struct clockwatch *watch)
{
    return (struct sweep_companion){
        .self = watch, .round_begin = round_begin, .round_end = round_end, .passive = true};
}

enum status clockwatch_stop(struct clockwatch *watch, struct clockwatch_summary *summary,
                            struct error *error)
{
    *summary = (struct clockwatch_summary){.widest_round = -1};
    if (!watch)
        return STATUS_OK;
    *summary = watch->summary;
    enum status status = flush(watch, error);
    free(watch);
    return status;
}
