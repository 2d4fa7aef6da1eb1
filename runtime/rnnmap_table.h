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
 * signature. The format: docs/table-format.md. Tables over bandwidth and of several endpoints are
 * asked through rnnmap_table_links.h.
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
    RNNMAP_TABLE_LINKS = 0x05,
    RNNMAP_TABLE_NAME = 0x80,
    RNNMAP_TABLE_DIGEST = 0x81,
    RNNMAP_TABLE_TARGETS = 0x82,
    RNNMAP_TABLE_ORIGIN = 0x83
};

/* Functions of the length: lines, or a value of 16 or 32 bits for each bucket of lengths. */
enum { RNNMAP_TABLE_LINES = 0, RNNMAP_TABLE_BUCKETS_16 = 1, RNNMAP_TABLE_BUCKETS_32 = 2 };

/* How targets compare by their forms: the least first form; the least product of both; the least
 * second form among those whose first is within the limit, else the least first. */
enum { RNNMAP_TABLE_LEAST = 0, RNNMAP_TABLE_PRODUCT = 1, RNNMAP_TABLE_LIMIT = 2 };

/* Bytes of head, checksum, and one row of choices and of lines; the most of these rows. */
#define RNNMAP_TABLE_HEAD_SIZE     12u
#define RNNMAP_TABLE_CHECKSUM_SIZE 4u
#define RNNMAP_TABLE_CHOICE_SIZE   5u
#define RNNMAP_TABLE_LINE_SIZE     20u
#define RNNMAP_TABLE_ROWS_MAX      255u
#define RNNMAP_TABLE_NO_TERM       0xFFu

/* What the product may read of it: n_max (the longest length measured) and n_targets (choices are
 * 0 .. n_targets-1, 0 being the device). 0 targets: not open. The pointers are into the product's
 * bytes; NULL: no such section. */
struct rnnmap_table {
    const uint8_t *bytes;
    size_t size; /* of the table, from its first byte to its checksum */
    uint32_t n_max;
    uint32_t n_targets;
    const uint8_t *choose;
    uint32_t n_choices;
    const uint8_t *remote;
    const uint8_t *break_even;
    const uint8_t *links;
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

/* ---- opening: every byte that a question may read later is looked at here */

/* The bytes that are still to be looked at. */
struct rnnmap_table_rest {
    const uint8_t *at;
    uint32_t n;
};

/* The next `n` bytes; NULL: there are fewer. */
static inline const uint8_t *rnnmap_table_take(struct rnnmap_table_rest *rest, uint32_t n)
{
    const uint8_t *at = rest->at;

    if (n > rest->n) {
        return NULL;
    }
    rest->at = &at[n];
    rest->n -= n;
    return at;
}

/* Rows that begin with the length from which they hold: 0 for the first, then ascending. */
static inline enum rnnmap_table_status rnnmap_table_take_rows(struct rnnmap_table_rest *rest,
                                                              uint32_t n_rows, uint32_t row_size)
{
    uint32_t last = 0;
    uint32_t i;

    if ((n_rows < 1u) || (n_rows > RNNMAP_TABLE_ROWS_MAX)) {
        return RNNMAP_TABLE_CONTENT;
    }
    for (i = 0; i < n_rows; i++) {
        const uint8_t *row = rnnmap_table_take(rest, row_size);
        uint32_t from;

        if (row == NULL) {
            return RNNMAP_TABLE_CONTENT;
        }
        from = rnnmap_table_u32(row);
        if ((i == 0u) ? (from != 0u) : (from <= last)) {
            return RNNMAP_TABLE_CONTENT;
        }
        last = from;
    }
    return RNNMAP_TABLE_OK;
}

static inline enum rnnmap_table_status rnnmap_table_take_function(struct rnnmap_table_rest *rest)
{
    const uint8_t *head = rnnmap_table_take(rest, 4);
    uint32_t n_rows;
    uint32_t row_size = 4;

    if (head == NULL) {
        return RNNMAP_TABLE_CONTENT;
    }
    if (head[0] > (uint8_t)RNNMAP_TABLE_BUCKETS_32) {
        return RNNMAP_TABLE_NEWER;
    }
    n_rows = (uint32_t)head[2] | ((uint32_t)head[3] << 8);
    if (head[0] == (uint8_t)RNNMAP_TABLE_LINES) {
        return (head[1] <= 63u) ? rnnmap_table_take_rows(rest, n_rows, RNNMAP_TABLE_LINE_SIZE)
                                : RNNMAP_TABLE_CONTENT;
    }
    if (head[0] == (uint8_t)RNNMAP_TABLE_BUCKETS_16) {
        row_size = 2;
    }
    return ((head[1] <= 31u) && (n_rows >= 1u) &&
            (rnnmap_table_take(rest, 4u + (n_rows * row_size)) != NULL))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CONTENT;
}

static inline enum rnnmap_table_status rnnmap_table_take_domain(struct rnnmap_table_rest *rest,
                                                                struct rnnmap_table *table)
{
    const uint8_t *at = rnnmap_table_take(rest, 5);

