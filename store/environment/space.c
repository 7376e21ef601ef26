/* Space: of data.mdb for what is to be flushed, so that no flush meets a full disk or map, and of memory. */
#include "environment_private.h"

/* What the two memtables have, a transaction under way included. */
struct space_held {
    uint64_t entries;
    uint64_t value_bytes;
    uint64_t bytes;
};

static struct space_held space_held(struct environment *environment)
{
    struct space_held held = {0};
    (void)pthread_mutex_lock(&environment->recent_mutex);
    const struct memtable *tables[] = {environment->active, environment->frozen};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i] != NULL) {
            held.entries += memtable_entries(tables[i]);
            held.value_bytes += memtable_value_bytes(tables[i]);
            held.bytes += memtable_bytes(tables[i]);
        }
    }
    (void)pthread_mutex_unlock(&environment->recent_mutex);
    return held;
}

/* Bytes of data.mdb up to the last page that is in use as of the last flush. */
static uint64_t space_used(const struct environment *environment)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    return ((uint64_t)info.me_last_pgno + 1) * environment->page_bytes;
}

/* Bytes of pages that a flush takes at most: for each entry a leaf, which may split, and the branches above it, of which there
 * are not more than the trees have and get; the pages of long values; and what a commit takes. */
static uint64_t space_of(const struct environment *environment, const struct space_held *held)
{
    uint64_t branches = atomic_load(&environment->branch_pages) + held->entries / 8 + TREE_COUNT;
    uint64_t above = (uint64_t)ENVIRONMENT_PUT_BRANCHES * held->entries;
    uint64_t values = held->value_bytes / environment->page_bytes;
    uint64_t commits = 1 + held->entries / ENVIRONMENT_FLUSH_ENTRIES;
    uint64_t pages = (uint64_t)ENVIRONMENT_PUT_LEAVES * held->entries +
                     (above < branches ? above : branches) + values + values / 8 +
                     commits * ENVIRONMENT_COMMIT_PAGES;
    return pages * environment->page_bytes;
}

/* Whether the map has room; what is held may use the reserve. */
static enum status space_map(const struct environment *environment, uint64_t used, uint64_t needed,
                             struct error *error)
{
    uint64_t reserve = (uint64_t)ENVIRONMENT_RESERVE_PAGES * environment->page_bytes;
    if (used <= environment->options.map_bytes && needed <= environment->options.map_bytes + reserve) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_FULL, "the store has reached its map of %llu bytes (--map-bytes)",
                     (unsigned long long)environment->options.map_bytes);
}

enum status environment__space_admit(struct environment *environment, struct error *error)
{
    struct space_held held = space_held(environment);
    uint64_t used = space_used(environment);
    uint64_t needed = used + space_of(environment, &held);
    enum status status = space_map(environment, used, needed, error);
    if (status != STATUS_OK || environment->data.descriptor < 0 || needed <= environment->allocated) {
        return status;
    }
    uint64_t more = environment->options.allocate_bytes; /* not with each transaction again */
    status = file_allocate(&environment->data, 0, needed + more, error);
    if (status == STATUS_FULL) {
        more = 0;
        status = file_allocate(&environment->data, 0, needed, error);
    }
    if (status == STATUS_OK) {
        environment->allocated = needed + more;
    }
    return status;
}

/* Keeps blocks allocated beyond what is held. When the disk is full, what is allocated is used up to a reserve, and that
 * reserve is for recovery: a full disk must not keep the server down. */
static enum status space_allocate_ahead(struct environment *environment, const struct space_held *held,
                                        struct error *error)
{
    uint64_t step = environment->options.allocate_bytes;
    uint64_t used = space_used(environment);
    uint64_t needed = used + (held->entries > 0 ? space_of(environment, held) : 0);
    uint64_t reserve =
        environment->thread == NULL ? step / 64 : step / 4; /* no thread: recovery is under way */
    enum status status = space_map(environment, used, needed, error);
    if (status != STATUS_OK || environment->data.descriptor < 0 ||
        needed + step / 2 <= environment->allocated) {
        return status;
    }
    status = file_allocate(&environment->data, 0, needed + step, error);
    if (status == STATUS_OK) {
        environment->allocated = needed + step;
    }
    return status == STATUS_FULL && needed + reserve <= environment->allocated ? STATUS_OK : status;
}

/* Whether so much is held that the writer flushes it itself: the checkpoint thread should have, or there is none yet. */
static bool space_is_due(const struct environment *environment, const struct space_held *held)
{
    uint64_t times = environment->thread == NULL ? 1 : ENVIRONMENT_MEMTABLES_HELD;
    return held->entries >= times * ENVIRONMENT_MEMTABLE_ENTRIES ||
           held->bytes >= times * environment->options.memtable_bytes;
}

enum status environment__space_prepare(struct environment *environment, struct error *error)
{
    struct space_held held = space_held(environment);
    enum status status = STATUS_OK;
    if (space_is_due(environment, &held)) {
        status = environment__flush_now(environment, error);
        held = space_held(environment);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = space_allocate_ahead(environment, &held, error);
    if (status == STATUS_FULL && held.entries > 0) { /* what is held may come to much less */
        status = environment__flush_now(environment, error);
        held = space_held(environment);
        status = status == STATUS_OK ? space_allocate_ahead(environment, &held, error) : status;
    }
    return status;
}

bool environment__space_wants_flush(struct environment *environment)
{
    struct space_held held = space_held(environment);
    return held.entries >= ENVIRONMENT_MEMTABLE_ENTRIES || held.bytes >= environment->options.memtable_bytes;
}

uint64_t environment__space_pages(struct environment *environment)
{
    struct space_held held = space_held(environment);
    uint64_t all = atomic_load(&environment->tree_pages) + held.entries / 8;
    return (held.entries < all ? held.entries : all) + held.value_bytes / environment->page_bytes;
}

uint64_t environment__space_memory(struct environment *environment)
{
    return space_held(environment).bytes;
}
