// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Samples as CSV: columns length,time_s and optionally target,energy_j,rtt_s,bytes_up,bytes_down,
 * server_s,round. What rnnprof exports, it imports again without loss (to the ns and the uJ).
 */
#ifndef RECORDS_SAMPLE_CSV_H
#define RECORDS_SAMPLE_CSV_H

#include "base/status.h"
#include "records/store.h"

#include <stdint.h>
#include <stdio.h>

/* A sample of the target of that name (valid during the call); its target_id is 0. Anything but
 * STATUS_OK ends the reading. */
typedef enum status sample_csv_sink(void *user, const char *target, const struct sample *sample,
                                    struct error *error);

/* Calls `sink` for each row of `path` ("-": standard input); rows without a target column belong to
 * `default_target`. *n_rows counts them.
 * STATUS_IO: unreadable.  STATUS_INVALID: file:line and what is wrong there: lengths are 1 to
 * 2^31-1, times greater than 0 and finite. */
enum status sample_csv_read(const char *path, const char *default_target, sample_csv_sink *sink,
                            void *user, uint64_t *n_rows, struct error *error);

/* Imports into a campaign of an open store: made when it is not there, added to when it is. A
 * malformed row anywhere in the file ends the import with nothing stored. */
enum status sample_csv_import(struct store *store, const char *campaign, const char *path,
                              const char *default_target, uint64_t *n_rows, struct error *error);

/* Writes the campaign's successful samples. */
enum status sample_csv_export(struct store *store, int64_t campaign_id, FILE *out,
                              struct error *error);

#endif
