/* What a function asks of its host: reads, buffered writes, log lines, time, modules. */
#include <stdio.h>

#include "codec/pack.h"
#include "worker/worker.h"
#include "worker_private.h"

/* --- log -------------------------------------------------------------------------------------------------------- */

static int host_log(lua_State *lua)
{
    struct worker *worker = worker__of(lua);
    luaL_Buffer line;
    int count = lua_gettop(lua);
    size_t size = 0;
    luaL_buffinit(lua, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1) {
            luaL_addchar(&line, '\t');
        }
        (void)luaL_tolstring(lua, i, NULL);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    const char *text = lua_tolstring(lua, -1, &size);
    if (worker->lines_count++ >= FUNCTION_LINES_MAX) {
        return 0;
    }
    protocol_begin(&worker->out, PROTOCOL_LOG, 1);
    protocol_put(&worker->out, PROTOCOL_FIELD_TEXT);
    struct bytes bytes = bytes_of(text, size < FUNCTION_LINE_BYTES_MAX ? size : FUNCTION_LINE_BYTES_MAX);
    if (bytes_are_utf8(bytes)) {
        codec_put_text(&worker->out, bytes);
    } else {
        codec_put_bytes(&worker->out, bytes);
    }
    protocol_finish(&worker->out);
    if (protocol_send(WORKER_DESCRIPTOR, buffer_bytes(&worker->out), 0, NULL) != STATUS_OK) {
        return luaL_error(lua, "the host is gone");
    }
    return 0;
}

/* --- reads ------------------------------------------------------------------------------------------------------ */

/* Asks the host and waits; pushes the value of its answer. */
static int host_call(lua_State *lua, const char *operation, const struct value *arguments)
{
    struct worker *worker = worker__of(lua);
    struct error error;
    struct value body;
    enum protocol_kind kind = PROTOCOL_LOAD;
    uint64_t status_number = 0;
    struct bytes text = {0};
    if (!worker->is_invoking) {
        return luaL_error(lua, "oxbow.%s can be called by the handler only, not while the function is loaded",
                          operation);
    }
    if (++worker->reads_count > FUNCTION_READS_MAX) {
        return luaL_error(lua, "more than %d reads in one invocation", FUNCTION_READS_MAX);
    }
    protocol_begin(&worker->out, PROTOCOL_CALL, 2);
    protocol_put(&worker->out, PROTOCOL_FIELD_OPERATION);
    codec_put_text(&worker->out, bytes_of_text(operation));
    protocol_put(&worker->out, PROTOCOL_FIELD_ARGUMENTS);
    codec_value_encode(&worker->out, arguments);
    protocol_finish(&worker->out);
    enum status status = protocol_send(WORKER_DESCRIPTOR, buffer_bytes(&worker->out), 0, &error);
    if (status == STATUS_OK) {
        status = protocol_receive(WORKER_DESCRIPTOR, &worker->answer, 0, &error);
    }
    if (status == STATUS_OK) {
        worker__take(lua, worker->answer.size);
        struct bytes message = arena_copy(&worker->arena, buffer_bytes(&worker->answer));
        status = protocol_decode(message, &worker->arena, &kind, &body, &error);
    }
    if (status != STATUS_OK || kind != PROTOCOL_ANSWER ||
        codec_field_unsigned(&body, PROTOCOL_FIELD_STATUS, 0, &status_number, NULL) != STATUS_OK ||
        codec_field_text(&body, PROTOCOL_FIELD_TEXT, &text, NULL) != STATUS_OK) {
        return luaL_error(lua, "the host gave no answer");
    }
    if (status_number == STATUS_NOT_FOUND) {
        lua_pushnil(lua);
        return 1;
    }
    if (status_number != STATUS_OK) {
        lua_pushlstring(lua, (const char *)text.data, text.size);
        return luaL_error(lua, "%s", lua_tostring(lua, -1));
    }
    const struct value *value = codec_field(&body, PROTOCOL_FIELD_VALUE);
    struct value null = value_of_null();
    worker__push(lua, value == NULL ? &null : value);
    return 1;
}

/* A map of named values, NULL ones left out; names in order. */
static struct value host_map(struct worker *worker, const char *const *names,
                             const struct value *const *values, size_t count)
{
    struct value map = {.kind = VALUE_MAP};
    map.pairs.at = arena_create_array(&worker->arena, 2 * count, sizeof(*map.pairs.at));
    for (size_t i = 0; i < count; i++) {
        if (values[i] != NULL) {
            map.pairs.at[2 * map.pairs.count] = value_of_text(bytes_of_text(names[i]));
            map.pairs.at[2 * map.pairs.count++ + 1] = *values[i];
        }
    }
    CHECK(value_map_sort(&map));
    return map;
}

static const struct value *host_argument(lua_State *lua, int index)
{
    struct value *value = arena_create(&worker__of(lua)->arena, sizeof(*value));
    *value = worker__value_at(lua, index);
    return value;
}

static const struct value *host_table_name(lua_State *lua)
{
    (void)luaL_checkstring(lua, 1);
    return host_argument(lua, 1);
}

/* oxbow.get(table, key) → the item, or nil */
static int host_get(lua_State *lua)
{
    static const char *const names[] = {"key", "table"};
    const struct value *values[] = {NULL, host_table_name(lua)};
    values[0] = host_argument(lua, 2);
    struct value arguments = host_map(worker__of(lua), names, values, 2);
    return host_call(lua, "get", &arguments);
}

