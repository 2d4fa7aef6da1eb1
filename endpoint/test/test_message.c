// SPDX-License-Identifier: GPL-3.0-or-later
/* Messages against known texts, against themselves, and against hostile texts. */
#include "base/test/support.h"

#include "base/memory.h"
#include "base/random.h"
#include "endpoint/message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct message_limits limits = {.max_values = 1000, .max_rows = 100};

static char name[] = "input";

static bool is_text(const struct message_text *text, const char *expected)
{
    if (text->n == strlen(expected) && memcmp(text->bytes, expected, text->n) == 0)
        return true;
    print_error("got      %.*s\nexpected %s\n", (int)text->n, text->bytes, expected);
    return false;
}

static void test_writes_known_texts(void **state)
{
    float floats[] = {0.0f, -0.0f, 1.0f, -2.5f, 0.1f, 1e-7f, 3e10f, 16777215.0f, -0.001234f};
    int64_t tokens[] = {0, 7, INT64_MAX, INT64_MIN};
    const struct tensor fp32 = {
        {name, TENSOR_FP32, {{1, 3, 3}, 3}}, 9, {.fp32 = floats}, false, 0, 0};
    const struct tensor int64 = {
        {name, TENSOR_INT64, {{1, 4}, 2}}, 4, {.int64 = tokens}, false, 0, 0};
    struct message_text text = {0};
    (void)state;
    assert_int_equal(message_write_request(&text, &fp32, 1, MESSAGE_JSON, NULL), STATUS_OK);
    assert_true(is_text(&text, "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,3,3],\"datatype\":"
                               "\"FP32\",\"data\":[0.0,-0.0,1.0,-2.5,0.100000001,1.00000001e-7,"
                               "3.0000001e10,16777215.0,-0.00123399997]}]}"));
    assert_int_equal(message_write_response(&text, "m\"", "1", "42", &int64, 1, MESSAGE_JSON, NULL),
                     STATUS_OK);
    assert_true(is_text(&text, "{\"model_name\":\"m\\\"\",\"model_version\":\"1\",\"id\":\"42\","
                               "\"outputs\":[{\"name\":\"input\",\"shape\":[1,4],\"datatype\":"
                               "\"INT64\",\"data\":[0,7,9223372036854775807,"
                               "-9223372036854775808]}]}"));
    assert_int_equal(message_write_error(&text, "bad \xff\n byte", NULL), STATUS_OK);
    assert_true(is_text(&text, "{\"error\":\"bad ?\\n byte\"}"));
    message_text_free(&text);
}

static void test_refuses_to_write_nan(void **state)
{
    float values[] = {1.0f, NAN, INFINITY};
    struct tensor tensor = {{name, TENSOR_FP32, {{2}, 1}}, 2, {.fp32 = values}, false, 0, 0};
    struct message_text text = {0};
    struct error error = {0};
    (void)state;
    assert_int_equal(message_write_request(&text, &tensor, 1, MESSAGE_JSON, &error),
                     STATUS_INVALID);
    assert_non_null(strstr(error.text, "value 1 of tensor 'input'"));
    tensor.values.fp32 = values + 1;
    assert_int_equal(message_write_request(&text, &tensor, 1, MESSAGE_JSON, NULL), STATUS_INVALID);
    message_text_free(&text);
}

/* Every float must come back bit for bit: powers of two and ten with their neighbours, and random
 * bit patterns. */
static void test_floats_round_trip(void **state)
{
    struct random random = {.state = 20240607};
    size_t n = test_long() ? 4000000 : 200000;
    float *values = calloc(n, sizeof *values);
    (void)state;
    print_message("seed 20240607\n");
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)random_u64(&random);
        memcpy(&values[i], &bits, sizeof bits);
        if (i < 300)
            values[i] = ldexpf(1.0f, (int)i - 149);
        else if (i < 700)
            values[i] =
                nextafterf(powf(10.0f, (float)((int)(i % 80) - 44)), i < 500 ? 0.0f : 3e38f);
        if (!isfinite(values[i]))
            values[i] = -1.0f;
    }
    const struct tensor tensor = {
        {name, TENSOR_FP32, {{(int64_t)n}, 1}}, n, {.fp32 = values}, false, 0, 0};
    const struct message_limits wide = {.max_values = n};
    struct message_text text = {0};
    struct message_request request;
    assert_int_equal(message_write_request(&text, &tensor, 1, MESSAGE_JSON, NULL), STATUS_OK);
    assert_int_equal(message_read_request(text.bytes, text.n, text.n, &wide, &request, NULL),
                     STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&values[i], &request.inputs[0].values.fp32[i], sizeof values[i]) != 0)
            fail_msg("%.9g came back as %.9g", (double)values[i],
                     (double)request.inputs[0].values.fp32[i]);
    }
    message_request_free(&request);
    message_text_free(&text);
    free(values);
}

