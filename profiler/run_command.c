// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/units.h"
#include "profiler/commands.h"
#include "profiler/counters_report.h"
#include "profiler/device.h"
#include "profiler/energy.h"
#include "profiler/entry.h"
#include "profiler/environment.h"
#include "profiler/failures.h"
#include "profiler/sweep.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OVERHEAD_RUNS = 2001 };
static const double link_timeout_s = 10;

/* Everything that a run holds open. */
struct run {
    struct campaign_config config;
    struct entry entry;
    struct environment environment;
    struct linkcontrol *link;  /* NULL: the link stays as it is */
    struct counters *counters; /* NULL: none */
    struct counters_cost counters_cost;
    struct place places[CONFIG_MAX_ENDPOINTS + 1];
    size_t n_places;
    struct energy *energy; /* NULL: none is measured */
};

static bool wanted(const struct rnnprof_settings *s, const char *name)
{
    return !s->only || strcmp(s->only, name) == 0;
}

/* Starts the link's program where an endpoint is to be measured, which is reached over it. */
static enum status open_link(struct run *run, const struct rnnprof_settings *s, struct error *error)
{
    bool needed = false;
    for (size_t i = 0; i < run->config.n_endpoints; i++)
        needed = needed || wanted(s, run->config.endpoints[i].name);
    if (!run->config.link_command || !needed)
        return STATUS_OK;
    enum status status =
        linkcontrol_start(run->config.link_command, link_timeout_s, &run->link, error);
    return status ? status : linkcontrol_set(run->link, &run->config.link_states[0], error);
}

static enum counter_subject counted_work(const struct engine_config *engine)
{
    if (strcmp(engine->engine, "command") == 0)
        return COUNT_CHILD;
    return engine->threads == 1 && strcmp(engine->engine, "plugin") != 0 ? COUNT_THREAD
                                                                         : COUNT_WORKERS;
}

/* After the link's program and before the engine: the threads of the engine are to be counted, a
 * program is not. */
static enum status open_counters(struct run *run, const struct rnnprof_settings *s,
                                 struct error *error)
{
    const struct campaign_config *config = &run->config;
    if (!config->counters || !wanted(s, "edge"))
        return STATUS_OK;
    enum status status = counters_open(config->counters, config->multiplex,
                                       counted_work(&config->edge), &run->counters, error);
    if (status)
        error_prefix(error, "[counters] papi");
    if (!status)
        status = counters_refuse_clashes(run->counters, error);
    if (!status)
        run->counters_cost = counters_measure_cost(run->counters, OVERHEAD_RUNS);
    return status;
}

static enum status open_places(struct run *run, const struct rnnprof_settings *s,
                               struct error *error)
{
    enum status status = STATUS_OK;
    if (wanted(s, "edge")) {
        status = place_open_edge(&run->config, &run->places[0], error);
        run->places[0].counters = run->counters;
        run->n_places += !status;
    }
    for (size_t i = 0; !status && i < run->config.n_endpoints; i++) {
        const struct endpoint_section *endpoint = &run->config.endpoints[i];
        if (!wanted(s, endpoint->name))
            continue;
        status = place_open_endpoint(&run->config, endpoint, &run->places[run->n_places], error);
        run->n_places += !status;
    }
    if (!status && run->n_places == 0)
        status =
            error_set(error, STATUS_MISUSE, "--only: the campaign has no target '%s'", s->only);
    return status;
}

/* Stores the campaign, or that it goes on. */
static enum status enter_campaign(struct run *run, struct error *error)
{
    if (entry_found(&run->entry))
        return entry_go_on(&run->entry, &run->config, error);
    struct campaign fresh = {
        .name = text_copy(run->config.name),
        .tool_version = text_copy(RNNMAP_VERSION),
        .network = engine_config_network(&run->config.edge),
        .device = device_fingerprint(run->environment.sysroot),
        .config = config_write(&run->config),
        .spacing = config_spacing(&run->config),
        .seed = run->config.seed,
        .timer_overhead_ns = clock_overhead_ns(OVERHEAD_RUNS),
        .harness_overhead_ns = harness_overhead_ns(OVERHEAD_RUNS, run->counters),
    };
    return entry_add(&run->entry, &fresh, error);
}

