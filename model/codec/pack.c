#include "codec/pack.h"
#include "codec/view.h"

#include <msgpack.h>

enum codec_ext {
    EXT_DECIMAL = 1,
    EXT_UUID = 2,
    EXT_TIMEUUID = 3,
    EXT_TIMESTAMP = 4,
    EXT_DATE = 5,
    EXT_TIME = 6,
    EXT_DURATION = 7,
    EXT_INET = 8,
    EXT_SET = 9,
    EXT_TUPLE = 10,
    EXT_UDT = 11,
    EXT_VECTOR = 12,
    EXT_EMPTY = 13,
};

static int pack_write(void *context, const char *data, size_t size)
{
    buffer_put(context, bytes_of(data, size));
    return 0;
}

static msgpack_packer packer_of(struct buffer *buffer)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, pack_write);
    return packer;
}

/* The buffer takes everything, so packing cannot fail. */
static void packed(int result)
{
    CHECK(result == 0);
}

void codec_put_map(struct buffer *buffer, uint32_t pairs)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_map(&packer, pairs));
}

void codec_put_array(struct buffer *buffer, uint32_t items)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_array(&packer, items));
}

void codec_put_null(struct buffer *buffer)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_nil(&packer));
}

void codec_put_boolean(struct buffer *buffer, bool boolean)
{
    msgpack_packer packer = packer_of(buffer);
    packed(boolean ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void codec_put_integer(struct buffer *buffer, int64_t number)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_int64(&packer, number));
}

void codec_put_unsigned(struct buffer *buffer, uint64_t number)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_uint64(&packer, number));
}

void codec_put_text(struct buffer *buffer, struct bytes text)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_str(&packer, text.size));
    buffer_put(buffer, text);
}

void codec_put_bytes(struct buffer *buffer, struct bytes bytes)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_bin(&packer, bytes.size));
    buffer_put(buffer, bytes);
}

static void put_ext(struct buffer *buffer, enum codec_ext ext, struct bytes body)
{
    msgpack_packer packer = packer_of(buffer);
    packed(msgpack_pack_ext(&packer, body.size, (int8_t)ext));
    buffer_put(buffer, body);
}

