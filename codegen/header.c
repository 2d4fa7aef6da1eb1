// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/header.h"

#include "base/tool.h"
#include "base/units.h"
#include "codegen/emit_private.h"
#include "codegen/header_private.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_TEXT_MAX = 100, DEVICE_LINES_MAX = 24 };

/* "*" and "/" would end a comment or open one, a backslash or ??/ continue its line, and compilers
 * warn of what is not UTF-8. */
char *header_comment_text(const char *text)
{
    char *clean = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&clean, &size);
    if (!out)
        return NULL;
    for (const char *c = text; *c; c++) {
        bool pair = c > text && ((c[-1] == '*' && *c == '/') || (c[-1] == '/' && *c == '*') ||
                                 (c[-1] == '?' && *c == '?'));
        if (pair)
            fputc(' ', out);
        fputc((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f ? '?'
              : *c == '\\'                                          ? '|'
                                                                    : *c,
              out);
    }
    if (fclose(out) != 0) {
        free(clean);
        return NULL;
    }
    return clean;
}

__attribute__((format(printf, 3, 4))) void put_fact(FILE *out, const char *head, const char *format,
                                                    ...)
{
    va_list args;
    fprintf(out, " *   %-14s ", head);
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    fputc('\n', out);
}

/* The same with text that others wrote: made harmless, and cut where it is long. */
static void put_text(FILE *out, const char *head, const char *text)
{
    char *clean = header_comment_text(text && *text ? text : "unknown");
    bool cut = clean && strlen(clean) > LINE_TEXT_MAX;
    put_fact(out, head, "%.*s%s", LINE_TEXT_MAX, clean ? clean : "", cut ? " ..." : "");
    free(clean);
}

/* ---- the device */

static void put_device_value(FILE *out, const char *key, const json_t *value, int *n_lines)
{
    char line[LINE_TEXT_MAX + 32];
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *shown = json_is_string(value) ? json_string_value(value) : text ? text : "";
    snprintf(line, sizeof line, "%s: %s", key, shown);
    put_text(out, *n_lines == 0 ? "device" : "", line);
    (*n_lines)++;
    free(text);
}

/* The fingerprint's keys, one a line, those of inner objects as "outer.inner". */
static void put_device_object(FILE *out, const char *prefix, json_t *object, int *n_lines)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        char path[96];
        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", key);
        if (*n_lines >= DEVICE_LINES_MAX)
            return;
        if (json_is_object(value) && strlen(path) < 64)
            put_device_object(out, path, value, n_lines);
        else
            put_device_value(out, path, value, n_lines);
    }
}

static void put_device(FILE *out, const char *device)
{
    json_t *root = device ? json_loads(device, 0, NULL) : NULL;
    int n_lines = 0;
    if (json_is_object(root))
        put_device_object(out, "", root, &n_lines);
    if (n_lines == 0)
        put_text(out, "device", device);
    json_decref(root);
}

/* ---- models */

static const char *unit_name(enum quantity quantity)
{
    static const char *const units[] = {
        [QUANTITY_TIME_S] = "s",       [QUANTITY_REMOTE_S] = "s",
        [QUANTITY_BYTES_UP] = "bytes", [QUANTITY_BYTES_DOWN] = "bytes",
        [QUANTITY_ENERGY_J] = "J",     [QUANTITY_ROUND_TRIPS] = "round trips",
        [QUANTITY_E0_J] = "J",         [QUANTITY_P_TX_W] = "W",
        [QUANTITY_P_RX_W] = "W",       [QUANTITY_P_WAIT_W] = "W",
    };
    _Static_assert(sizeof units / sizeof *units == N_QUANTITIES, "one unit each");
    return units[quantity];
}

/* Whether the first line falls below 0 before the shortest length (records/model.h). */
static bool is_held(const struct cost_model *model)
{
    const struct segment *s = &model->segments[0];
    uint32_t last = model->n_min > 0 ? model->n_min - 1 : 0;
    return s->intercept < 0 || s->intercept + (s->slope + s->quadratic * last) * last < 0;
}

