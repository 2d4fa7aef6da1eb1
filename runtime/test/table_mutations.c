// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What runtime/rnnmap_table.h and rnnmap_table_links.h make of damaged and of hostile tables:
 *
 *     table_mutations SEED COUNT FILE.rmt...
 *
 * Every table is cut at every length and flipped in every bit; then COUNT tables are changed at
 * random with the checksum made right again, and those that open are asked. Each lies in memory of
 * just its size, so that with sanitizers no read beside it is missed. Prints how many of the random
 * ones opened; exit status 1 and a line for each that was wrong.
 */
#include "runtime/rnnmap_table_links.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE_MAX_READ = 1 << 16 };

struct bytes {
    uint8_t *at;
    size_t n;
};

static uint64_t random_state;
static unsigned long n_wrong, n_opened;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

static void wrong(const char *what, size_t where, int status)
{
    if (n_wrong++ < 20)
        printf("%s %zu: status %d\n", what, where, status);
}

/* Asks a table for every kind of answer; a choice beyond its targets is wrong. */
static struct rnnmap_table_link links[255];

static void ask(const struct rnnmap_table *table, size_t where)
{
    uint32_t n_part;
    for (int i = 0; i < 40; i++) {
        uint32_t n = i == 0 ? 0 : i == 1 ? UINT32_MAX : draw(UINT32_MAX) >> draw(32);
        uint32_t rtt_us = draw(UINT32_MAX) >> draw(32);
        unsigned n_targets = table->n_targets ? table->n_targets : 1;
        int choice = rnnmap_table_choose(table, n),
            by_rtt = rnnmap_table_choose_rtt(table, n, rtt_us);
        if (choice < 0 || (unsigned)choice >= n_targets || by_rtt < 0)
            wrong("a choice that is no target, table", where, choice);
        links[draw(255)].rtt_us = rtt_us;
        links[draw(255)].up_ps_per_byte = draw(UINT32_MAX);
        int by_links = rnnmap_table_choose_links(table, n, links);
        int by_link = rnnmap_table_choose_link(table, n, rtt_us, draw(1000), draw(UINT32_MAX));
        if (by_links < 0 || (unsigned)by_links >= n_targets || by_link < 0 ||
            (unsigned)by_link >= n_targets)
            wrong("a choice by links that is no target, table", where, by_links);
        if (!table->bytes && (by_links || by_link))
            wrong("a table that did not open answers links, table", where, by_links);
        if (!table->bytes && (choice || by_rtt || rnnmap_table_remote_us(table, n)))
            wrong("a table that did not open answers, table", where, choice);
        (void)rnnmap_table_target_remote_us(table, draw(n_targets + 2), n);
    }
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t *part = rnnmap_table_section(table, type, &n_part);
        if (part && n_part && part[0] + part[n_part - 1] > 510)
            wrong("section", type, 0);
    }
}

/* Opens a copy of just that size. */
static enum rnnmap_table_status open_copy(const struct bytes *bytes, size_t n, size_t where)
{
    struct rnnmap_table table;
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        exit(1);
    memcpy(copy, bytes->at, n);
    enum rnnmap_table_status status = rnnmap_table_open(copy, n, &table);
    ask(&table, where);
    free(copy);
    return status;
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void damage(const struct bytes *table)
{
    for (size_t n = 0; n < table->n; n++) {
        int status = (int)open_copy(table, n, n);
        if (status != (n < 16 ? RNNMAP_TABLE_TOO_SHORT : RNNMAP_TABLE_LENGTH))
            wrong("cut to", n, status);
    }
    for (size_t bit = 0; bit < 8 * table->n; bit++) {
        table->at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int status = (int)open_copy(table, table->n, bit);
        if (status == RNNMAP_TABLE_OK)
            wrong("flipped bit", bit, status);
        table->at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* A byte, a word, a stretch copied over another, or the length of a section. */
static void change(struct bytes *copy)
{
    uint32_t at = draw((uint32_t)copy->n - 4), to = draw((uint32_t)copy->n - 4);
    switch (draw(4)) {
    case 0:
        copy->at[at] = (uint8_t)draw(256);
        break;
    case 1:
        put_u32(copy->at + at, draw(2) ? draw(UINT32_MAX) >> draw(32) : 0 - draw(3));
        break;
    case 2:
        memmove(copy->at + to, copy->at + at, draw((uint32_t)copy->n - (at > to ? at : to)));
        break;
    default: /* the last section is cut or grows */
        copy->n -= draw(8) % (copy->n > 40 ? 8 : 1);
        break;
    }
}

static void attack(const struct bytes *table, size_t where)
{
    struct bytes copy = {malloc(table->n), table->n};
    if (!copy.at)
        exit(1);
    memcpy(copy.at, table->at, table->n);
    for (uint32_t i = 0, n = 1 + draw(4); i < n; i++)
        change(&copy);
    memcpy(copy.at, table->at, 8);
    put_u32(copy.at + 8, (uint32_t)copy.n);
    put_u32(copy.at + copy.n - 4, rnnmap_table_checksum(copy.at, copy.n - 4));
    int status = (int)open_copy(&copy, copy.n, where);
    n_opened += status == RNNMAP_TABLE_OK;
    if (status != RNNMAP_TABLE_OK && status != RNNMAP_TABLE_CONTENT && status != RNNMAP_TABLE_NEWER)
        wrong("random table", where, status);
    free(copy.at);
}

static int read_table(const char *path, struct bytes *table)
{
    FILE *file = fopen(path, "rb");
    table->at = malloc(SIZE_MAX_READ);
    table->n = file && table->at ? fread(table->at, 1, SIZE_MAX_READ, file) : 0;
    if (file)
        fclose(file);
    return table->n > 16;
}

int main(int argc, char **argv)
{
    struct bytes tables[64];
    int n = argc - 3;
    if (n < 1 || n > 64)
        return 2;
    random_state = strtoull(argv[1], NULL, 10);
    unsigned long count = strtoul(argv[2], NULL, 10);
    for (int i = 0; i < n; i++) {
        if (!read_table(argv[3 + i], &tables[i]))
            return 2;
        damage(&tables[i]);
    }
    for (unsigned long i = 0; i < count; i++)
        attack(&tables[draw((uint32_t)n)], i);
    for (int i = 0; i < n; i++)
        free(tables[i].at);
    printf("%lu random tables, %lu opened, %lu wrong\n", count, n_opened, n_wrong);
    return n_wrong != 0;
}
