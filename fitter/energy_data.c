// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/energy_data.h"

#include "base/ini.h"
#include "base/memory.h"
#include "base/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status baseline_parse(const char *text, struct baseline *baseline, struct error *error)
{
    *baseline = (struct baseline){.kind = BASELINE_WATTS};
    if (strcmp(text, "idle") == 0)
        baseline->kind = BASELINE_IDLE;
    else if (strcmp(text, "none") == 0)
        baseline->kind = BASELINE_NONE;
    else if (parse_quantity(text, DIMENSION_POWER, &baseline->watts, NULL))
        return error_set(error, STATUS_MISUSE,
                         "--baseline: '%s' is none of idle, none and a power such as 1.5W", text);
    return STATUS_OK;
}

const char *baseline_text(const struct baseline *baseline, char *text)
{
    if (baseline->kind == BASELINE_WATTS)
        return format_power(baseline->watts, text);
    return strcpy(text, baseline->kind == BASELINE_IDLE ? "idle" : "none");
}

/* Sets the net energy; false: it cannot be known. */
static bool take_off(const struct baseline *baseline, struct energy_window *w)
{
    if (baseline->kind == BASELINE_NONE)
        w->energy_net_uj = w->energy_uj;
    else if (baseline->kind == BASELINE_WATTS)
        w->energy_net_uj = w->energy_uj - baseline->watts * 1e-3 * (double)w->duration_ns;
    return isfinite(w->energy_net_uj);
}

static bool holds_inferences(const struct energy_window *w)
{
    return w->kind != WINDOW_IDLE && w->provenance != PROVENANCE_UNAVAILABLE;
}

static bool usable(const struct energy_window *w)
{
    return w->n_failed == 0 && w->n_inferences > 0 && isfinite(w->energy_uj);
}

/* ---- which meter */

static size_t count_of(const struct energy_window *windows, size_t n, int64_t meter_id)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += windows[i].meter_id == meter_id && holds_inferences(&windows[i]);
    return count;
}

/* Whether meter a with as many windows goes before b. */
static bool goes_before(const struct meter_record *a, size_t n_a, const struct meter_record *b,
                        size_t n_b)
{
    if (a->provenance != b->provenance)
        return a->provenance < b->provenance;
    return a->scope != b->scope ? a->scope > b->scope : n_a > n_b;
}

static enum status add_name(char **list, const char *name, struct error *error)
{
    char *longer = *list ? text_format("%s, %s", *list, name) : text_copy(name);
    if (!longer)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a list of meters");
    free(*list);
    *list = longer;
    return STATUS_OK;
}

/* The place of the meter among n; n: there is none with windows. */
static enum status choose_meter(const struct meter_record *meters, size_t n, const char *asked,
                                const struct energy_window *windows, size_t n_windows,
                                size_t *chosen, char **others, struct error *error)
{
    enum status status = STATUS_OK;
    size_t most = 0;
    *chosen = n;
    for (size_t i = 0; i < n; i++) {
        size_t count = count_of(windows, n_windows, meters[i].id);
        bool taken = asked ? strcmp(meters[i].name, asked) == 0
                           : count > 0 && (*chosen == n ||
                                           goes_before(&meters[i], count, &meters[*chosen], most));
        if (taken) {
            *chosen = i;
            most = count;
        }
    }
    for (size_t i = 0; !status && i < n; i++) {
        if (i != *chosen && count_of(windows, n_windows, meters[i].id) > 0)
            status = add_name(others, meters[i].name, error);
    }
    if (!status && asked && *chosen == n)
        return error_set(error, STATUS_NOT_FOUND, "--meter: the campaign has no meter '%s'%s%s",
                         asked, *others ? "; there are: " : " and no other",
                         *others ? *others : "");
    return status;
}

/* ---- the radio */

static enum status find_radio(void *user, const struct ini_setting *setting, struct error *error)
{
    struct energy_data *data = user;
    if (strcmp(setting->section, "energy") != 0 || strcmp(setting->key, "radio") != 0 ||
        !*setting->value)
        return STATUS_OK;
    data->has_radio = true;
    enum status status = radio_model_parse(setting->value, &data->radio, error);
    error_prefix(error, "%s", setting->where);
    return status;
}

/* ---- all of it */

static void keep_windows(struct energy_data *data, const struct energy_window *windows, size_t n,
                         const struct hold_out *hold_out)
{
    for (size_t i = 0; i < n; i++) {
        struct energy_window w = windows[i];
        if (w.meter_id != data->meter.id || !holds_inferences(&w) ||
            hold_out_round(hold_out, w.round) != hold_out->inverted)
            continue;
        if (usable(&w) && take_off(&data->baseline, &w))
            data->windows[data->n_windows++] = w;
        else
            data->n_passed++;
    }
}

