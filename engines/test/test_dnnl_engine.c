// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The oneDNN engine against a double-precision reference. oneDNN takes one instruction-set cap per
 * process, so the test runs itself once per cap: `test_dnnl_engine SCENARIO [CAP]` is a child.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "engines/affinity_private.h"
#include "engines/dnnl_plan_private.h"
#include "engines/isa_private.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double tolerance = 1e-5;

/* ---- the reference --------------------------------------------------------------------------- */

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* One gate of one unit: W x + b, or U h, with weights [inputs][gates][hidden]. */
static double product(const float *weights, const double *x, uint32_t n_inputs, uint32_t row,
                      uint32_t column)
{
    double sum = 0;
    for (uint32_t i = 0; i < n_inputs; i++)
        sum += (double)weights[(size_t)i * row + column] * x[i];
    return sum;
}

/* LSTM: gates input, forget, candidate, output. */
static void lstm_step(const float *w, const float *u, const float *b, uint32_t n_in,
                      uint32_t hidden, const double *x, double *h, double *c)
{
    double *next = malloc(hidden * sizeof *next);
    for (uint32_t j = 0; j < hidden; j++) {
        double a[4];
        for (uint32_t g = 0; g < 4; g++) {
            uint32_t k = g * hidden + j;
            a[g] = product(w, x, n_in, 4 * hidden, k) + product(u, h, hidden, 4 * hidden, k) +
                   (double)b[k];
        }
        c[j] = logistic(a[1]) * c[j] + logistic(a[0]) * tanh(a[2]);
        next[j] = logistic(a[3]) * tanh(c[j]);
    }
    memcpy(h, next, hidden * sizeof *h);
    free(next);
}

/* GRU: gates update, reset, candidate; the reset gate acts before the product with U. */
static void gru_step(const float *w, const float *u, const float *b, uint32_t n_in, uint32_t hidden,
                     const double *x, double *h, double *scratch)
{
    double *next = malloc(hidden * sizeof *next);
    for (uint32_t j = 0; j < hidden; j++) {
        uint32_t k = hidden + j;
        double a = product(w, x, n_in, 3 * hidden, k) + product(u, h, hidden, 3 * hidden, k) +
                   (double)b[k];
        scratch[j] = logistic(a) * h[j];
    }
    for (uint32_t j = 0; j < hidden; j++) {
        uint32_t k = 2 * hidden + j;
        double update = logistic(product(w, x, n_in, 3 * hidden, j) +
                                 product(u, h, hidden, 3 * hidden, j) + (double)b[j]);
        double candidate = tanh(product(w, x, n_in, 3 * hidden, k) +
                                product(u, scratch, hidden, 3 * hidden, k) + (double)b[k]);
        next[j] = update * h[j] + (1 - update) * candidate;
    }
    memcpy(h, next, hidden * sizeof *h);
    free(next);
}

/* One direction of one layer into its columns of `out`. */
static void direction_run(const struct engine_config *config, const struct weights *weights,
                          uint32_t direction, uint32_t n, uint32_t n_in, const double *in,
                          double *out)
{
    uint32_t hidden = config->hidden, width = engine_config_width(config);
    size_t row = (size_t)(config->cell == ENGINE_LSTM ? 4 : 3) * hidden;
    const float *w = weights->input + direction * n_in * row;
    const float *u = weights->recurrent + direction * hidden * row;
    const float *b = weights->bias + direction * row;
    double *h = calloc(hidden, sizeof *h), *other = calloc(hidden, sizeof *other);
    for (uint32_t step = 0; step < n; step++) {
        uint32_t t = direction == 0 ? step : n - 1 - step;
        (config->cell == ENGINE_LSTM ? lstm_step : gru_step)(w, u, b, n_in, hidden,
                                                             in + (size_t)t * n_in, h, other);
        memcpy(out + (size_t)t * width + direction * hidden, h, hidden * sizeof *h);
    }
    free(h);
    free(other);
}

/* The last layer's outputs, n*width; freed by the caller. */
static double *reference_run(const struct engine_config *config, uint32_t n, const float *features)
{
    uint32_t n_in = config->input, width = engine_config_width(config);
    double *in = malloc((size_t)n * n_in * sizeof *in);
    for (size_t i = 0; i < (size_t)n * n_in; i++)
        in[i] = (double)features[i];
    for (uint32_t layer = 0; layer < config->layers; layer++) {
        struct weights weights;
        assert_int_equal(weights_create(config, layer, &weights, NULL), STATUS_OK);
        double *out = malloc((size_t)n * width * sizeof *out);
        for (uint32_t d = 0; d < (config->bidirectional ? 2U : 1U); d++)
            direction_run(config, &weights, d, n, n_in, in, out);
        weights_free(&weights);
        free(in);
        in = out;
        n_in = width;
    }
    return in;
}

