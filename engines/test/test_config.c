// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "engines/affinity_private.h"
#include "engines/engine_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
    struct engine_config *config = calloc(1, sizeof *config);
    *state = config;
    return engine_config_defaults(config, NULL);
}

static int tear_down(void **state)
{
    engine_config_free(*state);
    free(*state);
    return 0;
}

static void test_refuses(void **state)
{
    static const struct {
        const char *key, *value;
        enum status status;
        const char *message; /* part of it */
    } rows[] = {
        {"units", "5", STATUS_NOT_FOUND, "'units'"},
        {"", "5", STATUS_NOT_FOUND, "''"},
        {"engine", "", STATUS_INVALID, "engine"},
        {"engine", "a=b", STATUS_INVALID, "'a=b'"},
        {"cell", "rnn", STATUS_INVALID, "cell: 'rnn' is not a cell; there are: lstm, gru"},
        {"hidden", "0", STATUS_INVALID, "hidden: 0 is not in 1..8192"},
        {"hidden", "8193", STATUS_INVALID, "8193"},
        {"hidden", "12abc", STATUS_INVALID, "'12abc'"},
        {"hidden", "", STATUS_INVALID, "''"},
        {"hidden", "-1", STATUS_INVALID, "'-1'"},
        {"hidden", "1e3", STATUS_INVALID, "'1e3'"},
        {"hidden", "99999999999999999999", STATUS_INVALID, "hidden"},
        {"input", "0", STATUS_INVALID, "input: 0"},
        {"layers", "0", STATUS_INVALID, "layers: 0"},
        {"layers", "17", STATUS_INVALID, "1..16"},
        {"bidirectional", "2", STATUS_INVALID, "bidirectional: '2'"},
        {"vocabulary", "2147483648", STATUS_INVALID, "vocabulary"},
        {"threads", "x", STATUS_INVALID, "threads: 'x'"},
        {"threads", "5000", STATUS_INVALID, "threads"},
        {"isa", "foo", STATUS_INVALID, "isa: 'foo' is not an instruction set; there are: sse41,"},
        {"cpu", "a", STATUS_INVALID, "cpu: 'a' is not a list of CPUs"},
        {"cpu", "1-", STATUS_INVALID, "cpu"},
        {"cpu", "-1", STATUS_INVALID, "cpu"},
        {"cpu", "3-2", STATUS_INVALID, "backwards"},
        {"cpu", "0,,1", STATUS_INVALID, "cpu"},
        {"cpu", "0,", STATUS_INVALID, "cpu"},
        {"cpu", "0 ", STATUS_INVALID, "cpu"},
        {"cpu", "99999", STATUS_INVALID, "cpu"},
        {"cpu", "123456789012345678901234567890", STATUS_INVALID, "cpu"},
        {"argv", "python3 'x.py", STATUS_INVALID, "argv: a ' that is not closed"},
        {"timeout", "0", STATUS_INVALID, "timeout: '0' is no time to wait"},
        {"timeout", "soon", STATUS_INVALID, "timeout: "},
        {"restarts", "-1", STATUS_INVALID, "restarts: "},
        {"seed", "-3", STATUS_INVALID, "seed: '-3'"},
        {"seed", "18446744073709551616", STATUS_INVALID, "seed"},
    };
    struct engine_config *config = *state, before = *config;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        enum status status = engine_config_set(config, rows[i].key, rows[i].value, &error);
        if (status != rows[i].status || error.code != status ||
            !strstr(error.text, rows[i].message))
            fail_msg("%s=%s: status %d, '%s'", rows[i].key, rows[i].value, status, error.text);
        assert_memory_equal(config, &before, sizeof before);
    }
}

static void test_sets(void **state)
{
    static const char *const rows[][2] = {{"engine", "dnnl"},
                                          {"cell", "gru"},
                                          {"hidden", "8192"},
                                          {"input", "1"},
                                          {"layers", "16"},
                                          {"bidirectional", "yes"},
                                          {"vocabulary", "30"},
                                          {"threads", "0"},
                                          {"cpu", "0,2-3"},
                                          {"isa", "avx2"},
                                          {"seed", "18446744073709551615"},
                                          {"library", "./x=1.so"},
                                          {"argv", "python3 x.py --units '3 4'"},
                                          {"options", " a=b, c"},
                                          {"timeout", "1.5s"},
                                          {"restarts", "0"}};
    struct engine_config *config = *state;
    struct error error = {0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (engine_config_set(config, rows[i][0], rows[i][1], &error))
            fail_msg("%s", error.text);
    }
    assert_int_equal(config->cell, ENGINE_GRU);
    assert_int_equal(config->hidden, 8192);
    assert_int_equal(config->input, 1);
    assert_int_equal(config->layers, 16);
    assert_true(config->bidirectional);
    assert_int_equal(config->vocabulary, 30);
    assert_int_equal(config->threads, 0);
    assert_string_equal(config->cpu, "0,2-3");
    assert_string_equal(config->isa, "avx2");
    assert_true(config->seed == UINT64_MAX);
    assert_int_equal(engine_config_set(config, "cpu", "", NULL), STATUS_OK);
    assert_int_equal(engine_config_set(config, "isa", "", NULL), STATUS_OK);
    assert_null(config->cpu);
    assert_null(config->isa);
}

