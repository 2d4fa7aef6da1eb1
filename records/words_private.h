// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Counts the words of a text that comes byte by byte. Words are separated by the white space of
 * Unicode (the property White_Space of its character database) in UTF-8: blank, tab, line feed,
 * vertical tab, form feed, carriage return, U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028,
 * U+2029, U+202F, U+205F, U+3000. Bytes that are no UTF-8 belong to a word.
 *
 * Life cycle: {0}, words_take for each byte, words_end.
 */
#ifndef RECORDS_WORDS_PRIVATE_H
#define RECORDS_WORDS_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

struct words {
    uint64_t n; /* begun so far */
    bool inside;
    uint32_t code;  /* of the character whose bytes are coming in */
    uint32_t least; /* that takes so many bytes: less is no UTF-8 */
    int n_awaited;  /* bytes of it */
};

void words_take(struct words *words, unsigned char byte);

/* The number of words; the next text may begin. */
uint64_t words_end(struct words *words);

#endif
