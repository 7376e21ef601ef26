/* A mapping's life: from its cursor along the feed. */
#include "mapping/mapping.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "mapping_private.h"

/* --- settings --------------------------------------------------------------------------------------------------- */

static enum status filter_parse(struct bytes text, struct arena *arena, const struct condition **ret_filter,
                                struct error *error)
{
    struct expression_options options = {.arena = arena, .is_native = true, .is_filter_of_changes = true};
    *ret_filter = NULL;
    return text.size == 0 ? STATUS_OK : condition_parse(text, &options, ret_filter, error);
}

enum status mapping_check(const struct mapping_settings *settings, struct error *error)
{
    struct arena arena = {0};
    const struct condition *filter = NULL;
    if (settings->name.size == 0 || settings->name.size > FUNCTION_NAME_BYTES_MAX) {
        return error_set(error, STATUS_INVALID, "a mapping's name must have 1 to %d bytes",
                         FUNCTION_NAME_BYTES_MAX);
    }
    if (settings->batch == 0 || settings->batch > MAPPING_BATCH_MAX ||
        settings->retries > MAPPING_RETRIES_MAX) {
        return error_set(error, STATUS_INVALID, "a batch has 1 to %d records, and up to %d retries",
                         MAPPING_BATCH_MAX, MAPPING_RETRIES_MAX);
    }
    enum status status = filter_parse(settings->filter, &arena, &filter, error);
    arena_reset(&arena);
    return status;
}

static const struct value *item_of(struct arena *arena, const struct value_member *members, size_t count)
{
    struct value *item = arena_create(arena, sizeof(*item));
    *item = value_of_members(arena, members, count);
    return item;
}

void mapping_put(const struct mapping_settings *settings, uint64_t lsn, struct arena *arena,
                 struct gate_change ret_changes[2])
{
    const struct value_member members[] = {
        {"batch", value_of_integer(settings->batch)},
        {"filter", value_of_text(settings->filter)},
        {"function", value_of_text(settings->function)},
        {"name", value_of_text(settings->name)},
        {"retries", value_of_integer(settings->retries)},
        {"table", value_of_text(settings->table)},
        {"version", value_of_integer((int64_t)settings->version)},
    };
    const struct value_member cursor[] = {
        {"name", value_of_text(settings->name)},
        {"next_lsn", value_of_integer((int64_t)lsn)},
    };
    ret_changes[0] = (struct gate_change){.kind = GATE_PUT,
                                          .presence = GATE_IF_ABSENT,
                                          .is_system = true,
                                          .table = bytes_of_text("system.mappings"),
                                          .item = item_of(arena, members, ARRAY_COUNT(members))};
    ret_changes[1] = (struct gate_change){.kind = GATE_PUT,
                                          .is_system = true,
                                          .table = bytes_of_text("system.cursors"),
                                          .item = item_of(arena, cursor, ARRAY_COUNT(cursor))};
}

static uint64_t member_number(const struct value *item, const char *name)
{
    int64_t number = value_map_integer(item, name);
    return number > 0 ? (uint64_t)number : 0;
}

enum status mapping_decode(const struct value *item, struct mapping_settings *ret_settings,
                           struct error *error)
{
    struct mapping_settings settings = {.name = value_map_text(item, "name"),
                                        .function = value_map_text(item, "function"),
                                        .version = member_number(item, "version"),
                                        .table = value_map_text(item, "table"),
                                        .filter = value_map_text(item, "filter"),
                                        .batch = (uint32_t)member_number(item, "batch"),
                                        .retries = (uint32_t)member_number(item, "retries")};
    if (mapping_check(&settings, NULL) != STATUS_OK) {
        return error_set(error, STATUS_CORRUPT, "a malformed row of system.mappings");
    }
    *ret_settings = settings;
    return STATUS_OK;
}

/* --- the thread ------------------------------------------------------------------------------------------------- */

