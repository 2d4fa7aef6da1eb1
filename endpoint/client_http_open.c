// SPDX-License-Identifier: GPL-3.0-or-later
/* The connection's options, the header lines of requests, and URLs. */
#include "endpoint/client_http_private.h"

#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_S 30.0
#define MAX_TIMEOUT_S     1e6

/* libcurl wants its process-wide set-up once, before any thread uses it. */
static pthread_once_t set_up_once = PTHREAD_ONCE_INIT;

static void set_up(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* Appends a line; false when memory ran out, and the list is freed. */
static bool add_line(struct curl_slist **headers, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (!longer)
        curl_slist_free_all(*headers);
    *headers = longer;
    return longer != NULL;
}

/* Without "Expect:" libcurl would ask for leave before a large body and wait a round trip for it.
 * `type` and `length` may be NULL. */
static struct curl_slist *make_headers(const struct access *access, const char *type,
                                       const char *length)
{
    const char *const own[] = {"Expect:", type, length};
    struct curl_slist *headers = NULL;
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (own[i] && !add_line(&headers, own[i]))
            return NULL;
    }
    for (size_t i = 0; i < access->n_lines; i++) {
        if (!add_line(&headers, access->lines[i]))
            return NULL;
    }
    return headers;
}

struct curl_slist *http_binary_headers(struct http *http, size_t n_json)
{
    char length[64];
    if (http->binary_headers && http->n_json == n_json)
        return http->binary_headers; /* made anew only when the JSON has another length */
    snprintf(length, sizeof length, MESSAGE_JSON_LENGTH_HEADER ": %zu", n_json);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(http->binary_headers);
    http->binary_headers =
        make_headers(&http->access, "Content-Type: application/octet-stream", length);
    http->n_json = n_json;
    return http->binary_headers;
}

/* Over TLS both sides agree on HTTP/2; without, the client must know. libcurl 7.88 forgets on a
 * kept connection that this was settled and settles it again, unless it is told otherwise. */
void http_set_version(struct http *http, bool kept)
{
    long version = !http->http2 ? CURL_HTTP_VERSION_1_1
                   : http->tls  ? CURL_HTTP_VERSION_2TLS
                   : kept       ? CURL_HTTP_VERSION_2_0
                                : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    http->agreed = http->http2 && !http->tls && kept;
    curl_easy_setopt(http->curl, CURLOPT_HTTP_VERSION, version);
}

static CURLcode set_numbers(struct http *http, const struct client_config *config,
                            enum http_connection connection)
{
    double timeout_s = config->timeout_s > 0 ? config->timeout_s : DEFAULT_TIMEOUT_S;
    long own = connection == HTTP_NEW,
         timeout_ms = (long)(fmin(timeout_s, MAX_TIMEOUT_S) * 1e3 + 0.999);
    const struct {
        CURLoption option;
        long value;
    } numbers[] = {
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_TCP_NODELAY, 1},
        {CURLOPT_TIMEOUT_MS, timeout_ms},
        {CURLOPT_CONNECTTIMEOUT_MS, timeout_ms},
        {CURLOPT_FOLLOWLOCATION, 0}, /* where a redirect leads is another server's time */
        {CURLOPT_MAXFILESIZE, HTTP_MAX_ANSWER},
        {CURLOPT_MAXCONNECTS, 1},
        {CURLOPT_FORBID_REUSE, own},
        {CURLOPT_SSL_SESSIONID_CACHE, !own},
        {CURLOPT_BUFFERSIZE, 256 << 10},
        {CURLOPT_UPLOAD_BUFFERSIZE, 256 << 10},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && !code; i++)
        code = curl_easy_setopt(http->curl, numbers[i].option, numbers[i].value);
    return code;
}

/* The file of the certificates to trust; NULL: the system's. OpenSSL's variable is for machines
 * whose system has none where libcurl was told to look. */
static const char *trusted(const struct client_config *config)
{
    const char *variable = getenv("SSL_CERT_FILE");
    return config->ca ? config->ca : variable && *variable ? variable : NULL;
}

/* With a file of its own nothing but that is trusted. */
static CURLcode set_texts(struct http *http, const struct client_config *config)
{
    const char *ca = trusted(config);
    const struct {
        CURLoption option;
        const char *value;
        bool wanted;
    } texts[] = {
        {CURLOPT_PROTOCOLS_STR, "http,https", true},
        {CURLOPT_USERAGENT, "rnnmap", true},
        {CURLOPT_CAINFO, ca, ca != NULL},
        {CURLOPT_CAPATH, NULL, ca != NULL},
        {CURLOPT_SSLCERT, config->certificate, config->certificate != NULL},
        {CURLOPT_SSLKEY, config->key, config->key != NULL},
        {CURLOPT_KEYPASSWD, http->access.key_password, http->access.key_password != NULL},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && !code; i++) {
        if (texts[i].wanted)
            code = curl_easy_setopt(http->curl, texts[i].option, texts[i].value);
    }
    return code;
}

