// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve as a process of its own, asked by our client: outputs against the engine in this
 * process, bytes against a relay, many at once, and an orderly end. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/client_private.h"
#include "endpoint/test/wire.h"
#include "engines/engine.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
    const char *name, *spec;
} models[] = {
    {"tokens", "dnnl:cell=lstm,hidden=32,input=16,vocabulary=1000,seed=3"},
    {"features", "dnnl:cell=gru,hidden=16,input=8,layers=2,bidirectional=yes,seed=4"},
    {"slow", "dnnl:cell=lstm,hidden=512,input=64,vocabulary=50"},
};
enum { TOKENS, FEATURES, SLOW, N_MODELS, N_CLIENTS = 40, SLOW_LENGTH = 12000 };

struct running {
    pid_t pid;
    char *url;
};

static struct running start(const char *options)
{
    struct running server;
    char *command = text_format("%s/bin/rnnserve %s", test_build(), options);
    char *line = test_start(command, &server.pid);
    if (!line || strncmp(line, "listening on http://", 20) != 0)
        fail_msg("%s: '%s'", command, line);
    server.url = text_copy(line + strlen("listening on "));
    free(command);
    free(line);
    return server;
}

static struct running start_models(void)
{
    char options[512];
    size_t used = (size_t)snprintf(options, sizeof options, "--listen 127.0.0.1:0");
    for (size_t i = 0; i < N_MODELS; i++)
        used += (size_t)snprintf(options + used, sizeof options - used, " --model %s=%s",
                                 models[i].name, models[i].spec);
    return start(options);
}

static int set_up(void **state)
{
    struct running *server = malloc(sizeof *server);
    *server = start_models();
    *state = server;
    return 0;
}

static int tear_down(void **state)
{
    struct running *server = *state;
    int code = test_stop(server->pid);
    free(server->url);
    free(server);
    return code;
}

static struct client *open_form(const char *url, size_t model, bool binary)
{
    const struct client_config config = {
        .url = (char *)url, .model = (char *)models[model].name, .seed = 11, .binary = binary};
    struct client *client = NULL;
    struct error error = {0};
    if (client_open(&config, &client, &error))
        fail_msg("%s", error.text);
    return client;
}

static struct client *open_client(const char *url, size_t model)
{
    return open_form(url, model, false);
}

static void infer(struct client *client, uint32_t n, struct client_timing *timing)
{
    struct error error = {0};
    if (client_prepare(client, n, &error) || client_infer(client, timing, &error))
        fail_msg("length %u: %s", n, error.text);
}

static struct engine *open_engine(size_t model)
{
    struct engine_config config;
    struct engine *engine = NULL;
    struct error error = {0};
    if (engine_config_defaults(&config, &error) ||
        engine_config_parse(&config, models[model].spec, &error) ||
        engine_open(&config, &engine, &error))
        fail_msg("%s", error.text);
    engine_config_free(&config);
    return engine;
}

/* The engine's own answer to an input of the client's. */
static const float *expect(struct engine *engine, const struct tensor *input, size_t *n_values)
{
    struct error error = {0};
    if (engine_prepare(engine, (uint32_t)input->spec.shape.dims[1], &error))
        fail_msg("%s", error.text);
    struct engine_input to = engine_input(engine);
    for (size_t i = 0; i < input->n_values; i++) {
        if (to.tokens)
            to.tokens[i] = (int32_t)input->values.int64[i];
        else
            to.features[i] = input->values.fp32[i];
    }
    if (engine_run(engine, &error))
        fail_msg("%s", error.text);
    return engine_output(engine, n_values);
}

/* To the bit: neither form may change a value. */
static void assert_same_floats(const float *got, const float *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&got[i], &expected[i], sizeof got[i]) != 0)
            fail_msg("value %zu: %.9g, not %.9g", i, (double)got[i], (double)expected[i]);
    }
}

static void test_outputs_are_the_engines(void **state)
{
    static const uint32_t lengths[] = {1, 2, 17, 100, 2, 700};
    const struct running *server = *state;
    for (size_t m = TOKENS; m <= FEATURES; m++) {
        struct client *client = open_client(server->url, m);
        struct client *binary = open_form(server->url, m, true);
        struct engine *engine = open_engine(m);
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            struct client_timing timing;
            size_t n_got, n_expected;
            infer(client, lengths[i], &timing);
            infer(binary, lengths[i], &timing);
            const float *expected = expect(engine, client_input(client), &n_expected);
            assert_same_floats(client_output(client, &n_got), expected, n_expected);
            assert_int_equal(n_got, n_expected);
            assert_same_floats(client_output(binary, &n_got), expected, n_expected);
            assert_int_equal(n_got, n_expected);
        }
        assert_string_equal(client_server(client), "rnnserve 0.1.0");
        engine_close(engine);
        client_close(client);
        client_close(binary);
    }
}

