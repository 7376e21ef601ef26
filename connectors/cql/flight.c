#include "flight.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "cql/bounds.h"
#include "door.h"
#include "measure.h"

/* --- memory ----------------------------------------------------------------------------------------------------- */

struct flight *cql__flight_create(struct session *session, const struct envelope *envelope)
{
    struct flight_pool *pool = &session->door->flights;
    struct flight *flight = pool->first;
    struct arena arena = {0};
    if (flight != NULL) {
        pool->first = flight->next;
        pool->count--;
        arena = flight->arena;
    } else {
        flight = memory_create(sizeof(*flight));
    }
    *flight = (struct flight){.arena = arena,
                              .session = session,
                              .version = session->version == 0 ? envelope->version : session->version,
                              .stream = envelope->stream};
    flight->message.opcode = envelope->opcode;
    flight->request.began_us = clock_steady_us(clock_system());
    return flight;
}

void cql__flight_destroy(struct flight **flight)
{
    struct flight *gone = *flight;
    struct cql_door *door = gone->session->door;
    struct flight_pool *pool = &door->flights;
    *flight = NULL;
    door->bodies_bytes -= gone->body_bytes;
    for (size_t i = 0; gone->entries != NULL && i < gone->message.statements_count; i++) {
        cql__prepared_release(door->prepared, &gone->entries[i]);
    }
    if (pool->count == CQL_FLIGHTS_KEPT || gone->arena.total > CQL_BUFFER_BYTES_KEPT) {
        arena_reset(&gone->arena);
        memory_destroy(gone);
        return;
    }
    arena_clear(&gone->arena);
    gone->next = pool->first;
    pool->first = gone;
    pool->count++;
}

void cql__flight_pool_reset(struct flight_pool *pool)
{
    while (pool->first != NULL) {
        struct flight *gone = pool->first;
        pool->first = gone->next;
        arena_reset(&gone->arena);
        memory_destroy(gone);
    }
    pool->count = 0;
}

struct flight *cql__flight_of(struct cql_request *request)
{
    return (struct flight *)((char *)request - offsetof(struct flight, request));
}

/* A timeuuid of now (RFC 4122 section 4.1.2): 100 ns since 1582-10-15, and a random node. */
static void timeuuid_make(uint8_t ret_uuid[CQL_UUID_BYTES])
{
    uint64_t ticks = (uint64_t)clock_wall_us(clock_system()) * 10 + 0x01B21DD213814000;
    random_secret(ret_uuid + 8, 8);
    bytes_put_u32(ret_uuid, (uint32_t)ticks);
    bytes_put_u16(ret_uuid + 4, (uint16_t)(ticks >> 32));
    bytes_put_u16(ret_uuid + 6, (uint16_t)((ticks >> 48 & 0x0FFF) | 0x1000));
    ret_uuid[8] = (uint8_t)((ret_uuid[8] & 0x3F) | 0x80);
    ret_uuid[10] |= 1; /* no network card's address */
}

