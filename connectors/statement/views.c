#include "views.h"

#include "base/map.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "restrictions.h"
#include "row/document.h"
#include "row/key.h"
#include "syntax/syntax.h"

/* No index that CREATE INDEX makes has a dot in its name. */
static const char view_mark[] = "view.";

bool statement__view_is(const struct index_schema *index)
{
    return bytes_start_with(index->name, bytes_of_text(view_mark));
}

struct bytes statement__view_index_name(struct bytes name, struct arena *arena)
{
    return bytes_of_text(arena_format(arena, "%s%.*s", view_mark, (int)name.size, (const char *)name.data));
}

/* --- definitions ------------------------------------------------------------------------------------------------------ */

void statement__view_encode(const struct view *view, struct arena *arena, struct bytes *ret_properties)
{
    struct buffer buffer = {0};
    const struct value_member members[] = {
        {"base", value_of_text(view->base)},
        {"columns", view->columns},
        {"gc_grace_seconds", value_of_integer(view->gc_grace_seconds)},
        {"id", value_of_bytes(view->options.id)},
        {"options", view->options.options},
        {"where", value_of_text(view->where)},
    };
    struct value map = value_of_members(arena, members, ARRAY_COUNT(members));
    codec_value_encode(&buffer, &map);
    *ret_properties = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
}

void statement__view_decode(const struct index_schema *index, struct arena *arena, struct view *ret_view)
{
    struct value map;
    *ret_view = (struct view){.name = bytes_from(index->name, sizeof(view_mark) - 1),
                              .columns = {.kind = VALUE_LIST}};
    statement__options_decode(index->properties, arena, &ret_view->options);
    if (codec_value_decode(index->properties, arena, &map, NULL) != STATUS_OK) {
        return;
    }
    const struct value *columns = value_map_get(&map, bytes_of_text("columns"));
    ret_view->columns = columns != NULL ? *columns : ret_view->columns;
    ret_view->gc_grace_seconds = (uint32_t)value_map_integer(&map, "gc_grace_seconds");
    ret_view->base = value_map_text(&map, "base");
    ret_view->where = value_map_text(&map, "where");
}

bool statement__view_is_of(const struct index_schema *index, const struct schema *base)
{
    struct arena arena = {0};
    struct view view = {0};
    if (statement__view_is(index)) {
        statement__view_decode(index, &arena, &view);
    }
    bool has_base = view.base.size > 0 && base->name.size > view.base.size;
    size_t dot = has_base ? base->name.size - view.base.size - 1 : 0;
    bool is_of =
        has_base && base->name.data[dot] == '.' && bytes_equal(bytes_from(base->name, dot + 1), view.base);
    arena_reset(&arena);
    return is_of;
}

struct view_search {
    struct bytes keyspace;
    struct bytes index;
    const struct schema *base;
    const struct index_schema *found;
};

static void view_look(void *context, const struct schema *schema)
{
    struct view_search *search = context;
    bool is_in = schema->kind == TABLE_WIDE && schema->indexes_count > 0 &&
                 schema->name.size > search->keyspace.size &&
                 bytes_start_with(schema->name, search->keyspace) &&
                 schema->name.data[search->keyspace.size] == '.';
    const struct index_schema *index = is_in ? schema_index(schema, search->index) : NULL;
    if (index != NULL && statement__view_is_of(index, schema)) {
        search->base = schema;
        search->found = index;
    }
}

/* Looks at the table that had the view the last time: it is found without asking all others. */
static void view_look_again(struct exec_call *call, struct bytes full, struct view_search *search)
{
    const struct schema *schema = NULL;
    const char *base = map_get(call->exec->view_bases, full);
    if (base != NULL && gate_table_find(call->exec->gate, bytes_of_text(base), &schema, NULL) == STATUS_OK) {
        view_look(search, schema);
    }
}

static void view_remember(struct exec_call *call, struct bytes full, const struct schema *base)
{
    struct map *bases = call->exec->view_bases;
    char *name = memory_copy_text(arena_copy_text(call->arena, base->name));
    memory_destroy(map_put(bases, full, name));
}

