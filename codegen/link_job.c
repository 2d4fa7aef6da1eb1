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
