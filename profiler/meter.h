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
    bool dated;     /* its readings have times of their own, as a program's lines do */
    size_t n_parts; /* counters added, each with updates of its own; 0 counts as 1 */
    bool radio;     /* whether its scope takes in what sends and receives */
};

void meter_info_free(struct meter_info *info);

/* What meter_find came across: a meter, or one that cannot be read and why. */
struct meter_found {
    struct meter_info info; /* name, kind and source at least */
    char *spec;             /* what `[energy] meter` takes for it; owned; NULL: it cannot be one */
    enum status status;     /* STATUS_OK: it can be read */
    char *why;              /* else: the reason, in one line; owned */
    char *remedy;           /* what to do about it, in one line; owned; NULL: nothing */
};

/*
 * All meters of all kinds below the root ("" or NULL: this machine), readable or not, those that
 * "auto" prefers first: an array of *n to be meter_found_free'd. A kind of which there is none has
 * one entry, of STATUS_NOT_FOUND and named as the kind, that says why and what to do. Meters that
 * need to be told of (command, constant, sum) are not among them. STATUS_NO_MEMORY.
 *
 * "auto" prefers what takes in most: a board's supply, then packages (with their memory), then a
 * battery (slow, and it takes in the display), then a single rail.
 */
enum status meter_find(const char *sysroot, struct meter_found **found, size_t *n,
                       struct error *error);
void meter_found_free(struct meter_found *found, size_t n);

struct meter;

/*
 * Opens the meter of a specification, as `[energy] meter` has it (docs/meters.md):
 *   auto                         the first of meter_find that can be read
 *   KIND                         the first of that kind (powercap, hwmon, iio, ina231, battery)
 *   KIND:NAME                    the one of that name, label, CHIP/LABEL or path
 *   sum:SPEC + SPEC ...          rails added
 *   command:PROGRAM ARGS         lines "t_ns power_uw" from a program
 *   constant:active=W,wait=W,idle=W,radio=W     modelled from a data sheet
 * In front may stand what the user knows better: "scope=board radio=yes hwmon:VDD_IN".
 * STATUS_NOT_FOUND: there is none.  STATUS_UNSUPPORTED: there is, but it cannot be read; why, and
 * the remedy.  STATUS_INVALID: malformed, or meters that contain each other to be added.
 */
enum status meter_open(const char *spec, const char *sysroot, struct meter **meter,
                       struct error *error);

/* What it is; lives as long as the meter. */
const struct meter_info *meter_info(const struct meter *meter);

/*
 * One reading. A counter's value is the energy since the first reading in uJ, wraps corrected;
 * else it is the power in uW. `t_ns` (clock_ns) is when the files were read, or, of a program's
 * line, when the value was true; known within +- doubt_ns.
 */
struct meter_reading {
    int64_t t_ns, doubt_ns;
    double value;
};

/*
 * Reads it now. A value is never made up: what is missing is an error. After one, a counter goes on
 * from its next reading, without the stretch that could not be told.
 * STATUS_IO: it vanished or cannot be read any more.  STATUS_UNSUPPORTED: not permitted any more,
 * or a battery that does not discharge.  STATUS_INVALID: no number, a sentinel, a negative current,
 * or a wrap whose range is not known; a counter that was not read for so long that it may have
 * wrapped unseen.  STATUS_TIMEOUT: a program gave no line in time.  STATUS_PROTOCOL: it ended, or
 * says other things.
 */
enum status meter_read(struct meter *meter, struct meter_reading *reading, struct error *error);

/* What the device is at; a modelled meter charges by it, a marked one is aligned by it. */
enum meter_activity { ACTIVITY_IDLE, ACTIVITY_RUN, ACTIVITY_OFFLOAD, N_ACTIVITIES };

/* Tells the meter what the device does from now on. Costs nothing where the meter does not care. */
void meter_note(struct meter *meter, enum meter_activity activity);

/* NULL is allowed. */
void meter_close(struct meter *meter);

#endif
