/* A skip list for each tree, for order, and one table of hashes, for gets. W. Pugh, Skip Lists, 1990. */
#include "memtable.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/crypto.h"
#include "base/memory.h"
#include "base/random.h"

enum {
    MEMTABLE_LEVELS = 12,      /* a quarter of a level's entries are in the next: 16 million */
    MEMTABLE_BUCKET_BITS = 16, /* about as many buckets as a memtable has entries when it is full */
};

typedef struct memtable_entry *_Atomic memtable_link;

struct memtable_entry {
    struct bytes key;
    uint64_t hash;
    enum environment_tree tree;
    memtable_link in_bucket; /* the next one */
    _Atomic(const struct memtable_record *) newest;
    memtable_link next[]; /* one for each level */
};

/* An entry that the newest version changed. */
struct memtable_change {
    struct memtable_change *before;
    struct memtable_entry *entry;
};

struct memtable {
    _Atomic uint32_t users;
    struct arena arena;
    memtable_link *buckets;
    memtable_link first[TREE_COUNT][MEMTABLE_LEVELS];
    uint64_t random; /* of the levels */
    uint64_t secret; /* spreads hashes over buckets in a way that no client can know */
    _Atomic uint64_t entries;
    _Atomic uint64_t bytes;
    _Atomic uint64_t value_bytes;
    struct memtable_change *changes; /* of `version`, newest first */
    uint64_t version;
};

struct memtable *memtable_create(void)
{
    struct memtable *memtable = memory_create(sizeof(*memtable));
    memtable->buckets = memory_create(((size_t)1 << MEMTABLE_BUCKET_BITS) * sizeof(*memtable->buckets));
    random_secret(&memtable->secret, sizeof(memtable->secret));
    memtable->secret |= 1;
    memtable->random = memtable->secret;
    atomic_store(&memtable->users, 1);
    return memtable;
}

void memtable_hold(struct memtable *memtable)
{
    atomic_fetch_add_explicit(&memtable->users, 1, memory_order_relaxed);
}

void memtable_release(struct memtable **memtable)
{
    struct memtable *left = *memtable;
    *memtable = NULL;
    if (left != NULL && atomic_fetch_sub_explicit(&left->users, 1, memory_order_acq_rel) == 1) {
        arena_reset(&left->arena);
        memory_destroy(left->buckets);
        memory_destroy(left);
    }
}

uint64_t memtable_entries(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->entries, memory_order_relaxed);
}

uint64_t memtable_bytes(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->bytes, memory_order_relaxed);
}

uint64_t memtable_value_bytes(const struct memtable *memtable)
{
    return atomic_load_explicit(&memtable->value_bytes, memory_order_relaxed);
}

static uint64_t memtable_hash(enum environment_tree tree, struct bytes key)
{
    uint8_t letter = (uint8_t)tree;
    return crypto_hash64(key, bytes_of(&letter, 1));
}

static memtable_link *memtable_bucket(const struct memtable *memtable, uint64_t hash)
{
    return &memtable->buckets[hash * memtable->secret >> (64 - MEMTABLE_BUCKET_BITS)];
}

static struct memtable_entry *memtable_find(const struct memtable *memtable, enum environment_tree tree,
                                            struct bytes key, uint64_t hash)
{
    struct memtable_entry *entry =
        atomic_load_explicit(memtable_bucket(memtable, hash), memory_order_acquire);
    while (entry != NULL && (entry->hash != hash || entry->tree != tree || !bytes_equal(entry->key, key))) {
        entry = atomic_load_explicit(&entry->in_bucket, memory_order_acquire);
    }
    return entry;
}

/* The newest record up to a version. */
static const struct memtable_record *memtable_record_at(const struct memtable_entry *entry, uint64_t version)
{
    const struct memtable_record *record = atomic_load_explicit(&entry->newest, memory_order_acquire);
    while (record != NULL && record->version > version) {
        record = record->older;
    }
    return record;
}

