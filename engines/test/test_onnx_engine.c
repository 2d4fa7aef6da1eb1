// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine on ONNX Runtime with real models: the same weights in oneDNN give the same answers;
 * what goes into further inputs; and what is said when something is wrong. Skipped without the
 * library and python3-onnx (scripts/setup --with onnx).
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "engines/engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double tolerance = 1e-4;

static char *library; /* NULL: it is not there */
static char *folder;

static int set_up(void **state)
{
    (void)state;
    const char *folders[] = {test_build(), "build"};
    folder = test_scratch("onnx");
    for (size_t i = 0; i < 2 && !library; i++) {
        library = text_format("%s/onnxruntime/libonnxruntime.so", folders[i]);
        if (access(library, R_OK) != 0) {
            free(library);
            library = NULL;
        }
    }
    if (library && test_shell("/usr/bin/python3 -c 'import onnx'", NULL, NULL) != 0) {
        free(library);
        library = NULL;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(library);
    free(folder);
    return 0;
}

static void need_library(void)
{
    if (library)
        return;
    print_message(
        "[  SKIPPED ] onnx: no ONNX Runtime or python3-onnx; scripts/setup --with onnx\n");
    skip();
}

/* Writes a model; its path, freed by the caller. What the script prints is in *out (may be NULL).
 */
static char *make_model(const char *script, const char *before, const char *after, char **out)
{
    static int number;
    char *path = text_format("%s/model%d.onnx", folder, number++), *err = NULL;
    char *command = text_format("%s %s %s %s", script, before, path, after);
    if (test_shell(command, out, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(command);
    free(err);
    return path;
}

static char *network(const char *options)
{
    return make_model("scripts/onnx-model -o", "", options, NULL);
}

static char *variant(const char *inputs)
{
    return make_model("engines/test/onnx_variants.py", "", inputs, NULL);
}

static enum status open_spec(const char *spec, struct engine **engine, struct error *error)
{
    struct engine_config config;
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    enum status status = engine_config_parse(&config, spec, error);
    if (!status)
        status = engine_open(&config, engine, error);
    engine_config_free(&config);
    return status;
}

static enum status open_model(const char *model, const char *more, struct engine **engine,
                              struct error *error)
{
    char *spec = text_format("onnx:library=%s,model=%s%s", library, model, more);
    enum status status = open_spec(spec, engine, error);
    free(spec);
    return status;
}

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("status %d: %s", status, error->text);
}

/* Runs both at length n with the seeded input and with one of our own; the answers agree. */
static void compare(struct engine *dnnl, struct engine *onnx, uint32_t n, double *worst)
{
    struct error error = {0};
    size_t n_left, n_right;
    must(engine_prepare(dnnl, n, &error), &error);
    must(engine_prepare(onnx, n, &error), &error);
    struct engine_input left = engine_input(dnnl), right = engine_input(onnx);
    assert_true(!left.tokens == !right.tokens && !left.features == !right.features);
    size_t step = engine_configuration(dnnl)->input;
    for (int turn = 0; turn < 2; turn++) {
        if (turn == 1 && left.tokens) {
            for (uint32_t i = 0; i < n; i++)
                left.tokens[i] = right.tokens[i] = (int32_t)(i * 7 % 23);
        } else if (turn == 1) {
            for (uint32_t i = 0; i < n * step; i++)
                left.features[i] = right.features[i] = sinf((float)i);
        } else if (left.tokens) {
            assert_memory_equal(left.tokens, right.tokens, n * sizeof(int32_t));
        } else {
            assert_memory_equal(left.features, right.features, n * step * sizeof(float));
        }
        must(engine_run(dnnl, &error), &error);
        must(engine_run(onnx, &error), &error);
        const float *a = engine_output(dnnl, &n_left), *b = engine_output(onnx, &n_right);
        assert_int_equal(n_left, n_right);
        for (size_t i = 0; i < n_left; i++) {
            double difference = fabs((double)a[i] - (double)b[i]);
            if (!(difference <= tolerance))
                fail_msg("length %u, value %zu: %.9g and %.9g", n, i, (double)a[i], (double)b[i]);
            *worst = fmax(*worst, difference);
        }
    }
}

static void test_agrees_with_onednn(void **state)
{
    static const struct {
        const char *options, *keys;
    } rows[] = {
        {"--cell lstm", "cell=lstm"},
        {"--cell gru", "cell=gru"},
        {"--cell lstm --bidirectional --layers 2", "cell=lstm,bidirectional=1,layers=2"},
        {"--cell gru --bidirectional --layers 3", "cell=gru,bidirectional=1,layers=3"},
        {"--cell gru --vocabulary 23", "cell=gru,vocabulary=23"},
        {"--cell lstm --vocabulary 23 --time-major", "cell=lstm,vocabulary=23"},
        {"--cell lstm --layers 2 --time-major", "cell=lstm,layers=2"},
    };
    static const uint32_t lengths[] = {1, 2, 3, 17, 5, 64};
    (void)state;
    need_library();
    double worst = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *dnnl = NULL, *onnx = NULL;
        struct error error = {0};
        char *options =
            text_format("--kind encoder --hidden 40 --input 24 --seed 9 %s", rows[i].options);
        char *spec = text_format("dnnl:hidden=40,input=24,seed=9,%s", rows[i].keys);
        char *model = network(options);
        must(open_spec(spec, &dnnl, &error), &error);
        must(open_model(model, ",seed=9", &onnx, &error), &error);
        struct engine_shape a = engine_shape(dnnl), b = engine_shape(onnx);
        assert_int_equal(a.vocabulary, b.vocabulary); /* found by trying */
        assert_int_equal(a.output, b.output);
        assert_int_equal(b.input, b.vocabulary ? 0 : a.input);
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
            compare(dnnl, onnx, lengths[k], &worst);
        engine_close(dnnl);
        engine_close(onnx);
        free(options);
        free(spec);
        free(model);
    }
    print_message("  largest difference %.2g\n", worst);
}

static void test_classifier(void **state)
{
    struct engine *engine = NULL;
    struct error error = {0};
    size_t n;
    (void)state;
    need_library();
    char *model = network("--kind classifier --vocabulary 977 --classes 6 --hidden 24");
    must(open_model(model, ",threads=2", &engine, &error), &error);
    struct engine_shape shape = engine_shape(engine);
    assert_true(shape.vocabulary == 977 && shape.input == 0 && shape.output == 6);
    char *text = engine_describe(engine);
    assert_non_null(strstr(text, ".onnx, 2 threads, ONNX Runtime 1."));
    free(text);
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    assert_int_equal(engine_prepare(engine, 0, NULL), STATUS_INVALID);
    must(engine_prepare(engine, 30, &error), &error);
    const float *answer = engine_output(engine, &n);
    assert_int_equal(n, 6);
    for (size_t i = 0; i < n; i++)
        assert_true(isnan(answer[i])); /* the warming up has left nothing */
    must(engine_run(engine, &error), &error);
    answer = engine_output(engine, &n);
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)answer[i];
    assert_close(sum, 1, 1e-5, 0);
    engine_input(engine).tokens[11] = 977;
    assert_int_equal(engine_run(engine, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "token 977 at step 11 is not in the vocabulary (0..976)"));
    engine_input(engine).tokens[11] = -1;
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    assert_null(engine_sequence(engine, &n));
    engine_close(engine);
    error_clear(&error);
    must(open_model(model, ",vocabulary=5,fetch=state", &engine, &error), &error);
    assert_int_equal(engine_shape(engine).vocabulary, 5);
    assert_int_equal(engine_shape(engine).output, 24);
    engine_close(engine);
    free(model);
}

