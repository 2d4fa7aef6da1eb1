// SPDX-License-Identifier: GPL-3.0-or-later
/* Rounds during which the clock changed or the device throttled, on files that this test writes;
 * lists of CPUs. */
#include "base/memory.h"
#include "base/test/support.h"
#include "profiler/clockwatch.h"
#include "profiler/cpulist.h"
#include "records/round_store.h"

#include <stdlib.h>
#include <string.h>

static char *root;

static void put(const char *path, const char *format, long value)
{
    char *file = text_format("%s%s", root, path), *text = text_format(format, value);
    char *make = text_format("mkdir -p $(dirname '%s')", file);
    assert_int_equal(test_shell(make, NULL, NULL), 0);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    free(make);
    free(file);
    free(text);
}

static void put_khz(int cpu, long khz)
{
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
    put(path, "%ld\n", khz);
}

static void put_events(int cpu, long core, long package)
{
    char path[112];
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count", cpu);
    put(path, "%ld\n", core);
    snprintf(path, sizeof path,
             "/sys/devices/system/cpu/cpu%d/thermal_throttle/package_throttle_count", cpu);
    put(path, "%ld\n", package);
}

static struct store *open_campaign(const char *folder, struct campaign *campaign)
{
    struct store *store;
    char *db = text_format("%s/c.db", folder);
    *campaign =
        (struct campaign){.name = (char *)"c", .timer_overhead_ns = -1, .harness_overhead_ns = -1};
    assert_int_equal(store_open(db, STORE_CREATE, &store, NULL), STATUS_OK);
    assert_int_equal(store_campaign_add(store, campaign, NULL), STATUS_OK);
    free(db);
    return store;
}

static void flagged_rounds_are_those_that_changed(void **state)
{
    /* MHz of CPU 1 and events of CPU 0 and its package, at each round's begin and end */
    static const struct {
        long mhz[2], core[2], package[2];
        bool flagged;
        int64_t n_throttles;
    } rounds[] = {
        {{2000, 2000}, {7, 7}, {9, 9}, false, 0},
        {{2000, 1910}, {7, 7}, {9, 9}, false, 0}, /* 4.5 %: the clock's own unrest */
        {{1910, 1800}, {7, 7}, {9, 9}, true, 0},  /* 5.8 % */
        {{1800, 1800}, {7, 8}, {9, 11}, true, 3}, /* one of a core, two of the package */
        {{1800, 1800}, {8, 8}, {11, 11}, false, 0},
        {{2400, 2400}, {8, 8}, {11, 11}, true, 0}, /* since the round before */
        {{2400, 2400}, {8, 8}, {11, 11}, false, 0},
        {{0, 2400}, {8, 8}, {11, 11}, false, 0}, /* 0: it is not known at this moment */
        {{2400, 0}, {8, 8}, {11, 11}, false, 0},
        {{2000, 2000}, {8, 8}, {11, 11}, true, 0},
    };
    enum { N = sizeof rounds / sizeof *rounds };
    static const int cpus[] = {0, 1};
    char *folder = test_scratch("clockwatch");
    struct campaign campaign;
    struct store *store = open_campaign(folder, &campaign);
    struct clockwatch *watch;
    struct clockwatch_summary summary;
    struct round_state *states;
    size_t n;
    (void)state;
    root = text_format("%s/root", folder);
    put_khz(0, 600000); /* at rest: not the one that is measured on */
    put_khz(1, 2000000);
    assert_int_equal(clockwatch_start(root, cpus, 2, store, campaign.id, &watch, NULL), STATUS_OK);
    assert_non_null(watch);
    struct sweep_companion companion = clockwatch_companion(watch);
    for (size_t i = 0; i < N; i++) {
        for (int end = 0; end < 2; end++) {
            put_khz(1, rounds[i].mhz[end] * 1000);
            put_events(0, rounds[i].core[end], rounds[i].package[end]);
            put_events(1, 0, rounds[i].package[end]);
            assert_int_equal((end ? companion.round_end : companion.round_begin)(companion.self,
                                                                                 (int64_t)i, NULL),
                             STATUS_OK);
        }
    }
    assert_int_equal(clockwatch_stop(watch, &summary, NULL), STATUS_OK);
    assert_int_equal(store_round_states(store, campaign.id, &states, &n, NULL), STATUS_OK);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(states[i].round, i);
        assert_int_equal(states[i].flagged, rounds[i].flagged);
        assert_int_equal(states[i].n_throttles, rounds[i].n_throttles);
        long first = rounds[i].mhz[0], last = rounds[i].mhz[1];
        assert_int_equal(states[i].most_khz, (first ? first : last) * 1000);
        assert_int_equal(states[i].least_khz, (last ? last : first) * 1000);
    }
    assert_int_equal(summary.n_rounds, N);
    assert_int_equal(summary.n_flagged, 4);
    assert_int_equal(summary.n_changed, 3);
    assert_int_equal(summary.n_throttled, 1);
    assert_close(summary.widest, 0.25, 1e-12, 0);
    assert_int_equal(summary.widest_round, 5);
    free(states);
    store_close(store);
    free(root);
    free(folder);
}

