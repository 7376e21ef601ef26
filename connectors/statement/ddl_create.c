/* CREATE TABLE. */
#include "base/random.h"
#include "ddl.h"
#include "options.h"
#include "value/type_text.h"
#include "views.h"

static bool names_have(const struct cql_names *names, struct bytes name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (bytes_equal(names->at[i], name)) {
            return true;
        }
    }
    return false;
}

static enum status create_fail(struct exec_call *call, const char *before, struct bytes column,
                               const char *between, struct bytes table, const char *after)
{
    return exec_fail(call, CQL_INVALID, "%s%.*s%s%.*s%s", before, (int)column.size, (const char *)column.data,
                     between, (int)table.size, (const char *)table.data, after);
}

static const struct cql_column *create_column(const struct cql_create_table *statement, struct bytes name)
{
    for (size_t i = 0; i < statement->columns.count; i++) {
        if (bytes_equal(statement->columns.at[i].name, name)) {
            return &statement->columns.at[i];
        }
    }
    return NULL;
}

static enum status create_check_columns(struct exec_call *call, const struct cql_create_table *statement)
{
    struct bytes table = statement->table.name;
    for (size_t i = 0; i < statement->columns.count; i++) {
        struct bytes name = statement->columns.at[i].name;
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(statement->columns.at[k].name, name)) {
                return create_fail(call, "Duplicate column '", name, "' declaration for table '", table, "'");
            }
        }
    }
    if (statement->key.definitions != 1) {
        return statement->key.definitions == 0
                   ? create_fail(call, "No PRIMARY KEY specifed for table '", table,
                                 "' (exactly one required)", bytes_of_text(""), "") /* Cassandra's spelling */
                   : create_fail(call, "Multiple PRIMARY KEY specified for table '", table,
                                 "' (exactly one required)", bytes_of_text(""), "");
    }
    return STATUS_OK;
}

/* One column of the primary key. */
static enum status create_key_column(struct exec_call *call, const struct cql_create_table *statement,
                                     struct bytes keyspace, struct bytes name, struct key_column *ret_column)
{
    const struct cql_column *column = create_column(statement, name);
    if (column == NULL) {
        return create_fail(call, "Unknown column '", name, "' referenced in PRIMARY KEY for table '",
                           statement->table.name, "'");
    }
    if (column->is_static) {
        return create_fail(call, "Static column '", name, "' cannot be part of the PRIMARY KEY",
                           bytes_of_text(""), "");
    }
    ret_column->name = name;
    enum status status = exec_type(call, &column->type, keyspace, &ret_column->type);
    if (status != STATUS_OK) {
        return status;
    }
    if (ret_column->type.kind == TYPE_COUNTER) {
        return create_fail(call, "counter type is not supported for PRIMARY KEY column '", name, "'",
                           bytes_of_text(""), "");
    }
    struct error error;
    if (type_is_multi_cell(&ret_column->type)) {
        struct buffer text = {0};
        type_format(&ret_column->type, &text);
        status = exec_fail(call, CQL_INVALID, "Invalid non-frozen %s type %.*s for PRIMARY KEY column '%.*s'",
                           ret_column->type.kind == TYPE_UDT ? "user-defined" : "collection", (int)text.size,
                           (const char *)text.data, (int)name.size, (const char *)name.data);
        buffer_reset(&text);
        return status;
    }
    status = type_check_key(&ret_column->type, name, &error);
    return status == STATUS_OK ? status
                               : create_fail(call, "duration type is not supported for PRIMARY KEY column '",
                                             name, "'", bytes_of_text(""), "");
}

