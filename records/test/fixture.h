// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the store's tests share: a store with a campaign, samples whose every field is drawn, and
 * questions to the file by a connection that is not the store's.
 */
#ifndef RECORDS_TEST_FIXTURE_H
#define RECORDS_TEST_FIXTURE_H

#include "base/memory.h"
#include "base/random.h"
#include "base/test/support.h"
#include "records/lengths.h"
#include "records/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The call, with `&error` in it, succeeds; else its message is shown. */
#define assert_ok(call)                                                        \
    do {                                                                       \
        struct error error = {0};                                              \
        if ((call) != STATUS_OK)                                               \
            fail_msg("%s: status %d: %s", #call, (int)error.code, error.text); \
    } while (0)

/* The call, with `&error` in it, fails in that way with a message that holds both texts. */
#define assert_fails(expected, text_a, text_b, call)                                              \
    do {                                                                                          \
        struct error error = {0};                                                                 \
        enum status got_ = (call);                                                                \
        if (got_ != (expected) || got_ != error.code || !strstr(error.text, (text_a)) ||          \
            !strstr(error.text, (text_b)))                                                        \
            fail_msg("%s: status %d, expected %d; message '%s' should hold '%s' and '%s'", #call, \
                     (int)got_, (int)(expected), error.text, (text_a), (text_b));                 \
    } while (0)

/* The integer that a statement yields on a connection of its own; what fails fails the test. */
static inline int64_t raw_integer(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK || sqlite3_step(row) != SQLITE_ROW)
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    int64_t value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return value;
}

/* Runs statements on a connection of its own; the file is made where there is none. */
static inline void raw_run(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static inline bool integrity_ok(const char *path)
{
    return raw_integer(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == 1;
}

/* A fresh store at `path` with a campaign "one" and its targets "edge" and "cloud". */
struct made {
    struct store *store;
    int64_t campaign_id, edge_id, cloud_id;
};

static inline struct made make_store(const char *path)
{
    struct made made;
    struct campaign campaign = {.name = "one", .seed = 7};
    struct target edge = {.name = "edge", .engine = "dnnl"};
    struct target cloud = {.name = "cloud", .url = "http://localhost:1"};
    assert_ok(store_open(path, STORE_CREATE, &made.store, &error));
    assert_ok(store_campaign_add(made.store, &campaign, &error));
    assert_ok(store_target_add(made.store, campaign.id, &edge, &error));
    assert_ok(store_target_add(made.store, campaign.id, &cloud, &error));
    made.campaign_id = campaign.id;
    made.edge_id = edge.id;
    made.cloud_id = cloud.id;
    return made;
}

/* A sample with every field drawn, each unknown one in four times. */
static inline struct sample draw_sample(int64_t target_id, struct random *random)
{
    struct sample sample = sample_unknown();
    int64_t *const optional[] = {
        &sample.round,          &sample.rtt_ns,           &sample.connect_ns,   &sample.tls_ns,
        &sample.send_ns,        &sample.wait_ns,          &sample.receive_ns,   &sample.server_ns,
        &sample.bytes_up,       &sample.bytes_down,       &sample.energy_uj,    &sample.link_rtt_ns,
        &sample.up_ps_per_byte, &sample.down_ps_per_byte, &sample.output_length};
    sample.target_id = target_id;
    sample.length = 1 + (uint32_t)(random_u64(random) % LENGTH_MAX);
    sample.attempt = (uint32_t)random_u64(random);
    sample.time_ns = (int64_t)(random_u64(random) >> 1);
    sample.failure = (enum failure)(random_u64(random) % N_FAILURES);
    sample.outlier = random_u64(random) % 2;
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++) {
        if (random_u64(random) % 4 > 0)
            *optional[i] = (int64_t)(random_u64(random) >> (1 + random_u64(random) % 63));
    }
    return sample;
}

struct collected {
    struct sample *samples;
    size_t n, capacity;
};

static inline enum status collect(void *user, const struct sample *sample, struct error *error)
{
    struct collected *all = user;
    enum status status =
        array_reserve(&all->samples, all->n, &all->capacity, sizeof *all->samples, error);
    if (!status)
        all->samples[all->n++] = *sample;
    return status;
}

static inline bool same_sample(const struct sample *a, const struct sample *b)
{
    return a->target_id == b->target_id && a->length == b->length && a->attempt == b->attempt &&
           a->time_ns == b->time_ns && a->failure == b->failure && a->outlier == b->outlier &&
           memcmp(&a->round, &b->round, sizeof *a - offsetof(struct sample, round)) == 0;
}

/* Runs `body` in a child process; what it returns is the result, -signal when killed. */
static inline int in_child(int (*body)(void *), void *user)
{
    int state = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int result = body(user);
        fflush(NULL);
        _exit(result);
    }
    waitpid(pid, &state, 0);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

/* What children return: a test in the parent may skip. */
enum { CHILD_OK = 0, CHILD_FAILED = 1, CHILD_SKIPPED = 77 };

static inline int child_failed(const char *what, const struct error *error)
{
    fprintf(stderr, "%s: %s\n", what, error ? error->text : "");
    return CHILD_FAILED;
}

#endif