void put_model(FILE *out, const struct model_set *set, const struct cost_model *model)
{
    char numbers[3][NUMBER_TEXT_SIZE];
    char *target = header_comment_text(model->target);
    put_fact(out, "model", "%s %s: %s, %s of %" PRIu64 " samples at %" PRIu64 " lengths, %s",
             target ? target : "", quantity_name(model->quantity), form_name(model->form),
             statistic_name(model->statistic), model->n_samples, model->n_lengths,
             provenance_name(model->provenance));
    free(target);
    for (size_t i = 0; i < model->n_segments; i++) {
        const struct segment *s = &model->segments[i];
        char curve[NUMBER_TEXT_SIZE + 16] = "";
        if (s->quadratic < 0 || s->quadratic > 0)
            snprintf(curve, sizeof curve, " + %s*n^2", number_text(s->quadratic, numbers[2]));
        put_fact(out, "", "n = %" PRIu32 "..%" PRIu32 ": %s + %s*n%s %s", s->from, s->to,
                 number_text(s->intercept, numbers[0]), number_text(s->slope, numbers[1]), curve,
                 unit_name(model->quantity));
    }
    if (model->n_segments > 0 && is_held(model))
        put_fact(out, "", "and 0 where that is negative below %" PRIu32 ", the shortest measured",
                 model->n_min);
    for (size_t i = 0; i < model->n_coefficients; i++) {
        double variance = set->covariance ? model_set_covariance(set, model, i, model, i) : NAN;
        put_fact(out, "", "coefficient %zu: %s, standard error %s", i,
                 number_text(model->coefficients[i], numbers[0]),
                 variance >= 0 ? number_text(sqrt(variance), numbers[1]) : "unknown");
    }
}

/* Without an interval: the lengths at which the decision over the design link changes. */
static void put_changes(FILE *out, const struct decision_table *table)
{
    char rtt[NUMBER_TEXT_SIZE], lengths[LINE_TEXT_MAX] = "";
    const struct switches *switches = &table->switches;
    size_t used = 0;
    for (size_t i = 0; i < switches->n_at && used < sizeof lengths - 16; i++)
        used += (size_t)snprintf(lengths + used, sizeof lengths - used, "%s%" PRIu32, i ? ", " : "",
                                 switches->at[i]);
    number_text(table->rtt_s, rtt);
    if (switches->n_at == 0)
        put_fact(out, "break-even", "none: always %s at a round trip of %s s",
                 switches->first == DECISION_CLOUD ? "cloud" : "edge", rtt);
    else
        put_fact(out, "break-even", "from %s to the other at length %s%s at a round trip of %s s",
                 switches->first == DECISION_CLOUD ? "cloud" : "edge", lengths,
                 used < sizeof lengths - 16 ? "" : ", ...", rtt);
    put_fact(out, "", "(no interval is known for these models and this objective)");
}

static void put_break_even(FILE *out, const struct header_facts *facts)
{
    const struct break_even *even = facts->break_even;
    char numbers[4][NUMBER_TEXT_SIZE], interval[2 * NUMBER_TEXT_SIZE + 32] = "";
    if (!even) {
        put_changes(out, facts->table);
        return;
    }
    if (even->has_interval)
        snprintf(interval, sizeof interval, " (95 %% interval %s .. %s)",
                 number_text(even->low, numbers[0]), number_text(even->high, numbers[1]));
    number_text(even->rtt_s, numbers[2]);
    char others[48] = "";
    if (even->n_crossings > 1)
        snprintf(others, sizeof others, ", the last of %zu", even->n_crossings);
    if (even->verdict == VERDICT_CROSSING)
        put_fact(out, "break-even",
                 "length %s%s%s at a round trip of %s s; above it the %s is cheaper",
                 number_text(even->length, numbers[3]), interval, others, numbers[2],
                 even->cloud_above ? "cloud" : "edge");
    else
        put_fact(out, "break-even", "%s at a round trip of %s s", verdict_name(even->verdict),
                 numbers[2]);
}

/* ---- what was decided */

static const struct objective *objective_of(const struct header_facts *facts)
{
    return facts->links ? &facts->links->table->costs.objective
                        : &facts->table->threshold.objective;
}

/* Of several endpoints that whose energies are known the least. */
static const struct energy_pair *energy_of(const struct header_facts *facts)
{
    return facts->links ? cost_set_energy(&facts->links->table->costs)
                        : &facts->table->threshold.energy;
}

const char *modelled(const struct header_facts *facts)
{
    const struct energy_pair *energy = energy_of(facts);
    return energy->edge && energy->provenance != PROVENANCE_MEASURED ? " (modelled)" : "";
}

