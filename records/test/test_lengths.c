// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists of lengths against a naive expansion, histograms against files whose figures are known. */
#include "records/test/fixture.h"

#include "base/clock.h"

#include <math.h>
#include <sys/resource.h>

enum { SPACE = 2000 }; /* the greatest length that the naive expansion knows */

static void parse_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        uint32_t lengths[8];
    } rows[] = {
        {"7", 1, {7}},
        {"2147483647", 1, {2147483647}},
        {"5:5", 1, {5}},
        {"1:4", 4, {1, 2, 3, 4}},
        {"1:10:3", 4, {1, 4, 7, 10}},
        {"1:9:3", 3, {1, 4, 7}},
        {"1:9:2147483647", 1, {1}},
        {"9,1,4,4,1", 3, {1, 4, 9}},
        {"1, 2, 4:8:4 , 3", 5, {1, 2, 3, 4, 8}},
        {" 3 ", 1, {3}}, /* as in "lengths = 3 " */
        {" 1 : 3 : 2 ", 2, {1, 3}},
        {"2147483640:2147483647:7", 2, {2147483640, 2147483647}},
        {"007", 1, {7}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t *lengths;
        size_t n;
        assert_ok(lengths_parse(rows[i].text, &lengths, &n, &error));
        assert_int_equal(n, rows[i].n);
        assert_memory_equal(lengths, rows[i].lengths, n * sizeof *lengths);
        free(lengths);
    }
}

static void parse_refuses(void **state)
{
    (void)state;
    /* the text, and what the message must show of it */
    static const char *const rows[][2] = {
        {"", "''"},           {" ", "' '"},
        {"0", "'0'"},         {"-1", "'-1'"},
        {"+1", "'+1'"},       {"a", "'a'"},
        {"1,a,2", "'a'"},     {"1,,2", "''"},
        {",1", "''"},         {"1,", "''"},
        {"5:1", "'5:1'"},     {"1:10:0", "'1:10:0'"},
        {"1:2:3:4", "FROM"},  {"1:", "'1:'"},
        {":5", "':5'"},       {"1::2", "'1::2'"},
        {"1.5", "'1.5'"},     {"1e3", "'1e3'"},
        {"0x10", "'0x10'"},   {"1 2", "'1 2'"},
        {"1;2", "'1;2'"},     {"2147483648", "'2147483648'"},
        {"1:2 3", "'1:2 3'"}, {"99999999999999999999999", "'9999"},
        {"\xff", "\xff"},     {"1:2000000000", "more than 100000"},
        {"1:100001", "more"}, {"1:100000,5", "more than 100000"},
        {"nan", "'nan'"},     {"1\n2", "'1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t untouched, *lengths = &untouched;
        size_t n = 99;
        assert_fails(STATUS_INVALID, rows[i][1], "lengths",
                     lengths_parse(rows[i][0], &lengths, &n, &error));
        assert_ptr_equal(lengths, &untouched);
        assert_int_equal(n, 99);
    }
}

/* What asks for billions is refused at once, before it costs memory or time. */
static void huge_ranges_cost_nothing(void **state)
{
    (void)state;
    struct rusage before, after;
    int64_t started_ns = clock_ns();
    getrusage(RUSAGE_SELF, &before);
    for (int i = 0; i < 1000; i++) {
        uint32_t *lengths;
        size_t n;
        assert_fails(
            STATUS_INVALID, "more than", "",
            lengths_parse("1:2000000000,1:2000000000:2,1:2147483647", &lengths, &n, &error));
    }
    getrusage(RUSAGE_SELF, &after);
    assert_true(clock_ns() - started_ns < 1000000000);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096); /* KiB */
    uint32_t *lengths;
    size_t n;
    assert_ok(lengths_parse("1:100000", &lengths, &n, &error));
    assert_int_equal(n, LENGTHS_MAX);
    free(lengths);
    assert_ok(lengths_parse("1:2147483647:21475", &lengths, &n, &error));
    assert_int_equal(n, 100000);
    free(lengths);
}

static void parse_is_the_naive_expansion(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 20000 : 1000); i++) {
        bool wanted[SPACE + 1] = {false};
        char text[600];
        size_t used = 0;
        for (uint64_t part = 0, n = 1 + random_below(&random, 12); part < n; part++) {
            uint64_t from = 1 + random_below(&random, SPACE);
            uint64_t to = from + random_below(&random, SPACE + 1 - from);
            uint64_t step = 1 + random_below(&random, random_below(&random, 2) ? 3 : SPACE);
            const char *comma = part ? random_below(&random, 2) ? "," : " ,\t" : "";
            switch (random_below(&random, 3)) {
            case 0:
                to = from;
                used += (size_t)sprintf(text + used, "%s%d", comma, (int)from);
                break;
            case 1:
                step = 1;
                used += (size_t)sprintf(text + used, "%s%d:%d", comma, (int)from, (int)to);
                break;
            default:
                used += (size_t)sprintf(text + used, "%s%d:%d:%d", comma, (int)from, (int)to,
                                        (int)step);
            }
            for (uint64_t length = from; length <= to; length += step)
                wanted[length] = true;
        }
        uint32_t *lengths;
        size_t n, at = 0;
        assert_ok(lengths_parse(text, &lengths, &n, &error));
        for (uint32_t length = 1; length <= SPACE; length++) {
            if (wanted[length]) {
                assert_true(at < n);
                assert_int_equal(lengths[at++], length);
            }
        }
        assert_int_equal(at, n);
        free(lengths);
    }
}

/* ---- histograms */

