#include "script_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "evaluate/bounds.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/scalar_text.h"
#include "value/type_text.h"

/* --- to Lua --------------------------------------------------------------------------------------------------------- */

static void put_head(char letter, size_t number, struct buffer *message)
{
    buffer_put_u8(message, (uint8_t)letter);
    buffer_put_u32(message, (uint32_t)number);
}

static void put_string(struct bytes text, struct buffer *message)
{
    put_head('S', text.size, message);
    buffer_put(message, text);
}

static void put_integer(int64_t integer, struct buffer *message)
{
    buffer_put_u8(message, 'I');
    buffer_put_u64(message, (uint64_t)integer);
}

static void put_real(double number, struct buffer *message)
{
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof(bits));
    buffer_put_u8(message, 'D');
    buffer_put_u64(message, bits);
}

static void put_decimal(const struct value *value, struct buffer *message)
{
    struct buffer text = {0};
    int64_t integer = 0;
    if (value->decimal.scale == 0 && decimal_to_integer(&value->decimal, &integer)) {
        put_integer(integer, message);
        return;
    }
    scalar_format(value, &text);
    put_string(buffer_bytes(&text), message);
    buffer_reset(&text);
}

static void put_duration(const struct duration *duration, struct buffer *message)
{
    put_head('M', 3, message);
    put_string(bytes_of_text("months"), message);
    put_integer(duration->months, message);
    put_string(bytes_of_text("days"), message);
    put_integer(duration->days, message);
    put_string(bytes_of_text("nanoseconds"), message);
    put_integer(duration->nanoseconds, message);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which has a bound */

static void put_fields(const struct type *type, const struct value *value, struct buffer *message)
{
    put_head('M', value->items.count, message);
    for (size_t i = 0; i < value->items.count; i++) {
        put_string(type->udt->fields[i], message);
        statement__script_value_put(&type->parameters[i], &value->items.at[i], message);
    }
}

static void put_items(const struct type *type, const struct value *value, struct buffer *message)
{
    bool is_tuple = type->kind == TYPE_TUPLE;
    put_head(type->kind == TYPE_SET ? 'E' : 'L', value->items.count, message);
    for (size_t i = 0; i < value->items.count; i++) {
        statement__script_value_put(&type->parameters[is_tuple ? i : 0], &value->items.at[i], message);
    }
}

void statement__script_value_put(const struct type *type, const struct value *value, struct buffer *message)
{
    struct buffer text = {0};
    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_EMPTY:
        buffer_put_u8(message, 'N');
        break;
    case VALUE_BOOLEAN:
        buffer_put_u8(message, value->boolean ? 'T' : 'F');
        break;
    case VALUE_INTEGER:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
        put_integer(value->integer, message);
        break;
    case VALUE_FLOAT:
        put_real((double)value->float32, message);
        break;
    case VALUE_DOUBLE:
        put_real(value->float64, message);
        break;
    case VALUE_DECIMAL:
        put_decimal(value, message);
        break;
    case VALUE_TEXT:
    case VALUE_BYTES:
        put_string(value->bytes, message);
        break;
    case VALUE_UUID:
    case VALUE_TIMEUUID:
    case VALUE_INET:
        scalar_format(value, &text);
        put_string(buffer_bytes(&text), message);
        buffer_reset(&text);
        break;
    case VALUE_DURATION:
        put_duration(&value->duration, message);
        break;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_VECTOR:
        put_items(type, value, message);
        break;
    case VALUE_UDT:
        put_fields(type, value, message);
        break;
    case VALUE_MAP:
        put_head('M', value->pairs.count, message);
        for (size_t i = 0; i < 2 * value->pairs.count; i++) {
            statement__script_value_put(&type->parameters[i % 2], &value->pairs.at[i], message);
        }
        break;
    }
}

/* --- what a worker said --------------------------------------------------------------------------------------------- */

