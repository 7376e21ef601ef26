#include "prepared.h"

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
    void (*destroy)(void *context, void *statement);
    void *context;
    struct map *by_id;
    struct prepared *newest;
    struct prepared *oldest;
};

struct prepared_cache *cql__prepared_create(size_t entries_max, size_t text_bytes_max,
                                            void (*destroy)(void *context, void *statement), void *context)
{
    struct prepared_cache *cache = memory_create(sizeof(*cache));
    CHECK(entries_max > 0);
    *cache = (struct prepared_cache){.entries_max = entries_max,
                                     .text_bytes_max = text_bytes_max,
                                     .destroy = destroy,
                                     .context = context,
                                     .by_id = map_create()};
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

void cql__prepared_release(struct prepared_cache *cache, struct prepared_entry **entry)
{
    struct prepared *prepared = (struct prepared *)*entry;
    *entry = NULL;
    if (prepared == NULL) {
        return;
    }
    CHECK(prepared->held > 0);
    if (--prepared->held == 0) {
        cache->destroy(cache->context, prepared->entry.statement);
        memory_destroy(prepared);
    }
}

static void prepared_evict(struct prepared_cache *cache, struct prepared *prepared)
{
    struct prepared_entry *entry = &prepared->entry;
    prepared_unlink(cache, prepared);
    cache->text_bytes -= prepared->text_bytes;
    CHECK(map_remove(cache->by_id, prepared_id(prepared)) == prepared);
    cql__prepared_release(cache, &entry);
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
    struct prepared *prepared = map_get(cache->by_id, id);
    if (prepared == NULL) {
        return NULL;
    }
    prepared_unlink(cache, prepared);
    prepared_link(cache, prepared);
    prepared->held++;
    return &prepared->entry;
}

struct prepared_entry *cql__prepared_put(struct prepared_cache *cache, const struct cql_prepared *told,
                                         size_t text_bytes, void *statement)
{
    struct prepared *before = map_get(cache->by_id, bytes_of(told->id, CQL_ID_BYTES));
    bool was_otherwise = false;
    if (before != NULL) {
        was_otherwise = before->entry.was_otherwise ||
                        memcmp(before->entry.told.result_id, told->result_id, CQL_ID_BYTES) != 0;
        prepared_evict(cache, before);
    }
    struct prepared *prepared = memory_create(sizeof(*prepared));
    prepared->entry =
        (struct prepared_entry){.told = *told, .statement = statement, .was_otherwise = was_otherwise};
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
    return &prepared->entry;
}

size_t cql__prepared_count(const struct prepared_cache *cache)
{
    return map_count(cache->by_id);
}
