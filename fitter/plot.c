// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/plot.h"

#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "fitter/pictures.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { CURVE_POINTS = 240 };

/* Blue, orange, green, purple: told apart by the colour-blind (Okabe and Ito 2008). */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7"};
enum { N_COLOURS = sizeof colours / sizeof *colours };

/* What is drawn, and of which target. */
struct subject {
    const struct view *view;
    const struct report *report;
    size_t t;
};

static void draw_times(const struct subject *s, FILE *out)
{
    picture_times(s->view, s->report, out);
}

static void draw_residuals(const struct subject *s, FILE *out)
{
    picture_residuals(s->view, s->t, out);
}

static void draw_quantiles(const struct subject *s, FILE *out)
{
    picture_quantiles(s->view, s->t, out);
}

static void draw_energies(const struct subject *s, FILE *out)
{
    picture_energies(s->report, out);
}

static void draw_output_length(const struct subject *s, FILE *out)
{
    picture_output_length(s->report->output_length, out);
}

static bool has_energies(const struct report *report)
{
    for (size_t i = 0; i < report->set->n_models; i++) {
        if (report->set->models[i].quantity == QUANTITY_ENERGY_J)
            return true;
    }
    return false;
}

static bool has_output_length(const struct report *report)
{
    return report->output_length;
}

/* The vector pictures, one each or one for each target. */
static const struct {
    const char *name;
    bool each_target;
    bool (*wanted)(const struct report *report); /* NULL: always */
    void (*draw)(const struct subject *s, FILE *out);
} files[] = {
    {"time_vs_length", false, NULL, draw_times},
    {"residuals", true, NULL, draw_residuals},
    {"quantiles", true, NULL, draw_quantiles},
    {"energy_vs_length", false, has_energies, draw_energies},
    {"output_length", false, has_output_length, draw_output_length},
};

/* A target's name as a part of a file's; with its number where that is not the name itself. */
static char *file_part(const struct subject *s)
{
    char *part = text_copy(s->view->targets[s->t].name);
    bool changed = false;
    for (char *c = part; c && *c; c++) {
        if (isalnum((unsigned char)*c) || *c == '-' || *c == '_')
            continue;
        *c = '_';
        changed = true;
    }
    if (!changed)
        return part;
    char *numbered = text_format("%s_%zu", part, s->t + 1);
    free(part);
    return numbered;
}

static enum status write_picture(size_t which, const struct subject *s, const char *folder,
                                 struct error *error)
{
    struct outfile file = {0};
    char *part = files[which].each_target ? file_part(s) : NULL;
    char *path = part ? text_format("%s/%s_%s.svg", folder, files[which].name, part)
                      : text_format("%s/%s.svg", folder, files[which].name);
    enum status status = path ? outfile_open(&file, path, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a file name");
    if (!status) {
        files[which].draw(s, file.stream);
        status = outfile_commit(&file, error);
    }
    free(part);
    free(path);
    return status;
}

/* ---- the PNG, by gnuplot */

static void put_samples(const struct view_target *target, FILE *out)
{
    size_t step = target->n / PICTURE_POINTS + 1;
    for (size_t i = 0; i < target->n; i += step)
        fprintf(out, "%u %.9g\n", target->samples[i].length, target->samples[i].time_s * 1e3);
    fputs("\n\n", out);
}

static void put_curve(const struct view_curve *curve, double n_max, FILE *out)
{
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double n = 1 + (n_max - 1) * i / CURVE_POINTS;
        double value = view_curve_value(curve, n), half = view_curve_half_width(curve, n);
        fprintf(out, "%.9g %.9g %.9g %.9g\n", n, value * 1e3, (value - half) * 1e3,
                (value + half) * 1e3);
    }
    fputs("\n\n", out);
}

static void put_break_even(const struct break_even *b, FILE *script)
{
    if (b->verdict != VERDICT_CROSSING)
        return;
    if (b->has_interval)
        fprintf(script,
                "set object rectangle from first %.9g, graph 0 to first %.9g, graph 1 back "
                "fillcolor rgb '#999999' fillstyle solid 0.25 noborder\n",
                b->low, b->high);
    fprintf(script,
            "set arrow from first %.9g, graph 0 to first %.9g, graph 1 nohead dashtype 2 "
            "linecolor rgb '#444444'\n",
            b->length, b->length);
    fprintf(script, "set label 'break-even %.1f", b->length);
    if (b->has_interval)
        fprintf(script, " [%.1f, %.1f]", b->low, b->high);
    fprintf(script, "' at first %.9g, graph 0.04 offset 1,0 textcolor rgb '#444444'\n", b->length);
}

