/* What a function may do: no files, no network, no processes; Lua without what reaches outside. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <seccomp.h>

#include "worker/worker.h"
#include "worker_private.h"

enum {
    MEMORY_BESIDE_LUA = 512 * 1024 * 1024, /* address space for the program, its libraries, messages */
};

static bool limit_set(__rlimit_resource_t resource, rlim_t most)
{
    struct rlimit limit = {.rlim_cur = most, .rlim_max = most};
    return setrlimit(resource, &limit) == 0;
}

/* Only what memory, the socket and the end need. */
static bool confine_system_calls(void)
{
    static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendto),
        SCMP_SYS(poll),
        SCMP_SYS(ppoll),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(brk),
        SCMP_SYS(futex),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        SCMP_SYS(sigaltstack),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(sched_yield),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(getrlimit),
        SCMP_SYS(prlimit64),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(tgkill),
        SCMP_SYS(close),
#endif
    };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    bool is_sound = filter != NULL;
    for (size_t i = 0; i < ARRAY_COUNT(allowed) && is_sound; i++) {
        is_sound = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }
    is_sound = is_sound && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return is_sound;
}

bool worker__confine(size_t memory_bytes_max)
{
    bool is_sound = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
                    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    is_sound = is_sound && close_range(WORKER_DESCRIPTOR + 1, ~0U, 0) == 0 && limit_set(RLIMIT_CORE, 0) &&
               limit_set(RLIMIT_NOFILE, WORKER_DESCRIPTOR + 1) && limit_set(RLIMIT_FSIZE, 0);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)memory_bytes_max; /* a sanitizer's shadow takes terabytes of addresses */
#else
    is_sound = is_sound && limit_set(RLIMIT_AS, memory_bytes_max + MEMORY_BESIDE_LUA);
#endif
    return is_sound && confine_system_calls();
}

/* load(chunk, name, "t", env): bytecode is never taken (DESIGN §10). */
static int sandbox_load(lua_State *lua)
{
    const char *name = luaL_optstring(lua, 2, "=(load)");
    bool has_environment = lua_gettop(lua) >= 4;
    size_t size = 0;
    if (lua_isfunction(lua, 1)) {
        luaL_Buffer parts;
        luaL_buffinit(lua, &parts);
        for (;;) {
            lua_pushvalue(lua, 1);
            lua_call(lua, 0, 1);
            if (lua_isnil(lua, -1) || (lua_isstring(lua, -1) && lua_rawlen(lua, -1) == 0)) {
                lua_pop(lua, 1);
                break;
            }
            luaL_checktype(lua, -1, LUA_TSTRING);
            luaL_addvalue(&parts);
        }
        luaL_pushresult(&parts);
    } else {
        lua_pushvalue(lua, 1);
    }
    const char *chunk = luaL_checklstring(lua, -1, &size);
    if (luaL_loadbufferx(lua, chunk, size, name, "t") != LUA_OK) {
        lua_pushnil(lua);
        lua_insert(lua, -2);
        return 2;
    }
    if (has_environment) {
        lua_pushvalue(lua, 4);
        if (lua_setupvalue(lua, -2, 1) == NULL) {
            lua_pop(lua, 1);
        }
    }
    return 1;
}

/* Only the count: stopping or tuning the collector is not a script's to do. */
static int sandbox_collectgarbage(lua_State *lua)
{
    const char *option = luaL_optstring(lua, 1, "collect");
    if (strcmp(option, "count") == 0) {
        lua_pushnumber(lua, (lua_Number)worker__of(lua)->memory_bytes / 1024);
        return 1;
    }
    if (strcmp(option, "collect") == 0) {
        (void)lua_gc(lua, LUA_GCCOLLECT);
        lua_pushinteger(lua, 0);
        return 1;
    }
    return luaL_error(lua, "collectgarbage: only \"count\" and \"collect\" are allowed");
}

void worker__open_language(lua_State *lua)
{
    static const luaL_Reg libraries[] = {
        {LUA_GNAME, luaopen_base},        {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
        {LUA_STRLIBNAME, luaopen_string}, {LUA_MATHLIBNAME, luaopen_math},    {LUA_UTF8LIBNAME, luaopen_utf8},
    };
    static const char *const removed[] = {"dofile", "loadfile", "warn"};
    for (size_t i = 0; i < ARRAY_COUNT(libraries); i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    for (size_t i = 0; i < ARRAY_COUNT(removed); i++) {
        lua_pushnil(lua);
        lua_setglobal(lua, removed[i]);
    }
    (void)lua_getglobal(lua, LUA_STRLIBNAME);
    lua_pushnil(lua);
    lua_setfield(lua, -2, "dump");
    lua_pop(lua, 1);
    lua_register(lua, "load", sandbox_load);
    lua_register(lua, "collectgarbage", sandbox_collectgarbage);
}
