// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Windows against injected truth: every kind of meter on a device whose power is known. Gross and
 * net energy are within 1 % of the truth, and the stated bound covers the error.
 */
#include "profiler/test/rig.h"

#include "profiler/energy_private.h"

#include <math.h>
#include <time.h>

enum { MORE_ROUNDS = 4 }; /* where the machine is busy */
static const double rest_w = 2, load_w = 18;

struct rig_case {
    const char *name, *meter; /* "command:": this very program */
    int64_t update_ns;
    int64_t n_rounds;
    struct rig_file files[RIG_FILES];
    struct {
        const char *path, *text;
    } fixed[8];
};

#define RAPL    "/sys/class/powercap/intel-rapl:0/"
#define DRAM    "/sys/class/powercap/intel-rapl:0:0/"
#define HWMON   "/sys/class/hwmon/hwmon0/"
#define IIO     "/sys/bus/iio/devices/iio:device0/"
#define BATTERY "/sys/class/power_supply/BAT0/"

static const struct rig_case cases[] = {
    {.name = "powercap, wrapping every second",
     .meter = "powercap",
     .update_ns = 1000000,
     .n_rounds = 3,
     .files = {{RAPL "energy_uj", 1, 1, 15e6, true, false}},
     .fixed = {{RAPL "name", "package-0\n"}, {RAPL "max_energy_range_uj", "15000000\n"}}},
    {.name = "powercap, package and memory",
     .meter = "powercap",
     .update_ns = 1000000,
     .n_rounds = 2,
     .files = {{RAPL "energy_uj", 0.8, 1, 100e6, true, false},
               {DRAM "energy_uj", 0.2, 1, 100e6, true, false}},
     .fixed = {{RAPL "name", "package-0\n"},
               {RAPL "max_energy_range_uj", "100000000\n"},
               {DRAM "name", "dram\n"},
               {DRAM "max_energy_range_uj", "100000000\n"}}},
    {.name = "hwmon, power",
     .meter = "hwmon",
     .update_ns = 10000000,
     .n_rounds = 2,
     .files = {{HWMON "power1_input", 1, 1, 0, false, false}},
     .fixed = {{HWMON "name", "ina226\n"}}},
    {.name = "hwmon, energy",
     .meter = "hwmon",
     .update_ns = 10000000,
     .n_rounds = 2,
     .files = {{HWMON "energy1_input", 1, 1, 0, true, false}},
     .fixed = {{HWMON "name", "ltc2947\n"}}},
    {.name = "iio, power in mW",
     .meter = "iio",
     .update_ns = 66000000,
     .n_rounds = 1,
     .files = {{IIO "in_power0_input", 1, 1000, 0, false, false}},
     .fixed = {{IIO "name", "ina226\n"}}},
    {.name = "battery",
     .meter = "battery",
     .update_ns = 250000000,
     .n_rounds = 1,
     .files = {{BATTERY "power_now", 1, 1, 0, false, false}},
     .fixed = {{BATTERY "type", "Battery\n"},
               {BATTERY "status", "Discharging\n"},
               {BATTERY "present", "1\n"}}},
    {.name = "sum of two rails",
     .meter = "sum:hwmon:VDD_CPU + hwmon:VDD_SOC",
     .update_ns = 10000000,
     .n_rounds = 1,
     .files = {{HWMON "power1_input", 0.7, 1, 0, false, false},
               {HWMON "power2_input", 0.3, 1, 0, false, false}},
     .fixed = {{HWMON "name", "ina3221\n"},
               {HWMON "power1_label", "VDD_CPU\n"},
               {HWMON "power2_label", "VDD_SOC\n"}}},
    {.name = "a program's lines",
     .meter = "command:",
     .update_ns = 10000000,
     .n_rounds = 2,
     .files = {{"/lines", 1, 1, 0, false, true}}},
    {.name = "constant",
     .meter = "constant:active=20W,wait=3W,idle=2W",
     .update_ns = 1000000,
     .n_rounds = 2},
};

