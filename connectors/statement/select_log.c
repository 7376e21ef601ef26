/* Rows of logs: change records, shard by shard, or all in the order of their LSNs. */
#include "codec/json.h"
#include "codec/pack.h"
#include "json.h"
#include "logs.h"
#include "row/document.h"
#include "row/key.h"
#include "row/record.h"
#include "select.h"
#include "statement/bounds.h"

struct log_walk {
    struct select *select;
    const struct source_log *log;
    struct arena arena; /* of the row at hand */
    struct gate_changes wanted;
    size_t scanned;
    enum select_step step;
    enum status status;
    struct error error;
};

/* --- a row ---------------------------------------------------------------------------------------------------------- */

/* What showed, as SELECT JSON of a table with columns tells it. */
static void put_columns(const struct schema *schema, const struct value *item, struct buffer *text)
{
    buffer_put_u8(text, '{');
    for (size_t i = 0; i < item->pairs.count; i++) {
        const struct value *name = &item->pairs.at[2 * i];
        const struct type *type = schema_type(schema, name->bytes);
        buffer_put_text(text, i > 0 ? ", " : "");
        statement__json_name(name->bytes, text);
        buffer_put_text(text, ": ");
        if (type != NULL) {
            statement__json_format(type, name + 1, text);
        } else {
            codec_json_encode(text, name + 1);
        }
    }
    buffer_put_u8(text, '}');
}

static struct value image_text(struct log_walk *walk, const struct gate_logged *change, struct bytes image)
{
    struct value item;
    struct buffer text = {0};
    if (walk->status == STATUS_OK) {
        walk->status = codec_value_decode(image, &walk->arena, &item, &walk->error);
    }
    if (walk->status != STATUS_OK) {
        return value_of_null();
    }
    if (change->schema->kind == TABLE_WIDE) {
        put_columns(change->schema, &item, &text);
    } else {
        codec_json_encode(&text, &item);
    }
    struct value value = value_of_text(arena_copy(&walk->arena, buffer_bytes(&text)));
    buffer_reset(&text);
    return value;
}

static struct value old_text(struct log_walk *walk, const struct gate_logged *change)
{
    struct buffer old = {0};
    if ((change->record->flags & RECORD_HAS_OLD) == 0 || change->record->operation > OPERATION_REMOVE) {
        return value_of_null();
    }
    struct value value = image_text(walk, change, record_old_image(change->record, &old));
    buffer_reset(&old);
    return value;
}

static struct value new_text(struct log_walk *walk, const struct gate_logged *change)
{
    bool is_there =
        (change->record->flags & RECORD_HAS_NEW) != 0 && change->record->operation <= OPERATION_REMOVE;
    return is_there ? image_text(walk, change, change->record->new_image) : value_of_null();
}

static struct value text_of(struct log_walk *walk, struct bytes text)
{
    return value_of_text(arena_copy(&walk->arena, text));
}

static struct value text_or_null(struct log_walk *walk, struct bytes text)
{
    return text.size > 0 ? text_of(walk, text) : value_of_null();
}

static struct value lsn_or_null(uint64_t lsn)
{
    return lsn > 0 ? value_of_integer((int64_t)lsn) : value_of_null();
}

static struct value fact_of(struct log_walk *walk, const struct gate_logged *change, enum log_column what)
{
    const struct record *record = change->record;
    switch (what) {
    case LOG_SHARD:
        return value_of_integer(record->shard);
    case LOG_LSN:
        return value_of_integer((int64_t)change->lsn);
    case LOG_ACTOR:
        return text_of(walk, record->actor);
    case LOG_CAUSE:
        return value_of_text(bytes_of_text(cause_name(record->cause.kind)));
    case LOG_CAUSE_FUNCTION:
        return text_or_null(walk, record->cause.function);
    case LOG_CAUSE_LSN:
        return lsn_or_null(record->cause.lsn);
    case LOG_COMMIT_TIME:
        return (struct value){.kind = VALUE_TIMESTAMP, .integer = change->commit_time_us / 1000};
    case LOG_NEW:
        return new_text(walk, change);
    case LOG_OLD:
        return old_text(walk, change);
    case LOG_OPERATION:
        return value_of_text(bytes_of_text(operation_name(record->operation)));
    case LOG_TRANSACTION:
        return lsn_or_null(change->transaction);
    case LOG_KEY:
        break;
    }
    return value_of_null();
}

