// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_source_private.h"

#include "base/memory.h"
#include "base/name.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const enum dimension dimensions[] = {
    [COLUMN_RTT] = DIMENSION_TIME, [COLUMN_UP] = DIMENSION_RATE, [COLUMN_DOWN] = DIMENSION_RATE};
_Static_assert(sizeof dimensions / sizeof *dimensions == N_LINK_COLUMNS, "one a column");

static const char fixed[] = "fixed:";

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory for a link");
}

/* ---- constants */

static enum status check_constant(enum link_column column, double value, struct error *error)
{
    if (column == COLUMN_RTT && value > LINK_RTT_MAX_S)
        return error_set(error, STATUS_MISUSE, "a round trip over an hour");
    if (column != COLUMN_RTT && value == 0)
        return error_set(error, STATUS_MISUSE, "a bandwidth of 0 would never let a byte through");
    return STATUS_OK;
}

static enum status parse_constant(const char *text, enum link_column column, double *value,
                                  struct error *error)
{
    if (parse_quantity(text, dimensions[column], value, error))
        return STATUS_MISUSE;
    return check_constant(column, *value, error);
}

/* Cuts `text` at its commas into at most `most` parts; their number, most + 1 when there are more.
 */
static int cut(char *text, char **parts, int most)
{
    int n = 0;
    for (char *next = text; next && n <= most; n++) {
        char *part = next;
        next = strchr(part, ',');
        if (next)
            *next++ = '\0';
        if (n < most)
            parts[n] = part;
    }
    return n;
}

enum status link_fixed_parse(const char *text, double values[N_LINK_COLUMNS], struct error *error)
{
    bool prefixed = strncmp(text, fixed, strlen(fixed)) == 0;
    char *copy = text_copy(prefixed ? text + strlen(fixed) : text), *parts[N_LINK_COLUMNS];
    struct error why = {0};
    enum status status = STATUS_OK;
    if (!copy)
        return no_memory(error);
    int n = cut(copy, parts, N_LINK_COLUMNS);
    if (!prefixed || (n != 1 && n != N_LINK_COLUMNS))
        status = error_set(error, STATUS_MISUSE,
                           "'%s' is not fixed:RTT[,UP,DOWN] (such as fixed:20ms or "
                           "fixed:20ms,10,unlimited)",
                           text);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        values[c] = NAN;
        if (c < n)
            status = parse_constant(parts[c], (enum link_column)c, &values[c], &why);
        if (status)
            error_set(error, status, "'%s': %s", text, why.text);
    }
    free(copy);
    return status;
}

/* ---- files */

/* Whether the first line that says anything opens a section. What cannot be read twice (a pipe) is
 * taken for a trace. */
