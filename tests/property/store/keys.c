/* Keys and values of any length in a tree, against a sorted list: order, lookups, walks both ways, and what is left when all are
 * erased. Keys are made to share long beginnings and to be just around the lengths where layers begin. */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/random.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    KEYS_MAX = 400,
    KEY_BYTES_MAX = 3000,
    METADATA_LEFT = 3, /* where the environment stands, and the counters of layers and of long values */
};

struct naive_key {
    uint8_t data[KEY_BYTES_MAX];
    size_t size;
    uint64_t number;
};

struct naive {
    struct naive_key *keys; /* sorted */
    size_t count;
};

static struct bytes naive_bytes(const struct naive_key *key)
{
    return bytes_of(key->data, key->size);
}

/* The value of a number: sometimes long, around the lengths where values are cut. */
static struct bytes value_of(uint64_t number, struct buffer *ret_value)
{
    static const size_t lengths[] = {65535, 65536, 65537, 131072, 131073, 200000, 300001};
    size_t size = number % 11 == 0 ? lengths[number / 11 % ARRAY_COUNT(lengths)] : 8 + number % 30;
    buffer_clear(ret_value);
    buffer_put_u64(ret_value, number);
    while (ret_value->size < size) {
        buffer_put_u8(ret_value, (uint8_t)(number + ret_value->size * 7 / 3));
    }
    return buffer_bytes(ret_value);
}

/* The position of the first key at or after `key`. */
static size_t naive_find(const struct naive *naive, struct bytes key)
{
    size_t i = 0;
    while (i < naive->count && bytes_compare(naive_bytes(&naive->keys[i]), key) < 0) {
        i++;
    }
    return i;
}

static bool naive_has(const struct naive *naive, size_t i, struct bytes key)
{
    return i < naive->count && bytes_equal(naive_bytes(&naive->keys[i]), key);
}

/* Mostly runs of one letter, so that beginnings are shared; lengths around multiples of 400. */
static size_t random_key(struct random *random, uint8_t *key)
{
    static const size_t lengths[] = {1,   5,   399,  400,  401,  402,  500, 799,
                                     800, 801, 1199, 1200, 1201, 2500, 2999};
    size_t size = lengths[random_below(random, ARRAY_COUNT(lengths))];
    memset(key, 'a', size);
    for (size_t i = 0; i < random_below(random, 3); i++) {
        key[random_below(random, size)] = (uint8_t)("\x01\x00"
                                                    "b\xFE"
                                                    "a"[random_below(random, 5)]);
    }
    if (size > 1 && random_below(random, 4) == 0) {
        key[size - 1] = (uint8_t)random_below(random, 4);
    }
    return size;
}

static void step_change(struct environment *environment, struct naive *naive, struct random *random,
                        uint64_t number)
{
    uint8_t data[KEY_BYTES_MAX];
    struct error error;
    struct environment_write *write = NULL;
    struct environment_point point = {.lsn = number};
    struct bytes key = bytes_of(data, random_key(random, data));
    size_t i = naive_find(naive, key);
    bool is_there = naive_has(naive, i, key);
    bool erases = random_below(random, 5) < 2 || (!is_there && naive->count == KEYS_MAX);
    assert_ok(environment_write_begin(environment, &write, &error), error);
    if (erases) {
        bool was_there = false;
        assert_ok(environment_write_erase(write, TREE_ROWS, key, &was_there, &error), error);
        assert_int_equal(was_there, is_there);
        if (is_there) {
            memmove(&naive->keys[i], &naive->keys[i + 1], (naive->count - i - 1) * sizeof(*naive->keys));
            naive->count--;
        }
    } else {
        struct buffer value = {0};
        assert_ok(environment_write_put(write, TREE_ROWS, key, value_of(number, &value), &error), error);
        buffer_reset(&value);
        if (!is_there) {
            memmove(&naive->keys[i + 1], &naive->keys[i], (naive->count - i) * sizeof(*naive->keys));
            naive->count++;
            memcpy(naive->keys[i].data, data, key.size);
            naive->keys[i].size = key.size;
        }
        naive->keys[i].number = number;
    }
    environment_write_commit(&write, &point);
}

