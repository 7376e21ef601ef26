/* Terms against types. */
#include "term.h"

#include "syntax/bounds.h"
#include "syntax/syntax.h"
#include "value/decimal.h"
#include "value/order.h"
#include "value/scalar_text.h"
#include "value/serial.h"

/* --- receivers -------------------------------------------------------------------------------------------------- */

static const struct type type_int = {.kind = TYPE_INT};
static const struct type type_bigint = {.kind = TYPE_BIGINT};
static const struct type type_text = {.kind = TYPE_TEXT};

static struct bytes named(struct arena *arena, const char *before, struct bytes name, const char *after)
{
    return bytes_of_text(
        arena_format(arena, "%s%.*s%s", before, (int)name.size, (const char *)name.data, after));
}

static const struct type *type_of_one(enum type_kind kind, const struct type *parameters, size_t count,
                                      struct arena *arena)
{
    struct type *type = arena_create(arena, sizeof(*type));
    *type = (struct type){.kind = kind, .is_frozen = true, .count = count, .parameters = parameters};
    return type;
}

struct cql_receiver statement__receiver_in(const struct cql_receiver *column, struct arena *arena)
{
    return (struct cql_receiver){.name = named(arena, "in(", column->name, ")"),
                                 .type = type_of_one(TYPE_LIST, column->type, 1, arena)};
}

struct cql_receiver statement__receiver_tuple(const struct cql_receiver *columns, size_t count,
                                              struct arena *arena)
{
    struct buffer name = {0};
    struct type *types = arena_create_array(arena, count, sizeof(*types));
    for (size_t i = 0; i < count; i++) {
        buffer_put_text(&name, i == 0 ? "(" : ",");
        buffer_put(&name, columns[i].name);
        types[i] = *columns[i].type;
    }
    buffer_put_text(&name, ")");
    struct bytes copy = arena_copy(arena, buffer_bytes(&name));
    buffer_reset(&name);
    return (struct cql_receiver){.name = copy, .type = type_of_one(TYPE_TUPLE, types, count, arena)};
}

struct cql_receiver statement__receiver_tuples_in(const struct cql_receiver *columns, size_t count,
                                                  struct arena *arena)
{
    struct cql_receiver tuple = statement__receiver_tuple(columns, count, arena);
    return (struct cql_receiver){.name = named(arena, "in", tuple.name, ""),
                                 .type = type_of_one(TYPE_LIST, tuple.type, 1, arena)};
}

struct cql_receiver statement__receiver_token(void)
{
    return (struct cql_receiver){.name = bytes_of_text("partition key token"), .type = &type_bigint};
}

struct cql_receiver statement__receiver_key(const struct cql_receiver *column, struct arena *arena)
{
    bool is_map = column->type->kind == TYPE_MAP;
    return (struct cql_receiver){.name = named(arena, is_map ? "key(" : "idx(", column->name, ")"),
                                 .type = is_map ? &column->type->parameters[0] : &type_int};
}

struct cql_receiver statement__receiver_value(const struct cql_receiver *column, struct arena *arena)
{
    bool is_map = column->type->kind == TYPE_MAP;
    return (struct cql_receiver){.name = named(arena, "value(", column->name, ")"),
                                 .type = &column->type->parameters[is_map ? 1 : 0]};
}

struct cql_receiver statement__receiver_field(const struct cql_receiver *column, size_t field,
                                              struct arena *arena)
{
    struct bytes name = column->type->udt->fields[field];
    const char *text = arena_format(arena, "%.*s.%.*s", (int)column->name.size,
                                    (const char *)column->name.data, (int)name.size, (const char *)name.data);
    return (struct cql_receiver){.name = bytes_of_text(text), .type = &column->type->parameters[field]};
}

struct cql_receiver statement__receiver_limit(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[limit]"), .type = &type_int};
}

struct cql_receiver statement__receiver_partition_limit(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[per_partition_limit]"), .type = &type_int};
}

struct cql_receiver statement__receiver_ttl(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[ttl]"), .type = &type_int};
}

struct cql_receiver statement__receiver_timestamp(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[timestamp]"), .type = &type_bigint};
}

struct cql_receiver statement__receiver_json(void)
{
    return (struct cql_receiver){.name = bytes_of_text("[json]"), .type = &type_text};
}

/* --- types ------------------------------------------------------------------------------------------------------ */

/* The text without comments: quotes are stepped over, and all else that CQL's types have is no slash or dash. */
static struct bytes without_comments(struct bytes text, struct arena *arena)
{
    uint8_t *copy = arena_create(arena, text.size);
    bool is_quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        copy[i] = text.data[i];
        is_quoted = is_quoted != (text.data[i] == '"');
        bool may_begin = !is_quoted && i + 1 < text.size && (text.data[i] == '/' || text.data[i] == '-');
        bool is_block = may_begin && text.data[i + 1] == '*';
        if (!may_begin) {
            continue;
        }
        size_t end = i + 2;
        while (end < text.size &&
               (is_block ? text.data[end - 1] != '*' || text.data[end] != '/' || end < i + 3
                         : text.data[end] != '\n' && text.data[end] != '\r')) {
            end++;
        }
        for (; i <= end && i < text.size; i++) {
            copy[i] = ' ';
        }
        i--;
    }
    return bytes_of(copy, text.size);
}

enum status statement__type_parse(const struct cql_type *type, const struct type_names *names,
                                  struct arena *arena, struct type *ret_type, struct error *error)
{
    bool may_have_comments =
        bytes_find_byte(type->text, '/') != NULL || bytes_find_byte(type->text, '-') != NULL;
    if (type->text.size > 0 && type->text.data[0] == '\'') {
        return error_set(error, STATUS_INVALID, "Types by the name of a class are not supported: %.*s",
                         (int)(type->text.size < 100 ? type->text.size : 100), (const char *)type->text.data);
    }
    return type_parse(may_have_comments ? without_comments(type->text, arena) : type->text, names, arena,
                      ret_type, error);
}

