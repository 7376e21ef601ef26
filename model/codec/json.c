/* yajl parses (its number callback gives the digits as they stand, so none is lost); writing is here. */
#include "codec/json.h"

#include <math.h>
#include <stdlib.h>

#include <yajl/yajl_parse.h>

#include "base/base64.h"
#include "base/memory.h"
#include "value/decimal.h"

/* A container being filled: its values (of a map, key, value …) are those from `first` on. */
struct level {
    bool is_map;
    size_t first;
};

/* Of common texts, so that they need no memory of the heap. */
enum {
    LEVELS_SPACE = 16,
    VALUES_SPACE = 48,
};

struct json_reader {
    struct arena *arena;
    struct error error;
    bool is_plain;
    bool keeps_last; /* of an object's names that are equal */
    struct level *levels;
    size_t levels_capacity;
    size_t depth;
    size_t depth_max;
    struct value *values; /* of all levels, one after the other */
    size_t values_count;
    size_t values_capacity;
    struct level levels_space[LEVELS_SPACE];
    struct value values_space[VALUES_SPACE];
    bool has_root;
    struct value root;
};

enum {
    JSON_CONTINUE = 1,
    JSON_STOP = 0,
};

static int json_fail(struct json_reader *reader, const char *what)
{
    (void)error_set(&reader->error, STATUS_INVALID, "%s", what);
    return JSON_STOP;
}

/* More room for what is at `items`, which is `space` as long as that suffices. */
static void *json_grow(void *items, void *space, size_t item_bytes, size_t *capacity)
{
    void *grown = memory_resize(items == space ? NULL : items, 2 * *capacity * item_bytes);
    if (items == space) {
        memcpy(grown, space, *capacity * item_bytes);
    }
    *capacity *= 2;
    return grown;
}

static int json_add(struct json_reader *reader, struct value value)
{
    if (reader->depth == 0) {
        reader->root = value;
        reader->has_root = true;
        return JSON_CONTINUE;
    }
    if (reader->values_count == reader->values_capacity) {
        reader->values = json_grow(reader->values, reader->values_space, sizeof(*reader->values),
                                   &reader->values_capacity);
    }
    reader->values[reader->values_count++] = value;
    return JSON_CONTINUE;
}

static int json_null(void *context)
{
    return json_add(context, value_of_null());
}

static int json_boolean(void *context, int boolean)
{
    return json_add(context, value_of_boolean(boolean != 0));
}

static int json_number(void *context, const char *text, size_t size)
{
    struct json_reader *reader = context;
    struct value value = {.kind = VALUE_DECIMAL};
    struct decimal decimal;
    if (decimal_parse(bytes_of(text, size), reader->arena, &decimal, &reader->error) != STATUS_OK) {
        return JSON_STOP;
    }
    value.decimal = decimal;
    if (!reader->is_plain &&
        decimal_normalise(&decimal, reader->arena, &value.decimal, &reader->error) != STATUS_OK) {
        return JSON_STOP;
    }
    return json_add(reader, value);
}

static int json_text(void *context, const unsigned char *text, size_t size)
{
    struct json_reader *reader = context;
    if (!bytes_are_utf8(bytes_of(text, size))) { /* yajl lets overlong forms and surrogates pass */
        return json_fail(reader, "a text is not UTF-8");
    }
    return json_add(reader, value_of_text(arena_copy(reader->arena, bytes_of(text, size))));
}

static int json_open(struct json_reader *reader, bool is_map)
{
    if (reader->depth == reader->depth_max) {
        (void)error_set(&reader->error, reader->is_plain ? STATUS_TOO_LARGE : STATUS_INVALID,
                        "nested deeper than %zu levels", reader->depth_max);
        return JSON_STOP;
    }
    if (reader->depth == reader->levels_capacity) {
        reader->levels = json_grow(reader->levels, reader->levels_space, sizeof(*reader->levels),
                                   &reader->levels_capacity);
    }
    reader->levels[reader->depth++] = (struct level){.is_map = is_map, .first = reader->values_count};
    return JSON_CONTINUE;
}

static int json_open_map(void *context)
{
    return json_open(context, true);
}

static int json_open_list(void *context)
{
    return json_open(context, false);
}

