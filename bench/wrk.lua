-- What wrk adds: addresses or fields that differ from request to request, and figures as JSON.
--   wrk ... -s wrk.lua -- VARY     VARY: nothing, `query` (a new address each) or `field` (a new header field each)
local vary, number = nil, 0

function init(args)
  vary = args[1]
  math.randomseed(os.time())
  number = math.random(1, 1000000) * 1000000
end

function request()
  if vary == nil then return wrk.format() end
  number = number + 1
  if vary == "query" then
    return wrk.format(nil, wrk.path .. "&bench=" .. string.format("%d", number))
  end
  wrk.headers["X-Request-ID"] = string.format("bench-%d", number)
  return wrk.format()
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p95_us": %d, "p99_us": %d, "max_us": %d, "failed": %d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(95),
    latency:percentile(99), latency.max, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
