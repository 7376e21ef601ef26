/* Rows of wide tables against a naive model that remembers every write there ever was, and decides by MODEL's words what
 * shows: late writes, equal timestamps, deletions of rows, ranges and partitions, expiry, static rows, collections. What
 * shows now, what showed at any LSN, and which records tell of it. */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "environment/transaction.h"
#include "gate/gate.h"
#include "job/job.h"
#include "row/document.h"
#include "row/key.h"
#include "row/stored.h"
#include "support/store.h"
#include "support/test.h"
#include "value/decimal.h"
#include "wide_model.h"

enum {
    LSNS_MAX = 1 << 15,
};

/* --- a step ------------------------------------------------------------------------------------------------------- */

struct world {
    struct store store;
    struct clock clock;
    _Atomic int64_t now_us; /* threads of the store read it */
    struct gate *gate;
    struct gate_view *view;
    struct random random;
    struct naive naive;
    char (*texts)[PARTITIONS * ROWS][TEXT_BYTES]; /* what showed after each LSN */
    bool is_end[LSNS_MAX];                        /* the last one of a transaction */
    uint64_t lsn;
    int64_t steps;
    bool has_jobs; /* deletes of two rows and more are carried out in the background */
    struct jobs *jobs;
};

static int64_t world_wall_us(void *context)
{
    return ((struct world *)context)->now_us;
}

static int draw(struct world *world, int bound)
{
    return (int)random_below(&world->random, (uint64_t)bound);
}

/* A decimal: the number with `scale` zeros behind its point, so that equal keys are written differently. */
static size_t put_key(int number, int scale, uint8_t bytes[KEY_BYTES_MAX])
{
    int unscaled = number * (scale == 0 ? 1 : scale == 1 ? 10 : 100);
    bytes_put_u32(bytes, (uint32_t)scale);
    if (unscaled > INT8_MAX) {
        bytes_put_u16(bytes + 4, (uint16_t)unscaled);
        return KEY_BYTES_MAX;
    }
    bytes[4] = (uint8_t)unscaled;
    return KEY_BYTES_MAX - 1;
}

static void draw_part(struct world *world, struct step_change *change, int i)
{
    change->keys[i] = draw(world, 4);
    change->values[i] = draw(world, 5);
    change->scales[i] = draw(world, 3);
    size_t key_size = put_key(change->keys[i], change->scales[i], change->key_bytes[i]);
    bytes_put_u32(change->value_bytes[i], (uint32_t)change->values[i]);
    change->parts[i] = (struct wide_part){.value = bytes_of(change->value_bytes[i], 4)};
    if (change->action.column == COLUMN_M) {
        change->parts[i].path = bytes_of(change->key_bytes[i], key_size);
        change->parts[i].is_null = change->action.kind == WIDE_PUT && draw(world, 4) == 0;
    }
}

static void draw_action(struct world *world, struct step_change *change, bool is_alone)
{
    static const enum wide_action_kind map_kinds[] = {WIDE_PUT, WIDE_PUT, WIDE_REPLACE, WIDE_DELETE};
    static const enum wide_action_kind list_kinds[] = {WIDE_APPEND, WIDE_PREPEND,  WIDE_REPLACE_LIST,
                                                       WIDE_DELETE, WIDE_LIST_SET, WIDE_LIST_SUBTRACT};
    int column = change->r == STATIC_ROW ? COLUMN_S : 1 + draw(world, 3);
    change->action.column = (uint32_t)column;
    change->action.kind = WIDE_SET;
    change->action.count = 1;
    if (column == COLUMN_M) {
        change->action.kind = map_kinds[draw(world, ARRAY_COUNT(map_kinds))];
        change->action.count = change->action.kind == WIDE_DELETE ? 0 : 1 + (size_t)draw(world, PARTS);
    } else if (column == COLUMN_L) { /* what reads the list stands alone: the model has no order in a batch */
        change->action.kind = list_kinds[draw(world, is_alone ? ARRAY_COUNT(list_kinds) : 4)];
        change->action.count = change->action.kind == WIDE_LIST_SET ? 1
                               : change->action.kind == WIDE_DELETE ? 0
                                                                    : 1 + (size_t)draw(world, PARTS);
    }
    for (size_t i = 0; i < change->action.count; i++) {
        draw_part(world, change, (int)i);
    }
    if (change->action.kind == WIDE_SET || change->action.kind == WIDE_LIST_SET) {
        change->parts[0].is_null = draw(world, 4) == 0;
    }
    change->action.number = draw(world, 3);
    change->action.parts = change->parts;
    change->update.actions = &change->action;
    change->update.count = 1;
}

