// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a campaign holds, per target and length: the statistics that rnnprof show prints in its
 * several forms.
 *
 * Life cycle: summary_read, then the show_*.h functions, summary_free.
 */
#ifndef PROFILER_SUMMARY_H
#define PROFILER_SUMMARY_H

#include "fitter/interval.h"
#include "profiler/keyindex.h"
#include "profiler/show_links.h"
#include "records/counter_store.h"
#include "records/energy_store.h"
#include "records/round_store.h"
#include "records/store.h"

/* All that was measured of one target and length. */
struct group {
    size_t target; /* index into the summary's */
    uint32_t length;
    double *times_s; /* n successful ones, ascending */
    size_t n, capacity;
    struct running times;                  /* the same, seconds */
    uint64_t n_failed, n_outliers;         /* samples */
    uint64_t n_failures[N_FAILURES];       /* the failed by kind */
    uint64_t n_flagged;                    /* successful samples of flagged rounds */
    struct running rtts, servers;          /* seconds */
    const struct convergence *convergence; /* NULL: no stop rule, as in imports */
    struct running *counters;              /* one for each of the summary's; NULL: none was read */
    const struct energy_window **windows;  /* n_windows, as stored, into the summary's */
    size_t n_windows, windows_capacity;
};

struct summary {
    struct campaign campaign;
    struct target *targets;
    size_t n_targets;
    struct group *groups; /* by target, then by length */
    size_t n_groups, groups_capacity;
    struct key_index index; /* of the groups while samples come in */
    struct convergence *convergences;
    size_t n_convergences;
    struct counter *counters;
    size_t n_counters;
    struct meter_record *meters;
    size_t n_meters;
    struct energy_window *windows; /* all of them, idle ones too, as stored */
    size_t n_windows;
    struct round_state *rounds; /* ascending */
    size_t n_rounds;
    struct show_links links;
};

/* What to leave out. */
struct summary_filter {
    const char *target; /* this one alone; NULL: all */
    uint64_t length;    /* this one alone; 0: all */
};

/*
 * Reads the campaign of that name (NULL: the only one).
 * STATUS_MISUSE: the filter's target is none of the campaign's, or nothing was measured of the
 * length.  Else as the functions of records/.
 */
enum status summary_read(struct store *store, const char *campaign,
                         const struct summary_filter *filter, struct summary *summary,
                         struct error *error);

void summary_free(struct summary *summary);

/* The energy of one inference in a window: mean power times mean time of one, in J; of an isolated
 * request what it took beyond the baseline (net alone). NAN: not to be had, as where an inference
 * failed. */
double window_inference_j(const struct energy_window *window);
double window_inference_net_j(const struct energy_window *window);

/* The bound on the net energy's error as a fraction of it; NAN: unknown, as of modelled watts. */
double window_error_bound(const struct energy_window *window);

/* What busy windows of one meter say of a group's inferences. */
struct group_energy {
    struct running gross_j, net_j; /* of one inference, over windows */
    double error_bound;            /* the widest of the windows'; NAN: unknown */
    enum provenance provenance;    /* the worst of the windows' */
};

/* *energy has n = 0 where there is nothing; its provenance is then `unavailable`. */
void group_energy(const struct group *group, int64_t meter_id, struct group_energy *energy);

/* The meter whose figures stand beside the times: the first with a busy window of any group. NULL:
 * none. */
const struct meter_record *summary_meter(const struct summary *summary);

#endif
