/* Calls: from a request to its answer. */
#include "exec.h"

#include <stdarg.h>
#include <stdio.h>

#include "authorize.h"
#include "base/map.h"
#include "base/memory.h"
#include "class_type.h"
#include "documents.h"
#include "gate/bounds.h"
#include "keyspaces.h"
#include "modify.h"
#include "prepare.h"
#include "role_write.h"
#include "script.h"
#include "statement/bounds.h"
#include "statement/exec.h"
#include "syntax/syntax.h"
#include "trace.h"

/* --- failures ------------------------------------------------------------------------------------------------------- */

enum status exec_fail(struct exec_call *call, enum cql_code code, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    call->failure = (struct cql_failure){.code = code,
                                         .message = arena_copy(call->arena, bytes_of_text(text)),
                                         .consistency = call->request->message->parameters.consistency};
    return STATUS_INVALID;
}

enum status exec_fail_name(struct exec_call *call, const char *format, struct bytes name)
{
    return exec_fail(call, CQL_INVALID, format, (int)name.size, (const char *)name.data);
}

enum status exec_fail_status(struct exec_call *call, enum status status, const char *text)
{
    switch ((int)status) {
    case STATUS_BUSY:
    case STATUS_CLOSED:
        return exec_fail(call, CQL_OVERLOADED, "%s", text);
    case STATUS_DENIED:
        return exec_fail(call, CQL_UNAUTHORIZED, "%s", text);
    case STATUS_INVALID:
    case STATUS_TOO_LARGE:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_TRIMMED:
    case STATUS_UNSUPPORTED:
    case STATUS_STALE:
        return exec_fail(call, CQL_INVALID, "%s", text);
    case STATUS_FUNCTION: /* a native one; users' say more (script.c) */
        return exec_fail(call, CQL_FUNCTION_FAILURE, "%s", text);
    default:
        return exec_fail(call, CQL_SERVER_ERROR, "%s", text);
    }
}

void exec_warn(struct exec_call *call, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct bytes *grown = arena_create_array(call->arena, call->warnings_count + 1, sizeof(*grown));
    for (size_t i = 0; i < call->warnings_count; i++) {
        grown[i] = call->warnings[i];
    }
    grown[call->warnings_count++] = arena_copy(call->arena, bytes_of_text(text));
    call->warnings = grown;
}

/* --- answers -------------------------------------------------------------------------------------------------------- */

static void exec_trace(struct exec_call *call)
{
    const struct cql_message *message = call->request->message;
    const struct cql_query *query = message->statements_count == 1 ? &message->statements[0] : NULL;
    struct bytes text = {0};
    if (query != NULL) {
        text = query->is_prepared ? statement__plan_text(query->prepared) : query->text;
    }
    statement__traces_note(call->exec->node->traces, call->request, text);
}

void exec_answer(struct exec_call *call, struct cql_answer *answer)
{
    struct arena kept = call->outcome_arena; /* the call is gone with its request */
    struct cql_request *request = call->request;
    if (call->has_turn) {
        turn_end(&call->exec->node->schema_turns, &call->turn);
    }
    answer->warnings = call->warnings;
    answer->warnings_count = call->warnings_count;
    if (request->is_traced) {
        exec_trace(call);
    }
    cql_request_answer(&request, answer);
    arena_reset(&kept);
}

void exec_answer_failure(struct exec_call *call)
{
    struct cql_answer answer = {.kind = CQL_ANSWER_FAILURE, .failure = call->failure};
    exec_answer(call, &answer);
}

void exec_answer_void(struct exec_call *call)
{
    struct cql_answer answer = {.kind = CQL_ANSWER_VOID};
    exec_answer(call, &answer);
}

void exec_answer_change(struct exec_call *call, const struct cql_schema_change *change)
{
    atomic_fetch_add(&call->exec->node->changes, 1);
    statement__role_follow(call, change);
}

/* --- writes --------------------------------------------------------------------------------------------------------- */

static struct bytes outcome_copy(struct exec_call *call, struct bytes image)
{
    return image.size == 0 ? image : arena_copy(&call->outcome_arena, image);
}

static void exec_again(struct exec_call *call);

