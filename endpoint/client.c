// SPDX-License-Identifier: GPL-3.0-or-later
#include "endpoint/client_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "endpoint/inputs_private.h"
#include "endpoint/statistics.h"
#include "endpoint/template_private.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_VOCABULARY = 2, MAX_VALUES = HTTP_MAX_ANSWER / 2, MAX_ROWS = 1 << 20 };

struct client {
    struct http *http;   /* the warm connection */
    struct http *single; /* a new connection for each inference; NULL: the warm one is for all */
    char *live_url, *infer_url, *statistics_url, *model, *server;
    uint64_t seed;
    uint32_t vocabulary;
    bool has_template; /* it does not speak the protocol; what follows to `form` is without meaning
                        */
    struct template template;
    bool any_probe; /* whatever status answers a probe */
    struct inputs inputs;
    struct tensor tensors[MESSAGE_MAX_TENSORS]; /* inputs.n, once prepared */
    bool prepared;
    struct tensor_spec outputs[MESSAGE_MAX_TENSORS]; /* n_outputs, as the metadata has them */
    size_t n_outputs;
    uint64_t probe_up, probe_down; /* bytes of the last probe and its answer */
    enum message_form form;        /* that tensors are sent and asked for in */
    bool has_statistics;           /* the server keeps them */
    bool wants_statistics;         /* and its last answer did not say how long it took */
    struct message_text request;
    struct message_response response;
    float *converted; /* the output when it did not come as floats */
};

const char *client_failure_name(enum client_failure failure)
{
    static const char *const names[] = {
        [CLIENT_NO_FAILURE] = NULL, [CLIENT_CONNECT] = "connect",
        [CLIENT_TLS] = "tls",       [CLIENT_TIMED_OUT] = "timeout",
        [CLIENT_HTTP] = "http",     [CLIENT_PROTOCOL] = "protocol",
    };
    _Static_assert(sizeof names / sizeof names[0] == N_CLIENT_FAILURES, "one name per failure");
    return names[failure];
}

const char *client_library_version(void)
{
    return "libcurl " LIBCURL_VERSION;
}

const char *client_server(const struct client *client)
{
    return client->server;
}

static enum status make_urls(struct client *client, const struct client_config *config,
                             char **server_url, char **model_url, struct error *error)
{
    int n;
    enum status status = http_check_url(config->url, &n, error);
    if (status)
        return status;
    if (!config->model || !config->model[0])
        return error_set(error, STATUS_INVALID,
                         "%s: no model named; give the name of one at that server", config->url);
    char *model = http_escape(config->model), *path = NULL;
    char *version = config->version ? http_escape(config->version) : text_copy("");
    if (model && version)
        path = text_format("%.*s/v2/models/%s%s%s", n, config->url, model,
                           *version ? "/versions/" : "", version);
    *server_url = text_format("%.*s/v2", n, config->url);
    *model_url = text_copy(path);
    client->live_url =
        text_format("%.*s%s", n, config->url, config->probe ? config->probe : "/v2/health/live");
    client->infer_url = text_format("%s/infer", path ? path : "");
    client->statistics_url = text_format("%s/stats", path ? path : "");
    client->model = text_copy(config->model);
    bool whole = *server_url && *model_url && client->live_url && client->infer_url &&
                 client->statistics_url && client->model;
    free(model);
    free(version);
    free(path);
    return whole ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for a URL");
}

/* The server's own metadata is for people only: not every server says it, and none has to. */
static enum status ask_server(struct client *client, const char *url, struct error *error)
{
    struct http_result result;
    struct message_server server = {0};
    struct error why = {0};
    enum status status = http_get(client->http, url, &result, &why);
    if (result.failure != CLIENT_NO_FAILURE && result.failure != CLIENT_HTTP)
        return error_set(error, status, "%s", why.text);
    if (!status && !message_read_server(result.body, result.n_body, &server, NULL))
        client->server = text_format("%s %s", server.name, server.version);
    else
        client->server = text_copy("");
    http_mask(client->http, client->server);
    client->has_statistics = server.extensions[EXTENSION_STATISTICS];
    message_server_free(&server);
    return client->server ? STATUS_OK
                          : error_set(error, STATUS_NO_MEMORY, "out of memory for metadata");
}

