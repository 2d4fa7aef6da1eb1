// SPDX-License-Identifier: GPL-3.0-or-later
/* Tensors of all the protocol's datatypes, in JSON and as bytes. */
#include "base/test/support.h"

#include "endpoint/half_private.h"
#include "endpoint/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct message_limits limits = {.max_values = 1000, .max_rows = 100};

/* Values of IEEE 754-2008, table 3.5 and its neighbours. */
static void test_halves(void **state)
{
    static const struct {
        uint16_t half;
        float value;
    } halves[] = {
        {0x0000, 0},        {0x3c00, 1},         {0xc000, -2},         {0x3555, 0x1.554p-2f},
        {0x7bff, 65504},    {0x0400, 0x1p-14f},  {0x03ff, 0x3ffp-24f}, {0x0001, 0x1p-24f},
        {0x7c00, INFINITY}, {0xfc00, -INFINITY},
    };
    (void)state;
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        assert_float_equal(half_to_float(halves[i].half), halves[i].value, 0);
        assert_int_equal(half_from_float(halves[i].value), halves[i].half);
    }
    for (uint32_t half = 0; half < 65536; half++) {
        float value = half_to_float((uint16_t)half);
        if (!isnan(value))
            assert_int_equal(half_from_float(value), half);
    }
    assert_int_equal(half_from_float(1 + 0x1p-11f), 0x3c00); /* a tie goes to the even one */
    assert_int_equal(half_from_float(1 + 0x3p-11f), 0x3c02);
    assert_int_equal(half_from_float(0x1.ffep0f + 0x1p-11f), 0x4000);
    assert_int_equal(half_from_float(65519), 0x7bff);
    assert_int_equal(half_from_float(65520), 0x7c00);
    assert_int_equal(half_from_float(0x1p-25f), 0);
    assert_true(isnan(half_to_float(half_from_float(NAN))));
}

/* Of each datatype: values in JSON, the same as the bytes that the binary extension wants, and one
 * that is out of its range. */
