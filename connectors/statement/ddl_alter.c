/* ALTER TABLE. */
#include "bind.h"
#include "ddl.h"
#include "function.h"
#include "index.h"
#include "keyspaces.h"
#include "options.h"
#include "value/type_text.h"
#include "views.h"

/* NOLINTNEXTLINE(misc-no-recursion): types have bounds */
static bool type_has_udt(const struct type *type)
{
    bool has_udt = type->kind == TYPE_UDT;
    for (size_t i = 0; i < type->count && !has_udt; i++) {
        has_udt = type_has_udt(&type->parameters[i]);
    }
    return has_udt;
}

/* The cells that it had are its own again, those up to the drop apart. A type of users' may be another one by now: then it begins
 * empty. */
static void alter_take_back(const struct value *facts, const struct type *before, struct column *added)
{
    if (facts->items.count >= 4 && !type_has_udt(before) &&
        type_is_multi_cell(before) == type_is_multi_cell(&added->type)) {
        added->id = (uint32_t)facts->items.at[3].integer;
        added->was_dropped = true;
        added->dropped_us = facts->items.at[1].integer;
    }
}

/* Rows that are there by the cells of one column alone come and go with it: what is indexed by columns of the key alone is
 * indexed anew. Where rows only come, what is there stays meanwhile: views are read while they are filled in. */
static void alter_index_anew(struct schema *next, bool rows_go)
{
    for (size_t i = 0; i < next->indexes_count; i++) {
        struct index_schema *index = &next->indexes[i];
        bool is_of_key = true;
        for (size_t k = 0; k < index->partition_count + index->clustering_count; k++) {
            is_of_key = is_of_key && schema_is_key(next, index_key_column(index, k)->name);
        }
        bool stays = !is_of_key || (!rows_go && index->state == INDEX_ACTIVE);
        index->space = stays ? index->space : 0;
        index->state = is_of_key ? INDEX_CREATING : index->state;
    }
}

/* A column that was dropped comes back as something that could read what it held, as in Cassandra, and with it what was
 * written with later timestamps than the drop's. */
static enum status alter_check_again(struct exec_call *call, const struct exec_table *table,
                                     const struct cql_options *options, struct column *added)
{
    const struct value *facts = value_map_get(&options->dropped, added->name);
    struct bytes text =
        facts != NULL && facts->items.count >= 3 ? facts->items.at[0].bytes : (struct bytes){0};
    struct type before;
    struct error error;
    int size = (int)added->name.size;
    const char *name = (const char *)added->name.data;
    if (text.size == 0 || statement__type_named(call, text, table->keyspace, &before, &error) != STATUS_OK) {
        return STATUS_OK;
    }
    if (added->type.kind == TYPE_COUNTER) {
        return exec_fail(call, CQL_INVALID, "Cannot re-add previously dropped counter column %.*s", size,
                         name);
    }
    if (!type_equal(&added->type, &before) &&
        (type_has_parameters(before.kind) || !statement__type_accepts(&added->type, &before))) {
        return exec_fail(
            call, CQL_INVALID,
            "Cannot re-add previously dropped column '%.*s' of type %s, incompatible with previous "
            "type %.*s",
            size, name, statement__type_text(&added->type, call->arena), (int)text.size,
            (const char *)text.data);
    }
    if (facts->items.at[2].boolean != added->is_static) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot re-add previously dropped column '%.*s' of kind %s, incompatible with "
                         "previous kind %s",
                         size, name, added->is_static ? "STATIC" : "REGULAR",
                         added->is_static ? "REGULAR" : "STATIC");
    }
    alter_take_back(facts, &before, added);
    return STATUS_OK;
}

