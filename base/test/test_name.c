// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/name.h"

#include <stdlib.h>
#include <string.h>

static void names_that_serve(void **state)
{
    (void)state;
    static const char *const names[] = {
        "edge",     "a b",  "lab-2/board.1",   "#1", "µ", "日本", "\xf0\x9f\x98\x80",
        "\xc2\xa0", "%n;'", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *why = name_trouble(names[i]);
        if (why)
            fail_msg("'%s' %s", names[i], why);
    }
}

static void names_that_do_not(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } rows[] = {
        {NULL, "is empty"},
        {"", "is empty"},
        {" a", "starts or ends with a blank"},
        {"a\t", "starts or ends with a blank"},
        {"a\nb", "holds a control character"},
        {"\x1b[2J", "holds a control character"},
        {"a\x7f", "holds a control character"},
        {"\xc2\x9b"
         "2J",
         "holds a control character"}, /* CSI in one character */
        {"a,b", "holds a comma or a quote"},
        {"\"a\"", "holds a comma or a quote"},
        {"\xff", "is not UTF-8 text"},
        {"a\x80", "is not UTF-8 text"},            /* a continuation alone */
        {"\xc3", "is not UTF-8 text"},             /* cut off */
        {"\xe6\x97", "is not UTF-8 text"},         /* cut off */
        {"\xc0\xaf", "is not UTF-8 text"},         /* '/' in two bytes */
        {"\xe0\x80\xaf", "is not UTF-8 text"},     /* '/' in three bytes */
        {"\xf0\x80\x80\xaf", "is not UTF-8 text"}, /* '/' in four bytes */
        {"\xed\xa0\x80", "is not UTF-8 text"},     /* half of a surrogate pair */
        {"\xf4\x90\x80\x80", "is not UTF-8 text"}, /* beyond U+10FFFF */
        {"\xf8\x88\x80\x80\x80", "is not UTF-8 text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = name_trouble(rows[i].name);
        if (!why || strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
            fail_msg("row %zu: '%s', not '%s'", i, why ? why : "fine", rows[i].why);
    }
}

static void names_of_files(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a.csv", "a"},
        {"x/y.z/a.b.csv", "a.b"},
        {"a", "a"},
        {"x.y/a", "a"},
        {"/x/.hidden", ".hidden"},
        {"-", "-"},
        {"x/", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *name = name_of_file(rows[i][0]);
        assert_string_equal(name, rows[i][1]);
        free(name);
    }
}

static void utf8(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a,\"b\"\n", "\xc2\xb5s", "\xf0\x9f\x98\x80"};
    static const char *const others[] = {"\xff", "a\xc2", "\xed\xa0\x80", "\xc0\xaf", "ab\x80"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_true(name_is_utf8(texts[i]));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(name_is_utf8(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8),
        cmocka_unit_test(names_that_serve),
        cmocka_unit_test(names_that_do_not),
        cmocka_unit_test(names_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
