// SPDX-License-Identifier: GPL-3.0-or-later
/* Binary tensors in messages: known bytes, both directions, and bodies that lie about themselves.
 */
#include "base/test/support.h"

#include "base/random.h"
#include "endpoint/message_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct message_limits limits = {.max_values = 1000, .max_rows = 100};

static char name[] = "a", other[] = "b";

/* A body in memory of exactly its size: under sanitizers a byte read beyond it is found. `shift`
 * moves it away from what it would be aligned for. */
struct body {
    char *memory, *bytes;
    size_t n, n_json;
};

static struct body make_body(const char *json, const void *binary, size_t n_binary, size_t shift)
{
    struct body body = {.n_json = strlen(json)};
    body.n = body.n_json + n_binary;
    body.memory = malloc(shift + body.n + !body.n);
    body.bytes = body.memory + shift;
    memcpy(body.bytes, json, body.n_json);
    if (n_binary > 0)
        memcpy(body.bytes + body.n_json, binary, n_binary);
    return body;
}

static enum status read_body(const struct body *body, struct message_request *request,
                             struct error *error)
{
    return message_read_request(body->bytes, body->n, body->n_json, &limits, request, error);
}

/* JSON, blanks up to a multiple of eight, then the values with their least byte first. */
static void test_writes_known_bytes(void **state)
{
    float floats[] = {1.0f, -2.5f, NAN};
    int64_t tokens[] = {1, -2, INT64_C(0x1122334455667788)};
    const struct tensor tensors[] = {
        {{name, TENSOR_FP32, {{1, 3}, 2}}, 3, {.fp32 = floats}, false, 0, 0},
        {{other, TENSOR_INT64, {{3}, 1}}, 3, {.int64 = tokens}, false, 0, 0},
    };
    static const char json[] =
        "{\"inputs\":[{\"name\":\"a\",\"shape\":[1,3],\"datatype\":\"FP32\",\"parameters\":"
        "{\"binary_data_size\":12}},{\"name\":\"b\",\"shape\":[3],\"datatype\":\"INT64\","
        "\"parameters\":{\"binary_data_size\":24}}],\"parameters\":{\"binary_data_output\":true}}";
    static const unsigned char bytes[] = {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x20, 0xc0, 0x00,
                                          0x00, 0xc0, 0x7f, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,
                                          0x00, 0x00, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                          0xff, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    struct message_text text = {0};
    (void)state;
    for (int i = 0; i < 2; i++) { /* the second time into the same memory */
        assert_int_equal(message_write_request(&text, tensors, 2, MESSAGE_BINARY, NULL), STATUS_OK);
        assert_int_equal(text.n_binary, sizeof bytes);
        size_t n_json = text.n - text.n_binary;
        assert_memory_equal(text.bytes, json, sizeof json - 1);
        assert_in_range(n_json, sizeof json - 1, sizeof json - 1 + 7);
        assert_int_equal(n_json % 8, 0);
        for (size_t k = sizeof json - 1; k < n_json; k++)
            assert_int_equal(text.bytes[k], ' ');
        assert_memory_equal(text.bytes + n_json, bytes, sizeof bytes);
    }
    assert_int_equal(message_write_request(&text, &tensors[1], 1, MESSAGE_JSON, NULL), STATUS_OK);
    assert_int_equal(text.n_binary, 0);
    message_text_free(&text);
}

/* Any bit pattern comes back, NaN with its payload included: the request's without a copy, the
 * response's in memory of its own. */
static void test_round_trips(void **state)
{
    struct random random = {.state = 5};
    struct message_text text = {0};
    struct message_request request;
    struct message_response response;
    (void)state;
    print_message("seed 5\n");
    for (int type = 0; type < N_TENSOR_TYPES; type++) {
        for (int i = 0; i < 200 && tensor_type_kind((enum tensor_type)type) != TENSOR_TEXT; i++) {
            const struct tensor_spec spec = {
                name, (enum tensor_type)type, {{1, (int64_t)random_below(&random, 30), 3}, 3}};
            struct tensor tensor;
            assert_int_equal(tensor_make(&tensor, &spec, 1000, NULL), STATUS_OK);
            size_t n = tensor.n_values * tensor_type_size(spec.type);
            for (size_t k = 0; k < n; k++)
                ((char *)tensor.values.any)[k] = (char)random_below(&random, 256);
            assert_int_equal(message_write_request(&text, &tensor, 1, MESSAGE_BINARY, NULL),
                             STATUS_OK);
            assert_int_equal(message_read_request(text.bytes, text.n, text.n - text.n_binary,
                                                  &limits, &request, NULL),
                             STATUS_OK);
            assert_memory_equal(request.inputs[0].values.any, tensor.values.any, n);
            assert_ptr_equal(request.inputs[0].values.any, text.bytes + text.n - n);
            assert_int_equal(request.form, MESSAGE_BINARY);
            message_request_free(&request);
            assert_int_equal(
                message_write_response(&text, "m", "1", NULL, &tensor, 1, MESSAGE_BINARY, NULL),
                STATUS_OK);
            assert_int_equal(message_read_response(text.bytes, text.n, text.n - text.n_binary,
                                                   &limits, &response, NULL),
                             STATUS_OK);
            memset(text.bytes, 0, text.n);
            assert_memory_equal(response.outputs[0].values.any, tensor.values.any, n);
            message_response_free(&response);
            tensor_free(&tensor);
        }
    }
    message_text_free(&text);
}

#define BINARY(name, type, shape, size)                                                    \
    "{\"name\":\"" name "\",\"datatype\":\"" type "\",\"shape\":" shape ",\"parameters\":" \
    "{\"binary_data_size\":" size "}}"
#define MIXED                                                                                  \
    "{\"inputs\":[" BINARY("a", "FP32", "[2]", "8") ",{\"name\":\"b\",\"datatype\":\"INT64\"," \
                                                    "\"shape\":[3],\"data\":[7,8,9]}," BINARY( \
                                                        "c", "INT64", "[1,1]", "8") "]}"

/* Numbers in the JSON between bytes behind it, aligned or not. */
static void test_mixes_forms(void **state)
{
    static const unsigned char bytes[] = {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0xc0,
                                          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    (void)state;
    for (size_t shift = 0; shift < 8; shift++) {
        struct body body = make_body(MIXED, bytes, sizeof bytes, shift);
        struct message_request request;
        struct error error = {0};
        if (read_body(&body, &request, &error))
            fail_msg("%s", error.text);
        assert_int_equal(request.n_inputs, 3);
        assert_float_equal(request.inputs[0].values.fp32[1], -2.0f, 0);
        assert_int_equal(request.inputs[1].values.int64[2], 9);
        assert_int_equal(request.inputs[2].values.int64[0], -1);
        message_request_free(&request);
        free(body.memory);
    }
}

/* What outputs are wanted in: the request's word, and an output's own before it. */
static void test_forms_of_outputs(void **state)
{
    static const struct {
        const char *json;
        enum message_form form, first;
    } cases[] = {
        {"{\"inputs\":[]}", MESSAGE_JSON, MESSAGE_JSON},
        {"{\"inputs\":[],\"parameters\":{}}", MESSAGE_JSON, MESSAGE_JSON},
        {"{\"inputs\":[],\"parameters\":{\"binary_data_output\":true}}", MESSAGE_BINARY,
         MESSAGE_BINARY},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"o\",\"parameters\":{\"binary_data\":true}}]}",
         MESSAGE_JSON, MESSAGE_BINARY},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"o\"}],\"parameters\":{\"binary_data_output\":"
         "true}}",
         MESSAGE_BINARY, MESSAGE_BINARY},
        {"{\"inputs\":[],\"outputs\":[{\"name\":\"o\",\"parameters\":{\"binary_data\":false}}],"
         "\"parameters\":{\"binary_data_output\":true}}",
         MESSAGE_BINARY, MESSAGE_JSON},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message_request request;
        size_t n = strlen(cases[i].json);
        assert_int_equal(message_read_request(cases[i].json, n, n, &limits, &request, NULL),
                         STATUS_OK);
        assert_int_equal(request.form, cases[i].form);
        if (request.n_outputs > 0)
            assert_int_equal(request.forms[0], cases[i].first);
        message_request_free(&request);
    }
}