static enum status alter_add(struct exec_call *call, const struct cql_alter_table *statement,
                             const struct exec_table *table, const struct cql_options *options,
                             struct schema *next)
{
    struct column *columns =
        arena_create_array(call->arena, next->columns_count + statement->columns.count, sizeof(*columns));
    enum status status = STATUS_OK;
    bool is_again = false;
    for (size_t i = 0; i < next->columns_count; i++) {
        columns[i] = next->columns[i];
    }
    next->columns = columns;
    for (size_t i = 0; i < statement->columns.count && status == STATUS_OK; i++) {
        const struct cql_column *column = &statement->columns.at[i];
        if (schema_is_key(next, column->name) || schema_column(next, column->name) != NULL) {
            if (statement->column_if_not_exists) {
                continue;
            }
            return exec_fail_name(call, "Column with name '%.*s' already exists", column->name);
        }
        struct column *added = &columns[next->columns_count];
        *added =
            (struct column){.id = next->next_column, .is_static = column->is_static, .name = column->name};
        status = exec_type(call, &column->type, table->keyspace, &added->type);
        if (status == STATUS_OK && added->is_static && next->clustering_count == 0) {
            status =
                exec_fail(call, CQL_INVALID,
                          "Static columns are only useful (and thus allowed) if the table has at least one "
                          "clustering column");
        }
        if (status == STATUS_OK) {
            status = alter_check_again(call, table, options, added);
        }
        is_again |= added->was_dropped;
        next->columns_count++;
        next->next_column++;
    }
    if (is_again) {
        next->has_returned = true;
        alter_index_anew(next, false);
    }
    return status;
}

static void alter_note_dropped(struct exec_call *call, const struct column *column, int64_t dropped_us,
                               struct cql_options *options)
{
    size_t count = options->dropped.pairs.count;
    struct value *pairs = arena_create_array(call->arena, 2 * (count + 1), sizeof(*pairs));
    struct value *facts = arena_create_array(call->arena, 4, sizeof(*facts));
    struct buffer text = {0};
    type_format(&column->type, &text);
    facts[0] = value_of_text(arena_copy(call->arena, buffer_bytes(&text)));
    facts[1] = value_of_integer(dropped_us);
    facts[2] = value_of_boolean(column->is_static);
    facts[3] = value_of_integer(column->id);
    buffer_reset(&text);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(options->dropped.pairs.at[2 * i].bytes, column->name)) {
            pairs[2 * kept] = options->dropped.pairs.at[2 * i];
            pairs[2 * kept++ + 1] = options->dropped.pairs.at[2 * i + 1];
        }
    }
    pairs[2 * kept] = value_of_text(column->name);
    pairs[2 * kept + 1] = (struct value){.kind = VALUE_LIST, .items = {.at = facts, .count = 4}};
    options->dropped = (struct value){.kind = VALUE_MAP, .pairs = {.at = pairs, .count = kept + 1}};
    CHECK(value_map_sort(&options->dropped));
}

/* When columns are dropped: now, or as the statement says. */
static enum status alter_dropped_us(struct exec_call *call, const struct cql_term *timestamp,
                                    int64_t *ret_dropped_us)
{
    static const struct type type = {.kind = TYPE_BIGINT};
    struct bound bound;
    *ret_dropped_us = clock_wall_us(clock_system());
    if (timestamp == NULL) {
        return STATUS_OK;
    }
    enum status status = exec_bind(call, timestamp, &type, bytes_of_text("[timestamp]"), &bound);
    if (status == STATUS_OK && bound.kind == BOUND_VALUE) {
        *ret_dropped_us = bound.value.integer;
    }
    return status;
}

/* No column leaves a table that has views. */
static enum status alter_check_views(struct exec_call *call, const struct exec_table *table,
                                     struct bytes column)
{
    return statement__view_names(table->schema, call->arena).size == 0
               ? STATUS_OK
               : exec_fail(call, CQL_INVALID,
                           "Cannot drop column %.*s on base table %.*s with materialized views",
                           (int)column.size, (const char *)column.data, (int)table->name.size,
                           (const char *)table->name.data);
}

