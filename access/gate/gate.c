/* Writes and tables. Reads are in view.c. */
#include "gate/gate.h"

#include "base/memory.h"
#include "catalog/catalog.h"
#include "codec/pack.h"
#include "environment/environment.h"
#include "fold/fold.h"
#include "fold/write.h"
#include "gate/bounds.h"
#include "gate_private.h"
#include "row/key.h"
#include "value/decimal.h"

struct gate *gate_create(const struct gate_options *options)
{
    struct gate *gate = memory_create(sizeof(*gate));
    gate->options = *options;
    return gate;
}

void gate_destroy(struct gate **gate)
{
    memory_destroy(*gate);
    *gate = NULL;
}

enum status gate_table_find(struct gate *gate, struct bytes name, const struct schema **ret_schema,
                            struct error *error)
{
    const struct schema *schema = catalog_find(gate->options.catalog, name);
    if (schema == NULL) {
        (void)error_set(error, STATUS_NOT_FOUND, "there is no table %.*s",
                        (int)(name.size < 255 ? name.size : 255), (const char *)name.data);
        return STATUS_NOT_FOUND;
    }
    *ret_schema = schema;
    return STATUS_OK;
}

const struct schema *gate_schema_of(struct gate *gate, const struct record *record)
{
    return catalog_find_version(gate->options.catalog, record->table, record->schema_version);
}

void gate_table_list(struct gate *gate, bool with_system,
                     void (*visit)(void *context, const struct schema *schema), void *context)
{
    catalog_list(gate->options.catalog, with_system, visit, context);
}

/* Numbers of a document are decimals; an integer column takes those that are whole. */
static struct value gate_coerce(const struct type *type, const struct value *value, struct arena *arena)
{
    static const enum value_kind kinds[] = {
        [TYPE_TIMESTAMP] = VALUE_TIMESTAMP, [TYPE_DATE] = VALUE_DATE, [TYPE_TIME] = VALUE_TIME};
    struct value coerced = *value;
    bool wants_number = type->kind == TYPE_NUMBER;
    bool wants_integer = (type->kind >= TYPE_TINYINT && type->kind <= TYPE_BIGINT) ||
                         type->kind == TYPE_TIMESTAMP || type->kind == TYPE_DATE || type->kind == TYPE_TIME;
    int64_t integer = 0;
    if (wants_number && value->kind == VALUE_INTEGER) {
        coerced = (struct value){.kind = VALUE_DECIMAL, .decimal = decimal_of_integer(value->integer, arena)};
    } else if (wants_integer && value->kind == VALUE_DECIMAL &&
               decimal_to_integer(&value->decimal, &integer)) {
        coerced = value_of_integer(integer);
    }
    bool is_time = type->kind == TYPE_TIMESTAMP || type->kind == TYPE_DATE || type->kind == TYPE_TIME;
    if (is_time && coerced.kind == VALUE_INTEGER) {
        coerced.kind = kinds[type->kind];
    }
    if (type->kind == TYPE_DOUBLE && value->kind == VALUE_DECIMAL) {
        coerced = (struct value){.kind = VALUE_DOUBLE, .float64 = decimal_to_double(&value->decimal)};
    }
    return coerced;
}

static enum status gate_key_column(const struct key_column *column, const struct value *item,
                                   struct arena *arena, struct value *ret_value, struct error *error)
{
    const struct value *found = value_map_get(item, column->name);
    if (found == NULL) {
        return error_set(error, STATUS_INVALID, "key attribute %.*s (%s) is missing", (int)column->name.size,
                         (const char *)column->name.data, type_name(column->type.kind));
    }
    *ret_value = gate_coerce(&column->type, found, arena);
    return STATUS_OK;
}

