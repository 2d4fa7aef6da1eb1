// SPDX-License-Identifier: GPL-3.0-or-later
#include "engines/onnx_input_private.h"

#include "base/units.h"
#include "engines/ort_private.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_SIZE = 256, WORD_SIZE = 128 };

bool onnx_type_size(int type, size_t *size)
{
    static const size_t sizes[] = {[ORT_FLOAT] = sizeof(float),
                                   [ORT_INT32] = sizeof(int32_t),
                                   [ORT_INT64] = sizeof(int64_t),
                                   [ORT_BOOL] = sizeof(uint8_t),
                                   [ORT_DOUBLE] = sizeof(double)};
    bool known = type >= 0 && type < (int)(sizeof sizes / sizeof *sizes) && sizes[type] > 0;
    *size = known ? sizes[type] : 0;
    return known;
}

static bool is_whole(int type)
{
    return type == ORT_INT32 || type == ORT_INT64;
}

/* "features[batch,sequence,64]", for messages. */
static const char *show(const struct onnx_input *input, char text[SHOWN_SIZE])
{
    size_t used = (size_t)snprintf(text, SHOWN_SIZE, "%.100s[", input->name);
    for (size_t i = 0; i < input->rank && used < SHOWN_SIZE; i++) {
        const char *comma = i ? "," : "", *symbol = input->symbols[i];
        if (input->dims[i] >= 0)
            used += (size_t)snprintf(text + used, SHOWN_SIZE - used, "%s%" PRId64, comma,
                                     input->dims[i]);
        else
            used += (size_t)snprintf(text + used, SHOWN_SIZE - used, "%s%.40s", comma,
                                     symbol && *symbol ? symbol : "?");
    }
    if (used < SHOWN_SIZE)
        snprintf(text + used, SHOWN_SIZE - used, "]");
    return text;
}

/* Whether `text` holds `word`, in any case. */
static bool holds(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (; *text; text++) {
        size_t i = 0;
        while (i < n && tolower((unsigned char)text[i]) == word[i])
            i++;
        if (i == n)
            return true;
    }
    return false;
}

static bool is_one_of(const char *text, const char *const *words, bool whole)
{
    for (; *words; words++) {
        if (whole ? strcmp(text, *words) == 0 : holds(text, *words))
            return true;
    }
    return false;
}

/* What the names of dimensions usually mean. */
bool onnx_means_batch(const char *symbol)
{
    static const char *const parts[] = {"batch", NULL}, *const names[] = {"N", "b", "B", "bs",
                                                                          NULL};
    return symbol && (is_one_of(symbol, parts, false) || is_one_of(symbol, names, true));
}

static bool means_time(const char *symbol)
{
    static const char *const parts[] = {"seq",   "len",   "time", "step",
                                        "frame", "token", "word", NULL},
                             *const names[] = {"T", "t", "L", "l", "S", "s", "n", NULL};
    return symbol && !onnx_means_batch(symbol) &&
           (is_one_of(symbol, parts, false) || is_one_of(symbol, names, true));
}

/* ---- "NAME:VALUE NAME:VALUE", VALUE a number or n ---------------------------------------------
 */

struct setting {
    char name[WORD_SIZE];
    bool is_length; /* n */
    double number;
};

/* The next setting of `*text`. STATUS_NOT_FOUND, without a message: there is none. */
static enum status next_setting(const char **text, struct setting *setting, struct error *error)
{
    const char *start = *text + strspn(*text, " ,\t");
    size_t n = strcspn(start, " ,\t");
    char word[WORD_SIZE];
    *text = start + n;
    if (n == 0)
        return STATUS_NOT_FOUND;
    snprintf(word, sizeof word, "%.*s", (int)n, start);
    char *colon = strrchr(word, ':');
    if (!colon || colon == word || n >= sizeof word)
        return error_set(error, STATUS_INVALID, "'%.*s' is not NAME:VALUE", (int)n, start);
    *colon = '\0';
    memcpy(setting->name, word, sizeof word);
    setting->is_length = strcmp(colon + 1, "n") == 0;
    setting->number = 0;
    return setting->is_length ? STATUS_OK : parse_real(colon + 1, &setting->number, error);
}

