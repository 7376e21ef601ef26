/* What requests are answered with (native protocol v5, section 4.2, and what v3 and v4 have otherwise). */
#ifndef CQL_ANSWER_H
#define CQL_ANSWER_H

#include "cql/message.h"
#include "value/type.h"

enum {
    CQL_UUID_BYTES = 16,
    CQL_ID_BYTES = 16, /* of a prepared statement, and of its result's metadata: MD5 */
};

/* Section 8. */
enum cql_code {
    CQL_SERVER_ERROR = 0x0000,
    CQL_PROTOCOL_ERROR = 0x000A,
    CQL_AUTHENTICATION_ERROR = 0x0100,
    CQL_UNAVAILABLE = 0x1000, /* consistency, required, received: that are alive */
    CQL_OVERLOADED = 0x1001,
    CQL_IS_BOOTSTRAPPING = 0x1002,
    CQL_TRUNCATE_ERROR = 0x1003,
    CQL_WRITE_TIMEOUT = 0x1100,    /* consistency, received, required, write_type, contentions */
    CQL_READ_TIMEOUT = 0x1200,     /* consistency, received, required, has_data */
    CQL_READ_FAILURE = 0x1300,     /* consistency, received, required, failures, has_data */
    CQL_FUNCTION_FAILURE = 0x1400, /* keyspace, name, arguments */
    CQL_WRITE_FAILURE = 0x1500,    /* consistency, received, required, failures, write_type */
    CQL_CDC_WRITE_FAILURE = 0x1600,
    CQL_CAS_WRITE_UNKNOWN = 0x1700, /* consistency, received, required */
    CQL_SYNTAX_ERROR = 0x2000,
    CQL_UNAUTHORIZED = 0x2100,
    CQL_INVALID = 0x2200,
    CQL_CONFIG_ERROR = 0x2300,
    CQL_ALREADY_EXISTS = 0x2400, /* keyspace, name: of the table, or empty */
    CQL_UNPREPARED = 0x2500,     /* id */
};

/* An ERROR. Members that the code does not name are ignored. */
struct cql_failure {
    enum cql_code code;
    struct bytes message;
    uint16_t consistency;
    int32_t received;
    int32_t required;
    const char
        *write_type; /* "SIMPLE", "BATCH", "UNLOGGED_BATCH", "COUNTER", "BATCH_LOG", "CAS", "VIEW", "CDC" */
    uint16_t contentions; /* of "CAS" */
    bool has_data;
    const struct cql_failed_replica *failures; /* v3 has none of them, v4 their number only */
    size_t failures_count;
    struct bytes keyspace;
    struct bytes name;
    const struct bytes *arguments; /* types as CQL writes them */
    size_t arguments_count;
    struct bytes id;
};

struct cql_failed_replica {
    struct bytes host; /* 4 or 16 bytes */
    uint16_t reason;
};

/* A column of a result, or a marker of a prepared statement. */
struct cql_column_spec {
    struct bytes keyspace;
    struct bytes table;
    struct bytes name;
    const struct type *type;
};

struct cql_metadata {
    const struct cql_column_spec *columns;
    size_t count;
};

/* A page of rows. */
struct cql_rows {
    const struct cql_metadata *metadata;
    size_t count;
    struct bytes cells; /* count × metadata->count [bytes], one row after another */
    bool has_more;
    struct bytes paging_state; /* has_more */
};

/* "CREATED", "UPDATED", "DROPPED" of "KEYSPACE", "TABLE", "TYPE", "FUNCTION", "AGGREGATE"; an index is its table's. */
struct cql_schema_change {
    const char *change;
    const char *target;
    struct bytes keyspace;
    struct bytes name;             /* of a keyspace: ignored */
    const struct bytes *arguments; /* of functions and aggregates: types as CQL writes them */
    size_t arguments_count;
};

/* A prepared statement as the client sees it. */
struct cql_prepared {
    uint8_t id[CQL_ID_BYTES];
    uint8_t result_id[CQL_ID_BYTES]; /* since v5 */
    bool is_qualified; /* names the keyspaces of its tables: its id does not depend on the one in use */
    struct cql_metadata variables; /* its markers */
    const uint16_t *key_markers;   /* for each partition key column the marker that binds it; v4 and later */
    size_t key_markers_count;      /* 0: some column has none */
    struct cql_metadata result;    /* no columns: it gives no rows, or which is known only then (LWT) */
};

#endif
