/* Images of wide rows, partition headers and range tombstones as the store has them: what decodes encodes to something that
 * shows the same. */
#include "row/wide.h"

#include "base/check.h"
#include "support/fuzz.h"

static void fuzz_row(struct bytes input)
{
    static const struct schema schema = {0};
    struct arena arena = {0};
    struct wide_row row;
    struct wide_row again;
    struct buffer encoded = {0};
    if (wide_row_decode(input, &arena, &row, NULL) == STATUS_OK) {
        int64_t seconds = 0;
        wide_row_encode(&row, &encoded);
        CHECK(wide_row_decode(buffer_bytes(&encoded), &arena, &again, NULL) == STATUS_OK);
        CHECK(wide_row_newest(&row) == wide_row_newest(&again));
        CHECK(wide_row_shows(&schema, &row, 1000) == wide_row_shows(&schema, &again, 1000));
        bool ages = wide_row_next_event(&row, 10, &seconds);
        CHECK(ages == wide_image_ages(buffer_bytes(&encoded)));
        wide_row_expire(&again, 1000);
        wide_row_settle(&again, WIDE_NO_DELETION);
        wide_row_forget(&again, 2000, 10);
    }
    buffer_reset(&encoded);
    arena_reset(&arena);
}

void fuzz_one(struct bytes input)
{
    struct wide_header header;
    struct wide_range range = {0};
    struct buffer encoded = {0};
    fuzz_row(input);
    if (wide_header_decode(input, &header, NULL) == STATUS_OK) {
        wide_header_encode(&header, &encoded);
        CHECK(wide_header_decode(buffer_bytes(&encoded), &header, NULL) == STATUS_OK);
    }
    if (wide_range_decode(input, &range, NULL) == STATUS_OK) {
        buffer_clear(&encoded);
        wide_range_encode(&range, &encoded);
        CHECK(wide_range_decode(buffer_bytes(&encoded), &range, NULL) == STATUS_OK);
    }
    buffer_reset(&encoded);
}
