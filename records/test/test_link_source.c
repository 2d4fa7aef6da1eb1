// SPDX-License-Identifier: GPL-3.0-or-later
/* What --link takes, and its replay, against schedules worked out by hand and naive replays. */
#include "records/link_source.h"
#include "records/test/fixture.h"

#include "base/clock.h"

#include <math.h>

static char *folder;

static const struct link_rest nothing = {NAN, NAN, NAN}, open_ended = {0.020, INFINITY, INFINITY};

static struct link_source *open_text(const char *text, const struct link_rest *rest)
{
    struct link_source *source;
    assert_ok(link_source_open(text, rest, &source, &error));
    return source;
}

/* A source of a trace with that text, with the rest open-ended. */
static struct link_source *open_trace(const char *text)
{
    char *path = test_write(folder, "trace.csv", text);
    struct link_source *source = open_text(path, &open_ended);
    free(path);
    return source;
}

static struct link_player start(const struct link_source *source, enum link_pace pace, bool loop)
{
    struct link_player player;
    link_player_start(&player, source, 1, pace, loop);
    return player;
}

/* ---- the text */

static void fixed_texts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double values[N_LINK_COLUMNS];
    } good[] = {
        {"fixed:20ms", {0.020, NAN, NAN}},
        {"fixed:0", {0, NAN, NAN}},
        {"fixed:20,10,50", {0.020, 1e7, 5e7}},
        {"fixed:1.5 s,1Gbit/s,unlimited", {1.5, 1e9, INFINITY}},
    };
    static const char *const bad[] = {
        "",          "fixed",       "fixed:",          "20ms",         "fixed:20,10",
        "fixed:-1",  "fixed:20ms,", "fixed:20,10,1,1", "fixed:20,0,1", "fixed:unlimited",
        "fixed:61m", "fixed:20,,",  "fixed:20Mbit/s",  "fixed :20",    "fixed:20,10,0",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double values[N_LINK_COLUMNS];
        assert_ok(link_fixed_parse(good[i].text, values, &error));
        for (int c = 0; c < N_LINK_COLUMNS; c++) {
            double expected = good[i].values[c];
            assert_true(isnan(expected) ? isnan(values[c])
                                        : values[c] == expected ||
                                              fabs(values[c] - expected) < 1e-12 * expected);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double values[N_LINK_COLUMNS];
        assert_fails(STATUS_MISUSE, bad[i], "'", link_fixed_parse(bad[i], values, &error));
    }
}

