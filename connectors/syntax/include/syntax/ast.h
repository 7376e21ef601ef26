/* CQL statements as trees. CQL reference, Apache Cassandra 4.1 (CQL 3.4.6); Amazon Keyspaces' additions.
 *
 * Everything lives in the arena that the statement was parsed into; texts are borrowed from it or from the statement's text.
 * Names are as they are meant: small letters unless they were quoted, quotes resolved. An `offset` is a byte of the text. */
#ifndef CQL_AST_H
#define CQL_AST_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/bytes.h"

/* --- names and types -------------------------------------------------------------------------------------------- */

struct cql_names {
    struct bytes *at;
    size_t count;
};

/* "keyspace.name"; keyspace is empty when the text names none. */
struct cql_qualified {
    struct bytes keyspace;
    struct bytes name;
};

/* A type as text for type_parse: names as written (quotes kept), no comments. A class name in quotes, 'org.apache…', comes with
 * them. */
struct cql_type {
    struct bytes text;
    uint32_t offset;
};

struct cql_types {
    struct cql_type *at;
    size_t count;
};

/* --- terms ------------------------------------------------------------------------------------------------------ */

enum cql_term_kind {
    CQL_TERM_NULL,
    /* Literals, by class. Their text is in `text`: of STRING what is meant (quotes resolved), of the others what is written. */
    CQL_TERM_STRING,
    CQL_TERM_INTEGER, /* "-12": the sign belongs to it */
    CQL_TERM_FLOAT,   /* "-1.5e3", "NaN", "Infinity", "-Infinity" */
    CQL_TERM_BOOLEAN, /* "true" or "false" in small letters */
    CQL_TERM_UUID,
    CQL_TERM_HEX, /* with its 0x */
    CQL_TERM_DURATION,
    CQL_TERM_MARKER,
    CQL_TERM_LIST, /* `items` */
    CQL_TERM_SET,  /* `items`; none: "{}", which is an empty set or an empty map */
    CQL_TERM_MAP, /* `items`: key, value, key, value …; in a selection whose keys are all COLUMN maybe a UDT */
    CQL_TERM_TUPLE, /* `items`; in a selection one item alone is what stands in parentheses */
    CQL_TERM_UDT,   /* `fields` */
    CQL_TERM_CALL,  /* `call`; token(…) too */
    CQL_TERM_HINT,  /* `cast`: (int) term */
    CQL_TERM_CAST,  /* `cast`: CAST(term AS int) */
    CQL_TERM_ADD,   /* `operation`, as the next ones */
    CQL_TERM_SUBTRACT,
    CQL_TERM_MULTIPLY,
    CQL_TERM_DIVIDE,
    CQL_TERM_MODULO,
    CQL_TERM_NEGATE, /* `operation.left` only */
    /* Only in what SELECT selects and groups by: */
    CQL_TERM_COLUMN,       /* `text` is its name */
    CQL_TERM_FIELD,        /* `member`: operand.field */
    CQL_TERM_ELEMENT,      /* `member`: operand[from] */
    CQL_TERM_SLICE,        /* `member`: operand[from..to]; either may be NULL */
    CQL_TERM_COUNT_ROWS,   /* COUNT(*) and COUNT(1) */
    CQL_TERM_WRITETIME,    /* `member.operand`: a COLUMN, FIELD, ELEMENT or SLICE */
    CQL_TERM_MAXWRITETIME, /* likewise */
    CQL_TERM_TTL,          /* likewise */
};

struct cql_term;

struct cql_terms {
    struct cql_term **at;
    size_t count;
};

struct cql_marker {
    uint16_t index;    /* place in the text among all markers, from 0 */
    bool is_named;     /* :name, or :"Name" */
    struct bytes name; /* empty: ? */
};

struct cql_fields { /* names.count terms */
    struct cql_names names;
    struct cql_terms values;
};

struct cql_call {
    struct cql_qualified function;
    struct cql_terms arguments;
};

struct cql_cast {
    struct cql_type type;
    struct cql_term *operand;
};

struct cql_operation {
    struct cql_term *left;
    struct cql_term *right; /* NULL: NEGATE */
};

struct cql_member {
    struct cql_term *operand;
    struct bytes field;
    struct cql_term *from;
    struct cql_term *to;
};

struct cql_term {
    enum cql_term_kind kind;
    uint16_t depth; /* 1: nothing inside; at most CQL_TERM_DEPTH_MAX, so that whoever walks it may recurse */
    uint32_t offset;
    union {
        struct bytes text;
        struct cql_marker marker;
        struct cql_terms items;
        struct cql_fields fields;
        struct cql_call call;
        struct cql_cast cast;
        struct cql_operation operation;
        struct cql_member member;
    };
};

