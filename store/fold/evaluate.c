/* What a request comes to: every condition, update and bound is judged here, before anything is put. */
#include "base/map.h"
#include "codec/pack.h"
#include "fold_private.h"
#include "row/document.h"
#include "row/key.h"
#include "row/plain.h"
#include "row/stored.h"

static enum status evaluate_load(struct fold *fold, struct environment_write *write,
                                 const struct schema *schema, struct bytes key, struct fold_row *ret_row,
                                 struct error *error)
{
    struct bytes stored = {0};
    struct bytes stored_key = {0};
    struct bytes image = {0};
    *ret_row = (struct fold_row){.schema = schema, .key = key, .identity = key};
    buffer_clear(&fold->storage_key);
    enum status status = key_storage(schema, key, &fold->storage_key, error);
    if (status == STATUS_OK) {
        status = environment_write_get(write, TREE_ROWS, buffer_bytes(&fold->storage_key), &stored, error);
    }
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = stored_row_decode(stored, &stored_key, &image, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!bytes_equal(key_partition(stored_key), key_partition(key))) {
        return error_set(error, STATUS_INVALID,
                         "another partition key has the same hash; choose another key");
    }
    if (!bytes_equal(stored_key, key)) { /* the row keeps the key that it was first written with */
        ret_row->key = arena_copy(&fold->arena, stored_key);
    }
    ret_row->had_old = true;
    ret_row->has_new = true;
    ret_row->old_image = arena_copy(&fold->arena, image); /* a put ends what was borrowed */
    ret_row->new_image = ret_row->old_image;
    return schema->kind == TABLE_WIDE
               ? fold__under_way_settle(fold, write, buffer_bytes(&fold->storage_key), ret_row, error)
               : STATUS_OK;
}

static void transaction_add(struct fold *fold, struct fold_transaction *transaction, struct fold_row *row)
{
    if (transaction->count == transaction->capacity) {
        size_t capacity = transaction->capacity == 0 ? 4 : 2 * transaction->capacity;
        struct fold_row **rows = arena_create_array(&fold->arena, capacity, sizeof(struct fold_row *));
        for (size_t i = 0; i < transaction->count; i++) {
            rows[i] = transaction->rows[i];
        }
        transaction->rows = rows;
        transaction->capacity = capacity;
    }
    transaction->rows[transaction->count++] = row;
}

/* A row that is there already, when there is no map of them: then there are few. */
static struct fold_row *transaction_find(const struct fold_transaction *transaction,
                                         const struct schema *schema, struct bytes identity)
{
    for (size_t i = 0; i < transaction->count; i++) {
        struct fold_row *row = transaction->rows[i];
        if (row->table_change == NULL && row->schema->table == schema->table &&
            bytes_equal(row->identity, identity)) {
            return row;
        }
    }
    return NULL;
}

/* What tells a row from all others of its table: its key, or where several keys may name it its storage key. */
static enum status evaluate_identity(struct fold *fold, const struct schema *schema, struct bytes key,
                                     struct bytes *ret_identity, struct error *error)
{
    *ret_identity = key;
    if (!key_is_ambiguous(schema)) {
        return STATUS_OK;
    }
    buffer_clear(&fold->storage_key);
    enum status status = key_storage(schema, key, &fold->storage_key, error);
    *ret_identity = arena_copy(&fold->arena, buffer_bytes(&fold->storage_key));
    return status;
}

/* Whether a transaction holds more of the rows as they were than it may. One row alone may have any size. */
static enum status evaluate_held(const struct fold_transaction *transaction, struct error *error)
{
    return transaction->count == 0 || transaction->old_bytes <= FOLD_OLD_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "the rows that a transaction changes have more than %d bytes together",
                           FOLD_OLD_BYTES_MAX);
}

/* Loads a row, and none any more for the changes that are left once there was one too many: each of them is judged too. */
static enum status evaluate_load_held(struct fold *fold, struct environment_write *write,
                                      struct fold_transaction *transaction, const struct schema *schema,
                                      struct bytes key, struct fold_row *ret_row, struct error *error)
{
    enum status status = evaluate_held(transaction, error);
    if (status == STATUS_OK) {
        status = evaluate_load(fold, write, schema, key, ret_row, error);
    }
    if (status == STATUS_OK) {
        transaction->old_bytes += ret_row->old_image.size;
        status = evaluate_held(transaction, error);
    }
    return status;
}