static void sources_by_text(void **state)
{
    (void)state;
    char *both = test_write(folder, "line.csv", "t_s,rtt_ms,up_mbps\n0,10,1\n1,20,2\n");
    char *slow = test_write(folder, "slow.csv", "t_s,down_mbps\n0,5\n11,6\n22,5\n");
    char *flat = test_write(folder, "flat.csv", "t_s,rtt_ms,up_mbps\n0,7,1\n1,7,1\n");
    const struct {
        char *text; /* freed */
        struct link_rest rest;
        const char *name;
        bool constant, by_request, ends;
        double values[N_LINK_COLUMNS]; /* at time 0 */
    } rows[] = {
        {text_copy("fixed:20ms"),
         open_ended,
         "fixed:20ms",
         true,
         false,
         false,
         {0.020, INFINITY, INFINITY}},
        {text_copy("fixed:20ms,10,unlimited"),
         nothing,
         "fixed:20ms,10,unlimited",
         true,
         false,
         false,
         {0.020, 1e7, INFINITY}},
        {text_copy("rtt=0.5s,up=1,down=2.5Gbit/s"),
         nothing,
         "fixed:500ms,1,2500",
         true,
         false,
         false,
         {0.5, 1e6, 2.5e9}},
        {text_copy("down=3"),
         open_ended,
         "fixed:20ms,unlimited,3",
         true,
         false,
         false,
         {0.020, INFINITY, 3e6}},
        {text_copy(both),
         {NAN, NAN, 4e6},
         "composed: rtt line, up line, down 4 Mbit/s",
         false,
         false,
         true,
         {0.010, 1e6, 4e6}},
        {text_format("rtt=%s,down=%s,up=1", both, slow),
         nothing,
         "composed: rtt line, up 1 Mbit/s, down slow",
         false,
         true,
         true,
         {0.010, 1e6, 5e6}},
        {text_format("up=%s", both),
         {0.001, 9, INFINITY},
         "composed: rtt 1.00 ms, up line, down unlimited",
         false,
         false,
         true,
         {0.001, 1e6, INFINITY}},
        {text_copy(flat),
         open_ended,
         "composed: rtt flat, up flat, down unlimited",
         true,
         false,
         false,
         {0.007, 1e6, INFINITY}},
    };
    static const char *const origins[] = {"constant", "constant", "constant", "constant",
                                          "composed", "composed", "composed", "trace"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_source *source = open_text(rows[i].text, &rows[i].rest);
        assert_string_equal(link_source_name(source), rows[i].name);
        assert_string_equal(link_origin_name(link_source_origin(source)), origins[i]);
        assert_int_equal(link_source_constant(source), rows[i].constant);
        assert_int_equal(link_source_by_request(source), rows[i].by_request);
        assert_int_equal(link_source_ends(source), rows[i].ends);
        struct link_player player = start(source, PACE_NATURAL, true);
        struct link_conditions now = link_player_at(&player, 0);
        for (int c = 0; c < N_LINK_COLUMNS; c++)
            assert_true(now.values[c] == rows[i].values[c] ||
                        fabs(now.values[c] - rows[i].values[c]) < 1e-12 * rows[i].values[c]);
        if (rows[i].constant)
            assert_true(isinf(link_player_next_s(&player)) || strstr(rows[i].name, "flat"));
        link_source_free(source);
        free(rows[i].text);
    }
    link_source_free(NULL);
    char *odd =
        test_write(folder, "a \"b\\,c\n.csv", "t_s,rtt_ms,up_mbps,down_mbps\n0,1,2,3\n1,2,2,2\n");
    struct link_source *source = open_text(odd, &nothing);
    assert_string_equal(link_source_name(source), "a _b__c_");
    assert_int_equal(link_source_origin(source), LINK_ORIGIN_TRACE);
    link_source_free(source);
    free(odd);
    free(both);
    free(slow);
    free(flat);
}

