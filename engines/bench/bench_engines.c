// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Engines side by side in one run, one thread: oneDNN (the default) against ONNX Runtime on the
 * same LSTM and the same input, in turn, and whether their answers agree. And what the way to a
 * program costs: a program that does nothing at once says so. Medians; the ratio is that of the
 * medians.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "engines/engine.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 41, LONGEST_NS = 1500000000 };
static const double allowed = 1.2, tolerance = 1e-4;

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "bench_engines: %s: %s\n", what, error->text);
    exit(1);
}

static struct engine *open_spec(const char *spec)
{
    struct engine_config config;
    struct engine *engine = NULL;
    struct error error = {0};
    if (engine_config_defaults(&config, &error) || engine_config_parse(&config, spec, &error) ||
        engine_open(&config, &engine, &error))
        die(spec, &error);
    engine_config_free(&config);
    return engine;
}

static int64_t run(struct engine *engine)
{
    struct error error = {0};
    int64_t start_ns = clock_ns();
    if (engine_run(engine, &error))
        die("running", &error);
    return clock_ns() - start_ns;
}

static int by_ratio(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double median_us(int64_t *times, int n)
{
    qsort(times, (size_t)n, sizeof *times, by_value);
    return (double)times[n / 2] * 1e-3;
}

static double difference(struct engine *left, struct engine *right)
{
    size_t n, m;
    double worst = 0;
    const float *a = engine_output(left, &n), *b = engine_output(right, &m);
    for (size_t i = 0; i < n && n == m; i++)
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
    return n == m ? worst : INFINITY;
}

/* Whether the default engine is near enough to the faster one. */
static int compare(struct engine *const *engines, uint32_t hidden, uint32_t n)
{
    int64_t times[2][ROUNDS], start_ns = clock_ns();
    double ratios[ROUNDS];
    struct error error = {0};
    int rounds = 0;
    for (int e = 0; e < 2; e++) {
        if (engine_prepare(engines[e], n, &error))
            die("preparing", &error);
        for (int i = 0; i < 3; i++)
            run(engines[e]);
    }
    while (rounds < ROUNDS && (rounds < 5 || clock_ns() - start_ns < LONGEST_NS)) {
        for (int e = 0; e < 2; e++) {
            int which = rounds % 2 ? 1 - e : e; /* what the first leaves in the caches helps both */
            times[which][rounds] = run(engines[which]);
        }
        ratios[rounds] = (double)times[0][rounds] / (double)times[1][rounds];
        rounds++;
    }
    qsort(ratios, (size_t)rounds, sizeof *ratios, by_ratio);
    double apart = difference(engines[0], engines[1]);
    double dnnl_us = median_us(times[0], rounds), onnx_us = median_us(times[1], rounds);
    double ratio = fmax(1, ratios[rounds / 2]);
    printf("engines lstm %u->%u, length %3u: oneDNN %9.1f us, ONNX Runtime %9.1f us; "
           "oneDNN/faster %.2f%s; answers differ by %.1g\n",
           hidden / 2, hidden, n, dnnl_us, onnx_us, ratio, ratio > allowed ? " (over 1.2)" : "",
           apart);
    return apart <= tolerance ? ratio <= allowed : -1;
}

static char *make_model(uint32_t hidden)
{
    const char *build = getenv("BUILD");
    char *path = text_format("%s/bench/lstm%u.onnx", build ? build : "build", hidden);
    char *command = text_format("scripts/onnx-model --kind encoder --time-major --hidden %u "
                                "--input %u -o %s",
                                hidden, hidden / 2, path);
    if (system(command) != 0) {
        free(path);
        path = NULL;
    }
    free(command);
    return path;
}

static int compare_libraries(void)
{
    static const uint32_t sizes[] = {128, 512, 1024}, lengths[] = {1, 10, 100};
    const char *build = getenv("BUILD");
    char *library = text_format("%s/onnxruntime/libonnxruntime.so", build ? build : "build");
    int failed = 0, slow = 0;
    if (access(library, R_OK) != 0) {
        printf("engines: ONNX Runtime is missing: scripts/setup --with onnx\n");
        free(library);
        return 0;
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *model = make_model(sizes[i]);
        if (!model) {
            printf("engines: python3-onnx is missing: scripts/setup --with onnx\n");
            break;
        }
        char *dnnl = text_format("dnnl:hidden=%u,input=%u", sizes[i], sizes[i] / 2);
        char *onnx = text_format("onnx:library=%s,model=%s", library, model);
        struct engine *engines[] = {open_spec(dnnl), open_spec(onnx)};
        if (i == 0) {
            char *text = engine_describe(engines[1]);
            printf("engines: %s against %s\n", engine_library_version(), text);
            free(text);
        }
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            int near = compare(engines, sizes[i], lengths[k]);
            failed += near < 0;
            slow += near == 0;
        }
        engine_close(engines[0]);
        engine_close(engines[1]);
        free(dnnl);
        free(onnx);
        free(model);
    }
    free(library);
    if (slow)
        printf("engines: in %d of 9 the default engine is slower by more than %g\n", slow, allowed);
    if (failed)
        printf("engines: FAILED: answers differ by more than %g\n", tolerance);
    return failed;
}

static void time_a_program(void)
{
    int64_t times[1001];
    struct error error = {0};
    struct engine *engine =
        open_spec("command:argv=sh -c 'while read -r word n; do echo OK; done'");
    if (engine_prepare(engine, 1, &error))
        die("preparing", &error);
    for (int i = 0; i < 1001; i++)
        times[i] = run(engine);
    printf("engines: the way to a program and back (a shell that says OK): %.1f us\n",
           median_us(times, 1001));
    engine_close(engine);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    time_a_program();
    return compare_libraries() ? 1 : 0;
}
