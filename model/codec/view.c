#include "codec/view.h"

enum view_tag { /* first bytes of msgpack values */
    TAG_MAP_FIX = 0x80,
    TAG_ARRAY_FIX = 0x90,
    TAG_TEXT_FIX = 0xA0,
    TAG_NIL = 0xC0,
    TAG_FALSE = 0xC2,
    TAG_TRUE = 0xC3,
    TAG_BIN_8 = 0xC4,
    TAG_EXT_8 = 0xC7,
    TAG_FLOAT_32 = 0xCA,
    TAG_FLOAT_64 = 0xCB,
    TAG_UINT_8 = 0xCC,
    TAG_INT_8 = 0xD0,
    TAG_EXT_FIX_1 = 0xD4,
    TAG_TEXT_8 = 0xD9,
    TAG_ARRAY_16 = 0xDC,
    TAG_ARRAY_32 = 0xDD,
    TAG_MAP_16 = 0xDE,
    TAG_MAP_32 = 0xDF,
    TAG_NEGATIVE_FIX = 0xE0,
};

/* A number of 1, 2, 4 or 8 bytes (`power` 0 to 3). */
static uint64_t view_number(struct reader *reader, unsigned power)
{
    switch (power) {
    case 0:
        return reader_u8(reader);
    case 1:
        return reader_u16(reader);
    case 2:
        return reader_u32(reader);
    default:
        return reader_u64(reader);
    }
}

/* What follows a tag: bytes to step over, and values inside. */
/* NOLINTNEXTLINE(readability-function-cognitive-complexity): one branch a range of tags */
static void view_extent(struct reader *reader, uint8_t tag, uint64_t *ret_bytes, uint64_t *ret_values)
{
    *ret_bytes = 0;
    *ret_values = 0;
    if (tag < TAG_MAP_FIX || tag >= TAG_NEGATIVE_FIX || tag == TAG_NIL || tag == TAG_FALSE ||
        tag == TAG_TRUE) {
        return;
    }
    if (tag < TAG_ARRAY_FIX) {
        *ret_values = 2 * (uint64_t)(tag & 0x0F);
    } else if (tag < TAG_TEXT_FIX) {
        *ret_values = tag & 0x0F;
    } else if (tag < TAG_NIL) {
        *ret_bytes = tag & 0x1F;
    } else if (tag >= TAG_BIN_8 && tag < TAG_EXT_8) {
        *ret_bytes = view_number(reader, tag - TAG_BIN_8);
    } else if (tag >= TAG_EXT_8 && tag < TAG_FLOAT_32) {
        *ret_bytes = view_number(reader, tag - TAG_EXT_8) + 1;
    } else if (tag == TAG_FLOAT_32 || tag == TAG_FLOAT_64) {
        *ret_bytes = tag == TAG_FLOAT_32 ? 4 : 8;
    } else if (tag >= TAG_UINT_8 && tag < TAG_EXT_FIX_1) {
        *ret_bytes = 1ULL << ((tag - TAG_UINT_8) & 3);
    } else if (tag >= TAG_EXT_FIX_1 && tag < TAG_TEXT_8) {
        *ret_bytes = 1 + (1ULL << (tag - TAG_EXT_FIX_1));
    } else if (tag >= TAG_TEXT_8 && tag < TAG_ARRAY_16) {
        *ret_bytes = view_number(reader, tag - TAG_TEXT_8);
    } else if (tag == TAG_ARRAY_16 || tag == TAG_ARRAY_32) {
        *ret_values = view_number(reader, tag == TAG_ARRAY_16 ? 1 : 2);
    } else if (tag == TAG_MAP_16 || tag == TAG_MAP_32) {
        *ret_values = 2 * view_number(reader, tag == TAG_MAP_16 ? 1 : 2);
    } else {
        reader->failed = true;
    }
}

bool codec_view_next(struct reader *reader, struct bytes *ret_value)
{
    struct bytes start = reader->rest;
    uint64_t left = 1;
    while (left > 0 && !reader->failed) {
        uint64_t bytes = 0;
        uint64_t values = 0;
        view_extent(reader, reader_u8(reader), &bytes, &values);
        if (bytes > reader->rest.size || values > reader->rest.size) {
            reader->failed = true;
            break;
        }
        (void)reader_bytes(reader, bytes);
        left += values - 1;
    }
    if (ret_value != NULL && !reader->failed) {
        *ret_value = bytes_part(start, 0, start.size - reader->rest.size);
    }
    return !reader->failed;
}

