// SPDX-License-Identifier: GPL-3.0-or-later
/* A system's files made up for a test of meters, and questions asked of them. */
#ifndef PROFILER_TEST_METER_TREE_H
#define PROFILER_TEST_METER_TREE_H

#include "base/memory.h"
#include "base/test/support.h"
#include "profiler/meter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The root of a new tree, which everybody may read; freed by the caller. */
static inline char *tree_new(void)
{
    char *root = test_scratch("meter");
    assert_int_equal(chmod(root, 0755), 0);
    return root;
}

/* Writes a file of one line below the root, beside and renamed as a sensor would never tear it. */
static inline void tree_set(const char *root, const char *path, const char *text)
{
    char *whole = text_format("%s%s", root, path), *beside = text_format("%s.new", whole);
    for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    FILE *file = fopen(beside, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", text);
    fclose(file);
    assert_int_equal(rename(beside, whole), 0);
    free(beside);
    free(whole);
}

static inline void tree_remove(const char *root, const char *path)
{
    char *whole = text_format("%s%s", root, path);
    assert_int_equal(unlink(whole), 0);
    free(whole);
}

static inline void tree_mode(const char *root, const char *path, mode_t mode)
{
    char *whole = text_format("%s%s", root, path);
    assert_int_equal(chmod(whole, mode), 0);
    free(whole);
}

static inline struct meter *tree_open(const char *root, const char *spec)
{
    struct meter *meter = NULL;
    struct error error = {0};
    if (meter_open(spec, root, &meter, &error))
        fail_msg("%s", error.text);
    return meter;
}

/* Opening it fails so, and the message has `why` in it. */
static inline void tree_refuses(const char *root, const char *spec, enum status status,
                                const char *why)
{
    struct meter *meter = NULL;
    struct error error = {0};
    enum status got = meter_open(spec, root, &meter, &error);
    if (got != status || !strstr(error.text, why))
        fail_msg("'%s' gives %d '%s' instead of %d '%s'", spec, got, error.text, status, why);
    assert_null(meter);
}

static inline double read_value(struct meter *meter)
{
    struct meter_reading reading;
    struct error error = {0};
    if (meter_read(meter, &reading, &error))
        fail_msg("%s", error.text);
    assert_true(reading.t_ns > 0);
    return reading.value;
}

static inline void read_refuses(struct meter *meter, enum status status, const char *why)
{
    static const double untouched = -12345;
    struct meter_reading reading = {.value = untouched};
    struct error error = {0};
    enum status got = meter_read(meter, &reading, &error);
    if (got != status || !strstr(error.text, why))
        fail_msg("%d '%s' (%g) instead of %d '%s'", got, error.text, reading.value, status, why);
    assert_true(reading.value == untouched); /* never a number */
}

/* What there is of that name, or NULL; owned by the list. */
static inline const struct meter_found *found_named(const struct meter_found *found, size_t n,
                                                    const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(found[i].info.name, name) == 0)
            return &found[i];
    }
    return NULL;
}

#endif
