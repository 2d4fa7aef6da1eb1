// SPDX-License-Identifier: GPL-3.0-or-later
/* A round of windows: their order, the idle windows in between, and what is stored. */
#include "profiler/energy_private.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/stop.h"
#include "profiler/order.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUSY_PER_IDLE = 4 };                                  /* on average */
static const uint64_t stream = UINT64_C(0x656e657267790000); /* apart from the sweep's orders */

bool energy_lacks(const struct energy *energy, const struct energy_job *job)
{
    return job->n_done < energy->setup.config->energy.n_windows;
}

static double elapsed_s(const struct energy *energy)
{
    return (double)(clock_ns() - energy->started_ns) * 1e-9;
}

static bool over(struct energy *energy)
{
    const struct campaign_config *config = energy->setup.config;
    energy->capped =
        energy->capped ||
        (config->max_energy_j > 0 && watch_total_uj(energy->watch) * 1e-6 >= config->max_energy_j);
    return energy->capped || energy->failed || stop_asked() ||
           elapsed_s(energy) > config->max_time_s;
}

/* Notes that the meter failed, and says so at once. */
static void note_failure(struct energy *energy, const struct error *why)
{
    FILE *out = energy->setup.progress;
    energy->failed = true;
    error_set(&energy->why, why->code, "%s", why->text);
    if (out)
        fprintf(out,
                "%swarning: the meter failed: %s; no more windows in this run, times go on, what "
                "was stored stays\n",
                isatty(fileno(out)) ? "\r\033[K" : "", why->text);
}

static void count(struct energy *energy, const struct energy_window *window)
{
    struct energy_summary *summary = &energy->summary;
    double bound = fabs(window->error_uj / window->energy_net_uj);
    double net_uw = window->energy_net_uj / ((double)window->duration_ns * 1e-9);
    summary->n_idle += window->kind == WINDOW_IDLE;
    summary->n_busy += window->kind == WINDOW_BUSY;
    summary->n_isolated += window->kind == WINDOW_ISOLATED;
    if (window->kind != WINDOW_BUSY)
        return;
    if (window->provenance != PROVENANCE_MODELLED)
        summary->worst = isnan(summary->worst) ? bound : fmax(summary->worst, bound);
    if (net_uw > 0 && (energy->least_net_uw <= 0 || net_uw < energy->least_net_uw))
        energy->least_net_uw = net_uw;
}

/* Stores the windows that wait, on the baseline between the idle windows around them, and the idle
 * one (`window`) behind them. Without one (NULL) on that before them alone. */
static enum status store_pending(struct energy *energy, const struct idle_power *after,
                                 const struct pending *idle, struct error *error)
{
    size_t n = energy->n_pending;
    struct energy_window *windows = calloc(n + 1, sizeof *windows);
    if (!windows)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", n);
    for (size_t i = 0; i < n; i++) {
        const struct stretch *stretch = &energy->pending[i].stretch;
        struct idle_power baseline =
            idle_power_at(stretch->from_ns + (stretch->to_ns - stretch->from_ns) / 2, &energy->idle,
                          after, energy->drift_uw);
        windows[i] = energy->pending[i].window;
        window_account(&windows[i], stretch, &baseline);
    }
    if (idle)
        windows[n] = idle->window;
    enum status status = store_windows_append(energy->store, windows, n + (idle != NULL), error);
    for (size_t i = 0; !status && i < n + (idle != NULL); i++)
        count(energy, &windows[i]);
    for (size_t i = 0; !status && i < n; i++)
        energy->jobs[energy->pending_jobs[i]].n_done++;
    energy->n_pending = 0;
    free(windows);
    return status;
}

static enum status rest(struct energy *energy, int64_t round, struct error *error)
{
    struct pending idle = {.window = energy_window_unknown()};
    struct error why = {0};
    idle.window.meter_id = energy->record.id;
    idle.window.round = round;
    idle.window.provenance = energy->record.provenance;
    enum status status = energy_measure_idle(energy, &idle.stretch, &why);
    if (status == STATUS_INTERRUPTED)
        return STATUS_OK;
    if (status == STATUS_UNSUPPORTED)
        energy->n_pending = 0; /* stuck: nobody knows since when */
    if (status) {
        note_failure(energy, &why);
        return STATUS_OK;
    }
    idle.window.started_ms = energy_epoch_ms(idle.stretch.from_ns);
    window_account(&idle.window, &idle.stretch, NULL);
    struct idle_power now = idle_power_of(&idle.stretch);
    if (energy->has_idle)
        energy->drift_uw = fmax(energy->drift_uw, fabs(now.power_uw - energy->idle.power_uw));
    else
        energy->drift_uw = 0.01 * now.power_uw; /* until two have been seen */
    status = store_pending(energy, &now, &idle, error);
    energy->idle = now;
    energy->has_idle = true;
    return status;
}

