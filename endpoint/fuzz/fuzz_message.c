// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Messages of the protocol. The first byte says which, the second how many bytes at the end are
 * binary tensors. What was read can be written, and read again.
 */
#include "base/fuzz/fuzz.h"
#include "endpoint/message.h"
#include "endpoint/statistics.h"

static const struct message_limits limits = {.max_values = 1 << 16, .max_rows = 1 << 12};

static void read_values(const struct tensor *tensor)
{
    size_t at = 0, n, n_values = 0;
    if (tensor_type_kind(tensor->spec.type) == TENSOR_TEXT) {
        while (tensor_next_text(tensor, &at, &n))
            n_values++;
        FUZZ_REQUIRE(n_values <= limits.max_values);
        return;
    }
    FUZZ_REQUIRE(tensor_shape_count(&tensor->spec.shape, limits.max_values, &n_values, NULL) ==
                 STATUS_OK);
    FUZZ_REQUIRE(tensor_size(tensor) == n_values * tensor_type_size(tensor->spec.type));
    for (size_t i = 0; i < n_values; i++)
        (void)tensor_get(tensor, i);
}

static void read_request(const char *bytes, size_t n, size_t n_json)
{
    struct error error = {0};
    struct message_request request, again;
    struct message_text text = {0};
    enum status status = message_read_request(bytes, n, n_json, &limits, &request, &error);
    FUZZ_REQUIRE(!status == (error.text[0] == '\0'));
    if (status)
        return;
    for (size_t i = 0; i < request.n_inputs; i++)
        read_values(&request.inputs[i]);
    for (enum message_form form = MESSAGE_JSON; form <= MESSAGE_BINARY; form++) {
        if (message_write_request(&text, request.inputs, request.n_inputs, form, NULL))
            continue; /* JSON knows no infinity */
        FUZZ_REQUIRE(message_read_request(text.bytes, text.n, text.n - text.n_binary, &limits,
                                          &again, NULL) == STATUS_OK);
        FUZZ_REQUIRE(again.n_inputs == request.n_inputs);
        for (size_t i = 0; i < again.n_inputs; i++)
            FUZZ_REQUIRE(tensor_size(&again.inputs[i]) == tensor_size(&request.inputs[i]));
        message_request_free(&again);
    }
    message_text_free(&text);
    message_request_free(&request);
}

static void read_response(const char *bytes, size_t n, size_t n_json)
{
    struct message_response response;
    if (message_read_response(bytes, n, n_json, &limits, &response, NULL))
        return;
    for (size_t i = 0; i < response.n_outputs; i++)
        read_values(&response.outputs[i]);
    message_response_free(&response);
}

static void read_raw(const char *bytes, size_t n, size_t n_binary)
{
    static char name[] = "input";
    struct tensor_spec spec = {.name = name,
                               .type = (enum tensor_type)(n_binary % N_TENSOR_TYPES),
                               .shape = {.dims = {-1, 3}, .rank = 2}};
    struct message_request request;
    if (message_read_raw_request(bytes, n, &spec, &limits, &request, NULL))
        return;
    read_values(&request.inputs[0]);
    message_request_free(&request);
}

static void read_rest(const char *bytes, size_t n)
{
    struct message_server server;
    struct message_model model;
    struct statistics statistics;
    if (!message_read_server(bytes, n, &server, NULL)) {
        FUZZ_REQUIRE(server.name && server.version);
        message_server_free(&server);
    }
    if (!message_read_model(bytes, n, &model, NULL)) {
        FUZZ_REQUIRE(model.n_inputs <= MESSAGE_MAX_TENSORS);
        message_model_free(&model);
    }
    (void)statistics_read(bytes, n, "m", &statistics, NULL);
    free(message_read_error(bytes, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    /* where it lies decides whether binary tensors are aligned: begin in a fresh place */
    size_t n = size - 2, n_binary = data[1] < n ? data[1] : n;
    char *bytes = malloc(n ? n : 1);
    FUZZ_REQUIRE(bytes);
    memcpy(bytes, data + 2, n);
    switch (data[0] % 4) {
    case 0:
        read_request(bytes, n, n - n_binary);
        break;
    case 1:
        read_response(bytes, n, n - n_binary);
        break;
    case 2:
        read_raw(bytes, n, n_binary);
        break;
    default:
        read_rest(bytes, n);
        break;
    }
    free(bytes);
    return 0;
}
