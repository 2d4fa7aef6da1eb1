// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_model.h"

#include "base/ini.h"
#include "base/memory.h"
#include "base/units.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };

/* ---- writing */

/* The shortest text that reads back as the same number. */
static void put_real(FILE *out, double value)
{
    char text[40];
    int digits = 6;
    do {
        snprintf(text, sizeof text, "%.*g", digits, value);
    } while (strtod(text, NULL) != value && ++digits <= 17);
    fputs(text, out);
}

/* The same of what is read in a unit. */
static void put_in_unit(FILE *out, double value, double unit)
{
    char text[40];
    int digits = 6;
    do {
        snprintf(text, sizeof text, "%.*g", digits, value / unit);
    } while (strtod(text, NULL) * unit != value && ++digits <= 17);
    fputs(text, out);
}

static void put_chain(FILE *out, enum link_column column, const struct link_chain *chain)
{
    fprintf(out,
            "\n[%s]\n# in %s; a bin's values at 0, 1/4, 1/2, 3/4, 1 of its share; what came next\n",
            link_column_name(column), link_column_unit_name(column));
    fprintf(out, "values = %llu\nstep_s = ", (unsigned long long)chain->n_values);
    put_real(out, chain->step_s);
    for (size_t bin = 0; bin < chain->n_bins; bin++) {
        fputs("\nbin =", out);
        for (int i = 0; i < LINK_MODEL_QUANTILES; i++) {
            fputc(' ', out);
            put_in_unit(out, chain->quantiles[bin][i], link_column_unit(column));
        }
        fputs("\nnext =", out);
        for (size_t to = 0; to < chain->n_bins; to++)
            fprintf(out, " %u", (unsigned)chain->transitions[bin][to]);
    }
    fputc('\n', out);
}

void link_model_write(const struct link_model *model, FILE *out)
{
    fprintf(out, "# made by rnnlink --fit\n[link]\nformat = %d\nname = %s\n", FORMAT, model->name);
    if (model->source)
        fprintf(out, "source = %s\n", model->source);
    if (model->licence)
        fprintf(out, "licence = %s\n", model->licence);
    fputs("row_s = ", out);
    put_real(out, model->row_s);
    fputs("\nduration_s = ", out);
    put_real(out, model->duration_s);
    fputc('\n', out);
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (model->chains[c].n_bins > 0)
            put_chain(out, (enum link_column)c, &model->chains[c]);
    }
}

/* ---- reading */

struct reading {
    const char *path;
    struct link_model *model;
    bool format;
    char *name, *source, *licence;
    size_t n_next[N_LINK_COLUMNS]; /* `next` lines so far */
    size_t n_counts[N_LINK_COLUMNS][LINK_MODEL_MAX_BINS];
    int lines[N_LINK_COLUMNS][LINK_MODEL_MAX_BINS]; /* of the `next` lines */
};

static enum status wrong(const struct ini_setting *setting, struct error *error, const char *why)
{
    return error_set(error, STATUS_INVALID, "%s: [%s] %s: %s", setting->where, setting->section,
                     setting->key, why);
}

static enum status take_positive(double *to, const struct ini_setting *setting, struct error *error)
{
    struct error why = {0};
    if (*to != 0)
        return wrong(setting, error, "there twice");
    if (parse_real(setting->value, to, &why))
        return wrong(setting, error, why.text);
    return *to > 0 ? STATUS_OK : wrong(setting, error, "not above 0");
}

static enum status take_text(char **to, const struct ini_setting *setting, struct error *error)
{
    if (*to)
        return wrong(setting, error, "there twice");
    return text_replace(to, setting->value, error);
}

static enum status take_link(struct reading *r, const struct ini_setting *setting,
                             struct error *error)
{
    uint64_t format = 0;
    if (strcmp(setting->key, "name") == 0)
        return take_text(&r->name, setting, error);
    if (strcmp(setting->key, "source") == 0)
        return take_text(&r->source, setting, error);
    if (strcmp(setting->key, "licence") == 0)
        return take_text(&r->licence, setting, error);
    if (strcmp(setting->key, "row_s") == 0)
        return take_positive(&r->model->row_s, setting, error);
    if (strcmp(setting->key, "duration_s") == 0)
        return take_positive(&r->model->duration_s, setting, error);
    if (strcmp(setting->key, "format") != 0)
        return wrong(setting, error,
                     "not known (known: format, name, source, licence, row_s, duration_s)");
    if (parse_u64(setting->value, 0, UINT32_MAX, &format, NULL) || format != FORMAT)
        return wrong(setting, error, "this version reads format 1");
    r->format = true;
    return STATUS_OK;
}