static void put_ext_number(struct buffer *buffer, enum codec_ext ext, int64_t number)
{
    uint8_t body[8];
    bytes_put_u64(body, (uint64_t)number);
    put_ext(buffer, ext, bytes_of(body, sizeof(body)));
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the value, which its maker bounds by VALUE_DEPTH_MAX */
static void put_items(struct buffer *buffer, const struct value_items *items)
{
    codec_put_array(buffer, (uint32_t)items->count);
    for (size_t i = 0; i < items->count; i++) {
        codec_value_encode(buffer, &items->at[i]);
    }
}

static void put_ext_items(struct buffer *buffer, enum codec_ext ext, const struct value_items *items)
{
    struct buffer body = {0};
    put_items(&body, items);
    put_ext(buffer, ext, buffer_bytes(&body));
    buffer_reset(&body);
}

static void put_decimal(struct buffer *buffer, const struct decimal *decimal)
{
    struct buffer body = {0};
    buffer_put_u32(&body, (uint32_t)decimal->scale);
    buffer_put(&body, decimal->unscaled);
    put_ext(buffer, EXT_DECIMAL, buffer_bytes(&body));
    buffer_reset(&body);
}

static void put_duration(struct buffer *buffer, const struct duration *duration)
{
    uint8_t body[16];
    bytes_put_u32(body, (uint32_t)duration->months);
    bytes_put_u32(body + 4, (uint32_t)duration->days);
    bytes_put_u64(body + 8, (uint64_t)duration->nanoseconds);
    put_ext(buffer, EXT_DURATION, bytes_of(body, sizeof(body)));
}

static void put_map(struct buffer *buffer, const struct value_pairs *pairs)
{
    codec_put_map(buffer, (uint32_t)pairs->count);
    for (size_t i = 0; i < 2 * pairs->count; i++) {
        codec_value_encode(buffer, &pairs->at[i]);
    }
}

static void put_float(struct buffer *buffer, const struct value *value)
{
    msgpack_packer packer = packer_of(buffer);
    packed(value->kind == VALUE_FLOAT ? msgpack_pack_float(&packer, value->float32)
                                      : msgpack_pack_double(&packer, value->float64));
}

/* NOLINTNEXTLINE(readability-function-size): one case a kind */
void codec_value_encode(struct buffer *buffer, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        codec_put_null(buffer);
        break;
    case VALUE_EMPTY:
        put_ext(buffer, EXT_EMPTY, (struct bytes){0});
        break;
    case VALUE_BOOLEAN:
        codec_put_boolean(buffer, value->boolean);
        break;
    case VALUE_INTEGER:
        codec_put_integer(buffer, value->integer);
        break;
    case VALUE_DECIMAL:
        put_decimal(buffer, &value->decimal);
        break;
    case VALUE_FLOAT:
    case VALUE_DOUBLE:
        put_float(buffer, value);
        break;
    case VALUE_TEXT:
        codec_put_text(buffer, value->bytes);
        break;
    case VALUE_BYTES:
        codec_put_bytes(buffer, value->bytes);
        break;
    case VALUE_UUID:
        put_ext(buffer, EXT_UUID, value->bytes);
        break;
    case VALUE_TIMEUUID:
        put_ext(buffer, EXT_TIMEUUID, value->bytes);
        break;
    case VALUE_TIMESTAMP:
        put_ext_number(buffer, EXT_TIMESTAMP, value->integer);
        break;
    case VALUE_DATE:
        put_ext_number(buffer, EXT_DATE, value->integer);
        break;
    case VALUE_TIME:
        put_ext_number(buffer, EXT_TIME, value->integer);
        break;
    case VALUE_DURATION:
        put_duration(buffer, &value->duration);
        break;
    case VALUE_INET:
        put_ext(buffer, EXT_INET, value->bytes);
        break;
    case VALUE_LIST:
        put_items(buffer, &value->items);
        break;
    case VALUE_SET:
        put_ext_items(buffer, EXT_SET, &value->items);
        break;
    case VALUE_MAP:
        put_map(buffer, &value->pairs);
        break;
    case VALUE_TUPLE:
        put_ext_items(buffer, EXT_TUPLE, &value->items);
        break;
    case VALUE_UDT:
        put_ext_items(buffer, EXT_UDT, &value->items);
        break;
    case VALUE_VECTOR:
        put_ext_items(buffer, EXT_VECTOR, &value->items);
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */

/* Decoding goes through msgpack-c's object tree, which is then copied into the arena as values. */
struct unpacker {
    struct arena *arena;
    struct error *error;
    unsigned depth;
};

static enum status unpack_invalid(struct unpacker *unpacker, const char *what)
{
    return error_set(unpacker->error, STATUS_INVALID, "malformed msgpack: %s", what);
}

static enum status unpack_object(struct unpacker *unpacker, const msgpack_object *object,
                                 struct value *ret_value);
static enum status unpack_bytes(struct unpacker *unpacker, struct bytes bytes, struct value *ret_value);

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX + 4 deep, ext types included; unpack_object counts */
static enum status unpack_array(struct unpacker *unpacker, const msgpack_object_array *array,
                                enum value_kind kind, struct value *ret_value)
{
    struct value_items items = {.count = array->size};
    items.at = arena_create_array(unpacker->arena, items.count, sizeof(*items.at));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < array->size && status == STATUS_OK; i++) {
        status = unpack_object(unpacker, &array->ptr[i], &items.at[i]);
    }
    *ret_value = (struct value){.kind = kind, .items = items};
    return status;
}

static enum status unpack_map(struct unpacker *unpacker, const msgpack_object_map *map,
                              struct value *ret_value)
{
    struct value value = {.kind = VALUE_MAP, .pairs = {.count = map->size}};
    value.pairs.at = arena_create_array(unpacker->arena, 2 * value.pairs.count, sizeof(struct value));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < map->size && status == STATUS_OK; i++) {
        status = unpack_object(unpacker, &map->ptr[i].key, &value.pairs.at[2 * i]);
        if (status == STATUS_OK) {
            status = unpack_object(unpacker, &map->ptr[i].val, &value.pairs.at[2 * i + 1]);
        }
    }
    if (status == STATUS_OK && !value_map_sort(&value)) {
        status = unpack_invalid(unpacker, "a map has a key twice");
    }
    *ret_value = value;
    return status;
}

