/* What there is, described from the catalog and the roles, for system tables and DESCRIBE. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "authorize.h"
#include "documents.h"
#include "index.h"
#include "keyspaces.h"
#include "options.h"
#include "select.h"
#include "trace.h"
#include "user_function.h"
#include "value/type_text.h"
#include "views.h"

/* --- describing ------------------------------------------------------------------------------------------------------- */

struct describe {
    struct exec_call *call;
    struct described described;
    struct described_keyspace
        *keyspaces; /* these, and their tables, grow: others come while they are listed */
};

static struct bytes describe_type(struct exec_call *call, const struct type *type)
{
    struct buffer text = {0};
    type_format(type, &text);
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static struct described_pairs describe_pairs(struct exec_call *call, const struct value *map)
{
    struct described_pair *pairs = NULL;
    size_t count = 0;
    if (map == NULL || map->kind != VALUE_MAP) {
        return (struct described_pairs){0};
    }
    pairs = arena_create_array(call->arena, map->pairs.count, sizeof(*pairs));
    for (size_t i = 0; i < map->pairs.count; i++) {
        const struct value *name = &map->pairs.at[2 * i];
        if (name->kind == VALUE_TEXT && name[1].kind == VALUE_TEXT) {
            pairs[count++] = (struct described_pair){.name = name->bytes, .value = name[1].bytes};
        }
    }
    return (struct described_pairs){.at = pairs, .count = count};
}

static void add_keyspace(struct describe *describe, struct described_keyspace keyspace)
{
    size_t count = describe->described.keyspaces_count;
    describe->keyspaces =
        arena_grow_array(describe->call->arena, describe->keyspaces, count, sizeof(*describe->keyspaces));
    describe->keyspaces[count] = keyspace;
    describe->described.keyspaces_count++;
}

static void describe_keyspace(void *context, struct bytes name, const struct keyspace_options *options)
{
    struct describe *describe = context;
    add_keyspace(describe, (struct described_keyspace){.name = arena_copy(describe->call->arena, name),
                                                       .replication = describe_pairs(describe->call,
                                                                                     &options->replication),
                                                       .is_durable = options->durable_writes});
}

/* --- tables ----------------------------------------------------------------------------------------------------------- */

static double option_number(struct bytes text)
{
    char copy[64] = {0};
    memcpy(copy, text.data, text.size < sizeof(copy) ? text.size : sizeof(copy) - 1);
    return strtod(copy, NULL);
}

static void describe_text(const struct value *options, const char *name, struct bytes *ret_text)
{
    struct bytes text = value_map_text(options, name);
    *ret_text = text.size > 0 ? text : *ret_text;
}

static void describe_number(const struct value *options, const char *name, double *ret_number)
{
    struct bytes text = value_map_text(options, name);
    *ret_number = text.size > 0 ? option_number(text) : *ret_number;
}

static void describe_integer(const struct value *options, const char *name, int *ret_number)
{
    struct bytes text = value_map_text(options, name);
    *ret_number = text.size > 0 ? (int)option_number(text) : *ret_number;
}

static void describe_map(struct exec_call *call, const struct value *options, const char *name,
                         struct described_pairs *ret_pairs)
{
    const struct value *map = value_map_get(options, bytes_of_text(name));
    if (map != NULL) {
        *ret_pairs = describe_pairs(call, map);
    }
}

static void describe_options(struct exec_call *call, const struct value *options,
                             struct described_options *described)
{
    struct bytes cdc = value_map_text(options, "cdc");
    describe_text(options, "additional_write_policy", &described->additional_write_policy);
    describe_text(options, "comment", &described->comment);
    describe_text(options, "memtable", &described->memtable);
    describe_text(options, "read_repair", &described->read_repair);
    describe_text(options, "speculative_retry", &described->speculative_retry);
    describe_map(call, options, "caching", &described->caching);
    describe_map(call, options, "compaction", &described->compaction);
    describe_map(call, options, "compression", &described->compression);
    describe_map(call, options, "extensions", &described->extensions);
    describe_number(options, "bloom_filter_fp_chance", &described->bloom_filter_fp_chance);
    describe_number(options, "crc_check_chance", &described->crc_check_chance);
    describe_number(options, "dclocal_read_repair_chance", &described->dclocal_read_repair_chance);
    describe_number(options, "read_repair_chance", &described->read_repair_chance);
    describe_integer(options, "default_time_to_live", &described->default_time_to_live_s);
    describe_integer(options, "max_index_interval", &described->max_index_interval);
    describe_integer(options, "min_index_interval", &described->min_index_interval);
    describe_integer(options, "memtable_flush_period_in_ms", &described->memtable_flush_period_ms);
    described->has_cdc = cdc.size > 0;
    described->cdc = bytes_equal(cdc, bytes_of_text("true"));
}

static void describe_columns(struct exec_call *call, const struct schema *schema,
                             struct described_table *table)
{
    size_t keys = schema->partition_count + schema->clustering_count;
    struct described_column *columns =
        arena_create_array(call->arena, keys + schema->columns_count, sizeof(*columns));
    for (size_t i = 0; i < keys; i++) {
        bool is_partition = i < schema->partition_count;
        size_t position = is_partition ? i : i - schema->partition_count;
        const struct key_column *key =
            is_partition ? &schema->partition[position] : &schema->clustering[position];
        columns[i] =
            (struct described_column){.name = key->name,
                                      .type = describe_type(call, &key->type),
                                      .kind = is_partition ? DESCRIBED_PARTITION_KEY : DESCRIBED_CLUSTERING,
                                      .position = (int)position,
                                      .is_descending = key->is_descending};
    }
    for (size_t i = 0; i < schema->columns_count; i++) {
        const struct column *column = &schema->columns[i];
        columns[keys + i] =
            (struct described_column){.name = column->name,
                                      .type = describe_type(call, &column->type),
                                      .kind = column->is_static ? DESCRIBED_STATIC : DESCRIBED_REGULAR};
    }
    table->columns = columns;
    table->columns_count = keys + schema->columns_count;
}

static void describe_dropped(struct exec_call *call, const struct value *map, struct described_table *table)
{
    struct described_dropped_column *dropped =
        arena_create_array(call->arena, map->pairs.count, sizeof(*dropped));
    for (size_t i = 0; i < map->pairs.count; i++) {
        const struct value *facts = &map->pairs.at[2 * i + 1];
        if (facts->kind != VALUE_LIST || facts->items.count < 3) {
            continue;
        }
        dropped[table->dropped_count++] =
            (struct described_dropped_column){.name = map->pairs.at[2 * i].bytes,
                                              .type = facts->items.at[0].bytes,
                                              .kind = facts->items.at[2].boolean ? DESCRIBED_STATIC
                                                                                 : DESCRIBED_REGULAR,
                                              .dropped_ms = facts->items.at[1].integer / 1000};
    }
    table->dropped = dropped;
}

static bool schema_counts(const struct schema *schema)
{
    for (size_t i = 0; i < schema->columns_count; i++) {
        if (schema->columns[i].type.kind == TYPE_COUNTER) {
            return true;
        }
    }
    return false;
}

/* What an index is of, as Cassandra tells it: the column's name, quoted where it must be. */
static void describe_indexes(struct exec_call *call, const struct schema *schema,
                             struct described_table *table)
{
    struct described_index *indexes =
        arena_create_array(call->arena, schema->indexes_count, sizeof(*indexes));
    for (size_t i = 0; i < schema->indexes_count; i++) {
        const struct index_schema *index = &schema->indexes[i];
        if (statement__view_is(index)) {
            continue;
        }
        struct bytes class_name = statement__index_class(index, call->arena);
        struct value told = statement__index_options(index, call->arena);
        struct described_pairs more = describe_pairs(call, &told);
        struct described_pair *options = arena_create_array(call->arena, 2 + more.count, sizeof(*options));
        for (size_t k = 0; k < more.count; k++) {
            options[2 + k] = more.at[k];
        }
        options[0] =
            (struct described_pair){bytes_of_text("target"), statement__index_target(index, call->arena)};
        options[1] = (struct described_pair){bytes_of_text("class_name"), class_name};
        indexes[table->indexes_count++] = (struct described_index){
            .name = index->name,
            .kind = bytes_of_text(class_name.size > 0 ? "CUSTOM" : "COMPOSITES"),
            .options = {.at = options, .count = class_name.size > 0 ? 2 + more.count : 1},
        };
    }
    table->indexes = indexes;
}

/* A compact table without clustering columns is told as one that is not: its columns are, too. */
static void describe_flags(struct exec_call *call, const struct schema *schema, struct described_table *table)
{
    struct bytes *flags = arena_create_array(call->arena, 3, sizeof(*flags));
    bool is_dense = table->is_compact && schema->clustering_count > 0;
    table->flags.at = flags;
    if (!is_dense || schema->clustering_count > 1) {
        flags[table->flags.count++] = bytes_of_text("compound");
    }
    if (schema_counts(schema)) {
        flags[table->flags.count++] = bytes_of_text("counter");
    }
    if (is_dense) {
        flags[table->flags.count++] = bytes_of_text("dense");
    }
}

static void describe_table(struct exec_call *call, const struct schema *schema, struct bytes name,
                           struct described_table *table)
{
    struct cql_options options;
    statement__options_decode(schema->properties, call->arena, &options);
    *table = (struct described_table){.name = name, .is_compact = options.is_compact};
    describe_flags(call, schema, table);
    if (options.id.size == sizeof(table->id)) {
        memcpy(table->id, options.id.data, sizeof(table->id));
    }
    statement__described_options_init(&table->options);
    describe_options(call, &options.options, &table->options);
    table->options.gc_grace_s = (int)schema->gc_grace_seconds;
    describe_columns(call, schema, table);
    describe_dropped(call, &options.dropped, table);
    describe_indexes(call, schema, table);
    (void)!gate_totals(call->exec->view, schema->space, &table->rows, &table->bytes,
                       NULL); /* 0: it cannot tell */
}

static void describe_view(struct exec_call *call, const struct schema *schema,
                          const struct index_schema *index, const struct described_table *base,
                          struct described_table *table)
{
    struct view view;
    statement__view_decode(index, call->arena, &view);
    *table = (struct described_table){.name = view.name,
                                      .base_name = base->name,
                                      .where_clause = view.where,
                                      .includes_all_columns = view.columns.items.count == 0};
    if (view.options.id.size == sizeof(table->id)) {
        memcpy(table->id, view.options.id.data, sizeof(table->id));
    }
    memcpy(table->base_id, base->id, sizeof(table->base_id));
    table->status = bytes_of_text(index->state == INDEX_CREATING ? "CREATING" : "");
    statement__described_options_init(&table->options);
    describe_options(call, &view.options.options, &table->options);
    table->options.gc_grace_s = (int)view.gc_grace_seconds;
    describe_columns(call, statement__view_schema(schema, index, &view, call->arena), table);
    (void)!gate_totals(call->exec->view, index->space, &table->rows, &table->bytes,
                       NULL); /* 0: it cannot tell */
}

/* One more at the end of a list. */
static struct described_table *add_described(struct exec_call *call, const struct described_table **tables,
                                             size_t *count)
{
    struct described_table *grown =
        arena_grow_array(call->arena, (struct described_table *)(uintptr_t)*tables, *count, sizeof(*grown));
    *tables = grown;
    return &grown[(*count)++];
}

static void describe_views(struct exec_call *call, const struct schema *schema,
                           const struct described_table *base, struct described_keyspace *keyspace)
{
    for (size_t i = 0; i < schema->indexes_count; i++) {
        if (statement__view_is_of(&schema->indexes[i], schema)) {
            struct described_table *view = add_described(call, &keyspace->views, &keyspace->views_count);
            describe_view(call, schema, &schema->indexes[i], base, view);
        }
    }
}

/* A table of documents: its id is made of the catalog's. */
static void describe_documents(struct exec_call *call, const struct schema *stored,
                               struct described_table *table)
{
    const struct schema *schema = statement__document_schema(stored, call->arena);
    struct buffer id = {0};
    describe_table(call, schema, stored->name, table);
    table->options.comment = bytes_of_text("Documents, read-only: \"item\" is the whole item as JSON");
    buffer_put_u64(&id, 0x6f78626f77004000); /* a UUID of version 4 by its form */
    buffer_put_u32(&id, 0x80000000);
    buffer_put_u32(&id, stored->table);
    memcpy(table->id, id.data, sizeof(table->id));
    buffer_reset(&id);
}

static struct described_keyspace *find_keyspace(struct describe *describe, struct bytes name)
{
    for (size_t i = 0; i < describe->described.keyspaces_count; i++) {
        if (bytes_equal(describe->keyspaces[i].name, name)) {
            return &describe->keyspaces[i];
        }
    }
    return NULL;
}

/* The keyspace that a table's full name begins with; NULL: it is none of this door's. */
static struct described_keyspace *keyspace_of(struct describe *describe, const struct schema *schema,
                                              struct bytes *ret_name)
{
    const uint8_t *dot = bytes_find_byte(schema->name, '.');
    if (statement__document_is_shown(schema)) {
        *ret_name = schema->name;
        return find_keyspace(describe, statement__documents_keyspace());
    }
    if (schema->kind != TABLE_WIDE || dot == NULL) {
        return NULL;
    }
    size_t size = (size_t)(dot - schema->name.data);
    *ret_name = bytes_from(schema->name, size + 1);
    return find_keyspace(describe, bytes_part(schema->name, 0, size));
}

static void add_table(void *context, const struct schema *schema)
{
    struct bytes name = {0};
    struct describe *describe = context;
    struct described_keyspace *keyspace = keyspace_of(describe, schema, &name);
    if (keyspace != NULL) {
        struct described_table *table =
            add_described(describe->call, &keyspace->tables, &keyspace->tables_count);
        if (schema->kind == TABLE_DOCUMENT) {
            describe_documents(describe->call, schema, table);
            return;
        }
        describe_table(describe->call, schema, name, table);
        describe_views(describe->call, schema, table, keyspace);
    }
}

/* --- types ------------------------------------------------------------------------------------------------------------ */

struct describe_types {
    struct exec_call *call;
    struct described_type *types;
    size_t count;
};

static void describe_udt(void *context, const struct type *type)
{
    struct describe_types *list = context;
    struct arena *arena = list->call->arena;
    struct described_type *grown = arena_create_array(arena, list->count + 1, sizeof(*grown));
    struct bytes *types = arena_create_array(arena, type->count, sizeof(*types));
    for (size_t i = 0; i < list->count; i++) {
        grown[i] = list->types[i];
    }
    for (size_t i = 0; i < type->count; i++) {
        types[i] = describe_type(list->call, &type->parameters[i]);
    }
    grown[list->count++] =
        (struct described_type){.name = type->udt->name,
                                .field_names = {.at = type->udt->fields, .count = type->count},
                                .field_types = {.at = types, .count = type->count}};
    list->types = grown;
}

static enum status describe_types(struct describe *describe)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < describe->described.keyspaces_count && status == STATUS_OK; i++) {
        struct described_keyspace *keyspace = &describe->keyspaces[i];
        struct describe_types list = {.call = describe->call};
        status = statement__types_list(describe->call, keyspace->name, describe_udt, &list);
        keyspace->types = list.types;
        keyspace->types_count = list.count;
    }
    return status;
}

