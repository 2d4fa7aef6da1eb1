// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const shapes[] = {"auto", "linear", "step", NULL};

struct settings {
    bool fast;
    const char *db;
    uint64_t count;
    double real, time_s, rate, size, fraction;
    int shape;
    struct option_list items;
    enum status outcome; /* what the command returns */
};

#define ROW(name, argument, kind, member, choices, letter) \
    name, argument, "What it is.", kind, offsetof(struct settings, member), choices, letter
static const struct option_row options[] = {
    {ROW("fast", NULL, OPTION_FLAG, fast, NULL, 'f')},
    {ROW("db", "FILE", OPTION_TEXT, db, NULL, 'd')},
    {ROW("count", "N", OPTION_COUNT, count, NULL, 0)},
    {ROW("real", "X", OPTION_REAL, real, NULL, 0)},
    {ROW("time", "TIME", OPTION_TIME, time_s, NULL, 0)},
    {ROW("rate", "RATE", OPTION_RATE, rate, NULL, 0)},
    {ROW("size", "SIZE", OPTION_SIZE, size, NULL, 0)},
    {ROW("share", "SHARE", OPTION_FRACTION, fraction, NULL, 0)},
    {ROW("form", "auto|linear|step", OPTION_CHOICE, shape, shapes, 0)},
    {ROW("model", "NAME=SPEC", OPTION_LIST, items, NULL, 'm')},
};
enum { N_OPTIONS = sizeof options / sizeof options[0] };

static enum status run(const struct invocation *call, const void *settings, struct error *error)
{
    const struct settings *s = settings;
    fprintf(call->out, "%s v=%d json=%d", call->command->name ? call->command->name : "-",
            call->verbosity, call->json);
    for (int i = 0; i < call->n_operands; i++)
        fprintf(call->out, " <%s>", call->operands[i]);
    return s->outcome ? error_set(error, s->outcome, "it went wrong") : STATUS_OK;
}

static enum status run_silent(const struct invocation *call, const void *settings,
                              struct error *error)
{
    (void)call, (void)settings, (void)error;
    return STATUS_FAILED;
}

static const struct command two_commands[] = {
    {"list", NULL, 0, 0, "Lists.", options, N_OPTIONS, run},
    {"run", "CAMPAIGN.ini [MORE]", 1, 2, "Runs.", options, N_OPTIONS, run},
    {"mute", NULL, 0, 0, "Fails without a word.", NULL, 0, run_silent},
};
static const struct tool several = {.name = "rnntest",
                                    .summary = "tests",
                                    .description = "It tests.\n.dot first",
                                    .examples = "rnntest run -q x.ini\n'quoted \\ back",
                                    .commands = two_commands,
                                    .n_commands = 3};
static const struct command one_command[] = {
    {NULL, "CSV", 0, 1, "Does it.", options, N_OPTIONS, run}};
static const struct tool single = {.name = "rnnone",
                                   .summary = "tests",
                                   .description = "It tests.",
                                   .commands = one_command,
                                   .n_commands = 1};

struct result {
    int exit;
    char out[8192], diagnostics[2048];
    struct settings settings;
};

