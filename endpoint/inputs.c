// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/inputs_private.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const fills[] = {
    [FILL_TOKENS] = "tokens", [FILL_UNIFORM] = "uniform", [FILL_ONES] = "ones",
    [FILL_ZEROS] = "zeros",   [FILL_COUNT] = "count",     [FILL_WORDS] = "words",
};
_Static_assert(sizeof fills / sizeof fills[0] == N_INPUT_FILLS, "a word each");

/* ---- what the user says of one input */

struct said {
    char name[128];
    bool has_type, has_shape, has_fill;
    enum tensor_type type;
    struct tensor_shape shape;
    enum input_fill fill;
};

/* "[1,n,64]"; false when it is none. */
static bool read_shape(const char *text, size_t n, struct tensor_shape *shape)
{
    const char *end = text + n - 1;
    shape->rank = 0;
    for (const char *at = text + 1; at < end; at++) {
        char word[24];
        at += strspn(at, " ");
        size_t length = strcspn(at, ",] ");
        uint64_t size = 0;
        if (shape->rank == TENSOR_MAX_RANK || length >= sizeof word)
            return false;
        memcpy(word, at, length);
        word[length] = '\0';
        bool open = strcmp(word, "n") == 0 || strcmp(word, "-1") == 0;
        if (!open && parse_u64(word, 1, INT32_MAX, &size, NULL))
            return false;
        shape->dims[shape->rank++] = open ? -1 : (int64_t)size;
        at += length + strspn(at + length, " ");
        if (!strchr(",]", *at))
            return false;
    }
    return n >= 2 && *end == ']' && end[-1] != ',';
}

static bool find_fill(const char *word, enum input_fill *fill)
{
    for (int i = 0; i < N_INPUT_FILLS; i++) {
        if (strcmp(fills[i], word) == 0) {
            *fill = (enum input_fill)i;
            return true;
        }
    }
    return false;
}

/* The word of `n` bytes at `text` says a datatype, a shape or a filling; false when it says none.
 */
static bool read_word(const char *text, size_t n, struct said *said)
{
    char word[16];
    if (*text == '[')
        return !said->has_shape && (said->has_shape = read_shape(text, n, &said->shape));
    if (n >= sizeof word)
        return false;
    memcpy(word, text, n);
    word[n] = '\0';
    if (!said->has_type && tensor_type_find(word, &said->type))
        return said->has_type = true;
    return !said->has_fill && (said->has_fill = find_fill(word, &said->fill));
}

/* Of the line of n bytes at `line`. */
static enum status read_line(const char *line, size_t n, struct said *said, struct error *error)
{
    static const char blanks[] = " \t";
    const char *end = line + n;
    *said = (struct said){0};
    for (bool first = true; line < end; first = false) {
        line += strspn(line, blanks);
        size_t length = strcspn(line, " \t\n");
        if (*line == '[' && memchr(line, ']', (size_t)(end - line)))
            length = (size_t)((const char *)memchr(line, ']', (size_t)(end - line)) + 1 - line);
        if (first && length > 0 && length < sizeof said->name)
            memcpy(said->name, line, length);
        else if (first || (length > 0 && !read_word(line, length, said)))
            return error_set(error, STATUS_INVALID,
                             "'%.*s': wanted is NAME, then a datatype (INT64), a shape ([1,n,64]) "
                             "or what fills it (tokens, uniform, ones, zeros, count, words)",
                             (int)length, line);
        line += length;
    }
    return STATUS_OK;
}

enum status inputs_check_line(const char *line, struct error *error)
{
    struct said said;
    return read_line(line, strlen(line), &said, error);
}

/* ---- the plan */

static size_t count_open(const struct tensor_shape *shape)
{
    size_t n = 0;
    for (size_t i = 0; i < shape->rank; i++)
        n += shape->dims[i] < 0;
    return n;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), n_end = strlen(end);
    return n >= n_end && strcasecmp(text + n - n_end, end) == 0;
}

