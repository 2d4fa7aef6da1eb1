// SPDX-License-Identifier: GPL-3.0-or-later
/* Cost models: their values, their joint covariance, and that the store gives back every bit. */
#include "records/test/fixture.h"

#include "base/clock.h"

#include <float.h>
#include <math.h>

/* Any double that is a number, the odd ones among them. */
static double draw_number(struct random *random)
{
    static const double odd[] = {0.0,       -0.0,
                                 1.0,       -3.0,
                                 1e15,      9007199254740993.0,
                                 DBL_MIN,   4.9406564584124654e-324,
                                 DBL_MAX,   INFINITY,
                                 -INFINITY, 0.1};
    uint64_t bits = random_u64(random);
    double number;
    memcpy(&number, &bits, sizeof number);
    if (bits % 4 == 0 || isnan(number))
        return odd[random_below(random, sizeof odd / sizeof *odd)];
    return number;
}

static double *draw_numbers(size_t n, struct random *random)
{
    double *numbers = malloc((n + 1) * sizeof *numbers);
    for (size_t i = 0; i < n; i++)
        numbers[i] = draw_number(random);
    return numbers;
}

static struct cost_model draw_model(const char *target, int quantity, enum statistic statistic,
                                    struct random *random)
{
    struct cost_model model = {
        .target = text_copy(target),
        .quantity = (enum quantity)quantity,
        .statistic = statistic,
        .form = (enum model_form)random_below(random, N_FORMS),
        .n_segments = 1 + random_below(random, 4),
        .n_knots = random_below(random, 3),
        .n_coefficients = random_below(random, 6),
        .n_min = 1 + (uint32_t)random_below(random, 10),
        .n_max = 100 + (uint32_t)random_below(random, LENGTH_MAX - 100),
        .residual_sd = draw_number(random),
        .r2 = random_below(random, 2) ? NAN : draw_number(random),
        .bic = draw_number(random),
        .dof = draw_number(random),
        .n_samples = random_u64(random) >> 1,
        .n_lengths = random_u64(random) >> 40,
        .n_outliers = random_u64(random) >> 30,
        .provenance = (enum provenance)random_below(random, N_PROVENANCES),
    };
    model.segments = calloc(model.n_segments, sizeof *model.segments);
    uint32_t from = (uint32_t)random_below(random, 2);
    for (size_t i = 0; i < model.n_segments; i++) {
        bool last = i + 1 == model.n_segments;
        uint32_t to = last ? UINT32_MAX : from + (uint32_t)random_below(random, 100);
        model.segments[i] = (struct segment){from, to, draw_number(random), draw_number(random),
                                             draw_number(random)};
        from = to + 1;
    }
    model.knots = draw_numbers(model.n_knots, random);
    model.coefficients = draw_numbers(model.n_coefficients, random);
    return model;
}

/* A set with models of all quantities for two targets. */
static struct model_set draw_set(enum statistic statistic, struct random *random)
{
    static const char *const targets[] = {"edge", "it's a cloud"};
    struct model_set set;
    model_set_init(&set);
    for (int i = 0; i < 2 * N_QUANTITIES; i++) {
        struct cost_model model =
            draw_model(targets[i / N_QUANTITIES], i % N_QUANTITIES, statistic, random);
        assert_ok(model_set_add(&set, &model, &error));
        assert_null(model.target);
    }
    for (size_t i = 0; i < set.n_coefficients * set.n_coefficients; i++)
        set.covariance[i] = draw_number(random);
    set.rtt_s = draw_number(random);
    set.hold_out = draw_number(random);
    set.hold_out_seed = random_u64(random);
    set.n_rounds = random_u64(random) >> 1;
    memset(set.digest, 'a' + (int)random_below(random, 6), DIGEST_TEXT_SIZE - 1);
    if (random_below(random, 4) > 0) { /* else the fit knows no energy */
        set.energy.meter = text_format("INA219 #%d", (int)random_below(random, 9));
        set.energy.scope = text_format("rail");
        set.energy.baseline = text_format("%d W", (int)random_below(random, 9));
    }
    return set;
}

/* Bit for bit; but a NaN is any NaN, and SQLite has one zero. */
static void assert_same(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true((isnan(a[i]) && isnan(b[i])) || (a[i] == 0 && b[i] == 0) ||
                    memcmp(&a[i], &b[i], sizeof *a) == 0);
}

