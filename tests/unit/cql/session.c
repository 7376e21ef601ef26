/* Connections: each version and compression, order, prepared statements, events, logins, and what ends one. */
#include "base/random.h"
#include "cql/bounds.h"
#include "role/role.h"
#include "talk.h"

#define ROW(text_bytes, text)                                                                                \
    "00000002 00000001 00000001 0002 'ks' 0001 't' 0001 'v' 000d 00000001 " text_bytes "'" text "'"

static const struct {
    uint8_t version;
    enum cql_compression compression;
} forms[] = {{3, CQL_PLAIN},  {3, CQL_SNAPPY}, {3, CQL_LZ4},   {4, CQL_PLAIN},
             {4, CQL_SNAPPY}, {4, CQL_LZ4},    {5, CQL_PLAIN}, {5, CQL_LZ4}};

static void test_every_form(void **state)
{
    (void)state;
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
        struct talk talk;
        talk_ready(&talk, &fake, forms[i].version, forms[i].compression);
        talk_query(&talk, 1, "rows");
        talk_expect(&talk, 1, OPCODE_RESULT, ROW("00000001", "/"));
        talk_query(&talk, 32767, "USE ks");
        talk_expect(&talk, 32767, OPCODE_RESULT, "00000003 0002 'ks'");
        talk_query(&talk, 2, "rows");
        talk_expect(&talk, 2, OPCODE_RESULT, ROW("00000003", "ks/"));
        talk_query(&talk, 3, "wide");
        struct said said = talk_hear(&talk);
        assert_int_equal(said.stream, 3);
        assert_int_equal(said.body.size, 4 + 4 + 4 + 4 + 3 + 3 + 2 + 4 + 4 + LARGE_BYTES);
        assert_int_equal((said.flags & ENVELOPE_COMPRESSED) != 0,
                         forms[i].compression != CQL_PLAIN && forms[i].version < 5);
        talk_query(&talk, 4, "fail");
        talk_expect(&talk, 4, OPCODE_ERROR, "00002200 0006 'no way'");
        talk_query(&talk, 5, "thread");
        talk_expect(&talk, 5, OPCODE_RESULT, ROW("00000003", "ks/"));
        talk_send(&talk, 0, 6, OPCODE_OPTIONS, "");
        assert_int_equal(talk_hear(&talk).opcode, OPCODE_SUPPORTED);
        talk_close(&talk);
    }
    fake_close(&fake);
}

/* As clients send them to a server that compresses; the body of a QUERY. */
static void test_compressed_requests(void **state)
{
    (void)state;
    static const enum cql_compression kinds[] = {CQL_LZ4, CQL_SNAPPY};
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct talk talk;
        struct buffer body = {0};
        struct buffer sent = {0};
        talk_ready(&talk, &fake, 4, kinds[i]);
        buffer_put_u32(&body, 1000);
        memset(buffer_extend(&body, 1000), 'x', 1000);
        buffer_put(&body, hex(&talk.arena, "0001 00"));
        assert_true(cql__compress(kinds[i], buffer_bytes(&body), &sent));
        client_send(talk.connection,
                    talk_request(&talk, ENVELOPE_COMPRESSED, 1, OPCODE_QUERY, buffer_bytes(&sent)));
        talk_expect(&talk, 1, OPCODE_RESULT, "00000001");
        sent.data[0] ^= 0x55;
        client_send(talk.connection,
                    talk_request(&talk, ENVELOPE_COMPRESSED, 2, OPCODE_QUERY, buffer_bytes(&sent)));
        talk_expect_error(&talk, 2, CQL_PROTOCOL_ERROR, "compressed body");
        talk_close(&talk);
        buffer_reset(&body);
        buffer_reset(&sent);
    }
    fake_close(&fake);
}

static void test_a_byte_at_a_time(void **state)
{
    (void)state;
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (uint8_t version = 3; version <= 5; version++) {
        struct talk talk;
        talk_ready(&talk, &fake, version, CQL_PLAIN);
        struct bytes request = talk_request(&talk, 0, 9, OPCODE_QUERY,
                                            hex(&talk.arena, version >= 5 ? "00000004 'rows' 0001 00000000"
                                                                          : "00000004 'rows' 0001 00"));
        for (size_t i = 0; i < request.size; i++) {
            client_send(talk.connection, bytes_part(request, i, 1));
            (void)usleep(1000);
        }
        talk_expect(&talk, 9, OPCODE_RESULT, ROW("00000001", "/"));
        talk_close(&talk);
    }
    fake_close(&fake);
}

