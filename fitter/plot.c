// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/plot.h"

#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "fitter/cost_line.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_POINTS = 4000, CURVE_POINTS = 240 };

/* Blue, orange, green, purple: told apart by the colour-blind (Okabe and Ito 2008). */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7"};
enum { N_COLOURS = sizeof colours / sizeof *colours };

static const struct cost_model *time_model(const struct model_set *set,
                                           const struct dataset_target *target)
{
    return model_set_find(set, target->name, target->remote ? QUANTITY_REMOTE_S : QUANTITY_TIME_S);
}

/* What is drawn of a target. */
struct curve {
    const struct dataset_target *target;
    struct cost_pair pair; /* of an endpoint */
    struct cost_line line;
    double dof;
};

static struct curve make_curve(const struct model_set *set, const struct dataset_target *target,
                               const struct cost_link *link)
{
    struct curve curve = {.target = target, .dof = time_model(set, target)->dof};
    /* each needs its own half of the pair only */
    cost_pair_find(set, target->name, target->name, &curve.pair, NULL);
    curve.line =
        target->remote ? cost_line_cloud(set, &curve.pair, link) : cost_line_edge(set, &curve.pair);
    return curve;
}

/* Each request met a link of its own; drawn is what it would have taken over this one. */
static double moved_s(const struct curve *curve, const struct observation *o,
                      const struct cost_link *link)
{
    const struct link_terms *terms = &curve->target->link;
    if (!curve->target->remote || !terms->rtt)
        return 0;
    return cost_link_s(&curve->pair, o->length, link) - link_terms_bytes_s(terms, o) -
           cost_round_trips(&curve->pair, o->length) * link_terms_rtt_s(terms, o);
}

static void put_samples(const struct curve *curve, const struct cost_link *link, FILE *out)
{
    const struct dataset_target *target = curve->target;
    size_t step = target->n / MAX_POINTS + 1;
    for (size_t i = 0; i < target->n; i += step) {
        const struct observation *o = &target->observations[i];
        if (target->remote && link_terms_reason(&target->link, o))
            continue;
        fprintf(out, "%u %.9g\n", o->length,
                ((double)o->time_ns * 1e-9 + moved_s(curve, o, link)) * 1e3);
    }
    fputs("\n\n", out);
}

static void put_point(const struct curve *curve, double n, double t, FILE *out)
{
    double value = cost_line_value(&curve->line, n);
    double half = t * sqrt(fmax(cost_line_variance(&curve->line, n), 0));
    fprintf(out, "%.9g %.9g %.9g %.9g\n", n, value * 1e3, (value - half) * 1e3,
            (value + half) * 1e3);
}

/* Evenly spaced points, and two more where the number of round trips changes. */
static void put_curve(const struct curve *curve, double n_max, FILE *out)
{
    double t = gsl_cdf_tdist_Pinv(0.975, curve->dof);
    const struct cost_model *trips = curve->target->remote ? curve->pair.round_trips : NULL;
    size_t step = 0;
    for (int i = 0; i <= CURVE_POINTS; i++) {
        double n = 1 + (n_max - 1) * i / CURVE_POINTS;
        for (; trips && step + 1 < trips->n_segments && trips->segments[step].to < n; step++) {
            put_point(curve, trips->segments[step].to, t, out);
            put_point(curve, trips->segments[step + 1].from, t, out);
        }
        put_point(curve, n, t, out);
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

static void put_script(const struct dataset *dataset, const struct model_set *set,
                       const struct report_break_even *break_evens, size_t n,
                       const struct cost_link *link, FILE *script)
{
    fputs("# drawn by rnnfit --plot\n"
          "set xlabel 'length of the input (time steps)'\n"
          "set ylabel 'time of one inference (ms)'\n"
          "set key left top reverse Left\nset grid linecolor rgb '#dddddd'\n"
          "set border 3\nset tics nomirror out\nset yrange [0:*]\nset xrange [0:*]\n",
          script);
    char text[COST_LINK_TEXT_SIZE];
    cost_link_text(link, !isnan(set->up_s_per_byte), !isnan(set->down_s_per_byte), text);
    fprintf(script,
            "set title \"Measured time against length; round trip %s; bands and interval "
            "95 %%\" noenhanced\n",
            text);
    for (size_t i = 0; i < n; i++)
        put_break_even(&break_evens[i].value, script);
    static const char *const outputs[][2] = {
        {"pngcairo size 1100,700 font 'DejaVu Sans,12'", "time_vs_length.png"},
        {"svg size 1100,700 font 'DejaVu Sans,12' background 'white'", "time_vs_length.svg"}};
    for (int o = 0; o < 2; o++) {
        fprintf(script, "set terminal %s\nset output '%s'\nplot ", outputs[o][0], outputs[o][1]);
        for (size_t t = 0; t < dataset->n_targets; t++) {
            const struct dataset_target *target = &dataset->targets[t];
            const char *colour = colours[t % N_COLOURS];
            fprintf(script,
                    "%s'time_vs_length.dat' index %zu using 1:2 with points pointtype 7 "
                    "pointsize 0.35 linecolor rgb '#90%s' title '%s: samples' noenhanced, ",
                    t ? ", " : "", 2 * t, colour + 1, target->name);
            fprintf(script,
                    "'' index %zu using 1:3:4 with filledcurves fillcolor rgb '%s' fillstyle "
                    "transparent solid 0.25 notitle, "
                    "'' index %zu using 1:2 with lines linewidth 2 linecolor rgb '%s' "
                    "title '%s: %s model%s' noenhanced",
                    2 * t + 1, colour, 2 * t + 1, colour, target->name,
                    form_name(time_model(set, target)->form),
                    target->remote ? ", and the link" : "");
        }
        fputs("\nset output\n", script);
    }
}

enum status plot_time(const struct dataset *dataset, const struct model_set *set,
                      const struct cost_link *link, const struct report_break_even *break_evens,
                      size_t n, const char *folder, struct error *error)
{
    double n_max = 1;
    struct outfile data = {0}, script = {0};
    char *data_path = text_format("%s/time_vs_length.dat", folder);
    char *script_path = text_format("%s/time_vs_length.gnuplot", folder);
    enum status status = folder_make(folder, error);
    if (!status)
        status = outfile_open(&data, data_path, error);
    if (!status)
        status = outfile_open(&script, script_path, error);
    if (status)
        goto done;
    for (size_t t = 0; t < dataset->n_targets; t++)
        n_max = fmax(n_max, time_model(set, &dataset->targets[t])->n_max);
    for (size_t t = 0; t < dataset->n_targets; t++) {
        struct curve curve = make_curve(set, &dataset->targets[t], link);
        put_samples(&curve, link, data.stream);
        put_curve(&curve, n_max, data.stream);
    }
    put_script(dataset, set, break_evens, n, link, script.stream);
    status = outfile_commit(&data, error);
    if (!status)
        status = outfile_commit(&script, error);
    if (!status)
        status = gnuplot_run(folder, "time_vs_length.gnuplot", error);
done:
    outfile_abandon(&data);
    outfile_abandon(&script);
    free(data_path);
    free(script_path);
    return status;
}
