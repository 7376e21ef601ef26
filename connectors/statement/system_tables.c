/* The tables themselves; what is in them is made in system_rows.c. */
#include "system_tables.h"

#include "base/crypto.h"
#include "base/memory.h"
#include "system_rows.h"
#include "value/type_text.h"

#define PARTITION(name_, type_)                                                                              \
    {                                                                                                        \
        .name = (name_), .type = (type_), .kind = DESCRIBED_PARTITION_KEY                                    \
    }
#define CLUSTERING(name_, type_)                                                                             \
    {                                                                                                        \
        .name = (name_), .type = (type_), .kind = DESCRIBED_CLUSTERING                                       \
    }
#define REGULAR(name_, type_)                                                                                \
    {                                                                                                        \
        .name = (name_), .type = (type_), .kind = DESCRIBED_REGULAR                                          \
    }

/* --- system ----------------------------------------------------------------------------------------------------- */

static const struct system_column local_columns[] = {
    PARTITION("key", "text"),
    REGULAR("bootstrapped", "text"),
    REGULAR("broadcast_address", "inet"),
    REGULAR("broadcast_port", "int"),
    REGULAR("cluster_name", "text"),
    REGULAR("cql_version", "text"),
    REGULAR("data_center", "text"),
    REGULAR("gossip_generation", "int"),
    REGULAR("host_id", "uuid"),
    REGULAR("listen_address", "inet"),
    REGULAR("listen_port", "int"),
    REGULAR("native_protocol_version", "text"),
    REGULAR("partitioner", "text"),
    REGULAR("rack", "text"),
    REGULAR("release_version", "text"),
    REGULAR("rpc_address", "inet"),
    REGULAR("rpc_port", "int"),
    REGULAR("schema_version", "uuid"),
    REGULAR("tokens", "set<text>"),
    REGULAR("truncated_at", "map<uuid, blob>"),
};

static const struct system_column peers_columns[] = {
    PARTITION("peer", "inet"),       REGULAR("data_center", "text"),    REGULAR("host_id", "uuid"),
    REGULAR("preferred_ip", "inet"), REGULAR("rack", "text"),           REGULAR("release_version", "text"),
    REGULAR("rpc_address", "inet"),  REGULAR("schema_version", "uuid"), REGULAR("tokens", "set<text>"),
};

static const struct system_column peers_v2_columns[] = {
    PARTITION("peer", "inet"),          CLUSTERING("peer_port", "int"),    REGULAR("data_center", "text"),
    REGULAR("host_id", "uuid"),         REGULAR("native_address", "inet"), REGULAR("native_port", "int"),
    REGULAR("preferred_ip", "inet"),    REGULAR("preferred_port", "int"),  REGULAR("rack", "text"),
    REGULAR("release_version", "text"), REGULAR("schema_version", "uuid"), REGULAR("tokens", "set<text>"),
};

static const struct system_column size_estimates_columns[] = {
    PARTITION("keyspace_name", "text"),       CLUSTERING("table_name", "text"),
    CLUSTERING("range_start", "text"),        CLUSTERING("range_end", "text"),
    REGULAR("mean_partition_size", "bigint"), REGULAR("partitions_count", "bigint"),
};

static const struct system_column table_estimates_columns[] = {
    PARTITION("keyspace_name", "text"),    CLUSTERING("table_name", "text"),
    CLUSTERING("range_type", "text"),      CLUSTERING("range_start", "text"),
    CLUSTERING("range_end", "text"),       REGULAR("mean_partition_size", "bigint"),
    REGULAR("partitions_count", "bigint"),
};

static const struct system_column built_views_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("view_name", "text"),
    REGULAR("status_replicated", "boolean"),
};

static const struct system_column index_info_columns[] = {
    PARTITION("table_name", "text"),
    CLUSTERING("index_name", "text"),
    REGULAR("value", "blob"),
};

static const struct system_column available_ranges_columns[] = {
    PARTITION("keyspace_name", "text"),
    REGULAR("full_ranges", "set<blob>"),
    REGULAR("transient_ranges", "set<blob>"),
};