enum status fold__evaluate_row(struct fold *fold, struct environment_write *write,
                               struct fold_transaction *transaction, const struct schema *schema,
                               struct bytes key, struct fold_row **ret_row, struct error *error)
{
    struct buffer name = {0};
    struct bytes identity = {0};
    struct fold_row *row = NULL;
    enum status status = evaluate_identity(fold, schema, key, &identity, error);
    if (transaction->by_key != NULL) {
        buffer_put_u32(&name, schema->table);
        buffer_put(&name, identity);
        row = map_get(transaction->by_key, buffer_bytes(&name));
    } else {
        row = transaction_find(transaction, schema, identity);
    }
    if (status == STATUS_OK && row == NULL) {
        row = arena_create(&fold->arena, sizeof(*row));
        status = evaluate_load_held(fold, write, transaction, schema, key, row, error);
        row->identity = identity;
        if (status == STATUS_OK) {
            transaction_add(fold, transaction, row);
        }
        if (status == STATUS_OK && transaction->by_key != NULL) {
            (void)map_put(transaction->by_key, buffer_bytes(&name), row);
        }
    }
    buffer_reset(&name);
    *ret_row = row;
    return status;
}

/* The row as a tree, if it is there: then is_decoded. */
static enum status evaluate_decode(const struct fold_scene *scene, struct fold_row *row, struct error *error)
{
    struct arena *arena = &scene->fold->arena;
    if (row->is_decoded || !row->has_new) {
        return STATUS_OK;
    }
    if (row->schema->kind != TABLE_WIDE) {
        enum status status = codec_value_decode(row->new_image, arena, &row->item, error);
        row->is_decoded = status == STATUS_OK;
        return status;
    }
    enum status status = fold__wide_prepare(scene, row, error);
    if (status == STATUS_OK) {
        status = document_of_row(row->schema, row->key, &row->wide, scene->transaction->now_s, arena,
                                 &row->item, error);
    }
    row->is_decoded = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* Whether the row is there for clients; after evaluate_decode when its table is wide. */
static bool evaluate_is_there(const struct fold_row *row)
{
    return row->schema->kind == TABLE_WIDE ? row->is_decoded : row->has_new;
}

/* The item as who asks for the change sees it; after evaluate_decode. */
static struct value evaluate_shown(const struct fold_scene *scene, const struct write_change *change,
                                   const struct fold_row *row)
{
    bool is_plain = change->is_plain && row->schema->kind == TABLE_WIDE && row->is_decoded;
    return is_plain ? plain_item(row->schema, &row->item, &scene->fold->arena) : row->item;
}

static enum status evaluate_condition(const struct fold_scene *scene, const struct write_change *change,
                                      struct fold_row *row, struct error *error)
{
    bool needs_tree =
        change->condition != NULL || (change->presence != WRITE_ALWAYS && row->schema->kind == TABLE_WIDE);
    enum status status = needs_tree ? evaluate_decode(scene, row, error) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    if (change->presence != WRITE_ALWAYS &&
        evaluate_is_there(row) != (change->presence == WRITE_IF_PRESENT)) {
        return error_set(error, STATUS_CONDITION,
                         evaluate_is_there(row) ? "the row exists already" : "there is no such row");
    }
    if (change->condition == NULL) {
        return STATUS_OK;
    }
    struct value item = evaluate_shown(scene, change, row);
    struct condition_facts facts = {.item = evaluate_is_there(row) ? &item : NULL};
    return condition_holds(change->condition, &facts)
               ? STATUS_OK
               : error_set(error, STATUS_CONDITION, "the condition does not hold");
}

/* An update that only takes away makes no item where there is none. */
static bool update_only_removes(const struct update *update)
{
    for (size_t i = 0; i < update->count; i++) {
        if (update->actions[i].kind != ACTION_REMOVE && update->actions[i].kind != ACTION_DELETE) {
            return false;
        }
    }
    return update->count > 0;
}

/* The item that an update makes of the row, or of its key when it is not there. */
static enum status evaluate_updated(const struct fold_scene *scene, const struct write_change *change,
                                    struct fold_row *row, struct value *ret_item, struct error *error)
{
    struct fold *fold = scene->fold;
    struct buffer image = {0};
    struct value item = {.kind = VALUE_MAP};
    unsigned depth_max = change->bounds == NULL ? VALUE_DEPTH_MAX + 1 : change->bounds->depth_max;
    enum status status = evaluate_decode(scene, row, error);
    if (status == STATUS_OK && evaluate_is_there(row)) {
        item = evaluate_shown(scene, change, row);
    } else if (status == STATUS_OK) {
        codec_value_encode(&image, change->key_item); /* a copy, since the update changes it in place */
        struct bytes copy = arena_copy(&fold->arena, buffer_bytes(&image));
        status = codec_value_decode(copy, &fold->arena, &item, error);
        buffer_clear(&image);
    }
    if (status == STATUS_OK) {
        status = update_apply(change->update, &fold->arena, &item, error);
    }
    if (status == STATUS_OK && !value_is_within(&item, depth_max)) {
        status =
            error_set(error, STATUS_INVALID,
                      "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
                      "levels beyond supported limit");
    }
    *ret_item = item;
    buffer_reset(&image);
    return status;
}

static enum status evaluate_update(const struct fold_scene *scene, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    struct buffer image = {0};
    struct value item;
    enum status status = evaluate_updated(scene, change, row, &item, error);
    if (status == STATUS_OK) {
        codec_value_encode(&image, &item);
    }
    if (status == STATUS_OK &&
        image.size > ROW_BYTES_MAX) { /* before it is kept: it may be hundreds of megabytes */
        status =
            error_set(error, STATUS_TOO_LARGE, "Item size to update has exceeded the maximum allowed size");
    }
    if (status == STATUS_OK) {
        row->new_image = arena_copy(&scene->fold->arena, buffer_bytes(&image));
        row->item = item;
        row->is_decoded = true;
        row->has_new = true;
    }
    buffer_reset(&image);
    return status;
}

/* The entry that led the sweeper here is not true (any more): it goes. Of a wide row the true one may be missing, when
 * gc_grace_seconds is another one since. */
static enum status evaluate_rearm(const struct fold_scene *scene, const struct write_change *change,
                                  const struct fold_row *row, struct error *error)
{
    struct fold *fold = scene->fold;
    struct schema schema = *row->schema; /* only the expiry is wanted */
    struct buffer storage_key = {0};
    schema.indexes_count = 0;
    scene->batch->has_rearmed = true;
    enum status status = environment_write_erase(scene->write, TREE_EXPIRY, change->expiry_key, NULL, error);
    if (status == STATUS_OK && row->had_old && schema.kind == TABLE_WIDE) {
        status = key_storage(&schema, row->key, &storage_key, error);
        if (status == STATUS_OK) {
            status = fold__entries(fold, scene->write, &schema, NULL, row->key, buffer_bytes(&storage_key),
                                   row->old_image, 1, error);
        }
    }
    buffer_reset(&storage_key);
    return status;
}

/* The expiry that the sweeper found must still be the row's, and be past. */
static enum status evaluate_expiry(const struct fold_scene *scene, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    int64_t seconds = 0;
    struct buffer entry = {0};
    if (row->schema->kind == TABLE_WIDE) {
        bool is_due = true;
        enum status status = fold__wide_expire(scene, change, row, &is_due, error);
        return status == STATUS_OK && !is_due ? evaluate_rearm(scene, change, row, error) : status;
    }
    enum status status = evaluate_decode(scene, row, error);
    if (status != STATUS_OK) {
        return status;
    }
    bool expires = row->has_new && index_expiry_of(change->schema, &row->item, &seconds);
    if (expires) {
        struct buffer storage_key = {0};
        status = key_storage(change->schema, change->key, &storage_key, error);
        index_expiry_key(seconds, buffer_bytes(&storage_key), &entry);
        buffer_reset(&storage_key);
    }
    bool is_same = status == STATUS_OK && bytes_equal(buffer_bytes(&entry), change->expiry_key);
    buffer_reset(&entry);
    if (status == STATUS_OK && !is_same) {
        return evaluate_rearm(scene, change, row, error);
    }
    if (status == STATUS_OK && seconds <= scene->batch->commit_time_us / 1000000) {
        row->has_new = false;
        row->is_decoded = false;
    }
    return status;
}

static enum status evaluate_bounds(const struct fold_scene *scene, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    if (row->new_image.size > ROW_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "an item of %zu bytes; %d are allowed", row->new_image.size,
                         ROW_BYTES_MAX);
    }
    const struct item_bounds *bounds = change->bounds;
    bool needs_tree = bounds != NULL || change->schema->indexes_count > 0;
    enum status status = needs_tree ? evaluate_decode(scene, row, error) : STATUS_OK;
    if (status == STATUS_OK && bounds != NULL && document_bytes(&row->item) > bounds->item_bytes_max) {
        return error_set(error, STATUS_TOO_LARGE, "%s",
                         change->kind == CHANGE_UPDATE
                             ? "Item size to update has exceeded the maximum allowed size"
                             : "Item size has exceeded the maximum allowed size");
    }
    struct buffer storage_key = {0};
    struct buffer entry = {0};
    buffer_put_u32(&storage_key, 0);
    for (size_t i = 0; i < change->schema->indexes_count && status == STATUS_OK; i++) {
        buffer_clear(&entry);
        CHECK(change->schema->indexes[i].target == INDEX_OF_VALUE); /* documents have no other */
        status = index_entry_key(change->schema, &change->schema->indexes[i], buffer_bytes(&storage_key),
                                 &row->item, &entry, error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
        if (status == STATUS_OK && bounds != NULL) {
            status = index_bounds_check(&change->schema->indexes[i], &row->item, bounds, error);
        }
    }
    buffer_reset(&storage_key);
    buffer_reset(&entry);
    return status;
}

static enum status evaluate_row_bytes(const struct fold_row *row, struct error *error)
{
    return !row->has_new || row->new_image.size <= ROW_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE, "a row of %zu bytes; %d are allowed", row->new_image.size,
                           ROW_BYTES_MAX);
}

