// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * hwmon of this machine through libsensors: what its user wrote into sensors3.conf about the board
 * (labels, scales of voltage dividers, channels that are not connected) then holds here as well.
 * The channels are those that our own reader found, so that both know the same meters.
 *
 * libsensors has one state per process, so it is started once, and serves until the end.
 */
#include "profiler/meter_private.h"

#include "base/memory.h"
#include "profiler/sysfs.h"

#include <pthread.h>
#include <sensors/error.h>
#include <sensors/sensors.h>
#include <stdlib.h>
#include <string.h>

/* Whom to ask for a figure. */
struct sensor {
    sensors_chip_name chip; /* its strings are the library's */
    int subfeature;
    double to_file; /* from V, A, W, J to the files' units: mV, mA, uW, uJ */
};

static pthread_once_t started = PTHREAD_ONCE_INIT;
static bool running; /* written by start() alone */

static void start(void)
{
    running = sensors_init(NULL) == 0;
}

/* The file has the reason that the library does not tell. */
static enum status explain(const struct figure *figure, int code, struct error *error)
{
    char text[64];
    enum status status = sysfs_read_text(figure->path, text, sizeof text, error);
    return status ? status
                  : error_set(error, STATUS_INVALID, "%s: libsensors: %s", figure->path,
                              sensors_strerror(code));
}

static enum status sensor_read(const struct figure *figure, double *value, struct error *error)
{
    const struct sensor *sensor = figure->handle;
    double computed;
    int code = sensors_get_value(&sensor->chip, sensor->subfeature, &computed);
    if (code < 0)
        return explain(figure, code, error);
    *value = computed * sensor->to_file;
    return STATUS_OK;
}

/* The library tells chips apart by bus and address; two that are the same to it cannot be asked. */
static bool is_ambiguous(const sensors_chip_name *chip)
{
    int n = 0, n_same = 0;
    while (sensors_get_detected_chips(chip, &n))
        n_same++;
    return n_same > 1;
}

/* The chip whose files are in that folder; NULL: it knows none. */
static const sensors_chip_name *chip_at(const char *path, size_t length)
{
    const sensors_chip_name *chip;
    int n = 0;
    while ((chip = sensors_get_detected_chips(NULL, &n))) {
        if (strlen(chip->path) == length && strncmp(chip->path, path, length) == 0)
            return is_ambiguous(chip) ? NULL : chip;
    }
    return NULL;
}

/* What a file is called in the library; false: it has none, or sensors3.conf leaves it out. */
static bool subfeature_of(const sensors_chip_name *chip, const char *file,
                          const sensors_feature **feature, const sensors_subfeature **subfeature)
{
    int i = 0;
    while ((*feature = sensors_get_features(chip, &i))) {
        int k = 0;
        while ((*subfeature = sensors_get_all_subfeatures(chip, *feature, &k))) {
            if (strcmp((*subfeature)->name, file) == 0)
                return true;
        }
    }
    return false;
}

static double unit_of(const sensors_feature *feature)
{
    bool milli = feature->type == SENSORS_FEATURE_IN || feature->type == SENSORS_FEATURE_CURR;
    return milli ? 1e3 : 1e6;
}

/* Lets the library read a figure. `*label` gets what sensors3.conf calls it, if anything. */
static enum status adopt_figure(struct figure *figure, char **label, bool *left_out,
                                struct error *error)
{
    const sensors_feature *feature;
    const sensors_subfeature *subfeature;
    const char *slash = strrchr(figure->path, '/');
    const sensors_chip_name *chip = chip_at(figure->path, (size_t)(slash - figure->path));
    if (!chip)
        return STATUS_OK;
    *left_out = !subfeature_of(chip, slash + 1, &feature, &subfeature);
    if (*left_out)
        return STATUS_OK;
    struct sensor *sensor = malloc(sizeof *sensor);
    if (!sensor)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a sensor");
    *sensor = (struct sensor){
        .chip = *chip, .subfeature = subfeature->number, .to_file = unit_of(feature)};
    figure->read = sensor_read;
    figure->handle = sensor;
    char *called = sensors_get_label(chip, feature);
    if (called && strcmp(called, feature->name) != 0 && !*label)
        *label = called;
    else
        free(called);
    return STATUS_OK;
}

static enum status adopt(struct candidate *candidate, struct error *error)
{
    char *label = NULL;
    bool left_out = false;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < candidate->terms.n; i++) {
        struct term *term = &candidate->terms.term[i];
        for (size_t k = 0; !status && !left_out && k < term->n_figures; k++)
            status = adopt_figure(&term->figures[k], &label, &left_out, error);
    }
    if (!status && left_out)
        candidate_refuse(candidate, STATUS_UNSUPPORTED, "sensors3.conf says to ignore it",
                         "remove its line \"ignore\" there");
    else if (!status && label)
        status = candidate_rename(candidate, label, error);
    free(label);
    return status;
}

enum status sensors_adopt(struct candidate *candidate, struct error *error)
{
    pthread_once(&started, start);
    return running ? adopt(candidate, error) : STATUS_OK; /* else its files are read as they are */
}
