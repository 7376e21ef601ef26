/* The connections of a server's doors, for whoever asks who is there. Each is told of by its session. Thread: any. */
#ifndef CQL_CLIENTS_PRIVATE_H
#define CQL_CLIENTS_PRIVATE_H

#include "cql/clients.h"

struct clients;
struct client;

struct clients *cql__clients_create(void);
void cql__clients_destroy(struct clients **clients);

struct client *cql__client_create(struct clients *clients, const struct stream_address *remote);
void cql__client_destroy(struct clients *clients, struct client **client); /* accepts a pointer to NULL */
/* STARTUP was taken: `facts` has version, stage, TLS and options. */
void cql__client_started(struct clients *clients, struct client *client, const struct cql_client *facts);
void cql__client_ready(struct clients *clients, struct client *client, struct bytes principal);
void cql__client_requested(struct client *client);

struct cql_client *cql__clients_list(struct clients *clients, struct arena *arena, size_t *ret_count);

#endif