/* As it is, without a type: strings are VALUE_BYTES, tables VALUE_MAP in any order. STATUS_INVALID: it is malformed. */
static enum status read_any(struct reader *answer, unsigned depth, struct arena *arena,
                            struct value *ret_value)
{
    uint8_t letter = reader_u8(answer);
    uint64_t bits = 0;
    size_t count = 0;
    enum status status = STATUS_OK;
    switch (letter) {
    case 'N':
        *ret_value = value_of_null();
        break;
    case 'T':
    case 'F':
        *ret_value = value_of_boolean(letter == 'T');
        break;
    case 'I':
        *ret_value = value_of_integer((int64_t)reader_u64(answer));
        break;
    case 'D':
        bits = reader_u64(answer);
        *ret_value = (struct value){.kind = VALUE_DOUBLE};
        memcpy(&ret_value->float64, &bits, sizeof(bits));
        break;
    case 'S':
        *ret_value = value_of_bytes(reader_bytes(answer, reader_u32(answer)));
        break;
    case 'M':
        count = reader_u32(answer);
        if (depth == EVALUATE_DEPTH_MAX || count > answer->rest.size / 2) {
            return STATUS_INVALID;
        }
        *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {.count = count}};
        ret_value->pairs.at = arena_create_array(arena, 2 * count, sizeof(struct value));
        for (size_t i = 0; i < 2 * count && status == STATUS_OK; i++) {
            status = read_any(answer, depth + 1, arena, &ret_value->pairs.at[i]);
        }
        break;
    default:
        status = STATUS_INVALID;
        break;
    }
    return answer->failed ? STATUS_INVALID : status;
}

/* --- from Lua ------------------------------------------------------------------------------------------------------- */

struct script_reading {
    struct arena *arena;
    struct error *error;
};

static enum status refuse(const struct script_reading *reading, const struct type *type,
                          const struct value *from)
{
    static const char *const names[] = {
        [VALUE_NULL] = "nil",       [VALUE_BOOLEAN] = "a boolean", [VALUE_INTEGER] = "an integer",
        [VALUE_DOUBLE] = "a float", [VALUE_BYTES] = "a string",    [VALUE_MAP] = "a table",
    };
    struct buffer text = {0};
    type_format(type, &text);
    (void)error_set(reading->error, STATUS_INVALID, "%s is no value of type %.*s", names[from->kind],
                    (int)(text.size < 200 ? text.size : 200), (const char *)text.data);
    buffer_reset(&text);
    return STATUS_INVALID;
}

/* A number without a fraction; false: it is none, or too large. */
static bool whole(const struct value *from, int64_t *ret_integer)
{
    bool is_whole = from->kind == VALUE_INTEGER;
    *ret_integer = is_whole ? from->integer : 0;
    if (from->kind == VALUE_DOUBLE) {
        is_whole =
            from->float64 >= -0x1p63 && from->float64 < 0x1p63 && from->float64 == floor(from->float64);
        *ret_integer = is_whole ? (int64_t)from->float64 : 0;
    }
    return is_whole;
}

static enum status to_integer(const struct script_reading *reading, const struct type *type,
                              const struct value *from, struct value *ret_value)
{
    static const enum value_kind kinds[] = {
        [TYPE_TIMESTAMP] = VALUE_TIMESTAMP, [TYPE_DATE] = VALUE_DATE, [TYPE_TIME] = VALUE_TIME};
    bool is_time = type->kind >= TYPE_TIMESTAMP && type->kind <= TYPE_TIME;
    int64_t integer = 0;
    if (from->kind == VALUE_BYTES && is_time) {
        return scalar_parse(type, from->bytes, 0, reading->arena, ret_value, reading->error);
    }
    if (!whole(from, &integer)) {
        return refuse(reading, type, from);
    }
    *ret_value = value_of_integer(integer);
    ret_value->kind = is_time ? kinds[type->kind] : VALUE_INTEGER;
    return STATUS_OK;
}

/* The fewest digits that are this number. */
static void real_format(double number, char *text, size_t size)
{
    int digits = 15;
    do {
        (void)snprintf(text, size, "%.*g", digits, number);
    } while (strtod(text, NULL) != number && ++digits <= 17);
}

/* varint and decimal: a number, or digits. */
static enum status to_decimal(const struct script_reading *reading, const struct type *type,
                              const struct value *from, struct value *ret_value)
{
    char text[64] = "";
    struct decimal number;
    bool is_real = from->kind == VALUE_DOUBLE && isfinite(from->float64);
    if (from->kind == VALUE_BYTES) {
        return scalar_parse(type, from->bytes, 0, reading->arena, ret_value, reading->error);
    }
    if (from->kind == VALUE_INTEGER) {
        (void)snprintf(text, sizeof(text), "%" PRId64, from->integer);
    } else if (is_real && (type->kind == TYPE_DECIMAL || from->float64 == floor(from->float64))) {
        real_format(from->float64, text, sizeof(text));
    } else {
        return refuse(reading, type, from);
    }
    enum status status = decimal_parse(bytes_of_text(text), reading->arena, &number, reading->error);
    *ret_value = (struct value){.kind = VALUE_DECIMAL};
    if (status == STATUS_OK) {
        ret_value->decimal = type->kind == TYPE_VARINT ? decimal_truncate(&number, reading->arena) : number;
    }
    return status;
}

