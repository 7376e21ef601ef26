#include "doors.h"

#include <pthread.h>

#include "base/memory.h"
#include "cql/bounds.h"
#include "cql/executor.h"
#include "net/bounds.h"

enum {
    DOORS_MAX = 2 * (1 + NET_FOLLOWERS_MAX), /* plain, and with TLS */
};

struct cql_doors {
    pthread_mutex_t mutex;
    struct cql_door *at[DOORS_MAX];  /* NULL: nobody is there */
    struct prepared_cache *prepared; /* NULL: there was no door yet */
    struct clients *clients;
};

struct cql_doors *cql_doors_create(void)
{
    struct cql_doors *doors = memory_create(sizeof(*doors));
    (void)pthread_mutex_init(&doors->mutex, NULL);
    doors->clients = cql__clients_create();
    return doors;
}

void cql_doors_destroy(struct cql_doors **doors)
{
    struct cql_doors *gone = *doors;
    *doors = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < DOORS_MAX; i++) {
        CHECK(gone->at[i] == NULL);
    }
    cql__prepared_destroy(&gone->prepared);
    cql__clients_destroy(&gone->clients);
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

struct clients *cql__doors_clients(const struct cql_doors *doors)
{
    return doors->clients;
}

struct cql_client *cql_clients_list(struct cql_doors *doors, struct arena *arena, size_t *ret_count)
{
    return cql__clients_list(doors->clients, arena, ret_count);
}

struct prepared_cache *cql__doors_prepared(struct cql_doors *doors, void (*destroy)(void *statement))
{
    (void)pthread_mutex_lock(&doors->mutex);
    if (doors->prepared == NULL) {
        doors->prepared = cql__prepared_create(CQL_PREPARED_MAX, CQL_PREPARED_BYTES_MAX, destroy);
    }
    struct prepared_cache *prepared = doors->prepared;
    (void)pthread_mutex_unlock(&doors->mutex);
    return prepared;
}

/* Puts `to` where `from` was. */
static void doors_replace(struct cql_doors *doors, const struct cql_door *from, struct cql_door *to)
{
    size_t i = 0;
    (void)pthread_mutex_lock(&doors->mutex);
    while (i < DOORS_MAX && doors->at[i] != from) {
        i++;
    }
    CHECK(i < DOORS_MAX);
    doors->at[i] = to;
    (void)pthread_mutex_unlock(&doors->mutex);
}

void cql__doors_join(struct cql_doors *doors, struct cql_door *door)
{
    doors_replace(doors, NULL, door);
}

void cql__doors_leave(struct cql_doors *doors, struct cql_door *door)
{
    doors_replace(doors, door, NULL);
}

void cql__doors_tell(struct cql_doors *doors, const struct cql_door *from,
                     const struct cql_schema_change *change)
{
    (void)pthread_mutex_lock(&doors->mutex);
    for (size_t i = 0; i < DOORS_MAX; i++) {
        if (doors->at[i] != NULL && doors->at[i] != from) {
            cql_door_notify(doors->at[i], change);
        }
    }
    (void)pthread_mutex_unlock(&doors->mutex);
}