/* Looks `name`, or else `other` (may be NULL), up; *found tells whether it is there. */
static enum status look_up(const char *text, const char *name, const char *other,
                           struct setting *setting, bool *found, struct error *error)
{
    *found = false;
    for (const char *at = text ? text : ""; !*found;) {
        enum status status = next_setting(&at, setting, error);
        if (status)
            return status == STATUS_NOT_FOUND ? STATUS_OK : status;
        *found = (name && *name && strcmp(setting->name, name) == 0) ||
                 (other && strcmp(setting->name, other) == 0);
    }
    return STATUS_OK;
}

/* ---- the sequence ------------------------------------------------------------------------------
 */

/* The only dimension of those marked; rank: there is none; rank + 1: there are several. */
static size_t only(const bool *marked, size_t rank)
{
    size_t found = rank;
    for (size_t i = 0; i < rank; i++) {
        if (marked[i])
            found = found == rank ? i : rank + 1;
    }
    return found > rank ? rank + 1 : found;
}

/* The axis of time by what the names and sizes of an input's dimensions tell; as `only`. */
static size_t find_axis(const struct onnx_input *input)
{
    bool named[ONNX_MAX_RANK] = {0}, open[ONNX_MAX_RANK] = {0}, inner[ONNX_MAX_RANK] = {0},
         sized[ONNX_MAX_RANK] = {0};
    size_t rank = input->rank;
    for (size_t i = 0; i < rank; i++) {
        bool features = !is_whole(input->type) && i + 1 == rank && rank >= 2;
        named[i] = input->dims[i] < 0 && means_time(input->symbols[i]);
        open[i] = input->dims[i] < 0 && !onnx_means_batch(input->symbols[i]);
        inner[i] = open[i] && !features;
        sized[i] = input->dims[i] > 1 && !features;
    }
    const bool *const tries[] = {named, open, inner};
    bool several = false;
    for (size_t k = 0; k < sizeof tries / sizeof *tries; k++) {
        size_t found = only(tries[k], rank);
        if (found < rank)
            return found;
        several = several || found > rank;
    }
    return several ? rank + 1 : only(sized, rank); /* sizes count where nothing is open */
}

static bool may_be_sequence(const struct onnx_input *input)
{
    return input->rank > 0 &&
           (is_whole(input->type) || input->type == ORT_FLOAT || input->type == ORT_DOUBLE);
}

/* What an input that is not the sequence is for, by its name. */
static bool is_beside(const struct onnx_input *input)
{
    static const char *const words[] = {"len", "mask", "state", "init", "hidden", NULL};
    static const char *const names[] = {"h0", "c0", "h", "c", "h_0", "c_0", "hx", "cx", NULL};
    return is_one_of(input->name, words, false) || is_one_of(input->name, names, true);
}

static enum status find_sequence(struct onnx_inputs *inputs, const struct engine_config *config,
                                 struct error *error)
{
    char shown[SHOWN_SIZE];
    size_t chosen = inputs->n, candidates = 0;
    for (size_t i = 0; i < inputs->n; i++) {
        const struct onnx_input *input = &inputs->inputs[i];
        if (config->feed
                ? strcmp(config->feed, input->name) == 0
                : may_be_sequence(input) && !is_beside(input) && find_axis(input) != input->rank) {
            chosen = chosen == inputs->n ? i : chosen;
            candidates++;
        }
    }
    if (chosen == inputs->n && !config->feed && inputs->n == 1 &&
        may_be_sequence(&inputs->inputs[0]))
        chosen = 0; /* whatever it is called */
    if (chosen < inputs->n && may_be_sequence(&inputs->inputs[chosen])) {
        inputs->sequence = chosen;
        return STATUS_OK;
    }
    char list[ERROR_TEXT_SIZE / 2] = "";
    for (size_t i = 0; i < inputs->n; i++) {
        strncat(list, i ? " " : "", sizeof list - strlen(list) - 1);
        strncat(list, show(&inputs->inputs[i], shown), sizeof list - strlen(list) - 1);
    }
    return error_set(error, STATUS_INVALID,
                     "feed = %s: which of the model's inputs takes the sequence of floats or "
                     "tokens? It has: %s",
                     config->feed ? config->feed : "NAME is missing", list);
}

