// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnprof show: what is stored of a campaign, in the form that is asked for. */
#include "profiler/commands.h"
#include "profiler/show_forms.h"

static enum status check_form(const struct invocation *call, const struct rnnprof_settings *s,
                              struct error *error)
{
    if (call->json + s->csv + s->histogram > 1)
        return error_set(error, STATUS_MISUSE, "one of --json, --csv and --histogram at a time");
    return STATUS_OK;
}

enum status rnnprof_show(const struct invocation *call, const void *settings, struct error *error)
{
    const struct rnnprof_settings *s = settings;
    const struct summary_filter filter = {.target = s->only, .length = s->length};
    struct summary summary = {0};
    struct store *store;
    enum status status = check_form(call, s, error);
    if (!status)
        status = rnnprof_open(s, STORE_READ, &store, error);
    if (status)
        return status;
    status = summary_read(store, s->campaign, &filter, &summary, error);
    if (!status) {
        if (call->json)
            show_json(&summary, call->out);
        else if (s->csv)
            show_csv(&summary, call->out);
        else if (s->histogram)
            show_histograms(&summary, call->out);
        else
            show_table(&summary, call->out);
        summary_free(&summary);
    }
    store_close(store);
    return status;
}
