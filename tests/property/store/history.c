/* Random writes against a naive list of every state there was: rows now, rows as of any LSN, records in the log, all
 * the same after any number of restarts, checkpoints, sealed segments and trims of the store's own files. */
#include "history/history.h"

#include "base/memory.h"
#include "base/random.h"
#include "codec/pack.h"
#include "row/key.h"
#include "row/stored.h"
#include "support/store.h"
#include "support/test.h"

enum {
    KEYS = 12,
    STEPS_MAX = 1 << 16,
    ABSENT = 0,
};

/* values[k] after each LSN: 0 absent, otherwise the number stored. */
struct naive {
    uint32_t *values; /* STEPS_MAX × KEYS */
    uint64_t lsn;
};

static void table_create(struct store *store)
{
    static struct key_column column = {.type = {.kind = TYPE_BIGINT}};
    static struct key_column grouped[2] = {{.type = {.kind = TYPE_BIGINT}},
                                           {.type = {.kind = TYPE_BIGINT}, .is_descending = true}};
    static struct index_schema index = {.partition_count = 1, .partition = grouped, .clustering_count = 1};
    column.name = bytes_of_text("id");
    grouped[0].name = bytes_of_text("group");
    grouped[1].name = bytes_of_text("number");
    index.name = bytes_of_text("by_group");
    index.clustering = grouped + 1;
    struct schema schema = {.name = bytes_of_text("t"),
                            .kind = TABLE_DOCUMENT,
                            .durability = DURABILITY_SYNC,
                            .partition_count = 1,
                            .partition = &column,
                            .indexes_count = 1,
                            .indexes = &index};
    store_create_table(store, &schema);
}

enum {
    GROUPS = 3,
};

static struct value pair_name(const char *name)
{
    return value_of_text(bytes_of_text(name));
}

/* An item that holds `number`, and enough more to fill segments; one in four has no group and so no index entry. */
static void row_image(uint32_t number, struct buffer *image)
{
    uint8_t filling[300] = {0};
    bool has_group = number % 4 != 0;
    struct value pairs[] = {pair_name("filling"), value_of_bytes(bytes_of(filling, number % sizeof(filling))),
                            pair_name("group"),   value_of_integer(number % GROUPS),
                            pair_name("number"),  value_of_integer(number / 10)};
    if (!has_group) {
        memmove(pairs + 2, pairs + 4, 2 * sizeof(*pairs));
    }
    pairs[has_group ? 5 : 3] = value_of_integer(number / 10);
    struct value real = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = has_group ? 3 : 2}};
    struct value list[] = {pair_name("exact"), value_of_integer(number)};
    struct value all[8];
    memcpy(all, list, sizeof(list));
    memcpy(all + 2, pairs, 2 * real.pairs.count * sizeof(*pairs));
    real.pairs.at = all;
    real.pairs.count++;
    assert_true(value_map_sort(&real));
    codec_value_encode(image, &real);
}

static uint32_t row_number(struct bytes image)
{
    struct arena arena = {0};
    struct value value;
    struct error error;
    assert_ok(codec_value_decode(image, &arena, &value, &error), error);
    uint32_t number = (uint32_t)value_map_get(&value, bytes_of_text("exact"))->integer;
    arena_reset(&arena);
    return number;
}

static void row_key(const struct schema *schema, int64_t k, struct buffer *key)
{
    struct value id = value_of_integer(k);
    assert_int_equal(key_encode(schema, ROW_PLAIN, &id, NULL, 0, key, NULL), STATUS_OK);
}

