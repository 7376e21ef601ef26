/* SELECT on its way: what its files share. */
#ifndef CQL_SELECT_H
#define CQL_SELECT_H

#include "restrictions.h"
#include "selection.h"

/* Where a page ended, told to the client as an opaque text. */
struct select_position {
    size_t partition; /* of the restrictions', or 0 */
    size_t range;     /* within the partition; as many as there are: all were read */
    struct bytes row; /* the storage key of the last row that was taken; empty: none of the range was */
    /* The partition that rows were being taken of, serialized; empty: none. */
    struct bytes key;
    bool has_rows; /* some row of it was taken or passed over: its statics alone are no row any more */
    uint64_t partition_left; /* rows, of PER PARTITION LIMIT; UINT64_MAX: there is none */
    uint64_t left;           /* likewise of LIMIT */
    uint64_t as_of;
    struct bytes
        index; /* what the index that is read is of; empty: none is, and other pages read none either */
    struct bytes entry; /* where that one stands, when it is on a static column and so tells of partitions */
};

struct select {
    struct exec_call *call;
    const struct cql_select *statement;
    struct source source;
    struct selection selection;
    struct restrictions restrictions;
    uint64_t as_of;
    uint64_t limit; /* UINT64_MAX: there is none, as the next one */
    uint64_t partition_limit;
    uint64_t page_rows; /* UINT64_MAX: all rows are one page */
    struct gate_view *view;
    struct gate_view *aside; /* for reads while `view` visits rows */
    size_t rows_inline;      /* looked at on the door's thread before is_long is set; 0: no bound */
    bool is_long;            /* what was taken is to be thrown away, and read in the pool */
    struct later *later;     /* it is read there */
    bool is_reverse;
    bool sorts; /* rows of several partitions, in the order of their clustering columns */
    struct select_position position; /* where this page begins, then where it ended */
    /* What was taken. */
    struct selection_group group;
    struct buffer cells;
    uint64_t rows;
    bool has_more;
    struct select_deferred *deferred; /* users' functions are called: what waits for them; or NULL */
    /* sorts: where each row's cells end, and what it is sorted by. */
    struct select_sorted *sorted;
};

/* What became of a row. */
enum select_step {
    SELECT_ON,    /* it was taken, or passed over */
    SELECT_FULL,  /* it belongs to the next page */
    SELECT_ENDED, /* LIMIT is reached: neither it nor others are wanted */
};

/* A row as it is stored, for what has to be kept of it. */
struct select_stored {
    struct bytes key;
    struct bytes image; /* of the plain row; empty: there is none */
    struct bytes statics;
};

/* select_take.c: filters, groups, counts and writes down a row. `stored` NULL: the row lives as long as the call. */
MUST_USE enum status statement__select_take(struct select *select, const struct source_row *row,
                                            const struct select_stored *stored, enum select_step *ret_step,
                                            struct error *error);

/* select_take.c: writes down the last group, when there is one. */
MUST_USE enum status statement__select_group_end(struct select *select, struct error *error);

/* select_order.c: DISTINCT, GROUP BY and ORDER BY of a statement whose selection and restrictions are made. Failures are set. */
MUST_USE enum status statement__select_distinct(struct select *select);
MUST_USE enum status statement__select_groups(struct select *select);
MUST_USE enum status statement__select_order(struct select *select);

/* select.c: what the index that is read is of: its target, u8, and its column; in the call's arena. Empty: none is read. */
struct bytes statement__select_index(const struct select *select);
/* select_read.c: takes the rows of a stored table, from select->position on. Failures are set. */
MUST_USE enum status statement__select_read(struct select *select);
/* select_later.c: either of the next two in the reader pool; statement__select_read_ended comes later, on the door's thread. */
MUST_USE enum status statement__select_later(struct select *select);
/* select.c: goes on to the answer, or the failure. */
void statement__select_read_ended(struct select *select, enum status status);
/* select_log.c: the same of a log. */
MUST_USE enum status statement__select_log(struct select *select);
/* select_system.c: the same of a system table. */
MUST_USE enum status statement__select_system(struct select *select);
/* describe_catalog.c: users' keyspaces as the catalog has them, and the node; in the call's arena. Failures are set. */
MUST_USE enum status statement__describe_catalog(struct exec_call *call,
                                                 const struct described **ret_described);
/* describe_catalog.c: the node and the traces alone. */
void statement__describe_node(struct exec_call *call, struct described *described);
/* Who is connected to the server's doors. */
void statement__describe_clients(struct exec_call *call, struct described *described);
/* describe_catalog.c: roles, who has which, and what they are granted. */
void statement__describe_roles(struct exec_call *call, struct described *described);

/* select_page.c: positions as texts that only this server can have made, for this statement with these values. */
struct bytes statement__position_encode(struct exec_call *call, const struct select_position *position);
/* Failure: Protocol error. */
MUST_USE enum status statement__position_decode(struct exec_call *call, struct bytes text,
                                                struct select_position *ret_position);

/* select_take.c: what will be evaluated of a row later, in `arena`. `stored` as above. */
MUST_USE enum status statement__select_keep(const struct select *select, const struct source_row *row,
                                            const struct select_stored *stored, struct arena *arena,
                                            struct source_row *ret_row, struct error *error);

/* select_defer.c: rows and groups that wait for users' functions. */
void statement__defer_begin(struct select *select);
MUST_USE enum status statement__defer_row(struct select *select, const struct source_row *row,
                                          const struct select_stored *stored, struct error *error);
/* Begins a group with its first row, or (NULL) without any. */
MUST_USE enum status statement__defer_group(struct select *select, const struct source_row *row,
                                            const struct select_stored *stored, struct error *error);
/* Takes a row into the last group. */
MUST_USE enum status statement__defer_step(struct select *select, const struct source_row *row,
                                           const struct select_stored *stored, struct error *error);
/* Goes on until all cells are made, or (*ret_waits) functions have been asked, after whose answer `resume` is called. Failures
 * are set. */
MUST_USE enum status statement__defer_settle(struct select *select, void (*resume)(struct exec_call *call),
                                             bool *ret_waits);
void statement__defer_reset(struct select *select);

/* select_sort.c: ORDER BY over several partitions. */
MUST_USE enum status statement__sort_note(struct select *select, const struct source_row *row,
                                          struct error *error);
/* Puts the cells in order and leaves the first `limit` rows. */
void statement__sort_rows(struct select *select);
void statement__sort_reset(struct select *select);

#endif
