/* What differs between two states of a table, or between two tables: pages of both, side by side in the order of their keys. */
#include "codec/pack.h"
#include "fold/fold.h"
#include "gate/bounds.h"
#include "gate_private.h"

enum {
    COMPARE_SPACE_BYTES = 4, /* before a position: the table's, which the two need not have in common */
};

struct compare_row {
    struct bytes position; /* without the space */
    struct bytes image;
};

/* A page of one of the two. */
struct compare_side {
    const struct gate_state *state;
    const struct schema *schema;
    struct arena *arena;
    struct buffer rows; /* struct compare_row */
    size_t count;
    size_t at; /* the next one */
    struct gate_page page;
};

static void compare_take(void *context, const struct gate_row *row)
{
    struct compare_side *side = context;
    struct compare_row taken = {.position =
                                    arena_copy(side->arena, bytes_from(row->position, COMPARE_SPACE_BYTES)),
                                .image = arena_copy(side->arena, row->image)};
    buffer_put(&side->rows, bytes_of(&taken, sizeof(taken)));
    side->count++;
}

/* Whether rows of the two lie in one order, and what they show can be compared. */
static enum status compare_check(const struct schema *before, const struct schema *after, struct error *error)
{
    bool is_same = before->kind == after->kind && before->partition_count == after->partition_count &&
                   before->clustering_count == after->clustering_count;
    for (size_t i = 0; i < before->partition_count && is_same; i++) {
        is_same = type_equal(&before->partition[i].type, &after->partition[i].type);
    }
    for (size_t i = 0; i < before->clustering_count && is_same; i++) {
        is_same = type_equal(&before->clustering[i].type, &after->clustering[i].type) &&
                  before->clustering[i].is_descending == after->clustering[i].is_descending;
    }
    return is_same
               ? STATUS_OK
               : error_set(error, STATUS_INVALID,
                           "tables can be compared when their keys have the same types in the same order");
}

static enum status compare_read(struct gate_view *view, const struct gate_comparison *comparison,
                                struct compare_side *side, struct error *error)
{
    struct buffer next = {0};
    struct gate_query query = {.table = side->state->table,
                               .table_id = side->schema->table,
                               .as_of = side->state->lsn,
                               .rows_max = comparison->rows_max};
    if (comparison->next.size > 0) {
        buffer_put_u32(&next, side->schema->space);
        buffer_put(&next, comparison->next);
    }
    query.next = arena_copy(side->arena, buffer_bytes(&next));
    buffer_reset(&next);
    return gate_query(view, &query, side->arena, compare_take, side, &side->page, NULL, error);
}

/* Where a side's page ends; empty: with the table. */
static struct bytes compare_end(const struct compare_side *side)
{
    struct bytes next = side->page.next;
    return next.size == 0 ? next : bytes_from(next, COMPARE_SPACE_BYTES);
}

static const struct compare_row *compare_row(const struct compare_side *side)
{
    return side->at < side->count ? (const struct compare_row *)(const void *)side->rows.data + side->at
                                  : NULL;
}

/* Visits what differs up to `end`, which both pages reach; empty: to the end of both. */
static void compare_merge(struct compare_side sides[2], struct bytes end, struct gate_compared *ret_compared,
                          void (*visit)(void *context, struct bytes before, struct bytes after),
                          void *context)
{
    for (;;) {
        const struct compare_row *before = compare_row(&sides[0]);
        const struct compare_row *after = compare_row(&sides[1]);
        if (before == NULL && after == NULL) {
            return;
        }
        int order = before == NULL  ? 1
                    : after == NULL ? -1
                                    : bytes_compare(before->position, after->position);
        const struct compare_row *first = order <= 0 ? before : after;
        if (end.size > 0 && bytes_compare(first->position, end) > 0) {
            return;
        }
        struct bytes images[2] = {order <= 0 ? before->image : (struct bytes){0},
                                  order >= 0 ? after->image : (struct bytes){0}};
        sides[0].at += order <= 0;
        sides[1].at += order >= 0;
        ret_compared->rows++;
        if (!bytes_equal(images[0], images[1])) {
            visit(context, images[0], images[1]);
        }
    }
}

static enum status compare_schema(struct gate_view *view, struct compare_side *side, struct error *error)
{
    struct schema *schema = NULL;
    enum status status =
        gate_table_at(view, side->state->table, side->state->lsn, side->arena, &schema, error);
    side->schema = schema;
    return status;
}

enum status gate_compare(struct gate_view *view, const struct gate_comparison *comparison,
                         struct arena *arena,
                         void (*visit)(void *context, struct bytes before, struct bytes after), void *context,
                         struct gate_compared *ret_compared, struct error *error)
{
    struct compare_side sides[] = {{.state = &comparison->before, .arena = arena},
                                   {.state = &comparison->after, .arena = arena}};
    enum status status = STATUS_OK;
    *ret_compared = (struct gate_compared){0};
    for (size_t i = 0; i < ARRAY_COUNT(sides) && status == STATUS_OK; i++) {
        status = compare_schema(view, &sides[i], error);
    }
    if (status == STATUS_OK) {
        status = compare_check(sides[0].schema, sides[1].schema, error);
    }
    for (size_t i = 0; i < ARRAY_COUNT(sides) && status == STATUS_OK; i++) {
        status = compare_read(view, comparison, &sides[i], error);
    }
    if (status == STATUS_OK) {
        struct bytes ends[] = {compare_end(&sides[0]), compare_end(&sides[1])};
        bool is_first = ends[1].size == 0 || (ends[0].size > 0 && bytes_compare(ends[0], ends[1]) <= 0);
        ret_compared->next = ends[is_first ? 0 : 1];
        compare_merge(sides, ret_compared->next, ret_compared, visit, context);
    }
    buffer_reset(&sides[0].rows);
    buffer_reset(&sides[1].rows);
    return status;
}
