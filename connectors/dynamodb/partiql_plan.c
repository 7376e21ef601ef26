/* What a PartiQL statement about one item asks of the store: a WHERE clause's key, and the condition that is left. */
#include "partiql.h"

enum status partiql_read(struct call *call, const struct value *map, struct partiql_statement *ret_statement)
{
    const struct value *json = member_of(map, "Parameters");
    struct bytes text = text_of(map, "Statement");
    size_t count = json == NULL ? 0 : json->items.count;
    struct value *parameters = arena_create_array(call->arena, count, sizeof(*parameters));
    struct error error;
    if (text.size > DYNAMODB_STATEMENT_BYTES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "The statement has more than %d bytes",
                         DYNAMODB_STATEMENT_BYTES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const char *problem = attribute_read(call->arena, &json->items.at[i], &parameters[i]);
        if (problem != NULL) {
            return call_fail(call, AWS_FAILURE_VALIDATION, "%s", problem);
        }
    }
    enum status status = partiql_parse(text, parameters, count, call->arena, ret_statement, &error);
    return status == STATUS_OK ? status : call_fail(call, AWS_FAILURE_VALIDATION, "%s", error.text);
}

/* --- the terms of a WHERE clause -------------------------------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): EXPRESSION_OPERATORS_MAX bounds it */
static void terms_add(const struct condition *condition, struct partiql_terms *terms)
{
    if (condition->test == EXPRESSION_AND) {
        terms_add(condition->left, terms);
        terms_add(condition->right, terms);
    } else {
        terms->at[terms->count++] = condition;
    }
}
/* NOLINTEND(misc-no-recursion) */

struct partiql_terms partiql_terms_of(const struct condition *where, struct arena *arena)
{
    struct partiql_terms terms = {0};
    terms.at = arena_create_array(arena, EXPRESSION_OPERATORS_MAX + 1, sizeof(struct condition *));
    terms.is_used = arena_create_array(arena, EXPRESSION_OPERATORS_MAX + 1, sizeof(*terms.is_used));
    if (where != NULL) {
        terms_add(where, &terms);
    }
    return terms;
}

const struct condition *partiql_terms_rest(const struct partiql_terms *terms, struct arena *arena)
{
    const struct condition *rest = NULL;
    for (size_t i = 0; i < terms->count; i++) {
        if (terms->is_used[i]) {
            continue;
        }
        if (rest == NULL) {
            rest = terms->at[i];
            continue;
        }
        struct condition *both = arena_create(arena, sizeof(*both));
        *both = (struct condition){.test = EXPRESSION_AND, .left = rest, .right = terms->at[i]};
        rest = both;
    }
    return rest;
}

static bool is_attribute(const struct operand *operand, struct bytes name)
{
    return operand->kind == OPERAND_PATH && operand->path.count == 1 &&
           bytes_equal(operand->path.elements[0].name, name);
}

static bool is_value(const struct operand *operand)
{
    return operand->kind == OPERAND_VALUE && operand->value != NULL;
}

static bool between_read(const struct operand *operands, struct key_term *ret_term)
{
    int order = 0;
    bool is_range = is_value(&operands[1]) && is_value(&operands[2]) &&
                    document_order(operands[1].value, operands[2].value, &order) && order <= 0;
    if (is_range) {
        ret_term->values[0] = operands[1].value;
        ret_term->values[1] = operands[2].value;
    }
    return is_range;
}

bool partiql_term_read(const struct condition *term, struct bytes name, struct key_term *ret_term)
{
    const struct operand *operands = term->operands;
    *ret_term = (struct key_term){.name = name, .test = term->test};
    switch ((int)term->test) {
    case EXPRESSION_EQUAL:
    case EXPRESSION_LESS:
    case EXPRESSION_LESS_EQUAL:
    case EXPRESSION_GREATER:
    case EXPRESSION_GREATER_EQUAL:
        if (is_attribute(&operands[1], name) && is_value(&operands[0])) {
            ret_term->test = expression_test_mirrored(term->test);
            ret_term->values[0] = operands[0].value;
            return true;
        }
        break;
    case EXPRESSION_BEGINS_WITH:
        break;
    case EXPRESSION_BETWEEN:
        return is_attribute(&operands[0], name) && between_read(operands, ret_term);
    default:
        return false;
    }
    ret_term->values[0] = operands[1].value;
    return is_attribute(&operands[0], name) && is_value(&operands[1]);
}

