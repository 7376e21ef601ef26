/* The native door: ZeroMQ ROUTER, msgpack. model/wire/README.md tells the protocol. DESIGN §12. */
#ifndef NATIVE_NATIVE_H
#define NATIVE_NATIVE_H

#include "base/error.h"
#include "net/endpoint.h"

struct native_door;
struct gate;
struct gate_readers;
struct feed;
struct host;
struct identity;
struct health;

struct native_door_options {
    struct net_endpoint endpoint; /* plain, on loopback */
    struct gate *gate;
    struct gate_readers *readers; /* where long reads go; stopped before the door is closed */
    struct feed *feed;
    struct host *host;
    struct identity *identity;
    /* Tells what is unusual, for status requests. Thread: the door's. */
    void (*health)(void *context, struct health *ret_health);
    void *health_context;
};

/* Binds and starts the door's thread. STATUS_BUSY (the port is taken), STATUS_DENIED (not loopback),
 * STATUS_INVALID (not an address). */
MUST_USE enum status native_door_open(const struct native_door_options *options,
                                      struct native_door **ret_door, struct error *error);
/* Stops the thread. The writer must have answered everything before. Accepts a pointer to NULL. */
void native_door_close(struct native_door **door);
/* The bound ADDRESS:PORT; lives as long as the door. */
const char *native_door_address(const struct native_door *door);

#endif
