/* What is committed is in memory, then in LMDB's trees, and no reader can tell which: snapshots that stay open over commits, transactions
 * taken back and flushes answer as a model of their moment does, and so does a transaction under way. */
#include <stdatomic.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/thread.h"
#include "environment/bounds.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    KEYS = 60,
    KEY_BYTES_MAX = 900, /* some lie in layers */
    SNAPSHOTS = 4,
    CHANGES = 12, /* of a transaction, at most */
    WALK = 10,
    ACCOUNTS = 16,
    TOTAL = 1000000,
    ACCOUNT_COMMITS = 3000,
    FILLINGS = 8,
    FILLING_BYTES = 200,
    READERS = 2,
};

/* The number of what each key has; 0: nothing. */
struct model {
    uint32_t numbers[KEYS];
};

struct snapshot {
    struct environment_read *read;
    struct model model;
    uint64_t lsn;
};

struct fixture {
    struct random random;
    char *parent;
    char *directory;
    struct environment *environment;
    struct buffer keys[KEYS]; /* ascending */
    struct model model;
    struct snapshot snapshots[SNAPSHOTS];
    uint64_t lsn;
};

/* Keys in order: some begin as others are, with a zero, as many as make 16 bytes, one more, or a great many after it. */
static void keys_make(struct fixture *fixture)
{
    static const uint8_t filling[KEY_BYTES_MAX] = {0};
    static const size_t zeros[] = {0, 1, 12, 13, KEY_BYTES_MAX / 2, KEY_BYTES_MAX};
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t number[4];
        bytes_put_u32(number, i / ARRAY_COUNT(zeros));
        buffer_put(&fixture->keys[i], bytes_of(number, sizeof(number)));
        buffer_put(&fixture->keys[i], bytes_of(filling, zeros[i % ARRAY_COUNT(zeros)]));
    }
}

static struct bytes key_of(const struct fixture *fixture, size_t i)
{
    return buffer_bytes(&fixture->keys[i]);
}

/* Long for some numbers. */
static void value_make(uint32_t number, struct buffer *ret_value)
{
    uint8_t data[4];
    bytes_put_u32(data, number);
    buffer_clear(ret_value);
    for (uint32_t i = 0; i < (number % 31 == 0 ? 20000U : 1U + number % 7); i++) {
        buffer_put(ret_value, bytes_of(data, sizeof(data)));
    }
}

static void check_value(struct bytes value, uint32_t number)
{
    struct buffer expected = {0};
    value_make(number, &expected);
    assert_true(bytes_equal(value, buffer_bytes(&expected)));
    buffer_reset(&expected);
}

static void fixture_open(struct fixture *fixture, uint64_t memtable_bytes)
{
    struct error error;
    struct environment_point point;
    struct environment_options options = {.directory = fixture->directory,
                                          .database = "0123456789abcde",
                                          .map_bytes = 1 << 28,
                                          .allocate_bytes = 1 << 20,
                                          .memtable_bytes = memtable_bytes,
                                          .checkpoint_bytes = 1 << 20,
                                          .checkpoint_interval_us = 20000};
    if (!file_exists(fixture->directory)) {
        assert_ok(environment_create(fixture->directory, options.database, &error), error);
    }
    assert_ok(environment_open(&options, &fixture->environment, &point, &error), error);
    assert_int_equal(point.lsn, fixture->lsn);
}

static void fixture_begin(struct fixture *fixture, uint64_t memtable_bytes)
{
    random_init(&fixture->random, test_seed());
    fixture->parent = test_directory_create();
    fixture->directory = file_path_join(fixture->parent, "store");
    keys_make(fixture);
    fixture_open(fixture, memtable_bytes);
}

static void fixture_end(struct fixture *fixture)
{
    environment_close(&fixture->environment);
    for (size_t i = 0; i < KEYS; i++) {
        buffer_reset(&fixture->keys[i]);
    }
    memory_destroy(fixture->directory);
    test_directory_remove(fixture->parent);
}

/* --- a model ---------------------------------------------------------------------------------------------------- */

/* The next key that the model has something for, from `from` on; KEYS: none. */
static size_t model_next(const struct model *model, size_t from)
{
    while (from < KEYS && model->numbers[from] == 0) {
        from++;
    }
    return from;
}

/* The last one before `before`; KEYS: none. */
static size_t model_previous(const struct model *model, size_t before)
{
    while (before > 0 && model->numbers[before - 1] == 0) {
        before--;
    }
    return before == 0 ? KEYS : before - 1;
}

