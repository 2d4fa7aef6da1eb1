// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/entry.h"

#include "base/lockfile.h"
#include "base/memory.h"
#include "profiler/device.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum status entry_lock(struct entry *entry, const struct campaign_config *config, const char *db,
                       struct error *error)
{
    char *who = text_format("rnnprof run, campaign %s", config->name);
    entry->path = db ? text_copy(db) : text_format("%s.db", config->name);
    enum status status = who && entry->path
                             ? lockfile_take(entry->path, who, &entry->lock, error)
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a file name");
    free(who);
    return status;
}

/* Refuses to mix two devices in one campaign, unless told to; notes then what changed and when. */
static enum status check_device(struct entry *entry, const struct entry_terms *terms,
                                struct error *error)
{
    int64_t round = 0;
    enum status status = STATUS_OK;
    char *now = device_fingerprint(terms->sysroot);
    char *changes = now ? device_changes(entry->campaign.device, now) : NULL;
    if (!now)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for the device's fingerprint");
    else if (changes && !terms->force)
        status = error_set(error, STATUS_FAILED,
                           "campaign '%s': the device has changed: %s; put it back as it was, "
                           "start a new campaign, or --force to go on and store what changed",
                           entry->campaign.name, changes);
    if (!status && changes)
        status = store_rounds(entry->store, entry->campaign.id, &round, error);
    if (!status && changes)
        entry->device = device_note_change(entry->campaign.device, now, round);
    free(now);
    free(changes);
    return status;
}

/* A network in a file may be another one behind the same name. */
static enum status check_network(const struct entry *entry, const struct campaign_config *config,
                                 struct error *error)
{
    enum status status = STATUS_OK;
    char *now = engine_config_network(&config->edge);
    if (!now)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for the network's name");
    else if (entry->campaign.network && strcmp(entry->campaign.network, now) != 0)
        status =
            error_set(error, STATUS_FAILED,
                      "campaign '%s' was measured with the network '%s', now it is '%s': a new "
                      "[campaign] name starts a new one",
                      entry->campaign.name, entry->campaign.network, now);
    free(now);
    return status;
}

enum status entry_check_target(const struct entry *entry, const struct target *target, bool force,
                               struct error *error)
{
    struct target *stored = NULL;
    size_t n = 0;
    if (!entry_found(entry) || force || !target->engine)
        return STATUS_OK;
    enum status status = store_targets(entry->store, entry->campaign.id, &stored, &n, error);
    for (size_t i = 0; i < n; i++) {
        if (!status && strcmp(stored[i].name, target->name) == 0 && stored[i].engine &&
            strcmp(stored[i].engine, target->engine) != 0)
            status =
                error_set(error, STATUS_FAILED,
                          "campaign '%s': %s was '%s' and is '%s' now; put it back as it was, "
                          "start a new campaign, or --force to go on all the same",
                          entry->campaign.name, target->name, stored[i].engine, target->engine);
        target_free(&stored[i]);
    }
    free(stored);
    return status;
}

static enum status look(struct entry *entry, const struct campaign_config *config,
                        const struct entry_terms *terms, struct error *error)
{
    struct error why = {0};
    enum status status = store_campaign_find(entry->store, config->name, &entry->campaign, &why);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status)
        return error_set(error, status, "%s", why.text);
    if (!terms->resume)
        return error_set(error, STATUS_FAILED,
                         "%s: there is a campaign '%s' already: --resume goes on with it, another "
                         "[campaign] name starts a new one",
                         entry->path, config->name);
    status = config_same(entry->campaign.config, config, error);
    if (!status)
        status = check_network(entry, config, error);
    return status ? status : check_device(entry, terms, error);
}

enum status entry_find(struct entry *entry, const struct campaign_config *config,
                       const struct entry_terms *terms, struct error *error)
{
    if (access(entry->path, F_OK) != 0)
        return STATUS_OK;
    enum status status = store_open(entry->path, STORE_CREATE, &entry->store, error);
    return status ? status : look(entry, config, terms, error);
}

bool entry_found(const struct entry *entry)
{
    return entry->campaign.id != 0;
}

enum status entry_add(struct entry *entry, struct campaign *fresh, struct error *error)
{
    enum status status = STATUS_OK;
    entry->campaign = *fresh;
    *fresh = (struct campaign){0};
    if (!entry->store)
        status = store_open(entry->path, STORE_CREATE, &entry->store, error);
    return status ? status : store_campaign_add(entry->store, &entry->campaign, error);
}

enum status entry_go_on(struct entry *entry, const struct campaign_config *config,
                        struct error *error)
{
    char *text = config_write(config);
    enum status status =
        text ? STATUS_OK
             : error_set(error, STATUS_NO_MEMORY, "out of memory for the configuration");
    if (!status)
        status = store_campaign_config(entry->store, entry->campaign.id, text, error);
    if (!status && entry->device)
        status = store_campaign_device(entry->store, entry->campaign.id, entry->device, error);
    free(text);
    return status;
}

void entry_close(struct entry *entry)
{
    store_close(entry->store);
    lockfile_release(entry->lock);
    campaign_free(&entry->campaign);
    free(entry->path);
    free(entry->device);
    *entry = (struct entry){0};
}
