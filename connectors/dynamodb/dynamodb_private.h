/* The inside of the DynamoDB door, for this folder's files. Everything runs on the door's thread unless it says so. */
#ifndef DYNAMODB_PRIVATE_H
#define DYNAMODB_PRIVATE_H

#include "aws/failure.h"
#include "aws/model.h"
#include "base/buffer.h"
#include "base/random.h"
#include "codec/json.h"
#include "codec/pack.h"
#include "dynamodb/bounds.h"
#include "dynamodb/dynamodb.h"
#include "feed/feed.h"
#include "gate/gate.h"
#include "json.h"
#include "net/http.h"

struct dynamodb_door {
    struct dynamodb_door_options options;
    struct http_server *server;
    struct gate_view *view;
    struct random random;          /* of request ids, which are no secret */
    int64_t date_s;                /* of `date` */
    char date[40];                 /* as HTTP has it */
    struct deleted_table *deleted; /* those that are shown DELETING for a while (deleted.c) */
};

/* One request. Lives in its exchange's arena. */
struct call {
    struct dynamodb_door *door;
    struct http_exchange *exchange;
    struct arena *arena;
    const struct aws_operation *operation;
    const struct value *input;
    struct bytes region;
    struct bytes account;
    struct bytes principal;
    struct aws_failure failure;
    struct gate_outcome outcome;       /* of a write, when it came back; its images are kept in the arena */
    void (*finish)(struct call *call); /* what follows a write, on the door's thread */
    void *state;                       /* what finish wants to know */
    bool is_waiting;                   /* the answer comes later */
};

/* --- answers (call.c) ------------------------------------------------------------------------------------------- */

