#include "net/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"

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

bool net__places_parse(const char *address, struct net_places *ret_places)
{
    char host[64] = "";
    int port = 0;
    *ret_places = (struct net_places){.count = 1};
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
    struct net_places places;
    bool is_local = net__places_parse(endpoint->address, &places);
    for (size_t i = 0; i < places.count && is_local; i++) {
        is_local = place_is_local(&places.at[i]);
    }
    return is_local;
}

enum status net_endpoint_check(const struct net_endpoint *endpoint, struct error *error)
{
    struct net_places places;
    if (!net__places_parse(endpoint->address, &places)) {
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

void net__place_format(const struct sockaddr_storage *place, char text[NET_ADDRESS_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";
    if (place->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)place;
        (void)uv_ip4_name(v4, host, sizeof(host));
        (void)snprintf(text, NET_ADDRESS_BYTES, "%s:%d", host, ntohs(v4->sin_port));
    } else {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)place;
        (void)uv_ip6_name(v6, host, sizeof(host));
        (void)snprintf(text, NET_ADDRESS_BYTES, "[%s]:%d", host, ntohs(v6->sin6_port));
    }
}

size_t net_endpoint_addresses(const struct net_endpoint *endpoint,
                              char ret_texts[NET_ENDPOINT_ADDRESSES_MAX][NET_ADDRESS_BYTES])
{
    struct net_places places;
    if (!net__places_parse(endpoint->address, &places)) {
        return 0;
    }
    for (size_t i = 0; i < places.count; i++) {
        net__place_format(&places.at[i], ret_texts[i]);
    }
    return places.count;
}
