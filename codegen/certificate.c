// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/certificate.h"

#include <math.h>

enum { CHECKED_ALL = 1 << 20, CHECKED_SPACED = 1 << 18 };

struct tally {
    struct regret regret;
    double sum_s, sum_relative;
    uint64_t n;
};

/* What `decision` costs more than the best one, in seconds and relative to it. */
static void price(const struct threshold *threshold, uint32_t n, double rtt_s, int decision,
                  double *seconds, double *relative)
{
    double excess = threshold_excess_s(threshold, n, rtt_s);
    double best =
        excess > 0 ? threshold_cloud_s(threshold, n, rtt_s) : threshold_edge_s(threshold, n);
    *seconds = fmax(decision == DECISION_EDGE ? excess : -excess, 0);
    *relative = *seconds <= 0 ? 0 : best > 0 ? *seconds / best : INFINITY;
}

static void tally_add(struct tally *tally, const struct threshold *threshold, uint32_t n,
                      double rtt_s, double seconds, double relative)
{
    struct regret *regret = &tally->regret;
    if (seconds > regret->worst_s) {
        regret->worst_s = seconds;
        regret->worst_n = n;
        regret->worst_rtt_s = rtt_s;
    }
    regret->worst_relative = fmax(regret->worst_relative, relative);
    if (n >= 1 && n <= threshold->n_max) {
        tally->sum_s += seconds;
        tally->sum_relative += relative;
        tally->n++;
    }
}

static struct regret tally_finish(const struct tally *tally)
{
    struct regret regret = tally->regret;
    if (tally->n > 0) {
        regret.expected_s = tally->sum_s / (double)tally->n;
        regret.expected_relative = tally->sum_relative / (double)tally->n;
    }
    return regret;
}

/*
 * The worst round trip of one length lies beside the integer break-even: away from it a wrong
 * answer only gets cheaper until it is right.
 */
static void check_rtt(const struct decision_table *table, uint32_t n, struct tally *tally)
{
    uint64_t break_even = decision_table_break_even_us(table, n);
    double worst_s = 0, worst_relative = 0, worst_rtt_s = 0;
    for (int side = 0; side < 2; side++) {
        if (break_even + (uint64_t)side < 1 || break_even + (uint64_t)side > (uint64_t)1 << 32)
            continue;
        uint32_t rtt_us = (uint32_t)(break_even + (uint64_t)side - 1);
        double seconds, relative;
        price(&table->threshold, n, rtt_us * 1e-6, decision_table_choose(table, n, rtt_us),
              &seconds, &relative);
        if (seconds > worst_s) {
            worst_s = seconds;
            worst_rtt_s = rtt_us * 1e-6;
        }
        worst_relative = fmax(worst_relative, relative);
    }
    tally_add(tally, &table->threshold, n, worst_rtt_s, worst_s, worst_relative);
}

static void check_length(const struct decision_table *table, uint32_t n,
                         struct certificate *certificate, struct tally *choose,
                         struct tally *choose_rtt)
{
    double seconds, relative;
    price(&table->threshold, n, table->rtt_s, decision_table_choose_fixed(table, n), &seconds,
          &relative);
    tally_add(choose, &table->threshold, n, table->rtt_s, seconds, relative);
    if (table->link == LINK_RTT)
        check_rtt(table, n, choose_rtt);
    double remote = fmin(fmax(threshold_remote_s(&table->threshold, n), 0), UINT32_MAX * 1e-6);
    double error = fabs(decision_table_remote_us(table, n) * 1e-6 - remote);
    certificate->worst_remote_s = fmax(certificate->worst_remote_s, error);
    certificate->n_checked++;
}

struct certificate certificate_make(const struct decision_table *table)
{
    const struct threshold *threshold = &table->threshold;
    struct certificate certificate = {.n_lengths = (uint64_t)threshold->n_limit + 1};
    struct tally choose = {0}, choose_rtt = {0};
    uint64_t step =
        certificate.n_lengths <= CHECKED_ALL ? 1 : certificate.n_lengths / CHECKED_SPACED + 1;
    for (size_t i = 0; i < threshold->n_pieces; i++) {
        const struct piece *piece = &threshold->pieces[i];
        for (uint64_t n = piece->from; n < piece->to; n += step)
            check_length(table, (uint32_t)n, &certificate, &choose, &choose_rtt);
        check_length(table, piece->to, &certificate, &choose, &choose_rtt);
    }
    certificate.choose = tally_finish(&choose);
    certificate.choose_rtt = tally_finish(&choose_rtt);
    return certificate;
}
