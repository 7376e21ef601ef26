/* Lightweight transactions: IF, and what is told of it. CQL reference, "Lightweight transactions". */
#include <stdlib.h>

#include "modify.h"
#include "row/document.h"
#include "value/serial.h"

/* --- conditions ----------------------------------------------------------------------------------------------------- */

static const enum expression_test lwt_tests[] = {
    [CQL_EQUAL] = EXPRESSION_EQUAL,
    [CQL_NOT_EQUAL] = EXPRESSION_NOT_EQUAL,
    [CQL_LESS] = EXPRESSION_LESS,
    [CQL_LESS_EQUAL] = EXPRESSION_LESS_EQUAL,
    [CQL_GREATER] = EXPRESSION_GREATER,
    [CQL_GREATER_EQUAL] = EXPRESSION_GREATER_EQUAL,
    [CQL_IN] = EXPRESSION_IN,
    [CQL_CONTAINS] = EXPRESSION_CONTAINS,
    [CQL_CONTAINS_KEY] = EXPRESSION_CONTAINS_KEY,
};

/* What a condition compares: a column, an element or a field of it. */
struct lwt_target {
    const struct column *column;
    const struct type *type;
    struct bytes name; /* in the metadata of markers */
    struct path path;
};

static enum status lwt_element(struct modify *modify, const struct cql_relation *relation,
                               struct lwt_target *target, struct path_element *element)
{
    static const struct type index_type = {.kind = TYPE_INT};
    struct exec_call *call = modify->call;
    const struct type *type = &target->column->type;
    bool is_list = type->kind == TYPE_LIST;
    struct bound bound;
    if (!is_list && type->kind != TYPE_MAP) {
        return exec_fail(call, CQL_INVALID, "Invalid element access syntax for %s column %.*s",
                         type->kind == TYPE_SET ? "set" : "non-collection", (int)target->column->name.size,
                         (const char *)target->column->name.data);
    }
    struct bytes name = bytes_of_text(arena_format(call->arena, "%s(%.*s)", is_list ? "idx" : "key",
                                                   (int)target->name.size, (const char *)target->name.data));
    enum status status =
        exec_bind(call, relation->key, is_list ? &index_type : &type->parameters[0], name, &bound);
    target->type = &type->parameters[type->count - 1];
    target->name = bytes_of_text(
        arena_format(call->arena, "value(%.*s)", (int)target->name.size, (const char *)target->name.data));
    if (status != STATUS_OK || call->notes != NULL) {
        return status;
    }
    if (bound.kind != BOUND_VALUE) {
        return exec_fail(call, CQL_INVALID, "Invalid null value for %s access",
                         is_list ? "list element" : "map key");
    }
    if (is_list && bound.value.integer < 0) {
        return exec_fail(call, CQL_INVALID, "Invalid negative list index %lld",
                         (long long)bound.value.integer);
    }
    struct value *key = arena_create(call->arena, sizeof(*key));
    *key = bound.value;
    *element = is_list ? (struct path_element){.is_index = true, .index = (size_t)bound.value.integer}
                       : (struct path_element){.key = key};
    return STATUS_OK;
}

static enum status lwt_field(struct modify *modify, const struct cql_relation *relation,
                             struct lwt_target *target, struct path_element *element)
{
    const struct type *type = &target->column->type;
    for (size_t i = 0; type->kind == TYPE_UDT && i < type->count; i++) {
        if (bytes_equal(type->udt->fields[i], relation->field)) {
            *element = (struct path_element){.is_index = true, .index = i};
            target->type = &type->parameters[i];
            target->name = statement__modify_field_name(modify, target->column->name, relation->field);
            return STATUS_OK;
        }
    }
    const struct bytes name = target->column->name;
    return type->kind == TYPE_UDT
               ? exec_fail(modify->call, CQL_INVALID, "Unknown field %.*s for column %.*s",
                           (int)relation->field.size, (const char *)relation->field.data, (int)name.size,
                           (const char *)name.data)
               : exec_fail_name(modify->call, "Invalid field access syntax for non-UDT column %.*s", name);
}