static void draw_range(struct world *world, struct step_change *change)
{
    change->is_range = true;
    change->low = draw(world, PLACES);
    change->high = draw(world, PLACES);
    change->low_after = draw(world, 2) == 0;
    change->high_after = draw(world, 2) == 0;
    change->clustering[0] = value_of_integer(change->low);
    change->clustering[1] = value_of_integer(change->high);
    change->slice.has_bounds = true;
    change->slice.low = (struct gate_bound){&change->clustering[0], 1, change->low_after};
    change->slice.high = (struct gate_bound){&change->clustering[1], 1, change->high_after};
    if (draw(world, 6) == 0) { /* to the end */
        change->slice.high = (struct gate_bound){.is_after = true};
        change->high = world->naive.is_descending ? 0 : PLACES - 1;
        change->high_after = true;
    }
}

static void draw_change(struct world *world, struct step_change *change, bool is_alone)
{
    int choice = draw(world, 100);
    *change = (struct step_change){.kind = GATE_WIDE, .p = draw(world, PARTITIONS), .r = draw(world, ROWS)};
    change->partition = value_of_integer(change->p);
    change->slice.partition = &change->partition;
    if (choice < 80) {
        change->clustering[0] = value_of_integer(change->r);
        change->slice.is_static = change->r == STATIC_ROW;
        change->slice.low = (struct gate_bound){.values = change->clustering, .count = 1};
        change->update.has_marker = change->r != STATIC_ROW && draw(world, 3) == 0;
        change->update.ttl = draw(world, 4) == 0 ? 1 + (uint32_t)draw(world, 10) : 0;
        change->update.deletes_row = choice < 10;
        if (choice >= 5) {
            draw_action(world, change, is_alone);
        }
        return;
    }
    change->kind = GATE_WIDE_DELETE;
    change->r = -1;
    if (choice < 95) {
        draw_range(world, change);
    }
}

/* One time in two the client gives a timestamp, around now: some are equal, those of cells that expire are not. */
static void draw_timestamp(struct world *world, struct step_change *changes, size_t count)
{
    bool has_timestamp = draw(world, 2) == 0;
    bool expires = false;
    for (size_t i = 0; i < count; i++) {
        expires |= changes[i].update.ttl > 0;
    }
    int64_t timestamp = (world->now_us / 100000 + draw(world, 40) - 30) * 100000;
    timestamp += expires ? 1 + world->steps % 90000 : 0;
    for (size_t i = 0; i < count; i++) {
        changes[i].update.has_timestamp = has_timestamp;
        changes[i].update.timestamp = timestamp;
        if (expires) {
            changes[i].update.ttl = changes[0].update.ttl; /* of equal age: all or none expires, alike */
        }
    }
}

/* --- the product -------------------------------------------------------------------------------------------------- */