/* The values of the row's key: what a record about the table, or a static row, has not is null. */
static void row_keys(struct log_walk *walk, const struct gate_logged *change, struct value *keys,
                     size_t count)
{
    size_t clustering = 0;
    struct value room[PARTITION_COLUMNS_MAX + CLUSTERING_COLUMNS_MAX];
    const struct schema *schema = change->schema;
    if (change->record->operation > OPERATION_REMOVE || !key_is_row(change->record->key)) {
        return;
    }
    struct bytes key = arena_copy(&walk->arena, change->record->key);
    walk->status = key_decode(schema, key, &walk->arena, room, room + schema->partition_count, &clustering,
                              &walk->error);
    for (size_t i = 0; i < schema->partition_count + clustering && i < count && walk->status == STATUS_OK;
         i++) {
        keys[i] = room[i];
    }
}

static bool log_visit(void *context, const struct gate_logged *change)
{
    struct log_walk *walk = context;
    struct select *select = walk->select;
    const struct schema *base = walk->log->base.table.schema;
    size_t keys_count = base->partition_count + base->clustering_count;
    arena_clear(&walk->arena);
    struct value *values = arena_create_array(&walk->arena, select->source.count, sizeof(*values));
    struct value *keys = arena_create_array(&walk->arena, keys_count, sizeof(*keys));
    row_keys(walk, change, keys, keys_count);
    for (size_t i = 0; i < select->source.count && walk->status == STATUS_OK; i++) {
        size_t what = walk->log->what[i];
        values[i] = what >= LOG_KEY ? keys[what - LOG_KEY] : fact_of(walk, change, (enum log_column)what);
    }
    struct source_row row = {.source = &select->source,
                             .arena = &walk->arena,
                             .key = values,
                             .values = values,
                             .now = clock_wall_us(clock_system()) / 1000000};
    if (walk->status == STATUS_OK) {
        walk->status = statement__select_take(select, &row, NULL, &walk->step, &walk->error);
    }
    return walk->status == STATUS_OK && walk->step == SELECT_ON;
}

/* --- what WHERE wants ----------------------------------------------------------------------------------------------- */

/* The row that WHERE names by its whole key, as the gate wants it; NULL: it names none. */
static const struct value *row_named(struct select *select)
{
    const struct source_log *log = select->source.log;
    const struct schema *base = log->base.table.schema;
    struct arena *arena = select->call->arena;
    size_t keys = base->partition_count + base->clustering_count;
    struct value *map = arena_create(arena, sizeof(*map));
    if (!statement__log_names_row(&select->source, &select->statement->where)) {
        return NULL;
    }
    *map = (struct value){.kind = VALUE_MAP};
    map->pairs.at = arena_create_array(arena, 2 * keys, sizeof(struct value));
    for (size_t i = 0; i < select->restrictions.count; i++) {
        const struct restriction *restriction = &select->restrictions.at[i];
        size_t what = log->what[statement__source_number(&select->source, restriction->columns[0])];
        bool is_key = what >= LOG_KEY && restriction->comparison == CQL_EQUAL && map->pairs.count < keys;
        struct bytes name = is_key ? log->base.columns[what - LOG_KEY].name : (struct bytes){0};
        if (is_key && value_map_get(map, name) == NULL && restriction->values[0].kind == BOUND_VALUE) {
            map->pairs.at[2 * map->pairs.count] = value_of_text(name);
            map->pairs.at[2 * map->pairs.count + 1] = restriction->values[0].value;
            map->pairs.count++;
            CHECK(value_map_sort(map));
        }
    }
    return map->pairs.count == keys ? map : NULL;
}