static void check_at(struct environment_cursor *cursor, const struct naive *naive, size_t i,
                     enum status status)
{
    struct bytes value;
    struct error error;
    if (i >= naive->count) {
        assert_int_equal(status, STATUS_END);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(bytes_equal(environment_cursor_key(cursor), naive_bytes(&naive->keys[i])));
    assert_ok(environment_cursor_value(cursor, &value, &error), error);
    struct buffer expected = {0};
    assert_true(bytes_equal(value, value_of(naive->keys[i].number, &expected)));
    buffer_reset(&expected);
}

/* Seeks somewhere and walks a few steps, now this way, now that. */
static void check_walk(struct environment *environment, const struct naive *naive, struct random *random)
{
    uint8_t data[KEY_BYTES_MAX];
    struct error error;
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    struct bytes value;
    struct bytes key = bytes_of(data, random_key(random, data));
    size_t i = naive_find(naive, key);
    assert_ok(environment_read_open(environment, &read, &error), error);
    enum status status = environment_read_get(read, TREE_ROWS, key, &value, &error);
    assert_int_equal(status, naive_has(naive, i, key) ? STATUS_OK : STATUS_NOT_FOUND);
    if (status == STATUS_OK) {
        struct buffer expected = {0};
        assert_true(bytes_equal(value, value_of(naive->keys[i].number, &expected)));
        buffer_reset(&expected);
    }
    assert_ok(environment_read_cursor_open(read, TREE_ROWS, &cursor, &error), error);
    if (random_below(random, 2) == 0) {
        status = environment_cursor_seek_before(cursor, key, &error);
        i = i == 0 ? naive->count : i - 1;
    } else {
        status = environment_cursor_seek_at_or_after(cursor, key, &error);
    }
    check_at(cursor, naive, i, status);
    for (int k = 0; k < 12 && status == STATUS_OK; k++) {
        bool is_back = random_below(random, 2) == 0;
        status =
            is_back ? environment_cursor_previous(cursor, &error) : environment_cursor_next(cursor, &error);
        i = !is_back ? i + 1 : i == 0 ? naive->count : i - 1;
        check_at(cursor, naive, i, status);
    }
    environment_cursor_close(&cursor);
    environment_read_close(&read);
}

static void check_all(struct environment *environment, const struct naive *naive)
{
    struct error error;
    struct environment_read *read = NULL;
    struct environment_cursor *cursor = NULL;
    assert_ok(environment_read_open(environment, &read, &error), error);
    assert_ok(environment_read_cursor_open(read, TREE_ROWS, &cursor, &error), error);
    enum status status = environment_cursor_first(cursor, &error);
    for (size_t i = 0; i <= naive->count; i++) {
        check_at(cursor, naive, i, status);
        status = status == STATUS_OK ? environment_cursor_next(cursor, &error) : status;
    }
    status = environment_cursor_last(cursor, &error);
    for (size_t i = naive->count; i > 0; i--) {
        check_at(cursor, naive, i - 1, status);
        status = environment_cursor_previous(cursor, &error);
    }
    assert_int_equal(status, STATUS_END);
    environment_cursor_close(&cursor);
    environment_read_close(&read);
}

/* Erases everything; the tree must then be as large as an empty one: no layer and no pointer is left. */
static void check_nothing_left(struct environment *environment, struct naive *naive)
{
    struct error error;
    struct environment_write *write = NULL;
    struct environment_read *read = NULL;
    struct environment_point point = {.lsn = UINT32_MAX};
    assert_ok(environment_write_begin(environment, &write, &error), error);
    for (size_t i = 0; i < naive->count; i++) {
        assert_ok(environment_write_erase(write, TREE_ROWS, naive_bytes(&naive->keys[i]), NULL, &error),
                  error);
    }
    naive->count = 0;
    environment_write_commit(&write, &point);
    assert_ok(environment_checkpoint_now(environment, &error), error);
    assert_ok(environment_read_open(environment, &read, &error), error);
    assert_int_equal(environment_read_entries(read, TREE_ROWS), 0);
    assert_int_equal(environment_read_entries(read, TREE_METADATA), METADATA_LEFT);
    environment_read_close(&read);
}

static void test_keys_of_any_length(void **state)
{
    (void)state;
    struct error error;
    struct random random;
    struct environment *environment = NULL;
    struct environment_point point;
    char *directory = test_directory_create();
    char *store = NULL;
    struct naive naive = {.keys = memory_create_array(KEYS_MAX + 1, sizeof(struct naive_key))};
    random_init(&random, test_seed());
    store = memory_create(strlen(directory) + 8);
    (void)snprintf(store, strlen(directory) + 8, "%s/store", directory);
    struct environment_options options = {.directory = store,
                                          .map_bytes = 64 << 20,
                                          .allocate_bytes = 1 << 20,
                                          .checkpoint_bytes = 1 << 20,
                                          .checkpoint_interval_us = 1000000};
    assert_ok(environment_create(store, options.database, &error), error);
    assert_ok(environment_open(&options, &environment, &point, &error), error);
    for (uint64_t round = 1; round <= test_rounds(3000); round++) {
        step_change(environment, &naive, &random, round);
        check_walk(environment, &naive, &random);
        if (round % 500 == 0) {
            check_all(environment, &naive);
            assert_ok(environment_checkpoint_now(environment, &error), error);
            environment_close(&environment);
            assert_ok(environment_open(&options, &environment, &point, &error), error);
            check_all(environment, &naive);
        }
    }
    check_nothing_left(environment, &naive);
    environment_close(&environment);
    memory_destroy(naive.keys);
    memory_destroy(store);
    test_directory_remove(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_of_any_length),
    };
    return cmocka_run_group_tests_name("store/keys", tests, NULL, NULL);
}
