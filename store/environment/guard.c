/* The guard of pages: LMDB believes every page it meets, and a search that a damaged one misled would answer that a key is
 * not there. So each page is looked at when it is first met, by the comparison of keys, which every search makes on every
 * page it passes. environment_private.h tells what is looked at. */
#include <sys/mman.h>

#include "base/damage.h"
#include "base/memory.h"
#include "environment_private.h"
#include "page.h"

enum {
    MAIN_TREE = 1,
    MARK_BITS = 2,
    MARKS_PER_BYTE = 8 / MARK_BITS,
    MARK_SOUND = 1, /* the page's form and the order of its keys */
    MARK_WHOLE = 2, /* the checksums of its entries too, all of which it has itself */
};

/* One operation of LMDB's: what its search has seen. */
struct search {
    const struct environment *environment; /* NULL: none is under way, or its pages are not guarded */
    uint64_t number; /* of the page of the last comparison; 0: one that is not guarded */
    struct page page;
    bool is_whole;
    bool is_descent;      /* all of it is one way down from the root: its cursor is new */
    const uint8_t *first; /* keys of the page's ends */
    const uint8_t *last;
    MDB_val low;      /* the branches passed lead to keys from here … */
    MDB_val high;     /* … to before this; no data: no such bound */
    MDB_val below;    /* on this page the greatest key up to what is sought … */
    MDB_val above;    /* … and the smallest from there on, of those compared */
    uint64_t damaged; /* a page; 0: none */
    const char *what;
};

/* NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables): LMDB's comparison has no context */
static _Thread_local struct search guard_search;
/* Whether the leaf that the last get of this thread ended on is whole, or not guarded. */
static _Thread_local bool guard_is_whole;
/* NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables) */

static struct bytes val_bytes(const MDB_val *val)
{
    return bytes_of(val->mv_data, val->mv_size);
}

static struct page page_at(const struct guard *guard, uint64_t number)
{
    return environment__page_at(guard->map + (number << guard->page_shift));
}

/* MARK_… of a page. */
static unsigned guard_marks(const struct guard *guard, uint64_t number)
{
    unsigned marks = atomic_load_explicit(&guard->marks[number / MARKS_PER_BYTE], memory_order_relaxed);
    return marks >> number % MARKS_PER_BYTE * MARK_BITS;
}

static bool guard_is_sound(const struct guard *guard, uint64_t number)
{
    return (guard_marks(guard, number) & MARK_SOUND) != 0;
}

/* Looks at a page unless that was done; *ret_is_whole tells of MARK_WHOLE. What is wrong with it; NULL: nothing. */
static const char *guard_look(const struct guard *guard, uint64_t number, bool *ret_is_whole)
{
    *ret_is_whole = (guard_marks(guard, number) & MARK_WHOLE) != 0;
    if (guard_is_sound(guard, number)) {
        return NULL;
    }
    struct page page = page_at(guard, number);
    const char *what = environment__page_look(&page, number, (size_t)1 << guard->page_shift);
    if (what == NULL) {
        *ret_is_whole = page.flags == PAGE_LEAF && environment__page_is_whole(&page);
        unsigned found = MARK_SOUND | (*ret_is_whole ? MARK_WHOLE : 0);
        (void)atomic_fetch_or_explicit(&guard->marks[number / MARKS_PER_BYTE],
                                       (uint8_t)(found << number % MARKS_PER_BYTE * MARK_BITS),
                                       memory_order_relaxed);
    }
    return what;
}

/* --- a search ---------------------------------------------------------------------------------------------------- */

/* The number of the page that is mapped at `at`; 0: none, or one that came after the start. */
static uint64_t guard_number(const struct guard *guard, const void *at)
{
    uintptr_t offset = (uintptr_t)at - (uintptr_t)guard->map;
    return guard->map != NULL && offset < guard->bytes ? offset >> guard->page_shift : 0;
}

static void search_damaged(struct search *search, uint64_t number, const char *what)
{
    if (search->damaged == 0) {
        search->damaged = number;
        search->what = what;
    }
}