static void image_text(const struct schema *schema, struct bytes image, bool is_static, int64_t now,
                       char *text)
{
    struct arena arena = {0};
    struct wide_row row;
    struct error error;
    size_t size = 0;
    assert_ok(wide_row_decode(image, &arena, &row, &error), error);
    for (size_t i = 0; i < schema->columns_count; i++) {
        struct value value;
        const struct column *column = &schema->columns[i];
        if (column->is_static != is_static) {
            continue;
        }
        assert_ok(document_column(column, &row, now, &arena, &value, &error), error);
        if (value.kind == VALUE_INTEGER) {
            size += (size_t)snprintf(text + size, TEXT_BYTES - size, "%s=%d ", i == 0 ? "s" : "a",
                                     (int)value.integer);
        }
        for (size_t k = 0; value.kind == VALUE_MAP && k < value.pairs.count; k++) {
            const struct decimal *key = &value.pairs.at[2 * k].decimal;
            size +=
                (size_t)snprintf(text + size, TEXT_BYTES - size, "m=%d,%d:%d ", (int)decimal_to_double(key),
                                 key->scale, (int)value.pairs.at[2 * k + 1].integer);
        }
        for (size_t k = 0; value.kind == VALUE_LIST && k < value.items.count; k++) {
            size += (size_t)snprintf(text + size, TEXT_BYTES - size, "l=%d ", (int)value.items.at[k].integer);
        }
    }
    if (row.has_marker && wide_cell_shows(&row.marker, now)) {
        (void)snprintf(text + size, TEXT_BYTES - size, "marker=0 ");
    }
    arena_reset(&arena);
}

static void world_text(struct world *world, int p, int r, uint64_t as_of, int64_t *ret_now,
                       char text[TEXT_BYTES])
{
    struct value partition = value_of_integer(p);
    struct value clustering = value_of_integer(r);
    struct gate_slice slice = {.partition = &partition,
                               .is_static = r == STATIC_ROW,
                               .low = {&clustering, 1, false}};
    const struct schema *schema = catalog_find(world->store.catalog, bytes_of_text("ks.t"));
    struct bytes image;
    struct error error;
    text[0] = 0;
    enum status status =
        gate_get_wide(world->view, bytes_of_text("ks.t"), 0, &slice, as_of, &image, ret_now, &error);
    if (status != STATUS_NOT_FOUND) {
        assert_ok(status, error);
        image_text(schema, image, r == STATIC_ROW, *ret_now, text);
    }
}

static void check_now(struct world *world)
{
    for (int p = 0; p < PARTITIONS; p++) {
        for (int r = 0; r < ROWS; r++) {
            char expected[TEXT_BYTES];
            char found[TEXT_BYTES];
            int64_t now = 0;
            world_text(world, p, r, 0, &now, found);
            naive_text(&world->naive, p, r, world->now_us / 1000000, expected);
            assert_string_equal(found, expected);
        }
    }
}

static void check_past(struct world *world, uint64_t lsn)
{
    for (int p = 0; p < PARTITIONS; p++) {
        for (int r = 0; r < ROWS; r++) {
            char found[TEXT_BYTES];
            int64_t now = 0;
            world_text(world, p, r, lsn, &now, found);
            assert_string_equal(found, world->texts[lsn][p * ROWS + r]);
        }
    }
}

struct seen {
    size_t count;
    char texts[PARTITIONS * ROWS][TEXT_BYTES];
    const struct schema *schema;
    int64_t now;
};

static void visit_row(void *context, const struct gate_row *row)
{
    struct seen *seen = context;
    struct error error;
    struct arena arena = {0};
    struct value partition;
    struct value clustering = value_of_integer(STATIC_ROW);
    size_t count = 0;
    assert_ok(key_decode(seen->schema, row->key, &arena, &partition, &clustering, &count, &error), error);
    image_text(seen->schema, row->image, count == 0, seen->now,
               seen->texts[partition.integer * ROWS + clustering.integer]);
    arena_reset(&arena);
}

/* The whole table in pages, forward and back: each row once, with what shows. */
static void check_scan(struct world *world, bool is_reverse)
{
    struct seen seen = {.schema = catalog_find(world->store.catalog, bytes_of_text("ks.t")),
                        .now = world->now_us / 1000000};
    struct gate_slice slice = {.token_low = INT64_MIN, .token_high = INT64_MAX};
    struct gate_query query = {.table = bytes_of_text("ks.t"),
                               .slice = &slice,
                               .rows_max = 3,
                               .is_reverse = is_reverse};
    struct arena arena = {0};
    struct error error;
    do {
        struct gate_page page;
        assert_ok(gate_query(world->view, &query, &arena, visit_row, &seen, &page, NULL, &error), error);
        query.next = page.next;
    } while (query.next.size > 0);
    for (int i = 0; i < PARTITIONS * ROWS; i++) {
        char expected[TEXT_BYTES];
        naive_text(&world->naive, i / ROWS, i % ROWS, seen.now, expected);
        assert_string_equal(seen.texts[i], expected);
    }
    arena_reset(&arena);
}

