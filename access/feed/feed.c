#include "feed/feed.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "base/metric.h"
#include "catalog/catalog.h"
#include "codec/pack.h"
#include "codec/shown.h"
#include "lag.h"
#include "log/log.h"

enum {
    FEED_WAKERS_MAX = 4,
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): a gauge, atomic */
static struct metric subscriptions = {.kind = METRIC_GAUGE,
                                      .name = "oxbow_subscriptions",
                                      .help = "Readers of the feed, those of mappings included."};

struct feed_waker {
    void (*wake)(void *context);
    void *context;
};

struct feed {
    struct log *log;
    struct catalog *catalog;
    _Atomic uint64_t committed_lsn;
    _Atomic uint64_t subscriptions;
    pthread_mutex_t mutex; /* guards the wakers */
    struct feed_waker wakers[FEED_WAKERS_MAX];
    size_t wakers_count;
    struct lags lags;
};

struct subscription {
    struct feed *feed;
    struct log_reader *reader;
    uint32_t table; /* 0: every one but the system's */
    const struct condition *filter;
    bool wants_meta;
    struct log_part part;
    struct reader records; /* what is left of the part */
    uint32_t left;
    uint64_t next_lsn; /* of the next record of the part */
    struct buffer old; /* images of the record at hand, of a wide table, as documents */
    struct buffer new;
    struct lag lag;
};

struct feed *feed_create(struct log *log, struct catalog *catalog)
{
    struct feed *feed = memory_create(sizeof(*feed));
    metric_register(&subscriptions);
    feed->log = log;
    feed->catalog = catalog;
    CHECK(pthread_mutex_init(&feed->mutex, NULL) == 0);
    atomic_init(&feed->committed_lsn, log_tip(log).next_lsn - 1);
    feed__lags_open(&feed->lags, &feed->committed_lsn);
    return feed;
}

void feed_destroy(struct feed **feed)
{
    if (*feed != NULL) {
        feed__lags_close(&(*feed)->lags);
        (void)pthread_mutex_destroy(&(*feed)->mutex);
        memory_destroy(*feed);
        *feed = NULL;
    }
}

void feed_wake_register(struct feed *feed, void (*wake)(void *context), void *context)
{
    (void)pthread_mutex_lock(&feed->mutex);
    CHECK(feed->wakers_count < FEED_WAKERS_MAX);
    feed->wakers[feed->wakers_count++] = (struct feed_waker){.wake = wake, .context = context};
    (void)pthread_mutex_unlock(&feed->mutex);
}

void feed_wake_unregister(struct feed *feed, void *context)
{
    (void)pthread_mutex_lock(&feed->mutex);
    for (size_t i = 0; i < feed->wakers_count; i++) {
        if (feed->wakers[i].context == context) {
            feed->wakers[i] = feed->wakers[--feed->wakers_count];
            break;
        }
    }
    (void)pthread_mutex_unlock(&feed->mutex);
}

void feed_committed(struct feed *feed, uint64_t lsn)
{
    atomic_store(&feed->committed_lsn, lsn);
    (void)pthread_mutex_lock(&feed->mutex);
    for (size_t i = 0; i < feed->wakers_count; i++) {
        feed->wakers[i].wake(feed->wakers[i].context);
    }
    (void)pthread_mutex_unlock(&feed->mutex);
}

uint64_t feed_committed_lsn(struct feed *feed)
{
    return atomic_load(&feed->committed_lsn);
}

static enum status subscription_start(struct feed *feed, const struct subscription_options *options,
                                      const struct log_tip *tip, uint64_t *ret_lsn, struct error *error)
{
    uint64_t before = 0;
    enum status status = STATUS_OK;
    switch (options->start) {
    case FEED_OLDEST:
        *ret_lsn = tip->first_lsn;
        break;
    case FEED_LSN:
        *ret_lsn = options->lsn;
        break;
    case FEED_TIME:
        status = log_lsn_at(feed->log, options->time_us, &before, error);
        *ret_lsn = before + 1;
        break;
    case FEED_LATEST:
        *ret_lsn = atomic_load(&feed->committed_lsn) + 1;
        break;
    }
    return status;
}

