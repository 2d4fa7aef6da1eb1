// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The files that hold lengths: histograms, columns, texts. What records/lengths.h and
 * records/pairs.h read, as bars.
 */
#ifndef RECORDS_LENGTH_FILES_PRIVATE_H
#define RECORDS_LENGTH_FILES_PRIVATE_H

#include "records/bars_private.h"
#include "records/lengths.h"

/* Reads a histogram's CSV: columns n_in,n_out,count, or length,count, when *paired comes back
 * false. STATUS_IO.  STATUS_INVALID: file:line and what is wrong there. */
enum status bars_read_csv(const char *path, struct bars *bars, bool *paired, struct error *error);

/* Reads sequences one by one ("text:FILE", "column:NAME@FILE", "words:NAME@FILE"), or does nothing:
 * *known tells whether the source is one of those.
 * STATUS_IO.  STATUS_INVALID: file:line and what is wrong there.  STATUS_MISUSE: no FILE, or no
 * NAME. */
enum status bars_read_sequences(const char *source, bool *known, struct bars *bars,
                                struct error *error);

/* The histogram of settled bars whose keys are lengths. STATUS_NO_MEMORY: it is empty. */
enum status histogram_take_bars(const struct bars *bars, struct histogram *histogram,
                                struct error *error);

#endif
