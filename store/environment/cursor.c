/* Cursors: those of the memtables and of LMDB's tree that a snapshot looks in, walked together. */
#include "base/memory.h"
#include "environment_private.h"

enum {
    CURSOR_BASE = SNAPSHOT_TABLES, /* the number of LMDB's tree among the sources; smaller ones are newer */
    CURSOR_NOWHERE,
};

struct environment_cursor {
    struct environment_read *read;
    enum environment_tree tree;
    bool is_writer; /* what it walks may change meanwhile */
    bool is_plain;  /* there are no memtables to look in: as LMDB's is the cursor */
    bool is_reverse;
    struct memtable_cursor tables[SNAPSHOT_TABLES];
    struct base_cursor *base;
    bool base_stands;
    size_t source;       /* the one that it stands on */
    struct buffer place; /* a key to go on from */
};

static void cursor_prepare(struct environment_cursor *cursor)
{
    for (size_t i = 0; i < SNAPSHOT_TABLES; i++) {
        cursor->tables[i] =
            (struct memtable_cursor){.memtable =
                                         i < cursor->read->tables_count ? cursor->read->tables[i] : NULL,
                                     .tree = cursor->tree,
                                     .version = cursor->read->version};
    }
    cursor->is_plain = cursor->read->tables_count == 0;
    cursor->base_stands = false;
    cursor->source = CURSOR_NOWHERE;
}

enum status environment__cursor_open(struct environment_read *read, enum environment_tree tree,
                                     bool is_writer, struct environment_cursor **ret_cursor,
                                     struct error *error)
{
    struct environment_cursor *cursor = read->spares[tree];
    enum status status = STATUS_OK;
    read->spares[tree] = NULL;
    if (cursor == NULL) {
        cursor = memory_create(sizeof(*cursor));
        cursor->read = read;
        cursor->tree = tree;
        cursor->is_writer = is_writer;
    }
    if (cursor->base == NULL || !environment__base_cursor_renew(cursor->base, read->transaction)) {
        environment__base_cursor_close(&cursor->base);
        status =
            environment__base_cursor_open(read->environment, read->transaction, tree, &cursor->base, error);
    }
    cursor_prepare(cursor);
    if (status == STATUS_OK) {
        *ret_cursor = cursor;
    } else {
        environment_cursor_close(&cursor);
    }
    return status;
}

static void cursor_free(struct environment_cursor **cursor)
{
    struct environment_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        environment__base_cursor_close(&gone->base);
        buffer_reset(&gone->place);
        memory_destroy(gone);
    }
}

void environment__cursors_free(struct environment_read *read)
{
    for (size_t i = 0; i < TREE_COUNT; i++) {
        cursor_free(&read->spares[i]);
    }
}

void environment_cursor_close(struct environment_cursor **cursor)
{
    struct environment_cursor *closed = *cursor;
    if (closed == NULL || closed->read->spares[closed->tree] != NULL) {
        cursor_free(cursor);
        return;
    }
    *cursor = NULL;
    closed->read->spares[closed->tree] = closed;
}

/* --- sources ---------------------------------------------------------------------------------------------------- */

static bool source_stands(const struct environment_cursor *cursor, size_t source)
{
    return source == CURSOR_BASE ? cursor->base_stands : cursor->tables[source].entry != NULL;
}

static struct bytes source_key(const struct environment_cursor *cursor, size_t source)
{
    return source == CURSOR_BASE ? environment__base_cursor_key(cursor->base)
                                 : memtable_cursor_key(&cursor->tables[source]);
}

static enum status base_moved(struct environment_cursor *cursor, enum status status)
{
    cursor->base_stands = status == STATUS_OK;
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status source_step(struct environment_cursor *cursor, size_t source, struct error *error)
{
    if (source == CURSOR_BASE) {
        return base_moved(cursor, cursor->is_reverse ? environment__base_cursor_previous(cursor->base, error)
                                                     : environment__base_cursor_next(cursor->base, error));
    }
    if (cursor->is_reverse) {
        memtable_cursor_previous(&cursor->tables[source]);
    } else {
        memtable_cursor_next(&cursor->tables[source]);
    }
    return STATUS_OK;
}

/* To the first entry that is not before `key` in the cursor's direction; in reverse `key` itself is left out. */
static enum status source_seek(struct environment_cursor *cursor, size_t source, struct bytes key,
                               struct error *error)
{
    if (source == CURSOR_BASE) {
        return base_moved(cursor, cursor->is_reverse
                                      ? environment__base_cursor_seek_before(cursor->base, key, error)
                                      : environment__base_cursor_seek_at_or_after(cursor->base, key, error));
    }
    if (cursor->tables[source].memtable != NULL && cursor->is_reverse) {
        memtable_cursor_seek_before(&cursor->tables[source], key);
    } else if (cursor->tables[source].memtable != NULL) {
        memtable_cursor_seek_at_or_after(&cursor->tables[source], key);
    }
    return STATUS_OK;
}

static enum status source_last(struct environment_cursor *cursor, size_t source, struct error *error)
{
    if (source == CURSOR_BASE) {
        return base_moved(cursor, environment__base_cursor_last(cursor->base, error));
    }
    if (cursor->tables[source].memtable != NULL) {
        memtable_cursor_last(&cursor->tables[source]);
    }
    return STATUS_OK;
}

/* --- together --------------------------------------------------------------------------------------------------- */

/* The source whose entry is next; of several with one key the newest. */
static size_t cursor_choose(const struct environment_cursor *cursor)
{
    size_t chosen = CURSOR_NOWHERE;
    for (size_t i = 0; i <= CURSOR_BASE; i++) {
        if (source_stands(cursor, i)) {
            int order = chosen == CURSOR_NOWHERE
                            ? -1
                            : bytes_compare(source_key(cursor, i), source_key(cursor, chosen));
            chosen = chosen == CURSOR_NOWHERE || (cursor->is_reverse ? order > 0 : order < 0) ? i : chosen;
        }
    }
    return chosen;
}

/* Takes all sources that stand on the chosen one's key a step on, it last, since the key is its. */
static enum status cursor_pass(struct environment_cursor *cursor, size_t chosen, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i <= CURSOR_BASE && status == STATUS_OK && !cursor->is_plain; i++) {
        if (i != chosen && source_stands(cursor, i) &&
            bytes_equal(source_key(cursor, i), source_key(cursor, chosen))) {
            status = source_step(cursor, i, error);
        }
    }
    return status == STATUS_OK ? source_step(cursor, chosen, error) : status;
}