static void put_regret(FILE *out, const struct header_facts *facts, const char *head,
                       const char *what, const struct regret *regret)
{
    const char *unit = objective_unit(objective_of(facts));
    if (unit)
        put_fact(out, head, "%s: worst regret %.6g%s%s (%.6g %%), expected %.6g%s%s (%.6g %%)%s",
                 what, regret->worst, *unit ? " " : "", unit, 100 * regret->worst_relative,
                 regret->expected, *unit ? " " : "", unit, 100 * regret->expected_relative,
                 modelled(facts));
    else
        put_fact(out, head, "%s: worst regret %.6g %%, expected %.6g %%%s", what,
                 100 * regret->worst_relative, 100 * regret->expected_relative, modelled(facts));
}

static void put_certificate(FILE *out, const struct header_facts *facts)
{
    const struct certificate *certificate = facts->certificate;
    const struct decision_table *table = facts->table;
    bool rtt = table->link == LINK_RTT;
    put_regret(out, facts, "certificate", "choose", &certificate->choose);
    if (rtt)
        put_regret(out, facts, "", "choose_rtt", &certificate->choose_rtt);
    put_fact(out, "", "remote_us: within %.6g s", certificate->worst_remote_s);
    put_fact(out, "",
             "against the models above at %" PRIu64 " of the %" PRIu64 " lengths 0..2*N_MAX%s",
             certificate->n_checked, certificate->n_lengths, rtt ? ";" : "");
    if (rtt)
        put_fact(out, "", "choose_rtt at the round trip that is worst for each length");
    if (rtt && !objective_is_scalar(&table->threshold.objective))
        put_fact(out, "", "(a round trip within 1 us of what the limit allows counts as either)");
    put_fact(out, "", "expected: %s",
             facts->lengths ? "over the lengths above" : "the lengths 1..N_MAX equally likely");
}

/* ---- what it is for */

static void put_objective(FILE *out, const struct header_facts *facts)
{
    const struct objective *objective = objective_of(facts);
    char text[OBJECTIVE_TEXT_SIZE], numbers[2][NUMBER_TEXT_SIZE];
    put_fact(out, "objective", "%s%s", objective_text(objective, text), modelled(facts));
    if (objective->kind == OBJECTIVE_WEIGHTED)
        put_fact(out, "", "over the device's means of %s s and %s J%s",
                 number_text(objective->mean_time_s, numbers[0]),
                 number_text(objective->mean_energy_j, numbers[1]), modelled(facts));
    if (objective_needs_time(objective))
        put_fact(out, "statistic", "%s of times", statistic_name(facts->statistic));
}

static void put_energy(FILE *out, const struct header_facts *facts)
{
    const struct energy_pair *energy = energy_of(facts);
    const struct energy_basis *basis = &facts->means->energy;
    char text[3 * LINE_TEXT_MAX];
    if (!energy->edge) {
        char objective[OBJECTIVE_TEXT_SIZE];
        put_fact(out, "energy", "not used (objective %s)",
                 objective_text(objective_of(facts), objective));
        return;
    }
    if (basis->meter)
        snprintf(text, sizeof text, "%s, of the device, by %.80s (%s), net of %s",
                 provenance_name(energy->provenance), basis->meter,
                 basis->scope ? basis->scope : "scope unknown",
                 !basis->baseline                       ? "what is not known"
                 : strcmp(basis->baseline, "none") == 0 ? "nothing"
                 : strcmp(basis->baseline, "idle") == 0 ? "the power at rest as measured"
                                                        : basis->baseline);
    else
        snprintf(text, sizeof text, "%s, of the device, as it came with the samples",
                 provenance_name(energy->provenance));
    put_text(out, "energy", text);
}

static void put_lengths(FILE *out, const struct header_facts *facts)
{
    const struct output_length *output = facts->output;
    char numbers[2][NUMBER_TEXT_SIZE];
    if (facts->lengths) {
        fprintf(out, HEADER_LENGTHS "%s\n", facts->lengths_digest);
        put_fact(out, "", "%" PRIu64 " sequences of %.6g steps on average", facts->lengths->total,
                 histogram_mean(facts->lengths));
    }
    if (!output)
        return;
    put_fact(out, "outputs",
             "M(n) = %s*n + %s steps expected, from %" PRIu64 " pairs of n = %" PRIu32 "..%" PRIu32
             ";",
             number_text(output->gamma, numbers[0]), number_text(output->delta, numbers[1]),
             output->n_pairs, output->n_min, output->n_max);
    put_fact(out, "", "times of targets whose samples know their output's length are T(n, M(n))");
}

static void put_table(FILE *out, const struct decision_table *table)
{
    if (table->link == LINK_FIXED)
        put_fact(out, "table", "choose: %s", representation_name(table->choose));
    else
        put_fact(out, "table", "choose: %s; choose_rtt: %s, %zu bytes of table",
                 representation_name(table->choose), representation_name(table->choose_rtt),
                 integer_map_table_size(&table->break_even));
}

