// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve among clients that do everything wrong: requests from a fuzzer, slow ones, lies about
 * lengths, a thousand connections at once. Every one is answered in the protocol's way, and one
 * that behaves is served all the while. Under the sanitizers (make check-asan) the server's exit
 * status tells what they found. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "endpoint/message.h"
#include "endpoint/test/wire.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 20260131, MAX_REQUEST = 16384, N_CROWD = 1000 };

#define INFER "/v2/models/t/infer"
#define TOKENS \
    "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"INT64\",\"shape\":[1,3],\"data\":[0,9,5]}]}"

struct running {
    pid_t pid;
    int port;
};

static struct running start(const char *options)
{
    struct running server;
    char *command = text_format(
        "%s/bin/rnnserve --listen 127.0.0.1:0 --model t=dnnl:hidden=8,input=4,vocabulary=10 "
        "--model f=dnnl:cell=gru,hidden=4,input=2 %s",
        test_build(), options);
    char *line = test_start(command, &server.pid);
    if (!line)
        fail_msg("%s does not start", command);
    server.port = wire_port_of(line);
    free(command);
    free(line);
    return server;
}

static void stop(struct running server)
{
    assert_int_equal(waitpid(server.pid, NULL, WNOHANG), 0);
    assert_int_equal(test_stop(server.pid), 0);
}

/* ---- answers ---- */

/* All that comes until the server closes; *n bytes and a NUL. */
static char *read_all(int fd, double seconds, size_t *n)
{
    size_t capacity = 65536;
    char *bytes = malloc(capacity);
    int64_t end_ns = clock_ns() + (int64_t)(seconds * 1e9);
    for (*n = 0; clock_ns() < end_ns;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        if (poll(&ready, 1, 100) <= 0)
            continue;
        if (capacity - *n < 4096)
            bytes = realloc(bytes, capacity *= 2);
        ssize_t got = recv(fd, bytes + *n, capacity - *n - 1, 0);
        if (got <= 0)
            break;
        *n += (size_t)got;
    }
    bytes[*n] = '\0';
    return bytes;
}

/* Whether these are whole answers one after the other, each refusal with an error in the protocol's
 * form; the last status, or what is wrong. */
static const char *check_answers(const char *bytes, size_t n, int *n_answers, int *last)
{
    for (*n_answers = 0; n > 0;) {
        const char *end = strstr(bytes, "\r\n\r\n");
        if (strncmp(bytes, "HTTP/1.1 ", 9) != 0 || !end)
            return "no answer of HTTP";
        *last = atoi(bytes + 9);
        size_t n_head = (size_t)(end + 4 - bytes), n_body = 0;
        if (*last != 100) {
            const char *length = strcasestr(bytes, "\r\nContent-Length: ");
            if (!length || length > end)
                return "an answer without its length";
            n_body = (size_t)atoll(length + 18);
            ++*n_answers;
        }
        if (n < n_head + n_body)
            return "an answer that is not whole";
        char *words = *last >= 400 ? message_read_error(bytes + n_head, n_body) : NULL;
        bool told = *last < 400 || (words && *words);
        free(words);
        if (!told)
            return "a refusal without an error";
        bytes += n_head + n_body;
        n -= n_head + n_body;
    }
    return NULL;
}

/* ---- the client that behaves ---- */

struct good_client {
    int port;
    pthread_t thread;
    atomic_bool ending;
    size_t n_served;
    double slowest_s;
    char wrong[1024];
};

static void *behave(void *user)
{
    struct good_client *client = user;
    char *request =
        text_format("POST " INFER " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
                    strlen(TOKENS), TOKENS);
    int fd = wire_connect(client->port);
    char *first = NULL;
    while (!atomic_load(&client->ending) && !*client->wrong) {
        int64_t start_ns = clock_ns();
        bool sent = wire_send(fd, request, strlen(request));
        char *answer = wire_read_answer(fd, 20);
        const char *body = strstr(answer, "\r\n\r\n");
        double took_s = (double)(clock_ns() - start_ns) / 1e9;
        if (!sent || strncmp(answer, "HTTP/1.1 200 ", 13) != 0 || !body ||
            (first && strcmp(first, body) != 0))
            snprintf(client->wrong, sizeof client->wrong, "after %zu: '%.900s'", client->n_served,
                     answer);
        else if (!first)
            first = text_copy(body);
        client->n_served++;
        client->slowest_s = took_s > client->slowest_s ? took_s : client->slowest_s;
        free(answer);
        clock_sleep_ns(1000000);
    }
    close(fd);
    free(first);
    free(request);
    return NULL;
}