static bool looks_like_model(const char *path)
{
    struct stat info;
    char line[256];
    bool found = false;
    FILE *file = stat(path, &info) == 0 && S_ISREG(info.st_mode) ? fopen(path, "r") : NULL;
    while (file && !found && fgets(line, sizeof line, file)) {
        const char *text = line + (strncmp(line, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
        text += strspn(text, " \t\r\n");
        if (*text == '[')
            found = true;
        else if (*text && *text != '#' && *text != ';')
            break;
    }
    if (file)
        fclose(file);
    return found;
}

/* What a trace is called: its file's name, with '_' for what would break a report. */
static char *trace_name(const char *path)
{
    char *name = name_of_file(path);
    for (char *c = name; c && *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f || strchr(",\"\\", *c))
            *c = '_';
    }
    if (name && name_trouble(name)) {
        free(name);
        name = text_copy("trace");
    }
    return name;
}

static enum status file_read(const char *path, struct link_file *file, char **name,
                             struct error *error)
{
    enum status status;
    *file = (struct link_file){.is_model = looks_like_model(path)};
    if (file->is_model)
        status = link_model_read(path, &file->model, error);
    else
        status = link_trace_read(path, &file->trace, error);
    if (!status) {
        *name = file->is_model ? text_copy(file->model.name) : trace_name(path);
        if (!*name)
            status = no_memory(error);
    }
    return status;
}

/* ---- columns */

static void take_series(struct link_column_source *to, const struct link_trace *trace, int column)
{
    const struct trace_series *series = &trace->columns[column];
    to->series = series;
    to->slow = trace->row_s > LINK_SLOW_ROW_S;
    to->period_s = trace->duration_s;
    to->period_rows = (double)trace->n_rows;
    for (size_t i = 1; i < series->n; i++)
        to->varies = to->varies || series->values[i] != series->values[0];
}

static void take_chain(struct link_column_source *to, const struct link_model *model, int column)
{
    const struct link_chain *chain = &model->chains[column];
    to->chain = chain;
    to->slow = model->row_s > LINK_SLOW_ROW_S;
    to->period_s = chain->step_s;
    to->period_rows = chain->step_s / model->row_s;
    to->varies = link_chain_quantile(chain, 0) != link_chain_quantile(chain, 1);
}

static bool has(const struct link_file *file, int column)
{
    return file->is_model ? file->model.chains[column].n_bins > 0
                          : file->trace.columns[column].n > 0;
}

/* The greatest value of a column that is there. */
static double greatest(const struct link_column_source *from)
{
    double most = from->chain ? link_chain_quantile(from->chain, 1) : 0;
    for (size_t i = 0; from->series && i < from->series->n; i++)
        most = fmax(most, from->series->values[i]);
    return most;
}

static enum status take_file(struct link_source *source, const struct link_file *file, int column,
                             const char *path, struct error *error)
{
    struct link_column_source *to = &source->columns[column];
    if (file->is_model)
        take_chain(to, &file->model, column);
    else
        take_series(to, &file->trace, column);
    if (column != COLUMN_RTT && greatest(to) == 0)
        return error_set(error, STATUS_INVALID, "%s: '%s' is 0 throughout: no byte would arrive",
                         path, link_column_name((enum link_column)column));
    return STATUS_OK;
}

/* How a column's part of the text is shown in the source's name, freed by the caller. */
static char *constant_label(enum link_column column, double value)
{
    char text[UNITS_TEXT_SIZE];
    return text_copy(column == COLUMN_RTT ? format_time(value, text) : format_rate(value, text));
}

/* ---- the three forms of the text */

/* What opening knows of each column besides its values. */
struct opening {
    struct link_source *source;
    bool supplied[N_LINK_COLUMNS];
    char *labels[N_LINK_COLUMNS];
    char *whole; /* the name, where one file supplies what the text names */
};

static enum status supply_constant(struct opening *o, int column, double value, struct error *error)
{
    o->source->columns[column] = (struct link_column_source){.constant = value};
    o->supplied[column] = true;
    o->labels[column] = constant_label((enum link_column)column, value);
    return o->labels[column] ? STATUS_OK : no_memory(error);
}

static enum status open_fixed(struct opening *o, const char *text, struct error *error)
{
    double values[N_LINK_COLUMNS];
    enum status status = link_fixed_parse(text, values, error);
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        if (!isnan(values[c]))
            status = supply_constant(o, c, values[c], error);
    }
    return status;
}

/* Supplies one column of a file, or with N_LINK_COLUMNS all that it has. */
static enum status open_file(struct opening *o, const char *path, int column, struct error *error)
{
    struct link_file *file = &o->source->files[o->source->n_files++];
    char *name = NULL;
    enum status status = file_read(path, file, &name, error);
    if (!status && column < N_LINK_COLUMNS && !has(file, column))
        status = error_set(error, STATUS_MISUSE, "%s: it says nothing about '%s'", path,
                           link_column_name((enum link_column)column));
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        if (!has(file, c) || (column < N_LINK_COLUMNS && c != column))
            continue;
        status = take_file(o->source, file, c, path, error);
        o->supplied[c] = true;
        o->labels[c] = text_copy(name);
        if (!status && !o->labels[c])
            status = no_memory(error);
    }
    if (column == N_LINK_COLUMNS)
        o->whole = name;
    else
        free(name);
    return status;
}

