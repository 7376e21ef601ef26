#include "role_write.h"

#include "authorize.h"
#include "codec/pack.h"
#include "statement/bounds.h"

static struct roles *roles_of(const struct exec_call *call)
{
    return call->exec->node->roles;
}

/* --- in turn, through the gate ---------------------------------------------------------------------------------- */

static void work_finish(struct exec_call *call)
{
    turn_end(role_turns(roles_of(call)), &call->role_work->turn);
    call->role_work->finish(call);
}

static void work_fail(struct exec_call *call)
{
    turn_end(role_turns(roles_of(call)), &call->role_work->turn);
    call->role_work->fail(call);
}

static void work_begin(struct cql_request *request)
{
    struct exec_call *call = request->context;
    if (call->role_work->make(call) != STATUS_OK) {
        work_fail(call);
    }
}

/* Thread: any of the doors'. */
static void work_turn(struct turn *turn)
{
    struct role_work *work = (struct role_work *)((char *)turn - offsetof(struct role_work, turn));
    cql_request_resume(work->call->request, work_begin);
}

static void work_resume(struct cql_request *request)
{
    struct exec_call *call = request->context;
    struct role_work *work = call->role_work;
    if (work->status == STATUS_OK || exec_fail_status(call, work->status, work->text) == STATUS_OK) {
        work_finish(call);
    } else {
        work_fail(call);
    }
}

/* Thread: the writer's. */
static void work_done(void *context, const struct gate_outcome *outcome)
{
    struct exec_call *call = context;
    struct role_work *work = call->role_work;
    work->status = outcome->status;
    if (outcome->status == STATUS_OK) {
        role_apply(roles_of(call), &work->plan);
    } else {
        work->text = arena_copy_text(&call->outcome_arena, bytes_of_text(outcome->text));
    }
    cql_request_resume(call->request, work_resume);
}

/* What insists on nothing having changed since the plan. */
static enum status work_read(struct exec_call *call, struct gate_read *read)
{
    struct error error;
    struct value item;
    struct bytes image = {0};
    struct value key = role_version_key(call->arena);
    enum status status = gate_get(call->exec->view, bytes_of_text("system.role_changes"), &key, 0,
                                  call->arena, read, &image, &error);
    bool is_absent = status == STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        status = codec_value_decode(arena_copy(call->arena, image), call->arena, &item, &error);
    }
    if (status != STATUS_OK && !is_absent) {
        return exec_fail_status(call, status, error.text);
    }
    return role_version_of(is_absent ? NULL : &item) == call->role_work->plan.version
               ? STATUS_OK
               : exec_fail(call, CQL_SERVER_ERROR,
                           "the roles are not what the database has: start the server anew");
}

static struct gate_change *work_changes(struct exec_call *call, const struct role_row *rows, size_t count)
{
    struct gate_change *changes = arena_create_array(call->arena, count, sizeof(*changes));
    for (size_t i = 0; i < count; i++) {
        changes[i] = (struct gate_change){.kind = rows[i].is_removal ? GATE_DELETE : GATE_PUT,
                                          .is_system = true,
                                          .table = bytes_of_text(rows[i].table),
                                          .item = &rows[i].item};
    }
    return changes;
}

struct role_plan *statement__role_plan(struct exec_call *call)
{
    role_plan_begin(roles_of(call), call->arena, &call->role_work->plan);
    return &call->role_work->plan;
}

enum status statement__role_submit(struct exec_call *call)
{
    struct role_work *work = call->role_work;
    struct arena none = {0};
    struct gate_read read = {0};
    struct role_row *rows = NULL;
    size_t count = 0;
    struct error error;
    if (work->plan.count == 0) {
        work_finish(call);
        return STATUS_OK;
    }
    enum status status = role_rows(roles_of(call), &work->plan, &rows, &count, &error);
    if (status != STATUS_OK) {
        return exec_fail(call, CQL_INVALID, "%s", error.text);
    }
    status = work_read(call, &read);
    if (status != STATUS_OK) {
        return status;
    }
    struct gate_transaction transaction = {.arena = &none,
                                           .changes = work_changes(call, rows, count),
                                           .count = count,
                                           .reads = &read,
                                           .reads_count = 1,
                                           .actor = exec_actor(call),
                                           .done = work_done,
                                           .context = call};
    status = gate_submit(call->exec->gate, &transaction, NULL, &error);
    arena_reset(&none);
    return status == STATUS_OK ? status : exec_fail_status(call, status, error.text);
}

