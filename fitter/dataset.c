// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/dataset.h"

#include "base/memory.h"
#include "base/random.h"
#include "records/sample_csv.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool hold_out_round(const struct hold_out *hold_out, int64_t round)
{
    if (round < 0 || hold_out->fraction <= 0)
        return false;
    struct random random = {hold_out->seed ^ ((uint64_t)round * UINT64_C(0x9e3779b97f4a7c15))};
    return random_uniform(&random) < hold_out->fraction;
}

/* A dataset while it is being read. */
struct reading {
    struct dataset *dataset;
    const struct hold_out *hold_out;
    struct digest digest;
    const struct target *stored; /* for samples that name their target by id */
};

static enum status find_target(struct dataset *dataset, const char *name,
                               struct dataset_target **found, struct error *error)
{
    for (size_t i = 0; i < dataset->n_targets; i++) {
        if (strcmp(dataset->targets[i].name, name) == 0) {
            *found = &dataset->targets[i];
            return STATUS_OK;
        }
    }
    enum status status = array_reserve(&dataset->targets, dataset->n_targets, &dataset->capacity,
                                       sizeof *dataset->targets, error);
    if (status)
        return status;
    *found = &dataset->targets[dataset->n_targets++];
    **found = (struct dataset_target){.name = text_copy(name)};
    return STATUS_OK;
}

/* Each sample into the digest; what only some samples know, only where they do, so that the digest
 * of samples from before it was known stays. */
static void digest_sample(struct digest *digest, const char *target, const struct sample *sample)
{
    const int64_t numbers[] = {sample->length, sample->round,    sample->time_ns,
                               sample->rtt_ns, sample->bytes_up, sample->bytes_down};
    digest_text(digest, target);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        digest_u64(digest, (uint64_t)numbers[i]);
    if (sample->up_ps_per_byte < 0 && sample->down_ps_per_byte < 0 && sample->connect_ns <= 0)
        return;
    digest_text(digest, "link");
    digest_u64(digest, (uint64_t)sample->up_ps_per_byte);
    digest_u64(digest, (uint64_t)sample->down_ps_per_byte);
    digest_u64(digest, sample->connect_ns > 0);
}

static enum status take(void *user, const char *target, const struct sample *sample,
                        struct error *error)
{
    struct reading *reading = user;
    struct dataset_target *to = NULL;
    enum status status = find_target(reading->dataset, target, &to, error);
    if (status || hold_out_round(reading->hold_out, sample->round) != reading->hold_out->inverted)
        return status;
    if (sample->failure != FAILURE_NONE) {
        to->n_failed++;
        return STATUS_OK;
    }
    status =
        array_reserve(&to->observations, to->n, &to->capacity, sizeof *to->observations, error);
    if (status)
        return status;
    to->n_rtt += sample->rtt_ns >= 0;
    to->observations[to->n++] = (struct observation){
        sample->length,         sample->round > INT32_MAX ? -1 : (int32_t)sample->round,
        sample->time_ns,        sample->rtt_ns,
        sample->bytes_up,       sample->bytes_down,
        sample->connect_ns,     sample->link_rtt_ns,
        sample->up_ps_per_byte, sample->down_ps_per_byte,
        sample->server_ns};
    digest_sample(&reading->digest, target, sample);
    return STATUS_OK;
}

static enum status take_stored(void *user, const struct sample *sample, struct error *error)
{
    struct reading *reading = user;
    const struct target *target = reading->stored;
    while (target->id != sample->target_id)
        target++;
    return take(user, target->name, sample, error);
}

/* The edge device to the front; the others keep their order. */
static void order_targets(struct dataset *dataset)
{
    for (size_t i = 1; i < dataset->n_targets; i++) {
        if (strcmp(dataset->targets[i].name, "edge") == 0) {
            struct dataset_target edge = dataset->targets[i];
            memmove(dataset->targets + 1, dataset->targets, i * sizeof edge);
            dataset->targets[0] = edge;
        }
    }
    for (size_t i = 0; i < dataset->n_targets; i++) {
        struct dataset_target *target = &dataset->targets[i];
        bool named_edge = strcmp(target->name, "edge") == 0;
        target->remote = target->remote || i > 0 || (target->n_rtt > 0 && !named_edge);
    }
}

static void drop_empty_targets(struct dataset *dataset)
{
    size_t kept = 0;
    for (size_t i = 0; i < dataset->n_targets; i++) {
        if (dataset->targets[i].n > 0)
            dataset->targets[kept++] = dataset->targets[i];
        else
            free(dataset->targets[i].name);
    }
    dataset->n_targets = kept;
}

