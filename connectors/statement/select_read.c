/* Rows of stored tables, partition by partition or in the order of their tokens. */
#include "row/key.h"
#include "select.h"
#include "statement/bounds.h"
#include "value/serial.h"
#include "views.h"

struct read {
    struct select *select;
    const struct schema *schema;
    int64_t now;            /* the moment at which rows are looked at, in seconds since 1970 */
    struct arena arena;     /* of the partition at hand … */
    struct arena row;       /* … and of the row */
    struct arena base;      /* of a view: of the base table's row … */
    struct buffer view_key; /* … and the key that it has in the view */
    struct buffer key;      /* of the partition, serialized; empty: there is none yet */
    struct value partition[PARTITION_COLUMNS_MAX];
    struct bytes static_image;
    struct wide_row statics;
    bool has_statics;
    bool has_rows;       /* some row of the partition shows */
    bool skips;          /* its other rows are not wanted */
    struct buffer last;  /* where the last row is that was taken or passed over by this query of the gate */
    struct buffer place; /* storage key where the range goes on */
    struct buffer at_entry; /* of an index on a static column: the one that led to the partition at hand */
    size_t scanned;
    size_t scanned_bytes;
    struct value entry[2]; /* of a map, that an index is read for … */
    struct value tuple;    /* … as the index has it */
    enum select_step step;
    enum status status;
    struct error error;
};

/* Whether an index on a static column tells which partitions are read; its entries lead to static rows. */
static bool read_is_by_statics(const struct read *read)
{
    const struct restrictions *restrictions = &read->select->restrictions;
    return restrictions->index != NULL && restrictions->indexed->columns[0]->kind == DESCRIBED_STATIC;
}

static bool read_is_scan(const struct read *read)
{
    return !read->select->restrictions.has_partitions && !read_is_by_statics(read);
}

/* Whether the rows are those that the entries of an index lead to. */
static bool read_is_indexed(const struct read *read)
{
    return read->select->restrictions.index != NULL && !read_is_by_statics(read);
}

/* --- partitions ----------------------------------------------------------------------------------------------------- */

static enum status partition_statics(struct read *read, struct bytes image)
{
    const struct schema *schema = statement__source_stored(&read->select->source);
    read->static_image = arena_copy(&read->arena, image);
    enum status status =
        wide_row_decode_of(schema, read->static_image, &read->arena, &read->statics, &read->error);
    read->has_statics = status == STATUS_OK && wide_row_shows(schema, &read->statics, read->now);
    return status;
}

