#include "value/type.h"

#include "value/bounds.h"
#include "value/decimal.h"
#include "value/type_text.h"

struct type_entry {
    const char *name;
    size_t fixed_bytes; /* as vectors see it */
    bool may_be_empty;
};

static const struct type_entry type_entries[] = {
    [TYPE_ANY] = {.name = "any"},
    [TYPE_ASCII] = {.name = "ascii"},
    [TYPE_TEXT] = {.name = "text"},
    [TYPE_BLOB] = {.name = "blob"},
    [TYPE_BOOLEAN] = {.name = "boolean", .fixed_bytes = 1, .may_be_empty = true},
    [TYPE_TINYINT] = {.name = "tinyint"},
    [TYPE_SMALLINT] = {.name = "smallint"},
    [TYPE_INT] = {.name = "int", .fixed_bytes = 4, .may_be_empty = true},
    [TYPE_BIGINT] = {.name = "bigint", .fixed_bytes = 8, .may_be_empty = true},
    [TYPE_COUNTER] = {.name = "counter", .fixed_bytes = 8, .may_be_empty = true},
    [TYPE_VARINT] = {.name = "varint", .may_be_empty = true},
    [TYPE_DECIMAL] = {.name = "decimal", .may_be_empty = true},
    [TYPE_NUMBER] = {.name = "number"},
    [TYPE_FLOAT] = {.name = "float", .fixed_bytes = 4, .may_be_empty = true},
    [TYPE_DOUBLE] = {.name = "double", .fixed_bytes = 8, .may_be_empty = true},
    [TYPE_UUID] = {.name = "uuid", .fixed_bytes = 16, .may_be_empty = true},
    [TYPE_TIMEUUID] = {.name = "timeuuid", .fixed_bytes = 16, .may_be_empty = true},
    [TYPE_TIMESTAMP] = {.name = "timestamp", .fixed_bytes = 8, .may_be_empty = true},
    [TYPE_DATE] = {.name = "date"},
    [TYPE_TIME] = {.name = "time"},
    [TYPE_DURATION] = {.name = "duration"},
    [TYPE_INET] = {.name = "inet", .may_be_empty = true},
    [TYPE_LIST] = {.name = "list"},
    [TYPE_SET] = {.name = "set"},
    [TYPE_MAP] = {.name = "map"},
    [TYPE_TUPLE] = {.name = "tuple"},
    [TYPE_UDT] = {.name = "udt"},
    [TYPE_VECTOR] = {.name = "vector"},
};

const char *type_name(enum type_kind kind)
{
    CHECK((size_t)kind < ARRAY_COUNT(type_entries));
    return type_entries[kind].name;
}

bool type_of_name(struct bytes name, struct type *ret_type)
{
    if (bytes_equal(name, bytes_of_text("varchar"))) {
        *ret_type = (struct type){.kind = TYPE_TEXT};
        return true;
    }
    for (size_t i = 0; i < TYPE_LIST; i++) {
        if (bytes_equal(name, bytes_of_text(type_entries[i].name))) {
            *ret_type = (struct type){.kind = (enum type_kind)i};
            return true;
        }
    }
    return false;
}

bool type_has_parameters(enum type_kind kind)
{
    return kind >= TYPE_LIST && kind <= TYPE_VECTOR;
}

static bool type_is_collection(enum type_kind kind)
{
    return kind == TYPE_LIST || kind == TYPE_SET || kind == TYPE_MAP;
}

bool type_is_multi_cell(const struct type *type)
{
    return !type->is_frozen && (type_is_collection(type->kind) || type->kind == TYPE_UDT);
}

