// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a replay costs: a million requests over a link that varies, with all policies, beside a
 * plain loop that draws as many lengths and adds up two costs each.
 */
#include "base/clock.h"
#include "base/memory.h"
#include "evaluator/outcome.h"
#include "evaluator/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_REQUESTS = 1000000, N_LENGTHS = 200, N_ROUNDS = 20, REPEATS = 3 };

struct bench {
    char *folder, *samples, *trace;
    struct model_set models;
    struct cost_pair pair;
    struct decision_table table;
    struct histogram histogram;
    struct draws draws;
    struct link_source *link;
};

static enum status add_line(struct model_set *set, const char *target, enum quantity quantity,
                            double intercept, double slope, struct error *error)
{
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = FORM_LINEAR,
                               .segments = malloc(sizeof(struct segment)),
                               .n_segments = 1,
                               .n_min = 1,
                               .n_max = 640};
    if (!model.segments)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    model.segments[0] = (struct segment){1, 640, intercept, slope, 0};
    enum status status = model_set_add(set, &model, error);
    cost_model_free(&model);
    return status;
}

/* The files that a replay is fed from. */
static enum status write_files(struct bench *b, struct error *error)
{
    const char *build = getenv("BUILD");
    b->folder = text_format("%s/bench_replay.XXXXXX", build ? build : "build");
    if (!b->folder || !mkdtemp(b->folder))
        return error_set(error, STATUS_IO, "no scratch folder");
    b->samples = text_format("%s/samples.csv", b->folder);
    b->trace = text_format("%s/trace.csv", b->folder);
    FILE *samples = fopen(b->samples, "w"), *trace = fopen(b->trace, "w");
    if (!samples || !trace)
        return error_set(error, STATUS_IO, "%s: no files", b->folder);
    fputs("target,length,time_s,rtt_s,round\n", samples);
    for (int round = 0; round < N_ROUNDS; round++) {
        for (int n = 16; n <= 640; n += 48) {
            double noise = 1 + 0.002 * (n * 7 % 11 + round);
            fprintf(samples, "edge,%d,%.9f,,%d\n", n, noise * n * 1e-3, round);
            fprintf(samples, "cloud,%d,%.9f,0.02,%d\n", n, 0.02 + noise * (0.1 + n * 1e-4), round);
        }
    }
    fputs("t_s,rtt_ms,up_mbps,down_mbps\n", trace);
    for (int t = 0; t < 600; t++)
        fprintf(trace, "%d,%d,%d,%d\n", t, 10 + t * 37 % 90, 2 + t % 7, 5 + t % 11);
    return fclose(samples) || fclose(trace) ? error_set(error, STATUS_IO, "%s: full", b->folder)
                                            : STATUS_OK;
}

static enum status make_models(struct bench *b, struct error *error)
{
    struct table_options options = {
        .edge = "edge", .cloud = "cloud", .link = LINK_RTT, .rtt_s = 0.02, .max_regret = -1};
    model_set_init(&b->models);
    b->models.rtt_s = 0.02;
    b->models.up_s_per_byte = b->models.down_s_per_byte = NAN;
    enum status status = add_line(&b->models, "edge", QUANTITY_TIME_S, 0, 1e-3, error);
    if (!status)
        status = add_line(&b->models, "cloud", QUANTITY_REMOTE_S, 0.1, 1e-4, error);
    if (!status)
        status = cost_pair_find(&b->models, "edge", "cloud", &b->pair, error);
    return status ? status : decision_table_build(&b->models, &options, &b->table, error);
}

static enum status set_up(struct bench *b, struct error *error)
{
    struct hold_out none = {0};
    struct dataset dataset;
    struct link_rest rest = {NAN, NAN, NAN};
    b->histogram = (struct histogram){.lengths = malloc(N_LENGTHS * sizeof(uint32_t)),
                                      .counts = malloc(N_LENGTHS * sizeof(uint64_t)),
                                      .n = N_LENGTHS};
    if (!b->histogram.lengths || !b->histogram.counts)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for lengths");
    for (uint32_t i = 0; i < N_LENGTHS; i++) {
        b->histogram.lengths[i] = 4 * i + 1;
        b->histogram.total += b->histogram.counts[i] = 1 + i * 31 % 17;
    }
    enum status status = make_models(b, error);
    if (!status)
        status = write_files(b, error);
    if (!status)
        status = link_source_open(b->trace, &rest, &b->link, error);
    if (!status)
        status = dataset_from_csv(b->samples, "edge", &none, &dataset, error);
    if (status)
        return status;
    status = draws_make(&dataset, "edge", "cloud", &b->pair, &b->draws, error);
    dataset_free(&dataset);
    return status;
}

