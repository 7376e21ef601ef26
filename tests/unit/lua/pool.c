/* Functions in real worker processes: what they see, what they give back, and how hostile ones end. This program is its
 * own worker: the launcher starts it again with the argument `worker`. */
#include "pool/pool.h"

#include "codec/json.h"
#include "codec/pack.h"
#include "support/test.h"
#include "worker/worker.h"

struct fixture {
    struct launcher *launcher;
    struct pool *pool;
};

/* NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): made in main, before cmocka does anything */
static struct fixture fixture;

struct heard {
    struct buffer lines;
    size_t calls;
};

static enum status host_call(void *context, struct bytes operation, const struct value *arguments,
                             struct arena *arena, struct value *ret_value, struct error *error)
{
    struct heard *heard = context;
    heard->calls++;
    if (!bytes_equal(operation, bytes_of_text("get"))) {
        return error_set(error, STATUS_INVALID, "no such table");
    }
    const struct value *key = value_map_get(arguments, bytes_of_text("key"));
    if (value_map_get(key, bytes_of_text("id")) == NULL) {
        return STATUS_NOT_FOUND;
    }
    return codec_json_decode(bytes_of_text("{\"id\":\"a\",\"n\":41}"), arena, ret_value, error);
}

static void host_log(void *context, struct bytes line)
{
    struct heard *heard = context;
    buffer_put(&heard->lines, line);
    buffer_put_u8(&heard->lines, '\n');
}

static void invoke(const char *source, const char *event_json, uint64_t version, uint32_t deadline_ms,
                   struct arena *arena, struct heard *heard, struct pool_outcome *ret_outcome)
{
    struct error error;
    struct value event;
    struct buffer encoded = {0};
    struct value pairs[] = {value_of_text(bytes_of_text("main")), value_of_text(bytes_of_text(source)),
                            value_of_text(bytes_of_text("other")),
                            value_of_text(bytes_of_text("return {double = function(n) return 2 * n end}"))};
    struct value modules = {.kind = VALUE_MAP, .pairs = {.at = pairs, .count = 2}};
    struct pool_function function = {.name = bytes_of_text("test"),
                                     .version = version,
                                     .modules = &modules,
                                     .memory_bytes = 16 * 1024 * 1024,
                                     .deadline_ms = deadline_ms};
    struct pool_host host = {.call = host_call, .log = host_log, .context = heard};
    assert_ok(codec_json_decode(bytes_of_text(event_json), arena, &event, &error), error);
    codec_value_encode(&encoded, &event);
    struct pool_invocation invocation = {.event = buffer_bytes(&encoded),
                                         .now_us = 1700000000000000,
                                         .seed = 84};
    assert_ok(pool_invoke(fixture.pool, &function, &invocation, &host, arena, ret_outcome, &error), error);
    buffer_reset(&encoded);
}

static void check_result(const char *source, const char *event, const char *expected)
{
    struct arena arena = {0};
    struct heard heard = {0};
    struct pool_outcome outcome;
    struct buffer json = {0};
    static uint64_t version = 1000;
    invoke(source, event, version++, 5000, &arena, &heard, &outcome);
    if (outcome.failure != FAILURE_NONE) {
        buffer_put_text(&json, outcome.text);
    } else {
        codec_json_encode(&json, &outcome.result);
    }
    buffer_put_u8(&json, 0);
    assert_string_equal((const char *)json.data, expected);
    buffer_reset(&json);
    buffer_reset(&heard.lines);
    arena_reset(&arena);
}

static void values_cross_over(void **state)
{
    (void)state;
    check_result("function handler(event) return event.n + 1 end", "{\"n\":41}", "42");
    check_result("function handler(event) return event.records[2].new.magnitude end",
                 "{\"records\":[{},{\"new\":{\"magnitude\":4.5}}]}", "4.5");
    check_result(
        "return {handler = function(event) local s = 0 for i, v in ipairs(event.l) do s = s + i * v end "
        "return {s, #event.l} end}",
        "{\"l\":[10,20,30]}", "[140,3]");
    check_result(
        "function handler(event) local t = oxbow.table(event) t.a.b = 2 t.new = oxbow.list({}) return t end",
        "{\"a\":{\"b\":1},\"x\":null}", "{\"a\":{\"b\":2},\"new\":[],\"x\":null}");
    check_result(
        "function handler(event) return {event.big, event.none == oxbow.null, event.absent == nil} end",
        "{\"big\":12345678901234567890.123,\"none\":null}", "[12345678901234567890.123,true,true]");
    check_result("function handler(event) local n = {} for k, v in pairs(event) do n[#n + 1] = k .. '=' .. "
                 "tostring(v) end table.sort(n) return n end",
                 "{\"a\":1,\"b\":\"x\"}", "[\"a=1\",\"b=x\"]");
    check_result("function handler() return 0.1 + 0.2 end", "{}", "0.30000000000000004");
    check_result("function handler() return require('other').double(21) end", "{}", "42");
    check_result("function handler() return oxbow.get('t', {id = 'a'}).n + 1 end", "{}", "42");
    check_result("function handler() return oxbow.get('t', {x = 1}) == nil end", "{}", "true");
    check_result("function handler() return oxbow.now() end", "{}", "1700000000");
    check_result("function handler() local ok, e = pcall(oxbow.query, 't', 'id = 1') return e end", "{}",
                 "\"no such table\"");
}

