// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Windows of a device whose joules are known: 0.02 J and 0.004 J per step here, and there
 *   0.3 J + 1.2 W sending + 0.8 W receiving + 0.4 W for the rest,
 * the rest being a round trip and 10 ms + 0.1 ms per step. Through the store, and how often the
 * intervals hold the truth.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "base/random.h"
#include "fitter/break_even.h"
#include "fitter/campaign_fit.h"
#include "fitter/cost_line.h"
#include "fitter/energy_data.h"
#include "fitter/interval.h"
#include "fitter/prediction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 6, STATES = 3, MAX_ROUNDS = 10, MAX_WINDOWS = MAX_ROUNDS * LENGTHS * 8 };
static const uint32_t lengths[LENGTHS] = {10, 40, 80, 120, 200, 300};
static const double idle_w = 1.5, edge_j[2] = {0.02, 0.004};
static const double watts[] = {0.3, 1.2, 0.8, 0.4}; /* e0 (J), sending, receiving, the rest */
static const enum quantity parts[] = {QUANTITY_E0_J, QUANTITY_P_TX_W, QUANTITY_P_RX_W,
                                      QUANTITY_P_WAIT_W};
/* us per byte up and down, round trip: of no two in one proportion */
static const struct {
    int64_t up_ps, down_ps;
    double rtt_s;
} states[STATES] = {{8000000, 1000000, 0.1}, {800000, 4000000, 0.02}, {2000000, 400000, 0.05}};
static const struct cost_link link = {0.05, 2e-6, 4e-7};

static double bytes_up(uint32_t n)
{
    return 600 + 64.0 * n;
}

static double bytes_down(uint32_t n)
{
    return 4000 + 8.0 * n;
}

static double remote_s(double n)
{
    return 0.01 + 1e-4 * n;
}

static double cloud_j(double n)
{
    return watts[0] + watts[1] * link.up_s_per_byte * (600 + 64 * n) +
           watts[2] * link.down_s_per_byte * (4000 + 8 * n) + watts[3] * (link.rtt_s + remote_s(n));
}

/* Both are straight: where they meet. */
static double true_break_even(void)
{
    double slope = (cloud_j(300) - cloud_j(0)) / 300;
    return (cloud_j(0) - edge_j[0]) / (edge_j[1] - slope);
}

struct noise {
    const char *name;
    double window;   /* sd of a window's net energy, relative */
    double baseline; /* sd of what a round takes its power at rest for, W, in all its windows */
    int n_rounds;
    bool rounds; /* whether they are told */
};

/* A window of `j` net joules per inference. */
static struct energy_window make_window(enum window_kind kind, int64_t target_id, uint32_t length,
                                        double inference_s, double j, const struct noise *noise,
                                        double off_w, struct random *random)
{
    struct energy_window w = energy_window_unknown();
    double n = kind == WINDOW_BUSY ? ceil(0.5 / inference_s) : 1;
    double duration_s = kind == WINDOW_BUSY ? n * inference_s : inference_s + 1;
    double net_j = j * n;
    if (noise->window > 0)
        net_j *= 1 + noise->window * random_normal(random);
    net_j += off_w * duration_s;
    w.meter_id = 1;
    w.target_id = target_id;
    w.kind = kind;
    w.length = length;
    w.duration_ns = (int64_t)llround(duration_s * 1e9);
    w.provenance = PROVENANCE_MEASURED;
    w.baseline_uw = idle_w * 1e6;
    w.energy_net_uj = net_j * 1e6;
    w.energy_uj = (net_j + idle_w * duration_s) * 1e6;
    w.error_uj = 3 * noise->window * fabs(j * n) * 1e6;
    w.n_inferences = n;
    w.inference_ns = inference_s * 1e9;
    return w;
}

