// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Runs a fuzz target without libFuzzer: over its committed corpus, then for half a second (20 s
 * with RNNMAP_LONG=1) over random changes of it, each in memory of just its size. Linked with a
 * target, BUILD/test/ROOM/fuzz/fuzz_NAME runs ROOM/fuzz/corpus/NAME; arguments are files to run
 * instead.
 */
#include "base/fuzz/fuzz.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

enum { INPUT_MAX = 1 << 16, HANG_S = 20 };

struct input {
    uint8_t *bytes;
    size_t n;
};

static bool read_input(const char *path, struct input *input)
{
    FILE *file = fopen(path, "rb");
    *input = (struct input){malloc(INPUT_MAX), 0};
    if (!file || !input->bytes) {
        fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    input->n = fread(input->bytes, 1, INPUT_MAX, file);
    fclose(file);
    return true;
}

static void run_input(const uint8_t *bytes, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);
    FUZZ_REQUIRE(copy);
    memcpy(copy, bytes, n);
    alarm(HANG_S);
    LLVMFuzzerTestOneInput(copy, n);
    alarm(0);
    free(copy);
}

/* Changes a byte or a few, takes some out, or puts in some of another input. */
static size_t change(struct random *random, uint8_t *bytes, size_t n, const struct input *other)
{
    size_t at = (size_t)random_below(random, n + 1), rest = n - at;
    size_t span = 1 + (size_t)random_below(random, random_below(random, 4) ? 4 : 64);
    size_t from = (size_t)random_below(random, other->n + 1);
    if (span > other->n - from)
        span = other->n - from;
    switch (random_below(random, 5)) {
    case 0:
        if (rest)
            bytes[at] ^= (uint8_t)(1u << random_below(random, 8));
        return n;
    case 1:
        if (rest)
            bytes[at] = (uint8_t)random_u64(random);
        return n;
    case 2: /* out */
        span = span < rest ? span : rest;
        memmove(bytes + at, bytes + at + span, rest - span);
        return n - span;
    case 3: /* in */
        if (n + span > INPUT_MAX)
            return n;
        memmove(bytes + at + span, bytes + at, rest);
        memcpy(bytes + at, other->bytes + from, span);
        return n + span;
    default: /* over */
        span = span < rest ? span : rest;
        memcpy(bytes + at, other->bytes + from, span);
        return n;
    }
}

/* `last` keeps each input while it runs, for whoever looks after a crash. */
static unsigned long run_changed(const struct input *inputs, size_t n, int last, double seconds)
{
    struct random random = {(uint64_t)clock_ns()};
    uint8_t *bytes = malloc(INPUT_MAX);
    int64_t end = clock_ns() + (int64_t)(seconds * 1e9);
    unsigned long n_runs = 0;
    FUZZ_REQUIRE(bytes);
    for (; clock_ns() < end; n_runs++) {
        const struct input *input = &inputs[random_below(&random, n)];
        size_t size = input->n;
        memcpy(bytes, input->bytes, size);
        for (uint64_t k = 1 + random_below(&random, 5); k > 0; k--)
            size = change(&random, bytes, size, &inputs[random_below(&random, n)]);
        FUZZ_REQUIRE(ftruncate(last, 0) == 0 && pwrite(last, bytes, size, 0) == (ssize_t)size);
        run_input(bytes, size);
    }
    free(bytes);
    return n_runs;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int run_corpus(const char *program)
{
    const char *test = strstr(program, "/test/"), *fuzz = test ? strstr(test, "/fuzz/fuzz_") : NULL;
    if (!fuzz)
        return 2;
    char *corpus = text_format("%.*s/fuzz/corpus/%s", (int)(fuzz - test - 6), test + 6, fuzz + 11);
    char *kept = text_format("%s.last", program);
    struct dirent **entries = NULL;
    int n = corpus ? scandir(corpus, &entries, is_input, by_name) : -1;
    int last = kept ? open(kept, O_RDWR | O_CREAT, 0644) : -1;
    struct input *inputs = n > 0 ? calloc((size_t)n, sizeof *inputs) : NULL;
    if (!inputs || last < 0) {
        fprintf(stderr, "%s: no corpus, or %s cannot be written\n", corpus, kept);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char *path = text_format("%s/%s", corpus, entries[i]->d_name);
        if (!path || !read_input(path, &inputs[i]))
            return 1;
        printf("%s\n", path);
        fflush(stdout);
        run_input(inputs[i].bytes, inputs[i].n);
        free(path);
        free(entries[i]);
    }
    printf("%d inputs; now changed at random (the last one is kept in %s)\n", n, kept);
    fflush(stdout);
    unsigned long n_runs = run_changed(inputs, (size_t)n, last, getenv("RNNMAP_LONG") ? 20 : 0.5);
    printf("%lu changed inputs\n", n_runs);
    for (int i = 0; i < n; i++)
        free(inputs[i].bytes);
    free(inputs);
    free(entries);
    unlink(kept);
    free(kept);
    free(corpus);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct input input;
        if (!read_input(argv[i], &input))
            return 1;
        run_input(input.bytes, input.n);
        free(input.bytes);
    }
    return argc > 1 ? 0 : run_corpus(argv[0]);
}
