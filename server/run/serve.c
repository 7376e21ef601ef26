/* `oxbow serve`: opens everything from the lowest floor up, serves, closes from the top down. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "catalog/catalog.h"
#include "configuration.h"
#include "doors.h"
#include "dynamodb/dynamodb.h"
#include "environment/environment.h"
#include "evaluate/evaluate.h"
#include "feed/feed.h"
#include "fold/fold.h"
#include "gate/gate.h"
#include "gate/readers.h"
#include "host/host.h"
#include "http/http.h"
#include "identity/identity.h"
#include "job/job.h"
#include "local/local.h"
#include "native/native.h"
#include "native/topics.h"
#include "pool/pool.h"
#include "role/role.h"
#include "run_private.h"
#include "statement/tables.h"
#include "watch.h"

enum {
    SERVE_CLOCK_MS = 5000, /* between two looks whether a doubted clock is synchronized */
};

struct server {
    struct configuration configuration;
    struct database database;
    struct catalog *catalog;
    struct environment *environment;
    struct environment_point point;
    struct log *log;
    struct fold *fold;
    struct jobs *jobs;
    struct launcher *launcher;
    struct pool *pool;
    struct host *host;
    struct evaluator *evaluator;
    struct feed *feed;
    struct gate *gate;
    struct gate_readers *readers;
    struct identity *identity;
    struct roles *roles;
    struct native_door *native;
    struct topics *topics;
    struct http_door *http;
    struct dynamodb_transfer *transfer;
    struct doors *doors;
    atomic_bool keeps_all;                /* no history goes for its age */
    struct diagnostic_rate clock_unnoted; /* told now and then */
    struct watch *watch;
    int signals;
};

/* Thread: the checkpoint's. */
static enum status server_log_sync(void *context, uint64_t lsn, struct error *error)
{
    struct server *server = context;
    return server->log == NULL ? STATUS_OK : log_sync(server->log, lsn, error);
}

static void server_checkpointed(void *context, const struct environment_point *older,
                                const struct environment_point *newer)
{
    struct server *server = context;
    (void)newer;
    if (server->log != NULL && !atomic_load(&server->keeps_all)) {
        log_trim_allow(server->log, older->lsn);
    }
}

/* Thread: the log's own. */
static void server_log_failed(void *context, enum status status, const struct error *error)
{
    (void)context;
    if (status == STATUS_CORRUPT || status == STATUS_IO) {
        diagnostic_fatal("log", "%s", error->text);
    }
    diagnostic_write(DIAGNOSTIC_WARNING, "log", "%s", error->text);
}

static void server_key_add(void *context, uint32_t space, struct bytes key)
{
    segment_key_add(context, space, key);
}

static enum status server_record_keys(void *context, const struct record *record,
                                      struct segment_key_sink *sink, struct error *error)
{
    return fold_record_keys(context, record, server_key_add, sink, error);
}

static void server_committed(void *context, uint64_t lsn)
{
    struct server *server = context;
    if (server->feed != NULL) {
        feed_committed(server->feed, lsn);
    }
}

static enum status server_open_store(struct server *server, struct error *error)
{
    struct environment_options options = {
        .directory = server->database.store_directory,
        .map_bytes = server->configuration.map_bytes,
        .checkpoint_bytes = server->configuration.checkpoint_bytes,
        .checkpoint_interval_us = (int64_t)server->configuration.checkpoint_ms * 1000,
        .memtable_bytes = server->configuration.memtable_bytes,
        .log_sync = server_log_sync,
        .on_checkpoint = server_checkpointed,
        .context = server,
    };
    memcpy(options.database, server->database.identity.database, sizeof(options.database));
    return environment_open(&options, &server->environment, &server->point, error);
}

static enum status server_open_log(struct server *server, struct error *error)
{
    struct local_options options = {
        .directory = server->database.log_directory,
        .identity = server->database.identity,
        .segment_bytes = (uint32_t)server->configuration.segment_bytes,
        .retention_us = (int64_t)server->configuration.retention_hours * 3600 * 1000000,
        .log_bytes_max = server->configuration.log_bytes_max,
        .checkpointed_lsn = server->point.lsn,
        .keys = {.visit = server_record_keys, .context = server->catalog},
        .clock = clock_system(),
        .on_failure = server_log_failed,
        .context = server,
    };
    return local_open(&options, &server->log, error);
}

