// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/config.h"

#include "base/ini.h"
#include "base/memory.h"
#include "base/name.h"
#include "base/units.h"
#include "base/words.h"
#include "fitter/offload_energy.h"
#include "records/lengths.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum status set_key(struct campaign_config *config, const char *value, struct error *error);

/* Whether it is the second of the two words. */
static enum status set_either(bool *second, const char *const words[2], const char *value,
                              struct error *error)
{
    for (int i = 0; i < 2; i++) {
        if (strcmp(value, words[i]) == 0) {
            *second = i == 1;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID, "'%s' is neither %s nor %s", value, words[0], words[1]);
}

static const char *const design_words[] = {"adaptive", "grid"};
static const char *const truth_words[] = {"false", "true"};

static enum status set_name(struct campaign_config *config, const char *value, struct error *error)
{
    const char *trouble = name_trouble(value);
    if (trouble)
        return error_set(error, STATUS_INVALID, "'%s' %s", value, trouble);
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
    enum status status = parse_real(value + strlen(isolated), &config->isolated_s, error);
    if (!status && config->isolated_s <= 0)
        status = error_set(error, STATUS_INVALID, "isolated by how many SECONDS? More than 0");
    return status;
}

static enum status set_ci(struct campaign_config *config, const char *value, struct error *error)
{
    enum status status = parse_quantity(value, DIMENSION_FRACTION, &config->stop_ci, error);
    if (!status && config->stop_ci >= 1)
        status = error_set(error, STATUS_INVALID, "'%s' is %.0f %%; did you mean %s%%?", value,
                           100 * config->stop_ci, value);
    return status;
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

static enum status set_link_command(struct campaign_config *config, const char *value,
                                    struct error *error)
{
    char **words;
    size_t n;
    enum status status = words_split(value, &words, &n, error);
    if (status)
        return status;
    words_free(words);
    return text_replace(&config->link_command, value, error);
}

static enum status set_link_states(struct campaign_config *config, const char *value,
                                   struct error *error)
{
    free(config->link_states);
    config->link_states = NULL;
    enum status status =
        link_states_parse(value, &config->link_states, &config->n_link_states, error);
    return status ? status : text_replace(&config->link_states_text, value, error);
}

static enum status set_max_energy(struct campaign_config *config, const char *value,
                                  struct error *error)
{
    enum status status = parse_real(value, &config->max_energy_j, error);
    if (!status && config->max_energy_j <= 0)
        status = error_set(error, STATUS_INVALID, "how many joules? More than 0");
    return status;
}

static enum status set_max_failures(struct campaign_config *config, const char *value,
                                    struct error *error)
{
    return parse_u64(value, 0, 1000000000, &config->max_failures, error);
}

static enum status set_design(struct campaign_config *config, const char *value,
                              struct error *error)
{
    return set_either(&config->grid, design_words, value, error);
}

static enum status set_meter(struct campaign_config *config, const char *value, struct error *error)
{
    return text_replace(&config->energy.meter, value, error);
}

static enum status set_radio(struct campaign_config *config, const char *value, struct error *error)
{
    struct radio_model radio;
    enum status status = radio_model_parse(value, &radio, error);
    return status ? status : text_replace(&config->energy.radio, value, error);
}

static enum status set_max_window(struct campaign_config *config, const char *value,
                                  struct error *error)
{
    enum status status = parse_quantity(value, DIMENSION_TIME, &config->energy.max_window_s, error);
    if (!status && config->energy.max_window_s < 0.1)
        status = error_set(error, STATUS_INVALID, "a window lasts at least 100 ms");
    return status;
}

static enum status set_windows(struct campaign_config *config, const char *value,
                               struct error *error)
{
    return parse_u64(value, 1, 1000000, &config->energy.n_windows, error);
}

static enum status set_counters(struct campaign_config *config, const char *value,
                                struct error *error)
{
    return text_replace(&config->counters, value, error);
}

static enum status set_multiplex(struct campaign_config *config, const char *value,
                                 struct error *error)
{
    return set_either(&config->multiplex, truth_words, value, error);
}

static const struct {
    const char *section, *key;
    set_key *set;
} keys[] = {
    {"campaign", "name", set_name},
    {"campaign", "lengths", set_lengths},
    {"campaign", "seed", set_seed},
    {"campaign", "spacing", set_spacing},
    {"link", "command", set_link_command},
    {"link", "states", set_link_states},
    {"stop", "ci", set_ci},
    {"stop", "max_samples", set_max_samples},
    {"stop", "max_time", set_max_time},
    {"stop", "max_energy", set_max_energy},
    {"stop", "max_failures", set_max_failures},
    {"stop", "design", set_design},
    {"energy", "meter", set_meter},
    {"energy", "radio", set_radio},
    {"energy", "max_window", set_max_window},
    {"energy", "windows", set_windows},
    {"counters", "papi", set_counters},
    {"counters", "multiplex", set_multiplex},
};

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
    const char *trouble = name_trouble(name);
    if (trouble)
        return error_set(error, STATUS_INVALID, "the section's name %s", trouble);
    *found = &config->endpoints[config->n_endpoints++];
    **found = (struct endpoint_section){.client = {.timeout_s = 30}};
    return text_replace(&(*found)->name, name, error);
}

static enum status set_endpoint(struct campaign_config *config, const struct ini_setting *setting,
                                struct error *error)
{
    struct endpoint_section *endpoint = NULL;
    enum status status = find_endpoint(config, setting->section, &endpoint, error);
    return status ? status
                  : client_config_set(&endpoint->client, setting->key, setting->value, error);
}

/* "no such key in this section; there are: name, lengths". */
static enum status refuse_key(const char *section, struct error *error)
{
    char known[256] = "";
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t used = strlen(known);
        if (strcmp(section, keys[i].section) == 0)
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", keys[i].key);
    }
    return error_set(error, STATUS_INVALID, "no such key in this section; there are: %s", known);
}

