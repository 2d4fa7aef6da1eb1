// SPDX-License-Identifier: GPL-3.0-or-later
/* One request: sent, answered, timed, judged. */
#include "endpoint/client_http_private.h"

#include <stdlib.h>
#include <string.h>

enum { UNAUTHORIZED = 401 };

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
    {CURLE_HTTP2, CLIENT_PROTOCOL, STATUS_PROTOCOL, "check that the server speaks HTTP/2 there"},
    {CURLE_HTTP2_STREAM, CLIENT_PROTOCOL, STATUS_PROTOCOL, "see the server's log"},
    {CURLE_BAD_CONTENT_ENCODING, CLIENT_PROTOCOL, STATUS_PROTOCOL,
     "check that an HTTP server listens there"},
};

static bool broke_off(CURLcode code)
{
    return code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING;
}

/* Whether a kept connection turned out to be closed before a byte of the answer. libcurl sends a
 * request again by itself then, unless the tap forbids it, but counts how often over the life of
 * its handle and gives up. */
static bool was_stale(const struct http *http, CURLcode code)
{
    long n_connects = 0;
    curl_easy_getinfo(http->curl, CURLINFO_NUM_CONNECTS, &n_connects);
    return code == CURLE_ABORTED_BY_CALLBACK ||
           (n_connects == 0 && http->result.first_read_ns == 0 && broke_off(code));
}

/* What libcurl's outcome means, given what was asked for. With TLS 1.3 a server refuses a client's
 * certificate only when the client is sending: by an alert, if that comes through. */
static struct outcome find_outcome(const struct http *http, CURLcode code)
{
    struct outcome outcome = {code, CLIENT_PROTOCOL, STATUS_EXTERNAL, "libcurl failed"};
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].code == code)
            outcome = outcomes[i];
    }
    if (broke_off(code) && http->tls && (!http->has_answered || strstr(http->why, " alert ")))
        return (struct outcome){code, CLIENT_TLS, STATUS_IO,
                                "the server may want a client's certificate (certificate, key)"};
    if (broke_off(code) && http->http2 && !http->has_answered)
        outcome.advice = "check that the server speaks HTTP/2 there, or say http = 1.1";
    return outcome;
}

static enum status report_failure(struct http *http, const char *url, CURLcode code,
                                  struct error *error)
{
    if (http->stopped) {
        http->result.failure = CLIENT_NO_FAILURE;
        return error_set(error, STATUS_INTERRUPTED, "%s: stopped by a signal", url);
    }
    struct outcome outcome = find_outcome(http, code);
    http->result.failure = outcome.failure;
    if (was_stale(http, code)) {
        http->result.failure = CLIENT_CONNECT;
        return error_set(error, STATUS_IO,
                         "%s: the server had closed the connection that it kept when the request "
                         "came, which is not sent twice; connection = new opens one for each",
                         url);
    }
    if (http->head_too_large)
        return error_set(error, outcome.status, "%s: the answer's head is too large, it is refused",
                         url);
    if (http->too_large || code == CURLE_FILESIZE_EXCEEDED) /* newer libcurls look as they read */
        return error_set(error, outcome.status, "%s: the answer is over %d MiB, which is refused",
                         url, HTTP_MAX_ANSWER >> 20);
    if (code == CURLE_WRITE_ERROR)
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory for the answer", url);
    return error_set(error, outcome.status, "%s: %s; %s", url,
                     http->why[0] ? http->why : curl_easy_strerror(code), outcome.advice);
}

static const char *status_advice(long http_status)
{
    static const struct {
        long status;
        const char *advice;
    } advices[] = {
        {UNAUTHORIZED, "give a token that the server accepts (token = env:VARIABLE or file:PATH)"},
        {403, "give a token that may use this model"},
        {404, "check the URL and the model's name"},
        {429, "it is asked too often: see spacing, or the server's limits"},
        {503, "it is busy or not ready; see the server's log"},
    };
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].status == http_status)
            return advices[i].advice;
    }
    return "see the server's log";
}

