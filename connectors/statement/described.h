/* What there is, as the system tables tell it: keyspaces, tables, views, types, functions, roles. Whoever asks for the rows
 * fills these in; they know nothing of the catalog. Texts are borrowed for as long as the rows are. */
#ifndef CQL_DESCRIBED_H
#define CQL_DESCRIBED_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/bytes.h"

struct described_pair {
    struct bytes name;
    struct bytes value;
};

struct described_pairs {
    const struct described_pair *at; /* in any order */
    size_t count;
};

struct described_texts {
    const struct bytes *at;
    size_t count;
};

enum described_kind {
    DESCRIBED_PARTITION_KEY,
    DESCRIBED_CLUSTERING,
    DESCRIBED_STATIC,
    DESCRIBED_REGULAR,
};

struct described_column {
    struct bytes name;
    struct bytes type; /* as type_format writes it: "frozen<map<text, text>>" */
    enum described_kind kind;
    int position;       /* among the partition key's, or the clustering columns; others: ignored */
    bool is_descending; /* CLUSTERING */
};

struct described_dropped_column {
    struct bytes name;
    struct bytes type;
    enum described_kind kind;
    int64_t dropped_ms; /* since 1970 */
};

struct described_index {
    struct bytes name;
    struct bytes kind;              /* "COMPOSITES", "KEYS", "CUSTOM" */
    struct described_pairs options; /* "target" … */
};

/* What WITH may say. statement__described_options_init gives Cassandra's defaults. */
struct described_options {
    struct bytes additional_write_policy;
    struct bytes comment;
    struct bytes memtable; /* empty: the default one, told as null */
    struct bytes read_repair;
    struct bytes speculative_retry;
    struct described_pairs caching;
    struct described_pairs compaction;
    struct described_pairs compression;
    struct described_pairs extensions; /* values are blobs */
    double bloom_filter_fp_chance;
    double crc_check_chance;
    double dclocal_read_repair_chance;
    double read_repair_chance;
    int default_time_to_live_s;
    int gc_grace_s;
    int max_index_interval;
    int min_index_interval;
    int memtable_flush_period_ms;
    bool has_cdc; /* false: told as null */
    bool cdc;
};

/* 'point_in_time_recovery': {'status': 'enabled'} */
struct described_property {
    struct bytes name;
    struct described_pairs members;
};

/* A table, or a view. */
struct described_table {
    struct bytes name;
    uint8_t id[16];
    const struct described_column *columns; /* in any order */
    size_t columns_count;
    const struct described_dropped_column *dropped;
    size_t dropped_count;
    const struct described_index *indexes;
    size_t indexes_count;
    struct described_texts flags; /* of tables: "compound", "counter" …; none: "compound" */
    struct described_options options;
    bool is_compact;        /* WITH COMPACT STORAGE */
    struct bytes base_name; /* of views */
    uint8_t base_id[16];
    struct bytes where_clause;
    bool includes_all_columns;
    struct bytes status; /* Amazon Keyspaces: "ACTIVE", "CREATING" …; empty: "ACTIVE" */
    const struct described_property *properties;
    size_t properties_count;
    struct described_pairs tags;
    uint64_t rows;  /* about: for estimates of sizes … */
    uint64_t bytes; /* … as stored */
};

struct described_type {
    struct bytes name;
    struct described_texts field_names;
    struct described_texts field_types; /* as of columns */
};

struct described_function {
    struct bytes name;
    struct described_texts argument_types;
    struct described_texts argument_names;
    struct bytes body;
    struct bytes language;
    struct bytes return_type;
    bool is_called_on_null;
};

struct described_aggregate {
    struct bytes name;
    struct described_texts argument_types;
    struct bytes final_function;    /* empty: told as null */
    struct bytes initial_condition; /* likewise */
    struct bytes return_type;
    struct bytes state_function;
    struct bytes state_type;
};

struct described_keyspace {
    struct bytes name;
    struct described_pairs replication; /* "class" … */
    const struct described_table *tables;
    size_t tables_count;
    const struct described_table *views;
    size_t views_count;
    const struct described_type *types;
    size_t types_count;
    const struct described_function *functions;
    size_t functions_count;
    const struct described_aggregate *aggregates;
    size_t aggregates_count;
    struct described_pairs tags;
    struct bytes status; /* Amazon Keyspaces, as of tables */
    bool is_durable;
};

struct described_role {
    struct bytes name;
    bool can_login;
    bool is_superuser;
    struct described_texts member_of;
    struct described_texts members;     /* by name */
    struct described_texts datacenters; /* it may connect to; none: all, and nothing is told */
    struct bytes salted_hash;           /* empty: none, or not for who asks */
};

/* What was granted to a role on a resource. */
struct described_grant {
    struct bytes role;
    struct bytes resource;
    struct described_texts permissions;
};

/* A request that a client asked to trace. */
struct described_trace {
    uint8_t id[16];      /* a timeuuid */
    struct bytes client; /* addresses have 4 or 16 bytes */
    struct bytes coordinator;
    int coordinator_port;
    int duration_us;
    int64_t started_ms;   /* since 1970 */
    struct bytes request; /* "Execute CQL3 query" */
    struct described_pairs parameters;
};

/* A connection to the server. */
struct described_client {
    struct bytes address; /* 4 or 16 bytes */
    int port;
    const char *stage;
    struct described_pairs options; /* that it began with */
    struct bytes driver_name;       /* empty: it did not say; likewise what follows */
    struct bytes driver_version;
    int version;              /* of the protocol */
    const char *tls_protocol; /* NULL: it is not encrypted */
    const char *tls_cipher;
    int64_t requests;
    struct bytes user; /* empty: nobody has to log in */
};

/* The server, as a node of one. Addresses have 4 or 16 bytes. */
struct described_node {
    struct bytes cluster_name;
    uint8_t host_id[16];
    uint8_t schema_version[16]; /* another one after each change of the schema */
    struct bytes broadcast_address;
    struct bytes listen_address;
    struct bytes rpc_address; /* where clients connect */
    int broadcast_port;
    int listen_port;
    int rpc_port;
    int generation; /* seconds since 1970, when the server started */
};

struct described {
    struct described_node node;
    const struct described_keyspace *keyspaces; /* users'; in any order */
    size_t keyspaces_count;
    const struct described_role *roles; /* by name */
    size_t roles_count;
    const struct described_grant *grants; /* by role and resource */
    size_t grants_count;
    const struct described_trace *traces;
    size_t traces_count;
    const struct described_client *clients; /* by address and port */
    size_t clients_count;
};

void statement__described_options_init(struct described_options *options);
/* Pointers to the elements of an array, whose first member is their name, in the order of the names. */
const void **statement__described_order(const void *array, size_t count, size_t size, struct arena *arena);

#endif