/* The column that "NAME=..." is about, and where its value starts; N_LINK_COLUMNS: none. */
static int named_column(const char *text, const char **value)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        const char *name = link_column_name((enum link_column)c);
        size_t length = strlen(name);
        if (strncmp(text, name, length) == 0 && text[length] == '=') {
            *value = text + length + 1;
            return c;
        }
    }
    return N_LINK_COLUMNS;
}

static enum status open_part(struct opening *o, const char *part, struct error *error)
{
    const char *text;
    double value;
    struct error why = {0};
    int c = named_column(part, &text);
    if (c == N_LINK_COLUMNS)
        return error_set(error, STATUS_MISUSE,
                         "'%s' is none of rtt=, up=, down= (separated by commas, each with a value "
                         "or a file without commas in its name)",
                         part);
    if (o->supplied[c])
        return error_set(error, STATUS_MISUSE, "'%s': %s= is there twice", part,
                         link_column_name((enum link_column)c));
    if (!parse_quantity(text, dimensions[c], &value, NULL)) {
        if (check_constant((enum link_column)c, value, &why))
            return error_set(error, STATUS_MISUSE, "'%s': %s", part, why.text);
        return supply_constant(o, c, value, error);
    }
    struct stat info;
    if (stat(text, &info) != 0)
        return error_set(error, STATUS_MISUSE, "'%s': neither a %s nor a file that is there", part,
                         c == COLUMN_RTT ? "time (such as 20ms)" : "rate (such as 10Mbit/s)");
    return open_file(o, text, c, error);
}

static enum status open_composed(struct opening *o, const char *text, struct error *error)
{
    char *copy = text_copy(text), *parts[N_LINK_COLUMNS];
    enum status status = copy ? STATUS_OK : no_memory(error);
    int n = copy ? cut(copy, parts, N_LINK_COLUMNS) : 0;
    if (n > N_LINK_COLUMNS)
        status = error_set(error, STATUS_MISUSE, "'%s': more than rtt=, up= and down=", text);
    for (int i = 0; !status && i < n; i++)
        status = open_part(o, parts[i], error);
    free(copy);
    return status;
}

static enum status fill_rest(struct opening *o, const char *text, const struct link_rest *rest,
                             struct error *error)
{
    const double values[] = {
        [COLUMN_RTT] = rest->rtt_s, [COLUMN_UP] = rest->up_bit_s, [COLUMN_DOWN] = rest->down_bit_s};
    enum status status = STATUS_OK;
    for (int c = 0; !status && c < N_LINK_COLUMNS; c++) {
        const char *name = link_column_name((enum link_column)c);
        if (o->supplied[c])
            continue;
        if (isnan(values[c]))
            return error_set(error, STATUS_MISUSE,
                             "'%s' says nothing about '%s': add --%s %s, or take that column from "
                             "elsewhere with rtt=..,up=..,down=..",
                             text, name, name, c == COLUMN_RTT ? "TIME" : "RATE (or unlimited)");
        status = check_constant((enum link_column)c, values[c], error);
        if (status)
            error_prefix(error, "--%s", name);
        else
            status = supply_constant(o, c, values[c], error);
        free(o->whole); /* one file is no longer all there is to it */
        o->whole = NULL;
    }
    return status;
}

/* ---- what it is called */

static char *fixed_name(const struct link_source *source)
{
    double rtt_s = source->columns[COLUMN_RTT].constant;
    double up = source->columns[COLUMN_UP].constant, down = source->columns[COLUMN_DOWN].constant;
    char rates[2][UNITS_TEXT_SIZE];
    if (isinf(up) && isinf(down))
        return text_format("fixed:%.9gms", rtt_s * 1e3);
    for (int i = 0; i < 2; i++) {
        double rate = i == 0 ? up : down;
        if (isinf(rate))
            snprintf(rates[i], sizeof rates[i], "unlimited");
        else
            snprintf(rates[i], sizeof rates[i], "%.9g", rate * 1e-6);
    }
    return text_format("fixed:%.9gms,%s,%s", rtt_s * 1e3, rates[0], rates[1]);
}

