// SPDX-License-Identifier: GPL-3.0-or-later
/* Sensors of power in the system's files: hwmon, iio, INA231, batteries; and sums of them. */
#include "profiler/test/meter_tree.h"

#define HWMON  "/sys/class/hwmon/"
#define IIO    "/sys/bus/iio/devices/"
#define INA231 "/sys/bus/i2c/drivers/INA231/"
#define SUPPLY "/sys/class/power_supply/"

struct file {
    const char *path, *text;
};

static void tree_fill(const char *root, const struct file *files)
{
    for (; files->path; files++)
        tree_set(root, files->path, files->text);
}

/* A Jetson Orin Nano as Jetson Linux 36 shows it. */
static const struct file orin[] = {
    {HWMON "hwmon1/name", "ina3221"},
    {HWMON "hwmon1/update_interval", "2"},
    {HWMON "hwmon1/in1_label", "VDD_IN"},
    {HWMON "hwmon1/in1_input", "5000"},
    {HWMON "hwmon1/curr1_input", "1200"},
    {HWMON "hwmon1/in2_label", "VDD_CPU_GPU_CV"},
    {HWMON "hwmon1/in2_input", "4990"},
    {HWMON "hwmon1/curr2_input", "300"},
    {HWMON "hwmon1/in3_label", "VDD_SOC"},
    {HWMON "hwmon1/in3_input", "4980"},
    {HWMON "hwmon1/curr3_input", "250"},
    {HWMON "hwmon1/in4_input", "6"},
    {HWMON "hwmon1/in7_label", "sum of shunt voltages"},
    {HWMON "hwmon1/in7_input", "10"},
    {HWMON "hwmon1/curr4_input", "1750"},
    {NULL, NULL},
};

/* A Jetson Nano as Jetson Linux 32 shows it, in mW. */
static const struct file nano[] = {
    {IIO "iio:device0/name", "ina3221x"},         {IIO "iio:device0/rail_name_0", "POM_5V_IN"},
    {IIO "iio:device0/in_power0_input", "2500"},  {IIO "iio:device0/in_voltage0_input", "5000"},
    {IIO "iio:device0/in_current0_input", "500"}, {IIO "iio:device0/rail_name_2", "POM_5V_CPU"},
    {IIO "iio:device0/in_power2_input", "700"},   {NULL, NULL},
};

/* The same chip where only its driver lists it. */
static const struct file nano_driver[] = {
    {"/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/name", "ina3221x"},
    {"/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/rail_name_0", "POM_5V_IN"},
    {"/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input", "2500"},
    {NULL, NULL},
};

/* An INA226 through the kernel's iio driver, whose scales are decimals. */
static const struct file ina2xx_adc[] = {
    {IIO "iio:device1/name", "ina226"},
    {IIO "iio:device1/sampling_frequency", "455"},
    {IIO "iio:device1/in_voltage1_raw", "4000"},
    {IIO "iio:device1/in_voltage1_scale", "1.250000000"},
    {IIO "iio:device1/in_power2_raw", "120"},
    {IIO "iio:device1/in_power2_scale", "12.500000000"},
    {NULL, NULL},
};

/* An analog converter: (raw + offset) * scale. */
static const struct file adc[] = {
    {IIO "iio:device2/name", "adc"},
    {IIO "iio:device2/in_voltage0_raw", "1010"},
    {IIO "iio:device2/in_voltage_scale", "5"},
    {IIO "iio:device2/in_voltage0_offset", "-10"},
    {IIO "iio:device2/in_current0_raw", "500"},
    {IIO "iio:device2/in_current0_scale", "0.5"},
    {IIO "iio:device2/in_current0_label", "board"},
    {NULL, NULL},
};

static const struct file energy_iio[] = {
    {IIO "iio:device0/name", "pac1934"},
    {IIO "iio:device0/in_energy1_raw", "1000"},
    {IIO "iio:device0/in_energy1_scale", "0.001"}, /* joules */
    {NULL, NULL},
};

/* An Odroid XU3 under the vendor's kernel, in watts. */
static const struct file odroid[] = {
    {INA231 "0-0040/sensor_W", "1.234567"},
    {INA231 "0-0040/enable", "1"},
    {INA231 "0-0040/update_period", "263808"},
    {INA231 "0-0045/sensor_W", "0.100000"},
    {INA231 "0-0045/enable", "1"},
    {INA231 "0-0041/sensor_W", "0.000000"},
    {INA231 "0-0041/enable", "0"},
    {NULL, NULL},
};