static enum status create_key(struct exec_call *call, const struct cql_create_table *statement,
                              struct bytes keyspace, struct schema *schema)
{
    const struct cql_names *parts[] = {&statement->key.partition, &statement->key.clustering};
    struct key_column *columns[2];
    enum status status = STATUS_OK;
    for (size_t p = 0; p < 2; p++) {
        columns[p] = arena_create_array(call->arena, parts[p]->count, sizeof(struct key_column));
        for (size_t i = 0; i < parts[p]->count && status == STATUS_OK; i++) {
            bool is_twice = p == 1 && names_have(parts[0], parts[1]->at[i]);
            for (size_t k = 0; k < i; k++) {
                is_twice |= bytes_equal(parts[p]->at[k], parts[p]->at[i]);
            }
            status = is_twice ? create_fail(call, "Duplicate column '", parts[p]->at[i],
                                            "' in PRIMARY KEY clause for table '", statement->table.name, "'")
                              : create_key_column(call, statement, keyspace, parts[p]->at[i], &columns[p][i]);
        }
    }
    schema->partition = columns[0];
    schema->partition_count = parts[0]->count;
    schema->clustering = columns[1];
    schema->clustering_count = parts[1]->count;
    return status;
}

/* The names that CLUSTERING ORDER BY has and the clustering key has not, joined; each must be there once. */
static enum status create_order_names(struct exec_call *call, const struct cql_create_table *statement,
                                      const struct schema *schema, struct buffer *strangers)
{
    const struct cql_orderings *order = &statement->clustering_order;
    for (size_t i = 0; i < order->count; i++) {
        struct bytes name = order->at[i].column;
        size_t at = 0;
        while (at < schema->clustering_count && !bytes_equal(schema->clustering[at].name, name)) {
            at++;
        }
        if (at == schema->clustering_count) {
            buffer_put_text(strangers, strangers->size > 0 ? ", " : "");
            buffer_put(strangers, name);
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(order->at[k].column, name)) {
                return create_fail(call, "Duplicate column '", name,
                                   "' in CLUSTERING ORDER BY clause for table '", statement->table.name, "'");
            }
        }
    }
    return STATUS_OK;
}

static enum status create_order(struct exec_call *call, const struct cql_create_table *statement,
                                struct schema *schema)
{
    const struct cql_orderings *order = &statement->clustering_order;
    struct buffer strangers = {0};
    enum status status = create_order_names(call, statement, schema, &strangers);
    if (status == STATUS_OK && strangers.size > 0) {
        status =
            create_fail(call, "Only clustering key columns can be defined in CLUSTERING ORDER directive: [",
                        buffer_bytes(&strangers), "] are not clustering columns", bytes_of_text(""), "");
    }
    buffer_reset(&strangers);
    for (size_t i = 0; i < order->count && status == STATUS_OK; i++) {
        struct bytes due = schema->clustering[i].name;
        bool comes_later = false;
        for (size_t k = i + 1; k < order->count; k++) {
            comes_later |= bytes_equal(order->at[k].column, due);
        }
        schema->clustering[i].is_descending = order->at[i].is_descending;
        if (!bytes_equal(order->at[i].column, due)) {
            return comes_later
                       ? create_fail(
                             call,
                             "The order of columns in the CLUSTERING ORDER directive must match that of "
                             "the clustering columns (",
                             due, " must appear before ", order->at[i].column, ")")
                       : create_fail(call, "Missing CLUSTERING ORDER for column ", due, "", bytes_of_text(""),
                                     "");
        }
    }
    return status;
}

/* Columns that are not of the key. */
static enum status create_columns(struct exec_call *call, const struct cql_create_table *statement,
                                  struct bytes keyspace, struct schema *schema)
{
    struct column *columns = arena_create_array(call->arena, statement->columns.count, sizeof(*columns));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < statement->columns.count && status == STATUS_OK; i++) {
        const struct cql_column *column = &statement->columns.at[i];
        if (names_have(&statement->key.partition, column->name) ||
            names_have(&statement->key.clustering, column->name)) {
            continue;
        }
        struct column *added = &columns[schema->columns_count++];
        *added = (struct column){.id = schema->next_column++,
                                 .is_static = column->is_static,
                                 .name = column->name};
        status = exec_type(call, &column->type, keyspace, &added->type);
    }
    schema->columns = columns;
    return status;
}

