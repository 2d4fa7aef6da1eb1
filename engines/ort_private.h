// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ONNX Runtime's C API without its header: the library that the user's product ships is opened at
 * run time, and its table of functions, version 14, is read by position. Positions never change:
 * a version only adds to the end (onnxruntime_c_api.h, "struct OrtApi"). Seen to work with 1.14,
 * 1.20, 1.22 and 1.30.
 *
 * All its objects are `void *` here, since none is looked into.
 */
#ifndef ENGINES_ORT_PRIVATE_H
#define ENGINES_ORT_PRIVATE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

enum ort_type {
    ORT_FLOAT = 1,
    ORT_INT32 = 6,
    ORT_INT64 = 7,
    ORT_BOOL = 9,
    ORT_DOUBLE = 11,
};

/* What a function returns: NULL, or what went wrong, to be given to ort_status. */
typedef void *ort_outcome;

struct ort {
    void *library;
    char *version; /* "1.14.0" */
    intptr_t minor;
    char *path; /* as it was opened */

    const char *(*get_error_message)(const void *outcome);
    ort_outcome (*create_env)(int severity, const char *id, void **env);
    ort_outcome (*create_session)(void *env, const char *path, const void *options, void **session);
    ort_outcome (*run)(void *session, const void *run_options, const char *const *input_names,
                       void *const *inputs, size_t n_inputs, const char *const *output_names,
                       size_t n_outputs, void **outputs);
    ort_outcome (*create_session_options)(void **options);
    ort_outcome (*disable_mem_pattern)(void *options);
    ort_outcome (*set_intra_op_num_threads)(void *options, int n);
    ort_outcome (*session_get_input_count)(const void *session, size_t *n);
    ort_outcome (*session_get_output_count)(const void *session, size_t *n);
    ort_outcome (*session_get_input_type_info)(const void *session, size_t i, void **info);
    ort_outcome (*session_get_output_type_info)(const void *session, size_t i, void **info);
    ort_outcome (*session_get_input_name)(const void *session, size_t i, void *allocator,
                                          char **name);
    ort_outcome (*session_get_output_name)(const void *session, size_t i, void *allocator,
                                           char **name);
    ort_outcome (*create_tensor_with_data)(const void *memory_info, void *data, size_t bytes,
                                           const int64_t *shape, size_t rank, int type,
                                           void **value);
    ort_outcome (*get_tensor_mutable_data)(void *value, void **data);
    /* *tensor_info belongs to `info`, and is NULL where that is no tensor's. */
    ort_outcome (*cast_type_info_to_tensor_info)(const void *info, const void **tensor_info);
    ort_outcome (*get_tensor_element_type)(const void *tensor_info, int *type);
    ort_outcome (*get_dimensions_count)(const void *tensor_info, size_t *rank);
    ort_outcome (*get_dimensions)(const void *tensor_info, int64_t *dims, size_t rank);
    ort_outcome (*get_symbolic_dimensions)(const void *tensor_info, const char **names,
                                           size_t rank);
    ort_outcome (*get_tensor_shape_element_count)(const void *tensor_info, size_t *n);
    ort_outcome (*get_tensor_type_and_shape)(const void *value, void **tensor_info);
    ort_outcome (*create_cpu_memory_info)(int allocator_type, int memory_type, void **memory_info);
    ort_outcome (*allocator_free)(void *allocator, void *memory);
    ort_outcome (*get_allocator_with_default_options)(void **allocator);
    void (*release_env)(void *);
    void (*release_status)(void *);
    void (*release_memory_info)(void *);
    void (*release_session)(void *);
    void (*release_value)(void *);
    void (*release_type_info)(void *);
    void (*release_tensor_info)(void *);
    void (*release_session_options)(void *);
    ort_outcome (*get_available_providers)(char ***names, int *n);
    ort_outcome (*release_available_providers)(char **names, int n);
    ort_outcome (*append_tensorrt)(void *options, const void *provider_options);
    ort_outcome (*create_tensorrt_options)(void **provider_options);
    void (*release_tensorrt_options)(void *);
    ort_outcome (*append_cuda)(void *options, const void *provider_options);
    ort_outcome (*create_cuda_options)(void **provider_options);
    void (*release_cuda_options)(void *);
    ort_outcome (*append_provider)(void *options, const char *name, const char *const *keys,
                                   const char *const *values, size_t n);
};

/* Opens `path`, or (NULL) the first library that there is of the usual names.
 * STATUS_NOT_FOUND: there is none; the message says which names were tried and how to get one.
 * STATUS_UNSUPPORTED: it is no ONNX Runtime, or one before 1.14.  STATUS_NO_MEMORY. */
enum status ort_open(const char *path, struct ort *ort, struct error *error);
void ort_close(struct ort *ort);

/* STATUS_EXTERNAL: `outcome` is a failure; the message is `what` and its own. */
enum status ort_status(const struct ort *ort, ort_outcome outcome, const char *what,
                       struct error *error);

/* Lets session options run on an execution provider ("CUDA", in any case; "CPU" is always there).
 * STATUS_UNSUPPORTED: the library has none of that name, and the message those it has; or it cannot
 * be used here, and why. */
enum status ort_use_provider(const struct ort *ort, void *options, const char *name,
                             struct error *error);

#endif
