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
    double reach_s;                        /* of that, until the endpoint has it */
    double busy_s;                         /* of that, while the endpoint works on it */
    double transfer_s;                     /* of that, while its bytes travel */
    double expected_edge_s;                /* of the distribution that edge_s is drawn from */
    double expected_cloud_s;               /* the same, at this very link, time-outs included;
                                              INFINITY where it is not known */
    double rtt_s;                          /* of the link when it is made; NAN: not known */
    double up_s_per_byte, down_s_per_byte; /* of the link then; INFINITY: outage */
    bool failed;
};

/* What a product knows of a length: costs by the fitted models and the generated header. */
struct known_length {
    uint32_t n;
    bool design;            /* what NAME_choose says at the design link: offload */
    uint64_t break_even_us; /* NAME_choose_rtt offloads below it */
    double edge_s, remote_s, round_trips;
    double bytes_up, bytes_down; /* that the link is charged for */
};

struct ledger {
    struct request *requests;
    size_t n, n_failed;
    struct known_length *lengths;
    size_t n_lengths;
    double mean_length;
    double span_s;                    /* from the first request to the last */
    double edge_work_s, cloud_work_s; /* if all were served there: without waiting */
    struct cost_link design;          /* the link that the product was designed for */
    struct cost_link mean;            /* of this run; rtt_s is NAN where none is known */
    double timeout_s;                 /* INFINITY: requests carry it themselves (live) */
    bool open;                        /* requests come before others are answered, and queue */
    bool probed;   /* the product hears each request's round trip, wherever it runs */
    bool by_table; /* bandwidths stay those the header was made for; else the models stand in */
};

/* Makes room for n requests over the lengths of `histogram`, all zero. STATUS_NO_MEMORY. */
enum status ledger_init(struct ledger *ledger, size_t n, const struct histogram *histogram,
                        struct error *error);

/* Fills in what is known of the lengths, and the design link. */
void ledger_know(struct ledger *ledger, const struct cost_pair *pair,
                 const struct decision_table *table, const struct cost_link *design);

/* Once the requests are filled in: counts and means. */
void ledger_finish(struct ledger *ledger);

/* T_cloud by the fitted models; INFINITY in an outage, charged for or not. */
double known_cloud_s(const struct known_length *length, const struct cost_link *link);

void ledger_free(struct ledger *ledger);

#endif
