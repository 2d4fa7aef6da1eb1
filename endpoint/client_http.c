// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/client_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/units.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http {
    CURL *curl;
    struct curl_slist *json_headers;   /* of a request in JSON alone */
    struct curl_slist *binary_headers; /* of one with binary tensors; NULL: none was sent */
    size_t n_json;                     /* where its JSON ends, as they say */
    struct message_text answer;
    struct http_result result;
    int64_t opening_ns; /* when the connection's opening began; 0: it was open */
    int n_sendings;     /* how often the request went out */
    bool too_large;
    char why[CURL_ERROR_SIZE];
};

/* libcurl wants its process-wide set-up once, before any thread uses it. */
static pthread_once_t set_up_once = PTHREAD_ONCE_INIT;

static void set_up(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/*
 * Called after each write to and each read from the connection. This is the one place where libcurl
 * tells what went over the wire and when: its own counters leave out heads, or count a body that
 * was written along with its head twice, and 7.88 has no time for the end of sending.
 */
static int tap(CURL *curl, curl_infotype kind, char *bytes, size_t n, void *user)
{
    struct http_result *result = user;
    (void)curl;
    (void)bytes;
    switch (kind) {
    case CURLINFO_HEADER_OUT:
    case CURLINFO_DATA_OUT:
        result->last_sent_ns = clock_ns();
        result->bytes_up += n;
        break;
    case CURLINFO_HEADER_IN:
    case CURLINFO_DATA_IN:
        result->last_read_ns = clock_ns();
        if (!result->first_read_ns)
            result->first_read_ns = result->last_read_ns;
        result->bytes_down += n;
        break;
    default:
        break;
    }
    return 0;
}

/* Called for each socket before it is connected; of several addresses the last one tried counts. */
static int note_opening(void *user, curl_socket_t fd, curlsocktype purpose)
{
    struct http *http = user;
    (void)fd;
    (void)purpose;
    http->opening_ns = clock_ns();
    return CURL_SOCKOPT_OK;
}

static int note_ready(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct http *http = user;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    http->result.ready_ns = clock_ns();
    http->n_sendings++;
    return CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *user)
{
    struct http *http = user;
    struct message_text *answer = &http->answer;
    n *= size;
    if (n > HTTP_MAX_ANSWER - answer->n) {
        http->too_large = true;
        return 0;
    }
    if (n > answer->capacity - answer->n) {
        size_t wanted = answer->n + answer->n / 2 + n;
        char *grown = realloc(answer->bytes, wanted);
        if (!grown)
            return 0;
        answer->bytes = grown;
        answer->capacity = wanted;
    }
    memcpy(answer->bytes + answer->n, bytes, n);
    answer->n += n;
    return n;
}

/* The value behind "NAME:" in a line of a head, *n bytes; NULL when it is another line. */
static const char *header_value(const char *line, const char *name, size_t *n)
{
    size_t length = strlen(name);
    if (*n <= length || strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    *n -= length + 1;
    return line + length + 1;
}

/* A count of bytes, or SIZE_MAX, which is beyond any body, for anything else. */
static size_t read_length(const char *value, size_t n)
{
    char text[24];
    uint64_t length;
    for (; n > 0 && strchr(" \t", *value); n--)
        value++;
    while (n > 0 && strchr(" \t\r\n", value[n - 1]))
        n--;
    if (n >= sizeof text)
        return SIZE_MAX;
    memcpy(text, value, n);
    text[n] = '\0';
    return parse_u64(text, 0, HTTP_MAX_ANSWER, &length, NULL) ? SIZE_MAX : (size_t)length;
}

static size_t take_header(char *line, size_t size, size_t n, void *user)
{
    struct http_result *result = user;
    n *= size;
    size_t n_value = n;
    const char *value = header_value(line, "Server-Timing", &n_value);
    int64_t ns = value ? http_server_timing_ns(value, n_value) : -1;
    if (ns >= 0)
        result->server_ns = (result->server_ns < 0 ? 0 : result->server_ns) + ns;
    n_value = n;
    value = header_value(line, MESSAGE_JSON_LENGTH_HEADER, &n_value);
    if (value) {
        result->n_json = read_length(value, n_value);
        result->has_n_json = true;
    }
    return n;
}

/* What each of libcurl's outcomes means to us. Others are failures of libcurl itself. */
static const struct outcome {
    CURLcode code;
    enum client_failure failure;
    enum status status;
    const char *advice;
} outcomes[] = {
    {CURLE_URL_MALFORMAT, CLIENT_CONNECT, STATUS_INVALID, "give a URL like http://host:port"},
    {CURLE_COULDNT_RESOLVE_HOST, CLIENT_CONNECT, STATUS_IO, "check the host's name"},
    {CURLE_COULDNT_RESOLVE_PROXY, CLIENT_CONNECT, STATUS_IO, "check the variable http_proxy"},
    {CURLE_COULDNT_CONNECT, CLIENT_CONNECT, STATUS_IO,
     "check that the server runs and listens there"},
    {CURLE_GOT_NOTHING, CLIENT_CONNECT, STATUS_IO,
     "the server closed the connection without an answer; see its log"},
    {CURLE_SEND_ERROR, CLIENT_CONNECT, STATUS_IO, "the connection broke off; see the server's log"},
    {CURLE_RECV_ERROR, CLIENT_CONNECT, STATUS_IO, "the connection broke off; see the server's log"},
    {CURLE_PARTIAL_FILE, CLIENT_CONNECT, STATUS_IO,
     "the connection broke off within the answer; see the server's log"},
    {CURLE_SSL_CONNECT_ERROR, CLIENT_TLS, STATUS_IO, "check that the server speaks TLS there"},
    {CURLE_PEER_FAILED_VERIFICATION, CLIENT_TLS, STATUS_IO, "check the server's certificate"},
    {CURLE_SSL_CERTPROBLEM, CLIENT_TLS, STATUS_IO, "check the client's certificate"},
    {CURLE_SSL_CIPHER, CLIENT_TLS, STATUS_IO, "server and client have no cipher in common"},
    {CURLE_SSL_CACERT_BADFILE, CLIENT_TLS, STATUS_IO, "check the file of trusted certificates"},
    {CURLE_SSL_ISSUER_ERROR, CLIENT_TLS, STATUS_IO, "check the server's certificate"},
    {CURLE_OPERATION_TIMEDOUT, CLIENT_TIMED_OUT, STATUS_TIMEOUT,
     "check the link, or allow more time"},
    {CURLE_WRITE_ERROR, CLIENT_PROTOCOL, STATUS_PROTOCOL, "the answer is too large"},
    {CURLE_FILESIZE_EXCEEDED, CLIENT_PROTOCOL, STATUS_PROTOCOL, "the answer is too large"},
    {CURLE_UNSUPPORTED_PROTOCOL, CLIENT_PROTOCOL, STATUS_PROTOCOL,
     "check that an HTTP server listens there"},
    {CURLE_WEIRD_SERVER_REPLY, CLIENT_PROTOCOL, STATUS_PROTOCOL,
     "check that an HTTP server listens there"},
    {CURLE_HTTP2, CLIENT_PROTOCOL, STATUS_PROTOCOL, "check that an HTTP server listens there"},
    {CURLE_BAD_CONTENT_ENCODING, CLIENT_PROTOCOL, STATUS_PROTOCOL,
     "check that an HTTP server listens there"},
};

static enum status report_failure(struct http *http, const char *url, CURLcode code,
                                  struct error *error)
{
    struct outcome outcome = {code, CLIENT_PROTOCOL, STATUS_EXTERNAL, "libcurl failed"};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].code == code)
            outcome = outcomes[i];
    }
    http->result.failure = outcome.failure;
    if (http->too_large || code == CURLE_FILESIZE_EXCEEDED) /* newer libcurls look as they read */
        return error_set(error, outcome.status, "%s: the answer is over %d MiB, which is refused",
                         url, HTTP_MAX_ANSWER >> 20);
    if (code == CURLE_WRITE_ERROR)
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory for the answer", url);
    return error_set(error, outcome.status, "%s: %s; %s", url,
                     http->why[0] ? http->why : curl_easy_strerror(code), outcome.advice);
}