/* Several envelopes in a segment, and one in many. */
static void test_envelopes_in_segments(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    struct buffer envelopes = {0};
    struct buffer wire = {0};
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 5, CQL_LZ4);
    for (int i = 0; i < 3; i++) {
        buffer_put(&envelopes, hex(&talk.arena, arena_format(&talk.arena,
                                                             "05 00 %04x 07 0000000e 00000004 'void' 0001 "
                                                             "00000000",
                                                             i)));
    }
    cql__segment_write(buffer_bytes(&envelopes), true, &wire);
    client_send(talk.connection, buffer_bytes(&wire));
    for (int i = 0; i < 3; i++) {
        talk_expect(&talk, i, OPCODE_RESULT, "00000001");
    }
    buffer_clear(&envelopes);
    buffer_put_u32(&envelopes, LARGE_BYTES);
    memset(buffer_extend(&envelopes, LARGE_BYTES), 'x', LARGE_BYTES);
    buffer_put(&envelopes, hex(&talk.arena, "0001 00000000"));
    client_send(talk.connection, talk_request(&talk, 0, 7, OPCODE_QUERY, buffer_bytes(&envelopes)));
    talk_query(&talk, 8, "void");
    talk_expect(&talk, 7, OPCODE_RESULT, "00000001");
    talk_expect(&talk, 8, OPCODE_RESULT, "00000001");
    talk_close(&talk);
    buffer_reset(&envelopes);
    buffer_reset(&wire);
    fake_close(&fake);
}

static void test_damaged_segments(void **state)
{
    (void)state;
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (size_t at = 0; at < 30; at += 4) {
        struct talk talk;
        talk_ready(&talk, &fake, 5, CQL_PLAIN);
        struct bytes request =
            talk_request(&talk, 0, 1, OPCODE_QUERY, hex(&talk.arena, "00000004 'void' 0001 00000000"));
        uint8_t *damaged = arena_create(&talk.arena, request.size);
        memcpy(damaged, request.data, request.size);
        damaged[at] ^= 0x10;
        client_send(talk.connection, bytes_of(damaged, request.size));
        talk_expect_error(&talk, 0, CQL_PROTOCOL_ERROR, "CRC does not match");
        talk_expect_end(&talk);
        talk_close(&talk);
    }
    struct talk talk;
    struct buffer wire = {0};
    talk_ready(&talk, &fake, 5, CQL_PLAIN);
    cql__segment_write(hex(&talk.arena, "05 00 0000 07 000000ff 00"), false, &wire);
    client_send(talk.connection, buffer_bytes(&wire));
    talk_expect_error(&talk, 0, CQL_PROTOCOL_ERROR, "ends within a message");
    talk_expect_end(&talk);
    talk_close(&talk);
    buffer_reset(&wire);
    fake_close(&fake);
}

static void test_the_version_is_told(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    fake_open(&fake, (struct cql_door_options){0});
    talk_open(&talk, &fake, 66);
    talk_send(&talk, 0, 1, OPCODE_OPTIONS, "");
    struct said said = talk_hear(&talk);
    assert_int_equal(said.version, 0x85);
    assert_int_equal(said.stream, 1);
    assert_int_equal(said.opcode, OPCODE_ERROR);
    assert_hex(said.body,
               "0000000a 0065 'Invalid or unsupported protocol version (66); the lowest supported version "
               "is 3 and the greatest is 5'");
    talk_expect_end(&talk);
    talk_close(&talk);
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    talk.version = 3;
    talk_query(&talk, 1, "void");
    talk_expect_error(&talk, 1, CQL_PROTOCOL_ERROR,
                      "Invalid message version. Got 3/v3 but previous messages");
    talk_expect_end(&talk);
    talk_close(&talk);
    fake_close(&fake);
}

