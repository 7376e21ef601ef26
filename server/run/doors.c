#include "doors.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/diagnostic.h"
#include "base/memory.h"
#include "cql/cql.h"
#include "cql/doors.h"
#include "dynamodb/dynamodb.h"
#include "log/log.h"
#include "net/bounds.h"
#include "statement/exec.h"

enum {
    THREADS_MAX = 1 + NET_FOLLOWERS_MAX,
};

/* A thread of a CQL door, with what executes its statements. */
struct cql_thread {
    struct exec *exec;
    struct cql_door *door;
};

/* Of each door the thread that listens comes first. */
struct doors {
    struct doors_options options;
    struct dynamodb_doors *dynamodb_doors;
    struct dynamodb_door *dynamodb[2][THREADS_MAX]; /* plain, and with TLS */
    struct cql_node cql_node;
    struct cql_doors *cql_doors;
    struct cql_thread cql[2][THREADS_MAX];
};

static void database_secret(const struct doors *doors, const char *of_what, uint8_t ret_secret[SHA256_BYTES])
{
    /* Nobody outside learns the database's id, so what is made from it cannot be guessed. */
    const struct log_identity *database = doors->options.database;
    crypto_hmac_sha256(bytes_of(database->database, sizeof(database->database)), bytes_of_text(of_what),
                       ret_secret);
}

static enum status open_dynamodb(struct doors *doors, enum door door, struct error *error)
{
    const struct configuration *configuration = doors->options.configuration;
    bool is_tls = door == DOOR_DYNAMODB_TLS;
    enum status status = STATUS_OK;
    struct dynamodb_door_options options = {
        .endpoint = configuration_endpoint(configuration, door),
        .doors = doors->dynamodb_doors,
        .gate = doors->options.gate,
        .readers = doors->options.readers,
        .feed = doors->options.feed,
        .identity = doors->options.identity,
        .timeline = doors->options.database->timeline,
        .transfer = doors->options.transfer,
        .stream_shards = configuration->dynamodb_stream_shards,
        .throttles = configuration->dynamodb_throttles,
        .delay_ms = configuration->dynamodb_delay_ms,
        .conflict_percent = configuration->dynamodb_conflict_percent,
    };
    database_secret(doors, "shard iterators", options.secret);
    for (uint64_t i = 0; i < configuration->door_threads && status == STATUS_OK; i++) {
        options.leader = doors->dynamodb[is_tls][0]; /* NULL for the first */
        status = dynamodb_door_open(&options, &doors->dynamodb[is_tls][i], error);
    }
    return status;
}

static enum status open_cql(struct doors *doors, enum door door, struct error *error)
{
    const struct configuration *configuration = doors->options.configuration;
    bool is_tls = door == DOOR_CQL_TLS;
    enum status status = STATUS_OK;
    struct cql_door_options options = {
        .endpoint = configuration_endpoint(configuration, door),
        .broadcast = configuration->cql_broadcast[0] == '\0' ? NULL : configuration->cql_broadcast,
        .doors = doors->cql_doors,
        .gate = doors->options.gate,
        .identity = doors->options.identity,
        .roles = doors->cql_node.authorizes ? doors->options.roles : NULL,
        .requires_login = strcmp(configuration->cql_authentication, "off") != 0,
    };
    for (uint64_t i = 0; i < configuration->door_threads && status == STATUS_OK; i++) {
        struct cql_thread *thread = &doors->cql[is_tls][i];
        status = exec_open(doors->options.gate, doors->options.readers, doors->options.evaluator,
                           &doors->cql_node, &thread->exec, error);
        if (status == STATUS_OK) {
            options.executor = exec_executor(thread->exec);
            options.leader = doors->cql[is_tls][0].door;
            status = cql_door_open(&options, &thread->door, error);
        }
    }
    return status;
}

/* Opens a door that is asked for, if it may be where it is to be. */
static enum status open_wanted(struct doors *doors, enum door door,
                               enum status (*open)(struct doors *doors, enum door door, struct error *error),
                               struct error *error)
{
    const struct configuration *configuration = doors->options.configuration;
    enum status status = configuration_endpoint_check(configuration, door, error);
    return status == STATUS_OK && configuration_has_door(configuration, door) ? open(doors, door, error)
                                                                              : status;
}

enum status doors_open(const struct doors_options *options, struct doors **ret_doors, struct error *error)
{
    struct doors *doors = memory_create(sizeof(*doors));
    enum status status = STATUS_OK;
    doors->options = *options;
    doors->dynamodb_doors = dynamodb_doors_create();
    doors->cql_doors = cql_doors_create();
    doors->cql_node = (struct cql_node){
        .started_s = clock_wall_us(clock_system()) / 1000000,
        .doors = doors->cql_doors,
        .roles = options->roles,
        .authorizes = strcmp(options->configuration->cql_authentication, "password") == 0,
    };
    database_secret(doors, "cql", doors->cql_node.secret);
    cql_node_open(&doors->cql_node);
    *ret_doors = doors;
    for (int is_tls = 0; is_tls < 2 && status == STATUS_OK; is_tls++) {
        status = open_wanted(doors, is_tls ? DOOR_DYNAMODB_TLS : DOOR_DYNAMODB, open_dynamodb, error);
    }
    for (int is_tls = 0; is_tls < 2 && status == STATUS_OK; is_tls++) {
        status = open_wanted(doors, is_tls ? DOOR_CQL_TLS : DOOR_CQL, open_cql, error);
    }
    return status;
}

/* The thread that listens ends first. */
void doors_close(struct doors **doors)
{
    struct doors *gone = *doors;
    *doors = NULL;
    if (gone == NULL) {
        return;
    }
    cql_node_stop(&gone->cql_node);
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < THREADS_MAX; i++) {
            dynamodb_door_close(&gone->dynamodb[kind][i]);
        }
        for (size_t i = 0; i < THREADS_MAX; i++) {
            cql_door_close(&gone->cql[kind][i].door);
            exec_close(&gone->cql[kind][i].exec);
        }
    }
    cql_node_close(&gone->cql_node);
    cql_doors_destroy(&gone->cql_doors);
    dynamodb_doors_destroy(&gone->dynamodb_doors);
    memory_destroy(gone);
}

void doors_reload(struct doors *doors)
{
    struct error error;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < THREADS_MAX && status == STATUS_OK; i++) {
        struct dynamodb_door *dynamodb = doors->dynamodb[1][i];
        struct cql_door *cql = doors->cql[1][i].door;
        status = dynamodb == NULL ? STATUS_OK : dynamodb_door_reload(dynamodb, &error);
        if (status == STATUS_OK && cql != NULL) {
            status = cql_door_reload(cql, &error);
        }
    }
    if (status != STATUS_OK) {
        diagnostic_write(DIAGNOSTIC_ERROR, "serve", "the certificate stays as it was: %s", error.text);
    }
}

const char *doors_address(const struct doors *doors, enum door door)
{
    bool is_tls = door == DOOR_DYNAMODB_TLS || door == DOOR_CQL_TLS;
    const struct dynamodb_door *dynamodb = doors->dynamodb[is_tls][0];
    const struct cql_door *cql = doors->cql[is_tls][0].door;
    if (door == DOOR_DYNAMODB || door == DOOR_DYNAMODB_TLS) {
        return dynamodb == NULL ? "off" : dynamodb_door_address(dynamodb);
    }
    return cql == NULL ? "off" : cql_door_address(cql);
}
