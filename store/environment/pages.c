/* The account of pages.
 *
 * LMDB tells how many pages of each kind a tree has, and keeps the free ones as lists in tree 0 (transaction → count, page
 * numbers). Which pages the leaves and the long values are on follows from where its cursors point: a page begins with its own
 * number. Of branches only their number is known, so what is left over when everything else was marked must be as
 * many pages. */
#include "environment/pages.h"

#include "base/clock.h"
#include "base/memory.h"
#include "environment_private.h"
#include "page.h"

enum {
    FREE_TREE = 0, /* LMDB's own */
    MAIN_TREE = 1,
};

struct page_account {
    struct environment *environment;
    MDB_txn *transaction;
    struct environment_pages *pages;
    const uint8_t *map; /* where page 0 is; NULL until a page was seen */
    uint8_t *is_used;   /* a bit for each page */
    uint64_t marked;
    bool is_guarded;  /* a tree of our own is walked */
    int64_t until_us; /* steady */
};

static enum status account_mark(struct page_account *account, uint64_t page, const char *use,
                                struct error *error)
{
    if (page < ENVIRONMENT_META_PAGES || page >= account->pages->total) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: page %llu (%s) is none of the %llu pages that are in use",
                         account->environment->data_path, (unsigned long long)page, use,
                         (unsigned long long)account->pages->total);
    }
    uint8_t bit = (uint8_t)(1U << (page % 8));
    if ((account->is_used[page / 8] & bit) != 0) {
        return error_set(error, STATUS_CORRUPT, "%s: page %llu (%s) has another use too",
                         account->environment->data_path, (unsigned long long)page, use);
    }
    account->is_used[page / 8] |= bit;
    account->marked++;
    return STATUS_OK;
}

/* The number of the page that begins at `start`, which says so itself. */
static enum status account_page_number(struct page_account *account, const uint8_t *start, uint64_t *ret_page,
                                       struct error *error)
{
    uint64_t says = 0;
    memcpy(&says, start, sizeof(says));
    if (account->map == NULL) {
        account->map = start - says * account->environment->page_bytes;
    }
    *ret_page = (uint64_t)(start - account->map) / account->environment->page_bytes;
    if (says != *ret_page) {
        return error_set(error, STATUS_CORRUPT, "%s: page %llu says that it is page %llu",
                         account->environment->data_path, (unsigned long long)*ret_page,
                         (unsigned long long)says);
    }
    return STATUS_OK;
}

static const uint8_t *page_start(const struct page_account *account, const void *inside)
{
    return (const uint8_t *)inside - (uintptr_t)inside % account->environment->page_bytes;
}

/* The pages of a long value: more than it needs when a longer one stood there. */
static enum status account_overflow(struct page_account *account, const MDB_val *value, struct error *error)
{
    uint64_t page_bytes = account->environment->page_bytes;
    const uint8_t *start = page_start(account, value->mv_data);
    uint64_t first = 0;
    uint32_t count = 0;
    enum status status = account_page_number(account, start, &first, error);
    memcpy(&count, start + PAGE_RUN_OFFSET, sizeof(count));
    if (status == STATUS_OK && count * page_bytes < PAGE_HEADER_BYTES + value->mv_size) {
        status = error_set(error, STATUS_CORRUPT, "%s: page %llu begins a run too short for its value",
                           account->environment->data_path, (unsigned long long)first);
    }
    for (uint64_t i = 0; i < count && status == STATUS_OK; i++) {
        status = account_mark(account, first + i, "a long value", error);
    }
    return status;
}

/* The pages that a list of tree 0 says are free. */
static enum status account_free(struct page_account *account, const MDB_val *list, struct error *error)
{
    const uint8_t *data = list->mv_data;
    size_t count = 0;
    if (list->mv_size >= sizeof(count)) {
        memcpy(&count, data, sizeof(count));
    }
    if (list->mv_size / sizeof(count) < 1 || count > list->mv_size / sizeof(count) - 1) {
        return error_set(error, STATUS_CORRUPT, "%s: a malformed list of free pages",
                         account->environment->data_path);
    }
    account->pages->free += count;
    enum status status = STATUS_OK;
    for (size_t i = 1; i <= count && status == STATUS_OK && account->pages->is_whole; i++) {
        size_t page = 0;
        memcpy(&page, data + i * sizeof(page), sizeof(page));
        status = account_mark(account, page, "a free one", error);
    }
    return status;
}

