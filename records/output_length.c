// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/output_length.h"

#include "records/sql_private.h"

#include <math.h>
#include <stdlib.h>

const double output_length_r2_min = 0.25, output_length_width_max = 0.9;

bool output_length_predicts(const struct output_length *o)
{
    return o->r2 >= output_length_r2_min && o->width_share <= output_length_width_max;
}

double output_length_mean(const struct output_length *o, double n)
{
    return o->gamma * n + o->delta;
}

void output_length_interval(const struct output_length *o, double n, double *low, double *high)
{
    double mean = output_length_mean(o, n), spread = pow(fmax(mean, 1), o->power);
    *low = fmax(mean + o->low * spread, 0);
    *high = fmax(mean + o->high * spread, 0);
}

void output_length_free(struct output_length *o)
{
    free(o->source);
    *o = (struct output_length){0};
}

enum status store_output_length_put(struct store *store, int64_t campaign_id,
                                    const struct output_length *o, struct error *error)
{
    return sql_do(store, error,
                  "INSERT OR REPLACE INTO output_length VALUES "
                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "itddddddddddddiiii", campaign_id, o->source, o->gamma, o->delta, o->var_gamma,
                  o->var_delta, o->covariance, o->gamma_all, o->delta_all, o->r2, o->power, o->low,
                  o->high, o->width_share, (int64_t)o->n_pairs, (int64_t)o->n_outliers,
                  (int64_t)o->n_min, (int64_t)o->n_max);
}

enum status store_output_length_get(struct store *store, int64_t campaign_id,
                                    struct output_length *o, struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    *o = (struct output_length){0};
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT source, gamma, delta, var_gamma, var_delta, covariance, gamma_all, "
                    "delta_all, r2, power, low, high, width_share, n_pairs, n_outliers, n_min, "
                    "n_max FROM output_length WHERE campaign_id = ?",
                    "i", campaign_id);
    if (!status)
        status = sql_next(store, row, &more, error);
    if (!status && !more)
        status = error_set(error, STATUS_NOT_FOUND,
                           "%s: no model of the output's length stored; run: rnnfit --db %s "
                           "--pairs CSV",
                           store->path, store->path);
    if (!status) {
        double *const reals[] = {&o->gamma,      &o->delta,     &o->var_gamma, &o->var_delta,
                                 &o->covariance, &o->gamma_all, &o->delta_all, &o->r2,
                                 &o->power,      &o->low,       &o->high,      &o->width_share};
        enum { N_REALS = sizeof reals / sizeof *reals };
        o->source = sql_text(row, 0);
        for (int i = 0; i < N_REALS; i++)
            *reals[i] = sqlite3_column_double(row, 1 + i);
        o->n_pairs = (uint64_t)sqlite3_column_int64(row, N_REALS + 1);
        o->n_outliers = (uint64_t)sqlite3_column_int64(row, N_REALS + 2);
        o->n_min = (uint32_t)sqlite3_column_int64(row, N_REALS + 3);
        o->n_max = (uint32_t)sqlite3_column_int64(row, N_REALS + 4);
    }
    sqlite3_finalize(row);
    return status;
}