static void test_parses(void **state)
{
    struct engine_config *config = *state;
    struct error error = {0};
    assert_int_equal(engine_config_parse(config, "dnnl", &error), STATUS_OK);
    assert_int_equal(
        engine_config_parse(config, "dnnl:cell=gru,cpu=0,2,5-6,hidden=256,threads=2", &error),
        STATUS_OK);
    assert_int_equal(config->cell, ENGINE_GRU);
    assert_int_equal(config->hidden, 256);
    assert_int_equal(config->threads, 2);
    assert_string_equal(config->cpu, "0,2,5-6");
    assert_int_equal(engine_config_parse(config, "dnnl:cpu=1,3", &error), STATUS_OK);
    assert_string_equal(config->cpu, "1,3");
}

static void test_refuses_specs(void **state)
{
    static const struct {
        const char *spec;
        enum status status;
    } rows[] = {
        {"", STATUS_INVALID},
        {":hidden=5", STATUS_INVALID},
        {"hidden=5", STATUS_INVALID},
        {"dnnl:", STATUS_INVALID},
        {"dnnl:lstm", STATUS_INVALID},
        {"dnnl:=5", STATUS_INVALID},
        {"dnnl:hidden=", STATUS_INVALID},
        {"dnnl:hidden=5,", STATUS_INVALID},
        {"dnnl:hidden=5,,cell=gru", STATUS_INVALID},
        {"dnnl:hidden=5=6", STATUS_INVALID},
        {"dnnl:hidden=5,6", STATUS_INVALID},
        {"dnnl:hidden=5,units=6", STATUS_NOT_FOUND},
        {"dnnl:hidden=5;cell=gru", STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct error error = {0};
        enum status status = engine_config_parse(*state, rows[i].spec, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].spec))
            fail_msg("'%s': status %d, '%s'", rows[i].spec, status, error.text);
    }
}

static void test_describes(void **state)
{
    struct engine_config *config = *state;
    assert_int_equal(engine_config_parse(config, "dnnl:hidden=128,isa=sse41", NULL), STATUS_OK);
    char *text = engine_config_describe(config), *network = engine_config_network(config);
    assert_string_equal(text, "dnnl lstm 64->128 x1, 1 thread, isa sse41");
    assert_string_equal(network, "lstm 64->128 x1, seed 1");
    free(text);
    /* how it is run is no part of the network, its shape is */
    assert_int_equal(engine_config_parse(config, "dnnl:isa=avx,threads=0,cpu=0,1", NULL),
                     STATUS_OK);
    text = engine_config_network(config);
    assert_string_equal(text, network);
    free(text);
    free(network);
    assert_int_equal(
        engine_config_parse(config, "dnnl:cell=gru,layers=2,bidirectional=1,vocabulary=9,seed=3",
                            NULL),
        STATUS_OK);
    text = engine_config_describe(config);
    network = engine_config_network(config);
    assert_string_equal(text, "dnnl gru 64->128 x2 bidirectional, vocabulary 9, a thread per CPU, "
                              "cpu 0,1, isa avx");
    assert_string_equal(network, "gru 64->128 x2 bidirectional, vocabulary 9, seed 3");
    free(text);
    free(network);
}

static void test_copies(void **state)
{
    struct engine_config *config = *state, copy;
    assert_int_equal(engine_config_parse(config, "dnnl:cpu=1,isa=avx,seed=77", NULL), STATUS_OK);
    assert_int_equal(engine_config_copy(config, &copy, NULL), STATUS_OK);
    assert_int_equal(engine_config_parse(config, "dnnl:cpu=2,isa=avx2", NULL), STATUS_OK);
    assert_string_equal(copy.engine, "dnnl");
    assert_string_equal(copy.cpu, "1");
    assert_string_equal(copy.isa, "avx");
    assert_int_equal(copy.seed, 77);
    engine_config_free(&copy);
}