static const struct system_column batches_columns[] = {
    PARTITION("id", "timeuuid"),
    REGULAR("mutations", "list<blob>"),
    REGULAR("version", "int"),
};

static const struct system_column compaction_history_columns[] = {
    PARTITION("id", "uuid"),
    REGULAR("bytes_in", "bigint"),
    REGULAR("bytes_out", "bigint"),
    REGULAR("columnfamily_name", "text"),
    REGULAR("compacted_at", "timestamp"),
    REGULAR("keyspace_name", "text"),
    REGULAR("rows_merged", "map<int, bigint>"),
};

static const struct system_column paxos_columns[] = {
    PARTITION("row_key", "blob"),
    CLUSTERING("cf_id", "uuid"),
    REGULAR("in_progress_ballot", "timeuuid"),
    REGULAR("in_progress_read_ballot", "timeuuid"),
    REGULAR("most_recent_commit", "blob"),
    REGULAR("most_recent_commit_at", "timeuuid"),
    REGULAR("most_recent_commit_version", "int"),
    REGULAR("proposal", "blob"),
    REGULAR("proposal_ballot", "timeuuid"),
    REGULAR("proposal_version", "int"),
};

static const struct system_column peer_events_columns[] = {
    PARTITION("peer", "inet"),
    CLUSTERING("peer_port", "int"),
    REGULAR("hints_dropped", "map<uuid, int>"),
};

static const struct system_column prepared_statements_columns[] = {
    PARTITION("prepared_id", "blob"),
    REGULAR("logged_keyspace", "text"),
    REGULAR("query_string", "text"),
};

static const struct system_column repairs_columns[] = {
    PARTITION("parent_id", "timeuuid"),
    REGULAR("cfids", "set<uuid>"),
    REGULAR("coordinator", "inet"),
    REGULAR("coordinator_port", "int"),
    REGULAR("last_update", "timestamp"),
    REGULAR("participants", "set<inet>"),
    REGULAR("participants_wp", "set<text>"),
    REGULAR("ranges", "set<blob>"),
    REGULAR("repaired_at", "timestamp"),
    REGULAR("started_at", "timestamp"),
    REGULAR("state", "int"),
};

static const struct system_column sstable_activity_columns[] = {
    PARTITION("keyspace_name", "text"), PARTITION("table_name", "text"), PARTITION("id", "text"),
    REGULAR("rate_120m", "double"),     REGULAR("rate_15m", "double"),
};

static const struct system_column top_partitions_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    CLUSTERING("top_type", "text"),
    REGULAR("last_update", "timestamp"),
    REGULAR("top", "frozen<list<frozen<tuple<text, bigint>>>>"),
};

static const struct system_column transferred_ranges_columns[] = {
    PARTITION("operation", "text"), PARTITION("keyspace_name", "text"), CLUSTERING("peer", "inet"),
    CLUSTERING("peer_port", "int"), REGULAR("ranges", "set<blob>"),
};

static const struct system_column view_builds_columns[] = {
    PARTITION("keyspace_name", "text"), CLUSTERING("view_name", "text"), CLUSTERING("start_token", "text"),
    CLUSTERING("end_token", "text"),    REGULAR("keys_built", "bigint"), REGULAR("last_token", "text"),
};

/* --- system_schema ---------------------------------------------------------------------------------------------- */

static const struct system_column keyspaces_columns[] = {
    PARTITION("keyspace_name", "text"),
    REGULAR("durable_writes", "boolean"),
    REGULAR("replication", "frozen<map<text, text>>"),
};

static const struct system_column tables_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    REGULAR("additional_write_policy", "text"),
    REGULAR("bloom_filter_fp_chance", "double"),
    REGULAR("caching", "frozen<map<text, text>>"),
    REGULAR("cdc", "boolean"),
    REGULAR("comment", "text"),
    REGULAR("compaction", "frozen<map<text, text>>"),
    REGULAR("compression", "frozen<map<text, text>>"),
    REGULAR("crc_check_chance", "double"),
    REGULAR("dclocal_read_repair_chance", "double"),
    REGULAR("default_time_to_live", "int"),
    REGULAR("extensions", "frozen<map<text, blob>>"),
    REGULAR("flags", "frozen<set<text>>"),
    REGULAR("gc_grace_seconds", "int"),
    REGULAR("id", "uuid"),
    REGULAR("max_index_interval", "int"),
    REGULAR("memtable", "text"),
    REGULAR("memtable_flush_period_in_ms", "int"),
    REGULAR("min_index_interval", "int"),
    REGULAR("read_repair", "text"),
    REGULAR("read_repair_chance", "double"),
    REGULAR("speculative_retry", "text"),
};

