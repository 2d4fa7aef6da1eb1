// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The parts of head comments, for both kinds of header: between two targets by the round trip
 * (header.c), and by bandwidth or between more (link_header.c).
 */
#ifndef CODEGEN_HEADER_PRIVATE_H
#define CODEGEN_HEADER_PRIVATE_H

#include "codegen/header.h"
#include "codegen/link_certificate.h"
#include "codegen/link_emit_private.h"

/* What is known besides where a link table decides; nothing here is owned. */
struct link_facts {
    const struct link_table *table;
    const struct link_certificate *certificate;
    const struct target_names *names;
    const struct target *targets; /* the device, then the endpoints */
};

/* A line of the table of facts; `head` "" continues the one before. */
__attribute__((format(printf, 3, 4))) void put_fact(FILE *out, const char *head, const char *format,
                                                    ...);

void put_target(FILE *out, const char *head, const char *role, const struct target *target);
void put_model(FILE *out, const struct model_set *set, const struct cost_model *model);

/* " (modelled)" behind everything that rests on energy, where any of it was not measured. */
const char *modelled(const struct header_facts *facts);

/* What a link table has besides: its targets, and what was decided (link_header.c). */
void put_link_targets(FILE *out, const struct link_facts *links);
void put_link_decision(FILE *out, const struct header_facts *facts);

#endif
