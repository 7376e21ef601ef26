/* What a worker runs: the function's body, and around it what reads messages and writes answers. */
#include "evaluate/evaluate.h"

/* Comes behind `local name, arguments, width, calls_on_nil, body = …`. Each call has globals of its own, so that what one
 * leaves behind is not there for the next. */
static const char prelude[] =
    "local pack, unpack, type, next, error, math_type = string.pack, string.unpack, type, next, error, "
    "math.type\n"
    "local setmetatable, spread, load = setmetatable, table.unpack, load\n"
    "oxbow, print, require, collectgarbage = nil\n"
    "local outer = {__index = _G, __metatable = false}\n"
    "local parameters = 'local _ENV' .. (width > 0 and ', ' or '') .. arguments .. ' = ...; '\n"
    "local run, problem = load(parameters .. body, '=' .. name, 't')\n"
    "if not run then error(problem, 0) end\n"
    "local read\n"
    "local readers = {\n"
    "  N = function(data, at) return nil, at end,\n"
    "  T = function(data, at) return true, at end,\n"
    "  F = function(data, at) return false, at end,\n"
    "  I = function(data, at) return unpack('>i8', data, at) end,\n"
    "  D = function(data, at) return unpack('>d', data, at) end,\n"
    "  S = function(data, at) return unpack('>s4', data, at) end,\n"
    "  L = function(data, at)\n"
    "    local list, count = {}, nil\n"
    "    count, at = unpack('>I4', data, at)\n"
    "    for i = 1, count do list[i], at = read(data, at) end\n"
    "    return list, at\n"
    "  end,\n"
    "  M = function(data, at)\n"
    "    local map, count, key, value = {}, nil, nil, nil\n"
    "    count, at = unpack('>I4', data, at)\n"
    "    for i = 1, count do\n"
    "      key, at = read(data, at)\n"
    "      value, at = read(data, at)\n"
    "      if key ~= key then error('NaN cannot be a key of a table', 0) end\n"
    "      map[key] = value\n"
    "    end\n"
    "    return map, at\n"
    "  end,\n"
    "  E = function(data, at)\n"
    "    local set, count, key = {}, nil, nil\n"
    "    count, at = unpack('>I4', data, at)\n"
    "    for i = 1, count do\n"
    "      key, at = read(data, at)\n"
    "      if key ~= key then error('NaN cannot be a key of a table', 0) end\n"
    "      set[key] = true\n"
    "    end\n"
    "    return set, at\n"
    "  end,\n"
    "}\n"
    "function read(data, at)\n"
    "  local kind\n"
    "  kind, at = unpack('c1', data, at)\n"
    "  return readers[kind](data, at)\n"
    "end\n"
    "local function write(out, n, value, depth)\n"
    "  local kind = type(value)\n"
    "  if kind == 'nil' then out[n + 1] = 'N'\n"
    "  elseif kind == 'boolean' then out[n + 1] = value and 'T' or 'F'\n"
    "  elseif kind == 'string' then out[n + 1] = pack('>c1s4', 'S', value)\n"
    "  elseif math_type(value) == 'integer' then out[n + 1] = pack('>c1i8', 'I', value)\n"
    "  elseif kind == 'number' then out[n + 1] = pack('>c1d', 'D', value)\n"
    "  elseif kind ~= 'table' then error('a ' .. kind .. ' is no value that can be returned', 0)\n"
    "  elseif depth == depth_max then\n"
    "    error('a table that nests more than ' .. depth_max .. ' levels, or holds itself, cannot be "
    "returned', 0)\n"
    "  else\n"
    "    local head, count = n + 1, 0\n"
    "    n = head\n"
    "    for key, item in next, value do\n"
    "      count = count + 1\n"
    "      n = write(out, n, key, depth + 1)\n"
    "      n = write(out, n, item, depth + 1)\n"
    "    end\n"
    "    out[head] = pack('>c1I4', 'M', count)\n"
    "    return n\n"
    "  end\n"
    "  return n + 1\n"
    "end\n"
    "local join = table.concat\n"
    "local function fold(data, at, out, n)\n"
    "  local state, rows, values = nil, nil, {}\n"
    "  state, at = read(data, at)\n"
    "  rows, at = unpack('>I4', data, at)\n"
    "  for _ = 1, rows do\n"
    "    local is_whole = true\n"
    "    for k = 1, width - 1 do\n"
    "      values[k], at = read(data, at)\n"
    "      is_whole = is_whole and values[k] ~= nil\n"
    "    end\n"
    "    if calls_on_nil then\n"
    "      state = run(setmetatable({}, outer), state, spread(values, 1, width - 1))\n"
    "    elseif is_whole and state ~= nil then\n"
    "      state = run(setmetatable({}, outer), state, spread(values, 1, width - 1))\n"
    "    end\n"
    "  end\n"
    "  return at, write(out, n, state, 0)\n"
    "end\n"
    "function handler(data)\n"
    "  local mode, count, at = unpack('>I1I4', data)\n"
    "  local out, n, values = {}, 0, {}\n"
    "  for _ = 1, count do\n"
    "    if mode == 1 then\n"
    "      for k = 1, width do values[k], at = read(data, at) end\n"
    "      local result = run(setmetatable({}, outer), spread(values, 1, width))\n"
    "      n = write(out, n, result, 0)\n"
    "    else\n"
    "      at, n = fold(data, at, out, n)\n"
    "    end\n"
    "  end\n"
    "  return join(out)\n"
    "end\n";

