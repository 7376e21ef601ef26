/* PartiQL: a statement as a tree, and what its three operations share. For this folder's files. Developer Guide,
 * "PartiQL - a SQL-compatible query language for Amazon DynamoDB". */
#ifndef DYNAMODB_PARTIQL_H
#define DYNAMODB_PARTIQL_H

#include "dynamodb_private.h"

/* --- tokens (partiql_lexer.c) ----------------------------------------------------------------------------------- */

enum partiql_token_kind {
    PARTIQL_END,
    PARTIQL_WORD,   /* keyword, function, or a name as it is */
    PARTIQL_QUOTED, /* "name" */
    PARTIQL_STRING, /* 'text' */
    PARTIQL_NUMBER, /* without a sign */
    PARTIQL_PARAMETER,
    PARTIQL_EQUAL,
    PARTIQL_NOT_EQUAL,
    PARTIQL_LESS,
    PARTIQL_LESS_EQUAL,
    PARTIQL_GREATER,
    PARTIQL_GREATER_EQUAL,
    PARTIQL_OPEN,
    PARTIQL_CLOSE,
    PARTIQL_BRACKET_OPEN,
    PARTIQL_BRACKET_CLOSE,
    PARTIQL_BRACE_OPEN,
    PARTIQL_BRACE_CLOSE,
    PARTIQL_SET_OPEN,
    PARTIQL_SET_CLOSE,
    PARTIQL_COMMA,
    PARTIQL_DOT,
    PARTIQL_COLON,
    PARTIQL_SEMICOLON,
    PARTIQL_PLUS,
    PARTIQL_MINUS,
    PARTIQL_STAR,
};

struct partiql_token {
    enum partiql_token_kind kind;
    struct bytes text; /* of QUOTED and STRING what stands between the quotes, escapes included */
};

struct partiql_parser {
    struct bytes text;
    size_t offset; /* where the next token begins */
    struct partiql_token token;
    const struct value *parameters;
    size_t parameters_count;
    size_t parameters_used;
    size_t depth;
    size_t operators;
    struct arena *arena;
    struct error *error;
};

MUST_USE enum status partiql_advance(struct partiql_parser *parser);
/* "Statement wasn't well formed, can't be processed: <what>" */
enum status partiql_fail(struct partiql_parser *parser, const char *what);
/* What the current token cannot be: a keyword, an operator … */
enum status partiql_fail_token(struct partiql_parser *parser);
bool partiql_is_word(const struct partiql_parser *parser, const char *word); /* any case */
/* Goes on behind the word if it is there. */
MUST_USE enum status partiql_skip_word(struct partiql_parser *parser, const char *word, bool *ret_was_there);
MUST_USE enum status partiql_expect_word(struct partiql_parser *parser, const char *word);
MUST_USE enum status partiql_expect(struct partiql_parser *parser, enum partiql_token_kind kind);
bool partiql_is_call(const struct partiql_parser *parser, const char *function); /* with its parenthesis */
/* The text of a QUOTED or STRING token, its doubled quotes made one. */
struct bytes partiql_token_text(const struct partiql_parser *parser);
/* Bounds of the recursion and of what one statement may ask. */
MUST_USE enum status partiql_enter(struct partiql_parser *parser);
void partiql_leave(struct partiql_parser *parser);
MUST_USE enum status partiql_count_operator(struct partiql_parser *parser);

/* --- values and paths (partiql_value.c) ------------------------------------------------------------------------- */

bool partiql_starts_value(const struct partiql_parser *parser);
/* A literal or a parameter; *ret_is_missing: the word MISSING. */
MUST_USE enum status partiql_value(struct partiql_parser *parser, struct value *ret_value,
                                   bool *ret_is_missing);
MUST_USE enum status partiql_name(struct partiql_parser *parser, struct bytes *ret_name);
MUST_USE enum status partiql_path(struct partiql_parser *parser, struct path *ret_path);