static enum status settle_axis(struct onnx_inputs *inputs, const struct engine_config *config,
                               struct error *error)
{
    char shown[SHOWN_SIZE];
    const struct onnx_input *input = &inputs->inputs[inputs->sequence];
    size_t axis = engine_config_given(config, "axis") ? config->axis : find_axis(input);
    if (axis >= input->rank)
        return error_set(error, STATUS_INVALID,
                         "which axis of the input %s is time? Say axis = 0 to %zu",
                         show(input, shown), input->rank - 1);
    inputs->axis = axis;
    inputs->fixed_length = 0;
    if (input->dims[axis] > UINT32_MAX || input->dims[axis] == 0)
        return error_set(error, STATUS_INVALID, "the input %s has no length", show(input, shown));
    if (input->dims[axis] > 0)
        inputs->fixed_length = (uint32_t)input->dims[axis];
    return STATUS_OK;
}

/* ---- the other dimensions ----------------------------------------------------------------------
 */

/* An open dimension; *size is -1 for n. */
static enum status settle_dim(const struct onnx_inputs *inputs, size_t which, size_t axis,
                              const struct engine_config *config, int64_t *size,
                              struct error *error)
{
    const struct onnx_input *input = &inputs->inputs[which];
    const struct onnx_input *sequence = &inputs->inputs[inputs->sequence];
    const char *symbol = input->symbols[axis], *time = sequence->symbols[inputs->axis];
    char place[WORD_SIZE], shown[SHOWN_SIZE];
    struct setting setting;
    bool found;
    snprintf(place, sizeof place, "%.100s.%zu", input->name, axis);
    enum status status = look_up(config->dims, symbol, place, &setting, &found, error);
    if (status)
        return status;
    if (found && !setting.is_length &&
        !(setting.number >= 1 && setting.number <= INT32_MAX &&
          setting.number == (double)(int64_t)setting.number))
        return error_set(error, STATUS_INVALID, "dims = %s:%g is no size", setting.name,
                         setting.number);
    bool same = symbol && *symbol && time && strcmp(symbol, time) == 0;
    bool features = which == inputs->sequence && axis + 1 == input->rank && !inputs->tokens &&
                    !onnx_means_batch(symbol);
    if (found)
        *size = setting.is_length ? -1 : (int64_t)setting.number;
    else if (features && engine_config_given(config, "input"))
        *size = config->input;
    else if (features)
        return error_set(error, STATUS_INVALID,
                         "how many features has a step of the input %s? Say input = N",
                         show(input, shown));
    else
        *size = same || (which != inputs->sequence && means_time(symbol)) ? -1 : 1;
    return STATUS_OK;
}

static enum status settle_dims(struct onnx_inputs *inputs, size_t which,
                               const struct engine_config *config, struct error *error)
{
    struct onnx_input *input = &inputs->inputs[which];
    int64_t sizes[ONNX_MAX_RANK];
    size_t size;
    char shown[SHOWN_SIZE];
    if (!onnx_type_size(input->type, &size))
        return error_set(error, STATUS_INVALID,
                         "the input %s is of ONNX type %d; those that can be filled are float, "
                         "double, int32, int64 and bool",
                         show(input, shown), input->type);
    for (size_t i = 0; i < input->rank; i++) {
        sizes[i] = input->dims[i];
        bool time = which == inputs->sequence && i == inputs->axis;
        if (time)
            sizes[i] = -1;
        enum status status = time || input->dims[i] >= 0
                                 ? STATUS_OK
                                 : settle_dim(inputs, which, i, config, &sizes[i], error);
        if (status)
            return status;
    }
    memcpy(input->dims, sizes, sizeof sizes);
    return STATUS_OK;
}

