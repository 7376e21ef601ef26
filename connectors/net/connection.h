/* A client's connection: reads, hands requests out one at a time, writes their answers. Thread: the server's. */
#ifndef NET_CONNECTION_H
#define NET_CONNECTION_H

#include "server_private.h"

/* Takes the connection that waits at the listener. */
void net__connection_accept(struct http_server *server);
/* Closes at once; what was not written is lost. */
void net__connection_close(struct connection *connection);

/* Takes an exchange whose head of an answer is written, and sends it with `body`; to nobody when the client is gone. */
void net__connection_answer(struct http_exchange *exchange, struct bytes body);
/* Goes on with what was read behind the request that was answered now. */
void net__connection_go_on(struct connection *connection);

#endif
