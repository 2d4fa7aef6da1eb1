// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Real requests over a relay in several states, fitted: how many round trips a new connection with
 * slow start takes as requests get longer, and a remote time that is the same over a slow link and
 * a fast one. A busy machine disturbs a campaign, so each may be measured three times.
 */
#include "base/test/support.h"

#include "base/memory.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS = 3 };

static const char network[] = "cell=lstm,hidden=8,input=4,vocabulary=10000,seed=3,threads=1";

struct fixture {
    char *folder, *server;
    int port;
    pid_t pid;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = test_scratch("real_link");
    f->port = 20000 + (int)(getpid() % 10000);
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model m=dnnl:%s",
                                test_build(), network);
    char *line = test_start(command, &f->pid);
    assert_non_null(line);
    f->server = text_copy(line + strlen("listening on http://"));
    free(command);
    free(line);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(test_stop(f->pid), 0);
    free(f->folder);
    free(f->server);
    free(f);
    return 0;
}

static void run(char *command, char **out)
{
    char *err;
    if (test_shell(command, out, &err) != 0)
        fail_msg("%s: %s", command, err);
    free(command);
    free(err);
}

/* Measures and fits; the document that rnnfit writes. */
static json_t *campaign(const struct fixture *f, const char *name, const char *lengths,
                        const char *connection, const char *states, int n, const char *relay)
{
    char *out, *text = text_format("[campaign]\nname = x\nlengths = %s\n"
                                   "[edge]\nengine = dnnl\ncell = lstm\nhidden = 8\ninput = 4\n"
                                   "vocabulary = 10000\nseed = 3\nthreads = 1\n"
                                   "[cloud]\nurl = http://127.0.0.1:%d\nmodel = m\n"
                                   "connection = %s\n"
                                   "[link]\ncommand = %s/bin/rnnlink -q --listen 127.0.0.1:%d "
                                   "--to %s --rtt 0 --control - %s\nstates = %s\n"
                                   "[stop]\nci = 0\nmax_samples = %d\n",
                                   lengths, f->port, connection, test_build(), f->port, f->server,
                                   relay, states, n);
    char *ini = test_write(f->folder, name, text), *db = text_format("%s.db", ini);
    unlink(db);
    run(text_format("%s/bin/rnnprof run %s --db %s", test_build(), ini, db), NULL);
    run(text_format("%s/bin/rnnfit --db %s --json", test_build(), db), &out);
    json_t *document = json_loads(out, 0, NULL);
    assert_non_null(document);
    free(out);
    free(db);
    free(ini);
    free(text);
    return document;
}

/* The endpoint's model of a quantity; NULL: there is none. */
static json_t *model_of(json_t *document, const char *quantity)
{
    size_t i;
    json_t *model;
    json_array_foreach(json_object_get(document, "models"), i, model)
    {
        if (strcmp(json_string_value(json_object_get(model, "quantity")), quantity) == 0)
            return model;
    }
    return NULL;
}

/* The level of a step at a length; 1 for no model. */
static double level_at(json_t *model, int length)
{
    size_t i;
    json_t *segment;
    json_array_foreach(json_object_get(model, "segments"), i, segment)
    {
        if (length <= json_integer_value(json_object_get(segment, "to")))
            return json_number_value(json_object_get(segment, "intercept"));
    }
    return 1;
}

/* A new connection takes two round trips up to 10 segments of 1460 bytes, three up to three times
 * that, four up to seven times: 1, 7.5, 20 and 59 kB. */
static void slow_start_adds_round_trips(void **state)
{
    static const struct {
        int length;
        double trips;
    } expected[] = {{200, 2}, {1500, 2}, {4000, 3}, {12000, 4}};
    bool right = false;
    for (int attempt = 0; !right && attempt < ATTEMPTS; attempt++) {
        json_t *document = campaign(*state, "cold.ini", "200,1500,4000,12000", "new",
                                    "4/40/80 64/40/80", 6, "--slow-start");
        json_t *trips = model_of(document, "round_trips");
        right = trips != NULL;
        for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
            double level = level_at(trips, expected[i].length);
            printf("  length %5d: %.3f round trips\n", expected[i].length, level);
            right = right && fabs(level - expected[i].trips) < 0.4;
        }
        json_decref(document);
    }
    assert_true(right);
}

/* At 0.1 Mbit/s the bytes of a request take tens of ms, and so do those of the tiny ones that the
 * round trip is told from: neither may stay in the endpoint's time. */
static void bytes_are_told_from_the_endpoint(void **state)
{
    static const char *const states[] = {"10/0.1/0.1", "10/100/100"};
    double remote_s[2], off_s = INFINITY;
    for (int attempt = 0; off_s > 4e-3 && attempt < ATTEMPTS; attempt++) {
        for (int i = 0; i < 2; i++) {
            json_t *document = campaign(*state, "bytes.ini", "60", "keep", states[i], 10, "");
            json_t *model = model_of(document, "remote_s");
            remote_s[i] =
                json_number_value(json_array_get(json_object_get(model, "coefficients"), 0));
            json_decref(document);
        }
        off_s = fabs(remote_s[0] - remote_s[1]);
        printf("  remote time %.3f ms at 0.1 Mbit/s, %.3f ms at 100 Mbit/s\n", remote_s[0] * 1e3,
               remote_s[1] * 1e3);
    }
    assert_true(off_s <= 4e-3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_start_adds_round_trips),
        cmocka_unit_test(bytes_are_told_from_the_endpoint),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
