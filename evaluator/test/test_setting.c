// SPDX-License-Identifier: GPL-3.0-or-later
/* What is taken from a stored configuration: the engine, and which endpoint with which keys. */
#include "base/test/support.h"

#include "evaluator/setting.h"

#include <stdint.h>
#include <string.h>

#define EDGE "[campaign]\nname = c\n[edge]\nengine = dnnl\nhidden = 48\n"

static enum status read_config(const char *config, const char *endpoint, struct setting *setting,
                               struct error *error)
{
    const struct campaign campaign = {.name = (char *)(uintptr_t) "c",
                                      .config = (char *)(uintptr_t)config};
    return setting_read(&campaign, endpoint, NULL, NULL, setting, error);
}

/* Each endpoint's own keys, and what they are where the configuration is silent. */
static void takes_the_endpoints_keys(void **state)
{
    static const char config[] =
        EDGE "[near]\nurl = http://a\nmodel = m\n"
             "[cloud]\nurl = http://b\nmodel = m2\ntimeout = 250ms\ntensors = binary\n"
             "connection = new\n"
             "[far]\nurl = http://c\nmodel = m3\ntensors = json\nconnection = keep\n";
    static const struct {
        const char *wanted, *url, *model;
        double timeout_s;
        bool binary, new_connections;
    } cases[] = {
        {"near", "http://a", "m", 0, false, false},
        {"cloud", "http://b", "m2", 0.25, true, true},
        {"far", "http://c", "m3", 0, false, false},
        {NULL, "http://b", "m2", 0.25, true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setting setting;
        struct error error = {0};
        if (read_config(config, cases[i].wanted, &setting, &error))
            fail_msg("%s", error.text);
        assert_string_equal(setting.client.url, cases[i].url);
        assert_string_equal(setting.client.model, cases[i].model);
        assert_close(setting.client.timeout_s, cases[i].timeout_s, 0, 0);
        assert_int_equal(setting.client.binary, cases[i].binary);
        assert_int_equal(setting.client.new_connections, cases[i].new_connections);
        assert_int_equal(setting.edge.hidden, 48);
        setting_free(&setting);
    }
}

static void names_what_is_wrong(void **state)
{
    static const struct {
        const char *config, *said;
    } cases[] = {
        {EDGE "[cloud]\nurl = x\nmodel = m\ntensors = text\n",
         "c:9: [cloud] tensors: 'text' is neither json nor binary"},
        {EDGE "[cloud]\nurl = x\nmodel = m\nconnection = Keep\n",
         "c:9: [cloud] connection: 'Keep' is neither keep nor new"},
        {EDGE "[cloud]\nurl = x\nmodel = m\ntimeout = soon\n", "c:9: [cloud] timeout"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct setting setting;
        struct error error = {0};
        enum status status = read_config(cases[i].config, NULL, &setting, &error);
        if (status != STATUS_INVALID || !strstr(error.text, cases[i].said))
            fail_msg("status %d, '%s' has no '%s'", status, error.text, cases[i].said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_endpoints_keys),
        cmocka_unit_test(names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
