#include "json.h"

#include "codec/json.h"
#include "syntax/syntax.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/scalar_text.h"

/* --- writing ---------------------------------------------------------------------------------------------------- */

static bool is_quoted(enum value_kind kind)
{
    return kind == VALUE_TEXT || kind == VALUE_BYTES || kind == VALUE_UUID || kind == VALUE_TIMEUUID ||
           kind == VALUE_TIMESTAMP || kind == VALUE_DATE || kind == VALUE_TIME || kind == VALUE_DURATION ||
           kind == VALUE_INET || kind == VALUE_EMPTY;
}

static void format_scalar(const struct value *value, struct buffer *buffer)
{
    struct buffer text = {0};
    scalar_format(value, &text);
    if (value->kind == VALUE_TIMESTAMP) { /* JSON has a space where CAST has a T */
        const uint8_t *mark = bytes_find_byte(buffer_bytes(&text), 'T');
        if (mark != NULL) {
            text.data[mark - text.data] = ' ';
        }
    }
    bool is_word = text.size > 0 && (text.data[0] == 'N' || text.data[0] == 'I' ||
                                     bytes_start_with(buffer_bytes(&text), bytes_of_text("-I")));
    bool is_real = value->kind == VALUE_FLOAT || value->kind == VALUE_DOUBLE;
    if (is_quoted(value->kind)) {
        codec_json_put_text(buffer, buffer_bytes(&text));
    } else if (is_real && is_word) { /* JSON has neither NaN nor Infinity */
        buffer_put_text(buffer, "null");
    } else {
        buffer_put(buffer, buffer_bytes(&text));
    }
    buffer_reset(&text);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds */

static void format_sequence(const struct type *type, const struct value *value, struct buffer *buffer)
{
    bool is_tuple = type->kind == TYPE_TUPLE;
    size_t count = is_tuple ? type->count : value->items.count;
    struct value null = value_of_null();
    buffer_put_u8(buffer, '[');
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        statement__json_format(&type->parameters[is_tuple ? i : 0],
                               i < value->items.count ? &value->items.at[i] : &null, buffer);
    }
    buffer_put_u8(buffer, ']');
}

static void format_key(const struct type *type, const struct value *key, struct buffer *buffer)
{
    struct buffer text = {0};
    statement__json_format(type, key, &text);
    if (text.size > 0 && text.data[0] == '"') {
        buffer_put(buffer, buffer_bytes(&text));
    } else {
        codec_json_put_text(buffer, buffer_bytes(&text));
    }
    buffer_reset(&text);
}

static void format_map(const struct type *type, const struct value *value, struct buffer *buffer)
{
    buffer_put_u8(buffer, '{');
    for (size_t i = 0; i < value->pairs.count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        format_key(&type->parameters[0], &value->pairs.at[2 * i], buffer);
        buffer_put_text(buffer, ": ");
        statement__json_format(&type->parameters[1], &value->pairs.at[2 * i + 1], buffer);
    }
    buffer_put_u8(buffer, '}');
}

static void format_udt(const struct type *type, const struct value *value, struct buffer *buffer)
{
    struct value null = value_of_null();
    buffer_put_u8(buffer, '{');
    for (size_t i = 0; i < type->count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        statement__json_name(type->udt->fields[i], buffer);
        buffer_put_text(buffer, ": ");
        statement__json_format(&type->parameters[i], i < value->items.count ? &value->items.at[i] : &null,
                               buffer);
    }
    buffer_put_u8(buffer, '}');
}

void statement__json_format(const struct type *type, const struct value *value, struct buffer *buffer)
{
    if (value->kind == VALUE_NULL || !type_has_parameters(type->kind)) {
        format_scalar(value, buffer);
    } else if (type->kind == TYPE_MAP) {
        format_map(type, value, buffer);
    } else if (type->kind == TYPE_UDT) {
        format_udt(type, value, buffer);
    } else {
        format_sequence(type, value, buffer);
    }
}