/* A change of a table that had changed meanwhile is planned anew, as writes are by the gate. */
static bool call_again(struct exec_call *call)
{
    bool is_one = call->query != NULL && call->request->message->opcode != OPCODE_BATCH;
    if (call->outcome.status != STATUS_STALE || !is_one || ++call->plans >= GATE_PLANS_MAX) {
        return false;
    }
    arena_clear(&call->outcome_arena);
    call->outcome = (struct exec_outcome){0};
    exec_again(call);
    return true;
}

static void call_resume(struct cql_request *request)
{
    struct exec_call *call = request->context;
    const struct exec_outcome *outcome = &call->outcome;
    if (call_again(call)) {
        return;
    }
    if (outcome->status != STATUS_OK && outcome->status != STATUS_CONDITION) {
        if (exec_fail_status(call, outcome->status, outcome->text) != STATUS_OK) {
            exec_answer_failure(call);
        }
        return;
    }
    call->finish(call);
}

/* Thread: the writer's. */
void exec_done(void *context, const struct gate_outcome *outcome)
{
    struct exec_call *call = context;
    struct exec_outcome *kept = &call->outcome;
    *kept = (struct exec_outcome){.status = outcome->status,
                                  .count = outcome->count,
                                  .commit_time_us = outcome->commit_time_us};
    if (outcome->status != STATUS_OK) {
        kept->text = arena_copy_text(&call->outcome_arena, bytes_of_text(outcome->text));
    }
    kept->changes = outcome->count == 1
                        ? &kept->single
                        : arena_create_array(&call->outcome_arena, outcome->count, sizeof(*kept->changes));
    for (size_t i = 0; i < outcome->count; i++) {
        kept->changes[i] = outcome->changes[i];
        kept->changes[i].text = NULL;
        kept->changes[i].old_key = outcome_copy(call, outcome->changes[i].old_key);
        kept->changes[i].old_image = outcome_copy(call, outcome->changes[i].old_image);
        kept->changes[i].new_image = outcome_copy(call, outcome->changes[i].new_image);
    }
    cql_request_resume(call->request, call_resume);
}

struct bytes exec_actor(const struct exec_call *call)
{
    struct bytes principal = call->request->principal;
    return principal.size > 0 ? principal : bytes_of_text("local");
}

