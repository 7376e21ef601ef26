/* Amazon Keyspaces' RESTORE TABLE: a table as it was becomes another one; its rows come in the background. */
#include "authorize.h"
#include "base/clock.h"
#include "base/random.h"
#include "bind.h"
#include "ddl.h"
#include "options.h"

/* The LSN of restore_timestamp; of none: now. */
static enum status restore_moment(struct exec_call *call, const struct cql_property *property,
                                  uint64_t *ret_lsn)
{
    static const struct type timestamp = {.kind = TYPE_TIMESTAMP};
    struct gate_facts facts;
    struct bound bound;
    if (property == NULL) {
        gate_facts_read(call->exec->gate, &facts);
        *ret_lsn = facts.committed_lsn;
        return STATUS_OK;
    }
    enum status status =
        exec_bind(call, property->value, &timestamp, bytes_of_text("restore_timestamp"), &bound);
    if (status == STATUS_OK && bound.kind != BOUND_VALUE) {
        status = exec_fail(call, CQL_INVALID, "restore_timestamp has no value");
    }
    if (status != STATUS_OK) {
        return status;
    }
    return exec_lsn_at(call, clock_us_of_ms(bound.value.integer), ret_lsn);
}

/* WITH restore_timestamp, custom_properties, tags: the last two are the new table's. */
static enum status restore_properties(struct exec_call *call, const struct cql_properties *given,
                                      struct schema *schema, uint64_t *ret_lsn, bool takes_options)
{
    const struct cql_property *moment = NULL;
    struct cql_properties others = {.at = arena_create_array(call->arena, given->count, sizeof(*others.at))};
    struct cql_options options = {0};
    for (size_t i = 0; i < given->count; i++) {
        const struct cql_property *property = &given->at[i];
        if (bytes_equal(property->name, bytes_of_text("restore_timestamp"))) {
            moment = property;
        } else if (bytes_equal(property->name, bytes_of_text("custom_properties")) ||
                   bytes_equal(property->name, bytes_of_text("tags"))) {
            others.at[others.count++] = *property;
        } else {
            return exec_fail(call, CQL_SYNTAX_ERROR, "Unknown property '%.*s'", (int)property->name.size,
                             (const char *)property->name.data);
        }
    }
    if (!takes_options) {
        return restore_moment(call, moment, ret_lsn);
    }
    statement__options_decode(schema->properties, call->arena, &options);
    options.id = ddl_new_id(call);
    enum status status = statement__options_take(call, &others, &options, &schema->gc_grace_seconds);
    if (status == STATUS_OK) {
        statement__options_encode(&options, call->arena, &schema->properties);
    }
    return status;
}

enum status exec_restore_table(struct exec_call *call, const struct cql_restore_table *statement)
{
    struct bytes keyspace = {0};
    struct schema *schema = NULL;
    struct error error;
    uint64_t lsn = 0;
    uint64_t id = 0;
    enum status status = exec_find_keyspace(call, statement->table.keyspace, &keyspace);
    if (status == STATUS_OK) {
        status = ddl_check_system(call, keyspace);
    }
    if (status == STATUS_OK) {
        status = ddl_check_table_name(call, keyspace, statement->table.name);
    }
    if (status == STATUS_OK) {
        status = restore_properties(call, &statement->properties, NULL, &lsn, false);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes from =
        exec_full_name(call, exec_keyspace_of(call, &statement->source), statement->source.name);
    struct bytes to = exec_full_name(call, keyspace, statement->table.name);
    const struct schema *found = NULL;
    if (gate_table_find(call->exec->gate, to, &found, NULL) == STATUS_OK) {
        return ddl_exists(call, keyspace, statement->table.name);
    }
    status = gate_table_at(call->exec->view, from, lsn, call->arena, &schema, &error);
    if (status != STATUS_OK || schema->kind != TABLE_WIDE) {
        return exec_fail_name(call, "table %.*s did not exist at that moment", from);
    }
    status = statement__ensure_past(call, exec_keyspace_of(call, &statement->source), from, schema->table);
    if (status != STATUS_OK) {
        return status;
    }
    schema->name = to;
    schema->indexes_count = 0; /* names of indexes and views are a keyspace's: they stay with the source */
    status = restore_properties(call, &statement->properties, schema, &lsn, true);
    if (status != STATUS_OK) {
        return status;
    }
    random_secret(&id, sizeof(id));
    struct gate_request request = ddl_table_begin(call, "CREATED", keyspace, statement->table.name);
    request.cause = (struct cause){.kind = CAUSE_RESTORE, .lsn = lsn};
    status = gate_restore(call->exec->gate, from, lsn, schema, (int64_t)(id >> 1), &request, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}
