/* A door with an executor that answers by what a statement's text says, and a client that speaks the protocol to it.
 *
 * "void" · "rows": one of a column, the request's keyspace and principal · "wide": LARGE_BYTES · "USE ks" · "create": a
 * schema change · "fail": Invalid · "warn": void with warnings and payload · "hold": answered by the next "release", the
 * last first · "thread": answered from another thread · "SELECT …": like "rows", with what was bound. */
#ifndef UNIT_CQL_TALK_H
#define UNIT_CQL_TALK_H

#include <stdatomic.h>

#include "base/memory.h"
#include "base/thread.h"
#include "compress.h"
#include "cql/executor.h"
#include "envelope.h"
#include "hex.h"
#include "segment.h"
#include "support/client.h"

enum {
    LARGE_BYTES = 700 * 1000,
    HELD_MAX = 5000,
};

struct fake {
    struct cql_executor executor;
    struct cql_door *door;
    struct cql_request *held[HELD_MAX];
    size_t held_count;
    struct thread *thread;
    struct cql_request *waiting; /* of the thread */
    atomic_size_t prepared;
    atomic_size_t destroyed;
    atomic_size_t handled;
    atomic_bool is_stale;   /* what is prepared is no longer current */
    atomic_bool is_altered; /* results have another column than was told */
    uint8_t *large;
};

static const struct type fake_text = {.kind = TYPE_TEXT};
static const struct type fake_int = {.kind = TYPE_INT};

static inline void fake_rows(struct cql_request **request, struct bytes cell,
                             const struct cql_column_spec *columns)
{
    struct buffer cells = {0};
    struct cql_metadata metadata = {.columns = columns, .count = 1};
    cql_put_bytes(&cells, cell);
    struct cql_answer answer = {.kind = CQL_ANSWER_ROWS,
                                .rows = {.metadata = &metadata, .count = 1, .cells = buffer_bytes(&cells)}};
    cql_request_answer(request, &answer);
    buffer_reset(&cells);
}

static inline void fake_echo(struct cql_request *request)
{
    static const struct cql_column_spec columns[] = {
        {{(const uint8_t *)"ks", 2}, {(const uint8_t *)"t", 1}, {(const uint8_t *)"v", 1}, &fake_text}};
    char *text = arena_format(request->arena, "%.*s/%.*s", (int)request->keyspace.size,
                              (const char *)request->keyspace.data, (int)request->principal.size,
                              (const char *)request->principal.data);
    fake_rows(&request, bytes_of_text(text), columns);
}

/* What a prepared statement is: its text, and the result that was told. */
struct fake_statement {
    struct fake *fake;
    char *text;
    struct cql_column_spec variable;
    struct cql_column_spec result;
    uint16_t key;
};

static inline void fake_prepare(struct fake *fake, struct cql_request *request)
{
    struct fake_statement *statement = memory_create(sizeof(*statement));
    struct bytes text = request->message->statements[0].text;
    struct cql_answer answer = {.kind = CQL_ANSWER_PREPARED};
    statement->fake = fake;
    statement->text = memory_create(text.size + 1);
    memcpy(statement->text, text.data, text.size);
    statement->variable =
        (struct cql_column_spec){bytes_of_text("ks"), bytes_of_text("t"), bytes_of_text("k"), &fake_int};
    statement->result =
        (struct cql_column_spec){bytes_of_text("ks"), bytes_of_text("t"),
                                 bytes_of_text(atomic_load(&fake->is_altered) ? "w" : "v"), &fake_text};
    answer.prepared.statement = statement;
    answer.prepared.told.variables = (struct cql_metadata){&statement->variable, 1};
    answer.prepared.told.result = (struct cql_metadata){&statement->result, 1};
    answer.prepared.told.key_markers = &statement->key;
    answer.prepared.told.key_markers_count = 1;
    atomic_fetch_add(&fake->prepared, 1);
    cql_request_answer(&request, &answer);
}