/* --- conditions and updates (partiql_condition.c, partiql_update.c) --------------------------------------------- */

MUST_USE enum status partiql_condition(struct partiql_parser *parser, const struct condition **ret_condition);
/* The SET and REMOVE clauses. */
MUST_USE enum status partiql_update(struct partiql_parser *parser, struct update *ret_update);

/* --- statements (partiql_parse.c) ------------------------------------------------------------------------------- */

enum partiql_kind {
    PARTIQL_SELECT,
    PARTIQL_EXISTS, /* EXISTS(SELECT …): a condition on one item */
    PARTIQL_INSERT,
    PARTIQL_UPDATE,
    PARTIQL_DELETE,
};

enum partiql_returning {
    PARTIQL_RETURNING_NOTHING,
    PARTIQL_ALL_OLD,
    PARTIQL_MODIFIED_OLD,
    PARTIQL_ALL_NEW,
    PARTIQL_MODIFIED_NEW,
};

struct partiql_order {
    struct bytes name;
    bool is_descending;
};

struct partiql_statement {
    enum partiql_kind kind;
    enum partiql_returning returning;
    struct bytes table;
    struct bytes index;                  /* empty: the table itself */
    const struct projection *projection; /* NULL: everything */
    const struct condition *where;       /* or NULL */
    struct partiql_order orders[DYNAMODB_STATEMENT_ORDERS_MAX];
    size_t orders_count;
    struct value item; /* of INSERT */
    struct update update;
};

/* Everything lives in `arena` and borrows from the text and the parameters. STATUS_INVALID with DynamoDB's message. */
MUST_USE enum status partiql_parse(struct bytes text, const struct value *parameters, size_t parameters_count,
                                   struct arena *arena, struct partiql_statement *ret_statement,
                                   struct error *error);

/* --- plans (partiql_plan.c) ------------------------------------------------------------------------------------- */

/* What AND joins, one by one. */
struct partiql_terms {
    const struct condition **at;
    bool *is_used; /* it became part of a key */
    size_t count;
};

struct partiql_terms partiql_terms_of(const struct condition *where, struct arena *arena);
/* Those not used, joined again; NULL when there are none. */
const struct condition *partiql_terms_rest(const struct partiql_terms *terms, struct arena *arena);
/* Whether a term compares the attribute with values, as a key condition could. */
bool partiql_term_read(const struct condition *term, struct bytes name, struct key_term *ret_term);

/* One item that a statement names by its whole key. */
struct partiql_plan {
    struct partiql_statement statement;
    const struct schema *schema;
    struct value key;             /* INSERT: the item */
    const struct condition *rest; /* what the WHERE clause says beyond the key; or NULL */
    bool wants_item;              /* when the condition does not hold */
    struct gate_change change;    /* of all but SELECT; points into the plan, which does not move */
};

/* Statement and Parameters of `map`, parsed. */
enum status partiql_read(struct call *call, const struct value *map, struct partiql_statement *ret_statement);
/* Plans any statement about one item. */
enum status partiql_plan(struct call *call, struct partiql_plan *plan);
/* The item as SELECT's projection has it: each value under the last name of its path. */
struct value partiql_project(const struct partiql_statement *statement, const struct value *item,
                             struct arena *arena);
/* Notes why a planned write failed. */
void partiql_fail_write(struct call *call, const struct partiql_plan *plan, enum status status,
                        const char *text, bool had_old, struct bytes old_image);
/* What RETURNING asks for; false: nothing. */
bool partiql_returned(const struct partiql_plan *plan, const struct value *old, const struct value *new,
                      struct arena *arena, struct value *ret_item);

/* --- pages (partiql_select.c) ----------------------------------------------------------------------------------- */

/* Answers a SELECT of ExecuteStatement. */
enum status partiql_select(struct call *call, const struct partiql_statement *statement);

#endif
