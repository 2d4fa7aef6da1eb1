// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Adaptive sweeps over simulated places, through the real sweep, store and fitter. Two ratios:
 * - the efficiency per second of measuring: the variance that the break-even has by the c-optimal
 *   design of the truth, over that by the samples taken in the same time (at least 0.80);
 * - the time until the break-even's interval is as asked for, over that of a plain sweep (at most
 *   1.05), both looked at after the same numbers of rounds.
 * And what makes them believable: the errors of the break-evens found, against what their samples
 * tell, and how many of their intervals hold the truth.
 */
#include "profiler/test/comparison.h"

int main(int argc, char **argv)
{
    const char *build = getenv("BUILD");
    char *path = text_format("%s/bench_sweep.db", build ? build : "build");
    int n = argc > 1 ? atoi(argv[1]) : 20;
    double least = INFINITY, most = 0;
    struct error error = {0};
    printf("%d simulated campaigns each; time against a plain sweep's for the same interval\n", n);
    printf("  %-28s efficiency  time  (adaptive, plain)  errors^2  covered\n", "");
    for (size_t i = 0; i < N_SCENARIOS; i++) {
        struct comparison t = {0};
        if (compare(&scenarios[i], path, n, &t, &error)) {
            printf("%s: %s\n", scenarios[i].name, error.text);
            return 1;
        }
        bool shared = scenarios[i].shared > 0; /* which no choice of lengths narrows */
        double efficiency = t.efficiency / t.n, slowness = t.adaptive_s / t.grid_s;
        least = shared ? least : fmin(least, efficiency);
        most = fmax(most, slowness);
        printf("  %-28s %10.2f  %4.2f  (%6.0f s, %6.0f s)  ", scenarios[i].name, efficiency,
               slowness, t.adaptive_s / t.n, t.grid_s / t.n);
        if (shared) /* of which samples one by one tell nothing */
            printf("%8s  ", "-");
        else
            printf("%8.2f  ", t.squares / t.n);
        printf("%5.0f %%\n", 100 * t.covered / t.n);
    }
    printf("least efficiency %.2f (at least 0.80), most time %.2f (at most 1.05)\n", least, most);
    free(path);
    return 0;
}
