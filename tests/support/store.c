#include "support/store.h"

#include <semaphore.h>

#include "base/memory.h"
#include "base/random.h"
#include "local/local.h"
#include "support/test.h"

static enum status store_log_sync(void *context, uint64_t lsn, struct error *error)
{
    struct store *store = context;
    return store->log == NULL ? STATUS_OK : log_sync(store->log, lsn, error);
}

static void store_key_add(void *context, uint32_t space, struct bytes key)
{
    segment_key_add(context, space, key);
}

static enum status store_keys(void *context, const struct record *record, struct segment_key_sink *sink,
                              struct error *error)
{
    return fold_record_keys(context, record, store_key_add, sink, error);
}

static struct local_options store_log_options(struct store *store, uint64_t checkpointed_lsn)
{
    return (struct local_options){.directory = store->log_directory,
                                  .identity = store->identity,
                                  .segment_bytes = SEGMENT_BYTES_MIN,
                                  .retention_us = 35LL * 86400 * 1000000,
                                  .checkpointed_lsn = checkpointed_lsn,
                                  .keys = {.visit = store_keys, .context = store->catalog},
                                  .clock = store->clock};
}

void store_open(struct store *store)
{
    struct error error;
    struct environment_point point;
    struct environment_options options = {.directory = store->store_directory,
                                          .map_bytes = 64 << 20,
                                          .allocate_bytes = 1 << 20,
                                          .checkpoint_bytes = 1 << 20,
                                          .checkpoint_interval_us = 20000,
                                          .log_sync = store_log_sync,
                                          .context = store};
    memcpy(options.database, store->identity.database, sizeof(options.database));
    store->catalog = catalog_create();
    assert_ok(environment_open(&options, &store->environment, &point, &error), error);
    struct local_options log_options = store_log_options(store, point.lsn);
    assert_ok(local_open(&log_options, &store->log, &error), error);
    struct fold_options fold_options = {.environment = store->environment,
                                        .point = point,
                                        .log = store->log,
                                        .catalog = store->catalog,
                                        .delete_rows_max = store->delete_rows_max,
                                        .clock = store->clock};
    assert_ok(fold_open(&fold_options, &store->fold, &error), error);
    local_seal_start(store->log);
    assert_ok(environment_checkpoint_start(store->environment, &error), error);
    assert_ok(snapshot_open(store->environment, &store->snapshot, &error), error);
}

void store_close(struct store *store)
{
    snapshot_close(&store->snapshot);
    fold_close(&store->fold);
    environment_close(&store->environment);
    log_close(&store->log);
    catalog_destroy(&store->catalog);
}

void store_init(struct store *store, const struct clock *clock)
{
    struct error error;
    *store = (struct store){.clock = clock,
                            .directory = test_directory_create(),
                            .identity = {.group = 1, .timeline = 1}};
    random_secret(store->identity.database, sizeof(store->identity.database));
    store->log_directory = file_path_join(store->directory, "log");
    store->store_directory = file_path_join(store->directory, "store");
    assert_ok(file_directory_create(store->log_directory, &error), error);
    struct local_options options = store_log_options(store, 0);
    assert_ok(local_create(&options, &error), error);
    assert_ok(environment_create(store->store_directory, store->identity.database, &error), error);
    store_open(store);
}

void store_reset(struct store *store)
{
    store_close(store);
    memory_destroy(store->log_directory);
    memory_destroy(store->store_directory);
    test_directory_remove(store->directory);
}

static void write_done(struct write *write)
{
    (void)sem_post(write->context);
}

void store_submit_begin(struct store *store, struct write *write, sem_t *done)
{
    assert_int_equal(sem_init(done, 0, 0), 0);
    write->complete = write_done;
    write->context = done;
    write->actor = bytes_of_text("test");
    assert_int_equal(fold_submit(store->fold, write), STATUS_OK);
}

void store_submit_end(struct write *write, sem_t *done)
{
    while (sem_wait(done) != 0) {
    }
    (void)sem_destroy(done);
    assert_ok(write->status, write->error);
}

void store_submit(struct store *store, struct write *write)
{
    sem_t done;
    store_submit_begin(store, write, &done);
    store_submit_end(write, &done);
}

void store_create_table(struct store *store, struct schema *schema)
{
    struct error error;
    struct write write = {0};
    struct write_change changes[2];
    assert_ok(catalog_reserve_name(store->catalog, schema, &error), error);
    write.count = write_table_change(store->catalog, &write.arena, NULL, schema, OPERATION_SCHEMA, changes);
    write.changes = changes;
    store_submit(store, &write);
    catalog_release_name(store->catalog, schema->name);
    arena_reset(&write.arena);
}
