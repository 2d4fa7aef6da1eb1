// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Samples as CSV: columns length,time_s and optionally target,energy_j,rtt_s,bytes_up,bytes_down,
 * server_s,round,up_ps_per_byte,down_ps_per_byte (the link's time per byte; 0: unlimited),
 * link_rtt_s (what the link was set to), connect_s (of the connection that the request opened; 0:
 * it was open), output_length (of a sequence-to-sequence network). What rnnprof exports, it imports
 * again without loss (to the ns and the uJ).
 *
 * The columns come in any order; others are passed over, so that the tables people have need no
 * cutting. But energy, round trip or server time in another unit only (rtt_ms) is refused: passing
 * it over would change what the fit means. An optional field may be empty: unknown. Fields are not
 * quoted: a target's name is UTF-8 text without commas, double quotes and control characters.
 * Figures are plain decimals, up to 2^50 of the unit they are stored in (13 days in ns, 1 GJ in
 * uJ), which keeps them exact.
 *
 * One thread at a time per store.
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

/* Calls `sink` for each row of `path` ("-": standard input); in a file without a target column all
 * belong to `default_target` (not empty). *n_rows counts the rows passed to `sink`.
 * STATUS_IO: unreadable.
 * STATUS_INVALID: file:line and what is wrong there (lengths are 1 to 2^31-1, times at least 1 ns,
 * all else at least 0), or no row at all.
 * STATUS_MISUSE: `default_target` is needed and cannot be a target's name. */
enum status sample_csv_read(const char *path, const char *default_target, sample_csv_sink *sink,
                            void *user, uint64_t *n_rows, struct error *error);

/* Imports into a campaign of an open store: made when it is not there (its spacing is "imported"),
 * added to when it is; NULL: the only one there is. One transaction: whatever fails, a malformed
 * row or a full disk, leaves the store as it was. The file is held in memory meanwhile (about 120
 * bytes a row). *n_rows: the samples stored.
 * As sample_csv_read and store_samples_append; STATUS_MISUSE: `campaign` is NULL and there is none,
 * or several. */
enum status sample_csv_import(struct store *store, const char *campaign, const char *path,
                              const char *default_target, uint64_t *n_rows, struct error *error);

/* Writes the campaign's successful samples in the order stored; failed ones have no place in the
 * format. The caller flushes and checks `out` in the end.
 * STATUS_IO: `out` refuses (a full disk, a closed pipe).
 * STATUS_UNSUPPORTED: a target's name cannot be written as CSV; nothing is written. */
enum status sample_csv_export(struct store *store, int64_t campaign_id, FILE *out,
                              struct error *error);

#endif
