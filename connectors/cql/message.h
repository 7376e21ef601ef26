/* Requests, decoded. */
#ifndef CQL_MESSAGE_DECODE_H
#define CQL_MESSAGE_DECODE_H

#include "cql/message.h"
#include "envelope.h"

/* Decodes the plain body of a request. What follows what the protocol names is ignored, as Cassandra does.
 * STATUS_INVALID: to be answered with Protocol error and this text. */
MUST_USE enum status cql__message_decode(const struct envelope *envelope, struct bytes body,
                                         struct arena *arena, struct cql_message *ret_message,
                                         struct error *error);

#endif
