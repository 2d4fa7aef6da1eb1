// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The decision table: what the generated header computes, as an integer program. Header text and
 * every check of a decision come from this one struct.
 *
 * Life cycle: decision_table_build, any number of questions (from any threads at once),
 * decision_table_free. The model set is not copied and must outlive the table.
 */
#ifndef CODEGEN_TABLE_H
#define CODEGEN_TABLE_H

#include "codegen/intmap.h"
#include "codegen/threshold.h"
#include "records/model.h"

enum link_kind {
    LINK_FIXED,    /* decided for one round trip */
    LINK_RTT,      /* the product measures the round trip */
    LINK_BANDWIDTH /* and the times per byte (link_table.h) */
};

struct table_options {
    const char *edge, *cloud; /* target names */
    enum link_kind link;
    double rtt_s;      /* the design link */
    double max_regret; /* fraction; < 0: 0, or 0.001 where a model is curved */
    /* The design link's times per byte; NULL: the medians of the campaign. They count where the
     * fit knew the link's bandwidth (fitter/cost.h). */
    const struct cost_link *bandwidth;
    const struct objective *objective; /* NULL: time. Means of 1 are replaced by the device's */
    /* The means' models where `set` holds those of a tail: energies and NAME_remote_us are of
     * these. NULL: `set` itself. */
    const struct model_set *means;
    const struct histogram *lengths; /* that `weighted` means are over; NULL: 1 .. N_MAX */
};

enum representation {
    REPRESENTATION_CONSTANT,
    REPRESENTATION_THRESHOLD,
    REPRESENTATION_AFFINE,
    REPRESENTATION_SEGMENTS,
    REPRESENTATION_BUCKETED,
    N_REPRESENTATIONS
};
const char *representation_name(enum representation representation);

/* The decision at the design link: `first` for n = 0, changing at each of the lengths. */
struct switches {
    int first;
    uint32_t *at; /* n_at, ascending; owned */
    size_t n_at;
};

/* What NAME_choose takes (intmap.h) as a representation of so many changes. */
struct footprint switches_footprint(size_t n_at, enum representation representation);

struct decision_table {
    enum link_kind link;
    double rtt_s, max_regret;
    struct threshold threshold; /* by the objective */
    struct threshold expected;  /* mean times, which NAME_remote_us tells; of the same N_MAX */
    struct switches switches;
    enum representation choose;     /* of switches: constant, threshold, or segments */
    struct integer_map break_even;  /* with LINK_RTT: offload when rtt_us is less; of `forms` */
    enum representation choose_rtt; /* of break_even: any but threshold */
    /* All forms that break_even could have had; not filled where choose_rtt is constant. */
    struct map_choice forms;
    int always; /* the decision where choose_rtt is constant */
    /* Expected time at the endpoint with that of the bytes at the design link, us. */
    struct integer_map remote;
};

/*
 * STATUS_NOT_FOUND: a target has no time_s (edge) or remote_s (cloud) model.
 * STATUS_INVALID: the models are not usable.  STATUS_MISUSE: a link or regret that makes no sense.
 * STATUS_UNSUPPORTED: curved models that are too long, too many segments, or energies that do not
 * hold for what was asked (energy_pair_find, or a round trip as argument where they came with their
 * samples).
 */
enum status decision_table_build(const struct model_set *set, const struct table_options *options,
                                 struct decision_table *table, struct error *error);

/* What NAME_choose(n) says. */
int decision_table_choose_fixed(const struct decision_table *table, uint32_t n);

/* What NAME_choose_rtt(n, rtt_us) says; with LINK_FIXED as above. */
int decision_table_choose(const struct decision_table *table, uint32_t n, uint32_t rtt_us);

/* What NAME_remote_us(n) says. */
uint32_t decision_table_remote_us(const struct decision_table *table, uint32_t n);

/* The integer break-even: offload exactly when rtt_us is less; 0 .. 2^32. LINK_RTT only. */
uint64_t decision_table_break_even_us(const struct decision_table *table, uint32_t n);

void decision_table_free(struct decision_table *table);

#endif
