-- Bodies of functions that mean no good: each stands under its name, and is run as a handler and as a CQL function. They may fail, be
-- ended, or come back; what they must not do is told in sandbox.py.

--- loop
while true do end
--- loop_pcall
while true do pcall(function() while true do end end) end
--- loop_xpcall_handler
while true do xpcall(error, function() while true do end end) end
--- loop_nested_pcall
local function again() pcall(again) return again() end
return again()
--- loop_coroutine
coroutine.wrap(function() while true do end end)()
--- loop_yield
local c = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do c() end
--- loop_coroutines_inside
local function deeper() return coroutine.wrap(function() pcall(deeper) while true do end end)() end
while true do pcall(deeper) end
--- loop_gc
setmetatable({}, {__gc = function() while true do end end})
while true do local _ = {} end
--- loop_gc_at_end
setmetatable({}, {__gc = function() while true do end end})
return 'x'
--- loop_gc_again
local meta = {}
meta.__gc = function() setmetatable({}, meta) end
setmetatable({}, meta)
while true do local _ = {} end
--- loop_close
local _ <close> = setmetatable({}, {__close = function() while true do end end})
error('x')
--- loop_close_again
while true do
  pcall(function()
    local _ <close> = setmetatable({}, {__close = function() while true do end end})
    error('x')
  end)
