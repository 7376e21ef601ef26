/* What a statement does to columns. */
#include <inttypes.h>

#include "modify.h"
#include "row/document.h"
#include "value/serial.h"

static enum status set_fail(struct modify *modify, const char *format, struct bytes column)
{
    return exec_fail(modify->call, CQL_INVALID, format, (int)column.size, (const char *)column.data);
}

void statement__modify_name(struct modify *modify, const struct column *column)
{
    modify->names_statics |= column != NULL && column->is_static;
    modify->names_regulars |= column != NULL && !column->is_static;
}

/* The column that is set; fails for key columns and what is none. */
static enum status set_column(struct modify *modify, struct bytes name, bool is_deletion,
                              const struct column **ret_column)
{
    const struct schema *schema = modify->schema;
    for (size_t i = 0; i < schema_key_count(schema); i++) {
        if (bytes_equal(schema_key_column(schema, i)->name, name)) {
            return set_fail(modify,
                            is_deletion
                                ? "Invalid identifier %.*s for deletion (should not be a PRIMARY KEY part)"
                                : "PRIMARY KEY part %.*s found in SET part",
                            name);
        }
    }
    *ret_column = schema_column(schema, name);
    statement__modify_name(modify, *ret_column);
    return *ret_column != NULL
               ? STATUS_OK
               : exec_fail(modify->call, CQL_INVALID, "Undefined column name %.*s in table %.*s",
                           (int)name.size, (const char *)name.data, (int)modify->table.full.size,
                           (const char *)modify->table.full.data);
}

/* The action goes to the static row, or to the others. */
static struct wide_action *set_action(struct modify *modify, const struct column *column,
                                      enum wide_action_kind kind)
{
    struct wide_action *action = column->is_static ? &modify->statics[modify->statics_count++]
                                                   : &modify->actions[modify->actions_count++];
    struct wide_part *part = arena_create(modify->call->arena, sizeof(*part));
    *action = (struct wide_action){.kind = kind, .column = column->id, .parts = part, .count = 1};
    return action;
}

static struct wide_part *action_part(struct wide_action *action)
{
    return (struct wide_part *)action->parts;
}

/* A whole value, or null: the collection goes. */
static enum status set_whole(struct modify *modify, const struct column *column, const struct bound *bound,
                             struct bytes bytes)
{
    struct error error;
    bool is_multi = type_is_multi_cell(&column->type);
    bool is_list = column->type.kind == TYPE_LIST;
    struct wide_action *action = set_action(modify, column,
                                            !is_multi ? WIDE_SET
                                            : is_list ? WIDE_REPLACE_LIST
                                                      : WIDE_REPLACE);
    if (!is_multi) {
        action_part(action)->is_null = bound->kind == BOUND_NULL;
        action_part(action)->value = bytes;
        return STATUS_OK;
    }
    action->count = 0;
    struct wide_part *parts = NULL;
    enum status status = bound->kind == BOUND_NULL
                             ? STATUS_OK
                             : document_parts(&column->type, &bound->value, modify->call->arena, &parts,
                                              &action->count, &error);
    action->parts = parts;
    return status == STATUS_OK ? status : exec_fail(modify->call, CQL_INVALID, "%s", error.text);
}

enum status statement__modify_value(struct modify *modify, struct bytes name, const struct cql_term *value)
{
    const struct column *column = NULL;
    struct bound bound;
    struct bytes bytes = {0};
    enum status status = set_column(modify, name, false, &column);
    if (status == STATUS_OK && column->type.kind == TYPE_COUNTER) {
        status = set_fail(
            modify,
            "Cannot set the value of counter column %.*s (counters can only be incremented/decremented, "
            "not set)",
            name);
    }
    if (status == STATUS_OK) {
        status = exec_bind_bytes(modify->call, value, &column->type, name, &bound, &bytes);
    }
    return status != STATUS_OK || bound.kind == BOUND_UNSET ? status
                                                            : set_whole(modify, column, &bound, bytes);
}