static void want_from(struct gate_changes *wanted, int64_t lsn)
{
    uint64_t from = lsn <= 0 ? 0 : (uint64_t)lsn;
    wanted->from_lsn = from > wanted->from_lsn ? from : wanted->from_lsn;
}

/* Nothing is until 0. */
static bool want_until(struct gate_changes *wanted, int64_t lsn)
{
    uint64_t until = lsn <= 0 ? 0 : (uint64_t)lsn;
    wanted->until_lsn = wanted->until_lsn == 0 || until < wanted->until_lsn ? until : wanted->until_lsn;
    return until > 0;
}

/* LSNs of a range of rows; false: there can be none. */
static bool want_range(struct gate_changes *wanted, const struct row_range *range)
{
    if (range->low.count > 0) {
        int64_t low = range->low.values[0].integer;
        want_from(wanted, range->low.is_after && low < INT64_MAX ? low + 1 : low);
    }
    if (range->high.count > 0) {
        int64_t high = range->high.values[0].integer;
        return want_until(wanted, range->high.is_after ? high : high > INT64_MIN ? high - 1 : high);
    }
    return true;
}

/* What a relation on lsn says; false: nothing can be meant. */
static bool want_relation(const struct restriction *restriction, struct gate_changes *wanted)
{
    int64_t lsn = restriction->values[0].value.integer;
    switch ((int)restriction->comparison) {
    case CQL_EQUAL:
        want_from(wanted, lsn);
        return want_until(wanted, lsn);
    case CQL_GREATER:
        want_from(wanted, lsn < INT64_MAX ? lsn + 1 : lsn);
        return true;
    case CQL_GREATER_EQUAL:
        want_from(wanted, lsn);
        return true;
    case CQL_LESS:
        return want_until(wanted, lsn > INT64_MIN ? lsn - 1 : lsn);
    case CQL_LESS_EQUAL:
        return want_until(wanted, lsn);
    default: /* IN: every row is tested */
        return true;
    }
}

/* What relations on lsn say when the shard is not restricted; they filter rows, too. */
static bool want_relations(struct select *select, struct gate_changes *wanted)
{
    bool is_some = true;
    for (size_t i = 0; i < select->restrictions.count; i++) {
        const struct restriction *restriction = &select->restrictions.at[i];
        size_t number = statement__source_number(&select->source, restriction->columns[0]);
        bool is_lsn = select->source.log->what[number] == LOG_LSN && restriction->columns_count == 1 &&
                      restriction->values_count == 1 && restriction->values[0].kind == BOUND_VALUE;
        is_some = (!is_lsn || want_relation(restriction, wanted)) && is_some;
    }
    return is_some;
}

