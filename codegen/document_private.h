// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The parts of the document rnnmap.gen/1 that are about links (link_document.c).
 */
#ifndef CODEGEN_DOCUMENT_PRIVATE_H
#define CODEGEN_DOCUMENT_PRIVATE_H

#include "codegen/job_private.h"

#include <jansson.h>

/* null where it is not finite: JSON has no infinity. */
json_t *real_or_null(double value);

/* A name; one that is not UTF-8 as it appears in the header. */
json_t *name_json(const char *name);

/* "choose" and "choose_links" of a job whose links decide; the latter null with a fixed link. */
json_t *link_choose_json(const struct job *job);
json_t *choose_links_json(const struct job *job);

#endif