static enum status open_meter(struct run *run, const struct invocation *call,
                              const struct rnnprof_settings *s, struct error *error)
{
    struct energy_setup setup = {.config = &run->config,
                                 .places = run->places,
                                 .n_places = run->n_places,
                                 .link = run->link,
                                 .sysroot = s->sysroot,
                                 .progress = call->verbosity < 0 ? NULL : call->diagnostics};
    return run->config.energy.meter ? energy_open(&setup, &run->energy, error) : STATUS_OK;
}

/* Opened before the campaign is stored, so that a dead endpoint leaves no empty campaign behind. */
static enum status set_up(struct run *run, const struct invocation *call,
                          const struct rnnprof_settings *s, struct error *error)
{
    if (s->force && !s->resume)
        return error_set(error, STATUS_MISUSE, "--force is for --resume");
    const struct entry_terms terms = {
        .resume = s->resume, .force = s->force, .sysroot = s->sysroot};
    enum status status = config_read(call->operands[0], &run->config, error);
    run->config.grid = run->config.grid || s->grid;
    if (!status)
        status = entry_lock(&run->entry, &run->config, s->db, error);
    if (!status)
        status = environment_open(&run->environment, s->sysroot,
                                  wanted(s, "edge") ? run->config.edge.cpu : NULL, s->set_governor,
                                  error);
    if (!status)
        status = entry_find(&run->entry, &run->config, &terms, error);
    if (!status)
        status = open_link(run, s, error);
    if (!status)
        status = open_counters(run, s, error);
    if (!status)
        status = open_places(run, s, error);
    for (size_t i = 0; !status && i < run->n_places; i++) {
        if (run->places[i].engine)
            status = entry_check_target(&run->entry, &run->places[i].target, s->force, error);
    }
    if (!status)
        status = open_meter(run, call, s, error);
    if (!status)
        status = enter_campaign(run, error);
    for (size_t i = 0; !status && i < run->n_places; i++)
        status = store_target_add(run->entry.store, run->entry.campaign.id, &run->places[i].target,
                                  error);
    if (!status)
        status = counters_register(run->counters, run->entry.store, run->entry.campaign.id, error);
    if (!status && run->energy)
        status = energy_register(run->energy, run->entry.store, run->entry.campaign.id, error);
    return status;
}

static void announce(const struct run *run, FILE *out)
{
    fprintf(out, "campaign %s: %zu lengths from %u to %u\n", run->config.name,
            run->config.n_lengths, run->config.lengths[0],
            run->config.lengths[run->config.n_lengths - 1]);
    for (size_t i = 0; i < run->n_places; i++) {
        const struct target *target = &run->places[i].target;
        fprintf(out, "  %s: %s%s%s\n", target->name, target->engine ? target->engine : "",
                target->url ? " at " : "", target->url ? target->url : "");
    }
    environment_announce(&run->environment, out);
    counters_announce(run->counters, &run->counters_cost, out);
    energy_announce(run->energy, out);
    for (size_t i = 0; run->link && i < run->config.n_link_states; i++) {
        char text[LINK_STATE_TEXT];
        fprintf(out, "%s%s%s",
                i ? ", " : "  link: ", link_state_format(&run->config.link_states[i], text),
                i + 1 == run->config.n_link_states ? "\n" : "");
    }
}

/* What an adaptive sweep knows least well; no bounds: null. */
static json_t *aim_json(const struct sweep_result *result)
{
    return json_pack("{s:s,s:o}", "what", result->aim, "relative_half_width",
                     isfinite(result->aim_half_width) ? json_real(result->aim_half_width)
                                                      : json_null());
}

