// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a link source is made of; filled by link_source.c, played by link_player.c.
 */
#ifndef RECORDS_LINK_SOURCE_PRIVATE_H
#define RECORDS_LINK_SOURCE_PRIVATE_H

#include "records/link_model.h"
#include "records/link_source.h"

/* A file that was read: a trace, or a model where `is_model`. */
struct link_file {
    bool is_model;
    struct link_trace trace;
    struct link_model model;
};

/* Where a column's values come from: a trace's series, a model's chain or, both NULL, a constant.
 */
struct link_column_source {
    const struct trace_series *series;
    const struct link_chain *chain;
    double constant;
    bool varies;
    bool slow; /* rows slower than LINK_SLOW_ROW_S */
    /* How long the trace or one step of the chain takes by the clock, and in rows. */
    double period_s, period_rows;
};

struct link_source {
    char *name;
    enum link_origin origin;
    struct link_column_source columns[N_LINK_COLUMNS];
    struct link_file files[N_LINK_COLUMNS];
    size_t n_files;
};

#endif
