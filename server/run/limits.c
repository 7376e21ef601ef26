/* `oxbow limits`: every bound in force, and the relations between them that must hold. */
#include <stdio.h>

#include "aws/bounds.h"
#include "base/diagnostic.h"
#include "catalog/bounds.h"
#include "codec/bounds.h"
#include "command/bounds.h"
#include "cql/bounds.h"
#include "dynamodb/bounds.h"
#include "environment/bounds.h"
#include "evaluate/bounds.h"
#include "expression/bounds.h"
#include "feed/bounds.h"
#include "fold/bounds.h"
#include "gate/bounds.h"
#include "gate/health.h"
#include "history/bounds.h"
#include "host/bounds.h"
#include "identity/bounds.h"
#include "job/bounds.h"
#include "local/bounds.h"
#include "log/bounds.h"
#include "mapping/bounds.h"
#include "native/bounds.h"
#include "net/bounds.h"
#include "pool/bounds.h"
#include "protocol/bounds.h"
#include "read/bounds.h"
#include "role/bounds.h"
#include "row/bounds.h"
#include "run_private.h"
#include "scrub/bounds.h"
#include "segment/bounds.h"
#include "statement/bounds.h"
#include "syntax/bounds.h"
#include "value/bounds.h"
#include "value/value.h"
#include "wire/wire.h"

_Static_assert((int)GATE_ITEM_BYTES_MAX < (int)WIRE_MESSAGE_BYTES_MAX, "an item fits a message");
_Static_assert((int)GATE_ITEM_BYTES_MAX < (int)TRANSACTION_BYTES_MAX, "an item fits a transaction");
_Static_assert(2 * (int)ROW_BYTES_MAX + 2 * (int)PARTITION_BYTES_MAX + 2 * (int)CLUSTERING_BYTES_MAX <
                   (int)FRAME_PAYLOAD_BYTES_MAX - (int)FRAME_AROUND_BYTES,
               "the largest record fits a frame");
_Static_assert((int)ROW_BYTES_MAX < (int)ENVIRONMENT_VALUE_BYTES_MAX, "the largest row fits the store");
_Static_assert((int)FRAME_PAYLOAD_BYTES_MAX + (int)FRAME_HEADER_BYTES_MAX + (int)SEGMENT_BLOCK_BYTES_AIM <
                   (int)SEGMENT_BLOCK_BYTES_MAX,
               "the largest frame fits a block");
_Static_assert((int)GATE_CHANGES_MAX == (int)FOLD_CHANGES_MAX, "what the gate takes the writer takes");
_Static_assert((int)NATIVE_WRITES_MAX < (int)FOLD_QUEUE_ENTRIES_MAX,
               "one door cannot fill the writer's queue");
_Static_assert((int)FUNCTION_EFFECTS_MAX < (int)FOLD_CHANGES_MAX, "effects and a cursor fit a transaction");
_Static_assert((int)FUNCTION_EFFECT_BYTES_MAX < (int)PROTOCOL_MESSAGE_BYTES_MAX, "effects fit a message");
_Static_assert((int)MAPPING_BATCH_BYTES_MAX + (int)GATE_ITEM_BYTES_MAX < (int)PROTOCOL_MESSAGE_BYTES_MAX,
               "a batch fits an event");
_Static_assert(4 * (int)CLUSTERING_BYTES_MAX + 4096 < (int)ENVIRONMENT_KEY_BYTES_MAX,
               "an index entry with two escaped sort keys fits the store");
_Static_assert(2 * (int)TYPE_DEPTH_MAX <= (int)VALUE_DEPTH_MAX,
               "values of the deepest type can be stored, sets and tuples being two levels there");
_Static_assert((int)TYPE_VECTOR_BYTES_MAX <= (int)ROW_BYTES_MAX, "the largest vector fits a row");
_Static_assert((int)MAPPING_PARKED_BYTES_MAX + 32 * 1024 < (int)GATE_ITEM_BYTES_MAX,
               "a parked batch fits an item");
_Static_assert((int)NATIVE_WRITES_MAX < (int)NATIVE_REPLIES_MAX, "answers of all writes under way fit");

_Static_assert((int)DYNAMODB_ITEM_BYTES_MAX < (int)GATE_ITEM_BYTES_MAX, "the door's items fit the gate");
_Static_assert((int)DYNAMODB_TRANSACTION_ITEMS_MAX <= (int)FOLD_CHANGES_MAX,
               "the door's transactions fit the store");
_Static_assert((int)DYNAMODB_IMPORT_ITEMS_MAX <= (int)FOLD_CHANGES_MAX,
               "an import's transactions fit the store");
