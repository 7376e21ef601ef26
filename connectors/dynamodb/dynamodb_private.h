/* The inside of the DynamoDB door, for this folder's files. Everything runs on the door's thread unless it says so. */
#ifndef DYNAMODB_PRIVATE_H
#define DYNAMODB_PRIVATE_H

#include <pthread.h>

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
    bool is_remote; /* others than this machine can connect: every request has to be signed */
    struct gate_view *view;
    struct buffer headers; /* of the answer at hand */
    struct random random;  /* of request ids, which are no secret */
};

struct dynamodb_doors {
    pthread_mutex_t mutex;
    struct map *buckets;           /* of throttle.c; NULL: none yet */
    struct deleted_table *deleted; /* those that are shown DELETING for a while (deleted.c) */
};

struct wide_table;
struct fanout;

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
    struct fanout *fanout;             /* writes of their own under way (fanout.c) */
    bool is_waiting;                   /* the answer comes later */
    struct wide_table *wide_tables;    /* those of CQL that it names, as they are shown (wide.c) */
    size_t measured;                   /* 1 + number of the operation in DYNAMODB_OPERATIONS; 0: none */
    int64_t began_us;
};

/* --- answers (call.c) ------------------------------------------------------------------------------------------- */

/* Notes why the call fails; returns STATUS_INVALID. The first failure counts. */
enum status call_fail(struct call *call, enum aws_failure_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A message of the layers below, as DynamoDB's failure. */
enum status call_fail_error(struct call *call, enum status status, const char *text);
enum status call_fail_no_table(struct call *call); /* of requests about items */
enum status call_fail_no_named_table(struct call *call, struct bytes table);
/* For metrics: when a request came, which operation it is, and that it is answered under the id that its client is told
 * (measure.c). */
struct metric *measure_connections(void); /* the gauge of those that are open */
void measure_begin(struct call *call);
void measure_operation(struct call *call, size_t operation);
void measure_end(struct call *call, const char *request_id);
/* Sends the answer, whose buffer is taken, or the failure. Takes the call. */
void call_reply(struct call *call, struct buffer *body);
void call_reply_failure(struct call *call);
/* Answers what is no request of this API at all, with the page that the service has for it. */
void call_reply_unknown(struct call *call);
/* In a finish: whether the store refused the write; the failure is then sent. */
bool call_was_refused(struct call *call);

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
/* The same, where nothing but a table of the request's region may be meant: the ARN of a part of it, or of anything else, stays
 * what it is, for call_fail_arn. The account is not looked at: who may come in may do everything. */
struct bytes table_named(struct call *call, struct bytes name);
struct bytes table_named_anywhere(struct bytes name); /* the same, of any region */
bool name_is_arn(struct bytes name);
bool arn_is_elsewhere(struct call *call, struct bytes arn); /* that of a table in another region */
enum status call_fail_arn(struct call *call, struct bytes arn);
enum status call_table(struct call *call, struct bytes table, const struct schema **ret_schema);

/* Sets region, account and principal (authorise.c). */
enum status call_authorise(struct call *call);

/* --- moments (moment.c) ------------------------------------------------------------------------------------------ */

/* The LSN as of which the request wants to read (headers X-Oxbow-As-Of, X-Oxbow-As-Of-Lsn); 0: now. */
enum status call_as_of(struct call *call, uint64_t *ret_lsn);
/* Seconds since 1970, as requests write times, in microseconds; what is beyond the range is its end. */
int64_t moment_of_seconds(const struct decimal *seconds);
/* Whether the request names a moment that a batch under way may still change; `finish` is then called when that has ended. */
bool call_put_aside(struct call *call, void (*finish)(struct call *call));

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

/* Has `read` run in the reader pool, where everything of the call is its own, and then `finish` on the door's thread
 * (later.c). */
enum status call_read_later(struct call *call, void (*read)(struct call *call, struct gate_view *view),
                            void (*finish)(struct call *call));

/* --- attribute values (attribute.c) ----------------------------------------------------------------------------- */

/* A typed JSON value as a value. NULL, or the text of the ValidationException. */
const char *attribute_read(struct arena *arena, const struct value *json, struct value *ret_value);
/* The same of the name of an attribute of an item. */
const char *attribute_name_check(struct bytes name);
/* A map of them: an item, or a key. */
enum status attributes_read(struct call *call, const struct value *json, struct value *ret_item);
void attribute_put(struct buffer *body, const struct value *value);
/* {"name":{"S":…},…} */
void attributes_put(struct buffer *body, const struct value *item);
/* The same from an image as it is stored. */
void attributes_put_image(struct buffer *body, struct bytes image, struct arena *arena);
struct value item_of_image(struct bytes image, struct arena *arena);

/* --- keys (key.c) ----------------------------------------------------------------------------------------------- */

extern const struct item_bounds dynamodb_item_bounds;
/* Whether `key` has exactly the key attributes of the table, of the right types and sizes. */
enum status key_check(struct call *call, const struct schema *schema, const struct value *key);
/* Only that key attributes which are there are neither empty nor too long. */
enum status key_check_sizes(struct call *call, const struct schema *schema, const struct value *item);
/* Only that the keys of indexes which an item has are not empty. */
enum status key_check_empty(struct call *call, const struct schema *schema, const struct value *item);
/* Whether an item to be put has its key attributes, and fits the keys of indexes. */
enum status key_check_item(struct call *call, const struct schema *schema, const struct value *item);
const char *key_type_letter(enum type_kind kind);
/* The key attributes of an item. */
struct value key_of_item(const struct schema *schema, const struct value *item, struct arena *arena);

/* --- properties of tables and indexes (properties.c) ------------------------------------------------------------ */

struct value properties_decode(struct bytes properties, struct arena *arena);
struct bytes properties_encode(const struct value *properties, struct arena *arena);
/* *map with a member set, or (value NULL) left out; the old one is not changed. */
void map_set_member(struct value *map, const char *name, const struct value *value, struct arena *arena);
/* *map with those members of a map `value` set in its member of that name, which keeps its others. */
void map_merge_member(struct value *map, const char *name, const struct value *value, struct arena *arena);
struct value value_of_word(const char *word);

/* --- tables (tables.c, create.c, update.c, describe.c) ---------------------------------------------------------- */

void describe_table(struct call *call, const struct schema *schema, const char *status, struct buffer *body);
/* SourceTableFeatureDetails of a backup: what its table had besides items. `view`: of its stream, `expires`: the attribute
 * of its time to live; empty: none. */
void describe_features(struct call *call, const struct schema *schema, const struct value *properties,
                       struct bytes view, struct bytes expires, struct buffer *body);
void describe_capacity(struct buffer *body,
                       const struct value *properties); /* ProvisionedThroughput, as asked for */
void describe_expiry(struct buffer *body, struct bytes attribute);
struct bytes stream_view(const struct value *properties);
void describe_keys(struct buffer *body, const struct key_column *partition, size_t partition_count,
                   const struct key_column *clustering, size_t clustering_count);
struct bytes table_arn(struct call *call, struct bytes table, struct arena *arena);
/* "2026-11-21T08:15:30.123" */
const char *stream_label_text(int64_t time_us, struct arena *arena);
struct bytes stream_arn(struct call *call, struct bytes table, struct bytes label);

/* The table of that name as this door shows it; false: there is none that it shows. */
bool table_find(struct call *call, struct bytes name, const struct schema **ret_schema);
/* The same, for requests that only ask about a table. */
enum status table_described(struct call *call, struct bytes name, const struct schema **ret_schema);
/* The same, for requests that change a table: STATUS_UNSUPPORTED when it is one of CQL's. */
enum status table_own(struct call *call, struct bytes name, const struct schema **ret_schema);
/* The same in the words of backups, exports and restores: a TableNotFoundException where there is none. */
enum status table_own_kept(struct call *call, struct bytes name, const struct schema **ret_schema);
const char *table_status(struct call *call, const struct schema *schema); /* "ACTIVE" … */
void table_reply_description(struct call *call, const char *member, const struct schema *schema,
                             const char *status);
/* Gives the table other properties, and what else differs between `current` and `next`. */
enum status table_alter(struct call *call, const struct schema *current, struct schema *next,
                        const struct value *properties, void (*finish)(struct call *call));
/* With --dynamodb-delay-ms: remembers the answer of a DeleteTable, and gives it again until the delay is over; false: it is.
 * *ret_description (may be NULL) is a copy. */
void deleted_remember(struct call *call, struct bytes table, const struct buffer *answer);
bool deleted_find(struct call *call, struct bytes table, struct bytes *ret_description);
void deleted_reset(struct dynamodb_doors *doors);
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
/* A table that this door does not show: the server's, a backup, or one of CQL that is not simple. */
bool table_is_hidden(const struct schema *schema);
/* Whether a table of CQL looks like one of this API: a partition key of one column, at most one clustering column, keys that are
 * texts, bytes or numbers, no static columns and no counters (wide.c). */
bool wide_is_simple(const struct schema *schema);
/* Such a table as this door shows it: without indexes, and billed by request. The same for all of the call. */
const struct schema *wide_shown(struct call *call, const struct schema *schema);
/* Whether rows in the order of their sort key, or in the opposite one, are read against the order that they are stored in. */
bool wide_is_reverse(const struct schema *schema, bool is_descending);
enum status tags_check(struct call *call, const struct value *tags);
/* A finish for operations without an answer of their own. */
void reply_empty(struct call *call);

/* Key schema, attribute definitions, projections and throughput of a table or index that is to be made. */
enum status create_check(struct call *call, const struct value *input);
enum status create_schema(struct call *call, const struct value *input, struct schema *ret_schema);
enum status create_index(struct call *call, const struct value *index, const struct value *definitions,
                         bool is_local, struct index_schema *ret_index);
enum status create_check_index(struct call *call, const struct value *index, const struct value *definitions);
enum status throughput_check_bounds(struct call *call, const struct value *throughput, struct bytes index);
/* Whether a StreamSpecification (or NULL) says of itself what it must, of a table that `is_new` or is there. */
enum status create_check_stream(struct call *call, const struct value *stream, bool is_new);
/* The same of an SSESpecification. */
enum status create_check_encryption(struct call *call, const struct value *encryption);
/* Whether it turns encryption with a key on: what names a type need not say Enabled. */
bool encryption_is_enabled(const struct value *encryption);
/* The ARN of its key, as SSEDescription tells it (describe.c). */
struct bytes encryption_key_arn(struct call *call, const struct value *encryption);
/* Whether this is the UpdateTable that changes how its table is encrypted (update.c). */
bool call_updates_encryption(struct call *call);
/* Whether so many attributes may be projected into indexes by name. */
enum status create_check_projected(struct call *call, size_t count);
/* How many the index names. */
size_t projected_count(const struct value *index);
enum status create_check_throughput(struct call *call, const struct value *holder, bool is_on_demand,
                                    struct bytes index);
/* --- OnDemandThroughput and WarmThroughput (throughput.c) -------------------------------------------------------- */

enum {
    WARM_UNITS_COUNT = 2, /* reads, writes */
};

/* The member of WarmThroughput, and what a table or an index with these properties has of it. */
const char *warm_name(size_t which);
int64_t warm_units(const struct value *properties, size_t which);
/* Whether both, where `holder` has them, are of the right shape. `index` is empty: of the table. */
enum status throughput_check_extras(struct call *call, const struct value *holder, struct bytes index,
                                    bool is_new);
/* A copy of what asks for a table or an index without those of both that say nothing, which the service overlooks. */
struct value throughput_without_empty(const struct value *holder, struct arena *arena);
/* Whether `wanted` (or NULL) is no less than what `now` has, which may have it already. */
enum status warm_check(struct call *call, const struct value *now, const struct value *wanted,
                       struct bytes index);
/* The same of what is made: no less than it has of itself. */
enum status warm_check_first(struct call *call, const struct value *holder, bool is_on_demand,
                             struct bytes index);
/* OnDemandThroughput of what is provisioned. */
enum status on_demand_fail_provisioned(struct call *call, const struct value *throughput, struct bytes index,
                                       bool is_new);
/* Takes maxima of -1 out of the properties: that is how they are removed. */
void on_demand_forget_removed(struct value *properties, struct arena *arena);

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

/* Whether the request, or its throttling, needs to know what it costs. */
bool capacity_is_wanted(const struct call *call);
double capacity_read_units(size_t bytes, bool is_consistent);
double capacity_write_units(size_t bytes);
/* Whether an index with those properties holds the attribute of that name. */
bool index_holds_attribute(const struct schema *schema, const struct index_schema *index,
                           const struct value *properties, struct bytes name);
/* The attributes of an item that an index with those properties holds. */
struct value index_projected(const struct schema *schema, const struct index_schema *index,
                             const struct value *properties, const struct value *item, struct arena *arena);
/* Adds what a write from `old` to `new` (NULL: none) costs; in a transaction the table's part has a `factor` of 2, an index's
 * costs what it does elsewhere. */
void capacity_add_write(struct capacity *capacity, const struct value *old, const struct value *new,
                        double factor, struct arena *arena);
/* Charges what was consumed, and appends ConsumedCapacity when the request asks for it: of one table, or a list. */
void capacity_put_one(struct call *call, const struct capacity *capacity, struct buffer *body);
void capacity_put_all(struct call *call, const struct capacity *capacities, size_t count,
                      struct buffer *body);

/* --- throttling (throttle.c) ------------------------------------------------------------------------------------- */

bool throttle_applies(const struct call *call);
/* Whether a table's, or an index's, provisioned throughput is used up. */
bool throttle_refuses(struct call *call, const struct schema *schema, const struct index_schema *index,
                      bool is_write);
/* The same as a failure; of a write also for every index. */
enum status throttle_check(struct call *call, const struct schema *schema, const struct index_schema *index,
                           bool is_write);
enum status throttle_fail(struct call *call, bool is_index);
void throttle_charge(struct call *call, const struct capacity *capacity);
void throttle_reset(struct dynamodb_doors *doors);

/* --- item collections (collections.c) ----------------------------------------------------------------------------- */

/* ReturnItemCollectionMetrics asks for them, and the table has a local index. */
bool metrics_wanted(const struct value *input, const struct schema *schema, struct arena *arena);
/* `key` may be the whole item. */
void metrics_put(struct buffer *body, const struct schema *schema, const struct value *key,
                 struct arena *arena);
/* What one of several writes touches. */
struct touched_item {
    struct bytes table; /* as the request names it */
    const struct schema *schema;
    const struct value *item; /* or its key */
};
/* The member ItemCollectionMetrics where it is wanted: by table in the order in which tables come first, each collection once. */
void metrics_put_all(struct call *call, const struct touched_item *items, size_t count, struct buffer *body);

/* --- items (items.c) --------------------------------------------------------------------------------------------- */

/* Where items are read. As of an LSN it takes the log, which is the reader pool's work (later.c). */
struct item_source {
    struct gate_view *view; /* the thread's that reads */
    uint64_t as_of;         /* LSN; 0: the present */
};

/* STATUS_NOT_FOUND: there is none, and no failure is noted. *ret_bytes is its size before the projection. */
enum status item_find(struct call *call, const struct item_source *source, const struct schema *schema,
                      const struct value *key, const struct projection *projection, struct value *ret_item,
                      size_t *ret_bytes);
/* The failure of a condition, with the item when it is wanted. */
void condition_failure(struct call *call, bool wants_item, bool had_old, struct bytes old_image);
const char *update_text(const char *text);

/* --- pages (pages.c) --------------------------------------------------------------------------------------------- */

/* A page under way. */
struct page {
    struct call *call;
    struct gate_query query;
    struct gate_page found; /* by the last query */
    struct expressions expressions;
    const struct schema *schema;
    const struct index_schema *index; /* or NULL */
    struct value index_properties;
    bool is_all_projected; /* the index holds whole items */
    bool is_count;
    bool is_fetching; /* a local index is asked for more than it holds: the table is read too */
    struct buffer items;
    size_t count;
    size_t bytes; /* of items looked at, as they are sized in table or index */
    size_t fetched_units;
    enum status status; /* of reading, with the text of its failure */
    struct error error;
};

/* What Select asks for, against the rest of the request: what can be told without the table. */
enum status page_check_select(struct page *page);
/* Finds the index (name empty: none) and whether it can be read as the request asks. */
enum status page_index(struct page *page, struct bytes name);
/* What is asked of an index that does not hold it: a local one fetches it, a global one refuses. */
enum status page_check_projected(struct page *page);
/* query.c: the filter of a query names nothing that the index, local or global, does not hold; a scan's may, and finds it missing. */
enum status page_check_filtered(struct page *page);
/* query.c: no key is empty. */
enum status page_check_key_terms(struct call *call, const struct key_term *terms, size_t count);
/* The request's ExclusiveStartKey; NULL: it has none. */
enum status page_read_start(struct call *call, const struct value **ret_key);
/* Begins behind it (NULL: at the beginning), when it is a key of table and index, and in the range of the query. */
enum status page_start(struct page *page, const struct value *key, bool is_query);
/* Reads and answers. A few rows are looked at here; what has more is read anew in the pool. */
enum status page_run(struct page *page);
/* Whether the filter is asked of what a global index holds of an item, which is not all of it. */
bool page_filters_entries(const struct page *page);
/* The size of a row looked at, as its table or index has it. `context`: the page. */
size_t page_measure(void *context, const struct value *item);
/* The key attributes of the last row looked at: where the next page goes on. */
void page_put_last_key(struct page *page, struct bytes image, struct buffer *body);
void page_put_capacity(struct page *page, size_t bytes, struct buffer *body);

/* --- transactions (transactions.c) ------------------------------------------------------------------------------- */

/* One write of a transaction. */
struct action_write {
    struct expressions expressions;
    const struct schema *schema;
    struct bytes table;  /* as the request named it */
    struct value item;   /* or key */
    bool wants_item;     /* in the cancellation reason */
    bool is_insert;      /* of an item that must not be there */
    bool is_update;      /* which has words of its own for index keys */
    const char *problem; /* known before it is submitted */
    double repeat_units; /* what it reads when the transaction was done already */
};

struct transaction {
    struct gate_change *changes;
    struct action_write *writes;
    size_t count;
    void (*put_responses)(struct call *call, struct buffer *body); /* more members of the answer; or NULL */
    void *context;                                                 /* what it wants to know */
};

struct action_get {
    struct expressions expressions;
    const struct schema *schema;
    struct bytes table; /* as the request named it */
    struct value key;
    struct value item;
    size_t bytes;
    bool is_found;
};

/* Checks the writes against each other and hands them to the gate. The transaction is call->state. */
enum status transaction_submit(struct call *call, struct transaction *transaction);
/* The failure that names a reason for every action. */
void transaction_cancel(struct call *call, const struct action_write *writes,
                        const struct gate_change_outcome *outcomes, size_t count);

/* The reads of a transaction on their way. */
struct transaction_reads {
    struct action_get *gets;
    size_t count;
    uint64_t as_of;
    enum status (*reply)(struct call *call, const struct transaction_reads *reads); /* when all are there */
    void *context; /* what it wants to know */
    enum status status;
};

/* Reads all items as of one moment: the one that the request asks for, or now. The reads, of the arena, are call->state. */
enum status transaction_get(struct call *call, struct transaction_reads *reads);
void transaction_put_read_capacity(struct call *call, const struct transaction_reads *reads,
                                   struct buffer *body);

/* --- operations: each answers the call, or returns its failure -------------------------------------------------- */

/* The busiest first: they are looked for in this order. */
#define DYNAMODB_OPERATIONS(X)                                                                               \
    X(PutItem, items_put)                                                                                    \
    X(GetItem, items_get)                                                                                    \
    X(UpdateItem, items_update)                                                                              \
    X(DeleteItem, items_delete)                                                                              \
    X(Query, pages_query)                                                                                    \
    X(Scan, pages_scan)                                                                                      \
    X(BatchGetItem, batch_get)                                                                               \
    X(BatchWriteItem, batch_write)                                                                           \
    X(TransactWriteItems, transactions_write)                                                                \
    X(TransactGetItems, transactions_get)                                                                    \
    X(ExecuteStatement, partiql_execute)                                                                     \
    X(BatchExecuteStatement, partiql_batch)                                                                  \
    X(ExecuteTransaction, partiql_transaction)                                                               \
    X(ListStreams, streams_list)                                                                             \
    X(DescribeStream, streams_describe)                                                                      \
    X(GetShardIterator, streams_iterator)                                                                    \
    X(GetRecords, streams_records)                                                                           \
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
    X(UpdateTableReplicaAutoScaling, global_scaling)

#define DYNAMODB_DECLARE(name, function) enum status function(struct call *call);
DYNAMODB_OPERATIONS(DYNAMODB_DECLARE)
#undef DYNAMODB_DECLARE

#endif
