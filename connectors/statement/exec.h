/* Executing statements: what every file of it shares. A call is one request on its way through them. Thread: the door's,
 * but for what is said to run on the writer's. */
#ifndef CQL_EXEC_H
#define CQL_EXEC_H

#include "base/buffer.h"
#include "base/turn.h"
#include "cql/executor.h"
#include "gate/gate.h"
#include "statement/exec.h"
#include "syntax/ast.h"

struct cql_receiver;
struct evaluator;
struct exec;
struct marker_notes;
struct role_work;
struct script_round;
struct script_values;

/* How a write went, as the writer told it: kept for the door's thread. */
struct exec_outcome {
    enum status status;
    const char *text;
    size_t count;
    struct gate_change_outcome *changes; /* images are copies */
    struct gate_change_outcome single;   /* where a write of one row keeps it */
    int64_t commit_time_us;
};

/* Lives in the request's arena. */
struct exec_call {
    struct exec *exec;
    struct cql_request *request;
    struct arena *arena;
    struct bytes keyspace;      /* of names without one: the request's, or where the statement was prepared */
    struct bytes type_keyspace; /* whose types are meant while a type is being read */
    const struct type *key_types; /* of the partition key of the statement's table, for token() */
    size_t key_count;
    struct cql_failure failure; /* when a function here did not give STATUS_OK */
    struct bytes *warnings;
    size_t warnings_count;
    struct cql_receiver *receivers; /* what each marker of the statement is for, as far as is known */
    struct marker_notes
        *notes; /* the statement is only being prepared: markers are noted, nothing is bound */
    const struct cql_query *query; /* whose values the markers of the statement take */
    const struct cql_query *named; /* whose names `names` are */
    const struct bytes **names;    /* in order; of equal ones the first comes first */
    struct role_work *role_work;   /* changes of roles under way; or NULL */
    struct arena outcome_arena;    /* written by the writer, before the request is resumed */
    struct exec_outcome outcome;
    unsigned plans;        /* how often the statement was begun anew: its table had changed meanwhile */
    int64_t moment_us;     /* that it asks for … */
    bool has_moment;       /* … which is settled, or … */
    bool waits_for_moment; /* … put the request aside until it is */
    bool has_turn;         /* to change the schema, until it is answered … */
    bool waits_for_turn;   /* … or is put aside until it has */
    struct turn turn;
    void (*finish)(struct exec_call *call); /* answers after a write */
    void *context;                          /* of finish */
    struct bytes functions_keyspace; /* where functions and types without a keyspace are: the table's */
    bool uses_functions;             /* users' */
    struct script_round *round;      /* calls of users' functions that are under way … */
    struct script_values *values;    /* … those whose results terms are bound to */
    void (*abandon)(struct exec_call *call); /* frees what waits for them, when one failed; or NULL */
    size_t script_calls;
    size_t script_bytes;
};