static void what_is_absent_is_absent(void **state)
{
    (void)state;
    check_result(
        "function handler() return tostring(os) .. tostring(io) .. tostring(package) .. tostring(debug) .. "
        "tostring(dofile) .. tostring(loadfile) .. tostring(string.dump) end",
        "{}", "\"nilnilnilnilnilnilnil\"");
    check_result("function handler() local f, e = load('\\27Lua') return e:match('attempt to load') end",
                 "{}", "\"attempt to load\"");
    check_result("function handler() return load('return 7')() end", "{}", "7");
}

/* Of what a function asks and prints the host keeps nothing. */
static void what_is_said_is_not_kept(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heard heard = {0};
    struct pool_outcome outcome;
    invoke("function handler() local x = string.rep('x', 100000) for i = 1, 100 do print(x) "
           "oxbow.get('t', {id = x}) end return 1 end",
           "{}", 900, 5000, &arena, &heard, &outcome);
    assert_int_equal(outcome.failure, FAILURE_NONE);
    assert_int_equal(heard.calls, 100);
    assert_in_range(heard.lines.size, 100 * 4000, 100 * 4100);
    assert_in_range(arena.total, 0, 100000);
    buffer_reset(&heard.lines);
    arena_reset(&arena);
}

static void effects_come_with_the_result(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heard heard = {0};
    struct pool_outcome outcome;
    struct buffer json = {0};
    invoke("function handler() print('hello', 1) oxbow.put('t', {id = 'a'}, {condition = "
           "'attribute_not_exists(id)'})"
           " oxbow.update('t', {id = 'b'}, 'SET n = :n', {values = {[':n'] = 1}}) oxbow.delete('t', {id = "
           "'c'}) end",
           "{}", 1, 5000, &arena, &heard, &outcome);
    assert_int_equal(outcome.failure, FAILURE_NONE);
    codec_json_encode(&json, &outcome.effects);
    buffer_put_u8(&json, 0);
    assert_string_equal(
        (const char *)json.data,
        "[{\"item\":{\"id\":\"a\"},\"kind\":\"put\",\"options\":{\"condition\":"
        "\"attribute_not_exists(id)\"},\"table\":\"t\"},{\"key\":{\"id\":\"b\"},\"kind\":\"update\","
        "\"options\":{\"values\":{\":n\":1}},\"table\":\"t\",\"update\":\"SET n = :n\"},"
        "{\"key\":{\"id\":\"c\"},\"kind\":\"delete\",\"table\":\"t\"}]");
    assert_true(bytes_equal(buffer_bytes(&heard.lines), bytes_of_text("hello\t1\n")));
    buffer_reset(&json);
    buffer_reset(&heard.lines);
    arena_reset(&arena);
}

static void state_stays_warm(void **state)
{
    (void)state;
    const char *source = "local calls = 0 function handler() calls = calls + 1 return calls end";
    for (int i = 1; i <= 3; i++) {
        struct arena arena = {0};
        struct heard heard = {0};
        struct pool_outcome outcome;
        int64_t calls = 0;
        invoke(source, "{}", 2, 5000, &arena, &heard, &outcome);
        assert_int_equal(outcome.failure, FAILURE_NONE);
        calls = outcome.result.kind == VALUE_DECIMAL ? outcome.result.decimal.unscaled.data[0] : 0;
        assert_int_equal(calls, i);
        arena_reset(&arena);
    }
}

struct hostile {
    const char *source;
    unsigned failures; /* bits of allowed failures; 1: may also succeed */
};

#define MAY(failure) (1U << FAILURE_##failure)

