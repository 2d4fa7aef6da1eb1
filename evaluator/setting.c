// SPDX-License-Identifier: GPL-3.0-or-later
#include "evaluator/setting.h"

#include "base/ini.h"
#include "base/memory.h"
#include "base/units.h"

#include <stdlib.h>
#include <string.h>

struct reading {
    struct setting *setting;
    const char *wanted;
    bool has_edge;
};

/* Endpoint sections go by any name; having a URL is what makes one. */
static enum status choose_endpoint(void *user, const struct ini_setting *found, struct error *error)
{
    struct reading *r = user;
    const char *wanted = r->wanted ? r->wanted : "cloud";
    r->has_edge = r->has_edge || strcmp(found->section, "edge") == 0;
    if (strcmp(found->key, "url") != 0)
        return STATUS_OK;
    if (strcmp(found->section, wanted) == 0 || (!r->wanted && !r->setting->endpoint))
        return text_replace(&r->setting->endpoint, found->section, error);
    return STATUS_OK;
}

static enum status take(void *user, const struct ini_setting *found, struct error *error)
{
    struct reading *r = user;
    struct setting *setting = r->setting;
    enum status status = STATUS_OK;
    if (strcmp(found->section, "edge") == 0)
        status = engine_config_set(&setting->edge, found->key, found->value, error);
    else if (strcmp(found->section, setting->endpoint) == 0)
        status = client_config_set(&setting->client, found->key, found->value, error);
    if (status)
        error_prefix(error, "%s: [%s] %s", found->where, found->section, found->key);
    return status;
}

static enum status check(const struct reading *r, const struct campaign *campaign,
                         struct error *error)
{
    if (!r->has_edge)
        return error_set(error, STATUS_NOT_FOUND,
                         "campaign %s has no [edge] in its configuration: measure it with rnnprof "
                         "run",
                         campaign->name);
    if (!r->setting->endpoint)
        return error_set(error, STATUS_NOT_FOUND,
                         "campaign %s has no endpoint '%s' in its configuration: measure one with "
                         "rnnprof run, with a section [cloud] that names its url and model",
                         campaign->name, r->wanted ? r->wanted : "cloud");
    return STATUS_OK;
}

enum status setting_read(const struct campaign *campaign, const char *endpoint, const char *url,
                         const char *model, struct setting *setting, struct error *error)
{
    struct reading r = {.setting = setting, .wanted = endpoint};
    char *name = text_format("configuration of campaign %s", campaign->name);
    *setting = (struct setting){0};
    enum status status = name ? engine_config_defaults(&setting->edge, error)
                              : error_set(error, STATUS_NO_MEMORY, "out of memory for a name");
    if (!status && (!campaign->config || !*campaign->config))
        status = error_set(error, STATUS_NOT_FOUND,
                           "campaign %s does not say which engine it ran (imported samples?): "
                           "--live needs one measured by rnnprof run",
                           campaign->name);
    if (!status)
        status = ini_read_text(campaign->config, name, choose_endpoint, &r, error);
    if (!status)
        status = check(&r, campaign, error);
    if (!status)
        status = ini_read_text(campaign->config, name, take, &r, error);
    if (!status && url)
        status = text_replace(&setting->client.url, url, error);
    if (!status && model)
        status = text_replace(&setting->client.model, model, error);
    if (!status && !setting->client.model)
        status =
            error_set(error, STATUS_NOT_FOUND, "%s: [%s] model is missing: name it with --model",
                      name, setting->endpoint);
    if (status)
        setting_free(setting);
    free(name);
    return status;
}

struct timeout_reading {
    const char *endpoint;
    double timeout_s;
};

static enum status take_timeout(void *user, const struct ini_setting *found, struct error *error)
{
    struct timeout_reading *r = user;
    if (strcmp(found->section, r->endpoint) != 0 || strcmp(found->key, "timeout") != 0)
        return STATUS_OK;
    enum status status = parse_quantity(found->value, DIMENSION_TIME, &r->timeout_s, error);
    if (status)
        error_prefix(error, "%s: [%s] %s", found->where, found->section, found->key);
    return status;
}

enum status setting_timeout(const struct campaign *campaign, const char *endpoint,
                            double *timeout_s, struct error *error)
{
    struct timeout_reading r = {.endpoint = endpoint};
    enum status status = STATUS_OK;
    if (campaign->config && *campaign->config)
        status = ini_read_text(campaign->config, "configuration", take_timeout, &r, error);
    *timeout_s = r.timeout_s;
    return status;
}

void setting_free(struct setting *setting)
{
    engine_config_free(&setting->edge);
    free(setting->endpoint);
    client_config_free(&setting->client);
    *setting = (struct setting){0};
}
