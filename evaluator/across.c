// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/across.h"

#include "base/memory.h"
#include "codegen/objective.h"
#include "evaluator/bootstrap.h"
#include "fitter/interval.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading */

static const json_t *policy_of(const json_t *evaluation, const char *name)
{
    size_t i;
    json_t *policy;
    json_array_foreach(json_object_get(evaluation, "policies"), i, policy)
    {
        const char *is = json_string_value(json_object_get(policy, "policy"));
        if (is && strcmp(is, name) == 0)
            return policy;
    }
    return NULL;
}

/* NAN: not there. */
static double number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static enum status copy_names(const json_t *evaluation, struct across_cell *cell,
                              struct error *error)
{
    static const char *const names[] = {"campaign", "lengths", "link"};
    char **to[] = {&cell->campaign, &cell->lengths, &cell->link};
    for (int i = 0; i < 3; i++) {
        const char *text = json_string_value(json_object_get(evaluation, names[i]));
        if (!text)
            return error_set(error, STATUS_INVALID, "an evaluation without \"%s\"", names[i]);
        enum status status = text_replace(to[i], text, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

/* Of the rounds that its requests are charged from. */
static double dof_of(const json_t *evaluation)
{
    double rounds = number(json_object_get(evaluation, "costs"), "rounds");
    return rounds >= 2 ? fmin(rounds, BOOTSTRAP_GROUPS) - 1 : INFINITY;
}

static double end_of(const json_t *interval, size_t i)
{
    const json_t *end = json_array_get(interval, i);
    return json_is_number(end) ? json_number_value(end) : NAN;
}

/* A difference that is 0 at every request has an interval of no width. */
static enum status read_cell(const struct across *across, const json_t *evaluation,
                             struct across_cell *cell, struct error *error)
{
    const json_t *policy = policy_of(evaluation, across->policy);
    const json_t *interval = json_object_get(policy, "ci95");
    const char *better = json_string_value(json_object_get(evaluation, "better_single"));
    double mean = number(evaluation, "better_single_mean");
    if (!policy)
        return error_set(error, STATUS_INVALID, "an evaluation without the policy %s",
                         across->policy);
    double dof = dof_of(evaluation);
    double width = end_of(interval, 1) - end_of(interval, 0);
    double lost = number(policy, "probe_loss"), requests = number(evaluation, "requests");
    *cell = (struct across_cell){
        .better_is_cloud = better && strcmp(better, "cloud") == 0,
        .ratio = number(evaluation, "other_single_mean") / mean,
        .difference = number(policy, "vs_better_single") / mean,
        .standard_error = width / (2 * interval_t(dof)) / mean,
        .dof = dof,
        .probe_loss = isnan(lost) ? 0 : lost / requests / mean,
        .over_oracle = number(policy, "oracle_ratio") - 1,
    };
    if (!(mean > 0) || !(cell->ratio > 0) || !(cell->standard_error >= 0) ||
        !isfinite(cell->ratio) || !isfinite(cell->difference) || !isfinite(cell->standard_error) ||
        !isfinite(cell->over_oracle) || !isfinite(cell->probe_loss))
        return error_set(error, STATUS_INVALID,
                         "an evaluation without its figures: write it again with rnneval");
    return copy_names(evaluation, cell, error);
}

static void cell_free(struct across_cell *cell)
{
    free(cell->campaign);
    free(cell->lengths);
    free(cell->link);
}

/* What makes evaluations of one kind: those before must be of the same. */
static enum status check_kind(struct across *across, const json_t *evaluation, struct error *error)
{
    static const char ours[] = "rnnmap.eval/1";
    struct objective parsed;
    const json_t *energy = json_object_get(evaluation, "energy");
    const char *schema = json_string_value(json_object_get(evaluation, "schema"));
    const char *objective = json_string_value(json_object_get(evaluation, "objective"));
    const char *provenance = json_string_value(json_object_get(energy, "provenance"));
    if (!schema || strcmp(schema, ours) != 0 || !objective)
        return error_set(error, STATUS_INVALID, "not a document of rnneval (%s)", ours);
    if (across->objective && strcmp(across->objective, objective) != 0)
        return error_set(error, STATUS_INVALID, "it is about %s, those before are about %s",
                         objective, across->objective);
    if (objective_parse(objective, &parsed, NULL))
        return error_set(error, STATUS_INVALID, "\"%s\" is no objective", objective);
    if (!objective_is_scalar(&parsed))
        return error_set(error, STATUS_UNSUPPORTED,
                         "it is about %s: what misses a deadline or a budget is not in the means "
                         "that --across judges",
                         objective);
    across->measured =
        (across->measured || !across->objective) &&
        (!objective_needs_energy(&parsed) || (provenance && strcmp(provenance, "measured") == 0));
    return across->objective ? STATUS_OK : text_replace(&across->objective, objective, error);
}

/* Whether that cell is among those before. Campaigns of several databases may share a name. */
static bool is_there(const struct across *across, const struct across_cell *cell)
{
    for (size_t i = 0; i < across->n_cells; i++) {
        const struct across_cell *other = &across->cells[i];
        if (strcmp(cell->campaign, other->campaign) == 0 &&
            strcmp(cell->lengths, other->lengths) == 0 && strcmp(cell->link, other->link) == 0 &&
            cell->ratio == other->ratio && cell->difference == other->difference)
            return true;
    }
    return false;
}

static enum status add(struct across *across, const json_t *evaluation, struct error *error)
{
    struct across_cell cell = {0};
    enum status status = check_kind(across, evaluation, error);
    if (!status)
        status = read_cell(across, evaluation, &cell, error);
    if (!status && is_there(across, &cell))
        status = error_set(error, STATUS_INVALID, "campaign %s with %s over %s is there twice",
                           cell.campaign, cell.lengths, cell.link);
    if (!status)
        status = array_reserve(&across->cells, across->n_cells, &across->capacity,
                               sizeof *across->cells, error);
    if (status)
        cell_free(&cell);
    else
        across->cells[across->n_cells++] = cell;
    return status;
}

enum status across_read(struct across *across, const char *path, const char *policy,
                        struct error *error)
{
    json_error_t why;
    json_t *root = json_load_file(path, 0, &why);
    if (!root)
        return error_set(error,
                         json_error_code(&why) == json_error_cannot_open_file ? STATUS_NOT_FOUND
                                                                              : STATUS_INVALID,
                         "%s:%d: %s", path, why.line > 0 ? why.line : 1, why.text);
    const json_t *list = json_object_get(root, "evaluations");
    enum status status = across->policy ? STATUS_OK : text_replace(&across->policy, policy, error);
    if (!status && !list)
        status = add(across, root, error);
    for (size_t i = 0; !status && i < json_array_size(list); i++)
        status = add(across, json_array_get(list, i), error);
    if (status)
        error_prefix(error, "%s", path);
    json_decref(root);
    return status;
}

/* ---- judging */

static struct across_link *link_of(struct across *across, const char *link)
{
    for (size_t i = 0; i < across->n_links; i++) {
        if (strcmp(across->links[i].link, link) == 0)
            return &across->links[i];
    }
    across->links[across->n_links] = (struct across_link){.link = link};
    return &across->links[across->n_links++];
}

static void judge_links(struct across *across)
{
    for (size_t i = 0; i < across->n_cells; i++) {
        const struct across_cell *cell = &across->cells[i];
        struct across_link *link = link_of(across, cell->link);
        link->n_cells++;
        link->mean_over_oracle += cell->over_oracle;
        link->mean_probe_loss += cell->probe_loss;
        link->most_over_oracle = link->n_cells == 1
                                     ? cell->over_oracle
                                     : fmax(link->most_over_oracle, cell->over_oracle);
    }
    for (size_t i = 0; i < across->n_links; i++) {
        across->links[i].mean_over_oracle /= (double)across->links[i].n_cells;
        across->links[i].mean_probe_loss /= (double)across->links[i].n_cells;
    }
}

static bool has_choice(const struct across_cell *cell)
{
    return cell->ratio <= 2;
}

/* Half the interval of the sum of a campaign's cells with a choice, if cell i is its first. */
static double campaign_half(const struct across *across, size_t i)
{
    double sum = 0;
    for (size_t k = 0; k < across->n_cells; k++) {
        const struct across_cell *cell = &across->cells[k];
        if (strcmp(cell->campaign, across->cells[i].campaign) != 0)
            continue;
        if (k < i)
            return 0;
        sum += has_choice(cell) ? interval_t(cell->dof) * cell->standard_error : 0;
    }
    return sum;
}

static void judge_saving(struct across *across)
{
    double sum = 0, squares = 0;
    across->n_choice = 0;
    for (size_t i = 0; i < across->n_cells; i++) {
        double half = campaign_half(across, i);
        squares += half * half;
        if (!has_choice(&across->cells[i]))
            continue;
        across->n_choice++;
        sum -= across->cells[i].difference;
    }
    double n = (double)across->n_choice, half = sqrt(squares) / n;
    across->saving = across->n_choice ? sum / n : NAN;
    across->saving_low = across->saving - half;
    across->saving_high = across->saving + half;
}

/* How probable the cell's difference is, were the policy worse by just the margin; without what
 * probes are expected to lose, if that is to be left out. */
static double p_value(const struct across_cell *cell, double margin, bool unprobed)
{
    double below = margin - cell->difference + (unprobed ? cell->probe_loss : 0);
    if (!(cell->standard_error > 0))
        return below >= 0 ? 0 : 1;
    return interval_tail(below / cell->standard_error, cell->dof);
}

/* Holm's procedure. */
static void judge_margin(struct across *across, bool unprobed)
{
    uint64_t *n_within = unprobed ? &across->n_within_unprobed : &across->n_within;
    for (*n_within = 0; *n_within < across->n_cells; ++*n_within) {
        struct across_cell *surest = NULL;
        double least = INFINITY, left = (double)(across->n_cells - *n_within);
        for (size_t i = 0; i < across->n_cells; i++) {
            struct across_cell *cell = &across->cells[i];
            double p = p_value(cell, across->margin, unprobed);
            if ((unprobed ? cell->within_unprobed : cell->within) || p >= least)
                continue;
            least = p;
            surest = cell;
        }
        if (!surest || least > 0.05 / left)
            return;
        *(unprobed ? &surest->within_unprobed : &surest->within) = true;
    }
}

enum status across_judge(struct across *across, double margin, struct error *error)
{
    if (across->n_cells == 0)
        return error_set(error, STATUS_INVALID, "no evaluations to judge");
    free(across->links);
    across->n_links = 0;
    across->links = calloc(across->n_cells, sizeof *across->links);
    if (!across->links)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for links");
    across->margin = margin;
    for (size_t i = 0; i < across->n_cells; i++) {
        struct across_cell *cell = &across->cells[i];
        cell->upper = cell->difference +
                      interval_upper_together(across->n_cells, cell->dof) * cell->standard_error;
        cell->within = cell->within_unprobed = false;
    }
    judge_margin(across, false);
    judge_margin(across, true);
    judge_saving(across);
    judge_links(across);
    return STATUS_OK;
}

void across_free(struct across *across)
{
    for (size_t i = 0; i < across->n_cells; i++)
        cell_free(&across->cells[i]);
    free(across->cells);
    free(across->links);
    free(across->policy);
    free(across->objective);
    *across = (struct across){0};
}
