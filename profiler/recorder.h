// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Watches the link to a server over time: tiny requests at fixed times, and now and then, where
 * wanted, a transfer each way; every probe becomes a row of a trace.
 *
 * The times are fixed, so a slow answer does not make the next question later than it was to be
 * (an open loop). A probe that is due while the one before is still on its way goes out as soon as
 * that is back; where several are due by then it stands for all, and they count as missed.
 */
#ifndef PROFILER_RECORDER_H
#define PROFILER_RECORDER_H

#include "endpoint/prober.h"
#include "profiler/tracelog.h"

#include <stdint.h>
#include <stdio.h>

struct recorder {
    struct prober *prober;
    struct tracelog *log;
    double interval_s;
    double until_s;     /* of the trace's time */
    double bandwidth_s; /* a transfer each way that often; 0: never */
    size_t transfer_bytes;
    FILE *progress; /* and remarks; NULL: silent */
};

/* What came of this run; what came before is in the log alone. */
struct recording {
    uint64_t n_probes, n_missed;
    uint64_t n_failed[N_CLIENT_FAILURES];
    uint64_t n_short;  /* transfers that were over too soon to tell a bandwidth */
    struct error last; /* of the failures */
    double
        failing_since_s; /* the trace's time of the first of the failures at its end; NAN: none */
};

/*
 * Goes on one interval after the log's last row, until until_s or a signal.
 * STATUS_OK: until the end.  STATUS_NOT_REACHED: a signal came first.  STATUS_IO: the log cannot be
 * written. Failed probes are rows without values, no errors.
 */
enum status recorder_run(struct recorder *recorder, struct recording *recording,
                         struct error *error);

#endif