static inline void fake_run_prepared(struct fake *fake, struct cql_request *request)
{
    static const struct cql_column_spec altered[] = {
        {{(const uint8_t *)"ks", 2}, {(const uint8_t *)"t", 1}, {(const uint8_t *)"w", 1}, &fake_text}};
    const struct cql_query *bound = &request->message->statements[0];
    struct fake_statement *statement = bound->prepared;
    char *text = arena_format(request->arena, "%s %zu %.*s", statement->text, bound->values_count,
                              (int)bound->values[0].bytes.size, (const char *)bound->values[0].bytes.data);
    bool is_told = !atomic_load(&fake->is_altered) || statement->result.name.data[0] == 'w';
    fake_rows(&request, bytes_of_text(text), is_told ? &statement->result : altered);
}

static inline void fake_thread_run(void *context)
{
    struct fake *fake = context;
    cql_request_resume(fake->waiting, fake_echo);
}

static inline void fake_release(struct fake *fake, struct cql_request *request)
{
    struct cql_answer answer = {.kind = CQL_ANSWER_VOID};
    while (fake->held_count > 0) {
        struct cql_request *held = fake->held[--fake->held_count];
        cql_request_answer(&held, &answer);
    }
    cql_request_answer(&request, &answer);
}

static inline void fake_warn(struct cql_request *request)
{
    const struct bytes warnings[] = {bytes_of_text("careful")};
    struct cql_answer answer = {.kind = CQL_ANSWER_VOID,
                                .warnings = warnings,
                                .warnings_count = 1,
                                .payload = request->message->payload};
    cql_request_answer(&request, &answer);
}

static inline void fake_query(struct fake *fake, struct cql_request *request)
{
    struct error error;
    struct cql_answer answer = {.kind = CQL_ANSWER_VOID};
    const char *text = arena_copy_text(request->arena, request->message->statements[0].text);
    if (strcmp(text, "rows") == 0) {
        fake_echo(request);
    } else if (strcmp(text, "wide") == 0) {
        static const struct cql_column_spec columns[] = {
            {{(const uint8_t *)"ks", 2}, {(const uint8_t *)"t", 1}, {(const uint8_t *)"v", 1}, &fake_text}};
        fake_rows(&request, bytes_of(fake->large, LARGE_BYTES), columns);
    } else if (strncmp(text, "USE ", 4) == 0) {
        answer.kind = CQL_ANSWER_KEYSPACE;
        answer.keyspace = bytes_of_text(text + 4);
        cql_request_answer(&request, &answer);
    } else if (strcmp(text, "create") == 0) {
        answer.kind = CQL_ANSWER_SCHEMA_CHANGE;
        answer.change = (struct cql_schema_change){.change = "CREATED",
                                                   .target = "TABLE",
                                                   .keyspace = bytes_of_text("ks"),
                                                   .name = bytes_of_text("t")};
        cql_request_answer(&request, &answer);
    } else if (strcmp(text, "fail") == 0) {
        cql_request_fail(&request, CQL_INVALID, "no %s", "way");
    } else if (strcmp(text, "warn") == 0) {
        fake_warn(request);
    } else if (strcmp(text, "hold") == 0) {
        assert_true(fake->held_count < HELD_MAX);
        fake->held[fake->held_count++] = request;
    } else if (strcmp(text, "release") == 0) {
        fake_release(fake, request);
    } else if (strcmp(text, "thread") == 0) {
        thread_join(&fake->thread);
        fake->waiting = request;
        assert_ok(thread_create("fake", fake_thread_run, fake, &fake->thread, &error), error);
    } else {
        cql_request_answer(&request, &answer);
    }
}

static inline void fake_execute(void *context, struct cql_request *request)
{
    struct fake *fake = context;
    struct cql_answer answer = {.kind = CQL_ANSWER_VOID};
    atomic_fetch_add(&fake->handled, 1);
    switch ((int)request->message->opcode) {
    case OPCODE_PREPARE:
        fake_prepare(fake, request);
        break;
    case OPCODE_EXECUTE:
        fake_run_prepared(fake, request);
        break;
    case OPCODE_BATCH:
        for (size_t i = 0; i < request->message->statements_count; i++) {
            const struct cql_query *statement = &request->message->statements[i];
            assert_true(statement->is_prepared == (statement->prepared != NULL));
        }
        cql_request_answer(&request, &answer);
        break;
    default:
        fake_query(fake, request);
        break;
    }
}

