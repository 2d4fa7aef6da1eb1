// SPDX-License-Identifier: GPL-3.0-or-later
/* Fitted models beside the samples they came from. */
#include "base/memory.h"
#include "records/lengths.h"
#include "records/sql_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static enum status put_numbers(struct store *store, int64_t model_id, const char *kind,
                               const double *values, size_t n, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < n; i++)
        status = sql_do(store, error, "INSERT INTO model_number VALUES (?, ?, ?, ?)", "itid",
                        model_id, kind, (int64_t)i, values[i]);
    return status;
}

static enum status put_model(struct store *store, int64_t fit_id, const struct cost_model *model,
                             struct error *error)
{
    enum status status = sql_do(
        store, error,
        "INSERT INTO model (fit_id, target, quantity, form, n_min, n_max, residual_sd, r2, bic, "
        "dof, n_samples, n_lengths, n_outliers, provenance) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        "itttiiddddiiit", fit_id, model->target, quantity_name(model->quantity),
        form_name(model->form), (int64_t)model->n_min, (int64_t)model->n_max, model->residual_sd,
        model->r2, model->bic, model->dof, (int64_t)model->n_samples, (int64_t)model->n_lengths,
        (int64_t)model->n_outliers, provenance_name(model->provenance));
    int64_t id = sqlite3_last_insert_rowid(store->db);
    for (size_t i = 0; !status && i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        status = sql_do(store, error, "INSERT INTO model_segment VALUES (?, ?, ?, ?, ?, ?, ?)",
                        "iiiiddd", id, (int64_t)i, (int64_t)s->from, (int64_t)s->to, s->intercept,
                        s->slope, s->quadratic);
    }
    if (!status)
        status = put_numbers(store, id, "knot", model->knots, model->n_knots, error);
    if (!status)
        status = put_numbers(store, id, "coefficient", model->coefficients, model->n_coefficients,
                             error);
    return status;
}

enum status store_models_put(struct store *store, int64_t campaign_id, const struct model_set *set,
                             struct error *error)
{
    if (set->n_models == 0)
        return error_set(error, STATUS_MISUSE, "%s: a fit without models", store->path);
    const char *statistic = statistic_name(set->models[0].statistic);
    size_t size = set->n_coefficients;
    enum status status = sql_begin(store, error);
    if (status)
        return status;
    status = sql_do(store, error, "DELETE FROM fit WHERE campaign_id = ? AND statistic = ?", "it",
                    campaign_id, statistic);
    if (!status)
        status =
            sql_do(store, error,
                   "INSERT INTO fit (campaign_id, statistic, rtt_s, has_rtt, n_rounds, hold_out, "
                   "hold_out_seed, samples_sha256, up_s_per_byte, down_s_per_byte, energy_meter, "
                   "energy_scope, energy_baseline) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   "itdiiditddttt", campaign_id, statistic, set->rtt_s, (int64_t)set->has_rtt,
                   (int64_t)set->n_rounds, set->hold_out, (int64_t)set->hold_out_seed, set->digest,
                   set->up_s_per_byte, set->down_s_per_byte, set->energy.meter, set->energy.scope,
                   set->energy.baseline);
    int64_t fit_id = sqlite3_last_insert_rowid(store->db);
    for (size_t i = 0; !status && i < set->n_models; i++)
        status = put_model(store, fit_id, &set->models[i], error);
    for (size_t i = 0; !status && i < size * size; i++)
        status = sql_do(store, error, "INSERT INTO fit_covariance VALUES (?, ?, ?, ?)", "iiid",
                        fit_id, (int64_t)(i / size), (int64_t)(i % size), set->covariance[i]);
    return sql_end(store, status, error);
}

/* The index of `name` among the names that `name_of` gives for 0 .. n-1; n when it is none. */
static int index_of(const char *name, const char *(*name_of)(int), int n)
{
    int i = 0;
    while (i < n && (!name || strcmp(name_of(i), name) != 0))
        i++;
    return i;
}

static const char *quantity_at(int i)
{
    return quantity_name((enum quantity)i);
}

static const char *form_at(int i)
{
    return form_name((enum model_form)i);
}

static const char *provenance_at(int i)
{
    return provenance_name((enum provenance)i);
}

