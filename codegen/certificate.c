// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/certificate.h"

#include <inttypes.h>
#include <math.h>

enum { CHECKED_ALL = 1 << 20, CHECKED_SPACED = 1 << 18 };

static const double microsecond_s = 1e-6;

struct tally {
    struct regret regret;
    double sum, sum_relative;
    uint64_t n;
};

/* What `decision` costs more than the better one. */
static struct objective_regret price(const struct threshold *threshold, uint32_t n, double rtt_s,
                                     int decision, bool is_exact)
{
    struct objective_regret regret = threshold_regret(threshold, n, rtt_s, decision);
    if (is_exact || objective_is_scalar(&threshold->objective))
        return regret;
    for (int side = -1; side <= 1 && regret.relative > 0; side += 2) {
        double beside = fmax(rtt_s + side * microsecond_s, 0);
        struct objective_regret other = threshold_regret(threshold, n, beside, decision);
        if (other.relative < regret.relative)
            regret = other;
    }
    return regret;
}

static void keep_worst(struct regret *worst, bool has_unit, uint32_t n, double rtt_s,
                       const struct objective_regret *regret)
{
    if (has_unit ? regret->absolute > worst->worst : regret->relative > worst->worst_relative) {
        worst->worst_n = n;
        worst->worst_rtt_s = rtt_s;
    }
    worst->worst = fmax(worst->worst, regret->absolute);
    worst->worst_relative = fmax(worst->worst_relative, regret->relative);
}

static void tally_add(struct tally *tally, const struct threshold *threshold, uint32_t n,
                      const struct regret *of_length)
{
    struct regret *regret = &tally->regret;
    const struct objective_regret worst = {of_length->worst, of_length->worst_relative};
    keep_worst(regret, objective_is_scalar(&threshold->objective), n, of_length->worst_rtt_s,
               &worst);
    if (n >= 1 && n <= threshold->n_max) {
        tally->sum += worst.absolute;
        tally->sum_relative += worst.relative;
        tally->n++;
    }
}

/* Whether the answer is right, or good enough; a tie is either. */
static bool is_good(const struct decision_table *table, uint32_t n, double rtt_s, int decision)
{
    const struct threshold *threshold = &table->threshold;
    double accepted = table->max_regret * (1 + 1e-9);
    return threshold_accepts(threshold, n, rtt_s, decision, accepted) ||
           threshold_regret(threshold, n, rtt_s, decision).relative <= 0;
}

static bool is_good_nearby(const struct decision_table *table, uint32_t n, double rtt_s,
                           int decision)
{
    return is_good(table, n, rtt_s, decision) ||
           is_good(table, n, fmax(rtt_s - microsecond_s, 0), decision) ||
           is_good(table, n, rtt_s + microsecond_s, decision);
}

static void count_wrong(struct certificate *certificate, bool wrong, uint32_t n)
{
    if (wrong && certificate->n_wrong++ == 0)
        certificate->wrong_n = n;
}

static struct regret check_fixed(const struct decision_table *table, uint32_t n)
{
    struct objective_regret regret =
        price(&table->threshold, n, table->rtt_s, decision_table_choose_fixed(table, n), true);
    return (struct regret){
        .worst = regret.absolute, .worst_relative = regret.relative, .worst_rtt_s = table->rtt_s};
}

/* The round trips, us, on both sides of the break-even: first .. last. */
static void sides(const struct decision_table *table, uint32_t n, int64_t *first, int64_t *last)
{
    int64_t break_even = (int64_t)decision_table_break_even_us(table, n);
    int more = objective_is_scalar(&table->threshold.objective) ? 0 : 1;
    *first = break_even - 1 - more;
    *last = break_even + more;
    *first = *first < 0 ? 0 : *first;
    *last = *last > UINT32_MAX ? UINT32_MAX : *last;
}

