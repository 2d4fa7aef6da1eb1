// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve's extensions over raw sockets: binary tensors, statistics, the index of its models. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "endpoint/message.h"
#include "endpoint/statistics.h"
#include "endpoint/test/wire.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LENGTH = 50, MANY = 12 };

struct running {
    pid_t pid;
    int port;
};

static int set_up(void **state)
{
    struct running *server = malloc(sizeof *server);
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --max-body 64KiB "
                                "--max-length %d --model t=dnnl:hidden=8,input=4,vocabulary=10 "
                                "--model f=dnnl:cell=gru,hidden=4,input=2",
                                test_build(), MAX_LENGTH);
    char *line = test_start(command, &server->pid);
    if (!line)
        fail_msg("%s does not start", command);
    server->port = wire_port_of(line);
    *state = server;
    free(command);
    free(line);
    return 0;
}

static int tear_down(void **state)
{
    struct running *server = *state;
    int code = test_stop(server->pid);
    free(server);
    return code;
}

static int status_of(const char *answer)
{
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : -1;
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    return end ? end + 4 : "";
}

/* The number behind "\r\nNAME: " in the answer's head; -1: not there. */
static long header_of(const char *answer, const char *header_name)
{
    char *wanted = text_format("\r\n%s: ", header_name);
    const char *at = strcasestr(answer, wanted);
    long value = at && at < body_of(answer) ? atol(at + strlen(wanted)) : -1;
    free(wanted);
    return value;
}

static char *get(const struct running *server, const char *method, const char *path)
{
    char *request =
        text_format("%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", method, path);
    char *answer = wire_ask(server->port, request);
    free(request);
    return answer;
}

/* Posts `json` and `n` bytes behind it; `said` is what the head says the JSON's length is, unless
 * it is NULL. */
static char *post(const struct running *server, const char *path, const char *said,
                  const char *json, const void *binary, size_t n)
{
    char *head =
        said ? text_format("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: "
                           "application/octet-stream\r\n" MESSAGE_JSON_LENGTH_HEADER ": %s\r\n",
                           path, said)
             : text_format("POST %s HTTP/1.1\r\nHost: x\r\n", path);
    size_t n_json = strlen(json);
    char *body = malloc(n_json + n + 1);
    memcpy(body, json, n_json);
    if (n > 0)
        memcpy(body + n_json, binary, n);
    char *answer = wire_ask_body(server->port, head, body, n_json + n);
    free(head);
    free(body);
    return answer;
}

static char *post_whole(const struct running *server, const char *path, const char *json,
                        const void *binary, size_t n)
{
    char *said = text_format("%zu", strlen(json));
    char *answer = post(server, path, said, json, binary, n);
    free(said);
    return answer;
}

#define FEATURES(more) \
    "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[1,2,2]," more "}]"
#define AS_BYTES "\"parameters\":{\"binary_data_size\":16}"
#define INFER    "/v2/models/f/infer"

static const float input[] = {1.0f, 0.5f, -1.0f, 0.001f};

/* The output's four floats, whichever way they came. */
static void read_output(const char *answer, bool binary, float *output)
{
    const struct message_limits limits = {.max_values = 100, .max_rows = 10};
    struct message_response response;
    struct error error = {0};
    long n = header_of(answer, "Content-Length");
    long n_json = header_of(answer, MESSAGE_JSON_LENGTH_HEADER);
    const char *type = binary ? "\r\nContent-Type: application/octet-stream\r\n"
                              : "\r\nContent-Type: application/json\r\n";
    if (status_of(answer) != 200 || (n_json >= 0) != binary || !strstr(answer, type))
        fail_msg("answered with '%s'", answer);
    if (binary) {
        assert_int_equal(n, n_json + 16);
        assert_non_null(strstr(body_of(answer), "\"binary_data_size\":16"));
        assert_null(strstr(body_of(answer), "\"data\""));
    }
    if (message_read_response(body_of(answer), (size_t)n, (size_t)(binary ? n_json : n), &limits,
                              &response, &error))
        fail_msg("%s", error.text);
    assert_int_equal(response.outputs[0].n_values, 4);
    memcpy(output, response.outputs[0].values.fp32, 4 * sizeof *output);
    message_response_free(&response);
}

