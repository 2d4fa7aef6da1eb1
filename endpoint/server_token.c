// SPDX-License-Identifier: GPL-3.0-or-later
/* The bearer token (RFC 6750). What is kept of it is its digest: a token cannot leak from where it
 * is not, and digests of equal size compare in the same time wherever they differ. */
#include "endpoint/server_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_TOKEN = 4096 };

static void digest_of(const char *bytes, size_t n, char text[DIGEST_TEXT_SIZE])
{
    struct digest digest;
    digest_start(&digest);
    digest_bytes(&digest, bytes, n);
    digest_finish(&digest, text);
}

/* What a header can carry, and no blank: one that was left in by mistake could not be sent. */
enum status server_token_set(struct server_token *token, const char *text, const char *where,
                             struct error *error)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return error_set(error, STATUS_INVALID,
                             "%s: byte %zu of the token cannot stand in a header; use letters, "
                             "digits and signs without blanks",
                             where, i + 1);
    }
    if (n == 0 || n > MAX_TOKEN)
        return error_set(error, STATUS_INVALID, "%s: a token of %zu bytes; give 1 to %d", where, n,
                         MAX_TOKEN);
    digest_of(text, n, token->digest);
    token->wanted = true;
    return STATUS_OK;
}

enum status server_token_read(struct server_token *token, const char *path, struct error *error)
{
    char text[MAX_TOKEN + 3] = "";
    FILE *file = fopen(path, "re");
    if (!file)
        return error_set_errno(error, STATUS_IO, errno, "%s: the token cannot be read", path);
    size_t n = fread(text, 1, sizeof text - 1, file);
    int failed = ferror(file);
    fclose(file);
    if (failed)
        return error_set_errno(error, STATUS_IO, errno, "%s: the token cannot be read", path);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        text[--n] = '\0';
    enum status status =
        memchr(text, '\0', n) || n > MAX_TOKEN
            ? error_set(error, STATUS_INVALID, "%s: not a token of 1 to %d bytes on one line", path,
                        MAX_TOKEN)
            : server_token_set(token, text, path, error);
    explicit_bzero(text, sizeof text);
    return status;
}

bool server_token_accepts(const struct server_token *token, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    char digest[DIGEST_TEXT_SIZE];
    unsigned difference = 0;
    if (!token->wanted)
        return true;
    if (!authorization || strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    authorization += sizeof scheme - 1;
    authorization += strspn(authorization, " ");
    digest_of(authorization, strlen(authorization), digest);
    for (size_t i = 0; i < sizeof digest; i++)
        difference |= (unsigned char)digest[i] ^ (unsigned char)token->digest[i];
    return difference == 0;
}
