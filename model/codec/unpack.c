/* Decoding msgpack: msgpack-c's parser, as a template that is compiled around the functions below, which make values of what it
 * meets. So there is no tree of msgpack-c's in between, no room is made for items that a head only claims to have, and
 * what is canonical is known when the end is reached. */
#include <assert.h>
#include <msgpack/unpack_define.h>

#include <msgpack.h>

#include "codec/pack.h"
#include "codec_private.h"

struct unpacker {
    struct arena *arena;
    size_t room;       /* values that there may still be, in ext types too: each has a byte or more */
    size_t canonical;  /* bytes that what was met has in canonical form … */
    bool is_canonical; /* … unless something was seen that never is */
    bool is_unsorted;  /* the keys of some map are not in order, or one is there twice */
    bool has_nested;   /* an ext type holds values */
    unsigned nesting;  /* of ext types in each other */
    const char *problem;
};

enum {
    UNPACK_FAILED = -1,
    UNPACK_DONE = 1,
    UNPACK_DEPTH_MAX = VALUE_DEPTH_MAX + 4, /* an item, and a message's own containers around it */
};

static enum status unpack_value(struct unpacker *unpacker, struct bytes bytes, struct value *ret_value);

static int unpack_fail(struct unpacker *unpacker, const char *problem)
{
    unpacker->problem = problem;
    return UNPACK_FAILED;
}

/* --- scalars -------------------------------------------------------------------------------------------------------- */

static int unpack_unsigned(struct unpacker *unpacker, uint64_t number, struct value *ret_value)
{
    if (number > INT64_MAX) {
        return unpack_fail(unpacker, "an integer beyond 64 signed bits");
    }
    unpacker->canonical += number < 0x80          ? 1
                           : number <= UINT8_MAX  ? 2
                           : number <= UINT16_MAX ? 3
                           : number <= UINT32_MAX ? 5
                                                  : 9;
    *ret_value = value_of_integer((int64_t)number);
    return 0;
}

static int unpack_signed(struct unpacker *unpacker, int64_t number, struct value *ret_value)
{
    unpacker->is_canonical &= number < 0;
    unpacker->canonical += number >= -0x20       ? 1
                           : number >= INT8_MIN  ? 2
                           : number >= INT16_MIN ? 3
                           : number >= INT32_MIN ? 5
                                                 : 9;
    *ret_value = value_of_integer(number);
    return 0;
}

static int unpack_plain(struct unpacker *unpacker, size_t bytes, struct value value, struct value *ret_value)
{
    unpacker->canonical += bytes;
    *ret_value = value;
    return 0;
}

/* Bytes of a head with a length; `least` is the shortest that is not part of the first byte. */
static size_t unpack_head(size_t length, size_t fixed, size_t least)
{
    return length < fixed ? 1 : length <= UINT8_MAX && least == 2 ? 2 : length <= UINT16_MAX ? 3 : 5;
}

static int unpack_text(struct unpacker *unpacker, const char *data, size_t size, struct value *ret_value)
{
    struct bytes text = size == 0 ? (struct bytes){0} : bytes_of(data, size);
    unpacker->canonical += unpack_head(size, 32, 2) + size;
    *ret_value = value_of_text(text);
    return bytes_are_utf8(text) ? 0 : unpack_fail(unpacker, "text that is no UTF-8");
}

static int unpack_binary(struct unpacker *unpacker, const char *data, size_t size, struct value *ret_value)
{
    unpacker->canonical += unpack_head(size, 0, 2) + size;
    *ret_value = value_of_bytes(size == 0 ? (struct bytes){0} : bytes_of(data, size));
    return 0;
}

/* --- containers ------------------------------------------------------------------------------------------------- */

