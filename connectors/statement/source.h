/* What a SELECT reads from: a table, its columns by number, and its rows one at a time. */
#ifndef CQL_SOURCE_H
#define CQL_SOURCE_H

#include "exec.h"
#include "row/wide.h"
#include "system_tables.h"
#include "term.h"

struct source_log;
struct view_rows;

struct source_column {
    struct bytes name;
    const struct type *type;
    enum described_kind kind;
    size_t position;             /* in the partition key, or among the clustering columns */
    const struct column *stored; /* STATIC and REGULAR of a table that is stored in cells */
    bool is_number;              /* decimals, in the form that DynamoDB's N has */
};

/* A column's number is its place in SELECT *: partition key, clustering columns, statics by name, others by name. */
struct source {
    struct exec_table table;
    const struct system_table *system; /* its rows are made when they are asked for; NULL: they are stored */
    struct source_column *columns;
    size_t count;
    bool has_statics;
    uint64_t as_of;               /* the LSN that it is read at; 0: now */
    struct bytes stored;          /* full name of the table whose rows are read: of a view its base table */
    const struct view_rows *view; /* it is a materialized view; NULL: it is a table */
    const struct source_log *log; /* it is the log of a table: its rows are made of change records; or NULL */
    bool has_documents; /* its rows are items: it has no cells, and one column that is not of the key */
};

/* Finds the table, or view, as it was at an LSN (0: as it is). Failures in Cassandra's words. */
MUST_USE enum status statement__source_find(struct exec_call *call, const struct cql_qualified *name,
                                            uint64_t as_of, struct source *ret_source);
/* The schema of the rows that are read, as they are stored: of a view its base table's. */
const struct schema *statement__source_stored(const struct source *source);
/* The source that a table which was found already is; in the call's arena. */
const struct source *statement__source_of(struct exec_call *call, const struct exec_table *table);
/* The column of that name; NULL: there is none. */
const struct source_column *statement__source_find_column(const struct source *source, struct bytes name);
size_t statement__source_number(const struct source *source, const struct source_column *column);
/* "Undefined column name …"; always STATUS_INVALID. */
MUST_USE enum status statement__source_fail_column(struct exec_call *call, const struct source *source,
                                                   struct bytes name);

/* A row: of a stored table what is decoded of it, of others a value for each column. */
struct source_row {
    const struct source *source;
    struct arena *arena; /* of what is decoded */
    const struct value *key;
    const struct value *values;
    const struct wide_row *plain;   /* NULL: the partition has only its static row */
    const struct wide_row *statics; /* NULL: there is none */
    struct bytes document;          /* of a table of documents: the item as stored */
    int64_t now;                    /* the moment at which it is looked at, in seconds since 1970 */
};

/* Null where nothing shows. STATUS_CORRUPT. */
MUST_USE enum status statement__row_value(const struct source_row *row, size_t column,
                                          struct value *ret_value, struct error *error);
/* The bytes of a column that is one cell; false: it has to be made of its value. Empty and *ret_is_null: nothing shows. */
bool statement__row_bytes(const struct source_row *row, size_t column, struct bytes *ret_bytes,
                          bool *ret_is_null);
/* Of a stored table's column, its write time (bigint) or the time it has to live (int); of one of several cells a list. `key`
 * is the element, or the field's position, that is meant; NULL: the column. Null: nothing shows. */
MUST_USE enum status statement__row_cell(const struct source_row *row, size_t column, struct bytes key,
                                         bool has_key, enum cql_term_kind what, struct value *ret_value);

#endif
