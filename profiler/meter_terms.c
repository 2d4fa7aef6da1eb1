// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/meter_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/units.h"
#include "profiler/sysfs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* No device whose inferences are worth a table draws as much. */
static const double most_power_uw = 1e11;

/* Power is judged over at least so long: a counter that moves four times a second makes any power
 * between two readings. */
static const int64_t stretch_ns = 1000000000;

/* Nothing draws so many times the highest power seen over a stretch; by this is told whether a gap
 * may hide a whole wrap, and whether a step back was a wrap at all. */
static const double surge = 4;

static const int64_t fresh_range_ns = 100000000;

/* Where no power has been seen yet. */
static const double usual_power_uw = 1e9;

/* What sensors say when they have no value: all ones or the largest number of their register, also
 * behind a driver that takes milliwatts to microwatts (hence the 4.29 MW). */
static const double sentinels[] = {
    4294967295.0,          /* UINT32_MAX */
    4294967295000.0,       /* in milli- */
    2147483647.0,          /* INT32_MAX */
    2147483647000.0,       /* in milli- */
    9223372036854775807.0, /* INT64_MAX */
    18446744073709551615.0 /* UINT64_MAX */
};

struct term *terms_add(struct terms *terms, struct error *error)
{
    if (array_reserve(&terms->term, terms->n, &terms->capacity, sizeof *terms->term, error))
        return NULL;
    terms->term[terms->n] = (struct term){.n_figures = 0};
    return &terms->term[terms->n++];
}

enum status term_figure(struct term *term, char *path, double scale, double offset,
                        struct error *error)
{
    if (!path)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a meter's path");
    term->figures[term->n_figures++] =
        (struct figure){.path = path, .scale = scale, .offset = offset};
    return STATUS_OK;
}

enum status sysfs_read_real(const char *path, double *value, struct error *error)
{
    char text[64];
    struct error why = {0};
    enum status status = sysfs_read_text(path, text, sizeof text, error);
    if (!status && parse_real(text, value, &why))
        status = error_set(error, STATUS_INVALID, "%s: '%s' is no number", path, text);
    return status;
}

static bool is_sentinel(double value)
{
    for (size_t i = 0; i < sizeof sentinels / sizeof *sentinels; i++) {
        /* a scale back and forth costs a bit or two */
        if (fabs(fabs(value) - sentinels[i]) <= 1e-12 * sentinels[i])
            return true;
    }
    return false;
}

static enum status read_figure(const struct figure *figure, double *value, struct error *error)
{
    double raw;
    enum status status = figure->read ? figure->read(figure, &raw, error)
                                      : sysfs_read_real(figure->path, &raw, error);
    if (!status)
        *value = (raw + figure->offset) * figure->scale;
    return status;
}

enum status power_check(const char *what, double power_uw, struct error *error)
{
    if (is_sentinel(power_uw) || !isfinite(power_uw) || power_uw > most_power_uw)
        return error_set(error, STATUS_INVALID,
                         "%s: %.10g W is no power but what a sensor without a value says", what,
                         power_uw * 1e-6);
    if (power_uw < 0)
        return error_set(error, STATUS_INVALID,
                         "%s: a power of %.6g W: negative. Is the sensor's current reversed, or "
                         "does the rail feed back?",
                         what, power_uw * 1e-6);
    return STATUS_OK;
}

static enum status read_power(const struct term *term, double *power_uw, struct error *error)
{
    double product = 1;
    for (size_t i = 0; i < term->n_figures; i++) {
        const struct figure *figure = &term->figures[i];
        double value;
        enum status status = read_figure(figure, &value, error);
        if (status)
            return status;
        if (term->either_sign)
            value = fabs(value);
        if (is_sentinel(value / figure->scale))
            return error_set(error, STATUS_INVALID,
                             "%s: %.10g is what a sensor without a value says", figure->path,
                             value / figure->scale);
        if (value < 0)
            return error_set(error, STATUS_INVALID,
                             "%s: %.6g is negative. Is the sensor's current reversed, or does the "
                             "rail feed back?",
                             figure->path, value / figure->scale);
        product *= value;
    }
    *power_uw = product;
    return power_check(term->figures[0].path, product, error);
}

