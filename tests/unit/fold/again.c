/* A write that was planned anew goes before all that wait, the next change of a table among them. */
#include <semaphore.h>

#include "base/memory.h"
#include "codec/pack.h"
#include "fold/fold.h"
#include "row/key.h"
#include "support/store.h"
#include "support/test.h"

/* Puts a row, and in its answer as many again as it is to. */
struct putting {
    struct write write; /* first member */
    struct store *store;
    struct write_change change;
    struct buffer key;
    struct buffer images[2];
    int again;
    sem_t *go; /* the answer waits for it, and with it the writer; NULL: it does not wait */
    sem_t done;
};

static void wait_for(sem_t *semaphore)
{
    while (sem_wait(semaphore) != 0) {
    }
}

/* Thread: the writer's. */
static void putting_answered(struct write *write)
{
    struct putting *putting = (struct putting *)write;
    if (putting->go != NULL) {
        wait_for(putting->go);
    }
    if (putting->again > 0) {
        putting->change.image = buffer_bytes(&putting->images[putting->again--]);
        fold_submit_again(putting->store->fold, write);
    } else {
        (void)sem_post(&putting->done);
    }
}

static void putting_submit(struct putting *putting, struct store *store, const struct schema *schema,
                           int64_t id, int again)
{
    struct value key = value_of_integer(id);
    assert_int_equal(sem_init(&putting->done, 0, 0), 0);
    assert_int_equal(key_encode(schema, ROW_PLAIN, &key, NULL, 0, &putting->key, NULL), STATUS_OK);
    for (size_t i = 0; i < ARRAY_COUNT(putting->images); i++) {
        struct value pairs[] = {value_of_text(bytes_of_text("id")), key, value_of_text(bytes_of_text("v")),
                                value_of_integer((int64_t)i)};
        struct value row = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 2}};
        codec_value_encode(&putting->images[i], &row);
    }
    putting->store = store;
    putting->again = again;
    putting->change = (struct write_change){.kind = CHANGE_PUT,
                                            .schema = schema,
                                            .key = buffer_bytes(&putting->key),
                                            .image = buffer_bytes(&putting->images[0])};
    putting->write = (struct write){.changes = &putting->change,
                                    .count = 1,
                                    .actor = bytes_of_text("test"),
                                    .complete = putting_answered};
    assert_int_equal(fold_submit(store->fold, &putting->write), STATUS_OK);
}

static void putting_reset(struct putting *putting)
{
    assert_int_equal(putting->write.status, STATUS_OK);
    (void)sem_destroy(&putting->done);
    buffer_reset(&putting->key);
    buffer_reset(&putting->images[0]);
    buffer_reset(&putting->images[1]);
    arena_reset(&putting->write.arena);
}

static struct schema schema_of(const char *name)
{
    static struct key_column column = {.type = {.kind = TYPE_BIGINT}};
    column.name = bytes_of_text("id");
    return (struct schema){.name = bytes_of_text(name),
                           .kind = TABLE_DOCUMENT,
                           .durability = DURABILITY_SYNC,
                           .partition_count = 1,
                           .partition = &column};
}

static void test_a_write_made_anew_goes_first(void **state)
{
    (void)state;
    struct store store;
    struct error error;
    struct putting first = {0};
    struct putting anew = {0};
    struct putting last = {0};
    struct schema made = schema_of("t");
    struct schema next = schema_of("u");
    struct write change = {0};
    struct write_change changes[2];
    sem_t go;
    assert_int_equal(sem_init(&go, 0, 0), 0);
    store_init(&store, clock_system());
    store_create_table(&store, &made);
    const struct schema *schema = catalog_find(store.catalog, bytes_of_text("t"));

    first.go = &go; /* until all others wait */
    putting_submit(&first, &store, schema, 1, 0);
    putting_submit(&anew, &store, schema, 2, 1);
    assert_ok(catalog_reserve_name(store.catalog, &next, &error), error);
    change.count = write_table_change(store.catalog, &change.arena, NULL, &next, OPERATION_SCHEMA, changes);
    change.changes = changes;
    sem_t changed;
    store_submit_begin(&store, &change, &changed);
    putting_submit(&last, &store, schema, 3, 0);
    assert_int_equal(sem_post(&go), 0);
    wait_for(&first.done);
    wait_for(&anew.done);
    store_submit_end(&change, &changed);
    wait_for(&last.done);
    catalog_release_name(store.catalog, next.name);
    assert_true(first.write.lsn < anew.write.lsn);
    assert_true(anew.write.lsn < change.lsn && change.lsn < last.write.lsn);

    putting_reset(&first);
    putting_reset(&anew);
    putting_reset(&last);
    arena_reset(&change.arena);
    (void)sem_destroy(&go);
    store_reset(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_write_made_anew_goes_first),
    };
    return cmocka_run_group_tests_name("fold/again", tests, NULL, NULL);
}
