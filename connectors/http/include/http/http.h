/* The HTTP door: what a person, a load balancer and Prometheus ask. DESIGN §12.
 *
 *   GET /         what this is          GET /ready    200 when it takes writes, otherwise 503; JSON that tells what is unusual
 *   GET /health   200: it is alive      GET /metrics  Prometheus text format 0.0.4 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "net/endpoint.h"

struct http_door;
struct health;

struct http_door_options {
    struct net_endpoint endpoint;
    /* Tells what is unusual. Thread: the door's. */
    void (*health)(void *context, struct health *ret_health);
    void *context;
};

/* Errors as of http_server_open. */
MUST_USE enum status http_door_open(const struct http_door_options *options, struct http_door **ret_door,
                                    struct error *error);
void http_door_close(struct http_door **door); /* accepts a pointer to NULL */
const char *http_door_address(const struct http_door *door);

#endif