static enum status alter_drop(struct exec_call *call, const struct cql_alter_table *statement,
                              const struct exec_table *table, struct schema *next,
                              struct cql_options *options)
{
    int64_t dropped_us = 0;
    enum status status = alter_dropped_us(call, statement->timestamp, &dropped_us);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < statement->names.count; i++) {
        struct bytes name = statement->names.at[i];
        const struct column *column = schema_column(next, name);
        if (schema_is_key(next, name)) {
            return exec_fail_name(call, "Cannot drop PRIMARY KEY column %.*s", name);
        }
        if (column == NULL) {
            if (statement->column_if_exists) {
                continue;
            }
            return exec_fail(call, CQL_INVALID, "Column %.*s was not found in table '%.*s'", (int)name.size,
                             (const char *)name.data, (int)table->full.size, (const char *)table->full.data);
        }
        const struct index_schema *index = statement__index_of_column(next, name);
        if (index != NULL) {
            return exec_fail(call, CQL_INVALID,
                             "Cannot drop column %.*s because it has dependent secondary indexes (%.*s)",
                             (int)name.size, (const char *)name.data, (int)index->name.size,
                             (const char *)index->name.data);
        }
        status = alter_check_views(call, table, name);
        if (status != STATUS_OK) {
            return status;
        }
        alter_note_dropped(call, column, dropped_us, options);
        size_t at = (size_t)(column - next->columns);
        memmove(&next->columns[at], &next->columns[at + 1],
                (next->columns_count - at - 1) * sizeof(*next->columns));
        next->columns_count--;
        alter_index_anew(next, true);
    }
    return STATUS_OK;
}

static struct key_column *alter_find_key(struct schema *next, struct bytes name)
{
    for (size_t i = 0; i < next->partition_count + next->clustering_count; i++) {
        struct key_column *column =
            i < next->partition_count ? &next->partition[i] : &next->clustering[i - next->partition_count];
        if (bytes_equal(column->name, name)) {
            return column;
        }
    }
    return NULL;
}

/* Views follow. */
static enum status alter_rename_views(struct exec_call *call, struct schema *next, struct bytes name,
                                      struct bytes new_name)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < next->indexes_count && status == STATUS_OK; i++) {
        struct index_schema *index = &next->indexes[i];
        struct view view;
        if (!statement__view_is(index)) {
            continue;
        }
        for (size_t k = 0; k < index->partition_count + index->clustering_count; k++) {
            struct key_column *column = k < index->partition_count
                                            ? &index->partition[k]
                                            : &index->clustering[k - index->partition_count];
            column->name = bytes_equal(column->name, name) ? new_name : column->name;
        }
        statement__view_decode(index, call->arena, &view);
        status = statement__view_rename(call, &view, name, new_name);
        statement__view_encode(&view, call->arena, &index->properties);
    }
    return status;
}