/* A column without limit says nothing of a link, so it composes none. */
static enum link_origin find_origin(const struct link_source *source)
{
    bool limits = false;
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        const struct link_column_source *column = &source->columns[c];
        limits = limits || (!column->series && !column->chain && isfinite(column->constant));
    }
    return source->n_files == 0            ? LINK_ORIGIN_CONSTANT
           : source->n_files > 1 || limits ? LINK_ORIGIN_COMPOSED
           : source->files[0].is_model     ? LINK_ORIGIN_MODEL
                                           : LINK_ORIGIN_TRACE;
}

static char *make_name(const struct opening *o)
{
    if (o->source->n_files == 0)
        return fixed_name(o->source);
    if (o->whole)
        return text_copy(o->whole);
    return text_format("composed: rtt %s, up %s, down %s", o->labels[COLUMN_RTT],
                       o->labels[COLUMN_UP], o->labels[COLUMN_DOWN]);
}

enum status link_source_open(const char *text, const struct link_rest *rest,
                             struct link_source **source, struct error *error)
{
    const char *value;
    struct opening o = {.source = calloc(1, sizeof *o.source)};
    enum status status;
    if (!o.source)
        return no_memory(error);
    if (strncmp(text, fixed, strlen(fixed)) == 0)
        status = open_fixed(&o, text, error);
    else if (named_column(text, &value) < N_LINK_COLUMNS)
        status = open_composed(&o, text, error);
    else
        status = open_file(&o, text, N_LINK_COLUMNS, error);
    if (!status)
        status = fill_rest(&o, text, rest, error);
    o.source->origin = find_origin(o.source);
    if (!status && !(o.source->name = make_name(&o)))
        status = no_memory(error);
    for (int c = 0; c < N_LINK_COLUMNS; c++)
        free(o.labels[c]);
    free(o.whole);
    if (status)
        link_source_free(o.source);
    else
        *source = o.source;
    return status;
}

/* ---- what is asked of it */

const char *link_source_name(const struct link_source *source)
{
    return source->name;
}

static const char *const origins[] = {[LINK_ORIGIN_CONSTANT] = "constant",
                                      [LINK_ORIGIN_TRACE] = "trace",
                                      [LINK_ORIGIN_MODEL] = "model",
                                      [LINK_ORIGIN_COMPOSED] = "composed"};
_Static_assert(sizeof origins / sizeof *origins == N_LINK_ORIGINS, "a name each");

const char *link_origin_name(enum link_origin origin)
{
    return origins[origin];
}

enum link_origin link_source_origin(const struct link_source *source)
{
    return source->origin;
}

bool link_source_constant(const struct link_source *source)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (source->columns[c].varies)
            return false;
    }
    return true;
}

bool link_source_by_request(const struct link_source *source)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (source->columns[c].slow)
            return true;
    }
    return false;
}

double link_source_row_s(const struct link_source *source, enum link_column column)
{
    const struct link_column_source *from = &source->columns[column];
    return from->slow ? from->period_s / from->period_rows : 0;
}

bool link_source_ends(const struct link_source *source)
{
    for (int c = 0; c < N_LINK_COLUMNS; c++) {
        if (source->columns[c].varies && !source->columns[c].series)
            return false;
    }
    return !link_source_constant(source);
}

void link_source_free(struct link_source *source)
{
    if (!source)
        return;
    for (size_t i = 0; i < source->n_files; i++) {
        link_trace_free(&source->files[i].trace);
        link_model_free(&source->files[i].model);
    }
    free(source->name);
    free(source);
}
