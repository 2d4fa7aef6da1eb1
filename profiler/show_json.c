// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantile.h"
#include "profiler/failures.h"
#include "profiler/show_forms.h"
#include "profiler/show_offload.h"

#include <jansson.h>
#include <math.h>

/* null where it is not known. */
static json_t *real(double value, bool known)
{
    return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *scaled(double value, double factor)
{
    return real(value * factor, true);
}

/* Where negative stands for unknown. */
static json_t *natural(int64_t value)
{
    return value >= 0 ? json_integer(value) : json_null();
}

static json_t *unsigned_real(double value, double factor)
{
    return real(value * factor, value >= 0);
}

static const char *meter_name(const struct summary *summary, int64_t id)
{
    size_t i = 0;
    while (i + 1 < summary->n_meters && summary->meters[i].id != id)
        i++;
    return summary->meters[i].name;
}

/* ---- energy */

static json_t *window_json(const struct summary *summary, const struct energy_window *w)
{
    bool have = w->provenance != PROVENANCE_UNAVAILABLE;
    json_t *row =
        json_pack("{s:s,s:s,s:s,s:o,s:I,s:f}", "meter", meter_name(summary, w->meter_id), "kind",
                  window_kind_name(w->kind), "provenance", provenance_name(w->provenance), "round",
                  natural(w->round), "started_ms", (json_int_t)w->started_ms, "duration_s",
                  (double)w->duration_ns * 1e-9);
    json_object_set_new(row, "energy_j", real(w->energy_uj * 1e-6, have));
    json_object_set_new(row, "energy_net_j", real(w->energy_net_uj * 1e-6, have));
    json_object_set_new(row, "baseline_w", scaled(w->baseline_uw, 1e-6));
    json_object_set_new(row, "error_bound", real(window_error_bound(w), true));
    json_object_set_new(row, "n_inferences", json_real(w->n_inferences));
    json_object_set_new(row, "n_failed", json_integer((json_int_t)w->n_failed));
    json_object_set_new(row, "inference_s", scaled(w->inference_ns, 1e-9));
    json_object_set_new(row, "energy_per_inference_j", real(window_inference_j(w), true));
    json_object_set_new(row, "energy_net_per_inference_j", real(window_inference_net_j(w), true));
    json_object_set_new(row, "rtt_s", unsigned_real(w->rtt_ns, 1e-9));
    json_object_set_new(row, "send_s", unsigned_real(w->send_ns, 1e-9));
    json_object_set_new(row, "wait_s", unsigned_real(w->wait_ns, 1e-9));
    json_object_set_new(row, "receive_s", unsigned_real(w->receive_ns, 1e-9));
    json_object_set_new(row, "bytes_up", unsigned_real(w->bytes_up, 1));
    json_object_set_new(row, "bytes_down", unsigned_real(w->bytes_down, 1));
    json_object_set_new(row, "link_rtt_s", unsigned_real((double)w->link_rtt_ns, 1e-9));
    json_object_set_new(row, "up_ps_per_byte", natural(w->up_ps_per_byte));
    json_object_set_new(row, "down_ps_per_byte", natural(w->down_ps_per_byte));
    return row;
}

static json_t *windows_json(const struct summary *summary, const struct group *g)
{
    json_t *array = json_array();
    for (size_t i = 0; i < g->n_windows; i++)
        json_array_append_new(array, window_json(summary, g->windows[i]));
    return array;
}

static json_t *idle_json(const struct summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->n_windows; i++) {
        if (summary->windows[i].kind == WINDOW_IDLE)
            json_array_append_new(array, window_json(summary, &summary->windows[i]));
    }
    return array;
}

/* Of each meter that watched busy windows of the group. */
static json_t *energies_json(const struct summary *summary, const struct group *g)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->n_meters; i++) {
        struct group_energy e;
        group_energy(g, summary->meters[i].id, &e);
        if (e.gross_j.n == 0)
            continue;
        json_array_append_new(
            array,
            json_pack("{s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o}", "meter", summary->meters[i].name,
                      "provenance", provenance_name(e.provenance), "n_windows",
                      (json_int_t)e.gross_j.n, "energy_per_inference_j", real(e.gross_j.mean, true),
                      "half_width_j", real(running_half_width(&e.gross_j), e.gross_j.n > 1),
                      "energy_net_per_inference_j", real(e.net_j.mean, e.net_j.n > 0),
                      "net_half_width_j", real(running_half_width(&e.net_j), e.net_j.n > 1),
                      "error_bound", real(e.error_bound, true)));
    }
    return array;
}