static void work_start(struct exec_call *call, const struct role_work *asked)
{
    struct role_work *work = arena_create(call->arena, sizeof(*work));
    *work = *asked;
    work->turn.begin = work_turn;
    work->call = call;
    call->role_work = work;
    if (turn_take(role_turns(roles_of(call)), &work->turn)) {
        work_begin(call->request);
    }
}

enum status statement__role_work(struct exec_call *call, enum status (*make)(struct exec_call *call),
                                 void (*finish)(struct exec_call *call), void *context)
{
    const struct role_work work = {.make = make,
                                   .finish = finish,
                                   .fail = exec_answer_failure,
                                   .context = context};
    work_start(call, &work);
    return STATUS_OK;
}

/* --- what follows from a change of the schema ------------------------------------------------------------------- */

static void follow_grant(struct exec_call *call, struct role_plan *plan, struct bytes resource)
{
    uint32_t changed = 0;
    struct role_grant grant = {.role = call->request->principal,
                               .resource = resource,
                               .permissions = role_resource_permissions(resource)};
    role_plan_grant(roles_of(call), plan, &grant, &changed);
}

static bool is_function(const struct cql_schema_change *change)
{
    return strcmp(change->target, "FUNCTION") == 0 || strcmp(change->target, "AGGREGATE") == 0;
}

/* The resource that came or went. */
static struct bytes follow_resource(struct exec_call *call, const struct cql_schema_change *change)
{
    struct buffer types = {0};
    if (!is_function(change)) {
        return strcmp(change->target, "KEYSPACE") == 0
                   ? statement__resource_keyspace(call, change->keyspace)
                   : statement__resource_table(call, change->keyspace, change->name);
    }
    for (size_t i = 0; i < change->arguments_count; i++) {
        buffer_put_text(&types, i > 0 ? ", " : "");
        buffer_put(&types, change->arguments[i]);
    }
    const struct user_function function = {.keyspace = change->keyspace,
                                           .name = change->name,
                                           .types = buffer_bytes(&types)};
    struct bytes resource = statement__resource_function(call, &function);
    buffer_reset(&types);
    return resource;
}

static void follow_plan(struct exec_call *call, struct role_plan *plan)
{
    const struct cql_schema_change *change = call->role_work->context;
    bool is_keyspace = strcmp(change->target, "KEYSPACE") == 0;
    struct bytes functions =
        bytes_of_text(arena_format(call->arena, "functions/%.*s", (int)change->keyspace.size,
                                   (const char *)change->keyspace.data));
    struct bytes resource = follow_resource(call, change);
    if (strcmp(change->change, "DROPPED") == 0) {
        role_plan_forget(roles_of(call), plan, resource);
        if (is_keyspace) {
            role_plan_forget(roles_of(call), plan, functions);
        }
        return;
    }
    follow_grant(call, plan, resource);
    if (is_keyspace) {
        follow_grant(call, plan, functions);
    }
}

static void follow_answer(struct exec_call *call)
{
    const struct cql_schema_change *change = call->role_work->context;
    struct cql_answer answer = {.kind = CQL_ANSWER_SCHEMA_CHANGE, .change = *change};
    exec_answer(call, &answer);
}

/* The schema did change: that is what the client is told. */
static void follow_fail(struct exec_call *call)
{
    struct bytes text = call->failure.message;
    exec_warn(call, "The permissions on what changed are not set: %.*s", (int)text.size,
              (const char *)text.data);
    follow_answer(call);
}

static enum status follow_make(struct exec_call *call)
{
    follow_plan(call, statement__role_plan(call));
    return statement__role_submit(call);
}

/* Whether the change makes or takes permissions: a table, keyspace or function that came or went. */
static bool is_followed(const struct exec_call *call, const struct cql_schema_change *change)
{
    bool is_resource = strcmp(change->target, "KEYSPACE") == 0 || strcmp(change->target, "TABLE") == 0 ||
                       is_function(change);
    bool is_made = strcmp(change->change, "CREATED") == 0 && call->exec->node->authorizes &&
                   role_find(roles_of(call), call->request->principal, NULL, NULL);
    bool is_gone = strcmp(change->change, "DROPPED") == 0 && roles_of(call) != NULL;
    return is_resource && (is_made || is_gone);
}

void statement__role_follow(struct exec_call *call, const struct cql_schema_change *change)
{
    struct cql_answer answer = {.kind = CQL_ANSWER_SCHEMA_CHANGE, .change = *change};
    if (!is_followed(call, change)) {
        exec_answer(call, &answer);
        return;
    }
    struct cql_schema_change *kept = arena_create(call->arena, sizeof(*kept));
    *kept = *change;
    const struct role_work work = {.make = follow_make,
                                   .finish = follow_answer,
                                   .fail = follow_fail,
                                   .context = kept};
    work_start(call, &work);
}