/* What an item becomes, and what it was, as the cells that differ. */
static enum status evaluate_cells(const struct fold_scene *scene, const struct write_change *change,
                                  struct fold_row *row, struct wide_update *ret_update, struct error *error)
{
    struct arena *arena = &scene->fold->arena;
    struct value before = {.kind = VALUE_MAP};
    struct value after = {.kind = VALUE_MAP};
    bool is_static = key_kind(row->key) == ROW_STATIC;
    bool is_there = evaluate_is_there(row);
    enum status status = STATUS_OK;
    if (is_there) { /* a tree of its own: an update changes in place what it is given */
        status = document_of_row(row->schema, row->key, &row->wide, scene->transaction->now_s, arena, &before,
                                 error);
    }
    if (status == STATUS_OK) {
        status = change->kind == CHANGE_UPDATE ? evaluate_updated(scene, change, row, &after, error)
                                               : codec_value_decode(change->image, arena, &after, error);
    }
    if (status == STATUS_OK && is_there && change->is_plain) {
        plain_restore(row->schema, &before, &after, arena);
    }
    if (status == STATUS_OK) {
        status = document_to_wide(row->schema, is_static, is_there ? &before : NULL, &after, arena,
                                  ret_update, error);
        ret_update->ttl = row->schema->default_ttl_seconds;
    }
    return status;
}

