/* The guard of pages: whatever bit of a tree's pages is flipped while the store is closed, a read finds what was put or says that
 * something is damaged; it never finds nothing, and a walk never leaves anything out. */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "environment/pages.h"
#include "environment/transaction.h"
#include "support/test.h"

enum {
    ROWS = 3000,
    LONG_ONE_IN = 40, /* has a value that stands on pages of its own */
    FLUSHES = 40,
    FLIPS = 150,
    PAGE_BYTES = 4096,
    PAGE_FLAGS_OFFSET = 10,
    PAGE_LOWER_OFFSET = 12,
    PAGE_HEADER_BYTES = 16,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    TREE_BYTES = 48, /* that LMDB knows of a tree, the number of its root last */
    TREE_ROOT_OFFSET = 40,
};

static const uint8_t database[ENVIRONMENT_DATABASE_BYTES] = "guard";

struct fixture {
    char *parent;
    char *directory;
    int file;
    uint64_t pages;
    uint64_t keys[ROWS];   /* ascending, at least 2 apart */
    uint8_t filling[5000]; /* values are parts of it */
    struct environment *environment;
    size_t refused; /* operations that said so */
    bool is_short;  /* a walk was, without a word */
};

static struct bytes row_key(uint8_t name[8], uint64_t key)
{
    bytes_put_u64(name, key);
    return bytes_of(name, 8);
}

static struct bytes row_value(const struct fixture *fixture, uint64_t key)
{
    return bytes_of(fixture->filling + key % 7, key % LONG_ONE_IN == 0 ? 4000 : 20 + key % 100);
}

static enum status fixture_open(struct fixture *fixture, struct error *error)
{
    struct environment_point point;
    struct environment_options options = {.directory = fixture->directory,
                                          .map_bytes = 1 << 26,
                                          .allocate_bytes = 1 << 16};
    memcpy(options.database, database, sizeof(database));
    return environment_open(&options, &fixture->environment, &point, error);
}

static void fixture_fill(struct fixture *fixture)
{
    struct error error;
    struct environment_write *write = NULL;
    struct environment_point point = {.lsn = 1, .term = 1};
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    for (size_t i = 0; i < ROWS; i++) {
        uint8_t name[8];
        uint64_t key = fixture->keys[i * 7919 % ROWS]; /* out of order: pages as a table's */
        assert_ok(environment_write_put(write, TREE_ROWS, row_key(name, key), row_value(fixture, key),
                                        &error),
                  error);
    }
    environment_write_commit(&write, &point);
    assert_ok(environment_checkpoint_now(fixture->environment, &error), error);
}

static void fixture_make(struct fixture *fixture, struct random *random)
{
    struct error error;
    *fixture = (struct fixture){.parent = test_directory_create()};
    for (size_t i = 0; i < sizeof(fixture->filling); i++) {
        fixture->filling[i] = (uint8_t)(i * 31);
    }
    for (size_t i = 0; i < ROWS; i++) {
        fixture->keys[i] = (i == 0 ? 1000 : fixture->keys[i - 1]) + 2 + random_below(random, 1000);
    }
    fixture->directory = file_path_join(fixture->parent, "store");
    assert_ok(environment_create(fixture->directory, database, &error), error);
    assert_ok(fixture_open(fixture, &error), error);
    fixture_fill(fixture);
    environment_close(&fixture->environment);
    char *path = file_path_join(fixture->directory, "data.mdb");
    fixture->file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fixture->file >= 0);
    fixture->pages = (uint64_t)lseek(fixture->file, 0, SEEK_END) / PAGE_BYTES;
    memory_destroy(path);
}

static void fixture_remove(struct fixture *fixture)
{
    assert_int_equal(close(fixture->file), 0);
    memory_destroy(fixture->directory);
    test_directory_remove(fixture->parent);
}

/* A bit of a page of a tree; *ret_page is what it is on. */
static uint64_t choose_bit(const struct fixture *fixture, struct random *random, uint8_t ret_page[PAGE_BYTES])
{
    for (;;) {
        uint64_t number = random_below(random, fixture->pages);
        uint64_t says = 0;
        assert_int_equal(pread(fixture->file, ret_page, PAGE_BYTES, (off_t)(number * PAGE_BYTES)),
                         PAGE_BYTES);
        memcpy(&says, ret_page, sizeof(says));
        uint8_t kind = ret_page[PAGE_FLAGS_OFFSET];
        if (number >= 2 && says == number && (kind == PAGE_BRANCH || kind == PAGE_LEAF)) {
            /* half of all in what LMDB goes by, which is little of a page */
            uint64_t places = ret_page[PAGE_LOWER_OFFSET] + 256ULL * ret_page[PAGE_LOWER_OFFSET + 1];
            uint64_t at = random_below(random, random_below(random, 2) == 0 ? PAGE_BYTES : places);
            /* not so that an entry's place is in another page: what guard.c does not tell at once */
            bool is_place = at >= PAGE_HEADER_BYTES && at < places && at % 2 == 1;
            return (number * PAGE_BYTES + at) * 8 + random_below(random, is_place ? 4 : 8);
        }
    }
}