/* What is to be sent, and what to be expected. */
static enum status take_model(struct client *client, const char *lines, struct message_model *model,
                              struct error *error)
{
    enum status status = inputs_plan(model, lines, &client->inputs, error);
    client->n_outputs = model->n_outputs;
    for (size_t i = 0; i < model->n_outputs; i++) {
        client->outputs[i] = model->outputs[i];
        model->outputs[i].name = NULL;
    }
    if (client->vocabulary == 0)
        client->vocabulary = model->vocabulary ? model->vocabulary : DEFAULT_VOCABULARY;
    return status;
}

static enum status ask_model(struct client *client, const char *url, const char *lines,
                             struct error *error)
{
    struct http_result result;
    struct message_model model = {0};
    enum status status = http_get(client->http, url, &result, error);
    if (status)
        return status;
    status = message_read_model(result.body, result.n_body, &model, error);
    if (!status)
        status = take_model(client, lines, &model, error);
    error_prefix(error, "%s", url);
    http_mask(client->http, error ? error->text : NULL);
    message_model_free(&model);
    return status && status != STATUS_NO_MEMORY ? STATUS_PROTOCOL : status;
}

/* An endpoint that does not speak the protocol is asked nothing; that it answers at all is made
 * sure of. */
static enum status open_template(struct client *client, const struct client_config *config,
                                 struct error *error)
{
    int n;
    struct http_result result;
    struct error why = {0};
    enum status status = template_open(config, &client->template, error);
    if (!status)
        status = http_check_url(config->url, &n, error);
    if (status)
        return status;
    client->has_template = client->any_probe = true;
    if (client->vocabulary == 0)
        client->vocabulary = DEFAULT_VOCABULARY;
    client->live_url = text_format("%.*s%s", n, config->url, config->probe ? config->probe : "/");
    client->infer_url = text_format("%.*s%s", n, config->url, config->path);
    client->server = text_format("%s %s", client->template.method, config->path);
    if (!client->live_url || !client->infer_url || !client->server)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a URL");
    status = http_get(client->http, client->live_url, &result, &why);
    return !status || result.failure == CLIENT_HTTP ? STATUS_OK
                                                    : error_set(error, status, "%s", why.text);
}

/* One that does is asked what it is and what the model takes. */
static enum status open_model(struct client *client, const struct client_config *config,
                              struct error *error)
{
    char *server_url = NULL, *model_url = NULL;
    client->any_probe = config->probe != NULL;
    enum status status = make_urls(client, config, &server_url, &model_url, error);
    if (!status)
        status = ask_server(client, server_url, error);
    if (!status)
        status = ask_model(client, model_url, config->inputs, error);
    free(server_url);
    free(model_url);
    return status;
}

enum status client_open(const struct client_config *config, struct client **client,
                        struct error *error)
{
    struct client *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a client");
    made->seed = config->seed;
    made->vocabulary = config->vocabulary;
    made->form = config->binary ? MESSAGE_BINARY : MESSAGE_JSON;
    enum status status = http_open(config, HTTP_KEEP, &made->http, error);
    if (!status && config->new_connections)
        status = http_open(config, HTTP_NEW, &made->single, error);
    if (!status)
        http_heed_signals(made->http);
    if (made->single)
        http_heed_signals(made->single);
    if (!status)
        status = template_wanted(config) ? open_template(made, config, error)
                                         : open_model(made, config, error);
    if (status)
        client_close(made);
    else
        *client = made;
    return status;
}

enum status client_probe(struct client *client, int64_t *rtt_ns, struct error *error)
{
    struct http_result result;
    struct error why = {0};
    enum status status = http_get_warm(client->http, client->live_url, &result, &why);
    if (status && !(client->any_probe && result.failure == CLIENT_HTTP))
        return error_set(error, status, "%s", why.text);
    *rtt_ns = result.last_read_ns - result.ready_ns;
    client->probe_up = result.bytes_up;
    client->probe_down = result.bytes_down;
    return STATUS_OK;
}

void client_probe_bytes(const struct client *client, uint64_t *up, uint64_t *down)
{
    *up = client->probe_up;
    *down = client->probe_down;
}

