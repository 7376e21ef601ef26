/* Materialized views. To the store a view is an index of its base table whose key is the view's: its entries are in the order
 * of a table with that key, and change in the transaction of the rows that they lead to. What a view shows besides its key
 * is read from the base table's rows. */
#ifndef CQL_VIEWS_H
#define CQL_VIEWS_H

#include "gate/gate.h"
#include "options.h"
#include "source.h"

/* What the door keeps in the index's properties (msgpack): a map of
 *   base              text: the table's name; the index of a copy that was restored under another name is no view
 *   columns           list: names of the columns that were selected; empty when all are, also those added later
 *   gc_grace_seconds  integer
 *   id, options       as of tables
 *   where             text: as written behind WHERE */
struct view {
    struct bytes name; /* without the keyspace, as the next one */
    struct bytes base;
    struct cql_options options;
    uint32_t gc_grace_seconds;
    struct value columns;
    struct bytes where;
};

/* Whether an index of the store is made for a view, and no index to users. */
bool statement__view_is(const struct index_schema *index);
/* Whether it is a view of that table. */
bool statement__view_is_of(const struct index_schema *index, const struct schema *base);
/* The index's name in the store; in `arena`. */
struct bytes statement__view_index_name(struct bytes name, struct arena *arena);
void statement__view_encode(const struct view *view, struct arena *arena, struct bytes *ret_properties);
void statement__view_decode(const struct index_schema *index, struct arena *arena, struct view *ret_view);
/* Finds a view among those of the keyspace's tables. */
bool statement__view_find(struct exec_call *call, struct bytes keyspace, struct bytes name,
                          const struct schema **ret_base, const struct index_schema **ret_index);
/* Fails with `text` when the name, which is no table's, is a view's. */
MUST_USE enum status statement__view_refuse(struct exec_call *call, const struct cql_qualified *name,
                                            const char *text);
/* The names of a table's views: "v1, v2"; empty: it has none. */
struct bytes statement__view_names(const struct schema *base, struct arena *arena);

/* The view as a table: the key's columns, and those of the base table that it shows. In `arena`, borrows from `base`. */
struct schema *statement__view_schema(const struct schema *base, const struct index_schema *index,
                                      const struct view *view, struct arena *arena);
/* The columns of the base table are called otherwise now: `columns` and `where` say so too. */
MUST_USE enum status statement__view_rename(struct exec_call *call, struct view *view, struct bytes name,
                                            struct bytes new_name);

/* What rows of the base table have to be like for a view to show them. */
struct view_rows {
    struct source base;
    struct bytes index; /* its name in the store */
    const struct restrictions *filter;
    const struct source_column **not_null;
    size_t not_null_count;
};

/* What WHERE asks of rows; `base` is the base table. Relations other than IS NOT NULL are bound. */
MUST_USE enum status statement__view_where(struct exec_call *call, const struct cql_relations *where,
                                           struct view_rows *rows);
/* The relations of a view's WHERE; in the call's arena. */
MUST_USE enum status statement__view_relations(struct exec_call *call, const struct view *view,
                                               struct cql_relations *ret_where);

/* The record key that a row of the base table, as stored, has in the view; STATUS_NOT_FOUND: the view does not show it.
 * `arena` is for what is decoded. STATUS_CORRUPT. */
MUST_USE enum status statement__view_key(const struct view_rows *rows, const struct schema *schema,
                                         const struct gate_row *row, int64_t now, struct arena *arena,
                                         struct buffer *ret_key, struct error *error);

#endif
