// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the kinds of meters share. A kind that is found in the system's files describes each of its
 * meters as a candidate: what it is, and the files whose figures are added up (terms). A kind that
 * must be told of makes its meter itself.
 */
#ifndef PROFILER_METER_PRIVATE_H
#define PROFILER_METER_PRIVATE_H

#include "profiler/meter.h"

struct meter;

/* How a kind's meter works; `self` is the kind's own. */
struct meter_operations {
    enum status (*read)(void *self, struct meter_reading *reading, struct error *error);
    void (*note)(void *self, enum meter_activity activity); /* NULL: it does not care */
    void (*close)(void *self);
};

struct meter {
    struct meter_info info;
    const struct meter_operations *operations;
    void *self;
};

/* ---- terms: figures from files (meter_terms.c) -------------------------------------------- */

/* One figure: (what the file says + offset) * scale. */
struct figure {
    char *path; /* owned */
    double scale, offset;
    /* Reads it by other means than the file itself; NULL: from the file. */
    enum status (*read)(const struct figure *figure, double *value, struct error *error);
    void *handle; /* of `read`; released with free() */
};

/* Power (one figure, or voltage times current) in uW, or a cumulative counter in uJ. */
struct term {
    struct figure figures[2];
    size_t n_figures;
    bool either_sign; /* the sign tells a direction that is known otherwise: taken off */
    char *range_path; /* of a counter: the file with the value at which it wraps; NULL: none */
    char *state_path; /* a file that must hold `state` for the term to count; NULL: always */
    const char *state;
    /* of a counter, set by terms_read */
    bool started;
    double last_uj, total_uj;
    double range_uj; /* as last read; 0: not known */
    int64_t last_ns;
    double stretch_start_uj, most_uw; /* the highest mean power over a stretch so far */
    int64_t stretch_start_ns;
};

struct terms {
    struct term *term; /* n */
    size_t n, capacity;
    bool counts;
};

/* Adds an empty term; NULL when memory ran out (the error is set). */
struct term *terms_add(struct terms *terms, struct error *error);

/* Adds a figure to a term; takes `path` (NULL: memory ran out). */
enum status term_figure(struct term *term, char *path, double scale, double offset,
                        struct error *error);

/* The sum of the terms now, sane or refused: see meter_read. */
enum status terms_read(struct terms *terms, struct meter_reading *reading, struct error *error);

/* Whether two have a file in common. */
bool terms_overlap(const struct terms *a, const struct terms *b);

/* The step of the sum: of the files' own units, by what they say now. 0: cannot be told. */
double terms_resolution(const struct terms *terms);

void terms_free(struct terms *terms);

/* Whether a power in uW can be true. `what` is the path or program it came from.
 * STATUS_INVALID: negative, a sentinel of a sensor that has no value, or beyond all reason. */
enum status power_check(const char *what, double power_uw, struct error *error);

/* ---- candidates: meters found (meter_candidates.c)
 * ---------------------------------------------------- */

struct candidate {
    struct meter_found found;
    char *alias; /* another name that `[energy] meter` takes: "ina3221-1-0040/VDD_IN"; owned */
    bool part;   /* of another candidate: only taken by its name */
    struct terms terms;
};

struct candidates {
    struct candidate *list; /* n */
    size_t n, capacity;
};

/* Appends one of the kind; NULL when memory ran out (the error is set). */
struct candidate *candidates_add(struct candidates *candidates, const char *kind,
                                 struct error *error);

/* Names it and says where it is; takes both strings (NULL: memory ran out). */
enum status candidate_name(struct candidate *candidate, char *name, char *source,
                           struct error *error);

/* Gives it another name. */
enum status candidate_rename(struct candidate *candidate, const char *name, struct error *error);

/* Marks it as one that cannot be read; the first reason stays. `remedy` NULL: none. */
void candidate_refuse(struct candidate *candidate, enum status status, const char *why,
                      const char *remedy);

/* Reads it once and marks it where that fails; a file without permission gets its remedy. */
void candidate_try(struct candidate *candidate);

/* In the order of "auto"; sensors of equal labels are told apart by their chips' names. */
void candidates_sort(struct candidates *candidates);
enum status candidates_tell_apart(struct candidates *candidates, struct error *error);

void candidates_free(struct candidates *candidates);

/* As sysfs_read_integer, of a number that may have a fraction (meter_terms.c). */
enum status sysfs_read_real(const char *path, double *value, struct error *error);

/* A line of text in a folder's file, or NULL where there is none; to be freed. */
char *sysfs_optional(const char *folder, const char *name);

/* ---- what is known of sensors by their names (meter_rails.c) ------------------------------- */

/* Sets scope and radio of what a chip's channel of that label measures. */
void rail_describe(const char *chip, const char *label, struct meter_info *info);

/* Whether neither contains the other, so that they may be added. */
bool rails_are_apart(const struct meter_info *a, const struct meter_info *b);

/* ---- kinds ---------------------------------------------------------------------------------- */

struct meter_kind {
    const char *name;
    /* Appends what it finds below `root`; NULL: it must be told of. */
    enum status (*find)(const char *root, struct candidates *candidates, struct error *error);
    /* Where nothing was found: why, and what to do. */
    const char *absent, *remedy;
    /* Makes the meter of what stands behind "KIND:"; NULL: chosen among what it finds. */
    enum status (*open)(const char *argument, const char *root, struct meter *meter,
                        struct error *error);
};

/* Names a meter that was told of; kind is constant. */
enum status meter_describe(struct meter *meter, const char *kind, const char *name,
                           const char *source, struct error *error);

/* Makes it read these terms, which become its own (allocated). */
void meter_use_terms(struct meter *meter, struct terms *terms);

/* Whether it does; meter->self are its `struct terms` then. */
bool meter_of_files(const struct meter *meter);

enum status powercap_find(const char *root, struct candidates *candidates, struct error *error);
/* Lets libsensors read an hwmon candidate of this machine, as its configuration says
 * (meter_sensors.c). */
enum status sensors_adopt(struct candidate *candidate, struct error *error);

enum status hwmon_find(const char *root, struct candidates *candidates, struct error *error);
enum status iio_find(const char *root, struct candidates *candidates, struct error *error);
enum status ina231_find(const char *root, struct candidates *candidates, struct error *error);
enum status battery_find(const char *root, struct candidates *candidates, struct error *error);
enum status sum_open(const char *argument, const char *root, struct meter *meter,
                     struct error *error);
enum status command_open(const char *argument, const char *root, struct meter *meter,
                         struct error *error);
enum status constant_open(const char *argument, const char *root, struct meter *meter,
                          struct error *error);

#endif