static void check_timing(const struct client_timing *timing, bool warm)
{
    assert_int_equal(timing->failure, CLIENT_NO_FAILURE);
    assert_true(warm ? timing->connect_ns == 0 : timing->connect_ns > 0);
    assert_int_equal(timing->tls_ns, 0);
    assert_true(timing->send_ns > 0 && timing->wait_ns > 0 && timing->receive_ns >= 0);
    assert_true(timing->server_ns > 0);
    assert_true(timing->total_ns >= timing->send_ns + timing->wait_ns + timing->receive_ns);
    assert_true(timing->total_ns > timing->server_ns);
}

/* The most and the least bytes that an input of `n` steps can take, without HTTP's head. */
static void check_size(uint64_t bytes_up, size_t model, uint32_t n, bool binary)
{
    size_t n_values = n * (model == TOKENS ? 1 : 8);
    size_t least = n_values * (binary ? (model == TOKENS ? 8 : 4) : 2);
    if (bytes_up < least || (binary && bytes_up > least + 600))
        fail_msg("%" PRIu64 " bytes for %zu values", bytes_up, n_values);
}

static void check_bytes(const struct running *server, size_t model, bool binary)
{
    static const uint32_t lengths[] = {1, 9, 10, 99, 2500, 20000};
    struct wire_server *relay = wire_relay(wire_port_of(server->url));
    struct client *client = open_form(wire_url(relay), model, binary);
    struct client_timing timing;
    infer(client, 1, &timing); /* the first asks for statistics too, once */
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        int64_t rtt_ns = 0;
        uint64_t up = wire_bytes_up(relay), down = wire_bytes_down(relay);
        infer(client, lengths[i], &timing);
        assert_int_equal(timing.bytes_up, wire_bytes_up(relay) - up);
        assert_int_equal(timing.bytes_down, wire_bytes_down(relay) - down);
        check_size(timing.bytes_up, model, lengths[i], binary);
        check_timing(&timing, true);
        assert_int_equal(client_probe(client, &rtt_ns, NULL), STATUS_OK);
        assert_true(rtt_ns > 0);
    }
    assert_int_equal(wire_n_connections(relay), 1);
    client_close(client);
    wire_end(relay);
}

/* What the client says it sent and received is what passed the relay, to the byte, and all of it on
 * one connection. Long inputs do not fit into one write. */
static void test_bytes_and_connection(void **state)
{
    for (size_t m = TOKENS; m <= FEATURES; m++) {
        check_bytes(*state, m, false);
        check_bytes(*state, m, true);
    }
}

/* Two models of one server in turn, over two connections: neither sees the other's answers. */
static void test_two_models(void **state)
{
    const struct running *server = *state;
    struct client *clients[2];
    struct engine *engines[2];
    for (size_t m = 0; m < 2; m++) {
        clients[m] = open_form(server->url, m, m == FEATURES);
        engines[m] = open_engine(m);
    }
    for (uint32_t length = 1; length <= 40; length++) {
        for (size_t m = 0; m < 2; m++) {
            struct client_timing timing;
            infer(clients[m], length, &timing);
        }
        for (size_t m = 0; m < 2; m++) {
            size_t n_got, n_expected;
            const float *got = client_output(clients[m], &n_got);
            const float *expected = expect(engines[m], client_input(clients[m]), &n_expected);
            assert_int_equal(n_got, n_expected);
            assert_same_floats(got, expected, n_got);
        }
    }
    for (size_t m = 0; m < 2; m++) {
        client_close(clients[m]);
        engine_close(engines[m]);
    }
}

/* Each inference on a connection of its own, opening included; the probe stays on the warm one. */
static void test_new_connections(void **state)
{
    const struct running *server = *state;
    struct wire_server *relay = wire_relay(wire_port_of(server->url));
    const struct client_config config = {
        .url = (char *)wire_url(relay), .model = "tokens", .seed = 11, .new_connections = true};
    struct client *client = NULL;
    assert_int_equal(client_open(&config, &client, NULL), STATUS_OK);
    for (size_t i = 1; i <= 10; i++) {
        struct client_timing timing;
        int64_t rtt_ns = 0;
        infer(client, 9, &timing);
        check_timing(&timing, false);
        assert_true(timing.total_ns >=
                    timing.connect_ns + timing.send_ns + timing.wait_ns + timing.receive_ns);
        assert_int_equal(client_probe(client, &rtt_ns, NULL), STATUS_OK);
        assert_true(rtt_ns > 0);
        assert_int_equal(wire_n_connections(relay), 1 + i);
    }
    client_close(client);
    wire_end(relay);
}