static const struct system_column views_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("view_name", "text"),
    REGULAR("additional_write_policy", "text"),
    REGULAR("base_table_id", "uuid"),
    REGULAR("base_table_name", "text"),
    REGULAR("bloom_filter_fp_chance", "double"),
    REGULAR("caching", "frozen<map<text, text>>"),
    REGULAR("cdc", "boolean"),
    REGULAR("comment", "text"),
    REGULAR("compaction", "frozen<map<text, text>>"),
    REGULAR("compression", "frozen<map<text, text>>"),
    REGULAR("crc_check_chance", "double"),
    REGULAR("dclocal_read_repair_chance", "double"),
    REGULAR("default_time_to_live", "int"),
    REGULAR("extensions", "frozen<map<text, blob>>"),
    REGULAR("gc_grace_seconds", "int"),
    REGULAR("id", "uuid"),
    REGULAR("include_all_columns", "boolean"),
    REGULAR("max_index_interval", "int"),
    REGULAR("memtable", "text"),
    REGULAR("memtable_flush_period_in_ms", "int"),
    REGULAR("min_index_interval", "int"),
    REGULAR("read_repair", "text"),
    REGULAR("read_repair_chance", "double"),
    REGULAR("speculative_retry", "text"),
    REGULAR("where_clause", "text"),
};

static const struct system_column columns_columns[] = {
    PARTITION("keyspace_name", "text"),   CLUSTERING("table_name", "text"),
    CLUSTERING("column_name", "text"),    REGULAR("clustering_order", "text"),
    REGULAR("column_name_bytes", "blob"), REGULAR("kind", "text"),
    REGULAR("position", "int"),           REGULAR("type", "text"),
};

static const struct system_column dropped_columns_columns[] = {
    PARTITION("keyspace_name", "text"),   CLUSTERING("table_name", "text"), CLUSTERING("column_name", "text"),
    REGULAR("dropped_time", "timestamp"), REGULAR("kind", "text"),          REGULAR("type", "text"),
};

static const struct system_column triggers_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    CLUSTERING("trigger_name", "text"),
    REGULAR("options", "frozen<map<text, text>>"),
};

static const struct system_column indexes_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    CLUSTERING("index_name", "text"),
    REGULAR("kind", "text"),
    REGULAR("options", "frozen<map<text, text>>"),
};

static const struct system_column types_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("type_name", "text"),
    REGULAR("field_names", "frozen<list<text>>"),
    REGULAR("field_types", "frozen<list<text>>"),
};

static const struct system_column functions_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("function_name", "text"),
    CLUSTERING("argument_types", "frozen<list<text>>"),
    REGULAR("argument_names", "frozen<list<text>>"),
    REGULAR("body", "text"),
    REGULAR("called_on_null_input", "boolean"),
    REGULAR("language", "text"),
    REGULAR("return_type", "text"),
};

static const struct system_column aggregates_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("aggregate_name", "text"),
    CLUSTERING("argument_types", "frozen<list<text>>"),
    REGULAR("final_func", "text"),
    REGULAR("initcond", "text"),
    REGULAR("return_type", "text"),
    REGULAR("state_func", "text"),
    REGULAR("state_type", "text"),
};

/* --- system_virtual_schema -------------------------------------------------------------------------------------- */

static const struct system_column virtual_keyspaces_columns[] = {
    PARTITION("keyspace_name", "text"),
};

static const struct system_column virtual_tables_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    REGULAR("comment", "text"),
};

/* --- system_views ------------------------------------------------------------------------------------------------ */

