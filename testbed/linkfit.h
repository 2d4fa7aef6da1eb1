// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * rnnlink --fit: the link model of a trace, and how good it is.
 */
#ifndef TESTBED_LINKFIT_H
#define TESTBED_LINKFIT_H

#include "base/tool.h"

struct linkfit_settings {
    const char *trace;                   /* NULL: not asked for */
    const char *output;                  /* NULL: the model is only judged; "-": standard output */
    const char *name, *source, *licence; /* NULL: the trace's file name; unknown */
    const char *plot;                    /* a folder; NULL: no plot */
};

/* Fits, writes the model and prints how it compares with its trace: a table on call->out, or one
 * JSON document with --json. STATUS_MISUSE, else as link_trace_read, link_model_fit,
 * link_model_describe, outfile_open and gnuplot_run. */
enum status linkfit_run(const struct invocation *call, const struct linkfit_settings *settings,
                        struct error *error);

#endif
