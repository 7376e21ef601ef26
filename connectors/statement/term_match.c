/* What a term is by itself, and how well it fits a type: what chooses among overloads. */
#include "term_private.h"

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

bool statement__term_is_operation(const struct cql_term *term)
{
    return term->kind >= CQL_TERM_ADD && term->kind <= CQL_TERM_NEGATE;
}

struct memo_entry statement__term_own(struct cql_preparation *preparation, const struct cql_term *term,
                                      const struct type *wanted)
{
    enum type_kind kind = statement__term_is_operation(term) && wanted != NULL ? wanted->kind : TYPE_ANY;
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
    entry.status = statement__term_is_operation(term)
                       ? statement__prepare_operation(preparation, term, wanted, &entry.expression)
                       : statement__prepare_term(preparation, term, NULL, &entry.expression);
    preparation->error = error;
    entry.error = arena_copy_text(preparation->arena, bytes_of_text(why.text));
    preparation->memo->count++;
    *memo_slot(preparation->memo, term, kind) = entry;
    memo_grow(preparation->memo, preparation->arena);
    return entry;
}

const struct type *statement__term_own_type(struct cql_preparation *preparation, const struct cql_term *term,
                                            const struct type *wanted)
{
    if (statement__term_is_literal(term)) {
        struct type *type = arena_create(preparation->arena, sizeof(*type));
        *type = statement__literal_type(term, wanted);
        return type;
    }
    struct memo_entry entry = statement__term_own(preparation, term, wanted);
    return entry.status == STATUS_OK ? &entry.expression->type : NULL;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */

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
        enum cql_match one =
            statement__term_match(preparation, term->items.at[i], &type->parameters[parameter]);
        match = one < match ? one : match;
    }
    return match;
}

bool statement__term_find_field(const struct type *type, struct bytes name, size_t *ret_field)
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
            statement__term_find_field(type, term->fields.names.at[i], &field)
                ? statement__term_match(preparation, term->fields.values.at[i], &type->parameters[field])
                : CQL_MATCH_NONE;
        match = one < match ? one : match;
    }
    return match;
}

enum cql_match statement__term_match(struct cql_preparation *preparation, const struct cql_term *term,
                                     const struct type *type)
{
    if (statement__term_is_literal(term)) {
        struct type own = statement__literal_type(term, type);
        bool fits = statement__literal_fits(term->kind, type->kind);
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
    const struct type *own = statement__term_own_type(preparation, term, type);
    if (own == NULL) { /* fromJson, whose type is its receiver's; what is wrong is told when it is prepared */
        return CQL_MATCH_WEAK;
    }
    return type_equal(own, type)                ? CQL_MATCH_EXACT
           : statement__type_accepts(type, own) ? CQL_MATCH_WEAK
                                                : CQL_MATCH_NONE;
}

/* NOLINTEND(misc-no-recursion) */
