-- Hands out jobs: first those whose worker let the lease end, then those that are due.
-- KEYS ready, running, parked, done, meta, payloads, results, tokens.
-- ARGV time, worker, n, lease (ms), losses after which a job is parked, bound of finished jobs, reason for parking.
-- Returns {ms until the next job is due or -1, then per job id, payload, record}.
local ready, running, parked, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[5]
local now, n = clock(ARGV[1]), tonumber(ARGV[3])
local ends = text(now + tonumber(ARGV[4]))
sweep(KEYS[4], meta, KEYS[7], now, tonumber(ARGV[6]))
local answer = {0}
local function hand(id, job)
  job.s, job.a, job.u, job.w = 'running', job.a + 1, now, ARGV[2]
  -- At least the time, so that a token lost with the store's last writes is not given a second time.
  job.k = math.max(tonumber(redis.call('GET', KEYS[8]) or '0') + 1, now)
  redis.call('SET', KEYS[8], text(job.k))
  save(meta, id, job)
  redis.call('ZADD', running, ends, id)
  answer[#answer + 1] = id
  answer[#answer + 1] = redis.call('HGET', KEYS[6], id)
  answer[#answer + 1] = cjson.encode(job)
  n = n - 1
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', running, '-inf', text(now), 'LIMIT', 0, n)) do
  local job = record(meta, id)
  job.l = job.l + 1
  if job.l >= tonumber(ARGV[5]) then
    -- It ends whoever works on it: out of the way with it, a person shall look.
    job.s, job.u, job.r = 'parked', now, ARGV[7]
    save(meta, id, job)
    redis.call('ZREM', running, id)
    redis.call('ZADD', parked, text(now), id)
  else
    hand(id, job)
  end
end
if n > 0 then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', ready, '-inf', text(now), 'LIMIT', 0, n)) do
    redis.call('ZREM', ready, id)
    hand(id, record(meta, id))
  end
end
local soonest = -1
for _, key in ipairs({ready, running}) do
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] then
    local wait = math.max(tonumber(first[2]) - now, 0)
    if soonest < 0 or wait < soonest then soonest = wait end
  end
end
answer[1] = text(soonest)
return answer
