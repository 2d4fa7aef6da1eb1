// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What pages about a fit have in common, each part as whole elements of HTML (base/webpage.h).
 * Thread rule: no state.
 */
#ifndef FITTER_PAGE_PARTS_H
#define FITTER_PAGE_PARTS_H

#include "fitter/report.h"
#include "fitter/view.h"

#include <stdio.h>

/* The break-evens in words. */
void page_put_found(const struct report *report, FILE *out);

/* A warning for each quantity that was not measured. */
void page_put_provenance(const struct model_set *set, FILE *out);

/* Time against length over the view's link. */
void page_put_times(const struct view *view, const struct report *report, FILE *out);

/* A section with energy against length; nothing where none was fitted. */
void page_put_energies(const struct report *report, FILE *out);

#endif
