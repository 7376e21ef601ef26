/* INSERT … JSON: an object's members as values of the table's columns. CQL reference, "JSON Support". */
#include "json.h"
#include "modify.h"

struct json_insert {
    struct modify *modify;
    struct cql_json_row row;
    struct cql_moment moment;
    bool defaults_unset; /* columns that the object does not name stay as they are; else they become null */
};

static enum status json_fail(struct modify *modify, const char *format, struct bytes column)
{
    return exec_fail(modify->call, CQL_INVALID, format, (int)column.size, (const char *)column.data);
}

static bool json_is_column(const struct schema *schema, struct bytes name)
{
    return schema_is_key(schema, name) || schema_column(schema, name) != NULL;
}

static enum status json_check_names(const struct json_insert *insert)
{
    for (size_t i = 0; i < insert->row.names.count; i++) {
        if (!json_is_column(insert->modify->schema, insert->row.names.at[i])) {
            return json_fail(insert->modify, "JSON values map contains unrecognized column: %.*s",
                             insert->row.names.at[i]);
        }
    }
    return STATUS_OK;
}

/* What the object has for a column: of several members with one name the last. */
static enum status json_value(const struct json_insert *insert, struct bytes name, const struct type *type,
                              struct bound *ret_bound)
{
    size_t i = insert->row.names.count;
    *ret_bound = (struct bound){.kind = insert->defaults_unset ? BOUND_UNSET : BOUND_NULL};
    while (i > 0 && !bytes_equal(insert->row.names.at[i - 1], name)) {
        i--;
    }
    if (i == 0) {
        return STATUS_OK;
    }
    enum status status =
        statement__json_value(type, &insert->row.values[i - 1], &insert->moment, &ret_bound->value);
    if (status != STATUS_OK) {
        return exec_fail(insert->modify->call, CQL_INVALID, "Error decoding JSON value for %.*s: %s",
                         (int)name.size, (const char *)name.data, insert->moment.error->text);
    }
    ret_bound->kind = ret_bound->value.kind == VALUE_NULL ? BOUND_NULL : BOUND_VALUE;
    return STATUS_OK;
}

static enum status json_keys(const struct json_insert *insert, const struct key_column *columns, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct bound bound;
        status = json_value(insert, columns[i].name, &columns[i].type, &bound);
        if (status == STATUS_OK) {
            status = statement__modify_key_bound(insert->modify, columns[i].name, &bound);
        }
    }
    return status;
}

static enum status json_columns(const struct json_insert *insert)
{
    struct modify *modify = insert->modify;
    const struct schema *schema = modify->schema;
    enum status status = STATUS_OK;
    modify->actions =
        arena_create_array(modify->call->arena, schema->columns_count, sizeof(*modify->actions));
    modify->statics =
        arena_create_array(modify->call->arena, schema->columns_count, sizeof(*modify->statics));
    for (size_t i = 0; i < schema->columns_count && status == STATUS_OK; i++) {
        struct bound bound;
        statement__modify_name(modify, &schema->columns[i]);
        status = json_value(insert, schema->columns[i].name, &schema->columns[i].type, &bound);
        if (status == STATUS_OK) {
            status = statement__modify_bound(modify, &schema->columns[i], &bound);
        }
    }
    return status;
}

enum status statement__modify_json(struct modify *modify, const struct cql_insert *insert)
{
    const struct cql_receiver receiver = statement__receiver_json();
    struct exec_call *call = modify->call;
    struct error error = {0};
    struct bound bound;
    struct json_insert json = {.modify = modify,
                               .moment = {.arena = call->arena,
                                          .error = &error,
                                          .now_us = clock_wall_us(clock_system())},
                               .defaults_unset = insert->json_defaults_unset};
    for (size_t i = 0; i < schema_key_count(modify->schema); i++) {
        modify->key_given[i] = true; /* a key column that the object has not is null, and refused as that */
    }
    enum status status = exec_bind(call, insert->json, receiver.type, receiver.name, &bound);
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    if (bound.kind != BOUND_VALUE) {
        return exec_fail(call, CQL_INVALID,
                         bound.kind == BOUND_NULL ? "Got null for INSERT JSON values"
                                                  : "Cannot use unset values for INSERT JSON");
    }
    if (statement__json_row(bound.value.bytes, &json.moment, &json.row) != STATUS_OK) {
        return exec_fail(call, CQL_INVALID, "%s", error.text);
    }
    status = json_check_names(&json);
    if (status == STATUS_OK) {
        status = json_keys(&json, modify->schema->partition, modify->schema->partition_count);
    }
    if (status == STATUS_OK) {
        status = json_keys(&json, modify->schema->clustering, modify->schema->clustering_count);
    }
    return status == STATUS_OK ? json_columns(&json) : status;
}