/* What the engine's current input amounts to, n*input floats; freed by the caller. */
static float *features_of(struct engine *engine, uint32_t n)
{
    const struct engine_config *config = engine_configuration(engine);
    struct engine_input input = engine_input(engine);
    size_t width = config->input;
    float *features = malloc(n * width * sizeof *features);
    if (config->vocabulary == 0) {
        assert_null(input.tokens);
        memcpy(features, input.features, n * width * sizeof *features);
        return features;
    }
    assert_null(input.features);
    float *embedding = weights_embedding(config);
    for (uint32_t i = 0; i < n; i++)
        memcpy(features + i * width, embedding + (size_t)input.tokens[i] * width,
               width * sizeof *features);
    free(embedding);
    return features;
}

/* ---- helpers --------------------------------------------------------------------------------- */

static struct engine *open_spec(const char *spec)
{
    struct engine_config config;
    struct error error = {0};
    struct engine *engine = NULL;
    assert_int_equal(engine_config_defaults(&config, &error), STATUS_OK);
    if (engine_config_parse(&config, spec, &error) || engine_open(&config, &engine, &error))
        fail_msg("%s", error.text);
    engine_config_free(&config);
    return engine;
}

static enum status try_open(const char *spec, struct error *error)
{
    struct engine_config config;
    struct engine *engine = NULL;
    error_clear(error);
    assert_int_equal(engine_config_defaults(&config, error), STATUS_OK);
    enum status status = engine_config_parse(&config, spec, error);
    if (!status)
        status = engine_open(&config, &engine, error);
    engine_close(engine);
    engine_config_free(&config);
    return status;
}

/* Runs length n and compares every output with the reference; the largest difference. */
static double compare(struct engine *engine, uint32_t n)
{
    const struct engine_config *config = engine_configuration(engine);
    struct error error = {0};
    if (engine_prepare(engine, n, &error))
        fail_msg("%s", error.text);
    float *features = features_of(engine, n);
    if (engine_run(engine, &error))
        fail_msg("%s", error.text);
    double *expected = reference_run(config, n, features), worst = 0;
    size_t width = engine_config_width(config), n_output, n_sequence;
    const float *output = engine_output(engine, &n_output);
    const float *sequence = engine_sequence(engine, &n_sequence);
    assert_int_equal(n_output, width);
    assert_int_equal(n_sequence, width);
    for (size_t i = 0; i < n * width; i++) {
        assert_close((double)sequence[i], expected[i], 0, tolerance);
        worst = fmax(worst, fabs((double)sequence[i] - expected[i]));
    }
    for (size_t i = 0; i < width; i++) {
        size_t step = i < config->hidden ? n - 1 : 0;
        assert_close((double)output[i], expected[step * width + i], 0, tolerance);
    }
    free(expected);
    free(features);
    return worst;
}

/* ---- children -------------------------------------------------------------------------------- */

/* Every kind of network under the cap, at lengths that hit different code paths. */
static void child_agrees(const char *cap)
{
    static const uint32_t lengths[] = {1, 2, 3, 5, 17, 64};
    static const char *const cells[] = {"lstm", "gru"};
    static const char *const sizes[] = {"hidden=37,input=19", "hidden=64,input=32"};
    double worst = 0;
    int n_networks = 0;
    for (int i = 0; i < 2 * 2 * 3 * 2 * 2; i++) {
        int layers = 1 + i / 4 % 3, words = i / 12 % 2 ? 50 : 0;
        char *spec = text_format(
            "dnnl:cell=%s,bidirectional=%d,layers=%d,vocabulary=%d,%s,threads=%d,seed=%d,isa=%s",
            cells[i % 2], i / 2 % 2, layers, words, sizes[i / 24], 1 + (i % 7 == 3 || i % 7 == 6),
            7 + i, cap);
        struct engine *engine = open_spec(spec);
        for (size_t k = 0; k < sizeof lengths / sizeof lengths[0]; k++)
            worst = fmax(worst, compare(engine, lengths[k]));
        engine_close(engine);
        free(spec);
        n_networks++;
    }
    print_message("  isa=%s: %d networks, largest difference %.2g\n", cap, n_networks, worst);
}

