/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the program that judges compiled headers of link tables is told of each set: the models, and
 * what the header promises. It includes nothing of the generator.
 */
#ifndef CODEGEN_TEST_COMPARE_LINKS_H
#define CODEGEN_TEST_COMPARE_LINKS_H

#include <stdint.h>

enum { SITES_MAX = 5 };

struct curve_of {
    int n; /* 0: none */
    uint32_t n_min, to[4];
    double intercept[4], slope[4], quadratic;
};

struct site_of {
    struct curve_of time, energy, up, down, trips;
    double e0, tx, rx, wait;
};

struct numbers {
    uint32_t rtt_us, up, down;
};

/* Each cost is promised to be compared as if off by at most this. */
struct promise {
    double relative, absolute, per[3];
};

struct compared_set {
    const char *name;
    uint32_t n_max;
    long header_n_max;
    int n_targets, objective; /* in the order of enum objective_kind */
    double parameter, mean_time_s, mean_energy_j, max_regret;
    int fixed;     /* whether nothing of the link is an argument */
    int bandwidth; /* whether times per byte are arguments */
    double rtt_s, up_s_per_byte, down_s_per_byte;
    struct site_of sites[SITES_MAX];
    struct promise promises[2];
    double bound_relative, bound_absolute, bound_times; /* times: of per */
    int (*choose)(uint32_t);
    int (*choose_links)(uint32_t, const struct numbers *);
    uint32_t (*remote_us[SITES_MAX])(uint32_t);
    uint64_t hash; /* of what the interpreter says */
};

#ifdef __cplusplus
extern "C"
#else
extern
#endif
    const struct compared_set compared_sets[];

#endif