/* --- SELECT ----------------------------------------------------------------------------------------------------- */

enum cql_comparison {
    CQL_EQUAL,
    CQL_NOT_EQUAL,
    CQL_LESS,
    CQL_LESS_EQUAL,
    CQL_GREATER,
    CQL_GREATER_EQUAL,
    CQL_IN,
    CQL_CONTAINS,
    CQL_CONTAINS_KEY,
    CQL_LIKE,
    CQL_IS_NOT_NULL,
};

enum cql_relation_kind {
    CQL_RELATION_COLUMN,  /* columns.at[0] */
    CQL_RELATION_ELEMENT, /* columns.at[0][key] */
    CQL_RELATION_FIELD,   /* columns.at[0].field, in conditions only */
    CQL_RELATION_TUPLE,   /* (a, b) */
    CQL_RELATION_TOKEN,   /* token(a, b) */
    CQL_RELATION_INDEX,   /* expr(columns.at[0], value): an index by its name, in the keyspace `field` */
};

/* What WHERE joins, and the conditions of IF. */
struct cql_relation {
    enum cql_relation_kind kind;
    enum cql_comparison comparison;
    uint32_t offset;
    struct cql_names columns;
    struct cql_term *key;
    struct bytes field;
    struct cql_term *value;  /* NULL: IS NOT NULL, or IN with a list; of IN it is a marker */
    struct cql_terms values; /* of IN */
};

struct cql_relations {
    struct cql_relation *at;
    size_t count;
};

struct cql_selector {
    struct cql_term *term;
    struct bytes alias;
    bool has_alias;
};

struct cql_selectors {
    struct cql_selector *at;
    size_t count;
};

struct cql_ordering {
    struct bytes column;
    bool is_descending;
    struct cql_term *near; /* ANN OF; or NULL */
};

struct cql_orderings {
    struct cql_ordering *at;
    size_t count;
};

struct cql_select {
    struct cql_qualified table;
    bool is_json;
    bool is_distinct;
    struct cql_selectors selectors; /* none: * */
    struct cql_term *as_of;         /* STRING, INTEGER or MARKER; or NULL */
    struct cql_relations where;
    struct cql_terms group_by;
    struct cql_orderings order_by;
    struct cql_term *partition_limit; /* INTEGER or MARKER; or NULL, as the next one */
    struct cql_term *limit;
    bool allows_filtering;
};

/* --- INSERT, UPDATE, DELETE, BATCH ------------------------------------------------------------------------------ */

struct cql_using {
    struct cql_term *timestamp; /* INTEGER or MARKER; or NULL, as the next one */
    struct cql_term *ttl;
};

struct cql_insert {
    struct cql_qualified table;
    struct cql_names columns;
    struct cql_terms values; /* the executor compares the counts: "Unmatched column names/values" */
    struct cql_term *json;   /* STRING or MARKER: INSERT … JSON; NULL: columns and values */
    bool json_defaults_unset;
    bool if_not_exists;
    struct cql_using using;
};

enum cql_assignment_kind {
    CQL_ASSIGN,          /* c = value */
    CQL_ASSIGN_ELEMENT,  /* c[key] = value */
    CQL_ASSIGN_FIELD,    /* c.field = value */
    CQL_ASSIGN_ADD,      /* c = c + value, c += value */
    CQL_ASSIGN_PREPEND,  /* c = value + c */
    CQL_ASSIGN_SUBTRACT, /* c = c - value, c -= value */
};

struct cql_assignment {
    enum cql_assignment_kind kind;
    uint32_t offset;
    struct bytes column;
    struct cql_term *key;
    struct bytes field;
    struct cql_term *value;
};

struct cql_assignments {
    struct cql_assignment *at;
    size_t count;
};

struct cql_update {
    struct cql_qualified table;
    struct cql_using using;
    struct cql_assignments assignments;
    struct cql_relations where;
    bool if_exists;
    struct cql_relations conditions;
};

struct cql_deletion { /* c, c[key] or c.field */
    struct bytes column;
    struct cql_term *key;
    struct bytes field;
    uint32_t offset;
};

struct cql_deletions {
    struct cql_deletion *at;
    size_t count;
};

struct cql_delete {
    struct cql_qualified table;
    struct cql_deletions deletions; /* none: the rows */
    struct cql_using using;
    struct cql_relations where;
    bool if_exists;
    struct cql_relations conditions;
};

