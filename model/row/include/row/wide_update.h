/* What a statement does to one wide row: CQL's INSERT, UPDATE and DELETE of a row, compiled. The door makes it, the writer
 * applies it to the row that it finds. MODEL "Reconciliation". */
#ifndef ROW_WIDE_UPDATE_H
#define ROW_WIDE_UPDATE_H

#include "row/wide.h"

enum wide_action_kind {
    WIDE_SET,           /* the column is parts[0] */
    WIDE_DELETE,        /* the collection goes, as old as the write itself (DELETE c) */
    WIDE_REPLACE,       /* the set, map or UDT is the parts and nothing else */
    WIDE_REPLACE_LIST,  /* the list is the parts in their order */
    WIDE_PUT,           /* the parts join the set, map or UDT; null ones leave it */
    WIDE_APPEND,        /* the parts join the list at its end … */
    WIDE_PREPEND,       /* … or at its beginning, in their order */
    WIDE_LIST_SET,      /* the element of the list at `number` is parts[0]; null: it goes */
    WIDE_LIST_SUBTRACT, /* elements of the list that equal a part go */
    WIDE_ADD,           /* the counter grows by `number` */
};

/* A value, or an element with its path. */
struct wide_part {
    struct bytes path;  /* see struct wide_element; empty where the kind makes it */
    struct bytes value; /* serialized */
    bool is_null;
};

struct wide_action {
    enum wide_action_kind kind;
    uint32_t column;
    const struct wide_part *parts;
    size_t count;
    int64_t number;
};

struct wide_update {
    bool has_marker;  /* the row is there from now on, whatever its columns (INSERT) */
    bool deletes_row; /* before the actions: all that has this timestamp or an older one */
    bool has_timestamp;
    int64_t timestamp; /* the client's; without one the writer makes it newer than what is there */
    uint32_t ttl;      /* seconds; 0: none */
    const struct wide_action *actions;
    size_t count;
};

/* When an update is applied. */
struct wide_moment {
    int64_t timestamp;      /* of its cells */
    int64_t commit_time_us; /* of its batch */
    int64_t now_s;          /* since 1970: lives begin, and what has expired is not there */
    uint64_t *appended;     /* elements of lists made in the batch so far, at ends … */
    uint64_t *prepended;    /* … and at beginnings: their paths are unique */
};

/* STATUS_INVALID in Cassandra's words: an index beyond its list. STATUS_CORRUPT. *row is then spoilt. What was expired counts
 * as gone. The schema tells which elements of sets and maps are equal. */
MUST_USE enum status wide_update_apply(const struct schema *schema, const struct wide_update *update,
                                       const struct wide_moment *moment, struct arena *arena,
                                       struct wide_row *row, struct error *error);

#endif
