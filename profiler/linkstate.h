// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Link states: what a campaign asks of the link to its endpoints, one after the other. Written
 * RTT/UP/DOWN, as in "20ms/10/50": bare numbers are ms and Mbit/s, a bandwidth that is left out is
 * unlimited.
 */
#ifndef PROFILER_LINKSTATE_H
#define PROFILER_LINKSTATE_H

#include "base/status.h"
#include "records/store.h"

#include <stddef.h>
#include <stdint.h>

struct link_state {
    double rtt_s;
    double up_bit_s, down_bit_s; /* INFINITY: unlimited */
};

/*
 * Reads states separated by blanks; *states is an array of *n, to be freed.
 * STATUS_INVALID: malformed, a round trip over 60 s, a bandwidth under 1 kbit/s, a state given
 * twice, or none.
 */
enum status link_states_parse(const char *text, struct link_state **states, size_t *n,
                              struct error *error);

enum { LINK_STATE_TEXT = 96 };

/* "20ms/10/50" or "20ms/unlimited/50"; `text` has room for LINK_STATE_TEXT; returned. */
const char *link_state_format(const struct link_state *state, char *text);

/* A bandwidth as the store has it: ps per byte; 0 for unlimited. */
int64_t link_ps_per_byte(double bit_s);

/* Notes the state with a sample: its link_rtt_ns, up_ps_per_byte and down_ps_per_byte. */
void link_state_put(const struct link_state *state, struct sample *sample);

/* The state that a sample was taken in; -1: none of them, or the sample does not say. */
int link_state_of(const struct link_state *states, size_t n, const struct sample *sample);

#endif