/* Room for as many values as a head claims, when there can be so many. */
static int unpack_room(struct unpacker *unpacker, size_t count, struct value **ret_at)
{
    if (count > unpacker->room) {
        return unpack_fail(unpacker, "cut short");
    }
    unpacker->room -= count;
    *ret_at = arena_create_array(unpacker->arena, count, sizeof(struct value));
    return 0;
}

static int unpack_array(struct unpacker *unpacker, unsigned count, struct value *ret_value)
{
    unpacker->canonical += unpack_head(count, 16, 3);
    *ret_value = (struct value){.kind = VALUE_LIST};
    return unpack_room(unpacker, count, &ret_value->items.at);
}

static int unpack_item(struct value *array, const struct value *item)
{
    array->items.at[array->items.count++] = *item;
    return 0;
}

static int unpack_map(struct unpacker *unpacker, unsigned count, struct value *ret_value)
{
    unpacker->canonical += unpack_head(count, 16, 3);
    *ret_value = (struct value){.kind = VALUE_MAP};
    return unpack_room(unpacker, 2 * (size_t)count, &ret_value->pairs.at);
}

/* Nearly all keys are texts. */
static bool keys_ascend(const struct value *before, const struct value *key)
{
    return before->kind == VALUE_TEXT && key->kind == VALUE_TEXT
               ? bytes_compare(before->bytes, key->bytes) < 0
               : value_compare(before, key) < 0;
}

static int unpack_pair(struct unpacker *unpacker, struct value *map, const struct value *key,
                       const struct value *value)
{
    struct value *pair = &map->pairs.at[2 * map->pairs.count];
    pair[0] = *key;
    pair[1] = *value;
    unpacker->is_unsorted = unpacker->is_unsorted || (map->pairs.count > 0 && !keys_ascend(pair - 2, pair));
    map->pairs.count++;
    return 0;
}

/* --- ext types -------------------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): ext types in each other, at most UNPACK_DEPTH_MAX */
static int unpack_ext_items(struct unpacker *unpacker, enum codec_ext ext, struct bytes body,
                            struct value *ret_value)
{
    size_t room = body.size < unpacker->room ? body.size : unpacker->room;
    struct unpacker inner = {.arena = unpacker->arena, .room = room, .nesting = unpacker->nesting + 1};
    struct value value = {0};
    unpacker->has_nested = true;
    if (inner.nesting > UNPACK_DEPTH_MAX) {
        return unpack_fail(unpacker, "nested too deep");
    }
    if (unpack_value(&inner, body, &value) != STATUS_OK) {
        return unpack_fail(unpacker, inner.problem);
    }
    unpacker->room -= room - inner.room;
    unpacker->is_canonical &= inner.is_canonical;
    if (value.kind != VALUE_LIST) {
        return unpack_fail(unpacker, "an ext type that should hold an array");
    }
    value.kind = ext == EXT_SET     ? VALUE_SET
                 : ext == EXT_TUPLE ? VALUE_TUPLE
                 : ext == EXT_UDT   ? VALUE_UDT
                                    : VALUE_VECTOR;
    for (size_t i = 1; ext == EXT_SET && i < value.items.count; i++) {
        if (value_compare(&value.items.at[i - 1], &value.items.at[i]) >= 0) {
            return unpack_fail(unpacker, "a set is not sorted, or has a member twice");
        }
    }
    *ret_value = value;
    return 0;
}

static struct value unpack_ext_number(enum codec_ext ext, struct bytes body)
{
    static const enum value_kind kinds[] = {
        [EXT_TIMESTAMP] = VALUE_TIMESTAMP, [EXT_DATE] = VALUE_DATE, [EXT_TIME] = VALUE_TIME};
    return (struct value){.kind = kinds[ext], .integer = (int64_t)bytes_get_u64(body.data)};
}

static struct value unpack_duration(struct bytes body)
{
    return (struct value){.kind = VALUE_DURATION,
                          .duration = {.months = (int32_t)bytes_get_u32(body.data),
                                       .days = (int32_t)bytes_get_u32(body.data + 4),
                                       .nanoseconds = (int64_t)bytes_get_u64(body.data + 8)}};
}