static void test_what_is_unexpected(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    fake_open(&fake, (struct cql_door_options){0});
    talk_open(&talk, &fake, 4);
    talk_query(&talk, 1, "void");
    talk_expect_error(&talk, 1, CQL_PROTOCOL_ERROR, "Unexpected message QUERY, expecting STARTUP or OPTIONS");
    talk_send(&talk, 0, 2, OPCODE_OPTIONS, "");
    assert_int_equal(talk_hear(&talk).opcode, OPCODE_SUPPORTED);
    talk_send(&talk, 0, 3, OPCODE_STARTUP, "0001 000b 'CQL_VERSION' 0005 '2.0.0'");
    talk_expect_error(&talk, 3, CQL_PROTOCOL_ERROR,
                      "CQL version 2.0.0 is not supported by the binary protocol");
    talk_send(&talk, 0, 4, OPCODE_STARTUP,
              "0002 000b 'CQL_VERSION' 0005 '3.0.0' 000b 'COMPRESSION' 0003 'zip'");
    talk_expect_error(&talk, 4, CQL_PROTOCOL_ERROR, "Unknown compression algorithm: zip");
    talk_send(&talk, 0, 5, OPCODE_STARTUP, "0001 000b 'CQL_VERSION' 0005 '3.4.6'");
    talk_expect(&talk, 5, OPCODE_READY, "");
    talk_send(&talk, 0, 6, OPCODE_STARTUP, "0001 000b 'CQL_VERSION' 0005 '3.4.6'");
    talk_expect_error(&talk, 6, CQL_PROTOCOL_ERROR, "Unexpected message STARTUP");
    talk_send(&talk, 0, 7, OPCODE_AUTH_RESPONSE, "00000000");
    talk_expect_error(&talk, 7, CQL_PROTOCOL_ERROR, "Unexpected message AUTH_RESPONSE");
    talk_send(&talk, 0, 8, OPCODE_QUERY, "00000004");
    talk_expect_error(&talk, 8, CQL_PROTOCOL_ERROR, "Not enough bytes");
    talk_query(&talk, 9, "void"); /* a malformed body is no reason to leave */
    talk_expect(&talk, 9, OPCODE_RESULT, "00000001");
    talk_close(&talk);
    talk_begin(&talk, &fake, 5, CQL_SNAPPY);
    talk_expect_error(&talk, 0, CQL_PROTOCOL_ERROR, "Unknown compression algorithm: snappy");
    talk_close(&talk);
    /* Nobody who did not say anything yet may send much. */
    talk_open(&talk, &fake, 4);
    client_send(talk.connection, hex(&talk.arena, "04 00 0000 01 00010001"));
    talk_expect_error(&talk, 0, CQL_PROTOCOL_ERROR, "length 65537 exceeds maximum allowed length 65536");
    talk_expect_end(&talk);
    talk_close(&talk);
    fake_close(&fake);
}

/* A QUERY of `text` with a value of `bytes`. */
static struct bytes large_query(struct talk *talk, int stream, const char *text, size_t bytes)
{
    struct buffer body = {0};
    buffer_put_u32(&body, (uint32_t)strlen(text));
    buffer_put_text(&body, text);
    buffer_put_u16(&body, 1);
    buffer_put(&body, hex(&talk->arena, talk->version >= 5 ? "00000001" : "01"));
    buffer_put_u16(&body, 1);
    buffer_put_u32(&body, (uint32_t)bytes);
    memset(buffer_extend(&body, bytes), 'v', bytes);
    struct bytes request = talk_request(talk, 0, stream, OPCODE_QUERY, buffer_bytes(&body));
    buffer_reset(&body);
    return request;
}

/* Large bodies for which the requests under way leave no room are refused while they still come, and their connection goes on;
 * small ones always find room. */
static void test_many_large_bodies(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    struct talk other;
    fake_open(&fake, (struct cql_door_options){.bodies_bytes_max = 1000 * 1000});
    for (uint8_t version = 4; version <= 5; version++) {
        talk_ready(&talk, &fake, 4, CQL_PLAIN);
        client_send(talk.connection, large_query(&talk, 1, "hold", 600 * 1000));
        talk_query(&talk, 2, "void");
        talk_expect(&talk, 2, OPCODE_RESULT, "00000001");
        talk_ready(&other, &fake, version, CQL_PLAIN);
        struct bytes large = large_query(&other, 1, "void", 600 * 1000);
        client_send(other.connection, bytes_part(large, 0, 550 * 1000));
        talk_expect_error(&other, 1, CQL_OVERLOADED, "too many bytes");
        client_send(other.connection, bytes_from(large, 550 * 1000));
        talk_query(&other, 2, "void");
        talk_expect(&other, 2, OPCODE_RESULT, "00000001");
        talk_query(&other, 3, "release");
        talk_expect(&other, 3, OPCODE_RESULT, "00000001");
        talk_expect(&talk, 1, OPCODE_RESULT, "00000001");
        client_send(other.connection, large);
        talk_expect(&other, 1, OPCODE_RESULT, "00000001");
        /* what came of one is given up with its connection */
        client_send(other.connection, bytes_part(large, 0, 550 * 1000));
        talk_close(&other);
        talk_close(&talk);
    }
    fake_close(&fake);
}

