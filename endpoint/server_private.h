// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Parts of the server that its files share.
 *
 *   server.c            life cycle and reloading
 *   server_pool.c       threads, connections, deadlines; slots and the queue for inferences
 *   server_connection.c one connection: heads, bodies, answers, without blocking
 *   server_transport.c  its bytes, in TLS or not
 *   server_request.c    one request: what its head must say, its body, and what answers it
 *   server_answer.c     what an answer's head says
 *   server_routes.c     what can be asked for, and answers without an inference
 *   server_model.c      one model: its engine, metadata, and an inference from message to message
 *   server_statistics.c what is counted of each model
 *   server_metrics.c    what is counted for a monitor
 *   server_listen.c     the listening socket
 *   server_log.c        the access log
 *   server_token.c      the bearer token
 *   server_tls.c        certificate and key
 *
 * Threads: there is one more than there are slots, all alike. Each waits for any connection that
 * has something to do, owns it meanwhile, and runs its inference itself if a slot is free, so that
 * nobody has to be woken between a request and its answer. With no slot free the request joins the
 * queue, from which whoever finishes an inference takes the next; the one thread more is what keeps
 * answering all else. Hence: while somebody waits in the queue, no slot is free.
 */
#ifndef ENDPOINT_SERVER_PRIVATE_H
#define ENDPOINT_SERVER_PRIVATE_H

#include "base/digest.h"
#include "endpoint/http.h"
#include "endpoint/message.h"
#include "endpoint/server.h"
#include "endpoint/statistics.h"
#include "engines/engine.h"

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#define SERVER_MODEL_VERSION  "1"
#define SERVER_ALL_STATISTICS "stats" /* stands in paths where a model's name does */

/* How many took how long; by bucket, the last one unbounded. */
enum { SERVER_N_BUCKETS = 19 };
struct server_histogram {
    uint64_t counts[SERVER_N_BUCKETS + 1], sum_ns;
};

/* Why a request was not answered as it wished. */
enum server_failure {
    FAILURE_NONE,
    FAILURE_MALFORMED,
    FAILURE_UNAUTHORIZED,
    FAILURE_NOT_FOUND,
    FAILURE_SLOW,
    FAILURE_TOO_LARGE,
    FAILURE_ENGINE,
    FAILURE_QUEUE,
    FAILURE_CONNECTIONS,
    FAILURE_BUSY,    /* out of memory, or ending */
    FAILURE_TLS,     /* no session came about */
    FAILURE_ABORTED, /* the connection ended before the answer had been sent */
    N_FAILURES
};

/* What is counted of all models together. */
enum { SERVER_N_STATUSES = 24 };
struct server_metrics {
    int64_t start_ms; /* since 1970 */
    uint64_t n_connections, n_received, n_sent, failures[N_FAILURES];
    struct {
        unsigned status; /* 0: unused, as all behind it */
        uint64_t n;
    } statuses[SERVER_N_STATUSES];
};

/* An engine in a slot, and what it was last prepared for. */
struct server_engine {
    struct engine *engine;
    uint32_t length; /* 0: none */
};

/* The one model of a name. All but the engines and statistics is constant after opening. */
struct server_model {
    char *name;
    struct server_engine *engines; /* one a slot, whose holder's it is */
    size_t n_engines;
    uint32_t input, vocabulary, max_length;
    struct tensor_spec input_spec, output_spec;
    struct message_text metadata;
    struct statistics statistics; /* under the server's lock, as are these */
    struct server_histogram queue, infer, prepare;
};

struct server_job;
struct server_connection;

enum {
    SERVER_MAX_FILLER = 64 << 20,
    /* A body that is refused is read to its end up to this many times the limit, for a client that
     * still sends would not see the answer. The same bound holds for all bodies together. */
    SERVER_MAX_BODIES = 4,
    SERVER_ADDRESS_TEXT = 48,
};

/* What a request is answered with. */
struct server_answer {
    unsigned status;                        /* of HTTP */
    const char *type;                       /* of the body; NULL: JSON */
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

/* One request from its head to the last byte of its answer; its connection's owner's. */
struct server_job {
    struct server_job *next; /* in the queue */
    struct server *server;
    struct server_connection *connection;
    struct http_head head;
    struct http_chunks chunks;
    const struct server_route *route; /* NULL: none; `answer` says what is wrong */
    struct server_model *model;
    struct message_text body;
    uint64_t n_json;             /* where the body's JSON ends, by the request's head */
    bool has_json_length;        /* its head says so; else all is JSON */
    bool refused;                /* the answer is known; what is left of the body is skipped */
    bool closes;                 /* the connection, after the answer */
    enum server_failure failure; /* FAILURE_NONE: what the status says */
    uint64_t n_body;             /* bytes of the body so far, kept or skipped */
    int64_t start_ns, queued_ns;
    struct server_answer answer;
};

/* Who may ask. The token itself is not kept. */
struct server_token {
    bool wanted; /* false: anybody */
    char digest[DIGEST_TEXT_SIZE];
};

/* The server's certificate and key, for as long as a session has them. */
struct server_tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priorities;
    size_t n_users; /* under the server's lock */
};

