// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/meter_private.h"

#include <fnmatch.h>
#include <string.h>

/*
 * What is known of sensors by chip and label; the first line that fits says it. Jetson: rails by
 * the device trees of Jetson Linux; the module's input carries all its other rails, not the carrier
 * board with a radio on it. A chip's sum of its own channels is no rail.
 */
static const struct {
    const char *chip, *label; /* patterns */
    enum meter_scope scope;
    bool radio;
} known[] = {
    {"*", "VDD_IN", SCOPE_BOARD, false},      /* Jetson Orin, Xavier NX, TX1, TX2 */
    {"*", "POM_5V_IN", SCOPE_BOARD, false},   /* Jetson Nano */
    {"*", "5V_IN", SCOPE_BOARD, false},       /* Jetson Xavier NX by its documentation */
    {"*", "VDD_MUX", SCOPE_BOARD, false},     /* the carrier board of TX1 and TX2 */
    {"power_meter*", "*", SCOPE_BOARD, true}, /* ACPI 4.0, section 10.4 */
    {"macsmc*", "Total System Power", SCOPE_BOARD, true},
    {"amd_energy*", "Esocket*", SCOPE_PACKAGE, false},
    {"fam15h_power*", "*", SCOPE_PACKAGE, false},
};

void rail_describe(const char *chip, const char *label, struct meter_info *info)
{
    info->scope = SCOPE_RAIL;
    info->radio = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (fnmatch(known[i].chip, chip, 0) == 0 && fnmatch(known[i].label, label, 0) == 0) {
            info->scope = known[i].scope;
            info->radio = known[i].radio;
            return;
        }
    }
}

/* Supplies of scope board that feed different parts. */
static const char *const parallel[][2] = {{"VDD_IN", "VDD_MUX"}};

bool rails_are_apart(const struct meter_info *a, const struct meter_info *b)
{
    if (a->scope != b->scope)
        return false; /* a board contains its packages and rails, a package its rails */
    if (a->scope != SCOPE_BOARD)
        return true;
    for (size_t i = 0; i < sizeof parallel / sizeof *parallel; i++) {
        const char *const *pair = parallel[i];
        if ((strcmp(a->name, pair[0]) == 0 && strcmp(b->name, pair[1]) == 0) ||
            (strcmp(a->name, pair[1]) == 0 && strcmp(b->name, pair[0]) == 0))
            return true;
    }
    return false;
}
