/* Record keys from the log and from disk: what decodes encodes to the canonical form, which decodes and encodes to itself. */
#include "row/key.h"

#include "base/check.h"
#include "support/fuzz.h"

enum {
    PARTITION_COLUMNS = 2,
    CLUSTERING_COLUMNS = 2,
};

/* Appends the canonical form of a key; false when it is malformed. */
static bool key_again(const struct schema *schema, struct bytes key, struct arena *arena,
                      struct buffer *ret_key)
{
    struct value partition[PARTITION_COLUMNS];
    struct value clustering[CLUSTERING_COLUMNS];
    size_t count = 0;
    return key_decode(schema, key, arena, partition, clustering, &count, NULL) == STATUS_OK &&
           key_kind(key) != ROW_RANGE_TOMBSTONE && /* its bound is no value */
           key_encode(schema, key_kind(key), partition, clustering, count, ret_key, NULL) == STATUS_OK;
}

void fuzz_one(struct bytes input)
{
    struct key_column partition[] = {{.name = bytes_of_text("p"), .type = {.kind = TYPE_TEXT}},
                                     {.name = bytes_of_text("q"), .type = {.kind = TYPE_BIGINT}}};
    struct key_column clustering[] = {{.name = bytes_of_text("c"),
                                       .type = {.kind = TYPE_DECIMAL},
                                       .is_descending = true},
                                      {.name = bytes_of_text("d"), .type = {.kind = TYPE_BLOB}}};
    struct schema schema = {.partition = partition,
                            .partition_count = PARTITION_COLUMNS,
                            .clustering = clustering,
                            .clustering_count = CLUSTERING_COLUMNS};
    struct arena arena = {0};
    struct buffer canonical = {0};
    struct buffer again = {0};
    uint8_t shard = 0;
    if (key_again(&schema, input, &arena, &canonical)) {
        CHECK(key_again(&schema, buffer_bytes(&canonical), &arena, &again));
        CHECK(bytes_equal(buffer_bytes(&again), buffer_bytes(&canonical)));
    }
    buffer_clear(&again);
    (void)!key_storage(&schema, input, &again, NULL);
    (void)!key_shard(input, &shard, NULL);
    CHECK(key_partition(input).size <= input.size);
    buffer_reset(&canonical);
    buffer_reset(&again);
    arena_reset(&arena);
}