enum status statement__modify_bound(struct modify *modify, const struct column *column,
                                    const struct bound *bound)
{
    struct buffer buffer = {0};
    struct error error;
    if (bound->kind == BOUND_UNSET) {
        return STATUS_OK;
    }
    enum status status =
        bound->kind == BOUND_NULL ? STATUS_OK : serial_encode(&column->type, &bound->value, &buffer, &error);
    struct bytes bytes = arena_copy(modify->call->arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return status == STATUS_OK ? set_whole(modify, column, bound, bytes)
                               : exec_fail(modify->call, CQL_INVALID, "%s", error.text);
}

/* --- elements and fields -------------------------------------------------------------------------------------------- */

static struct bytes set_name(struct modify *modify, const char *what, struct bytes column)
{
    return bytes_of_text(
        arena_format(modify->call->arena, "%s(%.*s)", what, (int)column.size, (const char *)column.data));
}

static enum status set_index(struct modify *modify, const struct column *column, const struct cql_term *key,
                             int64_t *ret_index)
{
    static const struct type type = {.kind = TYPE_INT};
    struct bound bound;
    enum status status = exec_bind(modify->call, key, &type, set_name(modify, "idx", column->name), &bound);
    if (status != STATUS_OK || modify->call->notes != NULL) {
        return status;
    }
    *ret_index = bound.value.integer;
    return bound.kind == BOUND_VALUE ? STATUS_OK
           : bound.kind == BOUND_NULL
               ? exec_fail(modify->call, CQL_INVALID, "Invalid null value for list index")
               : exec_fail(modify->call, CQL_INVALID, "Invalid unset value for list index");
}

static enum status set_key(struct modify *modify, const struct column *column, const struct cql_term *key,
                           struct bytes *ret_path)
{
    struct bound bound;
    enum status status =
        exec_bind_bytes(modify->call, key, &column->type.parameters[0],
                        set_name(modify, column->type.kind == TYPE_SET ? "value" : "key", column->name),
                        &bound, ret_path);
    if (status != STATUS_OK || modify->call->notes != NULL) {
        return status;
    }
    return bound.kind == BOUND_VALUE ? STATUS_OK
                                     : exec_fail(modify->call, CQL_INVALID, "Invalid %s %s",
                                                 bound.kind == BOUND_NULL ? "null" : "unset",
                                                 column->type.kind == TYPE_SET ? "set element" : "map key");
}

static enum status set_field(struct modify *modify, const struct column *column, struct bytes field,
                             size_t *ret_place)
{
    const struct type *type = &column->type;
    for (size_t i = 0; type->kind == TYPE_UDT && i < type->count; i++) {
        if (bytes_equal(type->udt->fields[i], field)) {
            *ret_place = i;
            return STATUS_OK;
        }
    }
    return exec_fail(modify->call, CQL_INVALID, "UDT column %.*s does not have a field named %.*s",
                     (int)column->name.size, (const char *)column->name.data, (int)field.size,
                     (const char *)field.data);
}

struct bytes statement__modify_field_name(struct modify *modify, struct bytes column, struct bytes field)
{
    return bytes_of_text(arena_format(modify->call->arena, "%.*s.%.*s", (int)column.size,
                                      (const char *)column.data, (int)field.size, (const char *)field.data));
}

/* c[k] = v, c.f = v, and with a NULL value DELETE c[k], c.f. */
static enum status set_part(struct modify *modify, const struct column *column, const struct cql_term *key,
                            struct bytes field, const struct cql_term *value)
{
    struct bound bound = {.kind = BOUND_NULL};
    struct bytes path = {0};
    struct bytes bytes = {0};
    int64_t index = 0;
    size_t place = 0;
    const struct type *type = &column->type;
    enum status status = STATUS_OK;
    if (key == NULL) {
        status = set_field(modify, column, field, &place);
        uint8_t *position = arena_create(modify->call->arena, 2);
        bytes_put_u16(position, (uint16_t)place);
        path = bytes_of(position, 2);
    } else if (type->kind == TYPE_LIST) {
        status = set_index(modify, column, key, &index);
    } else {
        status = set_key(modify, column, key, &path);
    }
    if (status == STATUS_OK && value != NULL) {
        const struct type *element =
            key == NULL ? &type->parameters[place] : &type->parameters[type->count - 1];
        struct bytes name = key == NULL ? statement__modify_field_name(modify, column->name, field)
                                        : set_name(modify, "value", column->name);
        status = exec_bind_bytes(modify->call, value, element, name, &bound, &bytes);
    }
    if (status != STATUS_OK || bound.kind == BOUND_UNSET) {
        return status;
    }
    struct wide_action *action =
        set_action(modify, column, type->kind == TYPE_LIST ? WIDE_LIST_SET : WIDE_PUT);
    action->number = index;
    struct wide_part *part = arena_create(modify->call->arena, sizeof(*part));
    action->parts = part;
    *part = (struct wide_part){.path = path, .value = bytes, .is_null = bound.kind == BOUND_NULL};
    return STATUS_OK;
}

/* An assignment as Cassandra shows it: what is put before as well as what is taken away with a minus. */
static void set_format(const struct cql_assignment *assignment, struct buffer *text)
{
    enum cql_assignment_kind kind = assignment->kind;
    buffer_put(text, assignment->column);
    if (kind == CQL_ASSIGN_ELEMENT) {
        buffer_put_text(text, "[");
        cql_term_format(assignment->key, NULL, text);
        buffer_put_text(text, "]");
    }
    if (kind == CQL_ASSIGN_FIELD) {
        buffer_put_text(text, ".");
        buffer_put(text, assignment->field);
    }
    buffer_put_text(text, " = ");
    if (kind == CQL_ASSIGN_ADD || kind == CQL_ASSIGN_SUBTRACT) {
        buffer_put(text, assignment->column);
        buffer_put_text(text, kind == CQL_ASSIGN_ADD ? " + " : " - ");
    }
    cql_term_format(assignment->value, NULL, text);
    if (kind == CQL_ASSIGN_PREPEND) {
        buffer_put_text(text, " - ");
        buffer_put(text, assignment->column);
    }
}

/* Columns that are `what` have no such operation. */
static enum status set_fail_operation(struct modify *modify, const struct column *column,
                                      const struct cql_assignment *assignment, const char *what)
{
    struct buffer text = {0};
    set_format(assignment, &text);
    enum status status =
        exec_fail(modify->call, CQL_INVALID, "Invalid operation (%.*s) for %s column %.*s", (int)text.size,
                  (const char *)text.data, what, (int)column->name.size, (const char *)column->name.data);
    buffer_reset(&text);
    return status;
}

static enum status set_element(struct modify *modify, const struct column *column,
                               const struct cql_assignment *assignment)
{
    enum type_kind kind = column->type.kind;
    bool is_field = assignment->kind == CQL_ASSIGN_FIELD;
    bool is_collection = kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_MAP;
    const char *what = is_field && kind != TYPE_UDT                     ? "non-UDT"
                       : !is_field && !is_collection                    ? "non collection"
                       : is_field && !type_is_multi_cell(&column->type) ? "frozen UDT"
                       : !type_is_multi_cell(&column->type)             ? "frozen collection"
                       : kind == TYPE_SET                               ? "set"
                                                                        : NULL;
    return what != NULL ? set_fail_operation(modify, column, assignment, what)
                        : set_part(modify, column, assignment->key, assignment->field, assignment->value);
}

/* DELETE c[k], c.f. */
static enum status set_delete_part(struct modify *modify, const struct column *column,
                                   const struct cql_deletion *deletion)
{
    enum type_kind kind = column->type.kind;
    bool is_field = deletion->key == NULL;
    bool is_frozen = !type_is_multi_cell(&column->type);
    bool fits = is_field ? kind == TYPE_UDT : kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_MAP;
    if (!fits) {
        return set_fail(modify,
                        is_field ? "Invalid field deletion operation for non-UDT column %.*s"
                                 : "Invalid deletion operation for non collection column %.*s",
                        column->name);
    }
    if (is_frozen) {
        return set_fail(modify,
                        is_field ? "Frozen UDT column %.*s does not support field deletions"
                                 : "Invalid deletion operation for frozen collection column %.*s",
                        column->name);
    }
    return set_part(modify, column, deletion->key, deletion->field, NULL);
}

/* --- growing and shrinking ------------------------------------------------------------------------------------------ */

static enum status set_counter(struct modify *modify, const struct column *column,
                               const struct cql_assignment *assignment)
{
    struct bound bound;
    bool is_subtraction = assignment->kind == CQL_ASSIGN_SUBTRACT;
    enum status status = exec_bind(modify->call, assignment->value, &column->type, column->name, &bound);
    if (status != STATUS_OK || modify->call->notes != NULL || bound.kind == BOUND_UNSET) {
        return status;
    }
    if (bound.kind == BOUND_NULL) {
        return exec_fail(modify->call, CQL_INVALID, "Invalid null value for counter increment");
    }
    if (is_subtraction && bound.value.integer == INT64_MIN) {
        return exec_fail(modify->call, CQL_INVALID,
                         "The negation of %" PRId64
                         " overflows supported counter precision (signed 8 bytes integer)",
                         bound.value.integer);
    }
    struct wide_action *action = set_action(modify, column, WIDE_ADD);
    action->number = is_subtraction ? -bound.value.integer : bound.value.integer;
    return STATUS_OK;
}

/* m - {keys}: keys as a set. */
static const struct type *set_subtracted(struct modify *modify, const struct column *column)
{
    struct type *type = arena_create(modify->call->arena, sizeof(*type));
    *type = (struct type){.kind = TYPE_SET,
                          .is_frozen = true,
                          .count = 1,
                          .parameters = &column->type.parameters[0]};
    return type;
}

/* Whether a term is of the class of literals that a map grows or shrinks by. {} is both. */
static bool set_may_be(const struct cql_term *term, bool is_of_keys)
{
    bool is_scalar = term->kind >= CQL_TERM_STRING && term->kind <= CQL_TERM_DURATION;
    bool is_other = term->kind == CQL_TERM_LIST || term->kind == CQL_TERM_TUPLE || term->kind == CQL_TERM_UDT;
    bool is_wrong =
        is_of_keys ? term->kind == CQL_TERM_MAP : term->kind == CQL_TERM_SET && term->items.count > 0;
    return !is_scalar && !is_other && !is_wrong;
}

static enum status set_collection(struct modify *modify, const struct column *column,
                                  const struct cql_assignment *assignment)
{
    struct error error;
    struct bound bound;
    struct wide_part *parts = NULL;
    size_t count = 0;
    enum type_kind kind = column->type.kind;
    bool is_subtraction = assignment->kind == CQL_ASSIGN_SUBTRACT;
    bool is_of_keys = is_subtraction && kind == TYPE_MAP;
    const struct type *type = is_of_keys ? set_subtracted(modify, column) : &column->type;
    if (kind == TYPE_MAP && !set_may_be(assignment->value, is_of_keys)) {
        struct buffer text = {0};
        cql_term_format(assignment->value, NULL, &text);
        enum status refused =
            set_fail(modify,
                     is_of_keys ? "Value for a map substraction has to be a set, but was: '%.*s'"
                                : "Value for a map addition has to be a map, but was: '%.*s'",
                     buffer_bytes(&text));
        buffer_reset(&text);
        return refused;
    }
    enum status status = exec_bind(modify->call, assignment->value, type, column->name, &bound);
    if (status != STATUS_OK || bound.kind != BOUND_VALUE || modify->call->notes != NULL) {
        return status; /* + null and - null change nothing */
    }
    status = document_parts(type, &bound.value, modify->call->arena, &parts, &count, &error);
    if (status != STATUS_OK) {
        return exec_fail(modify->call, CQL_INVALID, "%s", error.text);
    }
    enum wide_action_kind action_kind = WIDE_PUT;
    if (kind == TYPE_LIST) {
        action_kind = is_subtraction                           ? WIDE_LIST_SUBTRACT
                      : assignment->kind == CQL_ASSIGN_PREPEND ? WIDE_PREPEND
                                                               : WIDE_APPEND;
    }
    struct wide_action *action = set_action(modify, column, action_kind);
    for (size_t i = 0; i < count && is_subtraction && kind != TYPE_LIST; i++) {
        parts[i].is_null = true;
    }
    action->parts = parts;
    action->count = count;
    return STATUS_OK;
}

/* What is put before a column that is no list: first what is wrong with it by itself. */
static enum status set_refuse_prepend(struct modify *modify, const struct column *column,
                                      const struct cql_assignment *assignment)
{
    struct bound bound;
    enum status status = exec_bind(modify->call, assignment->value, &column->type, column->name, &bound);
    return status != STATUS_OK
               ? status
               : set_fail_operation(modify, column, assignment,
                                    column->type.kind == TYPE_LIST ? "frozen list" : "non list");
}

static enum status set_operation(struct modify *modify, const struct column *column,
                                 const struct cql_assignment *assignment)
{
    enum type_kind kind = column->type.kind;
    bool is_prepended = assignment->kind == CQL_ASSIGN_PREPEND;
    bool is_collection = kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_MAP;
    if (is_prepended && (kind != TYPE_LIST || !type_is_multi_cell(&column->type))) {
        return set_refuse_prepend(modify, column, assignment);
    }
    if (kind == TYPE_COUNTER) {
        return set_counter(modify, column, assignment);
    }
    if (!is_collection) {
        bool is_tuple = kind == TYPE_TUPLE || kind == TYPE_UDT;
        return set_fail_operation(modify, column, assignment,
                                  is_tuple && assignment->kind == CQL_ASSIGN_ADD ? "tuple" : "non counter");
    }
    return type_is_multi_cell(&column->type)
               ? set_collection(modify, column, assignment)
               : set_fail_operation(modify, column, assignment, "frozen collection");
}

enum status statement__modify_assign(struct modify *modify, const struct cql_assignment *assignment)
{
    const struct column *column = NULL;
    enum status status = set_column(modify, assignment->column, false, &column);
    if (status != STATUS_OK || column == NULL) {
        return status;
    }
    switch (assignment->kind) {
    case CQL_ASSIGN:
        return statement__modify_value(modify, assignment->column, assignment->value);
    case CQL_ASSIGN_ELEMENT:
    case CQL_ASSIGN_FIELD:
        return set_element(modify, column, assignment);
    case CQL_ASSIGN_ADD:
    case CQL_ASSIGN_PREPEND:
    case CQL_ASSIGN_SUBTRACT:
        break;
    }
    return set_operation(modify, column, assignment);
}

enum status statement__modify_delete(struct modify *modify, const struct cql_deletion *deletion)
{
    const struct column *column = NULL;
    enum status status = set_column(modify, deletion->column, true, &column);
    if (status != STATUS_OK || column == NULL) {
        return status;
    }
    if (deletion->key != NULL || deletion->field.size > 0) {
        return set_delete_part(modify, column, deletion);
    }
    bool is_multi = type_is_multi_cell(&column->type);
    struct wide_action *action = set_action(modify, column, is_multi ? WIDE_DELETE : WIDE_SET);
    action->count = is_multi ? 0 : 1;
    action_part(action)->is_null = true;
    return STATUS_OK;
}
