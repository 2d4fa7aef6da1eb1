// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The host's part of bench_decision.sh, compiled by it beside a fresh header: per decision of
 * decisions.h, and of a lookup in a structure loaded from JSON, the time per call, the median over
 * repeats of its ratio to by_hand and to floating_point in the same repeat, and how often it
 * decides otherwise than the models. With an argument each is called 4096 times, for callgrind.
 */
#include "decisions.h"

#include "base/clock.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_ARGUMENTS = 4096, N_CALLS = 1 << 19, N_REPEATS = 61 };

static json_t *document;

NOT_INLINED static int json_lookup(uint32_t n, uint32_t rtt_us)
{
    json_t *list = json_object_get(document, "rules");
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *rule = json_array_get(list, i);
        if ((json_int_t)n <= json_integer_value(json_object_get(rule, "to")))
            return (json_int_t)rtt_us < json_integer_value(json_object_get(rule, "rtt_us"));
    }
    return 0;
}

static const struct {
    const char *name;
    decision *function;
} functions[] = {
    {"nothing", nothing},         {"by_hand", by_hand},     {"choose", choose},
    {"choose_rtt", choose_rtt},   {"rule_list", rule_list}, {"floating_point", floating_point},
    {"json_lookup", json_lookup},
};
enum { BY_HAND_AT = 1, FLOATING_POINT_AT = 5, N_FUNCTIONS = sizeof functions / sizeof *functions };

static uint32_t lengths[N_ARGUMENTS], round_trips[N_ARGUMENTS];
static volatile int sink;

/* Each call waits for the decision before it, as whoever acts on it does: the processor cannot make
 * several at a time and hide what one takes. */
static void call(decision *volatile function, int n_calls)
{
    decision *f = function;
    uint32_t last = 0, sum = 0;
    for (uint32_t i = 0; i < (uint32_t)n_calls; i++) {
        /* decisions are 0 or 1, which the compiler does not know here: + 0 */
        last = (uint32_t)f(lengths[i % N_ARGUMENTS] + (last >> 1),
                           round_trips[i % N_ARGUMENTS] + (last >> 1));
        sum += last;
    }
    sink = (int)sum;
}

static json_t *json_of_rules(void)
{
    size_t size = 64 * (N_RULES + 1);
    char *text = malloc(size);
    size_t used = (size_t)snprintf(text, size, "{\"rules\":[");
    for (int i = 0; i < N_RULES; i++)
        used += (size_t)snprintf(text + used, size - used, "%s{\"to\":%lu,\"rtt_us\":%lu}",
                                 i ? "," : "", (unsigned long)rules[i].to,
                                 (unsigned long)rules[i].rtt_us);
    snprintf(text + used, size - used, "]}");
    json_t *loaded = json_loads(text, 0, NULL);
    free(text);
    return loaded;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[N_REPEATS])
{
    qsort(values, N_REPEATS, sizeof *values, compare);
    return values[N_REPEATS / 2];
}

static double disagreement(decision *function)
{
    int n = 0;
    for (int i = 0; i < N_ARGUMENTS; i++)
        n += function(lengths[i], round_trips[i]) != floating_point(lengths[i], round_trips[i]);
    return 100.0 * n / N_ARGUMENTS;
}

int main(int argc, char **argv)
{
    static double ns[N_FUNCTIONS][N_REPEATS];
    uint32_t state = 1;
    (void)argv;
    rules_make();
    document = json_of_rules();
    for (int i = 0; i < N_ARGUMENTS; i++) {
        lengths[i] = draw_length(&state);
        round_trips[i] = draw_round_trip(&state);
    }
    for (int f = 0; f < N_FUNCTIONS && argc > 1; f++)
        call(functions[f].function, N_ARGUMENTS);
    /* interleaved, so that a change of the clock's speed hits all alike */
    for (int repeat = 0; repeat < N_REPEATS && argc == 1; repeat++) {
        for (int f = 0; f < N_FUNCTIONS; f++) {
            int64_t since = clock_ns();
            call(functions[f].function, N_CALLS);
            ns[f][repeat] = (double)(clock_ns() - since) / N_CALLS;
        }
    }
    for (int f = 0; f < N_FUNCTIONS && argc == 1; f++) {
        double by_hand_ratio[N_REPEATS], float_ratio[N_REPEATS], own[N_REPEATS];
        for (int i = 0; i < N_REPEATS; i++) {
            own[i] = ns[f][i];
            by_hand_ratio[i] = ns[f][i] / ns[BY_HAND_AT][i];
            float_ratio[i] = ns[f][i] / ns[FLOATING_POINT_AT][i];
        }
        printf("%s|%.3f|%.3f|%.3f|%.2f\n", functions[f].name, median(own), median(by_hand_ratio),
               median(float_ratio), disagreement(functions[f].function));
    }
    json_decref(document);
    return 0;
}
