/* The guard of pages gives no false alarm: a store that nothing damaged answers as a model does, however its trees grow, shrink and use
 * pages again. It is opened often, since only pages that were there then are looked at. */
#include <stdlib.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    KEYS = 1500, /* of each tree */
    KEY_BYTES_MAX = 1300,
    VALUE_BYTES_MAX = 150 * 1000,
    OPENINGS = 50,
    CHANGES = 400, /* of a transaction, at most */
};

static const uint8_t database[ENVIRONMENT_DATABASE_BYTES] = "sound";

struct tree {
    struct bytes keys[KEYS]; /* ascending */
    uint32_t sizes[KEYS];    /* of what is stored; 0: nothing is */
};

struct fixture {
    struct random random;
    char *parent;
    char *directory;
    uint8_t *filling;
    struct tree trees[TREE_COUNT];
    struct environment *environment;
    uint64_t lsn;
};

/* Either kind of transaction. */
struct view {
    struct environment_read *read;
    struct environment_write *write;
};

static int bytes_order(const void *left, const void *right)
{
    return bytes_compare(*(const struct bytes *)left, *(const struct bytes *)right);
}

/* Short ones, ones that begin like others, ones around the length that layers begin at, ones in several layers. */
static size_t key_size(struct random *random)
{
    switch (random_below(random, 8)) {
    case 0:
        return 395 + random_below(random, 10);
    case 1:
        return 795 + random_below(random, 10);
    case 2:
        return 1 + random_below(random, KEY_BYTES_MAX);
    case 3:
        return 1 + random_below(random, 3);
    default:
        return 8 + random_below(random, 60);
    }
}

static void tree_make(struct tree *tree, struct random *random)
{
    for (size_t i = 0; i < KEYS; i++) {
        size_t size = key_size(random);
        uint8_t *key = memory_create(size);
        memset(key, 'a' + (int)random_below(random, 2), size);
        key[random_below(random, size)] = (uint8_t)random_below(random, 200); /* above are the layers' own */
        for (size_t at = 0; size > 3 && at < 3; at++) {
            key[size - 1 - at] = (uint8_t)random_below(random, 200);
        }
        tree->keys[i] = bytes_of(key, size);
    }
    qsort(tree->keys, KEYS, sizeof(tree->keys[0]), bytes_order);
}

/* The same key may have come twice: then the first of them stands for both. */
static size_t choose_key(struct tree *tree, struct random *random)
{
    size_t i = random_below(random, KEYS);
    while (i > 0 && bytes_equal(tree->keys[i - 1], tree->keys[i])) {
        i--;
    }
    return i;
}

static uint32_t choose_size(struct random *random)
{
    uint64_t kind = random_below(random, 200);
    return 1 + (uint32_t)random_below(random, kind == 0 ? VALUE_BYTES_MAX : kind < 20 ? 9000 : 120);
}

static void fixture_open(struct fixture *fixture)
{
    struct error error;
    struct environment_point point;
    struct environment_options options = {.directory = fixture->directory,
                                          .map_bytes = 1 << 28,
                                          .allocate_bytes = 1 << 16};
    memcpy(options.database, database, sizeof(database));
    assert_ok(environment_open(&options, &fixture->environment, &point, &error), error);
}

static enum status view_get(const struct view *view, enum environment_tree tree, struct bytes key,
                            struct bytes *ret_value, struct error *error)
{
    return view->read != NULL ? environment_read_get(view->read, tree, key, ret_value, error)
                              : environment_write_get(view->write, tree, key, ret_value, error);
}

static void check_get(struct fixture *fixture, const struct view *view, enum environment_tree which)
{
    struct error error;
    struct bytes value = {0};
    struct tree *tree = &fixture->trees[which];
    size_t i = choose_key(tree, &fixture->random);
    enum status status = view_get(view, which, tree->keys[i], &value, &error);
    assert_status(status, tree->sizes[i] > 0 ? STATUS_OK : STATUS_NOT_FOUND, error);
    assert_true(status != STATUS_OK || bytes_equal(value, bytes_of(fixture->filling + i, tree->sizes[i])));
}