/* --- what fits -------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct cql_term *term, struct arena *arena)
{
    struct buffer text = {0};
    cql_term_format(term, NULL, &text);
    size_t size = text.size < 100 ? text.size : 100;
    while (size < text.size && size > 0 && (text.data[size] & 0xC0) == 0x80) {
        size--;
    }
    const char *copy = arena_copy_text(arena, bytes_part(buffer_bytes(&text), 0, size));
    buffer_reset(&text);
    return copy;
}

static const char *literal_name(enum cql_term_kind kind)
{
    static const char *const names[] = {
        [CQL_TERM_STRING] = "STRING",     [CQL_TERM_INTEGER] = "INTEGER", [CQL_TERM_FLOAT] = "FLOAT",
        [CQL_TERM_BOOLEAN] = "BOOLEAN",   [CQL_TERM_UUID] = "UUID",       [CQL_TERM_HEX] = "HEX",
        [CQL_TERM_DURATION] = "DURATION",
    };
    return names[kind];
}

static bool is_literal(const struct cql_term *term)
{
    return term->kind >= CQL_TERM_STRING && term->kind <= CQL_TERM_DURATION;
}

/* Which classes of literals a type takes. */
static bool literal_fits(enum cql_term_kind literal, enum type_kind type)
{
    switch ((int)literal) {
    case CQL_TERM_STRING:
        return type == TYPE_ASCII || type == TYPE_TEXT || type == TYPE_INET || type == TYPE_DATE ||
               type == TYPE_TIME || type == TYPE_TIMESTAMP;
    case CQL_TERM_INTEGER:
        return (type >= TYPE_TINYINT && type <= TYPE_DECIMAL) || type == TYPE_FLOAT || type == TYPE_DOUBLE ||
               type == TYPE_DATE || type == TYPE_TIME || type == TYPE_TIMESTAMP || type == TYPE_DURATION;
    case CQL_TERM_FLOAT:
        return type == TYPE_FLOAT || type == TYPE_DOUBLE || type == TYPE_DECIMAL;
    case CQL_TERM_BOOLEAN:
        return type == TYPE_BOOLEAN;
    case CQL_TERM_UUID:
        return type == TYPE_UUID || type == TYPE_TIMEUUID;
    case CQL_TERM_HEX:
        return type == TYPE_BLOB;
    default:
        return type == TYPE_DURATION;
    }
}

static enum type_kind number_kind(struct bytes text, const struct type *receiver)
{
    static const struct {
        int64_t least;
        int64_t most;
        enum type_kind kind;
        bool needs_receiver;
    } kinds[] = {{INT8_MIN, INT8_MAX, TYPE_TINYINT, true},
                 {INT16_MIN, INT16_MAX, TYPE_SMALLINT, true},
                 {INT32_MIN, INT32_MAX, TYPE_INT, false},
                 {INT64_MIN, INT64_MAX, TYPE_BIGINT, false}};
    struct arena arena = {0};
    struct decimal decimal = {0};
    int64_t number = 0;
    enum type_kind found = TYPE_VARINT;
    bool fits =
        decimal_parse(text, &arena, &decimal, NULL) == STATUS_OK && decimal_to_integer(&decimal, &number);
    for (size_t i = 0; i < ARRAY_COUNT(kinds) && fits && found == TYPE_VARINT; i++) {
        bool is_open = !kinds[i].needs_receiver || (receiver != NULL && receiver->kind == kinds[i].kind);
        if (is_open && number >= kinds[i].least && number <= kinds[i].most) {
            found = kinds[i].kind;
        }
    }
    arena_reset(&arena);
    return found;
}

