#include "source.h"

#include <stdlib.h>

#include "bind.h"
#include "catalog/catalog.h"
#include "documents.h"
#include "logs.h"
#include "row/document.h"
#include "value/order.h"
#include "value/serial.h"
#include "views.h"

/* --- the table ------------------------------------------------------------------------------------------------------ */

/* The schema that a system table would have were it stored. */
static const struct schema *system_schema(const struct system_table *system, struct arena *arena)
{
    struct schema *schema = arena_create(arena, sizeof(*schema));
    schema->partition = arena_create_array(arena, system->columns_count, sizeof(*schema->partition));
    schema->clustering = arena_create_array(arena, system->columns_count, sizeof(*schema->clustering));
    for (size_t i = 0; i < system->columns_count; i++) {
        const struct system_column *column = &system->columns[i];
        struct key_column key = {.name = bytes_of_text(column->name),
                                 .type = statement__system_column_type(column, arena)};
        if (column->kind == DESCRIBED_PARTITION_KEY) {
            schema->partition[schema->partition_count++] = key;
        } else if (column->kind == DESCRIBED_CLUSTERING) {
            schema->clustering[schema->clustering_count++] = key;
        }
    }
    return schema;
}

static void system_columns(struct source *source, struct arena *arena)
{
    const struct system_table *system = source->system;
    size_t positions[DESCRIBED_REGULAR + 1] = {0};
    source->count = system->columns_count;
    source->columns = arena_create_array(arena, source->count, sizeof(*source->columns));
    for (size_t i = 0; i < source->count; i++) {
        const struct system_column *column = &system->columns[i];
        struct type *type = arena_create(arena, sizeof(*type));
        *type = statement__system_column_type(column, arena);
        source->columns[i] = (struct source_column){.name = bytes_of_text(column->name),
                                                    .type = type,
                                                    .kind = column->kind,
                                                    .position = positions[column->kind]++};
    }
}

static int column_compare(const void *a, const void *b)
{
    const struct source_column *left = a;
    const struct source_column *right = b;
    return left->kind != right->kind ? (int)left->kind - (int)right->kind
                                     : bytes_compare(left->name, right->name);
}

static void stored_columns(struct source *source, struct arena *arena)
{
    const struct schema *schema = source->table.schema;
    size_t keys = schema->partition_count + schema->clustering_count;
    source->count = keys + schema->columns_count;
    source->columns = arena_create_array(arena, source->count, sizeof(*source->columns));
    for (size_t i = 0; i < keys; i++) {
        bool is_partition = i < schema->partition_count;
        size_t position = is_partition ? i : i - schema->partition_count;
        const struct key_column *key =
            is_partition ? &schema->partition[position] : &schema->clustering[position];
        source->columns[i] =
            (struct source_column){.name = key->name,
                                   .type = &key->type,
                                   .kind = is_partition ? DESCRIBED_PARTITION_KEY : DESCRIBED_CLUSTERING,
                                   .position = position};
    }
    for (size_t i = 0; i < schema->columns_count; i++) {
        const struct column *column = &schema->columns[i];
        source->has_statics |= column->is_static;
        source->columns[keys + i] =
            (struct source_column){.name = column->name,
                                   .type = &column->type,
                                   .kind = column->is_static ? DESCRIBED_STATIC : DESCRIBED_REGULAR,
                                   .stored = source->has_documents ? NULL : column};
    }
    if (schema->columns_count > 1) {
        qsort(source->columns + keys, schema->columns_count, sizeof(*source->columns), column_compare);
    }
}

/* The table that `stored` names, as it was. */
static enum status source_at(struct exec_call *call, enum table_kind kind, struct source *source)
{
    struct error error;
    struct schema *schema = NULL;
    enum status status =
        gate_table_at(call->exec->view, source->stored, source->as_of, call->arena, &schema, &error);
    source->table.schema = schema;
    bool is_other = status == STATUS_OK && (schema->kind != kind || schema->table < CATALOG_TABLE_FIRST);
    if (is_other) {
        status = error_set(&error, STATUS_NOT_FOUND, "there was no table %.*s at LSN %llu",
                           (int)source->table.full.size, (const char *)source->table.full.data,
                           (unsigned long long)source->as_of);
    }
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* A table of documents: what is stored is the item. */
static enum status source_of_documents(struct exec_call *call, const struct cql_qualified *name,
                                       struct source *source)
{
    enum status status = STATUS_OK;
    source->has_documents = true;
    source->stored = name->name;
    if (source->as_of > 0) {
        status = source_at(call, TABLE_DOCUMENT, source);
    } else {
        source->table.schema = statement__document_find(call, name->name);
    }
    const struct schema *stored = source->table.schema;
    if (status == STATUS_OK && (stored == NULL || !statement__document_is_shown(stored))) {
        status = exec_fail_name(call, "table %.*s does not exist", name->name);
    }
    if (status != STATUS_OK || stored == NULL) {
        return status;
    }
    exec_key_types(call, stored);
    source->table.schema = statement__document_schema(stored, call->arena);
    stored_columns(source, call->arena);
    for (size_t i = 0; i < stored->partition_count + stored->clustering_count; i++) {
        const struct key_column *key = schema_key_column(stored, i);
        source->columns[i].is_number = key->type.kind == TYPE_NUMBER;
    }
    return STATUS_OK;
}

const struct source *statement__source_of(struct exec_call *call, const struct exec_table *table)
{
    struct source *source = arena_create(call->arena, sizeof(*source));
    source->table = *table;
    source->stored = table->full;
    stored_columns(source, call->arena);
    return source;
}

static enum status source_of_table(struct exec_call *call, const struct cql_qualified *name,
                                   struct source *source)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    source->table = (struct exec_table){.keyspace = keyspace,
                                        .name = name->name,
                                        .full = exec_full_name(call, keyspace, name->name)};
    if (statement__documents_are_in(keyspace)) {
        return source_of_documents(call, name, source);
    }
    source->stored = source->table.full;
    enum status status =
        source->as_of > 0 ? source_at(call, TABLE_WIDE, source) : exec_find_table(call, name, &source->table);
    if (status == STATUS_OK) {
        stored_columns(source, call->arena);
        exec_key_types(call, source->table.schema);
    }
    return status;
}

