/* The text of a type, a line feed, and bytes that claim to be a value of it: what is taken is of the type, comes back from
 * its own bytes, and is itself in the order. The same bytes are a stored type, too. */
#include "base/check.h"
#include "support/fuzz.h"
#include "value/collation.h"
#include "value/order.h"
#include "value/serial.h"
#include "value/type_stored.h"
#include "value/type_text.h"

static void fuzz_value(const struct type *type, struct bytes bytes, struct arena *arena)
{
    struct value value;
    struct value again;
    struct buffer serial = {0};
    struct buffer key = {0};
    if (serial_decode(type, bytes, arena, &value, NULL) == STATUS_OK &&
        type_check(type, &value, NULL) == STATUS_OK) {
        CHECK(serial_encode(type, &value, &serial, NULL) == STATUS_OK);
        CHECK(serial_decode(type, buffer_bytes(&serial), arena, &again, NULL) == STATUS_OK);
        CHECK(value_equal(&value, &again) && value_type_compare(type, &value, &again) == 0);
        CHECK(!type_may_be_key(type) || collation_encode(type, &value, false, &key, NULL) == STATUS_OK);
    }
    buffer_reset(&serial);
    buffer_reset(&key);
}

static void fuzz_stored(struct bytes bytes, struct arena *arena)
{
    struct reader reader = reader_of(bytes);
    struct type type;
    struct type again;
    struct buffer stored = {0};
    if (type_decode(&reader, arena, &type, NULL) == STATUS_OK) {
        type_encode(&type, &stored);
        struct reader second = reader_of(buffer_bytes(&stored));
        CHECK(type_decode(&second, arena, &again, NULL) == STATUS_OK && type_equal(&type, &again));
    }
    buffer_reset(&stored);
}

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct type type;
    const uint8_t *end = bytes_find_byte(input, '\n');
    size_t size = end == NULL ? input.size : (size_t)(end - input.data);
    if (type_parse(bytes_part(input, 0, size), NULL, &arena, &type, NULL) == STATUS_OK) {
        struct buffer text = {0};
        struct type again;
        type_format(&type, &text);
        CHECK(type_parse(buffer_bytes(&text), NULL, &arena, &again, NULL) == STATUS_OK);
        CHECK(type_equal(&type, &again));
        fuzz_value(&type, end == NULL ? (struct bytes){0} : bytes_from(input, size + 1), &arena);
        buffer_reset(&text);
    }
    fuzz_stored(input, &arena);
    arena_reset(&arena);
}
