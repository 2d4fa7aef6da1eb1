// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/ledger.h"

#include <math.h>
#include <stdlib.h>

enum status ledger_init(struct ledger *ledger, size_t n, const struct histogram *histogram,
                        struct error *error)
{
    *ledger = (struct ledger){.requests = calloc(n ? n : 1, sizeof *ledger->requests),
                              .n = n,
                              .lengths = calloc(histogram->n, sizeof *ledger->lengths),
                              .n_lengths = histogram->n,
                              .timeout_s = INFINITY};
    if (!ledger->requests || !ledger->lengths) {
        ledger_free(ledger);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu requests", n);
    }
    for (size_t i = 0; i < histogram->n; i++)
        ledger->lengths[i].n = histogram->lengths[i];
    return STATUS_OK;
}

static double bytes(const struct cost_model *model, bool charged, uint32_t n)
{
    return charged ? fmax(cost_model_value(model, n), 0) : 0;
}

static struct energy_rates rates_of(const struct energy_pair *pair)
{
    double values[N_ENERGY_PARTS] = {0};
    if (!pair)
        return (struct energy_rates){.known = false};
    for (int i = 0; i < N_ENERGY_PARTS; i++)
        values[i] = pair->parts[i] ? fmax(cost_model_value(pair->parts[i], 0), 0) : 0;
    return (struct energy_rates){.known = true,
                                 .e0_j = values[ENERGY_E0],
                                 .p_tx_w = values[ENERGY_TX],
                                 .p_rx_w = values[ENERGY_RX],
                                 .p_wait_w = values[ENERGY_WAIT],
                                 .provenance = pair->provenance};
}

/* How much more of a figure costs 1 of the objective's measure, by what `step` more of it costs. */
static double worth_of(const struct ledger *ledger, const struct known_length *length, double step,
                       const struct cost_link *worse)
{
    struct expected_cost before = known_cloud_cost(ledger, length, &ledger->design);
    struct expected_cost behind = known_cloud_cost(ledger, length, worse);
    double rise = objective_measure(&ledger->objective, &behind) -
                  objective_measure(&ledger->objective, &before);
    return rise > 0 ? step / rise : INFINITY;
}

static struct cost_link worth(const struct ledger *ledger, const struct known_length *length)
{
    static const double step_s = 1e-3, step_s_per_byte = 1e-6;
    struct cost_link rtt = ledger->design, up = rtt, down = rtt;
    rtt.rtt_s += step_s;
    up.up_s_per_byte += step_s_per_byte;
    down.down_s_per_byte += step_s_per_byte;
    return (struct cost_link){worth_of(ledger, length, step_s, &rtt),
                              worth_of(ledger, length, step_s_per_byte, &up),
                              worth_of(ledger, length, step_s_per_byte, &down)};
}

void ledger_know(struct ledger *ledger, const struct cost_pair *pair,
                 const struct energy_pair *energy, const struct decision_table *table,
                 const struct cost_link *design)
{
    ledger->design = *design;
    ledger->objective = table->threshold.objective;
    ledger->energy = rates_of(energy);
    for (size_t i = 0; i < ledger->n_lengths; i++) {
        struct known_length *length = &ledger->lengths[i];
        uint32_t n = length->n;
        length->break_even_us = decision_table_break_even_us(table, n);
        length->edge_s = cost_edge_s(pair, n);
        length->remote_s = cost_cloud_s(pair, n, &(struct cost_link){0});
        length->round_trips = cost_round_trips(pair, n);
        length->bytes_up = bytes(pair->bytes_up, pair->charges_up, n);
        length->bytes_down = bytes(pair->bytes_down, pair->charges_down, n);
        length->edge_j = energy ? energy_edge_j(energy, n) : NAN;
        length->design = decision_table_choose_fixed(table, n) != DECISION_EDGE;
        length->worth = worth(ledger, length);
    }
}

double known_edge_j(const struct known_length *length, double time_s)
{
    return length->edge_s > 0 ? length->edge_j * (time_s / length->edge_s) : length->edge_j;
}

double energy_cloud_used_j(const struct energy_rates *rates, double elapsed_s, double sending_s,
                           double receiving_s)
{
    if (!rates->known)
        return NAN;
    return rates->e0_j + rates->p_tx_w * sending_s + rates->p_rx_w * receiving_s +
           rates->p_wait_w * fmax(elapsed_s - sending_s - receiving_s, 0);
}

