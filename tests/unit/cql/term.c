/* Terms as values of every type, what does not fit, markers, functions, arithmetic, aggregates, JSON. */
#include "term.h"

#include "aggregate.h"
#include "json.h"
#include "support/test.h"
#include "syntax/syntax.h"
#include "value/decimal.h"
#include "value/scalar_text.h"
#include "value/serial.h"

static const int64_t now_us = 1760000000123456; /* 2025-10-09T08:53:20.123456Z */

/* ks.u is a UDT of an int and a text. */
static enum status resolve_name(void *context, struct bytes keyspace, struct bytes name, struct arena *arena,
                                struct type *ret_type, struct error *error)
{
    static const struct bytes fields[] = {{(const uint8_t *)"a", 1}, {(const uint8_t *)"B", 1}};
    static const struct type_udt udt = {.keyspace = {(const uint8_t *)"ks", 2},
                                        .name = {(const uint8_t *)"u", 1},
                                        .fields = fields};
    static const struct type types[] = {{.kind = TYPE_INT}, {.kind = TYPE_TEXT}};
    (void)context;
    (void)keyspace;
    (void)arena;
    if (!bytes_equal(name, bytes_of_text("u"))) {
        return error_set(error, STATUS_INVALID, "Unknown type %.*s", (int)name.size, (const char *)name.data);
    }
    *ret_type = (struct type){.kind = TYPE_UDT, .count = 2, .parameters = types, .udt = &udt};
    return STATUS_OK;
}

static const struct type_names names = {.resolve = resolve_name};

static struct type type_of(const char *text, struct arena *arena)
{
    struct error error = {0};
    struct type type = {0};
    assert_ok(type_parse(bytes_of_text(text), &names, arena, &type, &error), error);
    return type;
}

static const struct cql_term *term_of(const char *text, struct arena *arena, size_t *ret_markers)
{
    struct error error = {0};
    struct cql_statement *statement = NULL;
    char *insert = arena_format(arena, "INSERT INTO t (c) VALUES (%s)", text);
    assert_ok(cql_parse(bytes_of_text(insert), arena, &statement, &error), error);
    *ret_markers = statement->markers;
    return statement->insert.values.at[0];
}

/* Everything as JSON: "12", "\"text\"", "[1, 2]"; or what is wrong. */
static const char *value_text(const char *type_text, const char *term_text, struct arena *arena)
{
    struct error error = {0};
    struct type type = type_of(type_text, arena);
    struct cql_receiver receiver = {.name = bytes_of_text("c"), .type = &type};
    struct cql_preparation preparation = {.arena = arena, .error = &error, .names = &names, .now_us = now_us};
    struct cql_evaluation evaluation = {.moment = {.arena = arena, .error = &error, .now_us = now_us}};
    struct cql_expression *expression = NULL;
    struct value value = {0};
    size_t markers = 0;
    bool is_unset = false;
    const struct cql_term *term = term_of(term_text, arena, &markers);
    enum status status = statement__term_prepare(&preparation, term, &receiver, &expression);
    if (status == STATUS_OK) {
        assert_true(type_equal(&expression->type, &type));
        status = statement__evaluate(expression, &evaluation, &value, &is_unset);
    }
    if (status != STATUS_OK) {
        return arena_format(arena, "%s", error.text);
    }
    if (value.kind != VALUE_NULL) {
        assert_ok(type_check(&type, &value, &error), error);
    }
    struct buffer text = {0};
    statement__json_format(&type, &value, &text);
    const char *copy = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return value.kind == VALUE_EMPTY ? "empty" : copy;
}

struct value_case {
    const char *type;
    const char *term;
    const char *expected;
};

static void assert_cases(const struct value_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct arena arena = {0};
        const char *text = value_text(cases[i].type, cases[i].term, &arena);
        if (strcmp(text, cases[i].expected) != 0) {
            fail_msg("%s as %s:\n  %s\n  not %s", cases[i].term, cases[i].type, text, cases[i].expected);
        }
        arena_reset(&arena);
    }
}