/* The range at which a counter wraps, in uJ. */
static enum status read_range(const struct term *term, double now_uj, double *range_uj,
                              struct error *error)
{
    const char *path = term->figures[0].path;
    struct error why = {0};
    if (!term->range_path)
        return error_set(error, STATUS_INVALID,
                         "%s went back, and nothing tells at which value it wraps", path);
    if (sysfs_read_real(term->range_path, range_uj, &why))
        return error_set(error, STATUS_INVALID,
                         "%s went back, and the range at which it wraps cannot be read: %s", path,
                         why.text);
    if (*range_uj < term->last_uj || *range_uj < now_uj || *range_uj <= 0)
        return error_set(error, STATUS_INVALID,
                         "%s went back from %.0f to %.0f, which its range of %.0f (%s) does not "
                         "explain",
                         path, term->last_uj, now_uj, *range_uj, term->range_path);
    return STATUS_OK;
}

/* The range by which a gap is judged; 0: none is known (a wrap will say why). The file is read anew
 * only after a pause, since it costs as much as the counter. */
static double range_for_gap(struct term *term, int64_t gap_ns)
{
    if (!term->range_path || (term->range_uj > 0 && gap_ns < fresh_range_ns))
        return term->range_uj;
    double range_uj;
    bool known = sysfs_read_real(term->range_path, &range_uj, NULL) == STATUS_OK && range_uj > 0;
    return term->range_uj = known ? range_uj : 0;
}

/* The mean power of a step, over a stretch at least. */
static double step_power_uw(double delta_uj, int64_t gap_ns)
{
    return delta_uj / ((double)(gap_ns > stretch_ns ? gap_ns : stretch_ns) * 1e-9);
}

/*
 * Whether the step since the last reading is what it seems. One more wrap than can be seen is ruled
 * out where it would mean a power that nothing before comes near; a step back is no wrap where the
 * wrap would mean that: the counter was set back.
 */
static enum status check_step(const struct term *term, double delta_uj, double range_uj,
                              bool wrapped, int64_t gap_ns, struct error *error)
{
    const char *path = term->figures[0].path;
    double most_uw = term->most_uw > 0 ? surge * term->most_uw : usual_power_uw;
    double with_another_uw = (delta_uj + range_uj) / ((double)gap_ns * 1e-9);
    bool known = term->most_uw > 0 || gap_ns > stretch_ns;
    if (step_power_uw(delta_uj, gap_ns) > most_power_uw)
        return error_set(error, STATUS_INVALID, "%s leapt by %.6g J: a counter without a value",
                         path, delta_uj * 1e-6);
    if (range_uj > 0 && known && with_another_uw <= most_uw)
        return error_set(error, STATUS_INVALID,
                         "%s was not read for %.3g s, in which it may have wrapped unseen (its "
                         "range is %.3g J): read it more often",
                         path, (double)gap_ns * 1e-9, range_uj * 1e-6);
    if (wrapped && term->most_uw > 0 && step_power_uw(delta_uj, gap_ns) > most_uw)
        return error_set(error, STATUS_INVALID,
                         "%s went back; as a wrap that would be %.3g J within %.3g s: was it set "
                         "back (suspend, a reloaded module)?",
                         path, delta_uj * 1e-6, (double)gap_ns * 1e-9);
    return STATUS_OK;
}

/* Sets the scale: the highest mean power over a stretch. */
static void note_power(struct term *term)
{
    int64_t took_ns = term->last_ns - term->stretch_start_ns;
    if (took_ns < stretch_ns)
        return;
    double power_uw = (term->total_uj - term->stretch_start_uj) / ((double)took_ns * 1e-9);
    if (power_uw > term->most_uw)
        term->most_uw = power_uw;
    term->stretch_start_ns = term->last_ns;
    term->stretch_start_uj = term->total_uj;
}