/* A campaign's windows. */
static size_t make_windows(struct energy_window *windows, int64_t edge_id, int64_t cloud_id,
                           const struct noise *noise, struct random *random)
{
    size_t n = 0;
    for (int round = 0; round < noise->n_rounds; round++) {
        double off_w = noise->baseline > 0 ? noise->baseline * random_normal(random) : 0;
        size_t first = n;
        for (int i = 0; i < LENGTHS; i++) {
            uint32_t l = lengths[i];
            double here_s = 0.001 + 0.002 * l;
            windows[n++] = make_window(WINDOW_BUSY, edge_id, l, here_s, edge_j[0] + edge_j[1] * l,
                                       noise, off_w, random);
            for (int s = 0; s < 2 * STATES; s++) { /* back to back, then alone */
                bool alone = s >= STATES;
                double tx = (double)states[s % STATES].up_ps * 1e-12 * bytes_up(l);
                double rx = (double)states[s % STATES].down_ps * 1e-12 * bytes_down(l);
                double rest = states[s % STATES].rtt_s + remote_s(l);
                struct energy_window w =
                    make_window(alone ? WINDOW_ISOLATED : WINDOW_BUSY, cloud_id, l, tx + rx + rest,
                                alone * watts[0] + watts[1] * tx + watts[2] * rx + watts[3] * rest,
                                noise, off_w, random);
                w.bytes_up = bytes_up(l);
                w.bytes_down = bytes_down(l);
                w.up_ps_per_byte = states[s % STATES].up_ps;
                w.down_ps_per_byte = states[s % STATES].down_ps;
                windows[n++] = w;
            }
        }
        for (size_t i = first; i < n; i++)
            windows[i].round = noise->rounds ? round : -1;
    }
    return n;
}

/* Times without noise: what is tried is energy. */
static struct sample make_sample(int64_t target_id, bool remote, uint32_t length, int64_t round)
{
    struct sample s = sample_unknown();
    s.target_id = target_id;
    s.length = length;
    s.round = round;
    s.time_ns = (int64_t)(1e6 + 2e6 * length);
    if (!remote)
        return s;
    double elapsed_s = link.rtt_s + link.up_s_per_byte * bytes_up(length) +
                       link.down_s_per_byte * bytes_down(length) + remote_s(length);
    s.time_ns = llround(elapsed_s * 1e9);
    s.rtt_ns = llround(link.rtt_s * 1e9);
    s.bytes_up = (int64_t)bytes_up(length);
    s.bytes_down = (int64_t)bytes_down(length);
    s.up_ps_per_byte = llround(link.up_s_per_byte * 1e12);
    s.down_ps_per_byte = llround(link.down_s_per_byte * 1e12);
    return s;
}

/* ---- through the store */

static const struct noise exact = {.n_rounds = 4, .rounds = true};

struct stored {
    char *folder, *path;
    struct store *store;
    struct campaign campaign;
    struct target edge, cloud;
};

static void ok(enum status status, const struct error *error)
{
    if (status)
        fail_msg("status %d: %s", (int)status, error->text);
}

/* A campaign of one meter, whose windows at the endpoint are of this provenance. */
static struct stored make_store(const char *config, enum provenance at_cloud)
{
    static struct energy_window windows[MAX_WINDOWS];
    struct sample samples[MAX_ROUNDS * LENGTHS * 2];
    struct error error = {0};
    struct stored made = {
        .folder = test_scratch("energy-fit"),
        .campaign = {.name = "known", .config = (char *)config, .seed = 1},
        .edge = {.name = (char *)"edge"},
        .cloud = {.name = (char *)"cloud", .url = (char *)"http://localhost:1"},
    };
    struct meter_record meter = {.name = (char *)"VDD_IN",
                                 .kind = (char *)"hwmon",
                                 .source = (char *)"/sys",
                                 .scope = SCOPE_BOARD,
                                 .provenance = PROVENANCE_MEASURED,
                                 .radio = at_cloud != PROVENANCE_PARTIAL,
                                 .resolution_uj = NAN,
                                 .resolution_uw = 1000,
                                 .update_ns = -1};
    size_t n = 0;
    made.path = text_format("%s/known.db", made.folder);
    ok(store_open(made.path, STORE_CREATE, &made.store, &error), &error);
    ok(store_campaign_add(made.store, &made.campaign, &error), &error);
    ok(store_target_add(made.store, made.campaign.id, &made.edge, &error), &error);
    ok(store_target_add(made.store, made.campaign.id, &made.cloud, &error), &error);
    ok(store_meter_put(made.store, made.campaign.id, &meter, &error), &error);
    for (int r = 0; r < exact.n_rounds; r++) {
        for (int i = 0; i < LENGTHS; i++) {
            samples[n++] = make_sample(made.edge.id, false, lengths[i], r);
            samples[n++] = make_sample(made.cloud.id, true, lengths[i], r);
        }
    }
    ok(store_samples_append(made.store, samples, n, &error), &error);
    n = make_windows(windows, made.edge.id, made.cloud.id, &exact, NULL);
    for (size_t i = 0; i < n; i++) {
        windows[i].meter_id = meter.id;
        if (windows[i].target_id == made.cloud.id)
            windows[i].provenance = at_cloud;
    }
    windows[n] = windows[0]; /* failures in it: it must not count */
    windows[n].n_failed = 1;
    windows[n++].energy_net_uj *= 3;
    ok(store_windows_append(made.store, windows, n, &error), &error);
    return made;
}