/* Every combination of input and output, each with the bits of the others. */
static void test_forms_give_the_same_bits(void **state)
{
    const struct running *server = *state;
    static const struct {
        const char *json;
        bool binary_in, binary_out;
    } cases[] = {
        {FEATURES("\"data\":[1,0.5,-1,0.001]") "}", false, false},
        {FEATURES(AS_BYTES) "}", true, false},
        {FEATURES(AS_BYTES) ",\"parameters\":{\"binary_data_output\":true}}", true, true},
        {FEATURES("\"data\":[[[1,0.5],[-1,0.001]]]") ",\"parameters\":{\"binary_data_output\":true}"
                                                     "}",
         false, true},
        {FEATURES(AS_BYTES) ",\"outputs\":[{\"name\":\"output\",\"parameters\":{\"binary_data\":"
                            "true}}]}",
         true, true},
        {FEATURES(AS_BYTES) ",\"outputs\":[{\"name\":\"output\",\"parameters\":{\"binary_data\":"
                            "false}}],\"parameters\":{\"binary_data_output\":true}}",
         true, false},
        {"", true, true}, /* raw */
    };
    float first[4] = {0}, output[4] = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = cases[i].binary_in
                           ? post_whole(server, INFER, cases[i].json, input, sizeof input)
                           : post(server, INFER, NULL, cases[i].json, NULL, 0);
        read_output(answer, cases[i].binary_out, i ? output : first);
        if (i && memcmp(first, output, sizeof output) != 0)
            fail_msg("case %zu: other bits", i);
        free(answer);
    }
}

/* With nothing behind it the JSON may say its length too. */
static void test_length_of_json_alone(void **state)
{
    const struct running *server = *state;
    float output[4];
    char *answer = post_whole(server, INFER, FEATURES("\"data\":[1,0.5,-1,0.001]") "}", NULL, 0);
    read_output(answer, false, output);
    free(answer);
}

static void assert_refused(const char *what, const char *answer, const char *word)
{
    char *words = message_read_error(body_of(answer), strlen(body_of(answer)));
    if (status_of(answer) != 400 || !words || !strstr(words, word))
        fail_msg("%s: wanted 400 and '%s', got '%s'", what, word, answer);
    free(words);
}

static void test_refuses_hostile_lengths(void **state)
{
    static const struct {
        const char *what, *said, *json, *word;
        size_t n;
    } cases[] = {
        {"beyond the body", "1000000", FEATURES(AS_BYTES) "}", "the body has only", 16},
        {"just beyond", "117", FEATURES(AS_BYTES) "}",
         "Content-Length is 117, but the body has only 116", 16},
        {"huge", "9223372036854775807", FEATURES(AS_BYTES) "}", "the body has only", 16},
        {"more than huge", "18446744073709551616", FEATURES(AS_BYTES) "}", "not a count", 16},
        {"negative", "-1", FEATURES(AS_BYTES) "}", "not a count", 16},
        {"a word", "many", FEATURES(AS_BYTES) "}", "not a count", 16},
        {"trailing word", "102 bytes", FEATURES(AS_BYTES) "}", "not a count", 16},
        {"nothing", "", FEATURES(AS_BYTES) "}", "not a count", 16},
        {"too short", "20", FEATURES(AS_BYTES) "}", "JSON", 16},
        {"into the bytes", "108", FEATURES(AS_BYTES) "}", "JSON", 16},
        {"raw that is none", "0", FEATURES(AS_BYTES) "}", "do not fill", 17},
        {"raw and empty", "0", "", "JSON", 0},
        {"no length said", NULL, FEATURES(AS_BYTES) "}", "only 0 bytes are left", 0},
    };
    static const char zeros[64];
    const struct running *server = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *answer = post(server, INFER, cases[i].said, cases[i].json, zeros, cases[i].n);
        assert_refused(cases[i].what, answer, cases[i].word);
        free(answer);
    }
}

/* Bytes can hold what is no number: JSON cannot express the output, bytes can. */
static void test_not_a_number(void **state)
{
    const struct running *server = *state;
    const float odd[] = {NAN, 1.0f, 2.0f, INFINITY};
    char *answer = post_whole(server, INFER, FEATURES(AS_BYTES) "}", odd, sizeof odd);
    assert_refused("NaN as JSON", answer, "JSON cannot express");
    free(answer);
    answer = post_whole(server, INFER, "", odd, sizeof odd);
    assert_int_equal(status_of(answer), 200);
    free(answer);
}

/* A client that sends anything at all is answered with 200 or a plain refusal, and the next one as
 * ever. */