static enum status damaged(struct store *store, int64_t id, const char *what, struct error *error)
{
    return error_set(error, STATUS_INVALID, "%s: damaged model %lld (%s); run rnnfit again",
                     store->path, (long long)id, what);
}

/* A column's real, or NaN for NULL: SQLite knows no NaN. */
static double real_or_nan(sqlite3_stmt *row, int column)
{
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

/* A column's integer, when it is in min .. max; else clears *sound. */
static int64_t bounded(sqlite3_stmt *row, int column, int64_t min, int64_t max, bool *sound)
{
    int64_t value = sqlite3_column_int64(row, column);
    *sound = *sound && value >= min && value <= max;
    return value;
}

static enum status get_segments(struct store *store, int64_t id, struct cost_model *model,
                                struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT from_length, to_length, intercept, slope, quadratic, place "
                    "FROM model_segment WHERE model_id = ? ORDER BY place",
                    "i", id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(&model->segments, model->n_segments, &capacity,
                               sizeof *model->segments, error);
        if (status)
            break;
        bool sound = true;
        int64_t place = (int64_t)model->n_segments;
        int64_t start = place > 0 ? (int64_t)model->segments[place - 1].to + 1 : 0;
        int64_t from = bounded(row, 0, start, place > 0 ? start : UINT32_MAX, &sound);
        int64_t to = bounded(row, 1, from, UINT32_MAX, &sound);
        bounded(row, 5, place, place, &sound);
        if (!sound)
            status = damaged(store, id, "its segments have gaps", error);
        else
            model->segments[model->n_segments++] =
                (struct segment){(uint32_t)from, (uint32_t)to, sqlite3_column_double(row, 2),
                                 sqlite3_column_double(row, 3), sqlite3_column_double(row, 4)};
    }
    if (!status && model->n_segments == 0)
        status = damaged(store, id, "it has no segments", error);
    sqlite3_finalize(row);
    return status;
}

static enum status get_numbers(struct store *store, int64_t id, const char *kind, double **values,
                               size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    enum status status = sql_prepare(
        store, &row, error,
        "SELECT value, place FROM model_number WHERE model_id = ? AND kind = ? ORDER BY place",
        "it", id, kind);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(values, *n, &capacity, sizeof **values, error);
        if (!status && sqlite3_column_int64(row, 1) != (int64_t)*n)
            status = damaged(store, id, "a number is missing", error);
        if (!status)
            (*values)[(*n)++] = sqlite3_column_double(row, 0);
    }
    sqlite3_finalize(row);
    return status;
}

static enum status get_model(struct store *store, sqlite3_stmt *row, enum statistic statistic,
                             struct model_set *set, struct error *error)
{
    bool sound = true;
    int64_t id = sqlite3_column_int64(row, 0);
    int64_t n_max = bounded(row, 5, 0, LENGTH_MAX, &sound);
    int quantity = index_of((const char *)sqlite3_column_text(row, 2), quantity_at, N_QUANTITIES);
    int form = index_of((const char *)sqlite3_column_text(row, 3), form_at, N_FORMS);
    int provenance =
        index_of((const char *)sqlite3_column_text(row, 13), provenance_at, N_PROVENANCES);
    struct cost_model model = {.target = sql_text(row, 1),
                               .quantity = (enum quantity)quantity,
                               .statistic = statistic,
                               .form = (enum model_form)form,
                               .n_min = (uint32_t)bounded(row, 4, 0, n_max, &sound),
                               .n_max = (uint32_t)n_max,
                               .residual_sd = real_or_nan(row, 6),
                               .r2 = real_or_nan(row, 7),
                               .bic = real_or_nan(row, 8),
                               .dof = real_or_nan(row, 9),
                               .n_samples = (uint64_t)bounded(row, 10, 0, INT64_MAX, &sound),
                               .n_lengths = (uint64_t)bounded(row, 11, 0, INT64_MAX, &sound),
                               .n_outliers = (uint64_t)bounded(row, 12, 0, INT64_MAX, &sound),
                               .provenance = (enum provenance)provenance};
    enum status status = STATUS_OK;
    if (!model.target || quantity == N_QUANTITIES || form == N_FORMS || provenance == N_PROVENANCES)
        status = damaged(store, id, "an unknown name", error);
    else if (!sound)
        status = damaged(store, id, "a count out of range", error);
    if (!status)
        status = get_segments(store, id, &model, error);
    if (!status)
        status = get_numbers(store, id, "knot", &model.knots, &model.n_knots, error);
    if (!status)
        status = get_numbers(store, id, "coefficient", &model.coefficients, &model.n_coefficients,
                             error);
    if (!status)
        status = model_set_add(set, &model, error);
    cost_model_free(&model);
    return status;
}