/* Weights in a layout of oneDNN's choice reach it by a reorder. */
static void child_reorders(const char *cap)
{
    (void)cap;
    struct engine_config config;
    struct network network;
    struct plan *plan;
    enum { N = 17 };
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    config.layers = 2;
    config.bidirectional = true;
    for (int cell = 0; cell < 2; cell++) {
        struct error error = {0};
        config.cell = (enum engine_cell)cell;
        if (network_open(&config, &network, &error))
            fail_msg("%s", error.text);
        network.any_weights = true;
        if (plan_create(&network, N, &plan, &error))
            fail_msg("%s", error.text);
        size_t width = engine_config_width(&config), scratchpad = plan_scratchpad_bytes(plan);
        struct plan_buffers buffers = {
            malloc(N * config.input * sizeof(float)),
            {malloc(N * width * sizeof(float)), malloc(N * width * sizeof(float))},
            aligned_alloc(64, (scratchpad / 64 + 1) * 64)};
        weights_features(&config, N, buffers.input);
        assert_int_equal(plan_bind(plan, &buffers, &error), STATUS_OK);
        assert_int_equal(plan_run(plan, network.stream, &error), STATUS_OK);
        double *expected = reference_run(&config, N, buffers.input);
        for (size_t i = 0; i < N * width; i++)
            assert_close((double)buffers.outputs[1][i], expected[i], 0, tolerance);
        free(expected);
        free(buffers.input);
        free(buffers.outputs[0]);
        free(buffers.outputs[1]);
        free(buffers.scratchpad);
        plan_free(plan);
        network_close(&network);
    }
    engine_config_free(&config);
}

/* The first cap of a process stays; the same again is fine. */
static void child_second_cap(const char *cap)
{
    struct error error = {0};
    assert_int_equal(try_open("dnnl:isa=avx", &error), STATUS_OK);
    assert_int_equal(try_open("dnnl:isa=avx", &error), STATUS_OK);
    assert_int_equal(try_open("dnnl:isa=sse41", &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "already runs with avx"));
    assert_int_equal(try_open("dnnl", &error),
                     isa_present(ISA_AVX2) ? STATUS_UNSUPPORTED : STATUS_OK);
    print_message("  %s: %s\n", cap, error.text);
}

static void child_cap_after_none(const char *cap)
{
    struct error error = {0};
    assert_int_equal(try_open("dnnl", &error), STATUS_OK);
    assert_int_equal(try_open("dnnl:isa=sse41", &error), STATUS_UNSUPPORTED);
    assert_int_equal(try_open("dnnl", &error), STATUS_OK);
    (void)cap;
}

/* A cap beyond what the CPU has is met by the best it has. */
static void child_caps_alike(const char *cap)
{
    struct error error = {0};
    assert_int_equal(try_open("dnnl", &error), STATUS_OK);
    enum isa best = ISA_SSE41;
    for (int i = 0; i < N_ISAS; i++) {
        if (isa_present((enum isa)i))
            best = (enum isa)i;
    }
    for (int i = (int)best + 1; i < N_ISAS; i++) {
        char *spec = text_format("dnnl:isa=%s", isa_name((enum isa)i));
        assert_int_equal(try_open(spec, &error), STATUS_OK);
        free(spec);
    }
    (void)cap;
}

static void set_cpu(struct engine_config *config, int cpu)
{
    char *text = text_format("%d", cpu);
    assert_int_equal(engine_config_set(config, "cpu", text, NULL), STATUS_OK);
    free(text);
}

/* Every thread of the process may run on that CPU alone. */
static void assert_all_on(int cpu)
{
    DIR *folder = opendir("/proc/self/task");
    char *wanted = text_format("%d", cpu);
    int n_threads = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        cpu_set_t cpus;
        assert_int_equal(sched_getaffinity(atoi(entry->d_name), sizeof cpus, &cpus), 0);
        assert_int_equal(CPU_COUNT(&cpus), 1);
        assert_true(CPU_ISSET((unsigned)cpu, &cpus));
        n_threads++;
    }
    assert_true(n_threads >= 2);
    closedir(folder);
    free(wanted);
}

