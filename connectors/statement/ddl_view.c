/* Materialized views: CREATE, ALTER, DROP. Follows Cassandra 4.1. */
#include "bind.h"
#include "ddl.h"
#include "value/type_text.h"
#include "views.h"

/* A view that is being made. */
struct making {
    struct exec_call *call;
    const struct cql_create_view *statement;
    struct bytes keyspace;
    struct view_rows rows; /* the base table */
    struct view view;
    struct index_schema index;
};

static enum status view_fail(struct making *making, const char *format, struct bytes name)
{
    return exec_fail(making->call, CQL_INVALID, format, (int)name.size, (const char *)name.data);
}

/* `format` names a column, then the view. */
static enum status view_fail_column(struct making *making, const char *format, struct bytes column)
{
    struct bytes view = making->statement->name.name;
    return exec_fail(making->call, CQL_INVALID, format, (int)column.size, (const char *)column.data,
                     (int)view.size, (const char *)view.data);
}

/* --- what it is made of ----------------------------------------------------------------------------------------------- */

static enum status view_base(struct making *making)
{
    struct exec_call *call = making->call;
    struct cql_qualified base = making->statement->select.table;
    const struct schema *schema = NULL;
    if (base.keyspace.size > 0 && !bytes_equal(base.keyspace, making->keyspace)) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot create a materialized view on a table in a different keyspace");
    }
    base.keyspace = making->keyspace;
    enum status status =
        statement__view_refuse(call, &base,
                               "Materialized views cannot be created against other materialized views");
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes full = exec_full_name(call, base.keyspace, base.name);
    if (gate_table_find(call->exec->gate, full, &schema, NULL) != STATUS_OK || schema->kind != TABLE_WIDE) {
        return view_fail(making, "Base table '%.*s' doesn't exist", base.name);
    }
    status = statement__source_find(call, &base, 0, &making->rows.base);
    if (status == STATUS_OK && schema->columns_count > 0 && schema->columns[0].type.kind == TYPE_COUNTER) {
        status = exec_fail(call, CQL_INVALID, "Materialized views are not supported on counter tables");
    }
    return status;
}

/* The columns of SELECT; none are named: all. */
static enum status view_columns(struct making *making)
{
    const struct cql_selectors *selectors = &making->statement->select.selectors;
    const struct source *base = &making->rows.base;
    making->view.columns = (struct value){.kind = VALUE_LIST};
    making->view.columns.items.at =
        arena_create_array(making->call->arena, selectors->count, sizeof(struct value));
    if (selectors->count == 0 && base->has_statics) {
        size_t i = 0;
        while (base->columns[i].kind != DESCRIBED_STATIC) {
            i++;
        }
        return view_fail_column(making, "Cannot include static column '%.*s' in materialized view '%.*s'",
                                base->columns[i].name);
    }
    for (size_t i = 0; i < selectors->count; i++) {
        const struct cql_selector *selector = &selectors->at[i];
        struct bytes text = cql_selector_name(selector, making->call->arena);
        if (selector->has_alias) {
            return view_fail(making, "Cannot use aliases when defining a materialized view (got %.*s)", text);
        }
        if (selector->term->kind != CQL_TERM_COLUMN) {
            return view_fail(making,
                             "Can only select columns by name when defining a materialized view (got %.*s)",
                             text);
        }
        const struct source_column *column = statement__source_find_column(base, text);
        if (column == NULL) {
            return statement__source_fail_column(making->call, base, text);
        }
        if (column->kind == DESCRIBED_STATIC) {
            return view_fail_column(making, "Cannot include static column '%.*s' in materialized view '%.*s'",
                                    text);
        }
        making->view.columns.items.at[making->view.columns.items.count++] = value_of_text(text);
    }
    return STATUS_OK;
}

