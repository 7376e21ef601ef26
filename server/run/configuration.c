/* Settings of `oxbow serve`. One table names each with its flag, environment variable, default and help. */
#include "configuration.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "environment/bounds.h"
#include "gate/bounds.h"
#include "job/bounds.h"
#include "net/bounds.h"
#include "segment/bounds.h"

#define SETTING_AT(member) offsetof(struct configuration, member)

static const struct setting settings[] = {
    {"data", SETTING_TEXT, SETTING_AT(data), "", 0, 0,
     "directory of the database; made when it is not there"},
    {"native", SETTING_TEXT, SETTING_AT(native), "127.0.0.1:7770", 0, 0,
     "where the native door listens, ADDRESS:PORT or off"},
    {"topics", SETTING_TEXT, SETTING_AT(topics), "127.0.0.1:7771", 0, 0,
     "where changes are published to plain ZeroMQ SUB sockets, ADDRESS:PORT or off"},
    {"http", SETTING_TEXT, SETTING_AT(http), "localhost:8080", 0, 0,
     "where health and metrics are, ADDRESS:PORT or off; loopback only"},
    {"dynamodb", SETTING_TEXT, SETTING_AT(dynamodb), "localhost:8000", 0, 0,
     "where AWS SDKs find DynamoDB and DynamoDB Streams, ADDRESS:PORT or off; loopback only"},
    {"dynamodb-tls", SETTING_TEXT, SETTING_AT(dynamodb_tls), "off", 0, 0,
     "the same with TLS, beyond loopback with a --key-file; needs --tls-certificate and --tls-key"},
    {"cql", SETTING_TEXT, SETTING_AT(cql), "localhost:9042", 0, 0,
     "where Cassandra drivers connect (CQL), ADDRESS:PORT or off; loopback only"},
    {"cql-tls", SETTING_TEXT, SETTING_AT(cql_tls), "off", 0, 0,
     "the same with TLS, beyond loopback with --cql-authentication; needs --tls-certificate and --tls-key"},
    {"cql-broadcast", SETTING_TEXT, SETTING_AT(cql_broadcast), "", 0, 0,
     "ADDRESS:PORT that drivers are told to connect to, when it is not where they did"},
    {"cql-authentication", SETTING_TEXT, SETTING_AT(cql_authentication), "off", 0, 0,
     "who may come in by CQL: off (anybody), password (roles, with permissions) or sigv4 (access keys)"},
    {"cql-superuser", SETTING_TEXT, SETTING_AT(cql_superuser), "", 0, 0,
     "file with NAME:PASSWORD of a superuser to be made when there is none of that name"},
    {"door-threads", SETTING_NUMBER, SETTING_AT(door_threads), "1", 1, 1 + NET_FOLLOWERS_MAX,
     "threads of each of the doors DynamoDB and CQL; clients are spread over them"},
    {"tls-certificate", SETTING_TEXT, SETTING_AT(tls_certificate), "", 0, 0,
     "PEM file with the server's certificate, then its chain"},
    {"tls-key", SETTING_TEXT, SETTING_AT(tls_key), "", 0, 0, "PEM file with its private key"},
    {"dynamodb-transfer", SETTING_TEXT, SETTING_AT(dynamodb_transfer), "", 0, 0,
     "directory that stands for S3 in exports and imports; its sub-directories are the buckets"},
    {"dynamodb-stream-shards", SETTING_NUMBER, SETTING_AT(dynamodb_stream_shards), "1", 1, 16,
     "shards that a stream has when it is enabled"},
    {"dynamodb-throttle", SETTING_BOOLEAN, SETTING_AT(dynamodb_throttles), "false", 0, 0,
     "enforce the provisioned throughput of tables that have it"},
    {"dynamodb-delay-ms", SETTING_NUMBER, SETTING_AT(dynamodb_delay_ms), "0", 0, 600000,
     "time that a table stays CREATING, UPDATING or DELETING, for tests of clients"},
    {"dynamodb-conflict-percent", SETTING_NUMBER, SETTING_AT(dynamodb_conflict_percent), "0", 0, 100,
     "transactions to be answered with TransactionConflict, for tests of clients"},
    {"key-file", SETTING_TEXT, SETTING_AT(key_file), "", 0, 0,
     "file with the key that seals secrets, outside of --data; made when it is not there"},
    {"config", SETTING_TEXT, SETTING_AT(file), "", 0, 0,
     "file with lines `name = value`; # begins a comment"},
    {"segment-bytes", SETTING_NUMBER, SETTING_AT(segment_bytes), "67108864", SEGMENT_BYTES_MIN,
     SEGMENT_BYTES_MAX, "size of a segment of the log"},
    {"map-bytes", SETTING_NUMBER, SETTING_AT(map_bytes), "68719476736", 16ULL << 20, 1ULL << 40,
     "most bytes the store may have"},
    {"log-bytes-max", SETTING_NUMBER, SETTING_AT(log_bytes_max), "0", 0, UINT64_MAX,
     "most bytes the log may have, 0 for no limit; writes are refused beyond it"},
    {"retention-hours", SETTING_NUMBER, SETTING_AT(retention_hours), "840", 1, 840, "history that is kept"},
    {"checkpoint-ms", SETTING_NUMBER, SETTING_AT(checkpoint_ms), "1500", 10, 60000,
     "time between checkpoints"},
    {"checkpoint-bytes", SETTING_NUMBER, SETTING_AT(checkpoint_bytes), "268435456", 65536, 1ULL << 40,
     "bytes of pages after which a checkpoint is made in any case"},
    {"memtable-bytes", SETTING_NUMBER, SETTING_AT(memtable_bytes), "33554432", ENVIRONMENT_MEMTABLE_BYTES_MIN,
     1ULL << 30,
     "bytes of changes after which those in memory go to the store in any case; three times as much is held "
     "at most"},
    {"sweep-ms", SETTING_NUMBER, SETTING_AT(sweep_ms), "1000", JOB_SWEEP_MS_MIN, JOB_SWEEP_MS_MAX,
     "time between two looks for expired items"},
    {"accept-clock", SETTING_BOOLEAN, SETTING_AT(accepts_clock), "false", 0, 0,
     "vouch for the wall clock although it is far from the last commit"},
    {"diagnostics", SETTING_CHOICE, SETTING_AT(diagnostics), "text", 0, 0,
     "form of the lines on standard error: text, or json for one object a line"},
    {"diagnostics-level", SETTING_CHOICE, SETTING_AT(diagnostics_level), "info", 0, 0,
     "what is written there: debug, info, warning or error, and what is worse"},
    {"slow-ms", SETTING_NUMBER, SETTING_AT(slow_ms), "1000", 0, GATE_SLOW_MS_MAX,
     "requests that take longer are told in the diagnostics, 0 for none"},
    {"check-configuration", SETTING_BOOLEAN, SETTING_AT(checks), "false", 0, 0,
     "only say whether the settings are sound, and what they are"},
};

