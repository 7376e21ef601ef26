/* A row that was read: filtered, grouped, counted and written down. */
#include "codec/pack.h"
#include "row/key.h"
#include "select.h"

/* Whether another row, or group, is wanted. Then it is counted. */
static bool take_count(struct select *select, enum select_step *ret_step)
{
    struct select_position *position = &select->position;
    if (position->partition_left == 0) {
        return false; /* passed over */
    }
    if (position->left == 0 || select->rows == select->page_rows) {
        *ret_step = position->left == 0 ? SELECT_ENDED : SELECT_FULL;
        return false;
    }
    position->left -= position->left != UINT64_MAX;
    position->partition_left -= position->partition_left != UINT64_MAX;
    select->rows++;
    return true;
}

static enum status take_plain(struct select *select, const struct source_row *row,
                              const struct select_stored *stored, enum select_step *ret_step,
                              struct error *error)
{
    if (!take_count(select, ret_step)) {
        return STATUS_OK;
    }
    if (select->deferred != NULL) {
        *ret_step = select->position.left == 0 ? SELECT_ENDED : SELECT_ON;
        return statement__defer_row(select, row, stored, error);
    }
    enum status status =
        statement__selection_put(&select->selection, row, NULL, NULL, row->arena, &select->cells, error);
    if (status == STATUS_OK && select->sorts) {
        status = statement__sort_note(select, row, error);
    }
    *ret_step = select->position.left == 0 ? SELECT_ENDED : SELECT_ON;
    return status;
}

enum status statement__select_group_end(struct select *select, struct error *error)
{
    enum status status =
        select->group.has_rows ? statement__group_put(&select->group, &select->cells, error) : STATUS_OK;
    statement__group_clear(&select->group);
    return status;
}

static enum status kept_row_decode(const struct select *select, struct arena *arena, struct bytes image,
                                   const struct wide_row **ret_row, struct error *error)
{
    struct wide_row *row = arena_create(arena, sizeof(*row));
    *ret_row = row;
    return wide_row_decode_of(statement__source_stored(&select->source), arena_copy(arena, image), arena, row,
                              error);
}

/* Values that do not live as long as what is kept. */
static enum status kept_values_copy(const struct select *select, const struct source_row *row,
                                    struct arena *arena, struct source_row *ret_row, struct error *error)
{
    size_t count = select->source.count;
    struct value *values = arena_create_array(arena, count, sizeof(*values));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        struct buffer encoded = {0};
        codec_value_encode(&encoded, &row->values[i]);
        status = codec_value_decode(arena_copy(arena, buffer_bytes(&encoded)), arena, &values[i], error);
        buffer_reset(&encoded);
    }
    ret_row->key = values;
    ret_row->values = values;
    return status;
}

enum status statement__select_keep(const struct select *select, const struct source_row *row,
                                   const struct select_stored *stored, struct arena *arena,
                                   struct source_row *ret_row, struct error *error)
{
    const struct schema *schema = select->source.table.schema;
    size_t keys = schema->partition_count + schema->clustering_count;
    size_t count = 0;
    enum status status = STATUS_OK;
    *ret_row = *row;
    ret_row->arena = arena;
    if (stored == NULL && select->source.log != NULL) {
        return kept_values_copy(select, row, arena, ret_row, error);
    }
    if (stored == NULL) {
        return STATUS_OK; /* lives as long as the call */
    }
    struct value *key = arena_create_array(arena, keys, sizeof(*key));
    ret_row->key = key;
    status = key_decode(schema, arena_copy(arena, stored->key), arena, key, key + schema->partition_count,
                        &count, error);
    ret_row->document = arena_copy(arena, row->document);
    if (status == STATUS_OK && row->plain != NULL) {
        status = kept_row_decode(select, arena, stored->image, &ret_row->plain, error);
    }
    if (status == STATUS_OK && row->statics != NULL) {
        status = kept_row_decode(select, arena, stored->statics, &ret_row->statics, error);
    }
    return status;
}

/* A group's first row is kept: its columns stand for those of the others. */
static enum status group_begin(struct select *select, const struct source_row *row,
                               const struct select_stored *stored, struct error *error)
{
    if (select->deferred != NULL) {
        return statement__defer_group(select, row, stored, error);
    }
    enum status status = statement__select_group_end(select, error);
    return status == STATUS_OK ? statement__select_keep(select, row, stored, &select->group.arena,
                                                        &select->group.first, error)
                               : status;
}

static enum status take_grouped(struct select *select, const struct source_row *row,
                                const struct select_stored *stored, enum select_step *ret_step,
                                struct error *error)
{
    struct selection_group *group = &select->group;
    struct buffer key = {0};
    if (select->statement->is_distinct && select->position.partition_left == 0) {
        return STATUS_OK; /* a partition is one row */
    }
    enum status status = statement__group_key(&select->selection, row, row->arena, &key, error);
    bool is_same =
        status == STATUS_OK && group->has_rows && bytes_equal(buffer_bytes(&key), buffer_bytes(&group->key));
    if (status == STATUS_OK && !is_same) {
        if (!take_count(select, ret_step)) {
            buffer_reset(&key);
            return STATUS_OK;
        }
        status = group_begin(select, row, stored, error);
        buffer_clear(&group->key);
        buffer_put(&group->key, buffer_bytes(&key));
    }
    buffer_reset(&key);
    if (status != STATUS_OK) {
        return status;
    }
    group->has_rows = true;
    if (select->statement->is_distinct) {
        select->position.partition_left = 0;
    }
    return select->deferred != NULL ? statement__defer_step(select, row, stored, error)
                                    : statement__group_step(group, row, error);
}

enum status statement__select_take(struct select *select, const struct source_row *row,
                                   const struct select_stored *stored, enum select_step *ret_step,
                                   struct error *error)
{
    bool holds = true;
    *ret_step = SELECT_ON;
    enum status status = statement__restrictions_hold(&select->restrictions, row, &holds, error);
    if (status != STATUS_OK || !holds) {
        return status;
    }
    return statement__selection_groups(&select->selection)
               ? take_grouped(select, row, stored, ret_step, error)
               : take_plain(select, row, stored, ret_step, error);
}
