/* Cursors over LMDB's trees: one of LMDB's, and the layers that it is inside of. */
#include "base/memory.h"
#include "environment_private.h"

enum {
    CURSOR_KEPT_BYTES = 64 * 1024, /* of a long value's room, from one use of the cursor to the next */
};

/* A layer that the cursor is inside of. */
struct cursor_level {
    uint8_t prefix[LAYER_PREFIX_BYTES];
    size_t logical_bytes; /* of the key so far: what stands before a key of this layer */
};

struct base_cursor {
    struct environment *environment;
    MDB_cursor *cursor;
    enum environment_tree tree;
    MDB_val key; /* physical */
    MDB_val value;
    bool stands;
    bool is_reverse;             /* the way of the move under way */
    struct cursor_level *levels; /* innermost last */
    size_t depth;
    size_t capacity;
    struct buffer logical; /* first part of the key that the levels stand for, then the key itself */
    struct buffer sought;
    struct buffer whole; /* a chunked value */
};

enum status environment__base_cursor_open(struct environment *environment, MDB_txn *transaction,
                                          enum environment_tree tree, struct base_cursor **ret_cursor,
                                          struct error *error)
{
    MDB_cursor *cursor = NULL;
    int code = mdb_cursor_open(transaction, environment->trees[tree], &cursor);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, "opening a cursor");
    }
    *ret_cursor = memory_create(sizeof(**ret_cursor));
    (*ret_cursor)->environment = environment;
    (*ret_cursor)->cursor = cursor;
    (*ret_cursor)->tree = tree;
    return STATUS_OK;
}

bool environment__base_cursor_renew(struct base_cursor *cursor, MDB_txn *transaction)
{
    cursor->stands = false;
    cursor->depth = 0;
    buffer_clear(&cursor->logical);
    if (cursor->whole.capacity > CURSOR_KEPT_BYTES) {
        buffer_reset(&cursor->whole);
    }
    return mdb_cursor_renew(transaction, cursor->cursor) == MDB_SUCCESS;
}

void environment__base_cursor_close(struct base_cursor **cursor)
{
    struct base_cursor *gone = *cursor;
    *cursor = NULL;
    if (gone != NULL) {
        mdb_cursor_close(gone->cursor);
        memory_destroy(gone->levels);
        buffer_reset(&gone->logical);
        buffer_reset(&gone->sought);
        buffer_reset(&gone->whole);
        memory_destroy(gone);
    }
}

/* --- LMDB's own moves ------------------------------------------------------------------------------------------- */

static struct bytes cursor_physical(const struct base_cursor *cursor)
{
    return bytes_of(cursor->key.mv_data, cursor->key.mv_size);
}

static enum status cursor_move(struct base_cursor *cursor, MDB_cursor_op operation, struct error *error)
{
    enum status status = environment__lmdb_move(cursor->environment, cursor->cursor, &cursor->key,
                                                &cursor->value, operation, error);
    cursor->stands = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_END : status;
}

static enum status cursor_move_to(struct base_cursor *cursor, struct bytes key, struct error *error)
{
    static const uint8_t least[1] = {0}; /* the first of all keys: LMDB knows no empty one */
    cursor->key = environment__lmdb_bytes(key.size > 0 ? key : bytes_of(least, sizeof(least)));
    return cursor_move(cursor, MDB_SET_RANGE, error);
}

/* The greatest physical key before `key`. */
static enum status cursor_move_before(struct base_cursor *cursor, struct bytes key, struct error *error)
{
    enum status status = cursor_move_to(cursor, key, error);
    return status == STATUS_END  ? cursor_move(cursor, MDB_LAST, error)
           : status == STATUS_OK ? cursor_move(cursor, MDB_PREV, error)
                                 : status;
}

static enum status cursor_step(struct base_cursor *cursor, struct error *error)
{
    return cursor_move(cursor, cursor->is_reverse ? MDB_PREV : MDB_NEXT, error);
}

/* --- layers ----------------------------------------------------------------------------------------------------- */

/* What all physical keys of the layer at hand begin with; empty at the top. */
static struct bytes cursor_prefix(const struct base_cursor *cursor)
{
    return cursor->depth == 0 ? (struct bytes){0}
                              : bytes_of(cursor->levels[cursor->depth - 1].prefix, LAYER_PREFIX_BYTES);
}

