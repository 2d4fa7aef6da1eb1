// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What fuzz targets share. A target, ROOM/fuzz/fuzz_NAME.c, is one function that is given bytes;
 * libFuzzer calls it (make fuzz), and so does base/fuzz/replay.c with the committed bytes of
 * ROOM/fuzz/corpus/NAME (make check).
 */
#ifndef BASE_FUZZ_FUZZ_H
#define BASE_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a target finds out about what must hold: ends the process as a crash does. */
#define FUZZ_REQUIRE(condition) \
    do {                        \
        if (!(condition))       \
            __builtin_trap();   \
    } while (0)

/* The path of a file in memory that holds the bytes; good until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
    static char path[32];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        FUZZ_REQUIRE(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    FUZZ_REQUIRE(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

/* The bytes as a string, to be freed. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    FUZZ_REQUIRE(text);
    memcpy(text, data, size);
    text[size] = '\0';
    return text;
}

#endif
