/* Where a server listens: a numeric loopback address and a port. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <uv.h>

#include "base/error.h"

/* Binds `listener`, initialised in its loop, to ADDRESS:PORT and listens; `accept` is called in the loop. `flag` is the
 * command line's, for messages. *ret_text is the bound ADDRESS:PORT, owned by the caller.
 * STATUS_BUSY (the port is taken), STATUS_DENIED (not loopback), STATUS_INVALID (not an address), STATUS_IO. */
MUST_USE enum status net__listener_open(uv_tcp_t *listener, const char *address, const char *flag,
                                        uv_connection_cb accept, char **ret_text, struct error *error);

#endif