/* Held requests are answered after later ones, and more of them than the bound are refused. */
static void test_order_and_overload(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    talk_query(&talk, 1, "hold");
    talk_query(&talk, 2, "hold");
    talk_query(&talk, 3, "void");
    talk_expect(&talk, 3, OPCODE_RESULT, "00000001");
    talk_query(&talk, 4, "release");
    talk_expect(&talk, 2, OPCODE_RESULT, "00000001");
    talk_expect(&talk, 1, OPCODE_RESULT, "00000001");
    talk_expect(&talk, 4, OPCODE_RESULT, "00000001");
    for (int i = 0; i < CQL_REQUESTS_MAX; i++) {
        talk_query(&talk, i, "hold");
    }
    talk_query(&talk, 20000, "void");
    talk_expect_error(&talk, 20000, CQL_OVERLOADED, "overloaded");
    struct talk other;
    talk_ready(&other, &fake, 5, CQL_PLAIN);
    talk_query(&other, 1, "release");
    talk_expect(&other, 1, OPCODE_RESULT, "00000001");
    for (int i = CQL_REQUESTS_MAX - 1; i >= 0; i--) {
        talk_expect(&talk, i, OPCODE_RESULT, "00000001");
    }
    talk_close(&other);
    talk_close(&talk);
    fake_close(&fake);
}

/* The answers of a client that left go nowhere. */
static void test_clients_that_leave(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    fake_open(&fake, (struct cql_door_options){0});
    for (int i = 0; i < 20; i++) {
        talk_ready(&talk, &fake, i % 2 == 0 ? 4 : 5, CQL_PLAIN);
        talk_query(&talk, 1, "hold");
        talk_query(&talk, 2, "void");
        talk_expect(&talk, 2, OPCODE_RESULT, "00000001");
        talk_close(&talk);
    }
    (void)usleep(50000);
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    talk_query(&talk, 1, "release");
    talk_expect(&talk, 1, OPCODE_RESULT, "00000001");
    talk_close(&talk);
    fake_close(&fake);
}

static void test_tracing_warnings_and_payloads(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    talk_send(&talk, ENVELOPE_TRACING | ENVELOPE_PAYLOAD, 1, OPCODE_QUERY,
              "0001 0001 'k' 00000001 'p' 00000004 'warn' 0001 00");
    struct said said = talk_hear(&talk);
    assert_int_equal(said.flags, ENVELOPE_TRACING | ENVELOPE_WARNING | ENVELOPE_PAYLOAD);
    assert_int_equal(said.body.data[6] >> 4, 1); /* a timeuuid */
    assert_int_equal(said.body.data[8] >> 6, 2);
    assert_hex(bytes_from(said.body, CQL_UUID_BYTES),
               "0001 0007 'careful' 0001 0001 'k' 00000001 'p' 00000001");
    talk_send(&talk, ENVELOPE_TRACING, 2, OPCODE_OPTIONS, "");
    assert_int_equal(talk_hear(&talk).flags, 0);
    talk_close(&talk);
    fake_close(&fake);
}

/* Requests of a client that does not read its answers wait, and so takes no more memory than a few. */
static void test_a_client_that_does_not_read(void **state)
{
    (void)state;
    enum {
        REQUESTS = 100,
    };
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (uint8_t version = 4; version <= 5; version++) {
        struct talk talk;
        talk_ready(&talk, &fake, version, CQL_PLAIN);
        atomic_store(&fake.handled, 0);
        for (int i = 0; i < REQUESTS; i++) {
            talk_query(&talk, i, "wide");
        }
        (void)usleep(200000);
        assert_true(atomic_load(&fake.handled) < 30); /* what the kernel holds, and a little more */
        for (int i = 0; i < REQUESTS; i++) {
            assert_int_equal(talk_hear(&talk).stream, i);
            arena_reset(&talk.arena);
        }
        assert_int_equal(atomic_load(&fake.handled), REQUESTS);
        talk_close(&talk);
    }
    fake_close(&fake);
}

