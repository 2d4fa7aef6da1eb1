// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Campaigns of a network whose time grows with its output: T(n, m) = 3 + 0.2 n + 1.5 m ms here and
 * 203 + 0.05 n + 0.4 m ms there, outputs about M(n) = 0.8 n + 4, all of it simulated. The
 * break-even of T(n, M(n)): 9 + 1.4 n = 204.6 + 0.37 n at n = 189.9.
 */
#include "base/test/support.h"

#include "base/memory.h"
#include "base/random.h"
#include "fitter/break_even.h"
#include "fitter/interval.h"
#include "fitter/pairs_fit.h"
#include "fitter/sequence_models.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTHS = 12, ROUNDS = 20, PER_TARGET = LENGTHS * ROUNDS, PAIRS = 300 };
static const double truth[2][3] = {{3, 0.2, 1.5}, {203, 0.05, 0.4}}; /* ms */
static const double gamma_true = 0.8, delta_true = 4;

static double expected(int t, int power)
{
    return power == 0 ? truth[t][0] + truth[t][2] * delta_true
                      : truth[t][1] + truth[t][2] * gamma_true;
}

static uint32_t draw_output(uint32_t n, struct random *random)
{
    double mean = gamma_true * n + delta_true;
    return (uint32_t)lround(fmax(mean * (1 + 0.15 * random_normal(random)), 1));
}