static void test_reads_flat_and_nested(void **state)
{
    static const char *const texts[] = {
        "{\"id\":\"x\",\"inputs\":[{\"name\":\"a\",\"shape\":[1,2,2],\"datatype\":\"FP32\","
        "\"data\":[1,2.5,3e0,-4]}],\"outputs\":[{\"name\":\"output\"}],\"unknown\":{}}",
        " { \"inputs\" : [ {\"name\":\"a\", \"datatype\":\"FP32\", \"shape\":[1,2,2],"
        "\"data\":[[[1,2.5],[3e0,-4]]]}], \"id\":\"x\",\"outputs\":[{\"name\":\"output\"}] } ",
    };
    static const float expected[] = {1.0f, 2.5f, 3.0f, -4.0f};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct message_request request;
        struct error error = {0};
        if (message_read_request(texts[i], strlen(texts[i]), strlen(texts[i]), &limits, &request,
                                 &error))
            fail_msg("%s", error.text);
        assert_string_equal(request.id, "x");
        assert_int_equal(request.n_inputs, 1);
        assert_int_equal(request.inputs[0].n_values, 4);
        assert_memory_equal(request.inputs[0].values.fp32, expected, sizeof expected);
        assert_int_equal(request.n_outputs, 1);
        assert_string_equal(request.outputs[0], "output");
        message_request_free(&request);
    }
}

/* Requests that must be refused, and a word that the message must have. */
#define INPUT(shape, type, data)                                                                \
    "{\"inputs\":[{\"name\":\"a\",\"shape\":" shape ",\"datatype\":\"" type "\",\"data\":" data \
    "}]}"

static const struct {
    const char *text, *word;
} hostile[] = {
    {"", "JSON"},
    {"garbage", "JSON"},
    {"[]", "object"},
    {"{}", "\"inputs\" is missing"},
    {"{\"inputs\":3}", "not an array"},
    {"{\"inputs\":[3]}", "not an object"},
    {"{\"inputs\":[{}]}", "\"name\" is missing"},
    {"{\"inputs\":[{\"name\":1}]}", "not a string"},
    {"{\"id\":7,\"inputs\":[]}", "\"id\""},
    {INPUT("[2]", "FP99", "[1,2]"), "FP99"},
    {INPUT("[3]", "FP32", "[1,2]"), "wants 3"},
    {INPUT("[1]", "FP32", "[1,2]"), "wants 1"},
    {INPUT("[-1]", "FP32", "[1,2]"), "dimension 0"},
    {INPUT("[1.5]", "FP32", "[1,2]"), "dimension 0"},
    {INPUT("[\"2\"]", "FP32", "[1,2]"), "dimension 0"},
    {INPUT("[]", "FP32", "[1,2]"), "wants 1"},
    {INPUT("[]", "FP32", "[[1]]"), "not a number"},
    {INPUT("[1,1,1,1,1,1,1,1,2]", "FP32", "[1,2]"), "9 dimensions"},
    {INPUT("7", "FP32", "[1,2]"), "shape"},
    {INPUT("[9223372036854775807,9223372036854775807]", "FP32", "[1,2]"), "more than"},
    {INPUT("[4294967296,4294967296]", "FP32", "[]"), "more than"},
    {INPUT("[1001]", "INT64", "[]"), "more than"},
    {INPUT("[2]", "INT64", "[1,2.5]"), "not an integer"},
    {INPUT("[2]", "INT64", "[1,99999999999999999999]"), "JSON"},
    {INPUT("[2]", "FP32", "[1,\"x\"]"), "not a number"},
    {INPUT("[2]", "FP32", "[1,NaN]"), "JSON"},
    {INPUT("[2]", "FP32", "[1,1e39]"), "FP32"},
    {INPUT("[2]", "FP32", "[1,1e999]"), "JSON"},
    {INPUT("[2]", "FP32", "{}"), "data"},
    {INPUT("[2,2]", "FP32", "[[1,2],[3]]"), "shape"},
    {INPUT("[2,2]", "FP32", "[[1,2],[3,[4]]]"), "not a number"},
    {INPUT("[2,2]", "FP32", "[[1,2],3]"), "shape"},
    {"{\"inputs\":[],\"inputs\":[]}", "JSON"},
    {"{\"inputs\":[{\"name\":\"a\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1],"
     "\"parameters\":{\"binary_data_size\":4}}]}",
     "both \"data\" and \"binary_data_size\""},
    {"{\"inputs\":[],\"outputs\":[{}]}", "\"outputs\""},
    {"{\"inputs\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", "more than 16"},
};