static void close_store(struct stored *made)
{
    store_close(made->store);
    free(made->folder);
    free(made->path);
}

/* Fits it, with this baseline. */
static void fit_store(struct stored *made, const char *text, struct energy_data *data,
                      struct model_set *set)
{
    const struct hold_out none = {.fraction = 0};
    struct dataset dataset;
    struct baseline baseline;
    struct error error = {0};
    ok(baseline_parse(text, &baseline, &error), &error);
    ok(dataset_condense_store(made->store, &made->campaign, &none, &dataset, &error), &error);
    ok(energy_data_read(made->store, &made->campaign, &none, NULL, &baseline, data, &error),
       &error);
    const struct fit_options options = {
        .automatic = true, .curved = true, .tolerance = 0.005, .energy = data};
    ok(campaign_fit(&dataset, &options, set, &error), &error);
    dataset_free(&dataset);
}

static const struct cost_model *energy_of(const struct model_set *set, const char *target,
                                          enum quantity quantity)
{
    const struct cost_model *model = model_set_find(set, target, quantity);
    if (!model)
        fail_msg("%s has no %s", target, quantity_name(quantity));
    return model;
}

static void known_joules_come_back(void **state)
{
    struct stored made = make_store(NULL, PROVENANCE_MEASURED);
    struct energy_data data;
    struct model_set set, again;
    struct break_even found;
    struct error error = {0};
    enum provenance provenance;
    (void)state;
    fit_store(&made, "idle", &data, &set);
    assert_int_equal(data.n_passed, 1);
    const struct cost_model *edge = energy_of(&set, "edge", QUANTITY_ENERGY_J);
    assert_int_equal(edge->form, FORM_LINEAR);
    assert_int_equal(edge->provenance, PROVENANCE_MEASURED);
    assert_int_equal(edge->n_samples, exact.n_rounds * LENGTHS);
    for (size_t i = 0; i < 2; i++)
        assert_close(edge->coefficients[i], edge_j[i], 1e-9, 1e-9);
    for (size_t k = 0; k < 4; k++)
        assert_close(energy_of(&set, "cloud", parts[k])->coefficients[0], watts[k], 1e-6, 0);
    assert_null(model_set_find(&set, "cloud", QUANTITY_ENERGY_J));
    assert_string_equal(set.energy.meter, "VDD_IN");
    assert_string_equal(set.energy.scope, "board");
    assert_string_equal(set.energy.baseline, "idle");
    /* what another tool reads says the same */
    ok(store_models_put(made.store, made.campaign.id, &set, &error), &error);
    ok(store_models_get(made.store, made.campaign.id, STATISTIC_MEAN, &again, &error), &error);
    ok(break_even_energy(&again, "edge", "cloud", &link, &found, &provenance, &error), &error);
    assert_int_equal(found.verdict, VERDICT_CROSSING);
    assert_close(found.length, true_break_even(), 1e-5, 0);
    assert_int_equal(provenance, PROVENANCE_MEASURED);
    assert_true(found.cloud_above);
    assert_string_equal(again.energy.scope, "board");
    struct energy_pair pair;
    ok(energy_pair_find(&again, "edge", "cloud", &link, &pair, &error), &error);
    assert_close(energy_cloud_j(&pair, 77, &link), cloud_j(77), 1e-6, 0);
    assert_close(energy_edge_j(&pair, 77), edge_j[0] + 77 * edge_j[1], 1e-6, 0);
    const struct cost_line line = cost_line_cloud_j(&again, &pair, &link);
    assert_close(cost_line_value(&line, 77), cloud_j(77), 1e-6, 0);
    model_set_free(&set);
    model_set_free(&again);
    energy_data_free(&data);
    close_store(&made);
}

