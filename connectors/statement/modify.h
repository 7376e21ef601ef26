/* INSERT, UPDATE, DELETE: statements as changes for the gate. */
#ifndef CQL_MODIFY_H
#define CQL_MODIFY_H

#include "bind.h"
#include "exec.h"
#include "restrictions.h"

/* What the statements of a request, or of a batch, come to. */
struct modification {
    struct exec_call *call;
    struct gate_change *changes;
    size_t count;
    bool is_batch;
    bool is_conditional; /* some statement has IF */
    bool has_counters;   /* some statement is about counters … */
    bool has_others;     /* … or about other columns */
    bool has_timestamps; /* some statement has a timestamp of its own */
    bool has_timestamp;  /* what all others have */
    int64_t timestamp;
    struct exec_table table;     /* of conditional statements: one */
    struct bytes partition;      /* likewise, its serialized key */
    struct cql_names conditions; /* columns that IF names; none with IF EXISTS and IF NOT EXISTS */
    bool shows_row;              /* IF EXISTS, IF NOT EXISTS: what was there is told whole */
    bool asks_rows;              /* some condition is about a row, and not about static columns alone */
};

/* One statement on its way: its table, key and what it does. */
struct modify {
    struct modification *to;
    struct exec_call *call;
    struct exec_table table;
    const struct schema *schema;
    struct wide_update update; /* of regular columns; statics have their own actions */
    struct wide_action *actions;
    size_t actions_count;
    struct wide_action *statics;
    size_t statics_count;
    bool is_counter;
    bool is_insert;
    bool names_statics;        /* columns that are set, deleted or asked for by IF are static … */
    bool names_regulars;       /* … or are not */
    struct value *key;         /* INSERT: the whole key by its columns, partition key first … */
    bool *key_given;           /* … as far as it is there */
    struct restrictions where; /* partitions and ranges of rows in each; INSERT's too */
    const struct condition *condition;
    const struct condition *static_condition;
    enum gate_presence presence;
    bool is_conditional;
};

/* Adds what one statement does. Failures in Cassandra's words. */
MUST_USE enum status statement__modify_statement(struct modification *to,
                                                 const struct cql_statement *statement);

/* USING TIMESTAMP. */
MUST_USE enum status statement__using_timestamp(struct exec_call *call, const struct cql_term *term,
                                                bool *ret_is_set, int64_t *ret_timestamp);
void statement__modify_open(void); /* shows the metrics of writes; once or more often */
struct modification *statement__modification_begin(struct exec_call *call, bool is_batch);
/* Submits what was added; answers at once when that is nothing. */
MUST_USE enum status statement__modification_submit(struct modification *to);
/* modify_batch.c: adds what the statements of a BATCH do. */
MUST_USE enum status statement__modify_batch(struct modification *to, const struct cql_batch *batch);

/* Notes that the statement is about a column; NULL: about none. */
void statement__modify_name(struct modify *modify, const struct column *column);
/* modify_set.c: "u.a", as a field's marker is called. */
struct bytes statement__modify_field_name(struct modify *modify, struct bytes column, struct bytes field);
/* What SET, columns and values, and DELETE's columns say. */
MUST_USE enum status statement__modify_assign(struct modify *modify, const struct cql_assignment *assignment);
MUST_USE enum status statement__modify_value(struct modify *modify, struct bytes column,
                                             const struct cql_term *value);
/* The same of a value that is there already. */
MUST_USE enum status statement__modify_bound(struct modify *modify, const struct column *column,
                                             const struct bound *bound);
MUST_USE enum status statement__modify_delete(struct modify *modify, const struct cql_deletion *deletion);

/* modify_where.c: the rows that WHERE names, of an "UPDATE" or "DELETE". */
MUST_USE enum status statement__modify_where(struct modify *modify, const struct cql_relations *where,
                                             const char *statement, bool is_static_only);
/* Keys among INSERT's columns. */
MUST_USE enum status statement__modify_key(struct modify *modify, struct bytes column,
                                           const struct cql_term *value, bool *ret_is_key);
/* The same of a value that is there already; the column is one of the key. */
MUST_USE enum status statement__modify_key_bound(struct modify *modify, struct bytes column,
                                                 const struct bound *bound);
/* Whether a clustering column is given. */
bool statement__modify_key_is_of_row(const struct modify *modify);
/* After the last of them: checks that all are there, and makes them the row that is meant. */
MUST_USE enum status statement__modify_key_end(struct modify *modify, bool needs_clustering);

/* modify_json.c: INSERT … JSON: a value for each column of the table. */
MUST_USE enum status statement__modify_json(struct modify *modify, const struct cql_insert *insert);

/* lwt.c: IF. */
MUST_USE enum status statement__lwt_conditions(struct modify *modify, const struct cql_relations *conditions);
/* Answers a request with conditions: [applied], and what was there. */
void statement__lwt_finish(struct exec_call *call);

#endif