/* Where a redirect leads, without what stands behind '?', which may be anything. */
static void report_redirect(struct http *http, const char *url, struct error *error)
{
    const char *target = NULL;
    curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, &target);
    error_set(error, STATUS_PROTOCOL,
              "%s: HTTP status %ld, a redirect to %.*s, which is not followed; give the URL that "
              "answers by itself",
              url, http->result.http_status, target ? (int)strcspn(target, "?#") : 7,
              target ? target : "nowhere");
}

static enum status report_status(struct http *http, const char *url, struct error *error)
{
    http->result.failure = CLIENT_HTTP;
    if (http->result.http_status / 100 == 3) {
        report_redirect(http, url, error);
        return STATUS_PROTOCOL;
    }
    char *words = message_read_error(http->answer.bytes, http->answer.n);
    error_set(error, STATUS_PROTOCOL, "%s: HTTP status %ld%s%.600s; %s", url,
              http->result.http_status, words ? ": " : "", words ? words : "",
              status_advice(http->result.http_status));
    free(words);
    return STATUS_PROTOCOL;
}

/* Over TLS a server may agree on less than was asked for. */
static enum status check_version(struct http *http, const char *url, struct error *error)
{
    long version = 0;
    curl_easy_getinfo(http->curl, CURLINFO_HTTP_VERSION, &version);
    if (!http->http2 || version == CURL_HTTP_VERSION_2_0)
        return STATUS_OK;
    http->result.failure = CLIENT_PROTOCOL;
    return error_set(error, STATUS_PROTOCOL, "%s: the server speaks no HTTP/2; say http = 1.1",
                     url);
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

static enum status perform(struct http *http, const char *url, struct http_result *result,
                           struct error *error)
{
    http_begin(http);
    struct error why = {0};
    enum status status = STATUS_OK;
    CURLcode code = curl_easy_setopt(http->curl, CURLOPT_URL, url);
    if (code == CURLE_OK)
        code = curl_easy_perform(http->curl);
    if (!http->once && !http->stopped && was_stale(http, code)) {
        http->why[0] = '\0';
        http_set_version(http, false);
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
    http->has_answered |= code == CURLE_OK;
    http_count_octets(http);
    if (code != CURLE_OK)
        status = report_failure(http, url, code, &why);
    else if (got->http_status != 200 && !(http->any_success && got->http_status / 100 == 2))
        status = report_status(http, url, &why);
    else
        status = check_version(http, url, &why);
    access_mask(&http->access, why.text); /* a server may say anything */
    if (got->http_status == UNAUTHORIZED)
        http_renew_access(http);
    if (status)
        error_set(error, status, "%s", why.text);
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
    http->once = http->any_success = false;
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->plain_headers);
    curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    return perform(http, url, result, error);
}

enum status http_get_warm(struct http *http, const char *url, struct http_result *result,
                          struct error *error)
{
    enum status status = http_get(http, url, result, error);
    bool answered = !status || result->failure == CLIENT_HTTP;
    if (!answered || !result->connected)
        return status;
    if (error)
        error_clear(error);
    return http_get(http, url, result, error);
}

static enum status send_body(struct http *http, const char *url, struct curl_slist *headers,
                             const struct message_text *body, struct http_result *result,
                             struct error *error)
{
    if (!headers)
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory for the request", url);
    http->once = true;
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, body->bytes ? body->bytes : "");
    curl_easy_setopt(http->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->n);
    return perform(http, url, result, error);
}

enum status http_post(struct http *http, const char *url, const struct message_text *body,
                      struct http_result *result, struct error *error)
{
    struct curl_slist *headers = body->n_binary > 0
                                     ? http_binary_headers(http, body->n - body->n_binary)
                                     : http->json_headers;
    http->any_success = false;
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, NULL);
    return send_body(http, url, headers, body, result, error);
}

enum status http_send(struct http *http, const char *method, const char *url,
                      const struct message_text *body, struct http_result *result,
                      struct error *error)
{
    http->any_success = true;
    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
    if (body)
        return send_body(http, url, http->other_headers, body, result, error);
    http->once = true;
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, http->plain_headers);
    curl_easy_setopt(http->curl, CURLOPT_HTTPGET, 1L);
    return perform(http, url, result, error);
}

void http_mask(const struct http *http, char *text)
{
    access_mask(&http->access, text);
}

void http_heed_signals(struct http *http)
{
    http->heeds_signals = true;
}