/* What follows argv and options is theirs; other values end where the next key begins. */
static void test_parses_rests(void **state)
{
    struct engine_config *config = *state;
    struct error error = {0};
    if (engine_config_parse(config, "command:timeout=2s,argv=python3 x.py --a=b,c --d=e", &error))
        fail_msg("%s", error.text);
    assert_string_equal(config->argv, "python3 x.py --a=b,c --d=e");
    assert_true(config->timeout_s == 2);
    if (engine_config_parse(config, "plugin:library=./a,b.so,cpu=0,2,options=x=1,seed=2", &error))
        fail_msg("%s", error.text);
    assert_string_equal(config->library, "./a,b.so");
    assert_string_equal(config->cpu, "0,2");
    assert_string_equal(config->options, "x=1,seed=2");
}

/* Set from its own text a configuration is the same; keys of other engines are not in it. */
static void test_writes(void **state)
{
    static const struct {
        const char *spec, *text;
    } rows[] = {
        {"dnnl:cell=gru,vocabulary=9,isa=avx",
         "engine = dnnl\ncell = gru\nhidden = 128\ninput = 64\nlayers = 1\nbidirectional = "
         "false\nvocabulary = 9\nthreads = 1\nisa = avx\nseed = 1\n"},
        {"command:argv=sh 'a b.sh' x=y",
         "engine = command\nargv = sh 'a b.sh' x=y\ntimeout = 60s\nrestarts = 10\n"},
        {"plugin:library=./a.so,seed=3,options= 5",
         "engine = plugin\nthreads = 1\nseed = 3\nlibrary = ./a.so\noptions =  5\n"},
        {"magic:hidden=3", "engine = magic\nhidden = 3\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct engine_config config, again;
        struct error error = {0};
        assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
        assert_int_equal(engine_config_defaults(&again, NULL), STATUS_OK);
        if (engine_config_parse(&config, rows[i].spec, &error))
            fail_msg("%s", error.text);
        char *text = engine_config_write(&config), *rest = text;
        assert_string_equal(text, rows[i].text);
        while (*rest) {
            char *key = strsep(&rest, "\n"), *value = strstr(key, " = ");
            *value = '\0';
            assert_int_equal(engine_config_set(&again, key, value + 3, &error), STATUS_OK);
        }
        free(text);
        text = engine_config_write(&again);
        assert_string_equal(text, rows[i].text);
        free(text);
        engine_config_free(&config);
        engine_config_free(&again);
    }
}

static void test_keys_of_engines(void **state)
{
    static const struct {
        const char *spec;
        enum status status;
        const char *message;
    } rows[] = {
        {"command:cell=lstm,argv=x", STATUS_INVALID,
         "engine command takes no key 'cell', only: cpu, argv, timeout, restarts"},
        {"plugin:library=x,vocabulary=9", STATUS_INVALID, "takes no key 'vocabulary'"},
        {"dnnl:argv=x", STATUS_INVALID,
         "engine dnnl takes no key 'argv', only: cell, hidden, input"},
        {"magic", STATUS_NOT_FOUND, "no engine 'magic' in this build; there is: dnnl, "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct engine_config config;
        struct error error = {0};
        assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
        assert_int_equal(engine_config_parse(&config, rows[i].spec, NULL), STATUS_OK);
        enum status status = engine_config_check(&config, &error);
        if (status != rows[i].status || !strstr(error.text, rows[i].message))
            fail_msg("'%s': status %d, '%s'", rows[i].spec, status, error.text);
        engine_config_free(&config);
    }
}

static void test_cpu_lists(void **state)
{
    (void)state;
    cpu_set_t cpus;
    assert_int_equal(affinity_parse("7,0,2-4,3", &cpus, NULL), STATUS_OK);
    assert_int_equal(CPU_COUNT(&cpus), 5);
    for (unsigned i = 0; i < CPU_SETSIZE; i++)
        assert_int_equal(CPU_ISSET(i, &cpus) != 0, i == 0 || (i >= 2 && i <= 4) || i == 7);
    assert_int_equal(affinity_parse("1023", &cpus, NULL), STATUS_OK);
    assert_int_equal(affinity_parse("1024", &cpus, NULL), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refuses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sets, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_specs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_describes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_copies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parses_rests, set_up, tear_down),
        cmocka_unit_test(test_writes),
        cmocka_unit_test(test_keys_of_engines),
        cmocka_unit_test(test_cpu_lists),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
