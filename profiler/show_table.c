// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantile.h"
#include "base/texttable.h"
#include "base/units.h"
#include "profiler/show_forms.h"
#include "profiler/show_offload.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COUNTERS = 16 }; /* columns of a table; the others are in the CSV */

typedef const char *formatter(double value, char *text);

static void put_quantity(struct text_table *table, formatter *format, double value, bool known)
{
    char text[UNITS_TEXT_SIZE];
    text_table_cell(table, "%s", known && isfinite(value) ? format(value, text) : "-");
}

static void put_percent(struct text_table *table, double fraction, bool known)
{
    if (!known || !isfinite(fraction))
        text_table_cell(table, "-");
    else if (fraction > 1)
        text_table_cell(table, ">100 %%");
    else if (fraction > 0 && fraction < 0.0005)
        text_table_cell(table, "<0.1 %%");
    else
        text_table_cell(table, "%.1f %%", 100 * fraction);
}

/* "converged, 3 outliers, 40 in flagged rounds". */
static void put_flags(struct text_table *table, const struct group *g)
{
    const struct {
        uint64_t n;
        const char *one, *many;
    } counts[] = {
        {g->n_failed, "failed", "failed"},
        {g->n_outliers, "outlier", "outliers"},
        {g->n_flagged, "in a flagged round", "in flagged rounds"},
    };
    char text[160] = "";
    if (g->convergence)
        snprintf(text, sizeof text, "%s", g->convergence->reached ? "converged" : "not converged");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        size_t used = strlen(text);
        if (counts[i].n > 0)
            snprintf(text + used, sizeof text - used, "%s%llu %s", used ? ", " : "",
                     (unsigned long long)counts[i].n,
                     counts[i].n == 1 ? counts[i].one : counts[i].many);
    }
    text_table_cell(table, "%s", *text ? text : "-");
}

/* The energy of one inference, gross and net, and how sure the net one is. */
static void put_energy(struct text_table *table, const struct group *g, int64_t meter_id)
{
    struct group_energy energy;
    group_energy(g, meter_id, &energy);
    put_quantity(table, format_energy, energy.gross_j.mean, energy.gross_j.n > 0);
    put_quantity(table, format_energy, energy.net_j.mean, energy.net_j.n > 0);
    put_percent(table, energy.error_bound, true);
    text_table_cell(table, "%s", provenance_name(energy.provenance));
}

static void put_groups(const struct summary *summary, FILE *out)
{
    const struct meter_record *meter = summary_meter(summary);
    struct text_table *table = text_table_new(
        meter ? "<target|length|n|mean|+-95 %|median|p95|energy|net|net +-|<energy is|<flags|"
                "round trip|server"
              : "<target|length|n|mean|+-95 %|median|p95|<flags|round trip|server");
    for (size_t i = 0; i < summary->n_groups; i++) {
        const struct group *g = &summary->groups[i];
        bool any = g->n > 0;
        text_table_cell(table, "%s", summary->targets[g->target].name);
        text_table_cell(table, "%u", g->length);
        text_table_cell(table, "%zu", g->n);
        put_quantity(table, format_time, g->times.mean, any);
        put_percent(table, running_half_width(&g->times) / g->times.mean, g->n > 1);
        put_quantity(table, format_time, any ? quantile_sorted(g->times_s, g->n, 0.5) : 0, any);
        put_quantity(table, format_time, any ? quantile_sorted(g->times_s, g->n, 0.95) : 0, any);
        if (meter)
            put_energy(table, g, meter->id);
        put_flags(table, g);
        put_quantity(table, format_time, g->rtts.mean, g->rtts.n > 0);
        put_quantity(table, format_time, g->servers.mean, g->servers.n > 0);
    }
    text_table_print(table, out, 0);
    text_table_free(table);
}

