// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/units.h"

#include <math.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof(array)[0])

static void whole_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t min, max, value;
    } good[] = {
        {"0", 0, 0, 0},
        {"007", 0, 9, 7},
        {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX},
        {"128", 1, 128, 128},
    };
    for (size_t i = 0; i < N(good); i++) {
        uint64_t value = 99;
        assert_int_equal(parse_u64(good[i].text, good[i].min, good[i].max, &value, NULL), 0);
        assert_true(value == good[i].value);
    }
    static const char *const bad[] = {"",
                                      " ",
                                      " 1",
                                      "1 ",
                                      "+1",
                                      "-1",
                                      "-0",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "12a",
                                      "1\n",
                                      "٣",
                                      "18446744073709551616",
                                      "99999999999999999999999999"};
    for (size_t i = 0; i < N(bad); i++) {
        uint64_t value = 99;
        struct error error = {0};
        if (parse_u64(bad[i], 0, UINT64_MAX, &value, &error) != STATUS_INVALID)
            fail_msg("'%s' was taken for a number", bad[i]);
        assert_true(value == 99);
        assert_true(error.text[0] != '\0');
    }
    struct error error = {0};
    uint64_t value = 99;
    assert_int_equal(parse_u64("129", 1, 128, &value, &error), STATUS_INVALID);
    assert_string_equal(error.text, "129 is not in 1..128");
    assert_int_equal(parse_u64("0", 1, 128, &value, NULL), STATUS_INVALID);
}

static void real_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},       {"-1.5", -1.5},
                {"+.5", 0.5},   {"1e-7", 1e-7},
                {"1.e3", 1000}, {"4e-320", 4e-320},
                {"1e-400", 0},  {"1.7976931348623157e308", 1.7976931348623157e308}};
    for (size_t i = 0; i < N(good); i++) {
        double value = 99;
        assert_int_equal(parse_real(good[i].text, &value, NULL), STATUS_OK);
        assert_close(value, good[i].value, 0, 0);
    }
    static const char *const bad[] = {"",      " ",     " 1",    "1 ",  "1,5", "nan",  "inf",
                                      "-inf",  "1e999", "0x1p3", "1e",  "e5",  ".",    "--1",
                                      "1.2.3", "12abc", "-",     "+-1", "0X2", "-0x2", "infinity"};
    for (size_t i = 0; i < N(bad); i++) {
        double value = 99;
        struct error error = {0};
        if (parse_real(bad[i], &value, &error) != STATUS_INVALID)
            fail_msg("'%s' was taken for a number", bad[i]);
        assert_true(value == 99);
        assert_true(error.text[0] != '\0');
    }
}

static void quantities(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum dimension dimension;
        double value;
    } good[] = {
        {"20", DIMENSION_TIME, 0.020},
        {"20ms", DIMENSION_TIME, 0.020},
        {"20 ms", DIMENSION_TIME, 0.020},
        {"1.5us", DIMENSION_TIME, 1.5e-6},
        {"3ns", DIMENSION_TIME, 3e-9},
        {"2s", DIMENSION_TIME, 2},
        {"10m", DIMENSION_TIME, 600},
        {"10min", DIMENSION_TIME, 600},
        {"1h", DIMENSION_TIME, 3600},
        {"1.5W", DIMENSION_POWER, 1.5},
        {"300mW", DIMENSION_POWER, 0.3},
        {"2", DIMENSION_POWER, 2},
        {"5uJ", DIMENSION_ENERGY, 5e-6},
        {"64KiB", DIMENSION_SIZE, 65536},
        {"64kB", DIMENSION_SIZE, 64000},
        {"1GiB", DIMENSION_SIZE, 1073741824},
        {"7", DIMENSION_SIZE, 7},
        {"10", DIMENSION_RATE, 1e7},
        {"2.5Gbit/s", DIMENSION_RATE, 2.5e9},
        {"9600bit/s", DIMENSION_RATE, 9600},
        {"0.1%", DIMENSION_FRACTION, 1e-3},
        {"0.2", DIMENSION_FRACTION, 0.2},
        {"1e-3 s", DIMENSION_TIME, 1e-3},
    };
    for (size_t i = 0; i < N(good); i++) {
        double value = 99;
        struct error error = {0};
        if (parse_quantity(good[i].text, good[i].dimension, &value, &error))
            fail_msg("'%s': %s", good[i].text, error.text);
        assert_close(value, good[i].value, 1e-15, 0);
    }
    double unlimited = 0;
    assert_int_equal(parse_quantity("unlimited", DIMENSION_RATE, &unlimited, NULL), STATUS_OK);
    assert_true(unlimited == INFINITY);
    static const struct {
        const char *text;
        enum dimension dimension;
    } bad[] = {
        {"", DIMENSION_TIME},
        {"ms", DIMENSION_TIME},
        {"-1ms", DIMENSION_TIME},
        {"20 MS", DIMENSION_TIME},
        {"20msx", DIMENSION_TIME},
        {"20ms ", DIMENSION_TIME},
        {"1W", DIMENSION_TIME},
        {"1mb", DIMENSION_SIZE},
        {"1Mbit", DIMENSION_RATE},
        {"unlimited", DIMENSION_TIME},
        {"unlimitedMbit/s", DIMENSION_RATE},
        {"inf", DIMENSION_RATE},
        {"1MB/s", DIMENSION_RATE},
        {"nan%", DIMENSION_FRACTION},
        {"1e308h", DIMENSION_TIME},
        {"0x10ms", DIMENSION_TIME},
        {"5%%", DIMENSION_FRACTION},
        {"1\tms", DIMENSION_TIME},
    };
    for (size_t i = 0; i < N(bad); i++) {
        double value = 99;
        struct error error = {0};
        if (parse_quantity(bad[i].text, bad[i].dimension, &value, &error) != STATUS_INVALID)
            fail_msg("'%s' was taken for a quantity", bad[i].text);
        assert_true(value == 99);
        assert_non_null(strstr(error.text, "such as"));
    }
}

