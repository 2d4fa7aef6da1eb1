// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Measured times to charge replayed requests with, by length, drawn at random.
 *
 * At a length measured at both places a draw is a round's pair of times where both have samples of
 * the same rounds, since samples of one round share noise; else each is drawn by itself. Where a
 * round has several of a length (one for each state of the link) all are drawn, those of the place
 * with fewer more often.
 *
 * A length between measured ones draws from the nearest of them, scaled by the ratio of the two
 * lengths' medians, which are interpolated linearly between measured lengths. Beyond the shortest
 * and the longest measured, where there is no median, the ratio is that of the fitted models.
 *
 * At the endpoint what is drawn is the remote part: the elapsed time less the link's share of it
 * (fitter/cost.h), so that any link can be put in its place.
 *
 * Life cycle: draws_make, draws_at once per length, draws_pick as often as wanted, draws_free. Read
 * only once it is made.
 */
#ifndef EVALUATOR_DRAWS_H
#define EVALUATOR_DRAWS_H

#include "base/random.h"
#include "fitter/cost.h"
#include "fitter/dataset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct drawn_sample {
    double time_s; /* on the device; at the endpoint the remote part */
    double busy_s; /* at the endpoint: the server's own time, where it told it, else time_s */
    uint32_t group;
};

/* One length measured at both places. */
struct drawn_length {
    uint32_t n;
    const struct drawn_sample *edge, *cloud; /* n_edge, n_cloud; in order of rounds */
    size_t n_edge, n_cloud;
    bool paired; /* edge[i] and cloud[i] are of the same round, n_edge == n_cloud */
    double edge_median_s, cloud_median_s, edge_mean_s, cloud_mean_s, cloud_min_s, cloud_max_s;
};

struct draws {
    struct drawn_sample *samples; /* where the lengths' are; owned */
    struct drawn_length *lengths; /* n_lengths, ascending; owned */
    size_t n_lengths;
    size_t n_samples;  /* that are drawn from */
    size_t n_rounds;   /* of the samples; 0 where they have none */
    size_t n_left_out; /* without what the endpoint's others know */
};

/*
 * From samples of the two targets, with the models that say what the link took of them.
 * STATUS_NOT_FOUND: no length with samples of both.  STATUS_NO_MEMORY.
 */
enum status draws_make(const struct dataset *dataset, const char *edge, const char *cloud,
                       const struct cost_pair *pair, struct draws *draws, struct error *error);

/* What a length draws from. */
struct draw_source {
    const struct drawn_length *from;
    double edge_scale, cloud_scale;
};
struct draw_source draws_at(const struct draws *draws, const struct cost_pair *pair, uint32_t n);

struct draw {
    double edge_s, remote_s, busy_s;
    uint32_t group;
};
struct draw draw_pick(const struct draw_source *source, struct random *random);

/* Means over what can be drawn. At the endpoint: over a link that takes link_s, where what takes
 * longer than timeout_s is given up and run on the device. */
double draw_edge_mean_s(const struct draw_source *source);
struct cloud_mean {
    double waited_s; /* until the answer, or until it is given up */
    double local_s;  /* on the device, of those that are */
};
struct cloud_mean draw_cloud_mean(const struct draw_source *source, double link_s,
                                  double timeout_s);

void draws_free(struct draws *draws);

#endif
