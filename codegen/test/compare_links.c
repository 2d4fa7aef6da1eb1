/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges compiled headers of link tables: every decision against costs computed here in doubles
 * from the models, over all lengths and a dense grid of links, around the links at which two
 * targets cost the same, and at the extremes of all arguments.
 *
 * A decision is right when no other target is better even with every cost off by what the header
 * promises to round by.
 */
#include "compare_links.h"

#include <math.h>
#include <stdio.h>

static unsigned long wrong;
static unsigned long long judged;
static const struct compared_set *set;

static void say(uint32_t n, const struct numbers *links, const char *what, double x)
{
    if (wrong++ >= 20)
        return;
    printf("%s: n %lu: %s %.9g", set->name, (unsigned long)n, what, x);
    for (int k = 0; links && k + 1 < set->n_targets; k++)
        printf(" [%lu %lu %lu]", (unsigned long)links[k].rtt_us, (unsigned long)links[k].up,
               (unsigned long)links[k].down);
    puts("");
}

/* ---- costs */

static double value(const struct curve_of *c, double n, double none)
{
    int i = 0;
    if (c->n == 0)
        return none;
    while (i + 1 < c->n && n > c->to[i])
        i++;
    double v = c->intercept[i] + c->slope[i] * n + c->quadratic * n * n;
    return n < c->n_min && v < 0 ? 0 : v;
}

struct cost {
    double time, energy;
};

static struct cost cost_of(int target, double n, double r, double u, double d)
{
    const struct site_of *site = &set->sites[target];
    struct cost cost;
    cost.time = value(&site->time, n, 0);
    cost.energy = value(&site->energy, n, 0);
    if (target == 0)
        return cost;
    double up = u * fmax(value(&site->up, n, 0), 0), down = d * fmax(value(&site->down, n, 0), 0);
    double wait = value(&site->trips, n, 1) * r + cost.time;
    cost.time = wait + up + down;
    cost.energy = site->e0 + site->tx * up + site->rx * down + site->wait * wait;
    return cost;
}

static struct cost cost_now(int target, double n, const struct numbers *x)
{
    if (target == 0)
        return cost_of(0, n, 0, 0, 0);
    return cost_of(target, n, x->rtt_us * 1e-6, set->bandwidth ? x->up * 1e-12 : set->up_s_per_byte,
                   set->bandwidth ? x->down * 1e-12 : set->down_s_per_byte);
}

/* ---- objectives: what is less is better */

enum { TIME, ENERGY, WEIGHTED, EDP, ENERGY_AT_DEADLINE, TIME_AT_ENERGY };

struct key {
    int rank;
    double value;
};

/* `first` is what a limit limits or the first factor, `second` what is least within it. */
static struct key key_of(double first, double second)
{
    struct key key = {0, first};
    if (set->objective == EDP)
        key.value = first * second;
    if (set->objective >= ENERGY_AT_DEADLINE) {
        key.rank = first > set->parameter;
        key.value = key.rank ? first : second;
    }
    return key;
}

static double weigh(const struct cost *c)
{
    double w = set->parameter;
    return (w > 0 ? w * c->time / set->mean_time_s : 0) +
           (w < 1 ? (1 - w) * c->energy / set->mean_energy_j : 0);
}

static void parts(const struct cost *c, double part[2])
{
    int energy_first = set->objective == ENERGY || set->objective == TIME_AT_ENERGY;
    part[0] = energy_first ? c->energy : c->time;
    part[1] = energy_first ? c->time : c->energy;
    if (set->objective == EDP) { /* no product of two factors below 0 */
        part[0] = fmax(part[0], 0);
        part[1] = fmax(part[1], 0);
    }
    if (set->objective == WEIGHTED)
        part[0] = weigh(c);
}

static int is_less(struct key a, struct key b)
{
    return a.rank < b.rank || (a.rank == b.rank && a.value < b.value);
}

/* ---- judging */

static double off(int i, double cost, const struct numbers *x)
{
    const struct promise *p = &set->promises[i];
    double per = 0;
    if (x)
        per = p->per[0] * x->rtt_us + p->per[1] * x->up + p->per[2] * x->down;
    return p->relative * fabs(cost) + p->absolute + per + 1e-12 * fabs(cost);
}

