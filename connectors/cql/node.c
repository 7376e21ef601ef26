#include "node.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/memory.h"
#include "base/random.h"
#include "executor.h"

enum {
    NODE_DOORS_MAX = 2, /* plain, and with TLS */
};

struct cql_node {
    uint8_t host_id[CQL_UUID_BYTES];
    uint8_t paging_key[SHA256_BYTES];
    uint8_t schema_version[CQL_UUID_BYTES]; /* when there was no change yet */
    _Atomic uint64_t schema_changes;
    pthread_mutex_t mutex; /* of the doors */
    struct cql_door *doors[NODE_DOORS_MAX];
};

static void uuid_mark(uint8_t uuid[CQL_UUID_BYTES])
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | 0x40);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

struct cql_node *cql_node_create(struct bytes secret)
{
    uint8_t digest[SHA256_BYTES];
    struct cql_node *node = memory_create(sizeof(*node));
    crypto_hmac_sha256(secret, bytes_of_text("host id"), digest);
    memcpy(node->host_id, digest, sizeof(node->host_id));
    uuid_mark(node->host_id);
    crypto_hmac_sha256(secret, bytes_of_text("paging states"), node->paging_key);
    random_secret(node->schema_version, sizeof(node->schema_version));
    (void)pthread_mutex_init(&node->mutex, NULL);
    return node;
}

void cql_node_destroy(struct cql_node **node)
{
    struct cql_node *gone = *node;
    *node = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < NODE_DOORS_MAX; i++) {
        CHECK(gone->doors[i] == NULL);
    }
    (void)pthread_mutex_destroy(&gone->mutex);
    memory_destroy(gone);
}

void cql__node_host_id(const struct cql_node *node, uint8_t ret_id[CQL_UUID_BYTES])
{
    memcpy(ret_id, node->host_id, CQL_UUID_BYTES);
}

void cql__node_paging_key(const struct cql_node *node, uint8_t ret_key[SHA256_BYTES])
{
    memcpy(ret_key, node->paging_key, SHA256_BYTES);
}

void cql__node_schema_version(struct cql_node *node, uint8_t ret_version[CQL_UUID_BYTES])
{
    uint64_t changes = atomic_load(&node->schema_changes);
    memcpy(ret_version, node->schema_version, CQL_UUID_BYTES);
    bytes_put_u64(ret_version, bytes_get_u64(ret_version) + (changes << 16)); /* before the version's bits */
    uuid_mark(ret_version);
}

void cql__node_schema_changed(struct cql_node *node)
{
    (void)atomic_fetch_add(&node->schema_changes, 1);
}

/* Puts `to` where `from` was. */
static void node_replace(struct cql_node *node, const struct cql_door *from, struct cql_door *to)
{
    size_t i = 0;
    (void)pthread_mutex_lock(&node->mutex);
    while (i < NODE_DOORS_MAX && node->doors[i] != from) {
        i++;
    }
    CHECK(i < NODE_DOORS_MAX);
    node->doors[i] = to;
    (void)pthread_mutex_unlock(&node->mutex);
}

void cql__node_join(struct cql_node *node, struct cql_door *door)
{
    node_replace(node, NULL, door);
}

void cql__node_leave(struct cql_node *node, struct cql_door *door)
{
    node_replace(node, door, NULL);
}

void cql__node_tell(struct cql_node *node, const struct cql_door *from,
                    const struct cql_schema_change *change)
{
    (void)pthread_mutex_lock(&node->mutex);
    for (size_t i = 0; i < NODE_DOORS_MAX; i++) {
        if (node->doors[i] != NULL && node->doors[i] != from) {
            cql_door_notify(node->doors[i], change);
        }
    }
    (void)pthread_mutex_unlock(&node->mutex);
}
