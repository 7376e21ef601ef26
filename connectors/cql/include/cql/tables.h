/* The door's own system tables. */
#ifndef CQL_TABLES_H
#define CQL_TABLES_H

struct catalog;

enum {
    TABLE_CQL_KEYSPACES = 15, /* system.cql_keyspaces: name → replication, durable_writes */
    TABLE_CQL_TYPES = 16,     /* system.cql_types: (keyspace, name) → fields */
};

#define CQL_TABLE_KEYSPACES "system.cql_keyspaces"
#define CQL_TABLE_TYPES "system.cql_types"

/* Registers both. Before the store opens. */
void cql_register_tables(struct catalog *catalog);

#endif