/* One transaction of one to four changes. */
static void step_write(struct store *store, struct naive *naive, struct random *random)
{
    struct write_change changes[4];
    struct buffer keys[4] = {{0}};
    struct buffer images[4] = {{0}};
    size_t count = 1 + random_below(random, 4);
    size_t k = random_below(random, KEYS);
    const struct schema *schema = catalog_find(store->catalog, bytes_of_text("t"));
    uint32_t next[KEYS];
    memcpy(next, &naive->values[naive->lsn * KEYS], sizeof(next));
    uint64_t lsn = naive->lsn;
    for (size_t i = 0; i < count; i++) {
        uint32_t number = random_below(random, 4) == 0 ? ABSENT : 1 + (uint32_t)random_below(random, 50);
        row_key(schema, (int64_t)k, &keys[i]);
        row_image(number, &images[i]);
        changes[i] = (struct write_change){.schema = schema,
                                           .key = buffer_bytes(&keys[i]),
                                           .image = buffer_bytes(&images[i]),
                                           .kind = number == ABSENT ? CHANGE_DELETE : CHANGE_PUT};
        if (next[k] != number) { /* invariant 6: what changes nothing is no record */
            next[k] = number;
            lsn++;
            memcpy(&naive->values[lsn * KEYS], next, sizeof(next));
        }
        k = (k + 1) % KEYS;
    }
    struct write write = {.changes = changes, .count = count};
    store_submit(store, &write);
    assert_true(write.lsn == lsn);
    naive->lsn = lsn;
    for (size_t i = 0; i < count; i++) {
        buffer_reset(&keys[i]);
        buffer_reset(&images[i]);
    }
}

/* A start writes one record of its own: the term. */
static void naive_skip(struct naive *naive, uint64_t lsn)
{
    while (naive->lsn < lsn) {
        memcpy(&naive->values[(naive->lsn + 1) * KEYS], &naive->values[naive->lsn * KEYS],
               KEYS * sizeof(uint32_t));
        naive->lsn++;
    }
}

static void check_row(struct store *store, const struct naive *naive, size_t k, uint64_t lsn)
{
    struct buffer key = {0};
    struct buffer image = {0};
    struct bytes now;
    struct error error;
    const struct schema *schema = catalog_find(store->catalog, bytes_of_text("t"));
    uint32_t expected = naive->values[lsn * KEYS + k];
    row_key(schema, (int64_t)k, &key);
    assert_ok(snapshot_renew(store->snapshot, &error), error);
    enum status status =
        history_row_at(store->log, store->snapshot, schema, buffer_bytes(&key), lsn, &image, &error);
    assert_int_equal(status, expected == ABSENT ? STATUS_NOT_FOUND : STATUS_OK);
    if (status == STATUS_OK) {
        assert_int_equal(row_number(buffer_bytes(&image)), expected);
    }
    status = read_row_get(store->snapshot, schema, buffer_bytes(&key), &now, &error);
    expected = naive->values[naive->lsn * KEYS + k];
    assert_int_equal(status, expected == ABSENT ? STATUS_NOT_FOUND : STATUS_OK);
    if (status == STATUS_OK) {
        assert_int_equal(row_number(now), expected);
    }
    snapshot_release(store->snapshot);
    buffer_reset(&key);
    buffer_reset(&image);
}

/* The rows of the table, or of one group through the index, as of an LSN, in order. */
static void check_range(struct store *store, const struct naive *naive, uint64_t lsn, bool is_reverse,
                        int group)
{
    struct error error;
    struct history_cursor *cursor = NULL;
    struct buffer low = {0};
    struct buffer high = {0};
    struct buffer before = {0};
    size_t found = 0;
    const struct schema *schema = catalog_find(store->catalog, bytes_of_text("t"));
    const struct index_schema *index = group < 0 ? NULL : &schema->indexes[0];
    buffer_put_u32(&low, index == NULL ? schema->space : index->space);
    if (index != NULL) {
        uint8_t partition[8];
        bytes_put_u64(partition, (uint64_t)group);
        buffer_clear(&low);
        key_storage_partition(index->space, bytes_of(partition, sizeof(partition)), &low);
    }
    buffer_put(&high, buffer_bytes(&low));
    assert_true(read_prefix_end(&high));
    assert_ok(snapshot_renew(store->snapshot, &error), error);
    struct history_range range = {.log = store->log,
                                  .snapshot = store->snapshot,
                                  .schema = schema,
                                  .index = index,
                                  .low = buffer_bytes(&low),
                                  .high = buffer_bytes(&high),
                                  .is_reverse = is_reverse,
                                  .lsn = lsn};
    assert_ok(history_cursor_open(&range, &cursor, &error), error);
    struct bytes storage;
    struct bytes key;
    struct bytes image;
    while (history_cursor_next(cursor, &storage, &key, &image, &error) == STATUS_OK) {
        size_t k = (size_t)bytes_get_u64(key_partition(key).data);
        uint32_t expected = naive->values[lsn * KEYS + k];
        assert_int_not_equal(expected, ABSENT);
        assert_int_equal(row_number(image), expected);
        assert_true(group < 0 || expected % GROUPS == (uint32_t)group);
        assert_true(found == 0 || (bytes_compare(buffer_bytes(&before), storage) < 0) != is_reverse);
        buffer_clear(&before);
        buffer_put(&before, storage);
        found++;
    }
    history_cursor_close(&cursor);
    snapshot_release(store->snapshot);
    for (size_t k = 0; k < KEYS; k++) {
        uint32_t value = naive->values[lsn * KEYS + k];
        bool is_member = group < 0 || (value % 4 != 0 && value % GROUPS == (uint32_t)group);
        found -= value != ABSENT && is_member;
    }
    assert_int_equal(found, 0);
    buffer_reset(&low);
    buffer_reset(&high);
    buffer_reset(&before);
}