/* The medians of the link over the samples of endpoints that take part. */
static enum status find_medians(struct dataset *dataset, struct error *error)
{
    size_t n[3] = {0}, total = 0;
    for (size_t t = 0; t < dataset->n_targets; t++)
        total += dataset->targets[t].n;
    double *values = malloc((3 * total + 1) * sizeof *values);
    if (!values)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", total);
    for (size_t t = 0; t < dataset->n_targets; t++) {
        const struct dataset_target *target = &dataset->targets[t];
        for (size_t i = 0; target->remote && i < target->n; i++) {
            const struct observation *o = &target->observations[i];
            const double seconds[] = {(double)o->rtt_ns * 1e-9, (double)o->up_ps_per_byte * 1e-12,
                                      (double)o->down_ps_per_byte * 1e-12};
            for (size_t k = 0; k < 3 && !link_terms_reason(&target->link, o); k++) {
                if (seconds[k] >= 0)
                    values[k * total + n[k]++] = seconds[k];
            }
        }
    }
    dataset->has_rtt = n[0] > 0;
    dataset->rtt_s = n[0] > 0 ? gsl_stats_median(values, 1, n[0]) : 0;
    dataset->up_s_per_byte = n[1] > 0 ? gsl_stats_median(values + total, 1, n[1]) : NAN;
    dataset->down_s_per_byte = n[2] > 0 ? gsl_stats_median(values + 2 * total, 1, n[2]) : NAN;
    free(values);
    return STATUS_OK;
}

static enum status finish(struct reading *reading, const char *campaign, enum status status,
                          struct error *error)
{
    struct dataset *dataset = reading->dataset;
    digest_finish(&reading->digest, dataset->digest);
    if (!status) {
        order_targets(dataset);
        drop_empty_targets(dataset);
        if (dataset->n_targets == 0)
            status = error_set(error, STATUS_INVALID,
                               "campaign '%s' has no successful samples to fit", campaign);
    }
    if (!status)
        status = text_replace(&dataset->campaign, campaign, error);
    for (size_t t = 0; !status && t < dataset->n_targets; t++)
        link_terms_find(&dataset->targets[t]);
    if (!status)
        status = find_medians(dataset, error);
    if (status)
        dataset_free(dataset);
    return status;
}

enum status dataset_from_store(struct store *store, const struct campaign *campaign,
                               const struct hold_out *hold_out, struct dataset *dataset,
                               struct error *error)
{
    struct reading reading = {.dataset = dataset, .hold_out = hold_out};
    struct target *targets;
    size_t n_targets;
    *dataset = (struct dataset){0};
    digest_start(&reading.digest);
    enum status status = store_targets(store, campaign->id, &targets, &n_targets, error);
    if (status)
        return status;
    reading.stored = targets;
    for (size_t i = 0; !status && i < n_targets; i++) { /* in the store's order, not the samples' */
        struct dataset_target *target = NULL;
        status = find_target(dataset, targets[i].name, &target, error);
        if (!status)
            target->remote = targets[i].url != NULL;
    }
    if (!status)
        status = store_samples_each(store, campaign->id, take_stored, &reading, error);
    status = finish(&reading, campaign->name, status, error);
    for (size_t i = 0; i < n_targets; i++)
        target_free(&targets[i]);
    free(targets);
    return status;
}

enum status dataset_from_csv(const char *path, const char *default_target,
                             const struct hold_out *hold_out, struct dataset *dataset,
                             struct error *error)
{
    struct reading reading = {.dataset = dataset, .hold_out = hold_out};
    uint64_t n_rows;
    *dataset = (struct dataset){0};
    digest_start(&reading.digest);
    enum status status = sample_csv_read(path, default_target, take, &reading, &n_rows, error);
    return finish(&reading, path, status, error);
}

enum status dataset_is_current(struct store *store, const struct campaign *campaign,
                               const struct model_set *set, bool *current, struct error *error)
{
    struct hold_out hold_out = {.fraction = set->hold_out, .seed = set->hold_out_seed};
    struct dataset dataset;
    struct error why = {0};
    *current = false;
    enum status status = dataset_from_store(store, campaign, &hold_out, &dataset, &why);
    if (status == STATUS_INVALID) /* no samples are left */
        return STATUS_OK;
    if (status)
        return error_set(error, status, "%s", why.text);
    *current = strcmp(dataset.digest, set->digest) == 0;
    dataset_free(&dataset);
    return STATUS_OK;
}

void dataset_free(struct dataset *dataset)
{
    for (size_t i = 0; i < dataset->n_targets; i++) {
        free(dataset->targets[i].name);
        free(dataset->targets[i].observations);
    }
    free(dataset->targets);
    free(dataset->campaign);
    *dataset = (struct dataset){0};
}
