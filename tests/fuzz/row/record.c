/* Change records as the log has them: what decodes encodes to the same bytes. */
#include "row/record.h"

#include "base/check.h"
#include "support/fuzz.h"

void fuzz_one(struct bytes input)
{
    struct reader reader = reader_of(input);
    struct record record;
    while (record_decode(&reader, &record, NULL) == STATUS_OK) {
        struct buffer old = {0};
        struct buffer again = {0};
        (void)record_old_image(&record, &old);
        record_encode(&again, &record);
        struct reader second = reader_of(buffer_bytes(&again));
        struct record same;
        CHECK(record_decode(&second, &same, NULL) == STATUS_OK && reader_ended(&second));
        buffer_reset(&old);
        buffer_reset(&again);
    }
}
