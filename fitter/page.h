// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The report as one HTML page: what was found, the pictures as inline SVG, the tables. It needs
 * nothing else: no script, style, font or picture from elsewhere; and it reads on a phone.
 */
#ifndef FITTER_PAGE_H
#define FITTER_PAGE_H

#include "base/status.h"
#include "fitter/report.h"
#include "fitter/view.h"

#include <stddef.h>

/*
 * Writes the page to `path`, whole or not at all. `remarks` are lines that were said of the fit.
 * STATUS_IO: it cannot be written; a file that was there stays as it was.
 */
enum status page_write(const char *path, const struct report *report, const struct view *view,
                       const char *const *remarks, size_t n_remarks, struct error *error);

#endif
