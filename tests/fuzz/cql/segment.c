/* Segments of both forms: what is one decodes to what encodes to a segment of the same. */
#include "segment.h"

#include "support/fuzz.h"

static void fuzz_form(struct bytes input, bool is_lz4)
{
    struct buffer payload = {0};
    struct buffer again = {0};
    struct buffer written = {0};
    bool is_self_contained = false;
    size_t used = 0;
    size_t used_again = 0;
    while (cql__segment_read(input, is_lz4, &payload, &is_self_contained, &used, NULL) == SEGMENT_WHOLE) {
        if (payload.size > 0) {
            cql__segment_write(buffer_bytes(&payload), is_lz4, &written);
            CHECK(cql__segment_read(buffer_bytes(&written), is_lz4, &again, &is_self_contained, &used_again,
                                    NULL) == SEGMENT_WHOLE);
            CHECK(bytes_equal(buffer_bytes(&payload), buffer_bytes(&again)));
        }
        input = bytes_from(input, used);
        buffer_clear(&payload);
        buffer_clear(&again);
        buffer_clear(&written);
    }
    buffer_reset(&payload);
    buffer_reset(&again);
    buffer_reset(&written);
}

/* The checksums of a first segment are put right, or none would ever be. */
void fuzz_one(struct bytes input)
{
    struct buffer sound = {0};
    fuzz_form(input, false);
    fuzz_form(input, true);
    if (input.size > 0) {
        cql__segment_write(input, input.data[0] % 2 == 0, &sound);
        fuzz_form(buffer_bytes(&sound), input.data[0] % 2 == 0);
    }
    buffer_reset(&sound);
}