/* Workers that were there before follow to the second engine's CPU. */
static void child_binds(const char *cap)
{
    cpu_set_t cpus;
    int usable[2], n_usable = 0;
    sched_getaffinity(0, sizeof cpus, &cpus);
    for (unsigned i = 0; i < CPU_SETSIZE && n_usable < 2; i++) {
        if (CPU_ISSET(i, &cpus))
            usable[n_usable++] = (int)i;
    }
    struct engine_config config;
    assert_int_equal(engine_config_defaults(&config, NULL), STATUS_OK);
    config.threads = 2;
    for (int i = 0; i < n_usable; i++) {
        struct engine *engine;
        struct error error = {0};
        set_cpu(&config, usable[i]);
        if (engine_open(&config, &engine, &error))
            fail_msg("%s", error.text);
        compare(engine, 3);
        assert_all_on(usable[i]);
        engine_close(engine);
    }
    config.threads = 0;
    assert_int_equal(affinity_n_cpus(), 1);
    engine_config_free(&config);
    (void)cap;
}

static const struct {
    const char *name;
    void (*run)(const char *cap);
} scenarios[] = {
    {"agrees", child_agrees},         {"reorders", child_reorders},
    {"second-cap", child_second_cap}, {"cap-after-none", child_cap_after_none},
    {"caps-alike", child_caps_alike}, {"binds", child_binds},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

struct child {
    const char *scenario, *cap;
};

static void run_scenario(void **state)
{
    const struct child *child = *state;
    for (int i = 0; i < N_SCENARIOS; i++) {
        if (strcmp(scenarios[i].name, child->scenario) == 0) {
            scenarios[i].run(child->cap);
            return;
        }
    }
    fail_msg("no scenario %s", child->scenario);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_in_child(void **state)
{
    const struct child *child = *state;
    enum isa isa;
    if (!isa_possible() && strcmp(child->scenario, "agrees") != 0) {
        print_message("skipped: caps exist on x86 only\n");
        skip();
    }
    if (child->cap[0] != '\0' &&
        (!isa_possible() || isa_parse(child->cap, &isa, NULL) || !isa_present(isa))) {
        print_message("skipped: this CPU has no %s\n", child->cap);
        skip();
    }
    char self[4096], *out = NULL, *err = NULL;
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(length > 0);
    self[length] = '\0';
    /* workers that spin while they wait take seconds on a busy machine */
    char *command =
        text_format("OMP_WAIT_POLICY=passive '%s' %s '%s'", self, child->scenario, child->cap);
    int code = test_shell(command, &out, &err);
    if (code != 0)
        print_error("%s: exit %d\n%s%s", command, code, out, err);
    else if (strstr(out, "  isa="))
        print_message("%.*s\n", (int)strcspn(strstr(out, "  isa="), "\n"), strstr(out, "  isa="));
    assert_int_equal(code, 0);
    free(command);
    free(out);
    free(err);
}

static void test_survives_eviction(void **state)
{
    (void)state;
    enum { N_LENGTHS = PLAN_CACHE_SIZE + 20, WIDTH = 2 * 24 };
    static float first[N_LENGTHS][WIDTH];
    struct engine *engine =
        open_spec("dnnl:hidden=24,input=8,layers=2,bidirectional=yes,vocabulary=9");
    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t i = 0; i < N_LENGTHS; i++) {
            /* downwards too, so that what is kept and what is not changes */
            uint32_t n = pass == 1 ? N_LENGTHS - 1 - i : i;
            size_t n_values;
            assert_int_equal(engine_prepare(engine, n + 1, NULL), STATUS_OK);
            assert_int_equal(engine_run(engine, NULL), STATUS_OK);
            const float *output = engine_output(engine, &n_values);
            if (pass == 0)
                memcpy(first[n], output, sizeof first[n]);
            else
                assert_memory_equal(first[n], output, sizeof first[n]);
        }
    }
    compare(engine, 1);
    compare(engine, N_LENGTHS);
    engine_close(engine);
}

/* Neither the number of threads nor the length changes the numbers that the seed gives. */
static void test_seed_alone_decides(void **state)
{
    (void)state;
    struct engine *engines[] = {open_spec("dnnl:threads=1,seed=5"),
                                open_spec("dnnl:threads=2,seed=5"), open_spec("dnnl:seed=6")};
    float outputs[3][128], inputs[3][64 * 3];
    for (int i = 0; i < 3; i++) {
        size_t n_values;
        assert_int_equal(engine_prepare(engines[i], 3, NULL), STATUS_OK);
        memcpy(inputs[i], engine_input(engines[i]).features, sizeof inputs[i]);
        assert_int_equal(engine_run(engines[i], NULL), STATUS_OK);
        memcpy(outputs[i], engine_output(engines[i], &n_values), sizeof outputs[i]);
    }
    assert_memory_equal(inputs[0], inputs[1], sizeof inputs[0]);
    assert_memory_not_equal(inputs[0], inputs[2], sizeof inputs[0]);
    assert_memory_not_equal(outputs[0], outputs[2], sizeof outputs[0]);
    for (int i = 0; i < 128; i++)
        assert_close((double)outputs[0][i], (double)outputs[1][i], 0, 1e-6);
    assert_int_equal(engine_prepare(engines[0], 200, NULL), STATUS_OK);
    assert_memory_equal(inputs[0], engine_input(engines[0]).features, sizeof inputs[0]);
    for (int i = 0; i < 3; i++)
        engine_close(engines[i]);
}

