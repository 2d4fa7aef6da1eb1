// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the option --link names, and its replay: the state of the link at any time, from constants,
 * traces and link models, each column from a source of its own where asked.
 *
 *   fixed:RTT[,UP,DOWN]   constants ("fixed:20ms,10,50"; bare numbers are ms and Mbit/s)
 *   FILE                  a trace or a link model, told apart by what is in it
 *   rtt=A,up=B,down=C     each a constant ("20ms", "10", "unlimited") or a FILE that has the
 *                         column ("composed"); any subset
 *
 * Columns that the text leaves open come from `struct link_rest` (the options --rtt, --up, --down),
 * else opening fails and says which option would supply them.
 *
 * Life cycle: link_source_open; link_player_start (as many as wanted); link_source_free. A source
 * that is only read may be shared between threads. A player is a plain value: a copy of it goes on
 * by itself from the same state, with the same future (that is how one looks ahead).
 */
#ifndef RECORDS_LINK_SOURCE_H
#define RECORDS_LINK_SOURCE_H

#include "base/random.h"
#include "base/status.h"
#include "records/link_trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values for columns that nothing else supplies; NAN: none. */
struct link_rest {
    double rtt_s, up_bit_s, down_bit_s;
};

/* "fixed:RTT[,UP,DOWN]" into values in s and bit/s; NAN where UP and DOWN are left out, INFINITY
 * where they are "unlimited".
 * STATUS_MISUSE: it is not that, a round trip is over LINK_RTT_MAX_S or a bandwidth is 0. Callers
 * put their option's name in front of the message. */
enum status link_fixed_parse(const char *text, double values[N_LINK_COLUMNS], struct error *error);

struct link_source;

/* STATUS_MISUSE: the text is malformed, or a column is missing (the message says which and how to
 * supply it).  STATUS_IO, STATUS_INVALID: as link_trace_read and link_model_read. */
enum status link_source_open(const char *text, const struct link_rest *rest,
                             struct link_source **source, struct error *error);

/* What it is, for reports: "fixed:20ms", "fixed:20ms,10,unlimited", "lte_driving_ucc", "composed:
 * rtt lte_driving_ucc, up 10 Mbit/s, down unlimited"; lives as long as the source. */
const char *link_source_name(const struct link_source *source);

/* Where its figures come from, for every report to say. */
enum link_origin {
    LINK_ORIGIN_CONSTANT, /* someone wrote them down */
    LINK_ORIGIN_TRACE,    /* a real link: one trace, played */
    LINK_ORIGIN_MODEL,    /* one link model */
    LINK_ORIGIN_COMPOSED, /* columns from several of these, independent of each other; one that is
                             unlimited comes from nowhere */
    N_LINK_ORIGINS
};
enum link_origin link_source_origin(const struct link_source *source);
const char *
link_origin_name(enum link_origin origin); /* "constant", "trace", "model", "composed" */

/* How far apart the rows are that a column advances by with each request, by the link's own clock;
 * 0 where it advances by the clock. */
double link_source_row_s(const struct link_source *source, enum link_column column);

/* Whether no column ever changes. */
bool link_source_constant(const struct link_source *source);

/* Whether a column is of a trace or model whose rows are slower than LINK_SLOW_ROW_S, so that it
 * advances by the request. */
bool link_source_by_request(const struct link_source *source);

/* Whether columns vary and all that do are traces (they have an end; models go on for ever). */
bool link_source_ends(const struct link_source *source);

void link_source_free(struct link_source *source);

/* The link now: rtt in s, bandwidths in bit/s (0: outage; INFINITY: unlimited). */
struct link_conditions {
    double values[N_LINK_COLUMNS];
};

/* How a player moves on. */
enum link_pace {
    PACE_NATURAL, /* by the clock; columns with slow rows by the request */
    PACE_CLOCK,   /* every column by the clock */
    PACE_REQUEST  /* every column by the request */
};

/* Where one column is. It moves along the clock's seconds or along the rows of its trace, one row a
 * request; `until` is in those. */
struct link_cursor {
    struct random random;
    bool by_request;
    size_t place; /* index into the trace's series, or the model's bin */
    double value;
    double until;   /* when the next value begins; INFINITY: never */
    uint64_t cycle; /* times that the trace went round */
};

struct link_player {
    const struct link_source *source;
    struct link_cursor cursors[N_LINK_COLUMNS];
    double now_s;
    double n_requests;
    bool loop;
};

/* At time 0. The same source, seed and pace give the same states, whenever they are asked for.
 * Traces start at their beginning
 * and start again after duration_s, or, without `loop`, keep their last value. */
void link_player_start(struct link_player *player, const struct link_source *source, uint64_t seed,
                       enum link_pace pace, bool loop);

/* Goes on to `t_s` (not before the last call's) and says what the link is like then. O(1) where
 * nothing changed, O(log(rows passed)) for a trace, O(steps passed) for a model. */
struct link_conditions link_player_at(struct link_player *player, double t_s);

/* A request has been made in the present conditions: the columns that advance by the request go on
 * by one row (of a model: by the part of a step that a row is). */
void link_player_request(struct link_player *player);

/* When the clock next changes any column or ends a trace that is played once; INFINITY: never. */
double link_player_next_s(const struct link_player *player);

/* Whether every trace has been played to its end (never true when looping or for models). */
bool link_player_ended(const struct link_player *player);

/*
 * What it takes from now_s on to send `bytes` in that direction (COLUMN_UP or COLUMN_DOWN) as the
 * bandwidth changes. The player itself does not move. O(1 + changes of the bandwidth meanwhile).
 */
struct link_transfer {
    double s;        /* until they are there; INFINITY where that is not within `limit_s` */
    double moving_s; /* of that, or of limit_s, while the bandwidth is not 0 */
};
struct link_transfer link_player_transfer(const struct link_player *player,
                                          enum link_column direction, double bytes, double limit_s);

#endif
