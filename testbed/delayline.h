// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The bytes of one connection on the way in one direction: a ring of bytes, and beside it the
 * pieces that they travel in, each with the time at which it leaves. A piece may also be the end
 * of the stream or a reset, which leave in their turn like bytes.
 *
 * Life cycle: zero-initialised is empty; delayline_space, fill it, delayline_add; at the time of
 * the head piece delayline_ready, hand the bytes on, delayline_drop; delayline_free.
 * Thread rule: one thread.
 */
#ifndef TESTBED_DELAYLINE_H
#define TESTBED_DELAYLINE_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum piece_kind { PIECE_BYTES, PIECE_END, PIECE_RESET };

struct piece {
    enum piece_kind kind;
    size_t n_bytes;                        /* 0 unless PIECE_BYTES */
    int64_t entered_ns, done_ns, leave_ns; /* done, leave: struct link_times */
    bool seen;                             /* its lateness has been counted */
};

struct delayline {
    unsigned char *bytes; /* a ring of `capacity`, a power of two or 0 */
    size_t capacity, first, n_bytes;
    struct piece *pieces; /* a ring of `n_slots`, a power of two or 0 */
    size_t n_slots, first_piece, n_pieces;
};

/* Room for `n` more bytes as one or two stretches of memory, `spaces`, `*n_spaces` of them, valid
 * until the next call. STATUS_NO_MEMORY: nothing changed. */
enum status delayline_space(struct delayline *line, size_t n, struct iovec spaces[2], int *n_spaces,
                            struct error *error);

/* Appends a piece; its bytes are those next in what delayline_space returned.
 * STATUS_NO_MEMORY: nothing changed. */
enum status delayline_add(struct delayline *line, const struct piece *piece, struct error *error);

/* The piece that leaves first; NULL when empty. */
struct piece *delayline_head(const struct delayline *line);

/* Piece `i`, counted from the head; i < n_pieces. */
struct piece *delayline_piece(const struct delayline *line, size_t i);

/* The bytes of all pieces at the head that have left by `now_ns`, up to the first piece that is
 * not bytes, as `*n_spaces` stretches. Returns how many bytes. */
size_t delayline_ready(const struct delayline *line, int64_t now_ns, struct iovec spaces[2],
                       int *n_spaces);

/* Forgets the first `n` bytes and the pieces that they complete; n <= what delayline_ready
 * returned. */
void delayline_drop(struct delayline *line, size_t n);

/* Forgets the head piece, which is not bytes. */
void delayline_drop_mark(struct delayline *line);

/* Forgets everything; the line is empty and can be used again. */
void delayline_free(struct delayline *line);

#endif
