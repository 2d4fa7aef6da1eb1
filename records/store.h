// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The store: one SQLite file of campaigns, their targets, every sample, and the models fitted to
 * them. All integers are ns, uJ and bytes; the columns say so.
 *
 * Life cycle: store_open, then campaigns and targets by name, samples in batches, store_close.
 * One thread at a time per store; several processes may share a file: readers never wait, a writer
 * waits up to five seconds for another one. Each function below that writes is one transaction. A
 * process that is killed loses at most the batch in flight.
 *
 * Beside what each function says, any may return
 * STATUS_IO: the file could not be read or written (another writer, a full disk, protection);
 * everything stored before is safe.
 * STATUS_INVALID: the file is damaged, or a value breaks the schema (a target that is not there).
 * STATUS_NO_MEMORY.
 */
#ifndef RECORDS_STORE_H
#define RECORDS_STORE_H

#include "base/status.h"
#include "records/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_mode {
    STORE_READ,  /* the file must be there and stays as it is, even in a write-protected folder */
    STORE_WRITE, /* the file must be there; an empty one is set up */
    STORE_CREATE /* as STORE_WRITE, but the file is made where there is none */
};

/* Opens the database in the file `path`; *store is closed with store_close. An older schema is
 * brought up to date (not with STORE_READ).
 * STATUS_IO: a folder, not readable, or (unless STORE_READ) not writable.
 * STATUS_NOT_FOUND: no such file.
 * STATUS_INVALID: not rnnmap's database: another program's, a text, empty (STORE_READ), damaged.
 * STATUS_UNSUPPORTED: written by a newer rnnmap, or (STORE_READ) by an older one. */
enum status store_open(const char *path, enum store_mode mode, struct store **store,
                       struct error *error);

/* The file's path as it was given, for messages; lives as long as the store. */
const char *store_path(const struct store *store);

/* The library behind the store that this was built with ("SQLite 3.40.1"), constant. */
const char *store_library_version(void);

/* Closes the file; NULL is allowed. */
void store_close(struct store *store);

/* ---- campaigns and targets */

struct campaign {
    int64_t id;
    char *name;         /* owned, as all the strings; NULL where unknown, but never the name */
    char *tool_version; /* NULL when added: this one's */
    char *network;      /* "lstm 64->128 x1, vocabulary 10000" */
    char *device;       /* fingerprint, JSON */
    char *config;       /* effective configuration, INI */
    char *spacing;      /* "back-to-back" (NULL when added), "isolated:SECONDS" or "imported" */
    uint64_t seed;
    double timer_overhead_ns;   /* of one clock reading; < 0: unknown */
    double harness_overhead_ns; /* recorded time of an engine that does nothing; < 0: unknown */
};

void campaign_free(struct campaign *campaign);

/* Adds a campaign and sets campaign->id; the strings stay the caller's.
 * STATUS_INVALID: the name is taken. */
enum status store_campaign_add(struct store *store, struct campaign *campaign, struct error *error);

/* Replaces a campaign's configuration, when it goes on with more lengths or targets. */
enum status store_campaign_config(struct store *store, int64_t campaign_id, const char *config,
                                  struct error *error);

/* Replaces a campaign's device fingerprint, when it goes on where something has changed. */
enum status store_campaign_device(struct store *store, int64_t campaign_id, const char *device,
                                  struct error *error);

/* The campaign of that name, or the only one when `name` is NULL; to be campaign_free'd.
 * STATUS_NOT_FOUND: none of that name (the message lists those there are), or none at all.
 * STATUS_MISUSE: no name given and there are several. */
enum status store_campaign_find(struct store *store, const char *name, struct campaign *campaign,
                                struct error *error);

/* All campaigns in the order they were added: an array of *n, each to be campaign_free'd, the array
 * with free(). */
enum status store_campaigns(struct store *store, struct campaign **campaigns, size_t *n,
                            struct error *error);

struct target {
    int64_t id;
    char *name;   /* owned, as all the strings */
    char *engine; /* how it runs ("dnnl lstm ..., 1 thread, isa sse41"), or the server's name */
    char *url;    /* NULL on the device */
};

void target_free(struct target *target);

/* Adds a target, or finds the one of that name (whose engine and URL stay as they were), and sets
 * target->id. The strings stay the caller's. */
enum status store_target_add(struct store *store, int64_t campaign_id, struct target *target,
                             struct error *error);

/* A campaign's targets: the edge device first ("edge", else the first added), then the order they
 * were added in. Freed as store_campaigns' array. */
enum status store_targets(struct store *store, int64_t campaign_id, struct target **targets,
                          size_t *n, struct error *error);

/* ---- samples */

enum failure {
    FAILURE_NONE,
    FAILURE_CONNECT,
    FAILURE_TLS,
    FAILURE_TIMEOUT,
    FAILURE_HTTP,
    FAILURE_PROTOCOL,
    FAILURE_ENGINE,
    N_FAILURES
};
const char *failure_name(enum failure failure); /* "connect", ...; NULL for none */

