#include "value/type.h"

#include "value/decimal.h"

struct type_entry {
    const char *name;
    bool may_be_key;
    enum value_kind value;
    int64_t least; /* of integers */
    int64_t most;
};

static const struct type_entry type_entries[] = {
    [TYPE_ANY] = {.name = "any"},
    [TYPE_ASCII] = {.name = "ascii", .may_be_key = true, .value = VALUE_TEXT},
    [TYPE_TEXT] = {.name = "text", .may_be_key = true, .value = VALUE_TEXT},
    [TYPE_BLOB] = {.name = "blob", .may_be_key = true, .value = VALUE_BYTES},
    [TYPE_BOOLEAN] = {.name = "boolean", .may_be_key = true, .value = VALUE_BOOLEAN},
    [TYPE_TINYINT] = {"tinyint", true, VALUE_INTEGER, INT8_MIN, INT8_MAX},
    [TYPE_SMALLINT] = {"smallint", true, VALUE_INTEGER, INT16_MIN, INT16_MAX},
    [TYPE_INT] = {"int", true, VALUE_INTEGER, INT32_MIN, INT32_MAX},
    [TYPE_BIGINT] = {"bigint", true, VALUE_INTEGER, INT64_MIN, INT64_MAX},
    [TYPE_COUNTER] = {.name = "counter"},
    [TYPE_VARINT] = {.name = "varint"},
    [TYPE_DECIMAL] = {.name = "decimal"},
    [TYPE_NUMBER] = {.name = "number", .may_be_key = true, .value = VALUE_DECIMAL},
    [TYPE_FLOAT] = {.name = "float"},
    [TYPE_DOUBLE] = {.name = "double", .may_be_key = true, .value = VALUE_DOUBLE},
    [TYPE_UUID] = {.name = "uuid", .may_be_key = true, .value = VALUE_UUID},
    [TYPE_TIMEUUID] = {.name = "timeuuid", .may_be_key = true, .value = VALUE_TIMEUUID},
    [TYPE_TIMESTAMP] = {"timestamp", true, VALUE_TIMESTAMP, INT64_MIN, INT64_MAX},
    [TYPE_DATE] = {"date", true, VALUE_DATE, INT32_MIN, INT32_MAX},
    [TYPE_TIME] = {"time", true, VALUE_TIME, 0, 86399999999999},
    [TYPE_DURATION] = {.name = "duration"},
    [TYPE_INET] = {.name = "inet"},
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

bool type_may_be_key(enum type_kind kind)
{
    return (size_t)kind < ARRAY_COUNT(type_entries) && type_entries[kind].may_be_key;
}

enum status type_parse(struct bytes name, struct type *ret_type, struct error *error)
{
    for (size_t i = 0; i < ARRAY_COUNT(type_entries); i++) {
        if (bytes_equal(name, bytes_of_text(type_entries[i].name))) {
            *ret_type = (struct type){.kind = (enum type_kind)i};
            return STATUS_OK;
        }
    }
    return error_set(
        error, STATUS_INVALID,
        "no type is called %.*s; keys may be text, ascii, blob, number, boolean, tinyint, smallint, int, "
        "bigint, double, uuid, timeuuid, timestamp, date, time",
        (int)(name.size < 64 ? name.size : 64), (const char *)name.data);
}

static bool type_fits_bytes(enum type_kind kind, struct bytes bytes)
{
    if (kind == TYPE_UUID) {
        return bytes.size == 16;
    }
    if (kind == TYPE_TIMEUUID) {
        return bytes.size == 16 && bytes.data[6] >> 4 == 1;
    }
    if (kind == TYPE_ASCII) {
        for (size_t i = 0; i < bytes.size; i++) {
            if (bytes.data[i] >= 0x80) {
                return false;
            }
        }
    }
    return kind != TYPE_TEXT || bytes_are_utf8(bytes);
}

enum status type_check(const struct type *type, const struct value *value, struct error *error)
{
    CHECK(type_may_be_key(type->kind));
    const struct type_entry *entry = &type_entries[type->kind];
    bool fits = value->kind == entry->value;
    if (fits && entry->most != 0) {
        fits = value->integer >= entry->least && value->integer <= entry->most;
    } else if (fits && (value->kind == VALUE_TEXT || value->kind == VALUE_BYTES ||
                        value->kind == VALUE_UUID || value->kind == VALUE_TIMEUUID)) {
        fits = type_fits_bytes(type->kind, value->bytes);
    }
    if (fits && type->kind == TYPE_NUMBER) {
        struct arena arena = {0};
        struct decimal normal;
        enum status status = decimal_normalise(&value->decimal, &arena, &normal, error);
        arena_reset(&arena);
        return status;
    }
    return fits ? STATUS_OK : error_set(error, STATUS_INVALID, "the value is not a valid %s", entry->name);
}

struct value type_coerce(const struct type *type, const struct value *value, struct arena *arena)
{
    static const enum value_kind kinds[] = {
        [TYPE_TIMESTAMP] = VALUE_TIMESTAMP, [TYPE_DATE] = VALUE_DATE, [TYPE_TIME] = VALUE_TIME};
    struct value coerced = *value;
    bool wants_number = type->kind == TYPE_NUMBER;
    bool wants_integer = (type->kind >= TYPE_TINYINT && type->kind <= TYPE_BIGINT) ||
                         type->kind == TYPE_TIMESTAMP || type->kind == TYPE_DATE || type->kind == TYPE_TIME;
    int64_t integer = 0;
    if (wants_number && value->kind == VALUE_INTEGER) {
        coerced = (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_of_integer(value->integer, arena)};
    } else if (wants_integer && value->kind == VALUE_DECIMAL &&
               decimal_to_integer(&value->decimal, &integer)) {
        coerced = value_of_integer(integer);
    }
    bool is_time = type->kind == TYPE_TIMESTAMP || type->kind == TYPE_DATE || type->kind == TYPE_TIME;
    if (is_time && coerced.kind == VALUE_INTEGER) {
        coerced.kind = kinds[type->kind];
    }
    if (type->kind == TYPE_DOUBLE && value->kind == VALUE_DECIMAL) {
        coerced = (struct value){.kind = VALUE_DOUBLE, .float64 = decimal_to_double(&value->decimal)};
    }
    return coerced;
}
