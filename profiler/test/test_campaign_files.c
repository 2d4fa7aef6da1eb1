// SPDX-License-Identifier: GPL-3.0-or-later
/* The campaign files that ship: each is one that rnnprof reads, named after its file, and stays the
 * same when its effective configuration is read back. */
#include "base/test/support.h"

#include "base/memory.h"
#include "profiler/config.h"
#include "profiler/meter.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

static void check_stored(const struct campaign_config *config)
{
    struct campaign_config again;
    struct error error = {0};
    char *text = config_write(config);
    if (config_read_stored(text, &again, &error) != STATUS_OK)
        fail_msg("%s in: %s", error.text, text);
    char *second = config_write(&again);
    assert_string_equal(text, second);
    assert_int_equal(config_same(text, config, &error), STATUS_OK);
    config_free(&again);
    free(second);
    free(text);
}

/* A meter that this machine does not have, but no malformed one. */
static void check_meter(const char *path, const char *spec)
{
    struct meter *meter = NULL;
    struct error error = {0};
    char *root = test_scratch("campaign_files");
    if (spec && meter_open(spec, root, &meter, &error) != STATUS_OK && error.code == STATUS_INVALID)
        fail_msg("%s: %s: %s", path, spec, error.text);
    meter_close(meter);
    free(root);
}

static void each_file_is_a_campaign(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("profiler/campaigns/*.ini", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 7);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        const char *path = files.gl_pathv[i];
        struct campaign_config config;
        struct error error = {0};
        if (config_read(path, &config, &error) != STATUS_OK)
            fail_msg("%s", error.text);
        char *file = text_format("profiler/campaigns/%s.ini", config.name);
        assert_string_equal(file, path);
        assert_true(config.n_lengths >= 8);
        check_stored(&config);
        check_meter(path, config.energy.meter);
        free(file);
        config_free(&config);
    }
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_file_is_a_campaign)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
