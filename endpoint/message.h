// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The messages of the Open Inference Protocol, version 2, as JSON: metadata of servers and models,
 * inference requests and responses, errors. Tensors in requests and responses are numbers within
 * the JSON or, after the binary tensor data extension, little-endian bytes behind it, in the order
 * in which the JSON names them; both may stand in one message. What is read is checked in full:
 * types, shapes against the number of values, ranges, nesting and size, so that a hostile peer gets
 * an error and costs bounded memory and no deep recursion.
 *
 * Unknown fields are ignored, as the protocol wants. Tensor data may be flat or nested as its
 * shape.
 *
 * Thread rule: a message belongs to one thread at a time. No state between calls.
 */
#ifndef ENDPOINT_MESSAGE_H
#define ENDPOINT_MESSAGE_H

#include "endpoint/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing text; `bytes` is owned and not terminated. Zero-initialise; message_text_free. A text
 * can be written again: writers start at its beginning and reuse its memory. */
struct message_text {
    char *bytes;
    size_t n, capacity;
    size_t n_binary; /* how many of the n, at the end, are binary tensors and not JSON */
};
void message_text_free(struct message_text *text);

/* Bounds on what is read. */
struct message_limits {
    size_t max_values; /* of all tensors of the message */
    size_t max_rows;   /* arrays and objects of the message: nested data has one per row */
};

/* How tensors travel. With binary ones, this header of HTTP says where the JSON ends. */
#define MESSAGE_JSON_LENGTH_HEADER "Inference-Header-Content-Length"
enum message_form { MESSAGE_JSON, MESSAGE_BINARY };

/* Extensions that a server says it speaks. */
enum message_extension { EXTENSION_BINARY_TENSOR_DATA, EXTENSION_STATISTICS, N_EXTENSIONS };

/* As the protocol calls it: "binary_tensor_data", "statistics". */
const char *message_extension_name(enum message_extension extension);

struct message_server {
    char *name, *version; /* owned; never NULL after reading */
    bool extensions[N_EXTENSIONS];
};

enum { MESSAGE_MAX_TENSORS = 16 };

/* A model's metadata. Tensors with a datatype that tensor.h does not know are counted but left out
 * of the arrays: `n_inputs` counts what is in `inputs`, `n_unknown_inputs` the others. Metadata
 * that names no inputs or outputs at all reads as none. */
struct message_model {
    char *name, *platform; /* owned */
    struct tensor_spec inputs[MESSAGE_MAX_TENSORS], outputs[MESSAGE_MAX_TENSORS];
    size_t n_inputs, n_outputs, n_unknown_inputs, n_unknown_outputs;
    uint32_t vocabulary; /* parameter "vocabulary": bound on the tokens; 0: not said */
};

struct message_request {
    char *id; /* NULL: none; owned */
    struct tensor inputs[MESSAGE_MAX_TENSORS];
    size_t n_inputs;
    enum message_form form;             /* that outputs are wanted in */
    char *outputs[MESSAGE_MAX_TENSORS]; /* names of the outputs that are wanted; none: all; owned */
    enum message_form forms[MESSAGE_MAX_TENSORS]; /* of each of them */
    size_t n_outputs;
};

struct message_response {
    char *model; /* owned */
    char *id;    /* NULL: none; owned */
    struct tensor outputs[MESSAGE_MAX_TENSORS];
    size_t n_outputs;
};

/*
 * Writers. STATUS_NO_MEMORY. Texts that are not UTF-8 have their other bytes replaced by '?'.
 * Values that JSON cannot express (NaN, infinities) are STATUS_INVALID as JSON.
 * Floats have nine significant digits at most, trailing zeros left out: reading them gives the
 * same float.
 */
enum status message_write_server(struct message_text *text, const struct message_server *server,
                                 struct error *error);
enum status message_write_model(struct message_text *text, const struct message_model *model,
                                struct error *error);
/* The index of the model repository extension, of models that are all ready. */
enum status message_write_index(struct message_text *text, const char *const *models,
                                size_t n_models, const char *version, struct error *error);
enum status message_write_error(struct message_text *text, const char *what, struct error *error);
/* A request with binary inputs asks for binary outputs. Its JSON ends in blanks, so that tensors
 * lie aligned behind it. */
enum status message_write_request(struct message_text *text, const struct tensor *inputs,
                                  size_t n_inputs, enum message_form form, struct error *error);
/* `id` may be NULL. The JSON ends as a request's. */
enum status message_write_response(struct message_text *text, const char *model,
                                   const char *version, const char *id,
                                   const struct tensor *outputs, size_t n_outputs,
                                   enum message_form form, struct error *error);

/*
 * Readers of `n` bytes, of which those behind the first `n_json` are binary tensors. On success the
 * struct is filled and to be freed; on failure it is empty. STATUS_INVALID: not JSON, not that
 * message, or over a limit; the message says what and where. STATUS_NO_MEMORY.
 */
enum status message_read_server(const char *bytes, size_t n, struct message_server *server,
                                struct error *error);
enum status message_read_model(const char *bytes, size_t n, struct message_model *model,
                               struct error *error);
/* Binary inputs lie in `bytes` where they are aligned there: it must outlive the request. */
enum status message_read_request(const char *bytes, size_t n, size_t n_json,
                                 const struct message_limits *limits,
                                 struct message_request *request, struct error *error);
/* A request without JSON: all of it is the one input of a model, whose one open dimension follows
 * from the size; outputs are wanted binary (raw binary request of the extension). */
enum status message_read_raw_request(const char *bytes, size_t n, const struct tensor_spec *input,
                                     const struct message_limits *limits,
                                     struct message_request *request, struct error *error);
enum status message_read_response(const char *bytes, size_t n, size_t n_json,
                                  const struct message_limits *limits,
                                  struct message_response *response, struct error *error);

/* The text of an error message, to be freed; NULL when the bytes are none. */
char *message_read_error(const char *bytes, size_t n);

void message_server_free(struct message_server *server);
void message_model_free(struct message_model *model);
void message_request_free(struct message_request *request);
void message_response_free(struct message_response *response);

#endif
