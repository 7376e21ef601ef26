-- Runs on every change of the table `quakes`. Keeps how many events each network sent per hour, and their largest
-- magnitude; raises one alert for each new event of magnitude 4.5 and more. A review changes the event, not the counts.
local HOUR_MS = 3600 * 1000

local function count(event)
  local key = {network = event.network, hour = event.event_time // HOUR_MS}
  local row = oxbow.get('quakes_hourly', key) or {network = key.network, hour = key.hour, events = 0}
  row.events = row.events + 1
  if event.magnitude and event.magnitude > (row.largest or -10) then
    row.largest = event.magnitude
  end
  return row
end

function handler(batch)
  local rows = {}
  for _, record in ipairs(batch.records) do
    if record.operation == 'insert' then
      local event = record.new
      local name = event.network .. '/' .. event.event_time // HOUR_MS
      -- A read shows the table as it was before this batch, so what the batch itself counted is kept here.
      if rows[name] then
        rows[name].events = rows[name].events + 1
        if event.magnitude and event.magnitude > (rows[name].largest or -10) then
          rows[name].largest = event.magnitude
        end
      else
        rows[name] = count(event)
      end
      if event.magnitude and event.magnitude >= 4.5 then
        oxbow.put('quakes_alerts', {id = event.id, magnitude = event.magnitude, place = event.place})
      end
    end
  end
  for _, row in pairs(rows) do
    oxbow.put('quakes_hourly', row)
  end
end
