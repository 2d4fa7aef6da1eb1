// SPDX-License-Identifier: GPL-3.0-or-later
/* rnnserve: engines behind the Open Inference Protocol. */
#include "base/tool.h"
#include "endpoint/server.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

struct settings {
    struct option_list models;
    const char *listen, *certificate, *key, *token_file, *access_log;
    uint64_t n_workers, max_queue, max_length, max_connections, max_per_address;
    double max_body, head_timeout_s, timeout_s, grace_s;
};

enum { MAX_WORKERS = 256, MAX_QUEUE = 1 << 20, FILES_BESIDE_CONNECTIONS = 256 };

#define AT(member) offsetof(struct settings, member)
static const struct option_row options[] = {
    {"listen", "ADDR:PORT",
     "Where to listen: 127.0.0.1:8000 (the default), [::1]:8000; port 0: "
     "one that is free.",
     OPTION_TEXT, AT(listen), NULL, 'l'},
    {"model", "NAME=SPEC",
     "A model to serve: an engine, then keys, as in "
     "net=dnnl:cell=lstm,hidden=256,input=64,threads=2 or net=onnx:model=net.onnx "
     "(docs/engines.md). "
     "May be repeated.",
     OPTION_LIST, AT(models), NULL, 'm'},
    {"workers", "N", "Inferences at a time (1); each opens the models once more.", OPTION_COUNT,
     AT(n_workers), NULL, 'w'},
    {"max-queue", "N", "Most requests that wait for a worker (64); further ones get 503.",
     OPTION_COUNT, AT(max_queue), NULL, 0},
    {"max-body", "SIZE", "Largest body of a request (64MiB).", OPTION_SIZE, AT(max_body), NULL, 0},
    {"max-length", "N", "Most time steps of an input (100000).", OPTION_COUNT, AT(max_length), NULL,
     0},
    {"max-connections", "N", "Most connections at a time (1024); further ones get 503.",
     OPTION_COUNT, AT(max_connections), NULL, 0},
    {"max-per-address", "N", "Most of them from one address (0: as many as there may be).",
     OPTION_COUNT, AT(max_per_address), NULL, 0},
    {"head-timeout", "TIME",
     "Within which a request's head must have arrived, and TLS be agreed on (10s).", OPTION_TIME,
     AT(head_timeout_s), NULL, 0},
    {"timeout", "TIME",
     "Within which its body must have arrived, and after which a silent connection is closed "
     "(60s).",
     OPTION_TIME, AT(timeout_s), NULL, 0},
    {"grace", "TIME", "How long requests have to be answered after SIGINT or SIGTERM (10s).",
     OPTION_TIME, AT(grace_s), NULL, 0},
    {"tls-cert", "FILE",
     "Speak TLS, with this certificate (PEM, those between it and the CA after it).", OPTION_TEXT,
     AT(certificate), NULL, 0},
    {"tls-key", "FILE", "The certificate's private key (PEM, without a password).", OPTION_TEXT,
     AT(key), NULL, 0},
    {"token-file", "FILE",
     "Answer only requests with the bearer token that is this file's one line. Without the option "
     "the environment's RNNSERVE_TOKEN is it, if set.",
     OPTION_TEXT, AT(token_file), NULL, 0},
    {"access-log", "FILE",
     "Write a line for each request there (-: standard output; --verbose: standard error).",
     OPTION_TEXT, AT(access_log), NULL, 0},
};
#undef AT

static enum status configure(const struct settings *settings, const struct invocation *call,
                             struct server_config *config, struct error *error)
{
    const struct {
        const char *option;
        uint64_t value, most;
        uint32_t *to;
    } counts[] = {
        {"workers", settings->n_workers, MAX_WORKERS, &config->n_workers},
        {"max-queue", settings->max_queue, MAX_QUEUE, &config->max_queue},
        {"max-length", settings->max_length, UINT32_MAX, &config->max_length},
        {"max-connections", settings->max_connections, UINT16_MAX, &config->max_connections},
        {"max-per-address", settings->max_per_address, UINT16_MAX, &config->max_per_address},
    };
    if (settings->models.n_items == 0)
        return error_set(error, STATUS_MISUSE, "no --model NAME=SPEC given; see rnnserve --help");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (counts[i].value > counts[i].most)
            return error_set(error, STATUS_MISUSE, "--%s is up to %llu", counts[i].option,
                             (unsigned long long)counts[i].most);
        *counts[i].to = (uint32_t)counts[i].value;
    }
    if (!(settings->max_body >= 1 && settings->max_body <= 0x1p40))
        return error_set(error, STATUS_MISUSE, "--max-body is up to 1 TiB");
    if (!(settings->grace_s >= 0 && settings->grace_s <= 86400))
        return error_set(error, STATUS_MISUSE, "--grace is up to a day");
    config->listen = settings->listen;
    config->models = settings->models.items;
    config->n_models = settings->models.n_items;
    config->max_body = (uint64_t)settings->max_body;
    config->head_timeout_s = settings->head_timeout_s;
    config->timeout_s = settings->timeout_s;
    config->certificate = settings->certificate;
    config->key = settings->key;
    config->token_file = settings->token_file;
    config->token = getenv("RNNSERVE_TOKEN");
    config->access_log = settings->access_log;
    config->log_to_errors = call->verbosity > 0 && !settings->access_log;
    return STATUS_OK;
}

