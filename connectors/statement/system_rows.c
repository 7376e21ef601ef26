#include "system_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "statement/bounds.h"
#include "value/order.h"
#include "value/scalar_text.h"

/* --- a row ------------------------------------------------------------------------------------------------------ */

/* Sets a column; what is not set is null. */
static void set(struct system_rows *rows, const char *name, struct value value)
{
    for (size_t i = 0; i < rows->table->columns_count; i++) {
        if (strcmp(rows->table->columns[i].name, name) == 0) {
            rows->values[i] = value;
            return;
        }
    }
    CHECK(!"a column of the table");
}

static bool has_column(const struct system_rows *rows, const char *name)
{
    for (size_t i = 0; i < rows->table->columns_count; i++) {
        if (strcmp(rows->table->columns[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void set_text(struct system_rows *rows, const char *name, struct bytes text)
{
    set(rows, name, value_of_text(text));
}

/* Null when there is none. */
static void set_text_if_any(struct system_rows *rows, const char *name, struct bytes text)
{
    if (text.size > 0) {
        set_text(rows, name, text);
    }
}

static void set_word(struct system_rows *rows, const char *name, const char *text)
{
    set_text(rows, name, bytes_of_text(text));
}

static void set_integer(struct system_rows *rows, const char *name, int64_t integer)
{
    set(rows, name, value_of_integer(integer));
}

static void set_double(struct system_rows *rows, const char *name, double number)
{
    set(rows, name, (struct value){.kind = VALUE_DOUBLE, .float64 = number});
}

static void set_bytes(struct system_rows *rows, const char *name, enum value_kind kind, const void *data,
                      size_t size)
{
    if (size > 0) {
        set(rows, name, (struct value){.kind = kind, .bytes = bytes_of(data, size)});
    }
}

static struct value value_of_pairs(const struct described_pairs *pairs, enum value_kind kind,
                                   struct arena *arena)
{
    struct value map = {.kind = VALUE_MAP, .pairs = {.count = pairs->count}};
    map.pairs.at = arena_create_array(arena, 2 * pairs->count, sizeof(*map.pairs.at));
    for (size_t i = 0; i < pairs->count; i++) {
        map.pairs.at[2 * i] = value_of_text(pairs->at[i].name);
        map.pairs.at[2 * i + 1] = (struct value){.kind = kind, .bytes = pairs->at[i].value};
    }
    value_sort(&map, arena);
    return map;
}

static void set_pairs(struct system_rows *rows, const char *name, const struct described_pairs *pairs)
{
    set(rows, name, value_of_pairs(pairs, VALUE_TEXT, rows->arena));
}

/* A list as it is, or a set in its order. */
static void set_texts(struct system_rows *rows, const char *name, enum value_kind kind,
                      const struct described_texts *texts)
{
    struct value value = {.kind = kind, .items = {.count = texts->count}};
    value.items.at = arena_create_array(rows->arena, texts->count, sizeof(*value.items.at));
    for (size_t i = 0; i < texts->count; i++) {
        value.items.at[i] = value_of_text(texts->at[i]);
    }
    if (kind == VALUE_SET) {
        value_sort(&value, rows->arena);
    }
    set(rows, name, value);
}

/* Tells the row and begins the next. */
static void row_end(struct system_rows *rows)
{
    rows->visit(rows->context, rows->values);
    for (size_t i = 0; i < rows->table->columns_count; i++) {
        rows->values[i] = value_of_null();
    }
}

/* --- walking over what is described ----------------------------------------------------------------------------- */

static void each_keyspace(struct system_rows *rows,
                          void (*tell)(struct system_rows *rows, const struct described_keyspace *keyspace))
{
    for (size_t i = 0; i < rows->ordinary_count; i++) {
        tell(rows, &rows->ordinary[i]);
    }
    for (size_t i = 0; i < rows->described->keyspaces_count; i++) {
        tell(rows, &rows->described->keyspaces[i]);
    }
}

/* Tables and views of a keyspace, by name. */
static void each_table_of(struct system_rows *rows, const struct described_keyspace *keyspace,
                          bool with_tables, bool with_views,
                          void (*tell)(struct system_rows *rows, const struct described_keyspace *keyspace,
                                       const struct described_table *table))
{
    size_t tables = with_tables ? keyspace->tables_count : 0;
    size_t views = with_views ? keyspace->views_count : 0;
    struct described_table *both = arena_create_array(rows->arena, tables + views + 1, sizeof(*both));
    if (tables > 0) {
        memcpy(both, keyspace->tables, tables * sizeof(*both));
    }
    if (views > 0) {
        memcpy(both + tables, keyspace->views, views * sizeof(*both));
    }
    const void **order = statement__described_order(both, tables + views, sizeof(*both), rows->arena);
    for (size_t i = 0; i < tables + views; i++) {
        tell(rows, keyspace, order[i]);
    }
}

/* --- system, system_auth ---------------------------------------------------------------------------------------- */

void statement__rows_local(struct system_rows *rows)
{
    const struct described_node *node = &rows->described->node;
    struct bytes tokens[SYSTEM_TOKENS];
    struct described_texts texts = {.at = tokens, .count = SYSTEM_TOKENS};
    for (size_t i = 0; i < SYSTEM_TOKENS; i++) {
        tokens[i] = bytes_of_text(arena_format(rows->arena, "%" PRId64, statement__system_token(i)));
    }
    set_word(rows, "key", "local");
    set_word(rows, "bootstrapped", "COMPLETED");
    set_bytes(rows, "broadcast_address", VALUE_INET, node->broadcast_address.data,
              node->broadcast_address.size);
    set_integer(rows, "broadcast_port", node->broadcast_port);
    set_text(rows, "cluster_name", node->cluster_name);
    set_word(rows, "cql_version", SYSTEM_CQL_VERSION);
    set_word(rows, "data_center", SYSTEM_DATA_CENTRE);
    set_integer(rows, "gossip_generation", node->generation);
    set_bytes(rows, "host_id", VALUE_UUID, node->host_id, sizeof(node->host_id));
    set_bytes(rows, "listen_address", VALUE_INET, node->listen_address.data, node->listen_address.size);
    set_integer(rows, "listen_port", node->listen_port);
    set_word(rows, "native_protocol_version", "5");
    set_word(rows, "partitioner", SYSTEM_PARTITIONER);
    set_word(rows, "rack", SYSTEM_RACK);
    set_word(rows, "release_version", SYSTEM_RELEASE_VERSION);
    set_bytes(rows, "rpc_address", VALUE_INET, node->rpc_address.data, node->rpc_address.size);
    set_integer(rows, "rpc_port", node->rpc_port);
    set_bytes(rows, "schema_version", VALUE_UUID, node->schema_version, sizeof(node->schema_version));
    set_texts(rows, "tokens", VALUE_SET, &texts);
    row_end(rows);
}

static void tell_built_view(struct system_rows *rows, const struct described_keyspace *keyspace,
                            const struct described_table *view)
{
    if (view->status.size > 0) {
        return; /* it is still being filled */
    }
    set_text(rows, "keyspace_name", keyspace->name);
    set_text(rows, "view_name", view->name);
    set(rows, "status_replicated", value_of_boolean(true));
    row_end(rows);
}

static void tell_built_views(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, false, true, tell_built_view);
}

void statement__rows_built_views(struct system_rows *rows)
{
    each_keyspace(rows, tell_built_views);
}

static void tell_view_build(struct system_rows *rows, const struct described_keyspace *keyspace,
                            const struct described_table *view)
{
    const struct described_node *node = &rows->described->node;
    set_text(rows, "keyspace_name", keyspace->name);
    set_text(rows, "view_name", view->name);
    set_bytes(rows, "host_id", VALUE_UUID, node->host_id, sizeof(node->host_id));
    set_word(rows, "status", view->status.size > 0 ? "STARTED" : "SUCCESS");
    row_end(rows);
}

static void tell_view_builds(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, false, true, tell_view_build);
}

void statement__rows_view_builds(struct system_rows *rows)
{
    each_keyspace(rows, tell_view_builds);
}

/* A range of tokens, (start, end]; the last one's end is the least token, which stands for both ends. */
struct token_range {
    struct bytes start;
    struct bytes end;
};

static int range_compare(const void *a, const void *b)
{
    return bytes_compare(((const struct token_range *)a)->start, ((const struct token_range *)b)->start);
}

/* The ranges in the order of their texts, which they are told as. */
static void token_ranges(struct arena *arena, struct token_range ranges[SYSTEM_TOKENS])
{
    for (size_t i = 0; i < SYSTEM_TOKENS; i++) {
        int64_t end = statement__system_token((i + 1) % SYSTEM_TOKENS);
        ranges[i].start = bytes_of_text(arena_format(arena, "%" PRId64, statement__system_token(i)));
        ranges[i].end = bytes_of_text(arena_format(arena, "%" PRId64, end));
    }
    qsort(ranges, SYSTEM_TOKENS, sizeof(*ranges), range_compare);
}

/* A partition is taken to be a row, since rows are what is counted; they are taken to be spread evenly. */
static void tell_estimates(struct system_rows *rows, const struct described_keyspace *keyspace,
                           const struct described_table *table, const char *range_type)
{
    struct token_range ranges[SYSTEM_TOKENS];
    uint64_t partitions = (table->rows + SYSTEM_TOKENS - 1) / SYSTEM_TOKENS;
    token_ranges(rows->arena, ranges);
    for (size_t i = 0; i < SYSTEM_TOKENS; i++) {
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "table_name", table->name);
        if (range_type != NULL) {
            set_word(rows, "range_type", range_type);
        }
        set_text(rows, "range_start", ranges[i].start);
        set_text(rows, "range_end", ranges[i].end);
        set_integer(rows, "mean_partition_size",
                    table->rows == 0 ? 0 : (int64_t)(table->bytes / table->rows));
        set_integer(rows, "partitions_count", (int64_t)partitions);
        row_end(rows);
    }
}

static void tell_table_estimates(struct system_rows *rows, const struct described_keyspace *keyspace,
                                 const struct described_table *table)
{
    if (!has_column(rows, "range_type")) {
        tell_estimates(rows, keyspace, table, NULL);
        return;
    }
    tell_estimates(rows, keyspace, table, "local_primary");
    tell_estimates(rows, keyspace, table, "primary");
}

void statement__rows_size_estimates(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->keyspaces_count; i++) {
        each_table_of(rows, &rows->described->keyspaces[i], true, true, tell_table_estimates);
    }
}

void statement__rows_roles(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->roles_count; i++) {
        const struct described_role *role = &rows->described->roles[i];
        set_text(rows, "role", role->name);
        set(rows, "can_login", value_of_boolean(role->can_login));
        set(rows, "is_superuser", value_of_boolean(role->is_superuser));
        if (role->member_of.count > 0) {
            set_texts(rows, "member_of", VALUE_SET, &role->member_of);
        }
        set_text_if_any(rows, "salted_hash", role->salted_hash);
        row_end(rows);
    }
}

