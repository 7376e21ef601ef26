/* CQL's tokens. What runs up to a closing quote, or to the end of a comment, only begins here: a caller finds its end, so that
 * any byte may stand in it, zeros too. The text has no byte behind its end that may be read: zero stands for it. */
#include "syntax_private.h"

#define YYPEEK() (cursor < limit ? *cursor : 0)
#define YYSKIP() (++cursor)
#define YYBACKUP() (marker = cursor)
#define YYRESTORE() (cursor = marker)
#define YYSHIFT(bytes) (cursor += (bytes))

enum syntax_kind syntax__lex(const uint8_t *at, const uint8_t *limit, const uint8_t **ret_end)
{
    const uint8_t *cursor = at;
    const uint8_t *marker = at;
    enum syntax_kind kind = SYNTAX_UNKNOWN;
    /*!re2c
    re2c:define:YYCTYPE = "uint8_t";
    re2c:yyfill:enable = 0;
    re2c:flags:input = custom;

    digit = [0-9];
    hex = [0-9a-fA-F];
    letter = [a-zA-Z];
    exponent = 'e' [+-]? digit+;
    unit = 'y' | 'mo' | 'w' | 'd' | 'h' | 'm' | 's' | 'ms' | 'us' | "\xc2\xb5" 's' | 'ns';
    years = digit+ "Y";
    months = digit+ "M";
    days = digit+ "D";
    dates = years months? days? | months days? | days;
    times = "T" (digit+ "H" (digit+ "M")? (digit+ "S")? | digit+ "M" (digit+ "S")? | digit+ "S");

    *                                   { kind = SYNTAX_UNKNOWN; goto end; }
    [ \t\r\n]+                          { kind = SYNTAX_SPACE; goto end; }
    "--" | "//"                         { kind = SYNTAX_LINE_COMMENT; goto end; }
    "/*"                                { kind = SYNTAX_BLOCK_COMMENT; goto end; }
    [']                                 { kind = SYNTAX_QUOTE; goto end; }
    ["]                                 { kind = SYNTAX_DOUBLE_QUOTE; goto end; }
    "$"                                 { kind = SYNTAX_DOLLAR; goto end; }
    "P" digit+ "W"                      { kind = SYNTAX_DURATION; goto end; }
    "P" (dates times? | times)          { kind = SYNTAX_DURATION; goto end; }
    letter (letter | digit | "_")*      { kind = SYNTAX_IDENT; goto end; }
    digit+                              { kind = SYNTAX_INTEGER; goto end; }
    digit+ / ".."                       { kind = SYNTAX_INTEGER; goto end; }
    digit+ "." digit* exponent?         { kind = SYNTAX_FLOAT; goto end; }
    digit+ exponent                     { kind = SYNTAX_FLOAT; goto end; }
    (digit+ unit)+                      { kind = SYNTAX_DURATION; goto end; }
    "P" digit+ "-" digit{2} "-" digit{2} "T" digit{2} ":" digit{2} ":" digit{2} { kind = SYNTAX_DURATION; goto end; }
    hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12} { kind = SYNTAX_UUID; goto end; }
    '0x' hex*                           { kind = SYNTAX_HEX; goto end; }
    "?"                                 { kind = SYNTAX_QMARK; goto end; }
    ":"                                 { kind = SYNTAX_COLON; goto end; }
    ","                                 { kind = SYNTAX_COMMA; goto end; }
    "."                                 { kind = SYNTAX_DOT; goto end; }
    ".."                                { kind = SYNTAX_RANGE; goto end; }
    ";"                                 { kind = SYNTAX_SEMICOLON; goto end; }
    "("                                 { kind = SYNTAX_LP; goto end; }
    ")"                                 { kind = SYNTAX_RP; goto end; }
    "["                                 { kind = SYNTAX_LBRACKET; goto end; }
    "]"                                 { kind = SYNTAX_RBRACKET; goto end; }
    "{"                                 { kind = SYNTAX_LBRACE; goto end; }
    "}"                                 { kind = SYNTAX_RBRACE; goto end; }
    "="                                 { kind = SYNTAX_EQ; goto end; }
    "!="                                { kind = SYNTAX_NE; goto end; }
    "!"                                 { kind = SYNTAX_EXCLAMATION; goto end; }
    "<"                                 { kind = SYNTAX_LT; goto end; }
    "<="                                { kind = SYNTAX_LE; goto end; }
    ">"                                 { kind = SYNTAX_GT; goto end; }
    ">="                                { kind = SYNTAX_GE; goto end; }
    "+"                                 { kind = SYNTAX_PLUS; goto end; }
    "-"                                 { kind = SYNTAX_MINUS; goto end; }
    "*"                                 { kind = SYNTAX_STAR; goto end; }
    "/"                                 { kind = SYNTAX_SLASH; goto end; }
    "%"                                 { kind = SYNTAX_PERCENT; goto end; }
    "+="                                { kind = SYNTAX_PLUS_EQ; goto end; }
    "-="                                { kind = SYNTAX_MINUS_EQ; goto end; }
    */
end:
    *ret_end = cursor;
    return kind;
}
