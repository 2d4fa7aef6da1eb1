// SPDX-License-Identifier: GPL-3.0-or-later
/* Counters through PAPI itself: software-defined events that the engine counts and the kernel's own
 * events are the known truth. The linker puts a layer between the profiler and the engine (see
 * module.mk), which counts as a library with such events would. */
#include "base/memory.h"
#include "base/test/support.h"
#include "engines/engine.h"
#include "profiler/commands.h"
#include "profiler/counters.h"
#include "profiler/perf.h"

#include <sde_lib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    LATE_LENGTH = 40,
    LATE_FROM = 10
}; /* runs of that length, which warming up runs once,
       before the library registers its last event */

/* The counting layer. What a library counts is its own state. */
static struct {
    void *library, *steps, *late;
    long long runs;    /* a counter in the library's memory */
    long long falling; /* goes down */
    long long still;   /* does not move */
    double joules;     /* no integer */
    uint32_t length;   /* prepared last */
    int n_runs_late;   /* of LATE_LENGTH */
} counting;

enum status __real_engine_prepare(struct engine *engine, uint32_t n, struct error *error);
enum status __wrap_engine_prepare(struct engine *engine, uint32_t n, struct error *error);
enum status __real_engine_run(struct engine *engine, struct error *error);
enum status __wrap_engine_run(struct engine *engine, struct error *error);

enum status __wrap_engine_prepare(struct engine *engine, uint32_t n, struct error *error)
{
    counting.length = n;
    papi_sde_inc_counter(counting.steps, 1000000); /* not in the sample, not to be counted */
    return __real_engine_prepare(engine, n, error);
}

enum status __wrap_engine_run(struct engine *engine, struct error *error)
{
    papi_sde_inc_counter(counting.steps, counting.length);
    counting.runs++;
    counting.falling -= 5;
    counting.joules += 0.5;
    if (counting.length == LATE_LENGTH && ++counting.n_runs_late == LATE_FROM)
        papi_sde_create_counter(counting.library, "LATE", PAPI_SDE_DELTA, &counting.late);
    if (counting.late)
        papi_sde_inc_counter(counting.late, 3);
    return __real_engine_run(engine, error);
}

static int begin_library(void **state)
{
    (void)state;
    counting.library = papi_sde_init("rnnmap");
    papi_sde_create_counter(counting.library, "STEPS", PAPI_SDE_DELTA, &counting.steps);
    papi_sde_register_counter(counting.library, "RUNS", PAPI_SDE_RO | PAPI_SDE_DELTA,
                              PAPI_SDE_long_long, &counting.runs);
    papi_sde_register_counter(counting.library, "FALLING", PAPI_SDE_RO | PAPI_SDE_DELTA,
                              PAPI_SDE_long_long, &counting.falling);
    papi_sde_register_counter(counting.library, "STILL", PAPI_SDE_RO | PAPI_SDE_DELTA,
                              PAPI_SDE_long_long, &counting.still);
    papi_sde_register_counter(counting.library, "JOULES", PAPI_SDE_RO | PAPI_SDE_DELTA,
                              PAPI_SDE_double, &counting.joules);
    return 0;
}

/* Runs the campaign within this process; what it said on standard output and on standard error. */
static enum status run_campaign(const char *ini, const char *db, char **out, char **err)
{
    size_t n_out, n_err;
    struct error error = {0};
    char *operands[] = {(char *)ini};
    struct rnnprof_settings settings = {.db = db};
    struct invocation call = {.operands = operands,
                              .n_operands = 1,
                              .json = true,
                              .out = open_memstream(out, &n_out),
                              .diagnostics = open_memstream(err, &n_err)};
    enum status status = rnnprof_run(&call, &settings, &error);
    fputs(error.text, call.diagnostics);
    fclose(call.out);
    fclose(call.diagnostics);
    return status;
}

struct tally {
    int64_t steps, runs, late, falling, joules, still; /* ids */
    size_t n_steps, n_runs, n_late;
};

