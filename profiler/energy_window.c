// SPDX-License-Identifier: GPL-3.0-or-later
/* One window: what the device does while the meter is watched. */
#include "profiler/energy_private.h"

#include "base/clock.h"
#include "base/stop.h"

#include <math.h>

static const int64_t least_ns = 100000000; /* of a window */
static const double wanted_bound = 0.005;  /* on the error of a net energy, relative */
static const double idle_share = 0.3;      /* of it that the baseline may take */
static const double first_idle = 0.001;    /* relative to the power at rest, before any net power */
static const double at_rest = 1.02;        /* times the lowest power at rest so far */
static const int64_t rest_ns = 20000000;   /* before an idle window, and three updates */
static const int64_t pause_ns = 200000000; /* at most, until a signal is seen */
static const int64_t poll_ns = 2000000;

int64_t energy_epoch_ms(int64_t t_ns)
{
    return clock_epoch_ms() - (clock_ns() - t_ns) / 1000000;
}

static int64_t most_ns(const struct energy *energy)
{
    return (int64_t)(energy->setup.config->energy.max_window_s * 1e9);
}

/* A reading that repeats is no sign of anything, but one that is the same to the last digit at rest
 * and under load, from a window's end through the whole of the next, sees nothing. */
static enum status check_moved(struct energy *energy, const struct stretch *stretch, bool idle,
                               struct error *error)
{
    bool stuck = energy->was_idle != idle && stretch->flat && !isnan(energy->before_uw) &&
                 energy->before_uw == stretch->last_uw &&
                 energy->record.provenance != PROVENANCE_MODELLED;
    energy->was_idle = idle;
    energy->before_uw = stretch->last_uw;
    if (!stuck)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: %.6g W at rest and under load, for all of a window of %.3g s: stuck, or "
                     "too coarse to see an inference",
                     energy->record.source, stretch->last_uw * 1e-6,
                     (double)(stretch->to_ns - stretch->from_ns) * 1e-9);
}

static enum status watch_idle(struct energy *energy, struct stretch *stretch, struct error *error)
{
    struct watch_goal goal = {.least_ns = least_ns,
                              .most_ns = most_ns(energy),
                              .baseline_uw = NAN,
                              .relative = first_idle};
    if (energy->has_idle && energy->least_net_uw > 0 && energy->idle.power_uw > 0)
        goal.relative = wanted_bound * idle_share * energy->least_net_uw / energy->idle.power_uw;
    watch_window(energy->watch, &goal);
    while (watch_wait(energy->watch, pause_ns) && !stop_asked())
        ;
    return watch_end(energy->watch, stop_asked(), stretch, error);
}

static bool any_endpoint(const struct energy *energy)
{
    for (size_t i = 0; i < energy->setup.n_places; i++) {
        if (energy->setup.places[i].client)
            return true;
    }
    return false;
}

/* A radio goes to rest long after the last request: for so long as the power is above the lowest at
 * rest so far, another window is tried, at most as long as a window may last. Where there is none
 * so far that time is let pass. */
enum status energy_measure_idle(struct energy *energy, struct stretch *stretch, struct error *error)
{
    int64_t update_ns = watch_update_ns(energy->watch), since_ns = clock_ns();
    bool radio = any_endpoint(energy), first = radio && !energy->has_idle, above;
    enum status status;
    meter_note(energy->meter, ACTIVITY_IDLE);
    clock_sleep_ns(first ? most_ns(energy) : rest_ns + (update_ns > 0 ? 3 * update_ns : 0));
    do {
        status = watch_idle(energy, stretch, error);
        if (status)
            return status;
        struct idle_power now = idle_power_of(stretch);
        above = energy->lowest_uw > 0 && now.power_uw - now.error_uw > at_rest * energy->lowest_uw;
        if (energy->lowest_uw <= 0 || now.power_uw < energy->lowest_uw)
            energy->lowest_uw = now.power_uw;
    } while (radio && above && clock_ns() - since_ns < most_ns(energy) && !stop_asked());
    return check_moved(energy, stretch, true, error);
}

static struct watch_goal goal_of(const struct energy *energy)
{
    return (struct watch_goal){.least_ns = least_ns,
                               .most_ns = most_ns(energy),
                               .baseline_uw = energy->idle.power_uw,
                               .baseline_error_uw = energy->idle.error_uw,
                               .relative = wanted_bound};
}