/* The next key there is from `i` on, one way; KEYS: none. */
static size_t tree_next(const struct tree *tree, size_t i, bool is_reverse)
{
    while (i < KEYS && tree->sizes[i] == 0) {
        i = is_reverse ? i - 1 : i + 1;
    }
    return i < KEYS ? i : KEYS;
}

/* Some steps, or all, from where a cursor was sought. */
static void check_walk(struct fixture *fixture, struct environment_cursor *cursor, struct tree *tree,
                       size_t steps)
{
    struct error error;
    bool is_reverse = random_below(&fixture->random, 2) == 0;
    size_t from = random_below(&fixture->random, 4) == 0 ? KEYS : choose_key(tree, &fixture->random);
    enum status status = STATUS_OK;
    size_t i = 0;
    if (is_reverse) {
        status = from == KEYS ? environment_cursor_last(cursor, &error)
                              : environment_cursor_seek_before(cursor, tree->keys[from], &error);
        i = tree_next(tree, from - 1, true);
    } else {
        status = from == KEYS ? environment_cursor_first(cursor, &error)
                              : environment_cursor_seek_at_or_after(cursor, tree->keys[from], &error);
        i = tree_next(tree, from == KEYS ? 0 : from, false);
    }
    for (size_t n = 0; n < steps && i < KEYS; n++) {
        struct bytes value = {0};
        assert_ok(status, error);
        assert_true(bytes_equal(environment_cursor_key(cursor), tree->keys[i]));
        assert_ok(environment_cursor_value(cursor, &value, &error), error);
        assert_true(bytes_equal(value, bytes_of(fixture->filling + i, tree->sizes[i])));
        i = tree_next(tree, is_reverse ? i - 1 : i + 1, is_reverse);
        status = is_reverse ? environment_cursor_previous(cursor, &error)
                            : environment_cursor_next(cursor, &error);
    }
    assert_status(status, i < KEYS ? STATUS_OK : STATUS_END, error);
}

static void check_view(struct fixture *fixture, const struct view *view, size_t count)
{
    struct error error;
    for (size_t n = 0; n < count; n++) {
        enum environment_tree which = (enum environment_tree)random_below(&fixture->random, TREE_COUNT);
        struct environment_cursor *cursor = NULL;
        check_get(fixture, view, which);
        if (which == TREE_METADATA || random_below(&fixture->random, 4) > 0) {
            continue; /* that tree has more than the model */
        }
        assert_ok(view->read != NULL ? environment_read_cursor_open(view->read, which, &cursor, &error)
                                     : environment_write_cursor_open(view->write, which, &cursor, &error),
                  error);
        for (size_t i = 0; i < 3; i++) {
            bool is_whole = random_below(&fixture->random, 20) == 0;
            check_walk(fixture, cursor, &fixture->trees[which],
                       is_whole ? KEYS : random_below(&fixture->random, 20));
        }
        environment_cursor_close(&cursor);
    }
}

static void change(struct fixture *fixture, struct environment_write *write, enum environment_tree which,
                   size_t i, bool is_put)
{
    struct error error;
    struct tree *tree = &fixture->trees[which];
    bool was_there = false;
    if (is_put) {
        tree->sizes[i] = choose_size(&fixture->random);
        assert_ok(environment_write_put(write, which, tree->keys[i],
                                        bytes_of(fixture->filling + i, tree->sizes[i]), &error),
                  error);
        return;
    }
    assert_ok(environment_write_erase(write, which, tree->keys[i], &was_there, &error), error);
    assert_true(was_there == (tree->sizes[i] > 0));
    tree->sizes[i] = 0;
}

