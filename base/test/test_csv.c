// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/csv.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *scratch;

static int make_scratch(void **state)
{
    (void)state;
    scratch = test_scratch("csv");
    return 0;
}

static int drop_scratch(void **state)
{
    (void)state;
    free(scratch);
    return 0;
}

static void rows_and_columns(void **state)
{
    (void)state;
    char *path = test_write(scratch, "good.csv",
                            "# made by hand\n\nlength , time_s\r\n1,0.5\n# between\n 2 ,\t1e-3 \n"
                            "\n3,\n4,7");
    struct csv *csv;
    struct error error = {0};
    assert_int_equal(csv_open(path, &csv, &error), STATUS_OK);
    assert_int_equal(csv_n_columns(csv), 2);
    assert_string_equal(csv_column_name(csv, 1), "time_s");
    assert_int_equal(csv_column(csv, "length"), 0);
    assert_int_equal(csv_column(csv, "energy_j"), -1);
    int column;
    assert_int_equal(csv_require(csv, "time_s", &column, &error), STATUS_OK);
    assert_int_equal(column, 1);
    static const double times[] = {0.5, 1e-3, 0, 7};
    bool more;
    for (uint64_t row = 1; row <= 4; row++) {
        uint64_t length;
        double time_s;
        assert_int_equal(csv_next(csv, &more, &error), STATUS_OK);
        assert_true(more);
        assert_int_equal(csv_u64(csv, 0, 1, 10, &length, &error), STATUS_OK);
        assert_int_equal(length, row);
        if (row == 3) {
            assert_string_equal(csv_text(csv, 1), "");
            continue;
        }
        assert_int_equal(csv_real(csv, 1, &time_s, &error), STATUS_OK);
        assert_close(time_s, times[row - 1], 0, 0);
    }
    assert_int_equal(csv_next(csv, &more, &error), STATUS_OK);
    assert_false(more);
    csv_close(csv);
    free(path);
}

static void byte_order_mark(void **state)
{
    (void)state;
    char *path = test_write(scratch, "mark.csv", "\xef\xbb\xbflength,count\n1,2\n");
    struct csv *csv;
    assert_int_equal(csv_open(path, &csv, NULL), STATUS_OK);
    assert_int_equal(csv_column(csv, "length"), 0);
    csv_close(csv);
    free(path);
}

/* Opens a file, reads it to its end and returns the first message. */
static char *complaint(const char *text, size_t size)
{
    char *path = text_format("%s/bad.csv", scratch);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    struct csv *csv = NULL;
    struct error error = {0};
    enum status status = csv_open(path, &csv, &error);
    for (bool more = true; !status && more;)
        status = csv_next(csv, &more, &error);
    csv_close(csv);
    if (status && strncmp(error.text, path, strlen(path)) != 0)
        fail_msg("the file is not named first: %s", error.text);
    char *why = text_copy(status ? error.text + strlen(path) : "fine");
    free(path);
    return why;
}

static void malformed_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", ": no header line"},
        {"\n# only this\n", ": no header line"},
        {"a,a\n", ":1: column 'a' twice"},
        {"a,,b\n", ":1: a column without a name"},
        {"a,b\n1,2\n1\n", ":3: 1 fields where the header has 2"},
        {"# x\na,b\n\n1,2,3\n", ":4: 3 fields where the header has 2"},
        {"a,b\n   \n", ":2: 1 fields where the header has 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *why = complaint(rows[i].text, strlen(rows[i].text));
        assert_string_equal(why, rows[i].why);
        free(why);
    }
    static const char with_nul[] = "a,b\n1,2\0,3\n4,5\n";
    char *why = complaint(with_nul, sizeof with_nul - 1);
    assert_non_null(strstr(why, ":2: a NUL byte"));
    free(why);
    static char wide[70000];
    memset(wide, ',', 64 * 2);
    why = complaint(wide, 64);
    assert_string_equal(why, ":1: more than 64 columns");
    free(why);
    memset(wide, 'x', sizeof wide);
    why = complaint(wide, sizeof wide);
    assert_string_equal(why, ":1: line longer than 64 KiB");
    free(why);
    memcpy(wide, "a\n", 2);
    memset(wide + 2, ',', 65);
    why = complaint(wide, 67);
    assert_string_equal(why, ":2: 65 fields where the header has 1");
    free(why);
}

static void malformed_fields(void **state)
{
    (void)state;
    char *path = test_write(scratch, "fields.csv", "n,t\n1e3,nan\n-1,\n11,0x10\n");
    struct csv *csv;
    assert_int_equal(csv_open(path, &csv, NULL), STATUS_OK);
    static const char *const complaints[][2] = {
        {"2: n: '1e3' is not a whole number", "2: t: 'nan' is not a number"},
        {"3: n: '-1' is not a whole number", "3: t: '' is not a number"},
        {"4: n: 11 is not in 1..10", "4: t: '0x10' is not a number"},
    };
    for (int i = 0; i < 3; i++) {
        bool more;
        uint64_t n = 99;
        double t = 99;
        struct error of_n = {0}, of_t = {0};
        assert_int_equal(csv_next(csv, &more, NULL), STATUS_OK);
        assert_int_equal(csv_u64(csv, 0, 1, 10, &n, &of_n), STATUS_INVALID);
        assert_int_equal(csv_real(csv, 1, &t, &of_t), STATUS_INVALID);
        assert_string_equal(of_n.text + strlen(path) + 1, complaints[i][0]);
        assert_string_equal(of_t.text + strlen(path) + 1, complaints[i][1]);
        assert_true(n == 99 && t == 99);
    }
    struct error error = {0};
    int column;
    assert_int_equal(csv_require(csv, "energy_j", &column, &error), STATUS_INVALID);
    assert_non_null(strstr(error.text, "no column 'energy_j' (the header has n,t)"));
    csv_close(csv);
    free(path);
}

static void unreadable(void **state)
{
    (void)state;
    struct csv *csv = NULL;
    struct error error = {0};
    assert_int_equal(csv_open("/nonexistent/x.csv", &csv, &error), STATUS_IO);
    assert_string_equal(error.text,
                        "/nonexistent/x.csv: cannot be opened: No such file or directory");
    error_clear(&error);
    assert_int_equal(csv_open(scratch, &csv, &error), STATUS_IO); /* a folder */
    assert_non_null(strstr(error.text, "Is a directory"));
    csv_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_columns), cmocka_unit_test(byte_order_mark),
        cmocka_unit_test(malformed_files),  cmocka_unit_test(malformed_fields),
        cmocka_unit_test(unreadable),
    };
    return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