/* The key of a target, all costs moved in one direction by what they may be off. */
static struct key moved_key(int target, double n, const struct numbers *x, int direction)
{
    double part[2];
    struct cost c = cost_now(target, n, x);
    parts(&c, part);
    for (int i = 0; i < 2; i++) {
        part[i] += direction * off(i, part[i], x);
        if (set->objective == EDP && part[i] < 0)
            part[i] = 0;
    }
    return key_of(part[0], part[1]);
}

/* What is proved of one number that is to be least. */
static void judge_bound(uint32_t n, const struct numbers *links, int chosen, int k)
{
    double m = n < 2 * set->n_max ? n : 2 * set->n_max, mine[2], its[2], per = 0;
    struct cost a = cost_now(chosen, m, chosen ? &links[chosen - 1] : 0);
    struct cost b = cost_now(k, m, k ? &links[k - 1] : 0);
    if (set->objective >= EDP)
        return;
    parts(&a, mine);
    parts(&b, its);
    for (int i = 0; i + 1 < set->n_targets; i++) {
        const double *p = set->promises[0].per;
        per += p[0] * links[i].rtt_us + p[1] * links[i].up + p[2] * links[i].down;
    }
    double most = (set->bound_relative + 1e-12) * fabs(its[0]) + 1e-12 * fabs(mine[0]) +
                  set->bound_absolute + set->bound_times * per;
    if (mine[0] - its[0] > most)
        say(n, links, "beyond the bound by", mine[0] - its[0] - most);
}

static void judge(uint32_t n, const struct numbers *links)
{
    double m = n < 2 * set->n_max ? n : 2 * set->n_max;
    if (set->fixed)
        return;
    int chosen = set->choose_links(n, links);
    judged++;
    if (chosen < 0 || chosen >= set->n_targets) {
        say(n, links, "no target:", chosen);
        return;
    }
    struct key mine = moved_key(chosen, m, chosen ? &links[chosen - 1] : 0, -1);
    for (int k = 0; k < set->n_targets; k++) {
        if (k == chosen)
            continue;
        struct key other = moved_key(k, m, k ? &links[k - 1] : 0, +1);
        if (is_less(other, mine))
            say(n, links, "another is better by", mine.value - other.value);
        judge_bound(n, links, chosen, k);
    }
}