/* A cursor steps while what it stands on is erased. */
static void erase_run(struct fixture *fixture, struct environment_write *write, enum environment_tree which)
{
    struct error error;
    struct environment_cursor *cursor = NULL;
    struct tree *tree = &fixture->trees[which];
    size_t count = random_below(&fixture->random, 20) == 0 ? KEYS : random_below(&fixture->random, 60);
    size_t i = tree_next(tree, choose_key(tree, &fixture->random), false);
    assert_ok(environment_write_cursor_open(write, which, &cursor, &error), error);
    enum status status =
        i < KEYS ? environment_cursor_seek_at_or_after(cursor, tree->keys[i], &error) : STATUS_END;
    for (; i < KEYS && count > 0; count--) {
        assert_ok(status, error);
        assert_true(bytes_equal(environment_cursor_key(cursor), tree->keys[i]));
        change(fixture, write, which, i, false);
        i = tree_next(tree, i, false);
        status =
            environment_cursor_next(cursor, &error); /* also when the key, and its layer with it, is gone */
    }
    environment_cursor_close(&cursor);
}

static void write_some(struct fixture *fixture, uint64_t puts_of_10)
{
    struct error error;
    struct view view = {0};
    struct environment_point point = {.lsn = ++fixture->lsn, .term = 1};
    assert_ok(environment_write_begin(fixture->environment, &view.write, &error), error);
    for (size_t n = random_below(&fixture->random, CHANGES); n > 0; n--) {
        enum environment_tree which = (enum environment_tree)random_below(&fixture->random, TREE_COUNT);
        change(fixture, view.write, which, choose_key(&fixture->trees[which], &fixture->random),
               random_below(&fixture->random, 10) < puts_of_10);
        if (random_below(&fixture->random, 30) == 0) {
            check_view(fixture, &view, 1);
        }
        if (which != TREE_METADATA && random_below(&fixture->random, 100) == 0) {
            erase_run(fixture, view.write, which);
        }
    }
    assert_ok(environment_write_admit(view.write, &error), error);
    environment_write_commit(&view.write, &point);
}

static void read_some(struct fixture *fixture)
{
    struct error error;
    struct view view = {0};
    assert_ok(environment_read_open(fixture->environment, &view.read, &error), error);
    check_view(fixture, &view, 100);
    environment_read_close(&view.read);
}

static void test_a_sound_store_answers_as_a_model_does(void **state)
{
    (void)state;
    struct error error;
    struct fixture *fixture = memory_create(sizeof(*fixture));
    fixture->parent = test_directory_create();
    fixture->directory = file_path_join(fixture->parent, "store");
    fixture->filling = memory_create(VALUE_BYTES_MAX + KEYS);
    random_init(&fixture->random, test_seed());
    for (size_t i = 0; i < VALUE_BYTES_MAX + KEYS; i++) {
        fixture->filling[i] = (uint8_t)(i * i / 7);
    }
    for (size_t i = 0; i < TREE_COUNT; i++) {
        tree_make(&fixture->trees[i], &fixture->random);
    }
    assert_ok(environment_create(fixture->directory, database, &error), error);
    for (size_t n = 0; n < OPENINGS; n++) {
        fixture_open(fixture);
        for (size_t i = random_below(&fixture->random, 5); i > 0; i--) {
            write_some(fixture, n % 20 < 12   ? 8
                                : n % 20 < 18 ? 3
                                              : 0); /* grows, shrinks, comes near nothing */
            read_some(fixture);
            if (random_below(&fixture->random, 2) == 0) { /* so that freed pages are used again */
                assert_ok(environment_checkpoint_now(fixture->environment, &error), error);
            }
        }
        assert_ok(environment_checkpoint_now(fixture->environment, &error), error);
        environment_close(&fixture->environment);
    }
    for (size_t i = 0; i < TREE_COUNT; i++) {
        for (size_t j = 0; j < KEYS; j++) {
            memory_destroy((void *)fixture->trees[i].keys[j].data);
        }
    }
    memory_destroy(fixture->filling);
    memory_destroy(fixture->directory);
    test_directory_remove(fixture->parent);
    memory_destroy(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_store_answers_as_a_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
