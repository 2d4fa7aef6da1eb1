/* SPDX-License-Identifier: 0BSD */
/*
 * Decision tables as data: a product that may not be reflashed gets a new table as a file
 * (rnngen --binary) and decides with it as the generated header of the same models would.
 *
 * The product keeps the bytes (in flash, in a buffer) and a struct rnnmap_table that points into
 * them. Life cycle: rnnmap_table_open, or rnnmap_table_open_signed, then any number of questions,
 * from any threads at once; nothing to close. The bytes must neither move nor change meanwhile.
 *
 *     static struct rnnmap_table table;
 *     if (rnnmap_table_open(bytes, n_bytes, &table) != RNNMAP_TABLE_OK)
 *         ... report it; the table now says "on the device" to every question
 *     target = rnnmap_table_choose_rtt(&table, n, rtt_us);
 *
 * No heap, no floating point, no division, no C library; bytes are read one by one, so they may lie
 * at any address. Every byte is checked before it is used: whoever can make a table with a right
 * checksum can make it choose wrongly, and nothing else. Against that the product may check a
 * signature. The format: docs/table-format.md.
 */
#ifndef RNNMAP_TABLE_H
#define RNNMAP_TABLE_H

#include <stddef.h>
#include <stdint.h>

#define RNNMAP_TABLE_VERSION 1u

/* What opening says. */
enum rnnmap_table_status {
    RNNMAP_TABLE_OK = 0,
    RNNMAP_TABLE_TOO_SHORT = 1, /* not even a head */
    RNNMAP_TABLE_NOT_ONE = 2,   /* does not begin as a table does */
    RNNMAP_TABLE_NEWER = 3,     /* of a version, or with parts, that this reader does not know */
    RNNMAP_TABLE_LENGTH = 4,    /* longer than the bytes there are: cut off */
    RNNMAP_TABLE_CHECKSUM = 5,  /* changed on its way */
    RNNMAP_TABLE_SIGNATURE = 6, /* the product's own check said no */
    RNNMAP_TABLE_CONTENT = 7    /* the right checksum over something that is no table */
};

/* Sections. Readers pass over those they do not know from 0x80 on and refuse others. */
enum {
    RNNMAP_TABLE_DOMAIN = 0x01,
    RNNMAP_TABLE_CHOOSE = 0x02,
    RNNMAP_TABLE_REMOTE = 0x03,
    RNNMAP_TABLE_BREAK_EVEN = 0x04,
    RNNMAP_TABLE_NAME = 0x80,
    RNNMAP_TABLE_DIGEST = 0x81,
    RNNMAP_TABLE_ORIGIN = 0x82
};

/* Bytes of head, checksum, and one row of choices and of lines; the most rows. */
#define RNNMAP_TABLE_HEAD_SIZE     12u
#define RNNMAP_TABLE_CHECKSUM_SIZE 4u
#define RNNMAP_TABLE_CHOICE_SIZE   5u
#define RNNMAP_TABLE_LINE_SIZE     20u
#define RNNMAP_TABLE_ROWS_MAX      255u

/* Rows in the product's bytes, each beginning with the length from which it holds; the first from
 * 0, ascending. */
struct rnnmap_table_rows {
    const uint8_t *bytes;
    uint32_t n_rows;
    uint32_t shift;
};

/* What the product may read of it: n_max (the longest length measured) and n_targets (choices are
 * 0 .. n_targets-1, 0 being the device). 0 targets: not open. */
struct rnnmap_table {
    const uint8_t *bytes; /* not owned */
    size_t size;          /* of the table, from its first byte to its checksum */
    uint32_t n_max;
    uint32_t n_targets;
    struct rnnmap_table_rows choose;
    struct rnnmap_table_rows remote;
    struct rnnmap_table_rows break_even;
};

/*
 * The product's own check: whether `n_signature` bytes, those behind the table, vouch for the
 * `n_signed` bytes of the table. Anything but 0: they do.
 */
