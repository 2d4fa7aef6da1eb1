// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/dataset.h"

#include "base/memory.h"
#include "base/random.h"
#include "fitter/energy_data.h"
#include "fitter/gather.h"
#include "fitter/sums.h"
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

enum keep { KEEP_SAMPLES, KEEP_SUMS, KEEP_NOTHING };

/* A dataset while it is being read. */
struct reading {
    enum keep keep;
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
    digest_i64s(digest, numbers, sizeof numbers / sizeof *numbers);
    if (sample->energy_uj >= 0) {
        digest_text(digest, "energy");
        digest_u64(digest, (uint64_t)sample->energy_uj);
    }
    if (sample->up_ps_per_byte < 0 && sample->down_ps_per_byte < 0 && sample->connect_ns <= 0)
        return;
    digest_text(digest, "link");
    digest_u64(digest, (uint64_t)sample->up_ps_per_byte);
    digest_u64(digest, (uint64_t)sample->down_ps_per_byte);
    digest_u64(digest, sample->connect_ns > 0);
}

static enum status keep(const struct reading *reading, struct dataset_target *to,
                        const struct observation *o, struct error *error)
{
    enum status status = STATUS_OK;
    if (reading->keep == KEEP_SAMPLES) {
        status =
            array_reserve(&to->observations, to->n, &to->capacity, sizeof *to->observations, error);
        if (!status)
            to->observations[to->n] = *o;
    } else if (reading->keep == KEEP_SUMS) {
        if (!to->sums)
            to->sums = sums_new(!to->remote && strcmp(to->name, "edge") == 0);
        status = to->sums ? sums_add(to->sums, o, error)
                          : error_set(error, STATUS_NO_MEMORY, "out of memory for a target");
    }
    to->n += !status;
    return status;
}

/* Of the observation kept last. Those before the first whose output is known are unknown. */
static enum status keep_output_length(struct dataset_target *to, int64_t length,
                                      struct error *error)
{
    if (!to->observations || (length < 0 && !to->output_lengths))
        return STATUS_OK;
    if (to->output_capacity < to->capacity) {
        bool first = !to->output_lengths;
        double *grown = realloc(to->output_lengths, to->capacity * sizeof *grown);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", to->n);
        for (size_t i = 0; first && i < to->n; i++)
            grown[i] = NAN;
        to->output_lengths = grown;
        to->output_capacity = to->capacity;
    }
    to->output_lengths[to->n - 1] = length < 0 ? NAN : (double)length;
    return STATUS_OK;
}