/* The same when all of them came in one segment, so that nothing more comes which would have them looked at again. */
static void test_a_segment_of_requests_not_read(void **state)
{
    (void)state;
    enum {
        REQUESTS = 100,
    };
    struct fake fake;
    struct talk talk;
    struct buffer envelopes = {0};
    struct buffer wire = {0};
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 5, CQL_PLAIN);
    for (int i = 0; i < REQUESTS; i++) {
        const char *envelope =
            arena_format(&talk.arena, "05 00 %04x 07 0000000e 00000004 'wide' 0001 00000000", i);
        buffer_put(&envelopes, hex(&talk.arena, envelope));
    }
    cql__segment_write(buffer_bytes(&envelopes), false, &wire);
    client_send(talk.connection, buffer_bytes(&wire));
    (void)usleep(200000);
    assert_true(atomic_load(&fake.handled) < 30);
    for (int i = 0; i < REQUESTS; i++) {
        assert_int_equal(talk_hear(&talk).stream, i);
        arena_reset(&talk.arena);
    }
    talk_close(&talk);
    buffer_reset(&envelopes);
    buffer_reset(&wire);
    fake_close(&fake);
}

/* Sound requests with bytes changed, and mere noise, before and after STARTUP; whoever comes then is served. */
static void test_hostile_bytes(void **state)
{
    (void)state;
    struct fake fake;
    struct random random;
    struct talk talk;
    random_init(&random, test_seed());
    fake_open(&fake, (struct cql_door_options){0});
    for (uint64_t round = 0; round < test_rounds(400); round++) {
        size_t form = random_below(&random, ARRAY_COUNT(forms));
        uint8_t noise[256];
        if (random_below(&random, 4) == 0) {
            talk_open(&talk, &fake, forms[form].version);
        } else {
            talk_ready(&talk, &fake, forms[form].version, forms[form].compression);
        }
        struct bytes sound =
            talk_request(&talk, 0, 1, OPCODE_QUERY,
                         hex(&talk.arena, "00000004 'rows' 0001 00000000 00000000 00000000"));
        size_t size = random_below(&random, sizeof(noise));
        random_fill(&random, noise, sizeof(noise));
        if (random_below(&random, 2) == 0) {
            size = sound.size;
            memcpy(noise, sound.data, size);
            noise[random_below(&random, size)] = (uint8_t)random_next(&random);
            noise[random_below(&random, size)] = (uint8_t)random_next(&random);
        }
        client_send(talk.connection, bytes_of(noise, size));
        talk_close(&talk);
    }
    talk_ready(&talk, &fake, 5, CQL_LZ4);
    talk_query(&talk, 1, "void");
    talk_expect(&talk, 1, OPCODE_RESULT, "00000001");
    talk_close(&talk);
    fake_close(&fake);
}

/* --- prepared statements ---------------------------------------------------------------------------------------- */

#define VARIABLES "00000001 00000001 00000001 0000 0002 'ks' 0001 't' 0001 'k' 0009"
#define RESULT "00000001 00000001 0002 'ks' 0001 't' 0001 'v' 000d"

/* Takes the warning about names without keyspaces off a message: a connection hears it once, of a statement that was not prepared yet. */
static struct bytes without_warning(const struct said *said)
{
    if ((said->flags & ENVELOPE_WARNING) == 0) {
        return said->body;
    }
    assert_int_equal(bytes_get_u16(said->body.data), 1);
    struct bytes text = bytes_part(said->body, 4, bytes_get_u16(said->body.data + 2));
    assert_true(bytes_start_with(text, bytes_of_text("`USE <keyspace>` with prepared statements")));
    assert_non_null(memmem(text.data, text.size, "Keyspace used: null, statement", 30));
    return bytes_from(said->body, 4 + text.size);
}

/* PREPARE 'SELECT' and what comes of it; the id in hexadecimal, and of v5 that of the result's metadata. */
static const char *prepare(struct talk *talk, const char **ret_result_id)
{
    talk_send(talk, 0, 1, OPCODE_PREPARE,
              talk->version >= 5 ? "00000006 'SELECT' 00000000" : "00000006 'SELECT'");
    struct said said = talk_hear(talk);
    struct bytes body = without_warning(&said);
    char *id = arena_create(&talk->arena, 33);
    char *result_id = arena_create(&talk->arena, 33);
    assert_int_equal(said.opcode, OPCODE_RESULT);
    assert_int_equal(bytes_get_u32(body.data), 4);
    for (int i = 0; i < 16; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", body.data[6 + i]);
        (void)snprintf(result_id + 2 * i, 3, "%02x", body.data[24 + i]);
    }
    assert_hex(bytes_from(body, talk->version >= 5 ? 40 : 22),
               talk->version >= 4 ? VARIABLES RESULT
                                  : "00000001 00000001 0002 'ks' 0001 't' 0001 'k' 0009" RESULT);
    *ret_result_id = result_id;
    return id;
}