static enum status unpack_ext_items(struct unpacker *unpacker, enum codec_ext ext, struct bytes body,
                                    struct value *ret_value)
{
    struct value value;
    enum status status = unpack_bytes(unpacker, body, &value);
    if (status != STATUS_OK) {
        return status;
    }
    if (value.kind != VALUE_LIST) {
        return unpack_invalid(unpacker, "an ext type that should hold an array");
    }
    value.kind = ext == EXT_SET     ? VALUE_SET
                 : ext == EXT_TUPLE ? VALUE_TUPLE
                 : ext == EXT_UDT   ? VALUE_UDT
                                    : VALUE_VECTOR;
    for (size_t i = 1; ext == EXT_SET && i < value.items.count; i++) {
        if (value_compare(&value.items.at[i - 1], &value.items.at[i]) >= 0) {
            return unpack_invalid(unpacker, "a set is not sorted, or has a member twice");
        }
    }
    *ret_value = value;
    return STATUS_OK;
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

static enum status unpack_ext(struct unpacker *unpacker, int8_t type, struct bytes body,
                              struct value *ret_value)
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
        return unpack_invalid(unpacker, "an unknown ext type, or one of a wrong length");
    }
    return STATUS_OK;
}

static enum status unpack_integer(struct unpacker *unpacker, const msgpack_object *object,
                                  struct value *ret_value)
{
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER && object->via.u64 > INT64_MAX) {
        return unpack_invalid(unpacker, "an integer beyond 64 signed bits");
    }
    *ret_value = value_of_integer(object->via.i64);
    return STATUS_OK;
}

static enum status unpack_text(struct unpacker *unpacker, struct bytes text, struct value *ret_value)
{
    *ret_value = value_of_text(text);
    return bytes_are_utf8(text) ? STATUS_OK : unpack_invalid(unpacker, "text that is no UTF-8");
}

static enum status unpack_object(struct unpacker *unpacker, const msgpack_object *object,
                                 struct value *ret_value)
{
    if (unpacker->depth == VALUE_DEPTH_MAX + 4) {
        return unpack_invalid(unpacker, "nested too deep");
    }
    unpacker->depth++;
    enum status status = STATUS_OK;
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        *ret_value = value_of_null();
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        *ret_value = value_of_boolean(object->via.boolean);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        status = unpack_integer(unpacker, object, ret_value);
        break;
    case MSGPACK_OBJECT_FLOAT32:
        *ret_value = (struct value){.kind = VALUE_FLOAT, .float32 = (float)object->via.f64};
        break;
    case MSGPACK_OBJECT_FLOAT64:
        *ret_value = (struct value){.kind = VALUE_DOUBLE, .float64 = object->via.f64};
        break;
    case MSGPACK_OBJECT_STR:
        status = unpack_text(unpacker, bytes_of(object->via.str.ptr, object->via.str.size), ret_value);
        break;
    case MSGPACK_OBJECT_BIN:
        *ret_value = value_of_bytes(bytes_of(object->via.bin.ptr, object->via.bin.size));
        break;
    case MSGPACK_OBJECT_ARRAY:
        status = unpack_array(unpacker, &object->via.array, VALUE_LIST, ret_value);
        break;
    case MSGPACK_OBJECT_MAP:
        status = unpack_map(unpacker, &object->via.map, ret_value);
        break;
    case MSGPACK_OBJECT_EXT:
        status = unpack_ext(unpacker, object->via.ext.type,
                            bytes_of(object->via.ext.ptr, object->via.ext.size), ret_value);
        break;
    }
    unpacker->depth--;
    return status;
}

/* msgpack-c's own stack ends at 32 containers, one less than an item's map and 32 levels in it: the outer ones of what lies
 * deeper are opened here. */
static enum status unpack_deep(struct unpacker *unpacker, struct bytes bytes, struct value *ret_value)
{
    struct reader reader;
    struct bytes part;
    size_t count = 0;
    bool is_map = codec_view_map(bytes, &reader, &count);
    if ((!is_map && !codec_view_array(bytes, &reader, &count)) || unpacker->depth >= VALUE_DEPTH_MAX + 4) {
        return unpack_invalid(unpacker, "nested too deep");
    }
    size_t parts = is_map ? 2 * count : count;
    struct value *at = arena_create_array(unpacker->arena, parts, sizeof(*at));
    enum status status = STATUS_OK;
    unpacker->depth++;
    for (size_t i = 0; i < parts && status == STATUS_OK; i++) {
        status = codec_view_next(&reader, &part) ? unpack_bytes(unpacker, part, &at[i])
                                                 : unpack_invalid(unpacker, "cut short");
    }
    unpacker->depth--;
    *ret_value = is_map ? (struct value){.kind = VALUE_MAP, .pairs = {.at = at, .count = count}}
                        : (struct value){.kind = VALUE_LIST, .items = {.at = at, .count = count}};
    return status == STATUS_OK && is_map && !value_map_sort(ret_value)
               ? unpack_invalid(unpacker, "a map has a key twice")
               : status;
}

