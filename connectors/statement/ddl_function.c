/* CREATE FUNCTION, DROP FUNCTION. */
#include "ddl_function.h"

#include "authorize.h"
#include "ddl.h"
#include "evaluate/evaluate.h"
#include "script.h"

/* --- what both have ------------------------------------------------------------------------------------------------- */

enum status ddl_function_begin_create(struct exec_call *call, const struct cql_qualified *name,
                                      bool or_replace, bool if_not_exists, struct user_function *function)
{
    struct bytes keyspace = exec_keyspace_of(call, name);
    if (keyspace.size == 0) {
        return exec_find_keyspace(call, keyspace, &keyspace);
    }
    enum status status = ddl_check_system(call, keyspace);
    if (status == STATUS_OK && or_replace && if_not_exists) {
        status = exec_fail(call, CQL_INVALID, "Cannot use both 'OR REPLACE' and 'IF NOT EXISTS' directives");
    }
    if (status == STATUS_OK && !exec_keyspace_exists(call, keyspace)) {
        status = exec_fail_name(call, "Keyspace '%.*s' doesn't exist", keyspace);
    }
    if (status == STATUS_OK && call->exec->evaluator == NULL) {
        status = exec_fail(call, CQL_INVALID, "User-defined functions are disabled on this server");
    }
    function->keyspace = keyspace;
    function->name = name->name;
    return status;
}

enum status ddl_function_type(struct exec_call *call, const char *what, const struct cql_type *written,
                              struct bytes keyspace, struct type *ret_type)
{
    struct error error;
    enum status status = exec_type(call, written, keyspace, ret_type);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_implicit = ret_type->kind == TYPE_TUPLE || ret_type->kind == TYPE_VECTOR;
    if (ret_type->is_frozen && !is_implicit) {
        return exec_fail(call, CQL_INVALID,
                         "%s '%.*s' cannot be frozen; remove frozen<> modifier from '%.*s'", what,
                         (int)written->text.size, (const char *)written->text.data, (int)written->text.size,
                         (const char *)written->text.data);
    }
    if (ret_type->kind == TYPE_COUNTER) {
        return exec_fail(call, CQL_INVALID, "%s '%.*s' cannot be a counter; use bigint", what,
                         (int)written->text.size, (const char *)written->text.data);
    }
    struct type frozen = type_freeze(ret_type, call->arena); /* what is inside is, as in a tuple */
    return type_validate(&frozen, &error) == STATUS_OK ? STATUS_OK
                                                       : exec_fail(call, CQL_INVALID, "%s", error.text);
}

enum status ddl_function_arguments(struct exec_call *call, const struct cql_type *written, size_t count,
                                   struct user_function *function)
{
    enum status status = STATUS_OK;
    struct type *types = arena_create_array(call->arena, count, sizeof(*types));
    struct bytes *texts = arena_create_array(call->arena, count, sizeof(*texts));
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = ddl_function_type(call, "Argument", &written[i], function->keyspace, &types[i]);
        texts[i] = status == STATUS_OK ? statement__user_type_text(call, &types[i]) : (struct bytes){0};
    }
    function->arguments = types;
    function->argument_types = texts;
    function->count = count;
    if (status == STATUS_OK) {
        function->types = statement__user_types_text(call, types, count);
    }
    return status;
}

bool ddl_function_is_compatible(const struct type *type, const struct type *before)
{
    return type_equal(type, before) || type->kind == TYPE_BLOB ||
           (type->kind == TYPE_TEXT && before->kind == TYPE_ASCII);
}

/* --- CREATE --------------------------------------------------------------------------------------------------------- */

static enum status create_names(struct exec_call *call, const struct cql_create_function *statement,
                                struct user_function *function)
{
    struct bytes *names = arena_create_array(call->arena, statement->arguments.count, sizeof(*names));
    struct cql_type *types = arena_create_array(call->arena, statement->arguments.count, sizeof(*types));
    for (size_t i = 0; i < statement->arguments.count; i++) {
        names[i] = statement->arguments.at[i].name;
        types[i] = statement->arguments.at[i].type;
        if (!evaluate_name_is_sound(names[i])) {
            return exec_fail_name(call, "Argument name '%.*s' cannot be the name of a variable in Lua",
                                  names[i]);
        }
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(names[k], names[i])) {
                return exec_fail(call, CQL_INVALID,
                                 "Duplicate argument names for given function %.*s.%.*s: '%.*s'",
                                 (int)function->keyspace.size, (const char *)function->keyspace.data,
                                 (int)function->name.size, (const char *)function->name.data,
                                 (int)names[i].size, (const char *)names[i].data);
            }
        }
    }
    function->argument_names = names;
    return ddl_function_arguments(call, types, statement->arguments.count, function);
}

