// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/tool.h"

#include "base/terminal.h"
#include "base/units.h"

#include <getopt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 40, HELP_COLUMN = 26, HELP_WIDTH = 78, HELP_NARROW = 60, HELP_LEAST = 24 };

struct common {
    bool help, version, json, quiet, verbose, manual;
};

const struct option_row tool_common_options[] = {
    {"help", NULL, "Print this help and exit.", OPTION_FLAG, offsetof(struct common, help), NULL,
     'h'},
    {"version", NULL, "Print the version and exit.", OPTION_FLAG, offsetof(struct common, version),
     NULL, 0},
    {"json", NULL, "Print one JSON document on standard output.", OPTION_FLAG,
     offsetof(struct common, json), NULL, 0},
    {"quiet", NULL, "No progress and no remarks, only errors.", OPTION_FLAG,
     offsetof(struct common, quiet), NULL, 'q'},
    {"verbose", NULL, "Say more on standard error.", OPTION_FLAG, offsetof(struct common, verbose),
     NULL, 'v'},
    {"manual", NULL, "Print the manual page in man(7) macros and exit.", OPTION_FLAG,
     offsetof(struct common, manual), NULL, 0},
};
const size_t tool_n_common_options = sizeof tool_common_options / sizeof tool_common_options[0];

static enum status store_quantity(void *at, const char *text, enum dimension dimension,
                                  struct error *error)
{
    return parse_quantity(text, dimension, at, error);
}

static enum status store_choice(int *at, const char *const *choices, const char *text,
                                struct error *error)
{
    char known[256] = "";
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0) {
            *at = i;
            return STATUS_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", choices[i]);
    }
    return error_set(error, STATUS_INVALID, "'%s' is none of %s", text, known);
}

static enum status store_item(struct option_list *list, const char *text, struct error *error)
{
    if (list->n_items == OPTION_LIST_MAX)
        return error_set(error, STATUS_INVALID, "given more than %d times", OPTION_LIST_MAX);
    list->items[list->n_items++] = text;
    return STATUS_OK;
}

static enum status store_value(const struct option_row *row, void *settings, const char *text,
                               struct error *error)
{
    void *at = (char *)settings + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)at = true;
        return STATUS_OK;
    case OPTION_TEXT:
        *(const char **)at = text;
        return STATUS_OK;
    case OPTION_COUNT:
        return parse_u64(text, 0, UINT64_MAX, at, error);
    case OPTION_REAL:
        return parse_real(text, at, error);
    case OPTION_TIME:
        return store_quantity(at, text, DIMENSION_TIME, error);
    case OPTION_RATE:
        return store_quantity(at, text, DIMENSION_RATE, error);
    case OPTION_SIZE:
        return store_quantity(at, text, DIMENSION_SIZE, error);
    case OPTION_FRACTION:
        return store_quantity(at, text, DIMENSION_FRACTION, error);
    case OPTION_CHOICE:
        return store_choice(at, row->choices, text, error);
    case OPTION_LIST:
        return store_item(at, text, error);
    }
    return STATUS_FAILED;
}

/* HELP_WIDTH, or what a narrower terminal has. */
static int help_width(FILE *out)
{
    int width = terminal_width(out);
    if (width == 0 || width > HELP_WIDTH)
        return HELP_WIDTH;
    return width > HELP_LEAST ? width : HELP_LEAST;
}

