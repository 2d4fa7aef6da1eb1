// SPDX-License-Identifier: GPL-3.0-or-later
/* Charts: what is drawn is in its place, well-formed, and nothing is from elsewhere. */
#include "base/test/markup.h"

#include "base/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Axes of 10 by 100 on the picture's 50..348 by 230..24. */
static void points_in_their_places(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    struct chart chart;
    const struct chart_point points[] = {{5, 50}, {1, 10}, {5, 1e9}, {NAN, 1}, {1, INFINITY}};
    chart_begin(&chart, memory, "a < b", (struct chart_axis){0, 10, "x & y"},
                (struct chart_axis){0, 100, "z"});
    chart_points(&chart, points, 5, "#000000", 1, 1);
    chart_line(&chart, points, 5, "#000000", 1, true);
    chart_band(&chart, points, points, 5, "#000000");
    chart_mark(&chart, 5, 4, 6, "5 [4, 6]");
    chart_mark(&chart, 50, 40, 60, "beyond");
    chart_density(&chart, points, 5, "#000000");
    chart_end(&chart);
    fclose(memory);
    assert_well_formed(text);
    assert_self_contained(text);
    assert_non_null(strstr(text, "<title>a &lt; b</title>"));
    assert_non_null(strstr(text, ">x &amp; y</text>"));
    assert_non_null(strstr(text, "d=\"M199.0 127.0h0M79.8 209.4h0M199.0 24.5h0\""));
    assert_non_null(strstr(text, "M169.2 24H228.8V230"));
    assert_int_equal(count(text, "fill-opacity=\"0.90\""), 3); /* cells of one point each */
    assert_null(strstr(text, "beyond"));
    free(text);
}

/* 0..40 on the picture's 82..294.8; rows of 24 from 8 on. */
static void bars_in_their_places(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    const struct chart_bar bars[] = {{"one < two", "20 & no", 20, 10, 40, "#000000"},
                                     {"none", "unknown", NAN, 1, 0, "#111111"},
                                     {"below", "-5", -5, 1, 0, "#222222"}};
    chart_bars(memory, "a < b", bars, 3, "x & y", 30);
    fclose(memory);
    assert_well_formed(text);
    assert_self_contained(text);
    assert_non_null(strstr(text, ">one &lt; two</text>"));
    assert_non_null(strstr(text, "M82 13.0H188.4v14H82Z"));            /* the bar */
    assert_non_null(strstr(text, "M135.2 16.0v8m0 -4H294.8m0 -4v8"));  /* its whisker */
    assert_non_null(strstr(text, "M241.6 8V80\" stroke=\"#444444\"")); /* the reference */
    assert_null(strstr(text, "#111111"));
    assert_non_null(strstr(text, "M82 61.0H82.0v14H82Z"));
    assert_int_equal(count(text, "<text"), 6 + 5 + 1);
    free(text);
}

static void axes_end_on_round_numbers(void **state)
{
    (void)state;
    static const struct {
        double low, high, from, to;
    } rows[] = {{0, 97, 0, 100}, {-3.2, 3.2, -4, 4},    {0, 1e-6, 0, 1e-6},
                {5, 5, 2, 8},    {0, 0, -6e-10, 6e-10}, {0, 2147483647, 0, 2.5e9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct chart_axis axis = chart_axis_around(rows[i].low, rows[i].high, "");
        assert_close(axis.low, rows[i].from, 1e-9, 1e-15);
        assert_close(axis.high, rows[i].to, 1e-9, 1e-15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_in_their_places),
        cmocka_unit_test(bars_in_their_places),
        cmocka_unit_test(axes_end_on_round_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
