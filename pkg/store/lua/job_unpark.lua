-- Puts a parked job back to the waiting ones, as if new. KEYS ready, parked, meta. ARGV time, id.
-- Returns its state: waiting when it is (also when it was already), else the state that forbids it, or '' when unknown.
local job = record(KEYS[3], ARGV[2])
if not job then return '' end
if job.s ~= 'parked' then return job.s end
local now = clock(ARGV[1])
job.s, job.a, job.l, job.u, job.r = 'waiting', 0, 0, now, nil
save(KEYS[3], ARGV[2], job)
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZADD', KEYS[1], text(now), ARGV[2])
return 'waiting'
