/* The CQL doors of one server: each tells the clients of the others what changed, and what is prepared at one is at all. */
#ifndef CQL_DOORS_H
#define CQL_DOORS_H

struct cql_doors;

struct cql_doors *cql_doors_create(void);
/* After its doors were closed. Accepts a pointer to NULL. */
void cql_doors_destroy(struct cql_doors **doors);

#endif