enum status subscription_open(struct feed *feed, const struct subscription_options *options,
                              struct subscription **ret_subscription, uint64_t *ret_start_lsn,
                              uint64_t *ret_horizon_lsn, struct error *error)
{
    struct log_filter filter = {0};
    if (options->table.size > 0) {
        const struct schema *schema = catalog_find(feed->catalog, options->table);
        if (schema == NULL) {
            return error_set(error, STATUS_NOT_FOUND, "there is no table %.*s", (int)options->table.size,
                             (const char *)options->table.data);
        }
        filter = (struct log_filter){.is_set = true, .table = schema->table, .shards = 0xFFFF};
    }
    if (atomic_fetch_add(&feed->subscriptions, 1) >= FEED_SUBSCRIPTIONS_MAX) {
        atomic_fetch_sub(&feed->subscriptions, 1);
        return error_set(error, STATUS_BUSY, "there are %d subscriptions, the most there can be",
                         FEED_SUBSCRIPTIONS_MAX);
    }
    struct log_tip tip = log_tip(feed->log);
    uint64_t start = 0;
    struct log_reader *reader = NULL;
    enum status status = subscription_start(feed, options, &tip, &start, error);
    if (status == STATUS_OK) {
        status = log_reader_create(feed->log, start, filter, &reader, error);
    }
    if (status != STATUS_OK) {
        atomic_fetch_sub(&feed->subscriptions, 1);
        return status;
    }
    struct subscription *subscription = memory_create(sizeof(*subscription));
    subscription->feed = feed;
    metric_add(&subscriptions, 1);
    subscription->reader = reader;
    subscription->table = filter.table;
    subscription->filter = options->filter;
    subscription->wants_meta = options->wants_meta;
    feed__lag_add(&feed->lags, &subscription->lag, options->table, start);
    *ret_subscription = subscription;
    *ret_start_lsn = start;
    *ret_horizon_lsn = tip.first_lsn;
    return STATUS_OK;
}

void subscription_close(struct subscription **subscription)
{
    struct subscription *gone = *subscription;
    *subscription = NULL;
    if (gone != NULL) {
        atomic_fetch_sub(&gone->feed->subscriptions, 1);
        metric_add(&subscriptions, -1);
        feed__lag_remove(&gone->feed->lags, &gone->lag);
        log_reader_destroy(&gone->reader);
        buffer_reset(&gone->old);
        buffer_reset(&gone->new);
        memory_destroy(gone);
    }
}

static const struct value *change_item(struct bytes image, struct arena *arena, struct value *room)
{
    return image.size > 0 && codec_value_decode(image, arena, room, NULL) == STATUS_OK ? room : NULL;
}

bool feed_change_matches(const struct condition *filter, struct bytes old, struct bytes new)
{
    struct arena arena = {0};
    struct value items[2];
    struct condition_facts facts = {.item = change_item(new, &arena, &items[0]),
                                    .old = change_item(old, &arena, &items[1])};
    bool matches = condition_holds(filter, &facts);
    arena_reset(&arena);
    return matches;
}

bool feed_record_matches(const struct condition *filter, const struct record *record)
{
    struct buffer old = {0};
    if (record->operation > OPERATION_REMOVE) {
        return true;
    }
    struct bytes old_image = record_old_image(record, &old);
    bool matches =
        feed_change_matches(filter, (record->flags & RECORD_HAS_OLD) != 0 ? old_image : (struct bytes){0},
                            (record->flags & RECORD_HAS_NEW) != 0 ? record->new_image : (struct bytes){0});
    buffer_reset(&old);
    return matches;
}

