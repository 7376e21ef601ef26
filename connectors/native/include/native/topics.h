/* Topics: committed changes over XPUB, for a plain SUB socket in any language. DESIGN §9; model/wire/README.md tells the
 * messages. A subscriber that is slower than its queue misses messages and sees the gap. */
#ifndef NATIVE_TOPICS_H
#define NATIVE_TOPICS_H

#include <stdint.h>

#include "base/error.h"
#include "net/endpoint.h"

struct topics;
struct gate;
struct feed;

struct topics_options {
    struct net_endpoint endpoint; /* plain, on loopback */
    struct gate *gate;
    struct feed *feed;
    uint32_t timeline;
};

/* Binds and starts the thread. STATUS_BUSY (the port is taken), STATUS_DENIED, STATUS_INVALID. */
MUST_USE enum status topics_open(const struct topics_options *options, struct topics **ret_topics,
                                 struct error *error);
void topics_close(struct topics **topics); /* accepts a pointer to NULL */
const char *topics_address(const struct topics *topics);

#endif
