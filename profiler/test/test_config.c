// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/test/support.h"

#include "base/memory.h"
#include "profiler/config.h"

#include <stdlib.h>
#include <string.h>

static const char whole[] = "# a comment\n"
                            "[campaign]\n"
                            "name = lab\n"
                            "lengths = 1,8:32:8\n"
                            "spacing = isolated:1.5\n"
                            "[edge]\n"
                            "engine = dnnl\n"
                            "cell = gru\n"
                            "hidden = 32\n"
                            "[cloud]\n"
                            "url = http://127.0.0.1:9\n"
                            "model = m\n"
                            "[far-cloud]\n"
                            "url = http://127.0.0.1:10\n"
                            "model = m\n"
                            "timeout = 2s\n"
                            "tensors = binary\n"
                            "connection = new\n"
                            "[link]\n"
                            "command = sh 'the link.sh' --control -\n"
                            "states = 5ms/10/50 20ms\n"
                            "[energy]\n"
                            "meter = hwmon:VDD_IN\n"
                            "radio = tx=1.2W,rx=1W\n"
                            "max_window = 4s\n"
                            "windows = 7\n"
                            "[counters]\n"
                            "papi = PAPI_TOT_CYC PAPI_TOT_INS\n"
                            "multiplex = true\n"
                            "[stop]\n"
                            "design = grid\n"
                            "max_energy = 20.5\n"
                            "max_failures = 3\n"
                            "ci = 1%\n"
                            "max_samples = 50\n"
                            "max_time = 2min\n";

static void check_whole(const struct campaign_config *config)
{
    assert_string_equal(config->name, "lab");
    assert_int_equal(config->n_lengths, 5);
    assert_int_equal(config->lengths[4], 32);
    assert_close(config->isolated_s, 1.5, 0, 0);
    assert_int_equal(config->edge.cell, ENGINE_GRU);
    assert_int_equal(config->edge.hidden, 32);
    assert_int_equal(config->n_endpoints, 2);
    assert_string_equal(config->endpoints[1].name, "far-cloud");
    assert_close(config->endpoints[1].client.timeout_s, 2, 0, 0);
    assert_false(config->endpoints[0].client.binary || config->endpoints[0].client.new_connections);
    assert_true(config->endpoints[1].client.binary && config->endpoints[1].client.new_connections);
    assert_string_equal(config->link_command, "sh 'the link.sh' --control -");
    assert_int_equal(config->n_link_states, 2);
    assert_close(config->link_states[0].down_bit_s, 50e6, 0, 0);
    assert_close(config->link_states[1].rtt_s, 0.02, 1e-12, 0);
    assert_close(config->stop_ci, 0.01, 1e-12, 0);
    assert_int_equal(config->max_samples, 50);
    assert_int_equal(config->max_failures, 3);
    assert_close(config->max_time_s, 120, 1e-12, 0);
    assert_close(config->max_energy_j, 20.5, 1e-12, 0);
    assert_true(config->grid && config->multiplex);
    assert_string_equal(config->energy.meter, "hwmon:VDD_IN");
    assert_string_equal(config->energy.radio, "tx=1.2W,rx=1W");
    assert_close(config->energy.max_window_s, 4, 1e-12, 0);
    assert_int_equal(config->energy.n_windows, 7);
    assert_string_equal(config->counters, "PAPI_TOT_CYC PAPI_TOT_INS");
}

/* What config_write gives, config_read takes back: the effective configuration is a campaign file.
 */
static void reads_what_it_writes(void **state)
{
    (void)state;
    char *folder = test_scratch("config");
    char *path = test_write(folder, "campaign.ini", whole);
    struct campaign_config config;
    struct error error = {0};
    if (config_read(path, &config, &error))
        fail_msg("%s", error.text);
    check_whole(&config);
    char *text = config_write(&config);
    char *again = test_write(folder, "again.ini", text);
    config_free(&config);
    if (config_read(again, &config, &error))
        fail_msg("%s", error.text);
    check_whole(&config);
    char *twice = config_write(&config);
    assert_string_equal(text, twice);
    config_free(&config);
    free(text);
    free(twice);
    free(again);
    free(path);
    free(folder);
}

/* Only the lengths and the first target's engine must be given. */
static void defaults(void **state)
{
    (void)state;
    char *folder = test_scratch("config");
    char *path = test_write(folder, "board.ini",
                            "[campaign]\nlengths = 1\n[edge]\nengine = dnnl\n[cloud]\n"
                            "url = http://h\n");
    struct campaign_config config;
    struct error error = {0};
    if (config_read(path, &config, &error))
        fail_msg("%s", error.text);
    assert_string_equal(config.name, "board");
    assert_string_equal(config.endpoints[0].client.model, "board");
    assert_int_equal(config.max_failures, 10);
    assert_true(!config.energy.meter && !config.counters && !config.grid);
    assert_close(config.energy.max_window_s, 10, 0, 0);
    config_free(&config);
    free(path);
    free(folder);
}

