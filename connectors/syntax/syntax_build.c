/* The grammar's actions: pieces of trees, and what is asked of them while they are made. */
#include "syntax_private.h"
#include "value/type.h"

/* --- lists ------------------------------------------------------------------------------------------------------ */

enum {
    GROW_FIRST = 4, /* members that a list's first piece of memory holds; then it doubles */
};

void *syntax__grow(struct syntax *syntax, void *at, size_t count, size_t size)
{
    if (syntax->nodes++ == CQL_NODES_MAX) {
        syntax__too_large(syntax, "The statement has more than %d parts", CQL_NODES_MAX);
    }
    bool is_full = count == 0 || (count >= GROW_FIRST && (count & (count - 1)) == 0);
    if (!is_full) {
        return at;
    }
    void *grown = arena_create_array(syntax->arena, count == 0 ? GROW_FIRST : 2 * count, size);
    if (count > 0) {
        memcpy(grown, at, count * size);
    }
    return grown;
}

/* --- names, texts, types ---------------------------------------------------------------------------------------- */

/* What is between quotes of one byte, with those that are written twice made one. */
static struct bytes unquoted(struct syntax *syntax, struct bytes text)
{
    struct bytes inside = bytes_part(text, 1, text.size - 2);
    uint8_t quote = text.data[0];
    if (inside.size == 0 || bytes_find_byte(inside, quote) == NULL) {
        return inside;
    }
    uint8_t *copy = arena_create(syntax->arena, inside.size);
    size_t size = 0;
    for (size_t i = 0; i < inside.size; i += inside.data[i] == quote ? 2 : 1) {
        copy[size++] = inside.data[i];
    }
    return bytes_of(copy, size);
}

