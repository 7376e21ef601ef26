-- A request of wrk: OPERATION is put, get, query or batch; keys and values are random, items have about 256 bytes.
local operation = os.getenv("OPERATION")
local targets = { put = "PutItem", get = "GetItem", query = "Query", batch = "BatchWriteItem" }
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. targets[operation]
wrk.headers["X-Amz-Date"] = os.date("!%Y%m%dT%H%M%SZ")
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=any/" .. os.date("!%Y%m%d")
  .. "/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=any"
math.randomseed(os.time())
local padding = string.rep("x", 180)

local function item()
  return string.format('{"p":{"S":"key%d"},"s":{"N":"%d"},"a":{"N":"%d"},"pad":{"S":"%s"}}',
    math.random(1, 100000), math.random(1, 1000), math.random(1, 1000000), padding)
end

local bodies = {
  put = function() return '{"TableName":"bench","Item":' .. item() .. "}" end,
  get = function()
    return string.format('{"TableName":"bench","Key":{"p":{"S":"read"},"s":{"N":"%d"}}}', math.random(1, 100))
  end,
  query = function()
    return '{"TableName":"bench","KeyConditionExpression":"p = :p","ExpressionAttributeValues":{":p":{"S":"read"}}}'
  end,
  batch = function()
    local puts = {}
    for i = 1, 25 do puts[i] = string.format('{"PutRequest":{"Item":{"p":{"S":"key%d"},"s":{"N":"%d"},"pad":{"S":"%s"}}}}', math.random(1, 10000000), i, padding) end
    return '{"RequestItems":{"bench":[' .. table.concat(puts, ",") .. "]}}"
  end,
}

function request()
  return wrk.format(nil, "/", nil, bodies[operation]())
end