static void assert_same_text(const char *a, const char *b)
{
    assert_int_equal(!a, !b);
    if (a)
        assert_string_equal(a, b);
}

static void assert_same_model(const struct cost_model *a, const struct cost_model *b)
{
    assert_string_equal(a->target, b->target);
    assert_int_equal(a->quantity, b->quantity);
    assert_int_equal(a->statistic, b->statistic);
    assert_int_equal(a->form, b->form);
    assert_int_equal(a->provenance, b->provenance);
    assert_int_equal(a->n_min, b->n_min);
    assert_int_equal(a->n_max, b->n_max);
    assert_int_equal(a->n_samples, b->n_samples);
    assert_int_equal(a->n_lengths, b->n_lengths);
    assert_int_equal(a->n_outliers, b->n_outliers);
    assert_same(&a->residual_sd, &b->residual_sd, 1);
    assert_same(&a->r2, &b->r2, 1);
    assert_same(&a->bic, &b->bic, 1);
    assert_same(&a->dof, &b->dof, 1);
    assert_int_equal(a->n_knots, b->n_knots);
    assert_same(a->knots, b->knots, a->n_knots);
    assert_int_equal(a->n_coefficients, b->n_coefficients);
    assert_same(a->coefficients, b->coefficients, a->n_coefficients);
    assert_int_equal(a->n_segments, b->n_segments);
    for (size_t i = 0; i < a->n_segments; i++) {
        assert_int_equal(a->segments[i].from, b->segments[i].from);
        assert_int_equal(a->segments[i].to, b->segments[i].to);
        assert_same(&a->segments[i].intercept, &b->segments[i].intercept, 1);
        assert_same(&a->segments[i].slope, &b->segments[i].slope, 1);
        assert_same(&a->segments[i].quadratic, &b->segments[i].quadratic, 1);
    }
}

/* What is stored of `set` for the campaign of that name. */
static void assert_stored(struct store *store, const char *campaign, int64_t campaign_id,
                          const struct model_set *set)
{
    struct model_set got;
    enum statistic statistic = set->models[0].statistic;
    assert_ok(store_models_get(store, campaign_id, statistic, &got, &error));
    assert_string_equal(got.campaign, campaign);
    assert_int_equal(got.n_models, set->n_models);
    for (size_t i = 0; i < set->n_models; i++)
        assert_same_model(&got.models[i], &set->models[i]);
    assert_int_equal(got.n_coefficients, set->n_coefficients);
    assert_same(got.covariance, set->covariance, set->n_coefficients * set->n_coefficients);
    assert_same(&got.rtt_s, &set->rtt_s, 1);
    assert_same(&got.hold_out, &set->hold_out, 1);
    assert_true(got.hold_out_seed == set->hold_out_seed);
    assert_true(got.n_rounds == set->n_rounds);
    assert_string_equal(got.digest, set->digest);
    assert_same_text(got.energy.meter, set->energy.meter);
    assert_same_text(got.energy.scope, set->energy.scope);
    assert_same_text(got.energy.baseline, set->energy.baseline);
    model_set_free(&got);
}

