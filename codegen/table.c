// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/table.h"

#include "base/memory.h"
#include "codegen/intmap_private.h"

#include <math.h>
#include <stdlib.h>

static const char *const representation_names[] = {
    [REPRESENTATION_CONSTANT] = "constant", [REPRESENTATION_THRESHOLD] = "threshold",
    [REPRESENTATION_AFFINE] = "affine",     [REPRESENTATION_SEGMENTS] = "segments",
    [REPRESENTATION_BUCKETED] = "bucketed",
};
_Static_assert(sizeof representation_names / sizeof *representation_names == N_REPRESENTATIONS,
               "one name per representation");

const char *representation_name(enum representation representation)
{
    return representation_names[representation];
}

/* ---- the design link */

struct footprint switches_footprint(size_t n_at, enum representation representation)
{
    static const struct {
        unsigned code_bytes;
        double instructions, per_change;
        size_t row_bytes;
    } rows[N_REPRESENTATIONS] = {
        [REPRESENTATION_CONSTANT] = {4, 2, 0, 0},
        [REPRESENTATION_THRESHOLD] = {12, 4, 0, 0},
        [REPRESENTATION_SEGMENTS] = {40, 6, 4, 4},
    };
    return (struct footprint){
        rows[representation].code_bytes, n_at * rows[representation].row_bytes,
        rows[representation].instructions + (double)n_at * rows[representation].per_change};
}

static enum status switch_add(struct switches *switches, size_t *capacity, uint32_t at,
                              struct error *error)
{
    enum status status =
        array_reserve(&switches->at, switches->n_at, capacity, sizeof *switches->at, error);
    if (!status)
        switches->at[switches->n_at++] = at;
    return status;
}

/* The decision that has to be taken, or `current` where either is good enough. */
static int decide(const struct decision_table *table, uint32_t n, int current)
{
    bool accepted[2];
    for (int decision = 0; decision < 2; decision++)
        accepted[decision] =
            threshold_accepts(&table->threshold, n, table->rtt_s, decision, table->max_regret);
    return accepted[0] && accepted[1] ? current : accepted[1] ? DECISION_CLOUD : DECISION_EDGE;
}

/* Lengths where either will do keep the decision before them, so that switches are few. */
static enum status build_switches(struct decision_table *table, struct error *error)
{
    struct threshold *threshold = &table->threshold;
    struct switches *switches = &table->switches;
    enum status status =
        threshold_split_decisions(threshold, table->rtt_s, table->max_regret, error);
    size_t capacity = 0;
    int current = -1;
    for (size_t i = 0; !status && i < threshold->n_pieces; i++) {
        uint32_t n = threshold->pieces[i].from;
        int wanted = decide(table, n, current);
        if (current >= 0 && wanted != current)
            status = switch_add(switches, &capacity, n, error);
        else if (current < 0 && wanted >= 0)
            switches->first = wanted;
        current = wanted;
    }
    table->choose = switches->n_at == 0   ? REPRESENTATION_CONSTANT
                    : switches->n_at <= 2 ? REPRESENTATION_THRESHOLD
                                          : REPRESENTATION_SEGMENTS;
    if (!status && switches->n_at > SEGMENT_ROWS_MAX)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "the decision changes at %zu lengths, more than %d: allow some regret "
                           "(--max-regret 0.1%%) or fit simpler models (rnnfit --form linear)",
                           switches->n_at, SEGMENT_ROWS_MAX);
    return status;
}

/* ---- the round trip as argument */

/* Whether one decision is good at every length and round trip. */
static bool is_constant(const struct band *band, int *decision)
{
    bool edge = true, cloud = true;
    for (size_t i = 0; i < 2 * band->n_pieces; i++) {
        edge = edge && band->points[i].low <= 0;
        cloud = cloud && band->points[i].low >= microseconds_end;
    }
    *decision = cloud ? DECISION_CLOUD : DECISION_EDGE;
    return edge || cloud;
}

static enum representation represent_break_even(const struct integer_map *map)
{
    if (map->kind == MAP_SEGMENTS)
        return REPRESENTATION_SEGMENTS;
    if (map->kind == MAP_BUCKETED)
        return REPRESENTATION_BUCKETED;
    bool never = map->affine.b == 0 && map->affine.fraction == 0 && integer_map_value(map, 0) == 0;
    return never ? REPRESENTATION_CONSTANT : REPRESENTATION_AFFINE;
}

static enum status build_break_even(struct decision_table *table, struct error *error)
{
    struct band band = {0};
    enum status status = band_of_break_even(&table->threshold, table->max_regret, &band, error);
    if (!status && is_constant(&band, &table->always)) {
        table->choose_rtt = REPRESENTATION_CONSTANT;
    } else if (!status) {
        status = integer_map_choose(&band, &table->forms, error);
        table->break_even = table->forms.forms[table->forms.chosen].map;
        table->choose_rtt = represent_break_even(&table->break_even);
    }
    band_free(&band);
    return status;
}

static enum status build_remote(struct decision_table *table, struct error *error)
{
    struct band band = {0};
    enum status status = band_of_remote(&table->expected, &band, error);
    if (!status)
        status = integer_map_fit(&band, &table->remote, error);
    band_free(&band);
    return status;
}

/* ---- building and asking */