static void flip(const struct fixture *fixture, uint64_t bit)
{
    uint8_t byte = 0;
    assert_int_equal(pread(fixture->file, &byte, 1, (off_t)(bit / 8)), 1);
    byte ^= (uint8_t)(1U << bit % 8);
    assert_int_equal(pwrite(fixture->file, &byte, 1, (off_t)(bit / 8)), 1);
}

static void check_get(struct fixture *fixture, struct environment_read *read, uint64_t key, bool is_there)
{
    uint8_t name[8];
    struct error error;
    struct bytes value = {0};
    enum status status = environment_read_get(read, TREE_ROWS, row_key(name, key), &value, &error);
    if (status == STATUS_CORRUPT) {
        fixture->refused++;
        assert_ok(environment_read_renew(read, &error), error); /* LMDB may have given the transaction up */
        return;
    }
    assert_status(status, is_there ? STATUS_OK : STATUS_NOT_FOUND, error);
    assert_true(!is_there || bytes_equal(value, row_value(fixture, key)));
}

/* Walks all rows one way; false when it ended before its time without a word. */
static bool check_walk(struct fixture *fixture, struct environment_read *read, bool is_reverse)
{
    struct error error;
    struct environment_cursor *cursor = NULL;
    size_t count = 0;
    assert_ok(environment_read_cursor_open(read, TREE_ROWS, &cursor, &error), error);
    enum status status =
        is_reverse ? environment_cursor_last(cursor, &error) : environment_cursor_first(cursor, &error);
    bool is_right = true;
    while (status == STATUS_OK && is_right) {
        struct bytes value = {0};
        uint64_t expected = count < ROWS ? fixture->keys[is_reverse ? ROWS - 1 - count : count] : 0;
        status = environment_cursor_value(cursor, &value, &error);
        if (status == STATUS_OK) {
            is_right = bytes_get_u64(environment_cursor_key(cursor).data) == expected &&
                       bytes_equal(value, row_value(fixture, expected));
            count++;
            status = is_reverse ? environment_cursor_previous(cursor, &error)
                                : environment_cursor_next(cursor, &error);
        }
    }
    environment_cursor_close(&cursor);
    if (status == STATUS_CORRUPT) {
        fixture->refused++;
        assert_ok(environment_read_renew(read, &error), error);
        return true;
    }
    return is_right && count == ROWS;
}

/* What the account of pages says of a damage that no walk can notice. */
static void check_account(struct fixture *fixture)
{
    struct error error;
    struct environment_pages pages;
    fixture->is_short = true;
    assert_status(environment_pages_check(fixture->environment, &pages, &error), STATUS_CORRUPT, error);
}

/* A transaction that puts looks for what it puts, and reads on. */
static void check_write(struct fixture *fixture, struct random *random)
{
    struct error error;
    struct environment_write *write = NULL;
    uint8_t name[8];
    uint64_t put = fixture->keys[random_below(random, ROWS)];
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    enum status status =
        environment_write_put(write, TREE_ROWS, row_key(name, put), row_value(fixture, put), &error);
    for (size_t i = 0; i < ROWS && status == STATUS_OK; i++) {
        uint64_t key = fixture->keys[i * 7907 % ROWS];
        struct bytes value = {0};
        status = environment_write_get(write, TREE_ROWS, row_key(name, key), &value, &error);
        assert_true(status != STATUS_OK || bytes_equal(value, row_value(fixture, key)));
    }
    environment_write_abort(&write);
    if (status != STATUS_OK) {
        assert_status(status, STATUS_CORRUPT, error);
        fixture->refused++;
    }
}

static void check_reads(struct fixture *fixture, struct random *random, bool is_branch)
{
    struct error error;
    struct environment_read *read = NULL;
    bool is_right = true;
    assert_ok(environment_read_open(fixture->environment, &read, &error), error);
    bool walks_first = random_below(random, 2) == 0; /* what was met before is not looked at again */
    for (size_t i = 0; i < 2 && walks_first; i++) {
        is_right = check_walk(fixture, read, i == 1) && is_right;
    }
    for (size_t i = 0; i < ROWS; i++) {
        uint64_t key = fixture->keys[i * 7907 % ROWS];
        check_get(fixture, read, key, true);
        check_get(fixture, read, key + 1, false);
    }
    for (size_t i = 0; i < 2 && !walks_first; i++) {
        is_right = check_walk(fixture, read, i == 1) && is_right;
    }
    environment_read_close(&read);
    assert_true(is_right || is_branch);
    if (!is_right) {
        check_account(fixture);
    }
}

