// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/meter_private.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct meter_kind kinds[] = {
    {.name = "powercap",
     .find = powercap_find,
     .absent = "/sys/class/powercap has no RAPL zone",
     .remedy = "on x86 as root: modprobe intel_rapl_msr; a virtual machine has none"},
    {.name = "hwmon",
     .find = hwmon_find,
     .absent = "/sys/class/hwmon has no power, energy, or voltage with its current",
     .remedy = "load the driver of the board's sensor (such as ina2xx, ina3221), if it has one"},
    {.name = "iio",
     .find = iio_find,
     .absent = "/sys/bus/iio/devices has no power, energy, or voltage with its current",
     .remedy = "load the driver of the board's sensor (such as ina2xx-adc), if it has one"},
    {.name = "ina231",
     .find = ina231_find,
     .absent = "/sys/bus/i2c/drivers/INA231 is not there",
     .remedy = "only Odroid XU+E and XU3 under the vendor's kernel have it; else see hwmon"},
    {.name = "battery",
     .find = battery_find,
     .absent = "/sys/class/power_supply has no battery of the system"},
    {.name = "sum", .open = sum_open},
    {.name = "command", .open = command_open},
    {.name = "constant", .open = constant_open},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

void meter_info_free(struct meter_info *info)
{
    free(info->name);
    free(info->source);
    info->name = info->source = NULL;
}

/* ---- what there is --------------------------------------------------------------------------- */

/* Says that there is none of a kind; `why_not`: what went wrong when it was looked for. */
static enum status add_absent(const struct meter_kind *kind, enum status why_not, const char *why,
                              struct candidates *candidates, struct error *error)
{
    struct candidate *candidate = candidates_add(candidates, kind->name, error);
    if (!candidate)
        return STATUS_NO_MEMORY;
    enum status status = candidate_name(candidate, text_copy(kind->name), text_copy("none"), error);
    free(candidate->found.spec);
    candidate->found.spec = NULL;
    if (why_not)
        candidate_refuse(candidate, why_not, why, NULL);
    else
        candidate_refuse(candidate, STATUS_NOT_FOUND, kind->absent, kind->remedy);
    return status;
}

/* A folder that may not be listed has a reason as well, so it is no error here. */
static enum status find_kind(const struct meter_kind *kind, const char *root,
                             struct candidates *candidates, struct error *error)
{
    size_t before = candidates->n;
    struct error why = {0};
    enum status status = kind->find(root ? root : "", candidates, &why);
    if (status == STATUS_NO_MEMORY)
        return error_set(error, status, "%s", why.text);
    if (status || candidates->n == before)
        return add_absent(kind, status, why.text, candidates, error);
    return STATUS_OK;
}

/* Of one kind (NULL: of all that can be found), in the order of "auto". */
static enum status find_all(const char *only, const char *root, struct candidates *candidates,
                            struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < N_KINDS; i++) {
        if (kinds[i].find && (!only || strcmp(kinds[i].name, only) == 0))
            status = find_kind(&kinds[i], root, candidates, error);
    }
    if (!status)
        status = candidates_tell_apart(candidates, error);
    if (!status)
        candidates_sort(candidates);
    return status;
}

enum status meter_find(const char *sysroot, struct meter_found **found, size_t *n,
                       struct error *error)
{
    struct candidates candidates = {.n = 0};
    *n = 0;
    *found = NULL;
    enum status status = find_all(NULL, sysroot, &candidates, error);
    struct meter_found *list = status ? NULL : calloc(candidates.n, sizeof *list);
    if (!status && !list)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for the meters found");
    if (!status) {
        for (size_t i = 0; i < candidates.n; i++) {
            list[i] = candidates.list[i].found;
            candidates.list[i].found = (struct meter_found){.status = STATUS_OK};
        }
        *found = list;
        *n = candidates.n;
    }
    candidates_free(&candidates);
    return status;
}

void meter_found_free(struct meter_found *found, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        meter_info_free(&found[i].info);
        free(found[i].spec);
        free(found[i].why);
        free(found[i].remedy);
    }
    free(found);
}

/* ---- a meter of files ------------------------------------------------------------------------ */

static enum status files_read(void *self, struct meter_reading *reading, struct error *error)
{
    return terms_read(self, reading, error);
}

static void files_close(void *self)
{
    terms_free(self);
    free(self);
}

static const struct meter_operations of_files = {.read = files_read, .close = files_close};

void meter_use_terms(struct meter *meter, struct terms *terms)
{
    meter->operations = &of_files;
    meter->self = terms;
    meter->info.n_parts = terms->counts ? terms->n : 0;
}