static void put_result(const struct invocation *call, const struct run *run,
                       const struct sweep_result *result)
{
    char elapsed[UNITS_TEXT_SIZE], kinds[FAILURES_TEXT];
    if (call->json) {
        json_t *document = json_pack(
            "{s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:f,s:I}", "schema", "rnnmap.run/1", "db",
            run->entry.path, "campaign", run->config.name, "samples", (json_int_t)result->n_samples,
            "failed", (json_int_t)result->n_failed, "outliers", (json_int_t)result->n_outliers,
            "rounds", (json_int_t)result->n_rounds, "not_converged",
            (json_int_t)result->n_not_converged, "elapsed_s", result->elapsed_s, "rounds_flagged",
            (json_int_t)run->environment.summary.n_flagged);
        if (result->aim[0])
            json_object_set_new(document, "aim", aim_json(result));
        json_object_set_new(document, "failures", failures_json(result->n_failures));
        if (result->n_failed > 0)
            json_object_set_new(document, "last_failure", json_string(result->last_failure.text));
        if (run->counters)
            json_object_set_new(document, "counters", counters_json(run->counters));
        if (run->energy)
            json_object_set_new(document, "energy", energy_json(run->energy));
        json_dumpf(document, call->out, JSON_INDENT(1));
        fputc('\n', call->out);
        json_decref(document);
        return;
    }
    fprintf(
        call->out,
        "%llu samples in %llu rounds, %s; %llu failed%s, %llu outliers (kept, flagged); timer and "
        "harness cost %.0f ns a sample\nstored in %s\n",
        (unsigned long long)result->n_samples, (unsigned long long)result->n_rounds,
        format_duration(result->elapsed_s, elapsed), (unsigned long long)result->n_failed,
        failures_text(result->n_failures, kinds), (unsigned long long)result->n_outliers,
        run->entry.campaign.harness_overhead_ns, run->entry.path);
    if (result->aim[0])
        fprintf(call->out, "known least well: %s, +- %.3g %% (asked for: %.3g %%)\n", result->aim,
                100 * result->aim_half_width, 100 * run->config.stop_ci);
}

/* The sweep with all that goes on beside it, and what is said of it. The clock is looked at before
 * the meter's windows begin: they are no part of the round. */
static enum status measure(struct run *run, const struct invocation *call,
                           struct sweep_result *result, struct error *error)
{
    FILE *says = call->verbosity < 0 ? NULL : call->diagnostics;
    struct sweep sweep = {.config = &run->config,
                          .store = run->entry.store,
                          .campaign_id = run->entry.campaign.id,
                          .places = run->places,
                          .n_places = run->n_places,
                          .link = run->link,
                          .progress = says};
    struct error late = {0};
    if (says)
        announce(run, says);
    enum status status = environment_watch(&run->environment, &sweep, error);
    if (!status && run->energy)
        sweep.companions[sweep.n_companions++] = energy_companion(run->energy);
    if (!status)
        status = sweep_run(&sweep, result, error);
    if (status == STATUS_IO) /* a full disk, most likely: no need to begin again */
        error_prefix(error, "campaign '%s' stopped, --resume goes on", run->config.name);
    if (run->energy && (status == STATUS_OK || status == STATUS_NOT_REACHED)) {
        enum status windows = energy_finish(run->energy, error);
        status = windows ? windows : status;
    }
    enum status concluded = environment_conclude(&run->environment, says, &late);
    if (concluded && (status == STATUS_OK || status == STATUS_NOT_REACHED))
        status = error_set(error, concluded, "%s", late.text);
    if (says) {
        if (result->n_failed > 0 && (status == STATUS_OK || status == STATUS_NOT_REACHED))
            fprintf(says, "warning: %llu sample%s failed, the last at %s\n",
                    (unsigned long long)result->n_failed, result->n_failed > 1 ? "s" : "",
                    result->last_failure.text);
        counters_conclude(run->counters, says);
        energy_conclude(run->energy, says);
    }
    if (status == STATUS_OK || status == STATUS_NOT_REACHED)
        put_result(call, run, result);
    return status;
}

enum status rnnprof_run(const struct invocation *call, const void *settings, struct error *error)
{
    struct run run = {0};
    struct sweep_result result = {0};
    struct error late = {0};
    stop_catch();
    enum status status = set_up(&run, call, settings, error);
    if (!status)
        status = measure(&run, call, &result, error);
    energy_close(run.energy);
    for (size_t i = 0; i < run.n_places; i++)
        place_close(&run.places[i]);
    counters_close(run.counters);
    linkcontrol_stop(run.link);
    config_free(&run.config);
    enum status released = environment_close(&run.environment, &late);
    entry_close(&run.entry); /* last, with its lock: nothing of this run is left by then */
    return released && !status ? error_set(error, released, "%s", late.text) : status;
}