static bool view_selects(const struct making *making, struct bytes name)
{
    const struct value *columns = &making->view.columns;
    for (size_t i = 0; i < columns->items.count; i++) {
        if (bytes_equal(columns->items.at[i].bytes, name)) {
            return true;
        }
    }
    return columns->items.count == 0;
}

/* --- its key ---------------------------------------------------------------------------------------------------------- */

static enum status view_key_type(struct making *making, const struct source_column *column)
{
    struct bytes name = column->name;
    struct error error;
    if (type_is_multi_cell(column->type)) {
        struct buffer text = {0};
        type_format(column->type, &text);
        enum status status =
            exec_fail(making->call, CQL_INVALID,
                      "Invalid non-frozen %s type '%.*s' for PRIMARY KEY column '%.*s'",
                      column->type->kind == TYPE_UDT ? "user-defined" : "collection", (int)text.size,
                      (const char *)text.data, (int)name.size, (const char *)name.data);
        buffer_reset(&text);
        return status;
    }
    return type_check_key(column->type, name, &error) == STATUS_OK
               ? STATUS_OK
               : view_fail(making, "duration type is not supported for PRIMARY KEY column '%.*s'", name);
}

/* One column of the key, of those before it `so_far`. */
static enum status view_key_column(struct making *making, struct bytes name, const struct key_column *so_far,
                                   size_t count, struct key_column *ret_column)
{
    const struct source_column *column = statement__source_find_column(&making->rows.base, name);
    if (column == NULL || !view_selects(making, name)) {
        return view_fail_column(
            making, "Unknown column '%.*s' referenced in PRIMARY KEY for materialized view '%.*s'", name);
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(so_far[i].name, name)) {
            return view_fail_column(
                making, "Duplicate column '%.*s' in PRIMARY KEY clause for materialized view '%.*s'", name);
        }
    }
    *ret_column = (struct key_column){.name = name, .type = *column->type};
    return view_key_type(making, column);
}

/* "a, b": the columns of the base table's key that are not in the view's, or those of the view's that are not in the
 * base table's (*ret_count). */
static struct bytes view_missing(struct making *making, bool of_base, size_t *ret_count)
{
    struct buffer names = {0};
    const struct index_schema *index = &making->index;
    const struct source *base = &making->rows.base;
    const struct schema *schema = base->table.schema;
    size_t keys = of_base ? schema->partition_count + schema->clustering_count
                          : index->partition_count + index->clustering_count;
    *ret_count = 0;
    for (size_t i = 0; i < keys; i++) {
        struct bytes name = of_base ? base->columns[i].name : index->partition[i].name;
        bool is_there = false;
        if (of_base) {
            for (size_t k = 0; k < index->partition_count + index->clustering_count; k++) {
                is_there |= bytes_equal(index->partition[k].name, name);
            }
        } else {
            is_there = statement__source_find_column(base, name)->stored == NULL;
        }
        if (!is_there) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, name);
            (*ret_count)++;
        }
    }
    struct bytes copy = arena_copy(making->call->arena, buffer_bytes(&names));
    buffer_reset(&names);
    return copy;
}

static enum status view_order(struct making *making)
{
    const struct cql_orderings *order = &making->statement->clustering_order;
    bool is_same = order->count == 0 || order->count == making->index.clustering_count;
    for (size_t i = 0; i < order->count && is_same; i++) {
        is_same = bytes_equal(making->index.clustering[i].name, order->at[i].column);
        making->index.clustering[i].is_descending = order->at[i].is_descending;
    }
    return is_same
               ? STATUS_OK
               : exec_fail(
                     making->call, CQL_INVALID,
                     "Clustering key columns must exactly match columns in CLUSTERING ORDER BY directive");
}