bool statement__view_find(struct exec_call *call, struct bytes keyspace, struct bytes name,
                          const struct schema **ret_base, const struct index_schema **ret_index)
{
    struct view_search search = {.keyspace = keyspace,
                                 .index = statement__view_index_name(name, call->arena)};
    struct bytes full = exec_full_name(call, keyspace, name);
    view_look_again(call, full, &search);
    if (search.found == NULL) {
        gate_table_list(call->exec->gate, false, view_look, &search);
        if (search.found != NULL) {
            view_remember(call, full, search.base);
        }
    }
    *ret_base = search.base;
    *ret_index = search.found;
    return search.found != NULL;
}

enum status statement__view_refuse(struct exec_call *call, const struct cql_qualified *name, const char *text)
{
    const struct schema *base = NULL;
    const struct index_schema *index = NULL;
    return statement__view_find(call, exec_keyspace_of(call, name), name->name, &base, &index)
               ? exec_fail(call, CQL_INVALID, "%s", text)
               : STATUS_OK;
}

struct bytes statement__view_names(const struct schema *base, struct arena *arena)
{
    struct buffer names = {0};
    for (size_t i = 0; i < base->indexes_count; i++) {
        if (statement__view_is_of(&base->indexes[i], base)) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, bytes_from(base->indexes[i].name, sizeof(view_mark) - 1));
        }
    }
    struct bytes copy = arena_copy(arena, buffer_bytes(&names));
    buffer_reset(&names);
    return copy;
}

/* --- as tables -------------------------------------------------------------------------------------------------------- */

static bool view_has(const struct view *view, struct bytes column)
{
    for (size_t i = 0; i < view->columns.items.count; i++) {
        if (bytes_equal(view->columns.items.at[i].bytes, column)) {
            return true;
        }
    }
    return view->columns.items.count == 0;
}

static bool index_has_key(const struct index_schema *index, struct bytes column)
{
    for (size_t i = 0; i < index->partition_count + index->clustering_count; i++) {
        const struct key_column *key = index_key_column(index, i);
        if (bytes_equal(key->name, column)) {
            return true;
        }
    }
    return false;
}

struct schema *statement__view_schema(const struct schema *base, const struct index_schema *index,
                                      const struct view *view, struct arena *arena)
{
    struct schema *schema = arena_create(arena, sizeof(*schema));
    *schema = *base;
    schema->space = index->space;
    schema->partition_count = index->partition_count;
    schema->partition = index->partition;
    schema->clustering_count = index->clustering_count;
    schema->clustering = index->clustering;
    schema->columns = arena_create_array(arena, base->columns_count, sizeof(*schema->columns));
    schema->columns_count = 0;
    schema->indexes = NULL;
    schema->indexes_count = 0;
    for (size_t i = 0; i < base->columns_count; i++) {
        const struct column *column = &base->columns[i];
        if (!column->is_static && view_has(view, column->name) && !index_has_key(index, column->name)) {
            schema->columns[schema->columns_count++] = *column;
        }
    }
    return schema;
}

/* --- WHERE ------------------------------------------------------------------------------------------------------------ */

enum status statement__view_relations(struct exec_call *call, const struct view *view,
                                      struct cql_relations *ret_where)
{
    struct error error;
    struct cql_statement *statement = NULL;
    *ret_where = (struct cql_relations){0};
    const char *text = arena_format(call->arena, "SELECT * FROM t WHERE %.*s", (int)view->where.size,
                                    (const char *)view->where.data);
    enum status status = cql_parse(bytes_of_text(text), call->arena, &statement, &error);
    if (status != STATUS_OK) { /* it was parsed when the view was made */
        return exec_fail(call, CQL_SERVER_ERROR, "view %.*s: %s", (int)view->name.size,
                         (const char *)view->name.data, error.text);
    }
    *ret_where = statement->select.where;
    return STATUS_OK;
}

enum status statement__view_where(struct exec_call *call, const struct cql_relations *where,
                                  struct view_rows *rows)
{
    struct cql_relations bound = {.at = arena_create_array(call->arena, where->count, sizeof(*bound.at))};
    struct restrictions *filter = arena_create(call->arena, sizeof(*filter));
    rows->not_null = arena_create_array(call->arena, where->count, sizeof(struct source_column *));
    rows->not_null_count = 0;
    for (size_t i = 0; i < where->count; i++) {
        const struct cql_relation *relation = &where->at[i];
        if (relation->comparison != CQL_IS_NOT_NULL) {
            bound.at[bound.count++] = *relation;
            continue;
        }
        const struct source_column *column =
            statement__source_find_column(&rows->base, relation->columns.at[0]);
        if (column == NULL) {
            return statement__source_fail_column(call, &rows->base, relation->columns.at[0]);
        }
        if (column->stored != NULL) { /* others are never null */
            rows->not_null[rows->not_null_count++] = column;
        }
    }
    rows->filter = filter;
    struct restrictions_use use = {.allows_filtering = true};
    enum status status = statement__restrictions_make(call, &rows->base, &bound, use, filter);
    for (size_t i = 0; i < filter->count && status == STATUS_OK; i++) {
        filter->at[i].is_key = false; /* none chooses what is read: each is tested */
    }
    return status;
}