static void flags(void **state)
{
    (void)state;
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    int value;
    for (size_t i = 0; i < N(words); i++) {
        value = 99;
        assert_int_equal(parse_flag(words[i], &value, NULL), STATUS_OK);
        assert_int_equal(value, i % 2);
    }
    value = 99;
    static const char *const bad[] = {"", "True", "2", "yess", " on"};
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(parse_flag(bad[i], &value, NULL), STATUS_INVALID);
    assert_int_equal(value, 99);
}

static void times_for_people(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } rows[] = {
        {0, "0 ms"},        {4.56, "4.56 s"},       {0.0123, "12.3 ms"},  {0.1234, "123 ms"},
        {0.9994, "999 ms"}, {0.9996, "1.00 s"},     {2.5e-6, "2.50 us"},  {3e-9, "3.00 ns"},
        {212e-9, "212 ns"}, {9.996e-3, "10.0 ms"},  {99.96e-3, "100 ms"}, {-0.02, "-20.0 ms"},
        {3600, "3600 s"},   {9.9951e-7, "1.00 us"},
    };
    char text[UNITS_TEXT_SIZE];
    for (size_t i = 0; i < N(rows); i++)
        assert_string_equal(format_time(rows[i].seconds, text), rows[i].text);
    assert_ptr_equal(format_time(1e300, text), text); /* cut, not overrun */
    assert_int_equal(strlen(text), UNITS_TEXT_SIZE - 1);
    format_time(NAN, text);
    assert_non_null(strstr(text, "nan"));
}

static void energies_and_powers_for_people(void **state)
{
    (void)state;
    char text[UNITS_TEXT_SIZE];
    assert_string_equal(format_energy(1.234e-3, text), "1.23 mJ");
    assert_string_equal(format_energy(-4e-7, text), "-400 nJ");
    assert_string_equal(format_energy(0, text), "0.00 J");
    assert_string_equal(format_energy(-1e-13, text), "0.00 nJ"); /* no minus for nothing */
    assert_string_equal(format_energy(0.9996, text), "1.00 J");
    assert_string_equal(format_power(12.34, text), "12.3 W");
    assert_string_equal(format_power(3.5e-4, text), "350 uW");
}

static void rates_for_people(void **state)
{
    (void)state;
    static const struct {
        double bit_s;
        const char *text;
    } rows[] = {
        {0, "0 bit/s"},
        {300, "300 bit/s"},
        {9600, "9.6 kbit/s"},
        {1e7, "10 Mbit/s"},
        {12.34e6, "12.3 Mbit/s"},
        {999.7e6, "1 Gbit/s"},
        {12345e9, "12345 Gbit/s"},
        {INFINITY, "unlimited"},
    };
    char text[UNITS_TEXT_SIZE];
    for (size_t i = 0; i < N(rows); i++)
        assert_string_equal(format_rate(rows[i].bit_s, text), rows[i].text);
}

static void durations_for_people(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } rows[] = {
        {0, "0 s"},          {47.4, "47 s"},       {59.6, "1 min 00 s"},
        {200, "3 min 20 s"}, {7500, "2 h 05 min"}, {3599.7, "1 h 00 min"},
        {-5, "0 s"},         {NAN, "0 s"},         {INFINITY, "277777 h 46 min"},
    };
    char text[UNITS_TEXT_SIZE];
    for (size_t i = 0; i < N(rows); i++)
        assert_string_equal(format_duration(rows[i].seconds, text), rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),    cmocka_unit_test(real_numbers),
        cmocka_unit_test(quantities),       cmocka_unit_test(flags),
        cmocka_unit_test(times_for_people), cmocka_unit_test(energies_and_powers_for_people),
        cmocka_unit_test(rates_for_people), cmocka_unit_test(durations_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
