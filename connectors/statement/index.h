/* Secondary indexes of CQL's tables, as the store has them. */
#ifndef CQL_INDEX_H
#define CQL_INDEX_H

#include "exec.h"
#include "row/schema.h"

/* An index on the column, whatever it has of it; NULL: none. */
const struct index_schema *statement__index_of_column(const struct schema *schema, struct bytes column);
/* The index that has this of the column; NULL: none. */
const struct index_schema *statement__index_of(const struct schema *schema, struct bytes column,
                                               enum index_target target);
/* What an index is of, as Cassandra tells it: "c", "keys(c)"; the name in quotes where it must be. */
struct bytes statement__index_target(const struct index_schema *index, struct arena *arena);
/* The class that USING named, or empty. In `arena`. */
struct bytes statement__index_class(const struct index_schema *index, struct arena *arena);
/* What WITH OPTIONS said: a map of texts. In `arena`. */
struct value statement__index_options(const struct index_schema *index, struct arena *arena);

/* What LIKE asks for, by where its pattern has a percent sign. */
enum like_kind {
    LIKE_WHOLE,
    LIKE_PREFIX, /* abc% */
    LIKE_SUFFIX, /* %abc */
    LIKE_INSIDE, /* %abc% */
};

struct like {
    enum like_kind kind;
    struct bytes text; /* without percent signs */
    bool ignores_case; /* of ASCII letters */
};

/* The column of an index, as far as a class has rules about it. */
struct like_column {
    bool is_complex; /* of several cells */
    bool is_partition;
    bool is_text;
};

struct like statement__like_of(struct bytes pattern);
/* Whether Cassandra's SASI makes an index with these options (a map) on such a column; other classes do. */
MUST_USE enum status statement__like_check_options(struct exec_call *call, struct bytes class_name,
                                                   const struct value *options,
                                                   const struct like_column *column);
/* Whether the column has an index of Cassandra's SASI that answers such a pattern; *like gets its case. */
bool statement__like_is_indexed(const struct schema *schema, struct bytes column, struct like *like);
bool statement__like_holds(const struct like *like, struct bytes text);

#endif
