// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/live.h"

#include "fitter/line.h"

#include <math.h>
#include <stdlib.h>

static double seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

struct line {
    double intercept, slope;
};

static double at(const struct line *line, uint32_t n)
{
    return line->intercept + line->slope * n;
}

/* Requests that failed, or whose round trip is unknown, tell nothing about the endpoint. */
static bool usable(const struct live_request *request)
{
    return !request->cloud_failed && request->rtt_ns >= 0;
}

/* The lines through what either place took; *has_cloud is false where no request got through. */
static enum status fit_lines(const struct live_request *requests, size_t n, struct line *edge,
                             struct line *cloud, bool *has_cloud, struct error *error)
{
    double *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    enum status status =
        x && y ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for requests");
    size_t n_cloud = 0;
    if (status)
        goto done;
    for (size_t i = 0; i < n; i++) {
        x[i] = requests[i].n;
        y[i] = seconds(requests[i].edge_ns);
    }
    status = line_fit(x, y, n, &edge->intercept, &edge->slope, error);
    for (size_t i = 0; i < n; i++) {
        if (!usable(&requests[i]))
            continue;
        x[n_cloud] = requests[i].n;
        y[n_cloud++] = seconds(requests[i].cloud_ns - requests[i].rtt_ns);
    }
    *has_cloud = n_cloud > 0;
    if (!status && n_cloud > 0)
        status = line_fit(x, y, n_cloud, &cloud->intercept, &cloud->slope, error);
done:
    free(x);
    free(y);
    return status;
}

enum status live_ledger(const struct live_request *requests, size_t n, struct ledger *ledger,
                        struct error *error)
{
    struct line edge, cloud;
    bool has_cloud;
    if (n == 0)
        return error_set(error, STATUS_INVALID, "no request was made");
    enum status status = fit_lines(requests, n, &edge, &cloud, &has_cloud, error);
    double now_s = 0;
    for (size_t i = 0; !status && i < n; i++) {
        const struct live_request *from = &requests[i];
        bool probed = from->rtt_ns >= 0;
        double rtt_s = probed ? seconds(from->rtt_ns) : NAN;
        const struct known_length *length = &ledger->lengths[from->place];
        double edge_s = at(&edge, from->n);
        double cloud_s = has_cloud && probed ? at(&cloud, from->n) + rtt_s : INFINITY;
        struct request *request = &ledger->requests[i];
        *request = (struct request){
            .place = from->place,
            .at_s = now_s,
            .clock_s = now_s,
            .edge_s = seconds(from->edge_ns),
            .cloud_s = seconds(from->cloud_ns),
            .edge_j = known_edge_j(length, seconds(from->edge_ns)),
            .expected_edge_s = edge_s,
            .expected_edge_j = known_edge_j(length, edge_s),
            .expected_cloud_s = cloud_s,
            .rtt_s = rtt_s,
            .up_s_per_byte = ledger->design.up_s_per_byte, /* nobody measures them here */
            .down_s_per_byte = ledger->design.down_s_per_byte,
            .failed = from->cloud_failed};
        request->up_s = length->bytes_up * request->up_s_per_byte;
        request->transfer_s = request->up_s + length->bytes_down * request->down_s_per_byte;
        request->sending_s = request->up_s;
        request->receiving_s = from->cloud_failed ? 0 : request->transfer_s - request->up_s;
        request->answered_s = request->cloud_s - request->receiving_s;
        request->expected_cloud_j = request_cloud_j(ledger, request, cloud_s);
        now_s += seconds(from->edge_ns + from->cloud_ns);
    }
    ledger->probed = true;
    if (!status)
        ledger_finish(ledger);
    return status;
}