static void begin_to_behave(struct good_client *client, int port)
{
    *client = (struct good_client){.port = port};
    pthread_create(&client->thread, NULL, behave, client);
}

static void end_behaving(struct good_client *client)
{
    atomic_store(&client->ending, true);
    pthread_join(client->thread, NULL);
    if (*client->wrong)
        fail_msg("the client that behaves: %s", client->wrong);
    print_message("meanwhile %zu good requests, the slowest %.1f ms\n", client->n_served,
                  client->slowest_s * 1e3);
    assert_true(client->n_served > 0);
}

/* ---- the fuzzer ---- */

#define HEAD(path, more) \
    "POST " path " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" more

static const struct text {
    const char *bytes;
    size_t n;
} seeds[] = {
#define TEXT(literal)               \
    {                               \
        literal, sizeof literal - 1 \
    }
    TEXT(HEAD(INFER, "Content-Length: 77\r\n\r\n") TOKENS),
    TEXT(HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"in\r\n4c;x=y\r\nputs\":[{\"name\":"
                     "\"input\",\"datatype\":\"INT64\",\"shape\":[1,3],\"data\":[0,9,5]}]}\r\n0\r\n"
                     "A: b\r\n\r\n")),
    TEXT(HEAD("/v2/models/f/infer",
              "Content-Length: 92\r\n\r\n") "{\"inputs\":[{\"name\":\"input\","
                                            "\"datatype\":\"FP32\",\"shape\":[1,2,2],\"data\":[[[1,"
                                            "0.5],[-1,1e-3]]]}]}"),
    TEXT("POST " INFER " HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: 99\r\n"
         "Content-Length: 115\r\n\r\n{\"inputs\":[{\"name\":\"input\",\"shape\":[1,2],\"datatype\":"
         "\"INT64\",\"parameters\":{\"binary_data_size\":16}}]}\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"),
    TEXT("POST " INFER " HTTP/1.1\r\nHost: x\r\nInference-Header-Content-Length: 0\r\n"
         "Content-Length: 8\r\n\r\n\7\0\0\0\0\0\0\0"),
    TEXT("GET /v2/models/t/versions/1 HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"),
    TEXT("GET /v2/models/stats HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /metrics HTTP/1.1\r\n"
         "Host: x\r\n\r\n"),
    TEXT("POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
         "2\r\n\r\n{}"),
    TEXT("GET http://x/v2/rnnmap/filler/100 HTTP/1.1\r\nHost: x\r\n\r\n"),
};
static const struct text dictionary[] = {
    TEXT("\r\n"),
    TEXT("\r\n\r\n"),
    TEXT("\n"),
    TEXT("\0"),
    TEXT("Content-Length: 18446744073709551615\r\n"),
    TEXT("Content-Length: 70000\r\n"),
    TEXT("Content-Length: 0\r\n"),
    TEXT("Transfer-Encoding: chunked\r\n"),
    TEXT("Transfer-Encoding: gzip, chunked\r\n"),
    TEXT("Expect: 100-continue\r\n"),
    TEXT("Connection: close\r\n"),
    TEXT("Inference-Header-Content-Length: 9223372036854775807\r\n"),
    TEXT("Inference-Header-Content-Length: 3\r\n"),
    TEXT("ffffffffffffffff\r\n"),
    TEXT("HTTP/1.0"),
    TEXT("HTTP/2.0"),
    TEXT("/../%2e%2e/%00%zz%"),
    TEXT("[[[[[[[[[[[[[[[["),
    TEXT("\"data\":"),
    TEXT("{\"parameters\":{\"binary_data_size\":4611686018427387904}}"),
    TEXT("-9223372036854775809"),
    TEXT("1e999"),
    TEXT("NaN"),
    TEXT("\"\\u0000\\ud800\""),
    TEXT("\xff\xfe\xc0\x80"),
#undef TEXT
};

struct request {
    char bytes[MAX_REQUEST];
    size_t n;
};

