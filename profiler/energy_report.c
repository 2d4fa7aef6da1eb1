// SPDX-License-Identifier: GPL-3.0-or-later
/* What a run says of its meter and its windows. */
#include "profiler/energy_private.h"

#include "base/units.h"

#include <jansson.h>
#include <math.h>

void energy_announce(struct energy *energy, FILE *out)
{
    char update[UNITS_TEXT_SIZE];
    if (!energy)
        return;
    struct energy_summary s = energy_summary(energy);
    fprintf(out, "  energy: %s %s (%s), %s, scope %s%s, ", s.meter->kind, s.meter->name,
            s.meter->source ? s.meter->source : "-", provenance_name(s.meter->provenance),
            scope_name(s.meter->scope), s.meter->radio ? "" : " without the radio");
    if (s.update_ns > 0)
        fprintf(out, "updated every %s (measured)\n",
                format_time((double)s.update_ns * 1e-9, update));
    else
        fprintf(out, "%s\n",
                s.meter->provenance == PROVENANCE_MODELLED
                    ? "without updates"
                    : "no update seen yet: windows of 5 s and more");
    if (s.cost.shared)
        fprintf(out,
                "  the meter is watched on a CPU that the engine may use, too: [edge] cpu binds "
                "the engine to others\n");
}

void energy_conclude(struct energy *energy, FILE *out)
{
    if (!energy)
        return;
    struct energy_summary s = energy_summary(energy);
    fprintf(out,
            "energy: %llu windows of inferences, %llu of single requests, %llu at rest, %.4g J in "
            "all",
            (unsigned long long)s.n_busy, (unsigned long long)s.n_isolated,
            (unsigned long long)s.n_idle, s.total_j);
    if (!isnan(s.worst) && s.meter->provenance != PROVENANCE_MODELLED)
        fprintf(out, "; bounds on net energies up to %.2g %%", 100 * s.worst);
    fprintf(out, "\n        watching took %.2g %% of a core (%.2g %% at 100 Hz)",
            100 * s.cost.cpu_share, 100 * s.cost.share_at_100hz);
    if (s.cost.cpu >= 0)
        fprintf(out, " on CPU %d", s.cost.cpu);
    fputc('\n', out);
}

json_t *energy_json(struct energy *energy)
{
    struct energy_summary s = energy_summary(energy);
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:b,s:o,s:I,s:I,s:I,s:I,s:f,s:o,s:o,s:b,s:f,s:f}", "meter", s.meter->name,
        "kind", s.meter->kind, "scope", scope_name(s.meter->scope), "provenance",
        provenance_name(s.meter->provenance), "radio", s.meter->radio, "update_s",
        s.update_ns > 0 ? json_real((double)s.update_ns * 1e-9) : json_null(), "busy",
        (json_int_t)s.n_busy, "isolated", (json_int_t)s.n_isolated, "idle", (json_int_t)s.n_idle,
        "lacking", (json_int_t)s.n_lacking, "total_j", s.total_j, "worst_bound",
        isfinite(s.worst) ? json_real(s.worst) : json_null(), "watch_cpu",
        s.cost.cpu >= 0 ? json_integer(s.cost.cpu) : json_null(), "watch_shared", s.cost.shared,
        "watch_share", s.cost.cpu_share, "watch_share_at_100hz", s.cost.share_at_100hz);
}