/* The type that a literal has by itself. */
static struct type literal_type(const struct cql_term *term, const struct type *receiver)
{
    switch ((int)term->kind) {
    case CQL_TERM_STRING:
        return (struct type){.kind = TYPE_TEXT};
    case CQL_TERM_INTEGER:
        return (struct type){.kind = number_kind(term->text, receiver)};
    case CQL_TERM_FLOAT:
        return (struct type){.kind = receiver != NULL &&
                                             (receiver->kind == TYPE_FLOAT || receiver->kind == TYPE_DECIMAL)
                                         ? receiver->kind
                                         : TYPE_DOUBLE};
    case CQL_TERM_BOOLEAN:
        return (struct type){.kind = TYPE_BOOLEAN};
    case CQL_TERM_UUID:
        return (struct type){.kind = TYPE_UUID};
    case CQL_TERM_HEX:
        return (struct type){.kind = TYPE_BLOB};
    default:
        return (struct type){.kind = TYPE_DURATION};
    }
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

static enum status prepare(struct cql_preparation *preparation, const struct cql_term *term,
                           const struct cql_receiver *receiver, struct cql_expression **ret_expression);

/* --- what was prepared already ----------------------------------------------------------------------------------- */

/* Terms by themselves, without a receiver: each is prepared once, however often its type is asked for. Without that, calls
 * inside calls would take time that doubles with every level. */
struct memo_entry {
    const struct cql_term *term;
    enum type_kind wanted;
    enum status status;
    struct cql_expression *expression;
    const char *error;
};

struct cql_memo {
    struct memo_entry *entries;
    size_t capacity; /* a power of two */
    size_t count;
};

static struct memo_entry *memo_slot(const struct cql_memo *memo, const struct cql_term *term,
                                    enum type_kind wanted)
{
    size_t at = ((size_t)(uintptr_t)term >> 4) * 31 + (size_t)wanted;
    for (;; at++) {
        struct memo_entry *entry = &memo->entries[at & (memo->capacity - 1)];
        if (entry->term == NULL || (entry->term == term && entry->wanted == wanted)) {
            return entry;
        }
    }
}

static void memo_grow(struct cql_memo *memo, struct arena *arena)
{
    struct cql_memo grown = {.capacity = memo->capacity == 0 ? 16 : memo->capacity * 2, .count = memo->count};
    if (memo->count * 2 < memo->capacity) {
        return;
    }
    grown.entries = arena_create_array(arena, grown.capacity, sizeof(*grown.entries));
    for (size_t i = 0; i < memo->capacity; i++) {
        const struct memo_entry *entry = &memo->entries[i];
        if (entry->term != NULL) {
            *memo_slot(&grown, entry->term, entry->wanted) = *entry;
        }
    }
    *memo = grown;
}

static bool is_operation(const struct cql_term *term)
{
    return term->kind >= CQL_TERM_ADD && term->kind <= CQL_TERM_NEGATE;
}

static enum status prepare_operation(struct cql_preparation *preparation, const struct cql_term *term,
                                     const struct type *wanted, struct cql_expression **ret_expression);

/* The term by itself: what it was prepared to, or why it cannot be. Sums look at the type that is wanted of them, for their
 * literals; nothing else does. */
static struct memo_entry own_entry(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct type *wanted)
{
    enum type_kind kind = is_operation(term) && wanted != NULL ? wanted->kind : TYPE_ANY;
    struct error why = {0};
    if (preparation->memo == NULL) {
        preparation->memo = arena_create(preparation->arena, sizeof(*preparation->memo));
        memo_grow(preparation->memo, preparation->arena);
    }
    const struct memo_entry *known = memo_slot(preparation->memo, term, kind);
    if (known->term != NULL) {
        return *known;
    }
    struct memo_entry entry = {.term = term, .wanted = kind};
    struct error *error = preparation->error;
    preparation->error = &why;
    entry.status = is_operation(term) ? prepare_operation(preparation, term, wanted, &entry.expression)
                                      : prepare(preparation, term, NULL, &entry.expression);
    preparation->error = error;
    entry.error = arena_copy_text(preparation->arena, bytes_of_text(why.text));
    preparation->memo->count++;
    *memo_slot(preparation->memo, term, kind) = entry;
    memo_grow(preparation->memo, preparation->arena);
    return entry;
}

/* A term's own type, where it has one. What is wrong is told when it is prepared. */
static const struct type *own_type(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct type *wanted)
{
    if (is_literal(term)) {
        struct type *type = arena_create(preparation->arena, sizeof(*type));
        *type = literal_type(term, wanted);
        return type;
    }
    struct memo_entry entry = own_entry(preparation, term, wanted);
    return entry.status == STATUS_OK ? &entry.expression->type : NULL;
}

static enum cql_match match_term(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct type *type);

static enum cql_match match_items(struct cql_preparation *preparation, const struct cql_term *term,
                                  const struct type *type)
{
    bool is_pairs = term->kind == CQL_TERM_MAP;
    bool is_tuple = term->kind == CQL_TERM_TUPLE;
    bool is_one = (term->kind == CQL_TERM_LIST && (type->kind == TYPE_LIST || type->kind == TYPE_VECTOR)) ||
                  (term->kind == CQL_TERM_SET && type->kind == TYPE_SET) ||
                  (is_pairs && type->kind == TYPE_MAP) ||
                  (is_tuple && type->kind == TYPE_TUPLE && term->items.count <= type->count);
    bool is_empty_map = term->kind == CQL_TERM_SET && term->items.count == 0 && type->kind == TYPE_MAP;
    enum cql_match match = is_one || is_empty_map ? CQL_MATCH_EXACT : CQL_MATCH_NONE;
    for (size_t i = 0; i < term->items.count && match != CQL_MATCH_NONE; i++) {
        size_t parameter = is_pairs ? i % 2 : is_tuple ? i : 0;
        enum cql_match one = match_term(preparation, term->items.at[i], &type->parameters[parameter]);
        match = one < match ? one : match;
    }
    return match;
}

static bool find_field(const struct type *type, struct bytes name, size_t *ret_field)
{
    for (size_t i = 0; i < type->count; i++) {
        if (bytes_equal(type->udt->fields[i], name)) {
            *ret_field = i;
            return true;
        }
    }
    return false;
}

static enum cql_match match_fields(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct type *type)
{
    enum cql_match match = type->kind == TYPE_UDT ? CQL_MATCH_EXACT : CQL_MATCH_NONE;
    for (size_t i = 0; i < term->fields.names.count && match != CQL_MATCH_NONE; i++) {
        size_t field = 0;
        enum cql_match one =
            find_field(type, term->fields.names.at[i], &field)
                ? match_term(preparation, term->fields.values.at[i], &type->parameters[field])
                : CQL_MATCH_NONE;
        match = one < match ? one : match;
    }
    return match;
}

/* Cassandra's assignment tests. */
static enum cql_match match_term(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct type *type)
{
    if (is_literal(term)) {
        struct type own = literal_type(term, type);
        bool fits = literal_fits(term->kind, type->kind);
        return !fits ? CQL_MATCH_NONE : own.kind == type->kind ? CQL_MATCH_EXACT : CQL_MATCH_WEAK;
    }
    if (term->kind == CQL_TERM_NULL || term->kind == CQL_TERM_MARKER) {
        return CQL_MATCH_WEAK;
    }
    if (term->kind >= CQL_TERM_LIST && term->kind <= CQL_TERM_TUPLE && preparation->column == NULL) {
        return match_items(preparation, term, type);
    }
    if (term->kind == CQL_TERM_UDT) {
        return match_fields(preparation, term, type);
    }
    const struct type *own = own_type(preparation, term, type);
    if (own == NULL) { /* fromJson, whose type is its receiver's; what is wrong is told when it is prepared */
        return CQL_MATCH_WEAK;
    }
    return type_equal(own, type)                ? CQL_MATCH_EXACT
           : statement__type_accepts(type, own) ? CQL_MATCH_WEAK
                                                : CQL_MATCH_NONE;
}

/* --- expressions ------------------------------------------------------------------------------------------------ */

static struct cql_expression *expression_create(struct cql_preparation *preparation,
                                                enum cql_expression_kind kind, const struct type *type,
                                                size_t parts)
{
    struct cql_expression *expression = arena_create(preparation->arena, sizeof(*expression));
    expression->kind = kind;
    expression->type = *type;
    expression->parts = arena_create_array(preparation->arena, parts, sizeof(struct cql_expression *));
    expression->count = parts;
    return expression;
}

static struct cql_moment moment_of(const struct cql_preparation *preparation)
{
    return (struct cql_moment){.arena = preparation->arena,
                               .error = preparation->error,
                               .now_us = preparation->now_us};
}

/* What does not depend on what is bound becomes a value at once. */
static enum status fold(struct cql_preparation *preparation, struct cql_expression *expression)
{
    struct cql_evaluation evaluation = {.moment = moment_of(preparation)};
    bool is_fixed = expression->kind == CQL_EXPRESSION_ITEMS || expression->kind == CQL_EXPRESSION_CONVERT ||
                    (expression->kind == CQL_EXPRESSION_CALL && expression->function->is_fixed);
    bool is_unset = false;
    for (size_t i = 0; i < expression->count && is_fixed; i++) {
        is_fixed = expression->parts[i] == NULL || expression->parts[i]->kind == CQL_EXPRESSION_VALUE;
    }
    if (!is_fixed) {
        return STATUS_OK;
    }
    struct value value = {0};
    enum status status = statement__evaluate(expression, &evaluation, &value, &is_unset);
    if (status == STATUS_OK) {
        expression->kind = CQL_EXPRESSION_VALUE;
        expression->value = value;
        expression->count = 0;
    }
    return status;
}

static enum status refuse_type(struct cql_preparation *preparation, const char *what,
                               const struct cql_receiver *receiver)
{
    return error_set(preparation->error, STATUS_INVALID, "Invalid %s literal for %.*s of type %s", what,
                     (int)receiver->name.size, (const char *)receiver->name.data,
                     statement__type_text(receiver->type, preparation->arena));
}

static enum status prepare_literal(struct cql_preparation *preparation, const struct cql_term *term,
                                   const struct cql_receiver *receiver,
                                   struct cql_expression **ret_expression)
{
    struct type own = literal_type(term, NULL);
    const struct type *type = receiver != NULL ? receiver->type : &own;
    if (receiver != NULL && !literal_fits(term->kind, type->kind)) {
        size_t size = term->text.size < 100 ? term->text.size : 100;
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s constant (%.*s) for \"%.*s\" of type %s", literal_name(term->kind),
                         (int)size, (const char *)term->text.data, (int)receiver->name.size,
                         (const char *)receiver->name.data, statement__type_text(type, preparation->arena));
    }
    struct cql_expression *expression = expression_create(preparation, CQL_EXPRESSION_VALUE, type, 0);
    *ret_expression = expression;
    return scalar_parse(type, term->text, preparation->now_us / 1000, preparation->arena, &expression->value,
                        preparation->error);
}