bool type_may_be_empty(enum type_kind kind)
{
    CHECK((size_t)kind < ARRAY_COUNT(type_entries));
    return type_entries[kind].may_be_empty;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds by TYPE_DEPTH_MAX */
size_t type_fixed_bytes(const struct type *type)
{
    return type->kind == TYPE_VECTOR ? type->dimension * type_fixed_bytes(&type->parameters[0])
                                     : type_entries[type->kind].fixed_bytes;
}

bool type_equal(const struct type *a, const struct type *b)
{
    if (a->kind != b->kind || a->is_frozen != b->is_frozen || a->dimension != b->dimension ||
        a->count != b->count) {
        return false;
    }
    if (a->kind == TYPE_UDT &&
        (!bytes_equal(a->udt->keyspace, b->udt->keyspace) || !bytes_equal(a->udt->name, b->udt->name))) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!type_equal(&a->parameters[i], &b->parameters[i]) ||
            (a->kind == TYPE_UDT && !bytes_equal(a->udt->fields[i], b->udt->fields[i]))) {
            return false;
        }
    }
    return true;
}

struct type type_freeze(const struct type *type, struct arena *arena)
{
    struct type frozen = *type;
    if (!type_has_parameters(type->kind)) {
        return frozen;
    }
    struct type *parameters = arena_create_array(arena, type->count, sizeof(*parameters));
    for (size_t i = 0; i < type->count; i++) {
        parameters[i] = type_freeze(&type->parameters[i], arena);
    }
    frozen.is_frozen = true;
    frozen.parameters = parameters;
    return frozen;
}

static bool type_references(const struct type *type, enum type_kind kind)
{
    bool references = type->kind == kind;
    for (size_t i = 0; i < type->count && !references; i++) {
        references = type_references(&type->parameters[i], kind);
    }
    return references;
}

/* NOLINTEND(misc-no-recursion) */

/* "what: list<counter>". */
static enum status type_refuse(const struct type *type, const char *what, struct error *error)
{
    struct buffer text = {0};
    type_format(type, &text);
    size_t shown = text.size < 200 ? text.size : 200;
    (void)error_set(error, STATUS_INVALID, "%s: %.*s", what, (int)shown, (const char *)text.data);
    buffer_reset(&text);
    return STATUS_INVALID;
}

static enum status type_validate_inner(const struct type *type, const struct type *inner, struct error *error)
{
    bool in_collection = type_is_collection(type->kind);
    if (inner->kind == TYPE_ANY || inner->kind == TYPE_NUMBER) {
        return error_set(error, STATUS_INVALID, "a %s cannot be part of another type",
                         type_name(inner->kind));
    }
    if (inner->kind == TYPE_COUNTER) {
        return type->kind == TYPE_UDT
                   ? error_set(error, STATUS_INVALID, "A user type cannot contain counters")
                   : type_refuse(type,
                                 type->kind == TYPE_TUPLE ? "Counters are not allowed inside tuples"
                                 : in_collection          ? "Counters are not allowed inside collections"
                                                          : "Counters are not allowed inside vectors",
                                 error);
    }
    if (type->kind == TYPE_UDT && inner->kind == TYPE_UDT && !inner->is_frozen && !type->is_frozen) {
        return error_set(error, STATUS_INVALID, "A user type cannot contain non-frozen UDTs");
    }
    bool may_be_multi_cell = type->kind == TYPE_UDT && !type->is_frozen;
    if (type_is_multi_cell(inner) && !may_be_multi_cell) {
        return type_refuse(type,
                           inner->kind == TYPE_UDT
                               ? "Non-frozen UDTs are not allowed inside collections"
                               : "Non-frozen collections are not allowed inside collections",
                           error);
    }
    return STATUS_OK;
}