static enum status to_real(const struct script_reading *reading, const struct type *type,
                           const struct value *from, struct value *ret_value)
{
    bool is_number = from->kind == VALUE_INTEGER || from->kind == VALUE_DOUBLE;
    double number = from->kind == VALUE_INTEGER ? (double)from->integer : from->float64;
    if (!is_number) {
        return refuse(reading, type, from);
    }
    *ret_value = type->kind == TYPE_FLOAT ? (struct value){.kind = VALUE_FLOAT, .float32 = (float)number}
                                          : (struct value){.kind = VALUE_DOUBLE, .float64 = number};
    return STATUS_OK;
}

static const struct value *member(const struct value *table, const char *name)
{
    for (size_t i = 0; i < table->pairs.count; i++) {
        const struct value *key = &table->pairs.at[2 * i];
        if (key->kind == VALUE_BYTES && bytes_equal(key->bytes, bytes_of_text(name))) {
            return key + 1;
        }
    }
    return NULL;
}

static enum status to_duration(const struct script_reading *reading, const struct type *type,
                               const struct value *from, struct value *ret_value)
{
    static const char *const names[] = {"months", "days", "nanoseconds"};
    int64_t numbers[ARRAY_COUNT(names)] = {0};
    size_t found = 0;
    if (from->kind == VALUE_BYTES) {
        return scalar_parse(type, from->bytes, 0, reading->arena, ret_value, reading->error);
    }
    for (size_t i = 0; i < ARRAY_COUNT(names) && from->kind == VALUE_MAP; i++) {
        const struct value *number = member(from, names[i]);
        if (number != NULL && whole(number, &numbers[i])) {
            found++;
        }
    }
    bool fits = numbers[0] >= INT32_MIN && numbers[0] <= INT32_MAX && numbers[1] >= INT32_MIN &&
                numbers[1] <= INT32_MAX;
    if (from->kind != VALUE_MAP || found != from->pairs.count || !fits) {
        return refuse(reading, type, from);
    }
    *ret_value = (struct value){.kind = VALUE_DURATION,
                                .duration = {.months = (int32_t)numbers[0],
                                             .days = (int32_t)numbers[1],
                                             .nanoseconds = numbers[2]}};
    return STATUS_OK;
}

static enum status to_scalar(const struct script_reading *reading, const struct type *type,
                             const struct value *from, struct value *ret_value)
{
    switch ((int)type->kind) {
    case TYPE_BOOLEAN:
        *ret_value = *from;
        return from->kind == VALUE_BOOLEAN ? STATUS_OK : refuse(reading, type, from);
    case TYPE_TINYINT:
    case TYPE_SMALLINT:
    case TYPE_INT:
    case TYPE_BIGINT:
    case TYPE_COUNTER:
    case TYPE_TIMESTAMP:
    case TYPE_DATE:
    case TYPE_TIME:
        return to_integer(reading, type, from, ret_value);
    case TYPE_VARINT:
    case TYPE_DECIMAL:
        return to_decimal(reading, type, from, ret_value);
    case TYPE_FLOAT:
    case TYPE_DOUBLE:
        return to_real(reading, type, from, ret_value);
    case TYPE_DURATION:
        return to_duration(reading, type, from, ret_value);
    case TYPE_ASCII:
    case TYPE_TEXT:
    case TYPE_BLOB:
        *ret_value = type->kind == TYPE_BLOB ? value_of_bytes(from->bytes) : value_of_text(from->bytes);
        return from->kind == VALUE_BYTES ? STATUS_OK : refuse(reading, type, from);
    default: /* uuid, timeuuid, inet */
        return from->kind == VALUE_BYTES
                   ? scalar_parse(type, from->bytes, 0, reading->arena, ret_value, reading->error)
                   : refuse(reading, type, from);
    }
}

static enum status to_value(const struct script_reading *reading, const struct type *type,
                            const struct value *from, struct value *ret_value);

/* The values under the keys 1 to `count`; what is not there is null. */
static enum status to_items(const struct script_reading *reading, const struct type *type,
                            const struct value *from, size_t count, struct value *items)
{
    bool is_tuple = type->kind == TYPE_TUPLE;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from->pairs.count && status == STATUS_OK; i++) {
        int64_t key = 0;
        bool is_key = whole(&from->pairs.at[2 * i], &key) && key >= 1 && (uint64_t)key <= count;
        if (!is_key) {
            return refuse(reading, type, from);
        }
        status = to_value(reading, &type->parameters[is_tuple ? key - 1 : 0], &from->pairs.at[2 * i + 1],
                          &items[key - 1]);
    }
    return status;
}

