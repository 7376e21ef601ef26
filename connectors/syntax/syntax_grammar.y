/* The grammar of CQL 3.4.6, of Amazon Keyspaces' additions to it, and of AS OF. Actions only build; what a rule cannot say is
 * asked in syntax_build.c. Words that are no reserved ones fall back to names where the grammar has no use for the word; where
 * it has two, syntax.c decides by the next token. */
%name CqlMachine
%token_prefix TOKEN_
%token_type {struct syntax_token}
%extra_argument {struct syntax *syntax}
%stack_size 1000
%start_symbol text

%include {
#include <stddef.h>

#include "base/memory.h"
#include "syntax_private.h"
}

%token  ACCESS ADD AGGREGATE AGGREGATES ALL ALLOW ALTER AND ANN APPLY AS ASC AUTHORIZE BATCH BEGIN BY CALLED
    CAST CLUSTER CLUSTERING COLUMNFAMILY COMPACT CONTAINS COUNT COUNTER CREATE CUSTOM DATACENTERS DEFAULT
    DELETE DESC DESCRIBE DISTINCT DROP ENTRIES EXECUTE EXISTS EXPR FILTERING FINALFUNC FROM FULL FUNCTION
    FUNCTIONS GRANT GROUP HASHED IF IN INDEX INFINITY INITCOND INPUT INSERT INTERNALS INTO IS JSON KEY
    KEYS KEYSPACE KEYSPACES LANGUAGE LIKE LIMIT LIST LOGGED LOGIN MATERIALIZED MAXWRITETIME MBEAN MBEANS
    MODIFY NAN NORECURSIVE NOSUPERUSER NOT NULL OF ON ONLY OPTIONS OR ORDER PARTITION PASSWORD PER
    PERMISSION PERMISSIONS PRIMARY RENAME REPLACE RESTORE RETURNS REVOKE ROLE ROLES SCHEMA SELECT
    SELECT_MASKED SET SFUNC STATIC STORAGE STYPE SUPERUSER TABLE TABLES TAGS TIMESTAMP TO TOKEN TRIGGER
    TRUNCATE TTL TYPE TYPES UNLOGGED UNMASK UNSET UPDATE USE USER USERS USING VALUES VIEW WHERE WITH
    WRITETIME COUNT_CALL WRITETIME_CALL MAXWRITETIME_CALL TTL_CALL CAST_CALL IDENT QUOTED_NAME
    EMPTY_QUOTED_NAME STRING INTEGER FLOAT BOOLEAN DURATION UUID HEX QMARK COLON COMMA DOT RANGE
    SEMICOLON LP RP LBRACKET RBRACKET LBRACE RBRACE EQ NE LT LE GT GE PLUS MINUS STAR SLASH PERCENT
    PLUS_EQ MINUS_EQ.

%fallback IDENT
    ACCESS AGGREGATE AGGREGATES ALL ANN AS CALLED CAST CLUSTER CLUSTERING COMPACT CONTAINS COUNT COUNTER
    CUSTOM DATACENTERS DEFAULT DISTINCT EXISTS FILTERING FINALFUNC FUNCTION FUNCTIONS GROUP HASHED INITCOND INPUT
    INTERNALS JSON KEY KEYS KEYSPACES LANGUAGE LIKE LIST LOGGED LOGIN MAXWRITETIME MBEAN MBEANS NOSUPERUSER OF
    ONLY OPTIONS PARTITION PASSWORD PER PERMISSION PERMISSIONS REPLACE RESTORE RETURNS ROLE ROLES
    SELECT_MASKED SFUNC STATIC STORAGE STYPE SUPERUSER TABLES TAGS TIMESTAMP TRIGGER TTL TYPE TYPES
    UNMASK UNSET USER USERS VALUES WRITETIME COUNT_CALL WRITETIME_CALL MAXWRITETIME_CALL TTL_CALL CAST_CALL.

/* A name in parentheses is one until what follows says that it is a type; a colon there begins a marker's name. */
%nonassoc LOWEST.
%nonassoc RP DOT.
%nonassoc COLON.

%syntax_error {
    bool is_expected[SYNTAX_KINDS] = {false};
    if (syntax->status == STATUS_OK) {
        for (int kind = 0; kind < SYNTAX_KINDS; kind++) {
            int at = yy_shift_ofst[yypParser->yytos->stateno] + kind;
            is_expected[kind] = yypParser->yytos->stateno <= YY_SHIFT_COUNT && yy_lookahead[at] == kind;
        }
        syntax__refuse(syntax, TOKEN, is_expected);
    }
}
%stack_overflow {
    syntax__too_large(syntax, "The statement nests too deeply");
}

text ::= statement(B) semicolons. { syntax->statement = B; }
semicolons ::= .
semicolons ::= semicolons SEMICOLON.

%type statement {struct cql_statement *}
statement(A) ::= select(B). { A = B; }
statement(A) ::= modification(B). { A = B; }
statement(A) ::= batch(B). { A = B; }
statement(A) ::= definition(B). { A = B; }
statement(A) ::= code_definition(B). { A = B; }
statement(A) ::= authority(B). { A = B; }
statement(A) ::= describe(B). { A = B; }

/* --- names ------------------------------------------------------------------------------------------------------ */

%type ident {struct syntax_token}
ident(A) ::= IDENT(B). { A = B; }
ident(A) ::= QUOTED_NAME(B). { A = B; }
ident(A) ::= EXPR(B). { A = B; } /* no fallback: it may begin a relation of its own */

%type names {struct cql_names}
names(A) ::= ident(B). {
    A = (struct cql_names){0};
    SYNTAX_APPEND(&A, syntax__name(syntax, B));
}
names(A) ::= names(B) COMMA ident(C). {
    A = B;
    SYNTAX_APPEND(&A, syntax__name(syntax, C));
}

%type qualified {struct cql_qualified}
qualified(A) ::= ident(B). { A = (struct cql_qualified){.name = syntax__name(syntax, B)}; }
qualified(A) ::= ident(B) DOT ident(C). {
    A = (struct cql_qualified){.keyspace = syntax__name(syntax, B), .name = syntax__name(syntax, C)};
}

/* A name that only a parenthesis can follow: without one it is a column's name, where terms have none. */
%type function {struct cql_qualified}
function(A) ::= ident(B). {
    A = (struct cql_qualified){.name = syntax__name(syntax, B)};
    syntax->is_after_function = true;
}
function(A) ::= ident(B) DOT ident(C). {
    A = (struct cql_qualified){.keyspace = syntax__name(syntax, B), .name = syntax__name(syntax, C)};
    syntax->is_after_function = true;
}
function(A) ::= TOKEN(B). { A = (struct cql_qualified){.name = syntax__name(syntax, B)}; }

%type if_exists {bool}
if_exists(A) ::= . { A = false; }
if_exists(A) ::= IF EXISTS. { A = true; }

%type if_not_exists {bool}
if_not_exists(A) ::= . { A = false; }
if_not_exists(A) ::= IF NOT EXISTS. { A = true; }

/* --- types ------------------------------------------------------------------------------------------------------ */

%type type {struct cql_type}
type(A) ::= type_name(B). { A = B; }
type(A) ::= STRING(B). { A = syntax__type_between(syntax, B, B); }

%type type_name {struct cql_type}
type_name(A) ::= ident(B). { A = syntax__type_between(syntax, B, B); }
type_name(A) ::= ident(B) DOT ident(C). { A = syntax__type_between(syntax, B, C); }
type_name(A) ::= type_generic(B). { A = B; }

%type type_generic {struct cql_type}
type_generic(A) ::= ident(B) LT type_parameters(C) GT(D). { A = syntax__type_generic(syntax, B, C, D); }
type_generic(A) ::= SET(B) LT type_parameters(C) GT(D). { A = syntax__type_generic(syntax, B, C, D); }

%type type_parameters {size_t}
type_parameters(A) ::= type_parameter. { A = 1; }
type_parameters(A) ::= type_parameters(B) COMMA type_parameter. { A = B + 1; }
type_parameter ::= type.
type_parameter ::= INTEGER.

%type types {struct cql_types}
types(A) ::= . { A = (struct cql_types){0}; }
types(A) ::= types_some(B). { A = B; }
%type types_some {struct cql_types}
types_some(A) ::= type(B). {
    A = (struct cql_types){0};
    SYNTAX_APPEND(&A, B);
}
types_some(A) ::= types_some(B) COMMA type(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}

/* --- terms ------------------------------------------------------------------------------------------------------ */

