#include "bind.h"

#include <stdlib.h>

#include "keyspaces.h"
#include "script.h"
#include "value/serial.h"

enum {
    BIND_SPACE = 256, /* of common values, so that they need no memory of the heap */
};

/* --- preparing ------------------------------------------------------------------------------------------------------ */

static enum status bind_resolve(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                                struct type *ret_type, struct error *error)
{
    struct exec_call *call = context;
    struct bytes meant = call->functions_keyspace.size > 0 ? call->functions_keyspace : call->keyspace;
    (void)arena;
    enum status status = statement__type_find(call, keyspace.size > 0 ? keyspace : meant, name, ret_type);
    return status == STATUS_OK ? status
                               : error_set(error, STATUS_INVALID, "Unknown type %.*s", (int)name.size,
                                           (const char *)name.data);
}

struct type_names exec_type_names(struct exec_call *call)
{
    return (struct type_names){.resolve = bind_resolve, .context = call};
}

void exec_key_types(struct exec_call *call, const struct schema *schema)
{
    struct type *types = arena_create_array(call->arena, schema->partition_count, sizeof(*types));
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = schema->partition[i].type;
    }
    call->key_types = types;
    call->key_count = schema->partition_count;
}

static int name_compare(const void *a, const void *b)
{
    const struct bytes *one = *(const struct bytes *const *)a;
    const struct bytes *other = *(const struct bytes *const *)b;
    int compared = bytes_compare(*one, *other);
    return compared != 0 ? compared : (one > other) - (one < other);
}

/* The names of the values of the statement at hand, in order, made once. */
static const struct bytes **bind_names(struct exec_call *call)
{
    const struct cql_query *query = call->query;
    if (call->named != query) {
        call->named = query;
        call->names = arena_create_array(call->arena, query->values_count, sizeof(const struct bytes *));
        for (size_t i = 0; i < query->values_count; i++) {
            call->names[i] = &query->names[i];
        }
        if (query->values_count > 1) {
            qsort(call->names, query->values_count, sizeof(const struct bytes *), name_compare);
        }
    }
    return call->names;
}

/* The marker that a value is bound to by its name: a named marker's own, or that of what it is for. */
static const struct cql_value *bind_find(struct exec_call *call, uint16_t marker)
{
    const struct cql_query *query = call->query;
    if (query == NULL) {
        return NULL;
    }
    if (query->names == NULL) {
        return marker < query->values_count ? &query->values[marker] : NULL;
    }
    struct bytes name = call->receivers[marker].name;
    const struct bytes **names = bind_names(call);
    size_t low = 0;
    size_t high = query->values_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = bytes_compare(*names[middle], name) < 0;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    bool is_found = low < query->values_count && bytes_equal(*names[low], name);
    return is_found ? &query->values[names[low] - query->names] : NULL;
}

enum status exec_bind_marker(void *context, uint16_t marker, struct cql_binding *ret_binding,
                             struct error *error)
{
    static const enum cql_binding_kind kinds[] = {[CQL_VALUE_SET] = CQL_BINDING_BYTES,
                                                  [CQL_VALUE_NULL] = CQL_BINDING_NULL,
                                                  [CQL_VALUE_UNSET] = CQL_BINDING_UNSET};
    struct exec_call *call = context;
    const struct cql_value *value = bind_find(call, marker);
    if (value == NULL) {
        return error_set(error, STATUS_INVALID, "Invalid amount of bind variables");
    }
    *ret_binding = (struct cql_binding){.kind = kinds[value->presence], .bytes = value->bytes};
    return STATUS_OK;
}

void exec_note_receivers(struct exec_call *call)
{
    struct marker_notes *notes = call->notes;
    while (notes->noted < notes->count && call->receivers[notes->noted].type != NULL) {
        const struct cql_receiver *receiver = &call->receivers[notes->noted];
        notes->specs[notes->noted++] = (struct cql_column_spec){.keyspace = notes->keyspace,
                                                                .table = notes->table,
                                                                .name = receiver->name,
                                                                .type = receiver->type};
    }
}