static bool is_plain_word(const char *text)
{
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "._-+:/@%=,") == strlen(text);
}

static bool charges_bytes(const struct header_facts *facts)
{
    const struct cost_pair *pair = &facts->table->threshold.pair;
    return facts->links ? cost_set_charges(&facts->links->table->costs, TERM_UP) ||
                              cost_set_charges(&facts->links->table->costs, TERM_DOWN)
                        : pair->charges_up || pair->charges_down;
}

/* ",1e+07bit/s,unlimited": bandwidths that were given and that count, so that a check finds the
 * same; "" else. */
static const char *bandwidth_text(const struct header_facts *facts, char *text, size_t size)
{
    const double rates[] = {facts->up_bit_s, facts->down_bit_s};
    char number[NUMBER_TEXT_SIZE];
    size_t used = 0;
    text[0] = '\0';
    if (isnan(rates[0]) || !charges_bytes(facts))
        return text;
    for (int i = 0; i < 2; i++) {
        if (isinf(rates[i]))
            snprintf(text + used, size - used, ",unlimited");
        else
            snprintf(text + used, size - used, ",%sbit/s", number_text(rates[i], number));
        used = strlen(text);
    }
    return text;
}

/* " --baseline 1.5W" */
static void baseline_option(const char *baseline, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, " --baseline ");
    for (const char *c = baseline; *c && used + 1 < size; c++) {
        if (*c != ' ')
            text[used++] = *c;
    }
    text[used] = '\0';
}

/* The command that made it, with its option for what was written. */
static void put_command(FILE *out, const struct header_facts *facts, const char *output,
                        const char *suffix)
{
    static const char *const kinds[] = {
        [LINK_FIXED] = "fixed:", [LINK_RTT] = "rtt", [LINK_BANDWIDTH] = "rtt+bandwidth"};
    const struct link_table *links = facts->links ? facts->links->table : NULL;
    enum link_kind kind = links ? links->costs.link : facts->table->link;
    char rtt[NUMBER_TEXT_SIZE] = "", regret[NUMBER_TEXT_SIZE];
    char bandwidth[2 * NUMBER_TEXT_SIZE + 32];
    if (kind == LINK_FIXED)
        number_text(links ? links->costs.design.rtt_s : facts->table->rtt_s, rtt);
    bandwidth_text(facts, bandwidth, sizeof bandwidth);
    char objective[OBJECTIVE_TEXT_SIZE], baseline[UNITS_TEXT_SIZE + 16] = "";
    const struct energy_basis *basis = &facts->means->energy;
    if (energy_of(facts)->edge && basis->meter && basis->baseline)
        baseline_option(basis->baseline, baseline, sizeof baseline);
    char *campaign = header_comment_text(facts->campaign->name);
    const char *quote = campaign && is_plain_word(campaign) ? "" : "'";
    fprintf(out,
            HEADER_COMMAND
            "--name %s --objective %s --statistic %s%s%s --link %s%s%s%s --max-regret %s "
            "%s %s%s --campaign %s%s%s\n",
            facts->name, objective_text(objective_of(facts), objective),
            statistic_name(facts->statistic), baseline, facts->lengths ? " --lengths CSV" : "",
            kinds[kind], rtt, *rtt ? "s" : "", bandwidth,
            number_text(links ? links->max_regret : facts->table->max_regret, regret), output,
            facts->name, suffix, quote, campaign ? campaign : "", quote);
    free(campaign);
}

static void put_mark(FILE *out)
{
    fputs(HEADER_MARK RNNMAP_VERSION "; generate it again rather than edit it.\n", out);
}

static void put_digest(FILE *out, const struct model_set *set)
{
    char *digest = header_comment_text(set->digest);
    fprintf(out, HEADER_DIGEST "%s\n", digest ? digest : "");
    free(digest);
}

void header_write_origin(FILE *out, const struct header_facts *facts)
{
    fputs("/*\n", out);
    put_mark(out);
    put_digest(out, facts->set);
    if (facts->lengths)
        fprintf(out, HEADER_LENGTHS "%s\n", facts->lengths_digest);
    put_command(out, facts, "--binary", ".rmt");
    fputs(" */\n", out);
}

void put_target(FILE *out, const char *head, const char *role, const struct target *target)
{
    char text[384];
    snprintf(text, sizeof text, "%s: %s%s%s%s%s", role, target->name, target->engine ? ", " : "",
             target->engine ? target->engine : "", target->url ? ", " : "",
             target->url ? target->url : "");
    put_text(out, head, text);
}