/* --- records ------------------------------------------------------------------------------------------------------ */

/* Which row a record is about; -1: none that shows. */
static int record_row(const struct schema *schema, const struct record *record)
{
    struct arena arena = {0};
    struct error error;
    struct value partition;
    struct value clustering = value_of_integer(STATIC_ROW);
    size_t count = 0;
    enum row_kind kind = key_kind(record->key);
    if (kind != ROW_PLAIN && kind != ROW_STATIC) {
        assert_true((record->flags & RECORD_META) != 0);
        return -1;
    }
    assert_ok(key_decode(schema, record->key, &arena, &partition, &clustering, &count, &error), error);
    arena_reset(&arena);
    return (int)(partition.integer * ROWS + clustering.integer);
}

/* The marker is seen only where nothing else of the row is. */
static bool texts_show_same(const char *a, const char *b)
{
    const char *a_marker = strstr(a, "marker");
    const char *b_marker = strstr(b, "marker");
    size_t a_size = a_marker == NULL ? strlen(a) : (size_t)(a_marker - a);
    size_t b_size = b_marker == NULL ? strlen(b) : (size_t)(b_marker - b);
    return (a[0] == 0) == (b[0] == 0) && a_size == b_size && memcmp(a, b, a_size) == 0;
}

/* Whoever follows the records knows of every row that shows otherwise than before, and of no other. */
static void check_records(struct world *world, uint64_t from, uint64_t to, int64_t commit_us,
                          bool is_told_later, char before[PARTITIONS * ROWS][TEXT_BYTES])
{
    const struct schema *schema = catalog_find(world->store.catalog, bytes_of_text("ks.t"));
    bool is_told[PARTITIONS * ROWS] = {false};
    struct buffer buffer = {0};
    for (uint64_t lsn = from; lsn <= to; lsn++) {
        struct record record;
        struct error error;
        int64_t time_us = 0;
        char after[TEXT_BYTES];
        assert_ok(log_record_at(world->store.log, lsn, &buffer, &record, &time_us, &error), error);
        if (record.table != schema->table) {
            assert_true(world->has_jobs);
            continue;
        }
        int row = record_row(schema, &record);
        if (row < 0 || record.cause.kind == CAUSE_TTL || record.cause.kind == CAUSE_RANGE_DELETE) {
            continue;
        }
        naive_text(&world->naive, row / ROWS, row % ROWS, commit_us / 1000000, after);
        bool is_same = texts_show_same(before[row], after);
        assert_int_equal((record.flags & RECORD_META) != 0, is_same);
        enum operation expected = before[row][0] == 0 && after[0] != 0   ? OPERATION_INSERT
                                  : before[row][0] != 0 && after[0] == 0 ? OPERATION_REMOVE
                                                                         : OPERATION_MODIFY;
        assert_int_equal(record.operation, expected);
        is_told[row] = true;
    }
    for (int row = 0; row < PARTITIONS * ROWS; row++) {
        char after[TEXT_BYTES];
        naive_text(&world->naive, row / ROWS, row % ROWS, commit_us / 1000000, after);
        assert_true(is_told[row] || is_told_later || texts_show_same(before[row], after));
    }
    buffer_reset(&buffer);
}

