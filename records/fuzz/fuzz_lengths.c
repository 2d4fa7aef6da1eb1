// SPDX-License-Identifier: GPL-3.0-or-later
/* Lengths, as histograms, columns, texts, pairs and lists. The first byte says as which. */
#include "base/fuzz/fuzz.h"
#include "base/memory.h"
#include "records/lengths.h"
#include "records/pairs.h"

static void read_histogram(const char *prefix, const char *path)
{
    struct error error = {0};
    struct histogram histogram;
    uint64_t total = 0;
    char *source = text_format("%s%s", prefix, path);
    FUZZ_REQUIRE(source);
    enum status status = histogram_read(source, &histogram, &error);
    free(source);
    FUZZ_REQUIRE(!status == (error.text[0] == '\0'));
    if (status)
        return;
    for (size_t i = 0; i < histogram.n; i++) {
        FUZZ_REQUIRE(histogram.counts[i] > 0 && histogram.lengths[i] > 0);
        FUZZ_REQUIRE(i == 0 || histogram.lengths[i] > histogram.lengths[i - 1]);
        total += histogram.counts[i];
    }
    FUZZ_REQUIRE(histogram.n > 0 && total == histogram.total);
    FUZZ_REQUIRE(histogram_quantile(&histogram, 0) == histogram.lengths[0]);
    FUZZ_REQUIRE(histogram_quantile(&histogram, 1) == histogram.lengths[histogram.n - 1]);
    histogram_free(&histogram);
}

static void read_pairs(const char *path)
{
    struct pair_histogram pairs;
    if (pair_histogram_read(path, &pairs, NULL))
        return;
    FUZZ_REQUIRE(pairs.n > 0 && pairs.total > 0);
    (void)pair_histogram_trend(&pairs);
    pair_histogram_free(&pairs);
}

static void read_list(const uint8_t *data, size_t size)
{
    char *text = fuzz_text(data, size);
    uint32_t *lengths;
    size_t n;
    if (!lengths_parse(text, &lengths, &n, NULL)) {
        FUZZ_REQUIRE(n >= 1 && n <= LENGTHS_MAX && lengths[0] >= 1);
        for (size_t i = 1; i < n; i++)
            FUZZ_REQUIRE(lengths[i] > lengths[i - 1]);
        free(lengths);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {
        "", "text:", "column:1@", "column:2@", "column:length@", "words:1@", "words:text@"};
    enum { N_PREFIXES = sizeof prefixes / sizeof *prefixes };
    if (size == 0)
        return 0;
    unsigned kind = data[0] % (N_PREFIXES + 2);
    if (kind < N_PREFIXES)
        read_histogram(prefixes[kind], fuzz_file(data + 1, size - 1));
    else if (kind == N_PREFIXES)
        read_pairs(fuzz_file(data + 1, size - 1));
    else
        read_list(data + 1, size - 1);
    return 0;
}
