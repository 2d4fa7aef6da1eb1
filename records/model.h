// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Cost models: fitted functions of the length n, one per target and quantity, and the set of them
 * that one fit of one campaign yields, with the joint covariance of all their coefficients (targets
 * measured in the same rounds share noise, so differences between models need it).
 *
 * Life cycle: model_set_init, model_set_add for each model, model_set_free. rnnfit makes and stores
 * sets; rnngen and rnneval load them.
 */
#ifndef RECORDS_MODEL_H
#define RECORDS_MODEL_H

#include "base/digest.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a model predicts, in the unit of its name. */
enum quantity {
    QUANTITY_TIME_S,      /* elapsed time of one inference on the device itself */
    QUANTITY_REMOTE_S,    /* elapsed time of one request less its link terms */
    QUANTITY_BYTES_UP,    /* of one request */
    QUANTITY_BYTES_DOWN,  /* of its answer */
    QUANTITY_ENERGY_J,    /* of the device, for one inference */
    QUANTITY_ROUND_TRIPS, /* that one request takes: c1(n) of the design; without a model it is 1 */
    /* What offloading takes out of the device, constants of the endpoint (design, section 4); one
     * that no window tells has no model. */
    QUANTITY_E0_J,     /* of one request besides: waking up, and the tail */
    QUANTITY_P_TX_W,   /* while its bytes go up */
    QUANTITY_P_RX_W,   /* while its answer's come down */
    QUANTITY_P_WAIT_W, /* for the rest of the elapsed time */
    N_QUANTITIES
};

enum statistic {
    STATISTIC_MEAN,
    STATISTIC_P50,
    STATISTIC_P90,
    STATISTIC_P95,
    STATISTIC_P99,
    N_STATISTICS
};

enum model_form { FORM_CONSTANT, FORM_LINEAR, FORM_QUADRATIC, FORM_PIECEWISE, FORM_STEP, N_FORMS };

enum provenance {
    PROVENANCE_MEASURED,
    PROVENANCE_MODELLED,
    PROVENANCE_PARTIAL,
    PROVENANCE_UNAVAILABLE,
    N_PROVENANCES
};

/* "time_s", "mean", "linear", "measured", ...; constant strings. */
const char *quantity_name(enum quantity quantity);
bool quantity_is_energy(enum quantity quantity); /* joules, or watts of offloading */
const char *statistic_name(enum statistic statistic);
const char *form_name(enum model_form form);
const char *provenance_name(enum provenance provenance);

/* intercept + slope*n + quadratic*n*n for from <= n <= to; the intercept is the value at n = 0. */
struct segment {
    uint32_t from, to;
    double intercept, slope, quadratic;
};

struct cost_model {
    char *target; /* owned */
    enum quantity quantity;
    enum statistic statistic;
    enum model_form form;
    struct segment *segments; /* n_segments, ascending, without gaps; owned */
    size_t n_segments;
    double *knots; /* n_knots, ascending; owned */
    size_t n_knots;
    /* n_coefficients: ascending powers of n, then hinges, then of a piecewise line its knots again,
     * whose errors the covariance has too; of a step the level of each segment (one that is known,
     * not estimated, has no variance); owned */
    double *coefficients;
    size_t n_coefficients;
    double (
        *knot_ends)[2];    /* n_knots of a piecewise line as fitted: 95 % intervals; NAN: not known;
                              NULL: of another form, or from a store, which keeps none; owned */
    uint32_t n_min, n_max; /* shortest and longest length measured */
    double residual_sd;    /* of single samples, in the quantity's unit, over all lengths */
    double r2, bic;
    double dof; /* degrees of freedom behind the covariance */
    uint64_t n_samples, n_lengths, n_outliers;
    enum provenance provenance;
};

/* What the energies of a fit are of, in words; all owned, NULL where there are none. */
struct energy_basis {
    char *meter;    /* NULL: they came with the samples */
    char *scope;    /* of the meter: "package", "rail" or "board" */
    char *baseline; /* what was taken off: "idle" (as measured), "none", "1.5 W"; NULL as meter */
};

/* One fit of one campaign. */
struct model_set {
    char *campaign; /* owned */
    struct cost_model *models;
    size_t n_models, capacity;
    double
        *covariance; /* n_coefficients*n_coefficients, row-major: models' coefficients in order */
    size_t n_coefficients; /* of all models together */
    double rtt_s;          /* median measured round trip; 0 where none was measured */
    bool has_rtt;          /* whether round trips were measured; without, remote_s holds the link */
    /* median time per byte that the link was set to; NAN: unknown, its share is in remote_s */
    double up_s_per_byte, down_s_per_byte;
    uint64_t n_rounds; /* rounds that the covariance was resampled over; 0: classical */
    double hold_out;   /* fraction of the rounds left out */
    uint64_t hold_out_seed;
    char digest[DIGEST_TEXT_SIZE]; /* SHA-256 of the samples and windows used */
    struct energy_basis energy;
};

void model_set_init(struct model_set *set);

/* Takes over everything that *model owns; *model is emptied. STATUS_NO_MEMORY: nothing changed. */
enum status model_set_add(struct model_set *set, struct cost_model *model, struct error *error);

/* The model of a target's quantity, or NULL. */
const struct cost_model *model_set_find(const struct model_set *set, const char *target,
                                        enum quantity quantity);

/* The place of a model's first coefficient in the joint covariance. */
size_t model_set_offset(const struct model_set *set, const struct cost_model *model);

/* The covariance of coefficient i of model a with coefficient j of model b. */
double model_set_covariance(const struct model_set *set, const struct cost_model *a, size_t i,
                            const struct cost_model *b, size_t j);

/*
 * The model's value at n. Below n_min the first segment extends (never below 0), beyond n_max the
 * last one does.
 */
double cost_model_value(const struct cost_model *model, double n);

void cost_model_free(struct cost_model *model);
void model_set_free(struct model_set *set);

#endif