void statement__rows_role_members(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->roles_count; i++) {
        const struct described_role *role = &rows->described->roles[i];
        for (size_t k = 0; k < role->members.count; k++) {
            set_text(rows, "role", role->name);
            set_text(rows, "member", role->members.at[k]);
            row_end(rows);
        }
    }
}

void statement__rows_network_permissions(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->roles_count; i++) {
        const struct described_role *role = &rows->described->roles[i];
        if (role->datacenters.count > 0) {
            set_text(rows, "role", role->name);
            set_texts(rows, "dcs", VALUE_SET, &role->datacenters);
            row_end(rows);
        }
    }
}

void statement__rows_role_permissions(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->grants_count; i++) {
        const struct described_grant *grant = &rows->described->grants[i];
        set_text(rows, "role", grant->role);
        set_text(rows, "resource", grant->resource);
        set_texts(rows, "permissions", VALUE_SET, &grant->permissions);
        row_end(rows);
    }
}

static int compare_resource(const void *a, const void *b)
{
    const struct described_grant *left = a;
    const struct described_grant *right = b;
    int order = bytes_compare(left->resource, right->resource);
    return order != 0 ? order : bytes_compare(left->role, right->role);
}

/* The same the other way round. */
void statement__rows_resource_roles(struct system_rows *rows)
{
    size_t count = rows->described->grants_count;
    struct described_grant *order = arena_create_array(rows->arena, count, sizeof(*order));
    if (count > 0) {
        memcpy(order, rows->described->grants, count * sizeof(*order));
        qsort(order, count, sizeof(*order), compare_resource);
    }
    for (size_t i = 0; i < count; i++) {
        set_text(rows, "resource", order[i].resource);
        set_text(rows, "role", order[i].role);
        row_end(rows);
    }
}

