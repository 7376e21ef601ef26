/* Addresses that may be listened on. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <zmq.h>

#include "base/memory.h"
#include "native_private.h"

enum status native__check_address(const char *address, struct error *error)
{
    const char *colon = strrchr(address, ':');
    char host[64] = "";
    if (colon == NULL || colon == address || (size_t)(colon - address) >= sizeof(host)) {
        return error_set(error, STATUS_INVALID, "%s is not ADDRESS:PORT, like 127.0.0.1:7770", address);
    }
    memcpy(host, address, (size_t)(colon - address));
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] == '\0' || *end != '\0' || port > 65535) {
        return error_set(error, STATUS_INVALID, "%s: the port must be a number from 0 to 65535", address);
    }
    struct in_addr parsed;
    if (inet_pton(AF_INET, host, &parsed) != 1) {
        return error_set(error, STATUS_INVALID, "%s: the address must be numeric, like 127.0.0.1", address);
    }
    if ((ntohl(parsed.s_addr) >> 24) != 127) {
        return error_set(
            error, STATUS_DENIED,
            "%s is not a loopback address; this version has no credentials and no encryption yet, so it "
            "listens on 127.0.0.0/8 only",
            address);
    }
    return STATUS_OK;
}

enum status native__bind(void *socket, const char *address, const char *flag, char **ret_address,
                         struct error *error)
{
    char endpoint[128];
    size_t size = sizeof(endpoint);
    (void)snprintf(endpoint, sizeof(endpoint), "tcp://%s", address);
    size_t colon = strlen(endpoint) - 2;
    if (strcmp(endpoint + colon, ":0") == 0) {
        (void)snprintf(endpoint + colon, sizeof(endpoint) - colon, ":*");
    }
    if (zmq_bind(socket, endpoint) != 0) {
        enum status status = errno == EADDRINUSE ? STATUS_BUSY : STATUS_IO;
        return error_set(error, status, "cannot listen on %s: %s; choose another address with %s", address,
                         zmq_strerror(errno), flag);
    }
    (void)zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size);
    *ret_address = memory_copy_text(endpoint + strlen("tcp://"));
    return STATUS_OK;
}
