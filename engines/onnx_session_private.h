// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One ONNX model opened with ONNX Runtime: its session, what goes in and what comes out.
 */
#ifndef ENGINES_ONNX_SESSION_PRIVATE_H
#define ENGINES_ONNX_SESSION_PRIVATE_H

#include "engines/onnx_input_private.h"
#include "engines/ort_private.h"

enum { ONNX_MAX_OUTPUTS = 32 };

struct onnx_session {
    struct ort ort;
    void *env, *session, *memory_info, *allocator;
    struct onnx_inputs inputs;
    void *buffers[ONNX_MAX_INPUTS]; /* what the inputs hold: room for `room` bytes */
    size_t room[ONNX_MAX_INPUTS];
    void *values[ONNX_MAX_INPUTS]; /* the tensors over them, at the length fed last */
    const char *input_names[ONNX_MAX_INPUTS];
    char *output_names[ONNX_MAX_OUTPUTS];
    void *results[ONNX_MAX_OUTPUTS]; /* of the run before; NULL: none */
    size_t n_outputs, fetched;       /* the answer's */
    int fetched_type;
    uint32_t n_fetched; /* how many values the answer has; 0: it depends */
};

/* Opens library, model and provider, and settles the inputs. To be closed whatever comes back.
 * Statuses are those of engine_open. */
enum status onnx_session_open(const struct engine_config *config, uint32_t threads,
                              struct onnx_session *s, struct error *error);

/* Makes the inputs for length n; all but the sequence hold what they are to hold.
 * STATUS_NO_MEMORY, STATUS_EXTERNAL. */
enum status onnx_session_feed(struct onnx_session *s, uint32_t n, struct error *error);

/* Where the sequence's values go; valid until the next onnx_session_feed. */
void *onnx_session_sequence(struct onnx_session *s);

/* STATUS_EXTERNAL: the library says what went wrong. */
enum status onnx_session_run(struct onnx_session *s, struct error *error);

/* The answer of the last run: its values as they are, of s->fetched_type. */
enum status onnx_session_fetch(struct onnx_session *s, const void **values, size_t *n,
                               struct error *error);

void onnx_session_close(struct onnx_session *s);

#endif