/* Whoever follows the records from the first to the last has what there is. */
static void check_fold(struct world *world, uint64_t from)
{
    const struct schema *schema = catalog_find(world->store.catalog, bytes_of_text("ks.t"));
    char(*texts)[TEXT_BYTES] = memory_create_array((size_t)PARTITIONS * ROWS, TEXT_BYTES);
    int64_t now = world->now_us / 1000000;
    struct buffer buffer = {0};
    for (uint64_t lsn = from; lsn <= fold_committed_lsn(world->store.fold); lsn++) {
        struct record record;
        struct error error;
        int64_t time_us = 0;
        assert_ok(log_record_at(world->store.log, lsn, &buffer, &record, &time_us, &error), error);
        int row = record.table == schema->table ? record_row(schema, &record) : -1;
        if (row >= 0) {
            texts[row][0] = 0;
            if ((record.flags & RECORD_HAS_NEW) != 0) {
                image_text(schema, record.new_image, row % ROWS == STATIC_ROW, now, texts[row]);
            }
        }
    }
    for (int row = 0; row < PARTITIONS * ROWS; row++) {
        char expected[TEXT_BYTES];
        naive_text(&world->naive, row / ROWS, row % ROWS, now, expected);
        assert_string_equal(texts[row], expected);
    }
    buffer_reset(&buffer);
    memory_destroy(texts);
}

/* --- the world ---------------------------------------------------------------------------------------------------- */

static void world_texts(struct world *world, int64_t now, char texts[PARTITIONS * ROWS][TEXT_BYTES])
{
    for (int i = 0; i < PARTITIONS * ROWS; i++) {
        naive_text(&world->naive, i / ROWS, i % ROWS, now, texts[i]);
    }
}

struct step_outcome {
    sem_t done;
    enum status status;
    uint64_t lsn;
    int64_t commit_us;
    char text[256];
};

static void step_done(void *context, const struct gate_outcome *outcome)
{
    struct step_outcome *to = context;
    to->status = outcome->status;
    to->lsn = outcome->lsn;
    to->commit_us = outcome->commit_time_us;
    (void)snprintf(to->text, sizeof(to->text), "%s", outcome->text);
    (void)sem_post(&to->done);
}

static void step_submit(struct world *world, struct step_change *changes, size_t count,
                        struct step_outcome *outcome)
{
    struct arena arena = {0};
    struct error error;
    struct gate_change gate_changes[CHANGES];
    for (size_t i = 0; i < count; i++) {
        gate_changes[i] = (struct gate_change){.kind = changes[i].kind,
                                               .table = bytes_of_text("ks.t"),
                                               .wide = &changes[i].update,
                                               .slice = &changes[i].slice};
    }
    struct gate_transaction transaction = {.arena = &arena,
                                           .changes = gate_changes,
                                           .count = count,
                                           .actor = bytes_of_text("test"),
                                           .done = step_done,
                                           .context = outcome};
    assert_int_equal(sem_init(&outcome->done, 0, 0), 0);
    assert_ok(gate_submit(world->gate, &transaction, NULL, &error), error);
    while (sem_wait(&outcome->done) != 0) {
    }
    (void)sem_destroy(&outcome->done);
}

/* When an LSN was committed. A write that changes nothing is answered with the last LSN there is, which may be older than it. */
static int64_t world_commit_us(struct world *world, uint64_t lsn)
{
    struct buffer buffer = {0};
    struct record record;
    struct error error;
    int64_t time_us = 0;
    assert_ok(log_record_at(world->store.log, lsn, &buffer, &record, &time_us, &error), error);
    buffer_reset(&buffer);
    return time_us;
}

static void world_step(struct world *world)
{
    struct step_change changes[CHANGES];
    size_t count = draw(world, 3) == 0 ? 2 + (size_t)draw(world, CHANGES - 1) : 1;
    char before[PARTITIONS * ROWS][TEXT_BYTES];
    struct step_outcome outcome;
    for (size_t i = 0; i < count; i++) {
        draw_change(world, &changes[i], count == 1);
        changes[i].update.actions = &changes[i].action;
    }
    draw_timestamp(world, changes, count);
    step_submit(world, changes, count, &outcome);
    if (outcome.status != STATUS_OK) { /* a list that has no such element: nothing happens */
        assert_int_equal(outcome.status, STATUS_INVALID);
        assert_true(count == 1 && changes[0].action.kind == WIDE_LIST_SET);
        return;
    }
    world_texts(world, outcome.commit_us / 1000000, before);
    naive_step(&world->naive, changes, count, outcome.commit_us);
    bool deletes_many = false;
    for (size_t i = 0; i < count; i++) {
        deletes_many |= changes[i].kind == GATE_WIDE_DELETE;
    }
    check_records(world, world->lsn + 1, outcome.lsn, outcome.commit_us, world->has_jobs && deletes_many,
                  before);
    if (outcome.lsn > world->lsn && world_commit_us(world, outcome.lsn) == outcome.commit_us) {
        world_texts(world, outcome.commit_us / 1000000, world->texts[outcome.lsn]);
        world->is_end[outcome.lsn] = true;
    }
    world->lsn = outcome.lsn;
    world->steps++;
}

