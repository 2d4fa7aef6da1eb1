// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/sequence_models.h"

#include "base/memory.h"
#include "fitter/link_terms.h"
#include "fitter/sequence_cost.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TARGETS = 32, MOST_ROUNDS = 2000 };

/* One target's samples as points of the plane, by round. */
struct plane {
    const struct cost_model *model; /* what it stands in for */
    struct sequence_sample *samples;
    int32_t *rounds; /* of each sample, ascending */
    size_t n;
    struct sequence_cost cost;
    struct sequence_line line;
};

struct planes {
    struct plane list[MOST_TARGETS];
    size_t n;
    int32_t *rounds; /* distinct ones of all targets, ascending */
    size_t n_rounds;
    double *replicates; /* n_rounds rows of 2 per plane: the line without that round */
};

struct entry {
    struct sequence_sample sample;
    int32_t round;
};

static int by_round(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return (a->round > b->round) - (a->round < b->round);
}

static enum status gather(const struct dataset_target *target, struct plane *plane,
                          struct error *error)
{
    struct entry *entries = malloc((target->n + 1) * sizeof *entries);
    size_t n = 0;
    plane->samples = malloc((target->n + 1) * sizeof *plane->samples);
    plane->rounds = malloc((target->n + 1) * sizeof *plane->rounds);
    if (!entries || !plane->samples || !plane->rounds) {
        free(entries);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", target->n);
    }
    for (size_t i = 0; i < target->n; i++) {
        const struct observation *o = &target->observations[i];
        if (target->remote && link_terms_reason(&target->link, o))
            continue;
        double time_s = (double)o->time_ns * 1e-9;
        if (target->remote && target->link.rtt)
            time_s -= (double)o->rtt_ns * 1e-9 + link_terms_bytes_s(&target->link, o);
        entries[n++] = (struct entry){
            {o->length, (uint32_t)fmin(target->output_lengths[i], UINT32_MAX), time_s}, o->round};
    }
    qsort(entries, n, sizeof *entries, by_round);
    for (size_t i = 0; i < n; i++) {
        plane->samples[i] = entries[i].sample;
        plane->rounds[i] = entries[i].round;
    }
    plane->n = n;
    free(entries);
    return STATUS_OK;
}

static bool outputs_known(const struct dataset_target *target)
{
    for (size_t i = 0; target->output_lengths && i < target->n; i++) {
        if (isnan(target->output_lengths[i]))
            return false;
    }
    return target->output_lengths;
}

static void say(const struct fit_options *options, const char *format, const char *target,
                const char *why)
{
    char *line = text_format(format, target, why);
    if (options->remark && line)
        options->remark(options->user, line);
    free(line);
}

static void say_plane(const struct fit_options *options, const struct plane *plane)
{
    char *what =
        text_format("%.4g ms + %.4g us per step of the input + %.4g us per step of the "
                    "output",
                    plane->cost.base * 1e3, plane->cost.per_in * 1e6, plane->cost.per_out * 1e6);
    say(options, "%s: T(n, m) = %s; its model is T(n, M(n))", plane->model->target,
        what ? what : "");
    free(what);
}

/* The planes of all targets that have one. */
static enum status find_planes(const struct dataset *dataset, const struct output_length *output,
                               const struct fit_options *options, const struct model_set *set,
                               struct planes *planes, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t t = 0; !status && t < dataset->n_targets && planes->n < MOST_TARGETS; t++) {
        const struct dataset_target *target = &dataset->targets[t];
        struct plane *plane = &planes->list[planes->n];
        struct error why = {0};
        *plane = (struct plane){
            .model = model_set_find(set, target->name,
                                    target->remote ? QUANTITY_REMOTE_S : QUANTITY_TIME_S)};
        if (!plane->model || !outputs_known(target))
            continue;
        if (model_set_find(set, target->name, QUANTITY_ROUND_TRIPS)) {
            say(options, "%s: %s", target->name,
                "requests take several round trips: its time is not told apart by the output's "
                "length");
            continue;
        }
        planes->n++;
        status = gather(target, plane, error);
        if (!status && sequence_cost_fit(plane->samples, plane->n, &plane->cost, &why)) {
            say(options, "%s: its time is not told apart by the output's length: %s", target->name,
                why.text);
            free(plane->samples);
            free(plane->rounds);
            planes->n--;
        } else if (!status) {
            plane->line = sequence_cost_expected(&plane->cost, output);
            say_plane(options, plane);
        }
    }
    return status;
}