static enum status lwt_target(struct modify *modify, const struct cql_relation *relation,
                              struct lwt_target *target)
{
    const struct schema *schema = modify->schema;
    struct bytes name = relation->columns.count > 0 ? relation->columns.at[0] : (struct bytes){0};
    struct path_element *elements = arena_create_array(modify->call->arena, 2, sizeof(*elements));
    const struct column *column = schema_column(schema, name);
    if (column == NULL) {
        for (size_t i = 0; i < schema_key_count(schema); i++) {
            if (bytes_equal(schema_key_column(schema, i)->name, name)) {
                return exec_fail_name(modify->call, "PRIMARY KEY column '%.*s' cannot have IF conditions",
                                      name);
            }
        }
        return exec_fail(modify->call, CQL_INVALID, "Undefined column name %.*s in table %.*s",
                         (int)name.size, (const char *)name.data, (int)modify->table.full.size,
                         (const char *)modify->table.full.data);
    }
    *target = (struct lwt_target){.column = column, .type = &column->type, .name = name};
    elements[0] = (struct path_element){.name = name};
    target->path =
        (struct path){.elements = elements, .count = relation->kind == CQL_RELATION_COLUMN ? 1 : 2};
    if (relation->kind == CQL_RELATION_ELEMENT) {
        return lwt_element(modify, relation, target, &elements[1]);
    }
    return relation->kind == CQL_RELATION_FIELD ? lwt_field(modify, relation, target, &elements[1])
                                                : STATUS_OK;
}

static enum status lwt_operand(struct modify *modify, const struct lwt_target *target,
                               const struct cql_term *term, struct operand *ret_operand, bool *ret_is_unset)
{
    struct bound bound;
    struct value *value = arena_create(modify->call->arena, sizeof(*value));
    enum status status = exec_bind(modify->call, term, target->type, target->name, &bound);
    if (status != STATUS_OK) {
        return status;
    }
    *ret_is_unset = bound.kind == BOUND_UNSET && modify->call->notes == NULL;
    *value = bound.kind == BOUND_VALUE ? bound.value : value_of_null();
    bool is_multi = type_is_multi_cell(target->type);
    bool is_empty = (value->kind == VALUE_LIST || value->kind == VALUE_SET || value->kind == VALUE_MAP) &&
                    value->items.count == 0;
    if (is_multi && is_empty) {
        *value = value_of_null(); /* an empty collection that is not frozen is none */
    }
    *ret_operand = (struct operand){.kind = OPERAND_VALUE, .value = value};
    return STATUS_OK;
}

static enum status lwt_fail_unset(struct modify *modify)
{
    return exec_fail(modify->call, CQL_INVALID, "Invalid 'unset' value in condition");
}

/* Those listed; the ones that are unset are not among them. */
static enum status lwt_in_list(struct modify *modify, const struct lwt_target *target,
                               const struct cql_relation *relation, struct operand **ret_operands,
                               size_t *ret_count)
{
    enum status status = STATUS_OK;
    *ret_operands =
        arena_create_array(modify->call->arena, relation->values.count + 1, sizeof(struct operand));
    *ret_count = 0;
    for (size_t i = 0; i < relation->values.count && status == STATUS_OK; i++) {
        bool is_unset = false;
        status =
            lwt_operand(modify, target, relation->values.at[i], &(*ret_operands)[*ret_count + 1], &is_unset);
        *ret_count += is_unset ? 0 : 1;
    }
    return status;
}