/* Joules of single samples, as imports have them. */
static enum status keep_energy(const struct reading *reading, struct dataset_target *to,
                               const struct observation *o, int64_t energy_uj, struct error *error)
{
    if (energy_uj < 0 || reading->keep == KEEP_NOTHING)
        return STATUS_OK;
    if (!to->energy && !(to->energy = calloc(1, sizeof *to->energy)))
        return error_set(error, STATUS_NO_MEMORY, "out of memory for energies");
    return gather_add(to->energy, o->length, o->round, (double)energy_uj * 1e-6, error);
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
    const struct observation o = {
        sample->length,         sample->round > INT32_MAX ? -1 : (int32_t)sample->round,
        sample->time_ns,        sample->rtt_ns,
        sample->bytes_up,       sample->bytes_down,
        sample->connect_ns,     sample->link_rtt_ns,
        sample->up_ps_per_byte, sample->down_ps_per_byte,
        sample->server_ns};
    digest_sample(&reading->digest, target, sample);
    to->n_rtt += sample->rtt_ns >= 0;
    status = keep(reading, to, &o, error);
    if (!status)
        status = keep_output_length(to, sample->output_length, error);
    return status ? status : keep_energy(reading, to, &o, sample->energy_uj, error);
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

static void target_forget(struct dataset_target *target)
{
    free(target->name);
    free(target->observations);
    free(target->output_lengths);
    sums_free(target->sums);
    if (target->energy)
        gather_free(target->energy);
    free(target->energy);
}

static void drop_empty_targets(struct dataset *dataset)
{
    size_t kept = 0;
    for (size_t i = 0; i < dataset->n_targets; i++) {
        if (dataset->targets[i].n > 0)
            dataset->targets[kept++] = dataset->targets[i];
        else
            target_forget(&dataset->targets[i]);
    }
    dataset->n_targets = kept;
}

/* Appends what a target's samples that take part know of their link. */
static void list_link(const struct dataset_target *target, enum sums_link which, double *values,
                      size_t *n)
{
    size_t more = 0;
    const double *known = target->sums ? sums_link(target->sums, target, which, &more) : NULL;
    for (size_t i = 0; i < more; i++)
        values[(*n)++] = known[i];
    for (size_t i = 0; target->observations && i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        const double seconds[] = {(double)o->rtt_ns * 1e-9, (double)o->up_ps_per_byte * 1e-12,
                                  (double)o->down_ps_per_byte * 1e-12};
        if (seconds[which] >= 0 && !link_terms_reason(&target->link, o))
            values[(*n)++] = seconds[which];
    }
}

/* The medians of the link over the samples of endpoints that take part. */
static enum status find_medians(struct dataset *dataset, struct error *error)
{
    double medians[N_SUMS_LINKS] = {NAN, NAN, NAN}, *values;
    size_t total = 0;
    for (size_t t = 0; t < dataset->n_targets; t++)
        total += dataset->targets[t].remote ? dataset->targets[t].n : 0;
    values = malloc((total + 1) * sizeof *values);
    if (!values)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", total);
    for (enum sums_link which = SUMS_RTT; which < N_SUMS_LINKS; which++) {
        size_t n = 0;
        for (size_t t = 0; t < dataset->n_targets; t++) {
            if (dataset->targets[t].remote)
                list_link(&dataset->targets[t], which, values, &n);
        }
        if (n > 0)
            medians[which] = gsl_stats_median(values, 1, n);
    }
    dataset->has_rtt = !isnan(medians[SUMS_RTT]);
    dataset->rtt_s = dataset->has_rtt ? medians[SUMS_RTT] : 0;
    dataset->up_s_per_byte = medians[SUMS_UP];
    dataset->down_s_per_byte = medians[SUMS_DOWN];
    free(values);
    return STATUS_OK;
}

/* What the sums make of the link's terms; *enough: no target's samples are needed themselves. */
static enum status find_link_terms(struct dataset *dataset, bool *enough, struct error *error)
{
    enum status status = STATUS_OK;
    *enough = true;
    for (size_t t = 0; !status && t < dataset->n_targets; t++) {
        struct dataset_target *target = &dataset->targets[t];
        bool one = true;
        if (target->sums)
            status = sums_finish(target->sums, target, &one, error);
        else
            link_terms_find(target);
        if (!status && target->energy)
            status = gather_finish(target->energy, error);
        *enough = *enough && one;
    }
    return status;
}

static enum status finish(struct reading *reading, const char *campaign, bool *enough,
                          enum status status, struct error *error)
{
    struct dataset *dataset = reading->dataset;
    digest_finish(&reading->digest, dataset->digest);
    *enough = true;
    if (!status) {
        order_targets(dataset);
        drop_empty_targets(dataset);
        if (dataset->n_targets == 0)
            status = error_set(error, STATUS_INVALID,
                               "campaign '%s' has no successful samples to fit", campaign);
    }
    if (!status)
        status = text_replace(&dataset->campaign, campaign, error);
    if (!status && reading->keep != KEEP_NOTHING)
        status = find_link_terms(dataset, enough, error);
    if (!status && reading->keep != KEEP_NOTHING && *enough)
        status = find_medians(dataset, error);
    if (status)
        dataset_free(dataset);
    return status;
}

/* From a store, or (path) from CSV. */
struct source {
    struct store *store;
    const struct campaign *campaign;
    const char *path, *default_target;
    const struct hold_out *hold_out;
};

static enum status read_store(const struct source *from, struct reading *reading,
                              struct error *error)
{
    struct target *targets;
    size_t n_targets;
    enum status status =
        store_targets(from->store, from->campaign->id, &targets, &n_targets, error);
    if (status)
        return status;
    reading->stored = targets;
    for (size_t i = 0; !status && i < n_targets; i++) { /* in the store's order, not the samples' */
        struct dataset_target *target = NULL;
        status = find_target(reading->dataset, targets[i].name, &target, error);
        if (!status)
            target->remote = targets[i].url != NULL;
    }
    if (!status && reading->keep == KEEP_SAMPLES)
        status = store_samples_each(from->store, from->campaign->id, take_stored, reading, error);
    else if (!status)
        status = store_times_each(from->store, from->campaign->id, take_stored, reading, error);
    if (!status)
        status = energy_data_digest(from->store, from->campaign, from->hold_out, &reading->digest,
                                    error);
    for (size_t i = 0; i < n_targets; i++)
        target_free(&targets[i]);
    free(targets);
    return status;
}

static enum status read_all(const struct source *from, enum keep keep, struct dataset *dataset,
                            bool *enough, struct error *error)
{
    struct reading reading = {.keep = keep, .dataset = dataset, .hold_out = from->hold_out};
    uint64_t n_rows;
    *dataset = (struct dataset){0};
    digest_start(&reading.digest);
    enum status status = from->path ? sample_csv_read(from->path, from->default_target, take,
                                                      &reading, &n_rows, error)
                                    : read_store(from, &reading, error);
    return finish(&reading, from->path ? from->path : from->campaign->name, enough, status, error);
}

/* What cannot be read again is kept at once. */
static enum status condense(const struct source *from, struct dataset *dataset, struct error *error)
{
    bool once = from->path && strcmp(from->path, "-") == 0, enough;
    enum status status = read_all(from, once ? KEEP_SAMPLES : KEEP_SUMS, dataset, &enough, error);
    if (status || enough)
        return status;
    dataset_free(dataset);
    return read_all(from, KEEP_SAMPLES, dataset, &enough, error);
}

enum status dataset_from_store(struct store *store, const struct campaign *campaign,
                               const struct hold_out *hold_out, struct dataset *dataset,
                               struct error *error)
{
    const struct source from = {.store = store, .campaign = campaign, .hold_out = hold_out};
    bool enough;
    return read_all(&from, KEEP_SAMPLES, dataset, &enough, error);
}

enum status dataset_from_csv(const char *path, const char *default_target,
                             const struct hold_out *hold_out, struct dataset *dataset,
                             struct error *error)
{
    const struct source from = {
        .path = path, .default_target = default_target, .hold_out = hold_out};
    bool enough;
    return read_all(&from, KEEP_SAMPLES, dataset, &enough, error);
}

enum status dataset_condense_store(struct store *store, const struct campaign *campaign,
                                   const struct hold_out *hold_out, struct dataset *dataset,
                                   struct error *error)
{
    const struct source from = {.store = store, .campaign = campaign, .hold_out = hold_out};
    return condense(&from, dataset, error);
}

enum status dataset_condense_csv(const char *path, const char *default_target,
                                 const struct hold_out *hold_out, struct dataset *dataset,
                                 struct error *error)
{
    const struct source from = {
        .path = path, .default_target = default_target, .hold_out = hold_out};
    return condense(&from, dataset, error);
}

bool dataset_target_rounds(const struct dataset_target *target)
{
    bool rounds = target->sums && sums_rounds(target->sums);
    for (size_t i = 0; !rounds && target->observations && i < target->n; i++)
        rounds = target->observations[i].round >= 0;
    return rounds;
}

enum status dataset_is_current(struct store *store, const struct campaign *campaign,
                               const struct model_set *set, bool *current, struct error *error)
{
    struct hold_out hold_out = {.fraction = set->hold_out, .seed = set->hold_out_seed};
    struct dataset dataset;
    struct error why = {0};
    *current = false;
    const struct source from = {.store = store, .campaign = campaign, .hold_out = &hold_out};
    bool enough;
    enum status status = read_all(&from, KEEP_NOTHING, &dataset, &enough, &why);
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
    for (size_t i = 0; i < dataset->n_targets; i++)
        target_forget(&dataset->targets[i]);
    free(dataset->targets);
    free(dataset->campaign);
    *dataset = (struct dataset){0};
}
