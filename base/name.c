// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/name.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The bytes of the UTF-8 character at `text`, which is not at its end; 0 when it is none. */
static size_t utf8_size(const unsigned char *text)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* below it, a shorter form exists */
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t n = 0; n < sizeof forms / sizeof *forms; n++) {
        if ((text[0] & forms[n].mask) != forms[n].lead)
            continue;
        uint32_t character = text[0] & (unsigned char)~forms[n].mask;
        for (size_t i = 1; i <= n; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            character = character << 6 | (text[i] & 0x3f);
        }
        bool surrogate = character >= 0xd800 && character < 0xe000;
        return character < forms[n].least || character > 0x10ffff || surrogate ? 0 : n + 1;
    }
    return 0;
}

bool name_is_utf8(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    for (size_t size = 1; *c && size > 0; c += size)
        size = utf8_size(c);
    return *c == '\0';
}

const char *name_trouble(const char *name)
{
    if (!name || name[0] == '\0')
        return "is empty";
    if (strchr(" \t", name[0]) || strchr(" \t", name[strlen(name) - 1]))
        return "starts or ends with a blank";
    for (const unsigned char *c = (const unsigned char *)name; *c;) {
        size_t size = utf8_size(c);
        if (size == 0)
            return "is not UTF-8 text";
        bool second_set = c[0] == 0xc2 && c[1] < 0xa0; /* U+0080 to U+009F: terminals obey them */
        if (*c < ' ' || *c == 0x7f || second_set)
            return "holds a control character";
        if (*c == ',' || *c == '"')
            return "holds a comma or a quote; fields are not quoted here";
        c += size;
    }
    return NULL;
}

char *name_of_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return text_format("%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name), name);
}
