/* The door's own system tables. */
#ifndef CQL_TABLES_H
#define CQL_TABLES_H

struct catalog;

enum {
    TABLE_CQL_KEYSPACES = 15, /* system.cql_keyspaces: name → replication, durable_writes */
    TABLE_CQL_TYPES = 16,     /* system.cql_types: (keyspace, name) → fields */
    TABLE_CQL_FUNCTIONS = 25, /* system.cql_functions: (keyspace, name, types) → what user_function.h says */
    TABLE_CQL_AGGREGATES = 26, /* system.cql_aggregates: likewise */
};

#define CQL_TABLE_KEYSPACES "system.cql_keyspaces"
#define CQL_TABLE_TYPES "system.cql_types"
#define CQL_TABLE_FUNCTIONS "system.cql_functions"
#define CQL_TABLE_AGGREGATES "system.cql_aggregates"

/* Registers all. Before the store opens. */
void cql_register_tables(struct catalog *catalog);

#endif