/* A descriptor per connection, and some more. */
static enum status allow_files(uint32_t n_connections, struct error *error)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)n_connections + FILES_BESIDE_CONNECTIONS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return STATUS_OK;
    limit.rlim_cur = wanted;
    if (wanted <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return STATUS_OK;
    return error_set(error, STATUS_UNSUPPORTED,
                     "%u connections want %llu open files, and the system allows %llu: raise that "
                     "(ulimit -n) or lower --max-connections",
                     n_connections, (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
}

/* Waits for signals in sigwait rather than with a handler: nothing runs while nothing is asked
 * for, and threads started with the signals blocked leave them to this one. */
static void wait_for_end(struct server *server, const sigset_t *signals, FILE *diagnostics)
{
    for (int number = 0; sigwait(signals, &number) == 0 && number == SIGHUP;) {
        struct error error = {0};
        if (server_reload(server, &error))
            fprintf(diagnostics, "rnnserve: not reloaded: %s\n", error.text);
    }
}

static enum status serve(const struct invocation *call, const void *user, struct error *error)
{
    const struct settings *settings = user;
    struct server_config config;
    struct server *server;
    sigset_t signals;
    server_config_defaults(&config);
    enum status status = configure(settings, call, &config, error);
    if (!status)
        status = allow_files(config.max_connections, error);
    if (status)
        return status;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    status = server_open(&config, &server, error);
    if (status) /* what is invalid there came from the command line */
        return status == STATUS_INVALID || status == STATUS_NOT_FOUND ? STATUS_MISUSE : status;
    fprintf(call->out, "listening on %s\n", server_url(server));
    if (fflush(call->out) != 0)
        status = error_set(error, STATUS_IO, "standard output could not be written");
    else
        wait_for_end(server, &signals, call->diagnostics);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL); /* a second signal ends it at once */
    server_close(server, settings->grace_s);
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
        .description =
            "Serves engines over HTTP/1.1 as the Open Inference Protocol, version 2, describes it. "
            "Prints one line, 'listening on URL', when requests are answered.\n"
            "A model's SPEC is an engine, a colon, and KEY=VALUE pairs between commas; what is "
            "left out has a default. A piece without '=' belongs to the value before, as in "
            "cpu=0,2; what follows argv= or options= is all theirs. Engines and their keys:\n"
            "dnnl, a network with random weights: cell (lstm or gru), hidden (128; units per "
            "direction), input (64; features per step), layers (1), bidirectional (no), isa (the "
            "highest instruction set to use: sse41, avx, avx2, avx512, ..), seed (1), threads (1; "
            "0: all CPUs), cpu (those to run on, as in taskset), and vocabulary (0). With a "
            "vocabulary the input is that many different tokens, INT64 [1,-1], which are looked up "
            "in a table of input floats each; without, it is FP32 [1,-1,input]. The output is FP32 "
            "[1,hidden], twice that if bidirectional.\n"
            "onnx, a model in a file: model=FILE.onnx, library, threads. plugin, a shared object: "
            "library=FILE.so, options. command, a program: argv. What they take in and give back "
            "is their own; docs/engines.md has all keys. All models and workers share the CPUs "
            "that one of them is bound to.\n"
            "With --workers 1 inferences run one after the other, of all models together, as is "
            "wanted where they are measured. Each answer says in Server-Timing how long it waited "
            "(queue), ran (infer), and prepared a new length (prepare); v2/models/NAME/stats has "
            "the sums, and metrics the same for Prometheus.\n"
            "Tensors travel as JSON, or as bytes behind it (the binary tensor data extension), "
            "each way as a request has and wants it. POST v2/repository/index lists the models.\n"
            "SIGHUP reads token, certificate and key again and opens the access log anew. SIGINT "
            "or SIGTERM ends it after the requests that are there, a second one at once.",
        .examples =
            "  rnnserve --listen 127.0.0.1:8000 --model net=dnnl:cell=lstm,hidden=512\n"
            "  rnnserve --model a=dnnl:cell=gru --model b=dnnl:cell=lstm,vocabulary=20000\n"
            "  rnnserve --listen 0.0.0.0:8443 --tls-cert server.pem --tls-key server.key \\\n"
            "           --token-file token --access-log requests.log --workers 2 \\\n"
            "           --model net=dnnl:cell=lstm,hidden=512",
        .commands = &command,
        .n_commands = 1,
    };
    struct settings settings = {
        .listen = "127.0.0.1:8000",
        .n_workers = 1,
        .max_queue = 64,
        .max_body = 64 << 20,
        .max_length = 100000,
        .max_connections = 1024,
        .head_timeout_s = 10,
        .timeout_s = 60,
        .grace_s = 10,
    };
    return tool_main(&tool, argc, argv, &settings, stdout, stderr);
}
