/* The rows of system tables under construction. */
#ifndef CQL_SYSTEM_ROWS_H
#define CQL_SYSTEM_ROWS_H

#include "system_tables.h"

struct system_rows {
    const struct system_table *table;
    const struct described *described;
    struct arena *arena;
    struct value *values; /* of the row at hand */
    void (*visit)(void *context, const struct value *values);
    void *context;
    const struct described_keyspace *ordinary; /* the system's own keyspaces, described likewise */
    size_t ordinary_count;
    const struct described_keyspace *virtual_ones;
    size_t virtual_count;
};

/* The system's own keyspaces, ordinary or virtual, described as users' are; in `arena`. */
const struct described_keyspace *statement__system_describe(struct arena *arena, bool is_virtual,
                                                            size_t *ret_count);

/* One for each table that has rows. */
void statement__rows_local(struct system_rows *rows);
void statement__rows_built_views(struct system_rows *rows);
void statement__rows_index_info(struct system_rows *rows);
void statement__rows_view_builds(struct system_rows *rows);
void statement__rows_size_estimates(struct system_rows *rows); /* table_estimates too */
void statement__rows_roles(struct system_rows *rows);
void statement__rows_role_members(struct system_rows *rows);
void statement__rows_role_permissions(struct system_rows *rows);
void statement__rows_resource_roles(struct system_rows *rows);
void statement__rows_network_permissions(struct system_rows *rows);
void statement__rows_clients(struct system_rows *rows);
void statement__rows_settings(struct system_rows *rows);
void statement__rows_sessions(struct system_rows *rows);
void statement__rows_events(struct system_rows *rows);
void statement__rows_keyspaces(struct system_rows *rows);
void statement__rows_tables(struct system_rows *rows);
void statement__rows_columns(struct system_rows *rows);
void statement__rows_dropped_columns(struct system_rows *rows);
void statement__rows_indexes(struct system_rows *rows);
void statement__rows_views(struct system_rows *rows);
void statement__rows_types(struct system_rows *rows);
void statement__rows_functions(struct system_rows *rows);
void statement__rows_aggregates(struct system_rows *rows);
void statement__rows_virtual_keyspaces(struct system_rows *rows);
void statement__rows_virtual_tables(struct system_rows *rows);
void statement__rows_virtual_columns(struct system_rows *rows);
void statement__rows_tags(struct system_rows *rows);

#endif