/* What a table WITH COMPACT STORAGE may be: rows of one partition and many columns, or of a key and one column. */
static enum status create_check_compact(struct exec_call *call, const struct schema *schema)
{
    struct buffer names = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < schema->columns_count && status == STATUS_OK; i++) {
        const struct column *column = &schema->columns[i];
        buffer_put_text(&names, i == 0 ? "" : ", ");
        buffer_put(&names, column->name);
        if (type_is_multi_cell(&column->type)) {
            status = exec_fail(call, CQL_INVALID,
                               "Non-frozen collections and UDTs are not supported with COMPACT STORAGE");
        } else if (column->is_static) {
            status =
                exec_fail(call, CQL_INVALID, "Static columns are not supported in COMPACT STORAGE tables");
        }
    }
    if (status == STATUS_OK && schema->clustering_count == 0 && schema->columns_count == 0) {
        status = exec_fail(call, CQL_INVALID, "No definition found that is not part of the PRIMARY KEY");
    } else if (status == STATUS_OK && schema->clustering_count > 0 && schema->columns_count > 1) {
        status =
            exec_fail_name(call,
                           "COMPACT STORAGE with composite PRIMARY KEY allows no more than one column not "
                           "part of the PRIMARY KEY (got: %.*s)",
                           buffer_bytes(&names));
    }
    buffer_reset(&names);
    return status;
}

struct bytes ddl_new_id(struct exec_call *call)
{
    uint8_t *id = arena_create(call->arena, CQL_UUID_BYTES);
    random_secret(id, CQL_UUID_BYTES);
    id[6] = (uint8_t)((id[6] & 0x0F) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3F) | 0x80);
    return bytes_of(id, CQL_UUID_BYTES);
}

enum status exec_create_table(struct exec_call *call, const struct cql_create_table *statement)
{
    struct bytes keyspace = {0};
    struct error error;
    struct cql_options options = {.options = {.kind = VALUE_MAP}, .is_compact = statement->is_compact};
    struct schema schema = {.kind = TABLE_WIDE,
                            .durability = DURABILITY_SYNC,
                            .gc_grace_seconds = CQL_GC_GRACE_SECONDS_DEFAULT};
    const struct schema *found = NULL;
    const struct index_schema *view = NULL;
    enum status status = exec_find_keyspace(call, statement->table.keyspace, &keyspace);
    if (status == STATUS_OK) {
        status = ddl_check_system(call, keyspace);
    }
    if (status == STATUS_OK) {
        status = ddl_check_table_name(call, keyspace, statement->table.name);
    }
    schema.name = exec_full_name(call, keyspace, statement->table.name);
    bool is_there =
        status == STATUS_OK && (gate_table_find(call->exec->gate, schema.name, &found, &error) == STATUS_OK ||
                                statement__view_find(call, keyspace, statement->table.name, &found, &view));
    if (is_there) {
        if (!statement->if_not_exists) {
            return ddl_exists(call, keyspace, statement->table.name);
        }
        exec_answer_void(call);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = create_check_columns(call, statement);
    }
    if (status == STATUS_OK) {
        status = create_key(call, statement, keyspace, &schema);
    }
    if (status == STATUS_OK) {
        status = create_order(call, statement, &schema);
    }
    if (status == STATUS_OK) {
        status = create_columns(call, statement, keyspace, &schema);
    }
    if (status == STATUS_OK && statement->is_compact) {
        status = create_check_compact(call, &schema);
    }
    if (status == STATUS_OK) {
        status = statement__options_take(call, &statement->properties, &options, &schema.gc_grace_seconds);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (options.id.size == 0) {
        options.id = ddl_new_id(call);
    }
    statement__options_complete(call, &options);
    schema.default_ttl_seconds = statement__options_default_ttl(&options);
    status = ddl_check_default_ttl(call, &schema);
    if (status != STATUS_OK) {
        return status;
    }
    statement__options_encode(&options, call->arena, &schema.properties);
    struct gate_request request = ddl_table_begin(call, "CREATED", keyspace, statement->table.name);
    return ddl_table_submitted(call, gate_table_create(call->exec->gate, &schema, &request, &error), &error);
}