/* A put, update or delete of an item, of a row of a wide table. */
static enum status evaluate_item_of_wide(const struct fold_scene *scene, const struct write_change *change,
                                         struct fold_row *row, struct error *error)
{
    struct wide_update update = {.deletes_row = true};
    enum status status = evaluate_decode(scene, row, error);
    if (status == STATUS_OK && change->kind != CHANGE_DELETE) {
        status = evaluate_cells(scene, change, row, &update, error);
    }
    if (status == STATUS_OK) {
        status = fold__wide_timestamp(scene, change, error);
    }
    return status == STATUS_OK ? fold__wide_update(scene, &update, row, error) : status;
}

static enum status evaluate_item(const struct fold_scene *scene, const struct write_change *change,
                                 struct fold_row *row, struct error *error)
{
    bool only_removes = change->kind == CHANGE_UPDATE && update_only_removes(change->update);
    if (only_removes) {
        enum status status = evaluate_decode(scene, row, error);
        if (status != STATUS_OK || !evaluate_is_there(row)) {
            return status;
        }
    }
    if (row->schema->kind == TABLE_WIDE) {
        return evaluate_item_of_wide(scene, change, row, error);
    }
    if (change->kind == CHANGE_DELETE) {
        row->has_new = false;
        row->is_decoded = false;
        return STATUS_OK;
    }
    if (change->kind == CHANGE_PUT) {
        row->has_new = true;
        row->is_decoded = false;
        row->new_image = change->image;
        return evaluate_bounds(scene, change, row, error);
    }
    enum status status = evaluate_update(scene, change, row, error);
    return status == STATUS_OK ? evaluate_bounds(scene, change, row, error) : status;
}