static int unpack_ext_body(struct unpacker *unpacker, int type, struct bytes body, struct value *ret_value)
{
    if (type >= EXT_SET && type <= EXT_VECTOR) {
        return unpack_ext_items(unpacker, (enum codec_ext)type, body, ret_value);
    }
    if (type == EXT_DECIMAL && body.size > 4) {
        *ret_value = (struct value){.kind = VALUE_DECIMAL,
                                    .decimal = {.scale = (int32_t)bytes_get_u32(body.data),
                                                .unscaled = bytes_from(body, 4)}};
    } else if ((type == EXT_UUID || type == EXT_TIMEUUID) && body.size == 16) {
        *ret_value = (struct value){.kind = type == EXT_UUID ? VALUE_UUID : VALUE_TIMEUUID, .bytes = body};
    } else if (type >= EXT_TIMESTAMP && type <= EXT_TIME && body.size == 8) {
        *ret_value = unpack_ext_number((enum codec_ext)type, body);
    } else if (type == EXT_DURATION && body.size == 16) {
        *ret_value = unpack_duration(body);
    } else if (type == EXT_INET && (body.size == 4 || body.size == 16)) {
        *ret_value = (struct value){.kind = VALUE_INET, .bytes = body};
    } else if (type == EXT_EMPTY && body.size == 0) {
        *ret_value = (struct value){.kind = VALUE_EMPTY};
    } else {
        return unpack_fail(unpacker, "an unknown ext type, or one of a wrong length");
    }
    return 0;
}

/* `data` has the type, then the body. The parser gives no byte for a length of 2³² - 1, which it adds one to. */
static int unpack_ext(struct unpacker *unpacker, const char *data, size_t size, struct value *ret_value)
{
    if (size == 0) {
        return unpack_fail(unpacker, "an ext type that is too long");
    }
    size_t body = size - 1;
    bool is_fixed = body == 1 || body == 2 || body == 4 || body == 8 || body == 16;
    unpacker->canonical += (is_fixed ? 1 : unpack_head(body, 0, 2)) + size;
    return unpack_ext_body(unpacker, (int8_t)data[0], bytes_of(data + 1, body), ret_value);
}

/* --- the parser ------------------------------------------------------------------------------------------------- */

/* NOLINTBEGIN(readability-identifier-naming): the template's names */
#define msgpack_unpack_struct(name) struct parser##name
#define msgpack_unpack_func(type, name) static inline type parser##name
#define msgpack_unpack_callback(name) parser_on##name
#define msgpack_unpack_object struct value
#define msgpack_unpack_user struct unpacker
/* NOLINTEND(readability-identifier-naming) */
#undef MSGPACK_EMBED_STACK_SIZE
#define MSGPACK_EMBED_STACK_SIZE UNPACK_DEPTH_MAX

#define parser_on_root(u) value_of_null()
#define parser_on_nil(u, o) unpack_plain(u, 1, value_of_null(), o)
#define parser_on_true(u, o) unpack_plain(u, 1, value_of_boolean(true), o)
#define parser_on_false(u, o) unpack_plain(u, 1, value_of_boolean(false), o)
#define parser_on_uint8(u, n, o) unpack_unsigned(u, n, o)
#define parser_on_uint16(u, n, o) unpack_unsigned(u, n, o)
#define parser_on_uint32(u, n, o) unpack_unsigned(u, n, o)
#define parser_on_uint64(u, n, o) unpack_unsigned(u, n, o)
#define parser_on_int8(u, n, o) unpack_signed(u, n, o)
#define parser_on_int16(u, n, o) unpack_signed(u, n, o)
#define parser_on_int32(u, n, o) unpack_signed(u, n, o)
#define parser_on_int64(u, n, o) unpack_signed(u, n, o)
#define parser_on_float(u, f, o) unpack_plain(u, 5, (struct value){.kind = VALUE_FLOAT, .float32 = (f)}, o)
#define parser_on_double(u, f, o) unpack_plain(u, 9, (struct value){.kind = VALUE_DOUBLE, .float64 = (f)}, o)
#define parser_on_str(u, base, data, size, o) unpack_text(u, data, size, o)
#define parser_on_bin(u, base, data, size, o) unpack_binary(u, data, size, o)
#define parser_on_ext(u, base, data, size, o) unpack_ext(u, data, size, o)
#define parser_on_array(u, count, o) unpack_array(u, count, o)
#define parser_on_array_item(u, array, item) unpack_item(array, &(item))
#define parser_on_map(u, count, o) unpack_map(u, count, o)
#define parser_on_map_item(u, map, key, value) unpack_pair(u, map, &(key), &(value))

