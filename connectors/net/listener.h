/* Listening at an endpoint's addresses. */
#ifndef NET_LISTENER_H
#define NET_LISTENER_H

#include <uv.h>

#include "net/endpoint.h"

/* Binds listeners, initialised in their loop, to the endpoint's addresses and listens; `accept` is called in the loop. One whose
 * address the machine does not have stays unbound. *ret_text is the first bound ADDRESS:PORT, owned by the caller.
 * STATUS_BUSY (the port is taken), STATUS_DENIED (beyond loopback), STATUS_INVALID (not an address), STATUS_IO. */
MUST_USE enum status net__listeners_open(uv_tcp_t listeners[NET_ENDPOINT_ADDRESSES_MAX],
                                         const struct net_endpoint *endpoint, uv_connection_cb accept,
                                         char **ret_text, struct error *error);

#endif
