// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/link_states.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static const double gap_share = 0.25, gap_s = 1e-4, reach_share = 0.25;
enum { STATE_SAMPLES_MIN = 10, STATE_SHARE_MIN = 50, STATES_MAX = STATE_SHARE_MIN };

struct member {
    double rtt_s;
    size_t sample;
    int32_t round, state; /* < 0: none */
    int64_t set_ns;
};

static int by_round_trip(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    return (a->rtt_s > b->rtt_s) - (a->rtt_s < b->rtt_s);
}

static int by_setting(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    return (a->set_ns > b->set_ns) - (a->set_ns < b->set_ns);
}

static int by_state(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    return (a->state > b->state) - (a->state < b->state);
}

/* The medians of the runs of sorted round trips that gaps part, those of enough samples, ascending;
 * their number. */
static size_t find_centres(const struct member *members, size_t n, double centres[STATES_MAX])
{
    size_t found = 0, share = n / STATE_SHARE_MIN + 1;
    size_t least = share > STATE_SAMPLES_MIN ? share : (size_t)STATE_SAMPLES_MIN;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n; end++) {
            if (members[end].rtt_s > members[end - 1].rtt_s * (1 + gap_share) + gap_s)
                break;
        }
        if (end - first >= least)
            centres[found++] = members[first + (end - first) / 2].rtt_s;
    }
    return found;
}

/* The nearest centre, when it is near compared to the one next to it; else -1. */
static int32_t assign(double rtt_s, const double *centres, size_t n)
{
    size_t at = 0;
    while (at + 1 < n && fabs(centres[at + 1] - rtt_s) < fabs(centres[at] - rtt_s))
        at++;
    double reach = INFINITY;
    if (at > 0)
        reach = fmin(reach, centres[at] - centres[at - 1]);
    if (at + 1 < n)
        reach = fmin(reach, centres[at + 1] - centres[at]);
    return fabs(rtt_s - centres[at]) <= reach_share * reach ? (int32_t)at : -1;
}

/* One state for each round trip that the link was set to; false where a sample does not say. */
static bool take_settings(struct member *members, size_t n)
{
    qsort(members, n, sizeof *members, by_setting);
    if (n == 0 || members[0].set_ns < 0)
        return false;
    for (size_t i = 0; i < n; i++)
        members[i].state =
            i == 0 ? 0 : members[i - 1].state + (members[i].set_ns != members[i - 1].set_ns);
    return true;
}

/* As the measured round trips tell them apart; where they do not, one for each round. */
static void find_states(struct member *members, size_t n)
{
    double centres[STATES_MAX];
    qsort(members, n, sizeof *members, by_round_trip);
    size_t n_centres = find_centres(members, n, centres);
    for (size_t i = 0; i < n; i++)
        members[i].state =
            n_centres > 1 ? assign(members[i].rtt_s, centres, n_centres) : members[i].round;
}

/* Sums over the states, for the F statistic. */
struct variation {
    struct link_states *states;
    double n, mean, between, within; /* of the samples that have an instrument */
};

/* One state's samples: each other's mean is each one's instrument. */
static void add_state(const struct member *members, size_t n, double *instruments,
                      struct variation *v)
{
    double mean = 0, within = 0;
    for (size_t i = 0; i < n; i++)
        mean += members[i].rtt_s / (double)n;
    for (size_t i = 0; i < n; i++) {
        double off = members[i].rtt_s - mean;
        within += off * off;
        instruments[members[i].sample] = mean - off / (double)(n - 1);
    }
    struct link_states *states = v->states;
    double off = mean - v->mean, total = v->n + (double)n;
    v->between += off * off * v->n * (double)n / total;
    v->mean += off * (double)n / total;
    v->n = total;
    v->within += within;
    states->least_s = states->n_states ? fmin(states->least_s, mean) : mean;
    states->most_s = states->n_states ? fmax(states->most_s, mean) : mean;
    states->n_states++;
}

/* The states with two samples or more, from members sorted by state. */
static void add_states(const struct member *members, size_t n, double *instruments,
                       struct link_states *states)
{
    struct variation v = {.states = states};
    *states = (struct link_states){0};
    for (size_t i = 0; i < n; i++)
        instruments[members[i].sample] = NAN;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && members[end].state == members[first].state; end++)
            ;
        if (end - first >= 2 && members[first].state >= 0)
            add_state(members + first, end - first, instruments, &v);
    }
    double between_dof = (double)states->n_states - 1, within_dof = v.n - between_dof - 1;
    if (between_dof > 0 && within_dof > 0)
        states->f = (v.between / between_dof) / fmax(v.within / within_dof, 1e-300);
}

enum status link_states_find(const struct link_sample *samples, size_t n, double *instruments,
                             struct link_states *states, struct error *error)
{
    struct member *members = malloc((n + 1) * sizeof *members);
    if (!members)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu samples", n);
    for (size_t i = 0; i < n; i++)
        members[i] = (struct member){samples[i].rtt_s, i, samples[i].round, -1, samples[i].set_ns};
    if (!take_settings(members, n))
        find_states(members, n);
    qsort(members, n, sizeof *members, by_state);
    add_states(members, n, instruments, states);
    free(members);
    return STATUS_OK;
}
