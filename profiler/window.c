// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/window.h"

#include <math.h>

static void add_known(struct running *running, int64_t value)
{
    if (value >= 0)
        running_add(running, (double)value);
}

void window_load_add(struct window_load *load, const struct sample *sample, double share)
{
    if (sample->failure != FAILURE_NONE) {
        load->n_failed++;
        return;
    }
    load->n += share;
    load->time_ns += share * (double)sample->time_ns;
    add_known(&load->send_ns, sample->send_ns);
    add_known(&load->wait_ns, sample->wait_ns);
    add_known(&load->receive_ns, sample->receive_ns);
    add_known(&load->bytes_up, sample->bytes_up);
    add_known(&load->bytes_down, sample->bytes_down);
}

static double duration_s(const struct stretch *stretch)
{
    return (double)(stretch->to_ns - stretch->from_ns) * 1e-9;
}

struct idle_power idle_power_of(const struct stretch *stretch)
{
    return (struct idle_power){
        .at_ns = stretch->from_ns + (stretch->to_ns - stretch->from_ns) / 2,
        .power_uw = stretch_power_uw(stretch),
        .error_uw = stretch->error_uj / duration_s(stretch) + stretch->floor_uw,
    };
}

struct idle_power idle_power_at(int64_t at_ns, const struct idle_power *before,
                                const struct idle_power *after, double drift_uw)
{
    if (!after)
        return (struct idle_power){at_ns, before->power_uw, before->error_uw + drift_uw};
    double rise_uw = after->power_uw - before->power_uw;
    double share = (double)(at_ns - before->at_ns) / (double)(after->at_ns - before->at_ns);
    return (struct idle_power){at_ns, before->power_uw + share * rise_uw,
                               fmax(before->error_uw, after->error_uw) +
                                   fmax(share, 1 - share) * fabs(rise_uw)};
}

void window_account(struct energy_window *window, const struct stretch *stretch,
                    const struct idle_power *baseline)
{
    window->duration_ns = stretch->to_ns - stretch->from_ns;
    window->energy_uj = stretch->energy_uj;
    window->error_uj = stretch->error_uj + stretch->floor_uw * duration_s(stretch);
    if (!baseline)
        return;
    window->baseline_uw = baseline->power_uw;
    window->energy_net_uj = stretch->energy_uj - baseline->power_uw * duration_s(stretch);
    window->error_uj += baseline->error_uw * duration_s(stretch);
}

static double mean_or_unknown(const struct running *running)
{
    return running->n > 0 ? running->mean : -1;
}

void window_fill(struct energy_window *window, const struct window_load *load)
{
    bool any = load->n > 0;
    double mean_ns = any ? load->time_ns / load->n : NAN;
    window->n_failed = load->n_failed;
    window->inference_ns = mean_ns;
    if (window->kind == WINDOW_ISOLATED)
        window->n_inferences = any;
    else
        window->n_inferences = any ? (double)window->duration_ns / mean_ns : 0;
    window->rtt_ns = mean_or_unknown(&load->rtt_ns);
    window->send_ns = mean_or_unknown(&load->send_ns);
    window->wait_ns = mean_or_unknown(&load->wait_ns);
    window->receive_ns = mean_or_unknown(&load->receive_ns);
    window->bytes_up = mean_or_unknown(&load->bytes_up);
    window->bytes_down = mean_or_unknown(&load->bytes_down);
}
