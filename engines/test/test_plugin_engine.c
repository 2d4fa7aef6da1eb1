// SPDX-License-Identifier: GPL-3.0-or-later
/* The plug-in engine: the example as a user builds it, and variants compiled here with one thing
 * wrong each. */
#include "base/test/support.h"

#include "base/memory.h"
#include "engines/engine.h"
#include "engines/rnnmap_engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Compiles the variant with these flags; its path, freed by the caller. */
static char *compile(const char *folder, int number, const char *flags)
{
    char *path = text_format("%s/variant%d.so", folder, number), *err = NULL;
    char *command = text_format("${CC:-cc} -fPIC -shared -Iengines %s -o %s "
                                "engines/test/plugin_variant.c",
                                flags, path);
    if (test_shell(command, NULL, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(err);
    free(command);
    return path;
}

static enum status open_plugin(const char *path, const char *more, struct engine **engine,
                               struct error *error)
{
    struct engine_config config;
    char *spec = text_format("plugin:library=%s%s", path, more);
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    enum status status = engine_config_parse(&config, spec, error);
    if (!status)
        status = engine_open(&config, engine, error);
    engine_config_free(&config);
    free(spec);
    return status;
}

static void must(enum status status, const struct error *error)
{
    if (status)
        fail_msg("status %d: %s", status, error->text);
}

static void test_example(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    char *path = text_format("%s/examples/engine_plugin.so", test_build());
    size_t n;
    must(open_plugin(path, ",seed=5,options=40", &engine, &error), &error);
    struct engine_shape shape = engine_shape(engine);
    assert_true(shape.vocabulary == 0 && shape.input == 32 && shape.output == 40);
    char *text = engine_describe(engine);
    assert_string_equal(text, "plugin engine_plugin.so, options 40, 1 thread");
    free(text);
    must(engine_prepare(engine, 20, &error), &error);
    const float *output = engine_output(engine, &n);
    assert_int_equal(n, 40);
    for (size_t i = 0; i < n; i++)
        assert_true(isnan(output[i]));
    must(engine_run(engine, &error), &error);
    output = engine_output(engine, &n);
    float first[40];
    for (size_t i = 0; i < n; i++)
        assert_true(output[i] > -1 && output[i] < 1);
    memcpy(first, output, sizeof first);
    /* a longer input goes on where the shorter one ends, and the state changes */
    must(engine_prepare(engine, 21, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_memory_not_equal(first, engine_output(engine, &n), sizeof first);
    must(engine_prepare(engine, 20, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_memory_equal(first, engine_output(engine, &n), sizeof first);
    assert_int_equal(engine_device_ns(engine), -1);
    engine_close(engine);
    assert_int_equal(open_plugin(path, ",options=many", &engine, &error), STATUS_EXTERNAL);
    assert_non_null(strstr(error.text, "engine_plugin.so: rnnmap_engine_open returned 1: options "
                                       "= 'many': units, 1 to 4096"));
    free(path);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *flags, *message;
        enum status status;
    } rows[] = {
        {"-DABI=2", "was built for version 2 of rnnmap_engine.h, and this is version 1",
         STATUS_UNSUPPORTED},
        {"-DNO_ABI", "does not define rnnmap_engine_abi", STATUS_NOT_FOUND},
        {"-DNO_PREPARE", "does not define rnnmap_engine_prepare", STATUS_NOT_FOUND},
        {"-DOPEN=-4", "rnnmap_engine_open returned -4: no such model: ''", STATUS_EXTERNAL},
        {"-DVOCABULARY=4000000000u", "says vocabulary 4000000000", STATUS_EXTERNAL},
        {"-DINPUT=8193", "input 8193", STATUS_EXTERNAL},
    };
    char *folder = test_scratch("plugin");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        char *path = compile(folder, (int)i, rows[i].flags);
        enum status status = open_plugin(path, "", &engine, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].message) ||
            strncmp(error.text, "engine plugin: ", 15) != 0)
            fail_msg("%s: status %d, '%s'", rows[i].flags, status, error.text);
        free(path);
    }
    static const struct {
        const char *library, *more, *message;
        enum status status;
    } others[] = {
        {"./no_such.so", "", "library = ./no_such.so cannot be loaded", STATUS_NOT_FOUND},
        {"no_such.so", "", "did you mean one with ./ in front?", STATUS_NOT_FOUND},
        {"./Makefile", "", "cannot be loaded", STATUS_NOT_FOUND},
        {"", "", "library is missing", STATUS_INVALID},
        {"./x.so", ",hidden=5", "takes no key 'hidden', only: threads, cpu, seed, library, options",
         STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct engine *engine = NULL;
        struct error error = {0};
        enum status status = open_plugin(others[i].library, others[i].more, &engine, &error);
        if (status != others[i].status || !strstr(error.text, others[i].message))
            fail_msg("'%s': status %d, '%s'", others[i].library, status, error.text);
    }
    free(folder);
}

static void test_failures(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    char *folder = test_scratch("plugin"), *path = compile(folder, 0, "-DRUN=-1");
    must(open_plugin(path, "", &engine, &error), &error);
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    must(engine_prepare(engine, 5, &error), &error);
    assert_int_equal(engine_run(engine, &error), STATUS_EXTERNAL);
    assert_non_null(strstr(error.text, "rnnmap_engine_run returned -1: www"));
    error_clear(&error);
    assert_int_equal(engine_prepare(engine, 51, &error), STATUS_EXTERNAL);
    assert_non_null(strstr(error.text, "rnnmap_engine_prepare returned 7"));
    assert_null(strstr(error.text, "7:"));
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    assert_int_equal(engine_prepare(engine, 0, NULL), STATUS_INVALID);
    engine_close(engine);
    free(path);
    free(folder);
}

static void test_inputs_and_times(void **state)
{
    (void)state;
    struct engine *engine = NULL;
    struct error error = {0};
    size_t n;
    char *folder = test_scratch("plugin");
    char *path = compile(folder, 0, "-DVOCABULARY=10 -DDEVICE_NS=1234");
    must(open_plugin(path, ",threads=3,seed=7", &engine, &error), &error);
    assert_int_equal(engine_shape(engine).vocabulary, 10);
    must(engine_prepare(engine, 40, &error), &error);
    struct engine_input input = engine_input(engine);
    assert_null(input.features);
    int sum = 0;
    for (int i = 0; i < 40; i++) {
        assert_in_range(input.tokens[i], 0, 9);
        sum += input.tokens[i];
    }
    must(engine_run(engine, &error), &error);
    assert_int_equal(engine_device_ns(engine), 1234);
    assert_true(engine_output(engine, &n)[0] == (float)sum);
    assert_true(engine_output(engine, &n)[1] == 3007);
    engine_close(engine);
    free(path);
    path = compile(folder, 1, "-DINPUT=0 -DOUTPUT=0");
    must(open_plugin(path, "", &engine, &error), &error);
    must(engine_prepare(engine, 4, &error), &error);
    assert_true(!engine_input(engine).features && !engine_input(engine).tokens);
    must(engine_run(engine, &error), &error);
    assert_null(engine_output(engine, &n));
    assert_int_equal(n, 0);
    engine_close(engine);
    free(path);
    path = compile(folder, 2, "-DLAZY"); /* what was not written is no number */
    must(open_plugin(path, "", &engine, &error), &error);
    must(engine_prepare(engine, 4, &error), &error);
    must(engine_run(engine, &error), &error);
    assert_true(isnan(engine_output(engine, &n)[1]));
    engine_close(engine);
    free(path);
    free(folder);
}

/* Another file is another network. */
static void test_network(void **state)
{
    (void)state;
    struct engine_config config;
    char *folder = test_scratch("plugin");
    char *paths[] = {compile(folder, 0, ""), compile(folder, 1, "-DOUTPUT=5")};
    char *texts[2];
    for (int i = 0; i < 2; i++) {
        char *link = text_format("%s/same.so", folder);
        char *command = text_format("cp -f %s %s", paths[i], link);
        assert_int_equal(test_shell(command, NULL, NULL), 0);
        assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
        assert_int_equal(engine_config_set(&config, "engine", "plugin", NULL), STATUS_OK);
        assert_int_equal(engine_config_set(&config, "library", link, NULL), STATUS_OK);
        texts[i] = engine_config_network(&config);
        assert_int_equal(strncmp(texts[i], "plugin same.so sha256:", 22), 0);
        engine_config_free(&config);
        free(command);
        free(link);
        free(paths[i]);
    }
    assert_string_not_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    free(folder);
}

/* The header is for C++, too. */
static void test_header_is_cplusplus(void **state)
{
    (void)state;
    char *err = NULL;
    int rc = test_shell("printf '#include \"rnnmap_engine.h\"\\n"
                        "const uint32_t rnnmap_engine_abi = RNNMAP_ENGINE_ABI;\\n' |"
                        "${CXX:-g++} -Wall -Wextra -Werror -Iengines -x c++ -fsyntax-only -",
                        NULL, &err);
    if (rc != 0)
        fail_msg("%s", err);
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),  cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_inputs_and_times),
        cmocka_unit_test(test_network),  cmocka_unit_test(test_header_is_cplusplus),
    };
    return cmocka_run_group_tests_name("plugin engine", tests, NULL, NULL);
}
