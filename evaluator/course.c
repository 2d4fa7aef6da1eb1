// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An answer that is still on its way: the product hears of it at `at_s`. */
struct answer {
    double at_s;
    uint32_t i; /* the request */
    struct sight sight;
};

/* A request that is given up, which the device gets then. */
struct given_up {
    double at_s;
    uint32_t i;
};

struct course {
    const struct ledger *ledger;
    /* Both NULL where nothing queues. */
    struct answer *answers;    /* a heap, the earliest first */
    struct given_up *given_up; /* in the order of time */
    size_t n_answers, n_given_up, n_resumed;
    double edge_free_s, cloud_free_s;
    const struct policy *policy;
    struct belief belief;
    struct belief_view view; /* as the request is decided with */
    bool *offloads;          /* n: what the last run decided */
    struct expected_cost *costs;
    struct fare *fare;
};

enum status course_open(const struct ledger *ledger, struct course **course, struct error *error)
{
    struct course *c = calloc(1, sizeof *c);
    bool enough = c && (c->offloads = malloc(ledger->n * sizeof *c->offloads));
    if (enough && ledger->open) {
        c->answers = malloc(ledger->n * sizeof *c->answers);
        c->given_up = malloc(ledger->n * sizeof *c->given_up);
        enough = c->answers && c->given_up;
    }
    if (!enough) {
        course_close(c);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu requests", ledger->n);
    }
    c->ledger = ledger;
    *course = c;
    return STATUS_OK;
}

void course_close(struct course *course)
{
    if (!course)
        return;
    free(course->offloads);
    free(course->answers);
    free(course->given_up);
    free(course);
}

/* ---- what the policy sees */

static void push(struct course *c, const struct answer *answer)
{
    size_t i = c->n_answers++;
    for (; i > 0 && c->answers[(i - 1) / 2].at_s > answer->at_s; i = (i - 1) / 2)
        c->answers[i] = c->answers[(i - 1) / 2];
    c->answers[i] = *answer;
}

static struct answer pop(struct course *c)
{
    struct answer first = c->answers[0], last = c->answers[--c->n_answers];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < c->n_answers) {
        if (child + 1 < c->n_answers && c->answers[child + 1].at_s < c->answers[child].at_s)
            child++;
        if (last.at_s <= c->answers[child].at_s)
            break;
        c->answers[i] = c->answers[child];
        i = child;
    }
    c->answers[i] = last;
    return first;
}

/* One way of a request's bytes: how long the product takes them to have travelled, and what that
 * shows of the link; INFINITY: nothing. */
struct transfer {
    double s, s_per_byte;
};

/* It knows when bytes arrived that it is charged for. Those that it did not wait for took what was
 * to be expected; where it is not charged for them, what stalls them is a delay like others. */
static struct transfer transfer(double took_s, double bytes, double s_per_byte,
                                double believed_s_per_byte, bool unknown)
{
    double expected_s = bytes * believed_s_per_byte;
    if (bytes <= 0)
        return (struct transfer){0, s_per_byte};
    if (unknown || !isfinite(took_s))
        return (struct transfer){isfinite(expected_s) ? expected_s : 0, INFINITY};
    return (struct transfer){took_s, took_s / bytes};
}

/* What a request showed that was waited for so long. Elapsed time less what was to be expected
 * counts as link, whatever it was spent on: congestion, outages and queues too. A product that
 * tracks bandwidth knows whether its bytes had gone when it gave up: if not, all the time was
 * theirs. */
static struct cost_link shown(const struct course *c, const struct request *request,
                              double elapsed_s, double waited_s, bool answered)
{
    const struct known_length *length = &c->ledger->lengths[request->place];
    const struct cost_link *believed = &c->view.believed;
    bool tracks = !c->ledger->by_table;
    double link_s = fmax(elapsed_s - length->remote_s, 0);
    if (tracks && !answered && length->bytes_up > 0 && !(request->up_s <= waited_s))
        return (struct cost_link){INFINITY, link_s / length->bytes_up, INFINITY};
    struct transfer up = transfer(request->up_s, length->bytes_up, request->up_s_per_byte,
                                  believed->up_s_per_byte, !answered && !tracks);
    struct transfer down = transfer(request->transfer_s - request->up_s, length->bytes_down,
                                    request->down_s_per_byte, believed->down_s_per_byte, !answered);
    return (struct cost_link){fmax(link_s - up.s - down.s, 0) / length->round_trips, up.s_per_byte,
                              down.s_per_byte};
}

/* What a request that was given up cost, its run here included, beyond what it should have without
 * any round trip: as round trips of a link whose bandwidth is known. */
static double shown_rtt_s(const struct course *c, const struct request *request, double elapsed_s)
{
    const struct ledger *ledger = c->ledger;
    const struct known_length *length = &ledger->lengths[request->place];
    const struct cost_link near = {0, ledger->design.up_s_per_byte, ledger->design.down_s_per_byte};
    struct expected_cost spent = {
        elapsed_s, request_cloud_j(ledger, request, elapsed_s - request->edge_s) + request->edge_j};
    struct expected_cost expected = known_cloud_cost(ledger, length, &near);
    double more = objective_measure(&ledger->objective, &spent) -
                  objective_measure(&ledger->objective, &expected);
    return fmax(more, 0) * length->worth.rtt_s;
}

