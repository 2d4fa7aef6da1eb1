// SPDX-License-Identifier: GPL-3.0-or-later
/* CSV: every row has the header's fields, and a number is a number. */
#include "base/csv.h"
#include "base/fuzz/fuzz.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct csv *csv;
    int column;
    bool more;
    if (csv_open(fuzz_file(data, size), &csv, &error)) {
        FUZZ_REQUIRE(error.text[0]);
        return 0;
    }
    for (int i = 0; i < csv_n_columns(csv); i++)
        FUZZ_REQUIRE(csv_column(csv, csv_column_name(csv, i)) == i);
    (void)csv_require(csv, "time_s", &column, &error);
    while (csv_next(csv, &more, &error) == STATUS_OK && more) {
        for (int i = 0; i < csv_n_columns(csv); i++) {
            double real = 0;
            uint64_t whole = 0;
            error_clear(&error);
            FUZZ_REQUIRE(strchr(csv_text(csv, i), ',') == NULL);
            if (!csv_real(csv, i, &real, &error))
                FUZZ_REQUIRE(isfinite(real));
            if (!csv_u64(csv, i, 1, 1000, &whole, NULL))
                FUZZ_REQUIRE(whole >= 1 && whole <= 1000);
        }
    }
    csv_close(csv);
    return 0;
}
