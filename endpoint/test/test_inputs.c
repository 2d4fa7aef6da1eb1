// SPDX-License-Identifier: GPL-3.0-or-later
/* What models are sent: by their metadata, as servers of several makes write it, and by what the
 * user says. */
#include "base/test/support.h"

#include "endpoint/client_config.h"
#include "endpoint/inputs_private.h"

#include <stdlib.h>
#include <string.h>

#define IN(name, type, shape) \
    "{\"name\":\"" name "\",\"datatype\":\"" type "\",\"shape\":" shape "}"

/* Each expected text is "NAME TYPE SHAPE FIRST LAST" of every input for n = 3, vocabulary 2. */
static const struct {
    const char *inputs, *lines, *expected;
} good[] = {
    {IN("x", "INT64", "[1,-1]"), NULL, "x INT64 [1,3] tokens"},
    {IN("x", "INT32", "[-1,-1]"), NULL, "x INT32 [1,3] tokens"},
    {IN("x", "FP32", "[-1,-1,8]"), NULL, "x FP32 [1,3,8] uniform"},
    {IN("x", "FP16", "[-1,8]"), NULL, "x FP16 [3,8] uniform"},
    {IN("x", "FP64", "[4,-1]"), NULL, "x FP64 [4,3] uniform"},
    {IN("x", "BYTES", "[1]"), NULL, "x BYTES [1] words"},
    {IN("x", "BYTES", "[-1,-1]"), NULL, "x BYTES [1,3] words"},
    {IN("input_ids", "INT64", "[-1,-1]") "," IN("attention_mask", "INT64", "[-1,-1]") "," IN(
         "token_type_ids", "INT64", "[-1,-1]"),
     NULL,
     "input_ids INT64 [1,3] tokens, attention_mask INT64 [1,3] ones, token_type_ids INT64 [1,3] "
     "zeros"},
    {IN("x", "FP32", "[-1,-1,4]") "," IN("x_lengths", "INT32", "[-1]") "," IN("h0", "FP32",
                                                                              "[2,1,16]"),
     NULL, "x FP32 [1,3,4] uniform, x_lengths INT32 [1] count, h0 FP32 [2,1,16] uniform"},
    {IN("x", "INT64", "[1,-1]") "," IN("beams", "INT64", "[1]"), NULL,
     "x INT64 [1,3] tokens, beams INT64 [1] zeros"},
    {IN("x", "FP32", "[-1,-1,-1]"), "x [n,1,5]", "x FP32 [3,1,5] uniform"},
    {IN("x", "FP32", "[1,3]"), "x INT64 [1,n] ones", "x INT64 [1,3] ones"},
    {IN("x", "INT64", "[1,-1]"), "x zeros\ny FP32 [1, -1, 2]",
     "x INT64 [1,3] zeros, y FP32 [1,3,2] uniform"},
    {"", "text BYTES [1]", "text BYTES [1] words"},
    {IN("x", "FP8", "[1,-1]"), "x FP32 [n]", "x FP32 [3] uniform"},
    {IN("flags", "BOOL", "[1,-1]"), NULL, "flags BOOL [1,3] ones"},
    {IN("bytes", "UINT8", "[-1]"), NULL, "bytes UINT8 [3] tokens"},
};

static struct message_model read_model(const char *inputs)
{
    char text[1024];
    struct message_model model;
    snprintf(text, sizeof text, "{\"name\":\"m\",\"platform\":\"\",\"inputs\":[%s]}", inputs);
    if (message_read_model(text, strlen(text), &model, NULL))
        fail_msg("%s", text);
    return model;
}

/* Whether the values are what the filling says. */
static void check_values(const struct tensor *tensor, const char *fill)
{
    double least = 2, most = -2;
    for (size_t i = 0; i < tensor->n_values; i++) {
        double value = tensor_get(tensor, i);
        least = value < least ? value : least;
        most = value > most ? value : most;
    }
    if (strcmp(fill, "ones") == 0)
        assert_true(least == 1 && most == 1);
    else if (strcmp(fill, "zeros") == 0)
        assert_true(least == 0 && most == 0);
    else if (strcmp(fill, "count") == 0)
        assert_true(most == 3);
    else if (strcmp(fill, "tokens") == 0)
        assert_true(least >= 0 && most <= 1);
    else if (strcmp(fill, "uniform") == 0)
        assert_true(least >= -1 && most <= 1 && least < most);
    if (strcmp(fill, "words") == 0) { /* three words in all, each w0 or w1 */
        size_t words = tensor->n_values == 3 ? 1 : 3, at = 0, n;
        for (size_t i = 0; i < tensor->n_values; i++) {
            assert_non_null(tensor_next_text(tensor, &at, &n));
            assert_int_equal(n, 3 * words - 1);
        }
        assert_int_equal(at, tensor->n_text);
    }
}