enum status gate__key(const struct schema *schema, const struct value *item, bool with_sort,
                      struct arena *arena, struct buffer *ret_key, struct error *error)
{
    struct value partition[PARTITION_COLUMNS_MAX];
    struct value clustering[CLUSTERING_COLUMNS_MAX];
    size_t clustering_count = with_sort ? schema->clustering_count : 0;
    enum status status = STATUS_OK;
    if (item->kind != VALUE_MAP) {
        return error_set(error, STATUS_INVALID, "an item must be a map of attributes");
    }
    for (size_t i = 0; i < schema->partition_count && status == STATUS_OK; i++) {
        status = gate_key_column(&schema->partition[i], item, arena, &partition[i], error);
    }
    for (size_t i = 0; i < clustering_count && status == STATUS_OK; i++) {
        status = gate_key_column(&schema->clustering[i], item, arena, &clustering[i], error);
    }
    return status == STATUS_OK
               ? key_encode(schema, ROW_PLAIN, partition, clustering, clustering_count, ret_key, error)
               : status;
}

/* A write on its way, with what the door wants to hear. */
struct gate_pending {
    struct write write; /* first member: it comes back through `complete` */
    struct gate *gate;
    void (*done)(void *context, const struct gate_outcome *outcome);
    void *context;
    struct bytes reserved_name; /* of a table being created */
};

static void gate_complete(struct write *write)
{
    struct gate_pending *pending = (struct gate_pending *)write;
    struct gate_outcome outcome = {
        .status = write->status,
        .text = write->error.text,
        .lsn = write->lsn,
        .term = write->term,
        .commit_time_us = write->commit_time_us,
        .had_old = write->changes[0].had_old,
        .old_image = write->changes[0].old_image,
    };
    if (pending->reserved_name.size > 0) {
        catalog_release_name(pending->gate->options.catalog, pending->reserved_name);
    }
    pending->done(pending->context, &outcome);
    arena_reset(&write->arena);
    memory_destroy(pending);
}

static struct gate_pending *gate_pending_create(struct gate *gate, const struct gate_write *write,
                                                size_t changes)
{
    struct gate_pending *pending = memory_create(sizeof(*pending));
    pending->gate = gate;
    pending->done = write->done;
    pending->context = write->context;
    pending->write.complete = gate_complete;
    pending->write.wants_old = write->wants_old;
    pending->write.actor = arena_copy(&pending->write.arena, write->actor);
    pending->write.changes =
        arena_create_array(&pending->write.arena, changes, sizeof(*pending->write.changes));
    pending->write.count = changes;
    return pending;
}

static void gate_pending_destroy(struct gate_pending *pending)
{
    arena_reset(&pending->write.arena);
    memory_destroy(pending);
}

static enum status gate_submit(struct gate *gate, struct gate_pending *pending, struct error *error)
{
    enum status status = fold_submit(gate->options.fold, &pending->write);
    if (status == STATUS_BUSY) {
        status = error_set(error, status, "too many writes wait for the disk (%d); try again",
                           FOLD_QUEUE_ENTRIES_MAX);
    } else if (status != STATUS_OK) {
        status = error_set(error, status, "the server is stopping");
    }
    if (status != STATUS_OK) {
        gate_pending_destroy(pending);
    }
    return status;
}

static enum status gate_write_row(struct gate *gate, const struct gate_write *write, bool is_remove,
                                  struct error *error)
{
    const struct schema *schema = NULL;
    struct buffer key = {0};
    struct buffer image = {0};
    struct arena scratch = {0};
    enum status status = gate_table_find(gate, write->table, &schema, error);
    if (status == STATUS_OK && schema->table < CATALOG_TABLE_FIRST) {
        status = error_set(error, STATUS_DENIED, "system tables are written by the server itself");
    }
    if (status == STATUS_OK) {
        status = gate__key(schema, write->item, true, &scratch, &key, error);
    }
    if (status == STATUS_OK && !is_remove) {
        codec_value_encode(&image, write->item);
        if (image.size > GATE_ITEM_BYTES_MAX) {
            status = error_set(error, STATUS_TOO_LARGE, "an item of %zu bytes; %d are allowed", image.size,
                               GATE_ITEM_BYTES_MAX);
        }
    }
    if (status == STATUS_OK) {
        struct gate_pending *pending = gate_pending_create(gate, write, 1);
        pending->write.changes[0] = (struct write_change){
            .schema = schema,
            .key = arena_copy(&pending->write.arena, buffer_bytes(&key)),
            .image = arena_copy(&pending->write.arena, buffer_bytes(&image)),
            .is_remove = is_remove,
            .condition = (enum write_condition)write->condition,
        };
        status = gate_submit(gate, pending, error);
    }
    arena_reset(&scratch);
    buffer_reset(&image);
    buffer_reset(&key);
    return status;
}

