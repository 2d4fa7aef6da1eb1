// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The doctor on machines that are not here: machines/NAME.tree has their files, a line
 * PATH|MODE|CONTENT each, and machines/NAME.expect what must be said of them (blanks and line ends
 * aside), "never: " in front of what must not.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "base/test/support.h"
#include "profiler/doctor.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const machines[] = {"laptop",         "jetson",          "big-little",
                                       "raspberry-pi-4", "virtual-machine", "nothing"};
enum { N_MACHINES = sizeof machines / sizeof *machines };

/* Where nobody (whom root becomes to be refused what is not permitted) may read, too. */
static char *make_root(void)
{
    char path[] = "/tmp/rnnmap-test-XXXXXX";
    assert_non_null(mkdtemp(path));
    assert_int_equal(chmod(path, 0755), 0);
    return text_copy(path);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
}

static void put_escaped(const char *text, FILE *file)
{
    static const char letters[] = "nt0", meant[] = "\n\t\0";
    for (; *text; text++) {
        const char *letter = *text == '\\' && text[1] ? strchr(letters, text[1]) : NULL;
        fputc(letter ? meant[letter - letters] : *text, file);
        text += letter != NULL;
    }
}

static void unpack(const char *name, const char *root)
{
    char *manifest = text_format("profiler/test/machines/%s.tree", name),
         *text = test_read(manifest);
    char *rest = text, *line;
    assert_non_null(text);
    while ((line = strsep(&rest, "\n")) && *line) {
        if (*line == '#')
            continue;
        char *path = text_format("%s%s", root, strsep(&line, "|"));
        mode_t mode = (mode_t)strtol(strsep(&line, "|"), NULL, 8);
        make_folders(path);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        put_escaped(line, file);
        fclose(file);
        assert_int_equal(chmod(path, mode), 0);
        free(path);
    }
    free(manifest);
    free(text);
}

static json_t *examine(const char *root)
{
    struct doctor doctor = {.sysroot = root};
    struct error error = {0};
    json_t *document;
    bool root_user = geteuid() == 0;
    if (root_user)
        assert_int_equal(seteuid(65534), 0);
    enum status status = doctor_examine(&doctor, &document, &error);
    if (root_user)
        assert_int_equal(seteuid(0), 0);
    if (status)
        fail_msg("%s", error.text);
    return document;
}

/* Runs of blanks and line ends are one blank; the mark of a line stays. */
static char *normal(const char *text)
{
    char *out = malloc(strlen(text) + 2), *to = out;
    for (; *text; text++) {
        bool blank = *text == ' ' || *text == '\n';
        if (!blank)
            *to++ = *text;
        else if (to > out && to[-1] != ' ')
            *to++ = ' ';
    }
    *to = '\0';
    return out;
}

static void compare(const char *name, const char *said)
{
    static const char never[] = "never: ";
    char *path = text_format("profiler/test/machines/%s.expect", name), *text = test_read(path);
    char *rest = text, *line, *all = normal(said);
    assert_non_null(text);
    while ((line = strsep(&rest, "\n")) && *line) {
        if (*line == '#')
            continue;
        bool forbidden = strncmp(line, never, strlen(never)) == 0;
        char *wanted = normal(forbidden ? line + strlen(never) : line);
        if ((strstr(all, wanted) != NULL) == forbidden)
            fail_msg("%s: %s: '%s' in:\n%s", name, forbidden ? "says" : "does not say", wanted,
                     said);
        free(wanted);
    }
    free(path);
    free(text);
    free(all);
}

/* No line is wider, unless its last word alone is too long for what the names leave. */
static void check_width(const char *text, size_t width)
{
    while (*text) {
        size_t length = strcspn(text, "\n"), left = width - width / 3 - 4;
        const char *blank = memrchr(text, ' ', length);
        if (length > width && blank && length - (size_t)(blank + 1 - text) <= left)
            fail_msg("%zu columns instead of %zu: %.*s", length, width, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static char *print(const json_t *document, int width)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    doctor_print(document, width, out);
    fclose(out);
    return text;
}

static void machines_are_told_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_MACHINES; i++) {
        char *root = make_root();
        unpack(machines[i], root);
        json_t *document = examine(root);
        for (int width = 60; width <= 100; width += 40) {
            char *text = print(document, width);
            compare(machines[i], text);
            check_width(text, (size_t)width);
            free(text);
        }
        json_decref(document);
        char *remove = text_format("rm -r %s", root);
        assert_int_equal(test_shell(remove, NULL, NULL), 0);
        free(remove);
        free(root);
    }
}