static bool view_open(struct bytes value, bool wants_map, struct reader *ret_reader, size_t *ret_count)
{
    struct reader reader = reader_of(value);
    uint8_t tag = reader_u8(&reader);
    uint64_t bytes = 0;
    uint64_t values = 0;
    bool is_map = (tag >= TAG_MAP_FIX && tag < TAG_ARRAY_FIX) || tag == TAG_MAP_16 || tag == TAG_MAP_32;
    bool is_array =
        (tag >= TAG_ARRAY_FIX && tag < TAG_TEXT_FIX) || tag == TAG_ARRAY_16 || tag == TAG_ARRAY_32;
    if (!(wants_map ? is_map : is_array)) {
        return false;
    }
    view_extent(&reader, tag, &bytes, &values);
    *ret_reader = reader;
    *ret_count = (size_t)(wants_map ? values / 2 : values);
    return !reader.failed;
}

bool codec_view_map(struct bytes value, struct reader *ret_reader, size_t *ret_pairs)
{
    return view_open(value, true, ret_reader, ret_pairs);
}

bool codec_view_array(struct bytes value, struct reader *ret_reader, size_t *ret_items)
{
    return view_open(value, false, ret_reader, ret_items);
}

static bool view_find(struct bytes map, const struct value *key, struct bytes *ret_value)
{
    struct reader reader;
    size_t pairs = 0;
    if (!codec_view_map(map, &reader, &pairs)) {
        return false;
    }
    for (size_t i = 0; i < pairs; i++) {
        struct bytes name;
        struct bytes value;
        struct value found;
        if (!codec_view_next(&reader, &name) || !codec_view_next(&reader, &value)) {
            return false;
        }
        if (codec_view_scalar(name, &found) && value_equal(&found, key)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

bool codec_view_member(struct bytes map, struct bytes name, struct bytes *ret_value)
{
    struct value key = value_of_text(name);
    return view_find(map, &key, ret_value);
}

bool codec_view_field(struct bytes map, int64_t key, struct bytes *ret_value)
{
    struct value number = value_of_integer(key);
    return view_find(map, &number, ret_value);
}

static bool view_integer(struct reader *reader, uint8_t tag, struct value *ret_value)
{
    unsigned power = (tag - TAG_UINT_8) & 3;
    uint64_t number = view_number(reader, power);
    if (tag >= TAG_INT_8) { /* sign-extend */
        unsigned shift = 64 - (8U << power);
        number = (uint64_t)((int64_t)(number << shift) >> shift);
    } else if (number > INT64_MAX) {
        return false;
    }
    *ret_value = value_of_integer((int64_t)number);
    return true;
}

bool codec_view_scalar(struct bytes value, struct value *ret_value)
{
    struct reader reader = reader_of(value);
    uint8_t tag = reader_u8(&reader);
    bool is_text = (tag >= TAG_TEXT_FIX && tag < TAG_NIL) || (tag >= TAG_TEXT_8 && tag < TAG_ARRAY_16);
    bool is_known = true;
    if (tag < TAG_MAP_FIX || tag >= TAG_NEGATIVE_FIX) {
        *ret_value = value_of_integer((int8_t)tag);
    } else if (tag == TAG_NIL) {
        *ret_value = value_of_null();
    } else if (tag == TAG_FALSE || tag == TAG_TRUE) {
        *ret_value = value_of_boolean(tag == TAG_TRUE);
    } else if (is_text || (tag >= TAG_BIN_8 && tag < TAG_EXT_8)) {
        uint64_t bytes = 0;
        uint64_t values = 0;
        view_extent(&reader, tag, &bytes, &values);
        struct bytes content = reader_bytes(&reader, (size_t)bytes);
        *ret_value = is_text ? value_of_text(content) : value_of_bytes(content);
    } else if (tag >= TAG_UINT_8 && tag < TAG_EXT_FIX_1) {
        is_known = view_integer(&reader, tag, ret_value);
    } else if (tag == TAG_FLOAT_64) {
        uint64_t bits = reader_u64(&reader);
        ret_value->kind = VALUE_DOUBLE;
        memcpy(&ret_value->float64, &bits, sizeof(bits));
    } else {
        is_known = false;
    }
    return is_known && reader_ended(&reader);
}
