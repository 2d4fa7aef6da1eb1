// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A meter is a source of energy: a cumulative counter (uJ) or a reading of power (uW), always with
 * what it is the power of, how good it is and where it comes from.
 *
 * Life cycle: meter_find to see what there is, meter_open, meter_read as often as wanted,
 * meter_close. A meter belongs to one thread at a time; another one may call meter_note.
 *
 * A new kind is one file with a `struct meter_operations` and one line in meter.c.
 */
#ifndef PROFILER_METER_H
#define PROFILER_METER_H

#include "base/status.h"
#include "records/energy_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct meter_info {
    char *name;        /* "package-0+dram", "VDD_IN"; owned, as all strings */
    const char *kind;  /* "powercap", ...; constant */
    char *source;      /* a path, a command line */
    bool counts;       /* a cumulative counter in uJ; else power in uW */
    double resolution; /* the step of its figure: uJ or uW */
    int64_t update_ns; /* between two changes, as its maker states it; 0: not stated */
    enum meter_scope scope;
    enum provenance provenance;
    size_t n_parts; /* counters added, each with updates of its own; 0 counts as 1 */
    bool radio;     /* whether its scope takes in what sends and receives */
};

void meter_info_free(struct meter_info *info);

/* What meter_find came across: a meter, or one that cannot be read and why. */
struct meter_found {
    struct meter_info info; /* name, kind and source at least */
    char *spec;             /* what `[energy] meter` takes for it; owned */
    enum status status;     /* STATUS_OK: it can be read */
    char *why;              /* else: the reason, in one line; owned */
    char *remedy;           /* what to do about it, in one line; owned; NULL: nothing */
};

/*
 * All meters of all kinds below the root ("" or NULL: this machine), readable or not, those that
 * "auto" prefers first: an array of *n to be meter_found_free'd. Meters that need to be told of
 * (command, constant, sum) are not among them. STATUS_NO_MEMORY.
 */
enum status meter_find(const char *sysroot, struct meter_found **found, size_t *n,
                       struct error *error);
void meter_found_free(struct meter_found *found, size_t n);

struct meter;

/*
 * Opens the meter of a specification, as `[energy] meter` has it:
 *   auto                         the first of meter_find that can be read
 *   KIND                         the first of that kind (powercap, hwmon, iio, battery)
 *   KIND:NAME                    the one of that name, label or path
 *   sum:SPEC + SPEC ...          rails added
 *   command:PROGRAM ARGS         lines "t_ns power_uw" from a program
 *   constant:active=W,wait=W,idle=W,radio=W     modelled from a data sheet
 * STATUS_NOT_FOUND: there is none.  STATUS_UNSUPPORTED: there is, but it cannot be read; why, and
 * the remedy.  STATUS_INVALID: malformed, or meters that contain each other to be added.
 */
enum status meter_open(const char *spec, const char *sysroot, struct meter **meter,
                       struct error *error);

/* What it is; lives as long as the meter. */
const struct meter_info *meter_info(const struct meter *meter);

/* One reading: when (clock_ns), and the energy since the meter was opened in uJ (wraps corrected)
 * or the power in uW. */
struct meter_reading {
    int64_t t_ns;
    double value;
};

/*
 * Reads it now. A value is never made up: what is missing is an error.
 * STATUS_IO: it vanished or cannot be read any more.  STATUS_INVALID: no number, a sentinel, a
 * negative current, or a wrap whose range is not known.  STATUS_TIMEOUT: a program gave no line in
 * time.
 */
enum status meter_read(struct meter *meter, struct meter_reading *reading, struct error *error);

/* What the device is at; a modelled meter charges by it, a marked one is aligned by it. */
enum meter_activity { ACTIVITY_IDLE, ACTIVITY_RUN, ACTIVITY_OFFLOAD, N_ACTIVITIES };

/* Tells the meter what the device does from now on. Costs nothing where the meter does not care. */
void meter_note(struct meter *meter, enum meter_activity activity);

/* NULL is allowed. */
void meter_close(struct meter *meter);

#endif
