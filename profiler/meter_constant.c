// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * constant: watts from a data sheet, charged by what the device is at. It measures nothing, and
 * says "modelled".
 */
#include "profiler/meter_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/units.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ACTIVE, WAIT, IDLE, RADIO, N_LEVELS };
static const char *const level_names[] = {"active", "wait", "idle", "radio"};
_Static_assert(sizeof level_names / sizeof *level_names == N_LEVELS, "a name for each");

struct constant {
    pthread_mutex_t lock; /* one thread notes, another reads */
    double power_uw[N_ACTIVITIES];
    enum meter_activity activity;
    int64_t charged_ns; /* up to here; 0: not read yet */
    double energy_uj;
};

static void charge(struct constant *constant, int64_t now_ns)
{
    if (constant->charged_ns)
        constant->energy_uj += constant->power_uw[constant->activity] *
                               ((double)(now_ns - constant->charged_ns) * 1e-9);
    constant->charged_ns = now_ns;
}

static enum status constant_read(void *self, struct meter_reading *reading, struct error *error)
{
    struct constant *constant = self;
    (void)error;
    pthread_mutex_lock(&constant->lock);
    int64_t now_ns = clock_ns();
    charge(constant, now_ns);
    *reading = (struct meter_reading){.t_ns = now_ns, .value = constant->energy_uj};
    pthread_mutex_unlock(&constant->lock);
    return STATUS_OK;
}

static void constant_note(void *self, enum meter_activity activity)
{
    struct constant *constant = self;
    pthread_mutex_lock(&constant->lock);
    if (constant->charged_ns)
        charge(constant, clock_ns());
    constant->activity = activity;
    pthread_mutex_unlock(&constant->lock);
}

static void constant_close(void *self)
{
    struct constant *constant = self;
    pthread_mutex_destroy(&constant->lock);
    free(constant);
}

static const struct meter_operations of_constant = {
    .read = constant_read, .note = constant_note, .close = constant_close};

/* Takes "active=3W". */
static enum status take_level(char *item, double *level_w, struct error *error)
{
    char *value = strchr(item, '=');
    if (value)
        *value++ = '\0';
    for (int i = 0; value && i < N_LEVELS; i++) {
        if (strcmp(item, level_names[i]) != 0)
            continue;
        if (!isnan(level_w[i]))
            return error_set(error, STATUS_INVALID, "constant: %s is there twice", item);
        enum status status = parse_quantity(value, DIMENSION_POWER, &level_w[i], error);
        error_prefix(error, "constant: %s", item);
        return status;
    }
    return error_set(error, STATUS_INVALID,
                     "constant: '%s' is none of active=WATTS, wait=, idle= and radio=", item);
}

static enum status take_levels(const char *argument, double *level_w, struct error *error)
{
    char *items = text_copy(argument), *rest = NULL;
    enum status status =
        items ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    for (char *item = items ? strtok_r(items, ", ", &rest) : NULL; item && !status;
         item = strtok_r(NULL, ", ", &rest))
        status = take_level(item, level_w, error);
    free(items);
    if (status)
        return status;
    int n = 0; /* of active, wait, idle */
    for (int i = ACTIVE; i <= IDLE; i++)
        n += !isnan(level_w[i]);
    if (n == 3 || (n == 0 && !isnan(level_w[RADIO])))
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "constant: wants active, wait and idle (and radio, where there is one), or "
                     "radio alone; what is not given would be counted as nothing");
}

enum status constant_open(const char *argument, const char *root, struct meter *meter,
                          struct error *error)
{
    double level_w[N_LEVELS] = {NAN, NAN, NAN, NAN};
    (void)root;
    if (!argument)
        return error_set(error, STATUS_INVALID,
                         "constant: how much? Such as constant:active=4W,wait=2W,idle=1.5W");
    enum status status = take_levels(argument, level_w, error);
    if (status)
        return status;
    struct constant *constant = calloc(1, sizeof *constant);
    if (!constant)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    bool radio = !isnan(level_w[RADIO]), alone = isnan(level_w[ACTIVE]);
    for (int i = 0; i < N_LEVELS; i++)
        level_w[i] = isnan(level_w[i]) ? 0 : level_w[i];
    pthread_mutex_init(&constant->lock, NULL);
    constant->power_uw[ACTIVITY_IDLE] = 1e6 * level_w[IDLE];
    constant->power_uw[ACTIVITY_RUN] = 1e6 * level_w[ACTIVE];
    constant->power_uw[ACTIVITY_OFFLOAD] = 1e6 * (level_w[WAIT] + level_w[RADIO]);
    meter->operations = &of_constant;
    meter->info.dated = true;
    meter->self = constant;
    meter->info.counts = true;
    meter->info.scope = alone ? SCOPE_RAIL : SCOPE_BOARD;
    meter->info.radio = radio;
    meter->info.provenance = PROVENANCE_MODELLED;
    return meter_describe(meter, "constant", alone ? "modelled radio" : "modelled", argument,
                          error);
}