/* oxbow.query(table, condition, {values=…, names=…, index=…, limit=…, reverse=…, filter=…}) → a list of items */
static int host_query(lua_State *lua)
{
    static const char *const names[] = {"condition", "options", "table"};
    const struct value *values[] = {NULL, NULL, host_table_name(lua)};
    (void)luaL_checkstring(lua, 2);
    values[0] = host_argument(lua, 2);
    if (!lua_isnoneornil(lua, 3)) {
        luaL_checktype(lua, 3, LUA_TTABLE);
        values[1] = host_argument(lua, 3);
    }
    struct value arguments = host_map(worker__of(lua), names, values, 3);
    return host_call(lua, "query", &arguments);
}

/* --- writes ----------------------------------------------------------------------------------------------------- */

/* Keeps a write for the end of the invocation, when all of them are one transaction. */
static int host_effect(lua_State *lua, const char *kind, int item_index, const char *item_name,
                       int update_index, int options_index)
{
    static const char *const names[] = {"kind", "options", "table", "update"};
    struct worker *worker = worker__of(lua);
    const char *all[5] = {names[0], names[1], names[2], names[3], item_name};
    struct value kind_value = value_of_text(bytes_of_text(kind));
    const struct value *values[5] = {&kind_value, NULL, host_table_name(lua), NULL, NULL};
    if (!worker->is_invoking) {
        return luaL_error(lua, "oxbow.%s can be called by the handler only, not while the function is loaded",
                          kind);
    }
    if (lua_type(lua, item_index) != LUA_TTABLE && lua_type(lua, item_index) != LUA_TUSERDATA) {
        return luaL_error(lua, "oxbow.%s: the %s must be a table", kind, item_name);
    }
    values[4] = host_argument(lua, item_index);
    if (update_index > 0) {
        (void)luaL_checkstring(lua, update_index);
        values[3] = host_argument(lua, update_index);
    }
    if (!lua_isnoneornil(lua, options_index)) {
        luaL_checktype(lua, options_index, LUA_TTABLE);
        values[1] = host_argument(lua, options_index);
    }
    struct value effect = host_map(worker, all, values, 5);
    size_t size = worker->effects.size;
    codec_value_encode(&worker->effects, &effect);
    if (++worker->effects_count > FUNCTION_EFFECTS_MAX || worker->effects.size > FUNCTION_EFFECT_BYTES_MAX) {
        worker->effects.size = size; /* the script may catch the error, and try again and again */
        worker->effects_count--;
        return luaL_error(lua, "an invocation may write %d items and %d bytes", FUNCTION_EFFECTS_MAX,
                          FUNCTION_EFFECT_BYTES_MAX);
    }
    return 0;
}

/* oxbow.put(table, item, {condition=…, values=…, names=…}) */
static int host_put(lua_State *lua)
{
    return host_effect(lua, "put", 2, "item", 0, 3);
}

/* oxbow.delete(table, key, options) */
static int host_delete(lua_State *lua)
{
    return host_effect(lua, "delete", 2, "key", 0, 3);
}

/* oxbow.update(table, key, "SET n = n + :one", {values={[":one"]=1}, condition=…, names=…}) */
static int host_update(lua_State *lua)
{
    return host_effect(lua, "update", 2, "key", 3, 4);
}

/* --- the rest --------------------------------------------------------------------------------------------------- */

/* oxbow.now() → seconds since 1970, of the batch: the same again when it is replayed. */
static int host_now(lua_State *lua)
{
    lua_pushnumber(lua, (lua_Number)worker__of(lua)->now_us / 1e6);
    return 1;
}

/* require(name): a module deployed with the function. */
static int host_require(lua_State *lua)
{
    size_t size = 0;
    struct worker *worker = worker__of(lua);
    const char *name = luaL_checklstring(lua, 1, &size);
    (void)lua_getfield(lua, LUA_REGISTRYINDEX, "oxbow.modules");
    if (lua_getfield(lua, -1, name) != LUA_TNIL) {
        return 1;
    }
    lua_pop(lua, 1);
    const struct value *source = value_map_get(&worker->modules, bytes_of(name, size));
    if (source == NULL || source->kind != VALUE_TEXT) {
        return luaL_error(lua, "no module %s was deployed with the function", name);
    }
    lua_pushfstring(lua, "@%s.lua", name);
    if (luaL_loadbufferx(lua, (const char *)source->bytes.data, source->bytes.size, lua_tostring(lua, -1),
                         "t") != LUA_OK) {
        return lua_error(lua);
    }
    lua_call(lua, 0, 1);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        lua_pushboolean(lua, true);
    }
    lua_pushvalue(lua, -1);
    lua_setfield(lua, 2, name);
    return 1;
}

void worker__open_host(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        {"get", host_get},       {"query", host_query}, {"put", host_put}, {"delete", host_delete},
        {"update", host_update}, {"log", host_log},     {"now", host_now}, {NULL, NULL},
    };
    (void)lua_getglobal(lua, "oxbow");
    luaL_setfuncs(lua, functions, 0);
    lua_pop(lua, 1);
    lua_register(lua, "print", host_log);
    lua_register(lua, "require", host_require);
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, "oxbow.modules");
}