    if (at == NULL) {
        return RNNMAP_TABLE_CONTENT;
    }
    table->n_max = rnnmap_table_u32(at);
    table->n_targets = at[4];
    return ((table->n_max >= 1u) && (table->n_max <= 0x7FFFFFFFu) && (table->n_targets >= 2u))
               ? RNNMAP_TABLE_OK
               : RNNMAP_TABLE_CONTENT;
}

static inline enum rnnmap_table_status rnnmap_table_take_choose(struct rnnmap_table_rest *rest,
                                                                struct rnnmap_table *table)
{
    uint32_t i;
    uint32_t left = rest->n;

    table->choose = rest->at;
    table->n_choices = 0;
    while (left >= RNNMAP_TABLE_CHOICE_SIZE) {
        left -= RNNMAP_TABLE_CHOICE_SIZE;
        table->n_choices++;
    }
    for (i = 0; i < table->n_choices; i++) {
        if (table->choose[(i * RNNMAP_TABLE_CHOICE_SIZE) + 4u] >= table->n_targets) {
            return RNNMAP_TABLE_CONTENT;
        }
    }
    return rnnmap_table_take_rows(rest, table->n_choices, RNNMAP_TABLE_CHOICE_SIZE);
}

/* One function for each endpoint. */
static inline enum rnnmap_table_status rnnmap_table_take_remote(struct rnnmap_table_rest *rest,
                                                                struct rnnmap_table *table)
{
    enum rnnmap_table_status status = RNNMAP_TABLE_OK;
    uint32_t i;

    table->remote = rest->at;
    for (i = 1; (status == RNNMAP_TABLE_OK) && (i < table->n_targets); i++) {
        status = rnnmap_table_take_function(rest);
    }
    return status;
}

/* A base, and for round trip, bytes up and bytes down a shift and a factor, or no term. */
static inline enum rnnmap_table_status rnnmap_table_take_form(struct rnnmap_table_rest *rest)
{
    enum rnnmap_table_status status = rnnmap_table_take_function(rest);
    unsigned i;

    for (i = 0; (status == RNNMAP_TABLE_OK) && (i < 3u); i++) {
        const uint8_t *shift = rnnmap_table_take(rest, 1);

        if ((shift == NULL) || ((shift[0] > 63u) && (shift[0] != RNNMAP_TABLE_NO_TERM))) {
            status = RNNMAP_TABLE_CONTENT;
        } else if (shift[0] != RNNMAP_TABLE_NO_TERM) {
            status = rnnmap_table_take_function(rest);
        } else {
            /* the term is 0 for every length */
        }
    }
    return status;
}

static inline enum rnnmap_table_status rnnmap_table_take_links(struct rnnmap_table_rest *rest,
                                                               struct rnnmap_table *table)
{
    const uint8_t *head = rnnmap_table_take(rest, 10);
    enum rnnmap_table_status status = RNNMAP_TABLE_OK;
    uint32_t n_forms = 2;
    uint32_t i;