static enum status check_options(const struct table_options *options, const struct cost_link *link,
                                 struct error *error)
{
    if (!(options->rtt_s >= 0) || isinf(options->rtt_s))
        return error_set(error, STATUS_MISUSE, "a round trip of %g s makes no sense",
                         options->rtt_s);
    if (!(link->up_s_per_byte >= 0) || isinf(link->up_s_per_byte) ||
        !(link->down_s_per_byte >= 0) || isinf(link->down_s_per_byte))
        return error_set(error, STATUS_MISUSE, "a design link without bandwidth makes no sense");
    if (isnan(options->max_regret) || options->max_regret > 1)
        return error_set(error, STATUS_MISUSE, "an accepted regret of %g makes no sense: 0 .. 1",
                         options->max_regret);
    return STATUS_OK;
}

/* The energies that the objective looks at. */
static enum status find_energy(const struct model_set *set, const struct table_options *options,
                               const struct cost_link *link, struct energy_pair *energy,
                               struct error *error)
{
    const struct cost_link there = {options->rtt_s, link->up_s_per_byte, link->down_s_per_byte};
    enum status status =
        energy_pair_find(set, options->edge, options->cloud, &there, energy, error);
    if (!status && energy->cloud && options->link != LINK_FIXED)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: its energies came with its samples and hold over the link of then "
                         "only, for no other round trip: choose --link fixed, or measure windows "
                         "with rnnprof run ([energy] meter)",
                         options->cloud);
    return status;
}

/* Both with the N_MAX that both have. */
static enum status build_thresholds(struct decision_table *table, struct threshold_inputs *inputs,
                                    const struct cost_pair *expected, struct error *error)
{
    static const struct objective time = {OBJECTIVE_TIME, 0, 1, 1};
    struct threshold_inputs times = {expected, NULL, &time, inputs->link, 0};
    enum status status = threshold_build(&times, &table->expected, error);
    inputs->n_max = table->expected.n_max;
    if (!status)
        status = threshold_build(inputs, &table->threshold, error);
    if (status || table->threshold.n_max == table->expected.n_max)
        return status;
    threshold_free(&table->expected);
    times.n_max = table->threshold.n_max;
    return threshold_build(&times, &table->expected, error);
}

static enum status find_costs(struct decision_table *table, const struct model_set *set,
                              const struct table_options *options, const struct cost_link *link,
                              const struct objective *objective, struct error *error)
{
    const struct model_set *means = options->means ? options->means : set;
    struct cost_pair pair = {0}, expected = {0};
    struct energy_pair energy = {0};
    struct threshold_inputs inputs = {&pair, &energy, objective, link, 0};
    enum status status = cost_pair_find(set, options->edge, options->cloud, &pair, error);
    if (!status)
        status = cost_pair_find(means, options->edge, options->cloud, &expected, error);
    if (!status && objective_needs_energy(objective))
        status = find_energy(means, options, link, &energy, error);
    return status ? status : build_thresholds(table, &inputs, &expected, error);
}

/* The means that `weighted` divides by, unless they are given. */
static enum status find_means(struct threshold *threshold, const struct histogram *lengths,
                              struct error *error)
{
    if (!objective_lacks_means(&threshold->objective))
        return STATUS_OK;
    struct expected_cost mean = threshold_edge_mean(threshold, lengths);
    return objective_set_means(&threshold->objective, &mean, error);
}

enum status decision_table_build(const struct model_set *set, const struct table_options *options,
                                 struct decision_table *table, struct error *error)
{
    static const struct objective time = {OBJECTIVE_TIME, 0, 1, 1};
    const struct objective *objective = options->objective ? options->objective : &time;
    struct cost_link link = options->bandwidth ? *options->bandwidth : cost_link_measured(set);
    *table = (struct decision_table){.link = options->link, .rtt_s = options->rtt_s};
    enum status status = check_options(options, &link, error);
    if (!status)
        status = find_costs(table, set, options, &link, objective, error);
    if (!status)
        status = find_means(&table->threshold, options->lengths, error);
    table->max_regret = options->max_regret >= 0  ? options->max_regret
                        : table->threshold.curved ? 0.001
                                                  : 0;
    if (!status)
        status = build_switches(table, error);
    if (!status && table->link == LINK_RTT)
        status = build_break_even(table, error);
    if (!status)
        status = build_remote(table, error);
    if (status)
        decision_table_free(table);
    return status;
}

int decision_table_choose_fixed(const struct decision_table *table, uint32_t n)
{
    int decision = table->switches.first;
    for (size_t i = 0; i < table->switches.n_at; i++)
        decision ^= n >= table->switches.at[i];
    return decision;
}

int decision_table_choose(const struct decision_table *table, uint32_t n, uint32_t rtt_us)
{
    if (table->link == LINK_FIXED)
        return decision_table_choose_fixed(table, n);
    if (table->choose_rtt == REPRESENTATION_CONSTANT)
        return table->always;
    return rtt_us < integer_map_value(&table->break_even, n);
}

uint32_t decision_table_remote_us(const struct decision_table *table, uint32_t n)
{
    return (uint32_t)integer_map_value(&table->remote, n);
}

uint64_t decision_table_break_even_us(const struct decision_table *table, uint32_t n)
{
    const uint64_t always = (uint64_t)1 << 32;
    if (table->choose_rtt == REPRESENTATION_CONSTANT)
        return table->always == DECISION_CLOUD ? always : 0;
    uint64_t value = integer_map_value(&table->break_even, n);
    return value < always ? value : always;
}

void decision_table_free(struct decision_table *table)
{
    threshold_free(&table->threshold);
    threshold_free(&table->expected);
    free(table->switches.at);
    integer_map_choice_free(&table->forms);
    integer_map_free(&table->remote);
    *table = (struct decision_table){0};
}
