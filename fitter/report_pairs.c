// SPDX-License-Identifier: GPL-3.0-or-later
/* What rnnfit says about the output's length. */
#include "fitter/report_private.h"

#include "fitter/interval.h"

#include <math.h>

static double half_width(double variance, const struct output_length *o)
{
    double dof = (double)(o->n_pairs - o->n_outliers) - 2;
    return interval_t(fmax(dof, 1)) * sqrt(variance);
}

void report_pairs_text(const struct output_length *o, FILE *out)
{
    double low, high, middle = (o->n_min + (double)o->n_max) / 2;
    output_length_interval(o, middle, &low, &high);
    fprintf(out,
            "Outputs get M(n) = %.4g n %c %.4g long (+- %.2g, %.2g; 95 %%), fitted to %llu pairs "
            "of %s, inputs %u to %u; R2 %.3f.\n",
            o->gamma, o->delta < 0 ? '-' : '+', fabs(o->delta), half_width(o->var_gamma, o),
            half_width(o->var_delta, o), (unsigned long long)o->n_pairs, o->source, o->n_min,
            o->n_max, o->r2);
    fprintf(out,
            "Of an input of length %.0f one output is, with 95 %%, %.1f to %.1f long. Over all "
            "inputs that interval is %.0f %% as wide as the one without the input's length.\n",
            middle, low, high, 100 * o->width_share);
    if (o->n_outliers > 0)
        fprintf(out, "%llu pairs are outliers, left out of the line; with them: %.4g n %c %.4g.\n",
                (unsigned long long)o->n_outliers, o->gamma_all, o->delta_all < 0 ? '-' : '+',
                fabs(o->delta_all));
    if (!output_length_predicts(o))
        fprintf(out,
                "WARNING: the input's length does not predict the output's (that takes R2 of %.2f "
                "or more and an interval at most %.0f %% as wide): costs by it are an average.\n",
                output_length_r2_min, 100 * output_length_width_max);
}

json_t *report_pairs_json(const struct output_length *o)
{
    return json_pack(
        "{s:s,s:f,s:f,s:[f,f],s:[[f,f],[f,f]],s:{s:f,s:f},s:f,s:f,s:{s:f,s:f,s:f},"
        "s:I,s:I,s:[I,I],s:b}",
        "source", o->source, "gamma", o->gamma, "delta", o->delta, "stderr", sqrt(o->var_gamma),
        sqrt(o->var_delta), "covariance", o->var_gamma, o->covariance, o->covariance, o->var_delta,
        "with_outliers", "gamma", o->gamma_all, "delta", o->delta_all, "r2", o->r2, "width_share",
        o->width_share, "interval95", "power", o->power, "low", o->low, "high", o->high, "n_pairs",
        (json_int_t)o->n_pairs, "outliers", (json_int_t)o->n_outliers, "lengths",
        (json_int_t)o->n_min, (json_int_t)o->n_max, "predicts", (int)output_length_predicts(o));
}