static int by_number(const void *left, const void *right)
{
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* The rounds of all planes together; none where some sample has none. */
static enum status find_rounds(struct planes *planes, struct error *error)
{
    size_t total = 0, n = 0;
    for (size_t p = 0; p < planes->n; p++) {
        if (planes->list[p].n == 0 || planes->list[p].rounds[0] < 0)
            return STATUS_OK;
        total += planes->list[p].n;
    }
    if (!(planes->rounds = malloc((total + 1) * sizeof *planes->rounds)))
        return error_set(error, STATUS_NO_MEMORY, "out of memory for rounds");
    for (size_t p = 0; p < planes->n; p++) {
        for (size_t i = 0; i < planes->list[p].n; i++) {
            if (i == 0 || planes->list[p].rounds[i] != planes->list[p].rounds[i - 1])
                planes->rounds[n++] = planes->list[p].rounds[i];
        }
    }
    qsort(planes->rounds, n, sizeof *planes->rounds, by_number);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || planes->rounds[i] != planes->rounds[planes->n_rounds - 1])
            planes->rounds[planes->n_rounds++] = planes->rounds[i];
    }
    if (planes->n_rounds < 3 || planes->n_rounds > MOST_ROUNDS)
        planes->n_rounds = 0;
    return STATUS_OK;
}

/* The line of a plane without one round; its own where it has no sample of that round. */
static bool without(const struct plane *plane, int32_t round, const struct output_length *output,
                    struct sequence_sample *work, double *line)
{
    struct sequence_cost cost = plane->cost;
    size_t n = 0;
    for (size_t i = 0; i < plane->n; i++) {
        if (plane->rounds[i] != round)
            work[n++] = plane->samples[i];
    }
    if (n < plane->n && sequence_cost_fit(work, n, &cost, NULL))
        return false;
    struct sequence_line expected = sequence_cost_expected(&cost, output);
    line[0] = expected.intercept;
    line[1] = expected.slope;
    return true;
}

static enum status leave_rounds_out(struct planes *planes, const struct output_length *output,
                                    struct error *error)
{
    size_t most = 0, stride = 2 * planes->n;
    for (size_t p = 0; p < planes->n; p++)
        most = planes->list[p].n > most ? planes->list[p].n : most;
    struct sequence_sample *work = malloc((most + 1) * sizeof *work);
    planes->replicates = malloc((planes->n_rounds * stride + 1) * sizeof *planes->replicates);
    if (!work || !planes->replicates) {
        free(work);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for rounds");
    }
    for (size_t g = 0; g < planes->n_rounds; g++) {
        for (size_t p = 0; p < planes->n && planes->n_rounds > 0; p++) {
            if (!without(&planes->list[p], planes->rounds[g], output, work,
                         planes->replicates + g * stride + 2 * p))
                planes->n_rounds = 0; /* a round without which nothing can be told */
        }
    }
    free(work);
    return STATUS_OK;
}

/* Covariance of coefficient i of plane a with coefficient j of plane b, (0: intercept, 1: slope).
 */
static double covariance(const struct planes *planes, const struct output_length *output, size_t a,
                         size_t i, size_t b, size_t j)
{
    const double of_pairs[2][2] = {{output->var_delta, output->covariance},
                                   {output->covariance, output->var_gamma}};
    double shared = planes->list[a].cost.per_out * planes->list[b].cost.per_out * of_pairs[i][j];
    if (planes->n_rounds == 0 && a != b)
        return shared;
    if (planes->n_rounds == 0) {
        const struct sequence_line *line = &planes->list[a].line; /* has the pairs' share */
        return i != j ? line->covariance : i == 0 ? line->var_intercept : line->var_slope;
    }
    double g = (double)planes->n_rounds, mean_a = 0, mean_b = 0, sum = 0;
    size_t stride = 2 * planes->n;
    for (size_t r = 0; r < planes->n_rounds; r++) {
        mean_a += planes->replicates[r * stride + 2 * a + i] / g;
        mean_b += planes->replicates[r * stride + 2 * b + j] / g;
    }
    for (size_t r = 0; r < planes->n_rounds; r++)
        sum += (planes->replicates[r * stride + 2 * a + i] - mean_a) *
               (planes->replicates[r * stride + 2 * b + j] - mean_b);
    return (g - 1) / g * sum + shared;
}

