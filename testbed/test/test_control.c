// SPDX-License-Identifier: GPL-3.0-or-later
/* Driving rnnlink: the language of the lines, and the lines through a socket and through standard
 * input to a link that carries bytes. */
#include "testbed/controlline.h"
#include "testbed/test/wishes.h"

#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum control_verb verb;
        double values[N_LINK_COLUMNS];
    } good[] = {
        {"state", CONTROL_STATE, {NAN, NAN, NAN}},
        {" \tplay \r", CONTROL_PLAY, {NAN, NAN, NAN}},
        {"set rtt=20ms up=10 down=50", CONTROL_SET, {0.02, 10e6, 50e6}},
        {"set down=unlimited  rtt=0\r", CONTROL_SET, {0, NAN, INFINITY}},
        {"set up=0", CONTROL_SET, {NAN, 0, NAN}},
        {"set up=1kbit/s rtt=60s", CONTROL_SET, {60, 1000, NAN}},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct control_order order;
        struct error error = {0};
        if (controlline_parse(good[i].line, &order, &error))
            fail_msg("'%s': %s", good[i].line, error.text);
        assert_int_equal(order.verb, good[i].verb);
        for (int c = 0; c < N_LINK_COLUMNS; c++)
            assert_true(order.values[c] == good[i].values[c] ||
                        (isnan(order.values[c]) && isnan(good[i].values[c])));
    }
    static const struct {
        const char *line, *message;
    } bad[] = {
        {"", "is none of set"},
        {" ", "is none of set"},
        {"stop", "'stop' is none of set"},
        {"states", "'states' is none of set"},
        {"state now", "'now' after state"},
        {"play rtt=1", "'rtt=1' after play"},
        {"set", "set what?"},
        {"set rtt", "'rtt' is none of rtt=TIME"},
        {"set loss=1", "'loss' is none of rtt=TIME"},
        {"set rtt=20 rtt=30", "rtt is there twice"},
        {"set rtt=", "rtt: "},
        {"set rtt=-1", "rtt: "},
        {"set rtt=unlimited", "rtt: "},
        {"set rtt=nan", "rtt: "},
        {"set rtt=61s", "rtt: more than 60 s"},
        {"set up=999bit/s", "up: less than 1 kbit/s"},
        {"set down=fast", "down: "},
        {"set rtt=20,up=10", "rtt: "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct control_order order;
        struct error error = {0};
        if (!controlline_parse(bad[i].line, &order, &error) || !strstr(error.text, bad[i].message))
            fail_msg("'%s': '%s'", bad[i].line, error.text);
    }
    char text[CONTROL_ANSWER_SIZE];
    const struct link_state link = {20000000, {10e6, INFINITY}};
    assert_string_equal(controlline_answer(&link, text),
                        "ok rtt_s=0.02 up_bit_s=10000000 down_bit_s=unlimited");
}

/* ---- a socket */

static int server_port;

static int control_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        peer_fail("control");
    peer_patience(fd);
    return fd;
}