static struct regret check_rtt(const struct decision_table *table, uint32_t n)
{
    bool scalar = objective_is_scalar(&table->threshold.objective);
    struct regret worst = {0};
    int64_t first, last;
    sides(table, n, &first, &last);
    for (int64_t rtt_us = first; rtt_us <= last; rtt_us++) {
        double rtt_s = (double)rtt_us * microsecond_s;
        int decision = decision_table_choose(table, n, (uint32_t)rtt_us);
        struct objective_regret regret = price(&table->threshold, n, rtt_s, decision, false);
        keep_worst(&worst, scalar, n, rtt_s, &regret);
    }
    return worst;
}

static bool is_right(const struct decision_table *table, uint32_t n)
{
    bool right = is_good(table, n, table->rtt_s, decision_table_choose_fixed(table, n));
    int64_t first, last;
    if (table->link != LINK_RTT)
        return right;
    sides(table, n, &first, &last);
    for (int64_t rtt_us = first; rtt_us <= last; rtt_us++)
        right = right && is_good_nearby(table, n, (double)rtt_us * microsecond_s,
                                        decision_table_choose(table, n, (uint32_t)rtt_us));
    return right;
}

static void check_length(const struct decision_table *table, uint32_t n,
                         struct certificate *certificate, struct tally *choose,
                         struct tally *choose_rtt)
{
    struct regret regret = check_fixed(table, n);
    tally_add(choose, &table->threshold, n, &regret);
    if (table->link == LINK_RTT) {
        regret = check_rtt(table, n);
        tally_add(choose_rtt, &table->threshold, n, &regret);
    }
    double remote = fmin(fmax(threshold_remote_s(&table->expected, n), 0), UINT32_MAX * 1e-6);
    double error = fabs(decision_table_remote_us(table, n) * 1e-6 - remote);
    certificate->worst_remote_s = fmax(certificate->worst_remote_s, error);
    count_wrong(certificate, error > microsecond_s * (1 + 1e-6) || !is_right(table, n), n);
    certificate->n_checked++;
}

/* The mean over a histogram, whatever lengths were checked. */
static void expect(const struct decision_table *table, const struct histogram *lengths,
                   struct regret (*check)(const struct decision_table *, uint32_t),
                   struct regret *regret)
{
    regret->expected = regret->expected_relative = 0;
    for (size_t i = 0; i < lengths->n; i++) {
        double share = (double)lengths->counts[i] / (double)lengths->total;
        struct regret one = check(table, lengths->lengths[i]);
        regret->expected += share * one.worst;
        regret->expected_relative += share * one.worst_relative;
    }
}

static struct regret tally_finish(const struct tally *tally, const struct decision_table *table,
                                  const struct histogram *lengths,
                                  struct regret (*check)(const struct decision_table *, uint32_t))
{
    struct regret regret = tally->regret;
    if (lengths) {
        expect(table, lengths, check, &regret);
    } else if (tally->n > 0) {
        regret.expected = tally->sum / (double)tally->n;
        regret.expected_relative = tally->sum_relative / (double)tally->n;
    }
    if (!objective_is_scalar(&table->threshold.objective))
        regret.worst = regret.expected = NAN;
    return regret;
}

struct certificate certificate_make(const struct decision_table *table,
                                    const struct histogram *lengths)
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
    certificate.choose = tally_finish(&choose, table, lengths, check_fixed);
    if (table->link == LINK_RTT)
        certificate.choose_rtt = tally_finish(&choose_rtt, table, lengths, check_rtt);
    return certificate;
}

enum status certificate_check(const struct certificate *certificate, struct error *error)
{
    if (certificate->n_wrong == 0)
        return STATUS_OK;
    return error_set(error, STATUS_FAILED,
                     "the table that was made contradicts the models at %" PRIu64
                     " lengths, the first %" PRIu32
                     ": a fault of rnngen, which writes nothing then; "
                     "report it with the database",
                     certificate->n_wrong, certificate->wrong_n);
}
