// SPDX-License-Identifier: GPL-3.0-or-later
/* RAPL zones: what is added and what is not, wraps, and every way in which they break. */
#include "base/clock.h"
#include "profiler/test/meter_tree.h"

#define CAP "/sys/class/powercap/"

static void zone(const char *root, const char *name, const char *called, const char *energy)
{
    char *path = text_format(CAP "%s/name", name);
    tree_set(root, path, called);
    free(path);
    path = text_format(CAP "%s/energy_uj", name);
    tree_set(root, path, energy);
    free(path);
    path = text_format(CAP "%s/max_energy_range_uj", name);
    tree_set(root, path, "262143328850");
    free(path);
}

/* Two packages with memory, cores and graphics, the whole board, and the same again by another
 * way. */
static char *server(void)
{
    char *root = tree_new();
    zone(root, "intel-rapl:0", "package-0", "100");
    zone(root, "intel-rapl:0:0", "core", "7");
    zone(root, "intel-rapl:0:1", "uncore", "7");
    zone(root, "intel-rapl:0:2", "dram", "1000");
    zone(root, "intel-rapl:1", "package-1", "200");
    zone(root, "intel-rapl:1:0", "dram", "2000");
    zone(root, "intel-rapl:2", "psys", "7");
    zone(root, "intel-rapl-mmio:0", "package-0", "100");
    return root;
}

static void packages_and_memory_are_added_and_nothing_twice(void **state)
{
    static const char *const moved[] = {"intel-rapl:0",   "intel-rapl:0:0",   "intel-rapl:0:1",
                                        "intel-rapl:0:2", "intel-rapl:1",     "intel-rapl:1:0",
                                        "intel-rapl:2",   "intel-rapl-mmio:0"};
    char *root = server();
    (void)state;
    struct meter *meter = tree_open(root, "powercap");
    const struct meter_info *info = meter_info(meter);
    assert_string_equal(info->name, "package-0+dram+package-1+dram");
    assert_true(info->counts);
    assert_false(info->radio);
    assert_int_equal(info->scope, SCOPE_PACKAGE);
    assert_int_equal(info->provenance, PROVENANCE_MEASURED);
    assert_close(read_value(meter), 0, 0, 0);
    long step = 1; /* each moves by another power of 10, so that the sum tells which were added */
    for (size_t i = 0; i < 8; i++, step *= 3) {
        char *path = text_format(CAP "%s/energy_uj", moved[i]);
        char *old = text_format("%s%s", root, path), *text = test_read(old);
        char *now = text_format("%ld", strtol(text, NULL, 10) + step);
        tree_set(root, path, now);
        free(now);
        free(text);
        free(old);
        free(path);
    }
    assert_close(read_value(meter), 1 + 27 + 81 + 243, 0, 0);
    meter_close(meter);
    free(root);
}

static void what_is_found_says_what_it_is(void **state)
{
    char *root = server();
    struct meter_found *found;
    size_t n;
    (void)state;
    assert_int_equal(meter_find(root, &found, &n, NULL), STATUS_OK);
    assert_string_equal(found[0].info.name, "package-0+dram+package-1+dram");
    assert_string_equal(found[0].spec, "powercap:package-0+dram+package-1+dram");
    assert_int_equal(found_named(found, n, "package-1")->status, STATUS_OK);
    assert_int_equal(found_named(found, n, "package-1/dram")->status, STATUS_OK);
    const struct meter_found *core = found_named(found, n, "package-0/core");
    assert_int_equal(core->status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(core->why, "lies within its package"));
    assert_int_equal(found_named(found, n, "psys")->status, STATUS_UNSUPPORTED);
    assert_non_null(strstr(found_named(found, n, "mmio/package-0")->why, "same counter"));
    const struct meter_found *none = found_named(found, n, "hwmon");
    assert_int_equal(none->status, STATUS_NOT_FOUND);
    assert_non_null(none->remedy);
    assert_null(none->spec);
    meter_found_free(found, n);
    tree_refuses(root, "powercap:psys", STATUS_UNSUPPORTED, "contains the packages");
    tree_refuses(root, "powercap:package-7", STATUS_NOT_FOUND, "package-1/dram");
    free(root);
}

static void a_tree_with_mmio_alone_is_read_by_it(void **state)
{
    char *root = tree_new();
    (void)state;
    zone(root, "intel-rapl-mmio:0", "package-0", "5");
    struct meter *meter = tree_open(root, "auto");
    assert_string_equal(meter_info(meter)->name, "package-0");
    meter_close(meter);
    free(root);
}

static void a_wrap_adds_the_range(void **state)
{
    char *root = tree_new();
    (void)state;
    zone(root, "intel-rapl:0", "package-0", "262143328840");
    struct meter *meter = tree_open(root, "powercap:package-0");
    assert_close(read_value(meter), 0, 0, 0);
    tree_set(root, CAP "intel-rapl:0/energy_uj", "15");
    assert_close(read_value(meter), 25, 0, 0);
    tree_set(root, CAP "intel-rapl:0/energy_uj", "20");
    assert_close(read_value(meter), 30, 0, 0);
    meter_close(meter);
    free(root);
}

