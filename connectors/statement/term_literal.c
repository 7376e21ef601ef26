/* Which literal may stand for which type, and what type one has by itself. */
#include "syntax/bounds.h"
#include "term_private.h"
#include "value/decimal.h"

const char *statement__term_text(const struct cql_term *term, struct arena *arena)
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

const char *statement__literal_name(enum cql_term_kind kind)
{
    static const char *const names[] = {
        [CQL_TERM_STRING] = "STRING",     [CQL_TERM_INTEGER] = "INTEGER", [CQL_TERM_FLOAT] = "FLOAT",
        [CQL_TERM_BOOLEAN] = "BOOLEAN",   [CQL_TERM_UUID] = "UUID",       [CQL_TERM_HEX] = "HEX",
        [CQL_TERM_DURATION] = "DURATION",
    };
    return names[kind];
}

bool statement__term_is_literal(const struct cql_term *term)
{
    return term->kind >= CQL_TERM_STRING && term->kind <= CQL_TERM_DURATION;
}

bool statement__literal_fits(enum cql_term_kind literal, enum type_kind type)
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

struct type statement__literal_type(const struct cql_term *term, const struct type *receiver)
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