/* Counts, bytes and hash as kept from change to change are those of the rows that are there. */
static void check_totals(struct store *store, const struct naive *naive)
{
    struct error error;
    struct bytes stored;
    struct fold_total total;
    uint64_t rows = 0;
    uint64_t entries = 0;
    struct hash128 sum = {0};
    const struct schema *schema = catalog_find(store->catalog, bytes_of_text("t"));
    assert_ok(snapshot_renew(store->snapshot, &error), error);
    for (size_t k = 0; k < KEYS; k++) {
        struct buffer key = {0};
        struct bytes image;
        uint32_t value = naive->values[naive->lsn * KEYS + k];
        rows += value != ABSENT;
        entries += value != ABSENT && value % 4 != 0;
        row_key(schema, (int64_t)k, &key);
        if (read_row_get(store->snapshot, schema, buffer_bytes(&key), &image, &error) == STATUS_OK) {
            struct hash128 row = stored_row_checksum(buffer_bytes(&key), image);
            sum.low += row.low;
            sum.high += row.high + (sum.low < row.low);
        }
        buffer_reset(&key);
    }
    assert_ok(read_totals(store->snapshot, schema->space, &stored, &error), error);
    assert_true(fold_total_decode(stored, &total));
    assert_true(total.rows == rows);
    struct hash128 kept = {0};
    for (size_t i = 0; i < RECORD_SHARDS; i++) {
        kept.low += total.hashes[i].low;
        kept.high += total.hashes[i].high + (kept.low < total.hashes[i].low);
    }
    assert_true(kept.low == sum.low && kept.high == sum.high);
    assert_ok(read_totals(store->snapshot, schema->indexes[0].space, &stored, &error), error);
    assert_true(fold_total_decode(stored, &total));
    assert_true(total.rows == entries);
    snapshot_release(store->snapshot);
}

static void test_every_moment_can_be_read(void **state)
{
    (void)state;
    struct store store;
    struct random random;
    struct error error;
    struct naive naive = {.values = memory_create_array((size_t)STEPS_MAX * KEYS, sizeof(uint32_t))};
    random_init(&random, test_seed());
    store_init(&store, clock_system());
    table_create(&store);
    naive_skip(&naive, fold_committed_lsn(store.fold));
    uint64_t table_lsn = naive.lsn;
    for (uint64_t round = 0; round < test_rounds(2000) && naive.lsn + 8 < STEPS_MAX; round++) {
        uint64_t choice = random_below(&random, 100);
        if (choice < 80) {
            step_write(&store, &naive, &random);
        } else if (choice < 98) {
            uint64_t lsn = table_lsn + random_below(&random, naive.lsn - table_lsn + 1);
            check_row(&store, &naive, random_below(&random, KEYS), lsn);
            check_range(&store, &naive, lsn, choice % 2 == 0, (int)random_below(&random, GROUPS + 1) - 1);
        } else if (choice == 98) {
            assert_ok(environment_checkpoint_now(store.environment, &error), error);
        } else {
            store_close(&store);
            store_open(&store);
            naive_skip(&naive, fold_committed_lsn(store.fold));
        }
    }
    for (size_t k = 0; k < KEYS; k++) {
        check_row(&store, &naive, k, naive.lsn);
    }
    check_totals(&store, &naive);
    store_reset(&store);
    memory_destroy(naive.values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_moment_can_be_read),
    };
    return cmocka_run_group_tests_name("store/history", tests, NULL, NULL);
}