/* Gross energies hold 1.5 W times the time more; watts that are told take them off again. */
static void a_baseline_is_what_is_taken_off(void **state)
{
    static const struct {
        const char *text;
        double watts; /* left in */
        const char *stored;
    } cases[] = {
        {"idle", 0, "idle"}, {"none", 1.5, "none"}, {"1500mW", 0, "1.50 W"}, {"1", 0.5, "1.00 W"}};
    struct stored made = make_store(NULL, PROVENANCE_MEASURED);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct energy_data data;
        struct model_set set;
        fit_store(&made, cases[i].text, &data, &set);
        const struct cost_model *edge = energy_of(&set, "edge", QUANTITY_ENERGY_J);
        assert_close(edge->coefficients[0], edge_j[0] + 0.001 * cases[i].watts, 1e-6, 0);
        assert_close(edge->coefficients[1], edge_j[1] + 0.002 * cases[i].watts, 1e-6, 0);
        const struct cost_model *wait = energy_of(&set, "cloud", QUANTITY_P_WAIT_W);
        assert_close(wait->coefficients[0], watts[3] + cases[i].watts, 1e-6, 0);
        assert_string_equal(set.energy.baseline, cases[i].stored);
        model_set_free(&set);
        energy_data_free(&data);
    }
    close_store(&made);
    struct baseline baseline;
    struct error error = {0};
    assert_int_equal(baseline_parse("1.5V", &baseline, &error), STATUS_MISUSE);
    assert_non_null(strstr(error.text, "--baseline"));
}

/* A meter without the radio decides nothing, and says what to do; a modelled radio helps. */
static void what_is_partial_is_refused(void **state)
{
    static const struct {
        const char *config;
        enum provenance provenance;
        enum status status;
    } cases[] = {{"[energy]\nmeter = hwmon\n", PROVENANCE_PARTIAL, STATUS_UNSUPPORTED},
                 {"[energy]\nradio = tx=1W,e0=0.5J\n", PROVENANCE_MODELLED, STATUS_OK}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct stored made = make_store(cases[i].config, PROVENANCE_PARTIAL);
        struct energy_data data;
        struct model_set set;
        struct break_even found;
        struct error error = {0};
        enum provenance provenance;
        fit_store(&made, "idle", &data, &set);
        assert_int_equal(energy_of(&set, "edge", QUANTITY_ENERGY_J)->provenance,
                         PROVENANCE_MEASURED);
        for (size_t k = 0; k < 4; k++)
            assert_int_equal(energy_of(&set, "cloud", parts[k])->provenance, cases[i].provenance);
        assert_int_equal(
            break_even_energy(&set, "edge", "cloud", &link, &found, &provenance, &error),
            cases[i].status);
        if (cases[i].status)
            assert_non_null(strstr(error.text, "[energy] radio"));
        else
            assert_int_equal(provenance, PROVENANCE_MODELLED);
        assert_close(energy_of(&set, "cloud", QUANTITY_P_TX_W)->coefficients[0],
                     watts[1] + (double)i, 1e-6, 0);
        model_set_free(&set);
        energy_data_free(&data);
        close_store(&made);
    }
}

/* What a header was made from: any window that is added counts; without windows nothing does. */
static void windows_count_as_samples_do(void **state)
{
    struct stored made = make_store(NULL, PROVENANCE_MEASURED);
    struct stored partial = make_store(NULL, PROVENANCE_PARTIAL);
    struct energy_data data;
    struct model_set set, other;
    struct error error = {0};
    bool current = false;
    (void)state;
    fit_store(&partial, "idle", &data, &other);
    energy_data_free(&data);
    fit_store(&made, "idle", &data, &set);
    assert_string_not_equal(set.digest, other.digest);
    ok(dataset_is_current(made.store, &made.campaign, &set, &current, &error), &error);
    assert_true(current);
    struct energy_window more = data.windows[0];
    more.round = 1;
    ok(store_windows_append(made.store, &more, 1, &error), &error);
    ok(dataset_is_current(made.store, &made.campaign, &set, &current, &error), &error);
    assert_false(current);
    energy_data_free(&data);
    model_set_free(&set);
    fit_store(&made, "idle", &data, &set); /* and is current again */
    ok(dataset_is_current(made.store, &made.campaign, &set, &current, &error), &error);
    assert_true(current);
    energy_data_free(&data);
    model_set_free(&set);
    model_set_free(&other);
    close_store(&made);
    close_store(&partial);
}