enum server_phase {
    PHASE_HANDSHAKE,
    PHASE_HEAD, /* waits for a request, or for the rest of its head */
    PHASE_BODY,
    PHASE_QUEUED,
    PHASE_ANSWER,
    PHASE_LINGER, /* answered; waits for the client to close, or it would not see the answer */
    N_PHASES
};

/* What to do next with a connection. */
enum server_next { NEXT_PHASE, NEXT_READ, NEXT_WRITE, NEXT_NOTHING, NEXT_CLOSE };

enum { SERVER_HEAD_SIZE = 1536 };

/* A place for a connection. Places are not freed while the server runs; `serial` tells the users of
 * one place apart. */
struct server_connection {
    struct server *server;
    /* under the server's lock; armed: nobody's, waiting for the system; surplus: one too many */
    bool used, armed, surplus;
    bool added; /* to the set of those waited for */
    uint32_t index, serial;
    int64_t deadline_ns; /* of the phase */
    int fd;
    struct server_tls *tls;   /* NULL: plain */
    gnutls_session_t session; /* NULL: plain, or not begun */
    char address[SERVER_ADDRESS_TEXT];
    const char *unwelcome; /* NULL, or why whatever it asks is refused; constant */
    unsigned unwelcome_status;
    enum server_phase phase;
    bool in_request; /* the first byte of a request is there, the last of its answer not gone */
    char *in;        /* n_in bytes received, the request's head first */
    size_t n_in, in_capacity, n_scanned, n_head;
    struct server_job job;
    char head[SERVER_HEAD_SIZE]; /* of the answer */
    size_t n_head_out;
    uint64_t n_out, n_sent, n_received;
};

/* The right to run one inference, with an engine of each model. */
struct server_slot {
    struct server_slot *next; /* of those that are free */
    size_t index;
};

/* A thread of the pool, and the slot it holds (NULL: none). */
struct server_thread {
    struct server *server;
    pthread_t thread;
    struct server_slot *slot;
};

struct server {
    struct server_config config; /* its strings are copies */
    struct server_model *models;
    size_t n_models;
    struct message_text metadata; /* of the server */
    char *url;
    int socket, events, waker; /* to listen on; the set waited for; readable when all is to end */

    struct server_thread *threads; /* n_slots + 1 */
    size_t n_threads;
    pthread_mutex_t lock;
    pthread_cond_t changed;

    /* under `lock` */
    struct server_token token;
    struct server_tls *tls;           /* NULL: plain HTTP */
    struct server_job *first, **last; /* the queue */
    size_t n_queued;
    struct server_slot *slots, *free_slots; /* config.n_workers; the last freed is taken first */
    struct server_connection *connections;  /* n_places */
    size_t n_places, n_used, n_surplus, n_free;
    uint32_t *free_places;
    bool listening; /* the socket is waited for */
    bool started;
    enum status start_status;
    struct error start_error;
    int64_t next_sweep_ns;
    struct server_metrics metrics;

    pthread_mutex_t log_lock;
    int log; /* the access log; -1: none; under `log_lock` */
    atomic_uint_least64_t n_log_failures;

    atomic_uint_least64_t n_held; /* bytes of bodies */
    atomic_bool closing, refusing, ending;
    atomic_size_t n_requests;
};

/* server_listen.c: a listening socket on "ADDR:PORT", and the URL that reaches it (to be freed).
 * STATUS_INVALID: not an address.  STATUS_IO: it cannot be listened on. */
enum status server_listen(const char *address, bool tls, int *socket, char **url,
                          struct error *error);

/* server_log.c: opens the access log (*log is -1 where none is wanted), and writes a request's line
 * once it is answered. STATUS_IO: it cannot be written. */
enum status server_log_open(const struct server_config *config, int *log, struct error *error);
void server_log_request(const struct server_connection *connection);

/* server_token.c. From a text that came from `where`, or the one line of a file.
 * STATUS_INVALID: not a token.  STATUS_IO: the file cannot be read. No message holds the token. */
enum status server_token_set(struct server_token *token, const char *text, const char *where,
                             struct error *error);
enum status server_token_read(struct server_token *token, const char *path, struct error *error);
/* Whether the value of the header Authorization (NULL: not sent) will do. Takes as long for a token
 * that is nearly right as for one that is not. */
bool server_token_accepts(const struct server_token *token, const char *authorization);

/* server_tls.c: from files in PEM, with one user. STATUS_IO: one cannot be read.  STATUS_INVALID:
 * one is not what it should be, or they do not belong together. */
