// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Campaigns of one device drawn twice, and of one that changed: how often the comparison cries wolf
 * (5 % over all quantities) and how often it sees a change of a known size.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "base/random.h"
#include "fitter/campaign_fit.h"
#include "fitter/drift.h"

#include <gsl/gsl_cdf.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_LENGTHS = 10, ROUNDS = 20, PER_TARGET = N_LENGTHS * ROUNDS };

struct world {
    const char *name;
    double sd_ms, proportional, shared; /* as in test_coverage.c */
    bool rounds;
    double slope; /* of the device in the second campaign, over the first's */
    double knot;  /* what the device's slope grows by beyond length 150, ms per step */
};

static void simulate(const struct world *world, double slope, struct random *random,
                     struct dataset *dataset)
{
    for (int t = 0; t < 2; t++)
        dataset->targets[t].n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double both = world->shared * random_normal(random);
        for (int t = 0; t < 2; t++) {
            struct dataset_target *target = &dataset->targets[t];
            for (uint32_t i = 0; i < N_LENGTHS; i++) {
                uint32_t n = 8 + 32 * i;
                double truth = t == 0 ? 3 + 2.0 * slope * n : 203 + 0.5 * n;
                truth += t == 0 && n > 150 ? world->knot * (n - 150) : 0;
                double ms = truth * (1 + both + world->proportional * random_normal(random)) +
                            world->sd_ms * random_normal(random);
                target->observations[target->n++] =
                    (struct observation){.length = n,
                                         .round = world->rounds ? round : -1,
                                         .time_ns = (int64_t)llround(ms * 1e6),
                                         .rtt_ns = -1,
                                         .bytes_up = -1,
                                         .bytes_down = -1,
                                         .connect_ns = -1,
                                         .link_rtt_ns = -1,
                                         .up_ps_per_byte = -1,
                                         .down_ps_per_byte = -1,
                                         .server_ns = -1};
            }
        }
    }
}

static void fit(const struct world *world, double slope, struct random *random,
                struct model_set *set)
{
    static struct observation observations[2][PER_TARGET];
    struct dataset_target targets[2] = {
        {.name = (char *)"edge", .observations = observations[0]},
        {.name = (char *)"cloud", .remote = true, .observations = observations[1]}};
    struct dataset dataset = {.campaign = (char *)"simulated", .targets = targets, .n_targets = 2};
    struct fit_options options = {.automatic = true, .curved = true, .tolerance = 0.005};
    struct error error = {0};
    simulate(world, slope, random, &dataset);
    if (campaign_fit(&dataset, &options, set, &error))
        fail_msg("%s", error.text);
}

/* The share of pairs of campaigns that were told to differ. */
static double share_told(const struct world *world, uint64_t seed, int runs)
{
    struct random random = {seed};
    const struct cost_link link = {0, 0, 0};
    int told = 0;
    for (int run = 0; run < runs; run++) {
        struct model_set old, new;
        struct drift drift;
        fit(world, 1, &random, &old);
        fit(world, world->slope, &random, &new);
        assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
        assert_int_equal(drift.n_tested, 2);
        told += drift_status(&drift, "new", NULL) == STATUS_NOT_REACHED;
        drift_free(&drift);
        model_set_free(&old);
        model_set_free(&new);
    }
    return (double)told / runs;
}

static const struct world worlds[] = {
    {"independent, equal", 4, 0, 0, false, 1, 0},
    {"independent, proportional", 0, 0.05, 0, false, 1, 0},
    {"equal, in rounds", 4, 0, 0, true, 1, 0},
    {"3 % shared in a round", 4, 0, 0.03, true, 1, 0},
    {"3 % shared, 5 % proportional", 0, 0.05, 0.03, true, 1, 0},
    {"a knot, equal", 4, 0, 0, false, 1, 1},
    {"a knot, 3 % shared", 4, 0, 0.03, true, 1, 1},
};

/* Two standard errors of the share of so many runs at 5 %, and a point for what F is not exactly
 * and for forms that noise chose. */
static void cries_wolf_once_in_twenty(void **state)
{
    (void)state;
    int runs = test_long() ? 2000 : 400;
    double margin = 0.01 + 2 * sqrt(0.05 * 0.95 / runs);
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        double share = share_told(&worlds[i], 3, runs);
        printf("seed 3, %d pairs, %-30s %.2f %%\n", runs, worlds[i].name, 100 * share);
        assert_close(share, 0.05, 0, margin);
    }
}