static void models_come_back(void **state)
{
    (void)state;
    char *folder = test_scratch("models"), *path = text_format("%s/a.db", folder);
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    struct made made = make_store(path);
    struct campaign other = {.name = "other"};
    struct model_set sets[N_STATISTICS], none;
    assert_ok(store_campaign_add(made.store, &other, &error));
    assert_fails(STATUS_NOT_FOUND, path, "rnnfit",
                 store_models_get(made.store, made.campaign_id, STATISTIC_MEAN, &none, &error));
    model_set_free(&none); /* initialised even so */
    for (int s = 0; s < N_STATISTICS; s++) {
        sets[s] = draw_set((enum statistic)s, &random);
        assert_ok(store_models_put(made.store, made.campaign_id, &sets[s], &error));
    }
    for (int s = 0; s < N_STATISTICS; s++)
        assert_stored(made.store, "one", made.campaign_id, &sets[s]);
    /* a second put replaces that statistic's, of that campaign, and nothing else */
    struct model_set again = draw_set(STATISTIC_P95, &random);
    assert_ok(store_models_put(made.store, other.id, &sets[STATISTIC_P95], &error));
    assert_ok(store_models_put(made.store, made.campaign_id, &again, &error));
    store_close(made.store);
    assert_ok(store_open(path, STORE_READ, &made.store, &error));
    for (int s = 0; s < N_STATISTICS; s++)
        assert_stored(made.store, "one", made.campaign_id, s == STATISTIC_P95 ? &again : &sets[s]);
    assert_stored(made.store, "other", other.id, &sets[STATISTIC_P95]);
    assert_fails(STATUS_NOT_FOUND, path, "p50",
                 store_models_get(made.store, other.id, STATISTIC_P50, &none, &error));
    store_close(made.store);
    /* the replaced ones left nothing behind */
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM fit"), N_STATISTICS + 1);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM model"),
                     (N_STATISTICS + 1) * 2 * N_QUANTITIES);
    assert_int_equal(raw_integer(path, "SELECT count(*) FROM model_segment WHERE model_id NOT IN "
                                       "(SELECT id FROM model)"),
                     0);
    for (int s = 0; s < N_STATISTICS; s++)
        model_set_free(&sets[s]);
    model_set_free(&again);
    free(path);
    free(folder);
}

static void what_cannot_be_stored_is_refused_whole(void **state)
{
    (void)state;
    char *folder = test_scratch("models"), *path = text_format("%s/a.db", folder);
    struct random random = {5};
    struct made made = make_store(path);
    struct model_set set = draw_set(STATISTIC_MEAN, &random), empty;
    model_set_init(&empty);
    assert_ok(store_models_put(made.store, made.campaign_id, &set, &error));
    assert_fails(STATUS_MISUSE, path, "without models",
                 store_models_put(made.store, made.campaign_id, &empty, &error));
    assert_fails(STATUS_INVALID, path, "FOREIGN KEY",
                 store_models_put(made.store, 99, &set, &error));
    size_t last = set.n_coefficients * set.n_coefficients - 1;
    double numbers[3] = {set.covariance[last], set.models[9].segments[0].slope, set.rtt_s};
    double *const places[3] = {&set.covariance[last], &set.models[9].segments[0].slope, &set.rtt_s};
    for (int i = 0; i < 3; i++) {
        *places[i] = NAN;
        assert_fails(STATUS_INVALID, path, "NOT NULL",
                     store_models_put(made.store, made.campaign_id, &set, &error));
        *places[i] = numbers[i];
    }
    assert_stored(made.store, "one", made.campaign_id, &set); /* the earlier ones are still there */
    store_close(made.store);
    model_set_free(&set);
    free(path);
    free(folder);
}

