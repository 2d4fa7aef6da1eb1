// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/advice.h"

#include "base/units.h"
#include "evaluator/wording.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whether how often it misses the deadline or the budget tells it from the better single device;
 * without one nothing is missed. */
static bool by_misses(const struct outcome *rnnmap)
{
    return rnnmap->missed_ci95.high < 0 || rnnmap->missed_ci95.low > 0;
}

enum advice advice_of(const struct evaluation *evaluation)
{
    const struct outcome *rnnmap = evaluation_find(evaluation, "rnnmap");
    if (!rnnmap)
        return ADVICE_NONE;
    const struct interval *by = by_misses(rnnmap) ? &rnnmap->missed_ci95 : &rnnmap->ci95;
    return by->high < 0 ? ADVICE_HEADER : by->low > 0 ? ADVICE_SINGLE : ADVICE_EITHER;
}

static const char *place(bool cloud)
{
    return cloud ? "at the endpoint" : "on the device";
}

static const char *fault_of(const struct evaluation *e)
{
    return e->objective.kind == OBJECTIVE_ENERGY_AT_DEADLINE ? "late" : "over budget";
}

/* In percent. */
static double saving(double from, double to)
{
    return 100 * (from - to) / from;
}

static void put_header(const struct evaluation *e, FILE *out)
{
    const struct outcome *o = evaluation_find(e, "rnnmap");
    char saved[UNITS_TEXT_SIZE], whole[UNITS_TEXT_SIZE], noun[EVALUATION_NOUN_SIZE];
    double scale = 100 / e->better_single;
    if (by_misses(o)) {
        fprintf(out, "Ship the generated header, which is %s less often. ", fault_of(e));
        evaluation_misses_text(e, o, out);
        return;
    }
    fprintf(out,
            "Ship the generated header. It saves %.1f %% of the mean %s of a request (%s of %s; "
            "95 %% interval %.1f to %.1f %%) against running everything %s, the better single "
            "device",
            -scale * o->vs_better_single, evaluation_noun(e, noun),
            wording_format(&e->objective, -o->vs_better_single, saved),
            wording_format(&e->objective, e->better_single, whole), -scale * o->ci95.high,
            -scale * o->ci95.low, place(e->better_is_cloud));
    fprintf(out, ", and %.1f %% against everything %s.\n", saving(e->other_single, o->mean),
            place(!e->better_is_cloud));
    evaluation_misses_text(e, o, out);
}

static void put_single(const struct evaluation *e, FILE *out)
{
    const struct outcome *o = evaluation_find(e, "rnnmap");
    struct wording words = wording_of(&e->objective);
    char noun[EVALUATION_NOUN_SIZE];
    double scale = 100 / e->better_single;
    if (by_misses(o)) {
        fprintf(out, "Run everything %s: the generated header is %s more often. ",
                place(e->better_is_cloud), fault_of(e));
        evaluation_misses_text(e, o, out);
        return;
    }
    fprintf(out,
            "Run everything %s: the generated header is %s by %.1f %% of the mean %s of a "
            "request (95 %% interval %.1f to %.1f %%).\n",
            place(e->better_is_cloud), words.worse, scale * o->vs_better_single,
            evaluation_noun(e, noun), scale * o->ci95.low, scale * o->ci95.high);
}

static void put_either(const struct evaluation *e, FILE *out)
{
    const struct outcome *o = evaluation_find(e, "rnnmap");
    char noun[EVALUATION_NOUN_SIZE];
    double scale = 100 / e->better_single;
    fprintf(out, "Run everything %s: the generated header ", place(e->better_is_cloud));
    if (o->ci95.low == 0 && o->ci95.high == 0)
        fputs("decides just so for these lengths over this link, and saves nothing.\n", out);
    else
        fprintf(out,
                "takes as much, as far as can be told (%+.1f %% of the mean %s of a request, 95 "
                "%% interval %+.1f to %+.1f %%).\n",
                scale * o->vs_better_single, evaluation_noun(e, noun), scale * o->ci95.low,
                scale * o->ci95.high);
}