static uint64_t state = 42;
static uint32_t draw(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

static uint32_t draw_number(void)
{
    uint32_t x = draw();
    return x % 16 == 0 ? 0 : x % 16 == 1 ? UINT32_MAX : draw() >> (x >> 8) % 32;
}

static void draw_links(struct numbers *links)
{
    for (int k = 0; k + 1 < set->n_targets; k++) {
        links[k].rtt_us = draw_number();
        links[k].up = draw_number();
        links[k].down = draw_number();
    }
}

static uint32_t *axis_of(struct numbers *links, int i)
{
    struct numbers *x = &links[i / 3];
    return i % 3 == 0 ? &x->rtt_us : i % 3 == 1 ? &x->up : &x->down;
}

/* Around the number at which, along one axis, the answer changes. */
static void judge_change(uint32_t n, struct numbers *links, uint32_t *x)
{
    uint32_t low = 0, high = UINT32_MAX;
    if (set->fixed)
        return;
    *x = low;
    int at_low = set->choose_links(n, links);
    *x = high;
    if (set->choose_links(n, links) == at_low)
        return;
    while (high - low > 1) {
        *x = low + (high - low) / 2;
        if (set->choose_links(n, links) == at_low)
            low = *x;
        else
            high = *x;
    }
    for (int k = -3; k <= 3; k++) {
        *x = low + (uint32_t)k;
        judge(n, links);
    }
}

/* Around the number at which two costs are truly equal along one axis: found on the costs. */
static void judge_crossing(uint32_t n, struct numbers *links, int i, int other)
{
    uint32_t *x = axis_of(links, i), low = 0, high = UINT32_MAX;
    int target = 1 + i / 3;
    double m = n < 2 * set->n_max ? n : 2 * set->n_max;
    while (high - low > 1) {
        *x = low + (high - low) / 2;
        double mine[2], its[2];
        struct cost a = cost_now(target, m, &links[target - 1]);
        struct cost b = cost_now(other, m, other ? &links[other - 1] : 0);
        parts(&a, mine);
        parts(&b, its);
        if (is_less(key_of(mine[0], mine[1]), key_of(its[0], its[1])))
            low = *x;
        else
            high = *x;
    }
    for (int k = -2; k <= 2; k++) {
        *x = low + (uint32_t)k;
        judge(n, links);
    }
}

static void check_length(uint32_t n, int n_draws)
{
    struct numbers links[SITES_MAX];
    int n_axes = 3 * (set->n_targets - 1);
    double m = n < 2 * set->n_max ? n : 2 * set->n_max;
    for (uint32_t corner = 0; corner < 8; corner++) {
        for (int i = 0; i < n_axes; i++)
            *axis_of(links, i) = corner >> i % 3 & 1 ? UINT32_MAX : 0;
        judge(n, links);
    }
    for (int i = 0; i < n_draws; i++) {
        draw_links(links);
        judge(n, links);
        if (i % 4 == 0)
            judge_change(n, links, axis_of(links, (int)(draw() % (unsigned)n_axes)));
        if (i % 4 == 1)
            judge_crossing(n, links, (int)(draw() % (unsigned)n_axes), 0);
        if (i % 8 == 2 && set->n_targets > 2) {
            int axis = (int)(draw() % (unsigned)n_axes);
            judge_crossing(n, links, axis, 1 + (axis / 3 + 1) % (set->n_targets - 1));
        }
    }
    for (int k = 1; k < set->n_targets; k++) {
        struct cost c = cost_of(k, m, 0, set->bandwidth ? 0 : set->up_s_per_byte,
                                set->bandwidth ? 0 : set->down_s_per_byte);
        double us = fmin(fmax(c.time * 1e6, 0), 4294967295.0);
        if (!(fabs(set->remote_us[k](n) - us) <= 1 + 1e-12 * us))
            say(n, 0, "remote_us of target", k);
    }
}

/* The design link: right but for rounding, or within the regret that was accepted. */
static void check_choose(uint32_t n)
{
    double m = n < 2 * set->n_max ? n : 2 * set->n_max, part[2];
    int chosen = set->choose(n);
    struct key keys[SITES_MAX];
    for (int k = 0; k < set->n_targets; k++) {
        struct cost c = cost_of(k, m, set->rtt_s, set->up_s_per_byte, set->down_s_per_byte);
        parts(&c, part);
        keys[k] = key_of(part[0], part[1]);
    }
    for (int k = 0; k < set->n_targets; k++) {
        double base = fabs(keys[k].value), slack = set->max_regret * base;
        if (keys[k].rank < keys[chosen].rank ||
            (keys[k].rank == keys[chosen].rank &&
             keys[chosen].value - keys[k].value >
                 slack + 1e-11 * (base + fabs(keys[chosen].value))))
            say(n, 0, "choose: another is better by", keys[chosen].value - keys[k].value);
    }
}

static void check_set(void)
{
    uint64_t hash = 7;
    struct numbers links[SITES_MAX];
    uint32_t longest = 2 * set->n_max;
    state = 42;
    for (uint32_t n = 0; n < 3 * set->n_max; n++) {
        draw_links(links);
        hash = hash * 31 + (unsigned)set->choose_links(n, links) * 16u + (unsigned)set->choose(n);
        for (int k = 1; k < set->n_targets; k++)
            hash = hash * 31 + set->remote_us[k](n);
    }
    if (hash != set->hash)
        say(0, 0, "not what the interpreter says", 0);
    if (set->n_max != (uint32_t)set->header_n_max)
        say(0, 0, "N_MAX", (double)set->header_n_max);
    uint32_t step = longest / 100 + 1;
    for (uint32_t n = 0; n <= longest + 2; n++) {
        check_choose(n);
        if (n < 4 || n % step == 0 || n + 3 > longest)
            check_length(n, 24);
    }
    check_length(longest + draw() / 2, 24);
    check_length(UINT32_MAX, 24);
    check_length(UINT32_C(0x80000000), 24);
}

int main(void)
{
    for (set = compared_sets; set->name; set++)
        check_set();
    printf("%llu judged, %lu wrong\n", judged, wrong);
    return wrong != 0;
}
