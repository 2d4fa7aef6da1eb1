// SPDX-License-Identifier: GPL-3.0-or-later
/* A small campaign over loopback from the command line: measured, stopped, resumed, fitted,
 * shipped. */
#include "base/test/support.h"

#include "base/memory.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char *folder, *url, *db, *ini;
    pid_t server;
};

static const char network[] = "cell=lstm,hidden=32,input=16,vocabulary=50,seed=3";

/* The campaign file with an endpoint at `url`. */
static char *campaign(const char *folder, const char *name, const char *url, const char *stop)
{
    char *text = text_format("[campaign]\nname = lab\nlengths = 4,16,48,96\n"
                             "[edge]\nengine = dnnl\ncell = lstm\nhidden = 32\ninput = 16\n"
                             "vocabulary = 50\nseed = 3\nthreads = 1\n"
                             "[cloud]\nurl = %s\nmodel = m\ntimeout = 5s\n[stop]\n%s",
                             url, stop);
    char *path = test_write(folder, name, text);
    free(text);
    return path;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = test_scratch("campaign");
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model m=dnnl:%s,threads=1",
                                test_build(), network);
    char *line = test_start(command, &f->server);
    assert_non_null(line);
    f->url = text_copy(line + strlen("listening on "));
    f->db = text_format("%s/campaign.db", f->folder);
    f->ini = campaign(f->folder, "campaign.ini", f->url, "ci = 0\nmax_samples = 12\n");
    free(command);
    free(line);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(test_stop(f->server), 0);
    free(f->folder);
    free(f->url);
    free(f->db);
    free(f->ini);
    free(f);
    return 0;
}

/* Runs "TOOL ARGUMENTS", expects the exit status and returns standard output; `says` (or NULL) must
 * stand in standard error. */
static char *run(int expected, const char *says, const char *format, ...)
{
    char *arguments, *out, *err;
    va_list args;
    va_start(args, format);
    if (vasprintf(&arguments, format, args) < 0)
        fail_msg("no memory");
    va_end(args);
    char *command = text_format("%s/bin/%s", test_build(), arguments);
    int rc = test_shell(command, &out, &err);
    if (rc != expected || (says && !strstr(err, says)))
        fail_msg("%s: exit %d (expected %d), says: %s%s", command, rc, expected, err, out);
    free(arguments);
    free(command);
    free(err);
    return out;
}

static json_t *run_json(const char *format, const char *argument)
{
    char *out = run(0, NULL, format, argument);
    json_t *document = json_loads(out, 0, NULL);
    if (!document)
        fail_msg("not JSON: %s", out);
    free(out);
    return document;
}

static void check_shown(const char *db)
{
    json_t *shown = run_json("rnnprof show --db %s --json", db);
    json_t *lengths = json_object_get(shown, "lengths");
    assert_int_equal(json_array_size(lengths), 8);
    for (size_t i = 0; i < 8; i++) {
        json_t *row = json_array_get(lengths, i);
        assert_int_equal(json_integer_value(json_object_get(row, "n")), 12);
        assert_true(json_number_value(json_object_get(row, "mean_s")) > 0);
        assert_int_equal(json_is_null(json_object_get(row, "server_s")), i < 4);
        assert_int_equal(json_is_null(json_object_get(row, "rtt_s")), i < 4);
        assert_true(json_is_array(json_object_get(row, "windows")));
    }
    assert_non_null(json_object_get(json_object_get(shown, "device"), "kernel"));
    json_decref(shown);
}

static void the_whole_way(void **state)
{
    struct fixture *f = *state;
    free(run(0, NULL, "rnnprof run %s --db %s -q", f->ini, f->db));
    free(run(1, "--resume", "rnnprof run %s --db %s -q", f->ini, f->db));
    check_shown(f->db);

    char *csv = run(0, NULL, "rnnprof export --db %s", f->db);
    char *path = test_write(f->folder, "out.csv", csv);
    free(run(0, NULL, "rnnprof import %s --db %s/b.db --campaign copy", path, f->folder));
    char *again = run(0, NULL, "rnnprof export --db %s/b.db", f->folder);
    assert_string_equal(csv, again);
    char *listed = run(0, NULL, "rnnprof list --db %s/b.db", f->folder);
    assert_non_null(strstr(listed, "copy"));
    assert_non_null(strstr(listed, "96"));

    free(run(0, NULL, "rnnfit --db %s -q", f->db));
    json_t *fit = run_json("rnnfit --db %s --json -q", f->db);
    json_t *models = json_object_get(fit, "models");
    assert_int_equal(json_array_size(models), 4);
    assert_string_equal(json_string_value(json_object_get(json_array_get(models, 1), "quantity")),
                        "remote_s");
    json_decref(fit);
    free(run(0, NULL, "rnngen --db %s --name lab --link rtt -o %s/lab.h", f->db, f->folder));
    char *header = text_format("%s/lab.h", f->folder), *text = test_read(header);
    assert_non_null(strstr(text, "lab_choose_rtt"));
    free(run(0, NULL, "rnngen --check %s --db %s", header, f->db));
    free(header);
    free(text);
    free(csv);
    free(path);
    free(again);
    free(listed);
}

