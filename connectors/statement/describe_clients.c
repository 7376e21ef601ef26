/* Who is connected, as system_views.clients of Cassandra 4.1 tells it. */
#include <stdlib.h>

#include "cql/clients.h"
#include "cql/notation.h"
#include "select.h"

static int compare_clients(const void *a, const void *b)
{
    const struct described_client *left = a;
    const struct described_client *right = b;
    int order = bytes_compare(left->address, right->address);
    return order != 0 ? order : (left->port > right->port) - (left->port < right->port);
}

/* Names that come twice count once, as they were said last. */
static void describe_options(struct bytes options, struct arena *arena, struct described_client *client)
{
    struct notation notation;
    cql_notation_init(&notation, options, client->version == 0 ? 3 : (uint8_t)client->version);
    size_t count = options.size == 0 ? 0 : cql_read_count(&notation, 4);
    struct described_pair *pairs = arena_create_array(arena, count, sizeof(*pairs));
    size_t kept = 0;
    for (size_t i = 0; i < count && !notation.failed; i++) {
        struct described_pair pair = {.name = cql_read_string(&notation)};
        pair.value = cql_read_string(&notation);
        size_t at = 0;
        while (at < kept && !bytes_equal(pairs[at].name, pair.name)) {
            at++;
        }
        pairs[at] = pair;
        kept += at == kept;
        if (bytes_are_word(pair.name, "DRIVER_NAME")) {
            client->driver_name = pair.value;
        } else if (bytes_are_word(pair.name, "DRIVER_VERSION")) {
            client->driver_version = pair.value;
        }
    }
    client->options = (struct described_pairs){.at = pairs, .count = kept};
}

void statement__describe_clients(struct exec_call *call, struct described *described)
{
    static const char *const stages[] = {[CQL_CLIENT_ESTABLISHING] = "establishing",
                                         [CQL_CLIENT_AUTHENTICATING] = "authenticating",
                                         [CQL_CLIENT_READY] = "ready"};
    struct cql_doors *doors = call->exec->node->doors;
    struct arena *arena = call->arena;
    size_t count = 0;
    const struct cql_client *clients = doors == NULL ? NULL : cql_clients_list(doors, arena, &count);
    struct described_client *list = arena_create_array(arena, count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        const struct cql_client *client = &clients[i];
        list[i] =
            (struct described_client){.address = bytes_of(client->remote.host, client->remote.host_bytes),
                                      .port = client->remote.port,
                                      .stage = stages[client->stage],
                                      .version = client->version,
                                      .tls_protocol = client->tls_protocol,
                                      .tls_cipher = client->tls_cipher,
                                      .requests = (int64_t)client->requests,
                                      .user = client->principal};
        describe_options(client->options, arena, &list[i]);
    }
    if (count > 0) {
        qsort(list, count, sizeof(*list), compare_clients);
    }
    described->clients = list;
    described->clients_count = count;
}
