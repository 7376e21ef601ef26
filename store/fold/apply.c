/* Folding: a record's images become rows. The same code serves the writer and replay (DESIGN §1). */
#include <stdlib.h>

#include "catalog/rows.h"
#include "codec/pack.h"
#include "fold_private.h"
#include "row/key.h"
#include "row/stored.h"

static const struct schema *record_schema(struct catalog *catalog, const struct record *record,
                                          struct error *error)
{
    const struct schema *schema = catalog_find_version(catalog, record->table, record->schema_version);
    if (schema == NULL) {
        (void)error_set(error, STATUS_CORRUPT, "a record of table %u, schema version %u, which is not known",
                        record->table, record->schema_version);
    }
    return schema;
}

static bool record_is_row(const struct record *record)
{
    return record->operation == OPERATION_INSERT || record->operation == OPERATION_MODIFY ||
           record->operation == OPERATION_REMOVE;
}

/* --- entries of indexes ----------------------------------------------------------------------------------------- */

static enum status entry_put(struct fold *fold, struct environment_write *write, enum environment_tree tree,
                             uint32_t space, struct bytes value, int sign, struct error *error)
{
    bool was_there = false;
    struct bytes entry = buffer_bytes(&fold->entry);
    struct bytes stored;
    enum status status = STATUS_OK;
    if (sign < 0) {
        status = environment_write_erase(write, tree, entry, &was_there, error);
    } else {
        status = environment_write_get(write, tree, entry, &stored, error);
        was_there = status != STATUS_OK;
        status = status == STATUS_OK || status == STATUS_NOT_FOUND
                     ? environment_write_put(write, tree, entry, value, error)
                     : status;
    }
    /* An index being filled may not have had the entry yet; it counts what is there. */
    return status == STATUS_OK && tree == TREE_INDEX && was_there
               ? fold__totals_entry(fold, write, space, sign, entry.size + value.size, error)
               : status;
}

/* An entry that comes or goes. */
struct entry_change {
    struct fold *fold;
    struct environment_write *write;
    uint32_t space;
    struct bytes key;
    int sign;
};

static enum status entry_change(void *context, struct bytes entry, struct error *error)
{
    const struct entry_change *change = context;
    buffer_clear(&change->fold->entry);
    buffer_put(&change->fold->entry, entry);
    return entry_put(change->fold, change->write, TREE_INDEX, change->space, change->key, change->sign,
                     error);
}

static enum status expiry_change(struct fold *fold, struct environment_write *write,
                                 const struct schema *schema, struct bytes key, struct bytes storage_key,
                                 int64_t seconds, int sign, struct error *error)
{
    uint8_t table[4];
    buffer_clear(&fold->entry);
    index_expiry_key(seconds, storage_key, &fold->entry);
    buffer_clear(&fold->stored);
    bytes_put_u32(table, schema->table);
    buffer_put(&fold->stored, bytes_of(table, sizeof(table)));
    buffer_put(&fold->stored, key);
    return entry_put(fold, write, TREE_EXPIRY, schema->space, buffer_bytes(&fold->stored), sign, error);
}

static enum status entries_of_item(struct fold *fold, struct environment_write *write,
                                   const struct schema *schema, const struct index_schema *index,
                                   struct bytes key, struct bytes storage_key, const struct value *item,
                                   int sign, struct error *error)
{
    enum status status = STATUS_OK;
    int64_t seconds = 0;
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        const struct index_schema *each = &schema->indexes[i];
        if (index == NULL || index->space == each->space) {
            struct entry_change change = {fold, write, each->space, key, sign};
            status = index_entry_keys(schema, each, storage_key, item, entry_change, &change, error);
        }
    }
    bool expires = index == NULL && schema->kind != TABLE_WIDE && index_expiry_of(schema, item, &seconds);
    return status == STATUS_OK && expires
               ? expiry_change(fold, write, schema, key, storage_key, seconds, sign, error)
               : status;
}