static void test_prepare_poisons_and_refills(void **state)
{
    (void)state;
    struct engine *engine = open_spec("dnnl:hidden=16,input=4");
    size_t n_values;
    float kept[8];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(engine_prepare(engine, 2, NULL), STATUS_OK);
        for (size_t k = 0; k < 16; k++) {
            assert_true(isnan(engine_output(engine, &n_values)[k]));
            assert_true(isnan(engine_sequence(engine, &n_values)[16 + k]));
        }
        float *features = engine_input(engine).features;
        if (i == 0)
            memcpy(kept, features, sizeof kept);
        assert_memory_equal(kept, features, sizeof kept);
        features[3] += 1;
        assert_int_equal(engine_run(engine, NULL), STATUS_OK);
        double *expected = reference_run(engine_configuration(engine), 2, features);
        for (size_t k = 0; k < 16; k++)
            assert_close((double)engine_output(engine, &n_values)[k], expected[16 + k], 0,
                         tolerance);
        free(expected);
    }
    engine_close(engine);
}

static void test_refuses(void **state)
{
    (void)state;
    struct error error = {0};
    struct engine *engine = open_spec("dnnl:vocabulary=10,input=4,hidden=8");
    assert_null(engine_input(engine).tokens);
    assert_int_equal(engine_run(engine, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no length is prepared"));
    static const int32_t bad[] = {10, -1, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 4; i++) {
        error_clear(&error);
        assert_int_equal(engine_prepare(engine, 3, NULL), STATUS_OK);
        engine_input(engine).tokens[2] = bad[i];
        assert_int_equal(engine_run(engine, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "at step 2 is not in the vocabulary (0..9)"));
    }
    error_clear(&error);
    assert_int_equal(engine_prepare(engine, 0, &error), STATUS_INVALID);
    assert_int_equal(engine_run(engine, NULL), STATUS_INVALID);
    engine_close(engine);
    assert_int_equal(try_open("nosuch", &error), STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "dnnl"));
    assert_int_equal(try_open("dnnl:cpu=1000", &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "CPU 1000 is not there"));
    assert_int_equal(try_open("dnnl:cpu=0-1000", &error), STATUS_UNSUPPORTED);
    /* and the refusal binds nothing */
    assert_true(affinity_n_cpus() > 0);
    print_message("  %s\n", error.text);
}

static void test_names_its_library(void **state)
{
    (void)state;
    int major, minor, patch;
    char rest;
    assert_int_equal(
        sscanf(engine_library_version(), "oneDNN %d.%d.%d%c", &major, &minor, &patch, &rest), 3);
    assert_int_equal(major, dnnl_version()->major);
    print_message("  %s\n", engine_library_version());
}

#define CHILD(scenario, cap)                                         \
    {                                                                \
        scenario " " cap, test_in_child, NULL, NULL, &(struct child) \
        {                                                            \
            scenario, cap                                            \
        }                                                            \
    }

int main(int argc, char **argv)
{
    struct child child = {argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : ""};
    if (argc > 1) {
        const struct CMUnitTest tests[] = {{child.scenario, run_scenario, NULL, NULL, &child}};
        return cmocka_run_group_tests_name("child", tests, NULL, NULL);
    }
    const struct CMUnitTest tests[] = {
        CHILD("agrees", ""),
        CHILD("agrees", "sse41"),
        CHILD("agrees", "avx"),
        CHILD("agrees", "avx2"),
        CHILD("agrees", "avx512"),
        CHILD("agrees", "avx512_bf16"),
        CHILD("reorders", ""),
        CHILD("second-cap", ""),
        CHILD("cap-after-none", ""),
        CHILD("caps-alike", ""),
        CHILD("binds", ""),
        cmocka_unit_test(test_survives_eviction),
        cmocka_unit_test(test_seed_alone_decides),
        cmocka_unit_test(test_prepare_poisons_and_refills),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_names_its_library),
    };
    return cmocka_run_group_tests_name("dnnl_engine", tests, NULL, NULL);
}
