// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples as CSV: what is passed on is within the bounds that the store holds. */
#include "base/fuzz/fuzz.h"
#include "records/sample_csv.h"

static enum status take(void *user, const char *target, const struct sample *sample,
                        struct error *error)
{
    const int64_t most = (int64_t)1 << 50;
    uint64_t *n = user;
    (void)error;
    (*n)++;
    FUZZ_REQUIRE(target[0] && strpbrk(target, ",\"\n") == NULL);
    FUZZ_REQUIRE(sample->length >= 1 && sample->length <= INT32_MAX);
    FUZZ_REQUIRE(sample->time_ns >= 1 && sample->time_ns <= most);
    FUZZ_REQUIRE(sample->rtt_ns <= most && sample->bytes_up <= most && sample->bytes_down <= most);
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    uint64_t n = 0, n_rows = 0;
    enum status status = sample_csv_read(fuzz_file(data, size), "edge", take, &n, &n_rows, &error);
    FUZZ_REQUIRE(n_rows == n);
    FUZZ_REQUIRE(!status == (error.text[0] == '\0'));
    FUZZ_REQUIRE(status || n > 0);
    return 0;
}
