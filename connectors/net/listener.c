#include "listener.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* What an endpoint's address comes to. */
struct places {
    struct sockaddr_storage at[LISTENER_ADDRESSES_MAX];
    size_t count;
};

/* "HOST:PORT", the brackets of an address of IPv6 taken off. False: it is no such thing. */
static bool address_split(const char *address, char host[64], int *ret_port)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    if (size == 0 || size >= 64 || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    bool is_bracketed = address[0] == '[' && colon[-1] == ']';
    memcpy(host, address + (is_bracketed ? 1 : 0), size);
    host[size - (is_bracketed ? 2 : 0)] = '\0';
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    *ret_port = (int)port;
    return *end == '\0' && port <= 65535 && (strchr(host, ':') != NULL) == is_bracketed;
}

static bool address_parse(const char *address, struct places *ret_places)
{
    char host[64] = "";
    int port = 0;
    *ret_places = (struct places){.count = 1};
    if (!address_split(address, host, &port)) {
        return false;
    }
    if (strcmp(host, "localhost") == 0) {
        ret_places->count = 2;
        return uv_ip4_addr("127.0.0.1", port, (struct sockaddr_in *)&ret_places->at[0]) == 0 &&
               uv_ip6_addr("::1", port, (struct sockaddr_in6 *)&ret_places->at[1]) == 0;
    }
    return uv_ip4_addr(host, port, (struct sockaddr_in *)&ret_places->at[0]) == 0 ||
           uv_ip6_addr(host, port, (struct sockaddr_in6 *)&ret_places->at[0]) == 0;
}

static bool place_is_local(const struct sockaddr_storage *place)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)place;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)place;
    return place->ss_family == AF_INET ? (ntohl(v4->sin_addr.s_addr) >> 24) == 127
                                       : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
}

bool net_endpoint_is_local(const struct net_endpoint *endpoint)
{
    struct places places;
    bool is_local = address_parse(endpoint->address, &places);
    for (size_t i = 0; i < places.count && is_local; i++) {
        is_local = place_is_local(&places.at[i]);
    }
    return is_local;
}

enum status net_endpoint_check(const struct net_endpoint *endpoint, struct error *error)
{
    struct places places;
    if (!address_parse(endpoint->address, &places)) {
        return error_set(error, STATUS_INVALID,
                         "%s %s: it must be ADDRESS:PORT with a numeric address, like 127.0.0.1:8080 or "
                         "[::1]:8080, or localhost:8080, and the port from 0 to 65535",
                         endpoint->flag, endpoint->address);
    }
    CHECK(!endpoint->may_be_remote || endpoint->certificate_file != NULL);
    if (endpoint->may_be_remote || net_endpoint_is_local(endpoint)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_DENIED, "%s %s is not a loopback address; %s", endpoint->flag,
                     endpoint->address,
                     endpoint->advice == NULL ? "this one listens on 127.0.0.0/8 and ::1 only"
                                              : endpoint->advice);
}

static void place_format(const struct sockaddr_storage *place, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (place->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)place;
        (void)uv_ip4_name(v4, host, sizeof(host));
        (void)snprintf(text, size, "%s:%d", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)place;
        (void)uv_ip6_name(v6, host, sizeof(host));
        (void)snprintf(text, size, "[%s]:%d", host, ntohs(v6->sin6_port));
    }
}

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

enum status net__listeners_open(uv_tcp_t listeners[LISTENER_ADDRESSES_MAX],
                                const struct net_endpoint *endpoint, uv_connection_cb accept, char **ret_text,
                                struct error *error)
{
    struct places places;
    char text[INET6_ADDRSTRLEN + 10] = "";
    enum status status = net_endpoint_check(endpoint, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)address_parse(endpoint->address, &places);
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
    place_format(&places.at[0], text, sizeof(text));
    *ret_text = memory_copy_text(text);
    return STATUS_OK;
}