/* Notes why the call fails; returns STATUS_INVALID. The first failure counts. */
enum status call_fail(struct call *call, enum aws_failure_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A message of the layers below, as DynamoDB's failure. */
enum status call_fail_error(struct call *call, enum status status, const char *text);
enum status call_fail_no_table(struct call *call); /* of requests about items */
enum status call_fail_no_named_table(struct call *call, struct bytes table);
/* Sends the answer, or the failure. Takes the call; the body is copied. */
void call_reply(struct call *call, const struct buffer *body);
void call_reply_failure(struct call *call);

/* Members of the request, or of a part of it. Absent ones are NULL, empty, false or the fallback. */
const struct value *member_of(const struct value *map, const char *name);
struct bytes text_of(const struct value *map, const char *name);
bool boolean_of(const struct value *map, const char *name);
int64_t integer_of(const struct value *map, const char *name, int64_t fallback);
bool text_is(struct bytes text, const char *word);

/* The name in TableName, which may be an ARN. */
struct bytes call_table_name(struct call *call, const struct value *map);
/* The table's schema; the failure is that of requests about items. */
struct bytes table_of_arn(struct bytes name); /* a name is its own */
enum status call_table(struct call *call, struct bytes table, const struct schema **ret_schema);

/* Sets region, account and principal (authorise.c). */
enum status call_authorise(struct call *call);

/* --- writes (write.c) ------------------------------------------------------------------------------------------- */

/* Whether this write is to meet a conflict that one writer never has: for tests of clients (--dynamodb-conflict-percent). */
bool conflict_is_feigned(struct call *call);
/* Hands changes to the gate; `finish` is called with call->outcome set. A failure that is known at once is the call's
 * failure, of change *ret_change. */
enum status call_submit(struct call *call, const struct gate_change *changes, size_t count,
                        struct bytes token, struct hash128 token_hash, void (*finish)(struct call *call),
                        size_t *ret_change);
/* What gate_table_… functions get. */
struct gate_request call_request(struct call *call, void (*finish)(struct call *call));

/* --- attribute values (attribute.c) ----------------------------------------------------------------------------- */

/* A typed JSON value as a value. NULL, or the text of the ValidationException. */
const char *attribute_read(struct arena *arena, const struct value *json, struct value *ret_value);
/* A map of them: an item, or a key. */
enum status attributes_read(struct call *call, const struct value *json, struct value *ret_item);
void attribute_put(struct buffer *body, const struct value *value);
/* {"name":{"S":…},…} */
void attributes_put(struct buffer *body, const struct value *item);
/* The same from an image as it is stored. */
void attributes_put_image(struct buffer *body, struct bytes image, struct arena *arena);
struct value item_of_image(struct bytes image, struct arena *arena);

/* --- keys (key.c) ----------------------------------------------------------------------------------------------- */

/* Whether `key` has exactly the key attributes of the table, of the right types and sizes. */
enum status key_check(struct call *call, const struct schema *schema, const struct value *key);
/* Whether an item to be put has its key attributes. */
enum status key_check_item(struct call *call, const struct schema *schema, const struct value *item);
size_t schema_key_count(const struct schema *schema);
const struct key_column *schema_key_column(const struct schema *schema, size_t i);
const char *key_type_letter(enum type_kind kind);
/* The key attributes of an item. */
struct value key_of_item(const struct schema *schema, const struct value *item, struct arena *arena);

/* --- properties of tables and indexes (properties.c) ------------------------------------------------------------ */

struct value properties_decode(struct bytes properties, struct arena *arena);
struct bytes properties_encode(const struct value *properties, struct arena *arena);
/* *map with a member set, or (value NULL) left out; the old one is not changed. */
void map_set_member(struct value *map, const char *name, const struct value *value, struct arena *arena);
struct value value_of_word(const char *word);

/* --- tables (tables.c, create.c, update.c, describe.c) ---------------------------------------------------------- */

void describe_table(struct call *call, const struct schema *schema, const char *status, struct buffer *body);
void describe_keys(struct buffer *body, const struct key_column *partition, size_t partition_count,
                   const struct key_column *clustering, size_t clustering_count);
struct bytes table_arn(struct call *call, struct bytes table, struct arena *arena);
/* "2026-11-21T08:15:30.123" */
const char *stream_label_text(int64_t time_us, struct arena *arena);
struct bytes stream_arn(struct call *call, struct bytes table, struct bytes label);

/* The table of that name, for requests about tables; the system's own are not found. */
enum status table_own(struct call *call, struct bytes name, const struct schema **ret_schema);
const char *table_status(struct call *call, const struct schema *schema); /* "ACTIVE" … */
void table_reply_description(struct call *call, const char *member, const struct schema *schema,
                             const char *status);
/* Gives the table other properties, and what else differs between `current` and `next`. */
enum status table_alter(struct call *call, const struct schema *current, struct schema *next,
                        const struct value *properties, void (*finish)(struct call *call));
/* With --dynamodb-delay-ms: remembers the answer of a DeleteTable, and gives it again until the delay is over; NULL: it is. */
void deleted_remember(struct dynamodb_door *door, struct bytes table, const struct buffer *answer);
const struct buffer *deleted_find(struct dynamodb_door *door, struct bytes table);
void deleted_reset(struct dynamodb_door *door);
const char *table_id(struct arena *arena); /* a random UUID */
/* Makes the table that `input` describes; `import`: the id of the import that fills it, or NULL. Sets *ret_schema at once. */
enum status table_create(struct call *call, const struct value *input, const char *import,
                         struct schema *ret_schema, void (*finish)(struct call *call));
/* Whether an import still brings items to a table (import.c). */
bool import_is_running(struct call *call, struct bytes id);
/* Whether a job still brings rows to a table (recovery.c). */
bool restore_is_running(struct call *call, int64_t job);
/* A backup, which no request may name. */
bool table_is_backup(const struct schema *schema);
enum status tags_check(struct call *call, const struct value *tags);
/* A finish for operations without an answer of their own. */
void reply_empty(struct call *call);

/* Key schema, attribute definitions, projections and throughput of a table or index that is to be made. */
enum status create_check(struct call *call, const struct value *input);
enum status create_schema(struct call *call, const struct value *input, struct schema *ret_schema);
enum status create_index(struct call *call, const struct value *index, const struct value *definitions,
                         bool is_local, struct index_schema *ret_index);
enum status create_check_index(struct call *call, const struct value *index, const struct value *definitions);
enum status create_check_throughput(struct call *call, const struct value *holder, bool is_on_demand,
                                    struct bytes index);
/* Streams of a table, as its properties list them. */
enum status stream_switch(struct call *call, const struct schema *schema, uint32_t version,
                          const struct value *specification, struct value *properties);

/* --- expressions of a request (expressions.c, legacy.c) --------------------------------------------------------- */

struct expressions {
    struct placeholders placeholders;
    struct expression_options options;
    const struct condition *condition;
    const struct condition *filter;
    struct key_term *key_terms;
    size_t key_terms_count;
    const struct update *update;
    const struct projection *projection;
    bool has_key_condition;
};

/* Reads and checks all expressions that `map` has, and what belongs to them; legacy parameters become the same
 * forms. */
enum expression_kind {
    EXPRESSION_KIND_CONDITION = 1,
    EXPRESSION_KIND_UPDATE = 2,
    EXPRESSION_KIND_FILTER = 4,
    EXPRESSION_KIND_KEY = 8,
    EXPRESSION_KIND_PROJECTION = 16,
};
/* First half: placeholders and what may not stand together; second half: the texts. Item values are judged between. */
enum status expressions_prepare(struct call *call, const struct value *map, unsigned kinds,
                                struct expressions *ret_expressions);
enum status expressions_parse(struct call *call, const struct value *map, unsigned kinds,
                              struct expressions *expressions);
enum status legacy_parse(struct call *call, const struct value *map, unsigned kinds,
                         struct expressions *expressions);

/* --- consumed capacity (capacity.c) ----------------------------------------------------------------------------- */

/* What one table's part of a request cost. */
struct capacity {
    struct bytes table; /* as the request named it */
    const struct schema *schema;
    bool is_write;
    bool is_detailed; /* transactions tell reads and writes apart */
    double table_units;
    double *index_units; /* one per index of the schema; NULL: none */
};

enum capacity_wanted {
    CAPACITY_NONE,
    CAPACITY_TOTAL,
    CAPACITY_INDEXES,
};

enum capacity_wanted capacity_wanted(const struct value *input);
double capacity_read_units(size_t bytes, bool is_consistent);
double capacity_write_units(size_t bytes);
/* The attributes of an item that an index holds. */
struct value index_projected(const struct schema *schema, const struct index_schema *index,
                             const struct value *item, struct arena *arena);
/* Adds what a write from `old` to `new` (NULL: none) costs. */
void capacity_add_write(struct capacity *capacity, const struct value *old, const struct value *new,
                        double factor, struct arena *arena);
/* Appends {"TableName":…}. */
void capacity_put(struct buffer *body, const struct capacity *capacity, enum capacity_wanted wanted);

/* --- items (items.c) --------------------------------------------------------------------------------------------- */

/* STATUS_NOT_FOUND: there is none, and no failure is noted. *ret_bytes is its size before the projection (or NULL). */
enum status item_find(struct call *call, const struct schema *schema, const struct value *key,
                      const struct projection *projection, struct value *ret_item, size_t *ret_bytes);
bool metrics_wanted(const struct value *input, const struct schema *schema, struct arena *arena);
void metrics_put(struct buffer *body, const struct schema *schema, const struct value *key,
                 struct arena *arena);
/* The failure of a condition, with the item when it is wanted. */
void condition_failure(struct call *call, bool wants_item, bool had_old, struct bytes old_image);
const char *update_text(const char *text);

/* --- operations: each answers the call, or returns its failure -------------------------------------------------- */

#define DYNAMODB_OPERATIONS(X)                                                                               \
    X(CreateTable, tables_create)                                                                            \
    X(DescribeTable, tables_describe)                                                                        \
    X(ListTables, tables_list)                                                                               \
    X(UpdateTable, tables_update)                                                                            \
    X(DeleteTable, tables_delete)                                                                            \
    X(TagResource, tags_add)                                                                                 \
    X(UntagResource, tags_remove)                                                                            \
    X(ListTagsOfResource, tags_list)                                                                         \
    X(UpdateTimeToLive, expiry_update)                                                                       \
    X(DescribeTimeToLive, expiry_describe)                                                                   \
    X(DescribeContinuousBackups, recovery_describe)                                                          \
    X(UpdateContinuousBackups, recovery_update)                                                              \
    X(RestoreTableToPointInTime, recovery_restore)                                                           \
    X(ExportTableToPointInTime, exports_start)                                                               \
    X(DescribeExport, exports_describe)                                                                      \
    X(ListExports, exports_list)                                                                             \
    X(ImportTable, imports_start)                                                                            \
    X(DescribeImport, imports_describe)                                                                      \
    X(ListImports, imports_list)                                                                             \
    X(CreateBackup, backups_create)                                                                          \
    X(DescribeBackup, backups_describe)                                                                      \
    X(ListBackups, backups_list)                                                                             \
    X(DeleteBackup, backups_delete)                                                                          \
    X(RestoreTableFromBackup, backups_restore)                                                               \
    X(DescribeLimits, account_limits)                                                                        \
    X(DescribeEndpoints, account_endpoints)                                                                  \
    X(PutResourcePolicy, policies_put)                                                                       \
    X(GetResourcePolicy, policies_get)                                                                       \
    X(DeleteResourcePolicy, policies_delete)                                                                 \
    X(UpdateContributorInsights, insights_update)                                                            \
    X(DescribeContributorInsights, insights_describe)                                                        \
    X(ListContributorInsights, insights_list)                                                                \
    X(DescribeKinesisStreamingDestination, kinesis_describe)                                                 \
    X(EnableKinesisStreamingDestination, kinesis_change)                                                     \
    X(DisableKinesisStreamingDestination, kinesis_change)                                                    \
    X(UpdateKinesisStreamingDestination, kinesis_change)                                                     \
    X(ListGlobalTables, global_list)                                                                         \
    X(DescribeGlobalTable, global_find)                                                                      \
    X(UpdateGlobalTable, global_find)                                                                        \
    X(DescribeGlobalTableSettings, global_find)                                                              \
    X(UpdateGlobalTableSettings, global_find)                                                                \
    X(CreateGlobalTable, global_create)                                                                      \
    X(DescribeTableReplicaAutoScaling, global_scaling)                                                       \
    X(UpdateTableReplicaAutoScaling, global_scaling)                                                         \
    X(ListStreams, streams_list)                                                                             \
    X(DescribeStream, streams_describe)                                                                      \
    X(GetShardIterator, streams_iterator)                                                                    \
    X(GetRecords, streams_records)                                                                           \
    X(PutItem, items_put)                                                                                    \
    X(GetItem, items_get)                                                                                    \
    X(UpdateItem, items_update)                                                                              \
    X(DeleteItem, items_delete)                                                                              \
    X(Query, pages_query)                                                                                    \
    X(Scan, pages_scan)                                                                                      \
    X(BatchGetItem, batch_get)                                                                               \
    X(BatchWriteItem, batch_write)                                                                           \
    X(TransactWriteItems, transactions_write)                                                                \
    X(TransactGetItems, transactions_get)

#define DYNAMODB_DECLARE(name, function) enum status function(struct call *call);
DYNAMODB_OPERATIONS(DYNAMODB_DECLARE)
#undef DYNAMODB_DECLARE

#endif
