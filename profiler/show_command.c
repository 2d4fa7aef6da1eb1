// SPDX-License-Identifier: GPL-3.0-or-later
/* Statistics of a campaign per target and length, as a table or as JSON. */
#include "base/memory.h"
#include "base/order.h"
#include "base/quantile.h"
#include "base/texttable.h"
#include "base/units.h"
#include "fitter/interval.h"
#include "profiler/commands.h"
#include "profiler/show_links.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* All samples of one target and length. */
struct group {
    size_t target;
    uint32_t length;
    double *times_s; /* n successful ones */
    size_t n, capacity;
    uint64_t n_failed, n_outliers;
    struct running rtts, servers;          /* seconds */
    const struct convergence *convergence; /* NULL: no stop rule, as in imports */
};

struct show {
    struct target *targets;
    size_t n_targets;
    struct group *groups;
    size_t n_groups, capacity;
    struct convergence *convergences;
    size_t n_convergences;
    struct show_links links;
};

static enum status find_group(struct show *show, size_t target, uint32_t length,
                              struct group **found, struct error *error)
{
    for (size_t i = 0; i < show->n_groups; i++) {
        if (show->groups[i].target == target && show->groups[i].length == length) {
            *found = &show->groups[i];
            return STATUS_OK;
        }
    }
    enum status status =
        array_reserve(&show->groups, show->n_groups, &show->capacity, sizeof **found, error);
    if (status)
        return status;
    *found = &show->groups[show->n_groups++];
    **found = (struct group){.target = target, .length = length};
    return STATUS_OK;
}

static enum status take(void *user, const struct sample *sample, struct error *error)
{
    struct show *show = user;
    struct group *group = NULL;
    size_t target = 0;
    while (show->targets[target].id != sample->target_id)
        target++;
    enum status status = find_group(show, target, sample->length, &group, error);
    if (status)
        return status;
    if (sample->failure != FAILURE_NONE) {
        group->n_failed++;
        return STATUS_OK;
    }
    status =
        array_reserve(&group->times_s, group->n, &group->capacity, sizeof *group->times_s, error);
    if (status)
        return status;
    group->times_s[group->n++] = (double)sample->time_ns * 1e-9;
    group->n_outliers += sample->outlier;
    if (sample->rtt_ns >= 0)
        running_add(&group->rtts, (double)sample->rtt_ns * 1e-9);
    if (sample->server_ns >= 0)
        running_add(&group->servers, (double)sample->server_ns * 1e-9);
    return show_links_take(&show->links, target, sample, error);
}

static int by_target_and_length(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->target != b->target)
        return a->target < b->target ? -1 : 1;
    return (a->length > b->length) - (a->length < b->length);
}

static void finish(struct show *show)
{
    qsort(show->groups, show->n_groups, sizeof *show->groups, by_target_and_length);
    for (size_t i = 0; i < show->n_groups; i++) {
        struct group *group = &show->groups[i];
        reals_sort(group->times_s, group->n);
        for (size_t c = 0; c < show->n_convergences; c++) {
            if (show->convergences[c].target_id == show->targets[group->target].id &&
                show->convergences[c].length == group->length)
                group->convergence = &show->convergences[c];
        }
    }
}

static struct running summary(const struct group *group)
{
    struct running times = {0};
    for (size_t i = 0; i < group->n; i++)
        running_add(&times, group->times_s[i]);
    return times;
}

static void put_table(struct show *show, FILE *out)
{
    struct text_table *table = text_table_new(
        "<target|length|n|mean|+-95 %|median|p95|round trip|server|failed|outliers|<stop rule");
    for (size_t i = 0; i < show->n_groups; i++) {
        const struct group *g = &show->groups[i];
        struct running times = summary(g);
        char text[5][UNITS_TEXT_SIZE];
        text_table_cell(table, "%s", show->targets[g->target].name);
        text_table_cell(table, "%u", g->length);
        text_table_cell(table, "%zu", g->n);
        text_table_cell(table, "%s", g->n ? format_time(times.mean, text[0]) : "-");
        if (g->n > 1)
            text_table_cell(table, "%.1f %%", 100 * running_half_width(&times) / times.mean);
        else
            text_table_cell(table, "-");
        text_table_cell(table, "%s",
                        g->n ? format_time(quantile_sorted(g->times_s, g->n, 0.5), text[1]) : "-");
        text_table_cell(table, "%s",
                        g->n ? format_time(quantile_sorted(g->times_s, g->n, 0.95), text[2]) : "-");
        text_table_cell(table, "%s", g->rtts.n ? format_time(g->rtts.mean, text[3]) : "-");
        text_table_cell(table, "%s", g->servers.n ? format_time(g->servers.mean, text[4]) : "-");
        text_table_cell(table, "%llu", (unsigned long long)g->n_failed);
        text_table_cell(table, "%llu", (unsigned long long)g->n_outliers);
        text_table_cell(table, "%s",
                        !g->convergence           ? "-"
                        : g->convergence->reached ? "reached"
                                                  : "not converged");
    }
    text_table_print(table, out, 0);
    text_table_free(table);
    show_links_print(&show->links, out);
}