/* The search has come to another page: a child of the one before, or, from a leaf, the root. */
static void search_enter(struct search *search, uint64_t number)
{
    const struct guard *guard = &search->environment->guard;
    bool is_child = search->number != 0 ? search->page.flags == PAGE_BRANCH : search->is_descent;
    search->low = !is_child ? (MDB_val){0} : search->below.mv_data != NULL ? search->below : search->low;
    search->high = !is_child ? (MDB_val){0} : search->above.mv_data != NULL ? search->above : search->high;
    search->below = (MDB_val){0};
    search->above = (MDB_val){0};
    search->number = number;
    const char *what = guard_look(guard, number, &search->is_whole);
    if (what != NULL) {
        search_damaged(search, number, what);
        return;
    }
    search->page = page_at(guard, number);
    uint16_t first = search->page.flags == PAGE_BRANCH && search->page.entries > 1 ? 1 : 0;
    search->first = environment__page_key(&search->page, first).mv_data;
    search->last = environment__page_key(&search->page, search->page.entries - 1).mv_data;
}

/* The search is on a page that is not guarded. On the way down its keys bound what follows all the same: a branch that this process
 * wrote has the damage of the one that it was copied from. */
static void search_leave(struct search *search)
{
    search->number = 0;
    if (!search->is_descent) {
        search->below = (MDB_val){0};
        search->above = (MDB_val){0};
    }
}

/* What is sought lies beyond the page's end that has this key: then at least the end must be where the branches lead. */
static void search_end(struct search *search, const MDB_val *key, int order)
{
    bool is_last = order > 0 && key->mv_data == search->last;
    bool is_first = order < 0 && key->mv_data == search->first;
    if ((is_last && search->low.mv_data != NULL && environment__key_compare(key, &search->low) < 0) ||
        (is_first && search->high.mv_data != NULL && environment__key_compare(key, &search->high) >= 0)) {
        search_damaged(search, search->number, "a branch that leads to it, or its keys");
    }
}

/* LMDB's comparison of keys: what is sought first, then one of a page. */
static int guard_compare(const MDB_val *sought, const MDB_val *key)
{
    struct search *search = &guard_search;
    if (search->environment == NULL) {
        return environment__key_compare(sought, key);
    }
    uint64_t number = guard_number(&search->environment->guard, key->mv_data);
    if (number != search->number && number == 0) {
        search_leave(search);
    } else if (number != search->number) {
        search_enter(search, number);
    }
    if (search->damaged != 0) {
        return -1; /* nothing of it may be believed, not even where its keys end */
    }
    int order = environment__key_compare(sought, key);
    if (number != 0 || search->is_descent) {
        if (order < 0) {
            search->above = *key;
        } else {
            search->below = *key;
        }
    }
    if (number != 0) {
        search_end(search, key, order);
    }
    return order;
}

/* Whether the checksum of an entry of a leaf is right, given its key. */
static bool search_neighbour_is_right(const struct guard *guard, const MDB_val *key, uint64_t pages)
{
    const uint8_t *value = (const uint8_t *)key->mv_data + key->mv_size;
    size_t size = environment__entry_value_bytes(key);
    if (environment__entry_is_long(key)) {
        uint64_t first = 0;
        memcpy(&first, value, sizeof(first));
        uint64_t count =
            (size + PAGE_HEADER_BYTES + ((size_t)1 << guard->page_shift) - 1) >> guard->page_shift;
        if (first < ENVIRONMENT_META_PAGES || first >= pages || count > pages - first) {
            return false;
        }
        value = guard->map + (first << guard->page_shift) + PAGE_HEADER_BYTES;
    }
    return environment__entry_is_right(key, value, size);
}

/* Nothing was found, so nothing but the entries on either side tells that nothing is there: a damaged key of one of them may
 * have been what is sought. */
static void search_missed(struct search *search)
{
    const struct guard *guard = &search->environment->guard;
    if (search->number == 0 || search->damaged != 0 || search->is_whole || search->page.flags != PAGE_LEAF) {
        return;
    }
    MDB_envinfo info;
    (void)mdb_env_info(search->environment->env, &info);
    const MDB_val *neighbours[] = {&search->below, &search->above};
    for (size_t i = 0; i < ARRAY_COUNT(neighbours); i++) {
        if (neighbours[i]->mv_data != NULL &&
            !search_neighbour_is_right(guard, neighbours[i], info.me_last_pgno + 1)) {
            search_damaged(search, search->number, "the key or the value of an entry");
        }
    }
}

