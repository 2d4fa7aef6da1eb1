// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * oneDNN's cap on instruction sets: one a process, settled by whoever comes first.
 */
#ifndef ENGINES_DNNL_CAP_PRIVATE_H
#define ENGINES_DNNL_CAP_PRIVATE_H

#include "base/status.h"

/* Settles the cap (an isa_parse name; NULL: no cap of ours, oneDNN's environment variable counts),
 * before any other use of oneDNN.
 * STATUS_UNSUPPORTED: oneDNN runs in this process under another cap already, or has none here. */
enum status dnnl_cap_settle(const char *isa, struct error *error);

#endif