/* The plane's line as a model. */
static enum status make_model(const struct plane *plane, const struct planes *planes,
                              struct cost_model *model, struct error *error)
{
    const struct cost_model *old = plane->model;
    double rss = 0, tss = 0, mean = 0, n = (double)plane->n;
    for (size_t i = 0; i < plane->n; i++)
        mean += plane->samples[i].cost / n;
    for (size_t i = 0; i < plane->n; i++) {
        const struct sequence_sample *s = &plane->samples[i];
        double off = s->cost - plane->line.intercept - plane->line.slope * s->n_in;
        rss += off * off;
        tss += (s->cost - mean) * (s->cost - mean);
    }
    double within = plane->cost.residual_sd * plane->cost.residual_sd * plane->cost.dof / n;
    *model = *old;
    model->target = text_copy(old->target);
    model->form = FORM_LINEAR;
    model->segments = malloc(sizeof *model->segments);
    model->knots = NULL;
    model->knot_ends = NULL;
    model->n_knots = 0;
    model->n_segments = 1;
    model->coefficients = malloc(2 * sizeof *model->coefficients);
    model->n_coefficients = 2;
    model->residual_sd = sqrt(rss / plane->cost.dof);
    model->r2 = tss > 0 ? 1 - rss / tss : 1;
    model->bic = n * (log(2 * 3.14159265358979324 * fmax(within, 1e-300)) + 1) + 4 * log(n);
    model->dof = planes->n_rounds > 0 ? (double)planes->n_rounds - 1 : plane->cost.dof;
    if (!model->target || !model->segments || !model->coefficients) {
        cost_model_free(model);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    }
    model->segments[0] =
        (struct segment){1, old->n_max, plane->line.intercept, plane->line.slope, 0};
    model->coefficients[0] = plane->line.intercept;
    model->coefficients[1] = plane->line.slope;
    return STATUS_OK;
}

/* Where a model of the old set was, and which plane takes its place (planes->n: none). */
struct origin {
    size_t plane, offset;
};

static struct origin origin_of(const struct planes *planes, const struct model_set *set, size_t m)
{
    struct origin origin = {0, model_set_offset(set, &set->models[m])};
    while (origin.plane < planes->n && planes->list[origin.plane].model != &set->models[m])
        origin.plane++;
    return origin;
}

static double joint(const struct planes *planes, const struct output_length *output,
                    const struct model_set *old, struct origin a, size_t i, struct origin b,
                    size_t j)
{
    if (a.plane < planes->n && b.plane < planes->n)
        return covariance(planes, output, a.plane, i, b.plane, j);
    if (a.plane < planes->n || b.plane < planes->n)
        return 0; /* a time with bytes: they share nothing */
    return old->covariance[(a.offset + i) * old->n_coefficients + b.offset + j];
}

static void fill_covariance(const struct planes *planes, const struct output_length *output,
                            const struct model_set *old, const struct origin *origins,
                            struct model_set *set)
{
    double *to = set->covariance;
    for (size_t a = 0; a < set->n_models; a++) {
        for (size_t i = 0; i < set->models[a].n_coefficients; i++) {
            for (size_t b = 0; b < set->n_models; b++) {
                for (size_t j = 0; j < set->models[b].n_coefficients; j++)
                    *to++ = joint(planes, output, old, origins[a], i, origins[b], j);
            }
        }
    }
}

/* Takes the models that stay out of `old`, which keeps its covariance. */
static enum status join_models(const struct planes *planes, const struct origin *origins,
                               struct model_set *old, struct model_set *set, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t m = 0; !status && m < old->n_models; m++) {
        struct cost_model model = {0};
        if (origins[m].plane < planes->n) {
            status = make_model(&planes->list[origins[m].plane], planes, &model, error);
        } else {
            model = old->models[m];
            old->models[m] = (struct cost_model){0};
        }
        if (!status)
            status = model_set_add(set, &model, error);
        cost_model_free(&model);
    }
    return status;
}

/* The same set with the planes' lines in it. */
static enum status replace(const struct planes *planes, const struct output_length *output,
                           struct model_set *set, struct error *error)
{
    struct model_set old = *set, joined = *set;
    struct origin *origins = malloc((old.n_models + 1) * sizeof *origins);
    joined.models = NULL;
    joined.covariance = NULL;
    joined.n_models = joined.capacity = joined.n_coefficients = 0;
    if (!origins)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for models");
    for (size_t m = 0; m < old.n_models; m++)
        origins[m] = origin_of(planes, &old, m);
    enum status status = join_models(planes, origins, &old, &joined, error);
    if (!status)
        fill_covariance(planes, output, &old, origins, &joined);
    if (planes->n_rounds > 0)
        joined.n_rounds = planes->n_rounds;
    old.campaign = NULL; /* the new set's, and so is what its energies are of */
    old.energy = (struct energy_basis){0};
    model_set_free(&old);
    free(origins);
    *set = joined;
    return status;
}

enum status sequence_models_apply(const struct dataset *dataset, const struct output_length *output,
                                  const struct fit_options *options, struct model_set *set,
                                  struct error *error)
{
    struct planes planes = {.n = 0};
    enum status status = find_planes(dataset, output, options, set, &planes, error);
    if (!status && planes.n > 0)
        status = find_rounds(&planes, error);
    if (!status && planes.n > 0)
        status = leave_rounds_out(&planes, output, error);
    if (!status && planes.n > 0)
        status = replace(&planes, output, set, error);
    for (size_t p = 0; p < planes.n; p++) {
        free(planes.list[p].samples);
        free(planes.list[p].rounds);
    }
    free(planes.rounds);
    free(planes.replicates);
    return status;
}