/* What an entry takes: its leaf, when it is not the one of the entry before, and the pages of a long value. */
static enum status account_entry(struct page_account *account, const MDB_val *key, const MDB_val *value,
                                 const uint8_t **leaf, struct error *error)
{
    const uint8_t *start = page_start(account, key->mv_data);
    enum status status = STATUS_OK;
    if (start != *leaf) {
        uint64_t page = 0;
        *leaf = start;
        account->pages->is_whole =
            account->pages->is_whole && clock_steady_us(clock_system()) < account->until_us;
        status = account_page_number(account, start, &page, error);
        if (status == STATUS_OK && account->is_guarded) {
            status = environment__guard_page(account->environment, start, error);
        }
        if (status == STATUS_OK) {
            status = account_mark(account, page, "a leaf", error);
        }
    }
    return status == STATUS_OK && page_start(account, value->mv_data) != start
               ? account_overflow(account, value, error)
               : status;
}

/* Marks what a tree's entries take; of tree 0 also what they list, to the end. */
static enum status account_walk(struct page_account *account, MDB_dbi tree, struct error *error)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    const uint8_t *leaf = NULL;
    enum status status = STATUS_OK;
    int code = mdb_cursor_open(account->transaction, tree, &cursor);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    }
    while (code == MDB_SUCCESS && status == STATUS_OK && (account->pages->is_whole || tree == FREE_TREE)) {
        if (account->pages->is_whole) {
            status = account_entry(account, &key, &value, &leaf, error);
        }
        if (status == STATUS_OK && tree == FREE_TREE) {
            status = account_free(account, &value, error);
        }
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? status
               : environment__lmdb_error(code, error, account->environment->data_path);
}

static enum status account_tree(struct page_account *account, MDB_dbi tree, struct error *error)
{
    MDB_stat facts;
    int code = mdb_stat(account->transaction, tree, &facts);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, account->environment->data_path);
    }
    account->pages->branch += facts.ms_branch_pages;
    account->pages->leaf += facts.ms_leaf_pages;
    account->pages->overflow += facts.ms_overflow_pages;
    return account_walk(account, tree, error);
}

/* Whether the pages of all kinds are all there are, and those that could be marked are as many as LMDB counts. */
static enum status account_compare(const struct page_account *account, struct error *error)
{
    const struct environment_pages *pages = account->pages;
    uint64_t seen = pages->leaf + pages->overflow + pages->free;
    uint64_t known = pages->meta + pages->branch + seen;
    const char *path = account->environment->data_path;
    if (known < pages->total) {
        return error_set(error, STATUS_CORRUPT, "%s: %llu of %llu pages are neither in use nor free", path,
                         (unsigned long long)(pages->total - known), (unsigned long long)pages->total);
    }
    if (known > pages->total) {
        return error_set(error, STATUS_CORRUPT, "%s: %llu pages of %llu have two uses", path,
                         (unsigned long long)(known - pages->total), (unsigned long long)pages->total);
    }
    if (pages->is_whole && account->marked != seen) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: the trees have %llu leaves, long values' and free pages, and count %llu", path,
                         (unsigned long long)account->marked, (unsigned long long)seen);
    }
    return STATUS_OK;
}

/* A snapshot, and the last page of that state: no flush may come between. */
static enum status account_begin(struct page_account *account, struct error *error)
{
    MDB_envinfo info = {0};
    struct environment *environment = account->environment;
    (void)pthread_mutex_lock(&environment->flushing);
    int code = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &account->transaction);
    (void)mdb_env_info(environment->env, &info);
    (void)pthread_mutex_unlock(&environment->flushing);
    account->pages->total = info.me_last_pgno + 1;
    return code == MDB_SUCCESS ? STATUS_OK : environment__lmdb_error(code, error, "opening a read");
}

enum status environment_pages_check(struct environment *environment, struct environment_pages *ret_pages,
                                    struct error *error)
{
    struct page_account account = {.environment = environment, .pages = ret_pages};
    *ret_pages = (struct environment_pages){.meta = ENVIRONMENT_META_PAGES, .is_whole = true};
    enum status status = account_begin(&account, error);
    if (status != STATUS_OK) {
        return status;
    }
    account.is_used = memory_create(ret_pages->total / 8 + 1);
    account.until_us = clock_steady_us(clock_system()) + ENVIRONMENT_PAGES_MS_MAX * 1000LL;
    status = account_tree(&account, FREE_TREE, error);
    if (status == STATUS_OK) {
        status = account_tree(&account, MAIN_TREE, error);
    }
    account.is_guarded = true;
    for (size_t i = 0; i < TREE_COUNT && status == STATUS_OK; i++) {
        status = account_tree(&account, environment->trees[i], error);
    }
    if (status == STATUS_OK) {
        status = account_compare(&account, error);
    }
    mdb_txn_abort(account.transaction);
    memory_destroy(account.is_used);
    return status;
}
