// SPDX-License-Identifier: GPL-3.0-or-later
/* What tests ask of HTML and SVG. */
#ifndef BASE_TEST_MARKUP_H
#define BASE_TEST_MARKUP_H

#include "base/test/support.h"

#include <stdlib.h>
#include <string.h>

static inline size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

/* Every element is closed in its turn; attributes are quoted and hold no '<'. */
static inline void assert_well_formed(const char *text)
{
    static const char *const alone[] = {"meta", "!DOCTYPE"};
    char open[64][16];
    size_t depth = 0;
    for (const char *at = strchr(text, '<'); at; at = strchr(at + 1, '<')) {
        char name[16] = "";
        bool close = at[1] == '/', is_alone = false;
        sscanf(at + 1 + close, "%15[A-Za-z0-9!]", name);
        const char *end = at + 1;
        for (bool quoted = false; *end && (quoted || *end != '>'); end++) {
            quoted = *end == '"' ? !quoted : quoted;
            if (*end == '<')
                fail_msg("a '<' within <%s", name);
        }
        for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
            is_alone = is_alone || strcmp(name, alone[i]) == 0;
        if (close) {
            if (depth == 0 || strcmp(open[--depth], name) != 0)
                fail_msg("</%s> closes <%s>", name, open[depth]);
        } else if (!is_alone && end[-1] != '/') {
            assert_true(depth < 64);
            strcpy(open[depth++], name);
        }
        at = end;
        if (!*end)
            fail_msg("<%s is not ended", name);
    }
    assert_int_equal(depth, 0);
}

/* No number that is none, and nothing to be fetched. */
static inline void assert_self_contained(const char *text)
{
    static const char *const no[] = {
        " nan",  "\"nan", "Mnan",  "Lnan", ">nan",    "-nan",    " inf ", "\"inf\"", ">inf<",
        "-inf<", "src=",  "href=", "url(", "@import", "<script", "<link", "<iframe", "https:"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (strstr(text, no[i]))
            fail_msg("it holds '%s'", no[i]);
    }
    assert_int_equal(count(text, "http:"), count(text, "xmlns=\"http://www.w3.org/2000/svg\""));
}

#endif
