/* SPDX-License-Identifier: 0BSD */
/*
 * 100,000 random arguments for the functions of imdb.h, and the break-evens of 64 lengths, summed
 * up in one line of text: two builds of one header that choose alike print the same line. That is
 * how `make check` compares processors, and how you can compare your board with your desk.
 */
#ifndef CHOICES_H
#define CHOICES_H

#include "imdb.h"

enum { CHOICES_ARGUMENTS = 100000L, CHOICES_TEXT_SIZE = 40 };

struct choices {
    uint32_t random, n_cloud, hash;
};

static inline uint32_t choices_draw(struct choices *choices)
{
    choices->random ^= choices->random << 13;
    choices->random ^= choices->random >> 17;
    choices->random ^= choices->random << 5;
    return choices->random;
}

static inline void choices_add(struct choices *choices, uint32_t word)
{
    choices->hash = (choices->hash ^ word) * UINT32_C(16777619);
}

/* The least round trip, but for the last bit of 32, at which an input stays on the device. */
static inline uint32_t choices_break_even(uint32_t n)
{
    uint32_t even = 0, bit;
    for (bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        if (imdb_choose_rtt(n, even | (bit - 1)) == IMDB_CLOUD)
            even |= bit;
    }
    return even;
}

static inline void choices_put(char *text, uint32_t word)
{
    int i;
    for (i = 7; i >= 0; i--, word >>= 4)
        text[i] = "0123456789abcdef"[word & 15];
}

/* "cloud 0000c350 hash 01234567" and a line feed. */
static inline void choices_make(char text[CHOICES_TEXT_SIZE])
{
    static const char form[] = "cloud 00000000 hash 00000000\n";
    struct choices choices = {1, 0, UINT32_C(2166136261)};
    uint32_t i;
    for (i = 0; i < CHOICES_ARGUMENTS; i++) {
        /* of all sizes, the lengths mostly below 65536 */
        uint32_t size = choices_draw(&choices), n = choices_draw(&choices);
        uint32_t rtt_us = choices_draw(&choices) >> (size & 31);
        uint32_t fixed, now;
        n >>= (size & 0x3000) == 0 ? 0 : 16 + (size >> 8 & 15);
        fixed = (uint32_t)imdb_choose(n);
        now = (uint32_t)imdb_choose_rtt(n, rtt_us);
        choices.n_cloud += now;
        choices_add(&choices, fixed << 1 | now);
        choices_add(&choices, imdb_remote_us(n));
    }
    for (i = 0; i < 1024; i++)
        choices_add(&choices, (uint32_t)imdb_choose(i));
    for (i = 0; i < 64; i++)
        choices_add(&choices, choices_break_even(i * i / 4));
    for (i = 0; i < sizeof form; i++)
        text[i] = form[i];
    choices_put(text + 6, choices.n_cloud);
    choices_put(text + 20, choices.hash);
}

#endif