static const struct system_column caches_columns[] = {
    PARTITION("name", "text"),
    REGULAR("capacity_bytes", "bigint"),
    REGULAR("entry_count", "int"),
    REGULAR("hit_count", "bigint"),
    REGULAR("hit_ratio", "double"),
    REGULAR("recent_hit_rate_per_second", "bigint"),
    REGULAR("recent_request_rate_per_second", "bigint"),
    REGULAR("request_count", "bigint"),
    REGULAR("size_bytes", "bigint"),
};

static const struct system_column clients_columns[] = {
    PARTITION("address", "inet"),
    CLUSTERING("port", "int"),
    REGULAR("client_options", "frozen<map<text, text>>"),
    REGULAR("connection_stage", "text"),
    REGULAR("driver_name", "text"),
    REGULAR("driver_version", "text"),
    REGULAR("hostname", "text"),
    REGULAR("protocol_version", "int"),
    REGULAR("request_count", "bigint"),
    REGULAR("ssl_cipher_suite", "text"),
    REGULAR("ssl_enabled", "boolean"),
    REGULAR("ssl_protocol", "text"),
    REGULAR("username", "text"),
};

static const struct system_column sstable_tasks_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    CLUSTERING("task_id", "timeuuid"),
    REGULAR("completion_ratio", "double"),
    REGULAR("kind", "text"),
    REGULAR("progress", "bigint"),
    REGULAR("sstables", "int"),
    REGULAR("total", "bigint"),
    REGULAR("unit", "text"),
};

static const struct system_column settings_columns[] = {
    PARTITION("name", "text"),
    REGULAR("value", "text"),
};

static const struct system_column thread_pools_columns[] = {
    PARTITION("name", "text"),
    REGULAR("active_tasks", "int"),
    REGULAR("active_tasks_limit", "int"),
    REGULAR("blocked_tasks", "bigint"),
    REGULAR("blocked_tasks_all_time", "bigint"),
    REGULAR("completed_tasks", "bigint"),
    REGULAR("pending_tasks", "int"),
};

/* --- system_distributed ------------------------------------------------------------------------------------------ */

static const struct system_column parent_repairs_columns[] = {
    PARTITION("parent_id", "timeuuid"),    REGULAR("columnfamily_names", "set<text>"),
    REGULAR("exception_message", "text"),  REGULAR("exception_stacktrace", "text"),
    REGULAR("finished_at", "timestamp"),   REGULAR("keyspace_name", "text"),
    REGULAR("options", "map<text, text>"), REGULAR("requested_ranges", "set<text>"),
    REGULAR("started_at", "timestamp"),    REGULAR("successful_ranges", "set<text>"),
};

static const struct system_column partition_denylist_columns[] = {
    PARTITION("ks_name", "text"),
    PARTITION("table_name", "text"),
    CLUSTERING("key", "blob"),
};

static const struct system_column repair_history_columns[] = {
    PARTITION("keyspace_name", "text"),
    PARTITION("columnfamily_name", "text"),
    CLUSTERING("id", "timeuuid"),
    REGULAR("coordinator", "inet"),
    REGULAR("coordinator_port", "int"),
    REGULAR("exception_message", "text"),
    REGULAR("exception_stacktrace", "text"),
    REGULAR("finished_at", "timestamp"),
    REGULAR("parent_id", "timeuuid"),
    REGULAR("participants", "set<inet>"),
    REGULAR("participants_v2", "set<text>"),
    REGULAR("range_begin", "text"),
    REGULAR("range_end", "text"),
    REGULAR("started_at", "timestamp"),
    REGULAR("status", "text"),
};

static const struct system_column view_builds_status_columns[] = {
    PARTITION("keyspace_name", "text"),
    PARTITION("view_name", "text"),
    CLUSTERING("host_id", "uuid"),
    REGULAR("status", "text"),
};

/* --- Amazon Keyspaces' system_schema_mcs ------------------------------------------------------------------------ */

static const struct system_column mcs_keyspaces_columns[] = {
    PARTITION("keyspace_name", "text"),
    REGULAR("durable_writes", "boolean"),
    REGULAR("replication", "frozen<map<text, text>>"),
    REGULAR("status", "text"),
};

