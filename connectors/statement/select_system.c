/* Rows of system tables, through the same WHERE as others. */
#include "select.h"
#include "system_rows.h"

struct system_walk {
    struct select *select;
    size_t place;            /* of the row at hand; a page goes on with the first that was not taken */
    struct value *partition; /* of the row before */
    struct value **kept;     /* all rows, when they are told backwards */
    size_t kept_count;
    enum select_step step;
    enum status status;
    struct error error;
};

static bool walk_is_same(const struct system_walk *walk, const struct value *left, const struct value *right)
{
    size_t keys = walk->select->source.table.schema->partition_count;
    bool is_same = left != NULL;
    for (size_t i = 0; i < keys && is_same; i++) {
        is_same = value_equal(&left[i], &right[i]);
    }
    return is_same;
}

/* PER PARTITION LIMIT begins anew. */
static void walk_partition(struct system_walk *walk, const struct value *values)
{
    const struct select *select = walk->select;
    size_t keys = select->source.table.schema->partition_count;
    if (!walk_is_same(walk, walk->partition, values)) {
        walk->partition = arena_create_array(select->call->arena, keys, sizeof(*values));
        memcpy(walk->partition, values, keys * sizeof(*values));
        walk->select->position.partition_left = select->partition_limit;
    }
}

static void walk_visit(void *context, const struct value *values)
{
    struct system_walk *walk = context;
    struct select *select = walk->select;
    struct arena *arena = select->call->arena;
    size_t place = walk->place++;
    if (walk->status != STATUS_OK || walk->step != SELECT_ON || place < select->position.range) {
        return;
    }
    struct value *kept = arena_create_array(arena, select->source.count, sizeof(*kept));
    memcpy(kept, values, select->source.count * sizeof(*kept));
    struct source_row row = {.source = &select->source,
                             .arena = arena,
                             .key = kept,
                             .values = kept,
                             .now = clock_wall_us(clock_system()) / 1000000};
    walk_partition(walk, kept);
    walk->status = statement__select_take(select, &row, NULL, &walk->step, &walk->error);
    if (walk->step == SELECT_FULL) {
        select->position.range = place;
        select->has_more = true;
    }
}

static void walk_keep(void *context, const struct value *values)
{
    struct system_walk *walk = context;
    struct arena *arena = walk->select->call->arena;
    size_t columns = walk->select->source.count;
    walk->kept = arena_grow_array(arena, walk->kept, walk->kept_count, sizeof(struct value *));
    struct value *copy = arena_create_array(arena, columns, sizeof(*copy));
    memcpy(copy, values, columns * sizeof(*copy));
    walk->kept[walk->kept_count++] = copy;
}

/* The rows that were kept, those of each partition from its end. */
static void walk_backwards(struct system_walk *walk)
{
    size_t end = 0;
    for (size_t begin = 0; begin < walk->kept_count; begin = end) {
        while (end < walk->kept_count && walk_is_same(walk, walk->kept[begin], walk->kept[end])) {
            end++;
        }
        for (size_t i = end; i > begin; i--) {
            walk_visit(walk, walk->kept[i - 1]);
        }
    }
}

/* What the table tells of: drivers read those of the node with every connection and change of the schema, which is to cost the same
 * however many tables there are. */
static enum status select_described(struct select *select, const struct described **ret_described)
{
    struct exec_call *call = select->call;
    const struct system_table *table = select->source.system;
    bool is_of_roles = strcmp(table->keyspace, "system_auth") == 0;
    bool is_of_clients = table->produce == statement__rows_clients;
    if (table->produce != NULL && !table->is_of_node && !is_of_roles && !is_of_clients) {
        return statement__describe_catalog(call, ret_described);
    }
    struct described *described = arena_create(call->arena, sizeof(*described));
    *ret_described = described;
    if (is_of_clients) {
        statement__describe_clients(call, described);
    }
    if (table->is_of_node) {
        statement__describe_node(call, described);
    } else if (is_of_roles && call->exec->node->roles != NULL) {
        statement__describe_roles(call, described);
    }
    return STATUS_OK;
}

enum status statement__select_system(struct select *select)
{
    struct exec_call *call = select->call;
    const struct described *described = NULL;
    struct system_walk walk = {.select = select};
    enum status status = select_described(select, &described);
    if (status != STATUS_OK) {
        return status;
    }
    statement__system_table_read(select->source.system, described, call->arena,
                                 select->is_reverse ? walk_keep : walk_visit, &walk);
    walk_backwards(&walk);
    return walk.status == STATUS_OK ? STATUS_OK : exec_fail_status(call, walk.status, walk.error.text);
}