/* The values of IN, listed or as one marker. */
static enum status lwt_in(struct modify *modify, const struct lwt_target *target,
                          const struct cql_relation *relation, struct operand **ret_operands,
                          size_t *ret_count)
{
    struct exec_call *call = modify->call;
    if (relation->value == NULL) {
        return lwt_in_list(modify, target, relation, ret_operands, ret_count);
    }
    struct bound bound;
    struct type *list = arena_create(call->arena, sizeof(*list));
    *list = (struct type){.kind = TYPE_LIST, .is_frozen = true, .count = 1, .parameters = target->type};
    struct bytes name = bytes_of_text(
        arena_format(call->arena, "in(%.*s)", (int)target->name.size, (const char *)target->name.data));
    enum status status = exec_bind(call, relation->value, list, name, &bound);
    if (status == STATUS_OK && call->notes == NULL && bound.kind != BOUND_VALUE) {
        status = bound.kind == BOUND_UNSET
                     ? lwt_fail_unset(modify)
                     : exec_fail(call, CQL_INVALID, "Invalid null list in IN condition");
    }
    *ret_count = status == STATUS_OK && bound.kind == BOUND_VALUE ? bound.value.items.count : 0;
    *ret_operands = arena_create_array(call->arena, *ret_count + 1, sizeof(struct operand));
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret_operands)[i + 1] = (struct operand){.kind = OPERAND_VALUE, .value = &bound.value.items.at[i]};
        struct value *kept = arena_create(call->arena, sizeof(*kept));
        *kept = bound.value.items.at[i];
        (*ret_operands)[i + 1].value = kept;
    }
    return status;
}

static void lwt_note_column(struct modify *modify, struct bytes name)
{
    struct cql_names *names = &modify->to->conditions;
    struct bytes *grown = arena_create_array(modify->call->arena, names->count + 1, sizeof(*grown));
    for (size_t i = 0; i < names->count; i++) {
        if (bytes_equal(names->at[i], name)) {
            return;
        }
        grown[i] = names->at[i];
    }
    grown[names->count++] = name;
    names->at = grown;
}

/* Those that are not static first: the order in which Cassandra tells them, and clients may go by it. */
static void lwt_note_columns(struct modify *modify, const struct cql_relations *conditions, bool is_static)
{
    for (size_t i = 0; i < conditions->count; i++) {
        struct bytes name = conditions->at[i].columns.at[0];
        if (schema_column(modify->schema, name)->is_static == is_static) {
            lwt_note_column(modify, name);
        }
    }
}

static bool is_containing(enum cql_comparison comparison)
{
    return comparison == CQL_CONTAINS || comparison == CQL_CONTAINS_KEY;
}

/* CONTAINS compares with what is in the collection. */
static enum status lwt_contained(struct modify *modify, const struct cql_relation *relation,
                                 struct lwt_target *target)
{
    const struct type *type = target->type;
    CHECK(type != NULL);
    bool is_key = relation->comparison == CQL_CONTAINS_KEY;
    bool is_map = type->kind == TYPE_MAP;
    bool fits = is_key ? is_map : is_map || type->kind == TYPE_LIST || type->kind == TYPE_SET;
    if (!fits) {
        return exec_fail(modify->call, CQL_INVALID, "Cannot use %s on non-%s column %.*s",
                         cql_comparison_text(relation->comparison), is_key ? "map" : "collection",
                         (int)target->name.size, (const char *)target->name.data);
    }
    target->type = &type->parameters[is_map && !is_key ? 1 : 0];
    target->name = bytes_of_text(arena_format(modify->call->arena, "%s(%.*s)", is_key ? "key" : "value",
                                              (int)target->name.size, (const char *)target->name.data));
    return STATUS_OK;
}

/* What one value is compared with; null is before or after nothing, and in nothing. */
static enum status lwt_one(struct modify *modify, const struct lwt_target *target,
                           const struct cql_relation *relation, struct operand **ret_operands)
{
    enum cql_comparison comparison = relation->comparison;
    bool needs_value =
        (comparison >= CQL_LESS && comparison <= CQL_GREATER_EQUAL) || is_containing(comparison);
    *ret_operands = arena_create_array(modify->call->arena, 2, sizeof(struct operand));
    bool is_unset = false;
    enum status status = lwt_operand(modify, target, relation->value, &(*ret_operands)[1], &is_unset);
    if (status == STATUS_OK && is_unset) {
        return lwt_fail_unset(modify);
    }
    return status == STATUS_OK && needs_value && modify->call->notes == NULL &&
                   (*ret_operands)[1].value->kind == VALUE_NULL
               ? exec_fail(modify->call, CQL_INVALID, "Invalid comparison with null for operator \"%s\"",
                           cql_comparison_text(comparison))
               : status;
}