_Static_assert((int)DYNAMODB_ITEM_BYTES_MAX < (int)DYNAMODB_IMPORT_LINE_BYTES_MAX, "an item fits a line");

_Static_assert((int)CQL_RESULT_BYTES_MAX < (int)CQL_BODY_BYTES_MAX, "the largest result fits a body");
_Static_assert((int)EVALUATE_MESSAGE_BYTES_MAX < (int)PROTOCOL_MESSAGE_BYTES_MAX,
               "a message of calls fits one to a worker");
_Static_assert((int)EVALUATE_SOURCE_BYTES_MAX < (int)FUNCTION_SOURCE_BYTES_MAX,
               "a body fits a function's source");
_Static_assert((int)EVALUATE_DEADLINE_MS <= (int)FUNCTION_DEADLINE_MS_MAX,
               "a message of calls ends as functions do");
_Static_assert((int)CQL_SKIP_ROWS < (int)READ_PAGE_SCAN_ROWS_MAX,
               "rows are skipped within a page of the store");

struct limit {
    const char *name;
    long long value;
    const char *unit;
};

static const struct limit limits[] = {
    {"threads for long reads", GATE_READERS_MAX, "at most, one a processor"},
    {"threads for long reads", GATE_READERS_MIN, "at least"},
    {"slow-operation log, subject", GATE_SLOW_SUBJECT_BYTES, "bytes"},
    {"slow-operation log, lines in a second", GATE_SLOW_LINES_MAX, "lines; others are counted"},
    {"slow-operation log, default", GATE_SLOW_MS_DEFAULT, "ms"},
    {"slow-operation log, most", GATE_SLOW_MS_MAX, "ms"},
    {"diagnostic, message", DIAGNOSTIC_MESSAGE_BYTES_MAX, "bytes"},
    {"diagnostic, line", DIAGNOSTIC_LINE_BYTES_MAX, "bytes"},
    {"conditions told at a time", HEALTH_CONDITIONS_MAX, "conditions"},
    {"item", GATE_ITEM_BYTES_MAX, "bytes as encoded"},
    {"value", CODEC_VALUE_BYTES_MAX, "bytes as encoded"},
    {"nesting of an item", VALUE_DEPTH_MAX, "levels"},
    {"number, significant digits", NUMBER_DIGITS_MAX, "digits"},
    {"number, largest exponent", NUMBER_EXPONENT_MAX, ""},
    {"number, smallest exponent", NUMBER_EXPONENT_MIN, ""},
    {"decimal of any length", DECIMAL_TEXT_BYTES_MAX, "bytes of text"},
    {"decimal of any length, exponent", DECIMAL_EXPONENT_MAX, "either way"},
    {"type, nesting", TYPE_DEPTH_MAX, "levels"},
    {"type, parts", TYPE_NODES_MAX, "types in one"},
    {"type, fields of a tuple or UDT", TYPE_FIELDS_MAX, "fields"},
    {"type, name of a UDT or field", TYPE_NAME_BYTES_MAX, "bytes"},
    {"type, elements of a vector", TYPE_DIMENSION_MAX, "elements"},
    {"type, vector of fixed elements", TYPE_VECTOR_BYTES_MAX, "bytes"},
    {"type, as text", TYPE_TEXT_BYTES_MAX, "bytes"},
    {"table name", TABLE_NAME_BYTES_MAX, "bytes"},
    {"key column name", COLUMN_NAME_BYTES_MAX, "bytes"},
    {"partition key columns", PARTITION_COLUMNS_MAX, "columns"},
    {"sort key columns", CLUSTERING_COLUMNS_MAX, "columns"},
    {"partition key", PARTITION_BYTES_MAX, "bytes"},
    {"partition key, stored as it is", PARTITION_INLINE_BYTES_MAX, "bytes; of longer ones a hash"},
    {"whole key as stored", ENVIRONMENT_KEY_BYTES_MAX, "bytes"},
    {"tables", CATALOG_TABLES_MAX, "tables"},
    {"secondary indexes of a table", INDEXES_MAX, "indexes"},
    {"properties of a table or index", SCHEMA_PROPERTIES_BYTES_MAX, "bytes"},
    {"schema of a table", SCHEMA_BYTES_MAX, "bytes as encoded"},
    {"expression", EXPRESSION_TEXT_BYTES_MAX, "bytes of text"},
    {"expression, operators", EXPRESSION_OPERATORS_MAX, "operators and functions"},
    {"expression, operands of IN", EXPRESSION_OPERANDS_MAX, "operands"},
    {"expression, nesting", EXPRESSION_DEPTH_MAX, "levels"},
    {"expression, path", EXPRESSION_PATH_ELEMENTS_MAX, "elements"},
    {"expression, copied by an update", EXPRESSION_COPIES_MAX, "members of lists and maps"},
    {"update, actions", EXPRESSION_ACTIONS_MAX, "actions"},
    {"transaction, changes", FOLD_CHANGES_MAX, "changes"},
    {"transaction, planned while its table changes", GATE_PLANS_MAX, "times"},
    {"rows that leave with their deletion, others later", FOLD_DELETE_ROWS_MAX, "rows"},
    {"the same", FOLD_DELETE_BYTES_MAX, "bytes"},
    {"rows of a step of a backfill or purge", FOLD_STEP_ROWS_MAX, "rows"},
    {"replay, transaction of the store", FOLD_REPLAY_RECORDS_MAX, "records"},
    {"replay, transaction of the store", FOLD_REPLAY_BYTES_MAX, "bytes"},
    {"token is remembered", FOLD_TOKEN_SECONDS, "seconds"},
    {"page, rows", READ_PAGE_ROWS_MAX, "rows"},
    {"page, rows looked at", READ_PAGE_SCAN_ROWS_MAX, "rows"},
    {"page", READ_PAGE_BYTES_MAX, "bytes, and one row more"},
    {"scrub, looked at in a step", SCRUB_ROWS_MAX, "rows, entries or values"},
    {"scrub, looked at in a step", SCRUB_BYTES_MAX, "bytes of them"},
    {"scrub, position", SCRUB_POSITION_BYTES_MAX, "bytes"},
    {"history page", HISTORY_PAGE_RECORDS_MAX, "records"},
    {"back to a transaction's beginning, at first", GATE_TRANSACTION_STEP, "records"},
    {"JSON text", CODEC_JSON_BYTES_MAX, "bytes"},
    {"JSON text, nesting", CODEC_JSON_DEPTH_MAX, "levels"},
    {"message", WIRE_MESSAGE_BYTES_MAX, "bytes"},
    {"transaction", TRANSACTION_BYTES_MAX, "bytes of records"},
    {"transaction, rows as they were", FOLD_OLD_BYTES_MAX, "bytes"},
    {"batch", FOLD_BATCH_WRITES_MAX, "writes"},
    {"wait for a batch's other writes", FOLD_GATHER_US_MAX, "us"},
    {"writes of a batch that has others waited for", FOLD_GATHER_WRITES_MIN, "writes lately"},
    {"batch", FOLD_BATCH_BYTES_MAX, "bytes"},
    {"the same, with the rows as they were", FOLD_BATCH_HELD_BYTES_MAX, "bytes"},
    {"writes waiting", FOLD_QUEUE_ENTRIES_MAX, "writes"},
    {"native door, rows looked at before a scan goes to the pool", NATIVE_INLINE_ROWS, "rows"},
    {"native door, bytes of them", NATIVE_INLINE_BYTES, "bytes"},
    {"native door, tables of an answer", NATIVE_TABLES_PER_REPLY_MAX, "tables"},
    {"native door, records looked at between requests", NATIVE_PUMP_RECORDS_MAX, "records"},
    {"native door, the same for each subscription", NATIVE_PUMP_RECORDS_MIN, "records at least"},
    {"native door, progress of a subscription", NATIVE_PROGRESS_MS, "ms between messages"},
    {"topics, name that a subscriber asks for", NATIVE_TOPIC_BYTES_MAX, "bytes"},
    {"native door, answers that clients do not take", NATIVE_BACKLOG_BYTES_MAX,
     "bytes of all, beyond 1,000 answers each"},
    {"native door, the same of one client", NATIVE_BACKLOG_PEER_BYTES_MAX, "bytes, likewise"},
    {"native door, between two looks whether they do", NATIVE_BACKLOG_MS, "ms"},
    {"writes under way, native door", NATIVE_WRITES_MAX, "writes"},
    {"subscriptions", FEED_SUBSCRIPTIONS_MAX, "subscriptions"},
    {"subscriptions, native door", NATIVE_SUBSCRIPTIONS_MAX, "subscriptions"},
    {"credit given at once", FEED_CREDIT_MAX, "records"},
    {"records per message", WIRE_RECORDS_PER_MESSAGE, "records"},
    {"frame of the log, aimed at", FRAME_BYTES_AIM, "bytes"},
    {"frame of the log, records", FRAME_RECORDS_MAX, "records"},
    {"frame of the log, tables", FRAME_TABLES_MAX, "tables"},
    {"frame of the log, tokens", FRAME_TOKENS_MAX, "requests with one"},
    {"frame of the log, header", FRAME_HEADER_BYTES_MAX, "bytes"},
    {"frame of the log, records", FRAME_PAYLOAD_BYTES_MAX, "bytes"},
    {"segment of the log, least", SEGMENT_BYTES_MIN, "bytes"},
    {"segment of the log, most", SEGMENT_BYTES_MAX, "bytes"},
    {"block of a sealed segment, aimed at", SEGMENT_BLOCK_BYTES_AIM, "bytes"},
    {"block of a sealed segment, most", SEGMENT_BLOCK_BYTES_MAX, "bytes"},
    {"footer of a sealed segment", SEGMENT_FOOTER_BYTES_MAX, "bytes"},
    {"key in a segment's index", SEGMENT_KEY_BYTES_MAX, "bytes; of longer ones a hash at the end"},
    {"segments", LOCAL_SEGMENTS_MAX, "segments"},
    {"segments prepared for a batch", LOCAL_SPARES_MAX, "segments"},
    {"entries of merged key indexes verified at a time", LOCAL_CHECK_ENTRIES_MAX, "entries"},
    {"disk kept back for deletes", LOCAL_DISK_RESERVE_SEGMENTS, "segments"},
    {"history kept, most", LOCAL_RETENTION_DAYS, "days"},
    {"history removed per hour of uptime", LOCAL_TRIM_DAYS_PER_HOUR, "hours"},
    {"wall clock ahead of the boot clock; nothing is removed", LOCAL_TRIM_AHEAD_HOURS_MAX, "hours"},
    {"function name", FUNCTION_NAME_BYTES_MAX, "bytes"},
    {"function, sources", FUNCTION_SOURCE_BYTES_MAX, "bytes"},
    {"function, modules", FUNCTION_MODULES_MAX, "modules"},
    {"function, versions", HOST_VERSIONS_MAX, "versions"},
    {"function, time, default", FUNCTION_DEADLINE_MS_DEFAULT, "ms"},
    {"function, time, most", FUNCTION_DEADLINE_MS_MAX, "ms"},
    {"function, memory, default", FUNCTION_MEMORY_BYTES_DEFAULT, "bytes"},
    {"function, memory, least", FUNCTION_MEMORY_BYTES_MIN, "bytes"},
    {"function, memory, most", FUNCTION_MEMORY_BYTES_MAX, "bytes"},
    {"function, writes of an invocation", FUNCTION_EFFECTS_MAX, "writes"},
    {"function, writes of an invocation", FUNCTION_EFFECT_BYTES_MAX, "bytes"},
    {"function, reads of an invocation", FUNCTION_READS_MAX, "reads"},
    {"function, result of a query", FUNCTION_QUERY_BYTES_MAX, "bytes"},
    {"function, looked at by a query", FUNCTION_QUERY_PAGES_MAX, "MiB"},
    {"function, log lines of an invocation", FUNCTION_LINES_MAX, "lines"},
    {"function, log line", FUNCTION_LINE_BYTES_MAX, "bytes; the rest is cut"},
    {"function, result, nesting", FUNCTION_DEPTH_MAX, "tables"},
    {"function, event or result", PROTOCOL_MESSAGE_BYTES_MAX, "bytes"},
    {"worker processes", POOL_WORKERS_MAX, "processes"},
    {"worker process, idle before it ends", POOL_IDLE_SECONDS, "seconds"},
    {"worker process, to start and load", POOL_LOAD_MS, "ms"},
    {"wait for a free worker", POOL_WAIT_MS, "ms"},
    {"deployments and invocations waiting", HOST_TASKS_MAX, "tasks"},
    {"mappings", MAPPINGS_MAX, "mappings"},
    {"mapping, batch", MAPPING_BATCH_MAX, "records"},
    {"mapping, event that is kept when it is parked", MAPPING_PARKED_BYTES_MAX,
     "bytes; larger ones are in the log"},
    {"mapping, retries", MAPPING_RETRIES_MAX, "retries"},
    {"mapping, wait before a retry, most", MAPPING_BACKOFF_MS_MAX, "ms"},
    {"function, conflicts before one is a failure", MAPPING_CONFLICTS_MAX, "invocations"},
    {"functions after each other", MAPPING_HOPS_MAX, "hops"},
    {"connections of a thread of a door", NET_CONNECTIONS_MAX, "connections"},
    {"HTTP head", NET_HEADER_BYTES_MAX, "bytes"},
    {"HTTP headers", NET_HEADERS_MAX, "headers"},
    {"HTTP read behind a request being served", NET_AHEAD_BYTES, "bytes, and one read more"},
    {"HTTP bodies of a thread of a door", NET_BODIES_BYTES_MAX, "bytes; beyond that large ones hear 503"},
    {"HTTP body that is taken even then", NET_BODY_BYTES_GRANTED, "bytes"},
    {"HTTP idle connection", NET_IDLE_MS, "ms"},
    {"handshake of a stream", NET_HANDSHAKE_MS, "ms"},
    {"answers of a connection not taken; nothing is read", NET_UNSENT_BYTES, "bytes"},
    {"the same; the connection closes", NET_UNSENT_BYTES_MAX, "bytes"},
    {"the same of all connections of a thread", NET_UNSENT_ALL_BYTES_MAX,
     "bytes; over it the least closes one"},
    {"answers of a door made and not yet sent", NET_REPLIES_MAX, "answers"},
    {"HTTP request until it is whole", NET_REQUEST_MS, "ms"},
    {"access keys", IDENTITY_CREDENTIALS_MAX, "keys"},
    {"name of a principal", IDENTITY_NAME_BYTES_MAX, "bytes"},
    {"roles", ROLES_MAX, "roles"},
    {"role, name", ROLE_NAME_BYTES_MAX, "bytes"},
    {"role, granted to one", ROLE_MEMBER_OF_MAX, "roles"},
    {"permissions", ROLE_GRANTS_MAX, "of a role on a resource"},
    {"permissions, resource", ROLE_RESOURCE_BYTES_MAX, "bytes"},
    {"role, rows changed by a statement", ROLE_CHANGES_MAX, "rows"},
    {"password", ROLE_PASSWORD_BYTES_MAX, "bytes"},
    {"password, looked at by bcrypt", ROLE_PASSWORD_BYTES_USED, "bytes, the first"},
    {"password, rounds of a hash made here", ROLE_ROUNDS_LOG2, "as a power of 2"},
    {"password, rounds of a hash from elsewhere", ROLE_ROUNDS_LOG2_MAX, "as a power of 2"},
    {"passwords waiting to be hashed", ROLE_PASSWORDS_WAITING_MAX, "passwords"},
    {"AWS signature, clock against ours", AWS_SKEW_SECONDS_MAX, "seconds"},
    {"AWS signature, life of a presigned one", AWS_EXPIRES_SECONDS_MAX, "seconds"},
    {"AWS signature, Authorization header", AWS_AUTHORIZATION_BYTES_MAX, "bytes"},
    {"AWS signature, signed headers", AWS_SIGNED_HEADERS_MAX, "headers"},
    {"AWS signature, query parameters", AWS_QUERY_PARAMETERS_MAX, "parameters"},
    {"AWS request, of a refused value in the message", AWS_TOLD_BYTES_MAX, "bytes, the first"},
    {"HTTP after the last answer, read on", NET_LINGER_MS, "ms"},
    {"HTTP answer, least that is compressed", NET_COMPRESS_BYTES_MIN, "bytes"},
    {"certificate, told of before its end", NET_CERTIFICATE_NOTICE_DAYS, "days"},
    {"threads of a door beside the one that listens", NET_FOLLOWERS_MAX, "threads"},
    {"clients given to such a thread and not yet taken", NET_GIVEN_MAX, "clients"},
    {"DynamoDB, request", DYNAMODB_BODY_BYTES_MAX, "bytes"},
    {"DynamoDB, item", DYNAMODB_ITEM_BYTES_MAX, "bytes as DynamoDB counts"},
    {"DynamoDB, nesting of an item", DYNAMODB_ITEM_DEPTH_MAX, "levels, the item's own among them"},
    {"DynamoDB, values of expressions", DYNAMODB_EXPRESSION_VALUES_BYTES_MAX, "bytes, with their names"},
    {"DynamoDB, name of an attribute", DYNAMODB_ATTRIBUTE_NAME_BYTES_MAX, "bytes"},
    {"DynamoDB, partition key", DYNAMODB_PARTITION_KEY_BYTES_MAX, "bytes"},
    {"DynamoDB, sort key", DYNAMODB_SORT_KEY_BYTES_MAX, "bytes"},
    {"DynamoDB, rows looked at before a read goes to the pool", DYNAMODB_INLINE_ROWS, "rows"},
    {"DynamoDB, bytes of them", DYNAMODB_INLINE_BYTES, "bytes"},
    {"DynamoDB, page of Query or Scan", DYNAMODB_PAGE_BYTES_MAX, "bytes of items looked at"},
    {"DynamoDB, BatchGetItem", DYNAMODB_BATCH_GET_ITEMS_MAX, "items"},
    {"DynamoDB, BatchGetItem", DYNAMODB_BATCH_GET_BYTES_MAX, "bytes"},
    {"DynamoDB, BatchWriteItem", DYNAMODB_BATCH_WRITE_ITEMS_MAX, "items"},
    {"DynamoDB, transaction", DYNAMODB_TRANSACTION_ITEMS_MAX, "items"},
    {"DynamoDB, transaction", DYNAMODB_TRANSACTION_BYTES_MAX, "bytes"},
    {"DynamoDB, segments of a Scan", DYNAMODB_SEGMENTS_MAX, "segments"},
    {"DynamoDB, global indexes", DYNAMODB_GLOBAL_INDEXES_MAX, "indexes"},
    {"DynamoDB, local indexes", DYNAMODB_LOCAL_INDEXES_MAX, "indexes"},
    {"DynamoDB, attributes of an index's key", DYNAMODB_INDEX_KEY_ATTRIBUTES_MAX, "of either kind"},
    {"DynamoDB, attributes projected by name", DYNAMODB_PROJECTED_MAX, "of all indexes"},
    {"DynamoDB, tags", DYNAMODB_TAGS_MAX, "tags"},
    {"DynamoDB, GetRecords", DYNAMODB_STREAM_RECORDS_MAX, "records"},
    {"DynamoDB, GetRecords", DYNAMODB_STREAM_BYTES_MAX, "bytes"},
    {"DynamoDB, GetRecords", DYNAMODB_STREAM_MS_MAX, "ms of looking"},
    {"DynamoDB, stream", DYNAMODB_STREAM_HOURS, "hours"},
    {"DynamoDB, streams remembered", DYNAMODB_STREAMS_MAX, "of a table"},
    {"DynamoDB, streams or shards of an answer", DYNAMODB_STREAM_LIST_MAX, "a page"},
    {"DynamoDB, shard iterator", DYNAMODB_ITERATOR_MINUTES, "minutes"},
    {"DynamoDB, burst of provisioned throughput", DYNAMODB_BURST_SECONDS, "seconds"},
    {"DynamoDB, PartiQL statement", DYNAMODB_STATEMENT_BYTES_MAX, "bytes"},
    {"DynamoDB, PartiQL, nesting", DYNAMODB_STATEMENT_DEPTH_MAX, "levels"},
    {"DynamoDB, PartiQL, ORDER BY", DYNAMODB_STATEMENT_ORDERS_MAX, "attributes"},
    {"DynamoDB, PartiQL, projection", DYNAMODB_STATEMENT_PATHS_MAX, "paths"},
    {"DynamoDB, PartiQL, IN on a partition key", DYNAMODB_STATEMENT_PARTITIONS_MAX, "values"},
    {"DynamoDB, PartiQL, page of such an IN", DYNAMODB_STATEMENT_PAGE_ITEMS_MAX, "items"},
    {"DynamoDB, BatchExecuteStatement", DYNAMODB_BATCH_STATEMENTS_MAX, "statements"},
    {"DynamoDB, exports and imports waiting", DYNAMODB_TRANSFERS_WAITING_MAX, "transfers"},
    {"DynamoDB, exports or imports remembered", DYNAMODB_TRANSFERS_KEPT_MAX, "of each"},
    {"DynamoDB, ListExports, ListImports", DYNAMODB_TRANSFER_LIST_MAX, "a page"},
    {"DynamoDB, token of an export or import", DYNAMODB_TRANSFER_TOKEN_HOURS, "hours"},
    {"DynamoDB, progress of an export or import", DYNAMODB_TRANSFER_REPORT_MS, "ms between notes"},
    {"DynamoDB, record of an export or import", DYNAMODB_TRANSFER_RECORD_BYTES_MAX, "bytes"},
    {"DynamoDB, export, data file", DYNAMODB_EXPORT_FILE_BYTES, "bytes compressed, and a page more"},
    {"DynamoDB, export, changed items", DYNAMODB_EXPORT_KEYS_MAX, "items"},
    {"DynamoDB, export, keys of changed items", DYNAMODB_EXPORT_KEYS_BYTES_MAX, "bytes"},
    {"DynamoDB, import, files", DYNAMODB_IMPORT_FILES_MAX, "files"},
    {"DynamoDB, import, line", DYNAMODB_IMPORT_LINE_BYTES_MAX, "bytes"},
    {"DynamoDB, import, read at a time", DYNAMODB_IMPORT_PIECE_BYTES, "bytes"},
    {"DynamoDB, import, decoded at a time", DYNAMODB_IMPORT_TEXT_BYTES, "bytes"},
    {"DynamoDB, import, transaction", DYNAMODB_IMPORT_ITEMS_MAX, "items"},
    {"DynamoDB, import, transaction", DYNAMODB_IMPORT_BYTES_MAX, "bytes of lines, and one line more"},
    {"DynamoDB, import, errors written down", DYNAMODB_IMPORT_ERRORS_MAX, "errors"},
    {"DynamoDB, import, columns of CSV", DYNAMODB_IMPORT_COLUMNS_MAX, "columns"},
    {"columns of a wide table", COLUMNS_MAX, "columns besides the key"},
    {"CQL, body of a request", CQL_BODY_BYTES_MAX, "bytes, also as decompressed"},
    {"CQL, body before a client said who it is", CQL_STARTUP_BYTES_MAX, "bytes"},
    {"CQL, bodies of requests of a thread", CQL_BODIES_BYTES_MAX, "bytes; large ones are then Overloaded"},
    {"CQL, string of a message", CQL_STRING_BYTES_MAX, "bytes; longer errors are cut"},
    {"CQL, body that is taken even then", CQL_BODY_BYTES_GRANTED, "bytes"},
    {"CQL, requests of a connection at a time", CQL_REQUESTS_MAX, "requests"},
    {"CQL, answer, least that is compressed", CQL_COMPRESS_BYTES_MIN, "bytes"},
    {"CQL, prepared statements", CQL_PREPARED_MAX, "statements"},
    {"CQL, prepared statements", CQL_PREPARED_BYTES_MAX, "bytes of their texts"},
    {"CQL, batch, warned of", CQL_BATCH_WARN_BYTES, "bytes of keys and values over several partitions"},
    {"CQL, batch", CQL_BATCH_BYTES_MAX, "bytes of keys and values over several partitions"},
    {"CQL, unlogged batch, warned of", CQL_BATCH_PARTITIONS_WARN, "partitions"},
    {"CQL, traces", CQL_TRACES_KEPT, "requests, the latest"},
    {"CQL, statement in a trace", CQL_TRACE_TEXT_BYTES_MAX, "bytes"},
    {"CQL, options of a client that are told", CQL_CLIENT_OPTIONS_BYTES_MAX, "bytes"},
    {"CQL, wrong passwords", CQL_AUTHENTICATIONS_MAX, "of a connection"},
    {"CQL, partitions that IN names", CQL_COMBINATIONS_MAX, "partitions, or ranges of rows in each"},
    {"CQL, rows looked at before a read goes to the pool", CQL_INLINE_ROWS, "rows"},
    {"CQL, the same while reads wait for the pool", CQL_INLINE_ROWS_BUSY, "rows"},
    {"CQL, reads that the pool has of a thread", CQL_READS_MAX, "reads; more of them wait"},
    {"CQL, page, rows looked at", CQL_PAGE_SCANNED_MAX, "rows"},
    {"CQL, page", CQL_PAGE_SCANNED_BYTES_MAX, "bytes looked at, and a page of the store more"},
    {"CQL, rows skipped one by one", CQL_SKIP_ROWS, "of a partition whose rest is not wanted"},
    {"CQL, result that is not paged, or a page", CQL_RESULT_BYTES_MAX, "bytes"},
    {"CQL, evaluating a row, or values", CQL_EVALUATED_BYTES_MAX, "bytes, before it takes more"},
    {"CQL, functions of users, calls for a page", CQL_FUNCTION_CALLS_MAX, "calls"},
    {"CQL, functions of users, for a page", CQL_FUNCTION_BYTES_MAX, "bytes of rows and arguments"},
    {"CQL, functions of users, for values of a request", CQL_FUNCTION_VALUES_MAX, "calls"},
    {"functions of values, at a time", EVALUATE_THREADS, "requests"},
    {"functions of values, waiting", EVALUATE_JOBS_MAX, "requests"},
    {"functions of values, a message of calls", EVALUATE_DEADLINE_MS, "milliseconds"},
    {"functions of values, memory", EVALUATE_MEMORY_BYTES, "bytes"},
    {"functions of values, message that is full", EVALUATE_MESSAGE_BYTES, "bytes of arguments"},
    {"functions of values, message", EVALUATE_MESSAGE_BYTES_MAX, "bytes"},
    {"functions of values, body", EVALUATE_SOURCE_BYTES_MAX, "bytes"},
    {"functions of values, result, nesting", EVALUATE_DEPTH_MAX, "tables"},
    {"functions of values, text of a failure", EVALUATE_TEXT_BYTES, "bytes"},
    {"CQL, signature, clock against ours", CQL_SIGNATURE_SKEW_S, "seconds"},
    {"CQL, statement", CQL_STATEMENT_BYTES_MAX, "bytes"},
    {"CQL, statement, markers", CQL_MARKERS_MAX, "markers"},
    {"CQL, statement, terms", CQL_NODES_MAX, "terms and members of lists"},
    {"CQL, statement, properties", CQL_PROPERTIES_MAX, "properties"},
    {"CQL, UPDATE, assignments", CQL_ASSIGNMENTS_MAX, "assignments"},
    {"CQL, statement, nesting of terms", CQL_TERM_DEPTH_MAX, "levels"},
    {"CQL, statement, nesting of all else", CQL_STACK_MAX, "states of the parser"},
    {"CQL, timestamp of a write against the clock", CQL_TIMESTAMP_SKEW_S, "seconds; over it a warning"},
    {"restore, rows of a transaction", JOB_RESTORE_ROWS_MAX, "rows; fewer where segments are small"},
    {"restore, bytes of a transaction", JOB_RESTORE_BYTES_MAX, "bytes, and a row more"},
    {"deletion of many rows, rows of a transaction", JOB_CLEAR_ROWS_MAX, "rows, likewise"},
    {"deletion of many rows, bytes of a transaction", JOB_CLEAR_BYTES_MAX, "bytes, likewise"},
    {"expiry, items of a transaction", JOB_EXPIRE_ROWS_MAX, "items, likewise"},
    {"expiry, longest past that is looked at", JOB_EXPIRE_SECONDS_MAX, "seconds"},
    {"expiry, between two looks, least", JOB_SWEEP_MS_MIN, "ms"},
    {"expiry, between two looks, most", JOB_SWEEP_MS_MAX, "ms"},
    {"changes in memory, before they go to the store, default", ENVIRONMENT_MEMTABLE_BYTES,
     "bytes (--memtable-bytes)"},
    {"changes in memory, before they go to the store, least", ENVIRONMENT_MEMTABLE_BYTES_MIN, "bytes"},
    {"changes in memory, before they go to the store", ENVIRONMENT_MEMTABLE_ENTRIES,
     "rows and index entries"},
    {"changes in memory, at which a write waits", ENVIRONMENT_MEMTABLES_HELD,
     "times as many, or as many bytes"},
    {"readers of the store at a time", ENVIRONMENT_READERS_MAX, "transactions"},
    {"pages looked at for the use of the store", ENVIRONMENT_PAGES_MS_MAX, "ms; then they are counted only"},
    {"pieces in which the store is written back", ENVIRONMENT_WRITEBACK_WINDOWS_MAX, "pieces"},
    {"clock against boot clock", FOLD_CLOCK_DIVERGENCE_SECONDS_MAX, "seconds"},
    {"clock behind the last commit at start", FOLD_CLOCK_BEHIND_SECONDS_MAX, "seconds"},
    {"clock ahead of the last commit at start", FOLD_CLOCK_AHEAD_DAYS_MAX, "days"},
    {"the same; over it nothing is removed for its age", FOLD_CLOCK_DOUBT_HOURS_MAX, "hours"},
    {"command line, words", COMMAND_WORDS_MAX, "words besides options"},
    {"command line, wait for an answer", COMMAND_TIMEOUT_MS, "ms"},
    {"command line, the same of an import", COMMAND_IMPORT_TIMEOUT_MS, "ms"},
    {"command line, line of an import", COMMAND_LINE_BYTES_MAX, "bytes"},
    {"command line, columns of CSV", COMMAND_IMPORT_COLUMNS_MAX, "columns"},
    {"command line, puts of an import under way", COMMAND_IMPORT_UNDER_WAY_MAX, "puts"},
    {"command line, Lua file", COMMAND_SOURCE_BYTES_MAX, "bytes"},
    {"command line, between two looks of top, least", COMMAND_TOP_INTERVAL_MS_MIN, "ms"},
    {"command line, between two looks of top, most", COMMAND_TOP_INTERVAL_MS_MAX, "ms"},
    {"command line, operations that top shows", COMMAND_TOP_ROWS_MAX, "operations"},
};

int limits_main(int count, char **arguments)
{
    if (count > 0) {
        bool is_help = count == 1 && strcmp(arguments[0], "--help") == 0;
        (void)fprintf(is_help ? stdout : stderr,
                      "usage: oxbow limits\n\nPrints every limit, with its unit.\n");
        return is_help ? 0 : 2;
    }
    for (size_t i = 0; i < ARRAY_COUNT(limits); i++) {
        (void)printf("%-58s %12lld %s\n", limits[i].name, limits[i].value, limits[i].unit);
    }
    return 0;
}
