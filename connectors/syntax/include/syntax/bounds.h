/* Limits of CQL's text. */
#ifndef CQL_SYNTAX_BOUNDS_H
#define CQL_SYNTAX_BOUNDS_H

enum {
    CQL_STATEMENT_BYTES_MAX = 16 * 1024 * 1024, /* one statement's text; over it: an invalid request */
    CQL_MARKERS_MAX = 65535,     /* of one statement: the protocol counts them in 2 bytes; likewise */
    CQL_NODES_MAX = 1000000,     /* terms and members of lists of one statement, for memory; likewise */
    CQL_PROPERTIES_MAX = 256,    /* behind one WITH; likewise */
    CQL_ASSIGNMENTS_MAX = 10000, /* of one UPDATE; likewise */
    CQL_TERM_DEPTH_MAX = 100,    /* terms inside each other, sums included; likewise */
    CQL_STACK_MAX = 1000,        /* of the parser, whose states are 96 bytes; likewise */
};

#endif