static void test_tls_to_a_plain_server(void **state)
{
    const struct running *server = *state;
    char *url = text_format("https%s", server->url + strlen("http"));
    const struct client_config config = {.url = (char *)url, .model = "tokens"};
    struct client *client = NULL;
    struct error error = {0};
    assert_int_equal(client_open(&config, &client, &error), STATUS_IO);
    if (!strstr(error.text, url) || !strstr(error.text, "speaks TLS"))
        fail_msg("%s", error.text);
    free(url);
}

struct job {
    const char *url;
    size_t model;
    uint32_t length;
    const float *expected;
    size_t n_expected;
    atomic_bool done;
    const char *wrong;
};

/* What a thread may do: cmocka's assertions belong to the main one. */
static void *ask(void *user)
{
    struct job *job = user;
    const struct client_config config = {
        .url = (char *)job->url, .model = (char *)models[job->model].name, .seed = 11};
    struct client *client = NULL;
    struct client_timing timing;
    if (client_open(&config, &client, NULL) || client_prepare(client, job->length, NULL)) {
        job->wrong = "did not open";
        return NULL;
    }
    for (int i = 0; i < (job->expected ? 5 : 1) && !job->wrong; i++) {
        size_t n;
        if (client_infer(client, &timing, NULL))
            job->wrong = client_failure_name(timing.failure);
        const float *got = client_output(client, &n);
        for (size_t k = 0; job->expected && !job->wrong && k < n; k++) {
            double off = (double)got[k] - (double)job->expected[k];
            if (n != job->n_expected || !(off < 1e-6 && off > -1e-6))
                job->wrong = "another output";
        }
    }
    atomic_store(&job->done, true);
    client_close(client);
    return NULL;
}

static void test_many_clients(void **state)
{
    const struct running *server = *state;
    struct engine *engine = open_engine(TOKENS);
    struct client *client = open_client(server->url, TOKENS);
    struct job jobs[N_CLIENTS] = {{0}};
    pthread_t threads[N_CLIENTS];
    for (size_t i = 0; i < N_CLIENTS; i++) {
        struct job *job = &jobs[i];
        *job = (struct job){.url = server->url, .length = (uint32_t)(1 + i % 13)};
        assert_int_equal(client_prepare(client, job->length, NULL), STATUS_OK);
        const float *output = expect(engine, client_input(client), &job->n_expected);
        float *copy = malloc(job->n_expected * sizeof *copy);
        memcpy(copy, output, job->n_expected * sizeof *copy);
        job->expected = copy;
    }
    for (size_t i = 0; i < N_CLIENTS; i++)
        pthread_create(&threads[i], NULL, ask, &jobs[i]);
    for (size_t i = 0; i < N_CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        free((float *)(uintptr_t)jobs[i].expected);
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
        if (jobs[i].wrong)
            fail_msg("client %zu: %s", i, jobs[i].wrong);
    }
    client_close(client);
    engine_close(engine);
}

/* Answers that need no inference do not wait for one. */
static void test_health_during_inference(void **state)
{
    const struct running *server = *state;
    struct client *client = open_client(server->url, TOKENS);
    struct job job = {.url = server->url, .model = SLOW, .length = SLOW_LENGTH};
    pthread_t thread;
    int n_before = 0;
    pthread_create(&thread, NULL, ask, &job);
    clock_sleep_ns(100000000);
    while (!atomic_load(&job.done)) {
        int64_t rtt_ns = 0;
        assert_int_equal(client_probe(client, &rtt_ns, NULL), STATUS_OK);
        n_before += !atomic_load(&job.done);
    }
    pthread_join(thread, NULL);
    assert_null(job.wrong);
    print_message("%d probes during one inference\n", n_before);
    assert_true(n_before >= 5);
    client_close(client);
}

/* A signal while an inference runs: its answer still arrives, then the process ends with 0. */
static void test_ends_after_requests(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct running server = start_models();
        struct job job = {.url = server.url, .model = SLOW, .length = SLOW_LENGTH / 2};
        pthread_t thread;
        pthread_create(&thread, NULL, ask, &job);
        clock_sleep_ns(150000000);
        assert_false(atomic_load(&job.done));
        int idle = wire_connect(wire_port_of(server.url)); /* does not delay the end */
        kill(server.pid, signals[i]);
        pthread_join(thread, NULL);
        assert_null(job.wrong);
        assert_true(atomic_load(&job.done));
        int code = -1;
        for (int k = 0; k < 500 && waitpid(server.pid, &code, WNOHANG) != server.pid; k++)
            clock_sleep_ns(10000000);
        assert_int_equal(code, 0);
        close(idle);
        free(server.url);
    }
}

