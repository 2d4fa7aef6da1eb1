// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Every function of the length becomes lines in 64 bits: what a header computes in 32 bits or in
 * two products does not wrap over 0..2*N_MAX, so the same integers come of one wide line; a bucket
 * is a line without slope.
 */
#include "codegen/blob.h"

#include "codegen/header_private.h"
#include "runtime/rnnmap_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DIGEST_PREFIX = 8 };

static const char magic[] = {'R', 'N', 'M', 'T'};

static void put_u16(FILE *out, uint32_t value)
{
    fputc((int)(value & 0xff), out);
    fputc((int)(value >> 8 & 0xff), out);
}

static void put_u32(FILE *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        fputc((int)(value >> 8 * i & 0xff), out);
}

static void put_u64(FILE *out, uint64_t value)
{
    put_u32(out, (uint32_t)value);
    put_u32(out, (uint32_t)(value >> 32));
}

/* ---- functions of the length */

static void put_line(FILE *out, uint32_t from, uint64_t start, uint64_t slope)
{
    put_u32(out, from);
    put_u64(out, start);
    put_u64(out, slope);
}

static void put_function_head(FILE *out, int kind, unsigned shift, size_t n_rows)
{
    fputc(kind, out);
    fputc((int)shift, out);
    put_u16(out, (uint32_t)n_rows);
}

/* a + b*m as the number that it stands for, m being at most 1. */
static int64_t whole_part(const struct affine *affine, uint32_t m)
{
    uint32_t x = (uint32_t)affine->a + (uint32_t)affine->b * m;
    return affine->may_be_negative && x >> 31 ? (int64_t)x - ((int64_t)1 << 32) : (int64_t)x;
}

/* a + b*m + (f*m >> g) is (a*2^g + (b*2^g + f)*m) >> g, and two shifts are one. */
static void put_affine(FILE *out, const struct affine *affine)
{
    unsigned shift = affine->shift;
    uint64_t start = affine->a, slope = affine->b;
    if (affine->bits != 64) {
        start = (uint64_t)whole_part(affine, 0);
        slope = (uint64_t)whole_part(affine, 1) - start;
    }
    if (affine->fraction) {
        start <<= affine->fraction_shift;
        slope = (slope << affine->fraction_shift) + affine->fraction;
        shift += affine->fraction_shift;
    }
    put_function_head(out, RNNMAP_TABLE_LINES, shift, 1);
    put_line(out, 0, start, slope);
}

static void put_segments(FILE *out, const struct segment_table *table)
{
    put_function_head(out, RNNMAP_TABLE_LINES, table->shift, table->n_rows);
    for (size_t i = 0; i < table->n_rows; i++) {
        const struct segment_row *row = &table->rows[i];
        put_line(out, row->from, (uint64_t)row->base << table->shift, (uint64_t)row->slope);
    }
}

/* Rows of 16 bits where that is enough. */
static void put_buckets(FILE *out, const struct bucket_table *table)
{
    put_function_head(out, table->narrow ? RNNMAP_TABLE_BUCKETS_16 : RNNMAP_TABLE_BUCKETS_32,
                      table->shift, table->n_rows);
    put_u32(out, table->offset);
    for (size_t i = 0; i < table->n_rows; i++)
        (table->narrow ? put_u16 : put_u32)(out, table->rows[i]);
}

static void put_map(FILE *out, const struct integer_map *map)
{
    if (map->kind == MAP_SEGMENTS)
        put_segments(out, &map->segments);
    else if (map->kind == MAP_BUCKETED)
        put_buckets(out, &map->buckets);
    else
        put_affine(out, &map->affine);
}

/* ---- sections: each is what its function writes, and is left out when that is nothing */

typedef void section_writer(FILE *out, const struct header_facts *facts);

static size_t n_targets(const struct header_facts *facts)
{
    return facts->links ? facts->links->table->costs.n_targets : 2;
}

static void write_domain(FILE *out, const struct header_facts *facts)
{
    put_u32(out, facts->links ? facts->links->table->costs.n_max : facts->table->threshold.n_max);
    fputc((int)n_targets(facts), out);
}

