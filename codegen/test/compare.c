// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Generated headers against brute force: at each length and many round trips both costs are
 * computed from the models and compared as the objective says. This program shares no code with the
 * generator; test_compiled.c compiles it beside a list of headers.
 */
#include "codegen/test/compare.h"

#include <math.h>
#include <stdio.h>

static double value(const struct compared_model *m, uint32_t n)
{
    int i = 0;
    while (i < m->last && n > m->to[i])
        i++;
    double v = m->intercept[i] + m->slope[i] * n + m->quadratic * n * n;
    return n < m->n_min && v < 0 ? 0 : v;
}

struct cost {
    double time, energy;
};

struct length {
    const struct compared *p;
    struct cost mean; /* of the device, for `weighted` */
    uint32_t n, m;    /* as asked, and as it counts */
    struct cost edge;
    double up, down, trips, remote;
};

static double positive(double x)
{
    return x > 0 ? x : 0;
}

static struct length length_at(const struct compared *p, struct cost mean, uint32_t n)
{
    uint32_t m = n < 2 * p->n_max ? n : 2 * p->n_max;
    struct length at = {p, mean, n, m, {value(&p->time, m), value(&p->energy, m)}, 0, 0, 0, 0};
    at.up = positive(value(&p->up, m)) * p->up_s;
    at.down = positive(value(&p->down, m)) * p->down_s;
    at.trips = value(&p->trips, m);
    at.remote = value(&p->remote, m);
    return at;
}

static struct cost cloud_at(const struct length *at, double rtt_s)
{
    const struct compared *p = at->p;
    double remote = at->remote, bytes = at->up + at->down;
    double energy = p->e0 + p->p_tx * at->up + p->p_rx * at->down + p->p_wait * remote;
    if (p->objective == 'p') { /* factors of a product are held at 0 */
        bytes = positive(bytes + remote);
        remote = 0;
        energy = positive(energy);
    }
    struct cost cost = {at->trips * rtt_s + bytes + remote, energy + p->p_wait * at->trips * rtt_s};
    return cost;
}

/* How dear a cost is: by rank first, then by value. */
struct price {
    int rank;
    double value;
};

static struct price price_of(const struct length *at, struct cost cost, double parameter)
{
    struct price price = {0, 0};
    switch (at->p->objective) {
    case 't':
        price.value = cost.time;
        break;
    case 'e':
        price.value = cost.energy;
        break;
    case 'w':
        if (parameter > 0)
            price.value += parameter * cost.time / at->mean.time;
        if (parameter < 1)
            price.value += (1 - parameter) * cost.energy / at->mean.energy;
        break;
    case 'p':
        price.value = positive(cost.time) * positive(cost.energy);
        break;
    case 'd':
        price.rank = cost.time > parameter;
        price.value = price.rank ? cost.time : cost.energy;
        break;
    default:
        price.rank = cost.energy > parameter;
        price.value = price.rank ? cost.energy : cost.time;
    }
    return price;
}

/* Whether a decision is right, to the rounding of double precision. */
static int is_best(const struct length *at, double rtt_s, int decision, double parameter)
{
    struct cost cloud_cost = cloud_at(at, rtt_s);
    struct price edge = price_of(at, at->edge, parameter);
    struct price cloud = price_of(at, cloud_cost, parameter);
    double size = fabs(edge.value) + fabs(cloud.value);
    if (edge.rank != cloud.rank)
        return decision == (cloud.rank < edge.rank);
    if (edge.rank == 0) { /* the parts that the endpoint's cost is summed from */
        struct cost parts = {fabs(at->remote) + cloud_cost.time,
                             fabs(cloud_cost.energy) + at->p->p_wait * fabs(at->remote)};
        double all = at->p->objective == 'w' ? parameter : INFINITY;
        size += fabs(price_of(at, parts, all).value);
    }
    if (fabs(edge.value - cloud.value) <= 2e-12 * size)
        return 1;
    return decision == (cloud.value < edge.value);
}

/* The same where a deadline or a budget may be off by rounding. */
static int is_right(const struct length *at, double rtt_s, int decision)
{
    double parameter = at->p->parameter;
    if (is_best(at, rtt_s, decision, parameter))
        return 1;
    if (at->p->objective != 'd' && at->p->objective != 'b')
        return 0;
    return is_best(at, rtt_s, decision, parameter * (1 + 1e-12)) ||
           is_best(at, rtt_s, decision, parameter * (1 - 1e-12));
}

