-- Takes a lease that is free, ended, or this owner's own (a restarted process), with a new generation.
-- KEYS lease. ARGV owner, ttl (ms), time. Returns {generation, epoch} or {0, holder, ms left}.
-- The generation is at least the time, so it grows even when the store has lost its last writes.
local now = clock(ARGV[3])
local held = redis.call('HMGET', KEYS[1], 'o', 'g', 'x')
local ends = tonumber(held[3] or '0')
if held[1] and held[1] ~= '' and held[1] ~= ARGV[1] and ends > now then
  return {'0', held[1], text(ends - now)}
end
local generation = text(math.max(tonumber(held[2] or '0') + 1, now))
local current = epoch()
redis.call('HSET', KEYS[1], 'o', ARGV[1], 'g', generation, 'x', text(now + tonumber(ARGV[2])), 'e', current)
return {generation, current}
