-- Ends or prolongs a worker's turn on a job, unless another has claimed it since.
-- KEYS ready, running, parked, done, meta, payloads, results.
-- ARGV time, id, token, new state (running, waiting, done, parked), ms (lease, delay or retention), reason, result, bound of finished jobs, worker.
-- The result of a running job is its new payload; empty leaves it.
-- Returns 1, or 0 when the job is not this claim's any more. Doing the same again is no error.
local now, id, to = clock(ARGV[1]), ARGV[2], ARGV[4]
local job = record(KEYS[5], id)
if not job or not job.k or text(job.k) ~= ARGV[3] or job.w ~= ARGV[9] then return 0 end
if job.s ~= 'running' then return job.s == to and 1 or 0 end
local at = text(now + tonumber(ARGV[5]))
job.s, job.u = to, now
if to == 'running' then
  redis.call('ZADD', KEYS[2], at, id)
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[6], id, ARGV[7]) end
  save(KEYS[5], id, job)
  return 1
end
redis.call('ZREM', KEYS[2], id)
if to == 'waiting' then
  job.l, job.r = 0, ARGV[6]
  redis.call('ZADD', KEYS[1], at, id)
elseif to == 'parked' then
  job.r = ARGV[6]
  redis.call('ZADD', KEYS[3], text(now), id)
else
  job.r = nil
  redis.call('ZADD', KEYS[4], at, id)
  redis.call('HDEL', KEYS[6], id)
  if ARGV[7] ~= '' then redis.call('HSET', KEYS[7], id, ARGV[7]) end
end
save(KEYS[5], id, job)
sweep(KEYS[4], KEYS[5], KEYS[7], now, tonumber(ARGV[8]))
return 1
