// SPDX-License-Identifier: GPL-3.0-or-later
/* Traces: the rules for their rows by hand, statistics over time, malformed files. */
#include "records/link_trace.h"
#include "records/test/fixture.h"

#include <dirent.h>
#include <math.h>

static char *folder;

static struct link_trace read_text(const char *text)
{
    struct link_trace trace;
    char *path = test_write(folder, "trace.csv", text);
    assert_ok(link_trace_read(path, &trace, &error));
    free(path);
    return trace;
}

static void assert_series(const struct trace_series *series, size_t n, const double *t_s,
                          const double *rows, const double *values)
{
    assert_int_equal(series->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_close(series->t_s[i], t_s[i], 1e-12, 0);
        assert_close(series->rows[i], rows[i], 0, 0);
        assert_close(series->values[i], values[i], 1e-12, 0);
    }
}

static void columns_are_independent(void **state)
{
    (void)state;
    /* by hand: time counts from the first row, of equal times the last value of a column wins and
     * an empty cell takes nothing away, 0 is a value */
    struct link_trace trace = read_text("\xef\xbb\xbfup_mbps,t_s,note,rtt_ms\r\n"
                                        "# a remark\n"
                                        ",100,a,\n"
                                        "8,101,b,20\n"
                                        ",101,c,25.5\n"
                                        "7,101,d,\n"
                                        "\n"
                                        "0,103,e,30\n"
                                        ",104,f,\n");
    assert_int_equal(trace.n_rows, 4);
    assert_close(trace.row_s, 1, 0, 0); /* of 1, 2, 1 */
    assert_close(trace.duration_s, 5, 0, 0);
    const double t_s[] = {1, 3}, rows[] = {1, 2}, rtt[] = {0.0255, 0.030}, up[] = {7e6, 0};
    assert_series(&trace.columns[COLUMN_RTT], 2, t_s, rows, rtt);
    assert_series(&trace.columns[COLUMN_UP], 2, t_s, rows, up);
    assert_int_equal(trace.columns[COLUMN_DOWN].n, 0);
    link_trace_free(&trace);
    link_trace_free(&trace);

    trace = read_text("t_s,rtt_ms,down_mbps\n-1.5,,2\n-0.5,,3\n"); /* empty throughout: not there */
    assert_int_equal(trace.columns[COLUMN_RTT].n, 0);
    assert_int_equal(trace.columns[COLUMN_DOWN].n, 2);
    assert_close(trace.duration_s, 2, 0, 0);
    link_trace_free(&trace);
}

static void statistics_weigh_by_time(void **state)
{
    (void)state;
    /* 10 holds from 0 to 3 (its row is at 1), 40 to 4, 20 from there to the end at 10 */
    struct link_trace trace = read_text("t_s,rtt_ms,up_mbps\n0,,1\n1,10,\n3,40,\n4,20,1\n7,,1\n");
    const double p[] = {0, 0.3, 0.31, 0.9, 0.91, 1}, expected[] = {10, 10, 20, 20, 40, 40};
    double values[6];
    assert_close(trace.duration_s, 8, 0, 0);
    link_trace_free(&trace);
    trace = read_text("t_s,rtt_ms,up_mbps\n0,,1\n1,10,\n3,40,\n4,20,1\n7,,1\n8.5,,\n");
    assert_close(trace.duration_s, 10, 0, 1e-12); /* gaps 1 2 1 3 1.5, the median 1.5 */
    assert_ok(link_trace_quantiles(&trace, COLUMN_RTT, p, 6, values, &error));
    for (int i = 0; i < 6; i++)
        assert_close(values[i], expected[i] * 1e-3, 1e-12, 0);
    assert_close(link_trace_mean(&trace, COLUMN_RTT), (30 + 40 + 120) * 1e-4, 1e-12, 0);
    assert_close(link_trace_mean(&trace, COLUMN_UP), 1e6, 1e-12, 0);
    link_trace_free(&trace);
}

