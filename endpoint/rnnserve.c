// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve: engines behind the Open Inference Protocol. */
#include "base/tool.h"
#include "endpoint/server.h"

#include <signal.h>
#include <stdlib.h>

struct settings {
    const char *listen;
    struct option_list models;
    double max_body, timeout_s;
    uint64_t max_length, max_connections;
    const char *certificate, *key, *token_file;
};

static const struct option_row options[] = {
    {"listen", "ADDR:PORT",
     "Where to listen: 127.0.0.1:8000 (the default), [::1]:8000; port 0: "
     "one that is free.",
     OPTION_TEXT, offsetof(struct settings, listen), NULL, 'l'},
    {"model", "NAME=SPEC",
     "A model to serve: an engine, then keys, as in "
     "net=dnnl:cell=lstm,hidden=256,input=64,threads=2. May be repeated.",
     OPTION_LIST, offsetof(struct settings, models), NULL, 'm'},
    {"max-body", "SIZE", "Largest body of a request (64MiB).", OPTION_SIZE,
     offsetof(struct settings, max_body), NULL, 0},
    {"max-length", "N", "Most time steps of an input (100000).", OPTION_COUNT,
     offsetof(struct settings, max_length), NULL, 0},
    {"max-connections", "N", "Most connections at a time (64); further ones wait.", OPTION_COUNT,
     offsetof(struct settings, max_connections), NULL, 0},
    {"timeout", "TIME",
     "When a silent connection is closed, and within which a request must have "
     "arrived (60s).",
     OPTION_TIME, offsetof(struct settings, timeout_s), NULL, 0},
    {"tls-cert", "FILE",
     "Speak TLS, with this certificate (PEM, those between it and the CA after it).", OPTION_TEXT,
     offsetof(struct settings, certificate), NULL, 0},
    {"tls-key", "FILE", "The certificate's private key (PEM, without a password).", OPTION_TEXT,
     offsetof(struct settings, key), NULL, 0},
    {"token-file", "FILE",
     "Answer only requests with the bearer token that is this file's one line. Without the option "
     "the environment's RNNSERVE_TOKEN is it, if set.",
     OPTION_TEXT, offsetof(struct settings, token_file), NULL, 0},
};

/* Waits for a signal in sigwait rather than with a handler: nothing runs while nothing is asked
 * for, and threads started with the signals blocked leave them to this one. */
static enum status serve(const struct invocation *call, const void *user, struct error *error)
{
    const struct settings *settings = user;
    struct server_config config;
    struct server *server;
    sigset_t signals;
    int number;
    server_config_defaults(&config);
    config.listen = settings->listen;
    config.models = settings->models.items;
    config.n_models = settings->models.n_items;
    if (config.n_models == 0)
        return error_set(error, STATUS_MISUSE, "no --model NAME=SPEC given; see rnnserve --help");
    if (!(settings->max_body >= 1 && settings->max_body <= 0x1p40) ||
        settings->max_length > UINT32_MAX || settings->max_connections > UINT16_MAX)
        return error_set(error, STATUS_MISUSE,
                         "--max-body is up to 1 TiB, --max-length up to %u, --max-connections up "
                         "to %u",
                         UINT32_MAX, UINT16_MAX);
    config.max_body = (uint64_t)settings->max_body;
    config.max_length = (uint32_t)settings->max_length;
    config.max_connections = (uint32_t)settings->max_connections;
    config.timeout_s = settings->timeout_s;
    config.certificate = settings->certificate;
    config.key = settings->key;
    config.token_file = settings->token_file;
    config.token = getenv("RNNSERVE_TOKEN");
    config.log = call->verbosity > 0 ? call->diagnostics : NULL;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    enum status status = server_open(&config, &server, error);
    if (status) /* what is invalid there came from the command line */
        return status == STATUS_INVALID || status == STATUS_NOT_FOUND ? STATUS_MISUSE : status;
    fprintf(call->out, "listening on %s\n", server_url(server));
    if (fflush(call->out) != 0)
        status = error_set(error, STATUS_IO, "standard output could not be written");
    else
        sigwait(&signals, &number);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* a second signal ends it at once */
    server_close(server);
    return status;
}

int main(int argc, char **argv)
{
    static const struct command command = {
        .summary = "serve engines over HTTP",
        .options = options,
        .n_options = sizeof options / sizeof options[0],
        .run = serve,
    };
    static const struct tool tool = {
        .name = "rnnserve",
        .summary = "serve recurrent networks over the Open Inference Protocol",
        .description = "Serves engines over HTTP/1.1 as the Open Inference Protocol, version 2, "
                       "describes it. Prints one line, 'listening on URL', when requests are "
                       "answered; SIGINT or SIGTERM ends it after the requests that are there.\n"
                       "Inferences run one after the other, of all models together. Each answer "
                       "says in Server-Timing how long it waited (queue), ran (infer), and "
                       "prepared a new length (prepare); v2/models/NAME/stats has the sums.\n"
                       "Tensors travel as JSON, or as bytes behind it (the binary tensor data "
                       "extension), each way as a request has and wants it. POST "
                       "v2/repository/index lists the models.",
        .examples = "  rnnserve --listen 127.0.0.1:8000 --model net=dnnl:cell=lstm,hidden=512\n"
                    "  rnnserve --model a=dnnl:cell=gru --model b=dnnl:cell=lstm,vocabulary=20000",
        .commands = &command,
        .n_commands = 1,
    };
    struct settings settings = {
        .listen = "127.0.0.1:8000",
        .max_body = 64 << 20,
        .max_length = 100000,
        .max_connections = 64,
        .timeout_s = 60,
    };
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
