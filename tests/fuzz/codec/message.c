/* Msgpack from clients and from disk: what decodes encodes to the canonical form, which decodes strictly to the same. */
#include "base/check.h"
#include "codec/pack.h"
#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct buffer canonical = {0};
    struct value value;
    struct value again;
    if (codec_message_decode(input, &arena, &value, NULL) == STATUS_OK) {
        codec_value_encode(&canonical, &value);
        CHECK(codec_value_decode(buffer_bytes(&canonical), &arena, &again, NULL) == STATUS_OK);
    }
    if (codec_value_decode(input, &arena, &value, NULL) == STATUS_OK) {
        buffer_clear(&canonical);
        codec_value_encode(&canonical, &value);
        CHECK(bytes_equal(buffer_bytes(&canonical), input)); /* canonical: one value, one form */
    }
    buffer_reset(&canonical);
    arena_reset(&arena);
}
