/* WHERE: which partitions, which rows of them, and what is left to be filtered. Follows Cassandra 4.1. */
#ifndef CQL_RESTRICTIONS_H
#define CQL_RESTRICTIONS_H

#include "bind.h"
#include "index.h"
#include "source.h"

/* One relation, with what is bound. */
struct restriction {
    const struct cql_relation *relation;
    enum cql_comparison comparison;
    const struct source_column **columns; /* of a tuple several; TOKEN: the partition key's */
    size_t columns_count;
    const struct type *type; /* of the values when they are none of the column: of CONTAINS … */
    struct bound *values;    /* values_count × columns_count; TOKEN: one */
    size_t values_count;     /* of IN any number, otherwise 1 */
    struct bound key;        /* ELEMENT */
    struct like like;        /* LIKE */
    bool is_sorted;          /* `values` are in the order of the column's type, for a filter */
    bool is_key;             /* it chooses partitions or ranges of rows; otherwise it filters */
};

/* Rows between two places in the order of storage. */
struct row_range {
    struct gate_bound low;
    struct gate_bound high;
};

struct restrictions {
    struct restriction *at;
    size_t count;
    const struct restriction *
        *distinct; /* without those that are CONTAINS, or elements, like one before of their column */
    size_t distinct_count;
    bool has_partitions;       /* all columns of the partition key are restricted by = or IN */
    bool has_in;               /* … some by IN */
    struct value **partitions; /* by their values, none twice */
    size_t partitions_count;
    bool has_token;
    bool is_nothing; /* no row can be meant */
    int64_t token_low;
    int64_t token_high;
    bool has_clustering;      /* some clustering column is restricted */
    bool has_regular;         /* some column that is neither of the key nor static is restricted */
    bool names_rows;          /* all clustering columns are restricted by = or IN: a range is one row */
    bool has_ranges;          /* `ranges` says which rows of the partitions; false: all */
    struct row_range *ranges; /* in the order of storage, none twice */
    size_t ranges_count;
    bool filters;     /* some restriction is no key */
    bool has_indexed; /* an index is for some restriction, read by or not */
    /* Without partitions: the restriction whose rows an index gives; NULL: there is none. */
    const struct restriction *indexed;
    const struct index_schema *index;
};

/* What a statement's other parts mean for WHERE. */
struct restrictions_use {
    const char *modifies; /* "UPDATE", "DELETE"; NULL: it is a SELECT */
    bool needs_rows;      /* UPDATE: whole keys of rows */
    bool allows_filtering;
    bool is_distinct;    /* rows of partitions are not to be restricted, which is told before filtering is */
    bool is_static_only; /* what is selected or changed */
};

/* While a statement is prepared (call->notes) only the structure is there: no partitions, no ranges. */
MUST_USE enum status statement__restrictions_make(struct exec_call *call, const struct source *source,
                                                  const struct cql_relations *where,
                                                  struct restrictions_use use,
                                                  struct restrictions *ret_restrictions);
/* Whether a column of the key is restricted to one value. */
bool statement__restrictions_fix(const struct restrictions *restrictions, const struct source_column *column);
/* Whether what is left to be filtered holds for a row. STATUS_CORRUPT. */
MUST_USE enum status statement__restrictions_hold(const struct restrictions *restrictions,
                                                  const struct source_row *row, bool *ret_holds,
                                                  struct error *error);

/* One restriction. */
bool statement__restriction_is_token(const struct restriction *restriction);
/* CONTAINS, CONTAINS KEY, c[k] =: a column may have many. */
bool statement__restriction_is_containing(const struct restriction *restriction);
bool statement__restriction_is_exact(const struct restriction *restriction);
bool statement__restriction_is_lower(const struct restriction *restriction);
bool statement__restriction_is_slice(const struct restriction *restriction);
/* Two lists of bounds, one for each of the restriction's columns. `context`: the restriction. */
int statement__restriction_compare(const void *a, const void *b, void *context);
/* The one that gives a column its value or values; NULL: none. */
struct restriction *statement__restriction_exact(const struct restrictions *restrictions,
                                                 const struct source_column *column);

/* restriction_bind.c: one relation with what is bound; what does not depend on the others is checked. */
MUST_USE enum status statement__restriction_bind(struct exec_call *call, const struct source *source,
                                                 const struct cql_relation *relation,
                                                 struct restriction *ret_restriction);
/* restriction_merge.c: what WHERE says of columns, then what it asks indexes by their names. */
MUST_USE enum status statement__restrictions_take(struct exec_call *call, const struct source *source,
                                                  const struct cql_relations *where,
                                                  struct restrictions_use use,
                                                  struct restrictions *restrictions);
/* restriction_custom.c: expr(…), which no class of indexes that there is knows: how Cassandra says so. Never STATUS_OK. */
MUST_USE enum status statement__restrictions_custom(struct exec_call *call, const struct source *source,
                                                    const struct cql_relation *relation, bool is_again);
/* restriction_choose.c: what each is for: partitions, ranges of rows, an index, or a filter. */
MUST_USE enum status statement__restrictions_choose(struct exec_call *call, const struct source *source,
                                                    struct restrictions_use use,
                                                    struct restrictions *restrictions);
/* The index that gives the rows for which a restriction holds; NULL: none does. */
const struct index_schema *statement__restriction_index(const struct source *source,
                                                        const struct restriction *restriction);
/* restriction_held.c: what a row's collections hold. `collections` are by the numbers of the row's columns, zeroed: each is decoded
 * once for all relations that ask for it. */
struct held_collection;
struct held_collection *statement__held_collections(const struct source_row *row);
MUST_USE enum status statement__restriction_held(const struct restriction *restriction,
                                                 const struct source_row *row,
                                                 struct held_collection *collections, bool *ret_is_held,
                                                 struct error *error);
/* restriction_ranges.c: ranges, from restrictions on the first clustering columns (each is_key). STATUS_INVALID: too many. */
MUST_USE enum status statement__restrictions_ranges(struct exec_call *call, const struct source *source,
                                                    struct restrictions *restrictions);

#endif
