// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/energy_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_FRUITLESS_ROUNDS = 3 };
static const int64_t pause_ns = 200000000; /* at most, until a signal is seen */

/* ---- what is wanted, and what is there of it */

static bool same_state(const struct energy *energy, const struct energy_job *job,
                       const struct energy_window *window)
{
    const struct campaign_config *config = energy->setup.config;
    struct sample sample = sample_unknown();
    if (job->state < 0)
        return true;
    sample.link_rtt_ns = window->link_rtt_ns;
    sample.up_ps_per_byte = window->up_ps_per_byte;
    sample.down_ps_per_byte = window->down_ps_per_byte;
    return link_state_of(config->link_states, config->n_link_states, &sample) == job->state;
}

static enum status recall(struct energy *energy, struct error *error)
{
    struct energy_window *windows;
    size_t n;
    enum status status = store_windows(energy->store, energy->campaign_id, &windows, &n, error);
    for (size_t w = 0; !status && w < n; w++) {
        if (windows[w].round >= energy->next_round)
            energy->next_round = windows[w].round + 1;
        for (size_t i = 0; i < energy->n_jobs; i++) {
            struct energy_job *job = &energy->jobs[i];
            if (windows[w].meter_id == energy->record.id && windows[w].kind == job->kind &&
                windows[w].target_id == energy->setup.places[job->place].target.id &&
                (job->kind == WINDOW_ISOLATED || windows[w].length == job->length) &&
                windows[w].n_failed == 0 && same_state(energy, job, &windows[w]))
                job->n_done++;
        }
    }
    free(status ? NULL : windows);
    return status;
}

static enum status make_jobs(struct energy *energy, struct error *error)
{
    const struct energy_setup *setup = &energy->setup;
    const struct campaign_config *config = setup->config;
    size_t n_states = setup->link ? config->n_link_states : 0;
    size_t most = setup->n_places * (config->n_lengths + 1) * (n_states ? n_states : 1);
    energy->jobs = calloc(most, sizeof *energy->jobs);
    energy->pending = calloc(most + 1, sizeof *energy->pending);
    energy->pending_jobs = calloc(most + 1, sizeof *energy->pending_jobs);
    if (!energy->jobs || !energy->pending || !energy->pending_jobs)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", most);
    for (size_t p = 0; p < setup->n_places; p++) {
        bool linked = n_states > 0 && setup->places[p].client;
        for (size_t s = 0; s < (linked ? n_states : 1); s++) {
            for (size_t i = 0; i < config->n_lengths; i++)
                energy->jobs[energy->n_jobs++] = (struct energy_job){.place = p,
                                                                     .kind = WINDOW_BUSY,
                                                                     .length = config->lengths[i],
                                                                     .state = linked ? (int)s : -1};
            if (setup->places[p].client)
                energy->jobs[energy->n_jobs++] =
                    (struct energy_job){.place = p,
                                        .kind = WINDOW_ISOLATED,
                                        .length = config->lengths[s % config->n_lengths],
                                        .state = linked ? (int)s : -1};
        }
    }
    return store_rounds(energy->store, energy->campaign_id, &energy->next_round, error);
}

/* ---- the meter */

/* Finds the update period at rest, and where the figure never moved there, under load. */
static enum status find_updates(struct energy *energy, struct error *error)
{
    const struct energy_setup *setup = &energy->setup;
    struct place *place = &setup->places[0];
    uint32_t length = setup->config->lengths[setup->config->n_lengths / 2];
    struct error ignored = {0}; /* of the place: the sweep tells */
    struct sample sample;
    meter_note(energy->meter, ACTIVITY_IDLE);
    watch_updates(energy->watch);
    while (watch_wait(energy->watch, pause_ns) && !stop_asked())
        ;
    enum status status = watch_end(energy->watch, stop_asked(), NULL, error);
    if (status || watch_update_ns(energy->watch) > 0 ||
        energy->record.provenance == PROVENANCE_MODELLED)
        return status;
    meter_note(energy->meter, place->client ? ACTIVITY_OFFLOAD : ACTIVITY_RUN);
    bool ready = place_prepare(place, length, &ignored) == STATUS_OK;
    watch_updates(energy->watch);
    while (watch_pending(energy->watch) && !stop_asked()) {
        if (!ready || place_repeat(place, length, &sample, &ignored))
            clock_sleep_ns(pause_ns);
    }
    meter_note(energy->meter, ACTIVITY_IDLE);
    status = watch_end(energy->watch, stop_asked(), NULL, error);
    if (!status && watch_update_ns(energy->watch) < 0 && meter_info(energy->meter)->counts)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "%s: stuck: it moved fewer than four times in six seconds, at rest and "
                           "under load; something always draws power",
                           energy->record.source);
    return status;
}

