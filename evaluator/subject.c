// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/subject.h"

#include "base/memory.h"
#include "evaluator/setting.h"
#include "fitter/dataset.h"

#include <stdlib.h>
#include <string.h>

/* The store gives the device first. */
static const struct target *choose_endpoint(const struct target *targets, size_t n,
                                            const char *wanted)
{
    for (size_t i = 1; i < n; i++) {
        if (strcmp(targets[i].name, wanted ? wanted : "cloud") == 0)
            return &targets[i];
    }
    return wanted || n < 2 ? NULL : &targets[1];
}

static enum status take_targets(struct subject *subject, const struct target *targets, size_t n,
                                const char *wanted, const char *path, struct error *error)
{
    const struct target *cloud = choose_endpoint(targets, n, wanted);
    const char *name = subject->campaign.name;
    subject->n_endpoints = n > 0 ? n - 1 : 0;
    if (n == 0 || targets[0].url)
        return error_set(error, STATUS_NOT_FOUND, "%s: campaign %s has no target on the device",
                         path, name);
    if (!cloud)
        return error_set(error, STATUS_NOT_FOUND,
                         "%s: campaign %s has no endpoint '%s' to compare the device with", path,
                         name, wanted ? wanted : "cloud");
    enum status status = text_replace(&subject->edge, targets[0].name, error);
    if (!status)
        status = text_replace(&subject->engine, targets[0].engine, error);
    if (!status)
        status = text_replace(&subject->cloud, cloud->name, error);
    if (!status)
        status = text_replace(&subject->url, cloud->url, error);
    return status;
}

static enum status find_targets(struct store *store, const char *wanted, struct subject *subject,
                                struct error *error)
{
    struct target *targets = NULL;
    size_t n = 0;
    enum status status = store_targets(store, subject->campaign.id, &targets, &n, error);
    if (!status)
        status = take_targets(subject, targets, n, wanted, store_path(store), error);
    for (size_t i = 0; i < n; i++)
        target_free(&targets[i]);
    free(targets);
    return status;
}

/* Energies that came with the samples hold over the link of then only: no other can be charged. */
static void find_energy(struct subject *subject)
{
    struct cost_link measured = cost_link_measured(&subject->models);
    const struct model_set *models = &subject->models;
    if (!energy_pair_exists(models, subject->edge, subject->cloud))
        return;
    enum status status = energy_pair_find(models, subject->edge, subject->cloud, &measured,
                                          &subject->energy, &subject->why_no_energy);
    if (!status && subject->energy.cloud)
        status = error_set(&subject->why_no_energy, STATUS_UNSUPPORTED,
                           "energies of %s came with the samples, over the link of then; a meter "
                           "and [link] tell what other links take",
                           subject->cloud);
    subject->has_energy = !status;
}

static enum status make_table(struct subject *subject, const struct objective *objective,
                              struct error *error)
{
    struct table_options options = {.edge = subject->edge,
                                    .cloud = subject->cloud,
                                    .link = LINK_RTT,
                                    .rtt_s = subject->models.rtt_s,
                                    .max_regret = -1,
                                    .objective = objective};
    if (objective_needs_energy(objective) && *subject->why_no_energy.text)
        return error_set(error, subject->why_no_energy.code, "%s", subject->why_no_energy.text);
    return decision_table_build(&subject->models, &options, &subject->table, error);
}

/* What it is about is the first table's: without this one the models stand in. */
static void make_link_table(struct subject *subject)
{
    const char *names[] = {subject->edge, subject->cloud};
    struct error why = {0};
    struct cost_set costs;
    const struct cost_inputs inputs = {.set = &subject->models,
                                       .means = &subject->models,
                                       .names = names,
                                       .n_targets = 2,
                                       .objective = &subject->table.threshold.objective,
                                       .link = LINK_BANDWIDTH,
                                       .design = cost_link_measured(&subject->models)};
    subject->has_links = (subject->pair.charges_up || subject->pair.charges_down) &&
                         !cost_set_find(&inputs, &costs, &why) &&
                         !link_table_build(&costs, -1, &subject->links, &why);
}

enum status subject_load(const char *db, const char *campaign, const char *target,
                         const struct objective *objective, struct subject *subject,
                         struct error *error)
{
    struct store *store = NULL;
    *subject = (struct subject){0};
    model_set_init(&subject->models);
    enum status status = store_open(db, STORE_READ, &store, error);
    if (!status)
        status = store_campaign_find(store, campaign, &subject->campaign, error);
    if (!status)
        status =
            store_models_get(store, subject->campaign.id, STATISTIC_MEAN, &subject->models, error);
    if (!status)
        status = dataset_is_current(store, &subject->campaign, &subject->models, &subject->current,
                                    error);
    if (!status)
        status = find_targets(store, target, subject, error);
    if (!status)
        status = setting_timeout(&subject->campaign, subject->cloud, &subject->timeout_s, error);
    if (!status)
        status =
            cost_pair_find(&subject->models, subject->edge, subject->cloud, &subject->pair, error);
    if (!status)
        find_energy(subject);
    if (!status)
        status = make_table(subject, objective, error);
    if (!status)
        make_link_table(subject);
    store_close(store);
    if (status)
        subject_free(subject);
    return status;
}

/* Draws from the held-out rounds, or else from all that is there. */
static enum status make_draws(struct store *store, struct subject *subject, bool held_out,
                              struct error *error)
{
    struct hold_out hold_out = {held_out ? subject->models.hold_out : 0,
                                subject->models.hold_out_seed, held_out};
    struct dataset dataset;
    enum status status = dataset_from_store(store, &subject->campaign, &hold_out, &dataset, error);
    if (status)
        return status;
    status =
        draws_make(&dataset, subject->edge, subject->cloud, &subject->pair, &subject->draws, error);
    dataset_free(&dataset);
    return status;
}

enum status subject_draws(const char *db, struct subject *subject, struct error *error)
{
    struct store *store = NULL;
    struct error why = {0};
    enum status status = store_open(db, STORE_READ, &store, error);
    if (status)
        return status;
    status = STATUS_NOT_FOUND;
    if (subject->models.hold_out > 0)
        status = make_draws(store, subject, true, &why);
    if (status == STATUS_NOT_FOUND || status == STATUS_INVALID) { /* nothing is held out */
        status = make_draws(store, subject, false, error);
        subject->in_sample = subject->draws.n_rounds == 0
                                 ? "the samples have no rounds that could be held out"
                             : subject->models.hold_out > 0
                                 ? "no held-out round has a length of both places"
                                 : "the fit held nothing out (rnnfit --hold-out 20% does)";
    } else if (status) {
        error_set(error, status, "%s", why.text);
    }
    if (status)
        error_prefix(error, "%s: campaign %s", db, subject->campaign.name);
    store_close(store);
    return status;
}

void subject_free(struct subject *subject)
{
    draws_free(&subject->draws);
    decision_table_free(&subject->table);
    if (subject->has_links)
        link_table_free(&subject->links);
    model_set_free(&subject->models);
    campaign_free(&subject->campaign);
    free(subject->edge);
    free(subject->cloud);
    free(subject->engine);
    free(subject->url);
    *subject = (struct subject){0};
}
