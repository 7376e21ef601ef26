/* Values between msgpack and Lua.
 *
 *   null → oxbow.null · boolean · text, bytes → string · integer, decimal: integer when whole and 64 bits hold it,
 *   float when 15 digits tell it exactly, otherwise kept as it is · float, double → float · list, set, tuple, vector
 *   → list · map → table · all others, and decimals that a float would change: a value that prints, compares for
 *   equality and can be written back
 *
 *   nil → nothing · string: text when it is UTF-8, otherwise bytes · integer, float → decimal (a float that is no
 *   number: double) · table: list when its keys are 1 to n, otherwise map with string keys; an empty one is a map
 *   unless made by oxbow.list */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"
#include "codec/pack.h"
#include "codec/view.h"
#include "value/decimal.h"
#include "worker_private.h"

static const char *const type_lazy = "oxbow.lazy";
static const char *const type_value = "oxbow.value";
static const char *const type_list = "oxbow.list";

/* A map or list inside the invocation's message. */
struct lazy {
    struct bytes encoded;
    uint64_t invocation;
    bool is_map;
    struct reader items; /* list: what follows the item given last … */
    size_t items_count;
    size_t next_index; /* … which is the one before this, counted from 1 … */
    struct bytes last; /* … and this */
    const uint32_t
        *offsets; /* list: where each item begins, when it was read out of order; in its user value */
};

enum {
    LAZY_KEPT_BYTES_MIN =
        1024, /* a member of a map that is as large is kept with it: finding it again walks over it */
};

static struct lazy *lazy_check(lua_State *lua, int index)
{
    struct lazy *lazy = luaL_checkudata(lua, index, type_lazy);
    if (lazy->invocation != worker__of(lua)->invocation) {
        (void)luaL_error(lua,
                         "this record belongs to an earlier invocation; keep oxbow.table(record) instead");
    }
    return lazy;
}

/* A value that Lua has no kind for: its canonical encoding. */
static void push_opaque(lua_State *lua, struct bytes encoded)
{
    void *copy = lua_newuserdatauv(lua, encoded.size, 0);
    memcpy(copy, encoded.data, encoded.size);
    luaL_setmetatable(lua, type_value);
}

static void push_opaque_value(lua_State *lua, const struct value *value)
{
    struct worker *worker = worker__of(lua);
    buffer_clear(&worker->out);
    codec_value_encode(&worker->out, value);
    /* A copy: making the userdata may run finalizers, which use the buffer too. */
    push_opaque(lua, arena_copy(&worker->arena, buffer_bytes(&worker->out)));
}

void worker__take(lua_State *lua, size_t size)
{
    struct worker *worker = worker__of(lua);
    size_t most = worker->memory_bytes_max + 2 * (size_t)PROTOCOL_MESSAGE_BYTES_MAX;
    if (worker->memory_bytes + worker->arena.total + size > most) {
        worker->has_met_memory_cap = true;
        (void)luaL_error(lua, "not enough memory");
    }
}

static void push_decimal(lua_State *lua, const struct value *value)
{
    int64_t integer = 0;
    if (decimal_to_integer(&value->decimal, &integer)) {
        lua_pushinteger(lua, integer);
        return;
    }
    struct worker *worker = worker__of(lua);
    char text[64];
    struct decimal back;
    double number = decimal_to_double(&value->decimal);
    (void)snprintf(text, sizeof(text), "%.15g", number);
    bool is_exact = decimal_parse(bytes_of_text(text), &worker->arena, &back, NULL) == STATUS_OK &&
                    decimal_compare(&back, &value->decimal) == 0;
    if (is_exact) {
        lua_pushnumber(lua, number);
    } else {
        push_opaque_value(lua, value);
    }
}