/* --- functions -------------------------------------------------------------------------------------------------------- */

struct describe_functions {
    struct exec_call *call;
    struct described_function *functions;
    size_t functions_count;
    struct described_aggregate *aggregates;
    size_t aggregates_count;
};

static void describe_aggregate(struct describe_functions *list, const struct user_function *user)
{
    struct arena *arena = list->call->arena;
    struct described_aggregate *grown = arena_create_array(arena, list->aggregates_count + 1, sizeof(*grown));
    for (size_t i = 0; i < list->aggregates_count; i++) {
        grown[i] = list->aggregates[i];
    }
    grown[list->aggregates_count++] =
        (struct described_aggregate){.name = user->name,
                                     .argument_types = {.at = user->argument_types, .count = user->count},
                                     .final_function = user->final_function,
                                     .initial_condition = user->initial_text,
                                     .return_type = user->returns_text,
                                     .state_function = user->state_function,
                                     .state_type = user->state_type_text};
    list->aggregates = grown;
}

static void describe_user_function(void *context, const struct user_function *user)
{
    struct describe_functions *list = context;
    struct arena *arena = list->call->arena;
    if (user->is_aggregate) {
        describe_aggregate(list, user);
        return;
    }
    struct described_function *grown = arena_create_array(arena, list->functions_count + 1, sizeof(*grown));
    for (size_t i = 0; i < list->functions_count; i++) {
        grown[i] = list->functions[i];
    }
    grown[list->functions_count++] =
        (struct described_function){.name = user->name,
                                    .argument_types = {.at = user->argument_types, .count = user->count},
                                    .argument_names = {.at = user->argument_names, .count = user->count},
                                    .body = user->body,
                                    .language = bytes_of_text("lua"),
                                    .return_type = user->returns_text,
                                    .is_called_on_null = user->is_called_on_null};
    list->functions = grown;
}