static enum status type_validate_udt(const struct type *type, struct error *error)
{
    const struct type_udt *udt = type->udt;
    if (udt->name.size == 0 || udt->name.size > TYPE_NAME_BYTES_MAX ||
        udt->keyspace.size > TYPE_NAME_BYTES_MAX || !bytes_are_utf8(udt->name) ||
        !bytes_are_utf8(udt->keyspace)) {
        return error_set(error, STATUS_INVALID, "a user type's name must have 1 to %d bytes of UTF-8",
                         TYPE_NAME_BYTES_MAX);
    }
    for (size_t i = 0; i < type->count; i++) {
        struct bytes field = udt->fields[i];
        if (field.size == 0 || field.size > TYPE_NAME_BYTES_MAX || !bytes_are_utf8(field)) {
            return error_set(error, STATUS_INVALID, "a field's name must have 1 to %d bytes of UTF-8",
                             TYPE_NAME_BYTES_MAX);
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(udt->fields[k], field)) {
                return error_set(error, STATUS_INVALID, "Duplicate field name %.*s in type %.*s",
                                 (int)field.size, (const char *)field.data, (int)udt->name.size,
                                 (const char *)udt->name.data);
            }
        }
    }
    return STATUS_OK;
}

static enum status type_validate_counts(const struct type *type, struct error *error)
{
    size_t wanted = !type_has_parameters(type->kind) ? 0 : type->kind == TYPE_MAP ? 2 : 1;
    bool has_fields = type->kind == TYPE_TUPLE || type->kind == TYPE_UDT;
    bool always_frozen = type->kind == TYPE_TUPLE || type->kind == TYPE_VECTOR;
    if ((size_t)type->kind >= ARRAY_COUNT(type_entries) || (!has_fields && type->count != wanted) ||
        (type->kind == TYPE_UDT) != (type->udt != NULL) || (always_frozen && !type->is_frozen) ||
        (type->is_frozen && wanted == 0)) {
        return error_set(error, STATUS_INVALID, "a type with wrong parameters");
    }
    if (has_fields && (type->count == 0 || type->count > TYPE_FIELDS_MAX)) {
        return error_set(error, type->count == 0 ? STATUS_INVALID : STATUS_TOO_LARGE,
                         "a tuple or user type has 1 to %d fields, not %zu", TYPE_FIELDS_MAX, type->count);
    }
    if (type->kind == TYPE_VECTOR && type->dimension == 0) {
        return error_set(error, STATUS_INVALID, "vectors may only have positive dimensions; given 0");
    }
    if (type->kind == TYPE_VECTOR ? type->dimension > TYPE_DIMENSION_MAX : type->dimension != 0) {
        return error_set(error, STATUS_TOO_LARGE, "a vector has up to %d dimensions, not %u",
                         TYPE_DIMENSION_MAX, type->dimension);
    }
    return STATUS_OK;
}

/* NOLINTBEGIN(misc-no-recursion): it ends itself at TYPE_DEPTH_MAX */
static enum status type_validate_node(const struct type *type, unsigned depth, size_t *nodes,
                                      struct error *error)
{
    if (depth > TYPE_DEPTH_MAX || ++*nodes > TYPE_NODES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a type may nest %d levels and have %d parts",
                         TYPE_DEPTH_MAX, TYPE_NODES_MAX);
    }
    enum status status = type_validate_counts(type, error);
    if (status == STATUS_OK && type->kind == TYPE_UDT) {
        status = type_validate_udt(type, error);
    }
    for (size_t i = 0; i < type->count && status == STATUS_OK; i++) {
        status = type_validate_node(&type->parameters[i], depth + 1, nodes, error);
        if (status == STATUS_OK) {
            status = type_validate_inner(type, &type->parameters[i], error);
        }
    }
    if (status == STATUS_OK && type->kind == TYPE_VECTOR && type_fixed_bytes(type) > TYPE_VECTOR_BYTES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "a vector may have %d bytes", TYPE_VECTOR_BYTES_MAX);
    }
    bool is_sorted = type->kind == TYPE_SET || type->kind == TYPE_MAP;
    if (status == STATUS_OK && is_sorted && type_references(&type->parameters[0], TYPE_DURATION)) {
        status = type_refuse(type,
                             type->kind == TYPE_SET ? "Durations are not allowed inside sets"
                                                    : "Durations are not allowed as map keys",
                             error);
    }
    return status;
}
/* NOLINTEND(misc-no-recursion) */