#define INPUTS(inputs)   "{\"inputs\":[" inputs "]}"
#define ONE(shape, size) INPUTS(BINARY("a", "FP32", shape, size))

/* Bodies of a JSON and so many zeros, and a word of what they are refused with. */
static const struct {
    const char *json;
    size_t n_binary;
    const char *word;
} hostile[] = {
    {ONE("[2]", "8"), 7, "only 7 bytes are left"},
    {ONE("[2]", "8"), 0, "only 0 bytes are left"},
    {ONE("[2]", "8"), 9, "1 bytes at the end"},
    {ONE("[2]", "4"), 4, "wants 8 bytes"},
    {ONE("[2]", "9"), 9, "wants 8 bytes"},
    {ONE("[2]", "7"), 7, "wants 8 bytes"},
    {ONE("[2]", "-8"), 8, "not a count"},
    {ONE("[2]", "8.0"), 8, "not a count"},
    {ONE("[2]", "\"8\""), 8, "not a count"},
    {ONE("[2]", "null"), 8, "not a count"},
    {ONE("[2]", "true"), 8, "not a count"},
    {ONE("[2]", "[8]"), 8, "not a count"},
    {ONE("[2]", "9223372036854775807"), 8, "wants 8 bytes"},
    {ONE("[2]", "18446744073709551624"), 8, "JSON"},
    {ONE("[1000]", "9223372036854775800"), 8, "wants 4000 bytes"},
    {ONE("[1001]", "4004"), 4004, "more than"},
    {ONE("[4611686018427387905,4]", "16"), 16, "more than"},
    {ONE("[-2]", "8"), 8, "dimension 0"},
    {ONE("[-1]", "8"), 8, "dimension 0"},
    {INPUTS(BINARY("a", "FP99", "[8]", "8")), 8, "FP99"},
    {INPUTS(BINARY("a", "FP32", "[2]", "8") "," BINARY("b", "FP32", "[2]", "8")), 8,
     "tensor 'b': its \"binary_data_size\" is 8, but only 0"},
    {INPUTS(BINARY("a", "FP32", "[2]", "8") "," BINARY("b", "FP32", "[2]", "8")), 24, "8 bytes"},
    {INPUTS(BINARY("a", "FP32", "[600]", "2400") "," BINARY("b", "FP32", "[600]", "2400")), 4800,
     "more than the 400 values"},
    {INPUTS("{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1,2],\"parameters\":"
            "{\"binary_data_size\":8}}"),
     8, "both"},
    {INPUTS("{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":0,\"parameters\":"
            "{\"binary_data_size\":8}}"),
     8, "both"},
    {INPUTS("{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1,2]}"), 8, "8 bytes"},
    {INPUTS("{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[2]}"), 8, "\"data\" is missing"},
    {INPUTS("{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":[2],\"parameters\":[]}"), 8,
     "\"parameters\" is not an object"},
    {"{\"inputs\":[],\"parameters\":{\"binary_data_output\":1}}", 0, "neither true nor false"},
    {"{\"inputs\":[],\"parameters\":7}", 0, "not an object"},
    {"{\"inputs\":[],\"outputs\":[{\"name\":\"o\",\"parameters\":{\"binary_data\":\"yes\"}}]}", 0,
     "neither true nor false"},
    {"", 8, "JSON"},
    {"{\"inputs\":[", 8, "JSON"},
};