static const struct system_column mcs_tables_columns[] = {
    PARTITION("keyspace_name", "text"),
    CLUSTERING("table_name", "text"),
    REGULAR("bloom_filter_fp_chance", "double"),
    REGULAR("caching", "frozen<map<text, text>>"),
    REGULAR("cdc", "boolean"),
    REGULAR("comment", "text"),
    REGULAR("compaction", "frozen<map<text, text>>"),
    REGULAR("compression", "frozen<map<text, text>>"),
    REGULAR("crc_check_chance", "double"),
    REGULAR("custom_properties", "frozen<map<text, frozen<map<text, text>>>>"),
    REGULAR("dclocal_read_repair_chance", "double"),
    REGULAR("default_time_to_live", "int"),
    REGULAR("extensions", "frozen<map<text, blob>>"),
    REGULAR("flags", "frozen<set<text>>"),
    REGULAR("gc_grace_seconds", "int"),
    REGULAR("id", "uuid"),
    REGULAR("max_index_interval", "int"),
    REGULAR("memtable_flush_period_in_ms", "int"),
    REGULAR("min_index_interval", "int"),
    REGULAR("read_repair_chance", "double"),
    REGULAR("speculative_retry", "text"),
    REGULAR("status", "text"),
};

static const struct system_column tags_columns[] = {
    PARTITION("resource_id", "text"),           REGULAR("keyspace_name", "text"),
    REGULAR("resource_name", "text"),           REGULAR("resource_type", "text"),
    REGULAR("tags", "frozen<map<text, text>>"),
};

/* --- system_auth, system_traces --------------------------------------------------------------------------------- */

static const struct system_column roles_columns[] = {
    PARTITION("role", "text"),         REGULAR("can_login", "boolean"), REGULAR("is_superuser", "boolean"),
    REGULAR("member_of", "set<text>"), REGULAR("salted_hash", "text"),
};

static const struct system_column role_members_columns[] = {
    PARTITION("role", "text"),
    CLUSTERING("member", "text"),
};

static const struct system_column role_permissions_columns[] = {
    PARTITION("role", "text"),
    CLUSTERING("resource", "text"),
    REGULAR("permissions", "set<text>"),
};

static const struct system_column resource_roles_columns[] = {
    PARTITION("resource", "text"),
    CLUSTERING("role", "text"),
};

static const struct system_column network_permissions_columns[] = {
    PARTITION("role", "text"),
    REGULAR("dcs", "frozen<set<text>>"),
};

static const struct system_column sessions_columns[] = {
    PARTITION("session_id", "uuid"),
    REGULAR("client", "inet"),
    REGULAR("command", "text"),
    REGULAR("coordinator", "inet"),
    REGULAR("coordinator_port", "int"),
    REGULAR("duration", "int"),
    REGULAR("parameters", "map<text, text>"),
    REGULAR("request", "text"),
    REGULAR("started_at", "timestamp"),
};

static const struct system_column events_columns[] = {
    PARTITION("session_id", "uuid"), CLUSTERING("event_id", "timeuuid"), REGULAR("activity", "text"),
    REGULAR("source", "inet"),       REGULAR("source_elapsed", "int"),   REGULAR("source_port", "int"),
    REGULAR("thread", "text"),
};

#define TABLE(keyspace_, name_, columns_, produce_, comment_)                                                \
    {                                                                                                        \
        .keyspace = (keyspace_), .name = (name_), .comment = (comment_), .columns = (columns_),              \
        .columns_count = ARRAY_COUNT(columns_), .produce = (produce_)                                        \
    }
#define OF_NODE(keyspace_, name_, columns_, produce_, comment_)                                              \
    {                                                                                                        \
        .keyspace = (keyspace_), .name = (name_), .comment = (comment_), .is_of_node = true,                 \
        .columns = (columns_), .columns_count = ARRAY_COUNT(columns_), .produce = (produce_)                 \
    }