%type constant {struct cql_term *}
constant(A) ::= STRING(B). { A = syntax__literal(syntax, CQL_TERM_STRING, B); }
constant(A) ::= integer(B). { A = B; }
constant(A) ::= FLOAT(B). { A = syntax__literal(syntax, CQL_TERM_FLOAT, B); }
constant(A) ::= BOOLEAN(B). { A = syntax__literal(syntax, CQL_TERM_BOOLEAN, B); }
constant(A) ::= DURATION(B). { A = syntax__literal(syntax, CQL_TERM_DURATION, B); }
constant(A) ::= UUID(B). { A = syntax__literal(syntax, CQL_TERM_UUID, B); }
constant(A) ::= HEX(B). { A = syntax__literal(syntax, CQL_TERM_HEX, B); }
constant(A) ::= NAN(B). { A = syntax__literal(syntax, CQL_TERM_FLOAT, B); }
constant(A) ::= INFINITY(B). { A = syntax__literal(syntax, CQL_TERM_FLOAT, B); }
constant(A) ::= NULL(B). { A = syntax__literal(syntax, CQL_TERM_NULL, B); }

%type integer {struct cql_term *}
integer(A) ::= INTEGER(B). [LOWEST] { A = syntax__literal(syntax, CQL_TERM_INTEGER, B); }

%type marker {struct cql_term *}
marker(A) ::= QMARK(B). { A = syntax__marker(syntax, B, NULL); }
marker(A) ::= COLON(B) ident(C). { A = syntax__marker(syntax, B, &C); }

/* Where only a number or a marker may stand. */
%type number {struct cql_term *}
number(A) ::= integer(B). { A = B; }
number(A) ::= MINUS(B) integer(C). { A = syntax__negation(syntax, B, C); }
number(A) ::= marker(B). { A = B; }

%type term {struct cql_term *}
%type term_product {struct cql_term *}
%type term_signed {struct cql_term *}
%type term_simple {struct cql_term *}
term(A) ::= term_product(B). { A = B; }
term(A) ::= term(B) PLUS term_product(C). { A = syntax__operation(syntax, CQL_TERM_ADD, B, C); }
term(A) ::= term(B) MINUS term_product(C). { A = syntax__operation(syntax, CQL_TERM_SUBTRACT, B, C); }
term_product(A) ::= term_signed(B). { A = B; }
term_product(A) ::= term_product(B) STAR term_signed(C). { A = syntax__operation(syntax, CQL_TERM_MULTIPLY, B, C); }
term_product(A) ::= term_product(B) SLASH term_signed(C). { A = syntax__operation(syntax, CQL_TERM_DIVIDE, B, C); }
term_product(A) ::= term_product(B) PERCENT term_signed(C). { A = syntax__operation(syntax, CQL_TERM_MODULO, B, C); }
term_signed(A) ::= term_simple(B). { A = B; }
term_signed(A) ::= MINUS(B) term_simple(C). { A = syntax__negation(syntax, B, C); }

term_simple(A) ::= constant(B). { A = B; }
term_simple(A) ::= marker(B). { A = B; }
term_simple(A) ::= function(B) LP(C) terms(D) RP. { A = syntax__call(syntax, C, B, D); }
term_simple(A) ::= LP(B) type_name(C) RP term_signed(D). { A = syntax__cast(syntax, CQL_TERM_HINT, B, C, D); }
term_simple(A) ::= LP(B) terms_some(C) RP. { A = syntax__items(syntax, CQL_TERM_TUPLE, B, C); }
term_simple(A) ::= LBRACKET(B) terms(C) RBRACKET. { A = syntax__items(syntax, CQL_TERM_LIST, B, C); }
term_simple(A) ::= LBRACE(B) terms(C) RBRACE. { A = syntax__items(syntax, CQL_TERM_SET, B, C); }
term_simple(A) ::= map(B). { A = B; }
term_simple(A) ::= LBRACE(B) term_fields(C) RBRACE. { A = syntax__udt(syntax, B, C); }

%type map {struct cql_term *}
map(A) ::= LBRACE(B) term_pairs(C) RBRACE. { A = syntax__items(syntax, CQL_TERM_MAP, B, C.items); }

%type terms {struct cql_terms}
terms(A) ::= . { A = (struct cql_terms){0}; }
terms(A) ::= terms_some(B). { A = B; }
%type terms_some {struct cql_terms}
terms_some(A) ::= term(B). {
    A = (struct cql_terms){0};
    SYNTAX_APPEND(&A, B);
}
terms_some(A) ::= terms_some(B) COMMA term(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}

%type term_pairs {struct syntax_entries}
term_pairs(A) ::= term(B) COLON term(C). {
    A = (struct syntax_entries){0};
    SYNTAX_APPEND(&A.items, B);
    SYNTAX_APPEND(&A.items, C);
}
term_pairs(A) ::= term_pairs(B) COMMA term(C) COLON term(D). {
    A = B;
    SYNTAX_APPEND(&A.items, C);
    SYNTAX_APPEND(&A.items, D);
}

%type term_fields {struct syntax_entries}
term_fields(A) ::= ident(B) COLON term(C). {
    A = (struct syntax_entries){0};
    SYNTAX_APPEND(&A.names, syntax__name(syntax, B));
    SYNTAX_APPEND(&A.items, C);
}
term_fields(A) ::= term_fields(B) COMMA ident(C) COLON term(D). {
    A = B;
    SYNTAX_APPEND(&A.names, syntax__name(syntax, C));
    SYNTAX_APPEND(&A.items, D);
}

/* --- selectors -------------------------------------------------------------------------------------------------- */

%type select_clause {struct cql_selectors}
select_clause(A) ::= STAR. { A = (struct cql_selectors){0}; }
select_clause(A) ::= selections(B). { A = B; }