static enum status view_key(struct making *making)
{
    const struct cql_primary_key *key = &making->statement->key;
    size_t count = key->partition.count + key->clustering.count;
    struct key_column *columns = arena_create_array(making->call->arena, count, sizeof(*columns));
    struct bytes view = making->statement->name.name;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct bytes name =
            i < key->partition.count ? key->partition.at[i] : key->clustering.at[i - key->partition.count];
        status = view_key_column(making, name, columns, i, &columns[i]);
    }
    making->index.partition = columns;
    making->index.partition_count = key->partition.count;
    making->index.clustering = columns + key->partition.count;
    making->index.clustering_count = key->clustering.count;
    if (status == STATUS_OK) {
        status = view_order(making);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes missing = view_missing(making, true, &count);
    if (count > 0) {
        struct bytes base = making->statement->select.table.name;
        return exec_fail(making->call, CQL_INVALID,
                         "Cannot create materialized view '%.*s' without primary key columns %.*s from base "
                         "table '%.*s'",
                         (int)view.size, (const char *)view.data, (int)missing.size,
                         (const char *)missing.data, (int)base.size, (const char *)base.data);
    }
    missing = view_missing(making, false, &count);
    return count <= 1 ? STATUS_OK
                      : view_fail(making,
                                  "Cannot include more than one non-primary key column in materialized view "
                                  "primary key (got %.*s)",
                                  missing);
}

/* --- WHERE, WITH ------------------------------------------------------------------------------------------------------ */

static bool where_has(const struct cql_relations *where, struct bytes name)
{
    for (size_t i = 0; i < where->count; i++) {
        for (size_t k = 0; k < where->at[i].columns.count; k++) {
            if (bytes_equal(where->at[i].columns.at[k], name)) {
                return true;
            }
        }
    }
    return false;
}

static enum status view_where_check(struct making *making, const struct cql_relations *where)
{
    struct buffer names = {0};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < where->count; i++) {
        if (where->at[i].kind == CQL_RELATION_INDEX) {
            return view_fail(making,
                             "WHERE clause for materialized view '%.*s' cannot contain custom index "
                             "expressions",
                             making->statement->name.name);
        }
    }
    for (size_t i = 0; i < making->index.partition_count + making->index.clustering_count; i++) {
        if (!where_has(where, making->index.partition[i].name)) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, making->index.partition[i].name);
        }
    }
    if (names.size > 0) {
        status =
            view_fail(making, "Primary key columns %.*s must be restricted with 'IS NOT NULL' or otherwise",
                      buffer_bytes(&names));
    }
    buffer_reset(&names);
    for (size_t i = 0; i < where->count && status == STATUS_OK; i++) {
        const struct cql_relation *relation = &where->at[i];
        const struct source_column *column =
            statement__source_find_column(&making->rows.base, relation->columns.at[0]);
        if (relation->kind == CQL_RELATION_TOKEN) {
            status = exec_fail(making->call, CQL_INVALID,
                               "Cannot use token relation when defining a materialized view");
        } else if (relation->comparison != CQL_IS_NOT_NULL && column != NULL && column->stored != NULL) {
            status = view_fail(making,
                               "Non-primary key columns can only be restricted with 'IS NOT NULL' (got: %.*s "
                               "restricted illegally)",
                               column->name);
        }
    }
    return status;
}

