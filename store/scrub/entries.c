/* Entries of the indexes, in the order of their spaces: each leads to a row that has it.
 *
 *   position   stage u8 | space u32 | entry key that was looked at last, empty: the space after `space` is begun */
#include "catalog/index.h"
#include "row/key.h"
#include "row/stored.h"
#include "scrub_private.h"

struct entries {
    struct scrub *scrub;
    uint32_t space;
    bool goes_on; /* in that space */
    const struct schema *schema;
    const struct index_schema *index;
    struct scrub_walk walk;
    struct arena arena;   /* of the entry at hand */
    struct buffer entry;  /* its key */
    struct buffer stored; /* storage key of its row */
};

static void entries_go_on(struct entries *entries, uint32_t space, struct bytes key)
{
    buffer_clear(entries->scrub->next);
    buffer_put_u8(entries->scrub->next, SCRUB_ENTRIES);
    buffer_put_u32(entries->scrub->next, space);
    buffer_put(entries->scrub->next, key);
}

/* Takes the index that is looked at, or of those with a greater space the least. */
static void entries_consider(void *context, const struct schema *schema)
{
    struct entries *entries = context;
    for (size_t i = 0; i < schema->indexes_count; i++) {
        const struct index_schema *index = &schema->indexes[i];
        bool is_wanted = entries->goes_on ? index->space == entries->space : index->space > entries->space;
        if (is_wanted && index->state == INDEX_ACTIVE &&
            (entries->index == NULL || index->space < entries->index->space)) {
            entries->schema = schema;
            entries->index = index;
        }
    }
}

/* An entry that a row should turn out to have. */
struct entries_search {
    struct bytes entry;
    bool is_found;
};

static enum status entries_match(void *context, struct bytes entry, struct error *error)
{
    struct entries_search *search = context;
    (void)error;
    search->is_found = search->is_found || bytes_equal(entry, search->entry);
    return STATUS_OK;
}

/* Whether the row under `key` has the entry at hand. */
static enum status entries_look_for(struct entries *entries, struct bytes key, struct entries_search *search,
                                    struct error *error)
{
    struct bytes stored = {0};
    struct bytes stored_key = {0};
    struct bytes image = {0};
    struct value item;
    buffer_clear(&entries->stored);
    enum status status = key_storage(entries->schema, key, &entries->stored, error);
    if (status == STATUS_OK) {
        status = environment_read_get(entries->walk.read, TREE_ROWS, buffer_bytes(&entries->stored), &stored,
                                      error);
    }
    if (status == STATUS_OK) {
        status = stored_row_decode(stored, &stored_key, &image, error);
    }
    if (status == STATUS_OK && bytes_equal(stored_key, key)) {
        status = index_item(entries->schema, key, image, &entries->arena, &item, error);
        if (status == STATUS_OK) {
            status = index_entry_keys(entries->schema, entries->index, buffer_bytes(&entries->stored), &item,
                                      entries_match, search, error);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status entries_check(struct entries *entries, struct bytes key, struct error *error)
{
    struct entries_search search = {.entry = buffer_bytes(&entries->entry)};
    enum status status = entries_look_for(entries, key, &search, error);
    if (status == STATUS_OK && !search.is_found) {
        status = error_set(error, STATUS_CORRUPT, "index %.*s has an entry that the row does not have",
                           (int)entries->index->name.size, (const char *)entries->index->name.data);
    }
    if (status != STATUS_OK) {
        scrub__name_row(entries->schema, key, error);
        status = status == STATUS_INVALID ? STATUS_CORRUPT : status;
    }
    arena_clear(&entries->arena);
    return status;
}

/* Entries until the step has enough. STATUS_END: there are no more. *ret_is_lost: the tree cannot be walked any further. */
static enum status entries_look(struct entries *entries, enum status status, bool *ret_is_lost,
                                struct error *error)
{
    *ret_is_lost = status == STATUS_CORRUPT;
    while (status == STATUS_OK) {
        struct bytes key = {0};
        buffer_clear(&entries->entry);
        buffer_put(&entries->entry, environment_cursor_key(entries->walk.cursor));
        status = environment_cursor_value(entries->walk.cursor, &key, error);
        if (status == STATUS_OK) {
            status = entries_check(entries, key, error);
        }
        if (scrub__walk_is_full(&entries->walk, entries->entry.size) || status != STATUS_OK) {
            break;
        }
        status = scrub__walk_next(&entries->walk, error);
        *ret_is_lost = status == STATUS_CORRUPT;
    }
    entries->scrub->step->count = entries->walk.count;
    return status;
}

static enum status entries_step(struct entries *entries, struct bytes after, struct error *error)
{
    uint8_t prefix[4];
    bool is_lost = false;
    uint32_t space = entries->index->space;
    bytes_put_u32(prefix, space);
    enum status status = scrub__walk_open(entries->scrub, TREE_INDEX, bytes_of(prefix, sizeof(prefix)), after,
                                          &entries->walk, error);
    status = entries_look(entries, status, &is_lost, error);
    bool is_done = status == STATUS_END || is_lost;
    entries_go_on(entries, space, is_done ? (struct bytes){0} : buffer_bytes(&entries->entry));
    if (status == STATUS_CORRUPT &&
        catalog_find_table(entries->scrub->options->catalog, entries->schema->table) != entries->schema) {
        entries_go_on(entries, space - 1, (struct bytes){0}); /* changed meanwhile: look at what it is now */
        return STATUS_OK;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status scrub__entries(struct scrub *scrub, struct error *error)
{
    struct entries entries = {.scrub = scrub};
    entries.space = scrub->from.rest.size == 0 ? 0 : reader_u32(&scrub->from);
    struct bytes after = scrub->from.rest;
    if (scrub->from.failed) {
        return error_set(error, STATUS_INVALID, "not a position that a scrub gave");
    }
    entries.goes_on = after.size > 0;
    catalog_list(scrub->options->catalog, true, entries_consider, &entries);
    enum status status = STATUS_OK;
    if (entries.index != NULL) {
        scrub->step->subject = entries.schema->name;
        status = entries_step(&entries, after, error);
    } else if (entries.goes_on) { /* dropped meanwhile */
        entries_go_on(&entries, entries.space, (struct bytes){0});
    } else {
        scrub__end_stage(scrub, SCRUB_ENTRIES);
    }
    scrub__walk_close(&entries.walk);
    buffer_reset(&entries.entry);
    buffer_reset(&entries.stored);
    arena_reset(&entries.arena);
    return status;
}
