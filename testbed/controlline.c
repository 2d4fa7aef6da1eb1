// SPDX-License-Identifier: GPL-3.0-or-later
#include "testbed/controlline.h"

#include "base/units.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const verbs[] = {
    [CONTROL_SET] = "set", [CONTROL_STATE] = "state", [CONTROL_PLAY] = "play"};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

static const enum dimension dimensions[] = {
    [COLUMN_RTT] = DIMENSION_TIME, [COLUMN_UP] = DIMENSION_RATE, [COLUMN_DOWN] = DIMENSION_RATE};
_Static_assert(sizeof dimensions / sizeof dimensions[0] == N_LINK_COLUMNS, "one a column");

static const char blanks[] = " \t\r";

/* Cuts the next word off a text; NULL when there is none. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, blanks);
    size_t length = strcspn(word, blanks);
    if (length == 0)
        return NULL;
    *rest = word + length + (word[length] != '\0');
    word[length] = '\0';
    return word;
}

static enum status check_value(enum link_column column, double value, struct error *error)
{
    if (column == COLUMN_RTT && value > CONTROL_MAX_RTT_S)
        return error_set(error, STATUS_INVALID, "rtt: more than %g s", CONTROL_MAX_RTT_S);
    if (column != COLUMN_RTT && value > 0 && value < CONTROL_MIN_BIT_S)
        return error_set(error, STATUS_INVALID, "%s: less than 1 kbit/s, and not 0",
                         link_column_name(column));
    return STATUS_OK;
}

/* "rtt=20ms" */
static enum status parse_setting(char *word, struct control_order *order, struct error *error)
{
    char *text = strchr(word, '=');
    if (text)
        *text++ = '\0';
    for (int c = 0; text && c < N_LINK_COLUMNS; c++) {
        if (strcmp(word, link_column_name((enum link_column)c)) != 0)
            continue;
        if (!isnan(order->values[c]))
            return error_set(error, STATUS_INVALID, "%s is there twice", word);
        if (parse_quantity(text, dimensions[c], &order->values[c], error)) {
            error_prefix(error, "%s", word);
            return STATUS_INVALID;
        }
        return check_value((enum link_column)c, order->values[c], error);
    }
    return error_set(error, STATUS_INVALID, "'%s' is none of rtt=TIME, up=RATE, down=RATE", word);
}

enum status controlline_parse(const char *line, struct control_order *order, struct error *error)
{
    char copy[512], *rest = copy, *word;
    if (strlen(line) >= sizeof copy)
        return error_set(error, STATUS_INVALID, "the line is too long");
    strcpy(copy, line);
    *order = (struct control_order){.values = {NAN, NAN, NAN}};
    word = next_word(&rest);
    int verb = 0;
    while (word && verb < N_VERBS && strcmp(word, verbs[verb]) != 0)
        verb++;
    if (!word || verb == N_VERBS)
        return error_set(error, STATUS_INVALID,
                         "'%s' is none of set rtt=.. up=.. down=.., state, play", word ? word : "");
    order->verb = (enum control_verb)verb;
    int n = 0;
    for (; (word = next_word(&rest)); n++) {
        if (order->verb != CONTROL_SET)
            return error_set(error, STATUS_INVALID, "'%s' after %s", word, verbs[verb]);
        enum status status = parse_setting(word, order, error);
        if (status)
            return status;
    }
    if (order->verb == CONTROL_SET && n == 0)
        return error_set(error, STATUS_INVALID, "set what? rtt=TIME, up=RATE, down=RATE");
    return STATUS_OK;
}

static const char *rate_text(double rate_bit_s, char *text)
{
    snprintf(text, UNITS_TEXT_SIZE, isinf(rate_bit_s) ? "unlimited" : "%.12g", rate_bit_s);
    return text;
}

const char *controlline_answer(const struct link_state *state, char *text)
{
    char up[UNITS_TEXT_SIZE], down[UNITS_TEXT_SIZE];
    snprintf(text, CONTROL_ANSWER_SIZE, "ok rtt_s=%.12g up_bit_s=%s down_bit_s=%s",
             (double)state->round_trip_ns * 1e-9, rate_text(state->rate_bit_s[LINK_UP], up),
             rate_text(state->rate_bit_s[LINK_DOWN], down));
    return text;
}
