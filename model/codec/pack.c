#include "codec/pack.h"

#include <msgpack.h>

#include "codec_private.h"

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