%type selections {struct cql_selectors}
selections(A) ::= selection(B). {
    A = (struct cql_selectors){0};
    SYNTAX_APPEND(&A, B);
}
selections(A) ::= selections(B) COMMA selection(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type selection {struct cql_selector}
selection(A) ::= selector(B). { A = (struct cql_selector){.term = B}; }
selection(A) ::= selector(B) AS ident(C). {
    A = (struct cql_selector){.term = B, .alias = syntax__name(syntax, C), .has_alias = true};
}

%type selector {struct cql_term *}
%type selector_product {struct cql_term *}
%type selector_signed {struct cql_term *}
%type selector_simple {struct cql_term *}
selector(A) ::= selector_product(B). { A = B; }
selector(A) ::= selector(B) PLUS selector_product(C). { A = syntax__operation(syntax, CQL_TERM_ADD, B, C); }
selector(A) ::= selector(B) MINUS selector_product(C). { A = syntax__operation(syntax, CQL_TERM_SUBTRACT, B, C); }
selector_product(A) ::= selector_signed(B). { A = B; }
selector_product(A) ::= selector_product(B) STAR selector_signed(C). {
    A = syntax__operation(syntax, CQL_TERM_MULTIPLY, B, C);
}
selector_product(A) ::= selector_product(B) SLASH selector_signed(C). {
    A = syntax__operation(syntax, CQL_TERM_DIVIDE, B, C);
}
selector_product(A) ::= selector_product(B) PERCENT selector_signed(C). {
    A = syntax__operation(syntax, CQL_TERM_MODULO, B, C);
}
selector_signed(A) ::= selector_simple(B). { A = B; }
selector_signed(A) ::= MINUS(B) selector_simple(C). { A = syntax__negation(syntax, B, C); }

selector_simple(A) ::= selector_column(B). { A = B; }
selector_simple(A) ::= selector_member(B). { A = B; }
selector_simple(A) ::= selector_atom(B). { A = B; }

%type selector_column {struct cql_term *}
selector_column(A) ::= ident(B). [LOWEST] { A = syntax__column(syntax, B); }

%type selector_member {struct cql_term *}
selector_member(A) ::= ident(B) DOT ident(C). [LOWEST] {
    A = syntax__member(syntax, CQL_TERM_FIELD,
                    (struct cql_member){.operand = syntax__column(syntax, B), .field = syntax__name(syntax, C)}, B.offset);
}
selector_member(A) ::= selector_member(B) DOT ident(C). {
    A = syntax__member(syntax, CQL_TERM_FIELD, (struct cql_member){.operand = B, .field = syntax__name(syntax, C)}, B->offset);
}
selector_member(A) ::= selector_atom(B) DOT ident(C). {
    A = syntax__member(syntax, CQL_TERM_FIELD, (struct cql_member){.operand = B, .field = syntax__name(syntax, C)}, B->offset);
}
selector_member(A) ::= selector_subscripted(B) LBRACKET term(C) RBRACKET. {
    A = syntax__member(syntax, CQL_TERM_ELEMENT, (struct cql_member){.operand = B, .from = C}, B->offset);
}
selector_member(A) ::= selector_subscripted(B) LBRACKET slice_end(C) RANGE slice_end(D) RBRACKET. {
    A = syntax__member(syntax, CQL_TERM_SLICE, (struct cql_member){.operand = B, .from = C, .to = D}, B->offset);
}
%type selector_subscripted {struct cql_term *}
selector_subscripted(A) ::= selector_column(B). { A = B; }
selector_subscripted(A) ::= selector_member(B). { A = B; }
selector_subscripted(A) ::= selector_atom(B). { A = B; }
%type slice_end {struct cql_term *}
slice_end(A) ::= . { A = NULL; }
slice_end(A) ::= term(B). { A = B; }

%type selector_atom {struct cql_term *}
selector_atom(A) ::= selector_list(B). { A = B; }
selector_atom(A) ::= selector_closed(B). { A = B; }

%type selector_list {struct cql_term *}
selector_list(A) ::= LBRACKET(B) selectors(C) RBRACKET. { A = syntax__items(syntax, CQL_TERM_LIST, B, C); }

%type selector_closed {struct cql_term *}
selector_closed(A) ::= constant(B). { A = B; }
selector_closed(A) ::= marker(B). { A = B; }
selector_closed(A) ::= function(B) LP(C) selectors(D) RP. { A = syntax__call(syntax, C, B, D); }
selector_closed(A) ::= COUNT_CALL(B) LP STAR RP. { A = syntax__count_rows(syntax, B, NULL); }
selector_closed(A) ::= COUNT_CALL(B) LP INTEGER(C) RP. { A = syntax__count_rows(syntax, B, &C); }
selector_closed(A) ::= COUNT_CALL(B) LP(C) selectors(D) RP. {
    A = syntax__call(syntax, C, (struct cql_qualified){.name = syntax__name(syntax, B)}, D);
}
selector_closed(A) ::= WRITETIME_CALL(B) LP selector_cell(C) RP. {
    A = syntax__member(syntax, CQL_TERM_WRITETIME, (struct cql_member){.operand = C}, B.offset);
}
selector_closed(A) ::= MAXWRITETIME_CALL(B) LP selector_cell(C) RP. {
    A = syntax__member(syntax, CQL_TERM_MAXWRITETIME, (struct cql_member){.operand = C}, B.offset);
}
selector_closed(A) ::= TTL_CALL(B) LP selector_cell(C) RP. {
    A = syntax__member(syntax, CQL_TERM_TTL, (struct cql_member){.operand = C}, B.offset);
}
selector_closed(A) ::= CAST_CALL(B) LP selector(C) AS type_name(D) RP. {
    A = syntax__cast(syntax, CQL_TERM_CAST, B, D, C);
}
selector_closed(A) ::= LP(B) selectors_some(C) RP. { A = syntax__items(syntax, CQL_TERM_TUPLE, B, C); }
selector_closed(A) ::= LP(B) ident(C) RP. [LOWEST] {
    struct cql_terms items = {0};
    SYNTAX_APPEND(&items, syntax__column(syntax, C));
    A = syntax__items(syntax, CQL_TERM_TUPLE, B, items);
}
selector_closed(A) ::= LP(B) ident(C) DOT ident(D) RP. [LOWEST] {
    struct cql_terms items = {0};
    SYNTAX_APPEND(&items, syntax__member(syntax, CQL_TERM_FIELD,
                                      (struct cql_member){.operand = syntax__column(syntax, C),
                                                          .field = syntax__name(syntax, D)}, C.offset));
    A = syntax__items(syntax, CQL_TERM_TUPLE, B, items);
}
selector_closed(A) ::= LP(B) ident(C) RP selector_hinted(D). {
    A = syntax__cast(syntax, CQL_TERM_HINT, B, syntax__type_between(syntax, C, C), D);
}
selector_closed(A) ::= LP(B) ident(C) DOT ident(D) RP selector_hinted(E). {
    A = syntax__cast(syntax, CQL_TERM_HINT, B, syntax__type_between(syntax, C, D), E);
}
selector_closed(A) ::= LP(B) type_generic(C) RP selector_hinted(D). {
    A = syntax__cast(syntax, CQL_TERM_HINT, B, C, D);
}
selector_closed(A) ::= LP(B) type_generic(C) RP selector_list(D). {
    A = syntax__cast(syntax, CQL_TERM_HINT, B, C, D);
}
selector_closed(A) ::= LBRACE(B) selectors(C) RBRACE. { A = syntax__items(syntax, CQL_TERM_SET, B, C); }
selector_closed(A) ::= LBRACE(B) selector_pairs(C) RBRACE. { A = syntax__items(syntax, CQL_TERM_MAP, B, C.items); }

%type selector_hinted {struct cql_term *}
selector_hinted(A) ::= selector_closed(B). [LOWEST] { A = B; }
selector_hinted(A) ::= selector_column(B). [LOWEST] { A = B; }
selector_hinted(A) ::= ident(B) DOT ident(C). [LOWEST] {
    A = syntax__member(syntax, CQL_TERM_FIELD,
                    (struct cql_member){.operand = syntax__column(syntax, B), .field = syntax__name(syntax, C)}, B.offset);
}

%type selector_cell {struct cql_term *}
selector_cell(A) ::= selector_column(B). { A = B; }
selector_cell(A) ::= selector_member(B). { A = B; }

%type selectors {struct cql_terms}
selectors(A) ::= . { A = (struct cql_terms){0}; }
selectors(A) ::= selectors_some(B). { A = B; }
%type selectors_some {struct cql_terms}
selectors_some(A) ::= selector(B). {
    A = (struct cql_terms){0};
    SYNTAX_APPEND(&A, B);
}
selectors_some(A) ::= selectors_some(B) COMMA selector(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type selector_pairs {struct syntax_entries}
selector_pairs(A) ::= selector(B) COLON selector(C). {
    A = (struct syntax_entries){0};
    SYNTAX_APPEND(&A.items, B);
    SYNTAX_APPEND(&A.items, C);
}
selector_pairs(A) ::= selector_pairs(B) COMMA selector(C) COLON selector(D). {
    A = B;
    SYNTAX_APPEND(&A.items, C);
    SYNTAX_APPEND(&A.items, D);
}

/* --- SELECT ----------------------------------------------------------------------------------------------------- */

%type select {struct cql_statement *}
select(A) ::= SELECT is_json(B) is_distinct(C) select_clause(D) FROM qualified(E) as_of(F) where(G) group_by(H)
              order_by(I) partition_limit(J) limit(K) allow_filtering(L). {
    A = syntax__statement(syntax, CQL_SELECT);
    A->select = (struct cql_select){.table = E, .is_json = B, .is_distinct = C, .selectors = D, .as_of = F, .where = G,
                                    .group_by = H, .order_by = I, .partition_limit = J, .limit = K,
                                    .allows_filtering = L};
}
%type is_json {bool}
is_json(A) ::= . { A = false; }
is_json(A) ::= JSON. { A = true; }
%type is_distinct {bool}
is_distinct(A) ::= . { A = false; }
is_distinct(A) ::= DISTINCT. { A = true; }

%type as_of {struct cql_term *}
as_of(A) ::= . { A = NULL; }
as_of(A) ::= AS OF STRING(B). { A = syntax__literal(syntax, CQL_TERM_STRING, B); }
as_of(A) ::= AS OF number(B). { A = B; }

%type where {struct cql_relations}
where(A) ::= . { A = (struct cql_relations){0}; }
where(A) ::= WHERE relations(B). { A = B; }

%type group_by {struct cql_terms}
group_by(A) ::= . { A = (struct cql_terms){0}; }
group_by(A) ::= GROUP BY selectors_some(B). { A = B; }

%type order_by {struct cql_orderings}
order_by(A) ::= . { A = (struct cql_orderings){0}; }
order_by(A) ::= ORDER BY orderings(B). { A = B; }
%type orderings {struct cql_orderings}
orderings(A) ::= ordering(B). {
    A = (struct cql_orderings){0};
    SYNTAX_APPEND(&A, B);
}
orderings(A) ::= orderings(B) COMMA ordering(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type ordering {struct cql_ordering}
ordering(A) ::= ident(B) is_descending(C). {
    A = (struct cql_ordering){.column = syntax__name(syntax, B), .is_descending = C};
}
ordering(A) ::= ident(B) ANN OF term(C). { A = (struct cql_ordering){.column = syntax__name(syntax, B), .near = C}; }
%type is_descending {bool}
is_descending(A) ::= . { A = false; }
is_descending(A) ::= ASC. { A = false; }
is_descending(A) ::= DESC. { A = true; }

%type partition_limit {struct cql_term *}
partition_limit(A) ::= . { A = NULL; }
partition_limit(A) ::= PER PARTITION LIMIT number(B). { A = B; }
%type limit {struct cql_term *}
limit(A) ::= . { A = NULL; }
limit(A) ::= LIMIT number(B). { A = B; }
%type allow_filtering {bool}
allow_filtering(A) ::= . { A = false; }
allow_filtering(A) ::= ALLOW FILTERING. { A = true; }

/* --- relations and conditions ----------------------------------------------------------------------------------- */

%type comparison {enum cql_comparison}
comparison(A) ::= EQ. { A = CQL_EQUAL; }
comparison(A) ::= NE. { A = CQL_NOT_EQUAL; }
comparison(A) ::= LT. { A = CQL_LESS; }
comparison(A) ::= LE. { A = CQL_LESS_EQUAL; }
comparison(A) ::= GT. { A = CQL_GREATER; }
comparison(A) ::= GE. { A = CQL_GREATER_EQUAL; }

%type in_values {struct syntax_values}
in_values(A) ::= marker(B). { A = (struct syntax_values){.marker = B}; }
in_values(A) ::= LP terms(B) RP. { A = (struct syntax_values){.terms = B}; }

%type relations {struct cql_relations}
relations(A) ::= relation(B). {
    A = (struct cql_relations){0};
    SYNTAX_APPEND(&A, B);
}
relations(A) ::= relations(B) AND relation(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}

%type relation {struct cql_relation}
relation(A) ::= related(B) comparison(C) term(D). {
    A = B;
    A.comparison = C;
    A.value = D;
}
relation(A) ::= related(B) IN in_values(C). { A = syntax__relation_in(B, C); }
relation(A) ::= related_column(B) LIKE term(C). {
    A = B;
    A.comparison = CQL_LIKE;
    A.value = C;
}
relation(A) ::= related_column(B) IS NOT NULL. {
    A = B;
    A.comparison = CQL_IS_NOT_NULL;
}
relation(A) ::= related_column(B) CONTAINS term(C). {
    A = B;
    A.comparison = CQL_CONTAINS;
    A.value = C;
}
relation(A) ::= related_column(B) CONTAINS KEY term(C). {
    A = B;
    A.comparison = CQL_CONTAINS_KEY;
    A.value = C;
}
relation(A) ::= LP relation(B) RP. { A = B; }
relation(A) ::= EXPR(B) LP qualified(C) COMMA term(D) RP. {
    A = (struct cql_relation){.kind = CQL_RELATION_INDEX, .field = C.keyspace, .value = D, .offset = B.offset};
    SYNTAX_APPEND(&A.columns, C.name);
}

%type related {struct cql_relation}
related(A) ::= related_column(B). { A = B; }
related(A) ::= ident(B) LBRACKET term(C) RBRACKET. {
    A = (struct cql_relation){.kind = CQL_RELATION_ELEMENT, .key = C, .offset = B.offset};
    SYNTAX_APPEND(&A.columns, syntax__name(syntax, B));
}
related(A) ::= TOKEN(B) LP names(C) RP. {
    A = (struct cql_relation){.kind = CQL_RELATION_TOKEN, .columns = C, .offset = B.offset};
}
related(A) ::= LP(B) names(C) RP. {
    A = (struct cql_relation){.kind = CQL_RELATION_TUPLE, .columns = C, .offset = B.offset};
}
%type related_column {struct cql_relation}
related_column(A) ::= ident(B). {
    A = (struct cql_relation){.kind = CQL_RELATION_COLUMN, .offset = B.offset};
    SYNTAX_APPEND(&A.columns, syntax__name(syntax, B));
}

%type guard {struct syntax_guard}
guard(A) ::= . { A = (struct syntax_guard){0}; }
guard(A) ::= IF EXISTS. { A = (struct syntax_guard){.if_exists = true}; }
guard(A) ::= IF conditions(B). { A = (struct syntax_guard){.conditions = B}; }
%type conditions {struct cql_relations}
conditions(A) ::= condition(B). {
    A = (struct cql_relations){0};
    SYNTAX_APPEND(&A, B);
}
conditions(A) ::= conditions(B) AND condition(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type condition {struct cql_relation}
condition(A) ::= conditioned(B) comparison(C) term(D). {
    A = B;
    A.comparison = C;
    A.value = D;
}
condition(A) ::= conditioned(B) IN in_values(C). { A = syntax__relation_in(B, C); }
condition(A) ::= conditioned(B) CONTAINS term(C). {
    A = B;
    A.comparison = CQL_CONTAINS;
    A.value = C;
}
condition(A) ::= conditioned(B) CONTAINS KEY term(C). {
    A = B;
    A.comparison = CQL_CONTAINS_KEY;
    A.value = C;
}
%type conditioned {struct cql_relation}
conditioned(A) ::= ident(B). {
    A = (struct cql_relation){.kind = CQL_RELATION_COLUMN, .offset = B.offset};
    SYNTAX_APPEND(&A.columns, syntax__name(syntax, B));
}
conditioned(A) ::= ident(B) LBRACKET term(C) RBRACKET. {
    A = (struct cql_relation){.kind = CQL_RELATION_ELEMENT, .key = C, .offset = B.offset};
    SYNTAX_APPEND(&A.columns, syntax__name(syntax, B));
}
conditioned(A) ::= ident(B) DOT ident(C). {
    A = (struct cql_relation){.kind = CQL_RELATION_FIELD, .field = syntax__name(syntax, C), .offset = B.offset};
    SYNTAX_APPEND(&A.columns, syntax__name(syntax, B));
}

/* --- INSERT, UPDATE, DELETE, BATCH ------------------------------------------------------------------------------ */

%type modification {struct cql_statement *}
modification(A) ::= INSERT INTO qualified(B) LP names(C) RP VALUES LP terms_some(D) RP if_not_exists(E) using(F). {
    A = syntax__statement(syntax, CQL_INSERT);
    A->insert = (struct cql_insert){.table = B, .columns = C, .values = D, .if_not_exists = E, .using = F};
}
modification(A) ::= INSERT INTO qualified(B) JSON json_value(C) json_default(D) if_not_exists(E) using(F). {
    A = syntax__statement(syntax, CQL_INSERT);
    A->insert = (struct cql_insert){.table = B, .json = C, .json_defaults_unset = D, .if_not_exists = E, .using = F};
}
%type json_value {struct cql_term *}
json_value(A) ::= STRING(B). { A = syntax__literal(syntax, CQL_TERM_STRING, B); }
json_value(A) ::= marker(B). { A = B; }
%type json_default {bool}
json_default(A) ::= . { A = false; }
json_default(A) ::= DEFAULT NULL. { A = false; }
json_default(A) ::= DEFAULT UNSET. { A = true; }

%type using {struct cql_using}
using(A) ::= . { A = (struct cql_using){0}; }
using(A) ::= USING using_some(B). { A = B; }
%type using_some {struct cql_using}
using_some(A) ::= TIMESTAMP number(B). { A = (struct cql_using){.timestamp = B}; }
using_some(A) ::= TTL number(B). { A = (struct cql_using){.ttl = B}; }
using_some(A) ::= using_some(B) AND TIMESTAMP number(C). {
    A = B;
    A.timestamp = C;
}
using_some(A) ::= using_some(B) AND TTL number(C). {
    A = B;
    A.ttl = C;
}
%type using_timestamp {struct cql_term *}
using_timestamp(A) ::= . { A = NULL; }
using_timestamp(A) ::= USING TIMESTAMP number(B). { A = B; }

modification(A) ::= UPDATE qualified(B) using(C) SET assignments(D) WHERE relations(E) guard(F). {
    A = syntax__statement(syntax, CQL_UPDATE);
    A->update = (struct cql_update){.table = B, .using = C, .assignments = D, .where = E, .if_exists = F.if_exists,
                                    .conditions = F.conditions};
}
%type assignments {struct cql_assignments}
assignments(A) ::= assignment(B). {
    A = (struct cql_assignments){0};
    syntax__assignment_add(syntax, &A, B);
}
assignments(A) ::= assignments(B) COMMA assignment(C). {
    A = B;
    syntax__assignment_add(syntax, &A, C);
}
%type assignment {struct cql_assignment}
assignment(A) ::= ident(B) EQ term(C). {
    A = (struct cql_assignment){.kind = CQL_ASSIGN, .column = syntax__name(syntax, B), .value = C, .offset = B.offset};
}
assignment(A) ::= ident(B) EQ ident(C) PLUS term(D). { A = syntax__increment(syntax, B, CQL_ASSIGN_ADD, C, D); }
assignment(A) ::= ident(B) EQ ident(C) MINUS term(D). { A = syntax__increment(syntax, B, CQL_ASSIGN_SUBTRACT, C, D); }
assignment(A) ::= ident(B) EQ term(C) PLUS ident(D). { A = syntax__increment(syntax, B, CQL_ASSIGN_PREPEND, D, C); }
assignment(A) ::= ident(B) PLUS_EQ term(C). { A = syntax__increment(syntax, B, CQL_ASSIGN_ADD, B, C); }
assignment(A) ::= ident(B) MINUS_EQ term(C). { A = syntax__increment(syntax, B, CQL_ASSIGN_SUBTRACT, B, C); }
assignment(A) ::= ident(B) LBRACKET term(C) RBRACKET EQ term(D). {
    A = (struct cql_assignment){.kind = CQL_ASSIGN_ELEMENT, .column = syntax__name(syntax, B), .key = C, .value = D,
                                .offset = B.offset};
}
assignment(A) ::= ident(B) DOT ident(C) EQ term(D). {
    A = (struct cql_assignment){.kind = CQL_ASSIGN_FIELD, .column = syntax__name(syntax, B),
                                .field = syntax__name(syntax, C), .value = D, .offset = B.offset};
}

modification(A) ::= DELETE deletions(B) FROM qualified(C) using_timestamp(D) WHERE relations(E) guard(F). {
    A = syntax__statement(syntax, CQL_DELETE);
    A->delete = (struct cql_delete){.deletions = B, .table = C, .using = {.timestamp = D}, .where = E,
                                    .if_exists = F.if_exists, .conditions = F.conditions};
}
%type deletions {struct cql_deletions}
deletions(A) ::= . { A = (struct cql_deletions){0}; }
deletions(A) ::= deletions_some(B). { A = B; }
%type deletions_some {struct cql_deletions}
deletions_some(A) ::= deletion(B). {
    A = (struct cql_deletions){0};
    SYNTAX_APPEND(&A, B);
}
deletions_some(A) ::= deletions_some(B) COMMA deletion(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type deletion {struct cql_deletion}
deletion(A) ::= ident(B). { A = (struct cql_deletion){.column = syntax__name(syntax, B), .offset = B.offset}; }
deletion(A) ::= ident(B) LBRACKET term(C) RBRACKET. {
    A = (struct cql_deletion){.column = syntax__name(syntax, B), .key = C, .offset = B.offset};
}
deletion(A) ::= ident(B) DOT ident(C). {
    A = (struct cql_deletion){.column = syntax__name(syntax, B), .field = syntax__name(syntax, C), .offset = B.offset};
}

%type batch {struct cql_statement *}
batch(A) ::= BEGIN batch_kind(B) BATCH using(C) batch_statements(D) APPLY BATCH. {
    A = syntax__statement(syntax, CQL_BATCH);
    A->batch = (struct cql_batch){.kind = B, .using = C, .statements = D};
}
%type batch_kind {enum cql_batch_kind}
batch_kind(A) ::= . { A = CQL_BATCH_LOGGED; }
batch_kind(A) ::= LOGGED. { A = CQL_BATCH_LOGGED; }
batch_kind(A) ::= UNLOGGED. { A = CQL_BATCH_UNLOGGED; }
batch_kind(A) ::= COUNTER. { A = CQL_BATCH_COUNTER; }
%type batch_statements {struct cql_statements}
batch_statements(A) ::= . { A = (struct cql_statements){0}; }
batch_statements(A) ::= batch_statements(B) modification(C) semicolon. {
    A = B;
    SYNTAX_APPEND(&A, C);
}
semicolon ::= .
semicolon ::= SEMICOLON.

/* --- keyspaces, tables, types, indexes, views ------------------------------------------------------------------- */

%type options {struct syntax_options}
options(A) ::= . { A = (struct syntax_options){0}; }
options(A) ::= WITH options_some(B). { A = B; }
%type options_some {struct syntax_options}
options_some(A) ::= option(B). {
    A = (struct syntax_options){0};
    syntax__properties_join(syntax, &A, &B);
}
options_some(A) ::= options_some(B) option_joint option(C). {
    A = B;
    syntax__properties_join(syntax, &A, &C);
}
option_joint ::= AND.
option_joint ::= WITH. /* as Keyspaces' documentation has it */
%type option {struct syntax_options}
option(A) ::= property(B). {
    A = (struct syntax_options){0};
    syntax__property_add(syntax, &A.properties, B);
}
option(A) ::= COMPACT STORAGE. { A = (struct syntax_options){.is_compact = true}; }
option(A) ::= CLUSTERING ORDER BY LP orderings(B) RP. { A = (struct syntax_options){.clustering_order = B}; }

%type properties {struct cql_properties}
properties(A) ::= . { A = (struct cql_properties){0}; }
properties(A) ::= WITH properties_some(B). { A = B; }
%type properties_some {struct cql_properties}
properties_some(A) ::= property(B). {
    A = (struct cql_properties){0};
    syntax__property_add(syntax, &A, B);
}
properties_some(A) ::= properties_some(B) option_joint property(C). {
    A = B;
    syntax__property_add(syntax, &A, C);
}
%type property {struct cql_property}
property(A) ::= ident(B) EQ term_signed(C). { A = (struct cql_property){.name = syntax__name(syntax, B), .value = C}; }
property(A) ::= ident(B) EQ ident(C). {
    A = (struct cql_property){.name = syntax__name(syntax, B), .value = syntax__word(syntax, C)};
}

keyspace_word ::= KEYSPACE.
keyspace_word ::= SCHEMA.
table_word ::= TABLE.
table_word ::= COLUMNFAMILY.

%type definition {struct cql_statement *}
definition(A) ::= USE ident(B). {
    A = syntax__statement(syntax, CQL_USE);
    A->keyspace = (struct cql_keyspace){.name = syntax__name(syntax, B)};
}
definition(A) ::= CREATE keyspace_word if_not_exists(B) ident(C) WITH properties_some(D). {
    A = syntax__statement(syntax, CQL_CREATE_KEYSPACE);
    A->keyspace = (struct cql_keyspace){.name = syntax__name(syntax, C), .if_not_exists = B, .properties = D};
}
definition(A) ::= ALTER keyspace_word if_exists(B) ident(C) WITH properties_some(D). {
    A = syntax__statement(syntax, CQL_ALTER_KEYSPACE);
    A->keyspace = (struct cql_keyspace){.name = syntax__name(syntax, C), .if_exists = B, .properties = D};
}
definition(A) ::= ALTER keyspace_word if_exists(B) ident(C) tags_action(D) TAGS map(E). {
    A = syntax__statement(syntax, CQL_ALTER_KEYSPACE);
    A->keyspace = (struct cql_keyspace){.name = syntax__name(syntax, C), .if_exists = B, .tags_action = D, .tags = E};
}
%type tags_action {enum cql_tags_action}
tags_action(A) ::= ADD. { A = CQL_TAGS_ADD; }
tags_action(A) ::= DROP. { A = CQL_TAGS_DROP; }
definition(A) ::= DROP keyspace_word if_exists(B) ident(C). {
    A = syntax__statement(syntax, CQL_DROP_KEYSPACE);
    A->keyspace = (struct cql_keyspace){.name = syntax__name(syntax, C), .if_exists = B};
}

definition(A) ::= CREATE table_word if_not_exists(B) qualified(C) LP table_elements(D) RP options(E). {
    A = syntax__statement(syntax, CQL_CREATE_TABLE);
    A->create_table = *D;
    A->create_table.table = C;
    A->create_table.if_not_exists = B;
    A->create_table.clustering_order = E.clustering_order;
    A->create_table.is_compact = E.is_compact;
    A->create_table.properties = E.properties;
}
%type table_elements {struct cql_create_table *}
table_elements(A) ::= column_definition(B). {
    A = arena_create(syntax->arena, sizeof(*A));
    syntax__create_column(syntax, A, B);
}
table_elements(A) ::= primary_key(B). {
    A = arena_create(syntax->arena, sizeof(*A));
    A->key = B;
}
table_elements(A) ::= table_elements(B) COMMA. { A = B; } /* nothing may follow a comma, here and in CREATE TYPE */
table_elements(A) ::= table_elements(B) COMMA column_definition(C). {
    A = B;
    syntax__create_column(syntax, A, C);
}
table_elements(A) ::= table_elements(B) COMMA primary_key(C). {
    A = B;
    C.definitions += A->key.definitions;
    A->key = C;
}
%type column_definition {struct cql_column}
column_definition(A) ::= ident(B) type(C) is_static(D) is_primary(E). {
    A = (struct cql_column){.name = syntax__name(syntax, B), .type = C, .is_static = D, .is_primary_key = E};
}
%type is_static {bool}
is_static(A) ::= . { A = false; }
is_static(A) ::= STATIC. { A = true; }
%type is_primary {bool}
is_primary(A) ::= . { A = false; }
is_primary(A) ::= PRIMARY KEY. { A = true; }
%type primary_key {struct cql_primary_key}
primary_key(A) ::= PRIMARY KEY LP partition_key(B) RP. { A = (struct cql_primary_key){.definitions = 1, .partition = B}; }
primary_key(A) ::= PRIMARY KEY LP partition_key(B) COMMA names(C) RP. {
    A = (struct cql_primary_key){.definitions = 1, .partition = B, .clustering = C};
}
%type partition_key {struct cql_names}
partition_key(A) ::= ident(B). {
    A = (struct cql_names){0};
    SYNTAX_APPEND(&A, syntax__name(syntax, B));
}
partition_key(A) ::= LP names(B) RP. { A = B; }

definition(A) ::= ALTER table_word if_exists(B) qualified(C) alteration(D). {
    A = syntax__statement(syntax, CQL_ALTER_TABLE);
    A->alter_table = *D;
    A->alter_table.table = C;
    A->alter_table.if_exists = B;
}
definition(A) ::= ALTER TYPE if_exists(B) qualified(C) type_alteration(D). {
    A = syntax__statement(syntax, CQL_ALTER_TYPE);
    A->alter_table = *D;
    A->alter_table.table = C;
    A->alter_table.if_exists = B;
}
%type alteration {struct cql_alter_table *}
alteration(A) ::= ADD if_not_exists(B) added_columns(C). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_ADD, .column_if_not_exists = B, .columns = C};
}
alteration(A) ::= DROP if_exists(B) dropped_columns(C) using_timestamp(D). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_DROP, .column_if_exists = B, .names = C, .timestamp = D};
}
alteration(A) ::= DROP COMPACT STORAGE. {
    A = arena_create(syntax->arena, sizeof(*A));
    A->alteration = CQL_ALTERATION_DROP_COMPACT_STORAGE;
}
alteration(A) ::= RENAME if_exists(B) renames(C). {
    A = C;
    A->column_if_exists = B;
}
alteration(A) ::= ALTER if_exists(B) ident(C) TYPE type(D). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_TYPE, .column_if_exists = B};
    SYNTAX_APPEND(&A->columns, ((struct cql_column){.name = syntax__name(syntax, C), .type = D}));
}
alteration(A) ::= WITH properties_some(B). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_WITH, .properties = B};
}
alteration(A) ::= ADD TAGS map(B). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_ADD_TAGS, .tags = B};
}
alteration(A) ::= DROP TAGS map(B). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_DROP_TAGS, .tags = B};
}
%type added_columns {struct cql_columns}
added_columns(A) ::= added_some(B). { A = B; }
added_columns(A) ::= LP added_some(B) RP. { A = B; }
%type added_some {struct cql_columns}
added_some(A) ::= added_column(B). {
    A = (struct cql_columns){0};
    SYNTAX_APPEND(&A, B);
}
added_some(A) ::= added_some(B) COMMA added_column(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type added_column {struct cql_column}
added_column(A) ::= ident(B) type(C) is_static(D). {
    A = (struct cql_column){.name = syntax__name(syntax, B), .type = C, .is_static = D};
}
%type dropped_columns {struct cql_names}
dropped_columns(A) ::= names(B). { A = B; }
dropped_columns(A) ::= LP names(B) RP. { A = B; }
%type renames {struct cql_alter_table *}
renames(A) ::= ident(B) TO ident(C). {
    A = arena_create(syntax->arena, sizeof(*A));
    A->alteration = CQL_ALTERATION_RENAME;
    SYNTAX_APPEND(&A->names, syntax__name(syntax, B));
    SYNTAX_APPEND(&A->new_names, syntax__name(syntax, C));
}
renames(A) ::= renames(B) AND ident(C) TO ident(D). {
    A = B;
    SYNTAX_APPEND(&A->names, syntax__name(syntax, C));
    SYNTAX_APPEND(&A->new_names, syntax__name(syntax, D));
}
%type type_alteration {struct cql_alter_table *}
type_alteration(A) ::= ADD if_not_exists(B) ident(C) type(D). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_ADD, .column_if_not_exists = B};
    SYNTAX_APPEND(&A->columns, ((struct cql_column){.name = syntax__name(syntax, C), .type = D}));
}
type_alteration(A) ::= RENAME if_exists(B) renames(C). {
    A = C;
    A->column_if_exists = B;
}
type_alteration(A) ::= ALTER if_exists(B) ident(C) TYPE type(D). {
    A = arena_create(syntax->arena, sizeof(*A));
    *A = (struct cql_alter_table){.alteration = CQL_ALTERATION_TYPE, .column_if_exists = B};
    SYNTAX_APPEND(&A->columns, ((struct cql_column){.name = syntax__name(syntax, C), .type = D}));
}