enum status server_tls_open(const char *certificate, const char *key, struct server_tls **tls,
                            struct error *error);
/* NULL is allowed. Under the server's lock, unless there is one user left. */
void server_tls_release(struct server_tls *tls);

/* server_model.c. Opens an engine for each slot, by the thread that the pool's others come from,
 * for they inherit the CPUs it was bound to. */
enum status server_model_open(struct server_model *model, const char *spec, uint32_t max_length,
                              size_t n_slots, struct error *error);
void server_model_close(struct server_model *model);
/* From the body of an infer request to its answer, whichever it is. */
void server_model_infer(struct server_model *model, size_t slot, const struct message_text *body,
                        struct server_answer *answer);

/* server_answer.c. An answer that is an error. */
void server_answer_error(struct server_answer *answer, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void server_answer_verror(struct server_answer *answer, unsigned status, const char *format,
                          va_list args) __attribute__((format(printf, 3, 0)));
void server_answer_free(struct server_answer *answer);
/* The answer's head into connection->head, and how much there is to send. */
void server_answer_begin(struct server_connection *connection);
/* The next bytes of it into `to` of `size` bytes, as many as there are room and bytes for. */
size_t server_answer_compose(const struct server_connection *connection, char *to, size_t size);

/* server_statistics.c: adds an answer to what is counted of the model; `total_ns` from the
 * request's last byte to the answer. And all that is counted, of one model or (NULL) of all, as a
 * message. */
void server_statistics_count(struct server *server, struct server_model *model,
                             const struct server_answer *answer, int64_t total_ns);
enum status server_statistics_write(struct server *server, const struct server_model *model,
                                    struct message_text *text, struct error *error);

/* server_metrics.c: what is counted for a monitor, and how it is told (text/plain). */
enum server_failure server_failure_of(unsigned status);
void server_metrics_infer(struct server_model *model, const struct server_answer *answer);
void server_metrics_answer(struct server_connection *connection);
/* A connection that was lost in the middle of something. */
void server_metrics_loss(struct server_connection *connection, enum server_failure failure);
enum status server_metrics_write(struct server *server, struct message_text *text,
                                 struct error *error);

/* server_routes.c: finds what is asked for, or refuses the job and says why there is no such thing.
 */
void server_find_route(struct server_job *job, const char *path, const char *method);

/* server_request.c. Answers with an error; what is left of the body is skipped. */
void server_refuse(struct server_job *job, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Begins with a head of `n` bytes, which stay where they are until the job's end. */
void server_job_begin(struct server_job *job, char *head, size_t n);
/* Takes a piece of the body. *used is how many bytes of it belonged to the request, *done whether
 * it has arrived whole. */
void server_job_take(struct server_job *job, const char *bytes, size_t n, size_t *used, bool *done);
/* It has arrived: its answer, but for an inference. True: it wants one. */
bool server_job_arrived(struct server_job *job);
void server_job_end(struct server_job *job);

/* server_transport.c. A session of TLS, begun by the first call, or HTTP as it is. NEXT_PHASE: it
 * stands. */
enum server_next server_handshake(struct server_connection *connection);
/* How many bytes were received or sent (at least 1); else 0 and in *next what must happen before
 * more can be. The end of what the client sends is NEXT_NOTHING, a broken connection NEXT_CLOSE. */
size_t server_receive(struct server_connection *connection, char *bytes, size_t n,
                      enum server_next *next);
size_t server_send(struct server_connection *connection, const char *bytes, size_t n,
                   enum server_next *next);
/* Says that nothing more will be sent. */
void server_send_end(struct server_connection *connection);

/* server_connection.c. A connection that was accepted, or its end (the place is free after). */
void server_connection_open(struct server_connection *connection, int fd);
void server_connection_close(struct server_connection *connection);
/* Does what can be done now. The caller owned the connection and does so no more. */
void server_connection_step(struct server_thread *thread, struct server_connection *connection);
/* The same when its deadline has passed. */
void server_connection_expire(struct server_thread *thread, struct server_connection *connection);

/* server_pool.c. Starts the threads, which open the models, and waits until they have. */
enum status server_pool_start(struct server *server, struct error *error);
/* Answers are those of requests that are there, for `grace_s` at most; then ends the threads. */
void server_pool_stop(struct server *server, double grace_s);
/* Gives up the ownership of a connection until it can be read from or written to. */
void server_pool_wait(struct server_connection *connection, enum server_next next);
/* The place of a closed connection can be used again. */
void server_pool_free(struct server_connection *connection);
/* An inference for the job, now (NEXT_PHASE: it is answered), or later by whoever has a slot then
 * (NEXT_NOTHING: the connection is no longer the caller's). With too many waiting it is refused. */
enum server_next server_pool_infer(struct server_thread *thread, struct server_job *job);

#endif