static void literals_become_values(void **state)
{
    static const struct value_case cases[] = {
        {"int", "12", "12"},
        {"int", "-2147483648", "-2147483648"},
        {"tinyint", "-128", "-128"},
        {"smallint", "32767", "32767"},
        {"bigint", "9223372036854775807", "9223372036854775807"},
        {"counter", "5", "5"},
        {"varint", "-123456789012345678901234567890", "-123456789012345678901234567890"},
        {"decimal", "1.50", "1.50"},
        {"decimal", "7", "7"},
        {"float", "1.5", "1.5"},
        {"float", "3", "3.0"},
        {"double", "1e10", "1.0E10"},
        {"double", "0.001", "0.001"},
        {"double", "123456789", "1.23456789E8"},
        {"double", "NaN", "null"},
        {"boolean", "TRUE", "true"},
        {"text", "'it''s \"é\"'", "\"it's \\\"é\\\"\""},
        {"text", "''", "\"\""},
        {"ascii", "'abc'", "\"abc\""},
        {"blob", "0xCAfe", "\"0xcafe\""},
        {"blob", "0x", "\"0x\""},
        {"uuid", "550E8400-e29b-41d4-a716-446655440000", "\"550e8400-e29b-41d4-a716-446655440000\""},
        {"timeuuid", "50554d6e-29bb-11e5-b345-feff819cdc9f", "\"50554d6e-29bb-11e5-b345-feff819cdc9f\""},
        {"timestamp", "1299038700000", "\"2011-03-02 04:05:00.000Z\""},
        {"timestamp", "-1", "\"1969-12-31 23:59:59.999Z\""},
        {"timestamp", "'2011-02-03 04:05+0000'", "\"2011-02-03 04:05:00.000Z\""},
        {"timestamp", "'2011-02-03 04:05:00+0000'", "\"2011-02-03 04:05:00.000Z\""},
        {"timestamp", "'2011-02-03 04:05:00.123+0100'", "\"2011-02-03 03:05:00.123Z\""},
        {"timestamp", "'2011-02-03T04:05'", "\"2011-02-03 04:05:00.000Z\""},
        {"timestamp", "'2011-02-03T04:05:01.5Z'", "\"2011-02-03 04:05:01.500Z\""},
        {"timestamp", "'2011-02-03T04:05:01-05:30'", "\"2011-02-03 09:35:01.000Z\""},
        {"timestamp", "'2011-02-03 04:05:01 UTC'", "\"2011-02-03 04:05:01.000Z\""},
        {"timestamp", "'2011-02-03'", "\"2011-02-03 00:00:00.000Z\""},
        {"timestamp", "'2011-02-03+0100'", "\"2011-02-02 23:00:00.000Z\""},
        {"timestamp", "'1582-02-28'", "\"1582-02-28 00:00:00.000Z\""},
        {"timestamp", "'now'", "\"2025-10-09 08:53:20.123Z\""},
        {"timestamp", "''", "empty"},
        {"date", "'2012-02-29'", "\"2012-02-29\""},
        {"date", "'-0001-01-01'", "\"-0001-01-01\""},
        {"date", "2147483648", "\"1970-01-01\""},
        {"time", "'08:12:54'", "\"08:12:54.000000000\""},
        {"time", "'08:12:54.123456789'", "\"08:12:54.123456789\""},
        {"time", "1000", "\"00:00:00.000001000\""},
        {"duration", "1y2mo3w4d5h6m7s8ms9us10ns", "\"1y2mo25d5h6m7s8ms9us10ns\""},
        {"duration", "-89h4m48s", "\"-89h4m48s\""},
        {"duration", "P1Y2M3DT4H5M6S", "\"1y2mo3d4h5m6s\""},
        {"duration", "P3W", "\"21d\""},
        {"duration", "P0001-02-03T04:05:06", "\"1y2mo3d4h5m6s\""},
        {"duration", "36h", "\"36h\""},
        {"inet", "'127.0.0.1'", "\"127.0.0.1\""},
        {"inet", "'::1'", "\"::1\""},
        {"inet", "'::ffff:1.2.3.4'", "\"1.2.3.4\""},
        {"inet", "''", "empty"},
        {"int", "null", "null"},
    };
    (void)state;
    assert_cases(cases, ARRAY_COUNT(cases));
}

static void containers_become_values(void **state)
{
    static const struct value_case cases[] = {
        {"list<int>", "[3, 1, 3]", "[3, 1, 3]"},
        {"list<int>", "[]", "[]"},
        {"set<text>", "{'b', 'a', 'b'}", "[\"a\", \"b\"]"},
        {"set<text>", "{}", "[]"},
        {"map<int, text>", "{2: 'b', 1: 'a', 2: 'c'}", "{\"1\": \"a\", \"2\": \"c\"}"},
        {"map<int, text>", "{}", "{}"},
        {"map<text, frozen<list<int>>>", "{'x': [1, 2]}", "{\"x\": [1, 2]}"},
        {"tuple<int, text>", "(1, 'x')", "[1, \"x\"]"},
        {"tuple<int, text>", "(1)", "[1, null]"},
        {"tuple<int, text>", "(null, 'x')", "[null, \"x\"]"},
        {"ks.u", "{a: 1, \"B\": 'x'}", "{\"a\": 1, \"\\\"B\\\"\": \"x\"}"},
        {"ks.u", "{\"B\": 'x'}", "{\"a\": null, \"\\\"B\\\"\": \"x\"}"},
        {"vector<float, 3>", "[1, 2.5, -3]", "[1.0, 2.5, -3.0]"},
        {"list<frozen<u>>", "[{a: 1}]", "[{\"a\": 1, \"\\\"B\\\"\": null}]"},
    };
    (void)state;
    assert_cases(cases, ARRAY_COUNT(cases));
}