static enum status report_status(struct http *http, const char *url, struct error *error)
{
    char *words = message_read_error(http->answer.bytes, http->answer.n);
    http->result.failure = CLIENT_HTTP;
    error_set(error, STATUS_PROTOCOL, "%s: HTTP status %ld%s%.600s; %s", url,
              http->result.http_status, words ? ": " : "", words ? words : "",
              http->result.http_status == 404 ? "check the URL and the model's name"
                                              : "see the server's log");
    free(words);
    return STATUS_PROTOCOL;
}

/*
 * What opening the connection took. libcurl's own timers are right only if the request went out
 * once: when a kept connection was found closed they add up both attempts.
 */
static void split_opening(struct http *http, struct http_result *result)
{
    curl_off_t connected_us = 0, secured_us = 0;
    result->connect_ns = result->tls_ns = result->ready_ns ? 0 : -1;
    if (!result->ready_ns || !http->opening_ns)
        return;
    curl_easy_getinfo(http->curl, CURLINFO_CONNECT_TIME_T, &connected_us);
    curl_easy_getinfo(http->curl, CURLINFO_APPCONNECT_TIME_T, &secured_us);
    result->connect_ns = result->ready_ns - http->opening_ns;
    if (secured_us > 0 && http->n_sendings > 1) {
        result->connect_ns = result->tls_ns = -1;
    } else if (secured_us > connected_us) {
        result->tls_ns = (int64_t)(secured_us - connected_us) * 1000;
        result->connect_ns -= result->tls_ns;
    }
}

