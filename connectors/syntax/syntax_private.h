/* What the lexer, the grammar and the builder of trees share; for the files called syntax only. */
#ifndef CQL_SYNTAX_PRIVATE_H
#define CQL_SYNTAX_PRIVATE_H

#include "syntax/bounds.h"
#include "syntax/syntax.h"

/* --- tokens ----------------------------------------------------------------------------------------------------- */

/* Keywords in alphabetic order, and whether they are reserved. CQL reference, appendix A, with what 4.0 and 4.1 reserve
 * beyond it (MATERIALIZED, IS; no longer DEFAULT, MBEAN, MBEANS, UNSET); "of" is not, so that AS OF costs no name. In syntax_grammar.y the same words stand in the same order. */
// clang-format off
#define SYNTAX_KEYWORDS(X)                                                                                  \
    X(ACCESS, false) X(ADD, true) X(AGGREGATE, false) X(AGGREGATES, false) X(ALL, false) X(ALLOW, true)     \
    X(ALTER, true) X(AND, true) X(ANN, false) X(APPLY, true) X(AS, false) X(ASC, true) X(AUTHORIZE, true)   \
    X(BATCH, true) X(BEGIN, true) X(BY, true) X(CALLED, false) X(CAST, false) X(CLUSTER, false)             \
    X(CLUSTERING, false) X(COLUMNFAMILY, true) X(COMPACT, false) X(CONTAINS, false) X(COUNT, false)         \
    X(COUNTER, false) X(CREATE, true) X(CUSTOM, false) X(DATACENTERS, false) X(DEFAULT, false)               \
    X(DELETE, true) X(DESC, true) X(DESCRIBE, true) X(DISTINCT, false) X(DROP, true) X(ENTRIES, true)       \
    X(EXECUTE, true) X(EXISTS, false) X(EXPR, false) X(FILTERING, false) X(FINALFUNC, false) X(FROM, true) X(FULL, true)   \
    X(FUNCTION, false) X(FUNCTIONS, false) X(GRANT, true) X(GROUP, false) X(HASHED, false) X(IF, true)      \
    X(IN, true) X(INDEX, true) X(INFINITY, true) X(INITCOND, false) X(INPUT, false) X(INSERT, true)         \
    X(INTERNALS, false) X(INTO, true) X(IS, true) X(JSON, false) X(KEY, false) X(KEYS, false)               \
    X(KEYSPACE, true) X(KEYSPACES, false) X(LANGUAGE, false) X(LIKE, false) X(LIMIT, true) X(LIST, false)   \
    X(LOGGED, false) X(LOGIN, false) X(MATERIALIZED, true) X(MAXWRITETIME, false) X(MBEAN, false)            \
    X(MBEANS, false) X(MODIFY, true) X(NAN, true) X(NORECURSIVE, true) X(NOSUPERUSER, false) X(NOT, true)    \
    X(NULL, true) X(OF, false) X(ON, true) X(ONLY, false) X(OPTIONS, false) X(OR, true) X(ORDER, true)      \
    X(PARTITION, false) X(PASSWORD, false) X(PER, false) X(PERMISSION, false) X(PERMISSIONS, false)         \
    X(PRIMARY, true) X(RENAME, true) X(REPLACE, false) X(RESTORE, false) X(RETURNS, false)                  \
    X(REVOKE, true) X(ROLE, false) X(ROLES, false) X(SCHEMA, true) X(SELECT, true)                          \
    X(SELECT_MASKED, false) X(SET, true) X(SFUNC, false) X(STATIC, false) X(STORAGE, false)                 \
    X(STYPE, false) X(SUPERUSER, false) X(TABLE, true) X(TABLES, false) X(TAGS, false)                      \
    X(TIMESTAMP, false) X(TO, true) X(TOKEN, true) X(TRIGGER, false) X(TRUNCATE, true) X(TTL, false)        \
    X(TYPE, false) X(TYPES, false) X(UNLOGGED, true) X(UNMASK, false) X(UNSET, false) X(UPDATE, true)        \
    X(USE, true) X(USER, false) X(USERS, false) X(USING, true) X(VALUES, false) X(VIEW, true)               \
    X(WHERE, true) X(WITH, true) X(WRITETIME, false)

