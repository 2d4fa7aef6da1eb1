// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Jobs whose table decides by a link's bandwidth or between several endpoints.
 */
#include "codegen/job_private.h"

enum status job_decide_links(struct job *job, enum link_kind link, double max_regret,
                             struct error *error)
{
    const char *names[TARGETS_MAX];
    struct cost_set costs;
    const struct cost_inputs inputs = {
        .set = &job->set,
        .means = job_means(job),
        .names = names,
        .n_targets = job->n_targets,
        .objective = &job->objective,
        .lengths = job_lengths(job),
        .link = link,
        .design = job->link,
    };
    for (size_t k = 0; k < job->n_targets; k++)
        names[k] = job->targets[k].name;
    enum status status = target_names_make(names, job->n_targets, &job->links.names, error);
    if (!status)
        status = cost_set_find(&inputs, &costs, error);
    if (!status)
        status = link_table_build(&costs, max_regret, &job->links.table, error);
    job->by_links = !status;
    if (!status)
        status = link_certificate_make(&job->links.table, job_lengths(job), &job->links.certificate,
                                       error);
    return status;
}

struct link_facts job_link_facts(const struct job *job)
{
    return (struct link_facts){&job->links.table, &job->links.certificate, &job->links.names,
                               job->targets};
}

/* What the header cannot know better. */
void job_warn_links(FILE *out, const struct job *job)
{
    const struct cost_set *costs = &job->links.table.costs;
    bool up = cost_set_charges(costs, TERM_UP), down = cost_set_charges(costs, TERM_DOWN);
    const char *missing = up ? " down" : down ? " up" : "";
    if (costs->link != LINK_FIXED && !job->set.has_rtt)
        fprintf(out,
                "rnngen: no round trips were measured: the remote times hold the link they were "
                "measured over, and decisions count it twice\n");
    if (costs->link == LINK_BANDWIDTH && !(up && down))
        fprintf(out,
                "rnngen: the samples do not know their bytes or the bandwidth%s that these passed "
                "at: their time is in the remote times, and the product's is ignored\n",
                missing);
    if (costs->link == LINK_FIXED && costs->design.rtt_s <= 0)
        fprintf(out, "rnngen: no round trip measured or given: decided for 0 s (see --link)\n");
}

void job_summarise_links(FILE *out, const struct job *job, const char *output)
{
    const struct link_table *table = &job->links.table;
    const struct link_certificate *certificate = &job->links.certificate;
    fprintf(out, "rnngen: %s: %s_choose changes at %zu lengths, worst regret %.3g %%", output,
            job->name, table->choose.n_at, 100 * certificate->choose.worst_relative);
    if (table->costs.link != LINK_FIXED)
        fprintf(out, "; %s_choose_link%s: at most %.3g %%, %zu bytes of table", job->name,
                table->costs.n_targets > 2 ? "s" : "", 100 * certificate->bound_relative,
                link_table_size(table));
    fputc('\n', out);
}

static const char *map_words(const struct integer_map *map)
{
    static const char *const kinds[] = {
        [MAP_AFFINE] = "affine", [MAP_SEGMENTS] = "segments", [MAP_BUCKETED] = "bucketed"};
    uint64_t value;
    return integer_map_is_constant(map, &value) ? "constant" : kinds[map->kind];
}

static void explain_map(FILE *out, const char *target, const char *kind, const char *part,
                        const struct integer_map *map)
{
    struct footprint footprint = integer_map_footprint(map);
    fprintf(out, "%-16s %-8s %-6s %-10s %6u %8zu %14.1f\n", target, kind, part, map_words(map),
            footprint.code_bytes, footprint.table_bytes, footprint.instructions);
}

void job_explain_links(FILE *out, const struct job *job)
{
    static const char *const kinds[] = {
        [COST_TIME] = "time", [COST_ENERGY] = "energy", [COST_WEIGHTED] = "cost"};
    static const char *const parts[] = {"rtt", "up", "down"};
    const struct link_table *table = &job->links.table;
    fprintf(out, "%-16s %-8s %-6s %-10s %6s %8s %14s\n", "target", "cost", "part", "form", "code B",
            "table B", "instructions");
    for (size_t f = 0; f < table->n_forms; f++) {
        const struct linear_forms *forms = &table->forms[f];
        for (size_t k = 0; k < table->costs.n_targets; k++) {
            const struct linear_form *form = &forms->of[k];
            const char *target = job->links.names.of[k];
            explain_map(out, target, kinds[forms->kind], "base", &form->base);
            for (size_t t = 0; k > 0 && t < N_LINK_TERMS; t++) {
                if (form->terms[t].there)
                    explain_map(out, target, kinds[forms->kind], parts[t], &form->terms[t].factor);
            }
        }
    }
    for (size_t k = 1; k < table->costs.n_targets; k++)
        explain_map(out, job->links.names.of[k], "remote", "us", &table->remote[k]);
}