static enum status lwt_condition(struct modify *modify, const struct cql_relation *relation)
{
    struct lwt_target target = {0};
    struct operand *operands = NULL;
    size_t count = 1;
    enum status status = lwt_target(modify, relation, &target);
    if (status == STATUS_OK && is_containing(relation->comparison)) {
        status = lwt_contained(modify, relation, &target);
    }
    if (status == STATUS_OK) {
        status = relation->comparison == CQL_IN ? lwt_in(modify, &target, relation, &operands, &count)
                                                : lwt_one(modify, &target, relation, &operands);
    }
    statement__modify_name(modify, target.column);
    if (status != STATUS_OK || target.column == NULL) {
        return status;
    }
    operands[0] = (struct operand){.kind = OPERAND_PATH, .path = target.path};
    struct condition *condition = arena_create(modify->call->arena, sizeof(*condition));
    *condition = (struct condition){.test = lwt_tests[relation->comparison],
                                    .dialect = DIALECT_CQL,
                                    .operands = operands,
                                    .operands_count = count + 1};
    const struct condition **all = target.column->is_static ? &modify->static_condition : &modify->condition;
    if (*all != NULL) {
        struct condition *both = arena_create(modify->call->arena, sizeof(*both));
        *both = (struct condition){.test = EXPRESSION_AND, .left = *all, .right = condition};
        condition = both;
    }
    *all = condition;
    return STATUS_OK;
}

enum status statement__lwt_conditions(struct modify *modify, const struct cql_relations *conditions)
{
    enum status status = STATUS_OK;
    if (modify->is_counter) {
        return exec_fail(modify->call, CQL_INVALID,
                         "Conditional updates are not supported on counter tables");
    }
    for (size_t i = 0; i < conditions->count && status == STATUS_OK; i++) {
        status = lwt_condition(modify, &conditions->at[i]);
    }
    if (status == STATUS_OK) {
        lwt_note_columns(modify, conditions, false);
        lwt_note_columns(modify, conditions, true);
    }
    return status;
}

/* --- the answer ----------------------------------------------------------------------------------------------------- */

/* One row of the answer under construction. */
struct lwt_answer {
    struct exec_call *call;
    const struct modification *to;
    const struct schema *schema;
    struct cql_column_spec *columns;
    size_t columns_count;
    struct buffer cells;
    size_t rows;
    bool hides_regulars; /* columns that are neither of the key nor static were not read */
};

static void lwt_cell(struct buffer *cells, const struct type *type, const struct value *value)
{
    struct buffer bytes = {0};
    if (value == NULL || value->kind == VALUE_NULL || serial_encode(type, value, &bytes, NULL) != STATUS_OK) {
        cql_put_null(cells);
    } else {
        cql_put_bytes(cells, buffer_bytes(&bytes));
    }
    buffer_reset(&bytes);
}

static void lwt_column(struct lwt_answer *answer, struct bytes name, const struct type *type)
{
    answer->columns[answer->columns_count++] = (struct cql_column_spec){
        .keyspace = answer->to->table.keyspace, .table = answer->to->table.name, .name = name, .type = type};
}

static int column_compare(const void *a, const void *b)
{
    const struct column *left = *(const struct column *const *)a;
    const struct column *right = *(const struct column *const *)b;
    return left->is_static != right->is_static ? (int)right->is_static - (int)left->is_static
                                               : bytes_compare(left->name, right->name);
}