static enum status settle_fill(struct onnx_inputs *inputs, size_t which,
                               const struct engine_config *config, struct error *error)
{
    struct onnx_input *input = &inputs->inputs[which];
    struct setting setting;
    bool found;
    enum status status = look_up(config->fill, input->name, NULL, &setting, &found, error);
    if (status)
        return status;
    input->fill_length =
        found ? setting.is_length : is_whole(input->type) && holds(input->name, "len");
    input->fill = found ? setting.number : holds(input->name, "mask") || input->type == ORT_BOOL;
    return STATUS_OK;
}

/* Whether a name of `dims` or `fill` is one of the model's: a slip of the pen is no setting. */
static enum status check_names(const struct onnx_inputs *inputs, const char *key, const char *text,
                               bool of_dims, struct error *error)
{
    struct setting setting;
    enum status status;
    for (const char *at = text ? text : "";;) {
        char place[WORD_SIZE];
        bool known = false;
        status = next_setting(&at, &setting, error);
        if (status)
            break;
        for (size_t i = 0; i < inputs->n && !known; i++) {
            const struct onnx_input *input = &inputs->inputs[i];
            known = !of_dims && strcmp(setting.name, input->name) == 0;
            for (size_t k = 0; of_dims && k < input->rank && !known; k++) {
                snprintf(place, sizeof place, "%.100s.%zu", input->name, k);
                known = strcmp(setting.name, place) == 0 ||
                        (input->symbols[k] && strcmp(setting.name, input->symbols[k]) == 0);
            }
        }
        if (!known)
            return error_set(error, STATUS_INVALID, "%s = %s: the model has no such %s", key,
                             setting.name,
                             of_dims ? "open dimension (NAME, or INPUT.AXIS)" : "input");
    }
    if (status != STATUS_NOT_FOUND)
        error_prefix(error, "%s", key);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status onnx_inputs_settle(struct onnx_inputs *inputs, const struct engine_config *config,
                               struct error *error)
{
    char shown[SHOWN_SIZE];
    enum status status = check_names(inputs, "dims", config->dims, true, error);
    if (!status)
        status = check_names(inputs, "fill", config->fill, false, error);
    if (!status)
        status = find_sequence(inputs, config, error);
    if (!status)
        status = settle_axis(inputs, config, error);
    if (status)
        return status;
    struct onnx_input *sequence = &inputs->inputs[inputs->sequence];
    inputs->tokens = is_whole(sequence->type);
    show(sequence, shown);
    /* the sequence last: the others' dimensions are compared with its names and open ones */
    for (size_t i = 0; i < inputs->n && !status; i++) {
        if (i != inputs->sequence)
            status = settle_dims(inputs, i, config, error);
        if (!status)
            status = settle_fill(inputs, i, config, error);
    }
    if (!status)
        status = settle_dims(inputs, inputs->sequence, config, error);
    if (status)
        return status;
    size_t step = onnx_input_count(sequence, 1);
    if (inputs->tokens ? step != 1 : step < 1 || step > ENGINE_MAX_WIDTH)
        return error_set(error, STATUS_INVALID,
                         "the input %s has %zu values per step along axis %zu; there may be %d",
                         shown, step, inputs->axis, inputs->tokens ? 1 : ENGINE_MAX_WIDTH);
    if (!inputs->tokens && engine_config_given(config, "input") && config->input != step)
        return error_set(error, STATUS_INVALID,
                         "input = %" PRIu32 ", but a step of the model's input %s has %zu values",
                         config->input, shown, step);
    if (!inputs->tokens && config->vocabulary > 0)
        return error_set(error, STATUS_INVALID,
                         "vocabulary = %" PRIu32 ", but the model's input %s takes no tokens",
                         config->vocabulary, shown);
    inputs->step = (uint32_t)step;
    return STATUS_OK;
}

size_t onnx_input_count(const struct onnx_input *input, uint32_t n)
{
    size_t count = 1;
    for (size_t i = 0; i < input->rank; i++)
        count *= input->dims[i] < 0 ? n : (size_t)input->dims[i];
    return count;
}

void onnx_inputs_free(struct onnx_inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++) {
        free(inputs->inputs[i].name);
        for (size_t k = 0; k < ONNX_MAX_RANK; k++)
            free(inputs->inputs[i].symbols[k]);
    }
    *inputs = (struct onnx_inputs){0};
}