static enum status create_body(struct exec_call *call, const struct cql_create_function *statement,
                               struct user_function *function)
{
    if (!bytes_equal(statement->language, bytes_of_text("lua"))) {
        return exec_fail_name(call, "Invalid language '%.*s': functions are written in Lua",
                              statement->language);
    }
    if (statement->body.size > EVALUATE_SOURCE_BYTES_MAX) {
        return exec_fail(call, CQL_INVALID, "A function's body has up to %d bytes",
                         EVALUATE_SOURCE_BYTES_MAX);
    }
    function->body = statement->body;
    function->is_called_on_null = statement->is_called_on_null;
    enum status status = create_names(call, statement, function);
    if (status == STATUS_OK) {
        status = ddl_function_type(call, "Return type", &statement->returns, function->keyspace,
                                   &function->returns);
    }
    if (status == STATUS_OK) {
        function->returns_text = statement__user_type_text(call, &function->returns);
    }
    return status;
}

enum status ddl_function_before(struct exec_call *call, const struct user_function *made, bool or_replace,
                                bool if_not_exists, const struct user_function **ret_before,
                                bool *ret_is_done)
{
    bool is_aggregate = made->is_aggregate;
    const char *name = arena_copy_text(call->arena, exec_full_name(call, made->keyspace, made->name));
    enum status status = statement__user_function_get(call, made->keyspace, made->name, made->types,
                                                      !is_aggregate, ret_before);
    *ret_is_done = false;
    if (status == STATUS_OK) {
        return exec_fail(call, CQL_INVALID,
                         is_aggregate ? "Aggregate '%s' cannot replace a function"
                                      : "Function '%s' cannot replace an aggregate",
                         name);
    }
    *ret_before = NULL;
    if (status == STATUS_NOT_FOUND) {
        status = statement__user_function_get(call, made->keyspace, made->name, made->types, is_aggregate,
                                              ret_before);
    }
    if (status != STATUS_OK) {
        *ret_before = NULL;
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (if_not_exists) {
        *ret_is_done = true;
        exec_answer_void(call);
        return STATUS_OK;
    }
    return or_replace ? STATUS_OK
                      : exec_fail(call, CQL_INVALID, "%s '%s' already exists",
                                  is_aggregate ? "Aggregate" : "Function", name);
}

/* Whether it may take the place of what was there. */
static enum status create_over(struct exec_call *call, const struct user_function *function,
                               const struct user_function *before)
{
    const char *name = arena_copy_text(call->arena, exec_full_name(call, function->keyspace, function->name));
    if (before->is_called_on_null != function->is_called_on_null) {
        return exec_fail(call, CQL_INVALID, "Function '%s' must have %s directive", name,
                         before->is_called_on_null ? "CALLED ON NULL INPUT" : "RETURNS NULL ON NULL INPUT");
    }
    if (!ddl_function_is_compatible(&function->returns, &before->returns)) {
        return exec_fail(call, CQL_INVALID,
                         "Cannot replace function '%s', the new return type %.*s is not compatible with the "
                         "return type %.*s of existing function",
                         name, (int)function->returns_text.size, (const char *)function->returns_text.data,
                         (int)before->returns_text.size, (const char *)before->returns_text.data);
    }
    return STATUS_OK;
}

/* What CREATE goes on with when the source was loaded. */
struct create {
    struct user_function function;
    bool replaces;
};

static void create_store(struct exec_call *call)
{
    const struct create *create = call->context;
    struct gate_change change = statement__user_function_change(call, GATE_PUT, &create->function);
    ddl_function_begin(call, create->replaces ? "UPDATED" : "CREATED", &create->function);
    if (ddl_change_submit(call, &change) != STATUS_OK) {
        exec_answer_failure(call);
    }
}

enum status exec_create_function(struct exec_call *call, const struct cql_create_function *statement)
{
    struct create *create = arena_create(call->arena, sizeof(*create));
    const struct user_function *before = NULL;
    bool is_done = false;
    enum status status = ddl_function_begin_create(call, &statement->name, statement->or_replace,
                                                   statement->if_not_exists, &create->function);
    if (status == STATUS_OK) {
        status = create_body(call, statement, &create->function);
    }
    if (status == STATUS_OK) {
        status = ddl_function_before(call, &create->function, statement->or_replace, statement->if_not_exists,
                                     &before, &is_done);
    }
    if (status == STATUS_OK && !is_done && before != NULL) {
        create->replaces = true;
        status = create_over(call, &create->function, before);
    }
    if (status != STATUS_OK || is_done) {
        return status;
    }
    call->context = create;
    return statement__script_check(call, &create->function, create_store);
}

/* --- DROP ----------------------------------------------------------------------------------------------------------- */

struct drop {
    bool has_types;
    struct bytes types;
    size_t count;
    const struct user_function *found;
};

static void drop_note(void *context, const struct user_function *function)
{
    struct drop *drop = context;
    bool is_one = !drop->has_types || bytes_equal(function->types, drop->types);
    drop->count += is_one ? 1 : 0;
    drop->found = is_one ? function : drop->found;
}

static enum status drop_find(struct exec_call *call, const struct cql_drop_function *statement,
                             struct bytes keyspace, bool is_aggregate, struct drop *drop)
{
    struct user_function named = {.keyspace = keyspace};
    enum status status = STATUS_OK;
    if (statement->has_arguments) {
        status = ddl_function_arguments(call, statement->arguments.at, statement->arguments.count, &named);
    }
    *drop = (struct drop){.has_types = statement->has_arguments, .types = named.types};
    return status == STATUS_OK ? statement__user_functions_list(call, keyspace, statement->name.name,
                                                                is_aggregate, drop_note, drop)
                               : status;
}

static enum status drop_fail_many(struct exec_call *call, struct bytes name, bool is_aggregate)
{
    const char *what = is_aggregate ? "AGGREGATE" : "FUNCTION";
    const char *text = arena_copy_text(call->arena, name);
    return exec_fail(call, CQL_INVALID,
                     "'DROP %s %s' matches multiple %s; specify the argument types by issuing a statement "
                     "like 'DROP %s %s (type, type, ...)'. You can use cqlsh 'DESCRIBE %s %s' command to "
                     "find all overloads",
                     what, text, is_aggregate ? "overloads" : "function definitions", what, text, what, text);
}

static enum status drop_missing(struct exec_call *call, const struct cql_drop_function *statement,
                                struct bytes name, bool is_aggregate)
{
    struct buffer types = {0};
    for (size_t i = 0; i < statement->arguments.count; i++) {
        buffer_put_text(&types, i == 0 ? "(" : ", ");
        buffer_put(&types, statement->arguments.at[i].text);
    }
    buffer_put_text(&types, statement->arguments.count > 0 ? ")" : statement->has_arguments ? "()" : "");
    const char *full = arena_format(call->arena, "%.*s%.*s", (int)name.size, (const char *)name.data,
                                    (int)types.size, (const char *)types.data);
    buffer_reset(&types);
    return ddl_missing(call, is_aggregate ? "Aggregate" : "Function", bytes_of_text(full),
                       statement->if_exists);
}

struct users_of_function {
    const struct user_function *function;
    struct exec_call *call;
    struct buffer names;
};

static void users_note(void *context, const struct user_function *aggregate)
{
    struct users_of_function *users = context;
    const struct user_function *function = users->function;
    struct type *types = arena_create_array(users->call->arena, aggregate->count + 1, sizeof(*types));
    types[0] = aggregate->state_type;
    for (size_t i = 0; i < aggregate->count; i++) {
        types[i + 1] = aggregate->arguments[i];
    }
    bool is_state =
        bytes_equal(aggregate->state_function, function->name) &&
        bytes_equal(statement__user_types_text(users->call, types, aggregate->count + 1), function->types);
    bool is_final = bytes_equal(aggregate->final_function, function->name) &&
                    bytes_equal(statement__user_types_text(users->call, types, 1), function->types);
    if (is_state || is_final) {
        buffer_put_text(&users->names, users->names.size == 0 ? "" : ", ");
        buffer_put(&users->names, exec_full_name(users->call, aggregate->keyspace, aggregate->name));
    }
}

/* Aggregates keep their functions. */
static enum status drop_check_users(struct exec_call *call, const struct user_function *function)
{
    struct users_of_function users = {.function = function, .call = call};
    enum status status =
        statement__user_functions_list(call, function->keyspace, (struct bytes){0}, true, users_note, &users);
    if (status == STATUS_OK && users.names.size > 0) {
        status =
            exec_fail(call, CQL_INVALID, "Function '%.*s.%.*s(%.*s)' is still referenced by aggregates %.*s",
                      (int)function->keyspace.size, (const char *)function->keyspace.data,
                      (int)function->name.size, (const char *)function->name.data, (int)function->types.size,
                      (const char *)function->types.data, (int)users.names.size,
                      (const char *)users.names.data);
    }
    buffer_reset(&users.names);
    return status;
}

static enum status drop(struct exec_call *call, const struct cql_drop_function *statement, bool is_aggregate)
{
    struct bytes keyspace = exec_keyspace_of(call, &statement->name);
    struct drop found = {0};
    if (keyspace.size == 0) {
        return exec_find_keyspace(call, keyspace, &keyspace);
    }
    struct bytes name = exec_full_name(call, keyspace, statement->name.name);
    enum status status = ddl_check_system(call, keyspace);
    if (status == STATUS_OK && exec_keyspace_exists(call, keyspace)) {
        status = drop_find(call, statement, keyspace, is_aggregate, &found);
    }
    if (status == STATUS_OK && found.count > 1) {
        status = drop_fail_many(call, name, is_aggregate);
    }
    if (status == STATUS_OK && found.count == 0) {
        return drop_missing(call, statement, name, is_aggregate);
    }
    if (status == STATUS_OK) {
        status = statement__ensure(call, ROLE_DROP, statement__resource_function(call, found.found));
    }
    if (status == STATUS_OK && !is_aggregate) {
        status = drop_check_users(call, found.found);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_change change = statement__user_function_change(call, GATE_DELETE, found.found);
    ddl_function_begin(call, "DROPPED", found.found);
    return ddl_change_submit(call, &change);
}

enum status exec_drop_function(struct exec_call *call, const struct cql_drop_function *statement)
{
    return drop(call, statement, false);
}

enum status exec_drop_aggregate(struct exec_call *call, const struct cql_drop_function *statement)
{
    return drop(call, statement, true);
}