enum status fold__entries(struct fold *fold, struct environment_write *write, const struct schema *schema,
                          const struct index_schema *index, struct bytes key, struct bytes storage_key,
                          struct bytes image, int sign, struct error *error)
{
    struct value item;
    struct arena arena = {0};
    bool ages = false;
    int64_t seconds = 0;
    enum status status = STATUS_OK;
    if (schema->kind == TABLE_WIDE && index == NULL) {
        status = fold__wide_event(schema, key, image, &ages, &seconds, error);
        status = status == STATUS_OK && ages
                     ? expiry_change(fold, write, schema, key, storage_key, seconds, sign, error)
                     : status;
    }
    if (status == STATUS_OK && (schema->kind != TABLE_WIDE || schema->indexes_count > 0)) {
        status = index_item(schema, key, image, &arena, &item, error);
        status = status == STATUS_OK
                     ? entries_of_item(fold, write, schema, index, key, storage_key, &item, sign, error)
                     : status;
    }
    arena_reset(&arena);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- records ---------------------------------------------------------------------------------------------------- */

static enum status apply_entries(struct fold *fold, struct environment_write *write,
                                 const struct schema *schema, const struct record *record,
                                 struct bytes old_image, struct error *error)
{
    enum status status = STATUS_OK;
    struct bytes storage_key = arena_copy(&fold->arena, buffer_bytes(&fold->storage_key));
    if ((record->flags & RECORD_HAS_OLD) != 0) {
        status = fold__entries(fold, write, schema, NULL, record->key, storage_key, old_image, -1, error);
    }
    if (status == STATUS_OK && (record->flags & RECORD_HAS_NEW) != 0) {
        status =
            fold__entries(fold, write, schema, NULL, record->key, storage_key, record->new_image, 1, error);
    }
    return status;
}

enum status fold__apply(struct fold *fold, struct environment_write *write, const struct record *record,
                        uint64_t lsn, struct error *error)
{
    if (!record_is_row(record)) {
        return fold__retire(fold, write, record, lsn, error);
    }
    const struct schema *schema = record_schema(fold->options.catalog, record, error);
    if (schema == NULL) {
        return STATUS_CORRUPT;
    }
    buffer_clear(&fold->storage_key);
    enum status status = key_storage(schema, record->key, &fold->storage_key, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct bytes key = buffer_bytes(&fold->storage_key);
    if ((record->flags & RECORD_HAS_NEW) == 0) {
        status = environment_write_erase(write, TREE_ROWS, key, NULL, error);
    } else {
        buffer_clear(&fold->stored);
        stored_row_encode(record->key, record->new_image, &fold->stored);
        status = environment_write_put(write, TREE_ROWS, key, buffer_bytes(&fold->stored), error);
    }
    buffer_clear(&fold->old_image);
    struct bytes old_image = record_old_image(record, &fold->old_image);
    if (status == STATUS_OK) {
        status = fold__totals_row(fold, write, schema->space, record, old_image, error);
    }
    bool has_entries =
        schema->indexes_count > 0 || schema->ttl_attribute.size > 0 || schema->kind == TABLE_WIDE;
    return status == STATUS_OK && has_entries ? apply_entries(fold, write, schema, record, old_image, error)
                                              : status;
}

/* Where a change's keys go, and what they are made from. */
struct key_target {
    void (*add)(void *context, uint32_t space, struct bytes key);
    void *context;
};

/* The entries of one image. */
struct entry_list {
    struct arena *arena;
    struct bytes *at;
    size_t count;
};

static enum status entry_note(void *context, struct bytes entry, struct error *error)
{
    struct entry_list *list = context;
    (void)error;
    list->at = arena_grow_array(list->arena, list->at, list->count, sizeof(*list->at));
    list->at[list->count++] = arena_copy(list->arena, entry);
    return STATUS_OK;
}

static int entry_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void entry_sort(struct entry_list *list)
{
    if (list->count > 1) {
        qsort(list->at, list->count, sizeof(*list->at), entry_compare);
    }
}

/* Those that only one of the images has; each once. */
static void entries_that_differ(struct entry_list lists[2], uint32_t space, const struct key_target *target)
{
    size_t at[2] = {0, 0};
    entry_sort(&lists[0]);
    entry_sort(&lists[1]);
    while (at[0] < lists[0].count || at[1] < lists[1].count) {
        bool has[2] = {at[0] < lists[0].count, at[1] < lists[1].count};
        int order = !has[0] ? 1 : !has[1] ? -1 : bytes_compare(lists[0].at[at[0]], lists[1].at[at[1]]);
        struct bytes least = order <= 0 ? lists[0].at[at[0]] : lists[1].at[at[1]];
        if (order != 0) {
            target->add(target->context, space, least);
        }
        for (size_t k = 0; k < 2; k++) {
            while (at[k] < lists[k].count && bytes_equal(lists[k].at[at[k]], least)) {
                at[k]++;
            }
        }
    }
}

static enum status record_entry_keys(const struct schema *schema, struct bytes key, struct bytes storage_key,
                                     struct bytes old_image, struct bytes new_image,
                                     const struct key_target *target, struct error *error)
{
    struct arena arena = {0};
    struct value items[2];
    struct bytes images[2] = {old_image, new_image};
    enum status status = STATUS_OK;
    for (size_t k = 0; k < 2 && status == STATUS_OK; k++) {
        items[k] = (struct value){.kind = VALUE_MAP};
        status =
            images[k].size > 0 ? index_item(schema, key, images[k], &arena, &items[k], error) : STATUS_OK;
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        struct entry_list lists[2] = {{.arena = &arena}, {.arena = &arena}};
        for (size_t k = 0; k < 2 && status == STATUS_OK; k++) {
            status = index_entry_keys(schema, &schema->indexes[i], storage_key, &items[k], entry_note,
                                      &lists[k], error);
        }
        if (status == STATUS_OK) {
            entries_that_differ(lists, schema->indexes[i].space, target);
        }
    }
    arena_reset(&arena);
    return status;
}

enum status fold_record_keys(struct catalog *catalog, const struct record *record,
                             void (*add)(void *context, uint32_t space, struct bytes key), void *context,
                             struct error *error)
{
    struct key_target target = {.add = add, .context = context};
    struct buffer storage_key = {0};
    if (!record_is_row(record)) {
        return STATUS_OK;
    }
    const struct schema *schema = record_schema(catalog, record, error);
    if (schema == NULL) {
        return STATUS_CORRUPT;
    }
    enum status status = key_storage(schema, record->key, &storage_key, error);
    if (status == STATUS_OK) {
        add(context, schema->space, buffer_bytes(&storage_key));
    }
    if (status == STATUS_OK && schema->indexes_count > 0) {
        struct buffer old = {0};
        status = record_entry_keys(schema, record->key, buffer_bytes(&storage_key),
                                   record_old_image(record, &old), record->new_image, &target, error);
        buffer_reset(&old);
    }
    buffer_reset(&storage_key);
    return status;
}

/* One LMDB transaction of replay: whole log transactions, within the bounds. */
struct replay_step {
    struct environment_write *write;
    uint64_t records;
    uint64_t bytes;
    struct environment_point point;
};

static enum status replay_part(struct fold *fold, struct replay_step *step, const struct log_part *part,
                               struct error *error)
{
    struct reader reader = reader_of(part->records);
    struct record record;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < part->count && status == STATUS_OK; i++) {
        status = record_decode(&reader, &record, error);
        if (status == STATUS_OK) {
            status = fold__apply(fold, step->write, &record, part->first_lsn + i, error);
        }
        if (status == STATUS_OK && record.table == CATALOG_TABLES && (record.flags & RECORD_HAS_NEW) != 0) {
            status = catalog_apply(fold->options.catalog, record.new_image, error);
        }
        if (status != STATUS_OK) {
            error_prefix(error, "replay of LSN %llu", (unsigned long long)(part->first_lsn + i));
        }
    }
    step->records += part->count;
    step->bytes += part->records.size;
    step->point = (struct environment_point){.lsn = part->first_lsn + part->count - 1,
                                             .term = part->term,
                                             .commit_time_us = part->commit_time_us};
    return status == STATUS_END ? error_set(error, STATUS_CORRUPT, "a frame has fewer records than it says")
                                : status;
}

/* Folds parts until a transaction ends beyond the bounds, or the log ends (*ret_ended). */
static enum status replay_step_run(struct fold *fold, struct log_reader *reader, bool *ret_ended,
                                   struct error *error)
{
    struct replay_step step = {0};
    bool is_full = false;
    enum status status = environment_write_begin(fold->options.environment, &step.write, error);
    while (status == STATUS_OK && !is_full) {
        struct log_part part;
        status = log_reader_next(reader, UINT64_MAX - 1, &part, error);
        if (status == STATUS_OK) {
            status = replay_part(fold, &step, &part, error);
            is_full = part.is_complete &&
                      (step.records >= FOLD_REPLAY_RECORDS_MAX || step.bytes >= FOLD_REPLAY_BYTES_MAX);
        }
    }
    *ret_ended = status == STATUS_END;
    if (status == STATUS_END) {
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = fold__totals_flush(fold, step.write, error);
    }
    arena_clear(&fold->arena);
    if (status == STATUS_OK && step.records > 0) {
        environment_write_commit(&step.write, &step.point);
        fold->options.point = step.point;
    }
    environment_write_abort(&step.write);
    return status;
}

enum status fold__replay(struct fold *fold, struct error *error)
{
    struct log_reader *reader = NULL;
    uint64_t from = fold->options.point.lsn + 1;
    enum status status = log_reader_create(fold->options.log, from, (struct log_filter){0}, &reader, error);
    if (status == STATUS_TRIMMED) {
        status =
            error_set(error, STATUS_CORRUPT,
                      "the store contains LSN %llu, and what follows is not in the log; restore a backup",
                      (unsigned long long)fold->options.point.lsn);
    }
    bool has_ended = false;
    while (status == STATUS_OK && !has_ended) {
        status = replay_step_run(fold, reader, &has_ended, error);
    }
    log_reader_destroy(&reader);
    return status;
}

static enum status catalog_visit(void *context, struct bytes image, struct error *error)
{
    return catalog_apply(context, image, error);
}

enum status fold__load_catalog(struct fold *fold, struct error *error)
{
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    enum status status = environment_read_open(fold->options.environment, &read, error);
    if (status == STATUS_OK) {
        status = environment_read_cursor_open(read, TREE_ROWS, &cursor, error);
    }
    if (status == STATUS_OK) {
        status = catalog_rows_visit(cursor, CATALOG_TABLES, catalog_visit, fold->options.catalog, error);
    }
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return status;
}
