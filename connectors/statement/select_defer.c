/* SELECT with functions or aggregates of users: rows are read first, and kept; then the functions are asked, for all rows
 * together, as often as calls lie inside each other; then the cells are made. */
#include "aggregate.h"
#include "script_value.h"
#include "select.h"
#include "statement/bounds.h"
#include "value/serial.h"

/* What is done one after the other, each for all rows. */
enum defer_stage {
    DEFER_ARGUMENTS, /* of aggregates, where functions are called for them */
    DEFER_STATES,    /* users' aggregates: what their rows lead to */
    DEFER_RESULTS,   /* … and the final functions make of it */
    DEFER_CELLS,
    DEFER_DONE,
};

/* A row that is told, or one of a group whose arguments functions give. */
struct deferred_row {
    struct source_row row;
    struct script_slot *slots;
    struct value *arguments; /* of the group's aggregates, once is_done */
    bool is_done;
    size_t group;
};

struct deferred_group {
    struct source_row first;
    bool has_rows;
    struct script_slot *slots;
    /* One for each aggregate. */
    struct cql_aggregate *states; /* of native ones */
    struct script_fold *folds;    /* of users' */
    struct script_slot *folded;
    struct script_slot *finals;
    struct value *results;
};

struct select_deferred {
    struct arena arena;   /* of what is kept */
    struct arena scratch; /* of the row at hand */
    struct script_round *round;
    enum defer_stage stage;
    bool calls_inside;
    struct deferred_row *rows;
    size_t rows_count;
    struct deferred_group *groups;
    size_t groups_count;
};

void statement__defer_begin(struct select *select)
{
    struct arena *arena = select->call->arena;
    select->deferred = arena_create(arena, sizeof(*select->deferred));
    select->deferred->round = statement__script_begin(select->call);
    select->deferred->calls_inside = statement__selection_calls_inside(&select->selection);
}

void statement__defer_reset(struct select *select)
{
    struct select_deferred *deferred = select->deferred;
    select->deferred = NULL;
    if (deferred == NULL) {
        return;
    }
    for (size_t i = 0; i < deferred->groups_count; i++) {
        for (size_t k = 0; k < select->selection.aggregates_count; k++) {
            statement__script_fold_reset(&deferred->groups[i].folds[k]);
        }
    }
    statement__script_reset(deferred->round);
    arena_reset(&deferred->arena);
    arena_reset(&deferred->scratch);
}

/* --- while rows are read -------------------------------------------------------------------------------------------- */

static enum status check_bytes(const struct select_deferred *deferred, struct error *error)
{
    return deferred->arena.total <= CQL_FUNCTION_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "the rows that functions are called for have more than %d bytes: read them in "
                           "pages, or with a LIMIT",
                           CQL_FUNCTION_BYTES_MAX);
}

enum status statement__defer_row(struct select *select, const struct source_row *row,
                                 const struct select_stored *stored, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    struct arena *arena = &deferred->arena;
    deferred->rows = arena_grow_array(arena, deferred->rows, deferred->rows_count, sizeof(*deferred->rows));
    struct deferred_row *kept = &deferred->rows[deferred->rows_count];
    *kept = (struct deferred_row){.group = deferred->groups_count - 1};
    kept->slots = arena_create_array(arena, select->selection.calls, sizeof(struct script_slot));
    enum status status = statement__select_keep(select, row, stored, arena, &kept->row, error);
    deferred->rows_count++;
    return status == STATUS_OK ? check_bytes(deferred, error) : status;
}

