-- Adds a job unless its id is known. KEYS ready, running, parked, done, meta, payloads, results.
-- ARGV time, id, payload, bound of open jobs, bound of finished jobs. Returns 1 added, 0 known, -1 full.
local now = clock(ARGV[1])
sweep(KEYS[4], KEYS[5], KEYS[7], now, tonumber(ARGV[5]))
if redis.call('HEXISTS', KEYS[5], ARGV[2]) == 1 then return 0 end
local open = redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]) + redis.call('ZCARD', KEYS[3])
if open >= tonumber(ARGV[4]) then return -1 end
save(KEYS[5], ARGV[2], {s = 'waiting', a = 0, l = 0, q = now, u = now})
redis.call('HSET', KEYS[6], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[1], text(now), ARGV[2])
return 1