/* Puts `n` bytes in place of `n_old` at `at`, as far as there is room. */
static void replace(struct request *request, size_t at, size_t n_old, const char *bytes, size_t n)
{
    if (request->n - n_old + n > MAX_REQUEST)
        return;
    memmove(request->bytes + at + n, request->bytes + at + n_old, request->n - at - n_old);
    memmove(request->bytes + at, bytes, n);
    request->n = request->n - n_old + n;
}

static void mutate(struct request *request, struct random *random)
{
    char copy[256];
    size_t at = (size_t)random_below(random, request->n + 1), left = request->n - at;
    size_t some = left > 0 ? (size_t)random_below(random, left < 64 ? left : 64) + 1 : 0;
    const struct text *word =
        &dictionary[random_below(random, sizeof dictionary / sizeof dictionary[0])];
    switch (random_below(random, 7)) {
    case 0: /* another bit */
        if (left > 0)
            request->bytes[at] = (char)(request->bytes[at] ^ (1 << random_below(random, 8)));
        break;
    case 1: /* another byte */
        copy[0] = (char)random_u64(random);
        replace(request, at, left > 0, copy, 1);
        break;
    case 2: /* some bytes less */
        replace(request, at, some, "", 0);
        break;
    case 3: /* some bytes twice */
        memcpy(copy, request->bytes + at, some);
        replace(request, at, 0, copy, some);
        break;
    case 4: /* a word that means something somewhere */
        replace(request, at, 0, word->bytes, word->n);
        break;
    case 5: /* in place of something */
        replace(request, at, some, word->bytes, word->n);
        break;
    case 6: /* an early end */
        if (random_below(random, 4) == 0)
            request->n = at;
        break;
    }
}

static void make_request(struct request *request, struct random *random)
{
    uint64_t n_seeds = 1 + random_below(random, 2), n_mutations = random_below(random, 8);
    request->n = 0;
    for (uint64_t i = 0; i < n_seeds; i++) {
        const struct text *seed = &seeds[random_below(random, sizeof seeds / sizeof seeds[0])];
        replace(request, request->n, 0, seed->bytes, seed->n);
    }
    for (uint64_t i = 0; i < n_mutations; i++)
        mutate(request, random);
    if (request->n == 0)
        request->bytes[request->n++] = '\r';
}

/* Sends it in one piece or several, says that there is no more, and takes what is answered. */
static char *exchange(int port, const struct request *request, struct random *random, size_t *n)
{
    int fd = wire_connect(port);
    for (size_t at = 0; at < request->n;) {
        size_t left = request->n - at;
        size_t piece = random_below(random, 3) == 0 ? (size_t)random_below(random, left) + 1 : left;
        if (!wire_send(fd, request->bytes + at, piece))
            break;
        at += piece;
    }
    shutdown(fd, SHUT_WR);
    char *answer = read_all(fd, 20, n);
    close(fd);
    return answer;
}

static void test_fuzzed_requests(void **state)
{
    struct running server = start("--max-body 64KiB --max-length 50 --workers 2");
    struct random random = {.state = SEED};
    struct good_client good;
    size_t counts[6] = {0}, n_requests = test_long() ? 10000 : 1000;
    (void)state;
    begin_to_behave(&good, server.port);
    for (size_t i = 0; i < n_requests; i++) {
        struct request request;
        size_t n;
        int n_answers = 0, last = 0;
        make_request(&request, &random);
        char *answer = exchange(server.port, &request, &random, &n);
        const char *wrong = check_answers(answer, n, &n_answers, &last);
        if (wrong || n_answers == 0)
            fail_msg("seed %d, request %zu: %s: '%.*s' was answered with '%s'", SEED, i,
                     wrong ? wrong : "no answer", (int)request.n, request.bytes, answer);
        counts[last / 100]++;
        free(answer);
    }
    end_behaving(&good);
    print_message("seed %d: of %zu requests %zu ended well, %zu in 4xx, %zu in 5xx\n", SEED,
                  n_requests, counts[2], counts[4], counts[5]);
    assert_true(counts[2] > n_requests / 50 && counts[4] > n_requests / 2);
    stop(server);
}

/* ---- those who take their time, and those who lie ---- */

static void ask_expecting(int port, const char *request, bool ends, int status, const char *word)
{
    size_t n;
    int n_answers, last = 0, fd = wire_connect(port);
    wire_send(fd, request, strlen(request));
    if (ends)
        shutdown(fd, SHUT_WR);
    char *answer = read_all(fd, 10, &n);
    const char *wrong = check_answers(answer, n, &n_answers, &last);
    if (wrong || last != status || !strstr(answer, word))
        fail_msg("'%s': wanted %d and '%s', got '%s'", request, status, word, answer);
    close(fd);
    free(answer);
}