static enum status describe_functions(struct describe *describe)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < describe->described.keyspaces_count && status == STATUS_OK; i++) {
        struct described_keyspace *keyspace = &describe->keyspaces[i];
        struct describe_functions list = {.call = describe->call};
        for (int k = 0; k < 2 && status == STATUS_OK; k++) {
            status = statement__user_functions_list(describe->call, keyspace->name, (struct bytes){0}, k == 1,
                                                    describe_user_function, &list);
        }
        keyspace->functions = list.functions;
        keyspace->functions_count = list.functions_count;
        keyspace->aggregates = list.aggregates;
        keyspace->aggregates_count = list.aggregates_count;
    }
    return status;
}

/* Where clients are told to connect to: where this one did, unless the door was told otherwise. */
static void describe_address(struct exec_call *call, struct described_node *node)
{
    uint8_t *host = arena_create(call->arena, sizeof(struct in6_addr));
    const char *broadcast = cql_request_broadcast(call->request);
    const char *colon = broadcast == NULL ? NULL : strrchr(broadcast, ':');
    if (colon == NULL) {
        return;
    }
    const char *address = arena_copy_text(call->arena, bytes_of(broadcast, (size_t)(colon - broadcast)));
    bool is_v4 = inet_pton(AF_INET, address, host) == 1;
    if (is_v4 || inet_pton(AF_INET6, address, host) == 1) {
        node->rpc_address = bytes_of(host, is_v4 ? sizeof(struct in_addr) : sizeof(struct in6_addr));
        node->broadcast_address = node->rpc_address;
        node->rpc_port = (int)strtol(colon + 1, NULL, 10);
    }
}