static void put_plots(const struct view *view, FILE *script)
{
    for (size_t t = 0; t < view->n_targets; t++) {
        const struct view_target *target = &view->targets[t];
        const char *colour = colours[t % N_COLOURS];
        bool remote = target->curve.main->quantity == QUANTITY_REMOTE_S;
        char *samples = text_format("%s: samples", target->name);
        char *model =
            text_format("%s: %s model%s", target->name, form_name(target->curve.main->form),
                        remote ? ", and the link" : "");
        fprintf(script,
                "%s'time_vs_length.dat' index %zu using 1:2 with points pointtype 7 "
                "pointsize 0.35 linecolor rgb '#90%s' title ",
                t ? ", " : "plot ", 2 * t, colour + 1);
        gnuplot_put_text(script, samples ? samples : "");
        fprintf(script,
                " noenhanced, '' index %zu using 1:3:4 with filledcurves fillcolor rgb '%s' "
                "fillstyle transparent solid 0.25 notitle, "
                "'' index %zu using 1:2 with lines linewidth 2 linecolor rgb '%s' title ",
                2 * t + 1, colour, 2 * t + 1, colour);
        gnuplot_put_text(script, model ? model : "");
        fputs(" noenhanced", script);
        free(samples);
        free(model);
    }
    fputs("\nset output\n", script);
}

static void put_script(const struct view *view, const struct report *report, FILE *script)
{
    char text[COST_LINK_TEXT_SIZE];
    const struct model_set *set = report->set;
    cost_link_text(&view->link, !isnan(set->up_s_per_byte), !isnan(set->down_s_per_byte), text);
    fputs("# drawn by rnnfit --plot\n"
          "set terminal pngcairo size 1100,700 font 'DejaVu Sans,12'\n"
          "set output 'time_vs_length.png.part'\n"
          "set xlabel 'length of the input (time steps)'\n"
          "set ylabel 'time of one inference (ms)'\n"
          "set key left top reverse Left\nset grid linecolor rgb '#dddddd'\n"
          "set border 3\nset tics nomirror out\nset yrange [0:*]\nset xrange [0:*]\n",
          script);
    fprintf(script,
            "set title \"Measured time against length; round trip %s; bands and interval "
            "95 %%\" noenhanced\n",
            text);
    for (size_t i = 0; i < report->n_break_evens; i++)
        put_break_even(&report->break_evens[i].value, script);
    put_plots(view, script);
}

static enum status draw_png(const char *folder, struct error *error)
{
    char *part = text_format("%s/time_vs_length.png.part", folder);
    char *png = text_format("%s/time_vs_length.png", folder);
    enum status status = part && png ? gnuplot_run(folder, "time_vs_length.gnuplot", error)
                                     : error_set(error, STATUS_NO_MEMORY, "out of memory");
    if (!status && rename(part, png) != 0)
        status = error_set_errno(error, STATUS_IO, errno, "%s: cannot be written", png);
    free(part);
    free(png);
    return status;
}

static enum status write_png(const struct view *view, const struct report *report,
                             const char *folder, struct error *error)
{
    struct outfile data = {0}, script = {0};
    char *data_path = text_format("%s/time_vs_length.dat", folder);
    char *script_path = text_format("%s/time_vs_length.gnuplot", folder);
    enum status status = outfile_open(&data, data_path, error);
    if (!status)
        status = outfile_open(&script, script_path, error);
    if (!status) {
        for (size_t t = 0; t < view->n_targets; t++) {
            put_samples(&view->targets[t], data.stream);
            put_curve(&view->targets[t].curve, view->n_max, data.stream);
        }
        put_script(view, report, script.stream);
        status = outfile_commit(&data, error);
    }
    if (!status)
        status = outfile_commit(&script, error);
    if (!status)
        status = draw_png(folder, error);
    outfile_abandon(&data);
    outfile_abandon(&script);
    free(data_path);
    free(script_path);
    return status;
}

enum status plot_write(const struct view *view, const struct report *report, const char *folder,
                       struct error *error)
{
    enum status status = folder_make(folder, error);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n = files[i].each_target ? view->n_targets : 1;
        for (size_t t = 0; !status && t < n && (!files[i].wanted || files[i].wanted(report)); t++) {
            const struct subject subject = {view, report, t};
            status = write_picture(i, &subject, folder, error);
        }
    }
    return status ? status : write_png(view, report, folder, error);
}
