// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/webpage.h"

#include "base/html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char style[] =
    ":root{color-scheme:light}"
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1160px;padding:12px 16px 48px;background:#fff;color:#1c1c1c;"
    "font:16px/1.5 system-ui,'DejaVu Sans',Helvetica,sans-serif;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25;margin:.4em 0}"
    "h2{font-size:1.15rem;margin:1.8em 0 .4em;border-bottom:1px solid #ddd}"
    "p{margin:.5em 0;max-width:75ch}"
    ".found{font-size:1.05rem}"
    ".grid{display:grid;gap:16px;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))"
    "}"
    "figure{margin:8px 0;min-width:0;max-width:620px}"
    "figure>svg{display:block;width:100%;height:auto}"
    "figcaption,.note{font-size:.9rem;color:#444}"
    ".scroll{overflow-x:auto;max-width:100%}"
    "table{border-collapse:collapse;font-size:.85rem;white-space:nowrap}"
    "th,td{padding:4px 10px 4px 0;text-align:left;border-bottom:1px solid #e4e4e4}"
    "th{color:#555;font-weight:600}.r{text-align:right;font-variant-numeric:tabular-nums}"
    "pre{margin:.5em 0;padding:8px 10px;background:#f4f4f4;white-space:pre-wrap}"
    "summary{cursor:pointer;padding:6px 0}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;font-size:.9rem}"
    "dt{color:#555}dd{margin:0;min-width:0}"
    ".warn{border-left:4px solid #d55e00;padding-left:10px}";

void webpage_begin(FILE *out, const char *title, const char *heading)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>",
          out);
    html_put_text(out, title);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", style);
    html_put_text(out, heading);
    fputs("</h1>\n", out);
}

void webpage_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

/* The element with the formatted text in it. */
static void put_element(FILE *out, const char *name, const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    fprintf(out, "<%s>", name);
    html_put_text(out, text ? text : "");
    fprintf(out, "</%s>\n", name);
    free(text);
}

void webpage_section(FILE *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    put_element(out, "h2", format, arguments);
    va_end(arguments);
}

FILE *webpage_lines_begin(struct webpage_lines *lines)
{
    *lines = (struct webpage_lines){0};
    lines->memory = open_memstream(&lines->text, &lines->size);
    return lines->memory;
}

static void put_line(FILE *out, const char *class, const char *line)
{
    bool warning = strncmp(line, "WARNING", 7) == 0;
    fprintf(out, "<p class=\"%s\">", warning ? "warn" : class);
    html_put_text(out, line);
    fputs("</p>\n", out);
}

void webpage_lines_end(struct webpage_lines *lines, const char *class, FILE *out)
{
    if (!lines->memory || fclose(lines->memory) != 0)
        return;
    for (char *line = lines->text, *end; *line; line = end) {
        end = line + strcspn(line, "\n");
        char after = *end;
        *end = '\0';
        if (*line)
            put_line(out, class, line);
        end += after ? 1 : 0;
    }
    free(lines->text);
}

void webpage_paragraph(FILE *out, const char *class, const char *format, ...)
{
    struct webpage_lines lines;
    va_list arguments;
    FILE *to = webpage_lines_begin(&lines);
    va_start(arguments, format);
    if (to)
        vfprintf(to, format, arguments);
    va_end(arguments);
    webpage_lines_end(&lines, class, out);
}

void webpage_table(struct text_table *table, FILE *out)
{
    fputs("<div class=\"scroll\">\n", out);
    text_table_print_html(table, out);
    fputs("</div>\n", out);
    text_table_free(table);
}

void webpage_command(FILE *out, const char *command)
{
    fputs("<pre>", out);
    html_put_text(out, command);
    fputs("</pre>\n", out);
}

void webpage_facts_begin(FILE *out)
{
    fputs("<dl>\n", out);
}

void webpage_fact(FILE *out, const char *name, const char *format, ...)
{
    va_list arguments;
    fputs("<dt>", out);
    html_put_text(out, name);
    fputs("</dt>", out);
    va_start(arguments, format);
    put_element(out, "dd", format, arguments);
    va_end(arguments);
}

void webpage_facts_end(FILE *out)
{
    fputs("</dl>\n", out);
}
