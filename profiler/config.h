// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The campaign file: what to sweep, where, and when to stop.
 *
 * Life cycle: config_read, config_free. config_write gives the effective configuration back as
 * INI text that config_read accepts.
 */
#ifndef PROFILER_CONFIG_H
#define PROFILER_CONFIG_H

#include "base/status.h"
#include "endpoint/client_config.h"
#include "engines/engine.h"
#include "profiler/linkstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_MAX_ENDPOINTS = 8 };

/* An endpoint's section; what its keys are is the client's business. */
struct endpoint_section {
    char *name; /* of the section and the target; owned */
    struct client_config client;
};

/* [energy]: which meter watches, and how its windows are made. */
struct energy_config {
    char *meter; /* specification (meter.h); NULL: energy is not measured */
    char *radio; /* a modelled radio (fitter/offload_energy.h) beside a meter whose scope leaves it
                    out; NULL */
    double max_window_s; /* the longest window */
    uint64_t n_windows;  /* of each target, length and link state */
};

struct campaign_config {
    char *name;
    char *lengths_text;
    uint32_t *lengths; /* n_lengths, ascending */
    size_t n_lengths;
    uint64_t seed;
    double isolated_s; /* pause before each inference; 0: back to back */
    struct engine_config edge;
    bool has_edge;
    struct endpoint_section endpoints[CONFIG_MAX_ENDPOINTS];
    size_t n_endpoints;
    char *link_command; /* varies the link to all endpoints; NULL: the link is left as it is */
    char *link_states_text;
    struct link_state *link_states; /* n_link_states, as given */
    size_t n_link_states;
    double stop_ci; /* relative half width of the 95 % interval that is wanted; 0: none asked for */
    uint64_t max_samples; /* per target, length and link state; of an adaptive sweep: rounds */
    double max_time_s;
    uint64_t max_failures; /* in a row at one target, then the campaign ends; 0: it goes on */
    double max_energy_j;   /* of the whole campaign, gross; 0: no cap */
    bool grid;             /* [stop] design = grid: every length in every round; else adaptive */
    struct energy_config energy;
    char *counters; /* [counters] papi: names separated by commas or blanks; NULL: none */
    bool multiplex; /* [counters] multiplex: more events than the CPU counts at once, estimated */
};

/* STATUS_IO: unreadable.  STATUS_INVALID: file:line and what is wrong there, or which required key
 * is missing: lengths, [edge], an endpoint's url. The campaign's name defaults to the file's, an
 * endpoint's model to the campaign's name. */
enum status config_read(const char *path, struct campaign_config *config, struct error *error);

/* The same from config_write's text, which messages call "the stored configuration". */
enum status config_read_stored(const char *text, struct campaign_config *config,
                               struct error *error);

/* The effective configuration, to be freed; NULL when memory ran out. */
char *config_write(const struct campaign_config *config);

/*
 * Whether `config` may go on with a campaign that was measured with `stored` (config_write's text;
 * NULL for an import): lengths, link states, the stop rule, time-outs and further endpoints may
 * change.
 * STATUS_FAILED: something else did; the message says what.
 */
enum status config_same(const char *stored, const struct campaign_config *config,
                        struct error *error);

/* "back-to-back" or "isolated:SECONDS"; to be freed. */
char *config_spacing(const struct campaign_config *config);

void config_free(struct campaign_config *config);

#endif