/* EXECUTE with Skip_metadata and one value. */
static void execute(struct talk *talk, const char *id, const char *result_id)
{
    talk_send(talk, 0, 2, OPCODE_EXECUTE,
              talk->version >= 5
                  ? arena_format(&talk->arena, "0010 %s 0010 %s 0001 00000003 0001 00000001 'V'", id,
                                 result_id)
                  : arena_format(&talk->arena, "0010 %s 0001 03 0001 00000001 'V'", id));
}

#define SKIPPED "00000002 00000004 00000001 00000001 0000000a 'SELECT 1 V'"
#define ALTERED "0002 'ks' 0001 't' 0001 'w' 000d 00000001 0000000a 'SELECT 1 V'"

static void test_prepared_statements(void **state)
{
    (void)state;
    struct fake fake;
    fake_open(&fake, (struct cql_door_options){0});
    for (uint8_t version = 3; version <= 5; version++) {
        struct talk talk;
        const char *result_id = NULL;
        const char *new_id = NULL;
        talk_ready(&talk, &fake, version, CQL_PLAIN);
        const char *id = prepare(&talk, &result_id);
        assert_string_equal(prepare(&talk, &new_id), id);
        execute(&talk, id, result_id);
        talk_expect(&talk, 2, OPCODE_RESULT, SKIPPED);
        talk_send(&talk, 0, 3, OPCODE_BATCH,
                  arena_format(&talk.arena, "00 0002 01 0010 %s 0000 00 00000001 'x' 0000 0001 %s", id,
                               version >= 5 ? "00000000" : "00"));
        talk_expect(&talk, 3, OPCODE_RESULT, "00000001");
        /* The table has another column meanwhile: metadata come although the client wants none. */
        atomic_store(&fake.is_altered, true);
        execute(&talk, id, result_id);
        struct said said = talk_hear(&talk);
        if (version < 5) {
            assert_hex(said.body, "00000002 00000001 00000001" ALTERED);
        } else {
            assert_hex(bytes_part(said.body, 0, 14), "00000002 00000009 00000001 0010");
            assert_hex(bytes_from(said.body, 30), ALTERED);
        }
        atomic_store(&fake.is_altered, false);
        talk_close(&talk);
    }
    assert_int_equal(atomic_load(&fake.prepared), 1); /* for all connections, once */
    fake_close(&fake);
}

static void test_unprepared_statements(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    const char *result_id = NULL;
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    execute(&talk, "000102030405060708090a0b0c0d0e0f", NULL);
    struct said said = talk_hear(&talk);
    assert_hex(bytes_part(said.body, 0, 4), "00002500");
    assert_hex(bytes_from(said.body, said.body.size - 18), "0010 000102030405060708090a0b0c0d0e0f");
    talk_send(&talk, 0, 2, OPCODE_BATCH, "00 0001 01 0002 abcd 0000 0001 00");
    said = talk_hear(&talk);
    assert_hex(bytes_part(said.body, 0, 4), "00002500");
    assert_hex(bytes_from(said.body, said.body.size - 4), "0002 abcd");
    /* One whose table is no longer as it was has to be prepared anew, under the same id. */
    const char *id = prepare(&talk, &result_id);
    atomic_store(&fake.is_stale, true);
    execute(&talk, id, NULL);
    talk_expect_error(&talk, 2, CQL_UNPREPARED, "not found");
    assert_string_equal(prepare(&talk, &result_id), id);
    atomic_store(&fake.is_stale, false);
    execute(&talk, id, NULL);
    talk_expect(&talk, 2, OPCODE_RESULT, SKIPPED);
    assert_int_equal(atomic_load(&fake.prepared), 2);
    talk_close(&talk);
    fake_close(&fake);
}

/* After one client prepared anew because the table was altered, another one still goes by what it was told before: the
 * server cannot tell them apart before v5, and gives metadata to both. */