/* {"$bytes": "…"} stands for bytes. */
static bool json_is_bytes(const struct value *map)
{
    const struct value *text = value_map_get(map, bytes_of_text("$bytes"));
    return map->pairs.count == 1 && text != NULL && text->kind == VALUE_TEXT;
}

/* A pair and its place, for the order of equal names. */
struct placed {
    const struct value *pair;
    size_t place;
};

static int compare_placed(const void *a, const void *b)
{
    const struct placed *left = a;
    const struct placed *right = b;
    int compared = value_compare(left->pair, right->pair);
    return compared != 0 ? compared : (left->place > right->place) - (left->place < right->place);
}

/* Of pairs with one name the last is left. */
static void keep_last(struct value *map, struct arena *arena)
{
    size_t count = map->pairs.count;
    size_t kept = 0;
    struct placed *placed = arena_create_array(arena, count, sizeof(*placed));
    struct value *pairs = arena_create_array(arena, 2 * count, sizeof(*pairs));
    for (size_t i = 0; i < count; i++) {
        placed[i] = (struct placed){.pair = &map->pairs.at[2 * i], .place = i};
    }
    qsort(placed, count, sizeof(*placed), compare_placed);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || value_compare(placed[i].pair, placed[i + 1].pair) != 0) {
            pairs[2 * kept] = placed[i].pair[0];
            pairs[2 * kept + 1] = placed[i].pair[1];
            kept++;
        }
    }
    map->pairs.at = pairs;
    map->pairs.count = kept;
}

static int json_close(void *context)
{
    struct json_reader *reader = context;
    struct level level = reader->levels[--reader->depth];
    size_t count = reader->values_count - level.first;
    struct value *items = arena_create_array(reader->arena, count, sizeof(*items));
    memcpy(items, reader->values + level.first, count * sizeof(*items));
    reader->values_count = level.first;
    struct value value = {.kind = VALUE_LIST, .items = {.at = items, .count = count}};
    if (level.is_map) {
        value = (struct value){.kind = VALUE_MAP, .pairs = {.at = items, .count = count / 2}};
        if (reader->keeps_last && value.pairs.count > 1) {
            keep_last(&value, reader->arena);
        }
        if (!value_map_sort(&value)) {
            return json_fail(reader, "an object has a name twice");
        }
        if (!reader->is_plain && json_is_bytes(&value)) {
            struct bytes text = value.pairs.at[1].bytes;
            struct bytes bytes;
            if (!base64_decode(text, reader->arena, &bytes)) {
                return json_fail(reader, "the text of $bytes is not base64");
            }
            value = value_of_bytes(bytes);
        }
    }
    return json_add(reader, value);
}

static enum status json_finish(struct json_reader *reader, yajl_handle handle, yajl_status parsed,
                               struct bytes text, struct error *error)
{
    if (parsed == yajl_status_ok && reader->has_root) {
        return STATUS_OK;
    }
    if (parsed == yajl_status_ok) {
        return error_set(error, STATUS_INVALID, "not JSON: the text is empty or cut short");
    }
    size_t at = yajl_get_bytes_consumed(handle);
    if (reader->error.status != STATUS_OK) {
        return error_set(error, reader->error.status, "not usable JSON at byte %zu: %.300s", at,
                         reader->error.text);
    }
    unsigned char *reason = yajl_get_error(handle, 0, text.data, text.size);
    size_t length = strcspn((const char *)reason, "\n");
    (void)error_set(error, STATUS_INVALID, "not JSON at byte %zu: %.*s", at, (int)length,
                    (const char *)reason);
    yajl_free_error(handle, reason);
    return STATUS_INVALID;
}

/* yajl uses what it is given without looking whether it is NULL; ours never is. */
static void *json_memory_create(void *context, size_t size)
{
    (void)context;
    return memory_resize(NULL, size);
}

static void *json_memory_resize(void *context, void *memory, size_t size)
{
    (void)context;
    return memory_resize(memory, size);
}

static void json_memory_destroy(void *context, void *memory)
{
    (void)context;
    memory_destroy(memory);
}

/* The spaces stay as they are: they would cost more than many a text. */
static void json_reader_init(struct json_reader *reader, struct arena *arena, size_t depth_max)
{
    reader->arena = arena;
    reader->error.status = STATUS_OK;
    reader->is_plain = false;
    reader->keeps_last = false;
    reader->levels = reader->levels_space;
    reader->levels_capacity = LEVELS_SPACE;
    reader->depth = 0;
    reader->depth_max = depth_max;
    reader->values = reader->values_space;
    reader->values_count = 0;
    reader->values_capacity = VALUES_SPACE;
    reader->has_root = false;
}