/* A campaign goes on with other lengths and stop rules, with nothing else. */
static void what_resume_accepts(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says; /* says NULL: accepted */
    } cases[] = {
        {"ci = 1%", "ci = 5%", NULL},
        {"lengths = 1,8:32:8", "lengths = 4", NULL},
        {"timeout = 2s", "timeout = 9s", NULL},
        {"[far-cloud]", "[elsewhere]", NULL},
        {"states = 5ms/10/50 20ms", "states = 20ms 80ms", NULL},
        {"--control -", "", "'[link] command = sh 'the link.sh' --control -', now it is"},
        {"tensors = binary", "tensors = json", "tensors = binary"},
        {"connection = new", "connection = keep", "connection = new"},
        {"hidden = 32", "hidden = 64", "'hidden = 32', now it is 'hidden = 64'"},
        {"cell = gru", "cell = lstm", "cell = gru"},
        {"isolated:1.5", "isolated:2", "spacing"},
        {"127.0.0.1:9", "127.0.0.1:8", "url"},
    };
    char *folder = test_scratch("config");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct campaign_config config;
        struct error error = {0};
        const char *at = strstr(whole, cases[i].from);
        char *text = text_format("%.*s%s%s", (int)(at - whole), whole, cases[i].to,
                                 at + strlen(cases[i].from));
        char *path = test_write(folder, "campaign.ini", text);
        assert_int_equal(config_read(path, &config, &error), STATUS_OK);
        enum status status = config_same(whole, &config, &error);
        assert_int_equal(status, cases[i].says ? STATUS_FAILED : STATUS_OK);
        if (cases[i].says && !strstr(error.text, cases[i].says))
            fail_msg("'%s' does not say '%s'", error.text, cases[i].says);
        config_free(&config);
        free(text);
        free(path);
    }
    free(folder);
}

#define EDGE "[edge]\nengine = dnnl\n"

static void malformed_files_name_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "[campaign] lengths is missing"},
        {"[campaign]\nname = x\n" EDGE, "[campaign] lengths is missing"},
        {"[campaign]\nname = caf\xe9\n", "is not UTF-8 text"},
        {"[campaign]\nname = x\nlengths = 1\n", "[edge] is missing"},
        {"[campaign]\nname =\n", "campaign.ini:2: [campaign] name: '' is empty"},
        {"[campaign]\nspacing = isolated:-5\n", "campaign.ini:2: [campaign] spacing:"},
        {"[stop]\nci = 2\n", "did you mean 2%?"},
        {"[campaign]\nlengths = 0\n", "campaign.ini:2: [campaign] lengths:"},
        {"[campaign]\nlengths = 5:1\n", "campaign.ini:2: [campaign] lengths:"},
        {"[campaign]\nseed = -1\n", "campaign.ini:2: [campaign] seed:"},
        {"[campaign]\nspacing = often\n", "campaign.ini:2: [campaign] spacing:"},
        {"[campaign]\nnmae = x\n", "campaign.ini:2: [campaign] nmae: no such key"},
        {"[edge]\nhidden = many\n", "campaign.ini:2: [edge] hidden:"},
        {"[edge]\nhiden = 3\n", "campaign.ini:2: [edge] hiden:"},
        {"[cloud]\nurll = x\n", "campaign.ini:2: [cloud] urll:"},
        {"[stop]\nmax_samples = 1\n", "campaign.ini:2: [stop] max_samples:"},
        {"[stop]\nci = 5 apples\n", "campaign.ini:2: [stop] ci:"},
        {"[cloud]\ntensors = xml\n", "campaign.ini:2: [cloud] tensors: 'xml' is neither json"},
        {"[cloud]\nconnection = old\n", "'old' is neither keep nor new"},
        {"[link]\nspeed = 5\n", "campaign.ini:2: [link] speed: no such key"},
        {"[link]\ncommand = a 'b\n", "campaign.ini:2: [link] command: a ' that is not closed"},
        {"[link]\nstates = 5ms/x\n", "campaign.ini:2: [link] states: 'x' is not a rate"},
        {"[campaign]\nlengths = 1\n" EDGE "[cloud]\nurl = u\n[link]\nstates = 5\n",
         "[link] command is missing"},
        {"[campaign]\nlengths = 1\n" EDGE "[cloud]\nurl = u\n[link]\ncommand = a\n",
         "[link] states is missing"},
        {"[campaign]\nlengths = 1\n" EDGE "[link]\ncommand = a\nstates = 5\n",
         "[link] is the way to an endpoint, and there is none"},
        {"[energy]\nmetre = rapl\n", "campaign.ini:2: [energy] metre: no such key"},
        {"[energy]\nmax_window = 99ms\n", "campaign.ini:2: [energy] max_window: a window lasts"},
        {"[stop]\nmax_energy = 0\n", "campaign.ini:2: [stop] max_energy: how many joules"},
        {"[stop]\ndesign = wide\n", "'wide' is neither adaptive nor grid"},
        {"[counters]\nmultiplex = yes\n", "'yes' is neither false nor true"},
        {"name = x\n", "campaign.ini:1:"},
        {"[campaign\nname = x\n", "campaign.ini:1:"},
        {"[campaign]\nname x\n", "campaign.ini:2:"},
        {"[campaign]\nname = x\nlengths = 1\n" EDGE "[cloud]\nmodel = m\n",
         "[cloud] url is missing"},
    };
    char *folder = test_scratch("config");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = test_write(folder, "campaign.ini", cases[i].text);
        struct campaign_config config;
        struct error error = {0};
        assert_int_not_equal(config_read(path, &config, &error), STATUS_OK);
        if (!strstr(error.text, cases[i].says))
            fail_msg("case %zu: '%s' does not say '%s'", i, error.text, cases[i].says);
        free(path);
    }
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(defaults),
        cmocka_unit_test(what_resume_accepts),
        cmocka_unit_test(malformed_files_name_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