static uint64_t stored(const char *db)
{
    json_t *list = run_json("rnnprof list --db %s --json", db);
    json_t *first = json_array_get(json_object_get(list, "campaigns"), 0);
    uint64_t n = (uint64_t)json_integer_value(json_object_get(first, "samples"));
    json_decref(list);
    return n;
}

/* A campaign that a signal ends keeps what it measured; --resume goes on from there. */
static void signals_lose_nothing(void **state)
{
    struct fixture *f = *state;
    static const int signals[] = {SIGINT, SIGTERM, SIGKILL};
    for (int i = 0; i < 3; i++) {
        char *db = text_format("%s/signal%d.db", f->folder, i);
        char *ini = campaign(f->folder, "long.ini", f->url, "ci = 0\nmax_samples = 100000\n");
        char *command =
            text_format("%s/bin/rnnprof run %s --db %s --json 2>/dev/null & pid=$!; sleep 2; "
                        "kill -%d $pid; wait $pid",
                        test_build(), ini, db, signals[i]);
        char *out;
        int rc = test_shell(command, &out, NULL);
        uint64_t kept = stored(db);
        assert_true(kept > 100);
        if (signals[i] == SIGKILL) {
            assert_int_equal(rc, 128 + SIGKILL);
        } else {
            assert_int_equal(rc, 3);
            json_t *document = json_loads(out, 0, NULL);
            assert_int_equal(json_integer_value(json_object_get(document, "samples")), kept);
            json_decref(document);
        }
        char *finish = campaign(f->folder, "short.ini", f->url,
                                "ci = 0\nmax_samples = 100000\nmax_time = 500ms\n");
        free(run(3, "not reached", "rnnprof run %s --db %s --resume", finish, db));
        assert_true(stored(db) > kept);
        free(finish);
        free(command);
        free(out);
        free(ini);
        free(db);
    }
}

static void bad_input_is_said(void **state)
{
    struct fixture *f = *state;
    char *dead = campaign(f->folder, "dead.ini", "http://127.0.0.1:1", "ci = 0\n");
    free(run(1, "http://127.0.0.1:1", "rnnprof run %s --db %s/dead.db", dead, f->folder));
    char *no_db = text_format("%s/dead.db", f->folder);
    assert_null(test_read(no_db)); /* nothing was measured, nothing is left behind */
    char *other = test_write(f->folder, "other.db", "this is no database at all, just some text");
    free(run(1, "not an rnnmap database", "rnnprof run %s --db %s", f->ini, other));
    free(run(1, "not an rnnmap database", "rnnfit --db %s", other));
    free(run(1, "no such database", "rnnfit --db %s/none.db", f->folder));
    free(run(2, "", "rnnprof run"));
    free(run(2, "no command 'walk'", "rnnprof walk"));
    free(run(2, "--only", "rnnprof run %s --db %s/only.db --only moon", f->ini, f->folder));
    free(run(2, "no option", "rnnprof show --dbx y"));
    char *model = text_format("[campaign]\nname = x\nlengths = 1\n[edge]\nengine = dnnl\n[cloud]\n"
                              "url = %s\nmodel = other\n",
                              f->url);
    char *path = test_write(f->folder, "model.ini", model);
    free(run(1, "other", "rnnprof run %s --db %s/model.db", path, f->folder));
    free(path);
    free(model);
    free(other);
    free(no_db);
    free(dead);
}

/* The server goes away in the middle: failures by kind are stored, the campaign ends with the URL.
 */
static void a_server_that_dies(void **state)
{
    struct fixture *f = *state;
    pid_t server;
    char *command = text_format("%s/bin/rnnserve --listen 127.0.0.1:0 --model m=dnnl:%s,threads=1",
                                test_build(), network);
    char *line = test_start(command, &server);
    assert_non_null(line);
    char *ini = campaign(f->folder, "dying.ini", line + strlen("listening on "),
                         "ci = 0\nmax_samples = 100000\n");
    char *db = text_format("%s/dying.db", f->folder), *err;
    char *profile = text_format("(sleep 2; kill -9 %d) & %s/bin/rnnprof run %s --db %s",
                                (int)server, test_build(), ini, db);
    assert_int_equal(test_shell(profile, NULL, &err), 1);
    if (!strstr(err, "failures in a row"))
        fail_msg("says: %s", err);
    json_t *list = run_json("rnnprof list --db %s --json", db);
    json_t *first = json_array_get(json_object_get(list, "campaigns"), 0);
    assert_int_equal(json_integer_value(json_object_get(first, "failed")), 10);
    assert_true(json_integer_value(json_object_get(first, "samples")) > 100);
    json_decref(list);
    test_stop(server);
    free(command);
    free(line);
    free(ini);
    free(db);
    free(err);
    free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(signals_lose_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bad_input_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_dies, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
