/* Which rows a statement changes: what WHERE says, and the key among INSERT's columns. */
#include "modify.h"
#include "source.h"

static enum status key_fail(struct modify *modify, const char *format, struct bytes column)
{
    return exec_fail(modify->call, CQL_INVALID, format, (int)column.size, (const char *)column.data);
}

enum status statement__modify_where(struct modify *modify, const struct cql_relations *where,
                                    const char *statement, bool is_static_only)
{
    const struct source *source = statement__source_of(modify->call, &modify->table);
    const struct restrictions_use use = {.modifies = statement,
                                         .needs_rows = strcmp(statement, "UPDATE") == 0,
                                         .is_static_only = is_static_only};
    enum status status = statement__restrictions_make(modify->call, source, where, use, &modify->where);
    if (status == STATUS_OK && !modify->where.has_ranges) {
        modify->where.ranges = arena_create(modify->call->arena, sizeof(struct row_range)); /* all rows */
        modify->where.ranges_count = 1;
    }
    return status;
}

/* --- INSERT --------------------------------------------------------------------------------------------------------- */

/* A column's place in the whole key; SIZE_MAX: it is not of the key. */
static size_t key_place(const struct schema *schema, struct bytes name)
{
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        if (bytes_equal(schema_key_column(schema, i)->name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum status key_take(struct modify *modify, size_t place, const struct bound *bound)
{
    if (bound->kind != BOUND_VALUE) {
        return key_fail(modify,
                        bound->kind == BOUND_NULL ? "Invalid null value in condition for column %.*s"
                                                  : "Invalid unset value for column %.*s",
                        schema_key_column(modify->schema, place)->name);
    }
    modify->key[place] = bound->value;
    return STATUS_OK;
}

enum status statement__modify_key(struct modify *modify, struct bytes column, const struct cql_term *value,
                                  bool *ret_is_key)
{
    struct bound bound;
    size_t place = key_place(modify->schema, column);
    *ret_is_key = place != SIZE_MAX;
    if (!*ret_is_key) {
        return STATUS_OK;
    }
    modify->key_given[place] = true;
    enum status status =
        exec_bind(modify->call, value, &schema_key_column(modify->schema, place)->type, column, &bound);
    return status != STATUS_OK || modify->call->notes != NULL ? status : key_take(modify, place, &bound);
}

enum status statement__modify_key_bound(struct modify *modify, struct bytes column, const struct bound *bound)
{
    size_t place = key_place(modify->schema, column);
    CHECK(place != SIZE_MAX);
    return key_take(modify, place, bound);
}

/* Fails with the names of the columns in [from, end) of the key that are not given. */
static enum status key_check(struct modify *modify, size_t from, size_t end, const char *format)
{
    struct buffer names = {0};
    for (size_t i = from; i < end; i++) {
        if (!modify->key_given[i]) {
            buffer_put_text(&names, names.size == 0 ? "" : ", ");
            buffer_put(&names, schema_key_column(modify->schema, i)->name);
        }
    }
    enum status status = names.size > 0 ? key_fail(modify, format, buffer_bytes(&names)) : STATUS_OK;
    buffer_reset(&names);
    return status;
}

bool statement__modify_key_is_of_row(const struct modify *modify)
{
    const struct schema *schema = modify->schema;
    for (size_t i = 0; i < schema->clustering_count; i++) {
        if (modify->key_given[schema->partition_count + i]) {
            return true;
        }
    }
    return false;
}

enum status statement__modify_key_end(struct modify *modify, bool needs_clustering)
{
    const struct schema *schema = modify->schema;
    struct restrictions *where = &modify->where;
    enum status status =
        key_check(modify, 0, schema->partition_count, "Some partition key parts are missing: %.*s");
    if (status == STATUS_OK && needs_clustering) {
        status = key_check(modify, schema->partition_count, schema_key_count(schema),
                           "Some clustering keys are missing: %.*s");
    }
    if (status != STATUS_OK || modify->call->notes != NULL) {
        return status;
    }
    where->partitions = arena_create(modify->call->arena, sizeof(struct value *));
    where->partitions[0] = modify->key;
    where->partitions_count = 1;
    where->ranges = arena_create(modify->call->arena, sizeof(struct row_range));
    where->ranges_count = 1;
    where->names_rows = needs_clustering;
    where->ranges->low = (struct gate_bound){.values = modify->key + schema->partition_count,
                                             .count = needs_clustering ? schema->clustering_count : 0};
    return exec_check_partition(modify->call, schema, modify->key);
}