static enum status evaluate_effect(const struct fold_scene *scene, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    switch (change->kind) {
    case CHANGE_PUT:
    case CHANGE_UPDATE:
    case CHANGE_DELETE:
        return evaluate_item(scene, change, row, error);
    case CHANGE_IMAGE:
        row->has_new = true;
        row->is_decoded = false;
        row->new_image = change->image;
        return evaluate_row_bytes(row, error);
    case CHANGE_EXPIRE:
        return evaluate_expiry(scene, change, row, error);
    case CHANGE_WIDE:
        return fold__wide_update(scene, change->wide, row, error);
    case CHANGE_WIDE_DELETE:
        return fold__wide_delete(scene, change, error);
    case CHANGE_CHECK:
    case CHANGE_SETTLE:
    case CHANGE_TABLE:
        break;
    }
    return STATUS_OK;
}

static enum status evaluate_stale(struct fold *fold, const struct write_change *change, struct error *error)
{
    const struct schema *current = catalog_find_table(fold->options.catalog, change->schema->table);
    if (current == change->schema || change->schema->table < CATALOG_TABLE_FIRST) {
        return STATUS_OK;
    }
    if (current != NULL && current->generation == change->schema->generation &&
        current->version == change->schema->version) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_STALE, "table %.*s was changed or dropped meanwhile",
                     (int)change->schema->name.size, (const char *)change->schema->name.data);
}

/* What a change is told of the row as it was, or became: an item, or what a wide row is stored as. */
static enum status evaluate_told(const struct fold_scene *scene, const struct write_change *change,
                                 struct fold_row *row, struct arena *arena, bool *ret_is_there,
                                 struct bytes *ret_image, struct error *error)
{
    struct buffer image = {0};
    enum status status = STATUS_OK;
    bool is_document = row->schema->kind == TABLE_WIDE && change->wide == NULL;
    if (row->schema->kind == TABLE_WIDE) {
        status = evaluate_decode(scene, row, error);
        fold__wide_write(scene, row);
    }
    *ret_is_there = status == STATUS_OK && (is_document ? evaluate_is_there(row) : row->has_new);
    if (*ret_is_there && is_document) {
        struct value item = evaluate_shown(scene, change, row);
        codec_value_encode(&image, &item);
    }
    if (*ret_is_there) {
        *ret_image = arena_copy(arena, is_document ? buffer_bytes(&image) : row->new_image);
    }
    buffer_reset(&image);
    return status;
}

/* The row a change is about, and whether it may change it. */
static enum status evaluate_judge(const struct fold_scene *scene, struct write *request,
                                  struct write_change *change, struct fold_row **ret_row, struct error *error)
{
    enum status status = evaluate_stale(scene->fold, change, error);
    *ret_row = NULL;
    if (status != STATUS_OK || change->kind == CHANGE_TABLE || change->kind == CHANGE_WIDE_DELETE) {
        return status;
    }
    status = fold__evaluate_row(scene->fold, scene->write, scene->transaction, change->schema, change->key,
                                ret_row, error);
    if (status == STATUS_OK && change->wants_old) {
        change->old_key = arena_copy(&request->arena, (*ret_row)->key);
        status = evaluate_told(scene, change, *ret_row, &request->arena, &change->had_old, &change->old_image,
                               error);
    }
    return status == STATUS_OK ? evaluate_condition(scene, change, *ret_row, error) : status;
}

static enum status evaluate_change(const struct fold_scene *scene, struct write *request,
                                   struct write_change *change, struct fold_row *row, struct error *error)
{
    if (change->kind == CHANGE_TABLE) {
        struct fold_row *told = arena_create(&scene->fold->arena, sizeof(*told));
        *told = (struct fold_row){.schema = change->schema, .table_change = change};
        transaction_add(scene->fold, scene->transaction, told);
        return STATUS_OK;
    }
    enum status status = evaluate_effect(scene, change, row, error);
    if (row == NULL) {
        return status;
    }
    row->bounded = row->is_unwritten ? change : row->bounded; /* before it is written to be told */
    if (status == STATUS_OK && change->wants_new) {
        status =
            evaluate_told(scene, change, row, &request->arena, &change->has_new, &change->new_image, error);
    }
    row->flags |= change->flags;
    return status;
}

/* --- read sets -------------------------------------------------------------------------------------------------- */