static void forget_input(struct client *client)
{
    for (size_t i = 0; i < MESSAGE_MAX_TENSORS; i++)
        tensor_free(&client->tensors[i]);
    client->prepared = false;
}

enum status client_prepare(struct client *client, uint32_t n, struct error *error)
{
    if (n == 0)
        return error_set(error, STATUS_INVALID, "an input has at least one time step");
    forget_input(client);
    if (client->has_template) {
        enum status made = template_make(&client->template, n, client->seed, client->vocabulary,
                                         HTTP_MAX_ANSWER, error);
        client->prepared = !made;
        return made;
    }
    enum status status = inputs_make(&client->inputs, n, client->seed, client->vocabulary,
                                     HTTP_MAX_ANSWER, client->tensors, error);
    client->prepared = !status;
    return status;
}

const struct tensor *client_input(const struct client *client)
{
    return &client->tensors[0];
}

/* What the metadata says of an output; NULL: nothing. */
static const struct tensor_spec *announced(const struct client *client, const char *name)
{
    for (size_t i = 0; i < client->n_outputs; i++) {
        if (strcmp(client->outputs[i].name, name) == 0)
            return &client->outputs[i];
    }
    return NULL;
}

/* What was announced of an output: its datatype, and each axis that is not open. */
static enum status check_output(const struct client *client, const struct tensor *output,
                                struct error *error)
{
    char came[TENSOR_SHAPE_TEXT], wanted[TENSOR_SHAPE_TEXT];
    const struct tensor_spec *got = &output->spec, *said = announced(client, got->name);
    bool alike = !said || (said->type == got->type && said->shape.rank == got->shape.rank);
    for (size_t i = 0; alike && said && i < said->shape.rank; i++)
        alike = said->shape.dims[i] < 0 || said->shape.dims[i] == got->shape.dims[i];
    if (alike)
        return STATUS_OK;
    return error_set(error, STATUS_PROTOCOL,
                     "output '%.64s' is %s %s, which the model's metadata says to be %s %s",
                     got->name, tensor_type_name(got->type), tensor_shape_format(&got->shape, came),
                     tensor_type_name(said->type), tensor_shape_format(&said->shape, wanted));
}

/* The first output as floats, whatever it came as. */
static enum status convert_output(struct client *client, struct error *error)
{
    if (client->response.n_outputs == 0)
        return error_set(error, STATUS_PROTOCOL, "the answer has no output");
    const struct tensor *output = &client->response.outputs[0];
    if (output->spec.type == TENSOR_FP32 || tensor_type_kind(output->spec.type) == TENSOR_TEXT)
        return STATUS_OK;
    client->converted = calloc(output->n_values + 1, sizeof *client->converted);
    if (!client->converted)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for an output of %zu values",
                         output->n_values);
    for (size_t i = 0; i < output->n_values; i++)
        client->converted[i] = (float)tensor_get(output, i);
    return STATUS_OK;
}

static void forget_output(struct client *client)
{
    message_response_free(&client->response);
    free(client->converted);
    client->converted = NULL;
}

static enum status read_output(struct client *client, const struct http_result *result,
                               struct error *error)
{
    const struct message_limits limits = {.max_values = MAX_VALUES, .max_rows = MAX_ROWS};
    enum status status = message_read_response(result->body, result->n_body, result->n_json,
                                               &limits, &client->response, error);
    for (size_t i = 0; !status && i < client->response.n_outputs; i++)
        status = check_output(client, &client->response.outputs[i], error);
    if (!status)
        status = convert_output(client, error);
    if (!status)
        return STATUS_OK;
    forget_output(client);
    error_prefix(error, "%s: not the protocol's answer", client->infer_url);
    http_mask(client->http, error ? error->text : NULL);
    return status == STATUS_NO_MEMORY ? status : STATUS_PROTOCOL;
}