/* --- plans ------------------------------------------------------------------------------------------------------ */

static enum status fail_no_key(struct call *call, const struct partiql_plan *plan)
{
    return plan->statement.kind == PARTIQL_SELECT
               ? call_fail(call, AWS_FAILURE_VALIDATION,
                           "Select statements within %s must specify the primary key in the where clause.",
                           call->operation->name)
               : call_fail(call, AWS_FAILURE_VALIDATION,
                           "Where clause does not contain a mandatory equality on all key attributes");
}

/* The equalities of a WHERE clause that make up the table's key. */
static enum status plan_key(struct call *call, struct partiql_plan *plan)
{
    const struct partiql_statement *statement = &plan->statement;
    struct partiql_terms terms = partiql_terms_of(statement->where, call->arena);
    size_t count = schema_key_count(plan->schema);
    plan->key = (struct value){.kind = VALUE_MAP};
    plan->key.pairs.at = arena_create_array(call->arena, 2 * count, sizeof(struct value));
    for (size_t i = 0; i < count; i++) {
        struct bytes name = schema_key_column(plan->schema, i)->name;
        bool is_found = false;
        for (size_t k = 0; k < terms.count && !is_found; k++) {
            struct key_term term;
            is_found = !terms.is_used[k] && partiql_term_read(terms.at[k], name, &term) &&
                       term.test == EXPRESSION_EQUAL;
            if (is_found) {
                terms.is_used[k] = true;
                plan->key.pairs.at[2 * i] = value_of_text(name);
                plan->key.pairs.at[2 * i + 1] = *term.values[0];
            }
        }
        if (!is_found) {
            return fail_no_key(call, plan);
        }
    }
    plan->key.pairs.count = count;
    CHECK(value_map_sort(&plan->key));
    plan->rest = partiql_terms_rest(&terms, call->arena);
    return key_check(call, plan->schema, &plan->key);
}

static enum status plan_item(struct call *call, struct partiql_plan *plan)
{
    plan->key = plan->statement.item;
    if (!value_is_within(&plan->key, DYNAMODB_ITEM_DEPTH_MAX)) {
        return call_fail(call, AWS_FAILURE_VALIDATION,
                         "Nesting Levels have exceeded supported limits: Attributes in the item have nested "
                         "levels beyond supported limit");
    }
    if (document_bytes(&plan->key) > DYNAMODB_ITEM_BYTES_MAX) {
        return call_fail(call, AWS_FAILURE_VALIDATION, "Item size has exceeded the maximum allowed size");
    }
    return key_check_item(call, plan->schema, &plan->key);
}

static void plan_change(struct call *call, struct partiql_plan *plan)
{
    static const struct {
        enum gate_change_kind kind;
        enum gate_presence presence;
    } kinds[] = {
        [PARTIQL_SELECT] = {GATE_CHECK, GATE_ALWAYS},  [PARTIQL_EXISTS] = {GATE_CHECK, GATE_IF_PRESENT},
        [PARTIQL_INSERT] = {GATE_PUT, GATE_IF_ABSENT}, [PARTIQL_UPDATE] = {GATE_UPDATE, GATE_IF_PRESENT},
        [PARTIQL_DELETE] = {GATE_DELETE, GATE_ALWAYS},
    };
    const struct partiql_statement *statement = &plan->statement;
    enum partiql_returning returning = statement->returning;
    bool wants_capacity = capacity_is_wanted(call);
    bool wants_old = returning == PARTIQL_ALL_OLD || returning == PARTIQL_MODIFIED_OLD;
    bool wants_new = returning == PARTIQL_ALL_NEW || returning == PARTIQL_MODIFIED_NEW;
    plan->change = (struct gate_change){
        .kind = kinds[statement->kind].kind,
        .presence = kinds[statement->kind].presence,
        .wants_old = wants_capacity || plan->wants_item || wants_old,
        .wants_new = wants_capacity || wants_new,
        .table = plan->schema->name,
        .item = &plan->key,
        .condition = plan->rest,
        .update = statement->kind == PARTIQL_UPDATE ? &statement->update : NULL,
        .bounds = &dynamodb_item_bounds,
    };
}