/* Whether the entry belongs to the layer at hand. */
static bool cursor_is_inside(const struct base_cursor *cursor)
{
    uint8_t space[4];
    bytes_put_u32(space, LAYER_SPACE);
    return cursor->depth == 0 ? !bytes_start_with(cursor_physical(cursor), bytes_of(space, sizeof(space)))
                              : bytes_start_with(cursor_physical(cursor), cursor_prefix(cursor));
}

static bool cursor_is_pointer(const struct base_cursor *cursor)
{
    return cursor->key.mv_size == cursor_prefix(cursor).size + LAYER_KEY_BYTES + 1;
}

/* Goes into the layer that the entry points to; the cursor does not stand yet. */
static enum status cursor_enter(struct base_cursor *cursor, struct error *error)
{
    struct bytes value = {0};
    struct bytes pointer = cursor_physical(cursor);
    size_t before = cursor->depth == 0 ? 0 : cursor->levels[cursor->depth - 1].logical_bytes;
    enum status status = environment__value_check(cursor->tree, pointer, cursor->value, &value, error);
    if (status == STATUS_OK && value.size != sizeof(uint64_t)) {
        status = error_set(error, STATUS_CORRUPT, "a malformed pointer to a layer of keys");
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (cursor->depth == cursor->capacity) {
        cursor->capacity = cursor->capacity == 0 ? 4 : 2 * cursor->capacity;
        cursor->levels = memory_resize(cursor->levels, cursor->capacity * sizeof(*cursor->levels));
    }
    cursor->logical.size = before;
    buffer_put(&cursor->logical, bytes_part(pointer, cursor_prefix(cursor).size, LAYER_KEY_BYTES));
    struct cursor_level *level = &cursor->levels[cursor->depth++];
    bytes_put_u32(level->prefix, LAYER_SPACE);
    memcpy(level->prefix + 4, value.data, sizeof(uint64_t));
    level->logical_bytes = before + LAYER_KEY_BYTES;
    return STATUS_OK;
}

/* To the first entry of the layer at hand, or the last one in reverse; the cursor may then stand outside. */
static enum status cursor_enter_end(struct base_cursor *cursor, struct error *error)
{
    struct buffer *sought = &cursor->sought;
    buffer_clear(sought);
    buffer_put(sought, cursor_prefix(cursor));
    if (!cursor->is_reverse) {
        return cursor_move_to(cursor, buffer_bytes(sought), error);
    }
    size_t i = sought->size; /* the prefix with one added: layer ids are far from the largest number */
    while (++sought->data[--i] == 0) {
    }
    return cursor_move_before(cursor, buffer_bytes(sought), error);
}

/* Back to the pointer of the layer at hand, and one step on. */
static enum status cursor_leave(struct base_cursor *cursor, struct error *error)
{
    struct buffer *sought = &cursor->sought;
    size_t end = cursor->levels[--cursor->depth].logical_bytes;
    buffer_clear(sought);
    environment__layer_pointer(cursor_prefix(cursor),
                               bytes_part(buffer_bytes(&cursor->logical), end - LAYER_KEY_BYTES,
                                          LAYER_KEY_BYTES),
                               sought);
    if (cursor->is_reverse) {
        return cursor_move_before(cursor, buffer_bytes(sought), error);
    }
    enum status status = cursor_move_to(cursor, buffer_bytes(sought), error);
    bool is_there = status == STATUS_OK && bytes_equal(cursor_physical(cursor), buffer_bytes(sought));
    return is_there ? cursor_step(cursor, error)
                    : status; /* it went with the layer's last key, erased meanwhile */
}

/* From wherever a move has led to the next entry that is a key: out of layers that have ended, into others. */
static enum status cursor_settle(struct base_cursor *cursor, enum status status, struct error *error)
{
    for (;;) {
        if (status != STATUS_OK && status != STATUS_END) {
            return status;
        }
        if (status == STATUS_END || !cursor_is_inside(cursor)) {
            if (cursor->depth == 0) {
                cursor->stands = false;
                return STATUS_END;
            }
            status = cursor_leave(cursor, error);
        } else if (cursor_is_pointer(cursor)) {
            status = cursor_enter(cursor, error);
            status = status == STATUS_OK ? cursor_enter_end(cursor, error) : status;
        } else {
            break;
        }
    }
    if (cursor->depth > 0) {
        cursor->logical.size = cursor->levels[cursor->depth - 1].logical_bytes;
        buffer_put(&cursor->logical, bytes_from(cursor_physical(cursor), LAYER_PREFIX_BYTES));
    }
    return STATUS_OK;
}

/* --- moves ------------------------------------------------------------------------------------------------------ */

/* To the first physical entry at or after a key, inside as many layers as the two share. */
static enum status cursor_seek(struct base_cursor *cursor, struct bytes key, struct error *error)
{
    struct buffer *sought = &cursor->sought;
    cursor->depth = 0;
    for (;;) {
        bool is_long = key.size > LAYER_KEY_BYTES;
        buffer_clear(sought);
        if (is_long) {
            environment__layer_pointer(cursor_prefix(cursor), key, sought);
        } else {
            buffer_put(sought, cursor_prefix(cursor));
            buffer_put(sought, key);
        }
        enum status status = cursor_move_to(cursor, buffer_bytes(sought), error);
        if (status != STATUS_OK || !is_long || !bytes_equal(cursor_physical(cursor), buffer_bytes(sought))) {
            return status;
        }
        status = cursor_enter(cursor, error);
        if (status != STATUS_OK) {
            return status;
        }
        key = bytes_from(key, LAYER_KEY_BYTES);
    }
}

enum status environment__base_cursor_seek_at_or_after(struct base_cursor *cursor, struct bytes key,
                                                      struct error *error)
{
    cursor->is_reverse = false;
    return cursor_settle(cursor, cursor_seek(cursor, key, error), error);
}

enum status environment__base_cursor_last(struct base_cursor *cursor, struct error *error)
{
    uint8_t space[4];
    bytes_put_u32(space, LAYER_SPACE);
    cursor->is_reverse = true;
    cursor->depth = 0;
    return cursor_settle(cursor, cursor_move_before(cursor, bytes_of(space, sizeof(space)), error), error);
}

enum status environment__base_cursor_seek_before(struct base_cursor *cursor, struct bytes key,
                                                 struct error *error)
{
    enum status status = environment__base_cursor_seek_at_or_after(cursor, key, error);
    if (status == STATUS_END) {
        return environment__base_cursor_last(cursor, error);
    }
    return status == STATUS_OK ? environment__base_cursor_previous(cursor, error) : status;
}

static enum status cursor_go(struct base_cursor *cursor, bool is_reverse, struct error *error)
{
    if (!cursor->stands) {
        return STATUS_END;
    }
    cursor->is_reverse = is_reverse;
    return cursor_settle(cursor, cursor_step(cursor, error), error);
}

enum status environment__base_cursor_next(struct base_cursor *cursor, struct error *error)
{
    return cursor_go(cursor, false, error);
}

enum status environment__base_cursor_previous(struct base_cursor *cursor, struct error *error)
{
    return cursor_go(cursor, true, error);
}

struct bytes environment__base_cursor_key(const struct base_cursor *cursor)
{
    CHECK(cursor->stands);
    return cursor->depth == 0 ? cursor_physical(cursor) : buffer_bytes(&cursor->logical);
}

enum status environment__base_cursor_value(struct base_cursor *cursor, struct bytes *ret_value,
                                           struct error *error)
{
    struct chunked chunked;
    CHECK(cursor->stands);
    if (!environment__chunk_stub(cursor_physical(cursor), cursor->value, &chunked)) {
        return environment__value_check(cursor->tree, cursor_physical(cursor), cursor->value, ret_value,
                                        error);
    }
    if (chunked.size > ENVIRONMENT_VALUE_BYTES_MAX) {
        return error_set(error, STATUS_CORRUPT, "a chunked value says that it has %llu bytes",
                         (unsigned long long)chunked.size);
    }
    buffer_clear(&cursor->whole);
    enum status status =
        environment__chunk_read(cursor->environment, mdb_cursor_txn(cursor->cursor), &chunked,
                                buffer_extend(&cursor->whole, chunked.size), error);
    *ret_value = buffer_bytes(&cursor->whole);
    return status;
}
