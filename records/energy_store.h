// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Energy in the store: the meters of a campaign and the windows that they watched. A window is a
 * stretch of time between two changes of one meter, filled with back-to-back inferences of one
 * length at one target (busy), with nothing (idle), or with one request and all that follows until
 * the power is back at its baseline (isolated).
 *
 * Energies here are reals in uJ, unknown ones NAN: a net energy may be a fraction of a microjoule,
 * and noise may make it negative.
 *
 * Life cycle, threads and what any function may return besides: as records/store.h.
 */
#ifndef RECORDS_ENERGY_STORE_H
#define RECORDS_ENERGY_STORE_H

#include "records/store.h"

/* What a meter's figure is the power of. */
enum meter_scope { SCOPE_PACKAGE, SCOPE_RAIL, SCOPE_BOARD, N_SCOPES };
const char *scope_name(enum meter_scope scope); /* "package", ... */

struct meter_record {
    int64_t id;
    char *name;   /* "package-0+dram", "VDD_IN"; owned, as all strings */
    char *kind;   /* "powercap", "hwmon", "command", ... */
    char *source; /* a path, a command, the data sheet's watts */
    enum meter_scope scope;
    enum provenance provenance;
    bool radio;           /* whether its scope takes in what sends and receives */
    double resolution_uj; /* of a cumulative counter; NAN: it reads power */
    double resolution_uw; /* of a power reading; NAN: it counts energy */
    int64_t update_ns;    /* between two changes, as measured; < 0: unknown */
};

void meter_record_free(struct meter_record *meter);

/* Adds a meter, or brings the one of that name up to date, and sets meter->id. The strings stay the
 * caller's. */
enum status store_meter_put(struct store *store, int64_t campaign_id, struct meter_record *meter,
                            struct error *error);

/* A campaign's meters in the order added: an array of *n, each to be meter_record_free'd, the array
 * with free(). */
enum status store_meters(struct store *store, int64_t campaign_id, struct meter_record **meters,
                         size_t *n, struct error *error);

enum window_kind { WINDOW_BUSY, WINDOW_IDLE, WINDOW_ISOLATED, N_WINDOW_KINDS };
const char *window_kind_name(enum window_kind kind); /* "busy", ... */

struct energy_window {
    int64_t meter_id;
    int64_t target_id; /* < 0: idle */
    enum window_kind kind;
    uint32_t length;     /* 0: idle */
    int64_t round;       /* < 0: none */
    int64_t started_ms;  /* since 1970, UTC */
    int64_t duration_ns; /* between the meter's changes */
    enum provenance provenance;
    double energy_uj;     /* of the whole window */
    double baseline_uw;   /* the idle power taken off for the net energy */
    double energy_net_uj; /* energy_uj less baseline_uw over the duration */
    double error_uj;      /* bound on the net energy's error */
    /* How many inferences the window holds: its duration over the mean time of one, so no whole
     * number. 0: idle. */
    double n_inferences;
    double inference_ns; /* mean elapsed time of one inference in it */
    uint64_t n_failed;   /* inferences in it that failed; its energy per inference is then none */
    /* means over the requests of an endpoint; < 0: unknown */
    double rtt_ns, send_ns, wait_ns, receive_ns, bytes_up, bytes_down;
    int64_t link_rtt_ns, up_ps_per_byte, down_ps_per_byte; /* as of struct sample */
};

/* A window with everything unknown, of kind idle. */
struct energy_window energy_window_unknown(void);

/* Appends n windows in one transaction.
 * STATUS_INVALID: a duration below 0, a length out of range, or a busy one without target. */
enum status store_windows_append(struct store *store, const struct energy_window *windows, size_t n,
                                 struct error *error);

/* A campaign's windows in the order stored: an array of *n to free().
 * STATUS_INVALID: a damaged one. */
enum status store_windows(struct store *store, int64_t campaign_id, struct energy_window **windows,
                          size_t *n, struct error *error);

#endif