/* Stands on the next entry that is not erased, the sources having been moved. */
static enum status cursor_settle(struct environment_cursor *cursor, enum status status, struct error *error)
{
    size_t chosen = CURSOR_NOWHERE;
    cursor->source = CURSOR_NOWHERE;
    while (status == STATUS_OK && !cursor->is_plain) {
        chosen = cursor_choose(cursor);
        if (chosen >= CURSOR_BASE || !cursor->tables[chosen].record->is_erased) {
            break;
        }
        status = cursor_pass(cursor, chosen, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (cursor->is_plain && cursor->base_stands) {
        chosen = CURSOR_BASE;
    }
    cursor->source = chosen;
    return chosen == CURSOR_NOWHERE ? STATUS_END : STATUS_OK;
}

static enum status cursor_seek(struct environment_cursor *cursor, struct bytes key, bool is_reverse,
                               struct error *error)
{
    enum status status = STATUS_OK;
    cursor->is_reverse = is_reverse;
    for (size_t i = 0; i <= CURSOR_BASE && status == STATUS_OK; i++) {
        status = source_seek(cursor, i, key, error);
    }
    return status;
}

static void cursor_note_place(struct environment_cursor *cursor)
{
    buffer_clear(&cursor->place);
    buffer_put(&cursor->place, source_key(cursor, cursor->source));
}

/* Past the key that the cursor stands on, where the sources stand for the other direction. */
static enum status cursor_turn(struct environment_cursor *cursor, bool is_reverse, struct error *error)
{
    cursor_note_place(cursor);
    struct bytes place = buffer_bytes(&cursor->place);
    enum status status = cursor_seek(cursor, place, is_reverse, error);
    for (size_t i = 0; i <= CURSOR_BASE && status == STATUS_OK && !is_reverse; i++) {
        if (source_stands(cursor, i) && bytes_equal(source_key(cursor, i), place)) {
            status = source_step(cursor, i, error);
        }
    }
    return status;
}

/* On from the key that a writer's cursor stands on. Puts may have come into the newest memtable since, which stands further on. */
static enum status cursor_pass_puts(struct environment_cursor *cursor, struct error *error)
{
    cursor_note_place(cursor);
    struct bytes place = buffer_bytes(&cursor->place);
    enum status status = source_seek(cursor, 0, place, error);
    for (size_t i = 0; i <= CURSOR_BASE && status == STATUS_OK; i++) {
        if (source_stands(cursor, i) && bytes_equal(source_key(cursor, i), place)) {
            status = source_step(cursor, i, error);
        }
    }
    return status;
}

static enum status cursor_go(struct environment_cursor *cursor, bool is_reverse, struct error *error)
{
    if (cursor->source == CURSOR_NOWHERE) {
        return STATUS_END;
    }
    enum status status = cursor->is_reverse != is_reverse ? cursor_turn(cursor, is_reverse, error)
                         : cursor->is_writer              ? cursor_pass_puts(cursor, error)
                                                          : cursor_pass(cursor, cursor->source, error);
    return cursor_settle(cursor, status, error);
}

enum status environment_cursor_seek_at_or_after(struct environment_cursor *cursor, struct bytes key,
                                                struct error *error)
{
    return cursor_settle(cursor, cursor_seek(cursor, key, false, error), error);
}

enum status environment_cursor_seek_before(struct environment_cursor *cursor, struct bytes key,
                                           struct error *error)
{
    return cursor_settle(cursor, cursor_seek(cursor, key, true, error), error);
}

enum status environment_cursor_first(struct environment_cursor *cursor, struct error *error)
{
    return environment_cursor_seek_at_or_after(cursor, (struct bytes){0}, error);
}

enum status environment_cursor_last(struct environment_cursor *cursor, struct error *error)
{
    enum status status = STATUS_OK;
    cursor->is_reverse = true;
    for (size_t i = 0; i <= CURSOR_BASE && status == STATUS_OK; i++) {
        status = source_last(cursor, i, error);
    }
    return cursor_settle(cursor, status, error);
}

enum status environment_cursor_next(struct environment_cursor *cursor, struct error *error)
{
    return cursor_go(cursor, false, error);
}

enum status environment_cursor_previous(struct environment_cursor *cursor, struct error *error)
{
    return cursor_go(cursor, true, error);
}

struct bytes environment_cursor_key(const struct environment_cursor *cursor)
{
    CHECK(cursor->source != CURSOR_NOWHERE);
    return source_key(cursor, cursor->source);
}

enum status environment_cursor_value(struct environment_cursor *cursor, struct bytes *ret_value,
                                     struct error *error)
{
    CHECK(cursor->source != CURSOR_NOWHERE);
    if (cursor->source == CURSOR_BASE) {
        return environment__base_cursor_value(cursor->base, ret_value, error);
    }
    *ret_value = cursor->tables[cursor->source].record->value;
    return STATUS_OK;
}