typedef int rnnmap_table_verifier(void *user, const uint8_t *signed_bytes, size_t n_signed,
                                  const uint8_t *signature, size_t n_signature);

/* ---- bytes */

static inline uint32_t rnnmap_table_u32(const uint8_t *at)
{
    return (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) |
           ((uint32_t)at[3] << 24);
}

static inline uint64_t rnnmap_table_u64(const uint8_t *at)
{
    return (uint64_t)rnnmap_table_u32(at) | ((uint64_t)rnnmap_table_u32(&at[4]) << 32);
}

/* CRC-32 of IEEE 802.3 (as in zip and PNG), bit by bit: a table is short and opened rarely. */
static inline uint32_t rnnmap_table_checksum(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0xFFFFFFFFu;
    size_t i;
    unsigned bit;

    for (i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (bit = 0; bit < 8u; bit++) {
            crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
        }
    }
    return crc ^ 0xFFFFFFFFu;
}

/* ---- opening */

/* Whether `n` bytes at `at` are rows of `row_size` bytes as they should be. */
static inline enum rnnmap_table_status rnnmap_table_take_rows(const uint8_t *at, uint32_t n,
                                                              uint32_t row_size,
                                                              struct rnnmap_table_rows *rows)
{
    const uint8_t *row = at;
    uint32_t from = 0;
    uint32_t left = n;

    rows->bytes = at;
    rows->n_rows = 0;
    while (left >= row_size) {
        const uint32_t next = rnnmap_table_u32(row);

        if ((rows->n_rows == 0u) ? (next != 0u) : (next <= from)) {
            return RNNMAP_TABLE_CONTENT;
        }
        from = next;
        row = &row[row_size];
        left -= row_size;
        rows->n_rows++;
    }
    return ((left == 0u) && (rows->n_rows >= 1u) && (rows->n_rows <= RNNMAP_TABLE_ROWS_MAX))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CONTENT;
}

static inline enum rnnmap_table_status rnnmap_table_take_domain(const uint8_t *at, uint32_t n,
                                                                struct rnnmap_table *table)
{
    if (n != 5u) {
        return RNNMAP_TABLE_CONTENT;
    }
    table->n_max = rnnmap_table_u32(at);
    table->n_targets = at[4];
    return ((table->n_max >= 1u) && (table->n_max <= 0x7FFFFFFFu) && (table->n_targets >= 1u))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CONTENT;
}

static inline enum rnnmap_table_status rnnmap_table_take_choose(const uint8_t *at, uint32_t n,
                                                                struct rnnmap_table *table)
{
    const enum rnnmap_table_status status =
        rnnmap_table_take_rows(at, n, RNNMAP_TABLE_CHOICE_SIZE, &table->choose);
    uint32_t i;

    for (i = 0; (status == RNNMAP_TABLE_OK) && (i < table->choose.n_rows); i++) {
        if (at[(i * RNNMAP_TABLE_CHOICE_SIZE) + 4u] >= table->n_targets) {
            return RNNMAP_TABLE_CONTENT;
        }
    }
    return status;
}

/* A function of the length: one byte of shift, then lines. */
static inline enum rnnmap_table_status rnnmap_table_take_lines(const uint8_t *at, uint32_t n,
                                                               struct rnnmap_table_rows *rows)
{
    if ((n < 1u) || (at[0] > 63u)) {
        return RNNMAP_TABLE_CONTENT;
    }
    rows->shift = at[0];
    return rnnmap_table_take_rows(&at[1], n - 1u, RNNMAP_TABLE_LINE_SIZE, rows);
}

static inline enum rnnmap_table_status
rnnmap_table_take_section(uint32_t type, const uint8_t *at, uint32_t n, struct rnnmap_table *table)
{
    switch (type) {
    case RNNMAP_TABLE_DOMAIN:
        return rnnmap_table_take_domain(at, n, table);
    case RNNMAP_TABLE_CHOOSE:
        return rnnmap_table_take_choose(at, n, table);
    case RNNMAP_TABLE_REMOTE:
        return rnnmap_table_take_lines(at, n, &table->remote);
    case RNNMAP_TABLE_BREAK_EVEN:
        return rnnmap_table_take_lines(at, n, &table->break_even);
    default:
        return (type >= 0x80u) ? RNNMAP_TABLE_OK : RNNMAP_TABLE_NEWER;
    }
}