enum status statement__defer_group(struct select *select, const struct source_row *row,
                                   const struct select_stored *stored, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    const struct selection *selection = &select->selection;
    struct arena *arena = &deferred->arena;
    size_t count = selection->aggregates_count;
    deferred->groups =
        arena_grow_array(arena, deferred->groups, deferred->groups_count, sizeof(*deferred->groups));
    struct deferred_group *group = &deferred->groups[deferred->groups_count++];
    *group = (struct deferred_group){.has_rows = row != NULL};
    group->slots = arena_create_array(arena, selection->calls, sizeof(struct script_slot));
    group->states = arena_create_array(arena, count, sizeof(struct cql_aggregate));
    group->folds = arena_create_array(arena, count, sizeof(struct script_fold));
    group->folded = arena_create_array(arena, count, sizeof(struct script_slot));
    group->finals = arena_create_array(arena, count, sizeof(struct script_slot));
    group->results = arena_create_array(arena, count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        group->states[i].function = selection->aggregates[i]->function;
    }
    enum status status =
        row == NULL ? STATUS_OK : statement__select_keep(select, row, stored, arena, &group->first, error);
    return status == STATUS_OK ? check_bytes(deferred, error) : status;
}

/* Whether users made the aggregate. */
static const struct user_function *user_of(const struct selection *selection, size_t aggregate)
{
    const struct cql_function *function = selection->aggregates[aggregate]->function;
    return function == NULL ? NULL : function->user;
}

static enum status group_step(struct select *select, struct deferred_group *group,
                              const struct value *arguments, struct error *error)
{
    const struct selection *selection = &select->selection;
    struct arena *arena = &select->deferred->arena;
    struct arena scratch = {0};
    struct cql_moment moment = {.arena = &scratch, .error = error, .now_us = selection->now_us};
    const struct value null = value_of_null();
    enum status status = STATUS_OK;
    for (size_t i = 0; i < selection->aggregates_count && status == STATUS_OK; i++) {
        const struct user_function *user = user_of(selection, i);
        size_t count = selection->aggregates[i]->count;
        status =
            user != NULL
                ? statement__script_fold_row(select->call, &group->folds[i], user, arguments, error)
                : statement__aggregate_step(&group->states[i], count > 0 ? arguments : &null, &moment, arena);
        arguments += count;
    }
    arena_reset(&scratch);
    return status;
}

enum status statement__defer_step(struct select *select, const struct source_row *row,
                                  const struct select_stored *stored, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    if (deferred->calls_inside) {
        return statement__defer_row(select, row, stored, error);
    }
    struct value *values = arena_create_array(row->arena, select->selection.arguments, sizeof(*values));
    enum status status =
        statement__selection_arguments(&select->selection, row, NULL, row->arena, values, error);
    return status == STATUS_OK
               ? group_step(select, &deferred->groups[deferred->groups_count - 1], values, error)
               : status;
}

/* --- stages --------------------------------------------------------------------------------------------------------- */

static enum status stage_arguments(struct select *select, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < deferred->rows_count && deferred->calls_inside; i++) {
        struct deferred_row *row = &deferred->rows[i];
        const struct selection_scripts scripts = {deferred->round, row->slots};
        if (row->is_done) {
            continue;
        }
        row->arguments =
            arena_create_array(&deferred->arena, select->selection.arguments, sizeof(struct value));
        status = statement__selection_arguments(&select->selection, &row->row, &scripts, &deferred->arena,
                                                row->arguments, error);
        row->is_done = status == STATUS_OK;
        if (status != STATUS_OK && status != STATUS_BUSY) {
            return status;
        }
    }
    bool is_whole = deferred->calls_inside && statement__script_is_empty(deferred->round);
    status = check_bytes(deferred, error);
    for (size_t i = 0; i < deferred->rows_count && is_whole && status == STATUS_OK; i++) {
        const struct deferred_row *row = &deferred->rows[i];
        status = group_step(select, &deferred->groups[row->group], row->arguments, error);
    }
    return status;
}

