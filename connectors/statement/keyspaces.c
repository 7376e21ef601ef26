#include "keyspaces.h"

#include <stdlib.h>

#include "catalog/catalog.h"
#include "codec/pack.h"
#include "statement/tables.h"
#include "value/type_text.h"

void cql_register_tables(struct catalog *catalog)
{
    static struct key_column columns[3];
    columns[0] = (struct key_column){.name = bytes_of_text("keyspace"), .type = {.kind = TYPE_TEXT}};
    columns[1] = (struct key_column){.name = bytes_of_text("name"), .type = {.kind = TYPE_TEXT}};
    columns[2] = (struct key_column){.name = bytes_of_text("types"), .type = {.kind = TYPE_TEXT}};
    struct schema keyspaces = {.table = TABLE_CQL_KEYSPACES,
                               .name = bytes_of_text(CQL_TABLE_KEYSPACES),
                               .partition_count = 1,
                               .partition = columns};
    struct schema types = {.table = TABLE_CQL_TYPES,
                           .name = bytes_of_text(CQL_TABLE_TYPES),
                           .partition_count = 1,
                           .partition = columns,
                           .clustering_count = 1,
                           .clustering = columns + 1};
    catalog_register_system(catalog, &keyspaces);
    struct schema functions = types;
    functions.table = TABLE_CQL_FUNCTIONS;
    functions.name = bytes_of_text(CQL_TABLE_FUNCTIONS);
    functions.clustering_count = 2;
    struct schema aggregates = functions;
    aggregates.table = TABLE_CQL_AGGREGATES;
    aggregates.name = bytes_of_text(CQL_TABLE_AGGREGATES);
    catalog_register_system(catalog, &types);
    catalog_register_system(catalog, &functions);
    catalog_register_system(catalog, &aggregates);
}

static void keyspace_options(const struct value *item, struct keyspace_options *ret_options)
{
    const struct value *replication = value_map_get(item, bytes_of_text("replication"));
    const struct value *durable = value_map_get(item, bytes_of_text("durable_writes"));
    *ret_options =
        (struct keyspace_options){.replication =
                                      replication == NULL ? (struct value){.kind = VALUE_MAP} : *replication,
                                  .durable_writes =
                                      durable == NULL || durable->kind != VALUE_BOOLEAN || durable->boolean};
}

/* A row of a system table; the image is copied to the call's arena. */
static enum status keyspaces_get(struct exec_call *call, const char *table, const struct value_member *key,
                                 size_t count, struct value *ret_item)
{
    struct bytes image = {0};
    struct error error;
    struct value map = value_of_members(call->arena, key, count);
    enum status status =
        gate_get(call->exec->view, bytes_of_text(table), &map, 0, call->arena, NULL, &image, &error);
    return status == STATUS_OK
               ? codec_value_decode(arena_copy(call->arena, image), call->arena, ret_item, &error)
               : status;
}

