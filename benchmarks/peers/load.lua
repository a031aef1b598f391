-- wrk -s load.lua URL -- FILE : posts the bodies of FILE in turn, whose first line is the key or empty; tells what came of it as JSON.
local requests, last, threads = {}, 0, {}
failed = 0

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json", ["Host"] = wrk.headers["Host"] }
  local first = true
  for line in io.lines(args[1]) do
    if first then
      if line ~= "" then headers["Authorization"] = "Bearer " .. line end
      first = false
    else
      table.insert(requests, wrk.format("POST", "/graphql", headers, line))
    end
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

local function has(body, text)
  return body:find(text, 1, true) ~= nil
end

function response(status, headers, body)
  if status ~= 200 or has(body, '"errors":') or has(body, '"userErrors":[{') or has(body, '"attendee":null') then
    failed = failed + 1
    if failed == 1 then io.stderr:write(status .. " " .. body:sub(1, 300) .. "\n") end
  end
end

function done(summary, latency)
  local wrong, broken = 0, summary.errors
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("failed") end
  io.write(string.format(
    '\nJSON {"answered": %d, "microseconds": %d, "p50": %.0f, "p99": %.0f, "failed": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), wrong,
    broken.connect + broken.read + broken.write + broken.timeout))
end
