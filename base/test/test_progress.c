// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t second_ns = 1000000000;

/* Makes work look as old as this, rather than waiting for it. */
static void age(struct progress *progress, int64_t ns)
{
    progress->started_ns -= ns;
    progress->last_ns -= ns;
}

static void short_work_is_silent(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct progress progress;
    progress_start(&progress, out, "measuring");
    for (int i = 0; i <= 100; i++)
        progress_update(&progress, i / 100.0, NULL);
    age(&progress, 3 * second_ns); /* a line only every ten seconds where there is no terminal */
    progress_update(&progress, 0.5, NULL);
    progress_hide(&progress);
    fclose(out);
    assert_string_equal(text, "");
    free(text);
}

static void plain_lines(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct progress progress;
    progress_start(&progress, out, "measuring");
    age(&progress, 30 * second_ns);
    progress_update(&progress, 0.25, "length 128");
    progress_update(&progress, 0.26, "length 129"); /* too soon after the line above */
    age(&progress, 20 * second_ns);
    progress_update(&progress, 7, NULL); /* cut to 100 % */
    age(&progress, 20 * second_ns);
    progress_update(&progress, -1, NULL); /* no rate yet, so no time left */
    progress_hide(&progress);
    fclose(out);
    assert_string_equal(text, "measuring  25 %, about 1 min 30 s left, length 128\n"
                              "measuring 100 %, about 0 s left\n"
                              "measuring   0 %, about ? left\n");
    free(text);
}

static void silent_when_unwanted(void **state)
{
    (void)state;
    struct progress progress;
    progress_start(&progress, NULL, "measuring");
    age(&progress, 30 * second_ns);
    progress_update(&progress, 0.5, NULL);
    progress_hide(&progress);
    assert_false(progress.shown);
}

/* What is drawn on a terminal of so many columns, and what hiding it writes. */
static char *drawn(unsigned short columns)
{
    int master;
    FILE *terminal = test_terminal(columns, &master);
    if (!terminal)
        return NULL;
    struct progress progress;
    progress_start(&progress, terminal, "measuring");
    assert_true(progress.terminal);
    age(&progress, 10 * second_ns);
    progress_update(&progress, 0.5, NULL);
    progress_hide(&progress);
    progress_hide(&progress); /* the second time there is nothing to clear */
    return test_terminal_close(terminal, master);
}

static void bar_on_a_terminal(void **state)
{
    (void)state;
    static const char clear[] = "\r\033[K", words[] = "measuring  50 %, about 10 s left";
    static const unsigned short widths[] = {200, 80, 50, 40, 20, 2, 1};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char *text = drawn(widths[i]);
        if (!text) {
            print_message("[  SKIPPED ] no pseudo-terminal here\n");
            skip();
        }
        assert_memory_equal(text, clear, 4);
        size_t shown = strcspn(text + 4, "\r");
        assert_true(shown < widths[i]); /* it never wraps */
        assert_string_equal(text + 4 + shown, clear);
        if (widths[i] >= 80) {
            assert_int_equal(text[4], '[');
            assert_int_equal(strspn(strchr(text, '#'), "#"), 20);
            assert_memory_equal(text + 4 + shown - strlen(words), words, strlen(words));
        }
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_work_is_silent),
        cmocka_unit_test(plain_lines),
        cmocka_unit_test(silent_when_unwanted),
        cmocka_unit_test(bar_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