/* Elapsed: with the run on the device of what was given up. */
static void learn(struct course *c, uint32_t i, double elapsed_s, double waited_s, bool failed,
                  bool given_up)
{
    const struct request *request = &c->ledger->requests[i];
    struct answer answer = {
        .at_s = request->at_s + elapsed_s,
        .i = i,
        .sight = {.clock_s = request->clock_s,
                  .elapsed_s = elapsed_s,
                  .link = shown(c, request, elapsed_s, waited_s, !failed && !given_up),
                  .failed = failed}};
    if (given_up && c->ledger->by_table && objective_needs_energy(&c->ledger->objective))
        answer.sight.link.rtt_s = shown_rtt_s(c, request, elapsed_s);
    if (c->ledger->open) {
        answer.sight.clock_s += elapsed_s;
        push(c, &answer);
    } else { /* the next request comes after it, whatever the clock of a closed loop says */
        belief_see(&c->belief, &answer.sight);
    }
}

/* A probe before each request told its round trip. */
static void learn_probe(struct course *c, uint32_t i)
{
    const struct request *request = &c->ledger->requests[i];
    belief_see(&c->belief, &(struct sight){.clock_s = request->clock_s,
                                           .link = {request->rtt_s, request->up_s_per_byte,
                                                    request->down_s_per_byte},
                                           .failed = isnan(request->rtt_s)});
}

/* ---- queues */

/* What staying cost, as the figures of the link that would cost as much. */
static void keep(struct course *c, const struct request *request)
{
    const struct cost_link *worth = &c->ledger->lengths[request->place].worth;
    struct expected_cost edge = {request->edge_s, request->edge_j};
    double cost = objective_measure(&c->ledger->objective, &edge);
    belief_keep(&c->belief, &(struct cost_link){cost * worth->rtt_s, cost * worth->up_s_per_byte,
                                                cost * worth->down_s_per_byte});
}

static void run_on_device(struct course *c, uint32_t i, double from_s)
{
    const struct request *request = &c->ledger->requests[i];
    double start_s = c->ledger->open ? fmax(from_s, c->edge_free_s) : from_s;
    c->edge_free_s = start_s + request->edge_s;
    c->fare->wait_s += start_s - from_s;
    c->costs[i].time_s = (start_s - request->at_s) + request->edge_s;
    c->costs[i].energy_j += request->edge_j;
    if (c->policy->learns)
        keep(c, request);
}

/* Requests that were given up by now take their turn on the device before later ones. */
static void resume(struct course *c, double now_s)
{
    while (c->n_resumed < c->n_given_up) {
        struct given_up next = c->given_up[c->n_resumed];
        if (next.at_s > now_s)
            break;
        run_on_device(c, next.i, next.at_s);
        c->n_resumed++;
    }
}

static void give_up(struct course *c, uint32_t i, double after_s)
{
    double at_s = c->ledger->requests[i].at_s + after_s;
    c->fare->n_failed++;
    if (!c->ledger->open) {
        run_on_device(c, i, at_s);
        return;
    }
    size_t place = c->n_given_up++;
    for (; place > c->n_resumed && c->given_up[place - 1].at_s > at_s; place--)
        c->given_up[place] = c->given_up[place - 1];
    c->given_up[place] = (struct given_up){at_s, i};
}

/* When a request that takes elapsed_s, or is never answered, has cost so much of an objective that
 * looks at energy; INFINITY: it is answered before. */
static double spent_s(const struct ledger *ledger, const struct request *request, double elapsed_s,
                      double most)
{
    static const double never_s = 1e6;
    double low_s = 0, high_s = fmin(elapsed_s, never_s);
    struct expected_cost whole = {high_s, request_cloud_j(ledger, request, high_s)};
    if (!(objective_measure(&ledger->objective, &whole) > most))
        return INFINITY;
    for (int i = 0; i < 50; i++) {
        double middle_s = (low_s + high_s) / 2;
        struct expected_cost cost = {middle_s, request_cloud_j(ledger, request, middle_s)};
        *(objective_measure(&ledger->objective, &cost) > most ? &high_s : &low_s) = middle_s;
    }
    return high_s;
}

/* How long the policy waits for an answer: until it has cost so many times what the device would;
 * where there is a limit to keep, so many times as long as it may take to be worth as much. */
static double patience_s(const struct course *c, const struct request *request, double elapsed_s)
{
    const struct ledger *ledger = c->ledger;
    const struct known_length *length = &ledger->lengths[request->place];
    const struct cost_link *design = &ledger->design;
    double patience = c->policy->patience, timeout_s = ledger->timeout_s;
    if (!(patience > 0))
        return timeout_s;
    if (objective_is_scalar(&ledger->objective) && objective_needs_energy(&ledger->objective)) {
        struct expected_cost edge = known_edge_cost(length);
        double most = patience * objective_measure(&ledger->objective, &edge);
        return fmin(timeout_s, spent_s(ledger, request, fmin(elapsed_s, timeout_s), most));
    }
    double even_s = length->remote_s + length->round_trips * (double)length->break_even_us * 1e-6 +
                    length->bytes_up * design->up_s_per_byte +
                    length->bytes_down * design->down_s_per_byte;
    return even_s > 0 ? fmin(timeout_s, patience * even_s) : timeout_s;
}

