/* The DynamoDB door: DynamoDB's and DynamoDB Streams' APIs, JSON 1.0 over HTTP/1.1. DESIGN §12; Amazon DynamoDB API
 * Reference, version 2012-08-10. */
#ifndef DYNAMODB_DYNAMODB_H
#define DYNAMODB_DYNAMODB_H

#include <stdint.h>

#include "net/endpoint.h"

struct dynamodb_door;
struct dynamodb_doors;
struct dynamodb_transfer;
struct feed;
struct gate;
struct gate_readers;
struct identity;

/* What all DynamoDB doors of a server have in common: throughput that was used, and tables that are being deleted. */
struct dynamodb_doors *dynamodb_doors_create(void);
/* After its doors were closed. Accepts a pointer to NULL. */
void dynamodb_doors_destroy(struct dynamodb_doors **doors);

struct dynamodb_door_options {
    struct net_endpoint
        endpoint; /* beyond loopback every request has to be signed, by an access key that there is */
    struct dynamodb_door
        *leader; /* another one, with that endpoint, whose clients it shares (http_server_options.leader) */
    struct dynamodb_doors *doors; /* outlives it */
    struct gate *gate;
    struct gate_readers *readers; /* where long reads go; stopped before the door is closed */
    struct feed *feed;
    struct identity *identity; /* whose signatures count; without access keys any well-formed one does */
    uint32_t timeline;         /* of the database: part of sequence numbers */
    uint8_t secret[32];        /* authenticates shard iterators; the same after a restart */
    uint64_t stream_shards;    /* that a stream has when it is enabled, 1 to 16 */
    bool throttles;            /* provisioned throughput is enforced */
    uint64_t delay_ms;         /* that a table stays CREATING, UPDATING or DELETING; 0: none */
    struct dynamodb_transfer *transfer; /* exports and imports; NULL: they are refused */
    uint64_t
        conflict_percent; /* of transactions answered TransactionConflict, for tests of clients; 0: none */
};

/* Errors as of http_server_open. */
MUST_USE enum status dynamodb_door_open(const struct dynamodb_door_options *options,
                                        struct dynamodb_door **ret_door, struct error *error);
/* Accepts a pointer to NULL. Every write was answered before. */
void dynamodb_door_close(struct dynamodb_door **door);
/* Reads certificate and key again (http_server_reload). Thread: any. */
MUST_USE enum status dynamodb_door_reload(struct dynamodb_door *door, struct error *error);
const char *dynamodb_door_address(const struct dynamodb_door *door);

/* Exports and imports of tables, with the directory as their S3: one for all doors, with a thread of its own. */
struct dynamodb_transfer_options {
    const char *directory; /* of this server alone; holds buckets; made when it is not there */
    struct gate *gate;
    struct feed *feed;
};
/* STATUS_IO, STATUS_FULL … of the directory. What a crash interrupted is noted as failed. */
MUST_USE enum status dynamodb_transfer_open(const struct dynamodb_transfer_options *options,
                                            struct dynamodb_transfer **ret_transfer, struct error *error);
/* What is under way ends as failed, and no more begins; before the writer is closed. Accepts NULL. */
void dynamodb_transfer_stop(struct dynamodb_transfer *transfer);
/* After the doors that use it. Accepts a pointer to NULL. */
void dynamodb_transfer_close(struct dynamodb_transfer **transfer);

#endif