static void test_metadata_that_were_others(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    const char *result_id = NULL;
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&talk, &fake, 4, CQL_PLAIN);
    const char *id = prepare(&talk, &result_id);
    atomic_store(&fake.is_stale, true);
    atomic_store(&fake.is_altered, true);
    talk_send(&talk, 0, 1, OPCODE_PREPARE, "00000006 'SELECT'");
    assert_int_equal(talk_hear(&talk).opcode, OPCODE_RESULT);
    atomic_store(&fake.is_stale, false);
    execute(&talk, id, NULL);
    talk_expect(&talk, 2, OPCODE_RESULT, "00000002 00000001 00000001" ALTERED);
    atomic_store(&fake.is_altered, false);
    talk_close(&talk);
    fake_close(&fake);
}

/* --- events, logins --------------------------------------------------------------------------------------------- */

#define CREATED "000d 'SCHEMA_CHANGE' 0007 'CREATED' 0005 'TABLE' 0002 'ks' 0001 't'"

static void test_events(void **state)
{
    (void)state;
    struct fake fake;
    struct talk listener;
    struct talk framed;
    struct talk maker;
    struct cql_schema_change change = {.change = "DROPPED",
                                       .target = "KEYSPACE",
                                       .keyspace = bytes_of_text("ks")};
    fake_open(&fake, (struct cql_door_options){0});
    talk_ready(&listener, &fake, 4, CQL_PLAIN);
    talk_ready(&framed, &fake, 5, CQL_LZ4);
    talk_ready(&maker, &fake, 4, CQL_PLAIN);
    talk_send(&listener, 0, 1, OPCODE_REGISTER, "0002 000d 'SCHEMA_CHANGE' 000d 'STATUS_CHANGE'");
    talk_expect(&listener, 1, OPCODE_READY, "");
    talk_send(&framed, 0, 1, OPCODE_REGISTER, "0001 000d 'SCHEMA_CHANGE'");
    talk_expect(&framed, 1, OPCODE_READY, "");
    talk_send(&maker, 0, 1, OPCODE_REGISTER, "0001 000f 'TOPOLOGY_CHANGE'");
    talk_expect(&maker, 1, OPCODE_READY, "");
    talk_query(&maker, 2, "create");
    talk_expect(&maker, 2, OPCODE_RESULT, "00000005 0007 'CREATED' 0005 'TABLE' 0002 'ks' 0001 't'");
    talk_expect(&listener, -1, OPCODE_EVENT, CREATED);
    talk_expect(&framed, -1, OPCODE_EVENT, CREATED);
    talk_query(&framed, 3, "create"); /* who made it is told twice, the answer first */
    talk_expect(&framed, 3, OPCODE_RESULT, "00000005 0007 'CREATED' 0005 'TABLE' 0002 'ks' 0001 't'");
    talk_expect(&framed, -1, OPCODE_EVENT, CREATED);
    talk_expect(&listener, -1, OPCODE_EVENT, CREATED);
    cql_door_notify(fake.door, &change);
    talk_expect(&listener, -1, OPCODE_EVENT, "000d 'SCHEMA_CHANGE' 0007 'DROPPED' 0008 'KEYSPACE' 0002 'ks'");
    talk_expect(&framed, -1, OPCODE_EVENT, "000d 'SCHEMA_CHANGE' 0007 'DROPPED' 0008 'KEYSPACE' 0002 'ks'");
    talk_query(&maker, 4, "void");
    talk_expect(&maker, 4, OPCODE_RESULT, "00000001");
    talk_close(&listener);
    talk_close(&framed);
    talk_close(&maker);
    fake_close(&fake);
}

/* A role in memory only. */
static void put_role(struct roles *roles, const char *name, const char *hash, bool can_login)
{
    struct arena arena = {0};
    struct role_plan plan;
    role_plan_begin(roles, &arena, &plan);
    role_plan_add(&plan, &(struct role_change){.kind = ROLE_PUT,
                                               .role = {.name = bytes_of_text(name),
                                                        .hash = bytes_of_text(hash),
                                                        .can_login = can_login}});
    role_apply(roles, &plan);
    arena_reset(&arena);
}

static struct roles *roles_with_user(void)
{
    struct roles *roles = NULL;
    struct error error;
    char hash[ROLE_HASH_BYTES + 1];
    assert_ok(role_open(&(struct roles_options){0}, &roles, &error), error);
    assert_ok(role_password_hash(bytes_of_text("pass"), hash, &error), error);
    put_role(roles, "user", hash, true);
    put_role(roles, "them", hash, false);
    return roles;
}

