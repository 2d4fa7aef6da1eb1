// SPDX-License-Identifier: GPL-3.0-or-later
/* The engine on ONNX Runtime: a model from a file, run by the library that the user's product
 * ships. */
#include "base/memory.h"
#include "engines/affinity_private.h"
#include "engines/onnx_session_private.h"
#include "engines/seeded_private.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct onnx_self {
    const struct engine_config *config;
    struct onnx_session session;
    char *version; /* "ONNX Runtime 1.14.0" */
    bool bound;    /* to `cpus` */
    cpu_set_t cpus;
    uint32_t vocabulary; /* 0: the input is floats */
    struct seeded seeded;
    void *staged; /* the input as engine_input shows it, where the model's type is another one */
    uint32_t n;   /* the current length; 0: none */
    struct warmed warmed;
    float *output; /* room for n_room values: before a run, or of another type than float */
    size_t n_room;
    const float *answer; /* n_answer values */
    size_t n_answer;
};

static void onnx_close(void *self)
{
    struct onnx_self *o = self;
    onnx_session_close(&o->session);
    seeded_free(&o->seeded);
    free(o->version);
    free(o->staged);
    free(o->output);
    free(o);
}

static int sequence_type(const struct onnx_self *o)
{
    return o->session.inputs.inputs[o->session.inputs.sequence].type;
}

/* Whether what engine_input shows is not what the model reads. */
static bool is_staged(const struct onnx_self *o)
{
    return sequence_type(o) == ORT_INT64 || sequence_type(o) == ORT_DOUBLE;
}

/* ---- the vocabulary: the model refuses the first token that its table does not have -----------
 */

static bool takes_token(struct onnx_self *o, int64_t token, uint32_t n, struct error *why)
{
    void *sequence = onnx_session_sequence(&o->session);
    for (uint32_t i = 0; i < n; i++) {
        if (sequence_type(o) == ORT_INT64)
            ((int64_t *)sequence)[i] = token;
        else
            ((int32_t *)sequence)[i] = (int32_t)token;
    }
    return onnx_session_run(&o->session, why) == STATUS_OK;
}

