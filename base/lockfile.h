// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One process at a time works on a file: a lock in a file of its own beside it ("NAME.lock"), which
 * says who holds it. The file that is protected is never opened here: closing it would drop the
 * locks that a library such as SQLite has on it.
 *
 * The lock is a record lock of the system: it ends with the process that took it, however that
 * ends, and is not handed down to children. A lock file that a killed process left behind does not
 * bar anybody.
 *
 * Life cycle: lockfile_take, lockfile_release. Within one process a second lock on the same file is
 * not refused.
 */
#ifndef BASE_LOCKFILE_H
#define BASE_LOCKFILE_H

#include "base/status.h"

struct lockfile;

/*
 * Locks the file `path`, which need not be there yet; names that lead to the same file by symbolic
 * links share a lock. `who` is what others read ("rnnprof run, campaign lab").
 * STATUS_FAILED: another process has it; the message names it.
 * STATUS_IO: the lock file cannot be made, or the file system has no locks.
 */
enum status lockfile_take(const char *path, const char *who, struct lockfile **lock,
                          struct error *error);

/* Gives it up and removes the lock file; NULL is allowed. */
void lockfile_release(struct lockfile *lock);

#endif