/* The same chips under a later kernel. */
static const struct file odroid_hwmon[] = {
    {HWMON "hwmon0/name", "ina231"},
    {HWMON "hwmon0/in0_input", "2"},
    {HWMON "hwmon0/in1_input", "1000"},
    {HWMON "hwmon0/curr1_input", "1250"},
    {HWMON "hwmon0/power1_input", "1250000"},
    {HWMON "hwmon0/update_interval", "35"},
    {HWMON "hwmon2/name", "ina231"},
    {HWMON "hwmon2/power1_input", "100000"},
    {NULL, NULL},
};

/* An ACPI power meter averages over a second. */
static const struct file acpi[] = {
    {HWMON "hwmon3/device/name", "power_meter"},
    {HWMON "hwmon3/device/power1_average", "93000000"},
    {HWMON "hwmon3/device/power1_average_interval", "1000"},
    {NULL, NULL},
};

static const struct file amd[] = {
    {HWMON "hwmon0/name", "amd_energy"},     {HWMON "hwmon0/energy1_label", "Ecore000"},
    {HWMON "hwmon0/energy1_input", "1000"},  {HWMON "hwmon0/energy9_label", "Esocket0"},
    {HWMON "hwmon0/energy9_input", "90000"}, {NULL, NULL},
};

static const struct file epyc[] = {
    {HWMON "hwmon0/name", "amd_energy"},     {HWMON "hwmon0/energy1_label", "Esocket0"},
    {HWMON "hwmon0/energy1_input", "1000"},  {HWMON "hwmon0/energy2_label", "Esocket1"},
    {HWMON "hwmon0/energy2_input", "90000"}, {NULL, NULL},
};

static const struct file laptop[] = {
    {SUPPLY "AC/type", "Mains"},
    {SUPPLY "BAT0/type", "Battery"},
    {SUPPLY "BAT0/status", "Discharging"},
    {SUPPLY "BAT0/current_now", "-800000"},
    {SUPPLY "BAT0/voltage_now", "12000000"},
    {SUPPLY "hidpp_battery_0/type", "Battery"},
    {SUPPLY "hidpp_battery_0/scope", "Device"},
    {SUPPLY "hidpp_battery_0/status", "Discharging"},
    {SUPPLY "hidpp_battery_0/power_now", "1"},
    {HWMON "hwmon5/name", "BAT0"},
    {HWMON "hwmon5/power1_input", "9600000"},
    {HWMON "hwmon5/device/type", "Battery"},
    {HWMON "hwmon5/device/status", "Discharging"},
    {NULL, NULL},
};

static const struct file thinkpad[] = {
    {SUPPLY "BAT0/type", "Battery"},
    {SUPPLY "BAT0/status", "Discharging"},
    {SUPPLY "BAT0/power_now", "6000000"},
    {SUPPLY "BAT1/type", "Battery"},
    {SUPPLY "BAT1/status", "Not charging"},
    {SUPPLY "BAT1/power_now", "5000"},
    {NULL, NULL},
};

static void sensors_are_read_in_their_units(void **state)
{
    static const struct {
        const struct file *files;
        const char *spec, *name;
        double value_uw;
        enum meter_scope scope;
        bool radio;
        int64_t update_ns;
    } cases[] = {
        {orin, "auto", "VDD_IN", 6e6, SCOPE_BOARD, false, 2000000},
        {orin, "hwmon:VDD_SOC", "VDD_SOC", 1.245e6, SCOPE_RAIL, false, 2000000},
        {orin, "hwmon:ina3221-hwmon1/VDD_SOC", "VDD_SOC", 1.245e6, SCOPE_RAIL, false, 2000000},
        {orin, "radio=yes scope=board hwmon:VDD_SOC", "VDD_SOC", 1.245e6, SCOPE_BOARD, true,
         2000000},
        {orin, "sum:hwmon:VDD_SOC + hwmon:VDD_CPU_GPU_CV", "VDD_SOC+VDD_CPU_GPU_CV", 2.742e6,
         SCOPE_RAIL, false, 2000000},
        {nano, "iio", "POM_5V_IN", 2.5e6, SCOPE_BOARD, false, 0},
        {nano, "iio:POM_5V_CPU", "POM_5V_CPU", 0.7e6, SCOPE_RAIL, false, 0},
        {nano_driver, "auto", "POM_5V_IN", 2.5e6, SCOPE_BOARD, false, 0},
        {ina2xx_adc, "iio", "ina226-iio:device1/power2", 1.5e6, SCOPE_RAIL, false, 2197802},
        {adc, "iio:board", "board", 1.25e6, SCOPE_RAIL, false, 0},
        {odroid, "ina231:arm", "arm", 1.234567e6, SCOPE_RAIL, false, 263808000},
        {odroid, "sum:ina231:arm + ina231:kfc", "arm+kfc", 1.334567e6, SCOPE_RAIL, false,
         263808000},
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", "ina231-hwmon0/power1", 1.25e6, SCOPE_RAIL,
         false, 35000000},
        {acpi, "auto", "power_meter-hwmon3/power1", 93e6, SCOPE_BOARD, true, 1000000000},
        {laptop, "auto", "BAT0", 9.6e6, SCOPE_BOARD, true, 0},
        {thinkpad, "battery", "BAT0+BAT1", 6e6, SCOPE_BOARD, true, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        tree_fill(root, cases[i].files);
        struct meter *meter = tree_open(root, cases[i].spec);
        const struct meter_info *info = meter_info(meter);
        assert_string_equal(info->name, cases[i].name);
        assert_false(info->counts);
        assert_close(read_value(meter), cases[i].value_uw, 1e-12, 0);
        assert_int_equal(info->scope, cases[i].scope);
        assert_int_equal(info->radio, cases[i].radio);
        assert_int_equal(info->update_ns, cases[i].update_ns);
        assert_int_equal(info->provenance, PROVENANCE_MEASURED);
        assert_true(info->resolution > 0);
        meter_close(meter);
        free(root);
    }
}