#include <msgpack/unpack_template.h>

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* Sorts all maps, those inside first. False: a key is there twice. */
static bool unpack_sort(struct value *value)
{
    size_t count = 0;
    struct value *at = value_children(value, &count);
    for (size_t i = 0; i < count; i++) {
        if (!unpack_sort(&at[i])) {
            return false;
        }
    }
    return value->kind != VALUE_MAP || value_map_sort(value);
}

/* Why the parser stopped. */
static const char *unpack_problem(const struct unpacker *unpacker, int result)
{
    return unpacker->problem != NULL              ? unpacker->problem
           : result == 0                          ? "cut short"
           : result == MSGPACK_UNPACK_NOMEM_ERROR ? "nested too deep"
                                                  : "not decodable";
}

/* Exactly one value; unpacker->is_canonical tells about it. STATUS_INVALID: unpacker->problem. */
static enum status unpack_value(struct unpacker *unpacker, struct bytes bytes, struct value *ret_value)
{
    struct parser_context context;
    size_t offset = 0;
    unpacker->is_canonical = true;
    context.user = *unpacker;
    parser_init(&context);
    int result = parser_execute(&context, (const char *)bytes.data, bytes.size, &offset);
    *unpacker = context.user;
    struct value value = parser_data(&context);
    if (result != UNPACK_DONE) {
        unpacker->problem = unpack_problem(unpacker, result);
    } else if (offset != bytes.size) {
        unpacker->problem = "something follows the value";
    } else if (unpacker->has_nested && !value_is_within(&value, UNPACK_DEPTH_MAX)) {
        unpacker->problem = "nested too deep";
    } else if (unpacker->is_unsorted && !unpack_sort(&value)) {
        unpacker->problem = "a map has a key twice";
    }
    unpacker->is_canonical &= !unpacker->is_unsorted && unpacker->canonical == bytes.size;
    *ret_value = value;
    return unpacker->problem == NULL ? STATUS_OK : STATUS_INVALID;
}

/* NOLINTEND(misc-no-recursion) */

enum status codec_message_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                                 struct error *error)
{
    struct unpacker unpacker = {.arena = arena, .room = bytes.size};
    if (bytes.size > CODEC_VALUE_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "%zu bytes of msgpack; %d are allowed", bytes.size,
                         CODEC_VALUE_BYTES_MAX);
    }
    enum status status = unpack_value(&unpacker, bytes, ret_value);
    return status == STATUS_OK ? status : error_set(error, status, "malformed msgpack: %s", unpacker.problem);
}

enum status codec_value_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                               struct error *error)
{
    struct unpacker unpacker = {.arena = arena, .room = bytes.size};
    struct value value;
    if (bytes.size > CODEC_VALUE_BYTES_MAX || unpack_value(&unpacker, bytes, &value) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a stored value is malformed");
    }
    if (!unpacker.is_canonical) {
        return error_set(error, STATUS_CORRUPT, "a stored value is not in canonical form");
    }
    *ret_value = value;
    return STATUS_OK;
}