/* Inferences back to back, each counted by its share in the window. */
static enum status run_back_to_back(struct energy *energy, struct place *place, uint32_t length,
                                    struct window_load *load)
{
    struct watch_goal goal = goal_of(energy);
    struct sample sample;
    struct error why = {0};
    enum status status = place_repeat(place, length, &sample, &why); /* the load is on */
    watch_window(energy->watch, &goal);
    while (!status && watch_pending(energy->watch) && !stop_asked()) {
        int64_t from_ns = clock_ns();
        status = place_repeat(place, length, &sample, &why);
        double share = watch_share(energy->watch, from_ns, clock_ns());
        if (share > 0 || sample.failure != FAILURE_NONE)
            window_load_add(load, &sample, share);
        if (sample.failure != FAILURE_NONE)
            break; /* a window with a gap in it tells nothing */
    }
    return status;
}

static enum status run_once(struct energy *energy, struct place *place, uint32_t length,
                            struct window_load *load)
{
    struct watch_goal goal = goal_of(energy);
    struct sample sample;
    struct error why = {0};
    enum status status = STATUS_OK;
    watch_tail(energy->watch, &goal);
    while (!watch_begun(energy->watch) && watch_pending(energy->watch) && !stop_asked())
        clock_sleep_ns(poll_ns);
    if (watch_pending(energy->watch) && !stop_asked()) {
        meter_note(energy->meter, ACTIVITY_OFFLOAD);
        status = place_repeat(place, length, &sample, &why);
        meter_note(energy->meter, ACTIVITY_IDLE);
        window_load_add(load, &sample, 1);
        watch_release(energy->watch);
    }
    while (!status && load->n_failed == 0 && watch_wait(energy->watch, pause_ns) && !stop_asked())
        ;
    return status;
}

static void note_link(const struct energy *energy, int state, struct energy_window *window)
{
    struct sample sample = sample_unknown();
    if (state >= 0)
        link_state_put(&energy->setup.config->link_states[state], &sample);
    window->link_rtt_ns = sample.link_rtt_ns;
    window->up_ps_per_byte = sample.up_ps_per_byte;
    window->down_ps_per_byte = sample.down_ps_per_byte;
}

static uint32_t length_of(const struct energy *energy, const struct energy_job *job)
{
    const struct campaign_config *config = energy->setup.config;
    size_t i = 0;
    if (job->kind == WINDOW_BUSY)
        return job->length;
    while (config->lengths[i] != job->length)
        i++;
    return config->lengths[(i + job->n_done) % config->n_lengths];
}

enum status energy_measure_job(struct energy *energy, const struct energy_job *job,
                               struct pending *pending, bool *usable, struct error *error)
{
    struct place *place = &energy->setup.places[job->place];
    struct energy_window *window = &pending->window;
    struct window_load load = {0};
    uint32_t length = length_of(energy, job);
    *window = energy_window_unknown();
    window->meter_id = energy->record.id;
    window->target_id = place->target.id;
    window->kind = job->kind;
    window->length = length;
    window->provenance = energy->record.provenance;
    if (place->client && !energy->record.radio)
        window->provenance = PROVENANCE_PARTIAL;
    note_link(energy, job->state, window);
    *usable = false;
    enum status status = place_prepare(place, length, error);
    if (status)
        return status == STATUS_NO_MEMORY ? status : STATUS_OK;
    int64_t rtt_ns = job->kind == WINDOW_BUSY ? place_probe(place) : -1; /* alone is alone */
    if (rtt_ns >= 0)
        running_add(&load.rtt_ns, (double)rtt_ns);
    if (job->kind == WINDOW_BUSY) {
        meter_note(energy->meter, place->client ? ACTIVITY_OFFLOAD : ACTIVITY_RUN);
        status = run_back_to_back(energy, place, length, &load);
        meter_note(energy->meter, ACTIVITY_IDLE);
    } else {
        clock_sleep_ns(rest_ns); /* what stood before was just stored */
        status = run_once(energy, place, length, &load);
    }
    bool failed = status || load.n_failed > 0;
    enum status watched =
        watch_end(energy->watch, failed || stop_asked(), &pending->stretch, error);
    if (failed)
        return status == STATUS_NO_MEMORY ? status : STATUS_OK;
    if (!watched && job->kind == WINDOW_BUSY)
        watched = check_moved(energy, &pending->stretch, false, error);
    window->started_ms = energy_epoch_ms(pending->stretch.from_ns);
    window_account(window, &pending->stretch, NULL);
    window_fill(window, &load);
    *usable = !watched && window->n_inferences > 0;
    return watched;
}