static struct bytes small_letters(struct syntax *syntax, struct bytes text)
{
    bool has_capitals = false;
    for (size_t i = 0; i < text.size; i++) {
        has_capitals = has_capitals || (text.data[i] >= 'A' && text.data[i] <= 'Z');
    }
    if (!has_capitals) {
        return text;
    }
    uint8_t *copy = arena_create(syntax->arena, text.size);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        copy[i] = (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    return bytes_of(copy, text.size);
}

struct bytes syntax__name(struct syntax *syntax, struct syntax_token token)
{
    return token.kind == SYNTAX_QUOTED_NAME ? unquoted(syntax, token.text)
                                            : small_letters(syntax, token.text);
}

struct bytes syntax__string(struct syntax *syntax, struct syntax_token token)
{
    return token.text.data[0] == '$' ? bytes_part(token.text, 2, token.text.size - 4)
                                     : unquoted(syntax, token.text);
}

struct cql_type syntax__type_between(struct syntax *syntax, struct syntax_token first,
                                     struct syntax_token last)
{
    size_t size = last.offset - first.offset + last.text.size;
    return (struct cql_type){.text = bytes_part(syntax->text, first.offset, size), .offset = first.offset};
}

static bool is_any_of(struct bytes name, const char *const *words, size_t count)
{
    bool is_found = false;
    for (size_t i = 0; i < count && !is_found; i++) {
        is_found = bytes_equal(name, bytes_of_text(words[i]));
    }
    return is_found;
}

struct bytes syntax__new_type_name(struct syntax *syntax, struct syntax_token token)
{
    static const char *const native[] = {"ascii",     "bigint",   "blob",     "boolean",  "counter",
                                         "date",      "decimal",  "double",   "duration", "float",
                                         "inet",      "int",      "smallint", "text",     "time",
                                         "timestamp", "timeuuid", "tinyint",  "uuid",     "varchar",
                                         "varint"};
    static const char *const reserved[] = {"byte",     "complex", "enum",     "date",
                                           "interval", "macaddr", "bitstring"};
    static const bool nothing[SYNTAX_KINDS] = {false};
    struct bytes name = syntax__name(syntax, token);
    if (token.kind == SYNTAX_QUOTED_NAME) {
        return name;
    }
    if (is_any_of(name, native, ARRAY_COUNT(native))) {
        syntax__refuse(syntax, token, nothing);
    } else if (is_any_of(name, reserved, ARRAY_COUNT(reserved))) {
        syntax__fail(syntax, "Invalid (reserved) user type name %.*s", (int)name.size,
                     (const char *)name.data);
    }
    return name;
}

struct cql_type syntax__type_generic(struct syntax *syntax, struct syntax_token name, size_t parameters,
                                     struct syntax_token end)
{
    static const char *const of_one[] = {"list", "set", "frozen"};
    static const bool nothing[SYNTAX_KINDS] = {false};
    struct bytes word = syntax__name(syntax, name);
    size_t wanted = is_any_of(word, of_one, ARRAY_COUNT(of_one)) ? 1
                    : bytes_equal(word, bytes_of_text("map"))    ? 2
                                                                 : parameters;
    if (parameters != wanted) {
        syntax__refuse(syntax, end, nothing);
    }
    return syntax__type_between(syntax, name, end);
}

/* --- terms ------------------------------------------------------------------------------------------------------ */

struct cql_term *syntax__term(struct syntax *syntax, enum cql_term_kind kind, uint32_t offset)
{
    struct cql_term *term = arena_create(syntax->arena, sizeof(*term));
    term->kind = kind;
    term->offset = offset;
    term->depth = 1;
    if (syntax->nodes++ == CQL_NODES_MAX) {
        syntax__too_large(syntax, "The statement has more than %d parts", CQL_NODES_MAX);
    }
    return term;
}

static void nest(struct syntax *syntax, struct cql_term *term, const struct cql_term *inside)
{
    if (inside != NULL && inside->depth >= term->depth) {
        term->depth = (uint16_t)(inside->depth + 1);
    }
    if (term->depth > CQL_TERM_DEPTH_MAX) {
        syntax__too_large(syntax, "Terms may nest %d levels", CQL_TERM_DEPTH_MAX);
        term->depth = CQL_TERM_DEPTH_MAX;
    }
}

static void nest_all(struct syntax *syntax, struct cql_term *term, struct cql_terms inside)
{
    for (size_t i = 0; i < inside.count; i++) {
        nest(syntax, term, inside.at[i]);
    }
}

struct cql_term *syntax__literal(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token)
{
    struct cql_term *term = syntax__term(syntax, kind, token.offset);
    term->text = token.text;
    if (kind == CQL_TERM_STRING) {
        term->text = syntax__string(syntax, token);
    } else if (kind == CQL_TERM_BOOLEAN) {
        term->text = small_letters(syntax, token.text);
    } else if (token.kind == SYNTAX_NAN) {
        term->text = bytes_of_text("NaN");
    } else if (token.kind == SYNTAX_INFINITY) {
        term->text = bytes_of_text("Infinity");
    }
    return term;
}

struct cql_term *syntax__marker(struct syntax *syntax, struct syntax_token token,
                                const struct syntax_token *name)
{
    struct cql_term *term = syntax__term(syntax, CQL_TERM_MARKER, token.offset);
    if (syntax->markers == CQL_MARKERS_MAX) {
        syntax__too_large(syntax, "Too many markers(?). %d markers exceed the allowed maximum of %d",
                          CQL_MARKERS_MAX + 1, CQL_MARKERS_MAX);
        return term;
    }
    term->marker.index = (uint16_t)syntax->markers++;
    if (name != NULL) {
        term->marker.is_named = true;
        term->marker.name = syntax__name(syntax, *name);
    }
    return term;
}

struct cql_term *syntax__items(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token,
                               struct cql_terms items)
{
    struct cql_term *term = syntax__term(syntax, kind, token.offset);
    term->items = items;
    nest_all(syntax, term, items);
    return term;
}

struct cql_term *syntax__udt(struct syntax *syntax, struct syntax_token token, struct syntax_entries entries)
{
    struct cql_term *term = syntax__term(syntax, CQL_TERM_UDT, token.offset);
    term->fields = (struct cql_fields){.names = entries.names, .values = entries.items};
    nest_all(syntax, term, entries.items);
    return term;
}

struct cql_term *syntax__call(struct syntax *syntax, struct syntax_token token, struct cql_qualified function,
                              struct cql_terms arguments)
{
    struct cql_term *term = syntax__term(syntax, CQL_TERM_CALL, token.offset);
    term->call = (struct cql_call){.function = function, .arguments = arguments};
    nest_all(syntax, term, arguments);
    return term;
}

struct cql_term *syntax__cast(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token,
                              struct cql_type type, struct cql_term *operand)
{
    struct cql_term *term = syntax__term(syntax, kind, token.offset);
    term->cast = (struct cql_cast){.type = type, .operand = operand};
    nest(syntax, term, operand);
    return term;
}

/* "(int)-5" in a selection, where a name in parentheses may be a column: it is a hint when it names a type and the minus stands
 * right before a number, as for Cassandra, which reads "-5" as one token. NULL: it is a difference. */
static struct cql_term *hinted_number(struct syntax *syntax, const struct cql_term *left,
                                      struct cql_term *right)
{
    bool is_number = right->kind == CQL_TERM_INTEGER || right->kind == CQL_TERM_FLOAT;
    bool is_name =
        left->kind == CQL_TERM_TUPLE && left->items.count == 1 && left->items.at[0]->kind == CQL_TERM_COLUMN;
    struct type type;
    if (!is_number || !is_name || right->offset == 0 || syntax->text.data[right->offset - 1] != '-' ||
        !type_of_name(left->items.at[0]->text, &type)) {
        return NULL;
    }
    struct syntax_token minus = {.offset = right->offset - 1};
    struct syntax_token open = {.offset = left->offset};
    struct cql_type name = {.text = left->items.at[0]->text, .offset = left->items.at[0]->offset};
    return syntax__cast(syntax, CQL_TERM_HINT, open, name, syntax__negation(syntax, minus, right));
}

struct cql_term *syntax__operation(struct syntax *syntax, enum cql_term_kind kind, struct cql_term *left,
                                   struct cql_term *right)
{
    struct cql_term *hinted = kind == CQL_TERM_SUBTRACT ? hinted_number(syntax, left, right) : NULL;
    if (hinted != NULL) {
        return hinted;
    }
    struct cql_term *term = syntax__term(syntax, kind, left->offset);
    term->operation = (struct cql_operation){.left = left, .right = right};
    nest(syntax, term, left);
    nest(syntax, term, right);
    return term;
}

static struct bytes with_minus(struct syntax *syntax, uint32_t offset, const struct cql_term *literal)
{
    if (bytes_equal(literal->text, bytes_of_text("NaN"))) {
        return literal->text;
    }
    const char *text =
        arena_format(syntax->arena, "-%.*s", (int)literal->text.size, (const char *)literal->text.data);
    bool is_together = literal->offset == offset + 1;
    return is_together && literal->text.data == syntax->text.data + literal->offset
               ? bytes_part(syntax->text, offset, literal->text.size + 1)
               : bytes_of_text(text);
}

struct cql_term *syntax__negation(struct syntax *syntax, struct syntax_token minus, struct cql_term *operand)
{
    bool is_number = operand->kind == CQL_TERM_INTEGER || operand->kind == CQL_TERM_FLOAT ||
                     operand->kind == CQL_TERM_DURATION;
    struct cql_term *term = syntax__term(syntax, is_number ? operand->kind : CQL_TERM_NEGATE, minus.offset);
    if (is_number) {
        term->text = with_minus(syntax, minus.offset, operand);
        return term;
    }
    term->operation.left = operand;
    nest(syntax, term, operand);
    return term;
}

struct cql_term *syntax__column(struct syntax *syntax, struct syntax_token token)
{
    struct cql_term *term = syntax__term(syntax, CQL_TERM_COLUMN, token.offset);
    term->text = syntax__name(syntax, token);
    return term;
}

struct cql_term *syntax__member(struct syntax *syntax, enum cql_term_kind kind, struct cql_member member,
                                uint32_t offset)
{
    struct cql_term *term = syntax__term(syntax, kind, offset);
    term->member = member;
    nest(syntax, term, member.operand);
    nest(syntax, term, member.from);
    nest(syntax, term, member.to);
    return term;
}

struct cql_term *syntax__count_rows(struct syntax *syntax, struct syntax_token token,
                                    const struct syntax_token *number)
{
    if (number != NULL && !bytes_equal(number->text, bytes_of_text("1"))) {
        syntax__fail(syntax, "Only COUNT(1) is supported, got COUNT(%.*s)", (int)number->text.size,
                     (const char *)number->text.data);
    }
    return syntax__term(syntax, CQL_TERM_COUNT_ROWS, token.offset);
}

/* --- statements ------------------------------------------------------------------------------------------------- */

struct cql_statement *syntax__statement(struct syntax *syntax, enum cql_statement_kind kind)
{
    struct cql_statement *statement = arena_create(syntax->arena, sizeof(*statement));
    statement->kind = kind;
    return statement;
}

static void refuse_term(struct syntax *syntax, const struct cql_term *term)
{
    const bool is_expected[SYNTAX_KINDS] = {false};
    struct syntax_token token = {.text = bytes_part(syntax->text, term->offset, 1), .offset = term->offset};
    token.kind = SYNTAX_QMARK; /* any but the end */
    syntax__refuse(syntax, token, is_expected);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the term, which CQL_TERM_DEPTH_MAX bounds */
static void check_literal(struct syntax *syntax, const struct cql_term *term)
{
    bool is_scalar = term->kind >= CQL_TERM_STRING && term->kind <= CQL_TERM_DURATION;
    bool has_items = term->kind == CQL_TERM_MAP || term->kind == CQL_TERM_SET || term->kind == CQL_TERM_LIST;
    if (!is_scalar && !has_items) {
        refuse_term(syntax, term);
        return;
    }
    for (size_t i = 0; has_items && i < term->items.count; i++) {
        check_literal(syntax, term->items.at[i]);
    }
}

static void fail_multiple(struct syntax *syntax, struct bytes name)
{
    syntax__fail(syntax, "Multiple definition for property '%.*s'", (int)name.size, (const char *)name.data);
}

void syntax__property_add(struct syntax *syntax, struct cql_properties *properties,
                          struct cql_property property)
{
    property.name = small_letters(syntax, property.name);
    if (properties->count == CQL_PROPERTIES_MAX) {
        syntax__too_large(syntax, "A statement may have %d properties", CQL_PROPERTIES_MAX);
    }
    for (size_t i = 0; i < properties->count && syntax->status == STATUS_OK; i++) {
        if (bytes_equal(properties->at[i].name, property.name)) {
            fail_multiple(syntax, property.name);
        }
    }
    check_literal(syntax, property.value);
    SYNTAX_APPEND(properties, property);
}

void syntax__properties_join(struct syntax *syntax, struct syntax_options *options,
                             const struct syntax_options *more)
{
    for (size_t i = 0; i < more->properties.count; i++) {
        syntax__property_add(syntax, &options->properties, more->properties.at[i]);
    }
    for (size_t i = 0; i < more->clustering_order.count; i++) {
        SYNTAX_APPEND(&options->clustering_order, more->clustering_order.at[i]);
    }
    options->is_compact = options->is_compact || more->is_compact;
}

struct cql_term *syntax__word(struct syntax *syntax, struct syntax_token token)
{
    struct cql_term *term = syntax__term(syntax, CQL_TERM_STRING, token.offset);
    const bool is_expected[SYNTAX_KINDS] = {false};
    term->text = token.text;
    if (token.kind == SYNTAX_QUOTED_NAME || syntax__keyword(token.text) == SYNTAX_IDENT) {
        token.window = 0;
        syntax__refuse(syntax, token, is_expected);
    }
    return term;
}

/* What changes parts of a column can be said together; fields only once. */
static bool is_compatible(const struct cql_assignment *a, const struct cql_assignment *b)
{
    bool are_fields = a->kind == CQL_ASSIGN_FIELD && b->kind == CQL_ASSIGN_FIELD;
    return a->kind != CQL_ASSIGN && b->kind != CQL_ASSIGN && !(are_fields && bytes_equal(a->field, b->field));
}

void syntax__assignment_add(struct syntax *syntax, struct cql_assignments *assignments,
                            struct cql_assignment assignment)
{
    if (assignments->count == CQL_ASSIGNMENTS_MAX) {
        syntax__too_large(syntax, "An UPDATE may have %d assignments", CQL_ASSIGNMENTS_MAX);
    }
    for (size_t i = 0; i < assignments->count && syntax->status == STATUS_OK; i++) {
        const struct cql_assignment *other = &assignments->at[i];
        if (bytes_equal(other->column, assignment.column) && !is_compatible(other, &assignment)) {
            syntax__fail(syntax, "Multiple incompatible setting of column %.*s", (int)assignment.column.size,
                         (const char *)assignment.column.data);
        }
    }
    SYNTAX_APPEND(assignments, assignment);
}

struct cql_assignment syntax__increment(struct syntax *syntax, struct syntax_token column,
                                        enum cql_assignment_kind kind, struct syntax_token other,
                                        struct cql_term *value)
{
    struct bytes name = syntax__name(syntax, column);
    if (!bytes_equal(name, syntax__name(syntax, other))) {
        if (kind == CQL_ASSIGN_PREPEND) {
            syntax__fail(syntax, "Only expressions of the form X = <value> + X are supported.");
        } else {
            syntax__fail(syntax, "Only expressions of the form X = X %c <value> are supported.",
                         kind == CQL_ASSIGN_ADD ? '+' : '-');
        }
    }
    return (struct cql_assignment){.kind = kind, .offset = column.offset, .column = name, .value = value};
}

struct cql_relation syntax__relation_in(struct cql_relation relation, struct syntax_values values)
{
    relation.comparison = CQL_IN;
    relation.value = values.marker;
    relation.values = values.terms;
    return relation;
}

void syntax__create_column(struct syntax *syntax, struct cql_create_table *table, struct cql_column column)
{
    SYNTAX_APPEND(&table->columns, column);
    if (column.is_primary_key && table->key.definitions++ == 0) {
        SYNTAX_APPEND(&table->key.partition, column.name);
    }
}

/* --- roles ------------------------------------------------------------------------------------------------------ */

void syntax__role_option(struct syntax *syntax, struct cql_role_options *options,
                         struct cql_role_options option)
{
    bool has_access = options->has_all_datacenters || options->datacenters != NULL;
    if (option.has_password && options->has_password) {
        fail_multiple(syntax, bytes_of_text("password"));
    } else if (option.has_login && options->has_login) {
        fail_multiple(syntax, bytes_of_text("login"));
    } else if (option.has_superuser && options->has_superuser) {
        fail_multiple(syntax, bytes_of_text("superuser"));
    } else if (option.options != NULL && options->options != NULL) {
        fail_multiple(syntax, bytes_of_text("options"));
    } else if ((option.has_all_datacenters || option.datacenters != NULL) && has_access) {
        fail_multiple(syntax, bytes_of_text("access"));
    }
    if (option.has_password) {
        options->has_password = true;
        options->is_password_hashed = option.is_password_hashed;
        options->password = option.password;
    }
    if (option.has_login) {
        options->has_login = true;
        options->login = option.login;
    }
    if (option.has_superuser) {
        options->has_superuser = true;
        options->superuser = option.superuser;
    }
    options->options = option.options != NULL ? option.options : options->options;
    options->datacenters = option.datacenters != NULL ? option.datacenters : options->datacenters;
    options->has_all_datacenters = options->has_all_datacenters || option.has_all_datacenters;
}
