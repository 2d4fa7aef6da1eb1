// SPDX-License-Identifier: GPL-3.0-or-later
/* boardpower: what the virtual board draws, shown by a sensor and written down as the truth. */
#include "base/clock.h"
#include "base/stop.h"
#include "base/tool.h"
#include "base/units.h"
#include "testbed/board/chip.h"
#include "testbed/board/power.h"

#include <inttypes.h>
#include <sched.h>

struct settings {
    int chip;
    const char *place, *truth;
    uint64_t address, shunt_uohm;
    double idle_w, busy_w, radio_w, tail_s;
};

static const struct option_row options[] = {
    {"chip", "NAME", "The sensor that shows it: ina219, ina226, ina3221 or powercap.",
     OPTION_CHOICE, offsetof(struct settings, chip), chip_names, 0},
    {"at", "PLACE", "The bus's device file (default: /dev/i2c-0), or the powercap zone's folder.",
     OPTION_TEXT, offsetof(struct settings, place), NULL, 0},
    {"address", "N", "On the bus (default: 64).", OPTION_COUNT, offsetof(struct settings, address),
     NULL, 0},
    {"shunt", "UOHM", "The shunt, as the driver was told (default: 100000).", OPTION_COUNT,
     offsetof(struct settings, shunt_uohm), NULL, 0},
    {"idle", "W", "Watts at rest (default: 1.2).", OPTION_REAL, offsetof(struct settings, idle_w),
     NULL, 0},
    {"busy", "W", "Watts while the processor works (default: 3.2).", OPTION_REAL,
     offsetof(struct settings, busy_w), NULL, 0},
    {"radio", "W", "Watts that the radio adds while it is on (default: 0.6).", OPTION_REAL,
     offsetof(struct settings, radio_w), NULL, 0},
    {"tail", "TIME", "How long it stays on behind a packet (default: 50ms).", OPTION_TIME,
     offsetof(struct settings, tail_s), NULL, 0},
    {"truth", "FILE", "Where each period's power goes, and the energy up to its end.", OPTION_TEXT,
     offsetof(struct settings, truth), NULL, 0},
};

/* A chip converts by a clock of its own: nothing may hold this process up. */
static void take_precedence(FILE *diagnostics)
{
    struct sched_param first = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
    if (sched_setscheduler(0, SCHED_FIFO, &first))
        fprintf(diagnostics, "boardpower: no real-time priority: figures may come late\n");
}

static void write_down(FILE *truth, const struct activity *now, double power_w, double energy_j)
{
    if (truth)
        fprintf(truth, "%" PRId64 ",%" PRId64 ",%.1f,%.3f,%" PRId64 "\n", now->at_ns,
                clock_epoch_ms(), power_w * 1e6, energy_j * 1e6, now->own_ns);
}

/* Period by period, until it is told to stop. */
static enum status play(struct chip *chip, const struct power_model *model, FILE *truth,
                        struct error *error)
{
    struct activity_files files;
    struct activity before = {0}, now;
    int64_t period_ns, radio_until_ns = 0;
    double energy_j = 0;
    enum status status = activity_open(&files, error);
    if (!status)
        status = activity_read(&files, &before, error);
    int64_t next_ns = before.at_ns;
    while (!status && !stop_asked()) {
        status = chip_period_ns(chip, &period_ns, error);
        next_ns += period_ns;
        if (!status && next_ns > clock_ns())
            clock_sleep_ns(next_ns - clock_ns());
        if (!status)
            status = activity_read(&files, &now, error);
        if (status)
            break;
        double power_w = power_mean_w(model, &before, &now, &radio_until_ns);
        energy_j += power_w * (double)(now.at_ns - before.at_ns) * 1e-9;
        status = chip_show(chip, power_w, energy_j, error);
        write_down(truth, &now, power_w, energy_j);
        before = now;
    }
    activity_close(&files);
    return status;
}

static enum status run(const struct invocation *call, const void *given, struct error *error)
{
    const struct settings *settings = given;
    struct power_model model = {settings->idle_w, settings->busy_w, settings->radio_w,
                                (int64_t)(settings->tail_s * 1e9)};
    struct chip *chip = NULL;
    FILE *truth = NULL;
    stop_catch();
    take_precedence(call->diagnostics);
    enum status status = chip_open(settings->chip, settings->place, (int)settings->address,
                                   settings->shunt_uohm, &chip, error);
    if (!status && settings->truth && !(truth = fopen(settings->truth, "w")))
        status = error_set(error, STATUS_IO, "%s cannot be written", settings->truth);
    if (truth)
        fputs("t_ns,epoch_ms,power_uw,energy_uj,own_ns\n", truth);
    if (!status)
        status = play(chip, &model, truth, error);
    if (truth && fclose(truth) && !status)
        status = error_set(error, STATUS_IO, "%s cannot be written", settings->truth);
    chip_close(chip);
    return status;
}

int main(int argc, char **argv)
{
    static const struct command command = {.summary = "play the board's power until SIGTERM",
                                           .options = options,
                                           .n_options = sizeof options / sizeof *options,
                                           .run = run};
    static const struct tool boardpower = {
        .name = "boardpower",
        .summary = "what the virtual board draws, shown by a sensor",
        .description = "Reckons, for each period of the sensor, the board's power from what the "
                       "processor and the network did in it, writes it where the sensor's driver "
                       "reads, as the chip would, and to a file as the truth.",
        .examples = "  boardpower --chip ina226 --at /dev/i2c-0 --truth /tmp/truth.csv",
        .commands = &command,
        .n_commands = 1};
    struct settings settings = {.place = "/dev/i2c-0",
                                .address = 0x40,
                                .shunt_uohm = 100000,
                                .idle_w = 1.2,
                                .busy_w = 3.2,
                                .radio_w = 0.6,
                                .tail_s = 0.05};
    return tool_main(&boardpower, argc, argv, &settings, stdout, stderr);
}
