/* Rows, table by table in the order of their ids: each by itself, with the index entries that it should have, and all of them against
 * the additive hash that writes keep (store/fold/totals.c).
 *
 *   position   stage u8 | table u32 | [space u32 | LSN u64 | hash high u64, low u64 | is unsure u8 | storage key of the last row]
 *
 * Without the part in brackets the table after `table` is begun. The hash is that of the rows up to the last one, as of the LSN; the
 * next step first lays over it what the log says of those rows since. */
#include "catalog/index.h"
#include "codec/pack.h"
#include "fold/fold.h"
#include "row/key.h"
#include "row/stored.h"
#include "scrub_private.h"

struct rows {
    struct scrub *scrub;
    uint32_t table;
    const struct schema *schema;
    uint32_t space;
    uint64_t lsn;
    struct hash128 sum;
    bool is_unsure;     /* some row is damaged: the hash cannot be compared */
    struct bytes after; /* empty: a table begins */
    struct scrub_walk walk;
    struct arena arena;    /* of the row at hand */
    struct buffer storage; /* its key */
};

/* --- where it is ------------------------------------------------------------------------------------------------ */

static enum status rows_decode(struct rows *rows, struct error *error)
{
    struct reader *from = &rows->scrub->from;
    rows->table = from->rest.size == 0 ? 0 : reader_u32(from);
    if (from->rest.size > 0) {
        rows->space = reader_u32(from);
        rows->lsn = reader_u64(from);
        rows->sum.high = reader_u64(from);
        rows->sum.low = reader_u64(from);
        rows->is_unsure = reader_u8(from) != 0;
        rows->after = from->rest;
    }
    return from->failed ? error_set(error, STATUS_INVALID, "not a position that a scrub gave") : STATUS_OK;
}

/* The step after this begins the table that follows `table`. */
static void rows_go_after(struct rows *rows, uint32_t table)
{
    buffer_clear(rows->scrub->next);
    buffer_put_u8(rows->scrub->next, SCRUB_ROWS);
    buffer_put_u32(rows->scrub->next, table);
}

static void rows_go_on(struct rows *rows)
{
    struct buffer *next = rows->scrub->next;
    rows_go_after(rows, rows->table);
    buffer_put_u32(next, rows->space);
    buffer_put_u64(next, rows->lsn);
    buffer_put_u64(next, rows->sum.high);
    buffer_put_u64(next, rows->sum.low);
    buffer_put_u8(next, rows->is_unsure ? 1 : 0);
    buffer_put(next, buffer_bytes(&rows->storage));
}

static void rows_consider(void *context, const struct schema *schema)
{
    struct rows *rows = context;
    if (schema->table > rows->table && (rows->schema == NULL || schema->table < rows->schema->table)) {
        rows->schema = schema;
    }
}

/* The table to look at; NULL in rows->schema: there is none. */
static void rows_find_table(struct rows *rows)
{
    struct catalog *catalog = rows->scrub->options->catalog;
    if (rows->after.size > 0) {
        rows->schema = catalog_find_table(catalog, rows->table);
        return;
    }
    catalog_list(catalog, true, rows_consider, rows);
    if (rows->schema != NULL) {
        rows->table = rows->schema->table;
        rows->space = rows->schema->space;
    }
}

/* --- a row ------------------------------------------------------------------------------------------------------ */

/* An entry that a row should have. */
struct rows_entry {
    struct rows *rows;
    const struct index_schema *index;
    struct bytes key; /* of the row */
};

static enum status rows_check_entry(void *context, struct bytes entry, struct error *error)
{
    const struct rows_entry *wanted = context;
    struct bytes found = {0};
    enum status status = environment_read_get(wanted->rows->walk.read, TREE_INDEX, entry, &found, error);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !bytes_equal(found, wanted->key))) {
        status = error_set(error, STATUS_CORRUPT, "index %.*s lacks the row's entry",
                           (int)wanted->index->name.size, (const char *)wanted->index->name.data);
    }
    return status;
}

