/* Every request's body in every version, as the Python driver writes it; cut at every length; and what is malformed. */
#include "message.h"

#include "hex.h"

/* A request as text; "........" in place of the length counts by itself. */
static struct bytes request(struct arena *arena, const char *text)
{
    char *counted = arena_copy_text(arena, bytes_of_text(text));
    char *gap = strstr(counted, "........");
    if (gap == NULL) {
        return hex(arena, text);
    }
    memset(gap, '0', 8);
    struct bytes bytes = hex(arena, counted);
    bytes_put_u32((uint8_t *)(uintptr_t)bytes.data + 5, (uint32_t)bytes.size - ENVELOPE_HEADER_BYTES);
    return bytes;
}

static enum status decode(struct arena *arena, struct bytes input, struct cql_message *message,
                          struct error *error)
{
    struct envelope envelope;
    size_t used = 0;
    assert_int_equal(cql__envelope_read(input, 1 << 20, &envelope, &used, error), ENVELOPE_WHOLE);
    assert_int_equal(used, input.size);
    return cql__message_decode(&envelope, envelope.body, arena, message, error);
}

static void check(const char *text, void (*check_message)(uint8_t version, const struct cql_message *message))
{
    struct arena arena = {0};
    struct cql_message message;
    struct error error;
    struct bytes input = request(&arena, text);
    assert_ok(decode(&arena, input, &message, &error), error);
    check_message(input.data[0], &message);
    /* Every shorter body is refused, and none is read beyond its end. */
    struct envelope envelope = {.version = input.data[0], .flags = input.data[1], .opcode = message.opcode};
    for (size_t size = 0; size + ENVELOPE_HEADER_BYTES < input.size; size++) {
        uint8_t *body = arena_create(&arena, size + 1);
        memcpy(body, input.data + ENVELOPE_HEADER_BYTES, size);
        assert_status(cql__message_decode(&envelope, bytes_of(body, size), &arena, &message, &error),
                      STATUS_INVALID, error);
    }
    arena_reset(&arena);
}

static void check_query(uint8_t version, const struct cql_message *message)
{
    (void)version;
    const struct cql_parameters *parameters = &message->parameters;
    assert_same_text(message->statements[0].text, "SELECT");
    assert_false(message->statements[0].is_prepared);
    assert_int_equal(message->statements[0].values_count, 0);
    assert_int_equal(parameters->consistency, 6);
    assert_int_equal(parameters->serial_consistency, CQL_LOCAL_SERIAL);
    assert_int_equal(parameters->page_rows, 5000);
    assert_true(parameters->has_paging_state);
    assert_hex(parameters->paging_state, "0102");
    assert_true(parameters->has_timestamp);
    assert_int_equal(parameters->timestamp_us, 1700000000000000);
    assert_false(parameters->has_now);
    assert_false(parameters->skips_metadata);
}

static void test_query(void **state)
{
    (void)state;
    check("0300000707000000210000000653454c45435400063c00001388000000020102000900060a24181e4000",
          check_query);
    check("0400000707000000210000000653454c45435400063c00001388000000020102000900060a24181e4000",
          check_query);
    check("0500000707000000240000000653454c45435400060000003c00001388000000020102000900060a24181e4000",
          check_query);
}

static void check_named(uint8_t version, const struct cql_message *message)
{
    const struct cql_query *statement = &message->statements[0];
    assert_int_equal(statement->values_count, 3);
    assert_same_text(statement->names[0], "a");
    assert_same_text(statement->names[1], "");
    assert_same_text(statement->names[2], "c");
    assert_int_equal(statement->values[0].presence, CQL_VALUE_SET);
    assert_hex(statement->values[0].bytes, "ff");
    assert_int_equal(statement->values[1].presence, CQL_VALUE_NULL);
    assert_int_equal(statement->values[2].presence, version == 3 ? CQL_VALUE_NULL : CQL_VALUE_UNSET);
    assert_int_equal(message->parameters.serial_consistency, CQL_SERIAL);
}