static void test_survives_random_bodies(void **state)
{
    static const char json[] = FEATURES(AS_BYTES) ",\"parameters\":{\"binary_data_output\":true}}";
    const struct running *server = *state;
    struct random random = {.state = 77};
    size_t n_good = 0, n_tries = test_long() ? 20000 : 600;
    print_message("seed 77\n");
    for (size_t i = 0; i < n_tries; i++) {
        char text[sizeof json], binary[64], said[32];
        memcpy(text, json, sizeof json);
        for (size_t k = 0; k < sizeof binary; k++)
            binary[k] = (char)random_below(&random, 256);
        for (uint64_t k = random_below(&random, 3); k > 0; k--)
            text[random_below(&random, sizeof json - 1)] =
                "0123456789-{}[],:\""[random_below(&random, 18)];
        snprintf(said, sizeof said, "%zu",
                 random_below(&random, 4) ? sizeof json - 1
                                          : (size_t)random_below(&random, 2 * sizeof json));
        char *answer = post(server, INFER, said, text, binary,
                            random_below(&random, 4) ? 16 : random_below(&random, 64));
        int status = status_of(answer);
        if (status != 200 && status != 400)
            fail_msg("%s with %s: '%s'", text, said, answer);
        n_good += status == 200;
        free(answer);
    }
    assert_in_range(n_good, 1, n_tries - 1);
    test_forms_give_the_same_bits(state);
}

static json_t *get_json(const struct running *server, const char *method, const char *path)
{
    char *answer = get(server, method, path);
    json_t *json = json_loads(body_of(answer), 0, NULL);
    if (status_of(answer) != 200 || !json)
        fail_msg("%s: '%s'", path, answer);
    free(answer);
    return json;
}

static struct statistics statistics_of(const struct running *server, const char *path,
                                       const char *model)
{
    struct statistics statistics;
    struct error error = {0};
    char *answer = get(server, "GET", path);
    if (statistics_read(body_of(answer), strlen(body_of(answer)), model, &statistics, &error))
        fail_msg("%s: %s in '%s'", path, error.text, answer);
    free(answer);
    return statistics;
}

static void test_metadata_names_extensions(void **state)
{
    json_t *json = get_json(*state, "GET", "/v2");
    json_t *extensions = json_object_get(json, "extensions");
    assert_int_equal(json_array_size(extensions), 2);
    assert_string_equal(json_string_value(json_array_get(extensions, 0)), "binary_tensor_data");
    assert_string_equal(json_string_value(json_array_get(extensions, 1)), "statistics");
    json_decref(json);
}

/* Every field that the extension's description names. */
static void test_statistics_have_all_fields(void **state)
{
    static const char *const fields[] = {"success",       "fail",          "queue",
                                         "compute_input", "compute_infer", "compute_output",
                                         "cache_hit",     "cache_miss"};
    free(post(*state, INFER, NULL, FEATURES("\"data\":[1,0.5,-1,0.001]") "}", NULL, 0));
    json_t *json = get_json(*state, "GET", "/v2/models/f/stats");
    json_t *row = json_array_get(json_object_get(json, "model_stats"), 0);
    json_t *inference = json_object_get(row, "inference_stats");
    const char *model, *version;
    json_int_t last_ms, n_inferences, n_executions, batch;
    assert_int_equal(json_unpack(row, "{s:s,s:s,s:I,s:I,s:I,s:[{s:I}]}", "name", &model, "version",
                                 &version, "last_inference", &last_ms, "inference_count",
                                 &n_inferences, "execution_count", &n_executions, "batch_stats",
                                 "batch_size", &batch),
                     0);
    assert_string_equal(model, "f");
    assert_string_equal(version, "1");
    assert_int_equal(batch, 1);
    assert_true(n_inferences > 0 && n_inferences == n_executions);
    assert_true(last_ms <= clock_epoch_ms() && last_ms > clock_epoch_ms() - 60000);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        json_t *duration = json_object_get(inference, fields[i]);
        if (!json_is_integer(json_object_get(duration, "count")) ||
            !json_is_integer(json_object_get(duration, "ns")))
            fail_msg("%s is missing", fields[i]);
    }
    json_decref(json);
}

/* The duration in ms of one metric of Server-Timing, in ns. */
static double timing_ns(const char *answer, const char *metric)
{
    const char *at = strstr(answer, metric);
    return at ? atof(at + strlen("dur=") + strlen(metric)) * 1e6 : 0;
}

/* What is counted between two readings is the one request in between, and its times are those of
 * its own Server-Timing, to the digit. */
static void test_statistics_are_the_requests(void **state)
{
    const struct running *server = *state;
    free(post(server, INFER, NULL, FEATURES("\"data\":[1,0.5,-1,0.001]") "}", NULL, 0));
    for (int i = 0; i < 20; i++) {
        struct statistics before = statistics_of(server, "/v2/models/f/versions/1/stats", "f");
        struct statistics other = statistics_of(server, "/v2/models/t/stats", "t");
        char *answer =
            post(server, INFER, NULL, FEATURES("\"data\":[1,0.5,-1,0.001]") "}", NULL, 0);
        struct statistics after = statistics_of(server, "/v2/models/stats", "f");
        int64_t ns = statistics_between(&before, &after);
        uint64_t output_ns = after.durations[STATISTIC_COMPUTE_OUTPUT].ns -
                             before.durations[STATISTIC_COMPUTE_OUTPUT].ns;
        uint64_t success_ns =
            after.durations[STATISTIC_SUCCESS].ns - before.durations[STATISTIC_SUCCESS].ns;
        assert_close((double)ns - (double)output_ns,
                     timing_ns(answer, "queue;") + timing_ns(answer, "infer;"), 0, 2);
        assert_true(output_ns > 0 && success_ns > (uint64_t)ns);
        assert_int_equal(after.n_inferences, before.n_inferences + 1);
        struct statistics still = statistics_of(server, "/v2/models/stats", "t");
        assert_memory_equal(&still, &other, sizeof still);
        free(answer);
    }
}