#define VIRTUAL(keyspace_, name_, columns_, produce_, comment_)                                              \
    {                                                                                                        \
        .keyspace = (keyspace_), .name = (name_), .comment = (comment_), .is_virtual = true,                 \
        .columns = (columns_), .columns_count = ARRAY_COUNT(columns_), .produce = (produce_)                 \
    }

/* By keyspace and name. */
const struct system_table statement__system_tables[] = {
    TABLE("system", "IndexInfo", index_info_columns, statement__rows_index_info, "built column indexes"),
    TABLE("system", "available_ranges_v2", available_ranges_columns, NULL,
          "available keyspace/ranges during bootstrap/replace that are ready to be served"),
    TABLE("system", "batches", batches_columns, NULL, "batches awaiting replay"),
    TABLE("system", "built_views", built_views_columns, statement__rows_built_views, "built views"),
    TABLE("system", "compaction_history", compaction_history_columns, NULL, "week-long compaction history"),
    OF_NODE("system", "local", local_columns, statement__rows_local, "information about the local node"),
    TABLE("system", "paxos", paxos_columns, NULL, "in-progress paxos proposals"),
    TABLE("system", "peer_events_v2", peer_events_columns, NULL, "events related to peers"),
    TABLE("system", "peers", peers_columns, NULL, "information about known peers in the cluster"),
    TABLE("system", "peers_v2", peers_v2_columns, NULL, "information about known peers in the cluster"),
    TABLE("system", "prepared_statements", prepared_statements_columns, NULL, "prepared statements"),
    TABLE("system", "repairs", repairs_columns, NULL, "repairs"),
    TABLE("system", "size_estimates", size_estimates_columns, statement__rows_size_estimates,
          "per-table primary range size estimates"),
    TABLE("system", "sstable_activity_v2", sstable_activity_columns, NULL, "historic sstable read rates"),
    TABLE("system", "table_estimates", table_estimates_columns, statement__rows_size_estimates,
          "per-table range size estimates"),
    TABLE("system", "top_partitions", top_partitions_columns, NULL, "Stores the top partitions"),
    TABLE("system", "transferred_ranges_v2", transferred_ranges_columns, NULL,
          "record of transferred ranges for streaming operation"),
    TABLE("system", "view_builds_in_progress", view_builds_columns, NULL, "views builds current progress"),
    TABLE("system_auth", "network_permissions", network_permissions_columns,
          statement__rows_network_permissions, "user network permissions"),
    TABLE("system_auth", "resource_role_permissons_index", resource_roles_columns,
          statement__rows_resource_roles, "index of db roles with permissions granted on a resource"),
    TABLE("system_auth", "role_members", role_members_columns, statement__rows_role_members,
          "role memberships lookup table"),
    TABLE("system_auth", "role_permissions", role_permissions_columns, statement__rows_role_permissions,
          "permissions granted to db roles"),
    TABLE("system_auth", "roles", roles_columns, statement__rows_roles, "role definitions"),
    TABLE("system_distributed", "parent_repair_history", parent_repairs_columns, NULL, "Repair history"),
    TABLE("system_distributed", "partition_denylist", partition_denylist_columns, NULL,
          "Partition keys which have been denied access"),
    TABLE("system_distributed", "repair_history", repair_history_columns, NULL, "Repair history"),
    TABLE("system_distributed", "view_build_status", view_builds_status_columns, statement__rows_view_builds,
          "Materialized View build status"),
    TABLE("system_schema", "aggregates", aggregates_columns, statement__rows_aggregates,
          "user defined aggregate definitions"),
    TABLE("system_schema", "columns", columns_columns, statement__rows_columns, "column definitions"),
    TABLE("system_schema", "dropped_columns", dropped_columns_columns, statement__rows_dropped_columns,
          "dropped column registry"),
    TABLE("system_schema", "functions", functions_columns, statement__rows_functions,
          "user defined function definitions"),
    TABLE("system_schema", "indexes", indexes_columns, statement__rows_indexes,
          "secondary index definitions"),
    TABLE("system_schema", "keyspaces", keyspaces_columns, statement__rows_keyspaces, "keyspace definitions"),
    TABLE("system_schema", "tables", tables_columns, statement__rows_tables, "table definitions"),
    TABLE("system_schema", "triggers", triggers_columns, NULL, "trigger definitions"),
    TABLE("system_schema", "types", types_columns, statement__rows_types, "user defined type definitions"),
    TABLE("system_schema", "views", views_columns, statement__rows_views, "view definitions"),
    TABLE("system_schema_mcs", "columns", columns_columns, statement__rows_columns, "column definitions"),
    TABLE("system_schema_mcs", "keyspaces", mcs_keyspaces_columns, statement__rows_keyspaces,
          "keyspaces and their status"),
    TABLE("system_schema_mcs", "tables", mcs_tables_columns, statement__rows_tables,
          "tables and their status"),
    TABLE("system_schema_mcs", "tags", tags_columns, statement__rows_tags, "tags of keyspaces and tables"),
    OF_NODE("system_traces", "events", events_columns, statement__rows_events, "tracing events"),
    OF_NODE("system_traces", "sessions", sessions_columns, statement__rows_sessions, "tracing sessions"),
    VIRTUAL("system_views", "caches", caches_columns, NULL, "system caches"),
    VIRTUAL("system_views", "clients", clients_columns, statement__rows_clients,
            "currently connected clients"),
    VIRTUAL("system_views", "settings", settings_columns, statement__rows_settings, "current settings"),
    VIRTUAL("system_views", "sstable_tasks", sstable_tasks_columns, NULL, "current sstable tasks"),
    VIRTUAL("system_views", "system_properties", settings_columns, NULL,
            "Cassandra relevant system properties"),
    VIRTUAL("system_views", "thread_pools", thread_pools_columns, NULL, "thread pool metrics for all nodes"),
    VIRTUAL("system_virtual_schema", "columns", columns_columns, statement__rows_virtual_columns,
            "virtual column definitions"),
    VIRTUAL("system_virtual_schema", "keyspaces", virtual_keyspaces_columns,
            statement__rows_virtual_keyspaces, "virtual keyspace definitions"),
    VIRTUAL("system_virtual_schema", "tables", virtual_tables_columns, statement__rows_virtual_tables,
            "virtual table definitions"),
};

