// SPDX-License-Identifier: GPL-3.0-or-later
#include "codegen/header.h"

#include "base/tool.h"
#include "codegen/emit_private.h"

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

/* A line of the table of facts; `head` "" continues the one before. */
__attribute__((format(printf, 3, 4))) static void put_fact(FILE *out, const char *head,
                                                           const char *format, ...)
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
    return quantity == QUANTITY_ROUND_TRIPS                                   ? "round trips"
           : quantity == QUANTITY_BYTES_UP || quantity == QUANTITY_BYTES_DOWN ? "bytes"
                                                                              : "s";
}

static void put_model(FILE *out, const struct model_set *set, const struct cost_model *model)
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
    for (size_t i = 0; i < model->n_coefficients; i++) {
        double variance = set->covariance ? model_set_covariance(set, model, i, model, i) : NAN;
        put_fact(out, "", "coefficient %zu: %s, standard error %s", i,
                 number_text(model->coefficients[i], numbers[0]),
                 variance >= 0 ? number_text(sqrt(variance), numbers[1]) : "unknown");
    }
}

static void put_break_even(FILE *out, const struct break_even *even)
{
    char numbers[4][NUMBER_TEXT_SIZE], interval[2 * NUMBER_TEXT_SIZE + 32] = "";
    if (!even) {
        put_fact(out, "break-even", "not computed for models of these forms");
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

static void put_regret(FILE *out, const char *head, const char *what, const struct regret *regret)
{
    put_fact(out, head, "%s: worst regret %.6g s (%.6g %%), expected %.6g s (%.6g %%)", what,
             regret->worst_s, 100 * regret->worst_relative, regret->expected_s,
             100 * regret->expected_relative);
}

static void put_certificate(FILE *out, const struct header_facts *facts)
{
    const struct certificate *certificate = facts->certificate;
    put_regret(out, "certificate", "choose", &certificate->choose);
    if (facts->table->link == LINK_RTT)
        put_regret(out, "", "choose_rtt", &certificate->choose_rtt);
    put_fact(out, "", "remote_us: within %.6g s", certificate->worst_remote_s);
    put_fact(
        out, "", "against the models above at %" PRIu64 " of the %" PRIu64 " lengths 0..2*N_MAX%s",
        certificate->n_checked, certificate->n_lengths, facts->table->link == LINK_RTT ? ";" : "");
    if (facts->table->link == LINK_RTT)
        put_fact(out, "", "choose_rtt at the round trip that is worst for each length");
    put_fact(out, "", "expected: the lengths 1..N_MAX equally likely");
}

static void put_table(FILE *out, const struct decision_table *table)
{
    if (table->link == LINK_FIXED)
        put_fact(out, "table", "choose: %s", representation_name(table->choose));
    else
        put_fact(out, "table", "choose: %s; choose_rtt: %s, %zu bytes of table",
                 representation_name(table->choose), representation_name(table->choose_rtt),
                 table->choose_rtt == REPRESENTATION_SEGMENTS
                     ? integer_map_table_size(&table->break_even)
                     : 0);
}

static bool is_plain_word(const char *text)
{
    return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "._-+:/@%=,") == strlen(text);
}

/* ",1e+07bit/s,unlimited": bandwidths that were given and that count, so that a check finds the
 * same; "" else. */
static const char *bandwidth_text(const struct header_facts *facts, char *text, size_t size)
{
    const struct cost_pair *pair = &facts->table->threshold.pair;
    const double rates[] = {facts->up_bit_s, facts->down_bit_s};
    char number[NUMBER_TEXT_SIZE];
    size_t used = 0;
    text[0] = '\0';
    if (isnan(rates[0]) || !(pair->charges_up || pair->charges_down))
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

static void put_commands(FILE *out, const struct header_facts *facts)
{
    char link[NUMBER_TEXT_SIZE + 16] = "rtt", rtt[NUMBER_TEXT_SIZE], regret[NUMBER_TEXT_SIZE];
    char bandwidth[2 * NUMBER_TEXT_SIZE + 32];
    const struct decision_table *table = facts->table;
    if (table->link == LINK_FIXED)
        snprintf(link, sizeof link, "fixed:%ss", number_text(table->rtt_s, rtt));
    bandwidth_text(facts, bandwidth, sizeof bandwidth);
    char *campaign = header_comment_text(facts->campaign->name);
    const char *quote = campaign && is_plain_word(campaign) ? "" : "'";
    fprintf(out,
            HEADER_COMMAND "--name %s --objective time --link %s%s --max-regret %s -o %s.h "
                           "--campaign %s%s%s\n",
            facts->name, link, bandwidth, number_text(table->max_regret, regret), facts->name,
            quote, campaign ? campaign : "", quote);
    free(campaign);
    put_fact(out, "check by", "rnngen --check %s.h --db DB", facts->name);
}

static void put_target(FILE *out, const char *head, const char *role, const struct target *target)
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

/* The models that the decision rests on. */
static void put_models(FILE *out, const struct model_set *set, const struct cost_pair *pair)
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

void header_write(FILE *out, const struct header_facts *facts)
{
    const struct campaign *campaign = facts->campaign;
    const struct decision_table *table = facts->table;
    fputs("/* SPDX-License-Identifier: 0BSD */\n/*\n", out);
    fprintf(out,
            " * %s.h: where to run an input of n time steps, on the device itself (edge) or at "
            "the endpoint (cloud).\n",
            facts->name);
    fprintf(out, HEADER_MARK RNNMAP_VERSION "; generate it again rather than edit it.\n *\n");
    char *digest = header_comment_text(facts->set->digest);
    fprintf(out, HEADER_DIGEST "%s\n", digest ? digest : "");
    free(digest);
    put_text(out, "campaign", campaign->name);
    put_text(out, "network", campaign->network);
    put_text(out, "spacing", campaign->spacing);
    put_device(out, campaign->device);
    put_target(out, "targets", "edge", facts->edge);
    put_target(out, "", "cloud", facts->cloud);
    put_fact(out, "objective", "time");
    put_fact(out, "energy", "not used (objective time)");
    put_link(out, table, facts->set->has_rtt);
    put_models(out, facts->set, &table->threshold.pair);
    put_break_even(out, facts->break_even);
    put_table(out, table);
    put_certificate(out, facts);
    put_commands(out, facts);
    fputs(" */\n", out);
    emit_functions(out, facts->name, table);
}
