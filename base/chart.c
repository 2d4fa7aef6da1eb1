// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/chart.h"

#include "base/html.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>

/* In the picture's own units: a unit is a point where it is shown 360 points wide. */
enum { WIDTH = 360, HEIGHT = 270, LEFT = 50, RIGHT = 348, TOP = 24, BOTTOM = 230, FONT = 12 };
enum { BARS_LEFT = 82, BARS_TOP = 8, BAR_PITCH = 24, BAR_HEIGHT = 14, BARS_BELOW = 40 };
enum { CELLS_X = 75, CELLS_Y = 52, MAX_TICKS = 7, LEGEND_LETTERS = 36 };

/* Keeps a note legible over what was drawn before it. */
static const char halo[] = " stroke=\"#ffffff\" stroke-width=\"3\" paint-order=\"stroke\"";

static double at_x(const struct chart *chart, double x)
{
    return LEFT + (x - chart->x.low) / (chart->x.high - chart->x.low) * (RIGHT - LEFT);
}

static double at_y(const struct chart *chart, double y)
{
    return BOTTOM - (y - chart->y.low) / (chart->y.high - chart->y.low) * (BOTTOM - TOP);
}

/* 1, 2 or 5 times a power of ten. */
static double tick_step(double range, int most)
{
    double raw = range / most, power = pow(10, floor(log10(raw))), lead = raw / power;
    return (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10) * power;
}

struct chart_axis chart_axis_around(double low, double high, const char *title)
{
    if (!(high > low)) {
        double about = fmax(fabs(low), 1e-9);
        low -= about / 2;
        high += about / 2;
    }
    double step = tick_step(high - low, MAX_TICKS);
    return (struct chart_axis){floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step,
                               title};
}

static void put_label(FILE *out, double x, double y, const char *anchor, const char *more,
                      const char *text)
{
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>", x, y, anchor, more);
    html_put_text(out, text);
    fputs("</text>\n", out);
}

static void put_ticks(const struct chart *chart, const struct chart_axis *axis, bool upright)
{
    double step = tick_step(axis->high - axis->low, upright ? 6 : MAX_TICKS);
    double first = ceil(axis->low / step - 1e-9);
    for (double i = first; i * step <= axis->high + 1e-9 * step; i++) {
        char text[32];
        double value = i * step;
        snprintf(text, sizeof text, "%.6g", fabs(value) < step / 2 ? 0 : value);
        if (upright) {
            double y = at_y(chart, value);
            fprintf(chart->out, "<path d=\"M%d %.1fH%d\" stroke=\"#e4e4e4\"/>\n", LEFT, y, RIGHT);
            put_label(chart->out, LEFT - 5, y + 4, "end", "", text);
        } else {
            double x = at_x(chart, value);
            fprintf(chart->out, "<path d=\"M%.1f %dV%d\" stroke=\"#e4e4e4\"/>\n", x, TOP, BOTTOM);
            put_label(chart->out, x, BOTTOM + 16, x > RIGHT - 12 ? "end" : "middle", "", text);
        }
    }
}

static void put_svg(FILE *out, const char *title, int height)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\" role=\"img\" font-family=\"system-ui, 'DejaVu Sans', Helvetica, "
            "sans-serif\" font-size=\"%d\" fill=\"#222222\">\n<title>",
            WIDTH, height, 2 * WIDTH, 2 * height, FONT);
    html_put_text(out, title);
    fprintf(out, "</title>\n<path d=\"M0 0H%dV%dH0Z\" fill=\"#ffffff\"/>\n", WIDTH, height);
}

void chart_begin(struct chart *chart, FILE *out, const char *title, struct chart_axis x,
                 struct chart_axis y)
{
    *chart = (struct chart){.out = out, .x = x, .y = y};
    put_svg(out, title, HEIGHT);
    put_ticks(chart, &chart->x, false);
    put_ticks(chart, &chart->y, true);
    put_label(chart->out, (LEFT + RIGHT) / 2.0, HEIGHT - 6, "middle", "", x.title);
    put_label(chart->out, 4, 14, "start", "", y.title);
}

void chart_end(struct chart *chart)
{
    fprintf(chart->out, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#444444\"/>\n</svg>\n",
            LEFT, TOP, BOTTOM, RIGHT);
}

/* Within the axes, and half a unit from their ends. */
static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low + 0.5), high - 0.5);
}

void chart_points(struct chart *chart, const struct chart_point *points, size_t n,
                  const char *colour, double radius, double opacity)
{
    if (n == 0)
        return;
    fprintf(chart->out,
            "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.3g\" stroke-linecap=\"round\" "
            "stroke-opacity=\"%.2g\" d=\"",
            colour, 2 * radius, opacity);
    for (size_t i = 0; i < n; i++) {
        double x = at_x(chart, points[i].x), y = at_y(chart, points[i].y);
        if (isfinite(x) && isfinite(y))
            fprintf(chart->out, "M%.1f %.1fh0", clamp(x, LEFT, RIGHT), clamp(y, TOP, BOTTOM));
    }
    fputs("\"/>\n", chart->out);
}

