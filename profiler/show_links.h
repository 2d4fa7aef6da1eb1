// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What rnnprof show says about the link states of a campaign: how far away each endpoint was in
 * each of them, and how long each length took.
 *
 * Life cycle: show_links_open, show_links_take for each sample, then show_links_print or
 * show_links_json, show_links_free.
 */
#ifndef PROFILER_SHOW_LINKS_H
#define PROFILER_SHOW_LINKS_H

#include "profiler/linkstate.h"

#include <jansson.h>
#include <stdio.h>

struct link_group; /* the samples of one target in one state */

struct show_links {
    struct link_state *states; /* n_states; none where the campaign's link was left as it is */
    size_t n_states;
    const struct target *targets; /* n_targets, the caller's */
    size_t n_targets;
    struct link_group *groups; /* n_targets times n_states */
};

/* `config` is the campaign's, as stored (NULL: imported). */
enum status show_links_open(const char *config, const struct target *targets, size_t n_targets,
                            struct show_links *links, struct error *error);

/* Samples that failed or that say nothing of a link are passed over. */
enum status show_links_take(struct show_links *links, size_t target, const struct sample *sample,
                            struct error *error);

/* Nothing without states. */
void show_links_print(struct show_links *links, FILE *out);

/* An array, empty without states; to be json_decref'd. */
json_t *show_links_json(struct show_links *links);

void show_links_free(struct show_links *links);

#endif