/* Whether it costs no more than the accepted share above the better one of the same rank. */
static int is_accepted(const struct length *at, double rtt_s, int decision)
{
    struct price edge = price_of(at, at->edge, at->p->parameter);
    struct price cloud = price_of(at, cloud_at(at, rtt_s), at->p->parameter);
    double chosen = decision ? cloud.value : edge.value;
    double least = fmin(edge.value, cloud.value);
    return edge.rank == cloud.rank && at->p->max_regret > 0 &&
           chosen - least <= at->p->max_regret * least * (1 + 1e-9);
}

static unsigned long wrong;

static void say(const struct compared *p, uint32_t n, uint32_t r, const char *what, double x)
{
    if (wrong++ < 20)
        printf("%s (%c %g): n %lu r %lu: %s %.9g\n", p->name, p->objective, p->parameter,
               (unsigned long)n, (unsigned long)r, what, x);
}

/* A decision must be right for some round trip within a microsecond, or be accepted. */
static void check_rtt(const struct length *at, uint32_t r)
{
    double rtt_s = r * 1e-6, step = 1.000001e-6 + 1e-11 * rtt_s;
    int got = at->p->choose_rtt(at->n, r);
    if (got >> 1)
        say(at->p, at->n, r, "no decision", got);
    if (is_right(at, rtt_s, got) || is_right(at, rtt_s + step, got) ||
        is_right(at, positive(rtt_s - step), got) || is_accepted(at, rtt_s, got))
        return;
    say(at->p, at->n, r, "choose_rtt says", got);
}

/* The integer break-even as the header has it. */
static uint64_t header_even(const struct length *at)
{
    uint64_t low = 0, high = (uint64_t)1 << 32;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (at->p->choose_rtt(at->n, (uint32_t)middle))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t state = 42;

static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32) >> (state >> 20 & 31);
}

static void check(const struct compared *p, struct cost mean, uint32_t n, int n_draws)
{
    struct length at = length_at(p, mean, n);
    double us = fmin(positive((at.remote + at.up + at.down) * 1e6), 4294967295.0);
    int fixed = p->choose(n);
    if (!is_right(&at, p->rtt_s, fixed) && !is_accepted(&at, p->rtt_s, fixed))
        say(p, n, 0, "choose says", fixed);
    if (!(fabs(p->remote_us(n) - us) < 1.000001 + 1e-9 * us))
        say(p, n, p->remote_us(n), "remote", us);
    check_rtt(&at, 0);
    check_rtt(&at, 1);
    check_rtt(&at, UINT32_MAX);
    uint64_t even = header_even(&at);
    for (int k = -3; k <= 2; k++) {
        int64_t r = (int64_t)even + k;
        if (r >= 0 && r <= UINT32_MAX)
            check_rtt(&at, (uint32_t)r);
    }
    for (int i = 0; i < n_draws; i++)
        check_rtt(&at, draw());
}

static struct cost mean_of(const struct compared *p)
{
    struct cost sum = {0, 0};
    for (uint32_t n = 1; n <= p->n_max; n++) {
        sum.time += value(&p->time, n) / p->n_max;
        sum.energy += value(&p->energy, n) / p->n_max;
    }
    return sum;
}

/* The same walk as the generator's own test of its interpreter. */
static void check_hash(const struct compared *p)
{
    uint64_t hash = 7, word = 1;
    for (uint32_t n = 0; n < 3 * p->n_max; n++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        uint32_t r = (uint32_t)(word >> 32) >> (word >> 20 & 31);
        uint64_t all = p->remote_us(n) * (uint64_t)4 + (unsigned)p->choose(n) * 2u;
        hash = hash * 31 + all + (unsigned)p->choose_rtt(n, r);
    }
    if (hash != p->hash)
        say(p, 0, 0, "not what decision_table_choose says", 0);
}

int main(void)
{
    for (const struct compared *p = compared_headers; p->name; p++) {
        struct cost mean = mean_of(p);
        int n_draws = p->n_max <= 400 ? 60 : 12;
        check_hash(p);
        if (p->n_max != (uint32_t)p->header_n_max)
            say(p, 0, 0, "N_MAX", (double)p->header_n_max);
        for (uint32_t n = 0; n <= 2 * p->n_max + 2; n++)
            check(p, mean, n, n_draws);
        for (int i = 0; i < 20; i++)
            check(p, mean, 2 * p->n_max + draw() / 2, 10);
        check(p, mean, UINT32_MAX, 10);
        check(p, mean, UINT32_MAX - 1, 10);
        check(p, mean, UINT32_C(0x80000000), 10);
    }
    printf("%lu wrong\n", wrong);
    return wrong != 0;
}