/* Against the loop in scripts/onnx-model, by the formulas: what ends at a token, and what ends
 * behind a number of tokens. */
static void test_sequence_to_sequence(void **state)
{
    static const uint32_t lengths[] = {1, 12, 40};
    (void)state;
    need_library();
    for (int kind = 0; kind < 4; kind++) {
        bool gru = kind % 2, counted = kind / 2;
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            struct engine *engine = NULL;
            struct error error = {0};
            char *out = NULL;
            size_t n;
            char *options = text_format("--kind seq2seq --vocabulary 50 --hidden 24 --input 16 "
                                        "--seed 3 --cell %s --expect %u%s",
                                        gru ? "gru" : "lstm", lengths[i],
                                        counted ? " --output-length 1.5,2,3" : "");
            char *model = make_model("scripts/onnx-model -o", "", options, &out), *at = out;
            must(open_model(model, ",seed=3", &engine, &error), &error);
            assert_int_equal(engine_shape(engine).output, 0); /* known after each run */
            must(engine_prepare(engine, lengths[i], &error), &error);
            engine_output(engine, &n);
            assert_int_equal(n, 0);
            must(engine_run(engine, &error), &error);
            const float *answer = engine_output(engine, &n);
            assert_in_range(n, 1, counted ? 2 * lengths[i] + 40 : lengths[i]);
            for (size_t k = 0; k < n; k++)
                assert_int_equal((long)answer[k], strtol(at, &at, 10));
            assert_string_equal(at, "\n");
            engine_close(engine);
            free(options);
            free(model);
            free(out);
        }
    }
}

