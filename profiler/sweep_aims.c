// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/sweep_aims_private.h"

#include "fitter/break_even.h"
#include "fitter/cost_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Slopes are told apart when their difference is known to a quarter of itself: then the
 * break-even's interval is within 1/16 of what its variance at that length alone says (Fieller's
 * g). */
static const double slope_ci = 0.25;
static const char device[] = "edge"; /* the target that is no endpoint (place.c) */

/* Aims as they are found. */
struct finding {
    const struct sweep_state *state;
    const struct model_set *set;
    struct sweep_aim *aims;
    size_t n;
};

size_t sweep_aims_most(const struct sweep_state *state)
{
    size_t n_links = state->n_states ? state->n_states : 1;
    return state->sweep->n_places * n_links;
}

static void add_place(struct sweep_aim *aim, const struct sweep *sweep, const char *name)
{
    for (size_t p = 0; p < sweep->n_places; p++) {
        if (strcmp(sweep->places[p].target.name, name) == 0)
            aim->places[aim->n_places++] = p;
    }
}

static double quantile(const struct model_set *set, const struct cost_line *line)
{
    return interval_t(set->n_rounds > 0 ? (double)set->n_rounds - 1 : line->terms[0].model->dof);
}

/* The link of a state, as break-evens take it. */
static struct cost_link link_of(const struct finding *f, size_t link)
{
    struct cost_link measured = cost_link_measured(f->set);
    if (f->state->n_states == 0)
        return measured;
    const struct link_state *state = &f->state->sweep->config->link_states[link];
    return (struct cost_link){state->rtt_s, cost_s_per_byte(state->up_bit_s),
                              cost_s_per_byte(state->down_bit_s)};
}

static void add_break_even(struct finding *f, size_t place, size_t link)
{
    const struct campaign_config *config = f->state->sweep->config;
    const char *name = f->state->sweep->places[place].target.name;
    struct cost_link over = link_of(f, link);
    struct cost_pair pair;
    struct break_even found;
    if (break_even_time(f->set, device, name, &over, &found, NULL) ||
        found.verdict != VERDICT_CROSSING || cost_pair_find(f->set, device, name, &pair, NULL))
        return;
    struct cost_line edge = cost_line_edge(f->set, &pair);
    struct cost_line cloud = cost_line_cloud(f->set, &pair, &over);
    struct cost_line difference = cost_line_subtract(&edge, &cloud);
    double slope = fabs(cost_line_coefficient(&difference, 1, found.length));
    double t = quantile(f->set, &edge);
    struct sweep_aim aim = {.power = {1, found.length},
                            .length = found.length,
                            .rtt_s = over.rtt_s,
                            .half_width = INFINITY,
                            .wanted_sd = config->stop_ci * found.length * slope / t};
    if (found.has_interval) {
        aim.half_width = (found.high - found.low) / 2 / found.length;
    } else {
        aim.power[0] = 0;
        aim.power[1] = 1;
        aim.wanted_sd = slope_ci * slope / t;
    }
    add_place(&aim, f->state->sweep, device);
    add_place(&aim, f->state->sweep, name);
    char at[LINK_STATE_TEXT + 8] = "";
    if (f->state->n_states > 0) {
        char link_text[LINK_STATE_TEXT];
        snprintf(at, sizeof at, " over %s",
                 link_state_format(&config->link_states[link], link_text));
    }
    snprintf(aim.text, sizeof aim.text, "the break-even of %.30s and %.30s%s at length %.1f",
             device, name, at, found.length);
    if (aim.wanted_sd > 0)
        f->aims[f->n++] = aim;
}

size_t sweep_aims_find(const struct sweep_state *state, const struct model_set *set,
                       struct sweep_aim *aims)
{
    const struct sweep *sweep = state->sweep;
    struct finding f = {.state = state, .set = set, .aims = aims};
    size_t n_links = state->n_states ? state->n_states : 1;
    for (size_t i = 0; i < sweep->n_places * n_links; i++) {
        if (strcmp(sweep->places[i / n_links].target.name, device) != 0)
            add_break_even(&f, i / n_links, i % n_links);
    }
    return f.n;
}
