#include "catalog/catalog.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "row/key.h"

struct catalog {
    pthread_mutex_t mutex;
    struct arena arena;   /* every schema ever seen */
    struct map *names;    /* name → current schema, of tables that exist */
    struct map *tables;   /* id u32 → current schema, of tables that exist */
    struct map *versions; /* id u32, version u32 → schema */
    struct map *reserved; /* names being created */
    uint32_t next_id;     /* of a table or a space; one counter for both */
};

static struct bytes catalog_version_key(uint8_t key[8], uint32_t table, uint32_t version)
{
    bytes_put_u32(key, table);
    bytes_put_u32(key + 4, version);
    return bytes_of(key, 8);
}

/* The caller holds the mutex. Rows of system.tables are stored by table, in no order of time: a name that a later table
 * has taken since stays its own. */
static void catalog_add(struct catalog *catalog, struct schema *schema)
{
    uint8_t key[8];
    struct bytes version_key = catalog_version_key(key, schema->table, schema->version);
    const struct schema *named = map_get(catalog->names, schema->name);
    (void)map_put(catalog->versions, version_key, schema);
    (void)map_put(catalog->tables, bytes_part(version_key, 0, 4), schema);
    if (named == NULL || named->table <= schema->table) {
        (void)map_put(catalog->names, schema->name, schema);
    }
}

void catalog_register_system(struct catalog *catalog, const struct schema *schema)
{
    struct schema *kept = arena_create(&catalog->arena, sizeof(*kept));
    CHECK(schema->table < CATALOG_TABLE_FIRST);
    *kept = *schema;
    kept->generation = 1;
    kept->version = 1;
    kept->space = schema->table;
    kept->kind = TABLE_DOCUMENT;
    kept->durability = DURABILITY_SYNC;
    (void)pthread_mutex_lock(&catalog->mutex);
    catalog_add(catalog, kept);
    (void)pthread_mutex_unlock(&catalog->mutex);
}

static struct key_column *catalog_column(struct catalog *catalog, const char *name, enum type_kind kind)
{
    struct key_column *column = arena_create(&catalog->arena, sizeof(*column));
    *column = (struct key_column){.name = bytes_of_text(name), .type = {.kind = kind}};
    return column;
}

static void catalog_add_systems(struct catalog *catalog)
{
    struct schema tables = {.table = CATALOG_TABLES,
                            .name = bytes_of_text("system.tables"),
                            .partition_count = 1,
                            .partition = catalog_column(catalog, "table", TYPE_BIGINT),
                            .clustering_count = 1,
                            .clustering = catalog_column(catalog, "version", TYPE_BIGINT)};
    struct schema terms = {.table = CATALOG_TERMS,
                           .name = bytes_of_text("system.terms"),
                           .partition_count = 1,
                           .partition = catalog_column(catalog, "term", TYPE_BIGINT)};
    struct schema requests = {.table = CATALOG_REQUESTS,
                              .name = bytes_of_text("system.requests"),
                              .partition_count = 1,
                              .partition = catalog_column(catalog, "principal", TYPE_TEXT),
                              .clustering_count = 1,
                              .clustering = catalog_column(catalog, "token", TYPE_TEXT),
                              .ttl_attribute = bytes_of_text("expires")};
    struct schema deletions = {.table = CATALOG_DELETIONS,
                               .name = bytes_of_text("system.deletions"),
                               .partition_count = 1,
                               .partition = catalog_column(catalog, "id", TYPE_BIGINT),
                               .clustering_count = 1,
                               .clustering = catalog_column(catalog, "n", TYPE_BIGINT)};
    catalog_register_system(catalog, &tables);
    catalog_register_system(catalog, &terms);
    catalog_register_system(catalog, &requests);
    catalog_register_system(catalog, &deletions);
}

struct catalog *catalog_create(void)
{
    struct catalog *catalog = memory_create(sizeof(*catalog));
    CHECK(pthread_mutex_init(&catalog->mutex, NULL) == 0);
    catalog->names = map_create();
    catalog->tables = map_create();
    catalog->versions = map_create();
    catalog->reserved = map_create();
    catalog->next_id = CATALOG_TABLE_FIRST;
    catalog_add_systems(catalog);
    return catalog;
}