/* What the further meters say; the first one's figures stand beside the times. */
static void put_other_meters(const struct summary *summary, FILE *out)
{
    const struct meter_record *first = summary_meter(summary);
    size_t n = 0;
    struct text_table *table =
        text_table_new("<target|length|<meter|windows|energy|net|net +-|<energy is");
    for (size_t i = 0; i < summary->n_groups * summary->n_meters; i++) {
        const struct group *g = &summary->groups[i / summary->n_meters];
        const struct meter_record *meter = &summary->meters[i % summary->n_meters];
        struct group_energy energy;
        group_energy(g, meter->id, &energy);
        if (meter == first || energy.gross_j.n == 0)
            continue;
        text_table_cell(table, "%s", summary->targets[g->target].name);
        text_table_cell(table, "%u", g->length);
        text_table_cell(table, "%s", meter->name);
        text_table_cell(table, "%llu", (unsigned long long)energy.gross_j.n);
        put_energy(table, g, meter->id);
        n++;
    }
    if (n > 0) {
        fputc('\n', out);
        text_table_print(table, out, 0);
    }
    text_table_free(table);
}

/* Requests sent alone, each with all that followed it until the power was back at its baseline. */
static void put_isolated(const struct summary *summary, FILE *out)
{
    size_t n = 0;
    struct text_table *table =
        text_table_new("<sent alone to|length|<meter|n|net energy|+-95 %|off by at most");
    for (size_t i = 0; i < summary->n_groups * summary->n_meters; i++) {
        const struct group *g = &summary->groups[i / summary->n_meters];
        const struct meter_record *meter = &summary->meters[i % summary->n_meters];
        struct running net_j = {0};
        double worst = NAN;
        for (size_t w = 0; w < g->n_windows; w++) {
            const struct energy_window *window = g->windows[w];
            double value = window_inference_net_j(window);
            if (window->meter_id != meter->id || window->kind != WINDOW_ISOLATED || isnan(value))
                continue;
            running_add(&net_j, value);
            if (isfinite(window_error_bound(window)))
                worst = fmax(worst, window->error_uj * 1e-6 / window->n_inferences);
        }
        if (net_j.n == 0)
            continue;
        text_table_cell(table, "%s", summary->targets[g->target].name);
        text_table_cell(table, "%u", g->length);
        text_table_cell(table, "%s", meter->name);
        text_table_cell(table, "%llu", (unsigned long long)net_j.n);
        put_quantity(table, format_energy, net_j.mean, true);
        put_percent(table, running_half_width(&net_j) / fabs(net_j.mean), net_j.n > 1);
        put_quantity(table, format_energy, worst, true); /* next to nothing need be no share */
        n++;
    }
    if (n > 0) {
        fputc('\n', out);
        text_table_print(table, out, 0);
    }
    text_table_free(table);
}

/* The mean power of a meter's idle windows, weighted by their durations; *n counts them. */
static double idle_power_w(const struct summary *summary, int64_t meter_id, uint64_t *n)
{
    double energy_uj = 0, duration_ns = 0;
    *n = 0;
    for (size_t i = 0; i < summary->n_windows; i++) {
        const struct energy_window *w = &summary->windows[i];
        if (w->kind != WINDOW_IDLE || w->meter_id != meter_id || isnan(w->energy_uj) ||
            w->provenance == PROVENANCE_UNAVAILABLE)
            continue;
        ++*n;
        energy_uj += w->energy_uj;
        duration_ns += (double)w->duration_ns;
    }
    return duration_ns > 0 ? energy_uj * 1e3 / duration_ns : NAN;
}

