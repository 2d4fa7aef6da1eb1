// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/texttable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *printed(const struct text_table *table, int indent)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    text_table_print(table, out, indent);
    fclose(out);
    return text;
}

static void columns_align(void **state)
{
    (void)state;
    struct text_table *table = text_table_new("<target|length|time");
    static const char *const cells[] = {"edge", "1", "0.21 ms", "cloud", "128", "µs", "x", "", ""};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        text_table_cell(table, "%s", cells[i]);
    char *text = printed(table, 2);
    assert_string_equal(text, "  target  length     time\n"
                              "  ------  ------  -------\n"
                              "  edge         1  0.21 ms\n"
                              "  cloud      128       µs\n"
                              "  x\n");
    free(text);
    text_table_free(table);
}

static void heads_alone_and_short_row(void **state)
{
    (void)state;
    struct text_table *table = text_table_new("a|<b");
    char *text = printed(table, 0);
    assert_string_equal(text, "a  b\n-  -\n");
    free(text);
    text_table_cell(table, "%d", 100);
    text = printed(table, 0);
    assert_string_equal(text, "  a  b\n---  -\n100\n");
    free(text);
    text_table_free(table);
}

static void many_cells(void **state)
{
    (void)state;
    struct text_table *table = text_table_new("n|square");
    for (int i = 0; i < 5000; i++) {
        text_table_cell(table, "%d", i);
        text_table_cell(table, "%d", i * i);
    }
    char *text = printed(table, 0);
    assert_non_null(strstr(text, "\n4999  24990001\n"));
    free(text);
    text_table_free(table);
}

static void more_heads_than_columns(void **state)
{
    (void)state;
    struct text_table *table =
        text_table_new("a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z");
    char *text = printed(table, 0);
    assert_null(strchr(text, 'y'));
    free(text);
    text_table_free(table);
}

static void no_table(void **state)
{
    (void)state;
    text_table_cell(NULL, "x");
    text_table_free(NULL);
    char *text = printed(NULL, 0);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_align),
        cmocka_unit_test(heads_alone_and_short_row),
        cmocka_unit_test(many_cells),
        cmocka_unit_test(no_table),
        cmocka_unit_test(more_heads_than_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