static void refused_texts(void **state)
{
    (void)state;
    char *line = test_write(folder, "line.csv", "t_s,rtt_ms\n0,10\n1,20\n");
    char *dead = test_write(folder, "dead.csv", "t_s,rtt_ms,up_mbps\n0,10,0\n1,20,0\n");
    char *bad = test_write(folder, "bad.csv", "t_s,rtt_ms\n0,10\n1,x\n");
    char *ini = test_write(folder, "bad.link", "# a model?\n\n[what]\nx = 1\n");
    const struct {
        enum status status;
        char *text; /* freed */
        struct link_rest rest;
        const char *says[2];
    } rows[] = {
        {STATUS_MISUSE, text_copy("fixed:20ms"), nothing, {"'up'", "--up RATE"}},
        {STATUS_MISUSE, text_copy("up=1,down=1"), nothing, {"'rtt'", "--rtt TIME"}},
        {STATUS_MISUSE, text_copy(line), {NAN, 1e6, NAN}, {"'down'", "--down"}},
        {STATUS_MISUSE, text_copy(line), {NAN, 1e6, 0}, {"--down", "0"}},
        {STATUS_MISUSE, text_copy("fixed:x"), open_ended, {"'fixed:x'", "time"}},
        {STATUS_MISUSE, text_copy("rtt=20ms,rtt=1"), open_ended, {"rtt=", "twice"}},
        {STATUS_MISUSE, text_copy("rtt=20ms,foo=1"), open_ended, {"foo=1", "up="}},
        {STATUS_MISUSE, text_copy("rtt=20ms,"), open_ended, {"''", "up="}},
        {STATUS_MISUSE, text_copy("rtt=1,up=1,down=1,up=1"), open_ended, {"more than", ""}},
        {STATUS_MISUSE, text_copy("rtt=/no/such"), open_ended, {"rtt=/no/such", "time"}},
        {STATUS_MISUSE, text_copy("up=0"), open_ended, {"'up=0'", "0 would"}},
        {STATUS_MISUSE, text_copy("rtt=2h"), open_ended, {"'rtt=2h'", "hour"}},
        {STATUS_MISUSE, text_format("up=%s", line), open_ended, {line, "'up'"}},
        {STATUS_INVALID, text_copy(dead), open_ended, {dead, "0 throughout"}},
        {STATUS_INVALID, text_copy(bad), open_ended, {":3", "rtt_ms"}},
        {STATUS_INVALID, text_format("rtt=%s", bad), open_ended, {":3", "rtt_ms"}},
        {STATUS_INVALID, text_copy(ini), open_ended, {":4", "[what]"}},
        {STATUS_IO, text_copy("/no/such"), open_ended, {"/no/such", ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_source *source = NULL;
        assert_fails(rows[i].status, rows[i].says[0], rows[i].says[1],
                     link_source_open(rows[i].text, &rows[i].rest, &source, &error));
        assert_null(source);
        free(rows[i].text);
    }
    free(line);
    free(dead);
    free(bad);
    free(ini);
}

/* ---- replay */

static void by_the_clock(void **state)
{
    (void)state;
    /* rtt 10 until 2 (its first row is at 1), 30 until 4, again from 4 on; up changes at 3 */
    struct link_source *source =
        open_trace("t_s,rtt_ms,up_mbps\n0,,1\n1,10,\n2,30,\n3,,0\n"); /* 4 s in all */
    static const struct {
        double t_s, rtt_ms, up_mbps, next_s;
    } rows[] = {
        {0, 10, 1, 2},       {1.5, 10, 1, 2},     {2, 30, 1, 3},       {3, 30, 0, 4},
        {3.999, 30, 0, 4},   {4, 10, 1, 6},       {6.5, 30, 1, 7},     {7, 30, 0, 8},
        {402.5, 30, 1, 403}, {4000, 10, 1, 4002}, {4003, 30, 0, 4004},
    };
    struct link_player player = start(source, PACE_NATURAL, true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_conditions now = link_player_at(&player, rows[i].t_s);
        assert_close(now.values[COLUMN_RTT], rows[i].rtt_ms * 1e-3, 1e-12, 0);
        assert_close(now.values[COLUMN_UP], rows[i].up_mbps * 1e6, 1e-12, 0);
        assert_true(isinf(now.values[COLUMN_DOWN]));
        assert_close(link_player_next_s(&player), rows[i].next_s, 1e-12, 0);
        assert_false(link_player_ended(&player));
        link_player_request(&player); /* nothing here advances by it */
    }
    player = start(source, PACE_NATURAL, false);
    static const struct {
        double t_s, rtt_ms, up_mbps, next_s;
        bool ended;
    } once[] = {{0, 10, 1, 2, false},
                {3.5, 30, 0, 4, false},
                {4, 30, 0, INFINITY, true},
                {1e9, 30, 0, INFINITY, true}};
    for (size_t i = 0; i < sizeof once / sizeof *once; i++) {
        struct link_conditions now = link_player_at(&player, once[i].t_s);
        assert_close(now.values[COLUMN_RTT], once[i].rtt_ms * 1e-3, 1e-12, 0);
        assert_close(now.values[COLUMN_UP], once[i].up_mbps * 1e6, 1e-12, 0);
        assert_true(link_player_next_s(&player) == once[i].next_s);
        assert_int_equal(link_player_ended(&player), once[i].ended);
    }
    link_source_free(source);
}

static void by_the_request(void **state)
{
    (void)state;
    /* slow rows, one of which says nothing about rtt: the columns stay together */
    static const char text[] = "t_s,rtt_ms,up_mbps\n0,10,1\n60,,2\n120,30,3\n";
    static const double rtt_ms[] = {10, 10, 30}, up_mbps[] = {1, 2, 3};
    struct link_source *source = open_trace(text);
    for (int loop = 0; loop < 2; loop++) {
        struct link_player player = start(source, PACE_NATURAL, loop);
        for (int i = 0; i < 20; i++) {
            struct link_conditions now = link_player_at(&player, i * 1000.0);
            int row = loop ? i % 3 : i < 3 ? i : 2;
            assert_close(now.values[COLUMN_RTT], rtt_ms[row] * 1e-3, 1e-12, 0);
            assert_close(now.values[COLUMN_UP], up_mbps[row] * 1e6, 1e-12, 0);
            assert_true(isinf(link_player_next_s(&player)));
            assert_int_equal(link_player_ended(&player), !loop && i >= 3);
            link_player_request(&player);
        }
    }
    struct link_player clock = start(source, PACE_CLOCK, true);
    link_player_request(&clock);
    assert_close(link_player_at(&clock, 59).values[COLUMN_UP], 1e6, 1e-12, 0);
    assert_close(link_player_at(&clock, 60).values[COLUMN_UP], 2e6, 1e-12, 0);
    assert_close(link_player_at(&clock, 185).values[COLUMN_UP], 1e6, 1e-12, 0);
    link_source_free(source);
    source = open_trace("t_s,rtt_ms\n0,10\n1,20\n"); /* fast rows, made to wait for requests */
    struct link_player request = start(source, PACE_REQUEST, true);
    assert_close(link_player_at(&request, 1.5).values[COLUMN_RTT], 0.010, 1e-12, 0);
    link_player_request(&request);
    assert_close(link_player_at(&request, 1.5).values[COLUMN_RTT], 0.020, 1e-12, 0);
    link_source_free(source);
}

static void transfers_by_hand(void **state)
{
    (void)state;
    /* up: 8 Mbit/s for 1 s, an outage for 2 s, 16 Mbit/s for 1 s, and again */
    struct link_source *source = open_trace("t_s,up_mbps\n0,8\n1,0\n2,0\n3,16\n");
    static const struct {
        double at_s, bytes, seconds, moving_s;
    } rows[] = {
        {0, 0, 0, 0},           {0, 1e6, 1, 1},          {0, 5e5, 0.5, 0.5},
        {0.5, 1e6, 2.75, 0.75}, {1, 1, 2.0000005, 5e-7}, {2.5, 2e6, 1.5, 1},
        {2.5, 3e6, 2.5, 2},     {3.5, 1e6, 0.5, 0.5},    {0, 7e6, 8 + 1, 5},
        {0, 30e6, 40, 20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link_player player = start(source, PACE_NATURAL, true);
        link_player_at(&player, rows[i].at_s);
        struct link_player before = player;
        struct link_transfer up = link_player_transfer(&player, COLUMN_UP, rows[i].bytes, 1000);
        assert_close(up.s, rows[i].seconds, 1e-12, 0);
        assert_close(up.moving_s, rows[i].moving_s, 1e-9, 0);
        assert_memory_equal(&player, &before, sizeof player);
        assert_close(link_player_transfer(&player, COLUMN_DOWN, rows[i].bytes, 1000).s, 0, 0, 0);
    }
    struct link_player player = start(source, PACE_NATURAL, true);
    struct link_transfer cut = link_player_transfer(&player, COLUMN_UP, 1.25e6, 3.1);
    assert_true(isinf(cut.s)); /* 1 s, an outage, and 0.1 s of the 0.125 s that the rest takes */
    assert_close(cut.moving_s, 1.1, 1e-12, 0);
    assert_close(link_player_transfer(&player, COLUMN_UP, 1.25e6, 3.2).s, 3.125, 1e-12, 0);
    player = start(source, PACE_NATURAL, false);
    link_player_at(&player, 50); /* its last value goes on for ever */
    assert_close(link_player_transfer(&player, COLUMN_UP, 200e6, 1000).s, 100, 1e-12, 0);
    player = start(source, PACE_REQUEST, true); /* the clock moves nothing: an outage stays one */
    link_player_request(&player);
    assert_true(isinf(link_player_transfer(&player, COLUMN_UP, 1, 1000).s));
    link_source_free(source);
}

/* ---- properties, over random traces */

/* What a trace of `n` rows with values only at random rows is like, replayed naively. */
struct naive {
    double t_s[40], value[40]; /* NAN: empty */
    size_t n;
    double duration_s;
};

static double naive_at(const struct naive *naive, double t_s, bool loop)
{
    double local = loop ? fmod(t_s, naive->duration_s) : t_s, value = NAN;
    for (size_t i = naive->n; i-- > 0;) { /* the first value holds before it begins */
        if (!isnan(naive->value[i]))
            value = naive->value[i];
    }
    for (size_t i = 0; i < naive->n; i++) {
        if (!isnan(naive->value[i]) && naive->t_s[i] <= local)
            value = naive->value[i];
    }
    return value;
}

/* Times are multiples of 1/64 s, so that sums are exact. */
static struct link_source *draw_trace(struct random *random, struct naive *naive)
{
    char text[4000] = "t_s,up_mbps\n";
    size_t used = strlen(text);
    double gaps[40];
    naive->n = 2 + random_below(random, 38);
    for (size_t i = 0; i < naive->n; i++) {
        gaps[i] = (double)(1 + random_below(random, 200)) / 64;
        naive->t_s[i] = i ? naive->t_s[i - 1] + gaps[i - 1] : 0;
        bool filled = i < 1 || i == naive->n - 1 || random_below(random, 2);
        naive->value[i] = filled ? (double)(i == 0 ? 1 : random_below(random, 4)) : NAN;
        used += (size_t)snprintf(text + used, sizeof text - used, filled ? "%.9g,%g\n" : "%.9g,\n",
                                 naive->t_s[i], naive->value[i]);
    }
    size_t n_gaps = naive->n - 1; /* the lower median, by counting */
    for (size_t i = 0; i < n_gaps; i++) {
        size_t below = 0, not_above = 0;
        for (size_t k = 0; k < n_gaps; k++) {
            below += gaps[k] < gaps[i];
            not_above += gaps[k] <= gaps[i];
        }
        if (below <= (n_gaps - 1) / 2 && (n_gaps - 1) / 2 < not_above)
            naive->duration_s = naive->t_s[naive->n - 1] + gaps[i];
    }
    return open_trace(text);
}

static void replay_is_the_naive_one(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int i = 0; i < (test_long() ? 2000 : 200); i++) {
        struct naive naive;
        struct link_source *source = draw_trace(&random, &naive);
        bool loop = random_below(&random, 2);
        struct link_player player = start(source, PACE_CLOCK, loop);
        double t_s = 0;
        for (int k = 0; k < 200; k++) {
            double value = link_player_at(&player, t_s).values[COLUMN_UP];
            assert_close(value, 1e6 * naive_at(&naive, t_s, loop), 1e-12, 0);
            /* a transfer moves as many bits as the naive replay adds up, in small slices */
            if (k % 40 == 0) {
                double bits = 0, goal = (double)random_below(&random, 2000000), slice = 1.0 / 64;
                double took = link_player_transfer(&player, COLUMN_UP, goal / 8, 1e6).s, done = 0;
                while (!isinf(took) && done + slice <= took) {
                    bits += slice * 1e6 * naive_at(&naive, t_s + done, loop);
                    done += slice;
                }
                if (!isinf(took)) /* since its start: a double is coarse millions of seconds on */
                    bits += (took - done) * 1e6 * naive_at(&naive, t_s + done, loop);
                else
                    goal = 0;
                assert_close(bits, goal, 1e-9, 1e-3);
            }
            uint64_t far = random_below(&random, 50) == 0 ? 64 * 1000000 : 256;
            t_s += (double)random_below(&random, far) / 64;
        }
        link_source_free(source);
    }
}

static int make_folder(void **state)
{
    (void)state;
    folder = test_scratch("link-source");
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
        cmocka_unit_test(fixed_texts),
        cmocka_unit_test(sources_by_text),
        cmocka_unit_test(refused_texts),
        cmocka_unit_test(by_the_clock),
        cmocka_unit_test(by_the_request),
        cmocka_unit_test(transfers_by_hand),
        cmocka_unit_test(replay_is_the_naive_one),
    };
    return cmocka_run_group_tests(tests, make_folder, free_folder);
}