static void test_refuses_hostile_bodies(void **state)
{
    static const char zeros[8192];
    struct message_request request;
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct body body = make_body(hostile[i].json, zeros, hostile[i].n_binary, 0);
        struct error error = {0};
        enum status status = read_body(&body, &request, &error);
        if (status != STATUS_INVALID || !strstr(error.text, hostile[i].word))
            fail_msg("%s and %zu bytes: status %d, '%s' has no '%s'", hostile[i].json,
                     hostile[i].n_binary, status, error.text, hostile[i].word);
        assert_int_equal(request.n_inputs, 0);
        free(body.memory);
    }
    struct body body = make_body(ONE("[2]", "8"), zeros, 8, 0);
    const size_t beyond[] = {body.n + 1, body.n + 8, SIZE_MAX, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        struct error error = {0};
        body.n_json = beyond[i];
        assert_int_equal(read_body(&body, &request, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "the body has only"));
    }
    free(body.memory);
    assert_int_equal(message_read_request(NULL, 0, 1, &limits, &request, NULL), STATUS_INVALID);
    assert_int_equal(message_read_request(NULL, 0, 0, &limits, &request, NULL), STATUS_INVALID);
}

/* Whether each value of what was read lies in memory that is there. */
static double touch(const struct message_request *request)
{
    double sum = 0;
    for (size_t i = 0; i < request->n_inputs; i++) {
        const struct tensor *tensor = &request->inputs[i];
        for (size_t k = 0; k < tensor->n_values; k++)
            sum += tensor->spec.type == TENSOR_FP32 ? (double)tensor->values.fp32[k]
                                                    : (double)tensor->values.int64[k];
    }
    return sum;
}