static void world_open(struct world *world)
{
    struct error error;
    struct gate_options options = {.catalog = world->store.catalog,
                                   .environment = world->store.environment,
                                   .fold = world->store.fold,
                                   .log = world->store.log,
                                   .clock = &world->clock};
    world->gate = gate_create(&options);
    assert_ok(gate_view_open(world->gate, &world->view, &error), error);
    if (world->has_jobs) {
        struct jobs_options jobs = {.catalog = world->store.catalog,
                                    .environment = world->store.environment,
                                    .log = world->store.log,
                                    .fold = world->store.fold,
                                    .clock = &world->clock,
                                    .sweep_ms = 50};
        world->lsn = fold_committed_lsn(world->store.fold);
        assert_ok(jobs_open(&jobs, &world->jobs, &error), error);
    }
    while (world->lsn < fold_committed_lsn(world->store.fold)) { /* a start writes a record of its own */
        world_texts(world, world->now_us / 1000000, world->texts[++world->lsn]);
        world->is_end[world->lsn] = true;
    }
}

static void world_close(struct world *world)
{
    jobs_close(&world->jobs);
    gate_view_close(&world->view);
    gate_destroy(&world->gate);
}

static void world_create_table(struct world *world)
{
    static struct key_column partition = {.type = {.kind = TYPE_INT}};
    static struct key_column clustering = {.type = {.kind = TYPE_INT}};
    static const struct type ints[] = {{.kind = TYPE_INT}};
    static const struct type pairs[] = {{.kind = TYPE_DECIMAL}, {.kind = TYPE_INT}};
    static struct column columns[COLUMNS] = {
        {.id = COLUMN_S, .is_static = true, .type = {.kind = TYPE_INT}},
        {.id = COLUMN_A, .type = {.kind = TYPE_INT}},
        {.id = COLUMN_M, .type = {.kind = TYPE_MAP, .count = 2, .parameters = pairs}},
        {.id = COLUMN_L, .type = {.kind = TYPE_LIST, .count = 1, .parameters = ints}},
    };
    partition.name = bytes_of_text("p");
    clustering.name = bytes_of_text("c");
    clustering.is_descending = world->naive.is_descending;
    columns[0].name = bytes_of_text("s");
    columns[1].name = bytes_of_text("a");
    columns[2].name = bytes_of_text("m");
    columns[3].name = bytes_of_text("l");
    struct schema schema = {.name = bytes_of_text("ks.t"),
                            .kind = TABLE_WIDE,
                            .durability = DURABILITY_SYNC,
                            .partition_count = 1,
                            .partition = &partition,
                            .clustering_count = 1,
                            .clustering = &clustering,
                            .columns_count = COLUMNS,
                            .columns = columns,
                            .next_column = COLUMNS,
                            .gc_grace_seconds = GC_GRACE_SECONDS};
    store_create_table(&world->store, &schema);
}

static void naive_init(struct naive *naive, bool is_descending)
{
    naive->is_descending = is_descending;
    for (int p = 0; p < PARTITIONS; p++) {
        naive->partitions[p].deleted = INT64_MIN;
        for (int r = 0; r < ROWS; r++) {
            naive->partitions[p].rows[r].deleted = INT64_MIN;
            for (int c = 0; c < COLUMNS; c++) {
                naive->partitions[p].rows[r].column_deleted[c] = INT64_MIN;
            }
        }
    }
}