/* --- system_views ----------------------------------------------------------------------------------------------- */

void statement__rows_clients(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->clients_count; i++) {
        const struct described_client *client = &rows->described->clients[i];
        set_bytes(rows, "address", VALUE_INET, client->address.data, client->address.size);
        set_integer(rows, "port", client->port);
        set_pairs(rows, "client_options", &client->options);
        set_word(rows, "connection_stage", client->stage);
        set_text_if_any(rows, "driver_name", client->driver_name);
        set_text_if_any(rows, "driver_version", client->driver_version);
        if (client->version > 0) {
            set_integer(rows, "protocol_version", client->version);
        }
        set_integer(rows, "request_count", client->requests);
        set(rows, "ssl_enabled", value_of_boolean(client->tls_protocol != NULL));
        if (client->tls_protocol != NULL) {
            set_word(rows, "ssl_protocol", client->tls_protocol);
            set_word(rows, "ssl_cipher_suite", client->tls_cipher);
        }
        set_text(rows, "username", client->user.size > 0 ? client->user : bytes_of_text("anonymous"));
        row_end(rows);
    }
}

static void tell_setting(struct system_rows *rows, const char *name, const char *value)
{
    set_word(rows, "name", name);
    set_word(rows, "value", value);
    row_end(rows);
}