enum status type_validate(const struct type *type, struct error *error)
{
    size_t nodes = 0;
    return type_validate_node(type, 1, &nodes, error);
}

enum status type_check_column(const struct type *type, struct error *error)
{
    for (size_t i = 0; i < type->count && type->kind == TYPE_UDT; i++) {
        if (type_is_multi_cell(type) && type_is_multi_cell(&type->parameters[i])) {
            return error_set(error, STATUS_INVALID,
                             "Non-frozen UDTs with nested non-frozen collections are not supported");
        }
    }
    return STATUS_OK;
}

bool type_may_be_key(const struct type *type)
{
    return type->kind != TYPE_ANY && type->kind != TYPE_COUNTER && !type_is_multi_cell(type) &&
           !type_references(type, TYPE_DURATION);
}

enum status type_check_key(const struct type *type, struct bytes column, struct error *error)
{
    if (type_may_be_key(type)) {
        return STATUS_OK;
    }
    struct buffer text = {0};
    const char *what = type_is_multi_cell(type)
                           ? (type->kind == TYPE_UDT ? "Invalid non-frozen user-defined type"
                                                     : "Invalid non-frozen collection type")
                           : "";
    if (*what == '\0') {
        bool is_duration = type_references(type, TYPE_DURATION);
        buffer_put_text(&text, is_duration ? "duration" : type_name(type->kind));
        buffer_put_text(&text, " type is not supported");
    } else {
        buffer_put_format(&text, "%s ", what);
        type_format(type, &text);
    }
    size_t shown = text.size < 200 ? text.size : 200;
    (void)error_set(error, STATUS_INVALID, "%.*s for PRIMARY KEY column '%.*s'", (int)shown,
                    (const char *)text.data, (int)column.size, (const char *)column.data);
    buffer_reset(&text);
    return STATUS_INVALID;
}

struct value type_coerce(const struct type *type, const struct value *value, struct arena *arena)
{
    static const enum value_kind kinds[] = {
        [TYPE_TIMESTAMP] = VALUE_TIMESTAMP, [TYPE_DATE] = VALUE_DATE, [TYPE_TIME] = VALUE_TIME};
    struct value coerced = *value;
    bool wants_number = type->kind == TYPE_NUMBER || type->kind == TYPE_DECIMAL || type->kind == TYPE_VARINT;
    bool is_time = type->kind == TYPE_TIMESTAMP || type->kind == TYPE_DATE || type->kind == TYPE_TIME;
    bool wants_integer = (type->kind >= TYPE_TINYINT && type->kind <= TYPE_BIGINT) || is_time;
    int64_t integer = 0;
    if (wants_number && value->kind == VALUE_INTEGER) {
        coerced = (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_of_integer(value->integer, arena)};
    } else if (wants_integer && value->kind == VALUE_DECIMAL &&
               decimal_to_integer(&value->decimal, &integer)) {
        coerced = value_of_integer(integer);
    }
    if (type->kind == TYPE_VARINT && value->kind == VALUE_DECIMAL && value->decimal.scale < 0 &&
        value->decimal.scale >= -DECIMAL_EXPONENT_MAX) { /* 1E2 is whole */
        struct decimal zero = decimal_of_integer(0, arena);
        coerced.decimal = decimal_add(&value->decimal, &zero, false, arena);
    }
    if (is_time && coerced.kind == VALUE_INTEGER) {
        coerced.kind = kinds[type->kind];
    }
    if (type->kind == TYPE_DOUBLE && value->kind == VALUE_DECIMAL) {
        coerced = (struct value){.kind = VALUE_DOUBLE, .float64 = decimal_to_double(&value->decimal)};
    }
    if (type->kind == TYPE_FLOAT && value->kind == VALUE_DECIMAL) {
        coerced = (struct value){.kind = VALUE_FLOAT, .float32 = (float)decimal_to_double(&value->decimal)};
    }
    return coerced;
}
