// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/digest.h"

#include <math.h>
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

/* Compilers make one store of it where the machine has this order. */
static void put_u64(uint8_t *bytes, uint64_t value)
{
    bytes[0] = (uint8_t)value;
    bytes[1] = (uint8_t)(value >> 8);
    bytes[2] = (uint8_t)(value >> 16);
    bytes[3] = (uint8_t)(value >> 24);
    bytes[4] = (uint8_t)(value >> 32);
    bytes[5] = (uint8_t)(value >> 40);
    bytes[6] = (uint8_t)(value >> 48);
    bytes[7] = (uint8_t)(value >> 56);
}

void digest_u64(struct digest *digest, uint64_t value)
{
    uint8_t bytes[8];
    put_u64(bytes, value);
    digest_bytes(digest, bytes, sizeof bytes);
}

void digest_i64s(struct digest *digest, const int64_t *values, size_t n)
{
    enum { MOST = 16 };
    uint8_t bytes[8 * MOST]; /* few large pieces are hashed faster than many small ones */
    size_t filled = 0;
    for (size_t i = 0; i < n; i++) {
        put_u64(bytes + filled, (uint64_t)values[i]);
        filled += 8;
        if (filled == sizeof bytes || i + 1 == n) {
            digest_bytes(digest, bytes, filled);
            filled = 0;
        }
    }
}

void digest_real(struct digest *digest, double value)
{
    double plain = value == 0 ? 0 : value;
    uint64_t bits = UINT64_MAX;
    if (!isnan(value))
        memcpy(&bits, &plain, sizeof bits);
    digest_u64(digest, bits);
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