static void describe_node(struct exec_call *call, struct described_node *node)
{
    const struct stream_address *local = &call->request->local;
    struct bytes address = arena_copy(call->arena, bytes_of(local->host, local->host_bytes));
    *node = (struct described_node){.cluster_name = bytes_of_text("Oxbow"),
                                    .broadcast_address = address,
                                    .listen_address = address,
                                    .rpc_address = address,
                                    .broadcast_port = 7000,
                                    .listen_port = 7000,
                                    .rpc_port = local->port,
                                    .generation = (int)call->exec->node->started_s};
    describe_address(call, node);
    memcpy(node->host_id, call->exec->host_id, sizeof(node->host_id));
    exec_schema_version(call->exec, node->schema_version);
}

/* --- roles ------------------------------------------------------------------------------------------------------------ */

static struct described_texts permission_texts(struct arena *arena, uint32_t permissions)
{
    struct bytes *texts = arena_create_array(arena, ROLE_PERMISSIONS, sizeof(*texts));
    size_t count = 0;
    for (int i = 0; i < ROLE_PERMISSIONS; i++) {
        if ((permissions & ROLE_BIT(i)) != 0) {
            texts[count++] = bytes_of_text(role_permission_name((enum role_permission)i));
        }
    }
    return (struct described_texts){.at = texts, .count = count};
}