/* NOLINTBEGIN(misc-no-recursion): at most VALUE_DEPTH_MAX deep */
static void push_items(lua_State *lua, const struct value_items *items)
{
    luaL_checkstack(lua, 4, "a value that nests too deeply");
    lua_createtable(lua, (int)items->count, 0);
    for (size_t i = 0; i < items->count; i++) {
        worker__push(lua, &items->at[i]);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
    luaL_setmetatable(lua, type_list);
}

static void push_pairs(lua_State *lua, const struct value_pairs *pairs)
{
    luaL_checkstack(lua, 4, "a value that nests too deeply");
    lua_createtable(lua, 0, (int)pairs->count);
    for (size_t i = 0; i < pairs->count; i++) {
        worker__push(lua, &pairs->at[2 * i]);
        worker__push(lua, &pairs->at[2 * i + 1]);
        lua_rawset(lua, -3);
    }
}

void worker__push(lua_State *lua, const struct value *value)
{
    switch (value->kind) {
    case VALUE_BOOLEAN:
        lua_pushboolean(lua, value->boolean);
        break;
    case VALUE_INTEGER:
        lua_pushinteger(lua, value->integer);
        break;
    case VALUE_FLOAT:
        lua_pushnumber(lua, (lua_Number)value->float32);
        break;
    case VALUE_DOUBLE:
        lua_pushnumber(lua, value->float64);
        break;
    case VALUE_TEXT:
    case VALUE_BYTES:
        lua_pushlstring(lua, (const char *)value->bytes.data, value->bytes.size);
        break;
    case VALUE_DECIMAL:
        push_decimal(lua, value);
        break;
    case VALUE_LIST:
    case VALUE_SET:
    case VALUE_TUPLE:
    case VALUE_VECTOR:
        push_items(lua, &value->items);
        break;
    case VALUE_MAP:
        push_pairs(lua, &value->pairs);
        break;
    case VALUE_NULL:
    case VALUE_EMPTY:
    case VALUE_UUID:
    case VALUE_TIMEUUID:
    case VALUE_TIMESTAMP:
    case VALUE_DATE:
    case VALUE_TIME:
    case VALUE_DURATION:
    case VALUE_INET:
    case VALUE_UDT:
        push_opaque_value(lua, value);
        break;
    }
}

/* NOLINTEND(misc-no-recursion) */

void worker__push_lazy(lua_State *lua, struct bytes encoded)
{
    struct worker *worker = worker__of(lua);
    struct lazy lazy = {.encoded = encoded, .invocation = worker->invocation, .next_index = 1};
    struct value value;
    lazy.is_map = codec_view_map(encoded, &lazy.items, &lazy.items_count);
    if (lazy.is_map || codec_view_array(encoded, &lazy.items, &lazy.items_count)) {
        struct lazy *kept = lua_newuserdatauv(lua, sizeof(*kept), 1);
        *kept = lazy;
        luaL_setmetatable(lua, type_lazy);
    } else if (codec_view_scalar(encoded, &value) ||
               codec_message_decode(encoded, &worker->arena, &value, NULL) == STATUS_OK) {
        worker__push(lua, &value);
    } else {
        (void)luaL_error(lua, "a malformed value in the event");
    }
}

/* Notes where the items of the list at index 1 begin, so that any order of access costs the same. */
static void lazy_note_offsets(lua_State *lua, struct lazy *lazy)
{
    struct reader items;
    size_t count = 0;
    uint32_t *offsets = lua_newuserdatauv(lua, lazy->items_count * sizeof(*offsets), 0);
    (void)codec_view_array(lazy->encoded, &items, &count);
    for (size_t i = 0; i < lazy->items_count; i++) {
        offsets[i] = (uint32_t)(lazy->encoded.size - items.rest.size);
        if (!codec_view_next(&items, NULL)) {
            (void)luaL_error(lua, "a malformed value in the event");
        }
    }
    (void)lua_setiuservalue(lua, 1, 1);
    lazy->offsets = offsets;
}

/* The item of the list at index 1. */
static int lazy_item(lua_State *lua, struct lazy *lazy, lua_Integer index)
{
    struct bytes item = lazy->last;
    bool is_sound = true;
    if (index < 1 || (uint64_t)index > lazy->items_count) {
        lua_pushnil(lua);
        return 1;
    }
    if ((size_t)index == lazy->next_index) {
        is_sound = codec_view_next(&lazy->items, &item);
        lazy->last = item;
        lazy->next_index++;
    } else if ((size_t)index + 1 != lazy->next_index) {
        if (lazy->offsets == NULL) {
            lazy_note_offsets(lua, lazy);
        }
        struct reader from = reader_of(bytes_from(lazy->encoded, lazy->offsets[index - 1]));
        is_sound = codec_view_next(&from, &item);
    }
    if (!is_sound) {
        return luaL_error(lua, "a malformed value in the event");
    }
    worker__push_lazy(lua, item);
    return 1;
}

/* Pushes the member of the map at index 1 that index 2 names, if it was kept. */
static bool lazy_push_kept(lua_State *lua)
{
    if (lua_getiuservalue(lua, 1, 1) == LUA_TTABLE) {
        lua_pushvalue(lua, 2);
        if (lua_rawget(lua, -2) != LUA_TNIL) {
            return true;
        }
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return false;
}

/* Keeps the member on top of the stack, which stays there. */
static void lazy_keep(lua_State *lua)
{
    if (lua_getiuservalue(lua, 1, 1) != LUA_TTABLE) {
        lua_pop(lua, 1);
        lua_newtable(lua);
        lua_pushvalue(lua, -1);
        (void)lua_setiuservalue(lua, 1, 1);
    }
    lua_pushvalue(lua, 2);
    lua_pushvalue(lua, -3);
    lua_rawset(lua, -3);
    lua_pop(lua, 1);
}

static int lazy_index(lua_State *lua)
{
    struct lazy *lazy = lazy_check(lua, 1);
    struct bytes value;
    size_t size = 0;
    if (!lazy->is_map) {
        return lazy_item(lua, lazy, lua_isinteger(lua, 2) ? lua_tointeger(lua, 2) : 0);
    }
    if (lua_type(lua, 2) != LUA_TSTRING) {
        lua_pushnil(lua);
        return 1;
    }
    const char *name = lua_tolstring(lua, 2, &size);
    if (lazy_push_kept(lua)) {
        return 1;
    }
    if (!codec_view_member(lazy->encoded, bytes_of(name, size), &value)) {
        lua_pushnil(lua);
        return 1;
    }
    worker__push_lazy(lua, value);
    if (value.size >= LAZY_KEPT_BYTES_MIN && lua_isuserdata(lua, -1) != 0) {
        lazy_keep(lua);
    }
    return 1;
}

static int lazy_length(lua_State *lua)
{
    lua_pushinteger(lua, (lua_Integer)lazy_check(lua, 1)->items_count);
    return 1;
}

static int lazy_next(lua_State *lua)
{
    struct lazy *lazy = lazy_check(lua, 1);
    lua_Integer at = lua_tointeger(lua, lua_upvalueindex(1)) + 1;
    lua_pushinteger(lua, at);
    lua_replace(lua, lua_upvalueindex(1));
    if ((uint64_t)at > lazy->items_count) {
        return 0;
    }
    if (!lazy->is_map) {
        lua_pushinteger(lua, at);
        return 1 + lazy_item(lua, lazy, at);
    }
    struct bytes name;
    struct bytes value;
    if (at == 1) {
        (void)codec_view_map(lazy->encoded, &lazy->items, &lazy->items_count);
    }
    if (!codec_view_next(&lazy->items, &name) || !codec_view_next(&lazy->items, &value)) {
        return luaL_error(lua, "a malformed value in the event");
    }
    worker__push_lazy(lua, name);
    worker__push_lazy(lua, value);
    return 2;
}

static int lazy_pairs(lua_State *lua)
{
    (void)lazy_check(lua, 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, lazy_next, 1);
    lua_pushvalue(lua, 1);
    return 2;
}

static int lazy_newindex(lua_State *lua)
{
    return luaL_error(lua, "records cannot be changed; change a copy, oxbow.table(record)");
}

void worker__push_text_of(lua_State *lua, const struct value *value)
{
    struct worker *worker = worker__of(lua);
    buffer_clear(&worker->out);
    codec_json_encode(&worker->out, value);
    lua_pushlstring(lua, (const char *)worker->out.data, worker->out.size);
}

static int value_tostring(lua_State *lua)
{
    struct value value = worker__value_at(lua, 1);
    worker__push_text_of(lua, &value);
    return 1;
}

static int value_equal_call(lua_State *lua)
{
    struct bytes a = bytes_of(luaL_checkudata(lua, 1, type_value), lua_rawlen(lua, 1));
    struct bytes b = bytes_of(luaL_checkudata(lua, 2, type_value), lua_rawlen(lua, 2));
    lua_pushboolean(lua, bytes_equal(a, b));
    return 1;
}

/* --- from Lua --------------------------------------------------------------------------------------------------- */

static struct value value_of_number(lua_State *lua, int index)
{
    struct worker *worker = worker__of(lua);
    struct value value = {.kind = VALUE_DECIMAL};
    struct decimal exact;
    char text[64];
    if (lua_isinteger(lua, index)) {
        (void)snprintf(text, sizeof(text), "%lld", (long long)lua_tointeger(lua, index));
    } else {
        double number = lua_tonumber(lua, index);
        if (!isfinite(number)) {
            return (struct value){.kind = VALUE_DOUBLE, .float64 = number};
        }
        (void)snprintf(text, sizeof(text), "%.15g", number);
        if (strtod(text, NULL) != number) {
            (void)snprintf(text, sizeof(text), "%.17g", number);
        }
    }
    if (decimal_parse(bytes_of_text(text), &worker->arena, &exact, NULL) != STATUS_OK ||
        decimal_normalise(&exact, &worker->arena, &value.decimal, NULL) != STATUS_OK) {
        (void)luaL_error(lua, "the number %s is outside of what a table holds (1E-130 to 9.99E+125)", text);
    }
    return value;
}

static struct value value_of_encoded(lua_State *lua, struct bytes encoded)
{
    struct worker *worker = worker__of(lua);
    struct value value = {0};
    worker__take(lua, encoded.size);
    struct bytes copy = arena_copy(&worker->arena, encoded);
    if (codec_message_decode(copy, &worker->arena, &value, NULL) != STATUS_OK) {
        (void)luaL_error(lua, "a malformed value");
    }
    return value;
}

/* NOLINTBEGIN(misc-no-recursion): FUNCTION_DEPTH_MAX bounds it */
static struct value value_at(lua_State *lua, int index, int depth);

static struct value value_of_list(lua_State *lua, int index, size_t count, int depth)
{
    struct value list = {.kind = VALUE_LIST, .items = {.count = count}};
    worker__take(lua, count * sizeof(*list.items.at));
    list.items.at = arena_create_array(&worker__of(lua)->arena, count, sizeof(*list.items.at));
    for (size_t i = 0; i < count; i++) {
        (void)lua_rawgeti(lua, index, (lua_Integer)i + 1);
        list.items.at[i] = value_at(lua, lua_gettop(lua), depth + 1);
        lua_pop(lua, 1);
    }
    return list;
}

static struct value value_of_table(lua_State *lua, int index, int depth)
{
    size_t pairs = 0;
    size_t length = lua_rawlen(lua, index);
    bool is_list = false;
    if (lua_getmetatable(lua, index) != 0) {
        (void)luaL_getmetatable(lua, type_list);
        is_list = lua_rawequal(lua, -1, -2) != 0;
        lua_pop(lua, 2);
    }
    for (lua_pushnil(lua); lua_next(lua, index) != 0; lua_pop(lua, 1)) {
        pairs++;
    }
    if (pairs == length && (length > 0 || is_list)) {
        return value_of_list(lua, index, length, depth);
    }
    struct value map = {.kind = VALUE_MAP, .pairs = {.count = pairs}};
    size_t i = 0;
    worker__take(lua, 2 * pairs * sizeof(*map.pairs.at));
    map.pairs.at = arena_create_array(&worker__of(lua)->arena, 2 * pairs, sizeof(*map.pairs.at));
    for (lua_pushnil(lua); lua_next(lua, index) != 0; lua_pop(lua, 1)) {
        if (lua_type(lua, -2) != LUA_TSTRING) {
            (void)luaL_error(lua, "a table must have the keys 1 to n, or only strings as keys");
        }
        map.pairs.at[2 * i] = value_at(lua, lua_gettop(lua) - 1, depth + 1);
        map.pairs.at[2 * i + 1] = value_at(lua, lua_gettop(lua), depth + 1);
        i++;
    }
    if (!value_map_sort(&map)) {
        (void)luaL_error(lua, "a table with a key twice");
    }
    return map;
}

static struct value value_of_userdata(lua_State *lua, int index)
{
    void *data = luaL_testudata(lua, index, type_value);
    if (data != NULL) {
        return value_of_encoded(lua, bytes_of(data, lua_rawlen(lua, index)));
    }
    return value_of_encoded(lua, lazy_check(lua, index)->encoded);
}

static struct value value_at(lua_State *lua, int index, int depth)
{
    size_t size = 0;
    luaL_checkstack(lua, 6, "a value that nests too deeply");
    if (depth > FUNCTION_DEPTH_MAX) {
        (void)luaL_error(lua, "a value that nests more than %d levels, or holds itself", FUNCTION_DEPTH_MAX);
    }
    switch (lua_type(lua, index)) {
    case LUA_TNIL:
        return value_of_null();
    case LUA_TBOOLEAN:
        return value_of_boolean(lua_toboolean(lua, index) != 0);
    case LUA_TNUMBER:
        return value_of_number(lua, index);
    case LUA_TSTRING: {
        const char *text = lua_tolstring(lua, index, &size);
        worker__take(lua, size);
        struct bytes copy = arena_copy(&worker__of(lua)->arena, bytes_of(text, size));
        return bytes_are_utf8(copy) ? value_of_text(copy) : value_of_bytes(copy);
    }
    case LUA_TTABLE:
        return value_of_table(lua, index, depth);
    case LUA_TUSERDATA:
        return value_of_userdata(lua, index);
    default:
        (void)luaL_error(lua, "a %s is no value that a table holds", luaL_typename(lua, index));
        return value_of_null();
    }
}

/* NOLINTEND(misc-no-recursion) */

struct value worker__value_at(lua_State *lua, int index)
{
    return value_at(lua, lua_absindex(lua, index), 0);
}

/* oxbow.table(x): a copy that can be changed and kept. */
static int make_table(lua_State *lua)
{
    luaL_checkany(lua, 1);
    struct value value = worker__value_at(lua, 1);
    worker__push(lua, &value);
    return 1;
}

static int make_list(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_settop(lua, 1);
    luaL_setmetatable(lua, type_list);
    return 1;
}

static int make_bytes(lua_State *lua)
{
    size_t size = 0;
    const char *data = luaL_checklstring(lua, 1, &size);
    struct value value = value_of_bytes(bytes_of(data, size));
    push_opaque_value(lua, &value);
    return 1;
}

static int make_json(lua_State *lua)
{
    luaL_checkany(lua, 1);
    struct value value = worker__value_at(lua, 1);
    worker__push_text_of(lua, &value);
    return 1;
}

/* As many values as a text of JSON can have: what begins or follows outside of strings. */
static size_t json_values_max(struct bytes text)
{
    bool is_string = false;
    size_t values = 1;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (is_string && c == '\\') {
            i++;
        } else if (c == '"') {
            is_string = !is_string;
        } else if (!is_string && (c == '[' || c == '{' || c == ',' || c == ':')) {
            values++;
        }
    }
    return values;
}

static int parse_json(lua_State *lua)
{
    size_t size = 0;
    struct error error;
    struct value value;
    struct worker *worker = worker__of(lua);
    const char *text = luaL_checklstring(lua, 1, &size);
    worker__take(lua, size + json_values_max(bytes_of(text, size)) * sizeof(value));
    if (codec_json_decode(bytes_of(text, size), &worker->arena, &value, &error) != STATUS_OK) {
        return luaL_error(lua, "%s", error.text);
    }
    worker__push(lua, &value);
    return 1;
}

void worker__register_types(lua_State *lua)
{
    static const luaL_Reg lazy_methods[] = {
        {"__index", lazy_index},       {"__len", lazy_length},         {"__pairs", lazy_pairs},
        {"__newindex", lazy_newindex}, {"__tostring", value_tostring}, {NULL, NULL},
    };
    static const luaL_Reg value_methods[] = {{"__tostring", value_tostring},
                                             {"__eq", value_equal_call},
                                             {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"table", make_table},      {"list", make_list},         {"bytes", make_bytes},
        {"encode_json", make_json}, {"decode_json", parse_json}, {NULL, NULL},
    };
    (void)luaL_newmetatable(lua, type_lazy);
    luaL_setfuncs(lua, lazy_methods, 0);
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    (void)luaL_newmetatable(lua, type_value);
    luaL_setfuncs(lua, value_methods, 0);
    lua_pushboolean(lua, false);
    lua_setfield(lua, -2, "__metatable");
    (void)luaL_newmetatable(lua, type_list);
    lua_pop(lua, 3);
    lua_newtable(lua);
    luaL_setfuncs(lua, functions, 0);
    struct value null = value_of_null();
    push_opaque_value(lua, &null);
    lua_setfield(lua, -2, "null");
    lua_setglobal(lua, "oxbow");
}
