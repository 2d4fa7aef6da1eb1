// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The lines by which a program drives a relay, without the sockets they come through:
 *
 *   set rtt=20ms up=10 down=50   any of the three, in any order; "unlimited" and 0 are bandwidths
 *                                too; these columns are so from now on, instead of what is played
 *   state                        nothing but the answer
 *   play                         back to what is played
 *
 * The answer is one line, and what it says is in force:
 *
 *   ok rtt_s=0.02 up_bit_s=10000000 down_bit_s=unlimited
 *   error: WHY                   nothing has changed
 */
#ifndef TESTBED_CONTROLLINE_H
#define TESTBED_CONTROLLINE_H

#include "base/status.h"
#include "records/link_trace.h"
#include "testbed/link.h"

enum control_verb { CONTROL_SET, CONTROL_STATE, CONTROL_PLAY };

struct control_order {
    enum control_verb verb;
    double values[N_LINK_COLUMNS]; /* of CONTROL_SET, in seconds and bit/s; NAN: not asked for */
};

/* The limits of what can be asked for, here and on the command line. */
#define CONTROL_MAX_RTT_S 60.0
#define CONTROL_MIN_BIT_S 1000.0

/* STATUS_INVALID: the line (without its end) is none of those above, or a value is out of range. */
enum status controlline_parse(const char *line, struct control_order *order, struct error *error);

enum { CONTROL_ANSWER_SIZE = 160 };

/* "ok ..." without an end of line; `text` has room for CONTROL_ANSWER_SIZE; returned. */
const char *controlline_answer(const struct link_state *state, char *text);

#endif