/* Sections fill the table between head and checksum, each type once, ascending. */
static inline enum rnnmap_table_status rnnmap_table_take_sections(struct rnnmap_table *table)
{
    const uint8_t *at = &table->bytes[RNNMAP_TABLE_HEAD_SIZE];
    uint32_t left = (uint32_t)table->size - (RNNMAP_TABLE_HEAD_SIZE + RNNMAP_TABLE_CHECKSUM_SIZE);
    uint32_t last = 0;

    while (left >= 4u) {
        const uint32_t type = at[0];
        const uint32_t n = rnnmap_table_u32(at) >> 8;
        enum rnnmap_table_status status;

        at = &at[4];
        left -= 4u;
        if ((type <= last) || (n > left)) {
            return RNNMAP_TABLE_CONTENT;
        }
        status = rnnmap_table_take_section(type, at, n, table);
        if (status != RNNMAP_TABLE_OK) {
            return status;
        }
        last = type;
        at = &at[n];
        left -= n;
    }
    return ((left == 0u) && (table->choose.n_rows != 0u) && (table->remote.n_rows != 0u))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CONTENT;
}

/* Head and checksum: whether the table is here, whole and unchanged. */
static inline enum rnnmap_table_status rnnmap_table_take_head(const uint8_t *bytes, size_t n,
                                                              struct rnnmap_table *table)
{
    uint32_t size;

    if (n < (RNNMAP_TABLE_HEAD_SIZE + RNNMAP_TABLE_CHECKSUM_SIZE)) {
        return RNNMAP_TABLE_TOO_SHORT;
    }
    if ((bytes[0] != 0x52u) || (bytes[1] != 0x4Eu) || (bytes[2] != 0x4Du) || (bytes[3] != 0x54u)) {
        return RNNMAP_TABLE_NOT_ONE; /* "RNMT" */
    }
    if (rnnmap_table_u32(&bytes[4]) != RNNMAP_TABLE_VERSION) {
        return RNNMAP_TABLE_NEWER;
    }
    size = rnnmap_table_u32(&bytes[8]);
    if ((size > n) || (size < (RNNMAP_TABLE_HEAD_SIZE + RNNMAP_TABLE_CHECKSUM_SIZE))) {
        return RNNMAP_TABLE_LENGTH;
    }
    table->bytes = bytes;
    table->size = (size_t)size;
    size -= RNNMAP_TABLE_CHECKSUM_SIZE;
    return (rnnmap_table_checksum(bytes, (size_t)size) == rnnmap_table_u32(&bytes[size]))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CHECKSUM;
}

static inline void rnnmap_table_clear(struct rnnmap_table *table)
{
    const struct rnnmap_table_rows none = {NULL, 0, 0};

    table->bytes = NULL;
    table->size = 0;
    table->n_max = 0;
    table->n_targets = 0;
    table->choose = none;
    table->remote = none;
    table->break_even = none;
}

/*
 * Opens the table that `bytes` begin with; of the `n` bytes there are, those behind it are its
 * signature. After the checksum and before anything else is read, `verify` (NULL: no check) is
 * called with `user`. Whatever comes back, the table may be asked: unless it is RNNMAP_TABLE_OK,
 * every choice is 0, the device.
 */
static inline enum rnnmap_table_status rnnmap_table_open_signed(const uint8_t *bytes, size_t n,
                                                                rnnmap_table_verifier *verify,
                                                                void *user,
                                                                struct rnnmap_table *table)
{
    enum rnnmap_table_status status;

