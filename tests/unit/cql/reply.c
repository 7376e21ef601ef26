/* Responses as bytes, worked out from the specification (native protocol v3, v4, v5, sections 4.2 and 8 or 9). */
#include "reply.h"

#include "cql/column.h"
#include "hex.h"

static const struct type type_int = {.kind = TYPE_INT};
static const struct type type_text = {.kind = TYPE_TEXT};
static const struct type type_float = {.kind = TYPE_FLOAT};

/* The body of the last envelope, whose header is checked. */
static struct bytes body_of(const struct buffer *buffer, uint8_t version, uint8_t flags, uint8_t opcode)
{
    assert_true(buffer->size >= ENVELOPE_HEADER_BYTES);
    assert_int_equal(buffer->data[0], version | ENVELOPE_RESPONSE);
    assert_int_equal(buffer->data[1], flags);
    assert_int_equal(buffer->data[4], opcode);
    assert_int_equal(bytes_get_u32(buffer->data + 5), buffer->size - ENVELOPE_HEADER_BYTES);
    return bytes_from(buffer_bytes(buffer), ENVELOPE_HEADER_BYTES);
}

static void check_error(uint8_t version, const struct cql_failure *failure, const char *expected)
{
    struct buffer buffer = {0};
    struct reply_head head = {.version = version, .stream = 3};
    cql__reply_error(&buffer, &head, failure);
    assert_hex(body_of(&buffer, version, 0, OPCODE_ERROR), expected);
    buffer_reset(&buffer);
}

#define MESSAGE "0001 'm'"