static enum status get_covariance(struct store *store, int64_t fit_id, struct model_set *set,
                                  struct error *error)
{
    sqlite3_stmt *row;
    bool more = true, sound = true;
    int64_t size = (int64_t)set->n_coefficients, n = 0;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT row, col, value FROM fit_covariance WHERE fit_id = ? "
                                     "ORDER BY row, col",
                                     "i", fit_id);
    while (!status && sound && !(status = sql_next(store, row, &more, error)) && more) {
        sound = n < size * size && sqlite3_column_int64(row, 0) == n / size &&
                sqlite3_column_int64(row, 1) == n % size;
        if (sound)
            set->covariance[n++] = sqlite3_column_double(row, 2);
    }
    sqlite3_finalize(row);
    if (!status && (!sound || n != size * size))
        status =
            error_set(error, STATUS_INVALID,
                      "%s: damaged covariance: not that of %lld coefficients; run rnnfit again",
                      store->path, (long long)size);
    return status;
}

static enum status get_models(struct store *store, int64_t fit_id, enum statistic statistic,
                              struct model_set *set, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT id, target, quantity, form, n_min, n_max, "
                                     "residual_sd, r2, bic, dof, n_samples, n_lengths, "
                                     "n_outliers, provenance FROM model WHERE fit_id = ? "
                                     "ORDER BY id",
                                     "i", fit_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more)
        status = get_model(store, row, statistic, set, error);
    sqlite3_finalize(row);
    if (!status && set->n_models == 0)
        status =
            error_set(error, STATUS_INVALID, "%s: damaged fit %lld: no models; run rnnfit again",
                      store->path, (long long)fit_id);
    return status ? status : get_covariance(store, fit_id, set, error);
}

enum status store_models_get(struct store *store, int64_t campaign_id, enum statistic statistic,
                             struct model_set *set, struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    model_set_init(set);
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT f.id, c.name, f.rtt_s, f.n_rounds, f.hold_out, "
                    "f.hold_out_seed, f.samples_sha256, f.has_rtt, f.up_s_per_byte, "
                    "f.down_s_per_byte, f.energy_meter, f.energy_scope, f.energy_baseline FROM fit "
                    "f JOIN campaign c "
                    "ON c.id = f.campaign_id WHERE c.id = ? AND f.statistic = ?",
                    "it", campaign_id, statistic_name(statistic));
    if (!status)
        status = sql_next(store, row, &more, error);
    if (!status && !more)
        status = error_set(error, STATUS_NOT_FOUND,
                           "%s: no models of the %s stored yet; run: rnnfit --db %s", store->path,
                           statistic_name(statistic), store->path);
    if (!status) {
        const char *digest = (const char *)sqlite3_column_text(row, 6);
        int64_t fit_id = sqlite3_column_int64(row, 0);
        set->campaign = sql_text(row, 1);
        set->rtt_s = sqlite3_column_double(row, 2);
        set->has_rtt = sqlite3_column_int(row, 7) != 0;
        set->up_s_per_byte = real_or_nan(row, 8);
        set->down_s_per_byte = real_or_nan(row, 9);
        set->energy =
            (struct energy_basis){sql_text(row, 10), sql_text(row, 11), sql_text(row, 12)};
        set->n_rounds = (uint64_t)sqlite3_column_int64(row, 3);
        set->hold_out = sqlite3_column_double(row, 4);
        set->hold_out_seed = (uint64_t)sqlite3_column_int64(row, 5);
        snprintf(set->digest, sizeof set->digest, "%s", digest ? digest : "");
        status = get_models(store, fit_id, statistic, set, error);
    }
    /* Open until here, it keeps everything read one state of the file: a fit may be stored now. */
    sqlite3_finalize(row);
    if (status)
        model_set_free(set);
    return status;
}
