// SPDX-License-Identifier: GPL-3.0-or-later
/* Link traces, what is computed of them, and the models that are made of them. */
#include "base/fuzz/fuzz.h"
#include "records/link_model.h"
#include "records/link_trace.h"

#include <math.h>

static void check_column(const struct link_trace *trace, enum link_column column)
{
    static const double shares[] = {0, 0.5, 0.99, 1};
    const struct trace_series *series = &trace->columns[column];
    double values[4];
    if (series->n == 0)
        return;
    for (size_t i = 0; i < series->n; i++) {
        FUZZ_REQUIRE(isfinite(series->values[i]) && series->values[i] >= 0);
        FUZZ_REQUIRE(i == 0 || series->t_s[i] > series->t_s[i - 1]);
    }
    if (!link_trace_quantiles(trace, column, shares, 4, values, NULL))
        FUZZ_REQUIRE(values[0] <= values[1] && values[1] <= values[2] && values[2] <= values[3]);
    double mean = link_trace_mean(trace, column);
    FUZZ_REQUIRE(mean >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct link_trace trace;
    struct link_model model = {0};
    enum status status = link_trace_read(fuzz_file(data, size), &trace, &error);
    FUZZ_REQUIRE(!status == (error.text[0] == '\0'));
    if (status)
        return 0;
    FUZZ_REQUIRE(trace.row_s >= LINK_STEP_MIN_S && trace.duration_s > 0);
    for (enum link_column column = 0; column < N_LINK_COLUMNS; column++)
        check_column(&trace, column);
    if (!link_model_fit(&trace, &model, NULL))
        link_model_free(&model);
    link_trace_free(&trace);
    return 0;
}