enum status energy_data_read(struct store *store, const struct campaign *campaign,
                             const struct hold_out *hold_out, const char *meter,
                             const struct baseline *baseline, struct energy_data *data,
                             struct error *error)
{
    struct meter_record *meters = NULL;
    struct energy_window *windows = NULL;
    size_t n_meters = 0, n_windows = 0, chosen = 0;
    *data = (struct energy_data){.baseline = *baseline};
    enum status status = store_meters(store, campaign->id, &meters, &n_meters, error);
    if (!status && (n_meters > 0 || meter))
        status = store_windows(store, campaign->id, &windows, &n_windows, error);
    if (!status)
        status = choose_meter(meters, n_meters, meter, windows, n_windows, &chosen, &data->others,
                              error);
    if (!status && chosen < n_meters) {
        data->meter = meters[chosen];
        meters[chosen] = (struct meter_record){0};
        data->windows = malloc((n_windows + 1) * sizeof *data->windows);
        if (!data->windows)
            status = error_set(error, STATUS_NO_MEMORY, "out of memory for %zu windows", n_windows);
        else
            keep_windows(data, windows, n_windows, hold_out);
        if (!status)
            status = store_targets(store, campaign->id, &data->targets, &data->n_targets, error);
        if (!status && campaign->config)
            status = ini_read_text(campaign->config, "the campaign's configuration", find_radio,
                                   data, error);
    }
    for (size_t i = 0; i < n_meters; i++)
        meter_record_free(&meters[i]);
    free(meters);
    free(windows);
    if (status)
        energy_data_free(data);
    return status;
}

/* ---- what it was made from */

/* NULL: none, as of idle windows. */
static const char *target_name(const struct target *targets, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (targets[i].id == id)
            return targets[i].name;
    }
    return NULL;
}

/* All that a fit may read of it; ids are a database's own, so names go in their place. */
static void digest_window(struct digest *digest, const struct meter_record *meter,
                          const char *target, const struct energy_window *w)
{
    const int64_t numbers[] = {meter->scope,
                               w->kind,
                               w->length,
                               w->round,
                               w->duration_ns,
                               w->provenance,
                               (int64_t)w->n_failed,
                               w->link_rtt_ns,
                               w->up_ps_per_byte,
                               w->down_ps_per_byte};
    const double reals[] = {w->energy_uj,    w->baseline_uw,  w->energy_net_uj, w->error_uj,
                            w->n_inferences, w->inference_ns, w->rtt_ns,        w->send_ns,
                            w->wait_ns,      w->receive_ns,   w->bytes_up,      w->bytes_down};
    digest_text(digest, "window");
    digest_text(digest, meter->name);
    digest_text(digest, target);
    digest_i64s(digest, numbers, sizeof numbers / sizeof *numbers);
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++)
        digest_real(digest, reals[i]);
}

enum status energy_data_digest(struct store *store, const struct campaign *campaign,
                               const struct hold_out *hold_out, struct digest *digest,
                               struct error *error)
{
    struct meter_record *meters = NULL;
    struct energy_window *windows = NULL;
    struct target *targets = NULL;
    size_t n_meters = 0, n_windows = 0, n_targets = 0;
    enum status status = store_meters(store, campaign->id, &meters, &n_meters, error);
    if (!status && n_meters > 0)
        status = store_windows(store, campaign->id, &windows, &n_windows, error);
    if (!status && n_windows > 0)
        status = store_targets(store, campaign->id, &targets, &n_targets, error);
    for (size_t i = 0; !status && i < n_windows; i++) {
        const struct energy_window *w = &windows[i];
        const struct meter_record *meter = meters;
        while (meter->id != w->meter_id) /* the store reads no window without its meter */
            meter++;
        if (hold_out_round(hold_out, w->round) == hold_out->inverted)
            digest_window(digest, meter, target_name(targets, n_targets, w->target_id), w);
    }
    for (size_t i = 0; i < n_meters; i++)
        meter_record_free(&meters[i]);
    for (size_t i = 0; i < n_targets; i++)
        target_free(&targets[i]);
    free(meters);
    free(windows);
    free(targets);
    return status;
}

int64_t energy_data_target(const struct energy_data *data, const char *name)
{
    for (size_t i = 0; i < data->n_targets; i++) {
        if (strcmp(data->targets[i].name, name) == 0)
            return data->targets[i].id;
    }
    return -1;
}

void energy_data_free(struct energy_data *data)
{
    meter_record_free(&data->meter);
    free(data->windows);
    free(data->others);
    for (size_t i = 0; i < data->n_targets; i++)
        target_free(&data->targets[i]);
    free(data->targets);
    *data = (struct energy_data){0};
}