static struct search *search_begin(const struct environment *environment)
{
    guard_search = (struct search){.environment = environment->guard.map != NULL ? environment : NULL};
    return &guard_search;
}

/* The same for an operation whose cursor is new. */
static void search_begin_descent(const struct environment *environment)
{
    search_begin(environment)->is_descent = true;
}

static enum status damaged(const struct environment *environment, uint64_t number, const char *what,
                           struct error *error)
{
    (void)error_set(error, STATUS_CORRUPT, "%s: page %llu is damaged: %s", environment->data_path,
                    (unsigned long long)number, what);
    return damage_note(STATUS_CORRUPT, error);
}

/* What came of an operation. What is not there is no error yet, and has no words. */
static enum status search_end_with(const struct environment *environment, int code, const char *doing,
                                   struct error *error)
{
    struct search *search = &guard_search;
    if (search->environment != NULL && code == MDB_NOTFOUND) {
        search_missed(search);
    }
    search->environment = NULL;
    if (search->damaged != 0) {
        return damaged(environment, search->damaged, search->what, error);
    }
    return code == MDB_SUCCESS    ? STATUS_OK
           : code == MDB_NOTFOUND ? STATUS_NOT_FOUND
                                  : environment__lmdb_error(code, error, doing);
}

/* --- operations -------------------------------------------------------------------------------------------------- */

/* Nothing was found, and what is sought lies beyond an end of its leaf: then a damaged key of a branch may have led past it. So
 * no key of the page beside it may lie on this side of the branch's key. `search` is of what found nothing. */
static enum status guard_beside(struct environment *environment, MDB_txn *transaction, MDB_dbi tree,
                                struct bytes key, const struct search *search, struct error *error)
{
    bool is_last = search->above.mv_data == NULL && search->high.mv_data != NULL;
    bool is_first = search->below.mv_data == NULL && search->low.mv_data != NULL;
    if (search->number == 0 || (!is_last && !is_first)) {
        return STATUS_OK;
    }
    MDB_cursor *cursor = NULL;
    MDB_val found = environment__lmdb_bytes(key);
    MDB_val value;
    int code = mdb_cursor_open(transaction, tree, &cursor);
    (void)search_begin(environment);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_get(cursor, &found, &value, MDB_SET_RANGE);
    }
    if (code == MDB_SUCCESS && is_first) {
        code = mdb_cursor_get(cursor, &found, &value, MDB_PREV);
    }
    enum status status = search_end_with(environment, code, "looking beside a page", error);
    if (status == STATUS_OK && guard_number(&environment->guard, found.mv_data) != 0) {
        status = environment__guard_page(environment, found.mv_data, error);
    }
    bool is_wrong = status == STATUS_NOT_FOUND ||
                    (status == STATUS_OK && (is_last ? environment__key_compare(&found, &search->high) < 0
                                                     : environment__key_compare(&found, &search->low) >= 0));
    mdb_cursor_close(cursor);
    return is_wrong ? damaged(environment, search->number, "a key of the branches that lead to it", error)
                    : status;
}

/* What a search for a key answers that LMDB did not find: STATUS_NOT_FOUND when that may be believed. */
static enum status guard_not_found(struct environment *environment, MDB_txn *transaction, MDB_dbi tree,
                                   struct bytes key, const char *doing, struct error *error)
{
    struct search search = guard_search;
    enum status status = search_end_with(environment, MDB_NOTFOUND, doing, error);
    if (status != STATUS_NOT_FOUND || search.environment == NULL) {
        return status;
    }
    status = guard_beside(environment, transaction, tree, key, &search, error);
    return status == STATUS_OK ? STATUS_NOT_FOUND : status;
}