    if (head == NULL) {
        return RNNMAP_TABLE_CONTENT;
    }
    if (head[0] > (uint8_t)RNNMAP_TABLE_LIMIT) {
        return RNNMAP_TABLE_NEWER;
    }
    if (head[0] == (uint8_t)RNNMAP_TABLE_LEAST) {
        n_forms = 1;
    }
    if (head[1] != n_forms) {
        return RNNMAP_TABLE_CONTENT;
    }
    table->links = head;
    for (i = 0; (status == RNNMAP_TABLE_OK) && (i < (n_forms * table->n_targets)); i++) {
        status = rnnmap_table_take_form(rest);
    }
    return status;
}

static inline enum rnnmap_table_status
rnnmap_table_take_section(uint32_t type, struct rnnmap_table_rest *rest, struct rnnmap_table *table)
{
    switch (type) {
    case RNNMAP_TABLE_DOMAIN:
        return rnnmap_table_take_domain(rest, table);
    case RNNMAP_TABLE_CHOOSE:
        return rnnmap_table_take_choose(rest, table);
    case RNNMAP_TABLE_REMOTE:
        return rnnmap_table_take_remote(rest, table);
    case RNNMAP_TABLE_BREAK_EVEN:
        table->break_even = rest->at;
        return rnnmap_table_take_function(rest);
    case RNNMAP_TABLE_LINKS:
        return rnnmap_table_take_links(rest, table);
    default:
        rest->n = 0;
        return (type >= 0x80u) ? RNNMAP_TABLE_OK : RNNMAP_TABLE_NEWER;
    }
}

/* Sections fill the table between head and checksum, each type once, ascending, and each is filled
 * by what it holds. */
static inline enum rnnmap_table_status rnnmap_table_take_sections(struct rnnmap_table *table)
{
    struct rnnmap_table_rest rest;
    uint32_t last = 0;

    rest.at = &table->bytes[RNNMAP_TABLE_HEAD_SIZE];
    rest.n = (uint32_t)table->size - (RNNMAP_TABLE_HEAD_SIZE + RNNMAP_TABLE_CHECKSUM_SIZE);
    while (rest.n != 0u) {
        const uint8_t *head = rnnmap_table_take(&rest, 4);
        struct rnnmap_table_rest section;
        enum rnnmap_table_status status;

        if ((head == NULL) || (head[0] <= last)) {
            return RNNMAP_TABLE_CONTENT;
        }
        last = head[0];
        section.n = rnnmap_table_u32(head) >> 8;
        section.at = rnnmap_table_take(&rest, section.n);
        if (section.at == NULL) {
            return RNNMAP_TABLE_CONTENT;
        }
        status = rnnmap_table_take_section(last, &section, table);
        if (status != RNNMAP_TABLE_OK) {
            return status;
        }
        if (section.n != 0u) {
            return RNNMAP_TABLE_CONTENT;
        }
    }
    return ((table->n_targets != 0u) && (table->choose != NULL) && (table->remote != NULL))
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
    table->bytes = NULL;
    table->size = 0;
    table->n_max = 0;
    table->n_targets = 0;
    table->choose = NULL;
    table->n_choices = 0;
    table->remote = NULL;
    table->break_even = NULL;
    table->links = NULL;
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

/* The last of the rows whose first length is not beyond m. */
static inline const uint8_t *rnnmap_table_row(const uint8_t *rows, uint32_t n_rows,
                                              uint32_t row_size, uint32_t m)
{
    const uint8_t *row = rows;
    uint32_t i;

    for (i = 1; i < n_rows; i++) {
        if (rnnmap_table_u32(&row[row_size]) > m) {
            break;
        }
        row = &row[row_size];
    }
    return row;
}

/* min(n, 2*n_max) */
static inline uint32_t rnnmap_table_limited(const struct rnnmap_table *table, uint32_t n)
{
    const uint32_t limit = 2u * table->n_max;

    return (n < limit) ? n : limit;
}

/* The value at m of the function that begins at *at, which is moved behind it. */
static inline uint64_t rnnmap_table_function(const uint8_t **at, uint32_t m)
{
    const uint8_t *head = *at;
    const uint8_t *rows = &head[4];
    const uint32_t n_rows = (uint32_t)head[2] | ((uint32_t)head[3] << 8);
    uint64_t x;

    if (head[0] == (uint8_t)RNNMAP_TABLE_LINES) {
        const uint8_t *row = rnnmap_table_row(rows, n_rows, RNNMAP_TABLE_LINE_SIZE, m);

        *at = &rows[n_rows * RNNMAP_TABLE_LINE_SIZE];
        x = rnnmap_table_u64(&row[4]) + (rnnmap_table_u64(&row[12]) * (m - rnnmap_table_u32(row)));
        x = ((x >> 63) != 0u) ? 0u : (x >> head[1]);
    } else {
        const uint32_t bucket = (m + rnnmap_table_u32(rows)) >> head[1];
        const uint32_t i = (bucket < n_rows) ? bucket : (n_rows - 1u);

        rows = &rows[4];
        if (head[0] == (uint8_t)RNNMAP_TABLE_BUCKETS_16) {
            *at = &rows[n_rows * 2u];
            x = (uint64_t)rows[i * 2u] | ((uint64_t)rows[(i * 2u) + 1u] << 8);
        } else {
            *at = &rows[n_rows * 4u];
            x = rnnmap_table_u32(&rows[i * 4u]);
        }
    }
    return x;
}

/* NAME_choose(n): where to run an input of length n at the design link; below n_targets. */
static inline int rnnmap_table_choose(const struct rnnmap_table *table, uint32_t n)
{
    if (table->choose == NULL) {
        return 0;
    }
    return (int)rnnmap_table_row(table->choose, table->n_choices, RNNMAP_TABLE_CHOICE_SIZE, n)[4];
}

/* NAME_choose_rtt(n, rtt_us): the same when a round trip takes so many microseconds. A table that
 * does not take it says what rnnmap_table_choose says. */
static inline int rnnmap_table_choose_rtt(const struct rnnmap_table *table, uint32_t n,
                                          uint32_t rtt_us)
{
    const uint8_t *at = table->break_even;

    if (at == NULL) {
        return rnnmap_table_choose(table, n);
    }
    return (rtt_us < rnnmap_table_function(&at, rnnmap_table_limited(table, n))) ? 1 : 0;
}

/* The time in microseconds that the endpoint `target` (1 .. n_targets-1) is expected to take for an
 * input of length n; 0 where there is no such endpoint. */
static inline uint32_t rnnmap_table_target_remote_us(const struct rnnmap_table *table,
                                                     uint32_t target, uint32_t n)
{
    const uint32_t m = rnnmap_table_limited(table, n);
    const uint8_t *at = table->remote;
    uint64_t x = 0;
    uint32_t i;

    if ((target >= 1u) && (target < table->n_targets)) {
        for (i = 0; i < target; i++) {
            x = rnnmap_table_function(&at, m);
        }
    }
    return (uint32_t)x;
}

/* NAME_remote_us(n): the same of the one endpoint, or the first. */
static inline uint32_t rnnmap_table_remote_us(const struct rnnmap_table *table, uint32_t n)
{
    return rnnmap_table_target_remote_us(table, 1, n);
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