bool meter_of_files(const struct meter *meter)
{
    return meter->operations == &of_files;
}

enum status meter_describe(struct meter *meter, const char *kind, const char *name,
                           const char *source, struct error *error)
{
    meter->info.kind = kind;
    enum status status = text_replace(&meter->info.name, name, error);
    return status ? status : text_replace(&meter->info.source, source, error);
}

/* Makes a candidate the meter; what it had becomes the meter's. */
static enum status take_candidate(struct candidate *candidate, struct meter *meter,
                                  struct error *error)
{
    struct terms *terms = malloc(sizeof *terms);
    if (!terms)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    *terms = candidate->terms;
    candidate->terms = (struct terms){.n = 0};
    meter->info = candidate->found.info;
    candidate->found.info.name = candidate->found.info.source = NULL;
    meter_use_terms(meter, terms);
    return STATUS_OK;
}

/* "as found, and what to do" */
static enum status refuse(const struct candidate *candidate, struct error *error)
{
    const struct meter_found *found = &candidate->found;
    const char *why = found->why ? found->why : "cannot be read";
    const char *semicolon = found->remedy ? "; " : "", *remedy = found->remedy ? found->remedy : "";
    if (!found->spec)
        return error_set(error, found->status, "there is no %s meter: %s%s%s", found->info.kind,
                         why, semicolon, remedy);
    return error_set(error, found->status, "the %s meter %s: %s%s%s", found->info.kind,
                     found->info.name, why, semicolon, remedy);
}

static bool is_called(const struct candidate *candidate, const char *name)
{
    return strcmp(candidate->found.info.name, name) == 0 ||
           strcmp(candidate->found.info.source, name) == 0 ||
           (candidate->alias && strcmp(candidate->alias, name) == 0);
}

/* Lists what can be asked for; beside `like`, only what may stand for the device as well as it. */
static size_t list_specs(const struct candidates *candidates, const struct meter_info *like,
                         char *specs, size_t size)
{
    size_t used = 0, n = 0;
    specs[0] = '\0';
    for (size_t i = 0; i < candidates->n && used < size; i++) {
        const struct candidate *candidate = &candidates->list[i];
        const struct meter_found *found = &candidate->found;
        if (!found->spec)
            continue;
        if (like && (found->status || candidate->part || found->info.scope != like->scope ||
                     strcmp(found->info.kind, like->kind) != 0))
            continue;
        used += (size_t)snprintf(specs + used, size - used, "%s%s", used ? ", " : "", found->spec);
        n++;
    }
    return n;
}

static enum status choose_named(struct candidates *candidates, const char *kind, const char *name,
                                struct meter *meter, struct error *error)
{
    char names[ERROR_TEXT_SIZE / 2];
    for (size_t i = 0; i < candidates->n; i++) {
        struct candidate *candidate = &candidates->list[i];
        if (is_called(candidate, name))
            return candidate->found.status ? refuse(candidate, error)
                                           : take_candidate(candidate, meter, error);
    }
    if (list_specs(candidates, NULL, names, sizeof names) == 0)
        return refuse(&candidates->list[0], error); /* says that there is none */
    return error_set(error, STATUS_NOT_FOUND, "there is no %s meter '%s'; there are: %s", kind,
                     name, names);
}

/* One rail or processor of several is not the device: which, or which sum, is for the user to say.
 */
static enum status check_alone(const struct candidates *candidates, const struct meter_info *info,
                               struct error *error)
{
    char specs[ERROR_TEXT_SIZE / 2];
    if (info->scope == SCOPE_BOARD || list_specs(candidates, info, specs, sizeof specs) < 2)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "there are several of scope %s and none of the whole board: name one, or add "
                     "those that the device draws from (sum:A + B): %s",
                     scope_name(info->scope), specs);
}

/* The first that can be read, in the order of "auto"; parts of others do not stand for them. */
static enum status choose_first(struct candidates *candidates, const char *only,
                                struct meter *meter, struct error *error)
{
    struct candidate *first = NULL;
    for (size_t i = 0; i < candidates->n; i++) {
        struct candidate *candidate = &candidates->list[i];
        if (candidate->part)
            continue;
        if (candidate->found.status == STATUS_OK) {
            enum status status = check_alone(candidates, &candidate->found.info, error);
            return status ? status : take_candidate(candidate, meter, error);
        }
        first = first ? first : candidate;
    }
    if (!only && !first->found.spec) /* each kind has one at least, so there is a first */
        return error_set(error, STATUS_NOT_FOUND,
                         "there is no energy meter here (rnnprof doctor says what was looked for, "
                         "and what to do); a meter outside: command:PROGRAM, watts from a data "
                         "sheet: constant:active=W,wait=W,idle=W");
    return refuse(first, error);
}