static void malformed_traces(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *says;
    } rows[] = {
        {"", "", "no header"},
        {"rtt_ms\n1\n", ":1", "t_s"},
        {"t_s,rtt\n0,1\n1,1\n", "", "none of the columns rtt_ms"},
        {"t_s,rtt_ms\n", "", "0 rows with a value"},
        {"t_s,rtt_ms\n0,1\n", "", "1 rows with a value"},
        {"t_s,rtt_ms\n0,1\n0,2\n", "", "1 rows with a value"},
        {"t_s,rtt_ms\n0,\n1,\n2,3\n", "", "1 rows with a value"},
        {"t_s,rtt_ms\n0,1\n2,1\n1,1\n", ":4", "t_s: goes back"},
        {"t_s,rtt_ms\n0,1\n1,-1\n", ":3", "rtt_ms: is negative"},
        {"t_s,rtt_ms\n0,1\n1,x\n", ":3", "rtt_ms: 'x'"},
        {"t_s,rtt_ms\n0,1\n1,nan\n", ":3", "rtt_ms: 'nan'"},
        {"t_s,rtt_ms\n0,1\n1,inf\n", ":3", "rtt_ms: 'inf'"},
        {"t_s,rtt_ms\n0,1\n1,1e999\n", ":3", "rtt_ms: '1e999'"},
        {"t_s,rtt_ms\n0,1\n1,3600001\n", ":3", "more than an hour"},
        {"t_s,down_mbps\n0,1\n1,1e10\n", ":3", "more than 10^9"},
        {"t_s,rtt_ms\n0,1\n,2\n", ":3", "t_s: ''"},
        {"t_s,rtt_ms\n0,1\n1e11,2\n", ":3", "t_s: more than"},
        {"t_s,rtt_ms\n0,1\n1\n", ":3", "1 fields"},
        {"t_s,rtt_ms,t_s\n0,1,0\n", ":1", "twice"},
        {"t_s,rtt_ms\n0,20ms\n", ":2", "'20ms'"},
        {"t_s,rtt_ms\n0,1\n9e-6,2\n1,1\n", "", "less than 10 us: t_s is in seconds"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_trace trace;
        char *path = test_write(folder, "bad.csv", rows[i].text);
        char *where = text_format("%s%s", path, rows[i].where);
        assert_fails(STATUS_INVALID, where, rows[i].says, link_trace_read(path, &trace, &error));
        assert_null(trace.columns[COLUMN_RTT].values);
        assert_int_equal(trace.columns[COLUMN_RTT].n + trace.n_rows, 0);
        free(where);
        free(path);
    }
    struct link_trace trace;
    assert_fails(STATUS_IO, "/no/such", "", link_trace_read("/no/such", &trace, &error));
}

/* A file cut anywhere either reads or names its line; whatever it holds. */
static void mangled_traces(void **state)
{
    (void)state;
    static const char whole[] = "t_s,rtt_ms,up_mbps,down_mbps\n0,1,,3\n0.5,,2,\n1,4,0,1e3\n";
    struct random random = {(uint64_t)getpid()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 20000 : 2000); i++) {
        char text[sizeof whole];
        struct link_trace trace;
        struct error error = {0};
        memcpy(text, whole, sizeof whole);
        for (int k = 0; k < 3; k++)
            text[random_below(&random, sizeof whole - 1)] = "\0,-.e9\nx#"[random_below(&random, 9)];
        char *path = test_write(folder, "mangled.csv", text);
        enum status status = link_trace_read(path, &trace, &error);
        assert_int_equal(status, error.code);
        if (status) {
            assert_non_null(strstr(error.text, path));
            assert_int_equal(trace.n_rows, 0);
        }
        link_trace_free(&trace);
        free(path);
    }
}

/* The real ones, where they are: each reads, and each has what its time says. */
static void real_traces(void **state)
{
    (void)state;
    static const char traces[] = "../shared/traces";
    DIR *listing = opendir(traces);
    size_t n = 0;
    if (!listing) {
        print_message("[  SKIPPED ] real traces: %s is not here\n", traces);
        skip();
    }
    for (const struct dirent *entry; (entry = readdir(listing));) {
        const char *dot = strrchr(entry->d_name, '.');
        if (!dot || strcmp(dot, ".csv") != 0 || strcmp(entry->d_name, "SOURCES.csv") == 0)
            continue;
        struct link_trace trace;
        char *path = text_format("%s/%s", traces, entry->d_name);
        assert_ok(link_trace_read(path, &trace, &error));
        assert_true(trace.duration_s > trace.row_s * 50);
        for (int c = 0; c < N_LINK_COLUMNS; c++) {
            const struct trace_series *series = &trace.columns[c];
            for (size_t i = 0; i < series->n; i++) {
                assert_true(series->rows[i] < (double)trace.n_rows);
                assert_true(series->t_s[i] < trace.duration_s);
                assert_true(i == 0 || (series->t_s[i] > series->t_s[i - 1] &&
                                       series->rows[i] > series->rows[i - 1]));
            }
        }
        link_trace_free(&trace);
        free(path);
        n++;
    }
    closedir(listing);
    print_message("%zu traces\n", n);
    assert_true(n > 0);
}

static int make_folder(void **state)
{
    (void)state;
    folder = test_scratch("link-trace");
    return folder ? 0 : -1;
}

static int free_folder(void **state)
{
    (void)state;
    free(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_independent),
        cmocka_unit_test(statistics_weigh_by_time),
        cmocka_unit_test(malformed_traces),
        cmocka_unit_test(mangled_traces),
        cmocka_unit_test(real_traces),
    };
    return cmocka_run_group_tests(tests, make_folder, free_folder);
}
