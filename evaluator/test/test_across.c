// SPDX-License-Identifier: GPL-3.0-or-later
/* Many evaluations judged together: figures worked out by hand, and documents that are none. */
#include "evaluator/test/fixture.h"

#include "evaluator/across.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An evaluation in which the better single device takes 100 ms. */
static char *evaluation(const char *campaign, const char *link, double other_s, double difference_s,
                        double low_s, double high_s, double oracle_ratio)
{
    return text_format(
        "{\"schema\":\"rnnmap.eval/1\",\"objective\":\"time\",\"campaign\":\"%s\",\"lengths\":\"x/"
        "l.csv\",\"link\":\"%s\","
        "\"requests\":1000,\"better_single\":\"edge\",\"better_single_mean\":0.1,"
        "\"other_single_mean\":%g,\"policies\":[{\"policy\":\"edge\"},{\"policy\":\"rnnmap\","
        "\"vs_better_single\":%g,\"ci95\":[%g,%g],\"oracle_ratio\":%g,\"probe_loss\":0.5}]}",
        campaign, link, other_s, difference_s, low_s, high_s, oracle_ratio);
}

/* Four cells of two campaigns; 1.96 standard errors are 2, 1, 0 and 4 ms. */
static void figures_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    char *cells[] = {evaluation("a", "lte", 0.15, -0.010, -0.012, -0.008, 1.02),
                     evaluation("a", "wifi", 0.2, -0.020, -0.021, -0.019, 1.04),
                     evaluation("b", "lte", 0.3, 0, 0, 0, 1),
                     evaluation("b", "wifi", 0.12, -0.003, -0.007, 0.001, 1.08)};
    char *folder = test_scratch("across");
    char *two = text_format("{\"evaluations\":[%s,%s]}", cells[0], cells[1]);
    char *rest = text_format("{\"evaluations\":[%s,%s]}", cells[2], cells[3]);
    char *paths[] = {test_write(folder, "two.json", two), test_write(folder, "rest.json", rest)};
    struct across across = {0};
    struct error error = {0};
    for (int i = 0; i < 2; i++)
        check(across_read(&across, paths[i], "rnnmap", &error), &error);
    check(across_judge(&across, 0.012, &error), &error);
    assert_int_equal(across.n_cells, 4);
    const double z = 2.2414027276, one = 1.9599639845; /* of 1 - 0.05/4, and of 0.975 */
    assert_close(across.cells[0].ratio, 1.5, 1e-12, 0);
    assert_close(across.cells[0].difference, -0.1, 1e-12, 0);
    assert_close(across.cells[0].upper, -0.1 + 0.02 * z / one, 1e-6, 0);
    assert_close(across.cells[2].upper, 0, 0, 1e-12);
    assert_close(across.cells[3].upper, -0.03 + 0.04 * z / one, 1e-6, 0);
    assert_close(across.cells[0].probe_loss, 0.005, 1e-12, 0);
    /* the last one's end is at 0.016, but the others are sure: 0.05 is left for its 0.020 */
    assert_int_equal(across.n_within, 4);
    assert_int_equal(across.n_choice, 3);
    assert_close(across.saving, (0.1 + 0.2 + 0.03) / 3, 1e-12, 0);
    /* the first campaign's cells as one: 0.02 + 0.01, the other's 0.04 */
    assert_close(across.saving_high - across.saving, sqrt(0.03 * 0.03 + 0.04 * 0.04) / 3, 1e-6, 0);
    assert_int_equal(across.n_links, 2);
    assert_string_equal(across.links[1].link, "wifi");
    assert_close(across.links[1].mean_over_oracle, 0.06, 1e-9, 0);
    assert_close(across.links[1].most_over_oracle, 0.08, 1e-9, 0);
    check(across_judge(&across, 0.002, &error), &error);
    assert_int_equal(across.n_within, 3);          /* 0.058 */
    assert_int_equal(across.n_within_unprobed, 4); /* its probes lose 0.005: 0.035 */
    assert_false(across.cells[3].within);
    check(across_judge(&across, -0.05, &error), &error);
    assert_int_equal(across.n_within, 2); /* not the one that is just as good */
    across_free(&across);
    for (int i = 0; i < 4; i++)
        free(cells[i]);
    free(two);
    free(rest);
    free(paths[0]);
    free(paths[1]);
    free(folder);
}

#define IS "{\"schema\":\"rnnmap.eval/1\","
#define CELL(MEAN, OTHER, INTERVAL)                                                               \
    IS "\"objective\":\"time\",\"campaign\":\"a\",\"lengths\":\"l\",\"link\":\"w\",\"requests\":" \
       "9,"                                                                                       \
       "\"better_single_mean\":" MEAN ",\"other_single_mean\":" OTHER ",\"policies\":["           \
       "{\"policy\":\"rnnmap\",\"vs_better_single\":0,\"ci95\":[" INTERVAL                        \
       "],\"oracle_ratio\":1}]}"

