// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples: appended in batches, scanned in order, marked as outliers. */
#include "base/memory.h"
#include "base/order.h"
#include "records/lengths.h"
#include "records/sql_private.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const failures[] = {
    [FAILURE_NONE] = NULL,         [FAILURE_CONNECT] = "connect", [FAILURE_TLS] = "tls",
    [FAILURE_TIMEOUT] = "timeout", [FAILURE_HTTP] = "http",       [FAILURE_PROTOCOL] = "protocol",
    [FAILURE_ENGINE] = "engine",
};
_Static_assert(sizeof failures / sizeof *failures == N_FAILURES, "a name each");

const char *failure_name(enum failure failure)
{
    return failures[failure];
}

/* N_FAILURES: no such failure. */
static enum failure failure_of(const char *name)
{
    int i = name ? 1 : FAILURE_NONE;
    while (name && i < N_FAILURES && strcmp(failures[i], name) != 0)
        i++;
    return (enum failure)i;
}

/* The integers of a sample that may be unknown, in the order of both statements below. */
static const size_t optional_fields[] = {
    offsetof(struct sample, round),          offsetof(struct sample, rtt_ns),
    offsetof(struct sample, connect_ns),     offsetof(struct sample, tls_ns),
    offsetof(struct sample, send_ns),        offsetof(struct sample, wait_ns),
    offsetof(struct sample, receive_ns),     offsetof(struct sample, server_ns),
    offsetof(struct sample, bytes_up),       offsetof(struct sample, bytes_down),
    offsetof(struct sample, energy_uj),      offsetof(struct sample, link_rtt_ns),
    offsetof(struct sample, up_ps_per_byte), offsetof(struct sample, down_ps_per_byte),
    offsetof(struct sample, output_length),
};
enum { N_OPTIONAL = sizeof optional_fields / sizeof *optional_fields, N_FIXED = 6 };

#define SAMPLE_COLUMNS                                                                           \
    "target_id, attempt, length, time_ns, failure, outlier, round, rtt_ns, connect_ns, tls_ns, " \
    "send_ns, wait_ns, receive_ns, server_ns, bytes_up, bytes_down, energy_uj, "                 \
    "link_rtt_ns, up_ps_per_byte, down_ps_per_byte, output_length"

struct sample sample_unknown(void)
{
    struct sample sample = {0};
    for (size_t i = 0; i < N_OPTIONAL; i++)
        *(int64_t *)((char *)&sample + optional_fields[i]) = -1;
    return sample;
}

static int bind_sample(sqlite3_stmt *insert, const struct sample *sample)
{
    int rc = sqlite3_bind_int64(insert, 1, sample->target_id);
    rc |= sqlite3_bind_int64(insert, 2, sample->attempt);
    rc |= sqlite3_bind_int64(insert, 3, sample->length);
    rc |= sqlite3_bind_int64(insert, 4, sample->time_ns);
    rc |= sqlite3_bind_text(insert, 5, failures[sample->failure], -1, SQLITE_STATIC);
    rc |= sqlite3_bind_int(insert, 6, sample->outlier);
    for (int i = 0; i < N_OPTIONAL; i++) {
        int64_t value = *(const int64_t *)((const char *)sample + optional_fields[i]);
        rc |= value < 0 ? sqlite3_bind_null(insert, N_FIXED + 1 + i)
                        : sqlite3_bind_int64(insert, N_FIXED + 1 + i, value);
    }
    return rc;
}

/* Refuses what a later scan would take for damage. */
static enum status check_samples(const struct store *store, const struct sample *samples, size_t n,
                                 struct error *error)
{
    for (size_t i = 0; i < n; i++) {
        if (samples[i].length < 1 || samples[i].length > LENGTH_MAX || samples[i].time_ns < 0)
            return error_set(error, STATUS_INVALID, "%s: a sample of length %u and %lld ns",
                             store->path, samples[i].length, (long long)samples[i].time_ns);
    }
    return STATUS_OK;
}