%type object_kind {enum cql_statement_kind}
object_kind(A) ::= table_word. { A = CQL_DROP_TABLE; }
object_kind(A) ::= TYPE. { A = CQL_DROP_TYPE; }
object_kind(A) ::= INDEX. { A = CQL_DROP_INDEX; }
object_kind(A) ::= MATERIALIZED VIEW. { A = CQL_DROP_VIEW; }
definition(A) ::= DROP object_kind(B) if_exists(C) qualified(D). {
    A = syntax__statement(syntax, B);
    A->object = (struct cql_object){.name = D, .if_exists = C};
}
definition(A) ::= TRUNCATE qualified(B). {
    A = syntax__statement(syntax, CQL_TRUNCATE);
    A->object = (struct cql_object){.name = B};
}
definition(A) ::= TRUNCATE table_word qualified(B). {
    A = syntax__statement(syntax, CQL_TRUNCATE);
    A->object = (struct cql_object){.name = B};
}
definition(A) ::= RESTORE TABLE qualified(B) FROM TABLE qualified(C) properties(D). {
    A = syntax__statement(syntax, CQL_RESTORE_TABLE);
    A->restore_table = (struct cql_restore_table){.table = B, .source = C, .properties = D};
}
%type new_type {struct cql_qualified}
new_type(A) ::= ident(B). {
    A = (struct cql_qualified){.name = syntax__new_type_name(syntax, B)};
}
new_type(A) ::= ident(B) DOT ident(C). {
    A = (struct cql_qualified){.keyspace = syntax__name(syntax, B), .name = syntax__new_type_name(syntax, C)};
}
definition(A) ::= CREATE TYPE if_not_exists(B) new_type(C) LP type_fields(D) RP. {
    A = syntax__statement(syntax, CQL_CREATE_TYPE);
    A->create_type = (struct cql_create_type){.name = C, .if_not_exists = B, .fields = D};
}
%type type_fields {struct cql_columns}
type_fields(A) ::= field(B). {
    A = (struct cql_columns){0};
    SYNTAX_APPEND(&A, B);
}
type_fields(A) ::= type_fields(B) COMMA. { A = B; }
type_fields(A) ::= type_fields(B) COMMA field(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type fields {struct cql_columns}
fields(A) ::= field(B). {
    A = (struct cql_columns){0};
    SYNTAX_APPEND(&A, B);
}
fields(A) ::= fields(B) COMMA field(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type field {struct cql_column}
field(A) ::= ident(B) type(C). { A = (struct cql_column){.name = syntax__name(syntax, B), .type = C}; }

definition(A) ::= CREATE is_custom(B) INDEX if_not_exists(C) index_name(D) ON qualified(E) LP index_targets(F) RP
                  index_class(G) properties(H). {
    A = syntax__statement(syntax, CQL_CREATE_INDEX);
    A->create_index = (struct cql_create_index){.is_custom = B, .if_not_exists = C, .name = D, .table = E, .targets = F,
                                                .class_name = G, .properties = H};
}
%type is_custom {bool}
is_custom(A) ::= . { A = false; }
is_custom(A) ::= CUSTOM. { A = true; }
%type index_name {struct cql_qualified}
index_name(A) ::= . { A = (struct cql_qualified){0}; }
index_name(A) ::= qualified(B). { A = B; }
%type index_class {struct bytes}
index_class(A) ::= . { A = (struct bytes){0}; }
index_class(A) ::= USING STRING(B). { A = syntax__string(syntax, B); }
%type index_targets {struct cql_index_targets}
index_targets(A) ::= . { A = (struct cql_index_targets){0}; }
index_targets(A) ::= index_targets_some(B). { A = B; }
%type index_targets_some {struct cql_index_targets}
index_targets_some(A) ::= index_target(B). {
    A = (struct cql_index_targets){0};
    SYNTAX_APPEND(&A, B);
}
index_targets_some(A) ::= index_targets_some(B) COMMA index_target(C). {
    A = B;
    SYNTAX_APPEND(&A, C);
}
%type index_target {struct cql_index_target}
index_target(A) ::= ident(B). {
    A = (struct cql_index_target){.kind = CQL_INDEX_VALUES, .is_plain = true, .column = syntax__name(syntax, B)};
}
index_target(A) ::= KEYS(B). {
    A = (struct cql_index_target){.kind = CQL_INDEX_VALUES, .is_plain = true, .column = syntax__name(syntax, B)};
}
index_target(A) ::= VALUES(B). {
    A = (struct cql_index_target){.kind = CQL_INDEX_VALUES, .is_plain = true, .column = syntax__name(syntax, B)};
}
index_target(A) ::= index_kind(B) LP ident(C) RP. {
    A = (struct cql_index_target){.kind = B, .column = syntax__name(syntax, C)};
}
%type index_kind {enum cql_index_kind}
index_kind(A) ::= KEYS. { A = CQL_INDEX_KEYS; }
index_kind(A) ::= VALUES. { A = CQL_INDEX_VALUES; }
index_kind(A) ::= ENTRIES. { A = CQL_INDEX_ENTRIES; }
index_kind(A) ::= FULL. { A = CQL_INDEX_FULL; }

definition(A) ::= CREATE MATERIALIZED VIEW if_not_exists(B) qualified(C) AS SELECT select_clause(D) FROM qualified(E)
                  where(F) primary_key(G) options(H). {
    A = syntax__statement(syntax, CQL_CREATE_VIEW);
    A->create_view = (struct cql_create_view){.name = C, .if_not_exists = B,
                                              .select = {.selectors = D, .table = E, .where = F}, .key = G,
                                              .clustering_order = H.clustering_order, .is_compact = H.is_compact,
                                              .properties = H.properties};
}
definition(A) ::= ALTER MATERIALIZED VIEW if_exists(B) qualified(C) WITH properties_some(D). {
    A = syntax__statement(syntax, CQL_ALTER_VIEW);
    A->alter_table = (struct cql_alter_table){.table = C, .if_exists = B, .alteration = CQL_ALTERATION_WITH,
                                              .properties = D};
}

/* --- functions, aggregates, triggers ---------------------------------------------------------------------------- */

%type code_definition {struct cql_statement *}
code_definition(A) ::= CREATE or_replace(B) FUNCTION if_not_exists(C) qualified(D) LP arguments(E) RP
                       on_null(F) RETURNS type(G) LANGUAGE ident(H) AS STRING(I). {
    A = syntax__statement(syntax, CQL_CREATE_FUNCTION);
    A->create_function = (struct cql_create_function){.name = D, .or_replace = B, .if_not_exists = C, .arguments = E,
                                                      .is_called_on_null = F, .returns = G,
                                                      .language = syntax__name(syntax, H),
                                                      .body = syntax__string(syntax, I)};
}
%type or_replace {bool}
or_replace(A) ::= . { A = false; }
or_replace(A) ::= OR REPLACE. { A = true; }
%type arguments {struct cql_columns}
arguments(A) ::= . { A = (struct cql_columns){0}; }
arguments(A) ::= fields(B). { A = B; }
%type on_null {bool}
on_null(A) ::= CALLED ON NULL INPUT. { A = true; }
on_null(A) ::= RETURNS NULL ON NULL INPUT. { A = false; }

code_definition(A) ::= DROP FUNCTION if_exists(B) qualified(C) signature(D). {
    A = syntax__statement(syntax, CQL_DROP_FUNCTION);
    A->drop_function = D;
    A->drop_function.name = C;
    A->drop_function.if_exists = B;
}
code_definition(A) ::= DROP AGGREGATE if_exists(B) qualified(C) signature(D). {
    A = syntax__statement(syntax, CQL_DROP_AGGREGATE);
    A->drop_function = D;
    A->drop_function.name = C;
    A->drop_function.if_exists = B;
}
%type signature {struct cql_drop_function}
signature(A) ::= . { A = (struct cql_drop_function){0}; }
signature(A) ::= LP types(B) RP. { A = (struct cql_drop_function){.has_arguments = true, .arguments = B}; }

code_definition(A) ::= CREATE or_replace(B) AGGREGATE if_not_exists(C) qualified(D) LP types(E) RP SFUNC ident(F)
                       STYPE type(G) final_function(H) initial(I). {
    A = syntax__statement(syntax, CQL_CREATE_AGGREGATE);
    A->create_aggregate = (struct cql_create_aggregate){.name = D, .or_replace = B, .if_not_exists = C, .arguments = E,
                                                        .state_function = {.name = syntax__name(syntax, F)},
                                                        .state_type = G, .final_function = {.name = H}, .initial = I};
}
%type final_function {struct bytes}
final_function(A) ::= . { A = (struct bytes){0}; }
final_function(A) ::= FINALFUNC ident(B). { A = syntax__name(syntax, B); }
%type initial {struct cql_term *}
initial(A) ::= . { A = NULL; }
initial(A) ::= INITCOND term(B). { A = B; }

code_definition(A) ::= CREATE TRIGGER if_not_exists(B) ident(C) ON qualified(D) USING STRING(E). {
    A = syntax__statement(syntax, CQL_CREATE_TRIGGER);
    A->trigger = (struct cql_trigger){.name = syntax__name(syntax, C), .table = D, .if_not_exists = B,
                                      .class_name = syntax__string(syntax, E)};
}
code_definition(A) ::= DROP TRIGGER if_exists(B) ident(C) ON qualified(D). {
    A = syntax__statement(syntax, CQL_DROP_TRIGGER);
    A->trigger = (struct cql_trigger){.name = syntax__name(syntax, C), .table = D, .if_exists = B};
}

/* --- roles and permissions -------------------------------------------------------------------------------------- */

%type role {struct bytes}
role(A) ::= ident(B). { A = syntax__name(syntax, B); }
role(A) ::= STRING(B). { A = syntax__string(syntax, B); }
role(A) ::= QMARK. {
    A = (struct bytes){0};
    syntax__fail(syntax, "Bind variables cannot be used for role names");
}

%type authority {struct cql_statement *}
authority(A) ::= CREATE ROLE if_not_exists(B) role(C) role_options(D). {
    A = syntax__statement(syntax, CQL_CREATE_ROLE);
    A->role = (struct cql_role){.name = C, .if_not_exists = B, .options = D};
}
authority(A) ::= ALTER ROLE if_exists(B) role(C) role_options(D). {
    A = syntax__statement(syntax, CQL_ALTER_ROLE);
    A->role = (struct cql_role){.name = C, .if_exists = B, .options = D};
}
authority(A) ::= DROP ROLE if_exists(B) role(C). {
    A = syntax__statement(syntax, CQL_DROP_ROLE);
    A->role = (struct cql_role){.name = C, .if_exists = B};
}
authority(A) ::= CREATE USER if_not_exists(B) role(C) user_password(D) user_rank(E). {
    A = syntax__statement(syntax, CQL_CREATE_ROLE);
    A->role = (struct cql_role){.name = C, .is_user = true, .if_not_exists = B, .options = D};
    syntax__role_option(syntax, &A->role.options, E);
}
authority(A) ::= ALTER USER if_exists(B) role(C) user_password(D) user_rank(E). {
    A = syntax__statement(syntax, CQL_ALTER_ROLE);
    A->role = (struct cql_role){.name = C, .is_user = true, .if_exists = B, .options = D};
    syntax__role_option(syntax, &A->role.options, E);
}
authority(A) ::= DROP USER if_exists(B) role(C). {
    A = syntax__statement(syntax, CQL_DROP_ROLE);
    A->role = (struct cql_role){.name = C, .is_user = true, .if_exists = B};
}
%type user_password {struct cql_role_options}
user_password(A) ::= . { A = (struct cql_role_options){0}; }
user_password(A) ::= WITH is_hashed(B) PASSWORD STRING(C). {
    A = (struct cql_role_options){.has_password = true, .is_password_hashed = B, .password = syntax__string(syntax, C)};
}
%type is_hashed {bool}
is_hashed(A) ::= . { A = false; }
is_hashed(A) ::= HASHED. { A = true; }
%type user_rank {struct cql_role_options}
user_rank(A) ::= . { A = (struct cql_role_options){0}; }
user_rank(A) ::= SUPERUSER. { A = (struct cql_role_options){.has_superuser = true, .superuser = true}; }
user_rank(A) ::= NOSUPERUSER. { A = (struct cql_role_options){.has_superuser = true}; }

%type role_options {struct cql_role_options}
role_options(A) ::= . { A = (struct cql_role_options){0}; }
role_options(A) ::= WITH role_options_some(B). { A = B; }
%type role_options_some {struct cql_role_options}
role_options_some(A) ::= role_option(B). { A = B; }
role_options_some(A) ::= role_options_some(B) AND role_option(C). {
    A = B;
    syntax__role_option(syntax, &A, C);
}
%type role_option {struct cql_role_options}
role_option(A) ::= is_hashed(B) PASSWORD EQ STRING(C). {
    A = (struct cql_role_options){.has_password = true, .is_password_hashed = B, .password = syntax__string(syntax, C)};
}
role_option(A) ::= LOGIN EQ BOOLEAN(B). {
    A = (struct cql_role_options){.has_login = true, .login = B.text.size == strlen("true")};
}
role_option(A) ::= SUPERUSER EQ BOOLEAN(B). {
    A = (struct cql_role_options){.has_superuser = true, .superuser = B.text.size == strlen("true")};
}
role_option(A) ::= OPTIONS EQ map(B). { A = (struct cql_role_options){.options = B}; }
role_option(A) ::= ACCESS TO ALL DATACENTERS. { A = (struct cql_role_options){.has_all_datacenters = true}; }
role_option(A) ::= ACCESS TO DATACENTERS LBRACE(B) terms(C) RBRACE. {
    A = (struct cql_role_options){.datacenters = syntax__items(syntax, CQL_TERM_SET, B, C)};
}

authority(A) ::= GRANT permissions(B) ON resource(C) TO role(D). {
    A = syntax__statement(syntax, CQL_GRANT);
    A->grant = B;
    A->grant.resource = C;
    A->grant.role = D;
}
authority(A) ::= REVOKE permissions(B) ON resource(C) FROM role(D). {
    A = syntax__statement(syntax, CQL_REVOKE);
    A->grant = B;
    A->grant.resource = C;
    A->grant.role = D;
}
authority(A) ::= GRANT role(B) TO role(C). {
    A = syntax__statement(syntax, CQL_GRANT_ROLE);
    A->grant_role = (struct cql_grant_role){.role = B, .grantee = C};
}
authority(A) ::= REVOKE role(B) FROM role(C). {
    A = syntax__statement(syntax, CQL_REVOKE_ROLE);
    A->grant_role = (struct cql_grant_role){.role = B, .grantee = C};
}
authority(A) ::= LIST permissions(B) on_resource(C) of_role(D) is_recursive(E). {
    A = syntax__statement(syntax, CQL_LIST_PERMISSIONS);
    A->grant = B;
    A->grant.resource = C;
    A->grant.role = D;
    A->grant.is_recursive = E;
}
authority(A) ::= LIST ROLES of_role(B) is_recursive(C). {
    A = syntax__statement(syntax, CQL_LIST_ROLES);
    A->grant_role = (struct cql_grant_role){.grantee = B, .is_recursive = C};
}
authority(A) ::= LIST USERS. { A = syntax__statement(syntax, CQL_LIST_USERS); }
%type on_resource {struct cql_resource}
on_resource(A) ::= . { A = (struct cql_resource){0}; }
on_resource(A) ::= ON resource(B). { A = B; }
%type of_role {struct bytes}
of_role(A) ::= . { A = (struct bytes){0}; }
of_role(A) ::= OF role(B). { A = B; }
%type is_recursive {bool}
is_recursive(A) ::= . { A = true; }
is_recursive(A) ::= NORECURSIVE. { A = false; }

%type permissions {struct cql_grant}
permissions(A) ::= ALL. { A = (struct cql_grant){.is_all = true}; }
permissions(A) ::= ALL PERMISSIONS. { A = (struct cql_grant){.is_all = true}; }
permissions(A) ::= permissions_some(B). { A = (struct cql_grant){.permissions = B}; }
%type permissions_some {uint32_t}
permissions_some(A) ::= permission(B) permission_word. { A = UINT32_C(1) << B; }
permissions_some(A) ::= permissions_some(B) COMMA permission(C) permission_word. { A = B | UINT32_C(1) << C; }
permission_word ::= .
permission_word ::= PERMISSION.
%type permission {enum cql_permission}
permission(A) ::= CREATE. { A = CQL_PERMISSION_CREATE; }
permission(A) ::= ALTER. { A = CQL_PERMISSION_ALTER; }
permission(A) ::= DROP. { A = CQL_PERMISSION_DROP; }
permission(A) ::= SELECT. { A = CQL_PERMISSION_SELECT; }
permission(A) ::= MODIFY. { A = CQL_PERMISSION_MODIFY; }
permission(A) ::= AUTHORIZE. { A = CQL_PERMISSION_AUTHORIZE; }
permission(A) ::= DESCRIBE. { A = CQL_PERMISSION_DESCRIBE; }
permission(A) ::= EXECUTE. { A = CQL_PERMISSION_EXECUTE; }
permission(A) ::= UNMASK. { A = CQL_PERMISSION_UNMASK; }
permission(A) ::= SELECT_MASKED. { A = CQL_PERMISSION_SELECT_MASKED; }

%type resource {struct cql_resource}
resource(A) ::= ALL KEYSPACES. { A = (struct cql_resource){.kind = CQL_RESOURCE_ALL_KEYSPACES}; }
resource(A) ::= KEYSPACE ident(B). {
    A = (struct cql_resource){.kind = CQL_RESOURCE_KEYSPACE, .name = {.keyspace = syntax__name(syntax, B)}};
}
resource(A) ::= ALL TABLES IN KEYSPACE ident(B). {
    A = (struct cql_resource){.kind = CQL_RESOURCE_ALL_TABLES, .name = {.keyspace = syntax__name(syntax, B)}};
}
resource(A) ::= table_word qualified(B). { A = (struct cql_resource){.kind = CQL_RESOURCE_TABLE, .name = B}; }
resource(A) ::= qualified(B). { A = (struct cql_resource){.kind = CQL_RESOURCE_TABLE, .name = B}; }
resource(A) ::= ALL ROLES. { A = (struct cql_resource){.kind = CQL_RESOURCE_ALL_ROLES}; }
resource(A) ::= ROLE role(B). { A = (struct cql_resource){.kind = CQL_RESOURCE_ROLE, .name = {.name = B}}; }
resource(A) ::= ALL FUNCTIONS. { A = (struct cql_resource){.kind = CQL_RESOURCE_ALL_FUNCTIONS}; }
resource(A) ::= ALL FUNCTIONS IN KEYSPACE ident(B). {
    A = (struct cql_resource){.kind = CQL_RESOURCE_KEYSPACE_FUNCTIONS, .name = {.keyspace = syntax__name(syntax, B)}};
}
resource(A) ::= FUNCTION qualified(B) LP types(C) RP. {
    A = (struct cql_resource){.kind = CQL_RESOURCE_FUNCTION, .name = B, .arguments = C};
}
resource(A) ::= ALL MBEANS. { A = (struct cql_resource){.kind = CQL_RESOURCE_ALL_MBEANS}; }
resource(A) ::= MBEANS STRING(B). {
    A = (struct cql_resource){.kind = CQL_RESOURCE_MBEANS, .name = {.name = syntax__string(syntax, B)}};
}
resource(A) ::= MBEAN STRING(B). {
    A = (struct cql_resource){.kind = CQL_RESOURCE_MBEAN, .name = {.name = syntax__string(syntax, B)}};
}

/* --- DESCRIBE --------------------------------------------------------------------------------------------------- */

%type describe {struct cql_statement *}
describe(A) ::= describe_word described(B) internals(C). {
    A = syntax__statement(syntax, CQL_DESCRIBE);
    A->describe = B;
    A->describe.has_internals = C;
}
describe_word ::= DESCRIBE.
describe_word ::= DESC.
%type internals {bool}
internals(A) ::= . { A = false; }
internals(A) ::= WITH INTERNALS. { A = true; }
%type described {struct cql_describe}
described(A) ::= CLUSTER. { A = (struct cql_describe){.kind = CQL_DESCRIBE_CLUSTER}; }
described(A) ::= SCHEMA. { A = (struct cql_describe){.kind = CQL_DESCRIBE_SCHEMA}; }
described(A) ::= FULL SCHEMA. { A = (struct cql_describe){.kind = CQL_DESCRIBE_FULL_SCHEMA}; }
described(A) ::= KEYSPACES. { A = (struct cql_describe){.kind = CQL_DESCRIBE_KEYSPACES}; }
described(A) ::= is_only(B) KEYSPACE. { A = (struct cql_describe){.kind = CQL_DESCRIBE_KEYSPACE, .is_only = B}; }
described(A) ::= is_only(B) KEYSPACE ident(C). {
    A = (struct cql_describe){.kind = CQL_DESCRIBE_KEYSPACE, .is_only = B, .name = {.name = syntax__name(syntax, C)}};
}
described(A) ::= TABLES. { A = (struct cql_describe){.kind = CQL_DESCRIBE_TABLES}; }
described(A) ::= TYPES. { A = (struct cql_describe){.kind = CQL_DESCRIBE_TYPES}; }
described(A) ::= FUNCTIONS. { A = (struct cql_describe){.kind = CQL_DESCRIBE_FUNCTIONS}; }
described(A) ::= AGGREGATES. { A = (struct cql_describe){.kind = CQL_DESCRIBE_AGGREGATES}; }
described(A) ::= described_kind(B) qualified(C). { A = (struct cql_describe){.kind = B, .name = C}; }
described(A) ::= qualified(B). { A = (struct cql_describe){.kind = CQL_DESCRIBE_ANY, .name = B}; }
%type is_only {bool}
is_only(A) ::= . { A = false; }
is_only(A) ::= ONLY. { A = true; }
%type described_kind {enum cql_describe_kind}
described_kind(A) ::= table_word. { A = CQL_DESCRIBE_TABLE; }
described_kind(A) ::= INDEX. { A = CQL_DESCRIBE_INDEX; }
described_kind(A) ::= MATERIALIZED VIEW. { A = CQL_DESCRIBE_VIEW; }
described_kind(A) ::= TYPE. { A = CQL_DESCRIBE_TYPE; }
described_kind(A) ::= FUNCTION. { A = CQL_DESCRIBE_FUNCTION; }
described_kind(A) ::= AGGREGATE. { A = CQL_DESCRIBE_AGGREGATE; }

%code {
_Static_assert(YYSTACKDEPTH == CQL_STACK_MAX, "lemon asks for a number, or takes memory without a bound");
#define SYNTAX_SAME(name, what) _Static_assert(SYNTAX_##name == TOKEN_##name, "the order of the tokens: " #name);
SYNTAX_KEYWORDS(SYNTAX_SAME)
SYNTAX_MARKS(SYNTAX_SAME)

struct syntax_machine {
    struct yyParser parser;
    struct syntax *syntax;
};

struct syntax_machine *syntax__machine_create(struct syntax *syntax)
{
    struct syntax_machine *machine = memory_resize(NULL, sizeof(*machine)); /* the stack need not be zeroed */
    machine->syntax = syntax;
    CqlMachineInit(&machine->parser);
    return machine;
}

void syntax__machine_feed(struct syntax_machine *machine, struct syntax_token token)
{
    CqlMachine(&machine->parser, (int)token.kind, token, machine->syntax);
}

void syntax__machine_destroy(struct syntax_machine **machine)
{
    if (*machine != NULL) {
        CqlMachineFinalize(&(*machine)->parser);
        memory_destroy(*machine);
        *machine = NULL;
    }
}
}
