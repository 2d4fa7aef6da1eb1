// SPDX-License-Identifier: GPL-3.0-or-later
/* Every data set that ships is read, and its page says of it what it holds. */
#include "records/test/fixture.h"

#include "records/pairs.h"

#include <dirent.h>
#include <math.h>

static const char folder[] = "datasets";

/* A cell of the page has two digits behind the point, or three. */
static double cell(char **row)
{
    char *end;
    double value = strtod(*row, &end);
    assert_true(end != *row);
    end += strspn(end, " |");
    *row = end;
    return value;
}

static void check_side(char **row, const struct histogram *h)
{
    assert_true(cell(row) == (double)h->total);
    assert_true(cell(row) == h->lengths[0]);
    assert_true(cell(row) == histogram_quantile(h, 0.5));
    assert_close(cell(row), histogram_mean(h), 0, 0.00501);
    assert_true(cell(row) == histogram_quantile(h, 0.95));
    assert_true(cell(row) == h->lengths[h->n - 1]);
}

/* The rest of the row of the page that begins with this, at its first figure. */
static char *row_of(char *page, const char *name, const char *side)
{
    char *begin = text_format("| `%s` |%s ", name, side);
    char *row = strstr(page, begin);
    if (!row)
        fail_msg("datasets/README.md has no row '%s..'", begin);
    row += strlen(begin);
    free(begin);
    return row;
}

static void check_pairs(char *page, const char *name, const char *path)
{
    struct pair_histogram pairs;
    assert_ok(pair_histogram_read(path, &pairs, &error));
    struct pair_trend trend = pair_histogram_trend(&pairs);
    for (enum pair_side side = SIDE_IN; side <= SIDE_OUT; side++) {
        struct histogram lengths;
        char *row = row_of(page, name, side == SIDE_IN ? " in |" : " out |");
        assert_ok(pair_histogram_side(&pairs, side, &lengths, &error));
        check_side(&row, &lengths);
        histogram_free(&lengths);
        if (side == SIDE_IN) {
            char sign;
            double r = cell(&row), slope, intercept;
            assert_int_equal(sscanf(row, "%lf n_in %c %lf", &slope, &sign, &intercept), 3);
            assert_close(r, trend.pearson_r, 0, 0.000501);
            assert_close(slope, trend.slope, 0, 0.000501);
            assert_close(sign == '-' ? -intercept : intercept, trend.intercept, 0, 0.00501);
        }
    }
    pair_histogram_free(&pairs);
}

static bool is_pairs(const char *path)
{
    char *text = test_read(path);
    assert_non_null(text);
    bool pairs = strncmp(text, "n_in,", 5) == 0;
    free(text);
    return pairs;
}

static void all_of_them(void **state)
{
    (void)state;
    char *page = test_read("datasets/README.md");
    DIR *listing = opendir(folder);
    if (!page || !listing) {
        print_message("[  SKIPPED ] data sets: %s is not here; run from the root\n", folder);
        skip();
    }
    size_t n_single = 0, n_pairs = 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".csv") != 0)
            continue;
        struct histogram lengths;
        char *path = text_format("%s/%s", folder, entry->d_name);
        assert_ok(histogram_read(path, &lengths, &error));
        if (is_pairs(path)) {
            check_pairs(page, entry->d_name, path);
            n_pairs++;
        } else {
            char *row = row_of(page, entry->d_name, "");
            check_side(&row, &lengths);
            n_single++;
        }
        histogram_free(&lengths);
        free(path);
    }
    closedir(listing);
    assert_true(n_single >= 6 && n_pairs >= 6);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_them)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
