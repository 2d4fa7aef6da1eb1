// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * This machine's sensors through libsensors. The library reads /sys/class itself, so a tree made up
 * for the test is bound over it (and a sensors3.conf over /etc) where only this process sees it,
 * which takes root.
 */
#include "profiler/test/meter_tree.h"

#include <sched.h>
#include <sys/mount.h>

#define CHIP "/class/hwmon/hwmon0/"

static char *tree; /* what /sys/class is */
static char why[256];

static void set(const char *path, const char *text)
{
    tree_set(tree, path, text);
}

static bool bind_over(const char *folder, const char *below)
{
    char *from = text_format("%s%s", tree, below);
    bool done = mount(from, folder, NULL, MS_BIND, NULL) == 0;
    if (!done)
        snprintf(why, sizeof why, "%s cannot be bound over %s", from, folder);
    free(from);
    return done;
}

/* Whether the tree is in place; else `why` says what is missing. */
static bool prepare(void)
{
    tree = tree_new();
    set(CHIP "name", "ina3221");
    set(CHIP "in1_input", "5000");
    set(CHIP "curr1_input", "1000");
    set(CHIP "in2_label", "VDD_SOC");
    set(CHIP "in2_input", "5000");
    set(CHIP "curr2_input", "300");
    set(CHIP "in3_input", "5000");
    set(CHIP "curr3_input", "100");
    set("/class/hwmon/hwmon1/name", "board");
    set("/class/hwmon/hwmon1/power1_input", "2500000");
    set("/class/hwmon/hwmon1/energy1_input", "1000");
    set("/etc/sensors3.conf", "chip \"ina3221-*\"\n"
                              "    label in1 \"VDD_IN\"\n"
                              "    compute curr1 @ * 2, @ / 2\n"
                              "    ignore in3\n");
    if (geteuid() != 0)
        snprintf(why, sizeof why, "binding a tree over /sys/class takes root");
    else if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        snprintf(why, sizeof why, "there are no mount namespaces here");
    else
        return bind_over("/sys/class", "/class") && bind_over("/etc", "/etc");
    return false;
}

static void skip_unless_bound(void)
{
    if (!why[0])
        return;
    print_message("skipped: %s\n", why);
    skip();
}

static void the_configuration_names_and_scales(void **state)
{
    (void)state;
    skip_unless_bound();
    struct meter *meter = tree_open("", "hwmon:VDD_IN");
    assert_int_equal(meter_info(meter)->scope, SCOPE_BOARD);
    assert_close(read_value(meter), 10e6, 1e-9, 0); /* 5 V * 2 A */
    set(CHIP "curr1_input", "1500");
    assert_close(read_value(meter), 15e6, 1e-9, 0);
    meter_close(meter);
    meter = tree_open(NULL, "hwmon:VDD_SOC");
    assert_close(read_value(meter), 1.5e6, 1e-9, 0);
    meter_close(meter);
    tree_refuses("", "hwmon:ina3221-hwmon0/rail3", STATUS_UNSUPPORTED, "ignore");
}

static void power_and_energy_come_in_our_units(void **state)
{
    (void)state;
    skip_unless_bound();
    struct meter *meter = tree_open("", "hwmon:board-hwmon1/power1");
    assert_close(read_value(meter), 2.5e6, 1e-9, 0);
    meter_close(meter);
    meter = tree_open("", "hwmon:board-hwmon1/energy1");
    read_value(meter);
    set("/class/hwmon/hwmon1/energy1_input", "1500");
    assert_close(read_value(meter), 500, 1e-9, 0);
    meter_close(meter);
}

static void what_breaks_is_no_number(void **state)
{
    static const struct {
        const char *path, *says; /* NULL: it vanishes */
        enum status status;
        const char *text;
    } cases[] = {
        {"power1_input", "4294967295", STATUS_INVALID, "without a value"},
        {"power1_input", "4294967295000", STATUS_INVALID, "without a value"},
        {"power1_input", "-20", STATUS_INVALID, "negative"},
        {"power1_input", "nan", STATUS_INVALID, "is no power"},
        {"power1_input", "none", STATUS_INVALID, "power1_input"},
        {"power1_input", "", STATUS_INVALID, "empty"},
        {"power1_input", NULL, STATUS_IO, "no such file"},
    };
    (void)state;
    skip_unless_bound();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = text_format("/class/hwmon/hwmon1/%s", cases[i].path);
        set(path, "2500000");
        struct meter *meter = tree_open("", "hwmon:board-hwmon1/power1");
        assert_true(read_value(meter) > 0);
        if (cases[i].says)
            set(path, cases[i].says);
        else
            tree_remove(tree, path);
        read_refuses(meter, cases[i].status, cases[i].text);
        meter_close(meter);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_configuration_names_and_scales),
        cmocka_unit_test(power_and_energy_come_in_our_units),
        cmocka_unit_test(what_breaks_is_no_number),
    };
    if (!prepare() && !why[0])
        snprintf(why, sizeof why, "the tree cannot be put in place");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(tree);
    return failed;
}
