// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A campaign's place in its database while it is measured: the lock on the file, and whether the
 * campaign is new or goes on. docs/measuring.md has the rules of resuming.
 *
 * Life cycle: entry_lock and entry_find before anything is started for the campaign, so that what
 * must not run is refused at once; entry_add or entry_go_on, before which nothing is written;
 * entry_close.
 */
#ifndef PROFILER_ENTRY_H
#define PROFILER_ENTRY_H

#include "profiler/config.h"
#include "records/store.h"

struct lockfile;

struct entry {
    char *path; /* of the database */
    struct lockfile *lock;
    struct store *store;      /* NULL until there is a file */
    struct campaign campaign; /* owned; its id is 0 until it is stored */
    char *device;             /* the fingerprint to store when it goes on, NULL: as it is */
};

/* How it may go on with a campaign of that name. */
struct entry_terms {
    bool resume, force;
    const char *sysroot; /* where the device's files are; NULL: / */
};

/* Locks the database (`db`, or NAME.db after the campaign where it is NULL). As lockfile_take. */
enum status entry_lock(struct entry *entry, const struct campaign_config *config, const char *db,
                       struct error *error);

/*
 * Looks for the campaign in the database, with the device as it will be measured on.
 * STATUS_FAILED: the campaign is there and `resume` was not asked for; it was measured with another
 * configuration, or (without `force`) on another device.  Else as store_open.
 */
enum status entry_find(struct entry *entry, const struct campaign_config *config,
                       const struct entry_terms *terms, struct error *error);

/* Whether the campaign is stored already. */
bool entry_found(const struct entry *entry);

/* Of a campaign that goes on: whether what runs the device's own inferences is what ran them before
 * (a library's version, a program's name); to be asked before anything is stored.
 * STATUS_FAILED: it is not, and `force` was not given. */
enum status entry_check_target(const struct entry *entry, const struct target *target, bool force,
                               struct error *error);

/* Stores it; `fresh` becomes the entry's. The database is made where there is none. */
enum status entry_add(struct entry *entry, struct campaign *fresh, struct error *error);

/* Stores that a campaign goes on, with this configuration and on this device. */
enum status entry_go_on(struct entry *entry, const struct campaign_config *config,
                        struct error *error);

/* Closes the store, then gives up the lock. */
void entry_close(struct entry *entry);

#endif