static void check_at(const struct fixture *fixture, struct environment_cursor *cursor,
                     const struct model *model, size_t i, enum status status)
{
    struct bytes value;
    struct error error;
    assert_int_equal(status, i == KEYS ? STATUS_END : STATUS_OK);
    if (i < KEYS) {
        assert_true(bytes_equal(environment_cursor_key(cursor), key_of(fixture, i)));
        assert_ok(environment_cursor_value(cursor, &value, &error), error);
        check_value(value, model->numbers[i]);
    }
}

/* A put or an erasure of the transaction, and of the model. */
static void change_one(struct fixture *fixture, struct environment_write *write, struct model *model)
{
    struct error error;
    struct buffer value = {0};
    size_t i = random_below(&fixture->random, KEYS);
    if (random_below(&fixture->random, 3) == 0) {
        bool was_there = false;
        assert_ok(environment_write_erase(write, TREE_ROWS, key_of(fixture, i), &was_there, &error), error);
        assert_int_equal(was_there, model->numbers[i] != 0);
        model->numbers[i] = 0;
    } else {
        model->numbers[i] = 1 + (uint32_t)random_below(&fixture->random, 1000);
        value_make(model->numbers[i], &value);
        assert_ok(environment_write_put(write, TREE_ROWS, key_of(fixture, i), buffer_bytes(&value), &error),
                  error);
    }
    buffer_reset(&value);
}

/* Seeks somewhere and walks, now this way, now that; in a transaction (`write`) changes come in between. */
static void check_walk(struct fixture *fixture, struct environment_cursor *cursor, struct model *model,
                       struct environment_write *write)
{
    struct error error;
    size_t i = random_below(&fixture->random, KEYS);
    enum status status = STATUS_OK;
    switch (random_below(&fixture->random, 4)) {
    case 0:
        status = environment_cursor_seek_at_or_after(cursor, key_of(fixture, i), &error);
        i = model_next(model, i);
        break;
    case 1:
        status = environment_cursor_seek_before(cursor, key_of(fixture, i), &error);
        i = model_previous(model, i);
        break;
    case 2:
        status = environment_cursor_first(cursor, &error);
        i = model_next(model, 0);
        break;
    default:
        status = environment_cursor_last(cursor, &error);
        i = model_previous(model, KEYS);
        break;
    }
    check_at(fixture, cursor, model, i, status);
    for (int step = 0; step < WALK && status == STATUS_OK; step++) {
        if (write != NULL && random_below(&fixture->random, 3) == 0) {
            change_one(fixture, write, model);
        }
        bool is_back = random_below(&fixture->random, 2) == 0;
        status =
            is_back ? environment_cursor_previous(cursor, &error) : environment_cursor_next(cursor, &error);
        i = is_back ? model_previous(model, i) : model_next(model, i + 1);
        check_at(fixture, cursor, model, i, status);
    }
}

static void check_snapshot(struct fixture *fixture, struct snapshot *snapshot)
{
    struct error error;
    struct bytes value;
    struct environment_cursor *cursor = NULL;
    size_t i = random_below(&fixture->random, KEYS);
    uint32_t number = snapshot->model.numbers[i];
    assert_int_equal(environment_read_point(snapshot->read).lsn, snapshot->lsn);
    enum status status = environment_read_get(snapshot->read, TREE_ROWS, key_of(fixture, i), &value, &error);
    assert_int_equal(status, number == 0 ? STATUS_NOT_FOUND : STATUS_OK);
    if (number != 0) {
        check_value(value, number);
    }
    assert_ok(environment_read_cursor_open(snapshot->read, TREE_ROWS, &cursor, &error), error);
    check_walk(fixture, cursor, &snapshot->model, NULL);
    environment_cursor_close(&cursor);
}

/* One transaction, of which a third are taken back. */
static void run_transaction(struct fixture *fixture)
{
    struct error error;
    struct environment_write *write = NULL;
    struct environment_cursor *cursor = NULL;
    struct model model = fixture->model;
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    for (uint64_t n = random_below(&fixture->random, CHANGES); n > 0; n--) {
        change_one(fixture, write, &model);
    }
    assert_ok(environment_write_cursor_open(write, TREE_ROWS, &cursor, &error), error);
    check_walk(fixture, cursor, &model, write);
    environment_cursor_close(&cursor);
    assert_ok(environment_write_admit(write, &error), error);
    if (random_below(&fixture->random, 3) == 0) {
        environment_write_abort(&write);
    } else {
        struct environment_point point = {.lsn = ++fixture->lsn};
        environment_write_commit(&write, &point);
        fixture->model = model;
    }
}