/* The other tokens, and what errors call them. X_CALL is the word X before a parenthesis, where it may be a keyword. */
#define SYNTAX_MARKS(X)                                                                                     \
    X(COUNT_CALL, "K_COUNT") X(WRITETIME_CALL, "K_WRITETIME") X(MAXWRITETIME_CALL, "K_MAXWRITETIME")        \
    X(TTL_CALL, "K_TTL") X(CAST_CALL, "K_CAST") X(IDENT, "IDENT") X(QUOTED_NAME, "QUOTED_NAME")             \
    X(EMPTY_QUOTED_NAME, "EMPTY_QUOTED_NAME") X(STRING, "STRING_LITERAL") X(INTEGER, "INTEGER")             \
    X(FLOAT, "FLOAT") X(BOOLEAN, "BOOLEAN") X(DURATION, "DURATION") X(UUID, "UUID") X(HEX, "HEXNUMBER")     \
    X(QMARK, "QMARK") X(COLON, "':'") X(COMMA, "','") X(DOT, "'.'") X(RANGE, "RANGE") X(SEMICOLON, "';'")   \
    X(LP, "'('") X(RP, "')'") X(LBRACKET, "'['") X(RBRACKET, "']'") X(LBRACE, "'{'") X(RBRACE, "'}'")       \
    X(EQ, "'='") X(NE, "'!='") X(LT, "'<'") X(LE, "'<='") X(GT, "'>'") X(GE, "'>='") X(PLUS, "'+'")         \
    X(MINUS, "'-'") X(STAR, "'\\*'") X(SLASH, "'/'") X(PERCENT, "'%'") X(PLUS_EQ, "'+='")                   \
    X(MINUS_EQ, "'-='")
// clang-format on

enum syntax_kind {
    SYNTAX_END,
#define SYNTAX_ENUM(name, what) SYNTAX_##name,
    SYNTAX_KEYWORDS(SYNTAX_ENUM)
    SYNTAX_MARKS(SYNTAX_ENUM)
#undef SYNTAX_ENUM
        SYNTAX_KINDS, /* how many the grammar knows */
    /* Only between the lexer and its caller: */
    SYNTAX_SPACE,
    SYNTAX_LINE_COMMENT, /* begins; its end is to be found, as of the next ones */
    SYNTAX_BLOCK_COMMENT,
    SYNTAX_QUOTE,
    SYNTAX_DOUBLE_QUOTE,
    SYNTAX_DOLLAR,
    SYNTAX_EXCLAMATION, /* without its = */
    SYNTAX_UNKNOWN,
};

enum {
    SYNTAX_WINDOW = 10, /* tokens, spaces included, that an error shows before the one it is about */
};

struct syntax_token {
    struct bytes text; /* as written */
    enum syntax_kind kind;
    uint32_t offset;
    uint32_t window; /* where the SYNTAX_WINDOW-th token before it begins */
};

/* syntax_lexer.re: the token that begins at `at`, and where it ends. */
enum syntax_kind syntax__lex(const uint8_t *at, const uint8_t *limit, const uint8_t **ret_end);
/* The keyword that the word is, in any case; SYNTAX_BOOLEAN; or SYNTAX_IDENT. */
enum syntax_kind syntax__keyword(struct bytes word);
/* What errors call it: "K_FROM", "')'". */
const char *syntax__token_name(enum syntax_kind kind);

/* --- one parse -------------------------------------------------------------------------------------------------- */

struct syntax {
    struct bytes text;
    struct arena *arena;
    struct error *error;
    enum status status; /* the first failure */
    struct cql_statement *statement;
    size_t nodes;
    size_t markers;
    bool is_after_function; /* the token being fed made a function's name of the one before */
};

/* syntax_grammar.y */
struct syntax_machine;
struct syntax_machine *syntax__machine_create(struct syntax *syntax);
void syntax__machine_feed(struct syntax_machine *machine, struct syntax_token token);
void syntax__machine_destroy(struct syntax_machine **machine);

/* syntax.c. Only the first failure is kept. `is_expected` has SYNTAX_KINDS members. */
void syntax__refuse(struct syntax *syntax, struct syntax_token token, const bool *is_expected);
void syntax__fail(struct syntax *syntax, const char *format, ...) PRINTF_LIKE(2, 3);
void syntax__too_large(struct syntax *syntax, const char *format, ...) PRINTF_LIKE(2, 3);