/* A campaign of one length in a store of its own. */
struct bench {
    struct rig rig;
    struct campaign_config config;
    struct store *store;
    struct campaign campaign;
    struct place place;
    struct energy *energy;
    char *cloud; /* an endpoint's section, to be measured in place of the device; NULL */
};

/* The idle windows of this case, as they were measured: the store has their start to the
 * millisecond only. */
static struct stretch idles[1024];
static size_t n_idles;

enum status __real_energy_measure_idle(struct energy *energy, struct stretch *stretch,
                                       struct error *error);
enum status __wrap_energy_measure_idle(struct energy *energy, struct stretch *stretch,
                                       struct error *error);
enum status __wrap_energy_measure_idle(struct energy *energy, struct stretch *stretch,
                                       struct error *error)
{
    enum status status = __real_energy_measure_idle(energy, stretch, error);
    if (!status && n_idles < sizeof idles / sizeof *idles)
        idles[n_idles++] = *stretch;
    return status;
}

static void open_bench(struct bench *b, const struct rig_case *c)
{
    struct error error = {0};
    clockid_t clock;
    char *folder = rig_folder(), *db = text_format("%s/rig.db", folder);
    char *program =
        text_format("%s/test/profiler/test/test_energy_rig %s/lines", test_build(), folder);
    char *meter =
        strstr(c->meter, "command:") ? text_format("command:%s", program) : text_copy(c->meter);
    char *text =
        text_format("[campaign]\nname = rig\nlengths = 24\n[edge]\nengine = dnnl\nhidden = "
                    "64\nthreads = 1\n[energy]\nmeter = %s\nwindows = 99\nmax_window = 6s\n%s",
                    meter, b->cloud ? b->cloud : "");
    n_idles = 0;
    b->rig.root = folder;
    b->rig.rest_w = rest_w;
    b->rig.load_w = load_w;
    b->rig.update_ns = c->update_ns;
    memcpy(b->rig.files, c->files, sizeof c->files);
    while (b->rig.n_files < RIG_FILES && b->rig.files[b->rig.n_files].path)
        b->rig.n_files++;
    for (size_t i = 0; i < 8 && c->fixed[i].path; i++)
        rig_put(&b->rig, c->fixed[i].path, c->fixed[i].text);
    assert_int_equal(pthread_getcpuclockid(pthread_self(), &clock), 0);
    atomic_store(&b->rig.activity, clock);
    rig_start(&b->rig);
    clock_sleep_ns(3 * c->update_ns);
    assert_int_equal(config_read_stored(text, &b->config, &error), STATUS_OK);
    assert_int_equal(store_open(db, STORE_CREATE, &b->store, &error), STATUS_OK);
    b->campaign.name = text_copy("rig");
    assert_int_equal(store_campaign_add(b->store, &b->campaign, &error), STATUS_OK);
    enum status opened =
        b->cloud ? place_open_endpoint(&b->config, &b->config.endpoints[0], &b->place, &error)
                 : place_open_edge(&b->config, &b->place, &error);
    assert_int_equal(opened, STATUS_OK);
    assert_int_equal(store_target_add(b->store, b->campaign.id, &b->place.target, &error),
                     STATUS_OK);
    assert_int_equal(place_warm_up(&b->place, 24, &error), STATUS_OK);
    struct energy_setup setup = {
        .config = &b->config, .places = &b->place, .n_places = 1, .sysroot = folder};
    if (energy_open(&setup, &b->energy, &error))
        fail_msg("%s: %s", c->name, error.text);
    assert_int_equal(energy_register(b->energy, b->store, b->campaign.id, &error), STATUS_OK);
    free(text);
    free(db);
    free(meter);
    free(program);
}

