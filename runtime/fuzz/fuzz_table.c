// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Tables as data, as they are and with a right head and checksum around them, so that what is
 * behind the checksum is reached. No choice is ever one that the table does not name.
 */
#include "runtime/rnnmap_table_links.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        __builtin_trap();
}

static void ask(const struct rnnmap_table *table)
{
    static const uint32_t values[] = {0, 1, 2, 100, 1u << 20, 0x7fffffff, 0x80000000, UINT32_MAX};
    enum { N_VALUES = sizeof values / sizeof *values };
    int n_targets = table->n_targets ? (int)table->n_targets : 1;
    struct rnnmap_table_link links[255] = {{0, 0, 0}};
    uint32_t n_section;
    for (int i = 0; i < N_VALUES; i++) {
        int choice = rnnmap_table_choose(table, values[i]);
        require(choice >= 0 && choice < n_targets);
        for (uint32_t target = 0; target < 4; target++)
            (void)rnnmap_table_target_remote_us(table, target, values[i]);
        for (int k = 0; k < N_VALUES; k++) {
            choice = rnnmap_table_choose_rtt(table, values[i], values[k]);
            require(choice == 0 || choice < n_targets);
            links[k] = (struct rnnmap_table_link){values[k], values[i], values[(i + k) % N_VALUES]};
            choice = rnnmap_table_choose_links(table, values[i], links);
            require(choice >= 0 && choice < n_targets);
            choice = rnnmap_table_choose_link(table, values[i], values[k], values[k], 0);
            require(choice >= 0 && choice < n_targets);
        }
    }
    for (uint32_t type = 0; type < 256; type++) {
        const uint8_t *section = rnnmap_table_section(table, type, &n_section);
        if (section && n_section > 0)
            require(section >= table->bytes &&
                    section + n_section <= table->bytes + table->size - 4);
    }
}

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rnnmap_table table;
    require((rnnmap_table_open(data, size, &table) == RNNMAP_TABLE_OK) == (table.bytes != NULL));
    ask(&table);
    /* sections alone; a whole table loses its head and its checksum */
    if (size >= 16 && memcmp(data, "RNMT", 4) == 0) {
        data += 12;
        size -= 16;
    }
    uint8_t *made = malloc(size + 16);
    require(made != NULL);
    memcpy(made, "RNMT", 4);
    put_u32(made + 4, RNNMAP_TABLE_VERSION);
    put_u32(made + 8, (uint32_t)size + 16);
    memcpy(made + 12, data, size);
    put_u32(made + 12 + size, rnnmap_table_checksum(made, 12 + size));
    enum rnnmap_table_status status = rnnmap_table_open(made, size + 16, &table);
    require(status == RNNMAP_TABLE_OK || status == RNNMAP_TABLE_CONTENT ||
            status == RNNMAP_TABLE_NEWER);
    ask(&table);
    free(made);
    return 0;
}
