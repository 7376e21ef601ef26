/* Limits of tables and rows. */
#ifndef ROW_BOUNDS_H
#define ROW_BOUNDS_H

enum {
    TABLE_NAME_BYTES_MAX = 255,       /* DynamoDB's; Cassandra's 48 + 48 fit */
    COLUMN_NAME_BYTES_MAX = 255,      /* of a key column */
    PARTITION_COLUMNS_MAX = 16,       /* columns of a partition key */
    CLUSTERING_COLUMNS_MAX = 16,      /* columns of a sort (clustering) key */
    PARTITION_BYTES_MAX = 65535,      /* Cassandra's; DynamoDB's 2,048 is the door's own limit */
    CLUSTERING_BYTES_MAX = 65535,     /* all clustering columns of a row, as encoded */
    PARTITION_INLINE_BYTES_MAX = 128, /* longer partition keys appear in storage keys as a hash */
    COLUMNS_MAX = 4096,               /* of a wide table, besides its key */
    ROW_BYTES_MAX = 16 * 1024 * 1024, /* image of one row; over it: STATUS_TOO_LARGE */
    SCHEMA_BYTES_MAX = 256 * 1024,
    INDEXES_MAX = 64, /* secondary indexes of a table; DynamoDB's 20 + 5 are the door's own limit */
    SCHEMA_PROPERTIES_BYTES_MAX = 64 * 1024, /* what doors remember with a table or an index */
};

#endif