/* The plain loop: *sum_s keeps the compiler from leaving it out. */
static enum status loop(const struct bench *b, double *took_s, double *sum_s, struct error *error)
{
    struct length_sampler sampler;
    struct random random = {1};
    int64_t started_ns = clock_ns();
    enum status status = length_sampler_make(&b->histogram, &sampler, error);
    if (status)
        return status;
    double edge_s = 0, cloud_s = 0;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        uint32_t n = length_sampler_draw(&sampler, &random);
        edge_s += 1e-3 * n;
        cloud_s += 0.12 + 1e-4 * n;
    }
    *sum_s += edge_s + cloud_s;
    *took_s = (double)(clock_ns() - started_ns) * 1e-9;
    length_sampler_free(&sampler);
    return STATUS_OK;
}

static enum status replay(const struct bench *b, const struct arrivals *arrivals, double *made_s,
                          double *judged_s, struct error *error)
{
    const struct replay_options options = {
        .n_requests = N_REQUESTS, .seed = 1, .arrivals = *arrivals, .timeout_s = 30};
    struct cost_link design = cost_link_measured(&b->models);
    struct ledger ledger;
    struct evaluation evaluation = {0};
    bool all[MAX_POLICIES];
    memset(all, 1, sizeof all);
    int64_t started_ns = clock_ns();
    enum status status = ledger_init(&ledger, N_REQUESTS, &b->histogram, error);
    if (status)
        return status;
    ledger_know(&ledger, &b->pair, NULL, &b->table, &design);
    status = replay_ledger(&options, &b->histogram, &b->draws, &b->pair, b->link, &ledger, error);
    int64_t made_ns = clock_ns();
    if (!status)
        status = evaluation_make(&ledger, all, 1, &evaluation, error);
    *made_s = (double)(made_ns - started_ns) * 1e-9;
    *judged_s = (double)(clock_ns() - made_ns) * 1e-9;
    evaluation_free(&evaluation);
    ledger_free(&ledger);
    return status;
}

static enum status compare(const struct bench *b, const char *name, const struct arrivals *arrivals,
                           struct error *error)
{
    double plain_s = INFINITY, made_s = INFINITY, judged_s = INFINITY, sum_s = 0;
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < REPEATS; i++) {
        double p = 0, m = 0, j = 0;
        status = loop(b, &p, &sum_s, error);
        if (!status)
            status = replay(b, arrivals, &m, &j, error);
        plain_s = fmin(plain_s, p);
        made_s = fmin(made_s, m);
        judged_s = fmin(judged_s, j);
    }
    if (!status)
        printf("replay, %s: %.2f million requests/s with %zu policies (made in %.2f s, judged in "
               "%.2f s); a plain loop is %.0f times as fast (%.3g s in all)\n",
               name, N_REQUESTS * 1e-6 / (made_s + judged_s), n_policies, made_s, judged_s,
               (made_s + judged_s) / plain_s, sum_s);
    return status;
}

static void clean_up(struct bench *b)
{
    link_source_free(b->link);
    draws_free(&b->draws);
    histogram_free(&b->histogram);
    decision_table_free(&b->table);
    model_set_free(&b->models);
    if (b->samples)
        unlink(b->samples);
    if (b->trace)
        unlink(b->trace);
    if (b->folder)
        rmdir(b->folder);
    free(b->samples);
    free(b->trace);
    free(b->folder);
}

int main(void)
{
    static const struct arrivals closed = {.kind = ARRIVALS_CLOSED};
    static const struct arrivals open = {.kind = ARRIVALS_POISSON, .rate = 3};
    struct bench bench = {0};
    struct error error = {0};
    enum status status = set_up(&bench, &error);
    if (!status)
        status = compare(&bench, "closed loop", &closed, &error);
    if (!status)
        status = compare(&bench, "Poisson arrivals", &open, &error);
    clean_up(&bench);
    if (status)
        fprintf(stderr, "bench_replay: %s\n", error.text);
    return status_exit(status);
}
