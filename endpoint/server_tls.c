// SPDX-License-Identifier: GPL-3.0-or-later
/* The certificate and key of the server. They are read and checked here, one after the other, so
 * that what is wrong with which file can be said. */
#include "endpoint/server_private.h"

#include "base/memory.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE = 1 << 20, MAX_CHAIN = 16 };

static enum status read_file(const char *path, gnutls_datum_t *file, struct error *error)
{
    FILE *stream = fopen(path, "re");
    if (!stream)
        return error_set_errno(error, STATUS_IO, errno, "%s", path);
    enum status status = STATUS_OK;
    file->data = malloc(MAX_FILE + 1);
    file->size = file->data ? (unsigned)fread(file->data, 1, MAX_FILE + 1, stream) : 0;
    if (!file->data)
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for %s", path);
    else if (ferror(stream))
        status = error_set_errno(error, STATUS_IO, errno, "%s", path);
    else if (file->size > MAX_FILE)
        status = error_set(error, STATUS_INVALID, "%s is over 1 MiB: not PEM", path);
    else
        file->data[file->size] = '\0';
    fclose(stream);
    return status;
}

static enum status fail(int code, const char *path, const char *remedy, struct error *error)
{
    return error_set(error, STATUS_INVALID, "%s: %s; %s", path, gnutls_strerror(code), remedy);
}

static void forget(gnutls_datum_t *file)
{
    if (file->data)
        explicit_bzero(file->data, file->size);
    free(file->data);
}

enum status server_tls_open(const char *certificate, const char *key, struct server_tls **tls,
                            struct error *error)
{
    gnutls_x509_crt_t chain[MAX_CHAIN];
    unsigned n_chain = MAX_CHAIN;
    gnutls_datum_t chain_file = {0}, key_file = {0};
    gnutls_x509_privkey_t private_key = NULL;
    bool has_chain = false;
    struct server_tls *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, STATUS_NO_MEMORY, "out of memory for TLS");
    made->n_users = 1;
    enum status status = read_file(certificate, &chain_file, error);
    if (!status)
        status = read_file(key, &key_file, error);
    if (status) {
        error_prefix(error, "TLS");
        goto done;
    }
    int code = gnutls_x509_crt_list_import(chain, &n_chain, &chain_file, GNUTLS_X509_FMT_PEM, 0);
    has_chain = code > 0;
    if (code <= 0) {
        status = fail(code, certificate,
                      "--tls-cert takes the server's certificate and those between it and the CA, "
                      "as PEM",
                      error);
        goto done;
    }
    gnutls_x509_privkey_init(&private_key);
    code = gnutls_x509_privkey_import2(private_key, &key_file, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code) {
        status =
            fail(code, key, "--tls-key takes the private key as PEM, without a password", error);
        goto done;
    }
    code = gnutls_certificate_allocate_credentials(&made->credentials);
    if (!code)
        code = gnutls_certificate_set_x509_key(made->credentials, chain, (int)n_chain, private_key);
    if (!code)
        code = gnutls_priority_init2(&made->priorities, "-VERS-TLS1.0:-VERS-TLS1.1", NULL,
                                     GNUTLS_PRIORITY_INIT_DEF_APPEND);
    if (code)
        status = fail(code, certificate, "it must belong to the key of --tls-key", error);
done:
    if (private_key)
        gnutls_x509_privkey_deinit(private_key);
    for (unsigned i = 0; has_chain && i < n_chain; i++)
        gnutls_x509_crt_deinit(chain[i]);
    forget(&chain_file);
    forget(&key_file);
    if (status)
        server_tls_release(made);
    else
        *tls = made;
    return status;
}

void server_tls_release(struct server_tls *tls)
{
    if (!tls || --tls->n_users > 0)
        return;
    if (tls->credentials)
        gnutls_certificate_free_credentials(tls->credentials);
    if (tls->priorities)
        gnutls_priority_deinit(tls->priorities);
    free(tls);
}