static void simulate(struct dataset *dataset, bool rounds, struct random *random)
{
    for (int t = 0; t < 2; t++) {
        struct dataset_target *target = &dataset->targets[t];
        target->n = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (uint32_t i = 0; i < LENGTHS; i++) {
                uint32_t n = 10 + 30 * i, m = draw_output(n, random);
                double ms = truth[t][0] + truth[t][1] * n + truth[t][2] * m;
                ms += 3 * random_normal(random);
                target->output_lengths[target->n] = m;
                target->observations[target->n++] =
                    (struct observation){.length = n,
                                         .round = rounds ? round : -1,
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

static void fit_pairs(struct random *random, struct output_length *o)
{
    struct length_pair pairs[PAIRS];
    uint64_t counts[PAIRS];
    for (size_t i = 0; i < PAIRS; i++) {
        uint32_t n = 10 + (uint32_t)random_below(random, 340);
        pairs[i] = (struct length_pair){n, draw_output(n, random)};
        counts[i] = 1;
    }
    struct pair_histogram h = {pairs, counts, PAIRS, PAIRS};
    assert_int_equal(pairs_fit(&h, "simulated", o, NULL), STATUS_OK);
}

/* How often the intervals of the lines' coefficients and of their break-even hold the truth. */
static void intervals_hold(void **state)
{
    (void)state;
    static struct observation observations[2][PER_TARGET];
    static double outputs[2][PER_TARGET];
    int runs = test_long() ? 2000 : 300;
    const struct cost_link link = {0, 0, 0};
    double length = (expected(1, 0) - expected(0, 0)) / (expected(0, 1) - expected(1, 1));
    for (int rounds = 0; rounds < 2; rounds++) {
        struct random random = {31};
        int held[2] = {0}, crossing = 0;
        for (int run = 0; run < runs; run++) {
            struct dataset_target targets[2] = {{.name = (char *)"edge",
                                                 .observations = observations[0],
                                                 .output_lengths = outputs[0]},
                                                {.name = (char *)"cloud",
                                                 .remote = true,
                                                 .observations = observations[1],
                                                 .output_lengths = outputs[1]}};
            struct dataset dataset = {.campaign = (char *)"x", .targets = targets, .n_targets = 2};
            struct fit_options options = {.automatic = true};
            struct model_set set;
            struct output_length o;
            struct break_even found;
            simulate(&dataset, rounds, &random);
            fit_pairs(&random, &o);
            assert_int_equal(campaign_fit(&dataset, &options, &set, NULL), STATUS_OK);
            free(set.models[0].knot_ends); /* as of joined lines */
            set.models[0].knot_ends = calloc(1, sizeof *set.models[0].knot_ends);
            set.energy = (struct energy_basis){text_copy("a"), text_copy("b"), text_copy("c")};
            assert_int_equal(sequence_models_apply(&dataset, &o, &options, &set, NULL), STATUS_OK);
            assert_string_equal(set.energy.meter, "a"); /* the same, and its owner's alone */
            assert_int_equal(set.n_rounds, rounds ? ROUNDS : 0);
            for (int t = 0; t < 2; t++) {
                const struct cost_model *model = &set.models[t];
                assert_int_equal(model->form, FORM_LINEAR);
                double half =
                    interval_t(model->dof) * sqrt(model_set_covariance(&set, model, 1, model, 1));
                held[t] += fabs(model->coefficients[1] - 1e-3 * expected(t, 1)) <= half;
            }
            assert_int_equal(break_even_time(&set, "edge", "cloud", &link, &found, NULL),
                             STATUS_OK);
            crossing += found.has_interval && found.low <= length && length <= found.high;
            model_set_free(&set);
            output_length_free(&o);
        }
        printf("seed 31, %d campaigns, %s: slopes %.1f %% and %.1f %%, break-even %.1f %%\n", runs,
               rounds ? "in rounds" : "independent", 100.0 * held[0] / runs, 100.0 * held[1] / runs,
               100.0 * crossing / runs);
        double margin = test_long() ? 0.02 : 0.035;
        assert_close((double)held[0] / runs, 0.95, 0, margin);
        assert_close((double)held[1] / runs, 0.95, 0, margin);
        assert_close((double)crossing / runs, 0.95, 0, margin);
    }
}

/* Through the store: imported with their outputs' lengths, fitted, read by rnngen as ever. */
static void from_import_to_header(void **state)
{
    (void)state;
    struct random random = {5};
    char *folder = test_scratch("sequence"), *text = NULL, *out, *err;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,round,output_length\n", memory);
    for (int i = 0; i < PER_TARGET; i++) {
        for (int t = 0; t < 2; t++) {
            uint32_t n = 10 + 30 * (uint32_t)(i % LENGTHS), m = draw_output(n, &random);
            fprintf(memory, "%u,%.9f,%s,%d,%u\n", n,
                    1e-3 * (truth[t][0] + truth[t][1] * n + truth[t][2] * m), t ? "cloud" : "edge",
                    i / LENGTHS, m);
        }
    }
    fclose(memory);
    char *csv = test_write(folder, "times.csv", text);
    /* M(n) = 0.8 n + 4 to the digit */
    char *pairs =
        test_write(folder, "pairs.csv", "n_in,n_out\n10,12\n20,20\n30,28\n40,36\n50,44\n60,52\n");
    char *bin = text_format("%s/bin", test_build());
    char *command =
        text_format("b=$(realpath %s) && cd %s && $b/rnnprof import times.csv --db a.db "
                    "--campaign s2s && $b/rnnfit --db a.db --pairs pairs.csv --json && "
                    "$b/rnngen --db a.db --name s2s -o s2s.h -q",
                    bin, folder);
    int exit = test_shell(command, &out, &err);
    if (exit != 0)
        fail_msg("exit %d: %s", exit, err);
    assert_non_null(strstr(err, "edge: T(n, m) = 3 ms + 200 us per step of the input + 1500 us"));
    json_t *document = json_loads(strchr(out, '{'), JSON_DISABLE_EOF_CHECK, NULL);
    json_t *models = json_object_get(document, "models");
    for (size_t t = 0; t < 2; t++) {
        json_t *coefficients = json_object_get(json_array_get(models, t), "coefficients");
        for (size_t i = 0; i < 2; i++)
            assert_close(json_real_value(json_array_get(coefficients, i)),
                         1e-3 * expected((int)t, (int)i), 1e-6, 0);
    }
    json_t *crossing = json_array_get(json_object_get(document, "break_even"), 0);
    assert_close(json_real_value(json_object_get(crossing, "length")), 195.6 / 1.03, 1e-5, 0);
    json_decref(document);
    char *header = text_format("%s/s2s.h", folder), *made = test_read(header);
    assert_non_null(strstr(made, "s2s_choose"));
    free(made);
    free(header);
    free(bin);
    free(command);
    free(pairs);
    free(csv);
    free(text);
    free(out);
    free(err);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold),
        cmocka_unit_test(from_import_to_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