static enum status prepare_marker(struct cql_preparation *preparation, const struct cql_term *term,
                                  const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    struct cql_expression *expression =
        expression_create(preparation, CQL_EXPRESSION_MARKER, receiver->type, 0);
    expression->index = term->marker.index;
    expression->name = receiver->name;
    if (preparation->markers != NULL) {
        preparation->markers[term->marker.index] =
            (struct cql_receiver){.name = term->marker.is_named ? term->marker.name : receiver->name,
                                  .type = receiver->type};
    }
    *ret_expression = expression;
    return STATUS_OK;
}

/* --- containers ------------------------------------------------------------------------------------------------- */

static bool has_marker(const struct cql_expression *expression)
{
    bool is_there = expression != NULL && expression->kind == CQL_EXPRESSION_MARKER;
    for (size_t i = 0; expression != NULL && i < expression->count && !is_there; i++) {
        is_there = has_marker(expression->parts[i]);
    }
    return is_there;
}

static const char *container_name(enum cql_term_kind kind)
{
    return kind == CQL_TERM_LIST ? "list" : kind == CQL_TERM_SET ? "set" : "map";
}

/* One member of a collection's literal. */
static enum status prepare_item(struct cql_preparation *preparation, const struct cql_term *term,
                                size_t index, const struct cql_receiver *receiver,
                                struct cql_expression **ret_item)
{
    const struct cql_term *item = term->items.at[index];
    bool is_key = term->kind == CQL_TERM_MAP && index % 2 == 0;
    struct cql_receiver inner = {.type =
                                     &receiver->type->parameters[term->kind == CQL_TERM_MAP ? index % 2 : 0],
                                 .name = named(preparation->arena, is_key ? "key(" : "value(", receiver->name,
                                               ")")};
    if (match_term(preparation, item, inner.type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s literal for %.*s: %s %s is not of type %s", container_name(term->kind),
                         (int)receiver->name.size, (const char *)receiver->name.data,
                         is_key ? "key" : "value", text_of(item, preparation->arena),
                         statement__type_text(inner.type, preparation->arena));
    }
    enum status status = prepare(preparation, item, &inner, ret_item);
    if (status == STATUS_OK && has_marker(*ret_item)) {
        return error_set(
            preparation->error, STATUS_INVALID,
            "Invalid %s literal for %.*s: bind variables are not supported inside collection literals",
            container_name(term->kind), (int)receiver->name.size, (const char *)receiver->name.data);
    }
    return status;
}

static enum status prepare_collection(struct cql_preparation *preparation, const struct cql_term *term,
                                      const struct cql_receiver *receiver,
                                      struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    bool is_vector = term->kind == CQL_TERM_LIST && type->kind == TYPE_VECTOR;
    bool is_empty_map = term->kind == CQL_TERM_SET && term->items.count == 0 && type->kind == TYPE_MAP;
    enum type_kind kind = term->kind == CQL_TERM_LIST  ? TYPE_LIST
                          : term->kind == CQL_TERM_SET ? TYPE_SET
                                                       : TYPE_MAP;
    if (type->kind != kind && !is_vector && !is_empty_map) {
        return refuse_type(preparation, container_name(term->kind), receiver);
    }
    if (is_vector && term->items.count != type->dimension) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid vector literal for %.*s of type %s; expected %u elements, but given %zu",
                         (int)receiver->name.size, (const char *)receiver->name.data,
                         statement__type_text(type, preparation->arena), type->dimension, term->items.count);
    }
    struct cql_expression *expression =
        expression_create(preparation, CQL_EXPRESSION_ITEMS, type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        enum status status = prepare_item(preparation, term, i, receiver, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return fold(preparation, expression);
}

static enum status prepare_tuple(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    const char *name = arena_copy_text(preparation->arena, receiver->name);
    if (type->kind != TYPE_TUPLE) {
        return refuse_type(preparation, "tuple type", receiver);
    }
    if (term->items.count > type->count) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid tuple literal for %s: too many elements. Type %s expects %zu but got %zu",
                         name, statement__type_text(type, preparation->arena), type->count,
                         term->items.count);
    }
    struct cql_expression *expression =
        expression_create(preparation, CQL_EXPRESSION_ITEMS, type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        const char *inner_name = arena_format(preparation->arena, "%s[%zu]", name, i);
        struct cql_receiver inner = {.name = bytes_of_text(inner_name), .type = &type->parameters[i]};
        if (match_term(preparation, term->items.at[i], inner.type) == CQL_MATCH_NONE) {
            return error_set(preparation->error, STATUS_INVALID,
                             "Invalid tuple literal for %s: component %zu is not of type %s", name, i,
                             statement__type_text(inner.type, preparation->arena));
        }
        enum status status = prepare(preparation, term->items.at[i], &inner, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return fold(preparation, expression);
}

static enum status prepare_field(struct cql_preparation *preparation, const struct cql_receiver *receiver,
                                 struct bytes name, const struct cql_term *value, struct cql_expression *udt)
{
    const struct type *type = receiver->type;
    const char *text = arena_copy_text(preparation->arena, name);
    size_t field = 0;
    if (!find_field(type, name, &field)) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Unknown field '%s' in value of user defined type %s", text,
                         arena_copy_text(preparation->arena, type->udt->name));
    }
    struct cql_receiver inner = statement__receiver_field(receiver, field, preparation->arena);
    if (match_term(preparation, value, inner.type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid user type literal for %.*s: field %s is not of type %s",
                         (int)receiver->name.size, (const char *)receiver->name.data, text,
                         statement__type_text(inner.type, preparation->arena));
    }
    return prepare(preparation, value, &inner, &udt->parts[field]);
}

