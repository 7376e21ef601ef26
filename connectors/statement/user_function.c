#include "user_function.h"

#include "codec/pack.h"
#include "keyspaces.h"
#include "statement/tables.h"
#include "value/type_text.h"

/* --- types ---------------------------------------------------------------------------------------------------------- */

struct bytes statement__user_type_text(struct exec_call *call, const struct type *type)
{
    struct buffer text = {0};
    struct type thawed = *type;
    thawed.is_frozen = false;
    type_format(&thawed, &text);
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

struct bytes statement__user_types_text(struct exec_call *call, const struct type *types, size_t count)
{
    struct buffer text = {0};
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(&text, i == 0 ? "" : ", ");
        buffer_put(&text, statement__user_type_text(call, &types[i]));
    }
    struct bytes copy = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

/* --- rows ----------------------------------------------------------------------------------------------------------- */

static const char *table_of(bool is_aggregate)
{
    return is_aggregate ? CQL_TABLE_AGGREGATES : CQL_TABLE_FUNCTIONS;
}

static struct value list_of_texts(struct exec_call *call, const struct bytes *texts, size_t count)
{
    struct value list = {.kind = VALUE_LIST, .items = {.count = count}};
    list.items.at = arena_create_array(call->arena, count, sizeof(*list.items.at));
    for (size_t i = 0; i < count; i++) {
        list.items.at[i] = value_of_text(texts[i]);
    }
    return list;
}

static struct value function_item(struct exec_call *call, const struct user_function *function)
{
    const struct value_member members[] = {
        {"argument_names", list_of_texts(call, function->argument_names, function->count)},
        {"argument_types", list_of_texts(call, function->argument_types, function->count)},
        {"body", value_of_text(function->body)},
        {"called_on_null", value_of_boolean(function->is_called_on_null)},
        {"keyspace", value_of_text(function->keyspace)},
        {"name", value_of_text(function->name)},
        {"returns", value_of_text(function->returns_text)},
        {"types", value_of_text(function->types)},
    };
    return value_of_members(call->arena, members, ARRAY_COUNT(members));
}

static struct value aggregate_item(struct exec_call *call, const struct user_function *function)
{
    struct value_member members[10] = {
        {"argument_types", list_of_texts(call, function->argument_types, function->count)},
        {"final_function", value_of_text(function->final_function)},
        {"keyspace", value_of_text(function->keyspace)},
        {"name", value_of_text(function->name)},
        {"returns", value_of_text(function->returns_text)},
        {"state_function", value_of_text(function->state_function)},
        {"state_type", value_of_text(function->state_type_text)},
        {"types", value_of_text(function->types)},
    };
    size_t count = 8;
    if (function->has_initial) {
        members[count++] = (struct value_member){"initial", value_of_bytes(function->initial)};
        members[count++] = (struct value_member){"initial_text", value_of_text(function->initial_text)};
    }
    return value_of_members(call->arena, members, count);
}

struct gate_change statement__user_function_change(struct exec_call *call, enum gate_change_kind kind,
                                                   const struct user_function *function)
{
    struct value *item = arena_create(call->arena, sizeof(*item));
    const struct value_member key[] = {{"keyspace", value_of_text(function->keyspace)},
                                       {"name", value_of_text(function->name)},
                                       {"types", value_of_text(function->types)}};
    if (kind == GATE_DELETE) {
        *item = value_of_members(call->arena, key, ARRAY_COUNT(key));
    } else {
        *item = function->is_aggregate ? aggregate_item(call, function) : function_item(call, function);
    }
    return (struct gate_change){.kind = kind,
                                .is_system = true,
                                .table = bytes_of_text(table_of(function->is_aggregate)),
                                .item = item};
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static const struct bytes *texts_of(struct exec_call *call, const struct value *item, const char *name,
                                    size_t *ret_count)
{
    const struct value *list = value_map_get(item, bytes_of_text(name));
    size_t count = list == NULL || list->kind != VALUE_LIST ? 0 : list->items.count;
    struct bytes *texts = arena_create_array(call->arena, count, sizeof(*texts));
    for (size_t i = 0; i < count; i++) {
        texts[i] = list->items.at[i].bytes;
    }
    *ret_count = count;
    return texts;
}

static enum status type_of(struct exec_call *call, const struct user_function *function, struct bytes text,
                           struct type *ret_type)
{
    struct error error;
    enum status status = statement__type_named(call, text, function->keyspace, ret_type, &error);
    return status == STATUS_OK ? status : exec_fail(call, CQL_INVALID, "%s", error.text);
}

static enum status function_of_item(struct exec_call *call, const struct value *item, bool is_aggregate,
                                    struct user_function *ret_function)
{
    const struct value *on_null = value_map_get(item, bytes_of_text("called_on_null"));
    const struct value *initial = value_map_get(item, bytes_of_text("initial"));
    size_t names = 0;
    struct user_function function = {
        .keyspace = value_map_text(item, "keyspace"),
        .name = value_map_text(item, "name"),
        .types = value_map_text(item, "types"),
        .returns_text = value_map_text(item, "returns"),
        .is_aggregate = is_aggregate,
        .body = value_map_text(item, "body"),
        .is_called_on_null = on_null != NULL && on_null->kind == VALUE_BOOLEAN && on_null->boolean,
        .state_function = value_map_text(item, "state_function"),
        .state_type_text = value_map_text(item, "state_type"),
        .final_function = value_map_text(item, "final_function"),
        .has_initial = initial != NULL,
        .initial = initial != NULL ? initial->bytes : (struct bytes){0},
        .initial_text = value_map_text(item, "initial_text"),
    };
    function.argument_names = texts_of(call, item, "argument_names", &names);
    function.argument_types = texts_of(call, item, "argument_types", &function.count);
    struct type *types = arena_create_array(call->arena, function.count, sizeof(*types));
    enum status status =
        is_aggregate              ? type_of(call, &function, function.state_type_text, &function.state_type)
        : names == function.count ? STATUS_OK
                                  : exec_fail(call, CQL_SERVER_ERROR, "a function's row is malformed");
    for (size_t i = 0; i < function.count && status == STATUS_OK; i++) {
        status = type_of(call, &function, function.argument_types[i], &types[i]);
    }
    if (status == STATUS_OK) {
        status = type_of(call, &function, function.returns_text, &function.returns);
    }
    function.arguments = types;
    *ret_function = function;
    return status;
}

/* Rows as they come: types are found when no row is being visited. */
struct user_items {
    struct exec_call *call;
    struct value *at;
    size_t count;
    size_t room;
};

static void items_note(void *context, const struct gate_row *row)
{
    struct user_items *items = context;
    struct arena *arena = items->call->arena;
    if (items->count == items->room) {
        items->room = items->room == 0 ? 4 : 2 * items->room;
        struct value *grown = arena_create_array(arena, items->room, sizeof(*grown));
        for (size_t i = 0; i < items->count; i++) {
            grown[i] = items->at[i];
        }
        items->at = grown;
    }
    if (codec_value_decode(arena_copy(arena, row->image), arena, &items->at[items->count], NULL) ==
        STATUS_OK) {
        items->count++;
    }
}

static enum status items_read(struct exec_call *call, struct bytes keyspace, struct bytes name,
                              bool is_aggregate, struct user_items *items)
{
    struct error error;
    enum status status = STATUS_OK;
    struct value partition = value_of_text(keyspace);
    struct value wanted = value_of_text(name);
    struct key_term terms[] = {
        {.name = bytes_of_text("keyspace"), .test = EXPRESSION_EQUAL, .values = {&partition}},
        {.name = bytes_of_text("name"), .test = EXPRESSION_EQUAL, .values = {&wanted}}};
    struct gate_query query = {.table = bytes_of_text(table_of(is_aggregate)),
                               .key_terms = terms,
                               .key_terms_count = name.size > 0 ? 2 : 1};
    do {
        struct gate_page page;
        status = gate_query(call->exec->view, &query, call->arena, items_note, items, &page, NULL, &error);
        query.next = page.next;
    } while (status == STATUS_OK && query.next.size > 0);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

enum status statement__user_functions_list(struct exec_call *call, struct bytes keyspace, struct bytes name,
                                           bool is_aggregate,
                                           void (*visit)(void *context, const struct user_function *function),
                                           void *context)
{
    struct user_items items = {.call = call};
    enum status status = items_read(call, keyspace, name, is_aggregate, &items);
    for (size_t i = 0; i < items.count && status == STATUS_OK; i++) {
        struct user_function *function = arena_create(call->arena, sizeof(*function));
        status = function_of_item(call, &items.at[i], is_aggregate, function);
        if (status == STATUS_OK) {
            visit(context, function);
        }
    }
    return status;
}

struct user_wanted {
    struct bytes types;
    const struct user_function *found;
};

static void wanted_note(void *context, const struct user_function *function)
{
    struct user_wanted *wanted = context;
    if (bytes_equal(function->types, wanted->types)) {
        wanted->found = function;
    }
}

enum status statement__user_function_get(struct exec_call *call, struct bytes keyspace, struct bytes name,
                                         struct bytes types, bool is_aggregate,
                                         const struct user_function **ret_function)
{
    struct user_wanted wanted = {.types = types};
    enum status status =
        statement__user_functions_list(call, keyspace, name, is_aggregate, wanted_note, &wanted);
    *ret_function = wanted.found;
    return status == STATUS_OK && wanted.found == NULL ? STATUS_NOT_FOUND : status;
}

/* --- for calls ------------------------------------------------------------------------------------------------------ */

struct user_candidates {
    struct exec_call *call;
    const struct cql_function **at;
    size_t count;
    enum status status;
};

/* An aggregate with the functions that it is made of. */
static enum status aggregate_resolve(struct exec_call *call, struct user_function *function)
{
    struct type *types = arena_create_array(call->arena, function->count + 1, sizeof(*types));
    types[0] = function->state_type;
    for (size_t i = 0; i < function->count; i++) {
        types[i + 1] = function->arguments[i];
    }
    enum status status =
        statement__user_function_get(call, function->keyspace, function->state_function,
                                     statement__user_types_text(call, types, function->count + 1), false,
                                     &function->state);
    if (status == STATUS_OK && function->final_function.size > 0) {
        status =
            statement__user_function_get(call, function->keyspace, function->final_function,
                                         statement__user_types_text(call, types, 1), false, &function->final);
    }
    return status;
}

static void candidates_note(void *context, const struct user_function *user)
{
    struct user_candidates *candidates = context;
    struct exec_call *call = candidates->call;
    struct user_function *kept = arena_create(call->arena, sizeof(*kept));
    struct cql_function *function = arena_create(call->arena, sizeof(*function));
    const struct cql_function **grown =
        arena_create_array(call->arena, candidates->count + 1, sizeof(const struct cql_function *));
    *kept = *user;
    if (candidates->status == STATUS_OK && user->is_aggregate) {
        candidates->status = aggregate_resolve(call, kept);
    }
    *function = (struct cql_function){.name = {.keyspace = user->keyspace, .name = user->name},
                                      .returns = user->returns,
                                      .arguments = user->arguments,
                                      .count = user->count,
                                      .is_aggregate = user->is_aggregate,
                                      .takes_null = true,
                                      .user = kept};
    for (size_t i = 0; i < candidates->count; i++) {
        grown[i] = candidates->at[i];
    }
    grown[candidates->count++] = function;
    candidates->at = grown;
}

static enum status users_find(void *context, struct bytes keyspace, struct bytes name,
                              const struct cql_function *const **ret_functions, size_t *ret_count,
                              struct error *error)
{
    struct exec_call *call = context;
    struct user_candidates candidates = {.call = call};
    struct cql_failure before = call->failure;
    struct bytes where = keyspace.size > 0                   ? keyspace
                         : call->functions_keyspace.size > 0 ? call->functions_keyspace
                                                             : call->keyspace;
    *ret_count = 0;
    if (where.size == 0 || exec_keyspace_is_system(where)) {
        return STATUS_OK;
    }
    for (int i = 0; i < 2 && candidates.status == STATUS_OK; i++) {
        candidates.status =
            statement__user_functions_list(call, where, name, i == 1, candidates_note, &candidates);
    }
    *ret_functions = candidates.at;
    *ret_count = candidates.count;
    call->uses_functions |= candidates.count > 0;
    if (candidates.status != STATUS_OK) {
        (void)error_set(error, STATUS_INVALID, "%.*s", (int)call->failure.message.size,
                        (const char *)call->failure.message.data);
        call->failure = before;
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

struct cql_users statement__users_of(struct exec_call *call)
{
    return (struct cql_users){.find = users_find, .context = call};
}