static void put_choice(FILE *out, uint32_t from, int target)
{
    put_u32(out, from);
    fputc(target, out);
}

static void put_target_choices(FILE *out, const struct target_switches *switches)
{
    put_choice(out, 0, switches->first);
    for (size_t i = 0; i < switches->n_at; i++)
        put_choice(out, switches->at[i].from, switches->at[i].target);
}

static void write_choose(FILE *out, const struct header_facts *facts)
{
    if (facts->links) {
        put_target_choices(out, &facts->links->table->choose);
        return;
    }
    const struct switches *switches = &facts->table->switches;
    int target = switches->first;
    put_choice(out, 0, target);
    for (size_t i = 0; i < switches->n_at; i++) {
        target ^= 1;
        put_choice(out, switches->at[i], target);
    }
}

static void write_remote(FILE *out, const struct header_facts *facts)
{
    if (!facts->links)
        put_map(out, &facts->table->remote);
    for (size_t k = 1; facts->links && k < n_targets(facts); k++)
        put_map(out, &facts->links->table->remote[k]);
}

static void write_break_even(FILE *out, const struct header_facts *facts)
{
    const struct decision_table *table = facts->table;
    if (facts->links || table->link != LINK_RTT)
        return;
    if (table->choose_rtt != REPRESENTATION_CONSTANT) {
        put_map(out, &table->break_even);
        return;
    }
    /* no round trip is below 0, and all are below 2^32 */
    put_function_head(out, RNNMAP_TABLE_LINES, 0, 1);
    put_line(out, 0, table->always == DECISION_CLOUD ? (uint64_t)1 << 32 : 0, 0);
}

static void put_form(FILE *out, const struct linear_form *form)
{
    put_map(out, &form->base);
    for (size_t i = 0; i < N_LINK_TERMS; i++) {
        const struct form_term *term = &form->terms[i];
        fputc(term->there ? (int)term->shift : (int)RNNMAP_TABLE_NO_TERM, out);
        if (term->there)
            put_map(out, &term->factor);
    }
}

static const unsigned char rules[] = {
    [RULE_LEAST] = RNNMAP_TABLE_LEAST,
    [RULE_PRODUCT] = RNNMAP_TABLE_PRODUCT,
    [RULE_LIMIT] = RNNMAP_TABLE_LIMIT,
};

static void write_links(FILE *out, const struct header_facts *facts)
{
    const struct link_table *table = facts->links ? facts->links->table : NULL;
    if (!table || table->costs.link == LINK_FIXED)
        return;
    fputc(rules[table->rule], out);
    fputc((int)table->n_forms, out);
    put_u64(out, table->limit);
    for (size_t k = 0; k < n_targets(facts); k++) {
        for (size_t f = 0; f < table->n_forms; f++)
            put_form(out, &table->forms[f].of[k]);
    }
}

static void write_targets(FILE *out, const struct header_facts *facts)
{
    for (size_t k = 0; facts->links && k < n_targets(facts); k++)
        fprintf(out, "%s\n", facts->links->names->of[k]);
    if (!facts->links)
        fputs("edge\ncloud\n", out);
}

static void write_name(FILE *out, const struct header_facts *facts)
{
    fputs(facts->name, out);
}

/* The first bytes of a digest in hexadecimal digits; what is none is left out. */
static void write_digest(FILE *out, const struct header_facts *facts)
{
    const char *digest = facts->set->digest;
    if (strspn(digest, "0123456789abcdef") < 2 * DIGEST_PREFIX)
        return;
    for (int i = 0; i < DIGEST_PREFIX; i++) {
        char pair[3] = {digest[2 * i], digest[2 * i + 1], '\0'};
        fputc((int)strtoul(pair, NULL, 16), out);
    }
}

