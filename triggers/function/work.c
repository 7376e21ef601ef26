#include "function/work.h"

#include <stdio.h>

#include "codec/pack.h"
#include "value/decimal.h"

/* --- waiting for a write ---------------------------------------------------------------------------------------- */

/* Thread: the writer. */
static void work_done(void *context, const struct gate_outcome *outcome)
{
    struct work_pending *pending = context;
    pending->outcome.status = outcome->status;
    pending->outcome.lsn = outcome->lsn;
    pending->outcome.commit_time_us = outcome->commit_time_us;
    if (outcome->status != STATUS_OK) {
        (void)snprintf(pending->outcome.text, sizeof(pending->outcome.text), "%s", outcome->text);
    }
    (void)sem_post(&pending->done);
}

void work_start(struct gate *gate, struct gate_transaction *transaction, struct work_pending *ret_pending)
{
    struct error error;
    ret_pending->outcome = (struct work_outcome){.status = STATUS_OK};
    CHECK(sem_init(&ret_pending->done, 0, 0) == 0);
    transaction->done = work_done;
    transaction->context = ret_pending;
    enum status status = gate_submit(gate, transaction, NULL, &error);
    if (status != STATUS_OK) {
        ret_pending->outcome.status = status;
        (void)snprintf(ret_pending->outcome.text, sizeof(ret_pending->outcome.text), "%s", error.text);
        (void)sem_post(&ret_pending->done);
    }
}

bool work_is_done(struct work_pending *pending)
{
    int value = 0;
    CHECK(sem_getvalue(&pending->done, &value) == 0);
    return value > 0;
}

void work_finish(struct work_pending *pending, struct work_outcome *ret_outcome)
{
    while (sem_wait(&pending->done) != 0) {
    }
    (void)sem_destroy(&pending->done);
    *ret_outcome = pending->outcome;
}

void work_submit(struct gate *gate, struct gate_transaction *transaction, struct work_outcome *ret_outcome)
{
    struct work_pending pending;
    work_start(gate, transaction, &pending);
    work_finish(&pending, ret_outcome);
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

static struct gate_read *work_next_read(struct work_reads *reads)
{
    reads->reads = arena_grow_array(reads->arena, reads->reads, reads->count, sizeof(*reads->reads));
    return &reads->reads[reads->count++];
}

static const struct value *member_map(const struct value *map, const char *name)
{
    const struct value *found = map == NULL ? NULL : value_map_get(map, bytes_of_text(name));
    return found != NULL && found->kind == VALUE_MAP ? found : NULL;
}

static enum status work_get(struct work_reads *reads, const struct value *arguments, struct arena *arena,
                            struct value *ret_value, struct error *error)
{
    struct bytes image = {0};
    const struct value *key = member_map(arguments, "key");
    if (key == NULL) {
        return error_set(error, STATUS_INVALID, "oxbow.get(table, key): the key must be a table");
    }
    struct gate_read read;
    enum status status =
        gate_get(reads->view, value_map_text(arguments, "table"), key, 0, reads->arena, &read, &image, error);
    if (status == STATUS_OK || (status == STATUS_NOT_FOUND && read.is_absent)) {
        *work_next_read(reads) = read;
    }
    return status == STATUS_OK ? codec_value_decode(arena_copy(arena, image), arena, ret_value, error)
                               : status;
}

/* What a query gives, over all of its pages. */
struct work_rows {
    struct arena *arena;
    struct value list;
    size_t limit; /* 0: all */
    size_t bytes; /* of images */
    enum status status;
};

static bool rows_are_enough(const struct work_rows *rows)
{
    return rows->limit > 0 && rows->list.items.count >= rows->limit;
}

static void work_visit(void *context, const struct gate_row *row)
{
    struct work_rows *rows = context;
    struct value_items *items = &rows->list.items;
    rows->bytes += row->image.size;
    if (rows->status != STATUS_OK || rows_are_enough(rows) || rows->bytes > FUNCTION_QUERY_BYTES_MAX) {
        return;
    }
    items->at = arena_grow_array(rows->arena, items->at, items->count, sizeof(*items->at));
    struct bytes image = arena_copy(rows->arena, row->image);
    rows->status = codec_value_decode(image, rows->arena, &items->at[items->count], NULL);
    items->count += rows->status == STATUS_OK;
}

static enum status work_query_parse(const struct value *arguments, struct arena *arena,
                                    struct gate_query *query, size_t *ret_limit, struct error *error)
{
    const struct value *options = member_map(arguments, "options");
    struct placeholders placeholders = {.names = member_map(options, "names"),
                                        .values = member_map(options, "values")};
    struct expression_options parsing = {.arena = arena, .placeholders = &placeholders, .is_native = true};
    const struct condition *condition = NULL;
    struct key_term *terms = arena_create_array(arena, KEY_TERMS_MAX, sizeof(*terms));
    struct bytes filter = options == NULL ? (struct bytes){0} : value_map_text(options, "filter");
    placeholders_prepare(&placeholders, arena);
    query->table = value_map_text(arguments, "table");
    query->key_terms = terms;
    if (options != NULL) {
        const struct value *reverse = value_map_get(options, bytes_of_text("reverse"));
        const struct value *limit = value_map_get(options, bytes_of_text("limit"));
        int64_t rows = 0;
        query->index = value_map_text(options, "index");
        query->is_reverse = reverse != NULL && reverse->kind == VALUE_BOOLEAN && reverse->boolean;
        if (limit != NULL && limit->kind == VALUE_DECIMAL && decimal_to_integer(&limit->decimal, &rows) &&
            rows > 0) {
            *ret_limit = (size_t)rows;
        }
    }
    enum status status = condition_parse(value_map_text(arguments, "condition"), &parsing, &condition, error);
    if (status == STATUS_OK) {
        status = condition_key_terms(condition, terms, &query->key_terms_count, error);
    }
    return status == STATUS_OK && filter.size > 0 ? condition_parse(filter, &parsing, &query->filter, error)
                                                  : status;
}

/* One page, which the transaction insists on when it can. */
static enum status work_query_page(struct work_reads *reads, const struct gate_query *query,
                                   struct work_rows *rows, struct gate_page *ret_page, struct error *error)
{
    struct gate_read read;
    bool can_insist = query->index.size == 0 && !query->is_reverse;
    enum status status = gate_query(reads->view, query, rows->arena, work_visit, rows, ret_page,
                                    can_insist ? &read : NULL, error);
    if (status == STATUS_OK && can_insist) {
        read.table = arena_copy(reads->arena, read.table);
        read.low = arena_copy(reads->arena, read.low);
        read.high = arena_copy(reads->arena, read.high);
        *work_next_read(reads) = read;
    }
    if (status == STATUS_OK && rows->bytes > FUNCTION_QUERY_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE,
                         "a query gives at most %d bytes: give it a limit, or a narrower condition",
                         FUNCTION_QUERY_BYTES_MAX);
    }
    return status == STATUS_OK ? rows->status : status;
}

