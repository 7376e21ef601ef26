-- As hostile.lua, through what only handlers have: the host's functions and the event.

--- host_loop
while true do pcall(oxbow.get, 't', {id = 'a'}) end
--- host_query_loop
while true do pcall(oxbow.query, 't', 'id = :i', {values = {[':i'] = 'a'}}) end
--- host_put_loop
local n = 0 while true do n = n + 1 pcall(oxbow.put, 't', {id = 'n' .. n, v = ('x'):rep(10000)}) end
--- host_put_huge
local s, t = ('x'):rep(1 << 22), {id = 'a'} for i = 1, 500 do t['a' .. i] = s end
oxbow.put('t', t)
--- host_put_deep
local t = {id = 'a'} for i = 1, 100000 do t = {id = 'a', t = t} end
oxbow.put('t', t)
--- host_put_explosion
local t = {'x'} for i = 1, 31 do t = {t, t, t, t} end
oxbow.put('t', {id = 'a', t = t})
--- host_json_explosion
local t = {'x'} for i = 1, 31 do t = {t, t, t, t} end
return #oxbow.encode_json(t)
--- host_json_wide
local s, t = ('x'):rep(1 << 22), {}
for i = 1, 400 do t[i] = s end
return #oxbow.encode_json(t)
--- host_json_decode
return #oxbow.decode_json(('['):rep(1 << 20))
--- host_json_decode_wide
return #oxbow.decode_json('[' .. ('1,'):rep(1 << 21) .. '1]')
--- host_json_again
local s, t = ('x'):rep(1 << 20), {} for i = 1, 10 do t[i] = s end
while true do pcall(oxbow.encode_json, t) end
--- host_in_gc
local meta = {}
meta.__gc = function() setmetatable({}, meta) oxbow.encode_json({('y'):rep(5000)}) end
setmetatable({}, meta)
local text = '[' .. ('null,'):rep(1000) .. 'null]'
for _ = 1, 50 do
  local t = oxbow.decode_json(text)
  for i = 1, #t do assert(t[i] == oxbow.null, 'not what it was') end
end
return 'sound'
--- host_tostring
oxbow.put(setmetatable({}, {__tostring = function() while true do end end}), {})
--- host_index
oxbow.put('t', setmetatable({}, {__index = function() while true do end end, __pairs = function() while true do end end}))
--- host_log_loop
while true do pcall(oxbow.log, ('x'):rep(1 << 16)) end
--- host_list_loop
local t = {} while true do t[#t + 1] = oxbow.list{} end
--- host_table_of_itself
return oxbow.table(setmetatable({}, {__index = function() while true do end end, __len = function() return 1 << 60 end}))
--- host_names
return oxbow.get(('x'):rep(1 << 22), {id = ('y'):rep(1 << 22)})
--- host_key
return oxbow.get('t', {id = setmetatable({}, {__tostring = function() while true do end end})})
--- host_expression
oxbow.update('t', {id = 'a'}, 'SET v = ' .. ('('):rep(1000000), {values = {}})
--- host_metatable
local t = getmetatable(oxbow.list{})
if t then t.__index = function() while true do end end t.__gc = t.__index end
return oxbow.list{}
--- event_metatable
local meta = getmetatable(event)
for name in pairs(type(meta) == 'table' and meta or {}) do meta[name] = function() while true do end end end
return event.x
--- event_set
event.x = event
return event
