// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/doctor.h"

#include <stdbool.h>
#include <string.h>

enum { MARK = 2, GAP = 2, MIN_WIDTH = 50 };

static const struct {
    const char *state, *mark;
} marks[] = {{"ok", "  "}, {"note", "! "}, {"missing", "- "}};

static const char *text_of(const json_t *finding, const char *key)
{
    return json_string_value(json_object_get(finding, key));
}

static int name_width(const json_t *document, int width)
{
    const char *subject;
    json_t *findings;
    int widest = 0;
    json_object_foreach((json_t *)document, subject, findings)
    {
        for (size_t i = 0; i < json_array_size(findings); i++) {
            int length = (int)strlen(text_of(json_array_get(findings, i), "name"));
            widest = length > widest ? length : widest;
        }
    }
    return widest < width / 3 ? widest : width / 3;
}

/* Words from `column` on, wrapped behind `indent` spaces; a word that is too long has a line of its
 * own. */
static void put_wrapped(const char *text, int column, int indent, int width, FILE *out)
{
    int at = column;
    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " "), blank = word != text;
        if (blank && at + 1 + length > width) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
            blank = 0;
        }
        fprintf(out, "%*s%.*s", blank, "", length, word);
        at += blank + length;
        word += length;
        word += strspn(word, " ");
    }
}

static void put_finding(const json_t *finding, int names, int width, FILE *out)
{
    static const struct {
        const char *key, *head;
    } parts[] = {{"value", ""}, {"why", ""}, {"remedy", "remedy: "}};
    const char *name = text_of(finding, "name"), *state = text_of(finding, "state");
    int indent = MARK + names + GAP, column = MARK + (int)strlen(name);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (strcmp(state, marks[i].state) == 0)
            fputs(marks[i].mark, out);
    }
    fputs(name, out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = text_of(finding, parts[i].key);
        if (!text)
            continue;
        if (column + GAP > indent) /* the name is long, or the line has a part */
            fprintf(out, "\n%*s", indent, "");
        else
            fprintf(out, "%*s", indent - column, "");
        fputs(parts[i].head, out);
        put_wrapped(text, indent + (int)strlen(parts[i].head), indent, width, out);
        column = width;
    }
    fputc('\n', out);
}

void doctor_print(const json_t *document, int width, FILE *out)
{
    const char *subject;
    json_t *findings;
    width = width < MIN_WIDTH ? MIN_WIDTH : width;
    int names = name_width(document, width);
    bool first = true;
    json_object_foreach((json_t *)document, subject, findings)
    {
        if (!json_is_array(findings))
            continue;
        fprintf(out, "%s%s\n", first ? "" : "\n", subject);
        first = false;
        for (size_t i = 0; i < json_array_size(findings); i++)
            put_finding(json_array_get(findings, i), names, width, out);
    }
}
