/* Trees back to text, as Cassandra names columns of results. */
#include "syntax/ast.h"

#include "syntax/syntax.h"

const char *cql_comparison_text(enum cql_comparison comparison)
{
    static const char *const texts[] = {
        [CQL_EQUAL] = "=",
        [CQL_NOT_EQUAL] = "!=",
        [CQL_LESS] = "<",
        [CQL_LESS_EQUAL] = "<=",
        [CQL_GREATER] = ">",
        [CQL_GREATER_EQUAL] = ">=",
        [CQL_IN] = "IN",
        [CQL_CONTAINS] = "CONTAINS",
        [CQL_CONTAINS_KEY] = "CONTAINS KEY",
        [CQL_LIKE] = "LIKE",
        [CQL_IS_NOT_NULL] = "IS NOT NULL",
    };
    return texts[comparison];
}

void cql_name_format(struct bytes name, struct buffer *buffer)
{
    bool is_plain = name.size > 0 && name.data[0] >= 'a' && name.data[0] <= 'z' && !cql_is_reserved(name);
    for (size_t i = 0; i < name.size && is_plain; i++) {
        uint8_t c = name.data[i];
        is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    }
    if (is_plain) {
        buffer_put(buffer, name);
        return;
    }
    buffer_put_quoted(buffer, name, '"');
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

static void format_items(const struct cql_terms *items, const char *open, const char *close,
                         const struct cql_term_names *names, struct buffer *buffer)
{
    buffer_put_text(buffer, open);
    for (size_t i = 0; i < items->count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        cql_term_format(items->at[i], names, buffer);
    }
    buffer_put_text(buffer, close);
}

static void format_map(const struct cql_terms *items, const struct cql_term_names *names,
                       struct buffer *buffer)
{
    for (size_t i = 0; i + 1 < items->count; i += 2) {
        buffer_put_text(buffer, i == 0 ? "{" : ", ");
        cql_term_format(items->at[i], names, buffer);
        buffer_put_text(buffer, ": ");
        cql_term_format(items->at[i + 1], names, buffer);
    }
    buffer_put_u8(buffer, '}');
}

static void format_udt(const struct cql_fields *fields, const struct cql_term_names *names,
                       struct buffer *buffer)
{
    for (size_t i = 0; i < fields->values.count; i++) {
        buffer_put_text(buffer, i == 0 ? "{" : ", ");
        if (names == NULL) {
            cql_name_format(fields->names.at[i], buffer);
        } else { /* as Cassandra names columns of results */
            buffer_put(buffer, fields->names.at[i]);
        }
        buffer_put_text(buffer, ": ");
        cql_term_format(fields->values.at[i], names, buffer);
    }
    buffer_put_u8(buffer, '}');
}

static struct bytes call_keyspace(const struct cql_call *call, const struct cql_term_names *names)
{
    if (call->function.keyspace.size > 0 || names == NULL) {
        return call->function.keyspace;
    }
    bool is_native = names->is_native == NULL || names->is_native(call->function.name);
    return is_native ? bytes_of_text("system") : names->keyspace;
}

static void format_call(const struct cql_call *call, const struct cql_term_names *names,
                        struct buffer *buffer)
{
    struct bytes keyspace = call_keyspace(call, names);
    buffer_put(buffer, keyspace);
    buffer_put_text(buffer, keyspace.size > 0 ? "." : "");
    buffer_put(buffer, call->function.name);
    format_items(&call->arguments, "(", ")", names, buffer);
}

static void format_small(struct bytes text, struct buffer *buffer)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        buffer_put_u8(buffer, (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
}

static void format_cast(const struct cql_term *term, const struct cql_term_names *names,
                        struct buffer *buffer)
{
    if (term->kind == CQL_TERM_HINT) {
        buffer_put_u8(buffer, '(');
        format_small(term->cast.type.text, buffer);
        buffer_put_u8(buffer, ')');
        cql_term_format(term->cast.operand, names, buffer);
        return;
    }
    buffer_put_text(buffer, "cast(");
    cql_term_format(term->cast.operand, names, buffer);
    buffer_put_text(buffer, " as ");
    format_small(term->cast.type.text, buffer);
    buffer_put_u8(buffer, ')');
}

static void format_operation(const struct cql_term *term, const struct cql_term_names *names,
                             struct buffer *buffer)
{
    static const char operators[] = {[CQL_TERM_ADD] = '+',
                                     [CQL_TERM_SUBTRACT] = '-',
                                     [CQL_TERM_MULTIPLY] = '*',
                                     [CQL_TERM_DIVIDE] = '/',
                                     [CQL_TERM_MODULO] = '%'};
    if (term->kind == CQL_TERM_NEGATE) {
        buffer_put_u8(buffer, '-');
        cql_term_format(term->operation.left, names, buffer);
        return;
    }
    cql_term_format(term->operation.left, names, buffer);
    buffer_put_format(buffer, " %c ", operators[term->kind]);
    cql_term_format(term->operation.right, names, buffer);
}

static void format_member(const struct cql_term *term, const struct cql_term_names *names,
                          struct buffer *buffer)
{
    const struct cql_member *member = &term->member;
    cql_term_format(member->operand, names, buffer);
    if (term->kind == CQL_TERM_FIELD) {
        buffer_put_u8(buffer, '.');
        buffer_put(buffer, member->field);
        return;
    }
    buffer_put_u8(buffer, '[');
    if (member->from != NULL) {
        cql_term_format(member->from, names, buffer);
    }
    buffer_put_text(buffer, term->kind == CQL_TERM_SLICE ? ".." : "");
    if (member->to != NULL) {
        cql_term_format(member->to, names, buffer);
    }
    buffer_put_u8(buffer, ']');
}

static void format_cell(const struct cql_term *term, const char *function, struct buffer *buffer)
{
    buffer_put_text(buffer, function);
    cql_term_format(term->member.operand, NULL, buffer);
    buffer_put_u8(buffer, ')');
}

static void format_scalar(const struct cql_term *term, struct buffer *buffer)
{
    if (term->kind == CQL_TERM_NULL) {
        buffer_put_text(buffer, "NULL");
    } else if (term->kind == CQL_TERM_STRING) {
        buffer_put_quoted(buffer, term->text, '\'');
    } else if (term->kind == CQL_TERM_MARKER) {
        buffer_put_text(buffer, term->marker.is_named ? ":" : "?");
        buffer_put(buffer, term->marker.name);
    } else {
        buffer_put(buffer, term->text);
    }
}

/* Those that only selections have. */
static void format_selection(const struct cql_term *term, const struct cql_term_names *names,
                             struct buffer *buffer)
{
    switch ((int)term->kind) {
    case CQL_TERM_COUNT_ROWS:
        buffer_put_text(buffer, "count");
        break;
    case CQL_TERM_WRITETIME:
        format_cell(term, "writetime(", buffer);
        break;
    case CQL_TERM_MAXWRITETIME:
        format_cell(term, "maxwritetime(", buffer);
        break;
    case CQL_TERM_TTL:
        format_cell(term, "ttl(", buffer);
        break;
    default:
        format_member(term, names, buffer);
        break;
    }
}

void cql_term_format(const struct cql_term *term, const struct cql_term_names *names, struct buffer *buffer)
{
    switch (term->kind) {
    case CQL_TERM_NULL:
    case CQL_TERM_STRING:
    case CQL_TERM_INTEGER:
    case CQL_TERM_FLOAT:
    case CQL_TERM_BOOLEAN:
    case CQL_TERM_UUID:
    case CQL_TERM_HEX:
    case CQL_TERM_DURATION:
    case CQL_TERM_MARKER:
    case CQL_TERM_COLUMN:
        format_scalar(term, buffer);
        break;
    case CQL_TERM_LIST:
        format_items(&term->items, "[", "]", names, buffer);
        break;
    case CQL_TERM_SET:
        format_items(&term->items, "{", "}", names, buffer);
        break;
    case CQL_TERM_TUPLE:
        format_items(&term->items, "(", ")", names, buffer);
        break;
    case CQL_TERM_MAP:
        format_map(&term->items, names, buffer);
        break;
    case CQL_TERM_UDT:
        format_udt(&term->fields, names, buffer);
        break;
    case CQL_TERM_CALL:
        format_call(&term->call, names, buffer);
        break;
    case CQL_TERM_HINT:
    case CQL_TERM_CAST:
        format_cast(term, names, buffer);
        break;
    case CQL_TERM_ADD:
    case CQL_TERM_SUBTRACT:
    case CQL_TERM_MULTIPLY:
    case CQL_TERM_DIVIDE:
    case CQL_TERM_MODULO:
    case CQL_TERM_NEGATE:
        format_operation(term, names, buffer);
        break;
    case CQL_TERM_FIELD:
    case CQL_TERM_ELEMENT:
    case CQL_TERM_SLICE:
    case CQL_TERM_COUNT_ROWS:
    case CQL_TERM_WRITETIME:
    case CQL_TERM_MAXWRITETIME:
    case CQL_TERM_TTL:
        format_selection(term, names, buffer);
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */

struct bytes cql_selector_name(const struct cql_selector *selector, struct arena *arena)
{
    if (selector->has_alias) {
        return selector->alias;
    }
    if (selector->term->kind == CQL_TERM_COLUMN) {
        return selector->term->text;
    }
    struct buffer buffer = {0};
    cql_term_format(selector->term, &(struct cql_term_names){0}, &buffer);
    struct bytes name = arena_copy(arena, buffer_bytes(&buffer));
    buffer_reset(&buffer);
    return name;
}

void cql_relation_format(const struct cql_relation *relation, struct buffer *buffer)
{
    bool is_plain = relation->kind == CQL_RELATION_COLUMN || relation->kind == CQL_RELATION_ELEMENT;
    buffer_put_text(buffer, relation->kind == CQL_RELATION_TOKEN ? "token(" : is_plain ? "" : "(");
    for (size_t i = 0; i < relation->columns.count; i++) {
        buffer_put_text(buffer, i == 0 ? "" : ", ");
        cql_name_format(relation->columns.at[i], buffer);
    }
    buffer_put_text(buffer, is_plain ? "" : ")");
    if (relation->key != NULL) {
        buffer_put_text(buffer, "[");
        cql_term_format(relation->key, NULL, buffer);
        buffer_put_text(buffer, "]");
    }
    buffer_put_format(buffer, " %s", cql_comparison_text(relation->comparison));
    if (relation->value != NULL) {
        buffer_put_text(buffer, " ");
        cql_term_format(relation->value, NULL, buffer);
    } else if (relation->comparison == CQL_IN) {
        for (size_t i = 0; i < relation->values.count; i++) {
            buffer_put_text(buffer, i == 0 ? " (" : ", ");
            cql_term_format(relation->values.at[i], NULL, buffer);
        }
        buffer_put_text(buffer, relation->values.count == 0 ? " ()" : ")");
    }
}
