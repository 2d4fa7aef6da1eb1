// SPDX-License-Identifier: GPL-3.0-or-later
/* Lists of lengths against a naive expansion. */
#include "records/test/fixture.h"

#include "base/clock.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_by_hand),
        cmocka_unit_test(parse_refuses),
        cmocka_unit_test(huge_ranges_cost_nothing),
        cmocka_unit_test(parse_is_the_naive_expansion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
