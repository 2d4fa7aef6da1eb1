// SPDX-License-Identifier: GPL-3.0-or-later
/* What is measured beside times comes back from the store: counters, rounds, meters, windows. */
#include "records/test/fixture.h"

#include "records/counter_store.h"
#include "records/energy_store.h"
#include "records/round_store.h"

#include <math.h>

struct fixture {
    struct store *store;
    struct campaign campaign;
    struct target target;
    char *path;
};

static struct fixture set_up(const char *name)
{
    struct fixture f = {.campaign = {.name = "c"}, .target = {.name = "edge"}};
    char *folder = test_scratch(name);
    f.path = text_format("%s/a.db", folder);
    free(folder);
    assert_ok(store_open(f.path, STORE_CREATE, &f.store, &error));
    assert_ok(store_campaign_add(f.store, &f.campaign, &error));
    assert_ok(store_target_add(f.store, f.campaign.id, &f.target, &error));
    return f;
}

static void tear_down(struct fixture *f)
{
    store_close(f->store);
    free(f->path);
}

struct counts {
    struct counted got[8];
    size_t n;
};

static enum status count(void *user, const struct counted *counted, struct error *error)
{
    struct counts *counts = user;
    (void)error;
    assert_true(counts->n < 8);
    counts->got[counts->n++] = *counted;
    return STATUS_OK;
}

static void counters_come_back_with_their_samples(void **state)
{
    (void)state;
    struct fixture f = set_up("counters");
    int64_t cycles, instructions, again;
    assert_ok(store_counter_add(f.store, f.campaign.id, "PAPI_TOT_CYC", &cycles, &error));
    assert_ok(store_counter_add(f.store, f.campaign.id, "PAPI_TOT_INS", &instructions, &error));
    assert_ok(store_counter_add(f.store, f.campaign.id, "PAPI_TOT_CYC", &again, &error));
    assert_int_equal(again, cycles);
    struct counter_reading readings[] = {{cycles, 0}, {instructions, INT64_MAX}};
    struct sample samples[3];
    for (int i = 0; i < 3; i++) {
        samples[i] = sample_unknown();
        samples[i].target_id = f.target.id;
        samples[i].length = (uint32_t)i + 1;
        samples[i].time_ns = 100 + i;
        samples[i].round = 7;
    }
    samples[0].counters = readings;
    samples[0].n_counters = 2;
    samples[2].counters = readings; /* of a failed one nobody wants them */
    samples[2].n_counters = 1;
    samples[2].failure = FAILURE_ENGINE;
    assert_ok(store_samples_append(f.store, samples, 3, &error));
    struct counts counts = {0};
    assert_ok(store_counted_each(f.store, f.campaign.id, count, &counts, &error));
    assert_int_equal(counts.n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(counts.got[i].counter_id, readings[i].counter_id);
        assert_int_equal(counts.got[i].value, readings[i].value);
        assert_int_equal(counts.got[i].length, 1);
        assert_int_equal(counts.got[i].time_ns, 100);
        assert_int_equal(counts.got[i].round, 7);
    }
    struct counter *list;
    size_t n;
    assert_ok(store_counters(f.store, f.campaign.id, &list, &n, &error));
    assert_int_equal(n, 2);
    assert_string_equal(list[1].name, "PAPI_TOT_INS");
    counters_free(list, n);

    /* A counter that is not there takes its sample's whole batch with it. */
    struct counter_reading stray = {999, 1};
    samples[1].counters = &stray;
    samples[1].n_counters = 1;
    assert_fails(STATUS_INVALID, f.path, "counters",
                 store_samples_append(f.store, samples, 2, &error));
    assert_int_equal(raw_integer(f.path, "SELECT count(*) FROM sample"), 3);
    tear_down(&f);
}

static void rounds_come_back_in_order_and_once(void **state)
{
    (void)state;
    struct fixture f = set_up("rounds");
    struct round_state put[] = {
        {4, 1000000, 1500000, 3, true}, {1, -1, -1, -1, false}, {4, 1000000, 1000000, 0, false}};
    for (int i = 0; i < 3; i++)
        assert_ok(store_round_put(f.store, f.campaign.id, &put[i], &error));
    struct round_state *got;
    size_t n;
    assert_ok(store_round_states(f.store, f.campaign.id, &got, &n, &error));
    assert_int_equal(n, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(got[i].round, put[i + 1].round);
        assert_int_equal(got[i].least_khz, put[i + 1].least_khz);
        assert_int_equal(got[i].most_khz, put[i + 1].most_khz);
        assert_int_equal(got[i].n_throttles, put[i + 1].n_throttles);
        assert_int_equal(got[i].flagged, put[i + 1].flagged);
    }
    free(got);
    int64_t n_rounds;
    assert_ok(store_rounds(f.store, f.campaign.id, &n_rounds, &error));
    assert_int_equal(n_rounds, 5); /* a round without samples is one, too */
    tear_down(&f);
}

static void same(double a, double b)
{
    assert_true(isnan(a) ? isnan(b) : a == b);
}

