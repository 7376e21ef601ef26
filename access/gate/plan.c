/* Transactions on their way to the writer: planned against the catalog, and again when it changed meanwhile. */
#include "base/memory.h"
#include "catalog/catalog.h"
#include "codec/pack.h"
#include "fold/fold.h"
#include "fold/write.h"
#include "gate/bounds.h"
#include "gate_private.h"
#include "row/key.h"

static enum status plan_column(const struct key_column *column, const struct value *item, struct arena *arena,
                               struct value *ret_value, struct error *error)
{
    const struct value *found = value_map_get(item, column->name);
    if (found == NULL) {
        (void)error_set(error, STATUS_INVALID,
                        "One or more parameter values were invalid: Missing the key %.*s in the item",
                        (int)column->name.size, (const char *)column->name.data);
        return STATUS_INVALID;
    }
    *ret_value = type_coerce(&column->type, found, arena);
    return STATUS_OK;
}

/* Only entries of indexes have partition keys of no bytes. */
static enum status plan_check_partition(struct bytes key, struct error *error)
{
    return key_partition(key).size > 0
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "a partition key must have 1 to %d bytes, this one has 0",
                           PARTITION_BYTES_MAX);
}

enum status gate__key(const struct schema *schema, const struct value *item, struct buffer *ret_key,
                      struct error *error)
{
    struct value partition[PARTITION_COLUMNS_MAX];
    struct value clustering[CLUSTERING_COLUMNS_MAX];
    struct arena arena = {0};
    enum status status = STATUS_OK;
    if (item->kind != VALUE_MAP) {
        return error_set(error, STATUS_INVALID, "an item must be a map of attributes");
    }
    for (size_t i = 0; i < schema->partition_count && status == STATUS_OK; i++) {
        status = plan_column(&schema->partition[i], item, &arena, &partition[i], error);
    }
    for (size_t i = 0; i < schema->clustering_count && status == STATUS_OK; i++) {
        status = plan_column(&schema->clustering[i], item, &arena, &clustering[i], error);
    }
    if (status == STATUS_OK) {
        status =
            key_encode(schema, ROW_PLAIN, partition, clustering, schema->clustering_count, ret_key, error);
    }
    arena_reset(&arena);
    return status == STATUS_OK ? plan_check_partition(buffer_bytes(ret_key), error) : status;
}

/* A transaction on its way, with what the door wants to hear. It lies in the arena of its own write. */
struct gate_pending {
    struct write write; /* first member: it comes back through `complete` */
    struct gate *gate;
    const struct gate_change *changes;
    void (*done)(void *context, const struct gate_outcome *outcome);
    void *context;
    bool is_plain;
    int plans; /* how often it was planned */
};

/* An update must leave the key alone. */
static enum status plan_update(const struct schema *schema, const struct update *update, struct error *error)
{
    for (size_t i = 0; i < update->count; i++) {
        struct bytes name = update->actions[i].path.elements[0].name;
        for (size_t k = 0; k < schema->partition_count + schema->clustering_count; k++) {
            struct bytes column = schema_key_column(schema, k)->name;
            if (bytes_equal(name, column)) {
                return error_set(
                    error, STATUS_INVALID,
                    "One or more parameter values were invalid: Cannot update attribute %.*s. This "
                    "attribute is part of the key",
                    (int)name.size, (const char *)name.data);
            }
        }
    }
    return STATUS_OK;
}

/* The key attributes of an item, as a map. */
static const struct value *plan_key_item(const struct schema *schema, const struct value *item,
                                         struct arena *arena)
{
    size_t count = schema->partition_count + schema->clustering_count;
    struct value *map = arena_create(arena, sizeof(*map));
    *map = (struct value){.kind = VALUE_MAP, .pairs = {.count = count}};
    map->pairs.at = arena_create_array(arena, 2 * count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        struct bytes name = schema_key_column(schema, i)->name;
        map->pairs.at[2 * i] = value_of_text(name);
        map->pairs.at[2 * i + 1] = *value_map_get(item, name);
    }
    CHECK(value_map_sort(map));
    return map;
}