static void hostile_functions_end(void **state)
{
    static const struct hostile cases[] = {
        {"function handler() while true do end end", MAY(TIME)},
        {"function handler() while true do pcall(function() while true do end end) end end",
         MAY(TIME) | MAY(DEADLINE)},
        {"function handler() error(setmetatable({}, {__tostring = function() while true do end end})) end",
         MAY(TIME) | MAY(DEADLINE) | MAY(SCRIPT)},
        {"function handler() local c = coroutine.wrap(function() while true do end end) while true do "
         "pcall(c) end end",
         MAY(TIME) | MAY(DEADLINE)},
        {"function handler() for i = 1, 1e6 do setmetatable({}, {__gc = function() while true do end end}) "
         "end end",
         MAY(TIME) | MAY(DEADLINE)},
        {"function handler() local x <close> = setmetatable({}, {__close = function() while true do end "
         "end}) "
         "error('x') end",
         MAY(TIME) | MAY(DEADLINE)},
        {"function handler() return string.rep('x', 1 << 40) end", MAY(SCRIPT) | MAY(MEMORY)},
        {"function handler() local s = 'x' while true do s = s .. s end end", MAY(MEMORY) | MAY(SCRIPT)},
        {"function handler() local t = {} for i = 1, 1e9 do t[i] = {i} end end", MAY(MEMORY) | MAY(TIME)},
        {"function handler() return ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30)) end",
         MAY(DEADLINE) | MAY(TIME)},
        {"function handler() return table.concat(setmetatable({}, {__len = function() return 1 << 60 end, "
         "__index = "
         "function() return 'x' end})) end",
         MAY(MEMORY) | MAY(DEADLINE) | MAY(TIME) | MAY(SCRIPT)},
        {"function handler() table.move({1}, 1, 1 << 60, 2) end",
         MAY(SCRIPT) | MAY(MEMORY) | MAY(DEADLINE) | MAY(TIME)},
        {"function handler() local function f(n) return f(n + 1) + 1 end return f(1) end",
         MAY(SCRIPT) | MAY(MEMORY)},
        {"function handler() return load(('('):rep(100000) .. '1' .. (')'):rep(100000))() end", MAY(SCRIPT)},
        {"function handler() local t = {} t.t = t return t end", MAY(SCRIPT)},
        {"function handler() return print end", MAY(SCRIPT)},
        {"function handler() getmetatable('').__index = nil return ('x'):rep(3) end", MAY(SCRIPT)},
        {"function handler() setmetatable(_G, {__index = function() error('no') end}) return nothing end",
         MAY(SCRIPT)},
        {"function handler() for i = 1, 1e6 do oxbow.delete('t', {id = i}) end end", MAY(SCRIPT)},
        {"function handler() return ('x'):rep(15 << 20) .. ('y'):rep(1) end", MAY(SCRIPT) | MAY(MEMORY)},
        {"function handler() for i = 1, 1e5 do print(('x'):rep(10000)) end end",
         1U | MAY(TIME) | MAY(DEADLINE)},
        {"function handler() for i = 1, 1e5 do oxbow.get('t', {id = i}) end end", MAY(SCRIPT)},
        {"oxbow.get('t', {})", MAY(LOAD)},
        {"while true do end", MAY(LOAD) | MAY(DEADLINE)},
        {"this is no Lua", MAY(LOAD)},
        {"return 1", MAY(LOAD)},
        {"error({})", MAY(LOAD)},
        {"function handler() error() end", MAY(SCRIPT)},
        {"function handler() return math.huge end", 1U},
        {"function handler() return '\\xff\\xfe' end", 1U},
        {"function handler() collectgarbage('stop') end", MAY(SCRIPT)},
        {"function handler() string.format('%99999d', 1) end", MAY(SCRIPT)},
        {"function handler(event) event.x = 1 end", MAY(SCRIPT)},
        {"function handler() return coroutine.close(coroutine.running()) end", MAY(SCRIPT)},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena arena = {0};
        struct heard heard = {0};
        struct pool_outcome outcome;
        bool is_endless_load = strcmp(cases[i].source, "while true do end") == 0;
        if (is_endless_load && test_rounds(1) < 2) {
            continue; /* takes the ten seconds that a load may; run with more rounds to have it */
        }
        invoke(cases[i].source, "{}", 5000 + i, 500, &arena, &heard, &outcome);
        /* A slow machine may reach the deadline first. */
        bool is_slow_machine = outcome.failure == FAILURE_DEADLINE || outcome.failure == FAILURE_TIME;
        if ((cases[i].failures & (1U << outcome.failure)) == 0 && !is_slow_machine) {
            fail_msg("case %zu ended with %s: %s\n%s", i, protocol_failure_name(outcome.failure),
                     outcome.text == NULL ? "" : outcome.text, cases[i].source);
        }
        buffer_reset(&heard.lines);
        arena_reset(&arena);
        check_result("function handler() return 'alive' end", "{}", "\"alive\"");
    }
}

static void errors_name_the_line(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct heard heard = {0};
    struct pool_outcome outcome;
    invoke("function handler(event)\n  local x = nil\n  return x.y\nend", "{}", 3, 5000, &arena, &heard,
           &outcome);
    assert_int_equal(outcome.failure, FAILURE_SCRIPT);
    assert_non_null(strstr(outcome.text, "main.lua:3: attempt to index a nil value (local 'x')"));
    arena_reset(&arena);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_cross_over),        cmocka_unit_test(what_is_absent_is_absent),
        cmocka_unit_test(what_is_said_is_not_kept), cmocka_unit_test(effects_come_with_the_result),
        cmocka_unit_test(state_stays_warm),         cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(hostile_functions_end),
    };
    struct error error;
    if (count == 2 && strcmp(arguments[1], "worker") == 0) {
        return worker_main();
    }
    if (launcher_start(NULL, &fixture.launcher, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    fixture.pool = pool_create(fixture.launcher);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pool_destroy(&fixture.pool);
    launcher_stop(&fixture.launcher);
    return failed;
}