static enum status partition_fetch_statics(struct read *read)
{
    struct select *select = read->select;
    struct bytes image = {0};
    int64_t now = 0;
    struct gate_slice slice = {.partition = read->partition, .is_static = true};
    if (!select->source.has_statics) {
        return STATUS_OK;
    }
    enum status status = gate_get_wide(select->aside, select->source.table.full, read->schema->table, &slice,
                                       select->as_of, &image, &now, &read->error);
    if (status == STATUS_OK) {
        status = partition_statics(read, image);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static void partition_clear(struct read *read)
{
    arena_clear(&read->arena);
    read->static_image = (struct bytes){0};
    read->has_statics = false;
    read->has_rows = false;
    read->skips = false;
}

/* The partition with these serialized bytes is at hand, without its statics. */
static enum status partition_begin(struct read *read, struct bytes key)
{
    const struct type *types[PARTITION_COLUMNS_MAX];
    partition_clear(read);
    buffer_clear(&read->key);
    buffer_put(&read->key, key);
    for (size_t i = 0; i < read->schema->partition_count; i++) {
        types[i] = &read->schema->partition[i].type;
    }
    return serial_partition_decode(types, read->schema->partition_count,
                                   arena_copy(&read->arena, buffer_bytes(&read->key)), &read->arena,
                                   read->partition, &read->error);
}

/* A partition that has nothing but statics is a row, when whole partitions are asked for. */
static enum status partition_end(struct read *read)
{
    struct select *select = read->select;
    struct select_stored stored = {.statics = read->static_image};
    struct buffer key = {0};
    const struct restrictions *restrictions = &select->restrictions;
    if (!read->has_statics || read->has_rows || restrictions->has_clustering || restrictions->has_regular) {
        return STATUS_OK;
    }
    arena_clear(&read->row);
    key_encode_pseudo(buffer_bytes(&read->key), ROW_STATIC, (struct bytes){0}, &key);
    stored.key = buffer_bytes(&key);
    struct source_row row = {.source = &select->source,
                             .arena = &read->row,
                             .key = read->partition,
                             .statics = &read->statics,
                             .now = read->now};
    enum status status = statement__select_take(select, &row, &stored, &read->step, &read->error);
    read->has_rows = status == STATUS_OK && read->step != SELECT_FULL;
    buffer_reset(&key);
    return status;
}

/* Whether none of its other rows can be wanted. Rows of a group that has begun are. */
static bool partition_is_full(const struct read *read)
{
    const struct select *select = read->select;
    return select->position.partition_left == 0 && !statement__selection_groups(&select->selection);
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

static void row_passed(struct read *read, struct bytes position)
{
    buffer_clear(&read->last);
    buffer_put(&read->last, position);
}

/* The cells of a row; those of a document are none, and it always shows. */
static enum status row_cells(struct read *read, const struct gate_row *stored, struct wide_row *ret_plain,
                             bool *ret_shows)
{
    const struct schema *schema = statement__source_stored(&read->select->source);
    *ret_shows = true;
    if (read->select->source.has_documents) {
        return STATUS_OK;
    }
    enum status status = wide_row_decode_of(schema, stored->image, &read->row, ret_plain, &read->error);
    *ret_shows = status == STATUS_OK && wide_row_shows(schema, ret_plain, read->now);
    return status;
}

static enum status row_take(struct read *read, const struct gate_row *stored)
{
    struct select *select = read->select;
    struct wide_row plain;
    size_t clustering = 0;
    bool shows = false;
    bool is_document = select->source.has_documents;
    arena_clear(&read->row);
    enum status status = row_cells(read, stored, &plain, &shows);
    if (!shows) {
        row_passed(read, stored->position);
        return status;
    }
    struct value key[PARTITION_COLUMNS_MAX + CLUSTERING_COLUMNS_MAX];
    status = key_decode(read->schema, stored->key, &read->row, key, key + read->schema->partition_count,
                        &clustering, &read->error);
    struct source_row row = {.source = &select->source,
                             .arena = &read->row,
                             .key = key,
                             .plain = is_document ? NULL : &plain,
                             .statics = read->has_statics ? &read->statics : NULL,
                             .document = is_document ? stored->image : (struct bytes){0},
                             .now = read->now};
    struct select_stored kept = {.key = stored->key, .image = stored->image, .statics = read->static_image};
    if (status == STATUS_OK) {
        status = statement__select_take(select, &row, &kept, &read->step, &read->error);
    }
    if (status == STATUS_OK && read->step != SELECT_FULL) {
        row_passed(read, stored->position);
        read->has_rows = true;
        read->skips = partition_is_full(read);
    }
    return status;
}

static enum status row_of_scan(struct read *read, const struct gate_row *row)
{
    struct bytes key = key_partition(row->key);
    enum status status = STATUS_OK;
    if (!bytes_equal(key, buffer_bytes(&read->key))) {
        status = partition_end(read);
        if (status != STATUS_OK || read->step != SELECT_ON) {
            return status;
        }
        status = partition_begin(read, key);
        if (status == STATUS_OK && read_is_indexed(read)) { /* entries lead to rows only */
            status = partition_fetch_statics(read);
        }
        read->select->position.partition_left = read->select->partition_limit;
    }
    if (status == STATUS_OK && key_kind(row->key) == ROW_STATIC) {
        row_passed(read, row->position);
        return partition_statics(read, row->image);
    }
    return status;
}

/* A row of the base table as one of the view that is read; false: the view does not show it. */
static bool row_of_view(struct read *read, struct gate_row *row)
{
    arena_clear(&read->base);
    read->status = statement__view_key(read->select->source.view, read->schema, row, read->now, &read->base,
                                       &read->view_key, &read->error);
    row->key = buffer_bytes(&read->view_key);
    if (read->status == STATUS_NOT_FOUND) {
        read->status = STATUS_OK;
        row_passed(read, row->position);
        return false;
    }
    return read->status == STATUS_OK;
}

static void read_visit(void *context, const struct gate_row *stored)
{
    struct read *read = context;
    struct gate_row row = *stored;
    if (read->status != STATUS_OK || read->step != SELECT_ON) {
        return;
    }
    if (read->select->source.view != NULL && !row_of_view(read, &row)) {
        return;
    }
    if (read_is_scan(read)) {
        read->status = row_of_scan(read, &row);
    }
    if (read->status != STATUS_OK || read->step != SELECT_ON || key_kind(row.key) != ROW_PLAIN) {
        return;
    }
    if (read->skips) {
        row_passed(read, row.position);
        return;
    }
    read->status = row_take(read, &row);
}

/* --- ranges --------------------------------------------------------------------------------------------------------- */

/* How many rows are wanted; 0: as many as the gate gives. One more tells whether others follow. */
static size_t range_wanted(const struct read *read)
{
    const struct select *select = read->select;
    uint64_t wanted = select->page_rows == UINT64_MAX ? UINT64_MAX : select->page_rows - select->rows;
    if (statement__selection_groups(&select->selection) || select->restrictions.filters || select->sorts) {
        return 0;
    }
    if (select->partition_limit != UINT64_MAX && read_is_scan(read)) {
        return CQL_SKIP_ROWS; /* behind them the rest of the partition may be left out */
    }
    wanted = select->position.left < wanted ? select->position.left : wanted;
    wanted = select->position.partition_left < wanted ? select->position.partition_left : wanted;
    return wanted < CQL_PAGE_SCANNED_MAX ? (size_t)wanted + 1 : 0;
}

/* How many rows to ask the gate for: on the door's thread not many. */
static size_t range_rows(const struct read *read)
{
    size_t wanted = range_wanted(read);
    size_t most = read->select->rows_inline;
    return most > 0 && (wanted == 0 || wanted > most) ? most : wanted;
}

/* Whether what is left is for the reader pool. */
static bool read_is_long(struct read *read)
{
    struct select *select = read->select;
    select->is_long =
        select->rows_inline > 0 && read->scanned + select->position.partition >= select->rows_inline;
    return select->is_long;
}

/* Behind all rows of the partition at hand, whose others are not wanted. */
static void range_skip(struct read *read)
{
    struct buffer behind = {0};
    key_storage_partition(read->schema->space, buffer_bytes(&read->key), &behind);
    buffer_put_u8(&behind, UINT8_MAX);
    buffer_clear(&read->place);
    buffer_put(&read->place, buffer_bytes(&behind));
    buffer_reset(&behind);
}

/* Where the range goes on: behind what the gate looked at, or the last row that was taken. */
static enum status range_place(struct read *read, struct bytes next)
{
    if (read->step == SELECT_ON) {
        bool goes_on = next.size > 0 && (!read->skips || read_is_scan(read));
        buffer_clear(&read->place);
        buffer_put(&read->place, goes_on ? next : (struct bytes){0});
        if (goes_on && read->skips && !read_is_indexed(read)) {
            range_skip(read);
        }
        return STATUS_OK;
    }
    if (read->last.size == 0) {
        return STATUS_OK; /* where it was */
    }
    buffer_clear(&read->place);
    buffer_put(&read->place, buffer_bytes(&read->last));
    return STATUS_OK;
}

/* A page ends, too, where much was looked at. */
static bool read_is_enough(const struct read *read)
{
    const struct select *select = read->select;
    bool may_end = select->page_rows != UINT64_MAX && !statement__selection_groups(&select->selection);
    return may_end &&
           (read->scanned >= CQL_PAGE_SCANNED_MAX || read->scanned_bytes >= CQL_PAGE_SCANNED_BYTES_MAX);
}

/* The entries that the index has of the value asked for; they are in the table's order. */
static void query_entries(struct read *read, struct key_term *term, struct gate_query *query)
{
    const struct restrictions *restrictions = &read->select->restrictions;
    bool is_entry = restrictions->index->target == INDEX_OF_ENTRIES;
    read->entry[0] = restrictions->indexed->key.value;
    read->entry[1] = restrictions->indexed->values[0].value;
    read->tuple = (struct value){.kind = VALUE_TUPLE, .items = {.at = read->entry, .count = 2}};
    *term = (struct key_term){.name = restrictions->index->partition[0].name,
                              .test = EXPRESSION_EQUAL,
                              .values = {is_entry ? &read->tuple : &read->entry[1]}};
    query->index = restrictions->index->name;
    query->index_space = restrictions->index->space;
    query->slice = NULL;
    query->key_terms = term;
    query->key_terms_count = 1;
}

/* Reads entries of the index instead of the table, when there is one. A view is an index whose entries are in the view's
 * order. */
static void range_by_index(struct read *read, struct key_term *term, struct gate_query *query)
{
    const struct view_rows *view = read->select->source.view;
    if (view != NULL) {
        query->index = view->index;
        query->index_space = read->schema->space;
        query->allows_filling = true;
    }
    if (read_is_indexed(read)) {
        query_entries(read, term, query);
    }
}

/* Rows of one range, from read->place on. */
static enum status range_read(struct read *read, const struct gate_slice *slice)
{
    struct select *select = read->select;
    enum status status = STATUS_OK;
    do {
        struct gate_page page = {0};
        struct arena arena = {0};
        struct gate_query query = {.table = select->source.stored,
                                   .table_id = read->schema->table,
                                   .slice = slice,
                                   .as_stored = true,
                                   .next = buffer_bytes(&read->place),
                                   .is_reverse = select->is_reverse,
                                   .rows_max = range_rows(read),
                                   .passed_max = select->rows_inline,
                                   .as_of = select->as_of};
        struct key_term term;
        buffer_clear(&read->last);
        range_by_index(read, &term, &query);
        status = gate_query(select->view, &query, &arena, read_visit, read, &page, NULL, &read->error);
        status = status == STATUS_OK ? read->status : status;
        if (status == STATUS_OK) {
            read->scanned += page.scanned + page.passed;
            read->scanned_bytes += page.scanned_bytes;
            status = range_place(read, page.next);
        }
        arena_reset(&arena);
        bool goes_on = read->place.size > 0;
        if (status == STATUS_OK && read->step == SELECT_ON && goes_on && read_is_enough(read)) {
            read->step = SELECT_FULL;
        }
    } while (status == STATUS_OK && read->step == SELECT_ON && read->place.size > 0 && !read_is_long(read));
    return status;
}

static struct gate_slice range_slice(const struct read *read, size_t range)
{
    const struct restrictions *restrictions = &read->select->restrictions;
    struct gate_slice slice = {.token_low = restrictions->token_low, .token_high = restrictions->token_high};
    if (read_is_scan(read)) {
        return slice;
    }
    slice.partition = read->partition;
    slice.has_bounds = restrictions->has_ranges;
    if (slice.has_bounds) {
        size_t place = read->select->is_reverse ? restrictions->ranges_count - 1 - range : range;
        slice.low = restrictions->ranges[place].low;
        slice.high = restrictions->ranges[place].high;
    }
    return slice;
}

/* All ranges of the partition at hand, or the scan; then its end. */
static enum status read_ranges(struct read *read)
{
    struct select *select = read->select;
    struct select_position *position = &select->position;
    size_t count = select->restrictions.has_ranges ? select->restrictions.ranges_count : 1;
    enum status status = STATUS_OK;
    while (position->range < count && status == STATUS_OK) {
        struct gate_slice slice = range_slice(read, position->range);
        status = read->skips && !read_is_scan(read) ? STATUS_OK : range_read(read, &slice);
        if (status != STATUS_OK || read->step != SELECT_ON || select->is_long) {
            return status;
        }
        buffer_clear(&read->place);
        position->range++;
        if (read_is_enough(read) && position->range < count) {
            read->step = SELECT_FULL;
            return STATUS_OK;
        }
    }
    return partition_end(read);
}

/* --- which partitions ----------------------------------------------------------------------------------------------- */

/* One of the restrictions' partitions. */
static enum status partition_named(struct read *read)
{
    const struct select *select = read->select;
    const struct value *values = select->restrictions.partitions[select->position.partition];
    uint8_t space[256]; /* of common keys */
    struct buffer key = buffer_over(space, sizeof(space));
    partition_clear(read);
    memcpy(read->partition, values, read->schema->partition_count * sizeof(*values));
    enum status status = key_encode(read->schema, ROW_STATIC, values, NULL, 0, &key, &read->error);
    buffer_clear(&read->key);
    if (status == STATUS_OK) {
        buffer_put(&read->key, key_partition(buffer_bytes(&key)));
    }
    buffer_reset(&key);
    return status;
}

/* An entry of the index on a static column: it leads to a partition's static row. */
static void entry_visit(void *context, const struct gate_row *row)
{
    struct read *read = context;
    read->status = partition_begin(read, key_partition(row->key));
    buffer_clear(&read->at_entry);
    buffer_put(&read->at_entry, row->position);
}

/* The partition behind the last one, as the index on a static column has it. False in *ret_is_there: there is none. */
static enum status partition_by_statics(struct read *read, bool *ret_is_there)
{
    struct select *select = read->select;
    enum status status = STATUS_OK;
    bool goes_on = true;
    buffer_clear(&read->key);
    while (status == STATUS_OK && goes_on && read->key.size == 0 && !read_is_long(read)) {
        struct gate_page page = {0};
        struct arena arena = {0};
        struct key_term term;
        struct gate_query query = {.table = select->source.stored,
                                   .table_id = read->schema->table,
                                   .as_stored = true,
                                   .next = buffer_bytes(&read->at_entry),
                                   .rows_max = 1,
                                   .passed_max = select->rows_inline,
                                   .as_of = select->as_of};
        query_entries(read, &term, &query);
        status = gate_query(select->view, &query, &arena, entry_visit, read, &page, NULL, &read->error);
        status = status == STATUS_OK ? read->status : status;
        read->scanned += page.scanned + page.passed;
        goes_on = page.next.size > 0;
        if (status == STATUS_OK && read->key.size == 0) {
            buffer_clear(&read->at_entry);
            buffer_put(&read->at_entry, page.next);
        }
        arena_reset(&arena);
    }
    *ret_is_there = read->key.size > 0;
    return status;
}

/* Begins the next partition, or goes on with that of the position; a scan finds its partitions as it goes. False in
 * *ret_is_there: all were read. */
static enum status partition_next(struct read *read, bool is_resumed, bool *ret_is_there)
{
    struct select *select = read->select;
    const struct select_position *position = &select->position;
    bool has_key = is_resumed && position->key.size > 0;
    size_t count = read_is_scan(read) ? 1 : select->restrictions.partitions_count;
    *ret_is_there = read_is_by_statics(read) || position->partition < count;
    if (!*ret_is_there || select->restrictions.is_nothing) {
        *ret_is_there = false;
        return STATUS_OK;
    }
    if (has_key) {
        return partition_begin(read, position->key);
    }
    return read_is_by_statics(read) ? partition_by_statics(read, ret_is_there)
           : read_is_scan(read)     ? STATUS_OK
                                    : partition_named(read);
}

/* --- all ------------------------------------------------------------------------------------------------------------ */

/* A table or an index that was emptied or made anew since the page before has another space; a page goes on behind the same keys. */
static void place_move(struct buffer *place, uint32_t space)
{
    if (place->size >= sizeof(uint32_t)) {
        bytes_put_u32(place->data, space);
    }
}

/* The partition at hand, from the position on when that is resumed. */
static enum status read_partition(struct read *read, bool is_resumed)
{
    struct select *select = read->select;
    struct select_position *position = &select->position;
    enum status status = read->key.size > 0 ? partition_fetch_statics(read) : STATUS_OK;
    if (is_resumed) {
        read->has_rows = position->has_rows;
        buffer_put(&read->place, position->row);
        place_move(&read->place,
                   read_is_indexed(read) ? select->restrictions.index->space : read->schema->space);
    } else {
        position->partition_left = select->partition_limit;
        position->range = 0;
    }
    read->skips = read->has_rows && partition_is_full(read);
    return status == STATUS_OK ? read_ranges(read) : status;
}

/* It was read whole. A page ends here, too, where much was looked at. */
static void read_next(struct read *read)
{
    struct select *select = read->select;
    struct select_position *position = &select->position;
    position->partition += read_is_by_statics(read) ? 0 : 1;
    position->range = 0;
    position->partition_left = select->partition_limit;
    buffer_clear(&read->place);
    buffer_clear(&read->key);
    bool has_others = read_is_by_statics(read) ||
                      (!read_is_scan(read) && position->partition < select->restrictions.partitions_count);
    read->step = read_is_enough(read) && has_others ? SELECT_FULL : SELECT_ON;
    read->has_rows = false;
}

static void visit_nothing(void *context, const struct gate_row *row)
{
    (void)context;
    (void)row;
}

/* The moment of the rows: the request's, the clock's, or that of the LSN. */
static enum status read_moment(struct read *read)
{
    const struct select *select = read->select;
    const struct cql_parameters *parameters = &select->call->request->message->parameters;
    read->now = parameters->has_now ? parameters->now_s : clock_wall_us(clock_system()) / 1000000;
    if (select->as_of == 0) {
        return STATUS_OK;
    }
    struct gate_page page = {0};
    struct gate_slice slice = {.token_low = INT64_MIN, .token_high = INT64_MAX};
    struct gate_query query = {.table = select->source.stored,
                               .slice = &slice,
                               .rows_max = 1,
                               .as_of = select->as_of};
    enum status status =
        gate_query(select->view, &query, select->call->arena, visit_nothing, NULL, &page, NULL, &read->error);
    read->now = page.now;
    return status;
}

/* Where the next page goes on. */
static void read_note_position(struct read *read)
{
    struct select_position *position = &read->select->position;
    struct arena *arena = read->select->call->arena;
    position->row = arena_copy(arena, buffer_bytes(&read->place));
    bool has_names = read->select->restrictions.has_partitions;
    position->key = arena_copy(arena, has_names ? (struct bytes){0} : buffer_bytes(&read->key));
    position->entry = arena_copy(arena, buffer_bytes(&read->at_entry));
    position->has_rows = read->has_rows;
    position->as_of = read->select->as_of;
    position->index = statement__select_index(read->select);
}

enum status statement__select_read(struct select *select)
{
    struct read read = {.select = select, .schema = select->source.table.schema};
    bool is_resumed = select->call->request->message->parameters.has_paging_state;
    enum status status = read_moment(&read);
    buffer_put(&read.at_entry, select->position.entry);
    if (read_is_by_statics(&read)) {
        place_move(&read.at_entry, select->restrictions.index->space);
    }
    while (status == STATUS_OK && read.step == SELECT_ON && !read_is_long(&read)) {
        bool is_there = false;
        status = partition_next(&read, is_resumed, &is_there);
        if (status != STATUS_OK || !is_there) {
            break;
        }
        status = read_partition(&read, is_resumed);
        is_resumed = false;
        if (status == STATUS_OK && read.step == SELECT_ON && !select->is_long) {
            read_next(&read);
        }
    }
    select->has_more = status == STATUS_OK && read.step == SELECT_FULL;
    if (select->has_more) {
        read_note_position(&read);
    }
    arena_reset(&read.arena);
    arena_reset(&read.row);
    arena_reset(&read.base);
    buffer_reset(&read.view_key);
    buffer_reset(&read.key);
    buffer_reset(&read.at_entry);
    buffer_reset(&read.last);
    buffer_reset(&read.place);
    return status == STATUS_OK ? status : exec_fail_status(select->call, status, read.error.text);
}