static enum status alter_rename(struct exec_call *call, const struct cql_alter_table *statement,
                                const struct exec_table *table, struct schema *next)
{
    for (size_t i = 0; i < statement->names.count; i++) {
        struct bytes name = statement->names.at[i];
        struct bytes new_name = statement->new_names.at[i];
        struct key_column *found = alter_find_key(next, name);
        if (found == NULL && schema_column(next, name) != NULL) {
            return exec_fail_name(call, "Cannot rename non PRIMARY KEY column %.*s", name);
        }
        if (found == NULL) {
            if (statement->column_if_exists) {
                continue;
            }
            return exec_fail(call, CQL_INVALID, "Column %.*s was not found in table '%.*s'", (int)name.size,
                             (const char *)name.data, (int)table->full.size, (const char *)table->full.data);
        }
        if (schema_is_key(next, new_name) || schema_column(next, new_name) != NULL) {
            return exec_fail(
                call, CQL_INVALID,
                "Cannot rename column %.*s to %.*s in table '%.*s'; another column with that name "
                "already exists",
                (int)name.size, (const char *)name.data, (int)new_name.size, (const char *)new_name.data,
                (int)table->full.size, (const char *)table->full.data);
        }
        const struct index_schema *index = statement__index_of_column(next, name);
        if (index != NULL) {
            return exec_fail(call, CQL_INVALID,
                             "Cannot rename column %.*s because it has dependent secondary indexes (%.*s)",
                             (int)name.size, (const char *)name.data, (int)index->name.size,
                             (const char *)index->name.data);
        }
        found->name = new_name;
        enum status status = alter_rename_views(call, next, name, new_name);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status alter_with(struct exec_call *call, const struct cql_alter_table *statement,
                              const struct exec_table *table, struct schema *next,
                              struct cql_options *options)
{
    enum status status =
        statement__options_take(call, &statement->properties, options, &next->gc_grace_seconds);
    bool has_views = statement__view_names(table->schema, call->arena).size > 0;
    return status == STATUS_OK && has_views && next->gc_grace_seconds == 0
               ? exec_fail(
                     call, CQL_INVALID,
                     "Cannot alter gc_grace_seconds of the base table of a materialized view to 0, since "
                     "this value is used to TTL undelivered updates. Setting gc_grace_seconds too low "
                     "might cause undelivered updates to expire before being replayed.")
               : status;
}

static enum status alter_apply(struct exec_call *call, const struct cql_alter_table *statement,
                               const struct exec_table *table, struct schema *next,
                               struct cql_options *options)
{
    switch (statement->alteration) {
    case CQL_ALTERATION_ADD:
        if (options->is_compact) {
            return exec_fail(call, CQL_INVALID, "Cannot add new column to a COMPACT STORAGE table");
        }
        return alter_add(call, statement, table, options, next);
    case CQL_ALTERATION_DROP:
        if (options->is_compact) {
            return exec_fail(call, CQL_INVALID, "Cannot drop columns from a COMPACT STORAGE table");
        }
        return alter_drop(call, statement, table, next, options);
    case CQL_ALTERATION_RENAME:
        return alter_rename(call, statement, table, next);
    case CQL_ALTERATION_WITH:
        return alter_with(call, statement, table, next, options);
    case CQL_ALTERATION_TYPE:
        return exec_fail(call, CQL_INVALID, "Altering column types is no longer supported");
    case CQL_ALTERATION_DROP_COMPACT_STORAGE:
        return exec_fail(call, CQL_INVALID,
                         options->is_compact
                             ? "DROP COMPACT STORAGE is disabled. Enable in cassandra.yaml to use."
                             : "Cannot DROP COMPACT STORAGE on table without COMPACT STORAGE");
    case CQL_ALTERATION_ADD_TAGS:
    case CQL_ALTERATION_DROP_TAGS:
        break;
    }
    return STATUS_OK;
}

enum status exec_alter_table(struct exec_call *call, const struct cql_alter_table *statement)
{
    struct exec_table table = {.name = statement->table.name};
    struct error error;
    struct cql_options options;
    table.keyspace = statement->table.keyspace.size > 0 ? statement->table.keyspace : call->keyspace;
    enum status status = ddl_check_system(call, table.keyspace);
    if (status != STATUS_OK) {
        return status;
    }
    table.full = exec_full_name(call, table.keyspace, table.name);
    status = statement__view_refuse(
        call, &statement->table,
        "Cannot use ALTER TABLE on a materialized view; use ALTER MATERIALIZED VIEW instead");
    if (status != STATUS_OK) {
        return status;
    }
    if (gate_table_find(call->exec->gate, table.full, &table.schema, &error) != STATUS_OK ||
        table.schema->kind != TABLE_WIDE) {
        return ddl_missing(call, "Table", table.full, statement->if_exists);
    }
    struct schema *next = schema_copy(table.schema, call->arena);
    statement__options_decode(table.schema->properties, call->arena, &options);
    status = alter_apply(call, statement, &table, next, &options);
    if (status != STATUS_OK) {
        return status;
    }
    next->default_ttl_seconds = statement__options_default_ttl(&options);
    status = ddl_check_default_ttl(call, next);
    if (status != STATUS_OK) {
        return status;
    }
    statement__options_encode(&options, call->arena, &next->properties);
    struct gate_request request = ddl_table_begin(call, "UPDATED", table.keyspace, table.name);
    return ddl_table_submitted(call, gate_table_alter(call->exec->gate, table.schema, next, &request, &error),
                               &error);
}