static void renew_one(struct fixture *fixture)
{
    struct error error;
    struct snapshot *snapshot = &fixture->snapshots[random_below(&fixture->random, SNAPSHOTS)];
    if (snapshot->read == NULL) {
        assert_ok(environment_read_open(fixture->environment, &snapshot->read, &error), error);
    } else {
        assert_ok(environment_read_renew(snapshot->read, &error), error);
    }
    snapshot->model = fixture->model;
    snapshot->lsn = fixture->lsn;
}

static void test_snapshots_answer_as_of_their_moment(void **state)
{
    (void)state;
    struct error error;
    struct fixture fixture = {0};
    fixture_begin(&fixture, 0);
    for (uint64_t round = 0; round < test_rounds(4000); round++) {
        run_transaction(&fixture);
        if (random_below(&fixture.random, 3) == 0) {
            renew_one(&fixture);
        }
        if (random_below(&fixture.random, 40) == 0) {
            assert_ok(environment_checkpoint_now(fixture.environment, &error), error);
        }
        for (size_t i = 0; i < SNAPSHOTS; i++) {
            if (fixture.snapshots[i].read != NULL) {
                check_snapshot(&fixture, &fixture.snapshots[i]);
            }
        }
    }
    for (size_t i = 0; i < SNAPSHOTS; i++) {
        environment_read_close(&fixture.snapshots[i].read);
    }
    fixture_end(&fixture);
}

static void test_an_open_goes_back_to_the_checkpoint(void **state)
{
    (void)state;
    struct error error;
    struct fixture fixture = {0};
    fixture_begin(&fixture, 0);
    for (int opening = 0; opening < 20; opening++) {
        for (int i = 0; i < 10; i++) {
            run_transaction(&fixture);
        }
        assert_ok(environment_checkpoint_now(fixture.environment, &error), error);
        struct model model = fixture.model;
        uint64_t lsn = fixture.lsn;
        for (int i = 0; i < 10; i++) { /* what the log would bring again */
            run_transaction(&fixture);
        }
        fixture.model = model;
        fixture.lsn = lsn;
        environment_close(&fixture.environment);
        fixture_open(&fixture, 0);
        struct snapshot snapshot = {.model = model, .lsn = lsn};
        assert_ok(environment_read_open(fixture.environment, &snapshot.read, &error), error);
        for (int i = 0; i < 20; i++) {
            check_snapshot(&fixture, &snapshot);
        }
        environment_read_close(&snapshot.read);
    }
    fixture_end(&fixture);
}

/* --- threads ---------------------------------------------------------------------------------------------------- */

struct accounts {
    struct fixture *fixture;
    atomic_bool is_over;
};

/* What a flush is busy with while readers look. */
static void accounts_fill(struct fixture *fixture, struct environment_write *write)
{
    static const uint8_t value[FILLING_BYTES] = {0};
    struct error error;
    for (int i = 0; i < FILLINGS; i++) {
        uint8_t key[4];
        bytes_put_u32(key, (uint32_t)random_below(&fixture->random, UINT16_MAX));
        assert_ok(environment_write_put(write, TREE_EXPIRY, bytes_of(key, sizeof(key)),
                                        bytes_of(value, sizeof(value)), &error),
                  error);
    }
}

static uint64_t balance_of(struct environment_write *write, struct bytes key)
{
    struct bytes value;
    struct error error;
    enum status status = environment_write_get(write, TREE_ROWS, key, &value, &error);
    assert_true(status == STATUS_OK || status == STATUS_NOT_FOUND);
    return status == STATUS_OK ? bytes_get_u64(value.data) : 0;
}

/* The same in two trees; nothing of 0 is stored. */
static void balance_set(struct environment_write *write, struct bytes key, uint64_t balance)
{
    struct error error;
    uint8_t value[8];
    bytes_put_u64(value, balance);
    for (int i = 0; i < 2; i++) {
        enum environment_tree tree = i == 0 ? TREE_ROWS : TREE_INDEX;
        enum status status =
            balance == 0 ? environment_write_erase(write, tree, key, NULL, &error)
                         : environment_write_put(write, tree, key, bytes_of(value, sizeof(value)), &error);
        assert_ok(status, error);
    }
}