static void test_lies_about_lengths(void **state)
{
    static const struct {
        const char *request;
        bool ends;
        int status;
        const char *word;
    } cases[] = {
        {HEAD(INFER, "Content-Length: 90\r\n\r\n") TOKENS, true, 400, "ends within its body"},
        {HEAD(INFER, "Content-Length: 90\r\n\r\n") TOKENS, false, 408, "body has not arrived"},
        {HEAD(INFER, "Content-Length: 70\r\n\r\n") TOKENS, true, 400, "ends within its head"},
        {HEAD(INFER, "Content-Length: 9"), true, 400, "ends within its head"},
        {HEAD(INFER, "Content-Length: 9"), false, 408, "head has not arrived"},
        {"\r", false, 408, "head has not arrived"},
        {HEAD(INFER, "Content-Length: 77\r\nContent-Length: 77\r\n\r\n") TOKENS, true, 400,
         "twice"},
        {HEAD(INFER, "Content-Length: 77, 80\r\n\r\n") TOKENS, true, 400, "not a count"},
        {HEAD(INFER, "Content-Length: +77\r\n\r\n") TOKENS, true, 400, "not a count"},
        {HEAD(INFER, "Content-Length: 18446744073709551616\r\n\r\n"), true, 400, "not a count"},
        {HEAD(INFER, "Content-Length: 18446744073709551615\r\n\r\n"), true, 413, "over the limit"},
        {HEAD(INFER, "Content-Length: 77\r\nTransfer-Encoding: chunked\r\n\r\n") TOKENS, true, 400,
         "two ways"},
        {HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\n-5\r\n"), true, 400, "malformed"},
        {HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"), true, 400,
         "malformed"},
        {HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"inputs\"\r\n0\r\n\r\n"), true, 400,
         "malformed"},
        {HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"inp"), true, 400,
         "within its body"},
        {HEAD(INFER, "Transfer-Encoding: identity\r\n\r\n"), true, 501, "identity"},
        {HEAD(INFER, "Inference-Header-Content-Length: 78\r\nConnection: close\r\n"
                     "Content-Length: 77\r\n\r\n") TOKENS,
         true, 400, "only 77 bytes"},
        {HEAD(INFER, "Inference-Header-Content-Length: -1\r\nConnection: close\r\n"
                     "Content-Length: 77\r\n\r\n") TOKENS,
         true, 400, "count of bytes"},
        {"GET /v2 HTTP/1.1\r\n\r\n", true, 400, "Host"},
        {"GET /v2 HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nConnection: close\r\n\r\n", true, 417,
         "100-continue"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", true, 505, "HTTP/1.1"},
    };
    struct running server = start("--max-body 64KiB --head-timeout 300ms --timeout 600ms");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ask_expecting(server.port, cases[i].request, cases[i].ends, cases[i].status, cases[i].word);
    stop(server);
}

/* Who still sends when it is refused sees why: closing at once would make the system fail
 * its sending, and many look no further. */
static void test_answers_to_those_who_still_send(void **state)
{
    enum { N = 1 << 20 };
    static const char *const heads[] = {
        HEAD(INFER, "Content-Length: 1000000000000\r\n\r\n"),
        HEAD(INFER, "Transfer-Encoding: chunked\r\n\r\nwrong\r\n"),
        "nonsense\r\n\r\n",
    };
    struct running server = start("--max-body 64KiB");
    char *bytes = calloc(1, N);
    (void)state;
    memset(bytes, 'x', N);
    for (size_t i = 0; i < 3 * sizeof heads / sizeof heads[0]; i++) {
        size_t n;
        int n_answers = 0, last = 0, fd = wire_connect(server.port);
        wire_send(fd, heads[i / 3], strlen(heads[i / 3]));
        for (int k = 0; k < 4; k++)
            assert_true(wire_send(fd, bytes, N));
        char *answer = read_all(fd, 5, &n);
        if (check_answers(answer, n, &n_answers, &last) || n_answers != 1 || last < 400)
            fail_msg("'%s' and more was answered with '%s'", heads[i / 3], answer);
        free(answer);
        close(fd);
    }
    free(bytes);
    stop(server);
}

