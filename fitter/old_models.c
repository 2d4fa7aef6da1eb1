// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/old_models.h"

#include "base/memory.h"
#include "records/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool same_file(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Cuts "FILE:CAMPAIGN" at the last colon, unless a file has the whole name. */
static const char *cut(char *source)
{
    struct stat info;
    char *colon = strrchr(source, ':');
    if (!colon || stat(source, &info) == 0)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

static enum status load(struct store *store, const char *name, enum statistic statistic,
                        bool same_store, const char *campaign, struct old_models *old,
                        struct error *error)
{
    struct campaign found = {0};
    enum status status = store_campaign_find(store, name, &found, error);
    if (!status && same_store && strcmp(found.name, campaign) == 0)
        status = error_set(error, STATUS_MISUSE,
                           "campaign %s would be compared with itself: the test takes two "
                           "campaigns that share no samples",
                           campaign);
    if (!status)
        status = store_models_get(store, found.id, statistic, &old->set, error);
    if (!status)
        old->name = same_store ? text_copy(found.name)
                               : text_format("%s of %s", found.name, store_path(store));
    if (!status && !old->name)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a name");
    campaign_free(&found);
    return status;
}

enum status old_models_load(const char *source, enum statistic statistic, const char *db,
                            const char *campaign, struct old_models *old, struct error *error)
{
    struct store *store = NULL;
    char *file = text_copy(source);
    *old = (struct old_models){0};
    model_set_init(&old->set);
    if (!file)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a file name");
    const char *name = cut(file);
    enum status status = store_open(file, STORE_READ, &store, error);
    if (!status)
        status = load(store, name, statistic, db && same_file(file, db), campaign, old, error);
    store_close(store);
    free(file);
    if (status) {
        error_prefix(error, "--compare");
        old_models_free(old);
    }
    return status;
}

void old_models_free(struct old_models *old)
{
    model_set_free(&old->set);
    free(old->name);
    old->name = NULL;
}