const char *const *setting_choices(const struct setting *setting)
{
    static const char *const forms[] = {"text", "json", NULL};
    static const char *const levels[] = {"debug", "info", "warning", "error", NULL};
    CHECK(setting->kind == SETTING_CHOICE);
    return strcmp(setting->name, "diagnostics") == 0 ? forms : levels;
}

bool setting_reloads(const struct setting *setting)
{
    static const char *const names[] = {"diagnostics",   "diagnostics-level", "slow-ms",
                                        "log-bytes-max", "retention-hours",   "accept-clock"};
    bool reloads = false;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        reloads = reloads || strcmp(names[i], setting->name) == 0;
    }
    return reloads;
}

static enum status setting_set_choice(void *at, const struct setting *setting, const char *value,
                                      const char *where, struct error *error)
{
    struct buffer words = {0};
    const char *const *choices = setting_choices(setting);
    for (uint64_t i = 0; choices[i] != NULL; i++) {
        if (strcmp(choices[i], value) == 0) {
            *(uint64_t *)at = i;
            buffer_reset(&words);
            return STATUS_OK;
        }
        buffer_put_format(&words, "%s%s", i == 0 ? "" : ", ", choices[i]);
    }
    enum status status = error_set(error, STATUS_INVALID, "%s: %s must be one of %.*s", where, setting->name,
                                   (int)words.size, (const char *)words.data);
    buffer_reset(&words);
    return status;
}

