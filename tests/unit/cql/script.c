/* Values to functions in Lua and back, without a worker; which of users' functions a call means. */
#include <stdlib.h>

#include "json.h"
#include "script_value.h"
#include "support/test.h"
#include "syntax/syntax.h"
#include "term.h"
#include "user_function.h"

static struct type type_of(const char *text, struct arena *arena)
{
    struct error error = {0};
    struct type type = {0};
    assert_ok(type_parse(bytes_of_text(text), NULL, arena, &type, &error), error);
    return type;
}

/* --- values --------------------------------------------------------------------------------------------------------- */

static void put_text(struct buffer *answer, const char *text)
{
    buffer_put_u8(answer, 'S');
    buffer_put_u32(answer, (uint32_t)strlen(text));
    buffer_put_text(answer, text);
}

/* NOLINTBEGIN(misc-no-recursion): as deep as the notations below */

/* Writes an answer from a short notation: i5 an integer, d0.5 a float, 'text' a string, T, F, N, {k v k v} a table. */
static void answer_of(const char **notation, struct buffer *answer);

static void table_of(const char **notation, struct buffer *answer)
{
    size_t at = answer->size + 1;
    uint32_t values = 0;
    buffer_put_u8(answer, 'M');
    buffer_put_u32(answer, 0);
    for ((*notation)++; **notation != '}'; values++) {
        answer_of(notation, answer);
        *notation += **notation == ' ';
    }
    (*notation)++;
    bytes_put_u32(answer->data + at, values / 2);
}

static void answer_of(const char **notation, struct buffer *answer)
{
    char *end = NULL;
    char text[64] = "";
    char letter = **notation;
    if (letter == '{') {
        table_of(notation, answer);
    } else if (letter == '\'') {
        size_t size = strcspn(*notation + 1, "'");
        memcpy(text, *notation + 1, size);
        put_text(answer, text);
        *notation += size + 2;
    } else if (letter == 'i') {
        buffer_put_u8(answer, 'I');
        buffer_put_u64(answer, (uint64_t)strtoll(*notation + 1, &end, 10));
        *notation = end;
    } else if (letter == 'd') {
        double number = strtod(*notation + 1, &end);
        uint64_t bits = 0;
        memcpy(&bits, &number, sizeof(bits));
        buffer_put_u8(answer, 'D');
        buffer_put_u64(answer, bits);
        *notation = end;
    } else {
        buffer_put_u8(answer, (uint8_t)letter);
        (*notation)++;
    }
}

/* NOLINTEND(misc-no-recursion) */

static const char *read_text(const char *type_text, const char *notation, struct arena *arena)
{
    struct error error = {0};
    struct type type = type_of(type_text, arena);
    struct buffer answer = {0};
    struct value value;
    struct buffer text = {0};
    answer_of(&notation, &answer);
    struct reader reader = reader_of(arena_copy(arena, buffer_bytes(&answer)));
    buffer_reset(&answer);
    if (statement__script_value_read(&reader, &type, arena, &value, &error) != STATUS_OK) {
        return arena_format(arena, "%s", error.text);
    }
    assert_true(reader_ended(&reader));
    statement__json_format(&type, &value, &text);
    const char *copy = arena_copy_text(arena, buffer_bytes(&text));
    buffer_reset(&text);
    return copy;
}