static enum status check_counted(void *user, const struct counted *counted, struct error *error)
{
    struct tally *tally = user;
    (void)error;
    assert_true(counted->counter_id != tally->falling && counted->counter_id != tally->joules);
    if (counted->counter_id == tally->steps) {
        assert_int_equal(counted->value, counted->length);
        tally->n_steps++;
    } else if (counted->counter_id == tally->runs) {
        assert_int_equal(counted->value, 1);
        tally->n_runs++;
    } else if (counted->counter_id == tally->still) {
        assert_int_equal(counted->value, 0);
    } else {
        assert_int_equal(counted->counter_id, tally->late);
        assert_int_equal(counted->value, 3);
        tally->n_late++;
    }
    return STATUS_OK;
}

static void find_ids(struct store *store, int64_t campaign_id, struct tally *tally)
{
    const struct {
        const char *name;
        int64_t *id;
    } names[] = {
        {"sde:::rnnmap::STEPS", &tally->steps},   {"sde:::rnnmap::RUNS", &tally->runs},
        {"sde:::rnnmap::LATE", &tally->late},     {"sde:::rnnmap::FALLING", &tally->falling},
        {"sde:::rnnmap::JOULES", &tally->joules}, {"sde:::rnnmap::STILL", &tally->still}};
    struct counter *counters;
    size_t n;
    assert_int_equal(store_counters(store, campaign_id, &counters, &n, NULL), STATUS_OK);
    assert_int_equal(n, 6); /* what cannot be counted is not among them */
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(counters[i].name, names[i].name);
        *names[i].id = counters[i].id;
    }
    counters_free(counters, n);
}

static void every_sample_has_what_was_counted_in_it(void **state)
{
    char *folder = test_scratch("counters"), *db = text_format("%s/c.db", folder), *out, *err;
    char *ini = test_write(folder, "c.ini",
                           "[campaign]\nname = c\nlengths = 3,17,40\n[edge]\nengine = dnnl\n"
                           "hidden = 16\ninput = 8\n[stop]\nci = 0\nmax_samples = 30\n"
                           "[counters]\npapi = sde:::rnnmap::STEPS, sde:::rnnmap::RUNS, "
                           "sde:::rnnmap::LATE, sde:::rnnmap::FALLING, sde:::rnnmap::JOULES, "
                           "sde:::rnnmap::STILL, nothing:::at::all\n");
    struct tally tally = {0};
    struct store *store;
    struct campaign campaign;
    (void)state;
    assert_int_equal(run_campaign(ini, db, &out, &err), STATUS_OK);
    static const char *const said[] = {
        "sde:::rnnmap::STEPS (whole process)",
        "LATE: no library of this process has registered it",
        "nothing:::at::all: samples are without it: no event of this name is known here, and "
        "this PAPI has no such component",
        "FALLING: left out of",
        "JOULES: left out of",
        "LATE: left out of",
        "STILL: 0 in every sample"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (!strstr(err, said[i]))
            fail_msg("does not say '%s': %s", said[i], err);
    }
    assert_non_null(strstr(out, "\"lost_why\": \"it overflowed, or is no integer\""));
    assert_int_equal(store_open(db, STORE_READ, &store, NULL), STATUS_OK);
    assert_int_equal(store_campaign_find(store, "c", &campaign, NULL), STATUS_OK);
    find_ids(store, campaign.id, &tally);
    assert_int_equal(store_counted_each(store, campaign.id, check_counted, &tally, NULL),
                     STATUS_OK);
    assert_int_equal(tally.n_steps, 90);
    assert_int_equal(tally.n_runs, 90);
    assert_true(tally.n_late > 0 && tally.n_late < 90);
    campaign_free(&campaign);
    store_close(store);
    free(folder);
    free(db);
    free(ini);
    free(out);
    free(err);
}