static void close_bench(struct bench *b)
{
    energy_close(b->energy);
    place_close(&b->place);
    campaign_free(&b->campaign);
    store_close(b->store);
    config_free(&b->config);
    rig_stop(&b->rig);
    rig_remove(b->rig.root);
    free(b->cloud);
}

/* The last busy window stored. */
static struct energy_window last_busy(struct bench *b)
{
    struct energy_window *windows, last = energy_window_unknown();
    size_t n;
    assert_int_equal(store_windows(b->store, b->campaign.id, &windows, &n, NULL), STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        if (windows[i].kind == WINDOW_BUSY)
            last = windows[i];
    }
    free(windows);
    assert_int_equal(last.kind, WINDOW_BUSY);
    return last;
}

/* How well the truth itself is known. */
static double slack_uj(const struct bench *b, const struct stretch *stretch)
{
    return (double)(rig_entry_at(&b->rig, stretch->from_ns)->within_ns +
                    rig_entry_at(&b->rig, stretch->to_ns)->within_ns) *
           1e-9 * stretch_power_uw(stretch);
}

/* The truth of the stretch of a window; the writer may still be behind its end. */
static double truth_uj(struct bench *b, const struct stretch *stretch)
{
    while (b->rig.log[atomic_load(&b->rig.n) - 1].t_ns <= stretch->to_ns + b->rig.update_ns)
        clock_sleep_ns(b->rig.update_ns);
    return rig_energy_uj(&b->rig, stretch->to_ns) - rig_energy_uj(&b->rig, stretch->from_ns);
}

/* What the device really drew: the thread that waits is on a CPU now and then. */
static double drawn_uw(struct bench *b, const struct stretch *stretch)
{
    return truth_uj(b, stretch) / ((double)(stretch->to_ns - stretch->from_ns) * 1e-9);
}

/* The mean of the idle windows on both sides of a busy one. */
static double baseline_uw(struct bench *b, const struct stretch *busy)
{
    double before_uw = NAN, after_uw = NAN;
    for (size_t i = 0; i < n_idles; i++) {
        if (idles[i].from_ns <= busy->from_ns)
            before_uw = drawn_uw(b, &idles[i]);
        else if (isnan(after_uw))
            after_uw = drawn_uw(b, &idles[i]);
    }
    assert_true(before_uw > 0);
    return isnan(after_uw) ? before_uw : (before_uw + after_uw) / 2;
}

/* Whether both energies are within 1 %. Where others use the CPUs the load comes and goes, and a
 * slow sensor cannot tell when: its bound says so, and has to cover it in any case. */
static bool check_window(struct bench *b, const struct rig_case *c, const struct stretch *stretch)
{
    struct energy_window w = last_busy(b);
    double duration_s = (double)w.duration_ns * 1e-9;
    double gross_uj =
        c->files[0].path ? truth_uj(b, stretch) : (rest_w + load_w) * 1e6 * duration_s;
    double at_rest_uw = c->files[0].path ? baseline_uw(b, stretch) : rest_w * 1e6;
    double net_uj = gross_uj - at_rest_uw * duration_s;
    print_message("  %s: %.4f s, gross %+.3f %%, net %+.3f %% (bound %.3f %%), %.1f inferences of "
                  "%.3f ms, truth %.2f W\n",
                  c->name, duration_s, 100 * (w.energy_uj / gross_uj - 1),
                  100 * (w.energy_net_uj / net_uj - 1), 100 * w.error_uj / net_uj, w.n_inferences,
                  w.inference_ns * 1e-6, gross_uj / duration_s * 1e-6);
    assert_close(w.energy_uj, gross_uj, 0, w.error_uj + slack_uj(b, stretch));
    assert_close(w.energy_net_uj, net_uj, 0, w.error_uj + slack_uj(b, stretch));
    assert_true(w.duration_ns >= 100000000 && w.duration_ns >= 19 * c->update_ns);
    assert_close(w.n_inferences * w.inference_ns, (double)w.duration_ns, 1e-9, 0);
    assert_int_equal(w.n_failed, 0);
    assert_int_equal(w.provenance, b->energy->record.provenance);
    return fabs(w.energy_uj / gross_uj - 1) <= 0.01 && fabs(w.energy_net_uj / net_uj - 1) <= 0.01;
}