/* The time between two moments; 0 when a server answers before the request is written. */
static int64_t between(int64_t from_ns, int64_t to_ns)
{
    if (from_ns == 0 || to_ns == 0)
        return -1;
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

/* An inference of the protocol, from before its message is written to after the answer is read. */
static enum status ask_protocol(struct client *client, struct http *http,
                                struct client_timing *timing, struct http_result *result,
                                struct error *error)
{
    enum status status = message_write_request(&client->request, client->tensors, client->inputs.n,
                                               client->form, error);
    if (status)
        return status;
    status = http_post(http, client->infer_url, &client->request, result, error);
    timing->failure = result->failure;
    if (!status) {
        status = read_output(client, result, error);
        timing->failure = status ? CLIENT_PROTOCOL : CLIENT_NO_FAILURE;
    }
    return status;
}

/* One of another kind: its text is there, and its answer is not looked into. */
static enum status ask_template(struct client *client, struct http *http,
                                struct client_timing *timing, struct http_result *result,
                                struct error *error)
{
    struct template *t = &client->template;
    enum status status = http_send(http, t->method, t->sent_url.bytes,
                                   t->body ? &t->sent_body : NULL, result, error);
    timing->failure = result->failure;
    return status;
}

static enum status exchange(struct client *client, struct client_timing *timing,
                            struct error *error)
{
    struct http_result result = {.server_ns = -1};
    struct http *http = client->single ? client->single : client->http;
    int64_t start_ns = clock_ns();
    enum status status = client->has_template ? ask_template(client, http, timing, &result, error)
                                              : ask_protocol(client, http, timing, &result, error);
    timing->total_ns = clock_ns() - start_ns;
    timing->connect_ns = result.connect_ns;
    timing->tls_ns = result.tls_ns;
    timing->send_ns = between(result.ready_ns, result.last_sent_ns);
    timing->wait_ns = between(result.last_sent_ns, result.first_read_ns);
    timing->receive_ns = between(result.first_read_ns, result.last_read_ns);
    timing->server_ns = result.server_ns;
    timing->bytes_up = result.bytes_up;
    timing->bytes_down = result.bytes_down;
    return status;
}

static bool take_statistics(struct client *client, struct statistics *statistics)
{
    struct http_result result;
    return !http_get(client->http, client->statistics_url, &result, NULL) &&
           !statistics_read(result.body, result.n_body, client->model, statistics, NULL);
}

enum status client_infer(struct client *client, struct client_timing *timing, struct error *error)
{
    struct statistics before, after;
    *timing = (struct client_timing){.total_ns = -1,
                                     .connect_ns = -1,
                                     .tls_ns = -1,
                                     .send_ns = -1,
                                     .wait_ns = -1,
                                     .receive_ns = -1,
                                     .server_ns = -1};
    if (!client->prepared)
        return error_set(error, STATUS_MISUSE, "no input prepared for %s", client->infer_url);
    forget_output(client);
    bool counted = client->wants_statistics && take_statistics(client, &before);
    enum status status = exchange(client, timing, error);
    if (status)
        return status;
    client->wants_statistics = client->has_statistics && timing->server_ns < 0;
    if (client->wants_statistics && counted && take_statistics(client, &after))
        timing->server_ns = statistics_between(&before, &after);
    return STATUS_OK;
}

const float *client_output(const struct client *client, size_t *n_values)
{
    if (client->response.n_outputs == 0) {
        *n_values = 0;
        return NULL;
    }
    const struct tensor *output = &client->response.outputs[0];
    bool texts = tensor_type_kind(output->spec.type) == TENSOR_TEXT;
    *n_values = texts ? 0 : output->n_values;
    return texts ? NULL : client->converted ? client->converted : output->values.fp32;
}

int64_t client_output_length(const struct client *client)
{
    size_t n_values;
    if (!client_output(client, &n_values))
        return -1;
    const struct tensor_spec *said = announced(client, client->response.outputs[0].spec.name);
    bool open = false;
    for (size_t i = 0; said && i < said->shape.rank; i++)
        open = open || (said->shape.dims[i] < 0 && (i > 0 || said->shape.rank == 1));
    return open ? (int64_t)n_values : -1;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    forget_output(client);
    http_close(client->http);
    http_close(client->single);
    forget_input(client);
    inputs_free(&client->inputs);
    template_close(&client->template);
    for (size_t i = 0; i < client->n_outputs; i++)
        free(client->outputs[i].name);
    message_text_free(&client->request);
    free(client->live_url);
    free(client->infer_url);
    free(client->statistics_url);
    free(client->model);
    free(client->server);
    free(client);
}
