// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/words.h"

#include <string.h>

static void words_as_a_shell_sees_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words[5];
    } cases[] = {
        {"rnnlink --control -", {"rnnlink", "--control", "-"}},
        {"  a\t b  ", {"a", "b"}},
        {"sh -c 'tc qdisc; echo \"ok\"'", {"sh", "-c", "tc qdisc; echo \"ok\""}},
        {"a\"b c\"'d e'f g", {"ab cd ef", "g"}},
        {"\"say \\\"hi\\\" \\\\ \\n\"", {"say \"hi\" \\ \\n"}},
        {"a\\ b \\'c", {"a b", "'c"}},
        {"'' \"\" x", {"", "", "x"}},
        {"$HOME * `ls` | a>b #c", {"$HOME", "*", "`ls`", "|", "a>b"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char **words;
        size_t n;
        struct error error = {0};
        if (words_split(cases[i].text, &words, &n, &error))
            fail_msg("%s: %s", cases[i].text, error.text);
        for (size_t k = 0; k < 5 && cases[i].words[k]; k++)
            assert_string_equal(words[k], cases[i].words[k]);
        assert_null(words[n]);
        words_free(words);
    }
}

static void many_words(void **state)
{
    (void)state;
    char text[401];
    for (int i = 0; i < 400; i++)
        text[i] = i % 2 ? ' ' : 'x';
    text[400] = '\0';
    char **words;
    size_t n;
    assert_int_equal(words_split(text, &words, &n, NULL), STATUS_OK);
    assert_int_equal(n, 200);
    assert_string_equal(words[199], "x");
    assert_null(words[200]);
    words_free(words);
}

static void what_is_no_command(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no program named"},           {" \t ", "no program named"},
        {"a 'b c", "not closed in ''b c'"}, {"a \"b\\\"", "not closed"},
        {"a b\\", "backslash at the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char **words = NULL;
        size_t n;
        struct error error = {0};
        assert_int_equal(words_split(cases[i].text, &words, &n, &error), STATUS_INVALID);
        if (!strstr(error.text, cases[i].says))
            fail_msg("'%s': '%s' does not say '%s'", cases[i].text, error.text, cases[i].says);
        assert_null(words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_as_a_shell_sees_them),
        cmocka_unit_test(many_words),
        cmocka_unit_test(what_is_no_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