/* What the range at hand is of the log; false: nothing. */
static bool log_wanted(struct log_walk *walk, const struct value *row)
{
    struct select *select = walk->select;
    const struct restrictions *restrictions = &select->restrictions;
    const struct select_position *position = &select->position;
    walk->wanted = (struct gate_changes){.table = select->source.stored, .key = row};
    walk->wanted.records_max = CQL_PAGE_SCANNED_MAX;
    walk->wanted.bytes_max = CQL_PAGE_SCANNED_BYTES_MAX;
    if (!restrictions->has_partitions) {
        walk->wanted.shards = UINT16_MAX;
        walk->wanted.with_table = true;
        return want_relations(select, &walk->wanted);
    }
    int64_t shard = restrictions->partitions[position->partition][0].integer;
    uint32_t bit = shard >= 0 && shard < RECORD_SHARDS ? 1U << shard : 0;
    walk->wanted.shards = (uint16_t)bit;
    walk->wanted.with_table = shard == RECORD_SHARD_EVERY;
    bool is_shard = walk->wanted.shards != 0 || walk->wanted.with_table;
    return is_shard &&
           (!restrictions->has_ranges || want_range(&walk->wanted, &restrictions->ranges[position->range]));
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static bool log_is_enough(const struct log_walk *walk)
{
    const struct select *select = walk->select;
    bool may_end = select->page_rows != UINT64_MAX && !statement__selection_groups(&select->selection);
    return may_end && walk->scanned >= CQL_PAGE_SCANNED_MAX;
}

/* The range at hand, from `next` on (0: its beginning). */
static enum status log_range(struct log_walk *walk, uint64_t next)
{
    struct select *select = walk->select;
    enum status status = STATUS_OK;
    walk->wanted.from_lsn = next > 0 ? next : walk->wanted.from_lsn;
    do {
        size_t records = 0;
        status = gate_view_check(select->view, &walk->error);
        if (status == STATUS_OK) {
            status = gate_changes_read(select->call->exec->gate, &walk->wanted, log_visit, walk, &next,
                                       &records, &walk->error);
        }
        status = status == STATUS_OK ? walk->status : status;
        walk->scanned += records;
        walk->wanted.from_lsn = next;
        if (status == STATUS_OK && walk->step == SELECT_ON && next > 0 && log_is_enough(walk)) {
            walk->step = SELECT_FULL;
        }
    } while (status == STATUS_OK && walk->step == SELECT_ON && next > 0);
    if (status == STATUS_OK && walk->step == SELECT_FULL) {
        struct buffer row = {0};
        buffer_put_u64(&row, next);
        select->position.row = arena_copy(select->call->arena, buffer_bytes(&row));
        buffer_reset(&row);
    }
    return status;
}

static enum status log_check(struct select *select)
{
    bool is_scan = !select->restrictions.has_partitions;
    bool needs_shards = select->statement->is_distinct || select->selection.groups_count > 0 ||
                        select->partition_limit != UINT64_MAX;
    if (select->is_reverse) {
        return exec_fail(select->call, CQL_INVALID,
                         "A log is read forward: ORDER BY lsn DESC is not supported");
    }
    if (select->restrictions.has_token) {
        return exec_fail(select->call, CQL_INVALID, "token() is not supported on a log: name its shards");
    }
    return is_scan && needs_shards
               ? exec_fail(select->call, CQL_INVALID,
                           "DISTINCT, GROUP BY and PER PARTITION LIMIT on a log need a restriction on shard")
               : STATUS_OK;
}

enum status statement__select_log(struct select *select)
{
    struct log_walk walk = {.select = select, .log = select->source.log};
    struct select_position *position = &select->position;
    const struct restrictions *restrictions = &select->restrictions;
    size_t partitions = restrictions->has_partitions ? restrictions->partitions_count : 1;
    size_t ranges = restrictions->has_partitions && restrictions->has_ranges ? restrictions->ranges_count : 1;
    enum status status = log_check(select);
    if (status != STATUS_OK) {
        return status;
    }
    const struct value *row = row_named(select);
    uint64_t next = position->row.size == sizeof(uint64_t) ? bytes_get_u64(position->row.data) : 0;
    partitions = restrictions->is_nothing ? 0 : partitions;
    while (position->partition < partitions && status == STATUS_OK && walk.step == SELECT_ON) {
        for (; position->range < ranges && status == STATUS_OK && walk.step == SELECT_ON;
             position->range += walk.step == SELECT_ON) {
            status = log_wanted(&walk, row) ? log_range(&walk, next) : STATUS_OK;
            next = 0;
        }
        if (walk.step == SELECT_ON) {
            position->partition++;
            position->range = 0;
            position->partition_left = select->partition_limit;
        }
    }
    select->has_more = status == STATUS_OK && walk.step == SELECT_FULL;
    arena_reset(&walk.arena);
    return status == STATUS_OK ? status : exec_fail_status(select->call, status, walk.error.text);
}
