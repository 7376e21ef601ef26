/* What a request comes to: every condition, update and bound is judged here, before anything is put. */
#include "base/map.h"
#include "codec/pack.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

static enum status evaluate_load(struct fold *fold, struct environment_write *write,
                                 const struct schema *schema, struct bytes key, struct fold_row *ret_row,
                                 struct error *error)
{
    struct bytes stored = {0};
    struct bytes stored_key = {0};
    struct bytes image = {0};
    *ret_row = (struct fold_row){.schema = schema, .key = key};
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
    if (!bytes_equal(stored_key, key)) {
        return error_set(error, STATUS_INVALID,
                         "another partition key has the same hash; choose another key");
    }
    ret_row->had_old = true;
    ret_row->has_new = true;
    ret_row->old_image = arena_copy(&fold->arena, image); /* a put ends what was borrowed */
    ret_row->new_image = ret_row->old_image;
    return STATUS_OK;
}

/* The row as the changes before left it. */
static enum status evaluate_row(struct fold *fold, struct environment_write *write,
                                struct fold_transaction *transaction, const struct write_change *change,
                                struct fold_row **ret_row, struct error *error)
{
    struct buffer name = {0};
    struct fold_row *row = NULL;
    if (transaction->by_key != NULL) {
        buffer_put_u32(&name, change->schema->table);
        buffer_put(&name, change->key);
        row = map_get(transaction->by_key, buffer_bytes(&name));
    }
    enum status status = STATUS_OK;
    if (row == NULL) {
        row = &transaction->rows[transaction->count];
        status = evaluate_load(fold, write, change->schema, change->key, row, error);
        transaction->count += status == STATUS_OK;
        if (status == STATUS_OK && transaction->by_key != NULL) {
            (void)map_put(transaction->by_key, buffer_bytes(&name), row);
        }
    }
    buffer_reset(&name);
    *ret_row = row;
    return status;
}

static enum status evaluate_decode(struct fold *fold, struct fold_row *row, struct error *error)
{
    if (row->is_decoded || !row->has_new) {
        return STATUS_OK;
    }
    enum status status = codec_value_decode(row->new_image, &fold->arena, &row->item, error);
    row->is_decoded = status == STATUS_OK;
    return status;
}