/* The readings of the sample that was inserted last. */
static enum status append_counters(struct store *store, const struct sample *sample,
                                   struct error *error)
{
    int64_t sample_id = sqlite3_last_insert_rowid(store->db);
    enum status status = STATUS_OK;
    if (sample->n_counters > 0 && !store->insert_counter)
        status = sql_prepare(store, &store->insert_counter, error,
                             "INSERT INTO sample_counter VALUES (?, ?, ?)", "");
    for (size_t i = 0; !status && i < sample->n_counters; i++) {
        int rc = sqlite3_bind_int64(store->insert_counter, 1, sample_id);
        rc |= sqlite3_bind_int64(store->insert_counter, 2, sample->counters[i].counter_id);
        rc |= sqlite3_bind_int64(store->insert_counter, 3, sample->counters[i].value);
        if (rc != SQLITE_OK || sqlite3_step(store->insert_counter) != SQLITE_DONE)
            status = sql_error(store, error, "cannot store counters");
        sqlite3_reset(store->insert_counter);
    }
    return status;
}

enum status store_samples_append(struct store *store, const struct sample *samples, size_t n,
                                 struct error *error)
{
    enum status status = check_samples(store, samples, n, error);
    if (n == 0 || status)
        return status;
    if (!store->insert_sample)
        status = sql_prepare(store, &store->insert_sample, error,
                             "INSERT INTO sample (" SAMPLE_COLUMNS
                             ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                             "");
    if (!status)
        status = sql_begin(store, error);
    if (status)
        return status;
    for (size_t i = 0; !status && i < n; i++) {
        if (bind_sample(store->insert_sample, &samples[i]) != SQLITE_OK ||
            sqlite3_step(store->insert_sample) != SQLITE_DONE)
            status = sql_error(store, error, "cannot store samples");
        sqlite3_reset(store->insert_sample);
        if (!status)
            status = append_counters(store, &samples[i], error);
    }
    return sql_end(store, status, error);
}

static const char *failure_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text : "none";
}

static enum status check_read(struct store *store, sqlite3_stmt *row, int64_t attempt,
                              int64_t length, const struct sample *sample, int failure_column,
                              struct error *error)
{
    if (attempt < 0 || attempt > UINT32_MAX || length < 1 || length > LENGTH_MAX ||
        sample->time_ns < 0 || sample->failure == N_FAILURES)
        return error_set(error, STATUS_INVALID,
                         "%s: damaged sample: length %lld, %lld ns, attempt %lld, failure '%s'",
                         store->path, (long long)length, (long long)sample->time_ns,
                         (long long)attempt, failure_text(row, failure_column));
    return STATUS_OK;
}

static enum status read_sample(struct store *store, sqlite3_stmt *row, struct sample *sample,
                               struct error *error)
{
    int64_t attempt = sqlite3_column_int64(row, 1), length = sqlite3_column_int64(row, 2);
    sample->target_id = sqlite3_column_int64(row, 0);
    sample->attempt = (uint32_t)attempt;
    sample->length = (uint32_t)length;
    sample->time_ns = sqlite3_column_int64(row, 3);
    sample->failure = failure_of((const char *)sqlite3_column_text(row, 4));
    sample->outlier = sqlite3_column_int(row, 5) != 0;
    sample->counters = NULL;
    sample->n_counters = 0;
    for (int i = 0; i < N_OPTIONAL; i++)
        *(int64_t *)((char *)sample + optional_fields[i]) = sql_unknown(row, N_FIXED + i);
    return check_read(store, row, attempt, length, sample, 4, error);
}

/* Reading a column takes longer than its value does: only those that fits of times need. */
#define TIME_COLUMNS                                                                         \
    "target_id, length, time_ns, failure, round, rtt_ns, connect_ns, bytes_up, bytes_down, " \
    "up_ps_per_byte, down_ps_per_byte, energy_uj"

