// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/delayline.h"

#include <stdlib.h>
#include <string.h>

enum { MIN_BYTES = 4096, MIN_SLOTS = 8, KEPT_BYTES = 256 * 1024 };

/* The one or two stretches of `n` bytes from `first` on in a ring. */
static int stretches(unsigned char *ring, size_t capacity, size_t first, size_t n,
                     struct iovec spaces[2])
{
    size_t until_end = capacity - first;
    spaces[0] = (struct iovec){.iov_base = ring + first, .iov_len = n};
    if (n <= until_end)
        return 1;
    spaces[0].iov_len = until_end;
    spaces[1] = (struct iovec){.iov_base = ring, .iov_len = n - until_end};
    return 2;
}

/* Gives a ring of `n` elements of `size` bytes that starts at `first` the new capacity; it starts
 * at 0 then. Returns NULL without memory. */
static void *regrow(void *ring, size_t capacity, size_t first, size_t n, size_t size, size_t wanted)
{
    unsigned char *grown = malloc(wanted * size);
    if (grown && n > 0) {
        struct iovec parts[2];
        int n_parts = stretches(ring, capacity * size, first * size, n * size, parts);
        memcpy(grown, parts[0].iov_base, parts[0].iov_len);
        if (n_parts > 1)
            memcpy(grown + parts[0].iov_len, parts[1].iov_base, parts[1].iov_len);
    }
    if (grown)
        free(ring);
    return grown;
}

enum status delayline_space(struct delayline *line, size_t n, struct iovec spaces[2], int *n_spaces,
                            struct error *error)
{
    size_t capacity = line->capacity ? line->capacity : MIN_BYTES;
    while (capacity - line->n_bytes < n && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity != line->capacity) {
        void *grown = regrow(line->bytes, line->capacity, line->first, line->n_bytes, 1, capacity);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu bytes on the way",
                             capacity);
        line->bytes = grown;
        line->capacity = capacity;
        line->first = 0;
    }
    size_t end = (line->first + line->n_bytes) & (line->capacity - 1);
    *n_spaces = stretches(line->bytes, line->capacity, end, n, spaces);
    return STATUS_OK;
}

enum status delayline_add(struct delayline *line, const struct piece *piece, struct error *error)
{
    if (line->n_pieces == line->n_slots) {
        size_t wanted = line->n_slots ? 2 * line->n_slots : MIN_SLOTS;
        void *grown = regrow(line->pieces, line->n_slots, line->first_piece, line->n_pieces,
                             sizeof *line->pieces, wanted);
        if (!grown)
            return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu pieces on the way",
                             wanted);
        line->pieces = grown;
        line->n_slots = wanted;
        line->first_piece = 0;
    }
    *delayline_piece(line, line->n_pieces++) = *piece;
    line->n_bytes += piece->n_bytes;
    return STATUS_OK;
}

struct piece *delayline_head(const struct delayline *line)
{
    return line->n_pieces ? delayline_piece(line, 0) : NULL;
}

struct piece *delayline_piece(const struct delayline *line, size_t i)
{
    return &line->pieces[(line->first_piece + i) & (line->n_slots - 1)];
}

size_t delayline_ready(const struct delayline *line, int64_t now_ns, struct iovec spaces[2],
                       int *n_spaces)
{
    size_t n = 0;
    for (size_t i = 0; i < line->n_pieces; i++) {
        const struct piece *piece = delayline_piece(line, i);
        if (piece->kind != PIECE_BYTES || piece->leave_ns > now_ns)
            break;
        n += piece->n_bytes;
    }
    *n_spaces = n ? stretches(line->bytes, line->capacity, line->first, n, spaces) : 0;
    return n;
}

static void drop_piece(struct delayline *line)
{
    line->first_piece = (line->first_piece + 1) & (line->n_slots - 1);
    line->n_pieces--;
}

void delayline_drop(struct delayline *line, size_t n)
{
    line->first = (line->first + n) & (line->capacity - 1);
    line->n_bytes -= n;
    while (n > 0) {
        struct piece *piece = delayline_head(line);
        size_t part = n < piece->n_bytes ? n : piece->n_bytes;
        piece->n_bytes -= part;
        n -= part;
        if (piece->n_bytes == 0)
            drop_piece(line);
    }
    /* an idle connection must not keep the memory of its largest transfer */
    if (line->n_bytes == 0 && line->capacity > KEPT_BYTES) {
        free(line->bytes);
        line->bytes = NULL;
        line->capacity = line->first = 0;
    }
}

void delayline_drop_mark(struct delayline *line)
{
    drop_piece(line);
}

void delayline_free(struct delayline *line)
{
    free(line->bytes);
    free(line->pieces);
    *line = (struct delayline){0};
}