static enum status stage_states(struct select *select, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    const struct selection *selection = &select->selection;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < deferred->groups_count; i++) {
        struct deferred_group *group = &deferred->groups[i];
        for (size_t k = 0; k < selection->aggregates_count && status == STATUS_OK; k++) {
            const struct user_function *user = user_of(selection, k);
            if (user != NULL && group->folded[k].state == SCRIPT_NEW) {
                status = statement__script_fold_want(deferred->round, user, &group->folds[k],
                                                     &group->folded[k], error);
            }
        }
    }
    return status;
}

static enum status group_result(struct select *select, struct deferred_group *group, size_t aggregate,
                                struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    struct cql_moment moment = {.arena = &deferred->arena,
                                .error = error,
                                .now_us = select->selection.now_us};
    const struct user_function *user = user_of(&select->selection, aggregate);
    struct script_slot *final = &group->finals[aggregate];
    const struct value *state = &group->folded[aggregate].value;
    struct value *result = &group->results[aggregate];
    if (user == NULL) {
        return statement__aggregate_result(&group->states[aggregate], &moment, result);
    }
    bool is_called = user->final != NULL && (state->kind != VALUE_NULL || user->final->is_called_on_null);
    if (is_called && final->state == SCRIPT_NEW) {
        return statement__script_want(deferred->round, user->final, state, final, error);
    }
    *result = is_called ? final->value : user->final == NULL ? *state : value_of_null();
    return STATUS_OK;
}

static enum status stage_results(struct select *select, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < deferred->groups_count; i++) {
        for (size_t k = 0; k < select->selection.aggregates_count && status == STATUS_OK; k++) {
            status = group_result(select, &deferred->groups[i], k, error);
        }
    }
    return status;
}

/* The cells of one row, or of a group. */
static enum status put_cells(struct select *select, const struct source_row *row, struct script_slot *slots,
                             const struct value *results, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    const struct selection_scripts scripts = {deferred->round, slots};
    struct source_row here = row != NULL ? *row : (struct source_row){0};
    here.arena = &deferred->scratch;
    arena_clear(&deferred->scratch);
    enum status status = statement__selection_put(&select->selection, row != NULL ? &here : NULL, &scripts,
                                                  results, &deferred->scratch, &select->cells, error);
    if (status == STATUS_OK && select->sorts) {
        status = statement__sort_note(select, &here, error);
    }
    return status == STATUS_BUSY ? STATUS_OK : status;
}

static enum status stage_cells(struct select *select, struct error *error)
{
    struct select_deferred *deferred = select->deferred;
    bool is_grouped = statement__selection_groups(&select->selection);
    enum status status = STATUS_OK;
    buffer_clear(&select->cells);
    statement__sort_reset(select);
    for (size_t i = 0; i < deferred->rows_count && !is_grouped && status == STATUS_OK; i++) {
        status = put_cells(select, &deferred->rows[i].row, deferred->rows[i].slots, NULL, error);
    }
    for (size_t i = 0; i < deferred->groups_count && status == STATUS_OK; i++) {
        struct deferred_group *group = &deferred->groups[i];
        status =
            put_cells(select, group->has_rows ? &group->first : NULL, group->slots, group->results, error);
    }
    return status;
}

enum status statement__defer_settle(struct select *select, void (*resume)(struct exec_call *call),
                                    bool *ret_waits)
{
    static enum status (*const stages[])(struct select * select, struct error * error) = {
        [DEFER_ARGUMENTS] = stage_arguments,
        [DEFER_STATES] = stage_states,
        [DEFER_RESULTS] = stage_results,
        [DEFER_CELLS] = stage_cells,
    };
    struct select_deferred *deferred = select->deferred;
    struct error error;
    *ret_waits = false;
    while (deferred->stage != DEFER_DONE) {
        enum status status = stages[deferred->stage](select, &error);
        if (status != STATUS_OK) {
            return exec_fail_status(select->call, status, error.text);
        }
        if (!statement__script_is_empty(deferred->round)) {
            *ret_waits = true;
            return statement__script_run(deferred->round, resume);
        }
        deferred->stage++;
    }
    return STATUS_OK;
}
