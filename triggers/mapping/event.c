/* Change records as functions see them. */
#include "codec/pack.h"
#include "mapping_private.h"
#include "row/key.h"

static void put_name(struct buffer *buffer, const char *name)
{
    codec_put_text(buffer, bytes_of_text(name));
}

/* The key attributes as a map. */
static enum status put_keys(struct buffer *buffer, const struct schema *schema, struct bytes key,
                            struct error *error)
{
    struct arena arena = {0};
    struct value partition[PARTITION_COLUMNS_MAX];
    struct value clustering[CLUSTERING_COLUMNS_MAX];
    size_t clustering_count = 0;
    enum status status = key_decode(schema, key, &arena, partition, clustering, &clustering_count, error);
    if (status == STATUS_OK) {
        codec_put_map(buffer, (uint32_t)(schema->partition_count + clustering_count));
        for (size_t i = 0; i < schema->partition_count; i++) {
            codec_put_text(buffer, schema->partition[i].name);
            codec_value_encode(buffer, &partition[i]);
        }
        for (size_t i = 0; i < clustering_count; i++) {
            codec_put_text(buffer, schema->clustering[i].name);
            codec_value_encode(buffer, &clustering[i]);
        }
    }
    arena_reset(&arena);
    return status;
}

enum status mapping__put_record(struct gate *gate, const struct feed_record *found, struct buffer *buffer,
                                struct error *error)
{
    const struct record *record = &found->record;
    const struct schema *schema = gate_schema_of(gate, record);
    bool is_row = record->operation <= OPERATION_REMOVE;
    bool has_new = is_row && (record->flags & RECORD_HAS_NEW) != 0;
    bool has_old = is_row && (record->flags & RECORD_HAS_OLD) != 0;
    enum status status = STATUS_OK;
    if (schema == NULL) {
        return error_set(error, STATUS_CORRUPT, "a record of a schema version that is not known");
    }
    codec_put_map(buffer, 8U + is_row + has_new + has_old);
    put_name(buffer, "operation");
    put_name(buffer, operation_name(record->operation));
    put_name(buffer, "table");
    codec_put_text(buffer, schema->name);
    put_name(buffer, "lsn");
    codec_put_unsigned(buffer, found->lsn);
    put_name(buffer, "time");
    codec_put_integer(buffer, found->commit_time_us);
    put_name(buffer, "shard");
    codec_put_unsigned(buffer, record->shard);
    put_name(buffer, "actor");
    codec_put_text(buffer, record->actor);
    put_name(buffer, "cause");
    put_name(buffer, cause_name(record->cause.kind));
    put_name(buffer, "hops");
    codec_put_unsigned(buffer, record->hops);
    if (is_row) {
        put_name(buffer, "keys");
        status = put_keys(buffer, schema, record->key, error);
    }
    if (has_new) {
        put_name(buffer, "new");
        buffer_put(buffer, record->new_image);
    }
    if (has_old) {
        struct buffer old = {0};
        put_name(buffer, "old");
        buffer_put(buffer, record_old_image(record, &old));
        buffer_reset(&old);
    }
    return status;
}

void mapping__put_event(struct bytes records, uint32_t count, struct buffer *buffer)
{
    codec_put_map(buffer, 1);
    put_name(buffer, "records");
    codec_put_array(buffer, count);
    buffer_put(buffer, records);
}

enum status mapping_event_read(struct gate *gate, struct feed *feed, uint64_t lsn, struct buffer *ret_event,
                               struct error *error)
{
    struct feed_room room = {0};
    struct feed_record found;
    struct buffer record = {0};
    enum status status = feed_record_at(feed, lsn, &room, &found, error);
    if (status == STATUS_OK) {
        status = mapping__put_record(gate, &found, &record, error);
    }
    if (status == STATUS_OK) {
        mapping__put_event(buffer_bytes(&record), 1, ret_event);
    }
    feed_room_reset(&room);
    buffer_reset(&record);
    return status;
}

bool mapping__wants(struct mapping *mapping, const struct record *record)
{
    return mapping->filter == NULL || feed_record_matches(mapping->filter, record);
}