/* Sets the failure; always STATUS_INVALID. */
MUST_USE enum status exec_fail(struct exec_call *call, enum cql_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* CQL_INVALID, with a name where `format` has %.*s. */
MUST_USE enum status exec_fail_name(struct exec_call *call, const char *format, struct bytes name);
/* The failure that a status of a lower floor is to a client; always STATUS_INVALID. */
MUST_USE enum status exec_fail_status(struct exec_call *call, enum status status, const char *text);
void exec_warn(struct exec_call *call, const char *format, ...) PRINTF_LIKE(2, 3);

/* Each answers the request and ends the call. */
void exec_answer(struct exec_call *call, struct cql_answer *answer);
void exec_answer_failure(struct exec_call *call);
void exec_answer_void(struct exec_call *call);
void exec_answer_change(struct exec_call *call, const struct cql_schema_change *change);

/* What a gate_transaction or gate_request has for `done` and `context`: copies the outcome and resumes the request, which
 * then goes on in `finish`, or is answered with the failure. */
void exec_done(void *context, const struct gate_outcome *outcome);
/* Who the change records name: who logged in, or "local" when nobody has to. */
struct bytes exec_actor(const struct exec_call *call);
/* Submits changes as one transaction whose memory is the call's. */
MUST_USE enum status exec_submit(struct exec_call *call, const struct gate_change *changes, size_t count,
                                 void (*finish)(struct exec_call *call));

/* The LSN of the moment that the statement asks for. Where that is not settled the request is put aside, and planned anew when it is. */
MUST_USE enum status exec_lsn_at(struct exec_call *call, int64_t time_us, uint64_t *ret_lsn);

/* --- names -------------------------------------------------------------------------------------------------------- */

/* A table as statements name it. */
struct exec_table {
    struct bytes keyspace;
    struct bytes name;
    struct bytes full; /* "keyspace.name": as the catalog knows it */
    const struct schema *schema;
};

/* Finds the table, in the request's keyspace when none is named. Failures in Cassandra's words. */
MUST_USE enum status exec_find_table(struct exec_call *call, const struct cql_qualified *name,
                                     struct exec_table *ret_table);
/* The keyspace that a name is in; fails when there is none, or it does not exist. */
MUST_USE enum status exec_find_keyspace(struct exec_call *call, struct bytes named,
                                        struct bytes *ret_keyspace);
/* The keyspace that a name is in; empty: none is named, and the request has none. */
struct bytes exec_keyspace_of(const struct exec_call *call, const struct cql_qualified *name);
bool exec_keyspace_exists(struct exec_call *call, struct bytes keyspace);
/* Keyspaces that nobody but the server changes. */
bool exec_keyspace_is_system(struct bytes keyspace);
struct bytes exec_full_name(struct exec_call *call, struct bytes keyspace, struct bytes name);
/* A type as written, with the user-defined types of `keyspace`. */
MUST_USE enum status exec_type(struct exec_call *call, const struct cql_type *type, struct bytes keyspace,
                               struct type *ret_type);

/* The statement of a query: parsed, or prepared before. */
MUST_USE enum status exec_statement_of(struct exec_call *call, const struct cql_query *query,
                                       const struct cql_statement **ret_statement);

/* Makes room for the markers of a statement: before it is bound. */
void exec_markers(struct exec_call *call, const struct cql_statement *statement);

/* The version of the schema that clients compare: another one after each change. */
void exec_schema_version(const struct exec *exec, uint8_t ret_version[CQL_UUID_BYTES]);

/* --- statements: each answers, now or later, or fails ---------------------------------------------------------------- */

MUST_USE enum status exec_use(struct exec_call *call, const struct cql_keyspace *statement);
MUST_USE enum status exec_create_keyspace(struct exec_call *call, const struct cql_keyspace *statement);
MUST_USE enum status exec_alter_keyspace(struct exec_call *call, const struct cql_keyspace *statement);
MUST_USE enum status exec_drop_keyspace(struct exec_call *call, const struct cql_keyspace *statement);
MUST_USE enum status exec_create_table(struct exec_call *call, const struct cql_create_table *statement);
MUST_USE enum status exec_alter_table(struct exec_call *call, const struct cql_alter_table *statement);
MUST_USE enum status exec_drop_table(struct exec_call *call, const struct cql_object *statement);
MUST_USE enum status exec_truncate(struct exec_call *call, const struct cql_object *statement);
MUST_USE enum status exec_create_type(struct exec_call *call, const struct cql_create_type *statement);
MUST_USE enum status exec_alter_type(struct exec_call *call, const struct cql_alter_table *statement);
MUST_USE enum status exec_drop_type(struct exec_call *call, const struct cql_object *statement);
MUST_USE enum status exec_create_index(struct exec_call *call, const struct cql_create_index *statement);
MUST_USE enum status exec_drop_index(struct exec_call *call, const struct cql_object *statement);
MUST_USE enum status exec_create_function(struct exec_call *call,
                                          const struct cql_create_function *statement);
MUST_USE enum status exec_drop_function(struct exec_call *call, const struct cql_drop_function *statement);
MUST_USE enum status exec_create_aggregate(struct exec_call *call,
                                           const struct cql_create_aggregate *statement);
MUST_USE enum status exec_drop_aggregate(struct exec_call *call, const struct cql_drop_function *statement);
MUST_USE enum status exec_create_trigger(struct exec_call *call, const struct cql_trigger *statement);
MUST_USE enum status exec_drop_trigger(struct exec_call *call, const struct cql_trigger *statement);
MUST_USE enum status exec_restore_table(struct exec_call *call, const struct cql_restore_table *statement);
MUST_USE enum status exec_create_view(struct exec_call *call, const struct cql_statement *statement);
MUST_USE enum status exec_alter_view(struct exec_call *call, const struct cql_alter_table *statement);
MUST_USE enum status exec_drop_view(struct exec_call *call, const struct cql_object *statement);
MUST_USE enum status exec_modify(struct exec_call *call, const struct cql_statement *statement);
MUST_USE enum status exec_batch(struct exec_call *call, const struct cql_message *message);
MUST_USE enum status exec_select(struct exec_call *call, const struct cql_select *statement);
MUST_USE enum status exec_describe(struct exec_call *call, const struct cql_describe *statement);
MUST_USE enum status exec_create_role(struct exec_call *call, const struct cql_role *statement);
MUST_USE enum status exec_alter_role(struct exec_call *call, const struct cql_role *statement);
MUST_USE enum status exec_drop_role(struct exec_call *call, const struct cql_role *statement);
MUST_USE enum status exec_grant_role(struct exec_call *call, const struct cql_statement *statement);
MUST_USE enum status exec_grant(struct exec_call *call, const struct cql_statement *statement);
MUST_USE enum status exec_list_roles(struct exec_call *call, const struct cql_statement *statement);
MUST_USE enum status exec_list_permissions(struct exec_call *call, const struct cql_grant *statement);

/* --- properties ----------------------------------------------------------------------------------------------------- */

/* A property's literal as text, or as a map of texts (of maps). */
MUST_USE enum status exec_literal(struct exec_call *call, const struct cql_term *term,
                                  struct value *ret_value);

struct later;

struct exec {
    struct gate *gate;
    struct gate_view *view;
    struct gate_view *aside; /* for reads while `view` visits rows */
    struct gate_readers *readers;
    struct map *view_bases; /* full name of a view → a text, its table's name when it was last seen */
    struct cql_executor executor;
    struct evaluator *evaluator; /* of users' functions; NULL: there is none */
    struct cql_node *node;
    struct later *waiting_first; /* reads for the pool, when it has CQL_READS_MAX of this door's */
    struct later *waiting_last;
    size_t reads; /* that the pool has, or has read */
    uint8_t host_id[CQL_UUID_BYTES];
    uint8_t paging_key[SHA256_BYTES]; /* of the codes that paging states carry */
};

#endif
