// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/job_private.h"

#include "base/memory.h"
#include "base/units.h"
#include "fitter/dataset.h"
#include "records/link_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum status check_targets(const struct job *job, const char *db, struct error *error)
{
    if (job->n_targets >= 2 && job->n_targets <= TARGETS_MAX)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: campaign '%s' has %zu targets: a header decides between the device and 1 "
                     "to %d endpoints",
                     db, job->campaign.name, job->n_targets, ENDPOINTS_MAX);
}

/* The models of the statistic, and those of the means where they are others. */
static enum status load_models(struct job *job, const char *db, struct error *error)
{
    int64_t id = job->campaign.id;
    bool current = true;
    enum status status = store_models_get(job->store, id, job->statistic, &job->set, error);
    if (!status)
        status = dataset_is_current(job->store, &job->campaign, &job->set, &job->current, error);
    if (status || job->statistic == STATISTIC_MEAN)
        return status;
    status = store_models_get(job->store, id, STATISTIC_MEAN, &job->means, error);
    if (!status)
        status = dataset_is_current(job->store, &job->campaign, &job->means, &current, error);
    job->current = job->current && current;
    if (!status && strcmp(job->set.digest, job->means.digest) != 0)
        return error_set(error, STATUS_INVALID,
                         "%s: the %s of campaign '%s' was fitted to other samples than its means: "
                         "run rnnfit --db %s, once plainly and once with --statistic %s",
                         db, statistic_name(job->statistic), job->campaign.name, db,
                         statistic_name(job->statistic));
    return status;
}

static enum status load_output(struct job *job, struct error *error)
{
    struct error none = {0};
    enum status status = store_output_length_get(job->store, job->campaign.id, &job->output, &none);
    job->has_output = !status;
    if (status && status != STATUS_NOT_FOUND)
        return error_set(error, status, "%s", none.text);
    return STATUS_OK;
}

enum status job_load(struct job *job, const char *db, const char *campaign, int statistic,
                     struct error *error)
{
    *job = (struct job){.statistic = statistic < 0 ? STATISTIC_MEAN : (enum statistic)statistic};
    model_set_init(&job->set);
    model_set_init(&job->means);
    enum status status = store_open(db, STORE_READ, &job->store, error);
    if (!status)
        status = store_campaign_find(job->store, campaign, &job->campaign, error);
    if (!status)
        status = store_targets(job->store, job->campaign.id, &job->targets, &job->n_targets, error);
    if (!status)
        status = check_targets(job, db, error);
    if (!status)
        status = load_models(job, db, error);
    return status ? status : load_output(job, error);
}

const struct model_set *job_means(const struct job *job)
{
    return job->statistic == STATISTIC_MEAN ? &job->set : &job->means;
}

static enum status misused_link(const char *text, const char *why, struct error *error)
{
    return error_set(error, STATUS_MISUSE,
                     "--link: '%s' %s: choose fixed:RTT[,UP,DOWN] (such as fixed:20ms or "
                     "fixed:20ms,10,50), rtt[,UP,DOWN] or rtt+bandwidth[,UP,DOWN]",
                     text, why);
}

/* "rtt,UP,DOWN" is read as a fixed link whose round trip is taken from the campaign. */
static enum status read_link(const char *text, enum link_kind *kind, double values[N_LINK_COLUMNS],
                             struct error *error)
{
    static const char *const prefixes[] = {
        [LINK_FIXED] = "fixed:", [LINK_RTT] = "rtt", [LINK_BANDWIDTH] = "rtt+bandwidth"};
    struct error why = {0};
    size_t length = strcspn(text, ",:");
    length += text[length] == ':';
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strlen(prefixes[i]) != length || strncmp(text, prefixes[i], length) != 0)
            continue;
        *kind = (enum link_kind)i;
        char *fixed =
            *kind == LINK_FIXED ? text_copy(text) : text_format("fixed:0%s", text + length);
        if (!fixed)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for --link");
        enum status status = link_fixed_parse(fixed, values, &why);
        free(fixed);
        if (status)
            return error_set(error, status, "--link: %s", why.text);
        if (*kind != LINK_FIXED)
            values[COLUMN_RTT] = NAN;
        return STATUS_OK;
    }
    return misused_link(text, "is none of those known", error);
}

static enum status parse_link(const char *text, struct job *job, enum link_kind *kind,
                              struct error *error)
{
    double values[N_LINK_COLUMNS] = {NAN, NAN, NAN};
    enum status status = text ? read_link(text, kind, values, error) : STATUS_OK;
    if (status)
        return status;
    job->up_bit_s = values[COLUMN_UP];
    job->down_bit_s = values[COLUMN_DOWN];
    job->link = (struct cost_link){values[COLUMN_RTT], NAN, NAN};
    if (!isnan(job->up_bit_s))
        job->link.up_s_per_byte = cost_s_per_byte(job->up_bit_s);
    if (!isnan(job->down_bit_s))
        job->link.down_s_per_byte = cost_s_per_byte(job->down_bit_s);
    cost_link_complete(&job->link, &job->set);
    return STATUS_OK;
}

static enum status parse_objective(const char *text, struct job *job, struct error *error)
{
    return objective_parse(text ? text : "time", &job->objective, error);
}