/* The numbers of a line that blanks separate: *n of them, at most `most`. */
static enum status parse_numbers(const struct ini_setting *setting, double *numbers, size_t most,
                                 size_t *n, struct error *error)
{
    char word[64];
    struct error why = {0};
    *n = 0;
    for (const char *at = setting->value + strspn(setting->value, " \t"); *at;
         at += strspn(at, " \t")) {
        size_t length = strcspn(at, " \t");
        if (*n == most || length >= sizeof word)
            return wrong(setting, error, *n == most ? "too many numbers" : "no number");
        memcpy(word, at, length);
        word[length] = '\0';
        at += length;
        if (parse_real(word, &numbers[*n], &why))
            return wrong(setting, error, why.text);
        if (numbers[(*n)++] < 0)
            return wrong(setting, error, "a negative number");
    }
    return STATUS_OK;
}

static enum status take_bin(struct reading *r, int c, const struct ini_setting *setting,
                            struct error *error)
{
    struct link_chain *chain = &r->model->chains[c];
    double unit = link_column_unit((enum link_column)c), before = 0;
    size_t n = 0;
    if (r->n_next[c] != chain->n_bins)
        return wrong(setting, error, "the bin before has no 'next'");
    if (chain->n_bins == LINK_MODEL_MAX_BINS)
        return wrong(setting, error, "more than 14 bins");
    if (chain->n_bins > 0)
        before = chain->quantiles[chain->n_bins - 1][LINK_MODEL_QUANTILES - 1];
    double *q = chain->quantiles[chain->n_bins++];
    enum status status = parse_numbers(setting, q, LINK_MODEL_QUANTILES, &n, error);
    if (!status && n != LINK_MODEL_QUANTILES)
        status = wrong(setting, error, "not five values");
    for (size_t i = 0; !status && i < n; i++) {
        q[i] *= unit;
        if (q[i] < before)
            status = wrong(setting, error, "values must ascend, within a bin and from bin to bin");
        else if (!isfinite(q[i]) || (c == COLUMN_RTT && q[i] > LINK_RTT_MAX_S))
            status = wrong(setting, error, "a value beyond what links have");
        before = q[i];
    }
    return status;
}

static enum status take_next(struct reading *r, int c, const struct ini_setting *setting,
                             struct error *error)
{
    struct link_chain *chain = &r->model->chains[c];
    double counts[LINK_MODEL_MAX_BINS];
    size_t bin = r->n_next[c]++, n = 0;
    if (bin + 1 != chain->n_bins)
        return wrong(setting, error, "it must follow its 'bin'");
    enum status status = parse_numbers(setting, counts, LINK_MODEL_MAX_BINS, &n, error);
    for (size_t to = 0; !status && to < n; to++) {
        if (counts[to] != floor(counts[to]) || counts[to] > UINT32_MAX)
            status = wrong(setting, error, "counts are whole numbers up to 4294967295");
        else
            chain->transitions[bin][to] = (uint32_t)counts[to];
    }
    const char *line = strrchr(setting->where, ':');
    r->lines[c][bin] = line ? atoi(line + 1) : 0;
    r->n_counts[c][bin] = n;
    return status;
}

static enum status take_setting(void *user, const struct ini_setting *setting, struct error *error)
{
    struct reading *r = user;
    double values = 0;
    int c = 0;
    if (strcmp(setting->section, "link") == 0)
        return take_link(r, setting, error);
    while (c < N_LINK_COLUMNS &&
           strcmp(setting->section, link_column_name((enum link_column)c)) != 0)
        c++;
    if (c == N_LINK_COLUMNS)
        return error_set(error, STATUS_INVALID,
                         "%s: section [%s] is not known (known: link, rtt, up, down)",
                         setting->where, setting->section);
    struct link_chain *chain = &r->model->chains[c];
    if (strcmp(setting->key, "bin") == 0)
        return take_bin(r, c, setting, error);
    if (strcmp(setting->key, "next") == 0)
        return take_next(r, c, setting, error);
    if (strcmp(setting->key, "step_s") == 0)
        return take_positive(&chain->step_s, setting, error);
    if (strcmp(setting->key, "values") != 0)
        return wrong(setting, error, "not known (known: values, step_s, bin, next)");
    values = (double)chain->n_values;
    enum status status = take_positive(&values, setting, error);
    if (!status && (values != floor(values) || values > 9e15))
        status = wrong(setting, error, "not a whole number");
    if (!status)
        chain->n_values = (uint64_t)values;
    return status;
}