/* The next line that comes, without its end; a static string. */
static const char *next_line(int fd)
{
    static char line[2048];
    size_t n = 0;
    while (n + 1 < sizeof line && peer_receive(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    return line;
}

static void assert_answer(int fd, const char *order, const char *answer)
{
    assert_true(peer_send(fd, order, strlen(order)));
    const char *line = next_line(fd);
    if (strncmp(line, answer, strlen(answer)) != 0)
        fail_msg("'%s' got '%s', not '%s'", order, line, answer);
}

/* A relay with a control socket, whose path is freed by the caller. */
static struct relayed start_controlled(const char *options, char **path)
{
    char *folder = test_scratch("control");
    *path = text_format("%s/socket", folder);
    char *all = text_format("%s --control %s", options, *path);
    struct relayed link = relayed_start(server_port, all);
    free(all);
    free(folder);
    return link;
}

static void test_socket(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 30 --up 10", &path);
    int a = control_connect(path), b = control_connect(path);
    assert_answer(a, "state\n", "ok rtt_s=0.03 up_bit_s=10000000 down_bit_s=unlimited");
    assert_answer(b, "set rtt=5ms down=50\n", "ok rtt_s=0.005 up_bit_s=10000000 down_bit_s=5000");
    assert_answer(a, "state\n", "ok rtt_s=0.005 up_bit_s=10000000 down_bit_s=50000000");
    assert_answer(a, "set rtt=1h\n", "error: rtt: more than 60 s");
    /* in parts, several at once, an empty line, the end of a line in two styles */
    assert_true(peer_send(a, "sta", 3));
    assert_answer(b, "state\nplay\r\n\n", "ok rtt_s=0.005");
    assert_string_equal(next_line(b), "ok rtt_s=0.03 up_bit_s=10000000 down_bit_s=unlimited");
    assert_string_equal(next_line(b), "error: '' is none of set rtt=.. up=.. down=.., state, play");
    assert_answer(a, "te\n", "ok rtt_s=0.03");
    /* hostile: too long, zero bytes, gone before the answer */
    char overlong[5000];
    memset(overlong, 'x', sizeof overlong);
    overlong[4999] = '\n';
    assert_true(peer_send(a, overlong, sizeof overlong));
    assert_string_equal(next_line(a), "error: the line is too long");
    assert_true(peer_send(a, "set\0rtt=1\n", 10));
    assert_string_equal(next_line(a), "error: the line holds a zero byte");
    for (int i = 0; i < 50; i++) {
        int c = control_connect(path);
        peer_send(c, "state\nstate\nstate\n", 18);
        close(c);
    }
    assert_answer(a, "state\n", "ok rtt_s=0.03");
    /* the last line needs no end */
    assert_true(peer_send(b, "set rtt=7ms", 11));
    shutdown(b, SHUT_WR);
    assert_string_equal(next_line(b), "ok rtt_s=0.007 up_bit_s=10000000 down_bit_s=unlimited");
    close(b);
    assert_answer(a, "state\n", "ok rtt_s=0.007");
    close(a);
    free(relayed_stop(&link));
    struct stat info;
    assert_int_equal(stat(path, &info), -1); /* removed */
    free(path);
}

/* Who asks and never reads is dropped, not waited for. */
static void test_client_that_does_not_read(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 1", &path);
    int a = control_connect(path), b = control_connect(path);
    const struct timeval patience = {.tv_usec = 100000};
    setsockopt(a, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    for (int i = 0; i < 100000 && peer_send(a, "state\n", 6); i++)
        ;
    assert_answer(b, "state\n", "ok rtt_s=0.001");
    close(a);
    close(b);
    free(relayed_stop(&link));
    free(path);
}

/* What stands at the path: a socket that nobody listens on is replaced, all else is left alone. */
static void test_what_is_there(void **state)
{
    (void)state;
    char *path, *err, *folder = test_scratch("control");
    struct relayed link = start_controlled("--rtt 1", &path);
    char *command = text_format("timeout 10 %s/bin/rnnlink --listen 127.0.0.1:0 --to 127.0.0.1:9 "
                                "--rtt 1 --control %s",
                                test_build(), path);
    assert_int_equal(test_shell(command, NULL, &err), 1); /* another one, while this one runs */
    assert_non_null(strstr(err, "somebody listens on"));
    free(err);
    kill(link.pid, SIGKILL);
    test_stop(link.pid);
    relayed_forget(link.pid);
    free(link.err);
    struct stat info;
    assert_int_equal(stat(path, &info), 0); /* stale */
    char *options = text_format("--rtt 2 --control %s", path);
    link = relayed_start(server_port, options);
    int fd = control_connect(path);
    assert_answer(fd, "state\n", "ok rtt_s=0.002");
    close(fd);
    free(relayed_stop(&link));
    free(options);
    free(command);
    free(path);

    path = test_write(folder, "file", "precious");
    static const char *const messages[] = {"is there and is no socket", "at most 107 bytes",
                                           "no socket at"};
    char *paths[] = {path, text_format("%s/%0120d", folder, 0),
                     text_format("%s/nowhere/socket", folder)};
    for (int i = 0; i < 3; i++) {
        command = text_format("timeout 10 %s/bin/rnnlink --listen 127.0.0.1:0 --to 127.0.0.1:9 "
                              "--rtt 1 --control %s",
                              test_build(), paths[i]);
        assert_true(test_shell(command, NULL, &err) > 0);
        if (!strstr(err, messages[i]))
            fail_msg("%s: %s", paths[i], err);
        free(err);
        free(command);
    }
    char *text = test_read(path);
    assert_string_equal(text, "precious");
    free(text);
    for (int i = 0; i < 3; i++)
        free(paths[i]);
    free(folder);
}

/* ---- standard input */

struct piped {
    pid_t pid;
    int port, to, from;
};

/* Starts rnnlink with pipes for its standard input and output. */
static struct piped start_piped(const char *options)
{
    struct piped piped = {0};
    int in[2], out[2];
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    char *command = text_format("exec %s/bin/rnnlink --listen 127.0.0.1:0 --to 127.0.0.1:%d "
                                "--control - %s 2>/dev/null",
                                test_build(), server_port, options);
    fflush(NULL);
    piped.pid = fork();
    if (piped.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) {
            close(in[i]);
            close(out[i]);
        }
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    relayed_remember(piped.pid);
    close(in[0]);
    close(out[1]);
    piped.to = in[1];
    piped.from = out[0];
    free(command);
    return piped;
}

/* The next line of its output; a static string. */
static const char *piped_line(const struct piped *piped)
{
    static char line[4096];
    size_t n = 0;
    while (n + 1 < sizeof line && read(piped->from, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
    return line;
}

static void test_standard_input(void **state)
{
    (void)state;
    struct piped piped = start_piped("--rtt 10 --json");
    assert_int_equal(sscanf(piped_line(&piped), "listening on 127.0.0.1:%d", &piped.port), 1);
    assert_int_equal(write(piped.to, "set up=3\nstate\nquit\n", 20), 20);
    const char *answer = "ok rtt_s=0.01 up_bit_s=3000000 down_bit_s=unlimited";
    assert_string_equal(piped_line(&piped), answer);
    assert_string_equal(piped_line(&piped), answer);
    assert_non_null(strstr(piped_line(&piped), "error: 'quit' is none of"));
    /* its end is the end, and a clean one */
    close(piped.to);
    assert_non_null(strstr(piped_line(&piped), "{\"schema\":\"rnnmap.link/1\""));
    int ended = -1;
    assert_int_equal(waitpid(piped.pid, &ended, 0), piped.pid);
    relayed_forget(piped.pid);
    assert_int_equal(ended, 0);
    close(piped.from);

    char *err, *command = text_format("timeout 10 %s/bin/rnnlink --listen 127.0.0.1:0 --to "
                                      "127.0.0.1:9 --rtt 1 --control - </dev/null",
                                      test_build());
    assert_int_equal(test_shell(command, NULL, &err), 1);
    assert_non_null(strstr(err, "give it a pipe"));
    free(err);
    free(command);
}

/* ---- what it does to bytes */

/* A transfer in a process of its own, so that orders can be given meanwhile. */
static pid_t transfer_beside(int port, char verb, size_t n, double *took_s)
{
    pid_t pid = fork();
    if (pid == 0) {
        *took_s = transfer(peer_connect(port), verb, n, NULL);
        _exit(0);
    }
    return pid;
}

static double *shared_double(void)
{
    double *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return shared;
}

/* The bytes that are under way go on at the new rate at once: what has passed is the integral of
 * the rate, an outage included. */
static void test_change_during_a_transfer(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 0 --up 1 --down 1", &path);
    double *took_s = shared_double();
    int control = control_connect(path);
    for (int v = 0; v < 2; v++) {
        char verb = "tg"[v];
        double error_s = INFINITY, asked_s = 0;
        for (int attempt = 0; attempt < 3 && fabs(error_s) > 0.005; attempt++) {
            assert_answer(control, "set up=1 down=1\n", "ok");
            int64_t start = clock_ns();
            pid_t pid = transfer_beside(link.port, verb, 100000, took_s);
            clock_sleep_ns(200000000);
            assert_answer(control, "set up=0 down=0\n", "ok");
            double passed_s = peer_seconds(start); /* about 25 kB */
            clock_sleep_ns(100000000);
            assert_answer(control, "set up=8 down=8\n", "ok");
            double resumed_s = peer_seconds(start);
            waitpid(pid, NULL, 0);
            asked_s = resumed_s + (100000 - passed_s * 1e6 / 8) / 1e6;
            if (fabs(*took_s - asked_s) < fabs(error_s))
                error_s = *took_s - asked_s;
        }
        print_message("100 kB %s through 1, 0 and 8 Mbit/s: %.4f s, %+.4f off\n", v ? "down" : "up",
                      asked_s, error_s);
        assert_took(asked_s + error_s, asked_s, 0.015);
    }
    munmap(took_s, sizeof *took_s);
    close(control);
    free(relayed_stop(&link));
    free(path);
}

/* What was taken at a slow rate does not keep its slow times when the rate rises. */
static void test_backlog_of_a_slow_link(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 0", &path);
    double *took_s = shared_double(), least_s = INFINITY;
    int control = control_connect(path);
    for (int i = 0; i < 3 && least_s > 0.2; i++) {
        assert_answer(control, "set up=8kbit/s\n", "ok"); /* a byte takes 1 ms */
        pid_t pid = transfer_beside(link.port, 't', 1000, took_s);
        clock_sleep_ns(100000000);
        assert_answer(control, "set up=8\n", "ok");
        waitpid(pid, NULL, 0);
        least_s = fmin(least_s, *took_s);
    }
    print_message("1000 bytes that waited at 1 kB/s: %.4f s (asked 0.101)\n", least_s);
    assert_took(least_s, 0.1, 0.1);
    munmap(took_s, sizeof *took_s);
    close(control);
    free(relayed_stop(&link));
    free(path);
}

/* A connection that was opened at a low rate is as fast as any when the rate is high, and the other
 * way round. */
static void test_rates_on_one_connection(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 5 --up 1 --down 1", &path);
    int control = control_connect(path), fd = peer_connect(link.port);
    static const struct {
        const char *order;
        size_t n_bytes;
        double asked_s;
    } rows[] = {{"set up=1 down=1\n", 20000, 0.165},
                {"set up=200 down=200\n", 5000000, 0.205},
                {"set up=unlimited down=unlimited\n", 1000000, 0.005},
                {"set up=2 down=2\n", 40000, 0.165},
                {"set up=100 down=100\n", 2500000, 0.205}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_answer(control, rows[i].order, "ok");
        for (int v = 0; v < 2; v++) {
            double least_s = INFINITY;
            for (int k = 0; k < 3 && least_s > 1.05 * rows[i].asked_s; k++)
                least_s = fmin(least_s, transfer(fd, "tg"[v], rows[i].n_bytes, NULL));
            print_message("%zu bytes %s, %.*s: %.4f s (asked %.4f)\n", rows[i].n_bytes,
                          v ? "down" : "up", (int)strlen(rows[i].order) - 1, rows[i].order, least_s,
                          rows[i].asked_s);
            assert_took(least_s, rows[i].asked_s, 0.1 * rows[i].asked_s + 0.02);
        }
    }
    close(fd);
    close(control);
    free(relayed_stop(&link));
    free(path);
}

/* The first transfer after a fall of the rate is as fast as the later ones: what the peer was
 * offered before is not thrown away. */
static void test_first_transfer_after_a_fall(void **state)
{
    (void)state;
    enum { N_BYTES = 300000 };
    char *path;
    struct relayed link = start_controlled("--rtt 10", &path);
    int control = control_connect(path), fd = peer_connect(link.port);
    for (int v = 0; v < 2; v++) {
        double least_s = INFINITY, asked_s = 0.01 + N_BYTES * 8 / 20e6;
        for (int k = 0; k < 3 && least_s > 1.05 * asked_s; k++) { /* a stall is no failure */
            assert_answer(control, "set up=unlimited down=unlimited\n", "ok");
            transfer(fd, "tg"[v], 2 * N_BYTES, NULL);
            assert_answer(control, "set up=20 down=20\n", "ok");
            least_s = fmin(least_s, transfer(fd, "tg"[v], N_BYTES, NULL));
        }
        print_message("the first %d bytes %s at 20 Mbit/s: %.4f s (asked %.4f)\n", N_BYTES,
                      v ? "down" : "up", least_s, asked_s);
        assert_took(least_s, asked_s, 0.1 * asked_s + 0.02);
    }
    close(fd);
    close(control);
    free(relayed_stop(&link));
    free(path);
}

/* A connection that is asked for in an outage begins when it ends. */
static void test_handshake_in_an_outage(void **state)
{
    (void)state;
    char *path;
    struct relayed link = start_controlled("--rtt 40", &path);
    double *took_s = shared_double();
    int control = control_connect(path);
    assert_answer(control, "set up=0\n", "ok");
    int64_t start = clock_ns();
    pid_t pid = transfer_beside(link.port, 't', 10, took_s);
    clock_sleep_ns(100000000);
    assert_answer(control, "play\n", "ok");
    double resumed_s = peer_seconds(start);
    waitpid(pid, NULL, 0);
    print_message("%.4f s after the outage of %.4f s (asked 0.08)\n", *took_s - resumed_s,
                  resumed_s);
    assert_took(*took_s - resumed_s, 0.08, 0.03);
    munmap(took_s, sizeof *took_s);
    close(control);
    free(relayed_stop(&link));
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test_teardown(test_socket, relayed_teardown),
        cmocka_unit_test_teardown(test_client_that_does_not_read, relayed_teardown),
        cmocka_unit_test_teardown(test_what_is_there, relayed_teardown),
        cmocka_unit_test_teardown(test_standard_input, relayed_teardown),
        cmocka_unit_test_teardown(test_change_during_a_transfer, relayed_teardown),
        cmocka_unit_test_teardown(test_backlog_of_a_slow_link, relayed_teardown),
        cmocka_unit_test_teardown(test_rates_on_one_connection, relayed_teardown),
        cmocka_unit_test_teardown(test_first_transfer_after_a_fall, relayed_teardown),
        cmocka_unit_test_teardown(test_handshake_in_an_outage, relayed_teardown),
    };
    signal(SIGPIPE, SIG_IGN);
    pid_t server = peer_serve(fulfil, &server_port);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    peer_end(server);
    return failed;
}
