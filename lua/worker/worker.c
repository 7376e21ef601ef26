/* The worker's life: load once, invoke many times. */
#include "worker/worker.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "codec/pack.h"
#include "codec/view.h"
#include "worker_private.h"

enum {
    HOOK_INSTRUCTIONS = 100000, /* between two looks at the clock */
    SOFT_DEADLINE_PERCENT = 90, /* of the time, after which the friendly error comes */
};

struct worker *worker__of(lua_State *lua)
{
    return *(struct worker **)lua_getextraspace(lua);
}

/* Lua's memory, with a cap. */
static void *worker_allocate(void *context, void *memory, size_t old_size, size_t size)
{
    struct worker *worker = context;
    size_t freed = memory == NULL ? 0 : old_size;
    if (size == 0) {
        worker->memory_bytes -= freed;
        memory_destroy(memory);
        return NULL;
    }
    if (worker->memory_bytes - freed + size > worker->memory_bytes_max) {
        worker->has_met_memory_cap = true;
        return NULL;
    }
    worker->memory_bytes += size - freed;
    return memory_resize(memory, size);
}

static void worker_hook(lua_State *lua, lua_Debug *activation)
{
    struct worker *worker = worker__of(lua);
    if (worker->soft_deadline_us == 0 || clock_steady_us(clock_system()) < worker->soft_deadline_us) {
        return;
    }
    worker->is_out_of_time = true;
    (void)lua_getinfo(lua, "Sl", activation);
    (void)luaL_error(lua, "time budget used up at %s:%d", activation->short_src, activation->currentline);
}

static int worker_traceback(lua_State *lua)
{
    const char *text = luaL_tolstring(lua, 1, NULL);
    luaL_traceback(lua, lua, text, 1);
    return 1;
}

static enum status worker_say(struct worker *worker)
{
    protocol_finish(&worker->out);
    return protocol_send(WORKER_DESCRIPTOR, buffer_bytes(&worker->out), 0, NULL);
}

static enum status worker_say_failed(struct worker *worker, enum protocol_failure failure, const char *text)
{
    struct bytes bytes = bytes_of_text(text == NULL ? "an error that is no text" : text);
    protocol_begin(&worker->out, PROTOCOL_FAILED, 2);
    protocol_put(&worker->out, PROTOCOL_FIELD_FAILURE);
    codec_put_unsigned(&worker->out, (uint64_t)failure);
    protocol_put(&worker->out, PROTOCOL_FIELD_TEXT);
    bytes.size = bytes.size < 4 * FUNCTION_LINE_BYTES_MAX ? bytes.size : 4 * FUNCTION_LINE_BYTES_MAX;
    codec_put_text(&worker->out, bytes_are_utf8(bytes) ? bytes : bytes_of_text("an error that is no text"));
    return worker_say(worker);
}

/* --- loading ---------------------------------------------------------------------------------------------------- */

/* Runs the entry module and leaves the handler in the registry. Protected. */
static int worker_load_entry(lua_State *lua)
{
    struct worker *worker = worker__of(lua);
    worker__open_language(lua);
    worker__register_types(lua);
    worker__open_host(lua);
    const struct value *source = value_map_get(&worker->modules, bytes_of_text("main"));
    if (source == NULL || source->kind != VALUE_TEXT) {
        return luaL_error(lua, "the function has no module main");
    }
    if (luaL_loadbufferx(lua, (const char *)source->bytes.data, source->bytes.size, "@main.lua", "t") !=
        LUA_OK) {
        return lua_error(lua);
    }
    lua_call(lua, 0, 1);
    if (lua_istable(lua, -1)) {
        (void)lua_getfield(lua, -1, "handler");
    } else if (!lua_isfunction(lua, -1)) {
        (void)lua_getglobal(lua, "handler");
    }
    if (!lua_isfunction(lua, -1)) {
        return luaL_error(lua, "the function must define handler(event, context)");
    }
    lua_setfield(lua, LUA_REGISTRYINDEX, "oxbow.handler");
    return 0;
}

