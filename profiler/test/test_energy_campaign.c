// SPDX-License-Identifier: GPL-3.0-or-later
/* Energy from the command line, on a device with injected truth: measured, cut short by a sensor
 * that goes away, resumed when it is back, refused when it is stuck. */
#include "profiler/test/rig.h"

#include "records/energy_store.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define RAPL  "/sys/class/powercap/intel-rapl:0/"
#define HWMON "/sys/class/hwmon/hwmon0/"

static const double rest_w = 2, load_w = 18;

struct scene {
    struct rig rig;
    char *db, *ini, *says; /* says: standard error of the last run */
    int64_t clock_less_epoch_ns;
};

static struct scene *open_scene(const char *meter, int64_t update_ns, const char *more)
{
    struct scene *s = calloc(1, sizeof *s);
    s->rig = (struct rig){
        .root = rig_folder(), .rest_w = rest_w, .load_w = load_w, .update_ns = update_ns};
    s->rig.n_files = 1;
    if (strcmp(meter, "powercap") == 0) {
        s->rig.files[0] = (struct rig_file){RAPL "energy_uj", 1, 1, 18e6, true, false, NULL, NULL};
        rig_put(&s->rig, RAPL "name", "package-0\n");
        rig_put(&s->rig, RAPL "max_energy_range_uj", "18000000\n");
    } else {
        s->rig.files[0] =
            (struct rig_file){HWMON "power1_input", 1, 1, 0, false, false, NULL, NULL};
        rig_put(&s->rig, HWMON "name", "ina226\n");
    }
    atomic_store(&s->rig.activity, CLOCK_THREAD_CPUTIME_ID); /* of the writer: next to nothing */
    rig_start(&s->rig);
    char *text = text_format("[campaign]\nname = lab\nlengths = 40,80\n"
                             "[edge]\nengine = dnnl\nhidden = 512\nthreads = 1\n"
                             "[energy]\nmeter = %s\nwindows = 2\nmax_window = 6s\n"
                             "[stop]\nci = 0\nmax_samples = 2\n%s",
                             meter, more);
    s->ini = test_write(s->rig.root, "lab.ini", text);
    s->db = text_format("%s/lab.db", s->rig.root);
    free(text);
    return s;
}

static void close_scene(struct scene *s)
{
    rig_stop(&s->rig);
    rig_remove(s->rig.root);
    free(s->db);
    free(s->ini);
    free(s->says);
    free(s);
}

/* Starts rnnprof run; the device is loaded by it from here on. */
static pid_t start(struct scene *s, const char *option)
{
    char *tool = text_format("%s/bin/rnnprof", test_build());
    char *log = text_format("%s/stderr", s->rig.root);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        FILE *err = freopen(log, "w", stderr), *out = freopen("/dev/null", "w", stdout);
        if (err && out)
            execl(tool, tool, "run", s->ini, "--db", s->db, "--sysroot", s->rig.root, option, NULL);
        _exit(127);
    }
    clockid_t its;
    assert_int_equal(clock_getcpuclockid(pid, &its), 0);
    atomic_store(&s->rig.activity, its);
    free(tool);
    free(log);
    return pid;
}

/* Waits for its end; the exit status. */
static int finish(struct scene *s, pid_t pid)
{
    int state;
    assert_int_equal(waitpid(pid, &state, 0), pid);
    atomic_store(&s->rig.activity, CLOCK_THREAD_CPUTIME_ID);
    char *log = text_format("%s/stderr", s->rig.root);
    free(s->says);
    s->says = test_read(log);
    free(log);
    return WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
}

static void expect(struct scene *s, pid_t pid, int status, const char *says)
{
    int got = finish(s, pid);
    if (got != status || (says && !strstr(s->says, says)))
        fail_msg("exit %d (expected %d), says: %s", got, status, s->says);
}

/* The windows stored so far; 0 while there is no database yet. */
static size_t windows_of(struct scene *s, struct energy_window **windows)
{
    struct store *store;
    struct campaign campaign = {0};
    size_t n = 0;
    *windows = NULL;
    if (store_open(s->db, STORE_READ, &store, NULL))
        return 0;
    if (store_campaign_find(store, "lab", &campaign, NULL) == STATUS_OK)
        store_windows(store, campaign.id, windows, &n, NULL);
    campaign_free(&campaign);
    store_close(store);
    return n;
}

static size_t count(struct scene *s, uint32_t length)
{
    struct energy_window *windows;
    size_t n = windows_of(s, &windows), found = 0;
    for (size_t i = 0; i < n; i++)
        found += windows[i].length == length; /* 0: idle */
    free(windows);
    return found;
}

/* When a window began, to a millisecond. */
static int64_t began_ns(const struct scene *s, const struct energy_window *w)
{
    return w->started_ms * 1000000 + s->clock_less_epoch_ns;
}

static double truth_uj(const struct scene *s, const struct energy_window *w)
{
    int64_t from_ns = began_ns(s, w);
    return rig_energy_uj(&s->rig, from_ns + w->duration_ns) - rig_energy_uj(&s->rig, from_ns);
}

/* Energies of all windows against what the device drew. Others that use the CPUs make the load come
 * and go, and a sensor that is late cannot tell when: one window in four may be off by that. */
