// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What serving adds to an inference: the same lengths, in turn, by the engine in this process and
 * by rnnserve over the loopback, with tensors as JSON and as binary data, in one run. "overhead" is
 * the median of the differences between a request and the inference next to it; "ratio" is of the
 * medians of request and engine. "unreported" is the part of a request that Server-Timing's queue
 * and infer do not name: the client, HTTP, reading and writing messages, and the system; a request
 * that is in no figure has changed the server to the length. A "probe" asks for v2/health/live, the
 * least that there is to ask: what the client, HTTP and the system cost alone. "binary/json" is of
 * requests, of what is unreported, and of bytes sent.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/client.h"
#include "engines/engine.h"

#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_ROUNDS = 100, N_WARM = 10 };

static const struct {
    const char *name, *spec;
} models[] = {
    {"tokens", "dnnl:cell=lstm,hidden=128,input=64,vocabulary=20000"},
    {"features", "dnnl:cell=lstm,hidden=128,input=64"},
};

static const uint32_t lengths[] = {1, 16, 64, 256, 1024};
enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };

static void die(const char *what, const struct error *error)
{
    fprintf(stderr, "bench_endpoint: %s: %s\n", what, error->text);
    exit(1);
}

/* Starts rnnserve with one model; its URL, and its process in *pid. */
static char *start_server(const char *name, const char *spec, pid_t *pid)
{
    const char *build = getenv("BUILD");
    char *path = text_format("%s/bin/rnnserve", build ? build : "build");
    char *model = text_format("%s=%s", name, spec);
    int ends[2];
    char line[256] = "";
    if (pipe(ends) != 0)
        exit(1);
    *pid = fork();
    if (*pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(path, path, "--listen", "127.0.0.1:0", "--model", model, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (!out || !fgets(line, sizeof line, out) || strncmp(line, "listening on ", 13) != 0) {
        fprintf(stderr, "bench_endpoint: %s does not start; build it with make\n", path);
        exit(1);
    }
    fclose(out);
    free(path);
    free(model);
    line[strcspn(line, "\n")] = '\0';
    return text_copy(line + 13);
}

enum { JSON, BINARY, N_FORMS };
static const char *const forms[] = {[JSON] = "json", [BINARY] = "binary"};

/* One inference here and one request of each form, next to each other. */
struct trial {
    double engine_us;
    struct {
        double request_us, overhead_us, unreported_us, bytes_up;
    } of[N_FORMS];
};

static struct trial measure(struct client *const *clients, struct engine *engine, uint32_t n)
{
    struct error error = {0};
    struct client_timing timing;
    struct trial trial;
    if (engine_prepare(engine, n, &error))
        die("prepare", &error);
    int64_t start_ns = clock_ns();
    if (engine_run(engine, &error))
        die("engine", &error);
    double engine_ns = (double)(clock_ns() - start_ns);
    trial.engine_us = engine_ns / 1e3;
    for (int i = -1; i < N_FORMS; i++) {
        int form = i < 0 ? JSON : i;
        if (client_prepare(clients[form], n, &error) ||
            client_infer(clients[form], &timing, &error))
            die(forms[form], &error);
        trial.of[form].request_us = (double)timing.total_ns / 1e3;
        trial.of[form].overhead_us = ((double)timing.total_ns - engine_ns) / 1e3;
        trial.of[form].unreported_us = (double)(timing.total_ns - timing.server_ns) / 1e3;
        trial.of[form].bytes_up = (double)timing.bytes_up;
    }
    return trial;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of what lies `offset` bytes into each trial. */
static double median(const struct trial *trials, size_t offset)
{
    double values[N_ROUNDS];
    for (size_t i = 0; i < N_ROUNDS; i++)
        memcpy(&values[i], (const char *)&trials[i] + offset, sizeof values[i]);
    qsort(values, N_ROUNDS, sizeof values[0], compare);
    return values[N_ROUNDS / 2];
}

static void report(const char *name, uint32_t n, const struct trial *trials)
{
    double engine_us = median(trials, offsetof(struct trial, engine_us));
    double request_us[N_FORMS], unreported_us[N_FORMS], bytes_up[N_FORMS];
    for (int form = 0; form < N_FORMS; form++) {
        request_us[form] = median(trials, offsetof(struct trial, of[form].request_us));
        unreported_us[form] = median(trials, offsetof(struct trial, of[form].unreported_us));
        bytes_up[form] = median(trials, offsetof(struct trial, of[form].bytes_up));
        printf("endpoint %-8s length %4u %-6s: engine %8.1f us, request %8.1f us, overhead %7.1f "
               "us, ratio %5.2f, unreported %7.1f us\n",
               name, n, forms[form], engine_us, request_us[form],
               median(trials, offsetof(struct trial, of[form].overhead_us)),
               request_us[form] / engine_us, unreported_us[form]);
    }
    printf("endpoint %-8s length %4u binary/json: request %.2f, unreported %.2f, bytes %.2f\n",
           name, n, request_us[BINARY] / request_us[JSON],
           unreported_us[BINARY] / unreported_us[JSON], bytes_up[BINARY] / bytes_up[JSON]);
}

static void run(const char *name, const char *spec)
{
    static struct trial trials[N_LENGTHS][N_ROUNDS];
    struct engine_config config;
    struct engine *engine = NULL;
    struct client *clients[N_FORMS];
    struct error error = {0};
    int64_t rtt_ns = 0;
    double probes_us[N_ROUNDS];
    pid_t pid;
    char *url = start_server(name, spec, &pid);
    if (engine_config_defaults(&config, &error) || engine_config_parse(&config, spec, &error) ||
        engine_open(&config, &engine, &error))
        die(spec, &error);
    for (int form = 0; form < N_FORMS; form++) {
        if (client_open(
                &(struct client_config){
                    .url = (char *)url, .model = (char *)name, .seed = 1, .binary = form == BINARY},
                &clients[form], &error))
            die(url, &error);
    }
    for (int round = -N_WARM; round < N_ROUNDS; round++) {
        if (client_probe(clients[JSON], &rtt_ns, &error))
            die(url, &error);
        probes_us[round < 0 ? 0 : round] = (double)rtt_ns / 1e3;
        for (size_t i = 0; i < N_LENGTHS; i++)
            trials[i][round < 0 ? 0 : round] = measure(clients, engine, lengths[i]);
    }
    for (size_t i = 0; i < N_LENGTHS; i++)
        report(name, lengths[i], trials[i]);
    qsort(probes_us, N_ROUNDS, sizeof probes_us[0], compare);
    printf("endpoint %-8s probe: median %.1f us, least %.1f us\n", name, probes_us[N_ROUNDS / 2],
           probes_us[0]);
    for (int form = 0; form < N_FORMS; form++)
        client_close(clients[form]);
    engine_close(engine);
    engine_config_free(&config);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    free(url);
}

int main(void)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        run(models[i].name, models[i].spec);
    return 0;
}
