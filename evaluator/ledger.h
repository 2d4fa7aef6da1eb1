// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The ledger: requests in the order they are made, with what each costs at either place, what it
 * was expected to cost there, and what a product knows of its length. Every policy is charged from
 * the same ledger, so all meet the same lengths, the same noise and the same link.
 *
 * A ledger is made from live requests (live_ledger) or from a replay of stored samples
 * (replay_ledger). Life cycle: either of them, read only from then on, ledger_free. Times in
 * seconds.
 */
#ifndef EVALUATOR_LEDGER_H
#define EVALUATOR_LEDGER_H

#include "base/status.h"
#include "codegen/link_table.h"
#include "codegen/table.h"
#include "fitter/cost.h"
#include "records/lengths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request {
    uint32_t place; /* of its length in the ledger's lengths */
    uint32_t group; /* of the samples it is charged from: the round they share */
    double at_s;    /* when it is made */
    /* The same by the link's clock, which a product has: another one only where the link is so slow
     * that it goes on by a row a request, as if requests were a row apart. */
    double clock_s;
    double edge_s; /* that the device works on it */
    /* Elapsed at the endpoint when nobody else is served there; where `failed`, until it is given
     * up. What fails is then run on the device. */
    double cloud_s;
    double reach_s;          /* of that, until the endpoint has it */
    double busy_s;           /* of that, while the endpoint works on it */
    double transfer_s;       /* of that, while its bytes travel */
    double up_s;             /* of that, while they go up */
    double sending_s;        /* of that, while the link moves bytes that are charged for */
    double receiving_s;      /* the same of those that come down */
    double answered_s;       /* of cloud_s, until these set out */
    double expected_edge_s;  /* of the distribution that edge_s is drawn from */
    double expected_cloud_s; /* the same, at this very link, time-outs included;
                                INFINITY where it is not known */
    double edge_j;           /* that the device takes; NAN where no energy is known */
    double expected_edge_j, expected_cloud_j; /* likewise, of what is expected of the times */
    double rtt_s;                             /* of the link when it is made; NAN: not known */
    double up_s_per_byte, down_s_per_byte;    /* of the link then; INFINITY: outage */
    bool failed;
};

/* What a product knows of a length: costs by the fitted models and the generated header. */
struct known_length {
    uint32_t n;
    bool design;            /* what NAME_choose says at the design link: offload */
    uint64_t break_even_us; /* NAME_choose_rtt offloads below it */
    double edge_s, remote_s, round_trips;
    double edge_j;               /* NAN where no energy is known */
    double bytes_up, bytes_down; /* that the link is charged for */
    /* The round trip, and the times per byte, that cost 1 of the objective's measure by themselves,
     * about the design link; INFINITY: they cost nothing. */
    struct cost_link worth;
};

/* What offloading takes out of the device (fitter/energy_cost.h). */
struct energy_rates {
    bool known; /* and what the device takes for itself is, too */
    double e0_j, p_tx_w, p_rx_w, p_wait_w;
    enum provenance provenance;
};

struct ledger {
    struct request *requests;
    size_t n, n_failed;
    struct known_length *lengths;
    size_t n_lengths;
    double mean_length;
    double span_s;                    /* from the first request to the last */
    double edge_work_s, cloud_work_s; /* if all were served there: without waiting */
    struct objective objective;       /* by which policies decide and are judged */
    struct energy_rates energy;
    double miss_price; /* of a deadline or budget that is missed, in the objective's measure */
    struct cost_link design; /* the link that the product was designed for */
    struct cost_link mean;   /* of this run; rtt_s is NAN where none is known */
    double timeout_s;        /* INFINITY: requests carry it themselves (live) */
    bool open;               /* requests come before others are answered, and queue */
    bool probed;             /* the product hears each request's round trip, wherever it runs */
    bool by_table;           /* bandwidths stay those the header was made for */
    /* Else the header for a product that knows them (NAME_choose_link); NULL: there is none, and
     * the models stand in. Not owned. */
    const struct link_table *by_bandwidth;
};

/* Makes room for n requests over the lengths of `histogram`, all zero. STATUS_NO_MEMORY. */
enum status ledger_init(struct ledger *ledger, size_t n, const struct histogram *histogram,
                        struct error *error);

/* Fills in what is known of the lengths, the design link, and the objective, which is the table's.
 * `energy` is NULL where no energy is known; it must not be one that came with samples, which holds
 * over the link of then only. */
void ledger_know(struct ledger *ledger, const struct cost_pair *pair,
                 const struct energy_pair *energy, const struct decision_table *table,
                 const struct cost_link *design);

/* What the device takes for one inference that lasts time_s, as many watts as the models say; NAN
 * where no energy is known. */
double known_edge_j(const struct known_length *length, double time_s);

/* What it takes for a request that lasts elapsed_s, of which it sends for sending_s and receives
 * for receiving_s; while nothing moves it waits. NAN where no energy is known. */
double energy_cloud_used_j(const struct energy_rates *rates, double elapsed_s, double sending_s,
                           double receiving_s);

/* The same for one that is answered or given up after elapsed_s: of what it sends and receives as
 * much as fits, as if stalls came last. */
double request_cloud_j(const struct ledger *ledger, const struct request *request,
                       double elapsed_s);

/* Once the requests are filled in: counts and means. */
void ledger_finish(struct ledger *ledger);

/* Either place by the fitted models; T_cloud is INFINITY in an outage, charged for or not. */
struct expected_cost known_edge_cost(const struct known_length *length);
struct expected_cost known_cloud_cost(const struct ledger *ledger,
                                      const struct known_length *length,
                                      const struct cost_link *link);

/* The objective as one number that adds up over requests: its measure, and a price for a deadline
 * or budget missed so high that none is missed to save any other cost. */
double ledger_price(const struct ledger *ledger, const struct expected_cost *cost);

void ledger_free(struct ledger *ledger);

#endif
