/* The tables that every Cassandra has, and Amazon Keyspaces' own: their columns as data, their rows made when somebody asks.
 * Columns and their order are those of Cassandra 4.1; system_schema_mcs is as Amazon documents it. */
#ifndef CQL_SYSTEM_TABLES_H
#define CQL_SYSTEM_TABLES_H

#include "described.h"
#include "value/type.h"

#define SYSTEM_RELEASE_VERSION "4.1.3"
#define SYSTEM_CQL_VERSION "3.4.6"
#define SYSTEM_PARTITIONER "org.apache.cassandra.dht.Murmur3Partitioner"
#define SYSTEM_DATA_CENTRE "datacenter1"
#define SYSTEM_RACK "rack1"

enum {
    SYSTEM_TOKENS = 16, /* of the one node */
};

struct system_column {
    const char *name;
    const char *type; /* as CQL writes it */
    enum described_kind kind;
};

struct system_rows;

struct system_table {
    const char *keyspace;
    const char *name;
    const char *comment;
    bool is_virtual; /* told by system_virtual_schema, and not by system_schema */
    bool is_of_node; /* its rows tell of the node and its requests, and of no keyspace */
    const struct system_column
        *columns; /* as SELECT * has them: partition key, clustering columns, others by name */
    size_t columns_count;
    void (*produce)(struct system_rows *rows); /* NULL: it has no rows here */
};

extern const struct system_table statement__system_tables[];
extern const size_t statement__system_tables_count;

/* NULL: there is no such table. */
const struct system_table *statement__system_table_find(struct bytes keyspace, struct bytes name);
bool statement__system_has_keyspace(struct bytes keyspace);
/* The id that Cassandra gives it: a UUID of version 3 of keyspace and name. */
void statement__system_table_id(const struct system_table *table, uint8_t ret_id[16]);
/* The column's type, in `arena`. */
struct type statement__system_column_type(const struct system_column *column, struct arena *arena);

/* Calls `visit` with every row: a value for each column, in their order, null where there is none. Rows of a partition
 * come together and in the order of their clustering columns; partitions come in the order that they were described in,
 * the system's own first. Values live as long as `arena` and what `described` borrows. */
void statement__system_table_read(const struct system_table *table, const struct described *described,
                                  struct arena *arena,
                                  void (*visit)(void *context, const struct value *values), void *context);

/* The tokens of the one node: evenly apart from the least on, so that no range of them wraps around. Of the n-th, below SYSTEM_TOKENS. */
int64_t statement__system_token(size_t n);

#endif