/* Whether the record is one that the subscription shows, its filter apart. */
static bool subscription_sees(const struct subscription *subscription, const struct record *record)
{
    bool is_shown = subscription->wants_meta ||
                    (record->flags & (RECORD_META | RECORD_HOUSEKEEPING)) == 0; /* invariant 6 */
    return is_shown && (subscription->table == 0 ? record->table >= CATALOG_TABLE_FIRST
                                                 : record->table == subscription->table);
}

/* What is shown of a record of a wide table: its images as documents, in `old` and `new`. */
static enum status record_show(struct feed *feed, struct buffer *old, struct buffer *new,
                               struct feed_record *found, struct error *error)
{
    const struct schema *schema =
        catalog_find_version(feed->catalog, found->record.table, found->record.schema_version);
    return schema == NULL ? STATUS_OK
                          : codec_record_show(schema, found->commit_time_us, old, new, &found->record, error);
}

enum status feed_record_at(struct feed *feed, uint64_t lsn, struct feed_room *room,
                           struct feed_record *ret_record, struct error *error)
{
    struct feed_record found = {.lsn = lsn};
    if (lsn > feed_committed_lsn(feed)) {
        return error_set(error, STATUS_TRIMMED, "LSN %llu is not committed", (unsigned long long)lsn);
    }
    enum status status =
        log_record_at(feed->log, lsn, &room->record, &found.record, &found.commit_time_us, error);
    if (status == STATUS_OK) {
        status = record_show(feed, &room->old, &room->new, &found, error);
    }
    if (status == STATUS_OK) {
        *ret_record = found;
    }
    return status;
}

void feed_room_reset(struct feed_room *room)
{
    buffer_reset(&room->record);
    buffer_reset(&room->old);
    buffer_reset(&room->new);
}

static enum status subscription_fetch(struct subscription *subscription, struct error *error)
{
    uint64_t until = atomic_load(&subscription->feed->committed_lsn);
    enum status status = log_reader_next(subscription->reader, until, &subscription->part, error);
    if (status == STATUS_OK) {
        subscription->records = reader_of(subscription->part.records);
        subscription->left = subscription->part.count;
        subscription->next_lsn = subscription->part.first_lsn;
    }
    return status;
}

static enum status subscription_find(struct subscription *subscription, uint32_t *looks,
                                     struct feed_record *ret_record, struct error *error)
{
    while (*looks > 0) {
        enum status status = subscription->left > 0 ? STATUS_OK : subscription_fetch(subscription, error);
        if (status != STATUS_OK) {
            return status;
        }
        struct feed_record found = {.lsn = subscription->next_lsn,
                                    .term = subscription->part.term,
                                    .commit_time_us = subscription->part.commit_time_us};
        status = record_decode(&subscription->records, &found.record, error);
        if (status != STATUS_OK) {
            return error_set(error, STATUS_CORRUPT, "malformed records at LSN %llu",
                             (unsigned long long)found.lsn);
        }
        subscription->left--;
        subscription->next_lsn++;
        (*looks)--;
        if (!subscription_sees(subscription, &found.record)) {
            continue;
        }
        status = record_show(subscription->feed, &subscription->old, &subscription->new, &found, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (subscription->filter == NULL || feed_record_matches(subscription->filter, &found.record)) {
            *ret_record = found;
            return STATUS_OK;
        }
    }
    return STATUS_END;
}

enum status subscription_next(struct subscription *subscription, uint32_t *looks,
                              struct feed_record *ret_record, struct error *error)
{
    uint32_t some = 0;
    enum status status = STATUS_END;
    do {
        some = UINT32_MAX;
        status = subscription_find(subscription, looks == NULL ? &some : looks, ret_record, error);
    } while (status == STATUS_END && some == 0);
    feed__lag_reached(&subscription->lag, subscription_lsn(subscription));
    return status;
}

uint64_t subscription_lsn(const struct subscription *subscription)
{
    return subscription->left > 0 ? subscription->next_lsn : log_reader_lsn(subscription->reader);
}

int64_t subscription_time_us(const struct subscription *subscription)
{
    return subscription->part.commit_time_us;
}
