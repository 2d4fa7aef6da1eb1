// SPDX-License-Identifier: GPL-3.0-or-later
/* Histograms as CSV: length,count or n_in,n_out,count. */
#include "records/length_files_private.h"

#include "base/csv.h"

enum { N_COLUMNS = 3 };

/* The two shapes; of a single length the second column is not there. */
static const char *const columns[2][N_COLUMNS] = {
    {"length", NULL, "count"},
    {"n_in", "n_out", "count"},
};

static const char hint[] = "a histogram has columns length,count or n_in,n_out,count; read other "
                           "files as text:FILE, column:NAME@FILE or words:NAME@FILE";

/* Finds the columns of one shape. A header with both is of neither. Pairs without a column of
 * counts count once a row. */
static enum status find_columns(const struct csv *csv, int at[N_COLUMNS], bool *paired,
                                struct error *error)
{
    int length = csv_column(csv, columns[0][0]);
    *paired = csv_column(csv, columns[1][0]) >= 0;
    if (length >= 0 && *paired)
        return csv_error(csv, length, error, "and a column 'n_in' beside it: which is meant?");
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const char *name = columns[*paired][i];
        if (*paired && i == N_COLUMNS - 1 && csv_column(csv, name) < 0) {
            at[i] = -1;
            continue;
        }
        enum status status = name ? csv_require(csv, name, &at[i], error) : STATUS_OK;
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status read_row(const struct csv *csv, const int at[N_COLUMNS], bool paired,
                            struct bars *bars, struct error *error)
{
    uint64_t n_in = 0, n_out = 0, count = 1;
    struct error why = {0};
    enum status status = csv_u64(csv, at[0], 1, LENGTH_MAX, &n_in, error);
    if (!status && paired)
        status = csv_u64(csv, at[1], 1, LENGTH_MAX, &n_out, error);
    if (!status && at[2] >= 0)
        status = csv_u64(csv, at[2], 0, UINT64_MAX, &count, error);
    if (status)
        return status;
    status = bars_add(bars, paired ? PAIR_KEY(n_in, n_out) : n_in, count, &why);
    return status == STATUS_INVALID ? csv_error(csv, at[2] < 0 ? at[0] : at[2], error, why.text)
           : status                 ? error_set(error, status, "%s", why.text)
                                    : STATUS_OK;
}

enum status bars_read_csv(const char *path, struct bars *bars, bool *paired, struct error *error)
{
    struct csv *csv = NULL;
    int at[N_COLUMNS] = {0};
    bool more = true;
    struct error why = {0};
    enum status status = csv_open(path, &csv, &why);
    if (!status)
        status = find_columns(csv, at, paired, &why);
    if (status) {
        csv_close(csv);
        return status == STATUS_INVALID ? error_set(error, status, "%s (%s)", why.text, hint)
                                        : error_set(error, status, "%s", why.text);
    }
    while (!status && !(status = csv_next(csv, &more, error)) && more)
        status = read_row(csv, at, *paired, bars, error);
    csv_close(csv);
    return status;
}