/* NOLINTEND(misc-no-recursion) */

void statement__json_name(struct bytes name, struct buffer *buffer)
{
    struct buffer text = {0};
    bool has_capitals = false;
    for (size_t i = 0; i < name.size; i++) {
        has_capitals = has_capitals || (name.data[i] >= 'A' && name.data[i] <= 'Z');
    }
    buffer_put_text(&text, has_capitals ? "\"" : "");
    buffer_put(&text, name);
    buffer_put_text(&text, has_capitals ? "\"" : "");
    codec_json_put_text(buffer, buffer_bytes(&text));
    buffer_reset(&text);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static const char *json_kind(const struct value *json)
{
    switch ((int)json->kind) {
    case VALUE_BOOLEAN:
        return "Boolean";
    case VALUE_DECIMAL:
        return json->decimal.scale > 0 ? "Double" : "Integer";
    case VALUE_TEXT:
        return "String";
    case VALUE_LIST:
        return "ArrayList";
    default:
        return "LinkedHashMap";
    }
}

static const char *json_text(const struct value *json, const struct cql_moment *moment)
{
    enum {
        SHOWN = 100,
    };
    struct buffer text = {0};
    codec_json_encode(&text, json);
    bool is_string = json->kind == VALUE_TEXT;
    struct bytes shown = is_string ? json->bytes : buffer_bytes(&text);
    size_t size = shown.size < SHOWN ? shown.size : SHOWN;
    while (size < shown.size && size > 0 && (shown.data[size] & 0xC0) == 0x80) {
        size--;
    }
    const char *copy = arena_copy_text(moment->arena, bytes_part(shown, 0, size));
    buffer_reset(&text);
    return copy;
}

static enum status refuse(const char *expected, const struct value *json, const struct cql_moment *moment)
{
    return error_set(moment->error, STATUS_INVALID, "Expected %s, but got a %s: %s", expected,
                     json_kind(json), json_text(json, moment));
}

static bool is_whole(enum type_kind kind)
{
    return kind >= TYPE_TINYINT && kind <= TYPE_VARINT;
}

static enum status number_value(const struct type *type, const struct value *json,
                                const struct cql_moment *moment, struct value *ret_value)
{
    struct buffer text = {0};
    bool is_timestamp = type->kind == TYPE_TIMESTAMP;
    if (json->decimal.scale > 0 && (is_whole(type->kind) || is_timestamp)) {
        return refuse(is_timestamp ? "a long or a datestring representation of a timestamp value"
                                   : "a whole number",
                      json, moment);
    }
    decimal_format(&json->decimal, &text);
    struct bytes copy = arena_copy(moment->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return scalar_parse(type, copy, moment->now_us / 1000, moment->arena, ret_value, moment->error);
}

/* Numbers take JSON's numbers, everything takes the text that CQL's literals have. */
static enum status scalar_value(const struct type *type, const struct value *json,
                                const struct cql_moment *moment, struct value *ret_value)
{
    bool takes_number = (type->kind >= TYPE_TINYINT && type->kind <= TYPE_DECIMAL) ||
                        type->kind == TYPE_FLOAT || type->kind == TYPE_DOUBLE || type->kind == TYPE_TIMESTAMP;
    bool is_string = type->kind == TYPE_ASCII || type->kind == TYPE_TEXT;
    if (json->kind == VALUE_BOOLEAN && type->kind == TYPE_BOOLEAN) {
        *ret_value = *json;
        return STATUS_OK;
    }
    if (json->kind == VALUE_DECIMAL && takes_number) {
        return number_value(type, json, moment, ret_value);
    }
    if (json->kind != VALUE_TEXT) {
        const char *expected =
            arena_format(moment->arena, "a %s%s value", takes_number ? "" : "string representation of a ",
                         type_name(type->kind));
        return refuse(is_string ? "a UTF-8 string" : expected, json, moment);
    }
    if (type->kind == TYPE_BLOB && !bytes_start_with(json->bytes, bytes_of_text("0x"))) {
        return error_set(
            moment->error, STATUS_INVALID,
            "Value '%s' is not a valid blob representation: String representation of blob is missing "
            "0x prefix: %s",
            json_text(json, moment), json_text(json, moment));
    }
    return scalar_parse(type, json->bytes, moment->now_us / 1000, moment->arena, ret_value, moment->error);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the type, which type_validate bounds */

/* A collection may be there as the text of its JSON: keys of maps are. */
static enum status inner_json(const struct value *json, const struct cql_moment *moment,
                              struct value *ret_json)
{
    *ret_json = *json;
    return json->kind != VALUE_TEXT
               ? STATUS_OK
               : codec_json_decode_last(json->bytes, moment->arena, ret_json, moment->error);
}

static enum status refuse_tuple(const struct type *type, const struct value *json,
                                const struct cql_moment *moment)
{
    return error_set(moment->error, STATUS_INVALID, "Tuple %s items (expected %zu): %s",
                     json->items.count > type->count ? "contains extra" : "is missing", type->count,
                     json_text(json, moment));
}

static enum status sequence_value(const struct type *type, const struct value *json,
                                  const struct cql_moment *moment, struct value *ret_value)
{
    bool is_tuple = type->kind == TYPE_TUPLE;
    if (json->kind != VALUE_LIST) {
        return refuse(is_tuple ? "a list representation of a tuple" : "a list", json, moment);
    }
    if (is_tuple && json->items.count != type->count) {
        return refuse_tuple(type, json, moment);
    }
    if (type->kind == TYPE_VECTOR && json->items.count != type->dimension) {
        return error_set(moment->error, STATUS_INVALID,
                         "Vector contains wrong number of items (expected %zu, got %zu)",
                         (size_t)type->dimension, json->items.count);
    }
    struct value *items = arena_create_array(moment->arena, json->items.count, sizeof(*items));
    for (size_t i = 0; i < json->items.count; i++) {
        if (json->items.at[i].kind == VALUE_NULL && !is_tuple) {
            return error_set(moment->error, STATUS_INVALID, "Invalid null element in %s",
                             type_name(type->kind));
        }
        enum status status =
            statement__json_value(&type->parameters[is_tuple ? i : 0], &json->items.at[i], moment, &items[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    static const enum value_kind kinds[] = {[TYPE_LIST] = VALUE_LIST,
                                            [TYPE_SET] = VALUE_SET,
                                            [TYPE_TUPLE] = VALUE_TUPLE,
                                            [TYPE_VECTOR] = VALUE_VECTOR};
    *ret_value = (struct value){.kind = kinds[type->kind], .items = {items, json->items.count}};
    if (type->kind == TYPE_SET) {
        value_sort(ret_value, moment->arena);
    }
    return STATUS_OK;
}

static enum status map_value(const struct type *type, const struct value *json,
                             const struct cql_moment *moment, struct value *ret_value)
{
    if (json->kind != VALUE_MAP) {
        return refuse("a map", json, moment);
    }
    size_t count = json->pairs.count;
    struct value *pairs = arena_create_array(moment->arena, 2 * count, sizeof(*pairs));
    for (size_t i = 0; i < 2 * count; i++) {
        if (json->pairs.at[i].kind == VALUE_NULL) {
            return error_set(moment->error, STATUS_INVALID, "Invalid null value in map");
        }
        enum status status =
            statement__json_value(&type->parameters[i % 2], &json->pairs.at[i], moment, &pairs[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_value = (struct value){.kind = VALUE_MAP, .pairs = {pairs, count}};
    value_sort(ret_value, moment->arena);
    return STATUS_OK;
}

/* A member's name as a column's or field's: small letters unless it has quotes. */
static struct bytes member_name(struct bytes text, struct arena *arena)
{
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"') {
        return bytes_part(text, 1, text.size - 2);
    }
    uint8_t *small = arena_create(arena, text.size);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        small[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return bytes_of(small, text.size);
}

static enum status udt_value(const struct type *type, const struct value *json,
                             const struct cql_moment *moment, struct value *ret_value)
{
    if (json->kind != VALUE_MAP) {
        return refuse("a map", json, moment);
    }
    struct value *items =
        arena_create_array(moment->arena, type->count, sizeof(*items)); /* zeros are nulls */
    for (size_t i = 0; i < json->pairs.count; i++) {
        struct bytes name = member_name(json->pairs.at[2 * i].bytes, moment->arena);
        size_t field = 0;
        while (field < type->count && !bytes_equal(type->udt->fields[field], name)) {
            field++;
        }
        if (field == type->count) {
            return error_set(moment->error, STATUS_INVALID,
                             "Unknown field '%.*s' in value of user defined type %.*s", (int)name.size,
                             (const char *)name.data, (int)type->udt->name.size,
                             (const char *)type->udt->name.data);
        }
        enum status status = statement__json_value(&type->parameters[field], &json->pairs.at[2 * i + 1],
                                                   moment, &items[field]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_value = (struct value){.kind = VALUE_UDT, .items = {items, type->count}};
    return STATUS_OK;
}

enum status statement__json_value(const struct type *type, const struct value *json,
                                  const struct cql_moment *moment, struct value *ret_value)
{
    struct value inner;
    if (json->kind == VALUE_NULL) {
        *ret_value = value_of_null();
        return STATUS_OK;
    }
    if (!type_has_parameters(type->kind)) {
        return scalar_value(type, json, moment, ret_value);
    }
    enum status status = inner_json(json, moment, &inner);
    if (status != STATUS_OK) {
        return status;
    }
    switch ((int)type->kind) {
    case TYPE_MAP:
        return map_value(type, &inner, moment, ret_value);
    case TYPE_UDT:
        return udt_value(type, &inner, moment, ret_value);
    default:
        return sequence_value(type, &inner, moment, ret_value);
    }
}

/* NOLINTEND(misc-no-recursion) */

enum status statement__json_parse(const struct type *type, struct bytes text, const struct cql_moment *moment,
                                  struct value *ret_value)
{
    struct value json;
    struct error why = {0};
    if (codec_json_decode_last(text, moment->arena, &json, &why) != STATUS_OK) {
        return error_set(moment->error, STATUS_INVALID, "Could not decode JSON string '%.*s': %s",
                         (int)(text.size < 100 ? text.size : 100), (const char *)text.data, why.text);
    }
    return statement__json_value(type, &json, moment, ret_value);
}

enum status statement__json_row(struct bytes text, const struct cql_moment *moment,
                                struct cql_json_row *ret_row)
{
    struct value json;
    struct error why = {0};
    if (codec_json_decode_last(text, moment->arena, &json, &why) != STATUS_OK) {
        return error_set(moment->error, STATUS_INVALID,
                         "Could not decode JSON string as a map: %s. (String was: %.*s)", why.text,
                         (int)(text.size < 100 ? text.size : 100), (const char *)text.data);
    }
    if (json.kind == VALUE_NULL) {
        return error_set(moment->error, STATUS_INVALID, "Got null for INSERT JSON values");
    }
    if (json.kind != VALUE_MAP) {
        return error_set(moment->error, STATUS_INVALID,
                         "Could not decode JSON string as a map: it is a %s. (String was: %.*s)",
                         json_kind(&json), (int)(text.size < 100 ? text.size : 100), (const char *)text.data);
    }
    size_t count = json.pairs.count;
    struct bytes *names = arena_create_array(moment->arena, count, sizeof(*names));
    struct value *values = arena_create_array(moment->arena, count, sizeof(*values));
    for (size_t i = 0; i < count; i++) {
        names[i] = member_name(json.pairs.at[2 * i].bytes, moment->arena);
        values[i] = json.pairs.at[2 * i + 1];
    }
    *ret_row = (struct cql_json_row){.names = {names, count}, .values = values};
    return STATUS_OK;
}