/* The shade is relative to the fullest cell of the column: lengths rarely fall evenly on columns.
 */
static void put_column(const struct chart *chart, const double *counts, size_t column)
{
    double width = (double)(RIGHT - LEFT) / CELLS_X, height = (double)(BOTTOM - TOP) / CELLS_Y;
    double most = 0;
    for (size_t row = 0; row < CELLS_Y; row++)
        most = fmax(most, counts[row * CELLS_X + column]);
    for (size_t row = 0; row < CELLS_Y; row++) {
        double count = counts[row * CELLS_X + column];
        if (count > 0)
            fprintf(chart->out, "<path fill-opacity=\"%.2f\" d=\"M%.1f %.1fh%.1fv%.1fh-%.1fz\"/>\n",
                    0.12 + 0.78 * log1p(count) / log1p(most), LEFT + width * (double)column,
                    TOP + height * (double)row, width, height, width);
    }
}

void chart_density(struct chart *chart, const struct chart_point *points, size_t n,
                   const char *colour)
{
    double width = (double)(RIGHT - LEFT) / CELLS_X, height = (double)(BOTTOM - TOP) / CELLS_Y;
    double *counts = calloc((size_t)CELLS_X * CELLS_Y, sizeof *counts);
    for (size_t i = 0; counts && i < n; i++) {
        double x = at_x(chart, points[i].x), y = at_y(chart, points[i].y);
        if (!isfinite(x) || !isfinite(y))
            continue;
        size_t column = (size_t)((clamp(x, LEFT, RIGHT) - LEFT) / width);
        size_t row = (size_t)((clamp(y, TOP, BOTTOM) - TOP) / height);
        counts[row * CELLS_X + column]++;
    }
    fprintf(chart->out, "<g fill=\"%s\">\n", colour);
    for (size_t column = 0; counts && column < CELLS_X; column++)
        put_column(chart, counts, column);
    fputs("</g>\n", chart->out);
    free(counts);
}

/* One point of a path, kept near the picture: far ones would make numbers that no reader takes. */
static void put_vertex(const struct chart *chart, struct chart_point point, char letter)
{
    fprintf(chart->out, "%c%.1f %.1f", letter, at_x(chart, point.x),
            fmin(fmax(at_y(chart, point.y), -1e4), 1e4));
}

static void put_clip(const struct chart *chart)
{
    fprintf(chart->out,
            "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" viewBox=\"%d %d %d %d\">", LEFT, TOP,
            RIGHT - LEFT, BOTTOM - TOP, LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP);
}

void chart_line(struct chart *chart, const struct chart_point *points, size_t n, const char *colour,
                double width, bool dashed)
{
    put_clip(chart);
    fprintf(chart->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.3g\"%s d=\"", colour,
            width, dashed ? " stroke-dasharray=\"4 3\"" : "");
    bool pen = false;
    for (size_t i = 0; i < n; i++) {
        bool there = isfinite(points[i].x) && isfinite(points[i].y);
        if (there)
            put_vertex(chart, points[i], pen ? 'L' : 'M');
        pen = there;
    }
    fputs("\"/></svg>\n", chart->out);
}

void chart_band(struct chart *chart, const struct chart_point *low, const struct chart_point *high,
                size_t n, const char *colour)
{
    char letter = 'M';
    put_clip(chart);
    fprintf(chart->out, "<path fill=\"%s\" fill-opacity=\"0.22\" d=\"", colour);
    for (size_t i = 0; i < n; i++) {
        if (isfinite(low[i].x) && isfinite(low[i].y) && isfinite(high[i].y)) {
            put_vertex(chart, low[i], letter);
            letter = 'L';
        }
    }
    for (size_t i = n; i-- > 0;) {
        if (isfinite(low[i].x) && isfinite(low[i].y) && isfinite(high[i].y))
            put_vertex(chart, high[i], 'L');
    }
    fputs(letter == 'L' ? "Z\"/></svg>\n" : "\"/></svg>\n", chart->out);
}

void chart_mark(struct chart *chart, double x, double low, double high, const char *note)
{
    double place = at_x(chart, x);
    if (low <= high) {
        double from = fmin(fmax(at_x(chart, low), LEFT), RIGHT);
        double to = fmin(fmax(at_x(chart, high), LEFT), RIGHT);
        fprintf(chart->out,
                "<path d=\"M%.1f %dH%.1fV%dH%.1fZ\" fill=\"#888888\" fill-opacity=\"0.25\"/>\n",
                from, TOP, fmax(to, from + 0.5), BOTTOM, from);
    }
    if (!(place >= LEFT && place <= RIGHT))
        return;
    bool right = place > (LEFT + RIGHT) / 2.0;
    fprintf(chart->out, "<path d=\"M%.1f %dV%d\" stroke=\"#444444\" stroke-dasharray=\"4 3\"/>\n",
            place, TOP, BOTTOM);
    put_label(chart->out, place + (right ? -4 : 4), BOTTOM - 6 - 15 * (chart->n_marks++ % 6),
              right ? "end" : "start", halo, note);
}