enum cql_batch_kind {
    CQL_BATCH_LOGGED,
    CQL_BATCH_UNLOGGED,
    CQL_BATCH_COUNTER,
};

struct cql_statement;

struct cql_statements {
    struct cql_statement **at;
    size_t count;
};

struct cql_batch {
    enum cql_batch_kind kind;
    struct cql_using using;
    struct cql_statements statements; /* INSERT, UPDATE, DELETE */
};

/* --- keyspaces, tables, types, indexes, views ------------------------------------------------------------------- */

/* A literal: STRING (bare words such as ALL too, as written), INTEGER, FLOAT, BOOLEAN, UUID, HEX, DURATION, MAP, SET, LIST. */
struct cql_property {
    struct bytes name; /* small letters, also when it was quoted */
    struct cql_term *value;
};

struct cql_properties {
    struct cql_property *at;
    size_t count;
};

enum cql_tags_action {
    CQL_TAGS_NONE,
    CQL_TAGS_ADD,
    CQL_TAGS_DROP,
};

struct cql_keyspace { /* USE, CREATE, ALTER, DROP */
    struct bytes name;
    bool if_exists;
    bool if_not_exists;
    struct cql_properties properties;
    enum cql_tags_action tags_action; /* ALTER: Keyspaces' ADD TAGS and DROP TAGS */
    struct cql_term *tags;
};

struct cql_column {
    struct bytes name;
    struct cql_type type;
    bool is_static;
    bool is_primary_key; /* "PRIMARY KEY" behind it */
};

struct cql_columns {
    struct cql_column *at;
    size_t count;
};

struct cql_primary_key {
    size_t definitions; /* how often the text says PRIMARY KEY; one is right */
    struct cql_names partition;
    struct cql_names clustering;
};

struct cql_create_table {
    struct cql_qualified table;
    bool if_not_exists;
    struct cql_columns columns;
    struct cql_primary_key key; /* a column's own PRIMARY KEY included */
    struct cql_orderings clustering_order;
    bool is_compact;
    struct cql_properties properties;
};

enum cql_alteration {
    CQL_ALTERATION_ADD,    /* `columns` */
    CQL_ALTERATION_DROP,   /* `names`, `timestamp` */
    CQL_ALTERATION_RENAME, /* `names` become `new_names` */
    CQL_ALTERATION_TYPE,   /* `columns.at[0]` gets another type */
    CQL_ALTERATION_WITH,   /* `properties` */
    CQL_ALTERATION_DROP_COMPACT_STORAGE,
    CQL_ALTERATION_ADD_TAGS, /* `tags` */
    CQL_ALTERATION_DROP_TAGS,
};

struct cql_alter_table { /* also ALTER MATERIALIZED VIEW, and ALTER TYPE with fields for columns */
    struct cql_qualified table;
    bool if_exists;
    enum cql_alteration alteration;
    bool column_if_exists;     /* DROP, RENAME, ALTER TYPE IF EXISTS */
    bool column_if_not_exists; /* ADD IF NOT EXISTS */
    struct cql_columns columns;
    struct cql_names names;
    struct cql_names new_names;
    struct cql_term *timestamp; /* DROP … USING TIMESTAMP; or NULL */
    struct cql_properties properties;
    struct cql_term *tags;
};

struct cql_restore_table {
    struct cql_qualified table;
    struct cql_qualified source;
    struct cql_properties properties; /* restore_timestamp, custom_properties, tags */
};

/* DROP of a table, type, index, view; TRUNCATE. */
struct cql_object {
    struct cql_qualified name;
    bool if_exists;
};

struct cql_create_type {
    struct cql_qualified name;
    bool if_not_exists;
    struct cql_columns fields;
};

enum cql_index_kind {
    CQL_INDEX_VALUES, /* also of a column that is no collection; values(c) */
    CQL_INDEX_KEYS,
    CQL_INDEX_ENTRIES,
    CQL_INDEX_FULL,
};

struct cql_index_target {
    enum cql_index_kind kind;
    bool is_plain; /* the column's name alone */
    struct bytes column;
};

struct cql_index_targets {
    struct cql_index_target *at;
    size_t count;
};

struct cql_create_index {
    bool if_not_exists;
    bool is_custom;
    struct cql_qualified name; /* empty: to be made up */
    struct cql_qualified table;
    struct cql_index_targets targets;
    struct bytes class_name; /* USING; or empty */
    struct cql_properties properties;
};