static void answers_become_values(void **state)
{
    static const struct {
        const char *type;
        const char *notation;
        const char *expected;
    } cases[] = {
        {"int", "i5", "5"},
        {"int", "d5.0", "5"},
        {"int", "d5.5", "a float is no value of type int"},
        {"int", "d1e300", "a float is no value of type int"},
        {"int", "'5'", "a string is no value of type int"},
        {"int", "N", "null"},
        {"boolean", "T", "true"},
        {"boolean", "i1", "an integer is no value of type boolean"},
        {"double", "i5", "5.0"},
        {"float", "d0.5", "0.5"},
        {"varint", "'123456789012345678901234567890'", "123456789012345678901234567890"},
        {"varint", "d1e20", "100000000000000000000"},
        {"varint", "d0.5", "a float is no value of type varint"},
        {"varint", "dnan", "a float is no value of type varint"},
        {"decimal", "d0.1", "0.1"},
        {"decimal", "'1.50'", "1.50"},
        {"decimal", "dinf", "a float is no value of type decimal"},
        {"text", "'x'", "\"x\""},
        {"text", "F", "a boolean is no value of type text"},
        {"blob", "'x'", "\"0x78\""},
        {"inet", "'::1'", "\"::1\""},
        {"date", "i0", "\"1970-01-01\""},
        {"date", "'2026-11-21'", "\"2026-11-21\""},
        {"duration", "{'days' i2}", "\"2d\""},
        {"duration", "{'weeks' i2}", "a table is no value of type duration"},
        {"list<int>", "{i2 i20 i1 i10}", "[10, 20]"},
        {"list<int>", "{i2 i20 i3 i10}", "a table is no value of type list<int>"},
        {"list<int>", "{}", "[]"},
        {"set<int>", "{i7 T i3 T}", "[3, 7]"},
        {"set<int>", "{i1 i7 i2 i7}", "[7]"},
        {"set<boolean>", "{i1 F}", "[false]"},
        {"map<text, int>", "{'b' i2 'a' i1}", "{\"a\": 1, \"b\": 2}"},
        {"map<text, int>", "{i1 i1}", "an integer is no value of type text"},
        {"map<int, int>", "{i1 i1 d1.0 i2}", "{\"1\": 2}"},
        {"tuple<int, text>", "{i2 'x'}", "[null, \"x\"]"},
        {"tuple<int, text>", "{i3 'x'}", "a table is no value of type frozen<tuple<int, text>>"},
        {"list<frozen<list<int>>>", "{i1 {i1 i5}}", "[[5]]"},
        {"tinyint", "i127", "127"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        const char *text = read_text(cases[i].type, cases[i].notation, &arena);
        if (strcmp(text, cases[i].expected) != 0) {
            fail_msg("%s as %s:\n  %s\n  not %s", cases[i].notation, cases[i].type, text, cases[i].expected);
        }
        arena_reset(&arena);
    }
}

/* Nothing that a worker can say is believed: every part of an answer, and every byte of it changed. */
static void malformed_answers_are_refused(void **state)
{
    struct buffer answer = {0};
    const char *notation = "{'ab' {i1 i5 i2 i6} 'c' {}}";
    (void)state;
    answer_of(&notation, &answer);
    for (size_t size = 0; size <= answer.size; size++) {
        for (int change = 0; change < 256; change++) {
            struct arena arena = {0};
            struct error error = {0};
            struct value value;
            struct type type = type_of("map<text, frozen<list<int>>>", &arena);
            uint8_t *copy = memcpy(arena_create(&arena, size + 1), answer.data, size);
            copy[size / 2] ^= (uint8_t)change;
            struct reader reader = reader_of(bytes_of(copy, size));
            enum status status = statement__script_value_read(&reader, &type, &arena, &value, &error);
            assert_true(status == STATUS_OK || status == STATUS_INVALID);
            assert_true(size == answer.size || change != 0 || status == STATUS_INVALID);
            assert_true(size < answer.size || change != 0 || status == STATUS_OK);
            arena_reset(&arena);
        }
    }
    buffer_reset(&answer);
}

static void deep_answers_are_refused(void **state)
{
    struct arena arena = {0};
    struct error error = {0};
    struct buffer answer = {0};
    struct value value;
    struct type type = {.kind = TYPE_INT};
    (void)state;
    for (int i = 0; i < 100000; i++) {
        buffer_put_u8(&answer, 'M');
        buffer_put_u32(&answer, 1);
    }
    struct reader reader = reader_of(buffer_bytes(&answer));
    assert_int_equal(statement__script_value_read(&reader, &type, &arena, &value, &error), STATUS_INVALID);
    assert_string_equal(error.text, "the worker's answer is malformed");
    buffer_reset(&answer);
    arena_reset(&arena);
}

/* --- overloads ------------------------------------------------------------------------------------------------------ */

struct overload {
    const char *arguments; /* as a tuple's members; "": none */
    const char *returns;
};

struct overloads {
    struct arena *arena;
    const struct overload *at;
    size_t count;
};

static enum status overloads_find(void *context, struct bytes keyspace, struct bytes name,
                                  const struct cql_function *const **ret_functions, size_t *ret_count,
                                  struct error *error)
{
    const struct overloads *overloads = context;
    struct arena *arena = overloads->arena;
    (void)error;
    *ret_count = 0;
    if (!bytes_equal(name, bytes_of_text("f")) ||
        (keyspace.size > 0 && !bytes_equal(keyspace, bytes_of_text("ks")))) {
        return STATUS_OK;
    }
    const struct cql_function **functions =
        arena_create_array(arena, overloads->count, sizeof(const struct cql_function *));
    for (size_t i = 0; i < overloads->count; i++) {
        const char *arguments = overloads->at[i].arguments;
        struct user_function *user = arena_create(arena, sizeof(*user));
        struct cql_function *function = arena_create(arena, sizeof(*function));
        struct type tuple = {0};
        if (arguments[0] != '\0') {
            tuple = type_of(arena_format(arena, "tuple<%s>", arguments), arena);
        }
        *user = (struct user_function){.keyspace = bytes_of_text("ks"),
                                       .name = name,
                                       .types = bytes_of_text(arguments),
                                       .returns_text = bytes_of_text(overloads->at[i].returns)};
        *function = (struct cql_function){.name = {.keyspace = bytes_of_text("ks"), .name = name},
                                          .returns = type_of(overloads->at[i].returns, arena),
                                          .arguments = tuple.parameters,
                                          .count = tuple.count,
                                          .user = user};
        functions[i] = function;
    }
    *ret_functions = functions;
    *ret_count = overloads->count;
    return STATUS_OK;
}

/* The overload that a term calls, as "ks.f(types)"; or what is wrong. */
static const char *chosen(const struct overload *overloads, size_t count, const char *term,
                          const char *receiver_type, struct arena *arena)
{
    struct error error = {0};
    struct overloads context = {.arena = arena, .at = overloads, .count = count};
    struct cql_statement *statement = NULL;
    struct cql_expression *expression = NULL;
    struct cql_receiver receivers[4] = {{{0}, NULL}};
    struct cql_preparation preparation = {.arena = arena,
                                          .error = &error,
                                          .markers = receivers,
                                          .users = {.find = overloads_find, .context = &context}};
    struct type type = type_of(receiver_type, arena);
    struct cql_receiver receiver = {.name = bytes_of_text("c"), .type = &type};
    char *text = arena_format(arena, "INSERT INTO t (c) VALUES (%s)", term);
    assert_ok(cql_parse(bytes_of_text(text), arena, &statement, &error), error);
    if (statement__term_prepare(&preparation, statement->insert.values.at[0], &receiver, &expression) !=
        STATUS_OK) {
        return arena_format(arena, "%s", error.text);
    }
    if (expression->kind == CQL_EXPRESSION_CONVERT) {
        expression = expression->parts[0];
    }
    assert_int_equal(expression->kind, CQL_EXPRESSION_CALL);
    struct bytes name = expression->function->name.name;
    const struct user_function *user = expression->function->user;
    const char *marker = receivers[0].type == NULL ? "" : statement__type_text(receivers[0].type, arena);
    return user == NULL ? arena_format(arena, "system.%.*s", (int)name.size, (const char *)name.data)
                        : arena_format(arena, "ks.f(%.*s)%s%s", (int)user->types.size,
                                       (const char *)user->types.data, marker[0] == '\0' ? "" : " ?", marker);
}

static void calls_choose_overloads(void **state)
{
    static const struct overload overloads[] = {{"int", "int"},       {"text", "int"},
                                                {"list<int>", "int"}, {"int, text", "int"},
                                                {"", "int"},          {"bigint, blob", "int"}};
    static const struct {
        const char *term;
        const char *type;
        const char *expected;
    } cases[] = {
        {"f(1)", "int", "ks.f(int)"},
        {"ks.f('x')", "int", "ks.f(text)"},
        {"f([1])", "int", "ks.f(list<int>)"},
        {"f()", "int", "ks.f()"},
        {"f(1, 'x')", "int", "ks.f(int, text)"},
        {"f(f(f(1)))", "int", "ks.f(int)"},
        {"f((text)?)", "int", "ks.f(text) ?text"},
        {"f(?, 'x')", "int", "ks.f(int, text) ?int"},
        {"f(1)", "varint", "ks.f(int)"},
        {"f(3000000000, 0x00)", "int", "ks.f(bigint, blob)"},
        {"f(1)", "text", "Type error: cannot assign result of function ks.f (type int) to c (type text)"},
        {"f(?)", "int",
         "Ambiguous call to function f (can be matched by following signatures: ks.f : (int) -> int, ks.f : "
         "(text) -> "
         "int, ks.f : (list<int>) -> int): use type casts to disambiguate"},
        {"other.f(1)", "int", "Unknown function other.f called"},
        {"g(1)", "int", "Unknown function g called"},
        {"now()", "timeuuid", "system.now"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        const char *text = chosen(overloads, ARRAY_COUNT(overloads), cases[i].term, cases[i].type, &arena);
        if (strcmp(text, cases[i].expected) != 0) {
            fail_msg("%s:\n  %s\n  not %s", cases[i].term, text, cases[i].expected);
        }
        arena_reset(&arena);
    }
}

static void the_only_one_tells_what_is_wrong(void **state)
{
    static const struct overload overloads[] = {{"int, text", "int"}};
    struct arena arena = {0};
    (void)state;
    assert_string_equal(chosen(overloads, 1, "f(1)", "int", &arena),
                        "Invalid number of arguments in call to function ks.f: 2 required but 1 provided");
    assert_string_equal(chosen(overloads, 1, "f(1, true)", "int", &arena),
                        "Type error: true cannot be passed as argument 1 of function ks.f of type text");
    assert_string_equal(chosen(overloads, 1, "f(?, ?)", "int", &arena), "ks.f(int, text) ?int");
    arena_reset(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_become_values),
        cmocka_unit_test(malformed_answers_are_refused),
        cmocka_unit_test(deep_answers_are_refused),
        cmocka_unit_test(calls_choose_overloads),
        cmocka_unit_test(the_only_one_tells_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
