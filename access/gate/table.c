/* Changes of tables. */
#include "base/memory.h"
#include "catalog/catalog.h"
#include "fold/fold.h"
#include "fold/write.h"
#include "gate_private.h"
#include "job/job.h"

/* A change of a table on its way. */
struct table_pending {
    struct write write; /* first member: it comes back through `complete` */
    struct gate *gate;
    struct gate_request request;
    struct bytes reserved_name; /* of a table being created */
};

static void table_complete(struct write *write)
{
    struct table_pending *pending = (struct table_pending *)write;
    struct gate_outcome outcome = {.status = write->status,
                                   .text = write->error.text,
                                   .lsn = write->lsn,
                                   .term = write->term,
                                   .commit_time_us = write->commit_time_us};
    if (pending->reserved_name.size > 0) {
        catalog_release_name(pending->gate->options.catalog, pending->reserved_name);
    }
    pending->request.done(pending->request.context, &outcome);
    arena_reset(&write->arena);
    memory_destroy(pending);
}

/* What fills a table that is created. */
struct table_restore {
    int64_t job;
    struct bytes source;
    uint64_t lsn;
};

/* The row of system.jobs that comes with the table. */
static void table_restore_change(struct gate *gate, const struct table_restore *restore,
                                 const struct schema *target, struct arena *arena,
                                 struct write_change *ret_change)
{
    struct buffer key = {0};
    struct buffer image = {0};
    jobs_restore_row(restore->job, restore->source, restore->lsn, target, &key, &image);
    *ret_change = (struct write_change){.kind = CHANGE_PUT,
                                        .schema = catalog_find_table(gate->options.catalog, CATALOG_JOBS),
                                        .key = arena_copy(arena, buffer_bytes(&key)),
                                        .image = arena_copy(arena, buffer_bytes(&image))};
    buffer_reset(&key);
    buffer_reset(&image);
}

/* `restore` may be NULL. */
static enum status table_submit(struct gate *gate, const struct schema *current, const struct schema *next,
                                enum operation operation, const struct table_restore *restore,
                                const struct gate_request *request, struct error *error)
{
    struct table_pending *pending = memory_create(sizeof(*pending));
    struct write *write = &pending->write;
    pending->gate = gate;
    pending->request = *request;
    write->complete = table_complete;
    write->actor = arena_copy(&write->arena, request->actor);
    write->cause = request->cause;
    write->changes = arena_create_array(&write->arena, 3, sizeof(*write->changes));
    write->count =
        write_table_change(gate->options.catalog, &write->arena, current, next, operation, write->changes);
    if (restore != NULL) {
        table_restore_change(gate, restore, next, &write->arena, &write->changes[write->count++]);
    }
    if (current == NULL) {
        pending->reserved_name = arena_copy(&write->arena, next->name);
    }
    enum status status = fold_submit(gate->options.fold, write);
    if (status != STATUS_OK) {
        status = error_set(error, status, "the server is stopping, or too many writes wait");
        arena_reset(&write->arena);
        memory_destroy(pending);
    }
    return status;
}

static enum status table_create(struct gate *gate, const struct schema *schema,
                                const struct table_restore *restore, const struct gate_request *request,
                                struct error *error)
{
    struct arena arena = {0};
    struct schema planned = *schema;
    planned.indexes = arena_create_array(&arena, schema->indexes_count, sizeof(*planned.indexes));
    for (size_t i = 0; i < schema->indexes_count; i++) {
        planned.indexes[i] = schema->indexes[i];
    }
    enum status status = catalog_reserve_name(gate->options.catalog, &planned, error);
    if (status == STATUS_OK) {
        status = table_submit(gate, NULL, &planned, OPERATION_SCHEMA, restore, request, error);
        if (status != STATUS_OK) {
            catalog_release_name(gate->options.catalog, planned.name);
        }
    }
    arena_reset(&arena);
    return status;
}

enum status gate_table_create(struct gate *gate, const struct schema *schema,
                              const struct gate_request *request, struct error *error)
{
    return table_create(gate, schema, NULL, request, error);
}

enum status gate_restore(struct gate *gate, struct bytes source, uint64_t lsn, const struct schema *target,
                         int64_t job, const struct gate_request *request, struct error *error)
{
    const struct table_restore restore = {.job = job, .source = source, .lsn = lsn};
    return table_create(gate, target, &restore, request, error);
}

static enum status table_find_own(struct gate *gate, struct bytes table, const struct schema **ret_schema,
                                  struct error *error)
{
    enum status status = gate_table_find(gate, table, ret_schema, error);
    return status == STATUS_OK && (*ret_schema)->table < CATALOG_TABLE_FIRST
               ? error_set(error, STATUS_DENIED, "system tables cannot be changed or dropped")
               : status;
}

enum status gate_table_drop(struct gate *gate, struct bytes table, const struct gate_request *request,
                            struct error *error)
{
    const struct schema *schema = NULL;
    enum status status = table_find_own(gate, table, &schema, error);
    return status == STATUS_OK ? table_submit(gate, schema, NULL, OPERATION_DROP, NULL, request, error)
                               : status;
}

enum status gate_table_truncate(struct gate *gate, struct bytes table, const struct gate_request *request,
                                struct error *error)
{
    const struct schema *current = NULL;
    struct arena arena = {0};
    enum status status = table_find_own(gate, table, &current, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct schema *next = schema_copy(current, &arena);
    next->version++;
    next->generation++;
    next->space = catalog_next_space(gate->options.catalog);
    for (size_t i = 0; i < next->indexes_count; i++) {
        next->indexes[i].space = catalog_next_space(gate->options.catalog);
        next->indexes[i].state = INDEX_ACTIVE;
    }
    status = table_submit(gate, current, next, OPERATION_TRUNCATE, NULL, request, error);
    arena_reset(&arena);
    return status;
}

enum status gate_table_alter(struct gate *gate, const struct schema *current, const struct schema *next,
                             const struct gate_request *request, struct error *error)
{
    struct arena arena = {0};
    if (current->table < CATALOG_TABLE_FIRST) {
        return error_set(error, STATUS_DENIED, "system tables cannot be changed or dropped");
    }
    enum status status = schema_check(next, error); /* a copy is made of what is sound only */
    if (status != STATUS_OK) {
        return status;
    }
    struct schema *planned = schema_copy(next, &arena);
    planned->version = current->version + 1;
    for (size_t i = 0; i < planned->indexes_count; i++) {
        if (planned->indexes[i].space == 0) {
            planned->indexes[i].space = catalog_next_space(gate->options.catalog);
            planned->indexes[i].state = INDEX_CREATING;
        }
    }
    status = table_submit(gate, current, planned, OPERATION_SCHEMA, NULL, request, error);
    arena_reset(&arena);
    return status;
}