const struct schema *statement__source_stored(const struct source *source)
{
    return source->view != NULL ? source->view->base.table.schema : source->table.schema;
}

/* A view, when no table has the name: otherwise `status` stays what it is. */
static enum status source_of_view(struct exec_call *call, const struct cql_qualified *name,
                                  struct source *source, enum status status)
{
    const struct schema *base = NULL;
    const struct index_schema *index = NULL;
    struct view view;
    struct cql_relations where;
    struct bytes keyspace = exec_keyspace_of(call, name);
    if (!statement__view_find(call, keyspace, name->name, &base, &index)) {
        return status;
    }
    struct cql_qualified base_name = {.keyspace = keyspace,
                                      .name = bytes_from(base->name, keyspace.size + 1)};
    struct view_rows *rows = arena_create(call->arena, sizeof(*rows));
    rows->base = (struct source){.as_of = source->as_of};
    status = source_of_table(call, &base_name, &rows->base);
    if (status != STATUS_OK) {
        return status;
    }
    index = schema_index(rows->base.table.schema, statement__view_index_name(name->name, call->arena));
    if (index == NULL) {
        return exec_fail_name(call, "table %.*s does not exist", name->name);
    }
    statement__view_decode(index, call->arena, &view);
    rows->index = index->name;
    source->view = rows;
    source->stored = rows->base.table.full;
    source->table = (struct exec_table){.keyspace = keyspace,
                                        .name = name->name,
                                        .full = exec_full_name(call, keyspace, name->name)};
    source->table.schema = statement__view_schema(rows->base.table.schema, index, &view, call->arena);
    stored_columns(source, call->arena);
    exec_key_types(call, source->table.schema);
    if (call->notes != NULL) {
        return STATUS_OK; /* no row is read */
    }
    status = statement__view_relations(call, &view, &where);
    return status == STATUS_OK ? statement__view_where(call, &where, rows) : status;
}

static enum status source_of_log(struct exec_call *call, const struct cql_qualified *name,
                                 const struct cql_qualified *table, uint64_t as_of, struct source *source)
{
    struct source_log *log = arena_create(call->arena, sizeof(*log));
    if (as_of > 0) {
        return exec_fail(call, CQL_INVALID, "A log is not read AS OF a moment: restrict lsn or commit_time");
    }
    enum status status = source_of_table(call, table, &log->base);
    if (status == STATUS_OK) {
        statement__log_source(call, log, name, source);
    }
    return status;
}

enum status statement__source_find(struct exec_call *call, const struct cql_qualified *name, uint64_t as_of,
                                   struct source *ret_source)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    call->functions_keyspace = keyspace;
    *ret_source = (struct source){.system = statement__system_table_find(keyspace, name->name)};
    if (ret_source->system != NULL) {
        ret_source->table = (struct exec_table){.keyspace = keyspace,
                                                .name = name->name,
                                                .full = exec_full_name(call, keyspace, name->name),
                                                .schema = system_schema(ret_source->system, call->arena)};
        system_columns(ret_source, call->arena);
        exec_key_types(call, ret_source->table.schema);
        return STATUS_OK;
    }
    struct cql_qualified table = {.keyspace = keyspace};
    if (statement__log_is(name->name, &table.name)) {
        return source_of_log(call, name, &table, as_of, ret_source);
    }
    ret_source->as_of = as_of;
    enum status status = source_of_table(call, name, ret_source);
    if (status != STATUS_OK && keyspace.size > 0) {
        status = source_of_view(call, name, ret_source, status);
    }
    return status;
}

const struct source_column *statement__source_find_column(const struct source *source, struct bytes name)
{
    for (size_t i = 0; i < source->count; i++) {
        if (bytes_equal(source->columns[i].name, name)) {
            return &source->columns[i];
        }
    }
    return NULL;
}

