// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/status.h"

#include <errno.h>
#include <string.h>

static void first_message_stays(void **state)
{
    (void)state;
    struct error error = {0};
    assert_int_equal(error_set(&error, STATUS_IO, "%s:%d: first", "a.csv", 7), STATUS_IO);
    assert_int_equal(error_set(&error, STATUS_INVALID, "second"), STATUS_INVALID);
    assert_int_equal(error_set_errno(&error, STATUS_FAILED, ENOENT, "third"), STATUS_FAILED);
    assert_int_equal(error.code, STATUS_IO);
    assert_string_equal(error.text, "a.csv:7: first");
    error_clear(&error);
    error_prefix(&error, "context");
    assert_string_equal(error.text, "");
    error_set_errno(&error, STATUS_NOT_FOUND, ENOENT, "%s", "b.csv");
    assert_string_equal(error.text, "b.csv: No such file or directory");
}

static void prefixes_stack_outward(void **state)
{
    (void)state;
    struct error error = {0};
    error_set(&error, STATUS_PROTOCOL, "no outputs");
    error_prefix(&error, "model %s", "lstm");
    error_prefix(&error, "http://host:1");
    assert_string_equal(error.text, "http://host:1: model lstm: no outputs");
    assert_int_equal(error.code, STATUS_PROTOCOL);
}

static void no_error_is_wanted(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_IO, "x"), STATUS_IO);
    assert_int_equal(error_set_errno(NULL, STATUS_IO, EIO, "x"), STATUS_IO);
    error_prefix(NULL, "x");
    error_clear(NULL);
}

/* What a hostile file or server puts into a message neither overflows it nor moves the cursor. */
static void hostile_text(void **state)
{
    (void)state;
    static char long_text[3 * ERROR_TEXT_SIZE];
    memset(long_text, 'x', sizeof long_text - 1);
    struct error error = {0};
    error_set(&error, STATUS_FAILED, "%s", long_text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    for (int i = 0; i < 5; i++)
        error_prefix(&error, "%s", long_text);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    error_clear(&error);
    error_set_errno(&error, STATUS_FAILED, ENOENT, "%s", long_text);
    assert_non_null(strstr(error.text, "No such file"));
    error_clear(&error);
    error_set(&error, STATUS_FAILED, "a\x1b[2Jb\r\nc\x7f%s", "%n");
    assert_string_equal(error.text, "a?[2Jb??c?%n");
    error_prefix(&error, "\x1b");
    assert_string_equal(error.text, "?: a?[2Jb??c?%n");
}

static void exit_statuses(void **state)
{
    (void)state;
    assert_int_equal(status_exit(STATUS_OK), 0);
    assert_int_equal(status_exit(STATUS_MISUSE), 2);
    assert_int_equal(status_exit(STATUS_NOT_REACHED), 3);
    for (int code = STATUS_INTERRUPTED; code < 0; code++) {
        if (code != STATUS_MISUSE)
            assert_int_equal(status_exit((enum status)code), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_message_stays), cmocka_unit_test(prefixes_stack_outward),
        cmocka_unit_test(no_error_is_wanted),  cmocka_unit_test(hostile_text),
        cmocka_unit_test(exit_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