static void counters_of_chips_count_from_the_first_reading(void **state)
{
    static const struct {
        const struct file *files;
        const char *spec, *path, *then;
        double energy_uj;
    } cases[] = {
        {energy_iio, "iio", IIO "iio:device0/in_energy1_raw", "1007", 7000},
        {amd, "hwmon", HWMON "hwmon0/energy9_input", "90005", 5},
        {amd, "hwmon:Ecore000", HWMON "hwmon0/energy1_input", "1009", 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        tree_fill(root, cases[i].files);
        struct meter *meter = tree_open(root, cases[i].spec);
        assert_true(meter_info(meter)->counts);
        assert_close(read_value(meter), 0, 0, 0);
        tree_set(root, cases[i].path, cases[i].then);
        assert_close(read_value(meter), cases[i].energy_uj, 1e-9, 0);
        tree_set(root, cases[i].path, "3"); /* went back, with no range to explain it */
        read_refuses(meter, STATUS_INVALID, "nothing tells at which value it wraps");
        meter_close(meter);
        free(root);
    }
}

/* A sensor that breaks gives an error with its path, both when it is opened and later. */
static void broken_sensors_are_no_numbers(void **state)
{
    static const struct {
        const struct file *files;
        const char *spec, *path, *says; /* NULL: it vanishes */
        enum status status;
        const char *why;
    } cases[] = {
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/curr1_input", "-40", STATUS_INVALID, "negative"},
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/in1_input", "-1", STATUS_INVALID, "negative"},
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/curr1_input", "4294967295", STATUS_INVALID,
         "without a value"},
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/curr1_input", "off", STATUS_INVALID, "no number"},
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/curr1_input", "", STATUS_INVALID, "empty"},
        {orin, "hwmon:VDD_IN", HWMON "hwmon1/curr1_input", NULL, STATUS_IO, "no such file"},
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", HWMON "hwmon0/power1_input", "4294967295",
         STATUS_INVALID, "without a value"},
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", HWMON "hwmon0/power1_input", "4294967295000",
         STATUS_INVALID, "without a value"}, /* 4.29 MW */
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", HWMON "hwmon0/power1_input", "2147483647",
         STATUS_INVALID, "without a value"},
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", HWMON "hwmon0/power1_input", "200000000000",
         STATUS_INVALID, "is no power"},
        {odroid_hwmon, "hwmon:ina231-hwmon0/power1", HWMON "hwmon0/power1_input", "nan",
         STATUS_INVALID, "no number"},
        {nano, "iio:POM_5V_IN", IIO "iio:device0/in_power0_input", "-3", STATUS_INVALID,
         "negative"},
        {adc, "iio:board", IIO "iio:device2/in_current0_raw", "-5", STATUS_INVALID, "negative"},
        {adc, "iio:board", IIO "iio:device2/in_voltage0_raw", "4294967295", STATUS_INVALID,
         "without a value"},
        {odroid, "ina231:arm", INA231 "0-0040/sensor_W", "1.5W", STATUS_INVALID, "no number"},
        {laptop, "battery", SUPPLY "BAT0/current_now", "2147483647", STATUS_INVALID,
         "without a value"}, /* 25.8 kW */
        {laptop, "battery", SUPPLY "BAT0/status", "Charging", STATUS_UNSUPPORTED, "'Charging'"},
        {laptop, "battery", SUPPLY "BAT0/status", "Full", STATUS_UNSUPPORTED, "'Full'"},
        {laptop, "battery", SUPPLY "BAT0/status", NULL, STATUS_IO, "no such file"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        tree_fill(root, cases[i].files);
        struct meter *meter = tree_open(root, cases[i].spec);
        assert_true(read_value(meter) > 0);
        if (cases[i].says)
            tree_set(root, cases[i].path, cases[i].says);
        else
            tree_remove(root, cases[i].path);
        read_refuses(meter, cases[i].status, cases[i].why);
        if (cases[i].says) {
            struct meter_found *found;
            size_t n;
            tree_refuses(root, cases[i].spec, cases[i].status, cases[i].why);
            assert_int_equal(meter_find(root, &found, &n, NULL), STATUS_OK);
            const struct meter_found *one = found_named(found, n, meter_info(meter)->name);
            assert_int_equal(one->info.provenance, PROVENANCE_UNAVAILABLE);
            meter_found_free(found, n);
        }
        meter_close(meter);
        free(root);
    }
}