/* libcurl would tell only when it connects, and in words of its own. */
static enum status check_files(const struct client_config *config, struct error *error)
{
    const struct {
        const char *key, *path;
    } files[] = {{config->ca ? "ca" : "SSL_CERT_FILE", trusted(config)},
                 {"certificate", config->certificate},
                 {"key", config->key}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (files[i].path && access(files[i].path, R_OK) != 0)
            return error_set_errno(error, STATUS_IO, errno, "%s = %s", files[i].key, files[i].path);
    }
    if (config->key && !config->certificate)
        return error_set(error, STATUS_INVALID, "key = %s needs certificate = FILE", config->key);
    return STATUS_OK;
}

/* The header lines of all kinds of requests; false when memory ran out. */
static bool make_all_headers(struct http *http, const struct access *access)
{
    const char *type = http->sources.content_type ? http->sources.content_type : "application/json";
    char *line = text_format("Content-Type: %s", type);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(http->plain_headers);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->other_headers);
    curl_slist_free_all(http->binary_headers);
    http->binary_headers = NULL;
    http->plain_headers = make_headers(access, NULL, NULL);
    http->json_headers = make_headers(access, "Content-Type: application/json", NULL);
    http->other_headers = line ? make_headers(access, line, NULL) : NULL;
    free(line);
    return http->plain_headers && http->json_headers && http->other_headers;
}

void http_renew_access(struct http *http)
{
    struct access fresh = {0};
    if (access_open(&http->sources, &fresh, NULL))
        return;
    make_all_headers(http,
                     &fresh); /* what is lacking for want of memory fails as its request does */
    access_close(&http->access);
    http->access = fresh;
}

static enum status copy_sources(struct http *http, const struct client_config *config,
                                struct error *error)
{
    enum status status = text_replace(&http->sources.token, config->token, error);
    if (!status)
        status = text_replace(&http->sources.headers, config->headers, error);
    return status ? status : text_replace(&http->sources.content_type, config->content_type, error);
}

static enum status set_up_handle(struct http *http, const struct client_config *config,
                                 enum http_connection connection, struct error *error)
{
    pthread_once(&set_up_once, set_up);
    http->curl = curl_easy_init();
    if (!http->curl || !make_all_headers(http, &http->access))
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
    http_set_version(http, false);
    CURLcode code = set_numbers(http, config, connection);
    if (!code)
        code = set_texts(http, config);
    if (!code)
        code = http_set_taps(http);
    if (!code)
        return STATUS_OK;
    return error_set(error, STATUS_EXTERNAL,
                     "libcurl %s refuses an option: %s; 7.85 or newer %sis needed",
                     curl_version_info(CURLVERSION_NOW)->version, curl_easy_strerror(code),
                     config->http2 ? "with HTTP/2 " : "");
}

enum status http_open(const struct client_config *config, enum http_connection connection,
                      struct http **http, struct error *error)
{
    int n;
    struct http *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
    made->socket = -1;
    made->http2 = config->http2;
    made->tls = config->url && strncmp(config->url, "https:", 6) == 0;
    enum status status = http_check_url(config->url, &n, error);
    if (!status)
        status = check_files(config, error);
    if (!status)
        status = access_open(config, &made->access, error);
    if (!status)
        status = copy_sources(made, config, error);
    if (!status)
        status = set_up_handle(made, config, connection, error);
    if (status)
        http_close(made);
    else
        *http = made;
    return status;
}

enum status http_check_url(const char *url, int *n, struct error *error)
{
    const char *authority = url ? strstr(url, "://") : NULL;
    size_t n_authority = authority ? strcspn(authority + 3, "/?#") : 0;
    if (authority && memchr(authority + 3, '@', n_authority)) /* not repeated: it is a secret */
        return error_set(
            error, STATUS_INVALID,
            "a server's URL with a user and password in it is stored with the samples; "
            "leave them out and send header = Authorization: env:VARIABLE");
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return error_set(error, STATUS_INVALID,
                         "'%s' is not a server's URL; give one like http://host:port",
                         url ? url : "");
    if (strpbrk(url, "?#"))
        return error_set(error, STATUS_INVALID,
                         "%s: a server's URL ends with its port or a path: no '?' and no '#'", url);
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
    curl_slist_free_all(http->plain_headers);
    curl_slist_free_all(http->json_headers);
    curl_slist_free_all(http->other_headers);
    curl_slist_free_all(http->binary_headers);
    message_text_free(&http->answer);
    access_close(&http->access);
    client_config_free(&http->sources);
    free(http);
}