static void write_energy(const char *folder, int64_t energy_uj)
{
    char *beside = text_format("%s/new", folder), *path = text_format("%s/energy_uj", folder);
    FILE *file = fopen(beside, "w");
    if (file)
        fprintf(file, "%lld\n", (long long)energy_uj);
    if (!file || fclose(file) || rename(beside, path))
        _exit(1);
    free(beside);
    free(path);
}

/* The document's own measured update period of its first powercap meter; < 0: it has none. */
static double measured_update_s(const char *root)
{
    struct doctor doctor = {.sysroot = root};
    json_t *document;
    double update_s = -1;
    assert_int_equal(doctor_examine(&doctor, &document, NULL), STATUS_OK);
    json_t *first = json_array_get(json_object_get(document, "meters"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "kind")), "powercap");
    if (json_is_number(json_object_get(first, "update_s")))
        update_s = json_number_value(json_object_get(first, "update_s"));
    json_decref(document);
    return update_s;
}

/* A counter that another process advances. A busy machine may delay it: three tries. */
static void a_meters_update_period_is_measured(void **state)
{
    const int64_t period_ns = 40000000;
    char *root = test_scratch("doctor-update");
    char *zone = text_format("%s/sys/class/powercap/intel-rapl:0", root);
    char *make = text_format("mkdir -p %s && echo package-0 >%s/name && "
                             "echo 262143328850 >%s/max_energy_range_uj",
                             zone, zone, zone);
    (void)state;
    assert_int_equal(test_shell(make, NULL, NULL), 0);
    write_energy(zone, 1000);
    pid_t writer = fork();
    assert_true(writer >= 0);
    for (int64_t tick = 1, start = clock_ns(); writer == 0; tick++) {
        if (tick > 1500) /* it outlives no test that failed for long */
            _exit(0);
        clock_sleep_ns(start + tick * period_ns - clock_ns());
        write_energy(zone, 1000 + tick * 400000);
    }
    double update_s = -1;
    for (int i = 0; i < 3 && (update_s < 0.036 || update_s > 0.044); i++)
        update_s = measured_update_s(root);
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    assert_close(update_s, (double)period_ns * 1e-9, 0.1, 0);
    assert_true(measured_update_s(root) < 0); /* it stands still now */
    free(make);
    free(zone);
    free(root);
}

/* Each finding has its name and state, and what is missing has a reason. */
static void json_is_as_promised(void **state)
{
    static const char *const subjects[] = {"machine", "engines", "counters",
                                           "meters",  "clock",   "frequency"};
    char *out, *command = text_format("%s/bin/rnnprof doctor --json --counters "
                                      "sde:::nobody::X,no_such_event,perf::PAGE-FAULTS",
                                      test_build());
    (void)state;
    assert_int_equal(test_shell(command, &out, NULL), 0);
    json_t *document = json_loads(out, 0, NULL);
    assert_non_null(document);
    assert_string_equal(json_string_value(json_object_get(document, "schema")), "rnnmap.doctor/1");
    for (size_t s = 0; s < sizeof subjects / sizeof *subjects; s++) {
        json_t *findings = json_object_get(document, subjects[s]);
        assert_true(json_array_size(findings) > 0);
        for (size_t i = 0; i < json_array_size(findings); i++) {
            json_t *finding = json_array_get(findings, i);
            const char *found = json_string_value(json_object_get(finding, "state"));
            assert_non_null(json_string_value(json_object_get(finding, "name")));
            assert_non_null(found);
            bool missing = strcmp(found, "missing") == 0;
            assert_non_null(json_object_get(finding, missing ? "why" : "value"));
            assert_true(!missing || !json_object_get(finding, "value"));
        }
    }
    json_decref(document);
    free(command);
    free(out);
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *options, *says;
    } cases[] = {
        {"--sysroot /no/such/folder", "--sysroot: /no/such/folder is no folder"},
        {"--sysroot /etc/passwd", "is no folder"},
        {"--counters ''", "--counters: no counter is named"},
        {"--counters A,A", "--counters: counter A is there twice"},
        {"operand", "one operand too many"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *out, *err;
        char *command = text_format("%s/bin/rnnprof doctor %s", test_build(), cases[i].options);
        assert_int_equal(test_shell(command, &out, &err), 2);
        assert_string_equal(out, "");
        if (!strstr(err, cases[i].says))
            fail_msg("%s says: %s", command, err);
        free(command);
        free(out);
        free(err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machines_are_told_as_they_are),
        cmocka_unit_test(a_meters_update_period_is_measured),
        cmocka_unit_test(json_is_as_promised),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