/* Sees to it that the link is in the job's state. */
static enum status enter_state(struct energy *energy, const struct energy_job *job,
                               struct error *error)
{
    const struct energy_setup *setup = &energy->setup;
    if (job->state < 0 || job->state == energy->in_force)
        return STATUS_OK;
    energy->in_force = -1;
    enum status status =
        linkcontrol_set(setup->link, &setup->config->link_states[job->state], error);
    for (size_t p = 0; !status && p < setup->n_places; p++)
        place_settle(&setup->places[p]);
    if (!status)
        energy->in_force = job->state;
    return status;
}

static enum status measure(struct energy *energy, size_t index, int64_t round, struct error *error)
{
    const struct energy_job *job = &energy->jobs[index];
    struct pending *pending;
    struct error why = {0};
    bool usable;
    enum status status = enter_state(energy, job, &why);
    if (status == STATUS_INTERRUPTED)
        return STATUS_OK;
    if (status)
        return error_set(error, status, "%s; what was measured is stored, --resume goes on",
                         why.text);
    if (job->kind == WINDOW_ISOLATED)
        status = rest(energy, round, error);
    if (status || energy->failed || stop_asked())
        return status;
    pending = &energy->pending[energy->n_pending]; /* those before are stored */
    status = energy_measure_job(energy, job, pending, &usable, &why);
    if (status == STATUS_NO_MEMORY)
        return error_set(error, status, "%s", why.text);
    pending->window.round = round;
    if (usable)
        energy->pending_jobs[energy->n_pending++] = index;
    if (status == STATUS_UNSUPPORTED)
        energy->n_pending = 0;
    if (status && status != STATUS_INTERRUPTED && status != STATUS_NOT_REACHED)
        note_failure(energy, &why);
    return STATUS_OK;
}

/* The jobs that lack a window, in the round's random order; *n of order[n_jobs]. */
static enum status order_jobs(struct energy *energy, int64_t round, size_t *order, size_t *n,
                              struct error *error)
{
    size_t n_jobs = energy->n_jobs, n_lacking = 0, kept = 0;
    int *states = calloc(n_jobs, sizeof *states);
    size_t *scratch = calloc(n_jobs, sizeof *scratch);
    if (states && scratch) {
        for (size_t i = 0; i < n_jobs; i++) {
            states[i] = energy->jobs[i].state;
            n_lacking += energy_lacks(energy, &energy->jobs[i]);
        }
        round_order(energy->setup.config->seed ^ stream, round, states, n_jobs,
                    energy->setup.link ? energy->setup.config->n_link_states : 0, order, scratch);
        for (size_t i = 0; i < n_jobs; i++) {
            if (energy_lacks(energy, &energy->jobs[order[i]]))
                order[kept++] = order[i];
        }
    }
    free(states);
    free(scratch);
    *n = kept;
    return kept == n_lacking && (states || n_jobs == 0)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", n_jobs);
}

enum status energy_round(struct energy *energy, int64_t round, struct error *error)
{
    struct random random = {energy->setup.config->seed ^ (stream + (uint64_t)round)};
    size_t n = 0, *order = calloc(energy->n_jobs, sizeof *order);
    enum status status =
        order ? order_jobs(energy, round, order, &n, error)
              : error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", energy->n_jobs);
    energy->in_force = -1; /* the sweep had the link */
    if (round >= energy->next_round)
        energy->next_round = round + 1;
    if (!status && n > 0 && !over(energy))
        status = rest(energy, round, error);
    for (size_t i = 0; !status && i < n && energy->has_idle && !over(energy); i++) {
        status = measure(energy, order[i], round, error);
        bool now = i + 1 == n || random_below(&random, BUSY_PER_IDLE) == 0;
        if (!status && now && !over(energy))
            status = rest(energy, round, error);
    }
    if (!status && energy->n_pending > 0) /* cut short */
        status = store_pending(energy, NULL, NULL, error);
    free(order);
    return status;
}
