// SPDX-License-Identifier: GPL-3.0-or-later
/* Files of one line: what is a text or a number, what is not, and why. */
#include "base/memory.h"
#include "base/test/support.h"
#include "profiler/sysfs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void integers_are_whole_lines(void **state)
{
    static const struct {
        const char *content;
        enum status status;
        int64_t value;
        const char *why;
    } cases[] = {
        {"42\n", STATUS_OK, 42, NULL},
        {"-7", STATUS_OK, -7, NULL},
        {"  9223372036854775807 \n", STATUS_OK, INT64_MAX, NULL},
        {"9223372036854775808\n", STATUS_INVALID, 0, "no integer"},
        {"", STATUS_INVALID, 0, "empty"},
        {"\n5\n", STATUS_INVALID, 0, "empty"},
        {"on\n", STATUS_INVALID, 0, "'on' is no integer"},
        {"1.5\n", STATUS_INVALID, 0, "'1.5' is no integer"},
        {"12 34\n", STATUS_INVALID, 0, "no integer"},
    };
    char *folder = test_scratch("sysfs");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error error = {0};
        int64_t value = 0;
        char *path = test_write(folder, "file", cases[i].content);
        assert_int_equal(sysfs_read_integer(path, &value, &error), cases[i].status);
        assert_true(value == cases[i].value);
        if (cases[i].why) {
            assert_non_null(strstr(error.text, cases[i].why));
            assert_non_null(strstr(error.text, path));
        }
        free(path);
    }
    free(folder);
}

static void long_lines_missing_files_and_folders_are_refused(void **state)
{
    char *folder = test_scratch("sysfs"), text[8];
    struct error error = {0};
    (void)state;
    char *path = test_write(folder, "long", "1234567\n12345678\n");
    assert_int_equal(sysfs_read_text(path, text, 8, &error), STATUS_OK);
    assert_string_equal(text, "1234567");
    assert_int_equal(sysfs_read_text(path, text, 7, &error), STATUS_INVALID);
    error_clear(&error);
    assert_int_equal(sysfs_read_text(folder, text, 8, &error), STATUS_IO);
    error_clear(&error);
    char *missing = text_format("%s/none", folder);
    assert_int_equal(sysfs_read_text(missing, text, 8, &error), STATUS_NOT_FOUND);
    error_clear(&error);
    char *below = text_format("%s/below", path);
    assert_int_equal(sysfs_read_text(below, text, 8, &error), STATUS_NOT_FOUND);
    free(below);
    free(missing);
    free(path);
    free(folder);
}

/* Root reads everything, so it asks as nobody. */
static void a_file_without_permission_says_its_mode(void **state)
{
    (void)state;
    char path[] = "/tmp/rnnmap-test-XXXXXX", text[8];
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(fchmod(file, 0), 0);
    close(file);
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(65534), 0);
    struct error error = {0};
    enum status status = sysfs_read_text(path, text, sizeof text, &error);
    if (root)
        assert_int_equal(seteuid(0), 0);
    unlink(path);
    assert_int_equal(status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "mode 0000"));
}

static void names_come_in_natural_order(void **state)
{
    char *folder = test_scratch("sysfs"), **names;
    size_t n;
    struct error error = {0};
    (void)state;
    const char *made[] = {"hwmon10", "hwmon2", "other", ".hwmon1", "hwmon0"};
    for (size_t i = 0; i < 5; i++)
        free(test_write(folder, made[i], ""));
    assert_int_equal(sysfs_list(folder, "hwmon*", &names, &n, &error), STATUS_OK);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "hwmon0");
    assert_string_equal(names[1], "hwmon2");
    assert_string_equal(names[2], "hwmon10");
    sysfs_list_free(names, n);
    assert_int_equal(sysfs_list("/no/such/folder", "*", &names, &n, &error), STATUS_OK);
    assert_int_equal(n, 0);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_whole_lines),
        cmocka_unit_test(long_lines_missing_files_and_folders_are_refused),
        cmocka_unit_test(a_file_without_permission_says_its_mode),
        cmocka_unit_test(names_come_in_natural_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