static enum status evaluate_condition(struct fold *fold, const struct write_change *change,
                                      struct fold_row *row, struct error *error)
{
    if (change->presence != WRITE_ALWAYS && row->has_new != (change->presence == WRITE_IF_PRESENT)) {
        return error_set(error, STATUS_CONDITION,
                         row->has_new ? "the row exists already" : "there is no such row");
    }
    if (change->condition == NULL) {
        return STATUS_OK;
    }
    enum status status = evaluate_decode(fold, row, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct condition_facts facts = {.item = row->has_new ? &row->item : NULL};
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

static enum status evaluate_update(struct fold *fold, const struct write_change *change, struct fold_row *row,
                                   struct error *error)
{
    struct buffer image = {0};
    struct value item = {.kind = VALUE_MAP};
    enum status status = evaluate_decode(fold, row, error);
    if (status == STATUS_OK && row->has_new) {
        item = row->item;
    } else if (status == STATUS_OK) {
        codec_value_encode(&image, change->key_item); /* a copy, since the update changes it in place */
        struct bytes copy = arena_copy(&fold->arena, buffer_bytes(&image));
        status = codec_value_decode(copy, &fold->arena, &item, error);
        buffer_clear(&image);
    }
    if (status == STATUS_OK) {
        status = update_apply(change->update, &fold->arena, &item, error);
    }
    if (status == STATUS_OK && !value_is_within(&item, VALUE_DEPTH_MAX + 1)) {
        status =
            error_set(error, STATUS_INVALID,
                      "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
                      "levels beyond supported limit");
    }
    if (status == STATUS_OK) {
        codec_value_encode(&image, &item);
        row->new_image = arena_copy(&fold->arena, buffer_bytes(&image));
        row->item = item;
        row->is_decoded = true;
        row->has_new = true;
    }
    buffer_reset(&image);
    return status;
}

/* The expiry that the sweeper found must still be the row's, and be past. */
static enum status evaluate_expiry(struct fold *fold, struct environment_write *write,
                                   const struct fold_batch *batch, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    int64_t seconds = 0;
    struct buffer entry = {0};
    enum status status = evaluate_decode(fold, row, error);
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
        return environment_write_erase(write, TREE_EXPIRY, change->expiry_key, NULL, error);
    }
    if (status == STATUS_OK && seconds <= batch->commit_time_us / 1000000) {
        row->has_new = false;
        row->is_decoded = false;
    }
    return status;
}

static enum status evaluate_bounds(struct fold *fold, const struct write_change *change, struct fold_row *row,
                                   struct error *error)
{
    if (row->new_image.size > ROW_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "an item of %zu bytes; %d are allowed", row->new_image.size,
                         ROW_BYTES_MAX);
    }
    bool needs_tree = change->item_bytes_max > 0 || change->schema->indexes_count > 0;
    enum status status = needs_tree ? evaluate_decode(fold, row, error) : STATUS_OK;
    if (status == STATUS_OK && change->item_bytes_max > 0 &&
        document_bytes(&row->item) > change->item_bytes_max) {
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
        status = index_entry_key(&change->schema->indexes[i], buffer_bytes(&storage_key), &row->item, &entry,
                                 error);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    buffer_reset(&storage_key);
    buffer_reset(&entry);
    return status;
}

static enum status evaluate_effect(struct fold *fold, struct environment_write *write,
                                   const struct fold_batch *batch, const struct write_change *change,
                                   struct fold_row *row, struct error *error)
{
    switch (change->kind) {
    case CHANGE_PUT:
        row->has_new = true;
        row->is_decoded = false;
        row->new_image = change->image;
        return evaluate_bounds(fold, change, row, error);
    case CHANGE_UPDATE: {
        if (!row->has_new && update_only_removes(change->update)) {
            return STATUS_OK;
        }
        enum status status = evaluate_update(fold, change, row, error);
        return status == STATUS_OK ? evaluate_bounds(fold, change, row, error) : status;
    }
    case CHANGE_DELETE:
        row->has_new = false;
        row->is_decoded = false;
        return STATUS_OK;
    case CHANGE_EXPIRE:
        return evaluate_expiry(fold, write, batch, change, row, error);
    case CHANGE_CHECK:
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

static enum status evaluate_change(struct fold *fold, struct environment_write *write,
                                   const struct fold_batch *batch, struct write *request,
                                   struct write_change *change, struct fold_transaction *transaction,
                                   struct error *error)
{
    struct fold_row *row = NULL;
    enum status status = evaluate_stale(fold, change, error);
    if (status == STATUS_OK && change->kind == CHANGE_TABLE) {
        transaction->rows[transaction->count++] =
            (struct fold_row){.schema = change->schema, .table_change = change};
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = evaluate_row(fold, write, transaction, change, &row, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (change->wants_old && row->has_new) {
        change->had_old = true;
        change->old_image = arena_copy(&request->arena, row->new_image);
    }
    status = evaluate_condition(fold, change, row, error);
    if (status == STATUS_OK) {
        status = evaluate_effect(fold, write, batch, change, row, error);
    }
    if (status == STATUS_OK && change->wants_new && row->has_new) {
        change->has_new = true;
        change->new_image = arena_copy(&request->arena, row->new_image);
    }
    row->flags |= change->flags;
    return status;
}

/* --- read sets -------------------------------------------------------------------------------------------------- */

static enum status read_range_checksum(struct environment_write *write, const struct write_read *read,
                                       struct hash128 *ret_sum, struct error *error)
{
    struct environment_cursor *cursor = NULL;
    struct hash128 sum = {0};
    enum status status = environment_write_cursor_open(write, TREE_ROWS, &cursor, error);
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
        if (status == STATUS_OK) {
            sum = stored_rows_checksum(sum, key, image);
            status = environment_cursor_next(cursor, error);
        }
    }
    environment_cursor_close(&cursor);
    *ret_sum = sum;
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status evaluate_read(struct fold *fold, struct environment_write *write,
                                 const struct write_read *read, struct error *error)
{
    struct hash128 sum = {0};
    bool is_absent = false;
    enum status status = STATUS_OK;
    if (read->key.size == 0) {
        status = read_range_checksum(write, read, &sum, error);
    } else {
        struct fold_row row;
        status = evaluate_load(fold, write, read->schema, read->key, &row, error);
        is_absent = !row.had_old;
        sum = row.had_old ? stored_row_checksum(read->key, row.old_image) : sum;
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
    struct fold_row *row = &transaction->rows[transaction->count];
    struct buffer key = {0};
    enum status status = key_encode(schema, ROW_PLAIN, &principal, &token, 1, &key, &request->error);
    if (status == STATUS_OK) {
        struct bytes kept = arena_copy(&fold->arena, buffer_bytes(&key));
        status = evaluate_load(fold, write, schema, kept, row, &request->error);
    }
    buffer_reset(&key);
    if (status == STATUS_OK) {
        status = evaluate_decode(fold, row, &request->error);
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
    row->is_decoded = false;
    transaction->count++;
    buffer_reset(&image);
    return STATUS_OK;
}

/* --- the whole -------------------------------------------------------------------------------------------------- */

static enum status evaluate_size(struct fold *fold, const struct fold_transaction *transaction,
                                 struct error *error)
{
    size_t bytes = 0;
    for (size_t i = 0; i < transaction->count; i++) {
        const struct fold_row *row = &transaction->rows[i];
        bytes += row->key.size + (row->has_new ? row->new_image.size : 0);
    }
    return bytes <= fold->transaction_bytes_max
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE, "a transaction of %zu bytes; %zu fit", bytes,
                           fold->transaction_bytes_max);
}

/* Judges all changes, so that each can say what is wrong with it; the first failure is the request's. */
static enum status evaluate_changes(struct fold *fold, struct environment_write *write,
                                    const struct fold_batch *batch, struct write *request,
                                    struct fold_transaction *transaction)
{
    enum status first = STATUS_OK;
    for (size_t i = 0; i < request->count; i++) {
        struct error error = {0};
        struct write_change *change = &request->changes[i];
        change->status = evaluate_change(fold, write, batch, request, change, transaction, &error);
        if (change->status == STATUS_OK) {
            continue;
        }
        change->text = arena_format(&request->arena, "%s", error.text);
        if (first == STATUS_OK) {
            first = change->status;
            request->error = error;
        }
        if (first == STATUS_IO || first == STATUS_CORRUPT || first == STATUS_FULL) {
            break;
        }
    }
    return first;
}

enum status fold__evaluate(struct fold *fold, struct environment_write *write, const struct fold_batch *batch,
                           struct write *request, struct fold_transaction *ret_transaction)
{
    const char *refusal = fold_refusal(fold);
    if (refusal != NULL) {
        return error_set(&request->error, STATUS_CLOCK, "%s", refusal);
    }
    *ret_transaction = (struct fold_transaction){0};
    ret_transaction->rows = arena_create_array(&fold->arena, request->count + 1, sizeof(struct fold_row));
    ret_transaction->by_key = request->count > 1 ? map_create() : NULL;
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
        status = evaluate_changes(fold, write, batch, request, ret_transaction);
    }
    return status == STATUS_OK ? evaluate_size(fold, ret_transaction, &request->error) : status;
}

void fold__transaction_reset(struct fold_transaction *transaction)
{
    map_destroy(&transaction->by_key);
    *transaction = (struct fold_transaction){0};
}
