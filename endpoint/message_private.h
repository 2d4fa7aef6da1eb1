// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The fast half of reading: arrays of numbers are taken out of a message before its JSON is parsed.
 * A parsed JSON number costs some 40 bytes and hundreds of nanoseconds; tensors have very many.
 */
#ifndef ENDPOINT_MESSAGE_PRIVATE_H
#define ENDPOINT_MESSAGE_PRIVATE_H

#include "endpoint/message.h"

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

/* Appends bytes. STATUS_NO_MEMORY. */
enum status message_put(struct message_text *text, const char *bytes, size_t n,
                        struct error *error);

#endif
