#include "catalog/deletion.h"

#include "catalog/catalog.h"
#include "codec/pack.h"
#include "row/key.h"

void deletion_encode(const struct deletion *deletion, struct buffer *ret_key, struct buffer *ret_image)
{
    static struct key_column columns[] = {{.type = {.kind = TYPE_BIGINT}}, {.type = {.kind = TYPE_BIGINT}}};
    const struct schema schema = {.partition_count = 1,
                                  .partition = &columns[0],
                                  .clustering_count = 1,
                                  .clustering = &columns[1]};
    struct arena arena = {0};
    struct value id = value_of_integer((int64_t)deletion->lsn);
    struct value number = value_of_integer(deletion->number);
    const struct wide_range *range = &deletion->range;
    const struct value_member members[] = {
        {"has_high", value_of_boolean(range->has_high)},
        {"has_range", value_of_boolean(deletion->has_range)},
        {"high", value_of_bytes(range->high)},
        {"id", id},
        {"low", value_of_bytes(range->low)},
        {"n", number},
        {"partition", value_of_bytes(deletion->partition)},
        {"position", value_of_bytes(deletion->position)},
        {"space", value_of_integer(deletion->space)},
        {"table", value_of_integer(deletion->table)},
        {"time", value_of_integer(range->deletion.time)},
        {"timestamp", value_of_integer(range->deletion.timestamp)},
    };
    struct value map = value_of_members(&arena, members, ARRAY_COUNT(members));
    CHECK(key_encode(&schema, ROW_PLAIN, &id, &number, 1, ret_key, NULL) == STATUS_OK);
    codec_value_encode(ret_image, &map);
    arena_reset(&arena);
}

enum status deletion_decode(struct bytes image, struct arena *arena, struct deletion *ret_deletion,
                            struct error *error)
{
    struct value map;
    enum status status = codec_value_decode(arena_copy(arena, image), arena, &map, error);
    if (status != STATUS_OK) {
        return status;
    }
    *ret_deletion = (struct deletion){
        .lsn = (uint64_t)value_map_integer(&map, "id"),
        .number = (uint32_t)value_map_integer(&map, "n"),
        .table = (uint32_t)value_map_integer(&map, "table"),
        .space = (uint32_t)value_map_integer(&map, "space"),
        .partition = value_map_bytes(&map, "partition"),
        .has_range = value_map_boolean(&map, "has_range"),
        .range = {.low = value_map_bytes(&map, "low"),
                  .high = value_map_bytes(&map, "high"),
                  .has_high = value_map_boolean(&map, "has_high"),
                  .deletion = {.timestamp = value_map_integer(&map, "timestamp"),
                               .time = value_map_integer(&map, "time")}},
        .position = value_map_bytes(&map, "position"),
    };
    return STATUS_OK;
}

void deletions_clear(struct deletions *deletions)
{
    arena_clear(&deletions->arena);
    deletions->at = NULL;
    deletions->count = 0;
}

void deletions_reset(struct deletions *deletions)
{
    arena_reset(&deletions->arena);
    *deletions = (struct deletions){0};
}

enum status deletions_add(struct deletions *deletions, struct bytes image, struct error *error)
{
    struct deletion added;
    size_t place = deletions->count;
    enum status status = deletion_decode(image, &deletions->arena, &added, error);
    if (status != STATUS_OK) {
        return status;
    }
    deletions->at =
        arena_grow_array(&deletions->arena, deletions->at, deletions->count, sizeof(*deletions->at));
    while (place > 0 &&
           (deletions->at[place - 1].lsn > added.lsn ||
            (deletions->at[place - 1].lsn == added.lsn && deletions->at[place - 1].number > added.number))) {
        deletions->at[place] = deletions->at[place - 1];
        place--; /* rows come in the order of their tokens */
    }
    deletions->at[place] = added;
    deletions->count++;
    return STATUS_OK;
}

bool deletion_covers(const struct deletion *deletion, struct bytes storage, struct bytes key)
{
    size_t offset = key_storage_kind_offset(storage);
    bool is_in = offset > 0 && key_kind(key) == ROW_PLAIN && bytes_get_u32(storage.data) == deletion->space &&
                 bytes_equal(key_partition(key), deletion->partition);
    return is_in &&
           (!deletion->has_range || wide_range_covers(&deletion->range, bytes_from(storage, offset + 1)));
}

enum status deletion_apply(const struct deletion *deletion, struct bytes image, struct arena *arena,
                           struct bytes *ret_image, struct error *error)
{
    struct wide_row row;
    struct buffer left = {0};
    *ret_image = (struct bytes){0};
    enum status status = wide_row_decode(image, arena, &row, error);
    if (status != STATUS_OK) {
        return status;
    }
    wide_row_settle(&row, deletion->range.deletion);
    if (!wide_row_is_empty(&row)) {
        wide_row_encode(&row, &left);
        *ret_image = arena_copy(arena, buffer_bytes(&left));
    }
    buffer_reset(&left);
    return STATUS_OK;
}

enum status deletions_apply(const struct deletions *deletions, uint64_t lsn, struct bytes storage,
                            struct bytes key, struct bytes image, struct arena *arena,
                            struct bytes *ret_image, struct error *error)
{
    enum status status = STATUS_OK;
    *ret_image = image;
    for (size_t i = 0; i < deletions->count && status == STATUS_OK && ret_image->size > 0; i++) {
        const struct deletion *deletion = &deletions->at[i];
        if (deletion->lsn <= lsn && deletion_covers(deletion, storage, key)) {
            status = deletion_apply(deletion, *ret_image, arena, ret_image, error);
        }
    }
    return status;
}
