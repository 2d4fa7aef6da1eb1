// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/policy.h"

#include "fitter/line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ledger */

static double seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

/* Requests that failed, or whose round trip is unknown, tell nothing about the endpoint. */
static bool usable(const struct request *request)
{
    return !request->cloud_failed && request->rtt_ns >= 0;
}

static enum status fit_lines(struct ledger *ledger, struct error *error)
{
    double *x = malloc(ledger->n * sizeof *x), *y = malloc(ledger->n * sizeof *y);
    enum status status =
        x && y ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for requests");
    size_t n_cloud = 0;
    if (status)
        goto done;
    for (size_t i = 0; i < ledger->n; i++)
        x[i] = ledger->requests[i].n;
    status = line_fit(x, ledger->edge_s, ledger->n, &ledger->edge_line.intercept,
                      &ledger->edge_line.slope, error);
    for (size_t i = 0; i < ledger->n; i++) {
        const struct request *request = &ledger->requests[i];
        if (!usable(request))
            continue;
        x[n_cloud] = request->n;
        y[n_cloud++] = seconds(request->cloud_ns - request->rtt_ns);
    }
    ledger->has_cloud_line = n_cloud > 0;
    if (!status && n_cloud > 0)
        status = line_fit(x, y, n_cloud, &ledger->cloud_line.intercept, &ledger->cloud_line.slope,
                          error);
done:
    free(x);
    free(y);
    return status;
}

static double at(const struct line *line, uint32_t n)
{
    return line->intercept + line->slope * n;
}

enum status ledger_init(struct ledger *ledger, const struct request *requests, size_t n,
                        struct error *error)
{
    *ledger = (struct ledger){.requests = requests, .n = n};
    if (n == 0)
        return error_set(error, STATUS_INVALID, "no request was made");
    double **columns[] = {&ledger->edge_s, &ledger->cloud_s, &ledger->expected_edge_s,
                          &ledger->expected_cloud_s};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        if (!(*columns[c] = calloc(n, sizeof **columns[c]))) {
            ledger_free(ledger);
            return error_set(error, STATUS_NO_MEMORY, "out of memory for requests");
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct request *request = &requests[i];
        ledger->edge_s[i] = seconds(request->edge_ns);
        ledger->cloud_s[i] = seconds(request->cloud_ns);
        if (request->cloud_failed) {
            ledger->cloud_s[i] += ledger->edge_s[i];
            ledger->n_failed++;
        }
    }
    enum status status = fit_lines(ledger, error);
    for (size_t i = 0; !status && i < n; i++) {
        const struct request *request = &requests[i];
        ledger->expected_edge_s[i] = at(&ledger->edge_line, request->n);
        ledger->expected_cloud_s[i] =
            ledger->has_cloud_line && request->rtt_ns >= 0
                ? at(&ledger->cloud_line, request->n) + seconds(request->rtt_ns)
                : INFINITY;
    }
    if (status)
        ledger_free(ledger);
    return status;
}

void ledger_free(struct ledger *ledger)
{
    free(ledger->edge_s);
    free(ledger->cloud_s);
    free(ledger->expected_edge_s);
    free(ledger->expected_cloud_s);
    *ledger = (struct ledger){0};
}

double ledger_cost_s(const struct ledger *ledger, size_t i, bool offload)
{
    return offload ? ledger->cloud_s[i] : ledger->edge_s[i];
}

double ledger_expected_s(const struct ledger *ledger, size_t i, bool offload)
{
    return offload ? ledger->expected_cloud_s[i] : ledger->expected_edge_s[i];
}

/* ---- policies */

static enum status always(const struct ledger *ledger, bool *offload, bool answer)
{
    for (size_t i = 0; i < ledger->n; i++)
        offload[i] = answer;
    return STATUS_OK;
}

static enum status decide_edge(const struct ledger *ledger, const struct header_rule *rule,
                               bool *offload, struct error *error)
{
    (void)rule;
    (void)error;
    return always(ledger, offload, false);
}

static enum status decide_cloud(const struct ledger *ledger, const struct header_rule *rule,
                                bool *offload, struct error *error)
{
    (void)rule;
    (void)error;
    return always(ledger, offload, true);
}