/* What fits beside the legend's stroke, whole characters of UTF-8. */
static size_t cut_legend(const char *text)
{
    size_t bytes = 0;
    for (int n = 0; text[bytes] && n <= LEGEND_LETTERS; bytes++)
        n += ((unsigned char)text[bytes + 1] & 0xc0) != 0x80;
    return bytes;
}

void chart_legend(struct chart *chart, const char *colour, const char *text)
{
    double y = TOP + 14 + 15 * chart->n_legend++;
    size_t bytes = cut_legend(text);
    char *cut = text[bytes] ? text_format("%.*s...", (int)bytes, text) : NULL;
    fprintf(chart->out, "<path d=\"M%d %.1fh12\" stroke=\"%s\" stroke-width=\"4\"/>\n", LEFT + 8,
            y - 4, colour);
    put_label(chart->out, LEFT + 24, y, "start", halo, cut ? cut : text);
    free(cut);
}

/* ---- bars */

/* Where a value is between BARS_LEFT and RIGHT, a fifth of which is for notes. */
static double along(double value, double most)
{
    double room = 0.8 * (RIGHT - BARS_LEFT);
    return BARS_LEFT + room * fmin(fmax(value / most, 0), 1);
}

static double most_of(const struct chart_bar *bars, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        most = isfinite(bars[i].value) ? fmax(most, bars[i].value) : most;
        most =
            bars[i].low <= bars[i].high && isfinite(bars[i].high) ? fmax(most, bars[i].high) : most;
    }
    return most > 0 ? most : 1;
}

static void put_bar(FILE *out, const struct chart_bar *bar, double top, double most)
{
    double middle = top + BAR_HEIGHT / 2.0, end = along(bar->value, most);
    put_label(out, BARS_LEFT - 5, middle + 4, "end", "", bar->name);
    if (isfinite(bar->value))
        fprintf(out, "<path d=\"M%d %.1fH%.1fv%dH%dZ\" fill=\"%s\"/>\n", BARS_LEFT, top, end,
                BAR_HEIGHT, BARS_LEFT, bar->colour);
    if (bar->low <= bar->high) {
        fprintf(out,
                "<path d=\"M%.1f %.1fv8m0 -4H%.1fm0 -4v8\" fill=\"none\" stroke=\"#000000\" "
                "stroke-width=\"1.3\"/>\n",
                along(bar->low, most), middle - 4, along(bar->high, most));
    }
}

static void put_note(FILE *out, const struct chart_bar *bar, double top, double most)
{
    double end = fmax(along(bar->value, most), bar->low <= bar->high ? along(bar->high, most) : 0);
    put_label(out, end + 5, top + BAR_HEIGHT / 2.0 + 4, "start", halo, bar->note);
}

static double top_of(size_t i)
{
    return BARS_TOP + (BAR_PITCH - BAR_HEIGHT) / 2.0 + BAR_PITCH * (double)i;
}

void chart_bars(FILE *out, const char *title, const struct chart_bar *bars, size_t n,
                const char *axis_title, double reference)
{
    int bottom = BARS_TOP + BAR_PITCH * (int)n;
    double most = most_of(bars, n), step = tick_step(most, 5);
    put_svg(out, title, bottom + BARS_BELOW);
    for (double i = 0; i * step <= most * (1 + 1e-9); i++) {
        char text[32];
        snprintf(text, sizeof text, "%.6g", i * step);
        fprintf(out, "<path d=\"M%.1f %dV%d\" stroke=\"#e4e4e4\"/>\n", along(i * step, most),
                BARS_TOP, bottom);
        put_label(out, along(i * step, most), bottom + 15, "middle", "", text);
    }
    for (size_t i = 0; i < n; i++)
        put_bar(out, &bars[i], top_of(i), most);
    if (isfinite(reference))
        fprintf(out, "<path d=\"M%.1f %dV%d\" stroke=\"#444444\" stroke-dasharray=\"4 3\"/>\n",
                along(reference, most), BARS_TOP, bottom);
    for (size_t i = 0; i < n; i++) /* legible over all of it */
        put_note(out, &bars[i], top_of(i), most);
    put_label(out, (BARS_LEFT + RIGHT) / 2.0, bottom + 33, "middle", "", axis_title);
    fprintf(out, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#444444\"/>\n</svg>\n", BARS_LEFT,
            BARS_TOP, bottom, RIGHT);
}