static inline bool fake_is_current(void *context, const void *statement)
{
    struct fake *fake = context;
    (void)statement;
    return !atomic_load(&fake->is_stale);
}

static inline void fake_destroy(void *statement)
{
    struct fake_statement *gone = statement;
    atomic_fetch_add(&gone->fake->destroyed, 1);
    memory_destroy(gone->text);
    memory_destroy(gone);
}

static inline void fake_open(struct fake *fake, struct cql_door_options options)
{
    struct error error;
    *fake = (struct fake){.large = memory_create(LARGE_BYTES)};
    memset(fake->large, 'L', LARGE_BYTES);
    fake->executor = (struct cql_executor){.execute = fake_execute,
                                           .is_current = fake_is_current,
                                           .destroy = fake_destroy,
                                           .context = fake};
    options.endpoint.address = "127.0.0.1:0";
    options.endpoint.flag = "--cql";
    options.executor = &fake->executor;
    assert_ok(cql_door_open(&options, &fake->door, &error), error);
}

static inline void fake_close(struct fake *fake)
{
    thread_join(&fake->thread);
    cql_door_close(&fake->door);
    assert_int_equal(atomic_load(&fake->prepared), atomic_load(&fake->destroyed));
    memory_destroy(fake->large);
}

/* --- the client ------------------------------------------------------------------------------------------------- */

struct talk {
    int connection;
    uint8_t version;
    enum cql_compression compression;
    bool is_framed;
    struct arena arena;
    struct buffer plain; /* received envelopes of segments, not used yet */
};

struct said {
    uint8_t version;
    uint8_t flags;
    int16_t stream;
    uint8_t opcode;
    struct bytes body;
};

static inline void talk_open(struct talk *talk, const struct fake *fake, uint8_t version)
{
    *talk = (struct talk){.connection = client_connect(cql_door_address(fake->door)), .version = version};
}

static inline void talk_close(struct talk *talk)
{
    assert_int_equal(close(talk->connection), 0);
    buffer_reset(&talk->plain);
    arena_reset(&talk->arena);
}

/* An envelope, in a segment where it belongs. */
static inline struct bytes talk_request(struct talk *talk, uint8_t flags, int stream, uint8_t opcode,
                                        struct bytes body)
{
    struct buffer envelope = {0};
    struct buffer wire = {0};
    buffer_put_u8(&envelope, talk->version);
    buffer_put_u8(&envelope, flags);
    buffer_put_u16(&envelope, (uint16_t)stream);
    buffer_put_u8(&envelope, opcode);
    buffer_put_u32(&envelope, (uint32_t)body.size);
    buffer_put(&envelope, body);
    if (talk->is_framed) {
        cql__segment_write(buffer_bytes(&envelope), talk->compression == CQL_LZ4, &wire);
    } else {
        buffer_put(&wire, buffer_bytes(&envelope));
    }
    struct bytes copy = arena_copy(&talk->arena, buffer_bytes(&wire));
    buffer_reset(&envelope);
    buffer_reset(&wire);
    return copy;
}

static inline void talk_send(struct talk *talk, uint8_t flags, int stream, uint8_t opcode, const char *body)
{
    client_send(talk->connection, talk_request(talk, flags, stream, opcode, hex(&talk->arena, body)));
}

/* QUERY without values at consistency ONE. */
static inline void talk_query(struct talk *talk, int stream, const char *text)
{
    const char *flags = talk->version >= 5 ? "00000000" : "00";
    talk_send(talk, 0, stream, OPCODE_QUERY,
              arena_format(&talk->arena, "%08zx '%s' 0001 %s", strlen(text), text, flags));
}

