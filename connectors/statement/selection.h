/* What a SELECT selects: its terms prepared, evaluated row by row, told as cells; aggregates and groups. */
#ifndef CQL_SELECTION_H
#define CQL_SELECTION_H

#include "bind.h"
#include "script.h"
#include "source.h"

struct selection {
    struct exec_call *call;
    const struct source *source;
    struct cql_expression **terms;
    struct bytes *names;
    size_t count;
    struct cql_expression **groups; /* of GROUP BY */
    size_t groups_count;
    struct cql_expression **aggregates;
    size_t aggregates_count;
    size_t calls;     /* of users' functions, which answer later */
    size_t arguments; /* of all aggregates together */
    bool is_json;
    struct cql_metadata metadata; /* of the result */
    int64_t now_us;
};

/* Failures in Cassandra's words. Everything lives in the call's arena. */
MUST_USE enum status statement__selection_make(struct exec_call *call, const struct source *source,
                                               const struct cql_select *statement,
                                               struct selection *ret_selection);
/* Whether rows are put together: there are aggregates, or GROUP BY. */
bool statement__selection_groups(const struct selection *selection);
/* Whether what is selected is told by statics and the partition key alone, a static among it. */
bool statement__selection_is_static(const struct selection *selection);
/* How many of the selected terms are computed, not columns as they are. */
size_t statement__selection_computed(const struct selection *selection);
/* Whether the column is selected as itself. */
bool statement__selection_has(const struct selection *selection, size_t column);

/* Whether users' functions or aggregates are called: select_defer.c then keeps the rows until they answered. */
bool statement__selection_defers(const struct selection *selection);
/* Whether users' functions are called for the arguments of aggregates. */
bool statement__selection_calls_inside(const struct selection *selection);

/* Where users' functions are asked for, and what they gave for a row: a slot for each call. */
struct selection_scripts {
    struct script_round *round;
    struct script_slot *slots;
};

/* Appends a row's cells. `row` NULL: a group without rows; `scripts` NULL: there are no calls of users' functions;
 * `aggregates`: their results, or NULL. STATUS_INVALID, CORRUPT; STATUS_BUSY: some were asked for, and the cells are not
 * whole. */
MUST_USE enum status statement__selection_put(const struct selection *selection, const struct source_row *row,
                                              const struct selection_scripts *scripts,
                                              const struct value *aggregates, struct arena *arena,
                                              struct buffer *cells, struct error *error);
/* The arguments of all aggregates for a row, one behind the other, as many as selection->arguments. As above. */
MUST_USE enum status statement__selection_arguments(const struct selection *selection,
                                                    const struct source_row *row,
                                                    const struct selection_scripts *scripts,
                                                    struct arena *arena, struct value *ret_values,
                                                    struct error *error);

/* --- groups ----------------------------------------------------------------------------------------------------------- */

/* Rows that become one. {0} with its selection is empty. */
struct selection_group {
    const struct selection *selection;
    struct arena arena;
    struct cql_aggregate *states;
    struct buffer key;       /* what its rows have in common */
    struct source_row first; /* its first row, in `arena` */
    bool has_rows;
};

/* Takes another row in. Whoever takes the first one in sets `first`. */
MUST_USE enum status statement__group_step(struct selection_group *group, const struct source_row *row,
                                           struct error *error);
/* What a row has in common with others of its group. */
MUST_USE enum status statement__group_key(const struct selection *selection, const struct source_row *row,
                                          struct arena *arena, struct buffer *ret_key, struct error *error);
/* Appends what the group came to. */
MUST_USE enum status statement__group_put(struct selection_group *group, struct buffer *cells,
                                          struct error *error);
/* Empties it. */
void statement__group_clear(struct selection_group *group);
void statement__group_reset(struct selection_group *group);

#endif