    rnnmap_table_clear(table);
    status = rnnmap_table_take_head(bytes, n, table);
    if ((status == RNNMAP_TABLE_OK) && (verify != NULL) &&
        (verify(user, bytes, table->size, &bytes[table->size], n - table->size) == 0)) {
        status = RNNMAP_TABLE_SIGNATURE;
    }
    if (status == RNNMAP_TABLE_OK) {
        status = rnnmap_table_take_sections(table);
    }
    if (status != RNNMAP_TABLE_OK) {
        rnnmap_table_clear(table);
    }
    return status;
}

/* The same of a table that nobody signed. Bytes behind it (the rest of a flash page) are not read.
 */
static inline enum rnnmap_table_status rnnmap_table_open(const uint8_t *bytes, size_t n,
                                                         struct rnnmap_table *table)
{
    return rnnmap_table_open_signed(bytes, n, NULL, NULL, table);
}

/* ---- asking */

/* The last row whose first length is not beyond m. There is at least one row. */
static inline const uint8_t *rnnmap_table_row(const struct rnnmap_table_rows *rows,
                                              uint32_t row_size, uint32_t m)
{
    const uint8_t *row = rows->bytes;
    uint32_t i;

    for (i = 1; i < rows->n_rows; i++) {
        if (rnnmap_table_u32(&row[row_size]) > m) {
            break;
        }
        row = &row[row_size];
    }
    return row;
}

/* (start + slope*(m - from)) / 2^shift with m = min(n, 2*n_max), rounded down; 0 where below 0. */
static inline uint64_t rnnmap_table_value(const struct rnnmap_table *table,
                                          const struct rnnmap_table_rows *rows, uint32_t n)
{
    const uint32_t limit = 2u * table->n_max;
    const uint32_t m = (n < limit) ? n : limit;
    const uint8_t *row;
    uint64_t x;

    if (rows->n_rows == 0u) {
        return 0;
    }
    row = rnnmap_table_row(rows, RNNMAP_TABLE_LINE_SIZE, m);
    x = rnnmap_table_u64(&row[4]) + (rnnmap_table_u64(&row[12]) * (m - rnnmap_table_u32(row)));
    return ((x >> 63) != 0u) ? 0u : (x >> rows->shift);
}

/* NAME_choose(n): where to run an input of length n at the design link; below n_targets. */
static inline int rnnmap_table_choose(const struct rnnmap_table *table, uint32_t n)
{
    if (table->choose.n_rows == 0u) {
        return 0;
    }
    return (int)rnnmap_table_row(&table->choose, RNNMAP_TABLE_CHOICE_SIZE, n)[4];
}

/* NAME_choose_rtt(n, rtt_us): the same when a round trip takes so many microseconds. A table for
 * one link only says what rnnmap_table_choose says. */
static inline int rnnmap_table_choose_rtt(const struct rnnmap_table *table, uint32_t n,
                                          uint32_t rtt_us)
{
    if (table->break_even.n_rows == 0u) {
        return rnnmap_table_choose(table, n);
    }
    return (rtt_us < rnnmap_table_value(table, &table->break_even, n)) ? 1 : 0;
}

/* NAME_remote_us(n): the time in microseconds that the endpoint is expected to take. */
static inline uint32_t rnnmap_table_remote_us(const struct rnnmap_table *table, uint32_t n)
{
    return (uint32_t)rnnmap_table_value(table, &table->remote, n);
}

/* A section's bytes and their number, such as RNNMAP_TABLE_DIGEST, so that a product can say which
 * table it has. NULL: the table has none of that type, or is not open. */
static inline const uint8_t *rnnmap_table_section(const struct rnnmap_table *table, uint32_t type,
                                                  uint32_t *n)
{
    const uint32_t end = (uint32_t)table->size - RNNMAP_TABLE_CHECKSUM_SIZE;
    uint32_t at = RNNMAP_TABLE_HEAD_SIZE;

    *n = 0;
    while ((table->bytes != NULL) && (at < end)) {
        const uint32_t size = rnnmap_table_u32(&table->bytes[at]) >> 8;

        if (table->bytes[at] == type) {
            *n = size;
            return &table->bytes[at + 4u];
        }
        at += 4u + size;
    }
    return NULL;
}

#endif
