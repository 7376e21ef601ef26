#include "selection.h"

#include "aggregate.h"
#include "json.h"
#include "statement/bounds.h"
#include "value/serial.h"

/* --- preparing ------------------------------------------------------------------------------------------------------ */

/* Who asks for columns while terms are prepared. */
struct selection_columns {
    const struct source *source;
    struct bytes missing; /* a column that is not there */
};

static bool selection_column(void *context, struct bytes name, uint32_t *ret_index,
                             const struct type **ret_type)
{
    struct selection_columns *columns = context;
    const struct source_column *column = statement__source_find_column(columns->source, name);
    if (column == NULL) {
        columns->missing = name;
        return false;
    }
    *ret_index = (uint32_t)statement__source_number(columns->source, column);
    *ret_type = column->type;
    return true;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

/* Key columns have no cells. */
static enum status check_cells(const struct selection *selection, const struct cql_expression *expression)
{
    enum status status = STATUS_OK;
    if (expression == NULL) {
        return status;
    }
    for (size_t i = 0; i < expression->count && status == STATUS_OK; i++) {
        status = check_cells(selection, expression->parts[i]);
    }
    if (expression->kind != CQL_EXPRESSION_CELL || status != STATUS_OK) {
        return status;
    }
    const struct source_column *column = &selection->source->columns[expression->index];
    const char *name = expression->cell == CQL_TERM_TTL            ? "ttl"
                       : expression->cell == CQL_TERM_MAXWRITETIME ? "maxwritetime"
                                                                   : "writeTime";
    if (column->kind == DESCRIBED_PARTITION_KEY || column->kind == DESCRIBED_CLUSTERING) {
        return exec_fail(selection->call, CQL_INVALID,
                         "Cannot use selection function %s on PRIMARY KEY part %.*s", name,
                         (int)column->name.size, (const char *)column->name.data);
    }
    enum cql_expression_kind part = expression->parts[0]->kind;
    bool is_whole = part != CQL_EXPRESSION_FIELD && part != CQL_EXPRESSION_ELEMENT;
    return is_whole && expression->cell != CQL_TERM_MAXWRITETIME && type_is_multi_cell(column->type)
               ? exec_fail(selection->call, CQL_INVALID,
                           "Cannot use selection function %s on non-frozen %s %.*s", name,
                           column->type->kind == TYPE_UDT ? "UDT" : "collection", (int)column->name.size,
                           (const char *)column->name.data)
               : STATUS_OK;
}

/* The columns that a term reads. */
static bool reads_only_statics(const struct source *source, const struct cql_expression *expression,
                               bool *has_static)
{
    if (expression == NULL) {
        return true;
    }
    if (expression->kind == CQL_EXPRESSION_AGGREGATE && expression->count == 0) {
        return false;
    }
    if (expression->kind == CQL_EXPRESSION_COLUMN) {
        enum described_kind kind = source->columns[expression->index].kind;
        *has_static |= kind == DESCRIBED_STATIC;
        return kind == DESCRIBED_STATIC || kind == DESCRIBED_PARTITION_KEY;
    }
    for (size_t i = 0; i < expression->count; i++) {
        if (!reads_only_statics(source, expression->parts[i], has_static)) {
            return false;
        }
    }
    return true;
}

/* Whether users' functions are called, or (`or_aggregates`) their aggregates. */
static bool calls_users(const struct cql_expression *expression, bool or_aggregates)
{
    bool may_be = expression != NULL && (expression->kind == CQL_EXPRESSION_CALL ||
                                         (or_aggregates && expression->kind == CQL_EXPRESSION_AGGREGATE));
    bool is_there = may_be && expression->function != NULL && expression->function->user != NULL;
    for (size_t i = 0; expression != NULL && i < expression->count && !is_there; i++) {
        is_there = calls_users(expression->parts[i], or_aggregates);
    }
    return is_there;
}

/* NOLINTEND(misc-no-recursion) */

bool statement__selection_calls_inside(const struct selection *selection)
{
    bool is_there = false;
    for (size_t i = 0; i < selection->aggregates_count; i++) {
        for (size_t k = 0; k < selection->aggregates[i]->count; k++) {
            is_there = is_there || calls_users(selection->aggregates[i]->parts[k], false);
        }
    }
    return is_there;
}

bool statement__selection_defers(const struct selection *selection)
{
    bool defers = selection->calls > 0;
    for (size_t i = 0; i < selection->aggregates_count; i++) {
        const struct cql_function *function = selection->aggregates[i]->function;
        defers = defers || (function != NULL && function->user != NULL);
    }
    return defers;
}

static enum status prepare_term(struct selection *selection, struct cql_preparation *preparation,
                                const struct cql_term *term, struct cql_expression **ret_expression)
{
    struct selection_columns *columns = preparation->context;
    enum status status = statement__selector_prepare(preparation, term, ret_expression);
    if (status != STATUS_OK) {
        return columns->missing.size > 0
                   ? statement__source_fail_column(selection->call, selection->source, columns->missing)
                   : exec_fail_status(selection->call, status, preparation->error->text);
    }
    return check_cells(selection, *ret_expression);
}

/* "ks.f(system.now())" */
static struct bytes users_name(struct exec_call *call, const struct cql_term *term)
{
    struct buffer text = {0};
    cql_term_format(term, &(struct cql_term_names){call->functions_keyspace, statement__function_is_native},
                    &text);
    struct bytes name = arena_copy(call->arena, buffer_bytes(&text));
    buffer_reset(&text);
    return name;
}

/* SELECT *: every column. */
static void prepare_all(struct selection *selection)
{
    struct arena *arena = selection->call->arena;
    const struct source *source = selection->source;
    selection->count = source->count;
    selection->terms = arena_create_array(arena, source->count, sizeof(struct cql_expression *));
    selection->names = arena_create_array(arena, source->count, sizeof(struct bytes));
    for (size_t i = 0; i < source->count; i++) {
        struct cql_expression *term = arena_create(arena, sizeof(*term));
        *term = (struct cql_expression){.kind = CQL_EXPRESSION_COLUMN,
                                        .type = *source->columns[i].type,
                                        .index = (uint32_t)i};
        selection->terms[i] = term;
        selection->names[i] = source->columns[i].name;
    }
}

static void make_metadata(struct selection *selection)
{
    static const struct type text = {.kind = TYPE_TEXT};
    struct arena *arena = selection->call->arena;
    size_t count = selection->is_json ? 1 : selection->count;
    struct cql_column_spec *specs = arena_create_array(arena, count, sizeof(*specs));
    for (size_t i = 0; i < count; i++) {
        specs[i] = (struct cql_column_spec){.keyspace = selection->source->table.keyspace,
                                            .table = selection->source->table.name,
                                            .name = selection->is_json ? bytes_of_text("[json]")
                                                                       : selection->names[i],
                                            .type = selection->is_json ? &text : &selection->terms[i]->type};
    }
    selection->metadata = (struct cql_metadata){.columns = specs, .count = count};
}

static enum status prepare_terms(struct selection *selection, struct cql_preparation *preparation,
                                 const struct cql_select *statement)
{
    struct arena *arena = selection->call->arena;
    enum status status = STATUS_OK;
    if (statement->selectors.count == 0) {
        prepare_all(selection);
        return STATUS_OK;
    }
    selection->count = statement->selectors.count;
    selection->terms = arena_create_array(arena, selection->count, sizeof(struct cql_expression *));
    selection->names = arena_create_array(arena, selection->count, sizeof(struct bytes));
    for (size_t i = 0; i < selection->count && status == STATUS_OK; i++) {
        const struct cql_selector *selector = &statement->selectors.at[i];
        selection->names[i] = cql_selector_name(selector, arena);
        status = prepare_term(selection, preparation, selector->term, &selection->terms[i]);
        if (status == STATUS_OK && !selector->has_alias && calls_users(selection->terms[i], true)) {
            selection->names[i] = users_name(selection->call, selector->term);
        }
    }
    return status;
}

enum status statement__selection_make(struct exec_call *call, const struct source *source,
                                      const struct cql_select *statement, struct selection *ret_selection)
{
    struct error error = {0};
    const struct type_names names = exec_type_names(call);
    struct selection_columns columns = {.source = source};
    *ret_selection = (struct selection){.call = call,
                                        .source = source,
                                        .is_json = statement->is_json,
                                        .now_us = clock_wall_us(clock_system())};
    struct cql_preparation preparation = {.arena = call->arena,
                                          .error = &error,
                                          .names = &names,
                                          .now_us = ret_selection->now_us,
                                          .markers = call->receivers,
                                          .column = selection_column,
                                          .context = &columns,
                                          .key_types = call->key_types,
                                          .key_count = call->key_count,
                                          .users = statement__users_of(call)};
    enum status status = prepare_terms(ret_selection, &preparation, statement);
    ret_selection->aggregates = preparation.aggregates;
    ret_selection->aggregates_count = preparation.aggregates_count;
    ret_selection->groups_count = statement->group_by.count;
    ret_selection->groups =
        arena_create_array(call->arena, statement->group_by.count, sizeof(struct cql_expression *));
    for (size_t i = 0; i < statement->group_by.count && status == STATUS_OK; i++) {
        status =
            prepare_term(ret_selection, &preparation, statement->group_by.at[i], &ret_selection->groups[i]);
    }
    ret_selection->calls = preparation.calls;
    for (size_t i = 0; i < ret_selection->aggregates_count; i++) {
        ret_selection->arguments += ret_selection->aggregates[i]->count;
    }
    if (status == STATUS_OK && call->notes != NULL) {
        exec_note_receivers(call);
    }
    if (status == STATUS_OK) {
        make_metadata(ret_selection);
    }
    return status;
}

bool statement__selection_groups(const struct selection *selection)
{
    return selection->aggregates_count > 0 || selection->groups_count > 0;
}

bool statement__selection_is_static(const struct selection *selection)
{
    bool has_static = false;
    for (size_t i = 0; i < selection->count; i++) {
        if (!reads_only_statics(selection->source, selection->terms[i], &has_static)) {
            return false;
        }
    }
    return has_static;
}

size_t statement__selection_computed(const struct selection *selection)
{
    size_t count = 0;
    for (size_t i = 0; i < selection->count; i++) {
        count += selection->terms[i]->kind != CQL_EXPRESSION_COLUMN;
    }
    return count;
}

bool statement__selection_has(const struct selection *selection, size_t column)
{
    for (size_t i = 0; i < selection->count; i++) {
        const struct cql_expression *term = selection->terms[i];
        if (term->kind == CQL_EXPRESSION_COLUMN && term->index == column) {
            return true;
        }
    }
    return false;
}

/* --- evaluating ----------------------------------------------------------------------------------------------------- */

/* What terms see of a row. */
struct selection_row {
    const struct selection *selection;
    const struct source_row *row; /* NULL: there is none */
    const struct cql_evaluation *evaluation;
    const struct selection_scripts *scripts; /* NULL: there are none */
};

static enum status row_bind(void *context, uint16_t marker, struct cql_binding *ret_binding,
                            struct error *error)
{
    const struct selection_row *here = context;
    return exec_bind_marker(here->selection->call, marker, ret_binding, error);
}

static enum status row_column(void *context, uint32_t column, struct value *ret_value, struct error *error)
{
    const struct selection_row *here = context;
    *ret_value = value_of_null();
    return here->row == NULL ? STATUS_OK : statement__row_value(here->row, column, ret_value, error);
}

/* The path of the element or field that writetime(…) is about, as cells are stored. */
static enum status cell_path(const struct selection_row *here, const struct cql_expression *path,
                             struct bytes *ret_key, bool *ret_is_null, struct error *error)
{
    struct value key;
    struct buffer bytes = {0};
    bool is_unset = false;
    *ret_is_null = false;
    if (path->kind == CQL_EXPRESSION_FIELD) {
        uint8_t *position = arena_create(here->evaluation->moment.arena, 2);
        bytes_put_u16(position, (uint16_t)path->index);
        *ret_key = bytes_of(position, 2);
        return STATUS_OK;
    }
    enum status status = statement__evaluate(path->parts[1], here->evaluation, &key, &is_unset);
    *ret_is_null = status == STATUS_OK && key.kind == VALUE_NULL;
    if (status != STATUS_OK || *ret_is_null) {
        return status;
    }
    status = serial_encode(&path->parts[1]->type, &key, &bytes, error);
    *ret_key = arena_copy(here->evaluation->moment.arena, buffer_bytes(&bytes));
    buffer_reset(&bytes);
    return status;
}

static enum status row_cell(void *context, uint32_t column, const struct cql_expression *path,
                            enum cql_term_kind what, struct value *ret_value, struct error *error)
{
    const struct selection_row *here = context;
    struct bytes key = {0};
    bool is_null = here->row == NULL;
    enum status status = STATUS_OK;
    bool has_key =
        path != NULL && (path->kind == CQL_EXPRESSION_FIELD || path->kind == CQL_EXPRESSION_ELEMENT);
    *ret_value = value_of_null();
    if (has_key && !is_null) {
        status = cell_path(here, path, &key, &is_null, error);
    }
    return status != STATUS_OK || is_null
               ? status
               : statement__row_cell(here->row, column, key, has_key, what, ret_value);
}

static enum status row_call(void *context, const struct cql_expression *call, const struct value *arguments,
                            struct value *ret_value, struct error *error)
{
    const struct selection_row *here = context;
    CHECK(here->scripts != NULL && call->index < here->selection->calls);
    struct script_slot *slot = &here->scripts->slots[call->index];
    if (slot->state == SCRIPT_DONE) {
        *ret_value = slot->value;
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (slot->state == SCRIPT_NEW) {
        status = statement__script_want(here->scripts->round, call->function->user, arguments, slot, error);
    }
    return status == STATUS_OK ? STATUS_BUSY : status;
}

static struct cql_evaluation evaluation_of(struct selection_row *here, struct arena *arena,
                                           const struct value *aggregates, struct error *error)
{
    return (
        struct cql_evaluation){.moment = {.arena = arena, .error = error, .now_us = here->selection->now_us},
                               .bind = row_bind,
                               .column = row_column,
                               .cell = row_cell,
                               .call = row_call,
                               .context = here,
                               .aggregates = aggregates};
}

static void put_size(struct buffer *cells, size_t at)
{
    bytes_put_u32(cells->data + at, (uint32_t)(cells->size - at - 4));
}

static void put_null(struct buffer *cells)
{
    buffer_put_u32(cells, UINT32_MAX);
}

static enum status put_cell(const struct cql_expression *term, const struct cql_evaluation *evaluation,
                            struct buffer *cells)
{
    const struct selection_row *here = evaluation->context;
    struct bytes bytes = {0};
    struct value value;
    bool is_null = false;
    bool is_plain = term->kind == CQL_EXPRESSION_COLUMN && here->row != NULL;
    if (is_plain && statement__row_bytes(here->row, term->index, &bytes, &is_null)) {
        buffer_put_u32(cells, is_null ? UINT32_MAX : (uint32_t)bytes.size);
        buffer_put(cells, bytes);
        return STATUS_OK;
    }
    enum status status = statement__evaluate(term, evaluation, &value, &is_null);
    if (status == STATUS_OK && value.kind == VALUE_NULL) {
        put_null(cells);
        return STATUS_OK;
    }
    size_t at = cells->size;
    if (status == STATUS_OK) {
        buffer_put_u32(cells, 0);
        status = serial_encode(&term->type, &value, cells, evaluation->moment.error);
        put_size(cells, at);
    }
    return status;
}

/* A term that waits for a function does not keep the others from asking for theirs. */
static enum status go_on(enum status status, bool *waits)
{
    *waits = *waits || status == STATUS_BUSY;
    return status == STATUS_BUSY ? STATUS_OK : status;
}

/* A row may be told many times over. */
static enum status check_result(const struct buffer *cells, struct error *error)
{
    return cells->size <= CQL_RESULT_BYTES_MAX
               ? STATUS_OK
               : error_set(error, STATUS_TOO_LARGE,
                           "the result has more than %d bytes: read it in pages, or with a LIMIT",
                           CQL_RESULT_BYTES_MAX);
}

/* {"a": 1, "b": null} */
static enum status put_json(const struct selection *selection, const struct cql_evaluation *evaluation,
                            struct buffer *cells)
{
    size_t at = cells->size;
    enum status status = STATUS_OK;
    bool waits = false;
    buffer_put_u32(cells, 0);
    buffer_put_text(cells, "{");
    for (size_t i = 0; i < selection->count && status == STATUS_OK; i++) {
        struct value value = value_of_null();
        bool is_unset = false;
        buffer_put_text(cells, i == 0 ? "" : ", ");
        statement__json_name(selection->names[i], cells);
        buffer_put_text(cells, ": ");
        status = statement__evaluate(selection->terms[i], evaluation, &value, &is_unset);
        if (status == STATUS_OK) {
            statement__json_format(&selection->terms[i]->type, &value, cells);
            status = check_result(cells, evaluation->moment.error);
        }
        status = go_on(status, &waits);
    }
    buffer_put_text(cells, "}");
    put_size(cells, at);
    return status == STATUS_OK && waits ? STATUS_BUSY : status;
}

enum status statement__selection_put(const struct selection *selection, const struct source_row *row,
                                     const struct selection_scripts *scripts, const struct value *aggregates,
                                     struct arena *arena, struct buffer *cells, struct error *error)
{
    struct selection_row here = {.selection = selection, .row = row, .scripts = scripts};
    struct cql_evaluation evaluation = evaluation_of(&here, arena, aggregates, error);
    enum status status = STATUS_OK;
    bool waits = false;
    here.evaluation = &evaluation;
    if (selection->is_json) {
        return put_json(selection, &evaluation, cells);
    }
    for (size_t i = 0; i < selection->count && status == STATUS_OK; i++) {
        status = go_on(put_cell(selection->terms[i], &evaluation, cells), &waits);
        status = status == STATUS_OK ? check_result(cells, error) : status;
    }
    return status == STATUS_OK && waits ? STATUS_BUSY : status;
}

enum status statement__selection_arguments(const struct selection *selection, const struct source_row *row,
                                           const struct selection_scripts *scripts, struct arena *arena,
                                           struct value *ret_values, struct error *error)
{
    struct selection_row here = {.selection = selection, .row = row, .scripts = scripts};
    struct cql_evaluation evaluation = evaluation_of(&here, arena, NULL, error);
    enum status status = STATUS_OK;
    size_t next = 0;
    bool waits = false;
    here.evaluation = &evaluation;
    for (size_t i = 0; i < selection->aggregates_count; i++) {
        const struct cql_expression *aggregate = selection->aggregates[i];
        for (size_t k = 0; k < aggregate->count && status == STATUS_OK; k++) {
            bool is_unset = false;
            status =
                go_on(statement__evaluate(aggregate->parts[k], &evaluation, &ret_values[next++], &is_unset),
                      &waits);
        }
    }
    return status == STATUS_OK && waits ? STATUS_BUSY : status;
}

/* --- groups --------------------------------------------------------------------------------------------------------- */

enum status statement__group_key(const struct selection *selection, const struct source_row *row,
                                 struct arena *arena, struct buffer *ret_key, struct error *error)
{
    struct selection_row here = {.selection = selection, .row = row};
    struct cql_evaluation evaluation = evaluation_of(&here, arena, NULL, error);
    enum status status = STATUS_OK;
    here.evaluation = &evaluation;
    buffer_clear(ret_key);
    for (size_t i = 0; i < selection->groups_count && status == STATUS_OK; i++) {
        status = put_cell(selection->groups[i], &evaluation, ret_key);
    }
    return status;
}

static void group_begin(struct selection_group *group)
{
    const struct selection *selection = group->selection;
    group->states =
        arena_create_array(&group->arena, selection->aggregates_count, sizeof(struct cql_aggregate));
    for (size_t i = 0; i < selection->aggregates_count; i++) {
        group->states[i].function = selection->aggregates[i]->function;
    }
}

enum status statement__group_step(struct selection_group *group, const struct source_row *row,
                                  struct error *error)
{
    const struct selection *selection = group->selection;
    struct selection_row here = {.selection = selection, .row = row};
    struct cql_evaluation evaluation = evaluation_of(&here, row->arena, NULL, error);
    struct cql_moment moment = {.arena = row->arena, .error = error, .now_us = selection->now_us};
    enum status status = STATUS_OK;
    here.evaluation = &evaluation;
    if (group->states == NULL) {
        group_begin(group);
    }
    group->has_rows = true;
    for (size_t i = 0; i < selection->aggregates_count && status == STATUS_OK; i++) {
        const struct cql_expression *aggregate = selection->aggregates[i];
        struct value value = value_of_null();
        bool is_unset = false;
        if (aggregate->count > 0) {
            status = statement__evaluate(aggregate->parts[0], &evaluation, &value, &is_unset);
        }
        if (status == STATUS_OK) {
            status = statement__aggregate_step(&group->states[i], &value, &moment, &group->arena);
        }
    }
    return status;
}

enum status statement__group_put(struct selection_group *group, struct buffer *cells, struct error *error)
{
    const struct source_row *first = group->has_rows ? &group->first : NULL;
    const struct selection *selection = group->selection;
    struct cql_moment moment = {.arena = &group->arena, .error = error, .now_us = selection->now_us};
    enum status status = STATUS_OK;
    if (group->states == NULL) {
        group_begin(group);
    }
    struct value *results =
        arena_create_array(&group->arena, selection->aggregates_count, sizeof(struct value));
    for (size_t i = 0; i < selection->aggregates_count && status == STATUS_OK; i++) {
        status = statement__aggregate_result(&group->states[i], &moment, &results[i]);
    }
    return status == STATUS_OK
               ? statement__selection_put(selection, first, NULL, results, &group->arena, cells, error)
               : status;
}

void statement__group_clear(struct selection_group *group)
{
    arena_clear(&group->arena);
    group->states = NULL;
    group->has_rows = false;
}

void statement__group_reset(struct selection_group *group)
{
    arena_reset(&group->arena);
    buffer_reset(&group->key);
    *group = (struct selection_group){0};
}