struct cql_create_view {
    struct cql_qualified name;
    bool if_not_exists;
    struct cql_select select; /* selectors, table and where */
    struct cql_primary_key key;
    struct cql_orderings clustering_order;
    bool is_compact;
    struct cql_properties properties;
};

/* --- functions, aggregates, triggers ---------------------------------------------------------------------------- */

struct cql_create_function {
    struct cql_qualified name;
    bool or_replace;
    bool if_not_exists;
    struct cql_columns arguments;
    bool is_called_on_null;
    struct cql_type returns;
    struct bytes language;
    struct bytes body;
};

struct cql_create_aggregate {
    struct cql_qualified name;
    bool or_replace;
    bool if_not_exists;
    struct cql_types arguments;
    struct cql_qualified state_function; /* the name only */
    struct cql_type state_type;
    struct cql_qualified final_function; /* empty: none */
    struct cql_term *initial;            /* INITCOND; or NULL */
};

struct cql_drop_function { /* and DROP AGGREGATE */
    struct cql_qualified name;
    bool if_exists;
    bool has_arguments;
    struct cql_types arguments;
};

struct cql_trigger { /* CREATE, DROP */
    struct bytes name;
    struct cql_qualified table;
    bool if_exists;
    bool if_not_exists;
    struct bytes class_name;
};

/* --- roles ------------------------------------------------------------------------------------------------------ */

struct cql_role_options {
    struct bytes password;
    bool has_password;
    bool is_password_hashed;
    bool has_login;
    bool login;
    bool has_superuser;
    bool superuser;
    struct cql_term *options;     /* a MAP; or NULL */
    bool has_all_datacenters;     /* ACCESS TO ALL DATACENTERS */
    struct cql_term *datacenters; /* ACCESS TO DATACENTERS {…}: a SET; or NULL */
};

struct cql_role { /* CREATE, ALTER, DROP; USER too */
    struct bytes name;
    bool is_user;
    bool if_exists;
    bool if_not_exists;
    struct cql_role_options options;
};

enum cql_permission {
    CQL_PERMISSION_CREATE,
    CQL_PERMISSION_ALTER,
    CQL_PERMISSION_DROP,
    CQL_PERMISSION_SELECT,
    CQL_PERMISSION_MODIFY,
    CQL_PERMISSION_AUTHORIZE,
    CQL_PERMISSION_DESCRIBE,
    CQL_PERMISSION_EXECUTE,
    CQL_PERMISSION_UNMASK,
    CQL_PERMISSION_SELECT_MASKED,
};

enum cql_resource_kind {
    CQL_RESOURCE_NONE, /* LIST without ON */
    CQL_RESOURCE_ALL_KEYSPACES,
    CQL_RESOURCE_KEYSPACE,
    CQL_RESOURCE_ALL_TABLES, /* IN KEYSPACE */
    CQL_RESOURCE_TABLE,
    CQL_RESOURCE_ALL_ROLES,
    CQL_RESOURCE_ROLE,
    CQL_RESOURCE_ALL_FUNCTIONS,
    CQL_RESOURCE_KEYSPACE_FUNCTIONS,
    CQL_RESOURCE_FUNCTION,
    CQL_RESOURCE_ALL_MBEANS,
    CQL_RESOURCE_MBEANS,
    CQL_RESOURCE_MBEAN,
};

struct cql_resource {
    enum cql_resource_kind kind;
    struct cql_qualified
        name; /* of KEYSPACE and those in a keyspace: `keyspace`; of ROLE and MBEANS: `name` */
    struct cql_types arguments; /* FUNCTION */
};

struct cql_grant { /* GRANT and REVOKE of permissions, LIST permissions */
    bool is_all;
    uint32_t permissions; /* bits: 1 << enum cql_permission */
    struct cql_resource resource;
    struct bytes role; /* LIST: empty without OF */
    bool is_recursive; /* LIST without NORECURSIVE */
};

struct cql_grant_role { /* GRANT and REVOKE of a role, LIST ROLES, LIST USERS */
    struct bytes role;
    struct bytes grantee; /* LIST ROLES: OF whom, or empty */
    bool is_recursive;
};

/* --- DESCRIBE --------------------------------------------------------------------------------------------------- */

