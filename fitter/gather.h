// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Values that come one by one, in any order, condensed while they come to what a least-squares fit
 * needs of them (series.h). Memory grows with lengths and with pairs of length and round, not with
 * values; in campaigns, where each length comes once in a round, a pair takes 24 bytes.
 *
 * Life cycle: starts as {0}; gather_add for each value, gather_finish, gather_series any number of
 * times, gather_free.
 */
#ifndef FITTER_GATHER_H
#define FITTER_GATHER_H

#include "base/status.h"
#include "fitter/series.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A length's median and spread are those of its first so many values. */
enum { GATHER_SPREAD_VALUES = 1024 };

struct gather_length;

struct gather {
    struct gather_length *lengths; /* in the order they came */
    size_t n_lengths, capacity;
    uint32_t *slots; /* n_slots: places of lengths by hash; UINT32_MAX: none */
    size_t n_slots;
    struct series_cell *cells; /* in the order they came; a pair may have several */
    size_t n_cells, cell_capacity;
    size_t n_merged; /* cells after they were last merged */
    bool roundless;  /* some value came without a round: there are no cells then */
    bool again;      /* some length came back to an earlier round */
    uint64_t n_samples;
    struct series series; /* after gather_finish */
};

/* round < 0: none. STATUS_NO_MEMORY. */
enum status gather_add(struct gather *gather, uint32_t length, int32_t round, double value,
                       struct error *error);

/* Sorts what was gathered, once, when all has come. STATUS_NO_MEMORY. */
enum status gather_finish(struct gather *gather, struct error *error);

/* The series: lengths of its own, to be freed with series_free; cells that live as long as the
 * gather. STATUS_NO_MEMORY. */
enum status gather_series(const struct gather *gather, struct series *series, struct error *error);

void gather_free(struct gather *gather);

#endif