static enum status server_open_fold(struct server *server, struct error *error)
{
    struct fold_options options = {
        .environment = server->environment,
        .point = server->point,
        .log = server->log,
        .catalog = server->catalog,
        .clock = clock_system(),
        .accepts_clock = server->configuration.accepts_clock,
        .doubts_clock = server->database.doubts_clock,
        .on_commit = server_committed,
        .context = server,
    };
    return fold_open(&options, &server->fold, error);
}

/* A clock that is doubted makes no history old, and is so still after a restart. */
static void server_judge_clock(struct server *server)
{
    struct error error;
    bool doubts = fold_doubts_clock(server->fold);
    atomic_store(&server->keeps_all, doubts);
    if (database_note_clock(&server->database, doubts, &error) != STATUS_OK) {
        diagnostic_write_rarely(&server->clock_unnoted, DIAGNOSTIC_WARNING, "serve",
                                "whether the clock is doubted will not be known at the next start: %s",
                                error.text);
    }
}

static enum status server_open_host(struct server *server, struct error *error)
{
    server->pool = pool_create(server->launcher);
    struct host_options options = {.gate = server->gate, .feed = server->feed, .pool = server->pool};
    enum status status = host_open(&options, &server->host, error);
    return status == STATUS_OK ? evaluate_open(server->pool, &server->evaluator, error) : status;
}

static enum status server_open_jobs(struct server *server, struct error *error)
{
    struct jobs_options options = {.catalog = server->catalog,
                                   .environment = server->environment,
                                   .log = server->log,
                                   .fold = server->fold,
                                   .clock = clock_system(),
                                   .sweep_ms = (int64_t)server->configuration.sweep_ms};
    return jobs_open(&options, &server->jobs, error);
}

static enum status server_open_transfer(struct server *server, struct error *error)
{
    struct dynamodb_transfer_options options = {.directory = server->configuration.dynamodb_transfer,
                                                .gate = server->gate,
                                                .feed = server->feed};
    return options.directory[0] == '\0' ? STATUS_OK
                                        : dynamodb_transfer_open(&options, &server->transfer, error);
}

static enum status server_open_identity(struct server *server, struct error *error)
{
    struct identity_facts facts;
    struct identity_options options = {.environment = server->environment,
                                       .key_file = server->configuration.key_file,
                                       .data_directory = server->configuration.data};
    enum status status = identity_open(&options, &server->identity, error);
    if (status != STATUS_OK) {
        return status;
    }
    identity_facts_read(server->identity, &facts);
    if (facts.has_made_key_file) {
        diagnostic_write(
            DIAGNOSTIC_INFO, "serve",
            "made the key file %s; without it no secret can be read: keep it, apart from backups",
            options.key_file);
    }
    if (facts.sealed > 0) {
        diagnostic_write(DIAGNOSTIC_WARNING, "serve",
                         "%zu access keys are refused: their secrets are sealed, and there is no --key-file",
                         facts.sealed);
    }
    return STATUS_OK;
}

/* Roles count when the CQL door asks for passwords; then somebody has to be able to make others. */
static enum status server_open_roles(struct server *server, struct error *error)
{
    struct configuration *configuration = &server->configuration;
    const char *mode = configuration->cql_authentication;
    struct roles_options options = {.environment = server->environment, .identity = server->identity};
    struct role_facts facts;
    bool is_password = strcmp(mode, "password") == 0;
    if (!is_password && strcmp(mode, "off") != 0 && strcmp(mode, "sigv4") != 0) {
        return error_set(error, STATUS_INVALID, "--cql-authentication must be off, password or sigv4, not %s",
                         mode);
    }
    enum status status = role_open(&options, &server->roles, error);
    if (status == STATUS_OK && configuration->cql_superuser[0] != '\0') {
        status = superuser_make(configuration->cql_superuser, server->roles, server->gate, error);
    }
    if (status != STATUS_OK || !is_password) {
        return status;
    }
    role_facts_read(server->roles, &facts);
    if (facts.superusers == 0) {
        return error_set(
            error, STATUS_INVALID,
            "--cql-authentication password needs a superuser, and there is none that could log in: "
            "name one with --cql-superuser FILE, and a --key-file for its password");
    }
    if (facts.sealed > 0) {
        diagnostic_write(DIAGNOSTIC_WARNING, "serve",
                         "%zu roles cannot log in: their passwords were sealed with another --key-file",
                         facts.sealed);
    }
    return STATUS_OK;
}

