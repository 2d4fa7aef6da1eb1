// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/watch_private.h"

#include "base/clock.h"

#include <math.h>

enum { MAX_CHANGES = 25, UPDATES_IN_WINDOW = 20, MAX_TRIES = 12 };
static const int64_t ms = 1000000;
static const int64_t coarse_ns = 10000000; /* 100 Hz */
static const int64_t unknown_update_ns = 250000000;
static const int64_t detection_ns = 3000000000;
static const int64_t stuck_ns = 1000000000;
static const int64_t finest_ns = 20000; /* between two readings */
static const double shrunk = 0.2;       /* of the goal: a longer window would not help */

/* ---- readings */

static int64_t update_ns(const struct watch *w)
{
    return w->found_ns > 0                              ? w->found_ns
           : w->info->provenance == PROVENANCE_MODELLED ? 0
                                                        : unknown_update_ns;
}

enum status watch_read(struct watch *w, struct meter_reading *reading, struct error *error)
{
    int64_t asked_ns = clock_ns();
    enum status status = meter_read(w->meter, reading, error);
    if (status)
        return status;
    if (w->before_ns && w->info->counts)
        w->total_uj += reading->value - w->before.value;
    else if (w->before_ns)
        w->total_uj += 0.5 * (reading->value + w->before.value) *
                       (double)(reading->t_ns - w->before.t_ns) * 1e-9;
    w->before = *reading;
    w->before_ns = asked_ns;
    atomic_fetch_add(&w->n_readings, 1);
    return STATUS_OK;
}

static enum status check_abandoned(const struct watch *w, struct error *error)
{
    return atomic_load(&w->abandoned) ? error_set(error, STATUS_INTERRUPTED, "given up")
                                      : STATUS_OK;
}

/* Between readings that are to tell when a figure changes. */
static int64_t fine_step_ns(int64_t update)
{
    int64_t step = update / 50;
    return step < finest_ns ? finest_ns : step > 5 * ms ? 5 * ms : step;
}

/* Whether the meter's readings are followed as power: a counter whose readings have times of their
 * own need not be polled for its changes. */
static bool follows_power(const struct watch *w)
{
    return !w->info->counts || w->info->dated;
}

/* Sleeps until shortly before a counter's next change where that can be told: polling costs. */
static enum status doze(struct watch *w, struct error *error)
{
    struct meter_reading reading;
    int64_t update = update_ns(w), since = clock_ns() - w->change_ns, margin = update / 8;
    if (w->found_ns < 2 * ms || !w->change_ns || w->info->n_parts > 1 || since > coarse_ns * 1000)
        return STATUS_OK;
    int64_t left = update - since % update - margin;
    if (left <= 0)
        return STATUS_OK;
    clock_sleep_ns(left);
    return watch_read(w, &reading, error);
}

/* Polls a counter until its next change. */
static enum status next_change(struct watch *w, struct counter_change *change, struct error *error)
{
    struct meter_reading reading;
    enum status status = doze(w, error);
    int64_t started_ns = clock_ns(), update = update_ns(w), step = fine_step_ns(update);
    int64_t patience_ns = stuck_ns > 20 * update ? stuck_ns : 20 * update;
    double value = w->before.value;
    int64_t earliest_ns = w->before_ns;
    for (; !status && !(status = check_abandoned(w, error)); clock_sleep_ns(step)) {
        status = watch_read(w, &reading, error);
        if (!status && reading.value != value) {
            *change = (struct counter_change){earliest_ns, clock_ns(), reading.value};
            w->change_ns = change->latest_ns;
            return STATUS_OK;
        }
        earliest_ns = w->before_ns;
        if (!status && earliest_ns - started_ns > patience_ns)
            status = error_set(error, STATUS_UNSUPPORTED,
                               "%s: stuck: it has not moved from %.0f uJ for %.1f s",
                               w->info->source, value, (double)(earliest_ns - started_ns) * 1e-9);
    }
    return status;
}

/* A change whose time is known well, else the best of some: a thread that the system woke late has
 * seen nothing meanwhile. */
static enum status sharp_change(struct watch *w, struct counter_change *best, struct error *error)
{
    int64_t update = update_ns(w), wanted_ns = 3 * fine_step_ns(update) + 60000;
    struct counter_change change;
    struct meter_reading reading;
    enum status status = watch_read(w, &reading, error); /* the one before is long ago */
    for (int i = 0; !status && i < MAX_TRIES; i++) {
        status = next_change(w, &change, error);
        if (!status &&
            (i == 0 || change.latest_ns - change.earliest_ns < best->latest_ns - best->earliest_ns))
            *best = change;
        if (!status && best->latest_ns - best->earliest_ns <= wanted_ns)
            break;
    }
    return status;
}

/* Reads at 100 Hz until then: often enough to see every wrap. */
static enum status pass_time(struct watch *w, int64_t until_ns, struct error *error)
{
    struct meter_reading reading;
    enum status status = STATUS_OK;
    for (int64_t left; !status && (left = until_ns - clock_ns()) > 0;) {
        clock_sleep_ns(left < coarse_ns ? left : coarse_ns);
        status = check_abandoned(w, error);
        if (!status)
            status = watch_read(w, &reading, error);
    }
    return status;
}