static void test_errors(void **state)
{
    (void)state;
    uint8_t host[] = {127, 0, 0, 1};
    const struct cql_failed_replica replicas[] = {{bytes_of(host, 4), 2}};
    const struct bytes arguments[] = {bytes_of_text("int"), bytes_of_text("text")};
    struct cql_failure failure = {.message = bytes_of_text("m"),
                                  .consistency = 6,
                                  .received = 1,
                                  .required = 2,
                                  .write_type = "BATCH",
                                  .has_data = true,
                                  .failures = replicas,
                                  .failures_count = 1,
                                  .keyspace = bytes_of_text("ks"),
                                  .name = bytes_of_text("f"),
                                  .arguments = arguments,
                                  .arguments_count = 2,
                                  .id = bytes_of_text("id")};
    static const struct {
        enum cql_code code;
        uint8_t version;
        const char *expected;
    } cases[] = {
        {CQL_SERVER_ERROR, 4, "00000000" MESSAGE},
        {CQL_PROTOCOL_ERROR, 3, "0000000a" MESSAGE},
        {CQL_AUTHENTICATION_ERROR, 4, "00000100" MESSAGE},
        {CQL_UNAVAILABLE, 4, "00001000" MESSAGE "0006 00000002 00000001"},
        {CQL_OVERLOADED, 4, "00001001" MESSAGE},
        {CQL_IS_BOOTSTRAPPING, 4, "00001002" MESSAGE},
        {CQL_TRUNCATE_ERROR, 4, "00001003" MESSAGE},
        {CQL_WRITE_TIMEOUT, 4, "00001100" MESSAGE "0006 00000001 00000002 0005 'BATCH'"},
        {CQL_WRITE_TIMEOUT, 5, "00001100" MESSAGE "0006 00000001 00000002 0005 'BATCH'"},
        {CQL_READ_TIMEOUT, 4, "00001200" MESSAGE "0006 00000001 00000002 01"},
        {CQL_READ_FAILURE, 3, "00001200" MESSAGE "0006 00000001 00000002 01"},
        {CQL_READ_FAILURE, 4, "00001300" MESSAGE "0006 00000001 00000002 00000001 01"},
        {CQL_READ_FAILURE, 5, "00001300" MESSAGE "0006 00000001 00000002 00000001 04 7f000001 0002 01"},
        {CQL_FUNCTION_FAILURE, 3, "00002200" MESSAGE},
        {CQL_FUNCTION_FAILURE, 4, "00001400" MESSAGE "0002 'ks' 0001 'f' 0002 0003 'int' 0004 'text'"},
        {CQL_WRITE_FAILURE, 3, "00001100" MESSAGE "0006 00000001 00000002 0005 'BATCH'"},
        {CQL_WRITE_FAILURE, 4, "00001500" MESSAGE "0006 00000001 00000002 00000001 0005 'BATCH'"},
        {CQL_WRITE_FAILURE, 5,
         "00001500" MESSAGE "0006 00000001 00000002 00000001 04 7f000001 0002 0005 'BATCH'"},
        {CQL_CDC_WRITE_FAILURE, 5, "00001600" MESSAGE},
        {CQL_CAS_WRITE_UNKNOWN, 4, "00001100" MESSAGE "0006 00000001 00000002 0003 'CAS'"},
        {CQL_CAS_WRITE_UNKNOWN, 5, "00001700" MESSAGE "0006 00000001 00000002"},
        {CQL_SYNTAX_ERROR, 4, "00002000" MESSAGE},
        {CQL_UNAUTHORIZED, 4, "00002100" MESSAGE},
        {CQL_INVALID, 4, "00002200" MESSAGE},
        {CQL_CONFIG_ERROR, 4, "00002300" MESSAGE},
        {CQL_ALREADY_EXISTS, 4, "00002400" MESSAGE "0002 'ks' 0001 'f'"},
        {CQL_UNPREPARED, 4, "00002500" MESSAGE "0002 'id'"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        failure.code = cases[i].code;
        check_error(cases[i].version, &failure, cases[i].expected);
    }
    failure.code = CQL_WRITE_TIMEOUT;
    failure.write_type = "CAS";
    failure.contentions = 7;
    check_error(5, &failure, "00001100" MESSAGE "0006 00000001 00000002 0003 'CAS' 0007");
    check_error(4, &failure, "00001100" MESSAGE "0006 00000001 00000002 0003 'CAS'");
}

static void test_a_message_that_is_too_long(void **state)
{
    (void)state;
    struct buffer text = {0};
    struct buffer buffer = {0};
    for (int i = 0; i < 40000; i++) {
        buffer_put_text(&text, "\xc3\xa9"); /* so that 65,535 lies within a character */
    }
    cql_put_string(&buffer, buffer_bytes(&text));
    assert_int_equal(buffer.size, 2 + 65534);
    assert_int_equal(bytes_get_u16(buffer.data), 65534);
    buffer_reset(&text);
    buffer_reset(&buffer);
}

static void test_the_beginning(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    struct reply_head head = {.version = 4, .stream = 1};
    cql__reply_ready(&buffer, &head);
    assert_hex(buffer_bytes(&buffer), "84 00 0001 02 00000000");
    buffer_clear(&buffer);
    cql__reply_authenticate(&buffer, &head, "Class");
    assert_hex(buffer_bytes(&buffer), "84 00 0001 03 00000007 0005 'Class'");
    buffer_clear(&buffer);
    cql__reply_challenge(&buffer, &head, bytes_of_text("nonce"));
    assert_hex(buffer_bytes(&buffer), "84 00 0001 0e 00000009 00000005 'nonce'");
    buffer_clear(&buffer);
    cql__reply_authenticated(&buffer, &head);
    assert_hex(buffer_bytes(&buffer), "84 00 0001 10 00000004 ffffffff");
    buffer_clear(&buffer);
    cql__reply_supported(&buffer, &head);
    assert_hex(
        body_of(&buffer, 4, 0, OPCODE_SUPPORTED),
        "0003 0011 'PROTOCOL_VERSIONS' 0003 0004 '3/v3' 0004 '4/v4' 0004 '5/v5' 000b 'COMPRESSION' 0002 0003 "
        "'lz4' 0006 'snappy' 000b 'CQL_VERSION' 0001 0005 '3.4.6'");
    buffer_clear(&buffer);
    head.version = 5;
    cql__reply_supported(&buffer, &head);
    assert_hex(
        body_of(&buffer, 5, 0, OPCODE_SUPPORTED),
        "0003 0011 'PROTOCOL_VERSIONS' 0003 0004 '3/v3' 0004 '4/v4' 0004 '5/v5' 000b 'COMPRESSION' 0001 0003 "
        "'lz4' 000b 'CQL_VERSION' 0001 0005 '3.4.6'");
    buffer_reset(&buffer);
}

/* Tracing id, warnings, payload, message. */
static void test_what_stands_before(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    const uint8_t tracing_id[CQL_UUID_BYTES] = {1, 2, 3};
    const struct bytes warnings[] = {bytes_of_text("w"), bytes_of_text("v")};
    const struct cql_payload_entry entries[] = {
        {.name = bytes_of_text("k"), .value = {.presence = CQL_VALUE_SET, .bytes = bytes_of_text("p")}},
        {.name = bytes_of_text("l"), .value = {.presence = CQL_VALUE_NULL}}};
    struct reply_head head = {.version = 4,
                              .stream = 1,
                              .tracing_id = tracing_id,
                              .warnings = warnings,
                              .warnings_count = 2,
                              .payload = {.entries = entries, .count = 2}};
    cql__reply_void(&buffer, &head);
    assert_hex(body_of(&buffer, 4, ENVELOPE_TRACING | ENVELOPE_WARNING | ENVELOPE_PAYLOAD, OPCODE_RESULT),
               "01020300000000000000000000000000 0002 0001 'w' 0001 'v' 0002 0001 'k' 00000001 'p' 0001 'l' "
               "ffffffff "
               "00000001");
    buffer_clear(&buffer);
    head.version = 3; /* knows of neither */
    cql__reply_void(&buffer, &head);
    assert_hex(body_of(&buffer, 3, ENVELOPE_TRACING, OPCODE_RESULT),
               "01020300000000000000000000000000 00000001");
    buffer_reset(&buffer);
}

static struct cql_column_spec column(const char *table, const char *name, const struct type *type)
{
    return (struct cql_column_spec){bytes_of_text("ks"), bytes_of_text(table), bytes_of_text(name), type};
}

static void check_rows(uint8_t version, const struct cql_rows *rows, bool skips, const uint8_t *new_id,
                       const char *expected)
{
    struct buffer buffer = {0};
    struct reply_head head = {.version = version};
    cql__reply_rows(&buffer, &head, rows, skips, new_id);
    assert_hex(body_of(&buffer, version, 0, OPCODE_RESULT), expected);
    buffer_reset(&buffer);
}

#define ID "30313233343536373839616263646566"
#define COLUMNS "0002 'ks' 0001 't' 0001 'k' 0009 0001 'v' 000d"
#define CELLS "00000004 00000007 ffffffff"

static void test_rows(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct cql_column_spec columns[] = {column("t", "k", &type_int), column("t", "v", &type_text)};
    const struct cql_column_spec apart[] = {column("t", "k", &type_int), column("u", "v", &type_text)};
    struct cql_metadata metadata = {.columns = columns, .count = 2};
    struct cql_rows rows = {.metadata = &metadata, .count = 1, .cells = hex(&arena, CELLS)};
    const uint8_t *id = (const uint8_t *)"0123456789abcdef";
    check_rows(4, &rows, false, NULL, "00000002 00000001 00000002" COLUMNS "00000001" CELLS);
    check_rows(4, &rows, true, NULL, "00000002 00000004 00000002 00000001" CELLS);
    rows.has_more = true;
    rows.paging_state = bytes_of_text("page");
    check_rows(4, &rows, false, NULL, "00000002 00000003 00000002 00000004 'page'" COLUMNS "00000001" CELLS);
    check_rows(4, &rows, true, NULL, "00000002 00000006 00000002 00000004 'page' 00000001" CELLS);
    check_rows(5, &rows, false, id,
               "00000002 0000000b 00000002 00000004 'page' 0010" ID COLUMNS "00000001" CELLS);
    rows.has_more = false;
    metadata.columns = apart;
    check_rows(4, &rows, false, NULL,
               "00000002 00000000 00000002 0002 'ks' 0001 't' 0001 'k' 0009 0002 'ks' 0001 'u' 0001 'v' 000d "
               "00000001" CELLS);
    arena_reset(&arena);
}

static void check_prepared(uint8_t version, const struct cql_prepared *prepared, const char *expected)
{
    struct buffer buffer = {0};
    struct reply_head head = {.version = version};
    cql__reply_prepared(&buffer, &head, prepared);
    assert_hex(body_of(&buffer, version, 0, OPCODE_RESULT), expected);
    buffer_reset(&buffer);
}

static void test_prepared(void **state)
{
    (void)state;
    const struct cql_column_spec columns[] = {column("t", "k", &type_int), column("t", "v", &type_text)};
    const uint16_t keys[] = {1, 0};
    struct cql_prepared prepared = {.variables = {columns, 2},
                                    .key_markers = keys,
                                    .key_markers_count = 2,
                                    .result = {columns + 1, 1}};
    memcpy(prepared.id, "0123456789abcdef", CQL_ID_BYTES);
    memcpy(prepared.result_id, "0123456789abcdef", CQL_ID_BYTES);
    check_prepared(3, &prepared,
                   "00000004 0010" ID "00000001 00000002" COLUMNS
                   "00000001 00000001 0002 'ks' 0001 't' 0001 'v' 000d");
    check_prepared(4, &prepared,
                   "00000004 0010" ID "00000001 00000002 00000002 0001 0000" COLUMNS
                   "00000001 00000001 0002 'ks' 0001 't' 0001 'v' 000d");
    check_prepared(5, &prepared,
                   "00000004 0010" ID "0010" ID "00000001 00000002 00000002 0001 0000" COLUMNS
                   "00000001 00000001 0002 'ks' 0001 't' 0001 'v' 000d");
    prepared.variables.count = 0;
    prepared.key_markers_count = 0;
    prepared.result.count = 0;
    check_prepared(4, &prepared, "00000004 0010" ID "00000000 00000000 00000000 00000004 00000000");
}

static void test_other_results(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    struct reply_head head = {.version = 4};
    const struct bytes arguments[] = {bytes_of_text("int")};
    struct cql_schema_change change = {"CREATED",          "KEYSPACE", bytes_of_text("ks"),
                                       bytes_of_text("t"), arguments,  1};
    cql__reply_keyspace(&buffer, &head, bytes_of_text("ks"));
    assert_hex(body_of(&buffer, 4, 0, OPCODE_RESULT), "00000003 0002 'ks'");
    buffer_clear(&buffer);
    cql__reply_schema_change(&buffer, &head, &change);
    assert_hex(body_of(&buffer, 4, 0, OPCODE_RESULT), "00000005 0007 'CREATED' 0008 'KEYSPACE' 0002 'ks'");
    buffer_clear(&buffer);
    change.target = "TABLE";
    cql__event_schema_change(&buffer, 4, &change);
    assert_hex(buffer_bytes(&buffer),
               "84 00 ffff 0c 00000026 000d 'SCHEMA_CHANGE' 0007 'CREATED' 0005 'TABLE' 0002 'ks' "
               "0001 't'");
    buffer_clear(&buffer);
    change.target = "FUNCTION";
    cql__event_schema_change(&buffer, 4, &change);
    assert_hex(body_of(&buffer, 4, 0, OPCODE_EVENT),
               "000d 'SCHEMA_CHANGE' 0007 'CREATED' 0008 'FUNCTION' 0002 'ks' 0001 't' 0001 0003 'int'");
    buffer_clear(&buffer);
    const uint8_t host[] = {127, 0, 0, 1};
    cql__event_node(&buffer, 5, CQL_STATUS_CHANGE, "UP", bytes_of(host, 4), 9042);
    assert_hex(body_of(&buffer, 5, 0, OPCODE_EVENT), "000d 'STATUS_CHANGE' 0002 'UP' 04 7f000001 00002352");
    buffer_clear(&buffer);
    cql__event_node(&buffer, 3, CQL_TOPOLOGY_CHANGE, "NEW_NODE", bytes_of(host, 4), 9042);
    assert_hex(body_of(&buffer, 3, 0, OPCODE_EVENT),
               "000f 'TOPOLOGY_CHANGE' 0008 'NEW_NODE' 04 7f000001 00002352");
    buffer_reset(&buffer);
}

static void check_type(const struct type *type, uint8_t version, const char *expected)
{
    struct buffer buffer = {0};
    cql_put_type(&buffer, type, version);
    assert_hex(buffer_bytes(&buffer), expected);
    buffer_reset(&buffer);
}

static void test_scalar_types(void **state)
{
    (void)state;
    static const struct {
        enum type_kind kind;
        const char *expected;
    } cases[] = {
        {TYPE_ASCII, "0001"},    {TYPE_BIGINT, "0002"},  {TYPE_BLOB, "0003"},      {TYPE_BOOLEAN, "0004"},
        {TYPE_COUNTER, "0005"},  {TYPE_DECIMAL, "0006"}, {TYPE_NUMBER, "0006"},    {TYPE_DOUBLE, "0007"},
        {TYPE_FLOAT, "0008"},    {TYPE_INT, "0009"},     {TYPE_TIMESTAMP, "000b"}, {TYPE_UUID, "000c"},
        {TYPE_TEXT, "000d"},     {TYPE_VARINT, "000e"},  {TYPE_TIMEUUID, "000f"},  {TYPE_INET, "0010"},
        {TYPE_DATE, "0011"},     {TYPE_TIME, "0012"},    {TYPE_SMALLINT, "0013"},  {TYPE_TINYINT, "0014"},
        {TYPE_DURATION, "0015"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        check_type(&(struct type){.kind = cases[i].kind}, 5, cases[i].expected);
    }
    /* What a version does not know is custom. */
    check_type(&(struct type){.kind = TYPE_DURATION}, 4,
               "0000 002c 'org.apache.cassandra.db.marshal.DurationType'");
    check_type(&(struct type){.kind = TYPE_DATE}, 3,
               "0000 002e 'org.apache.cassandra.db.marshal.SimpleDateType'");
    check_type(&(struct type){.kind = TYPE_DATE}, 4, "0011");
}

static void test_types_with_parameters(void **state)
{
    (void)state;
    const struct type pair[] = {type_int, type_text};
    const struct bytes fields[] = {bytes_of_text("a"), bytes_of_text("b")};
    const struct type_udt udt = {bytes_of_text("ks"), bytes_of_text("address"), fields};
    const struct type list = {.kind = TYPE_LIST, .count = 1, .parameters = pair};
    const struct type frozen = {.kind = TYPE_LIST, .count = 1, .parameters = pair, .is_frozen = true};
    const struct type user = {
        .kind = TYPE_UDT, .count = 2, .parameters = pair, .udt = &udt, .is_frozen = true};
    const struct type nested[] = {type_text, user};
    check_type(&list, 4, "0020 0009");
    check_type(&frozen, 4, "0020 0009");
    check_type(&(struct type){.kind = TYPE_SET, .count = 1, .parameters = pair}, 4, "0022 0009");
    check_type(&(struct type){.kind = TYPE_MAP, .count = 2, .parameters = pair}, 4, "0021 0009 000d");
    check_type(&(struct type){.kind = TYPE_TUPLE, .count = 2, .parameters = pair}, 4, "0031 0002 0009 000d");
    check_type(&user, 4, "0030 0002 'ks' 0007 'address' 0002 0001 'a' 0009 0001 'b' 000d");
    check_type(&(struct type){.kind = TYPE_MAP, .count = 2, .parameters = nested}, 4,
               "0021 000d 0030 0002 'ks' 0007 'address' 0002 0001 'a' 0009 0001 'b' 000d");
}

static void check_class(const struct type *type, const char *expected)
{
    struct buffer buffer = {0};
    cql_put_class(&buffer, type);
    assert_same_text(buffer_bytes(&buffer), expected);
    buffer_reset(&buffer);
}

#define M "org.apache.cassandra.db.marshal."

static void test_classes(void **state)
{
    (void)state;
    const struct type pair[] = {type_int, type_text};
    const struct bytes fields[] = {bytes_of_text("a"), bytes_of_text("b")};
    const struct type_udt udt = {bytes_of_text("ks"), bytes_of_text("ad"), fields};
    const struct type frozen = {.kind = TYPE_LIST, .count = 1, .parameters = pair, .is_frozen = true};
    const struct type vector = {
        .kind = TYPE_VECTOR, .count = 1, .dimension = 3, .parameters = &type_float, .is_frozen = true};
    check_class(&vector, M "VectorType(" M "FloatType , 3)");
    check_type(
        &vector, 5,
        "0000 0059 'org.apache.cassandra.db.marshal.VectorType(org.apache.cassandra.db.marshal.FloatType , "
        "3)'");
    check_class(&(struct type){.kind = TYPE_VECTOR, .count = 1, .dimension = 2, .parameters = &frozen},
                M "VectorType(" M "FrozenType(" M "ListType(" M "Int32Type)) , 2)");
    check_class(&(struct type){.kind = TYPE_MAP, .count = 2, .parameters = pair},
                M "MapType(" M "Int32Type," M "UTF8Type)");
    check_class(&(struct type){.kind = TYPE_TUPLE, .count = 2, .parameters = pair, .is_frozen = true},
                M "TupleType(" M "Int32Type," M "UTF8Type)");
    check_class(
        &(struct type){.kind = TYPE_UDT, .count = 2, .parameters = pair, .udt = &udt, .is_frozen = true},
        M "FrozenType(" M "UserType(ks,6164,61:" M "Int32Type,62:" M "UTF8Type))");
    check_class(&(struct type){.kind = TYPE_LIST, .count = 1, .parameters = &frozen, .is_frozen = true},
                M "FrozenType(" M "ListType(" M "ListType(" M "Int32Type)))");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_a_message_that_is_too_long),
        cmocka_unit_test(test_the_beginning),
        cmocka_unit_test(test_what_stands_before),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_other_results),
        cmocka_unit_test(test_scalar_types),
        cmocka_unit_test(test_types_with_parameters),
        cmocka_unit_test(test_classes),
    };
    return cmocka_run_group_tests_name("cql/reply", tests, NULL, NULL);
}
