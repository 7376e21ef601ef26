/* Fills new indexes, and the expiries of tables that got a TTL attribute. */
#include "base/diagnostic.h"
#include "base/map.h"
#include "job_private.h"

/* What the catalog asks for. */
struct backfill_work {
    struct jobs *jobs;
    struct arena arena;
    const struct schema **schemas;
    size_t count;
};

static bool schema_has_creating(const struct schema *schema)
{
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (schema->indexes[i].state == INDEX_CREATING) {
            return true;
        }
    }
    return false;
}

static struct bytes schema_mark(const struct schema *schema, uint8_t mark[8])
{
    bytes_put_u32(mark, schema->table);
    bytes_put_u32(mark + 4, schema->version);
    return bytes_of(mark, 8);
}

static void backfill_visit(void *context, const struct schema *schema)
{
    struct backfill_work *work = context;
    uint8_t mark[8];
    bool lacks_expiries =
        schema->ttl_attribute.size > 0 && map_get(work->jobs->expiries, schema_mark(schema, mark)) == NULL;
    if (!lacks_expiries && !schema_has_creating(schema)) {
        return;
    }
    struct bytes grown =
        arena_copy(&work->arena, bytes_of(work->schemas, work->count * sizeof(const struct schema *)));
    const struct schema **schemas =
        arena_create_array(&work->arena, work->count + 1, sizeof(const struct schema *));
    if (grown.size > 0) {
        memcpy(schemas, grown.data, grown.size);
    }
    schemas[work->count++] = schema;
    work->schemas = schemas;
}

/* The next pieces of one backfill, all that the turn has time for. */
static enum status backfill_run(struct jobs *jobs, const struct schema *schema, struct bytes index,
                                bool *ret_is_done, struct error *error)
{
    enum status status = STATUS_OK;
    *ret_is_done = false;
    while (status == STATUS_OK && !*ret_is_done && job__may_go_on(jobs)) {
        struct write write = {.step = {.kind = STEP_BACKFILL, .schema = schema, .index = index}};
        status = job__submit(jobs, &write, error);
        *ret_is_done = status == STATUS_OK && write.step.is_done;
    }
    return status;
}

/* Both checkpoints must have the finished index before the log says that it is finished: entries are not logged. */
static enum status backfill_activate(struct jobs *jobs, const struct schema *schema, size_t i,
                                     struct error *error)
{
    struct write write = {0};
    struct schema *next = schema_copy(schema, &write.arena);
    next->indexes[i].state = INDEX_ACTIVE;
    next->version++;
    enum status status = environment_checkpoint_now(jobs->options.environment, error);
    if (status == STATUS_OK) {
        status = environment_checkpoint_now(jobs->options.environment, error);
    }
    if (status == STATUS_OK) {
        write.changes = arena_create_array(&write.arena, 2, sizeof(*write.changes));
        write.count = write_table_change(jobs->options.catalog, &write.arena, schema, next, OPERATION_SCHEMA,
                                         write.changes);
        status = job__submit(jobs, &write, error);
    }
    arena_reset(&write.arena);
    return status;
}

/* *ret_is_done: of what the schema lacks nothing is left to fill, or its next index is for the next look at the catalog, where the
 * schema is another one. */
static enum status backfill_schema(struct jobs *jobs, const struct schema *schema, bool *ret_is_done,
                                   struct error *error)
{
    static int marked;
    uint8_t mark[8];
    enum status status = STATUS_OK;
    *ret_is_done = true;
    if (schema->ttl_attribute.size > 0 && map_get(jobs->expiries, schema_mark(schema, mark)) == NULL) {
        status = backfill_run(jobs, schema, (struct bytes){0}, ret_is_done, error);
        if (*ret_is_done) {
            (void)map_put(jobs->expiries, schema_mark(schema, mark), &marked);
        }
    }
    for (size_t i = 0; i < schema->indexes_count && *ret_is_done; i++) {
        if (schema->indexes[i].state != INDEX_CREATING) {
            continue;
        }
        status = backfill_run(jobs, schema, schema->indexes[i].name, ret_is_done, error);
        return *ret_is_done ? backfill_activate(jobs, schema, i, error) : status;
    }
    return status;
}

bool job__backfill(struct jobs *jobs)
{
    struct backfill_work work = {.jobs = jobs};
    bool has_more = false;
    catalog_list(jobs->options.catalog, true, backfill_visit, &work);
    for (size_t i = 0; i < work.count; i++) {
        struct error error;
        bool is_done = false;
        enum status status =
            job__may_go_on(jobs) ? backfill_schema(jobs, work.schemas[i], &is_done, &error) : STATUS_OK;
        const char *what =
            arena_format(&work.arena, "the backfill of table %.*s", (int)work.schemas[i]->name.size,
                         (const char *)work.schemas[i]->name.data);
        has_more = job__turn_end(jobs, status, &error, what, !is_done) || has_more;
    }
    arena_reset(&work.arena);
    return has_more;
}