enum status exec_bind(struct exec_call *call, const struct cql_term *term, const struct type *type,
                      struct bytes name, struct bound *ret_bound)
{
    struct error error = {0};
    const struct type_names names = exec_type_names(call);
    const struct cql_receiver receiver = {.name = name, .type = type};
    struct cql_expression *expression = NULL;
    int64_t now_us = clock_wall_us(clock_system());
    struct cql_preparation preparation = {.arena = call->arena,
                                          .error = &error,
                                          .names = &names,
                                          .now_us = now_us,
                                          .markers = call->receivers,
                                          .key_types = call->key_types,
                                          .key_count = call->key_count,
                                          .users = statement__users_of(call)};
    bool is_unset = false;
    *ret_bound = (struct bound){.kind = BOUND_UNSET};
    enum status status = statement__term_prepare(&preparation, term, &receiver, &expression);
    if (status == STATUS_OK && call->notes != NULL) {
        exec_note_receivers(call);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        struct cql_evaluation evaluation = {.moment = {.arena = call->arena,
                                                       .error = &error,
                                                       .now_us = now_us},
                                            .bind = exec_bind_marker,
                                            .call = statement__script_bind,
                                            .context = call};
        status = statement__evaluate(expression, &evaluation, &ret_bound->value, &is_unset);
    }
    if (status == STATUS_BUSY) {
        return STATUS_INVALID; /* the statement is planned again when the function answered */
    }
    if (status != STATUS_OK) {
        return exec_fail_status(call, status, error.text);
    }
    ret_bound->kind = is_unset ? BOUND_UNSET : ret_bound->value.kind == VALUE_NULL ? BOUND_NULL : BOUND_VALUE;
    return STATUS_OK;
}

enum status exec_bind_bytes(struct exec_call *call, const struct cql_term *term, const struct type *type,
                            struct bytes name, struct bound *ret_bound, struct bytes *ret_bytes)
{
    uint8_t space[BIND_SPACE];
    struct buffer buffer = buffer_over(space, sizeof(space));
    struct error error;
    enum status status = exec_bind(call, term, type, name, ret_bound);
    *ret_bytes = (struct bytes){0};
    if (status != STATUS_OK || ret_bound->kind != BOUND_VALUE) {
        return status;
    }
    status = serial_encode(type, &ret_bound->value, &buffer, &error);
    *ret_bytes = arena_copy(call->arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return status == STATUS_OK ? status : exec_fail(call, CQL_INVALID, "%s", error.text);
}

enum status exec_check_partition(struct exec_call *call, const struct schema *schema,
                                 const struct value *values)
{
    uint8_t space[BIND_SPACE];
    struct buffer key = buffer_over(space, sizeof(space));
    struct error error;
    const struct type *types[PARTITION_COLUMNS_MAX];
    for (size_t i = 0; i < schema->partition_count; i++) {
        types[i] = &schema->partition[i].type;
    }
    enum status status = serial_partition_encode(types, values, schema->partition_count, &key, &error);
    size_t size = key.size;
    buffer_reset(&key);
    if (status != STATUS_OK) {
        return exec_fail(call, CQL_INVALID, "%s", error.text);
    }
    if (size == 0) {
        return exec_fail(call, CQL_INVALID, "Key may not be empty");
    }
    return size <= PARTITION_BYTES_MAX
               ? STATUS_OK
               : exec_fail(call, CQL_INVALID, "Key length of %zu is longer than maximum of %d", size,
                           PARTITION_BYTES_MAX);
}

enum status exec_note(struct exec_call *call, struct marker_notes *notes, const struct cql_term *term,
                      const struct type *type, struct bytes name)
{
    struct bound bound;
    struct marker_notes *before = call->notes;
    call->notes = notes;
    enum status status = exec_bind(call, term, type, name, &bound);
    call->notes = before;
    return status;
}

void exec_markers(struct exec_call *call, const struct cql_statement *statement)
{
    call->receivers = arena_create_array(call->arena, statement->markers, sizeof(*call->receivers));
}
