// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/seeded_private.h"

#include "engines/weights_private.h"

#include <stdlib.h>
#include <string.h>

size_t seeded_step(const struct seeded *seeded)
{
    return seeded->vocabulary ? sizeof(int32_t) : seeded->input * sizeof(float);
}

enum status seeded_copy(struct seeded *seeded, uint32_t n, void *to, struct error *error)
{
    size_t step = seeded_step(seeded);
    if (step == 0)
        return STATUS_OK;
    if (n > seeded->n) {
        const struct engine_config config = {
            .seed = seeded->seed, .vocabulary = seeded->vocabulary, .input = seeded->input};
        uint32_t more = n > UINT32_MAX / 3 * 2 ? n : n + n / 2;
        free(seeded->values);
        seeded->n = 0;
        seeded->values = malloc(more * step);
        if (!seeded->values)
            return error_set(error, STATUS_NO_MEMORY, "out of memory (%zu bytes)", more * step);
        seeded->n = more;
        if (seeded->vocabulary)
            weights_tokens(&config, more, seeded->values);
        else
            weights_features(&config, more, seeded->values);
    }
    memcpy(to, seeded->values, n * step);
    return STATUS_OK;
}

void seeded_free(struct seeded *seeded)
{
    free(seeded->values);
    *seeded = (struct seeded){0};
}
