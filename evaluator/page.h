// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An evaluation as one HTML page for people (base/webpage.h): the question, what to ship and what
 * it saves, the measured curves, the policies with their intervals, and what all of it rests on:
 * from the same figures as the text and the JSON document.
 */
#ifndef EVALUATOR_PAGE_H
#define EVALUATOR_PAGE_H

#include "evaluator/report.h"
#include "evaluator/subject.h"

/*
 * Writes the page on n cells (at least one) of one campaign to `path`, whole or not at all. `db` is
 * where the campaign is: its samples are read again, for the curves.
 * STATUS_IO: it cannot be written.  Others: the store's.
 */
enum status evaluation_page_write(const char *path, const char *db, const struct subject *subject,
                                  const struct cell *cells, size_t n, struct error *error);

#endif
