/* liboxbow: a client of the native protocol. One connection, used by one thread.
 *
 * Requests are written piece by piece into a buffer (codec/pack.h) as the map of fields that wire/wire.h names. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"
#include "wire/wire.h"

struct client;

/* Connects when first used. STATUS_INVALID: not ADDRESS:PORT. */
MUST_USE enum status client_open(const char *address, int timeout_ms, struct client **ret_client,
                                 struct error *error);
/* Another connection to the same server, which shares `client`'s input and output thread and must be closed before it. For
 * one thread with many connections; see client_wait. */
struct client *client_open_beside(struct client *client);
void client_close(struct client **client); /* accepts a pointer to NULL */
/* Waits until one of the clients has something to receive. STATUS_TIMEOUT. */
MUST_USE enum status client_wait(struct client *const *clients, size_t count, int timeout_ms, bool *ret_ready,
                                 struct error *error);

/* Sends a request without waiting for more than the connection; *ret_id names it in the answers. STATUS_CLOSED: nobody
 * listens there, and nothing was sent. STATUS_TIMEOUT: no more is taken. */
MUST_USE enum status client_send(struct client *client, enum wire_type type, const struct buffer *body,
                                 uint64_t *ret_id, struct error *error);
/* Sends more under an id that is in use (credit for a subscription). Errors as before. */
MUST_USE enum status client_send_again(struct client *client, enum wire_type type, uint64_t id,
                                       const struct buffer *body, struct error *error);
/* Waits for the next message from the server, whichever request it answers. The tree is in `arena`, which is cleared
 * first. An answer that is an error gives its status and text. STATUS_TIMEOUT; STATUS_UNKNOWN, once: the connection was lost, and
 * with it the answers to all that was sent before, and the subscriptions. */
MUST_USE enum status client_receive(struct client *client, int timeout_ms, struct arena *arena,
                                    uint64_t *ret_id, struct value *ret_body, struct error *error);
/* Sends and waits for the answer. What a write that got none came to is not known; the error says so. */
MUST_USE enum status client_request(struct client *client, enum wire_type type, const struct buffer *body,
                                    struct arena *arena, struct value *ret_body, struct error *error);

#endif