/* What came of a flip. */
enum outcome {
    OUTCOME_HARMLESS = 40, /* room, or a page that nothing is on */
    OUTCOME_REFUSED,
    OUTCOME_SHORT_WALK, /* which the account of pages tells of */
    OUTCOME_ENDED,      /* LMDB went where nothing is mapped, before it compared a key of the page */
    OUTCOME_LAST = OUTCOME_ENDED,
};

static void end(int signal)
{
    (void)signal;
    _exit(OUTCOME_ENDED);
}

static enum outcome read_damaged(struct fixture *fixture, struct random *random, bool is_branch)
{
    struct error error;
    enum status status = fixture_open(fixture, &error);
    if (status == STATUS_OK) {
        if (random_below(random, 3) == 0) {
            check_write(fixture, random);
        }
        check_reads(fixture, random, is_branch);
        environment_close(&fixture->environment);
    } else {
        assert_status(status, STATUS_CORRUPT, error);
        fixture->refused++;
    }
    return fixture->is_short ? OUTCOME_SHORT_WALK : fixture->refused > 0 ? OUTCOME_REFUSED : OUTCOME_HARMLESS;
}

/* Does so in a process of its own. */
static enum outcome run_apart(struct fixture *fixture, struct random *random, bool is_branch,
                              enum outcome (*run)(struct fixture *, struct random *, bool))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSEGV, end);
        (void)signal(SIGBUS, end);
        (void)signal(SIGABRT, end);
        _exit((int)run(fixture, random, is_branch));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), OUTCOME_HARMLESS, OUTCOME_LAST);
    return (enum outcome)WEXITSTATUS(status);
}

static void test_a_flipped_bit_of_a_page_is_never_a_wrong_answer(void **state)
{
    (void)state;
    struct random random;
    struct fixture fixture;
    size_t outcomes[OUTCOME_LAST + 1] = {0};
    random_init(&random, test_seed());
    fixture_make(&fixture, &random);
    for (size_t i = 0; i < FLIPS; i++) {
        uint8_t page[PAGE_BYTES];
        uint64_t bit = choose_bit(&fixture, &random, page);
        flip(&fixture, bit);
        enum outcome outcome =
            run_apart(&fixture, &random, page[PAGE_FLAGS_OFFSET] == PAGE_BRANCH, read_damaged);
        outcomes[outcome]++;
        flip(&fixture, bit);
    }
    print_message("%d flips: %zu refused, %zu walks too short, %zu ended it, %zu harmless\n", FLIPS,
                  outcomes[OUTCOME_REFUSED], outcomes[OUTCOME_SHORT_WALK], outcomes[OUTCOME_ENDED],
                  outcomes[OUTCOME_HARMLESS]);
    assert_true(outcomes[OUTCOME_REFUSED] > FLIPS / 4);
    assert_true(outcomes[OUTCOME_ENDED] < FLIPS / 10);
    assert_int_equal(read_damaged(&fixture, &random, false), OUTCOME_HARMLESS); /* with all bits back */
    fixture_remove(&fixture);
}

/* A put of a row as it is, or its erasure, in a transaction of its own; STATUS_CORRUPT: refused. */
static enum status change_one(struct fixture *fixture, uint64_t key, bool erases, uint64_t lsn)
{
    struct error error;
    uint8_t name[8];
    struct environment_write *write = NULL;
    struct environment_point point = {.lsn = lsn, .term = 1};
    assert_ok(environment_write_begin(fixture->environment, &write, &error), error);
    enum status status =
        erases ? environment_write_erase(write, TREE_ROWS, row_key(name, key), NULL, &error)
               : environment_write_put(write, TREE_ROWS, row_key(name, key), row_value(fixture, key), &error);
    if (status == STATUS_OK) {
        environment_write_commit(&write, &point);
    } else {
        assert_status(status, STATUS_CORRUPT, error);
        environment_write_abort(&write);
        fixture->refused++;
    }
    return status;
}

