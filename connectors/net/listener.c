#include "listener.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* ADDRESS:PORT with a numeric loopback address. */
static enum status address_parse(const char *address, const char *flag, struct sockaddr_in *ret_address,
                                 struct error *error)
{
    char host[64] = "";
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address || (size_t)(colon - address) >= sizeof(host)) {
        return error_set(error, STATUS_INVALID, "%s %s: it must be ADDRESS:PORT, like 127.0.0.1:8080", flag,
                         address);
    }
    memcpy(host, address, (size_t)(colon - address));
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (colon[1] == '\0' || *end != '\0' || port > 65535 || uv_ip4_addr(host, (int)port, ret_address) != 0) {
        return error_set(
            error, STATUS_INVALID,
            "%s %s: the address must be numeric, like 127.0.0.1, and the port a number from 0 to "
            "65535",
            flag, address);
    }
    if ((ntohl(ret_address->sin_addr.s_addr) >> 24) != 127) {
        return error_set(error, STATUS_DENIED,
                         "%s %s is not a loopback address; this version listens on 127.0.0.0/8 only", flag,
                         address);
    }
    return STATUS_OK;
}

enum status net__listener_open(uv_tcp_t *listener, const char *address, const char *flag,
                               uv_connection_cb accept, char **ret_text, struct error *error)
{
    struct sockaddr_in wanted;
    struct sockaddr_in bound = {0};
    char text[64];
    int size = sizeof(bound);
    enum status status = address_parse(address, flag, &wanted, error);
    if (status != STATUS_OK) {
        return status;
    }
    int code = uv_tcp_bind(listener, (const struct sockaddr *)&wanted, 0);
    if (code == 0) {
        code = uv_listen((uv_stream_t *)listener, 1024, accept);
    }
    if (code != 0) {
        return error_set(error, code == UV_EADDRINUSE ? STATUS_BUSY : STATUS_IO,
                         "cannot listen on %s: %s; choose another address with %s", address,
                         uv_strerror(code), flag);
    }
    (void)uv_tcp_getsockname(listener, (struct sockaddr *)&bound, &size);
    (void)uv_ip4_name(&bound, text, sizeof(text));
    size_t length = strlen(text);
    (void)snprintf(text + length, sizeof(text) - length, ":%d", ntohs(bound.sin_port));
    *ret_text = memory_copy_text(text);
    return STATUS_OK;
}