const struct memtable_record *memtable_get(const struct memtable *memtable, enum environment_tree tree,
                                           struct bytes key, uint64_t version)
{
    const struct memtable_entry *entry = NULL;
    if (memtable_entries(memtable) > 0) { /* what the reader was told of has been counted */
        entry = memtable_find(memtable, tree, key, memtable_hash(tree, key));
    }
    return entry == NULL ? NULL : memtable_record_at(entry, version);
}

/* --- order ------------------------------------------------------------------------------------------------------ */

/* The links out of an entry, or of what is before the first one. */
static const memtable_link *memtable_links(const struct memtable *memtable, enum environment_tree tree,
                                           const struct memtable_entry *entry)
{
    return entry == NULL ? memtable->first[tree] : entry->next;
}

/* The last entry before `key`, before all NULL; ret_before (may be NULL) gets it for each level. */
static struct memtable_entry *memtable_before(const struct memtable *memtable, enum environment_tree tree,
                                              struct bytes key, struct memtable_entry **ret_before)
{
    struct memtable_entry *entry = NULL;
    for (size_t level = MEMTABLE_LEVELS; level-- > 0;) {
        struct memtable_entry *next =
            atomic_load_explicit(&memtable_links(memtable, tree, entry)[level], memory_order_acquire);
        while (next != NULL && bytes_compare(next->key, key) < 0) {
            entry = next;
            next = atomic_load_explicit(&entry->next[level], memory_order_acquire);
        }
        if (ret_before != NULL) {
            ret_before[level] = entry;
        }
    }
    return entry;
}

static uint32_t memtable_levels(struct memtable *memtable)
{
    uint32_t levels = 1;
    memtable->random ^= memtable->random << 13;
    memtable->random ^= memtable->random >> 7;
    memtable->random ^= memtable->random << 17;
    for (uint64_t bits = memtable->random; (bits & 3) == 0 && levels < MEMTABLE_LEVELS; bits >>= 2) {
        levels++;
    }
    return levels;
}

/* Links a new entry, level after level from below: whoever meets it on the way finds it whole. */
static struct memtable_entry *memtable_add(struct memtable *memtable, enum environment_tree tree,
                                           struct bytes key, uint64_t hash)
{
    struct memtable_entry *before[MEMTABLE_LEVELS];
    uint32_t levels = memtable_levels(memtable);
    struct memtable_entry *entry =
        arena_create(&memtable->arena, sizeof(*entry) + levels * sizeof(entry->next[0]));
    (void)memtable_before(memtable, tree, key, before);
    entry->key = arena_copy(&memtable->arena, key);
    entry->hash = hash;
    entry->tree = tree;
    for (size_t level = 0; level < levels; level++) {
        memtable_link *link =
            before[level] == NULL ? &memtable->first[tree][level] : &before[level]->next[level];
        atomic_store_explicit(&entry->next[level], atomic_load_explicit(link, memory_order_relaxed),
                              memory_order_relaxed);
        atomic_store_explicit(link, entry, memory_order_release);
    }
    memtable_link *bucket = memtable_bucket(memtable, hash);
    atomic_store_explicit(&entry->in_bucket, atomic_load_explicit(bucket, memory_order_relaxed),
                          memory_order_relaxed);
    atomic_store_explicit(bucket, entry, memory_order_release);
    atomic_fetch_add_explicit(&memtable->entries, 1, memory_order_relaxed);
    return entry;
}

/* --- changes ---------------------------------------------------------------------------------------------------- */

static void memtable_note_change(struct memtable *memtable, struct memtable_entry *entry, uint64_t version)
{
    if (memtable->version != version) {
        CHECK(memtable->version < version);
        memtable->version = version;
        memtable->changes = NULL;
    }
    struct memtable_change *change = arena_create(&memtable->arena, sizeof(*change));
    *change = (struct memtable_change){.before = memtable->changes, .entry = entry};
    memtable->changes = change;
}

