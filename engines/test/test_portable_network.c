// SPDX-License-Identifier: GPL-3.0-or-later
/* The plug-in in portable C is the network that engine=dnnl makes of the same keys and seed. */
#include "base/test/support.h"

#include "base/memory.h"
#include "engines/engine.h"

#include <math.h>
#include <stdlib.h>

static const char *const networks[] = {
    "cell=lstm,hidden=24,input=12",
    "cell=gru,hidden=24,input=12",
    "cell=lstm,hidden=17,input=9,layers=2,bidirectional=true,vocabulary=50",
    "cell=gru,hidden=16,input=40,layers=3,bidirectional=true",
};

static struct engine *opened(const char *spec)
{
    struct engine_config config;
    struct engine *engine = NULL;
    struct error error = {0};
    if (engine_config_defaults(&config, &error) || engine_config_parse(&config, spec, &error) ||
        engine_open(&config, &engine, &error))
        fail_msg("%s: %s", spec, error.text);
    engine_config_free(&config);
    return engine;
}

static const float *answer(struct engine *engine, uint32_t n, size_t *n_values)
{
    struct error error = {0};
    if (engine_prepare(engine, n, &error) || engine_run(engine, &error))
        fail_msg("length %u: %s", n, error.text);
    return engine_output(engine, n_values);
}

static void answers_are_those_of_onednn(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {1, 2, 37, 5};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        char *theirs = text_format("dnnl:%s,seed=5", networks[i]);
        char *ours = text_format("plugin:seed=5,library=%s/examples/portable_network.so,options=%s",
                                 test_build(), networks[i]);
        struct engine *dnnl = opened(theirs), *portable = opened(ours);
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            size_t n, m;
            const float *a = answer(dnnl, lengths[l], &n), *b = answer(portable, lengths[l], &m);
            assert_int_equal(n, m);
            for (size_t k = 0; k < n; k++) {
                if (!(fabsf(a[k] - b[k]) < 1e-5f))
                    fail_msg("%s, length %u: value %zu is %g, of oneDNN %g", networks[i],
                             lengths[l], k, (double)b[k], (double)a[k]);
            }
        }
        engine_close(dnnl);
        engine_close(portable);
        free(theirs);
        free(ours);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_those_of_onednn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