enum status partiql_plan(struct call *call, struct partiql_plan *plan)
{
    const struct partiql_statement *statement = &plan->statement;
    enum status status = call_table(call, table_named(call, statement->table), &plan->schema);
    if (status == STATUS_OK && statement->index.size > 0) {
        status = fail_no_key(call, plan);
    }
    if (status == STATUS_OK) {
        status = statement->kind == PARTIQL_INSERT ? plan_item(call, plan) : plan_key(call, plan);
    }
    if (status == STATUS_OK && statement->kind == PARTIQL_EXISTS && plan->rest == NULL) {
        status = call_fail(call, AWS_FAILURE_VALIDATION,
                           "EXISTS must specify the full primary key and one other condition");
    }
    if (status == STATUS_OK) {
        plan_change(call, plan);
    }
    return status;
}

/* --- what comes of them ----------------------------------------------------------------------------------------- */

void partiql_fail_write(struct call *call, const struct partiql_plan *plan, enum status status,
                        const char *text, bool had_old, struct bytes old_image)
{
    if (status == STATUS_CONDITION && plan->statement.kind == PARTIQL_INSERT) {
        (void)call_fail(call, AWS_FAILURE_DUPLICATE_ITEM, "Duplicate primary key exists in table");
    } else if (status == STATUS_CONDITION) {
        condition_failure(call, plan->wants_item, had_old, old_image);
    } else {
        (void)call_fail_error(call, status,
                              plan->statement.kind == PARTIQL_UPDATE ? update_text(text) : text);
    }
}

bool partiql_returned(const struct partiql_plan *plan, const struct value *old, const struct value *new,
                      struct arena *arena, struct value *ret_item)
{
    enum partiql_returning returning = plan->statement.returning;
    bool is_old = returning == PARTIQL_ALL_OLD || returning == PARTIQL_MODIFIED_OLD;
    const struct value *image = is_old ? old : new;
    if (returning == PARTIQL_RETURNING_NOTHING || image == NULL) {
        return false;
    }
    *ret_item = returning == PARTIQL_MODIFIED_OLD || returning == PARTIQL_MODIFIED_NEW
                    ? update_touched(&plan->statement.update, image, arena)
                    : *image;
    return ret_item->pairs.count > 0;
}

/* What a path is called in an answer: its last name, and the indexes after it: `a.b[0]` is "b[0]". */
static const char *column_name(const struct path *path, struct arena *arena)
{
    struct buffer text = {0};
    size_t from = path->count - 1;
    while (path->elements[from].is_index) { /* the first is a name */
        from--;
    }
    buffer_put(&text, path->elements[from].name);
    for (size_t i = from + 1; i < path->count; i++) {
        buffer_put_format(&text, "[%zu]", path->elements[i].index);
    }
    const char *name = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return name;
}

struct value partiql_project(const struct partiql_statement *statement, const struct value *item,
                             struct arena *arena)
{
    const struct projection *projection = statement->projection;
    struct value part = {.kind = VALUE_MAP};
    if (projection == NULL) {
        return *item;
    }
    for (size_t i = 0; i < projection->count; i++) {
        const struct value *found = path_find(&projection->paths[i], item);
        if (found != NULL) {
            map_set_member(&part, column_name(&projection->paths[i], arena), found, arena);
        }
    }
    return part;
}
