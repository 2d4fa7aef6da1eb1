// SPDX-License-Identifier: GPL-3.0-or-later
#include "records/round_store.h"

#include "base/memory.h"
#include "records/sql_private.h"

#include <stdlib.h>

static int64_t or_unknown(int64_t value)
{
    return value < 0 ? -1 : value;
}

enum status store_round_put(struct store *store, int64_t campaign_id,
                            const struct round_state *state, struct error *error)
{
    return sql_do(store, error,
                  "INSERT OR REPLACE INTO round_state VALUES (?, ?, nullif(?, -1), nullif(?, -1), "
                  "nullif(?, -1), ?)",
                  "iiiiii", campaign_id, state->round, or_unknown(state->least_khz),
                  or_unknown(state->most_khz), or_unknown(state->n_throttles),
                  (int64_t)state->flagged);
}

enum status store_rounds_put(struct store *store, int64_t campaign_id,
                             const struct round_state *states, size_t n, struct error *error)
{
    enum status status = n > 0 ? sql_begin(store, error) : STATUS_OK;
    if (n == 0 || status)
        return status;
    for (size_t i = 0; !status && i < n; i++)
        status = store_round_put(store, campaign_id, &states[i], error);
    return sql_end(store, status, error);
}

enum status store_round_states(struct store *store, int64_t campaign_id,
                               struct round_state **states, size_t *n, struct error *error)
{
    sqlite3_stmt *row;
    bool more = true;
    size_t capacity = 0;
    *states = NULL;
    *n = 0;
    enum status status = sql_prepare(store, &row, error,
                                     "SELECT round, least_khz, most_khz, n_throttles, flagged FROM "
                                     "round_state WHERE campaign_id = ? ORDER BY round",
                                     "i", campaign_id);
    while (!status && !(status = sql_next(store, row, &more, error)) && more) {
        status = array_reserve(states, *n, &capacity, sizeof **states, error);
        if (!status)
            (*states)[(*n)++] = (struct round_state){
                .round = sqlite3_column_int64(row, 0),
                .least_khz = sql_unknown(row, 1),
                .most_khz = sql_unknown(row, 2),
                .n_throttles = sql_unknown(row, 3),
                .flagged = sqlite3_column_int(row, 4) != 0,
            };
    }
    sqlite3_finalize(row);
    if (status) {
        free(*states);
        *states = NULL;
        *n = 0;
    }
    return status;
}
