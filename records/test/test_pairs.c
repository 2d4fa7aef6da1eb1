// SPDX-License-Identifier: GPL-3.0-or-later
/* Pairs of lengths against files whose figures are known, and draws against their counts. */
#include "records/test/fixture.h"

#include "records/pairs.h"

#include <math.h>

static const char by_hand[] = "count,n_out,n_in,source\n"
                              "2,3,1,a\n1,5,2,a\n1,7,3,b\n\n0,9,9,b\n# the first again\n2,3,1,c\n"
                              "3,4,2,c\n1,1,2147483647,c\n";

static void pairs_by_hand(void **state)
{
    (void)state;
    static const struct length_pair pairs[] = {{1, 3}, {2, 4}, {2, 5}, {3, 7}, {2147483647, 1}};
    static const uint64_t counts[] = {4, 3, 1, 1, 1};
    struct pair_histogram h;
    struct histogram in, out, read;
    char *folder = test_scratch("pairs"), *path = test_write(folder, "pairs.csv", by_hand);
    assert_ok(pair_histogram_read(path, &h, &error));
    assert_int_equal(h.n, 5);
    assert_int_equal(h.total, 10);
    assert_memory_equal(h.pairs, pairs, sizeof pairs);
    assert_memory_equal(h.counts, counts, sizeof counts);
    assert_ok(pair_histogram_side(&h, SIDE_IN, &in, &error));
    assert_ok(pair_histogram_side(&h, SIDE_OUT, &out, &error));
    assert_int_equal(in.n, 4);
    assert_memory_equal(in.lengths, ((uint32_t[]){1, 2, 3, 2147483647}), 4 * sizeof(uint32_t));
    assert_memory_equal(in.counts, ((uint64_t[]){4, 4, 1, 1}), 4 * sizeof(uint64_t));
    assert_int_equal(out.n, 5);
    assert_memory_equal(out.lengths, ((uint32_t[]){1, 3, 4, 5, 7}), 5 * sizeof(uint32_t));
    assert_memory_equal(out.counts, ((uint64_t[]){1, 4, 3, 1, 1}), 5 * sizeof(uint64_t));
    /* the same file as a histogram of single lengths: its inputs */
    assert_ok(histogram_read(path, &read, &error));
    assert_int_equal(read.n, in.n);
    assert_int_equal(read.total, 10);
    assert_memory_equal(read.lengths, in.lengths, in.n * sizeof *in.lengths);
    assert_memory_equal(read.counts, in.counts, in.n * sizeof *in.counts);
    histogram_free(&read);
    histogram_free(&in);
    histogram_free(&out);
    pair_histogram_free(&h);
    pair_histogram_free(&h);
    free(path);
    free(folder);
}

/* x 1 2 2 3, y 2 3 5 6: means 2 and 4, Sxx 2, Sxy 4, Syy 10; each point three times. */
static void trend_by_hand(void **state)
{
    (void)state;
    struct length_pair pairs[] = {{1, 2}, {2, 3}, {2, 5}, {3, 6}};
    uint64_t counts[] = {3, 3, 3, 3};
    struct pair_histogram h = {pairs, counts, 4, 12};
    struct pair_trend trend = pair_histogram_trend(&h);
    assert_close(trend.slope, 2, 1e-14, 0);
    assert_close(trend.intercept, 0, 0, 1e-14);
    assert_close(trend.pearson_r, 4 / sqrt(20), 1e-14, 0);
    struct pair_histogram one = {pairs, counts, 1, 3};
    assert_true(isnan(pair_histogram_trend(&one).slope));
    struct length_pair level[] = {{1, 5}, {4, 5}};
    struct pair_histogram flat = {level, counts, 2, 6};
    assert_true(pair_histogram_trend(&flat).slope == 0);
    assert_true(pair_histogram_trend(&flat).intercept == 5);
    assert_true(isnan(pair_histogram_trend(&flat).pearson_r));
}

static void malformed_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *says;
    } rows[] = {
        {"", "", "no header"},
        {"n_in,n_out,count\n", "", "no pairs"},
        {"length,count\n5,1\n", "", "single lengths"},
        {"n_in,count\n5,1\n", ":1", "'n_out'"},
        {"n_out,count\n5,1\n", ":1", "'length'"},
        {"length,n_in,n_out,count\n5,5,5,1\n", ":1", "'n_in'"},
        {"n_in,n_out,count\n5,1,1\n0,1,1\n", ":3", "n_in"},
        {"n_in,n_out,count\n5,1,1\n1,0,1\n", ":3", "n_out"},
        {"n_in,n_out,count\n5,1,1\n1,2147483648,1\n", ":3", "n_out"},
        {"n_in,n_out,count\n5,1,x\n", ":2", "count"},
        {"n_in,n_out,count\n5,1\n", ":2", "2 fields"},
        {"n_in,n_out,count\n5,1,9007199254740992\n5,1,1\n", ":3", "2^53"},
    };
    char *folder = test_scratch("pairs");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair_histogram h;
        char *path = test_write(folder, "bad.csv", rows[i].text);
        char *where = text_format("%s%s", path, rows[i].where);
        assert_fails(STATUS_INVALID, where, rows[i].says, pair_histogram_read(path, &h, &error));
        assert_null(h.pairs);
        free(where);
        free(path);
    }
    free(folder);
}

/* Chi-square with 4 degrees of freedom is over 23.5 by chance in one of 10,000 seeds, and the seed
 * is fixed. */
static void draws_follow_the_pairs(void **state)
{
    (void)state;
    enum { N = 5, DRAWS = 1000000 };
    struct length_pair pairs[N] = {{1, 3}, {2, 4}, {2, 5}, {3, 7}, {900, 1}};
    uint64_t counts[N] = {400, 300, 10, 1, 289}, seen[N] = {0};
    struct pair_histogram h = {pairs, counts, N, 1000}, empty = {0};
    struct pair_sampler sampler;
    struct random random = {5};
    double chi_square = 0;
    assert_ok(pair_sampler_make(&h, &sampler, &error));
    for (int i = 0; i < DRAWS; i++) {
        struct length_pair pair = pair_sampler_draw(&sampler, &random);
        size_t k = 0;
        while (k < N && (pairs[k].n_in != pair.n_in || pairs[k].n_out != pair.n_out))
            k++;
        assert_true(k < N);
        seen[k]++;
    }
    for (size_t k = 0; k < N; k++) {
        double expected = DRAWS * (double)counts[k] / 1000;
        chi_square += pow((double)seen[k] - expected, 2) / expected;
    }
    assert_true(chi_square < 23.5);
    pair_sampler_free(&sampler);
    pair_sampler_free(&sampler);
    assert_fails(STATUS_INVALID, "nothing to draw", "",
                 pair_sampler_make(&empty, &sampler, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_by_hand),
        cmocka_unit_test(trend_by_hand),
        cmocka_unit_test(malformed_pairs),
        cmocka_unit_test(draws_follow_the_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