/* A request that is still arriving when the end is asked for has a second to come. */
static void test_ends_after_arrivals(void **state)
{
    static const char body[] = "{\"inputs\":[{\"name\":\"input\",\"shape\":[1,1],"
                               "\"datatype\":\"INT64\",\"data\":[7]}]}";
    struct running server = start_models();
    char *request = text_format("POST /v2/models/tokens/infer HTTP/1.1\r\nHost: x\r\n"
                                "Content-Length: %zu\r\n\r\n%s",
                                strlen(body), body);
    int fd = wire_connect(wire_port_of(server.url)), code = -1;
    (void)state;
    wire_send(fd, request, strlen(request) - 20);
    clock_sleep_ns(100000000);
    kill(server.pid, SIGTERM);
    clock_sleep_ns(100000000);
    wire_send(fd, request + strlen(request) - 20, 20);
    char *answer = wire_read_answer(fd, 5);
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || !strcasestr(answer, "Connection: close"))
        fail_msg("answered with '%s'", answer);
    assert_int_equal(waitpid(server.pid, &code, 0), server.pid);
    assert_int_equal(code, 0);
    close(fd);
    free(answer);
    free(request);
    free(server.url);
}

static void test_ipv6(void **state)
{
    char *out = NULL;
    (void)state;
    test_shell("cat /proc/net/if_inet6", &out, NULL);
    if (!strstr(out, "00000000000000000000000000000001")) {
        print_message("skipped: no IPv6 loopback here\n");
        free(out);
        skip();
    }
    free(out);
    struct running server = start("--listen [::1]:0 --model tokens=dnnl:vocabulary=9,hidden=8");
    struct client_timing timing;
    assert_memory_equal(server.url, "http://[::1]:", 13);
    struct client *client = open_client(server.url, TOKENS);
    infer(client, 5, &timing);
    client_close(client);
    assert_int_equal(test_stop(server.pid), 0);
    free(server.url);
}

/* Command lines that cannot work, the exit status, and a word of the message. */
static void test_misuse(void **state)
{
    const struct running *server = *state;
    char *taken = text_format("--listen 127.0.0.1:%d --model m=dnnl:", wire_port_of(server->url));
    const struct {
        const char *options;
        int code;
        const char *word;
    } cases[] = {
        {"--listen 127.0.0.1:0", 2, "--model"},
        {"--listen 127.0.0.1 --model m=dnnl:", 2, "ADDR:PORT"},
        {"--listen 127.0.0.1:70000 --model m=dnnl:", 2, "ADDR:PORT"},
        {"--listen ::1:0 --model m=dnnl:", 2, "[::1]"},
        {"--listen 127.0.0.1:0 --model dnnl:hidden=3", 2, "NAME=SPEC"},
        {"--listen 127.0.0.1:0 --model m=dnnl:hidden=x", 2, "hidden"},
        {"--listen 127.0.0.1:0 --model a/b=dnnl:hidden=8", 2, "NAME=SPEC"},
        {"--listen 127.0.0.1:0 --model m=dnnl:hidden=8 --model m=dnnl:hidden=9", 2, "twice"},
        {"--listen 127.0.0.1:0 --model m=nosuch:hidden=8", 2, "nosuch"},
        {"--listen 127.0.0.1:0 --model stats=dnnl:hidden=8", 2, "cannot be named 'stats'"},
        {"--listen 127.0.0.1:0 --model m=dnnl:hidden=8 --timeout 1ms", 2, "time-out"},
        {"--listen 127.0.0.1:0 --model m=dnnl:hidden=8 --max-length 0", 2, "length"},
        {"--max-length 99999999999 --model m=dnnl:hidden=8", 2, "--max-length"},
        {taken, 1, "in use"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *err = NULL, *out = NULL;
        char *command =
            text_format("timeout 10 %s/bin/rnnserve %s", test_build(), cases[i].options);
        int code = test_shell(command, &out, &err);
        if (code != cases[i].code || !strstr(err, cases[i].word) || *out)
            fail_msg("%s: exit %d, '%s'", cases[i].options, code, err);
        free(command);
        free(out);
        free(err);
    }
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs_are_the_engines),
        cmocka_unit_test(test_bytes_and_connection),
        cmocka_unit_test(test_two_models),
        cmocka_unit_test(test_new_connections),
        cmocka_unit_test(test_tls_to_a_plain_server),
        cmocka_unit_test(test_many_clients),
        cmocka_unit_test(test_health_during_inference),
        cmocka_unit_test(test_ends_after_requests),
        cmocka_unit_test(test_ends_after_arrivals),
        cmocka_unit_test(test_ipv6),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