static const struct {
    const char *type, *data, *bytes;
    size_t n_bytes;
    double first, last;
    const char *beyond, *word;
} cases[] = {
    {"BOOL", "[true,false]", "\1\0", 2, 1, 0, "[2,0]", "range of BOOL"},
    {"UINT8", "[0,255]", "\0\xff", 2, 0, 255, "[0,256]", "range of UINT8"},
    {"UINT16", "[1,65535]", "\1\0\xff\xff", 4, 1, 65535, "[0,-1]", "range of UINT16"},
    {"UINT32", "[1,4294967295]", "\1\0\0\0\xff\xff\xff\xff", 8, 1, 4294967295.0, "[0,4294967296]",
     "range of UINT32"},
    {"UINT64", "[1,2]", "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16, 1, 2, "[0,-1]", "range of UINT64"},
    {"INT8", "[-128,127]", "\x80\x7f", 2, -128, 127, "[0,128]", "range of INT8"},
    {"INT16", "[-2,32767]", "\xfe\xff\xff\x7f", 4, -2, 32767, "[-32769,0]", "range of INT16"},
    {"INT32", "[-1,7]", "\xff\xff\xff\xff\7\0\0\0", 8, -1, 7, "[1.5,0]", "not an integer"},
    {"INT64", "[-1,7]", "\xff\xff\xff\xff\xff\xff\xff\xff\7\0\0\0\0\0\0\0", 16, -1, 7, "[\"1\",0]",
     "not an integer"},
    {"FP16", "[1.0,-2.0]", "\0\x3c\0\xc0", 4, 1, -2, "[65520.0,0]", "range of FP16"},
    {"FP32", "[1.0,-2.0]", "\0\0\x80\x3f\0\0\0\xc0", 8, 1, -2, "[1e39,0]", "range of FP32"},
    {"FP64", "[0.10000000000000001,-2]", "\x9a\x99\x99\x99\x99\x99\xb9\x3f\0\0\0\0\0\0\0\xc0", 16,
     0.1, -2, "[true,0]", "not a number"},
    {"BYTES", "[\"a\xc3\xa9\",\"\"]", "\3\0\0\0a\xc3\xa9\0\0\0\0", 11, 0, 0, "[1,2]", "not a text"},
};
_Static_assert(sizeof cases / sizeof cases[0] == N_TENSOR_TYPES, "one case per type");

static struct message_request read_it(const char *json, const char *bytes, size_t n_bytes)
{
    struct message_request request;
    struct error error = {0};
    size_t n_json = strlen(json);
    char *whole = malloc(n_json + n_bytes + 1);
    memcpy(whole, json, n_json + 1);
    if (n_bytes > 0)
        memcpy(whole + n_json, bytes, n_bytes);
    if (message_read_request(whole, n_json + n_bytes, n_json, &limits, &request, &error))
        fail_msg("%s: %s", json, error.text);
    if (request.inputs[0].borrowed) { /* what is lent does not outlive this function */
        struct tensor copy;
        assert_int_equal(tensor_make(&copy, &request.inputs[0].spec, 1000, NULL), STATUS_OK);
        memcpy(copy.values.any, request.inputs[0].values.any, tensor_size(&copy));
        tensor_free(&request.inputs[0]);
        request.inputs[0] = copy;
    }
    free(whole);
    return request;
}

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[512];
        struct message_text text = {0};
        for (int nested = 0; nested < 3; nested++) { /* lifted, nested, bytes */
            snprintf(json, sizeof json,
                     "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2],\"datatype\":\"%s\",%s%s%s}]}",
                     cases[i].type,
                     nested == 2 ? "\"parameters\":{\"binary_data_size\":" : "\"data\":",
                     nested == 1 ? "[" : "", nested == 2 ? "@" : cases[i].data);
            char *at = strstr(json, nested == 1 ? "}]}" : "@");
            if (nested == 1)
                strcpy(at, "]}]}");
            else if (nested == 2)
                sprintf(at, "%zu}}]}", cases[i].n_bytes);
            struct message_request request =
                read_it(json, cases[i].bytes, nested == 2 ? cases[i].n_bytes : 0);
            const struct tensor *tensor = &request.inputs[0];
            assert_string_equal(tensor_type_name(tensor->spec.type), cases[i].type);
            assert_int_equal(tensor_size(tensor), cases[i].n_bytes);
            assert_memory_equal(tensor->values.any, cases[i].bytes, cases[i].n_bytes);
            assert_close(tensor_get(tensor, 0), cases[i].first, 0, 0);
            assert_close(tensor_get(tensor, 1), cases[i].last, 0, 0);
            assert_int_equal(message_write_request(&text, tensor, 1, MESSAGE_JSON, NULL),
                             STATUS_OK);
            if (!memmem(text.bytes, text.n, cases[i].data, strlen(cases[i].data)) &&
                strcmp(cases[i].type, "FP64") != 0)
                fail_msg("%s: %.*s", cases[i].type, (int)text.n, text.bytes);
            assert_int_equal(message_write_request(&text, tensor, 1, MESSAGE_BINARY, NULL),
                             STATUS_OK);
            assert_int_equal(text.n_binary, cases[i].n_bytes);
            assert_memory_equal(text.bytes + text.n - text.n_binary, cases[i].bytes,
                                cases[i].n_bytes);
            message_request_free(&request);
        }
        message_text_free(&text);
    }
}

static void test_refuses(void **state)
{
    static const char *const texts[] = {"\3\0\0\0ab", "\1\0\0\0a", "\1\0\0\0a\0\0\0\0\0\0\0\0",
                                        "\xff\xff\xff\xff\0\0\0\0"};
    static const size_t sizes[] = {6, 5, 13, 8};
    struct message_request request;
    char json[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {0};
        snprintf(json, sizeof json,
                 "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"%s\",\"data\":%s}]}",
                 cases[i].type, cases[i].beyond);
        enum status status =
            message_read_request(json, strlen(json), strlen(json), &limits, &request, &error);
        if (status != STATUS_INVALID || !strstr(error.text, cases[i].word))
            fail_msg("%s: '%s', not '%s'", json, error.text, cases[i].word);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) { /* two texts are wanted */
        char body[600];
        struct error error = {0};
        int n = snprintf(body, sizeof body,
                         "{\"inputs\":[{\"name\":\"x\",\"shape\":[2],\"datatype\":\"BYTES\","
                         "\"parameters\":{\"binary_data_size\":%zu}}]}",
                         sizes[i]);
        memcpy(body + n, texts[i], sizes[i]);
        enum status status =
            message_read_request(body, (size_t)n + sizes[i], (size_t)n, &limits, &request, &error);
        if (status != STATUS_INVALID || !strstr(error.text, "wants 2 texts"))
            fail_msg("case %zu: '%s'", i, error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