/* The bins that the first one leads to, itself included. */
static size_t n_reached(const struct link_chain *chain)
{
    size_t reached[LINK_MODEL_MAX_BINS] = {0}, n = 1;
    bool seen[LINK_MODEL_MAX_BINS] = {true};
    for (size_t i = 0; i < n; i++) {
        for (size_t to = 0; to < chain->n_bins; to++) {
            if (chain->transitions[reached[i]][to] == 0 || seen[to])
                continue;
            seen[to] = true;
            reached[n++] = to;
        }
    }
    return n;
}

static enum status check_chain(const struct reading *r, int c, struct error *error)
{
    const struct link_chain *chain = &r->model->chains[c];
    const char *name = link_column_name((enum link_column)c);
    size_t n = chain->n_bins;
    if (n == 0 || chain->step_s == 0 || chain->n_values == 0)
        return error_set(error, STATUS_INVALID, "%s: [%s] has no '%s'", r->path, name,
                         n == 0               ? "bin"
                         : chain->step_s == 0 ? "step_s"
                                              : "values");
    const char *trouble = link_step_trouble(chain->step_s, r->model->row_s);
    if (trouble)
        return error_set(error, STATUS_INVALID, "%s: [%s] step_s: %s", r->path, name, trouble);
    if (r->n_next[c] != n)
        return error_set(error, STATUS_INVALID, "%s: [%s]: the last bin has no 'next'", r->path,
                         name);
    for (size_t bin = 0; bin < n; bin++) {
        uint64_t left = 0, entered = 0;
        for (size_t other = 0; other < n; other++) {
            left += chain->transitions[bin][other];
            entered += chain->transitions[other][bin];
        }
        if (r->n_counts[c][bin] != n)
            return error_set(error, STATUS_INVALID,
                             "%s:%d: [%s] next: %zu counts where there are "
                             "%zu bins",
                             r->path, r->lines[c][bin], name, r->n_counts[c][bin], n);
        if (left != entered || left == 0)
            return error_set(error, STATUS_INVALID,
                             "%s:%d: [%s] next: the bin is left %llu times and entered %llu times "
                             "(must be equal, and above 0)",
                             r->path, r->lines[c][bin], name, (unsigned long long)left,
                             (unsigned long long)entered);
    }
    if (n_reached(chain) != n)
        return error_set(error, STATUS_INVALID, "%s: [%s]: the first bin leads to %zu of %zu bins",
                         r->path, name, n_reached(chain), n);
    return STATUS_OK;
}

static enum status check(struct reading *r, struct error *error)
{
    const struct link_model *model = r->model;
    const char *missing = !r->format               ? "format"
                          : !r->name               ? "name"
                          : model->row_s == 0      ? "row_s"
                          : model->duration_s == 0 ? "duration_s"
                                                   : NULL;
    bool any = false;
    if (missing)
        return error_set(error, STATUS_INVALID, "%s: [link] has no '%s'", r->path, missing);
    enum status status = link_model_describe(r->model, r->name, r->source, r->licence, error);
    if (status)
        error_prefix(error, "%s: [link]", r->path);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        const struct link_chain *chain = &model->chains[c];
        if (chain->n_bins == 0 && chain->step_s == 0 && chain->n_values == 0)
            continue;
        any = true;
        status = check_chain(r, c, error);
    }
    if (!status && !any)
        status = error_set(error, STATUS_INVALID, "%s: none of [rtt], [up], [down]", r->path);
    return status;
}

enum status link_model_read(const char *path, struct link_model *model, struct error *error)
{
    struct reading r = {.path = path, .model = model};
    *model = (struct link_model){0};
    enum status status = ini_read(path, take_setting, &r, error);
    if (!status)
        status = check(&r, error);
    free(r.name);
    free(r.source);
    free(r.licence);
    if (status)
        link_model_free(model);
    return status;
}
