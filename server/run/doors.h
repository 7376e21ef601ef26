/* The DynamoDB and CQL doors: each plain and with TLS, and each with as many threads as `door-threads` says. The first thread of a
 * door listens and gives every one of them a client in turn. */
#ifndef RUN_DOORS_H
#define RUN_DOORS_H

#include "configuration.h"

struct doors;
struct dynamodb_transfer;
struct evaluator;
struct feed;
struct gate;
struct gate_readers;
struct identity;
struct roles;

/* What they serve; borrowed until they are closed. */
struct doors_options {
    const struct configuration *configuration;
    const struct log_identity *database;
    struct gate *gate;
    struct gate_readers *readers;
    struct feed *feed;
    struct evaluator *evaluator;
    struct identity *identity;
    struct roles *roles;                /* NULL: there are none */
    struct dynamodb_transfer *transfer; /* NULL: there is none */
};

/* Opens those that the configuration has. Errors as of the doors; doors_close follows in any case. */
MUST_USE enum status doors_open(const struct doors_options *options, struct doors **ret_doors,
                                struct error *error);
/* After everything that they wait for has answered. Accepts a pointer to NULL. */
void doors_close(struct doors **doors);
/* Reads certificate and key again; what cannot be used is told, and the old stays. */
void doors_reload(struct doors *doors);
/* Where one of the four listens; "off". */
const char *doors_address(const struct doors *doors, enum door door);

#endif