static enum status server_open_doors(struct server *server, struct error *error)
{
    enum status status = server_open_transfer(server, error);
    struct doors_options doors = {.configuration = &server->configuration,
                                  .database = &server->database.identity,
                                  .gate = server->gate,
                                  .readers = server->readers,
                                  .feed = server->feed,
                                  .evaluator = server->evaluator,
                                  .identity = server->identity,
                                  .roles = server->roles,
                                  .transfer = server->transfer};
    if (status == STATUS_OK) {
        status = doors_open(&doors, &server->doors, error);
    }
    struct topics_options topics = {.endpoint = configuration_endpoint(&server->configuration, DOOR_TOPICS),
                                    .gate = server->gate,
                                    .feed = server->feed,
                                    .timeline = server->database.identity.timeline};
    if (status == STATUS_OK && configuration_has_door(&server->configuration, DOOR_TOPICS)) {
        status = topics_open(&topics, &server->topics, error);
    }
    if (status != STATUS_OK || !configuration_has_door(&server->configuration, DOOR_NATIVE)) {
        return status;
    }
    struct native_door_options options = {.endpoint =
                                              configuration_endpoint(&server->configuration, DOOR_NATIVE),
                                          .gate = server->gate,
                                          .readers = server->readers,
                                          .feed = server->feed,
                                          .host = server->host,
                                          .identity = server->identity,
                                          .health = watch_health,
                                          .health_context = server->watch};
    return native_door_open(&options, &server->native, error);
}

/* First of all, so that recovery can be watched. */
static enum status server_open_http(struct server *server, struct error *error)
{
    struct http_door_options options = {.endpoint = configuration_endpoint(&server->configuration, DOOR_HTTP),
                                        .health = watch_health,
                                        .context = server->watch};
    return configuration_has_door(&server->configuration, DOOR_HTTP)
               ? http_door_open(&options, &server->http, error)
               : STATUS_OK;
}