static enum status plan_image(const struct gate_change *change, struct arena *arena, struct bytes *ret_image,
                              struct error *error)
{
    uint8_t space[4 * GATE_KEY_SPACE];
    struct buffer image = buffer_over(space, sizeof(space));
    codec_value_encode(&image, change->item);
    enum status status = STATUS_OK;
    if (image.size > GATE_ITEM_BYTES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "an item of %zu bytes; %d are allowed", image.size,
                           GATE_ITEM_BYTES_MAX);
    } else {
        *ret_image = arena_copy(arena, buffer_bytes(&image));
    }
    buffer_reset(&image);
    return status;
}

/* The record key that a change is about. */
static enum status plan_key(const struct schema *schema, const struct gate_change *change,
                            struct buffer *ret_key, struct error *error)
{
    if (change->slice == NULL) {
        return gate__key(schema, change->item, ret_key, error);
    }
    if (schema->kind != TABLE_WIDE) {
        return error_set(error, STATUS_INVALID, "table %.*s has no rows with columns", (int)schema->name.size,
                         (const char *)schema->name.data);
    }
    enum status status =
        change->kind == GATE_WIDE_DELETE
            ? key_encode(schema, ROW_HEADER, change->slice->partition, NULL, 0, ret_key, error)
            : gate__slice_key(schema, change->slice, ret_key, error);
    return status == STATUS_OK ? plan_check_partition(buffer_bytes(ret_key), error) : status;
}

static enum status plan_range(const struct schema *schema, const struct gate_change *change,
                              struct arena *arena, const struct wide_range **ret_range, struct error *error)
{
    if (change->kind != GATE_WIDE_DELETE || !change->slice->has_bounds) {
        return STATUS_OK;
    }
    struct wide_range *range = arena_create(arena, sizeof(*range));
    *ret_range = range;
    return gate__slice_range(schema, change->slice, arena, range, error);
}

static enum status plan_change(struct gate *gate, const struct gate_change *change, struct arena *arena,
                               struct write_change *ret_change, struct error *error)
{
    static const enum change_kind kinds[] = {
        [GATE_PUT] = CHANGE_PUT,     [GATE_DELETE] = CHANGE_DELETE, [GATE_UPDATE] = CHANGE_UPDATE,
        [GATE_CHECK] = CHANGE_CHECK, [GATE_WIDE] = CHANGE_WIDE,     [GATE_WIDE_DELETE] = CHANGE_WIDE_DELETE};
    const struct schema *schema = NULL;
    uint8_t space[GATE_KEY_SPACE];
    struct buffer key = buffer_over(space, sizeof(space));
    enum status status = gate_table_find(gate, change->table, &schema, error);
    if (status == STATUS_OK && schema->table < CATALOG_TABLE_FIRST && !change->is_system) {
        status = error_set(error, STATUS_DENIED, "system tables are written by the server itself");
    }
    if (status == STATUS_OK) {
        status = plan_key(schema, change, &key, error);
    }
    if (status == STATUS_OK && change->kind == GATE_UPDATE) {
        status = plan_update(schema, change->update, error);
    }
    if (status == STATUS_OK) {
        *ret_change = (struct write_change){
            .kind = kinds[change->kind],
            .presence = (enum write_presence)change->presence,
            .flags = change->is_housekeeping ? RECORD_HOUSEKEEPING : 0,
            .wants_old = change->wants_old,
            .wants_new = change->wants_new,
            .schema = schema,
            .key = arena_copy(arena, buffer_bytes(&key)),
            .condition = change->condition,
            .wide = change->wide,
            .update = change->update,
            .bounds = change->bounds,
        };
        status = plan_range(schema, change, arena, &ret_change->range, error);
        if (status == STATUS_OK && change->kind == GATE_PUT) {
            status = plan_image(change, arena, &ret_change->image, error);
        } else if (change->kind == GATE_UPDATE) {
            ret_change->key_item = plan_key_item(schema, change->item, arena);
        }
    }
    buffer_reset(&key);
    return status;
}

static enum status plan_all(struct gate_pending *pending, size_t *ret_change, struct error *error)
{
    struct write *write = &pending->write;
    for (size_t i = 0; i < write->count; i++) {
        enum status status =
            plan_change(pending->gate, &pending->changes[i], &write->arena, &write->changes[i], error);
        write->changes[i].is_plain = pending->is_plain;
        if (status != STATUS_OK) {
            *ret_change = i;
            return status;
        }
    }
    pending->plans++;
    return STATUS_OK;
}

