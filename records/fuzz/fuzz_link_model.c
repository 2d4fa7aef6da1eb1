// SPDX-License-Identifier: GPL-3.0-or-later
/* Link models: what was read can be written, read again and written the same; and it plays. */
#include "base/fuzz/fuzz.h"
#include "records/link_model.h"
#include "records/link_source.h"

static char *written(const struct link_model *model, size_t *n)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, n);
    FUZZ_REQUIRE(out);
    link_model_write(model, out);
    FUZZ_REQUIRE(fclose(out) == 0);
    return text;
}

static void play(const char *path)
{
    struct link_rest rest = {0.01, 1e6, 1e6};
    struct link_source *source;
    struct link_player player;
    if (link_source_open(path, &rest, &source, NULL))
        return;
    link_player_start(&player, source, 7, PACE_REQUEST, true);
    for (int i = 0; i < 20; i++) {
        struct link_conditions link = link_player_at(&player, 1e-3 * i);
        FUZZ_REQUIRE(link.values[COLUMN_RTT] >= 0 && link.values[COLUMN_UP] >= 0);
        link_player_request(&player);
    }
    link_source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error error = {0};
    struct link_model model, again;
    size_t n, n_again;
    enum status status = link_model_read(fuzz_file(data, size), &model, &error);
    FUZZ_REQUIRE(!status == (error.text[0] == '\0'));
    if (status)
        return 0;
    char *text = written(&model, &n);
    const char *path = fuzz_file((const uint8_t *)text, n);
    FUZZ_REQUIRE(link_model_read(path, &again, NULL) == STATUS_OK);
    char *same = written(&again, &n_again);
    FUZZ_REQUIRE(n == n_again && memcmp(text, same, n) == 0);
    play(path);
    free(same);
    free(text);
    link_model_free(&again);
    link_model_free(&model);
    return 0;
}