static void a_wrap_without_a_range_is_no_number(void **state)
{
    static const struct {
        const char *range, *why; /* NULL: the file is not there */
    } cases[] = {
        {NULL, "no such file"},
        {"plenty", "'plenty' is no number"},
        {"0", "does not explain"},
        {"262143320000", "does not explain"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *root = tree_new();
        zone(root, "intel-rapl:0", "package-0", "262143328840");
        if (cases[i].range)
            tree_set(root, CAP "intel-rapl:0/max_energy_range_uj", cases[i].range);
        else
            tree_remove(root, CAP "intel-rapl:0/max_energy_range_uj");
        struct meter *meter = tree_open(root, "powercap");
        assert_close(read_value(meter), 0, 0, 0);
        tree_set(root, CAP "intel-rapl:0/energy_uj", "15");
        read_refuses(meter, STATUS_INVALID, cases[i].why);
        tree_set(root, CAP "intel-rapl:0/energy_uj", "16"); /* without the stretch not known */
        assert_close(read_value(meter), 1, 0, 0);
        meter_close(meter);
        free(root);
    }
}

/* 0.5 J over 1.2 s set the scale; with a range of 1 J a pause of 1.5 s may then hide a wrap. */
static void a_pause_that_may_hide_a_wrap_is_refused(void **state)
{
    char *root = tree_new();
    (void)state;
    zone(root, "intel-rapl:0", "package-0", "0");
    struct meter *meter = tree_open(root, "powercap");
    read_value(meter);
    for (int i = 1; i <= 3; i++) { /* over a second in all */
        clock_sleep_ns(400000000);
        tree_set(root, CAP "intel-rapl:0/energy_uj", i == 3 ? "500000" : "100000");
        read_value(meter);
    }
    tree_set(root, CAP "intel-rapl:0/max_energy_range_uj", "1000000");
    clock_sleep_ns(1500000000); /* (0.1 J + 1 J) / 1.5 s is less than 4 * 0.42 W */
    tree_set(root, CAP "intel-rapl:0/energy_uj", "600000");
    read_refuses(meter, STATUS_INVALID, "wrapped unseen");
    tree_set(root, CAP "intel-rapl:0/max_energy_range_uj", "262143328850");
    tree_set(root, CAP "intel-rapl:0/energy_uj", "600010");
    assert_close(read_value(meter), 500010, 0, 0);
    meter_close(meter);
    free(root);
}

static void broken_counters_are_no_numbers(void **state)
{
    static const struct {
        const char *says, *why;
        enum status status;
    } cases[] = {
        {"n/a", "'n/a' is no number", STATUS_INVALID},
        {"", "empty", STATUS_INVALID},
        {"18446744073709551615", "without a value", STATUS_INVALID},
        {"-5", "without a value", STATUS_INVALID},
        {"900000000000", "leapt", STATUS_INVALID},
    };
    char *root = tree_new();
    (void)state;
    zone(root, "intel-rapl:0", "package-0", "10");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tree_set(root, CAP "intel-rapl:0/energy_uj", "10");
        struct meter *meter = tree_open(root, "powercap");
        read_value(meter);
        tree_set(root, CAP "intel-rapl:0/energy_uj", cases[i].says);
        read_refuses(meter, cases[i].status, cases[i].why);
        meter_close(meter);
    }
    tree_set(root, CAP "intel-rapl:0/energy_uj", "10");
    struct meter *meter = tree_open(root, "powercap");
    tree_remove(root, CAP "intel-rapl:0/energy_uj");
    read_refuses(meter, STATUS_IO, "no such file");
    meter_close(meter);
    tree_refuses(root, "powercap", STATUS_IO, "no such file");
    free(root);
}

/* Root reads everything, so it asks as nobody. */
static void a_file_without_permission_says_the_remedy(void **state)
{
    char root[] = "/tmp/rnnmap-test-XXXXXX";
    struct meter_found *found;
    struct error error = {0};
    struct meter *meter = NULL;
    size_t n;
    (void)state;
    assert_non_null(mkdtemp(root));
    assert_int_equal(chmod(root, 0755), 0);
    zone(root, "intel-rapl:0", "package-0", "10");
    zone(root, "intel-rapl:0:0", "dram", "10");
    tree_mode(root, CAP "intel-rapl:0/energy_uj", 0400);
    bool is_root = geteuid() == 0;
    if (is_root)
        assert_int_equal(seteuid(65534), 0);
    else
        tree_mode(root, CAP "intel-rapl:0/energy_uj", 0);
    enum status status = meter_find(root, &found, &n, NULL);
    enum status opened = meter_open("powercap", root, &meter, &error);
    if (is_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, STATUS_OK);
    const struct meter_found *package = found_named(found, n, "package-0+dram");
    assert_int_equal(package->status, STATUS_UNSUPPORTED);
    assert_int_equal(package->info.provenance, PROVENANCE_UNAVAILABLE);
    assert_non_null(strstr(package->why, is_root ? "mode 0400" : "mode 0000"));
    assert_non_null(strstr(package->remedy, "udev"));
    meter_found_free(found, n);
    /* the memory could be read, but is not what "powercap" means */
    assert_int_equal(opened, STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "chmod o+r"));
    char *remove = text_format("rm -r %s", root);
    assert_int_equal(test_shell(remove, NULL, NULL), 0);
    free(remove);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packages_and_memory_are_added_and_nothing_twice),
        cmocka_unit_test(what_is_found_says_what_it_is),
        cmocka_unit_test(a_tree_with_mmio_alone_is_read_by_it),
        cmocka_unit_test(a_wrap_adds_the_range),
        cmocka_unit_test(a_wrap_without_a_range_is_no_number),
        cmocka_unit_test(a_pause_that_may_hide_a_wrap_is_refused),
        cmocka_unit_test(broken_counters_are_no_numbers),
        cmocka_unit_test(a_file_without_permission_says_the_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