static enum status server_open(struct server *server, struct error *error)
{
    enum status status = database_open(&server->configuration, &server->database, error);
    server->watch = watch_create(&server->configuration);
    if (status == STATUS_OK) {
        status = server_open_http(server, error);
    }
    server->catalog = catalog_create();
    jobs_register_tables(server->catalog);
    host_register_tables(server->catalog);
    identity_register_tables(server->catalog);
    role_register_tables(server->catalog);
    cql_register_tables(server->catalog);
    if (status == STATUS_OK) {
        status = server_open_store(server, error);
    }
    if (status == STATUS_OK) {
        status = server_open_log(server, error);
    }
    if (status == STATUS_OK) {
        status = server_open_fold(server, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    server_judge_clock(server);
    local_seal_start(server->log); /* the catalog is complete now */
    struct gate_options options = {.catalog = server->catalog,
                                   .environment = server->environment,
                                   .fold = server->fold,
                                   .log = server->log,
                                   .clock = clock_system()};
    server->feed = feed_create(server->log, server->catalog);
    server->gate = gate_create(&options);
    status = gate_readers_open(server->gate, &server->readers, error);
    if (status == STATUS_OK) {
        status = environment_checkpoint_start(server->environment, error);
    }
    if (status == STATUS_OK) {
        status = server_open_jobs(server, error);
    }
    if (status == STATUS_OK) {
        status = server_open_identity(server, error);
    }
    if (status == STATUS_OK) {
        status = server_open_host(server, error);
    }
    if (status == STATUS_OK) {
        status = server_open_roles(server, error);
    }
    if (status == STATUS_OK) {
        watch_serve(server->watch, &(struct watch_objects){.gate = server->gate,
                                                           .environment = server->environment,
                                                           .log = server->log,
                                                           .host = server->host,
                                                           .pool = server->pool});
        status = server_open_doors(server, error);
    }
    return status;
}

static void server_close(struct server *server)
{
    struct error error;
    if (server->watch != NULL) {
        watch_stop(server->watch);
    }
    host_stop(server->host);
    gate_readers_stop(server->readers); /* refuses what waits; as the next do, it answers */
    evaluate_stop(server->evaluator);
    jobs_close(&server->jobs);
    role_stop(server->roles); /* answers the logins that wait, so the doors can still pass it on */
    dynamodb_transfer_stop(server->transfer); /* its thread writes */
    fold_stop(server->fold);                  /* answers what waits, so the doors can still pass it on */
    native_door_close(&server->native);
    topics_close(&server->topics);
    http_door_close(&server->http);
    doors_close(&server->doors);
    host_close(&server->host);
    evaluate_close(&server->evaluator);
    dynamodb_transfer_close(&server->transfer);
    fold_close(&server->fold); /* the doors could submit until now */
    if (server->feed != NULL && environment_checkpoint_now(server->environment, &error) != STATUS_OK) {
        diagnostic_write(DIAGNOSTIC_WARNING, "serve", "no last checkpoint: %s", error.text);
    }
    role_close(&server->roles);
    identity_close(&server->identity);
    gate_readers_close(&server->readers);
    gate_destroy(&server->gate);
    feed_destroy(&server->feed);
    environment_close(&server->environment);
    log_close(&server->log);
    catalog_destroy(&server->catalog);
    database_close(&server->database);
    pool_destroy(&server->pool);
    launcher_stop(&server->launcher);
    watch_destroy(&server->watch);
    configuration_reset(&server->configuration);
}

/* Blocks the signals that end the server or make it read its settings, so that they are read instead; before any thread starts. */
static int serve_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void server_reload(struct server *server, int count, char **arguments)
{
    struct configuration *configuration = &server->configuration;
    watch_lock(server->watch);
    configuration_reload(configuration, count, arguments);
    watch_unlock(server->watch);
    local_limits_set(server->log, configuration->log_bytes_max,
                     (int64_t)configuration->retention_hours * 3600 * 1000000);
    doors_reload(server->doors);
    fold_accept_clock(server->fold, configuration->accepts_clock);
}

/* Waits for a signal; a clock that is doubted is looked at meanwhile, and what could not be noted of it is noted. */
static void serve_poll(struct server *server)
{
    struct pollfd signals = {.fd = server->signals, .events = POLLIN};
    int result = 0;
    while (result == 0) {
        server_judge_clock(server);
        bool looks_again = atomic_load(&server->keeps_all) || server->database.doubts_clock;
        result = poll(&signals, 1, looks_again ? SERVE_CLOCK_MS : -1);
    }
}

/* Returns when the server is to end. */
static void serve_wait(struct server *server, int count, char **arguments)
{
    struct signalfd_siginfo info = {0};
    for (;;) {
        serve_poll(server);
        ssize_t size = read(server->signals, &info, sizeof(info));
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size != (ssize_t)sizeof(info) || info.ssi_signo != SIGHUP) {
            break;
        }
        server_reload(server, count, arguments);
    }
    notify_systemd("STOPPING=1");
}

/* `--check-configuration`. */
static int serve_check(struct server *server)
{
    struct error error;
    enum status status = configuration_check(&server->configuration, &error);
    if (status == STATUS_OK) {
        configuration_print(&server->configuration);
    } else {
        (void)fprintf(stderr, "oxbow serve: %s\n", error.text);
    }
    configuration_reset(&server->configuration);
    return status == STATUS_OK ? 0 : 2;
}

static int serve_failed(enum status status, const struct error *error)
{
    (void)fprintf(stderr, "oxbow serve: %s\n", error->text);
    return status == STATUS_INVALID ? 2 : 1;
}

/* The one line on standard output. */
static void serve_say_ready(const struct server *server)
{
    (void)printf("ready native=%s http=%s topics=%s dynamodb=%s dynamodb-tls=%s cql=%s cql-tls=%s data=%s\n",
                 server->native == NULL ? "off" : native_door_address(server->native),
                 server->http == NULL ? "off" : http_door_address(server->http),
                 server->topics == NULL ? "off" : topics_address(server->topics),
                 doors_address(server->doors, DOOR_DYNAMODB), doors_address(server->doors, DOOR_DYNAMODB_TLS),
                 doors_address(server->doors, DOOR_CQL), doors_address(server->doors, DOOR_CQL_TLS),
                 server->configuration.data);
}

int serve(int count, char **arguments)
{
    struct server server = {.database = {.lock = FILE_CLOSED}};
    struct error error;
    enum status status = configuration_read(&server.configuration, count, arguments, &error);
    if (status == STATUS_OK && server.configuration.is_help) {
        configuration_help();
        configuration_reset(&server.configuration);
        return 0;
    }
    if (status == STATUS_OK && server.configuration.checks) {
        return serve_check(&server);
    }
    if (status == STATUS_OK) {
        configuration_apply(&server.configuration);
        status = launcher_start(NULL, &server.launcher, &error); /* before anything is open */
    }
    if (status == STATUS_OK) {
        run__watch_raise_descriptors();
        server.signals = serve_signals();
        status = server_open(&server, &error);
    }
    if (status == STATUS_OK) {
        serve_say_ready(&server);
        (void)fflush(stdout);
        notify_systemd("READY=1");
        serve_wait(&server, count, arguments);
    }
    server_close(&server);
    return status == STATUS_OK ? 0 : serve_failed(status, &error);
}
