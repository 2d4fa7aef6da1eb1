// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Parts of the server that its files share.
 *
 *   server.c        life cycle, the inference thread and its queue
 *   server_http.c   HTTP: heads, bodies, answers; runs in the HTTP library's thread
 *   server_routes.c what can be asked for, and answers without an inference; in that thread too
 *   server_model.c  one model: its engine, metadata, and an inference from message to message
 *   server_statistics.c  what is counted of each model
 *   server_listen.c the listening socket
 *   server_token.c  the bearer token
 *   server_tls.c    certificate and key
 */
#ifndef ENDPOINT_SERVER_PRIVATE_H
#define ENDPOINT_SERVER_PRIVATE_H

#include "base/digest.h"
#include "endpoint/message.h"
#include "endpoint/server.h"
#include "endpoint/statistics.h"
#include "engines/engine.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SERVER_MODEL_VERSION  "1"
#define SERVER_ALL_STATISTICS "stats" /* stands in paths where a model's name does */

/* The one model of a name. Everything but the engine is constant after opening. */
struct server_model {
    char *name;
    struct engine *engine; /* the inference thread's */
    uint32_t input, vocabulary, max_length;
    uint32_t length; /* the engine's current one; 0: none; the inference thread's */
    struct tensor_spec input_spec, output_spec;
    struct message_text metadata;
    struct statistics statistics; /* under the server's lock */
};

struct server_job;

enum { SERVER_MAX_FILLER = 64 << 20 };

/* What a request is answered with. */
struct server_answer {
    unsigned status;                        /* of HTTP */
    struct message_text body;               /* JSON, with binary tensors or without; or empty */
    uint32_t length;                        /* 0: no inference was run */
    int64_t queue_ns, infer_ns, prepare_ns; /* -1: did not happen */
    int64_t input_ns;                       /* the input's copying, a part of infer_ns */
    int64_t output_ns;                      /* the output's writing into the answer */
    uint64_t n_filler;                      /* in place of the body: so many bytes of no meaning */
};

/* A kind of request: its path ("*" stands for a model's name or a number) and method. */
struct server_route {
    const char *path, *method;
    void (*answer)(struct server_job *job); /* NULL: an inference */
};

/* One request from its head to the last byte of its answer. The HTTP thread owns it, but between
 * server_enqueue and the resumption of its connection, when it is the inference thread's. */
struct server_job {
    struct server_job *next; /* in the queue */
    struct server *server;
    struct MHD_Connection *connection;
    const struct server_route *route; /* NULL: none; `answer` says what is wrong */
    struct server_model *model;
    char *url; /* for the log */
    char method[16];
    struct message_text body;
    uint64_t n_json;      /* where the body's JSON ends, by the request's head */
    bool has_json_length; /* its head says so; else all is JSON */
    bool refused;         /* the answer is known; what is left of the body is skipped */
    bool arrived;         /* with its last byte */
    uint64_t n_skipped;
    int64_t start_ns, queued_ns;
    bool queued;
    struct server_answer answer;
};

/* Who may ask. The token itself is not kept. */
struct server_token {
    bool wanted; /* false: anybody */
    char digest[DIGEST_TEXT_SIZE];
};

/* The server's certificate and key; the texts are those of their files. */
struct server_tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_datum_t certificate, key;
};

struct server {
    struct server_config config; /* its strings are the caller's, used while opening only */
    struct server_model *models;
    size_t n_models;
    struct message_text metadata; /* of the server */
    struct server_token token;
    struct server_tls *tls; /* NULL: plain HTTP */
    char *url;
    int socket;
    struct MHD_Daemon *daemon;

    pthread_t thread; /* the inference thread */
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct server_job *first, **last; /* the queue */
    bool started, refusing, ending;   /* under `lock` */
    enum status start_status;
    struct error start_error;

    uint64_t n_held; /* bytes of bodies; the HTTP thread's */
    atomic_bool closing;
    atomic_size_t n_arriving, n_finishing; /* requests whose last byte is not / is there */
};

/* server_listen.c: a listening socket on "ADDR:PORT", and the URL that reaches it (to be freed).
 * STATUS_INVALID: not an address.  STATUS_IO: it cannot be listened on. */
enum status server_listen(const char *address, bool tls, int *socket, char **url,
                          struct error *error);

/* server_token.c. From a text that came from `where`, or the one line of a file.
 * STATUS_INVALID: not a token.  STATUS_IO: the file cannot be read. No message holds the token. */
enum status server_token_set(struct server_token *token, const char *text, const char *where,
                             struct error *error);
enum status server_token_read(struct server_token *token, const char *path, struct error *error);
/* Whether the value of the header Authorization (NULL: not sent) will do. Takes as long for a token
 * that is nearly right as for one that is not. */
bool server_token_accepts(const struct server_token *token, const char *authorization);

/* server_tls.c: from files in PEM. STATUS_IO: one cannot be read.  STATUS_INVALID: one is not what
 * it should be, or they do not belong together. */
enum status server_tls_open(const char *certificate, const char *key, struct server_tls **tls,
                            struct error *error);
void server_tls_close(struct server_tls *tls);

/* server_model.c. Opened and closed in the inference thread, for worker threads and the CPUs to run
 * on are properties of the thread that uses an engine. */
enum status server_model_open(struct server_model *model, const char *spec, uint32_t max_length,
                              struct error *error);
void server_model_close(struct server_model *model);
/* From the body of an infer request to its answer, whichever it is. */
void server_model_infer(struct server_model *model, const struct message_text *body,
                        struct server_answer *answer);

/* An answer that is an error. */
void server_answer_error(struct server_answer *answer, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void server_answer_verror(struct server_answer *answer, unsigned status, const char *format,
                          va_list args) __attribute__((format(printf, 3, 0)));

/* server_statistics.c: adds an answer to what is counted of the model; `total_ns` from the
 * request's last byte to the answer. And all that is counted, of one model or (NULL) of all, as a
 * message. */
void server_statistics_count(struct server *server, struct server_model *model,
                             const struct server_answer *answer, int64_t total_ns);
enum status server_statistics_write(struct server *server, const struct server_model *model,
                                    struct message_text *text, struct error *error);

/* server_routes.c: finds what is asked for, or refuses the job and says why there is no such thing.
 */
void server_find_route(struct server_job *job, const char *url, const char *method);

/* server_http.c: answers with an error; what is left of the body is skipped. */
void server_refuse(struct server_job *job, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* server.c: suspends the job's connection and hands the job over to the inference thread, which
 * resumes it. False, and nothing done, when the server ends. */
bool server_enqueue(struct server *server, struct server_job *job);

/* server_http.c: the HTTP library's callbacks; `user` is the struct server. */
enum MHD_Result server_http_access(void *user, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *n_upload, void **state);
void server_http_completed(void *user, struct MHD_Connection *connection, void **state,
                           enum MHD_RequestTerminationCode why);

#endif
