/* Casts, hints and operators. */
#include "term_private.h"

enum status statement__prepare_hint(struct cql_preparation *preparation, const struct cql_term *term,
                                    struct cql_expression **ret_expression)
{
    struct type *type = arena_create(preparation->arena, sizeof(*type));
    enum status status = statement__type_parse(&term->cast.type, preparation->names, preparation->arena, type,
                                               preparation->error);
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_receiver inner = {.name = bytes_of_text(statement__term_text(term, preparation->arena)),
                                 .type = type};
    if (statement__term_match(preparation, term->cast.operand, type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID, "Cannot cast value %s to type %s",
                         statement__term_text(term->cast.operand, preparation->arena),
                         statement__type_text(type, preparation->arena));
    }
    return statement__prepare_term(preparation, term->cast.operand, &inner, ret_expression);
}

enum status statement__prepare_cast(struct cql_preparation *preparation, const struct cql_term *term,
                                    struct cql_expression **ret_expression)
{
    struct type type;
    struct cql_expression *operand = NULL;
    enum status status = statement__type_parse(&term->cast.type, preparation->names, preparation->arena,
                                               &type, preparation->error);
    if (status == STATUS_OK) {
        status = statement__prepare_operand(preparation, term->cast.operand, &operand);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_expression *call = statement__expression_create(preparation, CQL_EXPRESSION_CALL, &type, 1);
    call->parts[0] = operand;
    status =
        statement__cast_find(&operand->type, &type, preparation->arena, &call->function, preparation->error);
    if (status == STATUS_OK) {
        status = statement__expression_fold(preparation, call);
    }
    *ret_expression = call;
    return status;
}

static char operator_of(enum cql_term_kind kind)
{
    static const char operators[] = {
        [CQL_TERM_ADD] = '+',    [CQL_TERM_SUBTRACT] = '-', [CQL_TERM_MULTIPLY] = '*',
        [CQL_TERM_DIVIDE] = '/', [CQL_TERM_MODULO] = '%',   [CQL_TERM_NEGATE] = '-'};
    return operators[kind];
}

/* A literal is ascii by itself when it can be; that it is text otherwise matters to nothing but strings joined. */
static const struct type *operand_type(struct cql_preparation *preparation, const struct cql_term *term,
                                       const struct type *wanted)
{
    static const struct type ascii = {.kind = TYPE_ASCII};
    bool is_ascii = term->kind == CQL_TERM_STRING;
    for (size_t i = 0; is_ascii && i < term->text.size; i++) {
        is_ascii = term->text.data[i] < 0x80;
    }
    return is_ascii ? &ascii : statement__term_own_type(preparation, term, wanted);
}

static enum status refuse_ambiguous(struct cql_preparation *preparation, const struct cql_term *term)
{
    return error_set(preparation->error, STATUS_INVALID,
                     "Ambiguous '%c' operation with args %s and %s: use type casts to disambiguate",
                     operator_of(term->kind), statement__term_text(term->operation.left, preparation->arena),
                     statement__term_text(term->operation.right, preparation->arena));
}

/* Why the sides have no types: what is wrong with one of them, if anything is. */
static enum status refuse_operands(struct cql_preparation *preparation, const struct cql_term *term)
{
    const struct cql_term *operands[2] = {term->operation.left, term->operation.right};
    for (size_t i = 0; i < ARRAY_COUNT(operands); i++) {
        struct cql_expression *unused = NULL;
        bool is_open =
            operands[i] == NULL || operands[i]->kind == CQL_TERM_MARKER || operands[i]->kind == CQL_TERM_NULL;
        enum status status =
            is_open ? STATUS_OK : statement__prepare_operand(preparation, operands[i], &unused);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return operands[1] == NULL ? error_set(preparation->error, STATUS_INVALID,
                                           "Ambiguous negation: use type casts to disambiguate")
                               : refuse_ambiguous(preparation, term);
}

/* Operands of which one is a marker, or null for nothing in particular: what operators take is tried, and exactly one may fit. */
static enum status open_types(struct cql_preparation *preparation, const struct cql_term *term,
                              const struct type *wanted, const struct type *types[2])
{
    static const struct type candidates[] = {{.kind = TYPE_TINYINT},   {.kind = TYPE_SMALLINT},
                                             {.kind = TYPE_INT},       {.kind = TYPE_BIGINT},
                                             {.kind = TYPE_FLOAT},     {.kind = TYPE_DOUBLE},
                                             {.kind = TYPE_DECIMAL},   {.kind = TYPE_VARINT},
                                             {.kind = TYPE_COUNTER},   {.kind = TYPE_DATE},
                                             {.kind = TYPE_TIMESTAMP}, {.kind = TYPE_TEXT},
                                             {.kind = TYPE_ASCII},     {.kind = TYPE_DURATION}};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(candidates) * ARRAY_COUNT(candidates); i++) {
        const struct type *left = &candidates[i / ARRAY_COUNT(candidates)];
        const struct type *right = &candidates[i % ARRAY_COUNT(candidates)];
        const struct cql_function *function =
            statement__operation_find(term->kind, left, right, preparation->arena);
        if (function != NULL && (wanted == NULL || statement__type_accepts(wanted, &function->returns)) &&
            statement__term_match(preparation, term->operation.left, left) != CQL_MATCH_NONE &&
            statement__term_match(preparation, term->operation.right, right) != CQL_MATCH_NONE) {
            types[0] = left;
            types[1] = right;
            count++;
        }
    }
    return count > 1 ? refuse_ambiguous(preparation, term) : STATUS_OK;
}

static bool is_open(const struct cql_term *term, const struct type *wanted)
{
    return term->kind == CQL_TERM_MARKER || (term->kind == CQL_TERM_NULL && wanted == NULL);
}

/* The types of both sides: what has none of its own has the other's, or the receiver's. */
static enum status operand_types(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct type *wanted, const struct type *types[2])
{
    static const struct type duration = {.kind = TYPE_DURATION};
    if (term->operation.right != NULL &&
        (is_open(term->operation.left, wanted) || is_open(term->operation.right, wanted))) {
        enum status status = open_types(preparation, term, wanted, types);
        if (status != STATUS_OK || types[0] != NULL) {
            return status;
        }
    }
    types[0] = operand_type(preparation, term->operation.left, wanted);
    types[1] =
        term->operation.right != NULL ? operand_type(preparation, term->operation.right, wanted) : NULL;
    if (types[0] == NULL) {
        types[0] = types[1] != NULL && types[1]->kind != TYPE_DURATION ? types[1] : wanted;
    }
    if (types[1] == NULL && types[0] != NULL) {
        bool is_time = types[0]->kind == TYPE_TIMESTAMP || types[0]->kind == TYPE_DATE;
        types[1] = is_time ? &duration : types[0];
    }
    return types[0] != NULL ? STATUS_OK : refuse_operands(preparation, term);
}

/* The operator for these sides, in Cassandra's words where there is none. */
static enum status find_operation(struct cql_preparation *preparation, const struct cql_term *term,
                                  const struct type *const types[2], const struct cql_function **ret_function)
{
    bool is_negation = term->kind == CQL_TERM_NEGATE;
    struct arena *arena = preparation->arena;
    *ret_function = statement__operation_find(term->kind, types[0], is_negation ? NULL : types[1], arena);
    if (*ret_function != NULL) {
        return STATUS_OK;
    }
    return is_negation
               ? error_set(preparation->error, STATUS_INVALID, "the '-' operation is not supported on %s",
                           statement__term_text(term->operation.left, arena))
               : error_set(preparation->error, STATUS_INVALID,
                           "the '%c' operation is not supported between %s and %s", operator_of(term->kind),
                           statement__term_text(term->operation.left, arena),
                           statement__term_text(term->operation.right, arena));
}

enum status statement__prepare_operation(struct cql_preparation *preparation, const struct cql_term *term,
                                         const struct type *wanted, struct cql_expression **ret_expression)
{
    const struct type *types[2] = {NULL, NULL};
    struct cql_term *operands[2] = {term->operation.left, term->operation.right};
    const struct cql_function *function = NULL;
    bool is_negation = term->kind == CQL_TERM_NEGATE;
    enum status status = operand_types(preparation, term, wanted, types);
    if (status == STATUS_OK) {
        status = find_operation(preparation, term, types, &function);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_terms arguments = {.at = operands, .count = is_negation ? 1 : 2};
    struct cql_expression *call =
        statement__expression_create(preparation, CQL_EXPRESSION_CALL, &function->returns, arguments.count);
    call->function = function;
    status = statement__prepare_arguments(preparation, &arguments, call);
    if (status == STATUS_OK) {
        status = statement__expression_fold(preparation, call);
    }
    *ret_expression = call;
    return status;
}

static const char *operation_text(const struct cql_term *term, const struct cql_expression *expression,
                                  struct arena *arena)
{
    return term->kind == CQL_TERM_CALL && expression->function != NULL
               ? arena_format(arena, "function %s",
                              statement__term_function_text(&expression->function->name, arena))
               : arena_format(arena, "operation %s", statement__term_text(term, arena));
}

enum status statement__prepare_own(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct cql_receiver *receiver,
                                   struct cql_expression **ret_expression)
{
    struct memo_entry entry = statement__term_own(preparation, term, receiver->type);
    if (entry.status != STATUS_OK) {
        return error_set(preparation->error, entry.status, "%s", entry.error);
    }
    const struct type *type = &entry.expression->type;
    const char *name = arena_copy_text(preparation->arena, receiver->name);
    *ret_expression = entry.expression;
    if (statement__type_accepts(receiver->type, type)) {
        return statement__prepare_converted(preparation, receiver, ret_expression);
    }
    if (term->kind == CQL_TERM_HINT) {
        return error_set(preparation->error, STATUS_INVALID, "Cannot assign value %s to %s of type %s",
                         statement__term_text(term, preparation->arena), name,
                         statement__type_text(receiver->type, preparation->arena));
    }
    return error_set(preparation->error, STATUS_INVALID,
                     "Type error: cannot assign result of %s (type %s) to %s (type %s)",
                     operation_text(term, entry.expression, preparation->arena),
                     statement__type_text(type, preparation->arena), name,
                     statement__type_text(receiver->type, preparation->arena));
}