enum status statement__keyspace_find(struct exec_call *call, struct bytes name,
                                     struct keyspace_options *ret_options)
{
    struct value item;
    const struct value_member key[] = {{"keyspace", value_of_text(name)}};
    if (name.size == 0) {
        return STATUS_NOT_FOUND;
    }
    enum status status = keyspaces_get(call, CQL_TABLE_KEYSPACES, key, 1, &item);
    if (status == STATUS_OK) {
        keyspace_options(&item, ret_options);
    }
    return status;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

struct keyspaces_list {
    struct exec_call *call;
    struct value *items;
    size_t count;
};

static void list_row(void *context, const struct gate_row *row)
{
    struct keyspaces_list *list = context;
    struct arena *arena = list->call->arena;
    struct value *grown = arena_create_array(arena, list->count + 1, sizeof(*grown));
    if (list->count > 0) {
        memcpy(grown, list->items, list->count * sizeof(*grown));
    }
    list->items = grown;
    if (codec_value_decode(arena_copy(arena, row->image), arena, &grown[list->count], NULL) == STATUS_OK) {
        list->count++;
    }
}

static enum status keyspaces_rows(struct exec_call *call, struct gate_query *query,
                                  struct keyspaces_list *list)
{
    struct error error;
    enum status status = STATUS_OK;
    do {
        struct gate_page page;
        status = gate_query(call->exec->view, query, call->arena, list_row, list, &page, NULL, &error);
        query->next = page.next;
    } while (status == STATUS_OK && query->next.size > 0);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

static int item_compare(const void *a, const void *b)
{
    return bytes_compare(value_map_text(a, "keyspace"), value_map_text(b, "keyspace"));
}

enum status statement__keyspaces_list(struct exec_call *call,
                                      void (*visit)(void *context, struct bytes name,
                                                    const struct keyspace_options *options),
                                      void *context)
{
    struct keyspaces_list list = {.call = call};
    struct gate_query query = {.table = bytes_of_text(CQL_TABLE_KEYSPACES)};
    enum status status = keyspaces_rows(call, &query, &list);
    if (list.count > 1) {
        qsort(list.items, list.count, sizeof(*list.items), item_compare);
    }
    for (size_t i = 0; i < list.count && status == STATUS_OK; i++) {
        struct keyspace_options options;
        keyspace_options(&list.items[i], &options);
        visit(context, value_map_text(&list.items[i], "keyspace"), &options);
    }
    return status;
}

/* --- types -------------------------------------------------------------------------------------------------------- */

static enum status type_resolve(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                                struct type *ret_type, struct error *error)
{
    struct exec_call *call = context;
    (void)arena;
    enum status status =
        statement__type_find(call, keyspace.size > 0 ? keyspace : call->type_keyspace, name, ret_type);
    return status == STATUS_OK
               ? status
               : error_set(error, STATUS_INVALID, "Unknown type %.*s.%.*s",
                           (int)(keyspace.size > 0 ? keyspace : call->type_keyspace).size,
                           (const char *)(keyspace.size > 0 ? keyspace : call->type_keyspace).data,
                           (int)name.size, (const char *)name.data);
}

enum status statement__type_named(struct exec_call *call, struct bytes text, struct bytes keyspace,
                                  struct type *ret_type, struct error *error)
{
    struct bytes before = call->type_keyspace;
    const struct type_names names = {.resolve = type_resolve, .context = call};
    call->type_keyspace = keyspace;
    enum status status = type_parse(text, &names, call->arena, ret_type, error);
    call->type_keyspace = before;
    return status;
}

/* NOLINTBEGIN(misc-no-recursion): a type's fields are types that were there before it, and types have bounds */
static enum status type_of_item(struct exec_call *call, const struct value *item, struct type *ret_type)
{
    const struct value *fields = value_map_get(item, bytes_of_text("fields"));
    struct bytes keyspace = value_map_text(item, "keyspace");
    size_t count = fields == NULL ? 0 : fields->items.count;
    struct type *types = arena_create_array(call->arena, count, sizeof(*types));
    struct bytes *names = arena_create_array(call->arena, count, sizeof(*names));
    struct type_udt *udt = arena_create(call->arena, sizeof(*udt));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct value *field = &fields->items.at[i];
        struct error error;
        names[i] = field->items.at[0].bytes;
        status = statement__type_named(call, field->items.at[1].bytes, keyspace, &types[i], &error);
    }
    *udt = (struct type_udt){.keyspace = keyspace, .name = value_map_text(item, "name"), .fields = names};
    *ret_type = (struct type){.kind = TYPE_UDT, .count = count, .parameters = types, .udt = udt};
    return status;
}

enum status statement__type_find(struct exec_call *call, struct bytes keyspace, struct bytes name,
                                 struct type *ret_type)
{
    struct value item;
    const struct value_member key[] = {{"keyspace", value_of_text(keyspace)}, {"name", value_of_text(name)}};
    if (keyspace.size == 0 || name.size == 0) {
        return STATUS_NOT_FOUND;
    }
    enum status status = keyspaces_get(call, CQL_TABLE_TYPES, key, 2, &item);
    return status == STATUS_OK ? type_of_item(call, &item, ret_type) : status;
}

/* NOLINTEND(misc-no-recursion) */

enum status statement__types_list(struct exec_call *call, struct bytes keyspace,
                                  void (*visit)(void *context, const struct type *type), void *context)
{
    struct keyspaces_list list = {.call = call};
    struct value partition = value_of_text(keyspace);
    struct key_term term = {.name = bytes_of_text("keyspace"),
                            .test = EXPRESSION_EQUAL,
                            .values = {&partition}};
    struct gate_query query = {.table = bytes_of_text(CQL_TABLE_TYPES),
                               .key_terms = &term,
                               .key_terms_count = 1};
    enum status status = keyspaces_rows(call, &query, &list);
    for (size_t i = 0; i < list.count && status == STATUS_OK; i++) {
        struct type type;
        status = type_of_item(call, &list.items[i], &type);
        if (status == STATUS_OK) {
            visit(context, &type);
        }
    }
    return status;
}
