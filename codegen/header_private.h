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

/* The same with text that others wrote: made harmless, and cut where it is long. */
void put_text(FILE *out, const char *head, const char *text);

void put_mark(FILE *out);
void put_digest(FILE *out, const struct model_set *set);
void put_device(FILE *out, const char *device);
void put_target(FILE *out, const char *head, const char *role, const struct target *target);
void put_model(FILE *out, const struct model_set *set, const struct cost_model *model);
void put_objective(FILE *out, const struct header_facts *facts);
void put_energy(FILE *out, const struct header_facts *facts);
void put_lengths(FILE *out, const struct header_facts *facts);

/* The command that made it, with its option for what was written. */
void put_command(FILE *out, const struct header_facts *facts, const char *output,
                 const char *suffix);

/* " (modelled)" behind everything that rests on energy, where any of it was not measured. */
const char *modelled(const struct header_facts *facts);

/* The whole text of a header of a link table. */
void link_header_write(FILE *out, const struct header_facts *facts);

#endif
