#include "prepared.h"

#include <pthread.h>

#include "base/crypto.h"
#include "base/map.h"
#include "base/memory.h"
#include "cql/executor.h"
#include "measure.h"

struct prepared {
    struct prepared_entry entry; /* first member */
    size_t text_bytes;
    size_t held;            /* how often; 1 more while it is in the cache */
    struct prepared *newer; /* in the order of use */
    struct prepared *older;
};

struct prepared_cache {
    size_t entries_max;
    size_t text_bytes_max;
    size_t text_bytes;
    void (*destroy)(void *statement);
    pthread_mutex_t mutex; /* of all that follows, and of what entries count */
    struct map *by_id;
    struct prepared *newest;
    struct prepared *oldest;
};

struct prepared_cache *cql__prepared_create(size_t entries_max, size_t text_bytes_max,
                                            void (*destroy)(void *statement))
{
    struct prepared_cache *cache = memory_create(sizeof(*cache));
    CHECK(entries_max > 0);
    *cache = (struct prepared_cache){.entries_max = entries_max,
                                     .text_bytes_max = text_bytes_max,
                                     .destroy = destroy,
                                     .by_id = map_create()};
    CHECK(pthread_mutex_init(&cache->mutex, NULL) == 0);
    return cache;
}

static struct bytes prepared_id(const struct prepared *prepared)
{
    return bytes_of(prepared->entry.told.id, CQL_ID_BYTES);
}

static void prepared_unlink(struct prepared_cache *cache, struct prepared *prepared)
{
    if (prepared->newer != NULL) {
        prepared->newer->older = prepared->older;
    } else {
        cache->newest = prepared->older;
    }
    if (prepared->older != NULL) {
        prepared->older->newer = prepared->newer;
    } else {
        cache->oldest = prepared->newer;
    }
    prepared->newer = NULL;
    prepared->older = NULL;
}

static void prepared_link(struct prepared_cache *cache, struct prepared *prepared)
{
    prepared->older = cache->newest;
    if (cache->newest != NULL) {
        cache->newest->newer = prepared;
    } else {
        cache->oldest = prepared;
    }
    cache->newest = prepared;
}

/* Under the mutex. */
static void prepared_let_go(struct prepared_cache *cache, struct prepared *prepared)
{
    CHECK(prepared->held > 0);
    if (--prepared->held > 0) {
        return;
    }
    if (cache->destroy != NULL) {
        cache->destroy(prepared->entry.statement);
    }
    memory_destroy(prepared);
}

void cql__prepared_release(struct prepared_cache *cache, struct prepared_entry **entry)
{
    struct prepared *prepared = (struct prepared *)*entry;
    *entry = NULL;
    if (prepared != NULL) {
        (void)pthread_mutex_lock(&cache->mutex);
        prepared_let_go(cache, prepared);
        (void)pthread_mutex_unlock(&cache->mutex);
    }
}

static void prepared_evict(struct prepared_cache *cache, struct prepared *prepared)
{
    prepared_unlink(cache, prepared);
    cache->text_bytes -= prepared->text_bytes;
    CHECK(map_remove(cache->by_id, prepared_id(prepared)) == prepared);
    prepared_let_go(cache, prepared);
}

void cql__prepared_destroy(struct prepared_cache **cache)
{
    struct prepared_cache *gone = *cache;
    *cache = NULL;
    if (gone == NULL) {
        return;
    }
    while (gone->newest != NULL) {
        CHECK(gone->newest->held == 1);
        prepared_evict(gone, gone->newest);
    }
    map_destroy(&gone->by_id);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

void cql_statement_identify(struct bytes keyspace, struct bytes text, uint8_t ret_id[CQL_ID_BYTES])
{
    struct buffer whole = {0};
    buffer_put(&whole, keyspace);
    buffer_put(&whole, text);
    crypto_md5(buffer_bytes(&whole), ret_id);
    buffer_reset(&whole);
}

struct prepared_entry *cql__prepared_take(struct prepared_cache *cache, struct bytes id)
{
    (void)pthread_mutex_lock(&cache->mutex);
    struct prepared *prepared = map_get(cache->by_id, id);
    if (prepared != NULL) {
        prepared_unlink(cache, prepared);
        prepared_link(cache, prepared);
        prepared->held++;
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return prepared == NULL ? NULL : &prepared->entry;
}

/* Takes the one with that id away. Whether clients were told other columns of its rows. */
static bool prepared_replace(struct prepared_cache *cache, const struct cql_prepared *told)
{
    struct prepared *before = map_get(cache->by_id, bytes_of(told->id, CQL_ID_BYTES));
    bool was_otherwise =
        before != NULL && (before->entry.was_otherwise ||
                           memcmp(before->entry.told.result_id, told->result_id, CQL_ID_BYTES) != 0);
    if (before != NULL) {
        prepared_evict(cache, before);
    }
    return was_otherwise;
}

struct prepared_entry *cql__prepared_put(struct prepared_cache *cache, const struct cql_prepared *told,
                                         size_t text_bytes, void *statement)
{
    struct prepared *prepared = memory_create(sizeof(*prepared));
    (void)pthread_mutex_lock(&cache->mutex);
    prepared->entry = (struct prepared_entry){.told = *told,
                                              .statement = statement,
                                              .was_otherwise = prepared_replace(cache, told)};
    prepared->text_bytes = text_bytes;
    prepared->held = 2;
    prepared_link(cache, prepared);
    cache->text_bytes += text_bytes;
    CHECK(map_put(cache->by_id, prepared_id(prepared), prepared) == NULL);
    while (cache->oldest != prepared &&
           (map_count(cache->by_id) > cache->entries_max || cache->text_bytes > cache->text_bytes_max)) {
        prepared_evict(cache, cache->oldest);
        cql__measure_eviction();
    }
    (void)pthread_mutex_unlock(&cache->mutex);
    return &prepared->entry;
}

size_t cql__prepared_count(struct prepared_cache *cache)
{
    (void)pthread_mutex_lock(&cache->mutex);
    size_t count = map_count(cache->by_id);
    (void)pthread_mutex_unlock(&cache->mutex);
    return count;
}