/* The product of two would look right. */
static void two_negatives_make_no_power(void **state)
{
    char *root = tree_new();
    (void)state;
    tree_fill(root, orin);
    tree_set(root, HWMON "hwmon1/in1_input", "-5000");
    tree_set(root, HWMON "hwmon1/curr1_input", "-1200");
    tree_refuses(root, "hwmon:VDD_IN", STATUS_INVALID, "in1_input: -5000 is negative");
    free(root);
}

static const struct file nothing[] = {{NULL, NULL}};

static void what_cannot_be_opened_says_why(void **state)
{
    static const struct {
        const struct file *files;
        const char *spec;
        enum status status;
        const char *why;
    } cases[] = {
        {odroid, "ina231:mem", STATUS_UNSUPPORTED, "echo 1 >"},
        {odroid, "auto", STATUS_INVALID, "several of scope rail"},
        {epyc, "hwmon", STATUS_INVALID, "hwmon:Esocket0, hwmon:Esocket1"},
        {nothing, "auto", STATUS_NOT_FOUND, "rnnprof doctor"},
        {odroid, "ina231:gpu", STATUS_NOT_FOUND, "ina231:arm"},
        {odroid, "hwmon", STATUS_NOT_FOUND, "/sys/class/hwmon has no power"},
        {orin, "sum:hwmon:VDD_IN + hwmon:VDD_SOC", STATUS_INVALID, "contain each other"},
        {orin, "sum:hwmon:VDD_SOC + hwmon:VDD_SOC", STATUS_INVALID, "share a sensor"},
        {orin, "sum:hwmon:VDD_SOC", STATUS_INVALID, "of what?"},
        {orin, "sum:hwmon:VDD_SOC + hwmon:VDD_FAN", STATUS_NOT_FOUND, "'VDD_FAN'"},
        {orin, "sum:hwmon:VDD_SOC + constant:radio=1W", STATUS_INVALID, "the system's files"},
        {amd, "sum:hwmon:Ecore000 + hwmon:Esocket0", STATUS_INVALID, "contain each other"},
        {orin, "hwmon:ina3221-hwmon1/rail4", STATUS_NOT_FOUND, "hwmon:VDD_SOC"}, /* a sum */
        {orin, "hwmom", STATUS_INVALID, "'hwmom' is no kind of meter"},
        {orin, "", STATUS_INVALID, "there are: auto, powercap, hwmon"},
        {orin, "scope=world hwmon:VDD_IN", STATUS_INVALID, "package, rail or board"},
        {orin, "radio=maybe hwmon:VDD_IN", STATUS_INVALID, "yes or no"},
        {laptop, "hwmon", STATUS_NOT_FOUND, "hwmon"}, /* the battery's chip is battery's */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        tree_fill(root, cases[i].files);
        tree_refuses(root, cases[i].spec, cases[i].status, cases[i].why);
        free(root);
    }
}

