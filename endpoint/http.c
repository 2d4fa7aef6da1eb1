// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/http.h"

#include "base/units.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *http_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {HTTP_OK, "OK"},
        {HTTP_BAD_REQUEST, "Bad Request"},
        {HTTP_UNAUTHORIZED, "Unauthorized"},
        {HTTP_NOT_FOUND, "Not Found"},
        {HTTP_METHOD_NOT_ALLOWED, "Method Not Allowed"},
        {HTTP_TIMEOUT, "Request Timeout"},
        {HTTP_CONTENT_TOO_LARGE, "Content Too Large"},
        {HTTP_URI_TOO_LONG, "URI Too Long"},
        {HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"},
        {HTTP_EXPECTATION_FAILED, "Expectation Failed"},
        {HTTP_HEAD_TOO_LARGE, "Request Header Fields Too Large"},
        {HTTP_INTERNAL_ERROR, "Internal Server Error"},
        {HTTP_NOT_IMPLEMENTED, "Not Implemented"},
        {HTTP_UNAVAILABLE, "Service Unavailable"},
        {HTTP_VERSION_UNSUPPORTED, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}

static unsigned refuse(struct error *error, unsigned status, const char *why)
{
    error_set(error, STATUS_INVALID, "%s", why);
    return status;
}

unsigned http_find_end(const char *bytes, size_t n, size_t *scanned, size_t *end,
                       struct error *error)
{
    *end = 0;
    for (size_t i = *scanned; i < n; i++) {
        char c = bytes[i], before = i > 0 ? bytes[i - 1] : '\0';
        if ((c == '\n') != (before == '\r'))
            return refuse(error, HTTP_BAD_REQUEST,
                          "not HTTP: a line does not end in carriage return and line feed");
        if (((unsigned char)c < ' ' && c != '\r' && c != '\n' && c != '\t') || c == 0x7f)
            return refuse(error, HTTP_BAD_REQUEST, "not HTTP: a control character in the head");
        /* here, for however much comes at once the limits are the same */
        if (i == HTTP_MAX_LINE && !memchr(bytes, '\n', i))
            return refuse(error, HTTP_URI_TOO_LONG, "the request's first line is over 8 KiB");
        if (i == HTTP_MAX_HEAD)
            return refuse(error, HTTP_HEAD_TOO_LARGE, "the request's head is over 64 KiB");
        if (c == '\n' && i >= 3 && bytes[i - 2] == '\n') {
            *scanned = *end = i + 1;
            return HTTP_OK;
        }
    }
    *scanned = n;
    return HTTP_OK;
}

/* The characters of methods and of headers' names (RFC 9110, 5.6.2). */
static bool is_token(const char *text)
{
    static const char signs[] = "!#$%&'*+-.^_`|~";
    size_t n = 0;
    for (; text[n]; n++) {
        char c = text[n];
        if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            !strchr(signs, c))
            return false;
    }
    return n > 0;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* In place. %00 stays as it is: no path of ours has it. */
static void resolve_escapes(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        int high = *at == '%' ? hex_digit(at[1]) : -1;
        int low = high >= 0 ? hex_digit(at[2]) : -1;
        if (low >= 0 && (high > 0 || low > 0)) {
            *to++ = (char)(high << 4 | low);
            at += 2;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* "GET /v2 HTTP/1.1"; *minor is the version's last digit. */
static unsigned read_first_line(char *line, struct http_head *head, int *minor, struct error *error)
{
    static const char version_text[] = "HTTP/";
    char *target = strchr(line, ' ');
    char *version = target ? strchr(target + 1, ' ') : NULL;
    if (!version || strncmp(version + 1, version_text, 5) != 0 || strlen(version + 1) != 8 ||
        version[6] < '0' || version[6] > '9' || version[7] != '.' || version[8] < '0' ||
        version[8] > '9')
        return refuse(error, HTTP_BAD_REQUEST,
                      "not HTTP: the first line is not METHOD PATH HTTP/1.1");
    *target++ = *version++ = '\0';
    if (!is_token(line))
        return refuse(error, HTTP_BAD_REQUEST, "not HTTP: the method is no word");
    head->method = line;
    if (version[5] != '1')
        return refuse(error, HTTP_VERSION_UNSUPPORTED, "this server speaks HTTP/1.1");
    *minor = version[7] - '0';
    head->has_version = true;
    head->keeps_alive = *minor > 0;
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        char *host = strchr(target, ':') + 3; /* as to a proxy: the path is what comes after */
        char *path = host + strcspn(host, "/?");
        target = *path == '/' ? path : host + strlen(host);
    } else if (*target != '/' && strcmp(target, "*") != 0) {
        return refuse(error, HTTP_BAD_REQUEST, "the request's path does not begin with a slash");
    }
    target[strcspn(target, "?#")] = '\0';
    resolve_escapes(target);
    head->path = target;
    return HTTP_OK;
}

static unsigned read_header(char *line, struct http_head *head, struct error *error)
{
    static const char *const names[] = {
        [HTTP_CONNECTION] = "Connection",
        [HTTP_HOST] = "Host",
        [HTTP_CONTENT_LENGTH] = "Content-Length",
        [HTTP_TRANSFER_ENCODING] = "Transfer-Encoding",
        [HTTP_EXPECT] = "Expect",
        [HTTP_CONTENT_TYPE] = "Content-Type",
        [HTTP_CONTENT_ENCODING] = "Content-Encoding",
        [HTTP_AUTHORIZATION] = "Authorization",
        [HTTP_JSON_LENGTH] = "Inference-Header-Content-Length",
    };
    _Static_assert(sizeof names / sizeof names[0] == N_HTTP_HEADERS, "one name per header");
    char *colon = strchr(line, ':');
    if (colon)
        *colon = '\0';
    if (!colon || !is_token(line))
        return refuse(error, HTTP_BAD_REQUEST, "not HTTP: a header is not NAME: VALUE");
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t n = strlen(value); n > 0 && strchr(" \t", value[n - 1]);)
        value[--n] = '\0';
    for (size_t i = 0; i < N_HTTP_HEADERS; i++) {
        if (strcasecmp(line, names[i]) != 0)
            continue;
        if (head->headers[i] && i != HTTP_CONNECTION) {
            error_set(error, STATUS_INVALID, "the header %s is there twice", names[i]);
            return HTTP_BAD_REQUEST;
        }
        head->headers[i] = value;
        if (i == HTTP_CONNECTION && strcasestr(value, "close"))
            head->keeps_alive = false;
        else if (i == HTTP_CONNECTION && strcasestr(value, "keep-alive"))
            head->keeps_alive = true;
    }
    return HTTP_OK;
}

/* What the headers mean together. */
static unsigned read_meaning(struct http_head *head, int minor, struct error *error)
{
    const char *const *headers = head->headers;
    const char *encoding = headers[HTTP_TRANSFER_ENCODING], *length = headers[HTTP_CONTENT_LENGTH];
    if (minor > 0 && !headers[HTTP_HOST])
        return refuse(error, HTTP_BAD_REQUEST, "the header Host is missing");
    if (encoding && (length || minor == 0))
        return refuse(error, HTTP_BAD_REQUEST,
                      "the body's length is said in two ways that do not go together");
    if (encoding && strcasecmp(encoding, "chunked") != 0) {
        error_set(error, STATUS_INVALID, "transfer encoding '%.64s' is not supported, chunked is",
                  encoding);
        return HTTP_NOT_IMPLEMENTED;
    }
    if (length && (length[strspn(length, "0123456789")] != '\0' ||
                   parse_u64(length, 0, UINT64_MAX, &head->length, NULL))) {
        error_set(error, STATUS_INVALID, "Content-Length is '%.64s', which is not a count of bytes",
                  length);
        return HTTP_BAD_REQUEST;
    }
    head->chunked = encoding;
    head->has_body = encoding || head->length > 0;
    if (headers[HTTP_EXPECT] && strcasecmp(headers[HTTP_EXPECT], "100-continue") != 0)
        return refuse(error, HTTP_EXPECTATION_FAILED, "only 100-continue can be expected");
    head->expects = headers[HTTP_EXPECT] && minor > 0 && head->has_body;
    return HTTP_OK;
}

unsigned http_read_head(char *bytes, size_t n, struct http_head *head, struct error *error)
{
    unsigned status = HTTP_OK;
    int minor = 0;
    size_t n_lines = 0;
    *head = (struct http_head){0};
    for (char *line = bytes, *next; status == HTTP_OK && line < bytes + n; line = next) {
        char *end = memchr(line, '\r', (size_t)(bytes + n - line));
        next = end + 2;
        *end = '\0';
        if (*line == '\0')
            continue; /* before the first line (RFC 9112, 2.2), and the head's end */
        if (n_lines > HTTP_MAX_HEADERS)
            status = refuse(error, HTTP_HEAD_TOO_LARGE, "the request has over 100 headers");
        else if (n_lines == 0)
            status = read_first_line(line, head, &minor, error);
        else
            status = read_header(line, head, error);
        n_lines++;
    }
    if (status == HTTP_OK && n_lines == 0)
        status = refuse(error, HTTP_BAD_REQUEST, "not HTTP: there is no first line");
    bool known = status == HTTP_OK;
    if (known)
        status = read_meaning(head, minor, error);
    if (status != HTTP_OK && status != HTTP_EXPECTATION_FAILED)
        head->keeps_alive = false; /* where the next request begins is not known */
    return status;
}

/* One byte of a chunk's frame. False: it cannot stand there. */
static bool take_frame(struct http_chunks *chunks, char c)
{
    enum { MAX_DIGITS = 15, MAX_EXTENSION = 4096 };
    int digit;
    switch (chunks->state) {
    case CHUNK_SIZE:
        digit = hex_digit(c);
        if (digit >= 0) {
            chunks->left = chunks->left << 4 | (unsigned)digit;
            return ++chunks->n_digits <= MAX_DIGITS;
        }
        chunks->state = c == '\r' ? CHUNK_SIZE_END : CHUNK_EXTENSION;
        return chunks->n_digits > 0 && strchr("\r; \t", c) && c;
    case CHUNK_EXTENSION:
        if (c == '\r')
            chunks->state = CHUNK_SIZE_END;
        return c != '\n' && ++chunks->n_digits < MAX_EXTENSION;
    case CHUNK_SIZE_END:
        chunks->n_digits = 0;
        chunks->ended = chunks->in_line = false;
        chunks->state = chunks->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
        return c == '\n';
    case CHUNK_DATA_END:
        if (chunks->ended)
            chunks->state = CHUNK_SIZE;
        bool right = c == (chunks->ended ? '\n' : '\r');
        chunks->ended = true;
        return right;
    case CHUNK_TRAILER: /* headers behind the body: nobody asks for them */
        if (c == '\n') {
            chunks->done = !chunks->in_line;
            right = chunks->ended;
            chunks->ended = chunks->in_line = false;
            return right;
        }
        right = !chunks->ended;
        chunks->ended = c == '\r';
        chunks->in_line = chunks->in_line || c != '\r';
        return right && ++chunks->n_digits < MAX_EXTENSION;
    case CHUNK_DATA:
        break;
    }
    return false;
}

unsigned http_take_chunk(struct http_chunks *chunks, const char *bytes, size_t n, size_t *used,
                         const char **data, size_t *n_data, struct error *error)
{
    *used = *n_data = 0;
    *data = bytes;
    while (*used < n && !chunks->done) {
        if (chunks->state != CHUNK_DATA) {
            if (!take_frame(chunks, bytes[(*used)++]))
                return refuse(error, HTTP_BAD_REQUEST, "the body's chunks are malformed");
            continue;
        }
        *data = bytes + *used;
        *n_data = chunks->left < n - *used ? (size_t)chunks->left : n - *used;
        *used += *n_data;
        chunks->left -= *n_data;
        if (chunks->left == 0) {
            chunks->state = CHUNK_DATA_END;
            chunks->ended = false;
        }
        return HTTP_OK;
    }
    return HTTP_OK;
}
