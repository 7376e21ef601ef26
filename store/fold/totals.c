/* Rows, bytes and the additive hash of each space. DESIGN §11.
 *
 *   metadata "T" space u32 → rows u64 | bytes u64 | 16 × (hash high u64, low u64)
 *
 * The hash of a shard is the sum modulo 2^128 of the checksums of its rows, so it can be taken forward from the images
 * alone. Totals of index spaces count entries and have no hash. */
#include "codec/pack.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

enum {
    TOTAL_BYTES = 16 + RECORD_SHARDS * 16,
};

static enum status total_load(struct fold *fold, struct environment_write *write, uint32_t space,
                              struct fold_total **ret_total, struct error *error)
{
    for (size_t i = 0; i < fold->totals_count; i++) {
        if (fold->totals[i].space == space) {
            *ret_total = &fold->totals[i];
            return STATUS_OK;
        }
    }
    if (fold->totals_count == FOLD_TOTALS_MAX) {
        enum status status = fold__totals_flush(fold, write, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    uint8_t key[METADATA_SPACE_KEY_BYTES];
    struct bytes stored;
    struct fold_total *total = &fold->totals[fold->totals_count];
    *total = (struct fold_total){.space = space};
    enum status status =
        environment_write_get(write, TREE_METADATA, fold__metadata_key(key, METADATA_TOTAL, space), &stored,
                              error);
    if (status == STATUS_OK && !fold_total_decode(stored, total)) {
        (void)error_set(error, STATUS_CORRUPT, "malformed totals of space %u", space);
        return STATUS_CORRUPT;
    }
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        fold->totals_count++;
        *ret_total = total;
        return STATUS_OK;
    }
    return status;
}

bool fold_total_decode(struct bytes stored, struct fold_total *ret_total)
{
    struct reader reader = reader_of(stored);
    ret_total->rows = reader_u64(&reader);
    ret_total->bytes = reader_u64(&reader);
    for (size_t i = 0; i < RECORD_SHARDS; i++) {
        ret_total->hashes[i].high = reader_u64(&reader);
        ret_total->hashes[i].low = reader_u64(&reader);
    }
    return reader_ended(&reader);
}

enum status fold__totals_flush(struct fold *fold, struct environment_write *write, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < fold->totals_count && status == STATUS_OK; i++) {
        const struct fold_total *total = &fold->totals[i];
        uint8_t key[METADATA_SPACE_KEY_BYTES];
        uint8_t stored[TOTAL_BYTES];
        bytes_put_u64(stored, total->rows);
        bytes_put_u64(stored + 8, total->bytes);
        for (size_t k = 0; k < RECORD_SHARDS; k++) {
            bytes_put_u64(stored + 16 + 16 * k, total->hashes[k].high);
            bytes_put_u64(stored + 24 + 16 * k, total->hashes[k].low);
        }
        status =
            environment_write_put(write, TREE_METADATA, fold__metadata_key(key, METADATA_TOTAL, total->space),
                                  bytes_of(stored, sizeof(stored)), error);
    }
    fold->totals_count = 0;
    return status;
}

struct hash128 fold_total_hash(const struct fold_total *total)
{
    struct hash128 sum = {0};
    for (size_t i = 0; i < RECORD_SHARDS; i++) {
        stored_hash_add(&sum, total->hashes[i]);
    }
    return sum;
}

enum status fold__totals_row(struct fold *fold, struct environment_write *write, uint32_t space,
                             const struct record *record, struct bytes old_image, struct error *error)
{
    struct fold_total *total = NULL;
    enum status status = total_load(fold, write, space, &total, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct hash128 *hash = &total->hashes[record->shard % RECORD_SHARDS];
    if (key_kind(record->key) == ROW_PLAIN) { /* what clients see: of wide rows more may be stored */
        total->rows += record->operation == OPERATION_INSERT ? 1 : 0;
        total->rows -= record->operation == OPERATION_REMOVE ? 1 : 0;
    }
    if ((record->flags & RECORD_HAS_OLD) != 0) {
        total->bytes -= record->key.size + old_image.size;
        stored_hash_subtract(hash, stored_row_checksum(record->key, old_image));
    }
    if ((record->flags & RECORD_HAS_NEW) != 0) {
        total->bytes += record->key.size + record->new_image.size;
        stored_hash_add(hash, stored_row_checksum(record->key, record->new_image));
    }
    return STATUS_OK;
}

enum status fold__totals_entry(struct fold *fold, struct environment_write *write, uint32_t space, int sign,
                               size_t bytes, struct error *error)
{
    struct fold_total *total = NULL;
    enum status status = total_load(fold, write, space, &total, error);
    if (status == STATUS_OK) {
        total->rows += (uint64_t)(int64_t)sign;
        total->bytes += (uint64_t)((int64_t)sign * (int64_t)bytes);
    }
    return status;
}