bool mapping__is_stopping(const struct mapping *mapping)
{
    return atomic_load(&mapping->is_stopping);
}

void mapping__sleep(struct mapping *mapping, int64_t ms)
{
    struct timespec until = thread_time_in(ms * 1000);
    (void)pthread_mutex_lock(&mapping->mutex);
    while (!mapping__is_stopping(mapping) &&
           pthread_cond_timedwait(&mapping->woken, &mapping->mutex, &until) != ETIMEDOUT) {
    }
    (void)pthread_mutex_unlock(&mapping->mutex);
}

void mapping_wake(struct mapping *mapping)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->is_woken = true;
    (void)pthread_cond_broadcast(&mapping->woken);
    (void)pthread_mutex_unlock(&mapping->mutex);
}

/* Sleeps until something was committed. */
static void mapping_wait(struct mapping *mapping)
{
    struct timespec until = thread_time_in(MAPPING_IDLE_MS * 1000LL);
    (void)pthread_mutex_lock(&mapping->mutex);
    while (!mapping__is_stopping(mapping) && !mapping->is_woken &&
           pthread_cond_timedwait(&mapping->woken, &mapping->mutex, &until) != ETIMEDOUT) {
    }
    mapping->is_woken = false;
    (void)pthread_mutex_unlock(&mapping->mutex);
}

static void mapping_note_cursor(struct mapping *mapping)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.next_lsn = mapping->cursor.committed_lsn;
    (void)pthread_mutex_unlock(&mapping->mutex);
}

static void mapping_note_state(struct mapping *mapping, const char *state)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.next_lsn = mapping->cursor.committed_lsn;
    (void)snprintf(mapping->facts.state, sizeof(mapping->facts.state), "%s", state);
    (void)pthread_mutex_unlock(&mapping->mutex);
}

/* What is next: a record that it wants, committed at `time_us`; 0: there is none now. */
static void mapping_note_pending(struct mapping *mapping, bool is_known, int64_t time_us)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.is_lag_known = is_known;
    mapping->facts.pending_us = time_us;
    (void)pthread_mutex_unlock(&mapping->mutex);
}

static enum status mapping_read_cursor(struct mapping *mapping, struct error *error)
{
    struct value pairs[] = {value_of_text(bytes_of_text("name")), value_of_text(mapping->settings.name)};
    struct value key = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 1}};
    struct bytes image;
    struct arena arena = {0};
    struct value item;
    enum status status =
        gate_get(mapping->view, bytes_of_text("system.cursors"), &key, 0, NULL, NULL, &image, error);
    if (status == STATUS_OK) {
        status = codec_value_decode(image, &arena, &item, error);
    }
    if (status == STATUS_OK) {
        mapping__cursor_set(mapping, member_number(&item, "next_lsn"));
    }
    arena_reset(&arena);
    return status;
}

/* Reads on from the cursor. */
static enum status mapping_subscribe(struct mapping *mapping, struct error *error)
{
    uint64_t start = 0;
    uint64_t horizon = 0;
    struct subscription_options options = {.table = mapping->settings.table,
                                           .start = FEED_LSN,
                                           .lsn = mapping->cursor.committed_lsn};
    subscription_close(&mapping->subscription);
    mapping->read_lsn = mapping->cursor.committed_lsn;
    return subscription_open(mapping->options.feed, &options, &mapping->subscription, &start, &horizon,
                             error);
}

