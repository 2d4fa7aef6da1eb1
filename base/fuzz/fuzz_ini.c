// SPDX-License-Identifier: GPL-3.0-or-later
/* INI files, from a file and from text: both say the same. */
#include "base/fuzz/fuzz.h"
#include "base/ini.h"

struct sum {
    size_t n, n_bytes;
};

static enum status take(void *user, const struct ini_setting *setting, struct error *error)
{
    struct sum *sum = user;
    sum->n++;
    sum->n_bytes += strlen(setting->section) + strlen(setting->key) + strlen(setting->value);
    if (strcmp(setting->key, "refuse") == 0)
        return error_set(error, STATUS_MISUSE, "%s: refused", setting->where);
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum of_file = {0}, of_text = {0};
    struct error error = {0};
    enum status file = ini_read(fuzz_file(data, size), take, &of_file, &error);
    char *text = fuzz_text(data, size);
    enum status other = ini_read_text(text, "text", take, &of_text, NULL);
    FUZZ_REQUIRE(!file == (error.text[0] == '\0'));
    if (strlen(text) == size)
        FUZZ_REQUIRE(file == other && of_file.n == of_text.n && of_file.n_bytes == of_text.n_bytes);
    free(text);
    return 0;
}
