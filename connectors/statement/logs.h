/* The change stream of a table as a table: ks."t$log", one row per change record that the log still has. No table's name has a '$'.
 *
 *   shard int, lsn bigint            the primary key; shard 255 has what concerns the whole table
 *   actor, operation, cause text     as the native door tells them; cause_function text, cause_lsn bigint
 *   commit_time timestamp            of the transaction, whose first LSN is
 *   transaction bigint
 *   the table's key columns          of the row; one that is called as a column above has '_' behind its name
 *   old, new text                    what showed of the row before and after: of columns as SELECT JSON has them, of a document as
 *                                    `item` has it */
#ifndef CQL_LOGS_H
#define CQL_LOGS_H

#include "exec.h"
#include "source.h"

enum log_column {
    LOG_SHARD,
    LOG_LSN,
    LOG_ACTOR,
    LOG_CAUSE,
    LOG_CAUSE_FUNCTION,
    LOG_CAUSE_LSN,
    LOG_COMMIT_TIME,
    LOG_NEW,
    LOG_OLD,
    LOG_OPERATION,
    LOG_TRANSACTION,
    LOG_KEY, /* the first of the key's columns, in the key's order; the others follow */
};

/* What a source is besides when it is a log. */
struct source_log {
    struct source base;
    size_t *what; /* of each column of the log: enum log_column, LOG_KEY + n */
};

/* Whether a name is a log's; *ret_table is the table's. */
bool statement__log_is(struct bytes name, struct bytes *ret_table);
/* Makes `source` the log of the table that is in `log->base`. */
void statement__log_source(struct exec_call *call, struct source_log *log, const struct cql_qualified *name,
                           struct source *source);
/* Whether WHERE names one row of the table by its whole key: then its history is read. */
bool statement__log_names_row(const struct source *source, const struct cql_relations *where);

#endif