void catalog_destroy(struct catalog **catalog)
{
    struct catalog *gone = *catalog;
    *catalog = NULL;
    if (gone == NULL) {
        return;
    }
    map_destroy(&gone->names);
    map_destroy(&gone->tables);
    map_destroy(&gone->versions);
    map_destroy(&gone->reserved);
    arena_reset(&gone->arena);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

static const struct schema *catalog_get(struct catalog *catalog, const struct map *map, struct bytes key)
{
    (void)pthread_mutex_lock(&catalog->mutex);
    const struct schema *schema = map_get(map, key);
    (void)pthread_mutex_unlock(&catalog->mutex);
    return schema;
}

const struct schema *catalog_find(struct catalog *catalog, struct bytes name)
{
    return catalog_get(catalog, catalog->names, name);
}

const struct schema *catalog_find_table(struct catalog *catalog, uint32_t table)
{
    uint8_t key[8];
    return catalog_get(catalog, catalog->tables, bytes_part(catalog_version_key(key, table, 0), 0, 4));
}

const struct schema *catalog_find_version(struct catalog *catalog, uint32_t table, uint32_t version)
{
    uint8_t key[8];
    return catalog_get(catalog, catalog->versions, catalog_version_key(key, table, version));
}

static int catalog_compare_names(const void *a, const void *b)
{
    return bytes_compare((*(const struct schema *const *)a)->name, (*(const struct schema *const *)b)->name);
}

void catalog_list(struct catalog *catalog, bool with_system,
                  void (*visit)(void *context, const struct schema *schema), void *context)
{
    (void)pthread_mutex_lock(&catalog->mutex);
    const struct schema **schemas =
        memory_create_array(map_count(catalog->names), sizeof(const struct schema *));
    size_t count = 0;
    size_t position = 0;
    struct bytes name;
    void *value = NULL;
    while (map_next(catalog->names, &position, &name, &value)) {
        const struct schema *schema = value;
        if (with_system || schema->table >= CATALOG_TABLE_FIRST) {
            schemas[count++] = schema;
        }
    }
    (void)pthread_mutex_unlock(&catalog->mutex);
    qsort(schemas, count, sizeof(const struct schema *), catalog_compare_names);
    for (size_t i = 0; i < count; i++) {
        visit(context, schemas[i]);
    }
    memory_destroy(schemas);
}

enum status catalog_reserve_name(struct catalog *catalog, struct schema *schema, struct error *error)
{
    static int mark;
    int size = (int)schema->name.size;
    const char *name = (const char *)schema->name.data;
    enum status status = schema_check(schema, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (bytes_start_with(schema->name, bytes_of_text("system."))) {
        return error_set(error, STATUS_INVALID, "names that begin with \"system.\" are the server's own");
    }
    (void)pthread_mutex_lock(&catalog->mutex);
    if (map_get(catalog->names, schema->name) != NULL || map_get(catalog->reserved, schema->name) != NULL) {
        status = error_set(error, STATUS_EXISTS, "table %.*s exists already", size, name);
    } else if (map_count(catalog->names) >= CATALOG_TABLES_MAX) {
        status = error_set(error, STATUS_TOO_LARGE, "there are %d tables, the most there can be",
                           CATALOG_TABLES_MAX);
    } else {
        (void)map_put(catalog->reserved, schema->name, &mark);
        schema->table = catalog->next_id++;
        schema->space = schema->table;
        for (size_t i = 0; i < schema->indexes_count; i++) {
            schema->indexes[i].space = catalog->next_id++;
            schema->indexes[i].state = INDEX_ACTIVE; /* there are no rows yet */
        }
        schema->generation = 1;
        schema->version = 1;
    }
    (void)pthread_mutex_unlock(&catalog->mutex);
    return status;
}

void catalog_release_name(struct catalog *catalog, struct bytes name)
{
    (void)pthread_mutex_lock(&catalog->mutex);
    (void)map_remove(catalog->reserved, name);
    (void)pthread_mutex_unlock(&catalog->mutex);
}

uint32_t catalog_next_space(struct catalog *catalog)
{
    (void)pthread_mutex_lock(&catalog->mutex);
    uint32_t space = catalog->next_id++;
    (void)pthread_mutex_unlock(&catalog->mutex);
    return space;
}

void catalog_row_encode(const struct schema *schema, bool is_dropped, struct buffer *ret_key,
                        struct buffer *ret_image)
{
    struct key_column columns[2] = {{.type = {.kind = TYPE_BIGINT}}, {.type = {.kind = TYPE_BIGINT}}};
    const struct schema own = {.partition_count = 1,
                               .partition = columns,
                               .clustering_count = 1,
                               .clustering = columns + 1};
    struct value partition = value_of_integer(schema->table);
    struct value clustering = value_of_integer(schema->version);
    CHECK(key_encode(&own, ROW_PLAIN, &partition, &clustering, 1, ret_key, NULL) == STATUS_OK);
    struct buffer encoded = {0};
    schema_encode(schema, &encoded);
    struct arena arena = {0};
    const struct value_member members[] = {
        {"name", value_of_text(schema->name)},
        {"schema", value_of_bytes(buffer_bytes(&encoded))},
        {"state", value_of_text(bytes_of_text(is_dropped ? "dropped" : "active"))},
        {"table", partition},
        {"version", clustering},
    };
    struct value map = value_of_members(&arena, members, ARRAY_COUNT(members));
    codec_value_encode(ret_image, &map);
    arena_reset(&arena);
    buffer_reset(&encoded);
}

static void catalog_skip_id(struct catalog *catalog, uint32_t id)
{
    if (id >= catalog->next_id) {
        catalog->next_id = id + 1;
    }
}

/* The caller holds the mutex. */
static void catalog_take(struct catalog *catalog, const struct schema *schema, bool is_dropped)
{
    uint8_t key[8];
    struct bytes version_key = catalog_version_key(key, schema->table, schema->version);
    catalog_skip_id(catalog, schema->table);
    catalog_skip_id(catalog, schema->space);
    for (size_t i = 0; i < schema->indexes_count; i++) {
        catalog_skip_id(catalog, schema->indexes[i].space);
    }
    struct schema *kept = map_get(catalog->versions, version_key);
    if (kept == NULL) {
        kept = arena_create(&catalog->arena, sizeof(*kept));
        *kept = *schema;
    }
    const struct schema *current = map_get(catalog->tables, bytes_part(version_key, 0, 4));
    if (is_dropped) {
        (void)map_put(catalog->versions, version_key, kept);
        if (current != NULL) {
            const struct schema *named = map_get(catalog->names, kept->name);
            if (named != NULL && named->table == kept->table) {
                (void)map_remove(catalog->names, kept->name);
            }
            (void)map_remove(catalog->tables, bytes_part(version_key, 0, 4));
        }
    } else if (current == NULL || current->version <= schema->version) {
        catalog_add(catalog, kept);
    } else {
        (void)map_put(catalog->versions, version_key, kept);
    }
}

enum status catalog_apply(struct catalog *catalog, struct bytes image, struct error *error)
{
    struct arena arena = {0};
    struct value row;
    struct schema schema;
    enum status status = codec_value_decode(image, &arena, &row, error);
    if (status == STATUS_OK) {
        const struct value *encoded = value_map_get(&row, bytes_of_text("schema"));
        const struct value *state = value_map_get(&row, bytes_of_text("state"));
        if (encoded == NULL || encoded->kind != VALUE_BYTES || state == NULL || state->kind != VALUE_TEXT) {
            status = error_set(error, STATUS_CORRUPT, "a malformed row of system.tables");
        } else {
            (void)pthread_mutex_lock(&catalog->mutex);
            status = schema_decode(encoded->bytes, &catalog->arena, &schema, error);
            if (status == STATUS_OK) {
                catalog_take(catalog, &schema, bytes_equal(state->bytes, bytes_of_text("dropped")));
            }
            (void)pthread_mutex_unlock(&catalog->mutex);
        }
    }
    arena_reset(&arena);
    return status;
}