/* Takes records from the feed, as many as one invocation gets. STATUS_END: there are none now. */
static enum status mapping_collect(struct mapping *mapping, uint32_t most, struct mapping_batch *batch,
                                   struct error *error)
{
    enum status status = STATUS_OK;
    while (batch->count < most && batch->events.size < MAPPING_BATCH_BYTES_MAX) {
        struct feed_record found;
        if (mapping__is_stopping(mapping)) {
            return error_set(error, STATUS_CLOSED, "the mapping is stopping");
        }
        status = subscription_next(mapping->subscription, NULL, &found, error);
        if (status != STATUS_OK) {
            break;
        }
        batch->next_lsn = found.lsn + 1;
        if (!mapping__wants(mapping, &found.record)) {
            continue;
        }
        status = mapping__put_record(mapping->options.gate, &found, &batch->events, error);
        if (status != STATUS_OK) {
            break;
        }
        if (batch->count == 0) {
            batch->first_lsn = found.lsn;
            mapping_note_pending(mapping, true, found.commit_time_us);
        }
        batch->time_us = found.commit_time_us;
        batch->hops = found.record.hops > batch->hops ? found.record.hops : batch->hops;
        batch->count++;
    }
    return status == STATUS_END && batch->count > 0 ? STATUS_OK : status;
}

/* A batch that fails as a whole goes through again record by record. */
static enum status mapping_turn(struct mapping *mapping, struct error *error)
{
    uint64_t single_until = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !mapping__is_stopping(mapping)) {
        struct mapping_batch batch = {.next_lsn = mapping->read_lsn};
        uint32_t most = mapping->read_lsn < single_until ? 1 : mapping->settings.batch;
        status = mapping_collect(mapping, most, &batch, error);
        if (status == STATUS_OK) {
            status = mapping__run_batch(mapping, &batch, error);
        }
        if (status == STATUS_OK) {
            mapping_note_pending(mapping, false, 0);
            mapping->read_lsn = batch.next_lsn;
            mapping_note_cursor(mapping);
        } else if (status == STATUS_FUNCTION) {
            single_until = batch.next_lsn;
            status = mapping__cursor_flush(mapping, error);
            status = status == STATUS_OK ? mapping_subscribe(mapping, error) : status;
        }
        buffer_reset(&batch.events);
    }
    return status;
}

static void mapping_note_stopped(struct mapping *mapping, const char *why)
{
    mapping_note_state(mapping, why);
    (void)pthread_mutex_lock(&mapping->mutex);
    mapping->facts.is_stopped = true;
    (void)pthread_mutex_unlock(&mapping->mutex);
}

/* There is nothing to do now: the cursor becomes durable, and now and then passes what the mapping did not want. */
static enum status mapping_rest(struct mapping *mapping, struct error *error)
{
    int64_t now_us = clock_steady_us(clock_system());
    int64_t seconds = (now_us - mapping->followed_us) / 1000000;
    uint64_t passed = subscription_lsn(mapping->subscription) - mapping->cursor.wanted_lsn;
    enum status status = STATUS_OK;
    if ((passed >= MAPPING_SKIP_RECORDS && seconds >= 60) ||
        (passed > 0 && seconds >= MAPPING_SKIP_SECONDS)) {
        mapping->followed_us = now_us;
        mapping->read_lsn = subscription_lsn(mapping->subscription);
        status = mapping__cursor_advance(mapping, mapping->read_lsn, error);
    }
    return status == STATUS_OK ? mapping__cursor_flush(mapping, error) : status;
}

/* What may be another time: a full disk, a clock that jumped, a table that is not there now. */
static bool mapping_may_wait(enum status status)
{
    return status == STATUS_BUSY || status == STATUS_NOT_FOUND;
}

static enum status mapping_try_again(struct mapping *mapping, struct error *error)
{
    mapping_note_state(mapping, error->text);
    mapping__sleep(mapping, MAPPING_BACKOFF_MS_MAX / 10);
    enum status status = mapping__cursor_settle(mapping, error);
    return status == STATUS_CONFLICT ? status : mapping_subscribe(mapping, error);
}

