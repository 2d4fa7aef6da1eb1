// SPDX-License-Identifier: GPL-3.0-or-later
/* The manual page of a tool, from the same tables as its --help. */
#include "base/tool.h"

#include <ctype.h>
#include <string.h>

/* Text with what troff would take for itself escaped; '\n' starts a paragraph. */
static void put_text(FILE *out, const char *text, bool upper)
{
    bool line_start = true;
    for (const char *c = text; *c; c++) {
        if (*c == '\n') {
            fputs("\n.PP\n", out);
            line_start = true;
            continue;
        }
        if (line_start && (*c == '.' || *c == '\''))
            fputs("\\&", out);
        if (*c == '\\')
            fputs("\\e", out);
        else if (*c == '-')
            fputs("\\-", out);
        else
            fputc(upper ? toupper((unsigned char)*c) : *c, out);
        line_start = false;
    }
}

static void put_options(FILE *out, const struct option_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fputs(".TP\n", out);
        if (rows[i].letter)
            fprintf(out, "\\fB\\-%c\\fR, ", rows[i].letter);
        fputs("\\fB\\-\\-", out);
        put_text(out, rows[i].name, false);
        fputs("\\fR", out);
        if (rows[i].argument) {
            fputs(" \\fI", out);
            put_text(out, rows[i].argument, false);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        put_text(out, rows[i].help, false);
        fputc('\n', out);
    }
}

static void put_examples(FILE *out, const char *examples)
{
    fputs(".SH EXAMPLES\n.nf\n", out);
    while (*examples) {
        size_t length = strcspn(examples, "\n");
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)length, examples);
        put_text(out, line, false);
        fputc('\n', out);
        examples += length + (examples[length] == '\n');
    }
    fputs(".fi\n", out);
}

void tool_manual(const struct tool *tool, FILE *out)
{
    fputs(".TH ", out);
    put_text(out, tool->name, true);
    fprintf(out, " 1 \"\" \"rnnmap %s\" \"User Commands\"\n.SH NAME\n", RNNMAP_VERSION);
    put_text(out, tool->name, false);
    fputs(" \\- ", out);
    put_text(out, tool->summary, false);
    fputs("\n.SH SYNOPSIS\n", out);
    for (size_t i = 0; i < tool->n_commands; i++) {
        const struct command *command = &tool->commands[i];
        fprintf(out, "%s.B %s%s%s\n[options]", i ? ".br\n" : "", tool->name,
                command->name ? " " : "", command->name ? command->name : "");
        if (command->operands) {
            fputc(' ', out);
            put_text(out, command->operands, false);
        }
        fputc('\n', out);
    }
    fputs(".SH DESCRIPTION\n", out);
    put_text(out, tool->description, false);
    fputc('\n', out);
    if (tool->n_commands == 1)
        fputs(".SH OPTIONS\n", out);
    for (size_t i = 0; i < tool->n_commands; i++) {
        const struct command *command = &tool->commands[i];
        if (command->name) {
            fputs(".SH COMMAND ", out);
            put_text(out, command->name, true);
            fputc('\n', out);
            put_text(out, command->summary, false);
            fputc('\n', out);
        }
        put_options(out, command->options, command->n_options);
    }
    fputs(".SH COMMON OPTIONS\n", out);
    put_options(out, tool_common_options, tool_n_common_options);
    fputs(".SH EXIT STATUS\n0 done; 1 failed; 2 misuse; 3 done, but something asked for (a stop "
          "rule, a bound) was not reached.\n",
          out);
    if (tool->examples)
        put_examples(out, tool->examples);
}