static enum status view_where(struct making *making)
{
    const struct cql_relations *where = &making->statement->select.where;
    struct buffer text = {0};
    enum status status = view_where_check(making, where);
    if (status == STATUS_OK) {
        status = statement__view_where(making->call, where, &making->rows);
    }
    for (size_t i = 0; i < where->count; i++) {
        buffer_put_text(&text, i == 0 ? "" : " AND ");
        cql_relation_format(&where->at[i], &text);
    }
    making->view.where = arena_copy(making->call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return status;
}

static enum status view_options(struct making *making)
{
    struct exec_call *call = making->call;
    struct view *view = &making->view;
    view->options = (struct cql_options){.options = {.kind = VALUE_MAP}};
    view->gc_grace_seconds = CQL_GC_GRACE_SECONDS_DEFAULT;
    enum status status = statement__options_take(call, &making->statement->properties, &view->options,
                                                 &view->gc_grace_seconds);
    struct bytes ttl = value_map_text(&view->options.options, "default_time_to_live");
    if (status == STATUS_OK && ttl.size > 0 && !bytes_equal(ttl, bytes_of_text("0"))) {
        status = exec_fail(call, CQL_INVALID,
                           "Cannot set default_time_to_live for a materialized view. Data in a materialized "
                           "view always expire at the same time than the corresponding data in the parent "
                           "table.");
    }
    if (view->options.id.size == 0) {
        view->options.id = ddl_new_id(call);
    }
    statement__options_complete(call, &view->options);
    return status;
}

/* --- CREATE ----------------------------------------------------------------------------------------------------------- */

static enum status view_make(struct making *making)
{
    enum status status = view_columns(making);
    if (status == STATUS_OK) {
        status = view_key(making);
    }
    if (status == STATUS_OK) {
        status = view_where(making);
    }
    return status == STATUS_OK ? view_options(making) : status;
}

/* The base table with one more index. */
static enum status view_submit(struct making *making)
{
    struct exec_call *call = making->call;
    struct error error;
    const struct schema *base = making->rows.base.table.schema;
    struct schema *next = schema_copy(base, call->arena);
    struct index_schema *indexes = arena_create_array(call->arena, next->indexes_count + 1, sizeof(*indexes));
    for (size_t i = 0; i < next->indexes_count; i++) {
        indexes[i] = next->indexes[i];
    }
    making->index.state = INDEX_CREATING;
    making->index.name = statement__view_index_name(making->statement->name.name, call->arena);
    making->view.base = making->statement->select.table.name;
    statement__view_encode(&making->view, call->arena, &making->index.properties);
    indexes[next->indexes_count++] = making->index;
    next->indexes = indexes;
    struct gate_request request =
        ddl_table_begin(call, "CREATED", making->keyspace, making->statement->name.name);
    enum status status = gate_table_alter(call->exec->gate, base, next, &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* Whether the name is taken: the statement is then answered, or has failed. */
static enum status view_is_there(struct making *making, bool *ret_is_answered)
{
    struct exec_call *call = making->call;
    const struct schema *schema = NULL;
    const struct index_schema *index = NULL;
    struct bytes name = making->statement->name.name;
    *ret_is_answered = false;
    if (gate_table_find(call->exec->gate, exec_full_name(call, making->keyspace, name), &schema, NULL) ==
        STATUS_OK) {
        return view_fail(making,
                         "Cannot create materialized view '%.*s' - a table with the same name already exists",
                         name);
    }
    if (!statement__view_find(call, making->keyspace, name, &schema, &index)) {
        return STATUS_OK;
    }
    if (!making->statement->if_not_exists) {
        return ddl_exists(call, making->keyspace, name);
    }
    exec_answer_void(call);
    *ret_is_answered = true;
    return STATUS_OK;
}

enum status exec_create_view(struct exec_call *call, const struct cql_statement *statement)
{
    struct making making = {.call = call, .statement = &statement->create_view};
    bool is_answered = false;
    enum status status = exec_find_keyspace(call, making.statement->name.keyspace, &making.keyspace);
    if (status == STATUS_OK) {
        status = ddl_check_system(call, making.keyspace);
    }
    if (status == STATUS_OK && statement->markers > 0) {
        status = exec_fail(call, CQL_INVALID,
                           "Bind variables are not allowed in CREATE MATERIALIZED VIEW statements");
    }
    if (status == STATUS_OK) {
        status = ddl_check_table_name(call, making.keyspace, making.statement->name.name);
    }
    if (status == STATUS_OK && making.statement->key.definitions != 1) {
        status = view_fail(&making, "No PRIMARY KEY specified for view '%.*s' (exactly one required)",
                           making.statement->name.name);
    }
    if (status == STATUS_OK && making.statement->is_compact) {
        status =
            exec_fail(call, CQL_INVALID, "Cannot use 'COMPACT STORAGE' when defining a materialized view");
    }
    if (status == STATUS_OK) {
        status = view_base(&making);
    }
    if (status == STATUS_OK) {
        status = view_is_there(&making, &is_answered);
    }
    if (status != STATUS_OK || is_answered) {
        return status;
    }
    status = view_make(&making);
    return status == STATUS_OK ? view_submit(&making) : status;
}

/* --- ALTER, DROP ------------------------------------------------------------------------------------------------------ */

/* Begins a change of an existing view: a copy of its table's schema, and the index in it. */
static enum status view_open(struct exec_call *call, const struct cql_qualified *name, bool if_exists,
                             const struct schema **ret_base, struct schema **ret_next,
                             struct index_schema **ret_index)
{
    const struct index_schema *index = NULL;
    struct bytes keyspace = exec_keyspace_of(call, name);
    *ret_next = NULL;
    enum status status = ddl_check_system(call, keyspace);
    if (status != STATUS_OK) {
        return status;
    }
    if (!statement__view_find(call, keyspace, name->name, ret_base, &index)) {
        return ddl_missing(call, "Materialized view", exec_full_name(call, keyspace, name->name), if_exists);
    }
    *ret_next = schema_copy(*ret_base, call->arena);
    *ret_index = &(*ret_next)->indexes[index - (*ret_base)->indexes];
    return STATUS_OK;
}

static enum status view_change(struct exec_call *call, const char *change, const struct cql_qualified *name,
                               const struct schema *base, const struct schema *next)
{
    struct error error;
    struct gate_request request = ddl_table_begin(call, change, exec_keyspace_of(call, name), name->name);
    enum status status = gate_table_alter(call->exec->gate, base, next, &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

enum status exec_alter_view(struct exec_call *call, const struct cql_alter_table *statement)
{
    const struct schema *base = NULL;
    struct schema *next = NULL;
    struct index_schema *index = NULL;
    struct view view;
    enum status status = view_open(call, &statement->table, statement->if_exists, &base, &next, &index);
    if (status != STATUS_OK || next == NULL) {
        return status;
    }
    statement__view_decode(index, call->arena, &view);
    status = statement__options_take(call, &statement->properties, &view.options, &view.gc_grace_seconds);
    struct bytes ttl = value_map_text(&view.options.options, "default_time_to_live");
    if (status == STATUS_OK && view.gc_grace_seconds == 0) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot alter gc_grace_seconds of a materialized view to 0, since this value is "
                         "used to TTL undelivered updates. Setting gc_grace_seconds too low might cause "
                         "undelivered updates to expire before being replayed.");
    }
    if (status == STATUS_OK && ttl.size > 0 && !bytes_equal(ttl, bytes_of_text("0"))) {
        return exec_fail(call, CQL_INVALID,
                         "Forbidden default_time_to_live detected for a materialized view. Data in a "
                         "materialized view always expire at the same time than the corresponding data in "
                         "the parent table. default_time_to_live must be set to zero, see CASSANDRA-12868 "
                         "for more information");
    }
    if (status != STATUS_OK) {
        return status;
    }
    statement__view_encode(&view, call->arena, &index->properties);
    return view_change(call, "UPDATED", &statement->table, base, next);
}

enum status exec_drop_view(struct exec_call *call, const struct cql_object *statement)
{
    const struct schema *base = NULL;
    struct schema *next = NULL;
    struct index_schema *index = NULL;
    enum status status = view_open(call, &statement->name, statement->if_exists, &base, &next, &index);
    if (status != STATUS_OK || next == NULL) {
        return status;
    }
    for (size_t i = (size_t)(index - next->indexes); i + 1 < next->indexes_count; i++) {
        next->indexes[i] = next->indexes[i + 1];
    }
    next->indexes_count--;
    return view_change(call, "DROPPED", &statement->name, base, next);
}