/* As it was before windows counted: headers made then stay valid. (By an independent SHA-256 of the
 * fields, in Python's hashlib.) */
static void samples_alone_keep_their_digest(void **state)
{
    const struct hold_out none = {.fraction = 0};
    struct stored made = {.folder = test_scratch("digest"),
                          .campaign = {.name = "plain", .seed = 1},
                          .edge = {.name = (char *)"edge"}};
    struct dataset dataset;
    struct error error = {0};
    (void)state;
    made.path = text_format("%s/plain.db", made.folder);
    ok(store_open(made.path, STORE_CREATE, &made.store, &error), &error);
    ok(store_campaign_add(made.store, &made.campaign, &error), &error);
    ok(store_target_add(made.store, made.campaign.id, &made.edge, &error), &error);
    for (uint32_t i = 1; i <= 4; i++) {
        const struct sample s = make_sample(made.edge.id, false, 10 * i, i % 2);
        ok(store_samples_append(made.store, &s, 1, &error), &error);
    }
    ok(dataset_condense_store(made.store, &made.campaign, &none, &dataset, &error), &error);
    assert_string_equal(dataset.digest,
                        "db9b27f3eb4253f4fb382393e2e5b5b11cd6dba78fa03e50bd1764fb242d66c6");
    dataset_free(&dataset);
    close_store(&made);
}

static void take_samples(struct dataset_target *target, bool remote)
{
    target->n = 0;
    for (int i = 0; i < LENGTHS * 2; i++) {
        struct sample s = make_sample(0, remote, lengths[i % LENGTHS], -1);
        target->observations[target->n++] = (struct observation){
            s.length, -1, s.time_ns,        s.rtt_ns,           s.bytes_up, s.bytes_down,
            -1,       -1, s.up_ps_per_byte, s.down_ps_per_byte, -1};
    }
    target->n_rtt = remote ? target->n : 0;
    if (remote)
        link_terms_find(target);
}

static void count_remark(void *user, const char *line)
{
    int *n = user;
    *n += strstr(line, "hardly tell the watts") != NULL;
}

/* Over one state of the link, sending and waiting grow together: that is said, and only then. */
static void watts_that_grow_together_are_remarked(void **state)
{
    static struct energy_window windows[MAX_WINDOWS];
    struct observation observations[2][LENGTHS * 2];
    struct dataset_target samples[2] = {
        {.name = (char *)"edge", .observations = observations[0]},
        {.name = (char *)"cloud", .remote = true, .observations = observations[1]}};
    struct dataset dataset = {.campaign = (char *)"one state", .targets = samples, .n_targets = 2};
    struct target targets[2] = {{.id = 1, .name = (char *)"edge"},
                                {.id = 2, .name = (char *)"cloud"}};
    struct energy_data data = {.meter = {.id = 1, .name = (char *)"known", .scope = SCOPE_BOARD},
                               .windows = windows,
                               .targets = targets,
                               .n_targets = 2};
    int n_remarks = 0;
    const struct fit_options options = {
        .form = FORM_LINEAR, .energy = &data, .remark = count_remark, .user = &n_remarks};
    struct random random = {3};
    const struct noise noise = {"", 0.01, 0, 3, true};
    (void)state;
    take_samples(&samples[0], false);
    take_samples(&samples[1], true);
    for (int one = 0; one < 2; one++) {
        struct model_set set;
        struct error error = {0};
        size_t n = make_windows(windows, 1, 2, &noise, &random);
        data.n_windows = 0;
        for (size_t i = 0; i < n; i++) {
            if (!one || windows[i].target_id == 1 || windows[i].up_ps_per_byte == states[0].up_ps)
                windows[data.n_windows++] = windows[i];
        }
        ok(campaign_fit(&dataset, &options, &set, &error), &error);
        assert_int_equal(n_remarks, one);
        model_set_free(&set);
    }
}

/* ---- how often intervals hold the truth */

static const struct noise noises[] = {
    {"2 %, rounds not known", 0.02, 0, 8, false},
    {"2 %, two rounds", 0.02, 0, 2, true},
    {"2 %, ten rounds", 0.02, 0, 10, true},
    {"1 % and 10 mW at rest by round", 0.01, 0.01, 10, true},
};