static const char *text_of_address(struct system_rows *rows, struct bytes address)
{
    struct buffer text = {0};
    scalar_format(&(struct value){.kind = VALUE_INET, .bytes = address}, &text);
    const char *copy = arena_copy_text(rows->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

/* Those of Cassandra 4.1 that are true here, by name. */
void statement__rows_settings(struct system_rows *rows)
{
    const struct described_node *node = &rows->described->node;
    struct arena *arena = rows->arena;
    tell_setting(rows, "batch_size_fail_threshold", arena_format(arena, "%dKiB", CQL_BATCH_BYTES_MAX / 1024));
    tell_setting(rows, "batch_size_warn_threshold",
                 arena_format(arena, "%dKiB", CQL_BATCH_WARN_BYTES / 1024));
    tell_setting(rows, "cluster_name", arena_copy_text(arena, node->cluster_name));
    tell_setting(rows, "endpoint_snitch", "SimpleSnitch");
    tell_setting(rows, "listen_address", text_of_address(rows, node->listen_address));
    tell_setting(rows, "materialized_views_enabled", "true");
    tell_setting(rows, "native_transport_port", arena_format(arena, "%d", node->rpc_port));
    tell_setting(rows, "num_tokens", arena_format(arena, "%d", SYSTEM_TOKENS));
    tell_setting(rows, "partitioner", SYSTEM_PARTITIONER);
    tell_setting(rows, "rpc_address", text_of_address(rows, node->rpc_address));
    tell_setting(rows, "sasi_indexes_enabled", "true");
    tell_setting(rows, "start_native_transport", "true");
    tell_setting(rows, "storage_port", arena_format(arena, "%d", node->listen_port));
    tell_setting(rows, "unlogged_batch_across_partitions_warn_threshold",
                 arena_format(arena, "%d", CQL_BATCH_PARTITIONS_WARN));
    tell_setting(rows, "user_defined_functions_enabled", "true");
}

/* --- system_traces ---------------------------------------------------------------------------------------------- */

void statement__rows_sessions(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->traces_count; i++) {
        const struct described_trace *trace = &rows->described->traces[i];
        set_bytes(rows, "session_id", VALUE_UUID, trace->id, sizeof(trace->id));
        set_bytes(rows, "client", VALUE_INET, trace->client.data, trace->client.size);
        set_word(rows, "command", "QUERY");
        set_bytes(rows, "coordinator", VALUE_INET, trace->coordinator.data, trace->coordinator.size);
        set_integer(rows, "coordinator_port", trace->coordinator_port);
        set_integer(rows, "duration", trace->duration_us);
        set_pairs(rows, "parameters", &trace->parameters);
        set_text(rows, "request", trace->request);
        set(rows, "started_at", (struct value){.kind = VALUE_TIMESTAMP, .integer = trace->started_ms});
        row_end(rows);
    }
}

/* `id` so much later: the session's own, with other ticks of 100 ns (RFC 4122 section 4.1.4). */
static struct bytes event_id(struct arena *arena, const uint8_t id[16], int elapsed_us)
{
    uint8_t *later = arena_create(arena, 16);
    uint64_t ticks = ((uint64_t)(bytes_get_u16(id + 6) & 0x0FFF) << 48 |
                      (uint64_t)bytes_get_u16(id + 4) << 32 | bytes_get_u32(id)) +
                     (uint64_t)elapsed_us * 10;
    memcpy(later, id, 16);
    bytes_put_u32(later, (uint32_t)ticks);
    bytes_put_u16(later + 4, (uint16_t)(ticks >> 32));
    bytes_put_u16(later + 6, (uint16_t)((ticks >> 48 & 0x0FFF) | 0x1000));
    return bytes_of(later, 16);
}

static void tell_event(struct system_rows *rows, const struct described_trace *trace, const char *activity,
                       int elapsed_us)
{
    set_bytes(rows, "session_id", VALUE_UUID, trace->id, sizeof(trace->id));
    set(rows, "event_id",
        (struct value){.kind = VALUE_TIMEUUID, .bytes = event_id(rows->arena, trace->id, elapsed_us)});
    set_word(rows, "activity", activity);
    set_bytes(rows, "source", VALUE_INET, trace->coordinator.data, trace->coordinator.size);
    set_integer(rows, "source_elapsed", elapsed_us);
    set_integer(rows, "source_port", trace->coordinator_port);
    set_word(rows, "thread", "door");
    row_end(rows);
}

/* When it came, and when it was answered. */
void statement__rows_events(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->described->traces_count; i++) {
        const struct described_trace *trace = &rows->described->traces[i];
        tell_event(rows, trace, "Request received", 0);
        tell_event(rows, trace, "Request answered", trace->duration_us > 0 ? trace->duration_us : 1);
    }
}

