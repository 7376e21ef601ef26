/* What an endpoint's address comes to, for this folder's files. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <uv.h>

#include "net/endpoint.h"

struct net_places {
    struct sockaddr_storage at[NET_ENDPOINT_ADDRESSES_MAX];
    size_t count;
};

/* False: it is no address. */
bool net__places_parse(const char *address, struct net_places *ret_places);
void net__place_format(const struct sockaddr_storage *place, char text[NET_ADDRESS_BYTES]);

#endif