/* Moves something from one account to another; the first transaction fills one. */
static void accounts_commit(struct fixture *fixture, uint64_t number)
{
    struct error error;
    struct environment_write *write = NULL;
    uint8_t keys[2][4];
    uint32_t from = (uint32_t)random_below(&fixture->random, ACCOUNTS);
    bytes_put_u32(keys[0], from);
    bytes_put_u32(keys[1], (from + 1 + (uint32_t)random_below(&fixture->random, ACCOUNTS - 1)) % ACCOUNTS);
    struct bytes giver = bytes_of(keys[0], sizeof(keys[0]));
    struct bytes taker = bytes_of(keys[1], sizeof(keys[1]));
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    uint64_t balance = balance_of(write, giver);
    uint64_t amount = number == 1 ? TOTAL : random_below(&fixture->random, balance + 1);
    balance_set(write, giver, number == 1 ? 0 : balance - amount);
    balance_set(write, taker, balance_of(write, taker) + amount);
    accounts_fill(fixture, write);
    assert_ok(environment_write_admit(write, &error), error);
    struct environment_point point = {.lsn = number};
    environment_write_commit(&write, &point);
}

/* Both trees have the same, by gets and by walks alike, and all accounts together what there ever was. */
static void accounts_check(struct environment_read *read)
{
    struct error error;
    struct environment_cursor *cursor = NULL;
    uint64_t total = 0;
    assert_ok(environment_read_cursor_open(read, TREE_ROWS, &cursor, &error), error);
    enum status status = environment_cursor_first(cursor, &error);
    for (uint32_t account = 0; account < ACCOUNTS; account++) {
        uint8_t data[4];
        struct bytes values[3];
        bytes_put_u32(data, account);
        struct bytes key = bytes_of(data, sizeof(data));
        enum status one = environment_read_get(read, TREE_ROWS, key, &values[0], &error);
        enum status other = environment_read_get(read, TREE_INDEX, key, &values[1], &error);
        assert_int_equal(one, other);
        bool is_there = status == STATUS_OK && bytes_equal(environment_cursor_key(cursor), key);
        assert_int_equal(is_there, one == STATUS_OK);
        if (is_there) {
            assert_ok(environment_cursor_value(cursor, &values[2], &error), error);
            assert_true(bytes_equal(values[0], values[1]) && bytes_equal(values[0], values[2]));
            total += bytes_get_u64(values[0].data);
            status = environment_cursor_next(cursor, &error);
        }
    }
    assert_int_equal(status, STATUS_END);
    assert_int_equal(total, TOTAL);
    environment_cursor_close(&cursor);
}

static void accounts_read(void *context)
{
    struct accounts *accounts = context;
    struct error error;
    struct environment_read *read = NULL;
    uint64_t before = 0;
    assert_ok(environment_read_open(accounts->fixture->environment, &read, &error), error);
    while (!atomic_load(&accounts->is_over)) {
        assert_ok(environment_read_renew(read, &error), error);
        uint64_t lsn = environment_read_point(read).lsn;
        assert_true(lsn >= before);
        before = lsn;
        for (int i = 0; i < 3; i++) {
            accounts_check(read);
        }
    }
    environment_read_close(&read);
}

static void test_readers_beside_a_writer_and_flushes(void **state)
{
    (void)state;
    struct error error;
    struct fixture fixture = {0};
    struct thread *threads[READERS] = {NULL};
    struct accounts accounts = {.fixture = &fixture};
    fixture_begin(&fixture, ENVIRONMENT_MEMTABLE_BYTES_MIN);
    assert_ok(environment_checkpoint_start(fixture.environment, &error), error);
    accounts_commit(&fixture, 1);
    for (size_t i = 0; i < READERS; i++) {
        assert_ok(thread_create("reader", accounts_read, &accounts, &threads[i], &error), error);
    }
    for (uint64_t number = 2; number <= test_rounds(ACCOUNT_COMMITS); number++) {
        accounts_commit(&fixture, number);
        if (number % 500 == 0) {
            assert_ok(environment_checkpoint_now(fixture.environment, &error), error);
        }
    }
    atomic_store(&accounts.is_over, true);
    for (size_t i = 0; i < READERS; i++) {
        thread_join(&threads[i]);
    }
    fixture_end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snapshots_answer_as_of_their_moment),
        cmocka_unit_test(test_an_open_goes_back_to_the_checkpoint),
        cmocka_unit_test(test_readers_beside_a_writer_and_flushes),
    };
    return cmocka_run_group_tests_name("environment/snapshots", tests, NULL, NULL);
}