static void test_refuses_hostile_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct message_request request;
        struct error error = {0};
        enum status status =
            message_read_request(hostile[i].text, strlen(hostile[i].text), strlen(hostile[i].text),
                                 &limits, &request, &error);
        if (status != STATUS_INVALID || !strstr(error.text, hostile[i].word))
            fail_msg("%s: status %d, '%s' has no '%s'", hostile[i].text, status, error.text,
                     hostile[i].word);
    }
}

/* `n` times `unit` in the middle of a message. */
static enum status read_repeated(const char *before, const char *unit, size_t n, const char *after)
{
    struct message_request request;
    struct message_text text = {0};
    size_t length = strlen(unit);
    text.bytes = malloc(strlen(before) + n * length + strlen(after) + 1);
    text.n = strlen(before);
    memcpy(text.bytes, before, text.n);
    for (size_t i = 0; i < n; i++, text.n += length)
        memcpy(text.bytes + text.n, unit, length);
    memcpy(text.bytes + text.n, after, strlen(after));
    text.n += strlen(after);
    enum status status = message_read_request(text.bytes, text.n, text.n, &limits, &request, NULL);
    if (!status)
        message_request_free(&request);
    message_text_free(&text);
    return status;
}

static void test_bounds_cost(void **state)
{
    (void)state;
    assert_int_equal(read_repeated("", "[", 5000000, ""), STATUS_INVALID);
    assert_int_equal(read_repeated("{\"inputs\":", "[", 30, ""), STATUS_INVALID);
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":", "{\"a\":", 100000, ""), STATUS_INVALID);
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":[", "{},", 1000000, "1]}"),
                     STATUS_INVALID);
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":[", "1,", 1000000, "1]}"), STATUS_INVALID);
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":[", "1,", 100, "1]}"), STATUS_OK);
    /* brackets within strings are no nesting */
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":\"", "[\\\"", 1000, "\"}"), STATUS_OK);
    assert_int_equal(read_repeated("{\"inputs\":[],\"x\":\"", "[", 1000, "\\"), STATUS_INVALID);
}

/* Each prefix of a good message and each message with one byte changed is read or refused; under
 * sanitizers this finds what reads too far. */
static void test_survives_damage(void **state)
{
    static const char good[] = INPUT("[1,2,2]", "FP32", "[[[1,2.5],[-3e2,4]]]");
    struct random random = {.state = 7};
    struct message_request request;
    size_t n_read = 0, n_tries = test_long() ? 200000 : 5000;
    (void)state;
    print_message("seed 7\n");
    for (size_t n = 0; n < sizeof good - 1; n++) {
        char *exact = malloc(n + 1);
        memcpy(exact, good, n);
        assert_int_equal(message_read_request(exact, n, n, &limits, &request, NULL),
                         STATUS_INVALID);
        free(exact);
    }
    for (size_t i = 0; i < n_tries; i++) {
        char damaged[sizeof good];
        memcpy(damaged, good, sizeof good);
        damaged[random_below(&random, sizeof good - 1)] = (char)random_below(&random, 256);
        if (!message_read_request(damaged, sizeof good - 1, sizeof good - 1, &limits, &request,
                                  NULL)) {
            n_read++;
            message_request_free(&request);
        }
    }
    assert_in_range(n_read, 1, n_tries - 1);
}