static enum status work_query(struct work_reads *reads, const struct value *arguments, struct arena *arena,
                              struct value *ret_value, struct error *error)
{
    struct gate_query query = {0};
    struct work_rows rows = {.arena = arena, .list = {.kind = VALUE_LIST}};
    struct gate_page page = {0};
    enum status status = work_query_parse(arguments, arena, &query, &rows.limit, error);
    for (int pages = 0; status == STATUS_OK && !rows_are_enough(&rows); pages++) {
        if (pages == FUNCTION_QUERY_PAGES_MAX) {
            return error_set(error, STATUS_TOO_LARGE,
                             "a query looks at no more than %d MiB: give it a narrower condition",
                             FUNCTION_QUERY_PAGES_MAX);
        }
        query.rows_max = rows.limit == 0 || query.filter != NULL ? 0 : rows.limit - rows.list.items.count;
        status = work_query_page(reads, &query, &rows, &page, error);
        query.next = page.next;
        if (page.next.size == 0) {
            break;
        }
    }
    *ret_value = rows.list;
    return status;
}

enum status work_call(void *context, struct bytes operation, const struct value *arguments,
                      struct arena *arena, struct value *ret_value, struct error *error)
{
    if (bytes_equal(operation, bytes_of_text("get"))) {
        return work_get(context, arguments, arena, ret_value, error);
    }
    if (bytes_equal(operation, bytes_of_text("query"))) {
        return work_query(context, arguments, arena, ret_value, error);
    }
    return error_set(error, STATUS_UNSUPPORTED, "the host knows no such call");
}

/* --- effects ---------------------------------------------------------------------------------------------------- */

static enum status effect_expressions(const struct value *effect, struct arena *arena,
                                      struct gate_change *change, struct error *error)
{
    const struct value *options = member_map(effect, "options");
    struct placeholders *placeholders = arena_create(arena, sizeof(*placeholders));
    placeholders->names = member_map(options, "names");
    placeholders->values = member_map(options, "values");
    placeholders_prepare(placeholders, arena);
    struct expression_options parsing = {.arena = arena, .placeholders = placeholders, .is_native = true};
    struct bytes condition = options == NULL ? (struct bytes){0} : value_map_text(options, "condition");
    enum status status =
        condition.size > 0 ? condition_parse(condition, &parsing, &change->condition, error) : STATUS_OK;
    if (status == STATUS_OK && change->kind == GATE_UPDATE) {
        struct update *update = arena_create(arena, sizeof(*update));
        status = update_parse(value_map_text(effect, "update"), &parsing, update, error);
        change->update = update;
    }
    return status;
}

static enum status effect_change(const struct value *effect, struct arena *arena,
                                 struct gate_change *ret_change, struct error *error)
{
    static const struct {
        const char *name;
        enum gate_change_kind kind;
        const char *item;
    } kinds[] = {{"put", GATE_PUT, "item"}, {"delete", GATE_DELETE, "key"}, {"update", GATE_UPDATE, "key"}};
    struct bytes kind = value_map_text(effect, "kind");
    *ret_change = (struct gate_change){.table = value_map_text(effect, "table")};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (bytes_equal(kind, bytes_of_text(kinds[i].name))) {
            ret_change->kind = kinds[i].kind;
            ret_change->item = member_map(effect, kinds[i].item);
        }
    }
    if (ret_change->item == NULL) {
        return error_set(error, STATUS_INVALID, "a write without an item or key");
    }
    return effect_expressions(effect, arena, ret_change, error);
}

enum status work_changes(const struct value *effects, struct arena *arena, struct gate_change **ret_changes,
                         size_t *ret_count, struct error *error)
{
    size_t count = effects->items.count;
    struct gate_change *changes =
        arena_create_array(arena, count + 2, sizeof(*changes)); /* room for the caller's */
    for (size_t i = 0; i < count; i++) {
        if (effect_change(&effects->items.at[i], arena, &changes[i], error) != STATUS_OK) {
            error_prefix(error, "write %zu of the function", i + 1);
            return STATUS_FUNCTION;
        }
    }
    *ret_changes = changes;
    *ret_count = count;
    return STATUS_OK;
}
