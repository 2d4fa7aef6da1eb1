// SPDX-License-Identifier: GPL-3.0-or-later
/* Normal equations from sums of many rows at once: equal to those of row by row. */
#include "base/test/support.h"

#include "base/clock.h"
#include "base/random.h"
#include "fitter/normal.h"

#include <math.h>

enum { P = 6, ROWS = 200 };

static void rows_on_a_line_add_up(void **state)
{
    (void)state;
    struct random random = {(uint64_t)clock_ns()};
    print_message("seed %llu\n", (unsigned long long)random.state);
    for (int k = 0; k < 100; k++) {
        struct normal one = {.p = P}, all = {.p = P};
        struct normal_sums sums = {0};
        double from[P], along[P];
        for (int j = 0; j < P; j++) {
            from[j] = j % 3 ? random_normal(&random) : 0;
            along[j] = j % 2 ? random_normal(&random) : 0;
        }
        for (int i = 0; i < ROWS; i++) { /* some are taken off */
            double z = 2 * random_uniform(&random) - 1, w = random_uniform(&random) - 0.3;
            double y = w * random_normal(&random), x[P];
            for (int j = 0; j < P; j++)
                x[j] = from[j] + along[j] * z;
            normal_add(&one, x, w, y);
            sums.w += w;
            sums.wz += w * z;
            sums.wzz += w * z * z;
            sums.wy += y;
            sums.wyz += y * z;
        }
        normal_add_line(&all, from, along, &sums);
        for (int i = 0; i < P; i++) {
            assert_close(all.b[i], one.b[i], 0, 1e-10);
            for (int j = 0; j <= i; j++)
                assert_close(all.a[i * P + j], one.a[i * P + j], 0, 1e-10);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_on_a_line_add_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