static void check_named_v5(uint8_t version, const struct cql_message *message)
{
    check_named(version, message);
    assert_same_text(message->parameters.keyspace, "ks");
    assert_true(message->parameters.has_now);
    assert_int_equal(message->parameters.now_s, UINT32_MAX - 1);
}

#define NAMED "0003 0001 'a' 00000001 ff 0000 ffffffff 0001 'c' fffffffe"

static void test_named_values(void **state)
{
    (void)state;
    check("03 00 0000 07 ........ 00000001 'x' 0001 41" NAMED, check_named);
    check("04 00 0000 07 ........ 00000001 'x' 0001 41" NAMED, check_named);
    check("05 00 0000 07 ........ 00000001 'x' 0001 000001c1" NAMED "0002 'ks' fffffffe", check_named_v5);
}

static void check_keyspace(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_same_text(message->statements[0].text, "USE x");
    assert_same_text(message->parameters.keyspace, "ks");
}

static void check_prepare(uint8_t version, const struct cql_message *message)
{
    assert_same_text(message->statements[0].text, "SELECT 1");
    assert_same_text(message->parameters.keyspace, version >= 5 ? "ks" : "");
}

static void test_prepare(void **state)
{
    (void)state;
    check("05000007070000001300000005555345207800010000008000026b73", check_keyspace);
    check("03000007090000000c0000000853454c4543542031", check_prepare);
    check("04000007090000000c0000000853454c4543542031", check_prepare);
    check("0500000709000000140000000853454c45435420310000000100026b73", check_prepare);
}