static enum status rows_check_entries(struct rows *rows, struct bytes key, struct bytes image,
                                      struct error *error)
{
    const struct schema *schema = rows->schema;
    struct value item;
    enum status status = index_item(schema, key, image, &rows->arena, &item, error);
    for (size_t i = 0; i < schema->indexes_count && status == STATUS_OK; i++) {
        const struct index_schema *index = &schema->indexes[i];
        struct rows_entry wanted = {.rows = rows, .index = index, .key = key};
        if (index->state == INDEX_ACTIVE) {
            status = index_entry_keys(schema, index, buffer_bytes(&rows->storage), &item, rows_check_entry,
                                      &wanted, error);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* it shows nothing, and has no entries */
}

/* The row that the walk stands on, whose storage key is in rows->storage. */
static enum status rows_check_row(struct rows *rows, struct bytes stored, struct error *error)
{
    struct bytes key = {0};
    struct bytes image = {0};
    struct buffer storage = {0};
    enum status status = stored_row_decode(stored, &key, &image, error);
    if (status == STATUS_OK) {
        status = key_storage(rows->schema, key, &storage, error);
    }
    if (status == STATUS_OK && !bytes_equal(buffer_bytes(&storage), buffer_bytes(&rows->storage))) {
        status = error_set(error, STATUS_CORRUPT, "the row is stored under another one's key");
    }
    if (status == STATUS_OK) {
        stored_hash_add(&rows->sum, stored_row_checksum(key, image));
        status = rows_check_entries(rows, key, image, error);
    }
    if (status != STATUS_OK) {
        scrub__name_row(rows->schema, key, error);
        status = status == STATUS_INVALID ? STATUS_CORRUPT : status; /* what is stored was valid once */
    }
    buffer_reset(&storage);
    arena_clear(&rows->arena);
    return status;
}

/* --- the hash --------------------------------------------------------------------------------------------------- */

/* Takes a change of a row that was passed already into the hash. */
static enum status rows_take_change(struct rows *rows, const struct record *record, struct error *error)
{
    struct buffer storage = {0};
    struct buffer old = {0};
    bool is_row = record->operation == OPERATION_INSERT || record->operation == OPERATION_MODIFY ||
                  record->operation == OPERATION_REMOVE;
    const struct schema *written =
        catalog_find_version(rows->scrub->options->catalog, record->table, record->schema_version);
    if (!is_row || record->table != rows->table || written == NULL || written->space != rows->space) {
        return STATUS_OK;
    }
    enum status status = key_storage(written, record->key, &storage, error);
    if (status == STATUS_OK && bytes_compare(buffer_bytes(&storage), rows->after) <= 0) {
        if ((record->flags & RECORD_HAS_OLD) != 0) {
            stored_hash_subtract(&rows->sum,
                                 stored_row_checksum(record->key, record_old_image(record, &old)));
        }
        if ((record->flags & RECORD_HAS_NEW) != 0) {
            stored_hash_add(&rows->sum, stored_row_checksum(record->key, record->new_image));
        }
    }
    buffer_reset(&old);
    buffer_reset(&storage);
    return status;
}

static enum status rows_take_part(struct rows *rows, const struct log_part *part, struct error *error)
{
    struct reader reader = reader_of(part->records);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < part->count && status == STATUS_OK; i++) {
        struct record record;
        status = record_decode(&reader, &record, error);
        if (status == STATUS_OK) {
            status = rows_take_change(rows, &record, error);
        }
    }
    return status;
}

/* Brings the hash from the step before to the snapshot's LSN. STATUS_TRIMMED: the log does not reach back so far. */
static enum status rows_catch_up(struct rows *rows, struct error *error)
{
    struct environment_point point = environment_read_point(rows->walk.read);
    struct log_reader *reader = NULL;
    struct log_part part = {0};
    struct log_filter filter = {.is_set = true, .table = rows->table, .shards = UINT16_MAX};
    uint64_t from = rows->lsn + 1;
    rows->lsn = point.lsn;
    if (rows->after.size == 0 || from > point.lsn || rows->is_unsure) {
        return STATUS_OK;
    }
    enum status status = log_reader_create(rows->scrub->options->log, from, filter, &reader, error);
    while (status == STATUS_OK) {
        status = log_reader_next(reader, point.lsn, &part, error);
        if (status == STATUS_OK) {
            status = rows_take_part(rows, &part, error);
        }
    }
    log_reader_destroy(&reader);
    if (status == STATUS_CORRUPT) { /* told of by the stage of the log */
        rows->is_unsure = true;
        return STATUS_OK;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status rows_compare_hash(struct rows *rows, struct error *error)
{
    uint8_t key[5] = {'T'};
    struct bytes stored = {0};
    struct fold_total total = {0};
    bytes_put_u32(key + 1, rows->space);
    enum status status =
        environment_read_get(rows->walk.read, TREE_METADATA, bytes_of(key, sizeof(key)), &stored, error);
    if (status == STATUS_OK && !fold_total_decode(stored, &total)) {
        return error_set(error, STATUS_CORRUPT, "malformed totals of space %u", rows->space);
    }
    struct hash128 kept = fold_total_hash(&total);
    bool is_same = kept.high == rows->sum.high && kept.low == rows->sum.low;
    if ((status == STATUS_OK || status == STATUS_NOT_FOUND) && !is_same && !rows->is_unsure) {
        return error_set(error, STATUS_CORRUPT,
                         "table %.*s: the rows as of LSN %llu are not those that were written: their hash is "
                         "another one",
                         (int)rows->schema->name.size, (const char *)rows->schema->name.data,
                         (unsigned long long)rows->lsn);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- a step ----------------------------------------------------------------------------------------------------- */

/* Rows until the step has enough. STATUS_END: there are no more. *ret_is_lost: the tree cannot be walked any further. */
static enum status rows_look(struct rows *rows, enum status status, bool *ret_is_lost, struct error *error)
{
    *ret_is_lost = status == STATUS_CORRUPT;
    while (status == STATUS_OK) {
        struct bytes stored = {0};
        buffer_clear(&rows->storage);
        buffer_put(&rows->storage, environment_cursor_key(rows->walk.cursor));
        status = environment_cursor_value(rows->walk.cursor, &stored, error);
        if (status == STATUS_OK) {
            status = rows_check_row(rows, stored, error);
        } else if (status == STATUS_CORRUPT) {
            error_prefix(error, "table %.*s", (int)rows->schema->name.size,
                         (const char *)rows->schema->name.data);
        }
        if (scrub__walk_is_full(&rows->walk, stored.size) || status != STATUS_OK) {
            break;
        }
        status = scrub__walk_next(&rows->walk, error);
        *ret_is_lost = status == STATUS_CORRUPT;
    }
    rows->scrub->step->count = rows->walk.count;
    return status;
}

static enum status rows_step(struct rows *rows, struct error *error)
{
    uint8_t prefix[4];
    bool is_lost = false;
    bytes_put_u32(prefix, rows->space);
    enum status found = scrub__walk_open(rows->scrub, TREE_ROWS, bytes_of(prefix, sizeof(prefix)),
                                         rows->after, &rows->walk, error);
    if (found != STATUS_OK && found != STATUS_END && found != STATUS_CORRUPT) {
        return found;
    }
    enum status status = rows_catch_up(rows, error);
    if (status == STATUS_TRIMMED) {
        rows_go_after(rows, rows->table - 1);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = rows_look(rows, found, &is_lost, error);
    }
    if (status == STATUS_END) {
        status = rows_compare_hash(rows, error);
        rows_go_after(rows, rows->table);
    } else if (is_lost) {
        rows_go_after(rows, rows->table);
    } else {
        rows->is_unsure = rows->is_unsure || status == STATUS_CORRUPT;
        rows_go_on(rows);
    }
    if (status == STATUS_CORRUPT &&
        catalog_find_table(rows->scrub->options->catalog, rows->table) != rows->schema) {
        rows_go_after(rows, rows->table - 1); /* it was changed meanwhile: look at what it is now */
        return STATUS_OK;
    }
    return status;
}

enum status scrub__rows(struct scrub *scrub, struct error *error)
{
    struct rows rows = {.scrub = scrub};
    enum status status = rows_decode(&rows, error);
    if (status != STATUS_OK) {
        return status;
    }
    rows_find_table(&rows);
    if (rows.schema == NULL && rows.after.size == 0) {
        scrub__end_stage(scrub, SCRUB_ROWS);
    } else if (rows.schema == NULL) { /* dropped meanwhile */
        rows_go_after(&rows, rows.table);
    } else if (rows.schema->space != rows.space) { /* truncated meanwhile */
        rows_go_after(&rows, rows.table - 1);
    } else {
        scrub->step->subject = rows.schema->name;
        status = rows_step(&rows, error);
    }
    scrub__walk_close(&rows.walk);
    buffer_reset(&rows.storage);
    arena_reset(&rows.arena);
    return status;
}
