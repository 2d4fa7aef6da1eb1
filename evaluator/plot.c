// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/plot.h"

#include "base/gnuplot.h"
#include "base/memory.h"
#include "base/outfile.h"
#include "evaluator/wording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Blue for what rnnmap decides, grey for what it is compared with: told apart without colours, and
 * by the colour-blind (Okabe and Ito 2008). */
static const char *colour(const struct outcome *outcome)
{
    return outcome->policy == &policies[policy_find("rnnmap")] ? "0x0072b2" : "0xb0b0b0";
}

/* The whiskers are of the paired difference to the better single device, drawn around the mean: one
 * that misses the dashed line at that device differs from it. Intervals of the means alone would
 * show how much the lengths differ, not the policies. */
static void put_figures(const struct evaluation *e, FILE *script)
{
    double scale = wording_of(&e->objective).scale;
    fputs("# policy, mean, low and high end of the whisker, colour, offloaded (%)\n"
          "$totals << END\n",
          script);
    for (size_t i = 0; i < e->n_outcomes; i++) {
        const struct outcome *o = &e->outcomes[i];
        fprintf(script, "%s %.9g %.9g %.9g %s %.1f\n", o->policy->name, scale * o->mean,
                scale * (e->better_single + o->ci95.low), scale * (e->better_single + o->ci95.high),
                colour(o), 100 * o->offloaded);
    }
    fputs("END\n", script);
}

/* Room for the figures above the bars. */
static double top_of(const struct evaluation *e)
{
    double top = 0;
    for (size_t i = 0; i < e->n_outcomes; i++)
        top = fmax(top, fmax(e->outcomes[i].mean, e->better_single + e->outcomes[i].ci95.high));
    return 1.12 * wording_of(&e->objective).scale * top;
}

static void put_script(const struct evaluation *e, const char *title, const char *link,
                       FILE *script)
{
    static const char *const outputs[][2] = {
        {"pngcairo size 1000,640 font 'DejaVu Sans,12'", "totals.png"},
        {"svg size 1000,640 font 'DejaVu Sans,12' background 'white'", "totals.svg"}};
    struct wording words = wording_of(&e->objective);
    fputs("# drawn by rnneval --plot\n", script);
    put_figures(e, script);
    fputs("set title ", script);
    gnuplot_put_text(script, title);
    if (link) {
        fputs(" . \"\\n\" . ", script);
        gnuplot_put_text(script, link);
    }
    fprintf(script,
            " noenhanced\nset arrow from graph 0, first %.9g to graph 1, first %.9g nohead "
            "dashtype 2 linecolor rgb '#444444' front\n",
            words.scale * e->better_single, words.scale * e->better_single);
    fprintf(script, "set xrange [-0.6:%.1f]\nset yrange [0:%.9g]\n", (double)e->n_outcomes - 0.4,
            top_of(e));
    fprintf(script, "set ylabel 'mean %s of a request (%s%s)'\n", words.noun,
            evaluation_energy_word(e), words.unit);
    fputs("set xlabel \"policy (share of the requests offloaded)\\ndashed: the better single "
          "device; whiskers: 95 % interval of the paired difference to it\" offset 0,-0.8\n"
          "set bmargin 6\nset boxwidth 0.6\nunset key\n"
          "set border 3\nset tics nomirror out\nset grid ytics linecolor rgb '#dddddd'\n"
          "set style fill solid 0.9 border rgb '#444444'\n",
          script);
    for (int i = 0; i < 2; i++) {
        fprintf(script, "set terminal %s\nset output '%s'\n", outputs[i][0], outputs[i][1]);
        fputs("plot $totals using 0:2:(int(column(5))):xtic(sprintf(\"%s\\n(%s %%)\", "
              "strcol(1), strcol(6))) with boxes linecolor rgb variable, \\\n"
              "     '' using 0:3:(0):(column(4) - column(3)) with vectors heads size 0.06,90 "
              "linecolor rgb 'black' linewidth 1.5, \\\n"
              "     '' using 0:(column(4) > column(2) ? column(4) : column(2))"
              ":(sprintf(\"%.3g\", column(2))) with labels offset 0,0.8\n"
              "set output\n",
              script);
    }
}

enum status plot_totals(const struct evaluation *evaluation, const struct report_context *context,
                        const char *folder, struct error *error)
{
    struct outfile script = {0};
    char *path = text_format("%s/totals.gnuplot", folder);
    char *title = text_format("%s requests: campaign %s, n = %zu, lengths from %s",
                              context->replay ? "Replayed" : "Live", context->campaign,
                              evaluation->n_requests, report_file_name(context->lengths));
    const char *link = context->replay ? report_link_name(context->replay) : NULL;
    enum status status = path && title
                             ? folder_make(folder, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a plot");
    if (!status)
        status = outfile_open(&script, path, error);
    if (status)
        goto done;
    put_script(evaluation, title, link, script.stream);
    status = outfile_commit(&script, error);
    if (!status)
        status = gnuplot_run(folder, "totals.gnuplot", error);
done:
    outfile_abandon(&script);
    free(path);
    free(title);
    return status;
}
