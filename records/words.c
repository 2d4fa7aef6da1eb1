// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/words_private.h"

#include <stddef.h>

static bool is_white(uint32_t code)
{
    static const uint32_t ranges[][2] = {
        {0x09, 0x0d},     {0x20, 0x20},     {0x85, 0x85},     {0xa0, 0xa0},     {0x1680, 0x1680},
        {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && ranges[i][0] <= code; i++) {
        if (code <= ranges[i][1])
            return true;
    }
    return false;
}

static void take_character(struct words *words, bool white)
{
    words->n += !white && !words->inside;
    words->inside = !white;
}

void words_take(struct words *words, unsigned char byte)
{
    if (words->n_awaited > 0 && (byte & 0xc0) == 0x80) {
        words->code = words->code << 6 | (byte & 0x3f);
        if (--words->n_awaited == 0)
            take_character(words, words->code >= words->least && is_white(words->code));
        return;
    }
    if (words->n_awaited > 0) { /* cut short: no UTF-8 */
        words->n_awaited = 0;
        take_character(words, false);
    }
    if (byte < 0x80) {
        take_character(words, is_white(byte));
    } else if (byte >= 0xc2 && byte <= 0xf4) {
        words->n_awaited = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
        words->code = byte & (0x3fU >> words->n_awaited);
        words->least = (const uint32_t[]){0, 0x80, 0x800, 0x10000}[words->n_awaited];
    } else {
        take_character(words, false);
    }
}

uint64_t words_end(struct words *words)
{
    if (words->n_awaited > 0)
        take_character(words, false);
    uint64_t n = words->n;
    *words = (struct words){0};
    return n;
}