static void lists_are_checked(void **state)
{
    static const struct {
        const char *list;
        enum status status;
        const char *why;
    } cases[] = {
        {"", STATUS_INVALID, "no counter is named"},
        {" , ,", STATUS_INVALID, "no counter is named"},
        {"A, B A", STATUS_INVALID, "counter A is there twice"},
        {"no_such_event_anywhere", STATUS_OK, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct counters *counters;
        struct error error = {0};
        assert_int_equal(counters_open(cases[i].list, false, COUNT_THREAD, &counters, &error),
                         cases[i].status);
        if (cases[i].why)
            assert_non_null(strstr(error.text, cases[i].why));
        else
            assert_non_null(counters_event(counters, 0)->why);
        counters_close(counters);
    }
}

/* PAPI counts 40 software-defined events at a time. */
static void events_that_do_not_fit_together_are_named(void **state)
{
    char list[COUNTERS_MAX * 32] = "";
    (void)state;
    for (int i = 0; i < 42; i++) {
        char name[32];
        void *counter;
        snprintf(name, sizeof name, "MANY%d", i);
        papi_sde_create_counter(counting.library, name, PAPI_SDE_DELTA, &counter);
        snprintf(list + strlen(list), sizeof list - strlen(list), "sde:::rnnmap::%s ", name);
    }
    for (int multiplex = 0; multiplex < 2; multiplex++) {
        struct counters *counters;
        struct counter_reading readings[COUNTERS_MAX];
        struct error error = {0};
        assert_int_equal(counters_open(list, multiplex, COUNT_THREAD, &counters, &error),
                         STATUS_OK);
        assert_int_equal(counters_refuse_clashes(counters, &error), STATUS_UNSUPPORTED);
        if (!strstr(error.text, "cannot count sde:::rnnmap::MANY40, sde:::rnnmap::MANY41 together "
                                "with sde:::rnnmap::MANY0, "))
            fail_msg("says: %s", error.text);
        counters_start(counters);
        assert_int_equal(counters_stop(counters, readings), 40);
        counters_close(counters);
    }
}

/* Touches n pages that are not there yet; the address sanitizer would touch more. */
__attribute__((no_sanitize("address"))) static void touch_pages(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    madvise(memory, n * page, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < n; i++)
        ((volatile char *)memory)[i * page] = 1;
    munmap(memory, n * page);
}

static void the_kernels_own_events_are_counted(void **state)
{
    struct counters *counters;
    struct counter_reading readings[COUNTERS_MAX];
    struct error error = {0};
    (void)state;
    assert_int_equal(counters_open("perf::PAGE-FAULTS sde:::rnnmap::RUNS", false, COUNT_THREAD,
                                   &counters, &error),
                     STATUS_OK);
    const char *why = counters_event(counters, 0)->why;
    if (why) {
        print_message("skipped: the kernel counts no page faults here: %s\n", why);
        counters_close(counters);
        skip();
    }
    for (size_t n = 100; n <= 1600; n *= 4) {
        counters_start(counters);
        touch_pages(n);
        assert_int_equal(counters_stop(counters, readings), 2);
        if (readings[0].value < (int64_t)n || readings[0].value > (int64_t)n + 20)
            fail_msg("%zu pages touched, %lld faults counted", n, (long long)readings[0].value);
        assert_int_equal(readings[1].value, 0);
    }
    counters_close(counters);
}

/* A thread that waits while another program works counts nothing of its work. */
static void a_program_is_followed_or_not_counted(void **state)
{
    struct counters *counters;
    struct counter_reading readings[COUNTERS_MAX];
    struct error error = {0};
    (void)state;
    assert_int_equal(counters_open("perf::PAGE-FAULTS sde:::rnnmap::RUNS", false, COUNT_CHILD,
                                   &counters, &error),
                     STATUS_OK);
    assert_non_null(strstr(counters_event(counters, 1)->why, "a program of its own"));
    bool followed = counters_event(counters, 0)->why == NULL;
    counters_start(counters);
    if (followed) {
        char *out;
        assert_int_equal(test_shell("echo", &out, NULL), 0); /* a program has its page faults */
        free(out);
    }
    size_t n = counters_stop(counters, readings);
    assert_int_equal(n, followed);
    if (followed)
        assert_true(readings[0].value > 50);
    counters_close(counters);
}

static void a_processor_unknown_to_libpfm_has_a_remedy(void **state)
{
    (void)state;
    assert_non_null(
        strstr(perf_papi_remedy("Error libpfm4 no default PMU found"), "LIBPFM_FORCE_PMU"));
    assert_null(perf_papi_remedy("perf_event support disabled by Linux with paranoid=3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_processor_unknown_to_libpfm_has_a_remedy),
        cmocka_unit_test(every_sample_has_what_was_counted_in_it),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(events_that_do_not_fit_together_are_named),
        cmocka_unit_test(the_kernels_own_events_are_counted),
        cmocka_unit_test(a_program_is_followed_or_not_counted),
    };
    return cmocka_run_group_tests(tests, begin_library, NULL);
}