static void memtable_change(struct memtable *memtable, enum environment_tree tree, struct bytes key,
                            const struct memtable_record *made)
{
    uint64_t hash = memtable_hash(tree, key);
    struct memtable_entry *entry = memtable_find(memtable, tree, key, hash);
    if (entry == NULL) {
        entry = memtable_add(memtable, tree, key, hash);
    }
    struct memtable_record *record = arena_create(&memtable->arena, sizeof(*record));
    const struct memtable_record *older = atomic_load_explicit(&entry->newest, memory_order_relaxed);
    *record = *made;
    record->value = arena_copy(&memtable->arena, made->value);
    if (older == NULL || older->version != made->version) {
        memtable_note_change(memtable, entry, made->version);
    } else {
        older = older->older;
    }
    record->older = older;
    atomic_store_explicit(&entry->newest, record, memory_order_release);
    atomic_store_explicit(&memtable->bytes, memtable->arena.total, memory_order_relaxed);
    atomic_fetch_add_explicit(&memtable->value_bytes, made->value.size, memory_order_relaxed);
}

void memtable_put(struct memtable *memtable, enum environment_tree tree, struct bytes key, uint64_t version,
                  struct bytes value)
{
    struct memtable_record record = {.version = version, .value = value};
    memtable_change(memtable, tree, key, &record);
}

void memtable_erase(struct memtable *memtable, enum environment_tree tree, struct bytes key, uint64_t version)
{
    struct memtable_record record = {.version = version, .is_erased = true};
    memtable_change(memtable, tree, key, &record);
}

void memtable_take_back(struct memtable *memtable, uint64_t version)
{
    if (memtable->version != version) {
        return;
    }
    for (struct memtable_change *change = memtable->changes; change != NULL; change = change->before) {
        const struct memtable_record *newest =
            atomic_load_explicit(&change->entry->newest, memory_order_relaxed);
        CHECK(newest->version == version);
        atomic_store_explicit(&change->entry->newest, newest->older, memory_order_release);
    }
    memtable->changes = NULL;
}

/* --- cursors ---------------------------------------------------------------------------------------------------- */

/* Stands on the first entry from this one on that has a record. */
static void cursor_settle(struct memtable_cursor *cursor, const struct memtable_entry *entry)
{
    cursor->record = NULL;
    while (entry != NULL && (cursor->record = memtable_record_at(entry, cursor->version)) == NULL) {
        entry = atomic_load_explicit(&entry->next[0], memory_order_acquire);
    }
    cursor->entry = entry;
}

/* Stands on the last entry up to this one that has a record. */
static void cursor_settle_back(struct memtable_cursor *cursor, const struct memtable_entry *entry)
{
    cursor->record = NULL;
    while (entry != NULL && (cursor->record = memtable_record_at(entry, cursor->version)) == NULL) {
        entry = memtable_before(cursor->memtable, cursor->tree, entry->key, NULL);
    }
    cursor->entry = entry;
}

void memtable_cursor_seek_at_or_after(struct memtable_cursor *cursor, struct bytes key)
{
    const struct memtable_entry *before = memtable_before(cursor->memtable, cursor->tree, key, NULL);
    cursor_settle(cursor, atomic_load_explicit(&memtable_links(cursor->memtable, cursor->tree, before)[0],
                                               memory_order_acquire));
}

void memtable_cursor_seek_before(struct memtable_cursor *cursor, struct bytes key)
{
    cursor_settle_back(cursor, memtable_before(cursor->memtable, cursor->tree, key, NULL));
}

void memtable_cursor_last(struct memtable_cursor *cursor)
{
    struct memtable_entry *entry = NULL;
    for (size_t level = MEMTABLE_LEVELS; level-- > 0;) {
        struct memtable_entry *next = NULL;
        while ((next = atomic_load_explicit(&memtable_links(cursor->memtable, cursor->tree, entry)[level],
                                            memory_order_acquire)) != NULL) {
            entry = next;
        }
    }
    cursor_settle_back(cursor, entry);
}

void memtable_cursor_next(struct memtable_cursor *cursor)
{
    cursor_settle(cursor, atomic_load_explicit(&cursor->entry->next[0], memory_order_acquire));
}

void memtable_cursor_previous(struct memtable_cursor *cursor)
{
    cursor_settle_back(cursor, memtable_before(cursor->memtable, cursor->tree, cursor->entry->key, NULL));
}

struct bytes memtable_cursor_key(const struct memtable_cursor *cursor)
{
    return cursor->entry->key;
}