/* --- system_schema, system_schema_mcs --------------------------------------------------------------------------- */

/* Amazon's tables have what Cassandra's have, and more. */
static void set_status(struct system_rows *rows, struct bytes status)
{
    if (has_column(rows, "status")) {
        set_text(rows, "status", status.size > 0 ? status : bytes_of_text("ACTIVE"));
    }
}

static void tell_keyspace(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    set_text(rows, "keyspace_name", keyspace->name);
    set(rows, "durable_writes", value_of_boolean(keyspace->is_durable));
    set_pairs(rows, "replication", &keyspace->replication);
    set_status(rows, keyspace->status);
    row_end(rows);
}

void statement__rows_keyspaces(struct system_rows *rows)
{
    each_keyspace(rows, tell_keyspace);
}

static void set_options(struct system_rows *rows, const struct described_options *options)
{
    if (has_column(rows, "read_repair")) {
        set_text(rows, "additional_write_policy", options->additional_write_policy);
        set_text_if_any(rows, "memtable", options->memtable);
        set_text(rows, "read_repair", options->read_repair);
    }
    set_double(rows, "bloom_filter_fp_chance", options->bloom_filter_fp_chance);
    set_pairs(rows, "caching", &options->caching);
    if (options->has_cdc) {
        set(rows, "cdc", value_of_boolean(options->cdc));
    }
    set_text(rows, "comment", options->comment);
    set_pairs(rows, "compaction", &options->compaction);
    set_pairs(rows, "compression", &options->compression);
    set_double(rows, "crc_check_chance", options->crc_check_chance);
    set_double(rows, "dclocal_read_repair_chance", options->dclocal_read_repair_chance);
    set_integer(rows, "default_time_to_live", options->default_time_to_live_s);
    set(rows, "extensions", value_of_pairs(&options->extensions, VALUE_BYTES, rows->arena));
    set_integer(rows, "gc_grace_seconds", options->gc_grace_s);
    set_integer(rows, "max_index_interval", options->max_index_interval);
    set_integer(rows, "memtable_flush_period_in_ms", options->memtable_flush_period_ms);
    set_integer(rows, "min_index_interval", options->min_index_interval);
    set_double(rows, "read_repair_chance", options->read_repair_chance);
    set_text(rows, "speculative_retry", options->speculative_retry);
}