static void mapping_run(void *context)
{
    struct mapping *mapping = context;
    struct error error = {0};
    enum status status = mapping_read_cursor(mapping, &error);
    bool has_cursor = status == STATUS_OK;
    mapping->followed_us = clock_steady_us(clock_system());
    if (has_cursor) {
        status = mapping_subscribe(mapping, &error);
    }
    while ((status == STATUS_OK || (has_cursor && mapping_may_wait(status))) &&
           !mapping__is_stopping(mapping)) {
        if (status != STATUS_OK) {
            status = mapping_try_again(mapping, &error);
            continue;
        }
        mapping_note_state(mapping, "running");
        status = mapping_turn(mapping, &error);
        if (status == STATUS_END) {
            status = mapping_rest(mapping, &error);
        }
        if (status == STATUS_OK) {
            mapping_note_pending(mapping, true, 0);
            mapping_wait(mapping);
        }
    }
    enum status last = mapping__cursor_flush(mapping, NULL); /* what does not work now comes again */
    (void)last;
    if (status != STATUS_OK && status != STATUS_CLOSED && !mapping__is_stopping(mapping)) {
        mapping_note_stopped(mapping, error.text);
        diagnostic_write(DIAGNOSTIC_ERROR, "mapping", "%.*s has stopped: %s",
                         (int)mapping->settings.name.size, (const char *)mapping->settings.name.data,
                         error.text);
    }
}

static void mapping_copy_settings(struct mapping *mapping, const struct mapping_settings *settings)
{
    struct arena *arena = &mapping->settings_arena;
    mapping->settings = *settings;
    mapping->settings.name = arena_copy(arena, settings->name);
    mapping->settings.function = arena_copy(arena, settings->function);
    mapping->settings.table = arena_copy(arena, settings->table);
    mapping->settings.filter = arena_copy(arena, settings->filter);
}

enum status mapping_open(const struct mapping_options *options, const struct mapping_settings *settings,
                         struct mapping **ret_mapping, struct error *error)
{
    struct mapping *mapping = memory_create(sizeof(*mapping));
    mapping->options = *options;
    CHECK(pthread_mutex_init(&mapping->mutex, NULL) == 0);
    thread_condition_init(&mapping->woken);
    mapping_copy_settings(mapping, settings);
    enum status status =
        filter_parse(mapping->settings.filter, &mapping->settings_arena, &mapping->filter, error);
    if (status == STATUS_OK) {
        status = gate_view_open(options->gate, &mapping->view, error);
    }
    if (status == STATUS_OK) {
        status = thread_create("mapping", mapping_run, mapping, &mapping->thread, error);
    }
    if (status != STATUS_OK) {
        mapping_close(&mapping);
        return status;
    }
    *ret_mapping = mapping;
    return STATUS_OK;
}

void mapping_close(struct mapping **mapping)
{
    struct mapping *gone = *mapping;
    *mapping = NULL;
    if (gone == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&gone->mutex);
    atomic_store(&gone->is_stopping, true);
    (void)pthread_cond_broadcast(&gone->woken);
    (void)pthread_mutex_unlock(&gone->mutex);
    thread_join(&gone->thread);
    subscription_close(&gone->subscription);
    gate_view_close(&gone->view);
    arena_reset(&gone->settings_arena);
    (void)pthread_mutex_destroy(&gone->mutex);
    (void)pthread_cond_destroy(&gone->woken);
    memory_destroy(gone);
}

/* Or wants every table's changes. */
static bool mapping_has_table(const struct mapping *mapping)
{
    const struct schema *schema = NULL;
    struct bytes table = mapping->settings.table;
    return table.size == 0 || gate_table_find(mapping->options.gate, table, &schema, NULL) == STATUS_OK;
}

void mapping_facts_read(struct mapping *mapping, struct mapping_facts *ret_facts)
{
    (void)pthread_mutex_lock(&mapping->mutex);
    *ret_facts = mapping->facts;
    (void)pthread_mutex_unlock(&mapping->mutex);
    if (!ret_facts->is_stopped && !mapping_has_table(mapping)) {
        (void)snprintf(ret_facts->state, sizeof(ret_facts->state), "waiting: its table is not there");
    }
}

const struct mapping_settings *mapping_settings_of(const struct mapping *mapping)
{
    return &mapping->settings;
}