/* Erases some rows beside each other and puts others; is_erased[i] tells of each. */
static void change_damaged(struct fixture *fixture, struct random *random, bool *is_erased)
{
    size_t at = random_below(random, ROWS);
    for (size_t i = 0; i < ROWS / 2; i++) {
        bool erases = i < ROWS / 4;
        size_t row = erases ? (at + i) % ROWS : random_below(random, ROWS);
        if (change_one(fixture, fixture->keys[row], erases, 2 + i) == STATUS_OK) {
            is_erased[row] = erases;
        }
    }
}

static void check_changed(struct fixture *fixture, const bool *is_erased)
{
    struct error error;
    struct environment_read *read = NULL;
    assert_ok(environment_read_open(fixture->environment, &read, &error), error);
    for (size_t i = 0; i < ROWS; i++) {
        check_get(fixture, read, fixture->keys[i], !is_erased[i]);
    }
    environment_read_close(&read);
}

static enum outcome change_and_flush(struct fixture *fixture, struct random *random, bool is_branch)
{
    struct error error;
    bool is_erased[ROWS] = {false};
    (void)is_branch;
    enum status status = fixture_open(fixture, &error);
    if (status == STATUS_OK) {
        change_damaged(fixture, random, is_erased);
        check_changed(fixture, is_erased);
        status = environment_checkpoint_now(fixture->environment, &error);
        check_changed(fixture, is_erased); /* what could not be flushed is in memory */
        environment_close(&fixture->environment);
    }
    if (status == STATUS_OK) {
        status = fixture_open(fixture, &error);
    }
    if (status == STATUS_OK && fixture->environment != NULL) {
        check_changed(fixture, is_erased);
        environment_close(&fixture->environment);
    }
    if (status != STATUS_OK) {
        assert_status(status, STATUS_CORRUPT, error);
        fixture->refused++;
    }
    return fixture->refused > 0 ? OUTCOME_REFUSED : OUTCOME_HARMLESS;
}

/* Changes that are accepted stay, whether their flush meets the damage or not. */
static void test_a_flush_of_damaged_pages_loses_nothing(void **state)
{
    (void)state;
    struct random random;
    size_t outcomes[OUTCOME_LAST + 1] = {0};
    random_init(&random, test_seed());
    for (size_t i = 0; i < FLUSHES; i++) {
        uint8_t page[PAGE_BYTES];
        struct fixture fixture;
        fixture_make(&fixture, &random);
        flip(&fixture, choose_bit(&fixture, &random, page));
        outcomes[run_apart(&fixture, &random, false, change_and_flush)]++;
        fixture_remove(&fixture);
    }
    print_message("%d flushes: %zu refused, %zu ended it, %zu harmless\n", FLUSHES, outcomes[OUTCOME_REFUSED],
                  outcomes[OUTCOME_ENDED], outcomes[OUTCOME_HARMLESS]);
    assert_true(outcomes[OUTCOME_REFUSED] > FLUSHES / 5);
    assert_true(outcomes[OUTCOME_ENDED] < FLUSHES / 5);
}

/* Where the file has what LMDB knows of the tree of rows: after its name in the main tree. */
static uint64_t find_tree(const struct fixture *fixture)
{
    uint8_t page[PAGE_BYTES];
    uint64_t found = 0;
    for (uint64_t number = fixture->pages - 1; number >= 2 && found == 0; number--) {
        assert_int_equal(pread(fixture->file, page, PAGE_BYTES, (off_t)(number * PAGE_BYTES)), PAGE_BYTES);
        const uint8_t *name = memmem(page, PAGE_BYTES, "rows", 4);
        if (name != NULL && page[PAGE_FLAGS_OFFSET] == PAGE_LEAF && name[-8] == TREE_BYTES) {
            found = number * PAGE_BYTES + (uint64_t)(name - page) + 4;
        }
    }
    assert_true(found > 0);
    return found;
}

static void test_a_flipped_bit_of_a_root_is_never_a_wrong_answer(void **state)
{
    (void)state;
    struct random random;
    struct fixture fixture;
    random_init(&random, test_seed());
    fixture_make(&fixture, &random);
    uint64_t tree = find_tree(&fixture);
    for (uint64_t bit = 0; bit < 64; bit++) {
        flip(&fixture, 8 * (tree + TREE_ROOT_OFFSET) + bit);
        assert_true(run_apart(&fixture, &random, false, read_damaged) != OUTCOME_HARMLESS);
        flip(&fixture, 8 * (tree + TREE_ROOT_OFFSET) + bit);
    }
    fixture_remove(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flipped_bit_of_a_page_is_never_a_wrong_answer),
        cmocka_unit_test(test_a_flush_of_damaged_pages_loses_nothing),
        cmocka_unit_test(test_a_flipped_bit_of_a_root_is_never_a_wrong_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
