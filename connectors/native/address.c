/* Where a ZeroMQ socket listens. */
#include <errno.h>
#include <stdio.h>

#include <zmq.h>

#include "base/memory.h"
#include "native_private.h"

enum {
    ADDRESS_BYTES = NET_ADDRESS_BYTES + 8, /* with tcp:// */
};

/* Binds to one address; *ret_bound is what it came to, without tcp://. An errno; 0: it is bound. */
static int address_bind(void *socket, const char *address, char ret_bound[ADDRESS_BYTES])
{
    char endpoint[ADDRESS_BYTES];
    size_t size = ADDRESS_BYTES;
    int is_v6 = address[0] == '['; /* with it, addresses of IPv4 would be mapped ones of IPv6 */
    size_t port = strlen("tcp://") + (size_t)(strrchr(address, ':') + 1 - address);
    (void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", address);
    if (strcmp(endpoint + port, "0") == 0) {
        endpoint[port] = '*'; /* one that is free */
    }
    (void)zmq_setsockopt(socket, ZMQ_IPV6, &is_v6, sizeof(is_v6));
    if (zmq_bind(socket, endpoint) != 0) {
        return errno;
    }
    (void)zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size);
    (void)snprintf(ret_bound, ADDRESS_BYTES, "%s", endpoint + strlen("tcp://"));
    return 0;
}

/* Peers before ZMTP 3.0 are turned away: of 1.0 the first bytes may be any, so what a web page has its browser send here as a request
 * of HTTP would be read as messages. libzmq does so where ZAP may be asked (RFC 27); as nobody answers for it, the others come in as
 * they are. */
static void socket_refuse_old_peers(void *socket)
{
    static const char domain[] = "oxbow";
    CHECK(zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, sizeof(domain) - 1) == 0);
}

enum status native__bind(void *socket, const struct net_endpoint *endpoint, char **ret_address,
                         struct error *error)
{
    char addresses[NET_ENDPOINT_ADDRESSES_MAX][NET_ADDRESS_BYTES];
    char bound[ADDRESS_BYTES] = "";
    size_t count = net_endpoint_addresses(endpoint, addresses);
    CHECK(count > 0); /* it was checked */
    socket_refuse_old_peers(socket);
    int code = address_bind(socket, addresses[0], bound);
    if (code == 0 && count == 2) {
        char other[ADDRESS_BYTES];
        char ignored[ADDRESS_BYTES];
        int host = (int)(strrchr(addresses[1], ':') - addresses[1]);
        (void)snprintf(other, sizeof(other), "%.*s%.6s", host, addresses[1], strrchr(bound, ':'));
        code = address_bind(socket, other, ignored);
        code =
            code == EADDRNOTAVAIL || code == EAFNOSUPPORT || code == ENODEV ? 0 : code; /* it has no IPv6 */
    }
    if (code != 0) {
        return error_set(error, code == EADDRINUSE ? STATUS_BUSY : STATUS_IO,
                         "cannot listen on %s: %s; choose another address with %s", endpoint->address,
                         zmq_strerror(code), endpoint->flag);
    }
    *ret_address = memory_copy_text(bound);
    return STATUS_OK;
}
