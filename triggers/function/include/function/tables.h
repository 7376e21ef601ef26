/* The system tables of the trigger floor. Their ids are fixed for ever. */
#ifndef FUNCTION_TABLES_H
#define FUNCTION_TABLES_H

#include "catalog/catalog.h"

enum {
    TABLE_FUNCTIONS = 10, /* system.functions: (name, version) → modules, memory, deadline */
    TABLE_MAPPINGS = 11,  /* system.mappings: name → function, table, batch, filter, state */
    TABLE_CURSORS = 12,   /* system.cursors: name of a mapping → next LSN */
    TABLE_PARKED = 13, /* system.parked: (mapping, LSN) → the records that failed, and why: dead letters */
};

/* Before the store opens. */
void function_register_tables(struct catalog *catalog);

#endif