/* Heads and bodies that come byte by byte are cut off in time however busy they look. */
static void test_slow_clients(void **state)
{
    enum { N_SLOW = 40 };
    static const char request[] =
        HEAD(INFER, "X: 0123456789012345678901234567890123456789\r\nContent-Length: 77\r\n\r\n")
            TOKENS;
    struct running server =
        start("--head-timeout 500ms --timeout 800ms --workers 1 --max-connections 64");
    struct good_client good;
    int fds[N_SLOW];
    (void)state;
    begin_to_behave(&good, server.port);
    size_t n_head = strlen(request) - strlen(TOKENS);
    for (size_t i = 0; i < N_SLOW; i++) { /* half of them with the head in one piece */
        fds[i] = wire_connect(server.port);
        wire_send(fds[i], request, i % 2 ? n_head : 1);
    }
    for (size_t k = 1; k < 20; k++) { /* a byte each 50 ms: 1 s in all */
        clock_sleep_ns(50000000);
        for (size_t i = 0; i < N_SLOW; i++)
            wire_send(fds[i], request + (i % 2 ? n_head : 1) + k - 1, 1);
    }
    for (size_t i = 0; i < N_SLOW; i++) {
        size_t n;
        int n_answers, last = 0;
        char *answer = read_all(fds[i], 5, &n);
        const char *wrong = check_answers(answer, n, &n_answers, &last);
        if (wrong || last != 408 || !strstr(answer, i % 2 ? "body" : "head"))
            fail_msg("a slow %s was answered with '%s'", i % 2 ? "body" : "head", answer);
        free(answer);
        close(fds[i]);
    }
    end_behaving(&good);
    stop(server);
}

/* ---- a crowd ---- */

static bool may_open(rlim_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return false;
    if (limit.rlim_cur < n)
        limit.rlim_cur = n < limit.rlim_max ? n : limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= n;
}

/* Connects a thousand times, asks on all, then reads from all; how many were answered well, how
 * many not now. */
static void crowd(int port, size_t *n_well, size_t *n_not_now)
{
    static int fds[N_CROWD];
    char *request = text_format(HEAD(INFER, "Connection: close\r\nContent-Length: %zu\r\n\r\n%s"),
                                strlen(TOKENS), TOKENS);
    *n_well = *n_not_now = 0;
    for (size_t i = 0; i < N_CROWD; i++)
        fds[i] = wire_connect(port);
    for (size_t i = 0; i < N_CROWD; i++)
        wire_send(fds[i], request, strlen(request));
    for (size_t i = 0; i < N_CROWD; i++) {
        size_t n;
        int n_answers = 0, last = 0;
        char *answer = read_all(fds[i], 20, &n);
        const char *wrong = check_answers(answer, n, &n_answers, &last);
        if (wrong || n_answers != 1 || (last != 200 && last != 503) ||
            (last == 503 && !strstr(answer, "\r\nRetry-After: ")))
            fail_msg("connection %zu: %s: '%s'", i, wrong ? wrong : "no answer", answer);
        *n_well += last == 200;
        *n_not_now += last == 503;
        free(answer);
        close(fds[i]);
    }
    free(request);
}

static void test_a_thousand_connections(void **state)
{
    struct good_client good;
    size_t n_well, n_not_now;
    (void)state;
    if (!may_open(N_CROWD + 100)) {
        print_message("skipped: the system allows too few open files\n");
        skip();
    }
    struct running server = start("--max-queue 2000");
    begin_to_behave(&good, server.port);
    crowd(server.port, &n_well, &n_not_now);
    assert_int_equal(n_well, N_CROWD);
    end_behaving(&good);
    stop(server);
    server = start("--max-connections 100 --max-queue 100");
    begin_to_behave(&good, server.port);
    clock_sleep_ns(100000000); /* until it is connected */
    crowd(server.port, &n_well, &n_not_now);
    print_message("%zu of %d answered, %zu told to come again\n", n_well, N_CROWD, n_not_now);
    assert_true(n_well > 0);
    end_behaving(&good);
    stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fuzzed_requests),
        cmocka_unit_test(test_lies_about_lengths),
        cmocka_unit_test(test_answers_to_those_who_still_send),
        cmocka_unit_test(test_slow_clients),
        cmocka_unit_test(test_a_thousand_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
