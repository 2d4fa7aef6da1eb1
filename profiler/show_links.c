// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/show_links.h"

#include "base/memory.h"
#include "base/order.h"
#include "base/quantile.h"
#include "base/texttable.h"
#include "base/units.h"
#include "fitter/interval.h"
#include "profiler/config.h"
#include "profiler/keyindex.h"

#include <math.h>
#include <stdlib.h>

struct link_length {
    uint32_t length;
    struct running times; /* seconds */
};

struct link_group {
    double *rtts_s; /* n, of the tiny requests */
    size_t n, capacity;
    struct link_length *lengths;
    size_t n_lengths, lengths_capacity;
    struct key_index index; /* of the lengths */
};

enum status show_links_open(const char *config, const struct target *targets, size_t n_targets,
                            struct show_links *links, struct error *error)
{
    struct campaign_config campaign;
    *links = (struct show_links){.targets = targets, .n_targets = n_targets};
    if (!config)
        return STATUS_OK;
    enum status status = config_read_stored(config, &campaign, error);
    if (status)
        return status;
    links->states = campaign.link_states;
    links->n_states = campaign.n_link_states;
    campaign.link_states = NULL;
    config_free(&campaign);
    links->groups = calloc(n_targets * links->n_states + 1, sizeof *links->groups);
    return links->groups ? STATUS_OK
                         : error_set(error, STATUS_NO_MEMORY, "out of memory for link states");
}

static enum status find_length(struct link_group *group, uint32_t length,
                               struct link_length **found, struct error *error)
{
    size_t place;
    enum status status = key_index_find(&group->index, length, &place, error);
    if (!status && place == group->n_lengths) {
        status = array_reserve(&group->lengths, group->n_lengths, &group->lengths_capacity,
                               sizeof **found, error);
        if (!status)
            group->lengths[group->n_lengths++] = (struct link_length){.length = length};
    }
    if (!status)
        *found = &group->lengths[place];
    return status;
}

enum status show_links_take(struct show_links *links, size_t target, const struct sample *sample,
                            struct error *error)
{
    int state = link_state_of(links->states, links->n_states, sample);
    struct link_length *length;
    if (state < 0 || sample->failure != FAILURE_NONE)
        return STATUS_OK;
    struct link_group *group = &links->groups[target * links->n_states + (size_t)state];
    enum status status =
        array_reserve(&group->rtts_s, group->n, &group->capacity, sizeof *group->rtts_s, error);
    if (!status)
        status = find_length(group, sample->length, &length, error);
    if (status)
        return status;
    group->rtts_s[group->n++] = (double)sample->rtt_ns * 1e-9;
    running_add(&length->times, (double)sample->time_ns * 1e-9);
    return STATUS_OK;
}

void show_links_print(struct show_links *links, FILE *out)
{
    if (links->n_states == 0)
        return;
    struct text_table *table = text_table_new("<link to|<set to|n|round trip median|p95|up|down");
    for (size_t i = 0; i < links->n_targets * links->n_states; i++) {
        struct link_group *group = &links->groups[i];
        const struct link_state *state = &links->states[i % links->n_states];
        char text[LINK_STATE_TEXT], times[2][UNITS_TEXT_SIZE], rates[2][UNITS_TEXT_SIZE];
        if (group->n == 0)
            continue;
        reals_sort(group->rtts_s, group->n);
        text_table_cell(table, "%s", links->targets[i / links->n_states].name);
        text_table_cell(table, "%s", link_state_format(state, text));
        text_table_cell(table, "%zu", group->n);
        text_table_cell(table, "%s",
                        format_time(quantile_sorted(group->rtts_s, group->n, 0.5), times[0]));
        text_table_cell(table, "%s",
                        format_time(quantile_sorted(group->rtts_s, group->n, 0.95), times[1]));
        text_table_cell(table, "%s", format_rate(state->up_bit_s, rates[0]));
        text_table_cell(table, "%s", format_rate(state->down_bit_s, rates[1]));
    }
    fputc('\n', out);
    text_table_print(table, out, 0);
    text_table_free(table);
}

static int by_length(const void *left, const void *right)
{
    const struct link_length *a = left, *b = right;
    return (a->length > b->length) - (a->length < b->length);
}

static json_t *lengths_json(struct link_group *group)
{
    json_t *array = json_array();
    qsort(group->lengths, group->n_lengths, sizeof *group->lengths, by_length);
    for (size_t i = 0; i < group->n_lengths; i++) {
        const struct link_length *length = &group->lengths[i];
        json_array_append_new(
            array,
            json_pack("{s:I,s:I,s:f,s:o}", "length", (json_int_t)length->length, "n",
                      (json_int_t)length->times.n, "mean_s", length->times.mean, "half_width_s",
                      length->times.n > 1 ? json_real(running_half_width(&length->times))
                                          : json_null()));
    }
    return array;
}

static json_t *rate_json(double bit_s)
{
    return isinf(bit_s) ? json_null() : json_real(bit_s);
}

json_t *show_links_json(struct show_links *links)
{
    json_t *array = json_array();
    for (size_t i = 0; i < links->n_targets * links->n_states; i++) {
        struct link_group *group = &links->groups[i];
        const struct link_state *state = &links->states[i % links->n_states];
        if (group->n == 0)
            continue;
        reals_sort(group->rtts_s, group->n);
        json_array_append_new(
            array, json_pack("{s:s,s:f,s:o,s:o,s:I,s:f,s:f,s:o}", "target",
                             links->targets[i / links->n_states].name, "rtt_s", state->rtt_s,
                             "up_bit_s", rate_json(state->up_bit_s), "down_bit_s",
                             rate_json(state->down_bit_s), "n", (json_int_t)group->n,
                             "rtt_median_s", quantile_sorted(group->rtts_s, group->n, 0.5),
                             "rtt_p95_s", quantile_sorted(group->rtts_s, group->n, 0.95), "lengths",
                             lengths_json(group)));
    }
    return array;
}

void show_links_free(struct show_links *links)
{
    for (size_t i = 0; links->groups && i < links->n_targets * links->n_states; i++) {
        free(links->groups[i].rtts_s);
        free(links->groups[i].lengths);
        key_index_free(&links->groups[i].index);
    }
    free(links->groups);
    free(links->states);
    *links = (struct show_links){0};
}
