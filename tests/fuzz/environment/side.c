/* Side files of checkpoints, with their checksum right: an environment is never opened at a state that is malformed. */
#include "base/check.h"
#include "base/crypto.h"
#include "environment_private.h"
#include "support/fuzz.h"

enum {
    MAGIC = 0x4F584350, /* "OXCP" */
};

static const uint8_t database[ENVIRONMENT_DATABASE_BYTES] = "0123456789abcde";

/* The input after magic, version and database. */
void fuzz_one(struct bytes input)
{
    struct buffer file = {0};
    struct side side = {0};
    buffer_put_u32(&file, MAGIC);
    buffer_put_u32(&file, 1);
    buffer_put(&file, bytes_of(database, sizeof(database)));
    buffer_put(&file, input);
    buffer_put_u32(&file, crypto_crc32c(0, buffer_bytes(&file)));
    fuzz_file_write("checkpoint.0", buffer_bytes(&file));
    if (environment__side_choose(fuzz_directory(), database, &side, NULL) == STATUS_OK) {
        CHECK(side.metas.size == (size_t)side.page_bytes * ENVIRONMENT_META_PAGES);
        (void)environment__metas_last_page(&side.metas, side.page_bytes);
    }
    buffer_reset(&side.metas);
    buffer_reset(&file);
}
