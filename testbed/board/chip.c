// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/board/chip.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIGURATION = 0 }; /* the register of all three */
enum { N_KINDS = 4, POWERCAP = 3 };

const char *const chip_names[] = {"ina219", "ina226", "ina3221", "powercap", NULL};
_Static_assert(sizeof chip_names / sizeof *chip_names == N_KINDS + 1, "one name a kind");

static const double supply_v = 5.0;
static const long long powercap_range_uj = 262143328850; /* of an Intel package */
static const long long powercap_first_uj =
    262140328850; /* after 3 J it wraps, as it does in the end */
static const int64_t powercap_period_ns = 1000000;

struct rows {
    uint8_t bus, shunt, current, power; /* registers; power 0: the chip computes none */
    int bus_shift, shunt_shift;
    double bus_v, shunt_v; /* of one step */
    double power_divisor;  /* power = current * bus / divisor, in steps */
};

static const struct rows registers[] = {
    {.shunt = 1,
     .bus = 2,
     .power = 3,
     .current = 4,
     .bus_shift = 3,
     .bus_v = 4e-3,
     .shunt_v = 10e-6,
     .power_divisor = 5000},
    {.shunt = 1,
     .bus = 2,
     .power = 3,
     .current = 4,
     .bus_v = 1.25e-3,
     .shunt_v = 2.5e-6,
     .power_divisor = 20000},
    {.shunt = 1, .bus = 2, .bus_shift = 3, .shunt_shift = 3, .bus_v = 8e-3, .shunt_v = 40e-6},
};

struct chip {
    int kind, file;
    double shunt_ohm;
    const char *place;
};

static enum status transfer(const struct chip *chip, char direction, uint8_t at, uint16_t *word,
                            struct error *error)
{
    union i2c_smbus_data data = {.word = (uint16_t)(*word << 8 | *word >> 8)};
    struct i2c_smbus_ioctl_data call = {.read_write = (uint8_t)direction,
                                        .command = at,
                                        .size = I2C_SMBUS_WORD_DATA,
                                        .data = &data};
    if (ioctl(chip->file, I2C_SMBUS, &call) < 0)
        return error_set_errno(error, STATUS_IO, errno, "%s: register %d", chip->place, at);
    *word = (uint16_t)(data.word << 8 | data.word >> 8);
    return STATUS_OK;
}

static enum status put(const struct chip *chip, uint8_t at, double steps, int shift,
                       struct error *error)
{
    double most = (double)(0x7fff >> shift);
    uint16_t word = (uint16_t)((int)(steps > most ? most : steps) << shift);
    return transfer(chip, I2C_SMBUS_WRITE, at, &word, error);
}

static enum status show_registers(struct chip *chip, double power_w, struct error *error)
{
    const struct rows *row = &registers[chip->kind];
    double bus = round(supply_v / row->bus_v);
    double shunt = round(power_w / supply_v * chip->shunt_ohm / row->shunt_v);
    /* calibrated as the drivers do, the current is in the steps of the shunt's voltage */
    enum status status = put(chip, row->bus, bus, row->bus_shift, error);
    if (!status)
        status = put(chip, row->shunt, shunt, row->shunt_shift, error);
    if (!status && row->power)
        status = put(chip, row->current, shunt, 0, error);
    if (!status && row->power)
        status = put(chip, row->power, floor(shunt * bus / row->power_divisor), 0, error);
    return status;
}

/* Time of one conversion by three bits of the configuration (INA226, INA3221), by four (INA219). */
static const int64_t conversion_us[] = {140, 204, 332, 588, 1100, 2116, 4156, 8244};
static const int64_t averages[] = {1, 4, 16, 64, 128, 256, 512, 1024};
static const int64_t ina219_us[] = {84,  148,  276,  532,  84,   148,   276,   532,
                                    532, 1060, 2130, 4260, 8510, 17020, 34050, 68100};

enum status chip_period_ns(struct chip *chip, int64_t *period_ns, struct error *error)
{
    uint16_t word = 0;
    *period_ns = powercap_period_ns;
    if (chip->kind == POWERCAP)
        return STATUS_OK;
    enum status status = transfer(chip, I2C_SMBUS_READ, CONFIGURATION, &word, error);
    int64_t both_us = conversion_us[word >> 6 & 7] + conversion_us[word >> 3 & 7];
    int channels = (word >> 12 & 1) + (word >> 13 & 1) + (word >> 14 & 1);
    int64_t period_us[] = {ina219_us[word >> 7 & 15] + ina219_us[word >> 3 & 15],
                           averages[word >> 9 & 7] * both_us,
                           averages[word >> 9 & 7] * both_us * (channels ? channels : 1)};
    *period_ns = 1000 * period_us[chip->kind];
    return status;
}

/* The file keeps its size, so that nobody finds it empty; what is behind the line's end is blank.
 */
static enum status put_file(const char *folder, const char *name, const char *text, int *file,
                            struct error *error)
{
    char path[300], padded[32];
    int length = snprintf(padded, sizeof padded, "%-30s\n", text);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (*file < 0)
        *file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0444);
    if (*file < 0 || pwrite(*file, padded, (size_t)length, 0) != length)
        return error_set_errno(error, STATUS_IO, errno, "%s", path);
    return STATUS_OK;
}

static enum status show_energy(struct chip *chip, double energy_j, struct error *error)
{
    char text[24];
    long long energy_uj = powercap_first_uj + (long long)(energy_j * 1e6);
    snprintf(text, sizeof text, "%lld", energy_uj % powercap_range_uj);
    return put_file(chip->place, "energy_uj", text, &chip->file, error);
}

static enum status make_zone(struct chip *chip, struct error *error)
{
    char range[24];
    int name = -1, most = -1;
    snprintf(range, sizeof range, "%lld", powercap_range_uj);
    mkdir(chip->place, 0755); /* what fails is seen with the files */
    enum status status = put_file(chip->place, "name", "package-0", &name, error);
    if (!status)
        status = put_file(chip->place, "max_energy_range_uj", range, &most, error);
    if (!status)
        status = show_energy(chip, 0, error);
    close(name);
    close(most);
    return status;
}

enum status chip_open(int kind, const char *place, int address, uint64_t shunt_uohm,
                      struct chip **chip, struct error *error)
{
    struct chip *opened = malloc(sizeof *opened);
    enum status status = STATUS_OK;
    *chip = NULL;
    if (!opened)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a chip");
    *opened = (struct chip){
        .kind = kind, .file = -1, .place = place, .shunt_ohm = (double)shunt_uohm * 1e-6};
    if (kind == POWERCAP) {
        status = make_zone(opened, error);
    } else {
        opened->file = open(place, O_RDWR | O_CLOEXEC);
        /* the driver has it, too */
        if (opened->file < 0 || ioctl(opened->file, I2C_SLAVE_FORCE, address) < 0)
            status = error_set_errno(error, STATUS_IO, errno, "%s, address %#x", place, address);
    }
    if (status) {
        chip_close(opened);
        return status;
    }
    *chip = opened;
    return STATUS_OK;
}

enum status chip_show(struct chip *chip, double power_w, double energy_j, struct error *error)
{
    return chip->kind == POWERCAP ? show_energy(chip, energy_j, error)
                                  : show_registers(chip, power_w, error);
}

void chip_close(struct chip *chip)
{
    if (chip && chip->file >= 0)
        close(chip->file);
    free(chip);
}