/* Whether the counter wrapped within the stretch. */
static bool wraps(const struct bench *b, const struct stretch *stretch)
{
    double range_uj = b->rig.files[0].range_uj;
    return range_uj > 0 && floor(rig_energy_uj(&b->rig, stretch->from_ns) / range_uj) !=
                               floor(rig_energy_uj(&b->rig, stretch->to_ns) / range_uj);
}

static void windows_tell_the_truth(void **state)
{
    const struct rig_case *c = *state;
    struct bench *b = calloc(1, sizeof *b); /* its thread goes on when a test fails */
    open_bench(b, c);
    print_message("  %s: update period %.3f ms of %.3f\n", c->name,
                  (double)b->energy->record.update_ns * 1e-6, (double)c->update_ns * 1e-6);
    int64_t n_good = 0, n_wraps = 0;
    bool wrapping = c->files[0].range_uj > 0 && c->files[0].range_uj < 20e6;
    for (int64_t round = 0; n_good < c->n_rounds || (wrapping && n_wraps == 0); round++) {
        struct error error = {0};
        assert_true(round < (wrapping ? 90 : c->n_rounds + MORE_ROUNDS));
        if (energy_round(b->energy, round, &error) || b->energy->failed)
            fail_msg("%s: %s%s", c->name, error.text, b->energy->why.text);
        n_good += check_window(b, c, &b->energy->pending[0].stretch);
        n_wraps += wraps(b, &b->energy->pending[0].stretch);
    }
    struct watch_cost cost = watch_cost(b->energy->watch);
    print_message("  %s: watching costs %.3f %% of a core, %.3f %% at 100 Hz\n", c->name,
                  100 * cost.cpu_share, 100 * cost.share_at_100hz);
    assert_true(cost.share_at_100hz < 0.01);
    assert_true(cost.share_at_100hz < 0.01);
    close_bench(b);
    free(b);
}

/* The stretches of the last windows alone that are still at hand, against what was drawn. */
static void check_alone(struct bench *b)
{
    struct energy_window *windows;
    size_t n;
    assert_int_equal(store_windows(b->store, b->campaign.id, &windows, &n, NULL), STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        const struct energy_window *w = &windows[i];
        if (w->kind != WINDOW_ISOLATED)
            continue;
        print_message("  alone: %.3f s, net %.4f J +- %.4f; request %.2f ms\n",
                      (double)w->duration_ns * 1e-9, w->energy_net_uj * 1e-6, w->error_uj * 1e-6,
                      w->inference_ns * 1e-6);
        for (size_t k = 0; k < 2; k++) {
            const struct stretch *stretch = &b->energy->pending[k].stretch;
            double gross_uj, net_uj;
            if (stretch->to_ns - stretch->from_ns != w->duration_ns)
                continue;
            gross_uj = truth_uj(b, stretch);
            net_uj = gross_uj - rest_w * 1e-3 * (double)w->duration_ns;
            assert_close(w->energy_uj, gross_uj, 0, w->error_uj + slack_uj(b, stretch));
            assert_close(w->energy_net_uj, net_uj, 0, w->error_uj + slack_uj(b, stretch));
        }
        assert_true(w->energy_net_uj + w->error_uj > 0.95e6 * b->rig.tail_w * 0.08); /* all of it */
        assert_true(w->duration_ns > 170000000); /* and the calm behind */
        assert_int_equal(w->provenance, PROVENANCE_PARTIAL);
    }
    free(windows);
}