/* Changes of a noncentrality of 23 to 25 (the first by its arithmetic: d^2 * sum of n^2 / (2
 * sd^2)): over 97 % power at 2.5 % in F of 2 and 36 degrees of freedom. */
static void sees_what_there_is(void **state)
{
    (void)state;
    static const struct world changed[] = {
        {"0.55 % at 4 ms, independent", 4, 0, 0, false, 1.0055, 0},
        {"0.55 % at 4 ms, in rounds", 4, 0, 0, true, 1.0055, 0},
        {"4.8 % at 3 % shared", 1, 0, 0.03, true, 1.048, 0},
    };
    int runs = test_long() ? 2000 : 200;
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        double share = share_told(&changed[i], 5, runs);
        printf("seed 5, %d pairs, %-30s %.1f %% seen\n", runs, changed[i].name, 100 * share);
        assert_true(share >= 0.95);
    }
}

static struct cost_model line(const char *target, enum quantity quantity, double a, double b)
{
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = FORM_LINEAR,
                               .segments = calloc(1, sizeof *model.segments),
                               .n_segments = 1,
                               .coefficients = calloc(2, sizeof *model.coefficients),
                               .n_coefficients = 2,
                               .n_min = 10,
                               .n_max = 200,
                               .dof = 30};
    model.segments[0] = (struct segment){1, 200, a, b, 0};
    model.coefficients[0] = a;
    model.coefficients[1] = b;
    return model;
}

static void take(struct model_set *set, struct cost_model model)
{
    assert_int_equal(model_set_add(set, &model, NULL), STATUS_OK);
}

/* Two lines: Wald of the coefficients by hand, whatever the lengths the curves are compared at. */
static void wald_by_hand(void **state)
{
    (void)state;
    struct model_set old, new;
    struct drift drift;
    const struct cost_link link = {0, 0, 0};
    model_set_init(&old);
    model_set_init(&new);
    take(&old, line("edge", QUANTITY_TIME_S, 3, 2));
    take(&new, line("edge", QUANTITY_TIME_S, 4, 1.99));
    const double v_old[] = {0.3, -0.002, -0.002, 5e-5}, v_new[] = {0.2, -0.001, -0.001, 3e-5};
    memcpy(old.covariance, v_old, sizeof v_old);
    memcpy(new.covariance, v_new, sizeof v_new);
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    /* d = (1, -0.01), V = [0.5 -0.003; -0.003 8e-5] */
    double det = 0.5 * 8e-5 - 0.003 * 0.003;
    double t2 = (8e-5 * 1 + 2 * 0.003 * 1 * -0.01 + 0.5 * 1e-4) / det;
    const struct drift_row *row = &drift.rows[0];
    assert_int_equal(drift.n_rows, 1);
    assert_close(row->f, t2 / 2, 1e-9, 0);
    assert_close(row->dof, 2, 0, 0);
    assert_true(row->error_dof > 30 && row->error_dof <= 60);
    assert_close(row->p, gsl_cdf_fdist_Q(t2 / 2, 2, row->error_dof), 1e-9, 0);
    assert_close(row->change, (4 + 19.9) / 23 - 1, 1e-9, 0); /* at length 10 */
    assert_close(row->change_at, 10, 0, 0);
    drift_free(&drift);
    /* over rounds it is Hotelling's */
    old.n_rounds = new.n_rounds = 31;
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    double nu = drift.rows[0].error_dof + 1;
    assert_close(drift.rows[0].f, t2 * (nu - 1) / (nu * 2), 1e-9, 0);
    drift_free(&drift);
    model_set_free(&old);
    model_set_free(&new);
}