/* Whether a kept connection turned out to be closed before a byte of the answer. libcurl sends the
 * request again by itself then, but counts how often over the life of its handle and gives up. */
static bool was_stale(const struct http *http, CURLcode code)
{
    long n_connects = 0;
    curl_easy_getinfo(http->curl, CURLINFO_NUM_CONNECTS, &n_connects);
    return n_connects == 0 && http->result.first_read_ns == 0 &&
           (code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING);
}

static enum status perform(struct http *http, const char *url, struct http_result *result,
                           struct error *error)
{
    http->answer.n = 0;
    http->too_large = false;
    http->opening_ns = 0;
    http->n_sendings = 0;
    http->why[0] = '\0';
    http->result = (struct http_result){.server_ns = -1};
    enum status status = STATUS_OK;
    CURLcode code = curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_perform(http->curl);
    if (was_stale(http, code)) {
        http->why[0] = '\0';
        curl_easy_setopt(http->curl, CURLOPT_FRESH_CONNECT, 1L);
        code = curl_easy_perform(http->curl);
        curl_easy_setopt(http->curl, CURLOPT_FRESH_CONNECT, 0L);
    }
    long n_connects = 0;
    struct http_result *got = &http->result;
    curl_easy_getinfo(http->curl, CURLINFO_NUM_CONNECTS, &n_connects);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &got->http_status);
    got->connected = n_connects > 0;
    split_opening(http, got);
    if (code != CURLE_OK)
        status = report_failure(http, url, code, error);
    else if (got->http_status != 200)
        status = report_status(http, url, error);
    got->body = http->answer.bytes ? http->answer.bytes : "";
    got->n_body = http->answer.n;
    if (!got->has_n_json)
        got->n_json = got->n_body;
    *result = *got;
    return status;
}

enum status http_get(struct http *http, const char *url, struct http_result *result,
                     struct error *error)
{
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    return perform(http, url, result, error);
}

enum status http_get_warm(struct http *http, const char *url, struct http_result *result,
                          struct error *error)
{
    enum status status = http_get(http, url, result, error);
    return !status && result->connected ? http_get(http, url, result, error) : status;
}

/* Without "Expect:" libcurl would ask for leave before a large body and wait a round trip for it.
 */
static struct curl_slist *make_headers(const char *type, const char *length)
{
    const char *const lines[] = {type, "Expect:", length};
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && lines[i]; i++) {
        struct curl_slist *longer = curl_slist_append(headers, lines[i]);
        if (!longer) {
            curl_slist_free_all(headers);
            return NULL;
        }
        headers = longer;
    }
    return headers;
}