static void check_execute(uint8_t version, const struct cql_message *message)
{
    const struct cql_query *statement = &message->statements[0];
    assert_true(statement->is_prepared);
    assert_hex(statement->id, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(statement->values_count, version >= 4 ? 4 : 3);
    assert_null(statement->names);
    assert_hex(statement->values[0].bytes, "01");
    assert_int_equal(statement->values[1].presence, CQL_VALUE_NULL);
    assert_int_equal(statement->values[2].presence, CQL_VALUE_SET);
    assert_int_equal(statement->values[2].bytes.size, 0);
    assert_true(version < 4 || statement->values[3].presence == CQL_VALUE_UNSET);
    assert_hex(message->result_metadata_id, version >= 5 ? "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" : "");
}

static void test_execute(void **state)
{
    (void)state;
    check("030000070a000000240010aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa00010100030000000101ffffffff00000000",
          check_execute);
    check(
        "040000070a000000280010aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa00010100040000000101ffffffff00000000fffffffe",
        check_execute);
    check("050000070a0000003d0010aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0010bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb00010000"
          "00010004"
          "0000000101ffffffff00000000fffffffe",
          check_execute);
}

static void check_batch(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_int_equal(message->batch, CQL_BATCH_TYPE_UNLOGGED);
    assert_int_equal(message->statements_count, 2);
    assert_same_text(message->statements[0].text, "INSERT");
    assert_int_equal(message->statements[0].values_count, 2);
    assert_int_equal(message->statements[0].values[1].presence, CQL_VALUE_NULL);
    assert_true(message->statements[1].is_prepared);
    assert_hex(message->statements[1].id, "cccccccccccccccccccccccccccccccc");
    assert_int_equal(message->parameters.consistency, 4);
    assert_int_equal(message->parameters.serial_consistency, CQL_SERIAL);
    assert_int_equal(message->parameters.timestamp_us, 5);
}

static void test_batch(void **state)
{
    (void)state;
    check("030000070d0000003b0100020000000006494e5345525400020000000101ffffffff010010cccccccccccccccccccccccc"
          "cccccccc0000"
          "00043000080000000000000005",
          check_batch);
    check("040000070d0000003b0100020000000006494e5345525400020000000101ffffffff010010cccccccccccccccccccccccc"
          "cccccccc0000"
          "00043000080000000000000005",
          check_batch);
    check("050000070d0000003e0100020000000006494e5345525400020000000101ffffffff010010cccccccccccccccccccccccc"
          "cccccccc0000"
          "00040000003000080000000000000005",
          check_batch);
}

static void check_register(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_int_equal(message->events, CQL_TOPOLOGY_CHANGE | CQL_SCHEMA_CHANGE);
}

static void check_startup(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_same_text(message->startup.cql_version, "3.4.5");
    assert_same_text(message->startup.compression, "lz4");
    assert_same_text(message->startup.driver_name, "x");
    assert_same_text(message->startup.driver_version, "");
}

static void check_auth(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_hex(message->token.bytes, "00 'user' 00 'pass'");
}

static void check_payload(uint8_t version, const struct cql_message *message)
{
    (void)version;
    assert_int_equal(message->payload.count, 2);
    assert_same_text(message->payload.entries[0].name, "k");
    assert_hex(message->payload.entries[0].value.bytes, "0102");
    assert_int_equal(message->payload.entries[1].value.presence, CQL_VALUE_NULL);
    assert_same_text(message->statements[0].text, "x");
}

static void test_the_others(void **state)
{
    (void)state;
    check("030000070b000000220002000f544f504f4c4f47595f4348414e4745000d534348454d415f4348414e4745",
          check_register);
    check("050000070b000000220002000f544f504f4c4f47595f4348414e4745000d534348454d415f4348414e4745",
          check_register);
    check("0400000701000000380003000b434f4d5052455353494f4e00036c7a34000b4452495645525f4e414d45000178000b4351"
          "4c5f564552"
          "53494f4e0005332e342e35",
          check_startup);
    check("050000070f0000000e0000000a00757365720070617373", check_auth);
    check("04 04 0000 07 ........ 0002 0001 'k' 00000002 0102 0001 'l' ffffffff 00000001 'x' 0001 00",
          check_payload);
}

static void test_what_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *input;
        const char *text;
    } cases[] = {
        {"04 00 0000 07 ........ ffffffff", "Invalid length of a string: -1"},
        {"04 00 0000 07 ........ 00000001 ff 0001 00", "Cannot decode a string of 1 bytes as UTF8"},
        {"04 00 0000 07 ........ 00000001 'x' 000b 00", "Unknown code 11 for a consistency level"},
        {"04 00 0000 07 ........ 00000001 'x' 0001 01 0001 fffffffd", "Invalid length of a value: -3"},
        {"04 00 0000 07 ........ 00000001 'x' 0001 01 ffff", "Not enough bytes"},
        {"04 00 0000 07 ........ 00000001 'x' 0001 20 8000000000000000", "Out of bound timestamp"},
        {"04 00 0000 0d ........ 03", "Invalid batch type 3"},
        {"04 00 0000 0d ........ 00 0001 02 00000000 00000000", "Invalid query kind in BATCH"},
        {"04 00 0000 0d ........ 00 0000 0001 02", "Invalid flags 0x2 in BATCH"},
        {"04 00 0000 0d ........ 00 0000 0001 40", "Named values are not supported in BATCH"},
        {"04 00 0000 0b ........ 0001 0003 'FOO'", "Invalid value 'FOO' for Type"},
        {"04 00 0000 01 ........ 0000", "Missing value CQL_VERSION in STARTUP message"},
        {"03 04 0000 07 ........ 0000 00000001 'x' 0001 00",
         "CUSTOM_PAYLOAD flag for native protocol version < 4"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct cql_message message;
        struct error error;
        assert_status(decode(&arena, request(&arena, cases[i].input), &message, &error), STATUS_INVALID,
                      error);
        if (strstr(error.text, cases[i].text) == NULL) {
            fail_msg("%s: it says: %s", cases[i].input, error.text);
        }
        arena_reset(&arena);
    }
}

/* Counts are believed only as far as the body could hold them. */
static void test_counts_take_no_memory(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct cql_message message;
    struct error error;
    struct bytes input = request(&arena, "04 00 0000 0d ........ 00 ffff");
    size_t before = arena.total;
    assert_status(decode(&arena, input, &message, &error), STATUS_INVALID, error);
    assert_true(arena.total - before < 1000);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_named_values),
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_execute),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_the_others),
        cmocka_unit_test(test_what_is_malformed),
        cmocka_unit_test(test_counts_take_no_memory),
    };
    return cmocka_run_group_tests_name("cql/message", tests, NULL, NULL);
}