static void check_truth(struct scene *s, const char *meter)
{
    struct energy_window *windows;
    size_t n = windows_of(s, &windows), n_busy = 0, n_good = 0;
    double idle_uj = 0, idle_s = 0;
    clock_sleep_ns(10 * s->rig.update_ns); /* until the log has the last one's end */
    s->clock_less_epoch_ns = clock_ns() - clock_epoch_ms() * 1000000;
    for (size_t i = 0; i < n; i++) {
        if (windows[i].kind != WINDOW_IDLE)
            continue;
        idle_uj += truth_uj(s, &windows[i]);
        idle_s += (double)windows[i].duration_ns * 1e-9;
    }
    for (size_t i = 0; i < n; i++) {
        const struct energy_window *w = &windows[i];
        double duration_s = (double)w->duration_ns * 1e-9;
        if (w->kind != WINDOW_BUSY)
            continue;
        double gross_uj = truth_uj(s, w), net_uj = gross_uj - idle_uj / idle_s * duration_s;
        print_message("  %s, length %u: %.3f s, gross %+.3f %%, net %+.3f %% (bound %.3f %%), %.1f "
                      "inferences of %.2f ms, truth %.2f W\n",
                      meter, w->length, duration_s, 100 * (w->energy_uj / gross_uj - 1),
                      100 * (w->energy_net_uj / net_uj - 1), 100 * w->error_uj / net_uj,
                      w->n_inferences, w->inference_ns * 1e-6, gross_uj / duration_s * 1e-6);
        n_busy++;
        n_good += fabs(w->energy_uj / gross_uj - 1) <= 0.01 &&
                  fabs(w->energy_net_uj / net_uj - 1) <= 0.01;
        assert_close(w->energy_net_uj, net_uj, 0.005, w->error_uj); /* 1 ms of 200 is 0.5 % */
        assert_int_equal(w->provenance, PROVENANCE_MEASURED);
    }
    assert_int_equal(n_busy, 4);
    assert_true(n_good >= 3);
    assert_true(n >= n_busy + 3); /* one at rest at each end of both rounds */
    free(windows);
}

static void energies_are_those_drawn(void **state)
{
    const char *meter = *state;
    struct scene *s = open_scene(meter, 10000000, "");
    expect(s, start(s, NULL), 0, "updated every");
    assert_non_null(strstr(s->says, "at 100 Hz"));
    check_truth(s, meter);
    close_scene(s);
}

/* Takes the sensor's folder away, as unbinding its driver does, or puts it back. */
static void bind_sensor(const struct scene *s, bool back)
{
    char *there = text_format("%s/sys/class/hwmon", s->rig.root);
    char *away = text_format("%s/sys/class/away", s->rig.root);
    assert_int_equal(back ? rename(away, there) : rename(there, away), 0);
    free(there);
    free(away);
}

static void a_sensor_that_goes_away_and_comes_back(void **state)
{
    (void)state;
    struct scene *s = open_scene("hwmon", 10000000, "max_time = 5min\n");
    pid_t pid = start(s, NULL);
    for (int i = 0; i < 1200 && count(s, 40) + count(s, 80) == 0; i++)
        clock_sleep_ns(50000000);
    atomic_store(&s->rig.frozen, true); /* the writer has no folder then */
    clock_sleep_ns(30000000);
    bind_sensor(s, false);
    expect(s, pid, 3, "the meter failed: ");
    assert_non_null(strstr(s->says, "power1_input"));
    assert_non_null(strstr(s->says, "--resume"));
    size_t before = count(s, 40) + count(s, 80);
    assert_true(before >= 1 && before < 4);
    bind_sensor(s, true);
    atomic_store(&s->rig.frozen, false);
    expect(s, start(s, "--resume"), 0, NULL);
    assert_int_equal(count(s, 40), 2);
    assert_int_equal(count(s, 80), 2);
    size_t idle = count(s, 0);
    expect(s, start(s, "--resume"), 0, NULL); /* there is nothing left to do */
    assert_int_equal(count(s, 0), idle);
    close_scene(s);
}

static void a_stuck_counter_is_no_meter(void **state)
{
    (void)state;
    struct scene *s = open_scene("powercap", 10000000, "");
    atomic_store(&s->rig.frozen, true);
    expect(s, start(s, NULL), 1, "stuck");
    assert_int_equal(access(s->db, F_OK), -1); /* and no empty campaign is left behind */
    close_scene(s);
}

static void a_signal_keeps_what_was_measured(void **state)
{
    (void)state;
    struct scene *s = open_scene("powercap", 1000000, "max_time = 5min\n");
    pid_t pid = start(s, NULL);
    for (int i = 0; i < 1200 && count(s, 40) + count(s, 80) == 0; i++)
        clock_sleep_ns(20000000);
    kill(pid, SIGINT);
    int status = finish(s, pid);
    assert_true(status == 3 || status == 0); /* it may have been quicker */
    expect(s, start(s, "--resume"), 0, NULL);
    assert_int_equal(count(s, 40), 2);
    assert_int_equal(count(s, 80), 2);
    close_scene(s);
}

static void a_cap_on_energy_ends_it(void **state)
{
    (void)state;
    struct scene *s = open_scene("powercap", 1000000, "max_energy = 1\n");
    expect(s, start(s, NULL), 3, "max_energy = 1 J is used up");
    expect(s, start(s, "--resume"), 3, "max_energy"); /* each run has its own */
    close_scene(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"powercap: energies are those drawn", energies_are_those_drawn, NULL, NULL, "powercap"},
        {"hwmon: energies are those drawn", energies_are_those_drawn, NULL, NULL, "hwmon"},
        cmocka_unit_test(a_sensor_that_goes_away_and_comes_back),
        cmocka_unit_test(a_stuck_counter_is_no_meter),
        cmocka_unit_test(a_signal_keeps_what_was_measured),
        cmocka_unit_test(a_cap_on_energy_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
