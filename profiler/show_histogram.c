// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/quantile.h"
#include "base/terminal.h"
#include "base/units.h"
#include "profiler/show_forms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BINS = 20, LABEL = 13, COUNT = 9, LEAST_BAR = 4 }; /* columns */

struct bins {
    double from_s, width_s;
    size_t counts[MAX_BINS];
    int n;
    size_t n_below, n_above;
};

static double clamp(double value, double least, double most)
{
    return fmin(fmax(value, least), most);
}

static struct bins make_bins(const double *times_s, size_t n)
{
    double low = quantile_sorted(times_s, n, 0.25), high = quantile_sorted(times_s, n, 0.75);
    double range = high - low;
    struct bins bins = {.from_s = fmax(times_s[0], low - 3 * range), .n = 1};
    double to_s = fmin(times_s[n - 1], high + 3 * range);
    if (range > 0)
        bins.n =
            (int)clamp(ceil((to_s - bins.from_s) / (2 * range / cbrt((double)n))), 1, MAX_BINS);
    bins.width_s = (to_s - bins.from_s) / bins.n;
    for (size_t i = 0; i < n; i++) {
        double place = bins.width_s > 0 ? (times_s[i] - bins.from_s) / bins.width_s : 0;
        if (times_s[i] < bins.from_s)
            bins.n_below++;
        else if (times_s[i] > to_s)
            bins.n_above++;
        else
            bins.counts[(int)clamp(floor(place), 0, bins.n - 1)]++;
    }
    return bins;
}

/* The edges' unit, and digits enough that neighbours differ. */
struct axis {
    const char *unit;
    double unit_s;
    int decimals;
};

static struct axis make_axis(const struct bins *bins)
{
    static const struct axis units[] = {{"s", 1, 0}, {"ms", 1e-3, 0}, {"us", 1e-6, 0}};
    double most_s = bins->from_s + bins->n * bins->width_s;
    int i = 0;
    while (i < 2 && most_s < units[i].unit_s)
        i++;
    struct axis axis = units[i];
    double step = bins->width_s > 0 ? bins->width_s / axis.unit_s : 0.01;
    axis.decimals = (int)clamp(ceil(-log10(step)) + 1, 0, 6);
    return axis;
}

/* A bar of so many columns; the part of the last one in eighths, where there are such characters.
 */
static void put_bar(double columns, bool blocks, FILE *out)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int whole = (int)(blocks ? columns : round(columns));
    for (int i = 0; i < whole; i++)
        fputs(blocks ? "█" : "#", out);
    if (blocks)
        fputs(eighths[(int)((columns - whole) * 8)], out);
}

/* "  12.34 ms |#### 17", the edge with '<' or '>' before it where all beyond it are counted. */
static void put_line(const struct axis *axis, const char *beyond, double edge_s, size_t count,
                     double columns, bool blocks, FILE *out)
{
    char label[UNITS_TEXT_SIZE];
    snprintf(label, sizeof label, "%s%.*f %s", beyond, axis->decimals, edge_s / axis->unit_s,
             axis->unit);
    fprintf(out, "%*s |", LABEL, label);
    put_bar(columns, blocks, out);
    fprintf(out, " %zu\n", count);
}

void show_histogram(const double *times_s, size_t n, int width, bool blocks, FILE *out)
{
    struct bins bins = make_bins(times_s, n);
    struct axis axis = make_axis(&bins);
    size_t most = 1;
    int bar = width - LABEL - 2 - COUNT;
    for (int i = 0; i < bins.n; i++)
        most = bins.counts[i] > most ? bins.counts[i] : most;
    if (bins.n_below > 0)
        put_line(&axis, "< ", bins.from_s, bins.n_below, 0, blocks, out);
    for (int i = 0; i < bins.n; i++)
        put_line(&axis, "", bins.from_s + i * bins.width_s, bins.counts[i],
                 (double)bins.counts[i] / (double)most * fmax(bar, LEAST_BAR), blocks, out);
    if (bins.n_above > 0)
        put_line(&axis, "> ", bins.from_s + bins.n * bins.width_s, bins.n_above, 0, blocks, out);
}

/* As the C library would find it out, without the global state of setlocale. */
static bool has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *locale = NULL;
    for (int i = 0; i < 3 && !(locale && *locale); i++)
        locale = getenv(names[i]);
    return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "utf8"));
}

void show_histograms(const struct summary *summary, FILE *out)
{
    int columns = terminal_width(out);
    bool blocks = has_utf8(), any = false;
    for (size_t i = 0; i < summary->n_groups; i++) {
        const struct group *g = &summary->groups[i];
        char text[UNITS_TEXT_SIZE];
        if (g->n == 0)
            continue;
        fprintf(out, "%s%s, length %u: %zu samples, median %s\n", any ? "\n" : "",
                summary->targets[g->target].name, g->length, g->n,
                format_time(quantile_sorted(g->times_s, g->n, 0.5), text));
        show_histogram(g->times_s, g->n, columns > 0 ? columns : 80, blocks, out);
        any = true;
    }
    if (!any)
        fputs("no samples\n", out);
}