/* The design link's bandwidth in one direction, as far as the table charges it. */
static void put_bandwidth(FILE *out, const char *direction, bool charges, double s_per_byte)
{
    char number[2][NUMBER_TEXT_SIZE];
    if (charges && s_per_byte > 0)
        put_fact(out, "", "and %s s per byte %s (%.6g Mbit/s)", number_text(s_per_byte, number[0]),
                 direction, 8e-6 / s_per_byte);
    else if (charges)
        put_fact(out, "", "and bytes that take no time %s", direction);
}

static void put_link(FILE *out, const struct decision_table *table, bool has_rtt)
{
    char number[NUMBER_TEXT_SIZE];
    const struct threshold *threshold = &table->threshold;
    number_text(table->rtt_s, number);
    if (table->link == LINK_FIXED)
        put_fact(out, "link", "fixed: a round trip of %s s", number);
    else
        put_fact(out, "link", "the product measures the round trip; choose: %s s", number);
    put_bandwidth(out, "up", threshold->pair.charges_up, threshold->link.up_s_per_byte);
    put_bandwidth(out, "down", threshold->pair.charges_down, threshold->link.down_s_per_byte);
    if (!has_rtt)
        put_fact(out, "", "no round trips were measured: remote times hold the link of then");
}

static void put_pair(FILE *out, const struct model_set *set, const struct cost_pair *pair)
{
    const struct cost_model *models[] = {
        pair->time_s,
        pair->remote_s,
        pair->round_trips,
        pair->charges_up ? pair->bytes_up : NULL,
        pair->charges_down ? pair->bytes_down : NULL,
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        if (models[i])
            put_model(out, set, models[i]);
    }
}

/* The models that the decision, and what the header tells besides, rest on. */
static void put_models(FILE *out, const struct header_facts *facts)
{
    const struct decision_table *table = facts->table;
    const struct energy_pair *energy = &table->threshold.energy;
    put_pair(out, facts->set, &table->threshold.pair);
    if (facts->means != facts->set)
        put_pair(out, facts->means, &table->expected.pair);
    if (energy->edge)
        put_model(out, facts->means, energy->edge);
    if (energy->cloud)
        put_model(out, facts->means, energy->cloud);
    for (int i = 0; i < N_ENERGY_PARTS; i++) {
        if (energy->parts[i])
            put_model(out, facts->means, energy->parts[i]);
    }
}

static void put_title(FILE *out, const struct header_facts *facts)
{
    size_t n_endpoints = facts->links ? facts->links->table->costs.n_targets - 1 : 1;
    fprintf(out,
            " * %s.h: where to run an input of n time steps, on the device itself (edge) or at ",
            facts->name);
    if (n_endpoints == 1)
        fputs("the endpoint (cloud).\n", out);
    else
        fprintf(out, "one of\n * %zu endpoints.\n", n_endpoints);
}

/* What was decided between two targets by the round trip. */
static void put_decision(FILE *out, const struct header_facts *facts)
{
    put_link(out, facts->table, facts->set->has_rtt);
    put_models(out, facts);
    put_break_even(out, facts);
    put_table(out, facts->table);
    put_certificate(out, facts);
}

void header_write(FILE *out, const struct header_facts *facts)
{
    const struct campaign *campaign = facts->campaign;
    fputs(HEADER_START, out);
    put_title(out, facts);
    put_mark(out);
    fputs(" *\n", out);
    put_digest(out, facts->set);
    put_text(out, "campaign", campaign->name);
    put_text(out, "network", campaign->network);
    put_text(out, "spacing", campaign->spacing);
    put_device(out, campaign->device);
    if (facts->links) {
        put_link_targets(out, facts->links);
    } else {
        put_target(out, "targets", "edge", facts->edge);
        put_target(out, "", "cloud", facts->cloud);
    }
    put_objective(out, facts);
    put_energy(out, facts);
    put_lengths(out, facts);
    (facts->links ? put_link_decision : put_decision)(out, facts);
    put_command(out, facts, "-o", ".h");
    put_fact(out, "check by", "rnngen --check %s.h --db DB%s", facts->name,
             facts->lengths ? " --lengths CSV" : "");
    fputs(" */\n", out);
    if (facts->links)
        emit_link_functions(out, facts->name, facts->links->table, facts->links->names);
    else
        emit_functions(out, facts->name, facts->table);
}
