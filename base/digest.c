// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/digest.h"

#include <stdio.h>
#include <string.h>

void digest_start(struct digest *digest)
{
    sha256_init(&digest->state);
}

void digest_bytes(struct digest *digest, const void *bytes, size_t n)
{
    sha256_update(&digest->state, n, bytes);
}

void digest_u64(struct digest *digest, uint64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    digest_bytes(digest, bytes, sizeof bytes);
}

void digest_i64s(struct digest *digest, const int64_t *values, size_t n)
{
    uint8_t bytes[8 * 16]; /* few large pieces are hashed faster than many small ones */
    for (size_t done = 0; done < n;) {
        size_t some = n - done < sizeof bytes / 8 ? n - done : sizeof bytes / 8;
        for (size_t i = 0; i < 8 * some; i++)
            bytes[i] = (uint8_t)((uint64_t)values[done + i / 8] >> 8 * (i % 8));
        digest_bytes(digest, bytes, 8 * some);
        done += some;
    }
}

void digest_text(struct digest *digest, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    digest_u64(digest, length);
    if (length)
        digest_bytes(digest, text, length);
}

void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest(&digest->state, sizeof bytes, bytes);
    for (int i = 0; i < SHA256_DIGEST_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}
