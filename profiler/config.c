// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/config.h"

#include "base/ini.h"
#include "base/memory.h"
#include "base/units.h"
#include "records/lengths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum status set_key(struct campaign_config *config, const char *value, struct error *error);

static enum status set_name(struct campaign_config *config, const char *value, struct error *error)
{
    if (value[0] == '\0')
        return error_set(error, STATUS_INVALID, "empty");
    return text_replace(&config->name, value, error);
}

static enum status set_lengths(struct campaign_config *config, const char *value,
                               struct error *error)
{
    free(config->lengths);
    config->lengths = NULL;
    enum status status = lengths_parse(value, &config->lengths, &config->n_lengths, error);
    return status ? status : text_replace(&config->lengths_text, value, error);
}

static enum status set_seed(struct campaign_config *config, const char *value, struct error *error)
{
    return parse_u64(value, 0, INT64_MAX, &config->seed, error);
}

static enum status set_spacing(struct campaign_config *config, const char *value,
                               struct error *error)
{
    static const char isolated[] = "isolated:";
    if (strcmp(value, "back-to-back") == 0) {
        config->isolated_s = 0;
        return STATUS_OK;
    }
    if (strncmp(value, isolated, strlen(isolated)) != 0)
        return error_set(error, STATUS_INVALID, "'%s' is neither back-to-back nor isolated:SECONDS",
                         value);
    return parse_real(value + strlen(isolated), &config->isolated_s, error);
}

static enum status set_ci(struct campaign_config *config, const char *value, struct error *error)
{
    return parse_quantity(value, DIMENSION_FRACTION, &config->stop_ci, error);
}

static enum status set_max_samples(struct campaign_config *config, const char *value,
                                   struct error *error)
{
    return parse_u64(value, 2, 1000000000, &config->max_samples, error);
}

static enum status set_max_time(struct campaign_config *config, const char *value,
                                struct error *error)
{
    return parse_quantity(value, DIMENSION_TIME, &config->max_time_s, error);
}

static const struct {
    const char *section, *key;
    set_key *set;
} keys[] = {
    {"campaign", "name", set_name},
    {"campaign", "lengths", set_lengths},
    {"campaign", "seed", set_seed},
    {"campaign", "spacing", set_spacing},
    {"stop", "ci", set_ci},
    {"stop", "max_samples", set_max_samples},
    {"stop", "max_time", set_max_time},
};

/* Sections of the design whose parts this version does not have yet. */
static const char *const later_sections[] = {"link", "energy", "counters"};

static enum status find_endpoint(struct campaign_config *config, const char *name,
                                 struct endpoint_section **found, struct error *error)
{
    for (size_t i = 0; i < config->n_endpoints; i++) {
        if (strcmp(config->endpoints[i].name, name) == 0) {
            *found = &config->endpoints[i];
            return STATUS_OK;
        }
    }
    if (config->n_endpoints == CONFIG_MAX_ENDPOINTS)
        return error_set(error, STATUS_INVALID, "more than %d endpoint sections",
                         CONFIG_MAX_ENDPOINTS);
    *found = &config->endpoints[config->n_endpoints++];
    **found = (struct endpoint_section){.timeout_s = 30};
    return text_replace(&(*found)->name, name, error);
}

static enum status set_endpoint(struct campaign_config *config, const struct ini_setting *setting,
                                struct error *error)
{
    struct endpoint_section *endpoint = NULL;
    enum status status = find_endpoint(config, setting->section, &endpoint, error);
    if (status)
        return status;
    if (strcmp(setting->key, "url") == 0)
        return text_replace(&endpoint->url, setting->value, error);
    if (strcmp(setting->key, "model") == 0)
        return text_replace(&endpoint->model, setting->value, error);
    if (strcmp(setting->key, "timeout") == 0)
        return parse_quantity(setting->value, DIMENSION_TIME, &endpoint->timeout_s, error);
    return error_set(error, STATUS_INVALID, "an endpoint has the keys url, model and timeout");
}

static enum status set_key_of_section(struct campaign_config *config,
                                      const struct ini_setting *setting, struct error *error)
{
    bool known_section = false;
    for (size_t i = 0; i < sizeof later_sections / sizeof *later_sections; i++) {
        if (strcmp(setting->section, later_sections[i]) == 0)
            return error_set(error, STATUS_UNSUPPORTED,
                             "section not available in this version: remove it");
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(setting->section, keys[i].section) != 0)
            continue;
        if (strcmp(setting->key, keys[i].key) == 0)
            return keys[i].set(config, setting->value, error);
        known_section = true;
    }
    if (known_section)
        return error_set(error, STATUS_INVALID, "no such key in this section");
    if (strcmp(setting->section, "edge") == 0) {
        config->has_edge = true;
        return engine_config_set(&config->edge, setting->key, setting->value, error);
    }
    return set_endpoint(config, setting, error);
}