/* Names that models from the usual exporters give to what is no token. */
static enum input_fill guess_fill(const struct tensor_spec *spec)
{
    switch (tensor_type_kind(spec->type)) {
    case TENSOR_REAL:
        return strcasestr(spec->name, "mask") ? FILL_ONES : FILL_UNIFORM;
    case TENSOR_TEXT:
        return FILL_WORDS;
    case TENSOR_TRUTH:
        return FILL_ONES;
    case TENSOR_INTEGER:
        break;
    }
    if (strcasestr(spec->name, "mask"))
        return FILL_ONES;
    if (ends_with(spec->name, "length") || ends_with(spec->name, "lengths") ||
        ends_with(spec->name, "_len") || ends_with(spec->name, "_lens"))
        return FILL_COUNT;
    if (strcasestr(spec->name, "type_ids") || count_open(&spec->shape) == 0)
        return FILL_ZEROS;
    return FILL_TOKENS;
}

/* The inputs as metadata has them, the batch axis set to 1. */
static enum status take_metadata(const struct message_model *model, struct inputs *inputs,
                                 struct error *error)
{
    bool batched = false;
    for (size_t i = 0; i < model->n_inputs; i++) {
        const struct tensor_shape *shape = &model->inputs[i].shape;
        batched = batched || (shape->rank >= 2 && shape->dims[0] < 0 && count_open(shape) >= 2);
    }
    for (size_t i = 0; i < model->n_inputs; i++) {
        struct tensor_spec *spec = &inputs->items[i].spec;
        spec->type = model->inputs[i].type;
        spec->shape = model->inputs[i].shape;
        if (batched && spec->shape.rank > 0 && spec->shape.dims[0] < 0)
            spec->shape.dims[0] = 1;
        enum status status = text_replace(&spec->name, model->inputs[i].name, error);
        if (status)
            return status;
        inputs->n++;
        inputs->items[i].fill = guess_fill(spec);
    }
    return STATUS_OK;
}

static enum status take_said(const struct said *said, struct inputs *inputs, struct error *error)
{
    size_t i = 0;
    while (i < inputs->n && strcmp(inputs->items[i].spec.name, said->name) != 0)
        i++;
    if (i == MESSAGE_MAX_TENSORS)
        return error_set(error, STATUS_PROTOCOL, "more than %d inputs", MESSAGE_MAX_TENSORS);
    struct tensor_spec *spec = &inputs->items[i].spec;
    if (i == inputs->n) {
        if (!said->has_type || !said->has_shape)
            return error_set(error, STATUS_PROTOCOL,
                             "the model's metadata has no input '%s': give its datatype and shape, "
                             "too (input = %s INT64 [1,n])",
                             said->name, said->name);
        enum status status = text_replace(&spec->name, said->name, error);
        if (status)
            return status;
        inputs->n++;
    }
    if (said->has_type)
        spec->type = said->type;
    if (said->has_shape)
        spec->shape = said->shape;
    inputs->items[i].fill = said->has_fill ? said->fill : guess_fill(spec);
    return STATUS_OK;
}

static bool fits(enum input_fill fill, enum tensor_type type)
{
    enum tensor_kind kind = tensor_type_kind(type);
    if (fill == FILL_WORDS)
        return kind == TENSOR_TEXT;
    if (fill == FILL_UNIFORM)
        return kind == TENSOR_REAL;
    return kind != TENSOR_TEXT && (kind != TENSOR_TRUTH || fill == FILL_ONES || fill == FILL_ZEROS);
}

static enum status check_plan(const struct inputs *inputs, struct error *error)
{
    char shape[TENSOR_SHAPE_TEXT];
    const struct tensor_spec *first = &inputs->items[0].spec;
    bool grows = false;
    for (size_t i = 0; i < inputs->n; i++) {
        const struct tensor_spec *spec = &inputs->items[i].spec;
        if (count_open(&spec->shape) > 1)
            return error_set(error, STATUS_PROTOCOL,
                             "input '%.64s' is %s %s: which of its axes is the sequence? Say it "
                             "(input = %.64s [1,n,64])",
                             spec->name, tensor_type_name(spec->type),
                             tensor_shape_format(&spec->shape, shape), spec->name);
        if (!fits(inputs->items[i].fill, spec->type))
            return error_set(error, STATUS_PROTOCOL, "input '%.64s' is %s, which %s cannot fill",
                             spec->name, tensor_type_name(spec->type),
                             fills[inputs->items[i].fill]);
        grows = grows || count_open(&spec->shape) > 0 || inputs->items[i].fill == FILL_WORDS;
    }
    if (inputs->n == 0)
        return error_set(
            error, STATUS_PROTOCOL,
            "the model's metadata names no inputs: say them (input = NAME INT64 [1,n])");
    if (!grows)
        return error_set(
            error, STATUS_PROTOCOL,
            "input '%.64s' is %s %s%s: nothing in it grows with the length; needed is an "
            "open axis, or say one (input = %.64s [1,n])",
            first->name, tensor_type_name(first->type), tensor_shape_format(&first->shape, shape),
            inputs->n > 1 ? ", and the others are alike" : "", first->name);
    return STATUS_OK;
}