static enum status to_list(const struct script_reading *reading, const struct type *type,
                           const struct value *from, struct value *ret_value)
{
    static const enum value_kind kinds[] = {[TYPE_LIST] = VALUE_LIST,
                                            [TYPE_SET] = VALUE_SET,
                                            [TYPE_TUPLE] = VALUE_TUPLE,
                                            [TYPE_VECTOR] = VALUE_VECTOR};
    size_t count = type->kind == TYPE_TUPLE ? type->count : from->pairs.count;
    struct value *items = arena_create_array(reading->arena, count, sizeof(*items));
    enum status status = to_items(reading, type, from, count, items);
    *ret_value = (struct value){.kind = kinds[type->kind], .items = {.at = items, .count = count}};
    return status;
}

/* {[a] = true, [b] = true}, or {a, b}. */
static enum status to_set(const struct script_reading *reading, const struct type *type,
                          const struct value *from, struct value *ret_value)
{
    enum status status = STATUS_OK;
    bool has_keys = true;
    for (size_t i = 0; i < from->pairs.count; i++) {
        const struct value *item = &from->pairs.at[2 * i + 1];
        has_keys = has_keys && item->kind == VALUE_BOOLEAN && item->boolean;
    }
    if (!has_keys) {
        status = to_list(reading, type, from, ret_value);
    } else {
        struct value *items = arena_create_array(reading->arena, from->pairs.count, sizeof(*items));
        for (size_t i = 0; i < from->pairs.count && status == STATUS_OK; i++) {
            status = to_value(reading, &type->parameters[0], &from->pairs.at[2 * i], &items[i]);
        }
        *ret_value = (struct value){.kind = VALUE_SET, .items = {.at = items, .count = from->pairs.count}};
    }
    if (status == STATUS_OK) {
        value_sort(ret_value, reading->arena);
    }
    return status;
}

static enum status to_map(const struct script_reading *reading, const struct type *type,
                          const struct value *from, struct value *ret_value)
{
    enum status status = STATUS_OK;
    size_t count = from->pairs.count;
    struct value *pairs = arena_create_array(reading->arena, 2 * count, sizeof(*pairs));
    for (size_t i = 0; i < 2 * count && status == STATUS_OK; i++) {
        status = to_value(reading, &type->parameters[i % 2], &from->pairs.at[i], &pairs[i]);
    }
    *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {.at = pairs, .count = count}};
    if (status == STATUS_OK) {
        value_sort(ret_value, reading->arena);
    }
    return status;
}

static enum status to_fields(const struct script_reading *reading, const struct type *type,
                             const struct value *from, struct value *ret_value)
{
    struct value *items = arena_create_array(reading->arena, type->count, sizeof(*items));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < from->pairs.count && status == STATUS_OK; i++) {
        const struct value *key = &from->pairs.at[2 * i];
        size_t field = 0;
        while (field < type->count &&
               !(key->kind == VALUE_BYTES && bytes_equal(type->udt->fields[field], key->bytes))) {
            field++;
        }
        status = field < type->count ? to_value(reading, &type->parameters[field], key + 1, &items[field])
                                     : refuse(reading, type, from);
    }
    *ret_value = (struct value){.kind = VALUE_UDT, .items = {.at = items, .count = type->count}};
    return status;
}

static enum status to_value(const struct script_reading *reading, const struct type *type,
                            const struct value *from, struct value *ret_value)
{
    if (from->kind == VALUE_NULL) {
        *ret_value = value_of_null();
        return STATUS_OK;
    }
    if (!type_has_parameters(type->kind)) {
        return to_scalar(reading, type, from, ret_value);
    }
    if (from->kind != VALUE_MAP) {
        return refuse(reading, type, from);
    }
    switch ((int)type->kind) {
    case TYPE_SET:
        return to_set(reading, type, from, ret_value);
    case TYPE_MAP:
        return to_map(reading, type, from, ret_value);
    case TYPE_UDT:
        return to_fields(reading, type, from, ret_value);
    default:
        return to_list(reading, type, from, ret_value);
    }
}

/* NOLINTEND(misc-no-recursion) */

enum status statement__script_value_read(struct reader *answer, const struct type *type, struct arena *arena,
                                         struct value *ret_value, struct error *error)
{
    struct script_reading reading = {.arena = arena, .error = error};
    struct value any;
    if (read_any(answer, 0, arena, &any) != STATUS_OK) {
        return error_set(error, STATUS_INVALID, "the worker's answer is malformed");
    }
    enum status status = to_value(&reading, type, &any, ret_value);
    return status == STATUS_OK && ret_value->kind != VALUE_NULL ? type_check(type, ret_value, error) : status;
}