enum status environment__lmdb_get(struct environment *environment, MDB_txn *transaction,
                                  enum environment_tree tree, struct bytes key, MDB_val *ret_value,
                                  struct error *error)
{
    MDB_val stored_key = environment__lmdb_bytes(key);
    search_begin_descent(environment);
    int code = mdb_get(transaction, environment->trees[tree], &stored_key, ret_value);
    guard_is_whole = guard_search.number == 0 || guard_search.is_whole;
    return code == MDB_NOTFOUND ? guard_not_found(environment, transaction, environment->trees[tree], key,
                                                  "reading a value", error)
                                : search_end_with(environment, code, "reading a value", error);
}

bool environment__guard_got_whole(void)
{
    return guard_is_whole;
}

/* --- changes ----------------------------------------------------------------------------------------------------- */

/* What the main tree has of each other one. */
struct tree_record {
    uint32_t pad;
    uint16_t flags;
    uint16_t depth;
    uint64_t branches;
    uint64_t leaves;
    uint64_t longs;
    uint64_t entries;
    uint64_t root; /* all bits set: the tree is empty */
};

/* A page that a change touches, and the keys that the branches above it have for it. */
struct touched {
    uint64_t number;
    MDB_val low; /* no data: no such bound */
    MDB_val high;
};

/* What is wrong with the entries of a sound page; NULL: nothing. */
static const char *touched_entries(const struct guard *guard, const struct touched *touched, bool is_whole,
                                   uint64_t pages)
{
    struct page page = page_at(guard, touched->number);
    uint16_t first = page.flags == PAGE_BRANCH && page.entries > 1 ? 1 : 0;
    MDB_val least = environment__page_key(&page, first);
    MDB_val greatest = environment__page_key(&page, page.entries - 1);
    if ((touched->low.mv_data != NULL && environment__key_compare(&least, &touched->low) < 0) ||
        (touched->high.mv_data != NULL && environment__key_compare(&greatest, &touched->high) >= 0)) {
        return "a branch that leads to it, or its keys";
    }
    for (uint16_t i = 0; i < page.entries && page.flags == PAGE_LEAF && !is_whole; i++) {
        MDB_val key = environment__page_key(&page, i);
        if (!search_neighbour_is_right(guard, &key, pages)) {
            return "the key or the value of an entry";
        }
    }
    return NULL;
}

static enum status touched_look(const struct environment *environment, const struct touched *touched,
                                struct error *error)
{
    const struct guard *guard = &environment->guard;
    MDB_envinfo info;
    bool is_whole = false;
    (void)mdb_env_info(environment->env, &info);
    if (touched->number < ENVIRONMENT_META_PAGES || touched->number > info.me_last_pgno) {
        return damaged(environment, touched->number, "there is no such page, and a branch leads to it",
                       error);
    }
    if (touched->number >= guard->bytes >> guard->page_shift) {
        return STATUS_OK; /* this process wrote it */
    }
    const char *what = guard_look(guard, touched->number, &is_whole);
    if (what == NULL) {
        what = touched_entries(guard, touched, is_whole, info.me_last_pgno + 1);
    }
    return what == NULL ? STATUS_OK : damaged(environment, touched->number, what, error);
}

/* The child of a branch that entry `i` leads to. */
static struct touched touched_child(const struct page *page, uint16_t i, const struct touched *parent)
{
    return (struct touched){.number = environment__page_child(page, i),
                            .low = i == 0 ? parent->low : environment__page_key(page, i),
                            .high = i + 1 == page->entries ? parent->high
                                                           : environment__page_key(page, (uint16_t)(i + 1))};
}