/* What a length gains by being offloaded, over the requests of that length. */
struct gain {
    uint32_t n;
    double gain_s;
};

static int by_length(const void *left, const void *right)
{
    const struct gain *a = left, *b = right;
    return (a->n > b->n) - (a->n < b->n);
}

/*
 * The best of all rules "offload from length t on" and "offload below length t", known only
 * afterwards: the gains summed from either end are largest at the best t.
 */
static enum status decide_fixed(const struct ledger *ledger, const struct header_rule *rule,
                                bool *offload, struct error *error)
{
    (void)rule;
    struct gain *gains = malloc(ledger->n * sizeof *gains);
    double all = 0, below = 0, best = 0;
    uint32_t threshold = UINT32_MAX;
    bool above = true;
    if (!gains)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a threshold");
    for (size_t i = 0; i < ledger->n; i++) {
        gains[i] = (struct gain){ledger->requests[i].n, ledger->edge_s[i] - ledger->cloud_s[i]};
        all += gains[i].gain_s;
    }
    qsort(gains, ledger->n, sizeof *gains, by_length);
    for (size_t i = 0; i < ledger->n; i++) {
        if ((i == 0 || gains[i].n != gains[i - 1].n) && (all - below > best || below > best)) {
            above = all - below >= below;
            best = above ? all - below : below;
            threshold = gains[i].n;
        }
        below += gains[i].gain_s;
    }
    for (size_t i = 0; i < ledger->n; i++)
        offload[i] = (ledger->requests[i].n >= threshold) == above;
    free(gains);
    return STATUS_OK;
}

static uint32_t microseconds(double s)
{
    return s <= 0 ? 0 : s * 1e6 >= UINT32_MAX ? UINT32_MAX : (uint32_t)lround(s * 1e6);
}

/*
 * The generated header with the plainest tracker: a smoothed round trip (RFC 6298, alpha = 1/8)
 * over the requests before this one. A round trip that failed means the device until one works.
 */
static enum status decide_rnnmap(const struct ledger *ledger, const struct header_rule *rule,
                                 bool *offload, struct error *error)
{
    (void)error;
    double believed_s = rule->start_rtt_s;
    bool down = false;
    for (size_t i = 0; i < ledger->n; i++) {
        const struct request *request = &ledger->requests[i];
        offload[i] = !down && rule->choose(rule->user, request->n, microseconds(believed_s));
        down = request->rtt_ns < 0;
        if (!down)
            believed_s += (seconds(request->rtt_ns) - believed_s) / 8;
    }
    return STATUS_OK;
}

static enum status decide_oracle(const struct ledger *ledger, const struct header_rule *rule,
                                 bool *offload, struct error *error)
{
    (void)rule;
    (void)error;
    for (size_t i = 0; i < ledger->n; i++)
        offload[i] = ledger->expected_cloud_s[i] < ledger->expected_edge_s[i];
    return STATUS_OK;
}

static enum status decide_clairvoyant(const struct ledger *ledger, const struct header_rule *rule,
                                      bool *offload, struct error *error)
{
    (void)rule;
    (void)error;
    for (size_t i = 0; i < ledger->n; i++)
        offload[i] = ledger->cloud_s[i] < ledger->edge_s[i];
    return STATUS_OK;
}

const struct policy policies[] = {
    {"edge", "everything on the device", decide_edge},
    {"cloud", "everything at the endpoint", decide_cloud},
    {"fixed", "the best length threshold, chosen afterwards", decide_fixed},
    {"rnnmap", "the generated header with a smoothed round trip", decide_rnnmap},
    {"oracle", "least expected cost at the true round trip", decide_oracle},
    {"clairvoyant", "the faster of the two runs", decide_clairvoyant},
};
const size_t n_policies = sizeof policies / sizeof *policies;
_Static_assert(sizeof policies / sizeof *policies <= MAX_POLICIES, "room for a flag per policy");

int policy_find(const char *name)
{
    for (size_t i = 0; i < n_policies; i++) {
        if (strcmp(policies[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}