static void put_none(const struct evaluation *e, FILE *out)
{
    fprintf(out,
            "Of the two single devices everything %s is the better one. The generated header was "
            "not among the policies.\n",
            place(e->better_is_cloud));
}

static void (*const put[])(const struct evaluation *e, FILE *out) = {[ADVICE_NONE] = put_none,
                                                                     [ADVICE_HEADER] = put_header,
                                                                     [ADVICE_SINGLE] = put_single,
                                                                     [ADVICE_EITHER] = put_either};
_Static_assert(sizeof put / sizeof *put == N_ADVICES, "a text for each");

static void put_range(const struct cell *cells, size_t n, FILE *out)
{
    struct wording words = wording_of(&cells->evaluation.objective);
    char noun[EVALUATION_NOUN_SIZE];
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        const struct evaluation *e = &cells[i].evaluation;
        if (advice_of(e) != ADVICE_HEADER || by_misses(evaluation_find(e, "rnnmap")))
            continue;
        double saved = -100 * evaluation_find(e, "rnnmap")->vs_better_single / e->better_single;
        least = fmin(least, saved);
        most = fmax(most, saved);
    }
    if (least <= most)
        fprintf(out, " Where it is %s it saves %.1f to %.1f %% of the mean %s of a request.",
                words.better, least, most, evaluation_noun(&cells->evaluation, noun));
}

void advice_text(const struct cell *cells, size_t n, FILE *out)
{
    struct wording words = wording_of(&cells->evaluation.objective);
    bool limited = !objective_is_scalar(&cells->evaluation.objective);
    size_t counts[N_ADVICES] = {0};
    if (n == 1) {
        put[advice_of(&cells->evaluation)](&cells->evaluation, out);
        return;
    }
    for (size_t i = 0; i < n; i++)
        counts[advice_of(&cells[i].evaluation)]++;
    if (counts[ADVICE_NONE] > 0) {
        fputs("The generated header was not among the policies.\n", out);
        return;
    }
    fprintf(out,
            "%s: of %zu pairs of lengths and a link, it is %s than the better single device "
            "in %zu, %s in %zu, and not visibly different in %zu (95 %% intervals).",
            counts[ADVICE_HEADER] > 0 ? "Ship the generated header where links and lengths are "
                                        "like those it wins"
                                      : "The generated header saves nothing here",
            n, limited ? "better" : words.better, counts[ADVICE_HEADER],
            limited ? "worse" : words.worse, counts[ADVICE_SINGLE], counts[ADVICE_EITHER]);
    put_range(cells, n, out);
    fputc('\n', out);
}

bool advice_is_header(const struct cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (advice_of(&cells[i].evaluation) == ADVICE_HEADER)
            return true;
    }
    return false;
}

/* As one word of a shell. */
static void put_word(FILE *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-./:=,+@%";
    if (*text && text[strspn(text, plain)] == '\0') {
        fputs(text, out);
        return;
    }
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void put_identifier(FILE *out, const char *text)
{
    if (!isalpha((unsigned char)*text))
        fputs("net_", out);
    for (; *text; text++)
        fputc(isalnum((unsigned char)*text) ? *text : '_', out);
}

static bool by_bandwidth(const struct cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (advice_of(&cells[i].evaluation) == ADVICE_HEADER && cells[i].context.replay &&
            !cells[i].replay.by_table && !cells[i].replay.by_models)
            return true;
    }
    return false;
}

char *advice_command(const char *db, const struct cell *cells, size_t n)
{
    const char *campaign = cells->context.campaign;
    const struct objective *objective = &cells->evaluation.objective;
    char objective_words[OBJECTIVE_TEXT_SIZE];
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    fputs("rnngen --db ", out);
    put_word(out, db);
    fputs(" --campaign ", out);
    put_word(out, campaign);
    fputs(" --name ", out);
    put_identifier(out, campaign);
    if (objective->kind != OBJECTIVE_TIME)
        fprintf(out, " --objective %s", objective_text(objective, objective_words));
    fprintf(out, " --link rtt%s -o ", by_bandwidth(cells, n) ? "+bandwidth" : "");
    put_identifier(out, campaign);
    fputs("_map.h", out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