/* The entry of a branch that leads to a key. */
static uint16_t touched_search(const struct page *page, const MDB_val *key)
{
    uint16_t low = 0;
    uint16_t high = page->entries;
    while (high - low > 1) {
        uint16_t middle = (uint16_t)((low + high) / 2);
        MDB_val found = environment__page_key(page, middle);
        if (environment__key_compare(key, &found) < 0) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return low;
}

/* A page that is changed is copied with what is wrong in it, and the copy is this process's, which is not looked at: so what a change
 * touches is looked at before, all entries of it. LMDB joins a page that became small with one beside it. */
enum status environment__guard_change(struct environment *environment, MDB_txn *transaction,
                                      enum environment_tree tree, struct bytes key, bool is_erasure,
                                      struct error *error)
{
    const struct guard *guard = &environment->guard;
    struct bytes text = bytes_of_text(environment__tree_name(tree));
    MDB_val name = environment__lmdb_bytes(text);
    MDB_val sought = environment__lmdb_bytes(key);
    MDB_val value = {0};
    struct tree_record record = {0};
    if (guard->map == NULL) {
        return STATUS_OK;
    }
    int code = mdb_get(transaction, MAIN_TREE, &name, &value);
    if (code != MDB_SUCCESS || value.mv_size != sizeof(record)) {
        return environment__lmdb_error(code == MDB_SUCCESS ? MDB_CORRUPTED : code, error, "finding a tree");
    }
    memcpy(&record, value.mv_data, sizeof(record));
    struct touched touched = {.number = record.root};
    enum status status = record.depth == 0 ? STATUS_OK : touched_look(environment, &touched, error);
    for (uint16_t level = record.depth; level > 1 && status == STATUS_OK; level--) {
        struct page page = page_at(guard, touched.number);
        uint16_t at = touched_search(&page, &sought);
        uint16_t from = is_erasure && at > 0 ? (uint16_t)(at - 1) : at;
        uint16_t to = is_erasure && at + 1 < page.entries ? (uint16_t)(at + 1) : at;
        for (uint16_t i = from; i <= to && status == STATUS_OK; i++) {
            struct touched child = touched_child(&page, i, &touched);
            status = touched_look(environment, &child, error);
        }
        touched = touched_child(&page, at, &touched);
    }
    return status;
}

enum status environment__lmdb_reserve(struct base_write *write, enum environment_tree tree, struct bytes key,
                                      size_t bytes, uint8_t **ret_room, struct error *error)
{
    MDB_val stored_key = environment__lmdb_bytes(key);
    MDB_val room = {.mv_size = bytes};
    search_begin_descent(write->environment);
    int code = mdb_put(write->transaction, write->environment->trees[tree], &stored_key, &room, MDB_RESERVE);
    *ret_room = room.mv_data;
    struct touched leaf = {.number = guard_search.is_whole ? 0 : guard_search.number};
    enum status status = search_end_with(write->environment, code, "putting a value", error);
    return status == STATUS_OK && leaf.number != 0 ? touched_look(write->environment, &leaf, error) : status;
}

enum status environment__lmdb_erase(struct base_write *write, enum environment_tree tree, struct bytes key,
                                    struct error *error)
{
    MDB_val stored_key = environment__lmdb_bytes(key);
    MDB_dbi number = write->environment->trees[tree];
    enum status status =
        environment__guard_change(write->environment, write->transaction, tree, key, true, error);
    if (status != STATUS_OK) {
        return status;
    }
    search_begin_descent(write->environment);
    int code = mdb_del(write->transaction, number, &stored_key, NULL);
    return code == MDB_NOTFOUND ? guard_not_found(write->environment, write->transaction, number, key,
                                                  "erasing a value", error)
                                : search_end_with(write->environment, code, "erasing a value", error);
}

enum status environment__guard_page(struct environment *environment, const void *inside, struct error *error)
{
    bool is_whole = false;
    uint64_t number = guard_number(&environment->guard, inside);
    const char *what = number == 0 ? NULL : guard_look(&environment->guard, number, &is_whole);
    return what == NULL ? STATUS_OK : damaged(environment, number, what, error);
}

/* A cursor has come to an end of another page without a search: the page is looked at, and so are those that lead to it. */
static enum status guard_arrive(struct environment *environment, MDB_cursor *cursor, MDB_cursor_op operation,
                                const MDB_val *key, const MDB_val *value, struct error *error)
{
    const struct guard *guard = &environment->guard;
    uint64_t number = guard_number(guard, key->mv_data);
    bool is_whole = false;
    bool was_sound = guard_is_sound(guard, number);
    const char *what = guard_look(guard, number, &is_whole);
    if (what != NULL) {
        return damaged(environment, number, what, error);
    }
    struct page page = page_at(guard, number);
    bool is_last = operation == MDB_PREV || operation == MDB_LAST;
    if (key->mv_data != environment__page_key(&page, is_last ? page.entries - 1 : 0).mv_data) {
        return damaged(environment, number, "it, or the page beside it: they do not meet at their ends",
                       error);
    }
    if (was_sound) {
        return STATUS_OK;
    }
    MDB_val sought = *key;
    MDB_val found = {0};
    (void)search_begin(environment);
    int code = mdb_get(mdb_cursor_txn(cursor), mdb_cursor_dbi(cursor), &sought, &found);
    enum status status = search_end_with(environment, code, "reading a value", error);
    return status == STATUS_NOT_FOUND || (status == STATUS_OK && found.mv_data != value->mv_data)
               ? damaged(environment, number, "the branches do not lead to it", error)
               : status;
}

/* Whether the keys of two pages that follow each other do so too. */
static bool guard_follows(const MDB_val *before, const MDB_val *key, MDB_cursor_op operation)
{
    int order = environment__key_compare(before, key);
    return operation == MDB_PREV ? order > 0 : order < 0;
}

enum status environment__lmdb_move(struct environment *environment, MDB_cursor *cursor, MDB_val *key,
                                   MDB_val *value, MDB_cursor_op operation, struct error *error)
{
    const struct guard *guard = &environment->guard;
    bool is_step = operation == MDB_NEXT || operation == MDB_PREV;
    MDB_val before = *key; /* or what is sought */
    (void)search_begin(environment);
    int code = mdb_cursor_get(cursor, key, value, operation);
    struct search search = guard_search;
    bool is_missed =
        operation == MDB_SET_RANGE && search.environment != NULL && search.damaged == 0 &&
        (code == MDB_NOTFOUND || (code == MDB_SUCCESS && environment__key_compare(&before, key) != 0));
    if (is_missed) {
        search_missed(&guard_search);
    }
    enum status status = search_end_with(environment, code, "moving a cursor", error);
    if (is_missed && (status == STATUS_OK || status == STATUS_NOT_FOUND)) {
        enum status beside = guard_beside(environment, mdb_cursor_txn(cursor), mdb_cursor_dbi(cursor),
                                          val_bytes(&before), &search, error);
        status = beside == STATUS_OK ? status : beside;
    }
    uint64_t left = is_step ? guard_number(guard, before.mv_data) : search.number;
    uint64_t number = status == STATUS_OK ? guard_number(guard, key->mv_data) : 0;
    if (number != 0 && number != left) {
        status = guard_arrive(environment, cursor, operation, key, value, error);
        if (status == STATUS_OK && is_step && left != 0 && !guard_follows(&before, key, operation)) {
            status =
                damaged(environment, number, "its keys do not follow those of the page before it", error);
        }
    }
    return status;
}

/* --- opening ----------------------------------------------------------------------------------------------------- */

/* Where data.mdb is mapped, from where an entry of the main tree stands: LMDB does not tell. Its first page must be there. */
static enum status guard_find_map(struct environment *environment, const MDB_val *key,
                                  const uint8_t *first_page, struct error *error)
{
    struct guard *guard = &environment->guard;
    uint8_t *start = (uint8_t *)key->mv_data - (uintptr_t)key->mv_data % environment->page_bytes;
    uint64_t number = 0;
    CHECK(key->mv_data != NULL);
    memcpy(&number, start, sizeof(number));
    uint8_t *map = start - number * environment->page_bytes;
    unsigned char residence = 0;
    if (number < ENVIRONMENT_META_PAGES || number * environment->page_bytes >= guard->bytes ||
        mincore(map, environment->page_bytes, &residence) != 0 ||
        memcmp(map, first_page, environment->page_bytes) != 0) {
        return damaged(environment, number, "the root of its trees says that it is this page", error);
    }
    guard->map = map;
    struct page page = page_at(guard, number);
    page.entry_flags = ENTRY_IS_TREE;
    const char *what = environment__page_look(&page, number, environment->page_bytes);
    return what == NULL ? STATUS_OK : damaged(environment, number, what, error);
}

/* Whether as many levels as it says lie below a tree's root: a root that is another page than it was has fewer. */
static enum status guard_look_down(struct environment *environment, const MDB_val *value, struct error *error)
{
    const struct guard *guard = &environment->guard;
    struct tree_record tree = {0};
    bool is_whole = false;
    memcpy(&tree, value->mv_data, sizeof(tree) < value->mv_size ? sizeof(tree) : value->mv_size);
    uint64_t number = tree.root;
    bool is_right = value->mv_size == sizeof(tree) && (tree.depth > 0) == (tree.root != UINT64_MAX) &&
                    (tree.depth > 0) == (tree.entries > 0);
    for (uint16_t level = tree.depth; is_right && level > 0; level--) {
        is_right = number >= ENVIRONMENT_META_PAGES && number < guard->bytes >> guard->page_shift &&
                   guard_look(guard, number, &is_whole) == NULL;
        if (is_right) {
            struct page page = page_at(guard, number);
            is_right = page.flags == (level > 1 ? PAGE_BRANCH : PAGE_LEAF);
            number = level > 1 ? environment__page_child(&page, 0) : 0;
        }
    }
    return is_right ? STATUS_OK
                    : damaged(environment, number, "the root of a tree, or what leads to it", error);
}

/* Each tree's root; `cursor` stands on the first of the main tree. */
static enum status guard_look_at_trees(struct environment *environment, MDB_cursor *cursor,
                                       struct error *error)
{
    MDB_val key = {0};
    MDB_val value = {0};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_GET_CURRENT);
    enum status status = STATUS_OK;
    while (code == MDB_SUCCESS && status == STATUS_OK) {
        status = guard_look_down(environment, &value, error);
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    return status != STATUS_OK || code == MDB_NOTFOUND
               ? status
               : environment__lmdb_error(code, error, environment->data_path);
}

/* The map, and the trees in it. */
static enum status guard_begin(struct environment *environment, MDB_cursor *cursor, struct error *error)
{
    struct guard *guard = &environment->guard;
    MDB_val key = {0};
    MDB_val value = {0};
    uint8_t *first_page = memory_create(environment->page_bytes);
    enum status status = file_read_at(&environment->data, first_page, environment->page_bytes, 0, error);
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    if (status == STATUS_OK && code != MDB_SUCCESS) {
        status = environment__lmdb_error(code == MDB_NOTFOUND ? MDB_CORRUPTED : code, error,
                                         environment->data_path);
    }
    if (status == STATUS_OK) {
        status = guard_find_map(environment, &key, first_page, error);
    }
    memory_destroy(first_page);
    if (status == STATUS_OK) {
        guard->marks = memory_create((guard->bytes >> guard->page_shift) / MARKS_PER_BYTE + 1);
        status = guard_look_at_trees(environment, cursor, error);
    }
    return status;
}

enum status environment__guard_open(struct environment *environment, MDB_txn *transaction,
                                    struct error *error)
{
    MDB_cursor *cursor = NULL;
    MDB_envinfo info;
    struct guard *guard = &environment->guard;
    (void)mdb_env_info(environment->env, &info);
    guard->page_shift = (unsigned)__builtin_ctz(environment->page_bytes);
    guard->bytes = (uint64_t)(info.me_last_pgno + 1) << guard->page_shift;
    int code = mdb_cursor_open(transaction, MAIN_TREE, &cursor);
    enum status status = code == MDB_SUCCESS ? guard_begin(environment, cursor, error)
                                             : environment__lmdb_error(code, error, environment->data_path);
    mdb_cursor_close(cursor);
    if (status != STATUS_OK) {
        guard->map = NULL;
    }
    for (size_t i = 0; i < TREE_COUNT && status == STATUS_OK; i++) { /* the file stays in LMDB's own order */
        CHECK(mdb_set_compare(transaction, environment->trees[i], guard_compare) == MDB_SUCCESS);
    }
    return status;
}

void environment__guard_close(struct environment *environment)
{
    memory_destroy((void *)environment->guard.marks);
    environment->guard = (struct guard){0};
}
