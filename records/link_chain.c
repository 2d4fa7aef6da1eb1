// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/link_model.h"

#include <math.h>
#include <string.h>

enum { PIECES = LINK_MODEL_QUANTILES - 1 };

/* How often a bin was left, which is how often it was entered. */
static uint64_t visits(const struct link_chain *chain, size_t bin)
{
    uint64_t sum = 0;
    for (size_t to = 0; to < LINK_MODEL_MAX_BINS; to++)
        sum += chain->transitions[bin][to];
    return sum;
}

static uint64_t all_visits(const struct link_chain *chain)
{
    uint64_t sum = 0;
    for (size_t bin = 0; bin < chain->n_bins; bin++)
        sum += visits(chain, bin);
    return sum;
}

/* The value at a share u (0..1) of a bin. */
static double at_share(const double quantiles[LINK_MODEL_QUANTILES], double u)
{
    double place = u * PIECES;
    size_t piece = place >= PIECES ? PIECES - 1 : (size_t)place;
    double low = quantiles[piece], high = quantiles[piece + 1];
    return fmin(low + (place - (double)piece) * (high - low), high);
}

void link_chain_shares(const struct link_chain *chain, double *shares)
{
    double all = (double)all_visits(chain);
    for (size_t bin = 0; bin < chain->n_bins; bin++)
        shares[bin] = (double)visits(chain, bin) / all;
}

double link_chain_quantile(const struct link_chain *chain, double p)
{
    double rest = fmin(fmax(p, 0), 1) * (double)all_visits(chain);
    size_t bin = 0;
    while (bin + 1 < chain->n_bins && rest > (double)visits(chain, bin))
        rest -= (double)visits(chain, bin++);
    return at_share(chain->quantiles[bin], fmin(rest / (double)visits(chain, bin), 1));
}

/* Means over each bin, of the value and of its square: a piece from a to b is uniform. */
static void bin_moments(const struct link_chain *chain, double *means, double *squares)
{
    for (size_t bin = 0; bin < chain->n_bins; bin++) {
        const double *q = chain->quantiles[bin];
        means[bin] = squares[bin] = 0;
        for (int i = 0; i < PIECES; i++) {
            means[bin] += (q[i] + q[i + 1]) / (2 * PIECES);
            squares[bin] += (q[i] * q[i] + q[i] * q[i + 1] + q[i + 1] * q[i + 1]) / (3 * PIECES);
        }
    }
}

double link_chain_mean(const struct link_chain *chain)
{
    double shares[LINK_MODEL_MAX_BINS], means[LINK_MODEL_MAX_BINS], squares[LINK_MODEL_MAX_BINS];
    double mean = 0;
    link_chain_shares(chain, shares);
    bin_moments(chain, means, squares);
    for (size_t bin = 0; bin < chain->n_bins; bin++)
        mean += shares[bin] * means[bin];
    return mean;
}

/* expected[from] becomes what is expected one step after `from`. */
static void step_back(const struct link_chain *chain, double *expected)
{
    double after[LINK_MODEL_MAX_BINS];
    for (size_t from = 0; from < chain->n_bins; from++) {
        after[from] = 0;
        for (size_t to = 0; to < chain->n_bins; to++)
            after[from] += chain->transitions[from][to] * expected[to];
        after[from] /= (double)visits(chain, from);
    }
    memcpy(expected, after, chain->n_bins * sizeof *expected);
}

/* With D the long-run shares, m the bins' means and P the chances of the transitions, the values k
 * steps apart covary by m' D P^k m - (sum D m)^2. */
double link_chain_autocorrelation(const struct link_chain *chain, unsigned k)
{
    double shares[LINK_MODEL_MAX_BINS], means[LINK_MODEL_MAX_BINS], squares[LINK_MODEL_MAX_BINS];
    double after[LINK_MODEL_MAX_BINS], mean = link_chain_mean(chain), variance = 0, covariance = 0;
    if (k == 0)
        return 1;
    if (link_chain_quantile(chain, 0) == link_chain_quantile(chain, 1))
        return 0;
    link_chain_shares(chain, shares);
    bin_moments(chain, means, squares);
    for (size_t bin = 0; bin < chain->n_bins; bin++) {
        variance += shares[bin] * (squares[bin] - 2 * mean * means[bin] + mean * mean);
        means[bin] -= mean; /* so that the difference above is not one of large numbers */
        after[bin] = means[bin];
    }
    for (unsigned i = 0; i < k; i++)
        step_back(chain, after);
    for (size_t bin = 0; bin < chain->n_bins; bin++)
        covariance += shares[bin] * means[bin] * after[bin];
    return covariance / variance;
}

size_t link_chain_start(const struct link_chain *chain, struct random *random)
{
    double rest = random_uniform(random) * (double)all_visits(chain);
    size_t bin = 0;
    while (bin + 1 < chain->n_bins && rest >= (double)visits(chain, bin))
        rest -= (double)visits(chain, bin++);
    return bin;
}

/* Most steps stay in their bin, so that one is tried first. */
size_t link_chain_next(const struct link_chain *chain, size_t bin, struct random *random)
{
    const uint32_t *row = chain->transitions[bin];
    uint64_t rest = (uint64_t)(random_uniform(random) * (double)visits(chain, bin));
    if (rest < row[bin])
        return bin;
    rest -= row[bin];
    size_t to = 0;
    while (to + 1 < chain->n_bins && (to == bin || rest >= row[to])) {
        rest -= to == bin ? 0 : row[to];
        to++;
    }
    return to;
}

double link_chain_draw(const struct link_chain *chain, size_t bin, struct random *random)
{
    return at_share(chain->quantiles[bin], random_uniform(random));
}