/* The past, at the end of some transaction. */
static void check_some_past(struct world *world, uint64_t first)
{
    uint64_t lsn = first + random_below(&world->random, world->lsn - first + 1);
    while (lsn <= world->lsn && !world->is_end[lsn]) {
        lsn++;
    }
    if (lsn <= world->lsn) {
        check_past(world, lsn);
    }
}

/* How many rows the store holds that tell of deletions of partitions and ranges. */
static size_t world_pseudo_rows(struct world *world)
{
    struct error error;
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    size_t count = 0;
    assert_ok(environment_read_open(world->store.environment, &read, &error), error);
    assert_ok(environment_read_cursor_open(read, TREE_ROWS, &cursor, &error), error);
    enum status status = environment_cursor_seek_at_or_after(cursor, (struct bytes){0}, &error);
    while (status == STATUS_OK) {
        struct bytes value = {0};
        struct bytes key = {0};
        struct bytes image = {0};
        assert_ok(environment_cursor_value(cursor, &value, &error), error);
        assert_ok(stored_row_decode(value, &key, &image, &error), error);
        count += key_is_row(key) ? 0 : 1;
        status = environment_cursor_next(cursor, &error);
    }
    assert_int_equal(status, STATUS_END);
    environment_cursor_close(&cursor);
    environment_read_close(&read);
    return count;
}

/* When all deletions have been kept as long as they are to be, nothing is left that tells of them. */
static void check_purge(struct world *world)
{
    world->now_us += (int64_t)(GC_GRACE_SECONDS + 1) * 1000000;
    for (int i = 0; i < 6000 && world_pseudo_rows(world) > 0; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(world_pseudo_rows(world), 0);
    check_now(world);
}

static void world_run(bool has_jobs)
{
    struct error error;
    struct world *world = memory_create(sizeof(*world));
    random_init(&world->random, test_seed());
    world->now_us = 1700000000000000;
    world->clock = (struct clock){.wall_us = world_wall_us, .steady_us = world_wall_us, .context = world};
    world->texts = memory_create_array(LSNS_MAX, sizeof(*world->texts));
    naive_init(&world->naive, draw(world, 2) == 0);
    store_init(&world->store, &world->clock);
    if (has_jobs) {
        world->has_jobs = true;
        store_close(&world->store);
        world->store.delete_rows_max = 1;
        store_open(&world->store);
    }
    world_create_table(world);
    uint64_t first = fold_committed_lsn(world->store.fold);
    world_open(world);
    for (uint64_t round = 0; round < test_rounds(1500) && world->lsn + 64 < LSNS_MAX; round++) {
        int choice = draw(world, 100);
        if (choice < 85) {
            world_step(world);
        } else if (choice < 92) {
            world->now_us += draw(world, 3000000);
        } else if (choice < 97) {
            check_now(world);
            check_scan(world, choice == 96);
            check_some_past(world, first);
        } else if (choice == 97) {
            assert_ok(environment_checkpoint_now(world->store.environment, &error), error);
        } else if (draw(world, 10) == 0) {
            world_close(world);
            store_close(&world->store);
            store_open(&world->store);
            world_open(world);
        }
    }
    check_now(world);
    while (environment_mask_state(world->store.environment) % 2 == 1) { /* the last rows leave */
        (void)usleep(1000);
    }
    check_now(world);
    if (has_jobs) {
        check_purge(world);
    }
    check_fold(world, first);
    world_close(world);
    store_reset(&world->store);
    naive_reset(&world->naive);
    memory_destroy(world->texts);
    memory_destroy(world);
}

static void test_every_write_there_ever_was(void **state)
{
    (void)state;
    world_run(false);
}

static void test_deletes_whose_rows_leave_later(void **state)
{
    (void)state;
    world_run(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_write_there_ever_was),
        cmocka_unit_test(test_deletes_whose_rows_leave_later),
    };
    return cmocka_run_group_tests_name("store/wide", tests, NULL, NULL);
}