static void errors_are_cassandras(void **state)
{
    static const struct value_case cases[] = {
        {"int", "'x'", "Invalid STRING constant (x) for \"c\" of type int"},
        {"text", "5", "Invalid INTEGER constant (5) for \"c\" of type text"},
        {"int", "1.5", "Invalid FLOAT constant (1.5) for \"c\" of type int"},
        {"int", "true", "Invalid BOOLEAN constant (true) for \"c\" of type int"},
        {"text", "550e8400-e29b-41d4-a716-446655440000",
         "Invalid UUID constant (550e8400-e29b-41d4-a716-446655440000) for \"c\" of type text"},
        {"int", "0xff", "Invalid HEX constant (0xff) for \"c\" of type int"},
        {"int", "1h", "Invalid DURATION constant (1h) for \"c\" of type int"},
        {"list<int>", "'x'", "Invalid STRING constant (x) for \"c\" of type list<int>"},
        {"int", "2147483648", "Unable to make int from '2147483648'"},
        {"tinyint", "128", "Unable to make byte from '128'"},
        {"bigint", "9223372036854775808", "Unable to make long from '9223372036854775808'"},
        {"timestamp", "'yesterday'", "Unable to parse a date/time from 'yesterday'"},
        {"timestamp", "'2011-02-30'", "Unable to parse a date/time from '2011-02-30'"},
        {"date", "'2011-13-01'", "Unable to coerce '2011-13-01' to a formatted date (long)"},
        {"time", "'25:00:00'", "Unable to coerce '25:00:00' to a formatted time (long)"},
        {"inet", "'localhost.'", "Unable to make inet address from 'localhost.'"},
        {"blob", "0xabc", "cannot parse 'abc' as hex bytes"},
        {"duration", "1h1y", "Unable to convert '1h1y' to a duration"},
        {"timeuuid", "550e8400-e29b-41d4-a716-446655440000", "TimeUUID supports only version 1 UUIDs"},
        {"ascii", "'é'", "Invalid ASCII character in string literal"},
        {"int", "[1]", "Invalid list literal for c of type int"},
        {"int", "{1}", "Invalid set literal for c of type int"},
        {"int", "{1: 2}", "Invalid map literal for c of type int"},
        {"int", "{a: 2}", "Invalid user type literal for c of type int"},
        {"int", "(1, 2)", "Invalid tuple type literal for c of type int"},
        {"list<text>", "['a', 1]", "Invalid list literal for c: value 1 is not of type text"},
        {"set<int>", "{'x'}", "Invalid set literal for c: value 'x' is not of type int"},
        {"map<int, int>", "{'x': 1}", "Invalid map literal for c: key 'x' is not of type int"},
        {"map<int, int>", "{1: 'x'}", "Invalid map literal for c: value 'x' is not of type int"},
        {"list<int>", "[?]",
         "Invalid list literal for c: bind variables are not supported inside collection literals"},
        {"list<int>", "[null]", "null is not supported inside collections"},
        {"tuple<int>", "('x')", "Invalid tuple literal for c: component 0 is not of type int"},
        {"tuple<int>", "(1, 2)",
         "Invalid tuple literal for c: too many elements. Type frozen<tuple<int>> expects 1 but got 2"},
        {"ks.u", "{x: 1}", "Unknown field 'x' in value of user defined type u"},
        {"ks.u", "{a: 'x'}", "Invalid user type literal for c: field a is not of type int"},
        {"vector<float, 2>", "[1]",
         "Invalid vector literal for c of type vector<float, 2>; expected 2 elements, but given 1"},
        {"int", "f(1)", "Unknown function f called"},
        {"int", "x.now()", "Unknown function x.now called"},
        {"int", "now()",
         "Type error: cannot assign result of function system.now (type timeuuid) to c (type int)"},
        {"int", "now(1)",
         "Invalid number of arguments in call to function system.now: 0 required but 1 provided"},
        {"int", "'x' + 1", "the '+' operation is not supported between 'x' and 1"},
        {"int", "1 / 0", "the operation 'int / int' failed: / by zero"},
        {"int", "(text)1", "Cannot cast value 1 to type text"},
        {"int", "(text)'x'", "Cannot assign value (text)'x' to c of type int"},
        {"int", "(nothing)1", "Unknown type nothing"},
        {"int", "max(1)", "Aggregation function are not supported in the where clause"},
        {"int", "? + ?", "Ambiguous '+' operation with args ? and ?: use type casts to disambiguate"},
        {"int", "? + 1", "Ambiguous '+' operation with args ? and 1: use type casts to disambiguate"},
        {"timestamp", "? - ?", "Ambiguous '-' operation with args ? and ?: use type casts to disambiguate"},
        {"text", "dateof('x')",
         "Type error: 'x' cannot be passed as argument 0 of function system.dateof of type timeuuid"},
        {"date", "todate(1.5)",
         "Invalid call to function todate, none of its type signatures match (known type signatures: "
         "system.todate "
         ": (timeuuid) -> date, system.todate : (timestamp) -> date)"},
        {"date", "todate(null)",
         "Ambiguous call to function todate (can be matched by following signatures: system.todate : "
         "(timeuuid) -> "
         "date, system.todate : (timestamp) -> date): use type casts to disambiguate"},
        {"counter", "null", "Invalid null value for counter increment/decrement"},
        {"int", "blobasint(0x01)",
         "In call to function system.blobasint, value 0x01 is not a valid binary representation for type "
         "int"},
        {"list<int>", "fromjson('[1, null]')",
         "execution of 'system.fromjson[text]' failed: Invalid null element in list"},
        {"int", "fromjson('\"x\"')",
         "execution of 'system.fromjson[text]' failed: Unable to make int from 'x'"},
        {"int", "fromjson('[1]')",
         "execution of 'system.fromjson[text]' failed: Expected a int value, but got a ArrayList: [1]"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        if (cases[i].expected != NULL) {
            assert_cases(&cases[i], 1);
        }
    }
}

static void functions_give_values(void **state)
{
    static const struct value_case cases[] = {
        {"timestamp", "currentTimestamp()", "\"2025-10-09 08:53:20.123Z\""},
        {"date", "current_date()", "\"2025-10-09\""},
        {"time", "currentTime()", "\"08:53:20.123456000\""},
        {"timestamp", "toTimestamp(now())", "\"2025-10-09 08:53:20.123Z\""},
        {"bigint", "toUnixTimestamp(system.now())", "1760000000123"},
        {"date", "toDate((timestamp)'2011-02-03 04:05')", "\"2011-02-03\""},
        {"timestamp", "toTimestamp((date)'2011-02-03')", "\"2011-02-03 00:00:00.000Z\""},
        {"timeuuid", "minTimeuuid('2013-02-02 10:00+0000')", "\"4e52d000-6d1f-11e2-8080-808080808080\""},
        {"timeuuid", "maxtimeuuid('2013-02-02 10:00+0000')", "\"4e52f70f-6d1f-11e2-7f7f-7f7f7f7f7f7f\""},
        {"timestamp", "dateOf(50554d6e-29bb-11e5-b345-feff819cdc9f)", "\"2015-07-14 00:00:18.805Z\""},
        {"bigint", "unixTimestampOf(50554d6e-29bb-11e5-b345-feff819cdc9f)", "1436832018805"},
        {"blob", "intAsBlob(258)", "\"0x00000102\""},
        {"blob", "text_as_blob('ab')", "\"0x6162\""},
        {"blob", "varcharAsBlob('ab')", "\"0x6162\""},
        {"int", "blobAsInt(0x00000102)", "258"},
        {"text", "blob_as_text(0x6162)", "\"ab\""},
        {"bigint", "blobAsBigint(bigintAsBlob(-3))", "-3"},
        {"text", "toJson((list<int>)[1, 2])", "\"[1, 2]\""},
        {"list<int>", "fromJson('[1, \"2\"]')", "[1, 2]"},
        {"map<int, boolean>", "fromJson('{\"1\": true}')", "{\"1\": true}"},
        {"ks.u", "from_json('{\"A\": 5, \"\\\"B\\\"\": \"x\"}')", "{\"a\": 5, \"\\\"B\\\"\": \"x\"}"},
        {"tuple<int, text>", "fromjson('[1, null]')", "[1, null]"},
        {"timestamp", "fromjson('\"2011-02-03 04:05+0000\"')", "\"2011-02-03 04:05:00.000Z\""},
        {"blob", "fromjson('\"0xff\"')", "\"0xff\""},
        {"decimal", "fromjson('1.50')", "1.50"},
        {"timestamp", "floor((timestamp)'2016-09-27 16:59:00', 1h)", "\"2016-09-27 16:00:00.000Z\""},
        {"timestamp", "floor((timestamp)'2016-09-27 16:59:00', 3mo)", "\"2016-07-01 00:00:00.000Z\""},
        {"date", "floor((date)'2016-09-27', 1mo)", "\"2016-09-01\""},
        {"timestamp", "floor((timestamp)'2016-09-27 18:14:00', 2h, (timestamp)'2016-09-27 17:00:00')",
         "\"2016-09-27 17:00:00.000Z\""},
        {"time", "floor((time)'16:59:00', 30m)", "\"16:30:00.000000000\""},
        {"int", "abs((int)-5)", "5"},
        {"double", "round((double)2.5)", "3.0"},
        {"set<int>", "map_keys((map<int, text>){2: 'b', 1: 'a'})", "[1, 2]"},
        {"list<text>", "map_values((map<int, text>){2: 'b', 1: 'a'})", "[\"a\", \"b\"]"},
        {"int", "collection_count((set<int>){1, 2, 1})", "2"},
        {"blob", "(text)'ab'", "\"0x6162\""},
        {"uuid", "(timeuuid)50554d6e-29bb-11e5-b345-feff819cdc9f",
         "\"50554d6e-29bb-11e5-b345-feff819cdc9f\""},
        {"timestamp", "toTimestamp((timeuuid)null)", "null"},
    };
    (void)state;
    assert_cases(cases, ARRAY_COUNT(cases));
}

static void arithmetic_has_cassandras_types(void **state)
{
    static const struct value_case cases[] = {
        {"int", "1 + 2 * 3", "7"},
        {"int", "7 / 2", "3"},
        {"int", "-7 % 3", "-1"},
        {"int", "-(int)5", "-5"},
        {"tinyint", "100 + 27", "127"},
        {"tinyint", "(tinyint)127 + (tinyint)1", "-128"},
        {"bigint", "(int)1 + (bigint)2", "3"},
        {"int", "(int)2147483647 + (int)1", "-2147483648"},
        {"int", "(int)-2147483648 / (int)-1", "-2147483648"},
        {"double", "(float)1.5 + (bigint)1", "2.5"},
        {"float", "(float)1.5 * (int)2", "3.0"},
        {"decimal", "(decimal)1 / (decimal)3", "0.33333333333333333333333333333333"},
        {"decimal", "(decimal)2 / (decimal)4", "0.5"},
        {"decimal", "(decimal)1.50 * (decimal)2.0", "3.000"},
        {"decimal", "(decimal)7.5 % (decimal)2", "1.5"},
        {"decimal", "(double)0.1 + (varint)1", "1.1"},
        {"varint", "(varint)100000000000000000000 / (varint)3", "33333333333333333333"},
        {"varint", "(varint)-7 / (int)2", "-3"},
        {"timestamp", "(timestamp)'2020-01-31 10:00' + 1mo", "\"2020-02-29 10:00:00.000Z\""},
        {"timestamp", "(timestamp)'2020-03-31 10:00' - 1mo1h", "\"2020-02-29 09:00:00.000Z\""},
        {"date", "(date)'2020-01-01' + 1d", "\"2020-01-02\""},
        {"date", "(date)'2020-01-01' - 1y", "\"2019-01-01\""},
        {"int", "null + 1", "null"},
    };
    (void)state;
    assert_cases(cases, ARRAY_COUNT(cases));
}

/* --- markers ---------------------------------------------------------------------------------------------------- */

/* What is bound: {bytes of an int 5}, null, unset, and so on. */
static enum status bind_marker(void *context, uint16_t marker, struct cql_binding *ret_binding,
                               struct error *error)
{
    const struct cql_binding *bindings = context;
    (void)error;
    *ret_binding = bindings[marker];
    return STATUS_OK;
}

static void markers_have_names_and_types(void **state)
{
    static const struct {
        const char *type;
        const char *term;
        const char *expected; /* "name type" of each */
    } cases[] = {
        {"int", "?", "c int;"},
        {"int", ":x", "x int;"},
        {"tuple<int, text>", "(?, :n)", "c[0] int;n text;"},
        {"ks.u", "{a: ?, \"B\": ?}", "c.a int;c.B text;"},
        {"timeuuid", "minTimeuuid(?)", "arg0(system.mintimeuuid) timestamp;"},
        {"int", "(int)?", "(int)? int;"},
        {"int", "(int)? + 1", "(int)? int;"},
        {"date", "(date)'2020-01-01' + ?", "arg1(system.+) duration;"},
        {"date", "? - 2d", "arg0(system.-) date;"},
        {"timestamp", "? + 2d", "arg0(system.+) timestamp;"},
        {"text", "fromjson(?)", "arg0(system.fromjson) text;"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct error error = {0};
        struct buffer text = {0};
        size_t count = 0;
        struct cql_receiver markers[4] = {{{0}, NULL}};
        struct type type = type_of(cases[i].type, &arena);
        struct cql_receiver receiver = {.name = bytes_of_text("c"), .type = &type};
        struct cql_preparation preparation = {
            .arena = &arena, .error = &error, .names = &names, .now_us = now_us, .markers = markers};
        struct cql_expression *expression = NULL;
        const struct cql_term *term = term_of(cases[i].term, &arena, &count);
        assert_ok(statement__term_prepare(&preparation, term, &receiver, &expression), error);
        for (size_t k = 0; k < count; k++) {
            buffer_put(&text, markers[k].name);
            buffer_put_format(&text, " %s;", statement__type_text(markers[k].type, &arena));
        }
        assert_string_equal(arena_copy_text(&arena, buffer_bytes(&text)), cases[i].expected);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

static void receivers_have_cassandras_names(void **state)
{
    struct arena arena = {0};
    struct type map = type_of("map<int, text>", &arena);
    struct type list = type_of("list<text>", &arena);
    struct cql_receiver columns[] = {{bytes_of_text("m"), &map}, {bytes_of_text("l"), &list}};
    (void)state;
    const struct {
        struct cql_receiver receiver;
        const char *name;
        const char *type;
    } cases[] = {
        {statement__receiver_in(&columns[1], &arena), "in(l)", "frozen<list<list<text>>>"},
        {statement__receiver_tuple(columns, 2, &arena), "(m,l)", "frozen<tuple<map<int, text>, list<text>>>"},
        {statement__receiver_tuples_in(columns, 1, &arena), "in(m)",
         "frozen<list<frozen<tuple<map<int, text>>>>>"},
        {statement__receiver_key(&columns[0], &arena), "key(m)", "int"},
        {statement__receiver_key(&columns[1], &arena), "idx(l)", "int"},
        {statement__receiver_value(&columns[0], &arena), "value(m)", "text"},
        {statement__receiver_token(), "partition key token", "bigint"},
        {statement__receiver_limit(), "[limit]", "int"},
        {statement__receiver_ttl(), "[ttl]", "int"},
        {statement__receiver_timestamp(), "[timestamp]", "bigint"},
        {statement__receiver_json(), "[json]", "text"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_string_equal(arena_copy_text(&arena, cases[i].receiver.name), cases[i].name);
        assert_string_equal(statement__type_text(cases[i].receiver.type, &arena), cases[i].type);
    }
    arena_reset(&arena);
}

static void bound_values_are_checked(void **state)
{
    static const uint8_t five[] = {0, 0, 0, 5};
    static const uint8_t with_null[] = {0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF};
    static const struct {
        const char *type;
        const char *term;
        struct cql_binding binding;
        const char *expected;
    } cases[] = {
        {"int", "?", {CQL_BINDING_BYTES, {five, 4}}, "5"},
        {"int", "(int)? + 1", {CQL_BINDING_BYTES, {five, 4}}, "6"},
        {"int", "?", {CQL_BINDING_NULL, {NULL, 0}}, "null"},
        {"int", "?", {CQL_BINDING_UNSET, {NULL, 0}}, "unset"},
        {"int", "?", {CQL_BINDING_BYTES, {five, 3}}, "Expected 4 or 0 byte int (3)"},
        {"tuple<int, text>", "(?, 'x')", {CQL_BINDING_NULL, {NULL, 0}}, "[null, \"x\"]"},
        {"tuple<int, text>",
         "(?, 'x')",
         {CQL_BINDING_UNSET, {NULL, 0}},
         "Invalid unset value for tuple field number 0"},
        {"ks.u",
         "{a: ?}",
         {CQL_BINDING_UNSET, {NULL, 0}},
         "Invalid unset value for field 'a' of user defined type u"},
        {"timeuuid",
         "minTimeuuid(?)",
         {CQL_BINDING_UNSET, {NULL, 0}},
         "Invalid unset value for argument in call to function mintimeuuid"},
        {"list<int>", "?", {CQL_BINDING_BYTES, {with_null, 8}}, "null is not supported inside collections"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct error error = {0};
        struct buffer text = {0};
        struct value value = {0};
        struct cql_binding binding = cases[i].binding;
        size_t count = 0;
        bool is_unset = false;
        struct type type = type_of(cases[i].type, &arena);
        struct cql_receiver receiver = {.name = bytes_of_text("c"), .type = &type};
        struct cql_preparation preparation = {.arena = &arena,
                                              .error = &error,
                                              .names = &names,
                                              .now_us = now_us};
        struct cql_evaluation evaluation = {.moment = {.arena = &arena, .error = &error, .now_us = now_us},
                                            .bind = bind_marker,
                                            .context = &binding};
        struct cql_expression *expression = NULL;
        const struct cql_term *term = term_of(cases[i].term, &arena, &count);
        assert_ok(statement__term_prepare(&preparation, term, &receiver, &expression), error);
        enum status status = statement__evaluate(expression, &evaluation, &value, &is_unset);
        if (status != STATUS_OK) {
            buffer_put_text(&text, error.text);
        } else if (is_unset) {
            buffer_put_text(&text, "unset");
        } else {
            statement__json_format(&type, &value, &text);
        }
        assert_string_equal(arena_copy_text(&arena, buffer_bytes(&text)), cases[i].expected);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

/* Calls and sums inside each other take time with their number, not with its power. */
static void deep_terms_are_prepared_once(void **state)
{
    static const struct {
        const char *head;
        const char *core;
        const char *tail;
    } cases[] = {{"abs(", "(int)-5", ")"},
                 {"totimestamp(todate(", "now()", "))"},
                 {"(int)-(int)", "5", ""},
                 {"abs(", "x()", ")"}};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct buffer text = {0};
        for (size_t k = 0; k < 30; k++) {
            buffer_put_text(&text, cases[i].head);
        }
        buffer_put_text(&text, cases[i].core);
        for (size_t k = 0; k < 30; k++) {
            buffer_put_text(&text, cases[i].tail);
        }
        (void)value_text(i == 1 ? "timestamp" : "int", arena_copy_text(&arena, buffer_bytes(&text)), &arena);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

/* --- selections ------------------------------------------------------------------------------------------------- */

struct row {
    struct type types[4]; /* i int, t text, m map<text, int>, u ks.u */
    struct value values[4];
};

static bool find_column(void *context, struct bytes name, uint32_t *ret_index, const struct type **ret_type)
{
    static const char *const columns[] = {"i", "t", "m", "u"};
    struct row *row = context;
    for (uint32_t i = 0; i < ARRAY_COUNT(columns); i++) {
        if (bytes_equal(name, bytes_of_text(columns[i]))) {
            *ret_index = i;
            *ret_type = &row->types[i];
            return true;
        }
    }
    return false;
}

static enum status read_column(void *context, uint32_t column, struct value *ret_value, struct error *error)
{
    struct row *row = context;
    (void)error;
    *ret_value = row->values[column];
    return STATUS_OK;
}

static enum status read_cell(void *context, uint32_t column, const struct cql_expression *path,
                             enum cql_term_kind what, struct value *ret_value, struct error *error)
{
    (void)context;
    (void)path;
    (void)error;
    *ret_value = value_of_integer(what == CQL_TERM_TTL ? 60 : 1000 + column);
    return STATUS_OK;
}

static struct row row_of(struct arena *arena)
{
    struct row row = {.types = {type_of("int", arena), type_of("text", arena),
                                type_of("map<text, int>", arena), type_of("ks.u", arena)}};
    struct error error = {0};
    struct cql_moment moment = {.arena = arena, .error = &error};
    static const char *const values[] = {"7", "\"x\"", "{\"a\": 1, \"b\": 2, \"c\": 3}", "{\"a\": 4}"};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        assert_ok(statement__json_parse(&row.types[i], bytes_of_text(values[i]), &moment, &row.values[i]),
                  error);
    }
    return row;
}

static const char *selection_text(const char *selector, struct arena *arena)
{
    struct error error = {0};
    struct row row = row_of(arena);
    struct cql_statement *statement = NULL;
    struct cql_expression *expression = NULL;
    struct value value = {0};
    struct buffer text = {0};
    bool is_unset = false;
    char *select = arena_format(arena, "SELECT %s FROM t", selector);
    assert_ok(cql_parse(bytes_of_text(select), arena, &statement, &error), error);
    struct cql_preparation preparation = {.arena = arena,
                                          .error = &error,
                                          .names = &names,
                                          .now_us = now_us,
                                          .column = find_column,
                                          .context = &row,
                                          .key_types = row.types,
                                          .key_count = 1};
    struct cql_evaluation evaluation = {.moment = {.arena = arena, .error = &error, .now_us = now_us},
                                        .column = read_column,
                                        .cell = read_cell,
                                        .context = &row};
    enum status status =
        statement__selector_prepare(&preparation, statement->select.selectors.at[0].term, &expression);
    if (status == STATUS_OK) {
        status = statement__evaluate(expression, &evaluation, &value, &is_unset);
    }
    if (status != STATUS_OK) {
        return arena_format(arena, "%s", error.text);
    }
    statement__json_format(&expression->type, &value, &text);
    const char *json = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return arena_format(arena, "%s %s", statement__type_text(&expression->type, arena), json);
}

static void selections_are_evaluated(void **state)
{
    static const char *const cases[][2] = {
        {"i", "int 7"},
        {"i + 1", "int 8"},
        {"-i", "int -7"},
        {"(i)", "int 7"},
        {"(i + 1) * 2", "int 16"},
        {"m['b']", "int 2"},
        {"m['x']", "int null"},
        {"m['b'..]", "map<text, int> {\"b\": 2, \"c\": 3}"},
        {"m[..'a']", "map<text, int> {\"a\": 1}"},
        {"u.a", "int 4"},
        {"u.\"B\"", "text null"},
        {"writetime(i)", "bigint 1000"},
        {"ttl(t)", "int 60"},
        {"[i, 1]", "frozen<list<int>> [7, 1]"},
        {"(i, t)", "frozen<tuple<int, text>> [7, \"x\"]"},
        {"{i: t}", "frozen<map<int, text>> {\"7\": \"x\"}"},
        {"(ks.u){a: i, \"B\": t}", "u {\"a\": 7, \"\\\"B\\\"\": \"x\"}"},
        {"CAST(i AS text)", "text \"7\""},
        {"cast(i as double)", "double 7.0"},
        {"CAST(1.9 AS int)", "int 1"},
        {"toJson(u)", "text \"{\\\"a\\\": 4, \\\"\\\\\\\"B\\\\\\\"\\\": null}\""},
        {"intAsBlob(i)", "blob \"0x00000007\""},
        {"token(i)", "bigint 1634052884888577606"},
        {"'x'", "text \"x\""},
        {"nothing", "Undefined column name nothing"},
        {"f(i)", "Unknown function 'f'"},
        {"?", "Cannot infer type for term ? in selection clause (try using a cast to force a type)"},
        {"i.a", "Invalid field selection: i of type int is not a user type"},
        {"u.x", "u of type u has no field x"},
        {"i[1]", "Invalid element selection: i of type int is not a collection"},
        {"CAST(m AS int)", "map<text, int> cannot be cast to int"},
        {"t + 'y'", "text \"xy\""},
        {"'x' + 'y'", "ascii \"xy\""},
        {"'x' + t + 'é'", "text \"xxé\""},
        {"t + 1", "the '+' operation is not supported between t and 1"},
        {"t - t", "the '-' operation is not supported between t and t"},
        {"null + null", "Ambiguous '+' operation with args NULL and NULL: use type casts to disambiguate"},
        {"(decimal)1 + (float)NaN",
         "the operation 'decimal + float' failed: A NaN cannot be converted into a decimal"},
        {"(decimal)1 - Infinity",
         "the operation 'decimal - double' failed: An infinite number cannot be converted into a decimal"},
        {"(varint)1 / 0", "the operation 'varint / int' failed: BigInteger divide by zero"},
        {"(decimal)1 % 0", "the operation 'decimal % int' failed: Division by zero"},
        {"max(max(i))", "aggregate functions cannot be used as arguments of aggregate functions"},
        {"sum(t)", "Invalid call to function sum, none of its type signatures match (known type signatures: "
                   "system.sum : (<number>) -> <number>)"},
        {"fromJson('1')", "fromJson() cannot be used in the selection clause of a SELECT statement"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        const char *text = selection_text(cases[i][0], &arena);
        if (strcmp(text, cases[i][1]) != 0) {
            fail_msg("%s:\n  %s\n  not %s", cases[i][0], text, cases[i][1]);
        }
        arena_reset(&arena);
    }
}

/* However many rows there are, and each greater than the one before. */
static void aggregates_take_little_memory(void **state)
{
    static const char *const calls[] = {"sum", "avg", "max"};
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        struct arena arena = {0};
        struct arena kept = {0};
        struct error error = {0};
        struct row row = {.types = {type_of("decimal", &arena)}};
        struct cql_preparation preparation = {.arena = &arena,
                                              .error = &error,
                                              .column = find_column,
                                              .context = &row};
        struct cql_statement *statement = NULL;
        struct cql_expression *expression = NULL;
        char *select = arena_format(&arena, "SELECT %s(i) FROM t", calls[i]);
        assert_ok(cql_parse(bytes_of_text(select), &arena, &statement, &error), error);
        assert_ok(statement__selector_prepare(&preparation, statement->select.selectors.at[0].term,
                                              &expression),
                  error);
        struct cql_aggregate aggregate = {.function = preparation.aggregates[0]->function};
        for (int64_t k = 0; k < 20000; k++) {
            struct arena scratch = {0};
            struct cql_moment step = {.arena = &scratch, .error = &error, .now_us = now_us};
            struct value value = {.kind = VALUE_DECIMAL, .decimal = decimal_of_integer(k, &scratch)};
            assert_ok(statement__aggregate_step(&aggregate, &value, &step, &kept), error);
            arena_reset(&scratch);
        }
        assert_in_range(kept.total, 1, 1000);
        arena_reset(&kept);
        arena_reset(&arena);
    }
}

static void aggregates_step_over_rows(void **state)
{
    static const struct {
        const char *type;
        const char *name;
        const char *values[4];
        const char *expected;
    } cases[] = {
        {"int", "sum", {"1", "null", "5"}, "6"},
        {"int", "avg", {"1", "2", "2"}, "1"},
        {"tinyint", "avg", {"100", "100", "100"}, "100"},
        {"tinyint", "sum", {"100", "100"}, "-56"},
        {"double", "avg", {"1", "2"}, "1.5"},
        {"decimal", "avg", {"1", "2"}, "1"}, /* as many places as they have */
        {"decimal", "avg", {"1.0", "2"}, "1.5"},
        {"decimal", "avg", {"1.00", "2.5", "-4"}, "-0.17"},
        {"decimal", "sum", {"1.5", "2"}, "3.5"},
        {"double", "avg", {"1e308", "1e308", "1e308"}, "1.0E308"},
        {"double", "sum", {"1e308", "1e308"}, "null"}, /* JSON has no infinity */
        {"float", "sum", {"16777216", "1", "1"}, "1.6777218E7"},
        {"float", "sum", {"1.5", "2"}, "3.5"},
        {"text", "max", {"\"b\"", "\"c\"", "\"a\""}, "\"c\""},
        {"int", "min", {"3", "1", "2"}, "1"},
        {"int", "count", {"3", "null", "2"}, "2"},
        {"int", "sum", {NULL}, "0"},
        {"int", "max", {NULL}, "null"},
        {"int", "count", {NULL}, "0"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct error error = {0};
        struct buffer text = {0};
        struct type type = type_of(cases[i].type, &arena);
        struct type *kept = &type;
        struct cql_moment moment = {.arena = &arena, .error = &error, .now_us = now_us};
        struct row row = {.types = {type}};
        struct cql_statement *statement = NULL;
        struct cql_expression *expression = NULL;
        char *select = arena_format(&arena, "SELECT %s(i) FROM t", cases[i].name);
        assert_ok(cql_parse(bytes_of_text(select), &arena, &statement, &error), error);
        struct cql_preparation preparation = {.arena = &arena,
                                              .error = &error,
                                              .column = find_column,
                                              .context = &row};
        assert_ok(statement__selector_prepare(&preparation, statement->select.selectors.at[0].term,
                                              &expression),
                  error);
        assert_int_equal(preparation.aggregates_count, 1);
        struct cql_aggregate aggregate = {.function = preparation.aggregates[0]->function};
        for (size_t k = 0; k < ARRAY_COUNT(cases[i].values) && cases[i].values[k] != NULL; k++) {
            struct value value;
            assert_ok(statement__json_parse(kept, bytes_of_text(cases[i].values[k]), &moment, &value), error);
            struct arena scratch = {0}; /* nothing of a step's own is needed after it */
            struct cql_moment step = {.arena = &scratch, .error = &error, .now_us = now_us};
            assert_ok(statement__aggregate_step(&aggregate, &value, &step, &arena), error);
            arena_reset(&scratch);
        }
        struct value result;
        assert_ok(statement__aggregate_result(&aggregate, &moment, &result), error);
        statement__json_format(&expression->type, &result, &text);
        assert_string_equal(arena_copy_text(&arena, buffer_bytes(&text)), cases[i].expected);
        buffer_reset(&text);
        arena_reset(&arena);
    }
}

static void json_rows_have_columns(void **state)
{
    struct arena arena = {0};
    struct error error = {0};
    struct cql_json_row row;
    struct value value;
    struct type type = {.kind = TYPE_INT};
    struct cql_moment moment = {.arena = &arena, .error = &error};
    (void)state;
    assert_ok(statement__json_row(bytes_of_text("{\"Ab\": 1, \"\\\"Cd\\\"\": null}"), &moment, &row), error);
    assert_int_equal(row.names.count, 2);
    for (size_t i = 0; i < 2; i++) {
        bool is_first = bytes_equal(row.names.at[i], bytes_of_text("ab"));
        assert_true(is_first || bytes_equal(row.names.at[i], bytes_of_text("Cd")));
        assert_ok(statement__json_value(&type, &row.values[i], &moment, &value), error);
        assert_int_equal(value.kind, is_first ? VALUE_INTEGER : VALUE_NULL);
    }
    assert_status(statement__json_row(bytes_of_text("null"), &moment, &row), STATUS_INVALID, error);
    assert_status(statement__json_row(bytes_of_text("{"), &moment, &row), STATUS_INVALID, error);
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_become_values),          cmocka_unit_test(containers_become_values),
        cmocka_unit_test(errors_are_cassandras),           cmocka_unit_test(functions_give_values),
        cmocka_unit_test(arithmetic_has_cassandras_types), cmocka_unit_test(markers_have_names_and_types),
        cmocka_unit_test(receivers_have_cassandras_names), cmocka_unit_test(bound_values_are_checked),
        cmocka_unit_test(deep_terms_are_prepared_once),    cmocka_unit_test(selections_are_evaluated),
        cmocka_unit_test(aggregates_take_little_memory),   cmocka_unit_test(aggregates_step_over_rows),
        cmocka_unit_test(json_rows_have_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