/* What is given up before it fails shows a link that takes as long as it all took. */
static void run_at_endpoint(struct course *c, uint32_t i, double wait_s)
{
    const struct request *request = &c->ledger->requests[i];
    double elapsed_s = request->cloud_s + wait_s, timeout_s = patience_s(c, request, elapsed_s);
    bool late = elapsed_s > timeout_s, failed = request->failed || late;
    if (request->reach_s < timeout_s)
        c->cloud_free_s = request->at_s + request->reach_s + wait_s + request->busy_s;
    c->fare->n_offloaded++;
    if (failed)
        elapsed_s = fmin(elapsed_s, timeout_s);
    c->costs[i] = (struct expected_cost){elapsed_s, request_cloud_j(c->ledger, request, elapsed_s)};
    if (failed)
        give_up(c, i, elapsed_s);
    else
        c->fare->wait_s += wait_s;
    if (!c->policy->learns || c->ledger->probed)
        return;
    if (late && timeout_s < c->ledger->timeout_s)
        learn(c, i, elapsed_s + request->edge_s, elapsed_s, false, true);
    else
        learn(c, i, elapsed_s, elapsed_s, failed, false);
}

/* ---- the course */

static void look_around(struct course *c, struct situation *s)
{
    double now_s = s->request->at_s;
    if (c->ledger->open) {
        resume(c, now_s);
        s->edge_wait_s = fmax(c->edge_free_s - now_s, 0);
        s->cloud_wait_s = fmax(c->cloud_free_s - (now_s + s->request->reach_s), 0);
        while (c->n_answers > 0 && c->answers[0].at_s <= now_s) {
            struct answer answer = pop(c);
            belief_see(&c->belief, &answer.sight);
        }
    }
    if (c->policy->learns)
        c->view = belief_view(&c->belief, s->request->clock_s);
}

/* Whether the request is sent against what was last seen of the link. */
static bool probes(const struct course *c, const struct situation *s)
{
    return c->policy->learns && !c->ledger->probed &&
           !would_offload(c->ledger, s->length, &c->view.seen);
}

static void judge(struct course *c, const struct situation *s, bool offload)
{
    struct fare *fare = c->fare;
    struct expected_cost edge = situation_expected(s, false), cloud = situation_expected(s, true);
    double patience = patience_s(c, s->request, cloud.time_s);
    bool best = cloud_is_better(c->ledger, &edge, &cloud), probe = offload && probes(c, s);
    fare->n_probes += probe;
    if (offload == best)
        return;
    if (cloud.time_s > patience && patience < c->ledger->timeout_s)
        cloud = cost_given_up(c->ledger, s->request, patience, &edge);
    fare->n_wrong++;
    double regret = ledger_price(c->ledger, &edge) - ledger_price(c->ledger, &cloud);
    if (!best)
        regret = -regret;
    /* an unknown link expects none; a limit that is missed is counted by itself */
    if (!isfinite(regret) || (c->ledger->miss_price > 0 && fabs(regret) >= c->ledger->miss_price))
        return;
    fare->expected_regret += regret;
    if (!offload)
        fare->kept_loss += regret;
    if (probe)
        fare->probe_loss += regret;
}

void course_run(struct course *course, const struct policy *policy,
                const struct hindsight *hindsight, uint64_t seed, size_t n,
                struct expected_cost *costs, struct fare *fare)
{
    const struct ledger *ledger = course->ledger;
    struct random coin = {~seed}; /* not the numbers that intervals are resampled with */
    struct situation s = {
        .ledger = ledger, .coin = &coin, .believed = &course->view.decide, .hindsight = hindsight};
    *fare = (struct fare){0};
    memset(costs, 0, n * sizeof *costs);
    course->policy = policy;
    course->costs = costs;
    course->fare = fare;
    course->n_answers = course->n_given_up = course->n_resumed = 0;
    course->edge_free_s = course->cloud_free_s = -INFINITY;
    belief_start(&course->belief, policy->learns, &ledger->design);
    for (size_t i = 0; i < n; i++) {
        s.request = &ledger->requests[i];
        s.length = &ledger->lengths[s.request->place];
        look_around(course, &s);
        bool offload = policy->offload(&s);
        judge(course, &s, offload);
        course->offloads[i] = offload;
        if (offload)
            run_at_endpoint(course, (uint32_t)i, s.cloud_wait_s);
        else
            run_on_device(course, (uint32_t)i, s.request->at_s);
        if (policy->learns && ledger->probed)
            learn_probe(course, (uint32_t)i);
    }
    resume(course, INFINITY);
}

const bool *course_offloads(const struct course *course)
{
    return course->offloads;
}
