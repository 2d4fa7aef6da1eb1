// SPDX-License-Identifier: GPL-3.0-or-later
/* A connection's bytes, in TLS or as they are; never waits. */
#include "endpoint/server_private.h"

#include <errno.h>
#include <sys/socket.h>

enum { TLS_HANDSHAKE_RECORD = 22 };

/* What a session waits for: reading it may need to write, and the reverse. */
static enum server_next direction(const struct server_connection *connection)
{
    return gnutls_record_get_direction(connection->session) ? NEXT_WRITE : NEXT_READ;
}

static bool is_passing(ssize_t code)
{
    return code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED;
}

static enum server_next begin_session(struct server_connection *connection)
{
    static const gnutls_datum_t protocol = {(unsigned char *)(uintptr_t) "http/1.1", 8};
    if (gnutls_init(&connection->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL))
        return NEXT_CLOSE;
    gnutls_session_t session = connection->session;
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, connection->tls->credentials) ||
        gnutls_priority_set(session, connection->tls->priorities) ||
        gnutls_alpn_set_protocols(session, &protocol, 1, 0))
        return NEXT_CLOSE;
    gnutls_transport_set_int(session, connection->fd);
    return NEXT_PHASE;
}

enum server_next server_handshake(struct server_connection *connection)
{
    char first;
    if (!connection->tls)
        return NEXT_PHASE;
    if (!connection->session) {
        ssize_t n = recv(connection->fd, &first, 1, MSG_PEEK);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return NEXT_READ;
        if (n <= 0)
            return NEXT_CLOSE;
        if (first != TLS_HANDSHAKE_RECORD) { /* somebody who speaks plainly is answered so */
            connection->unwelcome = "this server speaks TLS; ask for https";
            connection->unwelcome_status = HTTP_BAD_REQUEST;
            return NEXT_PHASE;
        }
        if (begin_session(connection) == NEXT_CLOSE)
            return NEXT_CLOSE;
    }
    for (;;) {
        int code = gnutls_handshake(connection->session);
        if (code == 0)
            return NEXT_PHASE;
        if (is_passing(code))
            return direction(connection);
        if (gnutls_error_is_fatal(code)) {
            gnutls_alert_send_appropriate(connection->session, code);
            return NEXT_CLOSE;
        }
    }
}

static size_t receive_secret(struct server_connection *connection, char *bytes, size_t n,
                             enum server_next *next)
{
    for (;;) {
        ssize_t got = gnutls_record_recv(connection->session, bytes, n);
        if (got > 0)
            return (size_t)got;
        if (got < 0 && !is_passing(got) && !gnutls_error_is_fatal((int)got))
            continue; /* a warning, or a renegotiation that is not taken up */
        *next = got == 0 ? NEXT_NOTHING : is_passing(got) ? direction(connection) : NEXT_CLOSE;
        return 0;
    }
}

size_t server_receive(struct server_connection *connection, char *bytes, size_t n,
                      enum server_next *next)
{
    if (connection->session)
        return receive_secret(connection, bytes, n, next);
    ssize_t got;
    do
        got = recv(connection->fd, bytes, n, 0);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return (size_t)got;
    *next = got == 0 ? NEXT_NOTHING : errno == EAGAIN ? NEXT_READ : NEXT_CLOSE;
    return 0;
}

size_t server_send(struct server_connection *connection, const char *bytes, size_t n,
                   enum server_next *next)
{
    ssize_t sent;
    if (connection->session) {
        sent = gnutls_record_send(connection->session, bytes, n);
        if (sent <= 0)
            *next = is_passing(sent) ? direction(connection) : NEXT_CLOSE;
    } else {
        do
            sent = send(connection->fd, bytes, n, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        if (sent <= 0)
            *next = errno == EAGAIN ? NEXT_WRITE : NEXT_CLOSE;
    }
    return sent > 0 ? (size_t)sent : 0;
}

void server_send_end(struct server_connection *connection)
{
    if (connection->session)
        gnutls_bye(connection->session, GNUTLS_SHUT_WR);
    shutdown(connection->fd, SHUT_WR);
}
