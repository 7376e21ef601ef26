/* Keys longer than LMDB takes. environment_private.h draws how they are stored. */
#include "base/arena.h"
#include "environment_private.h"

void environment__layer_prefix(uint64_t layer, struct buffer *ret_prefix)
{
    buffer_clear(ret_prefix);
    buffer_put_u32(ret_prefix, LAYER_SPACE);
    buffer_put_u64(ret_prefix, layer);
}

void environment__layer_pointer(struct bytes prefix, struct bytes rest, struct buffer *ret_pointer)
{
    buffer_put(ret_pointer, prefix);
    buffer_put(ret_pointer, bytes_part(rest, 0, LAYER_KEY_BYTES));
    buffer_put_u8(ret_pointer, LAYER_MARK);
}

static enum status layer_id(struct bytes value, uint64_t *ret_layer, struct error *error)
{
    if (value.size != sizeof(uint64_t)) {
        return error_set(error, STATUS_CORRUPT, "a malformed pointer to a layer of keys");
    }
    *ret_layer = bytes_get_u64(value.data);
    return STATUS_OK;
}

static enum status layer_make_one(struct base_write *write, enum environment_tree tree, struct bytes pointer,
                                  uint64_t *ret_layer, struct error *error)
{
    struct bytes counter = bytes_of_text("layers");
    struct bytes stored = {0};
    uint8_t id[8];
    enum status status =
        environment__get_raw(write->environment, write->transaction, TREE_METADATA, counter, &stored, error);
    *ret_layer = 1;
    if (status == STATUS_OK) {
        status = layer_id(stored, ret_layer, error);
        ++*ret_layer;
    } else if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
    }
    bytes_put_u64(id, *ret_layer);
    if (status == STATUS_OK) {
        status = environment__put_raw(write, TREE_METADATA, counter, bytes_of(id, sizeof(id)), false, error);
    }
    return status == STATUS_OK
               ? environment__put_raw(write, tree, pointer, bytes_of(id, sizeof(id)), false, error)
               : status;
}

/* Follows the pointers of a long key. `pointers` (may be NULL) gets them, outermost first, copied to `arena`. `write` is
 * NULL when nothing may be made. */
static enum status layer_walk(struct environment *environment, MDB_txn *transaction, struct base_write *write,
                              enum environment_tree tree, struct bytes key, struct arena *arena,
                              struct bytes *pointers, size_t *ret_depth, struct buffer *ret_physical,
                              struct error *error)
{
    struct buffer prefix = {0};
    struct buffer pointer = {0};
    size_t depth = 0;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && key.size > LAYER_KEY_BYTES) {
        struct bytes value = {0};
        uint64_t layer = 0;
        buffer_clear(&pointer);
        environment__layer_pointer(buffer_bytes(&prefix), key, &pointer);
        status = environment__get_raw(environment, transaction, tree, buffer_bytes(&pointer), &value, error);
        if (status == STATUS_OK) {
            status = layer_id(value, &layer, error);
        } else if (status == STATUS_NOT_FOUND && write != NULL) {
            status = layer_make_one(write, tree, buffer_bytes(&pointer), &layer, error);
        }
        if (pointers != NULL) {
            pointers[depth] = arena_copy(arena, buffer_bytes(&pointer));
        }
        depth++;
        environment__layer_prefix(layer, &prefix);
        key = bytes_from(key, LAYER_KEY_BYTES);
    }
    buffer_put(ret_physical, buffer_bytes(&prefix));
    buffer_put(ret_physical, key);
    buffer_reset(&prefix);
    buffer_reset(&pointer);
    if (ret_depth != NULL) {
        *ret_depth = depth;
    }
    return status;
}

enum status environment__layer_find(struct environment *environment, MDB_txn *transaction,
                                    enum environment_tree tree, struct bytes key, struct buffer *ret_physical,
                                    struct error *error)
{
    return layer_walk(environment, transaction, NULL, tree, key, NULL, NULL, NULL, ret_physical, error);
}

enum status environment__layer_make(struct base_write *write, enum environment_tree tree, struct bytes key,
                                    struct buffer *ret_physical, struct error *error)
{
    return layer_walk(write->environment, write->transaction, write, tree, key, NULL, NULL, NULL,
                      ret_physical, error);
}

/* Whether nothing is left in the layer of a physical key. */
static enum status layer_is_empty(struct base_write *write, enum environment_tree tree, struct bytes physical,
                                  bool *ret_is_empty, struct error *error)
{
    MDB_cursor *cursor = NULL;
    struct bytes prefix = bytes_part(physical, 0, LAYER_PREFIX_BYTES);
    MDB_val key = environment__lmdb_bytes(prefix);
    MDB_val value;
    int code = mdb_cursor_open(write->transaction, write->environment->trees[tree], &cursor);
    if (code != MDB_SUCCESS) {
        return environment__lmdb_error(code, error, "looking into a layer of keys");
    }
    enum status status =
        environment__lmdb_move(write->environment, cursor, &key, &value, MDB_SET_RANGE, error);
    mdb_cursor_close(cursor);
    *ret_is_empty = status == STATUS_NOT_FOUND ||
                    (status == STATUS_OK && !bytes_start_with(bytes_of(key.mv_data, key.mv_size), prefix));
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status environment__layer_erase(struct base_write *write, enum environment_tree tree, struct bytes key,
                                     bool *ret_was_there, struct error *error)
{
    struct arena arena = {0};
    struct buffer physical = {0};
    size_t depth = 0;
    bool was_there = false;
    struct bytes *pointers = arena_create_array(&arena, key.size / LAYER_KEY_BYTES + 1, sizeof(*pointers));
    enum status status = layer_walk(write->environment, write->transaction, NULL, tree, key, &arena, pointers,
                                    &depth, &physical, error);
    if (status == STATUS_OK) {
        status = environment__erase_physical(write, tree, buffer_bytes(&physical), &was_there, error);
    } else if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK;
        depth = 0;
    }
    struct bytes erased = buffer_bytes(&physical);
    bool is_empty = was_there;
    while (status == STATUS_OK && depth > 0 && is_empty) {
        status = layer_is_empty(write, tree, erased, &is_empty, error);
        if (status == STATUS_OK && is_empty) {
            erased = pointers[--depth];
            status = environment__erase_physical(write, tree, erased, NULL, error);
        }
    }
    if (ret_was_there != NULL) {
        *ret_was_there = was_there;
    }
    buffer_reset(&physical);
    arena_reset(&arena);
    return status;
}