enum status gate_put(struct gate *gate, const struct gate_write *write, struct error *error)
{
    return gate_write_row(gate, write, false, error);
}

enum status gate_delete(struct gate *gate, const struct gate_write *write, struct error *error)
{
    return gate_write_row(gate, write, true, error);
}

/* The change of system.tables that a create or a drop is. */
static struct write_change gate_catalog_change(struct gate *gate, struct arena *arena,
                                               const struct schema *schema, bool is_dropped)
{
    struct buffer key = {0};
    struct buffer image = {0};
    catalog_row_encode(schema, is_dropped, &key, &image);
    struct write_change change = {
        .schema = catalog_find_table(gate->options.catalog, CATALOG_TABLES),
        .key = arena_copy(arena, buffer_bytes(&key)),
        .image = arena_copy(arena, buffer_bytes(&image)),
    };
    buffer_reset(&key);
    buffer_reset(&image);
    return change;
}

enum status gate_table_create(struct gate *gate, const struct schema *schema, const struct gate_write *write,
                              struct error *error)
{
    struct schema planned = *schema;
    enum status status = catalog_reserve_name(gate->options.catalog, &planned, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_pending *pending = gate_pending_create(gate, write, 1);
    pending->reserved_name = arena_copy(&pending->write.arena, planned.name);
    pending->write.changes[0] = gate_catalog_change(gate, &pending->write.arena, &planned, false);
    status = gate_submit(gate, pending, error);
    if (status != STATUS_OK) {
        catalog_release_name(gate->options.catalog, planned.name);
    }
    return status;
}

enum status gate_table_drop(struct gate *gate, const struct gate_write *write, struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = gate_table_find(gate, write->table, &schema, error);
    if (status == STATUS_OK && schema->table < CATALOG_TABLE_FIRST) {
        status = error_set(error, STATUS_DENIED, "system tables cannot be dropped");
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_pending *pending = gate_pending_create(gate, write, 2);
    pending->write.changes[0] = (struct write_change){.schema = schema, .is_drop = true, .is_remove = true};
    pending->write.changes[1] = gate_catalog_change(gate, &pending->write.arena, schema, true);
    return gate_submit(gate, pending, error);
}

static void gate_count_table(void *context, const struct schema *schema)
{
    (void)schema;
    ++*(uint64_t *)context;
}

void gate_facts_read(struct gate *gate, struct gate_facts *ret_facts)
{
    struct environment_statistics statistics;
    struct log_tip tip = log_tip(gate->options.log);
    environment_statistics_read(gate->options.environment, &statistics);
    *ret_facts = (struct gate_facts){
        .committed_lsn = fold_committed_lsn(gate->options.fold),
        .horizon_lsn = tip.first_lsn,
        .synced_lsn = tip.synced_lsn,
        .term = tip.term,
        .log_bytes = tip.bytes,
        .log_segments = tip.segments,
        .store_bytes = statistics.pages_used * statistics.page_bytes,
        .checkpoint_lsn = statistics.checkpoint_lsn,
    };
    catalog_list(gate->options.catalog, false, gate_count_table, &ret_facts->tables);
}