static void test_logins(void **state)
{
    (void)state;
    struct fake fake;
    struct talk talk;
    struct roles *roles = roles_with_user();
    fake_open(&fake, (struct cql_door_options){.requires_login = true, .roles = roles});
    for (uint8_t version = 3; version <= 5; version++) {
        talk_begin(&talk, &fake, version, CQL_PLAIN);
        talk_expect(&talk, 0, OPCODE_AUTHENTICATE, "002f 'org.apache.cassandra.auth.PasswordAuthenticator'");
        talk.is_framed = version >= 5;
        talk_query(&talk, 1, "void");
        talk_expect_error(&talk, 1, CQL_PROTOCOL_ERROR, "Unexpected message QUERY, expecting AUTH_RESPONSE");
        talk_send(&talk, 0, 2, OPCODE_AUTH_RESPONSE, "0000000a 00 'user' 00 'pest'");
        talk_expect_error(&talk, 2, CQL_AUTHENTICATION_ERROR, "username user and/or password are incorrect");
        talk_send(&talk, 0, 2, OPCODE_AUTH_RESPONSE, "0000000a 00 'them' 00 'pass'");
        talk_expect_error(&talk, 2, CQL_AUTHENTICATION_ERROR, "them is not permitted to log in");
        talk_send(&talk, 0, 3, OPCODE_AUTH_RESPONSE, "0000000a 00 'user' 00 'pass'");
        talk_expect(&talk, 3, OPCODE_AUTH_SUCCESS, "ffffffff");
        talk_query(&talk, 4, "rows");
        talk_expect(&talk, 4, OPCODE_RESULT, ROW("00000005", "/user"));
        talk_close(&talk);
    }
    talk_begin(&talk, &fake, 4, CQL_PLAIN);
    assert_int_equal(talk_hear(&talk).opcode, OPCODE_AUTHENTICATE);
    talk_send(&talk, 0, 1, OPCODE_AUTH_RESPONSE, "00000007 'SigV4' 0000");
    struct said said = talk_hear(&talk);
    assert_int_equal(said.opcode, OPCODE_AUTH_CHALLENGE);
    assert_int_equal(said.body.size, 4 + 6 + 32);
    for (int i = 0; i < CQL_AUTHENTICATIONS_MAX; i++) {
        talk_send(&talk, 0, 2, OPCODE_AUTH_RESPONSE, "ffffffff");
        talk_expect_error(&talk, 2, CQL_AUTHENTICATION_ERROR, "");
    }
    talk_expect_end(&talk);
    talk_close(&talk);
    /* One that leaves while its password is looked at; one whose wrong passwords were looked at. */
    for (int i = 0; i < 3; i++) {
        talk_begin(&talk, &fake, 4, CQL_PLAIN);
        assert_int_equal(talk_hear(&talk).opcode, OPCODE_AUTHENTICATE);
        talk_send(&talk, 0, 1, OPCODE_AUTH_RESPONSE, "0000000a 00 'user' 00 'past'");
        talk_close(&talk);
    }
    talk_begin(&talk, &fake, 4, CQL_PLAIN);
    assert_int_equal(talk_hear(&talk).opcode, OPCODE_AUTHENTICATE);
    for (int i = 0; i < CQL_AUTHENTICATIONS_MAX; i++) {
        talk_send(&talk, 0, 2, OPCODE_AUTH_RESPONSE, "0000000a 00 'user' 00 'pest'");
        talk_expect_error(&talk, 2, CQL_AUTHENTICATION_ERROR, "username user and/or password are incorrect");
    }
    talk_expect_end(&talk);
    talk_close(&talk);
    role_stop(roles);
    fake_close(&fake);
    role_close(&roles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_compressed_requests),
        cmocka_unit_test(test_a_byte_at_a_time),
        cmocka_unit_test(test_envelopes_in_segments),
        cmocka_unit_test(test_damaged_segments),
        cmocka_unit_test(test_the_version_is_told),
        cmocka_unit_test(test_what_is_unexpected),
        cmocka_unit_test(test_order_and_overload),
        cmocka_unit_test(test_many_large_bodies),
        cmocka_unit_test(test_clients_that_leave),
        cmocka_unit_test(test_tracing_warnings_and_payloads),
        cmocka_unit_test(test_a_client_that_does_not_read),
        cmocka_unit_test(test_a_segment_of_requests_not_read),
        cmocka_unit_test(test_hostile_bytes),
        cmocka_unit_test(test_prepared_statements),
        cmocka_unit_test(test_unprepared_statements),
        cmocka_unit_test(test_metadata_that_were_others),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_logins),
    };
    return cmocka_run_group_tests_name("cql/session", tests, NULL, NULL);
}