static enum status take(void *user, const struct ini_setting *setting, struct error *error)
{
    struct error why = {0};
    enum status status = set_key_of_section(user, setting, &why);
    if (status)
        return error_set(error, status, "%s: [%s] %s: %s", setting->where, setting->section,
                         setting->key, why.text);
    return STATUS_OK;
}

static enum status check_whole(const struct campaign_config *config, const char *path,
                               struct error *error)
{
    if (!config->name)
        return error_set(error, STATUS_INVALID, "%s: [campaign] name is missing", path);
    if (!config->lengths)
        return error_set(error, STATUS_INVALID,
                         "%s: [campaign] lengths is missing (such as lengths = 1,8:256:8)", path);
    if (!config->has_edge)
        return error_set(error, STATUS_INVALID,
                         "%s: [edge] is missing (such as engine = dnnl below it)", path);
    for (size_t i = 0; i < config->n_endpoints; i++) {
        const struct endpoint_section *e = &config->endpoints[i];
        if (!e->url || !e->model)
            return error_set(error, STATUS_INVALID, "%s: [%s] %s is missing", path, e->name,
                             e->url ? "model" : "url");
    }
    return STATUS_OK;
}

enum status config_read(const char *path, struct campaign_config *config, struct error *error)
{
    *config =
        (struct campaign_config){.seed = 1, .stop_ci = 0.02, .max_samples = 200, .max_time_s = 600};
    enum status status = engine_config_defaults(&config->edge, error);
    if (!status)
        status = ini_read(path, take, config, error);
    if (!status)
        status = check_whole(config, path, error);
    if (status)
        config_free(config);
    return status;
}

char *config_spacing(const struct campaign_config *config)
{
    return config->isolated_s > 0 ? text_format("isolated:%.9g", config->isolated_s)
                                  : text_copy("back-to-back");
}

static void write_edge(const struct engine_config *edge, FILE *out)
{
    fprintf(out, "[edge]\nengine = %s\ncell = %s\nhidden = %" PRIu32 "\ninput = %" PRIu32 "\n",
            edge->engine, edge->cell == ENGINE_GRU ? "gru" : "lstm", edge->hidden, edge->input);
    fprintf(out,
            "layers = %" PRIu32 "\nbidirectional = %s\nvocabulary = %" PRIu32 "\nthreads = %" PRIu32
            "\nseed = %" PRIu64 "\n",
            edge->layers, edge->bidirectional ? "true" : "false", edge->vocabulary, edge->threads,
            edge->seed);
    if (edge->cpu)
        fprintf(out, "cpu = %s\n", edge->cpu);
    if (edge->isa)
        fprintf(out, "isa = %s\n", edge->isa);
}

char *config_write(const struct campaign_config *config)
{
    char *text = NULL, *spacing = config_spacing(config);
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        free(spacing);
        return NULL;
    }
    fprintf(out, "[campaign]\nname = %s\nlengths = %s\nseed = %" PRIu64 "\nspacing = %s\n",
            config->name, config->lengths_text, config->seed, spacing ? spacing : "");
    write_edge(&config->edge, out);
    for (size_t i = 0; i < config->n_endpoints; i++) {
        const struct endpoint_section *e = &config->endpoints[i];
        fprintf(out, "[%s]\nurl = %s\nmodel = %s\ntimeout = %.9gs\n", e->name, e->url, e->model,
                e->timeout_s);
    }
    fprintf(out, "[stop]\nci = %.9g\nmax_samples = %" PRIu64 "\nmax_time = %.9gs\n",
            config->stop_ci, config->max_samples, config->max_time_s);
    fclose(out);
    free(spacing);
    return text;
}

void config_free(struct campaign_config *config)
{
    free(config->name);
    free(config->lengths_text);
    free(config->lengths);
    engine_config_free(&config->edge);
    for (size_t i = 0; i < config->n_endpoints; i++) {
        free(config->endpoints[i].name);
        free(config->endpoints[i].url);
        free(config->endpoints[i].model);
    }
    *config = (struct campaign_config){0};
}
