// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/sums.h"

#include "base/memory.h"
#include "fitter/round_trips.h"

#include <stdlib.h>

/* Samples of one kind. */
struct kind_sums {
    struct gather times;
    struct {
        double *values; /* owned */
        size_t n, capacity;
    } link[N_SUMS_LINKS];
    bool overflows; /* some request overflowed the initial window */
};

struct target_sums {
    bool local, rounds;
    uint64_t n_of_kind[LINK_KINDS];
    struct kind_sums *kinds[LINK_KINDS]; /* NULL: none of it; owned */
    struct gather bytes_up, bytes_down;
};

struct target_sums *sums_new(bool local)
{
    struct target_sums *sums = calloc(1, sizeof *sums);
    if (sums)
        sums->local = local;
    return sums;
}

static enum status add_link(struct kind_sums *kind, const struct observation *o,
                            struct error *error)
{
    const double values[N_SUMS_LINKS] = {(double)o->rtt_ns * 1e-9,
                                         (double)o->up_ps_per_byte * 1e-12,
                                         (double)o->down_ps_per_byte * 1e-12};
    enum status status = STATUS_OK;
    for (int i = 0; !status && i < N_SUMS_LINKS; i++) {
        if (values[i] < 0)
            continue;
        status = array_reserve(&kind->link[i].values, kind->link[i].n, &kind->link[i].capacity,
                               sizeof(double), error);
        if (!status)
            kind->link[i].values[kind->link[i].n++] = values[i];
    }
    return status;
}

/* A length's bytes are the same in every round: rounds tell nothing. */
static enum status add_bytes(struct target_sums *sums, const struct observation *o,
                             struct error *error)
{
    enum status status = STATUS_OK;
    if (o->bytes_up >= 0)
        status = gather_add(&sums->bytes_up, o->length, -1, (double)o->bytes_up, error);
    if (!status && o->bytes_down >= 0)
        status = gather_add(&sums->bytes_down, o->length, -1, (double)o->bytes_down, error);
    return status;
}

enum status sums_add(struct target_sums *sums, const struct observation *o, struct error *error)
{
    unsigned at = sums->local ? 0 : link_kind(o);
    if (!sums->kinds[at] && !(sums->kinds[at] = calloc(1, sizeof **sums->kinds)))
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a target");
    struct kind_sums *kind = sums->kinds[at];
    sums->n_of_kind[at]++;
    sums->rounds = sums->rounds || o->round >= 0;
    if (sums->local)
        return gather_add(&kind->times, o->length, o->round, (double)o->time_ns * 1e-9, error);
    kind->overflows = kind->overflows || round_trips_overflows(o);
    enum status status = gather_add(&kind->times, o->length, o->round, link_free_s(o), error);
    if (!status)
        status = add_link(kind, o, error);
    return status ? status : add_bytes(sums, o, error);
}

/* The kind that takes part; NULL: none. */
static struct kind_sums *taking_part(const struct target_sums *sums,
                                     const struct dataset_target *target)
{
    for (unsigned kind = 0; kind < LINK_KINDS; kind++) {
        if (sums->kinds[kind] &&
            (!target->remote || !link_terms_reason_of_kind(&target->link, kind)))
            return sums->kinds[kind];
    }
    return NULL;
}

enum status sums_finish(struct target_sums *sums, struct dataset_target *target, bool *enough,
                        struct error *error)
{
    unsigned n_kinds = 0;
    link_terms_count(target, sums->n_of_kind);
    struct kind_sums *kind = taking_part(sums, target);
    for (unsigned i = 0; i < LINK_KINDS; i++)
        n_kinds += sums->n_of_kind[i] > 0;
    *enough = target->remote ? !target->link.rtt || (!target->link.cold && kind && !kind->overflows)
                             : n_kinds == 1 && sums->kinds[0];
    enum status status = kind ? gather_finish(&kind->times, error) : STATUS_OK;
    if (!status)
        status = gather_finish(&sums->bytes_up, error);
    if (!status)
        status = gather_finish(&sums->bytes_down, error);
    return status;
}

const struct gather *sums_of(const struct target_sums *sums, const struct dataset_target *target,
                             enum quantity quantity)
{
    const struct kind_sums *kind = taking_part(sums, target);
    switch (quantity) {
    case QUANTITY_TIME_S:
    case QUANTITY_REMOTE_S:
        return kind ? &kind->times : NULL;
    case QUANTITY_BYTES_UP:
        return &sums->bytes_up;
    case QUANTITY_BYTES_DOWN:
        return &sums->bytes_down;
    default:
        return NULL;
    }
}

const double *sums_link(const struct target_sums *sums, const struct dataset_target *target,
                        enum sums_link which, size_t *n)
{
    const struct kind_sums *kind = taking_part(sums, target);
    *n = kind ? kind->link[which].n : 0;
    return kind ? kind->link[which].values : NULL;
}

bool sums_rounds(const struct target_sums *sums)
{
    return sums->rounds;
}

void sums_free(struct target_sums *sums)
{
    for (unsigned i = 0; sums && i < LINK_KINDS; i++) {
        if (!sums->kinds[i])
            continue;
        gather_free(&sums->kinds[i]->times);
        for (int j = 0; j < N_SUMS_LINKS; j++)
            free(sums->kinds[i]->link[j].values);
        free(sums->kinds[i]);
    }
    if (sums) {
        gather_free(&sums->bytes_up);
        gather_free(&sums->bytes_down);
    }
    free(sums);
}
