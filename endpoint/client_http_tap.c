// SPDX-License-Identifier: GPL-3.0-or-later
/* What libcurl tells of a request while it is under way. */
#include "endpoint/client_http_private.h"

#include "base/clock.h"
#include "base/stop.h"
#include "base/units.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of an answer's head, interim ones included. */
enum { HTTP_MAX_HEAD = 256 << 10 };

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
    (void)purpose;
    http->opening_ns = clock_ns();
    http->socket = fd;
    http->before = (struct http_octets){0};
    return CURL_SOCKOPT_OK;
}

/* Heads on the wire are those that are written in HTTP/1.1 alone: HTTP/2 compresses them. */
static struct http_octets read_octets(int fd)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    if (fd < 0 || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return (struct http_octets){0};
    return (struct http_octets){.up = info.tcpi_bytes_sent - info.tcpi_bytes_retrans,
                                .down = info.tcpi_bytes_received};
}

static int note_closing(void *user, curl_socket_t fd)
{
    struct http *http = user;
    if (fd == http->socket) {
        http->last = read_octets(fd);
        http->socket = -1;
    }
    return close(fd);
}

/* libcurl sends a request again by itself when a kept connection turns out to be closed: the second
 * time of one that must go out once is refused, and so is a new connection where HTTP/2 was settled
 * on the old one. */
static int note_ready(void *user, char *remote, char *local, int remote_port, int local_port)
{
    struct http *http = user;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    http->result.ready_ns = clock_ns();
    bool again = ++http->n_sendings > 1 && http->once;
    bool lost = http->agreed && http->opening_ns; /* a new connection would start with HTTP/1.1 */
    return again || lost ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* Called at least once a second. */
static int look_for_signals(void *user, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                            curl_off_t up)
{
    struct http *http = user;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    http->stopped = http->heeds_signals && stop_asked();
    return http->stopped;
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
    struct http *http = user;
    struct http_result *result = &http->result;
    n *= size;
    http->n_head += n;
    if (http->n_head > HTTP_MAX_HEAD) {
        http->head_too_large = true;
        return 0;
    }
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

void http_begin(struct http *http)
{
    http->answer.n = http->n_head = 0;
    http->too_large = http->head_too_large = http->stopped = false;
    http->opening_ns = 0;
    http->n_sendings = 0;
    http->why[0] = '\0';
    http->result = (struct http_result){.server_ns = -1};
    http->last = (struct http_octets){0};
    http_set_version(http, http->socket >= 0);
    if (http->http2)
        http->before = read_octets(http->socket);
}

void http_count_octets(struct http *http)
{
    struct http_octets now = http->socket >= 0 ? read_octets(http->socket) : http->last;
    if (!http->http2 || now.up < http->before.up || now.down < http->before.down)
        return;
    http->result.bytes_up = now.up - http->before.up;
    http->result.bytes_down = now.down - http->before.down;
}

CURLcode http_set_taps(struct http *http)
{
    const struct {
        CURLoption option;
        void *value;
    } pointers[] = {
        {CURLOPT_DEBUGDATA, &http->result}, {CURLOPT_PREREQDATA, http},
        {CURLOPT_HEADERDATA, http},         {CURLOPT_WRITEDATA, http},
        {CURLOPT_ERRORBUFFER, http->why},   {CURLOPT_SOCKOPTDATA, http},
        {CURLOPT_CLOSESOCKETDATA, http},    {CURLOPT_XFERINFODATA, http},
    };
    CURLcode code = CURLE_OK;
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0] && !code; i++)
        code = curl_easy_setopt(http->curl, pointers[i].option, pointers[i].value);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_DEBUGFUNCTION, tap);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_PREREQFUNCTION, note_ready);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_SOCKOPTFUNCTION, note_opening);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_CLOSESOCKETFUNCTION, note_closing);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_HEADERFUNCTION, take_header);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_XFERINFOFUNCTION, look_for_signals);
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_NOPROGRESS, 0L);
    /* verbose makes libcurl call the tap; it prints nothing */
    if (!code)
        code = curl_easy_setopt(http->curl, CURLOPT_VERBOSE, 1L);
    return code ? code : curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_body);
}