const size_t statement__system_tables_count = ARRAY_COUNT(statement__system_tables);

/* --- finding ---------------------------------------------------------------------------------------------------- */

const struct system_table *statement__system_table_find(struct bytes keyspace, struct bytes name)
{
    if (!bytes_start_with(keyspace, bytes_of_text("system"))) { /* as the keyspaces of all of them do */
        return NULL;
    }
    for (size_t i = 0; i < statement__system_tables_count; i++) {
        if (bytes_equal(keyspace, bytes_of_text(statement__system_tables[i].keyspace)) &&
            bytes_equal(name, bytes_of_text(statement__system_tables[i].name))) {
            return &statement__system_tables[i];
        }
    }
    return NULL;
}

bool statement__system_has_keyspace(struct bytes keyspace)
{
    for (size_t i = 0; i < statement__system_tables_count; i++) {
        if (bytes_equal(keyspace, bytes_of_text(statement__system_tables[i].keyspace))) {
            return true;
        }
    }
    return false;
}

void statement__system_table_id(const struct system_table *table, uint8_t ret_id[16])
{
    struct buffer name = {0};
    buffer_put_text(&name, table->keyspace);
    buffer_put_text(&name, table->name);
    crypto_md5(buffer_bytes(&name), ret_id);
    ret_id[6] = (uint8_t)((ret_id[6] & 0x0F) | 0x30);
    ret_id[8] = (uint8_t)((ret_id[8] & 0x3F) | 0x80);
    buffer_reset(&name);
}

struct type statement__system_column_type(const struct system_column *column, struct arena *arena)
{
    struct type type;
    enum status status = type_parse(bytes_of_text(column->type), NULL, arena, &type, NULL);
    CHECK(status == STATUS_OK);
    return type;
}

int64_t statement__system_token(size_t n)
{
    CHECK(n < SYSTEM_TOKENS);
    return (int64_t)((uint64_t)INT64_MIN + n * (UINT64_MAX / SYSTEM_TOKENS + 1));
}
