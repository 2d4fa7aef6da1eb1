// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Pictures and the page of a fit: whole, well-formed, with every sample in its place, and nothing
 * from elsewhere. (test_page_browser.sh looks at the page in a browser.)
 */
#include "base/test/markup.h"

#include "base/memory.h"
#include "base/random.h"
#include "fitter/pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Energies: curves with their provenance, without samples. */
static void energies_say_where_they_come_from(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    struct model_set set;
    struct cost_model model = {.target = text_copy("edge"),
                               .quantity = QUANTITY_ENERGY_J,
                               .form = FORM_LINEAR,
                               .segments = calloc(1, sizeof *model.segments),
                               .n_segments = 1,
                               .coefficients = calloc(2, sizeof *model.coefficients),
                               .n_coefficients = 2,
                               .n_min = 1,
                               .n_max = 200,
                               .dof = 30,
                               .provenance = PROVENANCE_MODELLED};
    const struct report report = {.set = &set};
    model_set_init(&set);
    assert_false(picture_energies(&report, memory));
    model.coefficients[0] = 0.01;
    model.coefficients[1] = 0.001;
    assert_int_equal(model_set_add(&set, &model, NULL), STATUS_OK);
    assert_true(picture_energies(&report, memory));
    fclose(memory);
    assert_well_formed(text);
    assert_self_contained(text);
    assert_non_null(strstr(text, ">energy of one inference (mJ)<"));
    assert_non_null(strstr(text, ">edge: linear, modelled<"));
    model_set_free(&set);
    free(text);
}

/* Two targets, one with a name that needs care, `repeat` samples of each of 30 lengths. */
static char *times(const char *folder, int repeat, double slow)
{
    struct random random = {21};
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    fputs("length,time_s,target,round\n", memory);
    for (int round = 0; round < repeat; round++) {
        for (int n = 10; n <= 300; n += 10) {
            double edge = (0.003 + 0.002 * n) * (1 + 0.02 * random_normal(&random));
            fprintf(memory, "%d,%.9f,edge,%d\n", n, round == 3 && n == 100 ? edge * slow : edge,
                    round);
            fprintf(memory, "%d,%.9f,<b>R&D,%d\n", n,
                    0.203 + 0.0005 * n + 0.004 * random_normal(&random), round);
        }
    }
    fclose(memory);
    char *path = test_write(folder, "times.csv", text);
    free(text);
    return path;
}

static char *read_back(const char *folder, const char *name)
{
    char *path = text_format("%s/%s", folder, name), *text = test_read(path);
    if (!text)
        fail_msg("%s is not there", path);
    free(path);
    return text;
}

static int rnnfit(const char *csv, const char *more, char **err)
{
    char *command = text_format("%s/bin/rnnfit --csv %s %s", test_build(), csv, more);
    int exit = test_shell(command, NULL, err);
    free(command);
    return exit;
}

static void every_sample_is_drawn(void **state)
{
    (void)state;
    char *folder = test_scratch("page"), *csv = times(folder, 20, 3);
    char *more = text_format("--plot %s/plots --report %s/fit.html --pairs "
                             "datasets/squad_sentence_question.csv",
                             folder, folder);
    assert_int_equal(rnnfit(csv, more, NULL), 0);
    static const struct {
        const char *name;
        size_t points;
    } files[] = {
        {"time_vs_length.svg", 1202}, /* outliers are drawn once more */
        {"residuals_edge.svg", 601},   {"residuals__b_R_D_2.svg", 601}, {"quantiles_edge.svg", 0},
        {"quantiles__b_R_D_2.svg", 0}, {"output_length.svg", 0},
    };
    char *plots = text_format("%s/plots", folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *text = read_back(plots, files[i].name);
        assert_well_formed(text);
        assert_self_contained(text);
        if (files[i].points > 0)
            assert_int_equal(count(text, "h0M") + count(text, "h0\""), files[i].points);
        else
            assert_true(count(text, "<path") > 5);
        free(text);
    }
    char *page = read_back(folder, "fit.html"), *png = read_back(plots, "time_vs_length.png");
    char *list = NULL, *command = text_format("ls -a %s %s | grep -c part$", plots, folder);
    assert_memory_equal(png, "\x89PNG", 4);
    test_shell(command, &list, NULL);
    assert_string_equal(list, "0\n");
    assert_well_formed(page);
    assert_self_contained(page);
    assert_int_equal(count(page, "<figure>"), count(page, "<figcaption>") + 1);
    assert_int_equal(count(page, "role=\"img\""), 6);
    assert_non_null(strstr(page, "600 samples; 1 of them are outliers"));
    assert_non_null(strstr(page, "Samples of &lt;b&gt;R&amp;D"));
    assert_non_null(strstr(page, "<p class=\"warn\">WARNING: the input"));
    assert_non_null(strstr(page, "no round trips measured")); /* a remark */
    assert_int_equal(count(page, "<td>measured</td>"), 2);
    free(list);
    free(command);
    free(png);
    free(page);
    free(plots);
    free(more);
    free(csv);
    free(folder);
}

static void many_samples_are_a_density(void **state)
{
    (void)state;
    char *folder = test_scratch("density"), *csv = times(folder, 150, 1);
    char *more = text_format("--plot %s", folder);
    assert_int_equal(rnnfit(csv, more, NULL), 0);
    char *text = read_back(folder, "time_vs_length.svg");
    assert_well_formed(text);
    assert_int_equal(count(text, "<g fill="), 2);
    assert_int_equal(count(text, "h0M"), 0);
    assert_true(count(text, "fill-opacity=\"0.") > 60);
    assert_true(strlen(text) < 400000);
    free(text);
    free(more);
    free(csv);
    free(folder);
}

/* A page that cannot be written leaves what was there; a fit of three samples has a page too. */
static void whole_or_not_at_all(void **state)
{
    (void)state;
    char *folder = test_scratch("whole"), *err = NULL;
    char *csv = test_write(folder, "few.csv", "length,time_s\n5,0.1\n5,0.2\n5,0.15\n");
    char *missing = text_format("--report %s/no/fit.html", folder);
    char *inside = text_format("--report %s/fit.html --plot %s/few.csv/x", folder, folder);
    char *fine = text_format("--report %s/fit.html", folder);
    assert_int_equal(rnnfit(csv, missing, &err), 1);
    assert_non_null(strstr(err, "no/fit.html: cannot be written"));
    free(err);
    assert_int_equal(rnnfit(csv, "--report /dev/full", &err), 1);
    assert_non_null(strstr(err, "/dev/full: cannot be written"));
    free(err);
    assert_int_equal(rnnfit(csv, "--report -", &err), 2);
    free(err);
    assert_int_equal(rnnfit(csv, inside, &err), 1);
    assert_non_null(strstr(err, "cannot be made a folder"));
    free(err);
    assert_int_equal(rnnfit(csv, fine, NULL), 0);
    char *page = read_back(folder, "fit.html");
    assert_well_formed(page);
    assert_self_contained(page);
    free(page);
    free(missing);
    free(inside);
    free(fine);
    free(csv);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(energies_say_where_they_come_from),
        cmocka_unit_test(every_sample_is_drawn),
        cmocka_unit_test(many_samples_are_a_density),
        cmocka_unit_test(whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