static void damaged_models_are_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *says;
    } damages[] = {
        {"UPDATE model SET quantity = 'weight' WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET form = 'cubic' WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET provenance = '' WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET n_min = -1 WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET n_max = n_min - 1 WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET n_max = 1 << 40 WHERE id = 3", "damaged model 3"},
        {"UPDATE model SET n_samples = -1 WHERE id = 3", "damaged model 3"},
        {"DELETE FROM model_segment WHERE model_id = 3", "no segments"},
        {"DELETE FROM model_segment WHERE model_id = 3 AND place = 0", "gaps"},
        {"UPDATE model_segment SET to_length = to_length - 1 WHERE model_id = 3 AND place = 0",
         "gaps"},
        {"DELETE FROM model_number WHERE model_id = 3 AND kind = 'knot' AND place = 0", "missing"},
        {"DELETE FROM model_number WHERE model_id = 3 AND kind = 'coefficient' AND place = 1",
         "damaged covariance"},
        {"DELETE FROM fit_covariance WHERE row = 0 AND col = 0", "damaged covariance"},
        {"DELETE FROM fit_covariance WHERE row = 3 AND col = 3", "damaged covariance"},
        {"INSERT INTO fit_covariance VALUES (1, -1, 0, 1)", "damaged covariance"},
        {"INSERT INTO fit_covariance VALUES (1, 4, 0, 1)", "damaged covariance"},
        {"DELETE FROM model", "no models"},
        {"DROP TABLE model", "no such table"},
    };
    char *folder = test_scratch("models"), *path = text_format("%s/a.db", folder);
    struct made made = make_store(path);
    struct random random = {1};
    struct model_set set;
    model_set_init(&set);
    for (int i = 0; i < 3; i++) { /* the third has 2 segments, 2 knots and 2 coefficients */
        struct cost_model model = draw_model("edge", i, STATISTIC_MEAN, &random);
        free(model.segments);
        free(model.knots);
        free(model.coefficients);
        model.n_segments = model.n_knots = i == 2 ? 2 : 1;
        model.n_coefficients = i == 2 ? 2 : 1;
        model.knots = draw_numbers(model.n_knots, &random);
        model.coefficients = draw_numbers(model.n_coefficients, &random);
        model.segments = calloc(2, sizeof *model.segments);
        model.segments[0] = (struct segment){1, 10, 1, 2, 0};
        model.segments[1] = (struct segment){11, 20, 1, 2, 0};
        assert_ok(model_set_add(&set, &model, &error));
    }
    assert_ok(store_models_put(made.store, made.campaign_id, &set, &error));
    store_close(made.store);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        char *copy = text_format("%s/%zu.db", folder, i);
        char *cp = text_format("cp %s %s", path, copy);
        struct model_set got;
        assert_int_equal(test_shell(cp, NULL, NULL), 0);
        raw_run(copy, damages[i].sql);
        assert_ok(store_open(copy, STORE_READ, &made.store, &error));
        assert_fails(STATUS_INVALID, copy, damages[i].says,
                     store_models_get(made.store, made.campaign_id, STATISTIC_MEAN, &got, &error));
        assert_null(got.models);
        model_set_free(&got);
        store_close(made.store);
        free(cp);
        free(copy);
    }
    model_set_free(&set);
    free(path);
    free(folder);
}

static void values_by_hand(void **state)
{
    (void)state;
    struct segment segments[] = {{1, 10, -5, 1, 0}, {11, 20, 0, 0, 0.5}};
    struct cost_model model = {.segments = segments, .n_segments = 2, .n_min = 2, .n_max = 20};
    static const struct {
        double n, value;
    } points[] = {{0, 0}, {1, 0}, {2, -3}, {10, 5}, {11, 60.5}, {20, 200}, {40, 800}, {4e9, 8e18}};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        assert_close(cost_model_value(&model, points[i].n), points[i].value, 1e-15, 0);
}

/* Blocks stay where they are while models join; what is new is uncorrelated with what was there. */
static void the_covariance_is_joint(void **state)
{
    (void)state;
    struct model_set set;
    struct random random = {9};
    model_set_init(&set);
    static const char *const targets[] = {"edge", "cloud", "fog"};
    for (size_t i = 0; i < 3; i++) {
        struct cost_model model = draw_model(targets[i], QUANTITY_TIME_S, STATISTIC_MEAN, &random);
        model.n_coefficients = i + 1;
        assert_ok(model_set_add(&set, &model, &error));
        size_t size = set.n_coefficients, old = size - (i + 1);
        for (size_t r = 0; r < size; r++) {
            for (size_t c = 0; c < size; c++) {
                double *value = &set.covariance[r * size + c];
                assert_true(*value == (r < old && c < old ? (double)(100 * r + c) + 1 : 0));
                *value = (double)(100 * r + c) + 1;
            }
        }
    }
    const struct cost_model *edge = model_set_find(&set, "edge", QUANTITY_TIME_S);
    const struct cost_model *fog = model_set_find(&set, "fog", QUANTITY_TIME_S);
    assert_int_equal(model_set_offset(&set, edge), 0);
    assert_int_equal(model_set_offset(&set, fog), 3);
    assert_true(model_set_covariance(&set, fog, 2, edge, 0) == 501);
    assert_true(model_set_covariance(&set, edge, 0, fog, 1) == 5);
    assert_null(model_set_find(&set, "edge", QUANTITY_ENERGY_J));
    assert_null(model_set_find(&set, "haze", QUANTITY_TIME_S));
    model_set_free(&set);
    model_set_free(&set); /* empty again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_come_back),
        cmocka_unit_test(what_cannot_be_stored_is_refused_whole),
        cmocka_unit_test(damaged_models_are_an_error),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(the_covariance_is_joint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