static void set_properties(struct system_rows *rows, const struct described_table *table)
{
    struct value map = {.kind = VALUE_MAP, .pairs = {.count = table->properties_count}};
    if (!has_column(rows, "custom_properties")) {
        return;
    }
    map.pairs.at = arena_create_array(rows->arena, 2 * table->properties_count, sizeof(*map.pairs.at));
    for (size_t i = 0; i < table->properties_count; i++) {
        map.pairs.at[2 * i] = value_of_text(table->properties[i].name);
        map.pairs.at[2 * i + 1] = value_of_pairs(&table->properties[i].members, VALUE_TEXT, rows->arena);
    }
    value_sort(&map, rows->arena);
    set(rows, "custom_properties", map);
}

static void tell_table_row(struct system_rows *rows, const struct described_keyspace *keyspace,
                           const struct described_table *table)
{
    const struct bytes compound[] = {bytes_of_text("compound")};
    const struct described_texts flags = {.at = compound, .count = 1};
    set_text(rows, "keyspace_name", keyspace->name);
    set_text(rows, "table_name", table->name);
    set_options(rows, &table->options);
    set_texts(rows, "flags", VALUE_SET, table->flags.count > 0 ? &table->flags : &flags);
    set_bytes(rows, "id", VALUE_UUID, table->id, sizeof(table->id));
    set_status(rows, table->status);
    set_properties(rows, table);
    row_end(rows);
}

static void tell_tables(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, true, false, tell_table_row);
}

void statement__rows_tables(struct system_rows *rows)
{
    each_keyspace(rows, tell_tables);
}

static void tell_view(struct system_rows *rows, const struct described_keyspace *keyspace,
                      const struct described_table *view)
{
    set_text(rows, "keyspace_name", keyspace->name);
    set_text(rows, "view_name", view->name);
    set_options(rows, &view->options);
    set_bytes(rows, "id", VALUE_UUID, view->id, sizeof(view->id));
    set_bytes(rows, "base_table_id", VALUE_UUID, view->base_id, sizeof(view->base_id));
    set_text(rows, "base_table_name", view->base_name);
    set(rows, "include_all_columns", value_of_boolean(view->includes_all_columns));
    set_text(rows, "where_clause", view->where_clause);
    row_end(rows);
}

static void tell_views(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, false, true, tell_view);
}

void statement__rows_views(struct system_rows *rows)
{
    each_keyspace(rows, tell_views);
}

static const char *const kind_names[] = {[DESCRIBED_PARTITION_KEY] = "partition_key",
                                         [DESCRIBED_CLUSTERING] = "clustering",
                                         [DESCRIBED_STATIC] = "static",
                                         [DESCRIBED_REGULAR] = "regular"};

/* Columns of views are told beside those of tables. */
static void tell_columns_of(struct system_rows *rows, const struct described_keyspace *keyspace,
                            const struct described_table *table)
{
    const void **order = statement__described_order(table->columns, table->columns_count,
                                                    sizeof(*table->columns), rows->arena);
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct described_column *column = order[i];
        bool is_key = column->kind == DESCRIBED_PARTITION_KEY || column->kind == DESCRIBED_CLUSTERING;
        const char *order_name = column->is_descending ? "desc" : "asc";
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "table_name", table->name);
        set_text(rows, "column_name", column->name);
        set_word(rows, "clustering_order", column->kind == DESCRIBED_CLUSTERING ? order_name : "none");
        set_bytes(rows, "column_name_bytes", VALUE_BYTES, column->name.data, column->name.size);
        set_word(rows, "kind", kind_names[column->kind]);
        set_integer(rows, "position", is_key ? column->position : -1);
        set_text(rows, "type", column->type);
        row_end(rows);
    }
}