/* Goes on from a new value: the energy since the last one is added, or refused. */
static enum status count(struct term *term, double now_uj, int64_t now_ns, struct error *error)
{
    double delta_uj = now_uj - term->last_uj, range_uj = 0;
    int64_t gap_ns = now_ns > term->last_ns ? now_ns - term->last_ns : 1;
    bool wrapped = delta_uj < 0;
    enum status status = STATUS_OK;
    if (wrapped) {
        status = read_range(term, now_uj, &range_uj, error);
        delta_uj += range_uj;
    } else {
        range_uj = range_for_gap(term, gap_ns);
    }
    if (!status)
        status = check_step(term, delta_uj, range_uj, wrapped, gap_ns, error);
    term->last_uj = now_uj;
    term->last_ns = now_ns;
    if (status)
        return status;
    term->total_uj += delta_uj;
    note_power(term);
    return STATUS_OK;
}

static enum status read_counter(struct term *term, double *value, struct error *error)
{
    double now_uj;
    int64_t before_ns = clock_ns();
    enum status status = read_figure(&term->figures[0], &now_uj, error);
    int64_t now_ns = before_ns + (clock_ns() - before_ns) / 2;
    if (status)
        return status;
    if (now_uj < 0 || fabs(now_uj) >= 9007199254740992.0) /* beyond 2^53 doubles skip numbers */
        return error_set(error, STATUS_INVALID,
                         "%s: %.17g uJ is what a counter without a value "
                         "says",
                         term->figures[0].path, now_uj);
    if (!term->started) {
        term->started = true;
        term->last_uj = now_uj;
        term->last_ns = term->stretch_start_ns = now_ns;
    } else {
        status = count(term, now_uj, now_ns, error);
    }
    *value = term->total_uj;
    return status;
}

/* Whether a term counts now; else `text` is what its state is. */
static enum status ask_state(const struct term *term, bool *counts, char text[64],
                             struct error *error)
{
    *counts = true;
    if (!term->state_path)
        return STATUS_OK;
    enum status status = sysfs_read_text(term->state_path, text, 64, error);
    *counts = !status && strcmp(text, term->state) == 0;
    return status;
}

enum status terms_read(struct terms *terms, struct meter_reading *reading, struct error *error)
{
    int64_t before_ns = clock_ns();
    double sum = 0;
    size_t n_counting = 0;
    char state[64] = "";
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < terms->n; i++) {
        struct term *term = &terms->term[i];
        double value = 0;
        bool there = false;
        status = ask_state(term, &there, state, error);
        if (!status && there)
            status =
                terms->counts ? read_counter(term, &value, error) : read_power(term, &value, error);
        n_counting += there;
        sum += value;
    }
    int64_t took_ns = clock_ns() - before_ns;
    if (!status && n_counting == 0)
        status = error_set(error, STATUS_UNSUPPORTED,
                           "%s says '%s': its power is the device's own only while it says '%s'",
                           terms->term[0].state_path, state, terms->term[0].state);
    if (status == STATUS_NOT_FOUND) /* it was there when the meter was found */
        status = STATUS_IO;
    if (status)
        return status;
    *reading = (struct meter_reading){
        .t_ns = before_ns + took_ns / 2, .doubt_ns = (took_ns + 1) / 2, .value = sum};
    return STATUS_OK;
}

bool terms_overlap(const struct terms *a, const struct terms *b)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (strcmp(a->term[i].figures[0].path, b->term[k].figures[0].path) == 0)
                return true;
        }
    }
    return false;
}

double terms_resolution(const struct terms *terms)
{
    double sum = 0;
    for (size_t i = 0; i < terms->n; i++) {
        const struct term *term = &terms->term[i];
        double values[2] = {1, 1};
        for (size_t k = 0; term->n_figures == 2 && k < 2; k++) {
            if (read_figure(&term->figures[k], &values[k], NULL))
                return 0;
        }
        /* a product moves by one step of its second figure (current) times the first */
        size_t last = term->n_figures - 1;
        sum += fabs(term->figures[last].scale * (last == 1 ? values[0] : 1));
    }
    return sum;
}

void terms_free(struct terms *terms)
{
    for (size_t i = 0; i < terms->n; i++) {
        struct term *term = &terms->term[i];
        for (size_t k = 0; k < term->n_figures; k++) {
            free(term->figures[k].path);
            free(term->figures[k].handle);
        }
        free(term->range_path);
        free(term->state_path);
    }
    free(terms->term);
    *terms = (struct terms){.n = 0};
}