static enum status worker_load(struct worker *worker)
{
    struct error error;
    struct value body;
    uint64_t memory = 0;
    enum protocol_kind kind = PROTOCOL_LOADED;
    enum status status = protocol_receive(WORKER_DESCRIPTOR, &worker->load_message, 0, &error);
    if (status == STATUS_OK) {
        status =
            protocol_decode(buffer_bytes(&worker->load_message), &worker->load_arena, &kind, &body, &error);
    }
    if (status == STATUS_OK) {
        status = codec_field_unsigned(&body, PROTOCOL_FIELD_MEMORY, 0, &memory, &error);
    }
    const struct value *modules = status == STATUS_OK ? codec_field(&body, PROTOCOL_FIELD_MODULES) : NULL;
    if (status != STATUS_OK || kind != PROTOCOL_LOAD || modules == NULL || modules->kind != VALUE_MAP ||
        memory > FUNCTION_MEMORY_BYTES_MAX) {
        return STATUS_INVALID;
    }
    worker->modules = *modules;
    worker->memory_bytes_max = (size_t)memory;
    if (!worker__confine(worker->memory_bytes_max)) {
        (void)worker_say_failed(worker, FAILURE_LOAD, "the sandbox could not be closed");
        return STATUS_IO;
    }
    worker->lua = lua_newstate(worker_allocate, worker);
    if (worker->lua == NULL) {
        return worker_say_failed(worker, FAILURE_MEMORY, "not enough memory");
    }
    *(struct worker **)lua_getextraspace(worker->lua) = worker;
    lua_sethook(worker->lua, worker_hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
    lua_pushcfunction(worker->lua, worker_load_entry);
    if (lua_pcall(worker->lua, 0, 0, 0) != LUA_OK) {
        status = worker_say_failed(worker, worker->has_met_memory_cap ? FAILURE_MEMORY : FAILURE_LOAD,
                                   lua_tostring(worker->lua, -1));
        return status == STATUS_OK ? STATUS_CLOSED : status;
    }
    protocol_begin(&worker->out, PROTOCOL_LOADED, 0);
    return worker_say(worker);
}

/* --- invoking --------------------------------------------------------------------------------------------------- */

/* What one INVOKE says. */
struct invocation {
    struct bytes event;
    int64_t now_us;
    uint64_t seed;
    uint64_t deadline_ms;
};

static bool invocation_number(struct bytes message, int64_t field, int64_t *ret_number)
{
    struct bytes encoded;
    struct value value;
    bool is_there = codec_view_field(message, field, &encoded) && codec_view_scalar(encoded, &value) &&
                    value.kind == VALUE_INTEGER;
    *ret_number = is_there ? value.integer : 0;
    return is_there;
}

static bool invocation_parse(struct bytes message, struct invocation *ret_invocation)
{
    int64_t kind = 0;
    int64_t seed = 0;
    int64_t deadline = 0;
    bool is_sound = invocation_number(message, PROTOCOL_FIELD_KIND, &kind) && kind == PROTOCOL_INVOKE &&
                    invocation_number(message, PROTOCOL_FIELD_NOW, &ret_invocation->now_us) &&
                    invocation_number(message, PROTOCOL_FIELD_SEED, &seed) &&
                    invocation_number(message, PROTOCOL_FIELD_DEADLINE, &deadline) &&
                    codec_view_field(message, PROTOCOL_FIELD_EVENT, &ret_invocation->event);
    ret_invocation->seed = (uint64_t)seed;
    ret_invocation->deadline_ms = (uint64_t)deadline;
    return is_sound;
}

/* math.randomseed with the host's number, so that a replay draws the same. */
static void invocation_seed(lua_State *lua, uint64_t seed)
{
    (void)lua_getglobal(lua, LUA_MATHLIBNAME);
    if (lua_istable(lua, -1) && lua_getfield(lua, -1, "randomseed") == LUA_TFUNCTION) {
        lua_pushinteger(lua, (lua_Integer)seed);
        lua_call(lua, 1, 0);
        lua_pop(lua, 1);
        return;
    }
    lua_settop(lua, 1);
}

/* Calls the handler and encodes what it gives back. Protected; its argument is the invocation. */
static int invocation_run(lua_State *lua)
{
    struct worker *worker = worker__of(lua);
    const struct invocation *invocation = lua_touserdata(lua, 1);
    invocation_seed(lua, invocation->seed);
    lua_settop(lua, 1);
    (void)lua_getfield(lua, LUA_REGISTRYINDEX, "oxbow.handler");
    worker__push_lazy(lua, invocation->event);
    lua_createtable(lua, 0, 2);
    lua_pushnumber(lua, (lua_Number)invocation->now_us / 1e6);
    lua_setfield(lua, -2, "now");
    lua_pushinteger(lua, (lua_Integer)invocation->deadline_ms);
    lua_setfield(lua, -2, "deadline_ms");
    lua_call(lua, 2, 1);
    struct value result = worker__value_at(lua, -1);
    protocol_begin(&worker->out, PROTOCOL_RESULT, 2);
    protocol_put(&worker->out, PROTOCOL_FIELD_VALUE);
    codec_value_encode(&worker->out, &result);
    protocol_put(&worker->out, PROTOCOL_FIELD_EFFECTS);
    codec_put_array(&worker->out, worker->effects_count);
    buffer_put(&worker->out, buffer_bytes(&worker->effects));
    if (worker->out.size > PROTOCOL_MESSAGE_BYTES_MAX) {
        return luaL_error(lua, "the result and the writes have %d bytes; %d are allowed",
                          (int)worker->out.size, PROTOCOL_MESSAGE_BYTES_MAX);
    }
    return 0;
}

static void invocation_begin(struct worker *worker, const struct invocation *invocation)
{
    worker->invocation++;
    worker->now_us = invocation->now_us;
    worker->has_met_memory_cap = false;
    worker->is_out_of_time = false;
    worker->is_invoking = true;
    worker->effects_count = 0;
    worker->lines_count = 0;
    worker->reads_count = 0;
    buffer_clear(&worker->effects);
    arena_clear(&worker->arena);
    int64_t budget_us = (int64_t)invocation->deadline_ms * 10 * SOFT_DEADLINE_PERCENT;
    worker->soft_deadline_us = clock_steady_us(clock_system()) + budget_us;
}

static enum status worker_invoke(struct worker *worker)
{
    struct invocation invocation;
    lua_State *lua = worker->lua;
    if (!invocation_parse(buffer_bytes(&worker->message), &invocation)) {
        return STATUS_INVALID;
    }
    invocation_begin(worker, &invocation);
    lua_settop(lua, 0);
    lua_pushcfunction(lua, worker_traceback);
    lua_pushcfunction(lua, invocation_run);
    lua_pushlightuserdata(lua, &invocation);
    int code = lua_pcall(lua, 1, 0, 1);
    worker->is_invoking = false;
    worker->soft_deadline_us = 0;
    if (code == LUA_OK) {
        return worker_say(worker);
    }
    bool is_memory = code == LUA_ERRMEM || worker->has_met_memory_cap;
    return worker_say_failed(worker,
                             worker->is_out_of_time ? FAILURE_TIME
                             : is_memory            ? FAILURE_MEMORY
                                                    : FAILURE_SCRIPT,
                             lua_tostring(lua, -1));
}

int worker_main(void)
{
    struct worker *worker = memory_create(sizeof(*worker));
    enum status status = worker_load(worker);
    while (status == STATUS_OK) {
        status = protocol_receive(WORKER_DESCRIPTOR, &worker->message, 0, NULL);
        if (status == STATUS_OK) {
            status = worker_invoke(worker);
        }
    }
    _exit(status == STATUS_CLOSED ? 0 : 1); /* finalizers of the script are not run, nothing is tidied up */
}