/* ---- tasks */

static enum status find_updates(struct watch *w, struct error *error)
{
    int64_t changes[MAX_CHANGES], started_ns = clock_ns();
    int64_t step = 5 * finest_ns;
    size_t n = 0, parts = w->info->n_parts;
    struct meter_reading reading;
    if (w->info->provenance == PROVENANCE_MODELLED)
        return STATUS_OK;
    enum status status = watch_read(w, &reading, error);
    double value = reading.value;
    while (!status && n < MAX_CHANGES && w->before_ns - started_ns < detection_ns) {
        clock_sleep_ns(step);
        status = check_abandoned(w, error);
        int64_t earliest_ns = w->before_ns;
        if (!status)
            status = watch_read(w, &reading, error);
        if (status || reading.value == value)
            continue;
        value = reading.value;
        changes[n++] = w->info->dated ? reading.t_ns : earliest_ns + (clock_ns() - earliest_ns) / 2;
        if (n == 4 && (changes[3] - changes[0]) / 150 > step)
            step = (changes[3] - changes[0]) / 150; /* slow ones need no such hurry */
    }
    if (!status) {
        int64_t found = update_period_ns(changes, n, parts);
        if (found > 0)
            w->found_ns = found;
    }
    return status;
}

/* Whether the window is as good as wanted, or as it can get. */
static bool enough(const struct watch *w, const struct stretch *stretch)
{
    double duration_s = (double)(stretch->to_ns - stretch->from_ns) * 1e-9;
    double net_uw = fabs(stretch_power_uw(stretch) - w->goal.baseline_uw);
    double target_uw = w->goal.relative * net_uw, own_uw = stretch->error_uj / duration_s;
    double fixed_uw = stretch->floor_uw + w->goal.baseline_error_uw;
    return own_uw + fixed_uw <= target_uw || own_uw <= shrunk * target_uw;
}

static int64_t least_duration_ns(const struct watch *w)
{
    int64_t least = UPDATES_IN_WINDOW * update_ns(w);
    least = least > w->goal.least_ns ? least : w->goal.least_ns;
    return least < w->goal.most_ns ? least : w->goal.most_ns;
}

static int64_t longer(const struct watch *w, int64_t duration_ns)
{
    int64_t next = duration_ns + duration_ns / 3;
    return next < w->goal.most_ns ? next : w->goal.most_ns;
}

static enum status counter_window(struct watch *w, struct error *error)
{
    struct counter_change first, last;
    enum status status = sharp_change(w, &first, error);
    atomic_store(&w->begun_ns, clock_ns());
    for (int64_t duration = least_duration_ns(w); !status; duration = longer(w, duration)) {
        status = pass_time(w, first.latest_ns + duration, error);
        if (!status)
            status = sharp_change(w, &last, error);
        if (status)
            break;
        w->stretch =
            counter_stretch(&first, &last, w->info->resolution, w->info->n_parts, update_ns(w));
        if (enough(w, &w->stretch) || duration >= w->goal.most_ns)
            break;
    }
    return status;
}

/* Four times an update, so that hardly one is missed, within 100 to 1000 times a second. */
static int64_t sampling_ns(const struct watch *w)
{
    int64_t period = update_ns(w) / 4;
    return w->info->provenance == PROVENANCE_MODELLED || period > coarse_ns ? coarse_ns
           : period < ms                                                    ? ms
                                                                            : period;
}

/* Adds a reading to the trail; of a dated counter the mean power since the one before. */
static enum status follow(struct watch *w, struct meter_reading reading, struct error *error)
{
    struct meter_reading before = w->trail_before;
    if (reading.t_ns < w->since_ns)
        return STATUS_OK;
    if (!w->info->dated)
        return trail_add(&w->trail, reading, error);
    if (reading.t_ns <= before.t_ns)
        return STATUS_OK;
    w->trail_before = reading;
    w->doubt_ns = reading.doubt_ns > w->doubt_ns ? reading.doubt_ns : w->doubt_ns;
    reading.value = (reading.value - before.value) / ((double)(reading.t_ns - before.t_ns) * 1e-9);
    return before.t_ns ? trail_add(&w->trail, reading, error) : STATUS_OK;
}

/* The stretch of the trail until then; what is not known of its times is in the bound. */
static struct stretch stretch_until(const struct watch *w, int64_t to_ns)
{
    double resolution_uw = w->info->dated ? 0 : w->info->resolution;
    struct stretch stretch = trail_stretch(&w->trail, to_ns, resolution_uw, update_ns(w));
    stretch.error_uj += 2e-9 * (double)w->doubt_ns * fabs(stretch_power_uw(&stretch));
    if (w->info->provenance == PROVENANCE_MODELLED)
        stretch.error_uj = 0; /* watts times seconds: how true the watts are nobody measured */
    return stretch;
}

