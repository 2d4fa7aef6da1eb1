// SPDX-License-Identifier: GPL-3.0-or-later
/* What a program that fails counts as, and whose time a sample has. */
#include "base/test/support.h"

#include "base/memory.h"
#include "profiler/place.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* The program's first RUN is at its opening, the second makes the length, the third is the sample.
 */
static void open_program(const char *third, struct campaign_config *config, struct place *place)
{
    struct error error = {0};
    char *folder = test_scratch("place");
    char *text = text_format("i=0; while read -r w n; do i=$((i + 1))\n"
                             "if [ $i = 3 ]; then %s\nelse echo OK; fi; done\n",
                             third);
    char *program = test_write(folder, "program.sh", text);
    char *ini = text_format("[campaign]\nname = x\nlengths = 5\n[edge]\nengine = command\n"
                            "argv = sh %s\ntimeout = 0.5s\n",
                            program);
    char *path = test_write(folder, "x.ini", ini);
    if (config_read(path, config, &error) || place_open_edge(config, place, &error))
        fail_msg("%s", error.text);
    free(text);
    free(program);
    free(ini);
    free(path);
    free(folder);
}

static void failures_have_their_kind(void **state)
{
    static const struct {
        const char *third;
        enum failure failure;
    } rows[] = {
        {"echo OK", FAILURE_NONE},       {"sleep 30", FAILURE_TIMEOUT},
        {"exit 1", FAILURE_ENGINE},      {"echo ERROR no", FAILURE_ENGINE},
        {"kill -9 $$", FAILURE_ENGINE},  {"echo what", FAILURE_PROTOCOL},
        {"echo OK 0", FAILURE_PROTOCOL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct campaign_config config;
        struct place place;
        struct sample sample;
        struct error why = {0};
        open_program(rows[i].third, &config, &place);
        assert_int_equal(place_sample(&place, 5, &sample, &why), STATUS_OK);
        if (sample.failure != rows[i].failure)
            fail_msg("%s: %d, '%s'", rows[i].third, sample.failure, why.text);
        assert_true((rows[i].failure != FAILURE_NONE) == (why.text[0] != '\0'));
        error_clear(&why);
        assert_int_equal(place_sample(&place, 5, &sample, &why), STATUS_OK);
        assert_int_equal(sample.failure, FAILURE_NONE);
        place_close(&place);
        config_free(&config);
    }
}

static void a_device_has_its_own_time(void **state)
{
    struct campaign_config config;
    struct place place;
    struct sample sample;
    struct error why = {0};
    (void)state;
    open_program("sleep 0.1; echo OK 7654321", &config, &place);
    assert_int_equal(place_sample(&place, 5, &sample, &why), STATUS_OK);
    assert_int_equal(sample.time_ns, 7654321);
    assert_int_equal(sample.server_ns, 7654321);
    assert_int_equal(place_sample(&place, 5, &sample, &why), STATUS_OK);
    assert_true(sample.time_ns > 0 && sample.server_ns < 0);
    place_close(&place);
    config_free(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_have_their_kind),
        cmocka_unit_test(a_device_has_its_own_time),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
