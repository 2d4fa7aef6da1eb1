// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The command line of a tool: one constant table per command from which options are parsed, --help
 * is printed and the manual page is written, so that the three cannot part ways.
 *
 * Life cycle: `main` fills a settings struct with defaults and calls tool_main, which writes the
 * options into it, calls the command's `run` and prints the error that comes back.
 *
 * Every tool has --help, --version, --json, -q/--quiet, -v/--verbose without naming them.
 */
#ifndef BASE_TOOL_H
#define BASE_TOOL_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define RNNMAP_VERSION "0.1.0"

/* What an option's argument is, and the type at its offset in the settings. */
enum option_kind {
    OPTION_FLAG,     /* no argument; bool */
    OPTION_TEXT,     /* const char *, pointing into argv */
    OPTION_COUNT,    /* uint64_t */
    OPTION_REAL,     /* double */
    OPTION_TIME,     /* double, seconds; bare numbers are ms */
    OPTION_RATE,     /* double, bit/s; bare numbers are Mbit/s; "unlimited" */
    OPTION_SIZE,     /* double, bytes */
    OPTION_FRACTION, /* double, 0..1 */
    OPTION_CHOICE,   /* int, index into `choices` */
    OPTION_LIST,     /* struct option_list: may be given several times */
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t n_items;
};

struct option_row {
    const char *name;     /* without the dashes */
    const char *argument; /* its word in the help, NULL for a flag */
    const char *help;     /* one or more lines' worth, wrapped when printed */
    enum option_kind kind;
    size_t offset;              /* of the value in the settings struct */
    const char *const *choices; /* NULL-terminated, for OPTION_CHOICE */
    char letter;                /* its short form; 0: none */
};

struct invocation {
    const struct command *command;
    char **operands; /* n_operands, pointing into argv */
    int n_operands;
    bool json;
    int verbosity;     /* -1 quiet, 0, 1 verbose */
    FILE *out;         /* data */
    FILE *diagnostics; /* progress, warnings, errors */
};

struct command {
    const char *name;     /* NULL in a tool with a single command */
    const char *operands; /* for the usage line: "CAMPAIGN.ini"; NULL: none */
    int min_operands, max_operands;
    const char *summary; /* one line */
    const struct option_row *options;
    size_t n_options;
    enum status (*run)(const struct invocation *call, const void *settings, struct error *error);
};

struct tool {
    const char *name;
    const char *summary;     /* one line, lower case, no full stop */
    const char *description; /* paragraphs separated by '\n' */
    const char *examples;    /* lines separated by '\n' */
    const struct command *commands;
    size_t n_commands;
};

/*
 * Parses, runs, reports. Prints "TOOL: message" to `diagnostics` when something failed.
 * Returns the exit status (enum tool_exit).
 */
int tool_main(const struct tool *tool, int argc, char **argv, void *settings, FILE *out,
              FILE *diagnostics);

/* The manual page of the tool, in man(7) macros. */
void tool_manual(const struct tool *tool, FILE *out);

/* The options that every tool has; used by tool.c and manual.c. */
extern const struct option_row tool_common_options[];
extern const size_t tool_n_common_options;

#endif
