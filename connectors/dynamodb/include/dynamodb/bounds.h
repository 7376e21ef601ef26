/* Limits of the DynamoDB door: DynamoDB's own. */
#ifndef DYNAMODB_BOUNDS_H
#define DYNAMODB_BOUNDS_H

enum {
    DYNAMODB_BODY_BYTES_MAX = 17 * 1024 * 1024, /* of a request; over it: 413 */
    DYNAMODB_ITEM_BYTES_MAX = 400 * 1024,       /* as document_bytes counts */
    DYNAMODB_PARTITION_KEY_BYTES_MAX = 2048,
    DYNAMODB_SORT_KEY_BYTES_MAX = 1024,
    DYNAMODB_PAGE_BYTES_MAX = 1024 * 1024, /* of items looked at by one Query or Scan */
    DYNAMODB_BATCH_GET_ITEMS_MAX = 100,
    DYNAMODB_BATCH_WRITE_ITEMS_MAX = 25,
    DYNAMODB_BATCH_GET_BYTES_MAX = 16 * 1024 * 1024,
    DYNAMODB_TRANSACTION_ITEMS_MAX = 100,
    DYNAMODB_TRANSACTION_BYTES_MAX = 4 * 1024 * 1024,
    DYNAMODB_SEGMENTS_MAX = 1000000, /* of a parallel scan */
    DYNAMODB_GLOBAL_INDEXES_MAX = 20,
    DYNAMODB_LOCAL_INDEXES_MAX = 5,
    DYNAMODB_INDEX_KEY_ATTRIBUTES_MAX = 4, /* of each of an index's two keys */
    DYNAMODB_TAGS_MAX = 50,
    DYNAMODB_STREAM_RECORDS_MAX = 1000,      /* of one GetRecords */
    DYNAMODB_STREAM_BYTES_MAX = 1024 * 1024, /* of one GetRecords */
    DYNAMODB_STREAM_MS_MAX = 50,             /* that GetRecords looks for records */
    DYNAMODB_STREAM_HOURS = 24,              /* that a stream's records can be read */
    DYNAMODB_ITERATOR_MINUTES = 15,          /* that a shard iterator is good for */
    DYNAMODB_STREAMS_MAX = 32,               /* remembered of one table */
    DYNAMODB_STATEMENT_BYTES_MAX = 8192,     /* of a PartiQL statement */
    DYNAMODB_BATCH_STATEMENTS_MAX = 25,
    DYNAMODB_STATEMENT_DEPTH_MAX = 100,     /* parentheses, NOT, functions and containers inside each other */
    DYNAMODB_STATEMENT_ORDERS_MAX = 8,      /* attributes of ORDER BY: an index's key */
    DYNAMODB_STATEMENT_PATHS_MAX = 100,     /* of a projection */
    DYNAMODB_STATEMENT_PARTITIONS_MAX = 50, /* values of IN on a partition key */
    DYNAMODB_STATEMENT_PAGE_ITEMS_MAX = 10, /* of a page with IN on a partition key */
};

#endif