static enum status read_with_id(const char *id, const char *data, const char *type,
                                struct message_request *request)
{
    char *text =
        text_format("{\"id\":\"%s\",\"inputs\":[{\"name\":\"a\",\"data\" : %s,\"shape\":[3],"
                    "\"datatype\":\"%s\"}]}",
                    id, data, type);
    enum status status =
        message_read_request(text, strlen(text), strlen(text), &limits, request, NULL);
    free(text);
    return status;
}

/* Arrays of numbers are read by hand, and by jansson when the message has an escape: both must take
 * and refuse the same, and give the same values. */
static void compare_paths(const char *data)
{
    static const char *const types[] = {"FP32", "INT64"};
    static const size_t sizes[] = {sizeof(float), sizeof(int64_t)};
    for (int i = 0; i < 2; i++) {
        struct message_request by_hand, by_jansson;
        enum status status = read_with_id("A", data, types[i], &by_hand);
        if (status != read_with_id("\\u0041", data, types[i], &by_jansson))
            fail_msg("%s %s: by hand %d", types[i], data, status);
        if (!status) {
            assert_string_equal(by_hand.id, by_jansson.id);
            if (memcmp(by_hand.inputs[0].values.any, by_jansson.inputs[0].values.any, 3 * sizes[i]))
                fail_msg("%s %s: other values", types[i], data);
            message_request_free(&by_hand);
            message_request_free(&by_jansson);
        }
    }
}

static void test_both_readers_agree(void **state)
{
    static const char *const lists[] = {
        "[1,2,3]",
        " [ 1 ,\n2\t, 3 ] ",
        "[1,2,3,]",
        "[,1,2,3]",
        "[1 2 3]",
        "[1,2,3",
        "[]",
        "[ ]",
        "[01,2,3]",
        "[-1,-0,-0.0]",
        "[+1,2,3]",
        "[.5,2,3]",
        "[5.,2,3]",
        "[1e5,2E+5,3e-05]",
        "[1e,2,3]",
        "[1e+,2,3]",
        "[1.5e0005,2,3]",
        "[0,0.0,0e0]",
        "[0x1,2,3]",
        "[1,2,3]]",
        "[1.0,2,3]",
        "[1,2,3.0]",
        "[1,2.5,3]",
        "[999999999999999999,-999999999999999999,1]",
        "[9223372036854775807,-9223372036854775808,0]",
        "[9223372036854775808,0,0]",
        "[123456789012345678901.0,1,1]",
        "[1e38,1e39,1]",
        "[3.4028235e38,-3.4028236e38,1]",
        "[1e-45,1e-46,1.401298464324817e-45]",
        "[1e60,1,1]",
        "[1e-60,1,1]",
        "[1e-61,1,1]",
        "[1e99999,1,1]",
        "[1e-99999,1,1]",
        "[16777217,16777217.0,16777219]",
        "[true,1,2]",
        "[null,1,2]",
        "[\"1\",1,2]",
        "[[1,2,3]]",
        "[1,[2],3]",
        "0",
        "1",
        "-1",
        "7.5",
        "\"x\"",
        "{}",
        "[1,2,3],\"data\":[1,2,3]",
        "[1,2,3],\"x\":{\"data\":[5]}",
        "[1,2,3],\"data\":0",
        "[1,2,3],\"x\":{\"data\":0}",
        "[1,2,3],\"x\":\"data\"",
        "[1,2,3],\"x\":[\"data\",1]",
        "[1,2,3],\"d\\u0061ta\":0",
        "[1,2,3]}],\"x\":[{\"data\":0",
    };
    struct random random = {.state = 31};
    (void)state;
    print_message("seed 31\n");
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        compare_paths(lists[i]);
    for (int i = 0; i < (test_long() ? 500000 : 20000); i++) {
        char data[128];
        int digits = (int)random_below(&random, 17);
        snprintf(data, sizeof data, "[%.*g,%.*e,%d]", digits + 1,
                 ldexp(random_uniform(&random) - 0.5, (int)random_below(&random, 260) - 130),
                 digits, random_uniform(&random), (int)random_below(&random, 1000) - 500);
        if (random_below(&random, 4) == 0)
            data[random_below(&random, strlen(data))] =
                "0123456789.,eE+-[] \"x"[random_below(&random, 21)];
        compare_paths(data);
    }
}