/* Joules by another account are no drift of the device. */
static void energies_of_another_kind_are_untested(void **state)
{
    (void)state;
    static const struct {
        const char *old, *new;
        enum provenance provenance;
        enum drift_verdict verdict;
    } cases[] = {
        {"idle", "idle", PROVENANCE_MEASURED, DRIFT_DIFFERS},
        {"idle", "none", PROVENANCE_MEASURED, DRIFT_UNTESTED},
        {"idle", NULL, PROVENANCE_MEASURED, DRIFT_UNTESTED},
        {"idle", "idle", PROVENANCE_MODELLED, DRIFT_UNTESTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model_set old, new;
        struct drift drift;
        const struct cost_link link = {0, 0, 0};
        model_set_init(&old);
        model_set_init(&new);
        take(&old, line("edge", QUANTITY_ENERGY_J, 3, 2));
        take(&new, line("edge", QUANTITY_ENERGY_J, 3, 4));
        old.models[0].provenance = PROVENANCE_MEASURED;
        new.models[0].provenance = cases[i].provenance;
        old.energy.baseline = text_copy(cases[i].old);
        new.energy.baseline = cases[i].new ? text_copy(cases[i].new) : NULL;
        assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
        assert_int_equal(drift.rows[0].verdict, cases[i].verdict);
        assert_int_equal(drift.rows[0].provenance, cases[i].provenance);
        assert_int_equal(drift.other_energy, cases[i].verdict == DRIFT_UNTESTED);
        drift_free(&drift);
        model_set_free(&old);
        model_set_free(&new);
    }
}

/* The same line as a form with a knot that changes nothing: compared in mean and slope. Against a
 * constant it is the mean alone. */
static void forms_that_differ(void **state)
{
    (void)state;
    struct model_set old, new;
    struct drift drift;
    const struct cost_link link = {0, 0, 0};
    struct cost_model bent = line("edge", QUANTITY_TIME_S, 3, 2);
    model_set_init(&old);
    model_set_init(&new);
    bent.form = FORM_PIECEWISE;
    bent.knots = calloc(1, sizeof *bent.knots);
    bent.n_knots = 1;
    bent.knots[0] = 100;
    bent.coefficients = realloc(bent.coefficients, 4 * sizeof *bent.coefficients);
    bent.coefficients[2] = 0;
    bent.coefficients[3] = 100;
    bent.n_coefficients = 4;
    take(&old, line("edge", QUANTITY_TIME_S, 3, 2));
    take(&new, bent);
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    assert_int_equal(drift.rows[0].verdict, DRIFT_SAME);
    assert_close(drift.rows[0].dof, 2, 0, 0);
    assert_string_equal(drift.rows[0].compared, "mean and slope");
    drift_free(&drift);
    new.models[0].coefficients[1] = 2.0001; /* there is no noise */
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    assert_int_equal(drift.rows[0].verdict, DRIFT_DIFFERS);
    drift_free(&drift);
    new.models[0].form = FORM_CONSTANT;
    new.models[0].n_coefficients = 1;
    new.models[0].n_knots = 0;
    new.models[0].coefficients[0] = 150;
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    assert_close(drift.rows[0].dof, 1, 0, 0);
    assert_string_equal(drift.rows[0].compared, "mean");
    drift_free(&drift);
    model_set_free(&old);
    model_set_free(&new);
}

/* Without noise, with a model on one side only, without a length in common. */
static void what_cannot_be_tested(void **state)
{
    (void)state;
    struct model_set old, new;
    struct drift drift;
    const struct cost_link link = {0, 0, 0};
    model_set_init(&old);
    model_set_init(&new);
    take(&old, line("edge", QUANTITY_TIME_S, 3, 2));
    take(&old, line("cloud", QUANTITY_BYTES_UP, 200, 7));
    take(&old, line("cloud", QUANTITY_BYTES_DOWN, 200, 7));
    take(&old, line("cloud", QUANTITY_REMOTE_S, 1, 1));
    take(&new, line("edge", QUANTITY_TIME_S, 3 * (1 + 1e-12), 2));
    take(&new, line("cloud", QUANTITY_BYTES_UP, 201, 7));
    struct cost_model beyond = line("cloud", QUANTITY_BYTES_DOWN, 200, 7);
    beyond.n_min = 1000;
    beyond.n_max = 2000;
    take(&new, beyond);
    take(&new, line("cloud", QUANTITY_ENERGY_J, 1, 1));
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    static const enum drift_verdict expected[] = {DRIFT_SAME, DRIFT_DIFFERS, DRIFT_UNTESTED,
                                                  DRIFT_ONLY_NEW, DRIFT_ONLY_OLD};
    assert_int_equal(drift.n_rows, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(drift.rows[i].verdict, expected[i]);
    assert_int_equal(drift.n_tested, 2);
    drift_free(&drift);
    /* two rounds tell nothing about two coefficients */
    old.n_rounds = new.n_rounds = 2;
    for (size_t i = 0; i < 3; i++)
        old.models[i].dof = new.models[i].dof = 0.6;
    for (size_t i = 0; i < old.n_coefficients; i++)
        old.covariance[i * old.n_coefficients + i] = 1e-6;
    assert_int_equal(drift_find(&old, "old", &new, &link, &drift, NULL), STATUS_OK);
    assert_int_equal(drift.rows[0].verdict, DRIFT_UNTESTED);
    drift_free(&drift);
    model_set_free(&old);
    model_set_free(&new);
}

static char *times(const char *folder, const char *name, double slope, uint64_t seed)
{
    struct random random = {seed};
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,round\n", memory);
    for (int round = 0; round < 20; round++) {
        for (int n = 10; n <= 300; n += 20) {
            fprintf(memory, "%d,%.9f,edge,%d\n", n,
                    0.003 + 0.002 * slope * n + 0.002 * random_normal(&random), round);
            fprintf(memory, "%d,%.9f,cloud,%d\n", n,
                    0.203 + 0.0005 * n + 0.002 * random_normal(&random), round);
        }
    }
    fclose(memory);
    char *path = test_write(folder, name, text);
    free(text);
    return path;
}

static int tool(char **out, char **err, const char *format, const char *a, const char *b)
{
    char *arguments = text_format(format, a, b);
    char *command = text_format("%s/bin/%s", test_build(), arguments);
    int exit = test_shell(command, out, err);
    free(command);
    free(arguments);
    return exit;
}

static void the_command(void **state)
{
    (void)state;
    char *folder = test_scratch("drift"), *out, *err, *db = text_format("%s/old.db", folder);
    char *old = times(folder, "old.csv", 1, 1), *same = times(folder, "same.csv", 1, 2);
    char *slower = times(folder, "slower.csv", 1.04, 3);
    assert_int_equal(tool(NULL, NULL, "rnnprof import %s --db %s --campaign v1", old, db), 0);
    assert_int_equal(tool(NULL, NULL, "rnnfit --csv %s --compare %s", same, db), 1); /* no models */
    assert_int_equal(tool(NULL, NULL, "rnnfit --db %s%s", db, ""), 0);
    assert_int_equal(tool(&out, &err, "rnnfit --csv %s --compare %s:v1", same, db), 0);
    assert_non_null(strstr(out, "0 of 2 quantities differ"));
    free(out);
    free(err);
    assert_int_equal(tool(&out, &err, "rnnfit --csv %s --compare %s --json", slower, db), 3);
    assert_non_null(strstr(err, "differs from v1 of"));
    json_t *document = json_loads(out, 0, NULL), *drift = json_object_get(document, "drift");
    json_t *rows = json_object_get(drift, "quantities");
    assert_true(json_is_true(json_object_get(drift, "differs")));
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "verdict")),
                        "differs");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 1), "verdict")),
                        "same");
    json_t *crossing = json_array_get(json_object_get(drift, "break_even"), 0);
    double was = json_number_value(json_object_get(json_object_get(crossing, "old"), "length"));
    double is = json_number_value(json_object_get(json_object_get(crossing, "new"), "length"));
    assert_close(was, 200 / 1.5, 0.01, 0);
    assert_close(is, 200 / 1.58, 0.01, 0);
    json_decref(document);
    free(out);
    free(err);
    assert_int_equal(tool(&out, &err, "rnnfit --db %s --compare %s:v1", db, db), 2);
    assert_non_null(strstr(err, "compared with itself"));
    free(out);
    free(err);
    assert_int_equal(tool(&out, &err, "rnnfit --csv %s --compare %s:v2", same, db), 1);
    assert_non_null(strstr(err, "v2"));
    free(out);
    free(err);
    free(old);
    free(same);
    free(slower);
    free(db);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wald_by_hand),
        cmocka_unit_test(energies_of_another_kind_are_untested),
        cmocka_unit_test(forms_that_differ),
        cmocka_unit_test(what_cannot_be_tested),
        cmocka_unit_test(cries_wolf_once_in_twenty),
        cmocka_unit_test(sees_what_there_is),
        cmocka_unit_test(the_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