enum status inputs_plan(const struct message_model *model, const char *lines, struct inputs *inputs,
                        struct error *error)
{
    enum status status = take_metadata(model, inputs, error);
    if (!status && model->n_unknown_inputs > 0 && !lines)
        status = error_set(error, STATUS_PROTOCOL,
                           "the model has %zu inputs of datatypes that are none of the protocol's",
                           model->n_unknown_inputs);
    while (!status && lines && *lines) {
        struct said said;
        size_t n = strcspn(lines, "\n");
        status = read_line(lines, n, &said, error);
        if (!status)
            status = take_said(&said, inputs, error);
        lines += n + (lines[n] == '\n');
    }
    return status ? status : check_plan(inputs, error);
}

/* ---- values */

static enum status add_words(struct tensor *tensor, uint32_t n_words, uint32_t vocabulary,
                             struct random *random, struct error *error)
{
    char *text = malloc((size_t)n_words * 12 + 1);
    size_t used = 0;
    if (!text)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %u words", n_words);
    for (uint32_t i = 0; i < n_words; i++)
        used += (size_t)sprintf(text + used, "%sw%u", i ? " " : "",
                                (unsigned)random_below(random, vocabulary));
    enum status status = tensor_add_text(tensor, text, used, error);
    free(text);
    return status;
}

static enum status fill_value(struct tensor *tensor, size_t i, enum input_fill fill, uint32_t n,
                              uint32_t vocabulary, struct random *random, struct error *error)
{
    int64_t most = tensor_type_max(tensor->spec.type);
    switch (fill) {
    case FILL_TOKENS:
        if (most > 0 && most < vocabulary)
            vocabulary = (uint32_t)most + 1;
        return tensor_set_integer(tensor, i, (int64_t)random_below(random, vocabulary), error);
    case FILL_UNIFORM:
        return tensor_set_real(tensor, i, 2.0 * random_uniform(random) - 1.0, error);
    case FILL_ONES:
        return tensor_set_integer(tensor, i, 1, error);
    case FILL_COUNT:
        return tensor_set_integer(tensor, i, n, error);
    case FILL_WORDS:
        return STATUS_FAILED; /* texts are appended */
    case FILL_ZEROS:
    case N_INPUT_FILLS:
        break;
    }
    return STATUS_OK; /* as it was made */
}

static enum status make(const struct inputs *inputs, size_t k, uint32_t n, struct random *random,
                        uint32_t vocabulary, size_t max_bytes, struct tensor *tensor,
                        struct error *error)
{
    struct tensor_spec spec = inputs->items[k].spec;
    enum input_fill fill = inputs->items[k].fill;
    bool grows = count_open(&spec.shape) > 0;
    for (size_t i = 0; i < spec.shape.rank; i++)
        spec.shape.dims[i] = spec.shape.dims[i] < 0 ? (int64_t)n : spec.shape.dims[i];
    size_t most = max_bytes / (fill == FILL_WORDS ? 12 : tensor_type_size(spec.type));
    enum status status = tensor_make(tensor, &spec, most, error);
    if (!status && fill == FILL_WORDS && !grows && n > most)
        status = error_set(error, STATUS_INVALID, "%u words are too many for a message", n);
    for (size_t i = 0; !status && i < tensor->n_values; i++)
        status = fill == FILL_WORDS ? add_words(tensor, grows ? 1 : n, vocabulary, random, error)
                                    : fill_value(tensor, i, fill, n, vocabulary, random, error);
    return status;
}

enum status inputs_make(const struct inputs *inputs, uint32_t n, uint64_t seed, uint32_t vocabulary,
                        size_t max_bytes, struct tensor *tensors, struct error *error)
{
    struct random random = {.state = seed};
    enum status status = STATUS_OK;
    for (size_t k = 0; !status && k < inputs->n; k++)
        status = make(inputs, k, n, &random, vocabulary, max_bytes, &tensors[k], error);
    return status;
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->n; i++)
        free(inputs->items[i].spec.name);
    *inputs = (struct inputs){0};
}
