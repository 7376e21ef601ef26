/* TLS 1.2 and 1.3 between buffers: OpenSSL reads and writes memory, whoever owns the socket moves the bytes. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/bytes.h"
#include "base/error.h"

/* A certificate and its key, shared by the connections of a server. */
struct tls_context;

/* `protocol` is what is spoken inside: a client that names protocols but not this one gets no connection (RFC 7301). NULL:
 * it has no name, and nothing is negotiated.
 * STATUS_NOT_FOUND (no such file), STATUS_INVALID (no PEM, encrypted, or the key is another certificate's). */
MUST_USE enum status net__tls_context_open(const char *certificate_file, const char *key_file,
                                           const char *protocol, struct tls_context **ret_context,
                                           struct error *error);
/* Reads both files again, for connections that come from then on; when they cannot be used, all stays as it was, and errors are those above.
 * Thread: any. */
MUST_USE enum status net__tls_context_reload(struct tls_context *context, struct error *error);
void net__tls_context_close(struct tls_context **context); /* accepts a pointer to NULL */

/* One connection's side of it. Thread: the connection's. */
struct tls;

enum tls_result {
    TLS_DATA,   /* *ret_size bytes were deciphered */
    TLS_MORE,   /* more has to be received first */
    TLS_END,    /* the client said that nothing follows */
    TLS_FAILED, /* this is no TLS, or not acceptable; what net__tls_unsent holds tells the client */
};

struct tls *net__tls_create(struct tls_context *context);
void net__tls_destroy(struct tls **tls); /* accepts a pointer to NULL */

void net__tls_receive(struct tls *tls, struct bytes ciphered);
enum tls_result net__tls_read(struct tls *tls, void *room, size_t room_bytes, size_t *ret_size);
/* False when the connection cannot be written to; the handshake must be over. */
bool net__tls_write(struct tls *tls, struct bytes plain);
bool net__tls_is_ready(const struct tls *tls); /* the handshake is over */
/* Protocol and cipher, or NULL before the handshake is over. */
const char *net__tls_name(const struct tls *tls, const char **ret_cipher);
void net__tls_end(struct tls *tls); /* says that nothing follows */

/* What is to be sent, until net__tls_sent or the next write. */
struct bytes net__tls_unsent(const struct tls *tls);
void net__tls_sent(struct tls *tls); /* all of it */

#endif
