/* Limits of the DynamoDB door: DynamoDB's own. */
#ifndef DYNAMODB_BOUNDS_H
#define DYNAMODB_BOUNDS_H

enum {
    DYNAMODB_BODY_BYTES_MAX = 16 * 1024 * 1024, /* of a request; over it: 413 */
    DYNAMODB_ITEM_BYTES_MAX = 400 * 1024,       /* as document_bytes counts */
    DYNAMODB_ITEM_DEPTH_MAX = 32,               /* levels of an item: itself, and maps and lists inside */
    DYNAMODB_EXPRESSION_VALUES_BYTES_MAX = 2 * 1024 * 1024, /* of one expression's values, with their names */
    DYNAMODB_ATTRIBUTE_NAME_BYTES_MAX = 65535,
    DYNAMODB_PARTITION_KEY_BYTES_MAX = 2048,
    DYNAMODB_SORT_KEY_BYTES_MAX = 1024,
    DYNAMODB_INLINE_ROWS = 256,            /* looked at on the door's thread, and their bytes, … */
    DYNAMODB_INLINE_BYTES = 128 * 1024,    /* … before a read goes to the reader pool */
    DYNAMODB_PAGE_BYTES_MAX = 1024 * 1024, /* of items looked at by one Query or Scan */
    DYNAMODB_BATCH_GET_ITEMS_MAX = 100,
    DYNAMODB_BATCH_WRITE_ITEMS_MAX = 25,
    DYNAMODB_BATCH_GET_BYTES_MAX = 16 * 1024 * 1024,
    DYNAMODB_TRANSACTION_ITEMS_MAX = 100,
    DYNAMODB_TRANSACTION_BYTES_MAX = 4 * 1024 * 1024,
    DYNAMODB_SEGMENTS_MAX = 1000000, /* of a parallel scan */
    DYNAMODB_GLOBAL_INDEXES_MAX = 20,
    DYNAMODB_LOCAL_INDEXES_MAX = 5,
    DYNAMODB_PROJECTED_MAX = 100,          /* NonKeyAttributes of all of a table's indexes */
    DYNAMODB_INDEX_KEY_ATTRIBUTES_MAX = 4, /* of each of an index's two keys */
    DYNAMODB_TAGS_MAX = 50,
    DYNAMODB_STREAM_LIST_MAX = 100,          /* streams, or shards, of one answer */
    DYNAMODB_STREAM_RECORDS_MAX = 1000,      /* of one GetRecords */
    DYNAMODB_STREAM_BYTES_MAX = 1024 * 1024, /* of one GetRecords */
    DYNAMODB_STREAM_MS_MAX = 50,             /* that GetRecords looks for records */
    DYNAMODB_STREAM_HOURS = 24,              /* that a stream's records can be read */
    DYNAMODB_ITERATOR_MINUTES = 15,          /* that a shard iterator is good for */
    DYNAMODB_STREAMS_MAX = 32,               /* remembered of one table */
    DYNAMODB_BURST_SECONDS = 300,            /* of unused provisioned throughput that can be used later */
    DYNAMODB_STATEMENT_BYTES_MAX = 8192,     /* of a PartiQL statement */
    DYNAMODB_BATCH_STATEMENTS_MAX = 25,
    DYNAMODB_STATEMENT_DEPTH_MAX = 100,     /* parentheses, NOT, functions and containers inside each other */
    DYNAMODB_STATEMENT_ORDERS_MAX = 8,      /* attributes of ORDER BY: an index's key */
    DYNAMODB_STATEMENT_PATHS_MAX = 100,     /* of a projection */
    DYNAMODB_STATEMENT_PARTITIONS_MAX = 50, /* values of IN on a partition key */
    DYNAMODB_STATEMENT_PAGE_ITEMS_MAX = 10, /* of a page with IN on a partition key */
    DYNAMODB_TRANSFERS_WAITING_MAX = 50, /* exports and imports that wait; over it: LimitExceededException */
    DYNAMODB_TRANSFERS_KEPT_MAX =
        1000, /* exports, and imports, that are remembered; the oldest that ended are forgotten */
    DYNAMODB_TRANSFER_LIST_MAX = 25,    /* of one ListExports or ListImports */
    DYNAMODB_TRANSFER_TOKEN_HOURS = 8,  /* that a client token stands for the same export or import */
    DYNAMODB_TRANSFER_REPORT_MS = 1000, /* between two notes of how far one is */
    DYNAMODB_TRANSFER_RECORD_BYTES_MAX = 1024 * 1024, /* what is remembered of one */
    DYNAMODB_EXPORT_FILE_BYTES = 16 * 1024 * 1024,    /* compressed, after which a next data file is begun */
    DYNAMODB_EXPORT_KEYS_MAX = 1000000, /* changed items of an incremental export; over it the export fails */
    DYNAMODB_EXPORT_KEYS_BYTES_MAX = 256 * 1024 * 1024, /* of their keys, which are kept in memory */
    DYNAMODB_IMPORT_FILES_MAX = 50000,                  /* under one prefix; over it the import fails */
    DYNAMODB_IMPORT_LINE_BYTES_MAX = 4 * 1024 * 1024,   /* a longer line is an error */
    DYNAMODB_IMPORT_PIECE_BYTES = 256 * 1024,           /* read of a file at a time */
    DYNAMODB_IMPORT_TEXT_BYTES = 1024 * 1024,           /* decoded at a time */
    DYNAMODB_IMPORT_ITEMS_MAX = 100,                    /* of one transaction */
    DYNAMODB_IMPORT_BYTES_MAX = 1024 * 1024,            /* lines of one transaction, and one line more */
    DYNAMODB_IMPORT_ERRORS_MAX = 10000, /* written down of one import; more are counted only */
    DYNAMODB_IMPORT_COLUMNS_MAX = 1024, /* of a CSV file */
};

#endif
