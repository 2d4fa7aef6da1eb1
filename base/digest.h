// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SHA-256 (FIPS 180-4, by Nettle) of what is fed piece by piece.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT_SIZE = 2 * SHA256_DIGEST_SIZE + 1 };

struct digest {
    struct sha256_ctx state;
};

void digest_start(struct digest *digest);
void digest_bytes(struct digest *digest, const void *bytes, size_t n);
/* As eight bytes, the least significant first, on every machine. */
void digest_u64(struct digest *digest, uint64_t value);
/* The same of each of n numbers in turn. */
void digest_i64s(struct digest *digest, const int64_t *values, size_t n);
/* A number's bits, the same for each that is no number, and for 0 and -0. */
void digest_real(struct digest *digest, double value);
/* With its length in front, so that "ab","c" and "a","bc" differ. NULL counts as "". */
void digest_text(struct digest *digest, const char *text);
/* Writes 64 hexadecimal digits and a NUL. */
void digest_finish(struct digest *digest, char text[DIGEST_TEXT_SIZE]);

#endif