static enum status find_vocabulary(struct onnx_self *o, struct error *error)
{
    enum { MOST = 1 << 30 };
    uint32_t n = o->session.inputs.fixed_length ? o->session.inputs.fixed_length : 1;
    const char *provider = o->config->provider;
    if (provider && strcasecmp(provider, "CPU") != 0) /* may read beyond its table unseen */
        return error_set(error, STATUS_INVALID,
                         "vocabulary = N is needed with provider = %s: how many tokens are there?",
                         provider);
    enum status status = onnx_session_feed(&o->session, n, error);
    if (status)
        return status;
    if (!takes_token(o, 0, n, error))
        return STATUS_EXTERNAL;
    uint32_t good = 0, bad = 1; /* the last token taken, the first one refused */
    while (bad < MOST && takes_token(o, bad, n, NULL)) {
        good = bad;
        bad *= 2;
    }
    if (bad >= MOST)
        return error_set(error, STATUS_INVALID,
                         "the model takes any number as a token: vocabulary = N says how many "
                         "there are");
    while (bad - good > 1) {
        uint32_t middle = good + (bad - good) / 2;
        if (takes_token(o, middle, n, NULL))
            good = middle;
        else
            bad = middle;
    }
    o->vocabulary = bad;
    return STATUS_OK;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static enum status bind_cpus(struct onnx_self *o, struct error *error)
{
    if (!o->config->cpu)
        return STATUS_OK;
    enum status status = o->bound ? STATUS_OK : affinity_parse(o->config->cpu, &o->cpus, error);
    if (!status)
        status = affinity_bind(&o->cpus, error);
    if (status)
        error_prefix(error, "cpu=%s", o->config->cpu);
    o->bound = !status;
    return status;
}

static enum status set_up(struct onnx_self *o, struct error *error)
{
    const struct engine_config *config = o->config;
    enum status status = bind_cpus(o, error); /* which the library's threads inherit */
    if (!status)
        status = onnx_session_open(config, config->threads ? config->threads : affinity_n_cpus(),
                                   &o->session, error);
    if (status)
        return status;
    const struct onnx_inputs *inputs = &o->session.inputs;
    o->vocabulary = config->vocabulary;
    if (inputs->tokens && o->vocabulary == 0) {
        status = find_vocabulary(o, error);
        if (status)
            error_prefix(error, "%s", config->model);
    }
    if (status)
        return status;
    o->seeded = (struct seeded){.seed = config->seed,
                                .vocabulary = o->vocabulary,
                                .input = inputs->tokens ? 0 : inputs->step};
    o->version = text_format("ONNX Runtime %s", o->session.ort.version);
    o->n_room = o->session.n_fetched;
    o->output = malloc((o->n_room + 1) * sizeof *o->output);
    return o->version && o->output ? STATUS_OK
                                   : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

static enum status onnx_open(const struct engine_config *config, void **self, struct error *error)
{
    struct onnx_self *o = calloc(1, sizeof *o);
    if (!o)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a model");
    o->config = config;
    enum status status = set_up(o, error);
    if (status)
        onnx_close(o);
    else
        *self = o;
    return status;
}

static enum status check_length(const struct onnx_self *o, uint32_t n, struct error *error)
{
    uint32_t only = o->session.inputs.fixed_length;
    if (only == 0 || n == only)
        return STATUS_OK;
    return error_set(error, STATUS_INVALID,
                     "%s takes inputs of length %" PRIu32 " only, not of %" PRIu32
                     "; export it with an open sequence dimension",
                     o->config->model, only, n);
}

/* Where engine_input writes to. */
static enum status stage(struct onnx_self *o, uint32_t n, void **to, struct error *error)
{
    *to = onnx_session_sequence(&o->session);
    if (!is_staged(o))
        return STATUS_OK;
    free(o->staged);
    *to = o->staged = malloc(n * seeded_step(&o->seeded) + 1);
    return o->staged ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

static enum status check_tokens(const struct onnx_self *o, const int32_t *tokens,
                                struct error *error)
{
    for (uint32_t i = 0; i < o->n; i++) {
        if (tokens[i] < 0 || (uint32_t)tokens[i] >= o->vocabulary)
            return error_set(error, STATUS_INVALID,
                             "token %" PRId32 " at step %" PRIu32 " is not in the vocabulary "
                             "(0..%" PRIu32 ")",
                             tokens[i], i, o->vocabulary - 1);
    }
    return STATUS_OK;
}

/* From what engine_input shows to what the model reads. */
static enum status convert_input(struct onnx_self *o, struct error *error)
{
    void *to = onnx_session_sequence(&o->session);
    if (o->vocabulary > 0) {
        const int32_t *tokens = is_staged(o) ? o->staged : to;
        enum status status = check_tokens(o, tokens, error);
        int64_t *theirs = to;
        for (uint32_t i = 0; !status && is_staged(o) && i < o->n; i++)
            theirs[i] = tokens[i];
        return status;
    }
    const float *features = o->staged;
    double *theirs = to;
    size_t count = is_staged(o) ? (size_t)o->n * o->session.inputs.step : 0;
    for (size_t i = 0; i < count; i++)
        theirs[i] = (double)features[i];
    return STATUS_OK;
}

static enum status reserve_output(struct onnx_self *o, size_t n, struct error *error)
{
    if (n <= o->n_room)
        return STATUS_OK;
    free(o->output);
    o->n_room = 0;
    o->output = malloc(n * sizeof *o->output);
    if (!o->output)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu values", n);
    o->n_room = n;
    return STATUS_OK;
}

/* Finds the answer; what is not float becomes it. */
static enum status take_answer(struct onnx_self *o, struct error *error)
{
    const void *values;
    size_t n;
    int type = o->session.fetched_type;
    enum status status = onnx_session_fetch(&o->session, &values, &n, error);
    if (!status && type != ORT_FLOAT)
        status = reserve_output(o, n, error);
    if (status)
        return status;
    for (size_t i = 0; type != ORT_FLOAT && i < n; i++)
        o->output[i] = type == ORT_INT64    ? (float)((const int64_t *)values)[i]
                       : type == ORT_INT32  ? (float)((const int32_t *)values)[i]
                       : type == ORT_DOUBLE ? (float)((const double *)values)[i]
                                            : (float)((const uint8_t *)values)[i];
    o->answer = type == ORT_FLOAT ? values : o->output;
    o->n_answer = n;
    return STATUS_OK;
}

static enum status onnx_run(void *self, struct error *error)
{
    struct onnx_self *o = self;
    if (o->n == 0)
        return error_set(error, STATUS_INVALID, "no length is prepared");
    enum status status = convert_input(o, error);
    if (!status)
        status = onnx_session_run(&o->session, error);
    return status ? status : take_answer(o, error);
}

static void poison(struct onnx_self *o)
{
    o->answer = o->session.n_fetched ? o->output : NULL;
    o->n_answer = o->session.n_fetched;
    for (size_t i = 0; i < o->n_answer; i++)
        o->output[i] = NAN;
}

static enum status onnx_prepare(void *self, uint32_t n, struct error *error)
{
    struct onnx_self *o = self;
    void *input = NULL;
    o->n = 0;
    poison(o);
    enum status status = check_length(o, n, error);
    if (!status)
        status = bind_cpus(o, error);
    if (!status)
        status = onnx_session_feed(&o->session, n, error);
    if (!status)
        status = stage(o, n, &input, error);
    if (!status)
        status = seeded_copy(&o->seeded, n, input, error);
    if (status)
        return status;
    o->n = n;
    if (warmed_first(&o->warmed, n)) {
        status = onnx_run(o, error);
        if (status) {
            o->warmed = (struct warmed){{0}};
            o->n = 0;
        }
        poison(o);
    }
    return status;
}

static struct engine_input onnx_input(void *self)
{
    struct onnx_self *o = self;
    struct engine_input input = {0};
    if (o->n == 0)
        return input;
    void *shown = is_staged(o) ? o->staged : onnx_session_sequence(&o->session);
    if (o->vocabulary)
        input.tokens = shown;
    else
        input.features = shown;
    return input;
}

static const float *onnx_output(const void *self, size_t *n_values)
{
    const struct onnx_self *o = self;
    *n_values = o->n_answer;
    return o->answer;
}

static struct engine_shape onnx_shape(const void *self)
{
    const struct onnx_self *o = self;
    return (struct engine_shape){o->vocabulary, o->vocabulary ? 0 : o->session.inputs.step,
                                 o->session.n_fetched};
}

static const char *onnx_version(const void *self)
{
    const struct onnx_self *o = self;
    return o->version;
}

static char *onnx_subject(const struct engine_config *config)
{
    return text_format("%s%s%s", config->model ? engine_file_name(config->model) : "(no model)",
                       config->provider ? ", provider " : "",
                       config->provider ? config->provider : "");
}

static char *onnx_network(const struct engine_config *config)
{
    char *file = engine_file_identity(config->model ? config->model : "");
    char *text = file ? text_format("onnx %s", file) : NULL;
    free(file);
    return text;
}

static enum status onnx_probe(const struct engine_config *config, char **version,
                              struct error *error)
{
    struct ort ort;
    enum status status = ort_open(config->library, &ort, error);
    if (status)
        return status;
    *version = text_format("ONNX Runtime %s (%s)", ort.version, ort.path);
    ort_close(&ort);
    return *version ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory");
}

const struct engine_operations engine_onnx = {
    .name = "onnx",
    .keys = "model library provider threads cpu seed input? vocabulary? feed axis? dims fill fetch",
    .subject = onnx_subject,
    .network = onnx_network,
    .probe = onnx_probe,
    .open = onnx_open,
    .shape = onnx_shape,
    .version = onnx_version,
    .prepare = onnx_prepare,
    .input = onnx_input,
    .run = onnx_run,
    .output = onnx_output,
    .close = onnx_close,
};
