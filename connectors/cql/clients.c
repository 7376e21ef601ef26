#include "clients.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/buffer.h"
#include "base/list.h"
#include "base/memory.h"
#include "cql/bounds.h"

struct clients {
    pthread_mutex_t mutex;
    struct list list;
    size_t count;
};

struct client {
    struct list_entry among; /* the clients: as what follows, under their mutex */
    struct cql_client facts; /* its texts are the buffers' */
    struct buffer principal;
    struct buffer options;
    _Atomic uint64_t requests;
};

struct clients *cql__clients_create(void)
{
    struct clients *clients = memory_create(sizeof(*clients));
    (void)pthread_mutex_init(&clients->mutex, NULL);
    return clients;
}

void cql__clients_destroy(struct clients **clients)
{
    struct clients *gone = *clients;
    *clients = NULL;
    CHECK(gone->list.first == NULL);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

struct client *cql__client_create(struct clients *clients, const struct stream_address *remote)
{
    struct client *client = memory_create(sizeof(*client));
    client->facts.remote = *remote;
    (void)pthread_mutex_lock(&clients->mutex);
    list_add(&clients->list, &client->among, client);
    clients->count++;
    (void)pthread_mutex_unlock(&clients->mutex);
    return client;
}

void cql__client_destroy(struct clients *clients, struct client **client)
{
    struct client *gone = *client;
    *client = NULL;
    if (gone == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&clients->mutex);
    list_remove(&gone->among);
    clients->count--;
    (void)pthread_mutex_unlock(&clients->mutex);
    buffer_reset(&gone->principal);
    buffer_reset(&gone->options);
    memory_destroy(gone);
}

void cql__client_started(struct clients *clients, struct client *client, const struct cql_client *facts)
{
    (void)pthread_mutex_lock(&clients->mutex);
    client->facts.version = facts->version;
    client->facts.stage = facts->stage;
    client->facts.tls_protocol = facts->tls_protocol;
    client->facts.tls_cipher = facts->tls_cipher;
    buffer_clear(&client->options);
    if (facts->options.size <= CQL_CLIENT_OPTIONS_BYTES_MAX) {
        buffer_put(&client->options, facts->options);
    }
    (void)pthread_mutex_unlock(&clients->mutex);
}

void cql__client_ready(struct clients *clients, struct client *client, struct bytes principal)
{
    (void)pthread_mutex_lock(&clients->mutex);
    client->facts.stage = CQL_CLIENT_READY;
    buffer_clear(&client->principal);
    buffer_put(&client->principal, principal);
    (void)pthread_mutex_unlock(&clients->mutex);
}

void cql__client_requested(struct client *client)
{
    atomic_fetch_add_explicit(&client->requests, 1, memory_order_relaxed);
}

struct cql_client *cql__clients_list(struct clients *clients, struct arena *arena, size_t *ret_count)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&clients->mutex);
    struct cql_client *list = arena_create_array(arena, clients->count, sizeof(*list));
    for (const struct list_entry *at = clients->list.first; at != NULL; at = at->next) {
        struct client *client = at->object;
        list[count] = client->facts;
        list[count].principal = arena_copy(arena, buffer_bytes(&client->principal));
        list[count].options = arena_copy(arena, buffer_bytes(&client->options));
        list[count].requests = atomic_load_explicit(&client->requests, memory_order_relaxed);
        count++;
    }
    (void)pthread_mutex_unlock(&clients->mutex);
    *ret_count = count;
    return list;
}
