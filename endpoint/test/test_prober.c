// SPDX-License-Identifier: GPL-3.0-or-later
/* The prober against rnnserve, whose bytes are counted on the wire, and against servers that answer
 * too soon or not at all. */
#include "base/test/support.h"

#include "base/memory.h"
#include "endpoint/prober.h"
#include "endpoint/test/wire.h"

#include <stdlib.h>
#include <string.h>

struct running {
    pid_t pid;
    char *url;
};

static int set_up(void **state)
{
    struct running *server = malloc(sizeof *server);
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --max-body 1MiB "
                                "--model m=dnnl:cell=lstm,hidden=8,input=4,vocabulary=9",
                                test_build());
    char *line = test_start(command, &server->pid);
    if (!line || strncmp(line, "listening on http://", 20) != 0)
        fail_msg("%s: '%s'", command, line);
    server->url = text_copy(line + strlen("listening on "));
    free(command);
    free(line);
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

static struct prober *open_prober(const char *url, const char *model, double timeout_s)
{
    struct prober *prober = NULL;
    struct error error = {0};
    struct client_config config = {
        .url = (char *)url, .model = (char *)model, .timeout_s = timeout_s};
    if (prober_open(&config, &prober, &error))
        fail_msg("%s", error.text);
    return prober;
}

static void round_trips_and_transfers(void **state)
{
    const struct running *server = *state;
    static const char *const models[] = {NULL, "m"};
    for (int i = 0; i < 2; i++) {
        struct prober *prober = open_prober(server->url, models[i], 30);
        struct prober_transfer transfer;
        enum client_failure failure;
        int64_t rtt_ns = -1;
        assert_int_equal(prober_round_trip(prober, &rtt_ns, &failure, NULL), STATUS_OK);
        assert_int_equal(failure, CLIENT_NO_FAILURE);
        assert_true(rtt_ns > 0);
        for (size_t n = 1; n <= 300000; n = n * 17 + 3) {
            struct error error = {0};
            if (prober_send(prober, n, &transfer, &error))
                fail_msg("%zu up: %s", n, error.text);
            assert_true(transfer.n_bytes > n && transfer.n_bytes < n + 400); /* the head */
            assert_true(transfer.elapsed_ns > 0);
            if (prober_receive(prober, n, &transfer, &error))
                fail_msg("%zu down: %s", n, error.text);
            assert_true(transfer.n_bytes > n && transfer.n_bytes < n + 400);
        }
        prober_close(prober);
    }
}

static void the_filler_has_its_bounds(void **state)
{
    const struct running *server = *state;
    int port = wire_port_of(server->url);
    static const struct {
        const char *path;
        int status;
    } cases[] = {
        {"v2/rnnmap/filler/5", 200},        {"v2/rnnmap/filler/0", 400},
        {"v2/rnnmap/filler/-1", 400},       {"v2/rnnmap/filler/x", 400},
        {"v2/rnnmap/filler/67108865", 400}, {"v2/rnnmap/filler", 404},
        {"v2/rnnmap/filler/5/ready", 404},  {"v2/models/5", 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *request =
            text_format("GET /%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", cases[i].path);
        char *answer = wire_ask(port, request);
        if (atoi(answer + strlen("HTTP/1.1 ")) != cases[i].status)
            fail_msg("%s: %s", cases[i].path, answer);
        free(answer);
        free(request);
    }
}

static void what_a_server_does_not_do(void **state)
{
    const struct running *server = *state;
    struct error error = {0};
    struct prober_transfer transfer;
    struct prober *prober = open_prober(server->url, "m", 30);
    assert_int_equal(prober_send(prober, 2 << 20, &transfer, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "413"));
    prober_close(prober);

    const struct wire_script script = {0}; /* a server without a filler, silent when posted to */
    struct wire_server *wire = wire_serve(&script);
    prober = open_prober(wire_url(wire), NULL, 0.3);
    error_clear(&error);
    assert_int_equal(prober_receive(prober, 1000, &transfer, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "nothing large to send"));
    assert_int_equal(prober_send(prober, 1000, &transfer, NULL), STATUS_TIMEOUT);
    prober_close(prober);
    wire_end(wire);

    char *dead = text_format("http://127.0.0.1:%d/", wire_dead_port());
    enum client_failure failure;
    int64_t rtt_ns;
    prober = open_prober(dead, NULL, 1);
    error_clear(&error);
    assert_int_equal(prober_round_trip(prober, &rtt_ns, &failure, &error), STATUS_IO);
    assert_int_equal(failure, CLIENT_CONNECT);
    assert_non_null(strstr(error.text, dead));
    prober_close(prober);
    free(dead);
    assert_int_equal(prober_open(&(struct client_config){.url = "server:8000"}, &prober, NULL),
                     STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips_and_transfers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_filler_has_its_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_server_does_not_do, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