static void a_device_that_tells_nothing_is_not_watched(void **state)
{
    static const int cpus[] = {0};
    char *folder = test_scratch("clockwatch-none");
    struct campaign campaign;
    struct store *store = open_campaign(folder, &campaign);
    struct clockwatch *watch;
    struct clockwatch_summary summary;
    (void)state;
    assert_int_equal(clockwatch_start(folder, cpus, 1, store, campaign.id, &watch, NULL),
                     STATUS_OK);
    assert_null(watch);
    assert_int_equal(clockwatch_stop(watch, &summary, NULL), STATUS_OK);
    assert_int_equal(summary.n_rounds, 0);
    store_close(store);
    free(folder);
}

static void a_cooling_device_counts_as_one_event(void **state)
{
    static const int cpus[] = {0};
    char *folder = test_scratch("clockwatch-cooling");
    struct campaign campaign;
    struct store *store = open_campaign(folder, &campaign);
    struct clockwatch *watch;
    struct clockwatch_summary summary;
    (void)state;
    root = folder;
    put("/sys/class/thermal/cooling_device0/type", "cpufreq-cpu%ld\n", 0);
    put("/sys/class/thermal/cooling_device0/cur_state", "%ld\n", 0);
    assert_int_equal(clockwatch_start(root, cpus, 1, store, campaign.id, &watch, NULL), STATUS_OK);
    assert_non_null(watch);
    struct sweep_companion companion = clockwatch_companion(watch);
    for (long round = 0; round < 3; round++) {
        companion.round_begin(companion.self, round, NULL);
        put("/sys/class/thermal/cooling_device0/cur_state", "%ld\n", round == 1 ? 2 : 0);
        companion.round_end(companion.self, round, NULL);
    }
    assert_int_equal(clockwatch_stop(watch, &summary, NULL), STATUS_OK);
    assert_int_equal(summary.n_flagged, 2); /* it ended one round so and began the next */
    assert_int_equal(summary.n_throttled, 2);
    assert_int_equal(summary.n_changed, 0);
    store_close(store);
    free(folder);
}

static void lists_of_cpus(void **state)
{
    static const struct {
        const char *text, *formatted; /* NULL: refused */
    } cases[] = {{"0", "0"},     {"3,1-2,8", "1-3,8"}, {"", ""},      {"0-0", "0"},
                 {"2-1", NULL},  {"1,", NULL},         {"-1", NULL},  {"1 2", NULL},
                 {"4096", NULL}, {"0-4095", "0-4095"}, {"0x1", NULL}, {"1-", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int *cpus;
        size_t n;
        char text[CPULIST_TEXT];
        struct error error = {0};
        enum status status = cpulist_parse(cases[i].text, &cpus, &n, &error);
        if ((status == STATUS_OK) != (cases[i].formatted != NULL))
            fail_msg("'%s': %d", cases[i].text, status);
        if (!status)
            assert_string_equal(cpulist_format(cpus, n, text), cases[i].formatted);
        free(cpus);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flagged_rounds_are_those_that_changed),
        cmocka_unit_test(a_device_that_tells_nothing_is_not_watched),
        cmocka_unit_test(a_cooling_device_counts_as_one_event),
        cmocka_unit_test(lists_of_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