static enum status read_range_checksum(struct fold *fold, struct environment_write *write,
                                       const struct write_read *read, struct hash128 *ret_sum,
                                       struct error *error)
{
    struct environment_cursor *cursor = NULL;
    struct hash128 sum = {0};
    const struct deletions *under_way = NULL;
    enum status status = fold__under_way(fold, write, &under_way, error);
    if (status == STATUS_OK) {
        status = environment_write_cursor_open(write, TREE_ROWS, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = environment_cursor_seek_at_or_after(cursor, read->low, error);
    }
    while (status == STATUS_OK && bytes_compare(environment_cursor_key(cursor), read->high) < 0) {
        struct bytes stored = {0};
        struct bytes key = {0};
        struct bytes image = {0};
        status = environment_cursor_value(cursor, &stored, error);
        if (status == STATUS_OK) {
            status = stored_row_decode(stored, &key, &image, error);
        }
        if (status == STATUS_OK && under_way->count > 0) { /* as its reader saw it */
            status = deletions_apply(under_way, UINT64_MAX, environment_cursor_key(cursor), key, image,
                                     &fold->arena, &image, error);
        }
        if (status == STATUS_OK) {
            sum = image.size > 0 ? stored_rows_checksum(sum, key, image) : sum;
            status = environment_cursor_next(cursor, error);
        }
    }
    environment_cursor_close(&cursor);
    *ret_sum = sum;
    return status == STATUS_END ? STATUS_OK : status;
}

/* Whether the table's rows are where they were read: a table that was truncated or dropped since has others, or none. */
static bool read_is_current(struct fold *fold, const struct write_read *read)
{
    const struct schema *current = catalog_find_table(fold->options.catalog, read->schema->table);
    uint32_t space = read->key.size == 0 ? bytes_get_u32(read->low.data) : read->schema->space;
    return current != NULL && current->space == space;
}

static enum status evaluate_read(struct fold *fold, struct environment_write *write,
                                 const struct write_read *read, struct error *error)
{
    struct hash128 sum = {0};
    bool is_absent = false;
    enum status status = STATUS_OK;
    if (!read_is_current(fold, read)) {
        return error_set(error, STATUS_CONFLICT, "table %.*s was emptied or dropped since it was read",
                         (int)read->schema->name.size, (const char *)read->schema->name.data);
    }
    if (read->key.size == 0) {
        status = read_range_checksum(fold, write, read, &sum, error);
    } else {
        struct fold_row row;
        status = evaluate_load(fold, write, read->schema, read->key, &row, error);
        is_absent = !row.has_new;
        sum = row.has_new ? stored_row_checksum(read->key, row.new_image) : sum;
    }
    if (status == STATUS_OK &&
        (is_absent != read->is_absent || sum.high != read->checksum.high || sum.low != read->checksum.low)) {
        status = error_set(error, STATUS_CONFLICT, "what was read of table %.*s has changed since",
                           (int)read->schema->name.size, (const char *)read->schema->name.data);
    }
    return status;
}

/* --- tokens ----------------------------------------------------------------------------------------------------- */

static struct value token_outcome(struct arena *arena, const struct write_token *token,
                                  const struct fold_batch *batch)
{
    uint8_t *hash = arena_create(arena, 16);
    bytes_put_u64(hash, token->hash.high);
    bytes_put_u64(hash + 8, token->hash.low);
    const struct value_member members[] = {
        {"expires", value_of_integer(batch->commit_time_us / 1000000 + FOLD_TOKEN_SECONDS)},
        {"hash", value_of_bytes(bytes_of(hash, 16))},
        {"lsn", value_of_integer((int64_t)batch->next_lsn)},
        {"principal", value_of_text(token->principal)},
        {"time", value_of_integer(batch->commit_time_us)},
        {"token", value_of_text(token->token)},
    };
    return value_of_members(arena, members, ARRAY_COUNT(members));
}

/* Finds the request of an earlier time. STATUS_OK with is_repeat, STATUS_MISMATCH, or STATUS_OK and the row that
 * remembers this one is part of the transaction. */
static enum status evaluate_token(struct fold *fold, struct environment_write *write,
                                  const struct fold_batch *batch, struct write *request,
                                  struct fold_transaction *transaction)
{
    const struct schema *schema = catalog_find_table(fold->options.catalog, CATALOG_REQUESTS);
    struct value principal = value_of_text(request->token.principal);
    struct value token = value_of_text(request->token.token);
    struct value item = token_outcome(&fold->arena, &request->token, batch);
    struct fold_row *row = arena_create(&fold->arena, sizeof(*row));
    struct buffer key = {0};
    enum status status = key_encode(schema, ROW_PLAIN, &principal, &token, 1, &key, &request->error);
    if (status == STATUS_OK) {
        struct bytes kept = arena_copy(&fold->arena, buffer_bytes(&key));
        status = evaluate_load(fold, write, schema, kept, row, &request->error);
    }
    buffer_reset(&key);
    if (status == STATUS_OK && row->had_old) {
        status = codec_value_decode(row->old_image, &fold->arena, &row->item, &request->error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (row->had_old && value_map_integer(&row->item, "expires") > batch->commit_time_us / 1000000) {
        const struct value *hash = value_map_get(&row->item, bytes_of_text("hash"));
        bool is_same = hash != NULL && hash->kind == VALUE_BYTES &&
                       bytes_equal(hash->bytes, value_map_get(&item, bytes_of_text("hash"))->bytes);
        request->is_repeat = is_same;
        request->lsn = (uint64_t)value_map_integer(&row->item, "lsn");
        request->commit_time_us = value_map_integer(&row->item, "time");
        return is_same ? STATUS_OK
                       : error_set(&request->error, STATUS_MISMATCH,
                                   "the token was used with another request within ten minutes");
    }
    struct buffer image = {0};
    codec_value_encode(&image, &item);
    row->new_image = arena_copy(&fold->arena, buffer_bytes(&image));
    row->has_new = true;
    transaction_add(fold, transaction, row);
    buffer_reset(&image);
    return STATUS_OK;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

/* Bytes of key and images in a record that has the row before and after: of what it was only what differs. */
static size_t record_bytes(const struct fold *fold, struct bytes key, struct bytes old_image,
                           struct bytes new_image)
{
    struct record record = {.new_image = new_image};
    size_t bytes = key.size + new_image.size + old_image.size;
    if (bytes > fold->record_bytes_max) { /* seldom: the comparison costs something */
        record_set_old_image(&record, old_image);
        bytes -= record.old_prefix.size + record.old_suffix.size;
    }
    return bytes;
}

/* Whether each record of a row fits: what it becomes may, and what it was, and both together not. */
static enum status evaluate_records(struct fold *fold, const struct fold_row *row, struct error *error)
{
    struct bytes before = row->had_old ? row->old_image : (struct bytes){0};
    for (size_t i = 0; i <= row->stages_count; i++) {
        bool is_last = i == row->stages_count;
        bool is_there = is_last ? row->has_new : row->stages[i].is_there;
        struct bytes image = is_last ? row->new_image : row->stages[i].image;
        struct bytes after = is_there ? image : (struct bytes){0};
        size_t bytes = record_bytes(fold, row->key, before, after);
        if (bytes > fold->record_bytes_max) {
            return error_set(error, STATUS_TOO_LARGE,
                             "a change from %zu to %zu bytes; the log takes %zu in one record", before.size,
                             after.size, fold->record_bytes_max);
        }
        before = after;
    }
    return STATUS_OK;
}

static enum status evaluate_size(struct fold *fold, const struct fold_transaction *transaction,
                                 struct error *error)
{
    size_t bytes = 0;
    for (size_t i = 0; i < transaction->count; i++) {
        const struct fold_row *row = transaction->rows[i];
        enum status status = row->table_change == NULL ? evaluate_records(fold, row, error) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
        bytes += row->key.size + (row->has_new ? row->new_image.size : 0);
    }
    return bytes <= fold->transaction_bytes_max
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE, "a transaction of %zu bytes; %zu fit", bytes,
                           fold->transaction_bytes_max);
}

enum {
    FEW_CHANGES = 8, /* rows of so few are found without a map */
};

static bool request_has(const struct write *request, enum change_kind kind)
{
    for (size_t i = 0; i < request->count; i++) {
        if (request->changes[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* Notes what became of a change; true when the rest is in vain. */
static bool evaluate_note(struct write *request, struct write_change *change, const struct error *error,
                          enum status *first)
{
    if (change->status == STATUS_OK) {
        return false;
    }
    change->text = arena_format(&request->arena, "%s", error->text);
    if (*first == STATUS_OK) {
        *first = change->status;
        request->error = *error;
    }
    return *first == STATUS_IO || *first == STATUS_CORRUPT || *first == STATUS_FULL;
}

/* Writes the rows of wide tables that were changed. Each failure is that of the row's last change. */
static enum status evaluate_write(const struct fold_scene *scene, struct write *request)
{
    enum status first = STATUS_OK;
    for (size_t i = 0; i < scene->transaction->count; i++) {
        struct error error = {0};
        struct fold_row *row = scene->transaction->rows[i];
        fold__wide_write(scene, row);
        if (row->bounded != NULL) {
            row->bounded->status = evaluate_row_bytes(row, &error);
            (void)evaluate_note(request, row->bounded, &error, &first);
        }
    }
    return first;
}

/* Judges all changes, so that each can say what is wrong with it; the first failure is the request's. */
static enum status evaluate_changes(const struct fold_scene *scene, struct write *request)
{
    enum status first = STATUS_OK;
    for (size_t i = 0; i < request->count; i++) {
        struct error error = {0};
        struct fold_row *row = NULL;
        struct write_change *change = &request->changes[i];
        change->status = evaluate_judge(scene, request, change, &row, &error);
        if (change->status == STATUS_OK) {
            change->status = evaluate_change(scene, request, change, row, &error);
        }
        if (evaluate_note(request, change, &error, &first)) {
            break;
        }
    }
    return first;
}

/* CQL's batches: every condition is about what was there before; then all has one timestamp, so order does not matter,
 * and what deletes many rows goes first, for the others to see it. */
static enum status evaluate_wide_changes(const struct fold_scene *scene, struct write *request)
{
    enum status first = STATUS_OK;
    struct fold_row **rows =
        arena_create_array(&scene->fold->arena, request->count, sizeof(struct fold_row *));
    for (size_t i = 0; i < request->count; i++) {
        struct error error = {0};
        struct write_change *change = &request->changes[i];
        change->status = evaluate_judge(scene, request, change, &rows[i], &error);
        if (change->status == STATUS_OK && change->wide != NULL && !change->wide->has_timestamp) {
            change->status = fold__wide_timestamp(scene, change, &error);
        }
        if (evaluate_note(request, change, &error, &first)) {
            return first;
        }
    }
    for (size_t i = 0; i < 2 * request->count && first == STATUS_OK; i++) {
        struct error error = {0};
        struct write_change *change = &request->changes[i % request->count];
        if ((change->kind == CHANGE_WIDE_DELETE) == (i < request->count)) {
            change->status = evaluate_change(scene, request, change, rows[i % request->count], &error);
            (void)evaluate_note(request, change, &error, &first);
        }
    }
    return first;
}

enum status fold__evaluate(struct fold *fold, struct environment_write *write, struct fold_batch *batch,
                           struct write *request, struct fold_transaction *ret_transaction)
{
    const char *refusal = fold_refusal(fold);
    if (refusal != NULL && !fold->is_opening) {
        return error_set(&request->error, STATUS_CLOCK, "%s", refusal);
    }
    bool deletes_many = request_has(request, CHANGE_WIDE_DELETE);
    bool is_wide = deletes_many || request_has(request, CHANGE_WIDE);
    *ret_transaction = (struct fold_transaction){.timestamp = batch->commit_time_us,
                                                 .now_s = request->has_now ? request->now_s
                                                                           : batch->commit_time_us / 1000000};
    ret_transaction->by_key = request->count > FEW_CHANGES || deletes_many ? map_create() : NULL;
    struct fold_scene scene = {.fold = fold, .write = write, .batch = batch, .transaction = ret_transaction};
    enum status status = STATUS_OK;
    request->is_repeat = false;
    if (request->token.token.size > 0) {
        status = evaluate_token(fold, write, batch, request, ret_transaction);
    }
    if (status != STATUS_OK || request->is_repeat) {
        return status;
    }
    for (size_t i = 0; i < request->reads_count && status == STATUS_OK; i++) {
        status = evaluate_read(fold, write, &request->reads[i], &request->error);
    }
    if (status == STATUS_OK) {
        status = is_wide ? evaluate_wide_changes(&scene, request) : evaluate_changes(&scene, request);
    }
    if (status == STATUS_OK) {
        status = evaluate_write(&scene, request);
    }
    return status == STATUS_OK ? evaluate_size(fold, ret_transaction, &request->error) : status;
}

void fold__transaction_reset(struct fold_transaction *transaction)
{
    map_destroy(&transaction->by_key);
    *transaction = (struct fold_transaction){0};
}