enum cql_describe_kind {
    CQL_DESCRIBE_ANY, /* DESCRIBE name: a keyspace, table, index or view */
    CQL_DESCRIBE_CLUSTER,
    CQL_DESCRIBE_SCHEMA,
    CQL_DESCRIBE_FULL_SCHEMA,
    CQL_DESCRIBE_KEYSPACES,
    CQL_DESCRIBE_KEYSPACE, /* without a name: the one in use */
    CQL_DESCRIBE_TABLES,
    CQL_DESCRIBE_TABLE,
    CQL_DESCRIBE_INDEX,
    CQL_DESCRIBE_VIEW,
    CQL_DESCRIBE_TYPES,
    CQL_DESCRIBE_TYPE,
    CQL_DESCRIBE_FUNCTIONS,
    CQL_DESCRIBE_FUNCTION,
    CQL_DESCRIBE_AGGREGATES,
    CQL_DESCRIBE_AGGREGATE,
};

struct cql_describe {
    enum cql_describe_kind kind;
    bool is_only; /* ONLY KEYSPACE */
    bool has_internals;
    struct cql_qualified name; /* of a keyspace: `name` */
};

/* --- any -------------------------------------------------------------------------------------------------------- */

enum cql_statement_kind {
    CQL_SELECT,
    CQL_INSERT,
    CQL_UPDATE,
    CQL_DELETE,
    CQL_BATCH,
    CQL_TRUNCATE, /* object */
    CQL_USE,      /* keyspace */
    CQL_CREATE_KEYSPACE,
    CQL_ALTER_KEYSPACE,
    CQL_DROP_KEYSPACE,
    CQL_CREATE_TABLE,
    CQL_ALTER_TABLE,
    CQL_DROP_TABLE, /* object, as the other DROPs without a struct of their own */
    CQL_RESTORE_TABLE,
    CQL_CREATE_TYPE,
    CQL_ALTER_TYPE, /* alter_table */
    CQL_DROP_TYPE,
    CQL_CREATE_INDEX,
    CQL_DROP_INDEX,
    CQL_CREATE_VIEW,
    CQL_ALTER_VIEW, /* alter_table */
    CQL_DROP_VIEW,
    CQL_CREATE_FUNCTION,
    CQL_DROP_FUNCTION,
    CQL_CREATE_AGGREGATE,
    CQL_DROP_AGGREGATE, /* drop_function */
    CQL_CREATE_TRIGGER,
    CQL_DROP_TRIGGER,
    CQL_CREATE_ROLE,
    CQL_ALTER_ROLE,
    CQL_DROP_ROLE,
    CQL_GRANT,
    CQL_REVOKE,
    CQL_LIST_PERMISSIONS, /* grant */
    CQL_GRANT_ROLE,
    CQL_REVOKE_ROLE,
    CQL_LIST_ROLES, /* grant_role */
    CQL_LIST_USERS, /* nothing */
    CQL_DESCRIBE,
};

struct cql_statement {
    enum cql_statement_kind kind;
    uint16_t markers; /* of the whole text; 0 in a batch's statements, whose markers are the batch's */
    union {
        struct cql_select select;
        struct cql_insert insert;
        struct cql_update update;
        struct cql_delete delete;
        struct cql_batch batch;
        struct cql_object object;
        struct cql_keyspace keyspace;
        struct cql_create_table create_table;
        struct cql_alter_table alter_table;
        struct cql_restore_table restore_table;
        struct cql_create_type create_type;
        struct cql_create_index create_index;
        struct cql_create_view create_view;
        struct cql_create_function create_function;
        struct cql_create_aggregate create_aggregate;
        struct cql_drop_function drop_function;
        struct cql_trigger trigger;
        struct cql_role role;
        struct cql_grant grant;
        struct cql_grant_role grant_role;
        struct cql_describe describe;
    };
};

/* Under which keyspaces functions are shown that were written without one: native ones as "system.now()", others with
 * `keyspace`. */
struct cql_term_names {
    struct bytes keyspace;
    bool (*is_native)(struct bytes name); /* NULL: all are */
};

/* Appends a term as Cassandra writes it: in names of result columns ("count", "writetime(v)", "cast(a as int)", "m['k']",
 * "a.b") and in error texts. `names` NULL: functions are as they are written, and fields by names that can be read again. */
void cql_term_format(const struct cql_term *term, const struct cql_term_names *names, struct buffer *buffer);
/* The name of a selector's column in results: its alias, or its term as above with "system" for native functions. */
struct bytes cql_selector_name(const struct cql_selector *selector, struct arena *arena);
/* Appends a relation as it is written: c = 1. */
void cql_relation_format(const struct cql_relation *relation, struct buffer *buffer);
/* How it is written: "=", "CONTAINS KEY" … */
const char *cql_comparison_text(enum cql_comparison comparison);

#endif