static enum status describe_meter(struct energy *energy, struct error *error)
{
    const struct meter_info *info = meter_info(energy->meter);
    struct meter_record *record = &energy->record;
    *record = (struct meter_record){
        .name = text_copy(info->name),
        .kind = text_copy(info->kind),
        .source = text_copy(info->source ? info->source : ""),
        .scope = info->scope,
        .provenance = info->provenance,
        .radio = info->radio,
        .resolution_uj = info->counts ? info->resolution : NAN,
        .resolution_uw = info->counts ? NAN : info->resolution,
        .update_ns = -1,
    };
    return record->name && record->kind && record->source
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

enum status energy_open(const struct energy_setup *setup, struct energy **energy,
                        struct error *error)
{
    struct energy *e = calloc(1, sizeof *e);
    if (!e)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    e->setup = *setup;
    e->started_ns = clock_ns();
    e->summary.worst = NAN;
    e->before_uw = NAN;
    enum status status = meter_open(setup->config->energy.meter, setup->sysroot, &e->meter, error);
    if (!status)
        status = describe_meter(e, error);
    if (!status)
        status = watch_start(e->meter, &e->watch, error);
    if (!status)
        status = find_updates(e, error);
    if (status)
        error_prefix(error, "[energy] meter = %s", setup->config->energy.meter);
    e->record.update_ns = status ? -1 : watch_update_ns(e->watch);
    if (status) {
        energy_close(e);
        return status;
    }
    *energy = e;
    return STATUS_OK;
}

enum status energy_register(struct energy *energy, struct store *store, int64_t campaign_id,
                            struct error *error)
{
    energy->store = store;
    energy->campaign_id = campaign_id;
    enum status status = store_meter_put(store, campaign_id, &energy->record, error);
    if (!status)
        status = make_jobs(energy, error);
    return status ? status : recall(energy, error);
}

/* ---- beside the sweep */

static enum status used_up(const struct energy *energy, struct error *error)
{
    return error_set(error, STATUS_NOT_REACHED,
                     "[stop] max_energy = %.9g J is used up; what was measured is stored: raise it "
                     "and --resume to go on",
                     energy->setup.config->max_energy_j);
}

static enum status round_end(void *self, int64_t round, struct error *error)
{
    struct energy *energy = self;
    const struct campaign_config *config = energy->setup.config;
    enum status status = energy->failed ? STATUS_OK : energy_round(energy, round, error);
    if (config->max_energy_j > 0 && watch_total_uj(energy->watch) * 1e-6 >= config->max_energy_j)
        energy->capped = true;
    return status ? status : energy->capped ? used_up(energy, error) : STATUS_OK;
}

struct sweep_companion energy_companion(struct energy *energy)
{
    return (struct sweep_companion){.self = energy, .round_end = round_end};
}

static uint64_t lacking(const struct energy *energy)
{
    uint64_t n = 0, wanted = energy->setup.config->energy.n_windows;
    for (size_t i = 0; i < energy->n_jobs; i++)
        n += energy_lacks(energy, &energy->jobs[i]) ? wanted - energy->jobs[i].n_done : 0;
    return n;
}

enum status energy_finish(struct energy *energy, struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t before = lacking(energy);
    for (int fruitless = 0; !status && before > 0 && !energy->failed && !energy->capped &&
                            fruitless < MAX_FRUITLESS_ROUNDS && !stop_asked();) {
        if ((double)(clock_ns() - energy->started_ns) * 1e-9 > energy->setup.config->max_time_s)
            break;
        status = energy_round(energy, energy->next_round, error);
        uint64_t after = lacking(energy);
        fruitless = after < before ? 0 : fruitless + 1;
        before = after;
    }
    if (status || before == 0)
        return status;
    if (energy->capped)
        return used_up(energy, error);
    if (energy->failed)
        return error_set(error, STATUS_NOT_REACHED,
                         "%llu windows of energy are lacking, for the meter failed: %s; what was "
                         "measured is stored, --resume measures the rest",
                         (unsigned long long)before, energy->why.text);
    return error_set(error, STATUS_NOT_REACHED,
                     "%llu windows of energy are lacking (%s); what was measured is stored, "
                     "--resume measures the rest",
                     (unsigned long long)before,
                     stop_asked() ? "stopped by a signal"
                                  : "time was up, or the inferences in them failed");
}

struct energy_summary energy_summary(struct energy *energy)
{
    struct energy_summary summary = energy->summary;
    summary.meter = meter_info(energy->meter);
    summary.update_ns = watch_update_ns(energy->watch);
    summary.n_lacking = lacking(energy);
    summary.total_j = watch_total_uj(energy->watch) * 1e-6;
    summary.cost = watch_cost(energy->watch);
    return summary;
}

void energy_close(struct energy *energy)
{
    if (!energy)
        return;
    watch_stop(energy->watch);
    meter_close(energy->meter);
    meter_record_free(&energy->record);
    free(energy->jobs);
    free(energy->pending);
    free(energy->pending_jobs);
    free(energy);
}