static void plan_answer(struct gate_pending *pending)
{
    struct write *write = &pending->write;
    struct gate_change_outcome *changes = arena_create_array(&write->arena, write->count, sizeof(*changes));
    for (size_t i = 0; i < write->count; i++) {
        const struct write_change *change = &write->changes[i];
        changes[i] = (struct gate_change_outcome){.status = change->status,
                                                  .text = change->text,
                                                  .had_old = change->had_old,
                                                  .has_new = change->has_new,
                                                  .old_key = change->old_key,
                                                  .old_image = change->old_image,
                                                  .new_image = change->new_image};
    }
    struct gate_outcome outcome = {.status = write->status,
                                   .text = write->error.text,
                                   .is_repeat = write->is_repeat,
                                   .lsn = write->lsn,
                                   .term = write->term,
                                   .commit_time_us = write->commit_time_us,
                                   .changes = changes,
                                   .count = write->count};
    pending->done(pending->context, &outcome);
    struct arena all = write->arena;
    arena_reset(&all);
}

/* Thread: the writer. A stale plan is made anew, a few times. */
static void plan_complete(struct write *write)
{
    struct gate_pending *pending = (struct gate_pending *)write;
    size_t change = 0;
    if (write->status == STATUS_STALE && pending->plans < GATE_PLANS_MAX) {
        enum status status = plan_all(pending, &change, &write->error);
        if (status == STATUS_OK) {
            fold_submit_again(pending->gate->options.fold, write);
            return;
        }
        write->status = status;
    }
    plan_answer(pending);
}

static enum status plan_reads(struct gate_pending *pending, const struct gate_transaction *transaction,
                              struct error *error)
{
    struct write *write = &pending->write;
    struct write_read *reads = arena_create_array(&write->arena, transaction->reads_count, sizeof(*reads));
    for (size_t i = 0; i < transaction->reads_count; i++) {
        const struct gate_read *read = &transaction->reads[i];
        const struct schema *schema = NULL;
        enum status status = gate_table_find(pending->gate, read->table, &schema, error);
        if (status != STATUS_OK) {
            return status;
        }
        reads[i] = (struct write_read){.schema = schema,
                                       .key = read->key,
                                       .low = read->low,
                                       .high = read->high,
                                       .checksum = read->checksum,
                                       .is_absent = read->is_absent};
    }
    write->reads = reads;
    write->reads_count = transaction->reads_count;
    return STATUS_OK;
}

static enum status plan_submit(struct gate_pending *pending, struct error *error)
{
    enum status status = fold_submit(pending->gate->options.fold, &pending->write);
    if (status == STATUS_BUSY) {
        return error_set(error, status, "too many writes wait for the disk (%d); try again",
                         FOLD_QUEUE_ENTRIES_MAX);
    }
    return status == STATUS_OK ? status : error_set(error, status, "the server is stopping");
}

enum status gate_submit(struct gate *gate, struct gate_transaction *transaction, size_t *ret_change,
                        struct error *error)
{
    size_t change = 0;
    if (transaction->count == 0 || transaction->count > FOLD_CHANGES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "a transaction has 1 to %d changes", FOLD_CHANGES_MAX);
    }
    struct gate_pending *pending = arena_create(transaction->arena, sizeof(*pending));
    struct write *write = &pending->write;
    pending->gate = gate;
    pending->changes = transaction->changes;
    pending->done = transaction->done;
    pending->context = transaction->context;
    pending->is_plain = transaction->is_plain;
    write->arena = *transaction->arena;
    write->complete = plan_complete;
    write->count = transaction->count;
    write->changes = arena_create_array(&write->arena, write->count, sizeof(*write->changes));
    write->actor = transaction->actor;
    write->cause = transaction->cause;
    write->hops = transaction->hops;
    write->has_now = transaction->has_now;
    write->now_s = transaction->now_s;
    write->token = (struct write_token){.principal = transaction->actor,
                                        .token = transaction->token,
                                        .hash = transaction->token_hash};
    enum status status = plan_all(pending, &change, error);
    if (status == STATUS_OK) {
        status = plan_reads(pending, transaction, error);
    }
    /* From the moment it is submitted the writer may answer, and the door may let go of the transaction. */
    struct arena *arena = transaction->arena;
    struct arena kept = write->arena;
    *arena = (struct arena){0};
    if (status == STATUS_OK) {
        status = plan_submit(pending, error);
    }
    if (status != STATUS_OK) {
        *arena = kept;
        if (ret_change != NULL) {
            *ret_change = change;
        }
    }
    return status;
}