static enum status set_key_of_section(struct campaign_config *config,
                                      const struct ini_setting *setting, struct error *error)
{
    bool known_section = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(setting->section, keys[i].section) != 0)
            continue;
        if (strcmp(setting->key, keys[i].key) == 0)
            return keys[i].set(config, setting->value, error);
        known_section = true;
    }
    if (known_section)
        return refuse_key(setting->section, error);
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

/* "lab" of "/some/where/lab.ini". */
static enum status name_after_file(struct campaign_config *config, const char *path,
                                   struct error *error)
{
    const char *slash = strrchr(path, '/');
    char *stem = text_copy(slash ? slash + 1 : path);
    struct error why = {0};
    if (stem && strrchr(stem, '.') > stem)
        *strrchr(stem, '.') = '\0';
    enum status status = set_name(config, stem ? stem : "", &why);
    free(stem);
    if (status)
        return error_set(error, status,
                         "%s: no [campaign] name, and the file's own will not do: %s", path,
                         why.text);
    return STATUS_OK;
}

static enum status check_link(const struct campaign_config *config, const char *path,
                              struct error *error)
{
    if (!config->link_command && !config->link_states)
        return STATUS_OK;
    if (!config->link_command)
        return error_set(error, STATUS_INVALID,
                         "%s: [link] command is missing: the program that sets the link's states",
                         path);
    if (!config->link_states)
        return error_set(error, STATUS_INVALID,
                         "%s: [link] states is missing (such as states = 5ms/10/50 20ms/10/50)",
                         path);
    if (config->n_endpoints == 0)
        return error_set(error, STATUS_INVALID,
                         "%s: [link] is the way to an endpoint, and there is none: add [cloud] "
                         "with its url, or remove [link]",
                         path);
    return STATUS_OK;
}

static enum status check_whole(struct campaign_config *config, const char *path,
                               struct error *error)
{
    enum status status = config->name ? STATUS_OK : name_after_file(config, path, error);
    if (status)
        return status;
    if (!config->lengths)
        return error_set(error, STATUS_INVALID,
                         "%s: [campaign] lengths is missing (such as lengths = 1,8:256:8)", path);
    if (!config->has_edge)
        return error_set(error, STATUS_INVALID,
                         "%s: [edge] is missing (such as engine = dnnl below it)", path);
    for (size_t i = 0; !status && i < config->n_endpoints; i++) {
        struct endpoint_section *e = &config->endpoints[i];
        if (!e->client.url)
            return error_set(error, STATUS_INVALID, "%s: [%s] url is missing", path, e->name);
        if (!e->client.model)
            status = text_replace(&e->client.model, config->name, error);
    }
    return status ? status : check_link(config, path, error);
}

/* From `text`, which messages call `path`, or from the file where there is none. */
static enum status read_config(const char *path, const char *text, struct campaign_config *config,
                               struct error *error)
{
    *config = (struct campaign_config){.seed = 1,
                                       .stop_ci = 0.02,
                                       .max_samples = 200,
                                       .max_time_s = 600,
                                       .max_failures = 10,
                                       .energy = {.max_window_s = 10, .n_windows = 3}};
    enum status status = engine_config_defaults(&config->edge, error);
    if (!status)
        status = text ? ini_read_text(text, path, take, config, error)
                      : ini_read(path, take, config, error);
    if (!status)
        status = check_whole(config, path, error);
    if (status)
        config_free(config);
    return status;
}

enum status config_read(const char *path, struct campaign_config *config, struct error *error)
{
    return read_config(path, NULL, config, error);
}

enum status config_read_stored(const char *text, struct campaign_config *config,
                               struct error *error)
{
    return read_config("the stored configuration", text, config, error);
}

