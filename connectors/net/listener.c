#include "listener.h"

#include <arpa/inet.h>

#include "base/memory.h"
#include "endpoint.h"

/* Binds and listens; *place is then what it is bound to. A code of libuv. */
static int place_open(uv_tcp_t *listener, struct sockaddr_storage *place, uv_connection_cb accept)
{
    int size = sizeof(*place);
    int code = uv_tcp_bind(listener, (const struct sockaddr *)place, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)listener, 1024, accept);
    }
    return code != 0 ? code : uv_tcp_getsockname(listener, (struct sockaddr *)place, &size);
}

enum status net__listeners_open(uv_tcp_t listeners[NET_ENDPOINT_ADDRESSES_MAX],
                                const struct net_endpoint *endpoint, uv_connection_cb accept, char **ret_text,
                                struct error *error)
{
    struct net_places places;
    char text[NET_ADDRESS_BYTES] = "";
    enum status status = net_endpoint_check(endpoint, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)net__places_parse(endpoint->address, &places);
    int code = place_open(&listeners[0], &places.at[0], accept);
    if (code == 0 && places.count == 2) {
        ((struct sockaddr_in6 *)&places.at[1])->sin6_port = ((struct sockaddr_in *)&places.at[0])->sin_port;
        code = place_open(&listeners[1], &places.at[1], accept);
        code = code == UV_EADDRNOTAVAIL || code == UV_EAFNOSUPPORT ? 0 : code; /* it has no IPv6 */
    }
    if (code != 0) {
        return error_set(error, code == UV_EADDRINUSE ? STATUS_BUSY : STATUS_IO,
                         "cannot listen on %s: %s; choose another address with %s", endpoint->address,
                         uv_strerror(code), endpoint->flag);
    }
    net__place_format(&places.at[0], text);
    *ret_text = memory_copy_text(text);
    return STATUS_OK;
}