static enum status read_times_of(struct store *store, sqlite3_stmt *row, struct sample *sample,
                                 struct error *error)
{
    int64_t length = sqlite3_column_int64(row, 1);
    *sample = (struct sample){
        .target_id = sqlite3_column_int64(row, 0),
        .length = (uint32_t)length,
        .time_ns = sqlite3_column_int64(row, 2),
        .failure = failure_of((const char *)sqlite3_column_text(row, 3)),
        .round = sql_unknown(row, 4),
        .rtt_ns = sql_unknown(row, 5),
        .connect_ns = sql_unknown(row, 6),
        .tls_ns = -1,
        .send_ns = -1,
        .wait_ns = -1,
        .receive_ns = -1,
        .server_ns = -1,
        .bytes_up = sql_unknown(row, 7),
        .bytes_down = sql_unknown(row, 8),
        .energy_uj = sql_unknown(row, 11),
        .link_rtt_ns = -1,
        .up_ps_per_byte = sql_unknown(row, 9),
        .down_ps_per_byte = sql_unknown(row, 10),
        .output_length = -1,
    };
    return check_read(store, row, 0, length, sample, 3, error);
}

/* Whether all samples of the file are the campaign's: then no row need be asked whose it is. */
static enum status is_alone(struct store *store, int64_t campaign_id, bool *alone,
                            struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    enum status status = sql_prepare(
        store, &row, error, "SELECT count(*) FROM target WHERE campaign_id <> ?", "i", campaign_id);
    if (!status)
        status = sql_next(store, row, &more, error);
    *alone = !status && more && sqlite3_column_int64(row, 0) == 0;
    sqlite3_finalize(row);
    return status;
}

static enum status each(struct store *store, int64_t campaign_id, const char *columns,
                        enum status (*read)(struct store *store, sqlite3_stmt *row,
                                            struct sample *sample, struct error *error),
                        sample_sink *sink, void *user, struct error *error)
{
    sqlite3_stmt *row = NULL;
    bool more = true, alone;
    enum status status = is_alone(store, campaign_id, &alone, error);
    char *sql = text_format("SELECT %s FROM sample WHERE %s ORDER BY id", columns,
                            alone ? "? IS NOT NULL"
                                  : "target_id IN (SELECT id FROM target WHERE campaign_id = ?)");
    if (!status && !sql)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a query");
    if (!status)
        status = sql_prepare(store, &row, error, sql, "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        struct sample sample;
        status = read(store, row, &sample, error);
        if (!status)
            status = sink(user, &sample, error);
    }
    sqlite3_finalize(row);
    free(sql);
    return status;
}

#define OF_CAMPAIGN \
    " FROM sample WHERE target_id IN (SELECT id FROM target WHERE campaign_id = ?) ORDER BY id"

enum status store_samples_each(struct store *store, int64_t campaign_id, sample_sink *sink,
                               void *user, struct error *error)
{
    return each(store, campaign_id, SAMPLE_COLUMNS, read_sample, sink, user, error);
}

enum status store_times_each(struct store *store, int64_t campaign_id, sample_sink *sink,
                             void *user, struct error *error)
{
    return each(store, campaign_id, TIME_COLUMNS, read_times_of, sink, user, error);
}

