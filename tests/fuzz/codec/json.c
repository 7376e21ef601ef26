/* JSON bodies: whatever decodes encodes again, and decodes to the same. */
#include "codec/json.h"

#include "base/check.h"
#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct arena arena = {0};
    struct buffer text = {0};
    struct value value;
    struct value again;
    if (codec_json_decode_plain(input, &arena, &value, NULL) == STATUS_OK) {
        codec_json_encode(&text, &value);
        CHECK(codec_json_decode_plain(buffer_bytes(&text), &arena, &again, NULL) == STATUS_OK);
    }
    if (codec_json_decode(input, &arena, &value, NULL) == STATUS_OK) {
        buffer_clear(&text);
        codec_json_encode(&text, &value);
        CHECK(codec_json_decode(buffer_bytes(&text), &arena, &again, NULL) == STATUS_OK);
        CHECK(value_equal(&value, &again));
    }
    buffer_reset(&text);
    arena_reset(&arena);
}