static json_t *real_or_null(double value, bool known)
{
    return known && isfinite(value) ? json_real(value) : json_null();
}

static json_t *group_json(const struct show *show, const struct group *g)
{
    struct running times = summary(g);
    bool any = g->n > 0;
    return json_pack("{s:s,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:o,s:[]}", "target",
                     show->targets[g->target].name, "length", (json_int_t)g->length, "n",
                     (json_int_t)g->n, "mean_s", real_or_null(times.mean, any), "half_width_s",
                     real_or_null(running_half_width(&times), g->n > 1), "sd_s",
                     real_or_null(running_sd(&times), g->n > 1), "median_s",
                     real_or_null(any ? quantile_sorted(g->times_s, g->n, 0.5) : 0, any), "p95_s",
                     real_or_null(any ? quantile_sorted(g->times_s, g->n, 0.95) : 0, any), "rtt_s",
                     real_or_null(g->rtts.mean, g->rtts.n > 0), "server_s",
                     real_or_null(g->servers.mean, g->servers.n > 0), "failed",
                     (json_int_t)g->n_failed, "outliers", (json_int_t)g->n_outliers, "converged",
                     g->convergence ? json_boolean(g->convergence->reached) : json_null(),
                     "windows");
}

static void put_json(struct show *show, const struct campaign *campaign, FILE *out)
{
    json_t *lengths = json_array();
    for (size_t i = 0; i < show->n_groups; i++)
        json_array_append_new(lengths, group_json(show, &show->groups[i]));
    json_t *device = campaign->device ? json_loads(campaign->device, 0, NULL) : NULL;
    json_t *document = json_pack(
        "{s:s,s:s,s:s,s:s?,s:s?,s:I,s:o,s:o,s:o,s:o,s:o}", "schema", "rnnmap.show/1", "campaign",
        campaign->name, "spacing", campaign->spacing, "network", campaign->network, "config",
        campaign->config, "seed", (json_int_t)campaign->seed, "timer_overhead_ns",
        real_or_null(campaign->timer_overhead_ns, campaign->timer_overhead_ns >= 0),
        "harness_overhead_ns",
        real_or_null(campaign->harness_overhead_ns, campaign->harness_overhead_ns >= 0), "device",
        device ? device : json_null(), "lengths", lengths, "links", show_links_json(&show->links));
    json_dumpf(document, out, JSON_INDENT(1));
    fputc('\n', out);
    json_decref(document);
}

static void free_show(struct show *show)
{
    for (size_t i = 0; i < show->n_groups; i++)
        free(show->groups[i].times_s);
    for (size_t i = 0; i < show->n_targets; i++)
        target_free(&show->targets[i]);
    show_links_free(&show->links);
    free(show->groups);
    free(show->targets);
    free(show->convergences);
}

enum status rnnprof_show(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    struct show show = {0};
    struct store *store;
    struct campaign campaign = {0};
    enum status status = rnnprof_open(s, STORE_READ, &store, error);
    if (status)
        return status;
    status = store_campaign_find(store, s->campaign, &campaign, error);
    if (!status)
        status = store_targets(store, campaign.id, &show.targets, &show.n_targets, error);
    if (!status)
        status = show_links_open(campaign.config, show.targets, show.n_targets, &show.links, error);
    if (!status)
        status =
            store_convergence(store, campaign.id, &show.convergences, &show.n_convergences, error);
    if (!status)
        status = store_samples_each(store, campaign.id, take, &show, error);
    if (!status) {
        finish(&show);
        if (call->json)
            put_json(&show, &campaign, call->out);
        else
            put_table(&show, call->out);
    }
    free_show(&show);
    campaign_free(&campaign);
    store_close(store);
    return status;
}
