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

/* No line is wider than the terminal, but for the two columns that are always shown. */
static void narrow_terminal(void **state)
{
    (void)state;
    static const struct {
        unsigned short columns;
        const char *text;
    } rows[] = {
        {80, "name  first  second\r\n----  -----  ------\r\nx       1.0     2.0\r\n"},
        {19, "name  first  second\r\n----  -----  ------\r\nx       1.0     2.0\r\n"},
        {18, "name  first\r\n----  -----\r\nx       1.0\r\n(1 more column in a wider "
             "terminal)\r\n"},
        {3, "name  first\r\n----  -----\r\nx       1.0\r\n(1 more column in a wider "
            "terminal)\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int master;
        FILE *terminal = test_terminal(rows[i].columns, &master);
        if (!terminal) {
            print_message("[  SKIPPED ] no pseudo-terminal here\n");
            skip();
        }
        struct text_table *table = text_table_new("<name|first|second");
        text_table_cell(table, "x");
        text_table_cell(table, "1.0");
        text_table_cell(table, "2.0");
        text_table_print(table, terminal, 0);
        text_table_free(table);
        char *text = test_terminal_close(terminal, master);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
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

static void as_html(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    struct text_table *table = text_table_new("<name|n");
    text_table_cell(table, "a<b & \"c\"");
    text_table_cell(table, "1");
    text_table_print_html(table, memory);
    text_table_print_html(NULL, memory);
    fclose(memory);
    assert_string_equal(text,
                        "<table>\n<thead><tr><th>name</th><th class=\"r\">n</th></tr></thead>\n"
                        "<tbody>\n<tr><td>a&lt;b &amp; &quot;c&quot;</td>"
                        "<td class=\"r\">1</td></tr>\n</tbody>\n</table>\n");
    text_table_free(table);
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
        cmocka_unit_test(narrow_terminal),
        cmocka_unit_test(as_html),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