/* What an event counter of the campaign (records/counter_store.h) read over one inference. */
struct counter_reading {
    int64_t counter_id;
    int64_t value;
};

/* One timed inference. From `round` on, any negative value stands for unknown (NULL in the file, -1
 * when read). */
struct sample {
    int64_t target_id;
    uint32_t length;  /* 1 .. 2^31-1 */
    uint32_t attempt; /* in its round, of this target, length and link state; 0: the first */
    int64_t time_ns;  /* elapsed, >= 0; of a failed one, until it failed */
    enum failure failure;
    bool outlier;
    int64_t round;
    int64_t rtt_ns; /* of a tiny request just before */
    int64_t connect_ns, tls_ns, send_ns, wait_ns, receive_ns, server_ns;
    int64_t bytes_up, bytes_down;
    int64_t energy_uj;
    /* what the link was set to for this sample: its round trip, its time per byte in ps (0:
     * unlimited) */
    int64_t link_rtt_ns, up_ps_per_byte, down_ps_per_byte;
    int64_t output_length; /* time steps of the output, where it is a sequence of its own */
    /* n_counters readings, the caller's, to be stored with the sample; none when read */
    const struct counter_reading *counters;
    size_t n_counters;
};

/* A sample with everything unknown and the first fields 0. */
struct sample sample_unknown(void);

/* Writes n samples in one transaction: all or none. When it returns STATUS_OK they outlive the
 * process, however it ends, and a power cut (where the disk keeps what it was told to).
 * STATUS_IO: full disk, lost file, another writer for over five seconds; the file is as before.
 * STATUS_INVALID: a target_id that is no target's, a length or time out of range. */
enum status store_samples_append(struct store *store, const struct sample *samples, size_t n,
                                 struct error *error);

/* Calls `sink` for each sample of the campaign in the order stored; the sample lives during the
 * call. A sink that returns anything but STATUS_OK ends the scan, and its status is returned.
 * STATUS_INVALID: a damaged sample; those before it were passed on. */
typedef enum status sample_sink(void *user, const struct sample *sample, struct error *error);
enum status store_samples_each(struct store *store, int64_t campaign_id, sample_sink *sink,
                               void *user, struct error *error);

/* The same, but without attempt, outlier, what the link's round trip was set to, the
 * server's time and the parts of the time other than connect_ns: half the cost. */
enum status store_times_each(struct store *store, int64_t campaign_id, sample_sink *sink,
                             void *user, struct error *error);

/* The rounds stored so far: one more than the greatest round number of samples, round states and
 * windows, 0 without any. */
enum status store_rounds(struct store *store, int64_t campaign_id, int64_t *n_rounds,
                         struct error *error);

/*
 * Marks outliers of the campaign's successful samples per target, length and link state: further
 * from the median than `k` scaled median absolute deviations (1.4826*MAD; Hampel 1974). Nothing is
 * dropped; earlier marks are replaced; failed samples are neither counted nor marked. Where more
 * than half of the times are equal the MAD is 0 and every other time is an outlier. *n_outliers
 * counts them.
 */
enum status store_flag_outliers(struct store *store, int64_t campaign_id, double k,
                                uint64_t *n_outliers, struct error *error);

/* Whether the stop rule was reached, per target and length. */
struct convergence {
    int64_t target_id;
    uint32_t length;
    uint64_t n_samples;
    double relative_half_width; /* of the 95 % interval of the mean; < 0: unknown */
    bool reached;
};
/* Sets n rows in one transaction, each in place of that target's and length's earlier one. */
enum status store_convergence_set(struct store *store, const struct convergence *rows, size_t n,
                                  struct error *error);
/* Rows of one campaign by target and length, an array to free(). */
enum status store_convergence(struct store *store, int64_t campaign_id, struct convergence **rows,
                              size_t *n, struct error *error);

/* ---- models (model_store.c) */

/* Replaces the campaign's models of the set's statistic (that of its first model). Every double
 * comes back bit for bit (-0 as 0); residual_sd, r2, bic and dof may be NaN, any may be infinite.
 * STATUS_MISUSE: no models in it.  STATUS_INVALID: another number is NaN. */
enum status store_models_put(struct store *store, int64_t campaign_id, const struct model_set *set,
                             struct error *error);

/* Loads them, all of one fit even while another is being stored. `set` is initialised here, to be
 * freed with model_set_free, and empty after a failure.
 * STATUS_NOT_FOUND: none (the message says to run rnnfit).
 * STATUS_INVALID: damaged (numbers missing, unknown names, gaps between segments). */
enum status store_models_get(struct store *store, int64_t campaign_id, enum statistic statistic,
                             struct model_set *set, struct error *error);

#endif