static void tell_columns(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, true, true, tell_columns_of);
}

void statement__rows_columns(struct system_rows *rows)
{
    each_keyspace(rows, tell_columns);
}

static void tell_dropped_of(struct system_rows *rows, const struct described_keyspace *keyspace,
                            const struct described_table *table)
{
    const void **order = statement__described_order(table->dropped, table->dropped_count,
                                                    sizeof(*table->dropped), rows->arena);
    for (size_t i = 0; i < table->dropped_count; i++) {
        const struct described_dropped_column *column = order[i];
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "table_name", table->name);
        set_text(rows, "column_name", column->name);
        set(rows, "dropped_time", (struct value){.kind = VALUE_TIMESTAMP, .integer = column->dropped_ms});
        set_word(rows, "kind", kind_names[column->kind]);
        set_text(rows, "type", column->type);
        row_end(rows);
    }
}

static void tell_dropped(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, true, true, tell_dropped_of);
}

void statement__rows_dropped_columns(struct system_rows *rows)
{
    each_keyspace(rows, tell_dropped);
}

static void tell_indexes_of(struct system_rows *rows, const struct described_keyspace *keyspace,
                            const struct described_table *table)
{
    const void **order = statement__described_order(table->indexes, table->indexes_count,
                                                    sizeof(*table->indexes), rows->arena);
    for (size_t i = 0; i < table->indexes_count; i++) {
        const struct described_index *index = order[i];
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "table_name", table->name);
        set_text(rows, "index_name", index->name);
        set_text(rows, "kind", index->kind);
        set_pairs(rows, "options", &index->options);
        row_end(rows);
    }
}

/* A keyspace stands under the name of a table there, as in Cassandra. */
static void tell_built_indexes_of(struct system_rows *rows, const struct described_keyspace *keyspace,
                                  const struct described_table *table)
{
    const void **order = statement__described_order(table->indexes, table->indexes_count,
                                                    sizeof(*table->indexes), rows->arena);
    for (size_t i = 0; i < table->indexes_count; i++) {
        set_text(rows, "table_name", keyspace->name);
        set_text(rows, "index_name", ((const struct described_index *)order[i])->name);
        row_end(rows);
    }
}

static void tell_built_indexes(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, true, false, tell_built_indexes_of);
}

void statement__rows_index_info(struct system_rows *rows)
{
    each_keyspace(rows, tell_built_indexes);
}

static void tell_indexes(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    each_table_of(rows, keyspace, true, false, tell_indexes_of);
}

void statement__rows_indexes(struct system_rows *rows)
{
    each_keyspace(rows, tell_indexes);
}

static void tell_types(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    const void **order = statement__described_order(keyspace->types, keyspace->types_count,
                                                    sizeof(*keyspace->types), rows->arena);
    for (size_t i = 0; i < keyspace->types_count; i++) {
        const struct described_type *type = order[i];
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "type_name", type->name);
        set_texts(rows, "field_names", VALUE_LIST, &type->field_names);
        set_texts(rows, "field_types", VALUE_LIST, &type->field_types);
        row_end(rows);
    }
}

void statement__rows_types(struct system_rows *rows)
{
    each_keyspace(rows, tell_types);
}

static void tell_functions(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    const void **order = statement__described_order(keyspace->functions, keyspace->functions_count,
                                                    sizeof(*keyspace->functions), rows->arena);
    for (size_t i = 0; i < keyspace->functions_count; i++) {
        const struct described_function *function = order[i];
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "function_name", function->name);
        set_texts(rows, "argument_types", VALUE_LIST, &function->argument_types);
        set_texts(rows, "argument_names", VALUE_LIST, &function->argument_names);
        set_text(rows, "body", function->body);
        set(rows, "called_on_null_input", value_of_boolean(function->is_called_on_null));
        set_text(rows, "language", function->language);
        set_text(rows, "return_type", function->return_type);
        row_end(rows);
    }
}