/* Who is a member of what. */
struct membership {
    struct bytes role;
    struct bytes member;
};

static int compare_memberships(const void *a, const void *b)
{
    const struct membership *left = a;
    const struct membership *right = b;
    int order = bytes_compare(left->role, right->role);
    return order != 0 ? order : bytes_compare(left->member, right->member);
}

/* The members of each role: both come by name. */
static void describe_members(struct arena *arena, const struct role *roles, struct described_role *list,
                             size_t count)
{
    size_t pairs = 0;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        pairs += roles[i].member_of_count;
    }
    struct membership *memberships = arena_create_array(arena, pairs, sizeof(*memberships));
    struct bytes *members = arena_create_array(arena, pairs, sizeof(*members));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < roles[i].member_of_count; k++) {
            memberships[at++] = (struct membership){.role = roles[i].member_of[k], .member = roles[i].name};
        }
    }
    if (pairs > 0) {
        qsort(memberships, pairs, sizeof(*memberships), compare_memberships);
    }
    at = 0;
    for (size_t i = 0; i < count; i++) {
        for (; at < pairs && bytes_compare(memberships[at].role, list[i].name) < 0; at++) {
            continue; /* of a role that is gone */
        }
        size_t first = at;
        for (; at < pairs && bytes_equal(memberships[at].role, list[i].name); at++) {
            members[at] = memberships[at].member;
        }
        list[i].members = (struct described_texts){.at = members + first, .count = at - first};
    }
}