double request_cloud_j(const struct ledger *ledger, const struct request *request, double elapsed_s)
{
    double sending_s = fmin(request->sending_s, elapsed_s);
    double left_s = fmin(elapsed_s - request->answered_s, elapsed_s - sending_s);
    double receiving_s = fmin(request->receiving_s, fmax(left_s, 0));
    return energy_cloud_used_j(&ledger->energy, elapsed_s, sending_s, receiving_s);
}

/* A bandwidth that is charged for and is another than the header's: it would have to know it. */
static bool strays(double charged_bytes, double s_per_byte, double design_s_per_byte)
{
    return charged_bytes > 0 && fabs(s_per_byte - design_s_per_byte) > 1e-6 * design_s_per_byte;
}

static bool is_for_header(const struct ledger *ledger, const struct request *request)
{
    const struct known_length *length = &ledger->lengths[request->place];
    const struct cost_link *design = &ledger->design;
    return !strays(length->bytes_up, request->up_s_per_byte, design->up_s_per_byte) &&
           !strays(length->bytes_down, request->down_s_per_byte, design->down_s_per_byte);
}

/* What a request takes at both places, in the objective's measure. */
static double measures(const struct ledger *ledger, const struct request *request)
{
    struct expected_cost edge = {request->edge_s, request->edge_j};
    struct expected_cost cloud = {request->cloud_s,
                                  request_cloud_j(ledger, request, request->cloud_s)};
    return objective_measure(&ledger->objective, &edge) +
           objective_measure(&ledger->objective, &cloud);
}

/* Means over the requests that know theirs. Of bandwidths the mean is of bytes per second: that is
 * what a glance at a speed test gives. */
void ledger_finish(struct ledger *ledger)
{
    double rtt_s = 0, up = 0, down = 0, length = 0;
    size_t n_rtt = 0;
    ledger->n_failed = 0;
    ledger->by_table = true;
    ledger->edge_work_s = ledger->cloud_work_s = ledger->miss_price = 0;
    ledger->span_s = ledger->requests[ledger->n - 1].at_s - ledger->requests[0].at_s;
    for (size_t i = 0; i < ledger->n; i++) {
        const struct request *request = &ledger->requests[i];
        length += ledger->lengths[request->place].n;
        ledger->n_failed += request->failed;
        ledger->edge_work_s += request->edge_s;
        ledger->cloud_work_s += request->busy_s;
        ledger->by_table = ledger->by_table && is_for_header(ledger, request);
        if (!objective_is_scalar(&ledger->objective))
            ledger->miss_price += measures(ledger, request);
        up += 1 / request->up_s_per_byte;
        down += 1 / request->down_s_per_byte;
        if (!isnan(request->rtt_s)) {
            rtt_s += request->rtt_s;
            n_rtt++;
        }
    }
    double n = (double)ledger->n;
    ledger->mean_length = length / n;
    ledger->mean =
        (struct cost_link){n_rtt ? rtt_s / (double)n_rtt : NAN, 1 / (up / n), 1 / (down / n)};
}

static double charge_s(double bytes, double s_per_byte)
{
    return isinf(s_per_byte) ? INFINITY : bytes * s_per_byte;
}

struct expected_cost known_edge_cost(const struct known_length *length)
{
    return (struct expected_cost){length->edge_s, length->edge_j};
}

struct expected_cost known_cloud_cost(const struct ledger *ledger,
                                      const struct known_length *length,
                                      const struct cost_link *link)
{
    double up_s = charge_s(length->bytes_up, link->up_s_per_byte);
    double down_s = charge_s(length->bytes_down, link->down_s_per_byte);
    double time_s = length->round_trips * link->rtt_s + up_s + down_s + length->remote_s;
    return (struct expected_cost){
        time_s,
        isinf(time_s) ? time_s : energy_cloud_used_j(&ledger->energy, time_s, up_s, down_s)};
}

double ledger_price(const struct ledger *ledger, const struct expected_cost *cost)
{
    double measure = objective_measure(&ledger->objective, cost);
    bool missed = objective_value_of(&ledger->objective, cost).rank > 0;
    return missed ? measure + ledger->miss_price : measure;
}

void ledger_free(struct ledger *ledger)
{
    free(ledger->requests);
    free(ledger->lengths);
    *ledger = (struct ledger){0};
}