/* Ends `reader`. */
static enum status json_decode(struct bytes text, struct json_reader *reader, struct value *ret_value,
                               struct error *error)
{
    static const yajl_callbacks callbacks = {
        .yajl_null = json_null,
        .yajl_boolean = json_boolean,
        .yajl_number = json_number,
        .yajl_string = json_text,
        .yajl_start_map = json_open_map,
        .yajl_map_key = json_text,
        .yajl_end_map = json_close,
        .yajl_start_array = json_open_list,
        .yajl_end_array = json_close,
    };
    if (text.size > CODEC_JSON_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a JSON text of %zu bytes; %d are allowed", text.size,
                         CODEC_JSON_BYTES_MAX);
    }
    yajl_alloc_funcs memory = {.malloc = json_memory_create,
                               .realloc = json_memory_resize,
                               .free = json_memory_destroy};
    yajl_handle handle = yajl_alloc(&callbacks, &memory, reader);
    CHECK(handle != NULL);
    yajl_status parsed = yajl_parse(handle, text.data, text.size);
    if (parsed == yajl_status_ok) {
        parsed = yajl_complete_parse(handle);
    }
    enum status status = json_finish(reader, handle, parsed, text, error);
    if (status == STATUS_OK) {
        *ret_value = reader->root;
    }
    if (reader->levels != reader->levels_space) {
        memory_destroy(reader->levels);
    }
    if (reader->values != reader->values_space) {
        memory_destroy(reader->values);
    }
    yajl_free(handle);
    return status;
}

enum status codec_json_decode(struct bytes text, struct arena *arena, struct value *ret_value,
                              struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, arena, VALUE_DEPTH_MAX);
    return json_decode(text, &reader, ret_value, error);
}

enum status codec_json_decode_plain(struct bytes text, struct arena *arena, struct value *ret_value,
                                    struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, arena, CODEC_JSON_DEPTH_MAX);
    reader.is_plain = true;
    return json_decode(text, &reader, ret_value, error);
}

enum status codec_json_decode_last(struct bytes text, struct arena *arena, struct value *ret_value,
                                   struct error *error)
{
    struct json_reader reader;
    json_reader_init(&reader, arena, CODEC_JSON_DEPTH_MAX);
    reader.is_plain = true;
    reader.keeps_last = true;
    return json_decode(text, &reader, ret_value, error);
}

static void json_put_escaped(struct buffer *buffer, uint8_t c)
{
    if (c == '"' || c == '\\') {
        buffer_put_u8(buffer, '\\');
        buffer_put_u8(buffer, c);
    } else if (c == '\n') {
        buffer_put_text(buffer, "\\n");
    } else if (c >= 0x80) {
        buffer_put_text(buffer, "\\ufffd");
    } else {
        buffer_put_format(buffer, "\\u%04x", c);
    }
}

/* Where the eight bytes begin, from `at` on in steps of eight, in which one may have to be escaped; the last few bytes are not
 * looked at. */
static size_t json_plain(struct bytes text, size_t at)
{
    const uint64_t each = 0x0101010101010101;
    for (uint64_t eight = 0; at + sizeof(eight) <= text.size; at += sizeof(eight)) {
        memcpy(&eight, text.data + at, sizeof(eight));
        /* a byte that is 0 after the exclusive or, or less than the subtrahend, borrows: its top bit is set */
        uint64_t odd = eight | (eight - each * 0x20) | ((eight ^ each * '"') - each) |
                       ((eight ^ each * '\\') - each) | ((eight ^ each * 0x7F) - each);
        if ((odd & (each << 7)) != 0) {
            break;
        }
    }
    return at;
}