struct counts {
    int edge[2], parts[4], break_even;
};

static bool holds(const struct model_set *set, const struct cost_model *model, size_t i,
                  double truth)
{
    double half = interval_t(model->dof) * sqrt(model_set_covariance(set, model, i, model, i));
    return fabs(model->coefficients[i] - truth) <= half;
}

static void count(const struct model_set *set, struct counts *counts)
{
    struct break_even found;
    enum provenance provenance;
    struct error error = {0};
    const struct cost_model *edge = energy_of(set, "edge", QUANTITY_ENERGY_J);
    for (size_t i = 0; i < 2; i++)
        counts->edge[i] += holds(set, edge, i, edge_j[i]);
    for (size_t k = 0; k < 4; k++)
        counts->parts[k] += holds(set, energy_of(set, "cloud", parts[k]), 0, watts[k]);
    /* watts that were fitted together share their error, however it was found */
    assert_true(fabs(model_set_covariance(set, energy_of(set, "cloud", QUANTITY_P_TX_W), 0,
                                          energy_of(set, "cloud", QUANTITY_P_WAIT_W), 0)) > 0);
    ok(break_even_energy(set, "edge", "cloud", &link, &found, &provenance, &error), &error);
    double truth = true_break_even();
    counts->break_even += found.has_interval && found.low <= truth && truth <= found.high;
}

static bool covers(const struct noise *noise, int campaigns, uint64_t seed)
{
    static struct observation observations[2][LENGTHS * 2];
    static struct energy_window windows[MAX_WINDOWS];
    struct dataset_target samples[2] = {
        {.name = (char *)"edge", .observations = observations[0]},
        {.name = (char *)"cloud", .remote = true, .observations = observations[1]}};
    struct dataset dataset = {.campaign = (char *)"simulated",
                              .targets = samples,
                              .n_targets = 2,
                              .has_rtt = true,
                              .rtt_s = link.rtt_s,
                              .up_s_per_byte = link.up_s_per_byte,
                              .down_s_per_byte = link.down_s_per_byte};
    struct target targets[2] = {{.id = 1, .name = (char *)"edge"},
                                {.id = 2, .name = (char *)"cloud"}};
    struct energy_data data = {.meter = {.id = 1, .name = (char *)"known", .scope = SCOPE_BOARD},
                               .windows = windows,
                               .targets = targets,
                               .n_targets = 2};
    const struct fit_options options = {.form = FORM_LINEAR, .energy = &data};
    struct random random = {seed};
    struct counts counts = {{0}, {0}, 0};
    take_samples(&samples[0], false);
    take_samples(&samples[1], true);
    for (int c = 0; c < campaigns; c++) {
        struct model_set set;
        struct error error = {0};
        data.n_windows = make_windows(windows, 1, 2, noise, &random);
        ok(campaign_fit(&dataset, &options, &set, &error), &error);
        count(&set, &counts);
        model_set_free(&set);
    }
    const int all[] = {counts.edge[0],  counts.edge[1],  counts.parts[0],  counts.parts[1],
                       counts.parts[2], counts.parts[3], counts.break_even};
    bool within = true;
    double slack = test_long() ? 0 : 2.5;
    printf("  %-32s", noise->name);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        double share = 100.0 * all[i] / campaigns;
        printf(" %5.1f", share);
        within = within && share >= 93 - slack && share <= 97 + slack;
    }
    puts(" %");
    return within;
}

static void intervals_hold_the_truth(void **state)
{
    int campaigns = test_long() ? 2000 : 300;
    uint64_t seed = 11;
    bool within = true;
    (void)state;
    printf("seed %llu, %d campaigns each: edge (2), e0, sending, receiving, rest, break-even\n",
           (unsigned long long)seed, campaigns);
    for (size_t i = 0; i < sizeof noises / sizeof *noises; i++)
        within = covers(&noises[i], campaigns, seed) && within;
    assert_true(within);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_joules_come_back),
        cmocka_unit_test(a_baseline_is_what_is_taken_off),
        cmocka_unit_test(what_is_partial_is_refused),
        cmocka_unit_test(windows_count_as_samples_do),
        cmocka_unit_test(samples_alone_keep_their_digest),
        cmocka_unit_test(watts_that_grow_together_are_remarked),
        cmocka_unit_test(intervals_hold_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