/* Fields that are not there are null. A selection's {a: b} is a map whose keys are columns. */
static enum status prepare_udt(struct cql_preparation *preparation, const struct cql_term *term,
                               const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    const struct type *type = receiver->type;
    struct type null = {.kind = TYPE_ANY};
    bool is_map = term->kind == CQL_TERM_MAP;
    size_t count = is_map ? term->items.count / 2 : term->fields.names.count;
    if (type->kind != TYPE_UDT) {
        return refuse_type(preparation, "user type", receiver);
    }
    struct cql_expression *expression =
        expression_create(preparation, CQL_EXPRESSION_ITEMS, type, type->count);
    for (size_t i = 0; i < type->count; i++) {
        expression->parts[i] = expression_create(preparation, CQL_EXPRESSION_VALUE, &null, 0);
    }
    for (size_t i = 0; i < count; i++) {
        struct bytes name = is_map ? term->items.at[2 * i]->text : term->fields.names.at[i];
        if (is_map && term->items.at[2 * i]->kind != CQL_TERM_COLUMN) {
            return refuse_type(preparation, "user type", receiver);
        }
        const struct cql_term *value = is_map ? term->items.at[2 * i + 1] : term->fields.values.at[i];
        enum status status = prepare_field(preparation, receiver, name, value, expression);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return fold(preparation, expression);
}

/* --- calls ------------------------------------------------------------------------------------------------------ */

struct call_context {
    struct cql_preparation *preparation;
    const struct cql_term *term;
};

static enum cql_match match_argument(void *context, size_t argument, const struct type *type)
{
    struct call_context *call = context;
    return match_term(call->preparation, call->term->call.arguments.at[argument], type);
}

static const struct type *type_of_argument(void *context, size_t argument)
{
    struct call_context *call = context;
    return own_type(call->preparation, call->term->call.arguments.at[argument], NULL);
}

static const char *text_of_argument(void *context, size_t argument)
{
    struct call_context *call = context;
    return text_of(call->term->call.arguments.at[argument], call->preparation->arena);
}

static const char *function_text(const struct cql_qualified *name, struct arena *arena)
{
    return arena_format(arena, "%.*s%s%.*s", (int)name->keyspace.size, (const char *)name->keyspace.data,
                        name->keyspace.size > 0 ? "." : "", (int)name->name.size,
                        (const char *)name->name.data);
}

/* An expression of another type as the receiver wants it, which accepts it. */
static enum status converted(struct cql_preparation *preparation, const struct cql_receiver *receiver,
                             struct cql_expression **expression)
{
    if (type_equal(receiver->type, &(*expression)->type)) {
        return STATUS_OK;
    }
    struct cql_expression *outer = expression_create(preparation, CQL_EXPRESSION_CONVERT, receiver->type, 1);
    outer->parts[0] = *expression;
    *expression = outer;
    return fold(preparation, outer);
}

static enum status prepare_arguments(struct cql_preparation *preparation, const struct cql_terms *arguments,
                                     struct cql_expression *call)
{
    const struct cql_function *function = call->function;
    const char *name = function_text(&function->name, preparation->arena);
    for (size_t i = 0; i < arguments->count; i++) {
        const char *text = arena_format(preparation->arena, "arg%zu(%s)", i, name);
        struct cql_receiver receiver = {.name = bytes_of_text(text), .type = &function->arguments[i]};
        enum status status = prepare(preparation, arguments->at[i], &receiver, &call->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status aggregate_add(struct cql_preparation *preparation, struct cql_expression *aggregate)
{
    struct cql_expression **grown = arena_create_array(preparation->arena, preparation->aggregates_count + 1,
                                                       sizeof(struct cql_expression *));
    for (size_t i = 0; i < preparation->aggregates_count; i++) {
        grown[i] = preparation->aggregates[i];
    }
    if (preparation->aggregates_count > UINT16_MAX) {
        return error_set(preparation->error, STATUS_INVALID, "Too many aggregates in the selection");
    }
    aggregate->kind = CQL_EXPRESSION_AGGREGATE;
    aggregate->index = (uint32_t)preparation->aggregates_count;
    grown[preparation->aggregates_count++] = aggregate;
    preparation->aggregates = grown;
    return STATUS_OK;
}

static bool has_aggregate(const struct cql_expression *expression)
{
    bool is_there = expression != NULL && expression->kind == CQL_EXPRESSION_AGGREGATE;
    for (size_t i = 0; expression != NULL && i < expression->count && !is_there; i++) {
        is_there = has_aggregate(expression->parts[i]);
    }
    return is_there;
}

static enum status finish_aggregate(struct cql_preparation *preparation, struct cql_expression *call)
{
    if (preparation->column == NULL) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Aggregation function are not supported in the where clause");
    }
    for (size_t i = 0; i < call->count; i++) {
        if (has_aggregate(call->parts[i])) {
            return error_set(preparation->error, STATUS_INVALID,
                             "aggregate functions cannot be used as arguments of aggregate functions");
        }
    }
    return aggregate_add(preparation, call);
}

static enum status prepare_call(struct cql_preparation *preparation, const struct cql_term *term,
                                const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    const struct cql_function *function = NULL;
    struct call_context context = {preparation, term};
    struct cql_call_site site = {.name = term->call.function,
                                 .count = term->call.arguments.count,
                                 .match = match_argument,
                                 .type = type_of_argument,
                                 .text = text_of_argument,
                                 .context = &context,
                                 .receiver = receiver != NULL ? receiver->type : NULL,
                                 .key_types = preparation->key_types,
                                 .key_count = preparation->key_count,
                                 .users = preparation->users};
    const char *name = function_text(&term->call.function, preparation->arena);
    enum status status = statement__function_find(&site, preparation->arena, &function, preparation->error);
    if (status == STATUS_NOT_FOUND) {
        return preparation->column != NULL
                   ? error_set(preparation->error, STATUS_INVALID, "Unknown function '%s'", name)
                   : error_set(preparation->error, STATUS_INVALID, "Unknown function %s called", name);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_expression *call =
        expression_create(preparation, CQL_EXPRESSION_CALL, &function->returns, site.count);
    call->function = function;
    call->name = function->name.name;
    call->index = function->user != NULL ? (uint32_t)preparation->calls++ : 0;
    status = prepare_arguments(preparation, &term->call.arguments, call);
    if (status == STATUS_OK && function->is_aggregate) {
        status = finish_aggregate(preparation, call);
    }
    if (status == STATUS_OK) {
        status = fold(preparation, call);
    }
    *ret_expression = call;
    return status;
}

/* A term by itself, prepared once. */
static enum status prepare_operand(struct cql_preparation *preparation, const struct cql_term *term,
                                   struct cql_expression **ret_expression)
{
    if (is_literal(term)) {
        return prepare(preparation, term, NULL, ret_expression);
    }
    struct memo_entry entry = own_entry(preparation, term, NULL);
    *ret_expression = entry.expression;
    return entry.status == STATUS_OK ? STATUS_OK
                                     : error_set(preparation->error, entry.status, "%s", entry.error);
}

/* --- casts, hints, operators ------------------------------------------------------------------------------------ */

static enum status prepare_hint(struct cql_preparation *preparation, const struct cql_term *term,
                                struct cql_expression **ret_expression)
{
    struct type *type = arena_create(preparation->arena, sizeof(*type));
    enum status status = statement__type_parse(&term->cast.type, preparation->names, preparation->arena, type,
                                               preparation->error);
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_receiver inner = {.name = bytes_of_text(text_of(term, preparation->arena)), .type = type};
    if (match_term(preparation, term->cast.operand, type) == CQL_MATCH_NONE) {
        return error_set(preparation->error, STATUS_INVALID, "Cannot cast value %s to type %s",
                         text_of(term->cast.operand, preparation->arena),
                         statement__type_text(type, preparation->arena));
    }
    return prepare(preparation, term->cast.operand, &inner, ret_expression);
}

static enum status prepare_cast(struct cql_preparation *preparation, const struct cql_term *term,
                                struct cql_expression **ret_expression)
{
    struct type type;
    struct cql_expression *operand = NULL;
    enum status status = statement__type_parse(&term->cast.type, preparation->names, preparation->arena,
                                               &type, preparation->error);
    if (status == STATUS_OK) {
        status = prepare_operand(preparation, term->cast.operand, &operand);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct cql_expression *call = expression_create(preparation, CQL_EXPRESSION_CALL, &type, 1);
    call->parts[0] = operand;
    status =
        statement__cast_find(&operand->type, &type, preparation->arena, &call->function, preparation->error);
    if (status == STATUS_OK) {
        status = fold(preparation, call);
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
    return is_ascii ? &ascii : own_type(preparation, term, wanted);
}

/* Why the sides have no types: what is wrong with one of them, if anything is. */
static enum status refuse_operands(struct cql_preparation *preparation, const struct cql_term *term)
{
    const struct cql_term *operands[2] = {term->operation.left, term->operation.right};
    struct arena *arena = preparation->arena;
    for (size_t i = 0; i < ARRAY_COUNT(operands); i++) {
        struct cql_expression *unused = NULL;
        bool is_open =
            operands[i] == NULL || operands[i]->kind == CQL_TERM_MARKER || operands[i]->kind == CQL_TERM_NULL;
        enum status status = is_open ? STATUS_OK : prepare_operand(preparation, operands[i], &unused);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return operands[1] == NULL
               ? error_set(preparation->error, STATUS_INVALID,
                           "Ambiguous negation: use type casts to disambiguate")
               : error_set(preparation->error, STATUS_INVALID,
                           "Ambiguous '%c' operation with args %s and %s: use type casts to disambiguate",
                           operator_of(term->kind), text_of(operands[0], arena), text_of(operands[1], arena));
}

/* The types of both sides: what has none of its own has the other's, or the receiver's. */
static enum status operand_types(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct type *wanted, const struct type *types[2])
{
    static const struct type duration = {.kind = TYPE_DURATION};
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
                           text_of(term->operation.left, arena))
               : error_set(preparation->error, STATUS_INVALID,
                           "the '%c' operation is not supported between %s and %s", operator_of(term->kind),
                           text_of(term->operation.left, arena), text_of(term->operation.right, arena));
}

static enum status prepare_operation(struct cql_preparation *preparation, const struct cql_term *term,
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
        expression_create(preparation, CQL_EXPRESSION_CALL, &function->returns, arguments.count);
    call->function = function;
    status = prepare_arguments(preparation, &arguments, call);
    if (status == STATUS_OK) {
        status = fold(preparation, call);
    }
    *ret_expression = call;
    return status;
}

static const char *operation_text(const struct cql_term *term, const struct cql_expression *expression,
                                  struct arena *arena)
{
    return term->kind == CQL_TERM_CALL && expression->function != NULL
               ? arena_format(arena, "function %s", function_text(&expression->function->name, arena))
               : arena_format(arena, "operation %s", text_of(term, arena));
}

/* A term that has a type of its own, for a receiver. */
static enum status prepare_own(struct cql_preparation *preparation, const struct cql_term *term,
                               const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    struct memo_entry entry = own_entry(preparation, term, receiver->type);
    if (entry.status != STATUS_OK) {
        return error_set(preparation->error, entry.status, "%s", entry.error);
    }
    const struct type *type = &entry.expression->type;
    const char *name = arena_copy_text(preparation->arena, receiver->name);
    *ret_expression = entry.expression;
    if (statement__type_accepts(receiver->type, type)) {
        return converted(preparation, receiver, ret_expression);
    }
    if (term->kind == CQL_TERM_HINT) {
        return error_set(preparation->error, STATUS_INVALID, "Cannot assign value %s to %s of type %s",
                         text_of(term, preparation->arena), name,
                         statement__type_text(receiver->type, preparation->arena));
    }
    return error_set(preparation->error, STATUS_INVALID,
                     "Type error: cannot assign result of %s (type %s) to %s (type %s)",
                     operation_text(term, entry.expression, preparation->arena),
                     statement__type_text(type, preparation->arena), name,
                     statement__type_text(receiver->type, preparation->arena));
}

/* --- selections ------------------------------------------------------------------------------------------------- */

static enum status prepare_column(struct cql_preparation *preparation, const struct cql_term *term,
                                  struct cql_expression **ret_expression)
{
    uint32_t index = 0;
    const struct type *type = NULL;
    if (preparation->column == NULL ||
        !preparation->column(preparation->context, term->text, &index, &type)) {
        return error_set(preparation->error, STATUS_INVALID, "Undefined column name %.*s",
                         (int)term->text.size, (const char *)term->text.data);
    }
    *ret_expression = expression_create(preparation, CQL_EXPRESSION_COLUMN, type, 0);
    (*ret_expression)->index = index;
    (*ret_expression)->name = term->text;
    return STATUS_OK;
}

static enum status prepare_field_of(struct cql_preparation *preparation, const struct cql_term *term,
                                    struct cql_expression *operand, struct cql_expression **ret_expression)
{
    size_t field = 0;
    if (operand->type.kind != TYPE_UDT) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid field selection: %s of type %s is not a user type",
                         text_of(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena));
    }
    if (!find_field(&operand->type, term->member.field, &field)) {
        return error_set(preparation->error, STATUS_INVALID, "%s of type %s has no field %.*s",
                         text_of(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena),
                         (int)term->member.field.size, (const char *)term->member.field.data);
    }
    *ret_expression =
        expression_create(preparation, CQL_EXPRESSION_FIELD, &operand->type.parameters[field], 1);
    (*ret_expression)->parts[0] = operand;
    (*ret_expression)->index = (uint32_t)field;
    return STATUS_OK;
}

/* c[k], c[a..b]: of a map by key, of a set by element. */
static enum status prepare_element(struct cql_preparation *preparation, const struct cql_term *term,
                                   struct cql_expression *operand, struct cql_expression **ret_expression)
{
    bool is_slice = term->kind == CQL_TERM_SLICE;
    bool is_map = operand->type.kind == TYPE_MAP;
    if (operand->type.kind == TYPE_LIST) {
        return error_set(preparation->error, STATUS_INVALID,
                         "%s selection is only allowed on sets and maps, but %s is a list",
                         is_slice ? "Slice" : "Element", text_of(term->member.operand, preparation->arena));
    }
    if (!is_map && operand->type.kind != TYPE_SET) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Invalid %s selection: %s of type %s is not a collection",
                         is_slice ? "slice" : "element", text_of(term->member.operand, preparation->arena),
                         statement__type_text(&operand->type, preparation->arena));
    }
    const struct type *type = is_slice ? &operand->type : &operand->type.parameters[is_map ? 1 : 0];
    struct cql_receiver column = {.name = bytes_of_text(text_of(term->member.operand, preparation->arena)),
                                  .type = &operand->type};
    struct cql_receiver key = {.name =
                                   named(preparation->arena, is_map ? "key(" : "value(", column.name, ")"),
                               .type = &operand->type.parameters[0]};
    const struct cql_term *bounds[] = {term->member.from, term->member.to};
    struct cql_expression *expression =
        expression_create(preparation, is_slice ? CQL_EXPRESSION_SLICE : CQL_EXPRESSION_ELEMENT, type,
                          is_slice ? 3 : 2);
    expression->parts[0] = operand;
    for (size_t i = 0; i + 1 < expression->count; i++) {
        enum status status =
            bounds[i] != NULL ? prepare(preparation, bounds[i], &key, &expression->parts[i + 1]) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return STATUS_OK;
}

static enum status prepare_cell(struct cql_preparation *preparation, const struct cql_term *term,
                                struct cql_expression *operand, struct cql_expression **ret_expression)
{
    const struct cql_expression *root = operand;
    struct type *type = arena_create(preparation->arena, sizeof(*type));
    type->kind = term->kind == CQL_TERM_TTL ? TYPE_INT : TYPE_BIGINT;
    while (root->count > 0) {
        root = root->parts[0];
    }
    if (root->kind != CQL_EXPRESSION_COLUMN) {
        return error_set(preparation->error, STATUS_INVALID,
                         "Only columns have a write time and a time to live");
    }
    *ret_expression = expression_create(preparation, CQL_EXPRESSION_CELL, type, 1);
    (*ret_expression)->parts[0] = operand;
    (*ret_expression)->index = root->index;
    (*ret_expression)->cell = term->kind;
    (*ret_expression)->name = root->name;
    return STATUS_OK;
}

static enum status prepare_member(struct cql_preparation *preparation, const struct cql_term *term,
                                  struct cql_expression **ret_expression)
{
    struct cql_expression *operand = NULL;
    enum status status = prepare_operand(preparation, term->member.operand, &operand);
    if (status != STATUS_OK) {
        return status;
    }
    switch ((int)term->kind) {
    case CQL_TERM_FIELD:
        return prepare_field_of(preparation, term, operand, ret_expression);
    case CQL_TERM_ELEMENT:
    case CQL_TERM_SLICE:
        return prepare_element(preparation, term, operand, ret_expression);
    default:
        return prepare_cell(preparation, term, operand, ret_expression);
    }
}

/* A container in a selection has the types of what it holds. */
static enum status prepare_container(struct cql_preparation *preparation, const struct cql_term *term,
                                     struct cql_expression **ret_expression)
{
    static const enum type_kind kinds[] = {[CQL_TERM_LIST] = TYPE_LIST,
                                           [CQL_TERM_SET] = TYPE_SET,
                                           [CQL_TERM_MAP] = TYPE_MAP,
                                           [CQL_TERM_TUPLE] = TYPE_TUPLE};
    bool is_tuple = term->kind == CQL_TERM_TUPLE;
    size_t count = is_tuple ? term->items.count : term->kind == CQL_TERM_MAP ? 2 : 1;
    struct type *types = arena_create_array(preparation->arena, count, sizeof(*types));
    if (is_tuple && count == 1) { /* only parentheses */
        return prepare_operand(preparation, term->items.at[0], ret_expression);
    }
    for (size_t i = 0; i < count; i++) {
        const struct type *own =
            i < term->items.count ? own_type(preparation, term->items.at[i], NULL) : NULL;
        if (own == NULL) {
            return error_set(
                preparation->error, STATUS_INVALID,
                "Cannot infer type for term %s in selection clause (try using a cast to force a type)",
                text_of(term, preparation->arena));
        }
        types[i] = type_freeze(own, preparation->arena);
    }
    struct type type = {.kind = kinds[term->kind], .is_frozen = true, .count = count, .parameters = types};
    struct cql_expression *expression =
        expression_create(preparation, CQL_EXPRESSION_ITEMS, &type, term->items.count);
    for (size_t i = 0; i < term->items.count; i++) {
        struct cql_receiver receiver = {.name = bytes_of_text("[selection]"), .type = &types[i % count]};
        enum status status = prepare(preparation, term->items.at[i], &receiver, &expression->parts[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *ret_expression = expression;
    return fold(preparation, expression);
}

static enum status prepare_selection(struct cql_preparation *preparation, const struct cql_term *term,
                                     struct cql_expression **ret_expression)
{
    if (term->kind == CQL_TERM_COLUMN) {
        return prepare_column(preparation, term, ret_expression);
    }
    if (term->kind == CQL_TERM_COUNT_ROWS) {
        *ret_expression = expression_create(preparation, CQL_EXPRESSION_AGGREGATE, &type_bigint, 0);
        return finish_aggregate(preparation, *ret_expression);
    }
    return prepare_member(preparation, term, ret_expression);
}

/* --- any -------------------------------------------------------------------------------------------------------- */

static enum status prepare_untyped(struct cql_preparation *preparation, const struct cql_term *term,
                                   struct cql_expression **ret_expression)
{
    bool is_container = term->kind >= CQL_TERM_LIST && term->kind <= CQL_TERM_TUPLE;
    return is_container
               ? prepare_container(preparation, term, ret_expression)
               : error_set(preparation->error, STATUS_INVALID,
                           "Cannot infer type for term %s in selection clause (try using a cast to force a "
                           "type)",
                           text_of(term, preparation->arena));
}

static enum status prepare_typed(struct cql_preparation *preparation, const struct cql_term *term,
                                 const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    bool is_parentheses =
        term->kind == CQL_TERM_TUPLE && term->items.count == 1 && preparation->column != NULL;
    switch ((int)term->kind) {
    case CQL_TERM_NULL:
        if (receiver->type->kind == TYPE_COUNTER) {
            return error_set(preparation->error, STATUS_INVALID,
                             "Invalid null value for counter increment/decrement");
        }
        *ret_expression = expression_create(preparation, CQL_EXPRESSION_VALUE, receiver->type, 0);
        return STATUS_OK;
    case CQL_TERM_MARKER:
        return prepare_marker(preparation, term, receiver, ret_expression);
    case CQL_TERM_LIST:
    case CQL_TERM_SET:
        return prepare_collection(preparation, term, receiver, ret_expression);
    case CQL_TERM_MAP:
        return receiver->type->kind == TYPE_UDT && preparation->column != NULL
                   ? prepare_udt(preparation, term, receiver, ret_expression)
                   : prepare_collection(preparation, term, receiver, ret_expression);
    case CQL_TERM_TUPLE:
        return is_parentheses ? prepare(preparation, term->items.at[0], receiver, ret_expression)
                              : prepare_tuple(preparation, term, receiver, ret_expression);
    default:
        return prepare_udt(preparation, term, receiver, ret_expression);
    }
}

static bool needs_receiver(const struct cql_term *term)
{
    return term->kind == CQL_TERM_CALL && (bytes_equal(term->call.function.name, bytes_of_text("fromjson")) ||
                                           bytes_equal(term->call.function.name, bytes_of_text("from_json")));
}

/* Without a receiver. Whoever may ask twice asks own_entry. */
static enum status prepare_alone(struct cql_preparation *preparation, const struct cql_term *term,
                                 struct cql_expression **ret_expression)
{
    switch ((int)term->kind) {
    case CQL_TERM_CALL:
        return prepare_call(preparation, term, NULL, ret_expression);
    case CQL_TERM_HINT:
        return prepare_hint(preparation, term, ret_expression);
    case CQL_TERM_CAST:
        return prepare_cast(preparation, term, ret_expression);
    default:
        return term->kind >= CQL_TERM_COLUMN ? prepare_selection(preparation, term, ret_expression)
                                             : prepare_untyped(preparation, term, ret_expression);
    }
}

static enum status prepare(struct cql_preparation *preparation, const struct cql_term *term,
                           const struct cql_receiver *receiver, struct cql_expression **ret_expression)
{
    if (is_literal(term)) {
        return prepare_literal(preparation, term, receiver, ret_expression);
    }
    if (receiver == NULL) {
        return is_operation(term) ? prepare_operation(preparation, term, NULL, ret_expression)
                                  : prepare_alone(preparation, term, ret_expression);
    }
    if (needs_receiver(term)) {
        return prepare_call(preparation, term, receiver, ret_expression);
    }
    return term->kind >= CQL_TERM_CALL ? prepare_own(preparation, term, receiver, ret_expression)
                                       : prepare_typed(preparation, term, receiver, ret_expression);
}

/* NOLINTEND(misc-no-recursion) */

enum status statement__term_prepare(struct cql_preparation *preparation, const struct cql_term *term,
                                    const struct cql_receiver *receiver,
                                    struct cql_expression **ret_expression)
{
    CHECK(receiver != NULL);
    preparation->memo = NULL;
    return prepare(preparation, term, receiver, ret_expression);
}

enum status statement__selector_prepare(struct cql_preparation *preparation, const struct cql_term *term,
                                        struct cql_expression **ret_expression)
{
    CHECK(preparation->column != NULL);
    preparation->memo = NULL;
    return prepare(preparation, term, NULL, ret_expression);
}