/* Prints words of `text` from `column` on, wrapped at the width with `indent` spaces. */
static void print_wrapped(FILE *out, const char *text, int column, int indent)
{
    int width = help_width(out);
    while (*text) {
        size_t length = strcspn(text, " \n");
        if (column > indent && column + 1 + (int)length > width) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fwrite(text, 1, length, out);
        column += (int)length;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

/* In a narrow terminal what an option does stands below it. */
static void print_options(FILE *out, const struct option_row *rows, size_t n)
{
    int help_column = help_width(out) < HELP_NARROW ? 8 : HELP_COLUMN;
    for (size_t i = 0; i < n; i++) {
        const struct option_row *row = &rows[i];
        int column = row->letter ? fprintf(out, "  -%c, --%s", row->letter, row->name)
                                 : fprintf(out, "      --%s", row->name);
        if (row->argument)
            column += fprintf(out, " %s", row->argument);
        if (column >= help_column) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%*s", help_column - column, "");
        print_wrapped(out, row->help, help_column, help_column);
    }
}

static void print_help(const struct tool *tool, const struct command *only, FILE *out)
{
    for (size_t i = 0; i < tool->n_commands; i++) {
        const struct command *command = &tool->commands[i];
        if (only && only != command)
            continue;
        fprintf(out, "%s %s%s%s [options]%s%s\n", i == 0 || only ? "usage:" : "      ", tool->name,
                command->name ? " " : "", command->name ? command->name : "",
                command->operands ? " " : "", command->operands ? command->operands : "");
    }
    fputc('\n', out);
    print_wrapped(out, only && only->name ? only->summary : tool->description, 0, 0);
    for (size_t i = 0; i < tool->n_commands; i++) {
        const struct command *command = &tool->commands[i];
        if (only && only != command)
            continue;
        if (command->name && !only) {
            fprintf(out, "\n%s %s: ", tool->name, command->name);
            print_wrapped(out, command->summary, (int)strlen(command->name) + 12, 0);
        } else {
            fprintf(out, "\noptions:\n");
        }
        print_options(out, command->options, command->n_options);
    }
    fprintf(out, "\nwith every command:\n");
    print_options(out, tool_common_options, tool_n_common_options);
    if (tool->examples && (!only || !only->name))
        fprintf(out, "\nexamples:\n%s\n", tool->examples);
    fputc('\n', out);
    print_wrapped(out,
                  "exit status: 0 done, 1 failed, 2 misuse, 3 done but something asked for was not "
                  "reached",
                  0, 0);
}

static enum status find_command(const struct tool *tool, int *argc, char ***argv,
                                const struct command **found, struct error *error)
{
    if (!tool->commands[0].name) {
        *found = &tool->commands[0];
        return STATUS_OK;
    }
    if (*argc < 2 || (*argv)[1][0] == '-') {
        *found = NULL; /* options alone: --help, --version */
        return STATUS_OK;
    }
    for (size_t i = 0; i < tool->n_commands; i++) {
        if (strcmp(tool->commands[i].name, (*argv)[1]) == 0) {
            *found = &tool->commands[i];
            (*argc)--;
            (*argv)++;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_MISUSE, "there is no command '%s'; see %s --help", (*argv)[1],
                     tool->name);
}

/* Rows of the command and then the common ones, as getopt wants them: `val` is the row + 256. */
static size_t getopt_table(const struct command *command, struct option *table, char *letters,
                           const struct option_row **rows)
{
    size_t n = 0;
    *letters++ = ':';
    for (int part = 0; part < 2; part++) {
        const struct option_row *from = part      ? tool_common_options
                                        : command ? command->options
                                                  : NULL;
        size_t n_from = part ? tool_n_common_options : command ? command->n_options : 0;
        for (size_t i = 0; i < n_from && n < MAX_OPTIONS; i++, n++) {
            bool takes = from[i].kind != OPTION_FLAG;
            rows[n] = &from[i];
            table[n] = (struct option){from[i].name, takes ? required_argument : no_argument, NULL,
                                       (int)n + 256};
            if (from[i].letter) {
                *letters++ = from[i].letter;
                if (takes)
                    *letters++ = ':';
            }
        }
    }
    table[n] = (struct option){0};
    *letters = '\0';
    return n;
}

static enum status parse_options(const struct tool *tool, int argc, char **argv,
                                 const struct command *command, void *settings,
                                 struct common *common, struct error *error)
{
    struct option table[MAX_OPTIONS + 1];
    const struct option_row *rows[MAX_OPTIONS];
    char letters[2 * MAX_OPTIONS + 2];
    size_t n = getopt_table(command, table, letters, rows);
    size_t n_own = command ? command->n_options : 0;
    opterr = 0;
    optind = 0;
    for (int got; (got = getopt_long(argc, argv, letters, table, NULL)) != -1;) {
        if (got == '?' || got == ':') {
            const char *at = argv[optind > 0 ? optind - 1 : 0];
            if (got == ':')
                return error_set(error, STATUS_MISUSE, "%s needs an argument; see %s --help", at,
                                 tool->name);
            if (optopt >= 256)
                return error_set(error, STATUS_MISUSE, "%s takes no argument", at);
            if (optopt > 0) /* a letter: getopt may not have left its word yet */
                return error_set(error, STATUS_MISUSE, "there is no option -%c; see %s --help",
                                 optopt, tool->name);
            return error_set(error, STATUS_MISUSE,
                             "there is no option %s (or it is ambiguous); see %s --help", at,
                             tool->name);
        }
        size_t i = 0;
        while (i < n && got != table[i].val && got != rows[i]->letter)
            i++;
        if (i == n)
            continue;
        struct error why = {0};
        if (store_value(rows[i], i < n_own ? settings : (void *)common, optarg, &why))
            return error_set(error, STATUS_MISUSE, "--%s: %s", rows[i]->name, why.text);
    }
    return STATUS_OK;
}

static enum status parse_and_run(const struct tool *tool, int argc, char **argv, void *settings,
                                 FILE *out, FILE *diagnostics, struct error *error)
{
    struct common common = {0};
    struct invocation call = {.out = out, .diagnostics = diagnostics};
    enum status status = find_command(tool, &argc, &argv, &call.command, error);
    if (!status)
        status = parse_options(tool, argc, argv, call.command, settings, &common, error);
    if (status)
        return status;
    if (common.help) {
        print_help(tool, call.command, out);
        return STATUS_OK;
    }
    if (common.version) {
        fprintf(out, "%s %s\n", tool->name, RNNMAP_VERSION);
        return STATUS_OK;
    }
    if (common.manual) {
        tool_manual(tool, out);
        return STATUS_OK;
    }
    if (!call.command)
        return error_set(error, STATUS_MISUSE, "no command given; see %s --help", tool->name);
    call.json = common.json;
    call.verbosity = common.quiet ? -1 : common.verbose ? 1 : 0;
    call.operands = argv + optind;
    call.n_operands = argc - optind;
    if (call.n_operands > call.command->max_operands)
        return error_set(error, STATUS_MISUSE, "'%s' is one operand too many; see %s --help",
                         call.operands[call.command->max_operands], tool->name);
    if (call.n_operands < call.command->min_operands)
        return error_set(error, STATUS_MISUSE, "%s is missing; see %s --help",
                         call.command->operands, tool->name);
    return call.command->run(&call, settings, error);
}

int tool_main(const struct tool *tool, int argc, char **argv, void *settings, FILE *out,
              FILE *diagnostics)
{
    struct error error = {0};
    enum status status = parse_and_run(tool, argc, argv, settings, out, diagnostics, &error);
    if (fflush(out) != 0 && status == STATUS_OK)
        status = error_set(&error, STATUS_IO, "standard output could not be written");
    if (status)
        fprintf(diagnostics, "%s: %s\n", tool->name,
                error.text[0] ? error.text : "failed without saying why");
    return (int)status_exit(status);
}
