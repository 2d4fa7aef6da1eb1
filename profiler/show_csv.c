// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantile.h"
#include "profiler/show_forms.h"

#include <math.h>

/* A field with its comma before it; empty where it is not known. */
static void put_real(double value, bool known, FILE *out)
{
    if (known && isfinite(value))
        fprintf(out, ",%.12g", value);
    else
        fputc(',', out);
}

/* Quoted where it has to be (RFC 4180). */
static void put_text(const char *text, const char *suffix, FILE *out)
{
    bool plain = true;
    for (const char *c = text; *c; c++)
        plain = plain && *c != ',' && *c != '"' && *c != '\n';
    fputs(plain ? "," : ",\"", out);
    for (const char *c = text; *c; c++)
        fprintf(out, *c == '"' ? "\"%c" : "%c", *c);
    fprintf(out, "%s%s", suffix, plain ? "" : "\"");
}

static void put_head(const struct summary *summary, FILE *out)
{
    fputs("target,length,n_samples,n_failed,n_outliers,n_in_flagged_rounds,converged,mean_s,"
          "half_width_s,sd_s,median_s,p95_s,rtt_mean_s,server_mean_s,meter,energy_provenance,"
          "n_windows,energy_per_inference_j,energy_net_per_inference_j,energy_error_bound",
          out);
    for (size_t i = 0; i < summary->n_counters; i++)
        put_text(summary->counters[i].name, "_per_inference", out);
    fputc('\n', out);
}

static void put_times(const struct group *g, FILE *out)
{
    bool any = g->n > 0;
    put_real(g->times.mean, any, out);
    put_real(running_half_width(&g->times), g->n > 1, out);
    put_real(running_sd(&g->times), g->n > 1, out);
    put_real(any ? quantile_sorted(g->times_s, g->n, 0.5) : 0, any, out);
    put_real(any ? quantile_sorted(g->times_s, g->n, 0.95) : 0, any, out);
    put_real(g->rtts.mean, g->rtts.n > 0, out);
    put_real(g->servers.mean, g->servers.n > 0, out);
}

static void put_energy(const struct group *g, const struct meter_record *meter, FILE *out)
{
    struct group_energy energy;
    if (!meter) {
        fputs(",,,,,,", out);
        return;
    }
    group_energy(g, meter->id, &energy);
    put_text(meter->name, "", out);
    put_text(provenance_name(energy.provenance), "", out);
    fprintf(out, ",%llu", (unsigned long long)energy.gross_j.n);
    put_real(energy.gross_j.mean, energy.gross_j.n > 0, out);
    put_real(energy.net_j.mean, energy.net_j.n > 0, out);
    put_real(energy.error_bound, true, out);
}

void show_csv(const struct summary *summary, FILE *out)
{
    const struct meter_record *meter = summary_meter(summary);
    put_head(summary, out);
    for (size_t i = 0; i < summary->n_groups; i++) {
        const struct group *g = &summary->groups[i];
        fprintf(out, "%s,%u,%zu,%llu,%llu,%llu,%s", summary->targets[g->target].name, g->length,
                g->n, (unsigned long long)g->n_failed, (unsigned long long)g->n_outliers,
                (unsigned long long)g->n_flagged,
                !g->convergence           ? ""
                : g->convergence->reached ? "true"
                                          : "false");
        put_times(g, out);
        put_energy(g, meter, out);
        for (size_t c = 0; c < summary->n_counters; c++)
            put_real(g->counters ? g->counters[c].mean : 0, g->counters && g->counters[c].n > 0,
                     out);
        fputc('\n', out);
    }
}