/* That the stored energies are net of what they are wanted net of. */
static enum status check_baseline(const char *text, struct job *job, struct error *error)
{
    const struct energy_basis *basis = &job_means(job)->energy;
    char wanted[UNITS_TEXT_SIZE];
    enum status status = baseline_parse(text ? text : "idle", &job->baseline, error);
    if (status)
        return status;
    if (!objective_needs_energy(&job->objective))
        return text ? error_set(error, STATUS_MISUSE,
                                "--baseline is about energy: choose an --objective that looks at "
                                "it, such as energy")
                    : STATUS_OK;
    if (!basis->meter)
        return text ? error_set(error, STATUS_MISUSE,
                                "--baseline: the energies of campaign '%s' came with its samples, "
                                "net of what is not known here: leave it out",
                                job->campaign.name)
                    : STATUS_OK;
    baseline_text(&job->baseline, wanted);
    if (basis->baseline && strcmp(basis->baseline, wanted) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "the energies of campaign '%s' are net of %s, not of %s: run rnnfit --db FILE "
                     "--campaign '%s' --baseline '%s' first",
                     job->campaign.name, basis->baseline ? basis->baseline : "nothing known",
                     wanted, job->campaign.name, wanted);
}

static enum status read_lengths(const char *source, struct job *job, struct error *error)
{
    struct digest digest;
    if (!source)
        return STATUS_OK;
    enum status status = histogram_read(source, &job->lengths, error);
    if (status)
        return status;
    digest_start(&digest);
    for (size_t i = 0; i < job->lengths.n; i++) {
        digest_u64(&digest, job->lengths.lengths[i]);
        digest_u64(&digest, job->lengths.counts[i]);
    }
    digest_finish(&digest, job->lengths_digest);
    return STATUS_OK;
}

const struct histogram *job_lengths(const struct job *job)
{
    return job->lengths.n > 0 ? &job->lengths : NULL;
}

/* Where a fit knows an interval, which it does for times and for energies. */
static enum status find_break_even(struct job *job, const struct table_options *options,
                                   struct error *error)
{
    struct error why = {0};
    enum provenance provenance;
    enum status status = STATUS_UNSUPPORTED;
    if (job->objective.kind == OBJECTIVE_TIME)
        status = break_even_time(&job->set, options->edge, options->cloud, &job->link,
                                 &job->break_even, &why);
    else if (job->objective.kind == OBJECTIVE_ENERGY)
        status = break_even_energy(job_means(job), options->edge, options->cloud, &job->link,
                                   &job->break_even, &provenance, &why);
    job->has_break_even = !status;
    if (status && status != STATUS_UNSUPPORTED)
        return error_set(error, status, "%s", why.text);
    return STATUS_OK;
}

enum status job_decide(struct job *job, const struct rnngen_settings *settings, struct error *error)
{
    struct table_options options = {.edge = job->targets[0].name,
                                    .cloud = job->targets[1].name,
                                    .max_regret = settings->max_regret,
                                    .bandwidth = &job->link,
                                    .objective = &job->objective,
                                    .means = job_means(job)};
    job->name = settings->name;
    enum status status = header_name_check(settings->name, error);
    if (!status)
        status = parse_objective(settings->objective, job, error);
    if (!status)
        status = check_baseline(settings->baseline, job, error);
    if (!status)
        status = parse_link(settings->link, job, &options.link, error);
    if (!status)
        status = read_lengths(settings->lengths, job, error);
    options.rtt_s = job->link.rtt_s;
    options.lengths = job_lengths(job);
    if (!status && (job->n_targets > 2 || options.link == LINK_BANDWIDTH))
        return job_decide_links(job, options.link, settings->max_regret, error);
    if (!status)
        status = decision_table_build(&job->set, &options, &job->table, error);
    if (status)
        return status;
    job->certificate = certificate_make(&job->table, job_lengths(job));
    status = certificate_check(&job->certificate, error);
    return status ? status : find_break_even(job, &options, error);
}

static struct header_facts facts_of(const struct job *job)
{
    return (struct header_facts){
        .name = job->name,
        .campaign = &job->campaign,
        .edge = &job->targets[0],
        .cloud = &job->targets[1],
        .set = &job->set,
        .means = job_means(job),
        .statistic = job->statistic,
        .output = job->has_output ? &job->output : NULL,
        .lengths = job_lengths(job),
        .lengths_digest = job->lengths_digest,
        .table = &job->table,
        .certificate = &job->certificate,
        .break_even = job->has_break_even ? &job->break_even : NULL,
        .up_bit_s = job->up_bit_s,
        .down_bit_s = job->down_bit_s,
    };
}

void job_write(FILE *out, const struct job *job)
{
    struct header_facts facts = facts_of(job);
    struct link_facts links = job_link_facts(job);
    facts.links = job->by_links ? &links : NULL;
    header_write(out, &facts);
}

enum status job_blob(const struct job *job, char **bytes, size_t *n, struct error *error)
{
    struct header_facts facts = facts_of(job);
    struct link_facts links = job_link_facts(job);
    facts.links = job->by_links ? &links : NULL;
    return blob_make(&facts, bytes, n, error);
}

void job_free(struct job *job)
{
    decision_table_free(&job->table);
    link_table_free(&job->links.table);
    model_set_free(&job->set);
    model_set_free(&job->means);
    output_length_free(&job->output);
    histogram_free(&job->lengths);
    for (size_t i = 0; i < job->n_targets; i++)
        target_free(&job->targets[i]);
    free(job->targets);
    campaign_free(&job->campaign);
    if (job->store)
        store_close(job->store);
    *job = (struct job){0};
}
