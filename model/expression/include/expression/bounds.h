/* Limits of expressions. */
#ifndef EXPRESSION_BOUNDS_H
#define EXPRESSION_BOUNDS_H

enum {
    EXPRESSION_TEXT_BYTES_MAX = 4096, /* of one expression; DynamoDB's; over it: STATUS_TOO_LARGE */
    EXPRESSION_OPERATORS_MAX = 300,   /* operators and functions of one expression; DynamoDB's */
    EXPRESSION_OPERANDS_MAX = 100,    /* of IN; DynamoDB's */
    EXPRESSION_DEPTH_MAX = 150, /* parentheses and NOT inside each other; bounds the parser's recursion */
    EXPRESSION_PATH_ELEMENTS_MAX = 33, /* a name and 32 steps into it: as deep as values nest */
    EXPRESSION_ACTIONS_MAX = 2048,     /* of one update; its text has no room for more */
    /* Members of lists and maps that one update copies, between times too: few bytes of text can ask for more than there is memory;
     * over it: STATUS_TOO_LARGE. No item of DynamoDB has a fifth as many. */
    EXPRESSION_COPIES_MAX = 2 * 1024 * 1024,
};

#endif