static void put_meters(const struct summary *summary, FILE *out)
{
    if (summary->n_meters == 0)
        return;
    struct text_table *table = text_table_new(
        "<meter|<kind|<scope|<figures are|<radio|update|idle windows|idle power|<source");
    for (size_t i = 0; i < summary->n_meters; i++) {
        const struct meter_record *m = &summary->meters[i];
        uint64_t n;
        double idle_w = idle_power_w(summary, m->id, &n);
        text_table_cell(table, "%s", m->name);
        text_table_cell(table, "%s", m->kind);
        text_table_cell(table, "%s", scope_name(m->scope));
        text_table_cell(table, "%s", provenance_name(m->provenance));
        text_table_cell(table, "%s", m->radio ? "included" : "left out");
        put_quantity(table, format_time, (double)m->update_ns * 1e-9, m->update_ns >= 0);
        text_table_cell(table, "%llu", (unsigned long long)n);
        put_quantity(table, format_power, idle_w, true);
        text_table_cell(table, "%s", m->source);
    }
    fputc('\n', out);
    text_table_print(table, out, 0);
    text_table_free(table);
}

static void put_counters(const struct summary *summary, FILE *out)
{
    char heads[4096] = "<mean of|length";
    size_t n = summary->n_counters, used = strlen(heads);
    if (n > MAX_COUNTERS)
        n = MAX_COUNTERS;
    if (summary->n_counters == 0)
        return;
    for (size_t i = 0; i < n && used < sizeof heads; i++)
        used += (size_t)snprintf(heads + used, sizeof heads - used, "|%.200s",
                                 summary->counters[i].name);
    struct text_table *table = text_table_new(heads);
    for (size_t i = 0; i < summary->n_groups; i++) {
        const struct group *g = &summary->groups[i];
        if (!g->counters)
            continue;
        text_table_cell(table, "%s", summary->targets[g->target].name);
        text_table_cell(table, "%u", g->length);
        for (size_t c = 0; c < n; c++) {
            if (g->counters[c].n > 0)
                text_table_cell(table, "%.6g", g->counters[c].mean);
            else
                text_table_cell(table, "-");
        }
    }
    fputc('\n', out);
    text_table_print(table, out, 0);
    text_table_free(table);
    if (n < summary->n_counters)
        fprintf(out, "(%zu more counters with --csv)\n", summary->n_counters - n);
}

static void put_rounds(const struct summary *summary, FILE *out)
{
    size_t n_flagged = 0;
    int64_t least = INT64_MAX, most = -1, n_throttles = 0;
    for (size_t i = 0; i < summary->n_rounds; i++) {
        const struct round_state *r = &summary->rounds[i];
        n_flagged += r->flagged;
        least = r->least_khz >= 0 && r->least_khz < least ? r->least_khz : least;
        most = r->most_khz > most ? r->most_khz : most;
        n_throttles += r->n_throttles > 0 ? r->n_throttles : 0;
    }
    if (n_flagged == 0)
        return;
    fprintf(out, "\n%zu of %zu rounds flagged: ", n_flagged, summary->n_rounds);
    if (most >= 0)
        fprintf(out, "clock frequencies from %.0f to %.0f MHz, ", (double)least / 1e3,
                (double)most / 1e3);
    fprintf(out, "throttle events: %lld\n", (long long)n_throttles);
}

/* What --resume --force stored. */
static void put_device_changes(const struct summary *summary, FILE *out)
{
    static const char since[] = "since_round_";
    const char *key;
    json_t *value;
    json_t *device =
        summary->campaign.device ? json_loads(summary->campaign.device, 0, NULL) : NULL;
    json_object_foreach(device, key, value)
    {
        if (strncmp(key, since, strlen(since)) != 0)
            continue;
        char *text = json_dumps(value, JSON_COMPACT);
        fprintf(out, "\nfrom round %s on the device was another one: %s\n", key + strlen(since),
                text ? text : "");
        free(text);
    }
    json_decref(device);
}

void show_table(struct summary *summary, FILE *out)
{
    put_groups(summary, out);
    show_links_print(&summary->links, out);
    put_other_meters(summary, out);
    put_isolated(summary, out);
    show_offload(summary, out);
    put_meters(summary, out);
    put_counters(summary, out);
    put_rounds(summary, out);
    put_device_changes(summary, out);
}