enum status exec_submit(struct exec_call *call, const struct gate_change *changes, size_t count,
                        void (*finish)(struct exec_call *call))
{
    struct error error;
    struct arena none = {0};
    const struct cql_parameters *parameters = &call->request->message->parameters;
    struct gate_transaction transaction = {.arena = &none,
                                           .changes = changes,
                                           .count = count,
                                           .has_now = parameters->has_now,
                                           .now_s = parameters->now_s,
                                           .actor = exec_actor(call),
                                           .done = exec_done,
                                           .context = call};
    call->finish = finish;
    enum status status = gate_submit(call->exec->gate, &transaction, NULL, &error);
    arena_reset(&none);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* --- moments -------------------------------------------------------------------------------------------------------- */

static void moment_resume(struct cql_request *request)
{
    struct exec_call *call = request->context;
    call->waits_for_moment = false;
    exec_again(call);
}

/* Thread: the writer's. */
static void moment_settled(void *context)
{
    struct exec_call *call = context;
    cql_request_resume(call->request, moment_resume);
}

enum status exec_lsn_at(struct exec_call *call, int64_t time_us, uint64_t *ret_lsn)
{
    struct error error;
    struct gate *gate = call->exec->gate;
    if (!call->has_moment) { /* planned anew it is the same one, also where a function told it */
        call->has_moment = true;
        call->moment_us = time_us;
        call->waits_for_moment = !gate_moment_settle(gate, time_us, moment_settled, call);
    }
    if (call->waits_for_moment) {
        return exec_fail(call, CQL_OVERLOADED, "the moment is not settled"); /* nobody is told */
    }
    enum status status = gate_lsn_at(gate, call->moment_us, ret_lsn, &error);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

/* --- names ---------------------------------------------------------------------------------------------------------- */

bool exec_keyspace_is_system(struct bytes keyspace)
{
    static const char *const names[] = {"system",        "system_schema",      "system_auth",
                                        "system_traces", "system_distributed", "system_virtual_schema",
                                        "system_views",  "system_schema_mcs",  "system_multiregion_info"};
    bool can_be = bytes_start_with(keyspace, bytes_of_text(names[0]));
    for (size_t i = 0; can_be && i < ARRAY_COUNT(names); i++) {
        if (bytes_equal(keyspace, bytes_of_text(names[i]))) {
            return true;
        }
    }
    return statement__documents_are_in(keyspace);
}

struct bytes exec_keyspace_of(const struct exec_call *call, const struct cql_qualified *name)
{
    return name->keyspace.size > 0 ? name->keyspace : call->keyspace;
}

bool exec_keyspace_exists(struct exec_call *call, struct bytes keyspace)
{
    struct keyspace_options options;
    return exec_keyspace_is_system(keyspace) ||
           statement__keyspace_find(call, keyspace, &options) == STATUS_OK;
}

enum status exec_find_keyspace(struct exec_call *call, struct bytes named, struct bytes *ret_keyspace)
{
    struct bytes keyspace = named.size > 0 ? named : call->keyspace;
    if (keyspace.size == 0) {
        return exec_fail(
            call, CQL_INVALID,
            "No keyspace has been specified. USE a keyspace, or explicitly specify keyspace.tablename");
    }
    if (!exec_keyspace_exists(call, keyspace)) {
        return exec_fail_name(call, "Keyspace '%.*s' doesn't exist", keyspace);
    }
    *ret_keyspace = keyspace;
    return STATUS_OK;
}

struct bytes exec_full_name(struct exec_call *call, struct bytes keyspace, struct bytes name)
{
    return arena_join(call->arena, keyspace, '.', name);
}

enum status exec_find_table(struct exec_call *call, const struct cql_qualified *name,
                            struct exec_table *ret_table)
{
    struct exec_table table = {
        .keyspace = exec_keyspace_of(call, name),
        .name = name->name,
    };
    if (table.keyspace.size > 0) {
        table.full = exec_full_name(call, table.keyspace, table.name);
        bool is_found = gate_table_find(call->exec->gate, table.full, &table.schema, NULL) == STATUS_OK;
        if (is_found && table.schema->kind == TABLE_WIDE) {
            *ret_table = table;
            return STATUS_OK;
        }
    }
    if (table.keyspace.size > 0 && !exec_keyspace_exists(call, table.keyspace)) {
        return exec_fail_name(call, "keyspace %.*s does not exist", table.keyspace);
    }
    enum status status = exec_find_keyspace(call, name->keyspace, &table.keyspace);
    return status != STATUS_OK ? status : exec_fail_name(call, "table %.*s does not exist", table.name);
}

/* A type of users that is in or under `type` and of another keyspace; NULL: none is. */
/* NOLINTNEXTLINE(misc-no-recursion): types have bounds */
static const struct type_udt *type_elsewhere(const struct type *type, struct bytes keyspace)
{
    const struct type_udt *found =
        type->kind == TYPE_UDT && !bytes_equal(type->udt->keyspace, keyspace) ? type->udt : NULL;
    for (size_t i = 0; i < type->count && found == NULL; i++) {
        found = type_elsewhere(&type->parameters[i], keyspace);
    }
    return found;
}

enum status exec_type(struct exec_call *call, const struct cql_type *type, struct bytes keyspace,
                      struct type *ret_type)
{
    struct error error;
    struct bytes text = {0};
    if (statement__class_resolve(call, type->text, &text) != STATUS_OK) {
        return STATUS_INVALID;
    }
    if (statement__type_named(call, text, keyspace, ret_type, &error) != STATUS_OK) {
        return exec_fail(call, CQL_INVALID, "%s", error.text);
    }
    const struct type_udt *elsewhere = type_elsewhere(ret_type, keyspace);
    return elsewhere == NULL
               ? STATUS_OK
               : exec_fail(call, CQL_INVALID,
                           "Statement on keyspace %.*s cannot refer to a user type in keyspace %.*s; user "
                           "types can only be used in the keyspace they are defined in",
                           (int)keyspace.size, (const char *)keyspace.data, (int)elsewhere->keyspace.size,
                           (const char *)elsewhere->keyspace.data);
}

/* --- the executor --------------------------------------------------------------------------------------------------- */

/* Statements about roles, and what nobody serves. */
static enum status exec_authority(struct exec_call *call, const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_CREATE_ROLE:
        return exec_create_role(call, &statement->role);
    case CQL_ALTER_ROLE:
        return exec_alter_role(call, &statement->role);
    case CQL_DROP_ROLE:
        return exec_drop_role(call, &statement->role);
    case CQL_GRANT_ROLE:
    case CQL_REVOKE_ROLE:
        return exec_grant_role(call, statement);
    case CQL_GRANT:
    case CQL_REVOKE:
        return exec_grant(call, statement);
    case CQL_LIST_ROLES:
    case CQL_LIST_USERS:
        return exec_list_roles(call, statement);
    case CQL_LIST_PERMISSIONS:
        return exec_list_permissions(call, &statement->grant);
    default:
        return exec_fail(call, CQL_INVALID, "this version does not serve this statement");
    }
}

static enum status exec_statement(struct exec_call *call, const struct cql_statement *statement)
{
    switch ((int)statement->kind) {
    case CQL_SELECT:
        return exec_select(call, &statement->select);
    case CQL_INSERT:
    case CQL_UPDATE:
    case CQL_DELETE:
    case CQL_BATCH:
        return exec_modify(call, statement);
    case CQL_TRUNCATE:
        return exec_truncate(call, &statement->object);
    case CQL_USE:
        return exec_use(call, &statement->keyspace);
    case CQL_CREATE_KEYSPACE:
        return exec_create_keyspace(call, &statement->keyspace);
    case CQL_ALTER_KEYSPACE:
        return exec_alter_keyspace(call, &statement->keyspace);
    case CQL_DROP_KEYSPACE:
        return exec_drop_keyspace(call, &statement->keyspace);
    case CQL_CREATE_TABLE:
        return exec_create_table(call, &statement->create_table);
    case CQL_ALTER_TABLE:
        return exec_alter_table(call, &statement->alter_table);
    case CQL_DROP_TABLE:
        return exec_drop_table(call, &statement->object);
    case CQL_CREATE_INDEX:
        return exec_create_index(call, &statement->create_index);
    case CQL_DROP_INDEX:
        return exec_drop_index(call, &statement->object);
    case CQL_CREATE_TRIGGER:
        return exec_create_trigger(call, &statement->trigger);
    case CQL_DROP_TRIGGER:
        return exec_drop_trigger(call, &statement->trigger);
    case CQL_RESTORE_TABLE:
        return exec_restore_table(call, &statement->restore_table);
    case CQL_CREATE_VIEW:
        return exec_create_view(call, statement);
    case CQL_ALTER_VIEW:
        return exec_alter_view(call, &statement->alter_table);
    case CQL_DROP_VIEW:
        return exec_drop_view(call, &statement->object);
    case CQL_CREATE_TYPE:
        return exec_create_type(call, &statement->create_type);
    case CQL_ALTER_TYPE:
        return exec_alter_type(call, &statement->alter_table);
    case CQL_DROP_TYPE:
        return exec_drop_type(call, &statement->object);
    case CQL_CREATE_FUNCTION:
        return exec_create_function(call, &statement->create_function);
    case CQL_DROP_FUNCTION:
        return exec_drop_function(call, &statement->drop_function);
    case CQL_CREATE_AGGREGATE:
        return exec_create_aggregate(call, &statement->create_aggregate);
    case CQL_DROP_AGGREGATE:
        return exec_drop_aggregate(call, &statement->drop_function);
    case CQL_DESCRIBE:
        return exec_describe(call, &statement->describe);
    default:
        return exec_authority(call, statement);
    }
}

/* Each marker has a value, and each value a marker; names may leave some out. That a text comes without any is told where a marker
 * is met: it may be that there may be none. */
static enum status check_markers(struct exec_call *call, const struct cql_query *query,
                                 const struct cql_statement *statement)
{
    bool is_bare = !query->is_prepared && query->values_count == 0;
    if (query->names != NULL || is_bare || query->values_count == statement->markers) {
        return STATUS_OK;
    }
    return query->is_prepared
               ? exec_fail(call, CQL_INVALID, "there were %zu markers(?) in CQL but %zu bound variables",
                           (size_t)statement->markers, query->values_count)
               : exec_fail(call, CQL_INVALID, "Invalid amount of bind variables");
}

enum status exec_statement_of(struct exec_call *call, const struct cql_query *query,
                              const struct cql_statement **ret_statement)
{
    struct error error;
    struct cql_statement *parsed = NULL;
    if (query->is_prepared) {
        *ret_statement = statement__plan_statement(query->prepared);
        call->keyspace = statement__plan_keyspace(query->prepared);
        exec_markers(call, *ret_statement);
        return check_markers(call, query, *ret_statement);
    }
    call->keyspace = call->request->keyspace;
    enum status status = cql_parse(query->text, call->arena, &parsed, &error);
    if (status == STATUS_OK) {
        exec_markers(call, parsed);
    }
    *ret_statement = parsed;
    return status == STATUS_OK
               ? check_markers(call, query, parsed)
               : exec_fail(call, status == STATUS_INVALID ? CQL_SYNTAX_ERROR : CQL_INVALID, "%s", error.text);
}

static void turn_resume(struct cql_request *request)
{
    struct exec_call *call = request->context;
    call->waits_for_turn = false;
    call->has_turn = true;
    exec_again(call);
}

/* Thread: any of the doors'. */
static void turn_begin(struct turn *turn)
{
    struct exec_call *call = (struct exec_call *)((char *)turn - offsetof(struct exec_call, turn));
    cql_request_resume(call->request, turn_resume);
}

static bool changes_schema(enum cql_statement_kind kind)
{
    switch ((int)kind) {
    case CQL_CREATE_KEYSPACE:
    case CQL_ALTER_KEYSPACE:
    case CQL_DROP_KEYSPACE:
    case CQL_CREATE_TABLE:
    case CQL_ALTER_TABLE:
    case CQL_DROP_TABLE:
    case CQL_CREATE_INDEX:
    case CQL_DROP_INDEX:
    case CQL_CREATE_VIEW:
    case CQL_ALTER_VIEW:
    case CQL_DROP_VIEW:
    case CQL_CREATE_TYPE:
    case CQL_ALTER_TYPE:
    case CQL_DROP_TYPE:
    case CQL_CREATE_FUNCTION:
    case CQL_DROP_FUNCTION:
    case CQL_CREATE_AGGREGATE:
    case CQL_DROP_AGGREGATE:
        return true;
    default:
        return false;
    }
}

/* A change of the schema waits until the ones before it are made, and is then planned anew. */
static enum status exec_take_turn(struct exec_call *call, const struct cql_statement *statement)
{
    if (call->has_turn || !changes_schema(statement->kind)) {
        return STATUS_OK;
    }
    call->turn = (struct turn){.begin = turn_begin};
    call->has_turn = turn_take(&call->exec->node->schema_turns, &call->turn);
    call->waits_for_turn = !call->has_turn;
    return call->has_turn ? STATUS_OK : STATUS_BUSY;
}

static enum status exec_query(struct exec_call *call, const struct cql_query *query)
{
    const struct cql_statement *statement = NULL;
    call->query = query;
    enum status status = exec_statement_of(call, query, &statement);
    if (status == STATUS_OK) {
        status = statement__authorize(call, statement);
    }
    if (status == STATUS_OK) {
        status = exec_take_turn(call, statement);
    }
    return status == STATUS_OK ? exec_statement(call, statement) : status;
}

/* Until it is answered, or waits for a write, for functions of users, for a moment, or for its turn. */
static void exec_run(struct exec_call *call)
{
    const struct cql_message *message = call->request->message;
    enum status status = STATUS_OK;
    if (message->opcode == OPCODE_PREPARE) {
        status = statement__prepare(call, &message->statements[0]);
    } else if (message->opcode == OPCODE_BATCH) {
        status = exec_batch(call, message);
    } else {
        status = exec_query(call, &message->statements[0]);
    }
    if (status != STATUS_OK && (call->waits_for_moment || call->waits_for_turn)) {
        return;
    }
    if (status != STATUS_OK && statement__script_bind_waits(call)) {
        status = statement__script_bind_run(call, exec_again);
    }
    if (status != STATUS_OK) {
        exec_answer_failure(call);
    }
}

/* From the beginning, with the results of the calls that the statement was stopped for. */
static void exec_again(struct exec_call *call)
{
    call->warnings_count = 0;
    call->failure = (struct cql_failure){0};
    statement__script_bind_again(call);
    exec_run(call);
}

static void exec_execute(void *context, struct cql_request *request)
{
    struct exec_call *call = arena_create(request->arena, sizeof(*call));
    *call = (struct exec_call){.exec = context, .request = request, .arena = request->arena};
    request->context = call;
    exec_run(call);
}

static bool exec_is_current(void *context, const void *statement)
{
    return statement__plan_is_current(context, statement);
}

/* A random UUID (RFC 9562, version 4) to everybody who does not know the node's secret. */
static void node_uuid(const struct cql_node *node, const char *of_what, uint8_t ret_uuid[CQL_UUID_BYTES])
{
    uint8_t code[SHA256_BYTES];
    crypto_hmac_sha256(bytes_of(node->secret, sizeof(node->secret)), bytes_of_text(of_what), code);
    memcpy(ret_uuid, code, CQL_UUID_BYTES);
    ret_uuid[6] = (uint8_t)((ret_uuid[6] & 0x0F) | 0x40);
    ret_uuid[8] = (uint8_t)((ret_uuid[8] & 0x3F) | 0x80);
}

void exec_schema_version(const struct exec *exec, uint8_t ret_version[CQL_UUID_BYTES])
{
    char text[64];
    (void)snprintf(text, sizeof(text), "schema %lld %llu", (long long)exec->node->started_s,
                   (unsigned long long)atomic_load(&exec->node->changes));
    node_uuid(exec->node, text, ret_version);
}

void cql_node_open(struct cql_node *node)
{
    node->traces = statement__traces_create(CQL_TRACES_KEPT);
    turns_init(&node->schema_turns);
}

void cql_node_stop(struct cql_node *node)
{
    turns_stop(&node->schema_turns);
}

void cql_node_close(struct cql_node *node)
{
    turns_reset(&node->schema_turns);
    statement__traces_destroy(&node->traces);
}

enum status exec_open(struct gate *gate, struct gate_readers *readers, struct evaluator *evaluator,
                      struct cql_node *node, struct exec **ret_exec, struct error *error)
{
    struct exec *exec = memory_create(sizeof(*exec));
    exec->gate = gate;
    exec->readers = readers;
    exec->evaluator = evaluator;
    exec->executor = (struct cql_executor){.execute = exec_execute,
                                           .is_current = exec_is_current,
                                           .destroy = statement__plan_destroy,
                                           .context = exec};
    exec->node = node;
    exec->view_bases = map_create();
    statement__modify_open();
    node_uuid(node, "host", exec->host_id);
    crypto_hmac_sha256(bytes_of(node->secret, sizeof(node->secret)), bytes_of_text("paging"),
                       exec->paging_key);
    enum status status = gate_view_open(gate, &exec->view, error);
    if (status == STATUS_OK) {
        status = gate_view_open(gate, &exec->aside, error);
    }
    if (status != STATUS_OK) {
        exec_close(&exec);
        return status;
    }
    *ret_exec = exec;
    return STATUS_OK;
}

static void exec_forget_views(struct exec *exec)
{
    struct bytes key;
    void *base = NULL;
    for (size_t position = 0; map_next(exec->view_bases, &position, &key, &base);) {
        memory_destroy(base);
    }
    map_destroy(&exec->view_bases);
}

void exec_close(struct exec **exec)
{
    struct exec *gone = *exec;
    *exec = NULL;
    if (gone != NULL) {
        CHECK(gone->waiting_first == NULL); /* the door has ended all calls */
        gate_view_close(&gone->view);
        gate_view_close(&gone->aside);
        exec_forget_views(gone);
        memory_destroy(gone);
    }
}

const struct cql_executor *exec_executor(const struct exec *exec)
{
    return &exec->executor;
}
