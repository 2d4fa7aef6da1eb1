// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Instruction sets by name: those that a configuration may cap an engine to.
 */
#ifndef ENGINES_ISA_PRIVATE_H
#define ENGINES_ISA_PRIVATE_H

#include "base/status.h"

#include <stdbool.h>

/* In ascending order: each holds the one before. */
enum isa {
    ISA_SSE41,
    ISA_AVX,
    ISA_AVX2,
    ISA_AVX512,
    ISA_AVX512_VNNI,
    ISA_AVX512_BF16,
    N_ISAS,
};

/* STATUS_INVALID: no such name; the message lists those there are. */
enum status isa_parse(const char *name, enum isa *isa, struct error *error);

const char *isa_name(enum isa isa);

/* Whether this CPU and its system have the set. */
bool isa_present(enum isa isa);

/* Whether this build is for a CPU that has such sets at all (x86). */
bool isa_possible(void);

#endif