end
--- loop_index
local t = setmetatable({}, {__index = function() while true do end end})
return t.x
--- loop_goto
::again:: goto again
--- loop_sort
table.sort({1, 2, 3}, function() while true do end end)
--- loop_sort_length
table.sort(setmetatable({}, {__len = function() return (1 << 31) - 2 end, __index = function() return 1 end, __newindex = function() end}))
--- loop_gsub
return (('x'):gsub('.', function() while true do end end))
--- loop_load
return tostring(load(function() return ' ' end))
--- loop_tostring
return tostring(setmetatable({}, {__tostring = function() while true do end end}))
--- loop_concat
return table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 60)
--- loop_move
return #table.move(setmetatable({}, {__index = function() return 1 end}), 1, 1 << 60, 2, setmetatable({}, {__newindex = function() end}))
--- loop_rep_nothing
return (''):rep(1 << 62)
--- loop_remove
return table.remove(setmetatable({}, {__len = function() return math.maxinteger end, __newindex = function() end, __index = function() end}), 1)
--- loop_insert
table.insert(setmetatable({}, {__len = function() return 1 << 60 end, __newindex = function() end, __index = function() return 1 end}), 1, 1)
--- loop_print
while true do pcall(print, 'x') end
--- loop_next
local t = {} for i = 1, 100000 do t[i] = i end
while true do for _ in pairs(t) do end end
--- loop_require
while true do pcall(require, 'nothing') end
--- loop_collect
while true do pcall(collectgarbage) end
--- pattern_optional
return tostring(('a'):rep(40):match(('a?'):rep(40) .. ('a'):rep(40) .. 'b'))
--- pattern_stars
return tostring(('x'):rep(100000):find('.-.-.-.-.-b'))
--- pattern_gmatch
for _ in ('x'):rep(100000):gmatch('.*.*.*.*y') do end
--- pattern_balance
return tostring(('('):rep(200000):find('%b()%b()'))
--- pattern_deep
return tostring(('x'):rep(300000):match(('(.-)'):rep(31) .. 'y'))
--- rep_huge
return #('x'):rep(1 << 40)
--- rep_large
return #('x'):rep(1 << 30)
--- rep_separator
return #('x'):rep(1 << 20, ('y'):rep(1 << 20))
--- concat_doubling
local s = 'x' while true do s = s .. s end
--- concat_table
local t, s = {}, ('x'):rep(1 << 20) for i = 1, 1000 do t[i] = s end
return #table.concat(t)
--- unpack_huge
return select('#', table.unpack({}, 1, 1 << 30))
--- unpack_large
return select('#', table.unpack({}, 1, 900000))
--- char_huge
return #string.char(table.unpack(setmetatable({}, {__index = function() return 65 end}), 1, 900000))
--- format_huge
return #string.format(('%99.99f'):rep(200), table.unpack(setmetatable({}, {__index = function() return 1e308 end}), 1, 200))
--- pack_huge
return #string.pack(('i16'):rep(1000000), table.unpack({}, 1, 900000))
--- gsub_growth
local s = ('x'):rep(1 << 16) while true do s = s:gsub('x', s) end
--- table_growth
local t = {} while true do t[#t + 1] = {} end
--- table_growth_pcall
while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end
--- hash_growth
local t, i = {}, 0 while true do i = i + 1 t['k' .. i] = i end
--- closures
local t = {} while true do local a = t t = function() return a end end
--- coroutine_growth
local t = {} while true do t[#t + 1] = coroutine.create(function() end) coroutine.resume(t[#t]) end
--- memory_in_handler
while true do xpcall(function() return ('x'):rep(1 << 27) end, function() return ('y'):rep(1 << 27) end) end
--- memory_in_gc
setmetatable({}, {__gc = function() local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end end})
local t = {} while true do t = {t} end
--- memory_at_every_allocation
local kept = {}
local function most(size) while pcall(function() kept[#kept + 1] = ('x'):rep(size) .. #kept end) do end end
for size = 20, 12, -1 do most(1 << size) end
for left = 1, 300 do
  kept[#kept] = nil
  for n = 1, left % 7 do pcall(function() kept[#kept + 1] = ('y'):rep(left * 3) .. n end) end
  pcall(load, 'local a = {1, 2, x = function() return {} end} return a')
  pcall(coroutine.wrap(function() coroutine.yield({}) end))
  pcall(string.format, '%s %q %5.3f', {}, 'x', 1.5)
  pcall(table.concat, {1, 2, 3}, 'x')
  pcall(setmetatable, {}, {__gc = function() return {} end})
  pcall(string.gsub, 'hello', 'l', {l = 'x'})
  pcall(tostring, 1.5)
  pcall(error, {})
end
return 'x'
--- recursion
local function f() return 1 + f() end
return f()
--- recursion_index
local t = setmetatable({}, {}) getmetatable(t).__index = t
return t.x
--- recursion_call
local t = setmetatable({}, {}) getmetatable(t).__call = t
return t()
--- recursion_tostring
local t = setmetatable({}, {__tostring = function(t) return tostring(t) end})
return tostring(t)
--- recursion_concat
local t = setmetatable({}, {__concat = function(a, b) return a .. b end})
return t .. t
--- recursion_error
local function f() error(setmetatable({}, {__tostring = f})) end
f()
--- recursion_pcall
local function f() pcall(f) f() end
f()
--- recursion_gsub
local function f(s) return (s:gsub('.', f)) end
return f('x')
--- recursion_wrap
local function f() return coroutine.wrap(f)() end
return f()
--- parser_parentheses
return tostring(load('return ' .. ('('):rep(1000000)))
--- parser_tables
return tostring(load('return ' .. ('{'):rep(1000000)))
--- parser_minus
return tostring(load('return ' .. ('- '):rep(1000000) .. '1'))
--- parser_functions
return tostring(load(('return function() '):rep(100000)))
--- parser_locals
return tostring(load(('local a '):rep(100000)))
--- parser_constants
local t = {} for i = 1, 300000 do t[i] = i .. '.5' end
return tostring(load('return {' .. table.concat(t, ',') .. '}'))
--- parser_long_string
return tostring(load('return [' .. ('='):rep(1000000) .. '['))
--- parser_concat
return tostring(load('return ' .. ('a..'):rep(300000) .. 'a'))
--- bytecode
return tostring(load('\27Lua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08xV' .. ('\0'):rep(1000))) .. tostring(load('\27Lua', 'x', 'b')) .. tostring(string.dump)
--- metatable_string
getmetatable('').__index = function() while true do end end
return ('x').y
--- metatable_string_tostring
getmetatable('').__name = 5 getmetatable('').__tostring = function() return {} end
print('x')
return tostring('x')
--- metatable_globals
setmetatable(_G, {__index = function() while true do end end, __newindex = function() error({}) end})
return nothing
--- globals_away
local all, names = _G, {} for name in pairs(_G) do names[#names + 1] = name end
for _, name in ipairs(names) do all[name] = nil end
--- tostring_of_error
error(setmetatable({}, {__tostring = function() error(setmetatable({}, {__tostring = function() while true do end end})) end}))
--- tostring_wrong
return tostring(setmetatable({}, {__tostring = function() return 5 end}))
--- name_huge
return tostring(setmetatable({}, {__name = ('x'):rep(1 << 22)}))
--- error_huge
error(('x'):rep(1 << 22))
--- result_large
return ('x'):rep(1 << 22)
--- result_deep
local t = {} for i = 1, 100000 do t = {t} end
return t
--- result_cycle
local t = {} t[1] = t
return t
--- result_wide
local s, t = ('x'):rep(1 << 22), {}
for i = 1, 1000 do t[i] = s end
return t
--- result_explosion
local t = {'x'} for i = 1, 31 do t = {t, t, t, t} end
return t
--- print_huge
for i = 1, 1000 do print(('x'):rep(1 << 20)) end
--- getmetatable_function
return tostring(getmetatable(print)) .. tostring(getmetatable(coroutine.create(print)))
--- close_yield
local c = coroutine.wrap(function() local _ <close> = setmetatable({}, {__close = function() coroutine.yield() end}) error('x') end)
c() c() c()
--- close_coroutine
local c = coroutine.create(function() local _ <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end)
coroutine.resume(c)
coroutine.close(c)
--- sort_invalid
local t = {} for i = 1, 100000 do t[i] = i end
table.sort(t, function() return true end)
--- warn
return tostring(warn and (warn('@on') or warn('x')))