/* Rounds of windows of requests to a server, by the case's meter; close_bench is left to do. */
static struct bench *bench_of_requests(const struct rig_case *c, int64_t n_rounds)
{
    struct bench *b = calloc(1, sizeof *b);
    struct error error = {0};
    pid_t server;
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model m=dnnl:hidden=256,"
                                "input=64,threads=1",
                                test_build());
    char *line = test_start(command, &server);
    assert_non_null(b);
    assert_non_null(line);
    b->cloud = text_format("[cloud]\nurl = %s\nmodel = m\n", line + strlen("listening on "));
    assert_int_equal(clock_getcpuclockid(server, &b->rig.far), 0);
    b->rig.tail_w = 6;
    b->rig.tail_ns = 80000000;
    open_bench(b, c);
    for (int64_t round = 0; round < n_rounds; round++) {
        enum status status = energy_round(b->energy, round, &error);
        if (status || b->energy->failed)
            fail_msg("%s%s", error.text, b->energy->why.text);
    }
    assert_int_equal(test_stop(server), 0); /* before anything may fail */
    assert_int_equal(b->energy->summary.n_isolated, n_rounds);
    free(command);
    free(line);
    return b;
}

/* A request sent alone holds the radio's tail; those back to back never see its end. The meter's
 * scope is the package: what it says of offloading is partial. */
static void a_request_alone_holds_the_tail(void **state)
{
    (void)state;
    struct bench *b = bench_of_requests(&cases[0], 3);
    check_alone(b);
    close_bench(b);
    free(b);
}

/* By a data sheet a request alone takes its watts for as long as it lasts, however short that is
 * beside the readings' distance. */
static void a_request_alone_by_data_sheet(void **state)
{
    const struct rig_case *c = &cases[sizeof cases / sizeof *cases - 1];
    struct energy_window *windows;
    size_t n;
    (void)state;
    struct bench *b = bench_of_requests(c, 2);
    assert_int_equal(store_windows(b->store, b->campaign.id, &windows, &n, NULL), STATUS_OK);
    for (size_t i = 0; i < n; i++) {
        const struct energy_window *w = &windows[i];
        double least_uj = 1e6 * (3 - 2) * w->inference_ns * 1e-9;
        if (w->kind != WINDOW_ISOLATED)
            continue;
        print_message("  alone: request %.3f ms, net %.4f mJ\n", w->inference_ns * 1e-6,
                      w->energy_net_uj * 1e-3);
        assert_true(w->energy_net_uj > 0.999 * least_uj);
        assert_true(w->energy_net_uj < 1e6 * (3 - 2) * (double)w->duration_ns * 1e-9);
        assert_close(w->error_uj, 0, 0, 1e-6 * least_uj); /* watts times seconds */
    }
    free(windows);
    close_bench(b);
    free(b);
}

/* The program of the case that has one: passes the lines on, and answers markers. */
static int be_a_meter(const char *path)
{
    FILE *lines = fopen(path, "r");
    char text[128], order[128];
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    for (size_t n = 0; lines;) {
        long at = ftell(lines);
        while (fgets(text, sizeof text, lines) && strchr(text, '\n')) {
            fputs(text, stdout);
            at = ftell(lines);
        }
        fseek(lines, at, SEEK_SET); /* a line may not be whole yet */
        clearerr(lines);
        ssize_t got = read(STDIN_FILENO, order + n, 1);
        if (got == 0)
            break;
        n += got > 0;
        if (n > 0 && order[n - 1] == '\n') {
            printf("%.*s %lld\n", (int)n - 1, order, (long long)(clock_ns() + rig_other_clock_ns));
            n = 0;
        }
        fflush(stdout);
        if (got < 0)
            clock_sleep_ns(1000000);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return be_a_meter(argv[1]);
    enum { N = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[N + 2];
    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){cases[i].name, windows_tell_the_truth, NULL, NULL,
                                       (void *)&cases[i]};
    tests[N] = (struct CMUnitTest)cmocka_unit_test(a_request_alone_holds_the_tail);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(a_request_alone_by_data_sheet);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