static void malformed_histograms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *says;
    } rows[] = {
        {"", "", "no header"},
        {"length,count\n", "", "no lengths"},
        {"length,count\n5,0\n", "", "no lengths"},
        {"length\n5\n", ":1", "count"},
        {"count,size\n5,1\n", ":1", "length"},
        {"length,count\n1,2\n0,3\n", ":3", "length"},
        {"length,count\n1,2\n-1,3\n", ":3", "length"},
        {"length,count\n1,2\n3,-1\n", ":3", "count"},
        {"length,count\n1,2\n3,1.5\n", ":3", "count"},
        {"length,count\n1,2\n3,\n", ":3", "count"},
        {"length,count\n# a\n\n1,2,3\n", ":4", "3 fields"},
        {"length,count\n1\n", ":2", "1 fields"},
        {"length,count\n2147483648,1\n", ":2", "length"},
        {"length,count\n1,9007199254740992\n2,1\n", ":3", "2^53"},
        {"length,count\n1,99999999999999999999\n", ":2", "count"},
        {"length,count\nnan,1\n", ":2", "length"},
        {"length,length,count\n1,1,1\n", ":1", "twice"},
    };
    char *folder = test_scratch("lengths");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct histogram histogram;
        char *path = test_write(folder, "bad.csv", rows[i].text);
        char *where = text_format("%s%s", path, rows[i].where);
        assert_fails(STATUS_INVALID, where, rows[i].says, histogram_read(path, &histogram, &error));
        assert_null(histogram.lengths);
        histogram_free(&histogram);
        free(where);
        free(path);
    }
    struct histogram histogram;
    assert_fails(STATUS_IO, folder, "", histogram_read(folder, &histogram, &error));
    assert_fails(STATUS_IO, "/no/such", "", histogram_read("/no/such", &histogram, &error));
    free(folder);
}

static void histogram_by_hand(void **state)
{
    (void)state;
    char *folder = test_scratch("lengths");
    char *path = test_write(folder, "h.csv",
                            "\xef\xbb\xbf# made up\r\ncount,source,length\r\n"
                            "21,b,20\r\n7,a,10\n\n 27 ,c, 30\n1,d,1000\n0,x,7\n44,e,1000\n");
    struct histogram h;
    assert_ok(histogram_read(path, &h, &error));
    static const uint32_t lengths[] = {10, 20, 30, 1000};
    static const uint64_t counts[] = {7, 21, 27, 45};
    assert_int_equal(h.n, 4);
    assert_int_equal(h.total, 100);
    assert_memory_equal(h.lengths, lengths, sizeof lengths);
    assert_memory_equal(h.counts, counts, sizeof counts);
    assert_close(histogram_mean(&h), 0.7 + 4.2 + 8.1 + 450, 1e-14, 0);
    /* of 100 sequences, p is the rank in percent: 0.07 * 100 is a hair above 7 */
    for (int percent = 0; percent <= 100; percent++) {
        uint32_t expected = percent <= 7 ? 10 : percent <= 28 ? 20 : percent <= 55 ? 30 : 1000;
        assert_int_equal(histogram_quantile(&h, percent / 100.0), expected);
        assert_int_equal(histogram_quantile(&h, percent * 0.01), expected);
    }
    assert_int_equal(histogram_quantile(&h, 0.0701), 20);
    assert_int_equal(histogram_quantile(&h, -INFINITY), 10);
    assert_int_equal(histogram_quantile(&h, INFINITY), 1000);
    histogram_free(&h);
    histogram_free(&h);
    free(path);
    free(folder);
}

/* Each length in its share: within five standard deviations of the binomial count. */
static void draws_follow_the_counts(void **state)
{
    (void)state;
    enum { DRAWS = 100000 };
    uint32_t lengths[] = {3, 50, 51, 4000};
    uint64_t counts[] = {1, 500, 299, 200};
    struct histogram h = {lengths, counts, 4, 1000};
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    uint64_t seen[4] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint32_t length = histogram_draw(&h, &random);
        size_t k = 0;
        while (k < 4 && lengths[k] != length)
            k++;
        assert_true(k < 4);
        seen[k]++;
    }
    for (size_t k = 0; k < 4; k++) {
        double p = (double)counts[k] / 1000;
        assert_close((double)seen[k], DRAWS * p, 0, 5 * sqrt(DRAWS * p * (1 - p)));
    }
    struct random a = {4}, b = {4};
    for (int i = 0; i < 100; i++)
        assert_int_equal(histogram_draw(&h, &a), histogram_draw(&h, &b));
}

/* The reviews of IMDB, with figures computed from them independently. */
static void the_reviews(void **state)
{
    (void)state;
    static const char path[] = "datasets/imdb.csv";
    if (access(path, R_OK) != 0) {
        print_message("[  SKIPPED ] reviews: %s is not here; run from the root\n", path);
        skip();
    }
    struct histogram h;
    assert_ok(histogram_read(path, &h, &error));
    assert_int_equal(h.total, 50000);
    assert_int_equal(histogram_quantile(&h, 0), 4);
    assert_int_equal(histogram_quantile(&h, 0.5), 171);
    assert_int_equal(histogram_quantile(&h, 0.95), 585);
    assert_int_equal(histogram_quantile(&h, 1), 2459);
    assert_int_equal(h.lengths[0], 4);
    assert_int_equal(h.lengths[h.n - 1], 2459);
    assert_close(histogram_mean(&h), 228.85, 0, 0.005);
    histogram_free(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_by_hand),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(huge_ranges_cost_nothing),
        cmocka_unit_test(parse_is_the_naive_expansion),
        cmocka_unit_test(malformed_histograms),
        cmocka_unit_test(histogram_by_hand),
        cmocka_unit_test(draws_follow_the_counts),
        cmocka_unit_test(the_reviews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
