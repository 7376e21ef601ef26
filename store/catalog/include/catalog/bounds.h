/* Limits of the catalog. */
#ifndef CATALOG_BOUNDS_H
#define CATALOG_BOUNDS_H

enum {
    CATALOG_TABLES_MAX = 10000, /* tables that exist at a time; over it: STATUS_TOO_LARGE */
    CATALOG_TABLE_FIRST = 100,  /* ids of users' tables begin here; lower ones are the system's */
};

#endif