static void what_is_no_evaluation_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        enum status status;
    } rows[] = {
        {"", "x.json", STATUS_INVALID},
        {"{\"a\":", "x.json:1", STATUS_INVALID},
        {"[]", "not a document of rnneval", STATUS_INVALID},
        {"{\"evaluations\":[]}", "no evaluations", STATUS_INVALID},
        {"{\"evaluations\":[3]}", "not a document", STATUS_INVALID},
        {"{\"objective\":\"time\"}", "not a document of rnneval", STATUS_INVALID},
        {"{\"schema\":\"rnnmap.eval/2\",\"objective\":\"time\"}", "rnnmap.eval/1", STATUS_INVALID},
        {"{\"schema\":\"rnnmap.across/1\",\"objective\":\"time\"}", "rnnmap.eval/1",
         STATUS_INVALID},
        {IS "\"objective\":\"sloth\"}", "is no objective", STATUS_INVALID},
        {IS "\"objective\":\"energy@deadline:5ms\"}", "--across judges", STATUS_UNSUPPORTED},
        {IS "\"objective\":\"time\"}", "without the policy rnnmap", STATUS_INVALID},
        {IS "\"objective\":\"time\",\"policies\":[{\"policy\":\"rnnmap\",\"ci95\":[0,1]}]}",
         "without its figures", STATUS_INVALID},
        {CELL("0.1", "0.2", "null,null"), "without its figures", STATUS_INVALID},
        {CELL("0.1", "0.2", "\"0\",\"1\""), "without its figures", STATUS_INVALID},
        {CELL("0.1", "0.2", "1,0"), "without its figures", STATUS_INVALID},
        {CELL("0", "0.2", "0,1"), "without its figures", STATUS_INVALID},
        {CELL("-1", "-0.2", "0,1"), "without its figures", STATUS_INVALID},
        {"{\"evaluations\":[" CELL("0.1", "0.2", "0,1") "," CELL("0.1", "0.2", "0,1") "]}",
         "is there twice", STATUS_INVALID},
    };
    char *folder = test_scratch("across");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = test_write(folder, "x.json", rows[i].text);
        struct across across = {0};
        struct error error = {0};
        enum status status = across_read(&across, path, "rnnmap", &error);
        if (!status)
            status = across_judge(&across, 0.01, &error);
        assert_int_equal(status, rows[i].status);
        if (!strstr(error.text, rows[i].says))
            fail_msg("'%s' does not say '%s'", error.text, rows[i].says);
        across_free(&across);
        free(path);
    }
    struct across across = {0};
    struct error error = {0};
    assert_int_equal(across_read(&across, "/none/such.json", "rnnmap", &error), STATUS_NOT_FOUND);
    across_free(&across);
    free(folder);
}

/* Behind nine rounds there are 8 degrees of freedom, and the far ends are farther out: by R,
 * qt(1 - 0.05/3, 8) = 2.566019, qt(0.975, 8) = 2.306004, qnorm(1 - 0.05/3) = 2.128045. */
static void few_rounds_widen_what_holds_together(void **state)
{
    (void)state;
    char *folder = test_scratch("across");
    char *cells[] = {evaluation("a", "lte", 0.15, -0.01, -0.012, -0.008, 1),
                     evaluation("a", "wifi", 0.15, -0.01, -0.012, -0.008, 1),
                     evaluation("a", "5g", 0.15, -0.01, -0.012, -0.008, 1)};
    char *text = text_format("{\"evaluations\":[%.*s,\"costs\":{\"rounds\":9}},%s,%s]}",
                             (int)strlen(cells[0]) - 1, cells[0], cells[1], cells[2]);
    char *path = test_write(folder, "few.json", text);
    struct across across = {0};
    struct error error = {0};
    check(across_read(&across, path, "rnnmap", &error), &error);
    check(across_judge(&across, 0.01, &error), &error);
    assert_close(across.cells[0].upper, -0.1 + 0.02 * 2.566019 / 2.306004, 1e-5, 0);
    assert_close(across.cells[1].upper, -0.1 + 0.02 * 2.128045 / 1.959964, 1e-5, 0);
    assert_close(across.saving_high - across.saving, 0.02, 1e-6, 0);
    assert_true(across.measured);
    const double error_few = 0.02 / 2.306004; /* the others': 0.02 / 1.959964 */
    check(across_judge(&across, -0.1 + 2.4 * error_few, &error), &error);
    assert_int_equal(across.n_within, 0); /* 0.0216 and twice 0.0207; were all normal: 0.0082 */
    check(across_judge(&across, -0.1 + 2.7 * error_few, &error), &error);
    assert_int_equal(across.n_within, 3); /* 0.0136 and twice 0.0109; 0.05 / 3 is 0.0167 */
    across_free(&across);
    for (int i = 0; i < 3; i++)
        free(cells[i]);
    free(text);
    free(path);
    free(folder);
}

static void objectives_do_not_mix(void **state)
{
    (void)state;
    char *folder = test_scratch("across"), *cell = evaluation("a", "l", 1, 0, 0, 0, 1);
    char *time = test_write(folder, "time.json", cell);
    memcpy(strstr(cell, "\"time\""), " \"edp\"", 6);
    char *other = test_write(folder, "other.json", cell);
    struct across across = {0};
    struct error error = {0};
    check(across_read(&across, time, "rnnmap", &error), &error);
    assert_int_equal(across_read(&across, other, "rnnmap", &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "it is about edp"));
    across_free(&across);
    free(time);
    free(other);
    free(cell);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_those_worked_out_by_hand),
        cmocka_unit_test(what_is_no_evaluation_is_refused),
        cmocka_unit_test(few_rounds_widen_what_holds_together),
        cmocka_unit_test(objectives_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
