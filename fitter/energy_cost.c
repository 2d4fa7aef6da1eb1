// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/energy_cost.h"

#include "fitter/offload_energy.h"

#include <math.h>

static const enum quantity quantities[N_ENERGY_PARTS] = {
    [ENERGY_E0] = QUANTITY_E0_J,
    [ENERGY_TX] = QUANTITY_P_TX_W,
    [ENERGY_RX] = QUANTITY_P_RX_W,
    [ENERGY_WAIT] = QUANTITY_P_WAIT_W,
};

static void take(struct energy_pair *pair, const struct cost_model *model)
{
    if (model && model->provenance > pair->provenance)
        pair->provenance = model->provenance;
}

static struct energy_pair look_up(const struct model_set *set, const char *edge, const char *cloud)
{
    struct energy_pair pair = {.edge = model_set_find(set, edge, QUANTITY_ENERGY_J),
                               .provenance = PROVENANCE_MEASURED};
    bool any = false;
    take(&pair, pair.edge);
    for (int i = 0; i < N_ENERGY_PARTS; i++) {
        pair.parts[i] = model_set_find(set, cloud, quantities[i]);
        take(&pair, pair.parts[i]);
        any = any || pair.parts[i];
    }
    if (!any)
        pair.cloud = model_set_find(set, cloud, QUANTITY_ENERGY_J);
    take(&pair, pair.cloud);
    return pair;
}

bool energy_pair_exists(const struct model_set *set, const char *edge, const char *cloud)
{
    struct energy_pair pair = look_up(set, edge, cloud);
    bool any = pair.edge || pair.cloud;
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        any = any || pair.parts[i];
    return any;
}

/* Energies of samples hold over the link they were measured over. */
static enum status check_link(const struct model_set *set, const char *cloud,
                              const struct cost_link *link, struct error *error)
{
    struct cost_link measured = cost_link_measured(set);
    if (fabs(link->rtt_s - measured.rtt_s) <= 1e-9 + 1e-6 * measured.rtt_s &&
        link->up_s_per_byte == measured.up_s_per_byte &&
        link->down_s_per_byte == measured.down_s_per_byte)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%s: its energies came with its samples and hold over the link of then only: "
                     "leave --link out, or measure windows with rnnprof run ([energy] meter)",
                     cloud);
}

/* That what the link takes is known. */
static enum status check_parts(const struct energy_pair *pair, const char *cloud,
                               const struct cost_link *link, struct error *error)
{
    const struct {
        enum energy_part part;
        bool needed;
        const char *what;
    } checks[] = {
        {ENERGY_WAIT, true, "waiting"},
        {ENERGY_TX, pair->times.charges_up && link->up_s_per_byte > 0, "sending"},
        {ENERGY_RX, pair->times.charges_down && link->down_s_per_byte > 0, "receiving"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].needed && !pair->parts[checks[i].part])
            return error_set(error, STATUS_NOT_FOUND,
                             "%s: no window tells its energy of %s: measure over several states of "
                             "the link ([link] states, [energy] meter) and --resume",
                             cloud, checks[i].what);
    }
    return STATUS_OK;
}

enum status energy_pair_find(const struct model_set *set, const char *edge, const char *cloud,
                             const struct cost_link *link, struct energy_pair *pair,
                             struct error *error)
{
    *pair = look_up(set, edge, cloud);
    const struct offload_energy whole = {.provenance = pair->provenance};
    bool any = pair->cloud;
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        any = any || pair->parts[i];
    if (!pair->edge || !any)
        return error_set(error, STATUS_NOT_FOUND,
                         "%s: its energy is not known: measure windows of it with rnnprof run "
                         "([energy] meter) and --resume",
                         pair->edge ? cloud : edge);
    enum status status = offload_energy_check(&whole, cloud, error);
    if (!status)
        status = cost_pair_find(set, edge, cloud, &pair->times, error);
    if (status)
        return status;
    return pair->cloud ? check_link(set, cloud, link, error)
                       : check_parts(pair, cloud, link, error);
}

double energy_edge_j(const struct energy_pair *pair, double n)
{
    return cost_model_value(pair->edge, n);
}

static double part(const struct energy_pair *pair, enum energy_part which)
{
    return pair->parts[which] ? pair->parts[which]->coefficients[0] : 0;
}

/* The time of a direction's bytes alone. */
static double transfer_s(const struct energy_pair *pair, double n, bool up, double s_per_byte)
{
    const struct cost_link link = {0, up ? s_per_byte : 0, up ? 0 : s_per_byte};
    return cost_link_s(&pair->times, n, &link);
}

double energy_cloud_j(const struct energy_pair *pair, double n, const struct cost_link *link)
{
    const struct cost_link fast = {link->rtt_s, 0, 0};
    if (pair->cloud)
        return cost_model_value(pair->cloud, n);
    return part(pair, ENERGY_E0) +
           part(pair, ENERGY_TX) * transfer_s(pair, n, true, link->up_s_per_byte) +
           part(pair, ENERGY_RX) * transfer_s(pair, n, false, link->down_s_per_byte) +
           part(pair, ENERGY_WAIT) * cost_cloud_s(&pair->times, n, &fast);
}