void codec_json_put_text(struct buffer *buffer, struct bytes text)
{
    bool is_looked_at = false; /* for what is not ASCII */
    bool is_sound = true;
    size_t from = 0;
    size_t i = 0;
    buffer_put_u8(buffer, '"');
    while ((i = json_plain(text, i)) < text.size) {
        size_t end = text.size - i < sizeof(uint64_t) ? text.size : i + sizeof(uint64_t);
        for (; i < end; i++) {
            uint8_t c = text.data[i];
            if (c >= 0x80 && !is_looked_at) {
                is_sound = bytes_are_utf8(text);
                is_looked_at = true;
            }
            if (c == '"' || c == '\\' || c < 0x20 || c == 0x7F || (c >= 0x80 && !is_sound)) {
                buffer_put(buffer, bytes_part(text, from, i - from));
                json_put_escaped(buffer, c);
                from = i + 1;
            }
        }
    }
    buffer_put(buffer, bytes_from(text, from));
    buffer_put_u8(buffer, '"');
}

static void json_put_base64(struct buffer *buffer, struct bytes bytes)
{
    buffer_put_text(buffer, "{\"$bytes\":\"");
    base64_encode(bytes, buffer);
    buffer_put_text(buffer, "\"}");
}

static void json_put_double(struct buffer *buffer, double number, int digits)
{
    if (isfinite(number)) {
        buffer_put_format(buffer, "%.*g", digits, number);
    } else {
        buffer_put_text(buffer, isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    }
}

static void json_put_hex(struct buffer *buffer, struct bytes bytes, bool is_uuid)
{
    buffer_put_u8(buffer, '"');
    for (size_t i = 0; i < bytes.size; i++) {
        bool has_dash = is_uuid && (i == 4 || i == 6 || i == 8 || i == 10);
        buffer_put_format(buffer, has_dash ? "-%02x" : "%02x", bytes.data[i]);
    }
    buffer_put_u8(buffer, '"');
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the value, which its decoder bounded */
static void json_put_list(struct buffer *buffer, const struct value_items *items)
{
    buffer_put_u8(buffer, '[');
    for (size_t i = 0; i < items->count; i++) {
        if (i > 0) {
            buffer_put_u8(buffer, ',');
        }
        codec_json_encode(buffer, &items->at[i]);
    }
    buffer_put_u8(buffer, ']');
}

static void json_put_map(struct buffer *buffer, const struct value_pairs *pairs)
{
    buffer_put_u8(buffer, '{');
    for (size_t i = 0; i < pairs->count; i++) {
        const struct value *key = &pairs->at[2 * i];
        if (i > 0) {
            buffer_put_u8(buffer, ',');
        }
        if (key->kind == VALUE_TEXT) {
            codec_json_put_text(buffer, key->bytes);
        } else {
            struct buffer name = {0};
            codec_json_encode(&name, key);
            codec_json_put_text(buffer, buffer_bytes(&name));
            buffer_reset(&name);
        }
        buffer_put_u8(buffer, ':');
        codec_json_encode(buffer, key + 1);
    }
    buffer_put_u8(buffer, '}');
}

void codec_json_encode(struct buffer *buffer, const struct value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        buffer_put_text(buffer, "null");
        break;
    case VALUE_EMPTY:
        buffer_put_text(buffer, "\"\"");
        break;
    case VALUE_BOOLEAN:
        buffer_put_text(buffer, value->boolean ? "true" : "false");
        break;
    case VALUE_INTEGER:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
        buffer_put_format(buffer, "%lld", (long long)value->integer);
        break;
    case VALUE_DECIMAL:
        decimal_format(&value->decimal, buffer);
        break;
    case VALUE_FLOAT:
        json_put_double(buffer, (double)value->float32, 9);
        break;
    case VALUE_DOUBLE:
        json_put_double(buffer, value->float64, 17);
        break;
    case VALUE_TEXT:
        codec_json_put_text(buffer, value->bytes);
        break;
    case VALUE_BYTES:
        json_put_base64(buffer, value->bytes);
        break;
    case VALUE_UUID:
    case VALUE_TIMEUUID:
        json_put_hex(buffer, value->bytes, true);
        break;
    case VALUE_INET:
        json_put_hex(buffer, value->bytes, false);
        break;
    case VALUE_DURATION:
        buffer_put_format(buffer, "\"P%dM%dDT%lldN\"", value->duration.months, value->duration.days,
                          (long long)value->duration.nanoseconds);
        break;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_UDT:
    case VALUE_VECTOR:
        json_put_list(buffer, &value->items);
        break;
    case VALUE_MAP:
        json_put_map(buffer, &value->pairs);
        break;
    }
}
/* NOLINTEND(misc-no-recursion) */