static enum status setting_set(struct configuration *configuration, const struct setting *setting,
                               const char *value, const char *where, struct error *error)
{
    void *at = (char *)configuration + setting->offset;
    if (setting->kind == SETTING_TEXT) {
        memory_destroy(*(char **)at);
        *(char **)at = memory_copy_text(value);
        return STATUS_OK;
    }
    if (setting->kind == SETTING_CHOICE) {
        return setting_set_choice(at, setting, value, where, error);
    }
    if (setting->kind == SETTING_BOOLEAN) {
        *(bool *)at = strcmp(value, "true") == 0;
        return *(bool *)at || strcmp(value, "false") == 0
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID, "%s: %s must be true or false", where, setting->name);
    }
    char *end = NULL;
    unsigned long long number = strtoull(value, &end, 10);
    if (*value < '0' || *value > '9' || *end != '\0' || number < setting->least || number > setting->most) {
        bool is_named = strstr(where, setting->name) != NULL; /* a flag says its name itself */
        return error_set(error, STATUS_INVALID, "%s: %s must be a number from %llu to %llu, not %s", where,
                         is_named ? "the value" : setting->name, (unsigned long long)setting->least,
                         (unsigned long long)setting->most, value);
    }
    *(uint64_t *)at = number;
    return STATUS_OK;
}

static const struct setting *setting_find(const char *name, size_t size)
{
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        if (strlen(settings[i].name) == size && strncmp(settings[i].name, name, size) == 0) {
            return &settings[i];
        }
    }
    return NULL;
}

void configuration_reset(struct configuration *configuration)
{
    memory_destroy(configuration->data);
    memory_destroy(configuration->native);
    memory_destroy(configuration->http);
    memory_destroy(configuration->topics);
    memory_destroy(configuration->dynamodb);
    memory_destroy(configuration->dynamodb_tls);
    memory_destroy(configuration->dynamodb_transfer);
    memory_destroy(configuration->cql);
    memory_destroy(configuration->cql_tls);
    memory_destroy(configuration->cql_broadcast);
    memory_destroy(configuration->cql_authentication);
    memory_destroy(configuration->cql_superuser);
    memory_destroy(configuration->tls_certificate);
    memory_destroy(configuration->tls_key);
    memory_destroy(configuration->file);
    memory_destroy(configuration->key_file);
    *configuration = (struct configuration){0};
}

static enum status configuration_defaults(struct configuration *configuration, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_COUNT(settings) && status == STATUS_OK; i++) {
        status = setting_set(configuration, &settings[i], settings[i].standard, "defaults", error);
    }
    return status;
}

/* OXBOW_SEGMENT_BYTES for segment-bytes. */
static enum status configuration_environment(struct configuration *configuration, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_COUNT(settings) && status == STATUS_OK; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "OXBOW_%s", settings[i].name);
        for (char *at = name; *at != '\0'; at++) {
            *at = *at == '-' ? '_' : (char)((*at >= 'a' && *at <= 'z') ? *at - 'a' + 'A' : *at);
        }
        const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): nobody changes it */
        if (value != NULL) {
            status = setting_set(configuration, &settings[i], value, name, error);
        }
    }
    return status;
}

static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') {
        text++;
    }
    size_t size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t' || text[size - 1] == '\r')) {
        text[--size] = '\0';
    }
    return text;
}

/* `lines` has the numbers of the lines that set each setting so far; 0: none. */
static enum status configuration_line(struct configuration *configuration, char *line, int number,
                                      int lines[ARRAY_COUNT(settings)], struct error *error)
{
    char where[300];
    (void)snprintf(where, sizeof(where), "%.250s line %d", configuration->file, number);
    char *comment = strchr(line, '#');
    if (comment != NULL) {
        *comment = '\0';
    }
    char *name = trim(line);
    if (*name == '\0') {
        return STATUS_OK;
    }
    char *equals = strchr(name, '=');
    if (equals == NULL) {
        return error_set(error, STATUS_INVALID, "%s: a line must be `name = value`", where);
    }
    *equals = '\0';
    name = trim(name);
    const struct setting *setting = setting_find(name, strlen(name));
    if (setting == NULL || strcmp(name, "config") == 0 || strcmp(name, "check-configuration") == 0) {
        return error_set(error, STATUS_INVALID, "%s: there is no setting %s; see `oxbow serve --help`", where,
                         name);
    }
    int *before = &lines[setting - settings];
    if (*before != 0) {
        return error_set(error, STATUS_INVALID, "%s: %s is set in line %d already", where, name, *before);
    }
    *before = number;
    return setting_set(configuration, setting, trim(equals + 1), where, error);
}