/* Those of a body with binary tensors; made anew only when its JSON has another length. */
static struct curl_slist *binary_headers(struct http *http, size_t n_json)
{
    char length[64];
    if (http->binary_headers && http->n_json == n_json)
        return http->binary_headers;
    snprintf(length, sizeof length, MESSAGE_JSON_LENGTH_HEADER ": %zu", n_json);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(http->binary_headers);
    http->binary_headers = make_headers("Content-Type: application/octet-stream", length);
    http->n_json = n_json;
    return http->binary_headers;
}

enum status http_post(struct http *http, const char *url, const struct message_text *body,
                      struct http_result *result, struct error *error)
{
    struct curl_slist *headers =
        body->n_binary > 0 ? binary_headers(http, body->n - body->n_binary) : http->json_headers;
    if (!headers)
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory for the request", url);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body->bytes);
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
    return perform(http, url, result, error);
}

static CURLcode set_options(struct http *http, double timeout_s, enum http_connection connection)
{
    long own = connection == HTTP_NEW;
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_TCP_NODELAY, 1},
        {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
        {CURLOPT_TIMEOUT_MS, (long)(timeout_s * 1e3 + 0.999)},
        {CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout_s * 1e3 + 0.999)},
        {CURLOPT_MAXFILESIZE, HTTP_MAX_ANSWER},
        {CURLOPT_MAXCONNECTS, 1},
        {CURLOPT_FORBID_REUSE, own},
        {CURLOPT_SSL_SESSIONID_CACHE, !own},
        {CURLOPT_BUFFERSIZE, 256 << 10},
        {CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10},
        {CURLOPT_VERBOSE, 1}, /* what makes libcurl call the tap; it prints nothing */
    };
    const struct {
        CURLoption option;
        void *value;
    } pointers[] = {
        {CURLOPT_DEBUGDATA, &http->result},  {CURLOPT_PREREQDATA, http},
        {CURLOPT_HEADERDATA, &http->result}, {CURLOPT_WRITEDATA, http},
        {CURLOPT_ERRORBUFFER, http->why},    {CURLOPT_PROTOCOLS_STR, "http,https"},
        {CURLOPT_USERAGENT, "rnnmap"},       {CURLOPT_SOCKOPTDATA, http},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !code; i++)
        code = curl_easy_setopt(http->curl, numbers[i].option, numbers[i].value);
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0] && !code; i++)
        code = curl_easy_setopt(http->curl, pointers[i].option, pointers[i].value);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_DEBUGFUNCTION, tap);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_PREREQFUNCTION, note_ready);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_SOCKOPTFUNCTION, note_opening);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_HEADERFUNCTION, take_header);
    return code ? code : curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_body);
}

enum status http_open(double timeout_s, enum http_connection connection, struct http **http,
                      struct error *error)
{
    struct http *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
    enum status status = STATUS_OK;
    pthread_once(&set_up_once, set_up);
    made->curl = curl_easy_init();
    made->json_headers = make_headers("Content-Type: application/json", NULL);
    if (!made->curl || !made->json_headers) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
        goto done;
    }
    CURLcode code = set_options(made, timeout_s, connection);
    if (code)
        status = error_set(error, STATUS_EXTERNAL,
                           "libcurl %s refuses an option: %s; 7.85 or newer "
                           "is needed",
                           curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(code));
done:
    if (status)
        http_close(made);
    else
        *http = made;
    return status;
}

enum status http_check_url(const char *url, int *n, struct error *error)
{
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return error_set(error, STATUS_INVALID,
                         "'%s' is not a server's URL; give one like http://host:port",
                         url ? url : "");
    *n = (int)strlen(url);
    while (*n > 0 && url[*n - 1] == '/')
        --*n;
    return STATUS_OK;
}

char *http_escape(const char *text)
{
    char *theirs = curl_easy_escape(NULL, text, 0);
    char *ours = text_copy(theirs);
    curl_free(theirs);
    return ours;
}

void http_close(struct http *http)
{
    if (!http)
        return;
    curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->binary_headers);
    message_text_free(&http->answer);
    free(http);
}