static void test_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct message_model model = read_model(good[i].inputs);
        struct inputs inputs = {0};
        struct tensor tensors[MESSAGE_MAX_TENSORS] = {0}, again[MESSAGE_MAX_TENSORS] = {0};
        struct error error = {0};
        char *expected = strdup(good[i].expected), *rest = expected;
        if (inputs_plan(&model, good[i].lines, &inputs, &error) ||
            inputs_make(&inputs, 3, 7, 2, 1000, tensors, &error) ||
            inputs_make(&inputs, 3, 7, 2, 1000, again, &error))
            fail_msg("%s: %s", good[i].inputs, error.text);
        for (size_t k = 0; k < inputs.n; k++) {
            char shape[TENSOR_SHAPE_TEXT], text[256], *comma = strstr(rest, ", ");
            const struct tensor_spec *spec = &tensors[k].spec;
            if (comma)
                *comma = '\0';
            const char *fill = strrchr(rest, ' ') + 1;
            snprintf(text, sizeof text, "%s %s %s %s", spec->name, tensor_type_name(spec->type),
                     tensor_shape_format(&spec->shape, shape), fill);
            assert_string_equal(text, rest);
            check_values(&tensors[k], fill);
            assert_int_equal(tensor_size(&tensors[k]), tensor_size(&again[k]));
            assert_memory_equal(tensors[k].values.any, again[k].values.any,
                                tensor_size(&tensors[k]));
            rest = comma ? comma + 2 : rest + strlen(rest);
            tensor_free(&tensors[k]);
            tensor_free(&again[k]);
        }
        assert_string_equal(rest, "");
        free(expected);
        inputs_free(&inputs);
        message_model_free(&model);
    }
}

static void test_refuses(void **state)
{
    static const struct {
        const char *inputs, *lines, *word;
    } bad[] = {
        {"", NULL, "names no inputs"},
        {IN("x", "FP32", "[1,3]"), NULL, "nothing in it grows"},
        {IN("x", "FP32", "[1,-1,-1]"), NULL, "which of its axes"},
        {IN("x", "FP8", "[1,-1]"), NULL, "1 inputs of datatypes"},
        {IN("x", "INT64", "[1,-1]"), "y ones", "no input 'y'"},
        {IN("x", "INT64", "[1,-1]"), "x uniform", "INT64, which uniform cannot fill"},
        {IN("x", "BYTES", "[1,-1]"), "x ones", "BYTES, which ones cannot fill"},
        {IN("x", "INT64", "[1,-1]"), "x BOOL tokens", "BOOL, which tokens cannot fill"},
        {IN("x", "INT64", "[1,-1]"), "x [1,4]", "nothing in it grows"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct message_model model = read_model(bad[i].inputs);
        struct inputs inputs = {0};
        struct error error = {0};
        if (inputs_plan(&model, bad[i].lines, &inputs, &error) != STATUS_PROTOCOL ||
            !strstr(error.text, bad[i].word))
            fail_msg("%s: '%s', not '%s'", bad[i].inputs, error.text, bad[i].word);
        inputs_free(&inputs);
        message_model_free(&model);
    }
}

/* What is no line for an input is refused when the campaign file is read. */
static void test_lines(void **state)
{
    static const char *const lines[] = {
        "x INT64 INT32", "x [1,n] [1,n]", "x ones zeros", "x [1,n",
        "x []x",         "x [1,,n]",      "x [1,n,]",     "x [1,0]",
        "x [1,m]",       "x FP8",         "x sevens",     "x [1,1,1,1,1,1,1,1,1]",
        "x [1,-2]",      "x [1 n]",
    };
    struct client_config config = {0};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct error error = {0};
        if (client_config_set(&config, "input", lines[i], &error) != STATUS_INVALID)
            fail_msg("'%s' is taken", lines[i]);
        assert_null(config.inputs);
    }
    assert_int_equal(client_config_set(&config, "input", "a INT64 [1,n]", NULL), STATUS_OK);
    assert_int_equal(client_config_set(&config, "input", "b ones", NULL), STATUS_OK);
    assert_string_equal(config.inputs, "a INT64 [1,n]\nb ones");
    client_config_free(&config);
}

static void test_limits(void **state)
{
    struct message_model model = read_model(IN("x", "FP32", "[1,-1,8]"));
    struct inputs inputs = {0};
    struct tensor tensors[MESSAGE_MAX_TENSORS] = {0};
    (void)state;
    assert_int_equal(inputs_plan(&model, NULL, &inputs, NULL), STATUS_OK);
    assert_int_equal(inputs_make(&inputs, 4, 1, 2, 128, tensors, NULL), STATUS_OK);
    tensor_free(&tensors[0]);
    assert_int_equal(inputs_make(&inputs, 5, 1, 2, 128, tensors, NULL), STATUS_INVALID);
    inputs_free(&inputs);
    message_model_free(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