void cql__flight_trace(struct flight *flight)
{
    flight->request.is_traced = true;
    timeuuid_make(flight->request.tracing_id);
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

struct reply_head cql__flight_head(const struct flight *flight)
{
    return (struct reply_head){.version = flight->version,
                               .stream = flight->stream,
                               .tracing_id = flight->request.is_traced ? flight->request.tracing_id : NULL};
}

static void flight_put_failure(struct flight *flight, const struct reply_head *head,
                               const struct cql_failure *failure)
{
    struct cql_failure told = *failure;
    if (told.code == CQL_UNPREPARED && told.id.size == 0) {
        told.id = flight->message.statements[0].id;
    }
    cql__reply_error(&flight->session->door->scratch, head, &told);
    flight->has_failed = true;
    flight->failed = told.code;
}

void cql__flight_refuse(struct flight **flight, enum cql_code code, const char *text)
{
    struct reply_head head = cql__flight_head(*flight);
    struct cql_failure failure = {.code = code, .message = bytes_of_text(text)};
    flight_put_failure(*flight, &head, &failure);
    cql__session_send((*flight)->session);
    cql__measure_request(*flight);
    cql__flight_destroy(flight);
}

/* A client that prepared the statement knows its metadata, unless they changed since. In v5 it tells which it knows. Before
 * that nobody can: where other ones were ever told under this id, it may be those that the client goes by. */
static void flight_put_rows(struct flight *flight, const struct reply_head *head, const struct cql_rows *rows)
{
    bool skips = flight->message.parameters.skips_metadata;
    const uint8_t *new_id = NULL;
    uint8_t id[CQL_ID_BYTES];
    if (flight->message.opcode == OPCODE_EXECUTE) {
        const struct cql_prepared *told = &flight->entries[0]->told;
        bool is_same = rows->metadata->columns == told->result.columns;
        if (is_same) {
            memcpy(id, told->result_id, sizeof(id));
        } else {
            cql__metadata_identify(rows->metadata, id);
            is_same = memcmp(id, told->result_id, sizeof(id)) == 0;
        }
        if (flight->version >= 5) {
            is_same = bytes_equal(flight->message.result_metadata_id, bytes_of(id, sizeof(id)));
        } else {
            is_same = is_same && !flight->entries[0]->was_otherwise;
        }
        skips = skips && is_same;
        new_id = is_same ? NULL : id;
    }
    cql__reply_rows(&flight->session->door->scratch, head, rows, skips, new_id);
}

/* The id of the statement that is to be prepared. */
static void flight_identify(const struct flight *flight, bool is_qualified, uint8_t ret_id[CQL_ID_BYTES])
{
    cql_statement_identify(is_qualified ? (struct bytes){0} : flight->request.keyspace,
                           flight->message.statements[0].text, ret_id);
}

static void put_hex(struct buffer *buffer, struct bytes id)
{
    for (size_t i = 0; i < id.size && i < CQL_ID_BYTES; i++) {
        buffer_put_format(buffer, "%02x", id.data[i]);
    }
}

/* Names without a keyspace mean those of the keyspace in use: a connection is told once that they better had one (CASSANDRA-17248). */
static void flight_warn_of_use(struct flight *flight, const struct cql_prepared *told,
                               struct reply_head *head)
{
    struct bytes keyspace = flight->request.keyspace;
    struct buffer id = {0};
    if (told->is_qualified || flight->session->is_warned_of_use) {
        return;
    }
    flight->session->is_warned_of_use = true;
    keyspace = keyspace.size > 0 ? keyspace : bytes_of_text("null");
    put_hex(&id, bytes_of(told->id, CQL_ID_BYTES));
    struct bytes *warnings = arena_create_array(&flight->arena, head->warnings_count + 1, sizeof(*warnings));
    for (size_t i = 0; i < head->warnings_count; i++) {
        warnings[i] = head->warnings[i];
    }
    warnings[head->warnings_count++] = bytes_of_text(arena_format(
        &flight->arena,
        "`USE <keyspace>` with prepared statements is considered to be an anti-pattern due to ambiguity in "
        "non-qualified table names. Please consider removing instances of `Session#setKeyspace(<keyspace>)`, "
        "`Session#execute(\"USE <keyspace>\")` and `cluster.newSession(<keyspace>)` from your code, and "
        "always "
        "use fully qualified table names (e.g. <keyspace>.<table>). Keyspace used: %.*s, statement keyspace: "
        "%.*s, statement id: %.*s",
        (int)keyspace.size, (const char *)keyspace.data, (int)keyspace.size, (const char *)keyspace.data,
        (int)id.size, (const char *)id.data));
    head->warnings = warnings;
    buffer_reset(&id);
}

static void flight_put_prepared(struct flight *flight, struct reply_head head,
                                const struct cql_answer *answer)
{
    struct cql_door *door = flight->session->door;
    struct cql_prepared told = answer->prepared.told;
    CHECK(flight->message.opcode == OPCODE_PREPARE);
    flight_identify(flight, told.is_qualified, told.id);
    cql__metadata_identify(&told.result, told.result_id);
    struct prepared_entry *entry =
        cql__prepared_put(door->prepared, &told, flight->message.statements[0].text.size,
                          answer->prepared.statement);
    flight_warn_of_use(flight, &told, &head);
    cql__reply_prepared(&door->scratch, &head, &entry->told);
    cql__prepared_release(door->prepared, &entry);
}

static void flight_put(struct flight *flight, const struct reply_head *head, const struct cql_answer *answer)
{
    struct session *session = flight->session;
    struct buffer *scratch = &session->door->scratch;
    switch (answer->kind) {
    case CQL_ANSWER_ROWS:
        flight_put_rows(flight, head, &answer->rows);
        break;
    case CQL_ANSWER_KEYSPACE:
        buffer_clear(&session->keyspace);
        buffer_put(&session->keyspace, answer->keyspace);
        cql__reply_keyspace(scratch, head, answer->keyspace);
        break;
    case CQL_ANSWER_SCHEMA_CHANGE:
        cql__reply_schema_change(scratch, head, &answer->change);
        break;
    case CQL_ANSWER_PREPARED:
        flight_put_prepared(flight, *head, answer);
        break;
    case CQL_ANSWER_FAILURE:
        flight_put_failure(flight, head, &answer->failure);
        break;
    case CQL_ANSWER_VOID:
    default:
        cql__reply_void(scratch, head);
        break;
    }
}

void cql_request_answer(struct cql_request **request, const struct cql_answer *answer)
{
    struct flight *flight = cql__flight_of(*request);
    struct session *session = flight->session;
    struct cql_door *door = session->door;
    struct reply_head head = cql__flight_head(flight);
    *request = NULL;
    head.warnings = answer->warnings;
    head.warnings_count = answer->warnings_count;
    head.payload = answer->payload;
    flight_put(flight, &head, answer);
    cql__session_send(session);
    cql__measure_request(flight);
    if (answer->kind == CQL_ANSWER_SCHEMA_CHANGE) {
        cql__door_tell(door, &answer->change);
        if (door->options.doors != NULL) {
            cql__doors_tell(door->options.doors, door, &answer->change);
        }
    }
    cql__flight_destroy(&flight);
    cql__session_landed(session);
}

bool cql_request_has_client(const struct cql_request *request)
{
    const struct flight *flight =
        (const struct flight *)((const char *)request - offsetof(struct flight, request));
    return flight->session->stream != NULL;
}

const char *cql_request_broadcast(const struct cql_request *request)
{
    return request->door->options.broadcast;
}

void cql_request_fail(struct cql_request **request, enum cql_code code, const char *format, ...)
{
    char text[ERROR_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct cql_answer answer = {.kind = CQL_ANSWER_FAILURE,
                                .failure = {.code = code, .message = bytes_of_text(text)}};
    cql_request_answer(request, &answer);
}

static void flight_resumed(struct stream_task *task)
{
    struct flight *flight = (struct flight *)task;
    flight->resume(&flight->request);
}

void cql_request_resume(struct cql_request *request, void (*resume)(struct cql_request *request))
{
    struct flight *flight = cql__flight_of(request);
    flight->resume = resume;
    flight->task.run = flight_resumed;
    stream_server_post(request->door->server, &flight->task);
}

/* --- handing over ----------------------------------------------------------------------------------------------- */

static bool entry_is_current(const struct cql_door *door, const struct prepared_entry *entry)
{
    const struct cql_executor *executor = door->options.executor;
    return executor->is_current == NULL || executor->is_current(executor->context, entry->statement);
}

/* Finds the prepared statements that the message names. False, with the first that is not there or not current. */
static bool flight_find_prepared(struct flight *flight, const struct cql_query **ret_missing)
{
    struct cql_message *message = &flight->message;
    struct cql_door *door = flight->session->door;
    flight->entries =
        arena_create_array(&flight->arena, message->statements_count, sizeof(struct prepared_entry *));
    for (size_t i = 0; i < message->statements_count; i++) {
        struct cql_query *statement = &message->statements[i];
        if (!statement->is_prepared) {
            continue;
        }
        flight->entries[i] = cql__prepared_take(door->prepared, statement->id);
        if (flight->entries[i] == NULL || !entry_is_current(door, flight->entries[i])) {
            *ret_missing = statement;
            return false;
        }
        statement->prepared = flight->entries[i]->statement;
    }
    return true;
}

static void flight_refuse_unprepared(struct flight **flight, const struct cql_query *missing)
{
    struct flight *refused = *flight;
    struct reply_head head = cql__flight_head(refused);
    struct buffer text = {0};
    buffer_put_text(&text, "Prepared query with ID ");
    put_hex(&text, missing->id);
    buffer_put_text(&text,
                    " not found (either the query was not prepared on this host (maybe the host has been "
                    "restarted?) or you have prepared too many queries and it has been evicted from the "
                    "internal cache)");
    struct cql_failure failure = {.code = CQL_UNPREPARED, .message = buffer_bytes(&text), .id = missing->id};
    flight_put_failure(refused, &head, &failure);
    cql__session_send(refused->session);
    cql__measure_request(refused);
    buffer_reset(&text);
    cql__flight_destroy(flight);
}

/* What was prepared with this text, in any keyspace or in the one in use; NULL: nothing. */
static struct prepared_entry *flight_take_prepared(const struct flight *asking, bool is_qualified)
{
    uint8_t id[CQL_ID_BYTES];
    struct prepared_cache *cache = asking->session->door->prepared;
    flight_identify(asking, is_qualified, id);
    struct prepared_entry *entry = cql__prepared_take(cache, bytes_of(id, CQL_ID_BYTES));
    if (entry != NULL && entry->told.is_qualified != is_qualified) {
        cql__prepared_release(cache, &entry);
    }
    return entry;
}

/* Answers a PREPARE whose statement is there. */
static bool flight_answer_prepared(struct flight **flight)
{
    struct flight *asking = *flight;
    struct cql_door *door = asking->session->door;
    struct prepared_entry *entry = flight_take_prepared(asking, true);
    if (entry == NULL) {
        entry = flight_take_prepared(asking, false);
    }
    bool is_there = entry != NULL && entry_is_current(door, entry);
    if (is_there) {
        struct reply_head head = cql__flight_head(asking);
        cql__reply_prepared(&door->scratch, &head, &entry->told);
        cql__session_send(asking->session);
        cql__measure_request(asking);
        cql__flight_destroy(flight);
    }
    cql__prepared_release(door->prepared, &entry);
    return is_there;
}

void cql__flight_execute(struct flight **flight)
{
    struct flight *leaving = *flight;
    struct session *session = leaving->session;
    struct cql_request *request = &leaving->request;
    const struct cql_executor *executor = session->door->options.executor;
    const struct cql_query *missing = NULL;
    struct bytes keyspace = leaving->message.parameters.keyspace;
    request->message = &leaving->message;
    request->arena = &leaving->arena;
    request->door = session->door;
    request->version = leaving->version;
    request->keyspace =
        keyspace.size > 0 ? keyspace : arena_copy(&leaving->arena, buffer_bytes(&session->keyspace));
    request->principal = buffer_bytes(&session->principal);
    request->driver_name = buffer_bytes(&session->driver_name);
    request->driver_version = buffer_bytes(&session->driver_version);
    request->local = session->local;
    request->remote = session->remote;
    if (!flight_find_prepared(leaving, &missing)) {
        flight_refuse_unprepared(flight, missing);
        return;
    }
    if (leaving->message.opcode == OPCODE_PREPARE && flight_answer_prepared(flight)) {
        return;
    }
    *flight = NULL;
    session->in_flight++;
    executor->execute(executor->context, request);
}
