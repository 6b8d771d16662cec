-- Writes the outcome of a batch in one step: state, outbox entries, and the log entries it came from removed.
-- KEYS lease, log, state, marks, outbox names, set aside, then the outboxes.
-- ARGV owner, generation, commit id, bound of an outbox, n and n log ids, n and n state pairs,
--      n and n state fields to delete, bound of what is set aside, n and n items of it,
--      then per outbox its name, n and n pairs of key and payload.
-- Returns {1, old items set aside that were dropped}, {0} when the lease is lost, {-1, i} when outbox i is full.
local at = 0
local function arg() at = at + 1; return ARGV[at] end
local lease, log, state, marks, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
if not holds(lease, arg(), arg()) then return {0} end
-- The client repeats a command whose answer was lost; the second time there is nothing left to do.
local id = arg()
if redis.call('HGET', marks, 'commit') == id then return {1, 0} end
local bound = tonumber(arg())
for i = 7, #KEYS do
  if redis.call('XLEN', KEYS[i]) >= bound then return {-1, i - 6} end
end
for _ = 1, tonumber(arg()) do redis.call('XDEL', log, arg()) end
for _ = 1, tonumber(arg()) do redis.call('HSET', state, arg(), arg()) end
for _ = 1, tonumber(arg()) do redis.call('HDEL', state, arg()) end
local kept, over = tonumber(arg()), 0
for _ = 1, tonumber(arg()) do over = redis.call('LPUSH', KEYS[6], arg()) - kept end
if over > 0 then redis.call('LTRIM', KEYS[6], 0, kept - 1) end
for i = 7, #KEYS do
  redis.call('SADD', names, arg())
  for _ = 1, tonumber(arg()) do redis.call('XADD', KEYS[i], '*', 'k', arg(), 'v', arg()) end
end
redis.call('HSET', marks, 'commit', id)
return {1, math.max(over, 0)}
