// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Parts of messages that their files share.
 *
 *   message_lift.c    the fast half of reading: arrays of numbers are taken out before the JSON is
 *                     parsed; a parsed JSON number costs some 40 bytes and hundreds of
 *                     nanoseconds, and tensors have very many
 *   message_read.c    messages in
 *   message_values.c  the values of a tensor, from JSON
 *   message_write.c   messages out
 *   message_binary.c  tensors as bytes behind the JSON
 */
#ifndef ENDPOINT_MESSAGE_PRIVATE_H
#define ENDPOINT_MESSAGE_PRIVATE_H

#include "endpoint/message.h"

#include <jansson.h>

/* Numbers of one array. All are integers up to the first one with a fraction or an exponent;
 * with one, all are reals. */
struct lifted_array {
    union lifted_number {
        int64_t integer;
        double real;
    } * numbers;
    size_t n, capacity;
    size_t first_real; /* n: none */
};

/* A message without its arrays: in their place stands their index in `arrays`. */
struct lifted {
    struct message_text text;
    struct lifted_array arrays[MESSAGE_MAX_TENSORS];
    size_t n_arrays;
    bool is_lifted; /* false: nothing was taken out, `text` is empty */
};

/*
 * Bounds what the message can cost, and takes the value of each "data" out of it: all of them, or
 * none if there is anything unusual (nested or odd arrays, escapes in strings), so that every
 * number that stands as "data" in the result is an index of ours. STATUS_INVALID: over a limit.
 * STATUS_NO_MEMORY. To be freed in either case.
 */
enum status message_lift(const char *bytes, size_t n, const struct message_limits *limits,
                         struct lifted *lifted, struct error *error);
void message_lifted_free(struct lifted *lifted);

/* Makes room for `more` bytes. STATUS_NO_MEMORY, as all that append. */
enum status message_reserve(struct message_text *text, size_t more, struct error *error);

/* Appends bytes. */
enum status message_put(struct message_text *text, const char *bytes, size_t n,
                        struct error *error);

/* Appends a JSON value, which is released. NULL counts as out of memory. */
enum status message_put_json(struct message_text *text, json_t *json, struct error *error);

/* A string that need not be UTF-8, which JSON demands: then its other bytes become '?'. */
json_t *message_json_text(const char *words);

/* A small message: an object without tensors, to be released. STATUS_INVALID.  STATUS_NO_MEMORY. */
enum status message_parse(const char *bytes, size_t n, json_t **root, struct error *error);

/* A tensor's values, of which its shape says how many, from an array of JSON or from one that was
 * lifted out. STATUS_INVALID: another number, another shape, or not of its type. */
enum status message_read_data(json_t *data, struct tensor *tensor, struct error *error);
enum status message_read_lifted(const struct lifted_array *array, struct tensor *tensor,
                                struct error *error);

/* The bytes behind a message's JSON that no tensor has taken yet. */
struct binary {
    const char *bytes;
    size_t n;
    bool lent; /* they outlive the tensors, which need no copy where they lie aligned */
};

/* Takes the next `size` bytes as the values of a tensor. STATUS_INVALID: they are more than there
 * are, or not what the shape wants. */
enum status message_take_binary(struct binary *from, uint64_t size, const struct tensor_spec *spec,
                                size_t max_values, struct tensor *tensor, struct error *error);

/* Appends blanks until what follows is aligned for every type, and then the values of tensors. */
enum status message_put_binary(struct message_text *text, const struct tensor *tensors, size_t n,
                               struct error *error);

/* Copies `n` values of `size` bytes, with the bytes of each in reverse if `reversed`. */
void message_copy_values(char *to, const char *from, size_t n, size_t size, bool reversed);

#endif