enum status statement__view_rename(struct exec_call *call, struct view *view, struct bytes name,
                                   struct bytes new_name)
{
    struct cql_relations where;
    struct buffer text = {0};
    enum status status = statement__view_relations(call, view, &where);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < view->columns.items.count; i++) {
        struct value *column = &view->columns.items.at[i];
        column->bytes = bytes_equal(column->bytes, name) ? new_name : column->bytes;
    }
    for (size_t i = 0; i < where.count; i++) {
        for (size_t k = 0; k < where.at[i].columns.count; k++) {
            struct bytes *column = &where.at[i].columns.at[k];
            *column = bytes_equal(*column, name) ? new_name : *column;
        }
        buffer_put_text(&text, i == 0 ? "" : " AND ");
        cql_relation_format(&where.at[i], &text);
    }
    view->where = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return STATUS_OK;
}

/* --- rows ------------------------------------------------------------------------------------------------------------- */

static enum status row_is_shown(const struct view_rows *rows, const struct source_row *row,
                                bool *ret_is_shown, struct error *error)
{
    struct value value;
    enum status status = statement__restrictions_hold(rows->filter, row, ret_is_shown, error);
    for (size_t i = 0; i < rows->not_null_count && status == STATUS_OK && *ret_is_shown; i++) {
        status = statement__row_value(row, statement__source_number(&rows->base, rows->not_null[i]), &value,
                                      error);
        *ret_is_shown = value.kind != VALUE_NULL;
    }
    return status;
}

/* A column of the view's key, of the base table's row. STATUS_NOT_FOUND: it is null. */
static enum status row_key_value(const struct view_rows *rows, const struct source_row *row,
                                 struct bytes name, struct value *ret_value, struct error *error)
{
    const struct source_column *column = statement__source_find_column(&rows->base, name);
    if (column == NULL) {
        return error_set(error, STATUS_CORRUPT, "a view's key has a column that its table has not");
    }
    enum status status =
        statement__row_value(row, statement__source_number(&rows->base, column), ret_value, error);
    return status == STATUS_OK && ret_value->kind == VALUE_NULL ? STATUS_NOT_FOUND : status;
}

enum status statement__view_key(const struct view_rows *rows, const struct schema *schema,
                                const struct gate_row *row, int64_t now, struct arena *arena,
                                struct buffer *ret_key, struct error *error)
{
    struct wide_row plain;
    struct value key[PARTITION_COLUMNS_MAX + CLUSTERING_COLUMNS_MAX];
    struct value shown[PARTITION_COLUMNS_MAX + CLUSTERING_COLUMNS_MAX];
    const struct schema *base = rows->base.table.schema;
    size_t count = 0;
    bool is_shown = false;
    enum status status = wide_row_decode_of(base, row->image, arena, &plain, error);
    if (status == STATUS_OK) {
        status = key_decode(base, row->key, arena, key, key + base->partition_count, &count, error);
    }
    struct source_row of_base = {
        .source = &rows->base, .arena = arena, .key = key, .plain = &plain, .now = now};
    if (status == STATUS_OK) {
        status = row_is_shown(rows, &of_base, &is_shown, error);
    }
    if (status != STATUS_OK || !is_shown) {
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    }
    for (size_t i = 0; i < schema->partition_count + schema->clustering_count && status == STATUS_OK; i++) {
        struct bytes name = schema_key_column(schema, i)->name;
        status = row_key_value(rows, &of_base, name, &shown[i], error);
    }
    buffer_clear(ret_key);
    return status == STATUS_OK ? key_encode(schema, ROW_PLAIN, shown, shown + schema->partition_count,
                                            schema->clustering_count, ret_key, error)
                               : status;
}