static void test_failures_are_counted(void **state)
{
    const struct running *server = *state;
    struct statistics before = statistics_of(server, "/v2/models/f/stats", "f");
    char *answer = post(server, INFER, NULL, "{}", NULL, 0);
    assert_int_equal(status_of(answer), 400);
    struct statistics after = statistics_of(server, "/v2/models/f/stats", "f");
    assert_int_equal(after.durations[STATISTIC_FAIL].count,
                     before.durations[STATISTIC_FAIL].count + 1);
    assert_int_equal(after.durations[STATISTIC_SUCCESS].count,
                     before.durations[STATISTIC_SUCCESS].count);
    assert_int_equal(after.durations[STATISTIC_QUEUE].count,
                     before.durations[STATISTIC_QUEUE].count);
    assert_int_equal(after.n_inferences, before.n_inferences);
    free(answer);
}

static void test_statistics_of_nothing(void **state)
{
    static const char *const paths[] = {"/v2/models/nosuch/stats", "/v2/models/f/versions/2/stats",
                                        "/v2/models/stats/ready", "/v2/stats"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char *answer = get(*state, "GET", paths[i]);
        assert_int_equal(status_of(answer), 404);
        free(answer);
    }
}

static void test_index_of_models(void **state)
{
    static const char *const names[] = {"t", "f"};
    json_t *json = get_json(*state, "POST", "/v2/repository/index");
    assert_int_equal(json_array_size(json), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *model, *version, *ready, *reason;
        assert_int_equal(json_unpack(json_array_get(json, i), "{s:s,s:s,s:s,s:s}", "name", &model,
                                     "version", &version, "state", &ready, "reason", &reason),
                         0);
        assert_string_equal(model, names[i]);
        assert_string_equal(version, "1");
        assert_string_equal(ready, "READY");
        char *path = text_format("/v2/models/%s/ready", model);
        char *answer = get(*state, "GET", path);
        assert_int_equal(status_of(answer), 200);
        free(answer);
        free(path);
    }
    json_decref(json);
    char *answer = post(*state, "/v2/repository/index", NULL, "{\"ready\":true}", NULL, 0);
    assert_int_equal(status_of(answer), 200);
    free(answer);
    answer = get(*state, "GET", "/v2/repository/index");
    assert_int_equal(status_of(answer), 405);
    free(answer);
}

/* A name that is not there is answered with those that are: all of a few, ten of many. */
static void test_names_the_models(void **state)
{
    struct running many;
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0", test_build());
    for (int i = 0; i < MANY; i++) {
        char *longer = text_format("%s --model net%d=dnnl:hidden=4,input=2", command, i);
        free(command);
        command = longer;
    }
    char *line = test_start(command, &many.pid);
    assert_non_null(line);
    many.port = wire_port_of(line);
    char *few = get(*state, "GET", "/v2/models/sentiment");
    char *answer = get(&many, "GET", "/v2/models/net/ready");
    assert_int_equal(test_stop(many.pid), 0);
    assert_int_equal(status_of(few), 404);
    assert_non_null(strstr(few, "there is no model 'sentiment' here, only 't', 'f'\""));
    assert_int_equal(status_of(answer), 404);
    assert_non_null(strstr(answer, "'net0', 'net1', "));
    assert_non_null(strstr(answer, "'net9' and 2 more\""));
    assert_null(strstr(answer, "net10"));
    free(few);
    free(answer);
    free(line);
    free(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_give_the_same_bits),
        cmocka_unit_test(test_length_of_json_alone),
        cmocka_unit_test(test_refuses_hostile_lengths),
        cmocka_unit_test(test_not_a_number),
        cmocka_unit_test(test_survives_random_bodies),
        cmocka_unit_test(test_metadata_names_extensions),
        cmocka_unit_test(test_statistics_have_all_fields),
        cmocka_unit_test(test_statistics_are_the_requests),
        cmocka_unit_test(test_failures_are_counted),
        cmocka_unit_test(test_statistics_of_nothing),
        cmocka_unit_test(test_index_of_models),
        cmocka_unit_test(test_names_the_models),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
