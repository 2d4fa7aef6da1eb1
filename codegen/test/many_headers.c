// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Headers of random sets of models, for two builds to be compared by what they print:
 *
 *     many_headers SEED COUNT           a line for each: its number and a hash of its bytes
 *     many_headers SEED COUNT NUMBER    that header
 */
#include "base/memory.h"
#include "base/random.h"
#include "base/tool.h"
#include "codegen/header.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 4 };

/* One to four segments of any slope on a scale from nanoseconds to seconds per step; now and then
 * on whole microseconds, where every rounding is a tie. */
static enum status add_model(struct model_set *set, struct random *random, const char *target,
                             enum quantity quantity, double unit, uint32_t n_max,
                             struct error *error)
{
    size_t n = n_max < 16 ? 1 : 1 + (size_t)random_below(random, SEGMENTS_MAX);
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = n > 1 ? FORM_PIECEWISE : FORM_LINEAR,
                               .segments = calloc(n, sizeof *model.segments),
                               .n_segments = n,
                               .n_min = 1,
                               .n_max = n_max,
                               .n_samples = 100,
                               .n_lengths = 10};
    if (!model.segments)
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    bool whole = random_below(random, 4) == 0;
    for (size_t i = 0; i < n; i++) {
        double slope = unit * (3 * random_uniform(random) - 0.5);
        double intercept = unit * (1000 * random_uniform(random) - 50);
        if (whole) {
            slope = round(slope * 1e6) / 1e6;
            intercept = round(intercept * 1e6) / 1e6;
        }
        model.segments[i] = (struct segment){i ? (uint32_t)(i * n_max / n) + 1 : 1,
                                             (uint32_t)((i + 1) * n_max / n), intercept, slope, 0};
    }
    return model_set_add(set, &model, error);
}

static enum status make_header(struct random *random, char **text, size_t *size,
                               struct error *error)
{
    struct model_set set;
    struct decision_table table = {0};
    struct campaign campaign = {.name = (char *)"many"};
    struct target edge = {.name = (char *)"edge"}, cloud = {.name = (char *)"cloud"};
    double unit = 1e-9 * (double)(UINT64_C(1) << random_below(random, 31));
    uint32_t n_max = 1 + (uint32_t)random_below(random, random_below(random, 4) ? 600 : 100000);
    double rtt_s = unit * n_max * random_uniform(random);
    double max_regret = random_below(random, 3) ? 0 : 0.05 * random_uniform(random);
    enum link_kind link = random_below(random, 3) ? LINK_RTT : LINK_FIXED;

    model_set_init(&set);
    set.campaign = text_copy("many");
    set.rtt_s = rtt_s;
    enum status status = add_model(&set, random, "edge", QUANTITY_TIME_S, unit, n_max, error);
    if (!status)
        status = add_model(&set, random, "cloud", QUANTITY_REMOTE_S, unit / 2, n_max, error);
    struct table_options options = {
        .edge = "edge", .cloud = "cloud", .link = link, .rtt_s = rtt_s, .max_regret = max_regret};
    if (!status)
        status = decision_table_build(&set, &options, &table, error);
    FILE *out = status ? NULL : open_memstream(text, size);
    if (out) {
        struct certificate certificate = certificate_make(&table, NULL);
        struct header_facts facts = {.name = "many",
                                     .campaign = &campaign,
                                     .edge = &edge,
                                     .cloud = &cloud,
                                     .set = &set,
                                     .table = &table,
                                     .certificate = &certificate,
                                     .means = &set,
                                     .up_bit_s = NAN,
                                     .down_bit_s = NAN};
        header_write(out, &facts);
        fclose(out);
    }
    decision_table_free(&table);
    model_set_free(&set);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: many_headers SEED COUNT [NUMBER]\n");
        return TOOL_MISUSE;
    }
    struct random random = {strtoull(argv[1], NULL, 10)};
    long count = strtol(argv[2], NULL, 10), wanted = argc > 3 ? strtol(argv[3], NULL, 10) : -1;
    for (long i = 0; i < count; i++) {
        struct error error = {0};
        char *text = NULL;
        size_t size = 0;
        uint64_t hash = UINT64_C(14695981039346656037);
        enum status status = make_header(&random, &text, &size, &error);
        const char *made = status ? error.text : text;
        for (const char *c = made; *c; c++)
            hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
        if (wanted < 0)
            printf("%ld %016" PRIx64 "%s\n", i, hash, status ? " refused" : "");
        else if (wanted == i)
            puts(made);
        free(text);
    }
    return TOOL_DONE;
}