static void meters_and_windows_come_back(void **state)
{
    (void)state;
    struct fixture f = set_up("windows");
    struct meter_record meter = {.name = "VDD_IN",
                                 .kind = "hwmon",
                                 .source = "/sys/class/hwmon/hwmon3/power1_input",
                                 .scope = SCOPE_BOARD,
                                 .provenance = PROVENANCE_MEASURED,
                                 .radio = true,
                                 .resolution_uj = NAN,
                                 .resolution_uw = 6250,
                                 .update_ns = -1};
    assert_ok(store_meter_put(f.store, f.campaign.id, &meter, &error));
    int64_t id = meter.id;
    meter.update_ns = 66000000;
    assert_ok(store_meter_put(f.store, f.campaign.id, &meter, &error));
    assert_int_equal(meter.id, id);
    struct meter_record *meters;
    size_t n;
    assert_ok(store_meters(f.store, f.campaign.id, &meters, &n, &error));
    assert_int_equal(n, 1);
    assert_string_equal(meters[0].source, meter.source);
    assert_int_equal(meters[0].scope, SCOPE_BOARD);
    assert_int_equal(meters[0].update_ns, 66000000);
    assert_true(meters[0].radio);
    assert_true(isnan(meters[0].resolution_uj));
    same(meters[0].resolution_uw, 6250);
    meter_record_free(&meters[0]);
    free(meters);

    struct energy_window put[2] = {energy_window_unknown(), energy_window_unknown()};
    put[0].meter_id = put[1].meter_id = id;
    put[0].started_ms = 1700000000000;
    put[0].duration_ns = 500000000;
    put[0].energy_uj = 0.5;
    put[0].provenance = PROVENANCE_MEASURED;
    put[1] = (struct energy_window){
        id,  f.target.id, WINDOW_BUSY, 64,  3,    1,       2, PROVENANCE_PARTIAL,
        1e6, 2e5,         -0.25,       3.5, 12.5, 4e7,     2, 1e6,
        2e6, 3,           4e3,         5e2, 0,    1000000, 0, 80000};
    assert_ok(store_windows_append(f.store, put, 2, &error));
    struct energy_window *got;
    assert_ok(store_windows(f.store, f.campaign.id, &got, &n, &error));
    assert_int_equal(n, 2);
    int64_t n_rounds;
    assert_ok(store_rounds(f.store, f.campaign.id, &n_rounds, &error));
    assert_int_equal(n_rounds, 4);
    for (int i = 0; i < 2; i++) {
        const double a[] = {put[i].energy_uj,  put[i].baseline_uw,  put[i].energy_net_uj,
                            put[i].error_uj,   put[i].n_inferences, put[i].inference_ns,
                            put[i].rtt_ns,     put[i].send_ns,      put[i].wait_ns,
                            put[i].receive_ns, put[i].bytes_up,     put[i].bytes_down};
        const double b[] = {got[i].energy_uj,  got[i].baseline_uw,  got[i].energy_net_uj,
                            got[i].error_uj,   got[i].n_inferences, got[i].inference_ns,
                            got[i].rtt_ns,     got[i].send_ns,      got[i].wait_ns,
                            got[i].receive_ns, got[i].bytes_up,     got[i].bytes_down};
        for (size_t k = 0; k < sizeof a / sizeof *a; k++)
            same(a[k], b[k]);
        assert_int_equal(got[i].target_id, put[i].target_id);
        assert_int_equal(got[i].kind, put[i].kind);
        assert_int_equal(got[i].length, put[i].length);
        assert_int_equal(got[i].round, put[i].round);
        assert_int_equal(got[i].started_ms, put[i].started_ms);
        assert_int_equal(got[i].duration_ns, put[i].duration_ns);
        assert_int_equal(got[i].provenance, put[i].provenance);
        assert_int_equal(got[i].n_failed, put[i].n_failed);
        assert_int_equal(got[i].link_rtt_ns, put[i].link_rtt_ns);
        assert_int_equal(got[i].up_ps_per_byte, put[i].up_ps_per_byte);
        assert_int_equal(got[i].down_ps_per_byte, put[i].down_ps_per_byte);
    }
    free(got);
    tear_down(&f);
}

static void impossible_windows_are_refused_whole(void **state)
{
    (void)state;
    struct fixture f = set_up("refused");
    struct energy_window windows[2] = {energy_window_unknown(), energy_window_unknown()};
    struct meter_record meter = {.name = "m", .kind = "k", .source = "s"};
    assert_ok(store_meter_put(f.store, f.campaign.id, &meter, &error));
    windows[0].meter_id = windows[1].meter_id = meter.id;
    windows[1].kind = WINDOW_BUSY;
    windows[1].length = 5;
    assert_fails(STATUS_INVALID, f.path, "without target",
                 store_windows_append(f.store, windows, 2, &error));
    windows[1].kind = WINDOW_IDLE;
    windows[1].length = 0;
    windows[1].duration_ns = -1;
    assert_fails(STATUS_INVALID, f.path, "-1 ns",
                 store_windows_append(f.store, windows, 2, &error));
    assert_int_equal(raw_integer(f.path, "SELECT count(*) FROM energy_window"), 0);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_come_back_with_their_samples),
        cmocka_unit_test(rounds_come_back_in_order_and_once),
        cmocka_unit_test(meters_and_windows_come_back),
        cmocka_unit_test(impossible_windows_are_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