bool evaluate_name_is_sound(struct bytes name)
{
    static const char *const words[] = {"and",   "break", "do",       "else",  "elseif", "end",
                                        "false", "for",   "function", "goto",  "if",     "in",
                                        "local", "nil",   "not",      "or",    "repeat", "return",
                                        "then",  "true",  "until",    "while", "_ENV"};
    bool is_sound = name.size > 0 && !(name.data[0] >= '0' && name.data[0] <= '9');
    for (size_t i = 0; i < name.size && is_sound; i++) {
        uint8_t c = name.data[i];
        is_sound = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    }
    for (size_t i = 0; i < ARRAY_COUNT(words) && is_sound; i++) {
        is_sound = !bytes_equal(name, bytes_of_text(words[i]));
    }
    return is_sound;
}

/* Whether "]", as many "=" and "]" are in the text, which would end a string in such brackets, or are there as soon as the bracket that
 * is to end it follows. */
static bool has_bracket(struct bytes text, size_t equals)
{
    for (size_t i = 0; i + equals < text.size; i++) {
        size_t k = 0;
        while (text.data[i] == ']' && k < equals && text.data[i + 1 + k] == '=') {
            k++;
        }
        bool is_end = i + 1 + k == text.size;
        if (text.data[i] == ']' && k == equals && (is_end || text.data[i + 1 + k] == ']')) {
            return true;
        }
    }
    return false;
}

/* The text as a string of Lua's: [==[ … ]==] with enough signs. */
static void put_string(struct bytes text, struct buffer *source)
{
    size_t equals = 1;
    while (has_bracket(text, equals)) {
        equals++;
    }
    for (int side = 0; side < 2; side++) {
        buffer_put_u8(source, side == 0 ? '[' : ']');
        for (size_t i = 0; i < equals; i++) {
            buffer_put_u8(source, '=');
        }
        buffer_put_u8(source, side == 0 ? '[' : ']');
        if (side == 0) {
            buffer_put_u8(source, '\n'); /* is not part of it */
            buffer_put(source, text);
        }
    }
}

void evaluate_source(const struct evaluate_function *function, struct buffer *source)
{
    struct buffer names = {0};
    for (size_t i = 0; i < function->arguments_count; i++) {
        buffer_put_text(&names, i == 0 ? "" : ", ");
        buffer_put(&names, function->arguments[i]);
    }
    buffer_put_text(source, "local name, arguments, width, calls_on_nil, depth_max, body = ");
    put_string(function->name, source);
    buffer_put_text(source, ", ");
    put_string(buffer_bytes(&names), source);
    buffer_put_format(source, ", %zu, %s, %d, ", function->arguments_count,
                      function->is_called_on_null ? "true" : "false", EVALUATE_DEPTH_MAX);
    put_string(function->body, source);
    buffer_put_text(source, "\n");
    buffer_put_text(source, prelude);
    buffer_reset(&names);
}