static const struct {
    unsigned type;
    section_writer *write;
} sections[] = {
    /* ascending */
    {RNNMAP_TABLE_DOMAIN, write_domain},        {RNNMAP_TABLE_CHOOSE, write_choose},
    {RNNMAP_TABLE_REMOTE, write_remote},        {RNNMAP_TABLE_BREAK_EVEN, write_break_even},
    {RNNMAP_TABLE_LINKS, write_links},          {RNNMAP_TABLE_NAME, write_name},
    {RNNMAP_TABLE_DIGEST, write_digest},        {RNNMAP_TABLE_TARGETS, write_targets},
    {RNNMAP_TABLE_ORIGIN, header_write_origin},
};

/* False: no memory. A section is written to memory first because its size stands before it. */
static bool put_section(FILE *out, unsigned type, section_writer *write,
                        const struct header_facts *facts)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&bytes, &n);
    if (!memory)
        return false;
    write(memory, facts);
    bool failed = ferror(memory) != 0;
    failed = fclose(memory) != 0 || failed;
    if (!failed && n > 0) {
        put_u32(out, (uint32_t)type | (uint32_t)n << 8);
        fwrite(bytes, 1, n, out);
    }
    free(bytes);
    return !failed;
}

static void set_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

enum status blob_make(const struct header_facts *facts, char **bytes, size_t *n,
                      struct error *error)
{
    char *text = NULL;
    struct rnnmap_table read;
    FILE *out = open_memstream(&text, n);
    if (!out)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    fwrite(magic, 1, sizeof magic, out);
    put_u32(out, RNNMAP_TABLE_VERSION);
    put_u32(out, 0); /* its size, to be filled in, as the checksum at the end */
    bool failed = false;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        failed = !put_section(out, sections[i].type, sections[i].write, facts) || failed;
    put_u32(out, 0);
    failed = ferror(out) != 0 || failed;
    if (fclose(out) != 0 || failed) {
        free(text);
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    }
    uint8_t *made = (uint8_t *)text;
    size_t n_signed = *n - RNNMAP_TABLE_CHECKSUM_SIZE;
    set_u32(made + 8, (uint32_t)*n);
    set_u32(made + n_signed, rnnmap_table_checksum(made, n_signed));
    *bytes = text;
    if (rnnmap_table_open(made, *n, &read) == RNNMAP_TABLE_OK)
        return STATUS_OK;
    free(text);
    *bytes = NULL;
    return error_set(error, STATUS_UNSUPPORTED,
                     "the decision needs more rows than a binary table holds: allow some regret "
                     "(--max-regret 0.1%%)");
}

/* ---- reading back */

bool blob_is(const void *bytes, size_t n)
{
    return n >= sizeof magic && memcmp(bytes, magic, sizeof magic) == 0;
}

enum status blob_origin(const char *path, const uint8_t *bytes, size_t n, char **text, size_t *size,
                        struct error *error)
{
    static const char *const reasons[] = {
        [RNNMAP_TABLE_TOO_SHORT] = "truncated",
        [RNNMAP_TABLE_NOT_ONE] = "not a table made by rnngen",
        [RNNMAP_TABLE_NEWER] = "made by a newer version of rnngen",
        [RNNMAP_TABLE_LENGTH] = "truncated",
        [RNNMAP_TABLE_CHECKSUM] = "edited or damaged: its checksum differs",
        [RNNMAP_TABLE_SIGNATURE] = "its signature differs",
        [RNNMAP_TABLE_CONTENT] = "not a table made by rnngen",
    };
    struct rnnmap_table table;
    uint32_t n_text;
    enum rnnmap_table_status status = rnnmap_table_open(bytes, n, &table);
    if (status != RNNMAP_TABLE_OK)
        return error_set(error, STATUS_FAILED, "%s: %s: generate it again with rnngen", path,
                         reasons[status]);
    const uint8_t *origin = rnnmap_table_section(&table, RNNMAP_TABLE_ORIGIN, &n_text);
    if (!origin)
        return error_set(error, STATUS_FAILED, "%s: does not say what it was made from", path);
    *text = strndup((const char *)origin, n_text);
    *size = table.size;
    return *text ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for %s", path);
}
