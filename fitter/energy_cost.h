// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What one inference takes out of the device, from fitted models, for a length n and a state of the
 * link:
 *
 *   E_edge(n)           = energy_j(n)
 *   E_cloud(n; r, u, d) = e0 + p_tx*u*bytes_up(n) + p_rx*d*bytes_down(n)
 *                            + p_wait*(c1(n)*r + remote_s(n))
 *
 * or, where the endpoint's energies came with its samples, E_cloud(n) = energy_j(n) over the link
 * as it was.
 *
 * Life cycle: energy_pair_find; nothing is owned, the model set must outlive the pair.
 */
#ifndef FITTER_ENERGY_COST_H
#define FITTER_ENERGY_COST_H

#include "base/status.h"
#include "fitter/cost.h"
#include "records/model.h"

#include <stdbool.h>

enum energy_part { ENERGY_E0, ENERGY_TX, ENERGY_RX, ENERGY_WAIT, N_ENERGY_PARTS };

struct energy_pair {
    const struct cost_model *edge;                  /* energy_j of the device */
    const struct cost_model *cloud;                 /* energy_j of the endpoint, or NULL */
    const struct cost_model *parts[N_ENERGY_PARTS]; /* where `cloud` is NULL; NULL: not told */
    struct cost_pair times;                         /* likewise */
    enum provenance provenance;                     /* the least that any of them is */
};

/* Whether any energy of the two is modelled. */
bool energy_pair_exists(const struct model_set *set, const char *edge, const char *cloud);

/*
 * What a decision about energy over `link` rests on.
 * STATUS_NOT_FOUND: a side has no model of its energy, or what the link takes was not told by any
 * window; the message says what to do.
 * STATUS_UNSUPPORTED: partial (the meter leaves the radio out); energies that came with samples,
 * and another link than they were measured over.
 */
enum status energy_pair_find(const struct model_set *set, const char *edge, const char *cloud,
                             const struct cost_link *link, struct energy_pair *pair,
                             struct error *error);

/* E_edge(n) and E_cloud(n; r, u, d), J. */
double energy_edge_j(const struct energy_pair *pair, double n);
double energy_cloud_j(const struct energy_pair *pair, double n, const struct cost_link *link);

#endif