enum status store_rounds(struct store *store, int64_t campaign_id, int64_t *n_rounds,
                         struct error *error)
{
    sqlite3_stmt *row;
    bool more = false;
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT max((SELECT coalesce(max(round), -1) FROM sample WHERE "
                    "target_id IN (SELECT id FROM target WHERE campaign_id = ?)), "
                    "(SELECT coalesce(max(round), -1) FROM round_state WHERE "
                    "campaign_id = ?), "
                    "(SELECT coalesce(max(round), -1) FROM energy_window WHERE "
                    "meter_id IN (SELECT id FROM meter WHERE campaign_id = ?))) + 1",
                    "iii", campaign_id, campaign_id, campaign_id);
    if (!status)
        status = sql_next(store, row, &more, error);
    if (!status)
        *n_rounds = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return status;
}

enum { TIMED_GROUP = 5 };

struct timed {
    int64_t id, time_ns;
    int64_t group[TIMED_GROUP]; /* target, length, and what the link was set to */
};

static int by_group_and_time(const void *left, const void *right)
{
    const struct timed *a = left, *b = right;
    for (int i = 0; i < TIMED_GROUP; i++) {
        if (a->group[i] != b->group[i])
            return a->group[i] < b->group[i] ? -1 : 1;
    }
    return (a->time_ns > b->time_ns) - (a->time_ns < b->time_ns);
}

static double middle(const double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* The bounds beyond which a group's times (ascending) count as outliers. */
static void outlier_bounds(const struct timed *group, size_t n, double k, double *work, double *low,
                           double *high)
{
    for (size_t i = 0; i < n; i++)
        work[i] = (double)group[i].time_ns;
    double median = middle(work, n);
    for (size_t i = 0; i < n; i++) {
        double d = (double)group[i].time_ns - median;
        work[i] = d < 0 ? -d : d;
    }
    reals_sort(work, n);
    double reach = k * 1.4826 * middle(work, n);
    if (reach <= 0) /* most times are equal: there is no scale to call others far */
        reach = INFINITY;
    *low = median - reach;
    *high = median + reach;
}

static enum status read_times(struct store *store, int64_t campaign_id, struct timed **times,
                              size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    enum status status =
        sql_prepare(store, &row, error,
                    "SELECT id, time_ns, target_id, length, link_rtt_ns, up_ps_per_byte, "
                    "down_ps_per_byte FROM sample WHERE failure IS NULL AND "
                    "target_id IN (SELECT id FROM target WHERE campaign_id = ?)",
                    "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(times, *n, &capacity, sizeof **times, error);
        if (status)
            break;
        struct timed *timed = &(*times)[(*n)++];
        timed->id = sqlite3_column_int64(row, 0);
        timed->time_ns = sqlite3_column_int64(row, 1);
        for (int i = 0; i < TIMED_GROUP; i++)
            timed->group[i] = sql_unknown(row, 2 + i);
    }
    sqlite3_finalize(row);
    return status;
}

static enum status mark_groups(struct store *store, const struct timed *times, size_t n, double k,
                               double *work, uint64_t *n_outliers, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t first = 0, end; !status && first < n; first = end) {
        for (end = first;
             end < n && memcmp(times[end].group, times[first].group, sizeof times->group) == 0;
             end++)
            ;
        double low, high;
        outlier_bounds(times + first, end - first, k, work, &low, &high);
        for (size_t i = first; !status && i < end; i++) {
            double t = (double)times[i].time_ns;
            if (t >= low && t <= high)
                continue;
            ++*n_outliers;
            status = sql_do(store, error, "UPDATE sample SET outlier = 1 WHERE id = ?", "i",
                            times[i].id);
        }
    }
    return status;
}

enum status store_flag_outliers(struct store *store, int64_t campaign_id, double k,
                                uint64_t *n_outliers, struct error *error)
{
    struct timed *times = NULL;
    double *work = NULL;
    size_t n = 0;
    *n_outliers = 0;
    enum status status = sql_begin(store, error);
    if (status)
        return status;
    status = sql_do(store, error,
                    "UPDATE sample SET outlier = 0 WHERE outlier <> 0 AND target_id IN "
                    "(SELECT id FROM target WHERE campaign_id = ?)",
                    "i", campaign_id);
    if (!status)
        status = read_times(store, campaign_id, &times, &n, error);
    if (!status && !(work = malloc((n + 1) * sizeof *work)))
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    if (!status && n > 0) {
        qsort(times, n, sizeof *times, by_group_and_time);
        status = mark_groups(store, times, n, k, work, n_outliers, error);
    }
    free(times);
    free(work);
    return sql_end(store, status, error);
}
