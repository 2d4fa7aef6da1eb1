// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Sensors as their drivers see them: registers of INA219, INA226 and INA3221 on an I2C bus that
 * stores what is written to it (i2c-stub), and the files of a powercap zone. The figures of the
 * registers are those of Texas Instruments' data sheets (SBOS448, SBOS547, SBOS576).
 *
 * Life cycle: chip_open when the driver is bound (it has written the configuration and the
 * calibration), chip_period_ns, chip_show at the end of each period, chip_close. One thread.
 */
#ifndef TESTBED_BOARD_CHIP_H
#define TESTBED_BOARD_CHIP_H

#include "base/status.h"

#include <stdint.h>

extern const char *const chip_names[]; /* NULL at the end */

struct chip;

/*
 * `place`: the bus's device file; of powercap the zone's folder, which is made. `address` on the
 * bus. `shunt_uohm` is what the driver has been told.
 * STATUS_IO, STATUS_NOT_FOUND: the message says which file.  STATUS_NO_MEMORY.
 */
enum status chip_open(int kind, const char *place, int address, uint64_t shunt_uohm,
                      struct chip **chip, struct error *error);

/* How often the chip, as it is configured, has a new figure. */
enum status chip_period_ns(struct chip *chip, int64_t *period_ns, struct error *error);

/* What it shows from now on: the mean power of the period that has just ended, and all energy. */
enum status chip_show(struct chip *chip, double power_w, double energy_j, struct error *error);

void chip_close(struct chip *chip);

#endif
