/* Where a server listens, and with what it shows clients who it is. */
#ifndef NET_ENDPOINT_H
#define NET_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    NET_ENDPOINT_ADDRESSES_MAX = 2, /* of localhost */
    NET_ADDRESS_BYTES = 64,         /* of ADDRESS:PORT in full, with the NUL */
};

struct net_endpoint {
    /* ADDRESS:PORT, numeric, those of IPv6 in brackets: 127.0.0.1:8000, [::1]:8000. localhost:8000 is 127.0.0.1 and,
     * where the machine has it, ::1, since clients take either for that name. Port 0 takes a free one. */
    const char *address;
    const char *flag; /* of the command line, for messages: "--http" */
    const char
        *certificate_file; /* PEM, the server's own first, then the chain; with key_file: TLS 1.2 or later */
    const char *key_file;  /* PEM, without a passphrase; both NULL: plain */
    bool
        may_be_remote; /* beyond loopback too: only with TLS, and where nobody is served who shows no credentials */
    const char *advice; /* for the error when it must not be: what to do instead; NULL: there is none */
};

/* Whether only this machine can connect; false of what is no address. */
bool net_endpoint_is_local(const struct net_endpoint *endpoint);
/* STATUS_INVALID (no address), STATUS_DENIED (beyond loopback, and it must not be). */
MUST_USE enum status net_endpoint_check(const struct net_endpoint *endpoint, struct error *error);

/* The addresses that it comes to, numeric: "127.0.0.1:7770", "[::1]:7770". Returns how many; 0: it is no address. */
size_t net_endpoint_addresses(const struct net_endpoint *endpoint,
                              char ret_texts[NET_ENDPOINT_ADDRESSES_MAX][NET_ADDRESS_BYTES]);

/* When the certificate that was read last expires, in seconds since 1970; 0: none was read. Thread: any. */
int64_t net_certificate_expiry_s(void);

#endif