/* Hashes of passwords are a superuser's business only. */
static void describe_roles(struct exec_call *call, struct described *described)
{
    size_t count = 0;
    bool shows_hashes = statement__is_superuser(call);
    const struct role *roles = role_list(call->exec->node->roles, call->arena, &count);
    struct described_role *list = arena_create_array(call->arena, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        const struct role *role = &roles[i];
        list[i] = (struct described_role){
            .name = role->name,
            .can_login = role->can_login,
            .is_superuser = role->is_superuser,
            .member_of = {.at = role->member_of, .count = role->member_of_count},
            .datacenters = {.at = role->datacenters, .count = role->datacenters_count},
            .salted_hash = shows_hashes ? role->hash : (struct bytes){0},
        };
    }
    describe_members(call->arena, roles, list, count);
    described->roles = list;
    described->roles_count = count;
}

static void describe_grants(struct exec_call *call, struct described *described)
{
    size_t count = 0;
    const struct role_grant *grants = role_grants(call->exec->node->roles, call->arena, &count);
    struct described_grant *list = arena_create_array(call->arena, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] =
            (struct described_grant){.role = grants[i].role,
                                     .resource = grants[i].resource,
                                     .permissions = permission_texts(call->arena, grants[i].permissions)};
    }
    described->grants = list;
    described->grants_count = count;
}

static void describe_documents_keyspace(struct describe *describe)
{
    static const struct described_pair replication[] = {
        {{(const uint8_t *)"class", 5}, {(const uint8_t *)"org.apache.cassandra.locator.LocalStrategy", 42}}};
    add_keyspace(describe, (struct described_keyspace){.name = statement__documents_keyspace(),
                                                       .replication = {.at = replication, .count = 1},
                                                       .is_durable = true});
}

static enum status describe_all(struct describe *describe)
{
    struct exec_call *call = describe->call;
    enum status status = statement__keyspaces_list(call, describe_keyspace, describe);
    if (status == STATUS_OK) {
        describe_documents_keyspace(describe);
        gate_table_list(call->exec->gate, false, add_table, describe);
        status = describe_types(describe);
    }
    if (status == STATUS_OK) {
        status = describe_functions(describe);
    }
    describe->described.keyspaces = describe->keyspaces;
    return status;
}

void statement__describe_node(struct exec_call *call, struct described *described)
{
    describe_node(call, &described->node);
    described->traces =
        statement__traces_list(call->exec->node->traces, call->arena, &described->traces_count);
}

enum status statement__describe_catalog(struct exec_call *call, const struct described **ret_described)
{
    struct describe *describe = arena_create(call->arena, sizeof(*describe));
    describe->call = call;
    *ret_described = &describe->described;
    statement__describe_node(call, &describe->described);
    return describe_all(describe);
}

void statement__describe_roles(struct exec_call *call, struct described *described)
{
    describe_roles(call, described);
    describe_grants(call, described);
}
