#include "function/function.h"

#include "base/crypto.h"
#include "codec/pack.h"
#include "function/tables.h"
#include "row/key.h"

void function_register_tables(struct catalog *catalog)
{
    static struct key_column columns[6];
    static const struct {
        uint32_t table;
        const char *name;
        const char *partition;
        const char *clustering;
    } tables[] = {
        {TABLE_FUNCTIONS, "system.functions", "name", "version"},
        {TABLE_MAPPINGS, "system.mappings", "name", NULL},
        {TABLE_CURSORS, "system.cursors", "name", NULL},
        {TABLE_PARKED, "system.parked", "mapping", "lsn"},
    };
    size_t used = 0;
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        struct schema schema = {.table = tables[i].table,
                                .name = bytes_of_text(tables[i].name),
                                .partition_count = 1,
                                .partition = &columns[used],
                                .clustering_count = tables[i].clustering == NULL ? 0 : 1,
                                .clustering = &columns[used + 1]};
        columns[used++] =
            (struct key_column){.name = bytes_of_text(tables[i].partition), .type = {.kind = TYPE_TEXT}};
        if (tables[i].clustering != NULL) {
            columns[used++] = (struct key_column){.name = bytes_of_text(tables[i].clustering),
                                                  .type = {.kind = TYPE_BIGINT}};
        }
        catalog_register_system(catalog, &schema);
    }
}

static bool function_name_is_sound(struct bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && c != '-' && c != '_') {
            return false;
        }
    }
    return name.size > 0 && name.size <= FUNCTION_NAME_BYTES_MAX;
}

enum status function_check(const struct function *function, struct error *error)
{
    size_t bytes = 0;
    if (!function_name_is_sound(function->name)) {
        return error_set(error, STATUS_INVALID,
                         "a function's name must have 1 to %d of the characters a-z, A-Z, 0-9, '-' and '_'",
                         FUNCTION_NAME_BYTES_MAX);
    }
    if (function->modules.kind != VALUE_MAP || function->modules.pairs.count > FUNCTION_MODULES_MAX ||
        value_map_get(&function->modules, bytes_of_text("main")) == NULL) {
        return error_set(error, STATUS_INVALID, "a function has 1 to %d modules, one of them named main",
                         FUNCTION_MODULES_MAX);
    }
    for (size_t i = 0; i < function->modules.pairs.count; i++) {
        const struct value *pair = &function->modules.pairs.at[2 * i];
        if (pair[0].kind != VALUE_TEXT || pair[1].kind != VALUE_TEXT) {
            return error_set(error, STATUS_INVALID, "names and sources of modules must be text");
        }
        bytes += pair[0].bytes.size + pair[1].bytes.size;
    }
    if (bytes > FUNCTION_SOURCE_BYTES_MAX) {
        return error_set(error, STATUS_TOO_LARGE, "the sources have %zu bytes; %d are allowed", bytes,
                         FUNCTION_SOURCE_BYTES_MAX);
    }
    if (function->memory_bytes < FUNCTION_MEMORY_BYTES_MIN ||
        function->memory_bytes > FUNCTION_MEMORY_BYTES_MAX || function->deadline_ms == 0 ||
        function->deadline_ms > FUNCTION_DEADLINE_MS_MAX) {
        return error_set(error, STATUS_INVALID, "memory must be %d to %d bytes, the time limit 1 to %d ms",
                         FUNCTION_MEMORY_BYTES_MIN, FUNCTION_MEMORY_BYTES_MAX, FUNCTION_DEADLINE_MS_MAX);
    }
    return STATUS_OK;
}

struct gate_change function_put(const struct function *function, int64_t now_us, struct arena *arena)
{
    const struct value_member members[] = {
        {"deadline_ms", value_of_integer(function->deadline_ms)},
        {"deployed", value_of_integer(now_us)},
        {"memory_bytes", value_of_integer((int64_t)function->memory_bytes)},
        {"modules", function->modules},
        {"name", value_of_text(function->name)},
        {"version", value_of_integer((int64_t)function->version)},
    };
    struct value *item = arena_create(arena, sizeof(*item));
    *item = value_of_members(arena, members, ARRAY_COUNT(members));
    return (struct gate_change){.kind = GATE_PUT,
                                .presence = GATE_IF_ABSENT,
                                .is_system = true,
                                .table = bytes_of_text("system.functions"),
                                .item = item};
}

/* The row of a query, copied. */
struct function_row {
    struct arena *arena;
    struct bytes image;
};

static void function_visit(void *context, const struct gate_row *row)
{
    struct function_row *found = context;
    found->image = arena_copy(found->arena, row->image);
}

enum status function_find(struct gate_view *view, struct bytes name, uint64_t version, struct arena *arena,
                          struct function *ret_function, struct error *error)
{
    struct value name_value = value_of_text(name);
    struct value version_value = value_of_integer((int64_t)version);
    struct key_term terms[] = {
        {.name = bytes_of_text("name"), .test = EXPRESSION_EQUAL, .values = {&name_value}},
        {.name = bytes_of_text("version"), .test = EXPRESSION_EQUAL, .values = {&version_value}},
    };
    struct gate_query query = {.table = bytes_of_text("system.functions"),
                               .key_terms = terms,
                               .key_terms_count = version == 0 ? 1 : 2,
                               .is_reverse = true,
                               .rows_max = 1};
    struct function_row row = {.arena = arena};
    struct gate_page page;
    struct value item;
    enum status status = gate_query(view, &query, arena, function_visit, &row, &page, NULL, error);
    if (status == STATUS_OK && row.image.size == 0) {
        return error_set(error, STATUS_NOT_FOUND, "there is no function %.*s%s",
                         (int)(name.size < FUNCTION_NAME_BYTES_MAX ? name.size : FUNCTION_NAME_BYTES_MAX),
                         (const char *)name.data, version == 0 ? "" : " of that version");
    }
    if (status == STATUS_OK) {
        status = codec_value_decode(row.image, arena, &item, error);
    }
    const struct value *modules = status == STATUS_OK ? value_map_get(&item, bytes_of_text("modules")) : NULL;
    if (status == STATUS_OK && modules == NULL) {
        status = error_set(error, STATUS_CORRUPT, "a malformed row of system.functions");
    }
    if (status == STATUS_OK && modules != NULL) {
        *ret_function = (struct function){.name = arena_copy(arena, name),
                                          .version = (uint64_t)value_map_integer(&item, "version"),
                                          .identity = crypto_hash64(name, row.image),
                                          .modules = *modules,
                                          .memory_bytes = (uint64_t)value_map_integer(&item, "memory_bytes"),
                                          .deadline_ms = (uint32_t)value_map_integer(&item, "deadline_ms")};
    }
    return status;
}

struct pool_function function_for_pool(const struct function *function)
{
    return (struct pool_function){.name = function->name,
                                  .version = function->identity,
                                  .modules = &function->modules,
                                  .memory_bytes = function->memory_bytes,
                                  .deadline_ms = function->deadline_ms};
}