static json_t *meters_json(const struct summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->n_meters; i++) {
        const struct meter_record *m = &summary->meters[i];
        json_array_append_new(
            array, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:o}", "name", m->name, "kind",
                             m->kind, "source", m->source, "scope", scope_name(m->scope),
                             "provenance", provenance_name(m->provenance), "radio", m->radio,
                             "resolution_j", scaled(m->resolution_uj, 1e-6), "resolution_w",
                             scaled(m->resolution_uw, 1e-6), "update_s",
                             unsigned_real((double)m->update_ns, 1e-9)));
    }
    return array;
}

/* ---- times, counters, rounds */

static json_t *counters_json(const struct summary *summary, const struct group *g)
{
    json_t *object = json_object();
    for (size_t i = 0; i < summary->n_counters; i++) {
        const struct running *r = g->counters ? &g->counters[i] : NULL;
        json_t *value = json_null();
        if (r && r->n > 0)
            value = json_pack("{s:I,s:f,s:o}", "n", (json_int_t)r->n, "mean", r->mean, "sd",
                              real(running_sd(r), r->n > 1));
        json_object_set_new(object, summary->counters[i].name, value);
    }
    return object;
}

static json_t *group_json(const struct summary *summary, const struct group *g)
{
    bool any = g->n > 0;
    json_t *row = json_pack("{s:s,s:I,s:I}", "target", summary->targets[g->target].name, "length",
                            (json_int_t)g->length, "n", (json_int_t)g->n);
    json_object_set_new(row, "mean_s", real(g->times.mean, any));
    json_object_set_new(row, "half_width_s", real(running_half_width(&g->times), g->n > 1));
    json_object_set_new(row, "sd_s", real(running_sd(&g->times), g->n > 1));
    json_object_set_new(row, "median_s",
                        real(any ? quantile_sorted(g->times_s, g->n, 0.5) : 0, any));
    json_object_set_new(row, "p95_s", real(any ? quantile_sorted(g->times_s, g->n, 0.95) : 0, any));
    json_object_set_new(row, "rtt_s", real(g->rtts.mean, g->rtts.n > 0));
    json_object_set_new(row, "server_s", real(g->servers.mean, g->servers.n > 0));
    json_object_set_new(row, "failed", json_integer((json_int_t)g->n_failed));
    json_object_set_new(row, "failures", failures_json(g->n_failures));
    json_object_set_new(row, "outliers", json_integer((json_int_t)g->n_outliers));
    json_object_set_new(row, "in_flagged_rounds", json_integer((json_int_t)g->n_flagged));
    json_object_set_new(row, "converged",
                        g->convergence ? json_boolean(g->convergence->reached) : json_null());
    json_object_set_new(row, "counters", counters_json(summary, g));
    json_object_set_new(row, "energy", energies_json(summary, g));
    json_object_set_new(row, "windows", windows_json(summary, g));
    return row;
}

static json_t *rounds_json(const struct summary *summary)
{
    json_t *array = json_array();
    for (size_t i = 0; i < summary->n_rounds; i++) {
        const struct round_state *r = &summary->rounds[i];
        json_array_append_new(
            array, json_pack("{s:I,s:o,s:o,s:o,s:b}", "round", (json_int_t)r->round, "least_khz",
                             natural(r->least_khz), "most_khz", natural(r->most_khz), "throttles",
                             natural(r->n_throttles), "flagged", r->flagged));
    }
    return array;
}

void show_json(struct summary *summary, FILE *out)
{
    const struct campaign *campaign = &summary->campaign;
    json_t *lengths = json_array();
    for (size_t i = 0; i < summary->n_groups; i++)
        json_array_append_new(lengths, group_json(summary, &summary->groups[i]));
    json_t *device = campaign->device ? json_loads(campaign->device, 0, NULL) : NULL;
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:s?,s:s?,s:I,s:o,s:o,s:o}", "schema", "rnnmap.show/1", "campaign",
        campaign->name, "spacing", campaign->spacing, "network", campaign->network, "config",
        campaign->config, "seed", (json_int_t)campaign->seed, "timer_overhead_ns",
        real(campaign->timer_overhead_ns, campaign->timer_overhead_ns >= 0), "harness_overhead_ns",
        real(campaign->harness_overhead_ns, campaign->harness_overhead_ns >= 0), "device",
        device ? device : json_null());
    json_object_set_new(document, "lengths", lengths);
    json_object_set_new(document, "links", show_links_json(&summary->links));
    json_object_set_new(document, "meters", meters_json(summary));
    json_object_set_new(document, "idle_windows", idle_json(summary));
    json_object_set_new(document, "offload_energy", show_offload_json(summary));
    json_object_set_new(document, "rounds", rounds_json(summary));
    json_dumpf(document, out, JSON_INDENT(1));
    fputc('\n', out);
    json_decref(document);
}
