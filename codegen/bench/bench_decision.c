// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What a decision costs: a header is generated for a linear pair, compiled as a product would, and
 * its functions are timed beside a comparison written by hand, counted under callgrind, and weighed
 * for a Cortex-M0+. Run from the repository's root.
 */
#include "base/memory.h"
#include "base/texttable.h"
#include "codegen/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status add_line(struct model_set *set, const char *target, enum quantity quantity,
                            double intercept, double slope, struct error *error)
{
    struct cost_model model = {.target = text_copy(target),
                               .quantity = quantity,
                               .form = FORM_LINEAR,
                               .segments = calloc(1, sizeof *model.segments),
                               .n_segments = 1,
                               .n_min = 1,
                               .n_max = 512};
    model.segments[0] = (struct segment){1, 512, intercept, slope, 0};
    return model_set_add(set, &model, error);
}

/* The header of the pair that decision_loop.c evaluates in floating point. */
static enum status write_header(const char *path, struct error *error)
{
    struct model_set set;
    struct decision_table table = {0};
    struct campaign campaign = {.name = (char *)"bench"};
    struct target edge = {.name = (char *)"edge"}, cloud = {.name = (char *)"cloud"};
    struct table_options options = {"edge", "cloud", LINK_RTT, 20e-3, 0, NULL};
    model_set_init(&set);
    enum status status = add_line(&set, "edge", QUANTITY_TIME_S, 120e-6, 65e-6, error);
    if (!status)
        status = add_line(&set, "cloud", QUANTITY_REMOTE_S, 900e-6, 12e-6, error);
    if (!status)
        status = decision_table_build(&set, &options, &table, error);
    FILE *out = status ? NULL : fopen(path, "w");
    if (!status && !out)
        status = error_set(error, STATUS_IO, "%s cannot be written", path);
    if (out) {
        struct certificate certificate = certificate_make(&table);
        struct header_facts facts = {"imdb", &campaign, &edge,        &cloud,
                                     &set,   &table,    &certificate, NULL};
        header_write(out, &facts);
        fclose(out);
        decision_table_free(&table);
    }
    model_set_free(&set);
    return status;
}

/* Runs a command, which is freed; its output is returned, to be freed. */
static char *run(char *command)
{
    char *text = NULL;
    size_t size = 0;
    FILE *pipe = command ? popen(command, "r") : NULL, *memory = open_memstream(&text, &size);
    for (int c; pipe && memory && (c = fgetc(pipe)) != EOF;)
        fputc(c, memory);
    if (memory)
        fclose(memory);
    if (!pipe || pclose(pipe) != 0)
        fprintf(stderr, "bench_decision: failed: %s\n", command ? command : "out of memory");
    free(command);
    return text;
}

/* Instructions per call as callgrind counts them; < 0: no valgrind. */
static double count_instructions(const char *folder, const char *function)
{
    char *text = run(text_format("valgrind --tool=callgrind --callgrind-out-file=%s/out "
                                 "--toggle-collect=%s %s/loop %s 2>&1 | "
                                 "sed -n 's/.*Collected : //p'",
                                 folder, function, folder, function));
    double n = text && *text ? strtod(text, NULL) / 4096 : -1;
    free(text);
    return n;
}

static void print_times(const char *folder)
{
    char *times = run(text_format("%s/loop", folder)), *rest = NULL;
    struct text_table *table =
        text_table_new("<decision|ns per call|ratio to by_hand|instructions (callgrind)");
    for (char *name = strtok_r(times, " \n", &rest); name; name = strtok_r(NULL, " \n", &rest)) {
        const char *ns = strtok_r(NULL, " \n", &rest), *ratio = strtok_r(NULL, " \n", &rest);
        double instructions = count_instructions(folder, name);
        text_table_cell(table, "%s", name);
        text_table_cell(table, "%s", ns ? ns : "");
        text_table_cell(table, "%s", ratio ? ratio : "");
        if (instructions >= 0)
            text_table_cell(table, "%.1f", instructions);
        else
            text_table_cell(table, "no valgrind");
    }
    text_table_print(table, stdout, 0);
    text_table_free(table);
    free(times);
}

int main(void)
{
    struct error error = {0};
    const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
    char *folder = text_format("%s/bench/decision", build);
    char *header = text_format("%s/imdb.h", folder);
    free(run(text_format("mkdir -p %s", folder)));
    if (write_header(header, &error)) {
        fprintf(stderr, "bench_decision: %s\n", error.text);
        return TOOL_FAILED;
    }
    free(run(text_format("gcc -std=c11 -D_GNU_SOURCE -O2 -g -I. -I%s "
                         "codegen/bench/decision_loop.c base/clock.c -o %s/loop",
                         folder, folder)));
    print_times(folder);
    char *sizes = run(text_format("codegen/bench/count_instructions.sh %s imdb", header));
    printf("\ncompiled, without the call:\n%s", sizes);
    free(sizes);
    free(header);
    free(folder);
    return TOOL_DONE;
}
