// SPDX-License-Identifier: GPL-3.0-or-later
/* The growing trace: what is written, what is gone on with, and what is left alone. */
#include "base/test/support.h"

#include "base/memory.h"
#include "profiler/linksummary.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char head[] = "t_s,rtt_ms,up_mbps,down_mbps\n";

static struct tracelog open_log(const char *path, bool resume)
{
    struct tracelog log;
    struct error error = {0};
    if (tracelog_open(path, resume, &log, &error))
        fail_msg("%s", error.text);
    return log;
}

static void append(struct tracelog *log, double t_s, double rtt_s, double up, double down)
{
    struct trace_row row = {t_s, {rtt_s, up, down}};
    assert_int_equal(tracelog_append(log, &row, NULL), STATUS_OK);
}

static void assert_file(const char *path, const char *wanted)
{
    char *text = test_read(path);
    assert_string_equal(text, wanted);
    free(text);
}

static void rows_are_there_at_once_and_read_back(void **state)
{
    (void)state;
    char *folder = test_scratch("tracelog"), *path = text_format("%s/t.csv", folder);
    struct tracelog log = open_log(path, false), second;
    struct error error = {0};
    append(&log, 0, 0.0203, NAN, NAN);
    append(&log, 1.00012, NAN, NAN, NAN);
    append(&log, 2, 0.0105, 9.5e6, 48.25e6);
    assert_file(path, "t_s,rtt_ms,up_mbps,down_mbps\n0.0000,20.3000,,\n1.0001,,,\n"
                      "2.0000,10.5000,9.5,48.25\n");
    assert_int_equal(tracelog_open(path, true, &second, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "another process writes it"));
    tracelog_close(&log);

    error_clear(&error);
    assert_int_equal(tracelog_open(path, false, &second, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "--resume"));
    log = open_log(path, true);
    assert_int_equal(log.n_rows, 3);
    assert_true(isnan(log.rows[1].values[COLUMN_RTT]) && isnan(log.rows[0].values[COLUMN_UP]));
    assert_close(log.rows[2].values[COLUMN_RTT], 0.0105, 1e-12, 0);
    assert_close(log.rows[2].values[COLUMN_DOWN], 48.25e6, 1e-12, 0);
    append(&log, 3, 0.03, NAN, NAN);
    tracelog_close(&log);

    struct link_trace trace;
    if (link_trace_read(path, &trace, &error))
        fail_msg("%s", error.text);
    assert_int_equal(trace.n_rows, 4);
    assert_int_equal(trace.columns[COLUMN_RTT].n, 3);
    assert_int_equal(trace.columns[COLUMN_UP].n, 1);
    assert_close(trace.columns[COLUMN_UP].values[0], 9.5e6, 1e-12, 0);
    link_trace_free(&trace);
    free(path);
    free(folder);
}

/* Cut anywhere, the file goes on with the rows that are whole. */
static void what_was_cut_is_mended(void **state)
{
    (void)state;
    static const char whole[] = "t_s,rtt_ms,up_mbps,down_mbps\n0.0000,20.3000,,\n1.0001,,,\n"
                                "2.0000,10.5000,9.5,48.25\n";
    char *folder = test_scratch("tracelog");
    for (size_t n = 0; n < sizeof whole; n++) {
        char text[sizeof whole] = "";
        memcpy(text, whole, n);
        char *path = test_write(folder, "cut.csv", text);
        size_t n_rows = 0, kept = 0;
        for (size_t i = 0; i < n; i++) {
            if (text[i] == '\n') {
                kept = i + 1;
                n_rows++;
            }
        }
        n_rows -= n_rows > 0; /* the header */
        struct tracelog log = open_log(path, true);
        assert_int_equal(log.n_rows, n_rows);
        append(&log, 9, 0.01, NAN, NAN);
        tracelog_close(&log);
        char *now = test_read(path);
        assert_memory_equal(now, kept > 0 ? whole : head, kept > 0 ? kept : strlen(head));
        assert_non_null(strstr(now, "\n9.0000,10.0000,,\n"));
        struct tracelog again = open_log(path, true);
        assert_int_equal(again.n_rows, n_rows + 1);
        tracelog_close(&again);
        free(now);
        free(path);
    }
    free(folder);
}

/* Files that are no such traces stay as they are. */
static void other_files_are_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"dear diary,\nno end of line", "other.csv:1: not a trace to go on with"},
        {"t_s,rtt_ms\n0,1\n", "other.csv:1:"},
        {"t_s,rtt_ms,up_mbps,down_mbps\n0,20,,\n1,fast,,\n", "other.csv:3:"},
        {"t_s,rtt_ms,up_mbps,down_mbps\n5,20,,\n1,20,,\n", "other.csv:3:"},
        {"t_s,rtt_ms,up_mbps,down_mbps\n5,20\n", "other.csv:2:"},
    };
    char *folder = test_scratch("tracelog");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = test_write(folder, "other.csv", cases[i].text);
        struct tracelog log;
        struct error error = {0};
        assert_int_equal(tracelog_open(path, true, &log, &error), STATUS_INVALID);
        if (!strstr(error.text, cases[i].says))
            fail_msg("case %zu: '%s' does not say '%s'", i, error.text, cases[i].says);
        assert_file(path, cases[i].text);
        free(path);
    }
    struct tracelog log;
    assert_int_equal(tracelog_open("/no/such/folder/t.csv", true, &log, NULL), STATUS_IO);
    free(folder);
}