/* A whole row's columns as SELECT * has them, statics first and each kind by name; or those that conditions name. */
static void lwt_regular_columns(struct lwt_answer *answer)
{
    const struct schema *schema = answer->schema;
    const struct cql_names *names = &answer->to->conditions;
    size_t count = answer->to->shows_row ? schema->columns_count : names->count;
    const struct column **columns = arena_create_array(answer->call->arena, count, sizeof(struct column *));
    for (size_t i = 0; i < count; i++) {
        columns[i] = answer->to->shows_row ? &schema->columns[i] : schema_column(schema, names->at[i]);
    }
    if (answer->to->shows_row && count > 1) {
        qsort(columns, count, sizeof(struct column *), column_compare);
    }
    for (size_t i = 0; i < count; i++) {
        lwt_column(answer, columns[i]->name, &columns[i]->type);
    }
}

/* Columns of the answer: [applied]; when it was not, the key (of batches and whole rows) and the columns in question. */
static void lwt_columns(struct lwt_answer *answer, bool was_applied)
{
    static const struct type boolean = {.kind = TYPE_BOOLEAN};
    const struct schema *schema = answer->schema;
    size_t most = 1 + schema->partition_count + schema->clustering_count + schema->columns_count;
    answer->columns = arena_create_array(answer->call->arena, most, sizeof(*answer->columns));
    lwt_column(answer, bytes_of_text("[applied]"), &boolean);
    if (was_applied) {
        return;
    }
    bool shows_key = answer->to->shows_row || (answer->to->is_batch && answer->to->conditions.count > 0);
    for (size_t i = 0; i < schema->partition_count && shows_key; i++) {
        lwt_column(answer, schema->partition[i].name, &schema->partition[i].type);
    }
    for (size_t i = 0; i < schema->clustering_count && shows_key; i++) {
        lwt_column(answer, schema->clustering[i].name, &schema->clustering[i].type);
    }
    lwt_regular_columns(answer);
}

/* The moment that conditions went by. */
static int64_t lwt_now(const struct exec_call *call)
{
    const struct cql_parameters *parameters = &call->request->message->parameters;
    return parameters->has_now ? parameters->now_s : call->outcome.commit_time_us / 1000000;
}

/* What shows of the row that a change was about, as a document; false: it is not there. */
static bool lwt_document(struct lwt_answer *answer, size_t change, struct value *ret_item)
{
    struct exec_call *call = answer->call;
    const struct gate_change_outcome *outcome = &call->outcome.changes[change];
    struct error error;
    return outcome->had_old && document_of_wide(answer->schema, outcome->old_key, outcome->old_image,
                                                lwt_now(call), call->arena, ret_item, &error) == STATUS_OK;
}

/* The row of one change, with its partition's statics. */
static void lwt_row(struct lwt_answer *answer, const struct value *item, const struct value *statics)
{
    lwt_cell(&answer->cells, answer->columns[0].type, &(struct value){.kind = VALUE_BOOLEAN});
    for (size_t i = 1; i < answer->columns_count; i++) {
        struct bytes name = answer->columns[i].name;
        bool is_hidden =
            item == NULL || (answer->hides_regulars && schema_column(answer->schema, name) != NULL);
        const struct value *found = is_hidden ? NULL : value_map_get(item, name);
        if (found == NULL && statics != NULL) {
            found = value_map_get(statics, name);
        }
        lwt_cell(&answer->cells, answer->columns[i].type, found);
    }
    answer->rows++;
}

static bool lwt_is_row(const struct gate_change *change)
{
    return change->kind == GATE_WIDE && !change->slice->is_static;
}

/* What shows of the partition's statics as far as it was asked for; false: nothing. */
static bool lwt_statics(struct lwt_answer *answer, struct value *ret_statics)
{
    for (size_t i = 0; i < answer->to->count; i++) {
        const struct gate_change *change = &answer->to->changes[i];
        if (!change->slice->is_static || !lwt_document(answer, i, ret_statics)) {
            continue;
        }
        bool is_asked = change->kind == GATE_WIDE; /* a statement that sets some asks for all */
        for (size_t k = 1; k < answer->columns_count && !is_asked; k++) {
            const struct column *column = schema_column(answer->schema, answer->columns[k].name);
            is_asked = column != NULL && column->is_static && !answer->to->shows_row &&
                       value_map_get(ret_statics, column->name) != NULL;
        }
        if (is_asked) {
            return true;
        }
    }
    return false;
}