static void test_metadata_round_trip(void **state)
{
    char model_name[] = "net", platform[] = "rnnmap_dnnl", output[] = "output";
    const struct message_model model = {
        .name = model_name,
        .platform = platform,
        .inputs = {{name, TENSOR_INT64, {{1, -1}, 2}}},
        .outputs = {{output, TENSOR_FP32, {{1, 128}, 2}}},
        .n_inputs = 1,
        .n_outputs = 1,
        .vocabulary = 20000,
    };
    struct message_text text = {0};
    struct message_model back;
    (void)state;
    assert_int_equal(message_write_model(&text, &model, NULL), STATUS_OK);
    assert_true(is_text(&text, "{\"name\":\"net\",\"versions\":[\"1\"],\"platform\":"
                               "\"rnnmap_dnnl\",\"inputs\":[{\"name\":\"input\",\"datatype\":"
                               "\"INT64\",\"shape\":[1,-1]}],\"outputs\":[{\"name\":\"output\","
                               "\"datatype\":\"FP32\",\"shape\":[1,128]}],\"parameters\":"
                               "{\"vocabulary\":20000}}"));
    assert_int_equal(message_read_model(text.bytes, text.n, &back, NULL), STATUS_OK);
    assert_int_equal(back.vocabulary, 20000);
    assert_int_equal(back.inputs[0].shape.dims[1], -1);
    assert_string_equal(back.platform, "rnnmap_dnnl");
    message_model_free(&back);
    message_text_free(&text);
}

/* As other servers answer: unknown datatypes beside known ones, unknown fields. */
static void test_reads_foreign_metadata(void **state)
{
    static const char text[] =
        "{\"name\":\"m\",\"platform\":\"onnxruntime_onnx\",\"versions\":[\"1\"],\"inputs\":["
        "{\"name\":\"odd\",\"datatype\":\"FP8\",\"shape\":[-1]},"
        "{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[-1]},"
        "{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[\"-1\",-1,\"8\"]}],\"outputs\":[],"
        "\"extra\":[1]}";
    struct message_model model;
    struct message_server server;
    (void)state;
    assert_int_equal(message_read_model(text, sizeof text - 1, &model, NULL), STATUS_OK);
    assert_int_equal(model.n_inputs, 2);
    assert_int_equal(model.n_unknown_inputs, 1);
    assert_int_equal(model.inputs[0].type, TENSOR_BYTES);
    assert_string_equal(model.inputs[1].name, "x");
    assert_int_equal(model.inputs[1].shape.dims[0], -1);
    assert_int_equal(model.inputs[1].shape.dims[2], 8);
    message_model_free(&model);
    assert_int_equal(message_read_model("{\"name\":\"m\",\"platform\":\"\"}", 26, &model, NULL),
                     STATUS_OK);
    assert_int_equal(model.n_inputs + model.n_outputs, 0);
    message_model_free(&model);
    assert_int_equal(message_read_server("{\"name\":\"a\",\"version\":\"2\"}", 26, &server, NULL),
                     STATUS_OK);
    message_server_free(&server);
    char *words = message_read_error("{\"error\":\"no\"}", 14);
    assert_string_equal(words, "no");
    free(words);
    assert_null(message_read_error("{\"error\":7}", 11));
    assert_null(message_read_error("<html>", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_known_texts),
        cmocka_unit_test(test_refuses_to_write_nan),
        cmocka_unit_test(test_floats_round_trip),
        cmocka_unit_test(test_reads_flat_and_nested),
        cmocka_unit_test(test_refuses_hostile_requests),
        cmocka_unit_test(test_bounds_cost),
        cmocka_unit_test(test_survives_damage),
        cmocka_unit_test(test_both_readers_agree),
        cmocka_unit_test(test_metadata_round_trip),
        cmocka_unit_test(test_reads_foreign_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
