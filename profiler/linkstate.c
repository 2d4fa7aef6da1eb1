// SPDX-License-Identifier: GPL-3.0-or-later
#include "profiler/linkstate.h"

#include "base/memory.h"
#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double max_rtt_s = 60, min_rate_bit_s = 1000;
static const char blanks[] = " \t";

/* The length of the field at `text`, up to the next '/' that is not part of a unit (Mbit/s). */
static size_t field_length(const char *text)
{
    size_t n = strcspn(text, "/");
    while (text[n] == '/' && n >= 3 && strncmp(text + n - 3, "bit/s", 5) == 0)
        n += 1 + strcspn(text + n + 1, "/");
    return n;
}

static enum status parse_rate(const char *text, double *rate, struct error *error)
{
    *rate = INFINITY;
    if (strcmp(text, "unlimited") == 0)
        return STATUS_OK;
    enum status status = parse_quantity(text, DIMENSION_RATE, rate, error);
    if (!status && *rate < min_rate_bit_s)
        status = error_set(error, STATUS_INVALID, "'%s' is less than 1 kbit/s", text);
    return status;
}

static enum status parse_rtt(const char *text, double *rtt_s, struct error *error)
{
    enum status status = parse_quantity(text, DIMENSION_TIME, rtt_s, error);
    if (!status && *rtt_s > max_rtt_s)
        status = error_set(error, STATUS_INVALID, "'%s' is more than %g s", text, max_rtt_s);
    return status;
}

/* One state; `text` is taken apart. */
static enum status parse_state(char *text, struct link_state *state, struct error *error)
{
    const struct {
        double *to;
        enum status (*parse)(const char *text, double *value, struct error *error);
    } fields[] = {{&state->rtt_s, parse_rtt},
                  {&state->up_bit_s, parse_rate},
                  {&state->down_bit_s, parse_rate}};
    enum { N_FIELDS = sizeof fields / sizeof *fields };
    *state = (struct link_state){.up_bit_s = INFINITY, .down_bit_s = INFINITY};
    for (size_t i = 0; i < N_FIELDS; i++) {
        size_t n = field_length(text);
        char end = text[n];
        text[n] = '\0';
        enum status status = fields[i].parse(text, fields[i].to, error);
        if (status || end == '\0')
            return status;
        text += n + 1;
    }
    return error_set(error, STATUS_INVALID, "a link state is RTT/UP/DOWN, without '/%s'", text);
}

static enum status check_new(const struct link_state *states, size_t n, struct error *error)
{
    char text[LINK_STATE_TEXT];
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&states[i], &states[n], sizeof *states) == 0)
            return error_set(error, STATUS_INVALID, "%s is given twice",
                             link_state_format(&states[n], text));
    }
    return STATUS_OK;
}

enum status link_states_parse(const char *text, struct link_state **states, size_t *n,
                              struct error *error)
{
    struct link_state *made = NULL;
    size_t n_made = 0, capacity = 0;
    char *rest = NULL, *copy = text_copy(text);
    enum status status = copy ? STATUS_OK : STATUS_NO_MEMORY;
    for (char *word = copy ? strtok_r(copy, blanks, &rest) : NULL; word && !status;
         word = strtok_r(NULL, blanks, &rest)) {
        status = array_reserve(&made, n_made, &capacity, sizeof *made, error);
        if (!status)
            status = parse_state(word, &made[n_made], error);
        if (!status)
            status = check_new(made, n_made++, error);
    }
    free(copy);
    if (!status && n_made == 0)
        status = error_set(error, STATUS_INVALID, "no link state (such as 20ms/10/50)");
    if (status) {
        free(made);
        return status;
    }
    *states = made;
    *n = n_made;
    return STATUS_OK;
}

static void rate_text(double bit_s, char *text, size_t size)
{
    if (isinf(bit_s))
        snprintf(text, size, "unlimited");
    else
        snprintf(text, size, "%.9g", bit_s * 1e-6);
}

const char *link_state_format(const struct link_state *state, char *text)
{
    char up[24], down[24];
    rate_text(state->up_bit_s, up, sizeof up);
    rate_text(state->down_bit_s, down, sizeof down);
    snprintf(text, LINK_STATE_TEXT, "%.9gms/%s/%s", state->rtt_s * 1e3, up, down);
    return text;
}

int64_t link_ps_per_byte(double bit_s)
{
    return isinf(bit_s) ? 0 : llround(8e12 / bit_s);
}

void link_state_put(const struct link_state *state, struct sample *sample)
{
    sample->link_rtt_ns = llround(state->rtt_s * 1e9);
    sample->up_ps_per_byte = link_ps_per_byte(state->up_bit_s);
    sample->down_ps_per_byte = link_ps_per_byte(state->down_bit_s);
}

int link_state_of(const struct link_state *states, size_t n, const struct sample *sample)
{
    for (size_t i = 0; i < n; i++) {
        struct sample like;
        link_state_put(&states[i], &like);
        if (like.link_rtt_ns == sample->link_rtt_ns &&
            like.up_ps_per_byte == sample->up_ps_per_byte &&
            like.down_ps_per_byte == sample->down_ps_per_byte)
            return (int)i;
    }
    return -1;
}
