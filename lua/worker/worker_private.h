/* The inside of a worker, for this folder's files. One thread, one function. */
#ifndef WORKER_PRIVATE_H
#define WORKER_PRIVATE_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "protocol/protocol.h"
#include "value/value.h"

struct worker {
    lua_State *lua;
    size_t memory_bytes; /* that Lua has now */
    size_t memory_bytes_max;
    bool has_met_memory_cap; /* since the invocation began */
    bool is_out_of_time;
    bool is_invoking; /* host calls are allowed */
    int64_t soft_deadline_us;
    uint64_t invocation; /* what an earlier one lent is told by this */
    int64_t now_us;
    struct value modules;    /* map name → source; lives in load_arena */
    struct arena load_arena; /* as long as the function */
    struct buffer load_message;
    struct arena arena;    /* of the invocation; C functions may be left by an error at any call of Lua's */
    struct buffer message; /* the INVOKE: the event is read in place */
    struct buffer answer;  /* of a host call */
    struct buffer out;     /* a message being made */
    struct buffer effects; /* encoded */
    uint32_t effects_count;
    uint32_t lines_count;
    uint32_t reads_count;
};

struct worker *worker__of(lua_State *lua);

/* Sandbox (sandbox.c): limits and system calls of the process; the language that scripts get. False: it failed. */
bool worker__confine(size_t memory_bytes_max);
void worker__open_language(lua_State *lua);

/* Values (convert.c). Pushing never fails but by Lua's memory error. */
void worker__register_types(lua_State *lua);
void worker__push(lua_State *lua, const struct value *value);
/* A value as it lies in the invocation's message: containers are read when they are looked into. */
void worker__push_lazy(lua_State *lua, struct bytes encoded);
/* Raises an error when Lua and the arena, with so many bytes more, would have more than what the function may have and two
 * messages: what values take on their way counts as a function's memory. */
void worker__take(lua_State *lua, size_t size);
/* The value at a stack index, in worker->arena. Raises an error for what cannot be a value. */
struct value worker__value_at(lua_State *lua, int index);
void worker__push_text_of(lua_State *lua, const struct value *value);

/* The table `oxbow`, print and require (host.c). */
void worker__open_host(lua_State *lua);

#endif
