/* The parser's inside, for this folder's files. */
#ifndef EXPRESSION_PRIVATE_H
#define EXPRESSION_PRIVATE_H

#include "expression/expression.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,   /* name, keyword or function */
    TOKEN_NAME,   /* #name */
    TOKEN_VALUE,  /* :value */
    TOKEN_NUMBER, /* digits; with sign, point and exponent only when native */
    TOKEN_STRING, /* native only, quotes included */
    TOKEN_EQUAL,
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_DOT,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_PLUS,
    TOKEN_MINUS,
};

struct token {
    enum token_kind kind;
    struct bytes text;
    size_t offset;
};

/* What may be wrong in an expression whose grammar is right, the most telling first: it is found while the text is read and
 * told when all of it was. Of two of one kind the first is told. */
enum complaint {
    COMPLAINT_PARENTHESES,
    COMPLAINT_RESERVED_IN_UPDATE,
    COMPLAINT_FUNCTION, /* there is none of that name, or none here */
    COMPLAINT_SECTION,
    COMPLAINT_MISUSED,
    COMPLAINT_RESERVED,
    COMPLAINT_NAME,
    COMPLAINT_VALUE,
    COMPLAINT_OVERLAP,
    COMPLAINT_CONFLICT,
    COMPLAINT_ADDED,   /* an operand of ADD or DELETE */
    COMPLAINT_OPERAND, /* types and number of operands */
    COMPLAINT_NONE,
};

struct parser {
    struct bytes text;
    const struct expression_options *options;
    struct error *error;
    size_t offset;      /* where the next token begins */
    struct token token; /* the current one */
    struct token previous;
    size_t operators;
    size_t depth;
    bool is_update;
    bool is_condition;
    enum complaint complaint; /* the most telling one so far */
    struct error complained;
    const struct condition *grouped; /* the condition that stood in parentheses last */
    enum operand_image image;        /* of the path parsed last */
};

/* Starts at the first token. STATUS_TOO_LARGE, STATUS_INVALID (a character that begins no token). */
MUST_USE enum status parser_begin(struct parser *parser, struct bytes text,
                                  const struct expression_options *options, struct error *error);
MUST_USE enum status parser_advance(struct parser *parser);
/* Keeps an error for the end, unless a more telling one is kept: STATUS_OK, the parser goes on. */
enum status parser_complain(struct parser *parser, enum complaint complaint, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* After the last token: a syntax error when it was not the last, or what was kept. */
MUST_USE enum status parser_end(struct parser *parser);
/* "Syntax error; token: …, near: …" */
enum status parser_syntax_error(struct parser *parser);
bool parser_is_word(const struct parser *parser, const char *word); /* any case */
bool parser_is_function(struct parser *parser);                     /* a word and an opening parenthesis */
MUST_USE enum status parser_expect(struct parser *parser, enum token_kind kind);
MUST_USE enum status parser_count_operator(struct parser *parser);

/* A path, with placeholders replaced. */
MUST_USE enum status parser_path(struct parser *parser, struct path *ret_path);
/* A path, a value, size(…), and in updates if_not_exists(…), list_append(…). */
MUST_USE enum status parser_operand(struct parser *parser, struct operand *ret_operand);

/* Text of "operator or function" in messages. */
const char *expression_test_name(enum expression_test test);
/* Numbers of any kind: their sum or difference; of integers an integer if it fits, otherwise a normalised decimal, or a
 * double when one of them is inexact. STATUS_TOO_LARGE. */
MUST_USE enum status number_add(const struct value *a, const struct value *b, bool is_minus,
                                struct arena *arena, struct value *ret_value, struct error *error);
bool value_is_number(const struct value *value);

/* The members of a set in the order in which members_hold looks for one: the set's own, or sorted anew in `arena`. */
struct value_items members_of(const struct value *set, struct arena *arena);
bool members_hold(struct value_items members, const struct value *sought);

#endif