size_t statement__source_number(const struct source *source, const struct source_column *column)
{
    return (size_t)(column - source->columns);
}

enum status statement__source_fail_column(struct exec_call *call, const struct source *source,
                                          struct bytes name)
{
    return exec_fail(call, CQL_INVALID, "Undefined column name %.*s in table %.*s", (int)name.size,
                     (const char *)name.data, (int)source->table.full.size,
                     (const char *)source->table.full.data);
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

static const struct wide_row *row_of(const struct source_row *row, const struct source_column *column)
{
    return column->kind == DESCRIBED_STATIC ? row->statics : row->plain;
}

enum status statement__row_value(const struct source_row *row, size_t column, struct value *ret_value,
                                 struct error *error)
{
    const struct source_column *found = &row->source->columns[column];
    *ret_value = value_of_null();
    if (row->values != NULL) {
        *ret_value = row->values[column];
        return STATUS_OK;
    }
    if (found->kind == DESCRIBED_REGULAR && row->source->has_documents) {
        return statement__document_text(row->document, row->arena, ret_value, error);
    }
    if (found->stored == NULL) {
        bool is_there =
            found->kind == DESCRIBED_PARTITION_KEY || row->plain != NULL || row->source->has_documents;
        *ret_value = is_there ? row->key[column] : value_of_null();
        return STATUS_OK;
    }
    const struct wide_row *wide = row_of(row, found);
    return wide == NULL ? STATUS_OK
                        : document_column(found->stored, wide, row->now, row->arena, ret_value, error);
}

bool statement__row_bytes(const struct source_row *row, size_t column, struct bytes *ret_bytes,
                          bool *ret_is_null)
{
    const struct source_column *found = &row->source->columns[column];
    if (row->values != NULL || found->stored == NULL || type_is_multi_cell(found->type)) {
        return false;
    }
    const struct wide_row *wide = row_of(row, found);
    const struct wide_column *stored = wide == NULL ? NULL : wide_row_column(wide, found->stored->id);
    if (stored != NULL && stored->is_multi) {
        return false;
    }
    *ret_is_null = stored == NULL || !wide_cell_shows(&stored->cell, row->now);
    *ret_bytes = *ret_is_null ? (struct bytes){0} : stored->cell.value;
    return true;
}

static struct value cell_fact(const struct wide_cell *cell, int64_t now, enum cql_term_kind what)
{
    if (what != CQL_TERM_TTL) {
        return value_of_integer(cell->timestamp);
    }
    return cell->ttl == 0 ? value_of_null() : value_of_integer(cell->expiry - now);
}

/* The latest write time of the cells that show of a column that has several. */
static struct value cells_latest(const struct source_row *row, const struct wide_column *stored)
{
    struct value latest = value_of_null();
    for (size_t i = 0; i < stored->count; i++) {
        const struct wide_cell *cell = &stored->elements[i].cell;
        bool is_later = latest.kind == VALUE_NULL || cell->timestamp > latest.integer;
        if (is_later && wide_cell_shows(cell, row->now)) {
            latest = value_of_integer(cell->timestamp);
        }
    }
    return latest;
}

/* Whether a path is that of the element asked for: equal values of a set or map may be written differently. */
static bool path_is(const struct source_row *row, const struct type *type, struct bytes path,
                    struct bytes key)
{
    struct value one;
    struct value other;
    bool has_values = type->kind == TYPE_SET || type->kind == TYPE_MAP;
    if (bytes_equal(path, key) || !has_values || !value_type_is_ambiguous(&type->parameters[0])) {
        return bytes_equal(path, key);
    }
    return serial_decode(&type->parameters[0], path, row->arena, &one, NULL) == STATUS_OK &&
           serial_decode(&type->parameters[0], key, row->arena, &other, NULL) == STATUS_OK &&
           value_order(&one, &other) == 0;
}

enum status statement__row_cell(const struct source_row *row, size_t column, struct bytes key, bool has_key,
                                enum cql_term_kind what, struct value *ret_value)
{
    const struct source_column *found = &row->source->columns[column];
    const struct wide_row *wide = found->stored == NULL ? NULL : row_of(row, found);
    const struct wide_column *stored = wide == NULL ? NULL : wide_row_column(wide, found->stored->id);
    *ret_value = value_of_null();
    if (stored == NULL) {
        return STATUS_OK;
    }
    if (!stored->is_multi) {
        bool shows = wide_cell_shows(&stored->cell, row->now);
        *ret_value = shows ? cell_fact(&stored->cell, row->now, what) : value_of_null();
        return STATUS_OK;
    }
    if (!has_key) {
        *ret_value = cells_latest(row, stored);
        return STATUS_OK;
    }
    for (size_t i = 0; i < stored->count; i++) {
        const struct wide_element *element = &stored->elements[i];
        if (wide_cell_shows(&element->cell, row->now) &&
            path_is(row, &found->stored->type, element->path, key)) {
            *ret_value = cell_fact(&element->cell, row->now, what);
        }
    }
    return STATUS_OK;
}