/* The first row of the partition, as it is found. */
struct lwt_first {
    struct lwt_answer *answer;
    bool is_there;
    struct value item;
};

static void lwt_first_visit(void *context, const struct gate_row *row)
{
    struct lwt_first *first = context;
    struct exec_call *call = first->answer->call;
    struct error error;
    if (!first->is_there) {
        first->is_there = document_of_wide(first->answer->schema, arena_copy(call->arena, row->key),
                                           arena_copy(call->arena, row->image), lwt_now(call), call->arena,
                                           &first->item, &error) == STATUS_OK;
    }
}

/* Conditions about static columns alone tell a partition without rows from one whose statics are null. */
static bool lwt_first_row(struct lwt_answer *answer, struct value *ret_item)
{
    struct lwt_first first = {.answer = answer};
    struct gate_page page = {0};
    struct error error;
    enum status status = STATUS_OK;
    const struct gate_slice slice = {.partition = answer->to->changes[0].slice->partition,
                                     .has_bounds = true,
                                     .high = {.is_after = true}};
    do {
        struct gate_query query = {.table = answer->to->table.full,
                                   .slice = &slice,
                                   .as_stored = true,
                                   .next = page.next};
        page = (struct gate_page){0};
        status = gate_query(answer->call->exec->view, &query, answer->call->arena, lwt_first_visit, &first,
                            &page, NULL, &error);
    } while (status == STATUS_OK && !first.is_there && page.next.size > 0);
    *ret_item = first.item;
    return first.is_there;
}

static bool lwt_has_row(const struct lwt_answer *answer)
{
    bool has_row = false;
    for (size_t i = 0; i < answer->to->count && !has_row; i++) {
        has_row = lwt_is_row(&answer->to->changes[i]);
    }
    return has_row;
}

/* All rows that conditions were about. */
static void lwt_rows(struct lwt_answer *answer)
{
    struct value statics;
    struct value item;
    bool has_statics = lwt_statics(answer, &statics);
    if (!answer->to->asks_rows && lwt_first_row(answer, &item)) {
        answer->hides_regulars = !lwt_has_row(answer);
        lwt_row(answer, &item, has_statics ? &statics : NULL);
        return;
    }
    for (size_t i = 0; i < answer->to->count && answer->to->asks_rows; i++) {
        if (lwt_is_row(&answer->to->changes[i]) && lwt_document(answer, i, &item)) {
            lwt_row(answer, &item, has_statics ? &statics : NULL);
        }
    }
    if (answer->rows == 0 && has_statics) {
        lwt_row(answer, NULL, &statics);
    }
}

void statement__lwt_finish(struct exec_call *call)
{
    const struct modification *to = call->context;
    bool was_applied = call->outcome.status == STATUS_OK;
    struct lwt_answer answer = {.call = call, .to = to, .schema = to->table.schema};
    lwt_columns(&answer, was_applied);
    if (!was_applied) {
        lwt_rows(&answer);
    }
    if (answer.rows == 0) { /* nothing is there to be told */
        answer.columns_count = 1;
        answer.rows = 1;
        lwt_cell(&answer.cells, answer.columns[0].type,
                 &(struct value){.kind = VALUE_BOOLEAN, .boolean = was_applied});
    }
    const struct cql_metadata metadata = {.columns = answer.columns, .count = answer.columns_count};
    struct cql_answer told = {.kind = CQL_ANSWER_ROWS,
                              .rows = {.metadata = &metadata,
                                       .count = answer.rows,
                                       .cells = buffer_bytes(&answer.cells)}};
    exec_answer(call, &told);
    buffer_reset(&answer.cells);
}