static enum status configuration_file(struct configuration *configuration, struct error *error)
{
    int lines[ARRAY_COUNT(settings)] = {0};
    struct buffer content = {0};
    enum status status = file_read_whole(configuration->file, 65536, &content, error);
    buffer_put_u8(&content, 0);
    char *rest = (char *)content.data;
    for (int number = 1; status == STATUS_OK && rest != NULL && *rest != '\0'; number++) {
        char *line = rest;
        rest = strchr(rest, '\n');
        if (rest != NULL) {
            *rest++ = '\0';
        }
        status = configuration_line(configuration, line, number, lines, error);
    }
    buffer_reset(&content);
    return status;
}

/* One flag: --name VALUE, --name=VALUE, and --name alone for what is true or false. `next` is the argument after it or
 * NULL; *ret_took_next tells whether it was the value. */
static enum status configuration_flag(struct configuration *configuration, const char *flag, const char *next,
                                      bool *ret_took_next, struct error *error)
{
    const char *equals = strchr(flag, '=');
    size_t size = equals != NULL ? (size_t)(equals - flag) : strlen(flag);
    const struct setting *setting = NULL;
    if (size > 2 && strncmp(flag, "--", 2) == 0) {
        setting = setting_find(flag + 2, size - 2);
    }
    if (setting == NULL) {
        return error_set(error, STATUS_INVALID, "unknown argument %s; see `oxbow serve --help`", flag);
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && setting->kind == SETTING_BOOLEAN) {
        value = "true";
    } else if (value == NULL) {
        value = next;
        *ret_took_next = true;
    }
    return value != NULL ? setting_set(configuration, setting, value, flag, error)
                         : error_set(error, STATUS_INVALID, "%s needs a value", flag);
}

static enum status configuration_flags(struct configuration *configuration, int count, char **arguments,
                                       struct error *error)
{
    enum status status = STATUS_OK;
    for (int i = 0; i < count && status == STATUS_OK; i++) {
        bool took_next = false;
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            configuration->is_help = true;
            continue;
        }
        status = configuration_flag(configuration, arguments[i], i + 1 < count ? arguments[i + 1] : NULL,
                                    &took_next, error);
        i += took_next;
    }
    return status;
}

enum status configuration_read(struct configuration *configuration, int count, char **arguments,
                               struct error *error)
{
    enum status status = configuration_defaults(configuration, error);
    if (status == STATUS_OK) { /* a first look, for --config */
        status = configuration_environment(configuration, error);
    }
    if (status == STATUS_OK) {
        status = configuration_flags(configuration, count, arguments, error);
    }
    if (status == STATUS_OK && configuration->file[0] != '\0') {
        status = configuration_file(configuration, error);
        if (status == STATUS_OK) {
            status = configuration_environment(configuration, error);
        }
        if (status == STATUS_OK) {
            status = configuration_flags(configuration, count, arguments, error);
        }
    }
    if (status == STATUS_OK && !configuration->is_help && configuration->data[0] == '\0') {
        status = error_set(error, STATUS_INVALID, "say where the database is: oxbow serve --data DIR");
    }
    return status;
}

const struct setting *configuration_settings(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(settings);
    return settings;
}

void configuration_help(void)
{
    (void)printf(
        "usage: oxbow serve --data DIR [SETTING...]\n\n"
        "Runs the server until SIGINT or SIGTERM. One line `ready` with the addresses is printed when it\n"
        "serves. A setting is --NAME VALUE, or OXBOW_NAME in the environment, or a line of the --config\n"
        "file; flags win over the environment, the environment over the file. SIGHUP reads them again;\n"
        "those marked * change then, the others with the next start.\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        (void)printf("  --%-26s %s%s%s%s%s\n", settings[i].name, setting_reloads(&settings[i]) ? "* " : "",
                     settings[i].help, settings[i].standard[0] == '\0' ? "" : " (", settings[i].standard,
                     settings[i].standard[0] == '\0' ? "" : ")");
    }
}