static enum status sample(struct watch *w, int64_t *due_ns, struct error *error)
{
    struct meter_reading reading;
    *due_ns += sampling_ns(w);
    int64_t now_ns = clock_ns();
    if (*due_ns < now_ns)
        *due_ns = now_ns;
    clock_sleep_ns(*due_ns - now_ns);
    enum status status = check_abandoned(w, error);
    if (!status)
        status = watch_read(w, &reading, error);
    return status ? status : follow(w, reading, error);
}

/* Lets two updates pass: what they say is of before. */
static enum status begin_trail(struct watch *w, struct error *error)
{
    w->since_ns = clock_ns() + 2 * update_ns(w);
    w->doubt_ns = 0;
    w->trail_before.t_ns = 0;
    trail_clear(&w->trail);
    w->trail.means = w->info->dated;
    return pass_time(w, w->since_ns, error);
}

/* Begins a trail and gets its first reading: what the device does after this is all in it. */
static enum status begin_whole_trail(struct watch *w, struct error *error)
{
    enum status status = begin_trail(w, error);
    int64_t due_ns = clock_ns();
    while (!status && w->trail.n == 0)
        status = sample(w, &due_ns, error);
    return status;
}

static enum status power_window(struct watch *w, struct error *error)
{
    enum status status = begin_trail(w, error);
    int64_t due_ns = clock_ns();
    atomic_store(&w->begun_ns, clock_ns());
    for (int64_t duration = least_duration_ns(w); !status;) {
        status = sample(w, &due_ns, error);
        const struct trail *trail = &w->trail;
        if (status || trail->n < 3 ||
            trail->readings[trail->n - 1].t_ns - trail->readings[0].t_ns <
                duration + 2 * update_ns(w))
            continue;
        w->stretch = stretch_until(w, trail->readings[0].t_ns + duration);
        if (enough(w, &w->stretch) || duration >= w->goal.most_ns)
            break;
        duration = longer(w, duration);
    }
    return status;
}

/* How long the power has to be at its baseline to be believed. */
static int64_t calm_ns(const struct watch *w)
{
    int64_t calm = 50 * update_ns(w), most = w->goal.most_ns / 4;
    calm = calm > 100 * ms ? calm : 100 * ms;
    return calm < most ? calm : most;
}

/* The power up to which it counts as back: two percent, or what a span of that length leaves open.
 */
static double calm_uw(const struct watch *w)
{
    double open =
        (double)(update_ns(w) > coarse_ns ? coarse_ns : update_ns(w)) / (double)calm_ns(w);
    return w->goal.baseline_uw * (1 + fmax(0.02, 2 * open)) + w->goal.baseline_error_uw +
           (follows_power(w) && !w->info->dated ? w->info->resolution : 0);
}

/* Follows the power until it is back; the trail has a counter's changes as (time, uJ). */
static enum status await_calm(struct watch *w, struct error *error)
{
    int64_t released_ns = -1, due_ns = clock_ns(), calm = calm_ns(w);
    enum status status = STATUS_OK;
    while (!status) {
        double recent_uw = NAN;
        status = sample(w, &due_ns, error);
        const struct meter_reading *r = w->trail.readings;
        size_t n = w->trail.n;
        if (released_ns < 0 && atomic_load(&w->released))
            released_ns = clock_ns();
        if (status || released_ns < 0 || n < 2 || r[n - 1].t_ns - released_ns < calm)
            continue;
        if (!follows_power(w)) {
            size_t first = n - 1;
            while (first > 0 && r[n - 1].t_ns - r[first].t_ns < calm)
                first--;
            recent_uw = (r[n - 1].value - r[first].value) /
                        ((double)(r[n - 1].t_ns - r[first].t_ns) * 1e-9);
        } else {
            recent_uw = trail_recent_uw(&w->trail, calm);
        }
        if (recent_uw <= calm_uw(w))
            break;
        if (clock_ns() - released_ns > w->goal.most_ns)
            status = error_set(error, STATUS_NOT_REACHED,
                               "the power was not back at its baseline of %.3f W after %.1f s",
                               w->goal.baseline_uw * 1e-6, (double)w->goal.most_ns * 1e-9);
    }
    return status;
}

static enum status tail(struct watch *w, struct error *error)
{
    struct counter_change first, last;
    enum status status;
    bool follows = follows_power(w);
    if (follows) {
        status = begin_whole_trail(w, error);
    } else {
        status = sharp_change(w, &first, error);
        w->since_ns = 0;
        trail_clear(&w->trail);
    }
    atomic_store(&w->begun_ns, clock_ns());
    if (!status)
        status = await_calm(w, error);
    if (!status && !follows)
        status = sharp_change(w, &last, error);
    if (status)
        return status;
    w->stretch = follows ? stretch_until(w, INT64_MAX)
                         : counter_stretch(&first, &last, w->info->resolution, w->info->n_parts,
                                           update_ns(w));
    return STATUS_OK;
}

static enum status window(struct watch *w, struct error *error)
{
    return follows_power(w) ? power_window(w, error) : counter_window(w, error);
}

watch_task *const watch_tasks[TASK_STOP] = {
    [TASK_UPDATES] = find_updates, [TASK_WINDOW] = window, [TASK_TAIL] = tail};