/* Good bodies with bytes changed, cut anywhere, with sizes and lengths that do not fit: read or
 * refused, and nothing beyond them looked at. */
static void test_survives_damage(void **state)
{
    struct random random = {.state = 20241124};
    size_t n_read = 0, n_tries = test_long() ? 500000 : 20000;
    volatile double sum = 0;
    (void)state;
    print_message("seed 20241124\n");
    for (size_t i = 0; i < n_tries; i++) {
        char binary[64];
        for (size_t k = 0; k < sizeof binary; k++)
            binary[k] = (char)random_below(&random, 256);
        struct body body =
            make_body(MIXED, binary, random_below(&random, 3) ? 16 : random_below(&random, 64),
                      random_below(&random, 8));
        struct message_request request;
        for (uint64_t k = random_below(&random, 3); k > 0; k--) {
            char c = random_below(&random, 2) ? "0123456789-[]{},:\""[random_below(&random, 18)]
                                              : (char)random_below(&random, 256);
            body.bytes[random_below(&random, body.n)] = c;
        }
        if (random_below(&random, 8) == 0)
            body.n_json = (size_t)random_below(&random, 2 * body.n);
        if (!read_body(&body, &request, NULL)) {
            n_read++;
            sum += touch(&request);
            message_request_free(&request);
        }
        free(body.memory);
    }
    assert_in_range(n_read, n_tries / 20, n_tries - n_tries / 20);
}

static void test_raw_requests(void **state)
{
    const struct {
        struct tensor_spec spec;
        size_t n;
        int64_t length; /* < 0: refused */
    } cases[] = {
        {{name, TENSOR_INT64, {{1, -1}, 2}}, 24, 3},
        {{name, TENSOR_FP32, {{1, -1, 2}, 3}}, 24, 3},
        {{name, TENSOR_FP32, {{1, -1, 2}, 3}}, 0, 0},
        {{name, TENSOR_FP32, {{1, -1, 2}, 3}}, 20, -1},
        {{name, TENSOR_FP32, {{1, -1, 2}, 3}}, 22, -1},
        {{name, TENSOR_INT64, {{1, -1}, 2}}, 23, -1},
        {{name, TENSOR_INT64, {{1, 4}, 2}}, 32, 4},
        {{name, TENSOR_INT64, {{1, 4}, 2}}, 64, -1},
        {{name, TENSOR_INT64, {{1, -1}, 2}}, 8008, -1},
        {{name, TENSOR_INT64, {{0, -1}, 2}}, 8, -1},
    };
    static const char zeros[16384];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct body body = make_body("", zeros, cases[i].n, 0);
        struct message_request request;
        enum status status =
            message_read_raw_request(body.bytes, body.n, &cases[i].spec, &limits, &request, NULL);
        assert_int_equal(status, cases[i].length < 0 ? STATUS_INVALID : STATUS_OK);
        if (!status) {
            assert_int_equal(request.inputs[0].spec.shape.dims[1], cases[i].length);
            assert_int_equal(request.form, MESSAGE_BINARY);
            assert_true(touch(&request) == 0);
        }
        message_request_free(&request);
        free(body.memory);
    }
}

/* What machines that keep the highest byte first do. */
static void test_reversed_copies(void **state)
{
    static const char from[] = "abcdefgh";
    char to[8];
    (void)state;
    message_copy_values(to, from, 2, 4, true);
    assert_memory_equal(to, "dcbahgfe", 8);
    message_copy_values(to, from, 1, 8, true);
    assert_memory_equal(to, "hgfedcba", 8);
    message_copy_values(to, from, 2, 4, false);
    assert_memory_equal(to, from, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_known_bytes),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_mixes_forms),
        cmocka_unit_test(test_forms_of_outputs),
        cmocka_unit_test(test_refuses_hostile_bodies),
        cmocka_unit_test(test_survives_damage),
        cmocka_unit_test(test_raw_requests),
        cmocka_unit_test(test_reversed_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