static void a_full_disk_leaves_whole_rows(void **state)
{
    (void)state;
    struct tracelog log = {.path = text_copy("/dev/full"), .file = -1};
    FILE *full = fopen("/dev/full", "w");
    struct error error = {0};
    struct trace_row row = {1, {0.1, NAN, NAN}};
    if (!full) {
        print_message("no /dev/full here\n");
        free(log.path);
        skip();
    }
    log.file = dup(fileno(full));
    fclose(full);
    assert_int_equal(tracelog_append(&log, &row, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/dev/full: cannot be written"));
    assert_int_equal(log.n_rows, 0);
    tracelog_close(&log);
}

/* As on a disk that has room for a part of the row. */
static void a_row_that_does_not_fit_leaves_no_stump(void **state)
{
    (void)state;
    char *folder = test_scratch("tracelog"), *path = text_format("%s/t.csv", folder);
    struct tracelog log = open_log(path, false);
    struct trace_row row = {2, {0.1, NAN, NAN}};
    struct rlimit before, less;
    append(&log, 1, 0.05, NAN, NAN);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    less = before;
    less.rlim_cur = strlen(head) + strlen("1.0000,50.0000,,\n") + 5;
    setrlimit(RLIMIT_FSIZE, &less);
    enum status status = tracelog_append(&log, &row, NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, STATUS_IO);
    assert_file(path, "t_s,rtt_ms,up_mbps,down_mbps\n1.0000,50.0000,,\n");
    append(&log, 3, 0.05, NAN, NAN);
    assert_file(path, "t_s,rtt_ms,up_mbps,down_mbps\n1.0000,50.0000,,\n3.0000,50.0000,,\n");
    tracelog_close(&log);
    free(path);
    free(folder);
}

/* 1 .. 100 ms in any order: nearest ranks are the numbers themselves. */
static void the_summary_counts(void **state)
{
    (void)state;
    struct trace_row rows[110];
    for (size_t i = 0; i < 110; i++) {
        rows[i] = (struct trace_row){(double)i, {NAN, NAN, NAN}};
        if (i < 100)
            rows[i].values[COLUMN_RTT] = (double)(i * 37 % 100 + 1) * 1e-3;
    }
    rows[5].values[COLUMN_DOWN] = 7e6;
    const struct tracelog log = {.rows = rows, .n_rows = 110};
    struct linksummary summary;
    assert_int_equal(linksummary_make(&log, &summary, NULL), STATUS_OK);
    assert_int_equal(summary.n_failed, 10);
    assert_close(summary.duration_s, 109, 0, 0);
    assert_close(summary.columns[COLUMN_RTT].p5, 0.005, 1e-12, 0);
    assert_close(summary.columns[COLUMN_RTT].p50, 0.050, 1e-12, 0);
    assert_close(summary.columns[COLUMN_RTT].p95, 0.095, 1e-12, 0);
    assert_close(summary.columns[COLUMN_RTT].max, 0.1, 1e-12, 0);
    assert_int_equal(summary.columns[COLUMN_UP].n, 0);
    assert_close(summary.columns[COLUMN_DOWN].p50, 7e6, 0, 0);

    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    linksummary_chart(&log, &summary, out);
    fclose(out);
    assert_non_null(strstr(text, "   100 ms |"));
    assert_non_null(strstr(text, "no answer +------")); /* failures only in the last tenth */
    assert_non_null(strstr(text, "-xxxxx"));
    assert_non_null(strstr(text, "1 min 49 s"));
    free(text);
}

/* A line that the terminal breaks would leave no chart. */
static void the_chart_fits(void **state)
{
    (void)state;
    struct trace_row rows[90];
    for (size_t i = 0; i < 90; i++)
        rows[i] = (struct trace_row){(double)i, {(double)(i + 1) * 1e-3, NAN, NAN}};
    const struct tracelog log = {.rows = rows, .n_rows = 90};
    struct linksummary summary;
    assert_int_equal(linksummary_make(&log, &summary, NULL), STATUS_OK);
    static const size_t widths[][2] = {{200, 72}, {72, 72}, {71, 71}, {40, 40}, {10, 32}};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        int master;
        FILE *terminal = test_terminal((unsigned short)widths[i][0], &master);
        if (!terminal) {
            print_message("[  SKIPPED ] no pseudo-terminal here\n");
            skip();
        }
        linksummary_chart(&log, &summary, terminal);
        char *text = test_terminal_close(terminal, master), *rest = text;
        size_t longest = 0;
        for (char *line; (line = strtok_r(rest, "\r\n", &rest));)
            longest = strlen(line) > longest ? strlen(line) : longest;
        assert_int_equal(longest, widths[i][1]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_there_at_once_and_read_back),
        cmocka_unit_test(what_was_cut_is_mended),
        cmocka_unit_test(other_files_are_left_alone),
        cmocka_unit_test(a_full_disk_leaves_whole_rows),
        cmocka_unit_test(a_row_that_does_not_fit_leaves_no_stump),
        cmocka_unit_test(the_summary_counts),
        cmocka_unit_test(the_chart_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
