// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/ini.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *scratch;

static int make_scratch(void **state)
{
    (void)state;
    scratch = test_scratch("ini");
    return 0;
}

static int drop_scratch(void **state)
{
    (void)state;
    free(scratch);
    return 0;
}

/* What was read, as "LINE section.key=value;" one after the other. */
static enum status append(void *user, const struct ini_setting *setting, struct error *error)
{
    char *all = user;
    size_t used = strlen(all);
    if (strcmp(setting->key, "refuse") == 0)
        return error_set(error, STATUS_MISUSE, "%s: refused", setting->where);
    snprintf(all + used, 4096 - used, "%s %s.%s=%s;", strrchr(setting->where, ':') + 1,
             setting->section, setting->key, setting->value);
    return STATUS_OK;
}

static void read_bytes(const char *bytes, size_t size, char all[4096], char why[512])
{
    char *path = text_format("%s/x.ini", scratch);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
    struct error error = {0};
    all[0] = '\0';
    enum status status = ini_read(path, append, all, &error);
    assert_int_equal(status, error.code);
    if (status && strncmp(error.text, path, strlen(path)) != 0)
        fail_msg("the file is not named first: %s", error.text);
    snprintf(why, 512, "%s", status ? error.text + strlen(path) : "");
    free(path);
}

static void settings_in_order(void **state)
{
    (void)state;
    static const char text[] = "# a campaign\n[campaign]\nname = imdb lstm\nlengths=1,2:10\n\n"
                               "; remark\n[edge]\nengine : dnnl ; inline remark\nhidden=\n"
                               "url = http://h:1/?a=b;c#d\n[campaign]\nseed=7\r\n";
    char all[4096], why[512];
    read_bytes(text, sizeof text - 1, all, why);
    assert_string_equal(why, "");
    assert_string_equal(all, "3 campaign.name=imdb lstm;4 campaign.lengths=1,2:10;"
                             "8 edge.engine=dnnl;9 edge.hidden=;10 edge.url=http://h:1/?a=b;c#d;"
                             "12 campaign.seed=7;");
}

static void last_line_and_mark(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf[a]\nk=v";
    char all[4096], why[512];
    read_bytes(text, sizeof text - 1, all, why);
    assert_string_equal(why, "");
    assert_string_equal(all, "2 a.k=v;");
    read_bytes("", 0, all, why);
    assert_string_equal(why, "");
}

/* What inih cuts or misplaces without a word is refused with its line. */
static void malformed_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"name=x\n", ":1: a key before the first [section]"},
        {"[a]\nb\n", ":2: neither '[section]' nor 'key = value'"},
        {"[a\nk=v\n", ":1: section header without a name in [ ]"},
        {"[]\nk=v\n", ":1: section header without a name in [ ]"},
        {"[a]\nk=v\n  more\n", ":3: line starts with white space (values cannot go on over several "
                               "lines)"},
        {"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]\nk=v\n",
         ":1: section name longer than 47 characters"},
        {"[a]\nrefuse=1\nb\n", ":2: refused"},
        {"[a ;]\nk=v\n", ":1: malformed line"},
    };
    char all[4096], why[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        read_bytes(rows[i].text, strlen(rows[i].text), all, why);
        assert_string_equal(why, rows[i].why);
    }
}

static void line_lengths(void **state)
{
    (void)state;
    char text[1024] = "[a]\n", all[4096], why[512];
    for (int length = 180; length < 420; length++) {
        memset(text + 4, 'x', (size_t)length);
        memcpy(text + 4, "k=", 2);
        text[4 + length] = '\n';
        read_bytes(text, 5 + (size_t)length, all, why);
        if (length > 196) {
            assert_string_equal(why, ":2: line longer than 196 characters");
            continue;
        }
        assert_string_equal(why, "");
        assert_int_equal(strlen(all), strlen("2 a.k=;") + (size_t)length - 2); /* nothing cut */
    }
}

static void section_lengths(void **state)
{
    (void)state;
    char text[256], all[4096], why[512];
    for (int length = 1; length < 60; length++) {
        int n = snprintf(text, sizeof text, "[%0*d]\nk=v\n", length, 7);
        read_bytes(text, (size_t)n, all, why);
        if (length > 47) {
            assert_string_equal(why, ":1: section name longer than 47 characters");
            continue;
        }
        assert_string_equal(why, "");
        assert_int_equal(strlen(all), strlen("2 .k=v;") + (size_t)length);
    }
}

static void no_text_files(void **state)
{
    (void)state;
    static const char *const why_nul = ": a NUL byte, so this is no text file";
    char all[4096], why[512];
    read_bytes("\0\0\n[a]\n", 7, all, why);
    assert_non_null(strstr(why, why_nul));
    read_bytes("[a]\n\0k=v\nl=w\n", 13, all, why);
    assert_non_null(strstr(why, why_nul));
    struct error error = {0};
    assert_int_equal(ini_read(scratch, append, all, &error), STATUS_IO); /* a folder */
    assert_int_equal(ini_read("/nonexistent/x.ini", append, all, NULL), STATUS_IO);
}

static void text_in_memory(void **state)
{
    (void)state;
    char all[4096] = "";
    struct error error = {0};
    assert_int_equal(ini_read_text("[a]\nk=v\n", "stored", append, all, &error), STATUS_OK);
    assert_string_equal(all, "2 a.k=v;");
    assert_int_equal(ini_read_text("", "stored", append, all, &error), STATUS_OK);
    assert_int_equal(ini_read_text("k=v", "stored", append, all, &error), STATUS_INVALID);
    assert_string_equal(error.text, "stored:1: a key before the first [section]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_in_order), cmocka_unit_test(last_line_and_mark),
        cmocka_unit_test(malformed_files),   cmocka_unit_test(line_lengths),
        cmocka_unit_test(section_lengths),   cmocka_unit_test(no_text_files),
        cmocka_unit_test(text_in_memory),
    };
    return cmocka_run_group_tests(tests, make_scratch, drop_scratch);
}
