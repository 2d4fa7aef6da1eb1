// SPDX-License-Identifier: GPL-3.0-or-later
/* Numbers with units, as options and files have them. The first byte says what is measured. */
#include "base/fuzz/fuzz.h"
#include "base/units.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double value = 0;
    uint64_t whole = 0;
    if (size == 0)
        return 0;
    char *text = fuzz_text(data + 1, size - 1);
    if (!parse_quantity(text, (enum dimension)(data[0] % N_DIMENSIONS), &value, NULL))
        FUZZ_REQUIRE(!isnan(value));
    if (!parse_real(text, &value, NULL))
        FUZZ_REQUIRE(isfinite(value));
    if (!parse_u64(text, 3, 99, &whole, NULL))
        FUZZ_REQUIRE(whole >= 3 && whole <= 99);
    free(text);
    return 0;
}
