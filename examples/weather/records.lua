-- Runs on every change of the table `weather`: keeps each station's hottest and wettest day.
function handler(batch)
  local stations = {}
  for _, record in ipairs(batch.records) do
    local day = record.new
    if day then
      local row = stations[day.location] or oxbow.get('weather_records', {location = day.location})
                  or {location = day.location}
      if not row.hottest or day.temp_max > row.hottest.temp_max then
        row.hottest = {date = day.date, temp_max = day.temp_max}
      end
      if not row.wettest or day.precipitation > row.wettest.precipitation then
        row.wettest = {date = day.date, precipitation = day.precipitation}
      end
      stations[day.location] = row
    end
  end
  for _, row in pairs(stations) do
    oxbow.put('weather_records', row)
  end
end