static void test_fixed_length(void **state)
{
    struct engine *engine = NULL;
    struct error error = {0};
    (void)state;
    need_library();
    char *model = network("--kind encoder --length 20 --vocabulary 30");
    must(open_model(model, "", &engine, &error), &error);
    assert_int_equal(engine_shape(engine).vocabulary, 30);
    must(engine_prepare(engine, 20, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_int_equal(engine_prepare(engine, 21, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "takes inputs of length 20 only, not of 21"));
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    engine_close(engine);
    free(model);
}

/* What a model that tells says of what it was given. */
static void test_further_inputs(void **state)
{
    static const char inputs[] =
        "'f:x[batch,seq,3]' 'i:lengths[batch]' 'b:mask[batch,seq]' 'f:h0[2,batch,8]' "
        "'l:y[batch,out]' 'd:scale[]'";
    static const struct {
        const char *more;
        double expected[4];
        size_t n;
    } rows[] = {
        {",fetch=lengths_sum", {5}, 1},
        {",fetch=mask_sum", {5}, 1},
        {",fetch=h0_sum", {0}, 1},
        {",fetch=h0_shape", {2, 1, 8}, 3},
        {",fetch=x_shape", {1, 5, 3}, 3},
        {",fetch=y_shape", {1, 1}, 2},
        {",fetch=y_shape,dims=out:n", {1, 5}, 2},
        {",fetch=y_sum,dims=out:4,fill=y:n", {20}, 1},
        {",fetch=scale_sum,fill=scale:2.5 lengths:3", {2.5}, 1},
        {",fetch=lengths_sum,fill=scale:2.5 lengths:3", {3}, 1},
    };
    (void)state;
    need_library();
    char *model = variant(inputs);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        size_t n;
        must(open_model(model, rows[i].more, &engine, &error), &error);
        must(engine_prepare(engine, 9, &error), &error); /* what is left of a longer one */
        must(engine_prepare(engine, 5, &error), &error);
        must(engine_run(engine, &error), &error);
        const float *answer = engine_output(engine, &n);
        assert_int_equal(n, rows[i].n);
        for (size_t k = 0; k < n; k++)
            assert_true((double)answer[k] == rows[i].expected[k]);
        engine_close(engine);
    }
    free(model);
    /* the sequence in doubles is told in floats, and not otherwise rounded */
    struct engine *engine = NULL;
    struct error error = {0};
    size_t n;
    model = variant("'d:x[?,2]'");
    must(open_model(model, "", &engine, &error), &error);
    must(engine_prepare(engine, 3, &error), &error);
    for (int i = 0; i < 6; i++)
        engine_input(engine).features[i] = (float)(1 << i);
    must(engine_run(engine, &error), &error);
    assert_true(engine_output(engine, &n)[0] == 63);
    engine_close(engine);
    free(model);
}

static void test_refuses(void **state)
{
    (void)state;
    need_library();
    char *model = network("--kind encoder"), *tokens = variant("'l:x[batch,seq]'");
    char *garbage = test_write(folder, "garbage.onnx", "no model at all");
    const struct {
        const char *model, *more;
        enum status status;
        const char *message;
    } rows[] = {
        {"/no/such.onnx", "", STATUS_NOT_FOUND, "model = /no/such.onnx cannot be read: No such"},
        {garbage, "", STATUS_EXTERNAL, "garbage.onnx: ONNX Runtime 1."},
        {model, ",fetch=scores", STATUS_INVALID, "fetch = scores: the model's outputs are state"},
        {model, ",feed=y", STATUS_INVALID, "It has: features[batch,sequence,64]"},
        {model, ",input=65", STATUS_INVALID, "input = 65, but a step of the model's input"},
        {model, ",provider=Magic", STATUS_UNSUPPORTED, "was built without it; it has: "},
        {model, ",cell=gru", STATUS_INVALID, "engine onnx takes no key 'cell', only:"},
        {tokens, "", STATUS_INVALID, "any number as a token: vocabulary = N says how many"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        enum status status = open_model(rows[i].model, rows[i].more, &engine, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].message))
            fail_msg("'%s%s': status %d, '%s'", rows[i].model, rows[i].more, status, error.text);
    }
    struct engine *engine = NULL;
    struct error error = {0};
    must(open_model(model, ",provider=cpu", &engine, &error), &error);
    engine_close(engine);
    must(open_model(tokens, ",vocabulary=9", &engine, &error), &error);
    engine_close(engine);
    free(model);
    free(tokens);
    free(garbage);
}

/* Needs no library: there is none. */
static void test_libraries(void **state)
{
    static const struct {
        const char *spec;
        enum status status;
        const char *message;
    } rows[] = {
        {"onnx:library=./no_such.so,model=Makefile", STATUS_NOT_FOUND,
         "No such file or directory; get one with scripts/setup --with onnx"},
        {"onnx:library=libm.so.6,model=Makefile", STATUS_UNSUPPORTED,
         "libm.so.6 is no ONNX Runtime"},
        {"onnx", STATUS_INVALID, "model is missing"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        enum status status = open_spec(rows[i].spec, &engine, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].message))
            fail_msg("'%s': status %d, '%s'", rows[i].spec, status, error.text);
    }
    /* where none of the usual names is there, the message names them and a way to get one */
    struct engine_config config;
    struct error error = {0};
    char *version = NULL;
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    assert_int_equal(engine_config_set(&config, "engine", "onnx", NULL), STATUS_OK);
    if (engine_probe(&config, &version, &error)) {
        assert_non_null(strstr(error.text, "tried libonnxruntime.so, .so.1"));
        assert_non_null(strstr(error.text, "scripts/setup --with onnx"));
    } else {
        assert_non_null(strstr(version, "ONNX Runtime 1."));
    }
    free(version);
    engine_config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_onednn),
        cmocka_unit_test(test_classifier),
        cmocka_unit_test(test_sequence_to_sequence),
        cmocka_unit_test(test_fixed_length),
        cmocka_unit_test(test_further_inputs),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_libraries),
    };
    return cmocka_run_group_tests_name("onnx engine", tests, set_up, tear_down);
}
