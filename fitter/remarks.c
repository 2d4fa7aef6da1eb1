// SPDX-License-Identifier: GPL-3.0-or-later
#include "fitter/remarks.h"

#include "fitter/prediction.h"

#include "base/memory.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

void remarks_say(void *user, const char *line)
{
    struct remarks *remarks = user;
    if (remarks->call->verbosity >= 0)
        fprintf(remarks->call->diagnostics, "rnnfit: %s\n", line);
    if (!array_reserve(&remarks->lines, remarks->n, &remarks->capacity, sizeof *remarks->lines,
                       NULL) &&
        (remarks->lines[remarks->n] = text_copy(line)))
        remarks->n++;
}

static void say(struct remarks *remarks, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(struct remarks *remarks, const char *format, ...)
{
    char *line;
    va_list args;
    va_start(args, format);
    if (vasprintf(&line, format, args) >= 0) {
        remarks_say(remarks, line);
        free(line);
    }
    va_end(args);
}

static void remark_target(struct remarks *remarks, const struct dataset_target *target,
                          const struct dataset *dataset)
{
    if (target->n_failed > 0)
        say(remarks, "%s: %llu failed samples left out of the fit", target->name,
            (unsigned long long)target->n_failed);
    for (int r = LINK_TAKES_PART + 1; target->remote && r < N_LINK_REASONS; r++) {
        if (target->link.n[r] > 0)
            say(remarks, "%s: %llu samples %s left out of remote_s", target->name,
                (unsigned long long)target->link.n[r], link_reason_text((enum link_reason)r));
    }
    if (target->remote && !target->link.rtt)
        say(remarks,
            "%s: no round trips measured; its time is taken whole and holds only "
            "at the link it was measured over",
            target->name);
    bool up = !isnan(dataset->up_s_per_byte) && !target->link.up;
    bool down = !isnan(dataset->down_s_per_byte) && !target->link.down;
    if (target->remote && (up || down))
        say(remarks,
            "%s: its link's bandwidth is not known, unlike another's: its bytes are "
            "not modelled, their time stays in remote_s",
            target->name);
}

/* Requests cannot take less than the round trip they take. */
static void remark_negative(struct remarks *remarks, const struct cost_model *model)
{
    double n = model->n_min, value = prediction_value(model, n);
    if (model->quantity == QUANTITY_REMOTE_S && value < 0)
        say(remarks,
            "%s: at length %u requests took %.3g ms less than the round trips measured before "
            "them: these are not what the requests met",
            model->target, model->n_min, -value * 1e3);
}

void remarks_on_fit(struct remarks *remarks, const struct dataset *dataset,
                    const struct model_set *set, const struct cost_link *asked)
{
    for (size_t t = 0; t < dataset->n_targets; t++)
        remark_target(remarks, &dataset->targets[t], dataset);
    for (size_t i = 0; i < set->n_models; i++)
        remark_negative(remarks, &set->models[i]);
    if ((!isnan(asked->up_s_per_byte) && isnan(set->up_s_per_byte)) ||
        (!isnan(asked->down_s_per_byte) && isnan(set->down_s_per_byte)))
        say(remarks, "the samples do not know the bandwidth that their bytes passed at: their time "
                     "is in remote_s, and --link's is ignored");
    if (dataset->n_targets > 0 && dataset_target_rounds(&dataset->targets[0]) && set->n_rounds == 0)
        say(remarks, "fewer than three whole rounds: samples are taken as "
                     "independent, and intervals may be too narrow");
}

void remarks_free(struct remarks *remarks)
{
    for (size_t i = 0; i < remarks->n; i++)
        free(remarks->lines[i]);
    free(remarks->lines);
}