/* The carrier board of a TX2 is beside its module; two chips' labels may be the same. */
static void supplies_side_by_side_are_added(void **state)
{
    static const struct file tx2[] = {
        {HWMON "hwmon1/name", "ina3221"},      {HWMON "hwmon1/in1_label", "VDD_IN"},
        {HWMON "hwmon1/in1_input", "10000"},   {HWMON "hwmon1/curr1_input", "500"},
        {HWMON "hwmon2/name", "ina3221"},      {HWMON "hwmon2/in1_label", "VDD_MUX"},
        {HWMON "hwmon2/in1_input", "10000"},   {HWMON "hwmon2/curr1_input", "100"},
        {HWMON "hwmon2/in2_label", "VDD_1V8"}, {HWMON "hwmon2/in2_input", "1800"},
        {HWMON "hwmon2/curr2_input", "10"},    {HWMON "hwmon1/in2_label", "VDD_1V8"},
        {HWMON "hwmon1/in2_input", "1800"},    {HWMON "hwmon1/curr2_input", "20"},
        {HWMON "hwmon2/in3_label", "NC"},      {HWMON "hwmon2/in3_input", "0"},
        {HWMON "hwmon2/curr3_input", "0"},     {NULL, NULL},
    };
    char *root = tree_new();
    struct meter_found *found;
    size_t n;
    (void)state;
    tree_fill(root, tx2);
    struct meter *meter = tree_open(root, "sum:hwmon:VDD_IN + hwmon:VDD_MUX");
    assert_close(read_value(meter), 6e6, 1e-12, 0);
    meter_close(meter);
    meter = tree_open(root, "hwmon:ina3221-hwmon2/VDD_1V8");
    assert_close(read_value(meter), 18000, 1e-12, 0);
    meter_close(meter);
    assert_int_equal(meter_find(root, &found, &n, NULL), STATUS_OK);
    assert_null(found_named(found, n, "VDD_1V8"));
    assert_non_null(found_named(found, n, "ina3221-hwmon1/VDD_1V8"));
    assert_null(found_named(found, n, "NC"));
    meter_found_free(found, n);
    free(root);
}

/* A scale that is there and no number makes no meter; taking 1 instead would make a wrong one. */
static void a_channel_without_its_scale_is_no_meter(void **state)
{
    static const struct {
        const char *path, *says, *why;
    } cases[] = {
        {IIO "iio:device2/in_voltage_scale", "unknown", "in_voltage_scale: 'unknown' is no number"},
        {IIO "iio:device2/in_voltage_scale", "", "in_voltage_scale: empty"},
        {IIO "iio:device2/in_current0_scale", "0", "in_current0_scale is 0"},
        {IIO "iio:device2/in_voltage0_offset", "-", "in_voltage0_offset: '-' is no number"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        tree_fill(root, adc);
        tree_set(root, cases[i].path, cases[i].says);
        tree_refuses(root, "iio:board", STATUS_INVALID, cases[i].why);
        free(root);
    }
}

/* A folder that may not be listed is another reason than one that is empty. */
static void a_folder_without_permission_says_so(void **state)
{
    char root[] = "/tmp/rnnmap-test-XXXXXX";
    struct meter_found *found;
    size_t n;
    (void)state;
    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0);
    tree_fill(root, orin);
    tree_mode(root, "/sys/class/hwmon", 0);
    bool is_root = geteuid() == 0;
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    enum status status = meter_find(root, &found, &n, NULL);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    tree_mode(root, "/sys/class/hwmon", 0755);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(found_named(found, n, "hwmon")->status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(found_named(found, n, "hwmon")->why, "mode 0000"));
    meter_found_free(found, n);
    char *remove = text_format("rm -r %s", root);
    assert_int_equal(test_shell(remove, NULL, NULL), 0);
    free(remove);
}

/* Chips of one name without labels are told apart by the device that they hang on. */
static void chips_are_called_after_their_device(void **state)
{
    char *root = tree_new(), *link = text_format("%s" HWMON "hwmon0/device", root);
    (void)state;
    tree_fill(root, odroid_hwmon);
    assert_int_equal(symlink("../../../devices/platform/i2c-0/0-0040", link), 0);
    struct meter *meter = tree_open(root, "sum:hwmon:ina231-0-0040/power1 + "
                                          "hwmon:ina231-hwmon2/power1");
    assert_close(read_value(meter), 1.35e6, 1e-12, 0);
    meter_close(meter);
    free(link);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sensors_are_read_in_their_units),
        cmocka_unit_test(counters_of_chips_count_from_the_first_reading),
        cmocka_unit_test(broken_sensors_are_no_numbers),
        cmocka_unit_test(two_negatives_make_no_power),
        cmocka_unit_test(what_cannot_be_opened_says_why),
        cmocka_unit_test(a_channel_without_its_scale_is_no_meter),
        cmocka_unit_test(a_folder_without_permission_says_so),
        cmocka_unit_test(chips_are_called_after_their_device),
        cmocka_unit_test(supplies_side_by_side_are_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