char *config_spacing(const struct campaign_config *config)
{
    return config->isolated_s > 0 ? text_format("isolated:%.9g", config->isolated_s)
                                  : text_copy("back-to-back");
}

static void write_endpoint(const struct endpoint_section *endpoint, enum client_config_part part,
                           FILE *out)
{
    fprintf(out, "[%s]\n", endpoint->name);
    client_config_write(&endpoint->client, part, out);
}

/* Without what was left out, so that a campaign without them stays as it was. */
static void write_beside(const struct campaign_config *config, FILE *out)
{
    if (config->energy.meter)
        fprintf(out, "[energy]\nmeter = %s\nmax_window = %.9gs\nwindows = %" PRIu64 "\n",
                config->energy.meter, config->energy.max_window_s, config->energy.n_windows);
    if (config->energy.meter && config->energy.radio)
        fprintf(out, "radio = %s\n", config->energy.radio);
    if (config->counters)
        fprintf(out, "[counters]\npapi = %s\nmultiplex = %s\n", config->counters,
                truth_words[config->multiplex]);
}

static void write_edge(const struct engine_config *edge, FILE *out)
{
    char *text = engine_config_write(edge);
    fprintf(out, "[edge]\n%s", text ? text : "");
    free(text);
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
    for (size_t i = 0; i < config->n_endpoints; i++)
        write_endpoint(&config->endpoints[i], CLIENT_CONFIG_WHOLE, out);
    if (config->link_command)
        fprintf(out, "[link]\ncommand = %s\nstates = %s\n", config->link_command,
                config->link_states_text);
    write_beside(config, out);
    fprintf(out, "[stop]\nci = %.9g\nmax_samples = %" PRIu64 "\nmax_time = %.9gs\ndesign = %s\n",
            config->stop_ci, config->max_samples, config->max_time_s, design_words[config->grid]);
    fprintf(out, "max_failures = %" PRIu64 "\n", config->max_failures);
    if (config->max_energy_j > 0)
        fprintf(out, "max_energy = %.9g\n", config->max_energy_j);
    fclose(out);
    free(spacing);
    return text;
}

/* What must not change between runs of one campaign: all but lengths, link states, the stop
 * rule, time-outs and endpoints that only one of both has. */
static char *identity(const struct campaign_config *config, const struct campaign_config *other)
{
    char *text = NULL, *spacing = config_spacing(config);
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        fprintf(out, "seed = %" PRIu64 "\nspacing = %s\n", config->seed, spacing ? spacing : "");
        write_edge(&config->edge, out);
        fprintf(out, "[link] command = %s\n",
                config->link_command ? config->link_command : "(none)");
        for (size_t i = 0; i < config->n_endpoints; i++) {
            for (size_t j = 0; j < other->n_endpoints; j++) {
                if (strcmp(config->endpoints[i].name, other->endpoints[j].name) == 0)
                    write_endpoint(&config->endpoints[i], CLIENT_CONFIG_IDENTITY, out);
            }
        }
        fclose(out);
    }
    free(spacing);
    return text;
}

/* Says the first line in which the two differ. */
static enum status compare(const char *then, const char *now, struct error *error)
{
    while (*then && *now) {
        size_t a = strcspn(then, "\n"), b = strcspn(now, "\n");
        if (a != b || memcmp(then, now, a) != 0)
            return error_set(error, STATUS_FAILED,
                             "was measured with '%.*s', now it is '%.*s': a new [campaign] name "
                             "starts a new one",
                             (int)a, then, (int)b, now);
        then += a + (then[a] == '\n');
        now += b + (now[b] == '\n');
    }
    return *then || *now ? error_set(error, STATUS_FAILED, "has other endpoints") : STATUS_OK;
}

enum status config_same(const char *stored, const struct campaign_config *config,
                        struct error *error)
{
    struct campaign_config before;
    struct error why = {0};
    if (!stored)
        return error_set(error, STATUS_FAILED,
                         "campaign '%s' was imported, not measured by run: choose another name",
                         config->name);
    enum status status = config_read_stored(stored, &before, error);
    if (status)
        return status;
    char *then = identity(&before, config), *now = identity(config, &before);
    status = then && now ? compare(then, now, &why) : STATUS_NO_MEMORY;
    if (status)
        error_set(error, status, "campaign '%s' %s", config->name, why.text);
    free(then);
    free(now);
    config_free(&before);
    return status;
}

void config_free(struct campaign_config *config)
{
    free(config->name);
    free(config->lengths_text);
    free(config->lengths);
    engine_config_free(&config->edge);
    for (size_t i = 0; i < config->n_endpoints; i++) {
        free(config->endpoints[i].name);
        client_config_free(&config->endpoints[i].client);
    }
    free(config->link_command);
    free(config->link_states_text);
    free(config->link_states);
    free(config->energy.meter);
    free(config->energy.radio);
    free(config->counters);
    *config = (struct campaign_config){0};
}
