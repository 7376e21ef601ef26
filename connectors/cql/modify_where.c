/* Which rows a statement changes. */
#include "base/map.h"
#include "modify.h"
#include "value/serial.h"

static enum status where_fail(struct modify *modify, const char *format, struct bytes column)
{
    return exec_fail(modify->call, CQL_INVALID, format, (int)column.size, (const char *)column.data);
}

/* A key column's place; SIZE_MAX: it is none. */
static size_t where_find(const struct key_column *columns, size_t count, struct bytes name)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(columns[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum status where_take(struct modify *modify, const struct key_column *column,
                              const struct bound *bound, struct value *ret_value)
{
    if (bound->kind != BOUND_VALUE) {
        return where_fail(modify,
                          bound->kind == BOUND_NULL ? "Invalid null value in condition for column %.*s"
                                                    : "Invalid unset value for column %.*s",
                          column->name);
    }
    *ret_value = bound->value;
    return STATUS_OK;
}

/* One value for a key column. */
static enum status where_value(struct modify *modify, const struct key_column *column,
                               const struct cql_term *term, struct value *ret_value)
{
    struct bound bound;
    enum status status = exec_bind(modify->call, term, &column->type, column->name, &bound);
    return status != STATUS_OK || modify->call->notes != NULL ? status
                                                              : where_take(modify, column, &bound, ret_value);
}

/* A value that IN names twice is meant once; null, which a list may bind, is no value. */
static enum status where_once(struct modify *modify, const struct key_column *column, struct value *values,
                              size_t *count)
{
    struct map *seen = map_create();
    struct buffer bytes = {0};
    size_t kept = 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < *count && status == STATUS_OK; i++) {
        if (values[i].kind == VALUE_NULL) {
            status = where_fail(modify, "Invalid null value in condition for column %.*s", column->name);
            break;
        }
        buffer_clear(&bytes);
        buffer_put_u8(&bytes, 0); /* a map's key is not empty */
        CHECK(serial_encode(&column->type, &values[i], &bytes, NULL) == STATUS_OK); /* checked when bound */
        if (map_get(seen, buffer_bytes(&bytes)) == NULL) {
            (void)map_put(seen, buffer_bytes(&bytes), seen);
            values[kept++] = values[i];
        }
    }
    *count = kept;
    map_destroy(&seen);
    buffer_reset(&bytes);
    return status;
}

/* All values of IN: listed, or one marker for the list. */
static enum status where_in(struct modify *modify, const struct key_column *column,
                            const struct cql_relation *relation, struct value **ret_values, size_t *ret_count)
{
    struct exec_call *call = modify->call;
    enum status status = STATUS_OK;
    if (relation->value != NULL) {
        struct bound bound;
        const struct type list = {.kind = TYPE_LIST,
                                  .is_frozen = true,
                                  .count = 1,
                                  .parameters = &column->type};
        struct bytes name = bytes_of_text(
            arena_format(call->arena, "in(%.*s)", (int)column->name.size, (const char *)column->name.data));
        const struct type *kept = memcpy(arena_create(call->arena, sizeof(list)), &list, sizeof(list));
        status = exec_bind(call, relation->value, kept, name, &bound);
        if (status == STATUS_OK && call->notes == NULL && bound.kind != BOUND_VALUE) {
            status = where_fail(modify, "Invalid null value for column %.*s", column->name);
        }
        bool has_values = status == STATUS_OK && bound.kind == BOUND_VALUE;
        *ret_values = has_values ? bound.value.items.at : NULL;
        *ret_count = has_values ? bound.value.items.count : 0;
        return status == STATUS_OK ? where_once(modify, column, *ret_values, ret_count) : status;
    }
    *ret_count = relation->values.count;
    *ret_values = arena_create_array(call->arena, *ret_count, sizeof(struct value));
    for (size_t i = 0; i < *ret_count && status == STATUS_OK; i++) {
        status = where_value(modify, column, relation->values.at[i], &(*ret_values)[i]);
    }
    bool is_bound = status == STATUS_OK && modify->call->notes == NULL;
    return is_bound ? where_once(modify, column, *ret_values, ret_count) : status;
}

static enum status where_equal(struct modify *modify, const struct key_column *column,
                               const struct cql_relation *relation, struct value **values, size_t *count)
{
    if (*count > 0) {
        return where_fail(modify,
                          "%.*s cannot be restricted by more than one relation if it includes an Equal",
                          column->name);
    }
    if (relation->comparison == CQL_IN) {
        return where_in(modify, column, relation, values, count);
    }
    *count = 1;
    *values = arena_create(modify->call->arena, sizeof(struct value));
    return where_value(modify, column, relation->value, *values);
}

static enum status where_range(struct modify *modify, size_t place, const struct cql_relation *relation,
                               const char *statement)
{
    const struct key_column *column = &modify->schema->clustering[place];
    bool is_low = relation->comparison == CQL_GREATER || relation->comparison == CQL_GREATER_EQUAL;
    if (strcmp(statement, "DELETE") != 0) {
        return exec_fail(modify->call, CQL_INVALID,
                         "Slice restrictions are not supported on the clustering columns in %s statements",
                         statement);
    }
    if (is_low ? modify->has_low : modify->has_high) {
        return exec_fail(modify->call, CQL_INVALID,
                         "More than one restriction was found for the %s bound on %.*s",
                         is_low ? "start" : "end", (int)column->name.size, (const char *)column->name.data);
    }
    modify->has_range = true;
    if (is_low) {
        modify->has_low = true;
        modify->low_after = relation->comparison == CQL_GREATER;
        return where_value(modify, column, relation->value, &modify->low);
    }
    modify->has_high = true;
    modify->high_after = relation->comparison == CQL_LESS_EQUAL;
    return where_value(modify, column, relation->value, &modify->high);
}

static enum status where_relation(struct modify *modify, const struct cql_relation *relation,
                                  const char *statement, size_t *range_place)
{
    const struct schema *schema = modify->schema;
    struct bytes name = relation->columns.count > 0 ? relation->columns.at[0] : (struct bytes){0};
    if (relation->kind == CQL_RELATION_TOKEN) {
        return exec_fail(modify->call, CQL_INVALID,
                         "The token function cannot be used in WHERE clauses for %s statements", statement);
    }
    if (relation->kind != CQL_RELATION_COLUMN) {
        return exec_fail(modify->call, CQL_INVALID, "Multi-column relations are not served in %s statements",
                         statement);
    }
    bool is_equal = relation->comparison == CQL_EQUAL || relation->comparison == CQL_IN;
    bool is_slice = relation->comparison >= CQL_LESS && relation->comparison <= CQL_GREATER_EQUAL;
    size_t place = where_find(schema->partition, schema->partition_count, name);
    if (place != SIZE_MAX) {
        return is_equal
                   ? where_equal(modify, &schema->partition[place], relation, &modify->partition[place],
                                 &modify->partition_counts[place])
                   : exec_fail(
                         modify->call, CQL_INVALID,
                         "Only EQ and IN relation are supported on the partition key (unless you use the "
                         "token() function)");
    }
    place = where_find(schema->clustering, schema->clustering_count, name);
    if (place == SIZE_MAX) {
        return schema_column(schema, name) != NULL
                   ? where_fail(modify, "Non PRIMARY KEY columns found in where clause: %.*s ", name)
                   : exec_fail(modify->call, CQL_INVALID, "Undefined column name %.*s in table %.*s",
                               (int)name.size, (const char *)name.data, (int)modify->table.full.size,
                               (const char *)modify->table.full.data);
    }
    if (is_equal) {
        return where_equal(modify, &schema->clustering[place], relation, &modify->clustering[place],
                           &modify->clustering_counts[place]);
    }
    if (!is_slice) {
        return where_fail(modify, "Unsupported restriction on clustering column %.*s", name);
    }
    *range_place = place;
    return where_range(modify, place, relation, statement);
}

enum status cql__modify_where(struct modify *modify, const struct cql_relations *where, const char *statement)
{
    const struct schema *schema = modify->schema;
    size_t range_place = SIZE_MAX;
    enum status status = STATUS_OK;
    bool is_given[CLUSTERING_COLUMNS_MAX] = {false};
    for (size_t i = 0; i < where->count && status == STATUS_OK; i++) {
        const struct cql_relation *relation = &where->at[i];
        status = where_relation(modify, relation, statement, &range_place);
        size_t place = relation->columns.count == 1
                           ? where_find(schema->clustering, schema->clustering_count, relation->columns.at[0])
                           : SIZE_MAX;
        if (place != SIZE_MAX) {
            is_given[place] = true;
        }
    }
    while (modify->clustering_count < schema->clustering_count && is_given[modify->clustering_count] &&
           modify->clustering_count != range_place) {
        modify->clustering_count++;
    }
    for (size_t i = modify->clustering_count; i < schema->clustering_count && status == STATUS_OK; i++) {
        bool is_after = is_given[i] && !(i == range_place && i == modify->clustering_count);
        if (is_after && (modify->is_insert || strcmp(statement, "UPDATE") == 0)) {
            break; /* told as a missing clustering key */
        }
        if (is_after) {
            struct bytes before = schema->clustering[modify->clustering_count].name;
            status = exec_fail(
                modify->call, CQL_INVALID,
                "PRIMARY KEY column \"%.*s\" cannot be restricted as preceding column \"%.*s\" is not "
                "restricted",
                (int)schema->clustering[i].name.size, (const char *)schema->clustering[i].name.data,
                (int)before.size, (const char *)before.data);
        }
    }
    return status;
}

/* Room for the one value of a key column; NULL: the column is not of the key. */
static struct value *where_slot(struct modify *modify, struct bytes name,
                                const struct key_column **ret_column)
{
    const struct schema *schema = modify->schema;
    size_t place = where_find(schema->partition, schema->partition_count, name);
    if (place != SIZE_MAX) {
        *ret_column = &schema->partition[place];
        modify->partition_counts[place] = 1;
        return modify->partition[place] = arena_create(modify->call->arena, sizeof(struct value));
    }
    place = where_find(schema->clustering, schema->clustering_count, name);
    if (place == SIZE_MAX) {
        return NULL;
    }
    *ret_column = &schema->clustering[place];
    modify->clustering_counts[place] = 1;
    modify->clustering_count++;
    return modify->clustering[place] = arena_create(modify->call->arena, sizeof(struct value));
}

enum status cql__modify_key(struct modify *modify, struct bytes column, const struct cql_term *value,
                            bool *ret_is_key)
{
    const struct key_column *key = NULL;
    struct value *slot = where_slot(modify, column, &key);
    *ret_is_key = slot != NULL;
    return slot == NULL ? STATUS_OK : where_value(modify, key, value, slot);
}

enum status cql__modify_key_bound(struct modify *modify, struct bytes column, const struct bound *bound)
{
    const struct key_column *key = NULL;
    struct value *slot = where_slot(modify, column, &key);
    CHECK(slot != NULL);
    return where_take(modify, key, bound, slot);
}

/* "a, b": those that are missing. */
static struct bytes where_missing(struct modify *modify, const struct key_column *columns,
                                  const size_t *counts, size_t count)
{
    struct buffer names = {0};
    for (size_t i = 0; i < count; i++) {
        if (counts[i] == 0) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, columns[i].name);
        }
    }
    struct bytes kept = arena_copy(modify->call->arena, buffer_bytes(&names));
    buffer_reset(&names);
    return kept;
}

enum status cql__modify_check_key(struct modify *modify, bool needs_clustering)
{
    const struct schema *schema = modify->schema;
    if (modify->call->notes != NULL) {
        return STATUS_OK; /* IN may be a marker */
    }
    struct bytes missing =
        where_missing(modify, schema->partition, modify->partition_counts, schema->partition_count);
    if (missing.size > 0) {
        return where_fail(modify, "Some partition key parts are missing: %.*s", missing);
    }
    missing = where_missing(modify, schema->clustering, modify->clustering_counts, schema->clustering_count);
    return missing.size > 0 && needs_clustering
               ? where_fail(modify, "Some clustering keys are missing: %.*s", missing)
               : STATUS_OK;
}