void statement__rows_functions(struct system_rows *rows)
{
    each_keyspace(rows, tell_functions);
}

static void tell_aggregates(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    const void **order = statement__described_order(keyspace->aggregates, keyspace->aggregates_count,
                                                    sizeof(*keyspace->aggregates), rows->arena);
    for (size_t i = 0; i < keyspace->aggregates_count; i++) {
        const struct described_aggregate *aggregate = order[i];
        set_text(rows, "keyspace_name", keyspace->name);
        set_text(rows, "aggregate_name", aggregate->name);
        set_texts(rows, "argument_types", VALUE_LIST, &aggregate->argument_types);
        set_text_if_any(rows, "final_func", aggregate->final_function);
        set_text_if_any(rows, "initcond", aggregate->initial_condition);
        set_text(rows, "return_type", aggregate->return_type);
        set_text(rows, "state_func", aggregate->state_function);
        set_text(rows, "state_type", aggregate->state_type);
        row_end(rows);
    }
}

void statement__rows_aggregates(struct system_rows *rows)
{
    each_keyspace(rows, tell_aggregates);
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

/* A keyspace's when `table` is empty. */
static void tell_tags(struct system_rows *rows, struct bytes keyspace, struct bytes table,
                      const struct described_pairs *tags)
{
    if (tags->count == 0) {
        return;
    }
    bool is_table = table.size > 0;
    set_word(rows, "resource_id",
             arena_format(rows->arena, "arn:aws:cassandra:us-east-1:000000000000:/keyspace/%s/%s%s",
                          arena_copy_text(rows->arena, keyspace), is_table ? "table/" : "",
                          arena_copy_text(rows->arena, table)));
    set_text(rows, "keyspace_name", keyspace);
    set_text(rows, "resource_name", is_table ? table : keyspace);
    set_word(rows, "resource_type", is_table ? "table" : "keyspace");
    set_pairs(rows, "tags", tags);
    row_end(rows);
}

static void tell_tags_of_table(struct system_rows *rows, const struct described_keyspace *keyspace,
                               const struct described_table *table)
{
    tell_tags(rows, keyspace->name, table->name, &table->tags);
}

static void tell_tags_of_keyspace(struct system_rows *rows, const struct described_keyspace *keyspace)
{
    tell_tags(rows, keyspace->name, (struct bytes){0}, &keyspace->tags);
    each_table_of(rows, keyspace, true, false, tell_tags_of_table);
}

void statement__rows_tags(struct system_rows *rows)
{
    each_keyspace(rows, tell_tags_of_keyspace);
}

/* --- system_virtual_schema -------------------------------------------------------------------------------------- */

void statement__rows_virtual_keyspaces(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->virtual_count; i++) {
        set_text(rows, "keyspace_name", rows->virtual_ones[i].name);
        row_end(rows);
    }
}

static void tell_virtual_table(struct system_rows *rows, const struct described_keyspace *keyspace,
                               const struct described_table *table)
{
    set_text(rows, "keyspace_name", keyspace->name);
    set_text(rows, "table_name", table->name);
    set_text(rows, "comment", table->options.comment);
    row_end(rows);
}

void statement__rows_virtual_tables(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->virtual_count; i++) {
        each_table_of(rows, &rows->virtual_ones[i], true, false, tell_virtual_table);
    }
}

void statement__rows_virtual_columns(struct system_rows *rows)
{
    for (size_t i = 0; i < rows->virtual_count; i++) {
        tell_columns(rows, &rows->virtual_ones[i]);
    }
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

void statement__system_table_read(const struct system_table *table, const struct described *described,
                                  struct arena *arena,
                                  void (*visit)(void *context, const struct value *values), void *context)
{
    struct system_rows rows = {.table = table,
                               .described = described,
                               .arena = arena,
                               .values = arena_create_array(arena, table->columns_count,
                                                            sizeof(struct value)), /* zero is null */
                               .visit = visit,
                               .context = context};
    if (table->produce != NULL) {
        rows.ordinary = statement__system_describe(arena, false, &rows.ordinary_count);
        rows.virtual_ones = statement__system_describe(arena, true, &rows.virtual_count);
        table->produce(&rows);
    }
}