/* --- what the grammar builds with (syntax_build.c) -------------------------------------------------------------- */

/* Room for one more in a list of `count` members of `size` bytes each. */
void *syntax__grow(struct syntax *syntax, void *at, size_t count, size_t size);
#define SYNTAX_APPEND(list, member)                                                                          \
    ((list)->at = syntax__grow(syntax, (list)->at, (list)->count, sizeof(*(list)->at)),                      \
     (void)((list)->at[(list)->count++] = (member)))

struct syntax_entries { /* what stands in braces: pairs, items or fields */
    struct cql_terms items;
    struct cql_names names;
};

struct syntax_options { /* behind WITH */
    struct cql_properties properties;
    struct cql_orderings clustering_order;
    bool is_compact;
};

struct syntax_guard { /* behind IF */
    bool if_exists;
    struct cql_relations conditions;
};

struct syntax_values { /* behind IN */
    struct cql_term *marker;
    struct cql_terms terms;
};

/* Names: small letters, or what is in quotes. */
struct bytes syntax__name(struct syntax *syntax, struct syntax_token token);
struct bytes syntax__string(struct syntax *syntax, struct syntax_token token);
/* The text from one token to another. */
/* A type with `parameters` of them, up to its `end`: list, set, map and frozen have as many as they have. */
struct cql_type syntax__type_generic(struct syntax *syntax, struct syntax_token name, size_t parameters,
                                     struct syntax_token end);
/* The name of a type that is made: not a native type's, and none that Cassandra keeps for itself, unless in quotes. */
struct bytes syntax__new_type_name(struct syntax *syntax, struct syntax_token token);
struct cql_type syntax__type_between(struct syntax *syntax, struct syntax_token first,
                                     struct syntax_token last);

struct cql_term *syntax__term(struct syntax *syntax, enum cql_term_kind kind, uint32_t offset);
struct cql_term *syntax__literal(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token);
struct cql_term *syntax__marker(struct syntax *syntax, struct syntax_token token,
                                const struct syntax_token *name);
struct cql_term *syntax__items(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token,
                               struct cql_terms items);
struct cql_term *syntax__udt(struct syntax *syntax, struct syntax_token token, struct syntax_entries entries);
struct cql_term *syntax__call(struct syntax *syntax, struct syntax_token token, struct cql_qualified function,
                              struct cql_terms arguments);
struct cql_term *syntax__cast(struct syntax *syntax, enum cql_term_kind kind, struct syntax_token token,
                              struct cql_type type, struct cql_term *operand);
struct cql_term *syntax__operation(struct syntax *syntax, enum cql_term_kind kind, struct cql_term *left,
                                   struct cql_term *right);
/* A minus before a literal of a number belongs to the literal. */
struct cql_term *syntax__negation(struct syntax *syntax, struct syntax_token minus, struct cql_term *operand);
struct cql_term *syntax__column(struct syntax *syntax, struct syntax_token token);
struct cql_term *syntax__member(struct syntax *syntax, enum cql_term_kind kind, struct cql_member member,
                                uint32_t offset);
struct cql_term *syntax__count_rows(struct syntax *syntax, struct syntax_token token,
                                    const struct syntax_token *number);

struct cql_statement *syntax__statement(struct syntax *syntax, enum cql_statement_kind kind);
void syntax__property_add(struct syntax *syntax, struct cql_properties *properties,
                          struct cql_property property);
void syntax__properties_join(struct syntax *syntax, struct syntax_options *options,
                             const struct syntax_options *more);
/* A bare word as a property's value: only a keyword that is not reserved may be one. */
struct cql_term *syntax__word(struct syntax *syntax, struct syntax_token token);
void syntax__assignment_add(struct syntax *syntax, struct cql_assignments *assignments,
                            struct cql_assignment assignment);
/* c = other ± value, and c = value + other: both names have to be one. */
struct cql_assignment syntax__increment(struct syntax *syntax, struct syntax_token column,
                                        enum cql_assignment_kind kind, struct syntax_token other,
                                        struct cql_term *value);
struct cql_relation syntax__relation_in(struct cql_relation relation, struct syntax_values values);
void syntax__create_column(struct syntax *syntax, struct cql_create_table *table, struct cql_column column);
void syntax__role_option(struct syntax *syntax, struct cql_role_options *options,
                         struct cql_role_options option);

#endif