static inline void talk_read_segment(struct talk *talk)
{
    struct buffer wire = {0};
    struct error error;
    bool is_self_contained = false;
    size_t used = 0;
    size_t head = talk->compression == CQL_LZ4 ? 8 : 6;
    client_receive(talk->connection, &wire, head);
    size_t size = (wire.data[0] | (size_t)wire.data[1] << 8 | (size_t)wire.data[2] << 16) & 0x1FFFF;
    client_receive(talk->connection, &wire, head + size + 4);
    assert_int_equal(cql__segment_read(buffer_bytes(&wire), talk->compression == CQL_LZ4, &talk->plain,
                                       &is_self_contained, &used, &error),
                     SEGMENT_WHOLE);
    assert_int_equal(used, wire.size);
    buffer_reset(&wire);
}

static inline struct bytes talk_read(struct talk *talk, size_t size)
{
    struct bytes result = {0};
    if (talk->is_framed) {
        while (talk->plain.size < size) {
            talk_read_segment(talk);
        }
        result = arena_copy(&talk->arena, bytes_of(talk->plain.data, size));
        talk->plain.size -= size;
        memmove(talk->plain.data, talk->plain.data + size, talk->plain.size);
        return result;
    }
    struct buffer wire = {0};
    client_receive(talk->connection, &wire, size);
    result = arena_copy(&talk->arena, buffer_bytes(&wire));
    buffer_reset(&wire);
    return result;
}

static inline struct said talk_hear(struct talk *talk)
{
    struct said said = {0};
    struct error error;
    struct bytes head = talk_read(talk, ENVELOPE_HEADER_BYTES);
    said.version = head.data[0];
    said.flags = head.data[1];
    said.stream = (int16_t)bytes_get_u16(head.data + 2);
    said.opcode = head.data[4];
    said.body = talk_read(talk, bytes_get_u32(head.data + 5));
    if ((said.flags & ENVELOPE_COMPRESSED) != 0) {
        assert_ok(cql__decompress(talk->compression, said.body, 1 << 24, &talk->arena, &said.body, &error),
                  error);
    }
    return said;
}

static inline void talk_expect(struct talk *talk, int stream, uint8_t opcode, const char *body)
{
    struct said said = talk_hear(talk);
    assert_int_equal(said.version, talk->version | 0x80);
    assert_int_equal(said.stream, stream);
    assert_int_equal(said.opcode, opcode);
    assert_hex(said.body, body);
}

/* An error with that code, whose text holds that. */
static inline void talk_expect_error(struct talk *talk, int stream, unsigned code, const char *text)
{
    struct said said = talk_hear(talk);
    assert_int_equal(said.opcode, OPCODE_ERROR);
    assert_int_equal(said.stream, stream);
    assert_int_equal(bytes_get_u32(said.body.data), code);
    if (strstr(arena_copy_text(&talk->arena, bytes_from(said.body, 6)), text) == NULL) {
        fail_msg("it says: %.*s", (int)said.body.size - 6, (const char *)said.body.data + 6);
    }
}

static inline void talk_expect_end(struct talk *talk)
{
    struct buffer text = {0};
    client_receive_all(talk->connection, &text);
    assert_int_equal(text.size, 0);
    buffer_reset(&text);
}

static inline void talk_begin(struct talk *talk, const struct fake *fake, uint8_t version,
                              enum cql_compression compression)
{
    static const char *const maps[] = {
        [CQL_PLAIN] = "0001 000b 'CQL_VERSION' 0005 '3.0.0'",
        [CQL_LZ4] = "0002 000b 'CQL_VERSION' 0005 '3.0.0' 000b 'COMPRESSION' 0003 'lz4'",
        [CQL_SNAPPY] = "0002 000b 'CQL_VERSION' 0005 '3.0.0' 000b 'COMPRESSION' 0006 'snappy'"};
    talk_open(talk, fake, version);
    talk_send(talk, 0, 0, OPCODE_STARTUP, maps[compression]);
    talk->compression = compression;
}

/* Up to READY. */
static inline void talk_ready(struct talk *talk, const struct fake *fake, uint8_t version,
                              enum cql_compression compression)
{
    talk_begin(talk, fake, version, compression);
    talk_expect(talk, 0, OPCODE_READY, "");
    talk->is_framed = version >= 5;
}

#endif