static enum status open_found(const char *kind, const char *name, const char *root,
                              struct meter *meter, struct error *error)
{
    struct candidates candidates = {.n = 0};
    enum status status = find_all(kind, root, &candidates, error);
    if (!status)
        status = name ? choose_named(&candidates, kind, name, meter, error)
                      : choose_first(&candidates, kind, meter, error);
    candidates_free(&candidates);
    return status;
}

/* ---- specifications -------------------------------------------------------------------------- */

/* What the user knows better: words in front of the specification. */
struct claims {
    const char *scope, *radio; /* NULL: not said */
    size_t scope_length, radio_length;
};

static bool take_claim(const char **at, const char *key, const char **value, size_t *length)
{
    size_t n = strlen(key);
    if (strncmp(*at, key, n) != 0)
        return false;
    *value = *at + n;
    *length = strcspn(*value, " ");
    *at = *value + *length;
    *at += strspn(*at, " ");
    return true;
}

static enum status claim(const struct claims *claims, struct meter_info *info, struct error *error)
{
    static const char *const answers[] = {"no", "yes"};
    bool known = !claims->scope;
    for (int scope = 0; !known && scope < N_SCOPES; scope++) {
        const char *name = scope_name((enum meter_scope)scope);
        known = strlen(name) == claims->scope_length &&
                strncmp(name, claims->scope, claims->scope_length) == 0;
        if (known)
            info->scope = (enum meter_scope)scope;
    }
    if (!known)
        return error_set(error, STATUS_INVALID, "scope=%.*s: it is package, rail or board",
                         (int)claims->scope_length, claims->scope);
    known = !claims->radio;
    for (int i = 0; !known && i < 2; i++) {
        known = strlen(answers[i]) == claims->radio_length &&
                strncmp(answers[i], claims->radio, claims->radio_length) == 0;
        if (known)
            info->radio = i == 1;
    }
    return known ? STATUS_OK
                 : error_set(error, STATUS_INVALID, "radio=%.*s: it is yes or no",
                             (int)claims->radio_length, claims->radio);
}

static enum status open_kind(const char *spec, const char *root, struct meter *meter,
                             struct error *error)
{
    size_t length = strcspn(spec, ":");
    const char *argument = spec[length] == ':' ? spec + length + 1 : NULL;
    if (strcmp(spec, "auto") == 0)
        return open_found(NULL, NULL, root, meter, error);
    for (size_t i = 0; i < N_KINDS; i++) {
        if (strlen(kinds[i].name) != length || strncmp(kinds[i].name, spec, length) != 0)
            continue;
        if (argument && !*argument)
            argument = NULL;
        return kinds[i].open ? kinds[i].open(argument, root, meter, error)
                             : open_found(kinds[i].name, argument, root, meter, error);
    }
    char names[256] = "auto";
    for (size_t i = 0; i < N_KINDS; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), ", %s", kinds[i].name);
    return error_set(error, STATUS_INVALID, "'%.*s' is no kind of meter; there are: %s",
                     (int)length, spec, names);
}

enum status meter_open(const char *spec, const char *sysroot, struct meter **meter,
                       struct error *error)
{
    struct claims claims = {.scope = NULL};
    const char *at = spec + strspn(spec, " ");
    bool more = true;
    while (more)
        more = take_claim(&at, "scope=", &claims.scope, &claims.scope_length) ||
               take_claim(&at, "radio=", &claims.radio, &claims.radio_length);
    struct meter *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a meter");
    enum status status = open_kind(at, sysroot ? sysroot : "", made, error);
    if (!status)
        status = claim(&claims, &made->info, error);
    if (status) {
        meter_close(made);
    } else {
        *meter = made;
    }
    return status;
}

/* ---- using one ------------------------------------------------------------------------------- */

const struct meter_info *meter_info(const struct meter *meter)
{
    return &meter->info;
}

enum status meter_read(struct meter *meter, struct meter_reading *reading, struct error *error)
{
    return meter->operations->read(meter->self, reading, error);
}

void meter_note(struct meter *meter, enum meter_activity activity)
{
    if (meter->operations->note)
        meter->operations->note(meter->self, activity);
}

void meter_close(struct meter *meter)
{
    if (!meter)
        return;
    if (meter->operations)
        meter->operations->close(meter->self);
    meter_info_free(&meter->info);
    free(meter);
}