static enum status unpack_bytes(struct unpacker *unpacker, struct bytes bytes, struct value *ret_value)
{
    msgpack_unpacked unpacked;
    size_t offset = 0;
    struct reader reader = reader_of(bytes);
    if (!codec_view_next(&reader, NULL)) { /* msgpack-c makes room for as many items as a head claims to have */
        return unpack_invalid(unpacker, "cut short or not decodable");
    }
    msgpack_unpacked_init(&unpacked);
    msgpack_unpack_return result =
        msgpack_unpack_next(&unpacked, (const char *)bytes.data, bytes.size, &offset);
    enum status status = STATUS_OK;
    if (result == MSGPACK_UNPACK_NOMEM_ERROR) {
        status = unpack_deep(unpacker, bytes, ret_value);
    } else if (result != MSGPACK_UNPACK_SUCCESS) {
        status = unpack_invalid(unpacker, "not decodable");
    } else if (offset != bytes.size) {
        status = unpack_invalid(unpacker, "something follows the value");
    } else {
        status = unpack_object(unpacker, &unpacked.data, ret_value);
    }
    msgpack_unpacked_destroy(&unpacked);
    return status;
}

/* NOLINTEND(misc-no-recursion) */

enum status codec_message_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                                 struct error *error)
{
    struct unpacker unpacker = {.arena = arena, .error = error};
    if (bytes.size > CODEC_VALUE_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "%zu bytes of msgpack; %d are allowed", bytes.size,
                         CODEC_VALUE_BYTES_MAX);
    }
    return unpack_bytes(&unpacker, bytes, ret_value);
}

enum status codec_value_decode(struct bytes bytes, struct arena *arena, struct value *ret_value,
                               struct error *error)
{
    struct value value;
    enum status status = codec_message_decode(bytes, arena, &value, error);
    if (status != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a stored value is malformed");
    }
    struct buffer again = {0};
    codec_value_encode(&again, &value);
    if (!bytes_equal(buffer_bytes(&again), bytes)) {
        status = error_set(error, STATUS_CORRUPT, "a stored value is not in canonical form");
    }
    buffer_reset(&again);
    if (status == STATUS_OK) {
        *ret_value = value;
    }
    return status;
}

const struct value *codec_field(const struct value *message, int64_t key)
{
    if (message->kind != VALUE_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < message->pairs.count; i++) {
        const struct value *found = &message->pairs.at[2 * i];
        if (found->kind == VALUE_INTEGER && found->integer == key) {
            return found[1].kind == VALUE_NULL ? NULL : found + 1;
        }
    }
    return NULL;
}

static enum status field_wrong(int64_t key, const char *expected, struct error *error)
{
    return error_set(error, STATUS_INVALID, "field %lld of the message must be %s", (long long)key, expected);
}

enum status codec_field_unsigned(const struct value *message, int64_t key, uint64_t fallback,
                                 uint64_t *ret_number, struct error *error)
{
    const struct value *found = codec_field(message, key);
    if (found != NULL && (found->kind != VALUE_INTEGER || found->integer < 0)) {
        return field_wrong(key, "a number from 0 on", error);
    }
    *ret_number = found == NULL ? fallback : (uint64_t)found->integer;
    return STATUS_OK;
}

enum status codec_field_text(const struct value *message, int64_t key, struct bytes *ret_text,
                             struct error *error)
{
    const struct value *found = codec_field(message, key);
    if (found != NULL && found->kind != VALUE_TEXT) {
        return field_wrong(key, "text", error);
    }
    *ret_text = found == NULL ? (struct bytes){0} : found->bytes;
    return STATUS_OK;
}

enum status codec_field_boolean(const struct value *message, int64_t key, bool fallback, bool *ret_boolean,
                                struct error *error)
{
    const struct value *found = codec_field(message, key);
    if (found != NULL && found->kind != VALUE_BOOLEAN) {
        return field_wrong(key, "true or false", error);
    }
    *ret_boolean = found == NULL ? fallback : found->boolean;
    return STATUS_OK;
}