/* The tool's outcome for a command line of words separated by single spaces. */
static struct result invoke_with(const struct tool *tool, const char *line, enum status outcome)
{
    struct result r = {.settings = {.outcome = outcome}};
    char words[1024], *argv[256];
    int argc = 0;
    snprintf(words, sizeof words, "%s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    FILE *out = fmemopen(r.out, sizeof r.out, "w");
    FILE *diagnostics = fmemopen(r.diagnostics, sizeof r.diagnostics, "w");
    r.exit = tool_main(tool, argc, argv, &r.settings, out, diagnostics);
    fclose(out);
    fclose(diagnostics);
    if (r.settings.db) /* points into words */
        r.settings.db = r.settings.db[0] == 'a' ? "a.db" : "";
    return r;
}

static struct result invoke(const struct tool *tool, const char *line)
{
    return invoke_with(tool, line, STATUS_OK);
}

static void every_kind_of_option(void **state)
{
    (void)state;
    struct result r = invoke(&several, "rnntest run --fast x.ini --db a.db --count=7 --real -1.5 "
                                       "--time 20 --rate 2 --size 64KiB --share 5% --form step "
                                       "-m a=1 --model b=2 -v y");
    assert_string_equal(r.diagnostics, "");
    assert_int_equal(r.exit, 0);
    assert_string_equal(r.out, "run v=1 json=0 <x.ini> <y>");
    assert_true(r.settings.fast);
    assert_string_equal(r.settings.db, "a.db");
    assert_true(r.settings.count == 7);
    assert_close(r.settings.real, -1.5, 0, 0);
    assert_close(r.settings.time_s, 0.02, 1e-15, 0);
    assert_close(r.settings.rate, 2e6, 0, 0);
    assert_close(r.settings.size, 65536, 0, 0);
    assert_close(r.settings.fraction, 0.05, 1e-15, 0);
    assert_int_equal(r.settings.shape, 2);
    assert_int_equal(r.settings.items.n_items, 2);
}

static void common_options(void **state)
{
    (void)state;
    struct result r = invoke(&several, "rnntest list --json -q");
    assert_string_equal(r.out, "list v=-1 json=1");
    r = invoke(&several, "rnntest --version");
    assert_string_equal(r.out, "rnntest " RNNMAP_VERSION "\n");
    r = invoke(&single, "rnnone -fq -da.db -- -x");
    assert_string_equal(r.out, "- v=-1 json=0 <-x>");
    assert_true(r.settings.fast);
    assert_string_equal(r.settings.db, "a.db");
    r = invoke(&single, "rnnone -");
    assert_string_equal(r.out, "- v=0 json=0 <->");
}

static void misuse(void **state)
{
    (void)state;
    static const struct {
        const char *line, *message;
    } rows[] = {
        {"rnntest", "rnntest: no command given; see rnntest --help\n"},
        {"rnntest -q", "rnntest: no command given; see rnntest --help\n"},
        {"rnntest fly", "rnntest: there is no command 'fly'; see rnntest --help\n"},
        {"rnntest run", "rnntest: CAMPAIGN.ini [MORE] is missing; see rnntest --help\n"},
        {"rnntest run a b c", "rnntest: 'c' is one operand too many; see rnntest --help\n"},
        {"rnntest list a", "rnntest: 'a' is one operand too many; see rnntest --help\n"},
        {"rnntest list --nope",
         "rnntest: there is no option --nope (or it is ambiguous); see rnntest --help\n"},
        {"rnntest list --ver",
         "rnntest: there is no option --ver (or it is ambiguous); see rnntest --help\n"},
        {"rnntest list -qxf", "rnntest: there is no option -x; see rnntest --help\n"},
        {"rnntest list --db", "rnntest: --db needs an argument; see rnntest --help\n"},
        {"rnntest list --fast=1", "rnntest: --fast=1 takes no argument\n"},
        {"rnntest list --count 12abc", "rnntest: --count: '12abc' is not a whole number\n"},
        {"rnntest list --count -1", "rnntest: --count: '-1' is not a whole number\n"},
        {"rnntest list --count=", "rnntest: --count: '' is not a whole number\n"},
        {"rnntest list --real 1e999", "rnntest: --real: '1e999' is not a number\n"},
        {"rnntest list --time 3W", "rnntest: --time: '3W' is not a time (such as 20ms)\n"},
        {"rnntest list --form cubic", "rnntest: --form: 'cubic' is none of auto, linear, step\n"},
        {"rnntest mute --db x",
         "rnntest: there is no option --db (or it is ambiguous); see rnntest --help\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result r = invoke(&several, rows[i].line);
        assert_string_equal(r.diagnostics, rows[i].message);
        assert_int_equal(r.exit, TOOL_MISUSE);
        assert_string_equal(r.out, ""); /* nothing was run */
    }
}

static void list_has_an_end(void **state)
{
    (void)state;
    char line[1024] = "rnntest list";
    for (int i = 0; i < OPTION_LIST_MAX; i++)
        strcat(line, " -m x");
    struct result r = invoke(&several, line);
    assert_int_equal(r.exit, 0);
    assert_int_equal(r.settings.items.n_items, OPTION_LIST_MAX);
    r = invoke(&several, strcat(line, " -m x"));
    assert_int_equal(r.exit, TOOL_MISUSE);
    assert_non_null(strstr(r.diagnostics, "--model: given more than 32 times"));
}

static void outcomes(void **state)
{
    (void)state;
    static const struct {
        enum status status;
        int exit;
    } rows[] = {{STATUS_IO, 1}, {STATUS_MISUSE, 2}, {STATUS_NOT_REACHED, 3}, {STATUS_TIMEOUT, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct result r = invoke_with(&several, "rnntest list", rows[i].status);
        assert_int_equal(r.exit, rows[i].exit);
        assert_string_equal(r.diagnostics, "rnntest: it went wrong\n");
        assert_string_equal(r.out, "list v=0 json=0");
    }
    struct result r = invoke(&several, "rnntest mute");
    assert_int_equal(r.exit, TOOL_FAILED);
    assert_string_equal(r.diagnostics, "rnntest: failed without saying why\n");
}

/* Output that cannot be written (a full disk) is a failure, not a short success. */
static void full_disk(void **state)
{
    (void)state;
    FILE *full = fopen("/dev/full", "w");
    if (!full) {
        print_message("[  SKIPPED ] no /dev/full here\n");
        skip();
    }
    struct settings settings = {0};
    char *argv[] = {"rnntest", "list", NULL}, diagnostics[256] = "";
    FILE *to = fmemopen(diagnostics, sizeof diagnostics, "w");
    assert_int_equal(tool_main(&several, 2, argv, &settings, full, to), TOOL_FAILED);
    fclose(to);
    fclose(full);
    assert_string_equal(diagnostics, "rnntest: standard output could not be written\n");
}

/* Help and manual name every command and option; no line of help is wider than a terminal. */
/* In a narrow terminal, too, lines end before its edge does. */
static void help_fits_the_terminal(void **state)
{
    (void)state;
    static const unsigned short widths[] = {80, 50, 40};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        char *argv[] = {"rnntest", "run", "--help", NULL};
        struct settings settings = {0};
        int master;
        FILE *terminal = test_terminal(widths[i], &master);
        if (!terminal) {
            print_message("[  SKIPPED ] no pseudo-terminal here\n");
            skip();
        }
        assert_int_equal(tool_main(&several, 3, argv, &settings, terminal, terminal), 0);
        char *text = test_terminal_close(terminal, master);
        for (char *line = strtok(text, "\r\n"); line; line = strtok(NULL, "\r\n")) {
            if (strlen(line) > widths[i] && strncmp(line, "usage:", 6) != 0)
                fail_msg("%u columns: %s", widths[i], line);
        }
        free(text);
    }
}

static void help_and_manual(void **state)
{
    (void)state;
    struct result help = invoke(&several, "rnntest --help"),
                  manual = invoke(&several, "rnntest --manual");
    assert_int_equal(help.exit + manual.exit, 0);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        char in_help[64], in_manual[64];
        snprintf(in_help, sizeof in_help, "--%s", options[i].name);
        snprintf(in_manual, sizeof in_manual, "\\-\\-%s", options[i].name);
        assert_non_null(strstr(help.out, in_help));
        assert_non_null(strstr(manual.out, in_manual));
    }
    for (size_t i = 0; i < several.n_commands; i++) {
        assert_non_null(strstr(help.out, two_commands[i].summary));
        assert_non_null(strstr(manual.out, two_commands[i].summary));
    }
    for (char *line = strtok(help.out, "\n"); line; line = strtok(NULL, "\n")) {
        if (strlen(line) > 90)
            fail_msg("wide line of help: %s", line);
    }
    assert_non_null(strstr(manual.out, "\n\\&.dot first"));
    assert_non_null(strstr(manual.out, "\\&'quoted \\e back"));
    struct result of_command = invoke(&several, "rnntest run -h");
    assert_non_null(strstr(of_command.out, "usage: rnntest run [options] CAMPAIGN.ini"));
    assert_null(strstr(of_command.out, "rnntest list"));
    assert_non_null(strstr(of_command.out, "-d, --db FILE"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_option),
        cmocka_unit_test(common_options),
        cmocka_unit_test(misuse),
        cmocka_unit_test(list_has_an_end),
        cmocka_unit_test(outcomes),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(help_and_manual),
        cmocka_unit_test(help_fits_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
