// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a fit costs: rnnfit on a million samples over 400 lengths in a database, with the default
 * --form auto, beside one SQL aggregate over the same rows by sqlite3 in the same run; of a
 * straight line, a line with two knots and a parabola.
 */
#include "base/memory.h"
#include "base/random.h"
#include "records/store.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_LENGTHS = 400, ROUNDS = 2500, REPEATS = 5 };

static const struct curve {
    const char *name;
    double bends[2], quadratic; /* us a step, at lengths 600 and 1400; us a step^2 */
} curves[] = {
    {"line", {0, 0}, 0},
    {"two knots", {100, -50}, 0},
    {"parabola", {0, 0}, 0.04},
};

static double time_us(const struct curve *curve, double n)
{
    return 3000 + 200 * n + curve->bends[0] * fmax(n - 600, 0) +
           curve->bends[1] * fmax(n - 1400, 0) + curve->quadratic * n * n;
}

static enum status fill(struct store *store, const struct curve *curve, int64_t target_id,
                        struct error *error)
{
    struct random random = {1};
    uint32_t order[N_LENGTHS];
    struct sample *round = calloc(N_LENGTHS, sizeof *round);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < N_LENGTHS; i++)
        order[i] = 5 * (i + 1);
    for (int r = 0; !status && r < ROUNDS; r++) {
        random_shuffle(&random, order, N_LENGTHS, sizeof *order);
        for (size_t i = 0; i < N_LENGTHS; i++) {
            round[i] = sample_unknown();
            round[i].target_id = target_id;
            round[i].length = order[i];
            round[i].round = r;
            round[i].time_ns =
                (int64_t)(1e3 * time_us(curve, order[i]) * (1 + 0.03 * random_normal(&random)));
        }
        status = store_samples_append(store, round, N_LENGTHS, error);
    }
    free(round);
    return status;
}

static enum status make(const char *path, const struct curve *curve, struct error *error)
{
    struct store *store;
    struct campaign campaign = {.name = "bench"};
    struct target target = {.name = "edge"};
    enum status status = store_open(path, STORE_CREATE, &store, error);
    if (!status)
        status = store_campaign_add(store, &campaign, error);
    if (!status)
        status = store_target_add(store, campaign.id, &target, error);
    if (!status)
        status = fill(store, curve, target.id, error);
    store_close(store);
    return status;
}

struct cost {
    double cpu_s, rss_mib;
};

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

/* Keeps the least time on the processor: what else runs does not count. */
static enum status run(char *const argv[], struct cost *cost, struct error *error)
{
    struct rusage usage;
    int ended;
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDOUT_FILENO);
        execvp(argv[0], argv);
        _exit(127);
    }
    if (child < 0 || wait4(child, &ended, 0, &usage) != child || !WIFEXITED(ended) ||
        WEXITSTATUS(ended) != 0)
        return error_set(error, STATUS_EXTERNAL, "%s failed or is not there", argv[0]);
    cost->cpu_s = fmin(cost->cpu_s, seconds(&usage.ru_utime) + seconds(&usage.ru_stime));
    cost->rss_mib = fmax(cost->rss_mib, (double)usage.ru_maxrss / 1024);
    return STATUS_OK;
}

static enum status compare(const char *folder, const struct curve *curve, struct error *error)
{
    const char *build = getenv("BUILD");
    char *path = text_format("%s/fit.db", folder);
    char *tool = text_format("%s/bin/rnnfit", build ? build : "build");
    char *const aggregate[] = {
        (char *)"sqlite3", path,
        (char *)"SELECT length, count(*), avg(time_ns) FROM sample GROUP BY length", NULL};
    char *const fit[] = {tool, (char *)"--db", path, (char *)"-q", NULL};
    struct cost sql = {INFINITY, 0}, ours = {INFINITY, 0};
    enum status status = make(path, curve, error);
    for (int i = 0; !status && i < REPEATS; i++) { /* by turns: processors change their pace */
        status = run(aggregate, &sql, error);
        if (!status)
            status = run(fit, &ours, error);
    }
    if (!status)
        printf("fit: %d samples at %d lengths, %s: rnnfit %.3f s, %.0f MiB; SQL aggregate %.3f s; "
               "ratio %.2f\n",
               N_LENGTHS * ROUNDS, N_LENGTHS, curve->name, ours.cpu_s, ours.rss_mib, sql.cpu_s,
               ours.cpu_s / sql.cpu_s);
    unlink(path);
    free(path);
    free(tool);
    return status;
}

int main(void)
{
    const char *build = getenv("BUILD");
    char *folder = text_format("%s/bench_fit.XXXXXX", build ? build : "build");
    struct error error = {0};
    enum status status = STATUS_OK;
    if (!folder || !mkdtemp(folder))
        status = error_set(&error, STATUS_IO, "no scratch folder %s", folder ? folder : "");
    for (size_t i = 0; !status && i < sizeof curves / sizeof *curves; i++)
        status = compare(folder, &curves[i], &error);
    if (folder)
        rmdir(folder);
    free(folder);
    if (status)
        fprintf(stderr, "bench_fit: %s\n", error.text);
    return status_exit(status);
}
